//! The dataflow: files go to ranks, identifiers to the rank to which they belong, results to rank 0.
//!
//! ```text
//! rank 0 lists, deals out ──files──> count ──identifiers──> add ──parts──> collect
//!                         by rank           by hash             to rank 0
//! ```

use crate::common::job::Job;
use crate::common::part::Part;
use crate::common::shares::owner;
use crate::meet::Connections;
use crate::metered::{Meter, Metered};
use crate::operators::{Adding, Counting, Rank, well};
use manyhands::Pool;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use timely::WorkerConfig;
use timely::communication::allocator::zero_copy::initialize::initialize_networking_from_sockets;
use timely::communication::allocator::{AllocatorBuilder, ProcessBuilder};
use timely::communication::{Config, Hooks};
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::{Operator, Probe};
use timely::dataflow::{InputHandle, ProbeHandle};
use timely::execute::execute_from;
use timely::worker::Worker;

/// A rank, and a message with files for it.
type Dealt = (u64, Vec<u8>);

/// An identifier, and how often one rank has found it in one round.
type Found = (String, u64);

/// Runs one timely worker. Returns what all ranks have found, on rank 0 only.
pub(crate) fn run(
    connections: Connections,
    rank: usize,
    job: Arc<Job>,
    pool: Pool,
) -> Result<Option<Vec<Part>>, String> {
    let (ranks, meter) = (connections.len(), Meter::default());
    let (builders, guard) = if ranks == 1 {
        Config::Thread.try_build()?
    } else {
        let hooks = Hooks::default();
        let inside = ProcessBuilder::new_typed_vector(1, hooks.refill.clone(), None);
        let metered = |stream| Metered::new(stream, meter.clone());
        let sockets = connections.into_iter().map(|stream| stream.map(metered));
        let sockets = sockets.collect();
        let (builders, guard) = initialize_networking_from_sockets(inside, sockets, rank, 1, hooks)
            .map_err(|error| error.to_string())?;
        let builders = builders.into_iter().map(AllocatorBuilder::Tcp).collect();
        (builders, Box::new(guard) as _)
    };
    // For the one worker, to take.
    let own = Mutex::new(Some((job, pool, meter)));
    let workers = execute_from(builders, guard, WorkerConfig::default(), move |worker| {
        let own = own.lock().unwrap().take();
        let (job, pool, meter) = own.expect("there is one worker");
        let state = RefCell::default();
        let rank = Rank {
            rank,
            ranks,
            job,
            pool,
            meter,
            state,
        };
        work(worker, &Rc::new(rank))
    })?;
    let parts = workers.join().pop().expect("there is one worker")?;
    Ok((rank == 0).then_some(parts))
}

fn work(worker: &mut Worker, rank: &Rc<Rank>) -> Vec<Part> {
    let parts = Rc::new(RefCell::new(Vec::new()));
    let mut input = InputHandle::new();
    let probe = ProbeHandle::new();
    let ranks = rank.ranks;
    worker.dataflow::<u64, _, _>(|scope| {
        let by_rank = Exchange::new(|(to, _): &Dealt| *to);
        let counted = input
            .to_stream(scope)
            .unary_frontier(by_rank, "count", |own, info| {
                let activator = scope.activator_for(info.address);
                let (mut capability, mut counting) = (Some(own), Counting::new(rank));
                move |(input, frontier), output| {
                    input.for_each(|_, dealt: &mut Vec<Dealt>| {
                        dealt.iter().for_each(|(_, files)| counting.take(files));
                    });
                    let Some(own) = capability.as_ref().filter(|_| frontier.is_empty()) else {
                        return;
                    };
                    match counting.round() {
                        Some(found) => {
                            output.session(own).give_iterator(found.into_iter());
                            // Once more, after a look at what other ranks have sent.
                            activator.activate();
                        }
                        None => capability = None,
                    }
                }
            });
        let by_hash = Exchange::new(move |(name, _): &Found| owner(name, ranks) as u64);
        let added = counted.unary_frontier(by_hash, "add", |own, _| {
            let mut adding = Some((Adding::new(rank), own));
            move |(input, frontier), output| {
                input.for_each(|_, found: &mut Vec<Found>| {
                    let (adding, _) = adding.as_mut().expect("nothing comes after the end");
                    adding.take(found);
                });
                if let Some((adding, own)) = adding.take_if(|_| frontier.is_empty()) {
                    output.session(&own).give(adding.finish());
                }
            }
        });
        let to_rank_0 = Exchange::new(|_: &Vec<u8>| 0);
        let collected = added.unary(to_rank_0, "collect", |_, _| {
            let parts = Rc::clone(&parts);
            move |input, output| {
                input.for_each(|own, found: &mut Vec<Vec<u8>>| {
                    let part = |bytes: Vec<u8>| well(Part::from_bytes(&bytes));
                    parts.borrow_mut().extend(found.drain(..).map(part));
                    output.session(&own).give(());
                });
            }
        });
        collected.container::<Vec<()>>().probe_with(&probe);
    });
    if rank.rank == 0 {
        let messages = rank.deal_out().into_iter().enumerate();
        messages.for_each(|(to, files)| input.send((to as u64, files)));
    }
    input.close();
    worker.step_or_park_while(None, || !probe.done());
    parts.take()
}
