//! Tests of the same order under another reference: respelled by a spreadsheet, or entirely
//! different.

use std::fmt::Write;

use crate::support::{
    service::{MockService, Reply},
    workspace::{ExportRow, HEADER, RunResult, Workspace},
};

fn row(reference: &str) -> String {
    ExportRow { reference, ..ExportRow::default() }.csv()
}

fn export(rows: &[String]) -> String {
    format!("{HEADER}{}", rows.concat())
}

fn check(orders: &str, options: &str) -> RunResult {
    Workspace::with("orders.csv", orders)
        .run(&format!("check orders.csv --pos x --max-invalid 100%{options}"))
}

fn send(workspace: &Workspace, service: &MockService, orders: &str, options: &str) -> RunResult {
    workspace.file("orders.csv", orders);
    let target =
        format!("--base-url {} --client-key k --pos x --max-invalid 100%", service.base_url);
    workspace.run(&format!(
        "send orders.csv {target} --rate unlimited --identity-pause 0s --backfill --set tries=2{options}"
    ))
}

fn problems(ran: &RunResult) -> String {
    let mut report_text = String::new();
    for result in ran.results() {
        write!(
            report_text,
            "{} {}",
            result["referenceId"].as_str().unwrap(),
            result["outcome"].as_str().unwrap()
        )
        .unwrap();
        for problem in result["problems"].as_array().unwrap() {
            let at = (&problem["line"], problem["message"].as_str().unwrap());
            write!(report_text, "\n  {} {} {}", problem["code"].as_str().unwrap(), at.0, at.1)
                .unwrap();
        }
        report_text.push('\n');
    }
    report_text
}

