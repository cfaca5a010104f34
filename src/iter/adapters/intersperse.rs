//! `intersperse`: an element between each two items.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, ParallelIterator};

/// Iterator returned by [`ParallelIterator::intersperse`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Intersperse<I: ParallelIterator> {
    base: I,
    element: I::Item,
}

impl<I: ParallelIterator> Intersperse<I> {
    pub(crate) fn new(base: I, element: I::Item) -> Self {
        Self { base, element }
    }
}

/// The length that a loop of `len` items gets.
fn interspersed(len: usize) -> Option<usize> {
    match len.checked_sub(1) {
        None => Some(0),
        Some(gaps) => len.checked_add(gaps),
    }
}

impl<I, T> ParallelIterator for Intersperse<I>
where
    I: ParallelIterator<Item = T>,
    T: Clone + Send,
{
    type Item = T;

    fn drive_unindexed<C: UnindexedConsumer<T>>(self, consumer: C) -> C::Result {
        let exact = self.opt_len().is_some();
        let consumer = IntersperseConsumer {
            base: consumer,
            element: self.element,
            at_index: exact.then_some(Lead::No),
        };
        self.base.drive_unindexed(consumer).result
    }

    fn opt_len(&self) -> Option<usize> {
        interspersed(self.base.opt_len()?)
    }
}

impl<I, T> IndexedParallelIterator for Intersperse<I>
where
    I: IndexedParallelIterator<Item = T>,
    T: Clone + Send,
{
    fn drive<C: Consumer<T>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        interspersed(self.base.len()).unwrap_or(usize::MAX)
    }

    fn with_producer<CB: ProducerCallback<T>>(self, callback: CB) -> CB::Output {
        let len = interspersed(self.base.len());
        let len = len.expect("the places of an interspersed loop must not be more than usize::MAX");
        self.base.with_producer(Callback {
            callback,
            len,
            element: self.element,
        })
    }
}

struct Callback<CB, T> {
    callback: CB,
    len: usize,
    element: T,
}

impl<T, CB> ProducerCallback<T> for Callback<CB, T>
where
    T: Clone + Send,
    CB: ProducerCallback<T>,
{
    type Output = CB::Output;

    fn callback<P: Producer<Item = T>>(self, base: P) -> CB::Output {
        self.callback.callback(IntersperseProducer {
            base,
            len: self.len,
            element: self.element,
            element_first: false,
        })
    }
}

struct IntersperseProducer<P, T> {
    base: P,
    /// The length, with the elements in between.
    len: usize,
    element: T,
    /// Was the cut made before an element?
    element_first: bool,
}

