//! How the examples `census` and `distributed` find files and count them: futures that walk and
//! fetch, and parallel loops inside those futures.

use super::files::{Found, Skip, SourceFile, next_piece};
use super::tally::Tally;
use manyhands::{JoinHandle, prelude::*, spawn, spawn_blocking};
use std::iter;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// The size of a batch in bytes. Small files are fetched together up to this size, larger ones in
/// pieces of it. A lane holds one batch at a time: that bounds the memory in use, however large the
/// tree is.
const BATCH: u64 = 1 << 20;

/// Walks all roots at the same time.
pub(crate) async fn find(roots: &[PathBuf]) -> Found {
    let mut found = Found::default();
    let dirs = found.sort_out(roots);
    walk_all(dirs, &mut found).await;
    found
}

/// Walks one directory as a task. (Not an `async fn`: the type of a future cannot contain itself,
/// and the future of a walk spawns walks.)
fn walk(dir: PathBuf) -> JoinHandle<Found> {
    spawn(async move {
        let mut found = Found::default();
        let dirs;
        (dirs, found) = blocking(move || (found.list(&dir), found)).await;
        walk_all(dirs, &mut found).await;
        found
    })
}

async fn walk_all(dirs: Vec<PathBuf>, found: &mut Found) {
    let walks: Vec<_> = dirs.into_iter().map(walk).collect();
    for walk in walks {
        found.merge(walk.await.expect("a walk does not panic"));
    }
}

/// Counts files in `lanes` at the same time. `progress` is told how many bytes were counted.
pub(crate) async fn count(
    mut files: Vec<SourceFile>,
    lanes: usize,
    progress: impl Fn(u64) + Clone + Send + 'static,
) -> Tally<String> {
    // Lanes take from the end, so large files come first: none is left for last.
    files.sort_by_key(|file| file.size);
    let files = Arc::new(Mutex::new(files));
    let new_lane = |_| spawn(lane(Arc::clone(&files), progress.clone()));
    let lanes: Vec<_> = (0..lanes).map(new_lane).collect();
    let mut total = Tally::default();
    for lane in lanes {
        total = total.merge(lane.await.expect("a lane does not panic"));
    }
    total
}

/// Fetches batches and counts them until no file is left.
async fn lane(files: Arc<Mutex<Vec<SourceFile>>>, progress: impl Fn(u64)) -> Tally<String> {
    let mut total = Tally::default();
    loop {
        let mut batch = next_batch(&mut files.lock().unwrap());
        let bytes = batch.iter().map(|file| file.size).sum();
        if bytes > BATCH {
            match count_large(batch.remove(0)).await {
                Ok(tally) => total = total.merge(tally),
                Err(reason) => total.skip(reason),
            }
        } else if !batch.is_empty() {
            let texts =
                blocking(move || batch.iter().map(SourceFile::fetch).collect::<Vec<_>>()).await;
            let counted = texts.par_iter().fold(Tally::default, Tally::with_file);
            total = total.merge(counted.reduce(Tally::default, Tally::merge));
        } else {
            return total;
        }
        progress(bytes);
    }
}

/// Runs a closure on a thread that may block, while this thread does something else.
///
/// `block_in_place` would do without the change of threads. But a future that never awaits never
/// gives its core back. When the file is read, its thread computes beside the one that took over,
/// and the pool runs more threads than it should.
async fn blocking<R: Send + 'static>(read: impl FnOnce() -> R + Send + 'static) -> R {
    spawn_blocking(read).await.expect("reading does not panic")
}

/// Takes small files up to the size of a batch, or one large file.
fn next_batch(files: &mut Vec<SourceFile>) -> Vec<SourceFile> {
    let mut bytes = 0;
    let fits = |file: &&SourceFile| {
        bytes += file.size.max(4096); // empty files cost time too
        bytes <= BATCH
    };
    let count = files.iter().rev().take_while(fits).count().max(1);
    files.split_off(files.len().saturating_sub(count))
}

/// A file that is read in pieces of whole lines, each of which a parallel loop counts.
async fn count_large(file: SourceFile) -> Result<Tally<String>, Skip> {
    let mut total = Tally::default();
    let language = file.language;
    let mut reader = blocking(move || file.open()).await?;
    loop {
        let text;
        (text, reader) = blocking(move || (next_piece(&mut reader, BATCH), reader)).await;
        let text = text?;
        if text.is_empty() {
            total.add(language, [1, 0, 0, 0, 0]);
            return Ok(total);
        }
        total.add(language, [0, text.len() as u64, 0, 0, 0]);
        let count = |tally: Tally<_>, line| tally.with_lines(language, iter::once(line));
        let counted = text.par_lines().fold(Tally::default, count);
        total = total.merge(counted.reduce(Tally::default, Tally::merge));
    }
}
