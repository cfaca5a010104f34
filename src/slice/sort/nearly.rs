//! The sort of slices that are nearly in order: a few items are taken out, sorted, and put back
//! where they belong. The idea is that of Emil Ernerfeldt's drop-merge sort. Here the items that
//! are taken out stay in the slice.

use super::merge_in_place::merge_in_place;

/// At most one in `FEW` items may be out of order.
const FEW: usize = 8;

/// If this many items in a row seem to be out of order, it is rather those in front of them that
/// are.
const STREAK: usize = 8;

/// Sorts a slice if it is nearly in order, and says whether it did. If not, it holds the same items
/// in another order. `sort_rest` sorts what was taken out.
pub(super) fn sort<T, F>(slice: &mut [T], is_less: &F, sort_rest: impl FnOnce(&mut [T])) -> bool
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    let Some(kept) = keep_ordered(slice, is_less) else {
        return false;
    };
    sort_rest(&mut slice[kept..]);
    merge_in_place(slice, kept, is_less);
    true
}

/// Brings items that are in order to the front, and the few others behind. Returns how many are in
/// order; `None` if too many are not.
fn keep_ordered<T>(slice: &mut [T], is_less: &impl Fn(&T, &T) -> bool) -> Option<usize> {
    // `slice[..kept]` is in order, `slice[kept..next]` are the items that do not fit.
    let (mut kept, mut next) = (0, 0);
    let mut streak = 0;
    // A comparison that lies may send the loop back again and again.
    let mut patience = slice.len() / FEW;
    while next < slice.len() {
        if kept == 0 || !is_less(&slice[next], &slice[kept - 1]) {
            slice.swap(kept, next);
            (kept, next, streak) = (kept + 1, next + 1, 0);
            continue;
        }
        if kept > 1 && !is_less(&slice[next], &slice[kept - 2]) {
            // It would fit if the item before, which is too great, had been left out.
            slice.swap(kept - 1, next);
            (next, streak) = (next + 1, 0);
        } else {
            (next, streak) = (next + 1, streak + 1);
        }
        if streak == STREAK {
            // Leave out the items in front of these that are greater, and look at these again.
            let greatest = (next - STREAK + 1..next).fold(next - STREAK, |greatest, place| {
                if is_less(&slice[greatest], &slice[place]) {
                    place
                } else {
                    greatest
                }
            });
            while kept > 0 && is_less(&slice[greatest], &slice[kept - 1]) {
                kept -= 1;
            }
            next -= STREAK;
            streak = 0;
            patience = patience.checked_sub(STREAK)?;
        }
        if next - kept > STREAK + next / FEW {
            return None;
        }
    }
    Some(kept)
}
