//! `axum` and `reqwest`: a server and its clients, in tasks of one pool.

use crate::in_task;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use manyhands::task::JoinSet;
use manyhands::{prelude::*, spawn};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

const CLIENTS: u64 = 8;
const REQUESTS: u64 = 10;

type Counts = BTreeMap<String, usize>;

/// axum's connections are tasks of the runtime. What computes is spawned on the pool.
async fn sum(Path(n): Path<u64>, State(served): State<Arc<AtomicUsize>>) -> String {
    served.fetch_add(1, Ordering::Relaxed);
    let sum = spawn(async move { (1..=n).into_par_iter().sum::<u64>() });
    sum.await.unwrap().to_string()
}

async fn count(text: String) -> Json<Counts> {
    let counts = spawn(async move {
        let parts = text
            .par_split_whitespace()
            .fold(Counts::new, |mut counts, word| {
                *counts.entry(word.to_owned()).or_default() += 1;
                counts
            });
        parts.reduce(Counts::new, |mut counts, more| {
            for (word, count) in more {
                *counts.entry(word).or_default() += count;
            }
            counts
        })
    });
    Json(counts.await.unwrap())
}

async fn client(address: String) -> reqwest::Result<()> {
    // No look at the environment for proxies.
    let client = reqwest::Client::builder().no_proxy().build()?;
    for n in 0..REQUESTS {
        let answer = client
            .get(format!("http://{address}/sum/{n}"))
            .send()
            .await?;
        assert_eq!(answer.text().await?, (n * (n + 1) / 2).to_string());
        let text = "many hands make many hands ".repeat(n as usize + 1);
        let answer = client
            .post(format!("http://{address}/count"))
            .body(text)
            .send()
            .await?;
        let counts: Counts = answer.json().await?;
        assert_eq!(
            (counts["many"], counts["make"]),
            (2 * (n as usize + 1), n as usize + 1)
        );
    }
    let answer = client
        .get(format!("http://{address}/nothing"))
        .send()
        .await?;
    assert_eq!(answer.status(), 404);
    Ok(())
}

#[test]
fn axum_and_reqwest() {
    in_task(async || {
        let served = Arc::new(AtomicUsize::new(0));
        let router = Router::new()
            .route("/sum/{n}", get(sum))
            .route("/count", post(count))
            .route(
                "/bug",
                get(async || -> String { panic!("a bug in a handler") }),
            )
            .with_state(Arc::clone(&served));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = axum::serve(listener, router).with_graceful_shutdown(async move {
            let _ = stopped.await;
        });
        let server = spawn(async move { server.await });

        // A handler that panics closes its connection, and no other.
        let bug = reqwest::Client::builder().no_proxy().build().unwrap();
        assert!(
            bug.get(format!("http://{address}/bug"))
                .send()
                .await
                .is_err()
        );

        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn(client(address.clone()));
        }
        for result in clients.join_all().await {
            result.unwrap();
        }
        assert_eq!(served.load(Ordering::Relaxed) as u64, CLIENTS * REQUESTS);
        stop.send(()).unwrap();
        server.await.unwrap().unwrap();
    });
}
