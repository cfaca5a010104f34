//! Panics: carried from where they happen to the thread that waits, or reported, but never lost in
//! silence.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

/// The payload of a panic.
pub(crate) type Payload = Box<dyn Any + Send + 'static>;

/// Runs `f` and catches its panic. Unwind safety is the caller's promise: it either re-raises the
/// payload where its data goes out of scope, or hands it to the user with the data gone.
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    panic::catch_unwind(AssertUnwindSafe(f))
}

/// Drops `value`; a panic inside its destructor is returned, not propagated.
pub(crate) fn catch_drop<T>(value: T) -> Result<(), Payload> {
    catch(move || drop(value))
}

/// Continues a caught panic.
pub(crate) fn resume(payload: Payload) -> ! {
    panic::resume_unwind(payload)
}

/// Throws a payload away, even one whose own destructor panics.
pub(crate) fn discard(payload: Payload) {
    if let Err(second) = catch_drop(payload) {
        // A destructor that panics with a payload whose destructor panics: leaking ends the chain.
        std::mem::forget(second);
    }
}

/// A guard that aborts the process when dropped, for a window in which unwinding would free memory
/// that another thread still uses. Only a bug of this crate can cause that.
#[derive(Debug)]
pub(crate) struct AbortOnDrop(pub(crate) &'static str);

impl AbortOnDrop {
    /// Ends the window: the process goes on.
    pub(crate) fn disarm(self) {
        std::mem::forget(self);
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        eprintln!(
            "manyhands: internal error: a panic crossed a protected window ({}); aborting",
            self.0
        );
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::{catch, catch_drop, discard};

    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any("bomb");
        }
    }

    #[test]
    fn a_payload_that_panics_in_its_drop_is_contained() {
        let payload = catch(|| std::panic::panic_any(Bomb)).unwrap_err();
        discard(payload);
        assert!(catch_drop(Bomb).is_err());
    }
}
