//! A value that is lent to code which may run on any thread, and which only the lender's can take.

use std::cell::Cell;
use std::ptr;

/// The number of the calling thread, which no other living thread has.
#[inline]
pub(crate) fn this_thread() -> usize {
    thread_local!(static PLACE: u8 = const { 0 });
    PLACE.with(|place| ptr::from_ref(place).addr())
}

/// A place in a frame of a thread, never in a leaked box. The value need not be `Send`: on other
/// threads it is not there.
pub(crate) struct Lent<T> {
    value: Cell<Option<T>>,
    /// The thread that made this.
    thread: usize,
}

// SAFETY: `take` and `put` check that they run on the thread with the lender's number, and nothing
// else reaches the value through a reference. No two threads have one number at a time. A number is
// used again when its thread has ended. Then a value that is not `Send` is gone: a `Lent` is then
// not `Send` either, and it lives in a frame of its thread, so it has ended with that.
unsafe impl<T> Sync for Lent<T> {}

impl<T> Lent<T> {
    #[inline]
    pub(crate) fn new(value: T) -> Self {
        Self {
            value: Cell::new(Some(value)),
            thread: this_thread(),
        }
    }

    /// Takes the value, if it is there, and this is its thread.
    #[inline]
    pub(crate) fn take(&self) -> Option<T> {
        if self.thread == this_thread() {
            self.value.take()
        } else {
            None
        }
    }

    /// Puts a value back.
    ///
    /// # Panics
    ///
    /// Panics on another thread.
    #[inline]
    pub(crate) fn put(&self, value: T) {
        assert!(self.thread == this_thread(), "lent to another thread");
        self.value.set(Some(value));
    }

    #[inline]
    pub(crate) fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::Lent;
    use std::rc::Rc;

    #[test]
    fn only_the_thread_of_the_lender_takes_and_puts() {
        let lent = Lent::new(Rc::new(5));
        std::thread::scope(|scope| {
            let elsewhere = || lent.take().is_none();
            assert!(scope.spawn(elsewhere).join().expect("no panic"));
        });
        let value = lent.take().expect("it is here");
        assert!(lent.take().is_none());
        lent.put(value);
        assert_eq!(lent.into_inner(), Some(Rc::new(5)));
        let lent = Lent::new(5);
        let elsewhere = std::thread::scope(|scope| scope.spawn(|| lent.put(6)).join().is_err());
        assert!(elsewhere);
        assert_eq!(lent.into_inner(), Some(5));
    }
}
