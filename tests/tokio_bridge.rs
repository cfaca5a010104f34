//! tokio's sockets, timers and tasks inside tasks of a pool (feature `tokio`).

#[path = "examples/program.rs"]
mod program;

use futures::future::{BoxFuture, join_all};
use futures::{FutureExt, Stream, StreamExt, stream};
use manyhands::{JoinHandle, Pool, PoolBuilder, block_on, prelude::*};
use program::program;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::panic;
use std::pin::pin;
use std::process::Command;
use std::sync::mpsc::channel as std_channel;
use std::task::{Poll, ready};
use std::thread;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{self, Handle, Runtime};
use tokio::sync::{Barrier, Mutex, Notify, mpsc, oneshot};
use tokio::task::coop;
use tokio::time::{Instant, interval, sleep, timeout};

const MOMENT: Duration = Duration::from_millis(1);
/// What nobody ever waits for.
const LONG: Duration = Duration::from_secs(3600);

fn pool(threads: usize) -> PoolBuilder {
    Pool::builder().num_threads(threads)
}

/// A runtime whose threads can be told from others.
fn runtime(name: &str) -> Runtime {
    runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(name)
        .enable_all()
        .build()
        .unwrap()
}

/// On which thread does `tokio::spawn` run tasks here?
async fn tokio_thread() -> String {
    let name = tokio::spawn(async { thread::current().name().unwrap().to_owned() });
    name.await.unwrap()
}

/// Does `tokio::spawn` run tasks on threads of the pool here? That is so in a pool's own runtime.
async fn is_pools_own() -> bool {
    let index = tokio::spawn(async { manyhands::current_thread_index() });
    index.await.unwrap().is_some()
}

fn is_inside() -> bool {
    Handle::try_current().is_ok()
}

/// Answers each message, a length and as many bytes, with the sum of the bytes.
async fn answer_sums(listener: TcpListener, connections: usize) {
    let mut served = Vec::new();
    for _ in 0..connections {
        let (mut stream, _) = listener.accept().await.unwrap();
        served.push(manyhands::spawn(async move {
            while let Ok(length) = stream.read_u32().await {
                let mut bytes = vec![0; length as usize];
                stream.read_exact(&mut bytes).await.unwrap();
                let sum: u64 = bytes.par_iter().map(|&byte| u64::from(byte)).sum();
                assert!(manyhands::current_thread_index().is_some());
                stream.write_u64(sum).await.unwrap();
            }
        }));
    }
    for connection in served {
        connection.await.unwrap();
    }
}

async fn ask_for_sums(address: SocketAddr, seed: u32) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    for length in [0, 1, 100, 100_000 + seed] {
        let bytes: Vec<u8> = (0..length).map(|n| (n ^ seed) as u8).collect();
        stream.write_u32(length).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        let sum: u64 = bytes.iter().map(|&byte| u64::from(byte)).sum();
        assert_eq!(stream.read_u64().await.unwrap(), sum);
    }
}

#[test]
fn sockets_work_and_wakes_come_back_to_the_pool() {
    for threads in [1, 2, 4] {
        let pool = pool(threads).build().unwrap();
        let tasks = pool.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut tasks = vec![pool.spawn(answer_sums(listener, 20))];
            tasks.extend((0..20).map(|seed| pool.spawn(ask_for_sums(address, seed))));
            tasks
        });
        for task in tasks {
            task.join().unwrap();
        }
        pool.shutdown();
    }
}

#[test]
fn timers_work() {
    let pool = pool(2).build().unwrap();
    let task = pool.spawn(async {
        let start = Instant::now();
        sleep(MOMENT).await;
        assert!(start.elapsed() >= MOMENT);
        assert!(manyhands::current_thread_index().is_some());
        assert!(timeout(MOMENT, std::future::pending::<()>()).await.is_err());
        assert_eq!(timeout(LONG, async { 7 }).await, Ok(7));
        let mut ticks = interval(MOMENT);
        for _ in 0..3 {
            ticks.tick().await;
        }
        let sleeps = join_all((0..1000).map(|_| manyhands::spawn(sleep(MOMENT))));
        sleeps.await.into_iter().filter(Result::is_ok).count()
    });
    assert_eq!(task.join().unwrap(), 1000);
}

