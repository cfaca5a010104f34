//! The collectives that the program needs, for messages of any length. All ranks must call the same
//! ones in the same order; rank 0 is the root.
//!
//! Each of them waits for other ranks. `block_in_place` tells the pool so: meanwhile another thread
//! of it may use this one's core. And the calling thread stays the same, which MPI asks for at
//! `Threading::Funneled`: all calls must come from the thread that initialised it.

use manyhands::block_in_place;
use mpi::Count;
use mpi::collective::SystemOperation;
use mpi::datatype::{Partition, PartitionMut};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

pub(crate) struct Ranks(SimpleCommunicator);

impl Ranks {
    pub(crate) fn new(world: SimpleCommunicator) -> Self {
        Self(world)
    }

    pub(crate) fn rank(&self) -> usize {
        self.0.rank() as usize
    }

    pub(crate) fn len(&self) -> usize {
        self.0.size() as usize
    }

    /// The highest of the numbers that the ranks give.
    pub(crate) fn highest(&self, own: u8) -> u8 {
        let mut highest = 0;
        block_in_place(|| {
            let max = SystemOperation::max();
            self.0.all_reduce_into(&own, &mut highest, max);
        });
        highest
    }

    /// Deals messages out, one for each rank, which only the root has. Returns that for this rank.
    pub(crate) fn scatter(&self, messages: Option<Vec<Vec<u8>>>) -> Vec<u8> {
        let root = self.0.process_at_rank(0);
        let mut length: Count = 0;
        block_in_place(|| match messages {
            Some(messages) => {
                let lengths = lengths(&messages);
                root.scatter_into_root(&lengths, &mut length);
                let mut own = buffer(length as usize);
                let (bytes, starts) = (join(&messages), starts(&lengths));
                let parts = Partition::new(&bytes, lengths, starts);
                root.scatter_varcount_into_root(&parts, &mut own);
                own
            }
            None => {
                root.scatter_into(&mut length);
                let mut own = buffer(length as usize);
                root.scatter_varcount_into(&mut own);
                own
            }
        })
    }

    /// Gives each rank its message, and returns those that all ranks have for this one.
    pub(crate) fn exchange(&self, messages: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let given = lengths(&messages);
        let mut taken: Vec<Count> = vec![0; self.len()];
        block_in_place(|| {
            self.0.all_to_all_into(&given, &mut taken);
            let bytes = join(&messages);
            drop(messages);
            let mut received = buffer(total(&taken));
            let starts_given = starts(&given);
            let parts = Partition::new(&bytes, given, starts_given);
            let mut received_parts = PartitionMut::new(&mut received, &*taken, starts(&taken));
            self.0.all_to_all_varcount_into(&parts, &mut received_parts);
            split(&received, &taken)
        })
    }

    /// Collects a message of each rank at the root; nothing elsewhere.
    pub(crate) fn gather(&self, message: &[u8]) -> Option<Vec<Vec<u8>>> {
        let root = self.0.process_at_rank(0);
        let length = count(message.len());
        block_in_place(|| {
            if self.rank() > 0 {
                root.gather_into(&length);
                root.gather_varcount_into(message);
                return None;
            }
            let mut lengths: Vec<Count> = vec![0; self.len()];
            root.gather_into_root(&length, &mut lengths);
            let mut received = buffer(total(&lengths));
            let mut parts = PartitionMut::new(&mut received, &*lengths, starts(&lengths));
            root.gather_varcount_into_root(message, &mut parts);
            Some(split(&received, &lengths))
        })
    }
}

/// Bytes with an address of their own, even if there are none: an empty `Vec<u8>` is at the address
/// 1, and that is what Open MPI calls `MPI_IN_PLACE`.
fn buffer(length: usize) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(length.max(1));
    buffer.resize(length, 0);
    buffer
}

fn join(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(messages.iter().map(Vec::len).sum::<usize>().max(1));
    messages
        .iter()
        .for_each(|message| bytes.extend_from_slice(message));
    bytes
}

/// MPI counts with 32 bits.
fn count(length: usize) -> Count {
    let count = Count::try_from(length);
    count.unwrap_or_else(|_| panic!("{length} bytes are too many for one MPI call: use more ranks"))
}

fn lengths(messages: &[Vec<u8>]) -> Vec<Count> {
    let total = messages.iter().map(Vec::len).sum();
    count(total);
    messages
        .iter()
        .map(|message| count(message.len()))
        .collect()
}

/// All bytes of a call, of which each begins at a place that MPI must be able to name.
fn total(lengths: &[Count]) -> usize {
    let total = lengths.iter().map(|length| *length as usize).sum();
    count(total);
    total
}

/// Where each message begins, if one stands behind the other.
fn starts(lengths: &[Count]) -> Vec<Count> {
    let next = |end: &mut Count, length: &Count| {
        let start = *end;
        *end += length;
        Some(start)
    };
    lengths.iter().scan(0, next).collect()
}

fn split(mut bytes: &[u8], lengths: &[Count]) -> Vec<Vec<u8>> {
    let mut next = |length: &Count| {
        let (message, rest) = bytes.split_at(*length as usize);
        bytes = rest;
        message.to_vec()
    };
    lengths.iter().map(&mut next).collect()
}
