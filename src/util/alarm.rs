//! How a thread sleeps until a deadline, or until events come from the system.
//!
//! A futex would do for the first alone, but the crate that this one takes its futex from has no
//! timeout. With the feature `async-io` the thread sleeps inside the reactor of that crate: whatever
//! becomes ready meanwhile has its waker called on this very thread.

#[cfg(not(any(manyhands_loom, manyhands_shuttle)))]
pub(crate) use real::Alarm;

#[cfg(any(manyhands_loom, manyhands_shuttle))]
pub(crate) use model::Alarm;

#[cfg(not(any(feature = "async-io", manyhands_loom, manyhands_shuttle)))]
mod real {
    use std::sync::{Condvar, Mutex, PoisonError};
    use std::time::Instant;

    #[derive(Debug)]
    pub(crate) struct Alarm {
        lock: Mutex<()>,
        bell: Condvar,
    }

    impl Alarm {
        pub(crate) const fn new() -> Self {
            Self {
                lock: Mutex::new(()),
                bell: Condvar::new(),
            }
        }

        /// Sleeps while `quiet`, or until the deadline, or for no reason. Whoever ends the quiet
        /// calls [`ring`](Self::ring) afterwards.
        pub(crate) fn wait(&self, deadline: Option<Instant>, quiet: impl Fn() -> bool) {
            let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            // `ring` takes the lock: it comes before this look, or finds the thread asleep.
            if !quiet() {
                return;
            }
            match deadline {
                None => drop(self.bell.wait(guard)),
                Some(deadline) => {
                    let time = deadline.saturating_duration_since(Instant::now());
                    drop(self.bell.wait_timeout(guard, time));
                }
            }
        }

        pub(crate) fn ring(&self) {
            drop(self.lock.lock());
            self.bell.notify_one();
        }
    }
}

#[cfg(all(feature = "async-io", not(any(manyhands_loom, manyhands_shuttle))))]
mod real {
    use async_io::{Timer, block_on};
    use std::future::{Future, poll_fn};
    use std::pin::Pin;
    use std::sync::{Mutex, MutexGuard, PoisonError};
    use std::task::{Context, Poll, Waker};
    use std::time::Instant;

    #[derive(Debug)]
    pub(crate) struct Alarm {
        /// Of the sleeping thread's `block_on`.
        waker: Mutex<Option<Waker>>,
        timer: Mutex<Option<(Instant, Timer)>>,
    }

    fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    impl Alarm {
        pub(crate) const fn new() -> Self {
            Self {
                waker: Mutex::new(None),
                timer: Mutex::new(None),
            }
        }

        /// Sleeps while `quiet`, or until the deadline, or for no reason. Whoever ends the quiet
        /// calls [`ring`](Self::ring) afterwards.
        pub(crate) fn wait(&self, deadline: Option<Instant>, quiet: impl Fn() -> bool) {
            let mut timer = lock(&self.timer);
            block_on(poll_fn(|context| {
                self.listen(context);
                // `ring` takes the lock on the waker: it comes before this look, or finds the waker.
                if quiet() && Self::is_early(&mut timer, deadline, context) {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            }));
        }

        fn listen(&self, context: &Context<'_>) {
            let mut waker = lock(&self.waker);
            match &mut *waker {
                Some(waker) => waker.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            }
        }

        /// Is the deadline still to come? The timer is kept while the deadline stays the same:
        /// setting one interrupts the reactor.
        fn is_early(
            timer: &mut Option<(Instant, Timer)>,
            deadline: Option<Instant>,
            context: &mut Context<'_>,
        ) -> bool {
            let Some(deadline) = deadline else {
                // A timer that is set may end the sleep once too early.
                return true;
            };
            let (at, timer) = timer.get_or_insert_with(|| (deadline, Timer::at(deadline)));
            if *at != deadline {
                *at = deadline;
                timer.set_at(deadline);
            }
            Pin::new(timer).poll(context).is_pending()
        }

        pub(crate) fn ring(&self) {
            if let Some(waker) = &*lock(&self.waker) {
                waker.wake_by_ref();
            }
        }
    }
}

/// The clock of models stands still: there is no deadline but "at once", and no system.
#[cfg(any(manyhands_loom, manyhands_shuttle))]
mod model {
    use crate::sync::{Condvar, Mutex, lock};
    use std::time::Instant;

    #[derive(Debug)]
    pub(crate) struct Alarm {
        lock: Mutex<()>,
        bell: Condvar,
    }

    impl Alarm {
        pub(crate) fn new() -> Self {
            Self {
                lock: Mutex::new(()),
                bell: Condvar::new(),
            }
        }

        pub(crate) fn wait(&self, _: Option<Instant>, quiet: impl Fn() -> bool) {
            let guard = lock(&self.lock);
            if quiet() {
                drop(self.bell.wait(guard));
            }
        }

        pub(crate) fn ring(&self) {
            drop(lock(&self.lock));
            self.bell.notify_one();
        }
    }
}
