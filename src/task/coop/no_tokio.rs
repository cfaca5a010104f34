//! In place of `tokio.rs`: there is no other budget.

use std::pin::Pin;
use std::task::{Context, Poll};

#[inline]
pub(super) fn poll<F: Future>(future: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
    future.poll(context)
}

#[inline]
pub(super) fn unlimited<R>(f: impl FnOnce() -> R) -> R {
    f()
}
