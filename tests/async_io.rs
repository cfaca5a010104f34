//! With the feature `async-io`, idle threads wait inside that crate's reactor. No event, timer or
//! task is missed by that, whatever the threads do. (Without the feature, the same on a thread of
//! that crate's own.) A test that misses something hangs, and is ended by its watchdog.

#![cfg(feature = "time")]

#[path = "it/util.rs"]
#[allow(dead_code)]
mod util;

use crate::util::{SIZES, build, pool, pool_without_spares, watched};
use async_net::{TcpListener, TcpStream};
use futures::future::join_all;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use manyhands::prelude::*;
use manyhands::time::{Duration, sleep, timeout};
use manyhands::{Pool, block_in_place, spawn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const MS: Duration = Duration::from_millis(1);

fn pools() -> impl Iterator<Item = Pool> {
    SIZES.into_iter().map(pool).chain([pool_without_spares(2)])
}

/// Sends back what it gets, until the other side closes.
async fn echo(mut stream: TcpStream, compute: bool) {
    let mut bytes = [0; 64];
    loop {
        let len = stream.read(&mut bytes).await.unwrap();
        if len == 0 {
            return;
        }
        if compute {
            let sum: u64 = (0..5_000_u64).into_par_iter().map(|n| n ^ 5).sum();
            std::hint::black_box(sum);
        }
        stream.write_all(&bytes[..len]).await.unwrap();
    }
}

/// `clients` connections with `rounds` messages each, to a server on the same pool.
fn converse(pool: &Pool, clients: usize, rounds: usize, compute: bool) {
    pool.block_on(conversation(clients, rounds, compute));
}

/// As [`converse`], on the current pool.
async fn conversation(clients: usize, rounds: usize, compute: bool) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = spawn(async move {
        let mut served = Vec::new();
        for _ in 0..clients {
            let (stream, _) = listener.accept().await.unwrap();
            served.push(spawn(echo(stream, compute)));
        }
        join_all(served).await.into_iter().for_each(Result::unwrap);
    });
    let clients = (0..clients).map(|client| {
        spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            for round in 0..rounds {
                let sent = [(client + round) as u8; 64];
                stream.write_all(&sent).await.unwrap();
                let mut got = [0; 64];
                stream.read_exact(&mut got).await.unwrap();
                assert_eq!(got, sent);
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    join_all(clients).await.into_iter().for_each(Result::unwrap);
    server.await.unwrap();
}

#[test]
fn one_connection() {
    watched(|| pools().for_each(|pool| converse(&pool, 1, 300, false)));
}

#[test]
fn many_connections() {
    watched(|| pools().for_each(|pool| converse(&pool, 50, 20, false)));
}

#[test]
fn connections_whose_handlers_compute() {
    watched(|| pools().for_each(|pool| converse(&pool, 10, 20, true)));
}

/// The tasks of the conversation, and what waits for them, belong to the pool of the closure.
#[test]
fn connections_of_a_blocking_closure() {
    watched(|| {
        pools().for_each(|pool| {
            let closure = || manyhands::block_on(conversation(4, 10, true));
            pool.spawn_blocking(closure).join().unwrap();
        });
    });
}

#[test]
fn events_come_while_all_threads_compute() {
    watched(|| {
        for threads in [1, 2] {
            let pool = pool(threads);
            let over = Arc::new(AtomicBool::new(false));
            let hogs: Vec<_> = (0..threads)
                .map(|_| {
                    let over = Arc::clone(&over);
                    pool.spawn_compute(move || {
                        while !over.load(Ordering::SeqCst) {
                            manyhands::join(|| std::hint::black_box(1), || 2);
                        }
                    })
                })
                .collect();
            converse(&pool, 4, 10, false);
            over.store(true, Ordering::SeqCst);
            for hog in hogs {
                hog.join().unwrap();
            }
        }
    });
}

#[test]
fn timers_tasks_and_events_together() {
    watched(|| {
        for pool in pools() {
            let ticks = Arc::new(AtomicUsize::new(0));
            let ticker = {
                let ticks = Arc::clone(&ticks);
                pool.spawn(async move {
                    loop {
                        sleep(MS).await;
                        ticks.fetch_add(1, Ordering::SeqCst);
                    }
                })
            };
            for _ in 0..5 {
                converse(&pool, 3, 10, false);
                // From outside, to threads that may sleep in the reactor.
                assert_eq!(pool.spawn(async { 7 }).join().unwrap(), 7);
                assert_eq!(pool.install(|| (0..10).into_par_iter().sum::<i32>()), 45);
                pool.spawn(async { block_in_place(|| manyhands::block_on(sleep(MS))) })
                    .join()
                    .unwrap();
            }
            pool.block_on(async {
                let before = ticks.load(Ordering::SeqCst);
                while ticks.load(Ordering::SeqCst) < before + 3 {
                    sleep(MS).await;
                }
            });
            ticker.abort();
            assert!(ticker.join().unwrap_err().is_cancelled());
        }
    });
}

#[test]
fn a_quiet_connection_times_out() {
    watched(|| {
        for pool in pools() {
            pool.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let connect = TcpStream::connect(listener.local_addr().unwrap());
                let (accepted, connected) = futures::join!(listener.accept(), connect);
                let (mut quiet, _) = accepted.unwrap();
                let mut byte = [0];
                assert!(timeout(5 * MS, quiet.read(&mut byte)).await.is_err());
                connected.unwrap().write_all(b"x").await.unwrap();
                assert_eq!(quiet.read(&mut byte).await.unwrap(), 1);
            });
        }
    });
}

#[test]
fn pools_end_while_their_driver_waits() {
    watched(|| {
        for round in 0..20 {
            let pool = build(Pool::builder().num_threads(1 + round % 3));
            let waits = pool.spawn(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                listener.accept().await.map(|_| ())
            });
            if round % 2 == 0 {
                pool.block_on(sleep(MS / 4));
            }
            pool.shutdown();
            assert!(waits.join().unwrap_err().is_cancelled());
        }
    });
}
