//! What a worker does next: the order of search, and nothing else.
//!
//! mail → what goes first in this round (see [`First`]) → what is urgent → own jobs → LIFO slot (a
//! task woken by this thread) → own tasks; then, as a searcher: futures of the injector in a batch
//! → heavy futures → roots → one job of a random victim → half of a victim's tasks → on the last
//! round before sleep, a victim's LIFO slot → what can wait → a private join half of a victim. In
//! every other round, heavy futures go before others; in every eighth, other seats go before the
//! injector.

use super::registry::Registry;
use super::seat::{Asked, Occupant, ROUNDS, Reached, Seat, may_reach};
use crate::job::JobRef;
use crate::sync;
use crate::sync::atomic::{Ordering, fence};
use crate::sync::deque::Steal;
use crate::task::Priority::{Background, High, Normal};
use crate::task::{Class, Priority};
use crate::trace;
use crate::util::count::Event;

/// The number of rounds after which a thread without work of its own looks at other seats first,
/// once.
const SEATS_FIRST: u32 = 8;

/// The number of rounds after which such a thread takes a heavy future before others, once.
const HEAVY_FIRST: u32 = 2;

/// The number of tasks that move from a victim or the injector at once, at most.
const BATCH: usize = 32;

/// What goes before the seat's own queues in a round of the main loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    /// What is urgent, if there is any: the usual case.
    Urgent,
    /// The oldest future of the injector; and the LIFO slot may overtake again.
    Futures,
    /// The oldest future of the injector.
    OneFuture,
    Roots,
    Heavy,
    Background,
    /// Timers that have expired; what they wake comes to the seat's own queues.
    Timers,
    /// Nothing here: the main loop has let events in before this round (`worker.rs`).
    Events,
    /// Nothing.
    Own,
}

/// The table of the [`ROUNDS`]: each shared queue goes first in one of them, so that neither a busy
/// seat nor what is urgent starves it. Normal futures do so more often: what was woken outside
/// must not wait for 60 polls of tasks that yield.
const fn first(round: u32) -> First {
    match round {
        0 => First::Futures,
        8 | 19 | 27 | 38 | 55 => First::OneFuture,
        15 => First::Roots,
        22 => First::Heavy,
        30 => First::Background,
        45 => First::Own,
        50 => First::Timers,
        51 => First::Events,
        _ => First::Urgent,
    }
}

const _: () = assert!(ROUNDS > 51);

/// Does a busy thread let events in at the end of this round?
pub(super) fn lets_events_in(round: u32) -> bool {
    first(round) == First::Events
}

/// What the thread has just done counts as all the rounds up to the next one that has something go
/// before the seat's own queues.
pub(super) fn skip_to_others(me: Occupant<'_>) {
    while first((me.round() + 1) % ROUNDS) == First::Urgent {
        me.next_round();
    }
}

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
    #[inline]
    pub(super) fn is_poll(&self) -> bool {
        !self.computes
    }

    /// Runs it on the calling thread's seat, which computes already if that is what it takes (see
    /// `computing::run`).
    #[inline]
    pub(super) fn execute(self, me: Occupant<'_>) {
        self.job.execute(me.index());
    }
}

/// Work that this seat can have without asking others.
pub(super) fn own(me: Occupant<'_>) -> Option<Found> {
    if let Some(letter) = me.open_mail() {
        return Some(Found::closure(letter));
    }
    take_first(me).or_else(|| {
        me.slots()
            .pop_public()
            .map(Found::closure)
            .or_else(|| own_future(me).map(Found::poll))
    })
}

/// A future of the seat's own queues.
#[inline]
fn own_future(me: Occupant<'_>) -> Option<JobRef> {
    me.tasks().pop_lifo().or_else(|| me.tasks().pop())
}

