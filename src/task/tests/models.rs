//! Loom models of the task cell: M6 (the state word), M9 (wakers and the end of the pool), and a
//! part of M8 (spawning while the pool closes).
//!
//! A leaked or doubly dropped future, output, waker or cell fails a model by the loom `Arc`s that
//! they carry; a missing happens-before edge fails it by the `UnsafeCell`s.

use super::super::{AbortHandle, JoinError, JoinHandle, TaskState, note_computing};
use super::{Mock, spawn};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, UnsafeCell, lock, thread};
use crate::util::model;
use std::pin::Pin;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

/// Counts what is done to it, and must be used by one thread at a time.
struct Tracked {
    exclusive: UnsafeCell<usize>,
    _leak: Arc<()>,
}

impl Tracked {
    fn new() -> Self {
        Self {
            exclusive: UnsafeCell::new(0),
            _leak: Arc::new(()),
        }
    }

    fn touch(&mut self) -> usize {
        self.exclusive.with_mut(|value| {
            // SAFETY: loom checks that no other thread is here.
            unsafe {
                *value += 1;
                *value
            }
        })
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.touch();
    }
}

/// The surroundings of a future under test.
struct World {
    /// What the future waits for.
    ready: AtomicUsize,
    /// The place where the future leaves its waker.
    waker: Mutex<Option<Waker>>,
    /// What was done before an abort, as the future's destructor saw it.
    before_abort: AtomicUsize,
    seen_by_drop: AtomicUsize,
    drops: AtomicUsize,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            ready: AtomicUsize::new(0),
            waker: Mutex::new(None),
            before_abort: AtomicUsize::new(0),
            seen_by_drop: AtomicUsize::new(0),
            drops: AtomicUsize::new(0),
        })
    }

    fn set_ready(&self) {
        // Ordering: Relaxed on purpose: the wake that follows must make it visible.
        self.ready.store(1, Ordering::Relaxed);
    }

    fn take_waker(&self) -> Waker {
        lock(&self.waker).take().unwrap()
    }

    fn drops(&self) -> usize {
        self.drops.load(Ordering::Relaxed)
    }
}

/// A future that is ready once its world is; it leaves its waker there when first polled.
struct Probe {
    world: Arc<World>,
    tracked: Tracked,
}

impl Probe {
    fn new(world: &Arc<World>) -> Self {
        Self {
            world: world.clone(),
            tracked: Tracked::new(),
        }
    }
}

impl Future for Probe {
    type Output = Tracked;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Tracked> {
        let polls = self.tracked.touch();
        if self.world.ready.load(Ordering::Relaxed) == 1 {
            return Poll::Ready(Tracked::new());
        }
        if polls == 1 {
            note_computing();
            *lock(&self.world.waker) = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let seen = self.world.before_abort.load(Ordering::Relaxed);
        self.world.seen_by_drop.store(seen, Ordering::Relaxed);
        self.world.drops.fetch_add(1, Ordering::Relaxed);
    }
}

/// A task that was polled once and waits; its handle and its waker.
fn waiting(pool: &Arc<Mock>, world: &Arc<World>) -> (JoinHandle<Tracked>, Waker) {
    let handle = spawn(Probe::new(world), pool.clone());
    pool.run();
    (handle, world.take_waker())
}

/// The source of an awaiter's waker: counts wakes, and shows leaks. (Neither std's `Wake`, whose
/// `Arc` loom cannot see, nor loom's own wakers, which never `will_wake` each other.)
struct Awaiter {
    wakes: AtomicUsize,
    data: UnsafeCell<()>,
}

impl Awaiter {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            wakes: AtomicUsize::new(0),
            data: UnsafeCell::new(()),
        })
    }

    fn waker(this: &Arc<Self>) -> Waker {
        // SAFETY: the functions below treat the pointer as one count of the `Arc`.
        unsafe { Waker::from_raw(Self::raw(this.clone())) }
    }

    fn raw(this: Arc<Self>) -> RawWaker {
        static VTABLE: RawWakerVTable = RawWakerVTable::new(
            |data| {
                let this = ManuallyArc::new(data);
                Awaiter::raw(Arc::clone(&this.0))
            },
            |data| ManuallyArc::into_arc(data).wake(),
            |data| ManuallyArc::new(data).0.wake(),
            |data| drop(ManuallyArc::into_arc(data)),
        );
        RawWaker::new(Arc::into_raw(this).cast(), &VTABLE)
    }

    fn wake(&self) {
        self.data.with(|_| ());
        self.wakes.fetch_add(1, Ordering::Relaxed);
    }

    fn wakes(&self) -> usize {
        self.wakes.load(Ordering::Relaxed)
    }
}

