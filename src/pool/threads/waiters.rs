//! Threads of a pool that wait for something in particular, and lend their permit meanwhile.
//!
//! They are known here for three reasons: a waiter whose half was stolen hears of jobs on its
//! thief's seat before others do; every waiter opens its mail; and where nobody else is left to run
//! visible work, the newest waiter is asked to (the last resort of `wait/lend.rs`), or the newest
//! one with room for that on its stack.

use crate::job::SeatIndex;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, lock};
use crate::util::parker::Parker;

/// The waiters of one pool.
#[derive(Debug)]
pub(crate) struct Waiters {
    waiting: Mutex<Vec<Waiting>>,
    /// How many of them follow a thief.
    followers: AtomicUsize,
}

/// A thread that waits.
#[derive(Debug)]
struct Waiting {
    parker: &'static Parker,
    /// Who runs what this thread waits for, if it wants to hear of jobs there.
    thief: Option<SeatIndex>,
    /// The same of the waits on top of which this one began, the oldest first.
    below: Vec<Option<SeatIndex>>,
    /// Nothing of unknown depth should begin on top of this wait.
    is_short: bool,
}

impl Waiters {
    pub(in crate::pool) fn new() -> Self {
        Self {
            waiting: Mutex::new(Vec::new()),
            followers: AtomicUsize::new(0),
        }
    }

    /// The waiter wants to be woken, once, when the seat `thief`, if any, has a job for it.
    fn register(&self, parker: &'static Parker, thief: Option<SeatIndex>) {
        let mut waiting = lock(&self.waiting);
        if let Some(waiter) = find(&mut waiting, parker) {
            self.count_follower(waiter.thief, thief);
            waiter
                .below
                .push(std::mem::replace(&mut waiter.thief, thief));
        } else {
            self.count_follower(None, thief);
            waiting.push(Waiting {
                parker,
                thief,
                below: Vec::new(),
                is_short: false,
            });
        }
    }

    /// The newest wait of the thread has ended.
    fn unregister(&self, parker: &'static Parker) {
        let mut waiting = lock(&self.waiting);
        let Some(at) = position(&waiting, parker) else {
            return;
        };
        let waiter = &mut waiting[at];
        let thief = waiter.below.pop();
        self.count_follower(waiter.thief, thief.flatten());
        if let Some(thief) = thief {
            waiter.thief = thief;
            // There is a little more room.
            waiter.is_short = false;
        } else {
            waiting.swap_remove(at);
        }
    }

    /// The waiter, which may have been woken, wants to be woken once more.
    fn follow(&self, parker: &'static Parker, thief: Option<SeatIndex>) {
        let mut waiting = lock(&self.waiting);
        if let Some(waiter) = find(&mut waiting, parker) {
            self.count_follower(waiter.thief, thief);
            waiter.thief = thief;
        }
    }

    /// A waiter follows `after` instead of `before`. Called under the lock.
    fn count_follower(&self, before: Option<SeatIndex>, after: Option<SeatIndex>) {
        // Ordering: Relaxed; written under the lock, and only a hint without it.
        match (before, after) {
            (None, Some(_)) => self.followers.fetch_add(1, Ordering::Relaxed),
            (Some(_), None) => self.followers.fetch_sub(1, Ordering::Relaxed),
            _ => return,
        };
    }

    /// Wakes a thread that waits for what the seat `thief` runs. `false`: there is none.
    pub(in crate::pool) fn ask_follower_of(&self, thief: SeatIndex) -> bool {
        // Ordering: Relaxed; a follower that is missed is not lost: the caller tells, and the
        // follower looks at its thief after it has come here.
        if self.followers.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let mut waiting = lock(&self.waiting);
        let mut newest = waiting.iter_mut().rev();
        let Some(waiter) = newest.find(|waiter| waiter.thief == Some(thief)) else {
            return false;
        };
        self.count_follower(waiter.thief.take(), None);
        let parker = waiter.parker;
        drop(waiting);
        parker.unpark();
        true
    }

    /// Every waiter looks at its mail.
    pub(in crate::pool) fn wake_all(&self) {
        // A waiter registers, then looks; we post, then look (and the lock orders the two).
        lock(&self.waiting)
            .iter()
            .for_each(|waiter| waiter.parker.unpark());
    }

    /// The parkers of all waiters.
    #[cfg(feature = "test-util")]
    pub(in crate::pool) fn parkers(&self) -> Vec<&'static Parker> {
        lock(&self.waiting)
            .iter()
            .map(|waiter| waiter.parker)
            .collect()
    }

    /// Nobody is left to run visible work: a waiter is asked to look for itself.
    pub(in crate::pool) fn ask_one(&self) {
        let waiting = lock(&self.waiting);
        if let Some(waiter) = with_room(&waiting).or(waiting.last()) {
            waiter.parker.unpark();
        }
    }

    /// There is no room for the last resort on top of this waiter: asks one that has not said so.
    /// `false`: there is none.
    fn pass_on(&self, parker: &'static Parker) -> bool {
        let mut waiting = lock(&self.waiting);
        if let Some(waiter) = find(&mut waiting, parker) {
            waiter.is_short = true;
        }
        let other = with_room(&waiting);
        other.inspect(|other| other.parker.unpark()).is_some()
    }
}

fn position(waiting: &[Waiting], parker: &'static Parker) -> Option<usize> {
    let is_its = |waiter: &Waiting| std::ptr::eq(waiter.parker, parker);
    waiting.iter().rposition(is_its)
}

fn find<'a>(waiting: &'a mut [Waiting], parker: &'static Parker) -> Option<&'a mut Waiting> {
    let at = position(waiting, parker)?;
    Some(&mut waiting[at])
}

/// The newest waiter that may have room on its stack.
fn with_room(waiting: &[Waiting]) -> Option<&Waiting> {
    waiting.iter().rev().find(|waiter| !waiter.is_short)
}

/// The thread is known as a waiter, until dropped.
pub(in crate::pool) struct Waiter<'a> {
    waiters: &'a Waiters,
    parker: &'static Parker,
}

impl<'a> Waiter<'a> {
    /// It wants to be woken, once, when the seat `thief` offers a job.
    pub(in crate::pool) fn register(
        waiters: &'a Waiters,
        parker: &'static Parker,
        thief: Option<SeatIndex>,
    ) -> Self {
        waiters.register(parker, thief);
        Self { waiters, parker }
    }

    /// For models, whose thread registers another one.
    #[cfg(all(test, manyhands_loom))]
    pub(in crate::pool) fn adopt(waiters: &'a Waiters, parker: &'static Parker) -> Self {
        Self { waiters, parker }
    }

    /// Nothing of unknown depth should begin on top of it: another waiter is asked to run visible
    /// work. `false`: none has room.
    pub(in crate::pool) fn pass_on(&self) -> bool {
        self.waiters.pass_on(self.parker)
    }

    /// It may have been woken for that, and wants to be once more.
    pub(in crate::pool) fn follow(&self, thief: Option<SeatIndex>) {
        if thief.is_some() {
            self.waiters.follow(self.parker, thief);
        }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.waiters.unregister(self.parker);
    }
}
