//! The census on timely dataflow, as processes that speak to each other over loopback.

mod common;

use common::{RANKS, Tree, assert_costs, assert_known, both, guarded, known_tree, tables, text};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Output, Stdio};
use std::thread::JoinHandle;

const PROGRAM: &str = env!("CARGO_BIN_EXE_census-timely");

/// A rank that runs, and the thread that reads its standard error.
struct Running(Child, JoinHandle<Vec<u8>>);

impl Running {
    fn new(rank: usize, ranks: usize, address: &str, args: &[&OsStr]) -> Self {
        Self::first(rank, ranks, address, args).0
    }

    /// Starts a rank; rank 0 tells where it waits for the others.
    fn first(rank: usize, ranks: usize, address: &str, args: &[&OsStr]) -> (Self, String) {
        let mut command = guarded(PROGRAM);
        command.args(["--rank", &rank.to_string(), "--ranks", &ranks.to_string()]);
        command.args(["--coordinator", address]).args(args);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let (mut told, mut place) = (String::new(), String::new());
        if rank == 0 && ranks > 1 {
            stderr.read_line(&mut told).unwrap();
            let from = told
                .split("waits at ")
                .nth(1)
                .unwrap_or_else(|| panic!("{told}"));
            place = from.split(' ').next().unwrap().to_owned();
        }
        let reader = std::thread::spawn(move || {
            let mut all = told.into_bytes();
            stderr.read_to_end(&mut all).unwrap();
            all
        });
        (Self(child, reader), place)
    }

    fn end(self) -> Output {
        let mut output = self.0.wait_with_output().unwrap();
        output.stderr = self.1.join().unwrap();
        output
    }
}

/// Runs all ranks. The arguments of each are those of `args`.
fn run<'a>(ranks: usize, args: impl Fn(usize) -> Vec<&'a OsStr>) -> Vec<Output> {
    let (first, place) = Running::first(0, ranks, "127.0.0.1:0", &args(0));
    let others = (1..ranks).map(|rank| Running::new(rank, ranks, &place, &args(rank)));
    let all: Vec<_> = [first].into_iter().chain(others).collect();
    all.into_iter().map(Running::end).collect()
}

fn on<'a>(tree: &'a Tree, options: &'a [&'a str]) -> Vec<&'a OsStr> {
    let options = options.iter().map(OsStr::new);
    [tree.0.as_os_str()].into_iter().chain(options).collect()
}

#[test]
fn any_number_of_ranks_counts_the_same() {
    let tree = known_tree("timely-known");
    let mut expected = None;
    for ranks in RANKS {
        let outputs = run(ranks, |_| {
            on(&tree, &["--verify", "--top", "30", "--threads", "2"])
        });
        for output in &outputs {
            assert!(output.status.success(), "{}", both(output));
        }
        let report = text(&outputs[0].stdout);
        assert_known(&report);
        assert_costs(&report, ranks);
        // The others leave the report to rank 0.
        assert!(outputs[1..].iter().all(|output| output.stdout.is_empty()));
        let tables = tables(&report).to_owned();
        assert_eq!(tables, *expected.get_or_insert(tables.clone()));
        // Each tells how far it is.
        for (rank, output) in outputs.iter().enumerate() {
            let told = text(&output.stderr);
            assert!(
                told.contains(&format!("rank {rank}: 100 % counted")),
                "{told}"
            );
        }
    }
}

#[test]
fn only_the_most_frequent_need_to_travel() {
    let tree = known_tree("timely-top");
    let [all, some] = [&["--verify", "--top", "5"][..], &["--top", "5"]].map(|options| {
        let outputs = run(2, |_| on(&tree, options));
        assert!(outputs[0].status.success(), "{}", both(&outputs[0]));
        tables(&text(&outputs[0].stdout)).to_owned()
    });
    assert_eq!(all, some);
}

