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
/// Each static is a [`LocalKey`], which says how to use it.
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

/// A task-local: a key to a value that belongs to a future and goes with it from thread to thread.
/// Made by [`task_local!`](crate::task_local).
///
/// [`scope`](Self::scope) gives a future its value. While that future is polled or dropped, the
/// value is there for all the code that it calls; outside of it there is none. Tasks that the
/// future spawns do not inherit it.
///
/// # Parallel loops
///
/// **Take the value out before a parallel loop, a `join` or a `scope`**: their closures may run on
/// any thread, and only the thread of the poll has the value. Which closures run elsewhere is
/// chance. To carry values along would cost every join something, even where no closure asks for
/// them.
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
/// A task that runs on top of this task's poll (in [`yield_now`](crate::yield_now()), say) does not
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

/// A thread's slot for the value of the future that it polls: part of what
/// [`task_local!`](crate::task_local) expands to.
#[doc(hidden)]
pub struct LocalSlot<T>(RefCell<Option<Bound<T>>>);

/// A value, and the task whose poll put it there. Only that task may see it.
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

    /// A future that runs `future` with `value` in place. `future` is also dropped with the value
    /// in place.
    ///
    /// # Panics
    ///
    /// A poll panics inside [`with`](Self::with) of the same key, which borrows the value.
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
    /// Panics where [`scope`](Self::scope) does, and if `f` does. After a panic of `f` the value is
    /// gone, like any other local.
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
    /// Panics where there is no value: outside [`scope`](Self::scope), or on a thread other than
    /// that of the poll.
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
    /// An error where [`with`](Self::with) panics.
    ///
    /// # Examples
    ///
    /// ```
    /// manyhands::task_local! { static NAME: String; }
    ///
    /// assert!(NAME.try_with(String::len).is_err());
    /// ```
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        // An ending thread has no values.
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
    /// Panics where [`with`](Self::with) does.
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

    /// A copy of the value, if there is one.
    ///
    /// # Errors
    ///
    /// An error where [`with`](Self::with) panics.
    ///
    /// # Examples
    ///
    /// ```
    /// manyhands::task_local! { static DEPTH: u32; }
    ///
    /// assert!(DEPTH.try_get().is_err());
    /// assert_eq!(DEPTH.sync_scope(3, || DEPTH.try_get()), Ok(3));
    /// ```
    pub fn try_get(&'static self) -> Result<T, AccessError>
    where
        T: Clone,
    {
        self.try_with(T::clone)
    }

    /// Calls `f` with `value` in place, and takes it back afterwards, even if `f` panics.
    #[track_caller]
    fn bind<R>(&'static self, value: &mut Option<T>, f: impl FnOnce() -> R) -> R {
        match self.try_bind(value, f) {
            Some(result) => result,
            None => panic!("a task-local cannot get a new value inside `with` of the old one"),
        }
    }

    /// Like [`bind`](Self::bind), but `None` if the thread's slot is borrowed, or the thread ends.
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

/// A guard that takes the value back, and puts the former one in its place, when a poll ends.
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
    /// The value, except while the future is polled: then it is in the thread's slot.
    value: Option<T>,
    /// The future, pinned. `None` once it has ended.
    future: Option<F>,
}

impl<T: 'static, F> TaskLocalFuture<T, F> {
    /// Takes the value out, if it was not taken before. The future then goes on without it.
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
        // only. `Drop` treats it in the same way, and `Unpin` is derived from the fields, the
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
    /// Panics if polled again after it was ready, and where [`LocalKey::scope`] says.
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
            // If the slot is borrowed or its thread ends, the future is dropped later, without the
            // value.
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

/// The error of [`LocalKey::try_with`]: there is no value.
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
