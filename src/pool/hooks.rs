//! What users want to be told of a pool's threads and tasks, and how threads are to be made.

use super::events::Context;
use crate::sync::{Mutex, lock};
use crate::task::Observer;
use crate::util::unwind::{self, Payload};

type Name = Box<dyn FnMut(usize) -> String + Send>;
type Handler = Box<dyn Fn() + Send + Sync>;
type IndexHandler = Box<dyn Fn(usize) + Send + Sync>;
type PanicHandler = Box<dyn Fn(Payload) + Send + Sync>;

/// The closures of a [`PoolBuilder`](crate::PoolBuilder). No panic of one of them reaches the
/// thread that calls it: all go to `report_panic`.
#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) stack_size: Option<usize>,
    pub(crate) name: Mutex<Option<Name>>,
    /// For workers, whose indexes are those that programs expect.
    pub(crate) start: Option<IndexHandler>,
    pub(crate) exit: Option<IndexHandler>,
    /// For all threads that the pool makes.
    pub(crate) thread_start: Option<Handler>,
    pub(crate) thread_stop: Option<Handler>,
    pub(crate) thread_park: Option<Handler>,
    pub(crate) thread_unpark: Option<Handler>,
    pub(crate) panic: Option<PanicHandler>,
    pub(crate) tasks: Observer,
    /// What all threads are in while they run jobs.
    pub(crate) context: Context,
}

impl Hooks {
    /// A panic that nobody waits for. The panic hook has printed it already.
    pub(crate) fn report_panic(&self, payload: Payload) {
        match &self.panic {
            Some(handler) => {
                if let Err(second) = unwind::catch(|| handler(payload)) {
                    unwind::discard(second);
                }
            }
            None => unwind::discard(payload),
        }
    }

    fn contain(&self, handler: impl FnOnce()) {
        if let Err(payload) = unwind::catch(handler) {
            self.report_panic(payload);
        }
    }

    fn tell(&self, handler: Option<&Handler>) {
        if let Some(handler) = handler {
            self.contain(handler);
        }
    }

    fn tell_of(&self, worker: Option<usize>, handler: Option<&IndexHandler>) {
        if let (Some(handler), Some(index)) = (handler, worker) {
            self.contain(|| handler(index));
        }
    }

    /// A thread of the pool begins. A worker says its index; other threads have `None`.
    pub(crate) fn on_start(&self, worker: Option<usize>) {
        self.tell(self.thread_start.as_ref());
        self.tell_of(worker, self.start.as_ref());
    }

    /// As [`on_start`](Self::on_start), at its end.
    pub(crate) fn on_exit(&self, worker: Option<usize>) {
        self.tell_of(worker, self.exit.as_ref());
        self.tell(self.thread_stop.as_ref());
    }

    /// A thread of the pool is about to sleep, and is awake when the result is dropped.
    pub(crate) fn asleep(&self) -> Unpark<'_> {
        self.tell(self.thread_park.as_ref());
        Unpark(self)
    }

    /// The name for a thread that is created while jobs run: a panic of the user's closure is
    /// reported, and the thread goes without a name.
    pub(crate) fn spare_name(&self, index: usize) -> Option<String> {
        let mut name = lock(&self.name);
        let name = name.as_mut()?;
        match unwind::catch(|| name(index)) {
            Ok(name) => Some(name),
            Err(payload) => {
                self.report_panic(payload);
                None
            }
        }
    }

    pub(crate) fn worker_name(&self, index: usize) -> Option<String> {
        lock(&self.name).as_mut().map(|name| name(index))
    }

    pub(crate) fn blocking_thread(&self) -> std::thread::Builder {
        let builder = std::thread::Builder::new().name("manyhands-blocking".to_owned());
        match self.stack_size {
            Some(size) => builder.stack_size(size),
            None => builder,
        }
    }
}

/// Calls the hook for the end of a sleep when it is dropped; see [`Hooks::asleep`].
#[must_use]
pub(crate) struct Unpark<'a>(&'a Hooks);

impl Drop for Unpark<'_> {
    fn drop(&mut self) {
        self.0.tell(self.0.thread_unpark.as_ref());
    }
}
