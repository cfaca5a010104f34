//! A seed: the value that an adapter has in each piece of a loop, before the piece begins.
//!
//! `fold`, `try_fold` and `map_init` make it in each piece; `fold_with`, `try_fold_with` and
//! `map_with` clone it for each. What such an adapter does with an item is said by its [`Op`]. How
//! the consumer of a piece is split, rejoined and asked stands here.

use crate::iter::plumbing::*;

/// Becomes the value of a piece. A clone of it becomes that of another piece.
pub(super) trait Seed: Clone + Send {
    type Value;

    /// Makes the value, when the piece begins.
    fn grow(self) -> Self::Value;
}

/// A seed that makes the value by a function.
pub(super) struct Made<'f, F>(pub(super) &'f F);

impl<F> Clone for Made<'_, F> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<U, F: Fn() -> U + Sync> Seed for Made<'_, F> {
    type Value = U;

    fn grow(self) -> U {
        (self.0)()
    }
}

/// A seed that is the value already.
#[derive(Clone)]
pub(super) struct Cloned<U>(pub(super) U);

impl<U: Clone + Send> Seed for Cloned<U> {
    type Value = U;

    fn grow(self) -> U {
        self.0
    }
}

/// What an adapter does with items `T` and its value. All pieces of the loop share it.
pub(super) trait Op<T, U>: Sync {
    /// The type of the items that go on.
    type Item;

    /// Takes one item, and perhaps gives `base` one.
    fn consume<B: Folder<Self::Item>>(&self, base: B, value: U, item: T) -> (B, U);

    /// Takes all items, until `base` or the value takes no more.
    #[inline]
    fn consume_iter<B, I>(&self, mut base: B, mut value: U, iter: I) -> (B, U)
    where
        B: Folder<Self::Item>,
        I: IntoIterator<Item = T>,
    {
        for item in iter {
            (base, value) = self.consume(base, value, item);
            if self.is_full(&value) || base.full() {
                break;
            }
        }
        (base, value)
    }

    /// Ends the piece. The value goes first: a progress bar shows the items then, and to make the
    /// result may take long.
    fn complete<B: Folder<Self::Item>>(&self, base: B, value: U) -> B::Result {
        drop(value);
        base.complete()
    }

    /// Are more items useless, even if `base` would take them?
    fn is_full(&self, value: &U) -> bool {
        let _ = value;
        false
    }
}

/// A consumer with a seed, or a folder with the value that became of it.
pub(super) struct Seeded<'o, B, U, O> {
    pub(super) base: B,
    pub(super) value: U,
    pub(super) op: &'o O,
}

impl<'o, B, U, O> Seeded<'o, B, U, O> {
    pub(super) fn new(base: B, value: U, op: &'o O) -> Self {
        Self { base, value, op }
    }
}

impl<T, B, U, O> Folder<T> for Seeded<'_, B, U, O>
where
    O: Op<T, U>,
    B: Folder<O::Item>,
{
    type Result = B::Result;

    #[inline]
    fn consume(self, item: T) -> Self {
        let (base, value) = self.op.consume(self.base, self.value, item);
        Self::new(base, value, self.op)
    }

    #[inline]
    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        let (base, value) = self.op.consume_iter(self.base, self.value, iter);
        Self::new(base, value, self.op)
    }

    fn complete(self) -> B::Result {
        self.op.complete(self.base, self.value)
    }

    fn full(&self) -> bool {
        self.op.is_full(&self.value) || self.base.full()
    }
}

impl<'o, T, C, D, O> Consumer<T> for Seeded<'o, C, D, O>
where
    D: Seed,
    O: Op<T, D::Value>,
    C: Consumer<O::Item>,
{
    type Folder = Seeded<'o, C::Folder, D::Value, O>;
    type Reducer = C::Reducer;
    type Result = C::Result;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let (left, right, reducer) = self.base.split_at(index);
        let left = Self {
            base: left,
            value: self.value.clone(),
            op: self.op,
        };
        let right = Self {
            base: right,
            ..self
        };
        (left, right, reducer)
    }

    fn into_folder(self) -> Self::Folder {
        Seeded {
            base: self.base.into_folder(),
            value: self.value.grow(),
            op: self.op,
        }
    }

    fn full(&self) -> bool {
        self.base.full()
    }

    fn can_rejoin(&self, folder: &Self::Folder) -> bool {
        self.base.can_rejoin(&folder.base)
    }

    fn rejoin(&mut self, folder: &mut Self::Folder, index: usize) {
        self.base.rejoin(&mut folder.base, index);
    }
}

impl<T, C, D, O> UnindexedConsumer<T> for Seeded<'_, C, D, O>
where
    D: Seed,
    O: Op<T, D::Value>,
    C: UnindexedConsumer<O::Item>,
{
    fn split_off_left(&self) -> Self {
        Self {
            base: self.base.split_off_left(),
            value: self.value.clone(),
            op: self.op,
        }
    }

    fn to_reducer(&self) -> Self::Reducer {
        self.base.to_reducer()
    }
}
