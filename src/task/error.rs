//! Why a task has no output.

use super::Id;
use crate::util::unwind::Payload;
use std::fmt;
use std::io;

/// A task ended without an output: it panicked, or it was cancelled.
///
/// # Examples
///
/// ```
/// let task = manyhands::spawn(async { panic!("out of tea") });
/// let error: manyhands::JoinError = manyhands::block_on(task).map(|()| ()).unwrap_err();
/// assert!(error.is_panic());
/// assert!(error.to_string().contains("out of tea"));
/// ```
///
/// Shown are the first 1000 bytes of a panic's message: a task that panics with the error of
/// another one quotes it, and so does the next. The payload has all of it
/// ([`into_panic`](Self::into_panic)).
pub struct JoinError {
    id: Id,
    cause: Cause,
}

enum Cause {
    Cancelled,
    Panicked(Carried),
}

/// The payload of a panic. It is `Send` only, while the error is to be `Sync`, too.
struct Carried(Payload);

// SAFETY: a shared `Carried` gives access to `message` only. That looks at the type and reads
// nothing but `&'static str` and `String`, both `Sync`.
unsafe impl Sync for Carried {}

impl Carried {
    fn message(&self) -> Option<Beginning<'_>> {
        let text = self.0.downcast_ref::<&'static str>().copied();
        text.or_else(|| self.0.downcast_ref::<String>().map(String::as_str))
            .map(Beginning)
    }
}

/// A text of which at most [`SHOWN`] bytes are shown.
struct Beginning<'a>(&'a str);

/// See [`JoinError`].
const SHOWN: usize = 1000;

impl Beginning<'_> {
    /// What is shown, and how many bytes are not.
    fn parts(&self) -> (&str, usize) {
        let mut end = SHOWN.min(self.0.len());
        while !self.0.is_char_boundary(end) {
            end -= 1;
        }
        (&self.0[..end], self.0.len() - end)
    }
}

impl fmt::Display for Beginning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (shown, 0) => f.write_str(shown),
            (shown, rest) => write!(f, "{shown}... ({rest} bytes more)"),
        }
    }
}

impl fmt::Debug for Beginning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (shown, 0) => write!(f, "{shown:?}"),
            (shown, rest) => write!(f, "{shown:?}... ({rest} bytes more)"),
        }
    }
}

impl JoinError {
    pub(super) fn cancelled(id: Id) -> Self {
        Self {
            id,
            cause: Cause::Cancelled,
        }
    }

    pub(super) fn panicked(id: Id, payload: Payload) -> Self {
        Self {
            id,
            cause: Cause::Panicked(Carried(payload)),
        }
    }

    /// Was the task cancelled: aborted by a handle, or left unfinished when its pool closed?
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.cause, Cause::Cancelled)
    }

    /// Did the task panic?
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.cause, Cause::Panicked(_))
    }

    /// The payload of the task's panic, to be passed to [`std::panic::resume_unwind`] or to be
    /// downcast.
    ///
    /// # Panics
    ///
    /// If the task did not panic. See [`try_into_panic`](Self::try_into_panic).
    ///
    /// # Examples
    ///
    /// ```
    /// let task = manyhands::spawn(async { std::panic::panic_any(7_u8) });
    /// let error = manyhands::block_on(task).map(|()| ()).unwrap_err();
    /// assert_eq!(*error.into_panic().downcast::<u8>().unwrap(), 7);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn std::any::Any + Send + 'static> {
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(error) => panic!(
                "into_panic was called on the error of a task that did not panic ({error}): check is_panic first"
            ),
        }
    }

    /// The payload of the task's panic, or this error again if the task did not panic.
    ///
    /// # Errors
    ///
    /// Returns `self` if the task was cancelled.
    pub fn try_into_panic(self) -> Result<Box<dyn std::any::Any + Send + 'static>, Self> {
        match self.cause {
            Cause::Panicked(Carried(payload)) => Ok(payload),
            Cause::Cancelled => Err(self),
        }
    }

    /// The id of the task that ended with this error.
    #[must_use]
    pub fn id(&self) -> Id {
        self.id
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Cancelled => write!(f, "task {} was cancelled", self.id),
            Cause::Panicked(payload) => match payload.message() {
                Some(message) => write!(f, "task {} panicked: {message}", self.id),
                None => write!(f, "task {} panicked", self.id),
            },
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("JoinError");
        out.field("id", &self.id);
        match &self.cause {
            Cause::Cancelled => out.field("cause", &"cancelled"),
            Cause::Panicked(payload) => out
                .field("cause", &"panic")
                .field("message", &payload.message()),
        };
        out.finish()
    }
}

impl std::error::Error for JoinError {}

/// For `?` in functions that return an [`io::Error`]: one of the kind
/// [`Other`](io::ErrorKind::Other), with the [`JoinError`] inside.
///
/// ```
/// fn read() -> std::io::Result<String> {
///     let text = manyhands::spawn_blocking(|| std::fs::read_to_string("Cargo.toml"));
///     text.join()?
/// }
/// assert!(read().unwrap().contains("manyhands"));
/// ```
impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        Self::other(error)
    }
}
