//! Unit tests and loom models of the latches.

#[cfg(not(manyhands_model))]
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
    fn an_announcement_can_be_taken_back() {
        let (latch, parker) = (Latch::new(), Parker::current());
        assert!(latch.announce(parker) && latch.retract(parker));
        assert!(latch.pin().is_some());
        assert!(latch.announce(parker));
        // SAFETY: alive.
        unsafe { Latch::set(&raw const latch) };
        assert!(!latch.retract(parker) && latch.probe());
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

#[cfg(manyhands_loom)]
mod models {
    use super::super::{CountLatch, Latch};
    use crate::sync::atomic::{AtomicUsize, Ordering};
    use crate::sync::{Arc, UnsafeCell, thread};
    use crate::util::model;
    use crate::util::parker::Parker;

    /// A frame that is freed the moment its latch says done: loom sees any later access.
    struct Frame {
        latch: Latch,
        result: UnsafeCell<usize>,
    }

    struct Shared(*const Frame);
    // SAFETY: the models below hand the frame over by its latch.
    unsafe impl Send for Shared {}

    fn frame() -> *mut Frame {
        Box::into_raw(Box::new(Frame {
            latch: Latch::new(),
            result: UnsafeCell::new(0),
        }))
    }

    fn setter(frame: Shared) -> thread::JoinHandle<()> {
        thread::spawn(move || {
            let frame = frame;
            // SAFETY: the waiter frees the frame only after the latch is set.
            unsafe {
                (*frame.0).result.with_mut(|result| *result = 7);
                Latch::set(&raw const (*frame.0).latch);
            }
        })
    }

    fn take(frame: *mut Frame) -> usize {
        // SAFETY: the latch was seen set: the frame is ours alone.
        let frame = unsafe { Box::from_raw(frame) };
        // SAFETY: as above.
        frame.result.with(|result| unsafe { *result })
    }

    /// M1: the setter's last touch is the store that says done.
    #[test]
    fn set_then_free() {
        model::check("latch::set_then_free", || {
            let frame = frame();
            let setter = setter(Shared(frame));
            // SAFETY: not freed yet.
            while !unsafe { (*frame).latch.probe() } {
                thread::yield_now();
            }
            assert_eq!(take(frame), 7);
            setter.join().unwrap();
        });
    }

    /// M1: a waiter that announces its sleep is woken, or sees that the latch is set.
    #[test]
    fn announce_races_set() {
        model::check("latch::announce_races_set", || {
            let frame = frame();
            let setter = setter(Shared(frame));
            // SAFETY: not freed yet.
            unsafe { (*frame).latch.wait(Parker::current()) };
            assert_eq!(take(frame), 7);
            setter.join().unwrap();
        });
    }

    /// M1: a waiter that takes its announcement back may pin, and only its next announcement leads
    /// to a wake.
    #[test]
    fn retract_races_set() {
        model::check("latch::retract_races_set", || {
            let frame = frame();
            let setter = setter(Shared(frame));
            // SAFETY: not freed yet.
            let latch = unsafe { &(*frame).latch };
            if latch.announce(Parker::current()) && latch.retract(Parker::current()) {
                drop(latch.pin());
            }
            latch.wait(Parker::current());
            assert_eq!(take(frame), 7);
            setter.join().unwrap();
        });
    }

    /// The core of M4: what the waiter does while it holds a pin happens before the setter is done.
    #[test]
    fn pin_holds_off_set() {
        model::check("latch::pin_holds_off_set", || {
            let frame = frame();
            let after = Arc::new(AtomicUsize::new(0));
            let setter = {
                let frame = Shared(frame);
                let after = after.clone();
                thread::spawn(move || {
                    let frame = frame;
                    // SAFETY: the waiter frees the frame only after the latch is set.
                    unsafe {
                        (*frame.0).result.with_mut(|result| *result = 7);
                        Latch::set(&raw const (*frame.0).latch);
                    }
                    after.store(1, Ordering::Relaxed);
                })
            };
            // SAFETY: not freed yet.
            let latch = unsafe { &(*frame).latch };
            if let Some(pin) = latch.pin() {
                // The setter has not passed `set`: it cannot have moved on to other work.
                assert_eq!(after.load(Ordering::Relaxed), 0);
                drop(pin);
            }
            latch.wait(Parker::current());
            assert_eq!(take(frame), 7);
            setter.join().unwrap();
        });
    }

    /// M5: the last of several jobs sets the latch, and the waiter sees the writes of all.
    #[test]
    fn count_collects_every_job() {
        model::check("latch::count_collects_every_job", || {
            struct Scope {
                count: CountLatch,
                slots: [UnsafeCell<usize>; 2],
            }
            struct Ptr(*const Scope);
            // SAFETY: handed over by the count latch.
            unsafe impl Send for Ptr {}

            let scope = Box::into_raw(Box::new(Scope {
                count: CountLatch::new(1),
                slots: [UnsafeCell::new(0), UnsafeCell::new(0)],
            }));
            let jobs: Vec<_> = (0..2)
                .map(|i| {
                    // SAFETY: freed only after the count is zero.
                    unsafe { (*scope).count.increment() };
                    let scope = Ptr(scope);
                    thread::spawn(move || {
                        let scope = scope;
                        // SAFETY: as above; slot `i` is this job's.
                        unsafe {
                            (*scope.0).slots[i].with_mut(|slot| *slot = i + 1);
                            CountLatch::decrement(&raw const (*scope.0).count);
                        }
                    })
                })
                .collect();
            // SAFETY: as above.
            unsafe {
                CountLatch::decrement(&raw const (*scope).count);
                (*scope).count.done().wait(Parker::current());
            }
            // SAFETY: every job is done.
            let scope = unsafe { Box::from_raw(scope) };
            // SAFETY: as above.
            let sum: usize = scope.slots.iter().map(|s| s.with(|s| unsafe { *s })).sum();
            assert_eq!(sum, 3);
            jobs.into_iter().for_each(|job| job.join().unwrap());
        });
    }
}
