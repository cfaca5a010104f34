//! Metrics in the text format of Prometheus, version 0.0.4.

use super::metrics::Metrics;
use super::seat::{Histogram, SeatKind, SeatMetrics};
use std::fmt::{self, Write};

impl Metrics {
    /// The text that a Prometheus server expects at `/metrics`
    /// (`Content-Type: text/plain; version=0.0.4`).
    ///
    /// Names and meanings are part of this crate's interface: new ones may come, these stay.
    ///
    /// | name | type | labels |
    /// |---|---|---|
    /// | `manyhands_permits`, `manyhands_max_permits`, `manyhands_active_threads`, `manyhands_searching_threads`, `manyhands_threads`, `manyhands_spare_threads`, `manyhands_idle_spare_threads` | gauge | |
    /// | `manyhands_tasks` | gauge | |
    /// | `manyhands_spawned_tasks_total` | counter | |
    /// | `manyhands_injector_depth` | gauge | `queue`: `futures`, `closures` |
    /// | `manyhands_blocking_threads`, `manyhands_blocking_idle_threads`, `manyhands_blocking_max_threads`, `manyhands_blocking_queue_depth` | gauge | |
    /// | `manyhands_jobs_total`, `manyhands_polls_total`, `manyhands_wakes_total`, `manyhands_steals_total`, `manyhands_computations_total`, `manyhands_lent_permits_total`, `manyhands_overcommitted_total`, `manyhands_parks_total` | counter | `seat`, `kind` |
    /// | `manyhands_busy_seconds_total`, `manyhands_parked_seconds_total`, `manyhands_computing_seconds_total` | counter | `seat`, `kind` |
    /// | `manyhands_slowest_poll_seconds`, `manyhands_longest_rescue_seconds` | gauge | `seat`, `kind` |
    /// | `manyhands_queue_depth` | gauge | `seat`, `kind`, `queue`: `jobs`, `tasks` |
    /// | `manyhands_poll_seconds`, `manyhands_wake_to_poll_seconds` | histogram | |
    ///
    /// The histograms are there if the pool measures polls
    /// ([`enable_poll_histograms`](crate::PoolBuilder::enable_poll_histograms)). Their counts are
    /// those of measured polls. There is a bucket for each power of two from 256 ns to 69 s.
    ///
    /// `seat` is the index of a thread, `kind` one of `worker`, `guest` and `spare`.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(2).build().unwrap();
    /// let text = pool.metrics().to_prometheus();
    /// assert!(text.contains("# TYPE manyhands_permits gauge\nmanyhands_permits 2\n"));
    /// ```
    pub fn to_prometheus(&self) -> String {
        self.to_prometheus_with(&[])
    }

    /// As [`to_prometheus`](Self::to_prometheus), with labels of your own on every line.
    ///
    /// # Panics
    ///
    /// If a label has no valid name (`[a-zA-Z_][a-zA-Z0-9_]*`), or one that is in use here.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(2).build().unwrap();
    /// let text = pool.metrics().to_prometheus_with(&[("pool", "render")]);
    /// assert!(text.contains("\nmanyhands_permits{pool=\"render\"} 2\n"));
    /// ```
    pub fn to_prometheus_with(&self, labels: &[(&str, &str)]) -> String {
        let mut page = Page::new(labels);
        self.write_pool(&mut page);
        self.write_seats(&mut page);
        self.write_histograms(&mut page);
        page.text
    }

    fn write_pool(&self, page: &mut Page) {
        let gauges = [
            (
                "permits",
                "Threads that may compute at a time.",
                self.permits,
            ),
            ("max_permits", "The most permits.", self.max_permits),
            ("active_threads", "Threads that hold a permit.", self.active),
            (
                "searching_threads",
                "Threads that look for work.",
                self.searching,
            ),
            ("threads", "Threads of the pool.", self.threads),
            ("spare_threads", "Spare threads.", self.spare_threads),
            (
                "idle_spare_threads",
                "Spare threads without work.",
                self.idle_spare_threads,
            ),
            ("tasks", "Tasks that have not ended.", self.tasks),
            (
                "blocking_threads",
                "Threads for blocking closures.",
                self.blocking.threads,
            ),
            (
                "blocking_idle_threads",
                "Those of them without work.",
                self.blocking.idle,
            ),
            (
                "blocking_max_threads",
                "How many there may be.",
                self.blocking.max_threads,
            ),
            (
                "blocking_queue_depth",
                "Blocking closures that wait.",
                self.blocking.queued,
            ),
        ];
        for (name, help, value) in gauges {
            page.family(name, GAUGE, help);
            page.sample(name, &[], value as f64);
        }
        page.family("spawned_tasks_total", COUNTER, "Tasks ever spawned.");
        page.sample("spawned_tasks_total", &[], self.spawned_tasks as f64);
        let name = "injector_depth";
        page.family(name, GAUGE, "Ready work that belongs to no seat.");
        page.sample(name, &[("queue", "futures")], self.injected_futures as f64);
        page.sample(
            name,
            &[("queue", "closures")],
            self.injected_closures as f64,
        );
    }

