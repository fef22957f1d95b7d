//! Tests of what identifies orders and guests: references, identifiers, e-mail addresses.

use std::fmt::Write;

use crate::support::workspace::{ExportRow, HEADER, RunResult, Workspace};

/// A profile of a CSV file with the columns `Order,Date,Email,Id`, and these lines in addition.
fn profile(more: &str) -> String {
    format!(
        "name = 'shop'\n[order]\nreferenceId = {{ column = 'Order' }}\n\
         orderedAt = {{ column = 'Date', date = '%Y-%m-%d', zone = 'UTC' }}\n\
         status = {{ value = 'PURCHASED' }}\ncurrencyCode = {{ value = 'EUR' }}\n\
         price = {{ value = '5' }}\npaymentType = {{ value = 'other' }}\n\
         [guest]\nemail = {{ column = 'Email' }}\n{more}\n"
    )
}

/// Checks orders of one day, each with an e-mail address and an id.
fn check(profile: &str, orders: &[(&str, &str, &str)]) -> RunResult {
    let mut export = "Order,Date,Email,Id\n".to_owned();
    for (reference, email, id) in orders {
        writeln!(export, "{reference},2025-03-01,{email},{id}").unwrap();
    }
    let workspace = Workspace::with("orders.csv", export);
    workspace.file("shop.toml", profile);
    workspace.run("check orders.csv --profile shop.toml --pos x --max-invalid 100%")
}

#[test]
fn split_order_is_invalid_as_a_whole() {
    let row = |reference: &str, name: &str, price: &str| {
        ExportRow { reference, name, price, ..ExportRow::default() }.csv()
    };
    // Of the order A1 a part has another spelling; the parts may be anywhere in the export.
    let others: String = (0..50).map(|n| row(&format!("B{n}"), "Rope", "5")).collect();
    for spelling in ["A1\u{200b}", "A1\0", "\u{feff}A1", "A1.0"] {
        let parts = row("A1", "Rope", "30.60") + &others + &row(spelling, "Hook", "30.61");
        let ran = Workspace::with("orders.csv", format!("{HEADER}{parts}"))
            .run("check orders.csv --pos x --max-invalid 100%");
        let orders = &ran.summary()["orders"];
        assert_eq!((ran.code, orders["invalid"].clone()), (1, 2.into()), "{spelling:?}");
        let codes = ["invisible_characters", "spreadsheet_number"];
        let problem = &ran.results()[0]["problems"][0]["code"];
        assert_eq!(*problem, codes[usize::from(spelling == "A1.0")], "{spelling:?}");
    }
}

#[test]
fn number_with_point_zero_is_valid_alone() {
    let rows = [("17850.0", "a@x.de", ""), ("17851.0", "b@x.de", ""), ("1001", "c@x.de", "")];
    assert_eq!(check(&profile(""), &rows).code, 0);
}

#[test]
fn kind_makes_spellings_of_one_person_equal() {
    let n_guests = |more: &str, ids: [&str; 2]| {
        let ran = check(&profile(more), &[("A", "", ids[0]), ("B", "", ids[1])]);
        assert_eq!(ran.code, 0, "{} {}", ran.out, ran.err);
        ran.summary()["guests"].as_u64().unwrap()
    };
    let phones = ["+49 170 1234567", "0170-1234567"];
    let phone = "[guest.id]\nphone = { column = 'Id', kind = 'phone', country = 'DE' }";
    assert_eq!(n_guests(phone, phones), 1);
    assert_eq!(n_guests("[guest.id]\nphone = { column = 'Id' }", phones), 2);
    let addresses = ["Ann@Example.com", "ann@example.com"];
    let email = "[guest.id]\ncrm_mail = { column = 'Id', kind = 'email' }";
    assert_eq!(n_guests(email, addresses), 1);
    assert_eq!(n_guests("[guest.id]\ncrm_mail = { column = 'Id' }", addresses), 2);
    assert_eq!(n_guests("[guest.id]\nEmail = { column = 'Id' }", addresses), 1);
    let composed = ["ren\u{e9}", "rene\u{301}"];
    assert_eq!(n_guests("[guest.id]\ncrm = { column = 'Id' }", composed), 1);
}

#[test]
fn kind_that_cannot_be_is_refused() {
    for (more, message) in [
        ("[guest.id]\np = { column = 'Id', kind = 'phone' }", "country = \"GB\""),
        ("[guest.id]\np = { column = 'Id', kind = 'phone', country = 'XX' }", "not known"),
        ("[guest.id]\np = { column = 'Id', country = 'DE' }", "no kind = \"phone\""),
        ("city = { column = 'Id', kind = 'email' }", "guest.city: has kind = \"email\""),
        ("[guest.id]\np = { column = 'Id', kind = 'currency' }", "kind = \"currency\""),
    ] {
        let ran = check(&profile(more), &[]);
        assert!(ran.code == 2 && ran.err.contains(message), "{} {}", ran.code, ran.err);
    }
    let phone = "[guest.id]\nphone = { column = 'Id', kind = 'phone', country = 'DE' }";
    let ran = check(&profile(phone), &[("A", "ann@example.com", "170 1234567")]);
    let problem = &ran.results()[0]["problems"][0];
    assert_eq!((ran.code, problem["code"].clone()), (1, "phone_implausible".into()));
    assert!(!problem["message"].to_string().contains("1234567"), "{problem}");
}

#[test]
fn expiry_date_of_identifier_is_carried() {
    let order = r#"{"referenceId":"A","orderedAt":"2025-03-01T10:00:00Z","status":"PURCHASED",
        "currencyCode":"EUR","price":5,"paymentType":"other","guest":{"identifiers":
        [{"provider":"crm","id":"7","expiry_date":"2027-01-01T00:00:00Z"}]}}"#;
    let workspace = Workspace::with("orders.ndjson", order.replace('\n', ""));
    let ran = workspace.run("send orders.ndjson --pos x --sandbox --rate unlimited");
    assert_eq!(ran.code, 0, "{} {}", ran.out, ran.err);
    let bad = order.replace('\n', "").replace("2027-01-01T00:00:00Z", "soon");
    let ran = Workspace::with("orders.ndjson", bad).run("check orders.ndjson --pos x");
    assert_eq!(
        (ran.code, ran.summary()["problems"][0]["code"].clone()),
        (0, "expiry_date_left_out".into())
    );
}
