//! Unit tests of countries by name, and of phone numbers with the country of their row.

use serde_json::json;

use super::rows::{bind_error, csv, errors, ndjson, profile};

#[test]
fn country_becomes_its_code() {
    let rules =
        profile("guest.country = { column = 'Country', path = 'country', kind = 'country' }");
    for (text, expected) in [
        ("DE", "guest.country=DE@3"),
        ("de", "guest.country=DE@3"),
        ("DEU", "guest.country=DE@3"),
        ("United Kingdom", "guest.country=GB@3"),
        ("", ""),
    ] {
        assert_eq!(csv(&rules, "id,Country", &format!("A,{text}")), format!("row A: {expected}"));
    }
    assert_eq!(
        ndjson(&rules, json!({"id": "A", "country": "Irland"})),
        "row A: guest.country!Irland@2 | guest_attribute_left_out guest.country@2 does not match \
         the profile's rule; country is left out"
    );
    let strict = profile(
        "guest.attributes = 'strict'\nguest.country = { column = 'Country', kind = 'country', \
         values = { Deutschland = 'Germany' }, other = 'keep' }",
    );
    assert_eq!(csv(&strict, "id,Country", "A,Deutschland"), "row A: guest.country=DE@3");
    assert!(csv(&strict, "id,Country", "A,Congo").contains("unknown_country"));
}

const PHONE: &str = "guest.phone = { column = 'Phone', path = 'phone', kind = 'phone', \
                     country = { column = 'Country', path = 'country', nulls } }";

fn of_row(id: &str) -> String {
    let rules = PHONE.replace(", nulls", "").replace("guest.phone", id);
    rules.replace("path = 'phone', ", "").replace(", path = 'country'", "")
}

#[test]
fn phone_number_is_of_the_country_of_its_row() {
    let rules = profile(&PHONE.replace(", nulls", ", empty = ['-']"));
    let left_out = "does not match the profile's rule; phone is left out";
    for (line, expected) in [
        ("A,020 7946 0958,GB", "guest.phone=+442079460958@3"),
        ("A,030 123456,Germany", "guest.phone=+4930123456@3"),
        ("A,+44 20 7946 0958,", "guest.phone=+442079460958@3"),
        ("A,+44 20 7946 0958,Atlantis", "guest.phone=+442079460958@3"),
        ("A,,Atlantis", ""),
    ] {
        let found = csv(&rules, "id,Phone,Country", line);
        assert_eq!(found, format!("row A: {expected}"), "{line}");
    }
    for country in ["", "-", "Atlantis", "Aruba"] {
        let found = csv(&rules, "id,Phone,Country", &format!("A,020 7946 0958,{country}"));
        assert!(found.contains("guest_attribute_left_out guest.phone"), "{found}");
        assert!(found.ends_with(left_out), "{found}");
    }
    assert_eq!(
        ndjson(&rules, json!({"id": "A", "phone": "020 7946 0958", "country": "GBR"})),
        "row A: guest.phone=+442079460958@4"
    );
}

#[test]
fn identifier_without_a_country_is_a_problem() {
    let rules = profile(&of_row("guest.id.phone"));
    let problem = |country: &str| {
        let found = csv(&rules, "id,Phone,Country", &format!("A,020 7946 0958,{country}"));
        found.split_once(" | ").map(|(_, problem)| problem.to_owned())
    };
    assert_eq!(problem("GB"), None);
    insta::assert_snapshot!(problem("").unwrap(), @"phone_implausible guest.id.phone@17 the country of the phone number is missing; expected one, or a number with + and the calling code");
    insta::assert_snapshot!(problem("Atlantis").unwrap(), @"phone_implausible guest.id.phone@17 the country of the phone number is unknown; expected a code of ISO 3166-1 or an English name");
    insta::assert_snapshot!(problem("Aruba").unwrap(), @"phone_implausible guest.id.phone@3 a phone number without + and a calling code, of a country whose numbers are not known");
    insta::assert_snapshot!(bind_error(&rules, "id,Phone"), @r#"test:3:75: guest.id.phone.country: there is no column "Country" in the export; orders.csv has "id", "Phone""#);
}

#[test]
fn country_where_it_cannot_be_is_refused() {
    insta::assert_snapshot!(errors("guest.city = { column = 'a', kind = 'country' }\nguest.country = { column = 'a', kind = 'country', country = 'GB' }"), @r#"
    test:3:7: guest.city: "city" has kind = "country", which its values cannot be
      test:4:7: guest.country: "country" has a country, but no kind = "phone"
    "#);
    insta::assert_snapshot!(errors("guest.phone = { column = 'a', kind = 'phone', country = { column = 'b', kind = 'country', default = 'Atlantis', values = { x = 'y' } } }"), @r#"
    test:3:80: guest.phone.country.kind: "kind" is not for a country; expected a column or path, values and a default
      test:3:101: guest.phone.country.default: unknown country "Atlantis"; expected a code such as GB, or an English name
      test:3:128: guest.phone.country, value of "x": unknown country "y"; expected a code such as GB, or an English name
    "#);
    insta::assert_snapshot!(errors("guest.phone = { column = 'a', path = 'p', kind = 'phone', country = { column = 'b' } }\nguest.mobile = { column = 'a', kind = 'phone', country = 3 }"), @r#"
    test:3:59: guest.phone.country: "country" is not in the same format as the value beside it; expected a column, a path or a default in the country too
      test:4:58: guest.mobile.country: found the number 3; expected a country such as "GB", or { column = "Billing Country" }
    "#);
    insta::assert_snapshot!(errors("guest.id.'*' = { column = 'id_*', kind = 'phone', country = { column = 'b' } }"), @r#"test:3:51: guest.id.*.country: "country" is that of each row, which is not for a wildcard; expected one country"#);
    insta::assert_snapshot!(errors("key = { column = 'a', kind = 'phone', country = { column = 'b' } }\n[[join]]\nas = 'c'\nfile = 'c.csv'\non = [{ column = 'a', kind = 'phone', country = { column = 'b' }, to = 'd' }]\n[guest]\ncity = { column = 'c.city' }"), @r#"
    test:3:39: key.country: "country" is that of each row, which is not for the order key; expected one country
      test:7:39: join.on.country: "country" is that of each row, which is not for the key of a join; expected one country
    "#);
}
