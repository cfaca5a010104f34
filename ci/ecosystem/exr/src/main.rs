//! Pictures written and read by exr, which compresses their blocks in parallel.
//!
//! `exr WIDTH` prints a line for each compression with checksums of the file and of what is read
//! from it; `exr WIDTH --times` prints the milliseconds of each part in its place.

use exr::prelude::*;
use std::env;
use std::io::Cursor;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Mixes the bits of a number (splitmix64).
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .chunks(8)
        .map(|chunk| {
            chunk
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        })
        .fold(bytes.len() as u64, |sum, chunk| mix(sum ^ chunk))
}

/// Rings with some noise: neither empty nor impossible to compress.
fn channel(name: &str, size: Vec2<usize>, seed: u64) -> AnyChannel<FlatSamples> {
    let value = |at: usize| {
        let (x, y) = (at % size.width(), at / size.width());
        let ring = ((x * x + y * y) as f32).sqrt() * 0.02 + seed as f32;
        let noise = mix(seed << 40 | at as u64) % 16;
        ring.sin() + noise as f32 / 1024.0
    };
    let samples = (0..size.area()).map(|at| f16::from_f32(value(at)));
    AnyChannel::new(name, FlatSamples::F16(samples.collect()))
}

fn picture(width: usize, compression: Compression) -> Image<Layer<AnyChannels<FlatSamples>>> {
    let size = Vec2(width, width);
    let channels = ["R", "G", "B", "A"].into_iter().zip(1..);
    let channels = channels.map(|(name, seed)| channel(name, size, seed));
    let encoding = Encoding {
        compression,
        blocks: Blocks::ScanLines,
        line_order: LineOrder::Increasing,
    };
    let attributes = LayerAttributes::named("rings");
    Image::from_layer(Layer::new(
        size,
        attributes,
        encoding,
        AnyChannels::sort(channels.collect()),
    ))
}

fn write(picture: &Image<Layer<AnyChannels<FlatSamples>>>) -> Result<Vec<u8>> {
    let mut file = Cursor::new(Vec::new());
    picture.write().to_buffered(&mut file)?;
    Ok(file.into_inner())
}

fn read_back(file: &[u8]) -> Result<Image<Layer<AnyChannels<FlatSamples>>>> {
    let read = read().no_deep_data().largest_resolution_level();
    let read = read.all_channels().first_valid_layer().all_attributes();
    read.from_buffered(Cursor::new(file))
}

/// The checksum of all samples of a picture.
fn sum_of_samples(picture: &Image<Layer<AnyChannels<FlatSamples>>>) -> u64 {
    let samples = picture.layer_data.channel_data.list.iter();
    let sums = samples.map(|channel| {
        let bits = channel.sample_data.values_as_f32();
        bits.fold(0, |sum, value| mix(sum ^ u64::from(value.to_bits())))
    });
    sums.fold(0, |sum, channel| mix(sum ^ channel))
}

fn file(width: usize) -> Result<Vec<u8>> {
    write(&picture(width, Compression::ZIP16))
}

/// Writes a file where a request would be served.
#[cfg(feature = "tasks")]
fn start(width: usize) -> manyhands::JoinHandle<Result<Vec<u8>>> {
    manyhands::spawn(async move { file(width) })
}

#[cfg(not(feature = "tasks"))]
fn start(width: usize) -> std::thread::JoinHandle<Result<Vec<u8>>> {
    std::thread::spawn(move || file(width))
}

fn four_at_once(width: usize) -> Result<Vec<Vec<u8>>> {
    let started: Vec<_> = (0..4).map(|_| start(width)).collect();
    let files = started.into_iter();
    files
        .map(|file| file.join().expect("a panic in exr"))
        .collect()
}

/// The result of `op`, and how long it took.
fn timed<T>(op: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let result = op()?;
    Ok((result, start.elapsed()))
}

fn run(width: usize, times: bool) -> Result<()> {
    let show = |name: &str, time: Duration, sum: u64| match times {
        true => println!("{name} {:.1}", time.as_secs_f64() * 1000.0),
        false => println!("{name} {sum:016x}"),
    };
    for (name, compression) in [
        ("rle", Compression::RLE),
        ("zip", Compression::ZIP16),
        ("piz", Compression::PIZ),
    ] {
        let picture = picture(width, compression);
        let (file, time) = timed(|| write(&picture))?;
        show(&format!("write-{name}"), time, checksum(&file));
        let (picture, time) = timed(|| read_back(&file))?;
        show(&format!("read-{name}"), time, sum_of_samples(&picture));
    }
    let (files, time) = timed(|| four_at_once(width / 2))?;
    let sum = files.iter().fold(0, |sum, file| mix(sum ^ checksum(file)));
    show("four-at-once", time, sum);
    Ok(())
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let width = arguments.next().and_then(|text| text.parse().ok());
    let times = match arguments.next().as_deref() {
        None => Some(false),
        Some("--times") => Some(true),
        Some(_) => None,
    };
    let (Some(width), Some(times)) = (width, times) else {
        eprintln!("usage: exr WIDTH [--times]");
        return ExitCode::from(2);
    };
    match run(width, times) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("exr: {error}");
            ExitCode::FAILURE
        }
    }
}
