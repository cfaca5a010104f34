//! Loom models of the sleep protocol.
//!
//! A stand-in plays the pool. Its queues are words that are read and written with Relaxed only, so
//! that only the protocol's own fences order a push and a look. (The deque of `sync::deque`, a
//! mutex at model time, would hide a missing fence.) A wake-up that is lost leaves a thread parked
//! for ever, which loom reports as a deadlock. Every job is a `Box` that counts its drops, so that
//! "exactly once" is asserted and not assumed.
//!
//! Workers that are asleep when a model begins are the threads spawned by [`Pool::sleeper`]. The
//! main thread has put them to sleep, in program order, which keeps the models small.

use super::super::{Before, Notified, Rescan, Sleep};
use crate::job::SeatIndex;
use crate::latch::Latch;
use crate::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use crate::sync::{Arc, Condvar, Mutex, UnsafeCell, lock, thread};
use crate::util::model;
use crate::util::parker::Parker;
use std::future::Future;
use std::ops::Deref;
use std::pin::pin;
use std::ptr;
use std::task::{Context, Wake, Waker};

/// A count of how often a job was dropped. Not loom's: it counts and orders nothing.
type Count = std::sync::Arc<std::sync::atomic::AtomicUsize>;

struct Job(Count);

impl Job {
    fn new() -> (Box<Self>, Count) {
        let count = Count::default();
        (Box::new(Self(count.clone())), count)
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

#[track_caller]
fn assert_ran_once(counts: &[Count]) {
    for count in counts {
        assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 1);
    }
}

/// A place for one job. Relaxed throughout.
struct Slot(AtomicPtr<Job>);

impl Slot {
    fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    fn push(&self, job: Box<Job>) {
        self.0.store(Box::into_raw(job), Ordering::Relaxed);
    }

    fn has_job(&self) -> bool {
        !self.0.load(Ordering::Relaxed).is_null()
    }

    fn take(&self) -> Option<Box<Job>> {
        // The load may be stale, as a thief's is; the swap is what makes the job ours.
        if !self.has_job() {
            return None;
        }
        let job = self.0.swap(ptr::null_mut(), Ordering::Relaxed);
        // SAFETY: `push` made it of a box, and a swap takes it out once.
        (!job.is_null()).then(|| unsafe { Box::from_raw(job) })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// What the threads of a pool share. A model's threads look only at the parts that the model uses.
struct Shared {
    sleep: Sleep,
    /// Work for all threads.
    queue: Vec<Slot>,
    /// Mail for one seat each; empty if the model sends none.
    mail: Vec<Slot>,
    closed: AtomicBool,
    closes: bool,
    /// May [`Pool::tell`] add a thread if no thread sleeps?
    spares: bool,
}

impl Shared {
    fn new(permits: u32, jobs: usize) -> Self {
        Self {
            sleep: Sleep::new(permits, 3),
            queue: (0..jobs).map(|_| Slot::new()).collect(),
            mail: Vec::new(),
            closed: AtomicBool::new(false),
            closes: false,
            spares: false,
        }
    }

    fn push(&self, at: usize) -> Count {
        let (job, count) = Job::new();
        self.queue[at].push(job);
        count
    }

    fn has_work(&self) -> bool {
        self.queue.iter().any(Slot::has_job)
    }

    fn take(&self) -> Option<Box<Job>> {
        self.queue.iter().find_map(Slot::take)
    }

    fn has_mail(&self, seat: SeatIndex) -> bool {
        self.mail.get(seat as usize).is_some_and(Slot::has_job)
    }

    fn is_closed(&self) -> bool {
        self.closes && self.closed.load(Ordering::Relaxed)
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.sleep.wake_all();
    }

    /// Puts a seat to sleep before the model begins.
    fn put_to_sleep(&self, seat: SeatIndex) -> &'static Parker {
        let parker: &'static Parker = Box::leak(Box::new(Parker::new()));
        self.sleep.admit();
        assert!(self.sleep.push(seat, parker, Before::Searching));
        parker
    }

    /// Asserts that seats 0 and 1 hold a token each, and are counted.
    #[track_caller]
    fn assert_all_woken(&self) {
        let word = self.sleep.load();
        assert_eq!((word.active(), word.searching()), (2, 2));
        assert_eq!(word.top(), None);
        for node in &self.sleep.nodes[..2] {
            assert!(node.token.load(Ordering::Relaxed));
        }
    }

    /// Asserts that no thread is active or asleep, no work is left, and no seat holds a token.
    #[track_caller]
    fn assert_at_rest(&self) {
        let word = self.sleep.load();
        assert_eq!((word.active(), word.searching()), (0, 0));
        assert_eq!(word.top(), None);
        assert!(!self.has_work());
        for node in &self.sleep.nodes {
            assert!(!node.token.load(Ordering::Relaxed));
        }
    }
}

#[derive(Clone)]
struct Pool(Arc<Shared>);

impl Deref for Pool {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Pool {
    fn new(permits: u32, jobs: usize) -> Self {
        Self::of(Shared::new(permits, jobs))
    }

