//! A `Vec` in three parts, to which a loop adds items one by one.
//!
//! `Vec::push` lends itself to a function where it grows. So it lies in memory, and each item waits
//! until the length that the item before it wrote can be read again. Here the parts are passed by
//! value, and a tight loop keeps them in registers.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;

/// Invariant collect.G1: `start`, `len` and `capacity` are the parts of a `Vec`, and this value
/// owns them.
pub(crate) struct Growing<T> {
    start: *mut T,
    len: usize,
    capacity: usize,
    items: PhantomData<T>,
}

impl<T> Growing<T> {
    #[inline]
    pub(crate) fn new() -> Self {
        Self::of(Vec::new())
    }

    #[inline]
    fn of(vec: Vec<T>) -> Self {
        let mut vec = ManuallyDrop::new(vec);
        Self {
            start: vec.as_mut_ptr(),
            len: vec.len(),
            capacity: vec.capacity(),
            items: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn into_vec(self) -> Vec<T> {
        let this = ManuallyDrop::new(self);
        // SAFETY: collect.G1: these are the parts of a `Vec`, and `this`, which owns them, is not
        // dropped.
        unsafe { Vec::from_raw_parts(this.start, this.len, this.capacity) }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The number of items that fit without an allocation.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.capacity - self.len
    }

    #[inline]
    pub(crate) fn push(self, item: T) -> Self {
        let this = ManuallyDrop::new(self);
        let (mut start, len, mut capacity) = (this.start, this.len, this.capacity);
        if len == capacity {
            // SAFETY: collect.G1: these are the parts of a `Vec`, and `this`, which owns them, is
            // not dropped.
            (start, capacity) = unsafe { reserve(start, len, capacity, 1) };
        }
        // SAFETY: collect.G1: the length is less than the capacity, where they were equal because
        // of `reserve`. So the place is within the allocation, and it holds no item.
        unsafe { start.add(len).write(item) };
        Self {
            start,
            len: len + 1,
            capacity,
            items: PhantomData,
        }
    }

    /// Adds all items of an iterator.
    #[inline]
    pub(crate) fn extended(self, items: impl IntoIterator<Item = T>) -> Self {
        let mut vec = self.into_vec();
        vec.extend(items);
        Self::of(vec)
    }

    /// Makes room for `more` items. If these are few, for more: a list that grows in short steps is
    /// moved a few times only.
    pub(crate) fn with_room(self, more: usize) -> Self {
        let mut vec = self.into_vec();
        if more >= vec.len() / 2 {
            vec.reserve_exact(more);
        } else {
            vec.reserve(more);
        }
        Self::of(vec)
    }
}

impl<T> Drop for Growing<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: collect.G1: these are the parts of a `Vec`, and this value, which owns them, is
        // gone after this.
        unsafe { drop_parts(self.start, self.len, self.capacity) }
    }
}

/// Makes room for `more` items in a `Vec`; returns its start and its capacity.
///
/// # Safety
///
/// The arguments are the parts of a `Vec`, which the caller owns. If this unwinds, they are gone;
/// if not, the caller owns the parts with the start and capacity that this returns.
#[cold]
#[inline(never)]
unsafe fn reserve<T>(start: *mut T, len: usize, capacity: usize, more: usize) -> (*mut T, usize) {
    // SAFETY: as this function demands.
    let mut vec = unsafe { Vec::from_raw_parts(start, len, capacity) };
    vec.reserve(more);
    let mut vec = ManuallyDrop::new(vec);
    (vec.as_mut_ptr(), vec.capacity())
}

/// Drops a `Vec`.
///
/// # Safety
///
/// The arguments are the parts of a `Vec`, which the caller owns and does not use again.
#[cold]
#[inline(never)]
unsafe fn drop_parts<T>(start: *mut T, len: usize, capacity: usize) {
    // SAFETY: as this function demands.
    drop(unsafe { Vec::from_raw_parts(start, len, capacity) });
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::Growing;
    use std::rc::Rc;

    #[test]
    fn it_holds_what_a_vec_would_hold() {
        let mut growing = Growing::new();
        let mut vec = Vec::new();
        for number in 0..1_000 {
            growing = match number % 7 {
                0 => growing.extended([Box::new(number), Box::new(number + 1)]),
                1 => growing.with_room(number).push(Box::new(number)),
                _ => growing.push(Box::new(number)),
            };
            vec.push(number);
            vec.extend((number % 7 == 0).then_some(number + 1));
            assert_eq!(growing.len(), vec.len());
        }
        let items: Vec<usize> = growing.into_vec().into_iter().map(|item| *item).collect();
        assert_eq!(items, vec);
    }

    #[test]
    fn it_drops_its_items_once() {
        let item = Rc::new(());
        let growing = (0..100).fold(Growing::new(), |list, _| list.push(Rc::clone(&item)));
        assert_eq!(Rc::strong_count(&item), 101);
        let growing = growing.with_room(1_000);
        assert!(growing.room() >= 1_000);
        drop(growing);
        assert_eq!(Rc::strong_count(&item), 1);
    }

    #[test]
    fn items_without_a_size_need_no_room() {
        let growing = (0..100).fold(Growing::new(), |list, _| list.push(()));
        assert_eq!(growing.with_room(5).into_vec(), [(); 100]);
    }

    #[test]
    fn too_much_room_is_a_panic_that_drops_the_items() {
        let item = Rc::new(());
        let growing = Growing::new().push(Rc::clone(&item));
        let attempt = || growing.with_room(usize::MAX).len();
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(attempt)).is_err());
        assert_eq!(Rc::strong_count(&item), 1);
    }
}
