//! An order that takes the fast path comes to the same as its draft: it is valid, without a
//! problem, with the same record, events and facts.

mod documents;

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::{
    group::{self, BlockRuns, GroupSettings},
    map::{BUILT_IN, RowsAbove, SideTable, profile::Profile},
    model::{
        column_facts::ColumnFacts,
        column_warnings::ColumnWarnings,
        order::{Order, Validity},
        origin::FileId,
        pricing::PriceBasis,
        route::Mode,
        row::Row,
    },
    pipeline::check::{self, PlainRouteCheck},
    read::{
        Block, BlockReader, Dialect, Piece, ReadLimits, ReadSettings, RowParser, inputs::find_one,
    },
    shuffle::observe::Observer,
    storage::LocalStorage,
    stream::{content_hash::content_hash, encode},
    validate::tests::{TestSettings, settings},
};

/// Returns the blocks of a file, and its parser.
fn read(profile: &Profile, text: &str) -> (RowParser, Vec<Block>) {
    let folder = tempfile::tempdir().unwrap();
    let name = if text.starts_with('{') { "orders.ndjson" } else { "orders.csv" };
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let input = find_one(&LocalStorage, name, path.into()).unwrap();
    let csv_syntax = profile.files.csv_syntax;
    let padded_beside = profile.files.padded_beside.as_deref();
    let format = profile.files.format;
    let dialect = Dialect { format, csv_syntax, padded_beside, ..Dialect::default() };
    let settings = ReadSettings { storage: &LocalStorage, dialect, limits: ReadLimits::default() };
    let mut source = BlockReader::open(&input, FileId(0), &settings).unwrap();
    let (mut blocks, mut block) = (Vec::new(), Block::default());
    while source.next_block(&mut block).unwrap() {
        blocks.push(std::mem::take(&mut block));
    }
    (source.parser().clone(), blocks)
}

/// Takes both paths for each order of a file, and compares what they come to: without facts, and
/// with those of the whole file. Returns the number of plain orders without facts, and of all.
fn compare(profile: &Profile, text: &str, settings: &TestSettings) -> (usize, usize) {
    compare_joined((profile, &[]), text, settings)
}

/// The same of a file that is joined to these tables.
fn compare_joined(
    profile: (&Profile, &[SideTable]),
    text: &str,
    settings: &TestSettings,
) -> (usize, usize) {
    let mut facts = ColumnFacts::default();
    let counts = compare_with(&ColumnFacts::default(), profile, text, settings, &mut facts);
    compare_with(&facts, profile, text, settings, &mut ColumnFacts::default());
    counts
}

/// The table of the only join of a profile, with the rows of this file.
fn side_table(profile: &Profile, text: &str) -> SideTable {
    let join = &profile.joins[0];
    let mut table = SideTable::new(join);
    let (parser, blocks) = read(&Profile::built_in("canonical").unwrap(), text);
    let header = parser.header().map(|header| &**header);
    table.set_headers((profile, join), header);
    let side = table.bind((profile, join), header, (FileId(1), "side")).unwrap();
    for block in &blocks {
        for row in parser.parse([Piece::from(block)]).unwrap().rows() {
            table.add(&side, &row).unwrap();
        }
    }
    table.complete(profile, join).unwrap();
    table
}

