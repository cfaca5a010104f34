//! The source tree, parsed: its modules, and which file imports which. For the tests that look
//! after the house: `layers`, `house`, `words`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A parsed file of `src/` that is no test.
pub(crate) struct File {
    /// From the root of the repository: `src/pool/seat.rs`.
    pub(crate) path: String,
    /// `pool::seat`; empty for `lib.rs`.
    pub(crate) module: String,
    pub(crate) text: String,
    pub(crate) ast: syn::File,
}

/// A module, which is a file or a part of one.
#[derive(Debug, Default)]
struct Module {
    file: usize,
    parent: usize,
    /// Several of one name differ in their `cfg`.
    children: HashMap<String, Vec<usize>>,
    items: HashSet<String>,
    /// What `use` calls how, private or not.
    bindings: HashMap<String, Vec<Vec<String>>>,
    globs: Vec<Vec<String>>,
}

/// The files that `lib.rs` reaches by `mod`, without tests.
#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
    modules: Vec<Module>,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    Module(usize),
    /// An item of a file.
    Item(usize),
}

/// One file imports another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrow {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) line: usize,
    /// As it is written.
    pub(crate) path: String,
}

/// One leaf of a `use`.
struct Leaf {
    path: Vec<String>,
    /// The name that it makes; none for a glob.
    name: Option<String>,
    line: usize,
}

