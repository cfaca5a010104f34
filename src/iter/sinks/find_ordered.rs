//! `find_first` and `find_last`: of all matches, the first or the last.
//!
//! A piece may stop when a match is known to stand before it (behind it, for `find_last`); so each
//! piece must know its place among the others. Where a loop is split by index, places are indices.
//! Where it is split "somewhere", and within an item of a `flat_map`, the split piece gets a
//! [`Level`] of its own, with places in it like the sections of a chapter.

use crate::iter::ParallelIterator;
use crate::iter::plumbing::portions::for_each_until;
use crate::iter::plumbing::*;
use crate::sync::wide::AtomicU64;
use std::cell::RefCell;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(crate) fn find_first<I, P>(iter: I, predicate: P) -> Option<I::Item>
where
    I: ParallelIterator,
    P: Fn(&I::Item) -> bool + Sync,
{
    find::<false, I, P>(iter, &predicate)
}

pub(crate) fn find_last<I, P>(iter: I, predicate: P) -> Option<I::Item>
where
    I: ParallelIterator,
    P: Fn(&I::Item) -> bool + Sync,
{
    find::<true, I, P>(iter, &predicate)
}

fn find<const LAST: bool, I, P>(iter: I, predicate: &P) -> Option<I::Item>
where
    I: ParallelIterator,
    P: Fn(&I::Item) -> bool + Sync,
{
    let level = Level::<LAST>::new(None);
    let place = Place {
        level: LevelRef::Outermost(&level),
        start: 0,
        width: u64::MAX,
    };
    iter.drive_unindexed(FindConsumer {
        predicate,
        place: RefCell::new(place),
    })
}

/// A numbering of pieces, and the place in it of the best match so far.
struct Level<'l, const LAST: bool> {
    /// The best place so far. It publishes no data: matches travel as results. To see it late only
    /// costs time.
    best: AtomicU64,
    /// The level above: all that is numbered here stands at one of its places.
    above: Option<(LevelRef<'l, LAST>, u64)>,
}

enum LevelRef<'l, const LAST: bool> {
    Outermost(&'l Level<'l, LAST>),
    Inner(Arc<Level<'l, LAST>>),
}

impl<'l, const LAST: bool> Clone for LevelRef<'l, LAST> {
    fn clone(&self) -> Self {
        match self {
            Self::Outermost(level) => Self::Outermost(level),
            Self::Inner(level) => Self::Inner(Arc::clone(level)),
        }
    }
}

impl<'l, const LAST: bool> Deref for LevelRef<'l, LAST> {
    type Target = Level<'l, LAST>;

    fn deref(&self) -> &Level<'l, LAST> {
        match self {
            Self::Outermost(level) => level,
            Self::Inner(level) => level,
        }
    }
}

impl<'l, const LAST: bool> Level<'l, LAST> {
    fn new(above: Option<(LevelRef<'l, LAST>, u64)>) -> Self {
        let worst = if LAST { 0 } else { u64::MAX };
        Self {
            best: AtomicU64::new(worst),
            above,
        }
    }

    fn announce(&self, place: u64) {
        // Ordering: Relaxed, for the reason given at `best`.
        if LAST {
            self.best.fetch_max(place, Ordering::Relaxed);
        } else {
            self.best.fetch_min(place, Ordering::Relaxed);
        }
    }

    fn is_beaten(&self, place: u64) -> bool {
        // Ordering: Relaxed, as in `announce`.
        let best = self.best.load(Ordering::Relaxed);
        if LAST { best > place } else { best < place }
    }
}

/// The place of a piece: at `start`, with `width` numbers for its own pieces.
///
/// Pieces compare as their numbers do. Equal numbers would do no harm: then neither piece stops the
/// other.
struct Place<'l, const LAST: bool> {
    level: LevelRef<'l, LAST>,
    start: u64,
    width: u64,
}

impl<'l, const LAST: bool> Place<'l, LAST> {
    /// Gives away the first `count` numbers.
    fn take_left(&mut self, count: u64) -> Self {
        if count >= self.width {
            let above = Some((self.level.clone(), self.start));
            *self = Self {
                level: LevelRef::Inner(Arc::new(Level::new(above))),
                start: 0,
                width: u64::MAX,
            };
        }
        let left = Self {
            level: self.level.clone(),
            start: self.start,
            width: count,
        };
        self.start += count;
        self.width -= count;
        left
    }

