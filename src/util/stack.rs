//! How much of its stack a thread has left.

use crate::sync::thread_cell;
use std::cell::Cell;

/// What a thread is taken to have left when it is first asked, where the system does not tell.
const GUESS: usize = 256 * 1024;

/// What is kept back of a stack, or a quarter of a smaller one: for whatever runs beyond the last
/// look.
const RESERVE: usize = 256 * 1024;

/// The stack of a thread, as far as it is known.
#[derive(Clone, Copy, Debug)]
struct Stack {
    lowest: usize,
    size: usize,
}

thread_cell! {
    /// Below this address little is left. Asked for once; 0 before.
    static LIMIT: Cell<usize> = Cell::new(0);
}

/// Is little left of the calling thread's stack, so that nothing of unknown depth should begin
/// there?
#[inline]
pub(crate) fn is_short() -> bool {
    let limit = match LIMIT.with(Cell::get) {
        0 => ask(),
        limit => limit,
    };
    address_of_a_frame() < limit
}

#[cold]
fn ask() -> usize {
    let Stack { lowest, size } = Stack::of_this_thread();
    let limit = lowest + RESERVE.min(size / 4);
    LIMIT.with(|known| known.set(limit));
    limit
}

impl Stack {
    fn of_this_thread() -> Self {
        let here = address_of_a_frame();
        let known = Self::ask().filter(|stack| stack.lowest < here);
        known.unwrap_or(Self {
            lowest: here.saturating_sub(GUESS),
            size: GUESS,
        })
    }

    /// The bytes between the caller's frame and the end of the stack, about.
    #[cfg(all(test, not(manyhands_model)))]
    fn left(self) -> usize {
        address_of_a_frame().saturating_sub(self.lowest)
    }

    #[cfg(all(target_os = "linux", not(miri), not(manyhands_model)))]
    fn ask() -> Option<Self> {
        use std::mem::MaybeUninit;
        use std::ptr;
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: the call fills the attributes of the calling thread in, or says that it did not.
        if unsafe { libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) } != 0 {
            return None;
        }
        let (mut lowest, mut size, mut guard) = (ptr::null_mut(), 0, 0);
        // SAFETY: they were filled in, are read into variables of this frame, and destroyed once.
        let is_known = unsafe {
            let attributes = attributes.as_mut_ptr();
            let stack = libc::pthread_attr_getstack(attributes, &raw mut lowest, &raw mut size);
            let guarded = libc::pthread_attr_getguardsize(attributes, &raw mut guard);
            libc::pthread_attr_destroy(attributes);
            stack == 0 && guarded == 0
        };
        // (Some systems count the guard as a part of the stack.)
        let lowest = lowest.addr() + guard;
        is_known.then_some(Self { lowest, size })
    }

    #[cfg(not(all(target_os = "linux", not(miri), not(manyhands_model))))]
    fn ask() -> Option<Self> {
        None
    }
}

/// (Under AddressSanitizer a local may lie on the heap.)
#[cfg(all(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_pointer_width = "64",
    not(miri)
))]
#[inline]
fn address_of_a_frame() -> usize {
    let address: usize;
    // SAFETY: it copies the stack pointer, and touches nothing else.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("mov {}, rsp", out(reg) address, options(nomem, nostack, preserves_flags));
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!("mov {}, sp", out(reg) address, options(nomem, nostack, preserves_flags));
    }
    address
}

#[cfg(not(all(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_pointer_width = "64",
    not(miri)
)))]
#[inline(never)]
fn address_of_a_frame() -> usize {
    let local = 0_u8;
    std::hint::black_box(&raw const local).addr()
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::Stack;

    /// What is left below `frames` frames of a KiB.
    #[inline(never)]
    fn left_below(stack: Stack, frames: usize) -> usize {
        let room = std::hint::black_box([0_u8; 1024]);
        let left = match frames {
            0 => stack.left(),
            _ => left_below(stack, frames - 1),
        };
        std::hint::black_box(&room);
        left
    }

    #[test]
    fn deeper_frames_have_less_left() {
        let body = || {
            let stack = Stack::of_this_thread();
            let before = left_below(stack, 0);
            let used = before - left_below(stack, 100);
            // Under AddressSanitizer `room` may lie on the heap.
            assert!((100 << 7..400 << 10).contains(&used), "{used}");
            assert_eq!(left_below(stack, 0), before);
            before
        };
        let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(body);
        let before = thread.unwrap().join().unwrap();
        if cfg!(all(target_os = "linux", not(miri))) {
            assert!(before > 900 << 10, "{before}");
        }
    }
}
