//! Tests that no output contains the client key, URLs or personal data, even when requests fail.
//!
//! Two kinds of files in the run folder contain customers' data on purpose: `plan.ndjson`, the
//! data to send, and the rows in `rejects/`, the original bytes of the export. They may contain
//! addresses, but neither the key nor URLs.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    thread,
};

use crate::support::{
    service::{MockService, ReceivedRequest, Reply},
    workspace::{RunResult, Workspace},
};

const KEY: &str = "Kf93xSecretOfTheTenant";

/// The domain of all customers' addresses, which all start with [`LOCAL`].
const DOMAIN: &str = "quux-mail.example";
const LOCAL: &str = "zephyrine";
const FIRST_NAME: &str = "Quetzalina";
const LAST_NAME: &str = "Oberhuber-Kvist";

const HEADER: &str = "referenceId,orderedAt,status,currencyCode,price,paymentType,item.type,item.name,item.price,item.quantity,guest.email,guest.firstname,guest.lastname,guest.dob";

/// One order for each kind of failure, each with its own guest.
fn export(references: &[&str]) -> String {
    let row = |reference: &&str| {
        let email = format!("{LOCAL}.{}@{DOMAIN}", reference.to_lowercase());
        let names = format!("{FIRST_NAME},{LAST_NAME}");
        format!(
            "{reference},2025-03-01T10:00:00Z,PURCHASED,EUR,5,other,GEAR,Rope,5,1,{email},{names},\n"
        )
    };
    let good: String = references.iter().map(row).collect();
    // Two orders that are invalid because of personal data.
    let bad = format!(
        "BAD-1,2025-03-01T10:00:00Z,PURCHASED,EUR,5,other,GEAR,Rope,5,1,{LOCAL}.bad1@@{DOMAIN},{FIRST_NAME},{LAST_NAME},1.2.3\n\
         BAD-2,yesterday,PURCHASED,EUR,x,other,GEAR,Rope,5,1,{LOCAL}.bad2@{DOMAIN},{FIRST_NAME}\u{7},{LAST_NAME},\n\
         BAD-2,yesterday,PURCHASED,EUR,x,other,GEAR,Rope,5,1,{LOCAL}.other@{DOMAIN},{FIRST_NAME},{LAST_NAME},\n"
    );
    format!("{HEADER}\n{good}{bad}")
}

/// A run that sends orders with these references.
fn run(references: &[&str], base_url: &str, options: &str) -> (Workspace, RunResult) {
    let workspace = Workspace::with("orders.csv", export(references));
    let defaults =
        "--pos p --backfill --max-invalid 100% --rate unlimited --identity-pause 0s --timeout 20s";
    let command = format!(
        "send orders.csv --base-url {base_url} --client-key {KEY} {defaults} --set tries=1{options}"
    );
    let ran = workspace.run(&command);
    (workspace, ran)
}

/// A body that echoes the request, as error pages of front ends do.
fn echo(request: &ReceivedRequest) -> String {
    let email = request.message["email"].as_str().unwrap_or("zephyrine.someone@quux-mail.example");
    format!(
        "cannot GET {}\n<p>(http://tenant/?client_key={KEY}) for {email}, \"{email}\"</p>",
        request.line
    )
}

fn reply(status: u16, body: String) -> Reply {
    Reply::Response(status, Vec::new(), body)
}

/// The base URL of a server that does not speak HTTP and echoes the request.
fn non_http_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut response = vec![0; 64 * 1024];
            let n_bytes = stream.read(&mut response).unwrap_or_default();
            // The client may have closed the connection.
            drop(stream.write_all(&[b"? ", &response[..n_bytes], b"\r\n\r\n"].concat()));
        }
    });
    base_url
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Whether a file contains customers' data on purpose.
fn holds_customer_data(file: &Path) -> bool {
    let name = file.file_name().unwrap().to_string_lossy();
    let is_of_rejects = file.parent().unwrap().ends_with("rejects");
    name == "plan.ndjson" || (is_of_rejects && !name.ends_with(".reasons.ndjson"))
}

/// Searches all output and files of a run, including the ledger and its companion files, but not
/// the export.
fn assert_no_leaks(workspace: &Workspace, ran: &RunResult) {
    let folder = workspace.path("");
    let mut written: Vec<(PathBuf, Vec<u8>)> = vec![
        ("standard output".into(), ran.out.clone().into_bytes()),
        ("standard error".into(), ran.err.clone().into_bytes()),
    ];
    let is_written = |path: &PathBuf| *path != workspace.path("orders.csv");
    written.extend(
        files(&folder)
            .into_iter()
            .filter(is_written)
            .map(|path| (path.clone(), fs::read(path).unwrap())),
    );
    assert!(written.iter().any(|(path, _)| path.ends_with("summary.json")), "{}", ran.err);
    let of_customers = [LOCAL, DOMAIN, FIRST_NAME, LAST_NAME];
    for (path, bytes) in written {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let leaks = |secrets: &[&str]| {
            for secret in secrets {
                let at = text.find(&secret.to_lowercase());
                let around = at.map(|at| text[..at].chars().rev().take(60).collect::<String>());
                let around = around.map(|text| text.chars().rev().collect::<String>());
                assert!(at.is_none(), "{secret} is in {} after {around:?}", path.display());
            }
        };
        leaks(&[KEY, "message=", "client_key="]);
        if !holds_customer_data(&path) {
            leaks(&of_customers);
        }
    }
}

