//! The sleep word: counts of active and searching threads, and the top of the stack of sleepers, in
//! 64 bits.

use crate::job::SeatIndex;
use std::fmt;

/// The width of each of the three number fields, in bits.
const BITS: u32 = 12;
/// The bits of one number field, shifted down.
const MASK: u64 = (1 << BITS) - 1;

/// The lowest bit of the field `active`.
const ACTIVE: u32 = 0;
/// The lowest bit of the field `searching`.
const SEARCHING: u32 = BITS;
/// The lowest bit of the field `top`.
const TOP: u32 = 2 * BITS;
/// The place of the bit `driver`.
const DRIVER: u32 = 3 * BITS;
/// The lowest bit of the tag, which takes all bits that are left.
const TAG: u32 = DRIVER + 1;

/// The bits that a change of the stack leaves as they are.
const FIXED: u64 = ((1 << TOP) - 1) | (1 << DRIVER);

/// The number of seats that the word can name and count: 4095.
pub(crate) const MAX_SEATS: usize = MASK as usize;

/// One value of the sleep word.
///
/// | bits | field | meaning |
/// |---|---|---|
/// | 0-11 | active | threads that hold a permit, searchers among them |
/// | 12-23 | searching | threads that look for work |
/// | 24-35 | top | newest sleeper, its index + 1; 0: no thread sleeps |
/// | 36 | driver | the thread that waits for events sleeps, apart from the stack |
/// | 37-63 | tag | moves with every change of the stack, the driver or the number of permits, so that a pop cannot mistake one stack for another; with the feature `test-util` also with every thread that becomes active |
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Word(pub(super) u64);

impl Word {
    fn field(self, shift: u32) -> u32 {
        // The mask leaves 12 bits.
        ((self.0 >> shift) & MASK) as u32
    }

    pub(super) fn active(self) -> u32 {
        self.field(ACTIVE)
    }

    pub(super) fn searching(self) -> u32 {
        self.field(SEARCHING)
    }

    pub(super) fn top(self) -> Option<SeatIndex> {
        self.field(TOP).checked_sub(1)
    }

    fn add(self, shift: u32, count: u32) -> Self {
        // Never more than one count a seat, and the seats fit (`Sleep::new`).
        debug_assert!(self.field(shift) + count <= MASK as u32);
        Self(self.0 + (u64::from(count) << shift))
    }

    fn sub(self, shift: u32) -> Self {
        debug_assert_ne!(self.field(shift), 0);
        Self(self.0 - (1 << shift))
    }

    /// Where clocks can be paused, the tag moves as well: see `Sleep::has_rested_since`.
    pub(super) fn with_active(self) -> Self {
        let word = self.add(ACTIVE, 1);
        match cfg!(feature = "test-util") {
            true => word.marked(),
            false => word,
        }
    }

    pub(super) fn without_active(self) -> Self {
        self.sub(ACTIVE)
    }

    pub(super) fn with_searching(self) -> Self {
        self.add(SEARCHING, 1)
    }

    pub(super) fn without_searching(self) -> Self {
        self.sub(SEARCHING)
    }

    /// The word with one more thread that holds a permit and searches.
    pub(super) fn with_searcher(self) -> Self {
        self.with_active().with_searching()
    }

    /// Do enough threads search, in the eyes of one that has found work? As many as are busy, and
    /// at least one. With a single searcher on any number of threads, `n` of them would be woken
    /// one after the other, `n` times the time of a wake-up.
    pub(super) fn has_enough_searchers(self) -> bool {
        let busy = self.active().saturating_sub(self.searching());
        self.searching() > 0 && self.searching() >= busy
    }

    fn with_top(self, top: Option<SeatIndex>) -> Self {
        let top = top.map_or(0, |seat| u64::from(seat) + 1);
        debug_assert!(top <= MASK);
        // The tag is uppermost: when it wraps, the carry is lost.
        let tag = (self.0 >> TAG).wrapping_add(1);
        Self((self.0 & FIXED) | (top << TOP) | (tag << TAG))
    }

    /// The same counts and the same stack; but an exchange that expects the old word fails.
    pub(super) fn marked(self) -> Self {
        self.with_top(self.top())
    }

