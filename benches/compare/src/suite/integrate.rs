//! The area below x^3 + x, by trapezia that are halved until the halves change next to nothing.

use super::{Program, Size};
use crate::fork_join::ForkJoin;
use crate::suite::fork::{Fork, Scope};

#[derive(Clone, Copy)]
pub struct Integrate {
    to: f64,
    calls: u64,
}

const EPSILON: f64 = 1e-9;

fn height(x: f64) -> f64 {
    (x * x + 1.0) * x
}

fn area<P: ForkJoin>(
    (x1, y1): (f64, f64),
    (x2, y2): (f64, f64),
    known: f64,
    scope: &mut P::Scope<'_>,
) -> f64 {
    let half = (x2 - x1) / 2.0;
    let x0 = x1 + half;
    let y0 = height(x0);
    let left = (y1 + y0) / 2.0 * half;
    let right = (y0 + y2) / 2.0 * half;
    let both = left + right;
    if both - known < EPSILON && known - both < EPSILON {
        return both;
    }
    let (left, right) = P::join(
        scope,
        |scope| area::<P>((x1, y1), (x0, y0), left, scope),
        |scope| area::<P>((x0, y0), (x2, y2), right, scope),
    );
    left + right
}

impl Program for Integrate {
    const NAME: &'static str = "integrate";
    const TASK: &'static str = "calls";
    type State = ();

    fn of(size: Size) -> Self {
        let (to, calls) = size.pick((10_000.0, 350_009_975), (10.0, 30_205));
        Self { to, calls }
    }

    fn label(&self) -> String {
        format!("integrate({})", self.to)
    }

    fn tasks(&self) -> u64 {
        self.calls
    }

    fn prepare(&self) {}

    /// How much of the area there is, in units of 10^-8 of what the integral says.
    fn run<W: Fork>(&self, (): &mut (), scope: &mut Scope<'_, W>) -> u64 {
        let end = (self.to, height(self.to));
        let area = area::<W::Library>((0.0, height(0.0)), end, 0.0, scope);
        let square = self.to * self.to;
        (area / (square * (square / 4.0 + 0.5)) * 1e8).round() as u64
    }

    fn expected(&self, (): &()) -> u64 {
        100_000_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    static JOINS: AtomicU64 = AtomicU64::new(0);

    /// Plain calls that count.
    enum Counting {}

    impl ForkJoin for Counting {
        const NAME: &'static str = "counting";
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

        fn join<A, B, RA, RB>(scope: &mut (), a: A, b: B) -> (RA, RB)
        where
            A: FnOnce(&mut ()) -> RA + Send,
            B: FnOnce(&mut ()) -> RB + Send,
            RA: Send,
            RB: Send,
        {
            // Ordering: Relaxed; one thread.
            JOINS.fetch_add(1, Ordering::Relaxed);
            (a(scope), b(scope))
        }

        fn join_outside<A, B, RA, RB>((): &(), a: A, b: B) -> (RA, RB)
        where
            A: FnOnce(&mut ()) -> RA + Send,
            B: FnOnce(&mut ()) -> RB + Send,
            RA: Send,
            RB: Send,
        {
            Self::join(&mut (), a, b)
        }
    }

    #[test]
    fn calls_are_counted() {
        let quick = Integrate::of(Size::Quick);
        let end = (quick.to, height(quick.to));
        area::<Counting>((0.0, height(0.0)), end, 0.0, &mut ());
        // Two calls a join, and the first.
        assert_eq!(1 + 2 * JOINS.load(Ordering::Relaxed), quick.tasks());
    }
}
