//! Tests of values that the rows of an order add up.

use serde_json::json;

use super::rows::{
    bind, cells, csv, document, errors, header, mapped, ndjson, profile, record, row,
};
use crate::map::{CellOwner, trace};
use crate::model::{
    draft::Notation,
    field::Field,
    over_rows::OverRows,
    record::{Header, Record},
    row::RowContent,
};

/// A number that could be read in two ways would be hidden in a sum.
#[test]
fn number_of_each_row_has_one_meaning() {
    let rules = profile("order.price = { column = 'p', path = 'p', over_rows = 'add' }");
    let of = |cell: &str| csv(&rules, "id,p", &format!("A,{cell}"));
    insta::assert_snapshot!(of("12.50"), @"row A: price=12.50@3");
    insta::assert_snapshot!(of("1.250"), @r#"row A: price!1.250@3 | number_unreadable price@3 "1.250" can be read in two ways: 1.250 or 1250; write decimal = "." in the profile, or decimal = "," and thousands = ".""#);
    insta::assert_snapshot!(of("free"), @r#"row A: price!free@3 | number_unreadable price@3 "free" is not a decimal number such as 1234.50"#);
    insta::assert_snapshot!(of(""), @"row A:");
    insta::assert_snapshot!(ndjson(&rules, json!({"id": "A", "p": 1.250})), @"row A: price=1.25@3");
    insta::assert_snapshot!(ndjson(&rules, json!({"id": "A", "p": [1]})), @"row A: price!an array@3 | not_a_scalar price@3 an array where a single value is expected");
    let marks = profile(
        "decimal = ';'\norder.price = { column = 'p', over_rows = 'add', when = { column = 'k', is = 'a' }, default = '0' }",
    );
    let of = |line: &str| csv(&marks, "id,k,p", line);
    insta::assert_snapshot!(of("A,a,1;5"), @"row A: price=1.5@5");
    insta::assert_snapshot!(of("A,b,1"), @"row A: price~0@-");
    let mapper = bind(&rules, None);
    let row = row(1, document(&json!({"id": "A", "p": 2})));
    let cell = mapped(mapper, row, None).cells.get(&Field::Price).cloned().unwrap();
    assert_eq!((cell.over_rows, cell.notation), (OverRows::Sum { n_rows: 1 }, Notation::Declared));
}

/// Other cells that repeat the previous row are omitted.
#[test]
fn repeated_number_is_mapped() {
    let rules = profile(
        "order.status = { column = 's' }\norder.price = { column = 'p', over_rows = 'add' }",
    );
    let mapper = bind(&rules, Some("id,s,p"));
    let row = |line| row(line, RowContent::Record(record("A,x,5")));
    let second = mapped(mapper, row(3), Some(row(2)));
    assert_eq!(cells(second.cells.iter()), "price=5@5");
}

#[test]
fn trace_counts_the_rows() {
    let rules = profile("order.price = { column = 'p', strip_prefix = '€', over_rows = 'add' }");
    let header: &Header = Box::leak(Box::new(header("id,p")));
    let row = row(2, RowContent::Record(Record { header, ..record("A,€5.00") }));
    let mapped = mapped(bind(&rules, Some("id,p")), row, None);
    let mut cell = mapped.cells.get(&Field::Price).cloned().unwrap();
    assert_eq!(trace(&rules, CellOwner::Order, &cell).steps, ["without \"€\""]);
    cell.over_rows = OverRows::Sum { n_rows: 3 };
    cell.text = "15.00".into();
    let traced = trace(&rules, CellOwner::Order, &cell);
    assert_eq!(
        (&*traced.value, traced.steps.join("; ")),
        ("15.00", "without \"€\"; 3 rows added up".into())
    );
}

#[test]
fn invalid_over_rows_are_refused() {
    insta::assert_snapshot!(errors("\
order.price = { column = 'a', over_rows = 'add', disagree = 'first' }
order.status = { column = 'a', over_rows = 'add' }
order.ext.a = { column = 'a', over_rows = 'sum', type = 'float' }
order.ext.b = { value = '1', over_rows = 'add', type = 'float' }
order.ext.c = [{ column = 'a', over_rows = 'add', type = 'float' }, { column = 'b' }]
order.ext.'*' = { column = 'a*', over_rows = 'add' }
item.price = { column = 'a', over_rows = 'add' }
"), @r#"
    test:3:43: order.price.over_rows: adds what disagree takes one of; expected one of them
      test:4:44: order.status.over_rows: "over_rows" is for numbers, and its field is not a number
      test:5:43: order.ext.a.over_rows: unknown value "sum"; expected "add"
      test:6:42: order.ext.b.over_rows: "over_rows" has no effect on a constant; expected a column or path
      test:7:69: order.ext.c[2].over_rows: "over_rows" is another one than that of an earlier rule; expected the same in all rules of a list
      test:8:46: order.ext.*.over_rows: "over_rows" is not for a wildcard; give the field a rule of its own
      test:9:42: item.price.over_rows: "over_rows" is for fields of the order; each row is an item or a person of its own
    "#);
    let last = "items = 'lines'\norder.price = { path = 'a', disagree = 'last' }";
    insta::assert_snapshot!(errors(last), @r#"test:4:40: order.price.disagree: "disagree" has no effect: with items or parent, an order is one document"#);
    // In CSV the rows of an order may disagree.
    profile("items = 'lines'\norder.price = { column = 'a', path = 'a', disagree = 'last' }");
    insta::assert_snapshot!(errors("items = 'lines'\norder.price = { path = 'a', over_rows = 'add' }"), @r#"test:4:41: order.price.over_rows: "over_rows" has no effect: with items or parent, an order is one document"#);
}
