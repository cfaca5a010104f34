//! Runs: items that are already in order.

use super::swap::reverse;
use crate::iter::plumbing::fork;

/// The number of items that a thread compares before it asks whether another would help.
const BLOCK: usize = 1 << 13;

/// The length of the run that the slice begins with. If the run was in strictly descending order,
/// it has been reversed. One thread looks at `alone` items, before others are asked to help.
pub(super) fn leading_run<T, F>(slice: &mut [T], alone: usize, is_less: &F) -> usize
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    let descends = match slice {
        [first, second, ..] => is_less(second, first),
        _ => false,
    };
    if !descends {
        return run_len(slice, alone, ascending, is_less);
    }
    let run = run_len(slice, alone, descending, is_less);
    reverse(&mut slice[..run]);
    run
}

/// How many items at the beginning are in order, each with the next item. `ordered` says that of a
/// block.
fn run_len<T, F>(
    slice: &mut [T],
    alone: usize,
    ordered: fn(&[T], &F) -> usize,
    is_less: &F,
) -> usize
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    let mut start = 0;
    loop {
        let rest = &mut slice[start..];
        let block = rest.len().min(BLOCK);
        let run = ordered(&rest[..block], is_less);
        if run < block || block == rest.len() {
            return start + run;
        }
        fork::check_cancelled();
        // The next block begins with the last item of this one.
        start += block - 1;
        let rest = &mut slice[start..];
        if rest.len() > alone && fork::is_hungry() {
            let (left, right) = rest.split_at_mut(rest.len() / 2);
            let (in_left, in_right) = fork::join(
                || run_len(left, alone, ordered, is_less),
                |_| run_len(right, alone, ordered, is_less),
            );
            let ends =
                in_left < rest.len() / 2 || ordered(&rest[in_left - 1..=in_left], is_less) < 2;
            return start + in_left + if ends { 0 } else { in_right };
        }
    }
}

/// How many items at the beginning ascend. Equal items do.
pub(super) fn ascending<T, F: Fn(&T, &T) -> bool>(block: &[T], is_less: &F) -> usize {
    ordered(block, |a, b| !is_less(b, a))
}

/// How many items at the beginning descend. Equal items do not.
fn descending<T, F: Fn(&T, &T) -> bool>(block: &[T], is_less: &F) -> usize {
    ordered(block, |a, b| is_less(b, a))
}

/// How many items at the beginning are `in_order`, each with the next item.
fn ordered<T>(block: &[T], in_order: impl Fn(&T, &T) -> bool) -> usize {
    // The rest begins with the last item of the run.
    let mut rest = block;
    loop {
        rest = match rest {
            // A turn for each item would take one cycle or two, as it happens to lie in memory.
            [a, b, c, d, e, ..]
                if in_order(a, b) && in_order(b, c) && in_order(c, d) && in_order(d, e) =>
            {
                &rest[4..]
            }
            [a, b, ..] if in_order(a, b) => &rest[1..],
            [_, after @ ..] => return block.len() - after.len(),
            [] => return 0,
        }
    }
}
