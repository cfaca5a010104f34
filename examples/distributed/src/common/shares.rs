//! Each identifier belongs to one rank, which adds up its counts from all ranks. Its hash says to
//! which; so the ranks need not agree on anything. Within a rank the hash chooses one of many
//! *shards*, so that all threads of the pool can add up at the same time.

use super::wire::{MALFORMED, Reader, put, put_bytes};
use manyhands::prelude::*;
use std::borrow::Borrow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Enough for many threads; so few that each has many identifiers.
const SHARDS: usize = 64;

type Shard = HashMap<String, u64>;

/// A rank, and a shard there.
fn place(name: &str, ranks: usize) -> (usize, usize) {
    // Without keys of its own: all ranks get the same number.
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let (hash, ranks) = (hasher.finish(), ranks as u64);
    ((hash % ranks) as usize, (hash / ranks) as usize % SHARDS)
}

/// The rank to which an identifier belongs.
#[allow(
    dead_code,
    reason = "with MPI a rank gets all that is its own in one piece"
)]
pub(crate) fn owner(name: &str, ranks: usize) -> usize {
    place(name, ranks).0
}

/// What one rank counted, as a message for each rank.
#[allow(
    dead_code,
    reason = "with timely single identifiers go from rank to rank"
)]
pub(crate) fn pack(identifiers: &HashMap<String, u64>, ranks: usize) -> Vec<Vec<u8>> {
    let blocks = || vec![Vec::new(); ranks * SHARDS];
    let write = |mut blocks: Vec<Vec<u8>>, (name, count): (&String, &u64)| {
        let (rank, shard) = place(name, ranks);
        let block = &mut blocks[rank * SHARDS + shard];
        put_bytes(block, name.as_bytes());
        put(block, *count);
        blocks
    };
    let append = |mut left: Vec<Vec<u8>>, right: Vec<Vec<u8>>| {
        let pairs = left.iter_mut().zip(right);
        pairs.for_each(|(left, right)| left.extend_from_slice(&right));
        left
    };
    let written = identifiers.par_iter().fold(blocks, write);
    let blocks = written.reduce(blocks, append);
    let message = |blocks: &[Vec<u8>]| {
        let mut message = Vec::new();
        blocks
            .iter()
            .for_each(|block| put_bytes(&mut message, block));
        message
    };
    blocks.par_chunks(SHARDS).map(message).collect()
}

/// What belongs to one rank.
pub(crate) struct Shares(Vec<Shard>);

impl Shares {
    pub(crate) fn new() -> Self {
        Self((0..SHARDS).map(|_| Shard::new()).collect())
    }

    /// Adds what other ranks have [packed](pack).
    #[allow(
        dead_code,
        reason = "with timely single identifiers go from rank to rank"
    )]
    pub(crate) fn add_packed(&mut self, messages: &[&[u8]]) -> Result<(), String> {
        let messages = messages.iter().map(|message| open(message));
        let messages = messages.collect::<Result<Vec<_>, _>>()?;
        self.0
            .par_iter_mut()
            .enumerate()
            .try_for_each(|(at, shard)| {
                for blocks in &messages {
                    let mut reader = Reader(blocks[at]);
                    while !reader.is_empty() {
                        add(shard, reader.text()?, reader.number()?);
                    }
                }
                Ok(())
            })
    }

    /// Adds identifiers that belong here.
    #[allow(
        dead_code,
        reason = "with MPI a rank gets all that is its own in one piece"
    )]
    pub(crate) fn add(&mut self, identifiers: Vec<(String, u64)>, ranks: usize) {
        let mut sorted: Vec<Vec<(String, u64)>> = (0..SHARDS).map(|_| Vec::new()).collect();
        for (name, count) in identifiers {
            sorted[place(&name, ranks).1].push((name, count));
        }
        let shards = self.0.par_iter_mut().zip(sorted);
        shards.for_each(|(shard, new)| new.into_iter().for_each(|(name, n)| add(shard, name, n)));
    }

    /// How many identifiers belong here.
    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(HashMap::len).sum()
    }

    /// The `most` most frequent identifiers, in no order; of equally frequent ones the first by
    /// name.
    pub(crate) fn into_top(self, most: usize) -> HashMap<String, u64> {
        let sort = |names: &mut Vec<(String, u64)>| {
            names.sort_unstable_by(|(a, n), (b, m)| (Reverse(n), a).cmp(&(Reverse(m), b)));
            names.truncate(most);
        };
        let of_shard = |shard: Shard| {
            let mut names = shard.into_iter().collect();
            sort(&mut names);
            names
        };
        let both = |mut left: Vec<_>, right| {
            left.extend(right);
            sort(&mut left);
            left
        };
        let top = self.0.into_par_iter().map(of_shard);
        top.reduce(Vec::new, both).into_iter().collect()
    }
}

/// The blocks of a message, one for each shard.
fn open(message: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut reader = Reader(message);
    let blocks = (0..SHARDS).map(|_| reader.bytes());
    let blocks = blocks.collect::<Result<_, _>>()?;
    reader.is_empty().then_some(blocks).ok_or(MALFORMED.into())
}

fn add<N: Borrow<str> + Into<String>>(shard: &mut Shard, name: N, count: u64) {
    match shard.get_mut(name.borrow()) {
        Some(total) => *total += count,
        None => drop(shard.insert(name.into(), count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three ranks that have counted the same names, one of them a part of those.
    fn counted() -> [HashMap<String, u64>; 3] {
        let names = |most: u64| (0..most).map(|n| (format!("name_{n}"), n + 1)).collect();
        [names(1000), names(1000), names(10)]
    }

    #[test]
    fn each_identifier_is_added_up_in_one_place() {
        let counted = counted();
        let packed = counted.each_ref().map(|names| pack(names, 3));
        let mut all = HashMap::new();
        for rank in 0..3 {
            let (mut by_block, mut one_by_one) = (Shares::new(), Shares::new());
            let messages = packed.each_ref().map(|messages| &*messages[rank]);
            by_block.add_packed(&messages).unwrap();
            for names in &counted {
                let own = names.iter().filter(|(name, _)| owner(name, 3) == rank);
                one_by_one.add(own.map(|(name, n)| (name.clone(), *n)).collect(), 3);
            }
            assert!(by_block.len() > 200);
            let (a, b) = (
                by_block.into_top(usize::MAX),
                one_by_one.into_top(usize::MAX),
            );
            assert_eq!(a, b);
            for (name, count) in a {
                assert_eq!(all.insert(name, count), None);
            }
        }
        assert_eq!(all.len(), 1000);
        assert_eq!((all["name_3"], all["name_999"]), (12, 2000));
    }

    #[test]
    fn the_top_is_that_of_all_shards() {
        let names = |n: u64| [(format!("a{n}"), n), (format!("b{n}"), n)];
        let mut shares = Shares::new();
        shares.add((1..=100).flat_map(names).collect(), 1);
        assert_eq!(shares.len(), 200);
        let top = shares.into_top(3);
        let wanted = [("a100", 100), ("b100", 100), ("a99", 99)];
        assert_eq!(top, wanted.map(|(name, n)| (name.to_owned(), n)).into());
    }

    #[test]
    fn a_message_that_was_cut_is_an_error() {
        let message = &pack(&counted()[2], 1)[0];
        assert_eq!(Shares::new().add_packed(&[message]), Ok(()));
        for length in 0..message.len() {
            assert!(Shares::new().add_packed(&[&message[..length]]).is_err());
        }
    }
}