struct ManuallyArc(std::mem::ManuallyDrop<Arc<Awaiter>>);

impl ManuallyArc {
    fn new(data: *const ()) -> Self {
        Self(std::mem::ManuallyDrop::new(Self::into_arc(data)))
    }

    fn into_arc(data: *const ()) -> Arc<Awaiter> {
        // SAFETY: the pointer of a waker made by `Awaiter::raw`.
        unsafe { Arc::from_raw(data.cast()) }
    }
}

fn poll<T>(handle: &mut JoinHandle<T>, waker: &Waker) -> Poll<Result<T, JoinError>> {
    Pin::new(handle).poll(&mut Context::from_waker(waker))
}

/// Polls a handle whose task has to be complete.
fn ready(handle: &mut JoinHandle<Tracked>) -> Result<(), JoinError> {
    match poll(handle, Waker::noop()) {
        Poll::Ready(result) => result.map(|mut output| assert_eq!(output.touch(), 1)),
        Poll::Pending => panic!("the task is not complete"),
    }
}

fn run_on_a_thread(pool: &Arc<Mock>) -> thread::JoinHandle<()> {
    let pool = pool.clone();
    thread::spawn(move || {
        pool.run();
    })
}

fn spawn_on_a_thread(
    pool: &Arc<Mock>,
    world: &Arc<World>,
) -> thread::JoinHandle<JoinHandle<Tracked>> {
    let (pool, world) = (pool.clone(), world.clone());
    thread::spawn(move || spawn(Probe::new(&world), pool))
}

/// M6: a wake before, during and after a poll leads to a poll that sees what came before the wake.
#[test]
fn wake_races_end_of_poll() {
    model::check("task::wake_races_end_of_poll", || {
        let (pool, world) = (Mock::new(), World::new());
        let (mut handle, waker) = waiting(&pool, &world);
        waker.wake_by_ref();
        let other = {
            let world = world.clone();
            thread::spawn(move || {
                world.set_ready();
                waker.wake();
            })
        };
        pool.run();
        other.join().unwrap();
        pool.run_all();
        ready(&mut handle).unwrap();
    });
}

/// M6: a wake while the task is put aside leads to a poll that sees what came before the wake.
#[test]
fn wake_races_putting_aside() {
    model::check("task::wake_races_putting_aside", || {
        let (pool, world) = (Mock::new(), World::new());
        let (mut handle, waker) = waiting(&pool, &world);
        waker.wake_by_ref();
        pool.put_heavy_aside(true);
        let other = {
            let world = world.clone();
            thread::spawn(move || {
                world.set_ready();
                waker.wake();
            })
        };
        pool.run();
        other.join().unwrap();
        assert_eq!(pool.queued(), 1);
        pool.put_heavy_aside(false);
        pool.run_all();
        ready(&mut handle).unwrap();
    });
}

/// M6: an abort while the task is put aside: its future is dropped, once.
#[test]
fn abort_races_putting_aside() {
    model::check("task::abort_races_putting_aside", || {
        let (pool, world) = (Mock::new(), World::new());
        let (mut handle, waker) = waiting(&pool, &world);
        waker.wake();
        pool.put_heavy_aside(true);
        let runner = run_on_a_thread(&pool);
        world.before_abort.store(1, Ordering::Relaxed);
        handle.abort();
        runner.join().unwrap();
        pool.run_all();
        assert!(ready(&mut handle).unwrap_err().is_cancelled());
        assert_eq!(world.drops(), 1);
        assert_eq!(world.seen_by_drop.load(Ordering::Relaxed), 1);
    });
}

