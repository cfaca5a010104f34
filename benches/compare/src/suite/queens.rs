//! The number of ways to place n queens. A node copies its board into each child, and forks all
//! children that fit.

use super::{Program, Size};
use crate::suite::fork::{Fork, Scope};

#[derive(Clone, Copy)]
pub struct Queens {
    size: usize,
}

/// The row of the queen in each column.
type Board = [u8; 14];

/// Whether a queen in this row attacks none of the queens in the columns before.
fn fits(board: &Board, column: usize, row: u8) -> bool {
    board[..column].iter().zip(0..).all(|(&other, at)| {
        let distance = (column - at) as i32;
        let (row, other) = (i32::from(row), i32::from(other));
        row != other && row != other - distance && row != other + distance
    })
}

fn place<W: Fork>(size: usize, board: Board, column: usize, scope: &mut Scope<'_, W>) -> u64 {
    if column == size {
        return 1;
    }
    let mut rows = Board::default();
    let mut count = 0;
    for row in 0..size as u8 {
        if fits(&board, column, row) {
            rows[count] = row;
            count += 1;
        }
    }
    if count == 0 {
        return 0;
    }
    W::sum(scope, count, &|nth, scope| {
        let mut next = board;
        next[column] = rows[nth];
        place::<W>(size, next, column + 1, scope)
    })
}

impl Program for Queens {
    const NAME: &'static str = "queens";
    const TASK: &'static str = "nodes";
    type State = ();

    fn of(size: Size) -> Self {
        Self {
            size: size.pick(14, 8),
        }
    }

    fn label(&self) -> String {
        format!("n-queens({})", self.size)
    }

    fn tasks(&self) -> u64 {
        match self.size {
            14 => 27_358_553,
            8 => 2057,
            size => unreachable!("{size} queens"),
        }
    }

    fn prepare(&self) {}

    fn run<W: Fork>(&self, (): &mut (), scope: &mut Scope<'_, W>) -> u64 {
        place::<W>(self.size, Board::default(), 0, scope)
    }

    fn expected(&self, (): &()) -> u64 {
        match self.size {
            14 => 365_596,
            8 => 92,
            size => unreachable!("{size} queens"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fork_join;

    #[test]
    fn nodes_are_counted() {
        // The root, and each queen that is placed.
        let quick = Queens::of(Size::Quick);
        assert_eq!(quick.tasks(), 1 + fork_join::Queens::placed(8));
    }
}
