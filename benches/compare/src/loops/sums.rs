//! The sum of a cheap map, from nothing to too much for the caches.

use super::{Chain, Place, by_hand, chain, pooled, row};
use crate::fork_join::ManyHands;
use crate::measure::{Make, Row};
use std::sync::Arc;

fn chain() -> Chain<Vec<u64>> {
    chain!(
        |data: Vec<u64>| data.iter().map(|&x| cheap(x)).sum(),
        data.par_iter().map(|&x| cheap(x)).sum(),
    )
}

/// A multiplication and a shift.
fn cheap(x: u64) -> u64 {
    x.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40
}

pub fn sums_inside(threads: usize, push: &mut dyn FnMut(Row)) {
    sums(threads, Place::Inside, push);
}

/// Others that call from outside anyway take part here.
pub fn sums_outside(threads: usize, push: &mut dyn FnMut(Row)) {
    sums(threads, Place::Outside, push);
}

fn sums(threads: usize, place: Place, push: &mut dyn FnMut(Row)) {
    for exponent in 0..=7 {
        let units = 10_u64.pow(exponent);
        let data = Arc::new((0..units).collect());
        let name = format!("sum of 10^{exponent}");
        let mut row = row(name, "item", units, &data, &chain(), place, threads);
        if let Place::Outside = place {
            row.subjects.push(orx(&data, threads));
            row.subjects.push(paralight(&data, threads));
        }
        push(row);
    }
}

/// The sum inside our pool, alone.
#[cfg_attr(
    not(manyhands_counters),
    expect(dead_code, reason = "for the counters")
)]
pub fn sum(units: u64, threads: usize) -> (&'static str, Make) {
    let data = Arc::new((0..units).collect());
    pooled::<ManyHands, Vec<u64>>(&data, chain().manyhands, Place::Inside, threads)
}

/// One pool for the whole process, of which each loop may use so many threads.
fn orx(data: &Arc<Vec<u64>>, threads: usize) -> (&'static str, Make) {
    use orx_parallel::*;
    by_hand("orx-parallel", data, move || {
        move |data: &Vec<u64>| data.par().num_threads(threads).map(|&x| cheap(x)).sum()
    })
}

fn paralight(data: &Arc<Vec<u64>>, threads: usize) -> (&'static str, Make) {
    use paralight::prelude::*;
    by_hand("paralight", data, move || {
        let mut pool = ThreadPoolBuilder {
            num_threads: threads.try_into().expect("a thread"),
            range_strategy: RangeStrategy::WorkStealing,
            cpu_pinning: CpuPinningPolicy::No,
        }
        .build();
        move |data: &Vec<u64>| {
            data.par_iter()
                .with_thread_pool(&mut pool)
                .map(|&x| cheap(x))
                .sum()
        }
    })
}
