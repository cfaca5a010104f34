//! Values that belong to a future, wherever it is polled.

use super::current::try_id;
use super::id::Id;
use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

/// Declares task-locals: statics whose value belongs to a future.
///
/// ```
/// manyhands::task_local! {
///     /// Which request a line of the log is about.
///     pub static REQUEST: u64;
///     static USER: String;
/// }
/// # assert!(REQUEST.try_with(|_| ()).is_err() && USER.try_with(|_| ()).is_err());
/// ```
///
/// Each is a [`LocalKey`], where the rest is told.
#[macro_export]
macro_rules! task_local {
    ($($(#[$meta:meta])* $visible:vis static $name:ident: $type:ty);* $(;)?) => {
        $($(#[$meta])* $visible static $name: $crate::task::LocalKey<$type> = {
            ::std::thread_local! {
                static SLOT: $crate::task::LocalSlot<$type> =
                    const { $crate::task::LocalSlot::empty() };
            }
            $crate::task::LocalKey::new(&SLOT)
        };)*
    };
}

/// A task-local: a value that belongs to a future and goes with it from thread to thread. Made by
/// [`task_local!`](crate::task_local).
///
/// [`scope`](Self::scope) gives a future its value. While that future is polled or dropped, the
/// value is there for all the code that it calls; outside of it there is none. Tasks that the future
/// spawns do not inherit it.
///
/// # Parallel loops
///
/// **Take the value out before a parallel loop, a `join` or a `scope`**: their closures may run on
/// any thread, and on another thread than that of the poll there is no value. Which closures these
/// are is chance. Carrying values along would cost every join something, whether or not anybody
/// asks for them.
///
/// ```
/// use manyhands::prelude::*;
/// manyhands::task_local! { static FACTOR: u64; }
///
/// let task = manyhands::spawn(FACTOR.scope(3, async {
///     let factor = FACTOR.get();
///     (1..=100_u64).into_par_iter().map(|n| n * factor).sum::<u64>()
/// }));
/// assert_eq!(task.join().unwrap(), 15_150);
/// ```
///
/// A task that runs on top of this one's poll (in [`yield_now`](crate::yield_now()), say) does not
/// see its values.
///
/// # Examples
///
/// ```
/// manyhands::task_local! { static REQUEST: u64; }
///
/// async fn log(text: &str) -> String {
///     manyhands::task::yield_now().await; // perhaps on another thread afterwards
///     format!("[{}] {text}", REQUEST.get())
/// }
///
/// let lines = manyhands::block_on(async {
///     let tasks = [7, 8].map(|n| manyhands::spawn(REQUEST.scope(n, log("hello"))));
///     let mut lines = Vec::new();
///     for task in tasks {
///         lines.push(task.await.unwrap());
///     }
///     lines
/// });
/// assert_eq!(lines, ["[7] hello", "[8] hello"]);
/// assert!(REQUEST.try_with(|_| ()).is_err());
/// ```
pub struct LocalKey<T: 'static> {
    slot: &'static thread::LocalKey<LocalSlot<T>>,
}

/// Where a thread keeps the value of the future that it polls: part of what
/// [`task_local!`](crate::task_local) expands to.
#[doc(hidden)]
pub struct LocalSlot<T>(RefCell<Option<Bound<T>>>);

/// A value, and the task whose poll put it there, which alone may see it.
struct Bound<T> {
    value: T,
    task: Option<Id>,
}

impl<T> LocalSlot<T> {
    #[doc(hidden)]
    pub const fn empty() -> Self {
        Self(RefCell::new(None))
    }
}

impl<T: 'static> LocalKey<T> {
    #[doc(hidden)]
    pub const fn new(slot: &'static thread::LocalKey<LocalSlot<T>>) -> Self {
        Self { slot }
    }

    /// The future `future`, with this value inside. It is dropped with the value in place, too.
    ///
    /// # Panics
    ///
    /// Polling panics if it happens inside of [`with`](Self::with) of the same key, which borrows
    /// the value.
    ///
    /// # Examples
    ///
    /// ```
    /// manyhands::task_local! { static DEPTH: u32; }
    ///
    /// manyhands::block_on(DEPTH.scope(1, async {
    ///     let inner = DEPTH.scope(DEPTH.get() + 1, async { DEPTH.get() });
    ///     assert_eq!((inner.await, DEPTH.get()), (2, 1));
    /// }));
    /// ```
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture {
            key: self,
            value: Some(value),
            future: Some(future),
        }
    }

    /// Calls `f` with this value in place, for code that is not async.
    ///
    /// # Panics
    ///
    /// As [`scope`](Self::scope); and if `f` does, in which case the value is gone afterwards like
    /// any other local.
    ///
    /// # Examples
    ///
    /// ```
    /// manyhands::task_local! { static USER: &'static str; }
    ///
    /// assert_eq!(USER.sync_scope("ann", || USER.get()), "ann");
    /// ```
    #[track_caller]
    pub fn sync_scope<R>(&'static self, value: T, f: impl FnOnce() -> R) -> R {
        self.bind(&mut Some(value), f)
    }

    /// Calls `f` with the value.
    ///
    /// # Panics
    ///
    /// Where there is no value: outside of [`scope`](Self::scope), or on another thread than that
    /// of the poll.
    ///
    /// # Examples
    ///
    /// ```
    /// manyhands::task_local! { static NAME: String; }
    ///
    /// let length = NAME.scope("ann".to_owned(), async { NAME.with(|name| name.len()) });
    /// assert_eq!(manyhands::block_on(length), 3);
    /// ```
    #[track_caller]
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        match self.try_with(f) {
            Ok(result) => result,
            Err(error) => panic!("{error}"),
        }
    }

    /// Calls `f` with the value, if there is one.
    ///
    /// # Errors
    ///
    /// Where [`with`](Self::with) panics.
    ///
    /// # Examples
    ///
    /// ```
    /// manyhands::task_local! { static NAME: String; }
    ///
    /// assert!(NAME.try_with(String::len).is_err());
    /// ```
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        // A thread that ends has no values any more.
        let found = self.slot.try_with(|slot| {
            let bound = slot.0.try_borrow().ok()?;
            let bound = bound.as_ref().filter(|bound| bound.task == try_id())?;
            Some(f(&bound.value))
        });
        found.ok().flatten().ok_or(AccessError(()))
    }

    /// A copy of the value.
    ///
    /// # Panics
    ///
    /// As [`with`](Self::with).
    ///
    /// # Examples
    ///
    /// ```
    /// manyhands::task_local! { static DEPTH: u32; }
    ///
    /// assert_eq!(manyhands::block_on(DEPTH.scope(3, async { DEPTH.get() })), 3);
    /// ```
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// Calls `f` with `value` in place, and takes it back afterwards, also if `f` panics.
    #[track_caller]
    fn bind<R>(&'static self, value: &mut Option<T>, f: impl FnOnce() -> R) -> R {
        match self.try_bind(value, f) {
            Some(result) => result,
            None => panic!("a task-local cannot get a new value inside `with` of the old one"),
        }
    }

    /// The same, if the thread's slot can be had: it is not borrowed, and the thread does not end.
    fn try_bind<R>(&'static self, value: &mut Option<T>, f: impl FnOnce() -> R) -> Option<R> {
        let task = try_id();
        let place = |slot: &LocalSlot<T>| {
            let mut slot = slot.0.try_borrow_mut().ok()?;
            let ours = value.take().map(|value| Bound { value, task });
            Some(std::mem::replace(&mut *slot, ours))
        };
        let before = self.slot.try_with(place).ok().flatten()?;
        let _restore = Restore {
            key: self,
            value,
            before,
        };
        Some(f())
    }
}

