//! Pictures of the book's tables: each table of figures with more than four rows has one right below
//! it, drawn from the table as it stands. `PLOTS=1 cargo test --test it plots` draws all of them.
//!
//! A picture has groups of bars. Bars of a group have one scale, from zero; groups have none in
//! common. What `benches/scaling.rs` prints becomes curves, all with one scale. Colours follow the
//! reader's: dark on light, or light on dark.

use crate::source;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// More rows than this are drawn.
const FEW: usize = 4;

const FOLDER: &str = "book/src/plots";

/// What is drawn of tables that have a row for each subject and many columns.
const FIGURES: &[&str] = &[
    "per unit",
    "time",
    "p50",
    "p99",
    "messages a second",
    "requests a second",
    "time each",
    "late p99",
    "CPU time",
    "peak",
    "resident",
    "exposures",
    "wakes",
];

/// Tables whose columns are compared row by row, because each column is a figure of its own.
const BY_COLUMN: &[&str] = &[
    "| one in | yield | spawn, await |",
    "| | join | spawn, await | spawn many | yield | join from outside |",
    "| example | runs | requests | memory, MiB | threads | descriptors |",
];

/// A table of the book.
struct Table {
    /// The heading above it.
    heading: String,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Whether a column is aligned to the right: it has figures.
    has_figures: bool,
    /// The first line after it, from 0.
    end: usize,
}

/// All tables of a page.
fn tables(page: &str) -> Vec<Table> {
    let lines: Vec<&str> = page.lines().collect();
    let mut tables = Vec::new();
    let (mut parent, mut heading) = ("", String::new());
    let mut is_code = false;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        if line.starts_with("```") {
            is_code = !is_code;
        } else if !is_code && line.starts_with('#') {
            let title = line.trim_start_matches('#').trim();
            // A title like "echo: messages of 64 bytes" says enough.
            if line.starts_with("###") && !title.contains(": ") {
                heading = format!("{parent}, {title}");
            } else if line.starts_with("###") {
                heading = title.to_owned();
            } else {
                (parent, heading) = (title, title.to_owned());
            }
        } else if !is_code && line.starts_with('|') {
            let count = lines[at..].iter().take_while(|line| line.starts_with('|'));
            let end = at + count.count();
            if end - at > 2 {
                tables.push(Table {
                    heading: plain(&heading),
                    header: cells(line),
                    rows: lines[at + 2..end].iter().map(|line| cells(line)).collect(),
                    has_figures: lines[at + 1].contains("--:") || heading_of_constants(line),
                    end,
                });
            }
            at = end;
            continue;
        }
        at += 1;
    }
    tables
}

/// The tables of constants have figures beside text, and no column of figures alone.
fn heading_of_constants(header: &str) -> bool {
    header.contains("| smaller | now | larger |") || header.contains("| 2, 8, 32, 128 threads |")
}

fn cells(line: &str) -> Vec<String> {
    let line = line.trim().trim_start_matches('|');
    let line = line.strip_suffix('|').unwrap_or(line);
    // No table of the book has a bar inside a cell.
    line.split('|').map(plain).collect()
}

/// Without the signs of Markdown: links, emphasis, code.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.trim();
    while let Some((before, link)) = rest.split_once("](") {
        plain.push_str(before);
        rest = link.split_once(')').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain.replace(['`', '*', '['], "")
}

/// What a number counts, as far as it has to be known for a comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Time,
    Bytes,
    Number,
    /// Beside another figure: 1 is as much.
    Ratio,
}