/// All files below a folder of the repository whose names end in one of `endings`, sorted, from
/// the root.
pub(crate) fn files_below(folder: &str, endings: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(root.join(&folder)) else {
            continue;
        };
        for entry in entries {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let path = format!("{folder}/{name}");
            if entry.path().is_dir() {
                if name != "target" {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The text of a file of the repository.
pub(crate) fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Tree {
    /// The tree of this crate.
    pub(crate) fn read() -> Self {
        let sources = files_below("src", &[".rs"])
            .into_iter()
            .map(|path| (path.clone(), text(&path)))
            .collect();
        Self::new(&sources)
    }

    /// A tree of a few files: `("src/lib.rs", "mod a;")`.
    pub(crate) fn of(sources: &[(&str, &str)]) -> Self {
        let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Self::new(&sources.iter().map(own).collect())
    }

    fn new(sources: &BTreeMap<String, String>) -> Self {
        let mut tree = Self::default();
        tree.load(sources, "src/lib.rs", "", 0);
        tree
    }

    /// Reads a file and those below it; returns its module.
    fn load(
        &mut self,
        sources: &BTreeMap<String, String>,
        path: &str,
        module: &str,
        parent: usize,
    ) -> usize {
        let text = sources
            .get(path)
            .unwrap_or_else(|| panic!("there is no {path}"));
        let ast = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let file = self.files.len();
        self.files.push(File {
            path: path.to_owned(),
            module: module.to_owned(),
            text: text.clone(),
            ast: ast.clone(),
        });
        // `a/mod.rs` and `lib.rs` keep their modules beside them, `a.rs` in `a/`.
        let folder = match path.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs")) => folder,
            _ => path.trim_end_matches(".rs"),
        };
        self.declare(sources, file, folder, module, parent, &ast.items)
    }

    /// Notes what the items of a module declare.
    fn declare(
        &mut self,
        sources: &BTreeMap<String, String>,
        file: usize,
        folder: &str,
        name: &str,
        parent: usize,
        items: &[syn::Item],
    ) -> usize {
        let id = self.modules.len();
        self.modules.push(Module {
            file,
            parent,
            ..Module::default()
        });
        let mut locals = Bindings::default();
        for item in items.iter().filter(|item| !is_test(attributes(item))) {
            if let syn::Item::Mod(module) = item {
                let child_name = module.ident.to_string();
                let path = if name.is_empty() {
                    child_name.clone()
                } else {
                    format!("{name}::{child_name}")
                };
                let below = format!("{folder}/{child_name}");
                let child = if let Some((_, items)) = &module.content {
                    Some(self.declare(sources, file, &below, &path, id, items))
                } else {
                    let choices = match path_attribute(&module.attrs) {
                        Some(other) => vec![format!("{folder}/{other}")],
                        None => vec![format!("{below}.rs"), format!("{below}/mod.rs")],
                    };
                    let found = choices.iter().find(|path| sources.contains_key(*path));
                    let found = found.unwrap_or_else(|| panic!("no file for mod {path}"));
                    Some(self.load(sources, found, &path, id))
                };
                let children = &mut self.modules[id].children;
                children.entry(child_name).or_default().extend(child);
            } else if let Some(name) = item_name(item) {
                self.modules[id].items.insert(name);
            }
            locals.visit_item(item);
        }
        for leaf in locals.0 {
            let module = &mut self.modules[id];
            match leaf.name {
                Some(name) => module.bindings.entry(name).or_default().push(leaf.path),
                None => module.globs.push(leaf.path),
            }
        }
        id
    }

    /// Where a path leads that stands in module `at`. A path that begins with a name is `bare`.
    fn resolve(&self, at: usize, path: &[String], bare: bool, fuel: u32) -> Vec<Target> {
        let module = &self.modules[at];
        let Some((first, rest)) = path.split_first() else {
            return vec![Target::Module(at)];
        };
        let Some(fuel) = fuel.checked_sub(1) else {
            return Vec::new();
        };
        match first.as_str() {
            "crate" => return self.resolve(0, rest, false, fuel),
            "self" => return self.resolve(at, rest, false, fuel),
            "super" => return self.resolve(module.parent, rest, false, fuel),
            _ => {}
        }
        let mut found = Vec::new();
        for child in module.children.get(first).into_iter().flatten() {
            found.extend(self.resolve(*child, rest, false, fuel));
        }
        if !found.is_empty() && !rest.is_empty() {
            return found;
        }
        if module.items.contains(first) {
            found.push(Target::Item(module.file));
            return found;
        }
        for binding in module.bindings.get(first).into_iter().flatten() {
            for target in self.resolve(at, binding, true, fuel) {
                match target {
                    Target::Module(id) => found.extend(self.resolve(id, rest, false, fuel)),
                    item @ Target::Item(_) => found.push(item),
                }
            }
        }
        if found.is_empty() {
            for glob in &module.globs {
                for target in self.resolve(at, glob, true, fuel) {
                    let Target::Module(id) = target else { continue };
                    if self.names(id, first) {
                        found.extend(self.resolve(id, path, false, fuel));
                    }
                }
            }
        }
        if found.is_empty() && !bare {
            // Made by a macro, or somebody else's under a name of this module.
            found.push(Target::Item(module.file));
        }
        found
    }

    /// Does a module say this name itself?
    fn names(&self, module: usize, name: &str) -> bool {
        let module = &self.modules[module];
        module.items.contains(name)
            || module.bindings.contains_key(name)
            || module.children.contains_key(name)
    }

    /// All imports, sorted, one for each pair of files and path.
    ///
    /// An import is a path that leads to an item of another file, in a `use` or elsewhere, or a
    /// glob. The declaration of a module is none; nor is a `pub use` whose name the file does not
    /// otherwise use: that is a place in the module tree for others.
    pub(crate) fn arrows(&self) -> Vec<Arrow> {
        let mut arrows = BTreeMap::new();
        for (from, file) in self.files.iter().enumerate() {
            let module = self.modules.iter().position(|module| module.file == from);
            let mut walk = Walk {
                tree: self,
                at: module.expect("each file is a module"),
                from,
                used: used_names(&file.ast),
                arrows: &mut arrows,
            };
            walk.visit_file(&file.ast);
        }
        arrows
            .into_iter()
            .map(|((from, to, path), line)| Arrow {
                from,
                to,
                line,
                path,
            })
            .collect()
    }

    /// An import for people.
    pub(crate) fn describe(&self, arrow: &Arrow) -> String {
        let (from, to) = (&self.files[arrow.from].path, &self.files[arrow.to].path);
        format!("{from}:{} imports {} from {to}", arrow.line, arrow.path)
    }

    /// The circles among the imports: sets of files that all import each other, directly or
    /// through others of the set.
    pub(crate) fn circles(&self, arrows: &[Arrow]) -> Vec<Vec<usize>> {
        let mut next = vec![BTreeSet::new(); self.files.len()];
        for arrow in arrows {
            next[arrow.from].insert(arrow.to);
        }
        let reach: Vec<BTreeSet<usize>> = (0..next.len())
            .map(|start| {
                let mut seen = BTreeSet::new();
                let mut open = vec![start];
                while let Some(at) = open.pop() {
                    open.extend(next[at].iter().copied().filter(|to| seen.insert(*to)));
                }
                seen
            })
            .collect();
        let mut circles = BTreeSet::new();
        for at in 0..next.len() {
            if reach[at].contains(&at) {
                let mutual = |other: &usize| reach[*other].contains(&at);
                circles.insert(reach[at].iter().copied().filter(mutual).collect());
            }
        }
        circles.into_iter().collect()
    }

    /// The defining file and the name of the type that an `impl` in module `module` is for.
    fn self_type(&self, module: usize, of: &syn::Type) -> Option<(usize, String)> {
        let syn::Type::Path(path) = of else {
            return None;
        };
        let path = segments(&path.path);
        let name = path.last()?.clone();
        let target = self.resolve(module, &path, true, FUEL).into_iter().next();
        match target {
            Some(Target::Item(file)) => Some((file, name)),
            _ => Some((self.modules[module].file, name)),
        }
    }

    /// How many methods the inherent `impl` blocks of each type have together, and in how many
    /// files they stand. Keyed by the file that defines the type and its name.
    pub(crate) fn methods(&self) -> BTreeMap<(usize, String), (usize, BTreeSet<usize>)> {
        struct Count<'a> {
            tree: &'a Tree,
            at: usize,
            from: usize,
            found: BTreeMap<(usize, String), (usize, BTreeSet<usize>)>,
        }
        impl<'ast> Visit<'ast> for Count<'_> {
            fn visit_item(&mut self, item: &'ast syn::Item) {
                if !is_test(attributes(item)) {
                    visit::visit_item(self, item);
                }
            }
            fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
                let outer = self.at;
                self.at = self.tree.inline(outer, self.from, &module.ident);
                visit::visit_item_mod(self, module);
                self.at = outer;
            }
            fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
                if item.trait_.is_some() {
                    return;
                }
                let is_method = |item: &&syn::ImplItem| matches!(item, syn::ImplItem::Fn(function) if !is_test(&function.attrs));
                let count = item.items.iter().filter(is_method).count();
                if let Some(key) = self.tree.self_type(self.at, &item.self_ty) {
                    let entry = self.found.entry(key).or_default();
                    entry.0 += count;
                    entry.1.insert(self.from);
                }
            }
        }
        let mut count = Count {
            tree: self,
            at: 0,
            from: 0,
            found: BTreeMap::new(),
        };
        for (from, file) in self.files.iter().enumerate() {
            let module = self.modules.iter().position(|module| module.file == from);
            count.at = module.expect("each file is a module");
            count.from = from;
            count.visit_file(&file.ast);
        }
        count.found
    }

    /// The module of that name inside the same file, or `at` where the name is a file's.
    fn inline(&self, at: usize, file: usize, name: &syn::Ident) -> usize {
        let children = self.modules[at].children.get(&name.to_string());
        let mut children = children.into_iter().flatten();
        let inline = children.find(|child| self.modules[**child].file == file);
        inline.copied().unwrap_or(at)
    }
}

