//! The systems example as a process: the same findings with any number of threads.

#[path = "examples/mod.rs"]
mod examples;

use examples::{THREADS, Tree, listed, row, stdout};

/// The lines about a system: what it waits for, and what it ran beside.
fn about<'r>(report: &'r str, system: &str) -> Vec<&'r str> {
    let lines = report.lines();
    lines
        .filter_map(|line| line.strip_prefix(system)?.strip_prefix(' '))
        .map(str::trim_start)
        .collect()
}

#[test]
fn findings_are_the_known_ones() {
    let tree = Tree::new("systems-known");
    tree.file("a.rs", "fn main() {\n    // TODO: more\n}\n\n");
    tree.file("binary.rs", [b'a', 0, b'b']);
    // More files than a round takes, each with a line that the others have, too.
    for number in 0..200 {
        let name = format!("deep/{}/{number}.md", number % 3);
        let long = "a line that is longer than forty characters are";
        tree.file(name, format!("one two three\n{long}\nnumber\n"));
    }
    for threads in THREADS {
        let report = stdout(&tree.run(
            "systems",
            &["--verify", "--top", "50", "--threads", threads],
        ));
        // files, bytes, lines, empty lines
        assert_eq!(row(&report, "Rust"), [1, 33, 4, 1], "{report}");
        assert_eq!(row(&report, "Markdown"), [200, 13800, 600, 0]);
        for (label, count) in [
            ("not read: binary", 1),
            ("lines of 0 to 19 characters", 404),
            ("lines of 40 to 59 characters", 200),
            ("long lines that occur again", 1),
            ("notes (TODO, FIXME, XXX)", 1),
            ("two", 200),
            ("main", 1),
        ] {
            assert_eq!(listed(&report, label), Some(count), "{label}: {report}");
        }
        assert!(report.ends_with("verified: one system after the other finds the same\n"));
    }
}

/// Who waits for whom follows from what is read and written.
#[test]
fn the_schedule_follows_from_reads_and_writes() {
    let tree = Tree::new("systems-schedule");
    tree.file("a.rs", "fn main() {}\n");
    let report = stdout(&tree.run("systems", &[]));
    for (system, after) in [
        ("turn", "-"),
        ("fetch", "turn"),
        ("languages", "turn"),
        ("words", "turn"),
        ("growth", "languages, words"),
        ("progress", "languages, notes"),
    ] {
        let [plan, ran] = about(&report, system)[..] else {
            panic!("{system} in {report}");
        };
        let (_, waits) = plan.split_once(" after ").unwrap();
        assert_eq!(waits, after, "{system}");
        // What waits for another one never ran beside it.
        let (_, beside) = ran.split_once("beside: ").unwrap();
        for other in waits.split(", ") {
            assert!(!beside.contains(&format!("{other} (")), "{system}: {ran}");
        }
    }
}

#[test]
fn threads_do_not_change_the_report() {
    examples::assert_threads_do_not_change_the_report("systems");
}

#[test]
fn wrong_command_lines_end_with_code_2() {
    let tree = Tree::new("systems-options");
    let output = tree.run("systems", &["--threads", "many"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("usage: systems "), "{error}");
}
