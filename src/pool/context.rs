//! The tokio runtime in whose context the threads of a pool are (feature `tokio`).
//!
//! tokio finds its timers and sockets through a thread-local handle. A thread that runs jobs of a
//! pool keeps a guard of that handle: workers and spare threads for their life, blocking threads
//! likewise, guests while they have their seat. A thread that is in a context already stays in it.
//! Guards are dropped in reverse order (tokio's rule): they lie in stack frames.
//!
//! The runtime is the one given to the builder, which has threads of its own, else one that belongs
//! to the pool: then the pool's driver sleeps inside it (see `events`).

#[cfg(all(feature = "tokio", not(manyhands_model)))]
mod real {
    use tokio::runtime::{EnterGuard, Handle};

    #[derive(Debug, Default)]
    pub(crate) struct Context(Option<Handle>);

    impl Context {
        pub(crate) fn of(handle: Handle) -> Self {
            Self(Some(handle))
        }

        pub(in crate::pool) fn is_given(&self) -> bool {
            self.0.is_some()
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
}

/// Without the feature there is no context.
#[cfg(not(all(feature = "tokio", not(manyhands_model))))]
mod real {
    #[derive(Debug, Default)]
    pub(crate) struct Context(());

    impl Context {
        pub(in crate::pool) fn enter(&self) -> Option<()> {
            None
        }

        pub(in crate::pool) fn enter_for_good(&self) {}
    }
}

pub(crate) use self::real::Context;
