//! Inputs for the Rust Parallel Benchmarks, in the formats of the PBBS suite; std alone.
//!
//! ```text
//! rpb-inputs FOLDER [PERCENT]
//! ```
//!
//! The same files on every machine. PERCENT scales all sizes.

mod random;

use std::fmt::{Display, Write as _};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use random::{Random, mix};

/// Two vertices, the smaller one first.
type Edge = (u32, u32);

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("a folder"));
    let percent: usize = arguments
        .next()
        .map_or(100, |text| text.parse().expect("a number"));
    fs::create_dir_all(&folder)?;
    let scaled = |size: usize| size * percent / 100;

    let numbers = scaled(4_000_000);
    write_numbers(&folder.join("random.ints"), &uniform(numbers, 1 << 30))?;
    write_numbers(&folder.join("few.ints"), &uniform(numbers, 100_000))?;
    write_numbers(&folder.join("exponential.ints"), &exponential(numbers))?;
    write_numbers(&folder.join("almost-sorted.ints"), &almost_sorted(numbers))?;
    fs::write(folder.join("trigrams.text"), trigrams(scaled(1_000_000)))?;
    write_graph(&folder, "rmat", &rmat(scaled(2_000_000)))?;
    write_graph(&folder, "grid", &grid(scaled(300_000)))
}

fn uniform(count: usize, limit: u64) -> Vec<u64> {
    let mut random = Random(1);
    (0..count).map(|_| random.below(limit)).collect()
}

/// As many numbers in each range as in the one before, which is half as wide: small ones are frequent.
fn exponential(count: usize) -> Vec<u64> {
    let mut random = Random(2);
    let ranges = count.ilog2().into();
    (0..count)
        .map(|_| {
            let range = 1 << random.below(ranges);
            range + mix(range + random.below(range)) % range
        })
        .collect()
}

/// In order, but for one exchange for each thousand numbers.
fn almost_sorted(count: usize) -> Vec<u64> {
    let mut random = Random(3);
    let mut numbers: Vec<u64> = (0..count as u64).collect();
    for _ in 0..count / 1000 {
        numbers.swap(
            random.below(count as u64) as usize,
            random.below(count as u64) as usize,
        );
    }
    numbers
}

/// Letters that depend on the two before: of each two candidates the first is as likely as all others.
fn trigrams(length: usize) -> Vec<u8> {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz ";
    let mut random = Random(4);
    let mut text: Vec<u8> = Vec::new();
    let mut before = 0;
    for _ in 0..length {
        let rank = u64::from(random.next().trailing_zeros().min(12));
        let letter = LETTERS[(mix(before * 16 + rank) % LETTERS.len() as u64) as usize];
        text.push(letter);
        before = (before * 256 + u64::from(letter)) % (1 << 16);
    }
    text
}

/// A graph whose halves, quarters and so on are connected alike, some better than others: few vertices
/// have many edges.
fn rmat(tries: usize) -> Vec<Edge> {
    let mut random = Random(5);
    let levels = (tries / 8).max(2).ilog2();
    let mut edges: Vec<Edge> = (0..tries)
        .filter_map(|_| {
            let (mut from, mut to) = (0, 0);
            for _ in 0..levels {
                // 50 % near the beginning, 30 % near the end, 10 % for each way across.
                let (down, right) = match random.below(10) {
                    0..5 => (0, 0),
                    5..8 => (1, 1),
                    8 => (1, 0),
                    _ => (0, 1),
                };
                (from, to) = (from * 2 + down, to * 2 + right);
            }
            (from != to).then(|| (from.min(to), from.max(to)))
        })
        .collect();
    edges.sort_unstable();
    edges.dedup();
    random.shuffle(&mut edges);
    edges
}

/// A grid of three dimensions, whose opposite sides are connected.
fn grid(vertices: usize) -> Vec<Edge> {
    let side = (vertices as f64).cbrt().round().max(3.0) as u32;
    let name = |x: u32, y: u32, z: u32| (x % side * side + y % side) * side + z % side;
    let mut edges = Vec::new();
    for here in 0..side.pow(3) {
        let (x, y, z) = (here / side / side, here / side % side, here % side);
        for there in [name(x + 1, y, z), name(x, y + 1, z), name(x, y, z + 1)] {
            edges.push((here.min(there), here.max(there)));
        }
    }
    edges
}

/// A header, and each item on a line of its own.
fn write_lines(
    file: &Path,
    header: &str,
    lines: impl Iterator<Item = impl Display>,
) -> io::Result<()> {
    let mut text = format!("{header}\n");
    for line in lines {
        writeln!(text, "{line}").map_err(io::Error::other)?;
    }
    fs::write(file, text)
}

fn write_numbers(file: &Path, numbers: &[u64]) -> io::Result<()> {
    write_lines(file, "sequenceInt", numbers.iter())
}

/// Three files: the neighbours of all vertices, the edges, and the edges with weights.
fn write_graph(folder: &Path, name: &str, edges: &[Edge]) -> io::Result<()> {
    let file = |kind: &str| folder.join(format!("{name}.{kind}"));
    write_lines(
        &file("edges"),
        "EdgeArray",
        edges.iter().map(|(a, b)| format!("{a} {b}")),
    )?;

    let mut random = Random(8);
    let weighted = edges
        .iter()
        .map(|(a, b)| format!("{a} {b} {:.7}", random.fraction()));
    write_lines(&file("weighted"), "WeightedEdgeArray", weighted)?;

    let mut both: Vec<Edge> = edges.iter().flat_map(|&(a, b)| [(a, b), (b, a)]).collect();
    both.sort_unstable();
    let vertices = both.last().map_or(0, |&(last, _)| last + 1);
    let starts =
        (0..vertices).map(|vertex| both.partition_point(|&(from, _)| from < vertex) as u32);
    let header = format!("AdjacencyGraph\n{vertices}\n{}", both.len());
    write_lines(
        &file("graph"),
        &header,
        starts.chain(both.iter().map(|&(_, to)| to)),
    )
}
