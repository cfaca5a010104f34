//! Faults that concern a whole process: each is brought about in a child process, which is this
//! test binary again, and killed if it hangs.
#![cfg(target_os = "linux")]

use manyhands::prelude::*;
use manyhands::{
    Handle, Pool, block_on, current_num_threads, join, scope, spawn, spawn_compute, task,
};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::panic::catch_unwind;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex, mpsc};
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

/// Stops a child and lets it go on, so many times.
fn stop_and_go_on(child: &Child, times: u32) {
    let pid = child.id() as libc::pid_t;
    for _ in 0..times {
        let mut status = 0;
        // SAFETY: system calls, with a valid pointer, on a child that nobody else waits for yet.
        unsafe {
            assert_eq!(libc::kill(pid, libc::SIGSTOP), 0);
            assert_eq!(libc::waitpid(pid, &raw mut status, libc::WUNTRACED), pid);
            assert!(libc::WIFSTOPPED(status), "the child has ended early");
            assert_eq!(libc::kill(pid, libc::SIGCONT), 0);
        }
    }
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

/// Waits of all kinds inside each other, on the current pool.
fn mixed() {
    async fn double(n: u64) -> u64 {
        task::yield_now().await;
        2 * n
    }
    let sum: u64 = (0..16_u64)
        .into_par_iter()
        .map(|i| {
            let inside = AtomicUsize::new(0);
            scope(|s| {
                for j in 0..3_u64 {
                    let inside = &inside;
                    s.spawn(move |_| {
                        // In a task, a loop in which every item blocks on a task of its own.
                        let task = spawn(async move {
                            let items = (0..4_u64).into_par_iter();
                            let inner: u64 = items.map(|k| block_on(double(k))).sum();
                            let child = spawn(double(inner + j));
                            block_on(child).unwrap()
                        });
                        let sum = task.join().unwrap() + fib(6);
                        inside.fetch_add(sum as usize, Ordering::Relaxed);
                    });
                }
            });
            let loops = spawn_compute(move || (0..=i).into_par_iter().sum::<u64>());
            inside.into_inner() as u64 + loops.join().unwrap()
        })
        .sum();
    // 16 times three tasks of 2 * (12 + j) and fib(6), and the sums up to i.
    assert_eq!(sum, 16 * (24 + 26 + 28 + 3 * 8) + 680);
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
        // Room for a few stacks of 2 MiB.
        limit_memory(12 << 20);
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

/// A thread for blocking closures runs no other job: beside it alone, a call from outside works as a
/// guest.
#[test]
fn a_blocking_thread_is_no_worker() {
    if is_child() {
        limit_memory(128 << 20);
        assert_eq!(manyhands::join(|| 1, || 2), (1, 2));
        set_memory_limit(libc::RLIM_INFINITY);
        let (go, wait) = mpsc::channel::<()>();
        let (says, up) = mpsc::channel();
        let blocking = manyhands::spawn_blocking(move || {
            says.send(()).unwrap();
            wait.recv().is_err()
        });
        up.recv().unwrap();
        limit_memory(128 << 20);
        assert_eq!(manyhands::Handle::current().install(|| 6 * 7), 42);
        drop(go);
        assert!(blocking.join().unwrap());
        return;
    }
    let mut command = child("a_blocking_thread_is_no_worker");
    command.env("MANYHANDS_NUM_THREADS", "4");
    // So that there is room for what else is needed, and for no stack.
    command.env("RUST_MIN_STACK", (256_u64 << 20).to_string());
    assert_success(&end_of(command.spawn().unwrap()));
}

/// A pool whose workers are up: a thread that starts is killed by std if it finds no room for its
/// signal stack. They have done nothing, so there is no spare thread that waits for events meanwhile.
fn pool_of_large_stacks(num_threads: usize) -> Pool {
    let (say, up) = mpsc::channel();
    let pool = Pool::builder()
        .num_threads(num_threads)
        .stack_size(256 << 20)
        // Nobody may listen to a thread that comes later.
        .on_thread_start(move || {
            let _ = say.send(());
        })
        .build()
        .unwrap();
    up.iter().take(num_threads).for_each(drop);
    pool
}

/// The address space of this process may grow by so much, and no more.
fn limit_memory(growth: u64) {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = pages.split(' ').next().unwrap().parse().unwrap();
    set_memory_limit(pages * 4096 + growth);
}

fn set_memory_limit(bytes: u64) {
    let limit = libc::rlimit {
        rlim_cur: bytes,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: a system call with a valid pointer.
    let result = unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
    assert_eq!(result, 0);
}

/// All threads of the pool wait, and the system refuses further ones: the waiters do the work.
#[test]
fn waits_end_where_no_spare_thread_can_be_had() {
    fn nest(depth: u32) -> u32 {
        if depth == 0 {
            return fib(4) as u32;
        }
        let inner = spawn(async move { nest(depth - 1) });
        match depth % 3 {
            0 => 1 + block_on(inner).unwrap(),
            1 => 1 + inner.join().unwrap(),
            _ => {
                let waits = || scope(|_| block_on(async { inner.await.unwrap() }));
                let (sum, ()) = join(waits, || ());
                1 + sum
            }
        }
    }

    if is_child() {
        let size: usize = std::env::var("SIZE").unwrap().parse().unwrap();
        // Stacks that fit before the limit is set, and not after.
        let pool = pool_of_large_stacks(size);
        limit_memory(128 << 20);
        for _ in 0..20 {
            assert_eq!(pool.install(|| nest(20)), 23);
            let roots: Vec<_> = (0..10).map(|_| pool.spawn_compute(|| nest(12))).collect();
            for root in roots {
                assert_eq!(root.join().unwrap(), 15);
            }
            pool.install(mixed);
        }
        // The seats of spare threads come last. Some were made, for threads that were refused.
        let seats = pool.metrics().seats;
        let spares: Vec<_> = seats.iter().filter(|it| it.index >= size + 32).collect();
        assert!(!spares.is_empty());
        assert!(spares.iter().all(|it| it.jobs == 0), "{spares:?}");
        pool.shutdown();
        return;
    }
    for size in [1, 2, 8] {
        let mut command = child("waits_end_where_no_spare_thread_can_be_had");
        command.env("SIZE", size.to_string());
        assert_success(&end_of(command.spawn().unwrap()));
    }
}

/// The system grants one thread for blocking closures, and refuses the next ones.
#[test]
fn blocking_closures_wait_for_the_threads_that_there_are() {
    if is_child() {
        let pool = pool_of_large_stacks(1);
        let (release, released) = mpsc::channel::<()>();
        let (say, heard) = mpsc::channel();
        let first = pool.spawn_blocking(move || {
            say.send(()).unwrap();
            released.recv().unwrap_err();
        });
        heard.recv().unwrap();
        limit_memory(128 << 20);
        let others: Vec<_> = (0..20).map(|i| pool.spawn_blocking(move || i)).collect();
        let now = pool.blocking_metrics();
        assert_eq!((now.threads, now.queued), (1, 20));
        others[7].abort();
        assert_eq!(pool.blocking_metrics().queued, 19);
        drop(release);
        first.join().unwrap();
        for (i, other) in others.into_iter().enumerate() {
            match other.join() {
                Ok(n) => assert_eq!(n, i),
                Err(error) => assert!(error.is_cancelled() && i == 7),
            }
        }
        return;
    }
    let mut child = child("blocking_closures_wait_for_the_threads_that_there_are");
    assert_success(&end_of(child.spawn().unwrap()));
}

/// Loops in a scope in a loop, each of which blocks on tasks that compute, on one thread, with spare
/// threads and without.
#[test]
fn blocking_in_scopes_in_loops_works_on_one_thread() {
    if is_child() {
        for spares in [0, 1, 3, 256] {
            let pool = Pool::builder()
                .num_threads(1)
                .max_spare_threads(spares)
                .build()
                .unwrap();
            for _ in 0..5 {
                pool.install(mixed);
                pool.scope(|_| mixed());
                pool.spawn(async { mixed() }).join().unwrap();
            }
            pool.shutdown();
        }
        mixed();
        return;
    }
    let mut command = child("blocking_in_scopes_in_loops_works_on_one_thread");
    command.env("MANYHANDS_NUM_THREADS", "1");
    assert_success(&end_of(command.spawn().unwrap()));
}

#[test]
fn many_more_workers_than_cores_work() {
    if is_child() {
        let pool = Pool::builder().num_threads(64).build().unwrap();
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    pool.install(mixed);
                    pool.scope(|_| mixed());
                    pool.block_on(async { mixed() });
                    pool.install(smoke);
                });
            }
        });
        pool.shutdown();
        return;
    }
    let mut child = child("many_more_workers_than_cores_work");
    assert_success(&end_of(child.spawn().unwrap()));
}