/// Puts things back when a poll ends.
struct Restore<'a, T: 'static> {
    key: &'static LocalKey<T>,
    value: &'a mut Option<T>,
    before: Option<Bound<T>>,
}

impl<T: 'static> Drop for Restore<'_, T> {
    fn drop(&mut self) {
        let ours = self
            .key
            .slot
            .with(|slot| slot.0.replace(self.before.take()));
        *self.value = ours.map(|bound| bound.value);
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for LocalSlot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSlot").finish_non_exhaustive()
    }
}

/// A future with a value of its own. Made by [`LocalKey::scope`].
#[must_use = "futures do nothing until they are polled"]
pub struct TaskLocalFuture<T: 'static, F> {
    key: &'static LocalKey<T>,
    /// In the thread's slot instead while the future is polled.
    value: Option<T>,
    /// Pinned. `None` once it has ended.
    future: Option<F>,
}

impl<T: 'static, F> TaskLocalFuture<T, F> {
    /// Takes the value out, if it was not taken before: the future then goes on without.
    ///
    /// # Examples
    ///
    /// ```
    /// manyhands::task_local! { static STEPS: std::cell::Cell<u32>; }
    ///
    /// manyhands::block_on(async {
    ///     let mut counted = std::pin::pin!(STEPS.scope(0.into(), async {
    ///         STEPS.with(|steps| steps.set(3));
    ///     }));
    ///     counted.as_mut().await;
    ///     assert_eq!(counted.take_value().unwrap().get(), 3);
    /// });
    /// ```
    pub fn take_value(self: Pin<&mut Self>) -> Option<T> {
        self.parts().1.take()
    }

    /// The fields; only the future is pinned.
    fn parts(self: Pin<&mut Self>) -> (&'static LocalKey<T>, &mut Option<T>, Pin<&mut Option<F>>) {
        // SAFETY: the future is not moved out of the reference, which leaves this function pinned
        // only; `Drop` treats it in the same way, and `Unpin` is derived from the fields, the
        // future among them.
        unsafe {
            let this = self.get_unchecked_mut();
            (
                this.key,
                &mut this.value,
                Pin::new_unchecked(&mut this.future),
            )
        }
    }
}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    /// # Panics
    ///
    /// If polled again after it was ready; or as [`LocalKey::scope`] says.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let (key, value, mut future) = self.parts();
        key.bind(value, || {
            let Some(running) = future.as_mut().as_pin_mut() else {
                panic!("a `TaskLocalFuture` was polled after it had ended");
            };
            let polled = running.poll(context);
            if polled.is_ready() {
                future.set(None);
            }
            polled
        })
    }
}

impl<T: 'static, F> Drop for TaskLocalFuture<T, F> {
    fn drop(&mut self) {
        // SAFETY: the value is not moved until it is gone.
        let this = unsafe { Pin::new_unchecked(self) };
        let (key, value, mut future) = this.parts();
        if future.is_some() {
            // Where the slot cannot be had, the future is dropped later, without the value.
            let _ = key.try_bind(value, || future.set(None));
        }
    }
}

impl<T: fmt::Debug + 'static, F> fmt::Debug for TaskLocalFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocalFuture")
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

/// There is no value. Returned by [`LocalKey::try_with`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AccessError(());

impl fmt::Debug for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessError").finish()
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this task-local has no value here: it is there inside of `scope` only, and not on \
             other threads that help with a parallel loop",
        )
    }
}

impl Error for AccessError {}
