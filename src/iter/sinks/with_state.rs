//! `for_each_with_state`: a function that is called with one of the caller's values.
//!
//! A thread borrows a state for each block of items that it runs. The loop is limited to as many
//! threads as there are states, and a thread that runs items has a token of the loop
//! (`plumbing/workers.rs`). So there is a state for each thread that asks.

use crate::iter::adapters::len::MaxThreads;
use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, sinks::noop::NoopConsumer};
use crate::sync::{Mutex, lock};
use std::ptr;

pub(crate) fn for_each<I, S, F>(iter: I, states: &mut [S], op: &F)
where
    I: IndexedParallelIterator,
    S: Send,
    F: Fn(&mut S, I::Item) + Sync,
{
    let limited = MaxThreads::new(iter, states.len());
    let states = &States {
        free: Mutex::new(states.iter_mut().collect()),
    };
    limited.drive(StateConsumer { states, op });
}

/// The states that no thread has borrowed.
struct States<'s, S> {
    /// The lock is not held while `op` runs.
    free: Mutex<Vec<&'s mut S>>,
}

impl<'s, S> States<'s, S> {
    /// Borrows a state: the one that was `last`, if it is free. Its memory is probably near.
    fn borrow(&self, last: *const S) -> Borrowed<'_, 's, S> {
        let mut free = lock(&self.free);
        let place = free.iter().position(|state| ptr::eq(&**state, last));
        let state = match place {
            Some(place) => Some(free.swap_remove(place)),
            None => free.pop(),
        };
        let state = state.expect("a loop has no more threads than states");
        Borrowed {
            state: Some(state),
            states: self,
        }
    }
}

/// A state in the hands of a thread. Dropped, it is free again.
struct Borrowed<'a, 's, S> {
    /// `None` only at the end of `drop`.
    state: Option<&'s mut S>,
    states: &'a States<'s, S>,
}

impl<S> Drop for Borrowed<'_, '_, S> {
    fn drop(&mut self) {
        lock(&self.states.free).extend(self.state.take());
    }
}

/// The consumer of `for_each_with_state`.
struct StateConsumer<'a, 's, S, F> {
    states: &'a States<'s, S>,
    op: &'a F,
}

impl<'a, 's, T, S, F> Consumer<T> for StateConsumer<'a, 's, S, F>
where
    S: Send,
    F: Fn(&mut S, T) + Sync,
{
    type Folder = StateFolder<'a, 's, S, F>;
    type Reducer = NoopConsumer;
    type Result = ();

    fn split_at(self, _index: usize) -> (Self, Self, NoopConsumer) {
        (Self { ..self }, self, NoopConsumer)
    }

    fn into_folder(self) -> Self::Folder {
        StateFolder {
            states: self.states,
            op: self.op,
            last: ptr::null(),
        }
    }

    fn full(&self) -> bool {
        false
    }

    fn can_rejoin(&self, _: &Self::Folder) -> bool {
        true
    }
}

struct StateFolder<'a, 's, S, F> {
    states: &'a States<'s, S>,
    op: &'a F,
    /// The state of the block before. Never read through.
    last: *const S,
}

impl<S, T, F: Fn(&mut S, T)> Folder<T> for StateFolder<'_, '_, S, F> {
    type Result = ();

    fn consume(self, item: T) -> Self {
        self.consume_iter([item])
    }

    fn consume_iter<I: IntoIterator<Item = T>>(mut self, iter: I) -> Self {
        let mut borrowed = self.states.borrow(self.last);
        if let Some(state) = borrowed.state.as_deref_mut() {
            self.last = state;
            iter.into_iter().for_each(|item| (self.op)(state, item));
        }
        self
    }

    fn complete(self) {}

    fn full(&self) -> bool {
        false
    }
}
