//! Every pool behind one plain face, for the figures of which a boxed closure is no part worth
//! naming: what it costs at rest, and how soon it starts.

use crate::results::OURS;
use crate::tasks::{self, Executor};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// First jobs that take longer than this hang.
const HANGS: Duration = Duration::from_secs(5);

pub type Job = Box<dyn FnOnce() + Send>;

/// A pool that somebody outside gives jobs to, and that nobody waits for.
pub trait Launch {
    fn launch(&self, job: Job);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The job is an async block around the closure.
    Future,
    /// The job is the closure.
    Closure,
    /// The job is one half of a join, which the caller waits for: good for warming a pool only.
    Join,
}

/// One way to run jobs.
pub struct Subject {
    pub name: &'static str,
    pub how: How,
    /// The most workers that it can have.
    pub most: usize,
    pub start: fn(usize) -> Box<dyn Launch>,
}

const fn futures<E: Executor>() -> Subject {
    Subject {
        name: E::NAME,
        how: How::Future,
        most: E::MOST,
        start: |threads| Box::new(Futures(E::start(threads))),
    }
}

const fn other(name: &'static str, how: How, start: fn(usize) -> Box<dyn Launch>) -> Subject {
    Subject {
        name,
        how,
        most: usize::MAX,
        start,
    }
}

/// A subject with two ways has the same pool for both.
pub const SUBJECTS: &[Subject] = &[
    futures::<tasks::ManyHands>(),
    other(OURS, How::Closure, |threads| {
        Box::new(tasks::ManyHands::start(threads))
    }),
    other("rayon", How::Closure, |threads| {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
        Box::new(builder.build().expect("a pool"))
    }),
    other("chili", How::Join, |threads| {
        Box::new(chili::ThreadPool::with_config(chili::Config {
            thread_count: threads.try_into().ok(),
            ..chili::Config::default()
        }))
    }),
    futures::<tasks::Tokio>(),
    futures::<tasks::AsyncExecutor>(),
    futures::<tasks::Futures>(),
    #[cfg(feature = "forte")]
    futures::<tasks::Forte>(),
    #[cfg(feature = "forte")]
    Subject {
        name: "forte",
        how: How::Closure,
        most: tasks::Forte::MOST,
        start: |threads| Box::new(tasks::Forte::start(threads)),
    },
];

/// The subjects that run jobs in this way.
pub fn subjects(how: How) -> impl Iterator<Item = &'static Subject> {
    SUBJECTS.iter().filter(move |subject| subject.how == how)
}

/// Every pool once.
pub fn pools() -> impl Iterator<Item = &'static Subject> {
    let first = |&(place, subject): &(usize, &'static Subject)| {
        let mut before = SUBJECTS[..place].iter();
        before.all(|other| other.name != subject.name)
    };
    let all = SUBJECTS.iter().enumerate();
    all.filter(first).map(|(_, subject)| subject)
}

/// A pool all of whose workers have, most likely, run something. An error if it hangs.
pub fn warmed(subject: &Subject, threads: usize) -> Result<Box<dyn Launch>, String> {
    let pool = (subject.start)(threads);
    let jobs = 4 * threads;
    let left = Arc::new(AtomicUsize::new(jobs));
    for _ in 0..jobs {
        let left = Arc::clone(&left);
        pool.launch(Box::new(move || {
            // The others get the other jobs.
            thread::sleep(Duration::from_millis(1));
            // Ordering: Relaxed; only the count matters.
            left.fetch_sub(1, Ordering::Relaxed);
        }));
    }
    let end = Instant::now() + HANGS;
    loop {
        match left.load(Ordering::Relaxed) {
            0 => return Ok(pool),
            left if Instant::now() > end => {
                let name = subject.name;
                return Err(format!(
                    "{name} hung: {left} of {jobs} first jobs have not run"
                ));
            }
            _ => thread::sleep(Duration::from_millis(1)),
        }
    }
}

struct Futures<E>(E);

impl<E: Executor> Launch for Futures<E> {
    fn launch(&self, job: Job) {
        self.0.spawn_detached(async { job() });
    }
}

impl Launch for tasks::ManyHands {
    fn launch(&self, job: Job) {
        drop(self.pool().spawn_compute(job));
    }
}

impl Launch for rayon::ThreadPool {
    fn launch(&self, job: Job) {
        self.spawn(job);
    }
}

impl Launch for chili::ThreadPool {
    fn launch(&self, job: Job) {
        self.scope().join(|_| (), |_| job());
    }
}

#[cfg(feature = "forte")]
impl Launch for tasks::Forte {
    fn launch(&self, job: Job) {
        self.pool().spawn(|_: &forte::Worker| job());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_runs_jobs() {
        for subject in SUBJECTS {
            // forte hangs now and then.
            assert!(warmed(subject, 2).is_ok() || subject.name == "forte");
        }
    }

    #[test]
    fn pools_are_named_once() {
        let names: Vec<_> = pools().map(|pool| pool.name).collect();
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), names.len());
        assert!(names.len() >= 6);
    }
}
