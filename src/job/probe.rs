//! A job that stands for another one in a queue, and knows since when: for pools that measure how
//! long ready tasks wait.
//!
//! So a task has no room for a time that few of them need. Whatever becomes of a job in the queues
//! also becomes of its probe.

use super::{Header, JobRef, SeatIndex, blocks};
use crate::sync::thread_cell;
use std::cell::Cell;
use std::ptr::NonNull;

thread_cell! {
    /// The time in the probe that this thread runs, until it is taken; else 0.
    static SINCE: Cell<u64> = Cell::new(0);
}

/// One block: header, time, and the job that the probe stands for.
#[repr(C)]
struct Probe {
    header: Header,
    since: u64,
    job: JobRef,
}

/// A probe for `job`. `since` is a time that is not 0.
pub(crate) fn new_ref(since: u64, job: JobRef) -> JobRef {
    debug_assert_ne!(since, 0);
    let probe = blocks::take();
    // SAFETY: `execute` below consumes the probe once. It does not unwind, as the job does not.
    let header = unsafe { Header::new(execute) };
    // SAFETY: the block is a new one for a `Probe`.
    unsafe { probe.write(Probe { header, since, job }) };
    // SAFETY: the probe is live until `execute` gives the block back. The time and the right to run
    // the job may go to any thread. One `JobRef`.
    unsafe { JobRef::new(probe.cast()) }
}

/// Runs the job that the probe stands for.
///
/// # Safety
///
/// `this` belongs to a `JobRef` that [`new_ref`] has made.
unsafe fn execute(this: NonNull<Header>, seat: SeatIndex) {
    let place = this.cast::<Probe>();
    // SAFETY: job.J1: this happens once, so nobody else uses the probe, or the block after it. What
    // was in it is moved out.
    let Probe { since, job, .. } = unsafe {
        let probe = place.read();
        blocks::give(place);
        probe
    };
    SINCE.with(|cell| cell.set(since));
    job.execute(seat);
    // If the job did not ask.
    SINCE.with(|cell| cell.set(0));
}

/// The time in the probe that stood for the job that this thread has just begun; `None` if there
/// was no probe, or the time has been taken.
pub(crate) fn take() -> Option<u64> {
    let since = SINCE.with(Cell::take);
    (since != 0).then_some(since)
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::{new_ref, take};
    use crate::job::NO_SEAT;
    use crate::job::heap::HeapJob;
    use std::sync::mpsc::channel;

    #[test]
    fn a_job_finds_the_time_of_its_probe_once() {
        let (sender, seen) = channel();
        for asks in [true, false, true] {
            let sender = sender.clone();
            // SAFETY: it borrows nothing.
            let job = unsafe {
                HeapJob::new_ref(move |_| {
                    if asks {
                        sender.send([take(), take()]).unwrap();
                    }
                })
            };
            new_ref(7, job).execute(NO_SEAT);
            assert_eq!(take(), None);
        }
        drop(sender);
        let seen: Vec<_> = seen.iter().collect();
        assert_eq!(seen, [[Some(7), None], [Some(7), None]]);
    }
}
