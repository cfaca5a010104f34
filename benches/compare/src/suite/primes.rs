//! The primes below a number, by trial division. The range is reversed, so the costly half comes
//! first.

use super::{Program, Size, leaves};
use crate::fork_join::ForkJoin;
use crate::suite::fork::{Fork, Scope};
use std::ops::Range;

#[derive(Clone, Copy)]
pub struct Primes {
    below: u32,
}

/// Shorter ranges are not cut.
const LEAF: u32 = 10;

fn is_prime(number: u32) -> bool {
    let mut divisor = 2;
    while divisor * divisor <= number {
        if number % divisor == 0 {
            return false;
        }
        divisor += 1;
    }
    number > 1
}

/// Counts among the numbers that lie so far below `top`.
fn count<P: ForkJoin>(top: u32, below: Range<u32>, scope: &mut P::Scope<'_>) -> u64 {
    let Range { start, end } = below;
    if end - start <= LEAF {
        return (start..end).filter(|less| is_prime(top - less)).count() as u64;
    }
    let middle = start + (end - start) / 2;
    let (first, second) = P::join(
        scope,
        |scope| count::<P>(top, start..middle, scope),
        |scope| count::<P>(top, middle..end, scope),
    );
    first + second
}

impl Program for Primes {
    const NAME: &'static str = "primes";
    const TASK: &'static str = "leaves";
    type State = ();

    fn of(size: Size) -> Self {
        Self {
            below: size.pick(10_000_000, 10_000),
        }
    }

    fn label(&self) -> String {
        format!("primes below {}", self.below)
    }

    fn tasks(&self) -> u64 {
        leaves(u64::from(self.below), u64::from(LEAF))
    }

    fn prepare(&self) {}

    fn run<W: Fork>(&self, (): &mut (), scope: &mut Scope<'_, W>) -> u64 {
        count::<W::Library>(self.below - 1, 0..self.below, scope)
    }

    fn expected(&self, (): &()) -> u64 {
        match self.below {
            10_000_000 => 664_579,
            10_000 => 1229,
            below => unreachable!("primes below {below}"),
        }
    }
}
