//! Regions that a cancelled computation may leave ([`cancellable`](crate::cancellable)): how a
//! thread enters one, and where it leaves.
//!
//! What a thread works under is copied into a half when it becomes public, not when it is pushed.
//! So whenever that changes in the middle of a frame, the halves that are private become public
//! first: they belong to joins around it.

use super::{publish, seat};
use crate::job::cancel::CancelRef;
use crate::job::origin;

/// Leaves the region that the calling thread is in, if it was cancelled: [`origin::check_region`].
/// Outside of a region this is one load and a branch.
///
/// Called before each block of a loop, and by each join and scope.
#[inline]
pub(crate) fn check_cancelled() {
    if origin::is_in_region() {
        origin::check_region(publish_older);
    }
}

/// Runs `f` under the flag that the thread works under already, as `flag` has it.
pub(crate) fn under<R>(flag: CancelRef, f: impl FnOnce() -> R) -> R {
    if flag == CancelRef::current() {
        return f();
    }
    publish_older();
    // SAFETY: job.J3: the flag lived before this call, and lives on.
    let _under = unsafe { origin::enter_flag(flag) };
    f()
}

fn publish_older() {
    if let Some(me) = seat::current() {
        publish::expose_all(me);
    }
}
