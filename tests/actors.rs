//! The actors example as a process: the same totals with any number of threads, panics or not.

#[path = "examples/mod.rs"]
mod examples;

use examples::{THREADS, Tree, listed, row, stdout};

fn tree(name: &str) -> Tree {
    let tree = Tree::new(name);
    tree.file("a.rs", "fn main() {\n    let x_1 = 0xff;\n}\n");
    tree.file("binary.rs", [b'a', 0, b'b']);
    // More files than the mailboxes hold.
    for number in 0..200 {
        let name = format!("deep/{}/{number}.md", number % 3);
        tree.file(name, "one two three\nfour\n");
    }
    tree
}

fn restarts(report: &str) -> usize {
    let line = report
        .lines()
        .find_map(|line| line.strip_prefix("restarts: "));
    line.and_then(|count| count.parse().ok()).expect("a number")
}

#[test]
fn totals_are_the_known_ones() {
    let tree = tree("actors-known");
    for threads in THREADS {
        let report = stdout(&tree.run("actors", &["--verify", "--threads", threads]));
        // files, bytes, lines, words, identifiers
        assert_eq!(row(&report, "Rust"), [1, 34, 3, 8, 4], "{report}");
        assert_eq!(row(&report, "Markdown"), [200, 3800, 400, 800, 800]);
        assert_eq!(listed(&report, "four"), Some(200));
        assert_eq!(listed(&report, "binary"), Some(1));
        assert_eq!(restarts(&report), 0);
        assert!(report.ends_with("verified: a sequential count agrees\n"));
    }
}

#[test]
fn panics_do_not_change_the_totals() {
    let tree = tree("actors-panics");
    for threads in THREADS {
        let options = ["--verify", "--panic-every", "5", "--threads", threads];
        let report = stdout(&tree.run("actors", &options));
        assert_eq!(row(&report, "Markdown"), [200, 3800, 400, 800, 800]);
        // 202 files on four counters, each of which panics with every fifth message.
        assert_eq!(restarts(&report), 48, "{report}");
        assert!(report.ends_with("verified: a sequential count agrees\n"));
    }
}

#[test]
fn a_counter_that_panics_too_often_is_told() {
    let tree = tree("actors-limit");
    for threads in THREADS {
        let often = [
            "--panic-every",
            "5",
            "--restarts",
            "2",
            "--threads",
            threads,
        ];
        let output = tree.run("actors", &often);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("too many restarts"), "{error}");
        assert!(output.stdout.is_empty());

        // Every attempt panics, whoever makes it.
        let always = ["--panic-every", "1", "--threads", threads];
        let output = tree.run("actors", &always);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("panicked 20 times"), "{error}");
    }
}

#[test]
fn threads_do_not_change_the_report() {
    examples::assert_threads_do_not_change_the_report("actors");
}

#[test]
fn wrong_command_lines_end_with_code_2() {
    let tree = Tree::new("actors-options");
    for option in ["--threads", "--panic-every", "--restarts"] {
        let output = tree.run("actors", &[option, "many"]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            error.contains(&format!("{option} needs a number")),
            "{error}"
        );
    }
    let help = stdout(&tree.run("actors", &["--help"]));
    assert!(help.contains("--panic-every"), "{help}");
}
