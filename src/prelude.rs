//! The traits behind the methods of parallel iterators. `use manyhands::prelude::*;`
//!
//! ```
//! use manyhands::prelude::*;
//!
//! let total: usize = "many\nhands".par_lines().map(str::len).sum();
//! assert_eq!(total, 9);
//! ```

pub use crate::iter::FromParallelIterator;
pub use crate::iter::IndexedParallelIterator;
pub use crate::iter::IntoParallelIterator;
pub use crate::iter::IntoParallelRefIterator;
pub use crate::iter::IntoParallelRefMutIterator;
pub use crate::iter::ParallelBridge;
pub use crate::iter::ParallelDrainFull;
pub use crate::iter::ParallelDrainRange;
pub use crate::iter::ParallelExtend;
pub use crate::iter::ParallelIterator;
pub use crate::iter::ParallelMapOrdered;
pub use crate::slice::ParallelSlice;
pub use crate::slice::ParallelSliceMut;
pub use crate::str::ParallelString;
