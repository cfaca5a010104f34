//! Jobs that borrow: a scope spawns any number of them, and ends when all have ended.
//!
//! ```text
//! cargo run --release --example scopes [DIRECTORY]
//! ```
//!
//! It adds up the sizes of the files below a directory. Each directory is a job, spawned by the job
//! of the directory above it: how many there will be is not known beforehand. What to observe: the
//! jobs borrow two counters from the stack of `main`, with no `Arc` and no `'static`.

use manyhands::Scope;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The counters that the jobs share.
#[derive(Default)]
struct Sum {
    files: AtomicU64,
    bytes: AtomicU64,
}

fn main() {
    let root = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("."), PathBuf::from);
    let sum = Sum::default();
    let start = Instant::now();
    manyhands::scope(|scope| visit(scope, root, &sum));
    // All jobs have ended: `sum` is no longer borrowed, and its fields can be taken out.
    let (files, bytes) = (sum.files.into_inner(), sum.bytes.into_inner());
    println!("{files} files, {bytes} bytes, {:?}", start.elapsed());
}

/// Visits a directory. `'scope` says that `sum` outlives the scope; each job ends before the scope
/// does.
fn visit<'scope>(scope: &Scope<'scope>, dir: PathBuf, sum: &'scope Sum) {
    // A directory that cannot be read adds nothing.
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => {
                scope.spawn(move |scope| visit(scope, entry.path(), sum));
            }
            Ok(metadata) if metadata.is_file() => {
                sum.files.fetch_add(1, Ordering::Relaxed);
                sum.bytes.fetch_add(metadata.len(), Ordering::Relaxed);
            }
            _ => {}
        }
    }
}
