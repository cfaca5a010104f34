//! Calls that may hang: they run on another thread, which is left behind if they do.
//!
//! A subject that hangs now and then (see README.md) then costs its own figures only.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

type Call = Box<dyn FnOnce() + Send>;

/// A thread that makes calls, one after the other.
pub struct Runner(Sender<Call>);

/// Recursions run on this thread where a subject lets the caller compute.
const STACK: usize = 64 << 20;

impl Runner {
    pub fn start() -> Self {
        let (sender, calls) = mpsc::channel::<Call>();
        thread::Builder::new()
            .name("runner".into())
            .stack_size(STACK)
            .spawn(move || calls.into_iter().for_each(|call| call()))
            .expect("a thread");
        Self(sender)
    }

    /// What `f` returns; None if it takes longer than the limit. Later calls have another thread
    /// then.
    ///
    /// # Panics
    ///
    /// If `f` panics.
    pub fn call<R: Send + 'static>(
        &mut self,
        limit: Duration,
        f: impl FnOnce() -> R + Send + 'static,
    ) -> Option<R> {
        let (sender, result) = mpsc::channel();
        let call = Box::new(move || {
            // Nobody may wait for it any more.
            let _ = sender.send(f());
        });
        self.0.send(call).expect("the thread waits for calls");
        match result.recv_timeout(limit) {
            Ok(result) => Some(result),
            Err(RecvTimeoutError::Timeout) => {
                *self = Self::start();
                None
            }
            Err(RecvTimeoutError::Disconnected) => panic!("a call panicked: see above"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(50);

    #[test]
    fn what_hangs_is_left_behind() {
        let mut runner = Runner::start();
        assert_eq!(runner.call(Duration::from_secs(10), || 1), Some(1));
        assert_eq!(runner.call(LIMIT, thread::park), None);
        assert_eq!(runner.call(Duration::from_secs(10), || 2), Some(2));
    }

    #[test]
    #[should_panic(expected = "panicked")]
    fn a_panic_is_passed_on() {
        Runner::start().call(LIMIT * 100, || panic!("meant"));
    }
}
