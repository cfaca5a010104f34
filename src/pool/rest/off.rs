//! In builds in which no clock can be paused: nothing.

use crate::job::SeatIndex;
use crate::pool::driver::Role;
use crate::pool::registry::Registry;
use crate::util::parker::Parker;
use std::marker::PhantomData;

pub(super) async fn pass(_: &Registry, _: &Role<'_>, _: Option<SeatIndex>) {}

pub(crate) struct InBlockOn<'a>(PhantomData<&'a Registry>);

impl<'a> InBlockOn<'a> {
    #[inline(always)]
    pub(in crate::pool) fn begin(_: &'a Registry, _: &'static Parker) -> Self {
        Self(PhantomData)
    }
}

pub(in crate::pool) struct OutsideWait;

impl OutsideWait {
    #[inline(always)]
    pub(in crate::pool) fn begin(_: &Registry, _: &'static Parker) -> Self {
        Self
    }
}
