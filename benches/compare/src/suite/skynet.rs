//! A tree with ten children at every node; its leaves have numbers, which are added up.

use super::{Program, Size};
use crate::suite::fork::{Fork, Scope};

#[derive(Clone, Copy)]
pub struct Skynet {
    depth: u32,
}

fn node<W: Fork>(number: u64, depth: u32, scope: &mut Scope<'_, W>) -> u64 {
    if depth == 0 {
        return number;
    }
    let leaves = 10_u64.pow(depth - 1);
    W::sum(scope, 10, &|nth, scope| {
        node::<W>(number + leaves * nth as u64, depth - 1, scope)
    })
}

impl Program for Skynet {
    const NAME: &'static str = "skynet";
    const TASK: &'static str = "nodes";
    type State = ();

    fn of(size: Size) -> Self {
        Self {
            depth: size.pick(8, 4),
        }
    }

    fn label(&self) -> String {
        format!("skynet({})", self.depth)
    }

    fn tasks(&self) -> u64 {
        (10_u64.pow(self.depth + 1) - 1) / 9
    }

    fn prepare(&self) {}

    fn run<W: Fork>(&self, (): &mut (), scope: &mut Scope<'_, W>) -> u64 {
        node::<W>(0, self.depth, scope)
    }

    fn expected(&self, (): &()) -> u64 {
        let leaves = 10_u64.pow(self.depth);
        leaves * (leaves - 1) / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suite_has_its_numbers() {
        let full = Skynet::of(Size::Full);
        assert_eq!(full.tasks(), 111_111_111);
        assert_eq!(full.expected(&()), 4_999_999_950_000_000);
    }
}
