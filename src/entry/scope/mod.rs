//! Scopes: any number of jobs that may borrow from the frame that waits for them.
//!
//! A scope counts its pending jobs in a [`CountLatch`]; the thread that opened it waits until the
//! count is zero before it returns, whatever happens. Jobs live in boxes and go to the public
//! deque of the seat that spawns them, so every one of them is stealable at once.
//!
//! Invariant: a `&Scope<'scope>` in a job is valid while the job is counted, because the opener's
//! frame, which holds the scope, is not left before the count is zero.

mod fifo;

pub use self::fifo::{ScopeFifo, in_place_scope_fifo, scope_fifo};
pub(crate) use self::fifo::{in_place_scope_fifo_on, scope_fifo_on};

use crate::entry::broadcast::BroadcastContext;
use crate::entry::current::current_registry;
use crate::job::heap::HeapJob;
use crate::job::origin::{self, Ambient};
use crate::job::share::ShareRef;
use crate::job::{JobRef, SeatIndex};
use crate::latch::CountLatch;
use crate::pool::{Occupant, Registry, guest, publish, region, seat, wait};
use crate::sync::atomic::{AtomicPtr, Ordering};
use crate::util::parker::Parker;
use crate::util::spans::Carried;
use crate::util::unwind::{self, AbortOnDrop, Payload};
use std::fmt;
use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;

/// A scope in which jobs can be spawned; see [`scope`].
pub struct Scope<'scope> {
    base: Base<'scope>,
}

/// What both kinds of scope are made of.
pub(crate) struct Base<'scope> {
    registry: Arc<Registry>,
    pending: CountLatch,
    /// The first panic, boxed once more so that it is one pointer.
    panic: AtomicPtr<Payload>,
    /// What the jobs run under: what the thread that opened the scope was under.
    ambient: Ambient,
    /// `'scope` must not shrink or grow: jobs borrow for exactly as long.
    _marker: PhantomData<fn(&'scope ()) -> &'scope ()>,
}

/// A pointer to a scope, sent along with its jobs.
struct ScopePtr<T>(*const T);

// SAFETY: a scope is `Sync` (its fields are), and the pointer is valid while a job is counted.
unsafe impl<T: Sync> Send for ScopePtr<T> {}
// SAFETY: as for `Send`.
unsafe impl<T: Sync> Sync for ScopePtr<T> {}

impl<T> Clone for ScopePtr<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ScopePtr<T> {}

impl<T> ScopePtr<T> {
    /// # Safety
    ///
    /// The caller is, or is called by, a job that the scope counts.
    unsafe fn get<'a>(self) -> &'a T {
        // SAFETY: the module's invariant.
        unsafe { &*self.0 }
    }
}

/// What becomes of a job that has not begun, if its region is to be left.
#[derive(Clone, Copy)]
enum IfCut {
    /// It never begins.
    Skip,
    /// It runs: it does work of the scope itself.
    Run,
}

impl<'scope> Base<'scope> {
    fn new(registry: Arc<Registry>) -> Self {
        region::check_cancelled();
        Self {
            registry,
            pending: CountLatch::new(1),
            panic: AtomicPtr::new(ptr::null_mut()),
            ambient: Ambient::here(),
            _marker: PhantomData,
        }
    }

