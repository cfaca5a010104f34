//! Words: phrases that say too little, names that no longer exist, tables that have drifted.
//!
//! `words_left.txt` lists what is not mended yet: a rule, a file, how often. Nothing may be added;
//! a line goes when its file is mended. An empty list is the aim.

use crate::source;
use crate::wrap::{self, Piece};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What is not said, and what is said instead.
const PHRASES: &[(&str, &str)] = &[
    ("so many", "the number, or the constant that has it"),
    ("so much of it", "the number, or the constant that has it"),
    ("for so long", "the time, or the constant that has it"),
    ("is over", OVER),
    ("are over", OVER),
    ("was over", OVER),
    ("as ever", "as before, or nothing"),
    ("somebody else is called", "a thread, by what it does"),
    ("also if", "even if"),
    ("but for", "except for"),
];

const OVER: &str = "expired (timer), done (job), complete (task), closed (pool), ended (thread), more than (number)";

/// Names of other crates and of the systems, which no code here says.
const FOREIGN: &[&str] = &["current_thread"];

/// Complains about what is found beyond `words_left.txt`. Found are lines of files.
pub(crate) fn check(title: &str, rule: &str, found: &[(String, Vec<usize>)]) {
    let left = source::text("tests/it/words_left.txt");
    let mut allowed = BTreeMap::new();
    for line in left.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = line.split(' ').collect();
        let [of, path, count] = parts[..] else {
            panic!("words_left.txt: not `rule file count`: {line}");
        };
        if of == rule {
            allowed.insert(path, count.parse::<usize>().expect("a number"));
        }
    }
    println!();
    let sum: usize = found.iter().map(|(_, lines)| lines.len()).sum();
    println!("house: {title}: {sum}");
    let mut complaints = String::new();
    for (path, lines) in found {
        let allowed = allowed.get(&**path).copied().unwrap_or(0);
        if lines.len() > allowed {
            let count = lines.len();
            complaints += &format!("{rule} {path} {count}, allowed {allowed}, lines {lines:?}\n");
        }
    }
    assert!(complaints.is_empty(), "{title}:\n{complaints}");
}

/// The words of a file's prose, each with its line, without code blocks.
fn spoken(path: &str, text: &str) -> Vec<Vec<(usize, String)>> {
    let mut blocks = Vec::new();
    for piece in wrap::pieces(path, text) {
        let Piece::Prose { first, content, .. } = piece else {
            continue;
        };
        let mut words = Vec::new();
        let mut is_code = false;
        for (at, line) in content.iter().enumerate() {
            if line.trim_start().starts_with("```") {
                is_code = !is_code;
            } else if !is_code {
                let own = line
                    .split_whitespace()
                    .map(|word| (first + at, word.to_owned()));
                words.extend(own);
            }
        }
        blocks.push(words);
    }
    blocks
}

/// The lines on which a phrase stands, and what to say.
fn phrases(path: &str, text: &str) -> Vec<(usize, &'static str, &'static str)> {
    let bare = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.to_lowercase()
    };
    let mut found = Vec::new();
    for words in spoken(path, text) {
        for (phrase, instead) in PHRASES {
            let parts: Vec<&str> = phrase.split(' ').collect();
            for window in words.windows(parts.len()) {
                let same = window
                    .iter()
                    .zip(&parts)
                    .all(|((_, word), part)| bare(word) == *part);
                // A sentence does not go on over its end.
                let inner = &window[..parts.len() - 1];
                if same
                    && !inner
                        .iter()
                        .any(|(_, word)| word.ends_with(['.', ':', ';', '?']))
                {
                    found.push((window[0].0, *phrase, *instead));
                }
            }
        }
    }
    found.sort_unstable();
    found
}

#[test]
fn no_phrase_says_too_little() {
    let mut found = Vec::new();
    for path in wrap::prose() {
        let here = phrases(&path, &source::text(&path));
        for (line, phrase, instead) in &here {
            println!("{path}:{line}: not \"{phrase}\", but {instead}");
        }
        let lines: Vec<usize> = here.iter().map(|(line, ..)| *line).collect();
        if !lines.is_empty() {
            found.push((path, lines));
        }
    }
    check("phrases that say too little", "phrase", &found);
}

#[test]
fn a_phrase_is_found() {
    let lines =
        |path, text| -> Vec<usize> { phrases(path, text).iter().map(|(line, ..)| *line).collect() };
    assert_eq!(lines("a.md", "Waits for so\nlong. It is over."), [1, 2]);
    assert_eq!(
        lines("a.rs", "let x = 1;\n    /// So\n    /// many items.\n"),
        [2]
    );
    assert_eq!(
        lines("a.rs", "// It is over,\nlet is_over = \"so many\";"),
        [1]
    );
    assert_eq!(
        lines("a.md", "```\nso many\n```\nThat it is. Over there."),
        []
    );
}

