//! The kinds of decisions: where the pool does something that other threads see.

/// A kind of decision: a place where the pool does something that other threads see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(dead_code, reason = "some kinds are those of simulations only")]
pub(crate) enum Kind {
    /// A half of a join is put into its slot.
    Fork,
    /// It is taken back.
    Join,
    /// Private jobs were made public.
    Expose,
    /// A thief looks at a seat.
    Look,
    /// It tries to take a job.
    Steal,
    /// It has got one, or tasks.
    Stolen,
    /// A queue for all threads is used.
    Queue,
    /// The word that counts sleepers and permits is changed.
    SleepWord,
    /// A latch is set.
    Latch,
    /// A thread begins to compute.
    Compute,
    /// A poll has ended.
    Poll,
    /// A loop looks up between two blocks.
    Chunk,
    /// A timer is added or fired.
    Timer,
    /// A lock is taken.
    Lock,
    /// A lock is taken that another thread had last.
    Foreign,
    /// The system puts a fence into every running thread.
    HeavyFence,
    /// A lock was not free.
    Contended,
    /// A thread spins.
    Spin,
    /// A thread gives its turn away.
    Yield,
    /// A named place of `sync::chaos`.
    Named,
    /// A thread goes to sleep.
    Park,
    /// A sleeping thread is woken.
    Wake,
    /// A thread is created.
    Spawn,
    /// `sim::work`.
    Work,
    /// A thread begins.
    Begin,
    /// A thread ends.
    End,
}

/// The number of kinds.
#[allow(dead_code, reason = "builds without simulations count nothing")]
pub(super) const KINDS: usize = Kind::End as usize + 1;
