//! Each item is dropped once, even after panics, and even if a producer lies about its length.

use super::super::fork::script::{Script, play};
use super::super::*;
use super::{config, nobody, scripts};
use crate::iter::IndexedParallelIterator;
use crate::prelude::*;
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An item that counts its drops.
pub(super) struct Item {
    pub(super) number: usize,
    drops: Arc<[AtomicUsize]>,
}

impl Drop for Item {
    fn drop(&mut self) {
        self.drops[self.number].fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs a loop over `len` items under the script, and says whether all were dropped once.
pub(super) fn all_dropped_once<R>(
    script: Script,
    len: usize,
    body: impl FnOnce(Vec<Item>) -> R,
) -> Result<(), TestCaseError> {
    let drops: Arc<[AtomicUsize]> = (0..len).map(|_| AtomicUsize::new(0)).collect();
    let items = (0..len)
        .map(|number| Item {
            number,
            drops: Arc::clone(&drops),
        })
        .collect();
    let _ = catch_unwind(AssertUnwindSafe(|| play(script, || drop(body(items)))));
    let counts: Vec<usize> = drops.iter().map(|n| n.load(Ordering::Relaxed)).collect();
    prop_assert_eq!(counts, vec![1; len]);
    Ok(())
}

/// Passes items on, except one: a panic without a message on the screen.
pub(super) fn fragile(bad: usize) -> impl Fn(Item) -> Item + Sync + Send {
    move |item| {
        if item.number == bad {
            resume_unwind(Box::new("fragile"));
        }
        item
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn panics_drop_each_item_once(len in 0..200_usize, bad in 0..250_usize, s in scripts()) {
        all_dropped_once(s.clone(), len, |v| v.into_par_iter().map(fragile(bad)).collect::<Vec<_>>())?;
        all_dropped_once(s.clone(), len, |v| {
            let items = v.into_par_iter().map(fragile(bad));
            items.filter(|item| item.number % 3 > 0).collect::<Vec<_>>()
        })?;
        all_dropped_once(s.clone(), len, |v| {
            let items = v.into_par_iter().map(Some).flat_map_iter(|item| item.map(fragile(bad)));
            items.collect::<Vec<_>>()
        })?;
        all_dropped_once(s.clone(), len, |v| {
            let results = v.into_par_iter().map(fragile(bad)).map(|item| {
                if item.number == 2 * bad { Err(item) } else { Ok(item) }
            });
            results.collect::<Result<Vec<_>, _>>()
        })?;
        all_dropped_once(s.clone(), len, |v| {
            v.into_par_iter().map(fragile(bad)).filter(|item| item.number % 3 > 0).collect::<Vec<_>>()
        })?;
        all_dropped_once(s.clone(), len, |v| v.into_par_iter().for_each(|item| drop(fragile(bad)(item))))?;
        all_dropped_once(s.clone(), len, |v| {
            v.into_par_iter().map(fragile(bad)).reduce_with(|a, b| if a.number % 2 == 0 { a } else { b })
        })?;
        all_dropped_once(s.clone(), len, |v| {
            v.into_par_iter().rev().enumerate().map(|(_, item)| fragile(bad)(item)).collect::<Vec<_>>()
        })?;
        all_dropped_once(s, len, |v| v.into_par_iter().skip(len / 3).take(len / 3).collect::<Vec<_>>())?;
    }

    #[test]
    fn early_exit_drops_each_item_once(len in 0..200_usize, wanted in 0..250_usize, s in scripts()) {
        all_dropped_once(s, len, |v| v.into_par_iter().find_any(|item| item.number == wanted).is_some())?;
    }

    #[test]
    fn a_producer_that_lies_is_found_out(len in 1..200_usize, real in 0..300_usize, s in scripts()) {
        let run = || Liar { claimed: len, real }.collect::<Vec<String>>();
        let result = catch_unwind(AssertUnwindSafe(|| play(s, run).0));
        match result {
            Ok(v) => prop_assert_eq!(v.len(), len),
            Err(_) => prop_assert_ne!(real, len),
        }
    }

    #[test]
    fn items_without_a_size(len in 0..3000_usize, s in scripts()) {
        let (units, _) = play(s, || vec![(); len].into_par_iter().collect::<Vec<()>>());
        prop_assert_eq!(units.len(), len);
    }
}

/// A producer that claims a length it does not have.
struct Liar {
    claimed: usize,
    real: usize,
}

impl ParallelIterator for Liar {
    type Item = String;

    fn drive_unindexed<C: UnindexedConsumer<String>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn opt_len(&self) -> Option<usize> {
        Some(self.claimed)
    }
}

impl IndexedParallelIterator for Liar {
    fn len(&self) -> usize {
        self.claimed
    }

    fn drive<C: Consumer<String>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn with_producer<CB: ProducerCallback<String>>(self, callback: CB) -> CB::Output {
        callback.callback(LiarProducer { len: self.real })
    }
}

struct LiarProducer {
    len: usize,
}

impl Producer for LiarProducer {
    type Item = String;
    type IntoIter = std::vec::IntoIter<String>;

    fn into_iter(self) -> Self::IntoIter {
        vec![String::from("item"); self.len].into_iter()
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let left = index.min(self.len);
        let right = self.len - left;
        (Self { len: left }, Self { len: right })
    }
}

#[test]
fn a_panic_reaches_the_caller() {
    let run = || {
        (0..100).into_par_iter().for_each(|x| {
            if x == 7 {
                resume_unwind(Box::new(x));
            }
        });
    };
    let result = catch_unwind(AssertUnwindSafe(|| play(nobody(), run)));
    assert_eq!(*result.unwrap_err().downcast::<i32>().unwrap(), 7);
}
