//! How long the polls of tasks take, by the place where the tasks were spawned: hooks of the pool.

use manyhands::PoolBuilder;
use manyhands::task::{TaskKind, TaskMeta};
use serde_json::{Value, json};
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The slowest poll of a site is that of this time and the one before it.
const WINDOW: Duration = Duration::from_secs(30);

/// How many sites are shown.
const SHOWN: usize = 12;

/// All places that have spawned tasks.
///
/// One lock is enough for some 100,000 polls a second. A program with more would keep a table for
/// each thread.
#[derive(Default)]
pub(crate) struct Sites(Mutex<HashMap<Key, Site>>);

type Key = (&'static Location<'static>, TaskKind);

#[derive(Default)]
struct Site {
    name: Option<String>,
    spawned: u64,
    ended: u64,
    polls: u64,
    total: Duration,
    window: Option<Instant>,
    slowest: Duration,
    slowest_before: Duration,
}

thread_local! {
    /// When the present poll on this thread began. Polls nest where a thread waits: the outer one is
    /// in the stack of the inner one.
    static STARTS: Cell<Vec<Instant>> = const { Cell::new(Vec::new()) };
}

/// The stack of starts, for a moment.
fn with_starts<R>(f: impl FnOnce(&mut Vec<Instant>) -> R) -> R {
    let mut starts = STARTS.take();
    let result = f(&mut starts);
    STARTS.set(starts);
    result
}

impl Sites {
    /// Sets the hooks.
    pub(crate) fn observe(self: &Arc<Self>, builder: PoolBuilder) -> PoolBuilder {
        let [spawns, polls, ends] = [(); 3].map(|()| Arc::clone(self));
        builder
            .on_task_spawn(move |task| {
                spawns.at(task, |site| {
                    site.spawned += 1;
                    if site.name.is_none() {
                        site.name = task.name().map(str::to_owned);
                    }
                });
            })
            .on_before_task_poll(|_| with_starts(|starts| starts.push(Instant::now())))
            .on_after_task_poll(move |task| {
                let now = Instant::now();
                if let Some(start) = with_starts(Vec::pop) {
                    polls.at(task, |site| site.polled(now, now - start));
                }
            })
            .on_task_terminate(move |task| ends.at(task, |site| site.ended += 1))
    }

    fn at(&self, task: &TaskMeta<'_>, f: impl FnOnce(&mut Site)) {
        let mut sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        f(sites.entry((task.spawned_at(), task.kind())).or_default());
    }

    /// Those with the slowest polls, slowest first.
    pub(crate) fn json(&self) -> Value {
        let now = Instant::now();
        let sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = sites.iter().filter(|(_, site)| site.polls > 0).collect();
        all.sort_by_key(|(_, site)| Reverse((site.slowest(now), site.total)));
        let rows = all.into_iter().take(SHOWN).map(|((place, kind), site)| {
            json!({
                "place": place.to_string(),
                "kind": kind.to_string(),
                "name": site.name,
                "spawned": site.spawned,
                "alive": site.spawned.saturating_sub(site.ended),
                "polls": site.polls,
                "mean_us": site.total.as_secs_f64() * 1e6 / site.polls as f64,
                "slowest_us": site.slowest(now).as_secs_f64() * 1e6,
                "total_s": site.total.as_secs_f64(),
            })
        });
        rows.collect()
    }
}

impl Site {
    fn polled(&mut self, now: Instant, took: Duration) {
        self.polls += 1;
        self.total += took;
        match self.window.map(|start| now - start) {
            Some(age) if age < WINDOW => self.slowest = self.slowest.max(took),
            age => {
                let is_next = age.is_some_and(|age| age < 2 * WINDOW);
                self.slowest_before = if is_next {
                    self.slowest
                } else {
                    Duration::ZERO
                };
                self.slowest = took;
                self.window = Some(now);
            }
        }
    }

    fn slowest(&self, now: Instant) -> Duration {
        match self
            .window
            .map(|start| now.saturating_duration_since(start))
        {
            Some(age) if age < WINDOW => self.slowest.max(self.slowest_before),
            Some(age) if age < 2 * WINDOW => self.slowest,
            _ => Duration::ZERO,
        }
    }
}
