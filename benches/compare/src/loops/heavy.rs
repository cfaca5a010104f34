//! Items that take long, and items of which one takes long.

use super::{Chain, Place, chain, row};
use crate::measure::Row;
use std::hint::black_box;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

/// Rounds of [`spin`] in a microsecond of this machine.
static ROUNDS_A_MICROSECOND: LazyLock<u64> = LazyLock::new(|| {
    let rounds = 2_000_000;
    let best = (0..5)
        .map(|_| {
            let start = Instant::now();
            black_box(spin(black_box(rounds)));
            start.elapsed()
        })
        .min()
        .expect("five times");
    (u128::from(rounds) * 1000 / best.as_nanos().max(1)) as u64
});

/// Computes for so many rounds.
pub fn spin(rounds: u64) -> u64 {
    (0..rounds).fold(rounds | 1, |state, _| {
        state.wrapping_mul(0x5851_f42d_4c95_7f2d).rotate_left(23)
    })
}

/// So many rounds of [`spin`] take so long, about.
pub fn rounds(nanoseconds: u64) -> u64 {
    (*ROUNDS_A_MICROSECOND * nanoseconds / 1000).max(1)
}

/// Each number is an item of so many rounds.
pub fn chain() -> Chain<Vec<u64>> {
    chain!(
        |data: Vec<u64>| data.iter().map(|&n| spin(n) & 0xff).sum(),
        data.par_iter().map(|&n| spin(n) & 0xff).sum(),
    )
}

pub fn uneven(threads: usize, push: &mut dyn FnMut(Row)) {
    let mut items = |name: &str, items: Vec<u64>| {
        let units = items.len() as u64;
        let data = Arc::new(items);
        push(row(
            name,
            "item",
            units,
            &data,
            &chain(),
            Place::Inside,
            threads,
        ));
    };
    items("10^4 items of 1 us", vec![rounds(1000); 10_000]);
    items("200 items of 100 us", vec![rounds(100_000); 200]);
    let cheap = vec![rounds(100); 100_000];
    let with_heavy = |place: usize| {
        let mut items = cheap.clone();
        items[place] = rounds(10_000_000);
        items
    };
    items("10^5 of 100 ns, 10 ms first", with_heavy(0));
    items("10^5 of 100 ns, 10 ms in the middle", with_heavy(50_000));
    items(
        "10^5 of 100 ns, 10 ms at three quarters",
        with_heavy(75_000),
    );
    items("10^5 of 100 ns, 10 ms last", with_heavy(99_999));
    let rising = (0..1000).map(|n| rounds(20 * n)).collect();
    items("1000 items of 0 to 20 us, rising", rising);
    let falling = (0..1000).rev().map(|n| rounds(20 * n)).collect();
    items("1000 items of 20 to 0 us, falling", falling);
}
