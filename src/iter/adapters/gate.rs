//! A gate: it lets some of the items pass, and all pieces of the loop share it. `take_any`,
//! `skip_any`, `take_any_while`, `skip_any_while` and `stop_when` are gates.

use crate::iter::plumbing::*;

pub(super) trait Gate<T>: Sync {
    /// May this item pass? Asked once for each item.
    fn admits(&self, item: &T) -> bool;

    /// Is the gate shut for all further items?
    fn is_shut(&self) -> bool;
}

pub(super) struct GateConsumer<'g, C, G> {
    base: C,
    gate: &'g G,
}

impl<'g, C, G> GateConsumer<'g, C, G> {
    pub(super) fn new(base: C, gate: &'g G) -> Self {
        Self { base, gate }
    }
}

impl<'g, T, C, G> Consumer<T> for GateConsumer<'g, C, G>
where
    C: Consumer<T>,
    G: Gate<T>,
{
    type Folder = GateFolder<'g, C::Folder, G>;
    type Reducer = C::Reducer;
    type Result = C::Result;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let (left, right, reducer) = self.base.split_at(index);
        (
            Self::new(left, self.gate),
            Self::new(right, self.gate),
            reducer,
        )
    }

    fn into_folder(self) -> Self::Folder {
        GateFolder {
            base: self.base.into_folder(),
            gate: self.gate,
        }
    }

    fn full(&self) -> bool {
        self.gate.is_shut() || self.base.full()
    }

    fn rejoin(self, folder: Self::Folder, index: usize) -> Rejoined<Self::Folder, Self> {
        let gate = self.gate;
        rejoin_base(
            self.base,
            folder.base,
            index,
            |base| GateFolder { base, gate },
            |base| Self { base, gate },
        )
    }
}

impl<'g, T, C, G> UnindexedConsumer<T> for GateConsumer<'g, C, G>
where
    C: UnindexedConsumer<T>,
    G: Gate<T>,
{
    fn split_off_left(&self) -> Self {
        Self::new(self.base.split_off_left(), self.gate)
    }

    fn to_reducer(&self) -> Self::Reducer {
        self.base.to_reducer()
    }
}

pub(super) struct GateFolder<'g, B, G> {
    base: B,
    gate: &'g G,
}

impl<'g, T, B, G> Folder<T> for GateFolder<'g, B, G>
where
    B: Folder<T>,
    G: Gate<T>,
{
    type Result = B::Result;

    fn consume(self, item: T) -> Self {
        if self.gate.admits(&item) {
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
        self.gate.is_shut() || self.base.full()
    }
}
