//! Measures of the house, and their limits. `ci/house.sh` prints them.

use crate::layers;
use crate::source::{Arrow, File, Tree};

/// A file of the pool has fewer lines, tests apart.
const FILE: usize = 450;

/// A function of the pool has at most this many lines.
const FUNCTION: usize = 60;

/// `Registry` has at most this many methods, in all files together.
const METHODS: usize = 30;

/// Sets of files that import each other, directly or through others of the set.
///
/// Left out are the imports of a folder's `mod.rs` from that folder: the two are one module to
/// those outside, and a trait there names the types that the files below it make of it.
fn circles(tree: &Tree, arrows: &[Arrow]) -> Vec<String> {
    let is_own = |from: &File, to: &File| {
        from.path.ends_with("/mod.rs") && to.module.starts_with(&format!("{}::", from.module))
    };
    let others: Vec<Arrow> = arrows
        .iter()
        .filter(|arrow| !is_own(&tree.files[arrow.from], &tree.files[arrow.to]))
        .cloned()
        .collect();
    let describe = |circle: Vec<usize>| {
        let mut text = format!("{} files in a circle:", circle.len());
        for arrow in &others {
            if circle.contains(&arrow.from) && circle.contains(&arrow.to) {
                text.push_str("\n    ");
                text.push_str(&tree.describe(arrow));
            }
        }
        text
    };
    tree.circles(&others).into_iter().map(describe).collect()
}

/// The functions with more than `most` lines in files that `wanted` picks, longest first.
fn long_functions(tree: &Tree, most: usize, wanted: impl Fn(&File) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| wanted(file)) {
        for (name, line, lines) in file.functions() {
            if lines > most {
                found.push((lines, format!("{}:{line} {name}: {lines} lines", file.path)));
            }
        }
    }
    found.sort();
    found.into_iter().rev().map(|(_, text)| text).collect()
}

/// How many methods the types of this name have.
fn methods_of(tree: &Tree, wanted: &str) -> usize {
    let of_it = |((_, name), (count, _)): (&(usize, String), &(usize, _))| {
        (name == wanted).then_some(*count)
    };
    tree.methods().iter().filter_map(of_it).sum()
}

fn is_pool(file: &File) -> bool {
    file.path.starts_with("src/pool/")
}

/// One line of the table.
fn figure(name: &str, value: impl std::fmt::Display) {
    println!("house: {name}: {value}");
}

