//! Every thread of a pool by number: until it has left the pool, and, if the pool made it, until it
//! has been joined.
//!
//! A thread *leaves* when it has run its last job and its last hook. The system's thread is there
//! for a moment longer: it frees what its closure owned, and runs the destructors of thread-locals.
//! Only a join tells that this is done, so the roster keeps the handles.
//!
//! `shutdown.C5`: who waits for the end waits until every thread has left, *and* until the handle
//! of each one that the pool made is here. The maker hands it in when the thread exists, and by
//! then the thread may have come and gone. So a thread that the pool made stays listed when it
//! leaves.

use crate::sync::{Condvar, Mutex, lock, thread_cell};
use crate::util::{clock, unwind};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[cfg(manyhands_model)]
type Handle = crate::sync::thread::JoinHandle<()>;
#[cfg(not(manyhands_model))]
type Handle = std::thread::JoinHandle<()>;

/// The number of a thread: no two threads of all pools have the same. 0 is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::pool) struct Number(usize);

/// The next one. Not a modelled atomic: a number orders nothing, it only has to be new.
static NEXT: AtomicUsize = AtomicUsize::new(1);

thread_cell! {
    /// The number of the calling thread in its pool, if it has or had one. It can be read while
    /// the thread's locals are being destroyed.
    static MINE: Cell<usize> = Cell::new(0);
}

thread_cell! {
    /// The same number, if the pool made the thread.
    static MADE: Cell<usize> = Cell::new(0);
}

impl Number {
    fn next() -> Self {
        // Ordering: Relaxed; only uniqueness matters.
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The calling thread is the one with this number from now on. Returns what it was before.
    pub(in crate::pool) fn begin(self) -> Self {
        Self(MINE.with(|mine| mine.replace(self.0)))
    }
}

/// One thread.
#[derive(Debug)]
struct Entry {
    /// Of a thread that the pool made, once its maker has it.
    handle: Option<Handle>,
    has_left: bool,
}

/// The threads of one pool that have not left, or are not joined.
#[derive(Debug)]
pub(super) struct Roster {
    entries: Mutex<BTreeMap<Number, Entry>>,
    change: Condvar,
}

impl Roster {
    pub(super) fn new() -> Self {
        Self {
            entries: Mutex::new(BTreeMap::new()),
            change: Condvar::new(),
        }
    }

    /// A thread will come, from wherever.
    pub(super) fn add(&self) -> Number {
        let number = Number::next();
        let entry = Entry {
            handle: None,
            has_left: false,
        };
        lock(&self.entries).insert(number, entry);
        number
    }

    /// Makes that thread. (Nothing may let a simulation go on between `sim::ticket` and the thread
    /// that takes the place, so no lock is taken before.)
    pub(super) fn spawn(
        &self,
        number: Number,
        builder: std::thread::Builder,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let body = move || {
            MADE.with(|made| made.set(number.0));
            number.begin();
            body();
        };
        let handle = spawn(builder, body)?;
        if let Some(entry) = lock(&self.entries).get_mut(&number) {
            entry.handle = Some(handle);
        }
        self.change.notify_all();
        Ok(())
    }

    /// The thread has run its last job. If it `reaps`, it joins those that have left before: in a
    /// pool that lives on, spare threads come and go. The calling thread is that thread, or it
    /// never ran.
    pub(super) fn leave(&self, number: Number, reaps: bool) {
        let mut entries = lock(&self.entries);
        let gone = match reaps {
            true => take_handles(&mut entries),
            false => Vec::new(),
        };
        if MADE.with(Cell::get) != number.0 {
            // The program's thread, which nobody joins here; or there never was one.
            entries.remove(&number);
        } else if let Some(entry) = entries.get_mut(&number) {
            entry.has_left = true;
        }
        drop(entries);
        self.change.notify_all();
        join(gone);
    }

    /// Is the calling thread one of these? (Also while its locals are being destroyed.)
    pub(super) fn has_caller(&self) -> bool {
        let mine = MINE.try_with(Cell::get).unwrap_or(0);
        mine != 0 && lock(&self.entries).contains_key(&Number(mine))
    }

