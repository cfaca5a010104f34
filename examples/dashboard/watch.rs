//! Samples of a pool, twice a second, of the last two minutes; and what is asked now.

use super::sites::Sites;
use manyhands::task::{TaskInfo, TaskState};
use manyhands::{Handle, Histogram, Metrics, SeatKind, SeatMetrics, spawn, time};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The time from one sample to the next.
const PERIOD: Duration = Duration::from_millis(500);

/// How many samples are kept.
const KEPT: usize = 240;

/// How many groups of tasks are shown.
const GROUPS: usize = 20;

/// What the page shows of a pool, except for the program's own load.
pub(crate) struct Watch {
    sites: Arc<Sites>,
    start: Instant,
    past: Mutex<Past>,
}

#[derive(Default)]
struct Past {
    /// The number of the next sample.
    next: u64,
    /// The last ones: the newest has the number `next - 1`.
    samples: VecDeque<Value>,
}

impl Watch {
    pub(crate) fn new(sites: Arc<Sites>) -> Self {
        Self {
            sites,
            start: Instant::now(),
            past: Mutex::default(),
        }
    }

    /// Takes samples, as long as the pool lives.
    pub(crate) fn start(self: &Arc<Self>) {
        let watch = Arc::clone(self);
        spawn(async move {
            let pool = Handle::current();
            let mut before = (Instant::now(), pool.metrics());
            loop {
                time::sleep(PERIOD).await;
                let now = (Instant::now(), pool.metrics());
                let at = now.0 - watch.start;
                let seconds = (now.0 - before.0).as_secs_f64();
                let sample = sample(at, seconds, &before.1, &now.1);
                watch.keep(sample);
                before = now;
            }
        });
    }

    fn keep(&self, sample: Value) {
        let mut past = self.past.lock().unwrap();
        past.next += 1;
        past.samples.push_back(sample);
        if past.samples.len() > KEPT {
            past.samples.pop_front();
        }
    }

    /// The pool now, and the samples from number `from` on.
    pub(crate) fn json(&self, from: u64) -> Value {
        let pool = Handle::current();
        let metrics = pool.metrics();
        let (next, samples) = {
            let past = self.past.lock().unwrap();
            let first = past.next - past.samples.len() as u64;
            // A page that knows more samples than there were has seen another process.
            let from = if from > past.next { 0 } else { from };
            let skip = from.saturating_sub(first) as usize;
            let samples: Vec<_> = past.samples.iter().skip(skip).cloned().collect();
            (past.next, samples)
        };
        json!({
            "next": next,
            "period_ms": PERIOD.as_millis() as u64,
            "kept": KEPT,
            "uptime_s": self.start.elapsed().as_secs_f64(),
            "permits": metrics.permits,
            "active": metrics.active,
            "threads": metrics.threads,
            "spare_threads": metrics.spare_threads,
            "tasks": metrics.tasks,
            "spawned_tasks": metrics.spawned_tasks,
            "blocking_threads": metrics.blocking.threads,
            "samples": samples,
            "sites": self.sites.json(),
            "groups": groups(pool.tasks()),
        })
    }
}

/// What has happened from one look at the pool to the next.
fn sample(at: Duration, seconds: f64, before: &Metrics, now: &Metrics) -> Value {
    let rate = |count: fn(&SeatMetrics) -> u64| {
        let sum = |metrics: &Metrics| metrics.seats.iter().map(count).sum::<u64>();
        (sum(now) - sum(before)) as f64 / seconds
    };
    let seats: Vec<_> = now
        .seats
        .iter()
        .filter_map(|seat| {
            let then = before.seats.iter().find(|then| then.index == seat.index);
            seat_json(then?, seat)
        })
        .collect();
    let queued = |of: fn(&SeatMetrics) -> usize| now.seats.iter().map(of).sum::<usize>();
    json!({
        "at_s": at.as_secs_f64(),
        "seats": seats,
        "queues": {
            "tasks": queued(|seat| seat.queued_tasks) + now.injected_futures,
            "jobs": queued(|seat| seat.queued_jobs),
            "closures": now.injected_closures,
            "blocking": now.blocking.queued,
        },
        "polls_per_s": rate(|seat| seat.polls),
        "steals_per_s": rate(|seat| seat.steals),
        "spawns_per_s": (now.spawned_tasks - before.spawned_tasks) as f64 / seconds,
        "poll_us": quantiles(before.poll_times(), now.poll_times()),
        "wait_us": quantiles(before.wake_to_poll(), now.wake_to_poll()),
    })
}

/// The shares of the time that a thread has computed and polled; the rest it has slept. `None`: no
/// thread was there.
fn seat_json(before: &SeatMetrics, now: &SeatMetrics) -> Option<Value> {
    let kind = match now.kind {
        SeatKind::Worker => "worker",
        SeatKind::Spare => "spare",
        // Threads of the program: what they do outside of the pool is not known.
        _ => return None,
    };
    let is_same = |of: fn(&SeatMetrics) -> u64| of(before) == of(now);
    if kind == "spare"
        && is_same(|it| it.jobs)
        && is_same(|it| it.parks)
        && now.parked == before.parked
    {
        return None;
    }
    let all = (now.age - before.age).as_secs_f64();
    let share = |of: fn(&SeatMetrics) -> Duration| {
        (of(now).saturating_sub(of(before)).as_secs_f64() / all).clamp(0.0, 1.0)
    };
    let asleep = share(|it| it.parked);
    let computing = share(|it| it.computing).min(1.0 - asleep);
    let polling = 1.0 - asleep - computing;
    Some(json!([
        now.index,
        kind,
        rounded(computing),
        rounded(polling)
    ]))
}

fn rounded(share: f64) -> f64 {
    (share * 1e3).round() / 1e3
}

/// The median, and what one of 100 exceeds, of the times measured meanwhile.
fn quantiles(before: Option<Histogram>, now: Option<Histogram>) -> Value {
    let (Some(before), Some(now)) = (before, now) else {
        return Value::Null;
    };
    let new = now.since(&before);
    let micros = |q| new.quantile(q).map(|time| time.as_secs_f64() * 1e6);
    json!([micros(0.5), micros(0.99)])
}

/// Unfinished tasks that were spawned at the same place and are in the same state; the largest
/// groups first.
fn groups(tasks: Vec<TaskInfo>) -> Value {
    let mut groups: HashMap<_, Vec<&TaskInfo>> = HashMap::new();
    for task in &tasks {
        // What runs when its end is looked at.
        if task.state != TaskState::Complete {
            let key = (task.location, task.kind, task.state);
            groups.entry(key).or_default().push(task);
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(key, tasks)| (Reverse(tasks.len()), key.0, key.2.to_string()));
    let rows = groups
        .into_iter()
        .take(GROUPS)
        .map(|((place, kind, state), tasks)| {
            let seconds = |times: Option<Duration>| times.map(|time| time.as_secs_f64());
            json!({
                "place": place.to_string(),
                "kind": kind.to_string(),
                "state": state.to_string(),
                "name": tasks.iter().find_map(|task| task.name.as_deref()),
                "count": tasks.len(),
                "oldest_s": seconds(tasks.iter().filter_map(|task| task.age).max()),
                "last_poll_s": seconds(tasks.iter().filter_map(|task| task.last_poll).min()),
            })
        });
    rows.collect()
}
