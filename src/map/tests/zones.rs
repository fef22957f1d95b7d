//! Tests of the zone of a date in a column of its own.

use serde_json::json;

use super::rows::{bind, bind_error, csv, header, mapped, ndjson, profile, record, row};
use crate::map::{CellOwner, profile::Profile, trace};
use crate::model::{
    field::Field,
    record::{Header, Record},
    row::RowContent,
};

const RULES: &str = "order.orderedAt = { column = 'when', path = 'when', date = '%Y-%m-%d %H:%M', \
    zone = { column = 'zone', path = 'place.zone', \
             values = { 'Eastern Time' = 'America/New_York', test = { skip = 'test' } }, other = 'keep' } }";

fn error(rules: &str) -> String {
    let text =
        format!("name = 'test'\norder.referenceId = {{ column = 'id', path = 'id' }}\n{rules}");
    Profile::parse("test", &text).unwrap_err().to_string()
}

#[test]
fn date_is_in_the_zone_of_its_row() {
    let rules = profile(RULES);
    let of = |line: &str| csv(&rules, "id,when,zone", line);
    insta::assert_snapshot!(of("A,2025-07-01 12:00,Eastern Time"), @"row A: orderedAt=2025-07-01T16:00:00.000Z@3");
    insta::assert_snapshot!(of("A,2025-07-01 12:00,Europe/Berlin"), @"row A: orderedAt=2025-07-01T10:00:00.000Z@3");
    insta::assert_snapshot!(of("A,2025-07-01 12:00,-05:00"), @"row A: orderedAt=2025-07-01T17:00:00.000Z@3");
    insta::assert_snapshot!(of("A,2025-03-30 02:30,Europe/Berlin"), @r#"row A: orderedAt=2025-03-30T01:30:00.000Z@3 | timestamp_ambiguous orderedAt@3 "2025-03-30 02:30" is skipped or repeated by a clock change"#);
    insta::assert_snapshot!(of("A,2025-07-01 12:00,test"), @"row A: orderedAt!2025-07-01 12:00@3 | skip test");
    insta::assert_snapshot!(of("A,,"), @"row A:");
    let of = |zone: &str| {
        ndjson(&rules, json!({"id": "A", "place": {"zone": zone}, "when": "2025-07-01 12:00"}))
    };
    insta::assert_snapshot!(of("Eastern Time"), @"row A: orderedAt=2025-07-01T16:00:00.000Z@5");
}

#[test]
fn zone_that_is_missing_or_unknown_is_a_problem_at_its_cell() {
    let rules = profile(RULES);
    let of = |line: &str| csv(&rules, "id,when,zone", line);
    insta::assert_snapshot!(of("A,2025-07-01 12:00,"), @"row A: orderedAt!2025-07-01 12:00@3 | timestamp_unreadable orderedAt@20 the time zone of the date is missing; expected a region such as Europe/London; a default in the profile's zone is for rows without one");
    insta::assert_snapshot!(of("A,2025-07-01 12:00,Europe/Berln"), @r#"row A: orderedAt!2025-07-01 12:00@3 | timestamp_unreadable orderedAt@20 unknown time zone "Europe/Berln"; expected a region such as Europe/London, or what it means in the values of the profile's zone; did you mean "Europe/Berlin"?"#);
    insta::assert_snapshot!(of("A,2025-07-01 12:00,EST"), @r#"row A: orderedAt!2025-07-01 12:00@3 | timestamp_unreadable orderedAt@20 zone "EST" may be an offset or a region with summer time; expected a region such as Europe/London, or what it means in the values of the profile's zone"#);
    insta::assert_snapshot!(of("A,2025-07-01 12:00,Etc/GMT+5"), @r#"row A: orderedAt!2025-07-01 12:00@3 | timestamp_unreadable orderedAt@20 zone "Etc/GMT+5" is -05:00, although its sign says otherwise; expected a region such as Europe/London, or what it means in the values of the profile's zone; did you mean "-05:00"?"#);
    insta::assert_snapshot!(of("A,today,Europe/Berlin"), @r#"row A: orderedAt!today@3 | timestamp_unreadable orderedAt@3 invalid date "today"; expected the format %Y-%m-%d %H:%M"#);
    let listed = profile(&RULES.replace(", other = 'keep'", ""));
    insta::assert_snapshot!(csv(&listed, "id,when,zone", "A,2025-07-01 12:00,Eastern"), @r#"row A: orderedAt!2025-07-01 12:00@3 | value_not_in_table orderedAt@20 "Eastern" is not in the profile's values"#);
    let value = json!({"id": "A", "when": "2025-07-01 12:00"});
    insta::assert_snapshot!(ndjson(&rules, value), @"row A: orderedAt!2025-07-01 12:00@3 | timestamp_unreadable orderedAt@- the time zone of the date is missing; expected a region such as Europe/London; a default in the profile's zone is for rows without one");
    let value = json!({"id": "A", "place": {"zone": {"x": 1}}, "when": "2025-07-01 12:00"});
    insta::assert_snapshot!(ndjson(&rules, value), @"row A: orderedAt!2025-07-01 12:00@6 | not_a_scalar orderedAt@4 an object where a single value is expected");
}

/// What needs no zone, and what the profile declares.
#[test]
fn date_without_a_zone_may_be_read() {
    let rules = profile(
        "nulls = ['-']\norder.orderedAt = { column = 'when', date = ['iso8601', '%Y-%m-%d'], time = '12:00', \
         zone = { column = 'zone' } }",
    );
    let of = |line: &str| csv(&rules, "id,when,zone", line);
    insta::assert_snapshot!(of("A,2025-07-01T12:00:00+02:00,-"), @"row A: orderedAt=2025-07-01T10:00:00.000Z@3");
    insta::assert_snapshot!(of("A,2025-07-01,Asia/Tokyo"), @"row A: orderedAt=2025-07-01T03:00:00.000Z@3");
    insta::assert_snapshot!(of("A,2025-07-01,-"), @"row A: orderedAt!2025-07-01@3 | timestamp_unreadable orderedAt@14 the time zone of the date is missing; expected a region such as Europe/London; a default in the profile's zone is for rows without one");
    let declared = profile(
        "item.orderedAt = { concat = ['day', 'hour'], separator = ' ', date = '%Y-%m-%d %H:%M', \
         zone = { column = 'zone', default = 'Europe/Berlin' } }",
    );
    let of = |line: &str| csv(&declared, "id,day,hour,zone", line);
    insta::assert_snapshot!(of("A,2025-07-01,12:00,"), @"row A:  | item@- item.orderedAt=2025-07-01T10:00:00.000Z@3");
    insta::assert_snapshot!(of("A,2025-07-01,12:00,UTC"), @"row A:  | item@- item.orderedAt=2025-07-01T12:00:00.000Z@3");
    insta::assert_snapshot!(of("A,2025-07-01,,Mars"), @"row A:");
}

/// A row that repeats the date of the previous one has another time in another zone.
#[test]
fn repeated_date_is_mapped_if_the_zone_differs() {
    let rules = profile(RULES);
    let mapper = bind(&rules, Some("id,when,zone"));
    let row = |line, text| row(line, RowContent::Record(record(text)));
    let first = row(2, "A,2025-07-01 12:00,Asia/Tokyo");
    let n_cells = |text, previous| mapped(mapper, row(3, text), previous).cells.len();
    assert_eq!(n_cells("A,2025-07-01 12:00,Asia/Tokyo", Some(first)), 0);
    assert_eq!(n_cells("A,2025-07-01 12:00,Asia/Seoul", Some(first)), 1);
}

#[test]
fn trace_names_the_zone_of_the_row() {
    let rules = profile(RULES);
    let columns = "id,when,zone";
    let header: &Header = Box::leak(Box::new(header(columns)));
    let content = Record { header, ..record("A,2025-07-01 12:00,Eastern Time") };
    let row = row(2, RowContent::Record(content));
    let mapped = mapped(bind(&rules, Some(columns)), row, None);
    let traced = trace(&rules, CellOwner::Order, mapped.cells.get(&Field::OrderedAt).unwrap());
    insta::assert_snapshot!(format!("{} {}", traced.value, traced.steps.join("; ")), @"2025-07-01T16:00:00.000Z as %Y-%m-%d %H:%M, America/New_York to UTC");
}

#[test]
fn invalid_zone_rules_are_refused() {
    insta::assert_snapshot!(error("\
order.orderedAt = { column = 'a', path = 'b', date = '%F %R', zone = { column = 'z', values = { EST = 'EST', x = 'Europe/Lodnon' }, default = 'y', other = 'q' } }
item.orderedAt = { column = 'a', path = 'b', date = '%F', zone = { column = 'z', when = { column = 'c', is = 'd' }, date = '%F', colum = 'x' } }
order.ext.a = { column = 'a', zone = { column = 'b' } }
guest.dob = { column = 'a', date = '%F', zone = { column = 'b' } }
"), @r#"
    test:3:103: order.orderedAt.zone, value of "EST": zone "EST" may be an offset or a region with summer time; expected one of them
      hint: zone = "America/New_York", or "-05:00" all year
      test:3:114: order.orderedAt.zone, value of "x": unknown time zone "Europe/Lodnon"
        hint: did you mean "Europe/London"?
      test:3:143: order.orderedAt.zone.default: unknown time zone "y"; expected a region such as "Europe/London"
      test:3:156: order.orderedAt.zone.other: unknown time zone "q"; expected a region such as "Europe/London"
      test:4:82: item.orderedAt.zone.when: "when" is not for a zone; expected a column or path, values and a default
      test:4:124: item.orderedAt.zone.date: "date" has a date, but its field is not a timestamp
      test:4:130: item.orderedAt.zone: unknown key "colum"; meant "column"?
      test:5:11: order.ext.a: "a" has a zone, but no date
      test:6:42: guest.dob.zone: "zone" has a zone, but a date of birth is the same in every zone
    "#);
    insta::assert_snapshot!(error("order.orderedAt = { column = 'a', zone = { column = 'b' } }\nitem.orderedAt = { path = 'a', date = '%F', zone = { column = 'b' } }"), @r#"
    test:3:7: order.orderedAt.date: "date" has a zone of each row, but every date has an offset; expected none, or a format without an offset
      test:4:45: item.orderedAt.zone: "zone" is not in the same format as the value beside it; expected a column, a path or a default in the zone too
    "#);
    let rules = profile(RULES);
    insta::assert_snapshot!(bind_error(&rules, "id,when"), @r#"test:3:96: order.orderedAt.zone: there is no column "zone" in the export; orders.csv has "id", "when""#);
    insta::assert_snapshot!(bind_error(&rules, "id,when,zonee"), @r#"test:3:96: order.orderedAt.zone: there is no column "zone" in the export; orders.csv has "zonee", its 3rd column of 3"#);
}
