//! Accept loop of the sandbox: accepts connections, serves HTTP/1.1 on each, closes them during an
//! injected outage, and shuts them down when the sandbox is stopped.
//!
//! It does not interpret requests. Called by `handle`.

// hyper is used directly, without axum: an outage and a fault that closes a connection need control
// over each connection.

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

// The pause after an error that does not belong to one connection, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

// Connections that may wait to be accepted; the value that tokio uses.
const BACKLOG: u32 = 1024;

/// Serves until `stopped` receives a message or its sender is dropped. Then it accepts no more
/// connections and completes the responses in flight. `address` is the address of the listener; an
/// outage releases it and binds it again.
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
    // Dropping the sender of `stopping` starts the graceful shutdown of every connection.
    drop((listener, stop));
    while connections.join_next().await.is_some() {}
}

/// Closes all connections and refuses new ones for `duration`, then listens again.
async fn outage(
    listener: TcpListener,
    address: SocketAddr,
    connections: &mut JoinSet<()>,
    duration: Duration,
) -> TcpListener {
    drop(listener);
    let reserved = reserve_port(address);
    // Aborts the tasks: a graceful shutdown would complete the responses in flight.
    connections.shutdown().await;
    sleep(duration).await;
    let mut listening = reserved.and_then(|socket| socket.listen(BACKLOG));
    loop {
        match listening {
            Ok(listener) => return listener,
            // Another process has bound the port in the meantime: the outage lasts until it is
            // free.
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
        listening = TcpListener::bind(address).await;
    }
}

/// Binds a socket without listening: connections are refused, and no other process gets the port.
fn reserve_port(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Without the option, binding fails while connections that have just ended keep the port. On
    // Windows the option would let another process bind the port.
    socket.set_reuseaddr(cfg!(not(windows)))?;
    socket.bind(address)?;
    Ok(socket)
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The client closed the connection before it was accepted.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Serves one connection. When the sender of `stopping` is dropped, it ends after the response in
/// flight.
async fn serve_connection(
    stream: TcpStream,
    service: Arc<Service>,
    mut stopping: watch::Receiver<()>,
) {
    // Each response fits one packet. With Nagle's algorithm some of them would be delayed by 40 ms.
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
    // An error of a connection concerns only its client.
    let _ = serving.await;
}
