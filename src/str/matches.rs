//! `par_matches` and `par_match_indices`: the parts of a text that match a pattern.

use super::cut::in_half;
use super::pattern::Pattern;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::fmt;

/// Parallel iterator over the parts of a text that match: see
/// [`par_matches`](super::ParallelString::par_matches).
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Matches<'ch, P: Pattern> {
    text: &'ch str,
    pattern: P,
}

impl<'ch, P: Pattern> Matches<'ch, P> {
    pub(super) fn new(text: &'ch str, pattern: P) -> Self {
        Self { text, pattern }
    }
}

impl<P: Pattern> fmt::Debug for Matches<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matches").field("text", &self.text).finish()
    }
}

impl<'ch, P: Pattern> ParallelIterator for Matches<'ch, P> {
    type Item = &'ch str;

    fn drive_unindexed<C: UnindexedConsumer<&'ch str>>(self, consumer: C) -> C::Result {
        let producer = MatchesProducer {
            text: self.text,
            pattern: &self.pattern,
        };
        bridge_unindexed(producer, consumer)
    }
}

struct MatchesProducer<'ch, 'p, P> {
    text: &'ch str,
    pattern: &'p P,
}

impl<'ch, P: Pattern> UnindexedProducer for MatchesProducer<'ch, '_, P> {
    type Item = &'ch str;

    fn split(self) -> (Self, Option<Self>) {
        // A text can be cut anywhere: a match is one character long.
        match in_half(self.text) {
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
        self.pattern.all(self.text, folder)
    }
}

/// Parallel iterator over the parts of a text that match, with their places: see
/// [`par_match_indices`](super::ParallelString::par_match_indices).
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct MatchIndices<'ch, P: Pattern> {
    text: &'ch str,
    pattern: P,
}

impl<'ch, P: Pattern> MatchIndices<'ch, P> {
    pub(super) fn new(text: &'ch str, pattern: P) -> Self {
        Self { text, pattern }
    }
}

impl<P: Pattern> fmt::Debug for MatchIndices<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MatchIndices")
            .field("text", &self.text)
            .finish()
    }
}

impl<'ch, P: Pattern> ParallelIterator for MatchIndices<'ch, P> {
    type Item = (usize, &'ch str);

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        let producer = MatchIndicesProducer {
            start: 0,
            text: self.text,
            pattern: &self.pattern,
        };
        bridge_unindexed(producer, consumer)
    }
}

struct MatchIndicesProducer<'ch, 'p, P> {
    /// The place where `text` begins in the whole string.
    start: usize,
    text: &'ch str,
    pattern: &'p P,
}

impl<'ch, P: Pattern> UnindexedProducer for MatchIndicesProducer<'ch, '_, P> {
    type Item = (usize, &'ch str);

    fn split(self) -> (Self, Option<Self>) {
        let Some((left, right)) = in_half(self.text) else {
            return (self, None);
        };
        let right = Self {
            start: self.start + left.len(),
            text: right,
            ..self
        };
        (Self { text: left, ..self }, Some(right))
    }

    fn fold_with<F: Folder<Self::Item>>(self, folder: F) -> F {
        self.pattern.all_indices(self.start, self.text, folder)
    }
}
