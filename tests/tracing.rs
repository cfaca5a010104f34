//! Spans follow work from thread to thread.

use manyhands::task::Builder;
use manyhands::{Pool, join, scope, spawn, spawn_compute};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Barrier, Mutex, MutexGuard, OnceLock};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, info_span};
use tracing_core::span::Current;

/// A span: its name, fields and parent, and how many references there are.
#[derive(Debug)]
struct Known {
    metadata: &'static Metadata<'static>,
    fields: String,
    parent: Option<u64>,
    refs: usize,
}

#[derive(Default)]
struct Spans {
    next: AtomicU64,
    all: Mutex<HashMap<u64, Known>>,
}

thread_local! {
    static STACK: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

fn spans() -> &'static Spans {
    static SPANS: OnceLock<Spans> = OnceLock::new();
    SPANS.get_or_init(Spans::default)
}

struct Recorder;

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!("{}={value:?} ", field.name());
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields(String::new());
        span.record(&mut fields);
        let id = spans().next.fetch_add(1, SeqCst) + 1;
        let current = STACK.with_borrow(|stack| stack.last().copied());
        let known = Known {
            metadata: span.metadata(),
            fields: fields.0,
            parent: span.parent().map(Id::into_u64).or(current),
            refs: 1,
        };
        spans().all.lock().unwrap().insert(id, known);
        Id::from_u64(id)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, span: &Id) {
        STACK.with_borrow_mut(|stack| stack.push(span.into_u64()));
    }

    fn exit(&self, span: &Id) {
        let top = STACK.with_borrow_mut(Vec::pop);
        assert_eq!(top, Some(span.into_u64()), "spans of a thread nest");
    }

    fn clone_span(&self, span: &Id) -> Id {
        let mut all = spans().all.lock().unwrap();
        all.get_mut(&span.into_u64()).unwrap().refs += 1;
        span.clone()
    }

    fn try_close(&self, span: Id) -> bool {
        let mut all = spans().all.lock().unwrap();
        let known = all.get_mut(&span.into_u64()).unwrap();
        known.refs -= 1;
        known.refs == 0
    }

    fn current_span(&self) -> Current {
        let top = STACK.with_borrow(|stack| stack.last().copied());
        match top {
            Some(id) => {
                let metadata = spans().all.lock().unwrap()[&id].metadata;
                Current::new(Id::from_u64(id), metadata)
            }
            None => Current::none(),
        }
    }
}

/// One test at a time, so that what is left of spans can be counted.
fn set_up() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Recorder).unwrap());
    let turn = TURN
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    spans().all.lock().unwrap().clear();
    turn
}

/// The names of the spans that the calling thread is in, innermost first, by their parents.
fn here() -> Vec<String> {
    let all = spans().all.lock().unwrap();
    let mut at = STACK.with_borrow(|stack| stack.last().copied());
    std::iter::from_fn(|| {
        let known = &all[&at?];
        at = known.parent;
        Some(known.metadata.name().to_owned())
    })
    .collect()
}

/// Nobody refers to any span any more.
fn assert_all_closed() {
    let open = || {
        let all = spans().all.lock().unwrap();
        all.values().map(|it| it.refs).sum::<usize>()
    };
    // A task gives its span up a moment after its handle has the result.
    while open() > 0 {
        std::thread::yield_now();
    }
}

#[test]
fn a_task_runs_inside_the_span_that_spawned_it() {
    let _turn = set_up();
    let pool = Pool::builder().num_threads(2).build().unwrap();
    let task = {
        let _request = info_span!("request").entered();
        pool.spawn(async {
            let before = here();
            manyhands::task::yield_now().await;
            assert_eq!(here(), before, "at every poll");
            let inner = spawn(async { here() }).await.unwrap();
            let closure = spawn_compute(here).await.unwrap();
            [before, inner, closure]
        })
    };
    let [outer, inner, closure] = pool.block_on(task).unwrap();
    assert_eq!(outer, ["task", "request"]);
    assert_eq!(inner, ["task", "task", "request"]);
    assert_eq!(closure, ["task", "task", "request"]);
    assert!(here().is_empty());
    drop(pool);
    assert_all_closed();
}

#[test]
fn the_span_of_a_task_tells_who_it_is() {
    let _turn = set_up();
    let pool = Pool::builder().num_threads(1).build().unwrap();
    let task = Builder::new().name("me").spawn_on(async {}, pool.handle());
    let id = task.id();
    task.join().unwrap();
    {
        let all = spans().all.lock().unwrap();
        let known = all.values().next().unwrap();
        assert_eq!(known.metadata.target(), "manyhands");
        assert!(known.fields.contains(&format!("id={id} ")), "{known:?}");
        assert!(known.fields.contains("name=\"me\""), "{known:?}");
        assert!(known.fields.contains("tracing.rs:"), "{known:?}");
    }
    assert_all_closed();
}

#[test]
fn a_stolen_half_runs_inside_the_span_of_its_join() {
    let _turn = set_up();
    let pool = Pool::builder().num_threads(2).build().unwrap();
    // Both halves at a time: one of them is stolen.
    let both = Barrier::new(2);
    let half = || {
        both.wait();
        here()
    };
    pool.install(|| {
        let _loop = info_span!("loop").entered();
        let (a, b) = join(half, half);
        assert_eq!((a, b), (vec!["loop".to_owned()], vec!["loop".to_owned()]));
        let seen = Mutex::new(Vec::new());
        scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|_| {
                    let here = half();
                    seen.lock().unwrap().push(here);
                });
            }
        });
        assert_eq!(seen.into_inner().unwrap(), [["loop"], ["loop"]]);
    });
    assert!(here().is_empty());
    drop(pool);
    assert_all_closed();
}

#[test]
fn private_joins_make_no_reference() {
    let _turn = set_up();
    let pool = Pool::builder().num_threads(1).build().unwrap();
    pool.install(|| {
        let span = info_span!("alone").entered();
        for _ in 0..100 {
            join(|| (), || ());
        }
        drop(span);
    });
    assert_all_closed();
}

#[test]
fn a_future_that_is_dropped_is_dropped_inside_its_span() {
    let _turn = set_up();
    struct Probe(std::sync::mpsc::Sender<Vec<String>>);
    impl Drop for Probe {
        fn drop(&mut self) {
            self.0.send(here()).unwrap();
        }
    }
    let pool = Pool::builder().num_threads(1).build().unwrap();
    let (sends, seen) = std::sync::mpsc::channel();
    let probe = Probe(sends);
    let task = info_span!("request").in_scope(|| {
        pool.spawn(async move {
            let _probe = probe;
            std::future::pending::<()>().await;
        })
    });
    task.abort();
    assert_eq!(seen.recv().unwrap(), ["task", "request"]);
    drop(task);
    drop(pool);
    assert_all_closed();
}
