//! The baton: of the real threads of a simulation, the one that holds it runs.
//!
//! What a thread does between two decisions costs it nothing here but a look at a thread-local; it
//! goes on as long as its leash allows ([`Leash`]). Then, and whenever it sleeps, wakes or ends, it
//! takes the machine's lock, asks who is next, gives that thread the baton directly (a futex for
//! each thread), and waits for its own.
//!
//! Two kinds of thread do not wait for the baton. A thread that the watchdog has sent outside runs
//! until its next decision, and queues up there ([`Mine::rejoin`]). A thread that is none of the
//! simulation may wake one of it ([`wake`]).

use super::costs::{self, CLOCK};
use super::kind::{KINDS, Kind};
use super::machine::{Entry, Index, Leash, Machine, NEVER, Phase, Time, mix};
use super::report::Report;
use crate::sync::wide::AtomicU64;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// A simulation, as all of its threads know it.
pub(super) struct World {
    machine: Mutex<Machine>,
    /// Rings when nobody can run, and when the last thread has ended.
    pub(super) bell: Condvar,
    /// What virtual instants count from.
    base: Instant,
    pub(super) cores: usize,
    seed: u64,
    /// Which simulation of the process it is.
    serial: u64,
    shared: Mutex<Vec<Arc<Shared>>>,
    /// Given up: who comes to a decision stays there for ever.
    dead: AtomicBool,
    default: Mutex<Option<DefaultPool>>,
    describe: Mutex<Vec<Describe>>,
    sites: Sites,
}

/// Says, for a panic, what a pool is doing. `None`: the pool is gone.
type Describe = Box<dyn Fn() -> Option<String> + Send + Sync>;

/// What tasks of one spawn site have in common (`task::heft`).
pub(crate) type Sites = [AtomicU8; 512];

struct DefaultPool {
    pool: Arc<dyn Any + Send + Sync>,
    end: Box<dyn FnOnce() + Send>,
}

/// What others touch of a thread.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// 1: it has the baton.
    go: AtomicU32,
    /// What comes with the baton: the thread's clock, and its leash.
    clock: AtomicU64,
    horizon: AtomicU64,
    budget: AtomicU64,
    /// Counts its decisions, for the watchdog.
    beat: AtomicU64,
    /// The watchdog has sent it outside.
    outside: AtomicBool,
    /// Where the system shows the thread's state.
    proc: Mutex<Option<std::path::PathBuf>>,
}

impl Shared {
    pub(super) fn beat(&self) -> u64 {
        // Ordering: Relaxed, as in `beat_and_look`.
        self.beat.load(Ordering::Relaxed)
    }

    pub(super) fn proc(&self) -> Option<std::path::PathBuf> {
        lock(&self.proc).clone()
    }

    /// The next baton comes with this.
    fn prepare(&self, machine: &mut Machine, index: Index) {
        let leash = machine.leash(index);
        // Ordering: Relaxed, here and in `take`; `go` hands these on with the baton.
        self.clock
            .store(machine.threads[index].clock, Ordering::Relaxed);
        self.horizon.store(leash.horizon, Ordering::Relaxed);
        self.budget.store(leash.budget, Ordering::Relaxed);
    }

    /// Waits for the baton, and takes what comes with it.
    fn take(&self) {
        self.wait();
        // Ordering: Relaxed, as in `prepare`.
        let leash = Leash {
            horizon: self.horizon.load(Ordering::Relaxed),
            budget: self.budget.load(Ordering::Relaxed),
        };
        set_leash(leash, self.clock.load(Ordering::Relaxed));
    }

    fn give(&self) {
        // Ordering: Release pairs with the Acquire in `wait`: the next thread sees what the last
        // holder wrote.
        self.go.store(1, Ordering::Release);
        atomic_wait::wake_one(&self.go);
    }

    fn wait(&self) {
        // Ordering: Acquire pairs with the Release in `give`.
        while self.go.load(Ordering::Acquire) == 0 {
            atomic_wait::wait(&self.go, 0);
        }
        // Ordering: Relaxed; the next `give` comes after this thread has asked for it.
        self.go.store(0, Ordering::Relaxed);
    }
}

/// The calling thread's part in a simulation.
struct Mine {
    world: Arc<World>,
    shared: Arc<Shared>,
    index: Index,
}

/// What the calling thread looks at for each decision.
struct Local {
    on: Cell<bool>,
    logs: Cell<bool>,
    explores: Cell<bool>,
    clock: Cell<Time>,
    horizon: Cell<Time>,
    budget: Cell<u64>,
    hash: Cell<u64>,
    spins: Cell<u32>,
    counts: [Cell<u64>; KINDS],
}