/// The numbers of a cell, in nanoseconds or bytes if they have such a unit. A pair `5/67` counts with
/// its second number; it is in microseconds if it names no unit.
fn numbers(cell: &str) -> Option<(Kind, Vec<f64>)> {
    let cell = cell.split_once(": ").map_or(cell, |(_, after)| after);
    let cell = cell.split(" (").next().unwrap_or_default();
    let mut kind = None;
    let mut numbers = Vec::new();
    // The parts of a list without a unit have that of the part behind them.
    for part in cell.split(", ") {
        // "2.03 ns / node"
        let part = part.split(" / ").next().unwrap_or_default();
        let (part, is_pair) = match part.rsplit_once('/') {
            Some((_, second)) => (second, true),
            None => (part, false),
        };
        let mut words = part.split_whitespace();
        let number = words.next()?.trim_end_matches('x').replace(',', "");
        let number: f64 = number.parse().ok()?;
        let (of, factor) = match words.next() {
            Some("ns") => (Kind::Time, 1.0),
            Some("us") => (Kind::Time, 1e3),
            Some("ms") => (Kind::Time, 1e6),
            Some("s") => (Kind::Time, 1e9),
            Some("B") => (Kind::Bytes, 1.0),
            Some("KiB") => (Kind::Bytes, 1024.0),
            Some("MiB") => (Kind::Bytes, 1024.0 * 1024.0),
            None if is_pair => (Kind::Time, 1e3),
            None => (Kind::Number, 1.0),
            Some(_) => return None,
        };
        if *kind.get_or_insert(of) != of {
            return None;
        }
        numbers.push(number * factor);
    }
    Some((kind?, numbers))
}

/// Bars that are compared with each other.
#[derive(Debug, PartialEq)]
struct Group {
    name: String,
    bars: Vec<Bar>,
    /// Bars beside another figure: 1 is as much.
    are_ratios: bool,
}

#[derive(Debug, PartialEq)]
struct Bar {
    name: String,
    /// The cell, as it stands.
    label: String,
    /// Several, if the cell has several. None: the cell says why there is no figure.
    values: Vec<f64>,
}

fn bar(name: &str, cell: &str) -> Option<(Option<Kind>, Bar)> {
    if cell.is_empty() {
        return None;
    }
    let (kind, values) = match numbers(cell) {
        Some((kind, values)) => (Some(kind), values),
        None => (None, Vec::new()),
    };
    let (name, label) = (name.to_owned(), cell.to_owned());
    Some((
        kind,
        Bar {
            name,
            label,
            values,
        },
    ))
}

/// Of bars of many kinds those that the first one with a companion can be compared with.
fn comparable(name: String, bars: Vec<(Option<Kind>, Bar)>) -> Group {
    let kinds: Vec<_> = bars.iter().filter_map(|(kind, _)| *kind).collect();
    let has_companion = |kind: &Kind| kinds.iter().filter(|other| *other == kind).count() > 1;
    let Some(kind) = kinds.iter().copied().find(has_companion) else {
        return Group {
            name,
            bars: Vec::new(),
            are_ratios: false,
        };
    };
    let bars = bars.into_iter();
    let same = bars.filter(|(of, _)| of.is_none() || *of == Some(kind));
    Group {
        name,
        bars: same.map(|(_, bar)| bar).collect(),
        are_ratios: kind == Kind::Ratio,
    }
}

/// The names of rows: an empty cell means that of the row above.
fn filled(rows: &[Vec<String>], column: usize) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for row in rows {
        let own = row.get(column).filter(|cell| !cell.is_empty());
        let name = own.or(names.last()).cloned().unwrap_or_default();
        names.push(name);
    }
    names
}

impl Table {
    /// What the picture shows. None: nothing in it can be compared.
    fn groups(&self) -> Vec<Group> {
        let compared = |mut groups: Vec<Group>| {
            groups.retain(|group| {
                let with_figures = group.bars.iter().filter(|bar| !bar.values.is_empty());
                with_figures.count() > 1
            });
            groups
        };
        let Some(subject) = self.header.iter().position(|cell| cell == "subject") else {
            return compared(self.by_row());
        };
        let groups = compared(self.by_subject(subject));
        match groups.is_empty() {
            true => compared(self.by_column(0, &self.plotted(subject))),
            false => groups,
        }
    }

