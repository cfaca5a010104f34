//! What the ranks are asked to do, and how a rank counts its files.

use super::count::count;
use super::files::SourceFile;
use super::options::{self, Options};
use super::part::Costs;
use super::progress::{Progress, say};
use super::tally::Tally;
use manyhands::Pool;
use std::collections::HashMap;
use std::ffi::OsString;
use std::panic;
use std::process;

/// The exit code of a rank that ends because something is wrong that the command line has not to
/// answer for.
pub(crate) const LOST: u8 = 3;

/// The highest number of threads that list directories and read files, and so of open files.
const READERS: usize = 8;

const USAGE: &str = "
  --die RANK      that rank ends without a word while it counts: what do the others do?";

pub(crate) struct Job {
    pub(crate) options: Options,
    die: Option<usize>,
}

/// Options that only one of the programs has, by name.
pub(crate) struct Own(HashMap<&'static str, OsString>);

impl Own {
    /// Takes the named options, each with a value, out of the arguments.
    fn take(
        args: impl IntoIterator<Item = OsString>,
        names: &[&'static str],
    ) -> Result<(Self, Vec<OsString>), String> {
        let (mut own, mut others) = (HashMap::new(), Vec::new());
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            if arg == "--" {
                others.push(arg);
                others.extend(args.by_ref());
            } else if let Some(name) = names.iter().find(|name| arg == **name) {
                let value = args.next().ok_or(format!("{name} needs a value"))?;
                own.insert(*name, value);
            } else {
                others.push(arg);
            }
        }
        Ok((Self(own), others))
    }

    #[allow(dead_code, reason = "with MPI all of them are numbers")]
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        Some(self.0.get(name)?.to_string_lossy().into_owned())
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<usize>, String> {
        let given = self.0.get(name).cloned();
        given.map(|it| options::number(name, Some(it))).transpose()
    }
}

impl Job {
    /// Reads the command line. The program's own options are handed back. An error is for the
    /// program to tell, when it knows which rank it is.
    pub(crate) fn read(
        args: impl IntoIterator<Item = OsString>,
        names: &[&'static str],
        usage: &str,
    ) -> (Result<Own, String>, Result<Self, String>) {
        let names = [names, &["--die"]].concat();
        let (own, others) = match Own::take(args, &names) {
            Ok(taken) => taken,
            Err(error) => return (Err(error.clone()), Err(error)),
        };
        let die = own.number("--die");
        let options = Options::read(others.into_iter(), &format!("{usage}{USAGE}"));
        let job = die.and_then(|die| {
            let options = options?;
            Ok(Self { options, die })
        });
        (Ok(own), job)
    }

    pub(crate) fn pool(&self) -> Result<Pool, String> {
        let pool = Pool::builder()
            .num_threads(self.options.threads)
            .max_blocking_threads(READERS)
            .build();
        pool.map_err(|error| error.to_string())
    }

    /// What tells how far a rank is that has these files.
    pub(crate) fn progress(&self, rank: usize, files: &[SourceFile]) -> Progress {
        let bytes = files.iter().map(|file| file.size).sum();
        Progress::new(rank, files.len(), bytes, self.die == Some(rank))
    }
}

/// Counts files with all threads of the pool, as `examples/census.rs` does.
pub(crate) async fn count_files(
    files: Vec<SourceFile>,
    progress: &Progress,
    costs: &mut Costs,
) -> Tally<String> {
    costs.0[Costs::FILES] += files.len() as u64;
    costs.0[Costs::BYTES] += files.iter().map(|file| file.size).sum::<u64>();
    let lanes = 2 * manyhands::current_num_threads();
    let progress = progress.clone();
    count(files, lanes, move |bytes| progress.add(bytes)).await
}

/// From here on a panic on any thread ends this process. Otherwise the other ranks would wait for
/// what it owes them. `explain` may know what a panic of the named thread means.
pub(crate) fn end_on_panic(
    rank: usize,
    explain: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) {
    panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        let why = thread.name().and_then(&explain);
        say(rank, &why.unwrap_or_else(|| panic.to_string()));
        process::exit(LOST.into());
    }));
}
