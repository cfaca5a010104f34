//! The simulated machine: threads, cores, a clock, and the choice of who goes next.
//!
//! Nothing here is a real thread: the machine is a data structure, which [`super::baton`] keeps
//! behind a lock and asks. There are two ways to choose ([`Choice`]):
//!
//! * *Least time first.* Each thread has a clock. A thread needs a core to go on; those without
//!   one stand in a queue, and get the core of a thread whose time slice has passed. The thread
//!   with the least time goes next, and may be ahead of the others by [`LOOKAHEAD`]. Ties go by
//!   seed.
//! * *By seed.* There is one clock, and a core for each thread. Who goes next is drawn: in one half
//!   of the seeds anew after a number of decisions, in the other by priorities that change at a few
//!   decisions (PCT). A thread that spins goes to the end.

use super::costs::{self, LOOKAHEAD};
use super::kind::{KINDS, Kind};
use std::cmp::Ordering::{Equal, Greater, Less};
use std::collections::VecDeque;

/// The number of a thread in its simulation.
pub(super) type Index = usize;

/// Nanoseconds since the simulation began.
pub(super) type Time = u64;

/// Never.
pub(super) const NEVER: Time = u64::MAX;

/// After this number of decisions in a row a thread lets others go on, whatever its priority.
const PATIENCE: u64 = 1 << 14;

/// Where a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has a core, or, if the seed chooses, it can go on.
    OnCore,
    /// It waits for a core.
    Queued,
    /// It waits to be woken at `place`, or for its deadline.
    Blocked,
    /// It blocks in the system, or does not come back to a decision: the watchdog has taken its
    /// core.
    Outside,
    Ended,
}

/// A thread of the machine.
#[derive(Debug)]
pub(super) struct Thread {
    pub(super) phase: Phase,
    /// Up to here it has run.
    pub(super) clock: Time,
    /// Up to here it is at work, and decides nothing.
    until: Time,
    /// The work that is left, while it has no core.
    owed: Time,
    /// When it got its core.
    since: Time,
    /// Where it is blocked.
    pub(super) place: usize,
    deadline: Time,
    /// Its last sleep ended because of its deadline.
    pub(super) timed_out: bool,
    priority: u64,
    pub(super) name: String,
}

/// How the machine chooses.
#[derive(Debug)]
enum Choice {
    LeastTime,
    Seed(Strategy),
}

/// How the seed chooses.
#[derive(Debug)]
enum Strategy {
    /// Anyone, anew after this number of decisions on average.
    Random { every: u64 },
    /// The highest priority. At these decisions, the last first, the running thread gets the
    /// lowest.
    Priorities { changes: Vec<u64> },
}

/// A decision, as a log remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) thread: Index,
    pub(super) kind: Kind,
    pub(super) clock: Time,
}

/// The machine.
#[derive(Debug)]
pub(super) struct Machine {
    choice: Choice,
    pub(super) threads: Vec<Thread>,
    cores: usize,
    busy: usize,
    queue: VecDeque<Index>,
    /// The thread that runs.
    pub(super) holder: Option<Index>,
    /// The time at which the running thread was chosen; with a seed, the only clock.
    pub(super) now: Time,
    /// Threads that have not ended.
    pub(super) live: usize,
    pub(super) seed: u64,
    rng: u64,
    /// The next lowest priority; they count down.
    lowest: u64,
    pub(super) hash: u64,
    pub(super) counts: [u64; KINDS],
    /// How often the baton changed hands.
    pub(super) handovers: u64,
    /// How often the watchdog took it.
    pub(super) outside: u64,
    /// The number of decisions when it last did.
    chosen_at: u64,
    /// Time that threads had a core.
    on_core: Time,
    pub(super) log: Option<Vec<Entry>>,
    /// Nobody runs after this time.
    pub(super) limit: Time,
    /// Somebody would have.
    pub(super) has_passed_limit: bool,
}

/// What the running thread may do before it has to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leash {
    /// The latest time.
    pub(super) horizon: Time,
    /// The number of decisions.
    pub(super) budget: u64,
}