/// M6: a scheduler whose queue orders nothing. The woken task is polled by the waker's thread,
/// which sees the future as the last poll left it.
#[test]
fn a_woken_task_moves_to_another_thread() {
    model::check("task::a_woken_task_moves_to_another_thread", || {
        let (pool, world) = (Mock::inline(), World::new());
        let (handle, waker) = waiting(&pool, &world);
        let others: Vec<_> = (0..2)
            .map(|_| {
                let waker = waker.clone();
                thread::spawn(move || waker.wake())
            })
            .collect();
        drop(handle);
        others.into_iter().for_each(|other| other.join().unwrap());
        pool.run_all();
        assert_eq!(world.drops(), 0);
        drop(waker);
        assert_eq!(world.drops(), 1);
    });
}

/// M6: two wakes of an idle task schedule it once.
#[test]
fn wake_races_wake() {
    model::check("task::wake_races_wake", || {
        let (pool, world) = (Mock::new(), World::new());
        let (mut handle, waker) = waiting(&pool, &world);
        let other = {
            let (waker, world) = (waker.clone(), world.clone());
            thread::spawn(move || {
                world.set_ready();
                waker.wake();
            })
        };
        waker.wake();
        other.join().unwrap();
        assert_eq!(pool.queued(), 1);
        assert_eq!(pool.run_all(), 1);
        ready(&mut handle).unwrap();
    });
}

/// M6: wakers, by value and by reference, used and dropped while the task completes.
#[test]
fn wake_races_completion() {
    model::check("task::wake_races_completion", || {
        let (pool, world) = (Mock::new(), World::new());
        let (handle, waker) = waiting(&pool, &world);
        world.set_ready();
        waker.wake_by_ref();
        let other = thread::spawn(move || {
            waker.wake_by_ref();
            waker.wake();
        });
        drop(handle);
        pool.run();
        other.join().unwrap();
        assert_eq!(pool.run_all(), 0);
        assert_eq!(world.drops(), 1);
    });
}

/// M6: the output is dropped once, by the runner or by the handle.
#[test]
fn handle_drop_races_completion() {
    model::check("task::handle_drop_races_completion", || {
        let (pool, world) = (Mock::new(), World::new());
        world.set_ready();
        let handle = spawn(Probe::new(&world), pool.clone());
        let runner = run_on_a_thread(&pool);
        drop(handle);
        runner.join().unwrap();
        assert_eq!(world.drops(), 1);
    });
}

/// M6: an abort comes before, during or after the poll. If it counts, the future's destructor sees
/// what was done before it.
#[test]
fn abort_races_run() {
    model::check("task::abort_races_run", || {
        let (pool, world) = (Mock::new(), World::new());
        let mut handle = spawn(Probe::new(&world), pool.clone());
        let runner = run_on_a_thread(&pool);
        world.before_abort.store(1, Ordering::Relaxed);
        handle.abort();
        runner.join().unwrap();
        pool.run_all();
        assert!(ready(&mut handle).unwrap_err().is_cancelled());
        assert_eq!(world.drops(), 1);
        assert_eq!(world.seen_by_drop.load(Ordering::Relaxed), 1);
        lock(&world.waker).take();
    });
}

/// M6: an abort of a queued task whose runner shares only the state word with the aborting thread.
/// The future's destructor sees what was done before the abort.
#[test]
fn abort_races_completion() {
    model::check("task::abort_races_completion", || {
        let (pool, world) = (Mock::new(), World::new());
        world.set_ready();
        let mut handle = spawn(Probe::new(&world), pool.clone());
        let aborter = handle.abort_handle();
        let other = {
            let world = world.clone();
            thread::spawn(move || {
                world.before_abort.store(1, Ordering::Relaxed);
                aborter.abort();
            })
        };
        pool.run();
        let result = ready(&mut handle);
        if let Err(error) = result {
            assert!(error.is_cancelled());
            assert_eq!(world.seen_by_drop.load(Ordering::Relaxed), 1);
        }
        other.join().unwrap();
        assert_eq!(pool.run_all(), 0);
        assert_eq!(world.drops(), 1);
    });
}