/// A lock that is held across a wait, and that what is waited for wants. Nothing can be done about
/// that; but the pool's state tells who waits, and for what.
#[test]
fn a_deadlock_by_the_programs_own_locks_can_be_seen() {
    /// Waits until `thief` says that it has begun, in `wait`, with the lock held.
    fn deadlock(
        wait: impl Fn(&Pool, &(dyn Fn() + Sync), &(dyn Fn() + Sync)) + Send + 'static,
    ) -> Handle {
        let pool = Pool::builder().num_threads(2).build().unwrap();
        let handle = pool.handle().clone();
        std::thread::spawn(move || {
            let (meet, lock) = (Barrier::new(2), Mutex::new(()));
            let descendant = || {
                meet.wait();
                drop(lock.lock().unwrap());
            };
            let _held = lock.lock().unwrap();
            let met = || {
                meet.wait();
            };
            wait(&pool, &met, &descendant);
            unreachable!("the lock is held");
        });
        handle
    }

    /// The seats of a pool and what they do, once there is one that does `wanted`.
    fn seats(pool: &Handle, wanted: &str) -> Vec<(usize, String)> {
        loop {
            let dump = format!("{pool:?}");
            let seats: Vec<_> = dump
                .split("Seat { index: ")
                .skip(1)
                .map(|seat| {
                    let (index, doing) = seat.split_once(", doing: ").unwrap();
                    let (doing, _) = doing.split_once(',').unwrap();
                    (index.parse().unwrap(), doing.to_owned())
                })
                .collect();
            if seats.iter().any(|(_, doing)| doing.starts_with(wanted)) {
                return seats;
            }
            std::thread::yield_now();
        }
    }

    fn is_at_work(doing: &str) -> bool {
        doing == "computes" || doing == "polls without a permit"
    }

    if is_child() {
        let half = deadlock(|pool, met, descendant| {
            pool.install(|| join(met, descendant));
        });
        let half = seats(&half, "waits for a half that seat");
        let thief = half.iter().find(|(thief, doing)| {
            let named = format!("waits for a half that seat {thief} runs");
            is_at_work(doing) && half.iter().any(|(_, doing)| *doing == named)
        });
        assert!(thief.is_some(), "{half:?}");

        let in_a_scope = deadlock(|pool, met, descendant| {
            pool.install(|| {
                scope(|s| {
                    s.spawn(|_| descendant());
                    met();
                });
            });
        });
        let in_a_scope = seats(&in_a_scope, "waits for the jobs of a scope");
        assert!(
            in_a_scope.iter().any(|(_, doing)| is_at_work(doing)),
            "{in_a_scope:?}"
        );

        let guest = deadlock(|pool, met, descendant| {
            pool.join(met, descendant);
        });
        let guest = seats(&guest, "waits for a half that seat");
        assert!(guest.len() > 2, "the waiter sits behind the workers");

        // Others may use the process, and its other pools.
        smoke();
        println!("seen: {half:?}");
        std::process::exit(7);
    }
    let mut child = child("a_deadlock_by_the_programs_own_locks_can_be_seen");
    let output = end_of(child.spawn().unwrap());
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("waits for a half that seat"), "{stdout}");
}

