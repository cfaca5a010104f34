//! The census on the ranks of an MPI program.
//!
//! ```text
//! mpirun -n 3 census-mpi [PATH...] [--threads N] [--top K] [--verify]
//! ```
//!
//! Between two collectives each rank is a program with a pool, as if there were no MPI: parallel
//! loops in futures count its files, and others pack, unpack and add up. All ranks must see the
//! files under the same paths.

#[path = "../common/mod.rs"]
mod common;
mod ranks;

use common::deal::deal_out;
use common::job::{Job, LOST, count_files, end_on_panic};
use common::part::{Costs, Part, report};
use common::progress::say;
use common::shares::{Shares, pack};
use common::wire;
use mpi::Threading;
use ranks::Ranks;
use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let (_, job) = Job::read(std::env::args_os().skip(1), &[], "");
    let Some((universe, threading)) = mpi::initialize_with_threading(Threading::Funneled) else {
        unreachable!("nobody else has initialised MPI");
    };
    let ranks = Ranks::new(universe.world());
    let rank = ranks.rank();
    // Unwinding would call `MPI_Finalize`, which waits for the other ranks. A process that ends
    // without it makes the launcher end them all.
    end_on_panic(rank, |_| None);
    let job = job.and_then(|job| {
        if threading < Threading::Funneled {
            return Err("this MPI library must not be used in a program with threads".to_owned());
        }
        Ok((job.pool()?, job))
    });
    if let Err(error) = &job {
        say(rank, error);
    }
    // If one rank cannot begin, none does.
    if ranks.highest(job.is_err().into()) > 0 {
        return ExitCode::from(2);
    }
    let Ok((pool, job)) = job else {
        unreachable!("the highest was 0")
    };
    let done = pool.block_on(census(&ranks, &job));
    done.unwrap_or_else(|error| {
        say(rank, &error);
        // Not `return`: see above.
        std::process::exit(LOST.into())
    })
}

async fn census(ranks: &Ranks, job: &Job) -> Result<ExitCode, String> {
    let (start, rank) = (Instant::now(), ranks.rank());
    let mut costs = Costs::default();

    // Rank 0 lists the files, and deals them out.
    let (dealt, skipped) = if rank == 0 {
        let (messages, skipped) = deal_out(&job.options.paths, ranks.len()).await;
        (Some(messages), skipped)
    } else {
        (None, HashMap::new())
    };
    let files = wire::files(&ranks.scatter(dealt))?;

    // Each rank counts its own, as `examples/census.rs` would.
    let progress = job.progress(rank, &files);
    let counting = Instant::now();
    let mut counted = count_files(files, &progress, &mut costs).await;
    costs.0[Costs::COUNT] = counting.elapsed().as_micros() as u64;
    for (reason, count) in skipped {
        *counted.skipped.entry(reason).or_default() += count;
    }

    // Each identifier goes to the rank to which it belongs, which adds it up.
    let identifiers = std::mem::take(&mut counted.identifiers);
    costs.0[Costs::RECORDS] = identifiers.len() as u64;
    let messages = costs.time(Costs::SHARE, || {
        let messages = pack(&identifiers, ranks.len());
        drop(identifiers);
        messages
    });
    let others = messages.iter().enumerate().filter(|(to, _)| *to != rank);
    costs.0[Costs::SENT] = others.map(|(_, message)| message.len() as u64).sum();
    let messages = costs.time(Costs::SHARE, || ranks.exchange(messages));
    let mut shares = Shares::new();
    let messages: Vec<&[u8]> = messages.iter().map(|message| &**message).collect();
    costs.time(Costs::ADD, || shares.add_packed(&messages))?;

    // Rank 0 gets the tables, and the most frequent identifiers of each share.
    let part = Part::new(rank, job, counted, shares, costs);
    let Some(parts) = ranks.gather(&part.to_bytes()) else {
        return Ok(ExitCode::SUCCESS);
    };
    let parts = parts.iter().map(|bytes| Part::from_bytes(bytes));
    Ok(report(parts.collect::<Result<_, _>>()?, job, start))
}
