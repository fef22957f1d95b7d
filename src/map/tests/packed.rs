//! Unit tests of `[items.packed]`: items as a list in one cell.

use serde_json::json;

use super::rows::{bind, bind_error, csv, errors, mapped, ndjson, profile, record, row};
use crate::{
    map::{CellOwner, trace},
    model::{draft::MappedRow, field::Field, row::RowContent},
};

const POSITIONS: &str = "item.name = { field = 'name' }\nitem.price = { field = 'price' }\n\
    [items.packed]\ncolumn = 'list'\npath = 'list'\nseparator = ';'\n\
    fields = { separator = '|', names = ['name', 'price'] }";

const NAMED: &str = "item.name = { field = 'name' }\nitem.quantity = { field = 'n', default = '1' }\n\
    [items.packed]\ncolumn = 'list'\npath = 'list'\nstarts_with = 'id='\nseparator = '&'\n\
    fields = { separator = '+', assign = '=', names = ['id', 'name', 'n'] }";

/// The items or problems of a list, which are the same in a column and at a path.
fn of(rules: &str, list: &str) -> String {
    let rules = profile(rules);
    let in_cell = csv(&rules, "id,list", &format!("A,{list}"));
    let in_text = ndjson(&rules, json!({"id": "A", "list": list}));
    let found = |text: &str, at: &str| {
        let (_, found) = text.split_once(": ").unwrap();
        found.replace(at, "").trim_start_matches(" | ").to_owned()
    };
    let (in_cell, in_text) = (found(&in_cell, "@3"), found(&in_text, "@3"));
    assert_eq!(in_cell, in_text);
    in_cell
}

#[test]
fn fields_have_their_positions() {
    for (list, expected) in [
        ("", ""),
        ("Mug|10.00", "item item.price=10.00 item.name=Mug"),
        (
            "Mug|10.00; Jug | 5.00",
            "item item.price=10.00 item.name=Mug | item item.price=5.00 item.name=Jug",
        ),
        ("Mug|", "item item.name=Mug"),
    ] {
        assert_eq!(of(POSITIONS, list), expected, "{list}");
    }
    let parts = POSITIONS.replace("{ field = 'name' }", "{ part = 1 }");
    let parts = parts.replace("{ field = 'price' }", "{ part = 2, strip_prefix = 'EUR ' }");
    let parts = parts.replace(", names = ['name', 'price']", "");
    assert_eq!(of(&parts, "Mug|EUR 10.00"), "item item.price=10.00 item.name=Mug");
    let whole =
        "item.name.part = 1\n[items.packed]\ncolumn = 'list'\npath = 'list'\nseparator = ';'";
    assert_eq!(of(whole, "Mug;Jug"), "item item.name=Mug | item item.name=Jug");
}

#[test]
fn fields_have_their_names() {
    let jug = "item item.name=Jug item.quantity=2";
    for (list, expected) in [
        ("id=7+name=Jug+n=2", jug.to_owned()),
        ("n=2", "item_unreadable - the first item does not start with \"id=\"".to_owned()),
        ("id=7+n=2+name=Jug&id=8+name=a & b+c=d", {
            format!("{jug} | item item.name=a & b+c=d item.quantity~1")
        }),
    ] {
        assert_eq!(of(NAMED, list), expected, "{list}");
    }
    // Without a list of all names those that no rule reads are passed over.
    let some = NAMED.replace(", names = ['id', 'name', 'n']", "");
    assert_eq!(of(&some, "id=7+color=red+name=Jug+n=2"), jug);
    let bare = of(&some, "id=7+name=a+b");
    assert!(
        bare.starts_with("item_unreadable - item 1 of 1 has no \"=\" in its field 3; if"),
        "{bare}"
    );
}

