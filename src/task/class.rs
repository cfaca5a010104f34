//! What a scheduler must know of a task: what kind of work it is, and how urgent.

/// How urgent the futures and computations are that a [`Handle`](crate::Handle) starts; see
/// [`Handle::with_priority`](crate::Handle::with_priority).
///
/// Priorities say in which order threads of a pool take up work that is ready. They interrupt
/// nothing, and no class can starve another: of 61 rounds of a thread's loop, one begins with
/// `Background`, and two begin with `Normal`, whatever is waiting in front.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// First.
    High,
    /// What everything has that does not say otherwise.
    #[default]
    Normal,
    /// When there is nothing else to do, or now and then.
    Background,
}

/// What running a job means for its thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A poll: expected to be short, unless it begins to compute.
    Future,
    /// A closure: expected to compute.
    Root,
}

/// Kind and priority. Never changes in a task's life. One byte, because every task has one, and two
/// cache lines are to be enough for a small one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class(u8);

impl Class {
    /// Beside the priority.
    const ROOT: u8 = 0x10;

    pub(crate) const fn future(priority: Priority) -> Self {
        Self(priority as u8)
    }

    pub(crate) const fn root(priority: Priority) -> Self {
        Self(priority as u8 | Self::ROOT)
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
