//! Heavy tasks: those that are likely to compute when they are polled next.
//!
//! A task whose last poll computed (a join, a parallel loop, a scope) is heavy for its next four
//! polls. A new task is heavy for its first poll if, of the tasks spawned at the same place, more
//! than one in three computed in its first poll. (One in three, not more: under overload, half of
//! them may find that their clients have left.)
//!
//! Threads that are only to poll, because all others compute, leave heavy tasks to the computing
//! threads (`pool::rescue`).
//!
//! And *quick* ones: tasks spawned at a place of which the last [`PROOF`] tasks came to the end of
//! their first poll within a moment. Only such a task is begun by its awaiter (`nest.rs`), who must
//! not be held up. Of a place that is known as quick one first poll of 16 is timed, else each.
//!
//! All this is a guess, and nothing else depends on it. So its atomics are not modelled, and two
//! threads may overwrite each other's notes.

use super::id::Id;
use super::info::Site;
use crate::util::clock;
use std::sync::atomic::{AtomicU8, Ordering};

/// The number of polls without computing after which a task that has computed is no longer heavy.
/// The low bits of [`Heft`] count down from here.
const POLLS: u8 = 4;

/// The bits of [`Heft`] that count the polls for which the task is still heavy.
const LEFT: u8 = 0x1f;

/// The bit of [`Heft`] that says, of a task that is not polled yet: it is likely to be quick.
const QUICK: u8 = 0x20;

/// The bit of [`Heft`] that says: not polled yet. The lowest bit then says whether the first poll
/// is expected to compute.
const FRESH: u8 = 0x80;

/// The bit of [`Heft`] that says: in its first poll.
const FIRST: u8 = 0x40;

/// The loss of a spawn site's entry when a first poll begins.
const DOWN: u8 = 1;

/// The gain of a spawn site's entry when the first poll of a task computes.
const UP: u8 = 3;

/// From this value of a spawn site's entry on, new tasks are heavy: after 16 tasks if all of them
/// computed.
const HEAVY: u8 = 32;

/// The highest value of a spawn site's entry.
const MOST: u8 = 64;

/// The number of first polls in a row that have to be short before the tasks of a spawn site are
/// known as quick.
const PROOF: u8 = 4;

/// A first poll of at most this many ticks of the clock is short: 33 to 130 µs.
const SHORT: u64 = 1 << 17;

/// Of a spawn site that is known as quick, one first poll of this many is timed.
const SAMPLE: u64 = 16;

/// The number of spawn sites that can be told from each other.
const COUNT: usize = 256;

/// The entries of the spawn sites, by the sites' addresses. Two sites may share an entry. The first
/// number of each says what tasks compute, the second one how many were short in a row.
static SITES: [AtomicU8; 2 * COUNT] = [const { AtomicU8::new(0) }; 2 * COUNT];

/// What is known of the tasks of a spawn site.
#[derive(Clone, Copy, Debug)]
struct Habits<'a> {
    /// Goes up when a first poll computes, down when one begins.
    computing: &'a AtomicU8,
    /// How many of the first polls that were timed were short in a row.
    short: &'a AtomicU8,
}

// Ordering: Relaxed, as everywhere here: a guess.
impl Habits<'_> {
    /// A first poll begins.
    #[inline]
    fn note_first(self) {
        let known = self.computing.load(Ordering::Relaxed);
        if known > 0 {
            self.computing
                .store(known.saturating_sub(DOWN), Ordering::Relaxed);
        }
    }

    /// A first poll computes.
    fn note_computing(self) {
        let known = self.computing.load(Ordering::Relaxed);
        self.computing
            .store((known + UP).min(MOST), Ordering::Relaxed);
    }

    /// A first poll took `took` ticks of the clock.
    fn note_time(self, took: u64) {
        let known = self.short.load(Ordering::Relaxed);
        let next = if took > SHORT { 0 } else { known + 1 };
        if next <= PROOF {
            self.short.store(next, Ordering::Relaxed);
        }
    }
}

