//! The book's page has a row for each crate, with the version of the lock file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Crates that belong to others of the page.
const PARTS: [&str; 3] = ["manyhands", "prost", "tonic-prost"];

fn read(path: &str) -> String {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(package.join(path)).unwrap()
}

#[test]
fn the_book_names_the_versions_that_are_tested() {
    let lock = read("Cargo.lock");
    let entries = lock.split("[[package]]\n").skip(1);
    let locked: BTreeSet<(&str, &str)> = entries
        .filter_map(|entry| {
            let mut values = entry.lines().map(|line| line.split('"').nth(1));
            Some((values.next()??, values.next()??))
        })
        .collect();
    let page = read("../../book/src/crates.md");
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.split('|').skip(1).map(str::trim);
        let name = cells.next()?.strip_prefix('`')?.split('`').next()?;
        Some((name, cells.next()?))
    });
    let rows: BTreeSet<(&str, &str)> = rows.collect();
    for row in &rows {
        assert!(locked.contains(row), "{row:?} is not what is tested");
    }

    let manifest = read("Cargo.toml");
    let mut is_dependency = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_dependency = line.ends_with("dependencies]");
        }
        let Some((name, _)) = line.split_once(" = ") else {
            continue;
        };
        if is_dependency && !PARTS.contains(&name) {
            let has_row = rows.iter().any(|(row, _)| *row == name);
            assert!(has_row, "the page has no row for {name}");
        }
    }
}
