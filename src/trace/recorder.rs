//! The recorder of one pool: its lanes, and the file to which they are written.

use super::lane::{self, Entered, Lane};
use super::lanes::Lanes;
use super::timeline::Scale;
use super::{LaneKind, chrome, html};
use crate::sync::{Mutex, OnceLock, lock};
use crate::util::clock;
use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The variable that names the file, and so switches recording on.
const FILE: &str = "MANYHANDS_TRACE";
/// The variable that sets how many notes a thread may take.
const NOTES: &str = "MANYHANDS_TRACE_NOTES";
/// The number of notes that a thread may take if the environment does not set it.
const DEFAULT_NOTES: usize = 1 << 17;

/// The recorder of one pool. It records nothing, unless the environment asks for it.
#[derive(Debug)]
pub(crate) struct Recorder(Option<Box<Recording>>);

#[derive(Debug)]
struct Recording {
    path: PathBuf,
    capacity: usize,
    /// The beginning of the recording, in ticks.
    base: u64,
    /// The lanes of the seats, made when a seat is first used.
    seats: Box<[OnceLock<Arc<Lane>>]>,
    blocking: Mutex<Vec<Arc<Lane>>>,
    /// How many notes there were when the file was last written. Locked while the file is written.
    saved: Mutex<usize>,
}

impl Recorder {
    /// The recorder of a pool with `seats` seats.
    pub(crate) fn from_environment(seats: usize) -> Self {
        let Some(file) = std::env::var_os(FILE).filter(|file| !file.is_empty()) else {
            return Self(None);
        };
        let path = numbered(PathBuf::from(file));
        // Fails now rather than after hours of work.
        if let Err(error) = File::create(&path) {
            complain(&path, &error);
            return Self(None);
        }
        let notes = std::env::var(NOTES).ok().and_then(|it| it.parse().ok());
        clock::start();
        Self(Some(Box::new(Recording {
            path,
            capacity: notes.unwrap_or(DEFAULT_NOTES),
            base: clock::ticks(),
            seats: (0..seats).map(|_| OnceLock::new()).collect(),
            blocking: Mutex::new(Vec::new()),
            saved: Mutex::new(0),
        })))
    }

    /// The calling thread takes a seat, and its notes go to the lane of that seat.
    #[inline]
    pub(crate) fn enter(&self, kind: LaneKind, seat: usize) -> Entered {
        let lane = self.0.as_ref().map(|recording| {
            let lane = || Arc::new(Lane::new(kind, seat, recording.capacity));
            &**recording.seats[seat].get_or_init(lane)
        });
        // SAFETY: the lane stays where it is as long as this recorder, which belongs to the pool
        // of the seat; and a seat has one occupant.
        unsafe { lane::enter(lane) }
    }

    /// Like `enter`, for a thread without a seat: its notes go to a lane of its own.
    pub(crate) fn enter_blocking(&self) -> Entered {
        let lane = self.0.as_ref().map(|recording| {
            let mut blocking = lock(&recording.blocking);
            let lane = Lane::new(LaneKind::Blocking, blocking.len(), recording.capacity);
            blocking.push(Arc::new(lane));
            Arc::as_ptr(&blocking[blocking.len() - 1])
        });
        // SAFETY: lanes are never taken out, so the recorder keeps this one. The recorder belongs
        // to the pool of the thread, which alone enters this lane.
        unsafe { lane::enter(lane.map(|lane| &*lane)) }
    }

    /// Writes all lanes to `path`, in the format that its extension names.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        match &self.0 {
            Some(recording) => write(&recording.lanes(), path),
            None => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!("nothing was recorded: {FILE} was not set when the pool was made"),
            )),
        }
    }

    /// Writes the file, if there are new notes. An error is printed, because there is no caller to
    /// take it.
    pub(crate) fn save(&self) {
        if let Some(recording) = &self.0 {
            recording.save(|now, saved| now > saved);
        }
    }

    /// Like [`save`](Self::save), but only after enough new notes. A program that waits for many
    /// futures then does not write its file each time.
    #[inline]
    pub(crate) fn save_if_grown(&self) {
        if let Some(recording) = &self.0 {
            recording.save(|now, saved| now > saved + saved / 2);
        }
    }
}

impl Recording {
    fn lanes(&self) -> Lanes {
        let seats = self.seats.iter().filter_map(OnceLock::get).cloned();
        let blocking = lock(&self.blocking).clone();
        let all: Vec<_> = seats.chain(blocking).collect();
        let mut names = HashMap::from([(0, Arc::from("block_on"))]);
        for lane in &all {
            let more = lock(&lane.names);
            names.extend(more.iter().map(|(id, name)| (*id, Arc::clone(name))));
        }
        Lanes {
            all,
            names,
            now: clock::ticks(),
            scale: Scale {
                base: self.base,
                ns_per_tick: clock::ns_per_tick(),
            },
        }
    }

    fn save(&self, is_worth_it: impl FnOnce(usize, usize) -> bool) {
        let mut saved = lock(&self.saved);
        let lanes = self.lanes();
        let notes = lanes.all.iter().map(|lane| lane.notes.len()).sum();
        if !is_worth_it(notes, *saved) {
            return;
        }
        *saved = notes;
        if let Err(error) = write(&lanes, &self.path) {
            complain(&self.path, &error);
        }
    }
}

/// Writes lanes in the format that the extension says.
fn write(lanes: &Lanes, path: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let is_page = path
        .extension()
        .is_some_and(|it| it.eq_ignore_ascii_case("html") || it.eq_ignore_ascii_case("htm"));
    if is_page {
        html::write(lanes, &mut file)?;
    } else {
        chrome::write(lanes, &mut file)?;
    }
    // Dropping would hide a full disk.
    file.flush()
}

/// The file of the next pool: the first pool of the process writes to `path` itself, the second one
/// to `name-2.html`.
fn numbered(path: PathBuf) -> PathBuf {
    static POOLS: AtomicUsize = AtomicUsize::new(0);
    // Ordering: Relaxed; only uniqueness matters.
    match POOLS.fetch_add(1, Ordering::Relaxed) {
        0 => path,
        before => {
            let mut name = path.file_stem().unwrap_or_default().to_owned();
            name.push(format!("-{}", before + 1));
            if let Some(extension) = path.extension() {
                name.push(".");
                name.push(extension);
            }
            path.with_file_name(name)
        }
    }
}

fn complain(path: &Path, error: &io::Error) {
    // At the end of the process there may be no standard error to print to.
    let path = path.display();
    let _ = writeln!(
        io::stderr(),
        "manyhands: the trace cannot be written to {path}: {error}"
    );
}

/// Calls `save` when the calling thread ends. On the main thread that is the end of the process,
/// where the system then runs destructors of thread-locals (Linux, macOS and Windows do).
pub(crate) fn at_thread_end(save: fn()) {
    struct AtEnd(Cell<Option<fn()>>);
    impl Drop for AtEnd {
        fn drop(&mut self) {
            if let Some(save) = self.0.take() {
                save();
            }
        }
    }
    std::thread_local! {
        static AT_END: AtEnd = const { AtEnd(Cell::new(None)) };
    }
    // On a thread that is already ending it is too late.
    let _ = AT_END.try_with(|at_end| at_end.0.set(Some(save)));
}
