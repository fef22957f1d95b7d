//! Inputs of the benches: what each stage passes to the next one, prepared once from a synthetic
//! export, so that every stage is measured on its own.
//!
//! Leaked, because the output of a stage borrows from its input (drafts from rows, rows from
//! blocks). Called by `stages` and `instructions`.

use std::{convert::Infallible, fs, hint::black_box, path::Path, time::Duration};

use orderferry::{
    group::{self, BlockRuns},
    map::{file_mapper::FileMapper, profile::Profile},
    model::{
        column_facts::ColumnFacts,
        draft::{Draft, KeyedRow},
        input::Input,
        order::{CheckedOrder, Order, OrderRecord, Validity},
        origin::FileId,
        planned::{EncodedOrder, Payload, PlannedGuest, PlannedOrder},
        route::{ConfirmMode, Mode},
        row::Row,
        rules::CommonDefaults,
        target::Target,
    },
    plan::{self, PlanInput, PlannedGuests, Planner},
    read::{
        Block, BlockReader, Dialect, Piece, ReadLimits, ReadSettings, RowParser, inputs::find_one,
    },
    storage::LocalStorage,
    stream::{self, StreamSettings, content_hash, encode, event_json, multi_event::UrlLimits},
    validate::{self, ValidateSettings},
};
use tempfile::TempDir;

use crate::{
    form::ExportFormat,
    orders::{Fraction, OrderGenerator, ProductNames},
};

/// About 1 MB of CSV and 2,000 orders.
const N_ROWS: u64 = 5000;

/// The share of orders in a currency that does not exist, like a manually edited row in a real
/// export.
const INVALID: Fraction = Fraction(0.02);

/// The exports, and the output of each stage for the first one.
pub(crate) struct StageInputs {
    /// CSV, CSV with quoted names, CSV as shops write it, NDJSON and a JSON array.
    pub(crate) exports: [(&'static str, Export); 5],
    pub(crate) drafts: Vec<Draft<'static>>,
    pub(crate) settings: &'static CheckSettings,
    pub(crate) records: Vec<OrderRecord>,
    pub(crate) orders: Vec<Order<'static>>,
    pub(crate) planned: Vec<PlannedOrder>,
    pub(crate) guests: Vec<PlannedGuest>,
    /// Keeps the files until it is dropped.
    pub(crate) folder: TempDir,
}

/// The settings of the check of an order.
pub(crate) struct CheckSettings {
    pub(crate) validate: ValidateSettings,
    pub(crate) stream: StreamSettings,
}

/// A file, and its rows as read and mapped.
pub(crate) struct Export {
    pub(crate) input: Input,
    pub(crate) blocks: &'static [Block],
    pub(crate) reader: RowParser,
    pub(crate) mapper: &'static FileMapper<'static>,
    pub(crate) rows: &'static [Row<'static>],
    pub(crate) keyed: &'static [KeyedRow<'static>],
    /// The same rows, with those of an order no longer adjacent.
    pub(crate) scattered: &'static [KeyedRow<'static>],
}

impl StageInputs {
    /// Runs the synthetic export through all stages.
    pub(crate) fn prepare() -> Self {
        let folder = folder();
        let profile: &'static Profile =
            leak(Profile::built_in("canonical").expect("the profile is built in"));
        let export = |name: &'static str, file: &str, form, names| {
            (name, Export::generate(&folder.path().join(file), form, names, profile))
        };
        let quoted = |share| ProductNames::Quoted(Fraction(share));
        let exports = [
            export("csv", "orders.csv", ExportFormat::Csv, quoted(0.0)),
            export("csv_quoted", "quoted.csv", ExportFormat::Csv, quoted(0.1)),
            export("csv_quotes", "quotes.csv", ExportFormat::Csv, ProductNames::QuotesAndUmlauts),
            export("ndjson", "orders.ndjson", ExportFormat::Ndjson, quoted(0.0)),
            export("array", "orders.json", ExportFormat::Array, quoted(0.0)),
        ];
        let settings = leak(settings(profile));
        let drafts = exports[0].1.drafts();
        let (mut records, mut orders, mut planned) = (Vec::new(), Vec::new(), Vec::new());
        for checked in check(drafts.clone(), settings) {
            if let Validity::Valid(order) = checked.validity {
                planned.push(planned_order(checked.record.clone(), &order));
                orders.push(*order);
            }
            records.push(checked.record);
        }
        assert!(
            !orders.is_empty() && orders.len() < records.len(),
            "some orders are valid and some are not"
        );
        let guests = read_back(&written_plan(&orders, &planned, &folder, usize::MAX));
        Self { exports, drafts, settings, records, orders, planned, guests, folder }
    }

    /// The export that the stages after the mapper use.
    pub(crate) fn csv(&self) -> &Export {
        &self.exports[0].1
    }
}

