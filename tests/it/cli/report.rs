//! Tests of the run folder: file modes, consistent counts and sums, and byte-identical rejects.

use std::{fs, str::FromStr};

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{
    REQUEST_KINDS, request_count,
    service::{MockService, Reply},
    workspace::{ExportRow, HEADER, RunResult, Workspace, export, row},
};

/// Valid orders, an order with an invalid price, one with an invalid guest, one skipped, one in
/// another currency.
fn mixed() -> Workspace {
    let profile = Workspace::new().run("profiles show canonical").out;
    let workspace = Workspace::with(
        "mixed.toml",
        profile.replace(
            "[order]\n",
            "[[skip]]\nreason = 'test orders'\nwhen = { column = 'item.name', is = 'Test' }\n\n[order]\n",
        ),
    );
    let invalid = ExportRow { reference: "A-3", price: "x", ..ExportRow::default() }.csv();
    let priced_invalid =
        ExportRow { reference: "A-4", email: "no address", price: "0.1", ..ExportRow::default() }
            .csv();
    let skipped =
        ExportRow { reference: "A-5", name: "Test", price: "100", ..ExportRow::default() }.csv();
    let yen = row("A-6").replace("EUR", "JPY");
    workspace.file(
        "orders.csv",
        format!("{}{invalid}{priced_invalid}{skipped}{yen}", export(&["A-1", "A-2", "A-2"])),
    );
    workspace
}

