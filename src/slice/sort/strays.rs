//! The stable sort of slices that are nearly in order: the few strays are taken out, sorted, and
//! merged back.
//!
//! Items that are in order stay, as many as a single pass finds. A stray is too great if it is
//! greater than the next item that stays. It is too small if it is less than the last one before it
//! that stays. If it is neither, it stays as well. Then of equal items the first one is
//!
//! * the one that is too great, if the other one stays: what stays before it is less than it;
//! * the one that stays, if the other one is too small: what stays behind that is greater;
//! * the one that is too great, if the other one is too small. An item that is too small is less
//!   than all that stay behind it, and so less than any item there that is too great.

use super::copy::copy_back;
use super::merge::copy;
use super::runs::ascending;
use std::mem::MaybeUninit;
use std::ops::Range;

/// At most one in `FEW` items may stray.
const FEW: usize = 8;

/// If this many items in a row seem to stray, it is rather those in front of them that do.
const STREAK: usize = 8;

/// The number of items at the end that are looked at first.
const PROBE: usize = 256;

/// Items in a row that go to the same part.
pub(super) struct Span {
    end: usize,
    part: usize,
}

const TOO_GREAT: usize = 0;
const STAYS: usize = 1;
const TOO_SMALL: usize = 2;

/// Says for all items, from the first to the last, where they go; `None` if too many stray.
pub(super) fn find<T>(slice: &[T], is_less: &impl Fn(&T, &T) -> bool) -> Option<Vec<Span>> {
    // The end shows soon that a tail is out of order, or descends.
    find_ordered(&slice[slice.len().saturating_sub(PROBE)..], is_less)?;
    let kept = find_ordered(slice, is_less)?;
    let mut spans = Vec::new();
    let (mut next, mut last) = (0, None);
    for stretch in kept {
        while next < stretch.start {
            let item = &slice[next];
            let part = if last.is_some_and(|last| is_less(item, last)) {
                TOO_SMALL
            } else if stretch.start < slice.len() && is_less(&slice[stretch.start], item) {
                TOO_GREAT
            } else {
                last = Some(item);
                STAYS
            };
            next += 1;
            push(&mut spans, next, part);
        }
        if next < stretch.end {
            next = stretch.end;
            last = Some(&slice[next - 1]);
            push(&mut spans, next, STAYS);
        }
    }
    Some(spans)
}

/// Finds stretches that are in order, and an empty one at the end. The idea is that of Emil
/// Ernerfeldt's drop-merge sort.
fn find_ordered<T>(slice: &[T], is_less: &impl Fn(&T, &T) -> bool) -> Option<Vec<Range<usize>>> {
    let mut kept = Stretches::default();
    let (mut next, mut streak) = (0, 0);
    // A comparison that lies may send the loop back again and again.
    let mut patience = slice.len() / FEW;
    while next < slice.len() {
        let item = &slice[next];
        let is_small = |last: Option<usize>| last.is_some_and(|last| is_less(item, &slice[last]));
        if !is_small(kept.last()) {
            let run = ascending(&slice[next..], is_less);
            kept.push(next..next + run);
            (streak, next) = (0, next + run);
            continue;
        }
        if !is_small(kept.last_but_one()) {
            // The last item is too great.
            kept.pop();
            kept.push(next..next + 1);
            streak = 0;
        } else {
            streak += 1;
        }
        next += 1;
        if streak == STREAK {
            // Leave out the items in front of these that are greater, and look at these again.
            next -= STREAK;
            streak = 0;
            patience = patience.checked_sub(STREAK)?;
            let mut greatest = next;
            for place in next + 1..next + STREAK {
                if is_less(&slice[greatest], &slice[place]) {
                    greatest = place;
                }
            }
            while let Some(last) = kept.last() {
                if !is_less(&slice[greatest], &slice[last]) {
                    break;
                }
                kept.pop();
            }
        }
        if next - kept.number > STREAK + next / FEW {
            return None;
        }
    }
    kept.list.push(next..next);
    Some(kept.list)
}

/// Places, in ascending order.
#[derive(Default)]
struct Stretches {
    list: Vec<Range<usize>>,
    number: usize,
}

impl Stretches {
    fn last(&self) -> Option<usize> {
        Some(self.list.last()?.end - 1)
    }

    fn last_but_one(&self) -> Option<usize> {
        match &self.list[..] {
            [.., last] if last.len() > 1 => Some(last.end - 2),
            [.., before, _] => Some(before.end - 1),
            _ => None,
        }
    }

    fn push(&mut self, stretch: Range<usize>) {
        self.number += stretch.len();
        match self.list.last_mut() {
            Some(last) if last.end == stretch.start => last.end = stretch.end,
            _ => self.list.push(stretch),
        }
    }

    fn pop(&mut self) {
        if let Some(last) = self.list.last_mut() {
            self.number -= 1;
            last.end -= 1;
            if last.start == last.end {
                self.list.pop();
            }
        }
    }
}

/// Notes where the items up to `end` go.
fn push(spans: &mut Vec<Span>, end: usize, part: usize) {
    match spans.last_mut() {
        Some(last) if last.part == part => last.end = end,
        _ => spans.push(Span { end, part }),
    }
}

/// Brings the items that are too great to the front, and those that are too small to the end.
/// Returns where the items that stay begin, and where they end. `buffer` is as long as the slice.
///
/// # Panics
///
/// Panics, and changes nothing, if the spans are not places of the slice, up to the last one.
pub(super) fn gather<T: Send>(
    slice: &mut [T],
    buffer: &mut [MaybeUninit<T>],
    spans: &[Span],
) -> (usize, usize) {
    let ends = part_ends(spans);
    let mut places = [0, ends[TOO_GREAT], ends[STAYS]];
    let mut next = 0;
    for span in spans {
        let items = &slice[next..span.end];
        let place = places[span.part];
        let end = place + items.len();
        copy(items, &mut buffer[place..end]);
        (places[span.part], next) = (end, span.end);
    }
    assert!(places == ends && next == slice.len());
    // SAFETY: the items were copied from the first to the last, each once; and to each place of the
    // buffer, as each part ends where the next one begins (asserted). No comparison was made
    // meanwhile.
    unsafe { copy_back(buffer, slice) }
    (ends[TOO_GREAT], ends[STAYS])
}

/// Where the parts end, if one follows the other.
fn part_ends(spans: &[Span]) -> [usize; 3] {
    let (mut ends, mut start) = ([0; 3], 0);
    for span in spans {
        for end in &mut ends[span.part..] {
            *end += span.end - start;
        }
        start = span.end;
    }
    ends
}
