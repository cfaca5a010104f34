//! Why a pool could not be built, in rayon-core's words.

use manyhands::PoolBuildError;
use std::error::Error;
use std::fmt;

/// A pool could not be built.
///
/// Programs compare its texts, so they are rayon-core's.
///
/// ```
/// use rayon_core::ThreadPoolBuilder;
/// ThreadPoolBuilder::new().build_global().unwrap();
/// let second = ThreadPoolBuilder::new().build_global().unwrap_err();
/// assert_eq!(second.to_string(), "The global thread pool has already been initialized.");
/// ```
#[derive(Debug)]
pub struct ThreadPoolBuildError {
    kind: ErrorKind,
}

#[derive(Debug)]
enum ErrorKind {
    GlobalPoolAlreadyInitialized,
    CurrentThreadAlreadyInPool,
    IOError(PoolBuildError),
}

impl From<PoolBuildError> for ThreadPoolBuildError {
    fn from(error: PoolBuildError) -> Self {
        let kind = if error.is_already_initialized() {
            ErrorKind::GlobalPoolAlreadyInitialized
        } else if error.source().is_some() {
            ErrorKind::IOError(error)
        } else {
            ErrorKind::CurrentThreadAlreadyInPool
        };
        Self { kind }
    }
}

impl fmt::Display for ThreadPoolBuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::GlobalPoolAlreadyInitialized => {
                f.pad("The global thread pool has already been initialized.")
            }
            ErrorKind::CurrentThreadAlreadyInPool => {
                f.pad("The current thread is already part of another thread pool.")
            }
            ErrorKind::IOError(error) => match error.source() {
                Some(io) => fmt::Display::fmt(io, f),
                None => fmt::Display::fmt(error, f),
            },
        }
    }
}

impl Error for ThreadPoolBuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            ErrorKind::IOError(error) => error.source(),
            _ => None,
        }
    }
}