/// Between tasks of ours and tasks of tokio's.
#[test]
fn channels_and_locks_work() {
    let pool = pool(2).build().unwrap();
    let total = pool.block_on(async {
        let total = std::sync::Arc::new(Mutex::new(0));
        let (send, mut receive) = mpsc::channel(1);
        let meet = std::sync::Arc::new(Barrier::new(21));
        for number in 0..10_u64 {
            let (ours, theirs) = (send.clone(), send.clone());
            let (total, meet_us, meet_them) = (total.clone(), meet.clone(), meet.clone());
            manyhands::spawn(async move {
                ours.send(number).await.unwrap();
                drop(ours);
                *total.lock().await += 1;
                meet_us.wait().await;
            });
            tokio::spawn(async move {
                theirs.send(100).await.unwrap();
                drop(theirs);
                meet_them.wait().await;
            });
        }
        drop(send);
        let mut sum = 0;
        while let Some(number) = receive.recv().await {
            sum += number;
        }
        meet.wait().await;
        sum + *total.lock().await
    });
    assert_eq!(total, 45 + 1000 + 10);
}

/// A channel that is always full, and a future that reads it for ever.
fn full_channel() -> impl Future<Output = u64> + Send + 'static {
    let (sender, mut receiver) = mpsc::channel(64);
    thread::spawn(move || while sender.blocking_send(1).is_ok() {});
    async move {
        let mut sum = 0;
        while let Some(number) = receiver.recv().await {
            sum += number;
            // Slower than the sender.
            for _ in 0..1000 {
                std::hint::spin_loop();
            }
        }
        sum
    }
}

/// Batches that are always ready, as those of a query: each asks tokio's budget, by its guard or,
/// as crates do that know an older tokio, by looking and consuming.
fn batches(by_guard: bool) -> impl Stream<Item = usize> + Send + Unpin + 'static {
    let mut number = 0;
    stream::poll_fn(move |context| {
        if by_guard {
            let unit = ready!(coop::poll_proceed(context));
            unit.made_progress();
        } else {
            if !coop::has_budget_remaining() {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            ready!(pin!(coop::consume_budget()).poll(context));
        }
        number += 1;
        Poll::Ready(Some(number))
    })
}

#[test]
fn tokios_futures_give_way_in_tasks_of_the_pool() {
    let given = runtime("given");
    for pool in [pool(1), pool(1).tokio_handle(given.handle().clone())] {
        let pool = pool.build().unwrap();
        let endless: [fn() -> BoxFuture<'static, ()>; 3] = [
            || full_channel().map(drop).boxed(),
            || batches(true).for_each(async |_| ()).boxed(),
            || batches(false).for_each(async |_| ()).boxed(),
        ];
        for endless in endless {
            let (say, begun) = std_channel();
            let task = pool.spawn(async move {
                say.send(()).unwrap();
                endless().await;
            });
            begun.recv().unwrap();
            assert_eq!(pool.spawn(async { 7 }).join().unwrap(), 7);
            task.abort();
            assert!(task.join().unwrap_err().is_cancelled());

            // With tokio's timers, with ours, in a task and in `block_on`.
            let late = pool.spawn(async move { timeout(MOMENT, endless()).await });
            assert!(late.join().unwrap().is_err());
            assert!(
                pool.block_on(async { timeout(MOMENT, endless()).await })
                    .is_err()
            );
            let late = pool.spawn(manyhands::time::timeout(MOMENT, endless()));
            assert!(late.join().unwrap().is_err());
            let ours = manyhands::time::timeout(MOMENT, endless());
            assert!(pool.block_on(ours).is_err());
        }
    }
}

#[test]
fn a_block_on_inside_a_task_of_tokio_has_tokios_budget() {
    let runtime = runtime("theirs");
    // Not with tokio's timers: their driver is the thread that is blocked.
    let blocked = || {
        let endless = batches(true).for_each(async |_| ());
        block_on(manyhands::time::timeout(MOMENT, endless))
    };
    let late = runtime.spawn(async move { blocked() });
    assert!(runtime.block_on(late).unwrap().is_err());
    assert!(runtime.block_on(async { blocked() }).is_err());
}

#[test]
fn tokios_budget_is_that_of_one_poll() {
    async fn units() -> usize {
        let mut units = 0;
        while coop::has_budget_remaining() && units < 1000 {
            units += 1;
            coop::consume_budget().await;
        }
        units
    }
    let pool = pool(2).build().unwrap();
    for _ in 0..20 {
        // One unit of the 128 pays for the next filling.
        assert_eq!(pool.spawn(units()).join().unwrap(), 127);
        assert_eq!(pool.block_on(units()), 127);
        let twice = async {
            (
                units().await,
                manyhands::task::yield_now().await,
                units().await,
            )
        };
        assert_eq!(pool.spawn(twice).join().unwrap(), (127, (), 127));
        let nested = async { (block_on(units()), units().await) };
        assert_eq!(pool.spawn(nested).join().unwrap(), (127, 127));
        // Closures and the outside have no limit, and nor has what asks for none.
        let unlimited = || futures::executor::block_on(units());
        assert_eq!(pool.spawn_compute(unlimited).join().unwrap(), 1000);
        assert_eq!(pool.spawn_blocking(unlimited).join().unwrap(), 1000);
        assert_eq!(unlimited(), 1000);
        let free = manyhands::task::unconstrained(units());
        assert_eq!(pool.spawn(free).join().unwrap(), 1000);
        let free = tokio::task::unconstrained(units());
        assert_eq!(pool.spawn(free).join().unwrap(), 1000);
    }
}