#[test]
fn respelled_duplicate_in_export_is_invalid() {
    let orders = export(&[row("000001001"), row("2"), row("1001.0"), row("#1001")]);
    let found = check(&orders, "");
    assert_eq!(found.code, 1);
    insta::assert_snapshot!(problems(&found), @r##"
    000001001 invalid
      duplicate_content 2 "000001001" here and "1001.0" in line 4, with the same guest, time and amounts: one order, its reference spelt in two ways
    2 valid
    1001.0 invalid
      duplicate_content 4 "1001.0" here and "000001001" in line 2, with the same guest, time and amounts: one order, its reference spelt in two ways
    #1001 invalid
      duplicate_content 5 "#1001" here and "000001001" in line 2, with the same guest, time and amounts: one order, its reference spelt in two ways
    "##);
    assert_eq!(found.summary()["scattered"], 0);
    let place = "--> orders.csv:2:1  order 000001001, column referenceId\n";
    assert!(found.out.contains(place) && !found.out.contains("looked at"), "{}", found.out);
    // With another price, guest or time it is another order, but for a `.0` beside the same number.
    let others = [
        ExportRow { reference: "01", ..ExportRow::default() }.csv(),
        ExportRow { reference: "1", email: "bob@example.com", ..ExportRow::default() }.csv(),
        ExportRow { reference: "1.0", price: "30.61", ..ExportRow::default() }.csv(),
        ExportRow { reference: "'1", ordered_at: "2025-03-01T10:00:01Z", ..ExportRow::default() }
            .csv(),
    ];
    let checked = check(&export(&others), "");
    assert_eq!(checked.outcomes(), "01 valid, 1 invalid, 1.0 invalid, '1 valid");
    assert!(problems(&checked).contains("spreadsheet_number 3 \"1\" here and \"1.0\" in line 4"));
    assert_eq!(check(&export(&[row("1"), row("2")]), "").summary()["orders"]["valid"], 2);
}

#[test]
fn respelled_duplicate_found_with_any_key() {
    let profile = "name = 'shop'\nkey = { column = 'id' }\n[order]\nreferenceId = { column = 'name' }\n\
                   orderedAt = { column = 'at' }\nstatus = { value = 'PURCHASED' }\ncurrencyCode = { value = 'EUR' }\n\
                   price = { column = 'total' }\npaymentType = { value = 'other' }\n[guest]\nemail = { column = 'email' }\n";
    let row =
        |id: &str, name: &str| format!("{id},{name},2025-03-01T10:00:00Z,5,ann@example.com\n");
    let orders = format!(
        "id,name,at,total,email\n{}{}{}",
        row("a", "#A-01"),
        row("b", "B"),
        row("c", "a-01")
    );
    let workspace = Workspace::with("orders.csv", orders);
    workspace.file("shop.toml", profile);
    let found = workspace.run("check orders.csv --profile shop.toml --pos x --max-invalid 100%");
    assert_eq!(found.outcomes(), "#A-01 invalid, B valid, a-01 invalid");
    assert!(
        problems(&found).contains("duplicate_content 2 \"#A-01\" here and \"a-01\" in line 4"),
        "{}",
        problems(&found)
    );
}

/// Many orders, every tenth respelled and scattered: results must not depend on cores or memory.
#[test]
fn respelled_duplicate_found_with_any_resources() {
    let line = |n: u32, reference: &str, name: &str| {
        let ordered_at = format!("2025-03-01T10:{:02}:{:02}Z", n / 60 % 60, n % 60);
        ExportRow { reference, ordered_at: &ordered_at, name, ..ExportRow::default() }.csv()
    };
    let mut rows: Vec<String> = (0..3000).map(|n| line(n, &format!("{n:08}"), "Rope")).collect();
    rows.extend((0..3000).step_by(10).map(|n| line(n, &n.to_string(), "Rope")));
    let orders = export(&rows);
    let scattered =
        orders.clone() + &rows.iter().map(|row| row.replace("Rope", "Hook")).collect::<String>();
    for orders in [orders, scattered] {
        let workspace = Workspace::with("orders.csv", &orders);
        let report_text = |options: &str, cores: &str| {
            let command = format!("check orders.csv --pos x --max-invalid 100%{options}");
            let ran = workspace.run_with(&command, &[("RAYON_NUM_THREADS", cores)], b"");
            assert_eq!(ran.summary()["orders"]["invalid"], 600, "{}", ran.err);
            ran.text("results.ndjson")
        };
        let defaults = report_text("", "2");
        assert!(
            defaults == report_text(" --memory 1MB", "1")
                && defaults == report_text(" --memory 1MB", "4")
        );
    }
}

#[test]
fn respelling_of_a_sent_order_is_invalid() {
    let silent = |reference: &str| (reference == "0002").then_some(Reply::Disconnect);
    let (workspace, service) =
        (Workspace::new(), MockService::start(move |request| silent(request.reference())));
    let later = |reference| {
        ExportRow { reference, ordered_at: "2025-03-02T10:00:00Z", ..ExportRow::default() }.csv()
    };
    assert_eq!(send(&workspace, &service, &export(&[row("000001001"), later("0002")]), "").code, 3);
    let respelt = export(&[row("1001"), later("2.0")]);
    for options in ["", " --unknown resend", " --set reused_references=send"] {
        let again = send(&workspace, &service, &respelt, options);
        assert_eq!((again.code, again.outcomes().as_str()), (1, "1001 invalid, 2.0 invalid"));
        let report_text = problems(&again);
        assert!(
            report_text.contains(
                "duplicate_content 2 \"1001\" here, but an earlier run sent \"000001001\""
            ),
            "{report_text}"
        );
    }
    let check = format!(
        "check orders.csv --pos x --max-invalid 100% --base-url {} --client-key k",
        service.base_url
    );
    assert_eq!(workspace.run(&check).outcomes(), "1001 invalid, 2.0 invalid");
    assert_eq!(service.count("ORDER_CHECKOUT"), 2);
    // An order that was not accepted may be sent under another reference.
    assert_eq!(workspace.run("ledger settle 0002 --as failed").code, 0);
    let again = send(&workspace, &service, &respelt, "");
    assert_eq!(again.outcomes(), "1001 invalid, 2.0 accepted");
}

/// The accepted order is unchanged; the other spelling is the duplicate.
#[test]
fn accepted_spelling_is_already_sent() {
    let (workspace, service) = (Workspace::new(), MockService::start(|_| None));
    assert_eq!(send(&workspace, &service, &export(&[row("000001001")]), "").code, 0);
    let both = send(&workspace, &service, &export(&[row("000001001"), row("1001")]), "");
    assert_eq!((both.code, both.outcomes().as_str()), (1, "000001001 already_sent, 1001 invalid"));
    // With other content the accepted order is changed.
    let other = |reference| ExportRow { reference, price: "31.60", ..ExportRow::default() }.csv();
    let both = send(&workspace, &service, &export(&[other("000001001"), other("1001")]), "");
    assert_eq!((both.code, both.outcomes().as_str()), (1, "000001001 changed, 1001 invalid"));
    assert_eq!(service.count("ORDER_CHECKOUT"), 1);
}

#[test]
fn equal_content_across_runs_is_a_warning() {
    let (workspace, service) = (Workspace::new(), MockService::start(|_| None));
    let of_a_day = |reference| {
        ExportRow { reference, ordered_at: "2025-03-01T00:00:00Z", ..ExportRow::default() }.csv()
    };
    assert_eq!(send(&workspace, &service, &export(&[row("A-1"), of_a_day("A-2")]), "").code, 0);
    let orders = export(&[row("B-1"), of_a_day("B-2")]);
    let stopped = send(&workspace, &service, &orders, " --limit 0");
    assert_eq!(
        (stopped.code, stopped.summary()["orders"]["not_attempted"].clone()),
        (4, 2.into()),
        "{}",
        stopped.err
    );
    let base_url = &service.base_url;
    let resumed = workspace.run(&format!(
        "send --resume run-2 --base-url {base_url} --client-key k --rate unlimited --identity-pause 0s --backfill"
    ));
    assert_eq!(resumed.code, 0, "{}", resumed.err);
    for ran in [stopped, resumed] {
        let report_text = problems(&ran);
        assert_eq!(report_text.matches("content_repeated").count(), 1, "{report_text}");
        assert!(
            report_text
                .contains("content_repeated 2 an earlier run sent \"A-1\" with the same guest"),
            "{report_text}"
        );
    }
}

/// A date without a time of day means midnight in the time zone of the export, not in UTC.
#[test]
fn date_only_times_raise_no_duplicate_warning() {
    let profile = "name = 'shop'\n[order]\nreferenceId = { column = 'id' }\n\
                   orderedAt = { column = 'at', date = ['%Y-%m-%d %H:%M', '%Y-%m-%d'], zone = 'Europe/London' }\n\
                   status = { value = 'PURCHASED' }\ncurrencyCode = { value = 'EUR' }\nprice = { value = '5' }\n\
                   paymentType = { value = 'other' }\n[guest]\nemail = { column = 'email' }\n";
    let (workspace, service) = (Workspace::new(), MockService::start(|_| None));
    workspace.file("shop.toml", profile);
    let row = |id: &str, at: &str| format!("{id},{at},ann@example.com\n");
    for (first, second, at, n_warnings) in [
        ("A", "B", "2025-07-01", 0),
        ("C", "D", "2025-07-02 00:00", 0),
        ("E", "F", "2025-07-03 00:01", 1),
    ] {
        for id in [first, second] {
            let orders = format!("id,at,email\n{}", row(id, at));
            let ran = send(&workspace, &service, &orders, " --profile shop.toml");
            let expected = if id == second { n_warnings } else { 0 };
            assert_eq!(
                (ran.code, problems(&ran).matches("content_repeated").count()),
                (0, expected),
                "{id} {}",
                ran.err
            );
        }
    }
}

/// Independent of the memory budget and the order of the rows.
#[test]
fn equal_content_in_one_export_is_a_warning() {
    let at = |time: &str, reference: &str| {
        let ordered_at = format!("2025-03-01T{time}Z");
        ExportRow { reference, ordered_at: &ordered_at, ..ExportRow::default() }.csv()
    };
    let once: String = (0..3000).fold(String::new(), |rows, n| {
        let (time, reference) = (format!("11:{:02}:{:02}.{n:03}", n / 60, n % 60), format!("C{n}"));
        rows + &at(&time, &reference)
    });
    let rows = |rows: &[String]| format!("{HEADER}{}{once}{}", rows[0], rows[1..].concat());
    let orders = rows(&[
        at("10:00:00", "A-1"),
        at("10:00:00", "B-7"),
        at("00:00:00", "D-1"),
        at("00:00:00", "D-2"),
    ]);
    // One order with scattered rows requires a second pass.
    let item = |name| {
        ExportRow {
            reference: "S-1",
            name,
            ordered_at: "2025-03-02T10:00:00Z",
            ..ExportRow::default()
        }
        .csv()
    };
    let scattered = orders.clone() + &item("Rope") + &at("12:00:00", "S-2") + &item("Hook");
    for orders in [&orders, &scattered] {
        for options in ["", " --memory 1MB"] {
            let found = check(orders, options);
            assert_eq!((found.code, found.summary()["orders"]["invalid"].clone()), (0, 0.into()));
            let repeated: Vec<_> = problem_counts(&found, "content_repeated");
            assert_eq!(repeated, [(1, 1)], "{options}");
            let page = found.text("report.html");
            let expected_message = "&#34;B-7&#34; here and &#34;A-1&#34; at orders.csv:2, with the same guest, time, items and amounts";
            assert!(page.contains(expected_message), "{page}");
        }
    }
    let service = MockService::start(|_| None);
    let workspace = Workspace::new();
    let stopped = send(&workspace, &service, &orders, " --limit 2");
    assert_eq!((stopped.code, problem_counts(&stopped, "content_repeated")), (4, vec![(1, 1)]));
    let target = format!("--base-url {} --client-key k", service.base_url);
    let resumed = workspace.run(&format!(
        "send --resume run-1 {target} --limit 2 --rate unlimited --identity-pause 0s --backfill"
    ));
    assert_eq!((resumed.code, problem_counts(&resumed, "content_repeated")), (4, vec![(1, 1)]));
    // An order that equals one of an earlier run already has the warning.
    let more = rows(&[at("10:00:00", "X-1"), at("10:00:00", "X-2")]);
    let twice = send(&workspace, &service, &more, " --limit 0");
    assert_eq!(problem_counts(&twice, "content_repeated"), [(2, 2)]);
    // Only orders to be sent are compared; these were sent.
    let again = send(&workspace, &service, &rows(&[at("10:00:00", "A-1")]), " --limit 0");
    assert_eq!(problem_counts(&again, "content_repeated"), []);
}

#[test]
fn all_repeated_contents_are_counted() {
    let many: String = (0..250).map(|n| row(&format!("R{n}X"))).collect();
    assert_eq!(
        problem_counts(&check(&format!("{HEADER}{many}"), ""), "content_repeated"),
        [(249, 249)]
    );
}

/// The numbers of orders and rows with a problem.
fn problem_counts(ran: &RunResult, code: &str) -> Vec<(u64, u64)> {
    let problems = ran.summary()["problems"].clone();
    let of_code = problems.as_array().unwrap().iter().filter(|problem| problem["code"] == code);
    of_code
        .map(|problem| (problem["orders"].as_u64().unwrap(), problem["rows"].as_u64().unwrap()))
        .collect()
}

/// The outcomes and problems of orders of several shops, whose key is that of both. The cells of a
/// row are the shop, the order and the e-mail address.
fn of_shops(reference: &str, separator: &str, rows: &[[&str; 3]]) -> String {
    let profile = format!(
        "name = \"shop\"\nkey = {{ concat = [\"Shop\", \"Order\"], separator = \"{separator}\" }}\n[order]\n\
         referenceId = {reference}\norderedAt = {{ value = \"2025-03-01T10:00:00Z\" }}\n\
         status = {{ value = \"PURCHASED\" }}\ncurrencyCode = {{ value = \"EUR\" }}\n\
         price = {{ value = \"10\" }}\npaymentType = {{ value = \"other\" }}\n\
         [guest]\nemail = {{ column = \"Email\" }}\n"
    );
    let rows: String = rows.iter().map(|row| row.join(",") + "\n").collect();
    let workspace = Workspace::with("orders.csv", format!("Shop,Order,Email\n{rows}"));
    workspace.file("shop.toml", profile);
    problems(
        &workspace
            .run("check orders.csv --profile shop.toml --pos x --channel WEB --max-invalid 100%"),
    )
}

#[test]
fn orders_of_different_parts_are_different() {
    let rows = [["a-", "b", "ann@example.com"], ["a", "-b", "bob@example.com"]];
    let reference = "{ concat = [\"Order\", \"Shop\"], separator = \"/\" }";
    insta::assert_snapshot!(of_shops(reference, "--", &rows), @"
    b/a- valid
    -b/a valid
    ");
}

#[test]
fn parts_of_a_key_are_checked_one_by_one() {
    let rows = [
        ["A", "1", "ann@example.com"],
        ["A", "1.0", "bob@example.com"],
        ["7E+10", "2", "cy@example.com"],
        ["007", "3", "dan@example.com"],
        ["7", "3", "dan@example.com"],
    ];
    let reference = "{ concat = [\"Order\", \"Shop\"], separator = \"-\" }";
    insta::assert_snapshot!(of_shops(reference, "-", &rows), @r#"
    1-A invalid
      spreadsheet_number 2 "1-A" here and "1.0-A" in line 3: one of them is what a spreadsheet or a copied cell made of the other, and the order may be split between them
    1.0-A invalid
      spreadsheet_number 3 "1.0-A" here and "1-A" in line 2: one of them is what a spreadsheet or a copied cell made of the other, and the order may be split between them
    7E+10-2 invalid
      scientific_notation 4 "7E+10": a number in scientific notation, as a spreadsheet writes long ones: its last digits are lost; export the column as text
      scientific_notation 4 order key "7E+10": a number in scientific notation, as a spreadsheet writes long ones: its last digits are lost; export the column as text
    3-007 invalid
      duplicate_content 5 "3-007" here and "3-7" in line 6, with the same guest, time and amounts: one order, its reference spelt in two ways
    3-7 invalid
      duplicate_content 6 "3-7" here and "3-007" in line 5, with the same guest, time and amounts: one order, its reference spelt in two ways
    "#);
    // A separator that may be a part of a reference hides where a part ends.
    let reference = "{ concat = [\"Order\", \"Shop\"], separator = \"x\" }";
    insta::assert_snapshot!(of_shops(reference, "x", &rows[..2]), @r#"
    1xA valid
    Ax1.0 invalid
      spreadsheet_number 3 "1.0": a number with the .0 of a spreadsheet, which the joined text hides; join with a separator that is no letter, digit or point, such as "-"
    "#);
    // The parts are those of the key alone.
    insta::assert_snapshot!(of_shops("{ column = \"Email\" }", "-", &rows[2..3]), @r#"
    cy@example.com invalid
      scientific_notation 2 order key "7E+10": a number in scientific notation, as a spreadsheet writes long ones: its last digits are lost; export the column as text
    "#);
}

/// Of several columns of the reference it is the one that has it.
#[test]
fn reference_in_conflict_is_marked_where_it_is() {
    let profile = "name = 'shop'\nkey.column = 'id'\n[order]\nreferenceId.column = ['ref', 'alt']\n\
                   orderedAt.column = 'at'\nstatus.value = 'PURCHASED'\ncurrencyCode.value = 'EUR'\n\
                   price.value = '5'\npaymentType.value = 'other'\n[guest]\nemail.value = 'a@example.com'\n";
    let rows = "1,2025-03-01T10:00:00Z,,A-1\n2,2025-03-01T10:00:00Z,a-1,\n";
    let workspace = Workspace::with("orders.csv", format!("id,at,ref,alt\n{rows}"));
    workspace.file("shop.toml", profile);
    let ran = workspace.run("check orders.csv --profile shop.toml --pos x --max-invalid 100%");
    for place in
        ["orders.csv:2:25  order A-1, column alt", "orders.csv:3:24  order a-1, column ref"]
    {
        assert!(ran.out.contains(place), "{}", ran.out);
    }
}
