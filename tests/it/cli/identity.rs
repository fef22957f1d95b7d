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
        ExportRow { reference, price, name, ..ExportRow::default() }.csv()
    };
    // Of the order A1 a part has another spelling; the parts may be anywhere in the export.
    let others: String = (0..50).map(|n| row(&format!("B{n}"), "Rope", "5")).collect();
    for (reference, spelling) in [
        ("A1", "A1\u{200b}"),
        ("A1", "A1\0"),
        ("A1", "\u{feff}A1"),
        ("A1", "A1.0"),
        ("K\u{f6}ln-1", "Ko\u{308}ln-1"),
    ] {
        let parts = row(reference, "Rope", "30.60") + &others + &row(spelling, "Hook", "30.61");
        let ran = Workspace::with("orders.csv", format!("{HEADER}{parts}"))
            .run("check orders.csv --pos x --max-invalid 100%");
        let orders = &ran.summary()["orders"];
        assert_eq!((ran.code, orders["invalid"].clone()), (1, 2.into()), "{spelling:?}");
        let codes = ["invisible_characters", "spreadsheet_number"];
        let problem = &ran.results()[0]["problems"][0]["code"];
        assert_eq!(*problem, codes[usize::from(spelling == "A1.0")], "{spelling:?}");
    }
}

/// Both are sent as one identifier.
#[test]
fn identifiers_of_two_unicode_forms_are_equal() {
    let by_id = profile("[guest.id]\ncustomer = { column = 'Id' }");
    let rows = [("A", "", "K\u{f6}ln"), ("A", "", "Ko\u{308}ln")];
    let ran = check(&by_id, &rows);
    assert_eq!(ran.outcomes(), "A valid", "{}", ran.report());
}