#[test]
fn a_rank_that_dies_ends_the_others() {
    let tree = known_tree("timely-dies");
    for dying in ["0", "1", "2"] {
        let outputs = run(3, |_| {
            [on(&tree, &["--die"]), vec![OsStr::new(dying)]].concat()
        });
        for (rank, output) in outputs.iter().enumerate() {
            if rank.to_string() == dying {
                assert!(!output.status.success(), "{}", both(output));
            } else {
                assert_eq!(output.status.code(), Some(3), "{}", both(output));
                let told = text(&output.stderr);
                assert!(told.contains(&format!("rank {rank}: lost rank ")), "{told}");
            }
        }
    }
}

#[test]
fn a_missing_input_is_told_by_all() {
    let tree = known_tree("timely-missing");
    let missing = tree.0.join("missing");
    for without in 0..3 {
        let outputs = run(3, |rank| {
            let path = if rank == without { &missing } else { &tree.0 };
            vec![path.as_os_str()]
        });
        for output in &outputs {
            assert_eq!(output.status.code(), Some(2), "{}", both(output));
            assert!(
                text(&output.stderr).contains("missing: No such file"),
                "{}",
                both(output)
            );
        }
    }
}

#[test]
fn ranks_without_files_are_told_and_do_not_matter() {
    let tree = Tree::new("timely-few");
    tree.file("only.rs", "fn main() {}\n");
    let outputs = run(3, |_| on(&tree, &["--verify"]));
    for (rank, output) in outputs.iter().enumerate() {
        assert!(output.status.success(), "{}", both(output));
        let told = text(&output.stderr).contains("no files for this rank");
        assert_eq!(told, rank > 0, "{}", both(output));
    }
    assert_eq!(
        common::row(&text(&outputs[0].stdout), "total"),
        [1, 13, 1, 3, 2]
    );
}

#[test]
fn no_files_at_all_are_an_error() {
    let tree = Tree::new("timely-empty");
    for ranks in RANKS {
        let outputs = run(ranks, |_| on(&tree, &[]));
        assert_eq!(outputs[0].status.code(), Some(2), "{}", both(&outputs[0]));
        assert!(text(&outputs[0].stderr).contains("there are no files in"));
    }
}

#[test]
fn a_rank_that_does_not_come_is_not_waited_for_without_end() {
    let tree = known_tree("timely-alone");
    let args = on(&tree, &["--patience", "1"]);
    let output = Running::new(0, 2, "127.0.0.1:0", &args).end();
    assert_eq!(output.status.code(), Some(3), "{}", both(&output));
    assert!(text(&output.stderr).contains("not all ranks have come within 1 s"));
    // Nobody listens there.
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let output = Running::new(1, 2, &address, &args).end();
    assert_eq!(output.status.code(), Some(3), "{}", both(&output));
}

#[test]
fn ranks_that_do_not_belong_together_are_told() {
    let tree = known_tree("timely-odd");
    let args = on(&tree, &["--patience", "60"]);
    for (rank, ranks) in [(1, 3), (2, 3)] {
        let (first, place) = Running::first(0, 2, "127.0.0.1:0", &args);
        let other = Running::new(rank, ranks, &place, &args);
        for output in [first.end(), other.end()] {
            assert_eq!(output.status.code(), Some(3), "{}", both(&output));
        }
    }
}

#[test]
fn wrong_command_lines_end_with_code_2() {
    for args in [
        &["--rank", "1"][..],
        &[
            "--rank",
            "2",
            "--ranks",
            "2",
            "--coordinator",
            "127.0.0.1:0",
        ],
        &["--ranks", "0"],
        &["--ranks", "2"],
        &["--ranks", "many"],
        &["--die"],
        &["--bogus"],
    ] {
        let output = guarded(PROGRAM).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?} {}", both(&output));
        assert!(text(&output.stderr).contains(args[0]), "{}", both(&output));
    }
    let output = guarded(PROGRAM).arg("--help").output().unwrap();
    assert!(output.status.success() && text(&output.stdout).contains("--coordinator"));
}