thread_local! {
    static LOCAL: Local = const {
        Local {
            on: Cell::new(false),
            logs: Cell::new(false),
            explores: Cell::new(false),
            clock: Cell::new(0),
            horizon: Cell::new(0),
            budget: Cell::new(0),
            hash: Cell::new(0),
            spins: Cell::new(0),
            counts: [const { Cell::new(0) }; KINDS],
        }
    };
    static MINE: RefCell<Option<Arc<Mine>>> = const { RefCell::new(None) };
}

/// The number of simulations that there are, so that others pay one load.
static ALIVE: AtomicUsize = AtomicUsize::new(0);
static SERIAL: AtomicU64 = AtomicU64::new(1);
static WORLDS: Mutex<Vec<Weak<World>>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Is the calling thread one of a simulation?
#[inline]
pub(crate) fn is_on() -> bool {
    LOCAL.with(|local| local.on.get())
}

fn mine() -> Option<Arc<Mine>> {
    if !is_on() {
        return None;
    }
    MINE.try_with(|mine| mine.borrow().clone()).ok().flatten()
}

/// A decision: the clock of the calling thread moves on by what it costs, and another thread may go
/// on first. Outside of simulations it is a look at a thread-local.
#[inline]
pub(crate) fn point(kind: Kind) {
    LOCAL.with(|local| {
        if local.on.get() {
            decide(local, kind, costs::of(kind));
        }
    });
}

/// As [`point`], at another cost.
#[inline]
pub(crate) fn point_at(kind: Kind, cost: u64) {
    LOCAL.with(|local| {
        if local.on.get() {
            decide(local, kind, cost);
        }
    });
}

/// Counts a decision that costs nothing, and after which the thread goes on.
#[inline]
pub(crate) fn note(kind: Kind) {
    LOCAL.with(|local| {
        if local.on.get() {
            count(local, kind);
        }
    });
}

fn count(local: &Local, kind: Kind) {
    let counter = &local.counts[kind as usize];
    counter.set(counter.get() + 1);
    let clock = local.clock.get();
    let mixed = (local.hash.get() ^ clock ^ (kind as u64) << 56).rotate_left(5);
    local.hash.set(mixed.wrapping_mul(0x517C_C1B7_2722_0A95));
    if local.logs.get() {
        log(kind, clock);
    }
}

#[cold]
fn log(kind: Kind, clock: Time) {
    if let Some(mine) = mine() {
        let thread = mine.index;
        if let Some(log) = &mut lock(&mine.world.machine).log {
            log.push(Entry {
                thread,
                kind,
                clock,
            });
        }
    }
}

fn decide(local: &Local, kind: Kind, cost: u64) {
    local.clock.set(local.clock.get() + cost);
    count(local, kind);
    let budget = local.budget.get().saturating_sub(1);
    local.budget.set(budget);
    let spins = match kind {
        Kind::Spin => local.spins.get() + 1,
        Kind::Yield => SPINS,
        _ => 0,
    };
    let goes_on = local.clock.get() <= local.horizon.get() && budget > 0;
    local.spins.set(spins);
    let spins_on = spins >= SPINS && local.explores.get();
    let look = |mine: &RefCell<Option<Arc<Mine>>>| {
        let mine = mine.borrow();
        mine.as_ref().is_some_and(|mine| mine.beat_and_look())
    };
    let is_outside = MINE.try_with(look).unwrap_or(false);
    if goes_on && !spins_on && !is_outside {
        return;
    }
    let Some(mine) = mine() else { return };
    let mut machine = mine.enter();
    if spins_on {
        local.spins.set(0);
        machine.demote(mine.index);
    }
    mine.hand_on(machine);
}

/// When the seed chooses, a thread that has spun this often in a row lets all others go first.
const SPINS: u32 = 32;

impl Mine {
    fn is_outside(&self) -> bool {
        // Ordering: Relaxed; the machine's lock orders what follows.
        self.shared.outside.load(Ordering::Relaxed)
    }

    /// Lives, and looks whether it is outside.
    fn beat_and_look(&self) -> bool {
        // Ordering: Relaxed; only this thread writes, and the watchdog looks again and again.
        let beat = self.shared.beat.load(Ordering::Relaxed);
        self.shared.beat.store(beat + 1, Ordering::Relaxed);
        self.is_outside()
    }

