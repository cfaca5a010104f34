//! Fork-join: the same recursion with every subject's `join`.
//!
//! A [`Work`] is written once, for any [`ForkJoin`]; the compiler makes a version for each, so no
//! subject pays for the comparison. Subjects that hand a scope from call to call (chili, forte) get
//! it as an argument; for the others it is a unit.

mod scope;
mod sort;
mod subjects;
mod work;

#[cfg_attr(
    not(manyhands_counters),
    expect(unused_imports, reason = "for the counters")
)]
pub use scope::queens_by_spawns;
pub use scope::row_queens_by_spawns;
pub use sort::row_sort;
#[cfg_attr(
    not(manyhands_counters),
    expect(unused_imports, reason = "for the counters")
)]
pub use sort::{Numbers, sort};
pub use subjects::*;
pub use work::*;

use crate::measure::{Make, Row, Sample, Sampled};
use std::hint::black_box;
use std::sync::Arc;

/// A library with a `join`.
pub trait ForkJoin: 'static {
    const NAME: &'static str;
    type Pool: Send + Sync;
    type Scope<'s>;

    /// A pool that computes with so many threads, counting the caller where it takes part.
    fn pool(threads: usize) -> Self::Pool;

    /// Visits to another's queue that brought work so far, where they are counted.
    fn steals(_: &Self::Pool) -> Option<u64> {
        None
    }

    /// Runs `f` where forking is cheapest: inside the pool.
    fn inside<F, R>(pool: &Self::Pool, f: F) -> R
    where
        F: FnOnce(&mut Self::Scope<'_>) -> R + Send,
        R: Send;

    /// A join on a thread of the pool.
    fn join<A, B, RA, RB>(scope: &mut Self::Scope<'_>, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&mut Self::Scope<'_>) -> RA + Send,
        B: FnOnce(&mut Self::Scope<'_>) -> RB + Send,
        RA: Send,
        RB: Send;

    /// A join on a thread that has nothing to do with the pool.
    fn join_outside<A, B, RA, RB>(pool: &Self::Pool, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&mut Self::Scope<'_>) -> RA + Send,
        B: FnOnce(&mut Self::Scope<'_>) -> RB + Send,
        RA: Send,
        RB: Send;
}

/// A recursion.
pub trait Work: Send + Sync + 'static {
    /// Runs it and returns a number that depends on all of it.
    fn run<P: ForkJoin>(&self, scope: &mut P::Scope<'_>) -> u64;

    /// The same, begun on a thread outside the pool.
    fn run_outside<P: ForkJoin>(&self, pool: &P::Pool) -> u64;
}

/// Many runs in one stay in the pool.
pub fn inside<P: ForkJoin>(work: &Arc<impl Work>, threads: usize) -> (&'static str, Make) {
    let work = Arc::clone(work);
    let make = move || -> Sample {
        let pool = P::pool(threads);
        let work = Arc::clone(&work);
        Box::new(move |repeats| {
            let before = P::steals(&pool);
            P::inside(&pool, |scope| {
                Sampled::of(|| {
                    let mut result = 0;
                    for _ in 0..repeats {
                        result = black_box(black_box(&*work).run::<P>(scope));
                    }
                    result
                })
            })
            .with_steals(before, P::steals(&pool))
        })
    };
    (P::NAME, Box::new(make))
}

/// Every run enters from outside.
pub fn outside<P: ForkJoin>(work: &Arc<impl Work>, threads: usize) -> (&'static str, Make) {
    let work = Arc::clone(work);
    let make = move || -> Sample {
        let pool = P::pool(threads);
        let work = Arc::clone(&work);
        Box::new(move |repeats| {
            let before = P::steals(&pool);
            Sampled::of(|| {
                let mut result = 0;
                for _ in 0..repeats {
                    result = black_box(black_box(&*work).run_outside::<P>(&pool));
                }
                result
            })
            .with_steals(before, P::steals(&pool))
        })
    };
    (P::NAME, Box::new(make))
}

macro_rules! every_subject {
    ($how:ident, $work:expr, $threads:expr) => {{
        let work = $work;
        vec![
            $how::<Sequential>(&work, $threads),
            $how::<ManyHands>(&work, $threads),
            $how::<Rayon>(&work, $threads),
            $how::<Chili>(&work, $threads),
            #[cfg(feature = "forte")]
            $how::<Forte>(&work, $threads),
        ]
    }};
}
use every_subject;

pub fn row_inside<W: Work>(
    name: &str,
    unit: &'static str,
    units: u64,
    work: W,
    threads: usize,
) -> Row {
    Row {
        name: name.to_owned(),
        unit,
        units,
        subjects: every_subject!(inside, Arc::new(work), threads),
    }
}

pub fn row_outside<W: Work>(
    name: &str,
    unit: &'static str,
    units: u64,
    work: W,
    threads: usize,
) -> Row {
    Row {
        name: name.to_owned(),
        unit,
        units,
        subjects: every_subject!(outside, Arc::new(work), threads),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(row: Row, expected: u64) {
        for (name, make) in row.subjects {
            let mut sample = make();
            assert_eq!(sample(2).result, expected, "{}: {name}", row.name);
        }
    }

    #[test]
    fn every_subject_computes_the_same() {
        for threads in [1, 2, 3] {
            let tree = || Tree::new(8);
            check(row_inside("tree", "node", 1, tree(), threads), 255);
            check(row_outside("tree", "node", 1, tree(), threads), 255);
            check(row_inside("fib", "call", 1, Fib(15), threads), 610);
            check(row_outside("fib", "call", 1, Fib(15), threads), 610);
            check(row_inside("queens", "node", 1, Queens(6), threads), 4);
            check(row_outside("queens", "node", 1, Queens(6), threads), 4);
            let unbalanced = Unbalanced {
                children: 50,
                seed: 1,
            };
            let nodes = unbalanced.nodes();
            check(row_inside("uts", "node", 1, unbalanced, threads), nodes);
            let unbalanced = Unbalanced {
                children: 50,
                seed: 1,
            };
            check(row_outside("uts", "node", 1, unbalanced, threads), nodes);
            check(row_queens_by_spawns("queens", 6, threads), 4);
        }
    }
}