/// The same with these facts. Adds the facts that the orders show to `shown`.
fn compare_with(
    facts: &ColumnFacts,
    (profile, tables): (&Profile, &[SideTable]),
    text: &str,
    settings: &TestSettings,
    shown: &mut ColumnFacts,
) -> (usize, usize) {
    let settings = TestSettings {
        total_from: profile.order_price,
        price_basis: profile.item_price,
        ..settings.clone()
    };
    let (validate, stream) = (settings.validate(), settings.stream());
    let observer = Observer::new(profile);
    let (parser, blocks) = read(profile, text);
    let mapper = FileMapper::bind_joined(profile, parser.header(), "orders.csv", tables).unwrap();
    let grouping = GroupSettings { has_adjacent_rows: true, ..GroupSettings::default() };
    let (mut n_plain, mut n_orders) = (0, 0);
    for block in &blocks {
        let (parsed, texts) = (parser.parse([Piece::from(block)]).unwrap(), Bump::new());
        let mut above = RowsAbove::default();
        let complete = |row| mapper.join(mapper.fill_down(row, None, &mut above, &texts), &texts);
        let rows: Vec<Row<'_>> = parsed.rows().map(complete).collect();
        let kind = |row| mapper.kind_in_file(row, block.row(&row.origin));
        let keyed: Vec<_> = rows.iter().map(|row| KeyedRow { row, kind: kind(row) }).collect();
        let runs = BlockRuns::of(&keyed, grouping).runs;
        n_orders += runs.len();
        let rows = mapper.plain_rows().unwrap();
        let check = PlainRouteCheck::new(rows.fields(), (&validate, &stream), facts);
        let Some(check) = check else { continue };
        let mut path = PlainPath::of(&mapper, rows, Box::new(check), &texts);
        for run in runs {
            let draft = group::draft(
                run.rows.iter(),
                |row, before, into| mapper.map(row, before, into),
                &run.possible_rows,
            );
            let is_plain = run.possible_rows.is_empty()
                && path.read(run.rows.iter()).is_some()
                && !observer.learns_facts_from(&path.draft)
                && !observer.warns_of(&path.draft);
            let order = if is_plain { path.check.check(&path.draft) } else { None };
            let mut thorough = Observations::default();
            observer.observe(&draft, &mut thorough);
            observer.observe_warnings(&draft, &mut thorough.warnings);
            shown.types.append(thorough.columns.types.clone());
            shown.totals.append(thorough.columns.totals.clone());
            let Some(order) = order else { continue };
            n_plain += 1;
            let mut fast = Observations::default();
            observer.observe_plain(&path.draft, path.attributes.as_deref(), &mut fast);
            assert_eq!(fast.references, thorough.references);
            assert_eq!(format!("{:?}", fast.identifiers), format!("{:?}", thorough.identifiers));
            assert_eq!(fast.columns.types, thorough.columns.types);
            assert_eq!(fast.columns.items, thorough.columns.items);
            assert_eq!(fast.columns.totals, thorough.columns.totals);
            assert_eq!(fast.columns.dates, thorough.columns.dates);
            assert_eq!(thorough.warnings, ColumnWarnings::default());
            let expected = check::check(&draft, (&validate, &stream), facts).finish(draft);
            assert_eq!(expected.record.problems, Vec::new().into());
            assert_eq!(*order.record, expected.record);
            assert_eq!(expected.status, None);
            let encoded = |order: &Order<'_>| {
                let content = content_hash(order);
                format!("{:?}", encode::encode(order, content, stream.url_limits()))
            };
            let Validity::Valid(thorough) = &expected.validity else { panic!("{expected:?}") };
            assert_eq!(encoded(order.order), encoded(thorough));
        }
    }
    (n_plain, n_orders)
}

