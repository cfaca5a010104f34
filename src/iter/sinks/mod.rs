//! Sinks, which run a loop and make a result of it: one per file. Only `collect` contains unsafe
//! code.

pub(crate) mod collect;
#[deny(unsafe_code)]
pub(super) mod find;
#[deny(unsafe_code)]
pub(super) mod find_ordered;
#[deny(unsafe_code)]
pub(super) mod for_each;
#[deny(unsafe_code)]
pub(super) mod is_sorted;
#[deny(unsafe_code)]
pub(crate) mod noop;
#[deny(unsafe_code)]
pub(super) mod ordered;
#[deny(unsafe_code)]
pub(super) mod reduce;
#[deny(unsafe_code)]
pub(super) mod scan;
#[deny(unsafe_code)]
pub(super) mod sum_product;
#[deny(unsafe_code)]
pub(super) mod try_reduce;
#[deny(unsafe_code)]
pub(super) mod unzip;
#[deny(unsafe_code)]
pub(super) mod with_state;
