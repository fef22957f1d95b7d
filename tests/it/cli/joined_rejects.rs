//! Tests of what a run leaves of an order whose rows are joined to those of another file.

use super::joins::{EXPORT, RULES};
use crate::support::workspace::{RunResult, Workspace};

const JOIN: &str = "[[join]]\nas = 'line'\nfile = 'lines.csv'\n\
                    on = [{ column = 'Order', to = 'Order' }]\nitems = true\n\
                    [item]\nname.column = 'line.Name'\nprice.column = 'line.Price'\n\
                    [[join]]\nas = 'customer'\nfile = 'customers-*.csv'\n\
                    on = [{ column = 'Customer', to = 'Id' }]\n\
                    [guest]\nemail.column = 'customer.Email'\n";

fn workspace(lines: &str) -> Workspace {
    let workspace = Workspace::with("data/orders.csv", EXPORT);
    workspace.file("data/lines.csv", lines);
    workspace.file("data/customers-1.csv", "Id,Email\n#1,a@example.com\n");
    workspace.file("data/customers-2.csv", "Id,Email\n#2,b@example.com\n");
    workspace.file("shop.toml", format!("name = 'shop'\n{RULES}\n{JOIN}"));
    workspace
}

fn run(workspace: &Workspace, command: &str) -> RunResult {
    workspace.run(&format!("{command} data/orders.csv --profile shop.toml --pos x"))
}

/// The command that sends the rejects.
fn send_rejects(ran: &RunResult) -> String {
    let summary = ran.summary();
    let steps = summary["next"].as_array().unwrap().iter();
    let mut commands = steps.map(|step| step["command"].as_str().unwrap());
    commands.find(|command| command.contains("/rejects/")).unwrap().to_owned()
}

const LINES: &str = "Order,Name,Price\nA,Mug,4.00\nA,Cup,6.00\nB,Jug,2O.00\n";

#[test]
fn reasons_list_the_joined_rows() {
    let workspace = workspace(LINES);
    let ran = run(&workspace, "check");
    let reasons = ran.text("rejects/orders.csv.reasons.ndjson");
    let reason: serde_json::Value = serde_json::from_str(reasons.trim_end()).unwrap();
    insta::assert_snapshot!(reason["joined_rows"].to_string(), @r#"["data/lines.csv:4","data/customers-2.csv:2"]"#);
}

#[test]
fn printed_command_sends_rejects_with_the_joined_files() {
    let workspace = workspace(LINES);
    let ran = run(&workspace, "send --sandbox");
    assert_eq!(ran.code, 1, "{}", ran.err);
    let command = send_rejects(&ran);
    let options = command.split_once(" --").unwrap().1;
    insta::assert_snapshot!(options, @"profile shop.toml --pos x --sandbox --join line=data/lines.csv --join 'customer=data/customers-*.csv'");
    workspace.file("data/lines.csv", LINES.replace("2O.00", "20.00"));
    // No name of it has a blank.
    let sent = workspace.run(&command.replace('\'', "")["orderferry ".len()..]);
    assert_eq!(sent.code, 0, "{}", sent.err);
    assert_eq!(sent.results()[0]["referenceId"], "B");
    // The items of the other orders are of no order of the rejects; of an export they would be missed.
    let codes = |ran: &RunResult| ran.summary()["problems"].clone();
    assert_eq!(codes(&sent), serde_json::json!([]));
    workspace.file("data/export.csv", ran.text("rejects/orders.csv"));
    let export = workspace.run("check data/export.csv --profile shop.toml --pos x");
    assert_eq!(codes(&export)[0]["code"], "join_row_unused");
    // A join that is typed is repeated as it is.
    workspace.file("data/lines.csv", LINES);
    let typed = run(&workspace, "send --sandbox --join line=data/lines.csv");
    assert_eq!(send_rejects(&typed).matches("--join line=").count(), 1);
}

#[test]
fn rows_of_items_that_no_order_has_are_counted() {
    let more = "D,Pot,1.00\n,Pan,1.00\nC,Pot,1.00\nC,Pan,1.00\n";
    let lines = LINES.replace("2O.00", "20.00") + more;
    for memory in ["", " --memory 32MB"] {
        let workspace = workspace(&lines);
        let ran = run(&workspace, &format!("check{memory}"));
        assert_eq!(ran.code, 0, "{}", ran.err);
        insta::allow_duplicates! {
            insta::assert_snapshot!(ran.err.split("\n\n").next().unwrap(), @"");
        }
        assert_eq!(ran.summary()["problems"][0]["code"], "join_row_unused");
    }
    let off = workspace(&lines);
    let profile = format!("name = 'shop'\n{RULES}\n{JOIN}[severity]\njoin_row_unused = 'off'\n");
    off.file("shop.toml", profile);
    assert_eq!(run(&off, "check").summary()["problems"].as_array().unwrap().len(), 0);
}
