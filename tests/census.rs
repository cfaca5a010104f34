//! The census example as a process: known counts, odd files, exit codes.

#[path = "examples/mod.rs"]
mod examples;

use examples::{Tree, listed, row, run, stdout};
use std::ffi::OsStr;
use std::fs;
use std::process::{Command, Output};

fn census<'a>(args: impl IntoIterator<Item = &'a OsStr>) -> Output {
    run("census", args)
}

#[test]
fn counts_are_the_known_ones() {
    let tree = Tree::new("census-known");
    tree.file("a.rs", "fn main() {\n    let x_1 = 0xff;\n}\n");
    tree.file("deep/er/b.rs", "fn main() {}");
    tree.file("deep/c.md", "naïve café\r\n\r\nx\n");
    tree.file("empty.toml", "");
    tree.file("no_extension", "word");
    for threads in ["1", "2", "8"] {
        let report = stdout(&tree.run("census", &["--verify", "--threads", threads]));
        // files, bytes, lines, words, identifiers
        assert_eq!(row(&report, "Rust"), [2, 46, 4, 11, 6], "{report}");
        assert_eq!(row(&report, "Markdown"), [1, 18, 3, 3, 3]);
        assert_eq!(row(&report, "TOML"), [1, 0, 0, 0, 0]);
        assert_eq!(row(&report, "other"), [1, 4, 1, 1, 1]);
        assert_eq!(row(&report, "total"), [5, 68, 8, 15, 10]);
        assert_eq!(listed(&report, "fn"), Some(2));
        assert_eq!(listed(&report, "café"), Some(1));
        assert_eq!(listed(&report, "0xff"), None);
        assert!(report.contains("verified: "), "{report}");
    }
}

#[test]
fn equal_counts_are_in_order_of_name_and_cut_at_top() {
    let tree = Tree::new("census-top");
    tree.file("a.rs", "c b a b c d");
    let report = stdout(&tree.run("census", &["--top", "3"]));
    let list = report
        .split("identifiers:\n")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    let names: Vec<_> = list.split_whitespace().collect();
    assert_eq!(names, ["2", "b", "2", "c", "1", "a"]);
}

#[test]
fn large_files_are_counted_in_pieces() {
    let tree = Tree::new("census-large");
    let line = "let some_name = 12; // words and names\n";
    let lines = 40_000;
    tree.file("large.rs", line.repeat(lines));
    // One line of many pieces.
    tree.file("long.txt", "ab ".repeat(500_000));
    // Its last piece is not UTF-8: then nothing of it counts.
    let mut broken = line.repeat(lines).into_bytes();
    broken.push(0xff);
    tree.file("broken.c", broken);
    let lines = lines as u64;
    let bytes = lines * line.len() as u64;
    for threads in ["1", "2", "8"] {
        let report = stdout(&tree.run("census", &["--verify", "--threads", threads]));
        assert_eq!(
            row(&report, "Rust"),
            [1, bytes, lines, 8 * lines, 5 * lines]
        );
        assert_eq!(row(&report, "Text"), [1, 1_500_000, 1, 500_000, 500_000]);
        assert_eq!(listed(&report, "not UTF-8"), Some(1));
        assert_eq!(listed(&report, "some_name"), Some(lines));
    }
}

#[test]
fn overlapping_paths_count_once() {
    let tree = Tree::new("census-overlap");
    tree.file("sub/a.rs", "a\n");
    let (sub, file) = (tree.0.join("sub"), tree.0.join("sub/a.rs"));
    let report = stdout(&tree.run(
        "census",
        &["--verify", sub.to_str().unwrap(), file.to_str().unwrap()],
    ));
    assert_eq!(row(&report, "total"), [1, 2, 1, 1, 1]);
}

#[test]
fn files_that_are_not_text_are_told() {
    let tree = Tree::new("census-odd");
    tree.file("good.rs", "a\n");
    tree.file("binary.rs", [b'a', 0, b'b']);
    tree.file("latin1.rs", b"caf\xe9\n");
    tree.file("made/CACHEDIR.TAG", "");
    tree.file("made/a.rs", "b\n");
    tree.file(".git/config", "b\n");
    let report = stdout(&tree.run("census", &["--verify"]));
    assert_eq!(row(&report, "total"), [1, 2, 1, 1, 1]);
    assert_eq!(listed(&report, "binary"), Some(1));
    assert_eq!(listed(&report, "not UTF-8"), Some(1));
    assert_eq!(listed(&report, "cache directory"), Some(2));
}

#[cfg(unix)]
#[test]
fn links_fifos_and_unreadable_files_are_told() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};

    let tree = Tree::new("census-unix");
    tree.file("sub/good.rs", "a\n");
    tree.file(OsStr::from_bytes(b"sub/\xff.rs"), "a\n");
    let at = |name: &str| tree.0.join(name);
    symlink(".", at("sub/here")).unwrap();
    symlink(&tree.0, at("sub/up")).unwrap();
    symlink("circle_b", at("circle_a")).unwrap();
    symlink("circle_a", at("circle_b")).unwrap();
    symlink("nowhere", at("dangling")).unwrap();
    symlink("sub/good.rs", at("alias.rs")).unwrap();
    let fifo = Command::new("mkfifo").arg(at("fifo.rs")).status().unwrap();
    assert!(fifo.success());
    tree.file("secret.rs", "a\n");
    fs::set_permissions(at("secret.rs"), fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads everything.
    let unreadable = u64::from(fs::read(at("secret.rs")).is_err());

    let report = stdout(&tree.run("census", &["--verify"]));
    assert_eq!(row(&report, "Rust")[0], 3 - unreadable);
    assert_eq!(listed(&report, "symlink loop"), Some(4));
    assert_eq!(listed(&report, "symlink"), Some(1));
    assert_eq!(listed(&report, "dangling symlink"), Some(1));
    assert_eq!(listed(&report, "not a regular file"), Some(1));
    assert_eq!(listed(&report, "unreadable").unwrap_or(0), unreadable);
    // A FIFO that is named itself must not block either.
    let report = stdout(&census([at("fifo.rs").as_os_str()]));
    assert_eq!(listed(&report, "not a regular file"), Some(1));
}

#[test]
fn wrong_command_lines_end_with_code_2() {
    let tree = Tree::new("census-options");
    let missing = tree.0.join("missing");
    let missing = missing.to_str().unwrap();
    let output = census([OsStr::new(missing)]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.contains(missing), "{error}");
    assert!(output.stdout.is_empty());

    for args in [
        &["--bogus"][..],
        &["--threads"],
        &["--threads", "many"],
        &["--top", "-1"],
    ] {
        let output = tree.run("census", args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            error.contains(args[0]) && error.contains("usage: census"),
            "{error}"
        );
    }
}

#[test]
fn help_is_printed() {
    let output = census([OsStr::new("--help")]);
    assert!(stdout(&output).starts_with("usage: census"));
}