    /// Does the driver sleep?
    pub(super) fn has_driver(self) -> bool {
        self.0 & (1 << DRIVER) != 0
    }

    fn with_driver_bit(self, driver: bool) -> Self {
        let rest = self.marked().0 & !(1 << DRIVER);
        Self(rest | (u64::from(driver) << DRIVER))
    }

    /// The word after the driver went to sleep.
    pub(super) fn with_driver(self) -> Self {
        debug_assert!(!self.has_driver());
        self.with_driver_bit(true)
    }

    /// The word after the driver was woken.
    pub(super) fn without_driver(self) -> Self {
        debug_assert!(self.has_driver());
        self.with_driver_bit(false)
    }

    pub(super) fn pushed(self, seat: SeatIndex) -> Self {
        self.with_top(Some(seat))
    }

    pub(super) fn popped(self, next: Option<SeatIndex>) -> Self {
        self.with_top(next)
    }

    /// The word after all `count` sleepers are popped at once, the driver too, and each has become
    /// a searcher.
    pub(super) fn emptied(self, count: u32) -> Self {
        // A count that does not fit comes from a walk that went astray; its exchange will fail.
        let count = count.min(MASK as u32 - self.active().max(self.searching()));
        let rest = self.with_top(None).with_driver_bit(false);
        rest.add(ACTIVE, count).add(SEARCHING, count)
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Word")
            .field("active", &self.active())
            .field("searching", &self.searching())
            .field("top", &self.top())
            .field("driver", &self.has_driver())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_SEATS, Word};

    #[test]
    fn fields_do_not_touch_each_other() {
        let last = MAX_SEATS as u32 - 1;
        let moves = match cfg!(feature = "test-util") {
            true => MAX_SEATS as u64,
            false => 0,
        };
        let mut word = Word((u64::MAX - moves) << super::TAG);
        for _ in 0..MAX_SEATS {
            word = word.with_searcher();
        }
        word = word.pushed(last);
        assert_eq!(word.active() as usize, MAX_SEATS);
        assert_eq!(word.searching() as usize, MAX_SEATS);
        assert_eq!(word.top(), Some(last));
        assert!(word.with_driver().has_driver() && !word.has_driver());
        assert_eq!(word.with_driver().top(), Some(last));
        assert_eq!(
            word.0 >> super::TAG,
            0,
            "the tag wraps without touching the counts"
        );
        let word = word.without_searching().without_active().popped(None);
        assert_eq!(word.active() as usize, MAX_SEATS - 1);
        assert_eq!(word.searching() as usize, MAX_SEATS - 1);
        assert_eq!(word.top(), None);
    }

    #[test]
    fn as_many_search_as_are_busy() {
        let word = |busy, searching| {
            let word = (0..busy).fold(Word(0), |word, _| word.with_active());
            (0..searching).fold(word, |word, _| word.with_searcher())
        };
        for (busy, enough) in [(0, 1), (1, 1), (2, 2), (3, 3), (100, 100)] {
            assert!(word(busy, enough).has_enough_searchers(), "{busy}");
            assert!(!word(busy, enough - 1).has_enough_searchers(), "{busy}");
        }
    }

    #[test]
    fn the_tag_tells_equal_stacks_apart() {
        let word = Word(0).pushed(3);
        assert_ne!(word, word.popped(None).pushed(3));
        assert_ne!(word, word.with_driver().without_driver());
        assert_ne!(word, word.marked());
        assert_eq!(word.marked().top(), Some(3));
        assert_eq!(word.popped(None).emptied(0).active(), 0);
    }

    #[test]
    fn an_absurd_count_spills_into_no_other_field() {
        let word = Word(0).with_active().pushed(3);
        let emptied = word.emptied(MAX_SEATS as u32 + 1);
        assert_eq!(emptied.active() as usize, MAX_SEATS);
        assert_eq!(emptied.searching() as usize, MAX_SEATS - 1);
        assert_eq!(emptied.top(), None);
        assert_eq!(emptied.0 >> super::TAG, 3);
        assert!(!Word(0).with_driver().emptied(1).has_driver());
    }
}
