//! Where the entries of a list are: in *slabs*, each with 64 of them.
//!
//! A slab belongs to one thread at a time, whose *cursor* goes from entry to entry: a free one
//! takes the next task. At the end the thread begins again with the same slab, if half of it is
//! free, as it is when tasks are short. Else the slab waits behind the others, and the thread looks
//! at those that wait longest, two of them, before it makes a new one. So tasks that stay fill up
//! slabs, and a spawn costs no more with a million of them.
//!
//! Slabs are freed with the list: 8.5 bytes an entry.

use super::entry::Entry;
use crate::sync::atomic::{AtomicPtr, Ordering};
use crate::sync::wide::AtomicU64;
use crate::sync::{Cell, Mutex, lock};
use std::ptr::{self, NonNull};

/// The number of entries of a slab.
const ENTRIES: usize = if cfg!(manyhands_model) { 2 } else { 64 };

/// The number of slabs that a thread looks at before it makes one.
const LOOKS: usize = 2;

/// Entries that one thread at a time enters tasks in.
#[derive(Debug)]
struct Slab {
    entries: [Entry; ENTRIES],
    /// How many tasks were ever entered. Written by the thread whose slab it is; a number for
    /// people.
    entered: AtomicU64,
    /// The slab that was made before this one, or null. Never changes.
    older: *const Slab,
    /// The next one that waits. Guarded by the lock of [`Waiting`].
    behind: AtomicPtr<Slab>,
}

impl Slab {
    /// Changes the number of tasks that were entered. By the thread whose slab it is.
    #[inline]
    fn count(&self, change: i64) {
        // Ordering: Relaxed; a number for people, written by one thread at a time.
        let entered = self.entered.load(Ordering::Relaxed);
        let entered = entered.wrapping_add_signed(change);
        self.entered.store(entered, Ordering::Relaxed);
    }

    /// Is half of it free?
    fn has_room(&self) -> bool {
        let mut free = self.entries.iter().filter(|entry| entry.is_free());
        free.nth(ENTRIES / 2 - 1).is_some()
    }
}

/// Where a thread enters its next task: the thread's own, or guarded by a lock.
pub(crate) struct Cursor {
    slab: Cell<*const Slab>,
    /// The next entry of the slab.
    at: Cell<usize>,
}

// SAFETY: a cursor is no more than a place in its list, whoever has it.
unsafe impl Send for Cursor {}

impl Cursor {
    pub(crate) fn new() -> Self {
        Self {
            slab: Cell::new(ptr::null()),
            at: Cell::new(ENTRIES),
        }
    }
}

/// All slabs of a list.
#[derive(Debug)]
pub(super) struct Slabs {
    newest: AtomicPtr<Slab>,
    waiting: Mutex<Waiting>,
}

/// The slabs that no cursor points to, oldest first.
#[derive(Debug)]
struct Waiting {
    first: *mut Slab,
    last: *mut Slab,
}

// SAFETY: what the pointers lead to is shared by reference only, and freed with the list.
unsafe impl Send for Waiting {}

impl Slabs {
    pub(super) fn new() -> Self {
        Self {
            newest: AtomicPtr::new(ptr::null_mut()),
            waiting: Mutex::new(Waiting {
                first: ptr::null_mut(),
                last: ptr::null_mut(),
            }),
        }
    }

    /// A free entry, for a task.
    ///
    /// # Safety
    ///
    /// `cursor` is the calling thread's alone until it has entered the task, and was never used
    /// with other slabs.
    #[inline]
    pub(super) unsafe fn next(&self, cursor: &Cursor) -> &Entry {
        loop {
            let at = cursor.at.get();
            if at >= ENTRIES {
                // SAFETY: the caller's promise.
                unsafe { self.turn(cursor) };
                continue;
            }
            cursor.at.set(at + 1);
            // SAFETY: where `at` is in range there is a slab, one of these, which live as long as
            // `self`.
            let slab = unsafe { &*cursor.slab.get() };
            let entry = &slab.entries[at];
            if entry.is_free() {
                slab.count(1);
                return entry;
            }
        }
    }

