//! Loom models of how a scope counts its jobs: the credit of the threads that work for it
//! (`pending.rs`), over the latch below (`latch.L3`, which has models of its own).
//!
//! A scope is a block of memory here, which is freed the moment its latch says done. Each job
//! writes to a place of its own in it, without any order but that of the counts. So loom sees a
//! scope that ends before its last job, and one that never ends is a deadlock.

use super::pending::{Held, Pending, Place};
use crate::pool::{Occupant, Seats};
use crate::sync::{Arc, Mutex, UnsafeCell, lock, thread};
use crate::util::model;
use crate::util::parker::Parker;

const JOBS: usize = 3;

struct Scope {
    pending: Pending,
    runs: [UnsafeCell<u32>; JOBS],
}

/// A scope, as its jobs know it.
#[derive(Clone, Copy)]
struct Open(*const Scope);
// SAFETY: the models hand the scope over by its counts.
unsafe impl Send for Open {}

/// A job that is counted.
struct Job {
    scope: Open,
    number: usize,
    place: Place,
}

/// Opens a scope on this seat. Its body has begun.
fn open(me: Occupant<'_>) -> (Open, Place, Held<'_>) {
    let (pending, body) = Pending::new(Some(me));
    let runs = [(); JOBS].map(|()| UnsafeCell::new(0));
    let scope = Open(Box::into_raw(Box::new(Scope { pending, runs })));
    let held = scope.pending().hold(Some(me));
    (scope, body, held)
}

impl Open {
    fn pending<'a>(self) -> &'a Pending {
        // SAFETY: the callers are counted, or have opened the scope and not yet seen it done.
        unsafe { &(*self.0).pending }
    }

    fn spawn(self, me: Occupant<'_>, number: usize) -> Job {
        let place = self.pending().count_in(Some(me));
        Job {
            scope: self,
            number,
            place,
        }
    }

    fn count_out(self, place: Place, held: Held<'_>) {
        // SAFETY: counted until this call, the last use of the scope by what was counted.
        unsafe { Pending::count_out(&raw const (*self.0).pending, place, held) };
    }

    /// Waits for the end. `runs`: how often each job must have run.
    fn wait(self, runs: [u32; JOBS]) {
        self.pending().done().wait(Parker::current());
        // SAFETY: the scope has ended: all jobs are done, and have let go of it.
        let scope = unsafe { Box::from_raw(self.0.cast_mut()) };
        // SAFETY: as above; loom checks it.
        let seen = scope.runs.each_ref().map(|it| it.with(|it| unsafe { *it }));
        assert_eq!(seen, runs);
    }
}

impl Job {
    fn run(self, me: Occupant<'_>) {
        self.run_with(me, || ());
    }

    /// The job calls `body`, too.
    fn run_with(self, me: Occupant<'_>, body: impl FnOnce()) {
        let held = self.scope.pending().hold(Some(me));
        body();
        // SAFETY: the job is counted, and its place is its own.
        unsafe { (*self.scope.0).runs[self.number].with_mut(|it| *it += 1) };
        self.scope.count_out(self.place, held);
    }
}

/// What a thread does on seat 1.
fn thief(
    seats: &Seats,
    work: impl FnOnce(Occupant<'_>) + Send + 'static,
) -> thread::JoinHandle<()> {
    let seats = seats.clone();
    thread::spawn(move || seats.sit(1, work))
}

/// A thread spawns and runs jobs of its scope, while a thief ends one that it has taken there.
#[test]
fn an_owner_spawns_beside_a_thief() {
    model::check("scope::an_owner_spawns_beside_a_thief", || {
        let seats = Seats::new();
        seats.sit(0, |me| {
            let (scope, body, held) = open(me);
            let stolen = scope.spawn(me, 0);
            let thief = thief(&seats, |me| stolen.run(me));
            let own = scope.spawn(me, 1);
            own.run(me);
            scope.count_out(body, held);
            scope.wait([1, 1, 0]);
            thief.join().unwrap();
        });
    });
}

/// The thief spawns as well, and its job ends before those that it has spawned, with credit left.
#[test]
fn a_thief_spawns_beside_the_end() {
    model::check("scope::a_thief_spawns_beside_the_end", || {
        let seats = Seats::new();
        seats.sit(0, |me| {
            let (scope, body, held) = open(me);
            let stolen = scope.spawn(me, 0);
            let thief = thief(&seats, move |me| {
                let mut more = None;
                stolen.run_with(me, || more = Some([1, 2].map(|job| scope.spawn(me, job))));
                more.into_iter().flatten().for_each(|job| job.run(me));
            });
            scope.count_out(body, held);
            scope.wait([1, 1, 1]);
            thief.join().unwrap();
        });
    });
}

/// A job that was spawned by a thief comes back, and runs on top of the body: counted on one seat,
/// ended on another by a thread that holds credit.
#[test]
fn a_job_ends_where_it_was_not_counted() {
    model::check("scope::a_job_ends_where_it_was_not_counted", || {
        let seats = Seats::new();
        let back = Arc::new(Mutex::new(None));
        seats.sit(0, |me| {
            let (scope, body, held) = open(me);
            let stolen = scope.spawn(me, 0);
            let thief = {
                let back = back.clone();
                thief(&seats, move |me| {
                    stolen.run_with(me, || *lock(&back) = Some(scope.spawn(me, 1)));
                    let mine = lock(&back).take();
                    mine.into_iter().for_each(|job| job.run(me));
                })
            };
            let taken = lock(&back).take();
            taken.into_iter().for_each(|job: Job| job.run(me));
            scope.count_out(body, held);
            scope.wait([1, 1, 0]);
            thief.join().unwrap();
        });
    });
}

/// A scope inside another one: each has its own credit, also on the seat of a thief that runs a job
/// of the inner one while it works for the outer one, and from there spawns into the outer one.
#[test]
fn an_inner_scope_has_credit_of_its_own() {
    model::check("scope::an_inner_scope_has_credit_of_its_own", || {
        let seats = Seats::new();
        seats.sit(0, |me| {
            let (outer, outer_body, outer_held) = open(me);
            let stolen = outer.spawn(me, 0);
            let (inner, body, held) = open(me);
            let inner_job = inner.spawn(me, 0);
            let thief = thief(&seats, move |me| {
                stolen.run_with(me, || {
                    let mut more = vec![outer.spawn(me, 1)];
                    inner_job.run_with(me, || more.push(outer.spawn(me, 2)));
                    more.into_iter().for_each(|job| job.run(me));
                });
            });
            inner.spawn(me, 1).run(me);
            inner.count_out(body, held);
            inner.wait([1, 1, 0]);
            outer.count_out(outer_body, outer_held);
            outer.wait([1, 1, 1]);
            thief.join().unwrap();
        });
    });
}

/// The thread that has opened the scope runs what the scope has left on its deque, before it
/// sleeps: it holds credit again, for which nothing is counted, and gives it back.
#[test]
fn what_is_left_is_run_with_credit() {
    model::check("scope::what_is_left_is_run_with_credit", || {
        let seats = Seats::new();
        seats.sit(0, |me| {
            let (scope, body, held) = open(me);
            let stolen = scope.spawn(me, 0);
            let left = scope.spawn(me, 1);
            let thief = thief(&seats, |me| stolen.run(me));
            scope.count_out(body, held);
            let held = scope.pending().hold(Some(me));
            let mut more = None;
            left.run_with(me, || more = Some(scope.spawn(me, 2)));
            more.into_iter().for_each(|job| job.run(me));
            scope.pending().release(held);
            scope.wait([1, 1, 1]);
            thief.join().unwrap();
        });
    });
}
