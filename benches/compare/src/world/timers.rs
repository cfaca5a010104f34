//! Timers: many that sleep, many that never fire, and how late those are that do.

use super::runtimes::{Job, Ours, Smol, Tokio, World, with};
use super::{Group, Row, Setup, shown, unknown};
use crate::child::Figures;
use crate::results::Unit;
use crate::stats::quantile;
use crate::usage::{self, Usage};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

/// Beyond the end of every sample.
const LONG: Duration = Duration::from_secs(3600);

#[derive(Clone, Copy)]
enum Timers {
    /// So many tasks that sleep.
    Asleep(usize),
    /// So many timeouts around a future that is ready at its second poll.
    Unfired(usize),
    /// The same without timeouts.
    Yields(usize),
    /// Tasks that sleep that often, and how long.
    Sleeps(usize, usize, Range),
}

/// Milliseconds.
type Range = (u64, u64);

pub fn group() -> Group {
    let row = |name, timers: Timers| Row {
        name,
        files: 0,
        subjects: vec![Ours::NAME, Tokio::NAME, Smol::NAME],
        run: Box::new(move |subject, setup| {
            let sample = Sample { timers, setup };
            with(subject, sample).ok_or_else(|| unknown(subject))
        }),
    };
    Group {
        name: "timers",
        about: "sleeps and timeouts",
        columns: vec![
            shown("time each", "time_each", Unit::Nanoseconds).with_quartiles(),
            shown("CPU each", "cpu_each", Unit::Nanoseconds).with_quartiles(),
            shown("CPU each to drop", "cpu_drop", Unit::Nanoseconds),
            shown("memory each", "resident", Unit::Bytes),
            shown("late p50", "p50", Unit::Nanoseconds),
            shown("late p99", "p99", Unit::Nanoseconds),
            shown("late at most", "max", Unit::Nanoseconds),
        ],
        rows: vec![
            row("10^6 tasks asleep", Timers::Asleep(1_000_000)),
            row("10^5 timeouts that never fire", Timers::Unfired(100_000)),
            row("the same without timeouts", Timers::Yields(100_000)),
            row("10^5 sleeps of 1 ms", Timers::Sleeps(100, 1000, (1, 1))),
            row(
                "10^5 sleeps of 1 to 50 ms",
                Timers::Sleeps(1000, 100, (1, 50)),
            ),
        ],
        notes: vec![
            "Tasks asleep: to spawn each and poll it once, then to drop all. Timeouts: one task for \
             each thread, one timeout after the other; the future inside is ready at its second \
             poll. Sleeps: 100 tasks, 1000 sleeps each; 1000 tasks, 100 sleeps each."
                .to_owned(),
        ],
    }
}

struct Sample {
    timers: Timers,
    setup: Setup,
}

impl Job for Sample {
    type Result = Figures;

    fn run<W: World>(self) -> Figures {
        let threads = self.setup.threads;
        W::start(threads);
        // Whatever starts at first use has started then.
        in_tasks::<W, _>(threads, |_| async {
            W::sleep(Duration::from_millis(1)).await;
        });
        match self.timers {
            Timers::Asleep(count) => asleep::<W>(count),
            Timers::Unfired(count) => each(count, || {
                in_tasks::<W, _>(threads, |_| async move {
                    for _ in 0..count / threads {
                        let in_time = W::timeout(LONG, second_poll()).await;
                        assert!(in_time, "an hour is not over");
                    }
                });
            }),
            Timers::Yields(count) => each(count, || {
                in_tasks::<W, _>(threads, |_| async move {
                    for _ in 0..count / threads {
                        second_poll().await;
                    }
                });
            }),
            Timers::Sleeps(tasks, times, range) => sleeps::<W>(tasks, times, range),
        }
    }
}