    fn of(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// Publishes work, as a spawner does.
    fn spawn(&self, at: usize) -> Count {
        let count = self.push(at);
        self.tell();
        count
    }

    /// Tells the sleepers; adds a thread if there are none.
    fn tell(&self) {
        if self.sleep.notify() == Notified::NobodySleeps && self.spares && self.sleep.reserve() {
            let pool = self.clone();
            // Detached, like a real spare; loom waits for it nevertheless.
            thread::spawn(move || pool.spare());
        }
    }

    /// Does what is due after a fence: tells the sleepers if work is visible.
    fn scan(&self) {
        if self.has_work() {
            self.tell();
        }
    }

    fn rescan(&self, seat: SeatIndex) -> Rescan {
        if self.is_closed() || self.has_mail(seat) {
            Rescan::Mine
        } else if self.has_work() {
            Rescan::Work
        } else {
            Rescan::Nothing
        }
    }

    /// Sleeps. `true`: the thread slept, and counts as searching now.
    fn nap(&self, seat: SeatIndex, parker: &'static Parker, before: Before) -> bool {
        self.sleep
            .sleep(seat, parker, before, || self.rescan(seat), || self.tell())
    }

    /// After a job: sleeps if more threads are active than there are permits, else searches.
    fn retire_or_search(&self, seat: SeatIndex, parker: &'static Parker) {
        let slept = self.sleep.is_crowded() && self.nap(seat, parker, Before::Crowded);
        if !slept {
            self.sleep.start_searching();
        }
    }

    /// A searcher looks until it has found a job. `None`: the pool is closed.
    fn find(&self, seat: SeatIndex, parker: &'static Parker) -> Option<Box<Job>> {
        loop {
            let mail = self.mail.get(seat as usize).and_then(Slot::take);
            if let Some(job) = mail.or_else(|| self.take()) {
                if self.sleep.stop_searching() {
                    self.scan();
                }
                return Some(job);
            }
            if self.is_closed() {
                self.sleep.release_searcher();
                self.scan();
                return None;
            }
            assert!(self.nap(seat, parker, Before::Searching));
        }
    }

    /// Changes the number of permits.
    fn set_permits(&self, permits: u32) {
        self.sleep.set_permits(permits);
        self.scan();
    }

    /// As [`serve`](Self::serve), by a searcher that sleeps at once if the pool is crowded, as
    /// workers do.
    fn serve_unless_crowded(&self, seat: SeatIndex, parker: &'static Parker) {
        while self.sleep.is_crowded() {
            assert!(self.nap(seat, parker, Before::Searching));
        }
        self.serve(seat, parker);
    }

    /// Gives the permit back.
    fn leave(&self) {
        self.sleep.release();
        self.scan();
    }

    /// Finds one job, drops it, and leaves.
    fn serve(&self, seat: SeatIndex, parker: &'static Parker) {
        drop(self.find(seat, parker));
        self.leave();
    }

    /// A thread added by [`tell`](Self::tell): it serves if it finds something, and else leaves.
    fn spare(&self) {
        if let Some(job) = self.take() {
            if self.sleep.stop_searching() {
                self.scan();
            }
            drop(job);
            self.leave();
        } else {
            self.sleep.release_searcher();
            self.scan();
        }
    }

    /// A worker that sleeps already, and does `then` as a searcher when it is woken.
    fn sleeper(
        &self,
        seat: SeatIndex,
        then: impl FnOnce(&Self, &'static Parker) + Send + 'static,
    ) -> thread::JoinHandle<()> {
        let parker = self.put_to_sleep(seat);
        let pool = self.clone();
        thread::spawn(move || {
            pool.sleep.wait_for_token(seat, || parker.park());
            then(&pool, parker);
        })
    }

    /// A worker that starts as a searcher.
    fn searcher(
        &self,
        then: impl FnOnce(&Self, &'static Parker) + Send + 'static,
    ) -> thread::JoinHandle<()> {
        self.sleep.admit();
        let pool = self.clone();
        thread::spawn(move || then(&pool, Parker::current()))
    }

    /// A thread that holds a permit and runs something.
    fn worker(
        &self,
        then: impl FnOnce(&Self, &'static Parker) + Send + 'static,
    ) -> thread::JoinHandle<()> {
        self.sleep.acquire();
        let pool = self.clone();
        thread::spawn(move || then(&pool, Parker::current()))
    }
}

fn join(threads: impl IntoIterator<Item = thread::JoinHandle<()>>) {
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
}

/// M2a: a job that is injected while the only worker goes to sleep is found.
#[test]
fn inject_vs_one_worker() {
    model::check("sleep::inject_vs_one_worker", || {
        let pool = Pool::new(1, 1);
        let worker = pool.searcher(|pool, parker| pool.serve(0, parker));
        let count = pool.spawn(0);
        join([worker]);
        assert_ran_once(&[count]);
        pool.assert_at_rest();
    });
}

/// M2b: two jobs, two workers that serve one job each: neither job is left, neither worker sleeps
/// on. With one permit the second is woken by the first when it leaves.
fn inject_vs_two_workers(permits: u32) {
    let pool = Pool::new(permits, 2);
    let first = pool.sleeper(0, |pool, parker| pool.serve(0, parker));
    let second = pool.searcher(|pool, parker| pool.serve(1, parker));
    let counts = [pool.spawn(0), pool.spawn(1)];
    join([first, second]);
    assert_ran_once(&counts);
    pool.assert_at_rest();
}

#[test]
fn inject_vs_two_workers_one_permit() {
    model::check("sleep::inject_vs_two_workers_one_permit", || {
        inject_vs_two_workers(1);
    });
}

#[test]
fn inject_vs_two_workers_two_permits() {
    model::check("sleep::inject_vs_two_workers_two_permits", || {
        inject_vs_two_workers(2);
    });
}

/// M2c: a worker publishes from inside a job that ends only when another thread has run what was
/// published. The other worker is going to sleep meanwhile.
#[test]
fn local_push_vs_sleeper() {
    model::check("sleep::local_push_vs_sleeper", || {
        let pool = Pool::new(2, 1);
        let done = Arc::new(Latch::new());
        pool.sleep.acquire();
        let thief = {
            let done = done.clone();
            pool.searcher(move |pool, parker| {
                let job = pool.find(1, parker);
                drop(job);
                // SAFETY: both sides hold the latch by an `Arc`.
                unsafe { Latch::set(&raw const *done) };
                pool.leave();
            })
        };
        let count = pool.spawn(0);
        // Keeps the permit: the job computes.
        done.wait(Parker::current());
        pool.leave();
        join([thief]);
        assert_ran_once(&[count]);
        pool.assert_at_rest();
    });
}

/// A thread that changes the number of permits.
fn changer(pool: &Pool, permits: u32) -> thread::JoinHandle<()> {
    let pool = pool.clone();
    thread::spawn(move || pool.set_permits(permits))
}

/// A permit is added while a job is pushed. The thread that holds the other one computes until the
/// job has run, so only the sleeper can do it.
#[test]
fn a_permit_is_added_vs_publish() {
    model::check("sleep::a_permit_is_added_vs_publish", || {
        let pool = Pool::new(1, 1);
        pool.sleep.acquire();
        let sleeper = pool.sleeper(1, |pool, parker| pool.serve(1, parker));
        let changer = changer(&pool, 2);
        let count = pool.spawn(0);
        join([sleeper, changer]);
        pool.leave();
        assert_ran_once(&[count]);
        pool.assert_at_rest();
    });
}

/// A permit is added while all sleep, or are just being woken: the threads keep what they get, so
/// two jobs take both. (Three preemptions take minutes.)
#[test]
fn a_permit_is_added_while_all_sleep() {
    model::check_within(2, "sleep::a_permit_is_added_while_all_sleep", || {
        let pool = Pool::new(1, 2);
        let sleepers = [0, 1]
            .map(|seat| pool.sleeper(seat, move |pool, parker| drop(pool.find(seat, parker))));
        let changer = changer(&pool, 2);
        let counts = [pool.spawn(0), pool.spawn(1)];
        join(sleepers);
        join([changer]);
        pool.leave();
        pool.leave();
        assert_ran_once(&counts);
        pool.assert_at_rest();
    });
}

/// A permit is added while a surplus thread retires, and while a job is pushed: of the two, one
/// sees that there is room.
#[test]
fn a_permit_is_added_vs_surplus() {
    model::check("sleep::a_permit_is_added_vs_surplus", || {
        let pool = Pool::new(1, 1);
        pool.sleep.acquire();
        let worker = pool.worker(|pool, parker| {
            pool.retire_or_search(1, parker);
            pool.serve(1, parker);
        });
        let changer = changer(&pool, 2);
        let count = pool.spawn(0);
        join([worker, changer]);
        pool.leave();
        assert_ran_once(&[count]);
        pool.assert_at_rest();
    });
}

/// The last free permit is taken away while a job is pushed. The thread that was woken for the job
/// may be one too many, and sleeps again; then the job is for whoever is next to be free.
#[test]
fn the_last_permit_is_taken_away_vs_publish() {
    model::check("sleep::the_last_permit_is_taken_away_vs_publish", || {
        let pool = Pool::new(2, 1);
        pool.sleep.acquire();
        let sleeper = pool.sleeper(1, |pool, parker| pool.serve_unless_crowded(1, parker));
        let changer = changer(&pool, 1);
        let count = pool.spawn(0);
        pool.leave();
        join([sleeper, changer]);
        assert_ran_once(&[count]);
        pool.assert_at_rest();
    });
}

/// Two threads change the number at once, one of them behind a job that it has pushed: whatever the
/// number is in the end, the job is found.
#[test]
fn two_change_the_permits() {
    model::check_within(2, "sleep::two_change_the_permits", || {
        let pool = Pool::new(2, 1);
        pool.sleep.acquire();
        let sleeper = pool.sleeper(1, |pool, parker| pool.serve_unless_crowded(1, parker));
        let changer = changer(&pool, 3);
        let count = pool.spawn(0);
        pool.set_permits(1);
        pool.leave();
        join([sleeper, changer]);
        assert_ran_once(&[count]);
        pool.assert_at_rest();
    });
}

/// M3: a worker that goes to sleep while the pool closes ends nevertheless.
#[test]
fn close_vs_sleep() {
    model::check("sleep::close_vs_sleep", || {
        let mut pool = Shared::new(2, 0);
        pool.closes = true;
        let pool = Pool::of(pool);
        let workers = [0, 1].map(|seat| {
            pool.searcher(move |pool, parker| assert!(pool.find(seat, parker).is_none()))
        });
        pool.close();
        join(workers);
        pool.assert_at_rest();
    });
}

/// M3: a job that is injected while the pool closes is run or still in its queue. The worker ends
/// in either case.
#[test]
fn close_vs_inject() {
    model::check("sleep::close_vs_inject", || {
        let mut pool = Shared::new(1, 1);
        pool.closes = true;
        let pool = Pool::of(pool);
        let worker = pool.searcher(|pool, parker| {
            while let Some(job) = pool.find(0, parker) {
                drop(job);
                pool.sleep.start_searching();
            }
        });
        let outside = {
            let pool = pool.clone();
            thread::spawn(move || pool.spawn(0))
        };
        pool.close();
        join([worker]);
        let count = outside.join().unwrap();
        assert_eq!(pool.sleep.load().active(), 0);
        assert_eq!(pool.sleep.load().top(), None);
        drop(pool);
        assert_ran_once(&[count]);
    });
}

/// M8: the last worker has finished a job, finds nothing more and parks, while something is
/// spawned.
#[test]
fn spawn_vs_last_worker_parking() {
    model::check("sleep::spawn_vs_last_worker_parking", || {
        let pool = Pool::new(1, 1);
        let worker = pool.worker(|pool, parker| {
            pool.sleep.start_searching();
            pool.serve(0, parker);
        });
        let count = pool.spawn(0);
        join([worker]);
        assert_ran_once(&[count]);
        pool.assert_at_rest();
    });
}

/// The last searcher has found a long job while a second job is published, whose publisher saw the
/// searcher and woke no thread. The searcher sees the second job when it stops (sleep.F2). The long
/// job ends only when the second has been run.
#[test]
fn last_searcher_vs_publish() {
    model::check("sleep::last_searcher_vs_publish", || {
        let pool = Pool::new(2, 2);
        let done = Arc::new(Latch::new());
        let first = pool.push(0);
        let sleeper = {
            let done = done.clone();
            pool.sleeper(1, move |pool, parker| {
                drop(pool.find(1, parker));
                // SAFETY: both sides hold the latch by an `Arc`.
                unsafe { Latch::set(&raw const *done) };
                pool.leave();
            })
        };
        let searcher = pool.searcher(move |pool, parker| {
            let job = pool.queue[0].take().expect("nobody else takes this one");
            if pool.sleep.stop_searching() {
                pool.scan();
            }
            // Keeps the permit: the job computes.
            done.wait(parker);
            drop(job);
            pool.leave();
        });
        let second = pool.spawn(1);
        join([sleeper, searcher]);
        assert_ran_once(&[first, second]);
        pool.assert_at_rest();
    });
}

/// Two searchers find the two jobs of three that they are nearest to: the last to stop sees the
/// third, although it was published while both searched.
#[test]
fn two_searchers_vs_publish() {
    model::check("sleep::two_searchers_vs_publish", || {
        let pool = Pool::new(3, 3);
        let counts = [pool.push(0), pool.push(1)];
        let sleeper = pool.sleeper(2, |pool, parker| pool.serve(2, parker));
        pool.sleep.admit();
        pool.sleep.admit();
        // The jobs of these two compute until the model ends: the permits stay out.
        let searchers = [0, 1].map(|at| {
            let pool = pool.clone();
            thread::spawn(move || {
                let job = pool.queue[at].take().expect("nobody else takes this one");
                if pool.sleep.stop_searching() {
                    pool.scan();
                }
                drop(job);
            })
        });
        let third = pool.spawn(2);
        join([sleeper]);
        join(searchers);
        pool.leave();
        pool.leave();
        assert_ran_once(&counts);
        assert_ran_once(&[third]);
        pool.assert_at_rest();
    });
}

/// Permits: a waiting thread gives back the only permit, while the job that it waits for is
/// published. The publisher may have seen the permit out; then the waiter sees the job.
#[test]
fn wait_lends_its_permit() {
    model::check("sleep::wait_lends_its_permit", || {
        let pool = Pool::new(1, 1);
        let done = Arc::new(Latch::new());
        let sleeper = {
            let done = done.clone();
            pool.sleeper(1, move |pool, parker| {
                drop(pool.find(1, parker));
                // SAFETY: both sides hold the latch by an `Arc`.
                unsafe { Latch::set(&raw const *done) };
                pool.leave();
            })
        };
        let waiter = pool.worker(move |pool, parker| {
            pool.leave();
            done.wait(parker);
            pool.sleep.acquire();
            pool.leave();
        });
        let count = pool.spawn(0);
        join([sleeper, waiter]);
        assert_ran_once(&[count]);
        pool.assert_at_rest();
    });
}

/// Permits: the waiter gives back the only permit and is itself the publisher, while the other
/// worker is still going to sleep.
#[test]
fn waiter_publishes_what_it_waits_for() {
    model::check("sleep::waiter_publishes_what_it_waits_for", || {
        let pool = Pool::new(1, 1);
        let done = Arc::new(Latch::new());
        pool.sleep.acquire();
        let worker = {
            let done = done.clone();
            pool.searcher(move |pool, parker| {
                drop(pool.find(1, parker));
                // SAFETY: both sides hold the latch by an `Arc`.
                unsafe { Latch::set(&raw const *done) };
                pool.leave();
            })
        };
        let count = pool.spawn(0);
        pool.leave();
        done.wait(Parker::current());
        pool.sleep.acquire();
        pool.leave();
        join([worker]);
        assert_ran_once(&[count]);
        pool.assert_at_rest();
    });
}

/// A spare is added when no thread sleeps that could use a free permit: a new thread runs the job
/// that the waiter waits for.
#[test]
fn spare_runs_what_all_wait_for() {
    model::check("sleep::spare_runs_what_all_wait_for", || {
        let mut pool = Shared::new(1, 1);
        pool.spares = true;
        let pool = Pool::of(pool);
        let waiter = pool.worker(|pool, _| pool.leave());
        let count = pool.spawn(0);
        join([waiter]);
        // Only a spare runs it.
        while count.load(std::sync::atomic::Ordering::Relaxed) == 0 {
            thread::yield_now();
        }
        assert_ran_once(&[count]);
    });
}

/// One free permit is reserved once, however many threads see that no thread sleeps.
#[test]
fn one_permit_is_reserved_once() {
    model::check("sleep::one_permit_is_reserved_once", || {
        let pool = Pool::new(1, 0);
        let other = {
            let pool = pool.clone();
            thread::spawn(move || pool.sleep.reserve())
        };
        let mine = pool.sleep.reserve();
        let theirs = other.join().unwrap();
        assert!(mine != theirs);
        assert_eq!(pool.sleep.load().active(), 1);
    });
}

/// A thread could not be created. Its reservation counted as a searcher meanwhile, so a publisher
/// in that time woke no thread. Giving the reservation back makes up for that.
#[test]
fn failed_spare_vs_publish() {
    model::check("sleep::failed_spare_vs_publish", || {
        let pool = Pool::new(1, 1);
        assert!(pool.sleep.reserve());
        let failing = {
            let pool = pool.clone();
            thread::spawn(move || {
                pool.sleep.release_searcher();
                pool.scan();
            })
        };
        let sleeper = pool.sleeper(0, |pool, parker| pool.serve(0, parker));
        let count = pool.spawn(0);
        join([failing, sleeper]);
        assert_ran_once(&[count]);
        pool.assert_at_rest();
    });
}

/// Several threads give up their permits: at least one sees that no thread is active.
#[test]
fn the_last_to_stop_knows_it() {
    model::check("sleep::the_last_to_stop_knows_it", || {
        let pool = Pool::new(2, 0);
        let stop = |pool: &Shared| {
            pool.sleep.release();
            pool.sleep.is_stuck()
        };
        pool.sleep.acquire();
        let other = Arc::new(AtomicUsize::new(0));
        let waiter = {
            let other = other.clone();
            pool.worker(move |pool, _| other.store(usize::from(stop(pool)), Ordering::Relaxed))
        };
        let mine = stop(&pool);
        join([waiter]);
        assert!(mine || other.load(Ordering::Relaxed) == 1);
    });
}

/// Crowded: of two threads on one permit, one retires after its job, while work is published. Both
/// jobs run, whichever thread retires.
#[test]
fn surplus_retires_vs_publish() {
    model::check("sleep::surplus_retires_vs_publish", || {
        let pool = Pool::new(1, 2);
        let counts = [pool.push(0)];
        let workers = [0, 1].map(|seat| {
            pool.worker(move |pool, parker| {
                pool.retire_or_search(seat, parker);
                pool.serve(seat, parker);
            })
        });
        let second = pool.spawn(1);
        join(workers);
        assert_ran_once(&counts);
        assert_ran_once(&[second]);
        pool.assert_at_rest();
    });
}

/// Crowded: mail that arrives while its reader retires is read.
#[test]
fn surplus_retires_vs_mail() {
    model::check("sleep::surplus_retires_vs_mail", || {
        let mut pool = Shared::new(1, 0);
        pool.mail.push(Slot::new());
        let pool = Pool::of(pool);
        pool.sleep.acquire();
        let worker = pool.worker(|pool, parker| {
            pool.retire_or_search(0, parker);
            drop(pool.find(0, parker));
            pool.sleep.release();
        });
        let (job, count) = Job::new();
        pool.mail[0].push(job);
        pool.sleep.wake_all();
        pool.sleep.release();
        join([worker]);
        assert_ran_once(&[count]);
        pool.assert_at_rest();
    });
}

/// Mail: each worker finds its own, whether it sleeps or is about to.
#[test]
fn mail_vs_sleep() {
    model::check("sleep::mail_vs_sleep", || {
        let mut pool = Shared::new(2, 0);
        pool.mail.extend([Slot::new(), Slot::new()]);
        let pool = Pool::of(pool);
        let ended = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let reader = |seat: SeatIndex| {
            let ended = ended.clone();
            move |pool: &Pool, parker: &'static Parker| {
                drop(pool.find(seat, parker));
                ended[seat as usize].store(1, Ordering::Relaxed);
                pool.sleep.release();
            }
        };
        let readers = [pool.sleeper(0, reader(0)), pool.searcher(reader(1))];
        let (jobs, counts): (Vec<_>, Vec<_>) = [Job::new(), Job::new()].into_iter().unzip();
        for (slot, job) in pool.mail.iter().zip(jobs) {
            slot.push(job);
        }
        pool.sleep.wake_all();
        join(readers);
        assert_ran_once(&counts);
        pool.assert_at_rest();
    });
}

/// Mail for one of two sleepers is found by that sleeper. The other, woken for nothing, goes back
/// to sleep, and is woken again for a job that was published meanwhile.
#[test]
fn mail_wakes_a_bystander_for_nothing() {
    model::check("sleep::mail_wakes_a_bystander_for_nothing", || {
        let mut pool = Shared::new(2, 1);
        pool.mail.push(Slot::new());
        let pool = Pool::of(pool);
        let addressed = pool.sleeper(0, |pool, parker| {
            // Only the mail: this thread leaves the queue alone.
            while !pool.has_mail(0) {
                let rescan = || {
                    if pool.has_mail(0) {
                        Rescan::Mine
                    } else {
                        Rescan::Nothing
                    }
                };
                let slept = pool
                    .sleep
                    .sleep(0, parker, Before::Searching, rescan, || {});
                assert!(slept);
            }
            drop(pool.mail[0].take());
            pool.sleep.release_searcher();
            pool.spawn(0);
        });
        let bystander = pool.sleeper(1, |pool, parker| pool.serve(1, parker));
        let (job, count) = Job::new();
        pool.mail[0].push(job);
        pool.sleep.wake_all();
        join([addressed, bystander]);
        assert_ran_once(&[count]);
        pool.assert_at_rest();
    });
}

/// The tag: between a notifier's look and its exchange both sleepers are popped, one leaves and the
/// other pushes itself again. All counts and the top are as they were, but the stack is a different
/// one.
#[test]
fn pop_is_not_fooled_by_an_equal_word() {
    model::check("sleep::pop_is_not_fooled_by_an_equal_word", || {
        let pool = Pool::new(2, 0);
        pool.put_to_sleep(0);
        let parker = pool.put_to_sleep(1);
        let notifier = {
            let pool = pool.clone();
            thread::spawn(move || pool.sleep.notify() == Notified::NobodySleeps)
        };
        // Both seats live on this thread; the notifier has popped at most one of them before.
        pool.sleep.wake_all();
        pool.sleep.wait_for_token(0, || parker.park());
        pool.sleep.release_searcher();
        pool.sleep.wait_for_token(1, || parker.park());
        assert!(pool.sleep.push(1, parker, Before::Searching));
        let nobody = notifier.join().unwrap();
        // Seat 1 is asleep, or it was popped and holds a token. Seat 0 is gone.
        let word = pool.sleep.load();
        let token = pool.sleep.nodes[1].token.load(Ordering::Relaxed);
        assert_eq!(word.top(), (!token).then_some(1));
        assert_eq!(word.searching(), u32::from(token));
        assert_eq!(word.active(), u32::from(token));
        assert!(!pool.sleep.nodes[0].token.load(Ordering::Relaxed));
        assert!(!nobody, "seat 1 slept or searched all the time");
    });
}

/// The tag, for `wake_all`: it has walked over the very stack that it takes off, or it walks again.
#[test]
fn wake_all_is_not_fooled_by_an_equal_word() {
    model::check("sleep::wake_all_is_not_fooled_by_an_equal_word", || {
        let pool = Pool::new(2, 0);
        let parkers = [0, 1].map(|seat| pool.put_to_sleep(seat));
        let waker = {
            let pool = pool.clone();
            thread::spawn(move || pool.sleep.wake_all())
        };
        pool.sleep.wake_all();
        pool.sleep.wait_for_token(0, || parkers[0].park());
        pool.sleep.release_searcher();
        pool.sleep.wait_for_token(1, || parkers[1].park());
        assert!(pool.sleep.push(1, parkers[1], Before::Searching));
        waker.join().unwrap();
        let word = pool.sleep.load();
        let token = pool.sleep.nodes[1].token.load(Ordering::Relaxed);
        assert_eq!(word.top(), (!token).then_some(1));
        assert_eq!(word.searching(), u32::from(token));
        assert_eq!(word.active(), u32::from(token));
        assert!(!pool.sleep.nodes[0].token.load(Ordering::Relaxed));
    });
}

/// The popper of a seat sees what lies below it, as the seat's push left it: the lower sleeper
/// stays in the stack. (The main thread pushes, because loom runs it first: it does not go back
/// from a push to an earlier look of another thread.)
#[test]
fn pop_sees_the_seat_below() {
    model::check("sleep::pop_sees_the_seat_below", || {
        let pool = Pool::new(2, 0);
        pool.put_to_sleep(0);
        pool.sleep.admit();
        let popper = {
            let pool = pool.clone();
            // Pops seat 1, or comes while seat 1 still searches.
            thread::spawn(move || assert_eq!(pool.sleep.notify(), Notified::Enough))
        };
        assert!(pool.sleep.push(1, Parker::current(), Before::Searching));
        popper.join().unwrap();
        pool.sleep.wake_all();
        pool.assert_all_woken();
    });
}

/// `wake_all` hands a token to each seat that it takes off, and counts each, even if seats are
/// pushed or popped meanwhile.
#[test]
fn wake_all_counts_the_seats_it_takes() {
    model::check("sleep::wake_all_counts_the_seats_it_takes", || {
        let pool = Pool::new(2, 0);
        pool.put_to_sleep(0);
        pool.sleep.admit();
        let pusher = {
            let pool = pool.clone();
            thread::spawn(move || {
                assert!(pool.sleep.push(1, Parker::current(), Before::Searching));
            })
        };
        let popper = {
            let pool = pool.clone();
            thread::spawn(move || pool.sleep.notify() == Notified::NobodySleeps)
        };
        pool.sleep.wake_all();
        pusher.join().unwrap();
        popper.join().unwrap();
        pool.sleep.wake_all();
        pool.assert_all_woken();
    });
}

/// What was written before a wake is seen after it, even if no queue is read in between.
#[test]
fn token_carries_what_the_waker_wrote() {
    model::check("sleep::token_carries_what_the_waker_wrote", || {
        struct Cell(UnsafeCell<usize>);
        // SAFETY: the token hands it over, which the model checks.
        unsafe impl Sync for Cell {}
        // SAFETY: as above.
        unsafe impl Send for Cell {}

        let pool = Pool::new(1, 0);
        let cell = Arc::new(Cell(UnsafeCell::new(0)));
        let reader = {
            let cell = cell.clone();
            pool.sleeper(0, move |_, _| {
                // SAFETY: the writer wrote before it handed the token over.
                cell.0.with(|value| assert_eq!(unsafe { *value }, 7));
            })
        };
        // SAFETY: the reader waits for the token.
        cell.0.with_mut(|value| unsafe { *value = 7 });
        pool.sleep.wake_all();
        join([reader]);
    });
}

/// A popped seat may push itself again the moment it has its token. A popper of several seats reads
/// what lies below a seat before that.
#[test]
fn wake_all_reads_below_before_it_wakes() {
    model::check("sleep::wake_all_reads_below_before_it_wakes", || {
        let pool = Pool::new(2, 0);
        let parkers = [0, 1].map(|seat| pool.put_to_sleep(seat));
        let waker = {
            let pool = pool.clone();
            thread::spawn(move || pool.sleep.wake_all())
        };
        pool.sleep.wait_for_token(1, || parkers[1].park());
        assert!(pool.sleep.push(1, parkers[1], Before::Searching));
        pool.sleep.wait_for_token(0, || parkers[0].park());
        waker.join().unwrap();
        assert_eq!(pool.sleep.load().top(), Some(1));
    });
}

/// A wake that was meant for something else does not end the sleep of the thread's seat.
#[test]
fn stray_wake_does_not_end_the_sleep() {
    model::check("sleep::stray_wake_does_not_end_the_sleep", || {
        let pool = Pool::new(1, 0);
        let parker = pool.put_to_sleep(0);
        let sleeper = {
            let pool = pool.clone();
            thread::spawn(move || {
                pool.sleep.wait_for_token(0, || parker.park());
                assert_eq!(pool.sleep.load().searching(), 1);
            })
        };
        parker.unpark();
        pool.sleep.wake_all();
        join([sleeper]);
    });
}

impl Pool {
    /// A worker that has found nothing and becomes the driver; it runs one job.
    fn driver(&self, seat: SeatIndex) -> thread::JoinHandle<()> {
        let pool = self.clone();
        pool.sleep.admit();
        thread::spawn(move || {
            let parker = Parker::current();
            loop {
                if let Some(job) = pool.take() {
                    drop(job);
                    break;
                }
                let rescan = || match pool.has_work() {
                    true => Rescan::Work,
                    false => Rescan::Nothing,
                };
                let tell = || {
                    let _ = pool.sleep.notify();
                };
                pool.sleep.begin_driving(seat, parker, rescan, tell);
                pool.sleep.wait_for_token(seat, || parker.drive(None));
            }
            assert_eq!(pool.sleep.load().searching(), 1);
        })
    }
}

/// The driver sleeps apart from the stack, and hears of work as any sleeper does.
#[test]
fn driver_vs_publish() {
    model::check("sleep::driver_vs_publish", || {
        let pool = Pool::new(1, 1);
        let driver = pool.driver(0);
        let count = pool.push(0);
        let _ = pool.sleep.notify();
        join([driver]);
        assert_ran_once(&[count]);
        assert!(!pool.sleep.load().has_driver());
    });
}

/// The driver leaves by itself while a publisher pops it: it gets one permit, not two.
///
/// The driver is the thread that loom runs first. Loom remembers only the last access to each
/// object. So a publisher that had looked at the word before the driver touched it would never be
/// run later.
#[test]
fn driver_leaves_vs_publish() {
    model::check("sleep::driver_leaves_vs_publish", || {
        let pool = Pool::new(2, 0);
        pool.sleep.admit();
        let publisher = {
            let pool = pool.clone();
            thread::spawn(move || {
                let _ = pool.sleep.notify();
            })
        };
        let parker = Parker::current();
        let mut event = true;
        let nothing = || Rescan::Nothing;
        pool.sleep.begin_driving(0, parker, nothing, || ());
        pool.sleep.wait_for_token(0, || {
            if !(std::mem::take(&mut event) && pool.sleep.leave_driving(0)) {
                parker.drive(None);
            }
        });
        join([publisher]);
        let word = pool.sleep.load();
        assert_eq!((word.active(), word.searching()), (1, 1));
        assert!(!word.has_driver());
    });
}

/// A reactor's `block_on`: polls, and sleeps until its waker is called.
struct Bell {
    rung: Mutex<bool>,
    condvar: Condvar,
}

impl Wake for Bell {
    fn wake(self: std::sync::Arc<Self>) {
        *lock(&self.rung) = true;
        self.condvar.notify_one();
    }
}

fn block_on(future: impl Future<Output = ()>) {
    let bell = std::sync::Arc::new(Bell {
        rung: Mutex::new(false),
        condvar: Condvar::new(),
    });
    let waker = Waker::from(bell.clone());
    let mut future = pin!(future);
    while future
        .as_mut()
        .poll(&mut Context::from_waker(&waker))
        .is_pending()
    {
        let mut rung = lock(&bell.rung);
        while !*rung {
            rung = bell.condvar.wait(rung).unwrap();
        }
        *rung = false;
    }
}

/// Like `driver_vs_publish`, for a driver that stays inside a reactor, where its sleep is a future.
#[test]
fn driver_that_is_hosted_vs_publish() {
    model::check("sleep::driver_that_is_hosted_vs_publish", || {
        let pool = Pool::new(1, 1);
        pool.sleep.admit();
        let driver = {
            let pool = pool.clone();
            thread::spawn(move || {
                let parker = Parker::current();
                block_on(async {
                    while !pool.take().is_some_and(|job| {
                        drop(job);
                        true
                    }) {
                        let rescan = || match pool.has_work() {
                            true => Rescan::Work,
                            false => Rescan::Nothing,
                        };
                        let tell = || {
                            let _ = pool.sleep.notify();
                        };
                        pool.sleep.begin_driving(0, parker, rescan, tell);
                        while !pool.sleep.take_token(0) {
                            if let Some(driving) = parker.drive_inside() {
                                driving.await;
                            }
                        }
                    }
                });
            })
        };
        let count = pool.push(0);
        let _ = pool.sleep.notify();
        join([driver]);
        assert_ran_once(&[count]);
        assert!(!pool.sleep.load().has_driver());
    });
}

/// The end of the pool reaches the driver.
#[test]
fn close_vs_driver() {
    model::check("sleep::close_vs_driver", || {
        let mut shared = Shared::new(1, 0);
        shared.closes = true;
        shared.sleep.admit();
        let pool = Arc::new(shared);
        let driver = {
            let pool = pool.clone();
            thread::spawn(move || {
                let parker = Parker::current();
                while !pool.is_closed() {
                    let rescan = || match pool.is_closed() {
                        true => Rescan::Mine,
                        false => Rescan::Nothing,
                    };
                    pool.sleep.begin_driving(0, parker, rescan, || ());
                    pool.sleep.wait_for_token(0, || parker.drive(None));
                }
            })
        };
        pool.close();
        driver.join().unwrap();
    });
}