/// Every thread is interrupted again and again, wherever it sleeps.
#[test]
fn signals_interrupt_nothing() {
    static SIGNALS: AtomicUsize = AtomicUsize::new(0);

    extern "C" fn count(_: libc::c_int) {
        SIGNALS.fetch_add(1, Ordering::Relaxed);
    }

    /// Sends a signal to each thread of this process.
    fn interrupt_all() {
        for thread in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
            let thread: libc::pid_t = thread.file_name().to_str().unwrap().parse().unwrap();
            // SAFETY: system calls; a thread that has ended gets no signal.
            unsafe {
                libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, libc::SIGUSR1);
            }
        }
    }

    if is_child() {
        // SAFETY: the handler only adds to an atomic. Calls that it interrupts say so (`EINTR`),
        // because SA_RESTART is not asked for.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            let handler: extern "C" fn(libc::c_int) = count;
            action.sa_sigaction = handler as libc::sighandler_t;
            assert_eq!(
                libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()),
                0
            );
        }
        let over = AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while !over.load(Ordering::Acquire) {
                    interrupt_all();
                    std::thread::yield_now();
                }
            });
            while SIGNALS.load(Ordering::Relaxed) < 20_000 {
                let pool = Pool::builder().num_threads(3).build().unwrap();
                pool.install(mixed);
                pool.install(smoke);
                mixed();
                assert!(pool.shutdown_timeout(Duration::MAX));
            }
            over.store(true, Ordering::Release);
        });
        return;
    }
    let mut child = child("signals_interrupt_nothing");
    assert_success(&end_of(child.spawn().unwrap()));
}

