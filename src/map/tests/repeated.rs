//! Unit tests of `[items.repeated]`: items as groups of columns.

use super::rows::{bind_error, csv, errors, profile, records};
use crate::map::file_mapper::FileMapper;

const RULES: &str = "unknown_columns = 'warn'\nitem.name = { field = 'Name' }\n\
    item.quantity = { field = 'Qty', default = '1' }\nitem.currencyCode = { column = 'currency' }\n\
    [items.repeated]\ncolumns = 'Item {n} *'";

const COLUMNS: &str = "id,currency,Item 2 Name,Item 2 Qty,Item 1 Qty,Item 1 Name,Item 3 Name";

/// A header with the names of the items of these numbers.
fn columns_of(numbers: &[u32]) -> String {
    let names: Vec<_> = numbers.iter().map(|number| format!("Item {number} Name")).collect();
    format!("id,currency,{}", names.join(","))
}

#[test]
fn groups_are_items_in_the_order_of_their_numbers() {
    let of = |line: &str| csv(&profile(RULES), COLUMNS, line);
    let ten = csv(
        &profile(RULES),
        &columns_of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        "A,EUR,a,b,c,d,e,f,g,h,i,j",
    );
    let names: String = ten.split("item.name=").skip(1).map(|name| &name[..1]).collect();
    assert_eq!(names, "abcdefghij", "{ten}");
    assert_eq!(
        of("A,EUR,Jug,2,3,Mug,Pan"),
        "row A:  | item@13 item.currencyCode=EUR@3 item.name=Mug@15 item.quantity=3@13 \
         | item@7 item.currencyCode=EUR@3 item.name=Jug@7 item.quantity=2@11 \
         | item@19 item.currencyCode=EUR@3 item.name=Pan@19 item.quantity~1@19"
    );
    assert_eq!(
        of("A,EUR,,,,Mug,"),
        "row A:  | item@10 item.currencyCode=EUR@3 item.name=Mug@10 item.quantity~1@10"
    );
    assert_eq!(of("A,EUR,,,,,"), "row A: ");
}

/// The empty item may have lost its values.
#[test]
fn filled_group_behind_an_empty_one_is_a_problem() {
    let of = |line: &str| csv(&profile(RULES), COLUMNS, line);
    let gap = "items_gap -@7 item 2 is filled, but item 1 is empty";
    assert_eq!(of("A,EUR,Jug,2,,,"), format!("row A:  | {gap}"));
    assert!(of("A,EUR,,,,Mug,Pan").ends_with("item 3 is filled, but item 2 is empty"));
    let nulls = profile(&format!("nulls = ['0']\n{RULES}"));
    let found = csv(&nulls, COLUMNS, "A,EUR,,0,3,Mug,");
    assert_eq!(found.matches("item.name").count(), 1, "{found}");
}

/// The columns of an item may be lost.
#[test]
fn group_without_columns_is_as_an_empty_one() {
    let of = |numbers: &[u32], cells: &str| {
        csv(&profile(RULES), &columns_of(numbers), &format!("A,EUR,{cells}"))
    };
    for (numbers, cells, problem) in [
        (
            &[1, 3][..],
            "Mug,Jug",
            "items_gap -@11 item 3 is filled, but the file has no columns of item 2",
        ),
        (
            &[2, 3],
            "Mug,Jug",
            "items_gap -@7 item 2 is filled, but the file has no columns of item 1",
        ),
        (
            &[0, 2],
            "Mug,Jug",
            "items_gap -@11 item 2 is filled, but the file has no columns of item 1",
        ),
        (&[1, 2, 4], "Mug,,Jug", "items_gap -@12 item 4 is filled, but item 2 is empty"),
    ] {
        assert!(of(numbers, cells).ends_with(problem), "{}", of(numbers, cells));
    }
    for (numbers, cells) in [(&[0, 1][..], "Mug,Jug"), (&[1, 2], "Mug,Jug"), (&[1, 3], "Mug,")] {
        assert!(!of(numbers, cells).contains("items_gap"), "{}", of(numbers, cells));
    }
}

