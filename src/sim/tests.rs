//! The machine by itself, and the baton with threads of its own.

use super::baton::{self, World};
use super::costs;
use super::kind::Kind;
use super::machine::{Machine, NEVER, Phase};
use super::run::{Builder, text, work};
use super::{check_determinism, many};
use crate::sync::{Condvar, Mutex, lock};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

fn us(n: u64) -> Duration {
    Duration::from_micros(n)
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Starts a thread of the present simulation.
fn start(f: impl FnOnce() + Send + 'static) -> std::thread::JoinHandle<()> {
    let mut ticket = baton::ticket(|| "extra".to_owned());
    std::thread::spawn(move || {
        let _entered = ticket.enter();
        f();
    })
}

fn message(f: impl FnOnce() + Send + 'static) -> String {
    let panicked = catch_unwind(AssertUnwindSafe(|| Builder::new().run(f)));
    text(&*panicked.expect_err("the simulation fails")).to_owned()
}

// ---- the machine as data --------------------------------------------------------------------

#[test]
fn the_thread_with_the_least_time_goes_next() {
    let mut machine = Machine::new(2, 0, false);
    let (a, b) = (machine.add("a".into(), 0), machine.add("b".into(), 10));
    assert_eq!(machine.choose(), Some(a));
    machine.threads[a].clock = 500;
    machine.work(a, 500);
    assert_eq!(machine.choose(), Some(b));
    assert_eq!(machine.now, 10);
    // Hardly ahead: it goes on.
    machine.threads[b].clock = 500 + costs::LOOKAHEAD;
    machine.work(b, 500 + costs::LOOKAHEAD);
    assert_eq!(machine.choose(), Some(b));
    assert_eq!(machine.leash(b).horizon, 500 + costs::LOOKAHEAD);
}

#[test]
fn a_thread_without_a_core_waits_for_one() {
    let mut machine = Machine::new(1, 0, false);
    let (a, b) = (machine.add("a".into(), 0), machine.add("b".into(), 0));
    assert_eq!(machine.threads[b].phase, Phase::Queued);
    assert_eq!(machine.choose(), Some(a));
    // A piece of work of three slices: the other thread gets the core after the first.
    machine.work(a, 3 * costs::SLICE);
    assert_eq!(machine.choose(), Some(b));
    let began = costs::SLICE + costs::SWITCH;
    assert_eq!(machine.threads[b].clock, began);
    machine.end(b);
    assert_eq!(machine.choose(), Some(a));
    // What was left of the work, after another switch.
    assert_eq!(
        machine.threads[a].clock,
        began + costs::SWITCH + 2 * costs::SLICE
    );
}

#[test]
fn deadlines_come_before_later_work_and_wake_ups_before_deadlines() {
    let mut machine = Machine::new(4, 0, false);
    let all: Vec<_> = (0..3).map(|i| machine.add(format!("{i}"), 0)).collect();
    machine.choose();
    machine.block(all[0], 7, 1_000);
    machine.block(all[1], 7, NEVER);
    machine.work(all[2], 5_000_000);
    assert_eq!(machine.choose(), Some(all[0]));
    assert!(machine.threads[all[0]].timed_out);
    assert_eq!(machine.threads[all[0]].clock, 1_000 + costs::WAKE_LATENCY);
    assert_eq!(machine.wake(7, true, 2_000), 1);
    assert!(!machine.threads[all[1]].timed_out);
    assert_eq!(machine.wake(7, true, 2_000), 0);
    machine.end(all[0]);
    machine.end(all[1]);
    machine.end(all[2]);
    assert_eq!(machine.choose(), None);
    assert_eq!(machine.live, 0);
}

#[test]
fn the_kernel_wakes_whoever_sleeps_longest() {
    let mut machine = Machine::new(4, 0, false);
    let (a, b) = (machine.add("a".into(), 50), machine.add("b".into(), 20));
    machine.block(a, 7, NEVER);
    machine.block(b, 7, NEVER);
    assert_eq!(machine.wake(7, false, 100), 1);
    assert_eq!(machine.threads[a].phase, Phase::Blocked);
    assert_eq!(machine.threads[b].phase, Phase::OnCore);
}

#[test]
fn idle_time_is_what_nobody_used() {
    let mut machine = Machine::new(3, 0, false);
    let (a, b) = (machine.add("a".into(), 0), machine.add("b".into(), 0));
    machine.choose();
    machine.threads[a].clock = 100;
    machine.block(a, 7, NEVER);
    machine.work(b, 1_000);
    // 3000 in all, of which `a` had 100, and `b` all of its core's.
    assert_eq!(machine.idle(1_000), 1_900);
}

#[test]
fn seeds_choose_everybody_at_some_time() {
    let mut firsts = [0; 3];
    for seed in 0..60 {
        let mut machine = Machine::new(1, seed, true);
        let all = [0, 1, 2].map(|i: usize| machine.add(format!("{i}"), 0));
        let first = machine.choose().unwrap();
        firsts[first] += 1;
        // Whoever spins is the last from now on, if priorities choose.
        machine.demote(first);
        assert!(all.contains(&machine.choose().unwrap()));
    }
    assert!(firsts.iter().all(|count| *count > 5), "{firsts:?}");
}

// ---- the baton ------------------------------------------------------------------------------

#[test]
fn two_threads_work_at_the_same_time_on_two_cores_and_one_after_the_other_on_one() {
    let run = |cores| {
        let both = || {
            let other = start(|| work(ms(10)));
            work(ms(10));
            drop(other);
        };
        // The time at which all threads have ended, not only the first.
        let world = World::new(Machine::new(cores, 0, false), cores);
        let mut ticket = world.ticket(&mut world.lock(), "main".to_owned(), 0);
        world.give_to_next(&mut world.lock());
        let main = std::thread::spawn(move || {
            let _entered = ticket.enter();
            both();
        });
        main.join().unwrap();
        let mut machine = world.lock();
        while machine.live > 0 {
            machine = world.bell.wait(machine).unwrap();
        }
        Duration::from_nanos(machine.now)
    };
    assert!(run(1) >= ms(20));
    assert!(run(2) >= ms(10) && run(2) < ms(11), "{:?}", run(2));
}

#[test]
fn the_clock_jumps_when_nobody_can_run() {
    let real = Instant::now();
    let (slept, report) = Builder::new().run(|| {
        let pair = (Mutex::new(()), Condvar::new());
        let before = baton::now().unwrap();
        let guard = lock(&pair.0);
        let (_guard, result) = pair.1.wait_timeout(guard, ms(3_600_000)).unwrap();
        assert!(result.timed_out());
        baton::now().unwrap() - before
    });
    assert!(slept >= ms(3_600_000) && slept < ms(3_600_001), "{slept:?}");
    assert!(report.elapsed() >= slept);
    assert_eq!(report.parks(), 1);
    assert!(
        real.elapsed() < ms(60_000),
        "nobody waits for the real clock"
    );
}

#[test]
fn a_deadlock_is_told_with_the_threads() {
    let text = message(|| {
        let pair = Arc::new((Mutex::new(()), Condvar::new()));
        let other = Arc::clone(&pair);
        drop(start(move || {
            drop(other.1.wait(lock(&other.0)));
        }));
        drop(pair.1.wait(lock(&pair.0)));
    });
    assert!(
        text.contains("nobody can run, and no deadline is left"),
        "{text}"
    );
    assert!(text.contains("0 main: Blocked"), "{text}");
    assert!(text.contains("1 extra: Blocked"), "{text}");
}

#[test]
fn a_simulation_ends_at_its_time_limit() {
    let forever = || loop {
        work(ms(1));
    };
    let limited = Builder::new().time_limit(ms(100));
    let ended = catch_unwind(AssertUnwindSafe(|| limited.run(forever)));
    let Err(payload) = ended;
    assert!(text(&*payload).contains("the time limit has passed"));
}

#[test]
fn a_lock_of_the_crate_hands_the_baton_on() {
    let (total, report) = Builder::new().cores(4).run(|| {
        let sum = Arc::new(Mutex::new(0));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let sum = Arc::clone(&sum);
                start(move || {
                    let mut sum = lock(&sum);
                    let before = *sum;
                    work(ms(1));
                    *sum = before + 1;
                })
            })
            .collect();
        work(ms(10));
        drop(threads);
        *lock(&sum)
    });
    assert_eq!(total, 3);
    assert_eq!(report.blocked_outside(), 0);
}

