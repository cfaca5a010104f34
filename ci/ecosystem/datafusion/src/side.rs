//! What runs the tasks.

use std::fmt::Display;

/// Spawns tasks, awaits them and aborts them.
pub(crate) trait Side {
    type Handle<T>;

    fn spawn<F: Future<Output: Send> + Send + 'static>(future: F) -> Self::Handle<F::Output>;
    fn abort<T>(task: &Self::Handle<T>);
    /// Nothing if the task was aborted.
    async fn join<T>(task: Self::Handle<T>) -> Option<T>;
}

fn unless_aborted<T, E: Display>(end: Result<T, E>, is_aborted: fn(&E) -> bool) -> Option<T> {
    let aborted = |error| assert!(is_aborted(&error), "{error}");
    end.map_err(aborted).ok()
}

pub(crate) struct Tokio;

impl Side for Tokio {
    type Handle<T> = tokio::task::JoinHandle<T>;

    fn spawn<F: Future<Output: Send> + Send + 'static>(future: F) -> Self::Handle<F::Output> {
        tokio::spawn(future)
    }

    fn abort<T>(task: &Self::Handle<T>) {
        task.abort();
    }

    async fn join<T>(task: Self::Handle<T>) -> Option<T> {
        unless_aborted(task.await, |error| error.is_cancelled())
    }
}

pub(crate) struct Manyhands;

impl Side for Manyhands {
    type Handle<T> = manyhands::JoinHandle<T>;

    fn spawn<F: Future<Output: Send> + Send + 'static>(future: F) -> Self::Handle<F::Output> {
        manyhands::spawn(future)
    }

    fn abort<T>(task: &Self::Handle<T>) {
        task.abort();
    }

    async fn join<T>(task: Self::Handle<T>) -> Option<T> {
        unless_aborted(task.await, |error| error.is_cancelled())
    }
}
