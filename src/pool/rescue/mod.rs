//! Futures behind threads that do not come back: one overcommitted thread that only polls, at *the
//! post*.
//!
//! When every thread that holds a permit computes or blocks, ready futures would wait until one of
//! them is done. Then a spare thread is called that polls them without a permit, and the kernel
//! shares the cores out, as it does for two pools; but only while it must.
//!
//! | file | story |
//! |---|---|
//! | `mod.rs` | whose the post is, and how its thread sleeps |
//! | `policy.rs` | what it does next: a pure function, and all numbers |
//! | `look.rs` | what it remembers from one look to the next |
//! | `sight.rs` | what can be seen of a pool: does no thread come back soon, is anything ready? |
//! | `turn.rs` | a turnstile for what begins to compute there |
//! | `post.rs` | the thread at the post: looks, asks the policy, does what it says |
//! | `deputy.rs` | the thread that takes over from it if it does not come back |
//!
//! * Who notices: a thread that publishes a future or a root and finds all permits out, and a
//!   thread that begins to compute. Both come to `tell::look_after_ready`, which looks at the
//!   queues and at all seats. A thread that polls comes to `tell::watch`, which is one load.
//! * Who helps: one thread at a time (`rescue.R1`). It looks whether the others move at all, and
//!   takes naps while they do and a future is ready; short computations are no reason to add a
//!   thread. While threads only poll, it looks every 5 ms, and leaves when nothing was ready for
//!   ten looks. It sleeps as the driver, and polls at once what it has woken itself.
//! * What is likely to compute (`task::heft`) it puts aside, for threads that compute. A thread
//!   that has computed is one that the kernel is in no hurry to run when there is something to
//!   poll.
//! * When a future that it polls begins to compute nevertheless, the thread takes a permit like one
//!   that resumes from a wait, and leaves its post to another one. For some time it waits until one
//!   of the others is done, so that requests that compute do not all start at once.
//! * When a future that it polls blocks, or computes without a word, its deputy takes the post over
//!   (`rescue.R4`). The thread holds no permit, and leaves when its poll ends.
//! * Roots and heavy futures that have waited for a turn of 0.1 s get company for those who
//!   compute: one begins beside them, seldom.
//!
//! No request is missed (`rescue.R2`): a publisher pushes, fences, and looks who computes and
//! whether the post is taken; a thread that begins to compute says so, fences, and looks at the
//! queues; the thread at the post says that it leaves, fences, and looks at both. Models:
//! `pool::rescue_*`; proof in `pool/README.md`.

pub(super) mod deputy;
mod look;
mod policy;
pub(super) mod post;
pub(super) mod sight;
mod turn;

pub(super) use self::look::Look;
pub(super) use self::turn::Turnstile;

use crate::job::SeatIndex;
use crate::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering, fence};
use crate::sync::{Mutex, MutexGuard, lock};
use crate::util::parker::Parker;
use std::ptr;

/// What wakes the thread at the post from a sleep (the end of the pool always does).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WakesFor {
    /// It will look by itself, soon: it counts as awake.
    Nothing = 0,
    /// Ready futures behind threads that are not expected back soon; it knows of the roots and
    /// heavy futures that are there.
    Futures = 1,
    /// Anything that is ready behind such threads.
    All = 2,
    /// Anything that is ready while all permits are out: it will not look by itself.
    Any = 3,
}

/// The post is free.
const FREE: u32 = 0;
/// The bits of the word that say whose the post is: the index of a seat, plus 1.
const HOLDER: u32 = 0xff_ffff;
/// The holder is on its way: its seat is not known yet.
const CALLED: u32 = HOLDER;
/// The holder runs code of users.
const POLLS: u32 = 1 << 30;
/// The holder wants to hear of what becomes ready behind threads that poll.
const ASKS: u32 = 1 << 31;

/// The word of a post that the occupant of this seat has.
fn held_by(seat: SeatIndex) -> u32 {
    seat + 1
}

/// The state of one pool's post.
#[derive(Debug)]
pub(super) struct Rescue {
    /// Can there be an overcommitted thread at all?
    pub(super) is_possible: bool,
    /// rescue.R1: whose the post is, and what its holder does.
    post: AtomicU32,
    /// rescue.R4: a thread stands by for the one at the post, or is being called for that.
    deputy: AtomicBool,
    /// How often a deputy has taken the post over, less the polls there that have ended since.
    takeovers: AtomicU32,
    /// The threads that poll count as threads that compute: none has come back for some time.
    held_up: AtomicBool,
    /// The parker of the thread at the post while that sleeps, and in its lowest bits a
    /// [`WakesFor`].
    sleeper: AtomicPtr<Parker>,
    /// Moves when the thread at the post begins or ends a sleep: odd while it sleeps.
    #[cfg(feature = "test-util")]
    sleeps: AtomicU32,
    look: Mutex<Look>,
    pub(super) turnstile: Turnstile,
}

/// A poll at the post, as its deputy sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PollAtPost(u32);

impl PollAtPost {
    /// The seat of the thread that polls.
    pub(super) fn seat(self) -> SeatIndex {
        (self.0 & HOLDER) - 1
    }
}

