//! Tests of joins whose file is not there, which `required = false` allows.

use super::{
    csv_dialects::outcomes,
    joins::{EXPORT, RULES, refusal},
};
use crate::support::workspace::{RunResult, Workspace};

const JOIN: &str = "[[join]]\nas = 'customer'\nfile = 'customers.csv'\nrequired = false\n\
                    on = [{ column = 'Customer', to = 'Id' }]\n\
                    [guest]\ncity = { column = 'customer.City' }\n[guest.id]\nshop = { column = 'Customer' }\n";

fn workspace(join: &str) -> Workspace {
    let workspace = Workspace::with("orders.csv", EXPORT);
    workspace.file("shop.toml", format!("name = 'shop'\n{RULES}\n{join}"));
    workspace
}

fn check(workspace: &Workspace, command: &str) -> RunResult {
    workspace.run(&format!("check {command} --profile shop.toml --pos x --max-invalid 100%"))
}

fn codes(ran: &RunResult) -> String {
    let summary = ran.summary();
    let problems = summary["problems"].as_array().unwrap().iter();
    problems.map(|problem| problem["code"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn run_goes_on_without_the_file_and_says_so() {
    let workspace = workspace(JOIN);
    let ran = check(&workspace, "orders.csv");
    assert_eq!((outcomes(&ran).as_str(), ran.code), ("A valid\nB valid", 0), "{}", ran.err);
    assert_eq!(codes(&ran), "join_file_missing");
    assert!(
        ran.out.contains(r#"the join "customer" is without its file "customers.csv"#),
        "{}",
        ran.out
    );
    // One that is there is read.
    workspace.file("customers.csv", "Id,City\n#1,Galway\n");
    let ran = check(&workspace, "orders.csv");
    insta::assert_snapshot!(outcomes(&ran), @r##"
    A valid
    B invalid no row of customers.csv has Id "#2"
    "##);
    assert_eq!(codes(&ran), "join_unmatched");
}

/// As those of a row without a key, also in conditions.
#[test]
fn columns_of_no_file_are_empty() {
    let skip = "[[skip]]\nreason = 'city'\nwhen = { column = 'customer.City', WHEN }\n";
    let outcome = |when: &str, key: &str| {
        let export = EXPORT.replace("#2", key);
        let workspace = workspace(&format!("{JOIN}{}", skip.replace("WHEN", when)));
        workspace.file("orders.csv", export);
        outcomes(&check(&workspace, "orders.csv"))
    };
    for when in ["empty = true", "exists = true", "exists = false", "is_not = 'Cork'"] {
        let without_file = outcome(when, "#2");
        let of_key = {
            let workspace = workspace(&format!("{JOIN}{}", skip.replace("WHEN", when)));
            workspace.file("orders.csv", EXPORT.replace("#1", "").replace("#2", ""));
            workspace.file("customers.csv", "Id,City\n#3,Galway\n");
            outcomes(&check(&workspace, "orders.csv"))
        };
        let is_skipped = |outcomes: &str| outcomes.contains("A skipped");
        assert_eq!(is_skipped(&without_file), is_skipped(&of_key), "{when}");
    }
}

#[test]
fn orders_have_no_items_of_no_file() {
    let workspace = workspace(
        "[[join]]\nas = 'line'\nfile = 'lines-*.csv'\nrequired = false\nitems = true\n\
         on = [{ column = 'Order', to = 'Order' }]\n[item]\nname.column = 'line.Name'\n\
         price.column = 'line.Price'\n[guest.id]\nshop = { column = 'Customer' }\n",
    );
    let ran = check(&workspace, "orders.csv");
    assert_eq!(
        (outcomes(&ran).as_str(), codes(&ran)),
        ("A valid\nB valid", "join_file_missing".into())
    );
    assert!(ran.out.contains("orders have none of its"), "{}", ran.out);
    workspace.file("lines-1.csv", "Order,Name,Price\nA,Mug,10.00\nB,Jug,20.00\n");
    assert_eq!(codes(&check(&workspace, "orders.csv")), "");
}

#[test]
fn file_that_the_command_names_must_be_there() {
    let workspace = workspace(JOIN);
    let ran = check(&workspace, "orders.csv --join customer=other.csv");
    insta::assert_snapshot!(refusal(&ran), @r#"
    error: no file for the join "customer": other.csv: No such file or directory (os error 2)
      hint: give --join customer=… the name of a file that is there
    "#);
    let ran = check(&workspace, "orders.csv --join customer=");
    assert_eq!(codes(&ran), "join_file_missing");
    workspace.file(
        "shop.toml",
        format!("name = 'shop'\n{RULES}\n{}", JOIN.replace("required = false\n", "")),
    );
    insta::assert_snapshot!(refusal(&check(&workspace, "orders.csv --join customer=")), @r#"
    error: no file for the join "customer": only one with required = false in the profile may have none
      hint: give --join customer=… the name of a file that is there
    "#);
    insta::assert_snapshot!(refusal(&check(&workspace, "orders.csv")), @r#"
    error: no file for the join "customer": customers.csv: No such file or directory (os error 2)
      hint: name the file with --join customer=FILE
    "#);
}

/// Their orders would lack what the others have.
#[test]
fn rejects_do_not_lose_the_file_in_silence() {
    let workspace = workspace(JOIN);
    workspace.file("orders.csv", EXPORT.replace("20.00", "2O.00"));
    let ran = check(&workspace, "orders.csv");
    let rejects = ran.path("rejects/orders.csv");
    let rejects = rejects.to_str().unwrap();
    let again = check(&workspace, rejects);
    assert_eq!(again.code, 2, "{}", again.err);
    assert!(
        again.err.contains("an empty FILE is for rejects of a run without it"),
        "{}",
        again.err
    );
    let again = check(&workspace, &format!("{rejects} --join customer="));
    assert_eq!(outcomes(&again), "B invalid \"2O.00\" is not a decimal number such as 1234.50");
    let sent =
        workspace.run("send --sandbox orders.csv --profile shop.toml --pos x --max-invalid 100%");
    let summary = sent.summary();
    let steps = summary["next"].as_array().unwrap().iter();
    let mut commands = steps.map(|step| step["command"].as_str().unwrap());
    let command = commands.find(|command| command.contains("/rejects/")).unwrap();
    assert!(command.ends_with("--join customer="), "{command}");
}
