//! Unit tests of `parent`: lines of their own that belong to the document of an order.

use serde_json::{Value, json};

use super::rows::{bind, document, errors, ndjson, profile, row, unreadable};
use crate::map::profile::Profile;

const KEYS: &str = "parent = { path = 'of', to = 'id', empty = ['0'] }\n";

/// A profile with further keys.
fn with(keys: &str) -> Profile {
    let rules = "item_rows = { path = 'kind', is = 'line' }\norder.price = { path = 'price' }\n\
                 item.name = { path = 'name' }";
    profile(&format!("{KEYS}{rules}\n{keys}"))
}

#[test]
fn parent_makes_a_child_of_a_document() {
    let profile = with("nulls = ['none']");
    let kind = |document: Value| {
        let mapped = ndjson(&profile, document);
        mapped.split_once(": ").map(|(kind, _)| kind.to_owned()).unwrap_or(mapped)
    };
    for root in [json!(null), json!(""), json!(" "), json!("0"), json!(0), json!("none")] {
        assert_eq!(kind(json!({"id": "A", "of": root})), "order A", "{root}");
    }
    assert_eq!(kind(json!({"id": "A"})), "order A");
    assert_eq!(kind(json!({"id": 7, "of": 8})), "child 7 of 8");
    assert_eq!(kind(json!({"id": "7", "of": " 8"})), "child 7 of 8");
    assert_eq!(kind(json!({"of": "8"})), "child - of 8");
    assert_eq!(kind(json!({"id": {}, "of": "8"})), "child - of 8");
    assert_eq!(kind(json!({"id": "8", "of": "8"})), "child 8 of 8");
    assert_eq!(kind(json!({"price": 5})), "keyless");
    assert_eq!(kind(json!({})), "blank");
    assert_eq!(kind(json!({"id": "7", "of": "", "kind": "line"})), "keyless");
    for wrong in [json!(true), json!({}), json!([]), json!(["8"]), json!({"id": 8})] {
        let found = kind(json!({"id": "7", "of": wrong}));
        let expected = "unreadable - \"of\" is neither a text nor a number; expected the id of \
            the document that this one belongs to";
        assert_eq!(found, expected, "{wrong}");
    }
}

#[test]
fn child_has_an_item_at_most() {
    let profile = with(
        "[[skip]]
        reason = 'unpaid'
        when = { path = 'paid', empty = true }
        [[skip]]
        reason = 'returned'
        scope = 'row'
        when = { path = 'back', is = 'true' }",
    );
    let of = |document| ndjson(&profile, document);
    insta::assert_snapshot!(
        [
            of(json!({"id": "A", "price": 5, "name": "Order", "paid": true})),
            of(json!({"id": "A", "price": 5})),
            of(json!({"id": "A", "price": 5, "paid": true, "back": true})),
            of(json!({"id": "1", "of": "A", "kind": "line", "name": "Mug", "price": 2})),
            of(json!({"id": "1", "of": "A", "kind": "line", "back": true})),
            of(json!({"id": "1", "of": "A", "kind": "line", "other": 2})),
            of(json!({"id": "1", "of": "A", "kind": "note", "name": "Mug"})),
        ]
        .join("\n"),
        @r#"
    order A: price=5@5
    order A: price=5@3 | skip unpaid
    order A: price=5@5 | skip returned
    child 1 of A:  | item@- item.name=Mug@4
    skipped A (returned):  | item_empty -@- the item has no value that the profile reads; item_rows says which elements are items
    child 1 of A:  | item_empty -@- the item has no value that the profile reads; item_rows says which elements are items
    child 1 of A: 
    "#
    );
}

/// What was not read may be the parent.
#[test]
fn damaged_document_needs_its_parent() {
    let profile = with("");
    let kind = |salvaged: Value| unreadable(&profile, None, Some(document(&salvaged)));
    assert_eq!(kind(json!({"id": "1", "of": "A"})), "unreadable A damaged: ");
    assert_eq!(kind(json!({"id": "1"})), "unreadable - damaged: ");
}

#[test]
fn child_has_an_id_of_its_own() {
    let profile = with("");
    let id = |value: Value| bind(&profile, None).child_and_parent(row(1, document(&value)));
    assert_eq!(id(json!({"id": "1", "of": "A"})), Some(("1", "A")));
    assert_eq!(id(json!({"id": "A", "of": "A"})), None);
    assert_eq!(id(json!({"id": "A"})), None);
}

#[test]
fn parent_contradicts_other_places_of_items() {
    let found = |keys: &str| errors(&format!("{keys}\nitem.name = {{ path = 'name' }}"));
    insta::assert_snapshot!(
        [
            found("key = { path = 'nr' }\nparent = { path = 'of', to = 'of' }"),
            found("parent = { path = 'of' }"),
            found("parent = { path = '', to = 'ids[]', from = 'x' }"),
            found("parent = { path = 'of', to = 'id' }\nitem_rows = { path = 'kind' }"),
            found("parent = { path = 'of', to = 'id' }"),
            found("parent = { path = 'of', to = 'id' }\nitems = 'lines'\ncheckout_events = true"),
            found("parent = { path = 'of', to = 'id' }\nformat = 'csv'\norder.price = { path = 'price', over_rows = 'add' }"),
        ]
        .join("\n\n"),
        @r#"
    test:3:1: key: "key" contradicts parent, whose "to" is the order key
      test:4:30: parent.to: "to" is the path of the parent too; expected that of a document's own id

    test:3:1: parent: the key "to" is missing

    test:3:19: parent.path: "" has an empty name; a member without a name is written ""
      test:3:28: parent.to: the rule reads one value, but "ids[]" has that of each element; expected an index, a filter, join or a sum
      test:3:37: parent: unknown key "from"; expected "path", "to", "empty"

    test:4:1: item_rows: "item_rows" has no test; expected one of is, is_not, starts_with, ends_with, contains, list_contains, empty, exists, equals, less, greater

    test:3:1: parent: needs item_rows, which says which of the documents are items

    test:3:1: parent: "parent" contradicts items, which has the items within the document
      test:3:1: parent: "parent" contradicts checkout_events, which are whole orders
      test:3:1: parent: needs item_rows, which says which of the documents are items

    test:3:1: parent: "parent" is for JSON, and format is "csv"
      test:3:1: parent: needs item_rows, which says which of the documents are items
      test:5:45: order.price.over_rows: "over_rows" has no effect: with items or parent, an order is one document
    "#
    );
}