fn assert_consistent(ran: &RunResult) {
    let summary = ran.summary();
    let outcomes = |counts: &Value| -> Vec<(String, Value)> {
        let counts = counts.as_object().unwrap().iter();
        counts
            .filter(|(name, _)| !["read", "currency", "orders"].contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    let n_orders: u64 =
        outcomes(&summary["orders"]).iter().map(|(_, count)| count.as_u64().unwrap()).sum();
    assert_eq!(summary["orders"]["read"], n_orders);
    for (name, count) in outcomes(&summary["orders"]) {
        let listed =
            ran.results().iter().filter(|result| result["outcome"] == name.as_str()).count();
        assert_eq!(count, listed, "{name}");
    }
    for money in summary["money"].as_array().unwrap() {
        let amount = |value: &Value| Decimal::from_str(value.as_str().unwrap()).unwrap();
        let total: Decimal = outcomes(money).iter().map(|(_, sum)| amount(sum)).sum();
        assert_eq!(amount(&money["read"]), total);
    }
    let of_kinds: u64 = REQUEST_KINDS.iter().map(|kind| request_count(&summary, kind)).sum();
    assert_eq!(summary["requests"]["total"], of_kinds);
    let n_rows: u64 = summary["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|input| input["rows"].as_u64().unwrap())
        .sum();
    assert_eq!(summary["rows"], n_rows);
}

#[test]
fn outcomes_partition_orders() {
    let workspace = mixed();
    let check = workspace.run("check orders.csv --pos x --profile mixed.toml --max-invalid 100%");
    assert_consistent(&check);
    assert_eq!(check.code, 1);
    let summary = check.summary();
    let orders: Vec<_> = ["read", "valid", "invalid", "skipped"]
        .iter()
        .map(|name| summary["orders"][name].as_u64().unwrap())
        .collect();
    assert_eq!(orders, [6, 3, 2, 1]);
    assert_eq!(
        (&summary["rows"], &summary["items"], &summary["orders_without_amount"]),
        (&7.into(), &4.into(), &1.into())
    );
    let eur = &summary["money"][0];
    assert_eq!(
        [&eur["read"], &eur["valid"], &eur["invalid"], &eur["skipped"]],
        ["161.30", "61.20", "0.1", "100"]
    );
    let send = workspace
        .run("send orders.csv --sandbox --rate unlimited --identity-pause 0s --profile mixed.toml --max-invalid 100%");
    assert_consistent(&send);
    assert_eq!(send.summary()["money"][0]["accepted"], "61.20");
    assert_consistent(&workspace.run("check orders.csv --pos x --profile mixed.toml"));
}

#[test]
fn results_match_the_documented_fields() {
    let ran = mixed()
        .run("send orders.csv --sandbox --rate unlimited --identity-pause 0s --profile mixed.toml --max-invalid 100%");
    let browsers: Vec<_> = ran
        .results()
        .iter()
        .filter_map(|result| result["browser_id"].as_str().map(str::to_owned))
        .collect();
    let text =
        browsers.iter().fold(ran.text("results.ndjson"), |text, id| text.replace(id, "BROWSER"));
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"referenceId":"A-1","orderedAt":"2025-03-01T10:00:00.000Z","outcome":"accepted","source":{"file":"orders.csv","line":2},"attempts":1,"http_status":201,"reason":null,"browser_id":"BROWSER","problems":[]}
    {"referenceId":"A-2","orderedAt":"2025-03-01T10:00:00.000Z","outcome":"accepted","source":{"file":"orders.csv","line":3},"attempts":1,"http_status":201,"reason":null,"browser_id":"BROWSER","problems":[{"code":"total_differs","severity":"warning","field":"price","file":"orders.csv","line":3,"column":40,"column_name":"price","message":"the items add up to 61.20, the order's price is 30.60"}]}
    {"referenceId":"A-3","orderedAt":"2025-03-01T10:00:00.000Z","outcome":"invalid","source":{"file":"orders.csv","line":5},"attempts":0,"http_status":null,"reason":null,"problems":[{"code":"number_unreadable","severity":"error","field":"price","file":"orders.csv","line":5,"column":40,"column_name":"price","message":"\"x\" is not a decimal number such as 1234.50"}]}
    {"referenceId":"A-4","orderedAt":"2025-03-01T10:00:00.000Z","outcome":"invalid","source":{"file":"orders.csv","line":6},"attempts":0,"http_status":null,"reason":null,"problems":[{"code":"total_differs","severity":"warning","field":"price","file":"orders.csv","line":6,"column":40,"column_name":"price","message":"the items add up to 30.60, the order's price is 0.1"},{"code":"email_implausible","severity":"error","field":"guest.email","file":"orders.csv","line":6,"column":68,"column_name":"guest.email","message":"\"n***\" has no @"}]}
    {"referenceId":"A-5","orderedAt":"2025-03-01T10:00:00.000Z","outcome":"skipped","source":{"file":"orders.csv","line":7},"attempts":0,"http_status":null,"reason":"test orders","problems":[]}
    {"referenceId":"A-6","orderedAt":"2025-03-01T10:00:00.000Z","outcome":"accepted","source":{"file":"orders.csv","line":8},"attempts":1,"http_status":201,"reason":null,"browser_id":"BROWSER","problems":[]}
    "#);
}

#[test]
fn rejects_are_byte_identical() {
    let quoted = "A-3,2025-03-01T10:00:00Z,PURCHASED,EUR, x ,other,GEAR,\"Rö\n\"\"pe\"\"\",30.60,1,ann@example.com,Smith";
    let second = "A-3,,,,,,GEAR,  second ,1,1,,";
    for line_break in ["\n", "\r\n"] {
        let (first, last) = (row("A-1"), row("A-2"));
        let lines = [HEADER.trim_end(), first.trim_end(), quoted, last.trim_end(), second];
        let content = format!("\u{feff}{}{line_break}", lines.join(line_break));
        let workspace = Workspace::with("orders.csv", &content);
        let ran = workspace.run("check orders.csv --pos x --max-invalid 100%");
        assert_eq!(ran.outcomes(), "A-1 valid, A-3 invalid, A-2 valid");
        let rejects = ran.text("rejects/orders.csv");
        let marked = format!("\u{feff}{}", HEADER.trim_end());
        assert_eq!(
            rejects,
            [&marked, quoted, second].map(|line| format!("{line}{line_break}")).concat()
        );
        workspace.file("corrected.csv", rejects.replace(" x ", "31.60"));
        let again = workspace.run("check corrected.csv --pos x");
        assert_eq!((again.code, again.outcomes().as_str()), (0, "A-3 valid"), "{}", again.report());
    }
}

#[test]
fn non_empty_run_folder_is_refused() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    workspace.file("full/note.txt", "mine");
    let ran = workspace.run("check orders.csv --pos x --out full");
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.err,
        "error: full: the run folder exists and is not empty\n  hint: name another folder with --out, or omit --out for a new one\n"
    );
    assert_eq!(fs::read_dir(workspace.path("full")).unwrap().count(), 1);
    fs::create_dir(workspace.path("empty")).unwrap();
    assert_eq!(workspace.run("check orders.csv --pos x --out empty").code, 0);
    assert!(workspace.path("empty/summary.json").exists());
    // Missing parent folders are created.
    let named = workspace.run("check orders.csv --pos x --format json --out orderferry-runs/x");
    assert_eq!(named.code, 0);
}

