//! The timeline of a pool: what each of its threads did when (feature `trace`).
//!
//! While `MANYHANDS_TRACE=file` is set, the threads of a pool note what they begin and end: polls,
//! computations, jobs from queues, waits that lend the permit, sleeps. They also note what they
//! steal. Each thread writes to a buffer of its own (`buffer.rs`), which takes no more notes when
//! it is full. The output says how many were dropped. The notes become a file in the format of
//! Chrome's tracing and Perfetto (`chrome.rs`) or a page to look at (`html.rs`).
//!
//! | file | story |
//! |---|---|
//! | `buffer.rs` | the notes of one thread: one writer, any readers, nothing is ever overwritten |
//! | `lane.rs` | the buffer to which the calling thread writes; what a note says |
//! | `recorder.rs` | the lanes of one pool; when and where they are written |
//! | `timeline.rs` | from notes to spans that nest |
//! | `chrome.rs`, `html.rs`, `page.html` | the two formats |
//! | `off.rs` | nothing, for builds without the feature and for models |
//!
//! Called by `task` (polls), `job` (jobs), and `pool`. Where nothing is recorded a note costs one
//! load of a thread-local pointer and a branch. A private join takes none. This module knows
//! nothing of tasks and pools.

#[cfg(all(feature = "trace", not(manyhands_model)))]
mod buffer;
#[cfg(all(feature = "trace", not(manyhands_model)))]
mod chrome;
#[cfg(all(feature = "trace", not(manyhands_model)))]
mod html;
#[cfg(all(feature = "trace", not(manyhands_model)))]
mod lane;
#[cfg(all(feature = "trace", not(manyhands_model)))]
mod lanes;
#[cfg(all(feature = "trace", not(manyhands_model)))]
mod recorder;
#[cfg(all(feature = "trace", not(manyhands_model)))]
mod timeline;
#[cfg(all(feature = "trace", not(manyhands_model)))]
pub(crate) use self::{
    lane::{begin, end, poll, steal},
    recorder::{Recorder, at_thread_end},
};

#[cfg(not(all(feature = "trace", not(manyhands_model))))]
mod off;
#[cfg(not(all(feature = "trace", not(manyhands_model))))]
pub(crate) use self::off::{Recorder, at_thread_end, begin, end, poll, steal};

/// The kind of a span: something that lasts from one note to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[cfg_attr(not(feature = "trace"), allow(dead_code))]
pub(crate) enum Span {
    /// A future is polled, or the closure of a task runs.
    Poll,
    /// The thread computes: from the first fork, scope or loop of a poll, or with a closure.
    Compute,
    /// A join half or another closure from a queue runs.
    Job,
    /// The thread waits or blocks, and has lent its permit.
    Lent,
    /// The thread has begun to compute, and waits for its turn.
    Pause,
    /// The thread sleeps.
    Park,
}

/// The kind of thread whose notes a lane holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "trace"), allow(dead_code))]
pub(crate) enum LaneKind {
    Worker,
    Guest,
    Spare,
    Blocking,
}
