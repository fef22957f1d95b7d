//! Tests of amounts: a number that can be read in two ways, or that means nothing, is never sent
//! without a word.

use crate::support::workspace::{ExportRow, HEADER, RunResult, Workspace};

/// A canonical export with one order per total.
fn totals(totals: &[&str]) -> String {
    let rows = totals.iter().enumerate().map(|(index, price)| {
        ExportRow { reference: &format!("A-{index}"), price, ..ExportRow::default() }.csv()
    });
    HEADER.to_owned() + &rows.collect::<String>()
}

fn check(export: &str) -> RunResult {
    Workspace::with("orders.csv", export)
        .run("check orders.csv --pos x --mode single --max-invalid 100%")
}

/// The outcome of each order with the codes of its problems.
fn outcomes(ran: &RunResult) -> Vec<String> {
    let codes = |result: &serde_json::Value| -> String {
        let problems = result["problems"].as_array().into_iter().flatten();
        problems.flat_map(|problem| [" ", problem["code"].as_str().unwrap()]).collect()
    };
    let outcome = |result: &serde_json::Value| result["outcome"].as_str().unwrap().to_owned();
    ran.results().iter().map(|result| outcome(result) + &codes(result)).collect()
}

#[test]
fn ambiguous_decimal_marks_of_few_totals_are_invalid() {
    let ran = check(&totals(&["250.000", "590", "1.250.000"]));
    let ambiguous = "invalid decimal_ambiguous total_differs";
    assert_eq!(
        (ran.code, outcomes(&ran)),
        (
            1,
            vec![
                ambiguous.to_owned(),
                "valid total_differs".to_owned(),
                "invalid number_unreadable".to_owned()
            ]
        )
    );
    let message = "\"250.000\" can be read in two ways: 250.000 or 250000; write decimal = \".\" in the \
                   profile, or decimal = \",\" and thousands = \".\"";
    assert_eq!(ran.results()[0]["problems"][0]["message"], message);
}

#[test]
fn ambiguous_decimal_marks_of_all_totals_end_the_run() {
    let five = ["250.000", "590", "1.250", "2.199", "75.000", "9.990"];
    let ran = check(&totals(&five));
    assert_eq!(ran.code, 2, "{}", ran.err);
    let message =
        "orders.csv:2:40: order totals can be read in two ways: \"250.000\" is 250.000 or 250000";
    assert!(ran.err.contains(message), "{}", ran.err);
    // One value anywhere in the export shows that the point is a decimal mark.
    let proved = check(&totals(&[&five[..], &["12.50"]].concat()));
    assert_eq!(proved.code, 0, "{}", proved.err);
}

/// A scattered order is one order, however many runs of rows it has.
#[test]
fn ambiguous_totals_are_counted_by_order() {
    let ran = check(&totals(&["250.000"; 4]));
    assert_eq!(ran.code, 1, "{}", ran.err);
    let scattered = totals(&["250.000"; 4]) + &totals(&["250.000"; 4])[HEADER.len()..];
    assert_eq!(check(&scattered).code, 1);
}

#[test]
fn three_decimals_of_a_currency_are_no_thousands() {
    let dinars = totals(&["250.000"; 6]).replace("EUR", "KWD");
    assert_eq!(check(&dinars).code, 0);
}

#[test]
fn json_number_has_a_decimal_point() {
    let document = |price: &str| {
        format!(
            r#"{{"referenceId":"A-1","orderedAt":"2025-03-01T10:00:00Z","status":"PURCHASED","currencyCode":"EUR","price":{price},"paymentType":"other","guest":{{"email":"ann@example.com"}}}}"#
        )
    };
    let check = |price: &str| {
        let ran = Workspace::with("orders.ndjson", document(price))
            .run("check orders.ndjson --pos x --mode single --max-invalid 100%");
        outcomes(&ran)[0].clone()
    };
    assert!(check("2.199").starts_with("valid"));
    assert!(check("\"2.199\"").starts_with("invalid decimal_ambiguous"));
}

/// The codes of the run's warnings about numbers.
fn run_warnings(ran: &RunResult) -> Vec<String> {
    let summary = ran.summary();
    let codes = summary["problems"].as_array().unwrap().iter().map(|line| line["code"].as_str());
    let of_numbers = codes.flatten().filter(|code| code.contains("decimal"));
    of_numbers.map(str::to_owned).collect()
}

/// The lines of the terminal about a number.
fn lines_about<'r>(ran: &'r RunResult, number: &str) -> Vec<&'r str> {
    ran.err.lines().filter(|line| line.contains(number)).collect()
}

