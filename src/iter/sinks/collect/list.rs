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
        let (kept, before) = (self.items.len(), self.begun);
        self.begun = before.saturating_add(block);
        self.wanted = self.wanted.max(self.begun.saturating_add(rest));
        if kept.saturating_mul(block) > self.items.room().saturating_mul(before) {
            let items = mem::replace(&mut self.items, Growing::new());
            self.items = with_room(items, before, self.wanted);
        }
    }
}

/// Makes room for what `wanted` items of the source should leave, if `begun` of them left `items`.
#[cold]
fn with_room<T>(items: Growing<T>, begun: usize, wanted: usize) -> Growing<T> {
    let kept = items.len();
    // An eighth more, as the estimate may be too low.
    let each = 1.125 * kept as f64 / begun.max(1) as f64;
    let more = (each * (wanted - begun) as f64) as usize;
    items.with_room(more.min(kept.saturating_mul(MOST_ROOM - 1)))
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

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::{ListConsumer, ListFolder, MOST_ROOM};
    use crate::iter::plumbing::{Consumer, Folder};

    /// Puts `blocks` of source items through a folder that keeps one of `each`. Returns how much
    /// room there is after each block.
    fn fold(consumer: ListConsumer, blocks: &[usize], each: usize) -> (Vec<usize>, Vec<usize>) {
        let (first, mut rest, _) = Consumer::<usize>::split_at(consumer, blocks[0]);
        let mut folder: ListFolder<usize> = first.into_folder();
        let mut rooms = Vec::new();
        let mut begun = 0;
        for (number, &block) in blocks.iter().enumerate() {
            if number > 0 {
                assert!(Consumer::<usize>::can_rejoin(&rest, &folder));
                rest.rejoin(&mut folder, block);
            }
            let items = (begun..begun + block).filter(|item| item % each == 0);
            folder = items.fold(folder, Folder::consume);
            begun += block;
            rooms.push(folder.items.len() + folder.items.room());
        }
        (folder.items.into_vec(), rooms)
    }

    fn changes(rooms: &[usize]) -> usize {
        rooms.windows(2).filter(|pair| pair[0] != pair[1]).count()
    }

    #[test]
    fn a_part_of_known_length_gets_room_for_what_it_should_leave() {
        let (part, ..) = Consumer::<()>::split_at(ListConsumer::new(false), 100_000);
        let (items, rooms) = fold(part, &[1_000; 100], 4);
        assert!(items.iter().copied().eq((0..100_000).step_by(4)));
        assert!(changes(&rooms) <= 3, "{rooms:?}");
        assert!(rooms[99] <= 32_000, "{rooms:?}");
    }

    #[test]
    fn the_first_part_gets_room_for_all_parts() {
        let (first, behind, _) = Consumer::<()>::split_at(ListConsumer::new(true), 100_000);
        let (_, rooms) = fold(first, &[1_000; 100], 4);
        assert!((50_000..70_000).contains(&rooms[99]), "{rooms:?}");
        let (_, rooms) = fold(behind, &[1_000; 100], 4);
        assert!((25_000..32_000).contains(&rooms[99]), "{rooms:?}");
    }

    #[test]
    fn room_grows_in_steps_although_blocks_are_short() {
        // Nothing is known of the length; the blocks are those of short inner loops.
        let (items, rooms) = fold(ListConsumer::new(true), &[10; 10_000], 1);
        assert_eq!(items.len(), 100_000);
        assert!(changes(&rooms) <= 20, "{rooms:?}");
        assert!(rooms[9_999] <= 300_000, "{rooms:?}");
    }

    #[test]
    fn a_wrong_guess_costs_a_bounded_room() {
        let (part, ..) = Consumer::<()>::split_at(ListConsumer::new(true), 1_000_000);
        // All of the first items are kept, and then none: 0 is the only multiple.
        let (items, rooms) = fold(part, &[1, 100, 10_000, 900_000], 1_000_000);
        assert_eq!(items, [0]);
        assert!(rooms.iter().all(|&room| room <= MOST_ROOM), "{rooms:?}");
    }
}
