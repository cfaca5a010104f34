//! What the compiler says about programs that use this crate wrongly.
//!
//! `src/compile_fail.rs` has more of these; there the compiler's error codes are checked, here its
//! words.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Has cargo check a statement, which must be wrong; returns what the compiler says.
fn errors(name: &str, statement: &str) -> String {
    errors_of(name, &format!("fn main() {{\n    {statement}\n}}\n"))
}

/// As [`errors`], of a whole program.
fn errors_of(name: &str, text: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("messages");
    let program = home.join(name);
    fs::create_dir_all(program.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = '{name}'\nedition = '2024'\n[workspace]\n\
         [dependencies]\nmanyhands = {{ path = '{root}' }}\n"
    );
    fs::write(program.join("Cargo.toml"), manifest).unwrap();
    fs::write(program.join("src/main.rs"), text).unwrap();
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
    assert!(!output.status.success(), "compiled: {text}\n{said}");
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

/// The attributes used wrongly: a program, what the compiler says, and where it points, which is
/// marked by `«` and `»`. All programs are checked at once, each in a module.
#[cfg(feature = "macros")]
const MISUSES: &[(&str, &str)] = &[
    (
        "#[manyhands::main]\n«fn» start() {}",
        "`#[manyhands::main]` is for an `async fn`: write `async` in front of `fn`, or remove the \
         attribute",
    ),
    (
        "#[manyhands::test]\npub «struct» Test;",
        "`#[manyhands::test]` is for an `async fn`: write `async` in front of `fn`. For a test \
         that is not async write `#[test]`; if that is what stands here, it means \
         `manyhands::test` because of `use manyhands::*`: import what you need by name",
    ),
    (
        "#[manyhands::main]\nasync fn start(«args: Vec<String>, n: u32») {}",
        "a function with `#[manyhands::main]` has no arguments: nobody would pass them. Remove \
         them, and read the program's own with `std::env::args`; or call `manyhands::block_on` in \
         a function without the attribute",
    ),
    (
        "#[manyhands::test]\nasync fn test(«n: u32») {}",
        "a function with `#[manyhands::test]` has no arguments: nobody would pass them. Remove \
         them, and call an async function that has them",
    ),
    (
        "#[manyhands::test]\nasync fn test«<»T>() {}",
        "a function with `#[manyhands::test]` cannot be generic: nobody could say with which types \
         it is called. Remove the parameters",
    ),
    (
        "#[manyhands::main(«threads» = 4)]\nasync fn start() {}",
        "there is no setting `threads` of `#[manyhands::main]`: there are `num_threads = N` and \
         `crate = path`",
    ),
    (
        "#[manyhands::test(num_threads = 2, «unlucky» = true)]\nasync fn test() {}",
        "there is no setting `unlucky` of `#[manyhands::test]`: there are `num_threads = N`, \
         `start_paused = true`, `seed = N` and `crate = path`",
    ),
    (
        "#[manyhands::main(«worker_threads» = 4)]\nasync fn start() {}",
        "`worker_threads` is called `num_threads` here: write `num_threads = N`",
    ),
    (
        "#[manyhands::test(«flavor» = \"current_thread\")]\nasync fn test() {}",
        "there are no flavors here: every pool can steal work. Remove `flavor`; for a pool of one \
         thread write `num_threads = 1`",
    ),
    (
        "#[manyhands::main(«start_paused» = true)]\nasync fn start() {}",
        "`start_paused` is for `#[manyhands::test]`; here there are `num_threads = N` and `crate = \
         path`",
    ),
    (
        "#[manyhands::main(num_threads = «\"four\"»)]\nasync fn start() {}",
        "`num_threads` takes an integer, as in `num_threads = 4`. For a number that is not known \
         here, remove the attribute and use `manyhands::Pool::builder`",
    ),
    (
        "#[manyhands::test(num_threads = «0»)]\nasync fn test() {}",
        "a pool has at least one thread. For the number that pools have by default, remove \
         `num_threads`",
    ),
    (
        "#[manyhands::main(num_threads = 4, «num_threads» = 5)]\nasync fn start() {}",
        "`num_threads` is set twice: remove one of them",
    ),
    (
        "#[manyhands::main(num_threads «=»)]\nasync fn start() {}",
        "`num_threads` takes an integer, as in `num_threads = 4`",
    ),
    (
        "#[manyhands::main(«num_threads»)]\nasync fn start() {}",
        "`num_threads` needs a value: write `num_threads = 4`",
    ),
    (
        "#[manyhands::main(«4»)]\nasync fn start() {}",
        "expected a setting, as in `num_threads = 4`",
    ),
    (
        "#[manyhands::test(crate = «17»)]\nasync fn test() {}",
        "`crate` takes the path under which this program knows manyhands, as in `crate = rayon`",
    ),
    (
        "#[manyhands::test]\n#«[test]»\nasync fn test() {}",
        "this is a second attribute that makes a test of this function: remove it, or \
         `#[manyhands::test]`",
    ),
    (
        "#[manyhands::test(«seed» = 17)]\nasync fn test() {}",
        "`seed` needs the feature `sim` of manyhands: add it in Cargo.toml, under \
         [dev-dependencies], as in `manyhands = { version = \"..\", features = [\"sim\"] }`",
    ),
    (
        "#[manyhands::test(«start_paused» = true)]\nasync fn test() {}",
        "`start_paused` needs the feature `test-util` or `sim` of manyhands",
    ),
    (
        "#[manyhands::main]\nasync fn start() -> u32 {\n    let n = 1;\n    «\"text\"»\n}",
        "mismatched types",
    ),
    (
        "#[manyhands::main]\nasync fn start() -> Result<(), String> {\n    1_i32.«abc»();\n    Ok(())\n}",
        "no method named `abc` found for type `i32` in the current scope",
    ),
];

#[cfg(feature = "macros")]
#[test]
fn attributes_used_wrongly() {
    let mut program = String::from("#![cfg_attr(test, allow(dead_code))]\nfn main() {}\n");
    let mut wanted = Vec::new();
    for (number, (text, message)) in MISUSES.iter().enumerate() {
        program += &format!("mod m{number} {{\n");
        for line in text.lines() {
            let clean = line.replace(['«', '»'], "");
            if let Some(before) = line.find('«') {
                let at = program.lines().count() + 1;
                let column = line[..before].chars().count() + 1;
                wanted.push((*message, format!("--> src/main.rs:{at}:{column}\n")));
            }
            program += &clean;
            program.push('\n');
        }
        program += "}\n";
    }
    let said = errors_of("attributes", &program);
    let parts: Vec<&str> = said.split("\n\n").collect();
    for (message, place) in &wanted {
        let found = parts
            .iter()
            .any(|part| part.contains(message) && part.contains(place.as_str()));
        assert!(found, "{message:?} at {place:?} in\n{said}");
    }
    let summary = format!("due to {} previous errors", wanted.len());
    assert!(said.contains(&summary), "not {summary:?} in\n{said}");
}