/// The key that groups rows may be another column than the reference; the same rules hold for it.
#[test]
fn doubtful_key_makes_its_order_invalid() {
    let by_id = format!("key = {{ column = 'Id' }}\n{}", profile(""));
    let first_code = |ran: &RunResult| ran.results()[0]["problems"][0]["code"].clone();
    let (scientific, invisible) = ("scientific_notation", "invisible_characters");
    for (key, code) in [("1.2E17", scientific), ("7\0", invisible), ("7\u{200b}", invisible)] {
        assert_eq!(first_code(&check(&by_id, &[("A-1", "a@x.de", key)])), code, "{key:?}");
    }
    assert_eq!(check(&by_id, &[("A-1", "a@x.de", "12e17")]).code, 0);
    let document = |key: &str| {
        let order = r#""Order": "A-1", "Date": "2025-03-01", "Email": "a@x.de""#;
        let workspace = Workspace::with("orders.ndjson", format!("{{{order}, \"Id\": {key}}}\n"));
        workspace.file("shop.toml", by_id.replace("column", "path"));
        workspace.run("check orders.ndjson --profile shop.toml --pos x --max-invalid 100%")
    };
    let keys = [("12e17", scientific), ("1.2E17", scientific), (r#""7\u0000""#, invisible)];
    for (key, code) in keys {
        assert_eq!(first_code(&document(key)), code, "{key}");
    }
    for key in ["1217", "\"12e17\""] {
        assert_eq!(document(key).code, 0, "{key}");
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
        ("city = { column = 'Id', kind = 'email' }", "\"city\" has kind = \"email\""),
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
fn implausible_phone_attribute_is_left_out() {
    let phone = "phone = { column = 'Id', kind = 'phone', country = 'DE' }";
    let rows = [("A", "ann@example.com", "170 1234567")];
    let lenient = check(&profile(phone), &rows);
    assert_eq!((lenient.code, counts(&lenient, "guest_attribute_left_out")), (0, 1));
    let strict = check(&profile(&format!("attributes = 'strict'\n{phone}")), &rows);
    assert_eq!((strict.code, counts(&strict, "phone_implausible")), (1, 1), "{}", strict.err);
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

/// A profile whose guests have a name and a card number.
fn card_profile(more: &str) -> String {
    profile(&format!("{more}\n[guest.id]\nloyalty = {{ column = 'Id' }}"))
}

fn counts(ran: &RunResult, code: &str) -> u64 {
    let problems = ran.summary()["problems"].clone();
    let of_code = problems.as_array().unwrap().iter().find(|problem| problem["code"] == code);
    of_code.map_or(0, |problem| {
        problem["orders"].as_u64().unwrap().max(problem["rows"].as_u64().unwrap())
    })
}

#[test]
fn identifier_of_several_people_is_invalid() {
    // Without names, a second address is a warning, and a fourth is an error.
    let orders: Vec<_> = ["a@x.de", "b@x.de", "c@x.de", "d@x.de"].map(|email| ("A", email)).into();
    let references = ["A1", "A2", "A3", "A4"];
    let rows: Vec<_> = (0..4).map(|n| (references[n], orders[n].1, "C-1")).collect();
    let ran = check(&card_profile(""), &rows[..3]);
    assert_eq!((ran.code, counts(&ran, "several_addresses")), (0, 1), "{}", ran.out);
    assert!(ran.text("report.html").contains("3 e-mail addresses"), "{}", ran.text("report.html"));
    let ran = check(&card_profile(""), &rows);
    assert_eq!((ran.code, counts(&ran, "identifier_shared")), (1, 4), "{}", ran.out);
    let allowed = check(&card_profile("max_addresses = 4"), &rows);
    assert_eq!((allowed.code, counts(&allowed, "several_addresses")), (0, 1), "{}", allowed.err);
    let sent = check(&card_profile("shared_identifiers = 'send'"), &rows);
    assert_eq!((sent.code, counts(&sent, "several_addresses")), (0, 1), "{}", sent.err);
    // The e-mail address alone costs nothing and shows nothing.
    assert_eq!(counts(&check(&profile(""), &rows), "several_addresses"), 0);
}

/// Independent of cores and memory, and of where the orders are.
#[test]
fn shared_identifier_found_with_any_resources() {
    let mut export = "Order,Date,Email,Id,First,Last\n".to_owned();
    for n in 0..4000 {
        let id = if n % 1000 == 7 { "C-SHARED".to_owned() } else { format!("C-{}", n / 2) };
        let person = if n % 1000 == 7 { n } else { n / 2 };
        writeln!(export, "R{n},2025-03-01,g{person}@x.de,{id},First{person},Last{person}").unwrap();
    }
    let names = "firstname = { column = 'First' }\nlastname = { column = 'Last' }";
    let workspace = Workspace::with("orders.csv", &export);
    workspace.file("shop.toml", card_profile(names));
    let report = |options: &str, cores: &str| {
        let command =
            format!("check orders.csv --profile shop.toml --pos x --max-invalid 100%{options}");
        let ran = workspace.run_with(&command, &[("RAYON_NUM_THREADS", cores)], b"");
        assert_eq!((counts(&ran, "identifier_shared"), ran.code), (4, 1), "{}", ran.err);
        assert_eq!(ran.summary()["orders"]["invalid"], 4);
        (ran.text("results.ndjson"), ran.summary()["problems"].clone())
    };
    let defaults = report("", "2");
    assert!(defaults == report(" --memory 1MB", "1") && defaults == report(" --memory 1MB", "4"));
}

#[test]
fn identifier_with_and_without_point_zero_is_invalid() {
    let rows = [("A1", "a@x.de", "17850"), ("A2", "a@x.de", "17850.0"), ("A3", "c@x.de", "18.0")];
    let ran = check(&card_profile(""), &rows);
    assert_eq!(ran.outcomes(), "A1 valid, A2 invalid, A3 valid");
    assert_eq!(ran.results()[1]["problems"][0]["code"], "spreadsheet_number");
}

#[test]
fn placeholder_is_nobody() {
    let rows = [("A1", "a@x.de", "0"), ("A2", "b@x.de", "n/a"), ("A3", "c@x.de", "77")];
    let ran = check(&card_profile(""), &rows);
    assert_eq!((ran.code, counts(&ran, "placeholder_identifier")), (1, 2));
    // Padded, the two would be identifiers of one person.
    let padded = "[guest.id]\nloyalty = { column = 'Id', pad_left = { length = 6, with = '0' } }";
    let ran = check(&profile(padded), &rows);
    assert_eq!((ran.code, counts(&ran, "placeholder_identifier")), (1, 2));
    let more = "[guest.id]\nloyalty = { column = 'Id', empty = ['0', 'n/a'] }";
    let ran = check(&profile(more), &rows);
    assert_eq!((ran.code, ran.summary()["guests"].clone()), (0, 3.into()), "{}", ran.err);
}

#[test]
fn shared_identifiers_are_for_guests() {
    for (more, message) in [
        ("max_addresses = 0", "expected at least 1"),
        ("max_addresses = 2\nshared_identifiers = 'send'", "has no effect"),
        ("[contact]\nmax_addresses = 2", "\"max_addresses\" is for [guest] only"),
    ] {
        let ran = check(&profile(more), &[]);
        assert!(ran.code == 2 && ran.err.contains(message), "{} {}", ran.code, ran.err);
    }
}

/// Strangers of one customer number whose addresses are identifiers too.
#[test]
fn addresses_may_be_identifiers() {
    let order = |reference: &str, name: &str| {
        format!(
            r#"{{"referenceId":"{reference}","orderedAt":"2025-03-01T10:00:00Z","status":"PURCHASED","currencyCode":"EUR","price":5,"paymentType":"other","orderItems":[],"guest":{{"firstname":"{name}","lastname":"{name}son","identifiers":[{{"provider":"crm","id":"7"}},{{"provider":"email","id":"{name}@x.de"}}]}}}}"#
        ) + "\n"
    };
    let ran = Workspace::with("orders.ndjson", order("A1", "ann") + &order("A2", "bob"))
        .run("check orders.ndjson --pos x --max-invalid 100%");
    assert_eq!((ran.code, counts(&ran, "identifier_shared")), (1, 2), "{}", ran.out);
}
