//! Screens of whole runs, as a person sees them.

use super::{
    super::super::summary::{
        InputSummary, MoneySummary,
        tests::{clean_check, run_with_everything},
    },
    *,
};
use crate::{
    model::outcome::Outcome,
    report::{TargetSummary, per_outcome::PerOutcome},
};

/// The screen, of which every line fits except commands and paths.
fn screen(summary: &Summary) -> String {
    screen_of(summary, Layout::default())
}

fn screen_of(summary: &Summary, layout: Layout) -> String {
    let folder = "orderferry-runs/20261103T081500Z-7f3a";
    let Screen { mark, text } = render(summary, Some(folder), layout);
    for line in text.lines() {
        let is_path = !line.trim().contains(' ') || line.ends_with("report.html");
        let is_copied = line.trim_start().starts_with("orderferry ") || is_path;
        assert!(is_copied || line.chars().count() <= layout.columns, "{line}");
    }
    format!("{} {text}", mark.symbol())
}

/// A send of these orders, with the same amount each.
fn send(exit_code: u8, orders: &[(Outcome, u64)], money: &[(&str, &str, u64)]) -> Summary {
    let mut counts = PerOutcome::default();
    for (outcome, n) in orders {
        counts[*outcome] = *n;
        counts.read += n;
    }
    let money = money.iter().map(|(currency, sum, n_orders)| {
        let mut sums = PerOutcome::<String>::default().map(|_| "0".to_owned());
        sums.read = (*sum).to_owned();
        sums[orders[0].0] = (*sum).to_owned();
        MoneySummary {
            currency: currency.parse().unwrap(),
            orders: *n_orders,
            sums,
            changed_difference: None,
        }
    });
    let target = TargetSummary {
        name: Some("production".to_owned()),
        base_url: "https://api-engage-eu.sitecorecloud.io".to_owned(),
        hash: "1a2b3c4d".to_owned(),
        sandbox: false,
    };
    let mut summary = Summary {
        command: "send".to_owned(),
        exit_code,
        target: Some(target),
        pos: Some("myretailsite/ireland".to_owned()),
        orders: counts,
        money: money.collect(),
        forecast: None,
        guests: 110,
        ..clean_check()
    };
    if exit_code != 2 {
        (summary.requests.total, summary.requests.retries) = (520, 3);
    }
    summary
}

