//! Examples as processes: what they are given, and what they print.

#![allow(dead_code, reason = "no test uses all of it")]

mod program;

use program::program;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A directory of its own, removed in the end.
pub(crate) struct Tree(pub(crate) PathBuf);

impl Tree {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("manyhands-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Runs an example with this directory as its first argument.
    pub(crate) fn run(&self, example: &str, options: &[&str]) -> Output {
        let tree = [self.0.as_os_str()].into_iter();
        run(example, tree.chain(options.iter().map(OsStr::new)))
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn run<'a>(example: &str, args: impl IntoIterator<Item = &'a OsStr>) -> Output {
    let mut command = Command::new(program(example));
    command.args(args).stdin(Stdio::null()).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The numbers of the row that begins with `name`.
pub(crate) fn row(report: &str, name: &str) -> Vec<u64> {
    let row = report
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let row = row.unwrap_or_else(|| panic!("no row {name} in:\n{report}"));
    row.split_whitespace()
        .map(|cell| cell.parse().unwrap())
        .collect()
}

/// The number before `label` in one of the lists.
pub(crate) fn listed(report: &str, label: &str) -> Option<u64> {
    let entry = |line: &str| {
        line.strip_suffix(label)?
            .strip_suffix(' ')?
            .trim()
            .parse()
            .ok()
    };
    report.lines().find_map(entry)
}

/// One, a few, and more than many a machine has cores.
pub(crate) const THREADS: [&str; 3] = ["1", "2", "16"];

/// Counts this crate's own sources: the tables depend on the counts alone.
pub(crate) fn assert_threads_do_not_change_the_report(example: &str) {
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let mut expected = None;
    for threads in THREADS {
        let args = [sources, "--verify", "--threads", threads, "--top", "50"];
        let report = stdout(&run(example, args.iter().map(OsStr::new)));
        let (tables, times) = report.rsplit_once("\n\n").unwrap();
        assert!(times.contains("verified: "), "{report}");
        assert!(row(&report, "Rust")[0] > 100, "{report}");
        assert_eq!(tables, *expected.get_or_insert(tables.to_owned()));
    }
}
