//! What a worker does next: the order of search, and nothing else.
//!
//! mail → (every 61st round: injector) → own jobs → LIFO slot (a task woken by this thread) → own
//! tasks; then, as a searcher:
//! injector in a batch → one job of a random victim → half of a victim's tasks → on the last round
//! before sleep, a victim's LIFO slot.

use super::registry::Registry;
use super::seat::Seat;
use crate::job::JobRef;
use crate::sync::deque::Steal;
use crate::util::count::Event;

/// Every so many rounds the injector goes first, so that a busy seat cannot starve it.
/// (Go and tokio use the same number; it is prime, so that it does not beat with program loops.)
const FAIRNESS: u32 = 61;

/// At most this many tasks move from a victim or the injector at once.
const BATCH: usize = 32;

/// Work that this seat can have without asking others.
pub(super) fn own(registry: &Registry, seat: &Seat) -> Option<JobRef> {
    if let Some(letter) = seat.open_mail() {
        return Some(letter);
    }
    if seat.tick() % FAIRNESS == 0 {
        seat.allow_overtaking();
        if let Some(job) = from_injector(registry, 1, seat) {
            return Some(job);
        }
    }
    seat.pop_public()
        .or_else(|| seat.pop_lifo())
        .or_else(|| seat.pop_task())
}

/// Work of others. `last`: nothing will be looked at again before this thread sleeps.
pub(super) fn others(registry: &Registry, seat: &Seat, last: bool) -> Option<JobRef> {
    let share = registry.injector.len() / registry.num_threads().max(1) + 1;
    from_injector(registry, share.min(BATCH), seat).or_else(|| steal(registry, seat, last))
}

fn from_injector(registry: &Registry, most: usize, seat: &Seat) -> Option<JobRef> {
    loop {
        if registry.injector.is_empty() {
            return None;
        }
        let stolen = if most <= 1 {
            registry.injector.steal()
        } else {
            registry
                .injector
                .steal_batch_with_limit_and_pop(seat.tasks(), most)
        };
        match stolen {
            Steal::Success(job) => return Some(job),
            Steal::Empty => return None,
            Steal::Retry => crate::sync::hint::spin_loop(),
        }
    }
}

fn steal(registry: &Registry, seat: &Seat, last: bool) -> Option<JobRef> {
    let seats = registry.used_seats();
    let start = seat.rng().below(seats);
    let victims = || {
        (start..seats)
            .chain(0..start)
            .filter(|index| *index != seat.index() as usize)
            .filter_map(|index| registry.used_seat(index))
    };
    loop {
        let mut retry = false;
        for victim in victims() {
            let stolen = match victim.steal_job() {
                Steal::Empty => victim.steal_tasks(seat.tasks(), BATCH),
                other => other,
            };
            match stolen {
                Steal::Success(job) => {
                    seat.counters().count_steal();
                    return Some(job);
                }
                Steal::Empty => {}
                Steal::Retry => retry = true,
            }
        }
        if !retry {
            Event::FailedSweep.count();
            break;
        }
        crate::sync::hint::spin_loop();
        #[cfg(any(manyhands_loom, manyhands_shuttle))]
        crate::sync::thread::yield_now();
    }
    if last {
        return victims().find_map(Seat::steal_lifo);
    }
    None
}
