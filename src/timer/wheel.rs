//! A hierarchical timing wheel: wakers by the tick at which they are to be called.
//!
//! Eleven levels of 64 slots. A slot of level 0 is one tick wide, one of the next level 64 ticks,
//! and so on; together they cover all of a `u64`. An entry stands on the level where its deadline
//! first differs from the present, and moves down when its slot comes. So inserting and removing
//! touch one list each, however many entries there are. An entry that is never removed moves at
//! most ten times. (The idea is Varghese and Lauck's; Linux and tokio use it, too.)
//!
//! Entries are places of a slab, linked by index: no pointers, and one allocation for all entries.

use std::fmt;
use std::task::Waker;

/// The number of levels: with 6 bits each they cover all 64 bits of a deadline.
const LEVELS: usize = 11;
/// The number of bits of a deadline that choose the slot of a level.
const SLOT_BITS: u32 = 6;
/// The number of slots of a level.
const SLOTS: usize = 1 << SLOT_BITS;

/// The index that stands for "no entry": the end of a list.
const NIL: u32 = u32::MAX;

/// A name for an entry. It stays unambiguous after the entry is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    index: u32,
    generation: u32,
}

#[derive(Debug)]
struct Entry {
    deadline: u64,
    /// The waker to be called. `None`: the place is free.
    waker: Option<Waker>,
    prev: u32,
    /// The next entry of the slot, or the next free place.
    next: u32,
    generation: u32,
    /// The entry's slot, counted over all levels.
    slot: u32,
}

pub(super) struct Wheel {
    /// The present tick. All entries with a deadline up to here are gone.
    now: u64,
    entries: Vec<Entry>,
    free: u32,
    len: usize,
    /// The first entry of each slot.
    heads: [u32; LEVELS * SLOTS],
    /// For each level, one bit for each slot that has entries.
    occupied: [u64; LEVELS],
}

impl Wheel {
    pub(super) fn new() -> Self {
        Self {
            now: 0,
            entries: Vec::new(),
            free: NIL,
            len: 0,
            heads: [NIL; LEVELS * SLOTS],
            occupied: [0; LEVELS],
        }
    }

    /// Adds an entry. An error, with the waker: the deadline has passed.
    pub(super) fn insert(&mut self, deadline: u64, waker: Waker) -> Result<Key, Waker> {
        if deadline <= self.now {
            return Err(waker);
        }
        let index = self.place();
        let entry = &mut self.entries[index as usize];
        entry.deadline = deadline;
        entry.waker = Some(waker);
        let generation = entry.generation;
        self.link(index);
        self.len += 1;
        Ok(Key { index, generation })
    }

    /// The waker of an entry that is still there.
    pub(super) fn waker(&mut self, key: Key) -> Option<&mut Waker> {
        let entry = self.entries.get_mut(key.index as usize)?;
        let waker = entry.waker.as_mut()?;
        (entry.generation == key.generation).then_some(waker)
    }

    /// Takes an entry out. The caller drops its waker where it holds no lock.
    pub(super) fn remove(&mut self, key: Key) -> Option<Waker> {
        self.waker(key)?;
        self.unlink(key.index);
        self.release(key.index)
    }

    /// The next tick with something to do: an entry expires, or entries move down.
    pub(super) fn next(&self) -> Option<u64> {
        self.next_slot().map(|(_, start)| start)
    }

    /// The earliest deadline.
    #[cfg(feature = "test-util")]
    pub(super) fn first(&self) -> Option<u64> {
        let (slot, _) = self.next_slot()?;
        // All entries of the first slot come before all others.
        let mut first = None;
        let mut index = self.heads[slot];
        while index != NIL {
            let entry = &self.entries[index as usize];
            first = first.map_or(Some(entry.deadline), |first: u64| {
                Some(first.min(entry.deadline))
            });
            index = entry.next;
        }
        first
    }

    /// Ticks are of another length from now on: replaces the present tick and all deadlines. Keys
    /// stay. No deadline may come to lie at the present tick or before it.
    #[cfg(feature = "test-util")]
    pub(super) fn change_ticks(
        &mut self,
        present: impl Fn(u64) -> u64,
        deadline: impl Fn(u64) -> u64,
    ) {
        self.now = present(self.now);
        self.heads = [NIL; LEVELS * SLOTS];
        self.occupied = [0; LEVELS];
        for index in 0..self.entries.len() {
            let entry = &mut self.entries[index];
            if entry.waker.is_some() {
                entry.deadline = deadline(entry.deadline);
                debug_assert!(entry.deadline > self.now);
                // There are fewer than 2^32 entries.
                self.link(index as u32);
            }
        }
    }