#[test]
fn the_house_is_in_order() {
    println!();
    let tree = Tree::read();
    let arrows = tree.arrows();
    let mut complaints = Vec::new();

    let found = circles(&tree, &arrows);
    figure("import circles in src/", found.len());
    complaints.extend(found);

    let found = layers::upward(&tree, &arrows);
    figure("upward imports in src/", found.len());
    complaints.extend(found);

    let sizes = tree.files.iter().filter(|file| is_pool(file));
    let mut sizes: Vec<_> = sizes.map(|file| (file.lines(), &*file.path)).collect();
    sizes.sort_unstable();
    let (lines, path) = sizes.last().expect("the pool has files");
    figure("largest file of src/pool", format!("{path}, {lines} lines"));
    let too_long = sizes.iter().filter(|(lines, _)| *lines >= FILE);
    complaints.extend(too_long.map(|(lines, path)| format!("{path} has {lines} lines")));

    let registry = methods_of(&tree, "Registry");
    assert!(registry > 0, "there is no Registry");
    figure("methods of Registry", registry);
    if registry > METHODS {
        complaints.push(format!("Registry has {registry} methods"));
    }
    let methods = tree.methods();
    let of_pool = methods
        .iter()
        .filter(|((file, _), _)| is_pool(&tree.files[*file]));
    let (count, name) = of_pool
        .map(|((_, name), (count, _))| (count, name))
        .max()
        .expect("the pool has types");
    figure("most methods in src/pool", format!("{name}, {count}"));

    let found = long_functions(&tree, FUNCTION, is_pool);
    figure("functions over 60 lines in src/pool", found.len());
    complaints.extend(found);
    let elsewhere = long_functions(&tree, FUNCTION, |file| !is_pool(file));
    figure("functions over 60 lines elsewhere", elsewhere.len());
    for function in elsewhere {
        println!("house:     {function}");
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// How many circles there are in the given files.
fn circles_of(sources: &[(&str, &str)]) -> usize {
    let tree = Tree::of(sources);
    circles(&tree, &tree.arrows()).len()
}

#[test]
fn a_circle_is_found() {
    let lib = ("src/lib.rs", "mod a; mod b;");
    let b = ("src/b.rs", "pub(crate) fn f() { crate::a::g() }");
    let one_way = ("src/a.rs", "pub(crate) fn g() {}");
    assert_eq!(circles_of(&[lib, b, one_way]), 0);
    for back in [
        "use crate::b::f;",
        "use super::{b::f as other};",
        "use super::b::*;",
        "fn h() { super::b::f() }",
        "use crate::b; fn h() { b::f() }",
        "fn h() { assert!(x.y == crate::b::f()) }",
        "mod inside { use super::super::b::f; }",
        "fn h() -> self::super::b::f {}",
    ] {
        let text = format!("pub(crate) fn g() {{}} {back}");
        assert_eq!(circles_of(&[lib, b, ("src/a.rs", &text)]), 1, "{back}");
    }
    for no_import in [
        "#[cfg(test)] use crate::b::f;",
        "#[cfg(test)] mod tests { use crate::b::f; }",
        "#[test] fn h() { crate::b::f() }",
        "/// [`f`](crate::b::f)\nfn h() {}",
        "pub use crate::b::f;",
        "use std::f;",
    ] {
        let text = format!("pub(crate) fn g() {{}} {no_import}");
        assert_eq!(circles_of(&[lib, b, ("src/a.rs", &text)]), 0, "{no_import}");
    }
}

#[test]
fn a_circle_is_found_through_a_re_export() {
    let lib = ("src/lib.rs", "mod folder; mod x;");
    let head = (
        "src/folder/mod.rs",
        "mod a; mod b; pub(crate) use self::{a::g, b::f};",
    );
    let b = ("src/folder/b.rs", "use super::g; pub(crate) fn f() {}");
    let quiet = ("src/folder/a.rs", "pub(crate) fn g() {}");
    let x = ("src/x.rs", "use crate::folder::f;");
    assert_eq!(circles_of(&[lib, head, b, quiet, x]), 0);
    let back = ("src/folder/a.rs", "use super::f; pub(crate) fn g() {}");
    assert_eq!(circles_of(&[lib, head, b, back, x]), 1);
    // Three files, and a detour outside of the folder.
    let detour = ("src/folder/a.rs", "pub(crate) fn g() { crate::x::h() }");
    assert_eq!(circles_of(&[lib, head, b, detour, x]), 1);
    // What the head of the folder declares is its own.
    let head = "mod a; mod b; pub(crate) struct Own; fn f() -> b::F { a::g() }";
    let own = ("src/folder/a.rs", "use super::Own; pub(crate) fn g() {}");
    let b = ("src/folder/b.rs", "pub(crate) struct F;");
    let x = ("src/x.rs", "");
    assert_eq!(
        circles_of(&[lib, ("src/folder/mod.rs", head), own, b, x]),
        0
    );
}

#[test]
fn a_long_function_is_found() {
    let body = "\n    step();".repeat(59);
    let fits = format!(
        "/// Doc.\nfn f() {{{}\n}}",
        &body[..body.len() - "\n    step();".len()]
    );
    let long = format!(
        "struct A;\nimpl A {{ fn g() {{{body}\n}} }}\n\
         #[cfg(test)] mod tests {{ fn h() {{{body}\n}} }}\n"
    );
    let lib = |text: &str| Tree::of(&[("src/lib.rs", text)]);
    assert!(long_functions(&lib(&fits), 60, |_| true).is_empty());
    let found = long_functions(&lib(&long), 60, |_| true);
    assert_eq!(found, ["src/lib.rs:2 g: 61 lines"]);
    assert!(long_functions(&lib(&long), 60, is_pool).is_empty());
}

#[test]
fn methods_are_counted_over_several_blocks() {
    let tree = Tree::of(&[
        ("src/lib.rs", "mod a; mod b;"),
        (
            "src/a.rs",
            "pub(crate) struct R; impl R { fn one() {} fn two(&self) {} const X: u8 = 0; }
             impl Clone for R { fn clone(&self) -> R { R } }
             #[cfg(test)] impl R { fn test() {} }",
        ),
        (
            "src/b.rs",
            "use crate::a::R; impl R { fn three() {} } struct S; impl S { fn four() {} }",
        ),
    ]);
    assert_eq!(methods_of(&tree, "R"), 3);
    assert_eq!(methods_of(&tree, "S"), 1);
    let a = tree.files.iter().position(|file| file.module == "a");
    let found = &tree.methods()[&(a.unwrap(), "R".to_owned())];
    assert_eq!((found.0, found.1.len()), (3, 2));
}

#[test]
fn lines_are_counted_without_tests() {
    let tree = Tree::of(&[(
        "src/lib.rs",
        "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\n",
    )]);
    assert_eq!(tree.files[0].lines(), 2);
}