#[test]
fn every_thread_that_runs_jobs_is_inside() {
    let pool = pool(2).build().unwrap();
    assert_eq!(pool.broadcast(|_| is_inside()), [true, true]);
    assert!(pool.install(is_inside));
    // Guests.
    assert!(!is_inside());
    assert_eq!(pool.join(is_inside, is_inside), (true, true));
    assert!(pool.block_on(async { is_inside() }));
    assert!(pool.in_place_scope(|_| is_inside()));
    assert!((0..1000).into_par_iter().all(|_| is_inside()));
    assert!(!is_inside());
    // A spare thread, while the worker waits.
    let one = self::pool(1).build().unwrap();
    let on_spare = one.install(|| manyhands::spawn(async { is_inside() }).join());
    assert!(on_spare.unwrap());
    // Blocking threads.
    let blocking = pool.spawn_blocking(|| {
        Handle::current().block_on(async { sleep(MOMENT).await });
        is_inside()
    });
    assert!(blocking.join().unwrap());
    // A thread that becomes a worker.
    let own = thread::spawn(|| {
        let pool = self::pool(1).use_current_thread().build().unwrap();
        pool.block_on(async { sleep(MOMENT).await });
        is_inside()
    });
    assert!(own.join().unwrap());
}

#[test]
fn every_pool_has_a_runtime_unless_one_is_given() {
    let (a, b) = (pool(1).build().unwrap(), pool(1).build().unwrap());
    let id = || async { Handle::current().id() };
    assert_ne!(a.block_on(id()), b.block_on(id()));
    for pool in [&a, &b] {
        assert!(pool.spawn(is_pools_own()).join().unwrap());
        assert_eq!(
            pool.spawn(id()).join().unwrap(),
            pool.spawn_blocking(|| Handle::current().id())
                .join()
                .unwrap()
        );
    }
    // A socket made on one is used on the other.
    let (listener, address) = a.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    });
    let served = b.spawn(answer_sums(listener, 1));
    b.block_on(ask_for_sums(address, 3));
    served.join().unwrap();
    // But no longer than that pool lives.
    let listener = a.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    a.shutdown();
    let error = b.block_on(listener.accept()).unwrap_err();
    assert!(error.to_string().contains("shutdown"), "{error}");

    let given = runtime("given");
    let c = pool(1)
        .tokio_handle(given.handle().clone())
        .build()
        .unwrap();
    assert_eq!(c.spawn(tokio_thread()).join().unwrap(), "given");
    assert_eq!(c.block_on(tokio_thread()), "given");
    let blocking = c.spawn_blocking(|| Handle::current().block_on(tokio_thread()));
    assert_eq!(blocking.join().unwrap(), "given");
    assert!(b.block_on(is_pools_own()));
}

#[test]
fn what_a_blocking_closure_starts_is_in_the_runtime_of_its_pool() {
    let id = || async { Handle::current().id() };
    let given = runtime("given");
    for pool in [pool(1), pool(1).tokio_handle(given.handle().clone())] {
        let pool = pool.build().unwrap();
        let expected = pool.spawn(id()).join().unwrap();
        let closure = pool.spawn_blocking(move || {
            assert_eq!(manyhands::spawn(id()).join().unwrap(), expected);
            assert_eq!(block_on(id()), expected);
            let pieces = (0..1000).into_par_iter();
            assert!(pieces.all(|_| Handle::current().id() == expected));
            block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let served = manyhands::spawn(answer_sums(listener, 1));
                ask_for_sums(address, 3).await;
                sleep(MOMENT).await;
                served.await.unwrap();
            });
        });
        closure.join().unwrap();
    }
}

#[test]
fn a_thread_inside_a_runtime_stays_in_it() {
    let outer = runtime("outer");
    let pool = pool(1).build().unwrap();
    outer.block_on(async {
        // A thread of tokio's that calls us blocks, so tokio is told.
        let thread = tokio::task::block_in_place(|| pool.block_on(tokio_thread()));
        assert_eq!(thread, "outer");
        // Our handles are futures like any.
        assert!(pool.spawn(is_pools_own()).await.unwrap());
    });
    let _entered = outer.enter();
    assert_eq!(pool.block_on(tokio_thread()), "outer");
    assert_eq!(block_on(tokio_thread()), "outer");
}

