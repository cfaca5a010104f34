//! The fork-join libraries.

use super::ForkJoin;
use crate::results::{OURS, PLAIN};

/// The plain calls: what the recursion itself costs.
pub enum Sequential {}

impl ForkJoin for Sequential {
    const NAME: &'static str = PLAIN;
    type Pool = ();
    type Scope<'s> = ();

    fn pool(_: usize) {}

    fn inside<F, R>((): &(), f: F) -> R
    where
        F: FnOnce(&mut ()) -> R + Send,
        R: Send,
    {
        f(&mut ())
    }

    #[inline(always)]
    fn join<A, B, RA, RB>(scope: &mut (), a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&mut ()) -> RA + Send,
        B: FnOnce(&mut ()) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        (a(scope), b(scope))
    }

    fn join_outside<A, B, RA, RB>((): &(), a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&mut ()) -> RA + Send,
        B: FnOnce(&mut ()) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        (a(&mut ()), b(&mut ()))
    }
}

pub enum ManyHands {}

impl ForkJoin for ManyHands {
    const NAME: &'static str = OURS;
    type Pool = manyhands::Pool;
    type Scope<'s> = ();

    fn pool(threads: usize) -> Self::Pool {
        manyhands::Pool::builder()
            .num_threads(threads)
            .build()
            .expect("a pool")
    }

    fn steals(pool: &Self::Pool) -> Option<u64> {
        Some(pool.metrics().seats.iter().map(|seat| seat.steals).sum())
    }

    fn inside<F, R>(pool: &Self::Pool, f: F) -> R
    where
        F: FnOnce(&mut ()) -> R + Send,
        R: Send,
    {
        pool.install(|| f(&mut ()))
    }

    #[inline(always)]
    fn join<A, B, RA, RB>(_: &mut (), a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&mut ()) -> RA + Send,
        B: FnOnce(&mut ()) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        manyhands::join(|| a(&mut ()), || b(&mut ()))
    }

    fn join_outside<A, B, RA, RB>(pool: &Self::Pool, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&mut ()) -> RA + Send,
        B: FnOnce(&mut ()) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        pool.join(|| a(&mut ()), || b(&mut ()))
    }
}

pub enum Rayon {}

impl ForkJoin for Rayon {
    const NAME: &'static str = "rayon";
    type Pool = rayon::ThreadPool;
    type Scope<'s> = ();

    fn pool(threads: usize) -> Self::Pool {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool")
    }

    fn inside<F, R>(pool: &Self::Pool, f: F) -> R
    where
        F: FnOnce(&mut ()) -> R + Send,
        R: Send,
    {
        pool.install(|| f(&mut ()))
    }

    #[inline(always)]
    fn join<A, B, RA, RB>(_: &mut (), a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&mut ()) -> RA + Send,
        B: FnOnce(&mut ()) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        rayon::join(|| a(&mut ()), || b(&mut ()))
    }

    fn join_outside<A, B, RA, RB>(pool: &Self::Pool, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&mut ()) -> RA + Send,
        B: FnOnce(&mut ()) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        pool.join(|| a(&mut ()), || b(&mut ()))
    }
}

/// chili counts the thread that makes the scope, and makes one less.
pub enum Chili {}

impl ForkJoin for Chili {
    const NAME: &'static str = "chili";
    type Pool = chili::ThreadPool;
    type Scope<'s> = chili::Scope<'s>;

    fn pool(threads: usize) -> Self::Pool {
        chili::ThreadPool::with_config(chili::Config {
            thread_count: threads.try_into().ok(),
            ..chili::Config::default()
        })
    }

    fn inside<F, R>(pool: &Self::Pool, f: F) -> R
    where
        F: FnOnce(&mut chili::Scope<'_>) -> R + Send,
        R: Send,
    {
        f(&mut pool.scope())
    }

    #[inline(always)]
    fn join<A, B, RA, RB>(scope: &mut chili::Scope<'_>, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&mut chili::Scope<'_>) -> RA + Send,
        B: FnOnce(&mut chili::Scope<'_>) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        scope.join(a, b)
    }

    fn join_outside<A, B, RA, RB>(pool: &Self::Pool, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&mut chili::Scope<'_>) -> RA + Send,
        B: FnOnce(&mut chili::Scope<'_>) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        pool.scope().join(a, b)
    }
}

/// The calling thread enrols as a worker beside the pool's own, so the pool gets one less.
#[cfg(feature = "forte")]
pub enum Forte {}

#[cfg(feature = "forte")]
impl ForkJoin for Forte {
    const NAME: &'static str = "forte";
    type Pool = &'static forte::ThreadPool;
    type Scope<'s> = &'s forte::Worker;

    fn pool(threads: usize) -> Self::Pool {
        // Its pools are meant to be statics.
        let pool: &'static _ = Box::leak(Box::new(forte::ThreadPool::new()));
        pool.resize_to(threads - 1);
        pool
    }

    fn inside<F, R>(pool: &Self::Pool, f: F) -> R
    where
        F: FnOnce(&mut &forte::Worker) -> R + Send,
        R: Send,
    {
        pool.with_worker(|mut worker| f(&mut worker))
    }

    #[inline(always)]
    fn join<A, B, RA, RB>(scope: &mut &forte::Worker, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&mut &forte::Worker) -> RA + Send,
        B: FnOnce(&mut &forte::Worker) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        scope.join(|mut worker| a(&mut worker), |mut worker| b(&mut worker))
    }

    fn join_outside<A, B, RA, RB>(pool: &Self::Pool, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&mut &forte::Worker) -> RA + Send,
        B: FnOnce(&mut &forte::Worker) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        pool.join(|mut worker| a(&mut worker), |mut worker| b(&mut worker))
    }
}
