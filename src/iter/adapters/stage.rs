//! A stage: what adapters that work item by item, and remember nothing, have in common.
//!
//! The function of such an adapter has a type that is a [`Stage`]. What it does with an item is
//! said by `impl Folder<T> for Staged<'_, B, ThatStage>`, where `B` is the folder that takes what
//! goes on. How the consumer of a piece is split, rejoined and asked stands here, once for all.

use crate::iter::plumbing::*;

/// What an adapter does with items `T`. All pieces of the loop share it.
pub(super) trait Stage<T>: Sync {
    /// The type of the items that go on.
    type Item;

    /// Are more items useless, even if the next consumer would take them?
    fn is_shut(&self) -> bool {
        false
    }
}

/// A consumer or a folder, with a stage in front of it.
pub(super) struct Staged<'s, B, S> {
    pub(super) base: B,
    pub(super) stage: &'s S,
}

impl<'s, B, S> Staged<'s, B, S> {
    pub(super) fn new(base: B, stage: &'s S) -> Self {
        Self { base, stage }
    }
}

impl<'s, T, C, S> Consumer<T> for Staged<'s, C, S>
where
    S: Stage<T>,
    C: Consumer<S::Item>,
    Staged<'s, C::Folder, S>: Folder<T, Result = C::Result>,
{
    type Folder = Staged<'s, C::Folder, S>;
    type Reducer = C::Reducer;
    type Result = C::Result;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let stage = self.stage;
        let (left, right, reducer) = self.base.split_at(index);
        (
            Self { base: left, stage },
            Self { base: right, stage },
            reducer,
        )
    }

    fn into_folder(self) -> Self::Folder {
        Staged {
            base: self.base.into_folder(),
            stage: self.stage,
        }
    }

    fn full(&self) -> bool {
        self.stage.is_shut() || self.base.full()
    }

    fn can_rejoin(&self, folder: &Self::Folder) -> bool {
        self.base.can_rejoin(&folder.base)
    }

    fn rejoin(&mut self, folder: &mut Self::Folder, index: usize) {
        self.base.rejoin(&mut folder.base, index);
    }
}

impl<'s, T, C, S> UnindexedConsumer<T> for Staged<'s, C, S>
where
    S: Stage<T>,
    C: UnindexedConsumer<S::Item>,
    Staged<'s, C::Folder, S>: Folder<T, Result = C::Result>,
{
    fn split_off_left(&self) -> Self {
        Self {
            base: self.base.split_off_left(),
            stage: self.stage,
        }
    }

    fn to_reducer(&self) -> Self::Reducer {
        self.base.to_reducer()
    }
}
