//! Which public types are `Send`, `Sync`, `Unpin`, `UnwindSafe`, `RefUnwindSafe` and `Debug`.

use manyhands::task::{
    AccessError, Id, JoinMap, JoinQueue, JoinSet, LocalKey, LocalPoolHandle, TaskLocalFuture,
    YieldNow,
};
use manyhands::{
    AbortHandle, BlockingMetrics, BroadcastContext, CancelOnDrop, Compute, FnContext, Handle,
    JoinError, JoinHandle, Metrics, Pool, PoolBuildError, PoolBuilder, Scope, ScopeFifo, SeatKind,
    SeatMetrics, ThreadBuilder, Yield,
};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

/// Asks whether `T` has a trait: an inherent constant, there only if it has, hides that of
/// `Not`, which every `Has` gets.
struct Has<T: ?Sized>(PhantomData<T>);

#[allow(dead_code, reason = "those that every type has")]
trait Not {
    const SEND: bool = false;
    const SYNC: bool = false;
    const UNPIN: bool = false;
    const UNWIND: bool = false;
    const REF_UNWIND: bool = false;
    const DEBUG: bool = false;
}

impl<T: ?Sized> Not for Has<T> {}
impl<T: ?Sized + Send> Has<T> {
    const SEND: bool = true;
}
impl<T: ?Sized + Sync> Has<T> {
    const SYNC: bool = true;
}
impl<T: ?Sized + Unpin> Has<T> {
    const UNPIN: bool = true;
}
impl<T: ?Sized + UnwindSafe> Has<T> {
    const UNWIND: bool = true;
}
impl<T: ?Sized + RefUnwindSafe> Has<T> {
    const REF_UNWIND: bool = true;
}
impl<T: ?Sized + Debug> Has<T> {
    const DEBUG: bool = true;
}

macro_rules! marks {
    ($type:ty) => {{
        let marks = [
            (Has::<$type>::SEND, 'S'),
            (Has::<$type>::SYNC, 'Y'),
            (Has::<$type>::UNPIN, 'P'),
            (Has::<$type>::UNWIND, 'U'),
            (Has::<$type>::REF_UNWIND, 'R'),
            (Has::<$type>::DEBUG, 'D'),
        ];
        marks.map(|(has, mark)| if has { mark } else { '-' })
    }};
}

/// One row a type: `S`end, s`Y`nc, un`P`in, `U`nwindSafe, `R`efUnwindSafe, `D`ebug.
macro_rules! table {
    ($($type:ty = $marks:literal;)*) => {
        [$((stringify!($type), marks!($type).iter().collect::<String>(), $marks)),*]
    };
}

type Cell = std::cell::Cell<u8>;
type Rc = std::rc::Rc<u8>;

#[test]
fn every_public_type_has_the_traits_it_should() {
    let table = table! {
        // A test of the test.
        Cell = "S-PU-D";
        Rc = "--PURD";

        Pool = "SYPURD";
        Handle = "SYPURD";
        PoolBuilder = "SYP--D";
        ThreadBuilder = "SYP--D";
        PoolBuildError = "SYP--D";
        BlockingMetrics = "SYPURD";
        Metrics = "SYPURD";
        SeatKind = "SYPURD";
        SeatMetrics = "SYPURD";

        // A handle moves its output, and shares nothing of it.
        JoinHandle<u8> = "SYPURD";
        JoinHandle<Cell> = "SYPURD";
        JoinHandle<Rc> = "--PURD";
        CancelOnDrop<Cell> = "SYPURD";
        CancelOnDrop<Rc> = "--PURD";
        AbortHandle = "SYPURD";
        JoinError = "SYP--D";
        Id = "SYPURD";
        YieldNow = "SYPURD";
        Compute<u8> = "S-P--D";
        JoinSet<Cell> = "SYPURD";
        JoinSet<Rc> = "--PURD";
        JoinMap<u8, Cell> = "SYPURD";
        JoinMap<u8, Rc> = "--PURD";
        JoinQueue<Cell> = "SYPURD";
        JoinQueue<Rc> = "--PURD";
        LocalPoolHandle = "SYPURD";
        // The key is the same for all threads, whatever the values are.
        LocalKey<Rc> = "SYPURD";
        TaskLocalFuture<u8, Cell> = "S-PU-D";
        TaskLocalFuture<Rc, u8> = "--PURD";
        AccessError = "SYPURD";

        // Jobs share a scope.
        Scope<'_> = "SYP--D";
        ScopeFifo<'_> = "SYP--D";
        // They speak of their thread.
        FnContext = "--PURD";
        BroadcastContext<'_> = "--P--D";
        Yield = "SYPURD";
    };
    for (name, marks, expected) in table {
        assert_eq!(marks, expected, "{name}");
    }
}
