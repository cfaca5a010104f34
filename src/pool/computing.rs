//! A thread begins to compute: with the first fork, scope or loop of a poll, or with a closure from
//! a queue.

use super::find::Found;
use super::rescue::post;
use super::seat::{Mode, Occupant};
use super::tell;
use crate::job::JobRef;
use crate::job::origin;
use crate::sim;

/// The occupant computes from now on, if it has only polled so far.
#[inline]
pub(crate) fn begin(me: Occupant<'_>) {
    match me.mode() {
        // It computes already, or inside `block_in_place`, without a permit.
        Mode::Computing | Mode::Away => {}
        mode => begin_from(me, mode),
    }
}

#[cold]
fn begin_from(me: Occupant<'_>, mode: Mode) {
    sim::point(sim::Kind::Compute);
    match mode {
        Mode::Overcommitted => post::begin_at_post(me),
        _ => tell::computing(me),
    }
}

/// Runs a job on top of the present one, which does not work meanwhile: it needs no token of its
/// limit, and the job may wait for a task that does.
pub(super) fn run_on_top(me: Occupant<'_>, job: JobRef) {
    let _lent = origin::lend_token();
    job.execute(me.index());
}

/// Runs what was found on the calling thread's seat.
#[inline]
pub(super) fn run(me: Occupant<'_>, job: Found) {
    if !job.is_poll() {
        begin(me);
    }
    job.execute(me);
}
