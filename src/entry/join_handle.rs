//! The blocking way to a task's result. (The awaited one, and the rest of [`JoinHandle`], is
//! `task/handle.rs`, which knows no thread that waits.)

use super::block_on::join_task;
use crate::task::{JoinError, JoinHandle};

impl<T> JoinHandle<T> {
    /// Blocks this thread until the task is done. On a thread of a pool that is legal too: it lends
    /// its core meanwhile; see [`block_on`](crate::block_on). In an async function, `.await` the
    /// handle instead.
    ///
    /// # Errors
    ///
    /// If the task panicked or was cancelled.
    ///
    /// ```
    /// let handle = manyhands::spawn(async { "done" });
    /// assert_eq!(handle.join().unwrap(), "done");
    /// ```
    pub fn join(self) -> Result<T, JoinError> {
        join_task(self)
    }
}
