//! Unit tests of dates: what profiles declare of them, in CSV and in JSON.

use serde_json::json;

use super::rows::{csv, ndjson, profile};

/// The example of a section of `orderferry help profile`.
pub(super) fn example(section: &str) -> &'static str {
    let (_, help) = include_str!("../../cli/help/profile.md").split_once(section).unwrap();
    let (_, block) = help.split_once("```toml\n").unwrap();
    block.split_once("```").unwrap().0
}

#[test]
fn example_of_dates_is_read() {
    let rules = profile(example("## Dates"));
    let of = |date| csv(&rules, "id,Sale Date", &format!("A,{date}"));
    assert_eq!(of("10-Dez-25"), "row A: orderedAt=2025-12-10T11:00:00.000Z@3");
    assert_eq!(of("46001"), "row A: orderedAt=2025-12-10T11:00:00.000Z@3");
    assert_eq!(of("46001.75"), "row A: orderedAt=2025-12-10T17:00:00.000Z@3");
}

#[test]
fn dates_may_be_numbers_of_documents() {
    let of = |date: &str, value| {
        let rules = profile(&format!("order.orderedAt = {{ path = 'at', {date} }}"));
        ndjson(&rules, json!({"at": value, "id": "A"}))
    };
    let time = "row A: orderedAt=2025-03-01T09:00:00.000Z@2";
    assert_eq!(of("date = 'epoch_ms'", json!(1_740_819_600_000_i64)), time);
    assert_eq!(of("date = ['iso8601', 'epoch']", json!("1740819600")), time);
    assert_eq!(of("date = 'excel', zone = 'UTC'", json!(45717.375)), time);
    assert!(of("date = 'epoch'", json!(1_740_819_600_000_i64)).contains("timestamp_unreadable"));
}
