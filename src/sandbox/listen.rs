//! The sandbox's connections: takes them, serves HTTP/1.1 on each, and ends them when the sandbox is stopped.
//!
//! It does not know what a request means. Called by [`Sandbox`](super::Sandbox).

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::server::Service;

/// How long nothing is accepted after an error that is not of one connection, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stopped` says so or its sender is gone; then answers what is under way, and takes nothing more.
pub(super) async fn serve(listener: TcpListener, service: Arc<Service>, mut stopped: oneshot::Receiver<()>) {
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            stream = accept(&listener) => {
                connections.spawn(connection(stream, Arc::clone(&service), stopping.clone()));
            }
            Some(_) = connections.join_next() => {}
            _ = &mut stopped => break,
        }
    }
    drop((listener, stop));
    while connections.join_next().await.is_some() {}
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// One connection. When the sender of `stopping` is gone it ends after the answer under way.
async fn connection(stream: TcpStream, service: Arc<Service>, mut stopping: watch::Receiver<()>) {
    // Answers are small and each fits one packet: with Nagle's algorithm some of them would wait 40 ms.
    let _ = stream.set_nodelay(true);
    let answer = service_fn(|request| std::future::ready(Ok::<_, Infallible>(service.answer(&request))));
    let mut serving = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    tokio::select! {
        _ = &mut serving => return,
        _ = stopping.changed() => serving.as_mut().graceful_shutdown(),
    }
    // How a connection ended is its client's affair.
    let _ = serving.await;
}
