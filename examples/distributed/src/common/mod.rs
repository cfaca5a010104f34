//! What both programs share: the census of one process, which is that of `examples/census.rs`, and
//! the words in which ranks speak to each other. A *rank* is one process with a pool of its own.
//!
//! The job is the same for both. Rank 0 lists the files and deals them out ([`deal`]). Each rank
//! counts its files with all its threads. Then each identifier has one rank that adds it up for all
//! ([`shares`]), and rank 0 gets what they have found ([`part`]): the tables, and the most frequent
//! identifiers of each share. The most frequent of all are among them.

#[path = "../../../census/count.rs"]
pub(crate) mod count;
#[path = "../../../census/files.rs"]
pub(crate) mod files;
#[allow(dead_code, reason = "these programs have options of their own")]
#[path = "../../../census/options.rs"]
pub(crate) mod options;
#[allow(dead_code, reason = "rank 0 has not all identifiers to report")]
#[path = "../../../census/tally.rs"]
pub(crate) mod tally;

pub(crate) mod deal;
pub(crate) mod job;
pub(crate) mod part;
pub(crate) mod progress;
pub(crate) mod shares;
pub(crate) mod wire;
