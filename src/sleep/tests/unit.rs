//! Unit tests of what the sleep word counts and whom it wakes; one stress test on real threads.

use super::super::{Before, MAX_SEATS, Notified, Rescan, Sleep};
use crate::job::SeatIndex;
use crate::util::parker::Parker;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// (active, searching, top)
fn state(sleep: &Sleep) -> (u32, u32, Option<SeatIndex>) {
    let word = sleep.load();
    (word.active(), word.searching(), word.top())
}

fn put_to_sleep(sleep: &Sleep, seat: SeatIndex) {
    sleep.admit();
    assert!(sleep.push(seat, Parker::current(), Before::Searching));
}

/// Was the seat popped? Takes the token.
fn was_woken(sleep: &Sleep, seat: SeatIndex) -> bool {
    sleep.nodes[seat as usize]
        .token
        .swap(false, Ordering::Relaxed)
}

#[test]
fn every_step_is_counted() {
    let sleep = Sleep::new(2, 2);
    sleep.admit();
    assert_eq!(state(&sleep), (1, 1, None));
    assert!(sleep.stop_searching());
    assert_eq!(state(&sleep), (1, 0, None));
    sleep.start_searching();
    sleep.admit();
    assert_eq!(state(&sleep), (2, 2, None));
    assert!(!sleep.stop_searching(), "another one still searches");
    sleep.release();
    assert_eq!(state(&sleep), (1, 1, None));
    sleep.release_searcher();
    assert_eq!(state(&sleep), (0, 0, None));
    sleep.acquire();
    assert_eq!(state(&sleep), (1, 0, None));
    assert_eq!(sleep.active(), 1);
}

#[test]
fn a_searcher_is_notice_enough() {
    let sleep = Sleep::new(3, 2);
    put_to_sleep(&sleep, 0);
    sleep.admit();
    assert_eq!(sleep.notify(), Notified::Enough);
    assert!(!was_woken(&sleep, 0));
    assert!(!sleep.reserve());
}

#[test]
fn no_more_are_woken_than_there_are_permits() {
    let sleep = Sleep::new(1, 2);
    put_to_sleep(&sleep, 0);
    sleep.acquire();
    assert_eq!(sleep.notify(), Notified::AllBusy);
    assert!(!was_woken(&sleep, 0));
    assert!(!sleep.reserve());
    assert!(!sleep.wants_one());
    sleep.release();
    assert!(sleep.wants_one());
    assert_eq!(sleep.notify(), Notified::Enough);
    assert!(was_woken(&sleep, 0));
    assert!(sleep.has_searchers() && !sleep.wants_one());
    assert_eq!(state(&sleep), (1, 1, None));
}

#[test]
fn a_free_permit_without_sleepers_is_reported_and_reserved() {
    let sleep = Sleep::new(2, 2);
    sleep.acquire();
    assert_eq!(sleep.notify(), Notified::NobodySleeps);
    assert!(sleep.reserve());
    assert_eq!(state(&sleep), (2, 1, None));
    assert!(!sleep.reserve());
    assert_eq!(sleep.notify(), Notified::Enough);
}

#[test]
fn the_newest_sleeper_is_woken_first() {
    let sleep = Sleep::new(3, 3);
    (0..3).for_each(|seat| put_to_sleep(&sleep, seat));
    for seat in (0..3).rev() {
        assert_eq!(state(&sleep), (2 - seat, 0, Some(seat)));
        assert_eq!(sleep.notify(), Notified::Enough);
        assert!(was_woken(&sleep, seat));
        assert!(sleep.stop_searching());
    }
    assert_eq!(state(&sleep), (3, 0, None));
}

#[test]
fn wake_all_asks_for_no_permit() {
    let sleep = Sleep::new(1, 3);
    sleep.wake_all();
    assert_eq!(state(&sleep), (0, 0, None));
    (0..3).for_each(|seat| put_to_sleep(&sleep, seat));
    sleep.wake_all();
    assert_eq!(state(&sleep), (3, 3, None));
    assert!((0..3).all(|seat| was_woken(&sleep, seat)));
    assert!(sleep.is_crowded());
}

#[test]
fn only_a_surplus_thread_retires() {
    let sleep = Sleep::new(1, 2);
    let parker = Parker::current();
    sleep.acquire();
    assert!(!sleep.is_crowded());
    let slept = sleep.sleep(
        0,
        parker,
        Before::Crowded,
        || unreachable!("there is room"),
        || (),
    );
    assert!(!slept);
    assert_eq!(state(&sleep), (1, 0, None));
    sleep.acquire();
    assert!(sleep.is_crowded());
    assert!(sleep.push(0, parker, Before::Crowded));
    assert_eq!(state(&sleep), (1, 0, Some(0)));
}

