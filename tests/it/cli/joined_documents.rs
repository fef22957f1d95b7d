//! Tests of joins with JSON: documents of the export, and documents of the file that is joined.

use std::fs;

use super::{csv_dialects::outcomes, joins::refusal};
use crate::support::workspace::{RunResult, Workspace};

/// The keys of the topic of profiles that join documents.
const JOIN: &str = r#"[[join]]
as = "customer"
file = "customers.json"
profile = { documents = "customers[]" }
on = [{ path = "customerId", to = "id" }]

[guest]
email = { path = "customer.contact.email" }
"#;

/// The keys of the topic of profiles with items in an array of a joined file.
const LINES: &str = r#"[[join]]
as = "line"
file = "lines.json"
on = [{ path = "id", to = "orderId" }]
items = "orderItems[]"

[item]
name = { path = "line.name" }
quantity = { path = "line.quantity" }
price = { path = "line.price" }
"#;

/// A rule for each format.
const RULES: &str = r#"
[order]
referenceId = { column = "id", path = "id" }
orderedAt = { column = "at", path = "at" }
status = { value = "PURCHASED" }
currencyCode = { value = "EUR" }
price = { column = "total", path = "total" }
paymentType = { value = "other" }
"#;

const GUEST: &str = "[guest]\nemail.value = 'a@example.com'\n";

const DOCUMENTS: &str = "{\"id\":\"A\",\"customerId\":1,\"at\":\"2026-10-01T10:00:00Z\",\"total\":10.5}\n\
                         {\"id\":\"B\",\"customerId\":\"2\",\"at\":\"2026-10-01T10:00:00Z\",\"total\":20}\n";

const ROWS: &str = "id,customerId,at,total\n\
                    A,1,2026-10-01T10:00:00Z,10.5\n\
                    B,2,2026-10-01T10:00:00Z,20\n";

const CUSTOMERS: &str = "{\"customers\": [\n\
                         {\"id\": \"1\", \"contact\": {\"email\": \"ann@example.com\"}},\n\
                         {\"id\": 2, \"contact\": {\"email\": \"bob@example.com\"}}\n]}\n";

/// A JSON export as it is, and the same export as CSV, by a profile whose paths are columns.
const EXPORTS: [(&str, &str); 2] = [("orders.ndjson", DOCUMENTS), ("orders.csv", ROWS)];

fn profile_of(export: &str, keys: &str) -> String {
    let keys = match export {
        "orders.csv" => keys.replace("{ path = \"", "{ column = \""),
        _ => keys.to_owned(),
    };
    format!("name = \"shop\"\n{RULES}\n{keys}")
}

fn check(workspace: &Workspace, export: &str, keys: &str) -> RunResult {
    workspace.file("shop.toml", profile_of(export, keys));
    // Of an earlier check.
    _ = fs::remove_file(workspace.path("e.ndjson"));
    let options = "--profile shop.toml --pos x --max-invalid 100% --events e.ndjson";
    workspace.run(&format!("check {export} {options}"))
}

fn check_both(side: (&str, &str), keys: &str) -> [RunResult; 2] {
    EXPORTS.map(|(export, text)| {
        let workspace = Workspace::with(export, text);
        workspace.file(side.0, side.1);
        check(&workspace, export, keys)
    })
}

/// What becomes of both exports, which is the same.
fn outcomes_of(side: (&str, &str), keys: &str) -> String {
    let [of_documents, of_rows] = check_both(side, keys).map(|ran| outcomes(&ran));
    assert_eq!(of_documents, of_rows);
    of_documents
}

/// The events of both exports, which are the same, without what all of them have.
fn events_of(side: (&str, &str), keys: &str) -> String {
    let [of_documents, of_rows] = check_both(side, keys).map(|ran| {
        assert_eq!(ran.code, 0, "{}", ran.err);
        events(&ran)
    });
    assert_eq!(of_documents, of_rows);
    of_documents
}

fn events(ran: &RunResult) -> String {
    let events = fs::read_to_string(ran.path("../e.ndjson")).unwrap();
    let shown = |line: &str| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        match event.get("order") {
            Some(order) => {
                Some(format!("{} {} {}", order["referenceId"], order["price"], order["orderItems"]))
            }
            None => event.get("email").map(ToString::to_string),
        }
    };
    events.lines().filter_map(shown).collect::<Vec<_>>().join("\n")
}

#[test]
fn topic_has_the_tested_examples() {
    let topic = include_str!("../../../src/cli/help/profile.md");
    assert!(topic.contains(JOIN) && topic.contains(LINES));
}