    /// Takes the machine's lock, and tells the machine what the calling thread has done since. If
    /// the thread is outside, it waits for the baton before.
    fn enter(&self) -> MutexGuard<'_, Machine> {
        let mut machine = self.world.lock();
        if self.is_outside() {
            machine = self.rejoin(machine);
        }
        self.tell(&mut machine);
        machine
    }

    fn tell(&self, machine: &mut Machine) {
        LOCAL.with(|local| {
            let thread = &mut machine.threads[self.index];
            thread.clock = local.clock.get();
            if machine.explores() {
                machine.now = machine.now.max(local.clock.get());
            }
            let thread = &mut machine.threads[self.index];
            let clock = thread.clock;
            if thread.phase == Phase::OnCore {
                machine.work(self.index, clock);
            }
            for (sum, counter) in machine.counts.iter_mut().zip(&local.counts) {
                *sum += counter.take();
            }
            machine.note(self.index, local.hash.replace(0));
        });
    }

    /// The thread was outside, and is back at a decision: it queues up.
    fn rejoin<'a>(&'a self, mut machine: MutexGuard<'a, Machine>) -> MutexGuard<'a, Machine> {
        // Ordering: Relaxed, as in `is_outside`.
        self.shared.outside.store(false, Ordering::Relaxed);
        LOCAL.with(|local| {
            let at = machine.now.max(local.clock.get());
            machine.make_ready(self.index, at);
        });
        if machine.holder.is_none() {
            self.world.give_to_next(&mut machine);
        }
        drop(machine);
        self.shared.take();
        self.world.lock()
    }

    /// Gives the baton to whoever is next, and waits until it is back.
    fn hand_on(&self, mut machine: MutexGuard<'_, Machine>) {
        machine.choose();
        if machine.holder == Some(self.index) {
            let leash = machine.leash(self.index);
            let clock = machine.threads[self.index].clock;
            set_leash(leash, clock);
            return;
        }
        let next = self.world.prepare_holder(&mut machine);
        drop(machine);
        if let Some(next) = next {
            next.give();
        }
        self.shared.take();
    }
}

fn set_leash(leash: Leash, clock: Time) {
    LOCAL.with(|local| {
        local.clock.set(clock);
        local.horizon.set(leash.horizon);
        local.budget.set(leash.budget);
    });
}

impl World {
    pub(super) fn new(machine: Machine, cores: usize) -> Arc<Self> {
        let seed = machine.seed;
        let world = Arc::new(Self {
            machine: Mutex::new(machine),
            bell: Condvar::new(),
            base: Instant::now(),
            cores,
            seed,
            // Ordering: Relaxed; only uniqueness matters.
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            shared: Mutex::new(Vec::new()),
            dead: AtomicBool::new(false),
            default: Mutex::new(None),
            describe: Mutex::new(Vec::new()),
            sites: [const { AtomicU8::new(0) }; 512],
        });
        lock(&WORLDS).push(Arc::downgrade(&world));
        // Ordering: SeqCst; a thread outside that wakes one of this simulation was told of it by
        // one of its threads, which come later.
        ALIVE.fetch_add(1, Ordering::SeqCst);
        world
    }

