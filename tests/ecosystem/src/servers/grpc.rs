//! `tonic`: a gRPC server and its clients. Messages and methods are written by hand, as a compiler
//! of protocols would.

use crate::in_task;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, stream};
use manyhands::task::JoinSet;
use manyhands::{prelude::*, spawn};
use std::convert::Infallible;
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::body::Body;
use tonic::client;
use tonic::codegen::{Service, http};
use tonic::server::{self, NamedService, ServerStreamingService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;

const CLIENTS: u64 = 8;
const CALLS: u64 = 10;

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Range {
    #[prost(uint64, tag = "1")]
    from: u64,
    #[prost(uint64, tag = "2")]
    to: u64,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Number {
    #[prost(uint64, tag = "1")]
    value: u64,
}

/// A service with a method for each kind of answer.
#[derive(Clone, Copy)]
struct Sums;

/// The sum of a range, from a loop on the pool.
struct Sum;

/// The sum of each part of a range, as a stream.
struct Parts;

impl UnaryService<Range> for Sum {
    type Response = Number;
    type Future = BoxFuture<'static, Result<Response<Number>, Status>>;

    fn call(&mut self, request: Request<Range>) -> Self::Future {
        let Range { from, to } = request.into_inner();
        async move {
            if from > to {
                return Err(Status::invalid_argument("the range is upside down"));
            }
            let sum = spawn(async move { (from..to).into_par_iter().sum() });
            let value = sum
                .await
                .map_err(|error| Status::internal(error.to_string()))?;
            Ok(Response::new(Number { value }))
        }
        .boxed()
    }
}

impl ServerStreamingService<Range> for Parts {
    type Response = Number;
    type ResponseStream = BoxStream<'static, Result<Number, Status>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Range>) -> Self::Future {
        let Range { from, to } = request.into_inner();
        let tasks = stream::iter((from..to).step_by(100)).map(move |from| {
            let to = to.min(from + 100);
            spawn(async move { (from..to).into_par_iter().sum() })
        });
        let parts = tasks.buffered(4).map(|sum| match sum {
            Ok(value) => Ok(Number { value }),
            Err(error) => Err(Status::internal(error.to_string())),
        });
        async move { Ok(Response::new(parts.boxed())) }.boxed()
    }
}

impl NamedService for Sums {
    const NAME: &'static str = "manyhands.Sums";
}

impl Service<http::Request<Body>> for Sums {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        async move {
            let mut grpc = server::Grpc::new(ProstCodec::default());
            Ok(match request.uri().path() {
                "/manyhands.Sums/Sum" => grpc.unary(Sum, request).await,
                "/manyhands.Sums/Parts" => grpc.server_streaming(Parts, request).await,
                _ => Status::unimplemented("no such method").into_http(),
            })
        }
        .boxed()
    }
}

/// Calls a method that has one answer.
async fn call(channel: &Channel, path: &'static str, range: Range) -> Result<u64, Status> {
    let mut grpc = client::Grpc::new(channel.clone());
    grpc.ready()
        .await
        .map_err(|error| Status::unknown(error.to_string()))?;
    let path = http::uri::PathAndQuery::from_static(path);
    let codec = ProstCodec::<Range, Number>::default();
    let answer = grpc.unary(Request::new(range), path, codec).await?;
    Ok(answer.into_inner().value)
}

async fn client(address: String) -> Result<(), Status> {
    let endpoint = Endpoint::from_shared(address).unwrap();
    let channel = endpoint.connect().await.unwrap();
    for to in 1..=CALLS {
        let range = Range { from: 0, to };
        let sum = call(&channel, "/manyhands.Sums/Sum", range).await?;
        assert_eq!(sum, to * (to - 1) / 2);
    }
    let wrong = Range { from: 1, to: 0 };
    let error = call(&channel, "/manyhands.Sums/Sum", wrong)
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::InvalidArgument, "the range is upside down")
    );
    let error = call(&channel, "/manyhands.Sums/None", wrong)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);

    let mut grpc = client::Grpc::new(channel);
    grpc.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/manyhands.Sums/Parts");
    let codec = ProstCodec::<Range, Number>::default();
    let range = Request::new(Range { from: 0, to: 1050 });
    let mut parts = grpc
        .server_streaming(range, path, codec)
        .await?
        .into_inner();
    let mut sums = Vec::new();
    while let Some(part) = parts.message().await? {
        sums.push(part.value);
    }
    assert_eq!((sums.len(), sums[0]), (11, 4950));
    assert_eq!(sums.into_iter().sum::<u64>(), 1050 * 1049 / 2);
    Ok(())
}

#[test]
fn tonic() {
    in_task(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let server = spawn(async move {
            let server = Server::builder().add_service(Sums);
            let stopped = stopped.map(drop);
            server
                .serve_with_incoming_shutdown(TcpIncoming::from(listener), stopped)
                .await
        });
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn(client(address.clone()));
        }
        for result in clients.join_all().await {
            result.unwrap();
        }
        stop.send(()).unwrap();
        server.await.unwrap().unwrap();
    });
}
