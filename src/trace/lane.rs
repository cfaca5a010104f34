//! Notes, and the lane to which the calling thread writes them.

use super::buffer::Buffer;
use super::{LaneKind, Span};
use crate::sync::{Mutex, lock, thread_cell};
use crate::util::clock;
use std::cell::Cell;
use std::collections::HashMap;
use std::panic::Location;
use std::ptr;
use std::sync::Arc;

/// The event that a note reports.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// A poll begins, of the task with this number (0: the future of a `block_on`), which was
    /// spawned at this place.
    BeginPoll(u64, Option<&'static Location<'static>>),
    /// Another span begins.
    Begin(Span),
    /// The innermost span of this kind ends, and all spans inside it.
    End(Span),
    /// Work was stolen from the seat with this index.
    Steal(u32),
}

/// A note.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    /// The time, by the clock of [`clock::ticks`].
    pub(super) at: u64,
    pub(super) what: What,
}

/// The notes of one seat or thread.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(super) kind: LaneKind,
    pub(super) index: usize,
    pub(super) notes: Buffer<Note>,
    /// The names of tasks that were polled here. Few tasks have one.
    pub(super) names: Mutex<HashMap<u64, Arc<str>>>,
}

thread_cell! {
    static CURRENT: Cell<*const Lane> = Cell::new(ptr::null());
}

/// A guard: the calling thread writes to a lane until it is dropped.
#[derive(Debug)]
pub(crate) struct Entered(*const Lane);

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.0));
    }
}

impl Lane {
    pub(super) fn new(kind: LaneKind, index: usize, capacity: usize) -> Self {
        Self {
            kind,
            index,
            notes: Buffer::new(capacity),
            names: Mutex::new(HashMap::new()),
        }
    }

    #[cold]
    fn note(&self, what: What) {
        let at = clock::ticks();
        // SAFETY: trace.B1: `enter` was promised that no other thread writes here.
        unsafe { self.notes.push(Note { at, what }) };
    }
}

/// From now on the calling thread's notes go to `lane`, if there is one.
///
/// # Safety
///
/// The lane outlives the guard, and no other thread enters it meanwhile.
#[inline]
pub(super) unsafe fn enter(lane: Option<&Lane>) -> Entered {
    let lane = lane.map_or(ptr::null(), ptr::from_ref);
    Entered(CURRENT.with(|current| current.replace(lane)))
}

#[inline]
fn current<'a>() -> Option<&'a Lane> {
    // SAFETY: `enter` was promised that the lane outlives its guard, which clears the cell.
    // References are used within the callers' own frames.
    unsafe { CURRENT.with(Cell::get).as_ref() }
}

#[inline]
pub(crate) fn begin(span: Span) {
    if let Some(lane) = current() {
        lane.note(What::Begin(span));
    }
}

#[inline]
pub(crate) fn end(span: Span) {
    if let Some(lane) = current() {
        lane.note(What::End(span));
    }
}

#[inline]
pub(crate) fn steal(victim: u32) {
    if let Some(lane) = current() {
        lane.note(What::Steal(victim));
    }
}

/// Notes that a task is polled, until the guard is dropped.
#[inline]
pub(crate) fn poll<'a>(
    id: u64,
    site: Option<&'static Location<'static>>,
    name: impl FnOnce() -> Option<&'a Arc<str>>,
) -> Polling {
    if let Some(lane) = current() {
        begin_poll(lane, id, site, name());
    }
    Polling(())
}

#[cold]
fn begin_poll(
    lane: &Lane,
    id: u64,
    site: Option<&'static Location<'static>>,
    name: Option<&Arc<str>>,
) {
    if let Some(name) = name {
        let mut names = lock(&lane.names);
        names.entry(id).or_insert_with(|| Arc::clone(name));
    }
    lane.note(What::BeginPoll(id, site));
}

/// The guard of [`poll`].
#[derive(Debug)]
pub(crate) struct Polling(());

impl Drop for Polling {
    #[inline]
    fn drop(&mut self) {
        end(Span::Poll);
    }
}
