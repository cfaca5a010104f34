//! The versions of the subjects, from the lock file that the binary was built with.

const LOCK: &str = include_str!("../Cargo.lock");

/// The crates that are compared, in the order in which they are shown.
pub const CRATES: &[&str] = &[
    "manyhands",
    "rayon",
    "chili",
    "forte",
    "tokio",
    "async-executor",
    "futures",
];

/// The version of a crate in the lock file.
pub fn version(name: &str) -> Option<&'static str> {
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
