//! Letters: jobs for the thread of one seat and no other (broadcasts).

use super::Own;
use crate::job::JobRef;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, lock};
use std::collections::VecDeque;

/// The mailbox of one seat.
#[derive(Debug)]
pub(crate) struct Mail {
    /// The number of letters. Written under the lock, and read without it.
    waiting: AtomicUsize,
    /// `None`: the thread of this seat has ended and opens no more letters.
    letters: Mutex<Option<VecDeque<JobRef>>>,
}

impl Mail {
    pub(super) fn new() -> Self {
        Self {
            waiting: AtomicUsize::new(0),
            letters: Mutex::new(Some(VecDeque::new())),
        }
    }

    /// Adds a letter; the caller wakes the thread of the seat. If that thread has ended, the letter
    /// comes back.
    pub(crate) fn post(&self, letter: JobRef) -> Result<(), JobRef> {
        let mut letters = lock(&self.letters);
        let Some(letters) = letters.as_mut() else {
            return Err(letter);
        };
        letters.push_back(letter);
        // Ordering: Relaxed; followed by the SeqCst fence of `Sleep::wake_all`.
        self.waiting.store(letters.len(), Ordering::Relaxed);
        Ok(())
    }

    /// Closes the box: no letter will be opened any more. Returns those that are left.
    pub(crate) fn close(&self) -> VecDeque<JobRef> {
        let letters = lock(&self.letters).take().unwrap_or_default();
        // Ordering: Relaxed; the thread that would care has ended.
        self.waiting.store(0, Ordering::Relaxed);
        letters
    }

    /// Is there a letter?
    #[inline]
    pub(crate) fn has_letters(&self) -> bool {
        // Ordering: Relaxed; pairs through the fences of the sleep protocol.
        self.waiting.load(Ordering::Relaxed) != 0
    }
}

impl Own<'_, Mail> {
    /// The next letter.
    pub(crate) fn open(self) -> Option<JobRef> {
        if !self.has_letters() {
            return None;
        }
        let mut letters = lock(&self.letters);
        let letters = letters.as_mut()?;
        let letter = letters.pop_front();
        // Ordering: Relaxed, as in `post`.
        self.waiting.store(letters.len(), Ordering::Relaxed);
        letter
    }
}
