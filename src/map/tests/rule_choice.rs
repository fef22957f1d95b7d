//! Tests of rules that count only where a condition holds, and of lists of rules.

use std::sync::Arc;

use serde_json::json;

use super::rows::{
    bind, bind_error, csv, documents, errors, header, mapped, ndjson, profile, record, row,
    unreadable,
};
use crate::map::{CellOwner, profile::Profile, trace};
use crate::model::{
    field::Field,
    record::{Header, Record},
    row::RowContent,
};

#[test]
fn rule_counts_where_its_condition_holds() {
    let rules = profile(
        "order.price = { column = 'total', path = 'total', \
           when = { column = 'kind', path = 'kind', is = ['Sale', 'Gift'] } }\n\
         order.ext.net = { sum = ['total', 'tax'], type = 'float', \
           when = { not = { column = 'kind', path = 'kind', is = 'Refund' } } }\n\
         item.name = { column = 'name', path = 'name', \
           when = { column = 'kind', path = 'kind', empty = false } }\n\
         guest.phone = { column = 'phone', path = 'phone', \
           when = { column = 'mail', path = 'mail', empty = true } }\n\
         guest.id.crm = { column = 'crm', path = 'crm', \
           when = { all = [{ column = 'total', path = 'total', greater = 5 }] } }",
    );
    let of = |line: &str| csv(&rules, "id,kind,total,tax,name,phone,mail,crm", line);
    assert_eq!(
        of("A,Sale,10,1,Tee,1,,7"),
        "row A: price=10@8 ext.net:float=11@8 guest.phone=1@17 guest.id.crm=7@20 \
         | item@- item.name=Tee@13"
    );
    assert_eq!(of("A,Refund,3,1,Tee,1,x,7"), "row A:  | item@- item.name=Tee@14");
    assert_eq!(of("A,,3,1,Tee,1,x,7"), "row A: ext.net:float=4@4");
    let value = json!({"crm": 7, "id": "A", "kind": "Sale", "mail": "x", "name": "Tee",
        "phone": "1", "tax": 1, "total": 10});
    assert_eq!(
        ndjson(&rules, value),
        "row A: price=10@9 ext.net:float=11@9 guest.id.crm=7@2 | item@1 item.name=Tee@6"
    );
}

/// The default is the last step, so it counts where the condition left the value out.
#[test]
fn default_counts_where_the_condition_does_not_hold() {
    let rules = profile(
        "order.status = { column = 'status', default = 'PURCHASED', \
           when = { column = 'kind', is = 'Sale' } }\n\
         order.paymentType = { value = 'Card', when = { column = 'kind', is = 'Sale' } }",
    );
    let of = |line: &str| csv(&rules, "id,kind,status", line);
    assert_eq!(of("A,Sale,X"), "row A: status=X@8 paymentType=Card@-");
    assert_eq!(of("A,Sale,"), "row A: status~PURCHASED@- paymentType=Card@-");
    assert_eq!(of("A,Refund,X"), "row A: status~PURCHASED@-");
}

#[test]
fn wildcard_counts_where_its_condition_holds() {
    let rules = profile(
        "order.ext.'*' = { column = 'ext.*', path = 'ext', \
           when = { column = 'kind', path = 'kind', is = 'Sale' } }",
    );
    let of = |line: &str| csv(&rules, "id,kind,ext.a", line);
    assert_eq!((of("A,Sale,1"), of("A,x,1")), ("row A: ext.a:string=1@8".into(), "row A: ".into()));
    let of = |kind: &str| ndjson(&rules, json!({"ext": {"a": "1"}, "id": "A", "kind": kind}));
    assert_eq!((of("Sale"), of("x")), ("row A: ext.a:string=1@3".into(), "row A: ".into()));
}

