//! A sleep in a wait: the thread lends its permit, and may run a few things that only it can.

use crate::job::origin::{self, TokenLent};
use crate::pool::driver::{Asker, Role};
use crate::pool::registry::Registry;
use crate::pool::seat::{Mode, Occupant, Shown, Wait};
use crate::pool::threads::Waiter;
use crate::pool::{computing, find, publish, rest, tell};
use crate::trace::{self, Span};
use crate::util::parker::{Level, Parker};
use crate::util::stack;

/// Lends the permit until `is_over`, which is asked after every wake-up of this thread's parker.
/// The thief of a half may wake it as well, when it has something to give.
pub(super) fn lend(me: Occupant<'_>, wait: Wait, mut is_over: impl FnMut() -> bool) {
    if is_over() {
        return;
    }
    let thief = match wait {
        Wait::Half(thief) => thief,
        _ => None,
    };
    let _shown = Shown::new(me, wait);
    let registry = me.registry();
    registry.check_process();
    // Registered before the permit is gone: a thread that finds nobody at work finds us.
    let waiter = Waiter::register(&registry.waiters, me.parker(), thief);
    // A thread that offers something after this look finds us.
    if is_over() {
        return;
    }
    // Before the permit is gone, or another thread would be called to be the driver.
    let mut duty = match wait == Wait::Future && me.mode() != Mode::Away {
        true => Duty::If(Asker::Waiter).or_take(me),
        false => Duty::None,
    };
    let _asleep = (!me.is_guest()).then(|| registry.hooks.asleep());
    let lent = Lent::give_up(me);
    loop {
        if run_mail(me, &lent, &mut duty) || run_last_resort(me, &waiter, wait, &lent, &mut duty) {
            continue;
        }
        // A letter may have swallowed the wake-up.
        if is_over() {
            break;
        }
        duty = duty.or_take(me);
        sleep(me, &duty);
        if matches!(duty, Duty::Driver(_)) && is_over() {
            break;
        }
        duty = duty.after_sleep(registry);
        waiter.follow(thief);
    }
    drop(lent);
    if let Duty::Driver(role) = duty {
        match me.mode() {
            // A thread that polls looks at the clock before it does anything else.
            Mode::Polling => drop(role),
            _ => role.give_up(registry),
        }
    }
}

/// May a thread that waits be the driver meanwhile, and is it?
enum Duty<'a> {
    None,
    If(Asker),
    Driver(Role<'a>),
}

impl<'a> Duty<'a> {
    /// Takes the role, if this thread may have it and it is free.
    fn or_take(self, me: Occupant<'a>) -> Self {
        match self {
            Self::If(asker) => match me.registry().driver.take(me.parker(), asker) {
                Some(role) => Self::Driver(role),
                None => Self::If(asker),
            },
            other => other,
        }
    }

    /// Something runs on this thread, which may have to wait for the clock in its turn. The role is
    /// free from now on; a permit that is given back follows, and with it a look at the role.
    fn interrupt(&mut self) {
        if let Self::Driver(role) = self {
            let asker = role.asker();
            *self = Self::If(asker);
        }
    }

    /// A waiter drives for its own sake only, unless nobody else can: what others wait for is for a
    /// thread that runs it.
    fn after_sleep(self, registry: &Registry) -> Self {
        match self {
            Self::Driver(role) if !registry.is_stuck() => {
                role.give_up(registry);
                Self::None
            }
            other => other,
        }
    }
}

/// Runs a letter, if there is one: nobody else can.
fn run_mail(me: Occupant<'_>, lent: &Lent<'_>, duty: &mut Duty<'_>) -> bool {
    let Some(letter) = me.open_mail() else {
        return false;
    };
    duty.interrupt();
    lent.take_back_for(|| letter.execute(me.index()));
    true
}

/// The last resort: where no other thread moves, whatever is visible stays until this thread takes
/// it, and no other thread looks at the clock.
///
/// What it takes may wait in its turn, on top of this wait. Where the stack is nearly full, another
/// waiter is asked. If none has room, an open wait panics. A closed one must not, and what is kept
/// back of the stack is for it.
fn run_last_resort<'a>(
    me: Occupant<'a>,
    waiter: &Waiter<'_>,
    wait: Wait,
    lent: &Lent<'_>,
    duty: &mut Duty<'a>,
) -> bool {
    if !me.registry().is_stuck() {
        return false;
    }
    if stack::is_short() && me.registry().has_visible_work() {
        if waiter.pass_on() {
            return false;
        }
        if wait == Wait::Future {
            if let Duty::Driver(role) = std::mem::replace(duty, Duty::None) {
                role.give_up(me.registry());
            }
            too_deep();
        }
    }
    if !matches!(duty, Duty::Driver(_)) {
        *duty = Duty::If(Asker::LastWaiter).or_take(me);
    }
    lent.take_back_for(|| {
        let Some(job) = find::own(me).or_else(|| find::others(me, true)) else {
            return false;
        };
        *duty = Duty::If(Asker::LastWaiter);
        computing::run(me, job);
        publish::expose_all(me);
        true
    })
}

