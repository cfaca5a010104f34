//! One seat under random scripts, on one thread.

use super::super::builder::Plan;
use super::super::events::Events;
use super::super::hooks::Hooks;
use super::super::registry::{Home, Registry};
use super::super::seat::{Popped, Seat};
use crate::job::stack::{StackHeader, StackJob};
use crate::sync::deque::Steal;
use crate::util::rng::Rng;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What happened to the second half of a join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Pending,
    Stolen,
    Popped,
}

/// Joins nested `depth` deep; at every fork and join end a thief may come and take what is public,
/// or only ask for more. Counts the halves that came back, and those that were stolen.
fn nested(seat: &Seat, rng: &Rng, depth: u32, counts: &[Cell<u32>; 2]) {
    if depth == 0 {
        return;
    }
    let fate = std::sync::Mutex::new(Fate::Pending);
    let become_ = |new| {
        let old = std::mem::replace(&mut *fate.lock().unwrap(), new);
        assert_eq!(old, Fate::Pending, "a half is run once");
    };
    let job = StackJob::new(|migrated| become_(if migrated { Fate::Stolen } else { Fate::Popped }));
    let slot = seat.push(job.as_header());
    if rng.below(2) == 0 {
        visit(seat, rng);
    }
    nested(seat, rng, depth - 1, counts);
    if rng.below(2) == 0 {
        visit(seat, rng);
    }
    match seat.pop(slot, job.as_header()) {
        Popped::Mine => {
            // SAFETY: `Mine` is the right to run the job.
            (unsafe { job.take() })(false);
            counts[0].set(counts[0].get() + 1);
        }
        Popped::Stolen => {
            // SAFETY: stolen jobs are public.
            assert!(unsafe { job.public() }.latch().probe());
            counts[1].set(counts[1].get() + 1);
        }
    }
    let fate = *fate.lock().unwrap();
    assert_ne!(fate, Fate::Pending, "every half is run");
    // A second join of the same frame may find the first one's address in a slot.
    nested(seat, rng, rng.below(depth as usize) as u32 / 2, counts);
}

fn visit(seat: &Seat, rng: &Rng) {
    match rng.below(4) {
        0 => drop(seat.offers_jobs()),
        1 => seat.feed(),
        2 => seat.expose_all(),
        _ => {
            if let Steal::Success(job) = seat.steal_job() {
                job.execute(1);
            }
        }
    }
}

/// A seat of a registry without threads, for one test.
fn with_seat(test: impl FnOnce(&Seat)) {
    let registry = registry(0);
    // A searcher, so that publishing wakes nobody.
    registry.sleep.admit();
    let seat = registry.seat(0);
    // SAFETY: this is the only thread, and the registry outlives the guard.
    let _occupied = unsafe { seat.occupy() };
    test(seat);
}

/// A pool without threads, and with some seats for guests.
fn registry(guests: usize) -> Arc<Registry> {
    let plan = Plan {
        workers: 2,
        guests,
        spares: 0,
        blocking: 1,
        keep_alive: std::time::Duration::MAX,
        cores: 1,
    };
    Registry::new(&plan, Hooks::default(), Events::without_runtime())
}

/// Guests who sit on one seat, one after the other, as fast as they can: of the counts that their
/// tasks leave there, none is lost or given up twice.
#[test]
fn guests_hand_their_seat_on() {
    let registry = registry(1);
    let seated = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while seated.load(Ordering::Relaxed) < 20_000 {
                    registry.in_place(|seat| {
                        if let Some(seat) = seat {
                            seated.fetch_add(1, Ordering::Relaxed);
                            let homes = [(); 8].map(|()| Home::new(Registry::of(seat)));
                            drop(homes);
                        }
                    });
                }
            });
        }
    });
    assert_eq!(Arc::strong_count(&registry), 1);
}

/// A woken task overtakes the queue a few times. After that it queues, and sleepers must be told,
/// because nothing else would tell them while the waker computes.
#[test]
fn who_may_not_overtake_is_told_about() {
    with_seat(|seat| {
        let jobs: Vec<_> = (0..10).map(|_| StackJob::new(|_| ())).collect();
        let mut jobs = jobs
            .iter()
            // SAFETY: the jobs outlive the queues' use of them, and none is run.
            .map(|job| unsafe { StackHeader::expose(job.as_header()) });
        let mut job = || jobs.next().expect("enough jobs");
        seat.push_task(job());
        let mut overtaken = 0;
        while !seat.push_woken(job()) {
            let _ = seat.pop_lifo().expect("next in line").into_raw();
            overtaken += 1;
        }
        assert!(overtaken > 0);
        let _ = seat.pop_task().expect("queued first").into_raw();
        let _ = seat.pop_task().expect("queued second").into_raw();
        assert!(seat.push_woken(job()), "also into an empty queue");
        let _ = seat.pop_task().expect("queued").into_raw();
        seat.allow_overtaking();
        assert!(!seat.push_woken(job()), "the slot is empty");
        assert!(seat.push_woken(job()), "the former one goes to the queue");
        let _ = seat.pop_lifo().expect("in the slot").into_raw();
        let _ = seat.pop_task().expect("in the queue").into_raw();
    });
}

/// Whatever thieves do between a push and its pop, each half is run once (S2, S5), and when the
/// joins have ended the slots are free again.
#[test]
fn joins_find_their_halves_again() {
    let counts = [const { Cell::new(0) }; 2];
    with_seat(|seat| {
        for seed in 1..2000 {
            nested(seat, &Rng::new(seed), seed as u32 % 40, &counts);
            assert!(!seat.has_private_jobs());
        }
    });
    assert!(counts.iter().all(|count| count.get() > 1000), "{counts:?}");
}