impl Export {
    fn generate(
        path: &Path,
        form: ExportFormat,
        names: ProductNames,
        profile: &'static Profile,
    ) -> Self {
        fs::write(path, text(form, names)).expect("the folder is new and writable");
        let input = find_one(&LocalStorage, &path.to_string_lossy(), path.into())
            .expect("it was just written");
        let (blocks, reader) = read(&input);
        let blocks: &'static [Block] = blocks.leak();
        let mapper = FileMapper::bind(profile, reader.header(), "orders")
            .expect("the synthetic export is canonical");
        let mapper = leak(mapper);
        let parsed = leak(reader.parse(blocks.iter().map(Piece::from)).expect("it is well-formed"));
        let rows: &'static [Row<'_>] = parsed.rows().collect::<Vec<_>>().leak();
        let keyed = leak(
            rows.iter().map(|row| KeyedRow { row, kind: mapper.kind(row) }).collect::<Vec<_>>(),
        );
        // The even rows, then the odd ones: adjacent rows of an order end up far apart.
        let scattered = (0..2)
            .flat_map(|first| keyed.iter().skip(first).step_by(2).cloned())
            .collect::<Vec<_>>();
        Self { input, blocks, reader, mapper, rows, keyed, scattered: scattered.leak() }
    }

    /// Builds drafts from adjacent rows, including the mapping.
    pub(crate) fn drafts(&self) -> Vec<Draft<'static>> {
        let runs = BlockRuns::of(self.keyed, group::GroupSettings::default()).runs.into_iter();
        runs.map(|run| self.draft(run.rows.iter(), &run.possible_rows)).collect()
    }

    /// Builds drafts from scattered rows, including the mapping.
    pub(crate) fn scattered_drafts(&self) -> Vec<Draft<'static>> {
        let orders = group::group_scattered(
            self.scattered,
            group::GroupSettings::default(),
            &group::RepeatedHeaders::default(),
        )
        .into_iter();
        orders.map(|rows| self.draft(rows.into_iter(), &[])).collect()
    }

    fn draft(
        &self,
        rows: impl ExactSizeIterator<Item = &'static KeyedRow<'static>> + Clone,
        possible_rows: &[group::PossibleRows],
    ) -> Draft<'static> {
        group::draft(rows, |row, before, into| self.mapper.map(row, before, into), possible_rows)
    }
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// A temporary folder below `target/`.
// Not in `/tmp`, which may be in memory, where a sync costs nothing.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("cargo creates the parent folder")
}

fn text(form: ExportFormat, names: ProductNames) -> String {
    let mut orders = OrderGenerator { n_rows: N_ROWS, seed: 1, names, invalid: INVALID }.orders();
    let (mut text, mut record, mut between) = (form.begin().to_owned(), String::new(), "");
    while let Some(order) = orders.next() {
        let Ok(()) = form.records(&order, &orders, &mut record, |record| {
            text.extend([between, record]);
            between = form.between();
            Ok::<_, Infallible>(())
        });
    }
    text + form.end()
}

pub(crate) fn open(input: &Input) -> BlockReader<'static> {
    let settings = ReadSettings {
        storage: &LocalStorage,
        dialect: Dialect::default(),
        limits: ReadLimits::default(),
    };
    BlockReader::open(input, FileId(0), &settings).expect("the synthetic export is well-formed")
}

fn read(input: &Input) -> (Vec<Block>, RowParser) {
    let (mut source, mut blocks) = (open(input), Vec::new());
    let mut block = Block::default();
    while source.next_block(&mut block).expect("the file exists as long as its folder") {
        blocks.push(std::mem::take(&mut block));
    }
    (blocks, source.parser().clone())
}

