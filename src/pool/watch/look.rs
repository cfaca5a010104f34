//! A look after private halves of which no sleeper was told.

use crate::pool::registry::Registry;
use crate::pool::seat::{Occupant, Seat};
use crate::pool::{tell, timers};
use std::sync::{Arc, Weak};
use std::task::Wake;

/// A private half was pushed of which no sleeper was told.
#[inline]
pub(in crate::pool) fn over(me: Occupant<'_>) {
    let registry = me.registry();
    if registry.timers().is_paused() {
        // No time passes until a look: a sleeper hears of it now.
        return tell::work(registry);
    }
    if registry.watch.renew() {
        set_timer(registry);
    }
}

#[cold]
fn set_timer(registry: &Registry) {
    let look = Look(Arc::downgrade(&registry.to_arc()));
    let waker = Arc::new(look).into();
    let time = registry.watch.time();
    // (Where this thread has lost its core in between, the deadline has passed.)
    while timers::add(registry, registry.timers().present() + time, &waker).is_none() {}
}

/// The waker of the timer.
struct Look(Weak<Registry>);

impl Wake for Look {
    fn wake(self: Arc<Self>) {
        let Some(registry) = self.0.upgrade().filter(|registry| !registry.is_closed()) else {
            return;
        };
        let hides = registry.seats().any(Seat::hides_jobs);
        if hides {
            tell::work(&registry);
        }
        if registry.watch.look(hides) || registry.watch.end() {
            set_timer(&registry);
        }
    }
}
