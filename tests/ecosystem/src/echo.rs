//! Echo servers of two shapes that people know from `may` and from `monoio`.

use crate::in_task;
use futures::stream::FuturesUnordered;
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use manyhands::task::{JoinSet, LocalPoolHandle};
use manyhands::{JoinHandle, block_on, spawn_compute};
use smol::net::{SocketAddr, TcpListener, TcpStream};
use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::thread;

const CLIENTS: usize = 16;
const MESSAGES: usize = 10;

/// Each client sends messages and gets them back.
async fn clients(address: SocketAddr) {
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        clients.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            let mut back = [0; 300];
            for message in 0..MESSAGES {
                let length = 1 + (client * MESSAGES + message) % back.len();
                let sent = vec![message as u8; length];
                stream.write_all(&sent).await?;
                stream.read_exact(&mut back[..length]).await?;
                assert_eq!(back[..length], sent);
            }
            io::Result::Ok(())
        });
    }
    for result in clients.join_all().await {
        result.unwrap();
    }
}

/// may: a connection is a closure that waits where it stands. Here it waits in `block_on`, which
/// lends its core to the others; so each connection has a thread.
#[test]
fn shaped_like_may() {
    fn echo(mut stream: TcpStream) -> io::Result<usize> {
        let (mut buffer, mut total) = ([0; 128], 0);
        loop {
            match block_on(stream.read(&mut buffer))? {
                0 => return Ok(total),
                length => {
                    block_on(stream.write_all(&buffer[..length]))?;
                    total += length;
                }
            }
        }
    }

    in_task(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = spawn_compute(move || {
            let accept = |_| block_on(listener.accept()).unwrap().0;
            let connections = (0..CLIENTS)
                .map(accept)
                .map(|stream| spawn_compute(|| echo(stream)));
            connections.collect::<Vec<JoinHandle<_>>>()
        });
        clients(address).await;
        let mut total = 0;
        for connection in server.await.unwrap() {
            total += connection.await.unwrap().unwrap();
        }
        assert_eq!(total, (1..=CLIENTS * MESSAGES).sum::<usize>());
    });
}

/// monoio: threads that share nothing. A connection stays where it was accepted, its future need not
/// be `Send`, and a buffer is given to the read that fills it.
#[test]
fn shaped_like_monoio() {
    async fn read(stream: &mut TcpStream, mut buffer: Vec<u8>) -> (io::Result<usize>, Vec<u8>) {
        buffer.resize(128, 0);
        let result = stream.read(&mut buffer).await;
        buffer.truncate(*result.as_ref().unwrap_or(&0));
        (result, buffer)
    }

    async fn echo(mut stream: TcpStream, total: Rc<Cell<usize>>) -> io::Result<()> {
        let (mut buffer, here) = (Vec::new(), thread::current().id());
        loop {
            let result;
            (result, buffer) = read(&mut stream, buffer).await;
            assert_eq!(thread::current().id(), here);
            match result? {
                0 => return Ok(()),
                length => total.set(total.get() + length),
            }
            stream.write_all(&buffer).await?;
        }
    }

    /// Serves until `done` is closed; returns how many bytes came.
    async fn serve(listener: TcpListener, done: async_channel::Receiver<()>) -> usize {
        let total = Rc::new(Cell::new(0));
        let mut connections = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    connections.push(echo(accepted.unwrap().0, Rc::clone(&total)));
                }
                Some(ended) = connections.next() => ended.unwrap(),
                _ = done.recv() => break,
            }
        }
        while let Some(ended) = connections.next().await {
            ended.unwrap();
        }
        total.get()
    }

    in_task(async || {
        let threads = LocalPoolHandle::new(2);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (done, is_done) = async_channel::bounded(1);
        let servers = [0, 1].map(|thread| {
            let (listener, is_done) = (listener.clone(), is_done.clone());
            threads.spawn_pinned_by_idx(move || serve(listener, is_done), thread)
        });
        clients(address).await;
        drop(done);
        let mut total = 0;
        for server in servers {
            total += server.await.unwrap();
        }
        assert_eq!(total, (1..=CLIENTS * MESSAGES).sum::<usize>());
    });
}