#[cfg(unix)]
#[test]
fn run_folder_is_private() {
    use std::os::unix::fs::PermissionsExt;
    fn visit(folder: &std::path::Path, modes: &mut Vec<(String, u32)>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            modes.push((entry.file_name().to_string_lossy().into_owned(), mode));
            if entry.path().is_dir() {
                visit(&entry.path(), modes);
            }
        }
    }
    let ran = mixed()
        .run("send orders.csv --sandbox --rate unlimited --identity-pause 0s --profile mixed.toml --max-invalid 100%");
    assert_eq!(ran.code, 1);
    let mut modes =
        vec![("run".to_owned(), fs::metadata(ran.path("")).unwrap().permissions().mode() & 0o777)];
    visit(&ran.path(""), &mut modes);
    modes.sort();
    for (name, mode) in &modes {
        let expected = if ["run", "rejects"].contains(&name.as_str()) { 0o700 } else { 0o600 };
        assert_eq!(*mode, expected, "{name}");
    }
    assert!(modes.iter().any(|(name, _)| name.contains("ledger")) && modes.len() >= 8, "{modes:?}");
}

#[test]
fn non_ledger_file_is_refused() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    workspace.file(
        "notes.txt",
        "no database at all, though long enough to be looked at as one ".repeat(100),
    );
    for command in ["check", "send --backfill"] {
        let target = "--pos x --base-url http://127.0.0.1:1 --client-key k";
        let ran = workspace.run(&format!("{command} orders.csv {target} --ledger notes.txt"));
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.starts_with("error: notes.txt is not an orderferry ledger"), "{}", ran.err);
        // The report of a run that read nothing is written nevertheless.
        assert_eq!((ran.summary()["exit_code"].as_u64(), ran.results().len()), (Some(2), 0));
        assert_eq!(ran.summary()["rows"], 0);
        assert_eq!(ran.summary()["requests"]["total"], 0);
    }
}

#[test]
fn problems_name_the_column_or_the_path() {
    let csv = ExportRow { reference: "A-1", price: "x", ..ExportRow::default() }.csv();
    let json = r#"{"referenceId":"A-1","orderedAt":"2025-03-01T10:00:00Z","status":"PURCHASED",
        "currencyCode":"EUR","price":30.6,"paymentType":"Cash","guest":{"email":"ann@example.com"},
        "orderItems":[{"type":"TICKET","price":30.6},{"type":"TICKET","price":"x"}]}"#;
    for (file, content, expected) in [
        ("orders.csv", format!("{}{csv}", export(&[])), "price"),
        ("orders.ndjson", json.replace('\n', ""), "orderItems[1].price"),
    ] {
        let workspace = Workspace::with(file, content);
        let ran = workspace.run(&format!("check {file} --pos x --max-invalid 100%"));
        let results = ran.results();
        let mut problems = results[0]["problems"].as_array().unwrap().iter();
        let problem = problems.find(|problem| problem["code"] == "number_unreadable").unwrap();
        assert_eq!(problem["column_name"], expected);
    }
}

