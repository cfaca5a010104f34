//! What a worker does next: the order of search, and nothing else.
//!
//! mail → a queue whose turn it is (see [`in_turn`]) → what is urgent → own jobs → LIFO slot (a task
//! woken by this thread) → own tasks; then, as a searcher: futures of the injector in a batch →
//! heavy futures → roots → one job of a random victim → half of a victim's tasks → on the last round before sleep, a
//! victim's LIFO slot → what can wait. In every eighth round, other seats go before the injector.

use super::registry::Registry;
use super::seat::Seat;
use crate::job::JobRef;
use crate::sync::deque::Steal;
use crate::task::Priority::{Background, High, Normal};
use crate::task::{Class, Priority};
use crate::trace;
use crate::util::count::Event;

/// In so many rounds each shared queue goes first once, so that a busy seat cannot starve it.
/// (Go and tokio use the same number; it is prime, so that it does not beat with program loops.)
pub(super) const FAIRNESS: u32 = 61;

/// In one of so many rounds, a thread without work of its own looks at other seats first.
const SEATS_FIRST: u32 = 8;

/// At most this many tasks move from a victim or the injector at once.
const BATCH: usize = 32;

/// A job, and what it means for its thread.
#[derive(Debug)]
pub(super) struct Found {
    job: JobRef,
    /// Not a poll.
    computes: bool,
}

impl Found {
    fn poll(job: JobRef) -> Self {
        let computes = false;
        Self { job, computes }
    }

    fn closure(job: JobRef) -> Self {
        let computes = true;
        Self { job, computes }
    }

    /// Is it the poll of a future?
    pub(super) fn is_poll(&self) -> bool {
        !self.computes
    }

    /// Runs it on the calling thread's seat.
    pub(super) fn run(self, seat: &Seat) {
        if self.computes {
            seat.compute();
        }
        self.job.execute(seat.index());
    }
}

/// Work that this seat can have without asking others.
pub(super) fn own(registry: &Registry, seat: &Seat) -> Option<Found> {
    if let Some(letter) = seat.open_mail() {
        return Some(Found::closure(letter));
    }
    in_turn(registry, seat).or_else(|| {
        seat.pop_public()
            .map(Found::closure)
            .or_else(|| own_future(seat).map(Found::poll))
    })
}

/// A future of the seat's own queues.
fn own_future(seat: &Seat) -> Option<JobRef> {
    seat.pop_lifo().or_else(|| seat.pop_task())
}

/// What goes before the seat's own queues: usually what is urgent; in some rounds a queue that
/// others might starve, or nothing.
fn in_turn(registry: &Registry, seat: &Seat) -> Option<Found> {
    let turn = match seat.next_turn() {
        0 => {
            seat.allow_overtaking();
            future(registry, Normal)
        }
        15 => root(registry, Normal),
        22 => heavy(registry, Normal),
        30 => any(registry, Background),
        45 => return None,
        // What it wakes comes to the seat's own queues.
        50 => {
            registry.fire_timers();
            None
        }
        _ => None,
    };
    if turn.is_some() || !registry.injectors.may_be_urgent() {
        return turn;
    }
    any(registry, High)
}

fn future(registry: &Registry, priority: Priority) -> Option<Found> {
    registry.injectors.take_future(priority).map(Found::poll)
}

fn root(registry: &Registry, priority: Priority) -> Option<Found> {
    registry.injectors.take_root(priority).map(Found::closure)
}

fn heavy(registry: &Registry, priority: Priority) -> Option<Found> {
    registry.injectors.take_heavy(priority).map(Found::poll)
}

fn any(registry: &Registry, priority: Priority) -> Option<Found> {
    future(registry, priority)
        .or_else(|| heavy(registry, priority))
        .or_else(|| root(registry, priority))
}

/// How many tasks may move at once.
fn batch(seat: &Seat) -> usize {
    if seat.is_heavy() { 1 } else { BATCH }
}

