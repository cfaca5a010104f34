//! Loops over pieces of unknown lengths: where they can be cut in two, and the producer that does.

use crate::iter::plumbing::{Folder, UnindexedProducer};

/// A place where one piece ends and the next one begins: of a separator, or of the first item of
/// the next piece.
struct Seam {
    place: usize,
    /// How much of the part before the seam may have further seams in it.
    unread_before: usize,
    /// How much of the part behind the place may have, counted from the item after it.
    unread_after: usize,
}

impl Seam {
    /// Looks for a seam, starting in the middle: to the right up to `unread`, from where on there
    /// are none, then to the left.
    fn find(len: usize, unread: usize, is_seam: impl Fn(usize) -> bool) -> Option<Self> {
        let unread = unread.min(len);
        let middle = unread / 2;
        if let Some(place) = (middle..unread).find(|&place| is_seam(place)) {
            return Some(Self {
                place,
                unread_before: middle,
                unread_after: unread - place - 1,
            });
        }
        let place = (0..middle).rev().find(|&place| is_seam(place))?;
        Some(Self {
            place,
            unread_before: place,
            unread_after: 0,
        })
    }
}

/// A slice, shared or unique.
pub(super) trait Cut: Send + Sized {
    type Item;
    fn items(&self) -> &[Self::Item];
    fn cut(self, at: usize) -> (Self, Self);
}

impl<T: Sync> Cut for &[T] {
    type Item = T;

    fn items(&self) -> &[T] {
        self
    }

    fn cut(self, at: usize) -> (Self, Self) {
        self.split_at(at)
    }
}

impl<T: Send> Cut for &mut [T] {
    type Item = T;

    fn items(&self) -> &[T] {
        self
    }

    fn cut(self, at: usize) -> (Self, Self) {
        self.split_at_mut(at)
    }
}

/// Where items of type `T` fall into pieces.
pub(super) trait Seams<T>: Copy + Send {
    /// The piece before a seam at `place` ends at `place + END`.
    const END: usize;
    /// The piece behind it starts at `place + START`.
    const START: usize;

    fn is_seam(self, items: &[T], place: usize) -> bool;
}

/// How a slice falls into its pieces.
pub(super) trait Pieces<S: Cut>: Seams<S::Item> {
    fn pieces(self, slice: S) -> impl Iterator<Item = S>;
}

/// Pieces of a slice, cut where `rule` has a seam.
pub(super) struct SeamProducer<S, R> {
    slice: S,
    /// No seams from here on, as far as is known.
    unread: usize,
    rule: R,
}

impl<S: Cut, R: Pieces<S>> SeamProducer<S, R> {
    pub(super) fn new(slice: S, rule: R) -> Self {
        Self {
            unread: slice.items().len(),
            slice,
            rule,
        }
    }
}

impl<S: Cut, R: Pieces<S>> UnindexedProducer for SeamProducer<S, R> {
    type Item = S;

    fn split(self) -> (Self, Option<Self>) {
        let Self {
            slice,
            unread,
            rule,
        } = self;
        let items = slice.items();
        let found = Seam::find(items.len(), unread, |place| rule.is_seam(items, place));
        let Some(seam) = found else {
            return (
                Self {
                    slice,
                    unread,
                    rule,
                },
                None,
            );
        };
        let (left, right) = slice.cut(seam.place + R::END);
        // A separator that belongs to neither is left out.
        let (_, right) = right.cut(R::START - R::END);
        let left = Self {
            slice: left,
            unread: seam.unread_before,
            rule,
        };
        let right = Self {
            slice: right,
            // The first item of a piece is no seam, and is counted here.
            unread: seam.unread_after + 1 - R::START,
            rule,
        };
        (left, Some(right))
    }

    fn fold_with<F: Folder<S>>(self, folder: F) -> F {
        folder.consume_iter(self.rule.pieces(self.slice))
    }
}

#[cfg(test)]
mod tests {
    use super::Seam;

    #[test]
    fn nothing_is_read_twice_for_long() {
        let seam = Seam::find(10, 10, |place| place == 8).unwrap();
        assert_eq!(
            (seam.place, seam.unread_before, seam.unread_after),
            (8, 5, 1)
        );
        let seam = Seam::find(10, 10, |place| place == 2).unwrap();
        assert_eq!(
            (seam.place, seam.unread_before, seam.unread_after),
            (2, 2, 0)
        );
        assert!(Seam::find(10, 8, |place| place == 8).is_none());
        assert!(Seam::find(0, 0, |_| true).is_none());
    }
}
