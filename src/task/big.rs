//! Big futures go to the heap before they are moved from function to function.
//!
//! A move into a call is a copy on the stack: always in a build without optimisation, and now and
//! then in others. A future of 300 KB that goes through seven functions takes the whole stack of a
//! worker. So each function that users give a future or a closure to asks [`is_big`] first, and
//! hands on a box.

/// The largest future that is moved. As in tokio: what works there is to work here.
const LARGEST: usize = if cfg!(debug_assertions) { 2048 } else { 16_384 };

/// Is a future or closure of this type to be moved in a box?
pub(crate) const fn is_big<F>() -> bool {
    size_of::<F>() > LARGEST
}