/// What code and files are called.
fn known() -> (HashSet<String>, Vec<String>) {
    let mut files = Vec::new();
    for folder in ["src", "tests", "ci", "benches", "examples"] {
        files.extend(source::files_below(
            folder,
            &[".rs", ".sh", ".txt", ".html"],
        ));
    }
    let mut names = HashSet::new();
    for path in &files {
        // What these list is no evidence.
        if path.starts_with("tests/it/words") {
            continue;
        }
        names.extend(path.split(['/', '.']).map(str::to_owned));
        let comment = if path.ends_with(".rs") { "//" } else { "# " };
        for line in source::text(path)
            .lines()
            .filter(|line| !line.starts_with('#'))
        {
            names.extend(identifiers(line.split(comment).next().unwrap_or(line)));
        }
    }
    names.extend(source::text("Cargo.toml").lines().flat_map(identifiers));
    names.extend(FOREIGN.iter().map(|name| (*name).to_owned()));
    (names, files)
}

fn identifiers(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
}

/// The parts of a name in backticks that must exist; none if it looks like no name of code.
fn claims(name: &str) -> Vec<&str> {
    let name = name.trim_end_matches(['!', '*']);
    let called = name.strip_suffix("()");
    let bare = called.unwrap_or(name);
    let parts: Vec<&str> = bare.split("::").collect();
    let is_identifier = |part: &&str| {
        // `try_` is the beginning of many.
        let is_beginning = part.is_empty() || part.ends_with('_');
        !(is_beginning || part.starts_with(|c: char| c.is_ascii_digit()))
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let is_camel = bare.starts_with(char::is_uppercase) && bare.contains(char::is_lowercase);
    let looks_so = called.is_some() || parts.len() > 1 || bare.contains('_') || is_camel;
    if looks_so && parts.iter().all(is_identifier) {
        parts
    } else {
        Vec::new()
    }
}

/// The names in backticks of a file that do not exist.
fn stale(
    path: &str,
    text: &str,
    names: &HashSet<String>,
    files: &[String],
) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for piece in wrap::pieces(path, text) {
        let Piece::Prose {
            first,
            prefix,
            content,
        } = piece
        else {
            continue;
        };
        if !prefix.is_empty() && prefix.trim() != "//!" {
            continue;
        }
        let mut is_code = false;
        for (at, line) in content.iter().enumerate() {
            if line.trim_start().starts_with("```") {
                is_code = !is_code;
            }
            if is_code {
                continue;
            }
            for name in line.split('`').skip(1).step_by(2) {
                let is_stale = if name.ends_with(".rs") && !name.contains(' ') {
                    let ending = format!("/{name}");
                    !files
                        .iter()
                        .any(|file| *file == *name || file.ends_with(&ending))
                } else if let Some(begin) = name.strip_suffix('*') {
                    let last = begin.rsplit("::").next().unwrap_or(begin);
                    let is_name = last.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                    is_name && !names.iter().any(|name| name.starts_with(last))
                } else {
                    claims(name).iter().any(|part| !names.contains(*part))
                };
                if is_stale {
                    found.push((first + at, name.to_owned()));
                }
            }
        }
    }
    found
}

#[test]
fn names_in_prose_exist() {
    let (names, files) = known();
    let mut found = Vec::new();
    let mut paths = source::files_below("src", &[".rs", ".md"]);
    paths.push("ARCHITECTURE.md".to_owned());
    for path in paths {
        let here = stale(&path, &source::text(&path), &names, &files);
        for (line, name) in &here {
            println!("{path}:{line}: there is no `{name}`");
        }
        if !here.is_empty() {
            found.push((path, here.into_iter().map(|(line, _)| line).collect()));
        }
    }
    check("names in prose that do not exist", "name", &found);
}

#[test]
fn a_name_that_does_not_exist_is_found() {
    let names: HashSet<String> = identifiers("Seat push_slow pool rescue_one go").collect();
    let files = ["src/pool/seat.rs".to_owned()];
    let found = |path, text| -> Vec<String> {
        let found = stale(path, text, &names, &files);
        found.into_iter().map(|(_, name)| name).collect()
    };
    let none: [&str; 0] = [];
    assert_eq!(
        found(
            "a.md",
            "`Seat::push_slow`, `pool/seat.rs`, `rescue_*`, `go()`, `x = 1`"
        ),
        none
    );
    assert_eq!(
        found("a.md", "`Seat::gone` and `push_fast`"),
        ["Seat::gone", "push_fast"]
    );
    assert_eq!(
        found("a.md", "`pool/set.rs`, `at.rs`, `run()`"),
        ["pool/set.rs", "at.rs", "run()"]
    );
    assert_eq!(
        found("a.md", "`Gone`, `none_*`, `SLOTS`, `limit`"),
        ["Gone", "none_*"]
    );
    assert_eq!(found("a.md", "```\n`Gone`\n```"), none);
    assert_eq!(
        found("a.rs", "//! `Gone`\n\n/// `Lost`\nfn f() {}\n"),
        ["Gone"]
    );
}

