//! The reactor of the crate `async-io`.
//!
//! That crate has a thread that looks after the reactor when nobody else has for some
//! milliseconds. The pool does not rely on that thread, and always has a driver. Each return from
//! the `block_on` of the crate wakes that thread, which then takes the reactor. So a worker or spare
//! thread never returns from it: its main loop is a future inside ([`Events::host`]). Other threads
//! sleep in one `block_on` each time.

use super::{Events, Facts, woken_or};
use crate::util::clock;
use crate::util::parker::Driving;
use async_io::{Timer, block_on};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::LocalKey;
use std::time::Instant;

#[derive(Debug)]
struct AsyncIo;

pub(super) fn events() -> Box<dyn Events> {
    Box::new(AsyncIo)
}

impl Events for AsyncIo {
    fn facts(&self) -> Facts {
        Facts {
            exist: true,
            hosts: true,
            ..Facts::default()
        }
    }

    fn host(&self, life: Pin<&mut dyn Future<Output = ()>>) {
        block_on(life);
    }

    fn admit(&self, _nested: bool) -> bool {
        true
    }

    fn sleep(&self, driving: &mut Driving<'_>, deadline: Option<Instant>) {
        let mut clock = Clock::until(deadline, &SLEEPS);
        block_on(woken_or(driving, |context| clock.poll(context)));
    }

    fn poll_deadline(&self, deadline: Option<Instant>, context: &mut Context<'_>) -> Poll<()> {
        Clock::until(deadline, &HOSTED).poll(context)
    }
}

/// A timer and its deadline, kept for the next sleep: setting a timer interrupts the reactor, and
/// costs it a turn of six system calls.
type Kept = Cell<Option<(Instant, Timer)>>;

std::thread_local! {
    /// Of this thread's last sleep in a `block_on` of its own.
    static SLEEPS: Kept = const { Cell::new(None) };
    /// Of its last sleep as a hosted thread. A waker that is called in such a sleep may run code of
    /// the user that sleeps in its turn, and that must not take this timer.
    static HOSTED: Kept = const { Cell::new(None) };
}

/// Until when a thread sleeps.
struct Clock {
    timer: Option<(Instant, Timer)>,
    /// The sleep has a deadline.
    is_awaited: bool,
    /// Where the timer comes from, and goes back to.
    kept: &'static LocalKey<Kept>,
}

impl Clock {
    /// A timer of before that is earlier and still to come is left as it is. It ends one sleep too
    /// early, if the sleep lasts so long. To set it anew would cost as much, for each sleep.
    fn until(deadline: Option<Instant>, kept: &'static LocalKey<Kept>) -> Self {
        let known = kept.with(Cell::take);
        let timer = match (known, deadline) {
            (known, None) => known,
            (None, Some(deadline)) => Some((deadline, Timer::at(deadline))),
            (Some((at, mut timer)), Some(deadline)) => {
                let is_early = at <= deadline && at > clock::now();
                Some(if is_early {
                    (at, timer)
                } else {
                    timer.set_at(deadline);
                    (deadline, timer)
                })
            }
        };
        Self {
            timer,
            is_awaited: deadline.is_some(),
            kept,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.timer {
            Some((_, timer)) if self.is_awaited => Pin::new(timer).poll(context).map(drop),
            _ => Poll::Pending,
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.kept.with(|kept| kept.set(self.timer.take()));
    }
}
