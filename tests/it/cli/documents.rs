//! Tests of JSON files whose documents are over several lines, or within other values. Rejects are
//! read again with the same profile.

use std::fs;

use crate::support::workspace::Workspace;

/// An order, over several lines.
fn order(reference: &str, price: &str) -> String {
    format!(
        "{{\n  \"referenceId\": \"{reference}\",\n  \"orderedAt\": \"2026-11-20T10:00:00Z\",\n  \
         \"status\": \"PURCHASED\", \"currencyCode\": \"EUR\", \"price\": {price},\n  \
         \"paymentType\": \"other\", \"guest\": {{\"email\": \"ann@example.com\"}}, \"orderItems\": \
         [{{\n    \"type\": \"PRODUCT\", \"productId\": \"M1\", \"name\": \"Mug\", \"price\": 10, \"quantity\": 1}}]\n}}"
    )
}

/// Checks an export of two orders, of which A-2 is invalid, then its rejects. Returns the rejects
/// without what is in the documents.
fn check_twice(export: &str, documents: &str) -> String {
    let workspace = Workspace::with("orders.json", export);
    workspace.file("api.toml", format!("extends = \"canonical\"\nname = \"api\"\n{documents}\n"));
    let command = "check orders.json --profile api.toml --pos x --max-invalid 100%";
    let ran = workspace.run(command);
    let (outcomes, results) = (ran.outcomes(), ran.results());
    assert_eq!(outcomes, "A-1 valid, A-2 invalid", "{documents}: {}{results:?}", ran.err);
    let rejects = fs::read_to_string(ran.path("rejects/orders.json")).unwrap();
    workspace.file("rejects.json", &rejects);
    let again = workspace.run(&command.replace("orders.json", "rejects.json"));
    assert_eq!(again.outcomes(), "A-2 invalid", "{documents}: {rejects}{}", again.err);
    let invalid = order("A-2", "\"none\"");
    assert!(rejects.contains(&invalid), "{rejects}");
    rejects.replace(&invalid, "…")
}

#[test]
fn rejects_of_documents_are_read_again() {
    let (valid, invalid) = (order("A-1", "10"), order("A-2", "\"none\""));
    for (documents, export, expected) in [
        ("", format!("{valid}\n{invalid}\n"), "[\n…\n]\n"),
        ("", format!("[{valid}]\n[{invalid}]\n"), "[\n…\n]\n"),
        ("", format!("{{}}{valid}{invalid}").replacen("{}", "", 1), "[\n…\n]\n"),
        ("documents = \".\"", format!("{valid}\n{invalid}\n"), "…\n"),
        (
            "documents = \"orders[]\"",
            format!("{{\"orders\": [{valid}], \"next\": 2}}\n{{\"orders\":\n[{invalid}]}}\n"),
            "{\"orders\":[\n…\n]}\n",
        ),
        (
            "documents = \"data.orders.edges[].node\"",
            format!(
                "{{\"data\": {{\"orders\": {{\"edges\": [{{\"node\": {valid}, \"cursor\": 1}}, \
                 {{\"node\": {invalid}}}]}}}}}}"
            ),
            "{\"data\":{\"orders\":{\"edges\":[\n{\"node\":…\n}]}}}\n",
        ),
        (EXAMPLE, format!("{valid}{{\"order\": {invalid}}}"), "{\"orders\":[\n…\n]}\n"),
        (
            "documents = \"order\"",
            format!("{{\"order\": {valid}}}\n{{\"order\": {invalid}}}"),
            "{\"order\":…\n}\n",
        ),
    ] {
        assert_eq!(check_twice(&export, documents), expected, "{documents}");
    }
}

/// Of the help about profiles.
const EXAMPLE: &str = "documents = [\"orders[]\", \"order\", \".\"]";

#[test]
fn help_has_the_example_of_documents() {
    assert!(include_str!("../../../src/cli/help/profile.md").contains(EXAMPLE));
}

