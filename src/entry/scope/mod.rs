//! Scopes: any number of jobs that may borrow from the frame that waits for them.
//!
//! A scope counts its pending jobs in a [`Pending`]; the thread that opened it waits until the
//! count is zero before it returns, whatever happens. Jobs live in blocks of memory that seats keep
//! ([`job::blocks`](crate::job::blocks)), and go to the public deque of the seat that spawns them,
//! so every one of them is stealable at once.
//!
//! Invariant: a `&Scope<'scope>` in a job is valid while the job is counted, because the opener's
//! frame, which holds the scope, is not left before the count is zero.

mod fifo;
mod pending;
#[cfg(all(test, manyhands_loom))]
mod tests;

pub use self::fifo::{ScopeFifo, in_place_scope_fifo, scope_fifo};
pub(crate) use self::fifo::{in_place_scope_fifo_on, scope_fifo_on};
use self::pending::{Pending, Place};

use crate::entry::broadcast::BroadcastContext;
use crate::entry::current::current_registry;
use crate::job::cancel::Cancelled;
use crate::job::heap::HeapJob;
use crate::job::origin::{self, Ambient, Under};
use crate::job::share::ShareRef;
use crate::job::{JobRef, SeatIndex};
use crate::pool::{Occupant, Registry, guest, publish, region, seat, wait};
use crate::sync::atomic::{AtomicPtr, Ordering};
use crate::util::parker::Parker;
use crate::util::spans::Carried;
use crate::util::unwind::{self, AbortOnDrop, Payload};
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::Arc;

/// A scope in which jobs can be spawned; see [`scope`].
pub struct Scope<'scope> {
    base: Base<'scope>,
}

/// What both kinds of scope are made of.
pub(crate) struct Base<'scope> {
    registry: Arc<Registry>,
    pending: Pending,
    /// Where the body of the scope is counted.
    body: Place,
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

/// A scope of either kind, as its jobs know it.
trait Owner<'scope>: Sync + 'scope {
    fn base(&self) -> &Base<'scope>;
}

impl<'scope> Owner<'scope> for Scope<'scope> {
    #[inline]
    fn base(&self) -> &Base<'scope> {
        &self.base
    }
}

/// A job runs on a thread that did not work under what the scope was opened under.
struct Visit {
    _under: Under,
    /// The thread has taken a token for the job.
    joins_in: bool,
    /// The job's region is to be left: a job that has not begun never begins.
    is_cut: bool,
}

impl<'scope> Base<'scope> {
    fn new(registry: Arc<Registry>) -> Self {
        region::check_cancelled();
        let (pending, body) = Pending::new(seat::current());
        Self {
            registry,
            pending,
            body,
            panic: AtomicPtr::new(ptr::null_mut()),
            ambient: Ambient::here(),
            _marker: PhantomData,
        }
    }

    /// A counted job that runs `body` with the scope.
    fn job<T: Owner<'scope>>(
        owner: &T,
        me: Option<Occupant<'_>>,
        body: impl FnOnce(&T, SeatIndex) + Send + 'scope,
    ) -> JobRef {
        let place = owner.base().pending.count_in(me);
        let span = Carried::current();
        let owner = ScopePtr(ptr::from_ref(owner));
        let mut body = ManuallyDrop::new(body);
        // SAFETY: what `body` borrows is valid for `'scope`, which the scope outlives: its end
        // waits for this job, which is counted until `count_out`.
        unsafe {
            HeapJob::new_ref(move |index| {
                // SAFETY: this job is counted.
                let scope = owner.get();
                let held = scope.base().pending.hold(seat::current());
                scope.base().run(|is_cut| {
                    // SAFETY: a job is run once.
                    let body = ManuallyDrop::take(&mut body);
                    match is_cut {
                        true => drop(body),
                        false => span.run(|| body(scope, index)),
                    }
                });
                // SAFETY: as above, and this is the last access.
                Pending::count_out(&raw const scope.base().pending, place, held);
            })
        }
    }

    /// Runs a counted job under what the scope was opened under, and remembers its panic. `job` is
    /// called once; it is told whether its region is to be left: then the body never begins.
    #[inline]
    fn run(&self, mut job: impl FnMut(bool)) {
        let visit = match self.ambient.is_here() {
            true => None,
            false => Some(self.visit()),
        };
        let is_cut = visit.as_ref().is_some_and(|visit| visit.is_cut);
        let result = unwind::catch(|| job(is_cut));
        if visit.is_some() || result.is_err() {
            self.end(visit, result);
        }
    }

    /// The calling thread works under what the scope was opened under, and perhaps joins those who
    /// work under its share.
    #[cold]
    fn visit(&self) -> Visit {
        let share = self.ambient.share();
        let joins_in = ShareRef::current() != share;
        if joins_in {
            share.take();
        }
        Visit {
            // SAFETY: job.J3: what the scope was opened under lives as long as the scope, which
            // waits for this job.
            _under: unsafe { self.ambient.enter() },
            joins_in,
            is_cut: origin::is_cut(),
        }
    }

    /// The end of a job that was a visit, or has panicked.
    #[cold]
    fn end(&self, visit: Option<Visit>, result: Result<(), Payload>) {
        let joins_in = visit.as_ref().is_some_and(|visit| visit.joins_in);
        let is_cut = visit.as_ref().is_some_and(|visit| visit.is_cut);
        match result {
            Err(payload) => self.keep_panic(payload),
            Ok(()) if is_cut => self.keep_panic(Box::new(Cancelled)),
            Ok(()) => {}
        }
        drop(visit);
        if joins_in {
            self.ambient.share().give();
        }
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
        let held = self.pending.hold(seat::current());
        let result = unwind::catch(|| body(owner));
        let guard = AbortOnDrop("a scope must wait for its jobs");
        let done = self.pending.done();
        match me {
            Some(me) => {
                wait::run_above(me, base);
                // SAFETY: the scope lives in a frame above this one.
                unsafe { Pending::count_out(&self.pending, self.body, held) };
                wait::for_scope(me, done, || {
                    let held = self.pending.hold(Some(me));
                    wait::run_above(me, base);
                    self.pending.release(held);
                });
            }
            None => {
                // SAFETY: as above.
                unsafe { Pending::count_out(&self.pending, self.body, held) };
                // No seat on this pool; perhaps one on another, whose core is lent.
                match seat::current() {
                    Some(me) => wait::elsewhere(me, done),
                    None => done.wait(Parker::current()),
                }
            }
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
    fn push(&self, me: Option<Occupant<'_>>, job: JobRef) {
        match me {
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
/// A spawned job needs a block of memory, which a thread of the pool usually has left from a former
/// one; else, or if the job takes more than 120 bytes, it is allocated. None for the scope.
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
        let me = seat::current();
        let job = Base::job(self, me, |scope: &Self, _| body(scope));
        self.base.push(me, job);
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
        Base::spawn_broadcast(self, body);
    }
}

impl<'scope> Base<'scope> {
    fn spawn_broadcast<T, BODY>(owner: &T, body: BODY)
    where
        T: Owner<'scope>,
        BODY: Fn(&T, BroadcastContext<'_>) + Send + Sync + 'scope,
    {
        let body = Arc::new(body);
        publish::post_to_all(&owner.base().registry, |count| {
            let body = Arc::clone(&body);
            let body = move |owner: &T, index| {
                // The last clone is dropped while this job is still counted.
                let body = body;
                body(owner, BroadcastContext::new(index, count));
            };
            Self::job(owner, seat::current(), body)
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