/// Re-exports of re-exports, at most.
const FUEL: u32 = 24;

impl File {
    /// Its lines, without those of modules of tests.
    pub(crate) fn lines(&self) -> usize {
        let tests = self
            .ast
            .items
            .iter()
            .filter(|item| is_test(attributes(item)));
        let lines = |item: &syn::Item| {
            let span = item.span();
            span.end().line - span.start().line + 1
        };
        self.text.lines().count() - tests.map(lines).sum::<usize>()
    }

    /// Its functions and methods, apart from tests: name, first line and number of lines, with
    /// the signature and without documentation.
    pub(crate) fn functions(&self) -> Vec<(String, usize, usize)> {
        #[derive(Default)]
        struct Functions(Vec<(String, usize, usize)>);
        impl Functions {
            fn note(&mut self, signature: &syn::Signature, block: &syn::Block) {
                let start = signature.span().start().line;
                let lines = block.span().end().line - start + 1;
                self.0.push((signature.ident.to_string(), start, lines));
            }
        }
        impl<'ast> Visit<'ast> for Functions {
            fn visit_item(&mut self, item: &'ast syn::Item) {
                if !is_test(attributes(item)) {
                    visit::visit_item(self, item);
                }
            }
            fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
                self.note(&function.sig, &function.block);
                visit::visit_item_fn(self, function);
            }
            fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
                if !is_test(&function.attrs) {
                    self.note(&function.sig, &function.block);
                    visit::visit_impl_item_fn(self, function);
                }
            }
            fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
                if let Some(block) = &function.default {
                    self.note(&function.sig, block);
                }
                visit::visit_trait_item_fn(self, function);
            }
        }
        let mut functions = Functions::default();
        functions.visit_file(&self.ast);
        functions.0
    }
}

/// Collects the leaves of every `use` outside of modules.
#[derive(Default)]
struct Bindings(Vec<Leaf>);

impl<'ast> Visit<'ast> for Bindings {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_test(attributes(item)) && !matches!(item, syn::Item::Mod(_)) {
            visit::visit_item(self, item);
        }
    }
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        leaves(&item.tree, &mut Vec::new(), &mut self.0);
    }
}

