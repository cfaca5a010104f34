//! The sum of a slice in 32 leaves, many times in a row: what it costs to begin and to end.

use super::{Program, Size, leaves};
use crate::fork_join::ForkJoin;
use crate::suite::fork::{Fork, Scope};
use std::hint::black_box;

#[derive(Clone, Copy)]
pub struct Fold {
    len: usize,
    times: u64,
}

fn sum<P: ForkJoin>(numbers: &[u32], leaf: usize, scope: &mut P::Scope<'_>) -> u32 {
    if numbers.len() <= leaf {
        return numbers.iter().fold(0, |sum, &n| sum.wrapping_add(n));
    }
    let (low, high) = numbers.split_at(numbers.len() / 2);
    let (low, high) = P::join(
        scope,
        |scope| sum::<P>(low, leaf, scope),
        |scope| sum::<P>(high, leaf, scope),
    );
    low.wrapping_add(high)
}

impl Fold {
    fn leaf(&self) -> usize {
        self.len / 32
    }
}

impl Program for Fold {
    const NAME: &'static str = "fold";
    const TASK: &'static str = "leaves";
    type State = Vec<u32>;

    fn of(size: Size) -> Self {
        let (len, times) = size.pick((1_000_000, 1000), (10_000, 100));
        Self { len, times }
    }

    fn label(&self) -> String {
        format!("fold of {}, {} times", self.len, self.times)
    }

    fn tasks(&self) -> u64 {
        leaves(self.len as u64, self.leaf() as u64) * self.times
    }

    fn prepare(&self) -> Vec<u32> {
        (0..self.len as u32).collect()
    }

    fn run<W: Fork>(&self, numbers: &mut Vec<u32>, scope: &mut Scope<'_, W>) -> u64 {
        let one = |_| u64::from(sum::<W::Library>(black_box(numbers), self.leaf(), scope));
        (0..self.times).map(one).sum()
    }

    fn expected(&self, numbers: &Vec<u32>) -> u64 {
        let sum: u64 = numbers.iter().copied().map(u64::from).sum();
        u64::from(sum as u32) * self.times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fold_has_32_leaves() {
        assert_eq!(Fold::of(Size::Full).tasks(), 32_000);
    }
}
