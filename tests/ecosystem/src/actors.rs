//! Actors: tasks with a state and a bounded mailbox. The actors are those of `examples/actors.rs`.

#[path = "../../../examples/actors/actor.rs"]
mod actor;

use crate::in_task;
use actor::{Actor, Address, Failure, start};
use futures::channel::oneshot;
use futures::poll;
use manyhands::task::{JoinSet, yield_now};
use manyhands::{prelude::*, spawn};

const MAILBOX: usize = 2;
const ACCOUNTS: u64 = 5;
const TRANSFERS: u64 = 200;

struct Account(i64);

enum Message {
    Add(i64),
    Balance(oneshot::Sender<i64>),
    Fail,
    /// Waits in the handler until told.
    Pause(oneshot::Receiver<()>),
}

impl Actor for Account {
    type Message = Message;

    async fn handle(&mut self, message: Message) {
        match message {
            Message::Add(amount) => {
                let before = self.0;
                yield_now().await;
                // One message at a time: nobody else has written meanwhile.
                self.0 = before + (0..100).into_par_iter().map(|_| amount).sum::<i64>() / 100;
            }
            Message::Balance(answer) => drop(answer.send(self.0)),
            Message::Fail => panic!("a bug in the account"),
            Message::Pause(go_on) => drop(go_on.await),
        }
    }
}

#[test]
fn transfers_between_accounts() {
    in_task(async || {
        let accounts = (0..ACCOUNTS).map(|_| start(MAILBOX, 0, || Account(0)));
        let (mut accounts, ends): (Vec<Address<_>>, Vec<_>) = accounts.unzip();
        let mut tasks = JoinSet::new();
        for task in 0..4 {
            let mut accounts = accounts.clone();
            tasks.spawn(async move {
                for n in 0..TRANSFERS {
                    let (from, to) = ((n + task) % ACCOUNTS, (n * task + 1) % ACCOUNTS);
                    let amount = n as i64;
                    accounts[from as usize]
                        .tell(Message::Add(-amount))
                        .await
                        .unwrap();
                    accounts[to as usize]
                        .tell(Message::Add(amount))
                        .await
                        .unwrap();
                }
            });
        }
        tasks.join_all().await;
        let mut total = 0;
        for account in &mut accounts {
            total += account.ask(Message::Balance).await.unwrap();
        }
        assert_eq!(total, 0);
        drop(accounts);
        for end in ends {
            assert_eq!(end.await.unwrap().restarts, 0);
        }
    });
}

/// A full mailbox lets its senders wait, and gives them their turn later.
#[test]
fn a_full_mailbox_waits() {
    in_task(async || {
        let (mut account, end) = start(MAILBOX, 0, || Account(0));
        let (go_on, paused) = oneshot::channel();
        account.tell(Message::Pause(paused)).await.unwrap();
        // Each address has a place of its own; what goes beyond the mailbox waits.
        let mut waits = Vec::new();
        for amount in 1..=10 {
            let mut account = account.clone();
            let mut tell = Box::pin(async move { account.tell(Message::Add(amount)).await });
            waits.push((poll!(&mut tell).is_ready(), tell));
        }
        let waiting = waits.iter().filter(|(is_done, _)| !is_done).count();
        assert!(waiting >= 10 - MAILBOX - 1, "{waiting}");
        go_on.send(()).unwrap();
        for (is_done, tell) in waits {
            if !is_done {
                tell.await.unwrap();
            }
        }
        assert_eq!(account.ask(Message::Balance).await, Ok(55));
        drop(account);
        end.await.unwrap();
    });
}

/// A panic concerns one message: the actor starts again with the next one, as often as it may.
#[test]
fn a_panic_concerns_one_message() {
    in_task(async || {
        let (mut account, end) = start(MAILBOX, 1, || Account(100));
        account.tell(Message::Add(1)).await.unwrap();
        account.tell(Message::Fail).await.unwrap();
        assert_eq!(account.ask(Message::Balance).await, Ok(100));
        account.tell(Message::Fail).await.unwrap();
        let end = end.await.unwrap();
        assert!(end.gave_up && end.restarts == 1);
        let failed = spawn(async move { account.ask(Message::Balance).await });
        assert_eq!(failed.await.unwrap(), Err(Failure::Stopped));
    });
}
