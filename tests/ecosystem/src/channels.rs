//! `async-channel`, `flume`, tokio's and the futures crate's channels in tasks; `crossbeam-channel`
//! and std's in `block_in_place`.

use crate::{in_task, util};
use futures::{SinkExt, StreamExt, poll};
use manyhands::task::{JoinSet, yield_now};
use manyhands::{block_in_place, spawn};
use std::pin::pin;
use std::task::Poll;

const PRODUCERS: u64 = 8;
const MESSAGES: u64 = 100;
/// Fewer than the producers: some of them wait.
const CAPACITY: usize = 3;

/// A bounded channel of numbers.
trait Channel: 'static {
    type Sender: Clone + Send + 'static;
    type Receiver: Send + 'static;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver);
    /// Sends a number; tells whether there is still a receiver.
    fn send(sender: &mut Self::Sender, number: u64) -> impl Future<Output = bool> + Send;
    /// Receives a number, or nothing if no sender is left.
    fn receive(receiver: &mut Self::Receiver) -> impl Future<Output = Option<u64>> + Send;
}

struct AsyncChannel;

impl Channel for AsyncChannel {
    type Sender = async_channel::Sender<u64>;
    type Receiver = async_channel::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        async_channel::bounded(capacity)
    }
    async fn send(sender: &mut Self::Sender, number: u64) -> bool {
        sender.send(number).await.is_ok()
    }
    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await.ok()
    }
}

struct Flume;

impl Channel for Flume {
    type Sender = flume::Sender<u64>;
    type Receiver = flume::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        flume::bounded(capacity)
    }
    async fn send(sender: &mut Self::Sender, number: u64) -> bool {
        sender.send_async(number).await.is_ok()
    }
    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv_async().await.ok()
    }
}

/// flume from async senders to a receiver that blocks.
struct FlumeAcross;

impl Channel for FlumeAcross {
    type Sender = flume::Sender<u64>;
    type Receiver = flume::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        Flume::bounded(capacity)
    }
    async fn send(sender: &mut Self::Sender, number: u64) -> bool {
        Flume::send(sender, number).await
    }
    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        block_in_place(|| receiver.recv().ok())
    }
}

struct Tokio;

impl Channel for Tokio {
    type Sender = tokio::sync::mpsc::Sender<u64>;
    type Receiver = tokio::sync::mpsc::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        tokio::sync::mpsc::channel(capacity)
    }
    async fn send(sender: &mut Self::Sender, number: u64) -> bool {
        sender.send(number).await.is_ok()
    }
    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await
    }
}

struct Futures;

impl Channel for Futures {
    type Sender = futures::channel::mpsc::Sender<u64>;
    type Receiver = futures::channel::mpsc::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        futures::channel::mpsc::channel(capacity)
    }
    async fn send(sender: &mut Self::Sender, number: u64) -> bool {
        SinkExt::send(sender, number).await.is_ok()
    }
    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.next().await
    }
}

struct Crossbeam;

impl Channel for Crossbeam {
    type Sender = crossbeam_channel::Sender<u64>;
    type Receiver = crossbeam_channel::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        crossbeam_channel::bounded(capacity)
    }
    async fn send(sender: &mut Self::Sender, number: u64) -> bool {
        block_in_place(|| sender.send(number).is_ok())
    }
    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        block_in_place(|| receiver.recv().ok())
    }
}

struct Std;

impl Channel for Std {
    type Sender = std::sync::mpsc::SyncSender<u64>;
    type Receiver = std::sync::mpsc::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        std::sync::mpsc::sync_channel(capacity)
    }
    async fn send(sender: &mut Self::Sender, number: u64) -> bool {
        block_in_place(|| sender.send(number).is_ok())
    }
    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        block_in_place(|| receiver.recv().ok())
    }
}

/// Starts the producers; their numbers tell who sent them.
fn produce<C: Channel>(sender: C::Sender) {
    for producer in 0..PRODUCERS {
        let mut sender = sender.clone();
        spawn(async move {
            for message in 0..MESSAGES {
                assert!(C::send(&mut sender, producer * MESSAGES + message).await);
                if message % 10 == producer {
                    yield_now().await;
                }
            }
        });
    }
}

/// Every number comes once, those of one producer in their order; then the channel ends. And a
/// sender is told when nobody receives any more.
async fn all_messages_arrive<C: Channel>() {
    let (sender, mut receiver) = C::bounded(CAPACITY);
    produce::<C>(sender);
    let mut next = [0; PRODUCERS as usize];
    while let Some(number) = C::receive(&mut receiver).await {
        let next = &mut next[(number / MESSAGES) as usize];
        assert_eq!(number % MESSAGES, *next);
        *next += 1;
    }
    assert_eq!(next, [MESSAGES; PRODUCERS as usize]);

    let (mut sender, receiver) = C::bounded(CAPACITY);
    let sender = spawn(async move {
        let mut sent = 0;
        while C::send(&mut sender, 0).await {
            sent += 1;
        }
        sent
    });
    drop(receiver);
    assert!(sender.await.unwrap() <= CAPACITY + 1);
}