/// Ready at its second poll, which it asks for at once.
async fn second_poll() {
    let mut first = true;
    poll_fn(|context| {
        if std::mem::take(&mut first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// Runs a task for each number and waits for all.
fn in_tasks<W: World, F: Future<Output = ()> + Send + 'static>(
    count: usize,
    task: impl Fn(usize) -> F,
) {
    let (sender, ends) = mpsc::channel::<()>();
    for number in 0..count {
        let (task, sender) = (task(number), sender.clone());
        W::detach(async move {
            task.await;
            drop(sender);
        });
    }
    drop(sender);
    assert!(ends.recv().is_err(), "nobody sends");
}

/// Time and CPU time of `f`, which does something that often.
fn each(count: usize, f: impl FnOnce()) -> Figures {
    let (start, before) = (Instant::now(), Usage::now());
    f();
    let (time, used) = (start.elapsed(), Usage::now().since(before));
    let each = |time: Duration| time.as_nanos() as f64 / count as f64;
    Figures::from([
        ("time_each".into(), each(time)),
        ("cpu_each".into(), each(used.cpu)),
    ])
}

/// Tasks that sleep are counted, and so are those that are gone.
struct Asleep(&'static AtomicUsize);

impl Drop for Asleep {
    fn drop(&mut self) {
        // Ordering: Relaxed; only the count matters.
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Spawns in portions and lets each be polled before the next, so that queues stay short.
fn asleep<W: World>(count: usize) -> Figures {
    const PORTION: usize = 500;
    static COUNT: AtomicUsize = AtomicUsize::new(0);

    let wait_until = |wanted: usize| {
        // Ordering: Relaxed; only the count matters.
        while COUNT.load(Ordering::Relaxed) != wanted {
            thread::sleep(Duration::from_micros(50));
        }
    };
    let mut tasks = Vec::with_capacity(count);
    let before = usage::memory("VmRSS").unwrap_or(0);
    let mut figures = each(count, || {
        for from in (0..count).step_by(PORTION) {
            for _ in from..from + PORTION {
                tasks.push(W::spawn(async {
                    let mut sleep = pin!(W::sleep(LONG));
                    let once = poll_fn(|context| Poll::Ready(sleep.as_mut().poll(context)));
                    assert!(once.await.is_pending(), "an hour is not over");
                    COUNT.fetch_add(1, Ordering::Relaxed);
                    let _asleep = Asleep(&COUNT);
                    sleep.await;
                }));
            }
            wait_until(from + PORTION);
        }
    });
    let bytes = usage::memory("VmRSS").unwrap_or(0) - before;
    figures.insert("resident".into(), bytes as f64 / count as f64);
    let dropped = each(count, || {
        drop(tasks);
        wait_until(0);
    });
    figures.insert("cpu_drop".into(), dropped["cpu_each"]);
    figures
}

/// Notes how late each sleep ends.
fn sleeps<W: World>(tasks: usize, times: usize, (from, to): Range) -> Figures {
    let log = Arc::new(Mutex::new(Vec::with_capacity(tasks * times)));
    let mut figures = each(tasks * times, || {
        in_tasks::<W, _>(tasks, |number| {
            let log = Arc::clone(&log);
            // Different for each, and the same for everybody.
            let mut random = number as u64 + 1;
            async move {
                let mut late = Vec::with_capacity(times);
                for _ in 0..times {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    let micros = from * 1000 + random % ((to - from) * 1000 + 1);
                    let time = Duration::from_micros(micros);
                    let due = Instant::now() + time;
                    W::sleep(time).await;
                    late.push(due.elapsed().as_nanos() as f64);
                    assert!(Instant::now() >= due, "no sleep ends early");
                }
                log.lock().expect("nobody panics with it").extend(late);
            }
        });
    });
    let mut late = std::mem::take(&mut *log.lock().expect("nobody panics with it"));
    late.sort_by(f64::total_cmp);
    for (name, part) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] {
        figures.insert(name.into(), quantile(&late, part));
    }
    figures
}
