//! How programs scale, on simulated machines with 1 to 128 cores: `cargo bench --bench scaling
//! --features sim`.
//!
//! Each row is a shape of `tests/shapes`, each column a number of cores; the figure is the time
//! divided by the greedy bound (the larger of work / cores and span), so 1.00 is the best.
//!
//! A second table has programs in which something waits: the median and the longest wait in
//! microseconds, on a pool with as many threads as the column says, and three cores more.
//!
//! * `-- NAME` runs the shapes with this text in their names;
//! * `-- --cores 2,128` chooses the columns;
//! * `-- --seeds 5` prints means over the seeds 1 to 5, and of the longest waits the longest;
//! * `-- --detail` prints what happened beside each figure;
//! * `-- --plot FILE.svg` draws the table;
//! * `-- --real` compares the model with this machine, at 1 and 2 cores;
//! * `-- --costs` measures what this machine can measure of `src/sim/costs.rs`.

#[path = "../tests/shapes/mod.rs"]
mod shapes;

use shapes::{ALL, Shape, WAITS, measure, measure_waits};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::time::{Duration, Instant};

/// What the command line says.
struct Options {
    filter: String,
    cores: Vec<usize>,
    seeds: u64,
    detail: bool,
    plot: Option<String>,
    real: bool,
    costs: bool,
}

impl Options {
    fn read() -> Self {
        let mut options = Self {
            filter: String::new(),
            cores: vec![1, 2, 4, 8, 16, 32, 64, 128],
            seeds: 1,
            detail: false,
            plot: None,
            real: false,
            costs: false,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--bench" => {}
                "--detail" => options.detail = true,
                "--real" => options.real = true,
                "--costs" => options.costs = true,
                "--seeds" => {
                    let number = words.next().expect("--seeds 5");
                    options.seeds = number.parse().expect("a number of seeds");
                }
                "--plot" => options.plot = Some(words.next().expect("--plot FILE.svg")),
                "--cores" => {
                    let list = words.next().expect("--cores 1,2,4");
                    options.cores = list
                        .split(',')
                        .map(|text| text.parse().expect("a number of cores"))
                        .collect();
                }
                filter => options.filter = filter.to_owned(),
            }
        }
        options
    }
}

/// The ratios of one shape, one for each number of cores.
struct Row<'a> {
    shape: &'a Shape,
    ratios: Vec<f64>,
}

fn main() {
    let options = Options::read();
    if options.costs {
        return costs();
    }
    let chosen = ALL
        .iter()
        .filter(|shape| shape.name.contains(&options.filter));
    if options.real {
        return real(chosen);
    }
    let start = Instant::now();
    print!("{:58}", "time / greedy bound, at cores:");
    for cores in &options.cores {
        print!("{cores:>7}");
    }
    println!();
    let mut rows = Vec::new();
    for shape in chosen {
        print!("{:58}", shape.name);
        let mut details = String::new();
        let mut ratios = Vec::new();
        for &cores in &options.cores {
            let began = Instant::now();
            let (time, report) = measure(shape, cores, 1);
            let more = (2..=options.seeds).map(|seed| measure(shape, cores, seed).0);
            let time = (time + more.sum::<Duration>()) / options.seeds as u32;
            let best = (shape.size)(cores).best(cores);
            let ratio = time.as_secs_f64() / best.as_secs_f64();
            print!("{ratio:>7.2}");
            let _ = writeln!(
                details,
                "{cores:>10} cores: {time:?} of {best:?}; {} steals, {} wakes, {} parks, \
                 {} exposures, {} foreign lines, idle {:?}; {} decisions, {} handovers in {:.2?}",
                report.steals(),
                report.wakes(),
                report.parks(),
                report.exposures(),
                report.foreign_lines(),
                report.idle(),
                report.decisions(),
                report.handovers(),
                began.elapsed(),
            );
            ratios.push(ratio);
        }
        println!();
        if options.detail {
            print!("{details}");
        }
        rows.push(Row { shape, ratios });
    }
    waits(&options);
    println!("(simulated in {:.1?})", start.elapsed());
    if let Some(path) = &options.plot {
        std::fs::write(path, plot(&options.cores, &rows)).expect("the plot cannot be written");
    }
}

