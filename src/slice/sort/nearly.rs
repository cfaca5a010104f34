//! Slices that are nearly in order: a few items are taken out, sorted, and put back where they
//! belong. The idea is that of Emil Ernerfeldt's drop-merge sort; here what is taken out stays in
//! the slice.

use super::merge_in_place::merge_in_place;

/// The items that are out of order are at most one of so many.
const FEW: usize = 8;

/// So many items in a row that seem to be out of order: it is rather those in front of them.
const STREAK: usize = 8;

/// Sorts a slice if it is nearly in order, and says whether it did. If not, it holds the same items
/// in another order. `sort_rest` sorts what was taken out.
pub(super) fn sort<T, F>(slice: &mut [T], is_less: &F, sort_rest: fn(&mut [T], &F)) -> bool
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    let Some(kept) = keep_ordered(slice, is_less) else {
        return false;
    };
    sort_rest(&mut slice[kept..], is_less);
    merge_in_place(slice, kept, is_less);
    true
}

/// Brings items that are in order to the front, and the others, few of them, behind; returns how
/// many are in order. None if too many are not.
fn keep_ordered<T>(slice: &mut [T], is_less: &impl Fn(&T, &T) -> bool) -> Option<usize> {
    // `slice[..kept]` is in order, `slice[kept..next]` is what does not fit.
    let (mut kept, mut next) = (0, 0);
    let mut streak = 0;
    // A comparison that lies may send us back again and again.
    let mut patience = slice.len() / FEW;
    while next < slice.len() {
        if kept == 0 || !is_less(&slice[next], &slice[kept - 1]) {
            slice.swap(kept, next);
            (kept, next, streak) = (kept + 1, next + 1, 0);
            continue;
        }
        if kept > 1 && !is_less(&slice[next], &slice[kept - 2]) {
            // It would fit if one had been left out that is too great.
            slice.swap(kept - 1, next);
            (next, streak) = (next + 1, 0);
        } else {
            (next, streak) = (next + 1, streak + 1);
        }
        if streak == STREAK {
            // Leave out whatever is in front of these, and look at them again.
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
