//! Tests of dates: formats that are refused, times that no order has, dates with two readings.

use std::fs::File;

use chrono::{DateTime, Utc};

use crate::support::workspace::{RunResult, Workspace};

/// A profile whose order dates have these `date` and `zone` keys, and `keys` of the file.
fn profile(date: &str, keys: &str) -> String {
    format!(
        "name = 'dates'\n{keys}\n[order]\nreferenceId = {{ column = 'Order' }}\n\
         orderedAt = {{ column = 'Date', {date} }}\nstatus = {{ value = 'PURCHASED' }}\n\
         currencyCode = {{ value = 'EUR' }}\nprice = {{ column = 'Total' }}\n\
         paymentType = {{ value = 'other' }}\n[guest]\nemail = {{ column = 'Email' }}\n\
         dob = {{ column = 'Born', date = '%d/%m/%Y' }}\n"
    )
}

fn export(dates: &[&str]) -> String {
    let rows = (1..).zip(dates).map(|(number, date)| {
        format!("A-{number},{date},20.5,guest{number}@example.com,24/12/1985\n")
    });
    format!("Order,Date,Total,Email,Born\n{}", rows.collect::<String>())
}

fn check(workspace: &Workspace, date: &str, dates: &[&str]) -> RunResult {
    workspace.file("dates.toml", profile(date, "")).file("orders.csv", export(dates));
    workspace.run("check orders.csv --profile dates.toml --pos x --max-invalid 100%")
}

fn ordered_at(run: &RunResult) -> Vec<String> {
    run.results().iter().map(|order| order["orderedAt"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn lossy_format_or_zone_ends_the_run() {
    let workspace = Workspace::new();
    for (date, message) in [
        ("date = '%d/%m/%Y %H:%M %Z', zone = 'Europe/Berlin'", "the zone of %Z"),
        ("date = '%d/%m/%Y %I:%M', zone = 'Europe/Berlin'", "AM or PM"),
        ("date = '%Y-%m-%dT%H:%M:%SZ', zone = 'Europe/Berlin'", "says UTC"),
        ("date = '%Y-%m-%d', zone = 'EST'", "America/New_York"),
    ] {
        let run = check(&workspace, date, &["2025-01-05"]);
        assert_eq!(run.code, 2, "{date}");
        assert!(run.err.contains(message), "{date}: {}", run.err);
    }
}

#[test]
fn unpadded_hours_are_kept() {
    let workspace = Workspace::new();
    let date = "date = '%-m/%-d/%Y %-H:%M', zone = 'Europe/Berlin'";
    let run = check(&workspace, date, &["9/6/2025 6:29", "9/16/2025 18:05"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(ordered_at(&run), ["2025-09-06T04:29:00.000Z", "2025-09-16T16:05:00.000Z"]);
}

#[test]
fn times_of_no_order_are_invalid() {
    let workspace = Workspace::new();
    let dates = ["06/09/25", "06/09/1999", "01/01/1970", "06/09/2099", "16/09/2025"];
    let run = check(&workspace, "date = '%d/%m/%Y', zone = 'UTC'", &dates);
    let codes: Vec<_> = run
        .results()
        .iter()
        .map(|order| order["problems"][0]["code"].as_str().unwrap_or("-").to_owned())
        .collect();
    let early = "timestamp_too_early";
    assert_eq!(codes, [early, early, early, "timestamp_in_future", "-"]);
    workspace.file(
        "dates.toml",
        profile("date = '%d/%m/%Y', zone = 'UTC'", "earliest_order = '1990-01-01'"),
    );
    let run = workspace.run("check orders.csv --profile dates.toml --pos x --max-invalid 100%");
    assert_eq!(run.results()[1]["outcome"], "valid");
    assert_eq!(run.results()[2]["outcome"], "invalid");
}

#[test]
fn date_with_two_readings_ends_the_run() {
    let workspace = Workspace::new();
    let date = "date = ['%d/%m/%Y', '%m/%d/%Y'], zone = 'UTC'";
    for dates in [["03/04/2025", "05/06/2025"], ["03/04/2025", "05/16/2025"]] {
        let run = check(&workspace, date, &dates);
        assert_eq!(run.code, 2);
        assert!(run.err.contains("\"03/04/2025\" as different times"), "{}", run.err);
    }
    // The whole column has only the first format.
    let run = check(&workspace, date, &["03/04/2025", "16/05/2025"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(ordered_at(&run)[0], "2025-04-03T00:00:00.000Z");
}

#[test]
fn exchanged_day_and_month_are_a_warning() {
    let workspace = Workspace::new();
    let date = "date = '%d/%m/%Y', zone = 'UTC'";
    let warnings = |dates: &[&str], exported: &str| {
        workspace.file("dates.toml", profile(date, "")).file("orders.csv", export(dates));
        let exported: DateTime<Utc> = exported.parse().unwrap();
        let file = File::options().write(true).open(workspace.path("orders.csv")).unwrap();
        file.set_modified(exported.into()).unwrap();
        let run = workspace.run("check orders.csv --profile dates.toml --pos x");
        assert_eq!(run.code, 0, "{}", run.err);
        run.summary()["problems"].to_string().matches("day_month_ambiguous").count()
    };
    let march = ["03/01/2026", "03/05/2026", "03/11/2026"];
    assert_eq!(warnings(&march, "2026-03-12T00:00:00Z"), 1);
    assert_eq!(warnings(&["01/03/2026", "11/03/2026"], "2026-03-12T00:00:00Z"), 0);
    assert_eq!(warnings(&["03/01/2026", "13/03/2026"], "2026-03-12T00:00:00Z"), 0);
}
