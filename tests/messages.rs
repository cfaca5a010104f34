//! What the compiler says about programs that use this crate wrongly.
//!
//! `src/compile_fail.rs` has more of these; there the compiler's error codes are checked, here its
//! words.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Has cargo check a program, which must be wrong; returns what the compiler says.
fn errors(name: &str, statement: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("messages");
    let program = home.join(name);
    fs::create_dir_all(program.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = '{name}'\nedition = '2024'\n[workspace]\n\
         [dependencies]\nmanyhands = {{ path = '{root}' }}\n"
    );
    fs::write(program.join("Cargo.toml"), manifest).unwrap();
    fs::write(
        program.join("src/main.rs"),
        format!("fn main() {{\n    {statement}\n}}\n"),
    )
    .unwrap();
    // The versions that this crate is tested with, which are here.
    fs::copy(
        Path::new(root).join("Cargo.lock"),
        program.join("Cargo.lock"),
    )
    .unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet", "--color=never"])
        .current_dir(&program)
        .env("CARGO_TARGET_DIR", home.join("target"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "compiled: {statement}\n{said}");
    said
}

/// Each of `texts` is said, once.
fn says(said: &str, texts: &[&str]) {
    for text in texts {
        assert_eq!(said.matches(text).count(), 1, "{text:?} in\n{said}");
    }
}

#[test]
fn a_closure_given_to_spawn() {
    let hints = [
        "is not a future, and `spawn` takes a future",
        "for a closure that computes use `spawn_compute`, for one that blocks `spawn_blocking`",
        "for code that awaits use an async block: `spawn(async move { .. })`",
    ];
    let said = errors("closure", "manyhands::spawn(|| 6 * 7);");
    says(&said, &hints);
    says(&said, &["error[E0277]"]);
    let pool = "manyhands::Handle::current().spawn(|| 6 * 7);";
    says(&errors("closure-for-a-pool", pool), &hints);
    let builder = "manyhands::task::Builder::new().name(\"six\").spawn(|| 6 * 7);";
    says(&errors("closure-with-a-name", builder), &hints);
}

/// The bound that has those hints does not spoil what is said about other mistakes.
#[test]
fn a_future_that_is_not_send() {
    let task = "let it = std::rc::Rc::new(6);\n    \
        manyhands::spawn(async move { std::future::ready(()).await; drop(it) });";
    let said = errors("not-send", task);
    says(
        &said,
        &[
            "error: future cannot be sent between threads safely",
            "captured value is not `Send`",
        ],
    );
    let output = "manyhands::spawn(async { std::rc::Rc::new(6) });";
    let said = errors("output-not-send", output);
    assert!(
        said.contains("cannot be sent between threads safely"),
        "{said}"
    );
}
