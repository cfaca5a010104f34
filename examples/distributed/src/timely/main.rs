//! The census on timely dataflow: one timely worker a process, whose operators use a pool.
//!
//! ```text
//! census-timely --rank 0 --ranks 3 --coordinator 0.0.0.0:4711 [PATH...] [--top K] [--verify]
//! census-timely --rank 1 --ranks 3 --coordinator first-host:4711 [PATH...] ...
//! census-timely --rank 2 --ranks 3 --coordinator first-host:4711 [PATH...] ...
//! ```
//!
//! No launcher and no library is needed: start the program on each machine, in any order. All ranks
//! must see the files under the same paths.

#[path = "../common/mod.rs"]
mod common;
mod flow;
mod meet;
mod metered;
mod operators;

use common::job::{Job, LOST, Own, end_on_panic};
use common::options::fail;
use common::part::report;
use common::progress::say;
use meet::{Failure, Meeting};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

const OPTIONS: [&str; 4] = ["--rank", "--ranks", "--coordinator", "--patience"];

const USAGE: &str = "
  --rank R        this is the rank R, from 0 on (default: 0)
  --ranks N       there are N ranks (default: 1)
  --coordinator A the address at which rank 0 waits for the others: host and port
  --patience S    end after S seconds if not all ranks have come (default: 30)";

fn main() -> ExitCode {
    let (own, job) = Job::read(std::env::args_os().skip(1), &OPTIONS, USAGE);
    let meeting = own
        .and_then(|own| meeting(&own))
        .unwrap_or_else(|error| fail(&error));
    let rank = meeting.rank;
    // timely's threads that serve a connection panic if it ends too early, and others after them. The
    // first one knows the rank.
    end_on_panic(rank, |thread| {
        let peer = thread
            .strip_prefix("timely:recv-")
            .or(thread.strip_prefix("timely:send-"))?;
        Some(format!("lost rank {peer}"))
    });
    let job = job.and_then(|job| Ok((job.pool()?, job)));
    let ready = job.as_ref().map(|_| ()).map_err(String::clone);
    let connections = match meeting.meet(ready) {
        Ok(connections) => connections,
        Err(Failure { error, code }) => {
            say(rank, &error);
            return ExitCode::from(code);
        }
    };
    let Ok((pool, job)) = job else {
        unreachable!("all were ready")
    };
    let job = Arc::new(job);
    let start = Instant::now();
    match flow::run(connections, rank, Arc::clone(&job), pool) {
        Ok(Some(parts)) => report(parts, &job, start),
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => {
            say(rank, &error);
            ExitCode::from(LOST)
        }
    }
}

fn meeting(own: &Own) -> Result<Meeting, String> {
    let rank = own.number("--rank")?.unwrap_or(0);
    let ranks = own.number("--ranks")?.unwrap_or(1);
    if rank >= ranks {
        return Err(format!("--rank {rank} is not below --ranks {ranks}"));
    }
    let address = own.text("--coordinator");
    if address.is_none() && ranks > 1 {
        return Err(format!("--ranks {ranks} needs a --coordinator"));
    }
    Ok(Meeting {
        rank,
        ranks,
        address: address.unwrap_or_default(),
        patience: Duration::from_secs(own.number("--patience")?.unwrap_or(30) as u64),
    })
}
