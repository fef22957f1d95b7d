//! Drafts of whole exports.

use std::fmt::Write;

use super::*;
use crate::{
    map::{NamedText, ProfileTexts, profile::Profile},
    model::diagnostic::OPEN_QUESTION,
    read::Sample,
};

fn survey(name: &str, bytes: &[u8]) -> Survey {
    surveyed(name, &Sample { start: bytes.to_vec(), parts: Vec::new() }).unwrap()
}

fn surveyed(name: &str, sample: &Sample) -> Option<Survey> {
    Survey::new(name, sample, EncodingFinding::of(sample))
}

/// The draft of files, without its heading.
fn draft(files: &[(&str, &[u8])]) -> DraftedProfile {
    draft_profile(files.iter().map(|(name, bytes)| survey(name, bytes)).collect())
}

/// The text of a draft below its heading, which must be a profile once its questions are answered.
fn text(mut drafted: DraftedProfile) -> String {
    let text = drafted.draft.text();
    for question in drafted.draft.questions() {
        let answer = question.choices.first().map_or("\"Europe/Berlin\"", |one| &one.answer);
        drafted.draft.answer(&question, answer);
    }
    let answered = drafted.draft.text();
    if let Err(error) = Profile::parse("draft.toml", &answered) {
        panic!("{error}\n{answered}");
    }
    text.split_once("\n\n").unwrap().1.to_owned()
}

/// The errors of a draft as a profile, without its open questions.
fn errors_of(text: &str) -> Vec<String> {
    let (name, text) = ("draft.toml".to_owned(), text.to_owned());
    let text = NamedText { id: name.clone(), name, text, is_built_in: false };
    let texts = ProfileTexts::new(text, |name, _| Err(name.to_owned()));
    let errors = Profile::compile_with_errors(texts, &[]).errors.into_iter();
    let wrong = errors.filter(|error| error.kind != OPEN_QUESTION);
    wrong.map(|error| error.to_string()).collect()
}

const GERMAN: &str = "\
Bestell-Nr.;Bestelldatum;Status;E-Mail;Nachname;Artikel-Nr;Bezeichnung;Menge;Einzelpreis;Gesamtbetrag
10001;03.10.2026 09:15;bezahlt;ann@example.com;Müller;M-1;Becher groß;2;10,50;26,90
10001;03.10.2026 09:15;bezahlt;ann@example.com;Müller;K-7;Kanne;1;5,90;26,90
10002;14.10.2026 11:00;offen;bob@example.com;König;M-1;Becher groß;1;1.234,50;1.234,50
10003;15.10.2026 17:30;in Klärung;cy@example.com;Groß;K-7;Kanne;3;5,90;17,70
";

#[test]
fn german_spreadsheet_is_drafted() {
    let (bytes, ..) = encoding_rs::WINDOWS_1252.encode(GERMAN);
    insta::assert_snapshot!(text(draft(&[("bestellungen.csv", &bytes)])));
}

#[test]
fn two_files_with_a_composite_key_are_joined() {
    let (mut orders, mut lines) = (String::new(), String::new());
    orders.push_str("branch|order_no|created|mail|total_cents|state\n");
    lines.push_str("branch|order_no|article|text|qty|price_cents\n");
    for (branch, order) in (1..=3).flat_map(|branch| (1..=9).map(move |order| (branch, order))) {
        let mail = format!("guest{branch}{order}@example.com");
        let key = format!("B{branch}|100{order}");
        writeln!(orders, "{key}|2026-10-0{order} 10:00:00|{mail}|4280|paid").unwrap();
        writeln!(lines, "{key}|A-1|Mug|2|1070\n{key}|A-2|Jug|1|2140").unwrap();
    }
    let drafted = draft(&[("lines.csv", lines.as_bytes()), ("orders.csv", orders.as_bytes())]);
    assert_eq!(
        (&drafted.exports[..], &drafted.joined[..]),
        (&[1][..], &[(0, "lines".to_owned())][..])
    );
    insta::assert_snapshot!(text(drafted));
}

#[test]
fn customers_are_joined() {
    let orders = "Order,Date,Customer No,Total (EUR)\n\
        1,2026-10-01,77,5.00\n2,2026-10-02,78,6.50\n3,2026-10-03,77,7.25\n4,2026-10-04,79,1.00\n";
    let customers = "Customer No,E-mail,First name\n77,ann@example.com,Ann\n\
        78,bob@example.com,Bob\n79,cy@example.com,Cy\n80,di@example.com,Di\n";
    let files = [("orders.csv", orders.as_bytes()), ("customers.csv", customers.as_bytes())];
    insta::assert_snapshot!(text(draft(&files)));
}

#[test]
fn documents_in_a_wrapper_are_drafted() {
    let json = r#"{"page": 1, "orders": [
        {"number": "W-1", "createdAt": "2026-10-01T10:00:00Z", "status": "shipped", "currency": "EUR",
         "grandTotal": 26.90, "customer": {"email": "ann@example.com", "lastName": "Lind"},
         "lines": [{"sku": "M-1", "title": "Mug", "quantity": 2, "unitPrice": 10.50},
                   {"sku": "K-7", "title": "Jug", "quantity": 1, "unitPrice": 5.90}]},
        {"number": "W-2", "createdAt": "2026-10-02T10:00:00Z", "status": "on_hold", "currency": "EUR",
         "grandTotal": 5.90, "customer": {"email": "bob@example.com", "lastName": "Moss"},
         "lines": [{"sku": "K-7", "title": "Jug", "quantity": 1, "unitPrice": 5.90}]}]}"#;
    insta::assert_snapshot!(text(draft(&[("orders.json", json.as_bytes())])));
}

