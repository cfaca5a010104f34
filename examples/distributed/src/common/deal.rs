//! Which rank counts which files.

use super::count::find;
use super::files::{Skip, SourceFile};
use super::wire;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::path::PathBuf;

/// Lists all files. Returns a message for each rank with those that it has to count, and what was
/// skipped.
pub(crate) async fn deal_out(
    roots: &[PathBuf],
    ranks: usize,
) -> (Vec<Vec<u8>>, HashMap<Skip, u64>) {
    let mut found = find(roots).await;
    let message = |files: Vec<SourceFile>| {
        let mut bytes = Vec::new();
        files
            .iter()
            .for_each(|file| wire::put_file(&mut bytes, file));
        bytes
    };
    let shares = deal(found.take_files(), ranks);
    (shares.into_iter().map(message).collect(), found.skipped)
}

/// Deals files out: each, the largest first, to the rank that has the fewest bytes so far. So the
/// shares differ by less than the largest file, and rarely by that much.
fn deal(mut files: Vec<SourceFile>, ranks: usize) -> Vec<Vec<SourceFile>> {
    files.sort_by_key(|file| Reverse(file.size));
    let mut shares: Vec<_> = (0..ranks).map(|_| Vec::new()).collect();
    let mut by_bytes: BinaryHeap<_> = (0..ranks).map(|rank| Reverse((0, rank))).collect();
    for file in files {
        let mut least = by_bytes.peek_mut().expect("there is a rank");
        let Reverse((bytes, rank)) = &mut *least;
        *bytes += file.size.max(4096); // empty files cost time, too
        shares[*rank].push(file);
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(files: &[u64], ranks: usize) -> Vec<Vec<u64>> {
        let files = files.iter().map(|size| SourceFile::new("a".into(), *size));
        let sizes = |share: Vec<SourceFile>| share.iter().map(|file| file.size).collect();
        deal(files.collect(), ranks)
            .into_iter()
            .map(sizes)
            .collect()
    }

    #[test]
    fn shares_are_even() {
        let shares = sizes(&[10_000, 90_000, 50_000, 40_000], 2);
        assert_eq!(shares, [vec![90_000, 10_000], vec![50_000, 40_000]]);
    }

    #[test]
    fn empty_files_are_dealt_like_others() {
        assert_eq!(sizes(&[0, 0, 0], 3), [[0], [0], [0]]);
    }

    #[test]
    fn there_may_be_fewer_files_than_ranks() {
        assert_eq!(sizes(&[5], 3), [vec![5], vec![], vec![]]);
        assert_eq!(sizes(&[], 2), [[], []] as [[u64; 0]; 2]);
    }
}