/// M6: an awaiter that registers, and registers another waker, while the task completes: it gets
/// the result or the wake.
#[test]
fn registration_races_completion() {
    model::check("task::registration_races_completion", || {
        let (pool, world) = (Mock::new(), World::new());
        world.set_ready();
        let mut handle = spawn(Probe::new(&world), pool.clone());
        let runner = run_on_a_thread(&pool);
        let (first, second) = (Awaiter::new(), Awaiter::new());
        let mut done = poll(&mut handle, &Awaiter::waker(&first)).is_ready();
        if !done {
            done = poll(&mut handle, &Awaiter::waker(&second)).is_ready();
        }
        runner.join().unwrap();
        if !done {
            assert_eq!(second.wakes(), 1);
            ready(&mut handle).unwrap();
        }
    });
}

/// M6: one look at the handle is enough: if it finds the task complete, the result is there. (The
/// handle is on a thread that shares only the state word with the runner.)
#[test]
fn a_look_races_completion() {
    model::check("task::a_look_races_completion", || {
        let (pool, world) = (Mock::new(), World::new());
        world.set_ready();
        let mut handle = spawn(Probe::new(&world), pool.clone());
        let other = thread::spawn(move || {
            if handle.is_finished() {
                ready(&mut handle).unwrap();
            }
        });
        pool.run();
        other.join().unwrap();
        assert_eq!(world.drops(), 1);
    });
}

/// M6: the same waker again only reads the slot, beside the runner.
#[test]
fn registration_again_races_completion() {
    model::check("task::registration_again_races_completion", || {
        let (pool, world) = (Mock::new(), World::new());
        world.set_ready();
        let mut handle = spawn(Probe::new(&world), pool.clone());
        let awaiter = Awaiter::new();
        let waker = Awaiter::waker(&awaiter);
        assert!(poll(&mut handle, &waker).is_pending());
        let runner = run_on_a_thread(&pool);
        let done = poll(&mut handle, &waker).is_ready();
        drop(handle);
        runner.join().unwrap();
        assert!(done || awaiter.wakes() <= 1);
    });
}

/// M6: the same, with the threads exchanged, so that other orders need few preemptions: the handle
/// reads the slot while the runner wakes, and is gone when the runner empties the slot.
#[test]
fn last_look_races_completion() {
    model::check("task::last_look_races_completion", || {
        let (pool, world) = (Mock::new(), World::new());
        world.set_ready();
        let mut handle = spawn(Probe::new(&world), pool.clone());
        let awaiter = Awaiter::new();
        let waker = Awaiter::waker(&awaiter);
        assert!(poll(&mut handle, &waker).is_pending());
        let other = thread::spawn(move || {
            let done = poll(&mut handle, &waker).is_ready();
            drop(handle);
            done
        });
        pool.run();
        let done = other.join().unwrap();
        assert!(done || awaiter.wakes() <= 1);
        assert_eq!(Arc::strong_count(&awaiter), 1);
    });
}

/// M6: the join waker is dropped once, by the runner or by the handle, and the runner's wake ends
/// before the handle drops it.
#[test]
fn awaiting_handle_drop_races_completion() {
    model::check("task::awaiting_handle_drop_races_completion", || {
        let (pool, world) = (Mock::new(), World::new());
        world.set_ready();
        let mut handle = spawn(Probe::new(&world), pool.clone());
        let awaiter = Awaiter::new();
        assert!(poll(&mut handle, &Awaiter::waker(&awaiter)).is_pending());
        let aborter = handle.abort_handle();
        let runner = run_on_a_thread(&pool);
        drop(handle);
        runner.join().unwrap();
        assert!(awaiter.wakes() <= 1);
        // Not only when the cell is freed: two tasks that await each other would leak.
        assert_eq!(Arc::strong_count(&awaiter), 1);
        drop(aborter);
        assert_eq!(world.drops(), 1);
    });
}

/// M6: of two last wakers of a detached task, one has its future dropped.
#[test]
fn last_wakers_race() {
    model::check("task::last_wakers_race", || {
        let (pool, world) = (Mock::new(), World::new());
        let (handle, waker) = waiting(&pool, &world);
        drop(handle);
        let second = waker.clone();
        let other = thread::spawn(move || drop(second));
        drop(waker);
        other.join().unwrap();
        assert_eq!(pool.run_all(), 1);
        assert_eq!(world.drops(), 1);
    });
}

