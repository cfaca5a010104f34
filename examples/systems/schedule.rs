//! A schedule of systems: who waits for whom, and rounds in which all run.

use super::world::{Access, Data, World};
use manyhands::Scope;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

struct System {
    name: &'static str,
    access: Access,
    run: Box<dyn Fn(&World) + Send + Sync>,
    /// The systems that must have ended before this one begins; not those before these.
    after: Vec<usize>,
    /// The systems that wait for this one.
    next: Vec<usize>,
    /// All systems before this one.
    ancestors: BTreeSet<usize>,
}

/// Systems, and the order between those that use the same values.
#[derive(Default)]
pub(crate) struct Schedule {
    systems: Vec<System>,
}

/// What a round borrows.
struct Round<'r> {
    world: &'r World,
    log: &'r Log,
    /// For each system, how many of those before it have not ended.
    open: Vec<AtomicUsize>,
}

impl Schedule {
    /// Adds a system. It runs after the systems that were added before, if one of the two writes
    /// what the other uses; and else at the same time, if a thread is free.
    pub(crate) fn add<D: Data>(
        &mut self,
        name: &'static str,
        system: impl Fn(D::Taken<'_>) + Send + Sync + 'static,
    ) {
        let mut access = Access::default();
        D::declare(&mut access);
        let number = self.systems.len();
        let (mut after, mut ancestors) = (Vec::new(), BTreeSet::new());
        for (other, before) in self.systems.iter_mut().enumerate().rev() {
            if !ancestors.contains(&other) && access.conflicts(&before.access) {
                after.push(other);
                before.next.push(number);
                ancestors.insert(other);
                ancestors.extend(&before.ancestors);
            }
        }
        self.systems.push(System {
            name,
            access,
            run: Box::new(move |world| system(D::take(world))),
            after,
            next: Vec::new(),
            ancestors,
        });
    }

    /// Runs each system once.
    pub(crate) fn run(&self, world: &World, log: &Log) {
        let open = self.systems.iter().map(|system| system.after.len().into());
        let round = Round {
            world,
            log,
            open: open.collect(),
        };
        manyhands::scope(|scope| {
            for (number, system) in self.systems.iter().enumerate() {
                if system.after.is_empty() {
                    scope.spawn({
                        let round = &round;
                        move |scope| self.perform(scope, number, round)
                    });
                }
            }
        });
    }

    /// Runs a system, and starts those that waited for nothing else.
    fn perform<'s>(&'s self, scope: &Scope<'s>, number: usize, round: &'s Round<'s>) {
        let system = &self.systems[number];
        round.log.begin(number);
        let start = Instant::now();
        (system.run)(round.world);
        round.log.end(number, start.elapsed());
        for &next in &system.next {
            // AcqRel: the last one that counts down has seen what the others wrote.
            if round.open[next].fetch_sub(1, Ordering::AcqRel) == 1 {
                scope.spawn(move |scope| self.perform(scope, next, round));
            }
        }
    }

    /// Runs each system once, in the order in which they were added.
    pub(crate) fn run_in_order(&self, world: &World) {
        for system in &self.systems {
            (system.run)(world);
        }
    }

    /// A line for each system: what it reads and writes, and after which systems it runs.
    pub(crate) fn describe(&self) -> impl Iterator<Item = String> {
        self.systems.iter().map(|system| {
            let types = |names: &[&'static str]| {
                let short = names.iter().map(|name| name.rsplit("::").next().unwrap());
                list(short)
            };
            format!(
                "{:<10} reads {:<17} writes {:<13} after {}",
                system.name,
                types(&system.access.reads),
                types(&system.access.writes),
                list(system.after.iter().rev().map(|&n| self.systems[n].name)),
            )
        })
    }

    /// A line for each system: how long it ran, and how often it began or went on beside others.
    pub(crate) fn describe_runs(&self, log: &Log) -> impl Iterator<Item = String> {
        let log = log.0.lock().unwrap();
        let lines = self.systems.iter().enumerate().map(|(number, system)| {
            let beside = self.systems.iter().enumerate().filter_map(|(other, with)| {
                let pair = (number.min(other), number.max(other));
                let times = log.beside.get(&pair)?;
                Some(format!("{} ({times})", with.name))
            });
            let time = log.times.get(number).copied().unwrap_or_default();
            let milliseconds = time.as_secs_f64() * 1e3;
            let beside = list(beside);
            format!(
                "{:<10} ran {milliseconds:.1} ms, beside: {beside}",
                system.name
            )
        });
        lines.collect::<Vec<_>>().into_iter()
    }
}

/// What was seen of the rounds.
#[derive(Default)]
pub(crate) struct Log(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    running: BTreeSet<usize>,
    /// How often a pair ran at the same time; the lower number is first.
    beside: BTreeMap<(usize, usize), u64>,
    times: Vec<Duration>,
}

impl Log {
    fn begin(&self, number: usize) {
        let mut seen = self.0.lock().unwrap();
        let Seen {
            running, beside, ..
        } = &mut *seen;
        for &other in &*running {
            let pair = (number.min(other), number.max(other));
            *beside.entry(pair).or_default() += 1;
        }
        running.insert(number);
    }

    fn end(&self, number: usize, time: Duration) {
        let mut seen = self.0.lock().unwrap();
        seen.running.remove(&number);
        if seen.times.len() <= number {
            seen.times.resize(number + 1, Duration::ZERO);
        }
        seen.times[number] += time;
    }
}

fn list<S: AsRef<str>>(names: impl Iterator<Item = S>) -> String {
    let names: Vec<S> = names.collect();
    let names: Vec<&str> = names.iter().map(S::as_ref).collect();
    match names.is_empty() {
        true => "-".to_owned(),
        false => names.join(", "),
    }
}