#[test]
fn runtimes_and_waits_nest() {
    let pool = pool(1).build().unwrap();
    let task = pool.spawn(async {
        let inner = runtime("inner");
        assert_eq!(inner.block_on(tokio_thread()), "inner");
        assert!(is_pools_own().await);
        {
            let _entered = inner.enter();
            assert_eq!(block_on(tokio_thread()), "inner");
        }
        assert!(block_on(async { block_on(is_pools_own()) }));
        // Inside tokio's `block_on`, ours, and tokio's again.
        let nested = inner.block_on(async {
            block_on(async { tokio::task::block_in_place(|| sleep(MOMENT)).await });
            tokio_thread().await
        });
        assert_eq!(nested, "inner");
        // The runtime ends here, in an async function: no harm, as this thread is not tokio's.
        drop(inner);
        is_pools_own().await
    });
    assert!(task.join().unwrap());
}

#[test]
fn what_blocks_in_tokios_ways_works() {
    let pool = pool(1).build().unwrap();
    let task = pool.spawn(async {
        let blocking = tokio::task::spawn_blocking(|| thread::current().id());
        assert_ne!(blocking.await.unwrap(), thread::current().id());
        tokio::task::block_in_place(|| 6 * 7)
    });
    assert_eq!(task.join().unwrap(), 42);
}

/// No thread is left to look after timers and sockets but one that has to be called.
#[test]
fn polls_that_block_hold_up_no_events() {
    let pool = pool(1).build().unwrap();
    let blocks = pool.spawn(async { Handle::current().block_on(async { sleep(MOMENT).await }) });
    blocks.join().unwrap();
    let (send, receive) = std_channel();
    let listener = pool.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let blocks = pool.spawn(async move { receive.recv().unwrap() });
    // Of tokio's, so that it needs no permit.
    let runtime = pool.block_on(async { Handle::current() });
    let accepts = runtime.spawn(async move {
        listener.accept().await.unwrap();
        send.send(7).unwrap();
    });
    std::net::TcpStream::connect(address).unwrap();
    assert_eq!(blocks.join().unwrap(), 7);
    pool.block_on(accepts).unwrap();
}

/// Panics of tokio's tasks, and their handles, are what they are with tokio.
#[test]
fn tokios_handles_work() {
    let pool = pool(1).build().unwrap();
    pool.block_on(async {
        let failed = tokio::spawn(async { panic!("as asked for") });
        assert!(failed.await.unwrap_err().is_panic());
        let endless = tokio::spawn(sleep(LONG));
        endless.abort();
        assert!(endless.await.unwrap_err().is_cancelled());
        let mut set = tokio::task::JoinSet::new();
        for number in 0..10 {
            set.spawn(async move { number });
        }
        assert_eq!(set.join_all().await.into_iter().sum::<u32>(), 45);
    });
}

/// The given runtime ends first: errors where tokio is used, and the pool lives on.
#[test]
fn a_runtime_may_end_before_its_pool() {
    let given = runtime("given");
    let pool = pool(2)
        .tokio_handle(given.handle().clone())
        .build()
        .unwrap();
    let listener = pool.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let (begun, has_begun) = std_channel();
    let sleeps = pool.spawn(async move {
        let mut sleep = Box::pin(sleep(LONG));
        assert!(futures::poll!(&mut sleep).is_pending());
        begun.send(()).unwrap();
        sleep.await;
    });
    has_begun.recv().unwrap();
    let waits = pool.spawn(async move { listener.accept().await.map(drop) });
    given.shutdown_background();
    assert!(sleeps.join().unwrap_err().is_panic());
    assert!(waits.join().unwrap().is_err());
    let later: JoinHandle<()> = pool.spawn(async { sleep(MOMENT).await });
    assert!(later.join().unwrap_err().is_panic());
    let spawned = pool.block_on(async { tokio::spawn(async {}).await });
    assert!(spawned.unwrap_err().is_cancelled());
    assert_eq!((0..100).into_par_iter().sum::<u32>(), 4950);
    assert_eq!(pool.spawn(async { 7 }).join().unwrap(), 7);
    assert!(pool.shutdown_timeout(LONG));
}

