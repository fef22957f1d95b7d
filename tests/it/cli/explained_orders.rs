//! Tests of `check --explain` and `--explain-first`: how an order came to be, in words, and its
//! events as `--events` writes them.

use std::{collections::BTreeSet, fs};

use crate::support::{
    root,
    service::{MockService, Reply},
    workspace::{HEADER, RunResult, Workspace, export, row},
};

const SHOP_PROFILE: &str = r##"name = "shop"
key = { column = "No", strip_prefix = "#" }
order_price = "sum_of_lines"
item_price = "line"
decimal = ","
thousands = "."
delimiter = ";"
nulls = ["-"]
[[skip]]
reason = "test order"
when = { column = "Tags", contains = "test" }
[order]
referenceId = { column = "No", strip_prefix = "#" }
orderedAt = { column = "Date", date = "%d.%m.%Y %H:%M", zone = "Europe/Berlin" }
status = { column = "State", values = { paid = "PURCHASED", void = { skip = "cancelled" } } }
currencyCode = { value = "EUR" }
paymentType = { column = ["Pay", "Method"], values = { visa = "Card" }, other = "other" }
cardType = { column = "Pay", values = { visa = "Visa" } }
[order.ext]
gift = { column = "Gift", values = { ja = "true", nein = "false" }, type = "boolean" }
weight = { column = "Weight", type = "float", default = "0.5" }
[item]
productId = { column = "SKU" }
name = { column = ["Title", "SKU"] }
quantity = { column = "Qty" }
price = { column = "Line", strip_suffix = "€" }
[guest]
email = { column = "Mail" }
lastname = { column = "Name" }
phone = { column = "Phone", kind = "phone", country = "DE" }
id.crm = { column = "Kunde" }
"##;

const SHOP: &str = "No;Date;State;Pay;Method;Gift;Weight;SKU;Title;Qty;Line;Mail;Name;Phone;Kunde;Tags
#1001;04.11.2026 16:20;paid;visa;;ja;1,2;A1;;2;1.200,00 €;Kim@Example.org;Meier;030 1234567;12345678;
#1001;;;;;;;A2;Matte;3;10,00 €;;;;;
#1002;04.11.2026 16:20;void;;bar;ja;;A1;;2;20,00 €;Kim@Example.org;Meier;030 1234567;12345678;
#1003;05.11.2026 10:00;paid;;bar;-;;A1;X;1;20,00 €;lee@Example.org;Lee;-;;test
";

const DOCUMENT: &str = "{\"id\":50112,\"created\":\"2026-09-04T16:20:09+02:00\",\
\"state\":\"PURCHASED\",\"total\":{\"cents\":15485,\"digits\":2},\
\"pay\":{\"kind\":\" PayPal \"},\"attrs\":{\"giftWrap\":true,\"n\":3},\
\"customer\":{\"email\":\"Kim@Example.org\",\"id\":\"12345678\"},\
\"lines\":[{\"sku\":\"A1\",\"title\":\"Pack\",\"qty\":1,\"price\":8995},\
{\"sku\":\"A2\",\"title\":\"Mat\",\"qty\":\"1\",\"price\":6490}]}";

const DOCUMENT_PROFILE: &str = r#"name = "shop"
key = { path = "id" }
items = "lines"
[order]
referenceId = { path = "id" }
orderedAt = { path = "created" }
status = { path = "state" }
currencyCode = { value = "EUR" }
price = { path = "total.cents", scale = { beside = "digits" } }
paymentType = { path = ["pay.name", "pay.kind"] }
[order.ext]
"*" = { path = "attrs" }
[item]
productId = { path = "sku" }
name = { path = "title" }
quantity = { path = "qty" }
price = { path = "price", scale = "currency" }
[guest]
email = { path = "customer.email" }
id.crm = { path = "customer.id" }
"#;

