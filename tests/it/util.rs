//! What the tests share: a watchdog, pools that it knows, panics, and values that count their drops.

use manyhands::{Handle, JoinHandle, Pool, PoolBuilder};
use std::any::Any;
use std::cell::RefCell;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// After so long a test hangs. Nothing is asserted about shorter times.
const LIMIT: Duration = Duration::from_secs(60);

/// The sizes of pool that most properties are checked on: alone, as many as cores, more.
pub(crate) const SIZES: [usize; 3] = [1, 2, 8];

type Watched = Arc<Mutex<Vec<Handle>>>;

thread_local! {
    static WATCHED: RefCell<Option<Watched>> = const { RefCell::new(None) };
}

/// Runs a test on a thread of its own. If it hangs, prints the state of the pools that it made with
/// [`pool`] and [`build`], and aborts the process.
pub(crate) fn watched<R: Send>(test: impl FnOnce() -> R + Send) -> R {
    let pools = Watched::default();
    let name = std::thread::current().name().map(str::to_owned);
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let watched = Arc::clone(&pools);
        scope.spawn(move || {
            WATCHED.set(Some(watched));
            let result = catch_unwind(AssertUnwindSafe(test));
            WATCHED.take();
            let _ = sender.send(result);
        });
        match receiver.recv_timeout(LIMIT) {
            Ok(Ok(value)) => value,
            Ok(Err(payload)) => resume_unwind(payload),
            Err(RecvTimeoutError::Timeout) => give_up(name.as_deref(), &pools),
            Err(RecvTimeoutError::Disconnected) => unreachable!("the test sends its result"),
        }
    })
}

fn give_up(name: Option<&str>, pools: &Watched) -> ! {
    // Not `eprintln!`, whose output the test harness would keep to itself.
    let mut out = std::io::stderr().lock();
    let name = name.unwrap_or("?");
    let _ = writeln!(out, "\nwatchdog: test {name} hangs: not done in {LIMIT:?}");
    if let Ok(pools) = pools.try_lock() {
        for pool in &*pools {
            let _ = writeln!(out, "{pool:#?}");
        }
    }
    std::process::abort();
}

/// A pool that the watchdog knows.
pub(crate) fn pool(threads: usize) -> Pool {
    build(Pool::builder().num_threads(threads))
}

/// As [`pool`], without spare threads and guest seats.
pub(crate) fn pool_without_spares(threads: usize) -> Pool {
    build(Pool::builder().num_threads(threads).max_spare_threads(0))
}

/// A pool that the watchdog knows.
pub(crate) fn build(builder: PoolBuilder) -> Pool {
    let pool = builder.build().expect("the system grants a few threads");
    WATCHED.with_borrow(|watched| {
        if let Some(watched) = watched {
            watched.lock().unwrap().push(pool.handle().clone());
        }
    });
    pool
}

/// The payload that `f` panics with.
pub(crate) fn panic_of<R>(f: impl FnOnce() -> R) -> Box<dyn Any + Send> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("a panic was expected"),
        Err(payload) => payload,
    }
}

/// What `f` panics with, if that is a text.
pub(crate) fn message_of<R>(f: impl FnOnce() -> R) -> String {
    text(&*panic_of(f))
}

/// The text that a panic carries.
pub(crate) fn text(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .expect("the payload is a text")
}

/// Counts the values made of it that are alive, and those that were dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Census(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    made: AtomicUsize,
    dropped: AtomicUsize,
}

impl Census {
    pub(crate) fn make(&self) -> Counted {
        self.0.made.fetch_add(1, Ordering::Relaxed);
        Counted(self.clone())
    }

    pub(crate) fn made(&self) -> usize {
        self.0.made.load(Ordering::Relaxed)
    }

    pub(crate) fn dropped(&self) -> usize {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Every value was dropped, once, and there were `made` of them.
    #[track_caller]
    pub(crate) fn assert_all_dropped(&self, made: usize) {
        assert_eq!((self.made(), self.dropped()), (made, made));
    }
}

/// A value of a [`Census`].
#[derive(Debug)]
pub(crate) struct Counted(Census);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// Panics when dropped.
#[derive(Debug)]
pub(crate) struct Bomb(pub(crate) &'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        std::panic::panic_any(self.0);
    }
}

/// Waits for something that another thread does, without blocking in a way that a pool could see.
pub(crate) fn spin_until(done: impl Fn() -> bool) {
    while !done() {
        std::thread::yield_now();
    }
}

/// Work with forks everywhere.
pub(crate) fn fib(n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = manyhands::join(|| fib(n - 1), || fib(n - 2));
    a + b
}

/// A thread of a pool that is kept busy, in a poll that takes its time.
pub(crate) struct Busy {
    release: mpsc::Sender<()>,
    task: JoinHandle<()>,
}

/// Keeps one thread of the pool busy until released.
pub(crate) fn occupy(pool: &Handle) -> Busy {
    let (say, heard) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let task = pool.spawn(async move {
        say.send(()).unwrap();
        let _ = released.recv();
    });
    heard.recv().unwrap();
    Busy { release, task }
}

impl Busy {
    pub(crate) fn release(self) -> JoinHandle<()> {
        drop(self.release);
        self.task
    }
}