/// Ambiguous item prices and quantities, and amounts with too many decimals, are one warning each.
#[test]
fn item_numbers_get_one_warning_per_run() {
    let warned = |price: &str, quantity: &str| {
        let items = totals(&["30.60"; 6]).replace("30.60,1,", &format!("{price},{quantity},"));
        let ran = check(&items);
        assert_eq!(ran.code, 0, "{}", ran.err);
        run_warnings(&ran)
    };
    let (ambiguous, excess) = ("item_decimal_ambiguous", "more_decimals_than_currency");
    assert_eq!(warned("2.199", "1"), [ambiguous, excess]);
    assert_eq!(warned("30.60", "12.500"), [ambiguous]);
    assert_eq!(warned("30.60", "1.000"), [""; 0]);
    assert_eq!(warned("19.900000000000002", "1"), [excess]);
}

/// A second pass, because an order is scattered, gives the same warnings.
#[test]
fn item_warnings_do_not_depend_on_passes() {
    let export = totals(&["30.60"; 6]).replace("30.60,1,", "2.199,1,");
    let scattered = export.clone() + &export[HEADER.len()..];
    let (once, twice) = (check(&export), check(&scattered));
    let (once, twice) = (lines_about(&once, "2.199"), lines_about(&twice, "2.199"));
    assert!(once[0].contains("\"2.199\" is read as 2.199, but could be 2199;"), "{once:?}");
    assert!(once[1].ends_with("more decimals than its currency, and 5 other amounts too"));
    assert_eq!(once[0], twice[0]);
    assert!(twice[1].ends_with("and 11 other amounts too"), "{twice:?}");
}

/// As prices do, unless another value of the attribute shows what the point is.
#[test]
fn ambiguous_attribute_is_a_warning() {
    let keys = "order.ext.w = { column = 'Weight', path = 'weight', type = 'float' }";
    let codes = |weights: &[&str], is_json: bool| {
        let mut export = if is_json { String::new() } else { "Order;Date;Weight\n".to_owned() };
        for (index, weight) in weights.iter().enumerate() {
            let order = format!("A{index}");
            let line = if is_json {
                format!(
                    "{{\"id\": \"{order}\", \"at\": \"2026-10-01T10:00:00Z\", \"weight\": \"{weight}\"}}\n"
                )
            } else {
                format!("{order};2026-10-01T10:00:00Z;{weight}\n")
            };
            export.push_str(&line);
        }
        let profile = format!(
            "name = 'shop'\ndelimiter = ';'\n{keys}\norder.referenceId = {{ column = 'Order', path = 'id' }}\n\
             order.orderedAt = {{ column = 'Date', path = 'at' }}\norder.status.value = 'PURCHASED'\n\
             order.currencyCode.value = 'EUR'\norder.price.value = '1.00'\n\
             order.paymentType.value = 'other'\nguest.email.value = 'a@example.com'\n"
        );
        let ran = check_shop(&export, &profile);
        assert_eq!(ran.code, 0, "{}", ran.err);
        run_warnings(&ran)
    };
    for is_json in [false, true] {
        assert_eq!(codes(&["1.250", "12.125"], is_json), ["item_decimal_ambiguous"]);
        for proof in ["1.5", "0.250"] {
            assert_eq!(codes(&["1.250", proof], is_json), [""; 0]);
        }
        assert_eq!(codes(&["1250"], is_json), [""; 0]);
        assert_eq!(codes(&["1.000", "2.000"], is_json), [""; 0]);
    }
}

/// A profile for CSV and JSON whose prices have more keys.
fn profile(file_keys: &str, price_keys: &str) -> String {
    format!(
        "name = 'shop'\n{file_keys}\nitems = 'lines'\n[order]\nreferenceId = {{ column = 'Order', path = 'id' }}\n\
         orderedAt = {{ column = 'Date', path = 'at' }}\nstatus = {{ value = 'PURCHASED' }}\n\
         currencyCode = {{ column = 'Currency', path = 'total.currency' }}\n\
         price = {{ column = 'Total', path = 'total.amount'{price_keys} }}\npaymentType = {{ value = 'other' }}\n\
         [item]\nname = {{ column = 'Item', path = 'name' }}\nquantity = {{ column = 'Qty', path = 'qty' }}\n\
         price = {{ column = 'Price', path = 'price.amount'{price_keys} }}\n\
         [guest]\nemail = {{ column = 'Email', path = 'email' }}\n"
    )
}

const SHOP_HEADER: &str = "Order;Date;Currency;Total;Item;Qty;Price;Email\n";

/// Checks an export with a profile, whose CSV files are delimited by semicolons.
fn check_shop(export: &str, profile: &str) -> RunResult {
    let name = if export.starts_with('{') { "in.ndjson" } else { "in.csv" };
    let workspace = Workspace::with(name, export);
    workspace.file("shop.toml", profile);
    workspace
        .run(&format!("check {name} --profile shop.toml --pos x --mode single --max-invalid 100%"))
}

