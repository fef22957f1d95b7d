//! Tests of rules that make one value of several: sums and the like.

use serde_json::json;

use super::{csv, ndjson, profile, rows::errors};
use crate::map::profile::Profile;

#[test]
fn sum_is_exact_and_subtracts() {
    let rules = profile("order.price = { sum = ['a', 'b'], minus = ['c'] }");
    let of = |line: &str| csv(&rules, "id,a,b,c", line);
    assert_eq!(of("A,10.10,20.20,0.30"), "row A: price=30.00@3");
    assert_eq!(of("A,,1.5,"), "row A: price=1.5@4");
    assert_eq!(of("A,,,2"), "row A: price=-2@5");
    assert_eq!(of("A,,,"), "row A: ");
    let of = |value| ndjson(&rules, value);
    assert_eq!(of(json!({"id": "A", "a": 0.1, "b": "0.2", "c": null})), "row A: price=0.3@2");
}

#[test]
fn sum_reads_each_part_by_the_marks_of_its_rule() {
    let rules = profile(
        "decimal = ','\nthousands = '.'\n\
         order.price = { sum = ['a', 'b'], strip_suffix = '€', empty = ['-'], default = '0' }",
    );
    let of = |line: &str| csv(&rules, "id,a,b", line);
    assert_eq!(of("A,1.234 €,-"), "row A: price=1234@3");
    assert_eq!(of("A,€,-"), "row A: price~0@-");
    let minor = profile("order.price = { sum = ['a', 'b'], scale = 2 }");
    assert_eq!(csv(&minor, "id,a,b", "A,1050,1"), "row A: price=10.51@3");
    let currency = profile("order.price = { sum = ['a'], scale = 'currency', negate = true }");
    assert_eq!(csv(&currency, "id,a", "A,1050"), "row A: price=-1050@3");
}

#[test]
fn part_that_cannot_be_read_is_a_problem_at_its_place() {
    let rules = profile("order.price = { sum = ['a', 'b'] }");
    let of = |line: &str| csv(&rules, "id,a,b", line);
    assert_eq!(
        of("A,1.00,free"),
        "row A: price!free@8 | number_unreadable price@8 \"free\" is not a decimal number such as \
         1234.50"
    );
    assert!(of("A,1000.00,1.250").contains("price@11 \"1.250\" can be read in two ways"));
    assert!(of("A,1.2E+05,1").contains("scientific_notation price@3"));
    let document = json!({"id": "A", "a": {"x": 1}, "b": 1});
    assert!(ndjson(&rules, document).contains("not_a_scalar price@2 an object where a number"));
}

#[test]
fn sum_walks_arrays_and_filters() {
    let rules = profile(
        "items = 'lines'\nitem.price = { sum = ['price', 'taxes[].amount'] }\n\
         order.price = { sum = ['total'], minus = ['refunds[].parts[kind=refund].amount'] }",
    );
    let value = json!({"id": "A", "lines": [{"price": "1.00", "taxes": [{"amount": 0.5}]}],
        "refunds": [{"parts": [{"amount": 2, "kind": "refund"}, {"amount": 9, "kind": "fee"}]},
            {"parts": [{"amount": "1.00", "kind": "refund"}]}], "total": 20});
    let mapped = ndjson(&rules, value);
    assert!(mapped.starts_with("document A: price=17.00@"), "{mapped}");
    assert!(mapped.ends_with("item.price=1.50@5"), "{mapped}");
    let within = json!({"id": "A", "refunds": [{"parts": [[1]]}], "total": {"parts": 1}});
    assert!(ndjson(&rules, within).contains("not_a_scalar price"));
    let scale = "order.price = { sum = ['fees[].cents'], scale = { beside = 'digits' } }";
    let value =
        json!({"fees": [{"cents": 150, "digits": 2}, {"cents": 1, "digits": 0}], "id": "A"});
    assert_eq!(ndjson(&profile(scale), value), "row A: price=2.50@4");
}

#[test]
fn sum_needs_all_of_its_columns() {
    let rules = profile("order.price = { sum = ['a', 'b'] }");
    let error = super::bind_error(&rules, "id,a");
    assert!(error.contains("no column \"b\""), "{error}");
    let optional = profile("order.price = { sum = ['a', 'b'], optional = true }");
    assert_eq!(csv(&optional, "id,a", "A,1"), "row A: price=1@3");
}

