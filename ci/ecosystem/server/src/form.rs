//! The forms of the handler, and what its tasks run on.

use crate::work::work;
use std::io;
use std::str::FromStr;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// The handler calls the loops itself.
    Direct,
    /// tokio: the handler awaits `spawn_blocking`, whose thread calls the loops. manyhands: it
    /// awaits `compute`.
    Blocking,
    /// The handler starts the loops by `rayon::spawn`, and awaits a channel.
    Channel,
}

impl FromStr for Form {
    type Err = ();

    fn from_str(name: &str) -> Result<Form, ()> {
        match name {
            "direct" => Ok(Form::Direct),
            "blocking" => Ok(Form::Blocking),
            "channel" => Ok(Form::Channel),
            _ => Err(()),
        }
    }
}

impl Form {
    pub(crate) async fn compute(self, seed: u64) -> u64 {
        match self {
            Form::Direct => work(seed),
            Form::Blocking => blocking(seed).await,
            Form::Channel => {
                let (send, receive) = tokio::sync::oneshot::channel();
                // Nobody waits if the client has gone.
                rayon::spawn(move || {
                    let _ = send.send(work(seed));
                });
                receive.await.expect("the computation answers")
            }
        }
    }
}

#[cfg(feature = "tasks")]
async fn blocking(seed: u64) -> u64 {
    manyhands::compute(move || work(seed)).await
}

#[cfg(not(feature = "tasks"))]
async fn blocking(seed: u64) -> u64 {
    let work = tokio::task::spawn_blocking(move || work(seed));
    work.await.expect("the computation does not panic")
}

#[cfg(feature = "tasks")]
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    manyhands::spawn(task);
}

#[cfg(not(feature = "tasks"))]
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

/// The future that accepts is a task, too, as the connections are.
#[cfg(feature = "tasks")]
pub(crate) fn run(server: impl Future<Output = io::Result<()>> + Send + 'static) -> io::Result<()> {
    manyhands::block_on(async { manyhands::spawn(server).await.map_err(io::Error::other)? })
}

#[cfg(not(feature = "tasks"))]
pub(crate) fn run(server: impl Future<Output = io::Result<()>> + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async { tokio::spawn(server).await.map_err(io::Error::other)? })
}
