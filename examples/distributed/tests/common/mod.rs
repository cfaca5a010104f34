//! Trees to count, what must be found there, and processes that cannot hang.

#![allow(dead_code, reason = "no test uses all of it")]

#[path = "../../../../tests/examples/mod.rs"]
mod examples;

pub(crate) use examples::{Tree, listed, row};
use std::process::{Command, Output, Stdio};

/// How many processes the tests use.
pub(crate) const RANKS: [usize; 3] = [1, 2, 3];

/// A command that is ended if it hangs: then its exit code is 124, which no test expects.
pub(crate) fn guarded(program: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "120", program]);
    command.stdin(Stdio::null());
    command
}

/// Some files of all kinds: one of several pieces, some that are not counted, names in common and
/// names that only one file has.
pub(crate) fn known_tree(name: &str) -> Tree {
    let tree = Tree::new(name);
    tree.file(
        "large.rs",
        "let shared_name = 12; // words and names\n".repeat(60_000),
    );
    tree.file("deep/er/b.rs", "fn main() {}");
    tree.file("deep/c.md", "naïve café\r\n\r\nx\n");
    tree.file("empty.toml", "");
    tree.file("binary.c", [b'a', 0, b'b']);
    tree.file("latin1.c", b"caf\xe9\n");
    for n in 0..40 {
        let own = format!("shared_name own_name_{n} {}", "often ".repeat(n));
        tree.file(format!("many/{n}.py"), own);
    }
    tree
}

/// The tables of the report: without times, and without costs.
pub(crate) fn tables(report: &str) -> &str {
    let end = report
        .find("\n\nrank")
        .unwrap_or_else(|| panic!("no costs in:\n{report}"));
    report[..end].rsplit_once("\n\n").unwrap().0
}

pub(crate) fn assert_known(report: &str) {
    assert_eq!(row(report, "Python"), [40, 5630, 40, 860, 860], "{report}");
    assert_eq!(row(report, "Rust")[..3], [2, 2_460_012, 60_001]);
    assert_eq!(row(report, "Markdown"), [1, 18, 3, 3, 3]);
    assert_eq!(row(report, "TOML"), [1, 0, 0, 0, 0]);
    assert_eq!(listed(report, "binary"), Some(1));
    assert_eq!(listed(report, "not UTF-8"), Some(1));
    assert_eq!(listed(report, "shared_name"), Some(60_040));
    assert_eq!(listed(report, "often"), Some(780));
    assert!(report.contains("\nverified: "), "{report}");
}

/// The costs of each rank add up to what the tables say.
pub(crate) fn assert_costs(report: &str, ranks: usize) {
    let rows: Vec<_> = (0..ranks)
        .map(|rank| row(report, &format!("rank {rank}")))
        .collect();
    let sum = |column: usize| rows.iter().map(|row| row[column]).sum::<u64>();
    // Two of the files were dealt out, but are not counted.
    assert_eq!(sum(0), row(report, "total")[0] + 2, "{report}");
    assert_eq!(sum(1), row(report, "total")[1] + 3 + 5, "{report}");
    assert_eq!(sum(3) > 0, ranks > 1, "{report}");
    // Each rank has files.
    assert!(rows.iter().all(|row| row[0] > 0), "{report}");
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Both outputs, for messages.
pub(crate) fn both(output: &Output) -> String {
    format!(
        "{:?}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    )
}
