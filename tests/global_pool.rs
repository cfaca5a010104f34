//! The default pool, in a process of its own: one test, because there is one default pool.

use manyhands::{Handle, Pool, current_num_threads, join};

#[test]
fn the_default_pool_is_configured_once() {
    // Pools of one's own do not need it,
    let own = Pool::builder().num_threads(2).build().unwrap();
    assert_eq!(own.join(|| 1, || 2), (1, 2));
    assert_eq!(
        own.block_on(async { own.spawn(async { 3 }).await.unwrap() }),
        3
    );
    assert!(Handle::try_current().is_none());
    // so it can still be configured, if the configuration works.
    #[cfg(target_os = "linux")]
    {
        let error = Pool::builder()
            .stack_size(1 << 50)
            .build_global()
            .unwrap_err();
        assert!(!error.is_already_initialized());
    }
    Pool::builder().num_threads(3).build_global().unwrap();
    assert_eq!(current_num_threads(), 3);
    assert_eq!(join(current_num_threads, || ()).0, 3);
    assert_eq!(manyhands::block_on(async { current_num_threads() }), 3);
    assert_eq!(
        manyhands::spawn(async { current_num_threads() })
            .join()
            .unwrap(),
        3
    );
    assert_eq!(Handle::current().current_num_threads(), 3);
    // The first configuration wins, and the second one is told so.
    let error = Pool::builder().num_threads(4).build_global().unwrap_err();
    assert!(error.is_already_initialized());
    assert!(error.to_string().contains("before its first use"));
    assert_eq!(current_num_threads(), 3);
    // A pool's own threads know their own pool.
    assert_eq!(own.install(current_num_threads), 2);
}