    /// Goes on to `now`, and moves the wakers of expired entries to `due`, as many as fit without
    /// growing it. `false`: there may be more.
    pub(super) fn advance(&mut self, now: u64, due: &mut Vec<Waker>) -> bool {
        while let Some((slot, start)) = self.next_slot() {
            if start > now {
                break;
            }
            self.now = start;
            while self.heads[slot] != NIL {
                let index = self.heads[slot];
                if slot >= SLOTS {
                    // The entry moves down by one or more levels.
                    self.unlink(index);
                    self.link(index);
                } else if due.len() == due.capacity() {
                    return false;
                } else {
                    self.unlink(index);
                    due.extend(self.release(index));
                }
            }
        }
        self.now = self.now.max(now);
        true
    }

    /// Takes all wakers out, for good.
    pub(super) fn take_all(&mut self) -> Vec<Waker> {
        let all = std::mem::replace(self, Self::new());
        self.now = all.now;
        all.entries.into_iter().filter_map(|e| e.waker).collect()
    }

    /// Finds or makes a free place.
    fn place(&mut self) -> u32 {
        if self.free != NIL {
            let index = self.free;
            self.free = self.entries[index as usize].next;
            return index;
        }
        let index = u32::try_from(self.entries.len()).unwrap_or(NIL);
        assert_ne!(index, NIL, "more than 2^32 timers at a time");
        self.entries.push(Entry {
            deadline: 0,
            waker: None,
            prev: NIL,
            next: NIL,
            generation: 0,
            slot: 0,
        });
        index
    }

    /// Makes an unlinked place free. The generation wraps after 2^32 uses of one place; only then
    /// could an old key name a new entry.
    fn release(&mut self, index: u32) -> Option<Waker> {
        let entry = &mut self.entries[index as usize];
        entry.generation = entry.generation.wrapping_add(1);
        entry.next = self.free;
        self.free = index;
        self.len -= 1;
        entry.waker.take()
    }

    /// The slot where an entry belongs now.
    fn slot_of(&self, deadline: u64) -> usize {
        // The level follows from the highest bit in which the deadline differs from the present.
        // What is due stands in the slot of the present itself.
        let differs = (self.now ^ deadline) | (SLOTS as u64 - 1);
        let level = ((63 - differs.leading_zeros()) / SLOT_BITS) as usize;
        level * SLOTS + digit(deadline, level)
    }

    fn link(&mut self, index: u32) {
        let slot = self.slot_of(self.entries[index as usize].deadline);
        let head = std::mem::replace(&mut self.heads[slot], index);
        let entry = &mut self.entries[index as usize];
        // There are 11 * 64 slots.
        entry.slot = slot as u32;
        entry.prev = NIL;
        entry.next = head;
        if head != NIL {
            self.entries[head as usize].prev = index;
        }
        self.occupied[slot / SLOTS] |= 1 << (slot % SLOTS);
    }

    fn unlink(&mut self, index: u32) {
        let Entry {
            prev, next, slot, ..
        } = self.entries[index as usize];
        if next != NIL {
            self.entries[next as usize].prev = prev;
        }
        if prev != NIL {
            self.entries[prev as usize].next = next;
            return;
        }
        let slot = slot as usize;
        self.heads[slot] = next;
        if next == NIL {
            self.occupied[slot / SLOTS] &= !(1 << (slot % SLOTS));
        }
    }

    /// The first slot with entries, and the tick at which it begins. All entries of a level come
    /// before all of the next level, and no slot of a level comes before the present one.
    fn next_slot(&self) -> Option<(usize, u64)> {
        let level = self.occupied.iter().position(|&slots| slots != 0)?;
        let slot = self.occupied[level].trailing_zeros() as usize;
        let shift = SLOT_BITS * level as u32;
        // The digits above this level are those of the present, those below are zero.
        let above = self.now.checked_shr(shift + SLOT_BITS).unwrap_or(0);
        let above = above.checked_shl(shift + SLOT_BITS).unwrap_or(0);
        let start = above | ((slot as u64) << shift);
        Some((level * SLOTS + slot, start.max(self.now)))
    }
}

/// The digit of a tick on a level, in base 64.
fn digit(tick: u64, level: usize) -> usize {
    ((tick >> (SLOT_BITS * level as u32)) % SLOTS as u64) as usize
}

