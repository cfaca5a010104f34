//! The work-stealing deque: `crossbeam-deque`, or a weak stand-in under a model checker.
//!
//! The model checkers cannot see into crossbeam. Their stand-in is never stronger than the real
//! deque where a protocol could notice. Its `is_empty` and `len` read a separate Relaxed counter,
//! and a steal that meets another thread answers `Retry`. (Its mutex does add happens-before edges
//! that the real deque lacks; invariant sync.I1 of [`super`] is there for that.)

#[cfg(not(manyhands_model))]
pub(crate) use crossbeam_deque::{Injector, Steal, Stealer, Worker};

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
