//! N queens once more, with a spawn in one scope for every board instead of a chain of joins. For
//! the subjects that have such scopes: all but chili.

use super::ForkJoin;
use super::work::Board;
use super::{ManyHands, Rayon, Sequential};
use crate::measure::{Make, Row, Sample, Sampled};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(feature = "forte")]
use super::Forte;

/// A library that spawns in scopes.
pub trait Scoped: ForkJoin {
    /// Solves the board, one spawn a board, on a thread of the pool.
    fn queens(scope: &mut Self::Scope<'_>, board: Board, solutions: &AtomicU64);
}

/// The boards that follow this one, if it is not a solution.
fn next(board: Board, solutions: &AtomicU64) -> impl Iterator<Item = Board> {
    if board.taken == board.full {
        // Ordering: Relaxed; the end of the scope is the synchronization.
        solutions.fetch_add(1, Ordering::Relaxed);
    }
    let mut free = board.free();
    std::iter::from_fn(move || {
        let column = free & free.wrapping_neg();
        free ^= column;
        (column != 0).then(|| board.place(column))
    })
}

impl Scoped for Sequential {
    fn queens((): &mut (), board: Board, solutions: &AtomicU64) {
        for board in next(board, solutions) {
            Self::queens(&mut (), board, solutions);
        }
    }
}

impl Scoped for ManyHands {
    fn queens((): &mut (), board: Board, solutions: &AtomicU64) {
        fn solve<'s>(board: Board, solutions: &'s AtomicU64, scope: &manyhands::Scope<'s>) {
            for board in next(board, solutions) {
                scope.spawn(move |scope| solve(board, solutions, scope));
            }
        }
        manyhands::scope(|scope| solve(board, solutions, scope));
    }
}

impl Scoped for Rayon {
    fn queens((): &mut (), board: Board, solutions: &AtomicU64) {
        fn solve<'s>(board: Board, solutions: &'s AtomicU64, scope: &rayon::Scope<'s>) {
            for board in next(board, solutions) {
                scope.spawn(move |scope| solve(board, solutions, scope));
            }
        }
        rayon::scope(|scope| solve(board, solutions, scope));
    }
}

#[cfg(feature = "forte")]
impl Scoped for Forte {
    fn queens(worker: &mut &forte::Worker, board: Board, solutions: &AtomicU64) {
        fn solve<'s>(board: Board, solutions: &'s AtomicU64, scope: &'s forte::Scope<'s, '_>) {
            for board in next(board, solutions) {
                scope.spawn(move |_: &forte::Worker| solve(board, solutions, scope));
            }
        }
        worker.scope(|scope| solve(board, solutions, scope));
    }
}

pub fn queens_by_spawns<P: Scoped>(size: u32, threads: usize) -> (&'static str, Make) {
    let make = move || -> Sample {
        let pool = P::pool(threads);
        Box::new(move |repeats| {
            let before = P::steals(&pool);
            P::inside(&pool, |scope| {
                Sampled::of(|| {
                    let mut solutions = AtomicU64::new(0);
                    for _ in 0..repeats {
                        *solutions.get_mut() = 0;
                        P::queens(scope, black_box(Board::new(size)), &solutions);
                    }
                    solutions.into_inner()
                })
            })
            .with_steals(before, P::steals(&pool))
        })
    };
    (P::NAME, Box::new(make))
}

pub fn row_queens_by_spawns(name: &str, size: u32, threads: usize) -> Row {
    Row {
        name: name.to_owned(),
        unit: "queen",
        units: super::Queens::placed(size),
        subjects: vec![
            queens_by_spawns::<Sequential>(size, threads),
            queens_by_spawns::<ManyHands>(size, threads),
            queens_by_spawns::<Rayon>(size, threads),
            #[cfg(feature = "forte")]
            queens_by_spawns::<Forte>(size, threads),
        ],
    }
}
