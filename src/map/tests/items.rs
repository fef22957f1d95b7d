//! Unit tests of `items`: where the items of a document are.

use serde_json::{Value, json};

use super::{
    path_warnings,
    rows::{documents, errors, ndjson, profile},
};

fn of(items: &str, document: &Value) -> String {
    let mut document = document.clone();
    document["id"] = json!("A");
    ndjson(&profile(&format!("item.name = {{ path = 'name' }}\n{items}")), document)
}

#[test]
fn elements_of_all_paths_are_items() {
    let names = |items: &str, document: Value| {
        let found = of(items, &document);
        let names = found.split("item.name=").skip(1);
        names.filter_map(|text| text.split('@').next()).collect::<Vec<_>>().join(" ")
    };
    let two = json!({"a": [{"name": "Mug"}, {"name": "Pot"}], "b": {"c": {"name": "Pan"}}});
    assert_eq!(names("items = ['a', 'b.c']", two.clone()), "Mug Pot Pan");
    assert_eq!(names("[items]\npath = ['b.c', 'a[]']", two.clone()), "Pan Mug Pot");
    assert_eq!(names("[items]\npath = 'a'", two), "Mug Pot");
    let walked = "items = 'parcels[].lines'";
    for parcels in [
        json!([{"lines": [{"name": "Mug"}]}, {"lines": null}, {}, {"lines": [{"name": "Pot"}]}]),
        json!([{"lines": {"3": {"name": "Mug"}, "7": {"name": "Pot"}}}]),
        json!({"3": {"lines": {"name": "Mug"}}, "7": {"lines": [{"name": "Pot"}]}}),
        json!({"lines": [{"name": "Mug"}, {"name": "Pot"}]}),
    ] {
        assert_eq!(names(walked, json!({ "parcels": parcels })), "Mug Pot", "{parcels}");
    }
    let kinds = json!({"a": [{"kind": "line", "name": "Mug"}, {"kind": "tax", "name": "VAT"}]});
    assert_eq!(names("items = 'a[kind=line]'", kinds), "Mug");
}

/// An element that was passed over would send the order in part.
#[test]
fn other_values_on_the_way_to_items_are_problems() {
    let problem = |document: Value| {
        let found = of("items = 'parcels[].lines'", &document);
        found.split(" | ").last().unwrap_or_default().to_owned()
    };
    let expected = "\"parcels[].lines\"";
    for (parcels, message) in [
        (json!("x"), format!("@3 {expected} goes on within a string, expected an array of items")),
        (json!([{"lines": []}, 7.5]), "goes on within a number".to_owned()),
        (json!([{"lines": "x"}]), format!("{expected} is a string, expected an array of items")),
        (json!([[{"lines": []}]]), format!("{expected} goes on within an array")),
        (json!([{"lines": [null]}]), "null where an item is expected".to_owned()),
    ] {
        let found = problem(json!({ "parcels": parcels }));
        assert!(found.contains(&message), "{parcels}: {found}");
    }
    let nested = of("items = 'a[kind=line]'", &json!({"a": [[{"kind": "line", "name": "Mug"}]]}));
    assert!(nested.ends_with("\"a[kind=line]\" filters by an array, expected an array of items"));
    for nothing in [json!(null), json!([]), json!({}), json!([null]), json!([{}]), json!("")] {
        assert_eq!(problem(json!({ "parcels": nothing })), "document A: ", "{nothing}");
    }
    let line = json!({"lines": [{"name": "Mug"}]});
    for parcels in [json!([line]), json!({"3": line, "7": line})] {
        for items in ["items = 'parcels.lines[]'", "items = 'parcels.lines'"] {
            let within = of(items, &json!({ "parcels": parcels }));
            assert!(within.ends_with("goes on within an array, expected an array of items"));
        }
    }
}

