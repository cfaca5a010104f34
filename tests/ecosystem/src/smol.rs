//! smol's crates in tasks of the pool, and smol's executors as tasks.

use crate::{elsewhere, in_block_on, in_task, scratch};
use manyhands::task::JoinSet;
use manyhands::{block_on, prelude::*, spawn};
use smol::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use smol::net::{TcpListener, TcpStream};
use smol::stream::StreamExt;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Sockets of async-net: words are counted on all threads of the pool.
#[test]
fn net_and_io() {
    in_task(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = spawn(async move {
            let mut incoming = listener.incoming();
            while let Some(stream) = incoming.next().await {
                let mut stream = stream.unwrap();
                spawn(async move {
                    let mut text = String::new();
                    stream.read_to_string(&mut text).await.unwrap();
                    let words = text.par_split_whitespace().count();
                    stream
                        .write_all(format!("{words}\n").as_bytes())
                        .await
                        .unwrap();
                });
            }
        })
        .cancel_on_drop();
        let mut clients = JoinSet::new();
        for words in 0..20 {
            clients.spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream
                    .write_all("word ".repeat(words).as_bytes())
                    .await
                    .unwrap();
                stream.shutdown(std::net::Shutdown::Write).unwrap();
                let answer = BufReader::new(stream).lines().next().await;
                assert_eq!(answer.unwrap().unwrap(), words.to_string());
            });
        }
        assert_eq!(clients.join_all().await.len(), 20);
        drop(server);
    });
}

#[test]
fn fs_process_and_unblock() {
    in_task(async || {
        let path = scratch();
        smol::fs::write(&path, "many hands\nmake light work\n")
            .await
            .unwrap();
        let file = smol::fs::File::open(&path).await.unwrap();
        let lines: Vec<_> = BufReader::new(file).lines().try_collect().await.unwrap();
        assert_eq!(lines, ["many hands", "make light work"]);
        smol::fs::remove_file(&path).await.unwrap();

        let mut command = smol::process::Command::new("rustc");
        command
            .arg("--version")
            .stdout(smol::process::Stdio::piped());
        let mut version = command.spawn().unwrap();
        let mut text = String::new();
        version
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .await
            .unwrap();
        assert!(text.starts_with("rustc ") && version.status().await.unwrap().success());

        assert_eq!(smol::unblock(|| 6 * 7).await, 42);
    });
}

/// Timers of async-io, locks, channels, and an `or`.
#[test]
fn timers_locks_and_channels() {
    in_task(async || {
        let (sender, receiver) = smol::channel::bounded(1);
        let total = Arc::new(smol::lock::Mutex::new(0));
        for n in 1..=10_u64 {
            let (sender, total) = (sender.clone(), total.clone());
            spawn(async move {
                smol::Timer::after(Duration::from_micros(100 * (n % 3))).await;
                *total.lock().await += n;
                sender.send(n).await.unwrap();
            });
        }
        drop(sender);
        let sum = receiver.fold(0, |sum, n| sum + n).await;
        assert_eq!((sum, *total.lock().await), (55, 55));

        let never = async {
            smol::Timer::never().await;
            "never"
        };
        let soon = async {
            smol::Timer::after(Duration::from_millis(1)).await;
            "soon"
        };
        assert_eq!(smol::future::or(never, soon).await, "soon");
    });
}

/// `smol::spawn` runs its tasks on smol's thread; they may await ours, and ours theirs.
#[test]
fn tasks_of_both_await_each_other() {
    in_task(async || {
        let ours = spawn(async { (1..=100_u64).into_par_iter().sum::<u64>() });
        let theirs = smol::spawn(async move { ours.await.unwrap() + 1 });
        assert_eq!(theirs.await, 5051);

        // Dropping a task of smol's cancels it, unlike a handle.
        let (sender, receiver) = smol::channel::bounded::<()>(1);
        let theirs = smol::spawn(async move { receiver.recv().await.is_ok() });
        drop(theirs);
        sender.closed().await;
    });
}

/// smol's executor may be run by several of our tasks; its tasks then run on our threads.
#[test]
fn an_executor_as_tasks() {
    in_task(async || {
        let executor = Arc::new(smol::Executor::new());
        let runners: Vec<_> = (0..3)
            .map(|_| {
                let executor = executor.clone();
                spawn(async move { executor.run(std::future::pending::<()>()).await })
                    .cancel_on_drop()
            })
            .collect();
        let tasks: Vec<_> = (0..50_u64)
            .map(|n| {
                executor.spawn(async move {
                    smol::future::yield_now().await;
                    (0..=n).into_par_iter().sum::<u64>()
                })
            })
            .collect();
        for (n, task) in (0..).zip(tasks) {
            assert_eq!(task.await, n * (n + 1) / 2);
        }
        drop(runners);
    });
}

/// An executor for futures that are not `Send`, in `block_on`; they borrow.
#[test]
fn a_local_executor_in_block_on() {
    in_block_on(async || {
        let count = Rc::new(Cell::new(0));
        let executor = smol::LocalExecutor::new();
        let tasks: Vec<_> = (1..=10)
            .map(|n| {
                let count = count.clone();
                executor.spawn(async move {
                    let n = elsewhere(async move { n }).await;
                    count.set(count.get() + n);
                })
            })
            .collect();
        executor
            .run(async {
                for task in tasks {
                    task.await;
                }
            })
            .await;
        assert_eq!(count.get(), 55);
    });
}

/// `smol::block_on` and ours, one inside of the other. (smol's tells no pool that it blocks.)
#[test]
fn block_on_in_block_on() {
    in_block_on(async || {
        let task = spawn(async { 1 });
        let inside =
            manyhands::block_in_place(|| smol::block_on(async { task.await.unwrap() + 1 }));
        assert_eq!(inside, 2);
    });
    assert_eq!(
        smol::block_on(async { block_on(spawn(async { 3 })) }).unwrap(),
        3
    );
}