/// A child of `fork` has no threads of the parent's pools. Whatever it does with one says so, and a
/// pool of its own works.
#[test]
fn a_forked_child_is_told_what_is_wrong() {
    /// `f` panics, and says that a fork is the reason.
    fn is_refused<R>(f: impl FnOnce() -> R) -> bool {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
        panic.is_err_and(|payload| {
            let text = payload.downcast_ref::<&str>();
            text.is_some_and(|text| text.contains("forked") && text.contains("new `Pool`"))
        })
    }

    /// Forks, runs `f` in the child, and waits for the child.
    fn in_a_fork(f: impl FnOnce() -> bool) {
        // SAFETY: glibc's allocator and its threads work in a forked child; what else other
        // threads may have held (locks of the test harness) is not touched there, and the child
        // ends without running anything else.
        unsafe {
            match libc::fork() {
                -1 => panic!("cannot fork"),
                0 => libc::_exit(if f() { 42 } else { 1 }),
                child => {
                    let mut status = 0;
                    assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
                    assert!(libc::WIFEXITED(status), "status {status}");
                    assert_eq!(libc::WEXITSTATUS(status), 42);
                }
            }
        }
    }

    if is_child() {
        let pool = Pool::builder().num_threads(2).build().unwrap();
        pool.install(smoke);
        smoke();
        let handle = pool.handle();
        in_a_fork(|| {
            let uses: [&dyn Fn() -> bool; 14] = [
                &|| is_refused(|| handle.install(|| ())),
                &|| is_refused(|| handle.join(|| (), || ())),
                &|| is_refused(|| handle.scope(|_| ())),
                &|| is_refused(|| handle.in_place_scope(|_| ())),
                &|| is_refused(|| handle.block_on(async {})),
                &|| is_refused(|| handle.spawn(async {})),
                &|| is_refused(|| handle.spawn_compute(|| ())),
                &|| is_refused(|| handle.spawn_blocking(|| ())),
                &|| is_refused(|| handle.broadcast(|_| ())),
                &|| is_refused(|| handle.spawn_broadcast(|_| ())),
                &|| is_refused(|| block_on(async {})),
                &|| is_refused(|| spawn(async {})),
                &|| is_refused(|| join(|| (), || ())),
                &|| is_refused(|| (0..10_000).into_par_iter().sum::<i32>()),
            ];
            let refused = uses.iter().all(|f| f());
            let own = Pool::builder().num_threads(2).build().unwrap();
            own.install(smoke);
            own.install(mixed);
            own.shutdown();
            refused
        });
        // A pool that is ended in the child: by dropping, which does nothing, or waiting, which
        // would never end.
        let dropped = Pool::builder().num_threads(1).build().unwrap();
        let ended = Pool::builder().num_threads(1).build().unwrap();
        in_a_fork(move || {
            drop(dropped);
            is_refused(|| ended.shutdown())
        });
        // A worker that forks is a worker in the child, too, without others.
        pool.install(|| {
            in_a_fork(|| {
                let waits = || spawn(async { 1 }).join();
                join(|| 1, || 2) == (1, 2) && is_refused(waits)
            });
        });
        pool.install(smoke);
        smoke();
        return;
    }
    let mut child = child("a_forked_child_is_told_what_is_wrong");
    assert_success(&end_of(child.spawn().unwrap()));
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
    stop_and_go_on(&child, 30);
    drop(child.stdin.take());
    assert_success(&end_of(child));
}

