//! The default pool: made at its first use, or before by `build_global`; never ended.

use crate::pool::{Hooks, Registry, Sizes, Start, shutdown};
use crate::sim;
use crate::sync::OnceLock;
use crate::trace;
use crate::util::place::LikeMain;
use std::sync::{Arc, Mutex, PoisonError};

static DEFAULT: OnceLock<Arc<Registry>> = OnceLock::new();

/// The default pool.
pub(crate) fn registry() -> Arc<Registry> {
    with(Arc::clone)
}

/// Calls `f` with the default pool, without counting a reference. Each simulation has its own.
pub(crate) fn with<R>(f: impl FnOnce(&Arc<Registry>) -> R) -> R {
    if let Some(registry) = sim::default_pool(make, shutdown::begin) {
        return f(&registry);
    }
    f(DEFAULT.get_or_init(|| {
        trace::at_thread_end(save);
        make()
    }))
}

fn make() -> Arc<Registry> {
    // The pool is for the process, not for the thread that uses it first, which may be pinned.
    let _like_main = LikeMain::enter();
    let start = Start {
        sizes: Sizes::new(0, None, None, None, None),
        hooks: Hooks::default(),
        lenient: true,
        use_current_thread: false,
        start_paused: false,
        waits_on_failure: true,
    };
    match start.start(|thread| thread.spawn()) {
        Ok(registry) => registry,
        Err(_) => unreachable!("a lenient start takes what the system grants"),
    }
}

/// Called when the thread ends that made the default pool: on most programs' main thread, with
/// the process.
fn save() {
    if let Some(registry) = existing() {
        registry.trace().save();
    }
}

/// The default pool, if it exists already.
pub(crate) fn existing() -> Option<&'static Arc<Registry>> {
    DEFAULT.get()
}

/// Makes `build`'s pool the default one. `false`: there is one already, and `build` was not called
/// (or another thread was faster); or `build` failed.
pub(super) fn init<E>(build: impl FnOnce() -> Result<Arc<Registry>, E>) -> bool {
    // One at a time, so that a pool is not built only to be thrown away.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    if DEFAULT.get().is_some() {
        return false;
    }
    let Ok(registry) = build() else { return false };
    match DEFAULT.set(registry) {
        Ok(()) => {
            trace::at_thread_end(save);
            true
        }
        Err(late) => {
            // The first use came in between.
            shutdown::begin(&late);
            false
        }
    }
}
