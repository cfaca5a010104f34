//! A gate: it lets some of the items pass, and all pieces of the loop share it. `take_any`,
//! `skip_any`, `take_any_while`, `skip_any_while` and `stop_when` are gates.

use super::stage::{Stage, Staged};
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

    fn is_shut(&self) -> bool {
        self.0.is_shut()
    }
}

impl<T, B, G> Folder<T> for Staged<'_, B, Gated<G>>
where
    B: Folder<T>,
    G: Gate<T>,
{
    type Result = B::Result;

    fn consume(self, item: T) -> Self {
        if self.stage.0.admits(&item) {
            Self {
                base: self.base.consume(item),
                ..self
            }
        } else {
            self
        }
    }

    fn complete(self) -> B::Result {
        self.base.complete()
    }

    fn full(&self) -> bool {
        self.stage.0.is_shut() || self.base.full()
    }
}
