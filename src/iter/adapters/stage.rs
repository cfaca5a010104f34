//! A stage: what adapters that work item by item, and remember nothing, have in common.
//!
//! The function of such an adapter has a type that is a [`Stage`], which says what it does with an
//! item. How the consumer of a piece is split, rejoined and asked stands here, once for all.
//!
//! (A stage is no folder of its own: `Staged` would be a consumer only where the stage is a folder
//! behind the next consumer's folder. The compiler proves such a thing anew for each adapter of a
//! chain, and for each function of each loop. That was a fifth of the time of a debug build. The
//! methods are marked `#[inline]`, as what an item goes through must become one loop.)

use crate::iter::plumbing::*;

/// What an adapter does with items `T`. All pieces of the loop share it.
pub(super) trait Stage<T>: Sync {
    /// The type of the items that go on.
    type Item;

    /// Gives `base` what becomes of one item.
    fn consume<B: Folder<Self::Item>>(&self, base: B, item: T) -> B;

    /// Gives `base` what becomes of all items, until it or the stage takes no more.
    #[inline]
    fn consume_iter<B, I>(&self, mut base: B, iter: I) -> B
    where
        B: Folder<Self::Item>,
        I: IntoIterator<Item = T>,
    {
        for item in iter {
            base = self.consume(base, item);
            if self.is_shut() || base.full() {
                break;
            }
        }
        base
    }

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

impl<T, B, S> Folder<T> for Staged<'_, B, S>
where
    S: Stage<T>,
    B: Folder<S::Item>,
{
    type Result = B::Result;

    #[inline]
    fn consume(self, item: T) -> Self {
        Self::new(self.stage.consume(self.base, item), self.stage)
    }

    #[inline]
    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        Self::new(self.stage.consume_iter(self.base, iter), self.stage)
    }

    fn complete(self) -> B::Result {
        self.base.complete()
    }

    fn full(&self) -> bool {
        self.stage.is_shut() || self.base.full()
    }
}

impl<'s, T, C, S> Consumer<T> for Staged<'s, C, S>
where
    S: Stage<T>,
    C: Consumer<S::Item>,
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

impl<T, C, S> UnindexedConsumer<T> for Staged<'_, C, S>
where
    S: Stage<T>,
    C: UnindexedConsumer<S::Item>,
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