#[test]
fn concat_joins_texts_before_the_steps_of_the_rule() {
    let rules = profile(
        "nulls = ['-']\n\
         order.orderedAt = { concat = ['day', 'time'], separator = ' ', date = '%Y-%m-%d %H:%M:%S', \
         zone = 'America/New_York' }\n\
         order.ext.a = { concat = ['x', 'y'] }\n\
         order.ext.b = { concat = ['x', 'y'], separator = '/', lenient = true, default = 'none' }",
    );
    let of = |line: &str| csv(&rules, "id,day,time,x,y", line);
    assert_eq!(
        of("A,2025-07-05,10:15:00,1,2"),
        "row A: orderedAt=2025-07-05T14:15:00.000Z@3 ext.a:string=12@23 ext.b:string=1/2@23"
    );
    assert_eq!(of("A,2025-07-05,,-,2"), "row A: ext.b:string=2@17");
    assert_eq!(of("A,,,,"), "row A: ext.b:string~none@-");
    let invalid = of("A,2025-07-05,noon,,");
    assert!(invalid.contains("orderedAt@3 invalid date \"2025-07-05 noon\""), "{invalid}");
    let value = json!({"day": "2025-07-05", "id": "A", "time": "10:15:00", "x": 1, "y": true});
    assert_eq!(
        ndjson(&rules, value),
        "row A: orderedAt=2025-07-05T14:15:00.000Z@2 ext.a:string=1true@5 ext.b:string=1/true@5"
    );
    let nested = ndjson(&rules, json!({"id": "A", "x": [1], "y": 2}));
    assert!(nested.contains("not_a_scalar ext.a@3 an array where a text is expected"), "{nested}");
}

#[test]
fn table_takes_the_first_row_that_matches() {
    let rules = profile(
        "order.status = { columns = ['state', 'paid'], paths = ['s.state', 's.paid'], empty = ['-'], \
         trim = true, default = 'OPEN', \
         table = [['closed', 'yes', 'PURCHASED'], ['closed', '*', { skip = 'not paid' }], \
         ['', 'yes', 'PAYMENT_PENDING']] }",
    );
    let of = |line: &str| csv(&rules, "id,state,paid", line);
    assert_eq!(of("A,closed,yes"), "row A: status=PURCHASED@3");
    assert_eq!(of("A,closed,-"), "row A: status!closed, @3 | skip not paid");
    assert_eq!(of("A,-,yes"), "row A: status=PAYMENT_PENDING@5");
    assert_eq!(of("A,-,"), "row A: status~OPEN@-");
    assert_eq!(
        of("A,open,no"),
        "row A: status!open, no@3 | value_not_in_table status@3 \"open\", \"no\" are in no row of \
         the profile's table"
    );
    let value = json!({"id": "A", "s": {"paid": "yes", "state": "closed"}});
    assert_eq!(ndjson(&rules, value), "row A: status=PURCHASED@5");
    let other = profile(
        "order.status = { columns = ['a', 'b'], table = [['1', '2', 'X']], other = { skip = 'o' } }",
    );
    assert!(csv(&other, "id,a,b", "A,1,3").ends_with("skip o"));
}