#[test]
fn orders_may_have_no_items() {
    let rules = profile("items = []\nunknown_columns = 'warn'\norder.price = { path = 'total' }");
    let (rows, warnings) = documents(&rules, &[json!({"id": "A", "total": "#1"})]);
    assert!(warnings.is_empty() && rows[0].row.items.is_empty());
    assert!(!rows[0].row.may_have_items && rows[0].row.problems.is_empty());
    assert_eq!(path_warnings(&rules, &[json!({"id": "A", "total": 1})]), Ok(vec![]));
}

/// A wrong condition or filter would leave out the items of all orders without a warning.
#[test]
fn items_may_be_in_no_order_unless_they_are_chosen() {
    let may_be = |items: &str| {
        profile(&format!("{items}\nitem.name = {{ path = 'name' }}")).may_find_no_items()
    };
    assert!(may_be("items = 'a[].lines'"));
    assert!(!may_be("items = ['a', 'b[kind=line].lines']"));
    assert!(!may_be("items = 'a'\nitem_rows = { path = 'kind', is = 'line' }"));
}

#[test]
fn one_of_several_arrays_must_be_there() {
    let of = |items: &str, document: Value| {
        let rules = format!("{items}\nitem.name = {{ path = 'name' }}");
        path_warnings(&profile(&rules), &[document])
    };
    let both = "items = ['parcels[].lines', 'pickups']";
    let order = json!({"id": "A", "parcels": [{"lines": [{"name": "Mug"}]}]});
    let warning = "no document has \"pickups\", the profile's path of items";
    assert_eq!(of(both, order.clone()), Ok(vec![warning.to_owned()]));
    assert_eq!(of(&format!("missing_columns = 'allow'\n{both}"), order.clone()), Ok(vec![]));
    let near = of("items = ['parcels[].lines', 'pikcups']", {
        let mut near = order.clone();
        near["pickups"] = json!([]);
        near
    });
    assert!(near.as_ref().unwrap_err().contains("did you mean \"pickups\"?"), "{near:?}");
    let none = of(both, json!({"id": "A"})).unwrap_err();
    assert!(none.contains("items: no document has \"parcels[].lines\""), "{none}");
    // A value is looked for in the elements of all arrays.
    let other = json!({"id": "A", "parcels": [{"lines": []}], "pickups": [{"name": "Mug"}]});
    assert_eq!(of(both, other), Ok(vec![]));
    let unnamed = json!({"id": "A", "parcels": [{"lines": [{"n": 1}]}], "pickups": [{"n": 1}]});
    assert_eq!(of(both, unnamed).map(|warnings| warnings.len()), Ok(1));
}

#[test]
fn wrong_paths_of_items_are_reported_together() {
    insta::assert_snapshot!(errors(r#"items = ['o[].lines', 'o.0.lines', "a[b='c']"]"#), @r#"
    test:3:23: items: "o.0.lines" is the path of an array that is named above; expected each array once, and item_rows for which of its elements are items
      test:3:36: items: "a[b='c']" has "'c'" in brackets; expected [name=text] or [name="text"]
    "#);
    insta::assert_snapshot!(errors("items = ['lines', 'lines[]', '', 'a[b=']"), @r#"
    test:3:19: items: "lines[]" is the path of an array that is named above; expected each array once, and item_rows for which of its elements are items
      test:3:30: items: element 3 of "items" is empty; expected the path of an array such as "lines", or items = [] for orders without items
      test:3:34: items: "a[b=" has an open bracket
    "#);
    insta::assert_snapshot!(errors("[items]\npath = 'a[b='\nseparator = ';'"), @r#"
    test:4:8: items.path: "a[b=" has an open bracket
      test:5:1: items: unknown key "separator"; expected "path", "packed", "repeated", "optional"
    "#);
    insta::assert_snapshot!(errors("items = 3"), @r#"test:3:9: items: found the number 3; expected a path such as "lines", a list of paths, or a table"#);
    insta::assert_snapshot!(errors("items = []\nitem.name = { path = 'name' }"), @r#"test:3:9: items: "items" is empty, but [item] has a path; expected the path of the items"#);
    insta::assert_snapshot!(errors("[items]"), @r#"test:3:2: items: "items" has no path, packed or repeated; expected where the items are"#);
}
