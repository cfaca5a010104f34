//! More than two closures, perhaps at the same time: forks inside of forks, all on the stack.
//!
//! A *row* of closures is forked from the last one to the second, and then the first one runs. So
//! each of them is within reach of another thread at once, and a thread that is alone calls them in
//! their order. A longer list is halved until its parts are rows.

use super::current;
use super::join::{LOUD, fork};
use crate::pool::{Occupant, region, seat};

/// Runs three closures, in parallel if other threads have time, and returns all results.
///
/// Like [`join`](crate::join()), with its rules: `oper_a` runs on this thread at once, the others
/// wait where other threads can get at them. All of them run, whatever the others do. If several
/// panic, `join3` panics with the payload of the first of these in the order of the arguments. It
/// costs two joins.
///
/// ```
/// let text = "many hands make light work";
/// let (letters, words, shortest) = manyhands::join3(
///     || text.chars().filter(|c| c.is_alphabetic()).count(),
///     || text.split(' ').count(),
///     || text.split(' ').min_by_key(|word| word.len()),
/// );
/// assert_eq!((letters, words, shortest), (22, 5, Some("many")));
/// ```
///
/// # Panics
///
/// Panics if a closure does.
// Always, as `join`.
#[inline(always)]
pub fn join3<A, B, C, RA, RB, RC>(oper_a: A, oper_b: B, oper_c: C) -> (RA, RB, RC)
where
    A: FnOnce() -> RA + Send,
    B: FnOnce() -> RB + Send,
    C: FnOnce() -> RC + Send,
    RA: Send,
    RB: Send,
    RC: Send,
{
    on_seat(|me| {
        let ab = |_| fork::<LOUD, _, _, _, _>(me, |_| oper_a(), |_| oper_b());
        let ((a, b), c) = fork::<LOUD, _, _, _, _>(me, ab, |_| oper_c());
        (a, b, c)
    })
}

/// Runs four closures, in parallel if other threads have time, and returns all results.
///
/// The rules are those of [`join3`]. It costs three joins. For more closures of one type there are
/// [`join_all`] and [`join_array`]; for more of different types, put one of these functions into
/// another.
///
/// ```
/// use manyhands::{join3, join4};
///
/// assert_eq!(manyhands::join4(|| 1, || "two", || '3', || [4]), (1, "two", '3', [4]));
/// let ((a, b, c, d), e, f) = join3(|| join4(|| 1, || 2, || 3, || 4), || 5, || 6);
/// assert_eq!([a, b, c, d, e, f], [1, 2, 3, 4, 5, 6]);
/// ```
///
/// # Panics
///
/// Panics if a closure does.
// Always, as `join`.
#[inline(always)]
pub fn join4<A, B, C, D, RA, RB, RC, RD>(
    oper_a: A,
    oper_b: B,
    oper_c: C,
    oper_d: D,
) -> (RA, RB, RC, RD)
where
    A: FnOnce() -> RA + Send,
    B: FnOnce() -> RB + Send,
    C: FnOnce() -> RC + Send,
    D: FnOnce() -> RD + Send,
    RA: Send,
    RB: Send,
    RC: Send,
    RD: Send,
{
    on_seat(|me| {
        let ab = |_| fork::<LOUD, _, _, _, _>(me, |_| oper_a(), |_| oper_b());
        let abc = |_| fork::<LOUD, _, _, _, _>(me, ab, |_| oper_c());
        let (((a, b), c), d) = fork::<LOUD, _, _, _, _>(me, abc, |_| oper_d());
        (a, b, c, d)
    })
}

/// Runs all closures of an array, in parallel if other threads have time, and returns their results
/// in the same order.
///
/// It is a [`join`](crate::join()) of `N` closures, with its rules: the first one runs on this
/// thread, the others wait where other threads can get at them, and all of them run, whatever the
/// others do. It costs `N - 1` joins, and allocates nothing. Closures of different types can be
/// boxed.
///
/// ```
/// let shapes: [Box<dyn FnOnce() -> u64 + Send>; 3] = [
///     Box::new(|| 3 * 4),
///     Box::new(|| (1..=4).sum()),
///     Box::new(|| 5_u64.pow(2)),
/// ];
/// assert_eq!(manyhands::join_all(shapes), [12, 10, 25]);
/// ```
///
/// # Panics
///
/// Panics if a closure does, with the payload of the first one in the array that panicked. The
/// results of the others are dropped.
pub fn join_all<F, R, const N: usize>(closures: [F; N]) -> [R; N]
where
    F: FnOnce() -> R + Send,
    R: Send,
{
    let mut calls = closures.map(|closure| (Some(closure), None));
    join_each(&mut calls, |_, (closure, result)| {
        *result = closure.take().map(|closure| closure());
    });
    calls.map(|(_, result)| result.expect("each closure was called"))
}

