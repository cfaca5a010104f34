//! Kind and priority of a task: all that a scheduler must know of it.

/// The urgency of the futures and computations that a [`Handle`](crate::Handle) starts; see
/// [`Handle::with_priority`](crate::Handle::with_priority).
///
/// Priorities say in which order threads of a pool take up work that is ready. They interrupt
/// nothing, and no class can starve another. Of 61 rounds of a thread's loop, one begins with
/// `Background` and two begin with `Normal`, even if more urgent work waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Taken up before all other work.
    High,
    /// The priority of everything that does not ask for another one.
    #[default]
    Normal,
    /// Taken up when there is nothing else to do, and in one of 61 rounds.
    Background,
}

/// The kind of a task: what running its job means for the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A poll: expected to be short, unless it begins to compute.
    Future,
    /// A closure: expected to compute.
    Root,
}

/// Kind and priority of a task. It never changes. It is one byte, because every task has one, and a
/// small task is to fit into two cache lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class(u8);

impl Class {
    /// The bit that says [`Kind::Root`]; the priority is in the bits below.
    const ROOT: u8 = 0x10;

    pub(crate) const fn future(priority: Priority) -> Self {
        Self(priority as u8)
    }

    pub(crate) const fn root(priority: Priority) -> Self {
        Self(priority as u8 | Self::ROOT)
    }

    /// Is it that of a future of normal priority? Only such tasks lie in queues of seats, and only
    /// such are begun by their awaiters.
    #[inline]
    pub(crate) const fn is_usual(self) -> bool {
        self.0 == Self::future(Priority::Normal).0
    }

    pub(crate) const fn kind(self) -> Kind {
        if self.0 & Self::ROOT == 0 {
            Kind::Future
        } else {
            Kind::Root
        }
    }

    pub(crate) const fn priority(self) -> Priority {
        const HIGH: u8 = Priority::High as u8;
        const NORMAL: u8 = Priority::Normal as u8;
        match self.0 & !Self::ROOT {
            HIGH => Priority::High,
            NORMAL => Priority::Normal,
            _ => Priority::Background,
        }
    }
}
