//! Test of a whole repair: a messy export is sent, its rejects are corrected in place as
//! `problems.csv` and `results.csv` tell, and sent again, until each order is accepted once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;

use crate::support::{
    service::{MockService, ReceivedRequest, Reply},
    workspace::{RunResult, Workspace},
};

const PROFILE: &str = r#"name = "shop"
items = "lines"
[order]
referenceId = { column = "No", path = "id" }
orderedAt = { column = "Date", path = "created" }
status = { column = "State", path = "state", values = { paid = "PURCHASED" } }
currencyCode = { column = "Currency", path = "currency", optional = true }
price = { column = "Total", path = "total" }
paymentType = { value = "PayPal" }
[item]
productId = { column = "SKU", path = "sku" }
name = { column = "Title", path = "title" }
quantity = { column = "Qty", path = "qty" }
price = { column = "Price", path = "price" }
[guest]
email = { column = "Mail", path = "mail" }
lastname = { column = "Name", path = "name", optional = true }
city = { column = "City", path = "city", optional = true }
"#;

/// A byte order mark, CRLF, quotes, line breaks in cells, an order with scattered rows, and a last
/// row without a line break.
const CSV: &str = "\u{feff}No,Date,State,Currency,Total,SKU,Title,Qty,Price,Mail,Name,City,Note\r
C-1,2026-11-02T10:00:00Z,paid,EUR,30.60,A1,Rope,1,20.60,ann@example.com,Ann,Bonn,\r
C-1,,,,,A2,Hook,1,10,,,,\"two\r
lines\"\r
C-2,2026-11-02T11:00:00Z,paid,EUR,\"129,95\",A1,Rope,1,129.95,ben@example.com,Ben,Bonn,\r
C-3,2026-11-02T12:00:00,paid,EUR,20.00,A1,Rope,1,10,cy@example.com,Cy,Bonn,\r
C-4,2026-11-02T13:00:00Z,paied,EUR,10,A1,\"Rope, \"\"red\"\"\r
and long\",1,10,dan@example.com,Dan,Bonn,\"a, note\"\r
C-5,2026-11-02T14:00:00Z,paid,EUR,10,A1,Rope,1,10,,Eve,Bonn,\r
C-6,2026-11-02T15:00:00Z,paid,EUR,10,A1,Rope,1,10,flo@example.com,Flo,Atlantis,\r
C-7,2026-11-02T16:00:00Z,paid,EUR,10,A1,Contraband,1,10,gus@example.com,Gus,Bonn,\r
C-3,,,,,A2,Hook,1 pcs,10,,,,";

const NDJSON: &str = r#"{"id":"J-1","created":"2026-11-02T10:00:00Z","state":"paid","currency":"EUR","total":10,"mail":"hal@example.com","lines":[{"sku":"A1","title":"Rope","qty":1,"price":10}]}
{"id":"J-2","created":"2026-11-02T10:00:00Z","state":"paid","currency":"EUR","total":20,"mail":"ida@example.com","lines":[{"sku":"A1","title":"Rope","qty":1,"price":10},{"sku":"A2","title":"Hook","qty":"1 pcs","price":10}]}
{"id":"J-3","created":"2026-11-02T10:00:00Z","state":"paid","currency":"EUR","total":10,"mail":"joe","lines":[{"sku":"A1","title":"Rope","qty":1,"price":10}]}
{"id":"J-4","created":"2026-11-02T10:00:00Z","state":"paid","total":10,"mail":"kay@example.com","lines":[{"sku":"A1","title":"Rope","qty":1,"price":10}]}
{"id":"J-5","created":"2026-11-02T10:00:00Z","state":"paid","currency":"EUR","total":10,"mail":"hal@example.com","lines":[{"sku":"A1","title":"Contraband","qty":1,"price":10}]}
"#;

/// The correct values, as the shop knows them: by the order, and the column, the path, the field of
/// a missing value, or the reason of the service.
const CORRECT: &[(&str, &str, &str, &str)] = &[
    ("C-2", "Total", "Total", "129.95"),
    ("C-3", "Date", "Date", "2026-11-02T12:00:00+01:00"),
    ("C-3", "Qty", "Qty", "1"),
    ("C-4", "State", "State", "paid"),
    ("C-5", "guest.email", "Mail", "eve@example.com"),
    ("C-6", "no such city", "City", "Atlanta"),
    ("C-7", "not sold here", "Title", "Rope"),
    ("J-2", "lines[1].qty", "/lines/1/qty", "1"),
    ("J-3", "mail", "/mail", "joe@example.com"),
    ("J-4", "currencyCode", "/currency", "EUR"),
    ("J-5", "not sold here", "/lines/0/title", "Rope"),
];

/// A correction of the cell at a line of the input.
struct Correction {
    file: String,
    line: u64,
    /// The column, or the pointer to a value.
    cell: &'static str,
    value: &'static str,
}

