//! Tests of how the values of several rows or copies of an order are compared.

use chrono::DateTime;

use super::{GroupSettings, SEPARATE_FILES, TestRow, cell, grouped, order_row, shown};
use crate::model::{
    draft::{CellOrigin, Draft, Notation},
    field::{ExtensionKey, ExtensionType, Field, Provider},
    over_rows::OverRows,
    problem::{Code, Problem},
};

fn with_currency(code: &str) -> Notation {
    Notation::WithCurrency { currency: code.parse().unwrap(), is_declared: true }
}

fn price(file: u32, line: u64, text: &'static str, notation: Notation) -> TestRow {
    let mut row = order_row("A", file, line, &[(Field::Price, text)]).without_items();
    row.cells[0].notation = notation;
    row
}

/// The amount that counts, with its notation, and the messages of the problems.
fn merged(rows: &[TestRow]) -> String {
    let drafts = grouped(SEPARATE_FILES, rows).unwrap().drafts;
    let cell = &drafts[0].cells[0];
    let unit = cell.notation.unit().map_or_else(String::new, |unit| format!(" {unit}"));
    let problems = drafts[0].problems.iter();
    let problems = problems.map(|problem| format!("; {} {}", problem.code, problem.message));
    format!("{}{unit}{}", cell.text, problems.collect::<String>())
}

