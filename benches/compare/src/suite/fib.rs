//! A Fibonacci number the slow way: a fork at every call, no cut-off.

use super::{Program, Size};
use crate::fork_join::ForkJoin;
use crate::suite::fork::{Fork, Scope};

#[derive(Clone, Copy)]
pub struct Fib(u32);

fn fib<P: ForkJoin>(n: u32, scope: &mut P::Scope<'_>) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = P::join(
        scope,
        |scope| fib::<P>(n - 1, scope),
        |scope| fib::<P>(n - 2, scope),
    );
    a + b
}

/// The number the fast way.
fn known(n: u32) -> u64 {
    (0..n).fold((0, 1), |(a, b), _| (b, a + b)).0
}

impl Program for Fib {
    const NAME: &'static str = "fib";
    const TASK: &'static str = "calls";
    type State = ();

    fn of(size: Size) -> Self {
        Self(size.pick(39, 22))
    }

    fn label(&self) -> String {
        format!("fib({})", self.0)
    }

    fn tasks(&self) -> u64 {
        2 * known(self.0 + 1) - 1
    }

    fn prepare(&self) {}

    fn run<W: Fork>(&self, (): &mut (), scope: &mut Scope<'_, W>) -> u64 {
        fib::<W::Library>(self.0, scope)
    }

    fn expected(&self, (): &()) -> u64 {
        known(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fork_join;

    #[test]
    fn calls_are_counted() {
        assert_eq!(Fib(22).tasks(), fork_join::Fib::calls(22));
        assert_eq!(Fib::of(Size::Full).tasks(), 204_668_309);
    }
}