/// Follows the paths of a file.
struct Walk<'a> {
    tree: &'a Tree,
    at: usize,
    from: usize,
    used: HashSet<String>,
    arrows: &'a mut BTreeMap<(usize, usize, String), usize>,
}

impl Walk<'_> {
    fn follow(&mut self, path: &[String], line: usize, is_glob: bool) {
        for target in self.tree.resolve(self.at, path, true, FUEL) {
            let to = match target {
                Target::Item(file) => file,
                Target::Module(id) if is_glob => self.tree.modules[id].file,
                // A module is imported for the sake of its items, which are named elsewhere.
                Target::Module(_) => continue,
            };
            if to != self.from {
                let written = path.join("::") + if is_glob { "::*" } else { "" };
                self.arrows.entry((self.from, to, written)).or_insert(line);
            }
        }
    }

    /// Follows a path outside of `use`. One that begins with an imported item was counted there.
    fn name(&mut self, path: &[String], line: usize) {
        let Some(first) = path.first() else {
            return;
        };
        let module = &self.tree.modules[self.at];
        if module.bindings.contains_key(first) && !module.children.contains_key(first) {
            let begin = self.tree.resolve(self.at, &path[..1], true, FUEL);
            if !begin
                .iter()
                .any(|target| matches!(target, Target::Module(_)))
            {
                return;
            }
        }
        self.follow(path, line, false);
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }
    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let is_test = matches!(item, syn::ImplItem::Fn(function) if is_test(&function.attrs));
        if !is_test {
            visit::visit_impl_item(self, item);
        }
    }
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let outer = self.at;
        self.at = self.tree.inline(outer, self.from, &module.ident);
        visit::visit_item_mod(self, module);
        self.at = outer;
    }
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut found = Vec::new();
        leaves(&item.tree, &mut Vec::new(), &mut found);
        let is_private = matches!(item.vis, syn::Visibility::Inherited);
        for leaf in found {
            if is_private || leaf.name.as_ref().is_some_and(|it| self.used.contains(it)) {
                self.follow(&leaf.path, leaf.line, leaf.name.is_none());
            }
        }
    }
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            self.name(&segments(path), path.span().start().line);
        }
        visit::visit_path(self, path);
    }
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        for (path, line) in paths(call.tokens.clone()) {
            self.name(&path, line);
        }
    }
    // `macro_rules!`: what it expands to stands elsewhere.
    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if item.ident.is_none() {
            visit::visit_item_macro(self, item);
        }
    }
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

/// First names of paths, apart from those in `use`.
fn used_names(file: &syn::File) -> HashSet<String> {
    #[derive(Default)]
    struct Used(HashSet<String>);
    impl<'ast> Visit<'ast> for Used {
        fn visit_item(&mut self, item: &'ast syn::Item) {
            if !is_test(attributes(item)) {
                visit::visit_item(self, item);
            }
        }
        fn visit_item_use(&mut self, _: &'ast syn::ItemUse) {}
        fn visit_path(&mut self, path: &'ast syn::Path) {
            self.0.extend(segments(path).into_iter().next());
            visit::visit_path(self, path);
        }
        fn visit_macro(&mut self, call: &'ast syn::Macro) {
            self.visit_path(&call.path);
            let first = |(path, _): (Vec<String>, usize)| path.into_iter().next();
            self.0
                .extend(paths(call.tokens.clone()).into_iter().filter_map(first));
        }
        fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
            if item.ident.is_none() {
                visit::visit_item_macro(self, item);
            }
        }
        fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
        fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
    }
    let mut used = Used::default();
    used.visit_file(file);
    used.0
}

fn segments(path: &syn::Path) -> Vec<String> {
    let name = |segment: &syn::PathSegment| segment.ident.to_string();
    path.segments.iter().map(name).collect()
}

/// The paths in the argument of a macro: `a::b`, `a`; not `.a`.
fn paths(tokens: TokenStream) -> Vec<(Vec<String>, usize)> {
    let mut found = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut line = 0;
    let mut colons = 0;
    let mut skip = false;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                if colons != 2 {
                    found.extend((!path.is_empty()).then(|| (std::mem::take(&mut path), line)));
                    line = ident.span().start().line;
                }
                if !skip {
                    path.push(ident.to_string());
                }
                (colons, skip) = (0, false);
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            other => {
                found.extend((!path.is_empty()).then(|| (std::mem::take(&mut path), line)));
                colons = 0;
                skip = matches!(&other, TokenTree::Punct(it) if ".$'".contains(it.as_char()));
                if let TokenTree::Group(group) = other {
                    found.extend(paths(group.stream()));
                }
            }
        }
    }
    found.extend((!path.is_empty()).then_some((path, line)));
    found
}

