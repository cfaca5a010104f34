//! `for_each_ordered`, `try_for_each_ordered` and the terminals of `par_map_ordered`: items made in
//! parallel, and consumed in order by the calling thread.
//!
//! The loop runs in waves. While the calling thread consumes the items of one wave, other threads
//! begin to make the next. The calling thread joins them when it has consumed its wave. So there is
//! one fork for each wave, and no more than two waves of items are alive.
//!
//! Within a wave, each thread has a *lane*: it takes a batch off the remaining items, makes them,
//! and comes back for more. Batches become shorter towards the end, so that no thread waits long
//! for another. A thread that begins a lane first forks the next lane, so as long as a wave has
//! items there is a lane for one more thread.

use crate::iter::attempt::Try;
use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use crate::sync::{Mutex, lock};
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
    let len = iter.len();
    iter.with_producer(InWaves {
        len,
        window,
        consume,
    })
}

struct InWaves<F> {
    len: usize,
    window: usize,
    consume: F,
}

impl<T, F, R> ProducerCallback<T> for InWaves<F>
where
    T: Send,
    F: FnMut(T) -> R,
    R: Try<Output = ()>,
{
    type Output = R;

    fn callback<P: Producer<Item = T>>(self, producer: P) -> R {
        let mut rest = Some((self.len, producer));
        let take = || {
            let (len, producer) = rest.take().filter(|(len, _)| *len > 0)?;
            // The last wave is all that the producer has.
            if len <= self.window {
                return Some((len, producer));
            }
            let (left, right) = producer.split_at(self.window);
            rest = Some((len - self.window, right));
            Some((self.window, left))
        };
        let make = |(len, wave), here: &mut dyn FnMut() -> bool| make(len, wave, here);
        run(take, make, self.consume)
    }
}

/// Consumes the results of `map_op` for the items of `iter`, which are taken `window` at a time.
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
        // An iterator need not say a second time that it has ended.
        ended = wave.len() < window;
        (!wave.is_empty()).then_some(wave)
    };
    let make = |wave: Vec<I::Item>, here: &mut dyn FnMut() -> bool| {
        let len = wave.len();
        let mapped = wave.into_par_iter().map(map_op);
        mapped.with_producer(MakeBeside { len, here })
    };
    run(take, make, consume)
}

struct MakeBeside<'h> {
    len: usize,
    here: &'h mut dyn FnMut() -> bool,
}

impl<T: Send> ProducerCallback<T> for MakeBeside<'_> {
    type Output = Vec<Batch<T>>;

    fn callback<P: Producer<Item = T>>(self, producer: P) -> Vec<Batch<T>> {
        make(self.len, producer, self.here)
    }
}

/// Consumes one wave after the other. `take` takes a wave from the source, if there is one. `make`
/// makes its items, and meanwhile calls its argument, which says whether they will be needed.
fn run<W, T, R>(
    mut take: impl FnMut() -> Option<W>,
    make: impl Fn(W, &mut dyn FnMut() -> bool) -> Vec<Batch<T>>,
    mut consume: impl FnMut(T) -> R,
) -> R
where
    R: Try<Output = ()>,
{
    let mut consume_all = |wave: Vec<Batch<T>>| -> ControlFlow<R::Residual> {
        for item in wave.into_iter().flat_map(|batch| batch.items) {
            fork::check_cancelled();
            consume(item).branch()?;
        }
        Continue(())
    };
    fork::in_place(|| {
        let mut ready = Vec::new();
        let mut next = take();
        while let Some(wave) = next {
            let mut outcome = Continue(None);
            let made = make(wave, &mut || {
                let consumed = consume_all(mem::take(&mut ready));
                outcome = consumed.map_continue(|()| take());
                outcome.is_continue()
            });
            ready = made;
            next = match outcome {
                Continue(wave) => wave,
                Break(residual) => return R::from_residual(residual),
            };
        }
        match consume_all(ready) {
            Continue(()) => R::from_output(()),
            Break(residual) => R::from_residual(residual),
        }
    })
}

