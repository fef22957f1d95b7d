//! Tests over HTTP against a mock service: requests byte for byte, their order, and the handling of
//! responses.

use std::{fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    LEDGER, has_ledger, process, program, root,
    service::{MockService, Reply},
};

const EXPORT: &str = "\
referenceId,orderedAt,status,currencyCode,price,paymentType,item.type,item.name,item.price,item.quantity,guest.email,guest.city
A-2,2026-11-03T10:00:00Z,PURCHASED,EUR,30.60,other,TENT,\"Fjell & Co's #1 + 100% \"\"wool\"\" ünder\",30.60,1,Ann@Example.com,Bergen
A-1,2026-11-02T10:00:00Z,PURCHASED,EUR,5,other,,,,,ann@example.com,Oslo
B-1,2026-11-01T10:00:00Z,PURCHASED,EUR,7.10,other,,,,,bo@example.com,Malmö
";

/// A folder with an export and a ledger, for runs against a service.
struct TestShop {
    folder: TempDir,
}

impl TestShop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("orders.csv"), EXPORT).unwrap();
        Self { folder }
    }

    /// Sends the export; returns the exit code, standard error and the summary.
    fn send(&self, service: &MockService, options: &str) -> (i32, String, Value) {
        let is_run = |name: &str| name.starts_with("run-");
        let entries =
            fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let n_runs = entries.filter(|name| is_run(&name.to_string_lossy())).count();
        let out = self.folder.path().join(format!("run-{}", n_runs + 1));
        let mut program = program(self.folder.path());
        program.args([
            "send",
            "orders.csv",
            "--client-key",
            "k'e&y",
            "--pos",
            "shop/no",
            "--base-url",
        ]);
        program.arg(&service.base_url).args(options.split_whitespace()).arg("--out").arg(&out);
        if !has_ledger(&self.folder.path().join(LEDGER)) {
            program.arg("--new-ledger");
        }
        program.args(
            "--rate unlimited --identity-pause 0s --backfill --set tries=3 --set down_after=1000"
                .split_whitespace(),
        );
        let output = program.output().unwrap();
        let printed = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8(printed).unwrap(),
            json(&out.join("summary.json")),
        )
    }

    fn outcomes(&self, run: &str) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join(run).join("results.ndjson")).unwrap();
        let result = |line: &str| serde_json::from_str::<Value>(line).unwrap();
        let mut lines: Vec<_> = text
            .lines()
            .map(result)
            .map(|result| {
                format!(
                    "{} {}",
                    result["referenceId"].as_str().unwrap(),
                    result["outcome"].as_str().unwrap()
                )
            })
            .collect();
        lines.sort();
        lines
    }
}

