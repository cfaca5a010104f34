//! Spare threads: called when needed, kept on a bench for a while, then gone.
//!
//! A spare thread is called for one of three things: to take a permit that all others have lent
//! ([`Call::Work`]), to poll futures that others do not come back for ([`Call::Poll`], see
//! `rescue/`), or to stand by for that thread ([`Call::StandBy`]). A thread that has nothing to do
//! any more sits down on the bench, and gets up when called. One that is not called for
//! [`thread_keep_alive`](crate::PoolBuilder::thread_keep_alive) ends. The one that sat down last is
//! called first, so that a pool that needs fewer spares than before soon has fewer.
//!
//! Nothing of this is on a fast path: a lock does.

use crate::job::SeatIndex;
use crate::sync::atomic::{AtomicUsize, Ordering, fence};
use crate::sync::{Condvar, Mutex, lock};
use crate::util::clock;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// What a spare thread is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pool) enum Call {
    /// It holds a permit and counts as a searcher.
    Work,
    /// It holds no permit, and polls futures only.
    Poll,
    /// It holds no permit, and takes over from the thread that polls if that does not come back.
    StandBy,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(in crate::pool) enum Called {
    /// A thread got up.
    Up,
    /// Nobody sat there; the caller creates a thread for this seat.
    Create(SeatIndex),
    /// There are as many spare threads as there may be, and all are busy.
    Nobody,
}

/// The spare threads of one pool.
#[derive(Debug)]
pub(in crate::pool) struct Bench {
    state: Mutex<State>,
    /// How many calls would be answered now. Written under the lock.
    callable: AtomicUsize,
    first: SeatIndex,
    keep_alive: Duration,
}

#[derive(Debug)]
struct State {
    /// Oldest first.
    sitting: Vec<Sitter>,
    /// Who was called and has not got up yet.
    called: Vec<(SeatIndex, Call)>,
    /// Seats of spare threads that have ended.
    vacant: Vec<SeatIndex>,
    /// Seats that were ever used.
    used: usize,
    /// Spare threads that exist.
    threads: usize,
    /// How many there may be.
    max: usize,
    closed: bool,
}

/// Where one spare thread sits.
#[derive(Clone, Debug)]
pub(in crate::pool) struct Sitter {
    seat: SeatIndex,
    bell: Arc<Condvar>,
}

impl Sitter {
    pub(in crate::pool) fn new(seat: SeatIndex) -> Self {
        let bell = Arc::new(Condvar::new());
        Self { seat, bell }
    }
}

impl Bench {
    pub(in crate::pool) fn new(first: usize, max: usize, keep_alive: Duration) -> Self {
        Self {
            state: Mutex::new(State {
                sitting: Vec::new(),
                called: Vec::new(),
                vacant: Vec::new(),
                used: 0,
                threads: 0,
                max,
                closed: false,
            }),
            callable: AtomicUsize::new(max),
            first: first as SeatIndex,
            keep_alive,
        }
    }

