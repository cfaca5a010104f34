//! A list of `Vec`s, one for each piece of the loop, in order.

use super::growing::Growing;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::collections::LinkedList;
use std::mem;

pub(crate) fn collect<I: ParallelIterator>(iter: I) -> LinkedList<Vec<I::Item>> {
    iter.drive_unindexed(ListConsumer::new(false))
}

/// As [`collect`]. The first `Vec` may get room for the items of all others.
pub(crate) fn collect_with_room<I: ParallelIterator>(iter: I) -> LinkedList<Vec<I::Item>> {
    iter.drive_unindexed(ListConsumer::new(true))
}

/// A `Vec` gets at most this many times the room that its items take.
const MOST_ROOM: usize = 8;

/// The numbers are of items of the source, of which a `filter` keeps only some. They are hints: a
/// wrong one costs time or space. 0 means unknown.
#[derive(Clone, Copy)]
struct ListConsumer {
    /// How many items this part of the loop has.
    len: usize,
    /// For how many items the `Vec` of this part should have room.
    wanted: usize,
    /// Will the items of all parts behind this one be moved into its `Vec`?
    is_first: bool,
}

impl ListConsumer {
    fn new(is_first: bool) -> Self {
        Self {
            len: 0,
            wanted: 0,
            is_first,
        }
    }
}

impl<T: Send> Consumer<T> for ListConsumer {
    type Folder = ListFolder<T>;
    type Reducer = ListReducer;
    type Result = LinkedList<Vec<T>>;

    fn split_at(self, index: usize) -> (Self, Self, ListReducer) {
        // Where the length is unknown, the second part is taken to be as long as the first.
        let behind = match self.len.checked_sub(index) {
            None | Some(0) => index,
            Some(behind) => behind,
        };
        let left = Self {
            len: index,
            wanted: if self.is_first {
                self.wanted.max(index.saturating_add(behind))
            } else {
                index
            },
            ..self
        };
        let right = Self {
            len: behind,
            wanted: behind,
            is_first: false,
        };
        (left, right, ListReducer)
    }

    fn into_folder(self) -> ListFolder<T> {
        ListFolder {
            items: Growing::new(),
            begun: self.len,
            wanted: self.wanted,
        }
    }

    fn full(&self) -> bool {
        false
    }

    fn can_rejoin(&self, _: &ListFolder<T>) -> bool {
        true
    }

    fn rejoin(&mut self, folder: &mut ListFolder<T>, index: usize) {
        self.len = self.len.saturating_sub(index);
        folder.make_ready(index, self.len);
    }
}

impl<T: Send> UnindexedConsumer<T> for ListConsumer {
    fn split_off_left(&self) -> Self {
        Self::new(self.is_first)
    }

    fn to_reducer(&self) -> ListReducer {
        ListReducer
    }
}

struct ListFolder<T> {
    items: Growing<T>,
    /// How many items of the source have been put through this folder.
    begun: usize,
    /// For how many items of the source there should be room.
    wanted: usize,
}

impl<T> ListFolder<T> {
    /// Prepares the folder for the next `block` items of the source, before it gets `rest` more.
    ///
    /// A block that should not find enough room makes room for all that should come. How much that
    /// is follows from what was kept of the items before it.
    fn make_ready(&mut self, block: usize, rest: usize) {
        let (kept, begun) = (self.items.len(), self.begun);
        let of = |items: usize| kept as f64 * items as f64 / begun.max(1) as f64;
        let begun_then = begun.saturating_add(block);
        self.wanted = self.wanted.max(begun_then.saturating_add(rest));
        if of(block) > self.items.room() as f64 {
            // An eighth more, as the estimate may be too low.
            let more = of(self.wanted - begun) * 1.125;
            let most = kept.saturating_mul(MOST_ROOM - 1);
            let items = mem::replace(&mut self.items, Growing::new());
            self.items = items.with_room(most.min(more as usize));
        }
        self.begun = begun_then;
    }
}

impl<T> Folder<T> for ListFolder<T> {
    type Result = LinkedList<Vec<T>>;

    #[inline]
    fn consume(self, item: T) -> Self {
        let items = self.items.push(item);
        Self { items, ..self }
    }

    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        let items = self.items.extended(iter);
        Self { items, ..self }
    }

    fn complete(self) -> Self::Result {
        let mut list = LinkedList::new();
        let vec = self.items.into_vec();
        if !vec.is_empty() {
            list.push_back(vec);
        }
        list
    }

    fn full(&self) -> bool {
        false
    }
}

struct ListReducer;

impl<T> Reducer<LinkedList<T>> for ListReducer {
    fn reduce(self, mut left: LinkedList<T>, mut right: LinkedList<T>) -> LinkedList<T> {
        left.append(&mut right);
        left
    }
}