#[test]
fn number_of_a_condition_is_read_by_the_rule_of_its_cell() {
    let rules = profile(
        "order.price = { column = 'total', negative = 'trailing_minus' }\n\
         order.ext.off = { column = 'note', when = { column = 'total', less = 0 } }",
    );
    let of = |line: &str| csv(&rules, "id,note,total", line);
    assert_eq!(of("A,x,9-"), "row A: price=-9@5 ext.off:string=x@3");
    assert_eq!(of("A,x,9"), "row A: price=9@5");
}

#[test]
fn untestable_condition_is_a_problem() {
    let rules = profile("order.price = { column = 'total', when = { column = 'tax', less = 1 } }");
    assert_eq!(
        csv(&rules, "id,total,tax", "A,1,none"),
        "row A: price!@- | condition_unreadable -@5 the value is not a number, which a condition of \
         the profile compares with one"
    );
}

/// Rows of an order omit what repeats the previous row, unless another rule counts.
#[test]
fn repeated_cells_are_mapped_if_the_condition_differs() {
    let rules = profile("order.price = { column = 'total', when = { column = 'kind', is = 'b' } }");
    let mapper = bind(&rules, Some("id,total,kind"));
    let row = |line, text| row(line, RowContent::Record(record(text)));
    let (first, second, third) = (row(2, "A,5,a"), row(3, "A,5,b"), row(4, "A,5,b"));
    let n_cells = |row, previous| mapped(mapper, row, previous).cells.len();
    assert_eq!(n_cells(first, None), 1);
    assert_eq!(n_cells(second, Some(first)), 1, "the price");
    assert_eq!(n_cells(third, Some(second)), 0);
}

const LIST: &str = "order.price = [\
      { column = 'total', path = 'total', when = { column = 'kind', path = 'kind', is = 'Sale' } }, \
      { sum = ['net', 'tax'] }, \
      { column = 'paid', path = 'paid', default = '0' }]";

#[test]
fn first_rule_of_a_list_that_yields_a_value_counts() {
    let rules = profile(LIST);
    let of = |line: &str| csv(&rules, "id,kind,total,net,tax,paid", line);
    assert_eq!(of("A,Sale,9,1,1,8"), "row A: price=9@8");
    assert_eq!(of("A,Sale,,1,1,8"), "row A: price=2@9");
    assert_eq!(of("A,x,9,,,8"), "row A: price=8@9");
    assert_eq!(of("A,x,9,,,"), "row A: price~0@-");
    let invalid = of("A,x,9,one,,8");
    assert!(invalid.contains("number_unreadable price@7"), "{invalid}");
    let of = |value| ndjson(&rules, value);
    assert_eq!(of(json!({"id": "A", "kind": "Sale", "total": 9})), "row A: price=9@4");
    assert_eq!(of(json!({"id": "A", "net": 1, "tax": "0.5", "total": 9})), "row A: price=1.5@3");
}

