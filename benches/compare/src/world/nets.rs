//! Two kinds of sockets: tokio's, and async-io's.

use async_io::Async;
use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _};
use hyper_util::rt::TokioIo;
use smol_hyper::rt::FuturesIo;
use std::io;
use std::net::{TcpListener, TcpStream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Sockets of one kind.
pub trait Net: 'static {
    type Listener: Send + Sync + 'static;
    type Stream: Send + 'static;
    /// A stream as hyper wants it.
    type Http: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static;

    /// Takes over a listener that does not block. Called in a task.
    fn listener(listener: TcpListener) -> io::Result<Self::Listener>;

    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Sends back what comes, until the other side ends.
    fn echo(stream: Self::Stream) -> impl Future<Output = io::Result<()>> + Send;

    fn http(stream: Self::Stream) -> Self::Http;
}

/// What an echo reads at a time.
const BUFFER: usize = 1024;

pub struct TokioNet;

impl Net for TokioNet {
    type Listener = tokio::net::TcpListener;
    type Stream = tokio::net::TcpStream;
    type Http = TokioIo<tokio::net::TcpStream>;

    fn listener(listener: TcpListener) -> io::Result<Self::Listener> {
        tokio::net::TcpListener::from_std(listener)
    }

    async fn accept(listener: &Self::Listener) -> io::Result<Self::Stream> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn echo(mut stream: Self::Stream) -> io::Result<()> {
        let mut buffer = [0; BUFFER];
        loop {
            let count = stream.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            stream.write_all(&buffer[..count]).await?;
        }
    }

    fn http(stream: Self::Stream) -> Self::Http {
        TokioIo::new(stream)
    }
}

pub struct AsyncIo;

impl Net for AsyncIo {
    type Listener = Async<TcpListener>;
    type Stream = Async<TcpStream>;
    type Http = FuturesIo<Async<TcpStream>>;

    fn listener(listener: TcpListener) -> io::Result<Self::Listener> {
        Async::new_nonblocking(listener)
    }

    async fn accept(listener: &Self::Listener) -> io::Result<Self::Stream> {
        let (stream, _) = listener.accept().await?;
        stream.get_ref().set_nodelay(true)?;
        Ok(stream)
    }

    async fn echo(mut stream: Self::Stream) -> io::Result<()> {
        let mut buffer = [0; BUFFER];
        loop {
            let count = stream.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            stream.write_all(&buffer[..count]).await?;
        }
    }

    fn http(stream: Self::Stream) -> Self::Http {
        FuturesIo::new(stream)
    }
}