#[test]
fn all_well() {
    let money = [
        ("EUR", "66293.57", 181),
        ("GBP", "24875.66", 77),
        ("JPY", "402700", 6),
        ("USD", "18243.30", 36),
    ];
    let summary = send(0, &[(Outcome::Accepted, 300)], &money);
    insta::assert_snapshot!(screen(&summary), @"
    ✓ All 300 orders are in: EUR 66,293.57, GBP 24,875.66, JPY 402,700,
      USD 18,243.30

      to        production, myretailsite/ireland
      read      orders.csv, 4,321 rows, 300 orders, 24 October to 2 November 2026
      accepted  300 orders of 110 guests, 520 requests, 3 retries, 2.3 s

      report    orderferry-runs/20261103T081500Z-7f3a/report.html
    ");
    let summary = send(0, &[(Outcome::AlreadySent, 300)], &money);
    insta::assert_snapshot!(screen(&summary).lines().next().unwrap(), @"✓ All 300 orders are in already. Nothing had to be sent.");
}

#[test]
fn one_order() {
    let summary = send(0, &[(Outcome::Accepted, 1)], &[("EUR", "-12.00", 1)]);
    insta::assert_snapshot!(screen(&summary).lines().next().unwrap(), @"✓ The order is in: EUR -12.00");
    let summary = send(3, &[(Outcome::Unknown, 1)], &[("JPY", "1200", 1)]);
    insta::assert_snapshot!(screen(&summary), @"
    ? 1 order may or may not be in. Look it up before the next run.

      to        production, myretailsite/ireland
      read      orders.csv, 4,321 rows, 1 order, 24 October to 2 November 2026
      took      2.3 s, 520 requests, 3 retries

                        orders    JPY
      unknown                1  1,200

      report    orderferry-runs/20261103T081500Z-7f3a/report.html
    ");
    // No currency, no amount.
    let mut summary = send(1, &[(Outcome::Invalid, 1)], &[]);
    summary.orders_without_amount = 1;
    insta::assert_snapshot!(screen(&summary), @"
    ! No order is in. 1 has errors.

      to        production, myretailsite/ireland
      read      orders.csv, 4,321 rows, 1 order, 24 October to 2 November 2026
      took      2.3 s, 520 requests, 3 retries

                        orders
      invalid                1
      1 order has no readable amount and is in no sum

      report    orderferry-runs/20261103T081500Z-7f3a/report.html
    ");
}

#[test]
fn narrow_terminal_has_shorter_lines() {
    for columns in [40, 60] {
        let text = screen_of(&run_with_everything().0, Layout::of_columns(columns));
        assert!(text.contains("  why\n"), "{text}");
    }
}

#[test]
fn bad_night() {
    let mut summary = run_with_everything().0;
    let cut = summary.stopped.take();
    summary.stopped = cut.map(|reason| format!("{reason}\n  hint: run it again"));
    insta::assert_snapshot!(screen(&summary), @r#"
    ? 1 order may or may not be in. Look it up before the next run. 50 more were not
      sent.

      to        production, shop
      read      2 files, 4,321 rows, 1,431 orders, 24 October to 2 November 2026
                orders.csv, 4,321 rows
                exports/more-orders.ndjson.gz, 12 rows
      took      3m 12s, 2,506 requests, 12 retries; service down 1m 50s
      ended     the deadline has passed; hint: run it again
      note      2 rows unreadable, 3 rows ignored and 1 header repeated
                the rows of 5 orders are scattered
                2 orders were sent again after an uncertain answer: repeated_after
                in the results
                30 orders too old to send without --backfill (needs_backfill);
                old_orders = "skip" leaves them out

                        orders           EUR      BHD
      in Personalize     1,051  1,260,424.50  299.970
        accepted           930  1,111,050.00  299.970
        already sent       120    148,140.00        -
        changed              1      1,234.50        -  holds +65.50
      unknown                1      1,234.50        -
      not in               379    462,937.50        -
        invalid             44     49,380.00        -
        refused              3      3,703.50        -
        failed               2      2,469.00        -
        left out           250    308,625.00        -
        not sent            80     98,760.00        -
      read               1,431  1,724,596.50  299.970
      4 orders have no readable amount and are in no sum

      why
        unknown       1  no answer in time
        refused       3  HTTP 400: no such type
        failed        2  the guest could not be identified
        changed       1  the amount is another now
        invalid      40  a number cannot be read                   number_unreadable
        invalid       1  a text cannot be an e-mail address        email_implausible
        warning       1  the items do not add up to the total          total_differs
        warning   4,321  the profile does not use a column            unknown_column
        left out    240  cancellation
        left out     10  test order

      next
        1 unknown: look them up in Personalize
          orderferry ledger list --outcome unknown --run 20261103T081500Z-7f3a

      report    orderferry-runs/20261103T081500Z-7f3a/report.html
    "#);
}

#[test]
fn dry_run() {
    insta::assert_snapshot!(screen(&clean_check()), @"
    ✓ All 1,200 orders are ready to send: EUR 12,600.00

      for       no target yet, shop; nothing was sent
      read      orders.csv, 4,321 rows, 1,200 orders, 24 October to 2 November 2026

      sending takes
        9,900 requests, 8m 15s at 20/s; with 2 % retried 8m 24s
        as several events: 50 orders, 7,210 requests; the longest takes 547
        requests, 27.4 s

      report    orderferry-runs/20261103T081500Z-7f3a/report.html
    ");
    let everything = run_with_everything().0;
    let mut summary = Summary {
        exit_code: 1,
        problems: everything.problems,
        skipped: everything.skipped,
        ..clean_check()
    };
    summary.orders[Outcome::Invalid] = 44;
    summary.orders[Outcome::Skipped] = 250;
    summary.orders.read += 294;
    insta::assert_snapshot!(screen(&summary), @"
    ! 1,200 orders are ready to send. 44 have errors and would stay behind.

      for       no target yet, shop; nothing was sent
      read      orders.csv, 4,321 rows, 1,494 orders, 24 October to 2 November 2026

                        orders        EUR
      to send            1,200  12,600.00
      invalid               44          -
      left out             250          -
      read               1,494  12,600.00

      why
        invalid      40  a number cannot be read                   number_unreadable
        invalid       1  a text cannot be an e-mail address        email_implausible
        warning       1  the items do not add up to the total          total_differs
        warning   4,321  the profile does not use a column            unknown_column
        left out    240  cancellation
        left out     10  test order

      sending takes
        9,900 requests, 8m 15s at 20/s; with 2 % retried 8m 24s
        as several events: 50 orders, 7,210 requests; the longest takes 547
        requests, 27.4 s

      report    orderferry-runs/20261103T081500Z-7f3a/report.html
    ");
}

#[test]
fn refused_before_sending() {
    let orders = [(Outcome::NotAttempted, 40), (Outcome::Invalid, 12)];
    let mut summary = send(2, &orders, &[("EUR", "1234.50", 52)]);
    insta::assert_snapshot!(screen(&summary), @"
    ✗ Nothing was sent. 12 of 52 orders have errors.

      to        production, myretailsite/ireland
      read      orders.csv, 4,321 rows, 52 orders, 24 October to 2 November 2026

                        orders       EUR
      not in                52  1,234.50
        invalid             12         -
        not sent            40  1,234.50
      read                  52  1,234.50

      report    orderferry-runs/20261103T081500Z-7f3a/report.html
    ");
    summary.exit_code = 5;
    insta::assert_snapshot!(screen(&summary).lines().next().unwrap(), @"✗ Nothing was sent: another run holds the ledger.");
}

#[test]
fn nothing_read() {
    let summary = Summary { rows: 0, orders_from: None, orders_to: None, ..send(2, &[], &[]) };
    insta::assert_snapshot!(screen(&summary), @"
    ✗ Nothing was sent.

      to        production, myretailsite/ireland
      read      orders.csv, 0 rows

      report    orderferry-runs/20261103T081500Z-7f3a/report.html
    ");
    let without_file = Summary { inputs: Vec::new(), ..summary.clone() };
    insta::assert_snapshot!(screen(&without_file).lines().next().unwrap(), @"✗ Nothing was read or sent.");
    let empty = Summary { exit_code: 0, ..summary };
    insta::assert_snapshot!(screen(&empty).lines().next().unwrap(), @"! The export has no orders.");
}

#[test]
fn stopped_early() {
    let orders = [(Outcome::Accepted, 220), (Outcome::NotAttempted, 80)];
    let summary = send(4, &orders, &[("EUR", "0.00", 220), ("USD", "18.30", 80)]);
    insta::assert_snapshot!(screen(&summary), @"
    ! Stopped early: 80 of 300 orders were not sent. Run it again to go on.

      to        production, myretailsite/ireland
      read      orders.csv, 4,321 rows, 300 orders, 24 October to 2 November 2026
      took      2.3 s, 520 requests, 3 retries

                        orders   EUR    USD
      accepted             220  0.00  18.30
      not sent              80     -      -
      read                 300  0.00  18.30

      report    orderferry-runs/20261103T081500Z-7f3a/report.html
    ");
}

#[test]
fn many_currencies() {
    let codes =
        ["AUD", "BHD", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HUF", "JPY", "KRW", "NOK"];
    let money: Vec<_> = (1..).zip(codes).map(|(n, code)| (code, "1234567.89", n)).collect();
    let orders = [(Outcome::Accepted, 70), (Outcome::Failed, 8)];
    let summary = send(1, &orders, &money);
    insta::assert_snapshot!(screen(&summary), @"
    ! 70 orders are in. 8 failed.

      to        production, myretailsite/ireland
      read      orders.csv, 4,321 rows, 78 orders, 24 October to 2 November 2026
      took      2.3 s, 520 requests, 3 retries

                        orders           NOK           KRW           JPY
      accepted              70  1,234,567.89  1,234,567.89  1,234,567.89
      failed                 8             -             -             -
      read                  78  1,234,567.89  1,234,567.89  1,234,567.89
      9 more currencies in the report

      report    orderferry-runs/20261103T081500Z-7f3a/report.html
    ");
    let summary = send(0, &[(Outcome::Accepted, 78)], &money);
    insta::assert_snapshot!(screen(&summary), @"
    ✓ All 78 orders are in: AUD 1,234,567.89, BHD 1,234,567.89, CAD 1,234,567.89,
      CHF 1,234,567.89, CZK 1,234,567.89, DKK 1,234,567.89, EUR 1,234,567.89,
      GBP 1,234,567.89, 4 more currencies

      to        production, myretailsite/ireland
      read      orders.csv, 4,321 rows, 78 orders, 24 October to 2 November 2026
      accepted  78 orders of 110 guests, 520 requests, 3 retries, 2.3 s

                        orders           NOK           KRW           JPY
      accepted              78  1,234,567.89  1,234,567.89  1,234,567.89
      9 more currencies in the report

      report    orderferry-runs/20261103T081500Z-7f3a/report.html
    ");
}

#[test]
fn changed_orders_say_what_personalize_holds() {
    let orders = [(Outcome::Changed, 23), (Outcome::Accepted, 7)];
    let mut summary = send(1, &orders, &[("GBP", "6440.65", 20), ("EUR", "145.47", 3)]);
    summary.money[0].changed_difference = Some("-74.95".to_owned());
    insta::assert_snapshot!(screen(&summary), @"
    ! 7 orders are in. 23 changed after they were accepted.

      to        production, myretailsite/ireland
      read      orders.csv, 4,321 rows, 30 orders, 24 October to 2 November 2026
      took      2.3 s, 520 requests, 3 retries

                        orders       GBP     EUR
      in Personalize        30  6,440.65  145.47
        accepted             7         -       -
        changed             23  6,440.65  145.47  holds +74.95
      read                  30  6,440.65  145.47

      report    orderferry-runs/20261103T081500Z-7f3a/report.html
    ");
}

/// A later run with the same changes exits with 0, but not all is as it should be.
#[test]
fn known_changes_are_not_in_already() {
    let money = |summary: &mut Summary| {
        summary.money[0].changed_difference = Some("-30.60".to_owned());
    };
    let mut summary = send(0, &[(Outcome::Changed, 1)], &[("EUR", "12.00", 1)]);
    (summary.requests.total, summary.requests.retries) = (0, 0);
    money(&mut summary);
    insta::assert_snapshot!(screen(&summary), @"
    ! There is nothing to send: 1 order changed, as an earlier run reported.

      to        production, myretailsite/ireland
      read      orders.csv, 4,321 rows, 1 order, 24 October to 2 November 2026
      took      2.3 s, no requests

                        orders    EUR
      changed                1  12.00  holds +30.60

      report    orderferry-runs/20261103T081500Z-7f3a/report.html
    ");
    let of = [(Outcome::AlreadySent, 4), (Outcome::Changed, 2), (Outcome::Skipped, 1)];
    let mut summary = send(0, &of, &[("EUR", "12.00", 7)]);
    let first_line = |summary: &Summary| screen(summary).lines().next().unwrap().to_owned();
    insta::assert_snapshot!(first_line(&summary), @"! 4 orders are in: EUR 12.00. 1 is left out by the profile and 2 changed, as an");
    summary.command = "check".to_owned();
    money(&mut summary);
    insta::assert_snapshot!(first_line(&summary), @"! There is nothing to send: 4 are in already, 1 is left out by the profile and 2");
    assert!(screen(&summary).contains("  holds +30.60\n"));
}

#[test]
fn inputs_are_named_up_to_a_limit() {
    let mut summary = clean_check();
    let input =
        |n| InputSummary { file: format!("orders-{n}.csv"), bytes: 10, rows: 1, sha256: None };
    summary.inputs = (0..20).map(input).collect();
    insta::assert_snapshot!(facts(&summary, Layout::default()), @"
    for       no target yet, shop; nothing was sent
    read      20 files, 4,321 rows, 1,200 orders, 24 October to 2 November 2026
              orders-0.csv, 1 row
              orders-1.csv, 1 row
              orders-2.csv, 1 row
              orders-3.csv, 1 row
              and 16 more files in the report
    ");
}