    /// A counted job that runs `body` with a pointer to `owner`, the scope around this base.
    fn job<T: Sync + 'scope>(
        &self,
        owner: &T,
        body: impl FnOnce(&T, SeatIndex) + Send + 'scope,
        if_cut: IfCut,
    ) -> JobRef {
        let owner = ScopePtr(ptr::from_ref(owner));
        let base = ScopePtr(ptr::from_ref(self));
        self.pending.increment();
        // SAFETY: what `body` borrows is valid for `'scope`, which the scope outlives: its end
        // waits for this job, which counts itself out in `run`.
        unsafe {
            let span = Carried::current();
            HeapJob::new_ref(move |index| {
                // SAFETY: this job is counted until `run` ends.
                let (owner, base) = (owner.get(), base.get());
                base.run(if_cut, move || span.run(|| body(owner, index)));
            })
        }
    }

    /// Runs one counted job, and counts it out as the last access to the scope.
    fn run(&self, if_cut: IfCut, body: impl FnOnce()) {
        // Another thread than those that work under this share already?
        let share = self.ambient.share();
        let joins_in = ShareRef::current() != share;
        if joins_in {
            share.take();
        }
        // SAFETY: job.J3: what the scope was opened under lives as long as the scope, which waits
        // for this job.
        let under = unsafe { self.ambient.enter() };
        let result = match if_cut {
            IfCut::Skip => origin::run_or_skip(body),
            IfCut::Run => unwind::catch(body),
        };
        if let Err(payload) = result {
            self.keep_panic(payload);
        }
        drop(under);
        if joins_in {
            share.give();
        }
        // SAFETY: we are counted, so the scope is alive until this says done, and is not used
        // after.
        unsafe { CountLatch::decrement(&raw const self.pending) };
    }

    /// Remembers the first panic.
    fn keep_panic(&self, payload: Payload) {
        // Ordering: Relaxed to look: whoever finds a panic there only throws its own away.
        if self.panic.load(Ordering::Relaxed).is_null() {
            let boxed = Box::into_raw(Box::new(payload));
            // Ordering: Release pairs with the Acquire in `take_panic`: the payload is written.
            if self
                .panic
                .compare_exchange(ptr::null_mut(), boxed, Ordering::Release, Ordering::Relaxed)
                .is_ok()
            {
                return;
            }
            // SAFETY: it came from `Box::into_raw` above and was not handed over.
            unwind::discard(*unsafe { Box::from_raw(boxed) });
        } else {
            unwind::discard(payload);
        }
    }

    fn take_panic(&self) -> Option<Payload> {
        // Ordering: Acquire pairs with the Release in `keep_panic`.
        let boxed = self.panic.swap(ptr::null_mut(), Ordering::Acquire);
        // SAFETY: it came from `Box::into_raw` in `keep_panic`, and the swap gave it to us.
        (!boxed.is_null()).then(|| *unsafe { Box::from_raw(boxed) })
    }

    /// Runs the body on this thread, waits for all jobs, and returns the result or re-raises the
    /// body's panic, else the first one of the jobs.
    fn complete<T, R>(&self, owner: &T, me: Option<Occupant<'_>>, body: impl FnOnce(&T) -> R) -> R {
        let base = me.map_or(0, |me| {
            // Halves of joins around this scope would be exposed later, above the base, and be
            // taken for its jobs by the wait.
            publish::expose_all(me);
            me.slots().back()
        });
        let result = unwind::catch(|| body(owner));
        let guard = AbortOnDrop("a scope must wait for its jobs");
        // SAFETY: the scope lives in a frame above this one.
        unsafe { CountLatch::decrement(&raw const self.pending) };
        let done = self.pending.done();
        match me {
            Some(me) => wait::for_scope(me, base, done),
            // No seat on this pool; perhaps one on another, whose core is lent.
            None => match seat::current() {
                Some(me) => wait::until(me, done),
                None => done.wait(Parker::current()),
            },
        }
        guard.disarm();
        let panic = self.take_panic();
        match result {
            Err(payload) => {
                panic.into_iter().for_each(unwind::discard);
                unwind::resume(payload)
            }
            Ok(value) => match panic {
                None => value,
                Some(payload) => {
                    if let Err(second) = unwind::catch_drop(value) {
                        unwind::discard(second);
                    }
                    unwind::resume(payload)
                }
            },
        }
    }

    /// Makes a job public: on this thread's seat if it has one on the scope's pool.
    fn push(&self, job: JobRef) {
        match seat::current() {
            Some(me) if self.registry.owns(&me) => publish::push_scope_job(me, job),
            _ => publish::inject_root(&self.registry, job),
        }
    }
}

