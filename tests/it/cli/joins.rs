//! Tests of files beside an export, whose rows are joined to it by their keys.

use std::fs;

use super::csv_dialects::outcomes;
use crate::support::workspace::{RunResult, Workspace};

/// The keys of the topic of profiles.
const JOIN: &str = r##"[[join]]
as = "customer"
file = "customers.csv"               # beside the export, or a pattern such as customers-*.csv
profile = { delimiter = ";" }        # how the file is written: the keys of an export's files
on = [{ column = "Customer", strip_prefix = "#", to = "Id" }]
many = "first"                       # default: refuse

[guest]
email = { column = "customer.E-mail" }
"##;

pub(super) const RULES: &str = r#"
[order]
referenceId = { column = "Order" }
orderedAt = { column = "Date" }
status = { value = "PURCHASED" }
currencyCode = { value = "EUR" }
price = { column = "Total" }
paymentType = { value = "other" }
"#;

pub(super) const EXPORT: &str = "Order,Customer,Date,Total\n\
                      A,#1,2026-10-01T10:00:00Z,10.00\n\
                      B,#2,2026-10-01T10:00:00Z,20.00\n";

const CUSTOMERS: &str = "Id;Name;E-mail\n1;Ann;ann@example.com\n2;\"Bob\nLee\";bob@example.com\n";

fn workspace(export: &str, customers: &str) -> Workspace {
    let workspace = Workspace::with("orders.csv", export);
    workspace.file("customers.csv", customers);
    workspace
}

fn check(workspace: &Workspace, join: &str, command: &str) -> RunResult {
    check_with(workspace, "", join, command)
}

/// The same with a key of the profile as a whole.
fn check_with(workspace: &Workspace, key: &str, join: &str, command: &str) -> RunResult {
    workspace.file("shop.toml", format!("name = \"shop\"{key}\n{RULES}\n{join}"));
    workspace.run(&format!("check {command} --profile shop.toml --pos x --max-invalid 100%"))
}

/// The outcomes of an export with the customers and the join.
fn outcomes_of(export: &str, customers: &str, join: &str) -> String {
    outcomes(&check(&workspace(export, customers), join, "orders.csv"))
}

/// The message of a run that is refused.
pub(super) fn refusal(ran: &RunResult) -> String {
    assert_eq!(ran.code, 2, "{}", ran.err);
    ran.err.split("\n\n").next().unwrap().to_owned()
}

fn without_many() -> String {
    JOIN.replace("many = \"first\" ", "# ")
}

#[test]
fn topic_has_the_tested_example() {
    assert!(include_str!("../../../src/cli/help/profile.md").contains(JOIN));
}