#[test]
fn amounts_of_other_units_disagree() {
    let (minor, declared) = (Notation::MinorUnits, Notation::Declared);
    let (eur, usd) = (with_currency("EUR"), with_currency("USD"));
    let of = |one: (&'static str, _), other: (&'static str, _)| {
        merged(&[price(0, 2, one.0, one.1), price(0, 3, other.0, other.1)])
    };
    insta::assert_snapshot!(of(("2199", minor), ("2199", declared)), @r#"2199 in minor units; rows_disagree "2199" here, but "2199" (in minor units) in line 2"#);
    insta::assert_snapshot!(of(("5", eur), ("5", usd)), @r#"5 EUR; rows_disagree "5" (USD) here, but "5" (EUR) in line 2"#);
    insta::assert_snapshot!(of(("5.00", eur), ("5", minor)), @r#"5.00 EUR; rows_disagree "5" (in minor units) here, but "5.00" (EUR) in line 2"#);
    assert_eq!(of(("5.00", eur), ("500", minor)), "5.00 EUR");
    assert_eq!(of(("500", minor), ("5.00", eur)), "5.00 EUR");
    assert_eq!(of(("5", with_currency("JPY")), ("5", minor)), "5 JPY");
    assert_eq!(of(("5", declared), ("5.0", Notation::JsonNumber)), "5");
    assert_eq!(of(("0", declared), ("0.00", minor)), "0");
    // The currency of an equal amount is compared with those of later rows, and the order's.
    assert_eq!(of(("5", declared), ("5.00", eur)), "5.00 EUR");
    assert_eq!(of(("5.00", eur), ("5", declared)), "5.00 EUR");
    let rows = [price(0, 2, "5", declared), price(0, 3, "5", eur), price(0, 4, "5", usd)];
    insta::assert_snapshot!(merged(&rows), @r#"5 EUR; rows_disagree "5" (USD) here, but "5" (EUR) in line 3"#);
    let last = rows.map(|mut row| {
        row.cells[0].over_rows = OverRows::Last;
        row
    });
    insta::assert_snapshot!(merged(&last), @r#"5 USD; last_value_taken "5" (USD) here, but "5" (EUR) in line 3"#);
}

#[test]
fn equal_texts_of_other_instants_disagree() {
    let at = |line, text: &'static str, hour: i64| {
        let mut row = order_row("A", 0, line, &[(Field::OrderedAt, text)]);
        row.cells[0].time = DateTime::from_timestamp(hour * 3600, 0);
        row
    };
    insta::assert_snapshot!(merged(&[at(2, "1 May", 9), at(3, "1 May", 15)]), @r#"1 May; rows_disagree "1 May" (1970-01-01T15:00:00Z) here, but "1 May" (1970-01-01T09:00:00Z) in line 2"#);
    assert_eq!(merged(&[at(2, "1 May", 9), at(3, "May 1", 9)]), "1 May");
    // The problem of a zone that cannot be read is recorded already.
    let mut without_zone = at(3, "1 May", 9);
    (without_zone.cells[0].time, without_zone.cells[0].is_unparsable) = (None, true);
    assert_eq!(merged(&[at(2, "1 May", 9), without_zone]), "1 May");
}

#[test]
fn values_are_compared_as_they_are_sent() {
    let merged = |field: &Field, one: &'static str, other: &'static str| {
        let row = |line, text| order_row("A", 0, line, &[(field.clone(), text)]).without_items();
        merged(&[row(2, one), row(3, other)])
    };
    let email = Field::Identifier(Provider::new("email", None));
    let extension =
        |data_type| Field::Extension(ExtensionKey { name: "x".into(), data_type }.into());
    for (field, one, other) in [
        (Field::GuestEmail, "Ann@Example.com", "ann@example.com"),
        (email, "ANN@example.com", "ann@example.com"),
        (Field::GuestEmail, "ren\u{e9}@example.com", "rene\u{301}@example.com"),
        (extension(ExtensionType::Boolean), "true", "TRUE"),
    ] {
        assert_eq!(merged(&field, one, other), one);
        let copy = |file, text| order_row("A", file, 2, &[(field.clone(), text)]);
        assert_eq!(shown(SEPARATE_FILES, &[copy(0, one), copy(1, other)]), ["A 2 order_copied"]);
    }
    for field in [Field::CardType, extension(ExtensionType::String)] {
        assert!(merged(&field, "Visa", "VISA").contains("rows_disagree"), "{field}");
    }
}

#[test]
fn copy_in_another_unit_is_no_copy() {
    let (minor, declared) = (Notation::MinorUnits, Notation::Declared);
    let in_euros = |mut row: TestRow| {
        let at = CellOrigin::Row(row.row);
        row.cells.push(cell(Field::CurrencyCode, "EUR", at));
        row
    };
    let of = |one: (&'static str, _), other: (&'static str, _)| {
        let rows = [price(0, 2, one.0, one.1), price(1, 2, other.0, other.1)];
        let is_copy = |rows: &[TestRow]| shown(SEPARATE_FILES, rows) == ["A 2 order_copied"];
        (is_copy(&rows), is_copy(&rows.map(in_euros)))
    };
    assert_eq!(of(("2199", minor), ("2199", declared)), (false, false));
    assert_eq!(of(("2199", minor), ("21.99", declared)), (false, true));
    assert_eq!(of(("2199", minor), ("2199.0", minor)), (true, true));
    let (eur, usd) = (with_currency("EUR"), with_currency("USD"));
    assert_eq!(of(("5", eur), ("5", usd)), (false, false));
    assert_eq!(of(("5", eur), ("5.0", declared)), (false, true));
}

#[test]
fn other_content_of_a_copy_is_shown() {
    let of = |rows: [TestRow; 2]| {
        let drafts = grouped(SEPARATE_FILES, &rows).unwrap().drafts;
        let problem = |draft: &Draft<'_>| {
            let problem = draft.problems.last().unwrap();
            let undecided = "; it is not known which one counts";
            let message = problem.message.strip_suffix(undecided).unwrap_or(&problem.message);
            format!("{} {}", problem.field.as_deref().unwrap_or("order"), message)
        };
        drafts.iter().map(problem).collect::<Vec<_>>().join("\n")
    };
    let without_items = |file, cells: &[_]| order_row("A", file, 2, cells).without_items();
    insta::assert_snapshot!(of([price(0, 2, "5", Notation::Text), price(1, 3, "6", Notation::Text)]), @r#"
    price "5" here, but "6" at ?:3
    price "6" here, but "5" at ?:2
    "#);
    insta::assert_snapshot!(of([without_items(0, &[(Field::CardType, "Visa")]), without_items(1, &[])]), @r#"
    cardType "Visa" here, but no cardType at ?:2
    cardType no cardType here, but "Visa" at ?:2
    "#);
    let email = |file, address| without_items(file, &[(Field::GuestEmail, address)]);
    let (ann, bob) = ("ann@example.com", "bob@example.com");
    insta::assert_snapshot!(of([email(0, ann), email(1, bob)]), @r#"
    guest.email "a***@e***.com" here, but "b***@e***.com" at ?:2
    guest.email "b***@e***.com" here, but "a***@e***.com" at ?:2
    "#);
    insta::assert_snapshot!(of([order_row("A", 0, 2, &[]), order_row("A", 1, 3, &[])]), @r#"
    item.name "line 2" here, but "line 3" at ?:3
    item.name "line 3" here, but "line 2" at ?:2
    "#);
    insta::assert_snapshot!(of([order_row("A", 0, 2, &[]), without_items(1, &[])]), @r#"
    order this item is not in the order at ?:2
    order the item at ?:2 is not in the order here
    "#);
}

#[test]
fn error_of_a_value_that_is_not_taken_is_none() {
    let row = |line, text: &'static str, over_rows| {
        let mut row = order_row("A", 0, line, &[(Field::Status, text)]).without_items();
        let status = row.cells.first_mut().unwrap();
        status.over_rows = over_rows;
        status.is_unparsable = text == "open";
        if status.is_unparsable {
            let at = status.at;
            row.problems = [Field::Status, Field::CardType]
                .map(|field| Problem::for_field(Code::ValueNotInTable, &field, at, "unknown"))
                .into();
        }
        row
    };
    let codes = |texts: [&'static str; 2], over_rows| {
        let rows = [row(2, texts[0], over_rows), row(3, texts[1], over_rows)];
        let drafts = grouped(SEPARATE_FILES, &rows).unwrap().drafts;
        let codes = drafts[0].problems.iter().map(|problem| {
            format!("{} {}", problem.code, problem.field.as_deref().unwrap_or_default())
        });
        codes.collect::<Vec<_>>().join(", ")
    };
    let other = "value_not_in_table cardType";
    let of_both = format!("value_not_in_table status, {other}");
    for (over_rows, code, taken) in [
        (OverRows::First, "first_value_taken", ["paid", "open"]),
        (OverRows::Last, "last_value_taken", ["open", "paid"]),
    ] {
        let mut found: Vec<_> = codes(taken, over_rows).split(", ").map(str::to_owned).collect();
        found.sort();
        assert_eq!(found, [format!("{code} status"), other.to_owned()]);
        let [one, two] = taken;
        assert!(codes([two, one], over_rows).contains("value_not_in_table status"), "{code}");
    }
    assert!(codes(["paid", "open"], OverRows::Equal).contains(&of_both));
}

/// The order of files is that of the command.
#[test]
fn values_of_several_files_are_not_chosen() {
    let joined = GroupSettings { joins_files: true, ..SEPARATE_FILES };
    let row = |file, line, text: &'static str, over_rows| {
        let mut row = price(file, line, text, Notation::Declared);
        row.cells[0].over_rows = over_rows;
        row
    };
    let codes = |rows: [(u32, &'static str); 3], over_rows| {
        let rows =
            rows.iter().zip(2..).map(|((file, text), line)| row(*file, line, text, over_rows));
        let drafts = grouped(joined, &rows.collect::<Vec<_>>()).unwrap().drafts;
        let codes: Vec<_> =
            drafts[0].problems.iter().map(|problem| problem.code.as_str()).collect();
        codes.join(" ")
    };
    for (over_rows, taken) in
        [(OverRows::First, "first_value_taken"), (OverRows::Last, "last_value_taken")]
    {
        let refused = format!("{taken} rows_disagree");
        assert_eq!(codes([(0, "5"), (0, "6"), (0, "7")], over_rows), taken);
        assert_eq!(codes([(0, "5"), (1, "5.0"), (1, "5")], over_rows), "");
        assert_eq!(codes([(0, "5"), (0, "5"), (1, "6")], over_rows), refused);
        // Whichever file is the first.
        assert_eq!(codes([(0, "5"), (0, "6"), (1, "6")], over_rows), refused);
        assert_eq!(codes([(0, "6"), (1, "5"), (1, "6")], over_rows), refused);
    }
    let rows = [row(0, 2, "5", OverRows::Last), row(1, 2, "6", OverRows::Last)];
    let drafts = grouped(joined, &rows).unwrap().drafts;
    let problem = drafts[0].problems.iter().find(|problem| problem.is_error()).unwrap();
    insta::assert_snapshot!(problem.message, @r#""6" here, but "5" in line 2 of another file; the order has values of several files, whose order does not tell which one counts"#);
}
