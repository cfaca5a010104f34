//! Unit tests and loom models of the latches.

#[cfg(not(any(manyhands_loom, manyhands_shuttle)))]
mod unit {
    use super::super::{CountLatch, Latch};
    use crate::util::parker::Parker;

    #[test]
    fn a_latch_is_set_once_and_seen() {
        let latch = Latch::new();
        assert!(!latch.probe());
        // SAFETY: alive.
        unsafe { Latch::set(&raw const latch) };
        assert!(latch.probe());
        assert!(latch.pin().is_none());
        assert!(!latch.announce(Parker::current()));
        latch.wait(Parker::current());
    }

    #[test]
    fn a_pin_can_be_taken_again_and_again() {
        let latch = Latch::new();
        for _ in 0..3 {
            assert!(latch.pin().is_some());
        }
        assert!(!latch.probe());
    }

    #[test]
    #[should_panic(expected = "too many jobs in one scope")]
    fn a_count_near_its_limit_is_refused() {
        CountLatch::starting_at(usize::MAX / 2 + 1).increment();
    }

    #[test]
    fn a_count_reaches_zero_once() {
        let latch = CountLatch::new(1);
        latch.increment();
        // SAFETY: alive.
        unsafe { CountLatch::decrement(&raw const latch) };
        assert!(!latch.done().probe());
        // SAFETY: alive.
        unsafe { CountLatch::decrement(&raw const latch) };
        assert!(latch.done().probe());
    }
}
