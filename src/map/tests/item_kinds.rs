//! Unit tests of `[[item]]`: several kinds of items.

use serde_json::json;

use super::rows::{
    bind, bind_error, cells, csv, errors, header, mapped, ndjson, problem_text, profile, record,
    row,
};
use crate::{
    map::{CellOwner, trace},
    model::{
        draft::{MappedRow, OrderItem},
        record::{Header, Record},
        row::RowContent,
    },
};

const KINDS: &str = "
[[item]]
when = { column = 'kind', path = 'kind', is = 'goods' }
name = { column = 'title', path = 'title' }
price = { column = 'amount', path = 'amount' }
[[item]]
when = { column = 'kind', path = 'kind', is = 'fee' }
name = { value = 'Fee' }
price = { column = 'fee', path = 'fee' }
";

const ORDER: &str = "
[[item]]
name = { column = 'title', path = 'title' }
[[item]]
from = 'order'
name = { value = 'Shipping' }
price = { column = 'ship', path = 'ship' }
";

/// What a row says of the items that are made of values of its order.
fn order_items(row: &MappedRow<'_>) -> String {
    let item = |OrderItem { item, is_filled }: &OrderItem<'_>| {
        let mark = if *is_filled { "" } else { "unfilled " };
        format!("{mark}{} {}", item.kind.index, cells(item.cells.iter()))
    };
    let problems = row.problems.iter().map(problem_text);
    let items = row.order_items.iter().map(item);
    items.chain(problems).collect::<Vec<_>>().join(" | ")
}

/// The same of a row of a CSV file behind another one.
fn of_rows(rules: &str, columns: &str, lines: [&str; 2]) -> String {
    let rules = profile(rules);
    let mapper = bind(&rules, Some(columns));
    let [previous, line] = lines.map(|line| row(2, RowContent::Record(record(line))));
    order_items(&mapped(mapper, line, Some(previous)))
}

#[test]
fn each_kind_has_its_rules() {
    let rules = profile(KINDS);
    let of = |line: &str| csv(&rules, "id,kind,title,amount,fee", line);
    assert_eq!(of("A,goods,Mug,10,2"), "row A:  | item@- item.price=10@13 item.name=Mug@9");
    assert_eq!(of("A,fee,Mug,10,2"), "row A:  | item@- item.price=2@14 item.name~Fee@-");
    assert_eq!(of("A,fee,Mug,10,"), "row A: ");
    let items = profile(&format!("items = 'lines'\n{KINDS}"));
    let lines = json!([{"kind": "fee", "fee": "2"}, {"kind": "goods", "title": "Mug"}]);
    assert_eq!(
        ndjson(&items, json!({"id": "A", "lines": lines})),
        "document A:  | item@4 item.price=2@5 item.name~Fee@4 | item@7 item.name=Mug@9"
    );
}

/// An item that was passed over would send the order in part.
#[test]
fn item_is_of_exactly_one_kind() {
    let rules = profile(KINDS);
    let of = |line: &str| csv(&rules, "id,kind,title,amount,fee", line);
    let none = "the item is of no kind: no condition of an [[item]] table holds; item_rows says \
                which rows and elements are items";
    assert_eq!(of("A,gift,Mug,10,"), format!("row A:  | item_without_kind -@- {none}"));
    assert_eq!(of("A,gift,,,"), "row A: ");
    let items = profile(&format!("items = 'lines'\n{KINDS}"));
    let of = |line| ndjson(&items, json!({"id": "A", "lines": [line]}));
    assert!(of(json!({"kind": "gift", "title": "Mug"})).contains("item_without_kind"));
    assert!(of(json!({"title": "Mug"})).contains("item_without_kind"));
    assert!(of(json!({"kind": "gift", "colour": "red"})).contains("item_empty"));
    assert!(of(json!(null)).contains("item_empty"));
    let both = profile(&KINDS.replace("is = 'fee'", "starts_with = ['fee', 'go']"));
    insta::assert_snapshot!(csv(&both, "id,kind,title,amount,fee", "A,goods,Mug,10,2"), @"row A:  | item_of_two_kinds -@- the item is of two kinds: the conditions of the [[item]] tables 1 and 2 hold");
}

#[test]
fn untestable_condition_is_the_only_problem() {
    let rules = profile(&KINDS.replace("is = 'fee'", "less = 5"));
    let found = csv(&rules, "id,kind,title,amount,fee", "A,gift,Mug,10,");
    assert_eq!(found.matches('|').count(), 1, "{found}");
    assert!(found.contains("condition_unreadable"), "{found}");
}

#[test]
fn item_rows_come_before_kinds() {
    let rules = format!("item_rows = {{ column = 'kind', is_not = 'tax' }}\n{KINDS}");
    let of = |line: &str| csv(&profile(&rules), "id,kind,title,amount,fee", line);
    assert_eq!(of("A,tax,VAT,10,"), "row A: ");
    assert!(of("A,gift,Mug,10,").contains("item_without_kind"));
}

