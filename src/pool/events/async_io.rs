//! The reactor of the crate `async-io`.
//!
//! That crate has a thread that looks after the reactor when nobody else has for some
//! milliseconds. The pool does not rely on that thread, and always has a driver. Each return from
//! the `block_on` of the crate wakes that thread, which then takes the reactor. So a worker never
//! returns from it: its main loop is a future inside ([`Events::host`]). Other threads sleep in one
//! `block_on` each time.

use super::{Events, Facts, woken_or};
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
            host_workers: true,
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

/// A timer and its deadline, kept for the next sleep: setting a timer interrupts the reactor.
type Kept = Cell<Option<(Instant, Timer)>>;

std::thread_local! {
    /// Of this thread's last sleep in a `block_on` of its own.
    static SLEEPS: Kept = const { Cell::new(None) };
    /// Of its last sleep as a hosted worker. A waker that is called in such a sleep may run code of
    /// the user that sleeps in its turn, and that must not take this timer.
    static HOSTED: Kept = const { Cell::new(None) };
}

/// Until when a thread sleeps.
struct Clock {
    timer: Option<(Instant, Timer)>,
    /// Where the timer comes from, and goes back to.
    kept: &'static LocalKey<Kept>,
}

impl Clock {
    fn until(deadline: Option<Instant>, kept: &'static LocalKey<Kept>) -> Self {
        let known = kept.with(Cell::take);
        let timer = deadline.map(|deadline| match known {
            Some((at, timer)) if at == deadline => (at, timer),
            Some((_, mut timer)) => {
                timer.set_at(deadline);
                (deadline, timer)
            }
            None => (deadline, Timer::at(deadline)),
        });
        Self { timer, kept }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.timer {
            Some((_, timer)) => Pin::new(timer).poll(context).map(drop),
            None => Poll::Pending,
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.kept.with(|kept| kept.set(self.timer.take()));
    }
}
