//! Ends the comparison, with a name, when a subject hangs.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

static WORK: Mutex<Option<(String, Instant)>> = Mutex::new(None);

/// Says what begins, and how long it may take at most.
pub fn begin(what: String, limit: Duration) {
    let mut work = WORK.lock().expect("nobody panics with the lock");
    *work = Some((what, Instant::now() + limit));
}

/// Nothing is under way.
pub fn end() {
    *WORK.lock().expect("nobody panics with the lock") = None;
}

/// Looks once a second, from a thread of its own. It exits with status 3: a thread that hangs
/// cannot be stopped.
pub fn start() {
    thread::spawn(|| {
        loop {
            thread::sleep(Duration::from_secs(1));
            let work = WORK.lock().expect("nobody panics with the lock");
            if let Some((what, end)) = &*work {
                if Instant::now() > *end {
                    eprintln!("hangs: {what}");
                    std::process::exit(3);
                }
            }
        }
    });
}