    fn write_seats(&self, page: &mut Page) {
        for (name, kind, help, value) in SEAT_FAMILIES {
            page.family(name, kind, help);
            for seat in &self.seats {
                page.seat_sample(name, seat, &[], value(seat));
            }
        }
        let name = "queue_depth";
        page.family(name, GAUGE, "Work in the queues of a seat.");
        for seat in &self.seats {
            page.seat_sample(name, seat, &[("queue", "jobs")], seat.queued_jobs as f64);
            page.seat_sample(name, seat, &[("queue", "tasks")], seat.queued_tasks as f64);
        }
    }

    fn write_histograms(&self, page: &mut Page) {
        let histograms = [
            ("poll_seconds", "Polls of futures.", self.poll_times()),
            (
                "wake_to_poll_seconds",
                "Time from ready to polled.",
                self.wake_to_poll(),
            ),
        ];
        for (name, help, histogram) in histograms {
            if let Some(histogram) = histogram {
                page.histogram(name, help, &histogram);
            }
        }
    }
}

/// Name, type, help and value of something that is written of each seat.
type Family = (
    &'static str,
    &'static str,
    &'static str,
    fn(&SeatMetrics) -> f64,
);

/// What is written of each seat.
const SEAT_FAMILIES: [Family; 13] = [
    (
        "jobs_total",
        COUNTER,
        "Jobs and polls taken from queues.",
        |it| it.jobs as f64,
    ),
    ("polls_total", COUNTER, "Polls of futures.", |it| {
        it.polls as f64
    }),
    (
        "wakes_total",
        COUNTER,
        "Tasks made ready by wakers.",
        |it| it.wakes as f64,
    ),
    (
        "steals_total",
        COUNTER,
        "Visits to another seat that brought work.",
        |it| it.steals as f64,
    ),
    (
        "computations_total",
        COUNTER,
        "Times that a thread began to compute.",
        |it| it.computations as f64,
    ),
    (
        "lent_permits_total",
        COUNTER,
        "Waits that lent their permit.",
        |it| it.lent as f64,
    ),
    (
        "overcommitted_total",
        COUNTER,
        "Polls without a permit.",
        |it| it.overcommitted as f64,
    ),
    (
        "parks_total",
        COUNTER,
        "Times that a thread went to sleep.",
        |it| it.parks as f64,
    ),
    ("busy_seconds_total", COUNTER, "Time awake.", |it| {
        it.awake().as_secs_f64()
    }),
    ("parked_seconds_total", COUNTER, "Time asleep.", |it| {
        it.parked.as_secs_f64()
    }),
    (
        "computing_seconds_total",
        COUNTER,
        "Time computing.",
        |it| it.computing.as_secs_f64(),
    ),
    (
        "slowest_poll_seconds",
        GAUGE,
        "The slowest poll that was timed.",
        |it| it.slowest_poll.as_secs_f64(),
    ),
    (
        "longest_rescue_seconds",
        GAUGE,
        "The longest wait for a thread without a permit.",
        |it| it.longest_rescue.as_secs_f64(),
    ),
];

const COUNTER: &str = "counter";
const GAUGE: &str = "gauge";
const HISTOGRAM: &str = "histogram";

/// The text so far, and what stands on each of its lines.
struct Page {
    text: String,
    /// The caller's labels, escaped: `a="b",c="d"`.
    common: String,
}

impl Page {
    fn new(labels: &[(&str, &str)]) -> Self {
        let mut common = String::new();
        for (name, value) in labels {
            assert!(
                is_label(name) && !["seat", "kind", "queue", "le"].contains(name),
                "{name:?} cannot be the name of a label here"
            );
            push_label(&mut common, name, value);
        }
        let text = String::new();
        Self { text, common }
    }

    // Writing to a `String` does not fail.

    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(
            self.text,
            "# HELP manyhands_{name} {help}\n# TYPE manyhands_{name} {kind}\n"
        );
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let mut all = self.common.clone();
        for (name, value) in labels {
            push_label(&mut all, name, value);
        }
        let _ = if all.is_empty() {
            writeln!(self.text, "manyhands_{name} {value}")
        } else {
            writeln!(self.text, "manyhands_{name}{{{all}}} {value}")
        };
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.family(name, HISTOGRAM, help);
        let bucket = format!("{name}_bucket");
        for (end, count) in histogram.powers() {
            let end = end.as_secs_f64().to_string();
            self.sample(&bucket, &[("le", &end)], count as f64);
        }
        let count = histogram.count() as f64;
        self.sample(&bucket, &[("le", "+Inf")], count);
        let sum = histogram.sum().as_secs_f64();
        self.sample(&format!("{name}_sum"), &[], sum);
        self.sample(&format!("{name}_count"), &[], count);
    }

    fn seat_sample(&mut self, name: &str, seat: &SeatMetrics, more: &[(&str, &str)], value: f64) {
        let index = seat.index.to_string();
        let kind = match seat.kind {
            SeatKind::Worker => "worker",
            SeatKind::Guest => "guest",
            SeatKind::Spare => "spare",
        };
        let mut labels = vec![("seat", &*index), ("kind", kind)];
        labels.extend(more);
        self.sample(name, &labels, value);
    }
}

fn is_label(name: &str) -> bool {
    let mut chars = name.chars();
    chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn push_label(labels: &mut String, name: &str, value: &str) {
    if !labels.is_empty() {
        labels.push(',');
    }
    let _ = write!(labels, "{name}=\"{}\"", Escaped(value));
}

/// A label's value: backslashes, quotes and line feeds are escaped.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Metrics {
    /// As [`to_prometheus`](Self::to_prometheus).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_prometheus())
    }
}
