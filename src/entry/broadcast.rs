//! One closure on every worker of a pool.
//!
//! A broadcast goes by mail: each worker has a mailbox that no other thread opens. Mail is the one
//! thing that a waiting worker runs besides descendants of what it waits for, because nobody else
//! can; otherwise two workers that broadcast at the same time would wait for each other.

use super::current::current_registry;
use crate::job::SeatIndex;
use crate::job::cancel::CancelRef;
use crate::job::heap::HeapJob;
use crate::job::origin;
use crate::latch::CountLatch;
use crate::pool::publish::post_to_all;
use crate::pool::{Registry, region, seat, wait};
use crate::sync::{Mutex, lock};
use crate::util::parker::Parker;
use crate::util::unwind::{self, AbortOnDrop, Payload};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Tells a broadcast closure on which worker it runs.
pub struct BroadcastContext<'a> {
    index: usize,
    num_threads: usize,
    /// Not `Send`, and no longer alive than the call.
    _call: PhantomData<&'a mut dyn Fn()>,
}

impl BroadcastContext<'_> {
    pub(crate) fn new(index: SeatIndex, num_threads: usize) -> Self {
        Self {
            index: index as usize,
            num_threads,
            _call: PhantomData,
        }
    }

    /// Which worker this is: a number in `0..num_threads()`.
    pub fn index(&self) -> usize {
        self.index
    }

    /// How many workers run the closure.
    pub fn num_threads(&self) -> usize {
        self.num_threads
    }
}

impl fmt::Debug for BroadcastContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastContext")
            .field("index", &self.index)
            .field("num_threads", &self.num_threads)
            .finish()
    }
}

/// Runs `op` exactly once on every worker of the current pool (of the default pool outside of
/// any), and returns the results in the order of the workers' indexes.
///
/// A worker gets to it between two jobs, or inside a wait. That is the one kind of job that a
/// waiting worker runs although it does not wait for it, because no other thread can. Spare threads
/// and guests do not take part. Workers that sleep because the pool computes with fewer
/// ([`set_num_threads`](crate::Handle::set_num_threads)) do.
///
/// # Panics
///
/// If `op` panics on some worker; `broadcast` then panics with the payload of one of them when all
/// are done. It panics, too, if the pool was shut down before.
///
/// ```
/// let pool = manyhands::Pool::builder().num_threads(4).build().unwrap();
/// let squares = pool.broadcast(|context| context.index() * context.index());
/// assert_eq!(squares, [0, 1, 4, 9]);
/// ```
pub fn broadcast<OP, R>(op: OP) -> Vec<R>
where
    OP: Fn(BroadcastContext<'_>) -> R + Sync,
    R: Send,
{
    broadcast_on(&current_registry(), op)
}

pub(crate) fn broadcast_on<OP, R>(registry: &Registry, op: OP) -> Vec<R>
where
    OP: Fn(BroadcastContext<'_>) -> R + Sync,
    R: Send,
{
    struct Call<'a, OP, R> {
        op: &'a OP,
        results: Vec<Mutex<Option<Result<R, Payload>>>>,
        pending: CountLatch,
    }
    struct CallPtr<'a, OP, R>(*const Call<'a, OP, R>);
    // SAFETY: `Call` is shared by reference: `OP: Sync`, results under locks. Valid while counted.
    unsafe impl<OP: Sync, R: Send> Send for CallPtr<'_, OP, R> {}
    impl<'a, OP, R> CallPtr<'a, OP, R> {
        fn get(&self) -> *const Call<'a, OP, R> {
            self.0
        }
    }

    registry.check_process();
    assert!(
        !registry.is_closed(),
        "the pool was shut down: it has no workers to broadcast to"
    );
    let count = registry.max_threads();
    let call = Call {
        op: &op,
        results: (0..count).map(|_| Mutex::new(None)).collect(),
        pending: CountLatch::new(count),
    };
    region::check_cancelled();
    let flag = CancelRef::current().of_jobs();
    let guard = AbortOnDrop("a broadcast must wait for its workers");
    post_to_all(registry, |count| {
        let pointer = CallPtr(&raw const call);
        // SAFETY: `call` stays in this frame until every letter has counted itself out.
        unsafe {
            HeapJob::new_ref(move |index| {
                // SAFETY: as above.
                let call = &*pointer.get();
                // SAFETY: job.J3: the flag outlives the caller, who waits for this letter; the
                // share is what the thread is under already.
                let under = origin::enter_flag(flag);
                let result = unwind::catch(|| (call.op)(BroadcastContext::new(index, count)));
                drop(under);
                *lock(&call.results[index as usize]) = Some(result);
                // SAFETY: the last access.
                CountLatch::decrement(&raw const call.pending);
            })
        }
    });
    match seat::current() {
        Some(me) => wait::until(me, registry, call.pending.done()),
        None => call.pending.done().wait(Parker::current()),
    }
    guard.disarm();
    let mut panic = None;
    let mut values = Vec::with_capacity(count);
    for result in call.results {
        match result
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .expect("every worker has counted itself out")
        {
            Ok(value) => values.push(value),
            Err(payload) => match panic {
                None => panic = Some(payload),
                Some(_) => unwind::discard(payload),
            },
        }
    }
    match panic {
        None => values,
        Some(payload) => unwind::resume(payload),
    }
}

/// As [`broadcast`], but does not wait, and so cannot borrow. A panic goes to the pool's panic
/// handler.
///
/// ```
/// use std::sync::mpsc;
/// let pool = manyhands::Pool::builder().num_threads(2).build().unwrap();
/// let (sender, receiver) = mpsc::channel();
/// pool.spawn_broadcast(move |context| sender.send(context.index()).unwrap());
/// let mut indexes: Vec<_> = receiver.iter().collect();
/// indexes.sort();
/// assert_eq!(indexes, [0, 1]);
/// ```
pub fn spawn_broadcast<OP>(op: OP)
where
    OP: Fn(BroadcastContext<'_>) + Send + Sync + 'static,
{
    spawn_broadcast_on(&current_registry(), op);
}

pub(crate) fn spawn_broadcast_on<OP>(registry: &Arc<Registry>, op: OP)
where
    OP: Fn(BroadcastContext<'_>) + Send + Sync + 'static,
{
    registry.check_process();
    let op = Arc::new(op);
    post_to_all(registry, |count| {
        let mut op = Some(Arc::clone(&op));
        let home = Arc::clone(registry);
        // SAFETY: the closure borrows nothing.
        unsafe {
            HeapJob::new_ref(move |index| {
                // SAFETY: a detached job belongs to no computation: there is no flag that would
                // have to live. The share is what the thread is under already.
                let _under = origin::enter_flag(CancelRef::NONE);
                let op = op.take().expect("a job is run once");
                let result = unwind::catch(move || op(BroadcastContext::new(index, count)));
                if let Err(payload) = result {
                    home.report_panic(payload);
                }
            })
        }
    });
}
