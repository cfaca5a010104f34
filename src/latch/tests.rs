//! Unit tests and loom models of the latches.

#[cfg(not(manyhands_model))]
mod unit {
    use super::super::{CountLatch, Latch, Part, SpreadLatch};
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
    #[should_panic(expected = "too many jobs in one scope")]
    fn a_spread_count_near_its_limit_is_refused() {
        let latch = SpreadLatch::new(Part::of(0));
        latch.add(Part::of(1), usize::MAX / 2 + 1);
        latch.add(Part::of(1), 1);
    }

    /// The order does not matter in which parts come to zero, nor how often they do.
    #[test]
    fn a_spread_count_reaches_zero_once() {
        let latch = SpreadLatch::new(Part::of(3));
        // (`11` is the part of `3` once more.)
        for (job, counts) in [(3, 1), (5, 2), (11, 16), (5, 1)] {
            latch.add(Part::of(job), counts);
            // SAFETY: alive.
            unsafe { SpreadLatch::remove(&raw const latch, Part::of(job), counts) };
            assert!(!latch.done().probe());
        }
        latch.add(Part::of(0), 2);
        for part in [3, 0, 0] {
            assert!(!latch.done().probe());
            // SAFETY: alive.
            unsafe { SpreadLatch::remove(&raw const latch, Part::of(part), 1) };
        }
        assert!(latch.done().probe());
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
    use super::super::{CountLatch, Latch, Part, SpreadLatch};
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

    /// A scope with a job for each slot.
    struct Spread {
        count: SpreadLatch,
        slots: [UnsafeCell<usize>; 4],
    }

    #[derive(Clone, Copy)]
    struct SpreadPtr(*const Spread);
    // SAFETY: handed over by the count.
    unsafe impl Send for SpreadPtr {}

    impl SpreadPtr {
        fn add(self, part: u32) {
            // SAFETY: the caller is counted.
            unsafe { (*self.0).count.add(Part::of(part), 1) };
        }

        /// A job that is counted in `part` ends.
        fn end(self, job: usize, part: u32) {
            // SAFETY: the slot is this job's, and the job is counted until the second line.
            unsafe {
                (*self.0).slots[job].with_mut(|slot| *slot = job + 1);
                SpreadLatch::remove(&raw const (*self.0).count, Part::of(part), 1);
            }
        }

        /// Job `job`, counted in part 0, runs on a thread of its own and spawns `job + 1` in
        /// part 1.
        fn start(self, job: usize) -> thread::JoinHandle<()> {
            self.add(0);
            thread::spawn(move || {
                self.add(1);
                self.end(job, 0);
                self.end(job + 1, 1);
            })
        }
    }

    fn check_spread(name: &str, jobs: &'static [usize]) {
        model::check(name, move || {
            let scope = Box::into_raw(Box::new(Spread {
                count: SpreadLatch::new(Part::of(0)),
                slots: [0; 4].map(UnsafeCell::new),
            }));
            let shared = SpreadPtr(scope);
            let threads: Vec<_> = jobs.iter().map(|job| shared.start(*job)).collect();
            // SAFETY: freed below, when every job is done.
            unsafe {
                SpreadLatch::remove(&raw const (*scope).count, Part::of(0), 1);
                (*scope).count.done().wait(Parker::current());
            }
            // SAFETY: every job is done.
            let scope = unsafe { Box::from_raw(scope) };
            // SAFETY: as above.
            let sum: usize = scope.slots.iter().map(|s| s.with(|s| unsafe { *s })).sum();
            assert_eq!(sum, jobs.iter().map(|job| 2 * job + 3).sum::<usize>());
            threads.into_iter().for_each(|job| job.join().unwrap());
        });
    }

    /// latch.L3: a job ends in one part while the job that it has spawned is counted in another.
    #[test]
    fn a_spread_count_collects_every_job() {
        check_spread("latch::a_spread_count_collects_every_job", &[0]);
    }

    /// latch.L3: two threads raise the same part, while the part in which they are counted falls.
    #[test]
    fn two_threads_count_in_one_part() {
        check_spread("latch::two_threads_count_in_one_part", &[0, 2]);
    }
}
