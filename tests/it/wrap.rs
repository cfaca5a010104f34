//! No line of prose has more than 100 columns. `WRAP=1 cargo test --test it wrap` refills the
//! paragraphs that have one: in comments of `src/` and `macros/`, and in Markdown.

use crate::source;
use proc_macro2::{TokenStream, TokenTree};
use std::path::Path;

/// How long a line may be.
const WIDTH: usize = 100;

/// The prose of the project: Markdown, and sources for the sake of their comments. Left out is what
/// commands have printed.
pub(crate) fn prose() -> Vec<String> {
    let mut files = source::files_below("src", &[".rs", ".md"]);
    files.extend(source::files_below("macros", &[".rs", ".md"]));
    let mut book = source::files_below("book/src", &[".md"]);
    book.retain(|path| !path.contains("/benchmark-tables"));
    files.extend(book);
    files.extend(["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(str::to_owned));
    files
}

/// The text with its over-long paragraphs refilled, and the lines where they began.
pub(crate) fn refill(path: &str, text: &str) -> (String, Vec<usize>) {
    let mut lines = Vec::new();
    let mut changed = Vec::new();
    for piece in pieces(path, text) {
        let (first, prefix, content) = match piece {
            Piece::Code(line) => {
                lines.push(line.to_owned());
                continue;
            }
            Piece::Prose {
                first,
                prefix,
                content,
            } => (first, prefix, content),
        };
        for paragraph in paragraphs(&content) {
            let from = first + paragraph.first;
            let old = &content[paragraph.first..paragraph.first + paragraph.count];
            let new = paragraph.refill(old, WIDTH.saturating_sub(columns(&prefix)));
            if new.as_slice() != old {
                changed.push(from);
            }
            for line in new {
                // No space at the end of a blank line.
                let prefix = if line.is_empty() {
                    prefix.trim_end()
                } else {
                    &*prefix
                };
                lines.push(format!("{prefix}{line}"));
            }
        }
    }
    let mut whole = lines.join("\n");
    if text.ends_with('\n') {
        whole.push('\n');
    }
    (whole, changed)
}

/// A part of a file: a line that is none of our business, or lines of prose under one prefix.
pub(crate) enum Piece<'a> {
    Code(&'a str),
    Prose {
        /// From 1.
        first: usize,
        /// `    /// `; empty in Markdown.
        prefix: String,
        content: Vec<&'a str>,
    },
}

/// Takes a file apart. All of a Markdown file is prose, of a source its comments are.
pub(crate) fn pieces<'a>(path: &str, text: &'a str) -> Vec<Piece<'a>> {
    if path.ends_with(".md") {
        return vec![Piece::Prose {
            first: 1,
            prefix: String::new(),
            content: text.lines().collect(),
        }];
    }
    let quoted = lines_in_literals(text);
    let mut pieces: Vec<Piece<'a>> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let comment = comment(line).filter(|_| !quoted.contains(&at));
        let Some((prefix, rest)) = comment else {
            pieces.push(Piece::Code(line));
            continue;
        };
        match pieces.last_mut() {
            Some(Piece::Prose {
                prefix: same,
                content,
                ..
            }) if *same == prefix => content.push(rest),
            _ => pieces.push(Piece::Prose {
                first: at + 1,
                prefix,
                content: vec![rest],
            }),
        }
    }
    pieces
}

/// `    /// text` as `    /// ` and `text`.
fn comment(line: &str) -> Option<(String, &str)> {
    let trimmed = line.trim_start();
    let marker = ["///", "//!", "//"]
        .into_iter()
        .find(|it| trimmed.starts_with(it))?;
    let rest = &trimmed[marker.len()..];
    if !(rest.is_empty() || rest.starts_with(' ')) {
        return None;
    }
    let indent = &line[..line.len() - trimmed.len()];
    Some((
        format!("{indent}{marker} "),
        rest.strip_prefix(' ').unwrap_or(""),
    ))
}

/// The lines (from 0) that begin inside a literal.
fn lines_in_literals(text: &str) -> Vec<usize> {
    fn collect(tokens: TokenStream, into: &mut Vec<usize>) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => collect(group.stream(), into),
                TokenTree::Literal(literal) => {
                    let span = literal.span();
                    into.extend(span.start().line..span.end().line);
                }
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    collect(text.parse().expect("the source can be read"), &mut found);
    found
}

fn columns(text: &str) -> usize {
    text.chars().count()
}