/// Calls `f` with what is known of a spawn site; a simulation knows only what it has seen itself.
#[inline]
fn with_habits<R>(site: Site, f: impl FnOnce(Habits<'_>) -> R) -> R {
    // Locations are 24 bytes long.
    let place = (std::ptr::from_ref(site).addr() / 8) % COUNT;
    crate::sim::with_sites(|own| {
        let sites = own.unwrap_or(&SITES);
        f(Habits {
            computing: &sites[2 * place],
            short: &sites[2 * place + 1],
        })
    })
}

/// The time of a first poll is taken.
#[must_use]
#[derive(Debug)]
pub(super) struct Stopwatch {
    start: u64,
}

impl Stopwatch {
    #[cold]
    fn start() -> Self {
        let start = clock::ticks();
        Self { start }
    }

    /// The poll has ended.
    #[cold]
    pub(super) fn stop(self, site: Site) {
        let took = clock::ticks().saturating_sub(self.start);
        with_habits(site, |habits| habits.note_time(took));
    }
}

/// How many polls of a task from now on are expected to compute.
#[derive(Debug)]
pub(super) struct Heft(AtomicU8);

impl Heft {
    /// The heft of a new task.
    #[inline]
    pub(super) fn of(site: Site) -> Self {
        with_habits(site, Self::new)
    }

    #[inline]
    fn new(habits: Habits<'_>) -> Self {
        let is_heavy = habits.computing.load(Ordering::Relaxed) >= HEAVY;
        let is_quick = habits.short.load(Ordering::Relaxed) >= PROOF;
        let quick = if is_quick { QUICK } else { 0 };
        Self(AtomicU8::new(FRESH | quick | u8::from(is_heavy)))
    }

    /// A poll begins.
    #[inline]
    pub(super) fn note_poll(&self, site: Site, id: Id) -> Option<Stopwatch> {
        let before = self.begin_poll()?;
        with_habits(site, |habits| habits.note_first());
        let is_timed = id.number() % SAMPLE == 0 || before & QUICK == 0;
        // Models have no clock.
        (is_timed && !cfg!(manyhands_model)).then(Stopwatch::start)
    }

    /// A poll begins. What was said of the task, if it is the first.
    #[inline]
    fn begin_poll(&self) -> Option<u8> {
        let before = self.0.load(Ordering::Relaxed);
        if before == 0 {
            return None;
        }
        if before & FRESH == 0 {
            let left = (before & LEFT).saturating_sub(1);
            self.0.store(left, Ordering::Relaxed);
            return None;
        }
        self.0.store(FIRST, Ordering::Relaxed);
        Some(before)
    }

    /// Is this a quick task that was never polled?
    #[inline]
    pub(super) fn may_nest(&self) -> bool {
        let heft = self.0.load(Ordering::Relaxed);
        if cfg!(manyhands_model) {
            // What is known of sites goes from one execution of a model to the next.
            return heft & FRESH != 0;
        }
        heft == FRESH | QUICK
    }

    /// The current poll computes.
    pub(super) fn note_computing(&self, site: Site) {
        if self.computes() {
            with_habits(site, |habits| habits.note_computing());
        }
    }

    /// The current poll computes. Is it the first one?
    fn computes(&self) -> bool {
        let before = self.0.load(Ordering::Relaxed);
        self.0.store(POLLS, Ordering::Relaxed);
        before & FIRST != 0
    }

    /// Is the next poll likely to compute?
    #[inline]
    pub(super) fn is_heavy(&self) -> bool {
        self.0.load(Ordering::Relaxed) & LEFT != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A spawn site of the test's own: other tests spawn tasks too, and two sites may share an
    /// entry of [`SITES`].
    #[derive(Default)]
    struct Place {
        computing: AtomicU8,
        short: AtomicU8,
    }

    impl Place {
        fn habits(&self) -> Habits<'_> {
            Habits {
                computing: &self.computing,
                short: &self.short,
            }
        }

        /// The heft of a new task.
        fn spawn(&self) -> Heft {
            Heft::new(self.habits())
        }

        /// A poll of `heft`; was it expected to compute?
        fn poll(&self, heft: &Heft, computes: bool) -> bool {
            let expected = heft.is_heavy();
            if heft.begin_poll().is_some() {
                self.habits().note_first();
            }
            if computes && heft.computes() {
                self.habits().note_computing();
            }
            expected
        }

        /// The first poll of a new task.
        fn poll_new(&self, computes: bool) -> bool {
            self.poll(&self.spawn(), computes)
        }
    }

    #[test]
    fn a_task_that_has_computed_is_heavy_for_some_polls() {
        let place = Place::default();
        let heft = place.spawn();
        assert!(!place.poll(&heft, false));
        assert!(!place.poll(&heft, true));
        for _ in 0..POLLS {
            assert!(place.poll(&heft, false));
        }
        assert!(!place.poll(&heft, false));
    }

    #[test]
    fn tasks_like_others_that_compute_at_once_are_heavy_at_first() {
        let place = Place::default();
        let guessed = (0..100).filter(|_| place.poll_new(true)).count();
        assert!((50..100).contains(&guessed), "{guessed}");
        let heft = place.spawn();
        assert!(place.poll(&heft, false));
        assert!(!place.poll(&heft, false));
    }

    #[test]
    fn one_of_three_that_compute_is_the_limit() {
        let [seldom, often] = [Place::default(), Place::default()];
        let mut guessed = 0;
        for n in 0..200 {
            assert!(!seldom.poll_new(n % 4 == 0));
            guessed += u32::from(often.poll_new(n % 2 == 0));
        }
        assert!(guessed > 100, "{guessed}");
    }

    #[cfg(not(manyhands_model))]
    #[test]
    fn tasks_like_others_that_were_short_may_be_begun_by_their_awaiters() {
        let place = Place::default();
        for _ in 0..2 {
            for _ in 0..PROOF {
                assert!(!place.spawn().may_nest());
                place.habits().note_time(SHORT);
            }
            let heft = place.spawn();
            assert!(heft.may_nest());
            assert!(!place.poll(&heft, false) && !heft.may_nest());
            place.habits().note_time(SHORT + 1);
        }
    }

    #[test]
    fn only_the_first_poll_tells_about_others() {
        let place = Place::default();
        for _ in 0..100 {
            let heft = place.spawn();
            place.poll(&heft, false);
            place.poll(&heft, true);
        }
        assert!(!place.spawn().is_heavy());
    }
}
