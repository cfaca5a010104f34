//! Programs on simulated machines: exact times, planted faults, and what a failure tells.

#[path = "shapes/reports.rs"]
mod reports;
mod shapes;
#[path = "shapes/waits.rs"]
mod waits;

use manyhands::prelude::*;
use manyhands::sim::{self, Builder};
use manyhands::{
    Handle, Pool, block_on, current_thread_index, join, scope, spawn, spawn_blocking, time,
};
use reports::measure_inside;
use shapes::{ALL, WAITS, measure, measure_waits, ms, us};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};
use waits::{AWAITED, Awaited, UNSEEN, WAITERS};

/// A decision that costs nothing.
fn decide() {
    sim::work(Duration::ZERO);
}

/// What a failing closure says.
fn message<R>(f: impl FnOnce() -> R) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else {
        panic!("it does not fail");
    };
    let text = payload.downcast_ref::<String>().cloned();
    let text = text.or_else(|| {
        payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
    });
    text.expect("a message")
}

// ---- speed ----------------------------------------------------------------------------------

/// Shapes that take at most 1.05 of the greedy bound on 2 to 128 cores, and these microseconds on
/// top: for the wake-ups from rest, which spread from thread to thread. (Names as in `shapes`.)
const HELD: &[(&str, u64)] = &[
    ("fine tree: 2^14 leaves of 1 us", 250),
    ("coarse tree: 2^10 leaves of 100 us", 400),
    ("UTS tree like T3, 11521 nodes of 2 us", 600),
    ("8 queens, 2 us a node", 250),
    ("P items of 10 ms: tree", 300),
    ("P items of 10 ms: chain of first halves", 300),
    // Each thread finds the rest of the chain only when the one before it has begun.
    ("P items of 10 ms: chain of second halves", 1_500),
    ("P items of 10 ms: scope", 300),
    ("P items of 10 ms: loop", 300),
    ("P + 1 items of 10 ms: loop", 300),
    ("2 P items of 10 ms: loop", 300),
    ("loop of 20 P items of 0 to 100 us", 500),
    ("P loops of 64 items of 20 us, in a loop", 500),
    // One item more than the bound.
    ("par_bridge, 10 P items of 1 ms", 1_500),
    ("100 P tasks of 20 us, spawned outside", 1_200),
    ("100 P tasks of 20 us, spawned by a task", 500),
    ("P pairs of tasks, 200 throws of 5 us", 300),
    ("from rest: P items of 50 us", 250),
];

