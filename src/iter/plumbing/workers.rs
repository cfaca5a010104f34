//! Loops that no more than so many threads may work on: [`with_max_workers`].
//!
//! Each piece of such a loop holds a token, from the fork that made it to its end. A thread works
//! on one piece at a time, so no more threads work than there are tokens. A piece that sees a token
//! lie about takes it for the other half of what is left of it, hungry or not: so the loop is
//! soon cut into as many pieces as there are tokens, and again when one of them ends.
//!
//! These loops have a driver of their own, which is simpler than the bridge: items that one limits
//! are costly, and a folder for each chunk of them does not show.
//!
//! [`with_max_workers`]: crate::iter::IndexedParallelIterator::with_max_workers

use super::fork::{self, Clock};
use super::{Consumer, Folder, Producer, Reducer};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The tokens of one loop that nobody holds.
#[derive(Debug)]
pub(crate) struct Workers {
    /// `None`: no limit.
    free: Option<AtomicUsize>,
}

impl Workers {
    /// `max` tokens, at least one; `usize::MAX` means "any number".
    pub(crate) fn new(max: usize) -> Self {
        // The first one is what `first` gives away.
        let free = (max < usize::MAX).then(|| AtomicUsize::new(max.saturating_sub(1)));
        Self { free }
    }

    /// The token of the whole loop. To be called once.
    pub(crate) fn first(&self) -> Token<'_> {
        Token {
            free: self.free.as_ref(),
            lent: false,
        }
    }
}

/// The right to run one piece of a loop. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Token<'w> {
    /// Where the others are. `None`: no limit.
    free: Option<&'w AtomicUsize>,
    /// Belongs to somebody who waits until it is not used any more.
    lent: bool,
}

impl Token<'_> {
    /// Is there likely to be a token for another piece?
    pub(crate) fn may_share(&self) -> bool {
        // Ordering: Relaxed; a guess, which `another` verifies.
        self.free
            .is_none_or(|free| free.load(Ordering::Relaxed) > 0)
    }

    /// A token for another piece of the same loop, if there is one.
    pub(crate) fn another(&self) -> Option<Self> {
        if let Some(free) = self.free {
            // Ordering: Acquire pairs with the Release in `drop`, so that for whoever gets a token
            // the piece that had it before is over. Relaxed on failure: nothing is read then.
            let (fetched, failed) = (Ordering::Acquire, Ordering::Relaxed);
            free.fetch_update(fetched, failed, |n| n.checked_sub(1))
                .ok()?;
        }
        Some(Self {
            free: self.free,
            lent: false,
        })
    }

    /// Runs both closures with a token each, `left` on the calling thread: as a fork if there is
    /// another token, else one after the other.
    pub(crate) fn join<A, B, RA, RB>(self, left: A, right: B) -> (RA, RB)
    where
        A: FnOnce(Self) -> RA + Send,
        B: FnOnce(Self) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        match self.another() {
            Some(other) => fork::join(move |_| left(self), move |_| right(other)),
            None => {
                let result = left(Self {
                    free: self.free,
                    lent: true,
                });
                (result, right(self))
            }
        }
    }
}

impl Drop for Token<'_> {
    #[inline]
    fn drop(&mut self) {
        if let (Some(free), false) = (self.free, self.lent) {
            // Ordering: Release pairs with the Acquire in `another`.
            free.fetch_add(1, Ordering::Release);
        }
    }
}

/// A chunk should take so long. Then a piece looks for a token, and whether it is to stop.
const CHUNK_NS: f64 = 50_000.0;

/// What is left of a piece of a limited loop.
struct Piece<P, C> {
    len: usize,
    producer: P,
    consumer: C,
    min_len: usize,
    max_len: usize,
}

/// Runs a loop over `len` items, on as many threads as the producer allows.
pub(super) fn run<P, C>(len: usize, producer: P, consumer: C) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    let workers = Workers::new(producer.max_workers());
    let piece = Piece {
        len,
        min_len: producer.min_len().max(1),
        max_len: producer.max_len().max(1),
        producer,
        consumer,
    };
    fork::on_seat(|| run_piece(piece, workers.first()))
}

fn run_piece<P, C>(mut piece: Piece<P, C>, token: Token<'_>) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    // The results of the chunks so far, and what puts them together with the next.
    let mut before: Option<(C::Result, C::Reducer)> = None;
    let put_together = |before: Option<(C::Result, C::Reducer)>, result| match before {
        None => result,
        Some((before, reducer)) => reducer.reduce(before, result),
    };
    let mut chunk = 1;
    let mut clock = Clock::start();
    loop {
        fork::check_cancelled();
        if piece.consumer.full() {
            return put_together(before, piece.consumer.into_folder().complete());
        }
        let middle = piece.len / 2;
        if middle >= piece.min_len && token.may_share() {
            let (left, right, reducer) = piece.cut(middle);
            let (left, right) = token.join(
                move |token| run_piece(left, token),
                move |token| run_piece(right, token),
            );
            return put_together(before, reducer.reduce(left, right));
        }
        let size = piece.chunk(chunk);
        if size == piece.len {
            let folder = piece.consumer.into_folder();
            let result = piece.producer.fold_with(folder).complete();
            return put_together(before, result);
        }
        let (this, rest, reducer) = piece.cut(size);
        let folder = this.consumer.into_folder();
        let result = this.producer.fold_with(folder).complete();
        before = Some((put_together(before, result), reducer));
        piece = rest;
        let ns = clock.lap() as f64;
        if ns < CHUNK_NS {
            let growth = if ns < CHUNK_NS / 16.0 { 8 } else { 2 };
            chunk = size.saturating_mul(growth);
        } else if ns > 4.0 * CHUNK_NS {
            chunk = (size / 2).max(1);
        }
    }
}

impl<P, C> Piece<P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    /// The length of the next chunk, if `wanted` were best.
    fn chunk(&self, wanted: usize) -> usize {
        let size = wanted.min(self.max_len).max(self.min_len);
        // What is left behind it must not be too short either.
        if self.len.saturating_sub(size) < self.min_len {
            self.len
        } else {
            size
        }
    }

    fn cut(self, index: usize) -> (Self, Self, C::Reducer) {
        let (left_producer, right_producer) = self.producer.split_at(index);
        let (left_consumer, right_consumer, reducer) = self.consumer.split_at(index);
        let left = Self {
            len: index,
            producer: left_producer,
            consumer: left_consumer,
            ..self
        };
        let right = Self {
            len: self.len - index,
            producer: right_producer,
            consumer: right_consumer,
            ..self
        };
        (left, right, reducer)
    }
}
