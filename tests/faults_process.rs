//! Faults that concern a whole process: each is brought about in a child process, which is this
//! test binary again, and killed if it hangs.
#![cfg(target_os = "linux")]

use manyhands::prelude::*;
use manyhands::{Pool, block_on, current_num_threads, join, scope, spawn, spawn_compute, task};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::Waker;
use std::time::Duration;

/// After so long a child hangs.
const LIMIT: Duration = Duration::from_secs(30);

/// Names the test that a child process is to run the body of.
const CHILD: &str = "MANYHANDS_TEST_CHILD";

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// This binary again, to run the test with this name and no other.
fn child(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, test)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Waits for a child, and kills it if it hangs.
fn end_of(child: Child) -> Output {
    let pid = child.id() as libc::pid_t;
    let (sender, receiver) = mpsc::channel();
    let waiter = std::thread::spawn(move || sender.send(child.wait_with_output()).unwrap());
    let output = receiver.recv_timeout(LIMIT);
    if output.is_err() {
        // SAFETY: a system call; the waiter has not reaped the child yet.
        unsafe { libc::kill(pid, libc::SIGKILL) };
    }
    waiter.join().unwrap();
    output.expect("the child hangs").unwrap()
}

#[track_caller]
fn assert_success(output: &Output) {
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        // Did it run the test, and not just none?
        output.status.success() && stdout.contains("1 passed"),
        "{}\n{stdout}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

fn fib(n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = join(|| fib(n - 1), || fib(n - 2));
    a + b
}

/// A bit of everything, on the current pool.
fn smoke() {
    assert_eq!(fib(15), 610);
    let count = AtomicUsize::new(0);
    scope(|s| {
        for _ in 0..100 {
            s.spawn(|s| {
                s.spawn(|_| {
                    count.fetch_add(1, Ordering::Relaxed);
                });
            });
        }
    });
    assert_eq!(count.into_inner(), 100);
    assert_eq!((0..10_000_u64).into_par_iter().sum::<u64>(), 49_995_000);
    let sum = block_on(async {
        let tasks: Vec<_> = (0..100_u64)
            .map(|i| {
                spawn(async move {
                    task::yield_now().await;
                    i
                })
            })
            .collect();
        let mut sum = manyhands::compute(|| fib(10)).await;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, 4950 + 55);
    assert_eq!(spawn(async { 1 }).join().unwrap(), 1);
    assert_eq!(spawn_compute(|| fib(10)).join().unwrap(), 55);
    assert_eq!(manyhands::spawn_blocking(|| 2).join().unwrap(), 2);
    let threads = current_num_threads();
    assert!(
        manyhands::broadcast(|context| context.index())
            .into_iter()
            .eq(0..threads)
    );
}

#[test]
fn a_malformed_number_of_threads_is_reported_once() {
    if is_child() {
        smoke();
        for _ in 0..2 {
            drop(Pool::builder().build().unwrap());
        }
        return;
    }
    let mut command = child("a_malformed_number_of_threads_is_reported_once");
    command.env("MANYHANDS_NUM_THREADS", "a few");
    let output = end_of(command.spawn().unwrap());
    assert_success(&output);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        stderr.matches("MANYHANDS_NUM_THREADS=\"a few\"").count(),
        1,
        "{stderr}"
    );
}

#[test]
fn the_number_of_threads_comes_from_the_environment() {
    if is_child() {
        let expected = std::env::var("EXPECTED").unwrap();
        assert_eq!(current_num_threads().to_string(), expected);
        assert_eq!(
            Pool::builder()
                .build()
                .unwrap()
                .current_num_threads()
                .to_string(),
            expected
        );
        smoke();
        return;
    }
    for (value, expected) in [("3", 3), (" 1\n", 1)] {
        let mut command = child("the_number_of_threads_comes_from_the_environment");
        command.env("MANYHANDS_NUM_THREADS", value);
        command.env("EXPECTED", expected.to_string());
        assert_success(&end_of(command.spawn().unwrap()));
    }
}

#[test]
fn the_default_pool_works_without_a_single_thread() {
    if is_child() {
        assert!(
            std::thread::Builder::new().spawn(|| ()).is_err(),
            "no thread can be had"
        );
        assert!(Pool::builder().num_threads(2).build().is_err());
        smoke();
        return;
    }
    let mut command = child("the_default_pool_works_without_a_single_thread");
    // No system grants stacks of this size.
    command.env("RUST_MIN_STACK", (1_usize << 46).to_string());
    command.env("MANYHANDS_NUM_THREADS", "4");
    assert_success(&end_of(command.spawn().unwrap()));
}

#[test]
fn the_default_pool_works_with_the_threads_that_it_gets() {
    if is_child() {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = pages.split(' ').next().unwrap().parse().unwrap();
        // Room for a few stacks of 2 MiB.
        let limit = libc::rlimit {
            rlim_cur: pages * 4096 + (12 << 20),
            rlim_max: libc::RLIM_INFINITY,
        };
        // SAFETY: a system call with a valid pointer.
        let result = unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
        assert_eq!(result, 0);
        assert!(Pool::builder().num_threads(64).build().is_err());
        // Those that were started have ended: there is room again.
        smoke();
        assert!((1..64).contains(&current_num_threads()));
        return;
    }
    let mut command = child("the_default_pool_works_with_the_threads_that_it_gets");
    command.env("MANYHANDS_NUM_THREADS", "64");
    assert_success(&end_of(command.spawn().unwrap()));
}

#[test]
fn the_process_may_exit_while_workers_run() {
    if is_child() {
        let (say, heard) = mpsc::channel();
        for _ in 0..4 {
            let say = say.clone();
            drop(spawn_compute(move || {
                say.send(()).unwrap();
                (0..u64::MAX).into_par_iter().for_each(|n| {
                    std::hint::black_box(n);
                });
            }));
        }
        drop(spawn(std::future::pending::<()>()));
        heard.recv().unwrap();
        std::process::exit(7);
    }
    let mut command = child("the_process_may_exit_while_workers_run");
    let output = end_of(command.spawn().unwrap());
    assert_eq!(output.status.code(), Some(7), "{output:?}");
}

#[test]
fn a_stopped_process_goes_on() {
    if is_child() {
        let over = AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
                over.store(true, Ordering::Release);
            });
            while !over.load(Ordering::Acquire) {
                smoke();
            }
            smoke();
        });
        return;
    }
    let mut command = child("a_stopped_process_goes_on");
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let pid = child.id() as libc::pid_t;
    for _ in 0..30 {
        let mut status = 0;
        // SAFETY: system calls, with a valid pointer, on a child that nobody else waits for yet.
        unsafe {
            assert_eq!(libc::kill(pid, libc::SIGSTOP), 0);
            assert_eq!(libc::waitpid(pid, &raw mut status, libc::WUNTRACED), pid);
            assert!(libc::WIFSTOPPED(status), "the child has ended early");
            assert_eq!(libc::kill(pid, libc::SIGCONT), 0);
        }
    }
    drop(child.stdin.take());
    assert_success(&end_of(child));
}

