//! The tokio runtime that belongs to a pool, and the one in whose context its threads are.
//!
//! tokio finds its timers and sockets through a thread-local handle. A thread that runs jobs of a
//! pool keeps a guard of that handle: workers and spare threads for their life, blocking threads
//! likewise, guests while they have their seat. A thread that is in a context already stays in it.
//! Guards are dropped in reverse order (tokio's rule): they lie in stack frames.
//!
//! The runtime is the one given to the builder, which has threads of its own. Without a given one
//! it is of kind `current_thread` and belongs to the pool. Nobody else looks after such a runtime:
//! the pool must always have a driver, or a thread that glances at the events between two polls.
//! Only threads without frames of the user's on their stack sleep in it: tokio does not let a
//! thread into a runtime twice. (The exception is a waiter that is the last resort, see `wait`.)
//!
//! The thread that sleeps in it also runs what `tokio::spawn` was given, up to 61 polls in a row.
//! No other thread can look after its sockets and timers meanwhile. So it says when it begins and
//! when it sleeps again ([`Tasks`]), and the pool looks after its own timers and futures elsewhere.

use super::{Events, Facts, Tasks, woken_or};
use crate::pool::seat;
use crate::sync::{Mutex, lock};
use crate::util::fork::Process;
use crate::util::parker::Driving;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::TryLockError;
use std::time::Instant;
use tokio::runtime::{Builder, EnterGuard, Handle, Runtime};
use tokio::task::yield_now;
use tokio::time::sleep_until;

/// What keeps a thread in a context.
pub(in crate::pool) type Entered<'a> = EnterGuard<'a>;

/// What all threads of a pool are in.
#[derive(Debug, Default)]
pub(crate) struct Context(Option<Handle>);

impl Context {
    pub(crate) fn of(handle: Handle) -> Self {
        Self(Some(handle))
    }

    /// To be kept in a frame that is left after all that runs in the context.
    pub(in crate::pool) fn enter(&self) -> Option<Entered<'_>> {
        match Handle::try_current() {
            Err(none) if none.is_missing_context() => self.0.as_ref().map(Handle::enter),
            // Already in one; or the thread is at its end, and too late for any.
            _ => None,
        }
    }

    /// As the outermost context of a thread, if it has none: no guard remains that would have
    /// to be dropped after this one.
    pub(in crate::pool) fn enter_for_good(&self) {
        std::mem::forget(self.enter());
    }
}

/// A runtime for one pool, and its context from now on, unless that is given.
pub(super) fn own_runtime(
    context: &mut Context,
    tasks: Tasks,
) -> io::Result<Option<Box<dyn Events>>> {
    if context.0.is_some() {
        return Ok(None);
    }
    let own = Own::new(tasks)?;
    *context = Context::of(own.handle.clone());
    Ok(Some(Box::new(own)))
}

/// The runtime of one pool.
#[derive(Debug)]
struct Own {
    handle: Handle,
    /// Until the pool has ended. Locked while the driver is inside; nobody else waits for it.
    runtime: Mutex<Option<Runtime>>,
    tasks: Tasks,
    process: Process,
}

/// The calling thread may run tasks of the runtime, until dropped. (While it sleeps in between, the
/// runtime says that it does not.)
struct Inside(Tasks);

impl Inside {
    fn new(tasks: Tasks, asleep: bool) -> Self {
        begin(tasks, asleep);
        Self(tasks)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        end(self.0);
    }
}

fn begin(tasks: Tasks, asleep: bool) {
    if let Some(me) = seat::try_current() {
        (tasks.begin)(me, asleep);
    }
}

fn end(tasks: Tasks) {
    if let Some(me) = seat::try_current() {
        (tasks.end)(me);
    }
}

impl Own {
    fn new(tasks: Tasks) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .on_thread_unpark(move || begin(tasks, true))
            .on_thread_park(move || end(tasks))
            .build()?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Mutex::new(Some(runtime)),
            tasks,
            process: Process::current(),
        })
    }

    /// Is the calling thread in its context, so that it may be let in? (Not if it is *inside*, in
    /// `Handle::block_on` or one of its tasks, which cannot be told apart.)
    fn is_around(&self) -> bool {
        Handle::try_current().is_ok_and(|it| it.id() == self.handle.id())
    }

    /// Before the pool has ended. (Never asked by a thread inside: it would wait for itself.)
    fn is_open(&self) -> bool {
        lock(&self.runtime).is_some()
    }
}

impl Events for Own {
    fn facts(&self) -> Facts {
        Facts {
            exist: true,
            coarse_clock: true,
            no_waiters: true,
            hosts: false,
        }
    }

    fn admit(&self, nested: bool) -> bool {
        self.is_open() && (!nested || self.is_around())
    }

    fn sleep(&self, driving: &mut Driving<'_>, deadline: Option<Instant>) {
        let runtime = lock(&self.runtime);
        let Some(runtime) = &*runtime else { return };
        let _inside = Inside::new(self.tasks, true);
        match deadline {
            None => runtime.block_on(driving),
            Some(deadline) => runtime.block_on(async {
                let mut timer = pin!(sleep_until(deadline.into()));
                woken_or(driving, |context| timer.as_mut().poll(context)).await;
            }),
        }
    }

    fn glance(&self) {
        if let Some(runtime) = &*lock(&self.runtime) {
            let _inside = Inside::new(self.tasks, false);
            runtime.block_on(yield_now());
        }
    }

    fn has_tasks(&self) -> bool {
        self.handle.metrics().num_alive_tasks() > 0
    }

    /// Its sockets and timers return errors from now on, and its tasks are dropped.
    fn close(&self) {
        // In a forked child another thread, which is not there, may have been inside.
        if !self.process.is_current() {
            return;
        }
        let runtime = match self.runtime.try_lock() {
            Ok(mut runtime) => runtime.take(),
            Err(TryLockError::Poisoned(runtime)) => runtime.into_inner().take(),
            // A thread from outside is the driver. The end of the registry is another chance.
            Err(TryLockError::WouldBlock) => None,
        };
        if let Some(runtime) = runtime {
            // Blocking calls of its own may last; nobody waits for them here, least of all
            // where the last handle of the pool is dropped inside another runtime.
            runtime.shutdown_background();
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.close();
        if !self.process.is_current() {
            std::mem::forget(lock(&self.runtime).take());
        }
    }
}