#[test]
fn members_of_a_joined_document_are_read() {
    insta::assert_snapshot!(events_of(("customers.json", CUSTOMERS), JOIN), @r#"
    "ann@example.com"
    "A" 10.5 null
    "bob@example.com"
    "B" 20 null
    "#);
}

#[test]
fn lines_of_a_joined_file_are_documents() {
    let customers = "{\"id\":1,\"contact.email\":\"ann@example.com\"}\n\
                     {\"id\":2,\"contact\":{\"email\":\"bob@example.com\"}}\n";
    let join = JOIN.replace("profile = { documents = \"customers[]\" }\n", "");
    insta::assert_snapshot!(events_of(("customers.json", customers), &join), @r#"
    "ann@example.com"
    "A" 10.5 null
    "bob@example.com"
    "B" 20 null
    "#);
}

#[test]
fn columns_of_a_joined_file_are_read_by_paths() {
    let customers = "id,contact.email\n1,ann@example.com\n2,bob@example.com\n";
    let join = JOIN.replace("json", "csv").replace("{ documents = \"customers[]\" }", "{}");
    insta::assert_snapshot!(events_of(("customers.csv", customers), &join), @r#"
    "ann@example.com"
    "A" 10.5 null
    "bob@example.com"
    "B" 20 null
    "#);
}

/// All orders would go without their items.
#[test]
fn misspelt_array_of_items_is_refused() {
    let lines =
        "{\"orderId\":\"A\",\"orderItem\":[{\"name\":\"Mug\",\"quantity\":1,\"price\":4}]}\n";
    let optional = LINES.replace("\" }\n", "\", optional = true }\n");
    let keys = format!("{optional}{GUEST}");
    for ran in check_both(("lines.json", lines), &keys) {
        insta::allow_duplicates! { insta::assert_snapshot!(refusal(&ran), @r#"
        error[profile]: no document of lines.json has "orderItems"
          --> shop.toml:15:9  join.items
           |
        15 | items = "orderItems[]"
           |         ^^^^^^^^^^^^^^
           |
           = lines.json has "orderItem"
        "#); }
    }
    let without = lines.replace("\"orderItem\":[{", "\"x\":[{");
    let allowed = format!("missing_columns = \"allow\"\n{keys}");
    let [refused, taken] =
        [keys, allowed].map(|keys| check_both(("lines.json", &without), &keys).map(|ran| ran.err));
    assert!(refused.iter().all(|err| err.contains("has \"orderItems\"")), "{refused:?}");
    assert!(!taken.iter().any(|err| err.contains("orderItems")), "{taken:?}");
}

#[test]
fn key_without_a_match_or_with_several_is_invalid() {
    let without = CUSTOMERS.replace("\"id\": 2", "\"id\": 3");
    insta::assert_snapshot!(outcomes_of(("customers.json", &without), JOIN), @r#"
    A valid
    B invalid no document of customers.json has id "2"
    "#);
    let on_one_line = "{\"customers\": [{\"id\": 1}, {\"id\": 1, \"contact\": {\"email\": \"\"}}]}";
    let found = outcomes_of(("customers.json", on_one_line), JOIN);
    assert!(found.contains("several documents, both in customers.json:1, have id"), "{found}");
    let twice = CUSTOMERS.replace("\"id\": 2", "\"id\": 1");
    insta::assert_snapshot!(outcomes_of(("customers.json", &twice), JOIN), @r#"
    A invalid several documents, customers.json:2 and customers.json:3, have id "1"; expected one, or many = "first" in the join
    B invalid no document of customers.json has id "2"
    "#);
}

#[test]
fn problem_of_a_member_names_its_place() {
    let customers = CUSTOMERS.replace("bob@", "bob");
    let rans = check_both(("customers.json", &customers), JOIN);
    let problems = rans.map(|ran| ran.results()[1]["problems"].to_string());
    insta::assert_snapshot!(problems.join("\n"), @r#"
    [{"code":"email_implausible","column":32,"column_name":"customer.contact.email","field":"guest.email","file":"customers.json","line":3,"message":"\"b***\" has no @","severity":"error"}]
    [{"code":"email_implausible","column":32,"column_name":"customer.contact.email","field":"guest.email","file":"customers.json","line":3,"message":"\"b***\" has no @","severity":"error"}]
    "#);
}

#[test]
fn member_that_is_no_single_value_is_a_problem() {
    for (value, end) in [("[\"b@example.com\"]", "array"), ("{\"a\": 1}", "object")] {
        let customers = CUSTOMERS.replace("\"bob@example.com\"", value);
        let found = outcomes_of(("customers.json", &customers), JOIN);
        assert!(found.ends_with(&format!("an {end} where a single value is expected")), "{found}");
    }
    for value in ["[{\"email\": \"b@example.com\"}]", "\"b@example.com\""] {
        let customers = CUSTOMERS.replace("{\"email\": \"bob@example.com\"}", value);
        let found = outcomes_of(("customers.json", &customers), JOIN);
        assert!(found.contains("B invalid"), "{found}");
    }
}

/// As in the documents of the export.
#[test]
fn empty_text_in_the_place_of_a_joined_object_is_nothing() {
    let customers = CUSTOMERS.replace("{\"email\": \"bob@example.com\"}", "\"N/A\"");
    let skip = "[[skip]]\nreason = \"test\"\n\
                when = { path = \"customer.contact.kind\", is = \"test\", optional = true }\n\
                [guest.id]\nshop = { path = \"id\" }\n";
    let keys = format!("{JOIN}{skip}").replace("email = { ", "email = { empty = [\"N/A\"], ");
    insta::assert_snapshot!(outcomes_of(("customers.json", &customers), &keys), @r#"
    A valid
    B invalid the value is a single value, and a condition of the profile tests a member of it
    "#);
    let found = EXPORTS.map(|(export, text)| {
        let workspace = Workspace::with(export, text);
        workspace.file("customers.json", &customers);
        let profile = profile_of(export, &format!("{JOIN}{skip}"));
        workspace.file("shop.toml", profile.replacen('\n', "\nnulls = [\"N/A\"]\n", 1));
        outcomes(&workspace.run(&format!("check {export} --profile shop.toml --pos x")))
    });
    assert_eq!(found, ["A valid\nB valid"; 2]);
}

/// It would be hidden by the file of the join.
#[test]
fn member_with_the_name_of_a_join_is_refused() {
    let documents = DOCUMENTS.replace("\"total\"", "\"customer\":{\"vip\":true},\"total\"");
    let flat = DOCUMENTS.replace("\"total\"", "\"customer.vip\":true,\"total\"");
    for documents in [documents, flat] {
        let workspace = Workspace::with("orders.ndjson", documents);
        workspace.file("customers.json", CUSTOMERS);
        insta::allow_duplicates! {
            insta::assert_snapshot!(refusal(&check(&workspace, "orders.ndjson", JOIN)), @r#"
            error[profile]: "customer" is a member of the documents and the name of a join
             --> orders.ndjson
             |
             = a path such as "customer.id" may mean either
             = hint: give the join another name: as = "customer_file"
            "#);
        }
    }
    let lines = "\"lines\":[{\"customer\":{\"no\":1},\"price\":10.5}],\"total\"";
    let workspace = Workspace::with("orders.ndjson", DOCUMENTS.replace("\"total\"", lines));
    workspace.file("customers.json", CUSTOMERS);
    let keys = format!("{JOIN}[items]\npath = \"lines\"\n[item]\nprice = {{ path = \"price\" }}\n");
    insta::assert_snapshot!(refusal(&check(&workspace, "orders.ndjson", &keys)), @r#"
    error[profile]: "lines.customer" is a member of the documents and the name of a join
     --> orders.ndjson
     |
     = a path such as "customer.id" may mean either
     = hint: give the join another name: as = "customer_file"
    "#);
    let scalar = DOCUMENTS.replace("\"total\"", "\"customer\":null,\"total\"");
    let workspace = Workspace::with("orders.ndjson", scalar);
    workspace.file("customers.json", CUSTOMERS);
    assert_eq!(check(&workspace, "orders.ndjson", JOIN).code, 0);
}

#[test]
fn key_is_a_single_value() {
    let (export, text) = ("orders.ndjson", DOCUMENTS.replace("\"2\"", "[\"2\"]"));
    let workspace = Workspace::with(export, &text);
    workspace.file("customers.json", CUSTOMERS);
    insta::assert_snapshot!(outcomes(&check(&workspace, export, JOIN)), @r#"
    A valid
    B invalid an array where a single value is expected, which is the key of the join "customer"
    "#);
    // A member below it was once no key, so that a condition on the customer did not hold.
    let below = JOIN.replace("customerId", "customerId.value");
    for (id, found) in [
        ("[{\"value\": 2}]", "a path that goes on within an array where a single value"),
        ("\"2\"", "a string where an object"),
    ] {
        let documents = DOCUMENTS.replace("\"customerId\":1", "\"customerId\":{\"value\":1}");
        let documents = documents.replace("\"customerId\":\"2\"", &format!("\"customerId\":{id}"));
        let workspace = Workspace::with(export, &documents);
        workspace.file("customers.json", CUSTOMERS);
        let expected = format!(
            "A valid\nB invalid {found} is expected, which is the key of the join \"customer\""
        );
        assert_eq!(outcomes(&check(&workspace, export, &below)).trim(), expected);
    }
    workspace.file("customers.json", CUSTOMERS.replace("\"id\": 2", "\"id\": [2]"));
    insta::assert_snapshot!(refusal(&check(&workspace, export, JOIN)), @"
    error: customers.json:3: the key of the join is not a single value; any order may need the row; nothing was sent
      hint: repair the row, or export the file anew
    ");
}

#[test]
fn key_that_no_document_has_is_an_error() {
    let workspace = Workspace::with("orders.ndjson", DOCUMENTS.replace("customerId", "customerNo"));
    workspace.file("customers.json", CUSTOMERS);
    insta::assert_snapshot!(refusal(&check(&workspace, "orders.ndjson", JOIN)), @r#"
    error[profile]: no document has "customerId"
      --> shop.toml:15:16  join.on
       |
    15 | on = [{ path = "customerId", to = "id" }]
       |                ^^^^^^^^^^^^ it is not in orders.ndjson
       |
       = hint: did you mean "customerNo"?
    "#);
}

#[test]
fn members_read_by_joins_are_known() {
    let workspace = Workspace::with("orders.ndjson", DOCUMENTS);
    workspace.file("customers.json", CUSTOMERS);
    let profile = profile_of("orders.ndjson", JOIN);
    workspace.file("shop.toml", profile.replacen('\n', "\nunknown_columns = 'warn'\n", 1));
    let ran = workspace.run("check orders.ndjson --profile shop.toml --pos x");
    assert_eq!(ran.summary()["problems"].as_array().unwrap().len(), 0, "{}", ran.err);
}

#[test]
fn explain_shows_the_value_of_a_member() {
    let lines = EXPORTS.map(|(export, text)| {
        let workspace = Workspace::with(export, text);
        let customers = CUSTOMERS.replace("ann@", "ANN@");
        let join = JOIN.replace("email\" }", "email\", kind = \"email\" }");
        workspace.file("customers.json", customers).file("shop.toml", profile_of(export, &join));
        let ran = workspace.run(&format!("check {export} --profile shop.toml --pos x --explain A"));
        ran.out.lines().find(|line| line.starts_with("guest ")).unwrap().to_owned()
    });
    insta::assert_snapshot!(lines.join("\n"), @r#"
    guest          email a***@e***.com  customer.contact.email customers.json:2,
    guest          email a***@e***.com  customer.contact.email customers.json:2,
    "#);
}

/// The steps of a rule's choice are those of an export that has the columns itself.
#[test]
fn explain_shows_each_rule_of_a_list() {
    let customers = "{\"id\": 1, \"kind\": \"b2b\", \"net\": 3, \"fee\": 1}\n\
                     {\"id\": 2, \"kind\": \"b2c\", \"gross\": 4, \"net\": 3}\n";
    let keys = "[[join]]\nas = 'c'\nfile = 'c.ndjson'\non = [{ path = \"customerId\", to = 'id' }]\n\
                [order.ext]\n\
                paid = [{ path = \"c.gross\", when = { path = \"c.kind\", is = 'b2c' }, type = 'float' }, \
                { path = \"c.net\", when = { path = \"c.kind\", is_not = 'b2b' }, type = 'float' }, \
                { path = \"c.net\", type = 'float' }]\n\
                all = { sum = ['c.net', 'c.fee', 'total'], type = 'float' }\n";
    let explained = |order: &str| {
        EXPORTS.map(|(export, text)| {
            let workspace = Workspace::with(export, text);
            let profile = profile_of(export, &format!("{keys}{GUEST}"));
            workspace.file("c.ndjson", customers).file("shop.toml", profile);
            let ran = workspace
                .run(&format!("check {export} --profile shop.toml --pos x --explain {order}"));
            words_between(&ran.out, "ext.all", "event.channel")
        })
    };
    for order in ["A", "B"] {
        let [of_documents, of_rows] = explained(order);
        assert_eq!(of_documents, of_rows);
    }
    insta::assert_snapshot!(["A", "B"].map(|order| explained(order)[0].clone()).join("\n"), @r#"
    ext.all 14.5 c.net, c.fee, total c.ndjson:1 plus 3 (c.net), plus 1 (c.fee), plus 10.5 (total), as float ext.paid 3 c.net c.ndjson:1 rule 1: its condition does not hold, rule 2: its condition does not hold, rule 3: counts, as float
    ext.all 23 c.net, total c.ndjson:2 plus 3 (c.net), plus 20 (total), as float ext.paid 4 c.gross c.ndjson:2 rule 1: its condition holds, as float
    "#);
}

/// The words of a text from the first of these on.
fn words_between(text: &str, from: &str, to: &str) -> String {
    let (_, behind) = text.split_once(from).unwrap();
    let (between, _) = behind.split_once(to).unwrap();
    format!("{from} {}", between.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn explain_shows_each_rule_of_an_item() {
    let lines = "{\"orderId\":\"A\",\"title\":\"Mug\",\"name\":\"M\",\"quantity\":1,\"price\":10.5}\n\
                 {\"orderId\":\"A\",\"name\":\"Jug\",\"quantity\":1,\"price\":10.5}\n\
                 {\"orderId\":\"B\",\"name\":\"Cup\",\"quantity\":1,\"price\":20}\n";
    let keys = LINES.replace("items = \"orderItems[]\"", "items = true");
    let keys = keys.replace(
        "{ path = \"line.name\" }",
        "[{ path = \"line.title\" }, { path = \"line.name\" }]",
    );
    let explained = EXPORTS.map(|(export, text)| {
        let workspace = Workspace::with(export, text);
        let profile = profile_of(export, &format!("{keys}{GUEST}"));
        workspace.file("lines.json", lines).file("shop.toml", profile);
        let ran = workspace.run(&format!("check {export} --profile shop.toml --pos x --explain A"));
        words_between(&ran.out, "item 1", "guest")
    });
    assert_eq!(explained[0], explained[1]);
    insta::assert_snapshot!(explained[0], @"item 1 - Mug 1 x 10.5 lines.json:1 name Mug line.title …es.json:1 rule 1: counts item 2 - Jug 1 x 10.5 lines.json:2 name Jug line.name …es.json:2 rule 1: line.title is empty, rule 2: counts adds up to 21.0, but the order says 10.5");
}

/// A member beside a number, which no rule names, is read of a joined document too.
#[test]
fn decimals_beside_a_joined_number_are_read() {
    let payments = "{\"order\":\"A\",\"pay\":{\"value\":1050,\"digits\":2}}\n\
                    {\"order\":\"B\",\"pay\":{\"value\":20000,\"digits\":3}}\n";
    let keys = "[[join]]\nas = 'p'\nfile = 'p.ndjson'\non = [{ path = \"id\", to = 'order' }]\n";
    let rules = RULES
        .replace("path = \"total\" }", "path = \"p.pay.value\", scale = { beside = \"digits\" } }");
    let workspace = Workspace::with("orders.ndjson", DOCUMENTS);
    workspace.file("p.ndjson", payments);
    workspace.file("shop.toml", format!("name = \"shop\"\n{rules}\n{keys}{GUEST}"));
    let ran = workspace.run("check orders.ndjson --profile shop.toml --pos x --events e.ndjson");
    assert_eq!(ran.code, 0, "{}", ran.err);
    insta::assert_snapshot!(events(&ran), @r#"
    "a@example.com"
    "A" 10.5 null
    "B" 20.0 null
    "#);
}

#[test]
fn empty_array_of_a_joined_document_is_empty() {
    let customers = "{\"id\": 1, \"tags\": []}\n{\"id\": 2, \"tags\": [\"b2b\"]}\n";
    let keys = "[[join]]\nas = 'c'\nfile = 'c.ndjson'\non = [{ path = \"customerId\", to = 'id' }]\n\
                [[skip]]\nreason = 'without tags'\nwhen = { path = \"c.tags\", empty = true }\n";
    insta::assert_snapshot!(outcomes_of(("c.ndjson", customers), &format!("{keys}{GUEST}")), @"
    A skipped
    B valid
    ");
}

/// The values of a joined file serve the order key and refunds as those of the export do.
#[test]
fn order_key_may_be_a_value_of_a_joined_file() {
    let numbers = "{\"id\": \"A\", \"no\": \"N1\"}\n{\"id\": \"B\", \"no\": \"N2\"}\n";
    let keys = "[[join]]\nas = 'n'\nfile = 'n.ndjson'\non = [{ path = \"id\", to = 'id' }]\n";
    let rules = RULES
        .replace("{ column = \"id\", path = \"id\" }", "{ column = \"n.no\", path = \"n.no\" }");
    let outcomes = EXPORTS.map(|(export, text)| {
        let workspace = Workspace::with(export, text);
        workspace.file("n.ndjson", numbers);
        let profile = profile_of(export, &format!("{keys}{GUEST}")).replace(RULES, &rules);
        workspace.file("shop.toml", profile);
        outcomes(&workspace.run(&format!("check {export} --profile shop.toml --pos x")))
    });
    assert_eq!(outcomes[0], outcomes[1]);
    insta::assert_snapshot!(outcomes[0], @"
    N1 valid
    N2 valid
    ");
}

#[test]
fn number_of_a_document_has_a_point() {
    let payments = "{\"order\":\"A\",\"value\":10.5}\n{\"order\":\"B\",\"value\":\"20,5\"}\n";
    let join = "[[join]]\nas = 'pay'\nfile = 'pay.json'\non = [{ path = \"id\", to = 'order' }]\n\
                [order.ext]\npaid = { path = \"pay.value\", type = 'float' }\n";
    let rules = RULES.replace("price = {", "price = { decimal = \".\",");
    let found = EXPORTS.map(|(export, text)| {
        let workspace = Workspace::with(export, text);
        workspace.file("pay.json", payments);
        let profile = profile_of(export, &format!("{join}{GUEST}")).replace(RULES, &rules);
        workspace.file("shop.toml", profile.replacen('\n', "\ndecimal = ','\n", 1));
        let options = "--profile shop.toml --pos x --events e.ndjson";
        let ran = workspace.run(&format!("check {export} {options}"));
        assert_eq!(ran.code, 0, "{}", ran.err);
        let events = fs::read_to_string(ran.path("../e.ndjson")).unwrap();
        ["\"paid\":10.5", "\"paid\":20.5"].map(|paid| events.contains(paid))
    });
    assert_eq!(found, [[true; 2]; 2]);
}

#[test]
fn numbers_of_documents_are_added_up_and_picked() {
    let payments = "{\"order\":\"A\",\"value\":10.5,\"no\":1}\n{\"order\":\"A\",\"value\":0,\"no\":2}\n\
                    {\"order\":\"B\",\"value\":19,\"no\":1}\n{\"order\":\"B\",\"value\":1.25,\"no\":10}\n";
    let join = "[[join]]\nas = 'pay'\nfile = 'pay.json'\non = [{ path = \"id\", to = 'order' }]\n\
                many = 'all'\n[order.ext]\npaid = { path = \"pay.value\", type = 'float' }\n";
    for (keys, expected) in [
        (join.replace("\"pay.value\"", "\"pay.value\", over_rows = 'add'"), ["10.5", "20.25"]),
        (join.replace("[order", "pick.largest = 'no'\n[order"), ["0.0", "1.25"]),
        (join.replace("[order", "pick.smallest = 'no'\n[order"), ["10.5", "19.0"]),
    ] {
        for ran in check_both(("pay.json", payments), &format!("{keys}{GUEST}")) {
            assert_eq!(ran.code, 0, "{}", ran.err);
            let events = fs::read_to_string(ran.path("../e.ndjson")).unwrap();
            let has = |paid: &&str| events.contains(&format!("\"paid\":{paid}}}"));
            assert!(expected.iter().all(has), "{keys}{events}");
        }
    }
}

const LINES_FILE: &str = "{\"orderId\": \"A\", \"orderItems\": [\n\
                          {\"name\": \"Mug\", \"quantity\": 1, \"price\": 4.5},\n\
                          {\"name\": \"Cup\", \"quantity\": 2, \"price\": 3}]}\n\
                          {\"orderId\": \"B\", \"orderItems\": [{\"name\": \"Jug\", \"quantity\": 2, \"price\": 10}]}\n";

#[test]
fn elements_of_a_joined_document_are_items() {
    let lines = ("lines.json", LINES_FILE);
    insta::assert_snapshot!(events_of(lines, &format!("{LINES}{GUEST}")), @r#"
    "a@example.com"
    "A" 10.5 [{"name":"Mug","price":4.5,"quantity":1},{"name":"Cup","price":3,"quantity":2}]
    "B" 20 [{"name":"Jug","price":10,"quantity":2}]
    "#);
}

/// One of them may be a copy of the other, in the same file or another one.
#[test]
fn items_in_several_documents_of_an_order_are_refused() {
    let second =
        "{\"orderId\":\"A\",\"orderItems\":[{\"name\":\"Pot\",\"quantity\":1,\"price\":0}]}\n";
    let twice = format!("{LINES_FILE}{second}");
    let keys = format!("{LINES}{GUEST}");
    insta::assert_snapshot!(outcomes_of(("lines.json", &twice), &keys), @r#"
    A invalid several documents, lines.json:2 and lines.json:5, have orderId "A"; expected one, or many = "all" in the join
    B valid
    "#);
    let all = keys.replace("items = \"", "many = \"all\"\nitems = \"");
    insta::assert_snapshot!(events_of(("lines.json", &twice), &all), @r#"
    "a@example.com"
    "A" 10.5 [{"name":"Mug","price":4.5,"quantity":1},{"name":"Cup","price":3,"quantity":2},{"name":"Pot","price":0,"quantity":1}]
    "B" 20 [{"name":"Jug","price":10,"quantity":2}]
    "#);
    let copied = LINES_FILE.repeat(2);
    insta::assert_snapshot!(outcomes_of(("lines.json", &copied), &all), @r#"
    A invalid several documents, lines.json:2 and lines.json:6, have orderId "A"; they are equal, so their items would count twice
    B invalid several documents, lines.json:4 and lines.json:8, have orderId "B"; they are equal, so their items would count twice
    "#);
    let first = all.replace("\"all\"", "\"first\"");
    let workspace = Workspace::with("orders.ndjson", DOCUMENTS);
    workspace.file("lines.json", &twice);
    insta::assert_snapshot!(refusal(&check(&workspace, "orders.ndjson", &first)), @r#"
    error[profile]: leaves out the items of all documents but one
      --> shop.toml:15:8  join.many
       |
    15 | many = "first"
       |        ^^^^^^^ expected "refuse" or "all"
    "#);
    let pick = all.replace("\"all\"", "\"all\"\npick = { largest = \"no\" }");
    insta::assert_snapshot!(refusal(&check(&workspace, "orders.ndjson", &pick)), @r#"
    error[profile]: takes one row of a key, but all of them are items
      --> shop.toml:16:1  join.pick
       |
    16 | pick = { largest = "no" }
       | ^^^^
    "#);
    let empty = LINES_FILE.to_owned() + "{\"orderId\":\"A\",\"orderItems\":[]}\n";
    assert_eq!(
        events_of(("lines.json", &empty), &keys),
        events_of(("lines.json", LINES_FILE), &keys)
    );
}

/// The place of a row is no more than its line, which several rows may share.
#[test]
fn rows_on_one_line_are_different_ones() {
    let one_line = LINES_FILE.replace("[\n", "[").replace(",\n", ",");
    let keys = format!("{LINES}{GUEST}");
    let expected = events_of(("lines.json", LINES_FILE), &keys);
    assert_eq!(events_of(("lines.json", &one_line), &keys), expected);
    let rows: Vec<_> = ROWS.lines().collect();
    let export = format!("{}\n{}\n{}\n", rows[0], rows[1], rows[1].replace(",1,", ",2,"));
    let join = "[[join]]\nas = 'pay'\nfile = 'pay.json'\nprofile.documents = '[]'\n\
                on = [{ column = 'customerId', to = 'no' }]\nmany = 'all'\n[order.ext]\n\
                paid = { column = 'pay.value', type = 'float', over_rows = 'add' }\n";
    let workspace = Workspace::with("orders.csv", export);
    workspace.file("pay.json", "[{\"no\":1,\"value\":2},{\"no\":2,\"value\":3}]");
    let ran = check(&workspace, "orders.csv", &format!("{join}{GUEST}"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let events = fs::read_to_string(workspace.path("e.ndjson")).unwrap();
    assert!(events.contains("\"paid\":5.0"), "{events}");
}

#[test]
fn rows_and_documents_of_a_joined_file_are_items() {
    let keys = format!("{LINES}{GUEST}").replace("\"orderItems[]\"", "true");
    let rows = "orderId,name,quantity,price\nA,Mug,1,4.5\nB,Jug,2,10\nA,Cup,2,3\n";
    let documents = "{\"orderId\":\"A\",\"name\":\"Mug\",\"quantity\":1,\"price\":4.5}\n\
                     {\"orderId\":\"B\",\"name\":\"Jug\",\"quantity\":2,\"price\":10}\n\
                     {\"orderId\":\"A\",\"name\":\"Cup\",\"quantity\":2,\"price\":3}\n";
    let of_rows = events_of(("lines.csv", rows), &keys.replace("json", "csv"));
    assert_eq!(of_rows, events_of(("lines.json", documents), &keys));
    insta::assert_snapshot!(of_rows, @r#"
    "a@example.com"
    "A" 10.5 [{"name":"Mug","price":4.5,"quantity":1},{"name":"Cup","price":3,"quantity":2}]
    "B" 20 [{"name":"Jug","price":10,"quantity":2}]
    "#);
}

#[test]
fn problems_of_elements_are_in_the_joined_file() {
    let lines = LINES_FILE.replace("4.5", "\"4.S\"").replace("\"Cup\", \"quantity\": 2", "\"Cup\"");
    let lines = lines.replace("[{\"name\": \"Jug\", \"quantity\": 2, \"price\": 10}]", "[]");
    let rans = check_both(("lines.json", &lines), &format!("{LINES}{GUEST}"));
    for ran in rans {
        let results = ran.results().into_iter().map(|result| {
            let problems = result["problems"].to_string();
            problems.replace(r#""orders.ndjson","line":2"#, r#""orders.csv","line":3"#)
        });
        insta::allow_duplicates! {
            insta::assert_snapshot!(results.collect::<Vec<_>>().join("\n"), @r#"
            [{"code":"number_unreadable","column":41,"column_name":"line.price","field":"item.price","file":"lines.json","line":2,"message":"\"4.S\" is not a decimal number such as 1234.50","severity":"error"},{"code":"quantity_missing","column":null,"column_name":"line.quantity","field":"item.quantity","file":"lines.json","line":3,"message":"the item has no quantity for its price, so it counts as one piece","severity":"warning"}]
            [{"code":"order_without_items","column":null,"column_name":null,"field":null,"file":"orders.csv","line":3,"message":"the order has no items","severity":"warning"}]
            "#);
        }
    }
}

#[test]
fn member_that_no_document_has_is_an_error() {
    let customers = CUSTOMERS.replace("contact", "contacts");
    for ran in check_both(("customers.json", &customers), JOIN) {
        assert!(
            refusal(&ran).contains("no document of customers.json has \"customer.contact.email\"")
        );
    }
    let ran = &check_both(("customers.json", &customers), JOIN)[0];
    insta::assert_snapshot!(refusal(ran), @r#"
    error[profile]: no document of customers.json has "customer.contact.email"
      --> shop.toml:18:18  guest.email
       |
    18 | email = { path = "customer.contact.email" }
       |                  ^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = customers.json has "contacts"
    "#);
    let no_key = CUSTOMERS.replace("\"id\"", "\"no\"");
    insta::assert_snapshot!(refusal(&check_both(("customers.json", &no_key), JOIN)[0]), @r#"
    error[profile]: no document of customers.json has "id"
      --> shop.toml:15:35  join.on
       |
    15 | on = [{ path = "customerId", to = "id" }]
       |                                   ^^^^
       |
       = customers.json has "no", "contact"
    "#);
    let optional = JOIN.replace("contact.email\"", "contact.email\", optional = true");
    for ran in check_both(("customers.json", &customers), &optional) {
        assert!(refusal(&ran).contains("customers.json has \"contacts\""), "{}", ran.err);
    }
    let customers = CUSTOMERS.replace("contact", "person");
    let keys = format!("{optional}[guest.id]\nshop = {{ path = \"customerId\" }}\n");
    insta::assert_snapshot!(outcomes_of(("customers.json", &customers), &keys), @"
    A valid
    B valid
    ");
    let column = "id,email\n1,a@example.com\n";
    let csv = JOIN.replace("json", "csv").replace("{ documents = \"customers[]\" }", "{}");
    insta::assert_snapshot!(refusal(&check_both(("customers.csv", column), &csv)[0]), @r#"
    error[profile]: there is no column "customer.contact.email" in customers.csv
      --> shop.toml:18:18  guest.email
       |
    18 | email = { path = "customer.contact.email" }
       |                  ^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = customers.csv has "id", "email"
    "#);
}

#[test]
fn joined_file_of_an_unexpected_form_is_refused() {
    let csv = "orderId,name,quantity,price\nA,Mug,1,4.5\n";
    let keys = format!("{LINES}{GUEST}").replace("json", "csv");
    insta::assert_snapshot!(refusal(&check_both(("lines.csv", csv), &keys)[0]), @r#"
    error[profile]: the file is CSV, but the join has its items in an array ("orderItems")
     --> lines.csv
     |
     = hint: write items = true in the join, if the rows of the file are the
             items
    "#);
    let no_array =
        LINES_FILE.replace("[{\"name\": \"Jug\", \"quantity\": 2, \"price\": 10}]", "\"Jug\"");
    let keys = format!("{LINES}{GUEST}");
    insta::assert_snapshot!(refusal(&check_both(("lines.json", &no_array), &keys)[0]), @"
    error: lines.json:4: no array where the items are expected; any order may need the row; nothing was sent
      hint: repair the row, or export the file anew
    ");
    insta::assert_snapshot!(refusal(&check_both(("lines.json", "{\"orderId\":\n"), &keys)[0]), @"
    error: lines.json:1: the line is not a single JSON object: it ends before a value at column 11; any order may need the row; nothing was sent
      hint: repair the row, or export the file anew
    ");
    let keys = format!("{JOIN}[order.ext]\n\"*\" = {{ column = \"customer.*\" }}\n");
    insta::assert_snapshot!(refusal(&check_both(("customers.json", CUSTOMERS), &keys)[1]), @r#"
    error[profile]: "customer.*" is a pattern of columns, and this file is JSON
     --> customers.json
     |
     = hint: give each field a rule of its own, which names its member
    "#);
    let workspace = Workspace::with("orders.ndjson", DOCUMENTS);
    workspace.file("c1.json", CUSTOMERS).file("c2.json", "id,email\n3,c@example.com\n");
    let keys = JOIN.replace("customers.json", "c?.json");
    insta::assert_snapshot!(refusal(&check(&workspace, "orders.ndjson", &keys)), @r#"
    error: c2.json:1: found "i", expected "{", "[" or the end of the file
      hint: fix the file there, or export it again; what follows damage cannot be read safely
    "#);
    let people = CUSTOMERS.replace("customers", "people");
    insta::assert_snapshot!(refusal(&check_both(("customers.json", &people), JOIN)[1]), @r#"
    error: customers.json:1: the value that begins at line 1 has no documents at "customers[]"
      hint: set profile = { documents = "…" } in the [[join]] with as = "customer"
    "#);
    let columns = JOIN.replace("path = \"customerId\"", "column = \"customerId\"");
    workspace.file("customers.json", CUSTOMERS);
    insta::assert_snapshot!(refusal(&check(&workspace, "orders.ndjson", &columns)), @r#"
    error[profile]: the profile has no path for the key of the join "customer"
     --> orders.ndjson
     |
     = the file is JSON, and the profile was written for CSV
     = hint: name a profile for JSON with --profile, or give the rule a path too;
             a file of JSON has a name that ends in .json, .jsonl or .ndjson
    "#);
}

#[test]
fn errors_of_joined_documents_come_at_once() {
    let keys = r#"
[[join]]
as = "customer"
profile = { format = "ndjson", delimiter = ";" }
on = [{ path = "shop.no", to = { path = "a..b" } }, { path = "a[].b", to = "id" }]
[[join]]
as = "shop"
on = [{ path = "id", to = "id" }]
items = "a..b[]"
[[join]]
as = "third"
on = [{ path = "customer.id", to = "id" }]
items = 3
[[join]]
as = "fourth"
on = [{ path = "shop.id", to = "id" }]
[[join]]
as = "fifth"
on = [{ path = "fourth.id", to = "id" }]
[order.ext]
"*" = { path = "fifth.attributes" }
"#;
    let workspace = Workspace::with("orders.ndjson", DOCUMENTS);
    let ran = check(&workspace, "orders.ndjson", &format!("{keys}{GUEST}"));
    insta::assert_snapshot!(ran.err, @r#"
    error[profile]: without effect: the profile's format is JSON
      --> shop.toml:14:44  join[1].profile.delimiter
       |
    14 | profile = { format = "ndjson", delimiter = ";" }
       |                                            ^^^

    error[profile]: "a..b" has an empty name
      --> shop.toml:15:27  join[1].on[1].to
       |
    15 | on = [{ path = "shop.no", to = { path = "a..b" } }, { path = "a[].b", t…
       |                           ^^ a member without a name is written ""

    error[profile]: the rule reads one value, but "a[].b" has that of each element
      --> shop.toml:15:53  join[1].on[2]
       |
    15 | …h = "shop.no", to = { path = "a..b" } }, { path = "a[].b", to = "id" }]
       |                                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = expected an index, a filter, join or a sum

    error[profile]: "a..b" has an empty name
      --> shop.toml:19:9  join[2].items
       |
    19 | items = "a..b[]"
       |         ^^^^^^^^ a member without a name is written ""

    error[profile]: expected true or the path of an array such as "lines[]"
      --> shop.toml:23:9  join[3].items
       |
    23 | items = 3
       |         ^

    error[profile]: "as" has "fifth.attributes", of which a rule takes any name
      --> shop.toml:28:6  join[5].as
       |
    28 | as = "fifth"
       |      ^^^^^^^ expected a rule for each

    error[profile]: "fourth.id" is of a joined file
      --> shop.toml:29:1  join[5].on
       |
    29 | on = [{ path = "fourth.id", to = "id" }]
       | ^^ expected a column or path of the export, or another name for the join

    7 errors in shop.toml. Nothing was read or sent.
    next: orderferry profiles check shop.toml
    "#);
}

#[test]
fn documents_far_apart_are_joined_alike() {
    let far = |n| {
        format!(
            "{{\"id\":\"N-{n}\",\"customerId\":2,\"at\":\"2026-10-01T10:00:00Z\",\"total\":1}}\n"
        )
    };
    let far = (0..2000).map(far).collect::<Vec<_>>().concat();
    let first = DOCUMENTS.lines().next().unwrap();
    let workspace = Workspace::with("orders.ndjson", format!("{DOCUMENTS}{far}{first}\n"));
    workspace.file("customers.json", CUSTOMERS);
    let ran = check(&workspace, "orders.ndjson", JOIN);
    let tight = check(&workspace, "orders.ndjson --memory 32MB", JOIN);
    assert_eq!(ran.summary()["orders"], tight.summary()["orders"]);
    assert_eq!(ran.summary()["orders"]["valid"], 2002, "{}", ran.err);
}