    /// Changes the state, and what others may know of it.
    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = lock(&self.state);
        let result = change(&mut state);
        self.tell(&state);
        result
    }

    fn tell(&self, state: &State) {
        let more = state.max.saturating_sub(state.threads);
        let callable = if state.closed {
            0
        } else {
            state.sitting.len() + more
        };
        // Ordering: Relaxed; a thread that acts on 0 has put a SeqCst fence before, which pairs
        // with the one in `sit`.
        self.callable.store(callable, Ordering::Relaxed);
    }

    /// Would a call be answered? Exact for a thread that puts a SeqCst fence before: one that sits
    /// down later looks for work itself.
    pub(in crate::pool) fn can_call(&self) -> bool {
        // Ordering: Relaxed, as in `tell`.
        self.callable.load(Ordering::Relaxed) > 0
    }

    /// Would two calls be answered? A hint.
    pub(in crate::pool) fn can_call_two(&self) -> bool {
        // Ordering: Relaxed, as in `tell`.
        self.callable.load(Ordering::Relaxed) > 1
    }

    /// Calls a spare thread for something.
    pub(in crate::pool) fn call(&self, call: Call) -> Called {
        self.change(|state| {
            if state.closed {
                return Called::Nobody;
            }
            if let Some(sitter) = state.sitting.pop() {
                state.called.push((sitter.seat, call));
                sitter.bell.notify_one();
                return Called::Up;
            }
            if state.threads >= state.max {
                return Called::Nobody;
            }
            state.threads += 1;
            Called::Create(state.vacant.pop().unwrap_or_else(|| {
                state.used += 1;
                self.first + state.used as SeatIndex - 1
            }))
        })
    }

    /// Sits in a place of the calling thread until called. `look` is called once others can see
    /// that this thread sits: it must look for work that was published before. None: the thread is
    /// to end.
    pub(in crate::pool) fn sit(&self, sitter: &Sitter, look: impl FnOnce()) -> Option<Call> {
        let seat = sitter.seat;
        self.change(|state| state.sitting.push(sitter.clone()));
        // Ordering: SeqCst fence; pairs with the one that publishers put between their work and
        // `can_call`: either they see this thread, or it sees the work.
        fence(Ordering::SeqCst);
        look();
        let until = clock::now().checked_add(self.keep_alive);
        let mut state = lock(&self.state);
        loop {
            if let Some(at) = state.called.iter().position(|(called, _)| *called == seat) {
                return Some(state.called.swap_remove(at).1);
            }
            let left = until.map_or(Duration::from_secs(3600), |until| {
                until.saturating_duration_since(clock::now())
            });
            if state.closed || left.is_zero() {
                state.sitting.retain(|it| it.seat != seat);
                self.tell(&state);
                return None;
            }
            // In slices, so that a deadline far away cannot overflow a system clock.
            let slice = left.min(Duration::from_secs(3600));
            state = sitter
                .bell
                .wait_timeout(state, slice)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// How many spare threads exist, and how many of them sit.
    pub(in crate::pool) fn threads(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.threads, state.sitting.len())
    }

    /// A spare thread has left its seat for good.
    pub(in crate::pool) fn leave(&self, seat: SeatIndex) {
        self.change(|state| {
            state.threads -= 1;
            state.vacant.push(seat);
        });
    }

    /// The system refused a thread for this seat: there can be no more than there are.
    pub(in crate::pool) fn refuse(&self, seat: SeatIndex) {
        self.change(|state| {
            state.threads -= 1;
            state.vacant.push(seat);
            state.max = state.threads;
        });
    }

    /// Nobody is called any more, and all who sit end.
    pub(in crate::pool) fn close(&self) {
        self.change(|state| {
            state.closed = true;
            for sitter in &state.sitting {
                sitter.bell.notify_one();
            }
        });
    }
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::{Bench, Call, Called, Sitter};
    use std::sync::Arc;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn seats_are_given_out_once_and_used_again() {
        let bench = Bench::new(10, 2, Duration::MAX);
        assert_eq!(bench.call(Call::Work), Called::Create(10));
        assert_eq!(bench.call(Call::Work), Called::Create(11));
        assert!(!bench.can_call());
        assert_eq!(bench.call(Call::Work), Called::Nobody);
        bench.leave(10);
        assert!(bench.can_call());
        assert_eq!(bench.call(Call::Poll), Called::Create(10));
    }

    #[test]
    fn after_a_refusal_there_are_no_more_than_there_were() {
        let bench = Bench::new(0, 5, Duration::MAX);
        assert_eq!(bench.call(Call::Work), Called::Create(0));
        assert_eq!(bench.call(Call::Work), Called::Create(1));
        bench.refuse(1);
        assert_eq!(bench.call(Call::Work), Called::Nobody);
        bench.leave(0);
        assert_eq!(bench.call(Call::Work), Called::Create(0));
        assert_eq!(bench.call(Call::Work), Called::Nobody);
    }

    #[test]
    fn whoever_sits_is_called_for_a_role_and_ends_when_the_bench_closes() {
        let bench = Arc::new(Bench::new(0, 1, Duration::MAX));
        assert_eq!(bench.call(Call::Work), Called::Create(0));
        let (sits, seated) = mpsc::channel();
        let sitter = {
            let bench = Arc::clone(&bench);
            std::thread::spawn(move || {
                let sitter = Sitter::new(0);
                let sit = || bench.sit(&sitter, || sits.send(()).unwrap());
                [sit(), sit()]
            })
        };
        seated.recv().unwrap();
        assert!(bench.can_call());
        assert_eq!(bench.call(Call::Poll), Called::Up);
        seated.recv().unwrap();
        bench.close();
        assert_eq!(sitter.join().unwrap(), [Some(Call::Poll), None]);
        assert!(!bench.can_call());
    }

    #[test]
    fn whoever_is_not_called_ends() {
        let bench = Bench::new(0, 1, Duration::ZERO);
        assert_eq!(bench.call(Call::Work), Called::Create(0));
        assert_eq!(bench.sit(&Sitter::new(0), || ()), None);
        assert!(!bench.can_call(), "the thread has not left yet");
        bench.leave(0);
        assert!(bench.can_call());
    }
}