fn sample(path: &str) -> String {
    fs::read_to_string(format!("{}/samples/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn sample_profile(name: &str) -> Profile {
    Profile::parse(name, &sample(&format!("profiles/{name}.toml"))).unwrap()
}

#[test]
fn sample_orders_are_the_same_on_both_paths() {
    let canonical = Profile::built_in("canonical").unwrap();
    let now = "2026-12-01T00:00:00Z".parse().unwrap();
    let settings = TestSettings { now, ..settings() };
    let (n_plain, n_orders) = compare(&canonical, &sample("orders.csv"), &settings);
    assert!(n_plain * 10 > n_orders * 8, "{n_plain} of {n_orders}");
    let (n_plain, n_orders) = compare(&canonical, &sample("mistakes.csv"), &settings);
    assert!(n_plain < n_orders, "{n_plain} of {n_orders}");
    let retail = sample_profile("online-retail");
    let (n_plain, n_orders) = compare(&retail, &sample("exports/online-retail.csv"), &settings);
    // Whether day and month may be exchanged is open until a date shows it.
    assert!(n_plain > 0, "{n_plain} of {n_orders}");
}

#[test]
fn repeated_items_are_left_to_the_draft() {
    let columns = "id,line,at,name,qty,amount,mail";
    let rules = "name = 'shop'\norder_price = 'sum_of_lines'\n[order]\n\
                 referenceId = { column = 'id' }\norderedAt = { column = 'at', date = 'iso8601' }\n\
                 status = { value = 'PURCHASED' }\ncurrencyCode = { value = 'EUR' }\n\
                 paymentType = { value = 'other' }\n[item]\nreferenceId = { column = 'line' }\n\
                 name = { column = 'name' }\nquantity = { column = 'qty', decimal = '.' }\n\
                 price = { column = 'amount', decimal = '.' }\n[guest]\nemail = { column = 'mail' }";
    let profile = Profile::parse("shop", rules).unwrap();
    let row = |id: &str, line: u32, name: &str| {
        format!("{id},{line},2025-01-01T16:17:16Z,{name},1,5.00,ann@example.com\n")
    };
    let text = |rows: &[String]| format!("{columns}\n{}", rows.concat());
    let different = [row("A", 1, "Mug"), row("A", 2, "Jug"), row("A", 3, "Jug")];
    assert_eq!(compare(&profile, &text(&different), &settings()), (1, 1));
    let twice = [row("A", 1, "Mug"), row("A", 2, "Jug"), row("A", 3, "Mug"), row("A", 4, "Jug")];
    assert_eq!(compare(&profile, &text(&twice), &settings()), (0, 1));
}

#[test]
fn other_dialects_are_the_same_on_both_paths() {
    let row = |reference: &str, name: &str| {
        format!(
            "{reference},2025-01-01T16:17:16Z,PURCHASED,EUR,20.00,other,PRODUCT,{name},20.00,1,a@example.com"
        )
    };
    let next = |name: &str| format!(",,,,,,PRODUCT,{name},20.00,1,");
    // The first order of each is not plain: its total shows how the others are to be read. Of the
    // last rows one is refused.
    let padded = vec![row("A", "Mug"), row("B", "Mug") + ",,,", row("C", "Mug")];
    for (keys, rows, n_plain) in [
        (
            "escape = '\\'",
            vec![row("A", r#""5\" pipe""#), row("B", "Mug"), row("C", r#""C:\new""#)],
            1,
        ),
        (
            "skip_blanks = true",
            vec![row(" \"A\"", "Mug"), row("B", " \"Mug, red\""), row("C", "\u{a0}\"Mug\"")],
            1,
        ),
        (
            "cells = 'spreadsheet'",
            vec![row("=\"01\"", "'Mug"), row("'02", "=\"Mug\""), row("03", "=\"Mug")],
            1,
        ),
        (
            "unknown_columns = 'ignore'",
            vec![row("A", "Mug"), row("B", "Mug"), row("C", "=\"Mug\"")],
            1,
        ),
        ("ragged_rows = 'pad'", [&padded[..], &[row("D", "Mug") + ",x,y"]].concat(), 2),
        ("ragged_rows = 'refuse'", padded, 0),
        (
            "fill_down = ['referenceId']",
            vec![row("A", "Mug"), row("B", "Mug").replacen("20.00", "40.00", 1), next("Jug")],
            1,
        ),
    ] {
        let profile = BUILT_IN[0].1.replacen("name = ", &format!("{keys}\nname = "), 1);
        let profile = profile.replacen("unknown_columns = \"warn\"\n", "", 1);
        let profile = Profile::parse("shop", &profile).unwrap();
        let header = "referenceId,orderedAt,status,currencyCode,price,paymentType,item.type,\
                      item.name,item.price,item.quantity,guest.email,event.page";
        let end = if keys.starts_with("ragged") { "\n" } else { ",\n" };
        let text = format!("{header}\n{}{end}", rows.join(end));
        let (found, n_orders) = compare(&profile, &text, &settings());
        assert_eq!(found, n_plain, "{keys}: of {n_orders}");
    }
}

/// A column, and values for it: a good one, and others.
type Pool = (&'static str, &'static [&'static str]);

/// In the pools: the sum of the lines, with a point or a comma.
const TOTAL: &str = "TOTAL";
const COMMA_TOTAL: &str = "COMMA TOTAL";

const LONG_NAME: &str = "A name of more than 128 characters, which is what an item may have at \
    most: A name of more than 128 characters, which is what an item may have at most";

const CANONICAL: &[Pool] = &[
    ("referenceId", &["A-1", "1.2E+15", "A\u{200b}1"]),
    (
        "orderedAt",
        &[
            "2025-01-01T16:17:16Z",
            "2025-01-01 10:00:00.5+02:00",
            "1970-01-01T00:00:00Z",
            "2031-01-01T00:00:00Z",
            "yesterday",
            "",
        ],
    ),
    ("status", &["PURCHASED", "PAYMENT_PENDING", "purchased", "REFUNDED", ""]),
    ("currencyCode", &["EUR", "JPY", "eur", "XXQ", ""]),
    ("price", &[TOTAL, "20", "20.000", "0", "-5.00", "20.005", "2e1", "1.23E+05", "x", ""]),
    ("paymentType", &["Card", "PayPal", "card", "cash", ""]),
    ("cardType", &["Visa", "visa", ""]),
    ("ext.gift:boolean", &["true", "FALSE", "yes", ""]),
    ("ext.weight:float", &["1.50", "heavy", ""]),
    ("item.type", &["PRODUCT", "FLIGHT", "product", "A1 B", ""]),
    ("item.price", &["10.00", "10", "10.001", "-10", "1e1", "1.2E+05", "x", ""]),
    ("item.quantity", &["2", "2.0", "0", "-1", "2.000", "x", ""]),
    ("item.name", &["Tée", "Tee", "a\u{200b}b", LONG_NAME, ""]),
    ("item.status", &["", "PURCHASED", "SHIPPED"]),
    ("item.currencyCode", &["", "EUR", "USD", "??"]),
    ("item.ext.n:integer", &["5", "5.5", ""]),
    ("item.orderedAt", &["", "2025-01-01T16:17:16Z", "1960-01-01T00:00:00Z", "bad"]),
    ("item.leg", &["", "outbound"]),
    ("guest.email", &["ann@example.com", "Ann@Example.com", "ann", "no-reply@x.example", ""]),
    ("guest.title", &["", "Mr", "mr"]),
    ("guest.firstname", &["", "Änn", "A\u{feff}nn"]),
    ("guest.gender", &["", "female", "F"]),
    ("guest.country", &["", "IE", "Ireland"]),
    ("guest.dob", &["", "1990-02-03", "1880-01-01", "x"]),
    ("guest.phone", &["", "+353 87 1234567", "3.53871E+11"]),
    ("guest.mobile", &["", "0871234567", "8.71E+08"]),
    ("guest.street", &["", "1 Main St\nFlat 2"]),
    ("guest.id.crm", &["17", "guest", "17.0", "1.2E+20", "e\u{301}", ""]),
    ("guest.id.email", &["", "b@example.com", "B@example.com"]),
    ("event.channel", &["", "WEB", "KIOSK", "web"]),
    ("event.language", &["", "DE", "de"]),
    ("event.currency", &["", "USD", "usd"]),
    ("event.page", &["", "oms"]),
];

const SHOP: &[Pool] = &[
    ("nr", &["#1001", "#1.2E+15", "#"]),
    ("date", &["15.01.2025 16:17", "30.03.2025 02:30", "31.02.2025 10:00", ""]),
    ("state", &["paid", "open", "void", "odd", "n/a"]),
    ("total", &[COMMA_TOTAL, "1.020,00", "20.00", "n/a", ""]),
    ("sum", &["", COMMA_TOTAL, "7,00"]),
    ("payment", &["card", "invoice", ""]),
    ("kind", &["web", "test", ""]),
    ("amount", &["20", "x", "", "9999"]),
    ("line", &["item", "shipping", ""]),
    ("name", &["Mug", "", "n/a"]),
    ("each", &["10,00", "10,005", "10.00", "1.0,0", ""]),
    ("pieces", &["2", "2,0", "", "n/a"]),
    ("mail", &["ann@example.com", "mailto:ann@example.com", "ann", ""]),
    ("customer", &["17", "0", "17.0", ""]),
    ("phone", &["020 7946 0018", "12", ""]),
];

const SHOP_PROFILE: &str = r##"
name = "shop"
format = "csv"
decimal = ","
thousands = "."
nulls = ["n/a"]
ignore_rows = [{ column = "line", is = "ignored" }]
item_rows = { column = "line", is_not = "shipping" }
[[skip]]
reason = "test order"
when = { column = "kind", is = "test" }
[[skip]]
reason = "large order"
when = { column = "amount", greater = 1000 }
[order]
referenceId = { column = "nr", strip_prefix = "#" }
orderedAt = { column = "date", date = "%d.%m.%Y %H:%M", zone = "Europe/Berlin" }
currencyCode = { value = "EUR" }
price = { column = ["total", "sum"] }
paymentType = { column = "payment", values = { card = "Card" }, other = "other", default = "voucher" }
cardType = { value = "Visa" }
[order.status]
column = "state"
values = { paid = "PURCHASED", open = "PAYMENT_PENDING", void = { skip = "voided" } }
[item]
type = { value = "PRODUCT" }
name = { column = "name" }
price = { column = "each" }
quantity = { column = "pieces", default = "2" }
[guest]
email = { column = "mail", strip_prefix = "mailto:" }
phone = { column = "phone", kind = "phone", country = "GB" }
[guest.id]
crm = { column = "customer", strip_suffix = ".0" }
"##;

/// An order of some rows: for each cell of each row its index in the pool. The cells of further
/// rows repeat the first row if the column is one of the order.
fn order_rows(pools: &'static [Pool]) -> impl Strategy<Value = Vec<Vec<usize>>> {
    let cell = |pool: &Pool| prop_oneof![30 => Just(0), 1 => 0..pool.1.len()];
    let row = pools.iter().map(cell).collect::<Vec<_>>();
    prop::collection::vec(row, 1..4)
}

/// Whether the first row of an order has the column's value for all of them.
fn is_of_order(column: &str) -> bool {
    const OF_ITEMS: [&str; 4] = ["line", "name", "each", "pieces"];
    !column.starts_with("item.") && !OF_ITEMS.contains(&column)
}

/// A CSV file: an order whose numbers show the decimal mark, and then this one. Where `repeats` is
/// false, cells of the order are empty in further rows.
fn csv_text(pools: &[Pool], rows: &[Vec<usize>], repeats: bool) -> String {
    let n_rows = rows.len();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(pools.iter().map(|(column, _)| column)).unwrap();
    let proof = pools.iter().map(|(column, values)| match *column {
        "referenceId" => "Z-1".to_owned(),
        "nr" => "#9".to_owned(),
        "item.quantity" => "2.50".to_owned(),
        _ => values[0].replace(COMMA_TOTAL, "25,00").replace(TOTAL, "25.00"),
    });
    writer.write_record(proof.collect::<Vec<_>>()).unwrap();
    for (index, row) in rows.iter().enumerate() {
        let cells = pools.iter().zip(row).zip(&rows[0]).map(|(((column, values), cell), first)| {
            let is_key = ["referenceId", "nr"].contains(column);
            let value = match (index, is_of_order(column)) {
                (1.., true) if !repeats && !is_key => "",
                // A later cell that differs is rare in the pools, too.
                (1.., true) if *cell == 0 || is_key => values[*first],
                _ => values[*cell],
            };
            let total = 20 * n_rows;
            value
                .replace(COMMA_TOTAL, &format!("{total},00"))
                .replace(TOTAL, &format!("{total}.00"))
        });
        writer.write_record(cells.collect::<Vec<_>>()).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn any_settings() -> impl Strategy<Value = TestSettings> {
    let max_url_bytes = prop::sample::select(vec![8192, 1400, 700]);
    let price_basis = prop::sample::select(vec![PriceBasis::Unit, PriceBasis::Line]);
    let mode = prop::sample::select(vec![Mode::Single, Mode::Auto]);
    (max_url_bytes, price_basis, mode).prop_map(|(max_url_bytes, target_price_basis, mode)| {
        TestSettings { max_url_bytes, target_price_basis, mode, ..settings() }
    })
}

proptest! {
    #[test]
    fn canonical_orders_are_the_same_on_both_paths(
        rows in order_rows(CANONICAL),
        repeats in any::<bool>(),
        settings in any_settings(),
    ) {
        let profile = Profile::built_in("canonical").unwrap();
        compare(&profile, &csv_text(CANONICAL, &rows, repeats), &settings);
    }

    #[test]
    fn converted_orders_are_the_same_on_both_paths(
        rows in order_rows(SHOP),
        repeats in any::<bool>(),
        settings in any_settings(),
    ) {
        let profile = Profile::parse("shop", SHOP_PROFILE).unwrap();
        compare(&profile, &csv_text(SHOP, &rows, repeats), &settings);
    }
}

/// Otherwise the fast path would be of no use.
#[test]
fn typical_orders_are_plain() {
    let shop = Profile::parse("shop", SHOP_PROFILE).unwrap();
    for (profile, pools) in [(Profile::built_in("canonical").unwrap(), CANONICAL), (shop, SHOP)] {
        let rows = vec![vec![0; pools.len()]; 3];
        for repeats in [true, false] {
            let text = csv_text(pools, &rows, repeats);
            let (n_plain, n_orders) = compare(&profile, &text, &settings());
            assert!(n_plain >= 1 && n_orders == 2, "{}: {n_plain}\n{text}", profile.name);
        }
    }
}

/// The parts of such a key are checked where drafts are mapped.
#[test]
fn joined_key_beside_the_reference_is_not_plain() {
    let is_plain = |key: &str, text: &str| {
        let rules = "order.referenceId = { column = 'id', path = 'id' }\n\
                     item.name = { column = 'a', path = 'name' }";
        let profile = format!("name = 'p'\nitems = 'lines'\nkey = {key}\n{rules}");
        let profile = Profile::parse("p", &profile).unwrap();
        let (parser, _) = read(&profile, text);
        FileMapper::bind(&profile, parser.header(), "orders").unwrap().plain_rows().is_some()
    };
    for text in ["id,a\nA,1\n", "{\"id\": \"A\", \"a\": \"1\"}\n"] {
        assert!(is_plain("{ column = 'a', path = 'a' }", text), "{text}");
        assert!(!is_plain("{ concat = ['id', 'a'], separator = '-' }", text), "{text}");
    }
}

#[test]
fn texts_in_several_languages_are_not_plain() {
    let is_plain = |keys: &str| {
        let rules = format!("order.referenceId.path = 'id'\nitem.name = {{ path = 'name'{keys} }}");
        let profile = format!("name = 'p'\nitems = 'lines'\n{rules}");
        let profile = Profile::parse("p", &profile).unwrap();
        let (parser, _) = read(&profile, "{\"id\": \"A\"}\n");
        FileMapper::bind(&profile, parser.header(), "orders").unwrap().plain_rows().is_some()
    };
    assert!(is_plain(""));
    assert!(!is_plain(", language = { fallback = 'en' }"));
}

const JOINED_PROFILE: &str = "
name = 'shop'
decimal = '.'
[[join]]
as = 'c'
on = [{ column = 'customer', to = 'id' }]
[[skip]]
reason = 'test'
when = { column = 'c.kind', is = 'test' }
[order]
referenceId.column = 'id'
orderedAt.column = 'date'
status.value = 'PURCHASED'
currencyCode.value = 'EUR'
price.column = 'total'
paymentType.value = 'Card'
cardType.value = 'Visa'
ext.kind = { column = 'c.kind', type = 'string' }
[item]
type.value = 'PRODUCT'
name.column = 'item'
price.column = 'each'
quantity.value = '1'
productId.column = ['c.city', 'item']
[guest]
email.column = ['mail', 'c.mail']
city.column = 'c.city'
";

#[test]
fn joined_rows_are_the_same_on_both_paths() {
    let profile = Profile::parse("shop", JOINED_PROFILE).unwrap();
    let order = |customer: &str, mail: &str| {
        let before = format!("A,2025-05-01T10:00:00Z,12.50,{customer},{mail}");
        format!("id,date,total,customer,mail,item,each\n{before},Mug,12.00\n{before},Cap,0.50\n")
    };
    let csv = "id,kind,mail,city\n\
               1,shop,ann@example.com,Ulm\n\
               2,test,bob@example.com,Ulm\n\
               3,shop,cy@example.com,Ulm\n\
               3,shop,cy@example.com,Bonn\n\
               4,,,\n\
               5,\"a \"\"shop\"\"\",\"di@example.com\",K\u{f6}ln\n";
    let csv = side_table(&profile, csv);
    let json = "{\"id\": \"1\", \"kind\": 7, \"mail\": \"ann@example.com\", \"city\": null}\n";
    let json = side_table(&profile, json);
    for (table, customer, mail, is_plain) in [
        (&csv, "1", "", true),
        (&csv, "5", "", true),
        (&csv, "4", "eve@example.com", true),
        // No row is looked up.
        (&csv, "", "eve@example.com", true),
        // Nothing identifies the guest.
        (&csv, "4", "", false),
        (&csv, "", "", false),
        // Left out, in two rows, in none.
        (&csv, "2", "", false),
        (&csv, "3", "", false),
        (&csv, "6", "eve@example.com", false),
        // A number of JSON.
        (&json, "1", "", false),
    ] {
        let text = order(customer, mail);
        let tables = std::slice::from_ref(table);
        let found = compare_joined((&profile, tables), &text, &settings());
        assert_eq!(found, (usize::from(is_plain), 1), "{text}");
    }
}

/// The values of a side file are none of the document.
#[test]
fn documents_with_joins_are_not_plain() {
    let is_plain = |join: &str| {
        let rules = "order.referenceId.path = 'id'\nitem.name.path = 'name'";
        let profile = format!("name = 'p'\nitems = 'lines'\n{rules}\n{join}");
        let profile = Profile::parse("p", &profile).unwrap();
        let (parser, _) = read(&profile, "{\"id\": \"A\"}\n");
        FileMapper::bind(&profile, parser.header(), "orders").unwrap().plain_rows().is_some()
    };
    let read = "order.ext.e.path = 'c.e'\n";
    assert!(is_plain(read));
    for keys in ["", "many = 'first'", "many = 'all'\npick.largest = 'd'"] {
        let join = format!("{read}[[join]]\nas = 'c'\non = [{{ path = 'a', to = 'b' }}]\n{keys}");
        assert!(!is_plain(&join), "{keys}");
    }
}

/// A profile of which a rule needs more than its first filled value leaves all orders to drafts.
#[test]
fn rules_with_conditions_are_not_plain() {
    let is_plain = |rule: &str| {
        let text = format!("name = 'p'\norder.referenceId = {{ column = 'id' }}\n{rule}");
        let profile = Profile::parse("p", &text).unwrap();
        let (parser, _) = read(&profile, "id,a,b,ext.x,x.1\nA,1,2,3,4\n");
        FileMapper::bind(&profile, parser.header(), "orders.csv").unwrap().plain_rows().is_some()
    };
    assert!(is_plain("order.price = { column = 'a' }\norder.orderedAt.column = 'b'"));
    assert!(is_plain("order.price = { column = 'a', disagree = 'last' }"));
    assert!(!is_plain("item.name.field = 'x'\n[items.repeated]\ncolumns = '*.{n}'"));
    let join = "[[join]]\nas = 'c'\non = [{ column = 'a', to = 'b' }]\n";
    assert!(is_plain(join));
    assert!(!is_plain("item.name.part = 1\n[items.packed]\ncolumn = 'a'\nseparator = ';'"));
    assert!(!is_plain("duplicates = { keep = 'newest', by = 'b' }"));
    // Rows that are no refunds are.
    assert!(is_plain("[refunds]\norder = { column = 'b' }"));
    assert!(is_plain("[refunds]\nrows = { column = 'b', is = 'refund' }"));
    assert!(is_plain("[[item]]\nname = { column = 'a' }"));
    let kind = |keys: &str| format!("[[item]]\nname = {{ column = 'a' }}\n{keys}");
    assert!(!is_plain(&kind("when = { column = 'b', is = '2' }")));
    assert!(!is_plain(&kind("from = 'order'")));
    assert!(!is_plain("item.discount = { column = 'a' }"));
    assert!(!is_plain("item.line_price = { column = 'a' }"));
    for rule in [
        "order.price = { column = 'a', when = { column = 'b', is = '2' } }",
        "order.price = [{ column = 'a' }, { column = 'b' }]",
        "order.price = { column = 'a', over_rows = 'add' }",
        "order.orderedAt = { column = 'a', date = '%Y-%m-%d', zone = { column = 'b' } }",
        "item.name = { column = 'a', when = { column = 'b', is = '2' } }",
        "order.ext.'*' = { column = 'ext.*', when = { column = 'b', is = '2' } }",
        "order.ext.a = { value = 'a', when = { column = 'b', is = '2' } }",
        "order.ext.a = { column = 'a', when = { raw = true, contains = '2' } }",
        "order.price = { sum = ['a', 'b'], scale = 'currency' }",
    ] {
        assert!(!is_plain(rule), "{rule}");
    }
}
