//! The tokio runtime in whose context the threads of a pool are (feature `tokio`).
//!
//! tokio finds its timers and sockets through a thread-local handle. A thread that runs jobs of a
//! pool keeps a guard of that handle: workers and spare threads for their life, blocking threads
//! likewise, guests while they have their seat. A thread that is in a context already stays in it.
//! Guards are dropped in reverse order (tokio's rule): they lie in stack frames.
//!
//! The runtime is the one given to the builder, else one for the whole process with a thread of its
//! own, started with the first pool and never ended. Not one for each pool: a socket belongs to the
//! runtime in whose context it was made, and would fail on another pool once its own had ended.

#[cfg(all(feature = "tokio", not(any(manyhands_loom, manyhands_shuttle))))]
mod real {
    use crate::sync::{Mutex, lock};
    use crate::util::fork::Process;
    use std::future;
    use std::io;
    use std::thread;
    use tokio::runtime::{Builder, EnterGuard, Handle};

    #[derive(Debug, Default)]
    pub(in crate::pool) struct Context(Option<Handle>);

    impl Context {
        pub(in crate::pool) fn of(handle: Handle) -> Self {
            Self(Some(handle))
        }

        /// The given one, else the shared one.
        pub(in crate::pool) fn or_shared(self) -> io::Result<Self> {
            match self {
                Self(Some(handle)) => Ok(Self::of(handle)),
                Self(None) => shared().map(Self::of),
            }
        }

        /// To be kept in a frame that is left after all that runs in the context.
        pub(in crate::pool) fn enter(&self) -> Option<EnterGuard<'_>> {
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

    /// The runtime of this process. (A forked child has no use for that of its parent.)
    fn shared() -> io::Result<Handle> {
        static SHARED: Mutex<Option<(Process, Handle)>> = Mutex::new(None);

        let mut shared = lock(&SHARED);
        if let Some((process, handle)) = &*shared {
            if process.is_current() {
                return Ok(handle.clone());
            }
        }
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        thread::Builder::new()
            .name("manyhands-tokio".to_owned())
            .spawn(move || runtime.block_on(future::pending::<()>()))?;
        *shared = Some((Process::current(), handle.clone()));
        Ok(handle)
    }
}

/// Without the feature there is no context.
#[cfg(not(all(feature = "tokio", not(any(manyhands_loom, manyhands_shuttle)))))]
mod real {
    #[derive(Debug, Default)]
    pub(in crate::pool) struct Context(());

    impl Context {
        pub(in crate::pool) fn or_shared(self) -> std::io::Result<Self> {
            Ok(self)
        }

        pub(in crate::pool) fn enter(&self) -> Option<()> {
            None
        }

        pub(in crate::pool) fn enter_for_good(&self) {}
    }
}

pub(super) use self::real::Context;
