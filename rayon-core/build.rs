//! Empty: cargo asks for a build script where `links` is declared.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
}
