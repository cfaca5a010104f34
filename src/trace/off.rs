//! The timeline in builds without it: nothing is recorded.

use super::{LaneKind, Span};
use std::panic::Location;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Recorder;

#[derive(Debug)]
pub(crate) struct Entered;

#[derive(Debug)]
pub(crate) struct Polling;

impl Recorder {
    pub(crate) fn from_environment(_seats: usize) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn enter(&self, _kind: LaneKind, _seat: usize) -> Entered {
        Entered
    }

    pub(crate) fn enter_blocking(&self) -> Entered {
        Entered
    }

    #[inline(always)]
    pub(crate) fn save(&self) {}

    #[inline(always)]
    pub(crate) fn save_if_grown(&self) {}

    #[cfg(feature = "trace")]
    pub(crate) fn write(&self, _path: &std::path::Path) -> std::io::Result<()> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

// The drop does nothing; it is there so that callers may write `drop(guard)`, as with the real one.
impl Drop for Entered {
    #[inline(always)]
    fn drop(&mut self) {}
}

pub(crate) fn at_thread_end(_save: fn()) {}

#[inline(always)]
pub(crate) fn begin(_span: Span) {}

#[inline(always)]
pub(crate) fn end(_span: Span) {}

#[inline(always)]
pub(crate) fn steal(_victim: u32) {}

#[inline(always)]
pub(crate) fn poll<'a>(
    _id: u64,
    _site: Option<&'static Location<'static>>,
    _name: impl FnOnce() -> Option<&'a Arc<str>>,
) -> Polling {
    Polling
}