fn json(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn reply_only_for(reference: &'static str, reply: Reply) -> MockService {
    MockService::start(move |request| (request.reference() == reference).then(|| reply.clone()))
}

#[test]
fn requests_are_byte_exact() {
    let service = MockService::start(|_| None);
    let (code, printed, summary) = TestShop::new().send(&service, "");
    assert_eq!(code, 0, "{printed}");
    let received = service.received();
    let ann: Vec<_> = received
        .iter()
        .filter(|request| !request.line.contains("B-1") && !request.line.contains("bo@"))
        .collect();
    let checkout = ann.iter().find(|request| request.reference() == "A-2").unwrap();
    let browser = checkout.message["browser_id"].as_str().unwrap();
    // Blanks are `%20`, `'` is `%27`, and the characters that RFC 3986 allows in a query are
    // unchanged.
    let expected = "GET /v1.2/event/create.json?client_key=k%27e%26y&message=%7B%22browser_id%22:%22BROWSER%22,%22type%22:%22ORDER_CHECKOUT%22,%22channel%22:%22WEB%22,%22language%22:%22EN%22,%22currency%22:%22EUR%22,%22page%22:%22oms-import%22,%22pos%22:%22shop/no%22,%22order%22:%7B%22referenceId%22:%22A-2%22,%22orderedAt%22:%222026-11-03T10:00:00.000Z%22,%22status%22:%22PURCHASED%22,%22currencyCode%22:%22EUR%22,%22price%22:30.60,%22paymentType%22:%22other%22,%22orderItems%22:%5B%7B%22type%22:%22TENT%22,%22price%22:30.60,%22name%22:%22Fjell%20%26%20Co%27s%20%231%20%2B%20100%25%20%5C%22wool%5C%22%20%C3%BCnder%22,%22quantity%22:1%7D%5D%7D%7D HTTP/1.1";
    assert_eq!(checkout.line, expected.replace("BROWSER", browser));
    // One IDENTITY, from the newest order, on the browser that the orders use, oldest first.
    let identity: Vec<_> = ann.iter().filter(|request| request.kind() == "IDENTITY").collect();
    assert_eq!(identity.len(), 1);
    assert_eq!(identity[0].message["city"], "Bergen");
    assert_eq!(identity[0].message["email"], "ann@example.com");
    assert_eq!(identity[0].message["browser_id"], browser);
    let order: Vec<_> = ann
        .iter()
        .filter(|request| request.kind() != "BROWSER")
        .map(|request| request.reference())
        .collect();
    assert_eq!(order, ["", "A-1", "A-2"]);
    assert_eq!(
        (service.count("BROWSER"), service.count("IDENTITY"), service.count("ORDER_CHECKOUT")),
        (2, 2, 3)
    );
    assert_eq!(summary["requests"]["total"], 7);
}

#[test]
fn second_run_sends_nothing() {
    let (shop, service) = (TestShop::new(), MockService::start(|_| None));
    assert_eq!(shop.send(&service, "").0, 0);
    let before = service.received().len();
    let (code, _, summary) = shop.send(&service, "");
    assert_eq!((code, service.received().len()), (0, before));
    assert_eq!(summary["orders"]["already_sent"], 3);
    // The same order with another price is reported, not sent.
    fs::write(shop.folder.path().join("orders.csv"), EXPORT.replace(",5,other", ",6,other"))
        .unwrap();
    let (code, _, summary) = shop.send(&service, "");
    assert_eq!((code, service.received().len()), (1, before));
    assert_eq!(summary["orders"]["changed"], 1);
    // A reference that is reused two days later is another order, which the tenant could not
    // distinguish.
    fs::write(shop.folder.path().join("orders.csv"), EXPORT.replace("2026-11-01T", "2026-11-03T"))
        .unwrap();
    let (code, printed, summary) = shop.send(&service, "--max-invalid 50%");
    assert_eq!((code, &summary["orders"]["invalid"]), (1, &Value::from(1)), "{printed}");
    let (code, _, summary) = shop.send(&service, "--set reused_references=send");
    assert_eq!((code, &summary["orders"]["accepted"]), (0, &Value::from(1)));
}

#[test]
fn unanswered_checkout_is_unknown_and_held() {
    let (shop, service) = (TestShop::new(), reply_only_for("A-1", Reply::Disconnect));
    let (code, _, summary) = shop.send(&service, "");
    assert_eq!((code, &summary["orders"]["unknown"]), (3, &Value::from(1)));
    assert_eq!(shop.outcomes("run-1"), ["A-1 unknown", "A-2 accepted", "B-1 accepted"]);
    let before = service.received().len();
    let (code, _, summary) = shop.send(&service, "");
    assert_eq!(
        (code, &summary["orders"]["unknown"], service.received().len()),
        (3, &Value::from(1), before)
    );
    // It is sent again on request.
    let healthy = MockService::start(|_| None);
    let (code, _, summary) = shop.send(&healthy, "--unknown resend --new-target");
    assert_eq!(
        (code, &summary["orders"]["accepted"]),
        (0, &Value::from(3)),
        "another target has no orders yet"
    );
    assert_eq!(shop.send(&service, "--unknown resend").0, 3);
    assert_eq!(service.received().iter().filter(|request| request.reference() == "A-1").count(), 2);
}

#[test]
fn limit_leaves_the_rest_for_the_next_run() {
    let (shop, service) = (TestShop::new(), MockService::start(|_| None));
    let (code, printed, summary) = shop.send(&service, "--limit 2");
    assert_eq!(
        (code, &summary["orders"]["accepted"], &summary["orders"]["not_attempted"]),
        (4, &2.into(), &1.into())
    );
    assert!(printed.contains("the limit of 2 orders was reached"), "{printed}");
    // The oldest orders are sent first.
    assert_eq!(shop.outcomes("run-1"), ["A-1 accepted", "A-2 not_attempted", "B-1 accepted"]);
    let (code, _, summary) = shop.send(&service, "--limit 2");
    assert_eq!(
        (code, &summary["orders"]["accepted"], &summary["orders"]["already_sent"]),
        (0, &1.into(), &2.into())
    );
}

#[cfg(unix)]
#[test]
fn signal_stops_the_run_and_writes_the_report() {
    let shop = TestShop::new();
    // The guest of A-1 is never identified, so the run cannot end by itself before the signal.
    let service = MockService::start(|request| {
        let is_deferred =
            request.kind() == "IDENTITY" && request.message["email"] == "ann@example.com";
        is_deferred.then(|| Reply::status(503))
    });
    let child = process(shop.folder.path())
        .args([
            "send",
            "orders.csv",
            "--client-key",
            "k",
            "--pos",
            "p",
            "--backfill",
            "--out",
            "run-1",
            "--new-ledger",
        ])
        .arg("--base-url")
        .args([
            &service.base_url,
            "--rate",
            "unlimited",
            "--identity-pause",
            "0s",
            "--set",
            "tries=1000000",
        ])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while service.count("ORDER_CHECKOUT") < 1 {
        std::thread::yield_now();
    }
    let kill = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{printed}");
    assert!(printed.contains("interrupted"), "{printed}");
    assert_eq!(shop.outcomes("run-1"), ["A-1 not_attempted", "A-2 not_attempted", "B-1 accepted"]);
}

#[test]
fn rejected_is_final_deferred_is_retried() {
    let expected_message =
        Reply::Response(400, Vec::new(), "{\"message\":\"no such type\"}".into());
    let (shop, service) = (TestShop::new(), reply_only_for("A-1", expected_message));
    assert_eq!(shop.send(&service, "").0, 1);
    assert_eq!(shop.outcomes("run-1"), ["A-1 refused", "A-2 accepted", "B-1 accepted"]);
    assert_eq!(service.count("ORDER_CHECKOUT"), 3);
    let results = fs::read_to_string(shop.folder.path().join("run-1/results.ndjson")).unwrap();
    assert!(results.contains("no such type"));
    let rejects = fs::read_to_string(shop.folder.path().join("run-1/rejects/orders.csv")).unwrap();
    let lines: Vec<_> = EXPORT.lines().collect();
    assert_eq!(rejects, format!("{}\n{}\n", lines[0], lines[2]));

    let later = Reply::Response(503, vec![("retry-after", "0".into())], String::new());
    let (shop, service) = (TestShop::new(), reply_only_for("B-1", later));
    let (code, _, summary) = shop.send(&service, "");
    assert_eq!(
        (code, &summary["orders"]["failed"], &summary["requests"]["retries"]),
        (1, &1.into(), &2.into())
    );
    assert_eq!(service.count("ORDER_CHECKOUT"), 5);
}

#[test]
fn wrong_key_or_redirect_stops_the_run() {
    let (shop, service) = (TestShop::new(), MockService::start(|_| Some(Reply::status(401))));
    let (code, printed, summary) = shop.send(&service, "--in-flight 1");
    assert_eq!((code, &summary["orders"]["not_attempted"]), (4, &Value::from(3)));
    assert!(printed.contains("the client key was refused"), "{printed}");
    let next: Vec<_> =
        summary["next"].as_array().unwrap().iter().map(|step| &step["command"]).collect();
    assert_eq!(next[0], "orderferry help tenant");
    assert!(next[1].as_str().unwrap().starts_with("orderferry send "), "{next:?}");
    let elsewhere = MockService::start(|_| None);
    let location = format!("{}/v1.2/browser/create.json", elsewhere.base_url);
    let redirect = Reply::Response(302, vec![("location", location)], String::new());
    let (shop, service) = (TestShop::new(), MockService::start(move |_| Some(redirect.clone())));
    assert_eq!(shop.send(&service, "").0, 4);
    assert!(elsewhere.received().is_empty());
}

#[test]
fn ambiguous_status_leaves_order_unknown() {
    for status in ["QUEUED", "ACCEPTED", "ok"] {
        let queued = Reply::Response(202, Vec::new(), format!("{{\"status\":\"{status}\"}}"));
        let (shop, service) = (TestShop::new(), reply_only_for("A-1", queued));
        assert_eq!(shop.send(&service, "").0, 3);
        assert_eq!(shop.outcomes("run-1"), ["A-1 unknown", "A-2 accepted", "B-1 accepted"]);
        assert_eq!(shop.send(&service, "").0, 3);
        assert_eq!(
            service.received().iter().filter(|request| request.reference() == "A-1").count(),
            1
        );
    }
}

/// 300 orders of 110 guests: the first responses show the error.
#[test]
fn wrong_base_url_stops_the_run() {
    let page = "<!DOCTYPE html>\n<html><head><title>Fjell</title></head><body>Welcome to our shop</body></html>";
    for (status, body, max_requests) in [(404, page, 64), (403, "", 64), (200, page, 64 + 10)] {
        let reply =
            Reply::Response(status, vec![("content-type", "text/html".into())], body.into());
        let service = MockService::start(move |_| Some(reply.clone()));
        let folder = tempfile::tempdir().unwrap();
        let mut program = program(folder.path());
        program.arg("send").arg(root().join("samples/orders.csv")).args([
            "--out",
            "run",
            "--client-key",
            "k'ey",
        ]);
        program
            .args(["--base-url", &service.base_url])
            .args("--pos p --backfill --rate unlimited".split_whitespace());
        program.arg("--new-ledger");
        let output = program.output().unwrap();
        let printed = String::from_utf8(output.stderr).unwrap();
        let summary = json(&folder.path().join("run/summary.json"));
        assert_eq!(
            (output.status.code(), &summary["orders"]["not_attempted"]),
            (Some(4), &300.into()),
            "{printed}"
        );
        let expected = format!("error: {}/v1.2/browser/create.json: ", service.base_url);
        assert!(
            printed.contains(&expected) && printed.contains(&format!("HTTP {status}")),
            "{printed}"
        );
        assert!(
            printed.contains(": the base URL or the client key is wrong\n  hint: check base_url"),
            "{printed}"
        );
        assert!(!printed.contains("client_key="), "{printed}");
        assert!(service.n_received() <= max_requests, "{} requests", service.n_received());
    }
}

#[test]
fn unreachable_service_fails_orders_without_url_leak() {
    let (shop, mut service) = (TestShop::new(), MockService::start(|_| None));
    // No server listens on the discard port.
    service.base_url = "http://127.0.0.1:9".into();
    let (code, printed, summary) = shop.send(&service, "");
    assert_eq!((code, &summary["orders"]["failed"]), (1, &Value::from(3)));
    let results = fs::read_to_string(shop.folder.path().join("run-1/results.ndjson")).unwrap();
    for secret in ["message=", "client_key", "k'e", "ann@"] {
        assert!(
            !printed.contains(secret) && !results.contains(secret),
            "{secret}: {printed} {results}"
        );
    }
}