/// Makes the `len` items of a wave while `here` runs on the calling thread, which then helps. If
/// `here` is false, or panics, the items are not needed.
fn make<P>(len: usize, producer: P, here: &mut dyn FnMut() -> bool) -> Vec<Batch<P::Item>>
where
    P: Producer<Item: Send>,
{
    let lanes = fork::num_threads().min(producer.max_threads()).max(1);
    let wave = Wave {
        lanes: lanes.min(len),
        min_len: producer.min_len(),
        max_len: producer.max_len().max(1),
        rest: Mutex::new(Some(Rest {
            len,
            producer,
            batches: 0,
        })),
        stop: AtomicBool::new(false),
    };
    // Without a seat, a lane of the calling thread would be the only one.
    let helps = fork::has_seat();
    let others = if helps { lanes - 1 } else { lanes };
    let (mut batches, made_there) = fork::join(
        || {
            let unless_needed = StopOnDrop(&wave.stop);
            if !here() {
                return Vec::new();
            }
            mem::forget(unless_needed);
            if helps { wave.run_lane() } else { Vec::new() }
        },
        |migrated| {
            if helps && !migrated {
                // The lane of this thread has ended, so nothing is left.
                return Vec::new();
            }
            fork::on_seat(|| wave.run_lanes(others))
        },
    );
    batches.extend(made_there);
    batches.sort_unstable_by_key(|batch| batch.number);
    batches
}

/// The items that one lane has made in one go.
struct Batch<T> {
    number: usize,
    items: Vec<T>,
}

/// A wave that is being made.
struct Wave<P> {
    lanes: usize,
    min_len: usize,
    max_len: usize,
    /// The items that no lane has taken yet. `None` if there are none, or a cut has panicked.
    rest: Mutex<Option<Rest<P>>>,
    /// Will this wave not be consumed? The flag publishes nothing, and to see it late only costs
    /// time.
    stop: AtomicBool,
}

struct Rest<P> {
    len: usize,
    producer: P,
    /// The number of batches that were cut off.
    batches: usize,
}

impl<P: Producer<Item: Send>> Wave<P> {
    /// Takes the next batch: its number, its length, and its producer.
    fn take(&self) -> Option<(usize, usize, P)> {
        let mut held = lock(&self.rest);
        let Rest {
            len,
            producer,
            batches,
        } = held.take()?;
        // A single lane need not leave anything to others.
        let share = if self.lanes > 1 { 2 * self.lanes } else { 1 };
        let size = (len / share).clamp(1, self.max_len).max(self.min_len);
        if size >= len {
            return Some((batches, len, producer));
        }
        let (batch, producer) = producer.split_at(size);
        *held = Some(Rest {
            len: len - size,
            producer,
            batches: batches + 1,
        });
        Some((batches, size, batch))
    }

    /// Makes batches until none is left.
    fn run_lane(&self) -> Vec<Batch<P::Item>> {
        let unless_done = StopOnDrop(&self.stop);
        let mut made = Vec::new();
        while !is_set(&self.stop) {
            fork::check_cancelled();
            let Some((number, len, producer)) = self.take() else {
                break;
            };
            if fork::is_hungry() {
                fork::feed();
            }
            let folder = BatchFolder {
                items: Vec::with_capacity(len),
                stop: &self.stop,
            };
            let items = producer.fold_with(folder).items;
            made.push(Batch { number, items });
        }
        mem::forget(unless_done);
        made
    }

    /// Runs a lane. Others, up to `lanes` together, run on threads that come.
    fn run_lanes(&self, lanes: usize) -> Vec<Batch<P::Item>> {
        match lanes {
            0 => Vec::new(),
            1 => self.run_lane(),
            _ => {
                let (mut made, more) = fork::join(
                    || self.run_lane(),
                    |migrated| {
                        // If this thread still has the half, its own lane has taken all.
                        let others = if migrated { lanes - 1 } else { 0 };
                        self.run_lanes(others)
                    },
                );
                made.extend(more);
                made
            }
        }
    }
}

struct BatchFolder<'s, T> {
    items: Vec<T>,
    stop: &'s AtomicBool,
}

impl<T> Folder<T> for BatchFolder<'_, T> {
    type Result = Vec<T>;

    fn consume(mut self, item: T) -> Self {
        self.items.push(item);
        self
    }

    fn complete(self) -> Vec<T> {
        self.items
    }

    fn full(&self) -> bool {
        is_set(self.stop)
    }
}

#[inline]
fn is_set(stop: &AtomicBool) -> bool {
    // Ordering: Relaxed, for the reason given at `Wave::stop`.
    stop.load(Ordering::Relaxed)
}

/// A guard that tells the lanes to end, unless it is forgotten.
struct StopOnDrop<'s>(&'s AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        // Ordering: Relaxed, for the reason given at `Wave::stop`.
        self.0.store(true, Ordering::Relaxed);
    }
}
