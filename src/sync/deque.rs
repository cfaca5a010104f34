//! The work-stealing deques: those of `crossbeam-deque`, or weak stand-ins under a model checker.
//!
//! The model checkers cannot see into crossbeam. Their stand-in is never stronger than the real
//! deque where a protocol could notice. Its `is_empty` and `len` read a separate Relaxed counter,
//! and a steal that meets another thread answers `Retry`. (Its mutex does add happens-before edges
//! that the real deque lacks; invariant sync.I1 of [`super`] is there for that.)

//!
//! The ring of a seat's tasks is our own, so loom can see into it: its models are in `ring.rs`.
//! Models of the pool have a stand-in from here all the same, or they would have too many
//! executions.

#[cfg(not(manyhands_model))]
pub(crate) use crossbeam_deque::{Injector, Steal, Stealer, Worker};
#[cfg(manyhands_loom)]
pub(crate) use model::Ring;

#[cfg(manyhands_model)]
pub(crate) use model::{Injector, Steal, Stealer, Worker};

#[cfg(manyhands_model)]
mod model {
    use crate::sync::atomic::{AtomicUsize, Ordering};
    use crate::sync::{Arc, Mutex, lock};
    use std::collections::VecDeque;

    /// The result of an attempt to steal.
    #[derive(Debug, PartialEq, Eq)]
    pub(crate) enum Steal<T> {
        Empty,
        Success(T),
        Retry,
    }

    impl<T> Steal<T> {
        pub(crate) fn success(self) -> Option<T> {
            match self {
                Self::Success(item) => Some(item),
                Self::Empty | Self::Retry => None,
            }
        }
    }

    #[derive(Debug)]
    struct Shared<T> {
        items: Mutex<VecDeque<T>>,
        len: AtomicUsize,
    }

    impl<T> Shared<T> {
        fn new() -> Self {
            Self {
                items: Mutex::new(VecDeque::new()),
                len: AtomicUsize::new(0),
            }
        }

        fn change<R>(&self, f: impl FnOnce(&mut VecDeque<T>) -> R) -> R {
            let mut items = lock(&self.items);
            let result = f(&mut items);
            // Ordering: Relaxed on purpose: the length must order nothing (see the module docs).
            self.len.store(items.len(), Ordering::Relaxed);
            result
        }

        fn len(&self) -> usize {
            // Ordering: Relaxed on purpose, as in `change`.
            self.len.load(Ordering::Relaxed)
        }

        fn steal(&self) -> Steal<T> {
            let Ok(mut items) = self.items.try_lock() else {
                return Steal::Retry;
            };
            let taken = items.pop_front();
            // Ordering: Relaxed on purpose, as in `change`.
            self.len.store(items.len(), Ordering::Relaxed);
            taken.map_or(Steal::Empty, Steal::Success)
        }

        fn steal_batch(&self, dest: &Worker<T>, limit: usize) -> Steal<T> {
            let Ok(mut items) = self.items.try_lock() else {
                return Steal::Retry;
            };
            let Some(first) = items.pop_front() else {
                return Steal::Empty;
            };
            let more = (items.len() / 2).min(limit.saturating_sub(1));
            let batch: Vec<T> = items.drain(..more).collect();
            // Ordering: Relaxed on purpose, as in `change`.
            self.len.store(items.len(), Ordering::Relaxed);
            drop(items);
            for item in batch {
                dest.push(item);
            }
            Steal::Success(first)
        }
    }

    /// The owner's end of a deque.
    #[derive(Debug)]
    pub(crate) struct Worker<T> {
        shared: Arc<Shared<T>>,
        lifo: bool,
    }

    impl<T> Worker<T> {
        pub(crate) fn new_lifo() -> Self {
            Self {
                shared: Arc::new(Shared::new()),
                lifo: true,
            }
        }

        pub(crate) fn new_fifo() -> Self {
            Self {
                shared: Arc::new(Shared::new()),
                lifo: false,
            }
        }

        pub(crate) fn stealer(&self) -> Stealer<T> {
            Stealer(self.shared.clone())
        }

        pub(crate) fn push(&self, item: T) {
            self.shared.change(|items| items.push_back(item));
        }

        pub(crate) fn pop(&self) -> Option<T> {
            self.shared.change(|items| {
                if self.lifo {
                    items.pop_back()
                } else {
                    items.pop_front()
                }
            })
        }

        pub(crate) fn is_empty(&self) -> bool {
            self.shared.len() == 0
        }

        pub(crate) fn len(&self) -> usize {
            self.shared.len()
        }
    }

    /// The thieves' end of a deque.
    #[derive(Debug)]
    pub(crate) struct Stealer<T>(Arc<Shared<T>>);