impl Rescue {
    pub(super) fn new(is_possible: bool) -> Self {
        Self {
            is_possible,
            // Where nobody can come, nobody is called.
            post: AtomicU32::new(if is_possible { FREE } else { CALLED }),
            deputy: AtomicBool::new(false),
            takeovers: AtomicU32::new(0),
            held_up: AtomicBool::new(false),
            sleeper: AtomicPtr::new(ptr::null_mut()),
            #[cfg(feature = "test-util")]
            sleeps: AtomicU32::new(0),
            look: Mutex::new(Look::new()),
            turnstile: Turnstile::new(),
        }
    }

    /// What the thread at the post remembers.
    pub(super) fn look(&self) -> MutexGuard<'_, Look> {
        lock(&self.look)
    }

    /// Is a spare thread at the post, or its deputy, or being called for that? It looks from time
    /// to time, or sits down soon, and then can be called.
    pub(super) fn is_manned(&self) -> bool {
        // Ordering: Relaxed; whoever leaves one of the two looks for work afterwards.
        let has_thread =
            || self.post.load(Ordering::Relaxed) != FREE || self.deputy.load(Ordering::Relaxed);
        self.is_possible && has_thread()
    }

    /// Takes the post for a thread that the caller calls (or is). `false`: it is taken.
    #[must_use]
    pub(super) fn take_post(&self) -> bool {
        // Ordering: Relaxed to look and to take; the fences of rescue.R2 order it against the
        // queues.
        let (to_look, to_take) = (Ordering::Relaxed, Ordering::Relaxed);
        let post = &self.post;
        post.load(to_look) == FREE
            && post
                .compare_exchange(FREE, CALLED, to_take, to_look)
                .is_ok()
    }

    /// The thread that the post was taken for is there.
    pub(super) fn arrive(&self, me: SeatIndex) {
        // Ordering: Relaxed, as in `take_post`; nobody else writes the word now.
        self.post.store(held_by(me), Ordering::Relaxed);
    }

    /// Nobody could be called to the post, which was taken for that.
    pub(super) fn give_post_back(&self) {
        // Ordering: Relaxed, as in `take_post`.
        self.post.store(FREE, Ordering::Relaxed);
    }

    /// The post is free again, unless the deputy has taken it over from this thread. The caller
    /// looks afterwards whether it is needed.
    pub(super) fn leave_post(&self, me: SeatIndex) {
        // Ordering: Relaxed, as in `take_post`.
        let word = self.post.load(Ordering::Relaxed);
        if word & HOLDER == held_by(me) {
            self.held_up.store(false, Ordering::Relaxed);
            let (left, kept) = (Ordering::Relaxed, Ordering::Relaxed);
            // It fails if the deputy comes in between.
            let _ = self.post.compare_exchange(word, FREE, left, kept);
        }
        // Ordering: SeqCst fence of rescue.R2; pairs with those of publishers and of
        // `tell::computing`: either they see the post empty, or the thread that leaves it sees what
        // they wrote.
        fence(Ordering::SeqCst);
    }

    /// Is the occupant of this seat, which was there, at the post still? (Its deputy takes over
    /// while it runs code of users, and at no other time.)
    pub(super) fn is_held_by(&self, me: SeatIndex) -> bool {
        // Ordering: Relaxed, as in `take_post`.
        self.post.load(Ordering::Relaxed) & HOLDER == held_by(me)
    }

    #[cfg(all(test, manyhands_loom))]
    pub(super) fn is_taken(&self) -> bool {
        self.post.load(Ordering::Relaxed) != FREE
    }

    /// Is there a thread at the post that looks by itself, soon, at what waits behind threads that
    /// poll?
    #[inline]
    pub(super) fn watches(&self) -> bool {
        // Ordering: Relaxed; see `tell::watch`.
        (1..ASKS).contains(&self.post.load(Ordering::Relaxed))
    }

    /// Have the threads that poll not come back for some time?
    pub(super) fn is_held_up(&self) -> bool {
        // Ordering: Relaxed; the callers' fences order it.
        self.held_up.load(Ordering::Relaxed)
    }

    /// The thread at the post has seen whether the threads that poll come back.
    fn set_held_up(&self, held_up: bool) {
        // Ordering: Relaxed; the thread fences before it sleeps.
        self.held_up.store(held_up, Ordering::Relaxed);
    }

    /// The thread at the post wants to be told (see [`ASKS`]), or not. It runs no code of users
    /// now, so nobody takes its place.
    fn set_asks(&self, me: SeatIndex, asks: bool) {
        let word = held_by(me) | if asks { ASKS } else { 0 };
        // Ordering: Relaxed, as in `set_held_up`.
        self.post.store(word, Ordering::Relaxed);
    }

    /// The thread at the post begins to run code of users. `true`: it has no deputy.
    #[must_use]
    pub(super) fn begin_poll(&self, me: SeatIndex) -> bool {
        let asks = self.is_held_up();
        let word = held_by(me) | POLLS | if asks { ASKS } else { 0 };
        // Ordering: Relaxed, then the SeqCst fence of rescue.R4; it pairs with the one in
        // `leave_as_deputy`: either this thread sees that nobody stands by, or the deputy sees it.
        self.post.store(word, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        !self.deputy.load(Ordering::Relaxed)
    }

    /// It has run that. `false`: the deputy has the post now.
    #[must_use]
    pub(super) fn end_poll(&self, me: SeatIndex) -> bool {
        // Ordering: Relaxed, as in `take_post`.
        let word = self.post.load(Ordering::Relaxed);
        let (left, kept) = (Ordering::Relaxed, Ordering::Relaxed);
        let post = &self.post;
        let has_post = word & HOLDER == held_by(me)
            && post
                .compare_exchange(word, word & !POLLS, left, kept)
                .is_ok();
        if has_post {
            self.count_takeovers(|before| before.saturating_sub(1));
        }
        has_post
    }

    /// The poll at the post.
    pub(super) fn poll_at_post(&self) -> Option<PollAtPost> {
        // Ordering: Relaxed; the deputy looks again and again, and before it leaves behind a fence.
        let word = self.post.load(Ordering::Relaxed);
        (word & POLLS != 0).then_some(PollAtPost(word))
    }

    /// The deputy takes the post over from a thread that does not come back. `false`: it has.
    #[must_use]
    pub(super) fn take_over(&self, poll: PollAtPost, me: SeatIndex) -> bool {
        // Ordering: Relaxed, as in `take_post`.
        let (taken, kept) = (Ordering::Relaxed, Ordering::Relaxed);
        let post = &self.post;
        let has_post = post
            .compare_exchange(poll.0, held_by(me), taken, kept)
            .is_ok();
        if has_post {
            self.count_takeovers(|before| before.saturating_add(1));
        }
        has_post
    }

    /// Changes the count of takeovers, whose only writer is the thread at the post.
    fn count_takeovers(&self, change: impl FnOnce(u32) -> u32) {
        // Ordering: Relaxed here and below; the count is a hint.
        let before = self.takeovers.load(Ordering::Relaxed);
        let after = change(before);
        if after != before {
            self.takeovers.store(after, Ordering::Relaxed);
        }
    }

    /// How often a deputy has taken the post over, less the polls there that have ended since.
    pub(super) fn takeovers(&self) -> u32 {
        self.takeovers.load(Ordering::Relaxed)
    }

    /// Becomes the deputy, for a thread that the caller calls (or is). `false`: there is one.
    #[must_use]
    pub(super) fn take_deputy(&self) -> bool {
        // Ordering: Relaxed; rescue.R4 relies on fences.
        !self.deputy.swap(true, Ordering::Relaxed)
    }

    /// Nobody stands by any more. The caller looks afterwards whether a poll has begun.
    pub(super) fn leave_as_deputy(&self) {
        self.deputy.store(false, Ordering::Relaxed);
        // Ordering: SeqCst fence of rescue.R4, as in `begin_poll`.
        fence(Ordering::SeqCst);
    }

    /// What wakes the thread at the post. `None`: nobody is there.
    pub(super) fn wakes_for(&self) -> Option<WakesFor> {
        // Ordering: Relaxed for both; the callers' fences order it.
        if self.post.load(Ordering::Relaxed) == FREE {
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

    /// Is a thread on its way to the post?
    #[cfg(feature = "test-util")]
    pub(super) fn is_called(&self) -> bool {
        // Ordering: Relaxed, here and below; `pool::rest` puts fences around it.
        self.is_possible && self.post.load(Ordering::Relaxed) & HOLDER == CALLED
    }

    /// The count of sleeps at the post; odd during one.
    #[cfg(feature = "test-util")]
    pub(super) fn sleeps(&self) -> u32 {
        self.sleeps.load(Ordering::Relaxed)
    }

    /// Is the occupant of this seat at the post, and asleep if the count is `sleeps`?
    #[cfg(feature = "test-util")]
    pub(super) fn rests_at_post(&self, seat: SeatIndex, sleeps: u32) -> bool {
        sleeps % 2 == 1 && self.post.load(Ordering::Relaxed) & HOLDER == held_by(seat)
    }

    /// The thread at the post begins or ends a sleep. What it takes from the queues comes after the
    /// end.
    #[cfg(feature = "test-util")]
    pub(super) fn note_sleep(&self, asleep: bool) {
        // Ordering: Relaxed, then a SeqCst fence, which pairs with those of `pool::rest`. Only the
        // thread at the post writes it.
        let sleeps = self.sleeps.load(Ordering::Relaxed);
        if (sleeps % 2 == 1) != asleep {
            self.sleeps.store(sleeps.wrapping_add(1), Ordering::Relaxed);
        }
        fence(Ordering::SeqCst);
    }

    #[cfg(not(feature = "test-util"))]
    #[inline(always)]
    pub(super) fn note_sleep(&self, _asleep: bool) {}

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
        2 => WakesFor::All,
        _ => WakesFor::Any,
    };
    (sleeper.map_addr(|address| address & !TAG), wakes_for)
}
