//! Closures that are spawned and not waited for.

use crate::default_pool::ready;
use crate::local::{Job, Order, Worker};
use crate::registry::{Keep, Registry};
use std::sync::Arc;

/// Runs a closure on the current pool, at some time after this.
///
/// It must be `'static`; [`scope`](crate::scope) is for closures that borrow. A worker runs the
/// newest of the closures that it has spawned first; other workers take the oldest.
///
/// # Panics
///
/// A panic in `func` goes to the pool's
/// [`panic_handler`](crate::ThreadPoolBuilder::panic_handler). Without one it is printed and
/// forgotten. (rayon-core ends the process.)
///
/// ```
/// use std::sync::mpsc::channel;
/// let (sender, receiver) = channel();
/// rayon_core::spawn(move || sender.send(42).unwrap());
/// assert_eq!(receiver.recv(), Ok(42));
/// ```
pub fn spawn<F>(func: F)
where
    F: FnOnce() + Send + 'static,
{
    spawn_here(func, Order::NewestFirst);
}

/// As [`spawn`], but a worker runs the closures that it has spawned so from the oldest to the
/// newest.
///
/// ```
/// use std::sync::mpsc::channel;
/// let pool = rayon_core::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
/// let (sender, receiver) = channel();
/// pool.install(|| {
///     for i in 0..4 {
///         let sender = sender.clone();
///         rayon_core::spawn_fifo(move || sender.send(i).unwrap());
///     }
/// });
/// drop(sender);
/// assert_eq!(receiver.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
/// ```
pub fn spawn_fifo<F>(func: F)
where
    F: FnOnce() + Send + 'static,
{
    spawn_here(func, Order::OldestFirst);
}

fn spawn_here(func: impl FnOnce() + Send + 'static, order: Order) {
    match Worker::current() {
        Some(worker) => worker.spawn(keeping(&worker.registry, func), order),
        None => {
            ready();
            drop(manyhands::spawn_compute(func));
        }
    }
}

/// Spawns on a given pool: from one of its own workers as above, from elsewhere in the order in
/// which closures come.
pub(crate) fn spawn_on(
    registry: &Arc<Registry>,
    func: impl FnOnce() + Send + 'static,
    order: Order,
) {
    let job = keeping(registry, func);
    match Worker::current() {
        Some(worker) if Arc::ptr_eq(&worker.registry, registry) => worker.spawn(job, order),
        _ => registry.start(job),
    }
}

/// What was spawned keeps its pool alive.
fn keeping(registry: &Arc<Registry>, func: impl FnOnce() + Send + 'static) -> Job {
    let keep = Keep::new(registry);
    Box::new(move || {
        // Behind the closure, and what it has captured.
        let _keep = keep;
        func();
    })
}