    /// The columns behind the subject that are drawn.
    fn plotted(&self, subject: usize) -> Vec<usize> {
        let columns = subject + 1..self.header.len();
        columns
            .filter(|&column| FIGURES.contains(&&*self.header[column]))
            .collect()
    }

    /// Columns make groups, rows make bars.
    fn by_column(&self, name: usize, columns: &[usize]) -> Vec<Group> {
        let names = filled(&self.rows, name);
        let groups = columns.iter().map(|&column| {
            let rows = self.rows.iter().zip(&names);
            let bars = rows.filter_map(|(row, name)| bar(name, row.get(column)?));
            comparable(self.header[column].clone(), bars.collect())
        });
        groups.collect()
    }

    /// A row for each subject: some of its columns make a group of each row.
    fn by_subject(&self, subject: usize) -> Vec<Group> {
        let figures = self.plotted(subject);
        let names = match subject {
            0 => vec![String::new(); self.rows.len()],
            _ => filled(&self.rows, 0),
        };
        let mut order: Vec<&String> = names.iter().collect();
        order.dedup();
        let mut groups = Vec::new();
        for name in order {
            for &column in &figures {
                let figure = &self.header[column];
                let rows = self.rows.iter().zip(&names);
                let rows = rows.filter(|(_, own)| *own == name);
                let bars = rows.filter_map(|(row, _)| bar(&row[subject], row.get(column)?));
                let name = match (name.is_empty(), figures.len()) {
                    (true, _) => figure.clone(),
                    (false, 1) => name.clone(),
                    (false, _) => format!("{name}: {figure}"),
                };
                groups.push(comparable(name, bars.collect()));
            }
        }
        groups
    }

    /// Whether most cells of a column are figures.
    fn is_figures(&self, column: usize) -> bool {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        let cells: Vec<&String> = cells.filter(|cell| !cell.is_empty()).collect();
        let figures = cells.iter().filter(|cell| numbers(cell).is_some());
        2 * figures.count() > cells.len()
    }

    /// A column for each subject.
    fn by_row(&self) -> Vec<Group> {
        let header = format!("| {} |", self.header.join(" | ")).replace("|  |", "| |");
        let columns = 0..self.header.len();
        let texts: Vec<usize> = columns
            .clone()
            .take_while(|&column| column == 0 || !self.is_figures(column))
            .collect();
        let figures: Vec<usize> = columns
            .skip(texts.len())
            .filter(|&column| self.is_figures(column))
            .collect();
        let names: Vec<Vec<String>> = texts
            .iter()
            .map(|&column| filled(&self.rows, column))
            .collect();
        let name = |row: usize| {
            let parts = names.iter().map(|names| &*names[row]);
            let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
            parts.join(", ")
        };
        let kinded = |row: usize, column: usize, title: &str| {
            let (kind, bar) = bar(title, self.rows[row].get(column)?)?;
            let header = &self.header[column];
            let is_ratio = header.starts_with("of ") || header == "ratio";
            Some((
                kind.map(|kind| if is_ratio { Kind::Ratio } else { kind }),
                bar,
            ))
        };
        if BY_COLUMN.contains(&&*header) {
            return self.by_column(0, &figures);
        }
        if let ([column], [_, _, ..]) = (&figures[..], &names[..]) {
            // The last text names the bars of the others.
            let mut groups: Vec<Group> = Vec::new();
            for (row, group) in names[0].iter().enumerate() {
                if groups.last().is_none_or(|last| last.name != *group) {
                    groups.push(comparable(group.clone(), Vec::new()));
                }
                let name = &names[names.len() - 1][row];
                let bar = bar(name, &self.rows[row][*column]).map(|(_, bar)| bar);
                groups.last_mut().expect("there is one").bars.extend(bar);
            }
            return groups;
        }
        let groups = (0..self.rows.len()).map(|row| {
            let columns = figures.iter();
            let bars = columns.filter_map(|&column| kinded(row, column, &self.header[column]));
            comparable(name(row), bars.collect())
        });
        groups.collect()
    }

