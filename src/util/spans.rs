//! Spans of `tracing` that follow work from thread to thread (feature `tracing`).
//!
//! A task runs inside a span of its own, whose parent is the span that was current at its spawn. A
//! join half takes the current span along when it becomes public, a job of a scope when it is
//! spawned. Private joins run where they are and need nothing. Without the feature, and under the
//! model checkers, nothing of this is compiled. With the feature, and without a subscriber, it
//! costs one load.

#[cfg(not(all(feature = "tracing", not(manyhands_model))))]
pub(crate) use self::off::Carried;
#[cfg(all(feature = "tracing", not(manyhands_model)))]
pub(crate) use self::on::Carried;

#[cfg(all(feature = "tracing", not(manyhands_model)))]
mod on {
    use std::fmt::Display;
    use tracing::{Level, Span, dispatcher};

    /// The span that a piece of work runs in.
    #[derive(Debug, Default)]
    pub(crate) struct Carried(Option<Span>);

    impl Carried {
        /// No span.
        #[inline]
        pub(crate) fn none() -> Self {
            Self(None)
        }

        /// The span of the calling thread.
        #[inline]
        pub(crate) fn current() -> Self {
            Self(dispatcher::has_been_set().then(Span::current))
        }

        /// A new span for a task. If no subscriber is interested in that, the span of the calling
        /// thread.
        #[inline]
        pub(crate) fn for_task(id: impl Display, name: Option<&str>, site: impl Display) -> Self {
            if !dispatcher::has_been_set() {
                return Self(None);
            }
            let span = tracing::span!(
                target: "manyhands",
                Level::TRACE,
                "task",
                id = %id,
                name,
                location = %site
            );
            Self(Some(if span.is_disabled() {
                Span::current()
            } else {
                span
            }))
        }

        #[inline]
        pub(crate) fn is_some(&self) -> bool {
            self.0.is_some()
        }

        /// Runs `f` inside the span.
        #[inline]
        pub(crate) fn run<R>(&self, f: impl FnOnce() -> R) -> R {
            match &self.0 {
                Some(span) => span.in_scope(f),
                None => f(),
            }
        }
    }
}

#[cfg(not(all(feature = "tracing", not(manyhands_model))))]
mod off {
    use std::fmt::Display;

    #[derive(Debug, Default)]
    pub(crate) struct Carried;

    impl Carried {
        #[inline(always)]
        pub(crate) fn none() -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn current() -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn for_task(_: impl Display, _: Option<&str>, _: impl Display) -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn is_some(&self) -> bool {
            false
        }

        #[inline(always)]
        pub(crate) fn run<R>(&self, f: impl FnOnce() -> R) -> R {
            f()
        }
    }
}
