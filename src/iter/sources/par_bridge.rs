//! `par_bridge`: a sequential iterator that several threads pull from.
//!
//! Each thread that takes part has a *part* of the loop: it pulls items until there are none. A
//! thread that begins its part first forks the next part, in a join that ends with its own. So as
//! long as the iterator has items there is one part that no thread has begun, and any thread can
//! take it, early or late.

use crate::iter::ParallelIterator;
use crate::iter::plumbing::workers::Unwound;
use crate::iter::plumbing::*;
use crate::sync::Mutex;
use crate::util::lent::this_thread;
use std::iter::Fuse;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A method that makes a parallel loop of a sequential iterator.
pub trait ParallelBridge: Sized {
    /// Lets several threads take items of this iterator, each one item at a time.
    ///
    /// The items come in no order. Taking one holds a lock. No item is taken beforehand, so the
    /// iterator may be a channel, or wait for something. That makes sense where an item costs much
    /// more than its `next`, at least some hundred nanoseconds. Collections, slices and ranges have
    /// parallel iterators of their own, which are better in every way. If `next` panics, the loop
    /// ends, and the panic goes on in the caller.
    ///
    /// ```
    /// use manyhands::prelude::*;
    /// use std::sync::mpsc::channel;
    ///
    /// let (sender, receiver) = channel();
    /// sender.send("many").unwrap();
    /// sender.send("hands").unwrap();
    /// drop(sender);
    /// let letters: usize = receiver.into_iter().par_bridge().map(str::len).sum();
    /// assert_eq!(letters, 9);
    /// ```
    fn par_bridge(self) -> IterBridge<Self>;
}

impl<I: Iterator<Item: Send> + Send> ParallelBridge for I {
    fn par_bridge(self) -> IterBridge<Self> {
        IterBridge { iter: self }
    }
}

/// Iterator returned by [`ParallelBridge::par_bridge`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct IterBridge<I> {
    iter: I,
}

impl<I: Iterator<Item: Send> + Send> ParallelIterator for IterBridge<I> {
    type Item = I::Item;

    fn drive_unindexed<C: UnindexedConsumer<I::Item>>(self, consumer: C) -> C::Result {
        fork::on_seat(move || {
            let shared = Shared {
                owner: AtomicUsize::new(NOBODY),
                iter: Mutex::new(self.iter.fuse()),
                unwound: Unwound::default(),
            };
            run_part(&shared, consumer)
        })
    }
}

struct Shared<I> {
    /// The thread that is in `next`, or [`NOBODY`].
    owner: AtomicUsize,
    iter: Mutex<Fuse<I>>,
    unwound: Unwound,
}

/// The owner while no thread is in `next`.
const NOBODY: usize = 0;

impl<I: Iterator> Shared<I> {
    /// Takes the next item. `None` at the end of the loop, or if there will be no item for this
    /// thread.
    fn next(&self) -> Option<I::Item> {
        let me = this_thread();
        // Ordering: Relaxed, here and below: only this thread writes its own number.
        if self.owner.load(Ordering::Relaxed) == me {
            // `next` itself has called this function: it runs another piece of the loop while it
            // waits for something. The call that holds the lock will take these items as well.
            return None;
        }
        // Poisoned: `next` has panicked in another piece.
        let mut iter = self.iter.lock().ok()?;
        self.owner.store(me, Ordering::Relaxed);
        let item = iter.next();
        self.owner.store(NOBODY, Ordering::Relaxed);
        item
    }

    /// Gives items to `folder` until there are none, or it is full.
    fn fold_with<F: Folder<I::Item>>(&self, mut folder: F) -> F {
        // The lock is held for `next` only, not while the folder works.
        while !folder.full() && !self.unwound.is_set() {
            fork::check_cancelled();
            let Some(item) = self.next() else {
                break;
            };
            if fork::is_hungry() {
                fork::feed();
            }
            folder = self.unwound.watch(|| folder.consume(item));
        }
        folder
    }
}

/// Runs one part of the loop.
fn run_part<I, C>(shared: &Shared<I>, consumer: C) -> C::Result
where
    I: Iterator<Item: Send> + Send,
    C: UnindexedConsumer<I::Item>,
{
    fork::check_cancelled();
    if consumer.full() || shared.unwound.is_set() {
        return consumer.into_folder().complete();
    }
    let reducer = consumer.to_reducer();
    let mine = consumer.split_off_left();
    let (mine, others) = fork::join(
        || shared.fold_with(mine.into_folder()).complete(),
        |migrated| {
            if migrated {
                run_part(shared, consumer)
            } else {
                // This thread has found the end, or its caller takes all that is left.
                consumer.into_folder().complete()
            }
        },
    );
    reducer.reduce(mine, others)
}