/// The programs in which something waits.
fn waits(options: &Options) {
    let mut chosen = WAITS
        .iter()
        .filter(|wait| wait.name.contains(&options.filter))
        .peekable();
    if chosen.peek().is_none() {
        return;
    }
    print!("\n{:52}", "us: median/longest wait, at threads:");
    for threads in &options.cores {
        print!("{threads:>14}");
    }
    println!();
    for wait in chosen {
        print!("{:52}", wait.name);
        let mut details = String::new();
        for &threads in &options.cores {
            let (mut median, mut longest) = (Duration::ZERO, Duration::ZERO);
            for seed in 1..=options.seeds {
                let (waited, report) = measure_waits(wait, threads, seed);
                median += waited.median / options.seeds as u32;
                longest = longest.max(waited.longest);
                let _ = writeln!(details, "{threads:>10} threads: {waited:?}; {report:?}");
            }
            let figures = format!("{}/{}", median.as_micros(), longest.as_micros());
            print!("{figures:>14}");
        }
        println!();
        if options.detail {
            print!("{details}");
        }
    }
}

/// The model beside the machine: 1 and 2 cores, on which work spins.
fn real<'a>(shapes: impl Iterator<Item = &'a Shape>) {
    println!(
        "{:58}{:>24}{:>24}",
        "simulated and real ms, at cores:", 1, 2
    );
    for shape in shapes {
        print!("{:58}", shape.name);
        for cores in [1, 2] {
            let (model, _) = measure(shape, cores, 1);
            let pool = manyhands::Pool::builder()
                .num_threads(cores)
                .build()
                .unwrap();
            let time = (0..5)
                .map(|_| {
                    let start = Instant::now();
                    pool.install(|| (shape.run)(cores));
                    start.elapsed()
                })
                .min()
                .unwrap();
            let ms = |time: Duration| time.as_secs_f64() * 1e3;
            let error = 100.0 * (ms(model) / ms(time) - 1.0);
            print!("{:>8.2}{:>8.2}{error:>+7.0}%", ms(model), ms(time));
        }
        println!();
    }
}

