//! `inclusive_scan` and `exclusive_scan`: running totals.
//!
//! Each piece of the loop writes the running totals of its own items straight into place. Then the
//! total of each piece is combined with that of the pieces before it, one after the other. At last
//! the other elements of each piece are combined with it, in parallel. A loop that one thread runs
//! alone is one piece, and has no second pass.

use super::collect::indexed::{self, CollectConsumer, CollectFolder, CollectReducer, Written};
use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator, once};

pub(crate) fn inclusive<I, F>(iter: I, op: &F) -> Vec<I::Item>
where
    I: IndexedParallelIterator<Item: Sync>,
    F: Fn(&I::Item, &I::Item) -> I::Item + Sync,
{
    let len = iter.len();
    scan(len, op, |consumer| iter.drive(consumer))
}

pub(crate) fn exclusive<I, F>(iter: I, init: I::Item, op: &F) -> (Vec<I::Item>, I::Item)
where
    I: IndexedParallelIterator<Item: Sync>,
    F: Fn(&I::Item, &I::Item) -> I::Item + Sync,
{
    let chain = once(init).chain(iter);
    // One producer, so that `init` and the items can be one piece.
    let mut all = scan(chain.len(), op, |consumer| bridge(chain, consumer));
    let total = all.pop().expect("there is `init` at least");
    (all, total)
}

/// Scans `len` items that `drive` delivers.
fn scan<T, F>(
    len: usize,
    op: &F,
    drive: impl for<'c> FnOnce(ScanConsumer<'c, '_, T, F>) -> Scanned<'c, T>,
) -> Vec<T>
where
    T: Send + Sync,
    F: Fn(&T, &T) -> T + Sync,
{
    let (mut results, mut pieces) = (Vec::new(), Vec::new());
    indexed::append_with(&mut results, len, |slots| {
        let scanned = drive(ScanConsumer { slots, op });
        pieces = scanned.pieces;
        scanned.written
    });
    link(&mut results, &pieces, op);
    results
}

/// Combines the total of all earlier pieces with each result of a piece.
fn link<T, F>(results: &mut [T], pieces: &[usize], op: &F)
where
    T: Send + Sync,
    F: Fn(&T, &T) -> T + Sync,
{
    let mut rest = results;
    let mut before: Option<&T> = None;
    let mut others = Vec::new();
    for &len in pieces {
        let (piece, behind) = rest.split_at_mut(len);
        rest = behind;
        let Some((last, piece)) = piece.split_last_mut() else {
            continue;
        };
        if let Some(before) = before {
            *last = op(before, last);
            others.push((before, piece));
        }
        before = Some(last);
    }
    others.into_par_iter().for_each(|(before, piece)| {
        piece
            .into_par_iter()
            .for_each(|result| *result = op(before, result));
    });
}

struct ScanConsumer<'c, 'o, T, F> {
    slots: CollectConsumer<'c, T>,
    op: &'o F,
}

impl<'c, 'o, T, F> Consumer<T> for ScanConsumer<'c, 'o, T, F>
where
    T: Send,
    F: Fn(&T, &T) -> T + Sync,
{
    type Folder = ScanFolder<'c, 'o, T, F>;
    type Reducer = ScanReducer;
    type Result = Scanned<'c, T>;

    fn split_at(self, index: usize) -> (Self, Self, ScanReducer) {
        let op = self.op;
        let (left, right, _) = self.slots.split_at(index);
        (
            Self { slots: left, op },
            Self { slots: right, op },
            ScanReducer,
        )
    }

    fn into_folder(self) -> Self::Folder {
        ScanFolder {
            slots: self.slots.into_folder(),
            op: self.op,
        }
    }

    fn full(&self) -> bool {
        false
    }

    fn can_rejoin(&self, folder: &Self::Folder) -> bool {
        self.slots.can_rejoin(&folder.slots)
    }

    fn rejoin(&mut self, folder: &mut Self::Folder, index: usize) {
        self.slots.rejoin(&mut folder.slots, index);
    }
}

struct ScanFolder<'c, 'o, T, F> {
    slots: CollectFolder<'c, T>,
    op: &'o F,
}

impl<'c, T, F> Folder<T> for ScanFolder<'c, '_, T, F>
where
    T: Send,
    F: Fn(&T, &T) -> T,
{
    type Result = Scanned<'c, T>;

    fn consume(self, item: T) -> Self {
        let result = match self.slots.last() {
            None => item,
            Some(before) => (self.op)(before, &item),
        };
        Self {
            slots: self.slots.consume(result),
            ..self
        }
    }

    fn complete(self) -> Scanned<'c, T> {
        let written = self.slots.complete();
        Scanned {
            pieces: vec![written.len()],
            written,
        }
    }

    fn full(&self) -> bool {
        false
    }
}

/// The slots that pieces have written, and the length of each piece.
struct Scanned<'c, T> {
    written: Written<'c, T>,
    pieces: Vec<usize>,
}

struct ScanReducer;

impl<'c, T> Reducer<Scanned<'c, T>> for ScanReducer {
    fn reduce(self, mut left: Scanned<'c, T>, right: Scanned<'c, T>) -> Scanned<'c, T> {
        left.pieces.extend(right.pieces);
        left.written = CollectReducer.reduce(left.written, right.written);
        left
    }
}
