//! How a pool begins: its registry is made, and its threads are created.

use super::errand;
use super::events;
use super::hooks::Hooks;
use super::registry::Registry;
use super::sizes::Sizes;
use super::threads::{Call, Number};
use super::{resize, seat, shutdown, worker};
use crate::job::SeatIndex;
use crate::sim::{self, Ticket};
use crate::sync::asymmetric;
use std::fmt;
use std::io;
use std::sync::Arc;

/// Why a pool could not begin.
#[derive(Debug)]
pub(crate) enum StartError {
    /// The calling thread, which was to become worker 0, works for a pool already.
    CurrentThreadHasSeat,
    /// The system refused a thread.
    Thread(io::Error),
    /// The runtime of the pool could not be made.
    Events(io::Error),
}

/// A pool that is to begin.
pub(crate) struct Start {
    pub(crate) sizes: Sizes,
    pub(crate) hooks: Hooks,
    /// It begins with what the system grants.
    pub(crate) lenient: bool,
    /// The calling thread becomes worker 0.
    pub(crate) use_current_thread: bool,
    /// It begins with a paused clock.
    #[cfg_attr(
        not(feature = "test-util"),
        allow(dead_code, reason = "no clock can be paused")
    )]
    pub(crate) start_paused: bool,
    /// If a thread is refused, this waits for the end of those that were started.
    pub(crate) waits_on_failure: bool,
}

impl Start {
    /// Makes the pool; `spawn` creates its worker threads.
    pub(crate) fn start(
        mut self,
        mut spawn: impl FnMut(ThreadBuilder) -> io::Result<()>,
    ) -> Result<Arc<Registry>, StartError> {
        if self.use_current_thread && seat::current().is_some() {
            return Err(StartError::CurrentThreadHasSeat);
        }
        let events = match events::new(&mut self.hooks.context, errand::TASKS) {
            Ok(events) => events,
            Err(_) if self.lenient => events::without_runtime(),
            Err(error) => return Err(StartError::Events(error)),
        };
        // The first loop need not wait for it, and this may be the process's only thread yet.
        asymmetric::register();
        self.sizes.first_to_end = usize::from(self.use_current_thread);
        let registry = Registry::new(&self.sizes, self.hooks, events, start_spare);
        #[cfg(feature = "test-util")]
        if self.start_paused {
            super::timers::pause(&registry);
        }
        let pool = Arc::downgrade(&registry);
        sim::on_stall(move || pool.upgrade().map(describe));
        // Stops what was started, even if a closure of the user panics.
        let mut started = Started {
            registry: &registry,
            keep: false,
        };
        let workers = self.sizes.workers;
        let first = self.sizes.first_to_end;
        let mut running = first;
        for index in first..workers {
            let name = registry.hooks.worker_name(index);
            registry.sleep.admit();
            let pool = Arc::clone(&registry);
            let thread = ThreadBuilder::new(pool, index as SeatIndex, name, Call::Work);
            match spawn(thread) {
                Ok(()) => running += 1,
                Err(_) if self.lenient => break,
                Err(error) => {
                    drop(started);
                    if self.waits_on_failure {
                        shutdown::wait_until_ended(&registry, None);
                    }
                    return Err(StartError::Thread(error));
                }
            }
        }
        if running < workers {
            resize::make_do_with(&registry, running.max(1));
        }
        if self.use_current_thread {
            sit_down_for_good(&registry);
        }
        started.keep = true;
        drop(started);
        Ok(registry)
    }
}

/// Creates a spare thread; see [`StartSpare`](super::registry::StartSpare). (What was reserved for
/// one that cannot be created is given back by the drop of its builder.)
fn start_spare(registry: &Registry, seat: SeatIndex, call: Call) -> bool {
    let name = registry.hooks.spare_name(seat as usize);
    let thread = ThreadBuilder::new(registry.to_arc(), seat, name, call);
    thread.spawn().is_ok()
}

/// A pool in which nobody can run any more.
fn describe(registry: Arc<Registry>) -> String {
    let tasks = registry.tasks();
    format!("{registry:#?}\n{} tasks: {tasks:#?}", tasks.len())
}

/// The calling thread becomes worker 0.
fn sit_down_for_good(registry: &Arc<Registry>) {
    registry.sleep.acquire();
    // The thread refers to the seat until it ends, and nobody sees that: the registry must stay.
    std::mem::forget(Arc::clone(registry));
    // SAFETY: no worker thread was started for seat 0, and the seat is never freed (line above).
    let occupied = unsafe { registry.occupy(0) };
    registry.hooks.context.enter_for_good();
    occupied.me().return_to_queues();
    std::mem::forget(occupied);
    registry.hooks.on_start(Some(0));
}

struct Started<'a> {
    registry: &'a Arc<Registry>,
    keep: bool,
}

impl Drop for Started<'_> {
    fn drop(&mut self) {
        if !self.keep {
            shutdown::begin(self.registry);
        }
    }
}

/// One worker thread that is to be created; given to
/// [`spawn_handler`](crate::PoolBuilder::spawn_handler) and
/// [`build_scoped`](crate::PoolBuilder::build_scoped).
///
/// Dropping it without calling [`run`](Self::run) leaves the pool one thread short.
pub struct ThreadBuilder {
    /// Taken by `run`.
    registry: Option<Arc<Registry>>,
    index: SeatIndex,
    name: Option<String>,
    stack_size: Option<usize>,
    call: Call,
    number: Number,
    ticket: Ticket,
}

impl ThreadBuilder {
    /// For [`Call::Work`] the caller has counted the thread as a searcher; it is counted as live
    /// here.
    fn new(registry: Arc<Registry>, index: SeatIndex, name: Option<String>, call: Call) -> Self {
        let number = registry.threads.enter_seated();
        let ticket = sim::ticket(|| name.clone().unwrap_or_else(|| format!("seat {index}")));
        Self {
            ticket,
            index,
            name,
            stack_size: registry.hooks.stack_size,
            registry: Some(registry),
            call,
            number,
        }
    }

    /// The index of the worker in its pool.
    pub fn index(&self) -> usize {
        self.index as usize
    }

    /// The name that the pool's builder asked for.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The stack size that the pool's builder asked for.
    pub fn stack_size(&self) -> Option<usize> {
        self.stack_size
    }

    /// Works for the pool on this thread, until the pool ends.
    pub fn run(mut self) {
        if let Some(registry) = self.registry.take() {
            let _entered = self.ticket.enter();
            // A thread of the program's is one of the pool's until this call returns.
            let before = self.number.begin();
            worker::run(&registry, self.index, self.call, self.number);
            before.begin();
        }
    }

    pub(crate) fn spawn(mut self) -> io::Result<()> {
        let Some(registry) = self.registry.clone() else {
            return Ok(());
        };
        let mut builder = std::thread::Builder::new();
        if let Some(name) = self.name.take() {
            builder = builder.name(name);
        }
        if let Some(size) = self.stack_size {
            builder = builder.stack_size(size);
        }
        let threads = &registry.threads;
        threads.spawn(self.number, builder, move || self.run())
    }
}

impl Drop for ThreadBuilder {
    fn drop(&mut self) {
        if let Some(registry) = self.registry.take() {
            worker::never_ran(&registry, self.index, self.call, self.number);
        }
    }
}

impl fmt::Debug for ThreadBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadBuilder")
            .field("index", &self.index)
            .field("name", &self.name)
            .field("stack_size", &self.stack_size)
            .finish_non_exhaustive()
    }
}