#[test]
fn values_of_a_side_row_keep_their_place() {
    let customers = CUSTOMERS.replace("bob@", "bob");
    insta::assert_snapshot!(outcomes_of(EXPORT, &customers, JOIN), @r#"
    A valid
    B invalid "b***" has no @
    "#);
    let ran = check(&workspace(EXPORT, &customers), JOIN, "orders.csv");
    let problem = ran.results()[1]["problems"][0].to_string();
    insta::assert_snapshot!(problem, @r#"{"code":"email_implausible","column":6,"column_name":"customer.E-mail","field":"guest.email","file":"customers.csv","line":4,"message":"\"b***\" has no @","severity":"error"}"#);
}

#[test]
fn key_without_a_match_names_both_files() {
    let export = EXPORT.replace("#2", "#3");
    let ran = check(&workspace(&export, CUSTOMERS), JOIN, "orders.csv");
    let problems = ran.results()[1]["problems"].to_string();
    insta::assert_snapshot!(problems, @r#"[{"code":"join_unmatched","column":3,"column_name":"Customer","field":null,"file":"orders.csv","line":3,"message":"no row of customers.csv has Id \"3\"","severity":"error"}]"#);
}

#[test]
fn lines_without_a_side_row_are_no_sum_of_many_digits() {
    let rules = RULES.replace("price = { column = \"Total\" }\n", "");
    let join =
        JOIN.replace("[guest]\n", "[item]\nprice = { column = \"customer.Name\" }\n[guest]\n");
    let profile = format!("name = \"shop\"\norder_price = \"sum_of_lines\"\n{rules}\n{join}");
    let customers = "Id;Name;E-mail\n1;5.00;ann@example.com\n";
    let workspace = workspace(EXPORT, customers);
    workspace.file("shop.toml", profile);
    let ran = workspace.run("check orders.csv --profile shop.toml --pos x --max-invalid 100%");
    let results = ran.results();
    let codes = results[1]["problems"].as_array().unwrap().iter().map(|problem| &problem["code"]);
    assert_eq!(codes.collect::<Vec<_>>(), ["join_unmatched"]);
    assert_eq!(results[0]["outcome"], "valid");
}

#[test]
fn row_without_a_key_has_no_side_row() {
    let export = EXPORT.replace("#2", "");
    let join = JOIN.replace("[guest]", "[guest.id]\nshop.column = \"Order\"\n[guest]");
    insta::assert_snapshot!(outcomes_of(&export, CUSTOMERS, &join), @"
    A valid
    B valid
    ");
}

/// As if the row had no key, also in conditions.
#[test]
fn optional_join_may_lack_a_key() {
    let export = EXPORT.replace("#2", "#9");
    let optional = JOIN.replace("many = \"first\"", "optional = true\nmany = \"first\"");
    let rules = "[guest.id]\nshop.column = 'Order'\n[guest]";
    let known = "[[skip]]\nreason = 'unknown'\nwhen = { column = 'customer.Name', empty = true }\n";
    let join = optional.replace("[guest]", rules);
    insta::assert_snapshot!(outcomes_of(&export, CUSTOMERS, &join), @r#"
    A valid
    B valid
    "#);
    insta::assert_snapshot!(outcomes_of(&export, CUSTOMERS, &format!("{join}{known}")), @r#"
    A valid
    B skipped
    "#);
    let unused = outcomes_of(&export, &CUSTOMERS.replace("1;Ann", "7;Ann"), &join);
    assert_eq!(unused, "A valid\nB valid");
    let workspace = workspace(&export, &CUSTOMERS.replace("1;Ann", "7;Ann"));
    let ran = check(&workspace, &join, "orders.csv");
    insta::assert_snapshot!(ran.summary()["problems"], @r#"[{"code":"join_row_unused","invalid":0,"orders":0,"rows":1,"severity":"warning"}]"#);
    let added = "[[join]]\nas = 'pay'\nfile = 'customers.csv'\nprofile.delimiter = ';'\noptional = true\n\
                 on = [{ column = 'Customer', strip_prefix = '#', to = 'Id' }]\nmany = 'all'\n\
                 [order.ext]\nids = { column = 'pay.Id', type = 'float', over_rows = 'add' }\n";
    let outcome = outcomes_of(&export, CUSTOMERS, &format!("{added}{GUEST}"));
    insta::assert_snapshot!(outcome, @r#"
    A valid
    B valid
    "#);
}

/// The customer of an optional join was once not found in silence.
#[test]
fn key_of_a_side_row_that_cannot_be_read_is_a_warning() {
    let join = JOIN
        .replace("to = \"Id\" }", "to = { column = \"Id\", split = \"-\", part = 2 } }")
        .replace("many = \"first\"", "optional = true\nmany = \"first\"")
        .replace("[guest]", "[guest.id]\nshop.column = \"Order\"\n[guest]");
    let customers = "Id;Name;E-mail\nC-1;Ann;ann@example.com\n2;Bob;bob@example.com\n\
                     3;Cy;c@example.com\n;Dan;d@example.com\n";
    let ran = check(&workspace(EXPORT, customers), &join, "orders.csv");
    assert_eq!(outcomes(&ran), "A valid\nB valid");
    let warning = "this row and 1 more have a value of which `to` of the join makes no key";
    assert!(ran.out.contains("customers.csv:3\n") && ran.out.contains(warning), "{}", ran.out);
}

#[test]
fn column_that_a_side_file_lacks_is_named_once() {
    let workspace = workspace(EXPORT, CUSTOMERS);
    workspace.file("more.csv", EXPORT.replace("A,", "C,").replace("B,", "D,"));
    let join = JOIN.replace("customer.E-mail", "customer.Post");
    let ran = check_with(&workspace, "\njoin_files = true", &join, "orders.csv more.csv");
    insta::assert_snapshot!(refusal(&ran), @r#"
    error[profile]: there is no column "customer.Post" in customers.csv
      --> shop.toml:20:20  guest.email
       |
    20 | email = { column = "customer.Post" }
       |                    ^^^^^^^^^^^^^^^
       |
       = customers.csv has "Id", "Name", "E-mail"
    "#);
}

#[test]
fn key_that_would_skip_is_refused() {
    let values = "values = { 9 = { skip = \"test\" } }, other = \"keep\", to = \"Id\" }";
    let join = JOIN.replace("to = \"Id\" }", values);
    let ran = check(&workspace(EXPORT, CUSTOMERS), &join, "orders.csv");
    insta::assert_snapshot!(refusal(&ran), @r##"
    error[profile]: "values" has { skip }, but the key of a join leaves out no order
      --> shop.toml:15:50  join.on.values
       |
    15 | …"Customer", strip_prefix = "#", values = { 9 = { skip = "test" } }, ot…
       |                                  ^^^^^^
       |
       = expected a text, and a [[skip]] on the column
    "##);
}

#[test]
fn open_question_of_a_key_is_the_only_error() {
    let join = JOIN.replace("to = \"Id\"", "to = \"?\"");
    let ran = check(&workspace(EXPORT, CUSTOMERS), &join, "orders.csv");
    insta::assert_snapshot!(ran.err, @r##"
    error[question]: an open question, which only a person can answer
      --> shop.toml:15:55  join.customer.on[1].to
       |
    15 | on = [{ column = "Customer", strip_prefix = "#", to = "?" }]
       |                                                       ^^^
       |
       = expected for example id
       = hint: --answer 'join.customer.on[1].to=VALUE'

    1 open question in shop.toml. Nothing was read or sent.
    "##);
    let without = JOIN.replace(", to = \"Id\"", "");
    let ran = check(&workspace(EXPORT, CUSTOMERS), &without, "orders.csv");
    insta::assert_snapshot!(refusal(&ran), @r##"
    error[profile]: the key "to" is missing
      --> shop.toml:15:7  join.on
       |
    15 | on = [{ column = "Customer", strip_prefix = "#" }]
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = expected a part of the key: { column = "customer_id", to = "id" }
    "##);
}

#[test]
fn several_side_rows_are_refused_or_the_first_is_taken() {
    let customers = CUSTOMERS.replace("1;Ann;", "1;Ann;ann@example.net\n1;Anne;");
    insta::assert_snapshot!(outcomes_of(EXPORT, &customers, JOIN), @"
    A valid
    B valid
    ");
    insta::assert_snapshot!(outcomes_of(EXPORT, &customers, &without_many()), @r##"
    A invalid several rows, customers.csv:2 and customers.csv:3, have Id "1"; expected one, or many = "first" in the join
    B valid
    "##);
}

#[test]
fn key_may_have_several_parts_with_steps() {
    let join = JOIN.replace(
        "on = [{ column = \"Customer\", strip_prefix = \"#\", to = \"Id\" }]",
        "on = [{ column = \"Customer\", strip_prefix = \"#\", to = \"Id\" },\n\
         { column = \"Total\", to = { column = \"Name\", split = \"/\", part = 1 } }]",
    );
    let customers = "Id;Name;E-mail\n1;10.00/a;ann@example.com\n2;21.00/b;bob@example.com\n";
    insta::assert_snapshot!(outcomes_of(EXPORT, customers, &join), @r##"
    A valid
    B invalid no row of customers.csv has Id "2", Name "20.00"
    "##);
}

#[test]
fn row_that_is_no_item_needs_no_row_of_products() {
    let export = "Order,Date,Total,Kind,Sku\n\
                  A,2026-10-01T10:00:00Z,10.00,Item,S1\n\
                  A,2026-10-01T10:00:00Z,10.00,Shipping,EXPRESS\n\
                  B,2026-10-01T10:00:00Z,10.00,Item,S2\n";
    let join = "[[join]]\nas = 'product'\nfile = 'customers.csv'\n\
                on = [{ column = 'Sku', to = 'Id' }]\n[item]\nname.column = 'product.Name'\n\
                quantity.value = '1'\nprice.value = '10.00'\n[guest]\nemail.value = 'a@example.com'\n";
    let workspace = workspace(export, "Id,Name\nS1,Mug\n");
    let item_rows = "\nitem_rows = { column = \"Kind\", is = \"Item\" }";
    let ran = check_with(&workspace, item_rows, join, "orders.csv");
    insta::assert_snapshot!(outcomes(&ran), @r#"
    A valid
    B invalid no row of customers.csv has Id "S2"
    "#);
}

/// The rows of the first order are far apart, so that they are spilled and read again.
#[test]
fn rows_far_apart_are_joined_alike() {
    let row = |n| format!("N-{n},#{},2026-10-01T10:00:00Z,20.00\n", n % 3);
    let rows = (0..2000).map(row).collect::<Vec<_>>().concat();
    let first = EXPORT.lines().nth(1).unwrap();
    let export = format!("{EXPORT}{rows}{first}\n");
    let workspace = workspace(&export, CUSTOMERS);
    let ran = check(&workspace, JOIN, "orders.csv");
    let tight = check(&workspace, JOIN, "orders.csv --memory 32MB");
    assert_eq!(ran.summary()["scattered"], 1);
    assert_eq!(ran.summary()["orders"], tight.summary()["orders"]);
    assert_eq!(ran.summary()["orders"]["valid"], 2 + 2000 - 667, "{}", ran.err);
}

#[test]
fn side_file_is_no_input_of_its_folder() {
    let workspace = Workspace::new();
    workspace.file("export/orders.csv", EXPORT).file("export/customers.csv", CUSTOMERS);
    workspace.file("people.csv", CUSTOMERS);
    // Nor is it where the command line names another one.
    for options in ["", " --join customer=people.csv"] {
        let ran = check(&workspace, JOIN, &format!("export{options}"));
        assert_eq!((ran.code, ran.summary()["rows"].as_u64()), (0, Some(2)), "{}", ran.err);
    }
}

#[test]
fn several_side_files_match_a_pattern() {
    let workspace = Workspace::with("orders.csv", EXPORT);
    workspace.file("customers-1.csv", "Id;E-mail\n1;ann@example.com\n");
    workspace.file("customers-2.csv", "E-mail;Id\nbob@example.com;2\nE-mail;Id\n");
    let join = JOIN.replace("customers.csv", "customers-[0-9].csv");
    let ran = check(&workspace, &join, "orders.csv");
    assert_eq!(ran.code, 0, "{}", ran.err);
    workspace.file("customers-2.csv", "Mail;Id\nbob@example.com;2\n");
    insta::assert_snapshot!(refusal(&check(&workspace, &join, "orders.csv")), @r#"
    error[profile]: there is no column "customer.E-mail" in customers-2.csv
      --> shop.toml:19:20  guest.email
       |
    19 | email = { column = "customer.E-mail" }
       |                    ^^^^^^^^^^^^^^^^^
       |
       = customers-2.csv has "Mail", its 1st column of 2
    "#);
}

/// Whichever file comes first.
#[test]
fn each_side_file_has_its_own_columns() {
    let join = JOIN.replace("customers.csv", "customers-*.csv");
    let names = |rule: &str, headers: [&str; 2]| {
        let workspace = Workspace::with("orders.csv", EXPORT);
        workspace.file("customers-1.csv", format!("{}\n1;ann@example.com;Ann\n", headers[0]));
        workspace.file("customers-2.csv", format!("{}\n2;bob@example.com;Bob\n", headers[1]));
        let join = format!("{join}firstname = {{ column = {rule} }}\n");
        let ran = check(&workspace, &join, "orders.csv --events e.ndjson");
        if ran.code == 2 {
            return refusal(&ran).lines().next().unwrap().to_owned();
        }
        let events = fs::read_to_string(ran.path("../e.ndjson")).unwrap();
        ["Ann", "Bob"].into_iter().filter(|name| events.contains(name)).collect::<String>()
    };
    let (with, without) = ("Id;E-mail;First", "Id;E-mail;Other");
    let first = "\"customer.First\"";
    let optional = "\"customer.First\", optional = true";
    assert_eq!(names(optional, [with, without]), "Ann");
    assert_eq!(names(optional, [without, with]), "Bob");
    let missing = |file: &str| {
        format!("error[profile]: there is no column \"customer.First\" in customers-{file}.csv")
    };
    assert_eq!(names(first, [with, without]), missing("2"));
    assert_eq!(names(first, [without, with]), missing("1"));
    assert_eq!(names("[\"customer.First\", \"customer.Other\"]", [with, without]), "AnnBob");
    // A misspelt column is not only missing.
    for near in ["Id;E-mail;first", "Id;E-mail;Firsts"] {
        assert_eq!(names(optional, [with, near]), missing("2"));
        assert_eq!(names(optional, [near, near]), missing("1"));
    }
}

/// As where each part is a file of its own.
#[test]
fn header_again_in_a_side_file_begins_another() {
    let header = "Order,Name,Qty,Price\n";
    let apart = format!("{LINES_FILE}{header}B,Cup,1,1.00\n");
    let twice = format!("{LINES_FILE}{header}A,Mug,1,4.00\n");
    let outcomes_of = |lines: &str| outcomes(&check_lines(EXPORT, lines, "", ""));
    insta::assert_snapshot!(outcomes_of(&apart), @"
    A valid
    B valid the items add up to 21.00, the order's price is 20.00
    ");
    insta::assert_snapshot!(outcomes_of(&twice), @r#"
    A invalid the item equals the one at lines.csv:2; where parts of an export overlap, it would count twice; if both are meant, row_in_two_files = "warning" under [severity] of the profile sends both
    B valid
    "#);
    let many = format!("{header}{}", header.repeat(10_001));
    insta::assert_snapshot!(refusal(&check_lines(EXPORT, &many, "", "")), @r#"
    error: lines.csv: the header of the join "lines" is repeated more than 10000 times; nothing was sent
      hint: export the file anew, without a header between its rows
    "#);
    let exchanged = format!("{LINES_FILE}Order,Qty,Name,Price\nA,1,Mug,4.00\n");
    insta::assert_snapshot!(refusal(&check_lines(EXPORT, &exchanged, "", "")), @"
    error: lines.csv:6: the header again, with the columns in another order: the rows below it would be misread; nothing was sent
      hint: split the file there
    ");
}

#[test]
fn padded_side_row_lacks_no_required_cell() {
    let join = JOIN.replace("delimiter = \";\"", "delimiter = \";\", ragged_rows = \"pad\"");
    let skip = "[[skip]]\nreason = 'blocked'\nwhen = { column = 'customer.Blocked', is = 'x' }\n";
    let header = "Id;E-mail;Blocked;Note\n";
    let of_row = |row: &str| {
        let customers = format!("{header}1;ann@example.com;;\n{row}\n");
        check(&workspace(EXPORT, &customers), &format!("{join}{skip}"), "orders.csv")
    };
    assert_eq!(outcomes(&of_row("2;bob@example.com;x")), "A valid\nB skipped");
    insta::assert_snapshot!(refusal(&of_row("2;bob@example.com")), @r#"
    error: customers.csv:3: the row has 2 cells, the header has 4; ragged_rows adds none of column "Blocked", which is required; any order may need the row; nothing was sent
      hint: repair the row, or export the file anew
    "#);
}

#[test]
fn option_names_the_side_file() {
    let workspace = Workspace::with("orders.csv", EXPORT);
    workspace.file("other/people.csv", CUSTOMERS);
    let ran = check(&workspace, JOIN, "orders.csv --join customer=other/people.csv");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let missing = refusal(&check(&workspace, JOIN, "orders.csv"));
    insta::assert_snapshot!(missing, @r#"
    error: no file for the join "customer": customers.csv: No such file or directory (os error 2)
      hint: name the file with --join customer=FILE
    "#);
    let again = |ran: &RunResult| ran.summary()["next"].to_string();
    let next = again(&check(&workspace, JOIN, "orders.csv"));
    assert!(next.contains("--pos x --join customer=FILE"), "{next}");
    let next = again(&check(&workspace, JOIN, "orders.csv --join customer=no.csv"));
    assert!(next.contains("--join customer=FILE") && !next.contains("no.csv"), "{next}");
    let named = check(&workspace, JOIN, "orders.csv --join customer=no.csv");
    insta::assert_snapshot!(refusal(&named), @r#"
    error: no file for the join "customer": no.csv: No such file or directory (os error 2)
      hint: give --join customer=… the name of a file that is there
    "#);
    let pattern = JOIN.replace("file = \"customers.csv\"", "file = \"people-*.csv\"");
    insta::assert_snapshot!(refusal(&check(&workspace, &pattern, "orders.csv")), @r#"
    error: no file for the join "customer": people-*.csv: no file found
      hint: name the file with --join customer=FILE
    "#);
    let stdin = "check - --profile shop.toml --pos x";
    insta::assert_snapshot!(refusal(&workspace.run_with(stdin, &[], EXPORT.as_bytes())), @r#"
    error: no file for the join "customer": there is no folder beside standard input or a pipe
      hint: name the file with --join customer=FILE
    "#);
    let unknown = check(&workspace, JOIN, "orders.csv --join custmer=other/people.csv");
    insta::assert_snapshot!(refusal(&unknown), @r#"error: --join custmer=…: the profile has no [[join]] with as = "custmer"; its joins are: customer"#);
    let invalid = check(&workspace, JOIN, "orders.csv --join customer");
    insta::assert_snapshot!(refusal(&invalid), @r#"
    error[config]: invalid file "customer"
     --> --join customer
     |
     = expected for example customer=customers.csv
    "#);
}

#[test]
fn side_file_that_does_not_fit_is_refused() {
    let with = |customers: &str, join: &str, options: &str| {
        let workspace = workspace(EXPORT, customers);
        refusal(&check(&workspace, join, &format!("orders.csv{options}")))
    };
    insta::assert_snapshot!(with("Id;Mail\n1;a\n", JOIN, ""), @r#"
    error[profile]: there is no column "customer.E-mail" in customers.csv
      --> shop.toml:19:20  guest.email
       |
    19 | email = { column = "customer.E-mail" }
       |                    ^^^^^^^^^^^^^^^^^
       |
       = customers.csv has "Mail", its 2nd column of 2
    "#);
    insta::assert_snapshot!(with(CUSTOMERS, &JOIN.replace("to = \"Id\"", "to = \"No\""), ""), @r##"
    error[profile]: there is no column "No" in customers.csv
      --> shop.toml:15:55  join.on
       |
    15 | on = [{ column = "Customer", strip_prefix = "#", to = "No" }]
       |                                                       ^^^^
       |
       = customers.csv has "Id", "Name", "E-mail"
    "##);
    insta::assert_snapshot!(with("Id;E-mail\n1\n", JOIN, ""), @"
    error: customers.csv:2: the row has 1 cell, the header has 2; any order may need the row; nothing was sent
      hint: repair the row, or export the file anew
    ");
    let without_line_end =
        JOIN.replace("delimiter = \";\"", "delimiter = \";\", last_line_end = 'required'");
    insta::assert_snapshot!(with(CUSTOMERS.trim_end(), &without_line_end, ""), @r#"
    error: customers.csv:3: the last row ends without a line end, expected one (last_line_end = "required" in the profile); nothing was sent
      hint: the export is still being written, or was cut off; run it again when it is complete
    "#);
    insta::assert_snapshot!(with("Id;E-mail;Id\n1;a;1\n", JOIN, ""), @r#"
    error[profile]: column "Id" occurs twice
     --> customers.csv:1:1
     |
     = the profile needs exactly one for the join "customer"; it is at
       customers.csv:1:11 too
     = hint: rename or remove one in the file; which one is meant is not guessed
    "#);
    let export = EXPORT.replace("Total", "Total,customer.E-mail").replace(".00\n", ".00,a@b.com\n");
    let ran = check(&workspace(&export, CUSTOMERS), JOIN, "orders.csv");
    insta::assert_snapshot!(refusal(&ran), @r#"
    error[profile]: column "customer.E-mail" is one of the join "customer" too
     --> orders.csv:1:27
     |
     = hint: give the join another name: as = "customer_file"; which column is
             meant is not guessed
    "#);
    let column = JOIN.replace("\"Customer\"", "\"Costumer\"");
    insta::assert_snapshot!(with(CUSTOMERS, &column, ""), @r##"
    error[profile]: there is no column "Costumer" in the export
      --> shop.toml:15:18  join.on
       |
    15 | on = [{ column = "Costumer", strip_prefix = "#", to = "Id" }]
       |                  ^^^^^^^^^^
       |
       = orders.csv has "Customer", its 2nd column of 4
    "##);
}

/// The joined file is larger than the memory for it, so that it is read from disk.
#[test]
fn large_side_file_is_joined_alike() {
    let customer = |n| format!("{n};x;someone-{n}@example.com\n");
    let customers = (0..400_000).map(customer).collect::<Vec<_>>().concat();
    let row = |n| format!("N-{n},#{},2026-10-01T10:00:00Z,20.00\n", n * 977 % 400_100);
    let rows = (0..2000).map(row).collect::<Vec<_>>().concat();
    let export = format!("{EXPORT}{rows}");
    let results = ["32MB", "2GB"].map(|memory| {
        let workspace = workspace(&export, &format!("Id;Name;E-mail\n{customers}"));
        let options = format!("orders.csv --memory {memory} --events e.ndjson");
        let ran = check(&workspace, JOIN, &options);
        let events = fs::read_to_string(workspace.path("e.ndjson")).unwrap();
        (ran.text("results.ndjson"), events)
    });
    assert_eq!(results[0], results[1]);
    assert!(results[0].1.contains("someone-977@example.com"));
}

#[test]
fn errors_of_a_join_come_at_once() {
    let join = r#"
[[join]]
as = "cust omer"
file = ""
many = "any"
profile = { delimeter = ";", quote = "none", escape = "x" }
on = []
[[join]]
as = "lines"
on = [{ column = "a", date = "iso8601", to = "b" }, { column = "a" }, { value = "a", to = ["b"] }]
[[join]]
as = "lines"
on = [{ concat = ["a", "b"], to = "c" }]
"#;
    insta::assert_snapshot!(check(&workspace(EXPORT, CUSTOMERS), join, "orders.csv").err, @r#"
    error[profile]: invalid name "cust omer"
      --> shop.toml:13:6  join[1].as
       |
    13 | as = "cust omer"
       |      ^^^^^^^^^^^ expected letters, digits, _ and -, such as customer

    error[profile]: "file" is empty
      --> shop.toml:14:8  join[1].file
       |
    14 | file = ""
       |        ^^ expected the name of a file, or no key for --join

    error[profile]: unknown value "any"
      --> shop.toml:15:8  join[1].many
       |
    15 | many = "any"
       |        ^^^^^ expected "refuse", "first", "all"

    error[profile]: unknown key "delimeter"
      --> shop.toml:16:13  join[1].profile
       |
    16 | profile = { delimeter = ";", quote = "none", escape = "x" }
       |             ^^^^^^^^^ meant "delimiter"?

    error[profile]: without effect: quotes are data (quote = "none")
      --> shop.toml:16:55  join[1].profile.escape
       |
    16 | profile = { delimeter = ";", quote = "none", escape = "x" }
       |                                                       ^^^

    error[profile]: invalid escape "x"
      --> shop.toml:16:55  join[1].profile.escape
       |
    16 | profile = { delimeter = ";", quote = "none", escape = "x" }
       |                                                       ^^^
       |
       = expected one ASCII character; a backslash is "\\" or '\'

    error[profile]: "on" is empty
      --> shop.toml:17:6  join[1].on
       |
    17 | on = []
       |      ^^ expected the key: [{ column = "customer_id", to = "id" }]

    error[profile]: "date" is not for the key of a join, which is compared as a text
      --> shop.toml:20:30  join[2].on[1].date
       |
    20 | on = [{ column = "a", date = "iso8601", to = "b" }, { column = "a" }, {…
       |                              ^^^^^^^^^

    error[profile]: the key "to" is missing
      --> shop.toml:20:53  join[2].on[2]
       |
    20 | …e = "iso8601", to = "b" }, { column = "a" }, { value = "a", to = ["b"]…
       |                             ^^^^^^^^^^^^^^^^
       |
       = expected a part of the key: { column = "customer_id", to = "id" }

    error[profile]: "to" is no column
      --> shop.toml:20:71  join[2].on[3]
       |
    20 | …= "iso8601", to = "b" }, { column = "a" }, { value = "a", to = ["b"] }]
       |                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = expected "id" or { column = "id" }

    error[profile]: two joins have the name "lines"
      --> shop.toml:22:6  join[3].as
       |
    22 | as = "lines"
       |      ^^^^^^^ expected another one

    error[profile]: element 1 of "on" is no column and no path
      --> shop.toml:23:7  join[3].on
       |
    23 | on = [{ concat = ["a", "b"], to = "c" }]
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = expected one of them for each part of the key

    error[profile]: the profile has no rule for guest.email or guest.id, which every order needs
     --> shop.toml

    13 errors in shop.toml. Nothing was read or sent.
    next: orderferry profiles check shop.toml
    "#);
}

/// The keys of the topic of profiles whose files have the items.
const LINES: &str = r#"[[join]]
as = "lines"
file = "lines.csv"
on = [{ column = "Order", to = "Order" }]
items = true

[item]
name = { column = "lines.Name" }
quantity = { column = "lines.Qty" }
price = { column = "lines.Price" }
productId = { concat = ["Customer", "lines.Name"], separator = "/" }
"#;

const GUEST: &str = "[guest]\nemail.value = 'a@example.com'\n";

fn check_lines(export: &str, lines: &str, keys: &str, options: &str) -> RunResult {
    let workspace = Workspace::with("orders.csv", export);
    workspace.file("lines.csv", lines);
    let command = format!("orders.csv {options}");
    check(&workspace, &format!("{LINES}{GUEST}{keys}"), command.trim_end())
}

const LINES_FILE: &str = "Order,Name,Qty,Price\n\
                          A,Mug,1,4.00\n\
                          B,Jug,2,10.00\n\
                          A,Cup,2,3.00\n\
                          C,Pot,1,1.00\n";

/// The names of the events' items and their products.
fn items(ran: &RunResult, workspace_file: &str) -> String {
    let events = fs::read_to_string(ran.path(format!("../{workspace_file}"))).unwrap();
    let events = events.lines().filter(|line| line.contains("ORDER_CHECKOUT"));
    let lines = events.map(|line| line.split_once("\"orderItems\":").unwrap().1.to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn topic_has_the_tested_example_of_items() {
    assert!(include_str!("../../../src/cli/help/profile.md").contains(LINES));
}

#[test]
fn rows_of_a_side_file_are_items() {
    let ran = check_lines(EXPORT, LINES_FILE, "", "--events e.ndjson");
    assert_eq!(ran.code, 0, "{}", ran.err);
    insta::assert_snapshot!(items(&ran, "e.ndjson"), @r##"
    [{"price":4.00,"name":"Mug","productId":"#1/Mug","quantity":1},{"price":3.00,"name":"Cup","productId":"#1/Cup","quantity":2}]}}
    [{"price":10.00,"name":"Jug","productId":"#2/Jug","quantity":2}]}}
    "##);
}

#[test]
fn rows_with_one_key_share_their_items() {
    let rows: Vec<_> = EXPORT.lines().collect();
    let export = [rows[0], rows[1], rows[2], rows[1]].join("\n") + "\n";
    let ran = check_lines(&export, LINES_FILE, "", "");
    assert_eq!((ran.code, ran.summary()["items"].as_u64()), (0, Some(3)), "{}", ran.err);
}

#[test]
fn problems_of_items_are_in_the_side_file() {
    let lines = LINES_FILE.replace("10.00", "1O.00").replace("A,Cup,2,3.00", "A,,,");
    let ran = check_lines(EXPORT, &lines, "", "");
    let problems = ran.results().into_iter().map(|result| result["problems"].to_string());
    insta::assert_snapshot!(problems.collect::<Vec<_>>().join("\n"), @r#"
    [{"code":"item_empty","column":null,"column_name":null,"field":null,"file":"lines.csv","line":4,"message":"the item has no value that the profile reads; item_rows says which elements are items","severity":"error"},{"code":"total_differs","column":27,"column_name":"Total","field":"price","file":"orders.csv","line":2,"message":"the items add up to 4.00, the order's price is 10.00","severity":"warning"}]
    [{"code":"number_unreadable","column":9,"column_name":"lines.Price","field":"item.price","file":"lines.csv","line":3,"message":"\"1O.00\" is not a decimal number such as 1234.50","severity":"error"}]
    "#);
}

/// Also in lines after a cell with a line break, and without the values of people.
#[test]
fn problems_in_a_side_file_show_its_line() {
    let customers = CUSTOMERS.replace("1;Ann;", "7;\"A\nB\";a@example.com\n1;Ann;");
    let customers = customers.replace("bob@", "bob");
    let lines = LINES_FILE.replace("10.00", "1O.00");
    let ran = [
        check(&workspace(EXPORT, &customers), JOIN, "orders.csv"),
        check_lines(EXPORT, &lines, "", ""),
        check(&workspace(EXPORT, &customers), JOIN, "orders.csv --explain B"),
    ];
    let blocks = ran.iter().flat_map(|ran| ran.out.split("\n\n"));
    let shown: Vec<_> = blocks.filter(|block| block.starts_with("error[")).collect();
    insta::assert_snapshot!(shown.join("\n\n"), @r#"
    error[email_implausible]: a text cannot be an e-mail address
     --> customers.csv:6:6  order B, column customer.E-mail
      |
    6 | ***;***;b***
      |         ^^^^ "b***" has no @
      |
      = hint: correct the address in the shop
       explained by: orderferry explain email_implausible

    error[number_unreadable]: a number cannot be read
     --> lines.csv:3:9  order B, column lines.Price
      |
    3 | ***,Jug,2,1O.00
      |           ^^^^^ "1O.00" is not a decimal number such as 1234.50
      |
      = hint: declare in the profile how the export writes numbers: `decimal`,
              `thousands`, `negative`, `scale`; `strip_prefix` and `strip_suffix`
              remove a currency
       explained by: orderferry explain number_unreadable

    error[email_implausible]: a text cannot be an e-mail address
     --> customers.csv:6:6  order B, column customer.E-mail
      |
    6 | ***;***;b***
      |         ^^^^ "b***" has no @
      |
      = hint: correct the address in the shop
       explained by: orderferry explain email_implausible

    error[email_implausible]: a text cannot be an e-mail address
     --> customers.csv:6:6  order B, column customer.E-mail
      |
    6 | ***;***;b***
      |         ^^^^ "b***" has no @
      |
      = hint: correct the address in the shop
    "#);
}

#[test]
fn order_without_rows_of_items_is_invalid() {
    let ran = check_lines(EXPORT, &LINES_FILE.replace("B,", "D,"), "", "");
    insta::assert_snapshot!(outcomes(&ran), @r#"
    A valid
    B invalid no row of lines.csv has Order "B"
    "#);
}

#[test]
fn item_rows_tests_columns_of_the_side_file() {
    let keys = "[[skip]]\nreason = 'x'\nwhen = { column = 'Total', is = '10.00' }\n";
    let ran = check_lines(EXPORT, LINES_FILE, keys, "");
    insta::assert_snapshot!(outcomes(&ran), @"
    A skipped
    B valid
    ");
    let workspace = Workspace::with("orders.csv", EXPORT);
    workspace.file("lines.csv", LINES_FILE);
    let item_rows = "\nitem_rows = { column = \"lines.Name\", is_not = \"Cup\" }";
    let ran = check_with(&workspace, item_rows, &format!("{LINES}{GUEST}"), "orders.csv");
    assert_eq!(ran.summary()["items"], 2, "{}", ran.err);
}

#[test]
fn errors_of_items_in_a_side_file_come_at_once() {
    let keys = "[guest.id]\nshop.column = 'lines.Name'\n";
    let join = LINES.replace("items = true", "items = true\nmany = 'first'");
    let ran = check_lines(EXPORT, LINES_FILE, keys, "");
    insta::assert_snapshot!(ran.err, @r#"
    error[profile]: "items" has items, of which only the rules of items can read columns
      --> shop.toml:15:9  join.items
       |
    15 | items = true
       |         ^^^^
       |
       = "lines.Name" is read by the rule of guest.id.shop; item_rows tells which
         rows of the file are items

    1 error in shop.toml. Nothing was read or sent.
    next: orderferry profiles check shop.toml
    "#);
    let skip = "[[skip]]\nreason = 'old'\nwhen = { column = 'lines.No', is = '1' }\n";
    let refunds = "[refunds]\nrows = { column = 'lines.Name', is = 'x' }\n";
    for (keys, reader) in [(skip, "the [[skip]] \"old\""), (refunds, "rows of [refunds]")] {
        let ran = check_lines(EXPORT, LINES_FILE, keys, "");
        assert!(ran.err.contains(&format!("is read by {reader}; item_rows")), "{}", ran.err);
    }
    let workspace = workspace(EXPORT, CUSTOMERS);
    let ran = check_with(&workspace, "\nitems = 'a'", &format!("{join}{GUEST}"), "orders.csv");
    insta::assert_snapshot!(ran.err, @r#"
    error[profile]: without effect: all rows of a key are items
      --> shop.toml:17:8  join.many
       |
    17 | many = 'first'
       |        ^^^^^^^

    1 error in shop.toml. Nothing was read or sent.
    next: orderferry profiles check shop.toml
    "#);
    workspace.file("lines.csv", LINES_FILE);
    let net = "[refunds]\nrows = { column = 'Total', less = 0 }\nmode = 'net'\n";
    let ran = check_with(
        &workspace,
        "\norder_price = 'sum_of_lines'",
        &format!("{LINES}{GUEST}{net}"),
        "orders.csv",
    );
    insta::assert_snapshot!(refusal(&ran), @r#"
    error[profile]: "net" takes the items of a row off its order, but each row has all items of the join "lines"
      --> shop.toml:27:8  refunds.mode
       |
    27 | mode = 'net'
       |        ^^^^^ expected "leave_out"
    "#);
}

#[test]
fn file_may_lack_an_optional_column() {
    let join = JOIN.to_owned() + "firstname = { column = \"customer.First\", optional = true }\n";
    insta::assert_snapshot!(outcomes_of(EXPORT, CUSTOMERS, &join), @"
    A valid
    B valid
    ");
}

/// Once the row or the order was left out, since nothing is no such value.
#[test]
fn unmatched_key_decides_no_condition() {
    let customers = "Id;Name;E-mail\n1;Ann;ann@example.com\n1;Anne;ann@example.com\n";
    let export = "Order,Customer,Date,Total\n\
                  A,#1,2026-10-01T10:00:00Z,10.00\n\
                  B,#2,2026-10-01T10:00:00Z,20.00\n\
                  C,,2026-10-01T10:00:00Z,30.00\n\
                  C,#2,2026-10-03T10:00:00Z,30.00\n";
    let join = without_many().replace("[guest]", "[guest.id]\nshop.column = \"Order\"\n[guest]");
    let is_not = "{ column = \"customer.Name\", is_not = \"Ann\" }";
    let not = "{ not = { column = \"customer.Name\", is = \"Ann\" } }";
    let empty = "{ column = \"customer.Name\", empty = true }";
    let skip = |when: &str| format!("\n[[skip]]\nreason = \"other\"\nwhen = {when}");
    let mut outcomes_of_rules = Vec::new();
    for rule in [
        format!("\nignore_rows = [{is_not}]"),
        format!("\nignore_rows = [{{ column = \"Total\", is = \"0\" }}, {empty}]"),
        format!("{}\nscope = \"row\"", skip(not)),
        skip(is_not),
        format!("\n[refunds]\nrows = {not}"),
    ] {
        let workspace = workspace(export, customers);
        let ran = check_with(&workspace, &rule, &join, "orders.csv");
        let results = ran.results();
        let codes = |result: &serde_json::Value| {
            let problems = result["problems"].as_array().into_iter().flatten();
            let codes: Vec<_> = problems.map(|problem| problem["code"].to_string()).collect();
            let line =
                format!("{} {} {}", result["referenceId"], result["outcome"], codes.join(" "));
            line.trim_end().to_owned()
        };
        let lines: Vec<_> = results.iter().map(codes).collect();
        outcomes_of_rules.push(format!("{rule}\n{}", lines.join("\n")));
    }
    insta::assert_snapshot!(outcomes_of_rules.join("\n"), @r#"
    ignore_rows = [{ column = "customer.Name", is_not = "Ann" }]
    "A" "invalid" "join_ambiguous"
    "B" "invalid" "join_unmatched"
    "C" "invalid" "join_unmatched"

    ignore_rows = [{ column = "Total", is = "0" }, { column = "customer.Name", empty = true }]
    "A" "invalid" "join_ambiguous"
    "B" "invalid" "join_unmatched"
    "C" "invalid" "join_unmatched"

    [[skip]]
    reason = "other"
    when = { not = { column = "customer.Name", is = "Ann" } }
    scope = "row"
    "A" "invalid" "join_ambiguous"
    "B" "invalid" "join_unmatched"
    "C" "invalid" "join_unmatched"

    [[skip]]
    reason = "other"
    when = { column = "customer.Name", is_not = "Ann" }
    "A" "invalid" "join_ambiguous"
    "B" "invalid" "join_unmatched"
    "C" "skipped"

    [refunds]
    rows = { not = { column = "customer.Name", is = "Ann" } }
    "A" "invalid" "join_ambiguous"
    "B" "invalid" "join_unmatched"
    "C" "invalid" "join_unmatched"
    "#);
}

#[test]
fn condition_without_the_side_row_is_not_needed() {
    let export = EXPORT.replace("#2", "#3");
    let skip = "\n[[skip]]\nreason = \"test\"\nwhen = { any = [{ column = \"customer.Name\", \
                is = \"Ann\" }, { column = \"Order\", is = \"B\" }] }";
    let ran = check_with(&workspace(&export, CUSTOMERS), skip, JOIN, "orders.csv");
    insta::assert_snapshot!(outcomes(&ran), @"
    A skipped
    B skipped
    ");
}

#[test]
fn side_file_that_is_the_input_is_named() {
    let workspace = workspace(EXPORT, CUSTOMERS);
    insta::assert_snapshot!(refusal(&check(&workspace, JOIN, "customers.csv")), @r#"
    error: customers.csv: no file is left to read, since customers.csv is that of the join "customer"
      hint: name the export, or another file for the join with --join customer=FILE
    "#);
    let named = check(&workspace, JOIN, "orders.csv --join customer=orders.csv");
    insta::assert_snapshot!(refusal(&named), @r#"
    error: orders.csv: no file is left to read, since orders.csv is that of the join "customer"
      hint: name the export, or another file for the join with --join customer=FILE
    "#);
}

#[test]
fn join_with_two_files_is_refused() {
    let workspace = workspace(EXPORT, CUSTOMERS);
    let files = "--join customer=customers.csv --join customer=more.csv";
    let ran = check(&workspace, JOIN, &format!("orders.csv {files}"));
    insta::assert_snapshot!(refusal(&ran), @r#"
    error[config]: the join "customer" has a file already
     --> --join customer=more.csv
     |
     = expected one
     = hint: several files are a pattern such as 'items-*.csv', in quotes
    "#);
}

#[test]
fn hints_of_a_side_file_are_for_its_join() {
    let refusal_of = |customers: &str, join: &str| {
        refusal(&check(&workspace(EXPORT, customers), join, "orders.csv"))
    };
    let json = "{\"Id\": \"1\", \"E-mail\": \"ann@example.com\"}\n{\"Id\": \"2\", \"E-mail\": \"bob@example.com\"}\n";
    let with_commas = JOIN.replace("delimiter = \";\"", "delimiter = \",\"");
    let refusals = [
        refusal_of("", JOIN),
        refusal_of("Id;Name;E-mail\n1;Ann\n", JOIN),
        refusal_of(json, JOIN),
        refusal_of(json, &with_commas),
    ];
    insta::assert_snapshot!(refusals.join("\n\n"), @r##"
    error: customers.csv:1: the file is empty, expected a header
      hint: a file without rows still has its header line; export it anew


    error: customers.csv:2: the row has 2 cells, the header has 3; if it lacks only empty ones at its end, ragged_rows = "pad" adds them; any order may need the row; nothing was sent
      hint: set profile = { ragged_rows = "pad" } in the [[join]] with as = "customer"


    error[profile]: there is no column "Id" in customers.csv
      --> shop.toml:15:55  join.on
       |
    15 | on = [{ column = "Customer", strip_prefix = "#", to = "Id" }]
       |                                                       ^^^^
       |
       = customers.csv has "{***@e***.com"
       = hint: the file is JSON; set profile = { format = "json" } in the [[join]]
               with as = "customer"

    error: customers.csv:1: the file is JSON, expected a header of CSV
      hint: set profile = { format = "json" } in the [[join]] with as = "customer"
    "##);
    let as_json = JOIN.replace("delimiter = \";\"", "format = \"json\"");
    let ran = check(&workspace(EXPORT, json), &as_json, "orders.csv");
    assert_eq!(ran.code, 0, "{}", ran.err);
}

/// The first of two rows with one key is no item, so that it needs no product.
#[test]
fn item_behind_another_row_needs_its_product() {
    let export = "Order,Date,Total,Kind,Sku\n\
                  A,2026-10-01T10:00:00Z,10.00,Tax,S9\n\
                  A,2026-10-01T10:00:00Z,10.00,Item,S9\n\
                  A,2026-10-01T10:00:00Z,10.00,Item,S1\n";
    let join = "[[join]]\nas = 'product'\nfile = 'customers.csv'\nSTEP\n[item]\n\
                name = [{ column = 'product.Name' }, { value = 'unknown' }]\nquantity.value = '1'\n\
                price.value = '10.00'\n[guest]\nemail.value = 'a@example.com'\n";
    let item_rows = "\nitem_rows = { column = \"Kind\", is = \"Item\" }";
    let outcome_of = |key: &str, products: &str| {
        let workspace = workspace(export, products);
        outcomes(&check_with(&workspace, item_rows, &join.replace("STEP", key), "orders.csv"))
    };
    let key = "on = [{ column = 'Sku', to = 'Id' }]";
    insta::assert_snapshot!(outcome_of(key, "Id,Name\nS1,Mug\n"), @r#"A invalid no row of customers.csv has Id "S9""#);
    insta::assert_snapshot!(outcome_of(key, "Id,Name\nS1,Mug\nS9,Cup\nS9,Jug\n"), @r#"A invalid several rows, customers.csv:3 and customers.csv:4, have Id "S9"; expected one, or many = "first" in the join"#);
    let split = "on = [{ column = 'Sku', values = { S1 = '1' }, to = 'Id' }]";
    insta::assert_snapshot!(outcome_of(split, "Id,Name\n1,Mug\n"), @r#"A invalid "S9" is not in the profile's values, which is the key of the join "product""#);
}

/// A blocked customer was once sent, since the file has the address in another case.
#[test]
fn kind_of_a_key_is_that_of_both_columns() {
    let export = "Order,Mail,Date,Total\nA,Ann@Example.com,2026-10-01T10:00:00Z,10.00\n";
    let customers = "E-mail,Phone,Blocked\nAnn@Example.com,0170 1234567,yes\n";
    for on in [
        "{ column = 'Mail', kind = 'email', to = 'E-mail' }",
        "{ column = 'Mail', to = { column = 'E-mail', kind = 'email' } }",
        "{ column = 'Mail', values = { 'Ann@Example.com' = '+49 170 1234567' }, to = \
         { column = 'Phone', kind = 'phone', country = 'DE' } }",
    ] {
        let join = format!(
            "[[join]]\nas = 'c'\nfile = 'customers.csv'\noptional = true\non = [{on}]\n\
             [[skip]]\nreason = 'blocked'\nwhen = {{ column = 'c.Blocked', is = 'yes' }}\n\
             [guest]\nemail.column = 'Mail'\n"
        );
        assert!(outcomes_of(export, customers, &join).starts_with("A skipped"), "{on}");
    }
}

/// Its first row was once passed over as the header that the profile replaces.
#[test]
fn row_in_the_place_of_a_header_is_missed() {
    let lines = "A,Mug,1,10.00\nA,Cup,1,3.00\nB,Jug,2,10.00\n";
    let keys = "[[join]]\nas = \"lines\"\nfile = \"lines.csv\"\nitems = true\n\
                profile = { skip_lines = 1, header = [\"Order\", \"Name\", \"Qty\", \"Price\"] }\n\
                on = [{ column = \"Order\", to = \"Order\" }]\n[item]\nname.column = \"lines.Name\"\n\
                quantity.column = \"lines.Qty\"\nprice.column = \"lines.Price\"\n\
                [guest]\nemail.value = \"a@example.com\"\n";
    let outcomes_of = |lines: &str| {
        let workspace = Workspace::with("orders.csv", EXPORT);
        workspace.file("lines.csv", lines);
        outcomes(&check(&workspace, keys, "orders.csv"))
    };
    insta::assert_snapshot!(outcomes_of(lines), @r#"
    A invalid lines.csv:1 has Order "A"; the profile passes that line over as a header (skip_lines and header)
    B valid
    "#);
    assert!(!outcomes_of(&format!("Order,Item,Number,Cost\n{lines}")).contains("invalid"));
}