/// Lines of a block of prose that belong together.
#[derive(Debug, PartialEq)]
struct Paragraph {
    first: usize,
    count: usize,
    /// What stands before the text on the first line and on the others; None: leave it alone.
    indents: Option<(String, String)>,
}

/// Divides a block into paragraphs; every line is in one of them.
fn paragraphs(lines: &[&str]) -> Vec<Paragraph> {
    let mut found: Vec<Paragraph> = Vec::new();
    let mut fence: Option<&str> = None;
    let mut is_open = false;
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let indent = &line[..line.len() - trimmed.len()];
        let marks = ["```", "~~~"]
            .into_iter()
            .find(|it| trimmed.starts_with(it));
        let is_code = fence.is_some() || marks.is_some();
        match (fence, marks) {
            (None, Some(_)) => fence = marks,
            (Some(open), Some(mark)) if open == mark => fence = None,
            _ => {}
        }
        let alone = |indents| Paragraph {
            first: at,
            count: 1,
            indents,
        };
        if is_code || is_verbatim(trimmed) || (indent.len() >= 4 && !is_open) {
            found.push(alone(None));
            is_open = false;
            continue;
        }
        if let Some(marker) = list_marker(trimmed) {
            let indent = format!("{indent}{marker}");
            let below = " ".repeat(columns(&indent));
            found.push(alone(Some((indent, below))));
        } else if is_open && !is_label(trimmed) {
            let paragraph = found.last_mut().expect("one is open");
            paragraph.count += 1;
            if paragraph.count == 2 {
                if let Some((_, below)) = &mut paragraph.indents {
                    indent.clone_into(below);
                }
            }
        } else {
            found.push(alone(Some((indent.to_owned(), indent.to_owned()))));
        }
        is_open = true;
        // A hard line break, or columns that somebody has aligned.
        let paragraph = found.last_mut().expect("this line is in it");
        if line.ends_with("  ") || line.ends_with('\\') || trimmed.trim_end().contains("  ") {
            paragraph.indents = None;
        }
    }
    found
}

/// Is this line none that could be filled: blank, of a table, a heading, a rule, HTML, a quote, or
/// the target of a link?
fn is_verbatim(line: &str) -> bool {
    let is_target = line.starts_with('[') && line.contains("]: ");
    line.is_empty()
        || is_target
        || ["|", "#", "<", ">", "---", "===", "***"]
            .iter()
            .any(|it| line.starts_with(it))
}

/// `* `, `12. `, if the line begins with one.
fn list_marker(line: &str) -> Option<&str> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let mark = match line.as_bytes().get(digits)? {
        b'*' | b'-' | b'+' if digits == 0 => 1,
        b'.' | b')' if digits > 0 => digits + 1,
        _ => return None,
    };
    let spaces = line[mark..].bytes().take_while(|it| *it == b' ').count();
    (spaces > 0).then(|| &line[..mark + spaces])
}

/// `SAFETY: `, `Ordering: `: begins a paragraph of its own.
fn is_label(line: &str) -> bool {
    let first = line.split(' ').next().unwrap_or("");
    first.strip_suffix(':').is_some_and(|label| {
        label.starts_with(char::is_uppercase) && label.chars().all(char::is_alphabetic)
    })
}

impl Paragraph {
    /// Its lines, filled if one of them is too long.
    fn refill(&self, old: &[&str], width: usize) -> Vec<String> {
        let same = || old.iter().map(|line| (*line).to_owned()).collect();
        let Some((indent, below)) = &self.indents else {
            return same();
        };
        if old.iter().all(|line| columns(line) <= width) {
            return same();
        }
        let mut text = old[0][indent.len()..].to_owned();
        for line in &old[1..] {
            text.push(' ');
            text.push_str(line.trim());
        }
        let mut lines = Vec::new();
        let mut line = indent.clone();
        let mut is_empty = true;
        for word in words(&text) {
            if !is_empty && columns(&line) + 1 + columns(&word) > width {
                lines.push(std::mem::replace(&mut line, below.clone()));
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(&word);
            is_empty = false;
        }
        lines.push(line);
        lines
    }
}

/// What a line may be broken between. Code stays in one piece, and no line begins with what would
/// make a list or a heading of it.
fn words(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut ticks = 0;
    for word in text.split_whitespace() {
        let inside = ticks % 2 == 1;
        ticks += word.matches('`').count();
        let is_special =
            list_marker(&format!("{word} ")).is_some() || is_verbatim(word) || is_label(word);
        match found.last_mut() {
            Some(last) if inside || is_special => {
                last.push(' ');
                last.push_str(word);
            }
            _ => found.push(word.to_owned()),
        }
    }
    found
}

#[test]
fn no_line_of_prose_is_too_long() {
    let write = std::env::var_os("WRAP").is_some();
    let mut counts = Vec::new();
    for path in prose() {
        let old = source::text(&path);
        let (new, changed) = refill(&path, &old);
        if !changed.is_empty() && write {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&path);
            std::fs::write(path, new).unwrap();
        } else if !changed.is_empty() {
            counts.push((path, changed));
        }
    }
    crate::words::check("paragraphs with a line over 100 columns", "long", &counts);
}

