//! `try_reduce` and `try_reduce_with`: combine many items into one, unless one of them says "stop".

use crate::iter::ParallelIterator;
use crate::iter::attempt::Try;
use crate::iter::plumbing::*;
use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) fn try_reduce<I, T, ID, F>(iter: I, identity: &ID, reduce_op: &F) -> I::Item
where
    I: ParallelIterator<Item: Try<Output = T>>,
    ID: Fn() -> T + Sync,
    F: Fn(T, T) -> I::Item + Sync,
{
    let start = || Some(identity());
    run(iter, &start, reduce_op).unwrap_or_else(|| Try::from_output(identity()))
}

pub(crate) fn try_reduce_with<I, T, F>(iter: I, reduce_op: &F) -> Option<I::Item>
where
    I: ParallelIterator<Item: Try<Output = T>>,
    F: Fn(T, T) -> I::Item + Sync,
{
    run(iter, &|| None, reduce_op)
}

fn run<I, T, S, F>(iter: I, start: &S, reduce_op: &F) -> Option<I::Item>
where
    I: ParallelIterator<Item: Try<Output = T>>,
    S: Fn() -> Option<T> + Sync,
    F: Fn(T, T) -> I::Item + Sync,
{
    iter.drive_unindexed(TryReduceConsumer {
        start,
        reduce_op,
        stopped: &AtomicBool::new(false),
    })
}

/// The consumer of `try_reduce`, which is also its own reducer.
struct TryReduceConsumer<'r, S, F> {
    /// Makes the value with which a piece starts, if there is one.
    start: &'r S,
    reduce_op: &'r F,
    /// Has some piece met a "stop"? The flag publishes no data: the failure travels as a result.
    stopped: &'r AtomicBool,
}

impl<'r, S, F> Clone for TryReduceConsumer<'r, S, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'r, S, F> Copy for TryReduceConsumer<'r, S, F> {}

/// Combines two values, and tells the other pieces if that stops the loop.
fn put_together<T: Try>(
    left: ControlFlow<T::Residual, Option<T::Output>>,
    right: ControlFlow<T::Residual, T::Output>,
    reduce_op: impl Fn(T::Output, T::Output) -> T,
    stopped: &AtomicBool,
) -> ControlFlow<T::Residual, Option<T::Output>> {
    let both = match (left, right) {
        (Continue(Some(left)), Continue(right)) => reduce_op(left, right).branch(),
        (Continue(None), right) => right,
        (Break(residual), _) | (_, Break(residual)) => Break(residual),
    };
    match both {
        Continue(output) => Continue(Some(output)),
        Break(residual) => {
            // Ordering: Relaxed; to see it late only costs time.
            stopped.store(true, Ordering::Relaxed);
            Break(residual)
        }
    }
}

fn pack<T: Try>(state: ControlFlow<T::Residual, Option<T::Output>>) -> Option<T> {
    match state {
        Continue(output) => output.map(T::from_output),
        Break(residual) => Some(T::from_residual(residual)),
    }
}

impl<'r, T, S, F> Consumer<T> for TryReduceConsumer<'r, S, F>
where
    T: Try + Send,
    S: Fn() -> Option<T::Output> + Sync,
    F: Fn(T::Output, T::Output) -> T + Sync,
{
    type Folder = TryReduceFolder<'r, T, F>;
    type Reducer = Self;
    type Result = Option<T>;

    fn split_at(self, _index: usize) -> (Self, Self, Self) {
        (self, self, self)
    }

    fn into_folder(self) -> Self::Folder {
        TryReduceFolder {
            state: Continue((self.start)()),
            reduce_op: self.reduce_op,
            stopped: self.stopped,
        }
    }

    fn full(&self) -> bool {
        // Ordering: Relaxed, as in `put_together`.
        self.stopped.load(Ordering::Relaxed)
    }

    fn can_rejoin(&self, _: &Self::Folder) -> bool {
        true
    }
}

impl<'r, T, S, F> UnindexedConsumer<T> for TryReduceConsumer<'r, S, F>
where
    T: Try + Send,
    S: Fn() -> Option<T::Output> + Sync,
    F: Fn(T::Output, T::Output) -> T + Sync,
{
    fn split_off_left(&self) -> Self {
        *self
    }

    fn to_reducer(&self) -> Self {
        *self
    }
}

impl<'r, T, S, F> Reducer<Option<T>> for TryReduceConsumer<'r, S, F>
where
    T: Try,
    F: Fn(T::Output, T::Output) -> T,
{
    fn reduce(self, left: Option<T>, right: Option<T>) -> Option<T> {
        match (left, right) {
            (Some(left), Some(right)) => {
                let left = left.branch().map_continue(Some);
                let right = right.branch();
                pack(put_together(left, right, self.reduce_op, self.stopped))
            }
            (left, right) => left.or(right),
        }
    }
}

struct TryReduceFolder<'r, T: Try, F> {
    state: ControlFlow<T::Residual, Option<T::Output>>,
    reduce_op: &'r F,
    stopped: &'r AtomicBool,
}

impl<'r, T, F> Folder<T> for TryReduceFolder<'r, T, F>
where
    T: Try,
    F: Fn(T::Output, T::Output) -> T,
{
    type Result = Option<T>;

    fn consume(self, item: T) -> Self {
        let item = item.branch();
        Self {
            state: put_together(self.state, item, self.reduce_op, self.stopped),
            ..self
        }
    }

    fn complete(self) -> Option<T> {
        pack(self.state)
    }

    fn full(&self) -> bool {
        // Ordering: Relaxed, as in `put_together`.
        self.stopped.load(Ordering::Relaxed)
    }
}