/// Several receivers: every number comes to one of them.
async fn receivers_share<C: Channel<Receiver: Clone>>() {
    let (sender, receiver) = C::bounded(CAPACITY);
    produce::<C>(sender);
    let mut consumers = JoinSet::new();
    for _ in 0..3 {
        let mut receiver = receiver.clone();
        consumers.spawn(async move {
            let mut received = Vec::new();
            while let Some(number) = C::receive(&mut receiver).await {
                received.push(number);
            }
            received
        });
    }
    drop(receiver);
    let mut received = consumers.join_all().await.concat();
    received.sort_unstable();
    assert!(received.into_iter().eq(0..PRODUCERS * MESSAGES));
}

#[test]
fn async_channel() {
    in_task(async || {
        all_messages_arrive::<AsyncChannel>().await;
        receivers_share::<AsyncChannel>().await;
    });
}

#[test]
fn flume() {
    in_task(async || {
        all_messages_arrive::<Flume>().await;
        receivers_share::<Flume>().await;
        all_messages_arrive::<FlumeAcross>().await;
        receivers_share::<FlumeAcross>().await;
    });
}

#[test]
fn tokio_mpsc() {
    in_task(all_messages_arrive::<Tokio>);
}

#[test]
fn futures_mpsc() {
    in_task(all_messages_arrive::<Futures>);
}

/// On a pool of one thread, too: those that block lend their core.
#[test]
fn crossbeam_channel_in_block_in_place() {
    in_task(async || {
        all_messages_arrive::<Crossbeam>().await;
        receivers_share::<Crossbeam>().await;
    });
}

#[test]
fn std_channel_in_block_in_place() {
    in_task(all_messages_arrive::<Std>);
}

/// A closure blocks until one of two channels has something, as Go's `select` does.
#[test]
fn crossbeam_select_in_block_in_place() {
    in_task(async || {
        let (numbers, some_numbers) = crossbeam_channel::bounded(1);
        let (quit, has_quit) = crossbeam_channel::bounded::<()>(0);
        let sender = spawn(async move {
            for number in 0..MESSAGES {
                block_in_place(|| numbers.send(number).unwrap());
            }
            // No buffer: this is received after all that was sent before.
            block_in_place(|| quit.send(()).unwrap());
        });
        let sum = spawn(async move {
            let mut sum = 0;
            loop {
                let number = block_in_place(|| {
                    crossbeam_channel::select! {
                        recv(some_numbers) -> number => number.ok(),
                        recv(has_quit) -> _ => None,
                    }
                });
                match number {
                    Some(number) => sum += number,
                    // Both may have been ready.
                    None => return sum + some_numbers.try_iter().sum::<u64>(),
                }
            }
        });
        sender.await.unwrap();
        assert_eq!(sum.await.unwrap(), MESSAGES * (MESSAGES - 1) / 2);
    });
}

/// A channel with no buffer: a message is sent when it is received.
#[test]
fn rendezvous() {
    in_task(async || {
        let (sender, receiver) = flume::bounded(0);
        let mut send = pin!(sender.send_async(7));
        assert!(poll!(&mut send).is_pending());
        assert_eq!(receiver.recv_async().await, Ok(7));
        assert_eq!(poll!(&mut send), Poll::Ready(Ok(())));
    });
}

/// Every receiver of a broadcast gets every message.
#[test]
fn tokio_broadcast_and_oneshot() {
    in_task(async || {
        let (sender, _) = tokio::sync::broadcast::channel(MESSAGES as usize);
        let mut tasks = JoinSet::new();
        for _ in 0..PRODUCERS {
            let mut receiver = sender.subscribe();
            tasks.spawn(async move {
                let mut sum = 0;
                while let Ok(number) = receiver.recv().await {
                    sum += number;
                }
                sum
            });
        }
        for number in 0..MESSAGES {
            sender.send(number).unwrap();
            yield_now().await;
        }
        drop(sender);
        let sums = tasks.join_all().await;
        assert_eq!(sums, [MESSAGES * (MESSAGES - 1) / 2; PRODUCERS as usize]);

        let (answer, answered) = tokio::sync::oneshot::channel();
        spawn(async move { answer.send(util::fib(10)) });
        assert_eq!(answered.await, Ok(55));
        let (answer, answered) = tokio::sync::oneshot::channel::<()>();
        spawn(async move { drop(answer) });
        assert!(answered.await.is_err());
    });
}