/// A process is stopped while threads wait in every way, some of them with a deadline.
#[test]
fn waits_survive_a_stop() {
    if is_child() {
        let (release, released) = mpsc::channel::<()>();
        let pool = Pool::builder().num_threads(2).build().unwrap();
        let (say, heard) = mpsc::channel();
        let ending = Pool::builder().num_threads(1).build().unwrap();
        let held = ending.spawn_blocking(move || {
            say.send(()).unwrap();
            let _ = released.recv();
        });
        heard.recv().unwrap();
        let handle = pool.handle().clone();
        let waits = handle.spawn_compute(|| {
            let (a, b) = join(|| block_on(held).is_ok(), || fib(10));
            assert!(a);
            b
        });
        let outer = handle.spawn(async move {
            let inner = spawn(async move { waits.join().unwrap() });
            block_on(inner).unwrap()
        });
        std::thread::scope(|threads| {
            threads.spawn(|| assert!(ending.shutdown_timeout(Duration::MAX)));
            threads.spawn(|| {
                std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
                drop(release);
            });
            let in_time = handle.spawn_blocking(mixed);
            assert_eq!(handle.block_on(outer).unwrap(), 55);
            in_time.join().unwrap();
        });
        assert!(pool.shutdown_timeout(Duration::from_secs(3600)));
        return;
    }
    let mut command = child("waits_survive_a_stop");
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    stop_and_go_on(&child, 30);
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
        mixed();
        for size in [1, 2, 8] {
            let pool = Pool::builder().num_threads(size).build().unwrap();
            pool.install(smoke);
            pool.install(mixed);
            pool.block_on(async { smoke() });
            pool.block_on(async { mixed() });
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

/// A chain of waits, each for a task that waits in its turn, ends, or its innermost wait says why
/// not. It never overflows a stack.
#[test]
fn chains_of_waits_end_or_say_why() {
    /// Waits for a task that computes the depth.
    type WaitFor = fn(Box<dyn FnOnce() -> u32 + Send>) -> u32;

    const WAITS: [WaitFor; 3] = [
        |work| spawn(async move { work() }).join().unwrap(),
        |work| block_on(spawn(async move { work() })).unwrap(),
        // A closed wait between the open ones: its second half may be taken.
        |work| join(|| spawn(async move { work() }).join().unwrap(), || ()).0,
    ];

    fn chain(depth: u32, wait_for: WaitFor) -> u32 {
        if depth == 0 {
            return 0;
        }
        wait_for(Box::new(move || chain(depth - 1, wait_for))) + 1
    }

    if is_child() {
        // Thousands of tasks panic, each with the message of the next: not to be seen.
        std::panic::set_hook(Box::new(|info| {
            let message = info.payload_as_str().unwrap_or("?");
            if !message.contains("JoinError") && !message.contains("nested too deeply") {
                eprintln!("{info}");
            }
        }));
        for (spares, waits) in [(0, &WAITS[..]), (32, &WAITS[..1])] {
            let builder = Pool::builder().num_threads(1).max_spare_threads(spares);
            let pool = builder.build().unwrap();
            for &wait_for in waits {
                assert_eq!(pool.install(|| chain(60, wait_for)), 60);
                let deep = catch_unwind(|| pool.install(|| chain(20_000, wait_for)));
                match deep {
                    Ok(depth) => assert_eq!(depth, 20_000),
                    Err(payload) => {
                        let message = payload.downcast_ref::<String>().unwrap();
                        assert!(message.contains("JoinError"), "{message}");
                        assert!(message.len() < 10_000);
                    }
                }
                // The pool works on.
                assert_eq!(pool.install(|| chain(60, wait_for)), 60);
            }
            pool.shutdown();
        }
        return;
    }
    let test = "chains_of_waits_end_or_say_why";
    assert_success(&end_of(child(test).spawn().unwrap()));
}

/// Loops know the default pool only, so this takes a process in which that one has large stacks.
#[test]
fn what_an_outside_thread_computes_has_the_stack_of_the_default_pool() {
    const DEPTH: u32 = 60_000;

    fn deep(depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        std::hint::black_box([depth; 64]);
        join(|| deep(depth - 1), || ()).0 + 1
    }

    if is_child() {
        let builder = Pool::builder().num_threads(2).stack_size(256 << 20);
        builder.build_global().unwrap();
        assert_eq!(join(|| deep(DEPTH), || ()).0, DEPTH);
        let first = manyhands::join_context(|context| context.migrated(), |_| ()).0;
        assert!(first, "the call has moved to a worker");
        assert_eq!(scope(|_| deep(DEPTH)), DEPTH);
        let few = [DEPTH, 1, DEPTH];
        assert_eq!(few.par_iter().map(|&n| deep(n)).max(), Some(DEPTH));
        assert_eq!([DEPTH].par_iter().map(|&n| deep(n)).sum::<u32>(), DEPTH);
        let mut sorted: Vec<u32> = (0..100_000).rev().collect();
        sorted.par_sort_by(|a, b| {
            if *a == 7 {
                std::hint::black_box(deep(DEPTH));
            }
            a.cmp(b)
        });
        assert!(sorted.is_sorted());
        return;
    }
    let test = "what_an_outside_thread_computes_has_the_stack_of_the_default_pool";
    assert_success(&end_of(child(test).spawn().unwrap()));
}

/// The thread that uses the default pool first is pinned; the pool is not.
#[test]
fn the_default_pool_has_the_cores_of_the_process() {
    /// The cores that the calling thread may run on.
    fn cores() -> Vec<usize> {
        // SAFETY: a set is made of integers; the pointer is to one of the size that is given.
        unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            assert_eq!(libc::sched_getaffinity(0, size_of_val(&set), &mut set), 0);
            (0..1024)
                .filter(|&core| libc::CPU_ISSET(core, &set))
                .collect()
        }
    }

    if is_child() {
        let all = cores();
        let own = Pool::builder().build().unwrap();
        let first = all[0];
        let pinned = std::thread::spawn(move || {
            // SAFETY: as in `cores`.
            unsafe {
                let mut set: libc::cpu_set_t = std::mem::zeroed();
                libc::CPU_SET(first, &mut set);
                assert_eq!(libc::sched_setaffinity(0, size_of_val(&set), &set), 0);
            }
            join(|| (), || ());
            // This thread is still where it was.
            assert_eq!(cores(), [first]);
            // A pool that this thread builds on purpose has its cores.
            let here = Pool::builder().build().unwrap();
            assert_eq!(here.broadcast(|_| cores()), [[first]]);
        });
        pinned.join().unwrap();
        assert_eq!(current_num_threads(), own.current_num_threads());
        let seen = manyhands::broadcast(|_| cores());
        assert!(seen.iter().all(|cores| *cores == all), "{seen:?}");
        return;
    }
    let mut command = child("the_default_pool_has_the_cores_of_the_process");
    command.env_remove("MANYHANDS_NUM_THREADS");
    assert_success(&end_of(command.spawn().unwrap()));
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