/// Reads all rows of a block.
pub(crate) fn parse(reader: &RowParser, block: &Block) {
    let parsed = reader.parse([Piece::from(block)]).expect("the synthetic export is well-formed");
    parsed.rows().for_each(|row| drop(black_box(row)));
}

/// Validates drafts for the route `single`, including the size of their events. The facts of
/// columns concern no order.
pub(crate) fn check(
    drafts: Vec<Draft<'static>>,
    settings: &'static CheckSettings,
) -> impl Iterator<Item = CheckedOrder<'static>> {
    let CheckSettings { validate: settings, stream: target } = settings;
    let facts = ColumnFacts::default();
    drafts.into_iter().map(move |draft| {
        let mut check = validate::check(&draft, &stream::SINGLE, settings, &facts);
        let misfit = check.order().map(|order| stream::misfit(order, draft.position(), target));
        check.problems.extend(misfit.unwrap_or_default().problems);
        check.finish(draft)
    })
}

fn planned_order(record: OrderRecord, order: &Order<'_>) -> PlannedOrder {
    let target = target("https://stream.example");
    let limits = UrlLimits { target: &target, max_url_bytes: 8192, confirm: ConfirmMode::Whole };
    let payload = encode::payload(order, limits);
    PlannedOrder {
        record,
        encoded: EncodedOrder {
            ordered_at: order.ordered_at,
            content: content_hash::content_hash(order),
            status: order.status.clone().into_owned(),
            dedup_hash: content_hash::dedup_hash(order),
            route: order.route,
            n_requests: payload.n_requests(),
            payload: Payload::from(&payload),
        },
        is_uncertain: false,
        held_result: None,
    }
}

/// Writes the plan of orders as the bytes of its file. What exceeds `memory` (in bytes) spills to
/// the folder.
pub(crate) fn written_plan(
    orders: &[Order<'_>],
    planned_orders: &[PlannedOrder],
    folder: &TempDir,
    memory: usize,
) -> Vec<u8> {
    let (planner, mut entries) = (Planner::new(folder.path(), memory), PlanInput::default());
    for (order, planned_order) in orders.iter().zip(planned_orders) {
        let identity = || Payload::new(&event_json::identity(&order.guest, &order.common));
        entries.add_identity(
            planned_order.record.id,
            order.guest.key(),
            order.ordered_at,
            identity,
        );
        entries.add(order.guest.key(), planned_order);
    }
    planner.push(&mut entries).expect("the disk has free space");
    let (mut sorted, mut file) =
        (planner.sort(stream::IDENTIFY_REQUESTS).expect("the disk has free space"), Vec::new());
    plan::write_lines(&"bench", &mut sorted.lines, &mut file).expect("a Vec accepts all bytes");
    file
}

pub(crate) fn read_back(file: &[u8]) -> Vec<PlannedGuest> {
    let (_, guests) = PlannedGuests::open::<String>(file).expect("it was just written");
    guests.map(|guest| guest.expect("it was just written")).collect()
}

pub(crate) fn target(base_url: &str) -> Target {
    stream::target(base_url, "pqsPERS3lw12v5a9rrHPW1c4hET73GxQ")
        .expect("HTTPS or a loopback address, and a key")
}

fn settings(profile: &Profile) -> CheckSettings {
    CheckSettings {
        validate: ValidateSettings {
            common: CommonDefaults { pos: Some("shop".to_owned()), ..CommonDefaults::default() },
            has_quantities: true,
            total_from: profile.order_price,
            price_basis: profile.item_price,
            target_price_basis: profile.item_price,
            severities: profile.severities.clone(),
            guest_attributes: profile.guest_attributes,
            earliest_order: profile.earliest_order,
            now: "2026-11-01T00:00:00Z".parse().expect("a date"),
        },
        stream: StreamSettings {
            target: target("https://stream.example"),
            mode: Mode::Single,
            max_url_bytes: 8192,
            confirm: ConfirmMode::Whole,
            session_timeout: Duration::from_secs(20 * 60),
            identity_pause: Duration::from_millis(500),
            rate: None,
            tries: 5,
            first_backoff: Duration::from_millis(500),
            retry_500: false,
        },
    }
}