/// M6: the last waker, the handle, and the end of a poll: the last of them sees that the task is an
/// orphan.
#[test]
fn last_waker_races_end_of_poll() {
    model::check("task::last_waker_races_end_of_poll", || {
        let (pool, world) = (Mock::new(), World::new());
        let (handle, waker) = waiting(&pool, &world);
        waker.wake_by_ref();
        let other = thread::spawn(move || drop(waker));
        let runner = run_on_a_thread(&pool);
        drop(handle);
        other.join().unwrap();
        runner.join().unwrap();
        pool.run_all();
        assert_eq!(world.drops(), 1);
    });
}

/// M6: completion, handle and waker let go of the cell at the same time: one of them frees it,
/// after everything that the others did to it.
#[test]
fn last_references_race() {
    model::check("task::last_references_race", || {
        let (pool, world) = (Mock::new(), World::new());
        let (mut handle, waker) = waiting(&pool, &world);
        world.set_ready();
        waker.wake_by_ref();
        pool.run();
        let aborter = handle.abort_handle();
        let other = thread::spawn(move || drop(waker));
        let third = thread::spawn(move || drop(aborter));
        ready(&mut handle).unwrap();
        drop(handle);
        other.join().unwrap();
        third.join().unwrap();
        assert_eq!(world.drops(), 1);
    });
}

/// M9: a waker is used while the pool closes and goes away. The future is dropped once, before the
/// close returns or by a stale job; nothing leaks.
#[test]
fn close_races_wake() {
    model::check("task::close_races_wake", || {
        let (pool, world) = (Mock::new(), World::new());
        let (mut handle, waker) = waiting(&pool, &world);
        let other = thread::spawn(move || {
            waker.wake_by_ref();
            waker.wake();
        });
        pool.close();
        assert!(ready(&mut handle).unwrap_err().is_cancelled());
        assert_eq!(world.drops(), 1);
        other.join().unwrap();
        assert_eq!(pool.queued(), 0);
    });
}

/// M9: the handle and the waker are all that is left of a pool.
#[test]
fn waker_outlives_pool() {
    model::check("task::waker_outlives_pool", || {
        let (pool, world) = (Mock::new(), World::new());
        let (handle, waker) = waiting(&pool, &world);
        let other = thread::spawn(move || {
            waker.clone().wake();
            drop(waker);
        });
        pool.close();
        drop(pool);
        assert_eq!(world.drops(), 1);
        drop(handle);
        other.join().unwrap();
    });
}

/// M9: closing takes an idle task from the thread that polled it last, or leaves it to that thread.
#[test]
fn close_races_run() {
    model::check("task::close_races_run", || {
        let (pool, world) = (Mock::new(), World::new());
        let mut handle = spawn(Probe::new(&world), pool.clone());
        let runner = run_on_a_thread(&pool);
        pool.close();
        runner.join().unwrap();
        assert!(ready(&mut handle).unwrap_err().is_cancelled());
        assert_eq!(world.drops(), 1);
        assert!(pool.owned.is_empty());
        lock(&world.waker).take();
    });
}

fn a_spawn_races_the_close(pool: &Arc<Mock>) {
    let world = World::new();
    let spawner = spawn_on_a_thread(pool, &world);
    pool.close();
    let mut handle = spawner.join().unwrap();
    assert!(ready(&mut handle).unwrap_err().is_cancelled());
    assert_eq!(world.drops(), 1);
    assert_eq!(pool.queued(), 0);
    assert!(pool.owned.is_empty());
}

/// M8: a spawn that races the close runs, or says cancelled; the future is dropped.
#[test]
fn close_races_spawn() {
    model::check("task::close_races_spawn", || {
        a_spawn_races_the_close(&Mock::new());
    });
}