    fn up(&self) -> impl Iterator<Item = (&Level<'l, LAST>, u64)> {
        let innermost: (&Level<'l, LAST>, u64) = (&self.level, self.start);
        std::iter::successors(Some(innermost), |(level, _)| {
            let (level, place) = level.above.as_ref()?;
            Some((level, *place))
        })
    }

    /// Announces a match at this place.
    fn announce(&self) {
        self.up().for_each(|(level, place)| level.announce(place));
    }

    /// Is a match known that stands before this place (or behind it, for `find_last`)?
    fn is_beaten(&self) -> bool {
        self.up().any(|(level, place)| level.is_beaten(place))
    }
}

struct FindConsumer<'p, P, const LAST: bool> {
    predicate: &'p P,
    /// The place of the piece. [`UnindexedConsumer::split_off_left`] changes it by a shared
    /// reference.
    place: RefCell<Place<'p, LAST>>,
}

impl<'p, T, P, const LAST: bool> Consumer<T> for FindConsumer<'p, P, LAST>
where
    T: Send,
    P: Fn(&T) -> bool + Sync,
{
    type Folder = FindFolder<'p, T, P, LAST>;
    type Reducer = FindReducer<LAST>;
    type Result = Option<T>;

    fn split_at(mut self, index: usize) -> (Self, Self, FindReducer<LAST>) {
        let left = Self {
            predicate: self.predicate,
            place: RefCell::new(self.place.get_mut().take_left(index as u64)),
        };
        (left, self, FindReducer)
    }

    fn into_folder(self) -> Self::Folder {
        FindFolder {
            predicate: self.predicate,
            place: self.place.into_inner(),
            item: None,
        }
    }

    fn full(&self) -> bool {
        self.place.borrow().is_beaten()
    }

    // The folder keeps its place: no other piece stands between it and these items.
    fn can_rejoin(&self, _: &Self::Folder) -> bool {
        true
    }
}

impl<'p, T, P, const LAST: bool> UnindexedConsumer<T> for FindConsumer<'p, P, LAST>
where
    T: Send,
    P: Fn(&T) -> bool + Sync,
{
    fn split_off_left(&self) -> Self {
        Self {
            predicate: self.predicate,
            place: RefCell::new(self.place.borrow_mut().take_left(1)),
        }
    }

    fn to_reducer(&self) -> FindReducer<LAST> {
        FindReducer
    }
}

struct FindFolder<'p, T, P, const LAST: bool> {
    predicate: &'p P,
    place: Place<'p, LAST>,
    item: Option<T>,
}

impl<'p, T, P, const LAST: bool> Folder<T> for FindFolder<'p, T, P, LAST>
where
    P: Fn(&T) -> bool,
{
    type Result = Option<T>;

    fn consume(mut self, item: T) -> Self {
        let wanted = LAST || self.item.is_none();
        if wanted && (self.predicate)(&item) {
            if self.item.is_none() {
                self.place.announce();
            }
            self.item = Some(item);
        }
        self
    }

    fn consume_iter<I: IntoIterator<Item = T>>(mut self, iter: I) -> Self {
        let Self {
            predicate,
            place,
            item: found,
        } = &mut self;
        if LAST || found.is_none() {
            for_each_until(
                iter,
                || place.is_beaten(),
                |item| {
                    let is_it = predicate(&item);
                    if is_it {
                        if found.is_none() {
                            place.announce();
                        }
                        *found = Some(item);
                    }
                    LAST || !is_it
                },
            );
        }
        self
    }

    fn complete(self) -> Option<T> {
        self.item
    }

    fn full(&self) -> bool {
        !LAST && self.item.is_some() || self.place.is_beaten()
    }
}

struct FindReducer<const LAST: bool>;

impl<T, const LAST: bool> Reducer<Option<T>> for FindReducer<LAST> {
    fn reduce(self, left: Option<T>, right: Option<T>) -> Option<T> {
        if LAST { right.or(left) } else { left.or(right) }
    }
}
