//! The reactor of the crate `async-io`.
//!
//! That crate has a thread that looks after the reactor when nobody else has for some moments. The
//! pool does not rely on that thread, and always has a driver. Each return from the `block_on` of
//! the crate wakes that thread, which then takes the reactor. So a worker or spare thread never
//! returns from it: its main loop is a future inside ([`Events::host`]). Other threads sleep in one
//! `block_on` each time.
//!
//! That thread also comes when no thread has been at the reactor for 20 ms, or when the driver has
//! polled for more than 50 µs. It stays there until the next event, and the driver sleeps beside
//! it. Were that all, each further event would cost two switches of threads: 50 µs after it has
//! woken a worker, which polls, the thread is back. So it wakes the driver as well
//! (`Driver::woken_outside`), and that takes a turn of the reactor at once ([`Bell`]). The thread
//! sees that, and keeps away for longer.

use super::{Events, Facts, woken_or};
use crate::util::clock;
use crate::util::parker::Driving;
use async_io::{Timer, block_on};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, LocalKey};
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

    fn poll_sleep(
        &self,
        driving: &mut Driving<'_>,
        deadline: Option<Instant>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let mut bed = Bed::of(context.waker());
        let polled = bed.poll(driving, deadline, context);
        BED.set(Some(bed));
        polled
    }

    fn is_helper(&self) -> bool {
        is_helper()
    }
}

/// Wakes a hosted thread, and knows who has rung it.
#[derive(Debug)]
struct Bell {
    /// Of the `block_on` that the thread is inside.
    host: Waker,
    /// The thread of async-io has rung: it is that which was at the reactor.
    by_helper: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if is_helper() {
            // Ordering: Relaxed; the waker below orders it, and it is a hint.
            self.by_helper.store(true, Ordering::Relaxed);
        }
        self.host.wake_by_ref();
    }
}

/// Is the calling thread the one of async-io? It is known by its name. By another one it would not
/// be found out, which costs time and nothing else.
fn is_helper() -> bool {
    std::thread_local! {
        static IS_HELPER: Cell<Option<bool>> = const { Cell::new(None) };
    }
    IS_HELPER.get().unwrap_or_else(|| {
        let is_helper = thread::current().name() == Some("async-io");
        IS_HELPER.set(Some(is_helper));
        is_helper
    })
}

/// Where a hosted thread sleeps.
struct Bed {
    bell: Arc<Bell>,
    /// That of the bell.
    waker: Waker,
    /// The sleep has ended; the thread has only taken a turn of the reactor.
    has_ended: bool,
}

impl Bed {
    /// That of the calling thread, whose `block_on` has this waker.
    fn of(host: &Waker) -> Self {
        let known = BED.take().filter(|bed| bed.bell.host.will_wake(host));
        known.unwrap_or_else(|| {
            let bell = Arc::new(Bell {
                host: host.clone(),
                by_helper: AtomicBool::new(false),
            });
            Self {
                waker: Waker::from(Arc::clone(&bell)),
                bell,
                has_ended: false,
            }
        })
    }

    fn poll(
        &mut self,
        driving: &mut Driving<'_>,
        deadline: Option<Instant>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        if std::mem::take(&mut self.has_ended) {
            return Poll::Ready(());
        }
        let by_bell = &mut Context::from_waker(&self.waker);
        let is_over = Pin::new(driving).poll(by_bell).is_ready()
            || Clock::until(deadline, &HOSTED).poll(by_bell).is_ready();
        if !is_over {
            return Poll::Pending;
        }
        // Ordering: Relaxed, as in `wake_by_ref`. One late costs a turn.
        let bell = &self.bell.by_helper;
        if bell.load(Ordering::Relaxed) {
            bell.store(false, Ordering::Relaxed);
            // Asked for a poll by a poll, `block_on` takes a turn in between.
            self.has_ended = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

/// A timer and its deadline, kept for the next sleep: setting a timer interrupts the reactor, which
/// costs six system calls.
type Kept = Cell<Option<(Instant, Timer)>>;

std::thread_local! {
    /// Of this thread's last sleep in a `block_on` of its own.
    static SLEEPS: Kept = const { Cell::new(None) };
    /// Of its last sleep as a hosted thread. A waker that is called in such a sleep may run code of
    /// the user that sleeps in its turn, and that must not take this timer.
    static HOSTED: Kept = const { Cell::new(None) };
    /// Between two polls of such a sleep, and between two sleeps.
    static BED: Cell<Option<Bed>> = const { Cell::new(None) };
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
                let serves = at == deadline || at < deadline && at > clock::now();
                Some(if serves {
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
        let Some((_, timer)) = self.timer.as_mut().filter(|_| self.is_awaited) else {
            return Poll::Pending;
        };
        let polled = Pin::new(timer).poll(context).map(drop);
        if polled.is_ready() {
            // It would not be ready again.
            self.timer = None;
        }
        polled
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.kept.with(|kept| kept.set(self.timer.take()));
    }
}

#[cfg(test)]
mod tests {
    use super::{Bed, Clock, HOSTED};
    use crate::util::clock;
    use crate::util::parker::Parker;
    use crate::util::wakes::Wakes;
    use std::task::{Context, Poll, Waker};
    use std::thread;
    use std::time::Duration;

    /// Sleeps until a thread of that name wakes it. Returns how often the sleep asked for a turn of
    /// the reactor.
    fn turns_after_a_wake_by(name: &str) -> usize {
        // Not the current thread's, which may be a used one that a late wake has reached.
        let parker = Parker::new();
        let (wakes, waker) = Wakes::count();
        let context = &mut Context::from_waker(&waker);
        let mut bed = Bed::of(&waker);
        let mut driving = parker.drive_inside().expect("nobody has woken it");
        assert!(bed.poll(&mut driving, None, context).is_pending());
        thread::scope(|scope| {
            let other = thread::Builder::new().name(name.into());
            let other = other.spawn_scoped(scope, || parker.unpark());
            other.expect("a thread").join().expect("it only wakes");
        });
        assert_eq!(wakes.so_far(), 1);
        while bed.poll(&mut driving, None, context).is_pending() {
            assert!(wakes.so_far() > 1, "else it would not be polled");
        }
        wakes.so_far() - 1
    }

    #[test]
    fn whoever_is_woken_by_the_helper_takes_the_reactor_back() {
        assert_eq!(turns_after_a_wake_by("async-io"), 1);
        assert_eq!(turns_after_a_wake_by("another"), 0);
    }

    #[test]
    fn an_earlier_timer_is_kept_and_a_later_one_is_not() {
        let context = &mut Context::from_waker(Waker::noop());
        let deadline = |seconds| Some(clock::now() + Duration::from_secs(seconds));
        let mut set_at = |deadline| {
            let mut clock = Clock::until(deadline, &HOSTED);
            assert!(clock.poll(context).is_pending());
            clock.timer.as_ref().map(|(at, _)| *at)
        };
        let (soon, late) = (deadline(100), deadline(200));
        assert_eq!(set_at(None), None);
        assert_eq!(set_at(late), late);
        assert_eq!(set_at(soon), soon);
        assert_eq!(set_at(late), soon);
        assert_eq!(set_at(None), soon);
        assert_eq!(set_at(late), soon);
        let mut past = Clock::until(Some(clock::now()), &HOSTED);
        assert_eq!(past.poll(context), Poll::Ready(()));
    }
}
