//! Are the links of a built site right? For the lane `ci/docs.sh`; std alone, no network.
//!
//! ```text
//! links FOLDER
//! ```
//!
//! Looked at are `href` and `src` of all pages: the file must be there, and the page must have an
//! element with the name behind `#`. Links to other sites are only counted.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

/// The values of an attribute in a page.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let mut values = Vec::new();
    for quote in ['"', '\''] {
        let begin = format!(" {attribute}={quote}");
        let mut rest = page;
        while let Some((_, after)) = rest.split_once(&begin) {
            let Some((value, after)) = after.split_once(quote) else {
                break;
            };
            values.push(value);
            rest = after;
        }
    }
    values
}

/// The page without scripts and comments, whose text is no markup.
fn markup(page: &str) -> String {
    let mut markup = page.to_owned();
    for (begin, end) in [("<!--", "-->"), ("<script", "</script>")] {
        let mut kept = String::new();
        let mut rest = &*markup;
        while let Some((before, after)) = rest.split_once(begin) {
            kept.push_str(before);
            rest = after.split_once(end).map_or("", |(_, after)| after);
        }
        kept.push_str(rest);
        markup = kept;
    }
    markup
}

/// Without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

/// `%20` and the like.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn html_below(folder: &Path, pages: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            html_below(&path, pages);
        } else if path.extension().is_some_and(|ending| ending == "html") {
            pages.push(path);
        }
    }
}

fn main() -> ExitCode {
    let folder = PathBuf::from(env::args().nth(1).expect("a folder"));
    let mut paths = Vec::new();
    html_below(&folder, &mut paths);
    paths.sort();
    let pages: BTreeMap<PathBuf, String> = paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a page can be read");
            (normal(&path), markup(&text))
        })
        .collect();
    let names: BTreeMap<&PathBuf, BTreeSet<String>> = pages
        .iter()
        .map(|(path, page)| {
            let all = values(page, "id").into_iter().chain(values(page, "name"));
            (path, all.map(decoded).collect())
        })
        .collect();

    let (mut inside, mut outside) = (0, 0);
    let mut broken = BTreeSet::new();
    for (path, page) in &pages {
        // The page for what is not found is shown under any address.
        if path.ends_with("404.html") {
            continue;
        }
        let links = values(page, "href").into_iter().chain(values(page, "src"));
        for link in links {
            if link.contains("://") || link.starts_with("data:") || link.starts_with("mailto:") {
                outside += 1;
                continue;
            }
            inside += 1;
            let link = link.replace("&amp;", "&");
            let (file, name) = link.split_once('#').unwrap_or((&link, ""));
            let file = decoded(file.split('?').next().unwrap_or_default());
            let target = match &*file {
                "" => path.clone(),
                file => normal(&path.parent().expect("it is in a folder").join(file)),
            };
            let mut complain = |what: &str| {
                broken.insert(format!("{}: {link}: {what}", path.display()));
            };
            if !target.exists() {
                complain("no such file");
            } else if !name.is_empty() {
                let of = names.get(&target);
                if !of.is_some_and(|names| names.contains(&decoded(name))) {
                    complain("no such place");
                }
            }
        }
    }
    for complaint in &broken {
        println!("{complaint}");
    }
    let (pages, broken) = (pages.len(), broken.len());
    println!("{pages} pages, {inside} links inside, {outside} to other sites, {broken} broken");
    if pages > 0 && broken == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
