//! The census on MPI ranks, all on this machine.

mod common;

use common::{RANKS, Tree, assert_costs, assert_known, both, guarded, known_tree, tables, text};
use std::ffi::OsStr;
use std::process::{Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_census-mpi");

/// `mpirun`, or what the variable `MPIRUN` says, with flags if need be.
fn mpirun() -> Command {
    let launcher = std::env::var("MPIRUN").unwrap_or("mpirun".to_owned());
    let mut words = launcher.split_whitespace();
    let mut command = guarded(words.next().expect("MPIRUN names a program"));
    command.args(words);
    command
}

fn run(ranks: usize, args: &[&OsStr]) -> Output {
    let mut command = mpirun();
    command.args(["-n", &ranks.to_string(), PROGRAM]).args(args);
    command.output().unwrap()
}

fn on<'a>(tree: &'a Tree, options: &'a [&'a str]) -> Vec<&'a OsStr> {
    let options = options.iter().map(OsStr::new);
    [tree.0.as_os_str()].into_iter().chain(options).collect()
}

#[test]
fn any_number_of_ranks_counts_the_same() {
    let tree = known_tree("mpi-known");
    let mut expected = None;
    for ranks in RANKS {
        let args = on(&tree, &["--verify", "--top", "30", "--threads", "2"]);
        let output = run(ranks, &args);
        assert!(output.status.success(), "{}", both(&output));
        let report = text(&output.stdout);
        assert_known(&report);
        assert_costs(&report, ranks);
        let tables = tables(&report).to_owned();
        assert_eq!(tables, *expected.get_or_insert(tables.clone()));
        // Each tells how far it is.
        let told = text(&output.stderr);
        for rank in 0..ranks {
            assert!(
                told.contains(&format!("rank {rank}: 100 % counted")),
                "{told}"
            );
        }
    }
}

#[test]
fn only_the_most_frequent_need_to_travel() {
    let tree = known_tree("mpi-top");
    let [all, some] = [&["--verify", "--top", "5"][..], &["--top", "5"]].map(|options| {
        let output = run(2, &on(&tree, options));
        assert!(output.status.success(), "{}", both(&output));
        tables(&text(&output.stdout)).to_owned()
    });
    assert_eq!(all, some);
}

#[test]
fn a_rank_that_dies_ends_the_others() {
    let tree = known_tree("mpi-dies");
    for dying in ["0", "2"] {
        let output = run(3, &on(&tree, &["--die", dying]));
        assert!(!output.status.success(), "{}", both(&output));
        assert_ne!(output.status.code(), Some(124), "{}", both(&output));
        assert!(
            !text(&output.stdout).contains("most frequent"),
            "{}",
            both(&output)
        );
    }
}

#[test]
fn a_missing_input_is_told() {
    let tree = known_tree("mpi-missing");
    let missing = tree.0.join("missing");
    for without in 0..3 {
        // Each rank with arguments of its own.
        let mut command = mpirun();
        for rank in 0..3 {
            let path = if rank == without { &missing } else { &tree.0 };
            command.args((rank > 0).then_some(":"));
            command.args(["-n", "1", PROGRAM]).arg(path);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", both(&output));
        let told = format!("rank {without}: {}: No such file", missing.display());
        assert!(text(&output.stderr).contains(&told), "{}", both(&output));
    }
}

#[test]
fn ranks_without_files_are_told_and_do_not_matter() {
    let tree = Tree::new("mpi-few");
    tree.file("only.rs", "fn main() {}\n");
    let output = run(3, &on(&tree, &["--verify"]));
    assert!(output.status.success(), "{}", both(&output));
    let told = text(&output.stderr);
    for rank in [1, 2] {
        assert!(
            told.contains(&format!("rank {rank}: no files for this rank")),
            "{told}"
        );
    }
    assert_eq!(
        common::row(&text(&output.stdout), "total"),
        [1, 13, 1, 3, 2]
    );
}

#[test]
fn no_files_at_all_are_an_error() {
    let tree = Tree::new("mpi-empty");
    let output = run(2, &on(&tree, &[]));
    assert_eq!(output.status.code(), Some(2), "{}", both(&output));
    assert!(
        text(&output.stderr).contains("there are no files in"),
        "{}",
        both(&output)
    );
}

#[test]
fn a_wrong_command_line_ends_with_code_2() {
    for args in [["--bogus", "1"], ["--die", "many"]] {
        let output = run(2, &args.map(OsStr::new));
        assert_eq!(output.status.code(), Some(2), "{}", both(&output));
        assert!(text(&output.stderr).contains(args[0]), "{}", both(&output));
    }
}