    /// The machine. A thread of a simulation that was given up stays here.
    pub(super) fn lock(&self) -> MutexGuard<'_, Machine> {
        // Ordering: Relaxed; who comes too early is not given the baton any more.
        while self.dead.load(Ordering::Relaxed) && is_on() {
            std::thread::park();
        }
        lock(&self.machine)
    }

    pub(super) fn give_up(&self) {
        // Ordering: Relaxed, as in `lock`.
        self.dead.store(true, Ordering::Relaxed);
    }

    pub(super) fn thread(&self, index: Index) -> Arc<Shared> {
        Arc::clone(&lock(&self.shared)[index])
    }

    /// The thread that is to be given the baton, which was chosen before.
    fn prepare_holder(&self, machine: &mut Machine) -> Option<Arc<Shared>> {
        // Ordering: Relaxed, as in `lock`.
        if self.dead.load(Ordering::Relaxed) {
            return None;
        }
        let Some(index) = machine.holder else {
            self.bell.notify_all();
            return None;
        };
        let thread = self.thread(index);
        thread.prepare(machine, index);
        Some(thread)
    }

    pub(super) fn give_to_next(&self, machine: &mut Machine) {
        machine.choose();
        if let Some(next) = self.prepare_holder(machine) {
            next.give();
        }
    }

    /// The watchdog takes the baton from a thread that blocks elsewhere.
    pub(super) fn send_outside(&self, machine: &mut Machine, index: Index) {
        if machine.threads[index].phase != Phase::OnCore {
            return;
        }
        // Ordering: Relaxed, as in `Mine::is_outside`.
        self.thread(index).outside.store(true, Ordering::Relaxed);
        machine.send_outside(index);
        self.give_to_next(machine);
    }

    /// A place for a thread that begins at `at`.
    pub(super) fn ticket(
        self: &Arc<Self>,
        machine: &mut Machine,
        name: String,
        at: Time,
    ) -> Ticket {
        let index = machine.add(name, at);
        let shared = Arc::new(Shared::default());
        lock(&self.shared).push(Arc::clone(&shared));
        Ticket(Some(Mine {
            world: Arc::clone(self),
            shared,
            index,
        }))
    }

    /// What the pools of this simulation say of themselves.
    pub(super) fn describe(&self) -> Vec<String> {
        lock(&self.describe)
            .iter()
            .filter_map(|pool| pool())
            .collect()
    }

    /// Ends the default pool, if there is one.
    pub(super) fn end_default(&self) {
        let pool = lock(&self.default).take();
        if let Some(pool) = pool {
            (pool.end)();
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Ordering: Relaxed; it counts.
        ALIVE.fetch_sub(1, Ordering::Relaxed);
        lock(&WORLDS).retain(|world| world.strong_count() > 0);
    }
}

// ---- threads --------------------------------------------------------------------------------

/// A place in a simulation for a thread that is to be created; nothing if its creator has none.
#[must_use]
pub(crate) struct Ticket(Option<Mine>);

/// The calling thread is one of a simulation until this is dropped.
pub(crate) struct Entered(Option<Arc<Mine>>);

/// A place for a thread that the calling thread is about to create.
pub(crate) fn ticket(name: impl FnOnce() -> String) -> Ticket {
    let Some(mine) = mine() else {
        return Ticket(None);
    };
    point(Kind::Spawn);
    let mut machine = mine.enter();
    let at = machine.threads[mine.index].clock;
    let latency = match machine.explores() {
        true => 0,
        false => costs::SPAWN_LATENCY,
    };
    let ticket = mine.world.ticket(&mut machine, name(), at + latency);
    let leash = machine.leash(mine.index);
    drop(machine);
    set_leash(leash, at);
    ticket
}

impl Ticket {
    /// The calling thread takes the place, and waits until it may run.
    pub(crate) fn enter(&mut self) -> Entered {
        if is_on() {
            // A thread that has a place runs what was meant for one of its own.
            return Entered(None);
        }
        let Some(mine) = self.0.take() else {
            return Entered(None);
        };
        *lock(&mine.shared.proc) = own_proc();
        let mine = Arc::new(mine);
        MINE.with(|place| *place.borrow_mut() = Some(Arc::clone(&mine)));
        mine.shared.take();
        let machine = mine.world.lock();
        let (logs, explores) = (machine.log.is_some(), machine.explores());
        drop(machine);
        LOCAL.with(|local| {
            local.on.set(true);
            local.logs.set(logs);
            local.explores.set(explores);
            local.hash.set(0);
            local.spins.set(0);
        });
        note(Kind::Begin);
        Entered(Some(mine))
    }
}

/// The file in which Linux shows the state of the calling thread.
fn own_proc() -> Option<std::path::PathBuf> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let own = std::fs::read_link("/proc/thread-self").ok()?;
    Some(std::path::Path::new("/proc").join(own).join("stat"))
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(mine) = self.0.take() {
            end(&mine, mine.world.lock());
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if let Some(mine) = self.0.take() {
            note(Kind::End);
            let machine = mine.enter();
            LOCAL.with(|local| local.on.set(false));
            MINE.with(|place| place.borrow_mut().take());
            end(&mine, machine);
        }
    }
}

fn end(mine: &Mine, mut machine: MutexGuard<'_, Machine>) {
    let had_baton = machine.holder == Some(mine.index);
    machine.end(mine.index);
    if had_baton {
        machine.holder = None;
        mine.world.give_to_next(&mut machine);
    }
    if machine.live == 0 {
        mine.world.bell.notify_all();
    }
}

// ---- sleeping and waking --------------------------------------------------------------------

/// The calling thread sleeps at a place until it is woken there, if `still` says so behind the lock
/// that those who wake take. `None`: it is none of a simulation. `Some(true)`: its time has passed.
pub(crate) fn sleep(
    place: usize,
    time: Option<Duration>,
    still: impl FnOnce() -> bool,
) -> Option<bool> {
    let mine = mine()?;
    Some(mine.sleep(place, time, still, || ()))
}