/// Opens a scope: jobs spawned in it may borrow from outside of it, and are all done when this
/// function returns.
///
/// `op` runs on this thread if it works for a pool or finds a guest seat of the default pool, else
/// on a worker; there, too, if the builder of the default pool has set the
/// [`stack_size`](crate::PoolBuilder::stack_size). Jobs run in any order on any thread; on one
/// thread, a scope runs its newest job first ([`scope_fifo`] the oldest).
///
/// # Waiting
///
/// When `op` has returned, this thread runs jobs of the scope that it spawned itself, then sleeps
/// until the others are done, and lends its core meanwhile. Unlike rayon it never runs a job from
/// outside the scope.
///
/// # Panics
///
/// All jobs run, whatever panics. Afterwards `scope` panics with the payload of `op`, or else of
/// the first job that panicked; the rest are dropped.
///
/// # Cost
///
/// One allocation per spawned job, none for the scope.
///
/// ```
/// let mut parts = [0; 4];
/// manyhands::scope(|s| {
///     for (i, part) in parts.iter_mut().enumerate() {
///         s.spawn(move |_| *part = i * i);
///     }
/// });
/// assert_eq!(parts, [0, 1, 4, 9]);
/// ```
pub fn scope<'scope, OP, R>(op: OP) -> R
where
    OP: FnOnce(&Scope<'scope>) -> R + Send,
    R: Send,
{
    scope_on(&current_registry(), op)
}

pub(crate) fn scope_on<'scope, OP, R>(registry: &Arc<Registry>, op: OP) -> R
where
    OP: FnOnce(&Scope<'scope>) -> R + Send,
    R: Send,
{
    guest::on_seat(registry, |me, _| {
        let scope = Scope::new(me.counted_registry());
        scope.base.complete(&scope, Some(me), op)
    })
}

/// As [`scope`], but `op` always runs on this thread and its stack, and need not be `Send`.
///
/// If all guest seats of the pool are taken, or it has none, this thread only waits for the jobs,
/// and the pool's workers run them.
///
/// `op` may block until one of its jobs has run, if the calling thread is none of the pool's: the
/// workers go on meanwhile.
///
/// ```
/// use std::rc::Rc;
/// let not_send = Rc::new(5);
/// let mut doubled = 0;
/// manyhands::in_place_scope(|s| {
///     let value = *not_send;
///     let doubled = &mut doubled;
///     s.spawn(move |_| *doubled = 2 * value);
/// });
/// assert_eq!(doubled, 10);
/// ```
pub fn in_place_scope<'scope, OP, R>(op: OP) -> R
where
    OP: FnOnce(&Scope<'scope>) -> R,
{
    in_place_scope_on(&current_registry(), op)
}

pub(crate) fn in_place_scope_on<'scope, OP, R>(registry: &Arc<Registry>, op: OP) -> R
where
    OP: FnOnce(&Scope<'scope>) -> R,
{
    guest::in_place(registry, |me| {
        let scope = Scope::new(Arc::clone(registry));
        let body = |scope: &_| guest::body_of_scope(me, || op(scope));
        scope.base.complete(&scope, me, body)
    })
}

impl<'scope> Scope<'scope> {
    fn new(registry: Arc<Registry>) -> Self {
        Self {
            base: Base::new(registry),
        }
    }

    /// Spawns a job, which may borrow whatever outlives the scope, and may spawn further jobs.
    ///
    /// Can be called from any thread while the scope is open.
    ///
    /// ```
    /// let (mut left, mut right) = (0, 0);
    /// manyhands::scope(|s| {
    ///     s.spawn(|s| {
    ///         s.spawn(|_| right = 2);
    ///         left = 1;
    ///     });
    /// });
    /// assert_eq!((left, right), (1, 2));
    /// ```
    pub fn spawn<BODY>(&self, body: BODY)
    where
        BODY: FnOnce(&Scope<'scope>) + Send + 'scope,
    {
        let job = self
            .base
            .job(self, |scope: &Self, _| body(scope), IfCut::Skip);
        self.base.push(job);
    }

    /// Runs `body` once on every worker of the scope's pool; see [`broadcast`](crate::broadcast()).
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// let calls = AtomicUsize::new(0);
    /// let pool = manyhands::Pool::builder().num_threads(3).build().unwrap();
    /// pool.scope(|s| {
    ///     s.spawn_broadcast(|_, _| {
    ///         calls.fetch_add(1, Ordering::Relaxed);
    ///     });
    /// });
    /// assert_eq!(calls.load(Ordering::Relaxed), 3);
    /// ```
    pub fn spawn_broadcast<BODY>(&self, body: BODY)
    where
        BODY: Fn(&Scope<'scope>, BroadcastContext<'_>) + Send + Sync + 'scope,
    {
        self.base.spawn_broadcast(self, body);
    }
}

impl<'scope> Base<'scope> {
    fn spawn_broadcast<T, BODY>(&self, owner: &T, body: BODY)
    where
        T: Sync + 'scope,
        BODY: Fn(&T, BroadcastContext<'_>) + Send + Sync + 'scope,
    {
        let body = Arc::new(body);
        publish::post_to_all(&self.registry, |count| {
            let body = Arc::clone(&body);
            let body = move |owner: &T, index| {
                // The last clone is dropped while this job is still counted.
                let body = body;
                body(owner, BroadcastContext::new(index, count));
            };
            self.job(owner, body, IfCut::Skip)
        });
    }
}

impl fmt::Debug for Base<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(f)
    }
}
