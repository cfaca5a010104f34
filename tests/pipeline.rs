//! The pipeline example as a process: the same totals with any number of threads.

#[path = "examples/mod.rs"]
mod examples;

use examples::{THREADS, Tree, listed, row, stdout};

#[test]
fn totals_are_the_known_ones() {
    let tree = Tree::new("pipeline-known");
    tree.file("a.rs", "fn main() {\n    let x_1 = 0xff;\n}\n");
    tree.file("binary.rs", [b'a', 0, b'b']);
    // More files than the channels hold, and in more directories than one.
    for number in 0..200 {
        let name = format!("deep/{}/{number}.md", number % 3);
        tree.file(name, "one two three\nfour\n");
    }
    for threads in THREADS {
        let report = stdout(&tree.run("pipeline", &["--verify", "--threads", threads]));
        // files, bytes, lines, words, identifiers
        assert_eq!(row(&report, "Rust"), [1, 34, 3, 8, 4], "{report}");
        assert_eq!(row(&report, "Markdown"), [200, 3800, 400, 800, 800]);
        assert_eq!(listed(&report, "four"), Some(200));
        assert_eq!(listed(&report, "binary"), Some(1));
        assert!(report.ends_with("verified: a sequential count agrees\n"));
    }
}

#[test]
fn threads_do_not_change_the_report() {
    examples::assert_threads_do_not_change_the_report("pipeline");
}

#[test]
fn overlapping_paths_count_once() {
    let tree = Tree::new("pipeline-overlap");
    tree.file("sub/a.rs", "a\n");
    let (sub, file) = (tree.0.join("sub"), tree.0.join("sub/a.rs"));
    let paths = [sub.to_str().unwrap(), file.to_str().unwrap(), "--verify"];
    let report = stdout(&tree.run("pipeline", &paths));
    assert_eq!(row(&report, "total"), [1, 2, 1, 1, 1]);
}

#[test]
fn wrong_command_lines_end_with_code_2() {
    let tree = Tree::new("pipeline-options");
    let output = tree.run("pipeline", &["--threads", "many"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("usage: pipeline "), "{error}");
}
