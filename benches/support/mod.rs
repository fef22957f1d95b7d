//! What each stage hands to the next, made once from the invented export, so that every stage is measured alone.

mod export;

use std::{fs, sync::Arc, time::Duration};

use orderferry::{
    dispatch,
    group::{self, Grouper},
    map::{bind::FileMapper, profile::Profile},
    model::{
        draft::{Draft, MappedRow},
        order::{OrderRecord, Verdict},
        origin::FileId,
        planned::PlannedGuest,
        row::{Header, Row},
        target::Target,
    },
    plan::{self, OrderToSend},
    read::{Dialect, Rows, inputs::Input},
    validate::{self, CommonDefaults},
};
use tempfile::TempDir;

use export::{Export, INVALID_EVERY, N_ORDERS};

/// The export and what became of it at each station.
pub(crate) struct Stations {
    pub(crate) csv: Input,
    pub(crate) ndjson: Input,
    pub(crate) profile: Profile,
    pub(crate) csv_rows: ReadFile,
    pub(crate) ndjson_rows: ReadFile,
    pub(crate) mapped: Vec<MappedRow>,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) rules: validate::Settings,
    pub(crate) records: Vec<OrderRecord>,
    pub(crate) orders: Vec<OrderToSend>,
    pub(crate) guests: Vec<PlannedGuest>,
    /// Holds the files as long as they are needed.
    _folder: TempDir,
}

/// A file that was read.
pub(crate) struct ReadFile {
    pub(crate) header: Option<Arc<Header>>,
    pub(crate) rows: Vec<Row>,
}

impl Stations {
    /// Takes the invented export all the way.
    pub(crate) fn reached() -> Self {
        let folder = folder();
        let Export { csv, ndjson } = Export::invented();
        let (csv, ndjson) = (file(&folder, "orders.csv", &csv), file(&folder, "orders.ndjson", &ndjson));
        let profile = Profile::load("canonical").expect("it is built in");
        let (csv_rows, ndjson_rows) = (read(&csv), read(&ndjson));
        let mapped = map(&profile, &csv_rows, csv_rows.rows.clone());
        let drafts = group(mapped.clone());
        let rules = rules(&profile);
        let checked = validate::check_all(drafts.clone(), &rules, || {});
        let (mut records, mut orders) = (Vec::new(), Vec::new());
        for order in checked {
            if let Verdict::Valid(valid) = order.verdict {
                orders.push(OrderToSend {
                    record: order.record.clone(),
                    order: valid,
                    may_be_there: false,
                    held: None,
                });
            }
            records.push(order.record);
        }
        assert_eq!((records.len(), records.len() - orders.len()), (N_ORDERS, N_ORDERS / INVALID_EVERY));
        let guests = planned(orders.clone());
        Self {
            csv,
            ndjson,
            profile,
            csv_rows,
            ndjson_rows,
            mapped,
            drafts,
            rules,
            records,
            orders,
            guests,
            _folder: folder,
        }
    }
}

/// A folder below `target/`, on a real disk: `/tmp` may lie in memory, where a sync costs nothing.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("cargo makes the folder around it")
}

fn file(folder: &TempDir, name: &str, text: &str) -> Input {
    let path = folder.path().join(name);
    fs::write(&path, text).expect("the folder is new and writable");
    Input::file(name, &path).expect("it was just written")
}

pub(crate) fn open(input: &Input) -> Rows {
    Rows::open(input, FileId(0), &Dialect::default()).expect("the invented export is well-formed")
}

fn read(input: &Input) -> ReadFile {
    let rows = open(input);
    let header = rows.header().cloned();
    ReadFile { header, rows: rows.collect::<Result<_, _>>().expect("the file lasts as long as its folder") }
}

/// Binds the profile to the file and maps `rows`, which are its own.
pub(crate) fn map(profile: &Profile, file: &ReadFile, rows: Vec<Row>) -> Vec<MappedRow> {
    let mut mapper =
        FileMapper::bind(profile, file.header.as_ref(), "orders").expect("the invented export is canonical");
    rows.into_iter().map(|row| mapper.map(row)).collect()
}

pub(crate) fn group(rows: Vec<MappedRow>) -> Vec<Draft> {
    let mut grouper = Grouper::new(group::Settings::default());
    for row in rows {
        grouper.add(row);
    }
    grouper.finish(|text| Some(text.into())).expect("every row can be read and has a key").drafts
}

pub(crate) fn target(base_url: &str) -> Target {
    Target::new(base_url, "pqsPERS3lw12v5a9rrHPW1c4hET73GxQ").expect("HTTPS or a loopback address, and a key")
}

fn rules(profile: &Profile) -> validate::Settings {
    validate::Settings {
        target: target("https://stream.example"),
        common: CommonDefaults { pos: Some("shop".to_owned()), ..CommonDefaults::default() },
        max_url_bytes: 8192,
        total_from: profile.order_price,
        price_per: profile.item_price,
        target_price_per: profile.item_price,
        sends_reused_references: false,
        now: "2026-11-01T00:00:00Z".parse().expect("a date"),
    }
}

/// As `send` has them without options, but for the rate.
pub(crate) fn dispatch_settings() -> dispatch::Settings {
    dispatch::Settings {
        rate: None,
        in_flight: 64,
        timeout: Duration::from_secs(30),
        identity_pause: Duration::from_millis(500),
        tries: 5,
        repeats_500: false,
        down_after: 4,
        gives_up_after: Duration::from_secs(600),
        first_backoff: Duration::from_millis(500),
    }
}

/// The plan of orders, noted and brought into their order.
pub(crate) fn planned(orders: Vec<OrderToSend>) -> Vec<PlannedGuest> {
    let mut identities = plan::Identities::default();
    for order in &orders {
        identities.note(&order.order);
    }
    plan::planned(orders, &identities).collect()
}
