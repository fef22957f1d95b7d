//! The sandbox's connections: takes them, serves HTTP/1.1 on each, and ends them when the sandbox is stopped.
//!
//! It does not know what a request means. Called by [`Sandbox`](super::Sandbox).

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::server::Service;

/// How long nothing is accepted after an error that is not of one connection, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many connections may wait to be accepted, as tokio has it.
const BACKLOG: u32 = 1024;

/// Serves until `stopped` says so or its sender is gone; then answers what is under way, and takes nothing more.
/// `address` is the listener's, which an outage gives up and takes again.
pub(super) async fn serve(
    mut listener: TcpListener,
    address: SocketAddr,
    service: Arc<Service>,
    mut stopped: oneshot::Receiver<()>,
) {
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut n_outages = 0;
    loop {
        tokio::select! {
            stream = accept(&listener) => {
                connections.spawn(serve_connection(stream, Arc::clone(&service), stopping.clone()));
            }
            Some(_) = connections.join_next() => {}
            lasts = service.fault_injector().next_outage(n_outages) => {
                n_outages += 1;
                service.fault_injector().count_outage();
                tokio::select! {
                    after = outage(listener, address, &mut connections, lasts) => listener = after,
                    _ = &mut stopped => return,
                }
            }
            _ = &mut stopped => break,
        }
    }
    drop((listener, stop));
    while connections.join_next().await.is_some() {}
}

/// Cuts all connections and refuses new ones for as long as it lasts; then listens again.
async fn outage(
    listener: TcpListener,
    address: SocketAddr,
    connections: &mut JoinSet<()>,
    duration: Duration,
) -> TcpListener {
    drop(listener);
    let reserved = reserve_port(address);
    connections.shutdown().await;
    sleep(duration).await;
    let mut listening = reserved.and_then(|socket| socket.listen(BACKLOG));
    loop {
        match listening {
            Ok(listener) => return listener,
            // Someone was quicker and has the port: the outage lasts until it is free.
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
        listening = TcpListener::bind(address).await;
    }
}

/// A socket that is bound and does not listen: whoever connects is refused, and nobody else gets the port.
fn reserve_port(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Connections that have just ended keep their port for a while. On Windows the option would give the port away.
    socket.set_reuseaddr(cfg!(not(windows)))?;
    socket.bind(address)?;
    Ok(socket)
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // Its client has gone before it was accepted.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// One connection. When the sender of `stopping` is gone it ends after the answer under way.
async fn serve_connection(stream: TcpStream, service: Arc<Service>, mut stopping: watch::Receiver<()>) {
    // Answers are small and each fits one packet: with Nagle's algorithm some of them would wait 40 ms.
    let _ = stream.set_nodelay(true);
    let handler = service_fn(|request: Request<Incoming>| {
        let service = Arc::clone(&service);
        async move { service.respond(&request.into_parts().0).await }
    });
    let mut serving = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), handler));
    tokio::select! {
        _ = &mut serving => return,
        _ = stopping.changed() => serving.as_mut().graceful_shutdown(),
    }
    // How a connection ended is its client's affair.
    let _ = serving.await;
}