impl<P, T> Producer for IntersperseProducer<P, T>
where
    P: Producer<Item = T>,
    T: Clone + Send,
{
    type Item = T;
    type IntoIter = IntersperseIter<P::IntoIter, T>;

    fn into_iter(self) -> Self::IntoIter {
        IntersperseIter {
            base: self.base.into_iter(),
            len: self.len,
            element: self.element,
            element_first: self.element_first,
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
        let element_first = self.element_first;
        let items = if element_first {
            index / 2
        } else {
            index.div_ceil(2)
        };
        let (left, right) = self.base.split_at(items);
        (
            Self {
                base: left,
                len: index,
                element: self.element.clone(),
                element_first,
            },
            Self {
                base: right,
                len: self.len - index,
                element: self.element,
                element_first: element_first ^ (index % 2 == 1),
            },
        )
    }
}

struct IntersperseIter<I, T> {
    base: I,
    len: usize,
    element: T,
    element_first: bool,
}

impl<I, T> Iterator for IntersperseIter<I, T>
where
    I: Iterator<Item = T>,
    T: Clone,
{
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        let is_element = self.element_first;
        self.element_first = !is_element;
        if is_element {
            Some(self.element.clone())
        } else {
            self.base.next()
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }
}

impl<I, T> DoubleEndedIterator for IntersperseIter<I, T>
where
    I: DoubleEndedIterator<Item = T>,
    T: Clone,
{
    fn next_back(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        // The last place has the kind of the first if it is an even number of places away.
        let is_element = self.element_first ^ (self.len % 2 == 1);
        if is_element {
            Some(self.element.clone())
        } else {
            self.base.next_back()
        }
    }
}

impl<I, T> ExactSizeIterator for IntersperseIter<I, T>
where
    I: Iterator<Item = T>,
    T: Clone,
{
}

/// Does an element come before the first item of a piece?
#[derive(Clone, Copy, Debug)]
enum Lead {
    No,
    Yes,
}

/// The number of elements that come with `items` items.
fn elements(items: usize, lead: Lead) -> usize {
    match lead {
        Lead::Yes => items,
        Lead::No => items.saturating_sub(1),
    }
}

/// The lead of the piece after `items` items.
fn next_lead(items: usize, lead: Lead) -> Lead {
    if items > 0 { Lead::Yes } else { lead }
}

/// A consumer that puts elements between the items. If the length of the loop is known, it is split
/// by index. Each piece except the first begins with an element, and the places of the other
/// elements follow.
///
/// If the length is not known, a piece may turn out to be empty. Only when two pieces have ended is
/// it known whether there is an element between them. So each split makes a third consumer, for
/// this one element, and keeps it in the reducer.
struct IntersperseConsumer<C, T> {
    base: C,
    element: T,
    /// The lead of the piece: `Some` if the length of the loop is known.
    at_index: Option<Lead>,
}

impl<C: UnindexedConsumer<T>, T: Clone> IntersperseConsumer<C, T> {
    fn gap(&self) -> Gap<C, T, C::Reducer> {
        Gap {
            before: self.base.to_reducer(),
            consumer: self.base.split_off_left(),
            element: self.element.clone(),
        }
    }
}

impl<C, T> Consumer<T> for IntersperseConsumer<C, T>
where
    C: UnindexedConsumer<T>,
    T: Clone + Send,
{
    type Folder = IntersperseFolder<C::Folder, T>;
    type Reducer = IntersperseReducer<C, T, C::Reducer>;
    type Result = Interspersed<C::Result>;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let Some(lead) = self.at_index else {
            let left = self.split_off_left();
            let reducer = self.to_reducer();
            return (left, self, reducer);
        };
        let places = index + elements(index, lead);
        let (left, right, base) = self.base.split_at(places);
        (
            Self {
                base: left,
                element: self.element.clone(),
                at_index: Some(lead),
            },
            Self {
                base: right,
                element: self.element,
                at_index: Some(next_lead(index, lead)),
            },
            IntersperseReducer { base, gap: None },
        )
    }

    fn into_folder(self) -> Self::Folder {
        IntersperseFolder {
            base: self.base.into_folder(),
            element: self.element,
            lead: self.at_index.unwrap_or(Lead::No),
            is_empty: true,
        }
    }

    fn full(&self) -> bool {
        self.base.full()
    }

    fn can_rejoin(&self, folder: &Self::Folder) -> bool {
        self.base.can_rejoin(&folder.base)
    }

    fn rejoin(&mut self, folder: &mut Self::Folder, index: usize) {
        let places = self
            .at_index
            .map_or(index, |lead| index + elements(index, lead));
        self.at_index = self.at_index.map(|lead| next_lead(index, lead));
        self.base.rejoin(&mut folder.base, places);
    }
}

impl<C, T> UnindexedConsumer<T> for IntersperseConsumer<C, T>
where
    C: UnindexedConsumer<T>,
    T: Clone + Send,
{
    fn split_off_left(&self) -> Self {
        Self {
            base: self.base.split_off_left(),
            element: self.element.clone(),
            at_index: self.at_index,
        }
    }

    fn to_reducer(&self) -> Self::Reducer {
        IntersperseReducer {
            base: self.base.to_reducer(),
            gap: Some(self.gap()),
        }
    }
}

struct IntersperseFolder<B, T> {
    base: B,
    element: T,
    lead: Lead,
    is_empty: bool,
}

impl<B, T> Folder<T> for IntersperseFolder<B, T>
where
    B: Folder<T>,
    T: Clone,
{
    type Result = Interspersed<B::Result>;

    fn consume(mut self, item: T) -> Self {
        if !self.is_empty || matches!(self.lead, Lead::Yes) {
            self.base = self.base.consume(self.element.clone());
            if self.base.full() {
                return self;
            }
        }
        self.is_empty = false;
        self.base = self.base.consume(item);
        self
    }

    fn complete(self) -> Self::Result {
        Interspersed {
            result: self.base.complete(),
            is_empty: self.is_empty,
        }
    }

    fn full(&self) -> bool {
        self.base.full()
    }
}

/// The result of a piece, and whether it had items.
struct Interspersed<R> {
    result: R,
    is_empty: bool,
}

/// The element that may come between two pieces.
struct Gap<C, T, Q> {
    /// The reducer of the first piece and the element.
    before: Q,
    consumer: C,
    element: T,
}

struct IntersperseReducer<C, T, Q> {
    base: Q,
    gap: Option<Gap<C, T, Q>>,
}

impl<C, T> Reducer<Interspersed<C::Result>> for IntersperseReducer<C, T, C::Reducer>
where
    C: Consumer<T>,
{
    fn reduce(
        self,
        left: Interspersed<C::Result>,
        right: Interspersed<C::Result>,
    ) -> Interspersed<C::Result> {
        let is_empty = left.is_empty && right.is_empty;
        let mut result = left.result;
        if let Some(gap) = self.gap {
            let folder = gap.consumer.into_folder();
            let folder = if left.is_empty || right.is_empty {
                folder
            } else {
                folder.consume(gap.element)
            };
            result = gap.before.reduce(result, folder.complete());
        }
        Interspersed {
            result: self.base.reduce(result, right.result),
            is_empty,
        }
    }
}
