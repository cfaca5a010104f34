//! One closure on every worker.

use crate::BroadcastContext;
use crate::default_pool::ready;
use crate::local::Worker;
use crate::registry::{Keep, Registry};
use std::sync::Arc;

/// Runs a closure on every worker of the current pool, and returns the results by the workers'
/// indexes.
///
/// # Panics
///
/// If a call panics, once all are done.
///
/// ```
/// let pool = rayon_core::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
/// let squares = pool.install(|| rayon_core::broadcast(|context| context.index().pow(2)));
/// assert_eq!(squares, [0, 1, 4]);
/// ```
pub fn broadcast<OP, R>(op: OP) -> Vec<R>
where
    OP: Fn(BroadcastContext<'_>) -> R + Sync,
    R: Send,
{
    ready();
    manyhands::broadcast(op)
}

/// Runs a closure on every worker of the current pool, at some time after this.
///
/// # Panics
///
/// As [`spawn`](crate::spawn), for each call.
///
/// ```
/// use std::sync::mpsc::channel;
/// let (sender, receiver) = channel();
/// rayon_core::spawn_broadcast(move |context| sender.send(context.index()).unwrap());
/// assert_eq!(receiver.into_iter().count(), rayon_core::current_num_threads());
/// ```
pub fn spawn_broadcast<OP>(op: OP)
where
    OP: Fn(BroadcastContext<'_>) + Send + Sync + 'static,
{
    ready();
    match Worker::current() {
        Some(worker) => spawn_broadcast_on(&worker.registry, op),
        None => manyhands::spawn_broadcast(op),
    }
}

/// The same on a given pool, which lives until all calls have ended.
pub(crate) fn spawn_broadcast_on<OP>(registry: &Arc<Registry>, op: OP)
where
    OP: Fn(BroadcastContext<'_>) + Send + Sync + 'static,
{
    let keep = Keep::new(registry);
    registry.handle().spawn_broadcast(move |context| {
        let _ = &keep;
        op(context);
    });
}
