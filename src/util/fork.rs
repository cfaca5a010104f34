//! Processes, told apart across `fork`: was something made in this process?
//!
//! A child of `fork` has the memory of its parent, but only one thread. A pool that was made before
//! has no threads there, and its locks and counters may be in the middle of something. So a pool
//! remembers in which process it was made. It does so not by the process's number, which takes a
//! system call, but by the number of forks before it.

#[cfg(all(unix, not(manyhands_model)))]
mod hook {
    use std::ffi::c_int;
    use std::sync::Once;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// The number of forks between the first process with a pool and this one.
    static FORKS: AtomicU32 = AtomicU32::new(0);

    type Hook = extern "C" fn();

    unsafe extern "C" {
        fn pthread_atfork(
            prepare: Option<Hook>,
            parent: Option<Hook>,
            child: Option<Hook>,
        ) -> c_int;
    }

    extern "C" fn in_the_child() {
        // Ordering: Relaxed; there is no other thread yet.
        FORKS.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn generation() -> u32 {
        static HOOKED: Once = Once::new();
        HOOKED.call_once(|| {
            // SAFETY: the hook is a function of this program that does one atomic addition, which
            // is allowed in a child with a single thread. If there is no memory for the list of
            // hooks, forks go unnoticed, and nothing else happens.
            unsafe { pthread_atfork(None, None, Some(in_the_child)) };
        });
        now()
    }

    #[inline]
    pub(crate) fn now() -> u32 {
        // Ordering: Relaxed; the number changes between two processes, never between two threads.
        FORKS.load(Ordering::Relaxed)
    }
}

/// On this system processes cannot be told apart.
#[cfg(not(all(unix, not(manyhands_model))))]
mod hook {
    pub(crate) fn generation() -> u32 {
        0
    }

    #[inline]
    pub(crate) fn now() -> u32 {
        0
    }
}

/// The process in which something was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process(u32);

impl Process {
    /// The present process. Forks are noticed from the first call on.
    pub(crate) fn current() -> Self {
        Self(hook::generation())
    }

    /// Is this the present process? Costs one load.
    #[inline]
    pub(crate) fn is_current(self) -> bool {
        self.0 == hook::now()
    }
}