#[test]
fn a_lock_of_std_that_is_held_across_work_does_not_stop_the_simulation() {
    let (total, report) = Builder::new().cores(4).run(|| {
        let sum = Arc::new(std::sync::Mutex::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let sum = Arc::clone(&sum);
                start(move || {
                    let mut sum = sum.lock().unwrap();
                    work(ms(1));
                    *sum += 1;
                })
            })
            .collect();
        work(ms(100));
        // In the system, until both have ended: the watchdog passes the baton on.
        for thread in threads {
            thread.join().unwrap();
        }
        *sum.lock().unwrap()
    });
    assert_eq!(total, 2);
    assert!(report.blocked_outside() > 0);
}

#[test]
fn a_thread_of_no_simulation_can_wake_one() {
    let (told, report) = Builder::new().run(|| {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let (send, receive) = mpsc::channel::<()>();
        let other = Arc::clone(&pair);
        let outside = std::thread::spawn(move || {
            receive.recv().unwrap();
            *lock(&other.0) = true;
            other.1.notify_one();
        });
        let mut told = lock(&pair.0);
        send.send(()).unwrap();
        while !*told {
            told = pair.1.wait(told).unwrap();
        }
        let told = *told;
        outside.join().unwrap();
        told
    });
    assert!(told);
    assert!(report.parks() <= 1);
}