#[test]
fn shapes_are_near_the_greedy_bound() {
    let mut complaints = Vec::new();
    for (name, constant) in HELD {
        let shape = ALL.iter().find(|shape| shape.name == *name);
        let shape = shape.unwrap_or_else(|| panic!("no shape is called {name}"));
        for cores in [2, 4, 8, 16, 32, 64, 128] {
            let (took, _) = measure(shape, cores, 1);
            let best = (shape.size)(cores).best(cores);
            let most = best.mul_f64(1.05) + us(*constant);
            if took > most {
                complaints.push(format!("{name}, {cores} cores: {took:?} of {most:?}"));
            }
            assert!(
                took >= best,
                "{name}, {cores} cores: {took:?}, which is impossible"
            );
        }
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Programs after public reports of threads that found no work, from outside and from inside.
#[test]
fn programs_of_known_reports_are_near_the_greedy_bound() {
    let items = ALL
        .iter()
        .filter(|shape| shape.name.starts_with("P items of 10 ms"));
    let items = items.map(|shape| (shape, 500));
    let reported = reports::SPEED.iter().map(|(shape, most)| (shape, *most));
    let mut complaints = Vec::new();
    for (shape, constant) in items.chain(reported) {
        for (cores, seeds) in [(4, 3), (16, 2), (64, 1)] {
            let best = (shape.size)(cores).best(cores);
            let most = best.mul_f64(1.05) + us(constant);
            for seed in 1..=seeds {
                for (place, took) in [
                    ("outside", measure(shape, cores, seed).0),
                    ("inside", measure_inside(shape, cores, seed)),
                ] {
                    let name = shape.name;
                    println!("{name}, {cores} cores, {place}: {took:?} of {best:?}");
                    if took > most {
                        complaints.push(format!(
                            "{name}, {cores} cores, seed {seed}, {place}: {took:?} of {most:?}"
                        ));
                    }
                    assert!(took >= best, "{name}, {cores} cores: {took:?}");
                }
            }
        }
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// The longest wait in microseconds, on 2 to 32 threads with cores to spare.
const WAITED: &[(&str, u64)] = &[
    ("wakes beside a loop of 20 us items", 200),
    ("wakes beside a loop of 500 us items", 200),
    ("wakes beside a loop of 10 ms items", 200),
    ("wakes beside 4 P tasks that fork for 60 us", 1_000),
    ("wakes beside 4 P tasks with polls of 50 us", 1_000),
    ("wakes beside P lanes of a limit, 40 us each", 8_000),
    ("wakes beside requests that fork and 20 ms items", 200),
    // Those that were put aside must not wait behind all that come later.
    ("requests that fork, at random, 95 % load", 3_000),
    (
        "wakes of low priority beside a loop of 500 us items",
        22_000,
    ),
    ("tasks spawned by the items of a loop, 2 ms each", 600),
    // A timer expires once in a millisecond at most; behind polls, when the post has looked.
    ("timers on a pool at rest", 1_100),
    ("timers beside a loop of 500 us items", 1_100),
    ("timers beside P tasks with polls of 50 ms", 6_000),
    // Behind P polls in the queue: not the longer, the more cores there are.
    ("wakes beside 2 P polls of 50 ms, each with a core", 4_000),
    // At once if no computing thread has moved for 10 ms, else when none has.
    ("roots of 0.1 ms, one in 10 ms, beside a loop", 12_000),
];

#[test]
fn waits_are_short() {
    let mut complaints = Vec::new();
    for (name, most) in WAITED {
        let wait = WAITS.iter().find(|wait| wait.name == *name);
        let wait = wait.unwrap_or_else(|| panic!("no program is called {name}"));
        for threads in [2, 8, 32] {
            let (waited, _) = measure_waits(wait, threads, 1);
            assert!(waited.median <= waited.longest, "{name}: {waited:?}");
            if waited.longest > us(*most) {
                complaints.push(format!(
                    "{name}, {threads} threads: {waited:?} of {most} us"
                ));
            }
        }
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// The bound above is for those that come when a computing thread has just moved.
#[test]
fn most_roots_beside_a_loop_begin_at_once() {
    let wait = WAITS
        .iter()
        .find(|wait| wait.name.starts_with("roots of 0.1 ms"));
    for threads in [2, 8, 32] {
        let (waited, _) = measure_waits(wait.expect("it is there"), threads, 1);
        assert!(waited.median <= us(200), "{threads} threads: {waited:?}");
    }
}

#[test]
fn two_halves_run_at_the_same_time() {
    let ((), report) = Builder::new().cores(2).run(|| {
        join(|| sim::work(ms(10)), || sim::work(ms(10)));
    });
    assert!(report.elapsed() < ms(10) + us(100), "{report:?}");
    assert_eq!(report.steals(), 1);
}

#[test]
fn one_core_runs_one_thing_at_a_time() {
    let ((), report) = Builder::new().cores(1).run(|| {
        (0..10).into_par_iter().for_each(|_| sim::work(ms(1)));
    });
    assert!(report.elapsed() >= ms(10), "{report:?}");
    assert!(report.elapsed() < ms(10) + us(100), "{report:?}");
    assert!(report.idle() < us(100), "{report:?}");
}

#[test]
fn a_pool_with_more_threads_than_cores_is_no_faster() {
    let ((), report) = Builder::new().cores(2).run(|| {
        let pool = Pool::builder().num_threads(8).build().unwrap();
        pool.install(|| (0..80).into_par_iter().for_each(|_| sim::work(ms(1))));
    });
    assert!(report.elapsed() >= ms(40), "{report:?}");
    assert!(report.elapsed() < ms(48), "{report:?}");
}

fn tree_of(items: u32, item: &(dyn Fn() + Sync)) {
    match items {
        1 => item(),
        _ => drop(join(
            || tree_of(items / 2, item),
            || tree_of(items - items / 2, item),
        )),
    }
}

/// How long 800 items of 1 ms take on a pool of which the number of threads changes when 160 of
/// them have begun.
fn with_another_number(shape: &'static str, from: usize, to: usize) -> Duration {
    let ((), report) = Builder::new().cores(8).run(move || {
        let pool = Pool::builder().num_threads(from).max_num_threads(8);
        let pool = pool.build().unwrap();
        let begun = AtomicU32::new(0);
        let item = || {
            if begun.fetch_add(1, Ordering::Relaxed) == 160 {
                assert_eq!(Handle::current().set_num_threads(to), to);
            }
            sim::work(ms(1));
        };
        match shape {
            "loop" => pool.install(|| (0..800).into_par_iter().for_each(|_| item())),
            "tree" => pool.install(|| tree_of(800, &item)),
            _ => pool.scope(|scope| (0..800).for_each(|_| scope.spawn(|_| item()))),
        }
    });
    println!("{shape}, {from} to {to} threads: {:?}", report.elapsed());
    report.elapsed()
}

/// One thread does 160 items; then there are eight, and do the rest in an eighth of the time,
/// although the loop was begun by one alone.
#[test]
fn a_pool_that_grows_is_faster_at_once() {
    for shape in ["loop", "tree", "scope"] {
        let took = with_another_number(shape, 1, 8);
        assert!(took >= ms(240), "{shape}: {took:?}");
        assert!(took < ms(243), "{shape}: {took:?}");
    }
}

/// Eight threads do 160 items, and two do the rest. What the others have begun they end.
#[test]
fn a_pool_that_shrinks_gives_cores_back() {
    let took = with_another_number("scope", 8, 2);
    assert!(took >= ms(20 + 320 - 8), "{took:?}");
    assert!(took < ms(20 + 320 + 3), "{took:?}");
}

#[test]
fn a_tree_of_a_hundred_thousand_forks_on_128_cores_takes_seconds() {
    fn tree(depth: u32) -> u64 {
        if depth == 0 {
            sim::work(us(1));
            return 1;
        }
        let (a, b) = join(|| tree(depth - 1), || tree(depth - 1));
        a + b
    }
    let start = Instant::now();
    let (leaves, report) = Builder::new().cores(128).run(|| tree(17));
    assert_eq!(leaves, 1 << 17);
    assert!(report.elapsed() >= us(1 << 10), "{report:?}");
    // So wide that only a handover which waits for a clock would miss it.
    assert!(start.elapsed() < Duration::from_secs(120), "{report:?}");
}

// ---- time -----------------------------------------------------------------------------------

#[test]
fn an_hour_passes_at_once() {
    let start = Instant::now();
    let (slept, report) = Builder::new().run(|| {
        let before = time::now();
        block_on(time::sleep(ms(3_600_000)));
        time::now() - before
    });
    assert!(slept >= ms(3_600_000) && slept < ms(3_600_002), "{slept:?}");
    assert!(report.elapsed() >= slept);
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn timeouts_and_intervals_are_virtual() {
    sim::many(0..50, || {
        block_on(async {
            let never = std::future::pending::<()>();
            assert!(time::timeout(ms(500), never).await.is_err());
            let mut ticks = time::interval(ms(100));
            let first = ticks.tick().await;
            for _ in 0..9 {
                ticks.tick().await;
            }
            let took = time::now() - first;
            assert!(took >= ms(900) && took < ms(910), "{took:?}");
        });
    });
}

// ---- everything works inside ----------------------------------------------------------------

fn a_bit_of_everything() {
    let pool = Pool::builder().num_threads(2).build().unwrap();
    let sum: u64 = pool.install(|| (0..100_u64).into_par_iter().sum());
    assert_eq!(sum, 4950);
    let task = spawn(async {
        let inner = spawn(async { 20 });
        let (a, b) = join(
            || 1,
            || {
                block_on(async {
                    time::sleep(ms(1)).await;
                    1
                })
            },
        );
        inner.await.unwrap() + a + b
    });
    let blocking = spawn_blocking(|| {
        sim::work(us(10));
        20
    });
    assert_eq!(task.join().unwrap() + blocking.join().unwrap(), 42);
    let count = AtomicU32::new(0);
    scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|_| {
                count.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(count.into_inner(), 5);
    let mut numbers: Vec<u32> = (0..500).map(|i| i * 7919 % 500).collect();
    numbers.par_sort_unstable();
    assert!(numbers.is_sorted());
    assert_eq!((0..50).par_bridge().map(|i| i * 2).sum::<i32>(), 2450);
    pool.shutdown();
}

#[test]
fn everything_works_under_any_seed() {
    sim::many(0..100, a_bit_of_everything);
}

/// Each wait is inside a task that another one waits for.
fn nested_waits() {
    fn nest(n: u32) -> u32 {
        if n == 0 {
            return 0;
        }
        spawn(async move { nest(n - 1) }).join().unwrap() + 1
    }
    assert_eq!(nest(20), 20);
}

/// One half of a join waits for what the other one sends.
fn sibling_waits() {
    let (send, receive) = async_channel::bounded(1);
    let wait = || block_on(receive.recv()).unwrap();
    let (got, ()) = join(wait, || block_on(send.send(7)).unwrap());
    assert_eq!(got, 7);
    let outer = join(|| join(wait, || block_on(send.send(8)).unwrap()).0, || 1);
    assert_eq!(outer, (8, 1));
}

/// Loops, whose items wait for tasks, which loop.
fn loops_that_wait() {
    let inner = || (0..8_u32).into_par_iter().sum::<u32>();
    let item = |_| block_on(async { spawn(async move { inner() }).await.unwrap() });
    assert_eq!((0..6).into_par_iter().map(item).sum::<u32>(), 6 * 28);
}

/// A scope whose jobs wait for blocking closures and timers.
fn scopes_that_wait() {
    let done = AtomicU32::new(0);
    scope(|scope| {
        for i in 0..4_u64 {
            let done = &done;
            scope.spawn(move |_| {
                let nap = async move { time::sleep(us(10 * i)).await };
                block_on(nap);
                spawn_blocking(|| sim::work(us(5))).join().unwrap();
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(done.into_inner(), 4);
}

#[test]
fn waits_end_under_any_seed() {
    let shapes: [fn(); 4] = [
        nested_waits,
        sibling_waits,
        loops_that_wait,
        scopes_that_wait,
    ];
    for shape in shapes {
        for cores in [1, 2, 4] {
            Builder::new().cores(cores).many(0..30, shape);
        }
    }
}

/// An index below the number of threads belongs to one thread at a time. On a pool of workers there
/// are no others, whatever waits for what. (`rayon-core/` rests on that.)
fn indexes_have_one_owner(spares: Option<usize>) {
    let builder = Pool::builder().num_threads(3);
    let pool = match spares {
        Some(spares) => builder.max_spare_threads(spares).build().unwrap(),
        None => builder.build().unwrap(),
    };
    let owned = [const { AtomicBool::new(false) }; 3];
    let visit = || {
        let index = current_thread_index().unwrap();
        let Some(owned) = owned.get(index) else {
            assert_ne!(spares, Some(0), "index {index} on a pool of workers");
            return;
        };
        assert!(!owned.swap(true, Ordering::Relaxed), "two threads {index}");
        sim::work(us(3));
        owned.store(false, Ordering::Relaxed);
    };
    let waits = || {
        visit();
        block_on(async { spawn(async { sim::work(us(2)) }).await.unwrap() });
        visit();
    };
    pool.scope(|s| {
        for _ in 0..4 {
            s.spawn(|s| {
                visit();
                join(|| join(visit, waits), || join(waits, visit));
                s.spawn(|_| visit());
            });
        }
    });
    pool.join(|| (0..20).into_par_iter().for_each(|_| visit()), waits);
    let indexes = pool.broadcast(|_| current_thread_index());
    assert_eq!(indexes, [Some(0), Some(1), Some(2)]);
    pool.shutdown();
}

#[test]
fn an_index_has_one_owner_under_any_seed() {
    for cores in [1, 2, 4] {
        let seeds = || Builder::new().cores(cores);
        seeds().many(0..60, || indexes_have_one_owner(Some(0)));
        seeds().many(0..30, || indexes_have_one_owner(None));
    }
}

/// All waiters at once: a simulation uses one core, and less if its threads block in the system.
fn all_pairs(awaited: &'static [Awaited]) {
    std::thread::scope(|threads| {
        for waiters in WAITERS {
            threads.spawn(move || awaited.iter().for_each(|one| waits::pair(waiters, one)));
        }
    });
}

#[test]
fn all_pairs_of_waits_end_under_any_seed() {
    // As the book says.
    assert_eq!(WAITERS.len() * (AWAITED.len() + UNSEEN.len()), 140);
    all_pairs(AWAITED);
}

#[test]
fn waits_that_the_pool_cannot_see_end_under_any_seed() {
    all_pairs(UNSEEN);
}

/// Programs after public reports of waits that hang.
#[test]
fn waits_of_known_reports_end_under_any_seed() {
    // As the book says.
    assert_eq!((reports::WAITS.len(), reports::SPEED.len()), (22, 13));
    std::thread::scope(|threads| {
        for report in reports::WAITS {
            threads.spawn(|| waits::under_seeds(report.name, report.sizes, report.run));
        }
    });
}

#[test]
fn everything_is_the_same_again_with_the_same_seed() {
    for seed in 0..5 {
        Builder::new()
            .cores(5)
            .seed(seed)
            .check_determinism(a_bit_of_everything);
        Builder::new()
            .explore()
            .seed(seed)
            .check_determinism(a_bit_of_everything);
    }
}

#[test]
fn what_depends_on_the_order_depends_on_the_seed_alone() {
    let order = |seed: u64| {
        let run = Builder::new().explore().seed(seed).run(|| {
            let order = Mutex::new(Vec::new());
            (0..6).into_par_iter().with_max_len(1).for_each(|i| {
                decide();
                order.lock().unwrap().push(i);
            });
            order.into_inner().unwrap()
        });
        run.0
    };
    let orders: Vec<Vec<i32>> = (0..20).map(order).collect();
    assert!(
        orders.iter().any(|one| *one != orders[0]),
        "one order only: {:?}",
        orders[0]
    );
    for (seed, before) in orders.iter().enumerate() {
        assert_eq!(order(seed as u64), *before, "seed {seed}");
    }
}

#[test]
fn a_panic_goes_through() {
    let text = message(|| Builder::new().run(|| join(|| panic!("a half"), || 1)));
    assert_eq!(text, "a half");
}

// ---- what a failure tells -------------------------------------------------------------------

#[test]
fn a_deadlock_shows_the_pool_and_its_tasks() {
    let text = message(|| {
        Builder::new().cores(2).run(|| {
            let named = manyhands::task::Builder::new().name("waits for ever");
            let task = named.spawn(std::future::pending::<()>());
            task.join().unwrap();
        })
    });
    for part in [
        "nobody can run",
        "Registry",
        "waits for ever",
        "0 main: Blocked",
    ] {
        assert!(text.contains(part), "no {part} in {text}");
    }
}

#[test]
fn a_pool_that_is_left_behind_is_noticed() {
    let text = message(|| {
        Builder::new().run(|| {
            let pool = Pool::builder().num_threads(1).build().unwrap();
            std::mem::forget(pool);
        })
    });
    assert!(text.contains("nobody can run"), "{text}");
}

// ---- planted faults -------------------------------------------------------------------------

/// Does one of the first thousand seeds fail?
fn is_found(f: impl Fn() + Send + Sync + 'static) -> bool {
    catch_unwind(AssertUnwindSafe(|| sim::many(0..1_000, f))).is_err()
}

/// A pipeline of two stages: tasks parse lines, and count words in a shared map that they copy,
/// change, and put back.
fn pipeline(correct: bool) {
    let total = Arc::new(Mutex::new(0_usize));
    let lines = ["a b c", "d e", "f g h i", "j"];
    let tasks = lines.map(|line| {
        let total = Arc::clone(&total);
        spawn(async move {
            let words = line.split(' ').count();
            manyhands::task::yield_now().await;
            if correct {
                *total.lock().unwrap() += words;
            } else {
                let before = *total.lock().unwrap();
                decide();
                *total.lock().unwrap() = before + words;
            }
        })
    });
    for task in tasks {
        task.join().unwrap();
    }
    assert_eq!(*total.lock().unwrap(), 10);
}

#[test]
fn a_lost_update_in_a_pipeline_is_found() {
    assert!(is_found(|| pipeline(false)));
    sim::many(0..200, || pipeline(true));
}

/// A future that is ready when a flag is set. The wrong one looks before it leaves its waker, and
/// not again.
fn wait_for(flag: Arc<AtomicBool>, waker: Arc<Mutex<Option<Waker>>>, correct: bool) {
    block_on(std::future::poll_fn(move |context| {
        if flag.load(Ordering::SeqCst) {
            return Poll::Ready(());
        }
        decide();
        *waker.lock().unwrap() = Some(context.waker().clone());
        match correct && flag.load(Ordering::SeqCst) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }));
}

fn signal(correct: bool) {
    let flag = Arc::new(AtomicBool::new(false));
    let waker = Arc::new(Mutex::new(None::<Waker>));
    let (set, left) = (Arc::clone(&flag), Arc::clone(&waker));
    let task = spawn(async move {
        set.store(true, Ordering::SeqCst);
        let waker = left.lock().unwrap().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    });
    wait_for(flag, waker, correct);
    task.join().unwrap();
}

#[test]
fn a_lost_wake_up_in_a_future_is_found() {
    assert!(is_found(|| signal(false)));
    sim::many(0..200, || signal(true));
}

/// A clock of a pool's own inside of a simulation: exact, and it waits for whatever is ready.
#[cfg(feature = "test-util")]
#[test]
fn a_paused_clock_waits_for_what_is_ready_under_every_seed() {
    const HOUR: Duration = Duration::from_secs(3600);
    sim::many(0..1000, || {
        let builder = Pool::builder().num_threads(3).start_paused(true);
        let pool = builder.build().unwrap();
        pool.block_on(async {
            let start = time::now();
            let late = spawn(time::sleep(2 * HOUR));
            let chain = spawn(async move {
                time::sleep(HOUR).await;
                let woken = spawn(async { spawn(async { time::now() }).await.unwrap() });
                let blocks = spawn_blocking(time::now);
                assert_eq!(woken.await.unwrap(), start + HOUR);
                assert_eq!(blocks.await.unwrap(), start + HOUR);
                let (a, b) = join(time::now, time::now);
                assert!(a == b && a == start + HOUR);
            });
            chain.await.unwrap();
            assert_eq!(time::now(), start + HOUR);
            late.await.unwrap();
            assert_eq!(time::now(), start + 2 * HOUR);
        });
        pool.shutdown();
    });
}
