//! Tests of what a run shows of orders that are not in: what happened to the first ones of each
//! reason, where they are in the export, and what to do.

use crate::support::{
    service::{MockService, Reply},
    workspace::{ExportRow, RunResult, Workspace, export, row},
};

/// The diagnostics that a run printed, without those of repeated content.
fn diagnostics(ran: &RunResult) -> String {
    let is_diagnostic = |block: &&str| block.starts_with("error[") || block.starts_with("warning[");
    let blocks = ran.out.split("\n\n").filter(is_diagnostic);
    let blocks: Vec<_> = blocks.filter(|block| !block.contains("[content_repeated]")).collect();
    blocks.join("\n\n")
}

/// A service that does not know some items, closes the connection on some orders and has errors.
fn service() -> MockService {
    MockService::start(|request| {
        let reference = request.reference();
        let refusal =
            r#"{"status":400,"message":"ann@example.com at https://t.example: no type \"GEAR\""}"#;
        match reference.split('-').next() {
            Some("R") => Some(Reply::Response(400, Vec::new(), refusal.to_owned())),
            Some("U") => Some(Reply::Disconnect),
            Some("E") => Some(Reply::status(502)),
            Some("F") => Some(Reply::status(503)),
            _ => None,
        }
    })
}

#[test]
fn orders_that_are_not_in_are_shown_by_reason() {
    let (workspace, service) = (Workspace::new(), service());
    let send = format!(
        "send orders.csv --base-url {} --client-key k --pos x --backfill --rate unlimited \
         --identity-pause 0s --set tries=2 --set down_after=100 --max-invalid 50%",
        service.base_url
    );
    workspace.file("orders.csv", export(&["C-1"]));
    let first = workspace.run(&send);
    assert_eq!(first.code, 0, "{}", first.err);

    let references = ["U-1", "R-1", "U-2", "F-1", "E-1", "U-3", "U-4", "R-2"];
    let changed = row("C-1").replace("30.60", "31.60");
    let invalid = ExportRow { reference: "I-1", price: "x", ..ExportRow::default() }.csv();
    workspace.file("orders.csv", export(&references) + &changed + &invalid);
    let ran = workspace.run(&send);
    assert_eq!(ran.code, 3, "{}", ran.err);
    let shown = diagnostics(&ran);
    assert!(!shown.contains("example.com") && !shown.contains("://"), "{shown}");
    insta::assert_snapshot!(shown, @r#"
    error[unknown]: the connection closed before an answer came
     --> orders.csv:2  order U-1
      |
    2 | U-1,2025-03-01T10:00:00Z,PURCHASED,EUR,30.60,other,GEAR,Rope,30.60,1,**…
      |
      = client error (SendRequest): connection closed before message completed

    error[unknown]: the connection closed before an answer came
     --> orders.csv:4  order U-2
      |
    4 | U-2,2025-03-01T10:00:00Z,PURCHASED,EUR,30.60,other,GEAR,Rope,30.60,1,**…
      |
      = client error (SendRequest): connection closed before message completed

    error[unknown]: the connection closed before an answer came
     --> orders.csv:7  order U-3
      |
    7 | U-3,2025-03-01T10:00:00Z,PURCHASED,EUR,30.60,other,GEAR,Rope,30.60,1,**…
      |
      = client error (SendRequest): connection closed before message completed
      = hint: look the orders up in Personalize, then settle them
              (orderferry ledger settle); until then they are held
       and 1 more order: orderferry help outcomes

    error[unknown]: an error that says nothing certain (502)
     --> orders.csv:6  order E-1
      |
    6 | E-1,2025-03-01T10:00:00Z,PURCHASED,EUR,30.60,other,GEAR,Rope,30.60,1,**…
      |
      = HTTP 502
      = hint: look the orders up in Personalize, then settle them
              (orderferry ledger settle); until then they are held
       explained by: orderferry help outcomes

    error[refused]: HTTP 400: … at … no type …
     --> orders.csv:3  order R-1
      |
    3 | R-1,2025-03-01T10:00:00Z,PURCHASED,EUR,30.60,other,GEAR,Rope,30.60,1,**…
      |

    error[refused]: HTTP 400: … at … no type …
     --> orders.csv:9  order R-2
      |
    9 | R-2,2025-03-01T10:00:00Z,PURCHASED,EUR,30.60,other,GEAR,Rope,30.60,1,**…
      |
      = hint: correct their rows in rejects/ of the run folder, and send that
              file; the whole answer is in the reasons beside it
       explained by: orderferry help outcomes

    error[failed]: the service was too busy, after all tries (503)
     --> orders.csv:5  order F-1
      |
    5 | F-1,2025-03-01T10:00:00Z,PURCHASED,EUR,30.60,other,GEAR,Rope,30.60,1,**…
      |
      = HTTP 503
      = hint: run it again: none of them is in
       explained by: orderferry help outcomes

    error[changed]: the amount is another now
      --> orders.csv:10  order C-1
       |
    10 | C-1,2025-03-01T10:00:00Z,PURCHASED,EUR,31.60,other,GEAR,Rope,31.60,1,**…
       |
       = accepted by an earlier run with other content, which cannot be updated:
         total 30.60 EUR -> 31.60 EUR; the service holds 1.00 EUR less than the
         export
       = hint: the Stream API cannot update an order: correct it in Personalize,
               then acknowledge the change (orderferry ledger settle)
       explained by: orderferry help outcomes

    error[number_unreadable]: a number cannot be read
      --> orders.csv:11:40  order I-1, column price
       |
    11 | I-1,2025-03-01T10:00:00Z,PURCHASED,EUR,x,other,GEAR,Rope,30.60,1,***,***
       |                                        ^
       |
       = "x" is not a decimal number such as 1234.50
       = hint: declare in the profile how the export writes numbers: `decimal`,
               `thousands`, `negative`, `scale`; `strip_prefix` and `strip_suffix`
               remove a currency
       explained by: orderferry explain number_unreadable
    "#);

    // A script reads the summary alone.
    let json = workspace.run(&format!("{send} --format json"));
    assert_eq!(json.out.lines().count(), 1, "{}", json.out);
    // What an earlier run left is shown too.
    let again = diagnostics(&workspace.run(&send));
    assert!(again.contains("error[unknown]: sent by an earlier run"), "{again}");
}

/// Two orders with one reference are decided once all orders are known.
#[test]
fn deferred_orders_are_shown_with_their_rows() {
    let (workspace, service) = (Workspace::new(), service());
    workspace
        .file("keyed.toml", "name = 'keyed'\nextends = 'canonical'\nkey = { column = 'key' }\n");
    let text = export(&["R-1", "R-1"]);
    let lines: Vec<_> = text.lines().collect();
    let later = lines[2].replace("2025-03-01", "2025-03-11");
    workspace.file("orders.csv", format!("{},key\n{},1\n{later},2\n", lines[0], lines[1]));
    let ran = workspace.run(&format!(
        "send orders.csv --profile keyed.toml --base-url {} --client-key k --pos x --backfill \
         --rate unlimited --identity-pause 0s --set reused_references=send",
        service.base_url
    ));
    assert_eq!(ran.code, 1, "{}", ran.err);
    insta::assert_snapshot!(diagnostics(&ran), @r#"
    error[refused]: HTTP 400: … at … no type …
     --> orders.csv:2  order R-1
      |
    2 | R-1,2025-03-01T10:00:00Z,PURCHASED,EUR,30.60,other,GEAR,Rope,30.60,1,**…
      |

    error[refused]: HTTP 400: … at … no type …
     --> orders.csv:3  order R-1
      |
    3 | R-1,2025-03-11T10:00:00Z,PURCHASED,EUR,30.60,other,GEAR,Rope,30.60,1,**…
      |
      = hint: correct their rows in rejects/ of the run folder, and send that
              file; the whole answer is in the reasons beside it
       explained by: orderferry help outcomes
    "#);
}