#[test]
fn values_of_the_order_are_an_item() {
    let rules = profile(ORDER);
    let of = |line: &str| {
        let row = row(2, RowContent::Record(record(line)));
        let mapped = mapped(bind(&rules, Some("id,title,ship")), row, None);
        (mapped.items.len(), order_items(&mapped))
    };
    assert_eq!(of("A,Mug,5.00"), (1, "1 item.price=5.00@7 item.name~Shipping@-".to_owned()));
    // A value of 0 is one; constants alone are no item.
    assert_eq!(of("A,Mug,0.00"), (1, "1 item.price=0.00@7 item.name~Shipping@-".to_owned()));
    assert_eq!(of("A,Mug,"), (1, "unfilled 1 item.name~Shipping@-".to_owned()));
    let items = profile(&format!("items = 'lines'\n{ORDER}"));
    let whole = json!({"id": "A", "ship": "5.00", "lines": [{"title": "Mug", "ship": "7"}]});
    let document = row(1, super::rows::document(&whole));
    let mapped = mapped(bind(&items, None), document, None);
    assert_eq!(
        (mapped.items.len(), order_items(&mapped).as_str()),
        (1, "1 item.price=5.00@7 item.name~Shipping@-")
    );
}

#[test]
fn repeated_values_of_the_order_are_omitted() {
    let columns = "id,title,ship,kind";
    let of = |rules: &str, lines| of_rows(rules, columns, lines);
    assert_eq!(of(ORDER, ["A,Mug,5,", "A,Jug,5,"]), "");
    assert_eq!(of(ORDER, ["A,Mug,5,", "A,Jug,6,"]), "1 item.price=6@7");
    let added = ORDER.replace("'ship' }", "'ship', over_rows = 'add' }");
    assert_eq!(of(&added, ["A,Mug,5,", "A,Jug,5,"]), "1 item.price=5@7");
    // The row before it is not counted.
    let when = format!("{ORDER}when = {{ column = 'kind', path = 'kind', is = 'x' }}");
    assert_eq!(of(&when, ["A,Mug,5,y", "A,Jug,5,x"]), "1 item.price=5@7 item.name~Shipping@-");
    assert_eq!(of(&when, ["A,Mug,5,x", "A,Jug,5,y"]), "");
}

/// No order goes out whose shipping the profile skips.
#[test]
fn value_of_the_order_item_may_skip_the_order() {
    for disagree in ["", ", disagree = 'first'"] {
        let rules = format!(
            "[item]\nfrom = 'order'\n\
             status = {{ column = 'state', values = {{ lost = {{ skip = 'lost' }} }}{disagree} }}"
        );
        let found = csv(&profile(&rules), "id,state", "A,lost");
        assert!(found.ends_with("skip lost"), "{found}");
    }
}

#[test]
fn half_kinds_are_refused() {
    insta::assert_snapshot!(errors("[[item]]\nname = { column = 'a' }\n[[item]]\nwhen = { column = 'b', is = 'x' }\nprice = { column = 'c' }"), @r#"test:3:1: item[1]: element 1 of "item" has no when, but other [[item]] tables are for rows or elements too; expected a when in each, of which one holds for an item"#);
    insta::assert_snapshot!(errors("[[item]]\nwhen = { column = 'b', is = 'x' }\nname = { value = 'Tip' }\n[[item]]\nfrom = 'order'\nname = { value = 'Tip' }"), @r#"
    test:3:1: item[1]: the table reads nothing of the export, and constants alone make no item; expected for example price = { column = "Shipping" }
      test:6:1: item[2]: the table reads nothing of the export, and constants alone make no item; expected for example price = { column = "Shipping" }
    "#);
    insta::assert_snapshot!(errors("[[item]]\nfrom = 'rows'\nwhen = { column = 'b' }\npirce = { column = 'c' }\nprice = { column = 'c', over_rows = 'add' }"), @r#"
    test:4:8: item.from: unknown value "rows"; expected "items", "order" or the name of a [[join]] with items = true
      test:5:1: item.when: "when" has no test; expected one of is, is_not, starts_with, ends_with, contains, list_contains, empty, exists, equals, less, greater
      test:6:1: item: unknown key "pirce"; meant "price"?
      test:7:37: item.price.over_rows: "over_rows" is for fields of the order; each row is an item or a person of its own
    "#);
    insta::assert_snapshot!(errors("item = 3"), @"test:3:8: item: found the number 3; expected the rules of an item: [item], or an [[item]] for each kind");
    insta::assert_snapshot!(errors("items.packed = { column = 'a', separator = ';' }\n[[item]]\nname = { part = 1 }\n[[item]]\nfrom = 'order'\nprice = { part = 2 }"), @r#"test:8:1: item[2].price: the rule reads a field of an item, but from = "order" or the name of a join makes one of columns and paths"#);
}

#[test]
fn columns_of_conditions_must_be_there() {
    insta::assert_snapshot!(bind_error(&profile(KINDS), "id,title,amount,fee"), @r#"test:5:19: item.when: there is no column "kind" in the export; orders.csv has "id", "title", "amount", "fee"; also named at test:9:19"#);
}

#[test]
fn trace_has_the_rules_of_the_kind() {
    let rules = profile(&KINDS.replace("'fee', path = 'fee' }", "'fee', strip_prefix = '€' }"));
    let header: &Header = Box::leak(Box::new(header("id,kind,title,amount,fee")));
    let row = row(2, RowContent::Record(Record { header, ..record("A,fee,Mug,10,€2") }));
    let mapped = mapped(bind(&rules, Some("id,kind,title,amount,fee")), row, None);
    let item = &mapped.items[0];
    let steps = |of| trace(&rules, of, &item.cells[0]).steps;
    assert_eq!(steps(CellOwner::Item(item)), ["without \"€\""]);
}