/// The order would go without the item.
#[test]
fn filled_group_of_which_rules_make_no_value_is_a_problem() {
    let rules = profile(
        "item.name = { field = 'Item', pairs = { separator = '|', assign = ':' }, key = 'name' }\n\
         item.currencyCode = { column = 'currency' }\n\
         item.quantity = { field = 'Item', pairs = { separator = '|', assign = ':' }, key = 'n', \
         default = '1' }\n[items.repeated]\ncolumns = 'line_*_{n}'",
    );
    let columns = "id,currency,line_Item_1,line_Item_2";
    let of = |line: &str| csv(&rules, columns, line);
    assert!(of("A,EUR,name:Mug|n:2,").contains("item.name=Mug"), "{}", of("A,EUR,name:Mug|n:2,"));
    let lost = "item_empty -@16 no rule of the profile makes a value of what the item has; \
                item_rows says which elements are items";
    assert_eq!(
        of("A,EUR,name:Mug,sku:7"),
        format!(
            "row A:  | item@7 item.currencyCode=EUR@3 item.name=Mug@7 item.quantity~1@7 | {lost}"
        )
    );
    // A text that counts as empty is as an empty cell.
    let empty = profile(
        "item.name = { field = 'Item', empty = ['-'] }\n[items.repeated]\ncolumns = 'line_*_{n}'",
    );
    assert_eq!(csv(&empty, columns, "A,EUR,-,"), "row A: ");
}

#[test]
fn group_has_one_of_several_fields() {
    let rules = profile(
        "item.name = { field = ['Name', 'Title'] }\n[items.repeated]\ncolumns = 'Item {n} *'",
    );
    let found = csv(&rules, "id,Item 1 Name,Item 2 Title", "A,Mug,Jug");
    assert_eq!(found, "row A:  | item@3 item.name=Mug@3 | item@7 item.name=Jug@7");
    let error = bind_error(&rules, "id,Item 1 Name,Item 2 Size");
    assert!(error.contains("there is no column \"Item 2 Name\""), "{error}");
}

#[test]
fn column_that_no_rule_reads_may_fill_a_group() {
    let (rules, columns) = (profile(RULES), format!("{COLUMNS},Item 1 Note"));
    let (rows, warnings) = records(&rules, &columns, &["A,EUR,,,,,,text"]);
    let [problem] = rows[0].row.problems.as_slice() else { panic!("{columns}") };
    assert_eq!(problem.code.as_str(), "item_empty");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].message.starts_with("\"Item 1 Note\" is unknown"), "{warnings:?}");
}

