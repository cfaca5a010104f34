//! The versions of the subjects, from the lock file that the binary was built with.

use std::collections::BTreeMap;

const LOCK: &str = include_str!("../Cargo.lock");

/// The crates that are compared.
const CRATES: &[&str] = &[
    "manyhands",
    "rayon",
    "chili",
    "forte",
    "tokio",
    "async-executor",
    "async-io",
    "hyper",
    "futures",
    "nexosim",
    "orx-parallel",
    "paralight",
];

/// All that are locked, and their versions.
pub fn versions() -> BTreeMap<String, String> {
    let known = |&name: &&str| Some((name.to_owned(), version(name)?.to_owned()));
    CRATES.iter().filter_map(known).collect()
}

/// The version of a crate in the lock file.
fn version(name: &str) -> Option<&'static str> {
    let mut lines = LOCK.lines();
    lines.find(|line| line.strip_prefix("name = ") == Some(&format!("\"{name}\"")))?;
    lines
        .next()?
        .strip_prefix("version = \"")?
        .strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_has_a_version() {
        for name in CRATES {
            let version = version(name).unwrap_or_else(|| panic!("{name} is not locked"));
            assert!(version.split('.').count() >= 3, "{name} {version}");
        }
        assert_eq!(version("no-such-crate"), None);
    }
}
