//! `panic_fuse`: a panic anywhere stops the loop at each next item.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, ParallelIterator};
use std::iter::from_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Iterator returned by [`ParallelIterator::panic_fuse`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct PanicFuse<I> {
    base: I,
}

impl<I> PanicFuse<I> {
    pub(crate) fn new(base: I) -> Self {
        Self { base }
    }
}

/// The flag that all pieces of the loop share. It publishes no data, and to see it late only costs
/// time.
#[derive(Default)]
struct Fuse(AtomicBool);

impl Fuse {
    fn is_blown(&self) -> bool {
        // Ordering: Relaxed; the flag publishes nothing.
        self.0.load(Ordering::Relaxed)
    }
}

/// A guard that lives as long as items pass, and blows the fuse if a panic drops it.
struct Guard<'f> {
    fuse: &'f Fuse,
    /// Was the thread panicking before? The whole loop may run inside a destructor that an older
    /// panic has called.
    was_panicking: bool,
}

impl<'f> Guard<'f> {
    fn new(fuse: &'f Fuse) -> Self {
        Self {
            fuse,
            was_panicking: thread::panicking(),
        }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if thread::panicking() && !self.was_panicking {
            // Ordering: Relaxed, as in `is_blown`.
            self.fuse.0.store(true, Ordering::Relaxed);
        }
    }
}

impl<I: ParallelIterator> ParallelIterator for PanicFuse<I> {
    type Item = I::Item;

    fn drive_unindexed<C: UnindexedConsumer<I::Item>>(self, consumer: C) -> C::Result {
        let fuse = Fuse::default();
        self.base
            .drive_unindexed(PanicFuseConsumer::new(consumer, &fuse))
    }

    fn opt_len(&self) -> Option<usize> {
        self.base.opt_len()
    }
}

impl<I: IndexedParallelIterator> IndexedParallelIterator for PanicFuse<I> {
    fn drive<C: Consumer<I::Item>>(self, consumer: C) -> C::Result {
        let fuse = Fuse::default();
        self.base.drive(PanicFuseConsumer::new(consumer, &fuse))
    }

    fn len(&self) -> usize {
        self.base.len()
    }

    fn with_producer<CB: ProducerCallback<I::Item>>(self, callback: CB) -> CB::Output {
        let fuse = Fuse::default();
        self.base.with_producer(Callback {
            callback,
            fuse: &fuse,
        })
    }
}

struct Callback<'f, CB> {
    callback: CB,
    fuse: &'f Fuse,
}

impl<'f, T, CB: ProducerCallback<T>> ProducerCallback<T> for Callback<'f, CB> {
    type Output = CB::Output;

    fn callback<P: Producer<Item = T>>(self, base: P) -> CB::Output {
        self.callback.callback(PanicFuseProducer {
            base,
            fuse: self.fuse,
        })
    }
}

struct PanicFuseProducer<'f, P> {
    base: P,
    fuse: &'f Fuse,
}

impl<'f, P: Producer> Producer for PanicFuseProducer<'f, P> {
    type Item = P::Item;
    type IntoIter = PanicFuseIter<'f, P::IntoIter>;

    fn into_iter(self) -> Self::IntoIter {
        PanicFuseIter {
            guard: Guard::new(self.fuse),
            base: self.base.into_iter(),
        }
    }

    fn min_len(&self) -> usize {
        self.base.min_len()
    }

    fn max_len(&self) -> usize {
        self.base.max_len()
    }

    fn max_threads(&self) -> usize {
        self.base.max_threads()
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let fuse = self.fuse;
        let (left, right) = self.base.split_at(index);
        (Self { base: left, fuse }, Self { base: right, fuse })
    }

    fn fold_with<F: Folder<P::Item>>(self, folder: F) -> F {
        let folder = PanicFuseFolder {
            guard: Guard::new(self.fuse),
            base: folder,
        };
        self.base.fold_with(folder).base
    }
}

/// An iterator that ends early if the fuse is blown. Its length is then wrong, but the loop has no
/// result anyway.
struct PanicFuseIter<'f, I> {
    guard: Guard<'f>,
    base: I,
}

impl<I: Iterator> Iterator for PanicFuseIter<'_, I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        if self.guard.fuse.is_blown() {
            return None;
        }
        self.base.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.base.size_hint()
    }
}

impl<I: DoubleEndedIterator> DoubleEndedIterator for PanicFuseIter<'_, I> {
    fn next_back(&mut self) -> Option<I::Item> {
        if self.guard.fuse.is_blown() {
            return None;
        }
        self.base.next_back()
    }
}

impl<I: ExactSizeIterator> ExactSizeIterator for PanicFuseIter<'_, I> {}

struct PanicFuseConsumer<'f, C> {
    base: C,
    fuse: &'f Fuse,
}

impl<'f, C> PanicFuseConsumer<'f, C> {
    fn new(base: C, fuse: &'f Fuse) -> Self {
        Self { base, fuse }
    }
}

impl<'f, T, C: Consumer<T>> Consumer<T> for PanicFuseConsumer<'f, C> {
    type Folder = PanicFuseFolder<'f, C::Folder>;
    type Reducer = C::Reducer;
    type Result = C::Result;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let (left, right, reducer) = self.base.split_at(index);
        (
            Self::new(left, self.fuse),
            Self::new(right, self.fuse),
            reducer,
        )
    }

    fn into_folder(self) -> Self::Folder {
        PanicFuseFolder {
            guard: Guard::new(self.fuse),
            base: self.base.into_folder(),
        }
    }

    fn full(&self) -> bool {
        self.fuse.is_blown() || self.base.full()
    }

    fn can_rejoin(&self, folder: &Self::Folder) -> bool {
        self.base.can_rejoin(&folder.base)
    }

    fn rejoin(&mut self, folder: &mut Self::Folder, index: usize) {
        self.base.rejoin(&mut folder.base, index);
    }
}

impl<'f, T, C: UnindexedConsumer<T>> UnindexedConsumer<T> for PanicFuseConsumer<'f, C> {
    fn split_off_left(&self) -> Self {
        Self::new(self.base.split_off_left(), self.fuse)
    }

    fn to_reducer(&self) -> Self::Reducer {
        self.base.to_reducer()
    }
}

struct PanicFuseFolder<'f, B> {
    guard: Guard<'f>,
    base: B,
}

impl<'f, T, B: Folder<T>> Folder<T> for PanicFuseFolder<'f, B> {
    type Result = B::Result;

    fn consume(self, item: T) -> Self {
        Self {
            base: self.base.consume(item),
            guard: self.guard,
        }
    }

    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        let Self { guard, base } = self;
        let mut iter = iter.into_iter();
        let unblown = from_fn(|| {
            if guard.fuse.is_blown() {
                None
            } else {
                iter.next()
            }
        });
        let base = base.consume_iter(unblown);
        Self { guard, base }
    }

    fn complete(self) -> B::Result {
        self.base.complete()
    }

    fn full(&self) -> bool {
        self.guard.fuse.is_blown() || self.base.full()
    }
}
