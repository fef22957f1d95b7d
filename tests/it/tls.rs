//! Tests over TLS: trusted certificates, error messages for others, and the protocol version.

use crate::support::{
    service::MockService,
    tls::{CertificateAuthority, TlsProxy},
    workspace::{ExportRow, RunResult, Workspace},
};

/// The last year in which the certificates of these tests are valid.
const VALID: i32 = 2199;

/// An export of three guests with one order each, and the trusted CA.
fn workspace_trusting(trusted: &CertificateAuthority) -> Workspace {
    let rows = ["A-1", "A-2", "A-3"].map(|reference| {
        let email = format!("{}@example.com", reference.to_lowercase());
        ExportRow { reference, email: &email, ..ExportRow::default() }.csv()
    });
    let workspace = Workspace::with(
        "orders.csv",
        crate::support::workspace::HEADER.to_owned() + &rows.concat(),
    );
    workspace.file("ca.pem", &trusted.pem);
    workspace
}

fn send(workspace: &Workspace, proxy: &TlsProxy, ca_file: &str) -> RunResult {
    send_to(&proxy.base_url, workspace, ca_file)
}

fn send_to(base_url: &str, workspace: &Workspace, ca_file: &str) -> RunResult {
    let options = "--client-key k --pos p --backfill --rate unlimited --identity-pause 0s";
    let command = format!("send orders.csv --base-url {base_url} {options}");
    let ca_file = workspace.path(ca_file);
    workspace.run_with(
        &command,
        &[("SSL_CERT_FILE", ca_file.to_str().unwrap()), ("SSL_CERT_DIR", "")],
        b"",
    )
}

#[test]
fn ssl_cert_file_is_trusted_over_http_1_1() {
    let (ca, service) = (CertificateAuthority::new("test CA"), MockService::start(|_| None));
    let proxy = TlsProxy::start(&service, ca.issue("127.0.0.1", VALID), 0);
    let ran = send(&workspace_trusting(&ca), &proxy, "ca.pem");
    assert_eq!((ran.code, service.count("ORDER_CHECKOUT")), (0, 3), "{}", ran.err);
    let connections = proxy.connections.lock().unwrap();
    assert!(!connections.protocols.is_empty());
    assert!(connections.protocols.iter().all(|protocol| protocol == "http/1.1"), "{connections:?}");
}

#[test]
fn certificate_error_stops_the_run() {
    let (ca, other) =
        (CertificateAuthority::new("test CA"), CertificateAuthority::new("another CA"));
    for (config, reason) in [
        (other.issue("127.0.0.1", VALID), "UnknownIssuer"),
        (ca.issue("127.0.0.1", 2020), "certificate expired"),
        (ca.issue("tenant.example", VALID), "certificate not valid for name \"127.0.0.1\""),
    ] {
        let service = MockService::start(|_| None);
        let (proxy, workspace) = (TlsProxy::start(&service, config, 0), workspace_trusting(&ca));
        let ran = send(&workspace, &proxy, "ca.pem");
        assert_eq!((ran.code, service.n_received()), (4, 0), "{}", ran.err);
        assert_eq!(ran.outcomes().matches("not_attempted").count(), 3, "{}", ran.outcomes());
        let expected = format!(
            "error: {}/v1.2/browser/create.json: the server's certificate is not trusted: ",
            proxy.base_url
        );
        assert!(ran.err.contains(&expected) && ran.err.contains(reason), "{reason}: {}", ran.err);
        assert!(ran.err.contains("\n  hint: check base_url; SSL_CERT_FILE=ca.pem "), "{}", ran.err);
        assert!(!ran.err.contains("it is probed"), "{}", ran.err);
        // At most one connection for each guest.
        assert!(proxy.connections.lock().unwrap().n_accepted <= 3);
    }
}

#[test]
fn interrupted_handshake_is_retried() {
    let (ca, service) = (CertificateAuthority::new("test CA"), MockService::start(|_| None));
    let proxy = TlsProxy::start(&service, ca.issue("127.0.0.1", VALID), 2);
    let ran = send(&workspace_trusting(&ca), &proxy, "ca.pem");
    assert_eq!((ran.code, service.count("ORDER_CHECKOUT")), (0, 3), "{}", ran.err);
}

#[test]
fn missing_ca_certificates_send_nothing() {
    let (ca, service) = (CertificateAuthority::new("test CA"), MockService::start(|_| None));
    let proxy = TlsProxy::start(&service, ca.issue("127.0.0.1", VALID), 0);
    let ran = send(&workspace_trusting(&ca), &proxy, "none.pem");
    assert_eq!((ran.code, proxy.connections.lock().unwrap().n_accepted), (2, 0), "{}", ran.err);
    assert!(
        ran.err.contains("No CA certificates") && ran.err.contains("SSL_CERT_FILE=ca.pem"),
        "{}",
        ran.err
    );
}

#[test]
fn http_on_loopback_needs_no_certificates() {
    let (ca, service) = (CertificateAuthority::new("test CA"), MockService::start(|_| None));
    let ran = send_to(&service.base_url, &workspace_trusting(&ca), "none.pem");
    assert_eq!((ran.code, service.count("ORDER_CHECKOUT")), (0, 3), "{}", ran.err);
}