#[test]
fn failing_orders_leak_no_secrets() {
    let service = MockService::start(|request| {
        let is_guest = |name: &str| {
            request.message["email"].as_str().is_some_and(|email| email.contains(name))
        };
        let reply = match request.reference() {
            "R-400" => reply(400, echo(request)),
            "R-404" => reply(404, echo(request)),
            "R-409" => {
                reply(409, format!("{{\"message\":\"{}\"}}", echo(request).replace('"', "\\\"")))
            }
            "R-500" => reply(500, echo(request)),
            "R-503" => reply(503, echo(request)),
            "R-201" => reply(201, echo(request)),
            "R-200" => {
                reply(200, format!("{{\"status\":\"ERROR\",\"for\":\"{LOCAL}.x@{DOMAIN}\"}}"))
            }
            "R-SILENT" => Reply::Disconnect,
            _ if is_guest("r-guest") => reply(403, echo(request)),
            _ => return None,
        };
        Some(reply)
    });
    let references = [
        "R-400", "R-404", "R-409", "R-500", "R-503", "R-201", "R-200", "R-SILENT", "R-GUEST",
        "R-WELL",
    ];
    let (workspace, ran) = run(&references, &service.base_url, "");
    let n = |outcome: &str| ran.summary()["orders"][outcome].as_u64().unwrap();
    let outcomes = ["accepted", "refused", "failed", "unknown", "invalid"].map(n);
    assert_eq!((ran.code, outcomes), (3, [1, 5, 1, 3, 2]), "{}", ran.outcomes());
    assert_no_leaks(&workspace, &ran);
}

#[test]
fn stopped_runs_leak_no_secrets() {
    let service = MockService::start(|request| {
        let location = format!("http://127.0.0.1:9/?client_key={KEY}&message={}", request.message);
        Some(Reply::Response(302, vec![("location", location)], echo(request)))
    });
    let (workspace, ran) = run(&["A-1", "A-2"], &service.base_url, "");
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert_no_leaks(&workspace, &ran);

    let service = MockService::start(|request| Some(reply(401, echo(request))));
    let (workspace, ran) = run(&["A-1", "A-2"], &service.base_url, "");
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert_no_leaks(&workspace, &ran);

    // No server listens on the discard port.
    let (workspace, ran) = run(&["A-1", "A-2"], "http://127.0.0.1:9", "");
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_no_leaks(&workspace, &ran);

    let (workspace, ran) = run(&["A-1", "A-2"], &non_http_server(), "");
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_no_leaks(&workspace, &ran);

    // Every event exceeds the limit, so nothing is sent.
    let (workspace, ran) = run(&["A-1", "A-2"], &service.base_url, " --max-url-bytes 100");
    assert_no_leaks(&workspace, &ran);
}

/// A known bug: in messages of the service, only text that looks like a part of a URL is redacted.
#[test]
fn bare_key_in_service_message_is_redacted() {
    let service = MockService::start(|request| {
        (request.kind() == "ORDER_CHECKOUT").then(|| reply(400, format!("key {KEY} is blocked")))
    });
    let (workspace, ran) = run(&["A-1"], &service.base_url, "");
    assert_no_leaks(&workspace, &ran);
}

/// A known bug: in messages of the service, only addresses with an unencoded `@` are redacted.
#[test]
fn encoded_email_in_service_message_is_redacted() {
    let service = MockService::start(|request| {
        let expected_message = format!("no guest {LOCAL}.a-1%40{DOMAIN} here");
        (request.kind() == "ORDER_CHECKOUT").then_some(reply(400, expected_message))
    });
    let (workspace, ran) = run(&["A-1"], &service.base_url, "");
    assert_no_leaks(&workspace, &ran);
}

/// Wherever the URL is set, and whichever command reads it.
#[test]
fn password_in_a_base_url_is_not_shown() {
    const URL: &str = "https://importer:hunter2@api.example";
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    workspace.file("bad.toml", format!("[target]\nbase_url = '{URL}'\nclient_key = '{KEY}'\n"));
    let with_set = format!("--set base_url={URL}");
    let adopt = format!("ledger adopt --from 1a2b3c4d --base-url {URL} --client-key {KEY}");
    for (command, variable) in [
        ("check orders.csv --config bad.toml".to_owned(), ""),
        ("ledger list --config bad.toml".to_owned(), ""),
        ("ledger export --config bad.toml".to_owned(), ""),
        (format!("check orders.csv {with_set}"), ""),
        (format!("ledger list {with_set}"), ""),
        (format!("send orders.csv --base-url {URL} --client-key {KEY}"), ""),
        (adopt, ""),
        ("check orders.csv".to_owned(), URL),
        ("ledger list".to_owned(), URL),
    ] {
        let variables = [("ORDERFERRY_BASE_URL", variable)];
        let variables = if variable.is_empty() { &[][..] } else { &variables };
        let ran = workspace.run_with(&command, variables, b"");
        assert_eq!(ran.code, 2, "{command}: {}", ran.err);
        assert!(ran.err.contains("user name and password"), "{command}: {}", ran.err);
        let shown = ran.out + &ran.err;
        assert!(!shown.contains("hunter2") && !shown.contains(KEY), "{command}: {shown}");
    }
}