#[test]
fn rule_of_a_list_may_lack_its_columns() {
    let rules = profile(
        "order.ext.a = [{ column = 'x', optional = true, when = { column = 'k', is = '1' } }, \
           { column = 'y' }]",
    );
    assert_eq!(csv(&rules, "id,y", "A,1"), "row A: ext.a:string=1@3");
    insta::assert_snapshot!(bind_error(&rules, "id,x,k"), @r#"test:3:97: order.ext.a: there is no column "y" in the export; orders.csv has "id", "x", "k""#);
    insta::assert_snapshot!(bind_error(&rules, "id,x,y"), @r#"test:3:67: order.ext.a.when: there is no column "k" in the export; orders.csv has "id", "x", "y""#);
}

#[test]
fn paths_of_conditions_begin_at_their_item() {
    let rules = profile(
        "items = 'lines'\nunknown_columns = 'warn'\n\
         item.name = [{ path = 'name', when = { path = 'kind', is = 'gift' } }, { path = 'sku' }]",
    );
    let value = json!({"id": "A", "kind": "gift", "lines": [{"kind": "gift", "name": "Tee"},
        {"name": "Mug", "sku": "m"}]});
    let (all, unknown) = documents(&rules, &[value]);
    let names: Vec<_> =
        all[0].row.items.iter().map(|item| item.cells[0].text.to_string()).collect();
    assert_eq!(names, ["Tee", "m"]);
    let unknown: Vec<_> = unknown.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(unknown, ["\"kind\" is unknown and ignored"]);
}

#[test]
fn trace_names_the_rule_that_counted() {
    let steps = |profile: &Profile, line: &str| {
        let columns = "id,kind,total,net,tax,paid";
        let header: &Arc<Header> = Box::leak(Box::new(header(columns)));
        let row = row(2, RowContent::Record(Record { header, ..record(line) }));
        let mapped = mapped(bind(profile, Some(columns)), row, None);
        trace(profile, CellOwner::Order, mapped.cells.get(&Field::Price).unwrap()).steps.join("; ")
    };
    let rules = profile(LIST);
    insta::assert_snapshot!(steps(&rules, "A,Sale,9,1,1,8"), @"rule 1: its condition holds");
    insta::assert_snapshot!(steps(&rules, "A,Sale,,1,1,8"), @"rule 1: total is empty; rule 2: counts; plus 1 (net); plus 1 (tax)");
    insta::assert_snapshot!(steps(&rules, "A,x,9,,,8"), @"rule 1: its condition does not hold; rule 2: net is empty; rule 3: counts");
    insta::assert_snapshot!(steps(&rules, "A,x,9,,,"), @"rule 1: its condition does not hold; rule 2: net is empty; rule 3: counts");
    let one = profile(
        "order.price = { column = 'total', default = '0', when = { column = 'kind', is = 'Sale' } }",
    );
    insta::assert_snapshot!(steps(&one, "A,Sale,9,,,"), @"its condition holds");
    insta::assert_snapshot!(steps(&one, "A,x,9,,,"), @"its condition does not hold");
    let constant =
        profile("order.price = { value = '1', when = { column = 'kind', is = 'Sale' } }");
    insta::assert_snapshot!(steps(&constant, "A,Sale,9,,,"), @"its condition holds");
    let (mapped, _) = documents(&rules, &[json!({"id": "A", "paid": 3})]);
    let cell = mapped[0].row.cells.get(&Field::Price).unwrap();
    insta::assert_snapshot!(trace(&rules, CellOwner::Order, cell).steps.join("; "), @"rule 1: its condition does not hold; rule 2: net is empty; rule 3: counts");
}

#[test]
fn errors_of_a_list_are_reported_at_once() {
    insta::assert_snapshot!(errors("\
order.price = [{ column = 'a', default = '0' }, { column = 'b', scale = 'x' }, { colum = 'c' }]
order.status = [{ value = 'X' }, { column = 'b', date = '%d' }, { column = 'c', when = { column = 'd' } }]
order.ext.a = []
order.ext.b = [{ column = 'a', type = 'float' }, { column = 'b', type = 'integer', disagree = 'last' }]
order.ext.'*' = [{ column = 'a*' }, { column = 'b*' }]
order.orderedAt = [{ column = 'a', date = ['%d/%m/%Y', '%m/%d/%Y'], zone = 'UTC' }, 3]
item.name = { column = 'a', disagree = 'first', when = { raw = true } }
guest.id.x = [{ column = 'a', kind = 'email' }, { column = 'b', kind = 'phone', country = 'GB' }]
key = { column = 'id', when = { column = 'a', is = 'b' } }
"), @r#"
    test:3:42: order.price[1].default: "default" is for the last rule of a list: those behind it would never count
      test:3:73: order.price[2].scale: expected a number of decimals, "currency" or { beside = "…", default = … }
      test:3:82: order.price[3]: unknown key "colum"; meant "column"?
      test:4:27: order.status[1].value: "value" is for the last rule of a list: those behind it would never count
      test:4:57: order.status[2].date: "date" has a date, but its field is not a timestamp
      test:4:81: order.status[3].when: "when" has no test; expected one of is, is_not, starts_with, ends_with, contains, list_contains, empty, exists, equals, less, greater
      test:5:15: order.ext.a: "a" is an empty list; expected rules
      test:6:73: order.ext.b[2].type: "type" is another one than that of an earlier rule; expected the same in all rules of a list
      test:6:95: order.ext.b[2].disagree: "disagree" is another one than that of an earlier rule; expected the same in all rules of a list
      test:7:11: order.ext.*: "*" is a wildcard and has a list; expected one rule
      test:8:20: order.orderedAt[1]: element 1 of "orderedAt" has dates that the format %d/%m/%Y and the format %m/%d/%Y read differently; expected one of them
      test:8:85: order.orderedAt: found the number 3; expected a rule: { column = "Total" }, { column = ["Total", "Sum"] } or { value = "EUR" }
      test:9:40: item.name.disagree: "disagree" is for fields of the order; each row is an item or a person of its own
      test:9:49: item.name.when: "when" has no test; expected one of is, is_not, starts_with, ends_with, contains, list_contains, empty, exists, equals, less, greater
      test:10:49: guest.id.x[2]: element 2 of "x" has identifiers of another kind than the first rule of the list
      test:11:24: key.when: "when" is not for the order key, which every row has
    "#);
}

#[test]
fn order_key_counts_for_every_row() {
    let with = |rule: &str| {
        let text = format!("name = 'x'\norder.referenceId = {rule}");
        Profile::parse("test", &text).map(drop).map_err(|error| error.to_string())
    };
    insta::assert_snapshot!(with("{ column = 'a', when = { column = 'b', is = 'c' } }").unwrap_err(), @"test:2:7: order.referenceId: the reference is the order key too, which every row has; expected one rule without when, or key");
    insta::assert_snapshot!(with("[{ column = 'a' }, { column = 'b' }]").unwrap_err(), @"test:2:7: order.referenceId: the reference is the order key too, which every row has; expected one rule without when, or key");
    assert_eq!(with("[{ column = 'a' }, { column = 'b' }]\nkey.column = 'c'"), Ok(()));
}

/// Such a rule would have no condition in the only format that it serves.
#[test]
fn condition_serves_the_format_of_its_rule() {
    let rules = "[order]
referenceId = { column = 'id', path = 'id' }
price = { column = 'p', when = { path = 'kind', is = 'a' } }
cardType = { path = 'c', when = { any = [{ column = 'k', is = 'a' }, { path = 'k', is = 'a' }] } }
paymentType = { column = 'c', when = { column = 'k', path = 'k', is = 'a' } }
ext.sum = { concat = ['a', 'b'], when = { column = 'k', is = 'a' } }";
    let error = Profile::parse("p.toml", &format!("name = 'x'\n{rules}")).unwrap_err();
    insta::assert_snapshot!(error, @r#"
    p.toml:4:25: order.price.when: "when" has a path only, but its rule a column only; expected a column
      p.toml:5:26: order.cardType.when: "when" has a column only, but its rule a path only; expected a path
    "#);
}

/// The row as it is in the file; one that repeats the cells of the previous one counts as well.
#[test]
fn condition_may_test_the_raw_row() {
    let rules = profile(
        "order.price = { column = 'total', path = 'total', disagree = 'last', \
           when = { raw = true, contains = 'final' } }\n\
         item.name = { column = 'name', path = 'name', when = { not = { raw = true, contains = 'draft' } } }",
    );
    assert_eq!(
        csv(&rules, "id,total,name,note", "A,10,Tee,final x"),
        "row A: price=10@3 | item@- item.name=Tee@6"
    );
    assert_eq!(csv(&rules, "id,total,name,note", "A,10,Tee,draft"), "row A: ");
    let document = json!({"id": "A", "name": "Tee", "state": "final", "total": 10});
    assert_eq!(ndjson(&rules, document), "row A: price=10@5 | item@1 item.name=Tee@3");
    // Only a column that no rule reads differs.
    let mapper = bind(&rules, Some("id,total,name,note"));
    let [first, second] =
        ["A,10,Tee,draft", "A,10,Tee,final"].map(|line| row(2, RowContent::Record(record(line))));
    assert_eq!(mapped(mapper, first, None).cells.len(), 1);
    let cells = mapped(mapper, second, Some(first)).cells;
    assert!(cells.get(&Field::Price).is_some());
}

#[test]
fn order_key_may_be_of_several_columns() {
    let rules = "name = 'x'\nkey = { concat = ['shop', 'no'], separator = '-' }\n\
                 order.referenceId = { column = 'no', path = 'no' }";
    let rules = Profile::parse("test", rules).unwrap();
    let of = |line: &str| csv(&rules, "shop,no", line);
    assert_eq!(of("A,1"), "row A-1: ");
    assert_eq!(of("A-1,2"), "row A\\-1-2: ");
    assert_eq!(of("A,1-2"), "row A-1\\-2: ");
    assert_eq!((of("A,").as_str(), of(",").as_str()), ("keyless: ", "blank: "));
    assert_eq!(ndjson(&rules, json!({"no": 1, "shop": "A"})), "row A-1: ");
    // With a cell too few or too many it is not known which cells they are.
    let salvaged = |line: &str| {
        let content = RowContent::Record(record(line));
        unreadable(&rules, Some("shop,no"), Some(content))
    };
    insta::assert_snapshot!(salvaged("A"), @"unreadable - damaged: ");
    insta::assert_snapshot!(salvaged("A,1,B"), @"unreadable - damaged: ");
    insta::assert_snapshot!(salvaged("A,1"), @"unreadable A-1 damaged: ");
    insta::assert_snapshot!(bind_error(&rules, "shop,nr"), @r#"test:2:27: key: there is no column "no" in the export; orders.csv has "shop", "nr"; also named at test:3:32"#);
    for key in [
        "{ concat = ['a', 'b'] }",
        "{ concat = ['a', 'b'], separator = '-', lenient = true }",
        "{ concat = ['a', 'b'], separator = '-', upper = true }",
        "{ columns = ['a', 'b'], table = [['x', '*', '1']] }",
    ] {
        let text = format!("name = 'x'\nkey = {key}\norder.referenceId.column = 'a'");
        let error = Profile::parse("test", &text).unwrap_err().to_string();
        assert!(error.starts_with("test:2:1: key: an order key of several columns"), "{error}");
    }
}

#[test]
fn list_of_conditions_is_one_error() {
    insta::assert_snapshot!(errors("\
item_rows = [{ column = 'a', is = 'b' }]
order.price = { column = 'a', when = [{ column = 'a', is = 'b' }, { column = 'c' }] }
skip = [{ reason = 'x', when = [] }, { reason = 'y', when = { not = [{ column = 'a' }] } }]
ignore_rows = [{ column = 'a', is = 'b' }, 'c']
"), @r#"
    test:3:1: item_rows: found a list; expected a condition: { column = "Kind", is = "Sale" }
      hint: several conditions are { all = [...] } or { any = [...] }
      test:4:31: order.price.when: found a list; expected a condition: { column = "Kind", is = "Sale" }
        hint: several conditions are { all = [...] } or { any = [...] }
      test:5:32: skip[1].when: found a list; expected a condition: { column = "Kind", is = "Sale" }
        hint: several conditions are { all = [...] } or { any = [...] }
      test:5:63: skip[2].when.not: found a list; expected a condition: { column = "Kind", is = "Sale" }
        hint: several conditions are { all = [...] } or { any = [...] }
      test:6:44: ignore_rows: found the text "c"; expected a condition: { column = "Kind", is = "Sale" }
        hint: several conditions are { all = [...] } or { any = [...] }
    "#);
}
