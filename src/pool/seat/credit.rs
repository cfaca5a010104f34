//! Counts that the occupant of a seat has taken in advance for the scope that it works for. What
//! they are good for is told in `entry/scope/pending.rs`.

use super::Occupant;
use crate::sync::Cell;
use std::ptr;

/// Counts of one scope that no job has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credit {
    /// The address of the scope's counter. Null: the thread works for no scope.
    pub(crate) of: *const (),
    pub(crate) counts: usize,
}

impl Credit {
    pub(super) const NONE: Self = Self {
        of: ptr::null(),
        counts: 0,
    };
}

impl<'a> Occupant<'a> {
    /// The credit of this thread.
    #[inline]
    pub(crate) fn credit(self) -> &'a Cell<Credit> {
        &self.desk().credit
    }
}
