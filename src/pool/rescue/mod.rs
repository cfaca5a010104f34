//! Futures beside computing threads: one overcommitted thread that only polls, at *the post*.
//!
//! When every thread that holds a permit computes, ready futures would wait until one of them is
//! done. Then a spare thread is called that polls them without a permit, and the kernel shares the
//! cores out, as it does for two pools; but only while it must.
//!
//! | file | story |
//! |---|---|
//! | `mod.rs` | whether the post is taken, and how its thread sleeps |
//! | `policy.rs` | what it does next: a pure function, and all numbers |
//! | `look.rs` | what it remembers from one look to the next |
//! | `sight.rs` | what can be seen of a pool: does everybody compute, is anything ready? |
//! | `turn.rs` | a turnstile for what begins to compute there |
//! | `post.rs` | the thread at the post: looks, asks the policy, does what it says |
//!
//! * Who notices: a thread that publishes work and finds all permits out, and a thread that begins
//!   to compute. Both come to `tell::look_after_ready`, which is two loads while there is no need.
//! * Who helps: one thread at a time (`rescue.R1`). It looks whether the computing threads move at
//!   all, and takes naps while they do; short computations are no reason to add a thread. It sleeps
//!   as the driver, and polls at once what it has woken itself.
//! * What is likely to compute (`task::heft`) it puts aside, for threads that compute. A thread
//!   that has computed is one that the kernel is in no hurry to run when there is something to
//!   poll.
//! * When a future that it polls begins to compute nevertheless, the thread takes a permit like one
//!   that resumes from a wait, and leaves its post to another one. For some time it waits until one
//!   of the others is done, so that requests that compute do not all start at once.
//! * Roots and heavy futures that have waited for a turn of 0.1 s get company for those who
//!   compute: one begins beside them, seldom.
//!
//! No request is missed (`rescue.R2`): a publisher pushes, fences, and looks who computes and
//! whether the post is taken; a thread that begins to compute says so, fences, and looks at the
//! queues; the thread at the post says that it leaves, fences, and looks at both. Models:
//! `pool::rescue_*`; proof in `pool/README.md`.

mod look;
mod policy;
pub(super) mod post;
pub(super) mod sight;
mod turn;

pub(super) use self::look::Look;
pub(super) use self::turn::Turnstile;

use crate::sync::atomic::{AtomicBool, AtomicPtr, Ordering, fence};
use crate::sync::{Mutex, MutexGuard, lock};
use crate::util::parker::Parker;
use std::ptr;

/// What wakes the thread at the post from a sleep (the end of the pool always does).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WakesFor {
    /// It will look by itself, soon: it counts as awake.
    Nothing = 0,
    /// Ready futures; it knows of the roots and heavy futures that are there.
    Futures = 1,
    /// Anything that is ready.
    All = 2,
}

/// The state of one pool's post.
#[derive(Debug)]
pub(super) struct Rescue {
    /// Can there be an overcommitted thread at all?
    pub(super) is_possible: bool,
    /// rescue.R1: a thread has this post, or is being called for it.
    taken: AtomicBool,
    /// The parker of the thread at the post while that sleeps, and in its lowest bits a
    /// [`WakesFor`].
    sleeper: AtomicPtr<Parker>,
    look: Mutex<Look>,
    pub(super) turnstile: Turnstile,
}

impl Rescue {
    pub(super) fn new(is_possible: bool) -> Self {
        Self {
            is_possible,
            taken: AtomicBool::new(false),
            sleeper: AtomicPtr::new(ptr::null_mut()),
            look: Mutex::new(Look::new()),
            turnstile: Turnstile::new(),
        }
    }

    /// What the thread at the post remembers.
    pub(super) fn look(&self) -> MutexGuard<'_, Look> {
        lock(&self.look)
    }

    /// Takes the post for a thread that the caller calls (or is). `false`: it is taken.
    #[must_use]
    pub(super) fn take_post(&self) -> bool {
        // Ordering: Relaxed to look and to take; the fences of rescue.R2 order it against the
        // queues.
        !self.taken.load(Ordering::Relaxed) && !self.taken.swap(true, Ordering::Relaxed)
    }

    /// The post is free again. The caller looks afterwards whether it is needed.
    pub(super) fn leave_post(&self) {
        // Ordering: Relaxed, as in `take_post`.
        self.taken.store(false, Ordering::Relaxed);
        // Ordering: SeqCst fence of rescue.R2; pairs with those of publishers and of
        // `tell::computing`: either they see the post empty, or the thread that leaves it sees what
        // they wrote.
        fence(Ordering::SeqCst);
    }

    #[cfg(all(test, manyhands_loom))]
    pub(super) fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Relaxed)
    }

    /// What wakes the thread at the post. `None`: nobody is there.
    pub(super) fn wakes_for(&self) -> Option<WakesFor> {
        // Ordering: Relaxed for both; the callers' fences order it.
        if !self.taken.load(Ordering::Relaxed) {
            return None;
        }
        Some(split(self.sleeper.load(Ordering::Relaxed)).1)
    }

    /// Wakes the thread at the post, if it sleeps.
    pub(super) fn wake(&self) {
        // Ordering: Acquire pairs with the Release in `fall_asleep`: the parker is seen as it was
        // made.
        let (parker, _) = split(self.sleeper.load(Ordering::Acquire));
        if !parker.is_null() {
            // SAFETY: parkers live for ever.
            unsafe { (*parker).unpark() };
        }
    }

    /// The thread at the post is about to sleep, and looks afterwards whether it may.
    fn fall_asleep(&self, parker: &'static Parker, wakes_for: WakesFor) {
        let parker = ptr::from_ref(parker).cast_mut();
        let tagged = parker.map_addr(|address| address | wakes_for as usize);
        // Ordering: Release hands over the parker. SeqCst fence of rescue.R2, as in `leave_post`;
        // it pairs with the one in `close`, too.
        self.sleeper.store(tagged, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    fn wake_up(&self) {
        // Ordering: Relaxed; a publisher that still finds it wakes a thread that is awake.
        self.sleeper.store(ptr::null_mut(), Ordering::Relaxed);
    }

    /// Ends every sleep at the post, and all pauses: the pool is closed.
    pub(super) fn close(&self) {
        // Ordering: SeqCst fence; pairs with the one in `fall_asleep`, whose thread then looks
        // whether the pool is closed.
        fence(Ordering::SeqCst);
        self.wake();
        self.turnstile.close();
    }
}

/// The parker, and what wakes its thread.
fn split(sleeper: *mut Parker) -> (*mut Parker, WakesFor) {
    const TAG: usize = 3;
    const _: () = assert!(align_of::<Parker>() > TAG);
    let wakes_for = match sleeper.addr() & TAG {
        0 => WakesFor::Nothing,
        1 => WakesFor::Futures,
        _ => WakesFor::All,
    };
    (sleeper.map_addr(|address| address & !TAG), wakes_for)
}