#[test]
fn one_core_is_enough() {
    if is_child() {
        // SAFETY: system calls, with pointers to a set of the size that is told.
        unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            let size = size_of::<libc::cpu_set_t>();
            assert_eq!(libc::sched_getaffinity(0, size, &raw mut set), 0);
            let core = (0..libc::CPU_SETSIZE as usize).find(|core| libc::CPU_ISSET(*core, &set));
            libc::CPU_ZERO(&mut set);
            libc::CPU_SET(core.unwrap(), &mut set);
            assert_eq!(libc::sched_setaffinity(0, size, &raw const set), 0);
        }
        smoke();
        for size in [1, 2, 8] {
            let pool = Pool::builder().num_threads(size).build().unwrap();
            pool.install(smoke);
            pool.block_on(async { smoke() });
            pool.shutdown();
        }
        return;
    }
    assert_success(&end_of(child("one_core_is_enough").spawn().unwrap()));
}

#[test]
fn endless_recursion_ends_in_a_signal() {
    fn endless(depth: u64) -> u64 {
        let (a, b) = join(|| endless(depth + 1), || depth);
        a + b
    }

    if is_child() {
        let limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // No core file of the crash is wanted.
        // SAFETY: a system call with a valid pointer.
        let result = unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const limit) };
        assert_eq!(result, 0);
        let pool = Pool::builder()
            .num_threads(2)
            .stack_size(256 << 10)
            .build()
            .unwrap();
        std::process::exit(pool.install(|| endless(0)) as i32);
    }
    let output = end_of(child("endless_recursion_ends_in_a_signal").spawn().unwrap());
    let signal = output.status.signal();
    assert!(
        matches!(signal, Some(libc::SIGABRT | libc::SIGSEGV)),
        "{output:?}"
    );
}

#[test]
fn destructors_of_thread_locals_may_use_a_pool() {
    /// Uses everything when its thread is nearly gone.
    struct Late(Waker);

    impl Drop for Late {
        fn drop(&mut self) {
            self.0.wake_by_ref();
            assert_eq!(manyhands::current_thread_index(), None);
            assert_eq!(task::try_id(), None);
            smoke();
            DROPPED.fetch_add(1, Ordering::Release);
        }
    }

    thread_local! {
        static LATE: std::cell::OnceCell<Late> = const { std::cell::OnceCell::new() };
    }
    static DROPPED: AtomicUsize = AtomicUsize::new(0);

    /// Leaves a `Late` on this thread, with the waker of a task of the default pool.
    fn leave(early: bool) -> manyhands::JoinHandle<()> {
        let (sender, receiver) = mpsc::channel();
        let mut polled = false;
        let task = manyhands::Handle::current().spawn(std::future::poll_fn(move |context| {
            if std::mem::replace(&mut polled, true) {
                return std::task::Poll::Ready(());
            }
            sender.send(context.waker().clone()).unwrap();
            std::task::Poll::Pending
        }));
        if early {
            // Its destructor runs before or after those of this crate's locals.
            assert_eq!(fib(5), 5);
        }
        let waker = manyhands::block_in_place(|| receiver.recv().unwrap());
        LATE.with(|late| assert!(late.set(Late(waker)).is_ok()));
        task
    }

    if is_child() {
        for early in [false, true] {
            let task = std::thread::spawn(move || leave(early)).join().unwrap();
            task.join().unwrap();
            let pool = Pool::builder().num_threads(1).build().unwrap();
            let task = pool.install(|| leave(early));
            pool.shutdown();
            // The task was one of that pool: it is woken after the pool's end.
            assert!(task.join().unwrap_err().is_cancelled());
        }
        while DROPPED.load(Ordering::Acquire) < 4 {
            std::thread::yield_now();
        }
        return;
    }
    let mut command = child("destructors_of_thread_locals_may_use_a_pool");
    assert_success(&end_of(command.spawn().unwrap()));
}
