//! What is counted, and the text format of Prometheus.

use crate::util::{spin_until, watched};
use manyhands::{Metrics, Pool, SeatKind, join, spawn};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

#[test]
fn polls_closures_wakes_and_computations_are_told_apart() {
    watched(|| {
        let pool = Pool::builder().num_threads(1).build().unwrap();
        let all = pool.spawn(async {
            // Three tasks, each polled once; the last of them wakes this one, or was done before.
            for _ in 0..3 {
                spawn(async {}).await.unwrap();
            }
        });
        all.join().unwrap();
        pool.install(|| join(|| (), || ()));
        let metrics = pool.metrics();
        let worker = &metrics.seats[0];
        assert_eq!(worker.kind, SeatKind::Worker);
        assert!((4..=7).contains(&worker.polls), "{worker:?}");
        assert_eq!(worker.jobs - worker.polls, 1);
        assert_eq!(worker.wakes, worker.polls - 4);
        assert_eq!(worker.computations, 1);
        assert_eq!(metrics.spawned_tasks, 4);
        spin_until(|| pool.metrics().tasks == 0);
        spin_until(|| pool.metrics().seats[0].parks > 0);
    });
}

#[test]
fn what_goes_on_is_seen_while_it_does() {
    watched(|| {
        let pool = Pool::builder().num_threads(1).build().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (begins, begun) = mpsc::channel();
        let busy = {
            let stop = Arc::clone(&stop);
            pool.spawn_compute(move || {
                begins.send(()).unwrap();
                while !stop.load(SeqCst) {
                    std::hint::spin_loop();
                }
            })
        };
        begun.recv().unwrap();
        let waits = pool.spawn_compute(|| ());
        let before = pool.metrics();
        assert_eq!(before.permits, 1);
        assert!(before.active >= 1);
        // A spare thread may have run the second one already.
        assert!((1..=2).contains(&before.tasks), "{before:?}");
        // The time of a computation is told before it ends.
        spin_until(|| pool.metrics().seats[0].computing > before.seats[0].computing);
        stop.store(true, SeqCst);
        busy.join().unwrap();
        waits.join().unwrap();
        for seat in pool.metrics().seats {
            assert!(seat.parked <= seat.age);
        }
    });
}

#[test]
fn queues_have_depths() {
    watched(|| {
        let pool = Pool::builder().num_threads(1).build().unwrap();
        let handle = pool.handle().clone();
        let depth = pool.spawn(async move {
            let tasks: Vec<_> = (0..10).map(|_| spawn(async {})).collect();
            // The pool's only thread is here.
            let depth = handle.metrics().seats[0].queued_tasks;
            for task in tasks {
                task.await.unwrap();
            }
            depth
        });
        assert_eq!(depth.join().unwrap(), 10);
        assert_eq!(pool.metrics().seats[0].queued_tasks, 0);
    });
}

/// One sample: name, labels, value.
type Sample = (String, BTreeMap<String, String>, f64);

/// The page as the format's description has it; panics on what that does not allow.
fn parse(text: &str) -> (HashMap<String, String>, Vec<Sample>) {
    let (mut types, mut helps, mut samples) = (HashMap::new(), HashSet::new(), Vec::new());
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(!help.is_empty() && helps.insert(name.to_owned()), "{line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind));
            assert!(helps.contains(name), "{line}");
            assert!(types.insert(name.to_owned(), kind.to_owned()).is_none());
        } else {
            samples.push(sample(line));
            let name = &samples.last().unwrap().0;
            let of_histogram = ["_bucket", "_sum", "_count"]
                .iter()
                .filter_map(|end| name.strip_suffix(end))
                .any(|family| types.get(family).is_some_and(|kind| kind == "histogram"));
            assert!(of_histogram || types.contains_key(name), "{line}");
        }
    }
    (types, samples)
}

fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).unwrap();
    let name = &line[..end];
    assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
    let mut labels = BTreeMap::new();
    let mut rest = &line[end..];
    if let Some(mut inside) = rest.strip_prefix('{') {
        loop {
            let (label, after) = inside.split_once("=\"").unwrap();
            let mut value = String::new();
            let mut chars = after.chars();
            loop {
                match chars.next().unwrap() {
                    '"' => break,
                    '\\' => value.push(match chars.next().unwrap() {
                        'n' => '\n',
                        c @ ('\\' | '"') => c,
                        c => panic!("\\{c} in {line}"),
                    }),
                    c => value.push(c),
                }
            }
            assert!(labels.insert(label.to_owned(), value).is_none());
            match chars.next().unwrap() {
                ',' => inside = chars.as_str(),
                '}' => break rest = chars.as_str(),
                c => panic!("{c} in {line}"),
            }
        }
    }
    let value = rest.strip_prefix(' ').unwrap().parse().unwrap();
    (name.to_owned(), labels, value)
}

fn values(metrics: &Metrics, name: &str) -> Vec<f64> {
    let (_, samples) = parse(&metrics.to_prometheus());
    let of = |sample: &Sample| sample.0 == name;
    samples.into_iter().filter(of).map(|it| it.2).collect()
}

#[test]
fn the_prometheus_text_says_what_the_metrics_say() {
    watched(|| {
        let pool = Pool::builder().num_threads(3).build().unwrap();
        for _ in 0..7 {
            pool.install(|| ());
        }
        pool.join(|| (), || ());
        let metrics = pool.metrics();
        let text = metrics.to_prometheus();
        assert_eq!(text, metrics.to_string());
        let (types, samples) = parse(&text);
        for (name, kind) in &types {
            assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
            assert!(
                samples.iter().any(|it| &it.0 == name),
                "{name} has no sample"
            );
        }
        assert_eq!(values(&metrics, "manyhands_permits"), [3.0]);
        let jobs = values(&metrics, "manyhands_jobs_total");
        assert_eq!(jobs.len(), metrics.seats.len());
        // The half of the join that could be stolen may have been the eighth.
        let jobs = jobs.iter().sum::<f64>();
        assert_eq!(
            jobs as u64,
            metrics.seats.iter().map(|it| it.jobs).sum::<u64>()
        );
        assert!(jobs == 7.0 || jobs == 8.0, "{jobs}");
        let kinds: Vec<_> = samples
            .iter()
            .filter(|it| it.0 == "manyhands_jobs_total")
            .map(|it| it.1["kind"].clone())
            .collect();
        assert_eq!(kinds[..4], ["worker", "worker", "worker", "guest"]);
        // Somebody may have been called to wait for events.
        assert!(kinds[4..].iter().all(|it| it == "spare"), "{kinds:?}");
    });
}

#[test]
fn labels_are_escaped() {
    let pool = Pool::builder().num_threads(1).build().unwrap();
    let odd = "a \"quoted\" \\ back\nslash, {braces} and ümläute";
    let text = pool
        .metrics()
        .to_prometheus_with(&[("pool", odd), ("_x9", "")]);
    let (_, samples) = parse(&text);
    assert!(samples.len() > 20);
    for (name, labels, _) in samples {
        assert_eq!(labels["pool"], odd, "{name}");
        assert_eq!(labels["_x9"], "");
    }
}

#[test]
fn bad_label_names_are_refused() {
    let pool = Pool::builder().num_threads(1).build().unwrap();
    for name in ["", "9x", "a-b", "seat", "kind", "queue", "le"] {
        let write = || pool.metrics().to_prometheus_with(&[(name, "x")]);
        let write = std::panic::AssertUnwindSafe(write);
        assert!(std::panic::catch_unwind(write).is_err(), "{name:?}");
    }
}

#[test]
fn nothing_is_measured_unless_asked() {
    let pool = Pool::builder().num_threads(1).build().unwrap();
    pool.spawn(async {}).join().unwrap();
    let metrics = pool.metrics();
    assert_eq!((metrics.poll_times(), metrics.wake_to_poll()), (None, None));
    assert_eq!(metrics.seats[0].poll_times, None);
    assert!(!metrics.to_prometheus().contains("histogram"));
}

