//! Code written for rayon, which here is another name of this crate (`main.rs` says so), as in a
//! program with `rayon = { package = "manyhands", .. }`.

use crate::util::watched;
use rayon::prelude::*;
use rayon::{Scope, ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::error::Error;

struct Workers {
    pool: ThreadPool,
}

impl Workers {
    fn new(threads: usize) -> Result<Self, ThreadPoolBuildError> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("worker {index}"))
            .build()?;
        Ok(Self { pool })
    }

    fn sum(&self, numbers: &[u64]) -> u64 {
        self.pool.install(|| numbers.par_iter().sum())
    }
}

fn halves<'scope>(scope: &Scope<'scope>, left: &'scope mut u32, right: &'scope mut u32) {
    scope.spawn(move |_| *left += 1);
    scope.spawn(move |_| *right += 2);
}

#[test]
fn a_pool_is_built_and_used() {
    watched(|| {
        let workers = Workers::new(2).unwrap();
        assert_eq!(workers.pool.current_num_threads(), 2);
        assert_eq!(workers.sum(&[1, 2, 3]), 6);
        assert_eq!(workers.pool.join(|| 1, || 2), (1, 2));

        let (mut left, mut right) = (0, 0);
        workers
            .pool
            .scope(|scope| halves(scope, &mut left, &mut right));
        assert_eq!((left, right), (1, 2));

        let threads = ThreadPoolBuilder::default()
            .num_threads(1)
            .build_scoped(
                |thread| thread.run(),
                |pool: &ThreadPool| pool.current_num_threads(),
            )
            .unwrap();
        assert_eq!(threads, 1);
    });
}

/// Not called: there is one default pool for all tests of this binary.
#[allow(dead_code)]
fn at_the_start_of_a_program() -> Result<(), Box<dyn Error + Send + Sync>> {
    let built: Result<(), ThreadPoolBuildError> =
        ThreadPoolBuilder::new().num_threads(2).build_global();
    Ok(built?)
}

#[test]
fn a_failure_is_an_error_with_a_text() {
    watched(|| {
        let failed = ThreadPoolBuilder::new()
            .num_threads(1)
            .spawn_handler(|_| Err(std::io::Error::other("no threads today")))
            .build();
        let error: Box<dyn Error + Send + Sync> = failed.unwrap_err().into();
        assert!(error.is::<ThreadPoolBuildError>());
        let source = error.source().map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("no threads today"));
    });
}
