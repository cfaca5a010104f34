//! The command as a whole: what it writes, and that it shows the same once more from what it saved.

use std::path::PathBuf;
use std::process::{Command, Output};

fn compare(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_manyhands-compare"))
        .args(arguments)
        .output();
    output.expect("the program runs")
}

/// A folder that is gone in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("UTF-8").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_is_saved_can_be_shown_once_more() {
    let folder = Folder::new("compare-command");
    let [json, markdown, plots] = ["a.json", "a.md", "plots"].map(|name| folder.file(name));
    let measured = compare(&[
        "outside",
        "counters",
        "--rounds",
        "1",
        "--threads",
        "1",
        "--json",
        &json,
        "--markdown",
        &markdown,
        "--plots",
        &plots,
    ]);
    assert!(measured.status.success(), "{measured:?}");
    let text = String::from_utf8(measured.stdout).expect("UTF-8");
    assert!(text.contains("## outside, 1 thread\n"), "{text}");
    assert!(text.contains("| rayon |"), "{text}");
    let written = std::fs::read_to_string(&markdown).expect("the tables");
    assert_eq!(written, text);
    let plot = std::fs::read_to_string(folder.file("plots/outside-1.svg")).expect("a plot");
    assert!(plot.starts_with("<svg"), "{plot}");

    let shown = compare(&["--from", &json]);
    assert!(shown.status.success(), "{shown:?}");
    assert_eq!(String::from_utf8_lossy(&shown.stdout), text);
    let twice = compare(&["counters", "--from", &format!("{json},{json}")]);
    let twice = String::from_utf8_lossy(&twice.stdout);
    assert_eq!(twice.matches("## counters").count(), 1, "{twice}");
    assert_eq!(twice.matches("### not counted").count(), 2, "{twice}");
    let part = compare(&["counters", "--from", &json]);
    let part = String::from_utf8_lossy(&part.stdout);
    assert!(
        part.contains("## counters") && !part.contains("## outside"),
        "{part}"
    );
}

/// Each row, with as little as it can do. The peers hang in some rows, and lose none of the others.
#[test]
fn rows_of_tasks_and_loops_have_figures() {
    let folder = Folder::new("compare-mixed");
    let json = folder.file("mixed.json");
    let measured = compare(&[
        "mixed",
        "--rounds",
        "1",
        "--threads",
        "1,2",
        "--seconds",
        "0.05",
        "--json",
        &json,
    ]);
    assert!(measured.status.success(), "{measured:?}");
    let text = std::fs::read_to_string(&json).expect("what was measured");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let grids = report["sections"][0]["grids"].as_array().expect("grids");
    // Ten with two threads, and with one those that wait.
    assert_eq!(grids.len(), 14);
    for grid in grids {
        let title = &grid["title"];
        let lines = grid["lines"].as_array().expect("lines");
        for line in lines {
            let subject = line["subject"].as_str().expect("a name");
            if subject.starts_with("manyhands") {
                assert_eq!(line["hangs"], false, "{title}: {line}");
                let (done, notes) = (&line["values"][4], &grid["notes"]);
                assert!(done.is_f64(), "{title}: {line}, {notes}");
            }
        }
    }
}

/// Each program, with everybody. The C++ libraries may be missing, and then it says so.
#[test]
fn programs_of_other_suites_have_figures() {
    let folder = Folder::new("compare-suite");
    let json = folder.file("suite.json");
    let measured = compare(&["suite", "--quick", "--rounds", "1", "--json", &json]);
    assert!(measured.status.success(), "{measured:?}");
    let text = std::fs::read_to_string(&json).expect("what was measured");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let grids = report["sections"][0]["grids"].as_array().expect("grids");
    // One thread, and two.
    assert_eq!(grids.len(), 2);
    for grid in grids {
        let lines = grid["lines"].as_array().expect("lines");
        for line in lines {
            let skipped = line["outcome"]
                .as_str()
                .is_some_and(|outcome| outcome.starts_with("skipped: "));
            let foreign = ["TBB", "OpenMP"].contains(&line["subject"].as_str().expect("a name"));
            let values = line["values"].as_array().expect("values");
            let measured = values.iter().all(|value| value.is_f64());
            assert!(measured || foreign && skipped, "{line}, {}", grid["notes"]);
        }
        let ours = lines.iter().filter(|line| line["subject"] == "manyhands");
        assert_eq!(ours.count(), 12);
        let score = grid["notes"].to_string();
        assert!(score.contains("rayon, par_iter"), "{score}");
    }
}

