//! A pair of fences of which one costs nothing and the other a system call.
//!
//! Two threads that each store to one place and then load from another need a full fence on both
//! sides, if one of the two is to see the other's store. Here the thread that does it often calls
//! [`light`], which only keeps the compiler from exchanging the two. The thread that does it seldom
//! calls [`heavy`], which makes every running thread of the process execute a full fence. So each
//! light fence comes before or behind the heavy one, as if both were `fence(SeqCst)`.
//!
//! Linux has `membarrier` (4.14 and later), Windows `FlushProcessWriteBuffers`. Elsewhere, and
//! where a sandbox forbids the call, [`exists`] is false, and callers have to do without. Under a
//! model checker both are `fence(SeqCst)`, which is what they stand for.
//!
//! The idea is that of Dice, Huang and Yang ("Asymmetric Dekker Synchronization", 2001); folly and
//! the memory reclamation libraries of Linux use it in the same way.

/// The fence of the thread that passes often.
#[inline(always)]
pub(crate) fn light() {
    #[cfg(manyhands_model)]
    crate::sync::atomic::fence(crate::sync::atomic::Ordering::SeqCst);
    #[cfg(not(manyhands_model))]
    // Ordering: SeqCst for the compiler; pairs with the fence that `heavy` puts into this thread.
    std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
}

/// The fence of the thread that passes seldom: some microseconds. `false`: the system has refused,
/// and nothing is ordered.
#[must_use]
pub(crate) fn heavy() -> bool {
    #[cfg(manyhands_model)]
    {
        crate::sync::atomic::fence(crate::sync::atomic::Ordering::SeqCst);
        true
    }
    #[cfg(not(manyhands_model))]
    {
        crate::sim::point(crate::sim::Kind::HeavyFence);
        exists() && system::heavy()
    }
}

/// Registers the process with the system, which else the first call of [`exists`] does. On Linux
/// this takes a microsecond as long as the process has a single thread, and later some 10 ms: the
/// kernel waits until each core has seen it.
pub(crate) fn register() {
    let _ = exists();
}

/// Can [`heavy`] be relied on in this process? The answer never changes.
#[inline]
pub(crate) fn exists() -> bool {
    cfg!(manyhands_model) || system::exists()
}

#[cfg(all(target_os = "linux", not(miri), not(manyhands_model)))]
mod system {
    use crate::sync::OnceLock;

    /// The commands, from `linux/membarrier.h`.
    const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
    const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;

    fn membarrier(command: libc::c_int) -> bool {
        // SAFETY: the call reads its three arguments, which are integers, and no memory.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }

    pub(super) fn exists() -> bool {
        static REGISTERED: OnceLock<bool> = OnceLock::new();
        *REGISTERED.get_or_init(|| membarrier(REGISTER_PRIVATE_EXPEDITED))
    }

    pub(super) fn heavy() -> bool {
        membarrier(PRIVATE_EXPEDITED)
    }
}

#[cfg(all(windows, not(miri), not(manyhands_model)))]
mod system {
    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn FlushProcessWriteBuffers();
    }

    pub(super) fn exists() -> bool {
        true
    }

    pub(super) fn heavy() -> bool {
        // SAFETY: the function has no arguments and no preconditions.
        unsafe { FlushProcessWriteBuffers() };
        true
    }
}

#[cfg(any(miri, manyhands_model, not(any(target_os = "linux", windows))))]
mod system {
    pub(super) fn exists() -> bool {
        false
    }

    #[cfg(not(manyhands_model))]
    pub(super) fn heavy() -> bool {
        false
    }
}
