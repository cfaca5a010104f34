//! One operation again and again, for `benches/instructions.sh`, which counts its instructions.
//!
//!     instructions OPERATION TIMES
//!
//! Without arguments (`cargo bench`) each operation runs for a moment, and nothing is counted.

use manyhands::task::yield_now;
use manyhands::{JoinHandle, Pool, Scope, join, scope, spawn};
use std::process::ExitCode;

/// The name of an operation, and the function that does it a given number of times in a pool with
/// one thread.
type Operation = (&'static str, fn(&Pool, usize));

const OPERATIONS: [Operation; 6] = [
    ("join", |pool, times| {
        pool.install(|| joins(times));
    }),
    ("scope-spawn", |pool, times| {
        pool.install(|| scope(|s| spawns(s, times)));
    }),
    ("spawn-and-await", |pool, times| {
        run(pool, async move {
            for _ in 0..times {
                spawn(async {}).await.expect("the task ends well");
            }
        });
    }),
    ("spawn-many", |pool, times| {
        run(pool, async move {
            for _ in 0..times / BATCH {
                let tasks: [JoinHandle<()>; BATCH] = std::array::from_fn(|_| spawn(async {}));
                for task in tasks {
                    task.await.expect("the task ends well");
                }
            }
        });
    }),
    ("yield", |pool, times| {
        run(pool, async move {
            for _ in 0..times {
                yield_now().await;
            }
        });
    }),
    ("join-from-outside", |pool, times| {
        for _ in 0..times {
            pool.join(|| (), || ());
        }
    }),
];

/// The number of tasks that exist at a time.
const BATCH: usize = 100;

/// Runs a balanced tree of `times` joins.
fn joins(times: usize) {
    if times > 0 {
        let left = (times - 1) / 2;
        join(|| joins(left), || joins(times - 1 - left));
    }
}

/// Spawns a balanced tree of `times` jobs into a scope.
fn spawns<'scope>(s: &Scope<'scope>, times: usize) {
    for part in [times / 2, times - times / 2] {
        if part > 0 {
            s.spawn(move |s| spawns(s, part - 1));
        }
    }
}

fn run(pool: &Pool, future: impl Future<Output = ()> + Send + 'static) {
    pool.spawn(future).join().expect("the task ends well");
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    // How often a spare thread comes to look depends on the clock. Only calls from outside need one.
    let spare = usize::from(arguments.iter().any(|word| word == "join-from-outside"));
    let pool = Pool::builder()
        .num_threads(1)
        .max_spare_threads(spare)
        .build();
    let pool = pool.expect("a pool");
    match arguments.as_slice() {
        [name, times] => {
            let operation = OPERATIONS.iter().find(|(known, _)| known == name);
            let (Some((_, operation)), Ok(times)) = (operation, times.parse()) else {
                eprintln!("no such operation, or no number: {name} {times}");
                return ExitCode::from(2);
            };
            operation(&pool, times);
        }
        _ => {
            for (name, operation) in OPERATIONS {
                operation(&pool, 1000);
                eprintln!("{name}: runs; benches/instructions.sh counts");
            }
        }
    }
    ExitCode::SUCCESS
}
