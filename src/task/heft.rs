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

/// What is known of a spawn site; a simulation knows only what it has seen itself.
#[inline]
fn at_both<R>(site: Site, f: impl FnOnce(&AtomicU8, &AtomicU8) -> R) -> R {
    // Locations are 24 bytes long.
    let place = (std::ptr::from_ref(site).addr() / 8) % COUNT;
    crate::sim::with_sites(|own| {
        let sites = own.unwrap_or(&SITES);
        f(&sites[2 * place], &sites[2 * place + 1])
    })
}

fn at_entry<R>(site: Site, f: impl FnOnce(&AtomicU8) -> R) -> R {
    at_both(site, |entry, _| f(entry))
}

fn at_quick<R>(site: Site, f: impl FnOnce(&AtomicU8) -> R) -> R {
    at_both(site, |_, quick| f(quick))
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
        note_time(site, clock::ticks().saturating_sub(self.start));
    }
}

/// The time of a first poll of a task of this site, in ticks.
fn note_time(site: Site, took: u64) {
    at_quick(site, |entry| {
        let known = entry.load(Ordering::Relaxed);
        let next = if took > SHORT { 0 } else { known + 1 };
        if next <= PROOF {
            entry.store(next, Ordering::Relaxed);
        }
    });
}

/// How many polls of a task from now on are expected to compute.
#[derive(Debug)]
pub(super) struct Heft(AtomicU8);

impl Heft {
    /// The heft of a new task.
    #[inline]
    pub(super) fn of(site: Site) -> Self {
        // Ordering: Relaxed, as everywhere here: a guess.
        at_both(site, |entry, quick| {
            let is_heavy = entry.load(Ordering::Relaxed) >= HEAVY;
            let is_quick = quick.load(Ordering::Relaxed) >= PROOF;
            let quick = if is_quick { QUICK } else { 0 };
            Self(AtomicU8::new(FRESH | quick | u8::from(is_heavy)))
        })
    }

    /// A poll begins.
    #[inline]
    pub(super) fn note_poll(&self, site: Site, id: Id) -> Option<Stopwatch> {
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
        at_entry(site, |entry| {
            let known = entry.load(Ordering::Relaxed);
            if known > 0 {
                entry.store(known.saturating_sub(DOWN), Ordering::Relaxed);
            }
        });
        let is_timed = id.number() % SAMPLE == 0 || before & QUICK == 0;
        // Models have no clock.
        (is_timed && !cfg!(manyhands_model)).then(Stopwatch::start)
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
        if self.0.load(Ordering::Relaxed) & FIRST != 0 {
            at_entry(site, |entry| {
                let known = entry.load(Ordering::Relaxed);
                entry.store((known + UP).min(MOST), Ordering::Relaxed);
            });
        }
        self.0.store(POLLS, Ordering::Relaxed);
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
    use std::panic::Location;

    /// A poll of `heft`; was it expected to compute?
    fn poll(heft: &Heft, site: Site, computes: bool) -> bool {
        let expected = heft.is_heavy();
        let _ = heft.note_poll(site, Id::next());
        if computes {
            heft.note_computing(site);
        }
        expected
    }

    #[test]
    fn a_task_that_has_computed_is_heavy_for_some_polls() {
        let site = Location::caller();
        let heft = Heft::of(site);
        assert!(!poll(&heft, site, false));
        assert!(!poll(&heft, site, true));
        for _ in 0..POLLS {
            assert!(poll(&heft, site, false));
        }
        assert!(!poll(&heft, site, false));
    }

    #[test]
    fn tasks_like_others_that_compute_at_once_are_heavy_at_first() {
        let site = Location::caller();
        let mut guessed = 0;
        for _ in 0..100 {
            guessed += u32::from(poll(&Heft::of(site), site, true));
        }
        assert!((50..100).contains(&guessed), "{guessed}");
        let heft = Heft::of(site);
        assert!(poll(&heft, site, false));
        assert!(!poll(&heft, site, false));
    }

    #[test]
    fn one_of_three_that_compute_is_the_limit() {
        let seldom = Location::caller();
        let often = Location::caller();
        let mut guessed = 0;
        for n in 0..200 {
            assert!(!poll(&Heft::of(seldom), seldom, n % 4 == 0));
            guessed += u32::from(poll(&Heft::of(often), often, n % 2 == 0));
        }
        assert!(guessed > 100, "{guessed}");
    }

    #[cfg(not(manyhands_model))]
    #[test]
    fn tasks_like_others_that_were_short_may_be_begun_by_their_awaiters() {
        let site = Location::caller();
        for _ in 0..2 {
            for _ in 0..PROOF {
                assert!(!Heft::of(site).may_nest());
                note_time(site, SHORT);
            }
            let heft = Heft::of(site);
            assert!(heft.may_nest());
            assert!(!poll(&heft, site, false) && !heft.may_nest());
            note_time(site, SHORT + 1);
        }
    }

    #[test]
    fn only_the_first_poll_tells_about_others() {
        let site = Location::caller();
        for _ in 0..100 {
            let heft = Heft::of(site);
            poll(&heft, site, false);
            poll(&heft, site, true);
        }
        assert!(!Heft::of(site).is_heavy());
    }
}
