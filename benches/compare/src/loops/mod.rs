//! Parallel loops: the same chain of adapters with every library's iterators.
//!
//! manyhands and rayon have the same names, so a loop is written once ([`chain!`]) and compiled
//! with either prelude; the sequential loop beside it is the one that a reader would write.

mod heavy;
mod more;
mod sums;

pub use heavy::{rounds, spin, uneven};
pub use more::chains;
#[cfg_attr(
    not(manyhands_counters),
    expect(unused_imports, reason = "for the counters")
)]
pub use sums::sum;
pub use sums::{sums_inside, sums_outside};

use crate::fork_join::{ForkJoin, ManyHands, Rayon};
use crate::measure::{Make, Row, Sample, Sampled};
use crate::results::PLAIN;
use std::hint::black_box;
use std::sync::Arc;

/// A loop over `D` that returns a number which depends on all of it.
type Body<D> = fn(&D) -> u64;

/// One chain of adapters, with the iterators of each.
struct Chain<D> {
    plain: Body<D>,
    manyhands: Body<D>,
    rayon: Body<D>,
}

/// `chain!(|data: Type| sequential, parallel)`: the second expression is compiled twice.
macro_rules! chain {
    (|$data:ident: $type:ty| $plain:expr, $parallel:expr $(,)?) => {{
        fn plain($data: &$type) -> u64 {
            $plain
        }
        fn manyhands($data: &$type) -> u64 {
            #[allow(unused_imports, reason = "by some chains")]
            use manyhands::{iter, prelude::*};
            $parallel
        }
        fn rayon($data: &$type) -> u64 {
            #[allow(unused_imports, reason = "by some chains")]
            use rayon::{iter, prelude::*};
            $parallel
        }
        $crate::loops::Chain {
            plain,
            manyhands,
            rayon,
        }
    }};
}
use chain;

/// Where the loop is called.
#[derive(Clone, Copy)]
enum Place {
    /// On a thread of the pool; many runs in one stay there.
    Inside,
    /// On a thread that has nothing to do with the pool, each time.
    Outside,
}

/// Sequential, on the thread that measures.
fn plain<D: Send + Sync + 'static>(data: &Arc<D>, body: Body<D>) -> (&'static str, Make) {
    by_hand(PLAIN, data, move || move |data: &D| body(data))
}

/// A subject that is called from outside and keeps a pool of its own, if any.
fn by_hand<D, F>(
    name: &'static str,
    data: &Arc<D>,
    start: impl Fn() -> F + 'static,
) -> (&'static str, Make)
where
    D: Send + Sync + 'static,
    F: FnMut(&D) -> u64 + Send + 'static,
{
    let data = Arc::clone(data);
    let make = move || -> Sample {
        let data = Arc::clone(&data);
        let mut body = start();
        Box::new(move |repeats| {
            Sampled::of(|| {
                let mut result = 0;
                for _ in 0..repeats {
                    result = black_box(body(black_box(&*data)));
                }
                result
            })
        })
    };
    (name, Box::new(make))
}

/// A library whose loops run on the pool of the thread that calls them.
trait Loops: ForkJoin {
    /// Calls `f` where loops run on `pool`, on the calling thread if the library can do that.
    fn outside<R: Send>(pool: &Self::Pool, f: impl FnOnce() -> R + Send) -> R;
}

impl Loops for ManyHands {
    /// The caller becomes a guest. That is what a loop on any thread does by itself, with the
    /// default pool.
    fn outside<R: Send>(pool: &Self::Pool, f: impl FnOnce() -> R + Send) -> R {
        pool.in_place_scope(|_| f())
    }
}

impl Loops for Rayon {
    /// Hands over to a worker. That is what a loop on any thread does by itself, with the global
    /// pool.
    fn outside<R: Send>(pool: &Self::Pool, f: impl FnOnce() -> R + Send) -> R {
        pool.install(f)
    }
}

fn pooled<P, D>(data: &Arc<D>, body: Body<D>, place: Place, threads: usize) -> (&'static str, Make)
where
    P: Loops,
    D: Send + Sync + 'static,
{
    let data = Arc::clone(data);
    let make = move || -> Sample {
        let pool = P::pool(threads);
        let data = Arc::clone(&data);
        Box::new(move |repeats| {
            let run = || black_box(body(black_box(&*data)));
            let before = P::steals(&pool);
            match place {
                Place::Inside => P::inside(&pool, |_| {
                    Sampled::of(|| (0..repeats).fold(0, |_, _| run()))
                }),
                Place::Outside => {
                    Sampled::of(|| (0..repeats).fold(0, |_, _| P::outside(&pool, run)))
                }
            }
            .with_steals(before, P::steals(&pool))
        })
    };
    (P::NAME, Box::new(make))
}

/// A row with the sequential loop, manyhands and rayon.
fn row<D: Send + Sync + 'static>(
    name: impl Into<String>,
    unit: &'static str,
    units: u64,
    data: &Arc<D>,
    chain: &Chain<D>,
    place: Place,
    threads: usize,
) -> Row {
    Row {
        name: name.into(),
        unit,
        units,
        subjects: vec![
            plain(data, chain.plain),
            pooled::<ManyHands, D>(data, chain.manyhands, place, threads),
            pooled::<Rayon, D>(data, chain.rayon, place, threads),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everybody computes the same, once.
    fn check(threads: usize, rows: fn(usize, &mut dyn FnMut(Row))) {
        rows(threads, &mut |row| {
            let mut expected = None;
            for (name, make) in row.subjects {
                let result = make()(1).result;
                assert_eq!(
                    result,
                    *expected.get_or_insert(result),
                    "{}: {name}",
                    row.name
                );
            }
        });
    }

    #[test]
    fn all_loops_agree() {
        check(2, sums_inside);
        check(2, sums_outside);
        check(2, uneven);
        check(2, chains);
    }
}