/// As [`sleep`]; calls `release` when wake-ups are kept already, and before the thread sleeps.
pub(crate) fn sleep_releasing(
    place: usize,
    time: Option<Duration>,
    release: impl FnOnce(),
) -> Option<bool> {
    let mine = mine()?;
    Some(mine.sleep(place, time, || true, release))
}

impl Mine {
    fn sleep(
        &self,
        place: usize,
        time: Option<Duration>,
        still: impl FnOnce() -> bool,
        release: impl FnOnce(),
    ) -> bool {
        LOCAL.with(|local| {
            local.clock.set(local.clock.get() + costs::of(Kind::Park));
            local.spins.set(0);
        });
        note(Kind::Park);
        let mut machine = self.enter();
        if !still() {
            let leash = machine.leash(self.index);
            let clock = machine.threads[self.index].clock;
            drop(machine);
            set_leash(leash, clock);
            return false;
        }
        let clock = machine.threads[self.index].clock;
        let deadline = time.map_or(NEVER, |time| clock.saturating_add(nanos_of(time)));
        machine.block(self.index, place, deadline);
        drop(machine);
        release();
        let machine = self.world.lock();
        self.hand_on(machine);
        self.world.lock().threads[self.index].timed_out
    }
}

fn nanos_of(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NEVER)
}

/// Wakes one thread, or all, that sleep at a place; returns whether there was one. If the caller is
/// one of a simulation, that is a decision.
pub(crate) fn wake(place: usize, all: bool) -> bool {
    match mine() {
        Some(mine) => {
            point(Kind::Wake);
            let mut machine = mine.enter();
            let woken = mine.wake(&mut machine, place, all);
            mine.hand_on(machine);
            woken
        }
        None => wake_from_outside(place, all),
    }
}

/// As [`wake`], but the caller goes on, and pays nothing.
pub(crate) fn wake_quietly(place: usize) {
    let Some(mine) = mine() else {
        wake_from_outside(place, false);
        return;
    };
    let mut machine = mine.world.lock();
    let is_running = machine.holder == Some(mine.index) && !mine.is_outside();
    let at = machine.now.max(LOCAL.with(|local| local.clock.get()));
    if machine.wake(place, false, at) == 0 {
        return;
    }
    if is_running && machine.threads[mine.index].phase == Phase::OnCore {
        mine.tell(&mut machine);
        let leash = machine.leash(mine.index);
        let clock = machine.threads[mine.index].clock;
        drop(machine);
        set_leash(leash, clock);
    } else if machine.holder.is_none() {
        mine.world.give_to_next(&mut machine);
    }
}

impl Mine {
    fn wake(&self, machine: &mut Machine, place: usize, all: bool) -> bool {
        let at = machine.threads[self.index].clock;
        machine.wake(place, all, at) > 0
    }
}

#[cold]
fn wake_from_outside(place: usize, all: bool) -> bool {
    // Ordering: Relaxed; whoever knows of a sleeper was told so behind a lock.
    if ALIVE.load(Ordering::Relaxed) == 0 {
        return false;
    }
    let worlds: Vec<Arc<World>> = lock(&WORLDS).iter().filter_map(Weak::upgrade).collect();
    let mut woken = false;
    for world in worlds {
        let mut machine = lock(&world.machine);
        let at = machine.now;
        woken |= machine.wake(place, all, at) > 0;
        if woken && machine.holder.is_none() {
            world.give_to_next(&mut machine);
        }
    }
    woken
}

// ---- lines ----------------------------------------------------------------------------------

/// Who had a cache line last, and until when.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// The simulation and the thread; 0: none.
    owner: AtomicU64,
    /// The virtual time at which the last access was done.
    free_at: AtomicU64,
}

impl Line {
    pub(crate) const fn new() -> Self {
        Self {
            owner: AtomicU64::new(0),
            free_at: AtomicU64::new(0),
        }
    }
}

/// The calling thread changes a line: that takes longer if another thread had it, and waits until
/// that one was done.
#[inline]
pub(crate) fn touch(line: &Line) {
    if is_on() {
        touch_as_one_of(line);
    }
}