/// The reply of a service that refuses what it does not know.
fn refuse(request: &ReceivedRequest) -> Option<Reply> {
    let says = |text: &str| {
        Some(Reply::Response(400, Vec::new(), format!(r#"{{"status":400,"message":"{text}"}}"#)))
    };
    if request.message["city"] == "Atlantis" {
        return says("no such city");
    }
    let is_contraband = request.message.to_string().contains("Contraband");
    is_contraband.then(|| says("not sold here")).flatten()
}

/// The rows of a table of the run folder, by the names of its columns.
fn table(run: &RunResult, name: &str) -> Vec<BTreeMap<String, String>> {
    let text = run.text(name);
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

/// What is wrong by both tables, with what the shop corrects it to.
fn corrections(run: &RunResult) -> Vec<Correction> {
    let of_problems =
        table(run, "problems.csv").into_iter().filter(|row| row["severity"] == "error");
    let of_service =
        table(run, "results.csv").into_iter().filter(|row| row["outcome"] == "refused");
    let correction = |row: BTreeMap<String, String>| {
        let what = ["column_name", "field", "reason"].map(|name| row.get(name).cloned());
        let is_meant = |(reference, said, ..): &&(&str, &str, _, _)| {
            let says = |text: &String| !text.is_empty() && text.contains(said);
            row["referenceId"] == *reference && what.iter().flatten().any(says)
        };
        let (_, _, cell, value) = CORRECT.iter().find(is_meant).unwrap_or_else(|| {
            panic!("no correction of {row:?}");
        });
        Correction { file: row["file"].clone(), line: row["line"].parse().unwrap(), cell, value }
    };
    of_problems.chain(of_service).map(correction).collect()
}

/// The rows of the rejects of an input, by their first lines in it: the reasons have them.
fn lines_of_rejects(run: &RunResult, file: &str) -> Vec<u64> {
    let reasons = run.text(&format!("rejects/{file}.reasons.ndjson"));
    let reasons = reasons.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines: BTreeSet<u64> = reasons
        .flat_map(|reason| reason["lines"].as_array().unwrap().clone())
        .map(|line| line.as_u64().unwrap())
        .collect();
    lines.into_iter().collect()
}

/// Corrects the cells of the rejects of one input in place.
fn repair(run: &RunResult, file: &str, corrections: &[Correction]) {
    let (lines, path) = (lines_of_rejects(run, file), run.path(format!("rejects/{file}")));
    let text = fs::read_to_string(&path).unwrap();
    let of_file = corrections.iter().filter(|correction| correction.file == file);
    // A cell may be on a later line of its row.
    let row_of = |line: u64| lines.partition_point(|first| *first <= line) - 1;
    let repaired = if Path::new(file).extension() == Some("csv".as_ref()) {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let mut rows: Vec<Vec<String>> = reader.deserialize().map(Result::unwrap).collect();
        for Correction { line, cell, value, .. } in of_file {
            let column = rows[0].iter().position(|name| name == cell).unwrap();
            (*value).clone_into(&mut rows[1 + row_of(*line)][column]);
        }
        let mut writer =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(vec![]);
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    } else {
        let mut rows: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for Correction { line, cell, value, .. } in of_file {
            let (above, name) = cell.rsplit_once('/').unwrap();
            rows[row_of(*line)].pointer_mut(above).unwrap()[name] = (*value).into();
        }
        let lines: Vec<_> = rows.iter().map(Value::to_string).collect();
        lines.join("\n") + "\n"
    };
    fs::write(path, repaired).unwrap();
}

/// The references of the orders that the service accepted, sorted; one accepted twice is there
/// twice.
fn accepted(service: &MockService) -> Vec<String> {
    let exchanges = service.exchanges().into_iter();
    let is_accepted =
        exchanges.filter(|exchange| exchange.request.is_checkout() && exchange.status == Some(201));
    let mut references: Vec<_> =
        is_accepted.map(|exchange| exchange.request.reference().to_owned()).collect();
    references.sort();
    references
}

#[test]
fn repaired_rejects_complete_the_export() {
    let workspace = Workspace::with("orders.csv", CSV);
    workspace.file("orders.ndjson", NDJSON).file("shop.toml", PROFILE);
    let service = MockService::start(refuse);
    let send = |inputs: &str| {
        workspace.run(&format!(
            "send {inputs} --profile shop.toml --base-url {} --client-key key --pos shop \
             --results-csv --max-invalid 100% --backfill --identity-pause 0s",
            service.base_url
        ))
    };
    let first = send("orders.csv orders.ndjson");
    assert_eq!(first.code, 1, "{}", first.err);
    let mut outcomes: Vec<_> = first.outcomes().split(", ").map(str::to_owned).collect();
    outcomes.sort();
    insta::assert_snapshot!(outcomes.join("\n"), @r"
    C-1 accepted
    C-2 invalid
    C-3 invalid
    C-4 invalid
    C-5 invalid
    C-6 refused
    C-7 refused
    J-1 accepted
    J-2 invalid
    J-3 invalid
    J-4 invalid
    J-5 refused
    ");
    assert_eq!(accepted(&service), ["C-1", "J-1"]);

    let corrections = corrections(&first);
    assert_eq!(corrections.len(), CORRECT.len());
    for file in ["orders.csv", "orders.ndjson"] {
        repair(&first, file, &corrections);
    }
    let rejects = "run-1/rejects/orders.csv run-1/rejects/orders.ndjson";
    let second = send(rejects);
    assert_eq!(second.code, 0, "{}\n{}", second.err, second.report());
    let all = "C-1 C-2 C-3 C-4 C-5 C-6 C-7 J-1 J-2 J-3 J-4 J-5".split(' ').collect::<Vec<_>>();
    assert_eq!(accepted(&service), all);

    // Both the rejects and the repaired export come again, and nothing is sent.
    let n_received = service.n_received();
    for inputs in [rejects, "run-1/rejects/orders.csv"] {
        let again = send(inputs);
        assert_eq!(again.code, 0, "{}", again.err);
        assert!(again.results().iter().all(|result| result["outcome"] == "already_sent"));
    }
    assert_eq!(service.n_received(), n_received);
}