/// The text after it was wrapped, which must stay so.
fn wrapped(path: &str, text: &str) -> String {
    let (once, _) = refill(path, text);
    let (twice, changed) = refill(path, &once);
    assert_eq!(once, twice);
    assert!(changed.is_empty());
    once
}

#[test]
fn long_paragraphs_are_refilled() {
    let words = "word ".repeat(30);
    let text = format!("{words}end\nof it.\n\nShort\nlines.\n");
    let expected = format!(
        "{}\n{}end of it.\n\nShort\nlines.\n",
        "word ".repeat(20).trim_end(),
        "word ".repeat(10)
    );
    assert_eq!(wrapped("a.md", &text), expected);
    let text = format!("fn f() {{\n    /// {words}end\n    /// of it.\n    x();\n}}\n");
    let expected = format!(
        "fn f() {{\n    /// {}\n    /// {}end of it.\n    x();\n}}\n",
        "word ".repeat(18).trim_end(),
        "word ".repeat(12)
    );
    assert_eq!(wrapped("a.rs", &text), expected);
}

#[test]
fn items_of_lists_keep_their_places() {
    let words = "word ".repeat(25);
    let text = format!("* {words}end\n* short\n  item\n\n12. {words}end\n");
    let expected = format!(
        "* {}\n  {}end\n* short\n  item\n\n12. {}\n    {}end\n",
        "word ".repeat(19).trim_end(),
        "word ".repeat(6),
        "word ".repeat(19).trim_end(),
        "word ".repeat(6)
    );
    assert_eq!(wrapped("a.md", &text), expected);
}

#[test]
fn what_is_no_prose_is_left_alone() {
    let words = "word ".repeat(30);
    for text in [
        format!("```\n{words}end\n```\n"),
        format!("| {words}| x |\n|---|---|\n"),
        format!("# {words}end\n"),
        format!("Text.\n\n    {words}end\n"),
        format!("[a link]: https://{}\n", "x".repeat(120)),
        format!("https://{}\n", "x".repeat(120)),
        format!("`{}end`\n", words),
        format!("columns   {words}end\n"),
        format!("{words}end  \nafter a hard break\n"),
    ] {
        assert_eq!(wrapped("a.md", &text), text);
    }
    for text in [
        format!("/// ```\n/// {words}end\n/// ```\nfn f() {{}}\n"),
        format!("const TEXT: &str = \"\n// {words}end\n\";\n"),
        format!("fn f() {{}} // {words}end\n"),
        format!("// --- {words}---\n"),
    ] {
        assert_eq!(wrapped("a.rs", &text), text);
    }
}

#[test]
fn labels_begin_a_paragraph() {
    let words = "word ".repeat(25);
    let text = format!("// {words}end\n// SAFETY: it is\n// safe.\n// Ordering: Relaxed.\n");
    let expected = format!(
        "// {}\n// {}end\n// SAFETY: it is\n// safe.\n// Ordering: Relaxed.\n",
        "word ".repeat(19).trim_end(),
        "word ".repeat(6)
    );
    assert_eq!(wrapped("a.rs", &text), expected);
}

#[test]
fn no_line_begins_with_a_marker() {
    for marker in ["-", "*", "1.", "#", ">", "Note:", "|"] {
        let text = format!("{} {marker} {}\n", "x".repeat(98), "y".repeat(10));
        let expected = format!("{} {marker}\n{}\n", "x".repeat(98), "y".repeat(10));
        assert_eq!(wrapped("a.md", &text), expected);
    }
    let code = format!("{} `some code` {}\n", "x".repeat(92), "y".repeat(10));
    let expected = format!("{}\n`some code` {}\n", "x".repeat(92), "y".repeat(10));
    assert_eq!(wrapped("a.md", &code), expected);
}
