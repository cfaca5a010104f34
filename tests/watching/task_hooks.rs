//! Hooks of tasks: which task they are told of, when, and on which thread.

use crate::util::{spin_until, watched as with_watchdog};
use manyhands::task::{Builder, Id, TaskKind, TaskMeta, yield_now};
use manyhands::{Pool, PoolBuilder};
use std::collections::HashMap;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::thread::{self, ThreadId};

/// What a hook was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Spawn,
    Before,
    After,
    End,
}

use Call::{After, Before, End, Spawn};

/// One call of a hook.
#[derive(Clone, Debug)]
struct Told {
    call: Call,
    thread: ThreadId,
    site: &'static Location<'static>,
    kind: TaskKind,
    name: Option<String>,
}

/// All calls, by task.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<HashMap<Id, Vec<Told>>>>);

impl Log {
    fn hook(&self, call: Call) -> impl Fn(&TaskMeta<'_>) + Send + Sync + 'static + use<> {
        let log = self.clone();
        move |task| {
            let told = Told {
                call,
                thread: thread::current().id(),
                site: task.spawned_at(),
                kind: task.kind(),
                name: task.name().map(str::to_owned),
            };
            log.lock().entry(task.id()).or_default().push(told);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Id, Vec<Told>>> {
        self.0.lock().unwrap()
    }

    fn of(&self, id: Id) -> Vec<Told> {
        self.lock().get(&id).cloned().unwrap_or_default()
    }

    fn calls(&self, id: Id) -> Vec<Call> {
        self.of(id).iter().map(|told| told.call).collect()
    }
}

fn logged(builder: PoolBuilder) -> (Pool, Log) {
    let log = Log::default();
    let pool = builder
        .on_task_spawn(log.hook(Spawn))
        .on_before_task_poll(log.hook(Before))
        .on_after_task_poll(log.hook(After))
        .on_task_terminate(log.hook(End))
        .build()
        .unwrap();
    (pool, log)
}

fn one_thread() -> (Pool, Log) {
    logged(Pool::builder().num_threads(1))
}

#[test]
fn a_future_is_told_of_from_spawn_to_end() {
    with_watchdog(|| {
        let (pool, log) = one_thread();
        let line = line!() + 1;
        let task = pool.spawn(async {
            yield_now().await;
            yield_now().await;
        });
        let id = task.id();
        task.join().unwrap();
        // The hook of the end is called before the handle knows.
        let told = log.of(id);
        let calls: Vec<_> = told.iter().map(|told| told.call).collect();
        assert_eq!(
            calls,
            [Spawn, Before, After, Before, After, Before, After, End]
        );
        assert_eq!(told[0].thread, thread::current().id());
        assert_ne!(told[1].thread, told[0].thread);
        for told in told {
            assert_eq!((told.site.file(), told.site.line()), (file!(), line));
            assert_eq!((told.kind, told.name), (TaskKind::Future, None));
        }
    });
}

#[test]
fn closures_have_one_poll() {
    with_watchdog(|| {
        let (pool, log) = one_thread();
        let blocking = pool.spawn_blocking(|| thread::current().id());
        let id = blocking.id();
        let thread = blocking.join().unwrap();
        let told = log.of(id);
        let calls: Vec<_> = told.iter().map(|told| told.call).collect();
        assert_eq!(calls, [Spawn, Before, After, End]);
        assert_eq!((told[1].kind, told[1].thread), (TaskKind::Blocking, thread));

        let compute = Builder::new()
            .name("sum")
            .spawn_compute_on(|| (0..10).sum::<u32>(), pool.handle());
        let id = compute.id();
        assert_eq!(compute.join().unwrap(), 45);
        assert_eq!(log.calls(id), [Spawn, Before, After, End]);
        for told in log.of(id) {
            assert_eq!(told.kind, TaskKind::Compute);
            assert_eq!(told.name.as_deref(), Some("sum"));
        }
    });
}

#[test]
fn limits_and_priorities_make_no_difference() {
    with_watchdog(|| {
        let (pool, log) = one_thread();
        let limited = pool.handle().with_limit(1);
        let urgent = pool.handle().with_priority(manyhands::Priority::High);
        for handle in [limited, urgent] {
            let task = handle.spawn(yield_now());
            let id = task.id();
            task.join().unwrap();
            assert_eq!(log.calls(id), [Spawn, Before, After, Before, After, End]);
        }
    });
}

#[test]
fn panics_and_aborts_are_ends() {
    with_watchdog(|| {
        let (pool, log) = one_thread();
        let panics = pool.spawn(async { panic!("on purpose") });
        let id = panics.id();
        assert!(panics.join().unwrap_err().is_panic());
        assert_eq!(log.calls(id), [Spawn, Before, After, End]);

        let waits = pool.spawn(std::future::pending::<()>());
        let id = waits.id();
        spin_until(|| log.calls(id) == [Spawn, Before, After]);
        waits.abort();
        assert!(waits.join().unwrap_err().is_cancelled());
        assert_eq!(log.calls(id), [Spawn, Before, After, End]);
    });
}

#[test]
fn the_end_of_the_pool_ends_all_tasks_once() {
    with_watchdog(|| {
        let (pool, log) = logged(Pool::builder().num_threads(2));
        let handle = pool.handle().clone();
        let waits: Vec<_> = (0..100)
            .map(|_| pool.spawn(std::future::pending::<()>()))
            .collect();
        pool.shutdown();
        // After the end: it is cancelled at once.
        let late = handle.spawn(async {});
        assert_eq!(log.calls(late.id()), [Spawn, End]);
        for task in waits {
            let calls = log.calls(task.id());
            assert_eq!((calls[0], calls[calls.len() - 1]), (Spawn, End));
            assert!(calls.len() == 2 || calls[1..calls.len() - 1] == [Before, After]);
        }
    });
}

#[test]
fn other_work_is_no_task() {
    with_watchdog(|| {
        let (pool, log) = logged(Pool::builder().num_threads(2));
        pool.block_on(async { yield_now().await });
        pool.join(|| (), || ());
        pool.scope(|s| s.spawn(|_| ()));
        pool.install(|| ());
        assert!(log.lock().is_empty());
    });
}

#[test]
fn a_panic_in_a_hook_is_reported_and_the_task_goes_on() {
    with_watchdog(|| {
        let panics = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&panics);
        let pool = Pool::builder()
            .num_threads(1)
            .panic_handler(move |_| {
                count.fetch_add(1, SeqCst);
            })
            .on_task_spawn(|_| panic!("spawn"))
            .on_before_task_poll(|_| panic!("before"))
            .on_after_task_poll(|_| panic!("after"))
            .on_task_terminate(|_| panic!("terminate"))
            .build()
            .unwrap();
        assert_eq!(pool.spawn(async { 42 }).join().unwrap(), 42);
        assert_eq!(panics.load(SeqCst), 4);
    });
}

#[test]
fn a_hook_may_spawn_and_look_at_the_pool() {
    with_watchdog(|| {
        let done = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = mpsc::channel();
        let own = Arc::clone(&done);
        let pool = Pool::builder()
            .num_threads(1)
            .on_task_terminate(move |task| {
                // Of the first task only: the other one is told of as well.
                if !own.swap(true, SeqCst) {
                    let pool = manyhands::Handle::current();
                    let listed = pool.tasks().iter().any(|it| it.id == task.id());
                    let more = pool.spawn(async { 6 * 7 });
                    sender.send((listed, more)).unwrap();
                }
            })
            .build()
            .unwrap();
        pool.spawn(async {}).join().unwrap();
        let (listed, more) = receiver.recv().unwrap();
        assert!(listed);
        assert_eq!(more.join().unwrap(), 42);
    });
}