#[test]
fn join_makes_one_text_of_an_array() {
    let rules = profile(
        "order.ext.tags = { path = 'tags', column = 'tags', join = ', ', empty = ['-'] }\n\
         order.ext.skus = { path = 'lines[].sku', join = '+', upper = true, default = 'none' }",
    );
    let of = |value| ndjson(&rules, value);
    assert_eq!(
        of(
            json!({"id": "A", "lines": [{"sku": "s1"}, {"sku": "s2"}], "tags": ["a", "-", 7, true]})
        ),
        "row A: ext.skus:string=S1+S2@5 ext.tags:string=a, 7, true@8"
    );
    assert_eq!(
        of(json!({"id": "A", "lines": [], "tags": "a"})),
        "row A: ext.skus:string~none@- ext.tags:string=a@4"
    );
    assert!(
        of(json!({"id": "A", "tags": [{"x": 1}]}))
            .contains("not_a_scalar ext.tags@3 an object where a text is expected")
    );
    assert_eq!(csv(&rules, "id,tags", "A,a"), "row A: ext.skus:string~none@- ext.tags:string=a@3");
    let invalid = "order.ext.a = { column = 'a', join = ',' }\n\
                   order.ext.b = { path = ['a', 'b'], join = ',' }\n\
                   order.price = { path = 'a', join = ',' }";
    insta::assert_snapshot!(errors(invalid), @r#"
    test:3:11: order.ext.a: "a" has join, but no path of an array; columns are joined with concat
      test:4:11: order.ext.b: "b" has join and several paths; expected one
      test:5:7: order.price: "price" has join, but its field is a number; numbers are added up with sum
    "#);
}

/// Names of converted XML and of Mongo, and filters of name and value.
#[test]
fn filters_and_quotes_find_one_value() {
    let rules = profile(
        "order.ext.gift = { path = 'notes[name=gift].value' }\n\
         order.ext.no = { path = '\"@order-no\".\"a.b\"' }\n\
         order.status = { path = ['quantity.#text', '$status_x'] }\n\
         [[skip]]\nreason = 'test'\nwhen = { path = 'notes[name=test].value', is = 'yes' }",
    );
    let of = |value| ndjson(&rules, value);
    assert_eq!(
        of(json!({"$status_x": "S", "@order-no": {"a.b": "7"}, "id": "A",
            "notes": [{"name": "gift", "value": "yes"}, {"name": "test", "value": "yes"}]})),
        "row A: status=S@2 ext.gift:string=yes@9 ext.no:string=7@4 | skip test"
    );
    let several = of(json!({"id": "A", "notes": [{"name": "gift", "value": "1"},
        {"name": "gift", "value": "1"}]}));
    assert!(several.contains("not_a_scalar ext.gift@4 several elements"), "{several}");
    let several = of(json!({"id": "A", "notes": [{"name": "test"}, {"name": "test"}]}));
    assert!(several.contains("condition_unreadable -@4"), "{several}");
}

#[test]
fn invalid_tables_are_refused() {
    let rules = "order.status = { columns = ['a', 'b'], table = [['1', 'X']] }\n\
                 order.paymentType = { columns = ['a'], table = [['*', 'X'], ['1', 'Y']] }\n\
                 order.ext.a = { columns = ['a', 'b'] }\n\
                 order.ext.b = { column = 'a', table = [['1', 'X']] }\n\
                 order.ext.c = { columns = ['a'], paths = ['b', 'c'], table = [['1', 'X']] }\n\
                 order.ext.d = { columns = ['a'], table = [['', 'X']] }\n\
                 order.ext.e = { columns = ['a'], table = [['1', 'X']], other = 'keep' }\n\
                 order.orderedAt = { columns = ['a'], table = [['1', 'X']] }";
    insta::assert_snapshot!(errors(rules), @r#"
    test:3:7: order.status: row 1 of the table is no row of this rule; expected 2 texts, one for each column, and a value or { skip = "reason" }
      test:4:7: order.paymentType: row 2 of the table never counts: row 1 matches all of it
      test:5:11: order.ext.a: "a" has columns, but no table; several columns also make a sum or a concat, and column = [...] takes the first filled one
      test:6:11: order.ext.b: "b" has a table, but no columns and no paths
      test:7:11: order.ext.c: "c" has columns and paths of different numbers
      test:8:11: order.ext.d: row 1 of the table is for empty cells only, which have no value; expected a default
      test:9:64: order.ext.e.other: "keep" is for values; which of several columns to keep is not known
      test:10:7: order.orderedAt: "orderedAt" has a table, but its field is a timestamp
    "#);
}

#[test]
fn invalid_concats_are_refused() {
    let rules = "order.price = { concat = ['a', 'b'] }\n\
                 order.ext.a = { concat = ['a'], sum = ['b'] }\n\
                 order.ext.b = { column = 'b', separator = ' ' }\n\
                 order.ext.c = { column = 'b', lenient = true }\n\
                 order.ext.d = { concat = ['a', 'b[].c'] }";
    insta::assert_snapshot!(errors(rules), @r#"
    test:3:7: order.price: "price" has a concat, but its field is a number; numbers are added up with sum
      test:4:11: order.ext.a: "a" has a sum and a concat; expected one of them
      test:5:11: order.ext.b: "b" has a separator, but no concat
      test:6:11: order.ext.c: "c" has lenient, but no concat
      test:7:11: order.ext.d: the rule reads one value, but "b[].c" has that of each element; expected an index, a filter, join or a sum
    "#);
    let key = Profile::parse("test", "name = 'x'\norder.referenceId = { concat = ['a', 'b'] }");
    let key = key.unwrap_err().to_string();
    assert!(key.contains("an order key of several columns is a concat"), "{key}");
    let text = "name = 'x'\nkey = { column = 'a' }\n\
                order.referenceId = { concat = ['a', 'b'], separator = '-' }";
    assert_eq!(csv(&Profile::parse("test", text).unwrap(), "a,b", "1,2"), "row 1: ");
    // A backslash escapes a separator within a part.
    let escape = "name = 'x'\norder.referenceId = { concat = ['a', 'b'], separator = '\\' }";
    let escape = Profile::parse("test", escape).unwrap_err().to_string();
    assert!(escape.contains("a separator (without a backslash)"), "{escape}");
}

/// The joined text would hide it.
#[test]
fn rounded_part_of_an_id_is_a_problem_at_its_place() {
    let names = "concat = ['a', 'b'], separator = '-'";
    let rules = profile(&format!("order.ext.x = {{ {names} }}\nguest.id.shop = {{ {names} }}"));
    insta::assert_snapshot!(csv(&rules, "id,a,b", "A,7E+10,1"), @"row A: ext.x:string=7E+10-1@3 guest.id.shop!7E+10@3 | scientific_notation guest.id.shop@3 does not match the profile's rule");
    insta::assert_snapshot!(ndjson(&rules, json!({"id": "A", "a": 7e30, "b": 1})), @"row A: ext.x:string=7e+30-1@2 guest.id.shop!7e+30@2 | scientific_notation guest.id.shop@2 does not match the profile's rule");
}

/// The last part is the end of the whole, and a separator such as `-` shows the end of each part.
#[test]
fn hidden_float_within_an_id_is_a_problem_at_its_place() {
    let rules = |keys: &str| profile(&format!("guest.id.shop = {{ {keys} }}"));
    for (separator, cells, is_hidden) in [
        ("x", "1.0,2", true),
        ("", "1.0,2", true),
        (".", "1.0,2", true),
        ("0-", "1.0,2", true),
        ("\u{e9}", "1.0,2", true),
        ("x", "1,2.0", false),
        ("x", "1.05,2", false),
        ("x", "v1.0,2", false),
        ("-x", "1.0,2", false),
    ] {
        let rules = rules(&format!("concat = ['a', 'b'], separator = '{separator}'"));
        let found = csv(&rules, "id,a,b", &format!("A,{cells}"));
        assert_eq!(found.contains("spreadsheet_number guest.id.shop@3"), is_hidden, "{found}");
    }
    let joined = ndjson(&rules("path = 'a', join = '.'"), json!({"id": "A", "a": [1.0, "2"]}));
    assert!(joined.contains("spreadsheet_number guest.id.shop"), "{joined}");
    let lenient = rules("concat = ['a', 'b'], separator = 'x', lenient = true");
    assert!(csv(&lenient, "id,a,b", "A,1.0,").contains("guest.id.shop=1.0@"));
}

#[test]
fn invalid_sums_are_refused() {
    let rules = "order.price = { sum = ['a', 'a'] }\n\
                 order.paymentType = { sum = ['a'] }\n\
                 order.ext.a = { sum = ['a'], column = 'b', type = 'float' }\n\
                 order.ext.b = { column = 'b', minus = ['a'] }\n\
                 order.ext.c = { column = 'b', negate = true }\n\
                 order.ext.d = { path = 'a[].b' }\n\
                 order.ext.e = { path = 'a.\"b' }\n\
                 order.ext.f = { sum = [], type = 'float' }\n\
                 order.ext.'*' = { sum = ['a'] }\n\
                 order.ext.g = { sum = ['t[].a', 't.0.a'], minus = ['t[].b', 't[k=x].b'], type = 'float' }\n\
                 [[skip]]\nreason = 'x'\nwhen = { path = 'a[].b', is = 'x' }";
    insta::assert_snapshot!(errors(rules), @r#"
    test:3:7: order.price: "price" has "a" twice in its sum
      test:4:7: order.paymentType: "paymentType" has a sum, but its field is not a number
      test:5:11: order.ext.a: "a" has a column or path and a sum; expected one of them
      test:6:11: order.ext.b: "b" has minus, but no sum to subtract it from
      test:7:11: order.ext.c: "c" has negate, but no sum; sum may have one name
      test:8:11: order.ext.d: the rule reads one value, but "a[].b" has that of each element; expected an index, a filter, join or a sum
      test:9:11: order.ext.e: "a.\"b" has an open quote
      test:10:23: order.ext.f.sum: "sum" is empty; expected columns or paths
      test:11:11: order.ext.*: "*" is a wildcard, which takes its names from the export; give the field a rule of its own
      test:12:23: order.ext.g.sum: "sum" has "t[].a" and "t.0.a", so that a value of both counts twice
      test:15:1: skip.when: the condition tests one value, but "a[].b" has that of each element; expected an index or a filter
    "#);
}
