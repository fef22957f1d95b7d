//! Unit tests of tables of values, of texts that are cut, and of equal columns.

use serde_json::json;

use super::{
    bind_error,
    rows::{csv, ndjson, profile},
};
use crate::map::{NamedText, ParsedProfile, ProfileTexts, profile::Profile};

fn errors_of(rules: &str) -> String {
    let text = format!("name = 'p'\norder.referenceId = {{ column = 'id' }}\n{rules}");
    Profile::parse("p", &text).unwrap_err().to_string()
}

#[test]
fn constants_have_the_type_of_their_attribute() {
    insta::assert_snapshot!(errors_of("\
order.ext.a = { column = 'a', type = 'boolean', values = { ja = 'yes', nein = 'FALSE', weg = '' } }
order.ext.b = { column = 'a', type = 'integer', values = { x = '1' }, other = 'keep', default = '0.5' }
item.ext.c = { value = '1,5', type = 'float' }
item.ext.d = { columns = ['a', 'b'], type = 'boolean', table = [['x', '*', 'ja']] }
"), @r#"
    p:3:49: order.ext.a.values: "values" has "yes", which is no boolean; expected true or false
      p:4:97: order.ext.b.default: "default" has "0.5", which is no integer; expected a whole number
      p:5:24: item.ext.c.value: "value" has "1,5", which is no float; expected a number such as 12.50
      p:6:64: item.ext.d.table: "table" has "ja", which is no boolean; expected true or false
    "#);
}

#[test]
fn case_is_ignored_on_request() {
    let table = |keys: &str| {
        let rules = profile(&format!(
            "order.status = {{ column = 's', path = 's', values = {{ Paid = 'PURCHASED', 'VOID É' = {{ skip = 'void' }} }} {keys} }}"
        ));
        move |cell: &str| {
            let from_csv = csv(&rules, "id,s", &format!("A,{cell}"));
            assert_eq!(ndjson(&rules, json!({"id": "A", "s": cell})), from_csv);
            from_csv
        }
    };
    let exact = table("");
    assert_eq!(exact("Paid"), "row A: status=PURCHASED@3");
    assert!(exact("PAID").contains("value_not_in_table"));
    let any_case = table(", ignore_case = true");
    assert_eq!(any_case("pAID"), "row A: status=PURCHASED@3");
    assert!(any_case("void é").ends_with("skip void"));
    assert!(any_case("piad").contains("did you mean \"paid\"?"));
}

#[test]
fn unlisted_texts_are_kept_on_request() {
    let kept = "values = { x = '1', none = { skip = 'none' } }, other = 'keep'";
    let rules = profile(&format!(
        "order.ext.e = {{ column = 'e', {kept}, type = 'string' }}\n\
         order.orderedAt = {{ column = 'at', {kept}, date = '%d.%m.%Y', zone = 'UTC' }}\n\
         order.price = {{ column = 'p', {kept}, decimal = ',', strip_suffix = ' EUR' }}\n\
         guest.phone = {{ column = 'tel', {kept}, kind = 'phone', country = 'GB' }}"
    ));
    let of = |line: &str| csv(&rules, "id,e,at,p,tel", line);
    assert_eq!(of("A,Keep me,,,"), "row A: ext.e:string=Keep me@3");
    assert_eq!(of("A,x,,,"), "row A: ext.e:string=1@3");
    assert_eq!(of("A,none,,,"), "row A: ext.e:string!none@3 | skip none");
    // A kept text goes on to the next steps.
    assert_eq!(of("A,,24.12.2025,,"), "row A: orderedAt=2025-12-24T00:00:00.000Z@4");
    assert!(of("A,,,5;50 EUR,").contains("number_unreadable"));
    assert_eq!(of("A,,,x EUR,"), "row A: price=1@5");
    assert_eq!(of("A,,,,020 7946 0958"), "row A: guest.phone=+442079460958@6");
    let json = profile(&format!("order.price = {{ path = 'p', {kept} }}"));
    assert_eq!(ndjson(&json, json!({"id": "A", "p": "#12.50"})), "row A: price=12.50@3");
}

#[test]
fn half_tables_are_refused() {
    insta::assert_snapshot!(errors_of("
order.status = { column = 's', ignore_case = true }
order.paymentType = { column = 's', other = 'keep' }
order.ext.a = { column = 's', values = { a = 'x', A = 'y' }, ignore_case = true }
"), @r#"
    p:4:7: order.status: "status" has ignore_case, but no values
      p:5:7: order.paymentType: "paymentType" has other, but no values
      p:6:31: order.ext.a.values: "values" has "a" twice, since ignore_case is set
    "#);
}

/// The orders that they leave out were sent.
#[test]
fn texts_that_no_cell_has_are_refused() {
    let error =
        |rule: &str| errors_of(&format!("nulls = ['-', 'N/A']\norder.status = {{ {rule} }}"));
    let empty = "it counts as empty (nulls, empty); expected default for such cells";
    for (rule, text, why) in [
        ("column = 's', values = { paid = 'PURCHASED', '-' = { skip = 'x' } }", "-", empty),
        ("column = 's', values = { paid = 'PURCHASED', '' = { skip = 'x' } }", "", empty),
        ("columns = ['s', 't'], table = [['a', '-', 'PURCHASED']]", "-", empty),
        ("column = 's', empty = ['0'], values = { 0 = 'x' }", "0", empty),
        (
            "column = 's', lower = true, values = { Paid = 'x' }",
            "Paid",
            "texts are as \"paid\" after lower",
        ),
        (
            "columns = ['s', 't'], upper = true, table = [['A', 'b', 'x']]",
            "b",
            "texts are as \"B\" after upper",
        ),
        (
            "column = 's', strip_prefix = 'wc-', values = { wc-paid = 'x' }",
            "wc-paid",
            "\"wc-\" is stripped",
        ),
        (
            "column = 's', split = '/', part = 2, values = { 'a/b' = 'x' }",
            "a/b",
            "no part of a text has \"/\" after split",
        ),
        (
            "column = 's', pad_left = { length = 3, with = '0' }, values = { 01 = 'x' }",
            "01",
            "pad_left makes 3 characters of each text",
        ),
    ] {
        let found = error(rule);
        let place = match text {
            "" => "order.status.values".to_owned(),
            _ if rule.contains("table") => "order.status.table".to_owned(),
            text => format!("order.status, value of {text:?}"),
        };
        let expected = format!("{place}: {text:?} is a text that no value is: {why}");
        assert!(found.contains(&expected), "{rule}: {found}");
    }
    for fits in [
        "column = 's', values = { '-' = '', '' = '' }",
        "column = 's', values = { 'n/a' = 'x' }",
        // `N/A` is no value, `n/a` is one.
        "column = 's', values = { 'N/A' = 'x', 'n/a ?' = 'y' }, ignore_case = true",
        "columns = ['s', 't'], table = [['a', '', 'x'], ['*', '*', 'y']]",
        "column = 's', lower = true, ignore_case = true, values = { Paid = 'x' }",
        "column = 's', strip_prefix = '0', values = { 01 = 'x' }",
        "column = 's', split = ';', part = 1, decode = 'html', values = { 'a;b' = 'x' }",
        "column = 's', pad_left = { length = 3, with = '0' }, values = { 001 = 'x', 1234 = 'y' }",
    ] {
        profile(&format!("nulls = ['-', 'N/A']\norder.ext.s = {{ type = 'string', {fits} }}"));
    }
}

/// The second error was shown once the first one was mended.
#[test]
fn all_errors_of_a_rule_are_shown() {
    let price = "column = 'p', values = { '-' = '5' }, other = 'keep', split = '0', part = 1";
    insta::assert_snapshot!(errors_of(&format!("nulls = ['-']\norder.price = {{ {price} }}")), @r#"
    p:4:7: order.price: split = "0" would cut off the sign or digits of a number
      p:4:48: order.price, value of "-": "-" is a text that no value is: it counts as empty (nulls, empty); expected default for such cells, "" in a table of several columns, or a [[skip]] with empty = true
    "#);
}

/// The words of a table are checked before anything is read; `keep` is none of them.
#[test]
fn keep_is_no_word() {
    let rules =
        profile("order.status = { column = 's', values = { a = 'PURCHASED' }, other = 'keep' }");
    let words: Vec<_> = rules.unchanged_words().map(|word| word.text.as_str()).collect();
    assert_eq!(words, ["PURCHASED"]);
}

/// The number of words of the rule of a status that are checked, and of the errors of its profile.
fn words_of(rule: &str, skip: &str) -> (usize, usize) {
    let text =
        format!("name = 'p'\nkey = {{ column = 'id' }}\norder.status = {{ {rule} }}\n{skip}");
    let text = NamedText { name: "p".into(), id: "p".into(), text, is_built_in: false };
    let texts = ProfileTexts::new(text, |name, _| Err(name.to_owned()));
    let ParsedProfile { profile, errors, .. } = Profile::compile_with_errors(texts, &[]);
    (profile.unwrap().unchanged_words().count(), errors.len())
}

/// The cell before it was once taken for the word.
#[test]
fn open_question_is_the_value_of_its_row() {
    let table = |rows: &str| words_of(&format!("columns = ['s', 't'], table = [{rows}]"), "");
    assert_eq!(table("['x', 'y', 'a'], ['*', '*', 'b']"), (2, 0));
    assert_eq!(table("['x', 'y', '?'], ['*', '*', 'b']"), (1, 1));
    assert_eq!(table("['x', 'y', 'a'], ['*', '*', '?']"), (1, 1));
    assert_eq!(table("['x', 'y', { skip = '?' }], ['*', '*', 'b']"), (1, 1));
}

/// No order may take it, and with a wrong condition it is not known which ones may.
#[test]
fn word_of_a_conditional_rule_is_not_checked() {
    let words = |rule: &str| words_of(rule, "");
    assert_eq!(words("value = 'X'"), (1, 0));
    assert_eq!(words("value = 'X', kind = 3"), (1, 1));
    // It means `when`.
    assert_eq!(words("value = 'X', wen = 3"), (0, 1));
    for when in ["{ column = 'a', is = 'b' }", "{ column = 'a', iz = 'b' }", "3"] {
        assert_eq!(words(&format!("value = 'X', when = {when}")).0, 0, "{when}");
    }
    assert_eq!(words("value = 'X', kind = 3, when = { column = 'a', is = 'b' }"), (0, 1));
    let beside =
        |skip: &str| words_of("column = 's', values = { a = 'X' }", &format!("[[skip]]\n{skip}"));
    let when = "when = { column = 't', is = 'b' }";
    assert_eq!(beside(&format!("reason = ''\n{when}")), (1, 1));
    for wrong in ["reason = 3", "scope = 'r'\nreason = 'r'", "reson = 'r'"] {
        assert_eq!(beside(&format!("{wrong}\n{when}")), (0, 1), "{wrong}");
    }
    assert_eq!(beside("reason = ''\nwhen = { column = 's', is = 'a' }"), (0, 1));
    // Of a wrong rule it is not known which column it reads.
    let rule = "colum = 's', values = { a = 'X', b = 'Y' }";
    assert_eq!(words_of(rule, &format!("[[skip]]\nreason = 'r'\n{when}")), (1, 1));
    assert_eq!(words_of(rule, &format!("[[skip]]\nreason = 3\n{when}")), (0, 2));
    let of_items = "item_rows = { column = 't', is = 'b' }\nitem.name = { column = 'n' }";
    assert_eq!(words_of(rule, of_items), (2, 1));
}

#[test]
fn long_texts_are_cut_with_a_warning() {
    let rules = profile("item.name = { column = 'n', path = 'n', max_length = 5 }");
    let of = |cell: &str| csv(&rules, "id,n", &format!("A,{cell}"));
    assert_eq!(of("Jug"), "row A:  | item@- item.name=Jug@3");
    assert_eq!(of("Jüg🫖x"), "row A:  | item@- item.name=Jüg🫖x@3");
    let cut = "text_shortened item.name@3 6 characters, cut to 5";
    assert_eq!(of("Jüg🫖xy"), format!("row A:  | item@- item.name=Jüg🫖x@3 | {cut}"));
    assert!(ndjson(&rules, json!({"id": "A", "n": "Jug 1 2"})).contains("item.name=Jug 1@"));
    // No blank at the end.
    assert!(of("Mugs 17").contains("item.name=Mugs@3"));
    let joined = profile("item.name = { concat = ['n', 'm'], separator = ' ', max_length = 5 }");
    assert!(csv(&joined, "id,n,m", "A,Acme,Mug").contains("item.name=Acme@3"));
    let document = json!({"id": "A", "n": "Ac", "m": "Mug"});
    assert!(ndjson(&joined, document).contains("item.name=Ac Mu@"));
    let table = profile("item.name = { column = 'n', values = { a = 'Teapot' }, max_length = 3 }");
    assert!(csv(&table, "id,n", "A,a").contains("item.name=Tea@3"));
    insta::assert_snapshot!(errors_of("
key = { column = 'id', max_length = 9 }
order.price = { column = 's', max_length = 9 }
order.ext.a = { column = 's', max_length = 0 }
order.ext.b = { column = 's', max_length = 3, type = 'integer' }
item.name = { value = 'x', max_length = 3 }
guest.id.crm = { column = 's', max_length = 9 }
"), @r#"
    p:4:1: key: "key" has max_length, but a part of a number, a date or an identifier is another one
      p:5:7: order.price: "price" has max_length, but a part of a number, a date or an identifier is another one
      p:6:44: order.ext.a.max_length: "max_length" is 0; expected at least 1 character
      p:7:11: order.ext.b: "b" has max_length, but a part of a number, a date or an identifier is another one
      p:8:6: item.name: "name" has max_length, but no column or path
      p:9:10: guest.id.crm: "crm" has max_length, but a part of a number, a date or an identifier is another one
    "#);
}

#[test]
fn one_of_equal_columns_is_chosen() {
    let rules = profile(
        "item.name = { column = 'Name', nth = 2 }\nguest.lastname = { column = 'Name', nth = 1 }\n\
         guest.city = { column = 'City', nth = 1 }",
    );
    assert_eq!(
        csv(&rules, "id,Name,City,Name", "A,Ann,Cork,Mug"),
        "row A: guest.lastname=Ann@3 guest.city=Cork@7 | item@- item.name=Mug@12"
    );
    insta::assert_snapshot!(bind_error(&rules, "id,Name,City"), @r#"orders.csv:1:4: column "Name" occurs once; the profile needs number 2 for item.name"#);
    let unchosen = profile("item.name = { column = 'Name' }");
    insta::assert_snapshot!(bind_error(&unchosen, "id,Name,Name"), @r#"
    orders.csv:1:4: column "Name" occurs twice; the profile needs exactly one for item.name; it is at orders.csv:1:9 too
      hint: nth = 1 in its rule takes the first one; which one is meant is not guessed
    "#);
    insta::assert_snapshot!(errors_of("
order.ext.a = { column = 's', nth = 0 }
order.ext.b = { column = ['s', 't'], nth = 2 }
order.ext.c = { path = 's', nth = 2 }
order.ext.'*' = { column = 'ext.*', nth = 2 }
"), @r#"
    p:4:37: order.ext.a.nth: "nth" is 0; expected 1 for the first column of the name
      p:5:44: order.ext.b.nth: "nth" is for one column, which the rule has to name
      p:6:35: order.ext.c.nth: "nth" is for one column, which the rule has to name
      p:7:43: order.ext.*.nth: "nth" is for one column, which the rule has to name
    "#);
}
