//! The timeline as a page that needs no other file and no network.

use super::chrome::Quoted;
use super::lanes::Lanes;
use super::timeline::Mark;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The page without its data.
const PAGE: &str = include_str!("page.html");
/// The place of the data in the page.
const PLACE: &str = "/*DATA*/";

/// Writes the page.
pub(super) fn write(lanes: &Lanes, mut to: impl Write) -> io::Result<()> {
    let (head, tail) = PAGE.split_once(PLACE).unwrap_or((PAGE, ""));
    to.write_all(head.as_bytes())?;
    data(lanes, &mut to)?;
    to.write_all(tail.as_bytes())
}

/// Writes the data as one JSON object. A span is `[begin, end, depth, kind, task]`, in nanoseconds;
/// kinds are numbers in the order of [`Span`](super::Span).
fn data(lanes: &Lanes, to: &mut impl Write) -> io::Result<()> {
    let mut tasks = BTreeMap::new();
    let mut end = 0.0_f64;
    to.write_all(b"{\"lanes\":[")?;
    for (at, lane) in lanes.all.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let (title, dropped) = (lane.title(), lane.notes.dropped());
        write!(
            to,
            "{comma}\n{{\"name\":{},\"dropped\":{dropped},\"spans\":[",
            Quoted(&title)
        )?;
        let mut spans: Vec<(f64, f64, usize, u8, u64)> = Vec::new();
        let mut open = Vec::new();
        let mut steals = Vec::new();
        lane.replay(lanes.scale, lanes.now, |mark| match mark {
            Mark::Begin(at, piece) => {
                if let Some(site) = piece.site {
                    tasks.entry(piece.task).or_insert(site);
                }
                spans.push((at, at, open.len(), piece.span as u8, piece.task));
                open.push(spans.len() - 1);
            }
            Mark::End(at) => {
                end = end.max(at);
                if let Some(begun) = open.pop() {
                    spans[begun].1 = at;
                }
            }
            Mark::Steal(at, victim) => steals.push((at, victim)),
        });
        for (n, (begin, end, depth, kind, task)) in spans.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(to, "{comma}[{begin:.0},{end:.0},{depth},{kind},{task}]")?;
        }
        to.write_all(b"],\"steals\":[")?;
        for (n, (at, victim)) in steals.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(to, "{comma}[{at:.0},{victim}]")?;
        }
        to.write_all(b"]}")?;
    }
    write!(to, "],\n\"end\":{end:.0},\"tasks\":{{")?;
    for (n, (id, site)) in tasks.iter().enumerate() {
        let comma = if n == 0 { "" } else { "," };
        let site = site.to_string();
        write!(to, "{comma}\"{id}\":[{}", Quoted(&site))?;
        if let Some(name) = lanes.name(*id) {
            write!(to, ",{}", Quoted(name))?;
        }
        to.write_all(b"]")?;
    }
    to.write_all(b"}}")
}