/// Each row, with everybody: pinball at seven loads, skynet, sleepers.
#[test]
fn programs_for_executors_have_figures() {
    let folder = Folder::new("compare-neutral");
    let json = folder.file("neutral.json");
    let measured = compare(&[
        "neutral",
        "--quick",
        "--rounds",
        "1",
        "--threads",
        "1,2",
        "--json",
        &json,
    ]);
    assert!(measured.status.success(), "{measured:?}");
    let text = std::fs::read_to_string(&json).expect("what was measured");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert!(report["versions"]["nexosim"].is_string());
    let grids = report["sections"][0]["grids"].as_array().expect("grids");
    assert_eq!(grids.len(), 6);
    for grid in grids {
        let lines = grid["lines"].as_array().expect("lines");
        for line in lines {
            let values = line["values"].as_array().expect("values");
            let measured = values.iter().all(|value| value.is_f64());
            // See README.md.
            let may_hang = line["subject"] == "forte";
            assert!(measured || may_hang, "{line}, {}", grid["notes"]);
        }
        let of = |name| lines.iter().filter(|line| line["subject"] == name).count();
        let title = grid["title"].as_str().expect("a title");
        let (rows, simulator) = match title.split_once(':').expect("a colon").0 {
            "pinball" => (7, 7),
            _ => (1, 0),
        };
        assert_eq!(
            [of("manyhands"), of("tokio"), of("NeXosim")],
            [rows, rows, simulator]
        );
        if rows > 1 {
            let notes = grid["notes"].to_string();
            assert!(notes.contains("Geometric mean"), "{notes}");
        }
    }
}

#[test]
fn mistakes_are_told() {
    let unknown = compare(&["nonsense"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("usage:"));
    let missing = compare(&["--from", "/no/such/file"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("/no/such/file"));
}

#[test]
fn a_child_prints_figures() {
    let figures = |arguments: &[&str]| {
        let output = compare(&[&["--child"], arguments].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    assert!(figures(&["rest", "manyhands", "2", "0"]).contains("\"cpu_ns\""));
    assert!(figures(&["rest-closures", "rayon", "2", "1000"]).contains("\"voluntary\""));
    assert!(figures(&["memory-workers", "chili", "2", "0"]).contains("\"resident\""));
    assert!(figures(&["mixed M7 both", "two tokios", "2", "20"]).contains("\"p99\""));
    let echo = figures(&["world echo 1 connection", "tokio", "2", "50"]);
    assert!(echo.contains("\"cpu_each\""), "{echo}");
    let row = "world http-mixed 4 at a time, primes below 10^5";
    assert!(figures(&[row, "tokio + rayon", "2", "200"]).contains("\"p99\""));
    let fib = figures(&["suite quick fib", "manyhands", "2", "0"]);
    assert!(
        fib.contains("\"time_ns\"") && fib.contains("\"peak\""),
        "{fib}"
    );
    let game = figures(&["neutral quick pinball 3 balls", "NeXosim", "2", "0"]);
    assert!(game.contains("\"time_ns\""), "{game}");
    assert!(!compare(&["--child", "rest"]).status.success());
    let unknown = ["--child", "world echo 1 connection", "nobody", "2", "20"];
    assert!(!compare(&unknown).status.success());
    let unknown = ["--child", "mixed M7 nonsense", "manyhands", "2", "20"];
    assert!(!compare(&unknown).status.success());
}
