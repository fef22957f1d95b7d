//! Unit tests of mapping: a profile bound to a header or to documents, and the cells, items, keys
//! and problems of its rows.

mod combined;
mod countries;
mod currency_symbols;
mod dates;
mod extends;
mod item_kinds;
mod items;
mod languages;
mod names;
mod over_rows;
mod packed;
mod parent;
mod people;
mod repeated;
pub(super) mod rows;
mod rule_choice;
mod step_order;
mod tables;
mod text_steps;
mod values;
mod written;
mod zones;

use serde_json::{Value, json};

use super::{MissingInAll, SeenNames, file_mapper::FileMapper, missing_paths, profile::Profile};
use crate::model::{
    draft::RowKind,
    origin::{FileId, Position},
    over_rows::OverRows,
    problem::Problem,
    row::RowContent,
};
use rows::{
    bind, bind_error, canonical, cells, csv, document, documents, errors, mapped, ndjson,
    problem_text, profile, record, records, row, unreadable, unreadable_content,
};

#[test]
fn canonical_csv_row_maps_to_cells_with_positions() {
    let columns = "referenceId,orderedAt,price,ext.gift:boolean,item.name,item.quantity,item.ext.size,guest.email,\
                   guest.id.crm,event.pos";
    let line = "A-1,2025-01-01T01:00+01:00, 30.60 ,true,Tee,2,XL,Ann@x.de,17,shop/ie";
    assert_eq!(
        csv(&canonical(), columns, line),
        "row A-1: orderedAt=2025-01-01T00:00:00.000Z@5 price=30.60@28 ext.gift:boolean=true@36 \
         guest.email=Ann@x.de@50 guest.id.crm=17@59 event.pos=shop/ie@62 \
         | item@- item.name=Tee@41 item.quantity=2@45 item.ext.size:string=XL@47"
    );
}

#[test]
fn column_name_declares_extension_type() {
    let columns = "referenceId,ext.a,ext.b:integer,ext.c: float ,ext.d:decimal,item.ext.e:boolean";
    assert_eq!(
        csv(&canonical(), columns, "A,1,2,3,4,5"),
        "row A: ext.a:string=1@3 ext.b:integer=2@5 ext.c:float=3@7 ext.d:decimal:string=4@9 \
         | item@- item.ext.e:boolean=5@11"
    );
}

#[test]
fn row_without_item_cells_adds_no_item() {
    let with_type = profile("item.type = { value = 'PRODUCT' }\nitem.name = { column = 'name' }");
    assert_eq!(csv(&with_type, "id,name", "A, "), "row A: ");
    assert_eq!(
        csv(&with_type, "id,name", "A,Tee"),
        "row A:  | item@- item.type~PRODUCT@- item.name=Tee@3"
    );
    assert_eq!(csv(&canonical(), "referenceId,item.name,item.ext.x", "A,,"), "row A: ");
}

#[test]
fn item_rows_condition_selects_items() {
    let lines = profile(
        "item.name = { column = 'name' }\nitem_rows = { column = 'kind', is = ['line', 'gift'] }",
    );
    assert_eq!(csv(&lines, "id,kind,name", "A,line,Tee"), "row A:  | item@- item.name=Tee@8");
    assert_eq!(csv(&lines, "id,kind,name", "A,shipping,DHL"), "row A: ");
    let elements = profile(
        "items = 'lines'\nitem.name = { path = 'name' }\nitem_rows = { path = 'kind', is = 'line' }",
    );
    let value = json!({"id": "A", "lines": [{"kind": "line", "name": "Tee"}, {"kind": "tax", "name": "VAT"}]});
    assert_eq!(ndjson(&elements, value), "document A:  | item@4 item.name=Tee@6");
}

#[test]
fn cells_override_constants_and_defaults() {
    let rules = "order.status = { column = 'status', path = 'status', default = 'PURCHASED' }\n\
                 order.paymentType = { value = 'other' }\nguest.id.crm = { column = 'nr', strip_suffix = '.0' }";
    let rules = profile(rules);
    assert_eq!(
        csv(&rules, "id,status,nr", "A,,17.0"),
        "row A: status~PURCHASED@- paymentType~other@- guest.id.crm=17@4"
    );
    assert_eq!(csv(&rules, "id,status,nr", "A,X,.0"), "row A: status=X@3 paymentType~other@-");
    assert_eq!(
        ndjson(&rules, json!({"id": "A", "status": null})),
        "row A: status~PURCHASED@- paymentType~other@-"
    );
}

#[test]
fn first_filled_column_wins() {
    let rules =
        profile("guest.phone = { column = ['mobile', 'phone'], path = ['mobile', 'phone'] }");
    assert_eq!(csv(&rules, "id,phone,mobile", "A,1,2"), "row A: guest.phone=2@5");
    assert_eq!(csv(&rules, "id,phone,mobile", "A,1, "), "row A: guest.phone=1@3");
    assert_eq!(csv(&rules, "id,phone", "A,1"), "row A: guest.phone=1@3");
    assert_eq!(
        ndjson(&rules, json!({"id": "A", "mobile": " ", "phone": "1"})),
        "row A: guest.phone=1@4"
    );
}

/// The placeholder is passed over as an empty cell is: the next column, the default, no item.
#[test]
fn nulls_count_as_empty_everywhere() {
    let rules = "nulls = ['NULL', 'N/A']\nguest.phone = { column = ['mobile', 'phone'], path = ['mobile', 'phone'] }\n\
                 order.status = { column = 'status', path = 'status', default = 'PURCHASED' }\n\
                 guest.id.crm = { column = 'nr', path = 'nr', empty = ['0'] }\n\
                 item.name = { column = 'name', path = 'name' }\n\
                 [[skip]]\nreason = 'noted'\nwhen = { column = 'note', path = 'note', empty = false }";
    let rules = profile(rules);
    let columns = "id,mobile,phone,status,nr,name,note";
    let of = |line| csv(&rules, columns, line);
    assert_eq!(of("A,NULL,1,N/A,0,NULL,NULL"), "row A: status~PURCHASED@- guest.phone=1@8");
    assert_eq!(of("A,,,x,00,Tee,x").split(" | ").last(), Some("skip noted"));
    assert_eq!(of("NULL,NULL,N/A,,,,NULL"), "blank: status~PURCHASED@-");
    let value = json!({"id": "A", "mobile": "NULL", "name": " NULL ", "note": "N/A", "nr": "#0", "phone": "1"});
    assert_eq!(ndjson(&rules, value), "row A: status~PURCHASED@- guest.phone=1@7");
    assert_eq!(ndjson(&rules, json!({"id": "NULL", "note": "NULL"})), "blank: status~PURCHASED@-");
}

#[test]
fn table_maps_to_value_skip_or_problem() {
    let rules = "order.status = { column = 's', values = { paid = 'PURCHASED', void = { skip = 'voided' } } }\n\
                 guest.gender = { column = 'g', values = { f = 'female' } }\n\
                 item.type = { column = 't', values = { x = { skip = 'sample' } } }";
    let rules = profile(rules);
    let mapped = |line| csv(&rules, "id,s,g,t", line);
    assert_eq!(mapped("A,paid,f,"), "row A: status=PURCHASED@3 guest.gender=female@8");
    assert_eq!(mapped("A,void,,"), "row A: status!void@3 | skip voided");
    assert_eq!(mapped("A,,,x"), "row A:  | item@- item.type!x@5 | skip sample");
    let unlisted = "value_not_in_table status@3 \"piad\" is not in the profile's values; did you mean \"paid\"?";
    assert_eq!(mapped("A,piad,,"), format!("row A: status!piad@3 | {unlisted}"));
    // A problem does not quote a guest's cell.
    let redacted = "guest_attribute_left_out guest.gender@4 does not match the profile's rule; \
        gender is left out";
    assert_eq!(mapped("A,,Ann,"), format!("row A: guest.gender!Ann@4 | {redacted}"));
    let strict = profile(
        "guest.attributes = 'strict'\nguest.gender = { column = 'g', values = { f = 'female' } }",
    );
    let redacted = "value_not_in_table guest.gender@3 does not match the profile's rule";
    assert_eq!(csv(&strict, "id,g", "A,Ann"), format!("row A: guest.gender!Ann@3 | {redacted}"));
}

#[test]
fn first_matching_skip_rule_is_the_reason() {
    let rules = "[[skip]]\nreason = 'cancelled'\nwhen = { column = 'id', path = 'id', starts_with = 'C' }\n\
                 [[skip]]\nreason = 'test'\nwhen = { column = 'note', path = 'meta.note', is = 'test', is_not = 'x' }";
    let rules = profile(rules);
    let mapped = |line| csv(&rules, "id,note", line);
    assert_eq!(
        [mapped("C1,test"), mapped("A1,test"), mapped("A1,tested")],
        ["row C1:  | skip cancelled", "row A1:  | skip test", "row A1: "]
    );
    assert_eq!(
        ndjson(&rules, json!({"id": "A1", "meta": {"note": "test"}})),
        "row A1:  | skip test"
    );
}

/// A record, a document, or neither where the row is unreadable as a whole.
fn is_ignored(rules: &str, columns: Option<&str>, content: RowContent<'static>, raw: &str) -> bool {
    let profile = profile(rules);
    bind(&profile, columns).is_ignored(row(9, content), raw.as_bytes())
}

