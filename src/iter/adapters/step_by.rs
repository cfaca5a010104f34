//! `step_by`: the first item of each group.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, bridged};

/// Iterator returned by [`IndexedParallelIterator::step_by`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct StepBy<I> {
    base: I,
    step: usize,
}

impl<I> StepBy<I> {
    /// Wraps `base`. `step` is not 0.
    pub(crate) fn new(base: I, step: usize) -> Self {
        Self { base, step }
    }
}

bridged!(StepBy<I> => I::Item, impl<I: IndexedParallelIterator>);

impl<I: IndexedParallelIterator> IndexedParallelIterator for StepBy<I> {
    fn drive<C: Consumer<I::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.base.len().div_ceil(self.step)
    }

    fn with_producer<CB: ProducerCallback<I::Item>>(self, callback: CB) -> CB::Output {
        let len = self.base.len();
        self.base.with_producer(Callback {
            callback,
            len,
            step: self.step,
        })
    }
}

struct Callback<CB> {
    callback: CB,
    len: usize,
    step: usize,
}

impl<T, CB: ProducerCallback<T>> ProducerCallback<T> for Callback<CB> {
    type Output = CB::Output;

    fn callback<P: Producer<Item = T>>(self, base: P) -> CB::Output {
        self.callback.callback(StepByProducer {
            base,
            len: self.len,
            step: self.step,
        })
    }
}

struct StepByProducer<P> {
    base: P,
    /// The length of `base`.
    len: usize,
    step: usize,
}

impl<P: Producer> Producer for StepByProducer<P> {
    type Item = P::Item;
    type IntoIter = std::iter::StepBy<P::IntoIter>;

    fn into_iter(self) -> Self::IntoIter {
        self.base.into_iter().step_by(self.step)
    }

    fn min_len(&self) -> usize {
        self.base.min_len().div_ceil(self.step)
    }

    fn max_len(&self) -> usize {
        self.base.max_len() / self.step
    }

    fn max_threads(&self) -> usize {
        self.base.max_threads()
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let (len, step) = (self.len, self.step);
        // An overflow means a place beyond the end of `base`.
        let middle = index.saturating_mul(step).min(len);
        let (left, right) = self.base.split_at(middle);
        (
            Self {
                base: left,
                len: middle,
                step,
            },
            Self {
                base: right,
                len: len - middle,
                step,
            },
        )
    }
}
