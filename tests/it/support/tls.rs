//! A certificate authority that no system trusts, and a TLS proxy in front of a [`MockService`],
//! which forwards the bytes unchanged.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener as AsyncListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use super::service::MockService;

/// A certificate authority.
pub(crate) struct CertificateAuthority {
    /// Its certificate as PEM, for `SSL_CERT_FILE`.
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl CertificateAuthority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A TLS configuration with a certificate for a name or address, valid until the end of a year.
    pub(crate) fn issue(&self, name: &str, last_year: i32) -> ServerConfig {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(last_year, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder().with_no_client_auth();
        let mut config = config.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }
}

/// The connections so far.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    /// Number of accepted connections.
    pub(crate) n_accepted: usize,
    /// The protocol selected by each completed handshake.
    pub(crate) protocols: Vec<String>,
}

/// A running TLS proxy; it runs until the process ends.
pub(crate) struct TlsProxy {
    /// For example `https://127.0.0.1:4711`.
    pub(crate) base_url: String,
    pub(crate) connections: Arc<Mutex<Connections>>,
}

impl TlsProxy {
    /// Starts a proxy in front of a service. The first `n_closed` connections are closed before the
    /// handshake ends.
    pub(crate) fn start(service: &MockService, config: ServerConfig, n_closed: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let base_url = format!("https://{}", listener.local_addr().unwrap());
        let connections = Arc::new(Mutex::new(Connections::default()));
        let (shared, upstream) = (
            Arc::clone(&connections),
            service.base_url.trim_start_matches("http://").parse().unwrap(),
        );
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(listen(
                listener,
                upstream,
                TlsAcceptor::from(Arc::new(config)),
                n_closed,
                shared,
            ));
        });
        Self { base_url, connections }
    }
}

async fn listen(
    listener: TcpListener,
    upstream: SocketAddr,
    acceptor: TlsAcceptor,
    n_closed: usize,
    connections: Arc<Mutex<Connections>>,
) {
    let listener = AsyncListener::from_std(listener).unwrap();
    while let Ok((stream, _)) = listener.accept().await {
        let n_accepted = {
            let mut connections = connections.lock().unwrap();
            connections.n_accepted += 1;
            connections.n_accepted
        };
        if n_accepted > n_closed {
            tokio::spawn(serve(stream, upstream, acceptor.clone(), Arc::clone(&connections)));
        }
    }
}

async fn serve(
    stream: TcpStream,
    upstream: SocketAddr,
    acceptor: TlsAcceptor,
    connections: Arc<Mutex<Connections>>,
) {
    // A client that does not trust the certificate closes the connection.
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let protocol = String::from_utf8_lossy(stream.get_ref().1.alpn_protocol().unwrap_or_default())
        .into_owned();
    connections.lock().unwrap().protocols.push(protocol);
    let mut plain = TcpStream::connect(upstream).await.unwrap();
    // Either end may close the connection at any time.
    drop(copy_bidirectional(&mut stream, &mut plain).await);
}