/// A plot of the table: one line a shape, from the best, at the bottom.
fn plot(cores: &[usize], rows: &[Row<'_>]) -> String {
    const WIDTH: usize = 110;
    const HEIGHT: usize = 90;
    const COLUMNS: usize = 4;
    const TOP: f64 = 4.0;
    let lines = rows.len().div_ceil(COLUMNS);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\">\n",
        COLUMNS * (WIDTH + 60),
        lines * (HEIGHT + 50) + 30
    );
    let title = format!(
        "time / greedy bound (1 is the bottom line, {TOP} the top one) at {} to {} cores",
        cores[0],
        cores[cores.len() - 1]
    );
    let _ = writeln!(
        svg,
        "<text x=\"10\" y=\"16\" font-size=\"11\">{title}</text>"
    );
    for (at, row) in rows.iter().enumerate() {
        let left = 20 + (at % COLUMNS) * (WIDTH + 60);
        let bottom = 30 + HEIGHT + (at / COLUMNS) * (HEIGHT + 50);
        let step = WIDTH as f64 / (cores.len().max(2) - 1) as f64;
        let points: String = row
            .ratios
            .iter()
            .enumerate()
            .map(|(i, ratio)| {
                let x = left as f64 + i as f64 * step;
                let up = (ratio.min(TOP) - 1.0).max(0.0) / (TOP - 1.0);
                format!("{x:.1},{:.1} ", bottom as f64 - up * HEIGHT as f64)
            })
            .collect();
        let (name, number) = row.shape.name.split_at(row.shape.name.len().min(34));
        let _ = writeln!(
            svg,
            "<path d=\"M{left} {} V{bottom} H{}\" fill=\"none\" stroke=\"#999\"/>\n\
             <polyline points=\"{points}\" fill=\"none\" stroke=\"#06c\" stroke-width=\"2\"/>\n\
             <text x=\"{left}\" y=\"{}\" font-size=\"8\">{name}</text>\n\
             <text x=\"{left}\" y=\"{}\" font-size=\"8\">{}</text>",
            bottom - HEIGHT,
            left + WIDTH,
            bottom + 12,
            bottom + 22,
            number.trim()
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// Nanoseconds a round of `f`.
fn ns(rounds: u32, mut f: impl FnMut()) -> f64 {
    let best = (0..5)
        .map(|_| {
            let start = Instant::now();
            (0..rounds).for_each(|_| f());
            start.elapsed()
        })
        .min()
        .unwrap();
    best.as_secs_f64() * 1e9 / f64::from(rounds)
}

/// What one machine can tell of the table of costs.
fn costs() {
    let word = AtomicU64::new(0);
    let own = ns(1_000_000, || {
        word.fetch_add(1, Ordering::SeqCst);
    });
    println!("read-modify-write on an own line: {own:.1} ns");
    // A store between two fences: the compiler makes one of two that follow each other.
    let fenced = ns(1_000_000, || {
        word.store(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    });
    println!("fence: {fenced:.1} ns");
    println!("spin hint: {:.1} ns", ns(1_000_000, std::hint::spin_loop));
    println!(
        "clock: {:.1} ns",
        ns(1_000_000, || {
            std::hint::black_box(Instant::now());
        })
    );
    println!("yield: {:.0} ns", ns(10_000, std::thread::yield_now));

    // Two threads change one word in turn: each change finds the line on the other core. The best of
    // many short batches, since either thread may lose its core.
    const TURNS: u64 = 2_000;
    let batch = || {
        let turn = AtomicU64::new(0);
        let play = |parity: u64| {
            while turn.load(Ordering::Acquire) < TURNS {
                if turn.load(Ordering::Acquire) % 2 == parity {
                    turn.fetch_add(1, Ordering::AcqRel);
                } else {
                    std::hint::spin_loop();
                }
            }
        };
        std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                while turn.load(Ordering::Acquire) == 0 {}
                play(1);
            });
            let start = Instant::now();
            play(0);
            other.join().unwrap();
            start.elapsed()
        })
    };
    let best = (0..200).map(|_| batch()).min().unwrap();
    let foreign = best.as_secs_f64() * 1e9 / TURNS as f64;
    println!("a line to the other core and a change there: {foreign:.0} ns");

    // A round of wakes between two threads, which sleep in between.
    const ROUNDS: u32 = 200;
    let batch = || {
        let (parent, turn) = (std::thread::current(), &AtomicU64::new(0));
        let wait_for = |wanted: u64| {
            while turn.load(Ordering::Acquire) != wanted {
                std::thread::park();
            }
        };
        std::thread::scope(|scope| {
            let child = scope.spawn(move || {
                for _ in 0..ROUNDS {
                    wait_for(1);
                    turn.store(0, Ordering::Release);
                    parent.unpark();
                }
            });
            let start = Instant::now();
            for _ in 0..ROUNDS {
                turn.store(1, Ordering::Release);
                child.thread().unpark();
                wait_for(0);
            }
            start.elapsed()
        })
    };
    let best = (0..100).map(|_| batch()).min().unwrap();
    let round = best.as_secs_f64() * 1e9 / f64::from(2 * ROUNDS);
    println!("a wake and a sleep, from thread to thread: {round:.0} ns");

    let spawn = ns(200, || std::thread::spawn(|| ()).join().unwrap());
    println!("a thread's creation, life and end: {spawn:.0} ns");
}
