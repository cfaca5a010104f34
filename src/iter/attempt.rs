//! The values at which `try_for_each` and its relatives can stop: a stand-in for std's `Try`, which
//! is not stable.

use std::ops::ControlFlow;
use std::task::Poll;

/// A value that says "go on" or "stop". Sealed: `Option`, `Result`, [`ControlFlow`], and the two
/// kinds of [`Poll`] that std's `?` accepts.
pub trait Try {
    /// What the value holds if the loop shall go on.
    type Output;

    /// What the value holds if the loop shall stop.
    type Residual;

    /// Makes a value that says "go on".
    fn from_output(output: Self::Output) -> Self;

    /// Makes a value that says "stop".
    fn from_residual(residual: Self::Residual) -> Self;

    /// Tells which of the two the value says.
    fn branch(self) -> ControlFlow<Self::Residual, Self::Output>;
}

impl<T> Try for Option<T> {
    type Output = T;
    type Residual = ();

    fn from_output(output: T) -> Self {
        Some(output)
    }

    fn from_residual((): ()) -> Self {
        None
    }

    fn branch(self) -> ControlFlow<(), T> {
        self.map_or(ControlFlow::Break(()), ControlFlow::Continue)
    }
}

impl<T, E> Try for Result<T, E> {
    type Output = T;
    type Residual = E;

    fn from_output(output: T) -> Self {
        Ok(output)
    }

    fn from_residual(error: E) -> Self {
        Err(error)
    }

    fn branch(self) -> ControlFlow<E, T> {
        self.map_or_else(ControlFlow::Break, ControlFlow::Continue)
    }
}

impl<B, C> Try for ControlFlow<B, C> {
    type Output = C;
    type Residual = B;

    fn from_output(output: C) -> Self {
        ControlFlow::Continue(output)
    }

    fn from_residual(value: B) -> Self {
        ControlFlow::Break(value)
    }

    fn branch(self) -> Self {
        self
    }
}

impl<T, E> Try for Poll<Result<T, E>> {
    type Output = Poll<T>;
    type Residual = E;

    fn from_output(output: Poll<T>) -> Self {
        output.map(Ok)
    }

    fn from_residual(error: E) -> Self {
        Poll::Ready(Err(error))
    }

    fn branch(self) -> ControlFlow<E, Poll<T>> {
        match self {
            Poll::Pending => ControlFlow::Continue(Poll::Pending),
            Poll::Ready(Ok(output)) => ControlFlow::Continue(Poll::Ready(output)),
            Poll::Ready(Err(error)) => ControlFlow::Break(error),
        }
    }
}

impl<T, E> Try for Poll<Option<Result<T, E>>> {
    type Output = Poll<Option<T>>;
    type Residual = E;

    fn from_output(output: Poll<Option<T>>) -> Self {
        output.map(|next| next.map(Ok))
    }

    fn from_residual(error: E) -> Self {
        Poll::Ready(Some(Err(error)))
    }

    fn branch(self) -> ControlFlow<E, Poll<Option<T>>> {
        match self {
            Poll::Pending => ControlFlow::Continue(Poll::Pending),
            Poll::Ready(None) => ControlFlow::Continue(Poll::Ready(None)),
            Poll::Ready(Some(Ok(output))) => ControlFlow::Continue(Poll::Ready(Some(output))),
            Poll::Ready(Some(Err(error))) => ControlFlow::Break(error),
        }
    }
}