/// The next round begins: takes what goes before the seat's own queues.
fn take_first(me: Occupant<'_>) -> Option<Found> {
    let registry = me.registry();
    let taken = match first(me.next_round()) {
        First::Urgent | First::Events => None,
        First::Futures => {
            me.tasks().allow_overtaking();
            future(registry, Normal)
        }
        First::OneFuture => future(registry, Normal),
        First::Roots => root(registry, Normal),
        First::Heavy => heavy(registry, Normal),
        First::Background => any(registry, Background),
        First::Timers => {
            registry.driver.fire_if_unattended();
            None
        }
        First::Own => return None,
    };
    if taken.is_some() || !registry.injectors.may_be_urgent() {
        return taken;
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
fn batch(me: Occupant<'_>) -> usize {
    if me.last_computed() { 1 } else { BATCH }
}

/// Work of others. `last`: nothing will be looked at again before this thread sleeps.
pub(super) fn others(me: Occupant<'_>, last: bool) -> Option<Found> {
    let registry = me.registry();
    if registry.expects_thieves() {
        // Ordering: SeqCst fence of rule H1: this thread counts as idle, then it looks at the seats
        // and their hunger words. It pairs with the one in `Hunger::answer`.
        fence(Ordering::SeqCst);
    }
    let waiting = registry.injectors.len(Class::future(Normal));
    let part = waiting / registry.num_threads().max(1) + 1;
    // Now and then other seats go first: their threads may be busy for long, and the injector never
    // empty.
    let seats_first = (me.round() % SEATS_FIRST == 0).then(|| steal(me, false));
    // Heavy futures were put aside from the front of the queue: they are older than what waits
    // there now. Where more comes than can be done, only the new ones may still be in time.
    let heavy_first = me.round() % HEAVY_FIRST == 0;
    seats_first
        .flatten()
        .or_else(|| any(registry, High))
        .or_else(|| heavy_first.then(|| heavy(registry, Normal)).flatten())
        .or_else(|| {
            let most = part.min(batch(me));
            let take = |dest: &_| registry.injectors.take_futures(Normal, most, dest);
            me.tasks().push_batch(take).map(Found::poll)
        })
        .or_else(|| heavy(registry, Normal))
        .or_else(|| root(registry, Normal))
        .or_else(|| steal(me, last))
        .or_else(|| any(registry, Background))
}

/// The seats of others, from a random one on.
fn victims<'a>(me: Occupant<'a>) -> impl Iterator<Item = &'a Seat> + 'a {
    let registry = me.registry();
    let seats = registry.used_seats();
    let start = me.rng().below(seats);
    (start..seats)
        .chain(0..start)
        .filter(move |index| *index != me.index() as usize)
        .filter_map(|index| registry.used_seat(index))
}

/// What `take` gets from some other seat.
fn sweep(me: Occupant<'_>, take: impl Fn(&Seat) -> Steal<Found>) -> Option<Found> {
    loop {
        let mut retry = false;
        for victim in victims(me) {
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
        sync::spin();
    }
}

fn steal(me: Occupant<'_>, last: bool) -> Option<Found> {
    let stolen = sweep(me, |victim| match victim.offer().steal() {
        Steal::Success(job) => Steal::Success(Found::closure(job)),
        Steal::Empty => tasks_of(victim, me, batch(me)),
        Steal::Retry => Steal::Retry,
    });
    if stolen.is_some() {
        me.counters().count_steal();
        return stolen;
    }
    Event::FailedSweep.count();
    if last {
        let lifo = victims(me).find_map(|victim| victim.tasks.steal_lifo());
        return lifo.map(Found::poll);
    }
    None
}

/// The number of seats that one heavy fence serves, at most.
const REACH: usize = 32;

/// What a thread has found that looked for private jobs.
pub(super) enum Hidden {
    Job(Found),
    Nothing,
    /// Only such as this thread may not take: they wait for a token of their limit, whose return is
    /// told (`tell::token`), or the system has refused the heavy fence.
    Refused,
}

/// A private join half of another seat, whose owner is away from its slots (rule H2). The last look
/// of a thread that has found nothing else: it costs a few microseconds, and those who compute an
/// interrupt.
///
/// All seats whose owners may fork are asked, also those that show no private job. An owner may be
/// in the middle of a push that is not to be seen yet, and that does not see the question either.
#[cold]
pub(super) fn hidden(me: Occupant<'_>) -> Hidden {
    if !me.registry().expects_thieves() {
        return Hidden::Nothing;
    }
    let mut result = Hidden::Nothing;
    let mut seats = victims(me).filter(|seat| seat.may_hide_jobs());
    loop {
        let mut asked = [const { None }; REACH];
        for (place, seat) in asked.iter_mut().zip(&mut seats) {
            *place = Some((seat, seat.hidden().ask()));
        }
        if asked[0].is_none() {
            return result;
        }
        if !may_reach() {
            return Hidden::Refused;
        }
        for (seat, asked) in asked.into_iter().flatten() {
            match reach(seat, asked) {
                Reached::Job(job) => {
                    trace::steal(seat.index());
                    me.counters().count_steal();
                    return Hidden::Job(Found::closure(job));
                }
                Reached::Refused => result = Hidden::Refused,
                Reached::Missed | Reached::Nothing => {}
            }
        }
    }
}

/// Reaches into the slots of one seat, and asks anew as long as other threads are faster.
fn reach(seat: &Seat, mut asked: Asked) -> Reached {
    while seat.hides_jobs() || seat.offer().has_public() {
        match seat.hidden().reach(asked) {
            Reached::Missed => {}
            other => return other,
        }
        sync::spin();
        asked = seat.hidden().ask();
        if !may_reach() {
            return Reached::Refused;
        }
    }
    Reached::Nothing
}

fn tasks_of(victim: &Seat, me: Occupant<'_>, most: usize) -> Steal<Found> {
    match victim.tasks.steal(me.tasks(), most) {
        Steal::Success(job) => Steal::Success(Found::poll(job)),
        Steal::Empty => Steal::Empty,
        Steal::Retry => Steal::Retry,
    }
}

/// Takes the tasks of a seat onto this thread's queue.
pub(super) fn all_tasks_of(victim: &Seat, me: Occupant<'_>) {
    loop {
        match victim.tasks.steal(me.tasks(), BATCH) {
            Steal::Success(task) => me.tasks().push(task),
            Steal::Empty => break,
            Steal::Retry => sync::spin(),
        }
    }
    if let Some(task) = victim.tasks.steal_lifo() {
        me.tasks().push(task);
    }
}

/// A ready future and nothing else, wherever it is: for a thread that only polls. If it is
/// `patient`, futures that can wait are looked at as well.
pub(super) fn future_only(me: Occupant<'_>, patient: bool) -> Option<Found> {
    let registry = me.registry();
    let from_seats = || {
        sweep(me, |victim| match tasks_of(victim, me, 1) {
            Steal::Success(found) => Steal::Success(found),
            other => match victim.tasks.steal_lifo() {
                Some(task) => Steal::Success(Found::poll(task)),
                None => other,
            },
        })
    };
    // Now and then others go first: those who yield come to the own queue, and make it endless.
    let round = me.next_round() % SEATS_FIRST;
    future(registry, High)
        .or_else(|| match round {
            0 => from_seats(),
            1 => future(registry, Normal),
            _ => None,
        })
        .or_else(|| own_future(me).map(Found::poll))
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
