//! Tests of the printed output: text or JSON, the stream, and no personal data.

use std::process::Stdio;

use crate::support::{
    process,
    workspace::{ExportRow, HEADER, Workspace, export},
};

const FILTERS: [(&str, &str); 2] =
    [(r"(?m)requests, \d+\.\d s$", "requests, SOME TIME"), (r"run-\d+", "RUN")];

#[test]
fn help_lists_all_commands() {
    let ran = Workspace::new().run("--help");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    insta::assert_snapshot!(ran.out, @r#"
    Sends an OMS's order exports to Sitecore Personalize: no order twice, none lost, all reported

    Usage: orderferry <COMMAND>

    Commands:
      check     Read, group and validate an export; send nothing
      send      Check an export, then send every valid order not sent before; run it again to resume
      init      Look at an export and write a profile for it, with what it shows, guesses and open
                questions
      ledger    List, export and settle the orders in the ledger
      profiles  List the built-in profiles, print or check one, or print the JSON Schema of all
      sandbox   Run a stand-in tenant on this machine that responds as the Stream API is documented to
      explain   Explain a problem code and how to fix what it reports; without a code, list all
      help      Print a topic of the manual or the help of a command; without a name, list the topics

    Options:
      -h, --help     Print help
      -V, --version  Print version
    "#);
}

#[test]
fn check_output() {
    let damaged = format!(
        "{}{}",
        export(&["A-1", "A-2"]),
        ExportRow { reference: "A-3", price: "x", email: "a b@c.de", ..ExportRow::default() }.csv()
    );
    let ran = Workspace::with(
        "orders.csv",
        damaged.replace("status", "state,status").replace("PURCHASED", ",PURCHASED"),
    )
    .run("check orders.csv --pos x --max-invalid 50%");
    assert_eq!(ran.code, 1);
    insta::with_settings!({filters => FILTERS.to_vec()}, {
        insta::assert_snapshot!(format!("{}---\n{}", ran.err, ran.out), @r#"
        warning: orders.csv:1:23: column "state" is unknown and ignored; did you mean "status"?
        ---
        error[number_unreadable]: a number cannot be read
         --> orders.csv:4:41  order A-3, column price
          |
        4 | …3,2025-03-01T10:00:00Z,,PURCHASED,EUR,x,other,GEAR,Rope,30.60,1,***,***
          |                                        ^
          |
          = "x" is not a decimal number such as 1234.50
          = hint: declare in the profile how the export writes numbers: `decimal`,
                  `thousands`, `negative`, `scale`; `strip_prefix` and `strip_suffix`
                  remove a currency
           explained by: orderferry explain number_unreadable

        error[email_implausible]: a text cannot be an e-mail address
         --> orders.csv:4:67  order A-3, column guest.email
          |
        4 | …-01T10:00:00Z,,PURCHASED,EUR,x,other,GEAR,Rope,30.60,1,a***@c***.de,***
          |                                                         ^^^^^^^^^^^^
          |
          = "a***@c***.de" contains whitespace
          = hint: correct the address in the shop
           explained by: orderferry explain email_implausible

        warning[content_repeated]: two orders have the same content
         --> orders.csv:3  order A-2
          |
        3 | A-2,2025-03-01T10:00:00Z,,PURCHASED,EUR,30.60,other,GEAR,Rope,30.60,1,*…
          |
          = "A-2" here and "A-1" at orders.csv:2, with the same guest, time, items and
            amounts
          = hint: look both up in the shop
           explained by: orderferry explain content_repeated

        ! 2 orders are ready to send. 1 has errors and would stay behind.

          for       no target yet, x; nothing was sent
          read      orders.csv, 3 rows, 3 orders, 1 March 2025

                            orders    EUR
          to send                2  61.20
          invalid                1      -
          read                   3  61.20
          1 order has no readable amount and is in no sum

          why
            invalid       1  a number cannot be read                   number_unreadable
            invalid       1  a text cannot be an e-mail address        email_implausible
            warning       1  two orders have the same content           content_repeated
            warning       1  the profile does not use a column            unknown_column

          sending takes
            4 requests, 0.2 s at 20/s
            2 orders are older than 30 days, the oldest of 1 March 2025: a send without
            --backfill sends nothing

          next
            1 invalid: what is wrong, and how to fix it
              orderferry explain number_unreadable
            fix the export or its profile, then check again
              orderferry check orders.csv --max-invalid 50% --pos x
            2 orders ready: try a sandbox first
              orderferry send orders.csv --sandbox --max-invalid 50% --pos x

          report    RUN/report.html
        "#);
    });
}

#[test]
fn send_output() {
    let ran = Workspace::with("orders.csv", export(&["A-1", "A-2"]))
        .run("send orders.csv --sandbox --rate unlimited --identity-pause 0s");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    insta::with_settings!({filters => FILTERS.to_vec()}, {
        insta::assert_snapshot!(ran.out, @r#"
        warning[content_repeated]: two orders have the same content
         --> orders.csv:3  order A-2
          |
        3 | A-2,2025-03-01T10:00:00Z,PURCHASED,EUR,30.60,other,GEAR,Rope,30.60,1,**…
          |
          = "A-2" here and "A-1" at orders.csv:2, with the same guest, time, items and
            amounts
          = hint: look both up in the shop
           explained by: orderferry explain content_repeated

        ✓ All 2 orders are in: EUR 61.20

          to        a sandbox of this run
          read      orders.csv, 2 rows, 2 orders, 1 March 2025
          accepted  2 orders of 1 guest, 4 requests, SOME TIME

          why
            warning       1  two orders have the same content           content_repeated

          report    RUN/report.html
        "#);
    });
}

#[test]
fn json_is_one_line_and_quiet_prints_nothing() {
    let good = Workspace::with("orders.csv", export(&["A-1"]));
    let bad = Workspace::with("orders.csv", export(&["A-1"]).replace("30.60,other", "x,other"));
    let json = good.run("check orders.csv --pos x --format json");
    assert_eq!((json.out.lines().count(), json.err.as_str()), (1, ""));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json.out).unwrap(), json.summary());
    let quiet = good.run("check orders.csv --pos x --quiet");
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
    // The summary is printed even if nothing may be sent.
    let json = bad.run("check orders.csv --pos x --max-invalid 0 --format json --quiet");
    assert_eq!(
        (
            json.code,
            serde_json::from_str::<serde_json::Value>(&json.out).unwrap()["exit_code"].as_i64()
        ),
        (2, Some(2))
    );
    assert!(
        json.err.starts_with("error: 1 of 1 orders are invalid, more than allowed"),
        "{}",
        json.err
    );
    // A quiet run prints its result if orders need attention.
    assert!(
        bad.run("check orders.csv --pos x --quiet --max-invalid 100%")
            .out
            .contains("\n! No order is ready to send. 1 has errors and would stay behind.\n")
    );
}

#[test]
fn closed_output_pipe_is_not_an_error() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let mut program = process(&workspace.path(""));
    program.args(["check", "orders.csv", "--pos", "x", "--format", "json", "--out", "run"]);
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    assert!(workspace.path("run/summary.json").exists());
}

#[test]
fn output_has_no_personal_data() {
    let header = HEADER.replace(
        "guest.lastname",
        "guest.lastname,guest.title,guest.gender,guest.dob,guest.country,guest.id.email",
    );
    let row = |reference: &str, name: &str| {
        ExportRow { reference, email: "ann smith@secretmail.com", ..ExportRow::default() }
            .csv()
            .replace("Smith\n", &format!("{name},Doktor,femme,31.12.1980,Germania,secret person\n"))
    };
    // The second row of the order conflicts with the first.
    let content = format!("{header}{}{}", row("A-1", "Winterbottom"), row("A-1", "Summerbottom"));
    for options in ["", " --format json", " --max-invalid 0"] {
        let ran = Workspace::with("orders.csv", &content).run(
            &format!("check orders.csv --pos x --max-invalid 100%{options}")
                .replace("--max-invalid 100% --max", "--max"),
        );
        assert_eq!(ran.results().len(), 1);
        let output_text =
            [ran.out.clone(), ran.err.clone(), ran.results()[0]["problems"].to_string()].concat();
        for secret in ["secret", "smith", "bottom", "1980"] {
            assert!(!output_text.contains(secret), "{secret} in {output_text}");
        }
    }
}
