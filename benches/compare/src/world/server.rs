//! A server as a process of its own, and what it uses.

use super::runtimes::{Job, World, with};
use super::{KIND as WORLD, http, nets::Net, unknown};
use crate::child::{FLAG, Figures};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What the kinds of servers begin with.
pub const KIND: &str = "world serve ";

/// Connections that wait to be accepted.
const BACKLOG: i32 = 4096;

/// How often threads are counted.
const LOOK: Duration = Duration::from_millis(20);

/// A running server; killed when dropped.
pub struct Server {
    process: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts this program once more; `what` is served by `subject`.
    pub fn start(what: &str, subject: &str, threads: usize) -> Result<Self, String> {
        debug_assert!(KIND.starts_with(WORLD));
        let error = |error: io::Error| format!("the server of {subject}: {error}");
        let program = std::env::current_exe().map_err(error)?;
        let mut process = Command::new(program)
            .args([FLAG, &format!("{KIND}{what}"), subject])
            .args([&threads.to_string(), "0"])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(error)?;
        let output = process.stdout.take().expect("it is piped");
        let mut line = String::new();
        let read = BufReader::new(output).read_line(&mut line);
        let server = |address| Self { process, address };
        read.map_err(error)?;
        match line.trim().parse() {
            Ok(port) => Ok(server((Ipv4Addr::LOCALHOST, port).into())),
            Err(_) => {
                // Nobody listens: it has said why, and is killed if it goes on.
                drop(server((Ipv4Addr::LOCALHOST, 0).into()));
                Err(format!("the server of {subject} did not start"))
            }
        }
    }

    /// Runs the load, and adds what the server uses meanwhile to its figures. The load tells how
    /// much was done, and how long it took.
    pub fn measure(
        &self,
        load: impl FnOnce(SocketAddr) -> Result<Load, String>,
    ) -> Result<Figures, String> {
        let pid = self.process.id();
        let most = Arc::new(AtomicUsize::new(0));
        let ended = Arc::new(AtomicBool::new(false));
        let watch = {
            let (most, ended) = (Arc::clone(&most), Arc::clone(&ended));
            thread::spawn(move || {
                // Ordering: Relaxed; a flag that is seen soon enough, and a statistic.
                while !ended.load(Ordering::Relaxed) {
                    let threads = status(pid, "Threads:").unwrap_or(0);
                    most.fetch_max(threads as usize, Ordering::Relaxed);
                    thread::sleep(LOOK);
                }
            })
        };
        let load = load(self.address);
        ended.store(true, Ordering::Relaxed);
        watch.join().expect("it only looks");
        let load = load?;
        let mut figures = load.figures;
        let cpu = load.cpu.as_nanos() as f64;
        figures.extend([
            (
                "a_second".into(),
                load.units as f64 / load.time.as_secs_f64(),
            ),
            ("cpu_each".into(), cpu / load.units.max(1) as f64),
            ("cpu_a_second".into(), cpu / load.time.as_secs_f64()),
            ("threads".into(), most.load(Ordering::Relaxed) as f64),
        ]);
        if let Some(kilobytes) = status(pid, "VmHWM:") {
            figures.insert("resident".into(), kilobytes as f64 * 1024.0);
        }
        Ok(figures)
    }

    /// CPU time so far.
    pub fn cpu(&self) -> Duration {
        cpu_of(self.process.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a load has found.
pub struct Load {
    pub units: u64,
    pub time: Duration,
    /// Of the server, meanwhile.
    pub cpu: Duration,
    pub figures: Figures,
}

/// Runs `f` with a clock for the time and the server's CPU time.
pub fn timed<T>(server: &Server, f: impl FnOnce() -> T) -> (T, Duration, Duration) {
    let (start, cpu) = (Instant::now(), server.cpu());
    let result = f();
    (result, start.elapsed(), server.cpu().saturating_sub(cpu))
}

/// The server's side: says its port, and serves until it is killed.
pub fn child(what: &str, subject: &str, threads: usize) -> Result<Figures, String> {
    die_with_parent();
    // As many as the system allows; the rows say what they need.
    let _ = allow_files(0);
    let listener = listen().map_err(|error| format!("a listener: {error}"))?;
    let port = listener.local_addr().map_err(|error| error.to_string())?;
    let known = match what {
        "echo" => with(subject, Echo { listener, threads }).is_some(),
        "http" => http::serve(subject, listener, threads),
        _ => return Err(format!("unknown server: {what}")),
    };
    if !known {
        return Err(unknown(subject));
    }
    println!("{}", port.port());
    io::stdout().flush().map_err(|error| error.to_string())?;
    loop {
        thread::park();
    }
}

struct Echo {
    listener: TcpListener,
    threads: usize,
}

impl Job for Echo {
    type Result = ();

    fn run<W: World>(self) {
        W::start(self.threads);
        accept::<W, _>(self.listener, |stream| async {
            // The client may go whenever it likes.
            let _ = W::Net::echo(stream).await;
        });
    }
}

/// A task for each connection.
pub fn accept<W, F>(
    listener: TcpListener,
    serve: impl Fn(<W::Net as Net>::Stream) -> F + Send + 'static,
) where
    W: World,
    F: Future<Output = ()> + Send + 'static,
{
    W::detach(async move {
        let listener = W::Net::listener(listener).expect("a listener");
        loop {
            match W::Net::accept(&listener).await {
                Ok(stream) => W::detach(serve(stream)),
                Err(error) => eprintln!("accept: {error}"),
            }
        }
    });
}

fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    // SAFETY: the call takes numbers only.
    match unsafe { libc::listen(listener.as_raw_fd(), BACKLOG) } {
        0 => Ok(listener),
        _ => Err(io::Error::last_os_error()),
    }
}

/// A server without its load serves nobody.
fn die_with_parent() {
    // SAFETY: the call takes numbers only.
    let failed = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    assert_eq!(failed, 0, "prctl: {}", io::Error::last_os_error());
}

/// Raises the limit of open files as far as it goes; an error if that is not enough.
pub fn allow_files(needed: u64) -> Result<(), String> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the pointer is that of a live `rlimit`.
    let failed = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    assert_eq!(failed, 0, "getrlimit: {}", io::Error::last_os_error());
    limit.rlim_cur = limit.rlim_max;
    // SAFETY: as above. If it fails, the limit stays as it was, and nothing else happens.
    let failed = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } != 0;
    // Some for the runtime and the program itself.
    if failed || limit.rlim_max < needed + 50 {
        return Err(format!(
            "{needed} open files are needed, and the system allows {}",
            limit.rlim_max
        ));
    }
    Ok(())
}

/// A number in the status of a process.
fn status(pid: u32, field: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// CPU time of all threads of a process.
fn cpu_of(pid: u32) -> Duration {
    let mut clock: libc::clockid_t = 0;
    // SAFETY: the pointer is that of a live `clockid_t`.
    let failed = unsafe { libc::clock_getcpuclockid(pid as i32, &raw mut clock) };
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is that of a live `timespec`.
    if failed != 0 || unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
        // It has ended: then the load fails, too, and says more.
        return Duration::ZERO;
    }
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_time_of_a_process_is_found() {
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(5) {
            std::hint::black_box(0);
        }
        assert!(cpu_of(std::process::id()) > Duration::ZERO);
        assert!(status(std::process::id(), "Threads:") >= Some(1));
    }

    #[test]
    fn too_many_files_are_refused() {
        assert!(allow_files(10).is_ok());
        let error = allow_files(u64::MAX - 50).unwrap_err();
        assert!(error.contains("the system allows"), "{error}");
    }
}