fn leaves(tree: &syn::UseTree, prefix: &mut Vec<String>, into: &mut Vec<Leaf>) {
    let mut leaf = |path: Vec<String>, name: Option<String>, line| {
        into.push(Leaf { path, name, line });
    };
    match tree {
        syn::UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            leaves(&path.tree, prefix, into);
            prefix.pop();
        }
        syn::UseTree::Name(name) if name.ident == "self" => {
            leaf(
                prefix.clone(),
                prefix.last().cloned(),
                name.span().start().line,
            );
        }
        syn::UseTree::Name(name) => {
            let own = name.ident.to_string();
            let path = [&prefix[..], std::slice::from_ref(&own)].concat();
            leaf(path, Some(own), name.span().start().line);
        }
        syn::UseTree::Rename(rename) => {
            let mut path = prefix.clone();
            if rename.ident != "self" {
                path.push(rename.ident.to_string());
            }
            let line = rename.span().start().line;
            leaf(path, Some(rename.rename.to_string()), line);
        }
        syn::UseTree::Glob(glob) => leaf(prefix.clone(), None, glob.span().start().line),
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                leaves(tree, prefix, into);
            }
        }
    }
}

fn item_name(item: &syn::Item) -> Option<String> {
    let name = match item {
        syn::Item::Const(it) => &it.ident,
        syn::Item::Enum(it) => &it.ident,
        syn::Item::Fn(it) => &it.sig.ident,
        syn::Item::Macro(it) => it.ident.as_ref()?,
        syn::Item::Static(it) => &it.ident,
        syn::Item::Struct(it) => &it.ident,
        syn::Item::Trait(it) => &it.ident,
        syn::Item::Type(it) => &it.ident,
        syn::Item::Union(it) => &it.ident,
        _ => return None,
    };
    Some(name.to_string())
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(it) => &it.attrs,
        syn::Item::Enum(it) => &it.attrs,
        syn::Item::Fn(it) => &it.attrs,
        syn::Item::Impl(it) => &it.attrs,
        syn::Item::Macro(it) => &it.attrs,
        syn::Item::Mod(it) => &it.attrs,
        syn::Item::Static(it) => &it.attrs,
        syn::Item::Struct(it) => &it.attrs,
        syn::Item::Trait(it) => &it.attrs,
        syn::Item::Type(it) => &it.attrs,
        syn::Item::Union(it) => &it.attrs,
        syn::Item::Use(it) => &it.attrs,
        _ => &[],
    }
}

/// `#[path = "other.rs"]`.
fn path_attribute(attributes: &[syn::Attribute]) -> Option<String> {
    attributes
        .iter()
        .find_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
                syn::Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        })
}

/// Is this compiled for tests only?
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            holds(list.tokens.clone()) == Some(false)
        }
        meta => meta.path().is_ident("test"),
    })
}

/// Does a `cfg` hold in a library that is no test? None if that depends on more.
fn holds(condition: TokenStream) -> Option<bool> {
    let mut tokens = condition.into_iter();
    let Some(TokenTree::Ident(name)) = tokens.next() else {
        return None;
    };
    let mut parts = || -> Vec<Option<bool>> {
        let Some(TokenTree::Group(group)) = tokens.next() else {
            return Vec::new();
        };
        let mut parts = vec![TokenStream::new()];
        for token in group.stream() {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ',' => parts.push(TokenStream::new()),
                token => parts.last_mut().expect("there is one").extend([token]),
            }
        }
        parts.retain(|part| !part.is_empty());
        parts.into_iter().map(holds).collect()
    };
    match name.to_string().as_str() {
        "test" | "doctest" => Some(false),
        "not" => parts().first().copied().flatten().map(|it| !it),
        "all" => parts().contains(&Some(false)).then_some(false),
        "any" => parts().iter().all(|it| *it == Some(false)).then_some(false),
        _ => None,
    }
}

#[test]
fn conditions_are_understood() {
    let test = |text: &str| {
        let item: syn::Item = syn::parse_str(&format!("{text} mod a {{}}")).unwrap();
        is_test(attributes(&item))
    };
    assert!(test("#[cfg(test)]"));
    assert!(test("#[cfg(all(test, not(manyhands_model)))]"));
    assert!(test("#[cfg(any(test, doctest))]"));
    assert!(!test("#[cfg(any(test, manyhands_model))]"));
    assert!(!test("#[cfg(not(test))]"));
    assert!(!test("#[cfg(feature = \"time\")]"));
}
