//! Examples as processes: what they are given, and what they print.

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