const CANONICAL: &str = "\
referenceId,orderedAt,status,currencyCode,price,paymentType,cardType,ext.giftWrap:boolean,\
guest.email,guest.firstname,guest.id.customer_no,item.productId,item.name,item.quantity,item.price
N-20877,2026-09-04T16:20:09+02:00,PURCHASED,EUR,154.85,Card,Visa,true, Kim@Example.org ,Kim,\
004123880,BPK-0209,Child's Backpack,1,89.95
N-20877,,,,,,,,,,,ACC-0509,Sleeping Mat,1,64.90
N-20878,2026-09-05T16:20:09Z,PURCHASED,EUR,\"154,85\",PayPal,,no,kim@example.org,Kim,\
004123880,BPK-0209,Child's Backpack,1,89.95
";

/// What a check of these files prints on the orders, without the ends of their events.
fn explained(workspace: &Workspace, command: &str) -> String {
    let ran =
        workspace.run(&format!("check {command} --pos nordlys/de --quiet --max-invalid 100%"));
    let (_, traces) = ran.out.split_once("\norder ").unwrap_or_default();
    let cut = |line: &str| match line.strip_prefix('{') {
        Some(_) => line.chars().take(70).chain(['…']).collect(),
        None => line.to_owned(),
    };
    format!("order {traces}").lines().map(cut).collect::<Vec<_>>().join("\n")
}

/// The lines that name the orders.
fn headings(ran: &RunResult) -> Vec<&str> {
    ran.out.lines().filter(|line| line.starts_with("order ") && !line.contains("value")).collect()
}