/// The amounts of the valid orders by currency, and the first problems of the others.
fn amounts(ran: &RunResult) -> Vec<String> {
    assert!(ran.code < 2, "{}", ran.err);
    let summary = ran.summary();
    let money = summary["money"].as_array().unwrap().iter();
    let valid = money.map(|money| (money["currency"].as_str().unwrap(), &money["valid"]));
    let valid = valid.filter(|(_, amount)| **amount != "0");
    let mut all: Vec<String> = valid
        .map(|(currency, amount)| format!("{currency} {}", amount.as_str().unwrap()))
        .collect();
    let results = ran.results();
    let invalid = results.iter().filter(|result| result["outcome"] == "invalid");
    all.extend(invalid.map(|result| result["problems"][0]["code"].as_str().unwrap().to_owned()));
    all
}

#[test]
fn declared_marks_are_read_and_not_ambiguous() {
    let file_keys = "delimiter = ';'\ndecimal = ','\nthousands = '.'";
    let row = |currency: &str, total: &str| {
        format!(
            "{currency};2025-03-01T10:00:00Z;{currency};{total};Mug;1;{total};ann@example.com\n"
        )
    };
    let totals = ["1.234,50 \u{20ac}", "5,90 \u{20ac}", "250.000", "-1,00", "12.50"];
    let currencies = ["CHF", "EUR", "IDR", "USD", "GBP"];
    let rows = currencies.iter().zip(totals).map(|(currency, total)| row(currency, total));
    let ran = check_shop(
        &(SHOP_HEADER.to_owned() + &rows.collect::<String>()),
        &profile(file_keys, ", strip_suffix = '\u{20ac}'"),
    );
    let expected = ["CHF 1234.50", "EUR 5.90", "IDR 250000", "negative_total", "number_unreadable"];
    assert_eq!(amounts(&ran), expected);
    let message = ran.results()[4]["problems"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("\"12.50\" is not a number with ','"), "{message}");
    let ambiguous: String = currencies.iter().map(|currency| row(currency, "2.199")).collect();
    let declared = "delimiter = ';'\ndecimal = '.'";
    let ran = check_shop(&(SHOP_HEADER.to_owned() + &ambiguous), &profile(declared, ""));
    assert_eq!((ran.code, amounts(&ran)[0].as_str()), (0, "CHF 2.199"), "{}", ran.err);
}

#[test]
fn refund_never_becomes_a_sale() {
    let of = |total: &str, keys: &str| {
        let row = format!("A1;2025-03-01T10:00:00Z;USD;{total};Mug;1;{total};ann@example.com\n");
        check_shop(&(SHOP_HEADER.to_owned() + &row), &profile("delimiter = ';'", keys))
    };
    for keys in ["", ", negative = 'parentheses'", ", negative = 'trailing_minus'"] {
        let keys = format!(", strip_prefix = '$'{keys}");
        for total in ["($30.00)", "-$12.00", "$-12.00", "12.00-", "-12.00"] {
            assert_ne!(of(total, &keys).code, 0, "{total} {keys}");
        }
    }
    assert_eq!(
        amounts(&of("($30.00)", ", strip_prefix = '$', negative = 'parentheses'")),
        ["negative_total"]
    );
    let refused = of("(30.00)", ", strip_prefix = '('");
    assert_eq!(refused.code, 2);
    let message = "strip_prefix = \"(\" would strip the sign of a negative number";
    assert!(refused.err.contains(message), "{}", refused.err);
    assert!(refused.err.contains("order.price"), "{}", refused.err);
}

#[test]
fn minor_units_are_converted_by_their_scale() {
    let document = |currency: &str, amount: &str, digits: &str| {
        format!(
            "{{\"id\":\"A{amount}{currency}\",\"at\":\"2025-03-01T10:00:00Z\",\"email\":\"ann@example.com\",\
             \"total\":{{\"currency\":\"{currency}\",\"amount\":{amount}{digits}}},\
             \"lines\":[{{\"name\":\"Mug\",\"qty\":1,\"price\":{{\"amount\":{amount}{digits}}}}}]}}\n"
        )
    };
    let all = |digits: [&str; 3]| {
        document("EUR", "2199", digits[0])
            + &document("JPY", "2199", digits[1])
            + &document("BHD", "1500", digits[2])
    };
    let expected = ["BHD 1.500", "EUR 21.99", "JPY 2199"];
    let scaled = |export: &str, keys: &str| amounts(&check_shop(export, &profile("", keys)));
    assert_eq!(scaled(&all(["", "", ""]), ", scale = 'currency'"), expected);
    let digits = [",\"digits\":2", ",\"digits\":0", ",\"digits\":3"];
    assert_eq!(scaled(&all(digits), ", scale = { beside = 'digits' }"), expected);
    let beside = ", scale = { beside = 'digits', default = 'currency' }";
    assert_eq!(scaled(&all(["", ",\"digits\":0", ""]), beside), expected);
    assert_eq!(
        scaled(&document("EUR", "2199", ""), ", scale = { beside = 'digits' }"),
        ["number_unreadable"]
    );
    assert_eq!(scaled(&document("EUR", "21.99", ""), ", scale = 2"), ["number_unreadable"]);
}
