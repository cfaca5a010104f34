//! One seat under random scripts, on one thread.

use super::super::events;
use super::super::hooks::Hooks;
use super::super::registry::Registry;
use super::super::seat::{Mode, Occupant, Popped, Reached, may_reach};
use super::super::sizes::Sizes;
use super::super::{guest, halves, home::Home, publish};
use crate::job::stack::{StackHeader, StackJob};
use crate::sleep::Rescan;
use crate::sync::deque::Steal;
use crate::task::{Class, How, Priority};
use crate::util::parker::Parker;
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
fn nested(me: Occupant<'_>, rng: &Rng, depth: u32, counts: &[Cell<u32>; 2]) {
    if depth == 0 {
        return;
    }
    let fate = std::sync::Mutex::new(Fate::Pending);
    let become_ = |new| {
        let old = std::mem::replace(&mut *fate.lock().unwrap(), new);
        assert_eq!(old, Fate::Pending, "a half is run once");
    };
    let job = StackJob::new(|migrated| become_(if migrated { Fate::Stolen } else { Fate::Popped }));
    let slot = halves::push(me, job.as_header());
    if rng.below(2) == 0 {
        visit(me, rng);
    }
    nested(me, rng, depth - 1, counts);
    if rng.below(2) == 0 {
        visit(me, rng);
    }
    match halves::pop(me, slot, job.as_header()) {
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
    nested(me, rng, rng.below(depth as usize) as u32 / 2, counts);
}

fn visit(me: Occupant<'_>, rng: &Rng) {
    match rng.below(5) {
        3 => {
            let asked = me.hidden().ask();
            if let (true, Reached::Job(job)) = (may_reach(), me.hidden().reach(asked)) {
                job.execute(1);
            }
        }
        0 => drop(me.offer().ask_for_jobs()),
        1 => halves::feed(me),
        2 => publish::expose_all(me),
        _ => {
            if let Steal::Success(job) = me.offer().steal() {
                job.execute(1);
            }
        }
    }
}

/// A seat of a registry without threads, for one test.
fn with_seat(test: impl FnOnce(Occupant<'_>)) {
    let registry = registry(0);
    // A searcher, so that publishing wakes nobody.
    registry.sleep.admit();
    // SAFETY: this is the only thread, and the registry outlives the guard.
    let occupied = unsafe { registry.occupy(0) };
    test(occupied.me());
}

/// A pool without threads, and with some seats for guests.
fn registry(guests: usize) -> Arc<Registry> {
    let sizes = Sizes {
        permits: 2,
        workers: 2,
        first_to_end: 0,
        guests,
        spares: 0,
        blocking: 1,
        keep_alive: std::time::Duration::MAX,
        cores: 1,
    };
    Registry::new(
        &sizes,
        Hooks::default(),
        events::without_runtime(),
        |_, _, _| false,
    )
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
                    guest::in_place(&registry, |me| {
                        if let Some(me) = me {
                            seated.fetch_add(1, Ordering::Relaxed);
                            let homes = [(); 8].map(|()| Home::new(me.counted_registry()));
                            drop(homes);
                        }
                    });
                }
            });
        }
    });
    assert_eq!(Arc::strong_count(&registry), 1);
}

/// Sleepers hear of a ready task unless it is next on the very thread that has made it ready. A
/// woken one is, a few times, if it is alone; then it queues.
#[test]
fn sleepers_hear_of_what_is_not_next() {
    with_seat(|me| {
        let registry = me.registry();
        // `with_seat` has somebody search; now nobody does, and this seat has the other permit.
        registry.sleep.release_searcher();
        registry.sleep.acquire();
        me.set_mode(Mode::Polling);
        let parker = Parker::current();
        let jobs: Vec<_> = (0..100).map(|_| StackJob::new(|_| ())).collect();
        let mut jobs = jobs.iter();
        let mut is_told = |how| {
            registry.sleep.admit();
            let nothing = || Rescan::Nothing;
            registry.sleep.begin_driving(1, parker, nothing, || ());
            let job = jobs.next().expect("enough jobs");
            // SAFETY: the jobs outlive the queues' use of them, and none is run.
            let job = unsafe { StackHeader::expose(job.as_header()) };
            publish::schedule(registry, job, how, Class::future(Priority::Normal));
            let told = registry.sleep.take_token(1);
            assert!(told || registry.sleep.leave_driving(1) && registry.sleep.take_token(1));
            registry.sleep.release_searcher();
            told
        };
        let empty_slot = || {
            let _ = me.tasks().pop_lifo().expect("in the slot").into_raw();
        };
        let empty_queue = |tasks| {
            for _ in 0..tasks {
                let _ = me.tasks().pop().expect("in the queue").into_raw();
            }
            assert!(!me.tasks.are_there());
        };

        me.tasks().allow_overtaking();
        assert!(!is_told(How::Wake), "next, and alone");
        assert!(is_told(How::Wake), "the former one goes to the queue");
        assert!(is_told(How::Yield), "it is not alone");
        empty_slot();
        empty_queue(2);
        assert!(!is_told(How::Yield), "alone");
        assert!(is_told(How::Wake), "not alone");
        empty_slot();
        empty_queue(1);
        assert!(is_told(How::Spawn), "new, and alone");
        me.tasks().allow_overtaking();
        let mut overtaken = 0;
        loop {
            assert!(is_told(How::Wake), "not alone");
            let next = me.tasks().pop_lifo();
            let Some(next) = next else { break };
            let _ = next.into_raw();
            overtaken += 1;
        }
        assert!(overtaken > 0);
        empty_queue(2);
        assert!(is_told(How::Wake), "it may not overtake, and queues");
        empty_queue(1);
        me.tasks().allow_overtaking();
        me.set_mode(Mode::Computing);
        assert!(is_told(How::Wake), "this thread computes");
        empty_queue(1);
    });
}

/// Whatever thieves do between a push and its pop, each half is run once (seat.S2, seat.S5), and
/// when the joins have ended the slots are free again.
#[test]
fn joins_find_their_halves_again() {
    let counts = [const { Cell::new(0) }; 2];
    with_seat(|me| {
        let sleep = &me.registry().sleep;
        for seed in 1..2000 {
            // In every second round no thread is idle, and most halves stay private.
            if seed % 2 == 0 {
                let _ = sleep.stop_searching();
                sleep.acquire();
            }
            nested(me, &Rng::new(seed), seed as u32 % 40, &counts);
            assert!(!me.slots().has_private());
            if seed % 2 == 0 {
                sleep.release();
                sleep.start_searching();
            }
        }
    });
    assert!(counts.iter().all(|count| count.get() > 1000), "{counts:?}");
}