    /// shutdown.C5: blocks until all threads have left, and those that the pool made are joined; or
    /// until the deadline has passed (`false`).
    pub(super) fn wait_until_ended(&self, deadline: Option<Instant>) -> bool {
        let mut entries = lock(&self.entries);
        while !entries.values().all(has_ended) {
            entries = match deadline {
                None => self
                    .change
                    .wait(entries)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(clock::now());
                    if left.is_zero() {
                        return false;
                    }
                    // In slices, so that a deadline far away cannot overflow a system clock.
                    self.change
                        .wait_timeout(entries, left.min(Duration::from_secs(3600)))
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
        let handles = take_handles(&mut entries);
        drop(entries);
        match deadline {
            None => join(handles),
            Some(deadline) => return join_until(handles, deadline),
        }
        true
    }
}

/// Is there nothing left to wait for but the join?
fn has_ended(entry: &Entry) -> bool {
    entry.has_left && entry.handle.is_some()
}

/// The handles of all threads that have left.
fn take_handles(entries: &mut BTreeMap<Number, Entry>) -> Vec<Handle> {
    let gone = entries.iter().filter(|(_, entry)| has_ended(entry));
    let gone: Vec<Number> = gone.map(|(number, _)| *number).collect();
    gone.iter()
        .filter_map(|number| entries.remove(number)?.handle)
        .collect()
}

fn spawn(
    builder: std::thread::Builder,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<Handle> {
    #[cfg(manyhands_model)]
    {
        let _ = builder;
        Ok(crate::sync::thread::spawn(body))
    }
    #[cfg(not(manyhands_model))]
    builder.spawn(body)
}

/// Waits until the system's threads are gone. (Those of a simulation have ended for the simulation,
/// which does not wait in the system.)
fn join(handles: Vec<Handle>) {
    if crate::sim::is_on() {
        return;
    }
    for handle in handles {
        if let Err(payload) = handle.join() {
            // A destructor of what the thread owned has panicked, and the hook has told.
            unwind::discard(payload);
        }
    }
}

/// As [`join`], up to a deadline. The system has no such call: another thread waits.
fn join_until(handles: Vec<Handle>, deadline: Instant) -> bool {
    if handles.is_empty() || crate::sim::is_on() || cfg!(manyhands_model) {
        join(handles);
        return true;
    }
    let (say, joined) = std::sync::mpsc::channel();
    let handles = std::sync::Arc::new(Mutex::new(handles));
    let theirs = std::sync::Arc::clone(&handles);
    let body = move || {
        join(std::mem::take(&mut *lock(&theirs)));
        let _ = say.send(());
    };
    let builder = std::thread::Builder::new().name("manyhands-end".to_owned());
    let Ok(joiner) = spawn(builder, body) else {
        // No thread can be had, so this one waits.
        join(std::mem::take(&mut *lock(&handles)));
        return true;
    };
    loop {
        let left = deadline.saturating_duration_since(clock::now());
        match joined.recv_timeout(left.min(Duration::from_secs(3600))) {
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) if left.is_zero() => return false,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
            _ => break,
        }
    }
    join(vec![joiner]);
    true
}

#[cfg(all(test, manyhands_loom))]
mod models {
    use super::Roster;
    use crate::sync::{Arc, Mutex, UnsafeCell, lock};
    use crate::util::model;

    /// Written by a thread when nothing is left to do for it. Only a join orders a reader after it.
    struct Last(UnsafeCell<bool>);

    // SAFETY: written by one thread, and read by one that has joined it (loom checks that).
    unsafe impl Sync for Last {}
    // SAFETY: as above.
    unsafe impl Send for Last {}

    impl Last {
        fn new() -> Arc<Self> {
            Arc::new(Self(UnsafeCell::new(false)))
        }

        fn write(&self) {
            // SAFETY: nobody reads before the join.
            self.0.with_mut(|gone| unsafe { *gone = true });
        }

        fn read(&self) -> bool {
            // SAFETY: the thread that writes has been joined.
            self.0.with(|gone| unsafe { *gone })
        }
    }

    /// Makes a thread that runs `job`, leaves, and says at last that it is gone.
    fn make(roster: &Arc<Roster>, job: impl FnOnce() + Send + 'static) -> Arc<Last> {
        let (pool, last, number) = (roster.clone(), Last::new(), roster.add());
        let gone = last.clone();
        let body = move || {
            job();
            assert!(pool.has_caller());
            pool.leave(number, true);
            gone.write();
        };
        let builder = std::thread::Builder::new();
        roster.spawn(number, builder, body).unwrap();
        last
    }

    /// shutdown.C5: a thread that another one makes may have come and gone before its handle is
    /// here, and its maker too. Both are joined.
    #[test]
    fn the_end_waits_for_threads_made_late() {
        model::check("roster::the_end_waits_for_threads_made_late", || {
            let roster = Arc::new(Roster::new());
            let late = Arc::new(Mutex::new(None));
            let (theirs, made) = (roster.clone(), late.clone());
            let early = make(&roster, move || *lock(&made) = Some(make(&theirs, || ())));
            assert!(roster.wait_until_ended(None));
            assert!(early.read());
            assert!(lock(&late).take().is_some_and(|late| late.read()));
            assert!(!roster.has_caller());
        });
    }
}