#[test]
fn ignored_rows_may_be_unreadable() {
    let of = |ignored: &str, line: &str| {
        let rules = format!("ignore_rows = [{{ {ignored} }}]");
        let (columns, cells) = (Some("id,price"), RowContent::Record(record(line)));
        let is_readable = line.split(',').count() == 2;
        let content = if is_readable { cells } else { unreadable_content(Some(cells)) };
        is_ignored(&rules, columns, content, line)
    };
    assert!(of("column = 'id', starts_with = 'Total'", "Total,30.00"));
    assert!(!of("column = 'id', starts_with = 'Total'", "A1,30.00"));
    // With a wrong number of cells only the first one is known.
    assert!(of("column = 'id', starts_with = 'Total'", "Total,,30.00"));
    assert!(!of("column = 'price', empty = true", "Total,,30.00"));
    assert!(!of("not = { column = 'price', is = 'x' }", "Total,,30.00"));
    assert!(of("raw = true, starts_with = '#'", "# end"));
    assert!(of("raw = true, contains = 'record(s)'", " 3 record(s) found, by Ann, today "));
    assert!(of("raw = true, ends_with = \"\\t\"", "# end\t\r"));
    assert!(!of("raw = true, starts_with = '#'", " # end"));
    assert!(of("raw = true, is = ' A1,30 '", " A1,30 \r"));
    let nothing = unreadable_content(None);
    let rules = "ignore_rows = [{ raw = true, is = 'null' }, { path = 'index', empty = false }]";
    assert!(is_ignored(rules, None, nothing, "null"));
    assert!(is_ignored(rules, None, document(&json!({"index": {"_id": "1"}})), "{}"));
    assert!(!is_ignored(rules, None, document(&json!({"id": "A"})), "{}"));
    let damaged = unreadable_content(Some(document(&json!({"id": "A"}))));
    let rules = "ignore_rows = [{ path = 'key', exists = false }]";
    assert!(!is_ignored(rules, None, damaged, "{\"id\": \"A\", \"ke"));
}

/// What swallowed other rows is not ignored.
#[test]
fn ignored_row_may_hold_no_other() {
    let profile = profile("ignore_rows = [{ column = 'id', is = 'Total' }]");
    let mapper = bind(&profile, Some("id,price,name"));
    let kind = |raw: &str| {
        let row = row(9, RowContent::Record(record("Total,x,y")));
        mapper.kind_in_file(row, raw.as_bytes())
    };
    assert_eq!(kind("Total,x,y"), RowKind::Ignored);
    assert_eq!(kind("Total,\"a note\nof two lines\",y"), RowKind::Ignored);
    assert!(kind("Total,\"30\nA2,20,Frame 8\"").has_no_order());
    let rules = "ignore_rows = [{ raw = true, starts_with = '{' }]";
    let damaged = || unreadable_content(None);
    assert!(!is_ignored(rules, None, damaged(), "{\"op\": d} {\"id\": \"A\"}"));
    assert!(is_ignored(rules, None, damaged(), "{\"op\": d}"));
}

/// A cancelled order was once sent, since an object counted as empty.
#[test]
fn conditions_see_objects_and_arrays() {
    let rules = "[[skip]]\nreason = 'cancelled'\nwhen = { path = 'cancelled', empty = false }";
    let rules = profile(rules);
    let of = |cancelled: Value| ndjson(&rules, json!({"cancelled": cancelled, "id": "A"}));
    assert_eq!(of(json!({"$date": "x"})), "row A:  | skip cancelled");
    assert_eq!(of(json!([{}])), "row A:  | skip cancelled");
    for nothing in [json!(null), json!(""), json!([])] {
        assert_eq!(of(nothing), "row A: ");
    }
}

/// A refunded order was once sent, since no element of `refunds` has the name `id`.
#[test]
fn path_within_an_array_is_a_problem() {
    let rules = profile(
        "items = 'parcels.lines'\nitem.name = { path = 'name' }\n\
         order.paymentType = { path = ['method', 'payments.method'], default = 'other' }\n\
         [[skip]]\nreason = 'refunded'\nwhen = { path = 'refunds.id', empty = false }",
    );
    let of = |members: Value| {
        let mut value = members;
        value["id"] = json!("A");
        ndjson(&rules, value)
    };
    let within = |value| of(value).split(" | ").nth(1).unwrap_or_default().to_owned();
    let condition = "the value is an array, and a condition of the profile tests a member of its \
                     elements";
    let found = within(json!({"refunds": [{"id": 1}]}));
    assert!(found.starts_with("condition_unreadable") && found.ends_with(condition), "{found}");
    let found = within(json!({"payments": [{"method": "Card"}]}));
    assert!(found.starts_with("not_a_scalar paymentType@"), "{found}");
    let found = within(json!({"parcels": [{"lines": [{"name": "Mug"}]}]}));
    assert!(found.ends_with("goes on within an array, expected an array of items"), "{found}");
    for nothing in [json!([]), json!(null), json!({})] {
        let value = json!({"payments": nothing, "refunds": nothing, "parcels": nothing});
        assert!(!of(value).contains(" | "), "{nothing}");
    }
    let other = of(json!({"method": "Card", "payments": [{"method": "PayPal"}]}));
    assert!(other.contains("paymentType=Card") && !other.contains(" | "), "{other}");
}