#[test]
fn missing_value_names_where_it_is_looked_for() {
    let csv = ExportRow { reference: "A-1", price: "", ..ExportRow::default() }.csv();
    let json = r#"{"referenceId":"A-1","orderedAt":"2025-03-01T10:00:00Z","status":"PURCHASED",
        "currencyCode":"EUR","price":null,"paymentType":"Cash","guest":{"email":"ann@example.com"},
        "orderItems":[{"type":"TICKET","price":30.6}]}"#;
    let json = json.replace('\n', "");
    // A path that no document has is an error of the profile.
    let other = json.replace("A-1", "A-2").replace("null", "30.6");
    let lines = format!("{json}\n{other}\n");
    let profile = "name = 'shop'\nextends = 'canonical'\n[order]\n\
                   price = { column = ['price', 'Total'], path = ['price', 'total.value'] }\n";
    for (file, content, name) in [
        (
            "orders.csv",
            format!("{}{csv}", export(&[])).replacen("note", "Total", 1),
            "price, Total",
        ),
        ("orders.ndjson", lines, "price, total.value"),
    ] {
        let workspace = Workspace::with(file, content);
        workspace.file("shop.toml", profile);
        let command = "--pos x --max-invalid 100% --results-csv";
        for (profile, name) in [("canonical", "price"), ("shop.toml", name)] {
            let ran = workspace.run(&format!("check {file} {command} --profile {profile}"));
            let results = ran.results();
            let mut problems = results[0]["problems"].as_array().unwrap().iter();
            let problem = problems.find(|one| one["code"] == "missing_attribute").unwrap();
            assert_eq!(problem["column_name"], name);
            assert!(ran.text("problems.csv").contains(name), "{}", ran.text("problems.csv"));
            assert!(ran.text("report.html").contains(name));
            let (line, column) = (&problem["line"], &problem["column"]);
            let word = if file.ends_with("csv") { "column " } else { "" };
            let place = format!("{file}:{line}:{column}  order A-1, {word}{name}");
            assert!(ran.out.contains(&place), "{place}: {}", ran.out);
        }
    }
}

