//! Named points at which a stress run may be delayed.
//!
//! Under `--cfg manyhands_chaos` a seeded generator yields, spins or sleeps a moment at some of the
//! points, which opens windows of a few instructions to the scheduler. In every other build a point
//! does nothing. The seed comes from `MANYHANDS_CHAOS_SEED`, so that a failing run can be repeated
//! (as far as real threads allow).

/// Marks a place where the schedule matters; `_name` says which.
#[cfg(not(manyhands_chaos))]
#[inline(always)]
pub(crate) fn point(_name: &'static str) {
    crate::sim::point(crate::sim::Kind::Named);
}

#[cfg(manyhands_chaos)]
pub(crate) use chaotic::point;

#[cfg(manyhands_chaos)]
mod chaotic {
    use std::cell::Cell;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    static THREADS: AtomicU64 = AtomicU64::new(1);

    fn seed() -> u64 {
        static SEED: OnceLock<u64> = OnceLock::new();
        *SEED.get_or_init(|| {
            std::env::var("MANYHANDS_CHAOS_SEED")
                .ok()
                .and_then(|text| text.parse().ok())
                .unwrap_or(0x9E37_79B9_7F4A_7C15)
        })
    }

    thread_local! {
        static STATE: Cell<u64> = Cell::new(
            // Ordering: Relaxed; only uniqueness matters.
            seed() ^ THREADS.fetch_add(1, Ordering::Relaxed).wrapping_mul(0xD134_2543_DE82_EF95)
        );
    }

    pub(crate) fn point(name: &'static str) {
        let draw = STATE.try_with(|state| {
            let mut x = state.get() ^ (name.len() as u64) << 7;
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            state.set(x | 1);
            x
        });
        match draw.unwrap_or(0) % 64 {
            0..=5 => std::thread::yield_now(),
            6..=9 => (0..200).for_each(|_| std::hint::spin_loop()),
            10 => std::thread::sleep(Duration::from_micros(50)),
            _ => {}
        }
    }
}
