//! The bridge of indexed loops, where a producer meets a consumer.
//!
//! Here is what depends on their types, and as little as possible: it is compiled once for each
//! chain of adapters in a program. What happens when is in `driver.rs`, whose traits these types
//! implement.

use super::driver::{self, Helper, Items, Runner, State, Taken, Work};
use super::fork::Discard;
use super::splitter::{Limits, Site};
use super::{Consumer, Folder, Producer, Reducer};
use crate::sync::UnsafeCell;

/// Runs a loop over `len` items: `producer` makes them, `consumer` takes them.
///
/// The loop is split when other threads would take work. The [module documentation](super) says
/// where, and why.
///
/// ```
/// use manyhands::iter::plumbing::{Producer, bridge_producer_consumer};
/// use manyhands::iter::plumbing::{Consumer, Folder, Reducer};
///
/// struct Text<'a>(&'a [u8]);
/// impl<'a> Producer for Text<'a> {
///     type Item = &'a u8;
///     type IntoIter = std::slice::Iter<'a, u8>;
///     fn into_iter(self) -> Self::IntoIter {
///         self.0.iter()
///     }
///     fn split_at(self, index: usize) -> (Self, Self) {
///         let (left, right) = self.0.split_at(index);
///         (Text(left), Text(right))
///     }
/// }
///
/// struct CountA;
/// struct Counted(usize);
/// impl<'a> Consumer<&'a u8> for CountA {
///     type Folder = Counted;
///     type Reducer = CountA;
///     type Result = usize;
///     fn split_at(self, _: usize) -> (Self, Self, CountA) {
///         (CountA, CountA, CountA)
///     }
///     fn into_folder(self) -> Counted {
///         Counted(0)
///     }
///     fn full(&self) -> bool {
///         false
///     }
/// }
/// impl<'a> Folder<&'a u8> for Counted {
///     type Result = usize;
///     fn consume(self, byte: &'a u8) -> Self {
///         Counted(self.0 + usize::from(*byte == b'a'))
///     }
///     fn complete(self) -> usize {
///         self.0
///     }
///     fn full(&self) -> bool {
///         false
///     }
/// }
/// impl Reducer<usize> for CountA {
///     fn reduce(self, left: usize, right: usize) -> usize {
///         left + right
///     }
/// }
///
/// assert_eq!(bridge_producer_consumer(6, Text(b"banana"), CountA), 3);
/// ```
pub fn bridge_producer_consumer<P, C>(len: usize, producer: P, consumer: C) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    let limits = Limits::new(producer.min_len(), producer.max_len());
    let max_threads = producer.max_threads();
    let code: fn(usize, P, C) -> C::Result = bridge_producer_consumer::<P, C>;
    let mut part = Part::new(Some((producer, consumer)));
    driver::drive(
        len,
        limits,
        max_threads,
        Site::new(code as usize),
        &mut part,
    );
    part.result.expect("the loop has run")
}

/// Items that no thread has begun, and the consumer that would take them: `None` once they are
/// begun, or when a thread unwound in the middle of a cut. Shared by the threads that work at a
/// piece.
struct Stock<P, C>(UnsafeCell<Option<(P, C)>>);

// SAFETY: driver.D1: one thread at a time touches the contents, which are `Send`.
unsafe impl<P: Send, C: Send> Sync for Stock<P, C> {}

impl<P, C> Stock<P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    fn new(items: Option<(P, C)>) -> Self {
        Self(UnsafeCell::new(items))
    }

    /// # Safety
    ///
    /// driver.D1: the caller holds the items.
    unsafe fn take(&self) -> Option<(P, C)> {
        // SAFETY: the caller's promise.
        self.0.with_mut(|items| unsafe { (*items).take() })
    }

    /// # Safety
    ///
    /// driver.D1: the caller holds the items, and has taken them.
    unsafe fn put(&self, producer: P, consumer: C) {
        // SAFETY: the caller's promise.
        self.0
            .with_mut(|items| unsafe { *items = Some((producer, consumer)) });
    }

    /// # Safety
    ///
    /// driver.D1: the caller holds the items.
    unsafe fn state(&self) -> State {
        // SAFETY: the caller's promise.
        self.0.with(|items| match unsafe { &*items } {
            None => State::Gone,
            Some((_, consumer)) if consumer.full() => State::Full,
            Some(_) => State::Ready,
        })
    }
}

/// Items in a row that no thread has begun, then their result.
struct Part<P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    stock: Stock<P, C>,
    result: Option<C::Result>,
}

impl<P, C> Part<P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    fn new(items: Option<(P, C)>) -> Self {
        Self {
            stock: Stock::new(items),
            result: None,
        }
    }

    fn take(&mut self) -> Option<(P, C)> {
        // SAFETY: driver.D1: nobody else knows of the items, by `&mut self`.
        unsafe { self.stock.take() }
    }
}