/// What concerns a row or an order as a whole is shown by the first line of it.
#[test]
fn line_of_a_row_is_shown_without_a_cell() {
    let line_of = |file: &str, content: &str, code: &str, options: &str| {
        let workspace = Workspace::with(file, content);
        let check = format!("check {file} --pos x --max-invalid 100%{options}");
        let ran = workspace.run(&check);
        let mut shown = ran.out.lines().skip_while(|line| !line.contains(&format!("[{code}]")));
        let line = shown.find(|line| line.contains(" | "));
        line.unwrap_or_else(|| panic!("{code} in {}{}", ran.out, ran.err)).to_owned()
    };
    let accept = " --set unreadable_rows=accept";
    let csv = export(&["A-1", "B-1"]);
    let json = |reference: &str| {
        format!(
            "{{\"referenceId\":{reference},\"orderedAt\":\"2025-03-01T10:00:00Z\",\"status\":\
             \"PURCHASED\",\"currencyCode\":\"EUR\",\"price\":30.6,\"paymentType\":\"Cash\",\
             \"guest\":{{\"email\":\"ann@example.com\"}},\"orderItems\":[{{\"type\":\"TICKET\",\
             \"price\":30.6,\"name\":\"Rope\",\"quantity\":1,\"productId\":\"R-1\"}}]}}\n"
        )
    };
    let lines = json("\"A-1\"") + &json("\"B-1\"");
    let without_key = ExportRow { reference: "", ..ExportRow::default() }.csv();
    let found = [
        line_of("orders.csv", &csv, "content_repeated", ""),
        line_of("orders.ndjson", &lines, "content_repeated", ""),
        line_of("orders.csv", &format!("{csv}Ann,b\n"), "row_unreadable", accept),
        line_of("orders.ndjson", &format!("{lines}{{\"Ann\n"), "row_unreadable", accept),
        line_of("orders.csv", &format!("{HEADER}{without_key}"), "row_without_key", ""),
        line_of("orders.ndjson", &json("null"), "row_without_key", ""),
        line_of("orders.csv", &csv, "event_too_large", " --max-url-bytes 400"),
        line_of("orders.ndjson", &lines, "event_too_large", " --max-url-bytes 400"),
    ];
    insta::assert_snapshot!(found.join("\n"), @r#"
    3 | B-1,2025-03-01T10:00:00Z,PURCHASED,EUR,30.60,other,GEAR,Rope,30.60,1,**…
    2 | {"referenceId":"B-1","orderedAt":"2025-03-01T10:00:00Z","status":"PURCH…
    4 | ***,***
    3 | {"***
    2 | ,***-***-***:***:***,***,***,***.***,***,***,***,***.***,***,***.***,***
    1 | {"referenceId":null,"orderedAt":"2025-03-01T10:00:00Z","status":"PURCHA…
    2 | A-1,2025-03-01T10:00:00Z,PURCHASED,EUR,30.60,other,GEAR,Rope,30.60,1,**…
    1 | {"referenceId":"A-1","orderedAt":"2025-03-01T10:00:00Z","status":"PURCH…
    "#);
}

#[test]
fn summary_names_the_setup_but_no_key() {
    let workspace = Workspace::with("orders.csv", export(&["A-1", "A-2"]));
    workspace.file(
        "orderferry.toml",
        "in_flight = 7\nrate = '5/s'\n[targets.eu]\nbase_url = 'https://example.com'\nclient_key = 's3cret'\npos = 'shop/eu'\npage = 'import'\n",
    );
    let check = workspace.run("check orders.csv --to eu --rate 10/s --set tries=3").summary();
    assert_eq!(check["version"], env!("CARGO_PKG_VERSION"));
    let setup = |summary: &Value| {
        ["target", "pos", "profile", "settings", "orders_from", "orders_to"]
            .map(|key| format!("{key}: {}", summary[key]))
            .join("\n")
    };
    insta::assert_snapshot!(setup(&check), @r#"
    target: {"base_url":"https://example.com","hash":"ee63b1ce","name":"eu","sandbox":false}
    pos: "shop/eu"
    profile: "canonical"
    settings: {"in_flight":"7","page":"import","rate":"10/s","tries":"3"}
    orders_from: "2025-03-01T10:00:00.000Z"
    orders_to: "2025-03-01T10:00:00.000Z"
    "#);
    assert!(!check.to_string().contains("s3cret"), "{check}");

    let sandbox = workspace
        .run("send orders.csv --sandbox --rate unlimited --identity-pause 0s --client-key s3cret");
    let summary = sandbox.summary();
    assert_eq!(
        (&summary["target"]["sandbox"], &summary["pos"], &summary["target"]["name"]),
        (&true.into(), &"sandbox".into(), &Value::Null)
    );
    assert!(!summary.to_string().contains("s3cret"), "{summary}");
    // Without a target there is none to name.
    let none = workspace.file("none.toml", "").run("check orders.csv --pos x --config none.toml");
    assert_eq!((&none.summary()["target"], &none.summary()["pos"]), (&Value::Null, &"x".into()));
}

#[test]
fn rows_of_problems_are_shown_without_personal_data() {
    let json = r#"{"referenceId":"A-1","orderedAt":"2025-03-01T10:00:00Z","status":"PURCHASED","#
        .to_owned()
        + r#""currencyCode":"EUR","price":"12,50","paymentType":"PayPal","customer_note":"secret","#
        + r#""guest":{"email":"ann.secret@example.com","lastname":"Secret"}}"#;
    let csv = ExportRow { reference: "A-1", price: "\"12,50\"", ..ExportRow::default() }.csv();
    let csv = format!("{}{csv}", export(&[])).replace("Smith", "Secret");
    for (file, content) in [("orders.csv", csv), ("orders.ndjson", json)] {
        let workspace = Workspace::with(file, &content);
        let piped = workspace.run(&format!("check {file} --pos x --max-invalid 100%"));
        let shown: Vec<_> =
            piped.out.lines().skip_while(|line| !line.contains("[number_unreadable]")).collect();
        assert!(shown[1].starts_with(&format!(" --> {file}:")), "{}", piped.out);
        assert!(shown[1].contains("order A-1, "), "{}", piped.out);
        let (line, carets) = (shown[3], shown[4]);
        let start = carets.chars().position(|char| char == '^').unwrap();
        let marked: String = line.chars().skip(start).take(carets.matches('^').count()).collect();
        assert_eq!(marked, "\"12,50\"");
        for line in piped.out.lines() {
            assert!(!line.to_lowercase().contains("secret"), "{line}");
            assert!(!line.contains('\u{1b}'), "{line}");
        }
    }
}

/// The SHA-256 of a text, in hexadecimal digits.
fn sha256(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Whether the export is read once, twice, or once more after a pass that stopped early.
#[test]
fn summary_has_the_hash_of_each_input() {
    let check = "check orders.csv --pos x --max-invalid 100%";
    let hash = |ran: &RunResult| ran.summary()["inputs"][0]["sha256"].clone();
    let many: String = (0..21_000).map(|n| row(&format!("A-{n}"))).collect();
    for content in [
        export(&["A-1", "A-2"]),
        export(&["A-1", "A-2", "A-1"]),
        format!("{HEADER}{}", many.repeat(2)),
    ] {
        let workspace = Workspace::with("orders.csv", &content);
        assert_eq!(hash(&workspace.run(check)), sha256(&content));
    }
    let content = export(&["A-1"]);
    let piped =
        Workspace::new().run_with(&check.replace("orders.csv", "-"), &[], content.as_bytes());
    assert_eq!(hash(&piped), sha256(&content));
    let unreadable = format!("{content},x\n");
    let refused = Workspace::with("orders.csv", &unreadable).run(check);
    assert_eq!((refused.code, hash(&refused)), (2, sha256(&unreadable).into()), "{}", refused.err);
    let not_read = Workspace::with("orders.csv", "no,columns\n1,2\n").run(check);
    assert_eq!((not_read.code, hash(&not_read)), (2, Value::Null));
}

/// Accepted, refused, unknown, of a guest that cannot be identified, and never sent.
#[test]
fn results_have_the_browser_of_each_order_that_was_sent() {
    let rows: String = [
        ("A-1", "ann@example.com", "30.60"),
        ("A-2", "bob@example.com", "30.60"),
        ("A-3", "cid@example.com", "30.60"),
        ("A-4", "dan@example.com", "30.60"),
        ("A-5", "eve@example.com", "x"),
    ]
    .map(|(reference, email, price)| {
        let row = ExportRow { reference, price, email, ..ExportRow::default() }.csv();
        row.replace('\n', ",P-1\n")
    })
    .concat();
    let header = HEADER.replace('\n', ",item.productId\n");
    for mode in ["single", "multi"] {
        let service = MockService::start(|request| match request.kind() {
            "IDENTITY" => {
                request.message["email"].as_str()?.starts_with("dan").then(|| Reply::status(400))
            }
            _ if !request.is_checkout() => None,
            _ => match request.reference() {
                "A-2" => Some(Reply::status(400)),
                "A-3" => Some(Reply::status(500)),
                _ => None,
            },
        });
        let ran = Workspace::with("orders.csv", format!("{header}{rows}")).run(&format!(
            "send orders.csv --pos x --mode {mode} --max-invalid 100% --rate unlimited \
             --identity-pause 0s --backfill --base-url {} --client-key key",
            service.base_url
        ));
        let mut found: Vec<_> = ran
            .results()
            .iter()
            .map(|result| json!([result["referenceId"], result["outcome"], result["browser_id"]]))
            .collect();
        found.sort_by_key(Value::to_string);
        let browser = |reference: &str| {
            let received = service.received();
            let checkout = received
                .iter()
                .rfind(|request| request.is_checkout() && request.reference() == reference);
            checkout.unwrap().browser().to_owned()
        };
        assert!(!browser("A-1").is_empty());
        let expected = [
            json!(["A-1", "accepted", browser("A-1")]),
            json!(["A-2", "refused", browser("A-2")]),
            json!(["A-3", "unknown", browser("A-3")]),
            json!(["A-4", "refused", null]),
            json!(["A-5", "invalid", null]),
        ];
        assert_eq!(found, expected, "{mode}: {}", ran.err);
    }
}

/// Another profile, another target and a run that read nothing are not compared with.
#[test]
fn summary_names_the_previous_run_of_profile_and_target() {
    let workspace = Workspace::with("orders.csv", export(&["A-1", "A-2"]));
    let check = "check orders.csv --pos x";
    let target = "--base-url http://127.0.0.1:9 --client-key key";
    let previous = |ran: &RunResult| ran.summary()["previous"].clone();
    let first = workspace.run(check);
    assert_eq!(previous(&first), Value::Null);
    workspace.file("orders.csv", export(&["A-1", "A-2", "A-3"]));
    let second = workspace.run(check);
    let was = first.summary();
    assert_eq!(
        previous(&second),
        json!({
            "run_id": was["run_id"],
            "command": "check",
            "started_at": was["started_at"],
            "exit_code": 0,
            "orders": was["orders"],
        })
    );
    assert_eq!(previous(&workspace.run(&format!("{check} {target}"))), Value::Null);
    let profile = workspace.run("profiles show canonical").out;
    workspace.file("own.toml", profile).file("empty.csv", HEADER);
    assert_eq!(previous(&workspace.run(&format!("{check} --profile own.toml"))), Value::Null);
    workspace.run("check empty.csv --pos x");
    assert_eq!(previous(&workspace.run(check))["run_id"], second.summary()["run_id"]);
}
