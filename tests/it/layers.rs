//! An import never points up: the layers of the source tree, and the floors of the pool.

use crate::source::{Arrow, Tree};

/// The layer of a module of the crate; modules of one layer may use each other.
fn layer(module: &str) -> u32 {
    let (top, below) = module.split_once("::").unwrap_or((module, ""));
    match top {
        "sync" | "util" | "trace" | "sim" => 0,
        "job" | "latch" => 1,
        "sleep" | "task" | "timer" => 2,
        "pool" => 3,
        "entry" | "time" => 4,
        "iter" if below.starts_with("plumbing") => 5,
        "iter" => 6,
        "slice" | "str" | "string" | "vec" | "array" | "range" | "range_inclusive" | "option"
        | "result" | "collections" => 7,
        "prelude" | "hyper" => 8,
        // `lib.rs`.
        "" => 9,
        other => panic!("src/{other} has no layer yet: give it one in tests/it/layers.rs"),
    }
}

/// The floors inside the pool: of those that a module is below, the longest counts.
const FLOORS: &[(&str, u32)] = &[
    ("pool::seat", 0),
    ("pool::injectors", 0),
    ("pool::threads", 0),
    ("pool::blocking", 0),
    ("pool::driver", 0),
    ("pool::events", 0),
    ("pool::rescue", 0),
    ("pool::watch", 0),
    ("pool::hooks", 0),
    ("pool::sizes", 0),
    ("pool::standing", 0),
    ("pool::registry", 1),
    ("pool::find", 2),
    ("pool::rescue::sight", 2),
    ("pool::asleep", 2),
    ("pool::tell", 3),
    ("pool::publish", 4),
    ("pool::resize", 4),
    ("pool::rest", 4),
    ("pool::timers", 4),
    ("pool::nested", 4),
    ("pool::home", 5),
    ("pool::rescue::post", 5),
    ("pool::region", 5),
    ("pool::watch::look", 5),
    ("pool::rescue::deputy", 5),
    ("pool::computing", 6),
    ("pool::halves", 7),
    ("pool::wait", 7),
    ("pool::yielding", 7),
    ("pool::limit", 8),
    ("pool::guest", 8),
    ("pool::worker", 8),
    ("pool::errand", 8),
    ("pool::blocking::run", 8),
    ("pool::shutdown", 8),
    ("pool::start", 9),
    ("pool::metrics", 9),
    ("pool::prometheus", 9),
];

/// The floor of `pool/mod.rs`: what it declares is for those outside.
const HEAD: u32 = 10;

