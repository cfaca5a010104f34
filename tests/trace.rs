//! The timeline: programs that run with `MANYHANDS_TRACE` set, and the files that they leave.
//!
//! Each program is this test binary once more, with the name of one of the `child_` tests; without
//! the variable these do nothing.

#![cfg(unix)]

use manyhands::prelude::*;
use manyhands::task::Builder;
use manyhands::{Pool, block_on, join, spawn, spawn_blocking};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Set for children only.
const CHILD: &str = "TRACE_TEST_CHILD";

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

fn run(child: &str, file: &Path, notes: Option<&str>) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", child, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .env("MANYHANDS_TRACE", file)
        .env("MANYHANDS_NUM_THREADS", "2");
    if let Some(notes) = notes {
        command.env("MANYHANDS_TRACE_NOTES", notes);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder of its own, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("manyhands-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Futures, loops in futures, joins, a named task, and closures that block.
async fn work() {
    let named = Builder::new()
        .name("the \"named\" one </script>")
        .spawn(async {
            let sum: u64 = (0..1_000_000_u64)
                .into_par_iter()
                .map(|n| n ^ (n << 3))
                .sum();
            std::hint::black_box(sum);
        });
    for _ in 0..20 {
        spawn(async { manyhands::task::yield_now().await })
            .await
            .unwrap();
    }
    spawn_blocking(|| join(|| 1, || 2)).await.unwrap();
    named.await.unwrap();
}

#[test]
fn child_with_a_pool() {
    if is_child() {
        let pool = Pool::builder().num_threads(2).build().unwrap();
        pool.block_on(work());
        pool.shutdown();
    }
}

#[test]
fn child_that_drops_its_pools() {
    if is_child() {
        for _ in 0..2 {
            let pool = Pool::builder().num_threads(1).build().unwrap();
            pool.install(|| join(|| 1, || 2));
        }
    }
}

#[test]
fn child_with_the_default_pool() {
    if is_child() {
        block_on(work());
    }
}

#[test]
fn child_without_futures() {
    if is_child() {
        let sum: u64 = (0..1_000_000_u64)
            .into_par_iter()
            .map(|n| n ^ (n << 3))
            .sum();
        std::hint::black_box(sum);
    }
}

#[test]
fn child_that_writes_by_itself() {
    if is_child() {
        let pool = Pool::builder().num_threads(1).build().unwrap();
        let base = PathBuf::from(std::env::var_os("MANYHANDS_TRACE").unwrap());
        pool.install(|| ());
        pool.write_trace(base.with_file_name("early.json")).unwrap();
        let error = pool.write_trace("/no/such/folder/trace.json").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
        if cfg!(target_os = "linux") {
            assert!(pool.write_trace("/dev/full").is_err());
        }
        assert_eq!(pool.install(|| 6 * 7), 42);
    }
}

/// What the file says, as spans: thread, category, name.
type Spans = Vec<(String, String, String)>;

/// Reads a file in Chrome's format. Panics unless begins and ends of each thread nest, and times
/// grow.
fn read(file: &Path) -> (Spans, Value) {
    let text = fs::read_to_string(file).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    let mut threads = BTreeMap::new();
    let mut open: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
    let mut last: BTreeMap<u64, f64> = BTreeMap::new();
    let mut spans = Vec::new();
    for event in json["traceEvents"].as_array().unwrap() {
        let tid = event["tid"].as_u64().unwrap_or(0);
        let phase = event["ph"].as_str().unwrap();
        if phase == "M" {
            if event["name"] == "thread_name" {
                let name = event["args"]["name"].as_str().unwrap().to_owned();
                assert!(threads.insert(tid, name).is_none());
            }
            continue;
        }
        let at = event["ts"].as_f64().unwrap();
        let before = last.insert(tid, at).unwrap_or(0.0);
        assert!(before <= at, "{event} comes after {before}");
        match phase {
            "B" => {
                let text = |key: &str| event[key].as_str().unwrap().to_owned();
                spans.push((threads[&tid].clone(), text("cat"), text("name")));
                open.entry(tid).or_default().push(event.clone());
            }
            "E" => assert!(open.get_mut(&tid).unwrap().pop().is_some(), "{event}"),
            "i" => assert_eq!(event["name"], "steal"),
            other => panic!("what is {other}?"),
        }
    }
    assert!(open.values().all(Vec::is_empty), "{open:?}");
    (spans, json)
}

fn kinds(spans: &Spans) -> BTreeSet<&str> {
    spans.iter().map(|span| &*span.1).collect()
}

#[test]
fn both_kinds_of_work_are_there_and_nest() {
    let folder = Folder::new("nest");
    let file = folder.file("trace.json");
    run("child_with_a_pool", &file, None);
    let (spans, json) = read(&file);
    assert_eq!(json["otherData"]["dropped"], "0");
    for kind in ["poll", "compute", "permit lent", "asleep"] {
        assert!(kinds(&spans).contains(kind), "no {kind}");
    }
    let of = |thread: &str| spans.iter().any(|span| span.0.starts_with(thread));
    assert!(of("worker") && of("guest") && of("blocking"));
    let named = spans
        .iter()
        .filter(|it| it.2 == "the \"named\" one </script>");
    assert!(named.count() >= 1);
    let events = json["traceEvents"].as_array().unwrap();
    let sites = events
        .iter()
        .filter_map(|it| it["args"]["spawned"].as_str());
    assert!(sites.filter(|site| site.contains("trace.rs:")).count() >= 20);
}

#[test]
fn the_default_pool_is_written_too() {
    let folder = Folder::new("default");
    for child in ["child_with_the_default_pool", "child_without_futures"] {
        let file = folder.file(&format!("{child}.json"));
        run(child, &file, None);
        assert!(kinds(&read(&file).0).contains("compute"), "{child}");
    }
}

#[test]
fn every_pool_has_a_file() {
    let folder = Folder::new("pools");
    run("child_that_drops_its_pools", &folder.file("it.json"), None);
    for name in ["it.json", "it-2.json"] {
        let (spans, _) = read(&folder.file(name));
        assert!(spans.iter().any(|span| span.0 == "worker 0"), "{name}");
    }
    assert!(!folder.file("it-3.json").exists());
}

#[test]
fn what_is_dropped_is_counted_and_the_rest_nests() {
    let folder = Folder::new("full");
    let file = folder.file("trace.json");
    run("child_with_a_pool", &file, Some("7"));
    let (spans, json) = read(&file);
    assert!(!spans.is_empty());
    let dropped: u64 = json["otherData"]["dropped"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(dropped > 0);
}

#[test]
fn the_page_stands_alone() {
    let folder = Folder::new("page");
    let file = folder.file("trace.HTML");
    run("child_with_a_pool", &file, None);
    let page = fs::read_to_string(&file).unwrap();
    for outside in [
        "http:", "https:", "src=", "href=", "url(", "@import", "fetch(",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    // The name of a task cannot end the script.
    assert_eq!(page.matches("</script").count(), 1);
    let (_, data) = page.split_once("const data = ").unwrap();
    let (data, _) = data.split_once(";\n").unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    let end = data["end"].as_f64().unwrap();
    let mut seen = BTreeSet::new();
    for lane in data["lanes"].as_array().unwrap() {
        for span in lane["spans"].as_array().unwrap() {
            let number = |at: usize| span[at].as_f64().unwrap();
            assert!(number(0) <= number(1) && number(1) <= end, "{span}");
            seen.insert(span[3].as_u64().unwrap());
        }
    }
    assert!(
        seen.contains(&0) && seen.contains(&1),
        "polls and computations: {seen:?}"
    );
    let names = data["tasks"].as_object().unwrap().values();
    let names: Vec<_> = names.filter_map(|it| it[1].as_str()).collect();
    assert_eq!(names, ["the \"named\" one </script>"]);
}

#[test]
fn a_file_that_cannot_be_written_is_reported_and_the_pool_lives_on() {
    let nowhere = Path::new("/no/such/folder/trace.json");
    let said = stderr(&run("child_with_a_pool", nowhere, None));
    assert!(
        said.contains("manyhands: the trace cannot be written to /no/such/folder/"),
        "{said}"
    );
    if cfg!(target_os = "linux") {
        let said = stderr(&run("child_with_a_pool", Path::new("/dev/full"), None));
        assert!(said.contains("cannot be written to /dev/full"), "{said}");
        assert!(said.contains("No space left"), "{said}");
    }
}

#[test]
fn a_program_can_write_when_it_wants() {
    let folder = Folder::new("early");
    run(
        "child_that_writes_by_itself",
        &folder.file("late.json"),
        None,
    );
    let (early, _) = read(&folder.file("early.json"));
    let (late, _) = read(&folder.file("late.json"));
    assert!(!early.is_empty() && early.len() < late.len());
}

#[test]
fn without_the_variable_there_is_nothing_to_write() {
    if std::env::var_os("MANYHANDS_TRACE").is_none() {
        let pool = Pool::builder().num_threads(1).build().unwrap();
        let error = pool.write_trace("/tmp/never.json").unwrap_err();
        assert!(error.to_string().contains("MANYHANDS_TRACE"), "{error}");
    }
}
