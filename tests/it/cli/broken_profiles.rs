//! Tests of broken profiles and settings as a user sees them: every error at once, in the order of
//! the file, with its line and what to type.

use std::fmt::Write;

use crate::support::workspace::{Workspace, export};

/// A complete profile for [`export`]; a test breaks one of its lines.
pub(super) const PROFILE: &str = "name = 'shop'
[order]
referenceId = { column = 'referenceId' }
orderedAt = { column = 'orderedAt' }
status = { column = 'status', values = { PURCHASED = 'PURCHASED' } }
currencyCode = { column = 'currencyCode' }
price = { column = 'price' }
paymentType = { column = 'paymentType' }
[item]
type = { value = 'GEAR' }
name = { column = 'item.name' }
price = { column = 'item.price' }
quantity = { column = 'item.quantity' }
[guest]
email = { column = 'guest.email' }
";

/// What a check with a profile prints on standard error.
fn checked(profile: &str) -> String {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    workspace.file("profiles/shop.toml", profile);
    let ran = workspace.run("check orders.csv --pos x --profile profiles/shop.toml");
    assert_eq!(ran.code, if ran.err.is_empty() { 0 } else { 2 }, "{}", ran.err);
    let widest = ran.err.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{}", ran.err);
    ran.err
}

/// The profile with some texts replaced.
fn with(replaced: &[(&str, &str)]) -> String {
    replaced.iter().fold(PROFILE.to_owned(), |profile, (from, to)| {
        assert!(profile.contains(from), "{from}");
        profile.replacen(from, to, 1)
    })
}

