//! `Handle::enter`: whose functions the free functions are.

use crate::util::{pool, pool_without_spares, watched};
use manyhands::{Handle, Pool, block_on, current_num_threads, spawn};

fn here() -> usize {
    let there = spawn(async { current_num_threads() }).join().unwrap();
    assert_eq!(Handle::current().current_num_threads(), there);
    there
}

#[test]
fn a_thread_from_outside() {
    watched(|| {
        let (three, five) = (pool(3), pool(5));
        assert!(Handle::try_current().is_none());
        {
            let _three = three.enter();
            assert_eq!((here(), current_num_threads()), (3, 3));
            assert_eq!(manyhands::join(current_num_threads, || ()).0, 3);
            assert_eq!(block_on(async { here() }), 3);
            {
                let _five = five.enter();
                assert_eq!(here(), 5);
                // What runs in a pool works for that pool.
                assert_eq!(three.block_on(async { here() }), 3);
                assert_eq!(three.install(here), 3);
            }
            assert_eq!(here(), 3);
        }
        assert!(Handle::try_current().is_none());
    });
}

#[test]
fn a_thread_of_a_pool() {
    watched(|| {
        let (three, five) = (pool(3), pool(5));
        three.install(|| {
            let _five = five.enter();
            assert_eq!(here(), 5);
            // Joins stay: they need a seat.
            let (index, ()) = manyhands::join(manyhands::current_thread_index, || ());
            assert!(index.is_some());
            assert_eq!(five.install(here), 5);
            assert_eq!(three.spawn(async { here() }).join().unwrap(), 3);
        });
        assert_eq!(three.install(here), 3);
    });
}

#[test]
fn a_thread_that_finds_no_seat() {
    watched(|| {
        let (three, five) = (pool_without_spares(3), pool(5));
        let _five = five.enter();
        assert_eq!(three.block_on(async { here() }), 3);
        assert_eq!(here(), 5);
    });
}

#[cfg(not(feature = "tokio"))]
#[test]
fn guards_in_any_order() {
    watched(|| {
        let (three, five) = (pool(3), pool(5));
        let first = three.enter();
        let second = five.enter();
        drop(first);
        assert_eq!(here(), 5);
        drop(second);
        assert!(Handle::try_current().is_none());
    });
}

#[test]
fn a_guard_keeps_the_pool_known_and_no_more() {
    watched(|| {
        let pool: Pool = pool(2);
        let handle = pool.handle().clone();
        let _entered = handle.enter();
        pool.shutdown();
        assert!(spawn(async {}).join().unwrap_err().is_cancelled());
    });
}
