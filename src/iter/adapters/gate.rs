//! A gate: it lets some of the items pass, and all pieces of the loop share it. `take_any`,
//! `skip_any`, `take_any_while`, `skip_any_while` and `stop_when` are gates.

use super::stage::Stage;
use crate::iter::plumbing::*;

pub(super) trait Gate<T>: Sync {
    /// May this item pass? Asked once for each item.
    fn admits(&self, item: &T) -> bool;

    /// Is the gate shut for all further items?
    fn is_shut(&self) -> bool {
        false
    }
}

/// The stage of a gate.
pub(super) struct Gated<G>(pub(super) G);

impl<T, G: Gate<T>> Stage<T> for Gated<G> {
    type Item = T;

    #[inline]
    fn consume<B: Folder<T>>(&self, base: B, item: T) -> B {
        match self.0.admits(&item) {
            true => base.consume(item),
            false => base,
        }
    }

    fn is_shut(&self) -> bool {
        self.0.is_shut()
    }
}
