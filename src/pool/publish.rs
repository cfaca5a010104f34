//! Where a job goes when it becomes ready, and what becomes of it when the pool has ended.

use super::registry::Registry;
use super::seat::{self, Mode, Occupant};
use super::tell;
use crate::job::{JobRef, NO_SEAT, SeatIndex};
use crate::sync::atomic::{Ordering, fence};
use crate::task::{Class, How, Priority};
use crate::util::count::Event;

/// Hands a closure to whichever thread comes first.
pub(crate) fn inject_root(registry: &Registry, job: JobRef) {
    inject(registry, job, Class::root(Priority::Normal));
}

/// Hands a job of some class to whichever thread comes first.
pub(super) fn inject(registry: &Registry, job: JobRef, class: Class) {
    registry.check_process();
    registry.injectors.push(job, class);
    Event::Injected.count();
    tell::work(registry);
    drain_if_last(registry);
}

/// A job of a scope that this thread spawns: public at once, so that it is always stealable.
pub(crate) fn push_scope_job(me: Occupant<'_>, job: JobRef) {
    // Older private jobs stay private: they are below this one in the owner's order (`seat.S2`
    // speaks of join halves), and thieves take this one first.
    flush_lifo(me);
    me.slots().push_public(job);
    let registry = me.registry();
    if me.is_guest() && me.mode() == Mode::Polling && !registry.sleep.wants_one() {
        // The body of an in-place scope may wait for this job in a way that the pool does not see.
        // It runs on a thread of the program's, which goes on without a permit
        // (`guest::body_of_scope`).
        me.set_mode(Mode::Away);
        registry.sleep.release();
        tell::permit(registry);
    } else {
        tell::job(me);
    }
}

/// Puts a ready task where a worker finds it.
pub(super) fn schedule(registry: &Registry, job: JobRef, how: How, class: Class) {
    // Only usual futures have queues on seats.
    let is_usual = class.is_usual() && how != How::Aside;
    match awake_occupant(registry) {
        Some(me) if is_usual => schedule_here(me, job, how),
        Some(me) => share(me, job, how, class),
        None => {
            registry.driver.woken_outside();
            inject(registry, job, class);
        }
    }
}

/// The calling thread, if it sits at this pool and is at work. (What is left on the queues of a
/// thread that is away would wait for thieves.) A driver is woken by what happens now.
#[inline]
fn awake_occupant<'a>(registry: &'a Registry) -> Option<Occupant<'a>> {
    let me = seat::try_current().filter(|me| registry.owns(me))?;
    tell::come_back_if_driving(me);
    (me.mode() != Mode::Away).then_some(me)
}

/// A task that this thread has spawned just now, at the end of the queue of this seat.
pub(super) fn spawn_here(me: Occupant<'_>, job: JobRef) {
    me.tasks().push_new(job);
    tell::work_from(me);
}

/// A task that this thread has just polled is to be polled again, after what is in the queue of
/// this seat.
pub(super) fn yield_here(me: Occupant<'_>, job: JobRef) {
    let alone = !me.tasks().has_queued();
    me.tasks().push(job);
    if !alone {
        tell::work_from(me);
    }
}

/// [`schedule`] on this thread's own queues.
#[inline]
fn schedule_here(me: Occupant<'_>, job: JobRef, how: How) {
    if how.is_wake() {
        me.counters().count_wake();
    }
    let tasks = me.tasks();
    let alone = !tasks.has_queued();
    // It is not next on a thread that computes.
    let is_next = how.is_wake() && me.mode() != Mode::Computing;
    let queued = match is_next {
        true => me.put_next(job),
        false => Some(job),
    };
    // A single task that this thread runs next needs no second thread.
    let mut tells = !alone;
    if let Some(task) = queued {
        match how {
            How::Spawn | How::Join => tasks.push_new(task),
            _ => tasks.push(task),
        }
        tells |= how != How::Yield;
    }
    if tells {
        tell::work_from(me);
    } else if how.is_wake() {
        tell::watch(me.registry());
    }
}

/// [`schedule`] in the shared queues.
#[inline(never)]
fn share(me: Occupant<'_>, job: JobRef, how: How, class: Class) {
    let injectors = &me.registry().injectors;
    match how {
        How::Aside => injectors.put_aside(job, class.priority()),
        _ => injectors.push(job, class),
    }
    if how.is_wake() {
        me.counters().count_wake();
    }
    tell::work_from(me);
}

/// Posts one letter to each worker and wakes them all, also those without a permit. `letter` is
/// told how many there are.
pub(crate) fn post_to_all(registry: &Registry, mut letter: impl FnMut(usize) -> JobRef) {
    let count = registry.max_threads();
    for index in 0..count {
        let index = index as SeatIndex;
        if let Err(letter) = registry.seat(index).mail.post(letter(count)) {
            // That worker has ended with its pool: nothing is lost, we run it in its name.
            letter.execute(index);
        }
    }
    tell::mail(registry);
}

/// The task in the LIFO slot goes to the queue: this thread is about to do something that may take
/// long.
pub(super) fn flush_lifo(me: Occupant<'_>) {
    if me.tasks().flush_lifo() {
        tell::work(me.registry());
    }
}

/// Makes everything on this seat visible to thieves: before a wait that is not for descendants.
pub(crate) fn expose_all(me: Occupant<'_>) {
    if me.slots().expose_all() == seat::Exposed::Jobs {
        tell::work(me.registry());
    }
    flush_lifo(me);
}

/// A thread leaves its seat for good, or gives away all that is there: nothing of its work stays
/// behind.
pub(super) fn clear_seat(me: Occupant<'_>) {
    let registry = me.registry();
    expose_all(me);
    let mut moved = false;
    while let Some(job) = me.slots().pop_public() {
        registry.injectors.push(job, Class::root(Priority::Normal));
        moved = true;
    }
    while let Some(task) = me.tasks().pop() {
        registry
            .injectors
            .push(task, Class::future(Priority::Normal));
        moved = true;
    }
    if moved {
        tell::work(registry);
        drain_if_last(registry);
    }
}

/// Runs what was pushed after the last thread with a seat had gone (`shutdown.C4`).
pub(super) fn drain_if_last(registry: &Registry) {
    if !registry.is_closed() {
        return;
    }
    // Ordering: SeqCst fence; pairs with the one in `Threads::leave_seated`: either we see that
    // all of them have left, or the last of them sees our push.
    fence(Ordering::SeqCst);
    if registry.threads.has_no_seated() {
        drain(registry);
    }
}

/// Runs everything in the injectors on this thread: tasks are cancelled by that, and jobs that
/// are waited for are done. Then no thread is left that could look after events: a blocking closure
/// that still waits for one hears that none will come.
pub(super) fn drain(registry: &Registry) {
    while let Some(job) = registry.injectors.take_any() {
        job.execute(NO_SEAT);
    }
    registry.driver.close();
}
