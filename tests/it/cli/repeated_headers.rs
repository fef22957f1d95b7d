//! Tests of exports appended to one another, whose header is repeated within a file: what is above
//! one and what is below it is never one order, and the rejects say so again.

use std::{fs, slice};

use crate::support::{
    service::MockService,
    workspace::{ExportRow, HEADER, RunResult, Workspace, row},
};

/// A profile whose orders may have rows of several files.
const JOINED: &str = "join_files = true";

/// One of the two rows of an order: alone, its total differs.
fn half(name: &str) -> String {
    ExportRow { price: "61.20", name, ..ExportRow::default() }.csv()
}

/// The rejected orders with the codes of their problems, sorted.
fn rejected(ran: &RunResult) -> Vec<String> {
    let results = ran.results().into_iter().filter(|result| result["outcome"] != "valid");
    let mut rejected: Vec<_> = results
        .map(|result| {
            let problems = result["problems"].as_array().unwrap();
            let mut codes: Vec<_> = problems.iter().map(|problem| &problem["code"]).collect();
            codes.sort_by_key(|code| code.as_str());
            format!("{} {codes:?}", result["referenceId"])
        })
        .collect();
    rejected.sort();
    rejected
}

/// Checks the files and then their rejects, and returns the rejects of the first file.
fn check_again(files: &[String], options: &str, encode: fn(&str) -> Vec<u8>) -> Vec<u8> {
    let workspace = Workspace::new();
    let canonical = workspace.run("profiles show canonical").out;
    workspace.file("joined.toml", format!("{JOINED}\n{canonical}"));
    let names: Vec<_> = (1..=files.len()).map(|number| format!("part-{number}.csv")).collect();
    for (name, text) in names.iter().zip(files) {
        workspace.file(name, encode(text));
    }
    let first = workspace.run(&format!("check {} --pos x{options}", names.join(" ")));
    let of_first = rejected(&first);
    assert!(first.code == 1 && !of_first.is_empty(), "{}{}", first.err, first.report());
    let rejects = names.iter().map(|name| format!("run-1/rejects/{name}"));
    let rejects = rejects.filter(|name| workspace.path(name).exists());
    let rejects = rejects.collect::<Vec<_>>().join(" ");
    let again = workspace.run(&format!("check {rejects} --pos x{options}"));
    assert_eq!(rejected(&again), of_first, "{}", again.report());
    fs::read(first.path("rejects/part-1.csv")).unwrap()
}

fn utf_8(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn rejects_keep_headers_between_their_rows() {
    let (one, two, b, c) = (half("Rope"), half("Hook"), row("A-2"), row("A-3"));
    let kept = format!("{HEADER}{one}{HEADER}{two}");
    let scattered = format!("{HEADER}{one}{b}{HEADER}{c}{two}");
    let several =
        format!("{HEADER}{HEADER}{b}{HEADER}{one}{HEADER}{HEADER}{c}{HEADER}{two}{HEADER}");
    for export in [&kept, &scattered, &several] {
        let rejects = check_again(slice::from_ref(export), "", utf_8);
        assert_eq!(String::from_utf8(rejects).unwrap(), kept);
    }
    let crlf = check_again(&[scattered.replace('\n', "\r\n")], "", utf_8);
    assert_eq!(String::from_utf8(crlf).unwrap(), kept.replace('\n', "\r\n"));
    assert_eq!(check_again(&[scattered], " --encoding utf-16le", utf_16), utf_16(&kept));
}

#[test]
fn headers_separate_the_rows_of_joined_files() {
    let (one, two, c) = (half("Rope"), half("Hook"), row("A-3"));
    let plain = |row: &str| format!("{HEADER}{row}");
    let joined = " --profile joined.toml";
    let above = format!("{HEADER}{one}{HEADER}{c}");
    let rejects = check_again(&[above, plain(&two)], joined, utf_8);
    assert_eq!(String::from_utf8(rejects).unwrap(), format!("{HEADER}{one}{HEADER}"));
    let below = format!("{HEADER}{c}{HEADER}{two}");
    check_again(&[plain(&one), below], joined, utf_8);
    // The file with the header has no rejected order.
    let between = format!("{HEADER}{}{HEADER}{c}", row("A-2"));
    check_again(&[plain(&one), between, plain(&two)], joined, utf_8);
}

/// The rows are scattered in one of the exports, and the order goes on in the next file.
#[test]
fn order_continues_in_a_joined_file() {
    let (one, two, b) = (half("Rope"), half("Hook"), row("A-2"));
    let workspace = Workspace::new();
    let canonical = workspace.run("profiles show canonical").out;
    workspace.file("joined.toml", format!("{JOINED}\n{canonical}"));
    workspace.file("part-1.csv", format!("{HEADER}{HEADER}{one}{b}"));
    workspace.file("part-2.csv", format!("{HEADER}{two}"));
    let ran = workspace.run("check part-1.csv part-2.csv --pos x --profile joined.toml");
    assert_eq!(ran.outcomes(), "A-1 valid, A-2 valid", "{}", ran.report());
}

#[test]
fn repaired_copies_are_accepted_once() {
    let (one, two, b) = (half("Rope"), half("Hook"), row("A-2"));
    let workspace = Workspace::with("orders.csv", format!("{HEADER}{one}{HEADER}{b}{two}"));
    let service = MockService::start(|_| None);
    let send = |file: &str| {
        workspace.run(&format!(
            "send {file} --base-url {} --client-key key --pos x --max-invalid 100% --backfill \
             --identity-pause 0s",
            service.base_url
        ))
    };
    let accepted = |run: &RunResult| run.summary()["orders"]["accepted"].clone();
    let first = send("orders.csv");
    assert_eq!((first.code, accepted(&first)), (1, 1.into()), "{}", first.report());
    let as_it_was = send("run-1/rejects/orders.csv");
    assert_eq!((as_it_was.code, accepted(&as_it_was)), (1, 0.into()), "{}", as_it_was.report());
    // The shop finds that both copies lack the item of the other one.
    let whole = format!("{one}{two}");
    workspace.file("run-1/rejects/orders.csv", format!("{HEADER}{whole}{HEADER}{whole}"));
    let repaired = send("run-1/rejects/orders.csv");
    assert_eq!((repaired.code, accepted(&repaired)), (0, 1.into()), "{}", repaired.report());
    let again = send("run-1/rejects/orders.csv");
    assert_eq!(again.outcomes(), "A-1 already_sent");
}
