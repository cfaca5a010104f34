//! How a simulation is run: its builder, its main thread, and the watchdog.

use super::baton::{self, World};
use super::machine::{Entry, Index, Machine, Phase};
use super::report::Report;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks of the watchdog.
const TICK: Duration = Duration::from_millis(5);

/// A thread that computes longer than this without a decision loses the baton, as if it were
/// blocked: it may wait for another thread in a loop.
const LONG: Duration = Duration::from_secs(5);

/// How long a simulation in which nobody can run waits for threads of others.
const GRACE: Duration = Duration::from_millis(100);

/// The same while one of its threads blocks in the system.
const LONG_GRACE: Duration = Duration::from_secs(30);

/// How long the description of the pools may take: a thread that can never run may hold a lock.
const TELLING: Duration = Duration::from_secs(2);

/// How a simulation is to be run.
///
/// ```
/// use manyhands::prelude::*;
/// use manyhands::sim;
/// use std::time::Duration;
///
/// let (sum, report) = sim::Builder::new().cores(64).seed(17).run(|| {
///     let item = |i: u64| {
///         sim::work(Duration::from_millis(1));
///         i
///     };
///     (0..640_u64).into_par_iter().map(item).sum::<u64>()
/// });
/// assert_eq!(sum, 204_480);
/// // 640 ms of work on 64 cores, on whatever machine runs this.
/// assert!(report.elapsed() > Duration::from_millis(10));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `run` is called"]
pub struct Builder {
    cores: usize,
    seed: u64,
    time_limit: Option<Duration>,
    explores: bool,
    logs: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            cores: 4,
            seed: 0,
            time_limit: None,
            explores: false,
            logs: false,
        }
    }
}

/// What is left of a simulation.
pub(super) struct Ended<R> {
    pub(super) result: thread::Result<R>,
    pub(super) report: Report,
    pub(super) log: Vec<Entry>,
}

impl Builder {
    /// Four cores, seed 0.
    ///
    /// ```
    /// let (four, _) = manyhands::sim::Builder::new().run(manyhands::current_num_threads);
    /// assert_eq!(four, 4);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of simulated cores, and of threads of the simulation's default pool.
    ///
    /// ```
    /// let builder = manyhands::sim::Builder::new().cores(100);
    /// let (cores, _) = builder.run(manyhands::current_num_threads);
    /// assert_eq!(cores, 100);
    /// ```
    pub fn cores(mut self, cores: usize) -> Self {
        self.cores = cores.max(1);
        self
    }

    /// All that is random in the pool, and who goes first of two threads with the same time,
    /// depends on this number alone.
    ///
    /// ```
    /// let run = || manyhands::sim::Builder::new().seed(17).run(|| manyhands::join(|| 1, || 2));
    /// assert_eq!(run(), run());
    /// ```
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Gives the simulation up with a panic when its virtual time has passed this, as it does if
    /// nobody can run any more.
    ///
    /// ```
    /// use manyhands::sim;
    /// use std::time::Duration;
    ///
    /// let limited = sim::Builder::new().time_limit(Duration::from_secs(60));
    /// limited.run(|| sim::work(Duration::from_secs(1)));
    /// ```
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// Lets the seed choose who goes on at every decision, as [`many`](super::many) does, instead
    /// of the thread with the least time.
    ///
    /// ```
    /// let (two, _) = manyhands::sim::Builder::new().explore().seed(17).run(|| {
    ///     manyhands::spawn(async { 2 }).join().unwrap()
    /// });
    /// assert_eq!(two, 2);
    /// ```
    pub fn explore(mut self) -> Self {
        self.explores = true;
        self
    }

    pub(super) fn log(mut self) -> Self {
        self.logs = true;
        self
    }