impl fmt::Debug for Wheel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheel")
            .field("now", &self.now)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::{Key, Wheel};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[derive(Clone, Debug)]
    enum Op {
        /// A deadline, in ticks after the present.
        Insert(u64),
        /// The rank of the entry among those that are there.
        Remove(usize),
        /// A number of ticks, and the room for wakers at each call.
        Advance(u64, usize),
    }

    /// Distances of all sizes, often close to the powers of 64.
    fn distance() -> impl Strategy<Value = u64> {
        prop_oneof![
            0..200_u64,
            (0..48_u32, -1..2_i64).prop_map(|(bits, off)| (1_u64 << bits).wrapping_add_signed(off)),
            0..1_u64 << 40,
        ]
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            3 => distance().prop_map(Op::Insert),
            1 => (0..100_usize).prop_map(Op::Remove),
            2 => (distance(), 1..4_usize).prop_map(|(by, room)| Op::Advance(by, room)),
        ]
    }

    proptest! {
        #[test]
        fn as_a_sorted_map(start in distance(), ops in prop::collection::vec(op(), 1..120)) {
            let mut wheel = Wheel::new();
            let mut due = Vec::with_capacity(1);
            prop_assert!(wheel.advance(start, &mut due));
            let mut now = start;
            let mut known: BTreeMap<(u64, usize), (Key, Arc<Count>)> = BTreeMap::new();
            for (number, op) in ops.into_iter().enumerate() {
                match op {
                    Op::Insert(distance) => {
                        let count = Arc::new(Count(AtomicUsize::new(0)));
                        let deadline = now.saturating_add(distance);
                        let key = wheel.insert(deadline, Waker::from(Arc::clone(&count)));
                        prop_assert_eq!(key.is_err(), deadline == now);
                        if let Ok(key) = key {
                            known.insert((deadline, number), (key, count));
                        }
                    }
                    Op::Remove(rank) => {
                        let Some(&at) = known.keys().nth(rank) else { continue };
                        let (key, count) = known.remove(&at).unwrap();
                        prop_assert!(wheel.remove(key).is_some());
                        prop_assert!(wheel.remove(key).is_none());
                        prop_assert!(wheel.waker(key).is_none());
                        prop_assert_eq!(Arc::strong_count(&count), 1);
                    }
                    Op::Advance(by, room) => {
                        now = now.saturating_add(by);
                        loop {
                            let mut due = Vec::with_capacity(room);
                            let done = wheel.advance(now, &mut due);
                            prop_assert!(due.len() <= room);
                            due.into_iter().for_each(Waker::wake);
                            if done {
                                break;
                            }
                        }
                        let later = known.split_off(&(now.saturating_add(1), 0));
                        for (_, (key, count)) in std::mem::replace(&mut known, later) {
                            prop_assert_eq!(count.0.load(Ordering::SeqCst), 1);
                            prop_assert!(wheel.remove(key).is_none());
                        }
                    }
                }
                prop_assert_eq!(wheel.len, known.len());
                let first = known.keys().next().map(|&(deadline, _)| deadline);
                let next = wheel.next();
                prop_assert_eq!(next.is_some(), first.is_some());
                prop_assert!(next <= first && next.is_none_or(|next| next > now || first == Some(next)));
                for (_, count) in known.values() {
                    prop_assert_eq!(count.0.load(Ordering::SeqCst), 0);
                }
            }
            let left = wheel.take_all();
            prop_assert_eq!(left.len(), known.len());
            prop_assert_eq!(wheel.next(), None);
        }
    }

    #[cfg(feature = "test-util")]
    proptest! {
        /// The first deadline is the least one; and finer ticks, or coarser ones, leave the order.
        #[test]
        fn ticks_of_another_length(
            start in 0..1_u64 << 30,
            distances in prop::collection::vec(1..1_u64 << 40, 1..60),
        ) {
            let mut wheel = Wheel::new();
            let mut due = Vec::with_capacity(1);
            prop_assert!(wheel.advance(start, &mut due));
            let keys: Vec<_> = distances
                .iter()
                .map(|distance| wheel.insert(start + distance, Waker::noop().clone()).unwrap())
                .collect();
            let least = start + distances.iter().min().unwrap();
            prop_assert_eq!(wheel.first(), Some(least));
            let finer = |tick: u64| tick << 16;
            wheel.change_ticks(finer, finer);
            prop_assert_eq!(wheel.first(), Some(least << 16));
            let now = (least << 16) - 1;
            prop_assert!(wheel.advance(now, &mut due));
            prop_assert!(due.is_empty());
            wheel.change_ticks(|tick| tick >> 16, |tick| tick.div_ceil(1 << 16));
            prop_assert_eq!(wheel.first(), Some(least));
            prop_assert!(keys.into_iter().all(|key| wheel.remove(key).is_some()));
            prop_assert_eq!(wheel.first(), None);
        }
    }

    #[test]
    fn the_last_tick_comes() {
        let mut wheel = Wheel::new();
        let mut due = Vec::with_capacity(2);
        assert!(wheel.advance(u64::MAX - 1, &mut due));
        let key = wheel.insert(u64::MAX, Waker::noop().clone()).unwrap();
        assert_eq!(wheel.next(), Some(u64::MAX));
        assert!(wheel.advance(u64::MAX, &mut due));
        assert_eq!(due.len(), 1);
        assert!(wheel.remove(key).is_none());
    }

    #[test]
    fn a_place_is_used_again_under_another_name() {
        let mut wheel = Wheel::new();
        let first = wheel.insert(5, Waker::noop().clone()).unwrap();
        assert!(wheel.remove(first).is_some());
        let second = wheel.insert(7, Waker::noop().clone()).unwrap();
        assert_eq!(first.index, second.index);
        assert!(wheel.remove(first).is_none());
        assert!(wheel.waker(second).is_some());
        assert_eq!(wheel.len, 1);
    }
}
