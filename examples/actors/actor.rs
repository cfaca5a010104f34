//! Actors in a hundred lines: one task each, a bounded mailbox, tell and ask, and a supervisor.

use futures::channel::{mpsc, oneshot};
use futures::lock::Mutex;
use futures::{SinkExt, StreamExt};
use manyhands::{JoinHandle, spawn};
use std::sync::Arc;

/// Something with a state of its own that handles one message after the other.
pub(crate) trait Actor: Send + 'static {
    type Message: Send + 'static;

    fn handle(&mut self, message: Self::Message) -> impl Future<Output = ()> + Send;
}

/// An address to which messages are sent. The actor ends when it has handled all of them and no
/// address is left.
pub(crate) struct Address<M>(mpsc::Sender<M>);

impl<M> Clone for Address<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// The reason why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The actor panicked with this message. It may have been started again: ask once more.
    Panicked,
    /// The actor has ended for good.
    Stopped,
}

impl<M> Address<M> {
    /// Sends a message; waits while the mailbox is full.
    pub(crate) async fn tell(&mut self, message: M) -> Result<(), Failure> {
        self.0.send(message).await.map_err(|_| Failure::Stopped)
    }

    /// Sends a message with an address for the answer, and waits for the answer.
    pub(crate) async fn ask<R>(
        &mut self,
        message: impl FnOnce(oneshot::Sender<R>) -> M,
    ) -> Result<R, Failure> {
        let (answer, answered) = oneshot::channel();
        self.tell(message(answer)).await?;
        answered.await.map_err(|_| Failure::Panicked)
    }
}

/// How an actor ended: how often it was started again, and whether that was enough.
#[derive(Debug, Default)]
pub(crate) struct End {
    pub(crate) restarts: usize,
    pub(crate) gave_up: bool,
}

/// Starts an actor and its supervisor. When the actor panics, the message that it handled is lost,
/// and `make` makes a new actor for the rest of the mailbox, at most `restarts` times. Then the
/// mailbox is closed, and senders are told so.
pub(crate) fn start<A: Actor>(
    capacity: usize,
    restarts: usize,
    make: impl Fn() -> A + Send + 'static,
) -> (Address<A::Message>, JoinHandle<End>) {
    let (sender, receiver) = mpsc::channel(capacity);
    // The mailbox outlives the actor. (This lock knows no poison.)
    let mailbox = Arc::new(Mutex::new(receiver));
    let supervisor = async move {
        let mut end = End::default();
        loop {
            let actor = spawn(run(make(), Arc::clone(&mailbox)));
            match actor.await {
                Ok(()) => return end,
                Err(_) if end.restarts < restarts => end.restarts += 1,
                Err(_) => {
                    end.gave_up = true;
                    // The remaining messages are dropped with the mailbox, and so are their
                    // addresses.
                    let mut mailbox = mailbox.lock().await;
                    mailbox.close();
                    while mailbox.next().await.is_some() {}
                    return end;
                }
            }
        }
    };
    (Address(sender), spawn(supervisor))
}

async fn run<A: Actor>(mut actor: A, mailbox: Arc<Mutex<mpsc::Receiver<A::Message>>>) {
    let mut mailbox = mailbox.lock().await;
    while let Some(message) = mailbox.next().await {
        actor.handle(message).await;
    }
}
