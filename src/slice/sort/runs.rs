//! Runs: items that are already in order.

use crate::iter::plumbing::fork;

/// The number of items that a thread compares before it asks whether another would help.
const BLOCK: usize = 1 << 13;

/// The length below which one thread scans a slice, before others have woken up: a number takes
/// half a nanosecond.
const LONG: usize = 1 << 17;

/// The length of the run that the slice begins with. If the run was in strictly descending order,
/// it has been reversed.
pub(super) fn leading_run<T, F>(slice: &mut [T], is_less: &F) -> usize
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    let descends = match slice {
        [first, second, ..] => is_less(second, first),
        _ => false,
    };
    if !descends {
        return run_len(slice, &|a, b| !is_less(b, a));
    }
    let run = run_len(slice, &|a, b| is_less(b, a));
    slice[..run].reverse();
    run
}

/// How many items at the beginning are `in_order`, each with the next item.
fn run_len<T, F>(slice: &mut [T], in_order: &F) -> usize
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    let mut start = 0;
    loop {
        let rest = &mut slice[start..];
        let block = rest.len().min(BLOCK);
        if !rest[..block].is_sorted_by(in_order) {
            let mut pairs = rest[..block].windows(2);
            let last = pairs.position(|pair| !in_order(&pair[0], &pair[1]));
            return start + last.map_or(block, |last| last + 1);
        }
        if block == rest.len() {
            return slice.len();
        }
        fork::check_cancelled();
        // The next block begins with the last item of this one.
        start += block - 1;
        let rest = &mut slice[start..];
        if rest.len() >= LONG && fork::is_hungry() {
            let (left, right) = rest.split_at_mut(rest.len() / 2);
            let (in_left, in_right) =
                fork::join(|| run_len(left, in_order), |_| run_len(right, in_order));
            let goes_on = in_left == left.len() && in_order(&left[in_left - 1], &right[0]);
            return start + in_left + if goes_on { in_right } else { 0 };
        }
    }
}