    /// Whether it must have a picture.
    fn is_drawn(&self) -> bool {
        self.has_figures && self.rows.len() > FEW && !self.groups().is_empty()
    }
}

const WIDTH: usize = 560;
/// Where bars begin, and how long the longest is.
const LEFT: usize = 176;
const LENGTH: f64 = 256.0;
const BAR: usize = 15;
/// How many letters a line holds, across the picture and left of the bars.
const LINE: usize = 84;
const NAME: usize = 30;
/// The width of a letter of a label.
const LETTER: f64 = 6.2;

/// Light and dark, for every picture of the book.
const STYLE: &str = "\
:root{--ground:#fff;--ink:#20262c;--soft:#5b6670;--line:#d4dade;--ours:#d55e00;--peer:#6c8ebf;--base:#a9b4bd}
@media(prefers-color-scheme:dark){:root{--ground:#171b20;--ink:#e4e8eb;--soft:#a3aeb8;--line:#39424b;--ours:#f0843c;--peer:#6f9bd8;--base:#6d7882}}
text{font:11px system-ui,'DejaVu Sans',sans-serif;fill:var(--soft)}
.t{font-weight:600;font-size:12px;fill:var(--ink)}.g{font-size:11.5px;fill:var(--ink)}
.n{text-anchor:end}.o{fill:var(--ours)}.p{fill:var(--peer)}.b{fill:var(--base)}.l{stroke:var(--line)}
polyline{fill:none;stroke-width:2}.O{stroke:var(--ours)}.P{stroke:var(--peer)}
";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Words in lines of so many letters.
fn lines(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is one");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > most {
            lines.push(word.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

/// A text that fits, or its beginning.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    format!("{}…", kept.trim_end())
}

/// The colour of a bar: ours, what nobody runs in a pool, all others.
fn class(name: &str) -> char {
    if name.starts_with("manyhands") || name == "now" || name == "this version" {
        'o'
    } else if name.starts_with('(') || name == "plain calls" || name == "std" {
        'b'
    } else {
        'p'
    }
}

/// The picture of a table.
fn draw(title: &str, groups: &[Group]) -> String {
    let mut body = String::new();
    let mut y = 8;
    let text = |body: &mut String, class: &str, x: f64, y: usize, text: &str| {
        let text = escaped(text);
        let _ = writeln!(
            body,
            "<text class=\"{class}\" x=\"{x:.0}\" y=\"{y}\">{text}</text>"
        );
    };
    for line in lines(title, LINE - 6) {
        y += 16;
        text(&mut body, "t", 12.0, y, &line);
    }
    for group in groups {
        y += 10;
        for line in lines(&group.name, LINE) {
            y += 14;
            text(&mut body, "g", 12.0, y, &line);
        }
        y += 5;
        let values = group.bars.iter().flat_map(|bar| bar.values.iter().copied());
        let most = values.fold(f64::MIN_POSITIVE, f64::max);
        let top = y;
        for bar in &group.bars {
            text(
                &mut body,
                "n",
                LEFT as f64 - 8.0,
                y + 11,
                &cut(&bar.name, NAME),
            );
            let height = (BAR as f64 - 3.0) / bar.values.len().max(1) as f64;
            let mut end = 0.0;
            for (place, value) in bar.values.iter().enumerate() {
                // (The sum makes a zero of either sign positive.)
                let width = (value / most).max(0.0) * LENGTH + 0.0;
                end = width.max(end);
                let (top, class) = (y as f64 + 1.0 + place as f64 * height, class(&bar.name));
                let gap = if bar.values.len() > 1 { 0.5 } else { 0.0 };
                let height = height - gap;
                let _ = writeln!(
                    body,
                    "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
                );
            }
            // Behind a short bar there is room for more.
            let room = (WIDTH - LEFT) as f64 - end - 8.0;
            let label = cut(&bar.label, (room / LETTER) as usize);
            text(&mut body, "", LEFT as f64 + end + 5.0, y + 11, &label);
            y += BAR;
        }
        let line = |body: &mut String, x: f64| {
            let _ = writeln!(body, "<path class=\"l\" d=\"M{x:.1} {top}V{y}\"/>");
        };
        line(&mut body, LEFT as f64 - 0.5);
        if group.are_ratios && most > 1.0 {
            line(&mut body, LEFT as f64 + LENGTH / most);
        }
    }
    y += 22;
    text(
        &mut body,
        "",
        12.0,
        y,
        "Each group of bars has a scale of its own, from zero.",
    );
    frame(title, y + 12, &body)
}

/// The picture around its content.
fn frame(title: &str, height: usize, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"6\" fill=\"var(--ground)\"/>\n{body}</svg>\n",
        escaped(title)
    )
}

/// The name of a picture's file.
fn file(page: &str, heading: &str) -> String {
    let page = Path::new(page).file_stem().expect("a page has a name");
    let page = page.to_str().expect("UTF-8").replace("benchmark-", "");
    let mut name = String::new();
    for letter in format!("{page} {heading}").chars() {
        if letter.is_ascii_alphanumeric() {
            name.push(letter.to_ascii_lowercase());
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    name.get(..60)
        .unwrap_or(name)
        .trim_end_matches('-')
        .to_owned()
}

/// How a page refers to a picture of ours.
fn reference(file: &str) -> String {
    format!("![The table above, drawn](plots/{file})")
}

/// What a benchmark has printed: a name and figures for growing numbers of cores or threads.
struct Curves {
    /// What the figures are.
    title: String,
    counts: Vec<String>,
    /// The figures of a row; several, if cells are pairs.
    rows: Vec<(String, Vec<Vec<f64>>)>,
    /// The last cells, as they stand.
    ends: Vec<String>,
    /// The first line after it, from 0.
    end: usize,
}

/// The beginnings of such blocks, and what belongs to the bottom and the top of a curve.
const CURVES: [(&str, f64, f64); 2] = [
    ("time / greedy bound, at cores:", 1.0, 4.0),
    ("us: median/longest wait, at threads:", 1.0, 1e6),
];

fn curves(page: &str) -> Vec<Curves> {
    let lines: Vec<&str> = page.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((title, _, _)) = CURVES.iter().find(|(title, _, _)| line.starts_with(title))
        else {
            continue;
        };
        let counts = line[title.len()..].split_whitespace().map(str::to_owned);
        let rows = lines[at + 1..]
            .iter()
            .take_while(|line| !line.starts_with("```"));
        let ends = rows
            .clone()
            .map(|line| line.split_whitespace().last().unwrap_or_default());
        let ends = ends.map(str::to_owned).collect();
        let rows: Vec<_> = rows
            .map(|line| {
                let (name, figures) = line.split_once("  ").expect("a name and figures");
                let figures = figures.split_whitespace().map(|cell| {
                    let parts = cell.split('/').map(|part| part.parse().expect("a figure"));
                    parts.collect()
                });
                (name.to_owned(), figures.collect())
            })
            .collect();
        found.push(Curves {
            title: title.trim_end_matches(':').to_owned(),
            counts: counts.collect(),
            end: at + 1 + rows.len() + 1,
            ends,
            rows,
        });
    }
    found
}

impl Curves {
    /// Two curves beside each other, and below them the next two.
    fn draw(&self) -> String {
        let bounds = CURVES
            .iter()
            .find(|(title, _, _)| title.starts_with(&self.title));
        let (_, low, high) = *bounds.expect("it began like that");
        let scale = |value: f64| -> f64 {
            let share = match high > 100.0 {
                true => value.max(low).ln() / high.ln(),
                false => (value - low) / (high - low),
            };
            share.clamp(0.0, 1.0)
        };
        let [first, .., last] = &self.counts[..] else {
            panic!("at least two counts");
        };
        let mut body = String::new();
        let title = match high > 100.0 {
            true => "median and longest wait, in microseconds; up by factors of ten, to a second"
                .to_owned(),
            false => format!(
                "{}, from {low} at the bottom to {high} at the top",
                self.title
            ),
        };
        let _ = writeln!(
            body,
            "<text class=\"t\" x=\"12\" y=\"24\">{}</text>",
            escaped(&title)
        );
        for (place, (name, figures)) in self.rows.iter().enumerate() {
            let (x, y) = (12 + place % 2 * 276, 36 + place / 2 * 112);
            for (number, line) in lines(name, 40).iter().take(2).enumerate() {
                let (y, line) = (y + 14 + 13 * number, escaped(line));
                let _ = writeln!(body, "<text class=\"g\" x=\"{x}\" y=\"{y}\">{line}</text>");
            }
            let (top, bottom, width) = (y as f64 + 32.0, y as f64 + 90.0, 200.0);
            let _ = writeln!(
                body,
                "<path class=\"l\" fill=\"none\" d=\"M{x} {top}V{bottom}H{:.0}\"/>",
                x as f64 + width
            );
            for line in 0..figures[0].len() {
                let mut path = String::new();
                for (count, cell) in figures.iter().enumerate() {
                    let x = x as f64 + width * count as f64 / (figures.len() - 1) as f64;
                    let y = bottom - scale(cell[line]) * (bottom - top);
                    let _ = write!(path, "{x:.1},{y:.1} ");
                }
                let class = if line == 0 { 'O' } else { 'P' };
                let path = path.trim_end();
                let _ = writeln!(body, "<polyline class=\"{class}\" points=\"{path}\"/>");
            }
            // The longer above the shorter.
            for (number, end) in self.ends[place].split('/').enumerate() {
                let (x, y) = (x as f64 + width + 4.0, bottom - 4.0 - 14.0 * number as f64);
                let _ = writeln!(body, "<text x=\"{x}\" y=\"{y}\">{end}</text>");
            }
            let _ = writeln!(
                body,
                "<text x=\"{x}\" y=\"{:.0}\">{first}</text>\n\
                 <text class=\"n\" x=\"{:.0}\" y=\"{:.0}\">{last}</text>",
                bottom + 12.0,
                x as f64 + width,
                bottom + 12.0
            );
        }
        let height = 36 + self.rows.len().div_ceil(2) * 112 + 8;
        frame(&self.title, height, &body)
    }
}

/// A page with references to its pictures, and these, by the names of their files.
fn illustrate(path: &str, page: &str, pictures: &mut BTreeMap<String, String>) -> String {
    // Where a table ends, the heading that names its picture, and the picture, if it has one.
    let tables = tables(page).into_iter().map(|table| {
        let picture = table
            .is_drawn()
            .then(|| draw(&table.heading, &table.groups()));
        (table.end, table.heading, picture)
    });
    let curves = curves(page).into_iter().map(|curves| {
        let picture = (curves.rows.len() > FEW).then(|| curves.draw());
        (curves.end, curves.title, picture)
    });
    let mut ends: BTreeMap<usize, (String, Option<String>)> = tables
        .chain(curves)
        .map(|(end, heading, picture)| (end, (heading, picture)))
        .collect();
    let mut lines: Vec<&str> = page.lines().collect();
    // A table may end the page.
    lines.push("");
    let mut illustrated = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if let Some((heading, picture)) = ends.remove(&at) {
            // What stood there before: a blank line, and the reference.
            let prefix = reference("");
            let prefix = prefix.trim_end_matches(')');
            if lines
                .get(at + 1)
                .is_some_and(|line| line.starts_with(prefix))
            {
                at += 2;
            }
            if let Some(picture) = picture {
                let stem = file(path, &heading);
                let file = (1..)
                    .map(|number| match number {
                        1 => format!("{stem}.svg"),
                        _ => format!("{stem}-{number}.svg"),
                    })
                    .find(|file| !pictures.contains_key(file))
                    .expect("numbers do not end");
                illustrated.extend([String::new(), reference(&file)]);
                pictures.insert(file, picture);
            }
            continue;
        }
        illustrated.push(lines[at].to_owned());
        at += 1;
    }
    let illustrated = illustrated.join("\n");
    illustrated.trim_end().to_owned() + "\n"
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn each_table_has_its_picture() {
    // The published crate has no pictures.
    if !root().join(FOLDER).exists() {
        return;
    }
    let is_asked = std::env::var_os("PLOTS").is_some();
    let mut pictures = BTreeMap::new();
    let mut stale = Vec::new();
    let mut book = String::new();
    for path in source::files_below("book/src", &[".md"]) {
        let page = source::text(&path);
        let illustrated = illustrate(&path, &page, &mut pictures);
        if illustrated != page {
            if is_asked {
                fs::write(root().join(&path), &illustrated).unwrap();
            } else {
                stale.push(path);
            }
        }
        book.push_str(&illustrated);
    }
    for (file, picture) in &pictures {
        let path = format!("{FOLDER}/{file}");
        let there = fs::read_to_string(root().join(&path)).unwrap_or_default();
        if there != *picture {
            if is_asked {
                fs::write(root().join(&path), picture).unwrap();
            } else {
                stale.push(path);
            }
        }
    }
    for path in source::files_below(FOLDER, &[""]) {
        let name = path.rsplit_once('/').expect("it is in a folder").1;
        if !book.contains(&format!("plots/{name}")) {
            if is_asked {
                fs::remove_file(root().join(&path)).unwrap();
            } else {
                stale.push(path);
            }
        }
    }
    println!("house: pictures of tables: {}", pictures.len());
    assert!(
        stale.is_empty(),
        "`PLOTS=1 cargo test --test it plots` mends: {stale:#?}"
    );
}

#[test]
fn the_numbers_of_the_front_page_stand_in_the_tables() {
    let front = tables(&source::text("book/src/introduction.md"));
    let front = front.iter().find(|table| table.heading == "Three numbers");
    let front = front.expect("the front page has three numbers");
    assert_eq!(front.rows.len(), 3);
    let benchmarks = tables(&source::text("book/src/benchmarks.md"));
    let rows: Vec<&Vec<String>> = benchmarks.iter().flat_map(|table| &table.rows).collect();
    for row in &front.rows {
        // "rayon 18 ns; tokio 1 s"
        let others = row[2].split("; ").map(|other| {
            let words: Vec<&str> = other.split(' ').collect();
            words[words.len() - 2..].join(" ")
        });
        let figures: Vec<String> = [row[1].clone()].into_iter().chain(others).collect();
        let has_all = |cells: &&Vec<String>| figures.iter().all(|figure| cells.contains(figure));
        assert!(rows.iter().any(has_all), "{figures:?}");
    }
}

#[test]
fn numbers_have_units() {
    assert_eq!(numbers("3.5 ns"), Some((Kind::Time, vec![3.5])));
    assert_eq!(numbers("2.03 ns / node"), Some((Kind::Time, vec![2.03])));
    assert_eq!(numbers("12.3 us (1.76x)"), Some((Kind::Time, vec![12.3e3])));
    assert_eq!(
        numbers("98,700 KiB"),
        Some((Kind::Bytes, vec![98_700.0 * 1024.0]))
    );
    assert_eq!(
        numbers("13239, 13403"),
        Some((Kind::Number, vec![13239.0, 13403.0]))
    );
    assert_eq!(
        numbers("x 1/4: 1.06, 1.16"),
        Some((Kind::Number, vec![1.06, 1.16]))
    );
    assert_eq!(
        numbers("5/67, 5/1.3 ms"),
        Some((Kind::Time, vec![67e3, 1.3e6]))
    );
    assert_eq!(numbers("0.27x"), Some((Kind::Number, vec![0.27])));
    for none in [
        "",
        "hangs",
        "as now",
        "x 4: as now",
        "204,668,309 calls",
        "1.2 ms, 3",
    ] {
        assert_eq!(numbers(none), None, "{none}");
    }
}

#[test]
fn tables_become_groups() {
    let page = "\
# Page

| row | subject | per unit | best |
|---|---|--:|--:|
| tree | manyhands | 3 ns / node | 2 ns |
| | rayon | 9 ns / node | 8 ns |
| fib | manyhands | 1 ns / call | 1 ns |
| | rayon | hangs | |
| | chili | 2 us / call | |

```text
| no | table |
```

| | manyhands | rayon | of rayon's |
|---|--:|--:|--:|
| `sum` | 10 ns | 20 ns | 0.50 |
| *mean* | | | 0.50 |
";
    let tables = tables(page);
    assert_eq!(tables.len(), 2);
    assert!(tables[0].is_drawn() && !tables[1].is_drawn());
    let of = |group: &Group| -> Vec<(String, Vec<f64>)> {
        let bars = group.bars.iter();
        bars.map(|bar| (bar.name.clone(), bar.values.clone()))
            .collect()
    };
    let groups = tables[0].groups();
    assert_eq!(groups.len(), 2);
    assert_eq!(groups[1].name, "fib");
    let [ours, rayon, chili] = ["manyhands", "rayon", "chili"].map(str::to_owned);
    let bars = [
        (ours.clone(), vec![1.0]),
        (rayon.clone(), vec![]),
        (chili, vec![2e3]),
    ];
    assert_eq!(of(&groups[1]), bars);
    // What is no time is not compared with times, and what stands alone with nothing.
    let groups = tables[1].groups();
    assert_eq!(groups.len(), 1);
    assert_eq!(of(&groups[0]), [(ours, vec![10.0]), (rayon, vec![20.0])]);
}

#[test]
fn printed_figures_become_curves() {
    let page =
        "```text\ntime / greedy bound, at cores:    1   2\na tree of 2   1.00   1.25\n```\nText\n";
    let found = curves(page);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].counts, ["1", "2"]);
    assert_eq!(
        found[0].rows,
        [("a tree of 2".to_owned(), vec![vec![1.0], vec![1.25]])]
    );
    assert_eq!(page.lines().nth(found[0].end), Some("Text"));
}

#[test]
fn a_picture_goes_with_its_table() {
    let rows = "| a | 1 | 2 |\n".repeat(5);
    let page = format!("# P\n\n| | x | y |\n|---|--:|--:|\n{rows}\nText.\n");
    let mut pictures = BTreeMap::new();
    let once = illustrate("book/src/some.md", &page, &mut pictures);
    let below = "\n\n![The table above, drawn](plots/some-p.svg)\n\nText.\n";
    assert!(once.ends_with(below), "{once}");
    let before = pictures.clone();
    pictures.clear();
    assert_eq!(illustrate("book/src/some.md", &once, &mut pictures), once);
    assert_eq!(pictures, before);
    pictures.clear();
    let changed = once.replace("| 2 |", "| 3 |");
    assert_eq!(
        illustrate("book/src/some.md", &changed, &mut pictures),
        changed
    );
    assert_ne!(pictures, before);
    // Four rows need none.
    pictures.clear();
    let short = once.replacen("| a | 1 | 2 |\n", "", 1);
    let without = illustrate("book/src/some.md", &short, &mut pictures);
    assert!(!without.contains("drawn") && pictures.is_empty());
}
