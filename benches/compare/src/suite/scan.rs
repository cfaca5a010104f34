//! Running totals of a short slice in four leaves, many times in a row: the leaves are added up,
//! then each writes its totals, beginning at the sum of all before it.

use super::{Program, Size, leaves};
use crate::fork_join::ForkJoin;
use crate::suite::fork::{Fork, Scope};
use std::hint::black_box;

#[derive(Clone, Copy)]
pub struct Scan {
    len: usize,
    times: u64,
}

/// Cuts from the whole to a leaf.
const CUTS: u32 = 2;

/// Adds up. Notes the sum of the left half of each node: the node's own first, then those of its
/// left half, and then those of its right half.
fn rise<P: ForkJoin>(numbers: &[u32], lefts: &mut [u32], scope: &mut P::Scope<'_>) -> u32 {
    let Some((left, lefts)) = lefts.split_first_mut() else {
        return numbers.iter().fold(0, |sum, &n| sum.wrapping_add(n));
    };
    let (low, high) = numbers.split_at(numbers.len() / 2);
    let (low_lefts, high_lefts) = lefts.split_at_mut(lefts.len() / 2);
    let (low, high) = P::join(
        scope,
        |scope| rise::<P>(low, low_lefts, scope),
        |scope| rise::<P>(high, high_lefts, scope),
    );
    *left = low;
    low.wrapping_add(high)
}

/// Writes the totals, which begin at `before`.
fn fall<P: ForkJoin>(
    numbers: &[u32],
    lefts: &[u32],
    before: u32,
    totals: &mut [u32],
    scope: &mut P::Scope<'_>,
) {
    let Some((left, lefts)) = lefts.split_first() else {
        let mut sum = before;
        for (total, number) in totals.iter_mut().zip(numbers) {
            sum = sum.wrapping_add(*number);
            *total = sum;
        }
        return;
    };
    let (low, high) = numbers.split_at(numbers.len() / 2);
    let (low_lefts, high_lefts) = lefts.split_at(lefts.len() / 2);
    let (low_totals, high_totals) = totals.split_at_mut(low.len());
    let middle = before.wrapping_add(*left);
    P::join(
        scope,
        |scope| fall::<P>(low, low_lefts, before, low_totals, scope),
        |scope| fall::<P>(high, high_lefts, middle, high_totals, scope),
    );
}

/// A number that depends on every place.
fn fingerprint(totals: impl Iterator<Item = u32>) -> u64 {
    totals.zip(1..).fold(0, |sum: u64, (total, nth)| {
        sum.wrapping_add(u64::from(total).wrapping_mul(nth))
    })
}

impl Program for Scan {
    const NAME: &'static str = "scan";
    const TASK: &'static str = "leaves";
    /// The numbers, and their totals.
    type State = (Vec<u32>, Vec<u32>);

    fn of(size: Size) -> Self {
        let (len, times) = size.pick((8000, 100_000), (800, 1000));
        Self { len, times }
    }

    fn label(&self) -> String {
        format!("scan of {}, {} times", self.len, self.times)
    }

    fn tasks(&self) -> u64 {
        2 * leaves(self.len as u64, self.len as u64 / 3) * self.times
    }

    fn prepare(&self) -> Self::State {
        ((0..self.len as u32).collect(), vec![0; self.len])
    }

    fn run<W: Fork>(&self, (numbers, totals): &mut Self::State, scope: &mut Scope<'_, W>) -> u64 {
        for _ in 0..self.times {
            let mut lefts = [0; (1 << CUTS) - 1];
            rise::<W::Library>(black_box(numbers), &mut lefts, scope);
            fall::<W::Library>(numbers, &lefts, 0, black_box(totals), scope);
        }
        fingerprint(totals.iter().copied())
    }

    fn expected(&self, (numbers, _): &Self::State) -> u64 {
        fingerprint(numbers.iter().scan(0, |sum: &mut u32, number| {
            *sum = sum.wrapping_add(*number);
            Some(*sum)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_has_four_leaves() {
        assert_eq!(leaves(8000, 8000 / 3), 1 << CUTS);
        assert_eq!(leaves(800, 800 / 3), 1 << CUTS);
    }
}
