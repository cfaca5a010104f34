//! Why a pool could not be built.

use crate::pool::StartError;
use std::error::Error;
use std::fmt;

/// A pool could not be built; [`PoolBuilder::build`](crate::PoolBuilder::build) says when.
///
/// ```
/// # if cfg!(target_os = "linux") {
/// // No system grants a stack of a petabyte.
/// let error = manyhands::Pool::builder().stack_size(1 << 50).build().unwrap_err();
/// assert!(error.to_string().contains("thread"));
/// assert!(std::error::Error::source(&error).is_some());
/// # }
/// ```
#[derive(Debug)]
pub struct PoolBuildError(Kind);

#[derive(Debug)]
enum Kind {
    AlreadyInitialized,
    Start(StartError),
}

impl PoolBuildError {
    pub(super) fn already_initialized() -> Self {
        Self(Kind::AlreadyInitialized)
    }

    /// Was there a default pool already?
    pub fn is_already_initialized(&self) -> bool {
        matches!(self.0, Kind::AlreadyInitialized)
    }
}

impl From<StartError> for PoolBuildError {
    fn from(error: StartError) -> Self {
        Self(Kind::Start(error))
    }
}

impl fmt::Display for PoolBuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::AlreadyInitialized => f.write_str(
                "the default pool exists already: call `build_global` once, before its first use",
            ),
            Kind::Start(StartError::CurrentThreadHasSeat) => f.write_str(
                "the current thread belongs to a pool already: `use_current_thread` needs a thread of its own",
            ),
            Kind::Start(StartError::Thread(error)) => write!(f, "the system refused to create a thread: {error}"),
            Kind::Start(StartError::Events(error)) => write!(f, "the tokio runtime could not be started: {error}"),
        }
    }
}

impl Error for PoolBuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Start(StartError::Thread(error) | StartError::Events(error)) => Some(error),
            _ => None,
        }
    }
}
