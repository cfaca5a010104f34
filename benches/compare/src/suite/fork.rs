//! Ways to fork any number of children, and to wait for all of them.

#[cfg(feature = "forte")]
use crate::fork_join::Forte;
use crate::fork_join::{Chili, ForkJoin, ManyHands, Rayon, Sequential};
use crate::results::{OURS, PLAIN};
use std::marker::PhantomData;

/// A library, and what of it forks the children of a node.
pub trait Fork: 'static {
    const NAME: &'static str;
    type Library: ForkJoin;

    /// Calls `f` with each number below `count`, at least one and at most [`MOST`], and adds up
    /// what it returns.
    fn sum<F>(scope: &mut Scope<'_, Self>, count: usize, f: &F) -> u64
    where
        F: Fn(usize, &mut Scope<'_, Self>) -> u64 + Sync;
}

/// What the library hands from call to call.
pub type Scope<'s, W> = <<W as Fork>::Library as ForkJoin>::Scope<'s>;

/// As many children as a node can have.
pub const MOST: usize = 16;

/// The range of the children is halved, with a `join` at each cut.
pub struct Joins<P>(PhantomData<P>);

/// All children but the last are spawned in a scope of the node, which calls the last itself. The
/// results go to the frame of the node.
pub struct Scopes<P>(PhantomData<P>);

/// A parallel iterator over the numbers of the children.
pub struct Loops<P>(PhantomData<P>);

fn halves<P: ForkJoin, F>(from: usize, to: usize, scope: &mut P::Scope<'_>, f: &F) -> u64
where
    F: Fn(usize, &mut P::Scope<'_>) -> u64 + Sync,
{
    if to - from == 1 {
        return f(from, scope);
    }
    let middle = from + (to - from) / 2;
    let (low, high) = P::join(
        scope,
        |scope| halves::<P, F>(from, middle, scope, f),
        |scope| halves::<P, F>(middle, to, scope, f),
    );
    low + high
}

macro_rules! joins {
    ($library:ty, $name:expr) => {
        impl Fork for Joins<$library> {
            const NAME: &'static str = $name;
            type Library = $library;

            fn sum<F>(scope: &mut Scope<'_, Self>, count: usize, f: &F) -> u64
            where
                F: Fn(usize, &mut Scope<'_, Self>) -> u64 + Sync,
            {
                halves::<$library, F>(0, count, scope, f)
            }
        }
    };
}

joins!(ManyHands, OURS);
joins!(Rayon, "rayon");
joins!(Chili, "chili");
#[cfg(feature = "forte")]
joins!(Forte, "forte");

/// A plain loop.
impl Fork for Joins<Sequential> {
    const NAME: &'static str = PLAIN;
    type Library = Sequential;

    fn sum<F>(scope: &mut (), count: usize, f: &F) -> u64
    where
        F: Fn(usize, &mut ()) -> u64 + Sync,
    {
        (0..count).map(|nth| f(nth, scope)).sum()
    }
}

macro_rules! scopes_and_loops {
    ($library:ty, $root:ident, $scope:expr, $loop:expr) => {
        impl Fork for Scopes<$library> {
            const NAME: &'static str = $scope;
            type Library = $library;

            fn sum<F>((): &mut (), count: usize, f: &F) -> u64
            where
                F: Fn(usize, &mut ()) -> u64 + Sync,
            {
                let mut sums = [0; MOST];
                let [spawned @ .., last] = &mut sums[..count] else {
                    unreachable!("a node that forks has children")
                };
                $root::scope(|scope| {
                    for (nth, sum) in spawned.iter_mut().enumerate() {
                        scope.spawn(move |_| *sum = f(nth, &mut ()));
                    }
                    *last = f(count - 1, &mut ());
                });
                sums.iter().sum()
            }
        }

        impl Fork for Loops<$library> {
            const NAME: &'static str = $loop;
            type Library = $library;

            fn sum<F>((): &mut (), count: usize, f: &F) -> u64
            where
                F: Fn(usize, &mut ()) -> u64 + Sync,
            {
                use $root::prelude::*;
                (0..count).into_par_iter().map(|nth| f(nth, &mut ())).sum()
            }
        }
    };
}

scopes_and_loops!(
    ManyHands,
    manyhands,
    "manyhands, scope",
    "manyhands, par_iter"
);
scopes_and_loops!(Rayon, rayon, "rayon, scope", "rayon, par_iter");

#[cfg(feature = "forte")]
impl Fork for Scopes<Forte> {
    const NAME: &'static str = "forte, scope";
    type Library = Forte;

    fn sum<F>(worker: &mut &forte::Worker, count: usize, f: &F) -> u64
    where
        F: Fn(usize, &mut &forte::Worker) -> u64 + Sync,
    {
        let mut sums = [0; MOST];
        let [spawned @ .., last] = &mut sums[..count] else {
            unreachable!("a node that forks has children")
        };
        let mut here = *worker;
        worker.scope(|scope| {
            for (nth, sum) in spawned.iter_mut().enumerate() {
                scope.spawn(move |mut worker: &forte::Worker| *sum = f(nth, &mut worker));
            }
            *last = f(count - 1, &mut here);
        });
        sums.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares<W: Fork>() {
        let pool = W::Library::pool(2);
        for count in 1..=MOST {
            let sum = W::Library::inside(&pool, |scope| {
                W::sum(scope, count, &|nth, _| (nth * nth) as u64)
            });
            let expected: usize = (0..count).map(|nth| nth * nth).sum();
            assert_eq!(sum, expected as u64, "{}, {count}", W::NAME);
        }
    }

    #[test]
    fn every_way_calls_each_child() {
        squares::<Joins<Sequential>>();
        squares::<Joins<ManyHands>>();
        squares::<Scopes<ManyHands>>();
        squares::<Loops<ManyHands>>();
        squares::<Joins<Rayon>>();
        squares::<Scopes<Rayon>>();
        squares::<Loops<Rayon>>();
        squares::<Joins<Chili>>();
        #[cfg(feature = "forte")]
        squares::<Joins<Forte>>();
        #[cfg(feature = "forte")]
        squares::<Scopes<Forte>>();
    }
}
