//! Quicksort by `join`: a recursion that offers one half of its work at every level.
//!
//! ```text
//! cargo run --release --example quicksort [ITEMS]
//! ```
//!
//! What to observe: there is no threshold below which the parallel run stops forking, and with idle
//! cores it still beats the sequential one. A join that no thread steals from costs little.

use std::time::Instant;

fn main() {
    let items = std::env::args().nth(1);
    let items = items.map_or(2_000_000, |items| items.parse().expect("a number of items"));
    let shuffled = pseudo_random(items);

    let mut sequential = shuffled.clone();
    let start = Instant::now();
    quicksort(&mut sequential, &|left, right| (left(), right()));
    println!("one thread:      {:?}", start.elapsed());

    let mut parallel = shuffled.clone();
    let start = Instant::now();
    quicksort(&mut parallel, &|left, right| manyhands::join(left, right));
    let threads = manyhands::current_num_threads();
    println!("pool of {threads}:       {:?}", start.elapsed());

    let mut expected = shuffled;
    expected.sort_unstable();
    assert!(sequential == expected && parallel == expected);
    println!("{items} items are in order");
}

/// One half of a sort.
type Half<'a> = &'a mut (dyn FnMut() + Send);

/// Sorts. `both` runs the two halves of the remaining work, one after the other or in parallel.
fn quicksort(items: &mut [u64], both: &(impl Fn(Half<'_>, Half<'_>) -> ((), ()) + Sync)) {
    if items.len() <= 1 {
        return;
    }
    let middle = partition(items);
    // Two disjoint parts of one slice: the compiler checks that the halves share nothing.
    let (left, right) = items.split_at_mut(middle);
    both(&mut || quicksort(left, both), &mut || {
        quicksort(&mut right[1..], both)
    });
}

/// Moves the items that are smaller than the pivot before it, and returns the new place of the
/// pivot.
fn partition(items: &mut [u64]) -> usize {
    let last = items.len() - 1;
    items.swap(items.len() / 2, last);
    let mut middle = 0;
    for i in 0..last {
        if items[i] < items[last] {
            items.swap(i, middle);
            middle += 1;
        }
    }
    items.swap(middle, last);
    middle
}

/// Pseudo-random numbers, the same at every run (splitmix64).
fn pseudo_random(count: usize) -> Vec<u64> {
    let mut state = 0_u64;
    let next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    std::iter::repeat_with(next).take(count).collect()
}