impl<P, C> Items for Part<P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    fn is_full(&mut self) -> bool {
        // SAFETY: driver.D1: nobody else knows of the items, by `&mut self`.
        unsafe { self.stock.state() != State::Ready }
    }

    fn skip(&mut self) {
        let items = self.take();
        self.result = items.map(|(_, consumer)| consumer.into_folder().complete());
    }

    fn run(&mut self) {
        let (producer, consumer) = self.take().expect("items");
        let folder = producer.fold_with(consumer.into_folder());
        self.result = Some(folder.complete());
    }

    fn cut(&mut self, keep: usize, run_both: &mut dyn FnMut(&mut dyn Items, &mut dyn Items)) {
        let (producer, consumer) = self.take().expect("items");
        let (left, right) = producer.split_at(keep);
        let (left_consumer, right_consumer, reducer) = consumer.split_at(keep);
        self.stock = Stock::new(Some((left, left_consumer)));
        let mut right = Self::new(Some((right, right_consumer)));
        run_both(self, &mut right);
        self.result = join(self.result.take(), Some(reducer), right.result);
    }

    fn work(&mut self, run: &mut dyn FnMut(&mut dyn Work)) {
        let stock = &self.stock;
        let mut work = PieceWork {
            runner: PieceRunner {
                stock,
                block: None,
                next: None,
                fold: None,
                done: None,
                opened: None,
            },
            helper: PieceHelper { stock, made: None },
            behind: None,
            edge: None,
            result: None,
        };
        run(&mut work);
        self.result = work.result;
    }
}

impl<P, C> Discard for Part<P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    fn discard(&mut self) {
        drop(self.take());
    }
}

/// The result of neighbours of which one, or none, may have any.
fn join<T, R: Reducer<T>>(left: Option<T>, reducer: Option<R>, right: Option<T>) -> Option<T> {
    match (left, reducer, right) {
        (Some(left), Some(reducer), Some(right)) => Some(reducer.reduce(left, right)),
        (left, _, right) => left.or(right),
    }
}

struct PieceWork<'a, P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    runner: PieceRunner<'a, P, C>,
    helper: PieceHelper<'a, P, C>,
    /// The result of all items behind those that no thread has begun.
    behind: Option<C::Result>,
    /// The reducer that joins it to that of the items before it.
    edge: Option<C::Reducer>,
    result: Option<C::Result>,
}

impl<P, C> Work for PieceWork<'_, P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    fn halves(&mut self) -> (&mut dyn Runner, &mut dyn Helper) {
        (&mut self.runner, &mut self.helper)
    }

    fn absorb(&mut self) {
        if let Some(made) = self.helper.made.take() {
            self.behind = join(Some(made), self.edge.take(), self.behind.take());
        }
        if let Some(edge) = self.runner.opened.take() {
            self.edge = Some(edge);
        }
    }

    unsafe fn run_rest(&mut self, len: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.runner.begin(len, true) };
        self.runner.fold();
        self.runner.complete();
        self.finish();
    }

    fn finish(&mut self) {
        if let Some((result, seam)) = self.runner.done.take() {
            self.result = join(Some(result), Some(seam), self.behind.take());
        }
    }
}

/// The part of the work at a piece that must stay on its thread.
struct PieceRunner<'a, P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    stock: &'a Stock<P, C>,
    /// The items to be run next.
    block: Option<P>,
    /// What the folder to be made next is made of, with the reducer that joins its result to that
    /// of the items after it.
    next: Option<(C, C::Reducer)>,
    fold: Option<Fold<P::Item, C>>,
    /// The result, and the reducer that joins it to that of the items after it.
    done: Option<(C::Result, C::Reducer)>,
    /// The reducer for what helpers will have made before, and after, the last call of `open`.
    opened: Option<C::Reducer>,
}

/// A folder at work.
struct Fold<T, C: Consumer<T>> {
    /// Holds the results of all items directly before it that are not in `before`.
    folder: C::Folder,
    /// Joins the result of `folder` to that of the items after it.
    seam: C::Reducer,
    /// The results of folders that could not go on, and the reducer that joins them to the next.
    before: Option<(C::Result, C::Reducer)>,
}

impl<T, C: Consumer<T>> Fold<T, C> {
    /// The result, and the reducer that joins it to that of the items after it.
    fn finish(self) -> (C::Result, C::Reducer) {
        let result = self.folder.complete();
        let result = match self.before {
            None => result,
            Some((before, reducer)) => reducer.reduce(before, result),
        };
        (result, self.seam)
    }
}