#[test]
fn what_is_seen_at_the_last_look_is_acted_upon() {
    let sleep = Sleep::new(1, 1);
    let parker = Parker::current();
    sleep.admit();
    let told = AtomicBool::new(false);
    let slept = sleep.sleep(
        0,
        parker,
        Before::Searching,
        || Rescan::Work,
        || {
            told.store(true, Ordering::Relaxed);
            assert_eq!(sleep.notify(), Notified::Enough);
        },
    );
    assert!(slept && told.load(Ordering::Relaxed));
    assert!(sleep.sleep(0, parker, Before::Searching, || Rescan::Mine, || ()));
    assert_eq!(state(&sleep), (1, 1, None));
}

#[test]
fn stuck_means_that_nobody_works_and_nobody_sleeps() {
    let sleep = Sleep::new(1, 1);
    assert!(sleep.is_stuck());
    sleep.acquire();
    assert!(!sleep.is_stuck());
    sleep.release();
    put_to_sleep(&sleep, 0);
    assert!(!sleep.is_stuck());
}

#[test]
fn permits_can_be_lowered() {
    let sleep = Sleep::new(4, 1);
    sleep.set_permits(1);
    assert_eq!(sleep.permits(), 1);
    sleep.acquire();
    assert_eq!(sleep.notify(), Notified::AllBusy);
}

#[test]
fn the_tag_wraps() {
    let sleep = Sleep::new(2, 2);
    sleep.word.store(u64::MAX << 37, Ordering::Relaxed);
    for _ in 0..3 {
        put_to_sleep(&sleep, 0);
        put_to_sleep(&sleep, 1);
        sleep.wake_all();
        assert_eq!(state(&sleep), (2, 2, None));
        for seat in 0..2 {
            assert!(was_woken(&sleep, seat));
            sleep.release_searcher();
        }
    }
}

#[test]
#[should_panic(expected = "a pool has at most 4095 seats")]
fn more_seats_than_the_word_can_name_are_refused() {
    drop(Sleep::new(1, MAX_SEATS + 1));
}

/// A poll request is a wake; the parker's own tests leave this out.
#[test]
fn a_poll_request_ends_a_sleep() {
    let parker = Parker::current();
    parker.request_poll(0);
    parker.park();
    assert!(parker.take_poll_request(0));
}

/// Real threads run every job of a stream with gaps. A lost wake-up hangs the test.
#[test]
fn no_job_of_a_stream_is_left_lying() {
    const WORKERS: u32 = 4;
    const JOBS: usize = 20_000;
    for permits in [1, 2, WORKERS] {
        let sleep = Sleep::new(permits, WORKERS as usize);
        let queued = AtomicUsize::new(0);
        let ran = AtomicUsize::new(0);
        let closed = AtomicBool::new(false);
        let take = || {
            queued
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
                .is_ok()
        };
        let scan = || {
            if queued.load(Ordering::Relaxed) > 0 {
                let _ = sleep.notify();
            }
        };
        let rescan = || {
            if closed.load(Ordering::Relaxed) {
                Rescan::Mine
            } else if queued.load(Ordering::Relaxed) > 0 {
                Rescan::Work
            } else {
                Rescan::Nothing
            }
        };
        std::thread::scope(|scope| {
            for seat in 0..WORKERS {
                sleep.admit();
                let (sleep, ran, closed) = (&sleep, &ran, &closed);
                scope.spawn(move || {
                    let parker = Parker::current();
                    while !closed.load(Ordering::Relaxed) {
                        if !take() {
                            assert!(sleep.sleep(seat, parker, Before::Searching, rescan, scan));
                            continue;
                        }
                        if sleep.stop_searching() {
                            scan();
                        }
                        ran.fetch_add(1, Ordering::Relaxed);
                        let slept = sleep.is_crowded()
                            && sleep.sleep(seat, parker, Before::Crowded, rescan, scan);
                        if !slept {
                            sleep.start_searching();
                        }
                    }
                    sleep.release_searcher();
                });
            }
            for job in 0..JOBS {
                queued.fetch_add(1, Ordering::Relaxed);
                let _ = sleep.notify();
                if job % 64 == 0 {
                    // A gap: all threads have time to fall asleep.
                    while ran.load(Ordering::Relaxed) <= job {
                        std::thread::yield_now();
                    }
                }
            }
            while ran.load(Ordering::Relaxed) < JOBS {
                std::thread::yield_now();
            }
            closed.store(true, Ordering::Relaxed);
            sleep.wake_all();
        });
        assert_eq!(state(&sleep), (0, 0, None));
    }
}