#[test]
fn items_in_one_cell_are_drafted() {
    let csv = "order_id,placed_at,email,currency,total,products\n\
        1,03/04/2026 10:00,ann@example.com,EUR,26.90,sku:M-1|name:Mug|qty:2|price:10.50;sku:K-7|name:Jug|qty:1|price:5.90\n\
        2,05/06/2026 11:00,bob@example.com,EUR,5.90,sku:K-7|name:Jug|qty:1|price:5.90\n";
    insta::assert_snapshot!(text(draft(&[("orders.csv", csv.as_bytes())])));
}

#[test]
fn items_in_groups_of_columns_are_drafted() {
    let csv = "Order,Date,Email,Total $,Item 1 Name,Item 1 Qty,Item 1 Price,Item 2 Name,Item 2 Qty,Item 2 Price\n\
        1,2026-10-01T10:00:00Z,ann@example.com,$26.90,Mug,2,$10.50,Jug,1,$5.90\n\
        2,2026-10-02T10:00:00Z,bob@example.com,$5.90,Jug,1,$5.90,,,\n";
    insta::assert_snapshot!(text(draft(&[("orders.csv", csv.as_bytes())])));
}

#[test]
fn rows_of_no_order_and_guests_of_no_name_are_left_out() {
    let csv = "InvoiceNo;InvoiceDate;CustomerID;Description;Quantity;UnitPrice\n\
        536365;2026-10-01 08:26:00;17850.0;Mug;6;2.55\n\
        536365;2026-10-01 08:26:00;17850.0;Jug;6;3.39\n\
        536366;2026-10-01 08:28:00;;Pot;6;1.85\n\
        ;;;;12;\n\
        Total;46.74\n";
    insta::assert_snapshot!(text(draft(&[("sales.csv", csv.as_bytes())])));
}

#[test]
fn known_format_is_extended() {
    let header = "Sale Date,Order ID,Number of Items,Order Net,Status\n08/14/26,3001,1,4.50,\n";
    let lines = "Sale Date,Item Name,Order ID,Listing ID\n08/14/26,Card,3001,9001\n";
    let files = [("lines.csv", lines.as_bytes()), ("EtsySoldOrders.csv", header.as_bytes())];
    let drafted = draft(&files);
    assert_eq!(drafted.format.map(|format| format.profile), Some("etsy"));
    assert_eq!(drafted.joined, [(0, "lines".to_owned())]);
    insta::assert_snapshot!(text(drafted));
    let alone = draft(&[("lines.csv", lines.as_bytes())]);
    assert_eq!(alone.joining_format.map(|format| format.profile), Some("etsy"));
}

#[test]
fn any_bytes_are_drafted_or_refused() {
    for bytes in [
        &b""[..],
        b"\n\n",
        b"a,b",
        b"a,b\n",
        b"\"",
        b"a,b\n\"1,2\n",
        b"{",
        b"[",
        b"{}",
        b"[{}]",
        b"{\"orders\": []}",
        b"null",
        b"\xFF\xFE",
        b"a;b\n\x00;\xFF\n",
        b"sep=;\n",
        b",\n,\n",
        b";;;\n;;;\n",
    ] {
        let sample = Sample { start: bytes.to_vec(), parts: vec![bytes.to_vec()] };
        if let Some(survey) = surveyed("x.csv", &sample) {
            let text = draft_profile(vec![survey]).draft.text();
            assert_eq!(errors_of(&text), [""; 0], "{text}");
        }
    }
}

/// Names and cells that are hard to write in TOML, or that mean something to a profile.
const HARD_TEXTS: [&str; 12] = [
    "?",
    "a \"?\"",
    "it's \"b\"",
    "Item {n} 1 Name",
    "x\nlimit = 5\n#",
    "é\u{7f}",
    "[order]",
    "\\",
    "*",
    "Order",
    "Item 2 Name",
    "$",
];

/// Cells of all kinds.
const CELLS: [&str; 12] = [
    "",
    "A-1",
    "2026-10-01",
    "03/04/26 1:05 PM",
    "12.50",
    "1.234,50 €",
    "EUR 5",
    "ann@example.com",
    "paid",
    "name:Mug|sku:1;name:Jug|sku:2",
    "'0123",
    "Total",
];

const NAMES: [&str; 12] = [
    "Order number",
    "Date",
    "Time",
    "Total",
    "Email",
    "Status",
    "SKU",
    "Qty",
    "Price",
    "Customer ID",
    "Payment method",
    "Country",
];

fn cell(index: usize) -> String {
    let all = HARD_TEXTS.iter().chain(&CELLS).chain(&NAMES);
    all.cycle().nth(index).map_or_else(String::new, |text| (*text).to_owned())
}

fn csv_of(rows: &[Vec<usize>]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|index| cell(*index))).unwrap();
    }
    writer.into_inner().unwrap()
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]
    #[test]
    fn draft_of_any_table_is_a_profile(
        rows in proptest::collection::vec(proptest::collection::vec(0_usize..36, 2..9), 1..8),
        other in proptest::collection::vec(proptest::collection::vec(0_usize..36, 2..5), 1..8),
    ) {
        let sample = |rows| Sample { start: csv_of(rows), parts: Vec::new() };
        let files = [("a\nb.csv", sample(&rows)), ("c.csv", sample(&other))];
        let surveys = files.iter().filter_map(|(name, sample)| surveyed(name, sample));
        let surveys: Vec<_> = surveys.collect();
        proptest::prop_assume!(!surveys.is_empty());
        let text = draft_profile(surveys).draft.text();
        let errors = errors_of(&text);
        proptest::prop_assert!(errors.is_empty(), "{}\n{}", errors.join("\n"), text);
    }
}
