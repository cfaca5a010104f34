//! Programs with an error each, for the lane `ci/asan.sh` to find.

use std::hint::black_box;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("none") => drop(black_box(Box::new(1))),
        Some("use-after-free") => {
            let pointer = black_box(Box::into_raw(Box::new(1_u8)));
            // SAFETY: none; that is the point.
            unsafe {
                drop(Box::from_raw(pointer));
                println!("{}", black_box(*pointer));
            }
        }
        Some("leak") => {
            let pointer = black_box(Box::leak(Box::new([0_u8; 100])).as_ptr().addr());
            println!("{}", pointer % 2);
        }
        _ => panic!("which canary?"),
    }
}