impl<P, C> Runner for PieceRunner<'_, P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    unsafe fn state(&self) -> State {
        // SAFETY: the caller's promise.
        match unsafe { self.stock.state() } {
            State::Ready if self.fold.as_ref().is_some_and(|fold| fold.folder.full()) => {
                State::Full
            }
            state => state,
        }
    }

    unsafe fn begin(&mut self, block: usize, is_last: bool) -> bool {
        // SAFETY: the caller's promise.
        let (producer, mut consumer) = unsafe { self.stock.take() }.expect("items");
        let (head, tail) = if is_last {
            (producer, None)
        } else {
            let (head, tail) = producer.split_at(block);
            (head, Some(tail))
        };
        let fold = self.fold.as_mut();
        let goes_on = match fold.filter(|fold| consumer.can_rejoin(&fold.folder)) {
            Some(fold) => {
                consumer.rejoin(&mut fold.folder, block);
                true
            }
            None => {
                let (next, after, seam) = consumer.split_at(block);
                self.next = Some((next, seam));
                consumer = after;
                false
            }
        };
        if let Some(tail) = tail {
            // SAFETY: the caller's promise.
            unsafe { self.stock.put(tail, consumer) };
        }
        self.block = Some(head);
        !goes_on
    }

    unsafe fn stop(&mut self, len: usize) -> bool {
        // SAFETY: the caller's promise.
        let (producer, consumer) = unsafe { self.stock.take() }.expect("items");
        self.block = Some(producer);
        let is_new = self.fold.is_none();
        if is_new {
            let (next, _, seam) = consumer.split_at(len);
            self.next = Some((next, seam));
        }
        is_new
    }

    unsafe fn open(&mut self, len: usize) {
        // SAFETY: the caller's promise.
        let (producer, consumer) = unsafe { self.stock.take() }.expect("items");
        let (consumer, _, edge) = consumer.split_at(len);
        // SAFETY: the caller's promise.
        unsafe { self.stock.put(producer, consumer) };
        self.opened = Some(edge);
    }

    fn ready(&mut self) {
        let before = self.fold.take().map(Fold::finish);
        self.fold = self.next.take().map(|(consumer, seam)| Fold {
            folder: consumer.into_folder(),
            seam,
            before,
        });
    }

    fn fold(&mut self) -> bool {
        if self.next.is_some() {
            self.ready();
        }
        let (Some(block), Some(fold)) = (self.block.take(), self.fold.take()) else {
            return true;
        };
        let folder = block.fold_with(fold.folder);
        let wants_more = !folder.full();
        self.fold = Some(Fold { folder, ..fold });
        wants_more
    }

    fn complete(&mut self) {
        self.block = None;
        let fold = self.fold.take().expect("a panic in `split_at` of a loop");
        self.done = Some(fold.finish());
    }
}

struct PieceHelper<'a, P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    stock: &'a Stock<P, C>,
    made: Option<C::Result>,
}

impl<P, C> Helper for PieceHelper<'_, P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    fn help(&mut self, help: &mut dyn FnMut(&mut dyn Taken)) {
        let stock = self.stock;
        let mut taken = TakenPart {
            stock,
            part: Part::new(None),
            seam: None,
            next: PieceHelper { stock, made: None },
        };
        help(&mut taken);
        self.made = taken.part.result;
    }

    unsafe fn take_all(&mut self, run: &mut dyn FnMut(&mut dyn Items)) {
        // SAFETY: the caller's promise.
        let items = unsafe { self.stock.take() };
        if items.is_some() {
            let mut part = Part::new(items);
            run(&mut part);
            self.made = part.result;
        }
    }
}

struct TakenPart<'a, P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    stock: &'a Stock<P, C>,
    part: Part<P, C>,
    /// The reducer that joins the result of `part` to that of the items before it.
    seam: Option<C::Reducer>,
    next: PieceHelper<'a, P, C>,
}

impl<P, C> Taken for TakenPart<'_, P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    unsafe fn state(&self) -> State {
        // SAFETY: the caller's promise.
        unsafe { self.stock.state() }
    }

    unsafe fn fetch(&mut self, keep: usize) {
        // SAFETY: the caller's promise.
        let (producer, consumer) = unsafe { self.stock.take() }.expect("items");
        let (left, right) = producer.split_at(keep);
        let (left_consumer, right_consumer, seam) = consumer.split_at(keep);
        // SAFETY: the caller's promise.
        unsafe { self.stock.put(left, left_consumer) };
        self.part = Part::new(Some((right, right_consumer)));
        self.seam = Some(seam);
    }

    fn halves(&mut self) -> (&mut dyn Items, &mut dyn Helper) {
        (&mut self.part, &mut self.next)
    }

    fn is_helped(&self) -> bool {
        self.next.made.is_some()
    }

    fn finish(&mut self) {
        let before = self.next.made.take();
        self.part.result = join(before, self.seam.take(), self.part.result.take());
    }
}
