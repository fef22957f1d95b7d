//! Unit tests of text steps: their order, and what they do in CSV and in JSON.

use serde_json::json;

use super::rows::{csv, ndjson, profile};
use crate::map::profile::Profile;

/// The value or problem of a cell whose rule has these keys.
fn of_cell(keys: &str, cell: &str) -> String {
    let rules =
        profile(&format!("order.ext.x = {{ column = 'x', path = 'x', type = 'string', {keys} }}"));
    let from_csv = csv(&rules, "id,x", &format!("A,{cell}"));
    let from_json = ndjson(&rules, json!({"id": "A", "x": cell}));
    assert_eq!(from_csv, from_json);
    let mapped = from_csv.strip_prefix("row A: ").unwrap();
    mapped
        .strip_prefix("ext.x:string=")
        .and_then(|cell| cell.strip_suffix("@3"))
        .unwrap_or(mapped)
        .to_owned()
}

fn errors_of(rule: &str) -> String {
    let text = format!("name = 'p'\norder.referenceId = {{ column = 'id' }}\n{rule}");
    Profile::parse("p", &text).unwrap_err().to_string()
}

#[test]
fn each_step_changes_the_text() {
    for (keys, cell, expected) in [
        ("trim = true", "\u{200e}+49 171\u{202c}", "+49 171"),
        ("trim = true", "I \u{2764}\u{fe0f}", "I \u{2764}\u{fe0f}"),
        ("split = '/', part = 1", "a/b/c", "a"),
        ("split = '/', part = 2", "a / b / c", "b"),
        ("split = '/', part = -1", "a/b/c", "c"),
        ("split = '/', part = -3", "a/b/c", "a"),
        ("split = '/', part = 2", "a//c", ""),
        ("split = '/', part = 1", "a", "a"),
        ("split = '--', part = -1", "a---b", "-b"),
        ("decode = 'backslash', split = ';', part = 1", r"Cup\; large;blue", "Cup; large"),
        ("decode = 'backslash', split = ';', part = -1", r"Cup\\;blue\; \é", "blue; é"),
        ("split = ';', part = 1", r"Cup\; large;blue", r"Cup\"),
        ("decode = 'html', split = ';', part = 1", "Salt &amp; Pepper;x", "Salt & Pepper"),
        ("decode = 'html'", "Salt &amp; Pepper", "Salt & Pepper"),
        ("decode = 'backslash'", r"Cup \| large", "Cup | large"),
        (
            "decode = 'html', pairs = { separator = ';', assign = '=' }, key = 'a'",
            "a=Salt &amp; Pepper; b=1",
            "Salt & Pepper",
        ),
        (
            "decode = 'backslash', pairs = { separator = ';', assign = '=' }, key = 'a'",
            r"a=no\; thanks\=x;to\=a=Ann",
            "no; thanks=x",
        ),
        ("upper = true", "straße", "STRASSE"),
        ("lower = true", "A-1É", "a-1é"),
        ("pad_left = { length = 5, with = '0' }", "123", "00123"),
        ("pad_left = { length = 2, with = '0' }", "123", "123"),
        ("pad_left = { length = 3, with = '€' }", "é", "€€é"),
    ] {
        assert_eq!(of_cell(keys, cell), expected, "{keys} of {cell:?}");
    }
}

/// Each pair has another result in the other order.
#[test]
fn steps_have_one_order() {
    for (keys, cell, expected) in [
        // empty, strip
        ("empty = ['*0'], strip_prefix = '*', values = { 0 = 'x' }", "*0", ""),
        // strip, trim
        ("strip_prefix = '*', trim = true", "\u{200e}*1", "*1"),
        // strip, split
        ("strip_prefix = 'a/', split = '/', part = 1", "a/b", "b"),
        // trim, split
        ("trim = true, split = '/', part = 2", "a/\u{200e}b", "\u{200e}b"),
        // trim, decode
        ("trim = true, decode = 'html'", "&lrm;a", "\u{200e}a"),
        // split, decode
        ("split = '|', part = 1, decode = 'html'", "a&#124;b|c", "a|b"),
        // decode, case
        ("decode = 'html', upper = true", "caf&eacute;", "CAFÉ"),
        ("decode = 'html', lower = true", "Caf&Eacute;", "café"),
        // split, pairs
        (
            "split = '/', part = 1, pairs = { separator = ';', assign = '=' }, key = 'a'",
            "b=1/a=2",
            "",
        ),
        // pairs, decode
        (
            "pairs = { separator = '|', assign = '=' }, key = 'a', decode = 'html'",
            "a=x&#124;b=y",
            "x|b=y",
        ),
        // pairs, case
        ("pairs = { separator = ';', assign = '=' }, key = 'a', upper = true", "a=x", "X"),
        // pairs, empty
        ("pairs = { separator = ';', assign = '=' }, key = 'a', empty = ['-']", "a=-", ""),
        // text steps, empty
        ("strip_prefix = '*', empty = ['0'], values = { 1 = 'y' }, other = 'x'", "*0", ""),
        ("split = '/', part = 2, empty = ['-']", "a/-", ""),
        ("lower = true, empty = ['n/a']", "N/A", ""),
        ("decode = 'html'", "&nbsp;", ""),
        // empty, pad_left
        ("strip_prefix = '*', empty = ['0'], pad_left = { length = 3, with = '0' }", "*0", ""),
        ("strip_prefix = '*', pad_left = { length = 3, with = '0' }", "*", ""),
        // split, pad_left
        ("split = '0', part = 1, pad_left = { length = 3, with = '0' }", "7", "007"),
        // case, pad_left
        ("upper = true, pad_left = { length = 3, with = 'x' }", "a", "xxA"),
        // text steps, values
        ("lower = true, values = { paid = 'PURCHASED' }", "Paid", "PURCHASED"),
        ("pad_left = { length = 2, with = '0' }, values = { 07 = 'July' }", "7", "July"),
        ("upper = true, values = { A = 'b' }", "a", "b"),
    ] {
        assert_eq!(of_cell(keys, cell), expected, "{keys} of {cell:?}");
    }
}

#[test]
fn text_without_the_part_is_a_problem() {
    assert_eq!(
        of_cell("split = '/', part = 2", "a"),
        "ext.x:string!a@3 | part_missing ext.x@3 \"a\" has 1 part between \"/\"; expected part 2"
    );
    assert!(of_cell("split = '/', part = -4", "a/b/c").contains("has 3 parts"));
    assert_eq!(of_cell("split = '/', part = 2, empty = ['a']", "a"), "");
    // Neither is the next column taken, nor the default.
    let rules = profile(
        "guest.id.crm = { column = ['a', 'b'], split = '/', part = 2, default = '7' }\n\
         guest.gender = { column = 'g', split = '/', part = 2 }",
    );
    let columns = "id,a,b,g";
    let mapped = csv(&rules, columns, "A,1,x/2,");
    assert!(mapped.contains("guest.id.crm!1@3 | part_missing"), "{mapped}");
    assert_eq!(csv(&rules, columns, "A,x/,x/2,"), "row A: guest.id.crm=2@6");
    let mapped = csv(&rules, columns, "A,,,m");
    assert!(mapped.contains("guest_attribute_left_out guest.gender"), "{mapped}");
}

#[test]
fn order_key_and_dates_take_text_steps() {
    let rules = profile(
        "key = { column = 'id', split = '/', part = -1, pad_left = { length = 4, with = '0' } }\n\
         order.orderedAt = { column = 'at', split = ' bis ', part = 1, date = '%F %R', zone = 'UTC' }",
    );
    assert_eq!(
        csv(&rules, "id,at", "gid://Order/17,2025-01-01 10:00 bis 11:00"),
        "row 0017: orderedAt=2025-01-01T10:00:00.000Z@16"
    );
}

#[test]
fn numbers_take_the_sign_that_is_left() {
    let price = |keys: &str, cell: &str| {
        let rules = profile(&format!("order.price = {{ column = 'x', path = 'x', {keys} }}"));
        csv(&rules, "id,x", &format!("A,{cell}"))
    };
    let split = "split = ' ', part = -1, negative = 'parentheses'";
    assert_eq!(price(split, "A-x (5.00)"), "row A: price=-5.00@3");
    assert_eq!(price(split, "A-x 5.00"), "row A: price=5.00@3");
    assert_eq!(
        price("split = ' ', part = 1, decimal = ';', thousands = '.'", "1.234;50 EUR"),
        "row A: price=1234.50@3"
    );
    let number = profile("order.price = { path = 'x', split = '/', part = 1 }");
    assert_eq!(ndjson(&number, json!({"id": "A", "x": "#12.50"})), "row A: price=12.50@3");
    for (keys, error) in [
        ("split = '-', part = 2", "split = \"-\" would cut off the sign or digits"),
        ("split = '0', part = 1", "split = \"0\" would cut off the sign or digits"),
        ("split = '.', part = 1", "split = \".\" would cut off digits of a number"),
        ("split = ',', part = 1", "split = \",\" would cut off digits of a number"),
        (
            "decimal = ',', split = ',', part = 1",
            "hint: decimals that are always zero are stripped: strip_suffix = \",00\"",
        ),
        ("thousands = ' ', split = ' ', part = 1", "split = \" \" would cut off digits"),
        (
            "decimal = ';', pairs = { separator = ';', assign = '=' }, key = 'x'",
            "pairs = \";\" would cut off digits",
        ),
        ("strip_suffix = '.50'", "strips digits of a number"),
        ("strip_suffix = ',50 EUR'", "strips digits of a number"),
        ("decimal = ',', thousands = '.', strip_suffix = '.000'", "strips digits of a number"),
        ("strip_prefix = '1.'", "strips digits of a number"),
        ("pad_left = { length = 9, with = '0' }", "has pad_left, but its field is a number"),
    ] {
        let errors = errors_of(&format!("order.price = {{ column = 'x', {keys} }}"));
        assert!(errors.contains(error), "{errors}");
    }
    for keys in [
        "strip_suffix = '.00'",
        "strip_suffix = '.00 EUR'",
        "strip_suffix = ',-'",
        "strip_prefix = 'Rs.'",
        "decimal = '.', split = ',', part = 1",
        "split = ', ', part = 1",
        "split = '. ', part = 2",
        "decimal = ',', split = '.', part = 2",
    ] {
        profile(&format!("order.price = {{ column = 'x', {keys} }}"));
    }
}

const BEHIND_CODE: &str = "split = 'EUR', part = 2";
const FIRST_WORD: &str = "split = ' ', part = 1";
const LAST_WORD: &str = "split = ' ', part = -1";
const BEFORE_COMMA: &str = "split = ',', part = 1, decimal = '.'";

/// The price that a rule with these keys reads from a cell and from a member alike.
fn price_of_part(keys: &str, cell: &str) -> String {
    let rules = profile(&format!("order.price = {{ column = 'x', path = 'x', {keys} }}"));
    let from_json = ndjson(&rules, json!({"id": "A", "x": cell}));
    // The rows of these tests have no quotes.
    if !cell.contains(',') {
        assert_eq!(csv(&rules, "id,x", &format!("A,{cell}")), from_json);
    }
    from_json.strip_prefix("row A: price").unwrap().to_owned()
}

#[test]
fn split_drops_no_part_of_a_number() {
    for (keys, cell, dropped) in [
        // Signs.
        (BEHIND_CODE, "-EUR 12.51", "-EUR"),
        (BEHIND_CODE, "- EUR 12.52", "- EUR"),
        (LAST_WORD, "-EUR 5.00", "-EUR"),
        (LAST_WORD, "EUR - 6.00", "EUR -"),
        (LAST_WORD, "- EUR 6.00", "- EUR"),
        (LAST_WORD, "(EUR 6.00)", "(EUR"),
        (LAST_WORD, "-kr 5.00", "-kr"),
        (LAST_WORD, "-US$ 5.00", "-US$"),
        (LAST_WORD, "-US $ 5.00", "-US $"),
        (LAST_WORD, "- kr 5.00", "- kr"),
        (LAST_WORD, "CR EUR 5.00", "CR EUR"),
        (LAST_WORD, "Refund -EUR 5.00", "Refund -EUR"),
        (FIRST_WORD, "5.00 kr- refunded", "kr- refunded"),
        (FIRST_WORD, "5.00 CR", "CR"),
        (FIRST_WORD, "5.00 EUR Dr.", "EUR Dr."),
        (FIRST_WORD, "5.00 CR refund", "CR refund"),
        (FIRST_WORD, "6.00 -", "-"),
        (FIRST_WORD, "6.00 EUR-", "EUR-"),
        (FIRST_WORD, "6.00 (EUR) -", "(EUR) -"),
        ("split = 'Rs.', part = 2", "-Rs.500.00", "-Rs."),
        ("split = 'kr.', part = 2", "-kr. 500.00", "-kr."),
        ("split = 'kr.', part = 1", "500.00 kr. CR", "kr. CR"),
        ("split = 'S/', part = 2", "-S/500.00", "-S/"),
        ("split = 'EUR:', part = 2", "-EUR: 500.00", "-EUR:"),
        // Decimals.
        (BEHIND_CODE, "12EUR50", "12"),
        (BEHIND_CODE, "12 EUR 50", "12"),
        (BEHIND_CODE, "Total 12EUR50", "Total 12"),
        ("split = '€', part = 1", "12 € 50", "50"),
        ("split = ' € ', part = 1", "12 € 50", "50"),
        ("split = '€', part = 1", "12€50", "50"),
        ("split = '€', part = 1", "12€50 TTC", "50 TTC"),
        ("split = '€', part = 1", "1.250€50", "50"),
        // The number itself.
        (BEHIND_CODE, "5.00 EUR", "5.00"),
        ("split = 'kr.', part = 2", "5.00 kr.", "5.00"),
        ("split = ' ', part = 2", "5.00  EUR", "5.00"),
    ] {
        let message =
            format!("{cell:?}: split drops {dropped:?}, which may be a part of the number");
        assert_eq!(
            price_of_part(keys, cell),
            format!("!{cell}@3 | number_unreadable price@3 {message}")
        );
    }
    for (keys, cell, dropped) in [
        (LAST_WORD, "EUR 1 250.00", "1"),
        (LAST_WORD, "EUR 1  250.00", "1"),
        (FIRST_WORD, "1 250.00 EUR", "250.00"),
        (FIRST_WORD, "1  250.00", "250.00"),
        (BEFORE_COMMA, "1,250.00", "250.00"),
        ("split = '.', part = 1, decimal = ','", "1.250,00", "250,00"),
        ("split = \"'\", part = 1, decimal = '.'", "1'250.00", "250.00"),
        ("split = \"'\", part = 1", "1'250.00", "250.00"),
    ] {
        let found = price_of_part(keys, cell);
        let message = format!(
            "split drops {dropped:?}, which may be a part of the number; without such groups, \
             write thousands = \"\""
        );
        assert!(found.contains("number_unreadable") && found.ends_with(&message), "{found}");
    }
}

#[test]
fn split_drops_what_is_beside_a_number() {
    for (keys, cell, number) in [
        (BEHIND_CODE, "EUR 12.50", "12.50"),
        (FIRST_WORD, "3 12.50", "3"),
        ("split = 'EUR', part = 1", "25 EUR 10 pcs", "25"),
        ("split = ' EUR ', part = 1", "25 EUR 10 pcs", "25"),
        (BEHIND_CODE, "Order 123 EUR 50", "50"),
        (BEHIND_CODE, "10/001 EUR 50", "50"),
        (LAST_WORD, "-10kr 5.00", "5.00"),
        (LAST_WORD, "DHL - EUR 4.90", "4.90"),
        (FIRST_WORD, "5.00 -10€", "5.00"),
        (FIRST_WORD, "3 x 250", "3"),
        (FIRST_WORD, "12.50 EUR (net)", "12.50"),
        (FIRST_WORD, "12.50 (EUR)", "12.50"),
        (FIRST_WORD, "5.00 - Standard", "5.00"),
        (FIRST_WORD, "5.00 EUR - paid", "5.00"),
        (FIRST_WORD, "5.00 - DHL", "5.00"),
        (FIRST_WORD, "5.00 -DHL", "5.00"),
        (FIRST_WORD, "5.00 - 9.00", "5.00"),
        (LAST_WORD, "Flat rate - 5.00", "5.00"),
        (LAST_WORD, "2026-10-01 250.00", "250.00"),
        (LAST_WORD, "12.50 250.00", "250.00"),
        ("split = ' ', part = 1, thousands = ''", "3 125.00", "3"),
        ("split = ' ', part = 1, thousands = ','", "3 125.00", "3"),
        ("split = '|', part = 2", "-|250|125", "250"),
        ("split = '/', part = 2", "- / 5.00", "5.00"),
        ("split = 'x', part = 1", "2x50", "2"),
        ("split = ' x ', part = 2", "3 x 12", "12"),
        ("split = ' of ', part = 1", "5 of 12", "5"),
        (BEFORE_COMMA, "12,50", "12"),
        ("split = '€', part = 1", "12.00€50", "12.00"),
    ] {
        assert_eq!(price_of_part(keys, cell), format!("={number}@3"), "{cell}");
    }
    // Fields without a number.
    for (keys, cell) in [("split = '|', part = 2", "250||125"), (BEHIND_CODE, "EUR")] {
        let rules = profile(&format!("order.price = {{ column = 'x', {keys} }}"));
        assert_eq!(csv(&rules, "id,x", &format!("A,{cell}")), "row A: ", "{cell}");
    }
}

/// An empty part of a text that has a number elsewhere is no empty number.
#[test]
fn split_hides_no_number_from_sums_and_attributes() {
    let steps = "split = 'EUR', part = 2";
    for rule in [
        format!("order.price = {{ sum = ['x', 'y'], {steps} }}"),
        format!("order.price = {{ sum = ['x'], minus = ['y'], {steps} }}"),
        format!("order.price = {{ column = 'y', over_rows = 'add', {steps} }}"),
        format!("order.ext.f = {{ column = ['y', 'x'], type = 'float', {steps} }}"),
        format!("order.ext.'*' = {{ column = '*', type = 'float', {steps} }}"),
    ] {
        let mapped = csv(&profile(&rule), "id,x,y", "A,EUR 10.00,5.00 EUR");
        assert!(mapped.contains("number_unreadable"), "{rule}: {mapped}");
    }
    let sum = profile(&format!("order.price = {{ sum = ['x', 'y'], {steps} }}"));
    assert_eq!(csv(&sum, "id,x,y", "A,EUR 10.00,EUR"), "row A: price=10.00@3");
}

/// Its fields are known in the export only.
#[test]
fn type_of_a_wildcard_is_that_of_its_fields() {
    let floats =
        |keys: &str| format!("order.ext.'*' = {{ column = 'x_*', type = 'float', {keys} }}");
    let rules = profile(&floats("strip_prefix = 'EUR'"));
    assert_eq!(csv(&rules, "id,x_a", "A,EUR 1.5"), "row A: ext.a:float=1.5@3");
    let errors = errors_of(&floats("split = '-', part = 2"));
    assert!(errors.contains("split = \"-\" would cut off the sign"), "{errors}");
    let untyped = profile("order.ext.'*' = { column = 'x_*', split = '-', part = 2 }");
    let mapped = csv(&untyped, "id,x_a:float,x_b", "A,12-5,12-5");
    assert!(mapped.contains("ext.b:string=5@"), "{mapped}");
    assert!(mapped.contains("number_unreadable ext.a"), "{mapped}");
}

#[test]
fn split_drops_no_zone_of_a_date() {
    let date = |keys: &str, cell: &str| {
        let rules = profile(&format!(
            "order.orderedAt = {{ column = 'x', path = 'x', date = '%F %R', {keys} }}"
        ));
        let (from_csv, from_json) = (
            csv(&rules, "id,x", &format!("A,{cell}")),
            ndjson(&rules, json!({"id": "A", "x": cell})),
        );
        assert_eq!(from_csv, from_json);
        from_csv.rsplit_once(": split ").map_or(from_csv.clone(), |(_, error)| error.to_owned())
    };
    let berlin = |split: &str| format!("zone = 'Europe/Berlin', part = 1, split = '{split}'");
    for (split, cell, error) in [
        ("+", "2026-10-01 10:00+00:00", "drops \"+00:00\", an offset; write %z in the format"),
        (
            "+",
            "2026-10-01 10:00+02 (local)",
            "drops \"+02 (local)\", an offset; write %z in the format",
        ),
        (
            ".",
            "2026-10-01 10:00.000-07:00",
            "drops \".000-07:00\", an offset; write %z in the format",
        ),
        (
            ".",
            "2026-10-01 10:00.0Z",
            "drops \".0Z\", what says UTC, but zone is \"Europe/Berlin\"; write zone = \"UTC\"",
        ),
        (
            " P",
            "2026-10-01 10:00 PM",
            "drops \" PM\", the half of the day; write %I and %p in the format",
        ),
        (
            " (",
            "2026-10-01 10:00 (PST)",
            "drops \" (PST)\", the zone PST, but zone is \"Europe/Berlin\"; did you mean \
             zone = \"America/Los_Angeles\"?",
        ),
    ] {
        assert_eq!(date(&berlin(split), cell), error, "{cell}");
    }
    let read = "row A: orderedAt=2026-10-01T08:00:00.000Z@3";
    for cell in ["2026-10-01 10:00.000", "2026-10-01 10:00. 2026-10-02 11:00"] {
        assert_eq!(date(&berlin("."), cell), read, "{cell}");
    }
    for cell in ["2026-10-01 10:00 | SO-1234", "2026-10-01 10:00 | Shop-7"] {
        assert_eq!(date(&berlin(" | "), cell), read, "{cell}");
    }
    let utc = "zone = 'UTC', part = 1, split = '+'";
    assert_eq!(date(utc, "2026-10-01 08:00+00:00"), read);
    assert!(date(utc, "2026-10-01 08:00+05:00").contains("an offset"));
    let day = profile(
        "order.orderedAt = { column = 'x', split = 'T', part = 1, date = '%F', zone = 'UTC' }",
    );
    let mapped = csv(&day, "id,x", "A,2026-10-01T10:00:00+02:00");
    assert_eq!(mapped, "row A: orderedAt=2026-10-01T00:00:00.000Z@3", "no time of day is read");
}

/// A date in the list once let all offsets be dropped, and local times refused all of them.
#[test]
fn dropped_zone_is_asked_of_the_format_that_reads_the_date() {
    let date = |formats: &str, split: &str, cell: &str| {
        let rules = profile(&format!(
            "order.orderedAt = {{ column = 'x', date = [{formats}], zone = 'Europe/Berlin', part = \
             1, split = '{split}' }}"
        ));
        csv(&rules, "id,x", &format!("A,{cell}"))
    };
    let list = "'%F %R', '%F', 'excel'";
    assert!(date(list, "+", "2026-10-01 10:00+05:00").contains("an offset; write %z"));
    assert!(date(list, "+", "46296.25+05:00").contains("an offset; write %z"));
    let midnight = "row A: orderedAt=2026-09-30T22:00:00.000Z@3";
    assert_eq!(date(list, "+", "2026-10-01+05:00"), midnight);
    assert_eq!(date(list, "+", "46296+05:00"), midnight);
    let with_offset = "'%F %R %z', '%F %R'";
    let read = "row A: orderedAt=2026-10-01T08:00:00.000Z@3";
    assert_eq!(date(with_offset, " (", "2026-10-01 03:00 -0500 (EST)"), read);
    assert_eq!(date(with_offset, " (", "2026-10-01 10:00 (paid)"), read);
    assert!(date(with_offset, " (", "2026-10-01 10:00 (EST)").contains("the zone EST"));
}

/// It would be the one identifier of all people without a number.
#[test]
fn placeholders_of_identifiers_are_not_padded() {
    let of = |rule: &str, cell: &str| {
        let padded = "column = 'x', pad_left = { length = 6, with = '0' }";
        csv(&profile(&format!("{rule} = {{ {padded} }}")), "id,x", &format!("A,{cell}"))
    };
    for placeholder in ["0", "-1", "-", "n/a", "NULL"] {
        assert_eq!(of("guest.id.crm", placeholder), format!("row A: guest.id.crm={placeholder}@3"));
    }
    assert_eq!(of("guest.id.crm", "17"), "row A: guest.id.crm=000017@3");
    assert_eq!(of("order.ext.sku", "0"), "row A: ext.sku:string=000000@3");
}

#[test]
fn half_text_steps_are_refused() {
    insta::assert_snapshot!(errors_of("
order.ext.a = { column = 'x', split = '/' }
order.ext.b = { column = 'x', part = 2, upper = true, lower = true }
order.ext.c = { column = 'x', split = '', part = 1 }
order.ext.d = { column = 'x', split = '/', part = 0, pad_left = { length = 0, with = '0' } }
order.ext.e = { column = 'x', decode = 'xml' }
order.ext.f = { column = 'x', pad_left = { lenght = 9 } }
order.ext.g = { column = 'x', pad_left = { length = 9, with = '' } }
order.ext.h = { column = 'x', pairs = { separator = ';', assign = '=' } }
order.ext.i = { column = 'x', key = 'a', pairs = { separator = ';', assign = ';' } }
order.ext.j = { column = 'x', key = 'a' }
order.price = { column = 'x', key = 'a', pairs = { separator = ';', assign = '-' } }
order.orderedAt = { column = 'x', split = ' PM', part = 1, date = '%F %R', zone = 'UTC' }
"), @r#"
    p:4:11: order.ext.a: "a" has split, but no part; expected part = 1 for the first, or -1 for the last
      p:5:11: order.ext.b: "b" has a part, but no split, the text between parts
      p:5:11: order.ext.b: "b" has upper and lower, which exclude each other
      p:6:39: order.ext.c.split: "split" is empty; expected the text between parts
      p:7:51: order.ext.d.part: "part" is 0; expected 1 for the first part, or -1 for the last one
      p:7:76: order.ext.d.pad_left.length: found the number 0; expected a whole number from 1 to 255
      p:8:40: order.ext.e.decode: unknown value "xml"; expected "html", "backslash"
      p:9:44: order.ext.f.pad_left: unknown key "lenght"; meant "length"? or "with"
      p:10:31: order.ext.g.pad_left: "pad_left" has with = ""; expected one character
      p:11:11: order.ext.h: "h" has pairs, but no key; expected the key of a pair
      p:12:42: order.ext.i.pairs: "pairs" has a separator and an assign of which one contains the other
      p:13:11: order.ext.j: "j" has a key, but no pairs; expected for example pairs = { separator = "\n", assign = ": " }
      p:14:7: order.price: pairs = "-" would cut off the sign or digits of a number
      p:15:7: order.orderedAt: split = " PM" strips the half of the day; write %I and %p in the format
    "#);
}

/// The table of steps in the help.
#[test]
fn documented_steps_do_what_is_said() {
    let help = include_str!("../../cli/help/profile.md");
    let (_, texts) = help.split_once("## Texts\n").unwrap();
    let (texts, _) = texts.split_once("\n## ").unwrap();
    let rows = texts.lines().filter(|line| line.starts_with("| `"));
    let mut n_rows = 0;
    for row in rows {
        let cells = row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`'));
        let [keys, cell, value] = *cells.collect::<Vec<_>>() else { panic!("{row}") };
        let found = of_cell(keys, cell);
        let found = if found.contains("part_missing") { "a problem" } else { &found };
        assert_eq!(found, value, "{row}");
        n_rows += 1;
    }
    assert!(n_rows > 5);
}

/// The blocks of the help, each in a profile of its own.
#[test]
fn documented_rules_are_valid() {
    let help = include_str!("../../cli/help/profile.md");
    let blocks = help.split("```toml\n").skip(1).map(|block| block.split_once("```").unwrap().0);
    for block in blocks.filter(|block| !block.contains("referenceId")) {
        let name = if block.starts_with("name = ") { "" } else { "name = 'p'\n" };
        let block = block.replace("\"?\"", "\"Europe/Berlin\"");
        let key =
            if block.contains("parent = ") { "" } else { "key = { column = 'id', path = 'id' }\n" };
        let reference = if key.is_empty() { "\norder.referenceId.path = 'id'" } else { "" };
        let text = format!("{name}{key}{block}{reference}");
        Profile::parse("p", &text).unwrap_or_else(|error| panic!("{error}\n{block}"));
    }
}
