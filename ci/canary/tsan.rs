//! A race, for the lane `ci/tsan.sh` to find, and what is none.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

struct Shared(UnsafeCell<u32>, AtomicBool);
// SAFETY: none; that is the point.
unsafe impl Sync for Shared {}

static SHARED: Shared = Shared(UnsafeCell::new(0), AtomicBool::new(false));

fn main() {
    let order = match std::env::args().nth(1).as_deref() {
        Some("none") => (Ordering::Release, Ordering::Acquire),
        Some("race") => (Ordering::Relaxed, Ordering::Relaxed),
        _ => panic!("which canary?"),
    };
    let writer = thread::spawn(move || {
        // SAFETY: the other thread does not read before it sees the flag.
        unsafe { *SHARED.0.get() += 1 };
        SHARED.1.store(true, order.0);
    });
    while !SHARED.1.load(order.1) {
        thread::yield_now();
    }
    // SAFETY: as above, if the orders are right.
    println!("{}", unsafe { *SHARED.0.get() });
    writer.join().expect("it does not panic");
}