/// Calls `op` with each number below `N`, in parallel if other threads have time, and returns the
/// results in order: [`std::array::from_fn`] with forks.
///
/// The rules and the costs are those of [`join_all`].
///
/// ```
/// use manyhands::join_array;
///
/// /// The sum of the leaves of a tree in which each node has ten children.
/// fn skynet(first: u64, leaves: u64) -> u64 {
///     if leaves == 1 {
///         return first;
///     }
///     let each = leaves / 10;
///     let sums: [u64; 10] = join_array(|child| skynet(first + child as u64 * each, each));
///     sums.iter().sum()
/// }
///
/// assert_eq!(skynet(0, 1_000), 499_500);
/// ```
///
/// # Panics
///
/// Panics if a call does, with the payload of the call for the least number. The results of the
/// others are dropped.
pub fn join_array<F, R, const N: usize>(op: F) -> [R; N]
where
    F: Fn(usize) -> R + Sync,
    R: Send,
{
    let mut results = [const { None }; N];
    join_each(&mut results, |index, result| *result = Some(op(index)));
    results.map(|result| result.expect("there was a call for each place"))
}

/// Calls `op` for each item of a slice and its place, in parallel if other threads have time: a
/// [`join`](crate::join()) of as many closures as there are items.
///
/// The first call is made on this thread, the others wait where other threads can get at them, and
/// all of them are made, whatever the others do. That costs a join for each item but the first, and
/// no allocation. It is for recursion over few items, where a call is much work or forks again. For
/// many items, or cheap ones, a loop is better:
/// [`par_iter_mut`](crate::iter::IntoParallelRefMutIterator::par_iter_mut) runs as many of them at
/// a time as are worth a fork.
///
/// ```
/// use manyhands::join_each;
///
/// struct Node {
///     children: Vec<Node>,
///     size: usize,
/// }
///
/// fn measure(node: &mut Node) {
///     join_each(&mut node.children, |_, child| measure(child));
///     node.size = 1 + node.children.iter().map(|child| child.size).sum::<usize>();
/// }
///
/// let leaf = || Node { children: vec![], size: 0 };
/// let twig = |leaves| Node { children: (0..leaves).map(|_| leaf()).collect(), size: 0 };
/// let mut tree = Node { children: vec![twig(3), leaf(), twig(2)], size: 0 };
/// measure(&mut tree);
/// assert_eq!(tree.size, 9);
/// ```
///
/// # Panics
///
/// Panics if a call does, with the payload of the call for the first of these items.
pub fn join_each<T, F>(items: &mut [T], op: F)
where
    T: Send,
    F: Fn(usize, &mut T) + Sync,
{
    on_seat(|me| halve(me, items, 0, &op));
}

/// The length of a row, at most: so deep is the stack at its first item.
const ROW: usize = 8;

/// Calls `op` for each item; the first one has the index `start`.
fn halve<T, F>(me: Occupant<'_>, items: &mut [T], start: usize, op: &F)
where
    T: Send,
    F: Fn(usize, &mut T) + Sync,
{
    if items.len() <= ROW {
        return row(me, items, start, op);
    }
    let middle = items.len() / 2;
    let (left, right) = items.split_at_mut(middle);
    let right = |_| {
        let me = seat::current().expect("a half of a join runs on a seat");
        halve(me, right, start + middle, op);
    };
    fork::<LOUD, _, _, _, _>(me, |_| halve(me, left, start, op), right);
}

/// As [`halve`], with a fork for each item but the first.
fn row<T, F>(me: Occupant<'_>, items: &mut [T], start: usize, op: &F)
where
    T: Send,
    F: Fn(usize, &mut T) + Sync,
{
    let Some((last, before)) = items.split_last_mut() else {
        return;
    };
    let index = start + before.len();
    if before.is_empty() {
        return op(index, last);
    }
    let last = |_| op(index, last);
    fork::<LOUD, _, _, _, _>(me, |_| row(me, before, start, op), last);
}

/// Calls `op` on a seat, where it can fork.
#[inline(always)]
fn on_seat<R: Send>(op: impl FnOnce(Occupant<'_>) -> R + Send) -> R {
    region::check_cancelled();
    current::on_seat(op)
}