/// The floor of a module of the pool.
fn floor(module: &str) -> Option<u32> {
    if module == "pool" {
        return Some(HEAD);
    }
    let is_below = |prefix: &str| {
        let rest = module.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let found = FLOORS.iter().filter(|(prefix, _)| is_below(prefix));
    let longest = found.max_by_key(|(prefix, _)| prefix.len());
    longest.map(|(_, floor)| *floor)
}

fn is_pool(module: &str) -> bool {
    module == "pool" || module.starts_with("pool::")
}

/// The imports that point up, from layer to layer or from floor to floor; and files without a
/// floor.
pub(crate) fn upward(tree: &Tree, arrows: &[Arrow]) -> Vec<String> {
    let mut found = Vec::new();
    for file in &tree.files {
        if is_pool(&file.module) && floor(&file.module).is_none() {
            let path = &file.path;
            found.push(format!(
                "{path} has no floor yet: give it one in tests/it/layers.rs"
            ));
        }
    }
    for arrow in arrows {
        let (from, to) = (
            &*tree.files[arrow.from].module,
            &*tree.files[arrow.to].module,
        );
        let mut note = |what: &str, low: u32, high: u32| {
            if high > low {
                let text = tree.describe(arrow);
                found.push(format!("up from {what} {low} to {high}: {text}"));
            }
        };
        note("layer", layer(from), layer(to));
        if is_pool(from) && is_pool(to) {
            if let (Some(low), Some(high)) = (floor(from), floor(to)) {
                note("floor", low, high);
            }
        }
    }
    found
}

#[test]
fn no_import_points_up() {
    let tree = Tree::read();
    let count = tree.files.len();
    assert!(count > 40, "only {count} files found");
    let arrows = tree.arrows();
    assert!(arrows.len() > 400, "only {} imports found", arrows.len());
    let wrong = upward(&tree, &arrows);
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// How many imports of a file point up, in a tree with a few others.
fn caught(path: &str, source: &str) -> usize {
    let mut sources = vec![
        (
            "src/lib.rs",
            "mod pool; mod sync; mod entry; mod latch; pub mod iter; mod time;
             mod prelude; mod task;
             pub use entry::{FnContext, join}; pub use pool::Pool;",
        ),
        ("src/sync.rs", "pub(crate) fn lock() {}"),
        (
            "src/entry.rs",
            "pub fn join() {} pub struct FnContext; pub(crate) fn a() {} pub(crate) struct X;",
        ),
        ("src/latch.rs", "pub(crate) struct Latch;"),
        ("src/task.rs", ""),
        ("src/prelude.rs", ""),
        ("src/time.rs", "pub(crate) fn sleep() {}"),
        (
            "src/iter/mod.rs",
            "pub mod plumbing; mod map; pub trait Iter {}",
        ),
        ("src/iter/map.rs", "pub struct Map;"),
        ("src/iter/plumbing.rs", ""),
        (
            "src/pool/mod.rs",
            "mod seat; mod wait; mod rescue; pub use self::seat::Seat as Pool;
             pub(crate) use self::wait::until; pub(crate) fn head() {}",
        ),
        ("src/pool/seat.rs", "pub struct Seat;"),
        ("src/pool/wait.rs", "pub(crate) fn until() {}"),
        (
            "src/pool/rescue/mod.rs",
            "pub(super) mod post; mod policy; pub(super) struct Rescue;",
        ),
        ("src/pool/rescue/post.rs", "pub(crate) struct Post;"),
        ("src/pool/rescue/policy.rs", ""),
    ];
    let file = sources.iter_mut().find(|(other, _)| *other == path);
    file.expect("a file of this tree").1 = source;
    let tree = Tree::of(&sources);
    upward(&tree, &tree.arrows()).len()
}

#[test]
fn an_import_that_points_up_is_caught() {
    assert_eq!(caught("src/latch.rs", "use crate::pool::Pool;"), 1);
    assert_eq!(
        caught(
            "src/pool/wait.rs",
            "use crate::{sync::lock, entry::{a, FnContext}};"
        ),
        2
    );
    assert_eq!(
        caught("src/pool/wait.rs", "fn f() { crate::join(|| 1, || 2); }"),
        1
    );
    assert_eq!(caught("src/task.rs", "use crate::Pool;"), 1);
    assert_eq!(
        caught("src/iter/plumbing.rs", "use crate::iter::map::Map;"),
        1
    );
    assert_eq!(caught("src/iter/plumbing.rs", "use super::Iter;"), 1);
    assert_eq!(
        caught(
            "src/pool/wait.rs",
            "use crate::latch::Latch; // crate::join"
        ),
        0
    );
    assert_eq!(caught("src/time.rs", "use crate::entry::{self, X};"), 0);
    assert_eq!(caught("src/prelude.rs", "use crate::{time, FnContext};"), 0);
    // A place for users is no import, unless the file has a use for it, too.
    assert_eq!(caught("src/task.rs", "pub use crate::entry::a;"), 0);
    assert_eq!(
        caught("src/task.rs", "pub use crate::entry::a; fn f() { a() }"),
        1
    );
}

#[test]
fn an_import_that_points_up_inside_the_pool_is_caught() {
    assert_eq!(
        caught(
            "src/pool/seat.rs",
            "pub struct Seat; use super::wait::until;"
        ),
        1
    );
    assert_eq!(
        caught(
            "src/pool/seat.rs",
            "pub struct Seat; fn f() { super::until() }"
        ),
        1
    );
    assert_eq!(
        caught(
            "src/pool/seat.rs",
            "pub struct Seat; use crate::pool::head;"
        ),
        1
    );
    assert_eq!(
        caught("src/pool/wait.rs", "fn until(_: super::seat::Seat) {}"),
        0
    );
    // The longest prefix counts.
    assert_eq!(
        caught("src/pool/rescue/policy.rs", "use super::super::seat::Seat;"),
        0
    );
    assert_eq!(
        caught("src/pool/rescue/policy.rs", "use super::post::Post;"),
        1
    );
    assert_eq!(
        caught("src/pool/wait.rs", "use super::rescue::post::Post;"),
        0
    );
    assert_eq!(caught("src/pool/rescue/post.rs", "use super::Rescue;"), 0);
}

#[test]
fn a_file_of_the_pool_needs_a_floor() {
    let attic = |head: &'static str| {
        Tree::of(&[
            ("src/lib.rs", "mod pool;"),
            ("src/pool/mod.rs", head),
            ("src/pool/seat.rs", ""),
            ("src/pool/seats.rs", ""),
        ])
    };
    assert!(upward(&attic("mod seat;"), &[]).is_empty());
    let found = upward(&attic("mod seat; mod seats;"), &[]);
    assert_eq!(
        found,
        ["src/pool/seats.rs has no floor yet: give it one in tests/it/layers.rs"]
    );
}