/// The pool ends first: what its tasks hold of tokio's is dropped, and the runtime lives on.
#[test]
fn a_pool_may_end_before_its_runtime() {
    let given = runtime("given");
    let pool = pool(2)
        .tokio_handle(given.handle().clone())
        .build()
        .unwrap();
    let listener = pool.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let handle = pool.handle().clone();
    let waits: Vec<_> = (0..10)
        .map(|_| pool.spawn(async { sleep(LONG).await }))
        .collect();
    let (accepted, has_accepted) = oneshot::channel();
    let serves = pool.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        accepted.send(()).unwrap();
        Notify::new().notified().await;
        drop(stream);
    });
    let mut client = given.block_on(TcpStream::connect(address)).unwrap();
    given.block_on(has_accepted).unwrap();
    pool.shutdown();
    for task in waits {
        assert!(task.join().unwrap_err().is_cancelled());
    }
    assert!(serves.join().unwrap_err().is_cancelled());
    // Both sockets of the task are closed.
    assert_eq!(given.block_on(client.read(&mut [0])).unwrap(), 0);
    let refused = given.block_on(TcpStream::connect(address)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert!(
        handle
            .spawn(async { sleep(LONG).await })
            .join()
            .unwrap_err()
            .is_cancelled()
    );
    assert_eq!(given.block_on(tokio_thread()), "given");
}

/// A blocking closure may run longer than its pool. The clock of a given runtime goes on; that of
/// the pool's own may have ended, and then tokio says so.
#[test]
fn timers_of_a_blocking_closure_do_not_hang_when_its_pool_ends() {
    let given = runtime("given");
    let handle = given.handle();
    for begins_before in [false, true] {
        for (builder, is_given) in [
            (pool(1), false),
            (pool(1).max_spare_threads(0), false),
            (pool(1).tokio_handle(handle.clone()), true),
        ] {
            let pool = builder.build().unwrap();
            let (begun, has_begun) = std_channel();
            let (ended, has_ended) = std_channel::<()>();
            let closure = pool.spawn_blocking(move || {
                if !begins_before {
                    begun.send(()).unwrap();
                    has_ended.recv().unwrap_err();
                }
                panic::catch_unwind(|| {
                    block_on(async {
                        let mut sleep = Box::pin(sleep(100 * MOMENT));
                        assert!(futures::poll!(&mut sleep).is_pending());
                        if begins_before {
                            begun.send(()).unwrap();
                        }
                        sleep.await;
                    });
                })
            });
            has_begun.recv().unwrap();
            drop(pool);
            drop(ended);
            let end = closure.join().unwrap();
            if let Err(payload) = end {
                assert!(!is_given);
                let message = payload.downcast_ref::<String>().unwrap();
                assert!(
                    message.contains("shutdown") || message.contains("shut down"),
                    "{message}"
                );
            }
        }
    }
}

/// A client that is built on tokio, with our executor; the server is a task beside it.
#[cfg(feature = "hyper")]
#[test]
fn an_http_client_works() {
    use http_body_util::{BodyExt, Empty};
    use hyper::body::Bytes;
    use hyper_util::client::legacy::{Client, connect::HttpConnector};
    use manyhands::hyper::Executor;

    async fn serve(listener: TcpListener) {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            manyhands::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let path = String::from_utf8(head).unwrap();
                let path = path.split(' ').nth(1).unwrap().to_owned();
                // One request a connection: the client must not send a second one down this one.
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{path}",
                    path.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            });
        }
    }

    let pool = pool(2).build().unwrap();
    pool.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = pool.spawn(serve(listener)).cancel_on_drop();
        let executor = Executor::from(pool.handle().clone());
        let client: Client<HttpConnector, Empty<Bytes>> = Client::builder(executor).build_http();
        let answers = join_all((0..20).map(|number| {
            let client = client.clone();
            pool.spawn(async move {
                let uri = format!("http://{address}/{number}").parse().unwrap();
                let answer = client.get(uri).await.unwrap();
                answer.into_body().collect().await.unwrap().to_bytes()
            })
        }));
        for (number, answer) in answers.await.into_iter().enumerate() {
            assert_eq!(answer.unwrap(), format!("/{number}"));
        }
        drop(server);
    });
}

#[test]
fn the_example_runs_and_refuses_wrong_options() {
    let run = |args: &[&str]| Command::new(program("tokio_bridge")).args(args).output();
    let output = run(&["--clients", "3", "--texts", "2"]).unwrap();
    assert!(output.status.success(), "{output:?}");
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(report.contains("\n6 texts in "), "{report}");
    for args in [
        &["--bogus"][..],
        &["--clients"],
        &["--clients", "0"],
        &["--texts", "many"],
    ] {
        let output = run(args).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("usage: tokio_bridge"), "{error}");
    }
}
