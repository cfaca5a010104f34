//! `build_global` and the texts of its errors: a process of its own.

use rayon_core::{ThreadPoolBuilder, current_num_threads, current_thread_index};
use std::error::Error;

#[test]
fn is_built_once() {
    assert_eq!(current_thread_index(), None);
    ThreadPoolBuilder::new()
        .num_threads(3)
        .thread_name(|index| format!("default {index}"))
        .build_global()
        .unwrap();
    assert_eq!(current_num_threads(), 3);
    assert_eq!(manyhands::thread_index_bound(), 3);
    let names = rayon_core::broadcast(|_| std::thread::current().name().map(str::to_owned));
    assert_eq!(names[2].as_deref(), Some("default 2"));
    let error = ThreadPoolBuilder::new().build_global().unwrap_err();
    assert_eq!(
        error.to_string(),
        "The global thread pool has already been initialized."
    );
    assert!(error.source().is_none());
    assert!(manyhands::Pool::builder().build_global().is_err());
    #[allow(deprecated)]
    let error = rayon_core::initialize(rayon_core::Configuration::new()).unwrap_err();
    assert!(error.to_string().starts_with("The global thread pool"));
    // A pool of its own is not affected.
    let own = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(own.install(current_num_threads), 1);
}