/// One step of a generator of random numbers (SplitMix64).
pub(super) fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Machine {
    pub(super) fn new(cores: usize, seed: u64, explores: bool) -> Self {
        let mut machine = Self {
            choice: Choice::LeastTime,
            threads: Vec::new(),
            cores: cores.max(1),
            busy: 0,
            queue: VecDeque::new(),
            holder: None,
            now: 0,
            live: 0,
            seed,
            rng: mix(seed),
            lowest: u64::MAX / 2,
            hash: 0,
            counts: [0; KINDS],
            handovers: 0,
            outside: 0,
            chosen_at: 0,
            on_core: 0,
            log: None,
            limit: NEVER,
            has_passed_limit: false,
        };
        if explores {
            machine.choice = Choice::Seed(machine.strategy());
        }
        machine
    }

    fn strategy(&mut self) -> Strategy {
        if self.draw() % 2 == 0 {
            let every = 1 << (self.draw() % 4 * 2);
            return Strategy::Random { every };
        }
        // How long the run will be is not known: the scale is drawn as well.
        let scale = 1 << (4 + self.draw() % 12);
        let number = 1 + self.draw() % 3;
        let mut changes: Vec<u64> = (0..number).map(|_| self.draw() % scale).collect();
        changes.sort_unstable_by(|a, b| b.cmp(a));
        Strategy::Priorities { changes }
    }

    pub(super) fn draw(&mut self) -> u64 {
        self.rng = self.rng.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.rng)
    }

    pub(super) fn explores(&self) -> bool {
        matches!(self.choice, Choice::Seed(_))
    }

    /// All decisions so far, except those that the running thread has not told yet.
    pub(super) fn decisions(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Mixes decisions of a thread into the fingerprint.
    pub(super) fn note(&mut self, thread: Index, decisions: u64) {
        self.hash = mix(self.hash ^ mix(thread as u64) ^ decisions.rotate_left(17));
    }

    // ---- threads ----------------------------------------------------------------------------

    /// A new thread, which begins at `at`.
    pub(super) fn add(&mut self, name: String, at: Time) -> Index {
        let index = self.threads.len();
        let priority = self.draw() | 1 << 63;
        self.threads.push(Thread {
            phase: Phase::Blocked,
            clock: at,
            until: at,
            owed: 0,
            since: at,
            place: 0,
            deadline: NEVER,
            timed_out: false,
            priority,
            name,
        });
        self.live += 1;
        self.make_ready(index, at);
        index
    }

    /// The thread can go on from `at` on, as soon as it has a core.
    pub(super) fn make_ready(&mut self, index: Index, at: Time) {
        let thread = &mut self.threads[index];
        thread.clock = thread.clock.max(at);
        thread.deadline = NEVER;
        let at = thread.clock;
        if self.explores() || self.busy < self.cores {
            self.take_core(index, at);
        } else {
            self.threads[index].phase = Phase::Queued;
            self.queue.push_back(index);
        }
    }

    fn take_core(&mut self, index: Index, at: Time) {
        let thread = &mut self.threads[index];
        thread.phase = Phase::OnCore;
        thread.clock = thread.clock.max(at);
        thread.since = thread.clock;
        thread.until = thread.clock + std::mem::take(&mut thread.owed);
        self.busy += 1;
    }

    /// The thread gives its core up at `at`; the first of the queue gets it.
    fn leave_core(&mut self, index: Index, at: Time) {
        let thread = &mut self.threads[index];
        debug_assert_eq!(thread.phase, Phase::OnCore);
        thread.clock = at;
        thread.owed = thread.until.saturating_sub(at);
        self.on_core += at.saturating_sub(thread.since);
        self.busy -= 1;
        if let Some(next) = self.queue.pop_front() {
            let from = self.threads[next].clock.max(at) + costs::SWITCH;
            self.take_core(next, from);
        }
    }

    /// The thread works until `until`, without a decision.
    pub(super) fn work(&mut self, index: Index, until: Time) {
        self.threads[index].until = until;
    }

    /// The thread waits at `place` to be woken, until the deadline at most.
    pub(super) fn block(&mut self, index: Index, place: usize, deadline: Time) {
        let at = self.threads[index].clock;
        self.leave_core(index, at);
        let thread = &mut self.threads[index];
        thread.phase = Phase::Blocked;
        thread.place = place;
        thread.deadline = deadline;
        thread.timed_out = false;
    }

    /// Wakes one thread, or all, that wait at `place`; returns how many.
    pub(super) fn wake(&mut self, place: usize, all: bool, at: Time) -> usize {
        let mut waiting: Vec<Index> = self
            .threads
            .iter()
            .enumerate()
            .filter(|(_, thread)| thread.phase == Phase::Blocked && thread.place == place)
            .map(|(index, _)| index)
            .collect();
        if !all && waiting.len() > 1 {
            let chosen = match self.explores() {
                true => self.draw() as usize % waiting.len(),
                // The kernel wakes in the order of sleeping.
                false => (0..waiting.len())
                    .min_by_key(|at| self.threads[waiting[*at]].clock)
                    .unwrap_or(0),
            };
            waiting = vec![waiting[chosen]];
        }
        let latency = if self.explores() {
            0
        } else {
            costs::WAKE_LATENCY
        };
        for index in &waiting {
            self.make_ready(*index, at + latency);
        }
        waiting.len()
    }

    /// The thread ends, at its clock.
    pub(super) fn end(&mut self, index: Index) {
        match self.threads[index].phase {
            Phase::OnCore => {
                let at = self.threads[index].clock;
                self.leave_core(index, at);
            }
            Phase::Queued => self.queue.retain(|other| *other != index),
            _ => {}
        }
        self.threads[index].phase = Phase::Ended;
        self.live -= 1;
    }

    /// The watchdog takes the core of the running thread.
    pub(super) fn send_outside(&mut self, index: Index) {
        let at = self.threads[index].clock;
        self.leave_core(index, at);
        self.threads[index].phase = Phase::Outside;
        self.threads[index].owed = 0;
        self.holder = None;
        self.outside += 1;
    }

    // ---- the choice -------------------------------------------------------------------------

    /// Chooses who goes on: the holder of the baton from now on. `None`: nobody can run, and no
    /// deadline is left.
    pub(super) fn choose(&mut self) -> Option<Index> {
        let before = self.holder;
        let mut chosen = match self.choice {
            Choice::LeastTime => self.least_time(before),
            Choice::Seed(_) => self.by_seed(before),
        };
        if chosen.is_some_and(|index| self.threads[index].until > self.limit) {
            self.has_passed_limit = true;
            chosen = None;
        }
        self.holder = chosen;
        if let Some(index) = chosen {
            let thread = &mut self.threads[index];
            thread.clock = thread.until.max(thread.clock);
            thread.until = thread.clock;
            self.now = self.now.max(thread.clock);
        }
        if chosen != before {
            self.handovers += 1;
            self.chosen_at = self.decisions();
        }
        chosen
    }

    fn on_core(&self) -> impl Iterator<Item = (Index, &Thread)> {
        let all = self.threads.iter().enumerate();
        all.filter(|(_, thread)| thread.phase == Phase::OnCore)
    }

    /// The earliest deadline, and whose it is.
    fn first_deadline(&self) -> Option<(Time, Index)> {
        let all = self.threads.iter().enumerate();
        all.filter(|(_, thread)| thread.phase == Phase::Blocked && thread.deadline != NEVER)
            .map(|(index, thread)| (thread.deadline, index))
            .min()
    }

    /// When the first of the queue takes somebody's core, and whose.
    fn first_preemption(&self) -> Option<(Time, Index)> {
        let queued = self.threads[*self.queue.front()?].clock;
        self.on_core()
            .map(|(index, thread)| {
                let over = thread.since + costs::SLICE;
                (over.max(thread.clock).max(queued), index)
            })
            .min()
    }

    fn expire(&mut self, index: Index, at: Time) {
        self.threads[index].timed_out = true;
        let latency = if self.explores() {
            0
        } else {
            costs::WAKE_LATENCY
        };
        self.make_ready(index, at + latency);
    }

    fn least_time(&mut self, before: Option<Index>) -> Option<Index> {
        loop {
            let turn = self.handovers;
            let seed = self.seed;
            let tie = |index: Index| mix(seed ^ turn ^ (index as u64) << 40);
            let first = self
                .on_core()
                .map(|(index, thread)| (thread.until, index))
                .reduce(|a, b| match a.0.cmp(&b.0) {
                    Less => a,
                    Greater => b,
                    Equal if tie(a.1) < tie(b.1) => a,
                    Equal => b,
                });
            let runs_at = first.map_or(NEVER, |(time, _)| time);
            let preemption = self.first_preemption();
            let preempts_at = preemption.map_or(NEVER, |(time, _)| time);
            if let Some((time, index)) = self.first_deadline() {
                if time <= runs_at.min(preempts_at) {
                    self.expire(index, time);
                    continue;
                }
            }
            if let Some((time, index)) = preemption {
                if time <= runs_at {
                    self.preempt(index, time);
                    continue;
                }
            }
            let (time, index) = first?;
            // The running thread goes on if it is hardly ahead.
            if let Some(me) = before {
                let thread = &self.threads[me];
                let ahead = thread.until.saturating_sub(time);
                if thread.phase == Phase::OnCore && ahead <= LOOKAHEAD && thread.until < preempts_at
                {
                    return Some(me);
                }
            }
            return Some(index);
        }
    }

    fn preempt(&mut self, index: Index, at: Time) {
        self.leave_core(index, at);
        self.threads[index].phase = Phase::Queued;
        self.queue.push_back(index);
    }

    fn by_seed(&mut self, before: Option<Index>) -> Option<Index> {
        loop {
            while let Some((time, index)) = self.first_deadline() {
                if time > self.now {
                    break;
                }
                self.expire(index, time);
            }
            let now = self.now;
            let able: Vec<Index> = self
                .on_core()
                .filter(|(_, thread)| thread.until <= now)
                .map(|(index, _)| index)
                .collect();
            if able.is_empty() {
                // Nobody can run: the clock jumps.
                let works = self.on_core().map(|(_, thread)| thread.until).min();
                let sleeps = self.first_deadline().map(|(time, _)| time);
                self.now = works.into_iter().chain(sleeps).min()?;
                continue;
            }
            let chosen = self.draw_of(&able, before);
            // One clock for all.
            self.threads[chosen].clock = now;
            self.threads[chosen].until = now;
            return Some(chosen);
        }
    }

    fn draw_of(&mut self, able: &[Index], before: Option<Index>) -> Index {
        let decisions = self.decisions();
        let mut demotes = decisions - self.chosen_at >= PATIENCE;
        match &mut self.choice {
            Choice::Seed(Strategy::Priorities { changes }) => {
                while changes.last().is_some_and(|change| *change <= decisions) {
                    changes.pop();
                    demotes = true;
                }
            }
            _ => return able[self.draw() as usize % able.len()],
        }
        if let (true, Some(before)) = (demotes, before) {
            self.demote(before);
            self.chosen_at = decisions;
        }
        let highest = able
            .iter()
            .max_by_key(|index| self.threads[**index].priority);
        *highest.expect("somebody can run")
    }

    /// The thread gets the lowest priority: it spins, or the seed says so.
    pub(super) fn demote(&mut self, index: Index) {
        self.lowest -= 1;
        self.threads[index].priority = self.lowest;
    }

    /// What the chosen thread may do on its own.
    pub(super) fn leash(&mut self, index: Index) -> Leash {
        let deadline = self.first_deadline().map_or(NEVER, |(time, _)| time);
        let deadline = deadline.min(self.limit);
        let decisions = self.decisions();
        let others = self.on_core().filter(|(other, _)| *other != index);
        let others = others.map(|(_, thread)| thread.until);
        if let Choice::LeastTime = self.choice {
            let first = others
                .min()
                .map_or(NEVER, |time| time.saturating_add(LOOKAHEAD));
            let preempts_at = self.first_preemption().map_or(NEVER, |(time, _)| time);
            return Leash {
                horizon: first.min(deadline.min(preempts_at).saturating_sub(1)),
                budget: u64::MAX,
            };
        }
        let works = others.filter(|time| *time > self.now).min();
        let horizon = deadline.min(works.unwrap_or(NEVER));
        let budget = match &self.choice {
            Choice::Seed(Strategy::Priorities { changes }) => {
                let next = changes.last().copied().unwrap_or(u64::MAX);
                next.saturating_sub(decisions).clamp(1, PATIENCE)
            }
            Choice::Seed(Strategy::Random { every }) => {
                let most = 2 * every;
                1 + self.draw() % most
            }
            Choice::LeastTime => u64::MAX,
        };
        Leash { horizon, budget }
    }

    /// The time that cores were idle up to `end`.
    pub(super) fn idle(&self, end: Time) -> Time {
        let running: Time = self
            .on_core()
            .map(|(_, thread)| thread.until.min(end).saturating_sub(thread.since))
            .sum();
        let all = end.saturating_mul(self.cores as u64);
        all.saturating_sub(self.on_core + running)
    }
}
