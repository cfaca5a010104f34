//! The machine's table: what each thing costs on the simulated machine, in nanoseconds.
//!
//! "Measured" means: by `cargo bench --bench scaling --features sim -- --costs`, on a virtual
//! machine with two cores (Linux 6, x86-64), rounded. "Assumed" numbers need more cores than that
//! machine has; they are typical of servers with one socket.

use super::kind::Kind;

/// How far the clock of the running thread may be ahead of the next thread's before the baton is
/// handed on. Assumed: below the time that a cache line takes from core to core and back.
pub(super) const LOOKAHEAD: u64 = 150;

/// How long a thread may keep its core while others queue for one. Assumed: the base slice of
/// Linux' scheduler on many cores.
pub(super) const SLICE: u64 = 3_000_000;

/// From one thread to another on the same core, in the kernel. Measured: half of a round between
/// two threads on one core, less both system calls.
pub(super) const SWITCH: u64 = 1_500;

/// From a wake-up until the sleeper is back in its program, if a core is free. Measured: a round
/// of wakes between two cores, less the two calls.
pub(super) const WAKE_LATENCY: u64 = 4_000;

/// What a wake costs the waker: a system call that sends an interrupt. Measured.
pub(super) const FUTEX_WAKE: u64 = 1_200;

/// What going to sleep costs the sleeper: a system call. Measured: with a word that has changed.
pub(super) const FUTEX_WAIT: u64 = 400;

/// What creating a thread costs its creator. Measured.
pub(super) const SPAWN: u64 = 9_000;

/// From the creation of a thread until its first instruction. Measured.
pub(super) const SPAWN_LATENCY: u64 = 15_000;

/// An atomic read-modify-write on a line that this core has. Measured.
pub(super) const OWN_LINE: u64 = 6;

/// The same on a line that another core has written. Assumed: 40 to 120 ns on one socket.
pub(super) const FOREIGN_LINE: u64 = 70;

/// A sequentially consistent fence. Measured.
const FENCE: u64 = 8;

/// A read of a line that has not changed since this core read it last. Assumed: a hit in the second
/// level of the cache, as a sweep over all seats is.
const LOOK: u64 = 4;

/// A spin hint: `PAUSE` takes 9 to 140 cycles. Measured.
const HINT: u64 = 15;

/// A read of the clock. Measured: the time stamp counter in a virtual machine.
pub(super) const CLOCK: u64 = 12;

/// What a decision of this kind costs the thread that takes it.
pub(super) const fn of(kind: Kind) -> u64 {
    match kind {
        // Measured: a join that nobody steals from takes 3.5 ns.
        Kind::Fork => 2,
        Kind::Join => 2,
        Kind::Expose => OWN_LINE + FENCE + 20,
        Kind::Look => LOOK,
        Kind::Steal => 2 * FOREIGN_LINE + FENCE,
        Kind::Queue => FOREIGN_LINE,
        Kind::SleepWord => FOREIGN_LINE,
        Kind::Latch => FOREIGN_LINE,
        Kind::Compute => FENCE + OWN_LINE,
        // Measured: a task that yields once takes 30 ns a poll.
        Kind::Poll => 25,
        Kind::Chunk => 2,
        Kind::Timer => 30,
        Kind::Lock => OWN_LINE,
        Kind::Foreign => FOREIGN_LINE,
        // Measured: `membarrier` with both cores busy.
        Kind::HeavyFence => 2_900,
        Kind::Spin => HINT,
        // Measured: `sched_yield` without a rival.
        Kind::Yield => 300,
        Kind::Park => FUTEX_WAIT,
        Kind::Wake => FUTEX_WAKE,
        Kind::Spawn => SPAWN,
        Kind::Stolen | Kind::Contended | Kind::Named | Kind::Work | Kind::Begin | Kind::End => 0,
    }
}