#[test]
#[expect(clippy::too_many_lines, reason = "most of it is what is printed")]
fn broken_profiles_say_where_and_what() {
    assert_eq!(checked(PROFILE), "");
    let mut found = String::new();
    for (name, profile) in [
        ("misspelt key", with(&[("column = 'price'", "colum = 'price'")])),
        ("misspelt table", with(&[("[guest]", "[gest]")])),
        ("misspelt column", with(&[("'currencyCode'", "'currency_cod'")])),
        (
            "column of another export",
            with(&[("'item.name'", "'Lineitem name'"), ("'price'", "'Total'")]),
        ),
        ("string without an end", with(&[("'orderedAt' }", "'orderedAt }")])),
        (
            "wrong type",
            with(&[
                ("column = 'status'", "column = 5"),
                ("name = 'shop'", "name = 'shop'\nrows_adjacent = 'yes'"),
            ]),
        ),
        ("unknown word", with(&[("'paymentType' }", "'paymentType', disagree = 'frist' }")])),
        (
            "zone",
            with(&[(
                "'orderedAt' }",
                "'orderedAt', date = '%d.%m.%Y %H:%M', zone = 'Europe/Berln' }",
            )]),
        ),
        ("no key", with(&[("referenceId = { column = 'referenceId' }\n", "")])),
        (
            "rule of nothing",
            with(&[
                ("'item.quantity' }", "'item.quantity', value = '1' }"),
                ("{ value = 'GEAR' }", "{ }"),
            ]),
        ),
        (
            "conditions",
            with(&[(
                "[order]",
                "[[skip]]\nreason = 'test'\nwhen = { column = 'price', less = 'zero', raw = true }\n[order]",
            )]),
        ),
        ("semicolons", "name = 'shop';\n".to_owned() + PROFILE),
    ] {
        writeln!(found, "# {name}\n{}", checked(&profile)).unwrap();
    }
    insta::assert_snapshot!(found, @r#"
    # misspelt key
    error[profile]: unknown key "colum"
     --> profiles/shop.toml:7:11  order.price
      |
    7 | price = { colum = 'price' }
      |           ^^^^^ meant "column"?

    1 error in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml

    # misspelt table
    error[profile]: unknown key "gest"
      --> profiles/shop.toml:14:2
       |
    14 | [gest]
       |  ^^^^ meant "guest"?

    1 error in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml

    # misspelt column
    error[profile]: there is no column "currency_cod" in the export
     --> profiles/shop.toml:6:27  order.currencyCode
      |
    6 | currencyCode = { column = 'currency_cod' }
      |                           ^^^^^^^^^^^^^^
      |
      = orders.csv has "currencyCode", its 4th column of 12

    1 error in profiles/shop.toml. Nothing was sent.

    # column of another export
    error[profile]: there is no column "Total" in the export
     --> profiles/shop.toml:7:20  order.price
      |
    7 | price = { column = 'Total' }
      |                    ^^^^^^^
      |
      = orders.csv has "referenceId", "orderedAt", "status", "currencyCode",
        "price", …, 12 columns

    error[profile]: there is no column "Lineitem name" in the export
      --> profiles/shop.toml:11:19  item.name
       |
    11 | name = { column = 'Lineitem name' }
       |                   ^^^^^^^^^^^^^^^

    2 errors in profiles/shop.toml. Nothing was sent.

    # string without an end
    error[profile]: invalid literal string
     --> profiles/shop.toml:4:36
      |
    4 | orderedAt = { column = 'orderedAt }
      |                                    ^ expected '

    1 error in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml

    # wrong type
    error[profile]: found the text "yes"
     --> profiles/shop.toml:2:17  rows_adjacent
      |
    2 | rows_adjacent = 'yes'
      |                 ^^^^^ expected true or false

    error[profile]: expected a string or a list of strings
     --> profiles/shop.toml:6:21  order.status.column
      |
    6 | status = { column = 5, values = { PURCHASED = 'PURCHASED' } }
      |                     ^

    2 errors in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml

    # unknown word
    error[profile]: unknown value "frist"
     --> profiles/shop.toml:8:52  order.paymentType.disagree
      |
    8 | paymentType = { column = 'paymentType', disagree = 'frist' }
      |                                                    ^^^^^^^
      |
      = meant "first"? or "invalid", "last"

    1 error in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml

    # zone
    error[profile]: unknown time zone "Europe/Berln"
     --> profiles/shop.toml:4:69  order.orderedAt.zone
      |
    4 | … column = 'orderedAt', date = '%d.%m.%Y %H:%M', zone = 'Europe/Berln' }
      |                                                         ^^^^^^^^^^^^^^
      |
      = hint: did you mean "Europe/Berlin"?

    1 error in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml

    # no key
    error[profile]: no rule for the order key
     --> profiles/shop.toml:2:2  order.referenceId
      |
    2 | [order]
      |  ^^^^^ expected key or order.referenceId

    1 error in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml

    # rule of nothing
    error[profile]: "type" has no column, no path and no value
      --> profiles/shop.toml:10:1  item.type
       |
    10 | type = { }
       | ^^^^

    error[profile]: "quantity" has a value and a column or path
      --> profiles/shop.toml:13:1  item.quantity
       |
    13 | quantity = { column = 'item.quantity', value = '1' }
       | ^^^^^^^^ for empty cells use a default

    2 errors in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml

    # conditions
    error[profile]: invalid number "zero": not a decimal number such as 1234.50
     --> profiles/shop.toml:4:35  skip.when.less
      |
    4 | when = { column = 'price', less = 'zero', raw = true }
      |                                   ^^^^^^

    1 error in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml

    # semicolons
    error[profile]: unexpected key or value
     --> profiles/shop.toml:1:14
      |
    1 | name = 'shop';
      |              ^ expected newline, #

    1 error in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml
    "#);
}

/// None hides another one, and none is reported twice.
#[test]
fn all_errors_of_a_profile_are_in_file_order() {
    let three = with(&[
        ("column = 'orderedAt'", "column = 'orderedAt', date = '%d'"),
        ("[item]", "[itm]"),
        ("column = 'guest.email'", "column = 'guest.email', kind = 'mail'"),
    ]);
    insta::assert_snapshot!(checked(&three), @r#"
    error[profile]: date format "%d" has no whole date
     --> profiles/shop.toml:4:44  order.orderedAt.date
      |
    4 | orderedAt = { column = 'orderedAt', date = '%d' }
      |                                            ^^^^
      |
      = expected a year, a month and a day

    error[profile]: unknown key "itm"
     --> profiles/shop.toml:9:2
      |
    9 | [itm]
      |  ^^^ meant "item"?

    error[profile]: unknown value "mail"
      --> profiles/shop.toml:15:42  guest.email.kind
       |
    15 | email = { column = 'guest.email', kind = 'mail' }
       |                                          ^^^^^^
       |
       = meant "email"? or "phone", "currency", "country"

    3 errors in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml
    "#);
    let missing = with(&[
        ("'orderedAt'", "'Created at'"),
        ("'item.quantity'", "'Lineitem quantity'"),
        ("'guest.email'", "['Email', 'Mail']"),
    ]);
    insta::assert_snapshot!(checked(&missing), @r#"
    error[profile]: there is no column "Created at" in the export
     --> profiles/shop.toml:4:24  order.orderedAt
      |
    4 | orderedAt = { column = 'Created at' }
      |                        ^^^^^^^^^^^^
      |
      = orders.csv has "referenceId", "orderedAt", "status", "currencyCode",
        "price", …, 12 columns

    error[profile]: there is no column "Lineitem quantity" in the export
      --> profiles/shop.toml:13:23  item.quantity
       |
    13 | quantity = { column = 'Lineitem quantity' }
       |                       ^^^^^^^^^^^^^^^^^^^

    error[profile]: there is no column "Email" in the export
      --> profiles/shop.toml:15:21  guest.email
       |
    15 | email = { column = ['Email', 'Mail'] }
       |                     ^^^^^^^

    3 errors in profiles/shop.toml. Nothing was sent.
    "#);
}

#[test]
fn keys_of_later_versions_say_what_to_do() {
    let profile = with(&[
        ("name = 'shop'", "name = 'shop'\nextends = 'toystore'\nfill_down = ['Order']"),
        ("currencyCode = { column = 'currencyCode' }", "currencyCode = 'EUR'"),
    ]);
    insta::assert_snapshot!(checked(&profile), @r#"
    error[profile]: unknown profile "toystore"
     --> profiles/shop.toml:2:11  extends
      |
    2 | extends = 'toystore'
      |           ^^^^^^^^^^
      |
      = expected a file or a built-in profile: canonical, shopify, shopify-bulk,
        shopify-rest, matrixify, woocommerce-packed, woocommerce-wide,
        woocommerce-rest, magento-grid, magento-rest, bigcommerce, amazon, ebay,
        etsy, square, commercetools, ordercloud, salesforce-b2c

    error[profile]: found the text "EUR"
     --> profiles/shop.toml:8:16  order.currencyCode
      |
    8 | currencyCode = 'EUR'
      |                ^^^^^
      |
      = expected a rule: { column = "Total" }, { column = ["Total", "Sum"] } or {
        value = "EUR" }

    2 errors in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml
    "#);
}

#[test]
fn all_errors_of_the_settings_are_reported() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let settings =
        "tries = 'five'\n[target]\npose = 'x'\nclient_key = 5\n[targets.eu]\nmode = 'mlti'\n";
    workspace.file("orderferry.toml", settings);
    let environment = [("ORDERFERRY_TIMEOUT", "soon"), ("ORDERFERRY_RAT", "5/s")];
    let ran =
        workspace.run_with("check orders.csv --set in_flight=many --set x", &environment, b"");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    insta::assert_snapshot!(ran.err, @r#"
    error[config]: found the text "five"
     --> orderferry.toml:1:9  tries
      |
    1 | tries = 'five'
      |         ^^^^^^ expected a whole number

    error[config]: unknown key "pose"
     --> orderferry.toml:3:1  target
      |
    3 | pose = 'x'
      | ^^^^ meant "pos"?

    error[config]: invalid type
     --> orderferry.toml:4:14  target.client_key
     |
     = expected a string
     = it comes from the config file; neither --client-key nor
       ORDERFERRY_CLIENT_KEY is set
     = hint: a number is no text: put it in quotes

    error[config]: unknown value "mlti"
     --> orderferry.toml:6:8  targets.eu.mode
      |
    6 | mode = 'mlti'
      |        ^^^^^^ meant "multi"? or "single", "auto"
      |
      = it comes from the config file; neither --mode nor ORDERFERRY_MODE is set

    error[config]: --set expects KEY=VALUE
     --> --set

    error[config]: unknown key "rat"
     --> the variable ORDERFERRY_RAT
     |
     = meant "rate"?

    error[config]: invalid duration "soon"
     --> the variable ORDERFERRY_TIMEOUT
     |
     = expected for example 500ms, 30s or 10min

    error[config]: found the text "many"
     --> --set in_flight
     |
     = expected a whole number

    8 errors in the settings. Nothing was read or sent.
    next: orderferry help settings
    "#);
    let of_file = workspace.run("check orders.csv");
    let conclusion = "4 errors in orderferry.toml. Nothing was read or sent.\n\
                      next: orderferry help settings\n";
    assert!(of_file.err.ends_with(conclusion), "{}", of_file.err);
}

/// Each order with such a word would be invalid.
#[test]
fn words_that_the_target_does_not_take_are_refused() {
    let values = "values = { PURCHASED = 'PURCHASD', open = 'REFUNDED', test = 'TEST' }";
    let profile = with(&[
        ("values = { PURCHASED = 'PURCHASED' }", values),
        ("'GEAR'", "'Gear'"),
        ("[guest]", "[guest]\nattributes = 'strict'\ngender = { value = 'femal' }"),
        (
            "[order]",
            "[[skip]]\nreason = 'test'\nwhen = { column = 'status', is = 'test' }\n[order]",
        ),
    ]);
    insta::assert_snapshot!(checked(&profile), @r#"
    error[profile]: unknown status "PURCHASD"
     --> profiles/shop.toml:8:54  order.status, value of "PURCHASED"
      |
    8 | …atus', values = { PURCHASED = 'PURCHASD', open = 'REFUNDED', test = 'T…
      |                                ^^^^^^^^^^
      |
      = meant "PURCHASED"? or "PAYMENT_PENDING"

    error[profile]: unknown status "REFUNDED"
     --> profiles/shop.toml:8:73  order.status, value of "open"
      |
    8 | …values = { PURCHASED = 'PURCHASD', open = 'REFUNDED', test = 'TEST' } }
      |                                            ^^^^^^^^^^
      |
      = expected PURCHASED or PAYMENT_PENDING; mode multi sends orders with this
        status

    error[profile]: "Gear" must be written in upper case: "GEAR"
      --> profiles/shop.toml:13:18  item.type
       |
    13 | type = { value = 'Gear' }
       |                  ^^^^^^

    error[profile]: unknown gender "femal"
      --> profiles/shop.toml:19:20  guest.gender
       |
    19 | gender = { value = 'femal' }
       |                    ^^^^^^^ meant "female"? or "male", "unknown"

    4 errors in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml
    "#);
}

#[test]
fn words_of_each_kind_of_items_are_checked() {
    let kinds = "[[item]]
when = { column = 'item.name', is_not = 'Fee' }
type = { value = 'GEAR' }
status = { value = 'BOUGHT' }
price = { column = 'item.price' }
quantity = { column = 'item.quantity' }
[[item]]
when = { column = 'item.name', is = 'Fee' }
type = { value = 'Fee' }
price = { column = 'item.price' }
status = { value = 'SOLD', when = { column = 'item.price', greater = 5 } }
";
    let (before, items) = PROFILE.split_once("[item]").unwrap();
    let (_, guest) = items.split_once("[guest]").unwrap();
    let profile = format!("{before}{kinds}[guest]{guest}");
    insta::assert_snapshot!(checked(&profile), @r#"
    error[profile]: unknown status "BOUGHT"
      --> profiles/shop.toml:12:20  item[1].status
       |
    12 | status = { value = 'BOUGHT' }
       |                    ^^^^^^^^ expected PURCHASED or PAYMENT_PENDING

    error[profile]: "Fee" must be written in upper case: "FEE"
      --> profiles/shop.toml:17:18  item[2].type
       |
    17 | type = { value = 'Fee' }
       |                  ^^^^^

    2 errors in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml
    "#);
    let good = profile.replace("BOUGHT", "PURCHASED").replace("'Fee' }\nprice", "'FEE' }\nprice");
    assert_eq!(checked(&good), "");
}

/// An empty word of a required field makes each order invalid that has it.
#[test]
fn required_fields_have_no_empty_words() {
    let empty = with(&[
        ("'PURCHASED' } }", "'PURCHASED', paid = '' }, other = '' }"),
        ("{ column = 'price' }", "{ value = '' }"),
    ]);
    insta::assert_snapshot!(checked(&empty), @r#"
    error[profile]: an empty text leaves status empty, which every order needs
     --> profiles/shop.toml:5:74  order.status, value of "paid"
      |
    5 | …'status', values = { PURCHASED = 'PURCHASED', paid = '' }, other = '' }
      |                                                       ^^
      |
      = expected a value, or { skip = "reason" }

    error[profile]: an empty text leaves status empty, which every order needs
     --> profiles/shop.toml:5:88  order.status
      |
    5 | …'status', values = { PURCHASED = 'PURCHASED', paid = '' }, other = '' }
      |                                                                     ^^
      |
      = expected a value, or { skip = "reason" }

    error[profile]: an empty text leaves price empty, which every order needs
     --> profiles/shop.toml:7:19  order.price
      |
    7 | price = { value = '' }
      |                   ^^ expected a value, or { skip = "reason" }

    3 errors in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml
    "#);
    let default = empty.replace("other = ''", "default = 'PURCHASED', other = ''");
    assert_eq!(checked(&default.replace("{ value = '' }", "{ column = 'price' }")), "");
}

/// Left out of each order, such a constant would be a warning of each order.
#[test]
fn constants_about_people_are_checked_before_reading() {
    let guest = "email = { column = 'guest.email' }\ntitle = { value = 'Mrr' }\n\
                 gender = { value = 'femal' }\ncountry = { value = 'Germany' }\n\
                 dob = { value = '01.02.1990' }\n";
    let profile = with(&[("email = { column = 'guest.email' }\n", guest)]);
    let found = checked(&profile);
    let titles: Vec<_> = found.lines().filter(|line| line.starts_with("error[")).collect();
    insta::assert_snapshot!(titles.join("\n"), @r#"
    error[profile]: unknown title "Mrr"
    error[profile]: unknown gender "femal"
    error[profile]: unknown value "Germany"
    error[profile]: invalid date of birth
    "#);
    let good = guest.replace("Mrr", "Mr").replace("femal", "female").replace("Germany", "DE");
    let good = good.replace("01.02.1990", "1990-02-01");
    assert_eq!(checked(&profile.replace(guest, &good)), "");
}

/// Unless a rule has a path too, as in a copy of a profile for both formats.
#[test]
fn keys_of_documents_have_no_effect_on_columns() {
    let keys = "name = 'shop'\nitems = 'lines'\ncheckout_events = true\n";
    let profile = with(&[("name = 'shop'\n", keys)]);
    insta::assert_snapshot!(checked(&profile), @r#"
    error[profile]: without effect: no rule has a path, as in JSON
     --> profiles/shop.toml:2:9  items
      |
    2 | items = 'lines'
      |         ^^^^^^^

    error[profile]: without effect: no rule has a path, as in JSON
     --> profiles/shop.toml:3:19  checkout_events
      |
    3 | checkout_events = true
      |                   ^^^^

    2 errors in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml
    "#);
    let of_both = profile.replace("column = 'status'", "column = 'status', path = 'status'");
    assert_eq!(checked(&of_both), "");
}

/// Neither `date` nor `kind` reads a default, nor `date` a word of `values`.
#[test]
fn constants_beside_a_format_are_checked_before_reading() {
    let date = "date = '%d.%m.%Y', zone = 'UTC'";
    let rules = format!(
        "orderedAt = {{ column = 'orderedAt', {date}, default = '01.10.2026', \
         values = {{ now = '01.11.2026' }}, other = 'keep' }}\n\
         currencyCode = {{ column = 'currencyCode', kind = 'currency', default = 'Euro' }}\n"
    );
    let profile = with(&[
        ("orderedAt = { column = 'orderedAt' }\n", &rules),
        ("currencyCode = { column = 'currencyCode' }\n", ""),
        (
            "[guest]\n",
            "[guest]\ndob = { column = 'status', date = '%d.%m.%Y', default = '1.2.1990' }\n",
        ),
    ]);
    insta::assert_snapshot!(checked(&profile), @r#"
    error[profile]: invalid timestamp "01.10.2026"
     --> profiles/shop.toml:4:80  order.orderedAt
      |
    4 | …%Y', zone = 'UTC', default = '01.10.2026', values = { now = '01.11.202…
      |                               ^^^^^^^^^^^^
      |
      = expected ISO 8601 with an offset or Z

    error[profile]: invalid timestamp "01.11.2026"
     --> profiles/shop.toml:4:111  order.orderedAt, value of "now"
      |
    4 | …fault = '01.10.2026', values = { now = '01.11.2026' }, other = 'keep' }
      |                                         ^^^^^^^^^^^^
      |
      = expected ISO 8601 with an offset or Z

    error[profile]: unknown value "Euro"
     --> profiles/shop.toml:5:72  order.currencyCode
      |
    5 | …Code = { column = 'currencyCode', kind = 'currency', default = 'Euro' }
      |                                                                 ^^^^^^
      |
      = expected an ISO 4217 currency such as EUR

    error[profile]: invalid date of birth
      --> profiles/shop.toml:15:57  guest.dob
       |
    15 | dob = { column = 'status', date = '%d.%m.%Y', default = '1.2.1990' }
       |                                                         ^^^^^^^^^^
       |
       = expected YYYY-MM-DDThh:mm or YYYY-MM-DD

    4 errors in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml
    "#);
    let constant = with(&[("{ column = 'orderedAt' }", "{ value = '01.10.2026' }")]);
    assert!(checked(&constant).contains("invalid timestamp \"01.10.2026\""));
    let good = constant.replace("01.10.2026", "2026-10-01T00:00:00Z");
    assert_eq!(checked(&good), "");
}

/// By default it is left out with a warning, as that of a cell is.
#[test]
fn attributes_of_tables_are_refused_if_strict() {
    let rule = "gender = { column = 'status', values = { PURCHASED = 'divers' }, other = 'x' }\n\
                title = { columns = ['status'], table = [['PURCHASED', 'Mrr']] }\n";
    let email = "email = { column = 'guest.email' }\n";
    let lenient = with(&[(email, &format!("{email}{rule}"))]);
    assert_eq!(checked(&lenient), "");
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    workspace.file("shop.toml", &lenient);
    let summary = workspace.run("check orders.csv --pos x --profile shop.toml").summary();
    let problems = summary["problems"].as_array().unwrap();
    let codes: Vec<_> = problems.iter().map(|problem| problem["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["guest_attribute_left_out"]);
    let strict = lenient.replace("[guest]", "[guest]\nattributes = 'strict'");
    insta::assert_snapshot!(checked(&strict), @r#"
    error[profile]: unknown gender "divers"
      --> profiles/shop.toml:17:54  guest.gender, value of "PURCHASED"
       |
    17 | …= { column = 'status', values = { PURCHASED = 'divers' }, other = 'x' }
       |                                                ^^^^^^^^
       |
       = expected male, female or unknown

    error[profile]: unknown gender "x"
      --> profiles/shop.toml:17:74  guest.gender
       |
    17 | …= { column = 'status', values = { PURCHASED = 'divers' }, other = 'x' }
       |                                                                    ^^^
       |
       = expected male, female or unknown

    error[profile]: unknown title "Mrr"
      --> profiles/shop.toml:18:56  guest.title
       |
    18 | title = { columns = ['status'], table = [['PURCHASED', 'Mrr']] }
       |                                                        ^^^^^ meant "Mr"?

    3 errors in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml
    "#);
}

/// Only a word with which no order can be valid is refused.
#[test]
fn words_that_some_order_may_take_are_no_errors() {
    let values = "values = { PURCHASED = 'PURCHASED', test = 'TEST' }, other = 'OTHER'";
    let profile = with(&[
        ("values = { PURCHASED = 'PURCHASED' }", values),
        // Undocumented, but not known to be refused.
        ("'paymentType' }", "'paymentType', values = { other = 'other', cash = 'Cash' } }"),
        (
            "'currencyCode' }",
            "'currencyCode', empty = ['none'], values = { EUR = 'EUR', X = 'none' } }",
        ),
        ("[guest]", "ext.colour = { value = 'any text' }\n[guest]"),
        (
            "[order]",
            "[[skip]]\nreason = 'test'\nwhen = { column = 'status', is = 'test' }\n[order]",
        ),
    ]);
    assert_eq!(checked(&profile), "");
}

/// A name of the profile is that of all orders.
#[test]
fn names_that_the_target_refuses_are_errors() {
    let err = checked(&with(&[(
        "[item]",
        "[order.ext]\ndiscount_code = [{ column = 'item.name' }, { column = 'price' }]\n\
         key = { column = 'price' }\n'*' = { column = 'ext.*' }\n[item.ext]\nlineId = { column = 'price' }\n\
         \"größe\" = { column = 'price' }\n[item]",
    )]));
    insta::assert_snapshot!(err, @r#"
    error[profile]: "discount_code" is not alphanumeric
      --> profiles/shop.toml:10:1  order.ext.discount_code
       |
    10 | discount_code = [{ column = 'item.name' }, { column = 'price' }]
       | ^^^^^^^^^^^^^ expected letters and digits, such as "discountCode"

    error[profile]: "key" is reserved by the extension object itself
      --> profiles/shop.toml:11:1  order.ext.key
       |
    11 | key = { column = 'price' }
       | ^^^ expected another name

    error[profile]: "größe" is not alphanumeric
      --> profiles/shop.toml:15:1  item.ext.größe
       |
    15 | "größe" = { column = 'price' }
       | ^^^^^^^ expected letters and digits

    3 errors in profiles/shop.toml. Nothing was read or sent.
    next: orderferry profiles check profiles/shop.toml
    "#);
    let workspace = Workspace::with(
        "shop.toml",
        with(&[("[item]", "[order.ext]\na_b = { column = 'price' }\n[item]")]),
    );
    let ran = workspace.run("profiles check shop.toml");
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.err.contains("such as \"aB\""), "{}", ran.err);
}
