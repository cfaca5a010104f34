//! Where cargo has put an example.

use std::path::PathBuf;

/// Cargo builds the examples for `cargo test`, beside the tests: `deps/../examples`.
pub(crate) fn program(example: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap().join("examples");
    let program = folder.join(example);
    let program = program.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        program.exists(),
        "{} is missing: plain `cargo test` builds it, and so does `cargo build --example {example}`",
        program.display(),
    );
    program
}