#[cold]
fn too_deep() -> ! {
    panic!(
        "waits are nested too deeply: every thread of the pool waits, no further one can be had, \
         and the stack of this one is nearly full. Use `.await` instead of blocking waits, more \
         `max_spare_threads`, or a larger `stack_size`"
    );
}

fn sleep(me: Occupant<'_>, duty: &Duty<'_>) {
    let _parked = me.counters().parked();
    match duty {
        Duty::Driver(role) => {
            rest::pass_time(me.registry(), role, Some(me.index()));
            role.drive(Some(me), || ());
        }
        _ => me.parker().park(),
    }
}

/// The permit is given up, until dropped. Inside [`while_blocking`] there is none to give up.
pub(super) struct Lent<'a> {
    me: Occupant<'a>,
    /// What the thread goes back to, if this guard gave the permit up.
    before: Option<Mode>,
    /// With it, the frame's token.
    token: Option<TokenLent>,
}

impl<'a> Lent<'a> {
    pub(super) fn give_up(me: Occupant<'a>) -> Self {
        let before = match me.mode() {
            Mode::Away => {
                // It blocked until now (`Shown`), and from now on it waits.
                tell::rests(me.registry());
                None
            }
            Mode::Overcommitted => {
                me.set_mode(Mode::Away);
                tell::post_is_left(me);
                // It comes back with a permit.
                Some(Mode::Computing)
            }
            mode => {
                release(me);
                Some(mode)
            }
        };
        me.counters().count_lent();
        trace::begin(Span::Lent);
        let token = Some(origin::lend_token());
        Self { me, before, token }
    }

    fn take_back(&self, mode: Mode) {
        self.me.registry().sleep.acquire();
        self.me.set_mode(mode);
    }

    /// Works for a moment.
    fn take_back_for<R>(&self, f: impl FnOnce() -> R) -> R {
        self.take_back(self.before.unwrap_or(Mode::Computing));
        let result = f();
        release(self.me);
        result
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        trace::end(Span::Lent);
        drop(self.token.take());
        if let Some(mode) = self.before {
            self.take_back(mode);
        }
    }
}

fn release(me: Occupant<'_>) {
    let registry = me.registry();
    me.set_mode(Mode::Away);
    registry.sleep.release();
    tell::permit(registry);
}

/// Blocks in user code (`block_in_place`): lends the permit around `f`. Calls into the pool in `f`
/// work as elsewhere; they find the permit given up already.
pub(crate) fn while_blocking<R>(me: Occupant<'_>, f: impl FnOnce() -> R) -> R {
    publish::expose_all(me);
    let _shown = Shown::new(me, Wait::Blocking);
    let _lent = Lent::give_up(me);
    f()
}

/// A thread without a seat begins a `block_on`: it polls, and now and then waits [`outside`].
pub(crate) fn begin_outside<'a>(
    registry: &'a Registry,
    parker: &'static Parker,
) -> rest::InBlockOn<'a> {
    rest::InBlockOn::begin(registry, parker)
}

/// How a thread without a seat waits until its parker is asked for a poll.
pub(crate) fn outside(registry: &Registry, parker: &'static Parker, level: Level) {
    registry.driver.fire_if_unattended();
    let _waits = rest::OutsideWait::begin(registry, parker);
    let mut kept: Option<Role<'_>> = None;
    while !parker.take_poll_request(level) {
        let role = kept.take();
        match role.or_else(|| registry.driver.take(parker, Asker::Waiter)) {
            None => parker.park(),
            Some(role) => {
                rest::pass_time(registry, &role, None);
                role.drive(None, || ());
                if registry.timers().is_paused() {
                    // A thread that went to sleep may have woken this one to look again (rest.T3).
                    // A role that comes free would wake that thread in its turn, and so on.
                    kept = Some(role);
                } else {
                    // It may take the role again or come back: others may have to see to the
                    // timers.
                    role.give_up(registry);
                }
            }
        }
    }
    if let Some(role) = kept {
        role.give_up(registry);
    }
}