#[test]
fn missing_documents_are_told() {
    let (valid, mut found) = (order("A-1", "10"), Vec::new());
    for (documents, export) in [
        ("documents = \"orders[]\"", "{\"errors\": [\n{\"message\": \"not allowed\"}]}".to_owned()),
        ("documents = [\"orders[]\", \"order\"]", valid.clone()),
        ("documents = \"orders[]\"", format!("{{\"orders\": [{valid}")),
        ("documents = \"orders[]\"", format!("{{\"orders\": [{valid}\n],")),
        ("", format!("{valid},\n{valid}\n")),
        ("documents = [\"orders[].node\", \"orders[]\"]", valid.clone()),
        ("format = \"csv\"\ndocuments = \"orders\"", valid.clone()),
    ] {
        let workspace = Workspace::with("orders.json", export);
        workspace
            .file("api.toml", format!("extends = \"canonical\"\nname = \"api\"\n{documents}\n"));
        let ran = workspace.run("check orders.json --profile api.toml --pos x");
        found.push(format!("{documents}: {}", ran.report()));
    }
    insta::assert_snapshot!(found.concat(), @r#"
    documents = "orders[]": exit 2
        error: orders.json:1: the value that begins at line 1 has no documents at "orders[]"
          hint: name where the documents are: documents = "orders[]" in the profile, or several places in a list; "." is the whole value
    documents = ["orders[]", "order"]: exit 2
        error: orders.json:1: the value that begins at line 1 has no documents at "orders[]" or "order"
          hint: name where the documents are: documents = "orders[]" in the profile, or several places in a list; "." is the whole value
    documents = "orders[]": exit 2
        error: orders.json:7: the file ends before the "]" that closes its array; if it was truncated, orders are missing; it is not known which order the row belongs to
          hint: fix the document, or set unreadable_rows = "accept" to leave such rows out (exit code 1)
    documents = "orders[]": exit 2
        error: orders.json:8: the file ends within the value that begins at line 1; if it was truncated, orders are missing
          hint: export the file again
    : exit 2
        error: orders.json:7: found ",", expected "{", "[" or the end of the file
          hint: documents follow each other without commas, or stand in one array: [ before the first one and ] after the last one
    documents = ["orders[].node", "orders[]"]: exit 2
        error[profile]: "orders[].node" and "orders[]" may both be in one document or array
         --> api.toml:3:13  documents
          |
        3 | documents = ["orders[].node", "orders[]"]
          |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          |
          = expected places of which a value has one

        1 error in api.toml. Nothing was read or sent.
        next: orderferry profiles check api.toml
    format = "csv"
    documents = "orders": exit 2
        error[profile]: without effect: the profile's format is csv
         --> api.toml:4:13  documents
          |
        4 | documents = "orders"
          |             ^^^^^^^^

        1 error in api.toml. Nothing was read or sent.
        next: orderferry profiles check api.toml
    "#);
}

#[test]
fn key_for_wrapped_documents_is_told() {
    let export = format!("{{\n\"shop_orders\": [{}\n]}}", order("A-1", "10"));
    let ran = Workspace::with("orders.json", export).run("check orders.json --pos x");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("\"shop_orders[]\""), "{}", ran.err);
}

/// An export may lack some of several places; a misspelt one has no documents ever.
#[test]
fn place_that_no_value_has_is_a_warning() {
    let (first, second) = (order("A-1", "10"), order("A-2", "10"));
    let wrapped = format!("{{\"orders\": [{first}]}}\n{second}");
    let workspace = Workspace::with("orders.json", &wrapped);
    let rules = "[order]\nreferenceId = { path = \"referenceId\" }\n\
                 orderedAt = { path = \"orderedAt\" }\nstatus = { path = \"status\" }\n\
                 currencyCode = { path = \"currencyCode\" }\nprice = { path = \"price\" }\n\
                 paymentType = { path = \"paymentType\" }\n\
                 [guest]\nemail = { path = \"guest.email\" }\n";
    let warnings = |keys: &str| {
        workspace.file("api.toml", format!("name = \"api\"\n{keys}\n{rules}"));
        let ran = workspace.run("check orders.json --profile api.toml --pos x");
        assert_eq!(ran.outcomes(), "A-1 valid, A-2 valid", "{keys}: {}", ran.err);
        ran.err.matches("no value has documents at").count()
    };
    let three = "documents = [\"orders[]\", \"oders[]\", \".\"]";
    assert_eq!(warnings("documents = [\"orders[]\", \".\"]"), 0);
    assert_eq!(warnings(three), 1);
    assert_eq!(warnings(&format!("missing_columns = \"allow\"\n{three}")), 0);
}

#[test]
fn problems_of_documents_on_one_line_have_its_columns() {
    let [valid, invalid] =
        [order("A-1", "10"), order("A-2", "\"none\"")].map(|order| order.replace('\n', " "));
    let export = format!("{{\"größe\": 2, \"orders\": [{valid}, {invalid}]}}");
    let workspace = Workspace::with("orders.json", &export);
    let profile = "extends = \"canonical\"\nname = \"api\"\ndocuments = \"orders[]\"\n";
    workspace.file("api.toml", profile);
    let ran = workspace.run("check orders.json --profile api.toml --pos x --max-invalid 100%");
    let column = export[..export.find("\"none\"").unwrap()].chars().count() + 1;
    assert_eq!(ran.results()[1]["problems"][0]["column"], column, "{}", ran.err);
    assert!(ran.out.contains(&format!("orders.json:1:{column}  order A-2, price")), "{}", ran.out);
    let mut lines = ran.out.lines().skip_while(|line| !line.contains("\"none\""));
    let [shown, marks] = [(); 2].map(|()| lines.next().unwrap());
    let at = shown.find("\"none\"").map(|at| shown[..at].chars().count());
    assert_eq!(at, marks.find('^'), "{shown}\n{marks}");
}