    /// Runs `f` on a new simulated thread, and returns when that and all threads that it has made
    /// have ended.
    ///
    /// `f` may make pools, which belong to the simulation, or use the functions of this crate,
    /// which work for a default pool of the simulation with as many threads as there are cores.
    /// That pool is ended when `f` returns; pools of its own `f` has to drop.
    ///
    /// # Panics
    ///
    /// If `f` does; if nobody can run and no deadline is left; if a pool was not dropped. In the
    /// last two cases the threads of the simulation are never freed.
    pub fn run<F, R>(self, f: F) -> (R, Report)
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let ended = self.run_to_end(f);
        match ended.result {
            Ok(result) => (result, ended.report),
            Err(payload) => resume_unwind(payload),
        }
    }

    pub(super) fn run_to_end<F, R>(self, f: F) -> Ended<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        assert!(
            !baton::is_on(),
            "a simulation cannot be run inside another one"
        );
        let mut machine = Machine::new(self.cores, self.seed, self.explores);
        machine.log = self.logs.then(Vec::new);
        if let Some(limit) = self.time_limit {
            machine.limit = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        }
        let world = World::new(machine, self.cores);
        let outcome = Arc::new(Mutex::new(None));
        let mut ticket = {
            let mut machine = world.lock();
            let ticket = world.ticket(&mut machine, "main".to_owned(), 0);
            world.give_to_next(&mut machine);
            ticket
        };
        let (inside, result) = (Arc::clone(&world), Arc::clone(&outcome));
        let main = move || {
            let _entered = ticket.enter();
            let returned = catch_unwind(AssertUnwindSafe(f));
            let report = baton::report();
            *result.lock().unwrap_or_else(PoisonError::into_inner) = Some((returned, report));
            inside.end_default();
        };
        thread::Builder::new()
            .name("sim-main".to_owned())
            .spawn(main)
            .expect("the system refused the first thread of a simulation");
        self.watch(&world);
        let outcome = outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let (result, report) = outcome.expect("the first thread has ended");
        let log = world.lock().log.take().unwrap_or_default();
        Ended {
            result,
            report: report.expect("the first thread was in the simulation"),
            log,
        }
    }

    /// Waits until all threads have ended. Meanwhile it sees to threads that block elsewhere.
    fn watch(&self, world: &Arc<World>) {
        let mut seen = Seen::default();
        let mut stalled: Option<Instant> = None;
        let mut machine = world.lock();
        while machine.live > 0 {
            if machine.holder.is_some() {
                stalled = None;
                seen.look(world, &mut machine);
            } else {
                let since = *stalled.get_or_insert_with(Instant::now);
                let grace = match waits_outside(&machine) {
                    true => LONG_GRACE,
                    false => GRACE,
                };
                if since.elapsed() > grace {
                    drop(machine);
                    self.give_up(world, "nobody can run, and no deadline is left");
                }
            }
            if machine.has_passed_limit {
                drop(machine);
                self.give_up(world, "the time limit has passed");
            }
            machine = world
                .bell
                .wait_timeout(machine, TICK)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn give_up(&self, world: &Arc<World>, why: &str) -> ! {
        world.give_up();
        let threads = {
            let machine = world.lock();
            let living = machine.threads.iter().enumerate();
            let living = living.filter(|(_, thread)| thread.phase != Phase::Ended);
            let line = |(index, thread): (Index, &super::machine::Thread)| {
                let at = Duration::from_nanos(thread.clock);
                format!(
                    "  {index} {}: {:?} since {at:?}\n",
                    thread.name, thread.phase
                )
            };
            living.map(line).collect::<String>()
        };
        let (tell, told) = mpsc::channel();
        let of = Arc::clone(world);
        let telling = thread::spawn(move || tell.send(of.describe().join("\n")));
        let pools = told
            .recv_timeout(TELLING)
            .unwrap_or_else(|_| "(a thread that cannot run holds a lock of the pool)".to_owned());
        drop(telling);
        let seed = self.seed;
        panic!("simulation with seed {seed}: {why}\n{pools}\nthreads:\n{threads}");
    }
}

/// May a thread that blocks elsewhere come back?
fn waits_outside(machine: &Machine) -> bool {
    let mut threads = machine.threads.iter();
    threads.any(|thread| thread.phase == Phase::Outside)
}

/// What the watchdog saw at its last look.
#[derive(Debug, Default)]
struct Seen {
    /// The holder of the baton, the handovers, and its decisions.
    holder: Option<(Index, u64, u64)>,
    since: Option<Instant>,
    asleep: u32,
}

impl Seen {
    fn look(&mut self, world: &Arc<World>, machine: &mut Machine) {
        let beats = |index| world.thread(index).beat();
        let now = machine.holder;
        let now = now.map(|index| (index, machine.handovers, beats(index)));
        if self.holder != now {
            *self = Self {
                holder: now,
                since: Some(Instant::now()),
                asleep: 0,
            };
            return;
        }
        let Some((index, ..)) = now else { return };
        match world.thread(index).proc() {
            Some(proc) if sleeps(&proc) => self.asleep += 1,
            _ => self.asleep = 0,
        }
        let long = self.since.is_some_and(|since| since.elapsed() > LONG);
        if self.asleep >= 2 || long {
            *self = Self::default();
            world.send_outside(machine, index);
        }
    }
}

/// Does the system say that a thread sleeps? Its state stands behind its name in parentheses.
fn sleeps(proc: &PathBuf) -> bool {
    let Ok(stat) = std::fs::read_to_string(proc) else {
        return false;
    };
    let state = stat.rsplit_once(')').map(|(_, rest)| rest.trim_start());
    state.is_some_and(|rest| rest.starts_with('S'))
}

/// Takes `time` on the present core. In a simulation the virtual clock moves on, and other threads
/// run meanwhile; elsewhere the thread spins. `work(Duration::ZERO)` is a decision that costs
/// nothing: a place where [`many`](super::many) may let another thread go on.
///
/// ```
/// use manyhands::{sim, time};
/// use std::time::Duration;
///
/// let (hour, _) = sim::Builder::new().run(|| {
///     let start = time::now();
///     sim::work(Duration::from_secs(3600));
///     time::now() - start
/// });
/// assert!(hour >= Duration::from_secs(3600));
/// ```
pub fn work(time: Duration) {
    if baton::work(time) {
        return;
    }
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// The text of a panic.
pub(super) fn text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("a panic")
}