fn touch_as_one_of(line: &Line) {
    let Some(mine) = mine() else { return };
    let tag = mine.world.serial << 16 | (mine.index as u64 + 1);
    // Ordering: Relaxed, here and below; the thread with the baton is the only one.
    let owner = line.owner.swap(tag, Ordering::Relaxed);
    if owner == tag {
        return point(Kind::Lock);
    }
    let clock = LOCAL.with(|local| local.clock.get());
    let is_known = owner >> 16 == mine.world.serial;
    let explores = LOCAL.with(|local| local.explores.get());
    let waits = match is_known && !explores {
        // Ordering: Relaxed, as above.
        true => line.free_at.load(Ordering::Relaxed).saturating_sub(clock),
        false => 0,
    };
    // The other thread may be far ahead, after work that it did behind its lock.
    let cost = costs::of(Kind::Foreign) + waits.min(costs::LOOKAHEAD);
    // Ordering: Relaxed, as above.
    line.free_at.store(clock + cost, Ordering::Relaxed);
    point_at(Kind::Foreign, cost);
}

// ---- time and other things that a simulation owns -------------------------------------------

/// The virtual time since the simulation began, in nanoseconds. Reading it costs a little; nobody
/// else goes on meanwhile.
#[inline]
pub(crate) fn nanos() -> Option<u64> {
    LOCAL.with(|local| {
        local.on.get().then(|| {
            local.clock.set(local.clock.get() + CLOCK);
            local.clock.get()
        })
    })
}

/// The virtual instant.
#[inline]
pub(crate) fn now() -> Option<Instant> {
    let nanos = nanos()?;
    Some(mine()?.world.base + Duration::from_nanos(nanos))
}

/// Work of the given length.
pub(super) fn work(time: Duration) -> bool {
    let Some(mine) = mine() else { return false };
    let time = nanos_of(time);
    let fits = LOCAL.with(|local| {
        let until = local.clock.get().saturating_add(time);
        until <= local.horizon.get() && local.budget.get() > 1 && !mine.is_outside()
    });
    let explores = LOCAL.with(|local| local.explores.get());
    if fits && (time == 0 || !explores) {
        point_at(Kind::Work, time);
        return true;
    }
    note(Kind::Work);
    let mut machine = mine.enter();
    let until = machine.threads[mine.index].clock.saturating_add(time);
    machine.work(mine.index, until);
    mine.hand_on(machine);
    true
}

/// A number that all random choices of a simulation begin with; 0 outside.
pub(crate) fn seed() -> u64 {
    mine().map_or(0, |mine| mix(mine.world.seed))
}

/// What has happened so far in the simulation of the calling thread.
pub(super) fn report() -> Option<Report> {
    let mine = mine()?;
    let machine = mine.enter();
    let end = machine.threads[mine.index].clock;
    let report = Report::of(&machine, end);
    Some(report)
}

/// The number of simulated cores.
pub(crate) fn cores() -> Option<usize> {
    Some(mine()?.world.cores)
}

/// Calls `f` with what is known of spawn sites in this simulation.
pub(crate) fn with_sites<R>(f: impl FnOnce(Option<&Sites>) -> R) -> R {
    match mine() {
        Some(mine) => f(Some(&mine.world.sites)),
        None => f(None),
    }
}

/// How a pool of this simulation is described if nobody can run.
pub(crate) fn on_stall(describe: impl Fn() -> Option<String> + Send + Sync + 'static) {
    if let Some(mine) = mine() {
        lock(&mine.world.describe).push(Box::new(describe));
    }
}

/// The default pool of the simulation, made by `make` at its first use, and ended by `end`. `None`:
/// the calling thread is none of a simulation.
pub(crate) fn default_pool<P: Any + Send + Sync>(
    make: impl FnOnce() -> Arc<P>,
    end: impl FnOnce(&P) + Send + 'static,
) -> Option<Arc<P>> {
    let world = Arc::clone(&mine()?.world);
    let known = lock(&world.default)
        .as_ref()
        .map(|known| Arc::clone(&known.pool));
    if let Some(pool) = known.and_then(|pool| pool.downcast::<P>().ok()) {
        return Some(pool);
    }
    let pool = make();
    let of_it = Arc::clone(&pool);
    let mut known = lock(&world.default);
    // Another thread may have made one meanwhile: then that is it, and ours ends.
    if let Some(other) = &*known {
        let other = Arc::clone(&other.pool).downcast::<P>().ok();
        drop(known);
        end(&of_it);
        return other;
    }
    *known = Some(DefaultPool {
        pool: Arc::clone(&pool) as Arc<dyn Any + Send + Sync>,
        end: Box::new(move || end(&of_it)),
    });
    Some(pool)
}