#[test]
fn items_start_with_one_of_several_texts() {
    let rules = NAMED.replace("starts_with = 'id='", "starts_with = ['id=', 'name=']");
    let rules = rules.replace("{ field = 'n',", "{ field = 'n', optional = true,");
    for (list, expected) in [
        ("id=7+name=Jug&id=8+name=Mug", "Jug Mug"),
        ("name=Jug+n=1&name=Mug & more", "Jug 1 Mug & more"),
        ("id=7+name=Jug&name=Mug", "Jug Mug"),
        ("n=2", r#"item_unreadable - the first item does not start with "id=" or "name=""#),
    ] {
        let found = of(&rules, list).replace("item item.name=", "");
        let found = found.replace(" item.quantity~1", "").replace(" item.quantity=", " ");
        assert_eq!(found.replace(" | ", " "), expected, "{list}");
    }
    // Without a separator the longest text counts, and none within it.
    let rules = "item.name = { part = 1 }\n[items.packed]\ncolumn = 'list'\npath = 'list'\n\
                 starts_with = ['ID: ', 'Product ID: ']";
    assert_eq!(
        of(rules, "Product ID: 5 ID: 6 Product ID: 7"),
        "item item.name=Product ID: 5 | item item.name=ID: 6 | item item.name=Product ID: 7"
    );
}

#[test]
fn escaped_separators_are_text() {
    let escape =
        |rules: &str| rules.replace("separator = ';'\n", "separator = ';'\nescape = '\\'\n");
    let rules = escape(POSITIONS).replace("'name' }", "'name', decode = 'backslash' }");
    for (list, expected) in [
        (r"Mug\; blue \| red|10.00", "item item.price=10.00 item.name=Mug; blue | red"),
        (r"A\\|1;B|2", r"item item.price=1 item.name=A\ | item item.price=2 item.name=B"),
    ] {
        assert_eq!(of(&rules, list), expected, "{list}");
    }
    let named = "item.name = { field = 'name', decode = 'backslash' }\n\
        item.productId = { field = 'sku', optional = true }\n\
        [items.packed]\ncolumn = 'list'\npath = 'list'\nseparator = ';'\n\
        starts_with = ['id:', 'name:']\n\
        fields = { separator = '|', assign = ':', names = ['id', 'name', 'sku'] }";
    let named = escape(named);
    for (list, expected) in [
        (
            r"id:1|name:Cup\; blue\: 5 \| red|sku:A\:1;id:2|name:Mug",
            "item item.name=Cup; blue: 5 | red item.productId=A\\:1 | item item.name=Mug",
        ),
        // A writer that escapes nothing.
        (
            "name:Cup; blue: a | b|sku:A;name:Mug",
            "item item.name=Cup; blue: a | b item.productId=A | item item.name=Mug",
        ),
        // Such a writer may end a value with a backslash.
        (
            r"name:C:\|sku:A",
            r#"item_unreadable - item 1 of 1 has a backslash before "|" and ":" behind that; it is not known whether the separator is a part of the value"#,
        ),
        (
            r"name:C:\;name:Mug",
            r#"item_unreadable - item 1 of 1 has a backslash before ";" and ":" behind that; it is not known whether the separator is a part of the value"#,
        ),
    ] {
        assert_eq!(of(&named, list), expected, "{list}");
    }
}

/// A guess would send the order with wrong items.
#[test]
fn lists_that_do_not_fit_are_problems() {
    for (rules, list, message) in [
        (
            POSITIONS,
            "Mug|big|10.00;Jug|5.00",
            "item 1 of 2 has 3 fields between \"|\", expected 2: \"name\", \"price\"",
        ),
        (
            POSITIONS,
            "Mug|10.00;Jug",
            "item 2 of 2 has 1 field between \"|\", expected 2: \"name\", \"price\"",
        ),
        (POSITIONS, "Mug|10.00;", "item 2 of 2 is empty"),
        (POSITIONS, "Mug|10.00; ;Jug|5.00", "item 2 of 3 is empty"),
        (NAMED, "id=7+name=Jug+n=2+name=Mug", "item 1 of 1 has the field \"name\" twice"),
        (
            NAMED,
            "id=7+n=2",
            "item 1 of 1 lacks the field \"name\"; where it may lack it, its rule has optional = true",
        ),
        (NAMED, "id=7++name=Jug", "item 1 of 1 has an empty field 2"),
    ] {
        assert_eq!(of(rules, list), format!("item_unreadable - {message}"), "{list}");
    }
    assert_eq!(
        of(POSITIONS, "|"),
        "item_empty - the item has no value that the profile reads; item_rows says which elements are items"
    );
    let rules = profile(POSITIONS);
    let array = ndjson(&rules, json!({"id": "A", "list": ["Mug"]}));
    assert_eq!(
        array,
        "document A:  | not_a_scalar -@3 an array where a text with a list of items is expected"
    );
}

/// An item that is cut off would go without its name.
#[test]
fn item_has_one_of_several_fields() {
    let rules = NAMED.replace("field = 'name' }", "field = ['name', 'id'] }");
    assert_eq!(of(&rules, "id=7+n=2"), "item item.name=7 item.quantity=2");
    let rules = rules.replace("starts_with = 'id='\n", "").replace("'id', 'name'", "'name', 'id'");
    let lacks = "item_unreadable - item 1 of 1 lacks the fields \"name\" and \"id\"; where it may lack them, \
                 its rule has optional = true";
    assert_eq!(of(&rules, "n=2"), lacks);
    let optional = rules.replace("'id'] }", "'id'], optional = true }");
    assert_eq!(of(&optional, "n=2"), "item item.quantity=2");
    assert_eq!(
        of(&rules.replace("'id'] }", "'id'], default = 'x' }"), "n=2"),
        "item item.name~x item.quantity=2"
    );
}

#[test]
fn rules_beside_fields_read_the_row() {
    let rules = format!("item.currencyCode = {{ column = 'currency' }}\n{POSITIONS}");
    assert_eq!(
        csv(&profile(&rules), "id,list,currency", "A,Mug|10.00,EUR"),
        "row A:  | item@3 item.currencyCode=EUR@13 item.price=10.00@3 item.name=Mug@3"
    );
    // A value of the row alone makes no item.
    let empty = csv(&profile(&rules), "id,list,currency", "A,|,EUR");
    assert!(empty.starts_with("row A:  | item_empty -@3"), "{empty}");
    let two = "item_rows = { column = 'kind', is = 'line' }\n".to_owned() + POSITIONS;
    assert_eq!(csv(&profile(&two), "id,list,kind", "A,Mug|10.00,tax"), "row A: ");
}

#[test]
fn rows_that_repeat_the_list_are_a_problem() {
    let found = |rules: &str, lines: &[&'static str]| {
        let rules = profile(rules);
        let mapper = bind(&rules, Some("id,list,line"));
        let (mut found, mut previous) = (MappedRow::default(), None);
        for (number, line) in (2..).zip(lines) {
            let row = row(number, RowContent::Record(record(line)));
            mapper.map(row, previous.replace(row), &mut found);
        }
        let problems = found.problems.iter().map(|one| format!("{} {}", one.code, one.message));
        (found.items.len(), problems.collect::<Vec<_>>().join(" "))
    };
    let of_line = |line| {
        format!(
            "items_repeated the row in line {line} of the same order has the same items; they \
             would count twice"
        )
    };
    let repeated = ["A,Mug|1.00,1", "A,Mug|1.00,2"];
    assert_eq!(found(POSITIONS, &repeated), (2, of_line(2)));
    for between in ["A,Jug|1.00,2", "A,,2"] {
        let apart = ["A,Pan|1.00,1", repeated[0], between, repeated[1]];
        assert_eq!(found(POSITIONS, &apart).1, of_line(3), "{between}");
    }
    let other = ["A,Mug|1.00,1", "A,Jug|1.00,2"];
    assert_eq!(found(POSITIONS, &other), (2, String::new()));
    assert_eq!(found(POSITIONS, &["A,,1", "A,,2"]), (0, String::new()));
    let first = format!("item_rows = {{ column = 'line', is = '1' }}\n{POSITIONS}");
    assert_eq!(found(&first, &repeated), (1, String::new()));
}

#[test]
fn steps_name_the_field_of_an_item() {
    let price = "{ field = 'price', strip_prefix = 'EUR ' }";
    let rules = profile(&POSITIONS.replace("{ field = 'price' }", price));
    let row = row(2, RowContent::Record(record("A,Mug|EUR 10.00;Jug|EUR 5.00")));
    let mapped = mapped(bind(&rules, Some("id,list")), row, None);
    let item = &mapped.items[1];
    let price = item.cell(&Field::ItemPrice).unwrap();
    let traced = trace(&rules, CellOwner::Item(item), price);
    let steps = "the field \"price\" of an item in the list; without \"EUR \"";
    assert_eq!((&*traced.text, &*traced.steps.join("; ")), ("EUR 5.00", steps));
}

#[test]
fn list_of_items_must_be_there() {
    let rules = profile(POSITIONS);
    insta::assert_snapshot!(bind_error(&rules, "id,List"), @r#"test:6:10: items.packed: there is no column "list" in the export; orders.csv has "List", its 2nd column of 2"#);
    let of_paths = profile(&POSITIONS.replace("column = 'list'\n", ""));
    insta::assert_snapshot!(bind_error(&of_paths, "id,list"), @r#"
    orders.csv: the profile has no column for the items; the file is CSV, and the profile was written for JSON
      hint: name a profile for CSV with --profile, or give the rule a column too; a file of JSON has a name that ends in .json, .jsonl or .ndjson
    "#);
}

#[test]
fn half_lists_are_refused() {
    insta::assert_snapshot!(errors("[items.packed]\nseparator = ''"), @r#"
    test:3:8: items.packed: "packed" has no column and no path; expected where the list of items is
      test:4:13: items.packed.separator: "separator" is empty
    "#);
    insta::assert_snapshot!(errors("[items.packed]\ncolumn = 'a'\nstarts_with = ''\nfields = { separator = '' }"), @r#"
    test:5:15: items.packed.starts_with: "starts_with" is empty
      test:6:24: items.packed.fields.separator: "separator" is empty; expected what is between two fields
    "#);
    insta::assert_snapshot!(errors("[items.packed]\ncolumn = 'a'\nstarts_with = []\nescape = '/'\nfields = { separator = '|' }"), @r#"
    test:5:15: items.packed.starts_with: "starts_with" is empty
      test:6:10: items.packed.escape: unknown value "/"; expected "\\"
    "#);
    insta::assert_snapshot!(errors("[items.packed]\ncolumn = 'a'\nseparator = ''\n\
        fields = { separator = '|' }"), @r#"test:5:13: items.packed.separator: "separator" is empty"#);
    insta::assert_snapshot!(errors("[items.packed]\ncolumn = 'a'\nseparator = ';'\n\
        fields = { separator = ':;', assign = ':', names = ['a', ' b', 'a', ''] }"), @r#"
    test:6:1: items.packed.fields: "fields" has a separator and an assign of which one contains the other
      test:6:58: items.packed.fields.names: " b" has blanks around it, which the names of fields do not keep
      test:6:64: items.packed.fields.names: "a" is named twice
      test:6:69: items.packed.fields.names: element 4 of "names" is empty; expected the name of a field
    "#);
    insta::assert_snapshot!(errors("items = { path = 'a', packed = { path = 'b', separator = ';' } }\nitem.name = { part = 2 }\nitem.price.path = 'p'"), @r#"
    test:3:41: items.packed.path: "path" is set beside items.path; expected one of them
      test:4:6: item.name: items.packed.fields is not set, so each item is one field; expected part = 1
    "#);
    insta::assert_snapshot!(errors("[items.packed]\ncolumn = 'a'\nseparator = ';'\n[item]\nname = { part = 2 }"), @"test:7:1: item.name: items.packed.fields is not set, so each item is one field; expected part = 1");
    insta::assert_snapshot!(errors("[items.packed]\ncolumn = 'a'\nseparator = ';'\nfields = { separator = '|', names = ['a'] }\n\
        [item]\nname = { part = 2 }\nprice = { field = 'b' }\nquantity = { part = 0 }\nproductId = { field = 'a', column = 'b' }\next.'*' = { field = 'a' }\n[guest]\nphone = { field = 'a' }"), @r#"
    test:8:17: item.name.part: "part" is 2, but items.packed.fields.names has 1
      test:9:19: item.price.field: "b" is not in items.packed.fields.names
      test:10:21: item.quantity.part: "part" is 0; expected 1 for the first field of an item
      test:11:1: item.productId: "productId" has a column or path and a field; expected one of them
      test:12:5: item.ext.*: the rule reads a field of an item, which only the rules of one field of [item] can
      test:14:1: guest.phone: the rule reads a field of an item, which only the rules of one field of [item] can
    "#);
    insta::assert_snapshot!(errors("item.name = { field = 'a' }\nitem.price = { part = 1 }"), @r#"
    test:3:6: item.name: found a field of an item; expected [items.packed] or [items.repeated], or a column or path
      test:4:6: item.price: found a field of an item; expected [items.packed] or [items.repeated], or a column or path
    "#);
    insta::assert_snapshot!(errors("[items.packed]\ncolumn = 'a'\nseparator = ';'\n[item]\nname = { column = 'a' }"), @r#"test:3:8: items.packed: no rule of [item] reads a field of the items; expected for example name = { field = "name" } or name = { part = 1 }"#);
}

#[test]
fn conditions_test_the_fields_of_an_item() {
    let list = "Mug|10.00;VAT|2.00;Jug|";
    let with = |rules: &str| of(&format!("{rules}\n{POSITIONS}"), list);
    assert_eq!(
        with("item_rows = { not = { field = 'name', is = 'VAT' } }"),
        "item item.price=10.00 item.name=Mug | item item.name=Jug"
    );
    let jug = with("item_rows = { field = 'price', empty = true }");
    assert_eq!(jug, "item item.name=Jug");
    assert_eq!(
        with("item_rows = { part = 2, greater = 5 }"),
        "item item.price=10.00 item.name=Mug"
    );
    let when = "item.quantity = { value = '1', when = { field = 'price', less = '5' } }";
    assert_eq!(
        with(when),
        "item item.price=10.00 item.name=Mug | item item.price=2.00 item.name=VAT \
         item.quantity=1 | item item.name=Jug"
    );
    let comma = POSITIONS.replace("'price' }", "'price', decimal = ':' }");
    let rules = format!("item_rows = {{ field = 'price', greater = 5 }}\n{comma}");
    assert_eq!(of(&rules, "Mug|10:50;Jug|2:5"), "item item.price=10.50 item.name=Mug");
    let text = of(&format!("item_rows = {{ field = 'price', less = 5 }}\n{POSITIONS}"), "Mug|free");
    assert!(text.contains("condition_unreadable"), "{text}");
}

#[test]
fn kinds_of_items_are_told_by_their_fields() {
    let packed = POSITIONS.split_once("[items.packed]").unwrap().1;
    let rules = format!(
        "[items.packed]{packed}\n[[item]]\nwhen = {{ field = 'name', is = 'VAT' }}\n\
         name = {{ value = 'Tax' }}\nprice = {{ field = 'price' }}\n\
         [[item]]\nwhen = {{ field = 'name', is = 'Mug' }}\nname = {{ field = 'name' }}"
    );
    assert_eq!(of(&rules, "VAT|2;Mug|9"), "item item.price=2 item.name~Tax | item item.name=Mug");
    assert!(of(&rules, "|9").contains("item_without_kind"), "{}", of(&rules, "|9"));
}

/// A field that is tested must be there, as a column must.
#[test]
fn tested_field_is_required_unless_optional() {
    let rules = |optional: &str| {
        format!("item_rows = {{ field = 'kind', is_not = 'tax'{optional} }}\n{NAMED}")
            .replace("'name', 'n']", "'name', 'n', 'kind']")
    };
    let list = "id=7+name=Jug+kind=goods&id=8+name=VAT+kind=tax&id=9+name=Mug";
    assert!(of(&rules(""), list).contains("lacks the field \"kind\""));
    assert_eq!(of(&rules(", optional = true"), list), "item item.name=Jug item.quantity~1");
}

#[test]
fn half_conditions_on_fields_are_refused() {
    let with = |rules: &str| errors(&format!("{rules}\n{POSITIONS}"));
    insta::assert_snapshot!(with("item_rows = { field = 'nmae', is = 'x' }"), @r#"test:3:23: item_rows.field: "nmae" is not in items.packed.fields.names"#);
    insta::assert_snapshot!(with("item_rows = { field = 'name', column = 'a', is = 'x' }"), @r#"test:3:1: item_rows: "item_rows" has a field and a column or path; expected one of them"#);
    insta::assert_snapshot!(with("item_rows = { field = 'name', part = 1, is = 'x' }"), @r#"test:3:1: item_rows: "item_rows" has field and part; expected one of them"#);
    insta::assert_snapshot!(with("item_rows = { field = 'name' }"), @r#"test:3:1: item_rows: "item_rows" has no test; expected one of is, is_not, starts_with, ends_with, contains, list_contains, empty, exists, equals, less, greater"#);
    insta::assert_snapshot!(with("ignore_rows = [{ field = 'name', is = 'x' }]"), @"test:3:16: ignore_rows: the condition tests a field of an item, which only item_rows, an [[item]] of rows or elements and its rules can");
    insta::assert_snapshot!(with("order.status = { value = 'x', when = { field = 'name', is = 'x' } }"), @"test:3:31: order.status.when: the condition tests a field of an item, which only item_rows, an [[item]] of rows or elements and its rules can");
    insta::assert_snapshot!(errors("item_rows = { field = 'name', is = 'x' }"), @"test:3:1: item_rows: found a field of an item; expected [items.packed] or [items.repeated], or a column or path");
}