    /// The task that was entered last does not count.
    ///
    /// # Safety
    ///
    /// As for [`next`](Self::next), which was called before.
    pub(super) unsafe fn forget(&self, cursor: &Cursor) {
        // SAFETY: one of these slabs, as in `next`.
        unsafe { (*cursor.slab.get()).count(-1) };
    }

    /// The cursor goes to the beginning of a slab that has room.
    ///
    /// # Safety
    ///
    /// As for [`next`](Self::next).
    #[cold]
    unsafe fn turn(&self, cursor: &Cursor) {
        let before = cursor.slab.get();
        // SAFETY: null, or one of these slabs, which live as long as `self`.
        let stays = unsafe { before.as_ref() }.is_some_and(Slab::has_room);
        if !stays {
            let found = lock(&self.waiting).exchange(before.cast_mut());
            // The lock is free again where memory is allocated.
            cursor.slab.set(found.unwrap_or_else(|| self.make()));
        }
        cursor.at.set(0);
    }

    fn make(&self) -> *const Slab {
        let slab = Box::into_raw(Box::new(Slab {
            entries: std::array::from_fn(|_| Entry::new()),
            entered: AtomicU64::new(0),
            older: ptr::null(),
            behind: AtomicPtr::new(ptr::null_mut()),
        }));
        // Ordering: Relaxed to read: the exchange checks it.
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            // SAFETY: nobody else knows the slab before it is the newest one.
            unsafe { (*slab).older = newest };
            // Ordering: Release hands the slab over as it was made; pairs with the Acquire in
            // `entries`. Relaxed if it fails, as above.
            match self
                .newest
                .compare_exchange(newest, slab, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return slab,
                Err(now) => newest = now,
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = &Slab> {
        // Ordering: Acquire pairs with the Release in `make`, and with those before it, as each is
        // an exchange.
        let newest = self.newest.load(Ordering::Acquire);
        // SAFETY: null, or one of these slabs, which live as long as `self`.
        let older = |slab: *const Slab| unsafe { slab.as_ref() };
        std::iter::successors(older(newest), move |slab| older(slab.older))
    }

    /// All entries that there are now.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.all().flat_map(|slab| &slab.entries)
    }

    /// How many tasks were ever entered.
    pub(super) fn entered(&self) -> u64 {
        // Ordering: Relaxed; a number for people.
        let entered = |slab: &Slab| slab.entered.load(Ordering::Relaxed);
        self.all().map(entered).sum()
    }
}

impl Drop for Slabs {
    fn drop(&mut self) {
        // Ordering: Relaxed; nobody else is left.
        let mut next = self.newest.load(Ordering::Relaxed).cast_const();
        while !next.is_null() {
            // SAFETY: made by `Box::into_raw` in `make`, and no reference to it is left, since that
            // would borrow `self`.
            let slab = unsafe { Box::from_raw(next.cast_mut()) };
            next = slab.older;
        }
    }
}

impl Waiting {
    /// Puts a slab (unless it is null) behind the others. Takes one that has room, if one of those
    /// in front has.
    fn exchange(&mut self, slab: *mut Slab) -> Option<*const Slab> {
        self.push(slab);
        for _ in 0..LOOKS {
            let slab = self.pop()?;
            // SAFETY: slabs live as long as their list, which is borrowed here.
            if unsafe { slab.as_ref() }.has_room() {
                return Some(slab.as_ptr());
            }
            self.push(slab.as_ptr());
        }
        None
    }

    fn push(&mut self, slab: *mut Slab) {
        // SAFETY: as in `exchange`.
        let (new, last) = unsafe { (slab.as_ref(), self.last.as_ref()) };
        let Some(new) = new else { return };
        // Ordering: Relaxed for all uses of `behind`; the lock orders them.
        new.behind.store(ptr::null_mut(), Ordering::Relaxed);
        match last {
            Some(last) => last.behind.store(slab, Ordering::Relaxed),
            None => self.first = slab,
        }
        self.last = slab;
    }

