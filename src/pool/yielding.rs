//! One step of the main loop, on request of a job.

use super::find::{self, Found};
use super::seat::Occupant;
use super::{computing, publish};
use crate::job::origin;

/// Runs one job from anywhere. `false`: there was none.
pub(crate) fn run_any(me: Occupant<'_>) -> bool {
    run(me, || find::own(me).or_else(|| find::others(me, true)))
}

/// Runs one job of the seat's own queues. `false`: there was none.
pub(crate) fn run_own(me: Occupant<'_>) -> bool {
    run(me, || find::own(me))
}

fn run(me: Occupant<'_>, find: impl FnOnce() -> Option<Found>) -> bool {
    // Private jobs belong to joins below us on this stack; to their owner they are as pending as
    // public ones, so they are made public before.
    publish::expose_all(me);
    let job = find();
    let found = job.is_some();
    if let Some(job) = job {
        let _lent = origin::lend_token();
        computing::run(me, job);
    }
    found
}