#[test]
fn each_value_is_traced_to_its_cell() {
    let workspace = Workspace::with("orders.csv", CANONICAL);
    insta::assert_snapshot!(explained(&workspace, "orders.csv --explain N-20877"), @r#"
    order N-20877  valid  orders.csv, lines 2 and 3

    order             value                     from             what was done
      referenceId     N-20877                   referenceId   2  as it is
      orderedAt       2026-09-04T14:20:09.000Z  orderedAt     2  16:20:09+02:00, to
                                                                 UTC
      status          PURCHASED                 status        2  as it is
      currencyCode    EUR                       currencyCode  2  as it is
      price           154.85                    price         2  as it is
      paymentType     Card                      paymentType   2  as it is
      cardType        Visa                      cardType      2  as it is
      ext.giftWrap    ***                       ext.giftWrap:boolean  2
                                                                 as boolean
      event.channel   WEB                       default
      event.language  EN                        default
      event.currency  EUR                       the order
      event.page      oms-import                default
      event.pos       nordlys/de                the target's value

    item 1         BPK-0209  Child's Backpack  1 x 89.95   line 2
    item 2         ACC-0509  Sleeping Mat      1 x 64.90   line 3
                   adds up to 154.85, as the order says

    guest          email k***@e***.org    guest.email 2, trimmed, lower case
                   firstname K***         guest.firstname 2, as it is
                   id.customer_no 004…80  guest.id.customer_no 2, as it is
                   identifiers: customer_no 004…80

    sent as        3 requests, the longest URL has 900 of 8,192 bytes
    ledger         not asked: no target; --to names one

    events
    {"type":"IDENTITY","channel":"WEB","language":"EN","currency":"EUR","p…
    {"type":"ORDER_CHECKOUT","channel":"WEB","language":"EN","currency":"E…
    "#);
}

#[test]
fn rules_of_a_profile_tell_their_steps() {
    let workspace = Workspace::with("shop.csv", SHOP);
    workspace.file("shop.toml", SHOP_PROFILE);
    let command = "shop.csv --profile shop.toml --explain 1001";
    insta::assert_snapshot!(explained(&workspace, command), @r##"
    order 1001  valid  shop.csv, lines 2 and 3

    order             value                     from       what was done
      referenceId     1001                      No      2  #1001, without "#"
      orderedAt       2026-11-04T15:20:00.000Z  Date    2  04.11.2026 16:20, as
                                                           %d.%m.%Y %H:%M,
                                                           Europe/Berlin to UTC
      status          PURCHASED                 State   2  paid, by the table
      currencyCode    EUR                       constant
      price           1210.00                   the order  the sum of the lines
      paymentType     Card                      Pay     2  visa, by the table
      cardType        Visa                      Pay     2  visa, by the table
      ext.gift        true                      Gift    2  ja, by the table, as
                                                           boolean
      ext.weight      1.2                       Weight  2  1,2, ',' before decimals,
                                                           as float
      event.channel   WEB                       default
      event.language  EN                        default
      event.currency  EUR                       the order
      event.page      oms-import                default
      event.pos       nordlys/de                the target's value

    item 1         A1  A1     2 x   600.00   line 2
      price           600.00                    Line    2  1.200,00 €, without "€",
                                                           '.' between thousands,
                                                           ',' before decimals,
                                                           divided by the quantity
      name            A1                        SKU     2  Title is empty
    item 2         A2  Matte  3 x 3.333333   line 3
      price           3.333333                  Line    3  10,00 €, without "€", ','
                                                           before decimals, divided
                                                           by the quantity

    guest          email k***@e***.org  Mail 2, lower case
                   lastname M***        Name 2, as it is
                   phone +***           Phone 2, as an international number
                   id.crm 123…78        Kunde 2, as it is
                   identifiers: crm 123…78

    sent as        3 requests, the longest URL has 876 of 8,192 bytes
    ledger         not asked: no target; --to names one

    warning[price_rounded]: a unit price is rounded
     --> shop.csv:3:24  order 1001, column Line
      |
    3 | #1001;;;;;;;A2;Matte;3;10,00 €;;;;;
      |                        ^^^^^^^
      |
      = 10.00 for 3 pieces is rounded to 3.333333 each
      = hint: export unit prices, and write `item_price = "unit"` in the profile

    events
    {"type":"IDENTITY","channel":"WEB","language":"EN","currency":"EUR","p…
    {"type":"ORDER_CHECKOUT","channel":"WEB","language":"EN","currency":"E…
    "##);
}

#[test]
fn documents_are_traced_to_their_paths() {
    let workspace = Workspace::with("shop.ndjson", DOCUMENT);
    workspace.file("shop.toml", DOCUMENT_PROFILE);
    let command = "shop.ndjson --profile shop.toml --explain 50112";
    insta::assert_snapshot!(explained(&workspace, command), @r#"
    order 50112  valid  shop.ndjson, line 1

    order             value                     from             what was done
      referenceId     50112                     id            1  as it is
      orderedAt       2026-09-04T14:20:09.000Z  created       1  16:20:09+02:00, to
                                                                 UTC
      status          PURCHASED                 state         1  as it is
      currencyCode    EUR                       constant
      price           154.85                    total.cents   1  15485, in minor
                                                                 units of 2 decimals
      paymentType     PayPal                    pay.kind      1  pay.name is empty,
                                                                 trimmed
      ext.giftWrap    ***                       attrs.giftWrap  1
                                                                 as it is
      ext.n           ***                       attrs.n       1  as it is
      event.channel   WEB                       default
      event.language  EN                        default
      event.currency  EUR                       the order
      event.page      oms-import                default
      event.pos       nordlys/de                the target's value

    item 1         A1  Pack  1 x 89.95   line 1
      price           89.95                     lines[0].price  1
                                                                 8995, in minor
                                                                 units of its
                                                                 currency
    item 2         A2  Mat   1 x 64.90   line 1
      price           64.90                     lines[1].price  1
                                                                 6490, in minor
                                                                 units of its
                                                                 currency
                   adds up to 154.85, as the order says

    guest          email k***@e***.org  customer.email 1, lower case
                   id.crm 123…78        customer.id 1, as it is
                   identifiers: crm 123…78

    sent as        3 requests, the longest URL has 845 of 8,192 bytes
    ledger         not asked: no target; --to names one

    events
    {"type":"IDENTITY","channel":"WEB","language":"EN","currency":"EUR","p…
    {"type":"ORDER_CHECKOUT","channel":"WEB","language":"EN","currency":"E…
    "#);
}

#[test]
fn cell_of_several_fields_is_shown_once() {
    let workspace = Workspace::with("orders.csv", CANONICAL.replace(" Kim@Example.org ", "kim"));
    workspace.file(
        "shop.toml",
        "name = 'shop'\nextends = 'canonical'\n[guest.id]\nshop = { column = 'guest.email', \
         kind = 'email' }\n",
    );
    let text = explained(&workspace, "orders.csv --profile shop.toml --explain N-20877");
    let (_, problem) = text.split_once("\n\nerror[").unwrap();
    insta::assert_snapshot!(problem, @r#"
    email_implausible]: a text cannot be an e-mail address
     --> orders.csv:2:71  order N-20877, column guest.email
      |
    2 | …RCHASED,EUR,154.85,Card,Visa,***,k***,***,***,BPK-0209,Child's Backpac…
      |                                   ^^^^ "k***" has no @
      |
      = the cell is read for guest.email and guest.id.shop
      = hint: correct the address in the shop
    "#);
}

#[test]
fn invalid_order_shows_its_problems() {
    let workspace = Workspace::with("orders.csv", CANONICAL);
    insta::assert_snapshot!(explained(&workspace, "orders.csv --explain N-20878"), @r#"
    order N-20878  invalid  orders.csv, line 4

    order           value                     from             what was done
      referenceId   N-20878                   referenceId   4  as it is
      orderedAt     2026-09-05T16:20:09.000Z  orderedAt     4  16:20:09Z, rewritten
      status        PURCHASED                 status        4  as it is
      currencyCode  EUR                       currencyCode  4  as it is
      price         154,85                    price         4  error, see below
      paymentType   PayPal                    paymentType   4  as it is
      ext.giftWrap  ***                       ext.giftWrap:boolean  4
                                                               error, see below

    item 1         BPK-0209  Child's Backpack  1 x 89.95   line 4

    guest          email k***@e***.org    guest.email 4, as it is
                   firstname K***         guest.firstname 4, as it is
                   id.customer_no 004…80  guest.id.customer_no 4, as it is

    sent as        nothing: the order is invalid
    ledger         not asked: no target; --to names one

    error[number_unreadable]: a number cannot be read
     --> orders.csv:4:44  order N-20878, column price
      |
    4 | …-09-05T16:20:09Z,PURCHASED,EUR,"154,85",PayPal,,***,***,***,***,BPK-02…
      |                                 ^^^^^^^^
      |
      = "154,85" is not a decimal number such as 1234.50
      = hint: declare in the profile how the export writes numbers: `decimal`,
              `thousands`, `negative`, `scale`; `strip_prefix` and `strip_suffix`
              remove a currency

    error[extension_value]: an extension value is not of its type
     --> orders.csv:4:61  order N-20878, column ext.giftWrap:boolean
      |
    4 | …9Z,PURCHASED,EUR,"154,85",PayPal,,no,***,***,***,BPK-0209,Child's Back…
      |                                    ^^ invalid boolean "no"
      |
      = hint: correct the value, or declare what means no value as `empty` or
              `nulls`
    "#);
}

#[test]
fn skipped_order_names_its_rule() {
    let workspace = Workspace::with("shop.csv", SHOP);
    workspace.file("shop.toml", SHOP_PROFILE);
    let command = "check shop.csv --profile shop.toml --pos x --explain 1002 --explain #1003";
    let ran = workspace.run(command);
    let lines = ran.out.lines();
    let shown = |line: &&str| {
        let starts = ["order 1", "  status", "  weight", "  ext.", "sent as"];
        starts.iter().any(|start| line.starts_with(start))
    };
    insta::assert_snapshot!(lines.filter(shown).collect::<Vec<_>>().join("\n"), @r"
    order 1002  skipped  shop.csv, line 4
      status        void                      State   4  by the table, left out
      ext.gift      true                      Gift    4  ja, by the table
      ext.weight    0.5                       default    Weight is empty
    sent as        nothing: left out by the profile, cancelled
    order 1003  skipped  shop.csv, line 5
      status        PURCHASED                 State   5  paid, by the table
      ext.weight    0.5                       default    Weight is empty
    sent as        nothing: left out by the profile, test order
    ");
    assert!(!ran.out.contains("\nevents"));
}

#[test]
fn unknown_reference_names_a_near_one() {
    let workspace = Workspace::with("orders.csv", export(&["B-1003", "A-1001", "B-7", "A-1203"]));
    let ran = workspace.run("check orders.csv --pos x --explain A-1003 --explain zzz");
    let summary_code = ran.summary()["exit_code"].clone();
    assert_eq!((ran.code, summary_code), (1, 1.into()));
    assert_eq!(ran.summary()["explain_not_found"], serde_json::json!(["A-1003", "zzz"]));
    insta::assert_snapshot!(ran.err, @r#"
    error: no order "A-1003" in the export
      hint: did you mean "B-1003" or "A-1001" or "A-1203"?
    error: no order "zzz" in the export
    "#);
}

/// Wide values, long names and several files with long names leave little space.
#[test]
fn trace_fits_the_terminal() {
    let long = "on the left side and in gold letters";
    let column = "ext.engravingInFront";
    let header = HEADER.trim_end();
    let rows = export(&["A-1"]).replace(header, &format!("{header},{column}"));
    let rows = rows.trim_end().to_owned() + &format!(",{long}\n");
    let folder = "exports_of_the_shop_in_the_north_of_the_country_2026";
    let workspace = Workspace::with("p.toml", "");
    std::fs::create_dir(workspace.path(folder)).unwrap();
    workspace.file(&format!("{folder}/orders-of-november.csv"), rows);
    let ran = workspace.run(&format!("check {folder} --pos x --explain A-1"));
    let lines = ran.out.lines().filter(|line| !line.starts_with('{'));
    let trace: Vec<_> = lines.skip_while(|line| !line.starts_with("order A-1")).collect();
    // Names that are too long lose their start.
    for shown in ["orders-of-november.csv, line 2", "vingInFront"] {
        assert!(trace.iter().any(|line| line.contains(shown)), "{}", ran.out);
    }
    assert!(trace.iter().all(|line| line.chars().count() <= 80), "{}", trace.join("\n"));
}

#[test]
fn first_orders_are_those_of_the_input() {
    // The rows of one order are apart, and the export is read in many blocks.
    let others: String = (0..5_000).map(|n| row(&format!("B-{n}"))).collect();
    let export = export(&["A-1", "A-2"]) + &others + &row("A-1") + &row("A-3");
    let workspace = Workspace::with("orders.csv", export);
    let command = "check orders.csv --pos x --explain-first 2 --explain A-3 --quiet";
    insta::assert_snapshot!(headings(&workspace.run(command)).join("\n"), @r"
    order A-1  valid  orders.csv, lines 2 and 5004
    order A-2  valid  orders.csv, line 3
    order A-3  valid  orders.csv, line 5005
    ");
}

#[test]
fn events_are_those_of_the_events_file() {
    let samples = fs::read_to_string(root().join("samples/orders.csv")).unwrap();
    for mode in ["single", "multi"] {
        let workspace = Workspace::with("orders.csv", &samples);
        let options = format!("orders.csv --pos x --mode {mode} --max-invalid 100% --quiet");
        let ran =
            workspace.run(&format!("check {options} --events events.ndjson --explain-first 500"));
        let file = fs::read_to_string(workspace.path("events.ndjson")).unwrap();
        let is_event = |line: &&str| line.starts_with('{');
        let printed: BTreeSet<&str> = ran.out.lines().filter(is_event).collect();
        let written: BTreeSet<&str> = file.lines().collect();
        assert!(written.len() > 300, "{mode}");
        // A guest of several orders is identified by the newest one.
        let identities = |line: &&&str| line.starts_with(r#"{"type":"IDENTITY""#);
        assert!(written.is_subset(&printed), "{mode}");
        assert!(printed.difference(&written).all(|line| identities(&line)), "{mode}");
    }
}

#[test]
fn ledger_tells_of_an_earlier_run() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let service = MockService::start(|_| None);
    let target = format!("--base-url {} --client-key key --pos x", service.base_url);
    let check = format!("check orders.csv {target} --explain A-1");
    let ledger = |ran: &RunResult| {
        let line = ran.out.lines().find(|line| line.starts_with("ledger "));
        line.unwrap_or_default().trim_start_matches("ledger").trim().to_owned()
    };
    let before = workspace.run(&check);
    assert_eq!(ledger(&before), "there is none yet");
    let sent = workspace.run(&format!("send orders.csv {target} --backfill --identity-pause 0s"));
    assert_eq!(sent.code, 0, "{}", sent.err);
    let after = workspace.run(&check);
    assert_eq!(headings(&after), ["order A-1  already_sent  orders.csv, line 2"]);
    assert_eq!(ledger(&after), "accepted by an earlier run");
    assert!(after.out.contains("sent as        nothing: the order is already_sent"));
}

#[test]
fn refused_order_may_be_sent_again() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let service =
        MockService::start(|request| (request.reference() == "A-1").then(|| Reply::status(400)));
    let target = format!("--base-url {} --client-key key --pos x", service.base_url);
    let sent = workspace.run(&format!("send orders.csv {target} --backfill --identity-pause 0s"));
    assert_eq!(sent.code, 1, "{}", sent.err);
    let after = workspace.run(&format!("check orders.csv {target} --explain A-1"));
    assert_eq!(headings(&after), ["order A-1  valid  orders.csv, line 2"]);
    assert!(after.out.contains("\nledger         holds nothing that keeps it from being sent\n"));
}

#[test]
fn changed_values_say_what_changed_them() {
    let export = CANONICAL
        .replace("154.85", "0154.850")
        .replace(",guest.firstname,", ",guest.dob,")
        .replace(",Kim,", ",1980-01-02,")
        .replace("Child's Backpack,1,89.95", "Child's Backpack,0.5,10");
    let workspace = Workspace::with("orders.csv", export);
    let command = "orders.csv --set item_price=line --set mode=single --explain N-20877";
    let text = explained(&workspace, command);
    let changed = ["  price", "  orderedAt", "dob", "Backpack"];
    let lines = text.lines().filter(|line| changed.iter().any(|name| line.contains(name)));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
      orderedAt       2026-09-04T14:20:09.000Z  orderedAt     2  16:20:09+02:00, to
      price           154.850                   price         2  0154.850, rewritten
    item 1         BPK-0209  Child's Backpack  0.5 x   5.0   line 2
      price           5.0                       item.price    2  10, times the
                   dob 1***               guest.dob 2, at midnight
    ");
    // Quotes that are data, and no row above.
    let export = SHOP.replace("visa;;ja", "visa;\"\";ja");
    let workspace = Workspace::with("orders.csv", export);
    let rule = "Gift\"";
    let profile =
        SHOP_PROFILE.replace(rule, "Method\"").replace("ja = \"true\"", "'\"\"' = \"true\"");
    workspace.file("shop.toml", format!("quote = \"none\"\n{profile}"));
    let text = explained(&workspace, "orders.csv --profile shop.toml --explain 1001");
    let gift = text.lines().find(|line| line.contains("ext.gift"));
    insta::assert_snapshot!(gift.unwrap(), @r#"  ext.gift        true                      Method  2  "", by the table, as"#);
}

#[test]
fn trace_hides_what_excerpts_hide() {
    let export = CANONICAL
        .replace("ext.giftWrap:boolean", "ext.note")
        .replace(",Visa,true,", ",Visa,call 0301234567 Ann,")
        .replace(",PayPal,,no,", ",PayPal,,call 0301234567 Ann,")
        .replace("N-20878,", "ann@example.org,");
    let workspace = Workspace::with("orders.csv", export);
    let text = explained(&workspace, "orders.csv --explain-first 2");
    let is_shown = |line: &&str| line.starts_with("order ") || line.contains("ext.note");
    let lines = text.lines().filter(|line| !line.starts_with('{')).filter(is_shown);
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    order N-20877  valid  orders.csv, lines 2 and 3
    order             value                     from             what was done
      ext.note        ***                       ext.note      2  as it is
    order a***@e***.org  invalid  orders.csv, line 4
    order           value                     from             what was done
      ext.note      ***                       ext.note      4  as it is
    "#);
    assert!(!text.contains("Ann") && !text.contains("ann@"), "{text}");
    let near = workspace.run("check orders.csv --pos x --explain anne@example.org --quiet");
    assert!(near.err.contains("error: no order \"anne@example.org\""), "{}", near.err);
    assert!(!near.err.contains("ann@"), "{}", near.err);
}

#[test]
fn combined_value_names_all_its_columns() {
    let profile = "name = 'shop'\nextends = 'canonical'\n\
        [order]\norderedAt = { concat = ['Day', 'Hour'], lenient = true }\n";
    let export = "\
referenceId,Day,Hour,status,currencyCode,price,paymentType,item.productId,item.name,item.quantity,\
item.price,guest.email
A-1,2026-09-04,T16:20:09Z,PURCHASED,EUR,10,Card,BPK-0209,Rope,1,10,kim@example.org
A-2,2026-09-04T16:20:09Z,,PURCHASED,EUR,10,Card,BPK-0209,Rope,1,10,kim@example.org
";
    let workspace = Workspace::with("orders.csv", export);
    workspace.file("shop.toml", profile);
    let ran = workspace.run("check orders.csv --profile shop.toml --pos x --explain-first 2");
    let lines = ran.out.lines().filter(|line| line.starts_with("  orderedAt"));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    orderedAt     2026-09-04T16:20:09.000Z  Day, Hour     2  16:20:09Z, Day, Hour
    orderedAt     2026-09-04T16:20:09.000Z  Day           3  16:20:09Z, Day joined
    "#);
}

#[test]
fn only_events_show_who_the_guest_is() {
    let workspace = Workspace::with("orders.csv", CANONICAL);
    let command = "orders.csv --explain-first 2 --explain N-20877";
    let text = explained(&workspace, command);
    for personal in ["kim@", "Kim", "004123880"] {
        let lines = text.lines().filter(|line| !line.starts_with('{'));
        assert!(lines.clone().all(|line| !line.contains(personal)), "{personal}\n{text}");
    }
    let json = workspace.run("check orders.csv --pos x --explain N-20877 --format json");
    // The only line is that of the error.
    assert_eq!((json.code, json.out.lines().count()), (2, 1));
    assert!(json.out.starts_with(r#"{"error":"#), "{}", json.out);
    assert!(json.err.contains("--explain and --explain-first print texts"), "{}", json.err);
}

/// They are no personal data, whatever else is in the cell.
#[test]
fn items_of_a_list_and_of_columns_are_shown() {
    let rules = "name = 'shop'\n[order]\nreferenceId = { column = 'Id' }\n\
        orderedAt = { column = 'At' }\nstatus = { value = 'PURCHASED' }\n\
        currencyCode = { value = 'EUR' }\nprice = { column = 'Total' }\n\
        paymentType = { value = 'other' }\n[guest]\nemail = { column = 'Mail' }\n";
    let packed = "[items.packed]\ncolumn = 'Items'\nseparator = ';'\n\
        fields = { separator = '|', names = ['name', 'price', 'for'] }\n\
        [item]\nname = { field = 'name' }\nprice = { field = 'price' }\nquantity = { value = '1' }\n";
    let repeated = "[items.repeated]\ncolumns = 'Item {n} *'\n[item]\nname = { field = 'Name' }\n\
        price = { field = 'Price' }\nquantity = { value = '1' }\n";
    let explained = |items: &str, columns: &str, cells: &str| {
        let workspace = Workspace::with("shop.toml", format!("{rules}{items}"));
        workspace.file(
            "orders.csv",
            format!(
                "Id,At,Total,Mail,{columns}\nA,2026-10-01T10:00:00Z,15,ann@example.com,{cells}\n"
            ),
        );
        let ran = workspace.run("check orders.csv --profile shop.toml --pos x --explain A");
        let items = ran.out.lines().filter(|line| line.starts_with("item "));
        items.map(str::trim_end).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(explained(packed, "Items", "Mug|10|Ann;Jug|5|Bob"), @r#"
    item 1         -  Mug  1 x 10   line 2
    item 2         -  Jug  1 x  5   line 2
    "#);
    let columns = "Item 1 Name,Item 1 Price,Item 2 Name,Item 2 Price";
    insta::assert_snapshot!(explained(repeated, columns, "Mug,10,Jug,5"), @r#"
    item 1         -  Mug  1 x 10   line 2
    item 2         -  Jug  1 x  5   line 2
    "#);
}
