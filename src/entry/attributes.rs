//! What `#[manyhands::main]` and `#[manyhands::test]` expand to calls of. (The attributes
//! themselves are the crate `macros/`.)

use super::{Pool, PoolBuilder, block_on};
#[cfg(all(feature = "sim", not(any(manyhands_model, manyhands_tsan))))]
use crate::sim;

/// Runs an async `main`.
#[derive(Debug, Default)]
pub struct Main {
    num_threads: Option<usize>,
}

impl Main {
    /// With the default pool as it is.
    pub const fn new() -> Self {
        Self { num_threads: None }
    }

    /// With a default pool of this many threads.
    pub fn num_threads(mut self, num_threads: usize) -> Self {
        self.num_threads = Some(num_threads);
        self
    }

    /// Awaits what `main` gives on this thread, in the default pool.
    pub fn run<F: Future>(self, main: impl FnOnce() -> F) -> F::Output {
        if let Some(num_threads) = self.num_threads {
            let built = PoolBuilder::new().num_threads(num_threads).build_global();
            if let Err(error) = built {
                panic!("#[manyhands::main(num_threads = {num_threads})]: {error}");
            }
        }
        block_on(main())
    }
}

/// Runs an async test.
#[derive(Debug, Default)]
pub struct Test {
    num_threads: Option<usize>,
    #[cfg(feature = "test-util")]
    start_paused: bool,
}

impl Test {
    /// In a pool of one thread.
    pub const fn new() -> Self {
        Self {
            num_threads: None,
            #[cfg(feature = "test-util")]
            start_paused: false,
        }
    }

    /// In a pool of this many threads.
    pub fn num_threads(mut self, num_threads: usize) -> Self {
        self.num_threads = Some(num_threads);
        self
    }

    /// In a simulation, in the order of its time.
    #[cfg(all(feature = "sim", not(any(manyhands_model, manyhands_tsan))))]
    pub fn start_paused(self) -> Simulated {
        let cores = self.num_threads.unwrap_or(1);
        Simulated(sim::Builder::new().cores(cores))
    }

    /// In a pool with a paused clock.
    #[cfg(all(
        feature = "test-util",
        not(all(feature = "sim", not(any(manyhands_model, manyhands_tsan))))
    ))]
    pub fn start_paused(mut self) -> Self {
        self.start_paused = true;
        self
    }

    /// In a simulation, in the order of a seed.
    #[cfg(all(feature = "sim", not(any(manyhands_model, manyhands_tsan))))]
    pub fn seed(self, seed: u64) -> Simulated {
        let builder = sim::Builder::new().explore().seed(seed);
        Simulated(match self.num_threads {
            Some(num_threads) => builder.cores(num_threads),
            None => builder,
        })
    }

    /// Awaits what the test gives on this thread, in a pool of its own. A panic leaves the pool by
    /// dropping it.
    pub fn run<F: Future>(self, test: impl FnOnce() -> F) -> F::Output {
        let threads = self.num_threads.unwrap_or(1);
        let builder = Pool::builder().num_threads(threads);
        #[cfg(feature = "test-util")]
        let builder = builder.start_paused(self.start_paused);
        let pool = match builder.build() {
            Ok(pool) => pool,
            Err(error) => panic!("#[manyhands::test]: {error}"),
        };
        let output = pool.block_on(test());
        pool.shutdown();
        output
    }
}

/// Runs an async test in a simulation.
#[cfg(all(feature = "sim", not(any(manyhands_model, manyhands_tsan))))]
#[derive(Debug)]
pub struct Simulated(sim::Builder);

#[cfg(all(feature = "sim", not(any(manyhands_model, manyhands_tsan))))]
impl Simulated {
    /// Awaits what the test gives on the first thread of the simulation. An error is printed there:
    /// it need not be `Send`.
    pub fn run<F>(self, test: impl FnOnce() -> F + Send + 'static) -> std::process::ExitCode
    where
        F: Future<Output: std::process::Termination>,
    {
        let report = || std::process::Termination::report(block_on(test()));
        self.0.run(report).0
    }
}
