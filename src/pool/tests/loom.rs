//! Loom models of one seat and its thieves (M4): private slots, their exposure, leapfrogging.
//!
//! The registry is real, and has no threads of its own; the models' threads occupy its seats. The
//! sleep word is told that one thread searches, so that publishing work never has to wake anybody
//! (that has models of its own, in `sleep::tests`).

use super::super::driver::Asker;
use super::super::events;
use super::super::hooks::Hooks;
use super::super::limit::Limit;
use super::super::registry::Registry;
use super::super::rescue::{WakesFor, post, sight};
use super::super::seat::{Mode, Occupant, Popped, Slot};
use super::super::sizes::Sizes;
use super::super::threads::{Call, Called};
use super::super::worker::{self, Looked};
use super::super::{
    computing, find, guest, halves, home::Home, publish, resize, tell, timers, wait,
};
use crate::job::JobRef;
use crate::job::heap::HeapJob;
use crate::job::stack::{StackHeader, StackJob};
use crate::latch::Latch;
use crate::sleep::{Before, Rescan};
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering, fence};
use crate::sync::deque::Steal;
use crate::sync::{UnsafeCell, thread};
use crate::task::{Class, How, Priority};
use crate::util::parker::Parker;
use crate::util::{model, unwind};
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

fn registry() -> Arc<Registry> {
    let registry = registry_of(3, 0);
    registry.sleep.acquire();
    registry.sleep.admit();
    registry
}

pub(super) fn registry_of(workers: usize, spares: usize) -> Arc<Registry> {
    registry_with_guests(workers, 0, spares)
}

