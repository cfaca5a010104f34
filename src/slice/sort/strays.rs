//! The stable sort of slices that are nearly in order: the few strays are taken out, sorted, and
//! merged back.
//!
//! Where an item is less than the one before it, some items before it are too great, or it and some
//! behind it are too small, or both; as few as possible are taken out. Then of equal items the
//! first one is
//!
//! * the one that is too great, if the other one stays: what stays before it is less. (It is not
//!   greater than what stays behind it. If it were equal, fewer could have been taken out.)
//! * the one that stays, if the other one is too small: what stays behind that is greater.
//! * the one that is too great, if the other one is too small.

use super::copy::copy_back;
use super::merge::copy;
use std::mem::MaybeUninit;

/// At most one in `FEW` items may stray.
const FEW: usize = 8;

/// At most this many neighbours stray together.
const STREAK: usize = 8;

/// Neighbours that are not where they belong.
pub(super) struct Strays {
    /// Where the items that are too great begin,
    start: usize,
    /// where they end, and those begin that are too small,
    middle: usize,
    /// and where these end.
    end: usize,
}

/// Finds the strays, in the order of their places; `None` if there are too many. All other items
/// are in order.
pub(super) fn find<T>(slice: &[T], is_less: &impl Fn(&T, &T) -> bool) -> Option<Vec<Strays>> {
    let mut strays = Vec::new();
    let mut patience = slice.len() / FEW;
    // The items `start..next` stay, and `before` is the last place in front of them that does.
    let (mut before, mut start, mut next) = (None, 0, 1);
    while next < slice.len() {
        if !is_less(&slice[next], &slice[next - 1]) {
            next += 1;
            continue;
        }
        let (mut number, mut great) = (1, 0);
        loop {
            // The last item that would stay before, and the first one behind.
            let last = if great == next - start {
                before
            } else {
                Some(next - 1 - great)
            };
            let end = next + number - great;
            match last {
                Some(last) if end < slice.len() && is_less(&slice[end], &slice[last]) => {}
                _ => {
                    strays.push(Strays {
                        start: next - great,
                        middle: next,
                        end,
                    });
                    (before, start, next) = (last, end, end + 1);
                    break;
                }
            }
            if great < number.min(next - start) {
                great += 1;
            } else {
                (number, great) = (number + 1, 0);
            }
            if number > STREAK {
                return None;
            }
        }
        patience = patience.checked_sub(number)?;
    }
    Some(strays)
}

/// Brings the strays that are too great to the front, and the others to the end. Returns where the
/// items between begin, and where they end. `buffer` is as long as the slice.
///
/// # Panics
///
/// Panics, and changes nothing, if the strays are not places of the slice in ascending order.
pub(super) fn gather<T: Send>(
    slice: &mut [T],
    buffer: &mut [MaybeUninit<T>],
    strays: &[Strays],
) -> (usize, usize) {
    let (great, small) = count(strays);
    let (middle, end) = (great, slice.len() - small);
    // The strays in front, those that stay, and the strays at the end.
    let mut places = [0, middle, end];
    let mut put = |part: usize, items: &[T]| {
        let place = places[part];
        places[part] += items.len();
        copy(items, &mut buffer[place..places[part]]);
    };
    let mut next = 0;
    for strays in strays {
        put(1, &slice[next..strays.start]);
        put(0, &slice[strays.start..strays.middle]);
        put(2, &slice[strays.middle..strays.end]);
        next = strays.end;
    }
    put(1, &slice[next..]);
    assert_eq!(places, [middle, end, slice.len()]);
    // SAFETY: the items were copied from the first to the last, each once, and to each place of the
    // buffer (asserted). No comparison has been made meanwhile.
    unsafe { copy_back(buffer, slice) }
    (middle, end)
}

/// How many items are too great, and too small.
fn count(strays: &[Strays]) -> (usize, usize) {
    strays.iter().fold((0, 0), |(great, small), strays| {
        let Strays { start, middle, end } = strays;
        (great + middle - start, small + end - middle)
    })
}