/// M9: an abort while the pool closes.
#[test]
fn close_races_abort() {
    model::check("task::close_races_abort", || {
        let (pool, world) = (Mock::new(), World::new());
        let (mut handle, waker) = waiting(&pool, &world);
        let aborter = handle.abort_handle();
        let other = thread::spawn(move || aborter.abort());
        pool.close();
        assert!(ready(&mut handle).unwrap_err().is_cancelled());
        other.join().unwrap();
        assert_eq!(pool.queued(), 0);
        assert_eq!(world.drops(), 1);
        drop(waker);
    });
}

/// A dump looks at tasks while one ends and is freed, and another comes.
#[test]
fn dump_races_completion() {
    model::check("task::dump_races_completion", || {
        let (pool, world) = (Mock::new(), World::new());
        let (handle, waker) = waiting(&pool, &world);
        let id = handle.id();
        drop(handle);
        let other = {
            let (pool, world) = (pool.clone(), world.clone());
            thread::spawn(move || {
                world.set_ready();
                waker.wake();
                pool.run_all();
                spawn(Probe::new(&world), pool)
            })
        };
        for info in pool.owned.dump() {
            // The old task is listed until its result is stored, the new one never runs.
            let state = info.state;
            assert_ne!(state, TaskState::Complete);
            assert!(info.id == id || state == TaskState::Scheduled, "{info:?}");
        }
        let second = other.join().unwrap();
        let listed: Vec<_> = pool.owned.dump().iter().map(|info| info.id).collect();
        assert_eq!(listed, [second.id()]);
        pool.close();
        lock(&world.waker).take();
    });
}

/// task.I7: as [`close_races_spawn`], and no lock is between the spawner and the closing thread.
#[test]
fn close_races_spawn_at_a_seat() {
    model::check("task::close_races_spawn_at_a_seat", || {
        a_spawn_races_the_close(&Mock::seated());
    });
}

/// The same, and a dump looks at the task, which its spawner may have to take off again.
#[test]
fn dump_and_close_race_spawn() {
    model::check("task::dump_and_close_race_spawn", || {
        let (pool, world) = (Mock::seated(), World::new());
        let spawner = spawn_on_a_thread(&pool, &world);
        let dump = {
            let pool = pool.clone();
            thread::spawn(move || pool.owned.dump().len())
        };
        pool.close();
        let mut handle = spawner.join().unwrap();
        assert!(dump.join().unwrap() <= 1);
        assert!(ready(&mut handle).unwrap_err().is_cancelled());
        assert_eq!(world.drops(), 1);
        assert!(pool.owned.is_empty());
    });
}

/// As [`dump_races_completion`], without a lock between the spawner and the dump.
#[test]
fn dump_races_a_short_life() {
    model::check("task::dump_races_a_short_life", || {
        let (pool, world) = (Mock::seated(), World::new());
        world.set_ready();
        let dump = {
            let pool = pool.clone();
            thread::spawn(move || pool.owned.dump())
        };
        // (The thread that looks at the entry first and writes it then is this one: loom remembers
        // one access only.)
        drop(spawn(Probe::new(&world), pool.clone()));
        pool.run_all();
        for info in dump.join().unwrap() {
            assert_ne!(info.state, TaskState::Complete);
        }
        assert_eq!((world.drops(), pool.owned.is_empty()), (1, true));
    });
}

/// A thread spawns where the tasks were listed that another thread ends at the same time. (A slab
/// has two entries here.)
#[test]
fn entries_are_used_again() {
    model::check("task::entries_are_used_again", || {
        let (pool, world) = (Mock::seated(), World::new());
        world.set_ready();
        let first = [(); 2].map(|()| spawn(Probe::new(&world), pool.clone()));
        let runner = run_on_a_thread(&pool);
        let other = World::new();
        let second = [(); 3].map(|()| spawn(Probe::new(&other), pool.clone()));
        runner.join().unwrap();
        pool.run_all();
        for mut handle in first {
            assert!(ready(&mut handle).is_ok());
        }
        let listed: Vec<_> = pool.owned.dump().iter().map(|info| info.id).collect();
        assert_eq!(listed.len(), 3);
        assert!(second.iter().all(|handle| listed.contains(&handle.id())));
        assert_eq!(pool.owned.counts(), (3, 5));
        pool.close();
        assert_eq!((world.drops(), other.drops()), (2, 3));
        lock(&other.waker).take();
    });
}

