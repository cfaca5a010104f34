//! A list of `Vec`s, one for each piece of the loop, in order.

use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::collections::LinkedList;

pub(crate) fn collect<I: ParallelIterator>(iter: I) -> LinkedList<Vec<I::Item>> {
    iter.drive_unindexed(ListConsumer)
}

struct ListConsumer;

impl<T: Send> Consumer<T> for ListConsumer {
    type Folder = ListFolder<T>;
    type Reducer = ListReducer;
    type Result = LinkedList<Vec<T>>;

    fn split_at(self, _index: usize) -> (Self, Self, ListReducer) {
        (Self, Self, ListReducer)
    }

    fn into_folder(self) -> ListFolder<T> {
        ListFolder { vec: Vec::new() }
    }

    fn full(&self) -> bool {
        false
    }

    fn rejoin(self, folder: ListFolder<T>, _index: usize) -> Rejoined<ListFolder<T>, Self> {
        Ok((folder, self))
    }
}

impl<T: Send> UnindexedConsumer<T> for ListConsumer {
    fn split_off_left(&self) -> Self {
        Self
    }

    fn to_reducer(&self) -> ListReducer {
        ListReducer
    }
}

struct ListFolder<T> {
    vec: Vec<T>,
}

impl<T> Folder<T> for ListFolder<T> {
    type Result = LinkedList<Vec<T>>;

    fn consume(mut self, item: T) -> Self {
        self.vec.push(item);
        self
    }

    fn consume_iter<I: IntoIterator<Item = T>>(mut self, iter: I) -> Self {
        self.vec.extend(iter);
        self
    }

    fn complete(self) -> Self::Result {
        let mut list = LinkedList::new();
        if !self.vec.is_empty() {
            list.push_back(self.vec);
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