#[test]
fn the_same_seed_takes_the_same_decisions_and_others_do_not() {
    let crowd = || {
        let sum = Arc::new(Mutex::new(0));
        for i in 0..4 {
            let sum = Arc::clone(&sum);
            drop(start(move || {
                for _ in 0..10 {
                    work(us(i));
                    *lock(&sum) += 1;
                }
            }));
        }
        work(ms(1));
    };
    check_determinism(3, crowd);
    Builder::new().explore().seed(3).check_determinism(crowd);
    let print = |seed| {
        Builder::new()
            .explore()
            .seed(seed)
            .run(crowd)
            .1
            .fingerprint()
    };
    let first = print(0);
    assert!((1..10).any(|seed| print(seed) != first));
}

#[test]
fn two_runs_that_differ_are_caught() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let differs = || {
        if RUNS.fetch_add(1, Ordering::Relaxed) == 1 {
            baton::point(Kind::Named);
        }
        baton::point(Kind::Latch);
    };
    let caught = catch_unwind(|| check_determinism(0, differs)).unwrap_err();
    let text = text(&*caught).to_owned();
    assert!(
        text.contains("two runs with the same seed differ"),
        "{text}"
    );
    assert!(text.contains("Named"), "{text}");
}

// ---- planted faults -------------------------------------------------------------------------

/// Does one of the first thousand seeds fail?
fn is_found(f: impl Fn() + Send + Sync + 'static) -> bool {
    catch_unwind(AssertUnwindSafe(|| many(0..1_000, f))).is_err()
}

/// Two threads add without a lock, with a decision between reading and writing.
fn lost_update(correct: bool) {
    let sum = Arc::new(AtomicU32::new(0));
    let other = Arc::clone(&sum);
    let done = Arc::new((Mutex::new(0), Condvar::new()));
    let told = Arc::clone(&done);
    let add = move |sum: &AtomicU32| {
        if correct {
            baton::point(Kind::Named);
            sum.fetch_add(1, Ordering::Relaxed);
        } else {
            let before = sum.load(Ordering::Relaxed);
            baton::point(Kind::Named);
            sum.store(before + 1, Ordering::Relaxed);
        }
    };
    drop(start(move || {
        add(&other);
        *lock(&told.0) += 1;
        told.1.notify_one();
    }));
    add(&sum);
    let mut ended = lock(&done.0);
    while *ended == 0 {
        ended = done.1.wait(ended).unwrap();
    }
    assert_eq!(sum.load(Ordering::Relaxed), 2);
}

#[test]
fn a_planted_lost_update_is_found() {
    assert!(is_found(|| lost_update(false)));
    many(0..1_000, || lost_update(true));
}

/// A thread looks, and only then goes to sleep; the other one sets the flag and wakes.
fn lost_wake_up(correct: bool) {
    let flag = Arc::new(AtomicU32::new(0));
    let other = Arc::clone(&flag);
    drop(start(move || {
        other.store(1, Ordering::Release);
        baton::wake(1, false);
    }));
    while flag.load(Ordering::Acquire) == 0 {
        baton::point(Kind::Named);
        let still = || !correct || flag.load(Ordering::Acquire) == 0;
        baton::sleep(1, None, still);
    }
}

#[test]
fn a_planted_lost_wake_up_is_found() {
    assert!(is_found(|| lost_wake_up(false)));
    many(0..1_000, || lost_wake_up(true));
}
