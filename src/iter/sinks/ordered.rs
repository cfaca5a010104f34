//! `for_each_ordered`, `try_for_each_ordered` and the terminals of `par_map_ordered`: items made in
//! parallel, and consumed in order by the calling thread.
//!
//! The loop runs in waves. While the calling thread consumes the items of one, the next is made by
//! whoever has time; if nobody has, the calling thread makes it afterwards. So it is a join for
//! each wave, and no more than two waves of items are alive.

use super::collect::indexed::{self, CollectConsumer, Written};
use crate::iter::adapters::gate::GateConsumer;
use crate::iter::adapters::stop_when::Until;
use crate::iter::attempt::Try;
use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use std::mem;
use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::atomic::{AtomicBool, Ordering};

/// Consumes the items of `iter`, in waves of `window`.
pub(crate) fn try_for_each<I, F, R>(iter: I, window: usize, consume: F) -> R
where
    I: IndexedParallelIterator,
    F: FnMut(I::Item) -> R,
    R: Try<Output = ()>,
{
    let rest = iter.len();
    iter.with_producer(Callback {
        rest,
        window,
        consume,
    })
}

struct Callback<F> {
    rest: usize,
    window: usize,
    consume: F,
}

impl<T, F, R> ProducerCallback<T> for Callback<F>
where
    T: Send,
    F: FnMut(T) -> R,
    R: Try<Output = ()>,
{
    type Output = R;

    fn callback<P: Producer<Item = T>>(mut self, producer: P) -> R {
        let mut behind = Some(producer);
        let take = || {
            let producer = behind.take().filter(|_| self.rest > 0)?;
            let len = self.rest.min(self.window);
            let (wave, others) = producer.split_at(len);
            self.rest -= len;
            behind = Some(others);
            Some((len, wave))
        };
        let make = |(len, wave), items: &mut Vec<T>, stop: &AtomicBool| {
            fill(items, len, stop, |consumer| {
                bridge_producer_consumer(len, wave, consumer)
            });
        };
        in_waves(take, make, self.consume)
    }
}

/// Consumes what `map_op` makes of the items of `iter`, which are taken `window` at a time.
pub(crate) fn try_for_each_mapped<I, M, T, F, R>(
    mut iter: I,
    window: usize,
    map_op: &M,
    consume: F,
) -> R
where
    I: Iterator<Item: Send>,
    M: Fn(I::Item) -> T + Sync,
    T: Send,
    F: FnMut(T) -> R,
    R: Try<Output = ()>,
{
    let mut ended = false;
    let take = || {
        if ended {
            return None;
        }
        let wave: Vec<I::Item> = iter.by_ref().take(window).collect();
        // An iterator need not be able to say twice that it has ended.
        ended = wave.len() < window;
        (!wave.is_empty()).then_some(wave)
    };
    let make = |wave: Vec<I::Item>, items: &mut Vec<T>, stop: &AtomicBool| {
        fill(items, wave.len(), stop, |consumer| {
            wave.into_par_iter().map(map_op).drive(consumer)
        });
    };
    in_waves(take, make, consume)
}

/// Takes, makes and consumes wave after wave, until there are no more, or `consume` says "stop".
/// Only `make` runs elsewhere.
fn in_waves<W, T, R>(
    mut take: impl FnMut() -> Option<W>,
    make: impl Fn(W, &mut Vec<T>, &AtomicBool) + Sync,
    mut consume: impl FnMut(T) -> R,
) -> R
where
    W: Send,
    T: Send,
    R: Try<Output = ()>,
{
    let stop = AtomicBool::new(false);
    let (mut ready, mut next) = (Vec::new(), Vec::new());
    let mut consume_all = |items: &mut Vec<T>| -> ControlFlow<R::Residual> {
        for item in items.drain(..) {
            fork::check_cancelled();
            consume(item).branch()?;
        }
        Continue(())
    };
    fork::in_place(|| {
        let mut waiting = take();
        while let Some(wave) = waiting {
            let here = || {
                let unless_done = StopOnDrop(&stop);
                consume_all(&mut ready)?;
                let waiting = take();
                mem::forget(unless_done);
                Continue(waiting)
            };
            let (outcome, ()) = fork::join_here(here, || make(wave, &mut next, &stop));
            waiting = match outcome {
                Continue(waiting) => waiting,
                Break(residual) => return R::from_residual(residual),
            };
            mem::swap(&mut ready, &mut next);
        }
        match consume_all(&mut ready) {
            Continue(()) => R::from_output(()),
            Break(residual) => R::from_residual(residual),
        }
    })
}

/// Tells whoever makes the next wave that nobody will consume it.
struct StopOnDrop<'s>(&'s AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        // Ordering: Relaxed; to see it late only costs time.
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Appends the `len` items that `drive` makes, or ends soon after `stop`.
fn fill<T, D>(items: &mut Vec<T>, len: usize, stop: &AtomicBool, drive: D)
where
    T: Send,
    D: for<'c, 's> FnOnce(GateConsumer<'s, CollectConsumer<'c, T>, Until<'s>>) -> Written<'c, T>,
{
    let gate = Until(stop);
    let complete =
        indexed::try_append_with(items, len, |slots| drive(GateConsumer::new(slots, &gate)));
    // Ordering: Relaxed; the same thread or one that it has joined has read it as true before, if
    // that is why items are missing.
    assert!(
        complete || stop.load(Ordering::Relaxed),
        "the iterator did not make as many items as it promised"
    );
}