#[test]
fn groups_must_be_whole_and_certain() {
    let rules = profile(RULES);
    insta::assert_snapshot!(bind_error(&rules, "id,currency,Name"), @r#"test:8:11: items.repeated: there is no column "Item {n} *" in the export; orders.csv has "id", "currency", "Name""#);
    insta::assert_snapshot!(bind_error(&rules, "id,currency,Item 1 Nmae,Item 1 Qty"), @r#"test:8:11: items.repeated: there is no column "Item 1 Name" in the export; orders.csv has "Item 1 Nmae", its 3rd column of 4"#);
    insta::assert_snapshot!(bind_error(&rules, "id,currency,Item 1 Name,Item 2 Qty"), @r#"test:8:11: items.repeated: there is no column "Item 2 Name" in the export; orders.csv has "Item 1 Name", its 3rd column of 4"#);
    insta::assert_snapshot!(bind_error(&rules, "id,currency,Item 1 Name,Item 01 Name"), @r#"
    orders.csv:1:13: column "Item 1 Name" occurs twice; the profile needs exactly one for the items; it is at orders.csv:1:25 too
      hint: remove or rename one in the export; which one is meant is not guessed
    "#);
    insta::assert_snapshot!(bind_error(&rules, "id,currency,Item 1 Name,Item 1 Name"), @r#"
    orders.csv:1:13: column "Item 1 Name" occurs twice; the profile needs exactly one for the items; it is at orders.csv:1:25 too
      hint: remove or rename one in the export; which one is meant is not guessed
    "#);
    let error = FileMapper::bind(&rules, None, "orders.ndjson").err().unwrap().to_string();
    assert!(error.contains("the profile has no path for the items"), "{error}");
}

/// The items of such a group would be lost.
#[test]
fn misspelt_group_is_refused() {
    let rules = profile(RULES);
    let error = |columns: &str| bind_error(&rules, &format!("id,currency,Item 1 Name,{columns}"));
    insta::assert_snapshot!(error("Item 1 Qty,item 2 Name,item 2 Qty"), @r#"
    test:8:11: items.repeated: there is no column "Item 2 Name" in the export; orders.csv has "item 2 Name", its 5th column of 6
      test:8:11: items.repeated: there is no column "Item 2 Qty" in the export; orders.csv has "item 2 Qty", its 6th column of 6
    "#);
    insta::assert_snapshot!(error("Item 1 Qty,Itme 02 Name"), @r#"test:8:11: items.repeated: there is no column "Item 02 Name" in the export; orders.csv has "Itme 02 Name", its 5th column of 5"#);
    insta::assert_snapshot!(error("Item 1 Qty,Item 2 Name,Item 2 Qy"), @r#"test:8:11: items.repeated: there is no column "Item 2 Qty" in the export; orders.csv has "Item 2 Qy", its 6th column of 6"#);
    assert!(
        csv(&rules, &format!("{COLUMNS},Item 3 Note,Size 2"), "A,EUR,,,,Mug,,,").contains("Mug")
    );
}

#[test]
fn half_groups_are_refused() {
    insta::assert_snapshot!(errors("[items.repeated]\ncolumns = 'Item *'\n[item]\nname = { field = 'a' }"), @r#"test:4:11: items.repeated.columns: "columns" is "Item *"; expected {n} once for the number of an item and * once for the name of a field, such as "Item {n} *""#);
    insta::assert_snapshot!(errors("[items.repeated]\ncolumns = 'Item {n} *'\n[item]\nname = { part = 1 }"), @r#"test:6:17: item.name.part: "part" is for items in one cell; expected field = "…""#);
    insta::assert_snapshot!(errors("[items.repeated]\ncolumns = 'Item {n} *'\n[item]\nname = { column = 'a' }"), @r#"test:3:8: items.repeated: no rule of [item] reads a field of the items; expected for example name = { field = "Name" }"#);
    insta::assert_snapshot!(errors("[items]\nrepeated = { columns = 'Item {n} *' }\npacked = { column = 'a', separator = ';' }\n[item]\nname = { field = 'a' }"), @r#"
    test:3:2: items: "items" has packed and repeated; expected one of them
      test:7:1: item.name: items.packed.fields is not set, so each item is one field; expected part = 1
    "#);
    let join = "[[join]]\nas = 'c'\non = [{ column = 'id', to = 'k' }]\n";
    insta::assert_snapshot!(errors(&format!("[items.repeated]\ncolumns = 'c.I{{n}} *'\n[item]\nname = {{ field = 'a' }}\n{join}")), @r#"test:4:11: items.repeated.columns: "columns" is "c.I{n} *", of the join "c"; expected columns of the export: in a joined file each item is a row (items = true), or all are a list in a cell ([items.packed])"#);
}

#[test]
fn conditions_test_the_columns_of_a_group() {
    let with = |optional: &str| {
        profile(&format!("item_rows = {{ field = 'Kind', is = 'goods'{optional} }}\n{RULES}"))
    };
    let columns = "id,currency,Item 1 Name,Item 1 Kind,Item 2 Name,Item 2 Kind";
    let found = csv(&with(""), columns, "A,EUR,Mug,goods,VAT,tax");
    assert_eq!(found, "row A:  | item@7 item.currencyCode=EUR@3 item.name=Mug@7 item.quantity~1@7");
    let lacking = "id,currency,Item 1 Name,Item 1 Kind,Item 2 Name";
    assert!(bind_error(&with(""), lacking).contains("no column \"Item 2 Kind\""));
    let found = csv(&with(", optional = true"), lacking, "A,EUR,Mug,goods,VAT");
    assert_eq!(found.matches("item.name").count(), 1, "{found}");
}