pub(super) fn registry_with_guests(workers: usize, guests: usize, spares: usize) -> Arc<Registry> {
    let sizes = Sizes {
        permits: workers,
        workers,
        first_to_end: 0,
        guests,
        spares,
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

/// A pool of two without threads, for models of what works on seats.
#[derive(Clone)]
pub(crate) struct Seats(Arc<Registry>);

impl Seats {
    pub(crate) fn new() -> Self {
        Self(registry_of(2, 0))
    }

    /// Calls `f` on this seat, on which no other thread sits meanwhile.
    pub(crate) fn sit<R>(&self, seat: u32, f: impl FnOnce(Occupant<'_>) -> R) -> R {
        // SAFETY: the caller's promise; the registry outlives the guard.
        let occupied = unsafe { self.0.occupy(seat) };
        f(occupied.me())
    }
}

/// How often a job has run. Loom sees two runs at once, and a run that the owner does not see.
struct Runs(UnsafeCell<u32>);
// SAFETY: loom checks each access.
unsafe impl Sync for Runs {}

impl Runs {
    fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    fn add(&self) {
        // SAFETY: loom checks that there is no other access now.
        self.0.with_mut(|runs| unsafe { *runs += 1 });
    }

    fn get(&self) -> u32 {
        // SAFETY: loom checks that there is no writer now.
        self.0.with(|runs| unsafe { *runs })
    }
}

/// The end of a join: runs the second half here, or waits for its thief.
fn finish<F, R>(me: Occupant<'_>, slot: Slot, job: &StackJob<F, R>) -> R
where
    F: FnOnce(bool) -> R + Send,
    R: Send,
{
    match halves::pop(me, slot, job.as_header()) {
        // SAFETY: `Mine` is the right to run the job.
        Popped::Mine => (unsafe { job.take() })(false),
        Popped::Stolen => wait_for(job),
    }
}

fn wait_for<F, R>(job: &StackJob<F, R>) -> R
where
    F: FnOnce(bool) -> R + Send,
    R: Send,
{
    // SAFETY: callers have seen that the job was stolen, so it was exposed.
    unsafe { job.public() }.latch().wait(Parker::current());
    // SAFETY: the latch is set.
    unsafe { job.take_result() }.unwrap_or_else(|payload| unwind::resume(payload))
}

/// Of nested joins, each second half runs once, whoever gets it, and its owner sees that.
#[test]
fn join_pop_races_steal() {
    model::check("pool::join_pop_races_steal", || nested_joins::<2>(&[2]));
}

/// One join and two thieves, who also race each other.
#[test]
fn join_pop_races_two_thieves() {
    model::check("pool::join_pop_races_two_thieves", || {
        nested_joins::<1>(&[1, 1])
    });
}

/// Nested joins on seat 0, and thieves, each with its number of tries to steal.
fn nested_joins<const DEPTH: usize>(thieves: &[usize]) {
    fn nest(me: Occupant<'_>, runs: &[Runs]) {
        if let [first, others @ ..] = runs {
            let job = StackJob::new(|_| first.add());
            let slot = halves::push(me, job.as_header());
            nest(me, others);
            finish(me, slot, &job);
        }
    }

    let registry = registry();
    let thieves: Vec<_> = thieves
        .iter()
        .zip(1..)
        .map(|(&tries, index)| {
            let registry = Arc::clone(&registry);
            thread::spawn(move || {
                for _ in 0..tries {
                    if let Steal::Success(job) = registry.seat(0).offer().steal() {
                        job.execute(index);
                    }
                }
            })
        })
        .collect();
    // SAFETY: no other thread takes seat 0, and the registry outlives the guard.
    let occupied = unsafe { registry.occupy(0) };
    let runs = [(); DEPTH].map(|()| Runs::new());
    nest(occupied.me(), &runs);
    assert_eq!(runs.each_ref().map(Runs::get), [1; DEPTH]);
    for thief in thieves {
        thief.join().unwrap();
    }
}

/// Real joins, with the whole wait for a stolen half: descendants, leapfrogging, and a sleep that
/// lends the permit. `second` is the half that the thief may take.
fn wait_for_a_thief(runs: usize, second: fn(&[Runs])) {
    let registry = registry();
    let thief = {
        let registry = Arc::clone(&registry);
        thread::spawn(move || {
            // SAFETY: no other thread takes seat 1, and the registry outlives the guard.
            let _occupied = unsafe { registry.occupy(1) };
            if let Steal::Success(job) = registry.seat(0).offer().steal() {
                job.execute(1);
            }
        })
    };
    {
        // SAFETY: no other thread takes seat 0, and the registry outlives the guard.
        let _occupied = unsafe { registry.occupy(0) };
        let runs: Vec<_> = (0..runs).map(|_| Runs::new()).collect();
        let (first, others) = runs.split_first().expect("two at least");
        crate::join(|| first.add(), || second(others));
        assert!(runs.iter().all(|runs| runs.get() == 1));
    }
    thief.join().unwrap();
    // The permit of the owner and that of the searcher that the model pretends.
    assert_eq!(registry.sleep.active(), 2);
}

#[test]
fn a_join_waits_for_its_stolen_half() {
    model::check("pool::a_join_waits_for_its_stolen_half", || {
        wait_for_a_thief(2, |runs| runs[0].add());
    });
}

/// The thief forks, so that the waiter may help it. (Three preemptions take minutes.)
#[test]
fn a_join_helps_the_thief_of_its_half() {
    model::check_within(2, "pool::a_join_helps_the_thief_of_its_half", || {
        wait_for_a_thief(3, |runs| {
            crate::join(|| runs[0].add(), || runs[1].add());
        });
    });
}

/// seat.S3: an owner that keeps looking at its limit, as joins and loops do, hides no job from a
/// thief that keeps asking. (Were the thief's wish lost, neither would ever get on.)
#[test]
fn a_hungry_thief_gets_every_job() {
    model::check("pool::a_hungry_thief_gets_every_job", || {
        let registry = registry();
        let thief = {
            let registry = Arc::clone(&registry);
            thread::spawn(move || {
                let mut got = 0;
                while got < 2 {
                    match registry.seat(0).offer().steal() {
                        Steal::Success(job) => {
                            job.execute(1);
                            got += 1;
                        }
                        Steal::Empty | Steal::Retry => thread::yield_now(),
                    }
                }
            })
        };
        // SAFETY: no other thread takes seat 0, and the registry outlives the guard.
        let occupied = unsafe { registry.occupy(0) };
        let me = occupied.me();
        let runs = AtomicU32::new(0);
        let run = |_| {
            runs.fetch_add(1, Ordering::Relaxed);
        };
        let older = StackJob::new(run);
        let older_slot = halves::push(me, older.as_header());
        let newer = StackJob::new(run);
        let newer_slot = halves::push(me, newer.as_header());
        while runs.load(Ordering::Relaxed) < 2 {
            halves::feed(me);
            thread::yield_now();
        }
        assert_eq!(
            halves::pop(me, newer_slot, newer.as_header()),
            Popped::Stolen
        );
        assert_eq!(
            halves::pop(me, older_slot, older.as_header()),
            Popped::Stolen
        );
        wait_for(&newer);
        wait_for(&older);
        thief.join().unwrap();
    });
}

/// seat.S4 and latch.L2: whoever leapfrogs while its half is stolen gets descendants of that half,
/// never what the thief works on afterwards.
#[test]
fn leapfrogging_takes_descendants_only() {
    fn half(child: &Runs) {
        let me = super::super::seat::current().expect("seated");
        let job = StackJob::new(|_| child.add());
        let slot = halves::push(me, job.as_header());
        finish(me, slot, &job);
    }

    model::check("pool::leapfrogging_takes_descendants_only", || {
        let registry = registry();
        let thief = {
            let registry = Arc::clone(&registry);
            thread::spawn(move || {
                // SAFETY: no other thread takes seat 1, and the registry outlives the guard.
                let occupied = unsafe { registry.occupy(1) };
                let me = occupied.me();
                if let Steal::Success(job) = registry.seat(0).offer().steal() {
                    job.execute(1);
                }
                // Something else, which the owner of the half does not wait for.
                let stranger = StackJob::new(|migrated| assert!(!migrated, "a stranger was run"));
                let slot = halves::push(me, stranger.as_header());
                finish(me, slot, &stranger);
            })
        };
        // SAFETY: no other thread takes seat 0, and the registry outlives the guard.
        let occupied = unsafe { registry.occupy(0) };
        let me = occupied.me();
        let child = Runs::new();
        let job = StackJob::new(|_| half(&child));
        let slot = halves::push(me, job.as_header());
        match halves::pop(me, slot, job.as_header()) {
            // SAFETY: `Mine` is the right to run the job.
            Popped::Mine => (unsafe { job.take() })(false),
            Popped::Stolen => {
                // SAFETY: stolen, so exposed.
                let public = unsafe { job.public() };
                let leapfrog = || wait::leapfrog(me, public);
                if let Some(descendant) = leapfrog().or_else(|| wait::reach(me, public)) {
                    descendant.execute(0);
                }
                wait_for(&job);
            }
        }
        assert_eq!(child.get(), 1);
        thief.join().unwrap();
    });
}

/// A pool of two with both permits out: to an owner at seat 0, and to a searcher. So the owner
/// makes one job public, and keeps the next one to itself.
fn owner_and_searcher() -> Arc<Registry> {
    let registry = registry_of(2, 0);
    registry.sleep.acquire();
    registry.sleep.admit();
    registry
}

/// What a thread gets that looks everywhere once.
fn hidden(me: Occupant<'_>) -> Option<find::Found> {
    match find::hidden(me) {
        find::Hidden::Job(job) => Some(job),
        find::Hidden::Nothing | find::Hidden::Refused => None,
    }
}

fn search(me: Occupant<'_>) -> Option<find::Found> {
    find::others(me, true).or_else(|| hidden(me))
}

/// A thief at a seat, which looks for work this often.
fn searcher(registry: &Arc<Registry>, seat: u32, tries: usize) -> thread::JoinHandle<()> {
    let registry = Arc::clone(registry);
    thread::spawn(move || {
        // SAFETY: no other thread takes this seat, and the registry outlives the guard.
        let occupied = unsafe { registry.occupy(seat) };
        for _ in 0..tries {
            if let Some(job) = search(occupied.me()) {
                job.execute(occupied.me());
            }
        }
    })
}

/// seat.S6, the owner at its pops: a job that a thief reaches for is run once, and a job that the
/// owner takes back is not reached for.
#[test]
fn reach_races_pop() {
    model::check("pool::reach_races_pop", || {
        let registry = owner_and_searcher();
        let thief = searcher(&registry, 1, 2);
        {
            // SAFETY: no other thread takes seat 0, and the registry outlives the guard.
            let occupied = unsafe { registry.occupy(0) };
            let me = occupied.me();
            let runs = [Runs::new(), Runs::new()];
            let outer = StackJob::new(|_| runs[0].add());
            let outer_slot = halves::push(me, outer.as_header());
            let inner = StackJob::new(|_| runs[1].add());
            let inner_slot = halves::push(me, inner.as_header());
            finish(me, inner_slot, &inner);
            finish(me, outer_slot, &outer);
            assert_eq!(runs.each_ref().map(Runs::get), [1, 1]);
        }
        thief.join().unwrap();
    });
}

/// seat.S6, two thieves: one of them gets the private job.
#[test]
fn reach_races_reach() {
    model::check("pool::reach_races_reach", || {
        let registry = registry_of(3, 0);
        (0..3).for_each(|_| registry.sleep.acquire());
        // SAFETY: no other thread takes seat 0, and the registry outlives the guard.
        let occupied = unsafe { registry.occupy(0) };
        let me = occupied.me();
        let runs = [Runs::new(), Runs::new()];
        // Public, because hunger is what a seat begins with; then taken back.
        let first = StackJob::new(|_| runs[0].add());
        let slot = halves::push(me, first.as_header());
        let job = StackJob::new(|_| runs[1].add());
        let job_slot = halves::push(me, job.as_header());
        if let Steal::Success(first) = me.offer().steal() {
            first.execute(0);
        }
        let thieves = [1, 2].map(|seat| {
            let registry = Arc::clone(&registry);
            thread::spawn(move || {
                // SAFETY: no other thread takes this seat, and the registry outlives the guard.
                let occupied = unsafe { registry.occupy(seat) };
                match hidden(occupied.me()) {
                    Some(job) => job.execute(occupied.me()),
                    None => return false,
                }
                true
            })
        });
        let got = thieves.map(|thief| thief.join().unwrap());
        assert!(got[0] != got[1], "one thief gets the job, and only one");
        finish(me, job_slot, &job);
        finish(me, slot, &first);
        assert_eq!(runs.each_ref().map(Runs::get), [1, 1]);
    });
}

/// Rule H2, the owner at its pushes and then away for ever: a thief that searches or falls asleep
/// gets every job, the one that the owner was just pushing as well.
#[test]
fn an_owner_that_is_away_hides_nothing() {
    model::check("pool::an_owner_that_is_away_hides_nothing", || {
        let registry = owner_and_searcher();
        let thief = {
            let registry = Arc::clone(&registry);
            thread::spawn(move || {
                // SAFETY: no other thread takes seat 1, and the registry outlives the guard.
                let occupied = unsafe { registry.occupy(1) };
                let me = occupied.me();
                let mut got = 0;
                loop {
                    if let Some(job) = search(me) {
                        tell::found(me, false);
                        job.execute(me);
                        got += 1;
                        if got == 2 {
                            return;
                        }
                        registry.sleep.start_searching();
                        continue;
                    }
                    let rescan = || match registry.driver.is_wanted() || registry.has_jobs() {
                        true => Rescan::Work,
                        false => Rescan::Nothing,
                    };
                    let tell = || tell::work(&registry);
                    let state = Before::Searching;
                    assert!(registry.sleep.sleep(1, me.parker(), state, rescan, tell));
                }
            })
        };
        // SAFETY: no other thread takes seat 0, and the registry outlives the guard.
        let occupied = unsafe { registry.occupy(0) };
        let me = occupied.me();
        let runs = [Runs::new(), Runs::new()];
        let older = StackJob::new(|_| runs[0].add());
        let older_slot = halves::push(me, older.as_header());
        let newer = StackJob::new(|_| runs[1].add());
        let newer_slot = halves::push(me, newer.as_header());
        // The owner blocks until both have run.
        thief.join().unwrap();
        assert_eq!(
            halves::pop(me, newer_slot, newer.as_header()),
            Popped::Stolen
        );
        assert_eq!(
            halves::pop(me, older_slot, older.as_header()),
            Popped::Stolen
        );
        wait_for(&newer);
        wait_for(&older);
        assert_eq!(runs.each_ref().map(Runs::get), [1, 1]);
    });
}

/// The pool gets a second permit while a thread retires for want of one. The owner of the first has
/// a private half, and blocks until it has run; it was told that nobody is idle.
#[test]
fn a_pool_that_grows_reaches_what_was_private() {
    model::check("pool::a_pool_that_grows_reaches_what_was_private", || {
        let registry = registry_of(2, 0);
        assert_eq!(resize::set_num_threads(&registry, 1), 1);
        registry.sleep.acquire();
        // SAFETY: no other thread takes seat 0, and the registry outlives the guard.
        let occupied = unsafe { registry.occupy(0) };
        let me = occupied.me();
        let job = StackJob::new(|_| ());
        let slot = halves::push(me, job.as_header());
        assert!(me.seat().hides_jobs(), "nobody is idle");
        registry.sleep.acquire();
        let thief = {
            let registry = Arc::clone(&registry);
            thread::spawn(move || {
                // SAFETY: no other thread takes seat 1, and the registry outlives the guard.
                let occupied = unsafe { registry.occupy(1) };
                let me = occupied.me();
                let tell = || tell::work(&registry);
                let sleep = |before, looked| {
                    let rescan = || worker::rescan(me, looked);
                    registry.sleep.sleep(1, me.parker(), before, rescan, tell)
                };
                let mut searches = false;
                loop {
                    if registry.sleep.is_crowded() {
                        searches = match searches {
                            true => sleep(Before::Searching, Looked::InPublic),
                            false => sleep(Before::Crowded, Looked::InVain),
                        };
                        continue;
                    }
                    if !searches {
                        registry.sleep.start_searching();
                    }
                    if let Some(job) = search(me) {
                        tell::found(me, false);
                        return job.execute(me);
                    }
                    searches = sleep(Before::Searching, Looked::Everywhere);
                }
            })
        };
        assert_eq!(resize::set_num_threads(&registry, 2), 2);
        // The owner blocks until it has run.
        thief.join().unwrap();
        assert_eq!(halves::pop(me, slot, job.as_header()), Popped::Stolen);
        wait_for(&job);
    });
}

/// The pool gets a second permit, for a thread that sleeps, while the owner of the first puts a
/// half down and blocks until it has run. No thief had asked for it.
#[test]
fn a_pool_that_grows_sees_a_push() {
    model::check("pool::a_pool_that_grows_sees_a_push", || {
        let registry = registry_of(2, 0);
        assert_eq!(resize::set_num_threads(&registry, 1), 1);
        registry.sleep.acquire();
        // SAFETY: no other thread takes seat 0, and the registry outlives the guard.
        let occupied = unsafe { registry.occupy(0) };
        let me = occupied.me();
        let thief = {
            let registry = Arc::clone(&registry);
            registry.sleep.admit();
            thread::spawn(move || {
                // SAFETY: no other thread takes seat 1, and the registry outlives the guard.
                let occupied = unsafe { registry.occupy(1) };
                let me = occupied.me();
                loop {
                    let looked = match registry.sleep.is_crowded() {
                        true => Looked::InPublic,
                        false => match search(me) {
                            Some(job) => {
                                tell::found(me, false);
                                return job.execute(me);
                            }
                            None => Looked::Everywhere,
                        },
                    };
                    let rescan = || worker::rescan(me, looked);
                    let tell = || tell::work(&registry);
                    let state = Before::Searching;
                    assert!(registry.sleep.sleep(1, me.parker(), state, rescan, tell));
                }
            })
        };
        while !registry.sleep.has_sleepers() {
            thread::yield_now();
        }
        // The thief has asked before it fell asleep. It has its answer now, if it was not late.
        let before = StackJob::new(|_| ());
        let slot = halves::push(me, before.as_header());
        assert_eq!(halves::pop(me, slot, before.as_header()), Popped::Mine);
        let changer = {
            let registry = Arc::clone(&registry);
            thread::spawn(move || resize::set_num_threads(&registry, 2))
        };
        let job = StackJob::new(|_| ());
        let slot = halves::push(me, job.as_header());
        thief.join().unwrap();
        changer.join().unwrap();
        assert_eq!(halves::pop(me, slot, job.as_header()), Popped::Stolen);
        wait_for(&job);
    });
}

/// A thread that polls in a pool with one permit leaves a task behind it, and tells nobody, since
/// nobody could come. It blocks. If a second permit is added meanwhile, a sleeper comes.
#[test]
fn a_pool_that_grows_sees_what_was_not_told() {
    model::check("pool::a_pool_that_grows_sees_what_was_not_told", || {
        let registry = registry_of(2, 0);
        assert_eq!(resize::set_num_threads(&registry, 1), 1);
        registry.sleep.admit();
        let worker = {
            let registry = Arc::clone(&registry);
            thread::spawn(move || {
                // SAFETY: no other thread takes seat 1, and the registry outlives the guard.
                let occupied = unsafe { registry.occupy(1) };
                let me = occupied.me();
                let mut found = None;
                while found.is_none() {
                    let rescan = || worker::rescan(me, Looked::Everywhere);
                    let tell = || tell::work(&registry);
                    let state = Before::Searching;
                    assert!(registry.sleep.sleep(1, me.parker(), state, rescan, tell));
                    found = find::others(me, true);
                }
                tell::found(me, false);
                found.into_iter().for_each(|job| job.execute(me));
            })
        };
        registry.sleep.acquire();
        // SAFETY: no other thread takes seat 0, and the registry outlives the guard.
        let occupied = unsafe { registry.occupy(0) };
        let me = occupied.me();
        me.set_mode(Mode::Polling);
        let changer = {
            let registry = Arc::clone(&registry);
            thread::spawn(move || resize::set_num_threads(&registry, 2))
        };
        let job = StackJob::new(|_| ());
        let class = Class::future(Priority::Normal);
        publish::schedule(&registry, future(&job), How::Spawn, class);
        changer.join().unwrap();
        worker.join().unwrap();
        wait_for(&job);
    });
}

/// Rule H2, for a waiter: its thief blocks until a half of its own has run, and no other thread is
/// there. The waiter takes that half, be it public or private; it hears who its thief is, when that
/// begins.
#[test]
fn a_waiter_helps_a_thief_that_is_away() {
    model::check("pool::a_waiter_helps_a_thief_that_is_away", || {
        let registry = registry_of(2, 0);
        registry.sleep.acquire();
        registry.sleep.acquire();
        let thief = {
            let registry = Arc::clone(&registry);
            thread::spawn(move || {
                // SAFETY: no other thread takes seat 1, and the registry outlives the guard.
                let occupied = unsafe { registry.occupy(1) };
                occupied.me().set_mode(Mode::Computing);
                if let Steal::Success(job) = registry.seat(0).offer().steal() {
                    job.execute(1);
                }
            })
        };
        {
            // SAFETY: no other thread takes seat 0, and the registry outlives the guard.
            let occupied = unsafe { registry.occupy(0) };
            let me = occupied.me();
            me.set_mode(Mode::Computing);
            // A thread that sleeps, and no loop that yields: loom tells a deadlock from it.
            let child_done = Latch::new();
            let job = StackJob::new(|migrated| {
                if migrated {
                    let me = super::super::seat::current().expect("seated");
                    let child = StackJob::new(|_| {
                        // SAFETY: the latch outlives both jobs.
                        unsafe { Latch::set(&raw const child_done) };
                    });
                    let slot = halves::push(me, child.as_header());
                    child_done.wait(Parker::current());
                    finish(me, slot, &child);
                }
            });
            let slot = halves::push(me, job.as_header());
            match halves::pop(me, slot, job.as_header()) {
                // SAFETY: `Mine` is the right to run the job.
                Popped::Mine => (unsafe { job.take() })(false),
                // SAFETY: stolen, so exposed.
                Popped::Stolen => wait::for_half(me, unsafe { job.public() }),
            }
        }
        thief.join().unwrap();
    });
}

/// A pool whose two permits are out, to seats in these modes, and a future that may be published
/// there.
struct Busy {
    registry: Arc<Registry>,
}

impl Busy {
    fn new(modes: [Mode; 2]) -> Self {
        Self::with_spares(modes, 1)
    }

    /// With two spare threads, one may look whether threads that poll come back.
    fn with_spares(modes: [Mode; 2], spares: usize) -> Self {
        let registry = registry_of(2, spares);
        for (seat, mode) in modes.into_iter().enumerate() {
            registry.sleep.acquire();
            // SAFETY: this is the only thread so far.
            unsafe { registry.occupy(seat as u32) }.me().set_mode(mode);
        }
        Self { registry }
    }

    /// A ready future from outside.
    fn publish(&self, job: JobRef) {
        let class = Class::future(Priority::Normal);
        publish::inject(&self.registry, job, class);
    }

    fn begin(&self, seat: u32) -> thread::JoinHandle<()> {
        let registry = Arc::clone(&self.registry);
        thread::spawn(move || {
            // SAFETY: no other thread takes this seat now, and the registry outlives the guard.
            computing::begin(unsafe { registry.occupy(seat) }.me());
        })
    }

    /// The future waits, all compute: so somebody was called to poll it. Runs it.
    fn end(&self) {
        assert!(self.registry.rescue.is_taken(), "nobody polls the future");
        let job = self.registry.injectors.take_any();
        job.expect("nobody has taken it").execute(0);
    }
}

/// A job that stands for a future.
pub(super) fn future(job: &StackJob<impl FnOnce(bool) + Send, ()>) -> JobRef {
    // SAFETY: the models run the job before its frame ends.
    unsafe { StackHeader::expose(job.as_header()) }
}

/// rescue.R2: a future becomes ready while the last seat that polled begins to compute.
#[test]
fn rescue_of_a_future_that_races_the_last_computation() {
    let name = "pool::rescue_of_a_future_that_races_the_last_computation";
    model::check(name, || {
        let pool = Busy::new([Mode::Computing, Mode::Polling]);
        let job = StackJob::new(|_| ());
        let last = pool.begin(1);
        pool.publish(future(&job));
        last.join().unwrap();
        pool.end();
    });
}

/// rescue.R2, where the thread that computes spawns into a scope. The post does not hear of that,
/// so what counts is that a thread looks when it begins to compute.
#[test]
fn rescue_of_a_future_that_races_a_scope_job() {
    let name = "pool::rescue_of_a_future_that_races_a_scope_job";
    model::check(name, || {
        let pool = Busy::new([Mode::Computing, Mode::Polling]);
        let job = StackJob::new(|_| ());
        let last = {
            let registry = Arc::clone(&pool.registry);
            thread::spawn(move || {
                // SAFETY: no other thread takes this seat now, and the registry outlives the guard.
                let occupied = unsafe { registry.occupy(1) };
                let (me, child) = (occupied.me(), StackJob::new(|_| ()));
                computing::begin(me);
                publish::push_scope_job(me, future(&child));
                let child = me.slots().pop_public();
                child.expect("nobody has taken it").execute(1);
            })
        };
        pool.publish(future(&job));
        last.join().unwrap();
        pool.end();
    });
}

/// rescue.R2: a future is ready while both seats begin to compute.
#[test]
fn rescue_when_two_begin_to_compute_at_once() {
    model::check("pool::rescue_when_two_begin_to_compute_at_once", || {
        let pool = Busy::new([Mode::Polling; 2]);
        let job = StackJob::new(|_| ());
        pool.publish(future(&job));
        let others = [pool.begin(0), pool.begin(1)];
        for other in others {
            other.join().unwrap();
        }
        pool.end();
    });
}

/// A future becomes ready while the overcommitted thread leaves its post, having found nothing.
fn the_post_is_left(pool: &Busy) {
    assert!(pool.registry.rescue.take_post());
    let job = StackJob::new(|_| ());
    let leaver = {
        let registry = Arc::clone(&pool.registry);
        thread::spawn(move || {
            registry.rescue.arrive(2);
            // SAFETY: no other thread takes seat 2, and the registry outlives the guard.
            tell::post_is_left(unsafe { registry.occupy(2) }.me());
        })
    };
    pool.publish(future(&job));
    leaver.join().unwrap();
    pool.end();
}

/// rescue.R2, behind threads that compute.
#[test]
fn rescue_when_the_post_is_left() {
    model::check("pool::rescue_when_the_post_is_left", || {
        the_post_is_left(&Busy::new([Mode::Computing; 2]));
    });
}

/// rescue.R2, behind a poll that does not come back.
#[test]
fn rescue_behind_a_poll_when_the_post_is_left() {
    model::check("pool::rescue_behind_a_poll_when_the_post_is_left", || {
        the_post_is_left(&Busy::with_spares([Mode::Computing, Mode::Polling], 2));
    });
}

/// rescue.R2: a future becomes ready behind polls that do not come back, while the thread at the
/// post falls asleep without an end.
#[test]
fn rescue_behind_a_poll_wakes_the_post() {
    model::check("pool::rescue_behind_a_poll_wakes_the_post", || {
        let pool = Busy::with_spares([Mode::Polling; 2], 2);
        assert!(pool.registry.rescue.take_post());
        pool.registry.rescue.arrive(2);
        let job = StackJob::new(|_| ());
        let poller = {
            let registry = Arc::clone(&pool.registry);
            thread::spawn(move || {
                // SAFETY: no other thread takes seat 2, and the registry outlives the guard.
                let occupied = unsafe { registry.occupy(2) };
                loop {
                    if let Some(job) = registry.injectors.take_future(Priority::Normal) {
                        return job.execute(2);
                    }
                    let me = occupied.me();
                    events::run_to_end(post::sleep(me, None, WakesFor::Any, None));
                }
            })
        };
        pool.publish(future(&job));
        poller.join().unwrap();
    });
}

/// rescue.R4: the thread at the post begins to poll, while its deputy leaves.
#[test]
fn rescue_polls_with_a_deputy() {
    model::check("pool::rescue_polls_with_a_deputy", || {
        let registry = registry_of(1, 2);
        let rescue = &registry.rescue;
        assert!(rescue.take_post() && rescue.take_deputy());
        rescue.arrive(1);
        let deputy = {
            let registry = Arc::clone(&registry);
            thread::spawn(move || {
                registry.rescue.leave_as_deputy();
                registry.rescue.poll_at_post().is_some() && registry.rescue.take_deputy()
            })
        };
        let is_called = rescue.begin_poll(1) && rescue.take_deputy();
        assert!(deputy.join().unwrap() != is_called || !rescue.take_deputy());
    });
}

/// rescue.R1: the deputy takes the post over, while the poll there ends.
#[test]
fn rescue_is_taken_over_once() {
    model::check("pool::rescue_is_taken_over_once", || {
        let registry = registry_of(1, 2);
        let rescue = &registry.rescue;
        assert!(rescue.take_post());
        rescue.arrive(1);
        let _ = rescue.begin_poll(1);
        let deputy = {
            let registry = Arc::clone(&registry);
            thread::spawn(move || {
                let poll = registry.rescue.poll_at_post();
                poll.is_some_and(|poll| registry.rescue.take_over(poll, 2))
            })
        };
        let comes_back = rescue.end_poll(1);
        assert_ne!(deputy.join().unwrap(), comes_back);
        assert!(rescue.is_taken());
    });
}

/// A heavy future is put aside by the thread at the post, while the only worker goes to sleep.
#[test]
fn a_future_put_aside_is_found() {
    model::check("pool::a_future_put_aside_is_found", || {
        let registry = registry_of(1, 1);
        registry.sleep.admit();
        let job = StackJob::new(|_| ());
        let worker = {
            let registry = Arc::clone(&registry);
            thread::spawn(move || {
                let parker = Parker::current();
                loop {
                    if let Some(job) = registry.injectors.take_heavy(Priority::Normal) {
                        return job.execute(0);
                    }
                    let rescan = || match registry.has_visible_work() {
                        true => Rescan::Work,
                        false => Rescan::Nothing,
                    };
                    let tell = || tell::work(&registry);
                    let state = Before::Searching;
                    assert!(registry.sleep.sleep(0, parker, state, rescan, tell));
                }
            })
        };
        // SAFETY: no other thread takes seat 1, and the registry outlives the guard.
        let occupied = unsafe { registry.occupy(1) };
        let me = occupied.me();
        me.set_mode(Mode::Overcommitted);
        let class = Class::future(Priority::Normal);
        publish::schedule(&registry, future(&job), How::Aside, class);
        worker.join().unwrap();
    });
}

/// limit.V1: a job is queued while the last token comes back: a runner is on its way.
#[test]
fn a_limit_forgets_no_job() {
    model::check("pool::a_limit_forgets_no_job", || {
        let registry = registry();
        let limit = Limit::new(Arc::clone(&registry), 1);
        let first = StackJob::new(|_| ());
        let second = StackJob::new(|_| ());
        let class = Class::future(Priority::Normal);
        limit.push(future(&first), class);
        let runner = registry.injectors.take_any().expect("a runner");
        let other = thread::spawn(move || runner.execute(0));
        limit.push(future(&second), class);
        other.join().unwrap();
        // If the first runner has not seen it, there is another one.
        if let Some(runner) = registry.injectors.take_any() {
            runner.execute(0);
        }
        for job in [first.as_header(), second.as_header()] {
            // SAFETY: both were exposed, and are in place.
            assert!(unsafe { StackHeader::public_of(job) }.latch().probe());
        }
    });
}

const HOUR: Duration = Duration::from_secs(3600);

/// driver.D1: a timer is added before the one that the driver waits for, while it begins to wait.
#[test]
fn driver_sees_an_earlier_timer() {
    model::check("pool::driver_sees_an_earlier_timer", || {
        let registry = registry();
        let now = Instant::now();
        let _late = timers::add(&registry, now + 10 * HOUR, Waker::noop());
        let late = registry.timers().next();
        let driver = {
            let registry = Arc::clone(&registry);
            thread::spawn(move || {
                let role = registry.driver.take(Parker::current(), Asker::Waiter);
                let role = role.expect("nobody else takes it");
                while registry.timers().next() == late {
                    role.drive(None, || ());
                }
            })
        };
        let _early = timers::add(&registry, now + HOUR, Waker::noop());
        driver.join().unwrap();
    });
}

/// A worker that has found nothing, and sleeps until it is the driver.
fn idle_worker(registry: &Arc<Registry>) -> thread::JoinHandle<()> {
    idle_worker_then(registry, || ())
}

fn idle_worker_then(
    registry: &Arc<Registry>,
    then: impl FnOnce() + Send + 'static,
) -> thread::JoinHandle<()> {
    registry.sleep.admit();
    let registry = Arc::clone(registry);
    thread::spawn(move || {
        let parker = Parker::current();
        while registry.driver.take(parker, Asker::Worker).is_none() {
            let rescan = || match registry.has_visible_work() {
                true => Rescan::Work,
                false => {
                    tell::relieve_spare(&registry);
                    Rescan::Nothing
                }
            };
            let tell = || tell::work(&registry);
            let state = Before::Searching;
            assert!(registry.sleep.sleep(0, parker, state, rescan, tell));
        }
        then();
    })
}

/// driver.D1: the first timer is added from outside, while the last thread goes to sleep.
#[test]
fn driver_is_found_for_the_first_timer() {
    model::check("pool::driver_is_found_for_the_first_timer", || {
        let registry = registry_of(1, 0);
        let worker = idle_worker(&registry);
        let _timer = timers::add(&registry, Instant::now() + HOUR, Waker::noop());
        worker.join().unwrap();
    });
}

/// driver.D1: a thread in `block_on` gives the role up, while the last worker, which could not have
/// it, goes to sleep.
#[test]
fn driver_that_leaves_is_followed() {
    model::check("pool::driver_that_leaves_is_followed", || {
        let registry = registry_of(1, 0);
        let _timer = timers::add(&registry, Instant::now() + HOUR, Waker::noop());
        let role = registry.driver.take(Parker::current(), Asker::Waiter);
        let role = role.expect("nobody else takes it");
        let worker = idle_worker(&registry);
        role.give_up(&registry);
        worker.join().unwrap();
    });
}

/// driver.D1: a role that is of no use any more is given up, while a new first timer is added.
#[test]
fn driver_that_gives_up_races_a_timer() {
    model::check("pool::driver_that_gives_up_races_a_timer", || {
        let registry = registry_of(1, 0);
        let first = timers::add(&registry, Instant::now() + HOUR, Waker::noop());
        let role = registry.driver.take(Parker::current(), Asker::Waiter);
        let role = role.expect("nobody else takes it");
        registry.timers().remove(first.expect("an hour from now"));
        let worker = idle_worker(&registry);
        let adder = {
            let registry = Arc::clone(&registry);
            thread::spawn(move || {
                timers::add(&registry, Instant::now() + HOUR, Waker::noop());
            })
        };
        role.give_up(&registry);
        adder.join().unwrap();
        worker.join().unwrap();
    });
}

/// A spare thread takes the role and falls asleep, while the only worker goes to sleep.
#[test]
fn driver_that_is_spare_is_relieved() {
    model::check("pool::driver_that_is_spare_is_relieved", || {
        let registry = registry_of(1, 0);
        let _timer = timers::add(&registry, Instant::now() + HOUR, Waker::noop());
        let parker = Parker::current();
        // The worker may come first; it ends then.
        let is_over = Arc::new(AtomicBool::new(false));
        let worker = {
            let is_over = Arc::clone(&is_over);
            idle_worker_then(&registry, move || {
                is_over.store(true, Ordering::Relaxed);
                parker.unpark();
            })
        };
        if let Some(role) = registry.driver.take(parker, Asker::Spare) {
            while !(registry.sleep.has_sleepers() || is_over.load(Ordering::Relaxed)) {
                role.drive(None, || ());
            }
        }
        fence(Ordering::SeqCst);
        tell::permit(&registry);
        worker.join().unwrap();
    });
}

/// As [`driver_that_is_spare_is_relieved`], by a spare thread at the post: the worker may sleep
/// already when it takes the role.
#[test]
fn driver_at_the_post_is_relieved() {
    model::check("pool::driver_at_the_post_is_relieved", || {
        let registry = registry_of(1, 1);
        registry.sleep.acquire();
        let _timer = timers::add(&registry, Instant::now() + HOUR, Waker::noop());
        assert!(registry.rescue.is_taken(), "nobody looks at the clock");
        registry.sleep.release();
        let parker = Parker::current();
        let worker = idle_worker_then(&registry, move || parker.unpark());
        // SAFETY: no other thread takes seat 1, and the registry outlives the guard.
        let occupied = unsafe { registry.occupy(1) };
        let me = occupied.me();
        me.set_mode(Mode::Overcommitted);
        registry.rescue.arrive(1);
        events::run_to_end(post::drive(me));
        worker.join().unwrap();
    });
}

/// driver.D1: a driver leaves to poll, which it tells nobody, and then begins to compute, while the
/// last worker, which could not have the role, goes to sleep.
#[test]
fn driver_that_computes_is_followed() {
    model::check("pool::driver_that_computes_is_followed", || {
        let registry = registry_of(2, 0);
        let _timer = timers::add(&registry, Instant::now() + HOUR, Waker::noop());
        let role = registry.driver.take(Parker::current(), Asker::Worker);
        assert!(role.is_some());
        let worker = idle_worker(&registry);
        registry.sleep.acquire();
        // SAFETY: no other thread takes seat 1, and the registry outlives the guard.
        let occupied = unsafe { registry.occupy(1) };
        let me = occupied.me();
        me.set_mode(Mode::Polling);
        drop(role);
        computing::begin(me);
        worker.join().unwrap();
    });
}

/// A thread that has begun to compute without a permit waits for its turn, while the only other one
/// gives its permit back.
#[test]
fn rescue_pause_ends_with_a_permit() {
    model::check("pool::rescue_pause_ends_with_a_permit", || {
        let registry = registry_of(1, 0);
        registry.sleep.acquire();
        let paused = {
            let registry = Arc::clone(&registry);
            thread::spawn(move || {
                registry.sleep.acquire();
                post::pause(&registry);
            })
        };
        registry.sleep.release();
        tell::permit(&registry);
        paused.join().unwrap();
    });
}

/// A spare thread sleeps at the post, as the driver, again and again until it has what it waits
/// for.
fn drive_at_post(
    registry: &Arc<Registry>,
    wakes_for: WakesFor,
    is_over: fn(&Registry) -> bool,
) -> thread::JoinHandle<()> {
    let registry = Arc::clone(registry);
    thread::spawn(move || {
        // SAFETY: no other thread takes seat 2, and the registry outlives the guard.
        let occupied = unsafe { registry.occupy(2) };
        let me = occupied.me();
        let role = registry.driver.take(me.parker(), Asker::Spare);
        let role = role.expect("nobody else takes it");
        while !is_over(&registry) {
            events::run_to_end(post::sleep(me, None, wakes_for, Some(&role)));
        }
    })
}

/// A future becomes ready while the thread at the post falls asleep as the driver; if it `rests`,
/// in spite of a root that waits.
fn a_future_wakes_the_post(rests: bool) {
    let pool = Busy::new([Mode::Computing; 2]);
    let registry = &pool.registry;
    let root = StackJob::new(|_| ());
    if rests {
        publish::inject(&registry, future(&root), Class::root(Priority::Normal));
    }
    let _timer = timers::add(&registry, Instant::now() + HOUR, Waker::noop());
    assert!(registry.rescue.is_taken(), "nobody looks at the clock");
    let wakes_for = if rests {
        WakesFor::Futures
    } else {
        WakesFor::All
    };
    let job = StackJob::new(|_| ());
    let poller = drive_at_post(registry, wakes_for, |registry| {
        let job = registry.injectors.take_future(Priority::Normal);
        job.map(|job| job.execute(2)).is_some()
    });
    pool.publish(future(&job));
    poller.join().unwrap();
    if let Some(root) = registry.injectors.take_root(Priority::Normal) {
        root.execute(0);
    }
}

/// rescue.R2, with nothing but futures.
#[test]
fn rescue_wakes_whoever_dozes_at_the_post() {
    model::check("pool::rescue_wakes_whoever_dozes_at_the_post", || {
        a_future_wakes_the_post(false);
    });
}

/// rescue.R2, while a root waits.
#[test]
fn rescue_wakes_whoever_rests_at_the_post() {
    model::check("pool::rescue_wakes_whoever_rests_at_the_post", || {
        a_future_wakes_the_post(true);
    });
}

/// rescue.R5: the last spare thread falls asleep at the post, as the driver, while a permit comes
/// free and work becomes visible that no other thread can take.
fn the_last_spare_is_woken(permit_comes_first: bool) {
    let pool = Busy::new([Mode::Computing; 2]);
    let registry = &pool.registry;
    let _timer = timers::add(registry, Instant::now() + HOUR, Waker::noop());
    assert!(registry.rescue.is_taken(), "nobody looks at the clock");
    assert_eq!(registry.bench.call(Call::Poll), Called::Create(2));
    let job = StackJob::new(|_| ());
    let poller = drive_at_post(registry, WakesFor::Any, sight::needs_hand);
    // SAFETY: no other thread takes seat 1, and the registry outlives the guard.
    let occupied = unsafe { registry.occupy(1) };
    let me = occupied.me();
    let give_back = || {
        registry.sleep.release();
        tell::permit(registry);
    };
    if permit_comes_first {
        give_back();
    }
    publish::push_scope_job(me, future(&job));
    if !permit_comes_first {
        give_back();
    }
    poller.join().unwrap();
    let job = me.slots().pop_public();
    job.expect("nobody has taken it").execute(1);
}

#[test]
fn rescue_ends_when_a_permit_comes_free() {
    model::check("pool::rescue_ends_when_a_permit_comes_free", || {
        the_last_spare_is_woken(false);
    });
}

#[test]
fn rescue_ends_when_work_becomes_visible() {
    model::check("pool::rescue_ends_when_work_becomes_visible", || {
        the_last_spare_is_woken(true);
    });
}

/// A seat has one occupant: whoever gives it back has let go of everything on it. Loom sees two
/// threads in one cell of the owner's, and in the blocks of memory that jobs leave there; and of
/// the counts that tasks leave there, none is lost or given up twice.
#[test]
fn guests_hand_a_seat_on() {
    model::check("pool::guests_hand_a_seat_on", || {
        let registry = registry_with_guests(1, 1, 0);
        let guest = |registry: &Arc<Registry>| {
            guest::in_place(registry, |me| {
                if let Some(me) = me {
                    drop(Home::new(me.counted_registry()));
                    let index = me.index();
                    // SAFETY: the closure borrows nothing.
                    let job = unsafe { HeapJob::new_ref(move |seat| assert_eq!(seat, index)) };
                    job.execute(index);
                }
            });
        };
        let other = {
            let registry = Arc::clone(&registry);
            thread::spawn(move || guest(&registry))
        };
        guest(&registry);
        other.join().unwrap();
        assert_eq!(Arc::strong_count(&registry), 1);
    });
}
