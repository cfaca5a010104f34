//! Seams: where loops over pieces of unknown lengths can be cut in two, and the producer that cuts
//! there.

use super::cut::Cut;
use crate::iter::plumbing::{Folder, UnindexedProducer};

/// A place where one piece ends and the next one begins: that of a separator, or of the first item
/// of the next piece.
struct Seam {
    place: usize,
    /// The number of items before the seam among which there may be further seams.
    unread_before: usize,
    /// The number of items behind the seam, from the item after it on, among which there may be
    /// further seams.
    unread_after: usize,
}

impl Seam {
    /// Looks for a seam, starting in the middle: first to the right, up to `unread`, behind which
    /// there are none; then to the left.
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

/// The rule by which items of type `T` fall into pieces.
pub(super) trait Seams<T>: Copy + Send {
    /// The piece before a seam at `place` ends at `place + END`.
    const END: usize;
    /// The piece behind it starts at `place + START`.
    const START: usize;

    fn is_seam(self, items: &[T], place: usize) -> bool;
}

/// The sequential iterator over the pieces of a slice.
pub(super) trait Pieces<S: Cut>: Seams<S::Item> {
    fn pieces(self, slice: S) -> impl Iterator<Item = S>;
}

/// Cuts a slice into the parts before and behind a seam. A separator that belongs to neither is
/// left out.
fn cut<S: Cut, R: Seams<S::Item>>(slice: S, seam: usize) -> (S, S) {
    let (before, rest) = slice.cut(seam + R::END);
    let (_, after) = rest.cut(R::START - R::END);
    (before, after)
}

/// A producer of the pieces of a slice, cut where `rule` has a seam.
pub(super) struct SeamProducer<S, R> {
    slice: S,
    /// The place from which on there are no seams, as far as is known.
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
            let all_read = Self {
                slice,
                unread: 0,
                rule,
            };
            return (all_read, None);
        };
        let (left, right) = cut::<S, R>(slice, seam.place);
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

    /// Looks for seams in the unread part only.
    fn fold_with<F: Folder<S>>(self, folder: F) -> F {
        let Self {
            slice,
            unread,
            rule,
        } = self;
        let items = slice.items();
        if unread >= items.len() {
            return folder.consume_iter(rule.pieces(slice));
        }
        let Some(last) = (0..unread).rev().find(|&place| rule.is_seam(items, place)) else {
            return folder.consume(slice);
        };
        let (before, after) = cut::<S, R>(slice, last);
        let folder = folder.consume_iter(rule.pieces(before));
        if folder.full() {
            folder
        } else {
            folder.consume(after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A rule with seams at all multiples of ten, which counts how often it was asked.
    #[derive(Clone, Copy)]
    struct Tens<'a>(&'a AtomicUsize);

    impl Seams<u32> for Tens<'_> {
        const END: usize = 0;
        const START: usize = 1;

        fn is_seam(self, items: &[u32], place: usize) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed);
            items[place] % 10 == 0
        }
    }

    impl<'a> Pieces<&'a [u32]> for Tens<'_> {
        fn pieces(self, slice: &'a [u32]) -> impl Iterator<Item = &'a [u32]> {
            slice.split(move |item| self.is_seam(std::slice::from_ref(item), 0))
        }
    }

    struct Collect<'a>(Vec<&'a [u32]>);

    impl<'a> Folder<&'a [u32]> for Collect<'a> {
        type Result = Vec<&'a [u32]>;

        fn consume(mut self, item: &'a [u32]) -> Self {
            self.0.push(item);
            self
        }

        fn complete(self) -> Self::Result {
            self.0
        }

        fn full(&self) -> bool {
            false
        }
    }

    #[test]
    fn every_place_is_asked_about_once() {
        for len in 0..99 {
            for depth in 0..6 {
                let items: Vec<u32> = (7..7 + len).collect();
                let asked = AtomicUsize::new(0);
                let mut producers = vec![SeamProducer::new(&items[..], Tens(&asked))];
                for _ in 0..depth {
                    let halves = producers.into_iter().flat_map(|part| {
                        let (left, right) = part.split();
                        [Some(left), right]
                    });
                    producers = halves.flatten().collect();
                }
                let folder = Collect(Vec::new());
                let folder =
                    (producers.into_iter()).fold(folder, |folder, part| part.fold_with(folder));
                assert!(folder.0.into_iter().eq(items.split(|x| x % 10 == 0)));
                assert_eq!(asked.into_inner(), items.len());
            }
        }
    }

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