    impl<T> Stealer<T> {
        pub(crate) fn is_empty(&self) -> bool {
            self.0.len() == 0
        }

        pub(crate) fn len(&self) -> usize {
            self.0.len()
        }

        pub(crate) fn steal(&self) -> Steal<T> {
            self.0.steal()
        }

        pub(crate) fn steal_batch_with_limit_and_pop(
            &self,
            dest: &Worker<T>,
            limit: usize,
        ) -> Steal<T> {
            self.0.steal_batch(dest, limit)
        }
    }

    /// The queue of a seat. Its owner's methods are unsafe as those of the real one.
    #[cfg(manyhands_loom)]
    #[derive(Debug)]
    pub(crate) struct Ring<T> {
        shared: Shared<(std::ptr::NonNull<T>, bool)>,
    }

    // SAFETY: it holds pointers that are not followed; the real one has atomics of them.
    #[cfg(manyhands_loom)]
    unsafe impl<T> Send for Ring<T> {}
    // SAFETY: as above.
    #[cfg(manyhands_loom)]
    unsafe impl<T> Sync for Ring<T> {}

    #[cfg(manyhands_loom)]
    impl<T> Ring<T> {
        pub(crate) fn new() -> Self {
            let shared = Shared::new();
            Self { shared }
        }

        pub(crate) fn len(&self) -> usize {
            self.shared.len()
        }

        pub(crate) fn is_empty(&self) -> bool {
            self.len() == 0
        }

        pub(crate) fn steal(&self) -> Steal<std::ptr::NonNull<T>> {
            match self.shared.steal() {
                Steal::Success((element, _)) => Steal::Success(element),
                Steal::Empty => Steal::Empty,
                Steal::Retry => Steal::Retry,
            }
        }

        pub(crate) unsafe fn steal_from(
            &self,
            victim: &Self,
            most: usize,
        ) -> Steal<std::ptr::NonNull<T>> {
            let first = victim.steal();
            if matches!(first, Steal::Success(_)) && most > 1 && victim.len() > 1 {
                if let Steal::Success(next) = victim.steal() {
                    // SAFETY: the caller's promise.
                    unsafe { self.push(next, false) };
                }
            }
            first
        }

        pub(crate) unsafe fn push(&self, element: std::ptr::NonNull<T>, _new: bool) {
            self.shared
                .change(|items| items.push_back((element, false)));
        }

        pub(crate) unsafe fn pop_front(&self) -> Option<std::ptr::NonNull<T>> {
            let taken = self.shared.change(VecDeque::pop_front)?;
            Some(taken.0)
        }

        pub(crate) unsafe fn take_newest(
            &self,
            element: std::ptr::NonNull<T>,
        ) -> Option<std::ptr::NonNull<T>> {
            let is_it = |items: &VecDeque<_>| items.back() == Some(&(element, false));
            let taken = self
                .shared
                .change(|items| is_it(items).then(|| items.pop_back()));
            Some(taken??.0)
        }

        /// Rings of models are not long enough for it.
        pub(crate) unsafe fn take_new(&self) -> Option<std::ptr::NonNull<T>> {
            None
        }

        pub(crate) unsafe fn mark(
            &self,
            element: std::ptr::NonNull<T>,
            _near: usize,
        ) -> Option<usize> {
            self.shared.change(|items| {
                let at = items.iter().position(|item| *item == (element, false))?;
                items[at].1 = true;
                Some(at)
            })
        }

        pub(crate) fn newest_index(&self) -> usize {
            0
        }

        pub(crate) unsafe fn sweep(&self) -> Option<std::ptr::NonNull<T>> {
            let is_marked = |items: &VecDeque<(_, bool)>| items.back().is_some_and(|item| item.1);
            let taken = self
                .shared
                .change(|items| is_marked(items).then(|| items.pop_back()));
            Some(taken??.0)
        }
    }

    /// The queue for all threads.
    #[derive(Debug)]
    pub(crate) struct Injector<T>(Shared<T>);

    impl<T> Injector<T> {
        pub(crate) fn new() -> Self {
            Self(Shared::new())
        }

        pub(crate) fn push(&self, item: T) {
            self.0.change(|items| items.push_back(item));
        }

        pub(crate) fn is_empty(&self) -> bool {
            self.0.len() == 0
        }

        pub(crate) fn len(&self) -> usize {
            self.0.len()
        }

        pub(crate) fn steal(&self) -> Steal<T> {
            self.0.steal()
        }

        pub(crate) fn steal_batch_with_limit_and_pop(
            &self,
            dest: &Worker<T>,
            limit: usize,
        ) -> Steal<T> {
            self.0.steal_batch(dest, limit)
        }
    }
}
