//! One step of the main loop, on request of a job.

use super::find::{self, Found};
use super::seat::Seat;

/// Runs one job from anywhere. `false`: there was none.
pub(crate) fn run_any(seat: &Seat) -> bool {
    let registry = seat.registry();
    run(seat, || {
        find::own(registry, seat).or_else(|| find::others(registry, seat, true))
    })
}

/// Runs one job of the seat's own queues. `false`: there was none.
pub(crate) fn run_own(seat: &Seat) -> bool {
    run(seat, || find::own(seat.registry(), seat))
}

fn run(seat: &Seat, find: impl FnOnce() -> Option<Found>) -> bool {
    // Private jobs belong to joins below us on this stack; to their owner they are as pending as
    // public ones, so they are made public before.
    seat.expose_all();
    let job = find();
    let found = job.is_some();
    if let Some(job) = job {
        job.run(seat);
    }
    found
}
