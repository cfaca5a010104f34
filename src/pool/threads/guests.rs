//! Seats for threads from outside of the pool.

use crate::job::SeatIndex;
use crate::sync::atomic::{AtomicU64, Ordering};

/// Guest seats of a pool: as many bits as the mask has.
pub(crate) const MAX_GUESTS: usize = 64;

/// Which guest seats are free.
#[derive(Debug)]
pub(crate) struct GuestSeats {
    free: AtomicU64,
    first: usize,
    count: usize,
}

impl GuestSeats {
    pub(in crate::pool) fn new(first: usize, count: usize) -> Self {
        assert!(count <= MAX_GUESTS);
        let free = if count == MAX_GUESTS {
            u64::MAX
        } else {
            (1 << count) - 1
        };
        Self {
            free: AtomicU64::new(free),
            first,
            count,
        }
    }

    /// Does the pool have no guest seats at all?
    pub(in crate::pool) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Is this the index of a guest seat?
    pub(in crate::pool) fn has(&self, seat: SeatIndex) -> bool {
        (self.first..self.first + self.count).contains(&(seat as usize))
    }

    /// A free seat for the calling thread alone.
    pub(in crate::pool) fn claim(&self) -> Option<SeatIndex> {
        // Ordering: Relaxed to look; the exchange validates.
        let mut free = self.free.load(Ordering::Relaxed);
        while free != 0 {
            let seat = free.trailing_zeros();
            // Ordering: Acquire pairs with the Release in `give_back`: the former guest's use of
            // the seat's owner cells happened before ours.
            match self.free.compare_exchange_weak(
                free,
                free & (free - 1),
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some((self.first + seat as usize) as SeatIndex),
                Err(now) => free = now,
            }
        }
        None
    }

    /// Does a thread have this seat?
    #[cfg(feature = "test-util")]
    pub(in crate::pool) fn is_claimed(&self, seat: SeatIndex) -> bool {
        let bit = 1 << (seat as usize - self.first);
        // Ordering: Relaxed; `pool::rest` orders it by the sleep word.
        self.free.load(Ordering::Relaxed) & bit == 0
    }

    pub(in crate::pool) fn give_back(&self, seat: SeatIndex) {
        let bit = 1 << (seat as usize - self.first);
        // Ordering: Release pairs with the Acquire in `claim`.
        let before = self.free.fetch_or(bit, Ordering::Release);
        debug_assert_eq!(before & bit, 0, "a guest leaves once");
    }
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::{GuestSeats, MAX_GUESTS};

    #[test]
    fn guest_seats_are_claimed_once_and_used_again() {
        for count in [0, 1, 3, MAX_GUESTS] {
            let seats = GuestSeats::new(10, count);
            let mut claimed: Vec<_> = std::iter::from_fn(|| seats.claim()).collect();
            claimed.sort_unstable();
            let expected: Vec<_> = (10..10 + count as u32).collect();
            assert_eq!(claimed, expected);
            for seat in claimed {
                seats.give_back(seat);
                assert_eq!(seats.claim(), Some(seat));
            }
        }
    }
}