    fn pop(&mut self) -> Option<NonNull<Slab>> {
        let first = NonNull::new(self.first)?;
        // SAFETY: as in `exchange`.
        self.first = unsafe { first.as_ref() }.behind.load(Ordering::Relaxed);
        if self.first.is_null() {
            self.last = ptr::null_mut();
        }
        Some(first)
    }
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::*;
    use crate::task::entry::Reference;
    use proptest::prelude::*;

    /// An address that no other number has. Nobody looks at what is there.
    fn task(number: usize) -> NonNull<()> {
        let address = (number + 1) * 8;
        NonNull::new(ptr::without_provenance_mut(address)).expect("not at 0")
    }

    fn enter<'a>(slabs: &'a Slabs, cursor: &Cursor, number: usize) -> &'a Entry {
        // SAFETY: this is the only thread, and there are no other slabs.
        let entry = unsafe { slabs.next(cursor) };
        entry.enter(task(number));
        entry
    }

    /// Enters this number of tasks.
    fn enter_all<'a>(slabs: &'a Slabs, cursor: &Cursor, count: usize) -> Vec<&'a Entry> {
        let numbers = 0..count;
        numbers.map(|number| enter(slabs, cursor, number)).collect()
    }

    fn take_off(entry: &Entry, number: usize) {
        assert_eq!(entry.take_off(task(number)), Reference::Mine);
    }

    #[test]
    fn short_tasks_need_one_slab() {
        let (slabs, cursor) = (Slabs::new(), Cursor::new());
        for _ in 0..100 {
            let entries = enter_all(&slabs, &cursor, ENTRIES / 2);
            for (number, entry) in entries.into_iter().enumerate() {
                take_off(entry, number);
            }
        }
        assert_eq!(slabs.all().count(), 1);
        assert_eq!(slabs.entered(), 100 * (ENTRIES / 2) as u64);
    }

    #[test]
    fn what_ends_makes_room_beside_what_stays() {
        let (slabs, cursor) = (Slabs::new(), Cursor::new());
        let entries = enter_all(&slabs, &cursor, 8 * ENTRIES);
        assert_eq!(slabs.all().count(), 8);
        for (number, entry) in entries.into_iter().enumerate() {
            if number % 4 > 0 {
                take_off(entry, number);
            }
        }
        enter_all(&slabs, &cursor, 6 * ENTRIES);
        assert_eq!(slabs.all().count(), 8);
        assert!(slabs.entries().all(|entry| !entry.is_free()));
    }

    #[test]
    fn slabs_without_room_are_passed_by() {
        let (slabs, cursor) = (Slabs::new(), Cursor::new());
        let entries = enter_all(&slabs, &cursor, 3 * ENTRIES);
        for (number, entry) in entries.into_iter().enumerate() {
            if number % 4 == 0 {
                take_off(entry, number);
            }
        }
        enter_all(&slabs, &cursor, ENTRIES);
        assert_eq!(slabs.all().count(), 4);
    }

    proptest! {
        /// Three threads in turn enter tasks, and take any of them off.
        #[test]
        fn each_task_has_an_entry(steps in proptest::collection::vec((0..3_usize, 0..5_usize, any::<u32>()), 1..2000)) {
            let (slabs, cursors) = (Slabs::new(), [(); 3].map(|()| Cursor::new()));
            let (mut listed, mut entered) = (Vec::new(), 0);
            for (thread, ends, which) in steps {
                listed.push((entered, enter(&slabs, &cursors[thread], entered)));
                entered += 1;
                for _ in 0..ends / 2 {
                    if !listed.is_empty() {
                        let (number, entry) = listed.swap_remove(which as usize % listed.len());
                        take_off(entry, number);
                    }
                }
            }
            let in_use = slabs.entries().filter(|entry| !entry.is_free()).count();
            prop_assert_eq!(in_use, listed.len());
            prop_assert_eq!(slabs.entered(), entered as u64);
            for (number, entry) in listed {
                take_off(entry, number);
                prop_assert_eq!(entry.take_off(task(number)), Reference::Closers);
            }
        }
    }
}