/// The element was not selected, so that its amount counted as nothing.
#[test]
fn filter_of_an_array_is_a_problem() {
    let rules = profile(
        "items = 'lines[kind=product]'\nitem.name = { path = 'name' }\n\
         order.price = { sum = ['total'], minus = ['tx[kind=refund].amount'] }\n\
         order.paymentType = { path = 'pay[kind=card].method', default = 'other' }\n\
         [[skip]]\nreason = 'test'\nwhen = { path = 'notes[name=test].value', is = 'yes' }",
    );
    let of = |member: &str, value: Value| {
        let mut document = json!({"id": "A", "total": 5});
        document[member] = value;
        let found = ndjson(&rules, document);
        found.split(" | ").nth(1).unwrap_or_default().to_owned()
    };
    let refund = |kind: Value| of("tx", json!([{"kind": kind, "amount": 2}]));
    insta::assert_snapshot!(refund(json!(["refund"])), @"not_a_scalar price@7 an array where a text, by which the path filters, is expected");
    insta::assert_snapshot!(refund(json!({"#text": "refund"})), @"not_a_scalar price@7 an object where a text, by which the path filters, is expected");
    insta::assert_snapshot!(of("pay", json!({"kind": ["card"], "method": "Visa"})), @"not_a_scalar paymentType@4 an array where a single value is expected");
    insta::assert_snapshot!(of("lines", json!([{"kind": ["product"], "name": "Mug"}])), @r#"not_a_scalar -@5 "lines[kind=product]" filters by an array, expected an array of items"#);
    insta::assert_snapshot!(of("notes", json!([{"name": ["test"], "value": "yes"}])), @"condition_unreadable -@5 the value is an array or an object, and a condition of the profile tests a single value");
    for kind in [json!([]), json!({}), json!(null), json!("fee")] {
        assert_eq!(refund(kind.clone()), "", "{kind}");
    }
}

#[test]
fn conditions_read_numbers_as_the_rule_of_the_column() {
    let skipped = |price: &str, test: &str, total: &str| {
        let rules = profile(&format!(
            "order.price = {{ column = 'total'{price} }}\n\
             [[skip]]\nreason = 'refund'\nwhen = {{ column = 'total', {test} }}"
        ));
        let mapped = csv(&rules, "id,total", &format!("A,{total}"));
        match (mapped.contains("skip refund"), mapped.contains("condition_unreadable")) {
            (true, false) => "skipped",
            (false, false) => "sent",
            (_, true) => "unreadable",
        }
    };
    let german = ", decimal = ',', thousands = '.'";
    assert_eq!(skipped(german, "less = 100", "1.250"), "sent");
    assert_eq!(skipped(german, "less = 100", "99.5"), "unreadable");
    let dollars = ", strip_prefix = '$', negative = 'parentheses'";
    assert_eq!(skipped(dollars, "less = 0", "($30.00)"), "skipped");
    assert_eq!(skipped(dollars, "less = 0", "$30.00"), "sent");
    // Cents: 12 is 0.12.
    assert_eq!(skipped(", scale = 2", "less = 1", "12"), "skipped");
    // How many decimals it has matters to some tests only.
    let currency = ", scale = 'currency'";
    assert_eq!(skipped(currency, "less = 1", "12"), "unreadable");
    assert_eq!(skipped(currency, "less = 0", "-12"), "skipped");
    assert_eq!(skipped(currency, "less = 0", "12"), "sent");
    assert_eq!(skipped(currency, "equals = 0", "0"), "skipped");
    assert_eq!(skipped(currency, "equals = 0", "12"), "sent");
    assert_eq!(skipped(currency, "less = 20", "12"), "skipped");
    // Undeclared: both readings are negative, but one of them is less than 2.
    assert_eq!(skipped("", "less = 0", "-1.250"), "skipped");
    assert_eq!(skipped("", "less = 2", "1.250"), "unreadable");
    assert_eq!(skipped(", decimal = '.'", "less = 2", "1.250"), "skipped");
}

/// Such refunds were sent as orders, beside their own orders in full.
#[test]
fn half_a_key_of_a_refund_is_lost() {
    let of = |order: &str, cells: [&str; 3]| {
        let rules = format!(
            "key = {{ concat = ['shop', 'id'], separator = '-' }}\n[refunds]\norder = {{ {order} }}"
        );
        let rules = profile(&rules);
        let [id, of, part] = cells;
        let from_csv = csv(&rules, "shop,id,of,part", &format!("de,{id},{of},{part}"));
        let document = json!({"shop": "de", "id": id, "of": of, "part": part});
        [from_csv, ndjson(&rules, document)]
    };
    let both = "concat = ['of', 'part'], separator = '-'";
    let own = "concat = ['shop', 'of'], separator = '-'";
    let steps = "column = 'of', path = 'of', strip_prefix = '*', split = '/', part = 2";
    let pairs = "column = 'of', path = 'of', pairs = { separator = ';', assign = '=' }, key = 'a'";
    let refund = "refund left out of de-1";
    let half = "lost refund refunds.order reads a part of the key of an order";
    let none = "lost refund refunds.order reads no key of an order";
    for (order, cells, expected) in [
        (both, ["9", "de", "1"], refund),
        (both, ["9", "de", ""], half),
        (both, ["9", "", "1"], half),
        (both, ["9", "", ""], "row de-9"),
        (own, ["9", "", ""], "row de-9"),
        (own, ["9", "1", ""], refund),
        (steps, ["9", "x/1", ""], "refund left out of 1"),
        (steps, ["9", "x/", ""], none),
        (steps, ["9", "*", ""], none),
        (steps, ["9", "", ""], "row de-9"),
        (pairs, ["9", "a=de-1", ""], refund),
        (pairs, ["9", "b=1", ""], "row de-9"),
    ] {
        for mapped in of(order, cells) {
            assert!(mapped.starts_with(expected), "{order} {cells:?}: {mapped}");
        }
    }
}

/// The condition once took the rule that came first.
#[test]
fn condition_on_a_number_that_rules_read_differently_is_refused() {
    let error_of = |prices: &str, test: &str| {
        errors(&format!(
            "order.price = [{prices}]\n[[skip]]\nreason = 'large'\nwhen = {{ column = 'a', {test} }}"
        ))
    };
    let two = |one: &str, other: &str| {
        format!(
            "{{ column = 'a', when = {{ column = 'b', is = 'c' }}, {one} }}, {{ column = 'a', {other} }}"
        )
    };
    let marks = "decimal = ','";
    for (one, other) in [
        ("scale = 2", ""),
        (marks, ""),
        ("strip_prefix = 'EUR'", "strip_prefix = 'USD'"),
        ("negative = 'parentheses'", "negative = 'trailing_minus'"),
        ("split = ' x ', part = 1", "split = ' x ', part = 2"),
        (
            "pairs = { separator = ';', assign = '=' }, key = 'net'",
            "pairs = { separator = ';', assign = '=' }, key = 'gross'",
        ),
        ("strip_prefix = '$', values = { free = '0' }, other = 'keep'", "strip_prefix = '$'"),
    ] {
        for test in ["greater = 100", "less = 0"] {
            let error = error_of(&two(one, other), test);
            let expected = "compares \"a\" with a number, and order.price[1] and order.price[2] read \
                            it differently; expected";
            assert!(error.contains(expected), "{one}, {other}, {test}: {error}");
        }
    }
    let scales = two("scale = 2", "scale = 3");
    assert!(error_of(&scales, "less = 1").contains("read it differently"));
    // The sign is the same in both, and so is what both can read.
    let skip = |prices: &str, number: &str| {
        profile(&format!(
            "order.price = [{prices}]\n[[skip]]\nreason = 'x'\nwhen = {{ column = 'a', less = {number} }}"
        ));
    };
    skip(&scales, "0");
    skip(&two("decimal = '.'", ""), "1");
    skip(&two("scale = 2", "scale = 2"), "1");
    skip(&two("", "values = { x = '1' }"), "1");
}

/// Errors of conditions were at the first table of items, or at a whole condition.
#[test]
fn error_of_a_number_test_is_at_its_key() {
    let rules = "
order.price = { column = 'a', scale = 2 }
order.ext.a = { column = 'a', type = 'float' }
order.ext.b = [
    { column = 'b', when = { column = 'b', is = 'c' } },
    { column = 'c', when = { column = 'a', greater = 7 } },
]
[[item]]
when = { column = 'b', is = 'c' }
name = { column = 'b' }
[[item]]
when = { column = 'b', is = 'd' }
name = { column = 'b', when = { not = { column = 'a', less = 7 } } }
[[skip]]
reason = 'x'
when = { any = [{ column = 'b', is = 'c' }, { column = 'c', is = '5', less = 3 }, { column = 'a', equals = 7 }] }
";
    insta::assert_snapshot!(errors(rules), @r#"
    test:8:54: order.ext.b[2].when.greater: "greater" compares "a" with a number, and order.price and order.ext.a read it differently; expected the same marks, scale, negative, values and text steps (strip_prefix, split, …) in both
      test:15:62: item[2].name.when.not.less: "less" compares "a" with a number, and order.price and order.ext.a read it differently; expected the same marks, scale, negative, values and text steps (strip_prefix, split, …) in both
      test:18:66: skip.when.any[2].is: "is" contradicts less, which no text of it passes; expected one of both, or any = [{ … }, { … }] if one of them is enough
      test:18:108: skip.when.any[3].equals: "equals" compares "a" with a number, and order.price and order.ext.a read it differently; expected the same marks, scale, negative, values and text steps (strip_prefix, split, …) in both
    "#);
}

#[test]
fn untestable_condition_is_a_problem() {
    let rules =
        "[[skip]]\nreason = 'refund'\nwhen = { column = 'total', path = 'total', less = 0 }";
    let rules = profile(rules);
    assert_eq!(csv(&rules, "id,total", "A,-1.00"), "row A:  | skip refund");
    assert_eq!(csv(&rules, "id,total", "A,"), "row A: ");
    let number = "the value is not a number, which a condition of the profile compares with one";
    let problem = format!("row A:  | condition_unreadable -@3 {number}");
    assert_eq!(csv(&rules, "id,total", "A,1.00 EUR"), problem);
    let nested = "the value is an array or an object, and a condition of the profile tests a single \
                  value";
    assert_eq!(
        ndjson(&rules, json!({"id": "A", "total": {"value": 1}})),
        format!("row A:  | condition_unreadable -@3 {nested}")
    );
    let of_member = "nulls = ['none']\n[[skip]]\nreason = 'test'\nwhen = { path = 'status.text', ";
    let exists = profile(&format!("{of_member}exists = false }}"));
    let of_member = profile(&format!("{of_member}empty = true }}"));
    let of_text = ndjson(&exists, json!({"id": "A", "status": "CANCELLED"}));
    assert_eq!(of_text, "row A:  | skip test");
    let within = "the value is a single value, and a condition of the profile tests a member of it";
    for (status, expected) in [
        (json!("CANCELLED"), format!(" | condition_unreadable -@3 {within}")),
        (json!({"text": "CANCELLED"}), String::new()),
        (json!(""), " | skip test".to_owned()),
        (json!("none"), " | skip test".to_owned()),
        (json!(null), " | skip test".to_owned()),
        (json!({}), " | skip test".to_owned()),
    ] {
        let mapped = ndjson(&of_member, json!({"id": "A", "status": status}));
        assert_eq!(mapped, format!("row A: {expected}"), "{status}");
    }
    let error = |rules: &str| {
        Profile::parse("p", &format!("name = 'p'\n{rules}\norder.referenceId.column = 'id'"))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error("item_rows = { not = { is = 'x' } }"),
        "p:2:15: item_rows.not: \"not\" has no column and no path"
    );
}

#[test]
fn required_column_must_exist_once() {
    let rules = profile(
        "order.status = { column = 'Status' }\norder.cardType = { column = 'card', default = 'x' }",
    );
    insta::assert_snapshot!(bind_error(&rules, "id,price"), @r#"test:3:27: order.status: there is no column "Status" in the export; orders.csv has "id", "price""#);
    insta::assert_snapshot!(bind_error(&rules, "id,status"), @r#"test:3:27: order.status: there is no column "Status" in the export; orders.csv has "status", its 2nd column of 2"#);
    assert_eq!(bind_error(&rules, "id,Status"), "");
    insta::assert_snapshot!(bind_error(&rules, "id,Status,x,Status"), @r#"
    orders.csv:1:4: column "Status" occurs twice; the profile needs exactly one for status; it is at orders.csv:1:13 too
      hint: nth = 1 in its rule takes the first one; which one is meant is not guessed
    "#);
    insta::assert_snapshot!(bind_error(&canonical(), "price"), @r#"orders.csv: there is no column "referenceId" in the export; the profile needs it for referenceId; orders.csv has "price""#);
    let skip = profile("[[skip]]\nreason = 'x'\nwhen = { column = 'kind', is = 'x' }");
    insta::assert_snapshot!(bind_error(&skip, "id"), @r#"test:5:19: skip.when: there is no column "kind" in the export; orders.csv has "id""#);
}

/// A wildcard's column that occurs twice is ambiguous too: an item would silently keep the last
/// one.
#[test]
fn wildcard_and_condition_columns_must_be_unique() {
    assert!(bind_error(&canonical(), "referenceId,item.ext.a,item.ext.a").contains("twice"));
    let skip = profile("[[skip]]\nreason = 'x'\nwhen = { column = 'kind', is = 'x' }");
    assert!(bind_error(&skip, "id,kind,kind").contains("twice"));
}

#[test]
fn profile_for_other_format_is_refused() {
    let of_paths = Profile::parse("p", "name = 'p'\norder.referenceId = { path = 'id' }").unwrap();
    assert!(
        bind_error(&of_paths, "id").contains("the profile has no column for the order's reference")
    );
    let of_columns =
        Profile::parse("p", "name = 'p'\norder.referenceId = { column = 'id' }").unwrap();
    let error = FileMapper::bind(&of_columns, None, "orders.ndjson").err().unwrap().to_string();
    assert!(error.contains("the profile has no path for the order's reference"), "{error}");
    let of_both = "name = 'p'\norder.referenceId = { column = 'id', path = 'id' }\n[[skip]]\n\
                   reason = 'empty'\nwhen = { column = 'email', empty = true }";
    let with_path = Profile::parse("p", &of_both.replace("column = 'email'", "path = 'email'"));
    let of_both = Profile::parse("p", of_both).unwrap();
    let error = FileMapper::bind(&of_both, None, "orders.ndjson").err().unwrap().to_string();
    insta::assert_snapshot!(error, @r#"
    p:5:19: skip.when: the condition on "email" has no path; orders.ndjson is JSON
      hint: write both, { column = "email", path = "…" }, or name a profile for JSON with --profile
    "#);
    insta::assert_snapshot!(bind_error(&with_path.unwrap(), "id,email"), @r#"
    p:5:17: skip.when: the condition on "email" has no column; orders.csv is CSV
      hint: write both, { path = "email", column = "…" }, or name a profile for CSV with --profile
    "#);
}

#[test]
fn rule_for_the_other_format_than_the_key_is_refused() {
    let errors = |key: &str, rules: &str| {
        Profile::parse("p.toml", &format!("name = 'p'\n{key}\n{rules}"))
            .err()
            .map(|error| error.to_string())
    };
    let rules = "order.status = { path = 's' }\nguest.id.crm = { column = 'c' }\n\
                 guest.email = { column = 'e', path = 'e' }\nguest.city = { value = 'Rome' }";
    let of_column = errors("order.referenceId = { column = 'id' }", rules).unwrap();
    let of_path = errors("key = { path = 'id' }", rules).unwrap();
    insta::assert_snapshot!(format!("{of_column}\n\n{of_path}"), @r#"
    p.toml:3:7: order.status: the rule has a path only, but the order key a column only, as in CSV; expected a column

    p.toml:4:10: guest.id.crm: the rule has a column only, but the order key a path only, as in JSON; expected a path
    "#);
    assert_eq!(errors("order.referenceId = { column = 'id', path = 'id' }", rules), None);
}

fn unknown(problems: &[Problem]) -> Vec<String> {
    problems
        .iter()
        .map(|problem| format!("{}:{}", problem.at.line, problem_text(problem)))
        .collect()
}

#[test]
fn unknown_columns_are_reported_once_if_enabled() {
    let columns = "referenceId,priceTag,ext.,sku,ext.ok,guest.id.crm";
    let messages = [
        "1:unknown_column -@13 \"priceTag\" is unknown and ignored",
        "1:unknown_column -@22 \"ext.\" is unknown and ignored; did you mean \"ext.*\"?",
        "1:unknown_column -@27 \"sku\" is unknown and ignored",
    ];
    assert_eq!(
        unknown(&records(&canonical(), columns, &["A,1,2,3,4,5", "B,1,2,3,4,5"]).1),
        messages
    );
    assert_eq!(records(&profile(""), "id,sku", &["A,1"]).1, []);
}

#[test]
fn unknown_members_are_reported_once_with_path() {
    let value = json!({
        "ext": {"any": 1},
        "extensions": [{"name": "ext", "key": "default", "any": true}],
        "guest": {"emial": "x", "identifiers": [{"provider": "p", "id": "1"}], "street": ["x"]},
        "orderItems": [{"sku": 1, "name": "Tee"}, {"sku": 2, "ext": {"any": 1}}],
        "referenceId": "A",
        "tags": ["x"],
    });
    let messages = [
        "1:unknown_column -@10 \"guest.emial\" is unknown and ignored; did you mean \"guest.email\"?",
        "1:unknown_column -@20 \"orderItems.sku\" is unknown and ignored",
        "1:unknown_column -@26 \"tags\" is unknown and ignored",
    ];
    assert_eq!(unknown(&documents(&canonical(), &[value.clone(), value]).1), messages);
}

/// The warnings about paths that no document has, or the error.
fn path_warnings(profile: &Profile, values: &[Value]) -> Result<Vec<String>, String> {
    let (mapper, mut seen) = (bind(profile, None), SeenNames::default());
    for (line, value) in (1..).zip(values) {
        mapper.observe(row(line, document(value)), &mut seen);
    }
    let at = Position { file: FileId(0), line: 1, column: None };
    let warnings = missing_paths(profile, &seen, "orders.ndjson", at);
    let warnings = warnings.map_err(|error| error.to_string())?;
    Ok(warnings.into_iter().map(|problem| problem.message).collect())
}

#[test]
fn documents_in_a_wrapper_are_recognised() {
    let rules = "order.price = { path = 'total' }";
    let wrapped = json!({"orders": [{"id": "A", "total": 1}], "next": null});
    let error = path_warnings(&profile(rules), &[wrapped]).unwrap_err();
    assert!(error.contains("set documents = \"orders[]\" in the profile"), "{error}");
    assert_eq!((error.matches("\"id\"").count(), error.contains("did you mean")), (1, false));
    let of_objects = json!({"order": {"id": "A", "total": 1}});
    let error = path_warnings(&profile(rules), &[of_objects]).unwrap_err();
    assert!(error.contains("set documents = \"order\" in the profile"), "{error}");
    let both = json!({"drafts": [{"id": "A", "total": 1}], "orders": [{"id": "A", "total": 1}]});
    let error = path_warnings(&profile(rules), &[both]).unwrap_err();
    let keys = "documents = \"drafts[]\", or documents = \"orders[]\"";
    assert!(error.contains(keys), "{error}");
    let answer = json!({"data": {"orders": [{"id": "A", "total": 1}], "n": 1}, "ok": true});
    let error = path_warnings(&profile(rules), &[answer]).unwrap_err();
    assert!(error.contains("set documents = \"data.orders[]\" in the profile"), "{error}");
    let edges = json!({"data": {"orders": {"edges": [{"node": {"id": "A", "total": 1}}]}}});
    let error = path_warnings(&profile(rules), &[edges]).unwrap_err();
    assert!(error.contains("set documents = \"data.orders.edges[].node\" in"), "{error}");
    let other = json!({"id": "A", "customer": {"total": 1}});
    let error = path_warnings(&profile(rules), &[other]).unwrap_err();
    assert!(!error.contains("documents ="), "{error}");
}

/// Documents need not have all members, but a path that none has may be a typing error.
#[test]
fn path_that_no_document_has_is_reported() {
    let of = |rules: &str, value: Value| path_warnings(&profile(rules), &[value]);
    let phone = "guest.phone = { path = 'tel' }";
    let warning = "no document has \"tel\", which the profile reads for guest.phone";
    assert_eq!(of(phone, json!({"id": "A"})), Ok(vec![warning.to_owned()]));
    assert_eq!(of(phone, json!({"id": "A", "tel": null})), Ok(vec![]));
    let two = [json!({"id": "A"}), json!({"id": "B", "tel": "1"})];
    assert_eq!(path_warnings(&profile(phone), &two), Ok(vec![]));
    assert_eq!(path_warnings(&profile(phone), &[]), Ok(vec![]));
    let with_default = warning.to_owned() + "; its default \"x\" is used everywhere";
    for (key, warnings) in [
        ("optional = true", vec![]),
        ("default = 'x'", vec![with_default]),
        ("default = 'x', optional = true", vec![]),
    ] {
        let rules = format!("guest.phone = {{ path = 'tel', {key} }}");
        assert_eq!(of(&rules, json!({"id": "A"})), Ok(warnings), "{key}");
        let near = of(&rules, json!({"id": "A", "Tel": "1"})).unwrap_err();
        assert!(near.contains("did you mean \"Tel\"?"), "{near}");
    }
    // A required field; a part of a name; below a misspelt object; of items, if there are any.
    let required = of("order.price = { path = 'total' }", json!({"id": "A"})).unwrap_err();
    assert!(required.contains("order.price: no document has \"total\""), "{required}");
    let price =
        "items = 'lines'\nitem.price = { path = 'unit_price' }\nitem.name = { path = 'Name' }";
    let both = of(price, json!({"id": "A", "lines": [{"price": 1, "name": "Tee"}]})).unwrap_err();
    assert!(both.contains("\"unit_price\"") && both.contains("\"Name\""), "{both}");
    assert_eq!(of(price, json!({"id": "A", "lines": []})), Ok(vec![]));
    let gift = "order.ext.gift = { path = 'notes[name=gift].value' }";
    assert_eq!(of(gift, json!({"id": "A", "notes": []})), Ok(vec![]));
    assert_eq!(of(gift, json!({"id": "A"})).map(|warnings| warnings.len()), Ok(1));
    let below =
        of("guest.city = { path = 'adress.city' }", json!({"id": "A", "address": {"city": "x"}}));
    assert!(below.unwrap_err().contains("did you mean \"address\"?"));
    let skip = "[[skip]]\nreason = 'x'\nwhen = { path = 'canceledAt', empty = false }";
    let canceled = of(skip, json!({"id": "A", "cancelledAt": null})).unwrap_err();
    assert!(canceled.contains("skip.when: no document has \"canceledAt\""), "{canceled}");
    assert_eq!(of(skip, json!({"id": "A"})).map(|warnings| warnings.len()), Ok(1));
    let exists = "[[skip]]\nreason = 'x'\nwhen = { path = 'voided', exists = true }";
    assert_eq!(of(exists, json!({"id": "A"})), Ok(vec![]));
}

/// An order that is not skipped is sent, so a condition on a misspelt path ends the run.
#[test]
fn condition_on_a_misspelt_member_is_an_error() {
    let of = |condition: &str, value: Value| {
        let rules = "guest.state = { path = 'billing.state' }\nitem.name = { path = 'name' }";
        let rules = profile(&format!("items = 'lines'\n{condition}\n{rules}"));
        path_warnings(&rules, &[json!({"id": "A", "lines": []}), value])
    };
    let skip = |when: &str| format!("skip = [{{ reason = 'x', when = {when} }}]");
    let document = || {
        json!({"id": "B", "cancelled": {"$date": "x"}, "billing": {"state": "x"},
            "kind": "x", "refunds": [{"amount": 1}], "lines": [{"name": "x", "type": "x"}]})
    };
    for (path, near) in [
        ("cancelled.$dat", "$date"),
        ("canceled.$date", "cancelled"),
        ("billing.stat", "state"),
        ("refunds.0.amuont", "amount"),
        ("knd", "kind"),
    ] {
        let error = of(&skip(&format!("{{ path = '{path}', is = 'x' }}")), document()).unwrap_err();
        assert!(error.contains(&format!("did you mean {near:?}?")), "{path}: {error}");
    }
    let in_all = "{ all = [{ path = 'kind', is = 'x' }, { path = 'billing.stat', is = 'x' }] }";
    assert!(of(&skip(in_all), document()).unwrap_err().contains("\"state\"?"));
    let of_items = of("item_rows = { path = 'typ', is = 'x' }", document()).unwrap_err();
    assert!(of_items.contains("did you mean \"type\"?"), "{of_items}");
    // No such name; no object; either of two names; may be missing.
    for path in ["billing.voided", "note.stat", "id.stat"] {
        let warnings = of(&skip(&format!("{{ path = '{path}', is = 'x' }}")), document());
        assert_eq!(warnings.map(|warnings| warnings.len()), Ok(1), "{path}");
    }
    let either = "{ any = [{ path = 'kind', is = 'x' }, { path = 'kinds', is = 'x' }] }";
    assert_eq!(of(&skip(either), document()).map(|warnings| warnings.len()), Ok(1));
    let exists =
        |path: &str| of(&skip(&format!("{{ path = '{path}', exists = true }}")), document());
    assert_eq!(exists("billing.voided"), Ok(vec![]));
    assert!(exists("billing.stat").is_err());
}

#[test]
fn filter_on_a_member_that_no_element_has_is_reported() {
    let of = |rules: &str, value: Value| path_warnings(&profile(rules), &[value]);
    let gift = |keys: &str| format!("order.ext.a = {{ path = 'notes[nmae=gift].value'{keys} }}");
    let notes = |member: &str| json!({"id": "A", "notes": [{member: "gift", "value": "yes"}]});
    let near = of(&gift(""), notes("name")).unwrap_err();
    assert!(near.contains("order.ext.a: no document has \"notes.nmae\""), "{near}");
    assert!(near.contains("did you mean \"name\"?"), "{near}");
    let warning = "no document has \"notes.nmae\", which the filter of \
                   \"notes[nmae=gift].value\" tests";
    assert_eq!(of(&gift(""), notes("key")), Ok(vec![warning.to_owned()]));
    assert_eq!(of(&gift(", optional = true"), notes("key")), Ok(vec![]));
    assert_eq!(of(&gift(""), notes("nmae")), Ok(vec![]));
    assert_eq!(of(&gift(""), json!({"id": "A", "notes": []})), Ok(vec![]));
    let of_items = "items = 'lines[kind=product]'\nitem.name.path = 'tags[lang=en].text'";
    let lines = json!({"id": "A", "lines": [{"type": "product", "tags": [{"text": "Mug"}]}]});
    let both = of(of_items, lines).unwrap().join("\n");
    assert!(both.contains("\"lines.kind\"") && both.contains("\"tags.lang\""), "{both}");
    let skip = "[[skip]]\nreason = 'x'\nwhen = { path = 'notes[nmae=test].value', is = 'yes' }";
    assert!(of(skip, notes("name")).unwrap_err().contains("skip.when: no document has"));
}

/// The refunds of a quiet day have nothing that an order has.
#[test]
fn documents_of_refunds_need_not_have_the_paths_of_orders() {
    let rules = "items = 'lines'\nitem.name = { path = 'name' }\norder.price = { path = 'total' }\n\
                 [refunds]\nrows = { path = 'type', is = 'refund' }\norder = { path = 'parent' }";
    let refund = json!({"id": "R", "type": "refund", "parent": "A"});
    let of = |values: &[Value]| path_warnings(&profile(rules), values);
    assert_eq!(of(std::slice::from_ref(&refund)), Ok(vec![]));
    assert!(of(&[refund, json!({"id": "A"})]).unwrap_err().contains("no document has \"lines\""));
}

#[test]
fn condition_on_ignored_documents_is_not_missing() {
    let of = |path: &str| {
        let rules = profile(&format!("ignore_rows = [{{ path = '{path}', empty = false }}]"));
        let (mapper, mut seen) = (bind(&rules, None), SeenNames::default());
        mapper.observe(row(2, document(&json!({"id": "A"}))), &mut seen);
        let mut of_ignored = SeenNames::default();
        let ignored = json!({"index": {"_id": "1"}});
        mapper.observe_ignored(row(1, document(&ignored)), &mut of_ignored);
        seen.append(of_ignored);
        let at = Position { file: FileId(0), line: 1, column: None };
        missing_paths(&rules, &seen, "orders.ndjson", at).unwrap().len()
    };
    assert_eq!((of("index"), of("index._id"), of("indx"), of("index.id")), (0, 0, 1, 1));
}

/// A refund without the key of an order is left out, but its condition has taken it.
#[test]
fn condition_on_a_left_out_refund_is_not_missing() {
    let rules = profile("[refunds]\nrows = { path = 'kind', is = 'refund' }");
    let (mapper, mut seen) = (bind(&rules, None), SeenNames::default());
    mapper.observe(row(1, document(&json!({"id": "A"}))), &mut seen);
    let refund = row(2, document(&json!({"kind": "refund"})));
    assert_eq!(mapper.kind(refund), RowKind::Ignored);
    mapper.observe_ignored(refund, &mut seen);
    let at = Position { file: FileId(0), line: 1, column: None };
    assert_eq!(missing_paths(&rules, &seen, "orders.ndjson", at).unwrap(), []);
}

#[test]
fn missing_columns_are_reported_together() {
    let rules = profile(
        "missing_columns = 'allow'\norder.status = { column = 'Status' }\norder.price = { column = 'Total' }\n\
         item.quantity = { column = 'Quantity' }\nguest.phone = { column = 'Phone' }",
    );
    insta::assert_snapshot!(bind_error(&rules, "id,x"), @r#"
    test:4:27: order.status: there is no column "Status" in the export; orders.csv has "id", "x"
      test:5:26: order.price: there is no column "Total" in the export
    "#);
    // What an order does not need may be missing, but not misspelt.
    assert_eq!(bind_error(&rules, "id,Status,Total,SKU"), "");
    insta::assert_snapshot!(bind_error(&rules, "id,Status,Total,Qty"), @r#"test:6:28: item.quantity: there is no column "Quantity" in the export; orders.csv has "Qty", its 4th column of 4"#);
    let optional = profile("guest.phone = { column = 'Phone', optional = true }");
    assert_eq!(bind_error(&optional, "id"), "");
    assert!(bind_error(&optional, "id,phone").contains("has \"phone\", its 2nd column of 2"));
    insta::assert_snapshot!(bind_error(&rules, "A1,20.00,ann@x.de"), @r#"
    test:2:32: order.referenceId: there is no column "id" in the export; orders.csv has "A***", "2***", "a***@x***.de"
      hint: the first line was taken for the header, and has none of the profile's columns; if lines are above the header, set skip_lines in the profile, for example skip_lines = 2; if the file has none, name the columns: header = ["Order", …]
    "#);
}

/// A default is for empty cells.
#[test]
fn default_of_a_missing_column_is_a_warning() {
    let of = |keys: &str, header: &str| {
        let rules = profile(keys);
        let warnings = bind(&rules, Some(header)).defaulted_columns();
        warnings.into_iter().map(|warning| warning.message).collect::<Vec<_>>()
    };
    let rule = "guest.city = { column = ['City', 'Town'], default = 'Cork' }";
    insta::assert_debug_snapshot!(of(rule, "id"), @r#"
    [
        "there is no column \"City\" in the export, so its default \"Cork\" is used everywhere; the profile needs it for guest.city",
    ]
    "#);
    let zone = "order.orderedAt = { column = 'date', date = '%F %T', zone = { column = 'tz', default = 'UTC' } }";
    insta::assert_debug_snapshot!(of(zone, "id,date"), @r#"
    [
        "there is no column \"tz\" in the export, so its default \"UTC\" is used everywhere; the profile needs it for the zone of orderedAt",
    ]
    "#);
    assert_eq!(of(rule, "id,Town"), [""; 0]);
    assert_eq!(of(&rule.replace("default", "optional = true, default"), "id"), [""; 0]);
    assert_eq!(of(&format!("missing_columns = 'allow'\n{rule}"), "id"), [""; 0]);
}

#[test]
fn row_in_place_of_the_header_is_hidden() {
    let rules = profile("order.price = { column = 'Total' }");
    for row in ["A1,Ann Leewood,+49 30 1234567", "Ann Leewood,ann.leewood@example.com"] {
        let error = bind_error(&rules, row);
        let parts = ["Leewood", "leewood", "example.com", "1234"];
        assert!(parts.iter().all(|part| !error.contains(part)), "{error}");
    }
}

#[test]
fn joined_files_may_lack_each_others_columns() {
    let rules = profile(
        "join_files = true\norder.price = { column = 'Total' }\nitem.name = { column = 'Name' }\n\
         guest.city = { column = 'City', default = 'Cork' }",
    );
    let of = |headers: &[&str]| {
        let mut missing = MissingInAll::default();
        for header in headers {
            missing.add(bind(&rules, Some(header)));
        }
        let at = Position { file: FileId(0), line: 1, column: None };
        let warnings = missing.ensure_none(&rules, at).map_err(|error| error.to_string())?;
        Ok::<_, String>(warnings.into_iter().map(|warning| warning.message).collect())
    };
    assert_eq!(of(&["id,Total,City", "id,Name"]), Ok(Vec::<String>::new()));
    insta::assert_debug_snapshot!(of(&["id,Total", "id,Name"]).unwrap(), @r#"
    [
        "there is no column \"City\" in the export, so its default \"Cork\" is used everywhere; the profile needs it for guest.city",
    ]
    "#);
    let of_one = |keys: &str, header: &str| {
        let rules = "order.price = { column = 'Total' }\nguest.city = { column = 'City' }\n\
                     item.name = { column = 'Name' }\nitem.quantity = { column = 'Qty' }";
        let rules = profile(&format!("join_files = true\n{keys}{rules}"));
        FileMapper::bind(&rules, Some(&rows::header(header)), "b")
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    for (header, name) in [("id,Total,city", "City"), ("id,Names,Qty", "Name")] {
        let error = of_one("", header).unwrap_err();
        assert!(error.contains(&format!("no column {name:?} in b")), "{error}");
    }
    // What is near a column of the other part may be something else, such as the number of items.
    for header in ["id,Name,Qty,total", "id,Total,City,Names"] {
        assert_eq!(of_one("", header), Ok(()), "{header}");
    }
    let conditions = "item_rows = { column = 'Kind', is = 'Line' }\n";
    assert_eq!(of_one(conditions, "id,Total"), Ok(()));
    insta::assert_snapshot!(of_one(conditions, "id,Name").unwrap_err(), @r#"
    test:4:24: item_rows: there is no column "Kind" in b; b has "id", "Name"
      hint: the file has columns of items; optional = true in the condition if its rows need not be tested
    "#);
    insta::assert_snapshot!(of(&["id,Total", "id,Titel"]).unwrap_err(), @r#"test:5:24: item.name: there is no column "Name" in the export; it is in none of orders, orders"#);
}

#[test]
fn items_path_matching_no_document_is_an_error() {
    let finished = |items: &str, value: Value| {
        path_warnings(&profile(&format!("items = '{items}'")), &[value])
    };
    let order = json!({"id": "A", "line_items": []});
    assert_eq!(finished("line_items", order.clone()), Ok(vec![]));
    let error = finished("line_itmes", order).unwrap_err();
    assert!(
        error.contains("no document has \"line_itmes\"") && error.contains("\"line_items\"?"),
        "{error}"
    );
}

#[test]
fn condition_paths_are_not_unknown() {
    let rules = "unknown_columns = 'warn'\nitems = 'lines'\nitem.name = { path = 'name' }\n\
                 item_rows = { path = 'kind', is = 'line' }\n[[skip]]\nreason = 'x'\nwhen = { path = 'test', is = 'x' }";
    let value = json!({"id": "A", "lines": [{"kind": "line", "name": "Tee"}], "test": "y"});
    assert_eq!(unknown(&documents(&profile(rules), &[value]).1), [""; 0]);
}

#[test]
fn canonical_document_maps_to_whole_order() {
    let value = json!({
        "event": {"pos": "shop/ie"},
        "guest": {"email": "ann@x.de", "identifiers": [{"id": "#17", "provider": "crm"}, {"id": "x", "provider": "web"}]},
        "orderItems": [{"name": "Tee", "price": "#10.10", "quantity": "#2"}, {}, null, {"ext": {"size": "XL"}}],
        "orderedAt": "2025-01-01T00:00:00Z",
        "price": "#30.60",
        "referenceId": "#0012345678901234567890",
    });
    assert_eq!(
        ndjson(&canonical(), value),
        "document 0012345678901234567890: orderedAt=2025-01-01T00:00:00.000Z@23 price=30.60@24 guest.email=ann@x.de@5 \
         guest.id.crm=17@8 guest.id.web=x@11 event.pos=shop/ie@3 \
         | item@14 item.price=10.10@16 item.name=Tee@15 item.quantity=2@17 | item@20 item.ext.size:string=XL@22 \
         | item_empty -@18 the item has no value that the profile reads; item_rows says which elements are items \
         | item_empty -@19 null where an item is expected"
    );
}

/// The event as the manual shows it, with the guest beside its order.
#[test]
fn checkout_event_is_a_canonical_document() {
    let order = json!({
        "orderItems": [{"extensions": [{"key": "default", "name": "ext", "size": "XL"}], "name": "Tee"}],
        "price": "#200",
        "referenceId": "123456",
    });
    let event = |event_type: &str| {
        json!({
            "browser_id": "a38b230c",
            "channel": "WEB",
            "guest": {"email": "ann@x.de"},
            "order": order,
            "page": "checkout page",
            "pos": "shop/ie",
            "type": event_type,
        })
    };
    let profile = canonical();
    let (mapped, unknown_members) = documents(&profile, &[event("ORDER_CHECKOUT")]);
    let text = ndjson(&canonical(), event("ORDER_CHECKOUT"));
    assert!(text.starts_with("document 123456: price=200@"), "{text}");
    for cell in [
        "guest.email=ann@x.de@5",
        "event.channel=WEB@3",
        "event.page=checkout page@",
        "event.pos=shop/ie@",
    ] {
        assert!(text.contains(cell), "{text}");
    }
    assert!(text.contains("item.name=Tee@") && text.contains("item.ext.size:string=XL@"), "{text}");
    assert_eq!((mapped[0].row.problems.len(), unknown_members.len()), (0, 0));
    let other = ndjson(&canonical(), event("ADD"));
    assert!(other.contains("event_type_unsupported type@"), "{other}");
    assert!(other.contains("event type \"ADD\", expected ORDER_CHECKOUT"), "{other}");
}

#[test]
fn order_of_an_event_is_an_object() {
    let event =
        |order| json!({"guest": {"email": "a@x.de"}, "order": order, "type": "ORDER_CHECKOUT"});
    for (order, found) in [
        (json!("A"), "a string"),
        (json!([{"referenceId": "A"}]), "an array"),
        (json!("#7"), "a number"),
    ] {
        let text = ndjson(&canonical(), event(order.clone()));
        assert!(
            text.contains(&format!("{found} where an object is expected"))
                && text.contains("not_a_scalar order@"),
            "{text}"
        );
        // Not that the profile's paths are missing.
        assert_eq!(path_warnings(&canonical(), &[event(order)]), Ok(vec![]));
    }
    // What some programs write for an object that is not there.
    assert!(path_warnings(&canonical(), &[event(Value::Null)]).is_err());
}

#[test]
fn condition_on_a_member_of_an_event_is_not_missing() {
    let profile = profile(
        "checkout_events = true\nignore_rows = [{ path = 'type', is = 'IDENTITY' }, \
         { path = 'event.channel', is = 'TEST' }, { path = 'page', is = 'x' }]",
    );
    let event = json!({"type": "ORDER_CHECKOUT", "channel": "WEB", "order": {"id": "A"}});
    assert_eq!(
        path_warnings(&profile, &[event]).unwrap(),
        ["no document has \"page\", which a condition of the profile reads"]
    );
}

/// PHP writes an array with gaps as an object; an element that was passed over would send the order
/// in part.
#[test]
fn object_with_numeric_names_is_an_array() {
    let of = |items: Value| ndjson(&canonical(), json!({"orderItems": items, "referenceId": "A"}));
    let tee = json!({"name": "Tee"});
    assert_eq!(
        of(json!({"0": tee, "4": tee})),
        "document A:  | item@3 item.name=Tee@4 | item@5 item.name=Tee@6"
    );
    assert_eq!(of(json!({})), "document A: ");
    assert_eq!(of(json!({"name": "Tee"})), "document A:  | item@2 item.name=Tee@3");
    let empty = "item_empty -@3 the item has no value that the profile reads; item_rows says which \
        elements are items";
    assert_eq!(of(json!({"0": {"title": "Tee"}})), format!("document A:  | {empty}"));
    assert_eq!(of(json!([{"title": "Tee"}])), format!("document A:  | {empty}"));
}

/// An element of nothing may be an item whose values are lost; what the profile declares empty is
/// none.
#[test]
fn item_of_empty_members_is_a_problem_unless_they_are_declared_empty() {
    let rules = "items = 'lines'\nnulls = ['N/A']\nitem.name = { path = 'name' }\n\
                 item.quantity = { path = 'n', empty = ['0'] }";
    let of = |rules: &str, element: Value| {
        ndjson(&profile(rules), json!({"id": "A", "lines": [element]}))
    };
    for element in [json!({"n": null, "name": null}), json!({"name": ""}), json!({"gift": "N/A"})] {
        assert!(of(rules, element.clone()).contains("item_empty"), "{element}");
    }
    for element in [json!({"name": "N/A"}), json!({"n": "#0", "name": null})] {
        assert_eq!(of(rules, element), "document A: ");
    }
    let filled = format!("{rules}\nitem_rows = {{ path = 'name', empty = false }}");
    assert_eq!(of(&filled, json!({"name": null})), "document A: ");
}

#[test]
fn column_that_affixes_empty_falls_back_to_the_next() {
    let rules = profile(
        "order.price = { column = ['total', 'net'], path = ['total', 'net'], strip_prefix = '€' }\n\
         guest.id.crm = { column = ['nr', 'no'], path = ['nr', 'no'], strip_prefix = '#', empty = ['0'] }",
    );
    let columns = "id,total,net,nr,no";
    assert_eq!(csv(&rules, columns, "A,€,€ 5,#0,#7"), "row A: price=5@5 guest.id.crm=7@12");
    assert_eq!(csv(&rules, columns, "A,€,,#,"), "row A: ");
    let value = json!({"id": "A", "net": "€5", "no": "7", "nr": "#", "total": "€"});
    assert_eq!(ndjson(&rules, value), "row A: price=5@3 guest.id.crm=7@4");
}

#[test]
fn rows_say_whether_their_file_has_items() {
    let rules =
        profile("item.name = { column = 'name', default = 'x' }\nitem.type.value = 'PRODUCT'");
    let may_have_items = |columns| {
        let mapper = bind(&rules, Some(columns));
        mapped(mapper, row(2, RowContent::Record(record("A,Tee"))), None).may_have_items
    };
    assert!(may_have_items("id,name"));
    assert!(!may_have_items("id,title"));
}

#[test]
fn extensions_accept_all_forms_and_infer_types() {
    let of = |value| ndjson(&canonical(), value);
    let attributes = json!({"b": true, "e": "#1e3", "f": "#2.50", "i": "#7", "n": null, "s": "x", "z:float": "1"});
    let expected = "document A: ext.b:boolean=true@3 ext.e:float=1e3@4 ext.f:float=2.50@5 ext.i:integer=7@6 \
                    ext.s:string=x@8 ext.z:float=1@9";
    assert_eq!(of(json!({"ext": attributes, "referenceId": "A"})), expected);
    assert_eq!(of(json!({"extensions": attributes, "referenceId": "A"})), expected);
    let event_form =
        json!({"extensions": [{"key": "default", "name": "ext", "s": "x"}], "referenceId": "A"});
    assert_eq!(of(event_form), "document A: ext.s:string=x@6");
    assert_eq!(
        of(json!({"ext.i:integer": "7", "referenceId": "A"})),
        "document A: ext.i:integer=7@2"
    );
    // Only the event's own values of `name` and `key` belong to its form; with another value they
    // are attributes, which validation rejects.
    assert_eq!(
        of(json!({"extensions": [{"key": "x"}], "referenceId": "A"})),
        "document A: ext.key:string=x@4"
    );
    let two = "extension_value -@4 2 extension objects, expected one";
    assert_eq!(
        of(json!({"extensions": [{"a": 1}, {"b": 1}], "referenceId": "A"})).replace("@5", "@4"),
        format!("document A:  | {two}")
    );
    let nested = "not_a_scalar ext.a@3 an array where a single value is expected";
    assert_eq!(
        of(json!({"ext": {"a": [1]}, "referenceId": "A"})),
        format!("document A: ext.a:string!an array@3 | {nested}")
    );
}

#[test]
fn identifiers_accept_all_forms() {
    let of = |guest: Value| ndjson(&canonical(), json!({"guest": guest, "referenceId": "A"}));
    let expected = "document A: guest.id.crm=17@";
    assert_eq!(
        of(json!({"identifiers": [{"id": "17", "provider": "crm"}]})),
        format!("{expected}5")
    );
    assert_eq!(of(json!({"identifiers": {"id": "17", "provider": "crm"}})), format!("{expected}4"));
    assert_eq!(of(json!({"identifiers": {"crm": "17", "web": ""}})), format!("{expected}4"));
    assert_eq!(of(json!({"id": {"crm": "#17"}})), format!("{expected}4"));
    assert_eq!(
        ndjson(&canonical(), json!({"guest.id.crm": "17", "referenceId": "A"})),
        format!("{expected}2")
    );
    assert_eq!(
        ndjson(&canonical(), json!({"guest.email": "a@b.de", "referenceId": "A"})),
        "document A: guest.email=a@b.de@2"
    );
    let half = "missing_attribute guest.identifiers@4 identifier without a provider or an id; \
                expected {\"provider\": …, \"id\": …}";
    for element in [json!({"provider": "crm"}), json!({"id": "17", "provider": " "}), json!("17")] {
        assert_eq!(
            of(json!({ "identifiers": [element] })),
            format!("document A: guest.id.?!@4 | {half}")
        );
    }
}

#[test]
fn expiry_date_needs_its_identifier() {
    let text = "name = 'p'\n[order]\nreferenceId = { path = 'referenceId' }\n[guest.id]\n\
                '*' = { path = 'guest.identifiers', empty = ['0'] }";
    let profile = Profile::parse("p", text).unwrap();
    let shown = |id: Value| {
        let second = json!({"provider": "crm", "id": id, "expiry_date": "2030-12-31"});
        let identifiers = json!([{"provider": "crm", "id": "7"}, second]);
        ndjson(&profile, json!({"referenceId": "A", "guest": {"identifiers": identifiers}}))
    };
    assert!(
        shown(json!("8")).contains("guest.id.crm.expiry_date=2030-12-31"),
        "{}",
        shown(json!("8"))
    );
    // The first identifier must not get the date of one that counts as empty or is unreadable.
    for id in [json!("0"), json!(["8"])] {
        assert!(!shown(id.clone()).contains("expiry_date"), "{}", shown(id));
    }
}

/// Otherwise the attributes would be lost silently, and the guest would get another key.
#[test]
fn scalar_extensions_or_identifiers_are_a_problem() {
    for members in
        [json!({"ext": "x"}), json!({"extensions": ["x"]}), json!({"guest": {"identifiers": "17"}})]
    {
        let mut value = members.clone();
        value["referenceId"] = json!("A");
        assert_eq!(documents(&canonical(), &[value]).0[0].row.problems.len(), 1, "{members}");
    }
}

#[test]
fn nested_value_is_not_a_scalar() {
    let of = |value| ndjson(&canonical(), value);
    let problem = |field, at, what| format!("not_a_scalar {field}@{at} {what}");
    let object = problem("price", 2, "an object where a single value is expected");
    assert_eq!(
        of(json!({"price": {}, "referenceId": "A"})),
        format!("document A: price!an object@2 | {object}")
    );
    let array = problem("item.name", 4, "an array where a single value is expected");
    let value = json!({"orderItems": [{"name": []}], "referenceId": "A"});
    assert_eq!(of(value), format!("document A:  | item@3 item.name!an array@4 | {array}"));
    let items = problem("-", 2, "\"orderItems\" is a string, expected an array of items");
    assert_eq!(
        of(json!({"orderItems": "x", "referenceId": "A"})),
        format!("document A:  | {items}")
    );
    let item = problem("-", 3, "a string where an item is expected");
    assert_eq!(
        of(json!({"orderItems": ["x"], "referenceId": "A"})),
        format!("document A:  | {item}")
    );
    let key = problem("referenceId", 2, "an array where a single value is expected");
    assert_eq!(of(json!({"referenceId": ["A"]})), format!("document -:  | {key}"));
    // JSON converted from XML has an object instead of an array of one item.
    let single = json!({"orderItems": {"name": "Tee"}, "referenceId": "A"});
    assert_eq!(of(single), "document A:  | item@2 item.name=Tee@3");
}

#[test]
fn street_may_have_several_lines() {
    let street = |value: Value| {
        ndjson(&canonical(), json!({"guest": {"street": value}, "referenceId": "A"}))
    };
    assert_eq!(
        street(json!(["House 1", " 2 High St", "#3"])),
        "document A: guest.street=House 1\n2 High St\n3@3"
    );
    assert_eq!(street(json!("2 High St")), "document A: guest.street=2 High St@3");
    assert_eq!(street(json!([])), "document A: ");
    assert!(street(json!([["x"]])).contains("not_a_scalar guest.street@3 an array"));
}

#[test]
fn row_without_key_is_keyless_or_blank() {
    assert_eq!(csv(&canonical(), "referenceId,price,sku", " ,5,"), "keyless: price=5@3");
    assert_eq!(csv(&canonical(), "referenceId,price,sku", ",, "), "blank: ");
    // A row with a value only in an unknown column is not blank.
    assert_eq!(csv(&canonical(), "referenceId,price,sku", ",,x"), "keyless: ");
    assert_eq!(ndjson(&canonical(), json!({"price": 5})), "document -: price=5@2");
    assert_eq!(ndjson(&profile(""), json!({"id": " "})), "blank: ");
    let price = profile("order.price = { path = 'price' }");
    assert_eq!(ndjson(&price, json!({"price": 5})), "keyless: price=5@2");
    let stripped = profile("[key]\ncolumn = 'id'\nstrip_prefix = '#'");
    assert!(csv(&stripped, "id", "#17").starts_with("row 17:"));
    assert!(csv(&stripped, "id", "#").starts_with("keyless:"));
}

#[test]
fn unreadable_row_key_must_be_reliable() {
    let of = |columns, line| {
        let salvaged = RowContent::Record(record(line));
        unreadable(&canonical(), Some(columns), Some(salvaged))
    };
    let (known, lost) = ("unreadable A damaged: ", "unreadable - damaged: ");
    // Too many or too few cells: only the first one is certainly in its place, if it is not
    // truncated.
    assert_eq!(of("referenceId,price,status", "A,1"), known);
    assert_eq!(of("referenceId,price,status", "A,1,2,3"), known);
    assert_eq!(of("referenceId,price,status", "A"), lost);
    assert_eq!(of("price,referenceId,status", "1,A"), lost);
    assert_eq!(of("price,referenceId,status", "1,A,x,y"), lost);
    // The right number of cells, one of them not valid UTF-8 and therefore empty.
    assert_eq!(of("price,referenceId,status", ",A,x"), known);
    assert_eq!(of("price,referenceId,status", "1,,x"), lost);
    assert_eq!(unreadable(&canonical(), Some("referenceId"), None), lost);
    assert_eq!(unreadable(&canonical(), None, Some(document(&json!({"referenceId": "A"})))), known);
    assert_eq!(unreadable(&canonical(), None, Some(document(&json!({"price": 5})))), lost);
    assert_eq!(unreadable(&canonical(), None, None), lost);
}

/// A row without a key is assigned by its time, which must be one that all rows of an order share.
#[test]
fn keyless_row_has_time_only_if_reliable() {
    let of = |rule: &str, cell: &str| {
        csv(
            &profile(&format!("order.orderedAt = {{ column = 't', {rule} }}")),
            "id,t",
            &format!(",{cell}"),
        )
    };
    let (time, kind) = ("2025-01-01T00:00:00Z", "keyless of 2025-01-01T00:00:00.000Z: ");
    assert!(of("zone = 'UTC', date = '%Y-%m-%d'", "2025-01-01").starts_with(kind));
    assert!(of("default = '2020-01-01T00:00:00Z'", "2025-01-01T01:00+01:00").starts_with(kind));
    assert!(of("disagree = 'first'", time).starts_with("keyless: "));
    assert!(of("disagree = 'invalid'", "today").starts_with("keyless: "));
    let default = profile("order.orderedAt = { column = 't', default = '2025-01-01T00:00:00Z' }");
    assert!(csv(&default, "id,t,x", ",,x").starts_with("keyless: "));
    let of_path = profile("order.orderedAt = { path = 't' }");
    assert!(ndjson(&of_path, json!({ "t": time })).starts_with(kind));
}

/// The rows of an order repeat most of it. The default or converted value of a repeated cell is
/// omitted with it.
#[test]
fn repeated_cells_are_omitted() {
    let rules = "order.status = { column = ['s', 't'], default = 'PURCHASED' }\norder.price = { column = 'p' }\n\
                 item.name = { column = 'name' }";
    let rules = profile(rules);
    let mapper = bind(&rules, Some("id,s,t,p,name"));
    let mapped_after = |line, previous| {
        let previous = row(2, RowContent::Record(record(previous)));
        let found = mapped(mapper, row(3, RowContent::Record(record(line))), Some(previous));
        format!(
            "{} {}",
            cells(found.cells.iter()),
            cells(found.items.iter().flat_map(|item| item.cells.iter()))
        )
    };
    assert_eq!(mapped_after("A,x,,5,Tee", "A,x,,5,Tee"), " item.name=Tee@8");
    assert_eq!(mapped_after("A,x,,6,Tee", "A,x,,5,Cap"), "price=6@6 item.name=Tee@8");
    assert_eq!(mapped_after("A,,,5,", "A,,,5,"), " ");
    assert_eq!(mapped_after("A,x,y,5,", "A,x,,5,"), "status=x@3 ");
    assert_eq!(mapped_after("A,,,5,", "A,x,,5,"), "status~PURCHASED@- ");
    // After an unreadable row nothing is omitted.
    let lost = row(2, unreadable_content(Some(RowContent::Record(record("A,x,,5,Tee")))));
    let after_it = mapped(mapper, row(3, RowContent::Record(record("A,x,,5,Tee"))), Some(lost));
    assert_eq!(after_it.cells.len(), 3);
}

/// Where a line break is lost, a cell ends with the key of the next row.
#[test]
fn overlong_row_yields_possible_keys() {
    let stripped = Profile::parse(
        "p",
        "name = 'p'\norder.referenceId = { column = 'id' }\nkey.column = 'id'\nkey.strip_prefix = '#'",
    );
    let stripped = stripped.unwrap();
    let plain = profile("");
    let of = |profile, line| {
        bind(profile, Some("id,price"))
            .possible_keys(row(9, unreadable_content(Some(RowContent::Record(record(line))))))
    };
    assert_eq!(of(&plain, "A,B"), [""; 0]);
    assert_eq!(of(&plain, "A,5xB,6"), ["B", "xB", "5xB"]);
    assert_eq!(of(&stripped, "A,5#B,6"), ["B", "B", "5#B"]);
    assert_eq!(of(&plain, "A,5,B,6,C,7"), ["5", "B", "6", "C", "7"], "more than two rows");
    let long = format!("A,{},1", "x".repeat(100));
    assert_eq!(of(&plain, &long).iter().map(String::len).max(), Some(64));
    assert_eq!(
        bind(&plain, Some("id,price")).possible_keys(row(9, unreadable_content(None))),
        [""; 0]
    );
}

#[test]
fn only_headers_declare_extension_types() {
    let canonical = canonical();
    let declared = bind(&canonical, Some("referenceId,ext.a:float,item.ext.b,price"))
        .declared_extensions()
        .unwrap();
    assert_eq!(
        declared.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["ext.a", "item.ext.b"]
    );
    assert!(bind(&canonical, None).declared_extensions().is_none());
}

/// Blocks of a file are observed in any order, and the observations are merged in file order.
#[test]
fn unknown_names_merge_in_file_order() {
    let rules = profile("unknown_columns = 'warn'\nitems = 'lines'\nitem.name = { path = 'name' }");
    let mapper = bind(&rules, None);
    let values = [
        json!({"id": "A", "b": 1, "lines": []}),
        json!({"b": 1, "c": 2, "id": "B"}),
        json!({"d": {"e": 1}}),
    ];
    let rows: Vec<_> = (1..).zip(&values).map(|(line, value)| row(line, document(value))).collect();
    let (mut one, mut parts) = (SeenNames::default(), SeenNames::default());
    for row in rows {
        mapper.observe(row, &mut one);
        let mut part = SeenNames::default();
        mapper.observe(row, &mut part);
        parts.append(part);
    }
    assert_eq!(mapper.unknown_names(&parts), mapper.unknown_names(&one));
    assert_eq!(mapper.unknown_names(&one).len(), 4);
}

/// If the first column is damaged, a filled fallback column would name another order.
#[test]
fn fallback_column_is_no_reliable_key() {
    let rules = Profile::parse(
        "p",
        "name = 'p'\norder.referenceId = { column = ['a', 'b'], path = ['a', 'b'] }",
    )
    .unwrap();
    let salvaged = RowContent::Record(record(",B,x"));
    assert_eq!(unreadable(&rules, Some("a,b,c"), Some(salvaged)), "unreadable - damaged: ");
    assert_eq!(
        unreadable(&rules, None, Some(document(&json!({"b": "B"})))),
        "unreadable - damaged: "
    );
}

/// A line with the cells of two rows has lost a line break, and its second half belongs to another
/// order.
#[test]
fn merged_rows_have_no_reliable_key() {
    let salvaged = RowContent::Record(record("A,1,xB,2,y"));
    assert_eq!(
        unreadable(&canonical(), Some("referenceId,price,status"), Some(salvaged)),
        "unreadable - damaged: "
    );
}

#[test]
fn invalid_and_ambiguous_dates_are_problems() {
    let local = profile(
        "order.orderedAt = { column = 't', date = '%d.%m.%Y %H:%M', zone = 'Europe/Berlin' }",
    );
    let ambiguous = "timestamp_ambiguous orderedAt@3 \"26.10.2025 02:30\" is skipped or repeated by a clock change";
    assert_eq!(
        csv(&local, "id,t", "A,26.10.2025 02:30"),
        format!("row A: orderedAt=2025-10-26T00:30:00.000Z@3 | {ambiguous}")
    );
    let no_date = "timestamp_unreadable item.orderedAt@3 invalid date \"today\"; expected ISO 8601 with an offset or Z";
    assert_eq!(
        csv(&canonical(), "referenceId,item.orderedAt", "A,today"),
        format!("row A:  | item@- item.orderedAt!today@3 | {no_date}")
    );
}

#[test]
fn cells_carry_conflict_policy() {
    let rules = profile(
        "order.status = { column = 's', disagree = 'first' }\norder.price = { column = 'p' }",
    );
    let mapped = &records(&rules, "id,s,p", &["A,x,1"]).0[0];
    assert_eq!(
        mapped.row.cells.iter().map(|cell| cell.over_rows).collect::<Vec<_>>(),
        [OverRows::Equal, OverRows::First, OverRows::Equal]
    );
}

#[test]
fn header_is_recognised_in_any_order_of_its_columns() {
    let names = profile("order.price = { column = 'total' }");
    let mapper = bind(&names, Some("id,total,note"));
    let kind = |line: &str| {
        let row = row(7, RowContent::Record(record(line)));
        mapper.kind_in_file(row, line.as_bytes())
    };
    assert_eq!(kind("id,total,note"), RowKind::Header);
    assert_eq!(kind("\u{feff}id,total,note"), RowKind::Header);
    assert_eq!(kind("id,note,total"), RowKind::ExchangedHeader);
    assert_eq!(kind("total,id,note"), RowKind::ExchangedHeader);
    for other in ["id,12.50,note", "17,total,note", "id,total", ",,"] {
        assert!(!matches!(kind(other), RowKind::Header | RowKind::ExchangedHeader), "{other}");
    }
}

/// What the first line is instead of a header in the profile's form, and what to type.
#[test]
fn first_line_that_is_no_header_is_recognised() {
    let rules = profile("order.price = { column = 'Total' }");
    let hint = |profile: &Profile, line: &'static str| {
        let error = bind_error(profile, line);
        error.split("hint: ").nth(1).unwrap_or_default().to_owned()
    };
    insta::assert_snapshot!(hint(&rules, "id;Total;x"), @r#"the cells are separated by ';'; write delimiter = ";" in the profile"#);
    insta::assert_snapshot!(hint(&rules, "id\tTotal"), @r#"the cells are separated by '\t'; write delimiter = "\t" in the profile"#);
    insta::assert_snapshot!(hint(&rules, "\"id\"|\"Name, first\"|\"Total\""), @r#"the cells are separated by '|'; write delimiter = "|" in the profile"#);
    insta::assert_snapshot!(hint(&canonical(), "referenceId;price"), @r#"the cells are separated by ';'; copy the profile (orderferry profiles show canonical > shop.toml) and write delimiter = ";" in it"#);
    insta::assert_snapshot!(hint(&rules, "sep=;"), @r#"the cells are separated by ';'; write delimiter = ";" in the profile"#);
    insta::assert_snapshot!(hint(&rules, "sep=,"), @r#"the first line was taken for the header, and has none of the profile's columns; if lines are above the header, set skip_lines in the profile, for example skip_lines = 2; if the file has none, name the columns: header = ["Order", …]"#);
    insta::assert_snapshot!(hint(&canonical(), "Name,Email"), @"the profile canonical has columns of its own; describe those of this export in a profile (orderferry help profile) and name it with --profile");
    insta::assert_snapshot!(hint(&rules, "[{\"id\":\"A-1\""), @"the file is JSON; give it a name that ends in .json or .ndjson");
    // A name with another delimiter's character is a name.
    assert_eq!(hint(&rules, "id,a;b"), "");
}