/// Work of others. `last`: nothing will be looked at again before this thread sleeps.
pub(super) fn others(registry: &Registry, seat: &Seat, last: bool) -> Option<Found> {
    let waiting = registry.injectors.len(Class::future(Normal));
    let share = waiting / registry.num_threads().max(1) + 1;
    // Now and then other seats go first: their threads may be busy for long, and the injector never
    // empty.
    let seats_first = (seat.turn() % SEATS_FIRST == 0).then(|| steal(registry, seat, false));
    seats_first
        .flatten()
        .or_else(|| any(registry, High))
        .or_else(|| {
            let most = share.min(batch(seat));
            let job = registry.injectors.take_futures(Normal, most, seat.tasks());
            job.map(Found::poll)
        })
        .or_else(|| heavy(registry, Normal))
        .or_else(|| root(registry, Normal))
        .or_else(|| steal(registry, seat, last))
        .or_else(|| any(registry, Background))
}

/// The seats of others, from a random one on.
fn victims<'a>(registry: &'a Registry, seat: &'a Seat) -> impl Iterator<Item = &'a Seat> + 'a {
    let seats = registry.used_seats();
    let start = seat.rng().below(seats);
    (start..seats)
        .chain(0..start)
        .filter(|index| *index != seat.index() as usize)
        .filter_map(|index| registry.used_seat(index))
}

/// What `take` gets from some other seat.
fn sweep(registry: &Registry, seat: &Seat, take: impl Fn(&Seat) -> Steal<Found>) -> Option<Found> {
    loop {
        let mut retry = false;
        for victim in victims(registry, seat) {
            match take(victim) {
                Steal::Success(found) => {
                    trace::steal(victim.index());
                    return Some(found);
                }
                Steal::Empty => {}
                Steal::Retry => retry = true,
            }
        }
        if !retry {
            return None;
        }
        crate::sync::hint::spin_loop();
        #[cfg(manyhands_model)]
        crate::sync::thread::yield_now();
    }
}

fn steal(registry: &Registry, seat: &Seat, last: bool) -> Option<Found> {
    let stolen = sweep(registry, seat, |victim| match victim.steal_job() {
        Steal::Success(job) => Steal::Success(Found::closure(job)),
        Steal::Empty => tasks_of(victim, seat, batch(seat)),
        Steal::Retry => Steal::Retry,
    });
    if stolen.is_some() {
        seat.counters().count_steal();
        return stolen;
    }
    Event::FailedSweep.count();
    if last {
        let lifo = victims(registry, seat).find_map(Seat::steal_lifo);
        return lifo.map(Found::poll);
    }
    None
}

fn tasks_of(victim: &Seat, seat: &Seat, most: usize) -> Steal<Found> {
    match victim.steal_tasks(seat.tasks(), most) {
        Steal::Success(job) => Steal::Success(Found::poll(job)),
        Steal::Empty => Steal::Empty,
        Steal::Retry => Steal::Retry,
    }
}

/// A ready future and nothing else, wherever it is: for a thread that only polls. `patient` ones
/// have waited for long, so that those that can wait are looked at as well.
pub(super) fn future_only(registry: &Registry, seat: &Seat, patient: bool) -> Option<Found> {
    let from_seats = || {
        sweep(registry, seat, |victim| match tasks_of(victim, seat, 1) {
            Steal::Success(found) => Steal::Success(found),
            other => match victim.steal_lifo() {
                Some(task) => Steal::Success(Found::poll(task)),
                None => other,
            },
        })
    };
    future(registry, High)
        .or_else(|| own_future(seat).map(Found::poll))
        .or_else(|| future(registry, Normal))
        .or_else(from_seats)
        .or_else(|| patient.then(|| future(registry, Background)).flatten())
}

/// The most urgent heavy future or root that is at least so urgent.
pub(super) fn long_only(registry: &Registry, least: Priority) -> Option<Found> {
    let all = [High, Normal, Background];
    let mut eligible = all.into_iter().filter(|priority| *priority <= least);
    eligible.find_map(|priority| heavy(registry, priority).or_else(|| root(registry, priority)))
}

/// The most urgent heavy future.
pub(super) fn heavy_only(registry: &Registry) -> Option<Found> {
    let all = [High, Normal, Background];
    all.into_iter()
        .find_map(|priority| heavy(registry, priority))
}
