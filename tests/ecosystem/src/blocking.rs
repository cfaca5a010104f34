//! `blocking`: `unblock` and `Unblock`, whose threads are not the pool's.

use crate::{in_task, scratch, util::spin_until};
use blocking::{Unblock, unblock};
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use manyhands::task::JoinSet;
use manyhands::{current_thread_index, prelude::*};
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn unblock_runs_elsewhere() {
    in_task(async || {
        let mut tasks = JoinSet::new();
        for n in 0..20_u64 {
            tasks.spawn(async move {
                let here = std::thread::current().id();
                let (there, index, sum) = unblock(move || {
                    // A loop on such a thread is begun by a guest of the default pool.
                    let sum = (0..n).into_par_iter().sum::<u64>();
                    (std::thread::current().id(), current_thread_index(), sum)
                })
                .await;
                assert!(here != there && index.is_none());
                assert_eq!(sum, (0..n).sum::<u64>());
            });
        }
        tasks.join_all().await;
    });
}

/// What is dropped before it has begun never begins; what has begun goes on.
#[test]
fn a_dropped_closure_that_has_begun_goes_on() {
    in_task(async || {
        let [begun, go_on, ended] = [(); 3].map(|()| Arc::new(AtomicBool::new(false)));
        let task = unblock({
            let (begun, go_on, ended) = (begun.clone(), go_on.clone(), ended.clone());
            move || {
                begun.store(true, Ordering::SeqCst);
                spin_until(|| go_on.load(Ordering::SeqCst));
                ended.store(true, Ordering::SeqCst);
            }
        });
        spin_until(|| begun.load(Ordering::SeqCst));
        drop(task);
        go_on.store(true, Ordering::SeqCst);
        spin_until(|| ended.load(Ordering::SeqCst));
    });
}

/// A panic comes to the task that awaits the closure.
#[test]
fn panics_come_to_the_task() {
    in_task(async || {
        let task = manyhands::spawn(unblock(|| {
            assert!(current_thread_index().is_some(), "not a worker")
        }));
        assert!(task.await.unwrap_err().is_panic());
    });
}

#[test]
fn unblock_a_file_and_an_iterator() {
    in_task(async || {
        let path = scratch();
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path);
        let mut file = Unblock::new(file.unwrap());
        for n in 0..1000 {
            file.write_all(format!("line {n}\n").as_bytes())
                .await
                .unwrap();
        }
        file.flush().await.unwrap();
        file.with_mut(|file| file.seek(SeekFrom::Start(0)))
            .await
            .unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).await.unwrap();
        std::fs::remove_file(path).unwrap();
        let numbers = text
            .par_lines()
            .map(|line| line.strip_prefix("line ").unwrap());
        assert_eq!(
            numbers.map(|n| n.parse::<u64>().unwrap()).sum::<u64>(),
            499_500
        );

        let squares = Unblock::with_capacity(4, (0..100_u64).map(|n| n * n));
        assert_eq!(squares.fold(0, async |a, b| a + b).await, 328_350);
    });
}