#[test]
fn one_poll_of_some_is_measured() {
    watched(|| {
        for every in [1, 7] {
            let pool = Pool::builder()
                .num_threads(1)
                .poll_histogram_sampling(every)
                .build()
                .unwrap();
            let polls = 700;
            // The spawn is counted on this thread, where nothing else is spawned.
            let task = pool.spawn(async move {
                for _ in 1..polls {
                    manyhands::task::yield_now().await;
                }
            });
            task.join().unwrap();
            pool.spawn_compute(|| ()).join().unwrap();
            let metrics = pool.metrics();
            let expected = u64::from(polls / every);
            for histogram in [metrics.poll_times(), metrics.wake_to_poll()] {
                let histogram = histogram.unwrap();
                let count = histogram.count();
                assert!((expected..=expected + 1).contains(&count), "{histogram:?}");
                let counts: u64 = histogram.buckets().map(|(_, count)| count).sum();
                assert_eq!(counts, count);
            }
        }
    });
}

#[test]
fn waits_and_polls_are_told_apart() {
    watched(|| {
        const LONG: Duration = Duration::from_millis(20);
        let pool = Pool::builder()
            .num_threads(1)
            .max_spare_threads(0)
            .poll_histogram_sampling(1)
            .build()
            .unwrap();
        // The second one is ready, and waits until the pool's only thread has done the first.
        let (begins, begun) = mpsc::channel();
        let (ends, end) = mpsc::channel::<()>();
        let first = pool.spawn(async move {
            begins.send(()).unwrap();
            end.recv().unwrap();
        });
        begun.recv().unwrap();
        let second = pool.spawn(async {});
        let start = Instant::now();
        while start.elapsed() < LONG {
            std::hint::spin_loop();
        }
        ends.send(()).unwrap();
        first.join().unwrap();
        second.join().unwrap();
        let metrics = pool.metrics();
        let (polls, waits) = (
            metrics.poll_times().unwrap(),
            metrics.wake_to_poll().unwrap(),
        );
        assert_eq!((polls.count(), waits.count()), (2, 2));
        // The clock is the processor's, compared with the system's: some per cent may be missing.
        let near = LONG * 9 / 10;
        assert!(polls.sum() >= near && waits.sum() >= near, "{metrics:?}");
        assert!(polls.quantile(1.0).unwrap() > near && waits.quantile(1.0).unwrap() > near);
    });
}

#[test]
fn histograms_are_written_for_prometheus() {
    watched(|| {
        let pool = Pool::builder()
            .num_threads(2)
            .poll_histogram_sampling(1)
            .build()
            .unwrap();
        for _ in 0..5 {
            pool.spawn(async {}).join().unwrap();
        }
        let metrics = pool.metrics();
        let text = metrics.to_prometheus_with(&[("pool", "a")]);
        let (types, samples) = parse(&text);
        for name in ["manyhands_poll_seconds", "manyhands_wake_to_poll_seconds"] {
            assert_eq!(types[name], "histogram");
            let of = |end: &str| -> Vec<&Sample> {
                let name = format!("{name}{end}");
                samples.iter().filter(|it| it.0 == name).collect()
            };
            let buckets = of("_bucket");
            assert!(buckets.windows(2).all(|pair| pair[0].2 <= pair[1].2));
            let ends: Vec<f64> = buckets
                .iter()
                .map(|it| it.1["le"].parse().unwrap())
                .collect();
            assert!(ends.windows(2).all(|pair| pair[0] < pair[1]));
            assert_eq!(ends.last(), Some(&f64::INFINITY));
            assert_eq!(buckets.last().unwrap().2, 5.0);
            assert_eq!(
                (of("_count")[0].2, of("_count")[0].1["pool"].as_str()),
                (5.0, "a")
            );
            assert!(of("_sum")[0].2 > 0.0);
        }
    });
}