/// A child that is queued, and behind it a task that awaits it and begins tasks that it awaits.
/// Returns the handle of the latter, which gives the child's touches, and a way to abort the child.
fn awaited(pool: &Arc<Mock>, world: &Arc<World>) -> (JoinHandle<Option<usize>>, AbortHandle) {
    pool.nest();
    let child = spawn(Probe::new(world), pool.clone());
    let abort = child.abort_handle();
    let parent = async move { child.await.ok().map(|mut output| output.touch()) };
    (spawn(parent, pool.clone()), abort)
}

/// What the parent of [`awaited`] has seen.
fn seen(parent: &mut JoinHandle<Option<usize>>) -> Option<usize> {
    match poll(parent, Waker::noop()) {
        Poll::Ready(result) => result.unwrap(),
        Poll::Pending => panic!("the task is not complete"),
    }
}

/// task.I1: the awaiter begins a task while another thread runs its job.
#[test]
fn begin_races_job() {
    model::check("task::begin_races_job", || {
        let (pool, world) = (Mock::new(), World::new());
        world.set_ready();
        let (mut parent, _) = awaited(&pool, &world);
        let runner = run_on_a_thread(&pool);
        pool.run_newest();
        runner.join().unwrap();
        pool.run_all();
        assert_eq!((seen(&mut parent), world.drops()), (Some(1), 1));
        assert!(pool.owned.is_empty());
    });
}

/// task.I1: a task that its awaiter has begun is woken while its stale job is run. Its right to run
/// is used once, through that job or through the new one.
#[test]
fn wake_races_stale_job() {
    model::check("task::wake_races_stale_job", || {
        let (pool, world) = (Mock::new(), World::new());
        let (mut parent, _) = awaited(&pool, &world);
        pool.run_newest();
        let waker = world.take_waker();
        let runner = run_on_a_thread(&pool);
        world.set_ready();
        waker.wake();
        runner.join().unwrap();
        pool.run_all();
        assert_eq!((seen(&mut parent), world.drops()), (Some(1), 1));
    });
}

/// An abort comes before, while or after the awaiter begins the task.
#[test]
fn abort_races_begin() {
    model::check("task::abort_races_begin", || {
        let (pool, world) = (Mock::new(), World::new());
        world.set_ready();
        let (mut parent, abort) = awaited(&pool, &world);
        let other = {
            let world = world.clone();
            thread::spawn(move || {
                world.before_abort.store(1, Ordering::Relaxed);
                abort.abort();
            })
        };
        pool.run_newest();
        other.join().unwrap();
        pool.run_all();
        let cancelled = seen(&mut parent).is_none();
        assert_eq!(world.drops(), 1);
        assert!(!cancelled || world.seen_by_drop.load(Ordering::Relaxed) == 1);
    });
}

/// task.I6: the pool closes before, while or after the awaiter begins the task.
#[test]
fn close_races_begin() {
    model::check("task::close_races_begin", || {
        let (pool, world) = (Mock::new(), World::new());
        let (parent, _) = awaited(&pool, &world);
        let closer = {
            let pool = pool.clone();
            thread::spawn(move || pool.close())
        };
        pool.run_newest();
        closer.join().unwrap();
        pool.run_all();
        drop(parent);
        assert_eq!(world.drops(), 1);
        assert!(pool.owned.is_empty());
        lock(&world.waker).take();
    });
}

/// task.I5: the last waker of a task goes while its stale job is still in the queue, or is run.
#[test]
fn last_waker_races_stale_job() {
    model::check("task::last_waker_races_stale_job", || {
        let (pool, world) = (Mock::new(), World::new());
        let (parent, _) = awaited(&pool, &world);
        pool.run_newest();
        parent.abort();
        pool.run_newest();
        let waker = world.take_waker();
        let runner = run_on_a_thread(&pool);
        drop(waker);
        runner.join().unwrap();
        pool.run_all();
        assert_eq!(world.drops(), 1);
        assert!(pool.owned.is_empty());
    });
}
