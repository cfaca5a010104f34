//! `par_split`, `par_split_inclusive`, `par_split_terminator`: pieces of a text, by a pattern.

use super::cut::{cut_behind, place_of};
use super::pattern::Pattern;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::fmt;

macro_rules! splits {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        #[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
        pub struct $name<'ch, P: Pattern> {
            text: &'ch str,
            pattern: P,
        }

        impl<'ch, P: Pattern> $name<'ch, P> {
            pub(super) fn new(text: &'ch str, pattern: P) -> Self {
                Self { text, pattern }
            }
        }

        impl<P: Pattern> fmt::Debug for $name<'_, P> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("text", &self.text).finish()
            }
        }
    )*};
}

splits! {
    /// Parallel iterator over the pieces between separators: see
    /// [`par_split`](super::ParallelString::par_split).
    Split;
    /// Parallel iterator over pieces that end with separators: see
    /// [`par_split_inclusive`](super::ParallelString::par_split_inclusive).
    SplitInclusive;
    /// Parallel iterator over pieces before separators: see
    /// [`par_split_terminator`](super::ParallelString::par_split_terminator).
    SplitTerminator;
}

impl<'ch, P: Pattern> ParallelIterator for Split<'ch, P> {
    type Item = &'ch str;

    fn drive_unindexed<C: UnindexedConsumer<&'ch str>>(self, consumer: C) -> C::Result {
        let producer = SplitProducer {
            text: self.text,
            pattern: &self.pattern,
            is_terminator: false,
        };
        bridge_unindexed(producer, consumer)
    }
}

impl<'ch, P: Pattern> ParallelIterator for SplitTerminator<'ch, P> {
    type Item = &'ch str;

    fn drive_unindexed<C: UnindexedConsumer<&'ch str>>(self, consumer: C) -> C::Result {
        let producer = SplitProducer {
            text: self.text,
            pattern: &self.pattern,
            is_terminator: true,
        };
        bridge_unindexed(producer, consumer)
    }
}

/// A part of a text. It begins behind a separator, or where the text does, and ends before a
/// separator, or where the text does.
struct SplitProducer<'ch, 'p, P> {
    text: &'ch str,
    pattern: &'p P,
    /// Is an empty piece at the end left out? Only at the end of the whole text.
    is_terminator: bool,
}

impl<'ch, P: Pattern> UnindexedProducer for SplitProducer<'ch, '_, P> {
    type Item = &'ch str;

    fn split(self) -> (Self, Option<Self>) {
        let Some((place, separator)) = place_of(self.text, |c| self.pattern.matches(c)) else {
            return (self, None);
        };
        let left = Self {
            text: &self.text[..place],
            is_terminator: false,
            ..self
        };
        let right = Self {
            text: &self.text[place + separator.len_utf8()..],
            ..self
        };
        (left, Some(right))
    }

    fn fold_with<F: Folder<&'ch str>>(self, folder: F) -> F {
        if self.is_terminator {
            self.pattern.split_terminator(self.text, folder)
        } else {
            self.pattern.split(self.text, folder)
        }
    }
}

impl<'ch, P: Pattern> ParallelIterator for SplitInclusive<'ch, P> {
    type Item = &'ch str;

    fn drive_unindexed<C: UnindexedConsumer<&'ch str>>(self, consumer: C) -> C::Result {
        let producer = SplitInclusiveProducer {
            text: self.text,
            pattern: &self.pattern,
        };
        bridge_unindexed(producer, consumer)
    }
}

struct SplitInclusiveProducer<'ch, 'p, P> {
    text: &'ch str,
    pattern: &'p P,
}

impl<'ch, P: Pattern> UnindexedProducer for SplitInclusiveProducer<'ch, '_, P> {
    type Item = &'ch str;

    fn split(self) -> (Self, Option<Self>) {
        match cut_behind(self.text, |c| self.pattern.matches(c)) {
            None => (self, None),
            Some((left, right)) => (
                Self { text: left, ..self },
                Some(Self {
                    text: right,
                    ..self
                }),
            ),
        }
    }

    fn fold_with<F: Folder<&'ch str>>(self, folder: F) -> F {
        self.pattern.split_inclusive(self.text, folder)
    }
}
