//! An import never points up: the layers of the source tree, checked by reading it.

use std::fs;
use std::path::{Path, PathBuf};

/// The layer of a module of the crate; modules of one layer may use each other.
fn layer(module: &str) -> u32 {
    let (top, below) = module.split_once("::").unwrap_or((module, ""));
    match top {
        "sync" | "util" | "trace" => 0,
        "job" | "latch" => 1,
        "sleep" | "task" | "timer" => 2,
        "pool" => 3,
        "join" | "scope" | "spawn" | "compute" | "broadcast" | "block_on" | "blocking"
        | "yield_now" | "time" => 4,
        "iter" if below.starts_with("plumbing") => 5,
        "iter" => 6,
        "slice" | "str" | "string" | "vec" | "array" | "range" | "range_inclusive" | "option"
        | "result" | "collections" => 7,
        "prelude" | "entry" | "hyper" | "task_set" | "book" | "compile_fail" => 8,
        other => panic!("src/{other} has no layer yet: give it one in tests/it/layers.rs"),
    }
}

/// Names that `lib.rs` re-exports, by the module they come from. A `crate::Name` is an import of
/// that module.
fn home(exports: &[(String, String)], name: &str) -> Option<String> {
    exports
        .iter()
        .find(|(exported, _)| exported == name)
        .map(|(_, module)| module.clone())
}

/// The public names in `lib.rs`, with their modules: `pub use module::{A, B};`.
fn exports(lib: &str) -> Vec<(String, String)> {
    let mut exports = Vec::new();
    for statement in code(lib).split(';') {
        let Some((_, path)) = statement.split_once("pub use ") else {
            continue;
        };
        for path in flatten(path) {
            if let Some((module, name)) = path.rsplit_once("::") {
                exports.push((
                    name.to_owned(),
                    module.trim_start_matches("self::").to_owned(),
                ));
            }
        }
    }
    exports
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`.
fn flatten(path: &str) -> Vec<String> {
    let path = path.trim();
    let Some(open) = path.find('{') else {
        let path = path.split(" as ").next().unwrap_or(path);
        return vec![path.trim().to_owned()];
    };
    let prefix = path[..open].trim();
    let mut depth = 0;
    let mut from = open + 1;
    let mut parts = Vec::new();
    for (at, c) in path.char_indices().skip_while(|(at, _)| *at < open) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if (c == ',' && depth == 1) || (c == '}' && depth == 0) {
            parts.push(&path[from..at]);
            from = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    parts
        .into_iter()
        .filter(|part| !part.trim().is_empty())
        .flat_map(flatten)
        .map(|part| format!("{prefix}{part}"))
        .collect()
}

/// The source without comments (and so without doctests).
fn code(source: &str) -> String {
    source
        .lines()
        .map(|line| line.find("//").map_or(line, |at| &line[..at]))
        .collect::<Vec<_>>()
        .join("\n")
}

/// All paths below `crate::` that the code names, in imports and elsewhere.
fn uses(source: &str) -> Vec<String> {
    let code = code(source);
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let mut depth = 0;
        let end = rest
            .find(|c: char| {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                let inside = depth > 0 || c == '}';
                !(inside || c.is_alphanumeric() || c == '_' || c == ':')
            })
            .unwrap_or(rest.len());
        found.extend(flatten(rest[..end].trim_end_matches(':')));
    }
    found
}

/// The upward imports of one file.
fn upward(module: &str, source: &str, exports: &[(String, String)]) -> Vec<String> {
    let own = layer(module);
    uses(source)
        .into_iter()
        .filter(|path| {
            let first = path.split("::").next().unwrap_or(path);
            let home = home(exports, first);
            let target = home.as_deref().unwrap_or(path);
            layer(target) > own
        })
        .map(|path| format!("{module} (layer {own}) imports crate::{path}"))
        .collect()
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            if name != "tests" {
                files(&path, into);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            into.push(path);
        }
    }
}

/// A file up to its unit tests, which may import from anywhere.
fn without_tests(source: &str) -> &str {
    let end = source
        .match_indices("#[cfg(")
        .find(|(at, _)| {
            let rest = &source[*at..];
            let line = rest.lines().next().unwrap_or("");
            let next = rest.lines().nth(1).unwrap_or("");
            line.contains("test") && next.starts_with("mod tests {")
        })
        .map_or(source.len(), |(at, _)| at);
    &source[..end]
}

#[test]
fn no_import_points_up() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let exports = exports(&fs::read_to_string(root.join("lib.rs")).unwrap());
    assert!(
        exports
            .iter()
            .any(|(name, module)| name == "join" && module == "join")
    );
    let mut sources = Vec::new();
    files(&root, &mut sources);
    assert!(sources.len() > 40, "only {} files found", sources.len());
    let mut wrong = Vec::new();
    for path in sources {
        let module = path
            .strip_prefix(&root)
            .unwrap()
            .with_extension("")
            .components()
            .map(|part| part.as_os_str().to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join("::");
        // `lib.rs` is above everything; so are doctests in the book and examples.
        if module == "lib" || module == "compile_fail" {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        wrong.extend(upward(&module, without_tests(&source), &exports));
    }
    // `bridge` drives an iterator: the trait stands in its signature, which is rayon's.
    let known = "iter::plumbing::bridge (layer 5) imports crate::iter::IndexedParallelIterator";
    wrong.sort();
    assert_eq!(wrong, [known], "imports that point up");
}

#[test]
fn an_import_that_points_up_is_caught() {
    let exports = exports("pub use join::{FnContext, join};\npub use pool::Pool;");
    let caught = |module: &str, source: &str| upward(module, source, &exports).len();
    assert_eq!(caught("latch", "use crate::pool::Seat;"), 1);
    assert_eq!(
        caught("pool::wait", "use crate::{sync::lock, join::{a, b}};"),
        2
    );
    assert_eq!(
        caught("pool::wait", "fn f() { crate::join(|| 1, || 2); }"),
        1
    );
    assert_eq!(caught("task", "use crate::Pool;"), 1);
    assert_eq!(caught("iter::plumbing", "use crate::iter::map::Map;"), 1);
    assert_eq!(
        caught("pool::wait", "use crate::latch::Latch; // crate::join"),
        0
    );
    assert_eq!(caught("scope::fifo", "use crate::broadcast::{self, X};"), 0);
    assert_eq!(caught("entry", "use crate::{scope, FnContext};"), 0);
}