/// The names in the first column of the tables of a book's page.
fn names_in_tables(text: &str) -> BTreeSet<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    let first = rows.filter_map(|row| row.split(" | ").next());
    first
        .map(|name| name.trim_matches('`').to_owned())
        .filter(|name| name != "mutant")
        .collect()
}

/// The names of a list of mutants.
fn names_in_list(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(" | "))
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[test]
fn tables_of_mutants_name_those_of_the_lists() {
    let lists = source::files_below("ci/mutants", &[".txt"]);
    let mut pages = source::files_below("book/src", &[".md"]);
    pages.retain(|path| path.starts_with("book/src/mutations-"));
    assert_eq!(lists.len(), pages.len(), "{lists:?} and {pages:?}");
    let mut complaints = Vec::new();
    for (list, page) in lists.iter().zip(&pages) {
        let listed = names_in_list(&source::text(list));
        assert!(!listed.is_empty(), "{list} has no mutants");
        let shown = names_in_tables(&source::text(page));
        let missing = listed
            .difference(&shown)
            .map(|name| format!("{name} is not in {page}"));
        complaints.extend(missing);
        let gone = shown
            .difference(&listed)
            .map(|name| format!("{name} is not in {list}"));
        complaints.extend(gone);
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn names_are_read_from_tables_and_lists() {
    let table = "Text | no row\n\n| mutant | file |\n|---|---|\n| a-b | `x.rs` |\n| `c` | y |\n";
    let list = "# comment\n\na-b | src/x.rs | s/a | b/ | f | loom\nc | y\n";
    let both = BTreeSet::from(["a-b".to_owned(), "c".to_owned()]);
    assert_eq!(names_in_tables(table), both);
    assert_eq!(names_in_list(list), both);
}

/// Words that the pool has given up, and the one that stands for each.
const RETIRED: &[(&str, &str)] = &[
    ("doze", "sleep (`rescue::post`)"),
    ("dozes", "sleep (`rescue::post`)"),
    ("unman", "leave_post"),
    ("manned", "taken (the post)"),
    ("favours", "own_polls"),
    ("overlook", "forgive"),
    ("Company", "Surplus"),
    ("Plan", "Sizes"),
    ("AtHome", "Unseated"),
    ("NOWHERE", "Slot::PUBLIC"),
    ("offers_jobs", "ask_for_jobs"),
    ("is_awake", "come_back_if_driving"),
    ("in_turn", "first"),
    ("end_job", "return_to_queues"),
    ("is_heavy", "last_computed (of a seat)"),
    ("notify_if_visible", "tell::permit"),
    ("By", "Asker"),
];

#[test]
fn retired_words_of_the_pool_stay_away() {
    let mut found = Vec::new();
    for path in source::files_below("src/pool", &[".rs"]) {
        let text = source::text(&path);
        for (at, line) in text.lines().enumerate() {
            let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            for word in words {
                if let Some((old, new)) = RETIRED.iter().find(|(old, _)| *old == word) {
                    let is_code = !line.trim_start().starts_with("//");
                    if is_code || *old != "By" {
                        found.push(format!("{path}:{}: `{old}` is `{new}` now", at + 1));
                    }
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The rows of the first table of a text.
fn glossary(text: &str) -> Vec<String> {
    let rows = text.lines().skip_while(|line| !line.starts_with("|---"));
    let rows = rows.skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('|').nth(1).unwrap_or("").trim().to_owned())
        .collect()
}

#[test]
fn the_pool_has_at_most_45_words() {
    let readme = source::text("src/pool/README.md");
    let rows = glossary(&readme);
    println!("house: words in the glossary of the pool: {}", rows.len());
    assert!((30..=45).contains(&rows.len()), "{} words", rows.len());
    let said = format!("{} rows.", rows.len());
    assert!(readme.contains(&said), "the README says how many");
    let mut words: Vec<&str> = rows
        .iter()
        .flat_map(|row| row.trim_matches('*').split(", "))
        .collect();
    words.sort_unstable();
    let twice = words.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None, "one meaning a word");
}

#[test]
fn a_glossary_is_its_rows() {
    let text =
        "# Words\n\n| word | meaning |\n|---|---|\n| **a, b** | x |\n| **c** | y |\n\n| d |\n";
    assert_eq!(glossary(text), ["**a, b**", "**c**"]);
}
