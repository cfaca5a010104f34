//! The dump of a pool's tasks, and tasks with names.

use crate::util::{pool, spin_until, watched};
use manyhands::task::{Builder, JoinSet, TaskInfo, TaskKind, TaskState};
use manyhands::{Handle, Pool, Priority, compute, spawn};
use std::future::{pending, poll_fn};
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

fn only(pool: &Pool) -> TaskInfo {
    let mut tasks = pool.tasks();
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    tasks.remove(0)
}

#[test]
fn a_task_is_shown_from_its_spawn_to_its_end() {
    watched(|| {
        let pool = pool(1);
        let (begins, begun) = mpsc::channel();
        let go = Arc::new(AtomicBool::new(false));
        let goes = Arc::clone(&go);
        let mut polls = 0;
        let line = line!() + 1;
        let task = pool.spawn(poll_fn(move |context| {
            polls += 1;
            if polls == 1 {
                begins.send(Some(context.waker().clone())).unwrap();
                return Poll::Pending;
            }
            begins.send(None).unwrap();
            while !goes.load(SeqCst) {
                std::hint::spin_loop();
            }
            Poll::Ready(7)
        }));
        let waker = begun.recv().unwrap().unwrap();
        spin_until(|| only(&pool).state == TaskState::Idle);
        let info = only(&pool);
        assert_eq!(info.id, task.id());
        assert_eq!(
            (info.location.file(), info.location.line()),
            (file!(), line)
        );
        assert_eq!(
            (info.kind, info.priority),
            (TaskKind::Future, Priority::Normal)
        );
        assert_eq!(info.name, None);
        assert!(info.last_poll.is_some());
        waker.wake();
        begun.recv().unwrap();
        assert_eq!(only(&pool).state, TaskState::Running);
        go.store(true, SeqCst);
        assert_eq!(task.join().unwrap(), 7);
        spin_until(|| pool.tasks().is_empty());
    });
}

#[test]
fn what_waits_for_a_thread_is_scheduled_and_was_never_polled() {
    watched(|| {
        let pool = pool(1);
        let tasks = pool.block_on(pool.spawn(async {
            // The pool's only thread is here.
            let task = spawn(async {});
            let tasks = Handle::current().tasks();
            task.await.unwrap();
            tasks
        }));
        let states: Vec<_> = tasks
            .unwrap()
            .iter()
            .map(|it| (it.state, it.last_poll.is_some()))
            .collect();
        let expected = [(TaskState::Running, true), (TaskState::Scheduled, false)];
        assert!(
            states == expected || states == [expected[1], expected[0]],
            "{states:?}"
        );
    });
}

#[test]
fn every_way_to_spawn_is_found_where_the_caller_stands() {
    watched(|| {
        fn here() -> &'static Location<'static> {
            Location::caller()
        }
        let pool = pool(2);
        let (stop, release) = mpsc::channel::<()>();
        let release = Arc::new(std::sync::Mutex::new(release));
        let block = || {
            let release = Arc::clone(&release);
            move || {
                let _ = release.lock().unwrap().recv();
            }
        };
        let handles = [
            pool.spawn(pending()),
            pool.spawn_compute(block()),
            pool.spawn_blocking(block()),
            pool.with_limit(1).spawn(pending()),
            Builder::new().spawn_on(pending(), pool.handle()),
            Builder::new().spawn_compute_on(block(), pool.handle()),
            Builder::new().spawn_blocking_on(block(), pool.handle()),
            pool.install(|| spawn(pending())),
            pool.install(|| Builder::new().name("free").spawn(pending())),
            pool.spawn(async { compute(|| ()).await }),
        ];
        let mut set = JoinSet::new();
        set.spawn_on(pending(), pool.handle());
        set.spawn_compute_on(|| (), pool.handle());
        for info in pool.tasks() {
            assert_eq!(info.location.file(), here().file(), "{info}");
        }
        let of = |kind| pool.tasks().iter().filter(|it| it.kind == kind).count();
        assert_eq!(of(TaskKind::Blocking), 2);
        assert!(of(TaskKind::Compute) >= 1);
        drop((stop, set));
        handles.iter().for_each(|it| it.abort());
        spin_until(|| pool.tasks().is_empty());
    });
}

#[test]
fn names_and_priorities_are_shown() {
    watched(|| {
        let pool = pool(1);
        let builder = Builder::new()
            .name(String::from("a \"b\""))
            .priority(Priority::High);
        let task = builder.clone().spawn_on(pending::<()>(), pool.handle());
        let low = pool.with_priority(Priority::Background);
        let other = Builder::new()
            .name("low")
            .spawn_on(pending::<()>(), &low.with_limit(1));
        let find = |id| pool.tasks().into_iter().find(|it| it.id == id).unwrap();
        let info = find(task.id());
        assert_eq!(
            (info.name.as_deref(), info.priority),
            (Some("a \"b\""), Priority::High)
        );
        assert!(info.to_string().contains(r#""a \"b\"""#), "{info}");
        let info = find(other.id());
        assert_eq!(
            (info.name.as_deref(), info.priority),
            (Some("low"), Priority::Background)
        );
        assert_eq!(
            builder
                .spawn_compute_on(|| 5, pool.handle())
                .join()
                .unwrap(),
            5
        );
        task.abort();
        other.abort();
    });
}

#[test]
fn ages_grow() {
    watched(|| {
        let pool = pool(1);
        let task = pool.spawn(pending::<()>());
        spin_until(|| {
            let info = only(&pool);
            let old =
                |time: Option<Duration>| time.is_some_and(|time| time > Duration::from_millis(50));
            old(info.last_poll) && (old(info.age) || cfg!(target_pointer_width = "32"))
        });
        assert!(only(&pool).age < Some(Duration::from_secs(3600)));
        task.abort();
    });
}

#[test]
fn a_dump_beside_tasks_that_come_and_go_is_whole() {
    watched(|| {
        for threads in [1, 2] {
            let pool = pool(threads);
            let stays: Vec<_> = (0..50).map(|_| pool.spawn(pending::<()>())).collect();
            let stop = Arc::new(AtomicBool::new(false));
            let churn = {
                let stop = Arc::clone(&stop);
                pool.spawn(async move {
                    while !stop.load(SeqCst) {
                        let some = (0..20).map(|n| {
                            Builder::new()
                                .name(format!("task {n}"))
                                .spawn(async move { n })
                        });
                        for (n, task) in some.collect::<Vec<_>>().into_iter().enumerate() {
                            assert_eq!(task.await.unwrap(), n);
                        }
                    }
                })
            };
            for _ in 0..300 {
                let tasks = pool.tasks();
                assert!(
                    tasks.is_sorted_by(|a, b| a.id < b.id),
                    "no task is there twice"
                );
                let there = |id| tasks.iter().any(|it| it.id == id);
                assert!(stays.iter().all(|it| there(it.id())));
                for info in &tasks {
                    assert!(
                        info.name
                            .as_deref()
                            .is_none_or(|name| name.starts_with("task "))
                    );
                }
            }
            stop.store(true, SeqCst);
            churn.join().unwrap();
            let last = pool.tasks();
            assert_eq!(last.len(), 50);
            // Names outlive their tasks and pools.
            drop(stays);
            pool.shutdown();
            assert!(last.iter().all(|it| it.to_string().contains("tasks.rs")));
        }
    });
}
