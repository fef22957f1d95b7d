//! Property tests with arbitrary bytes: no input makes the readers or a complete check panic, lose
//! the position of a row, or lose an order.

use std::{fs, path::Path, time::Duration};

use orderferry::{
    disposition::ChangedExit,
    map::profile::Profile,
    model::{
        guest_attributes::GuestAttributes,
        input::InputFormat,
        origin::{FileId, RowOrigin},
        pricing::{PriceBasis, TotalFrom},
        progress::ProgressFn,
        route::{ConfirmMode, Mode},
        rules::CommonDefaults,
        severity::SeverityRules,
    },
    pipeline::{self, ExplainSpec, Finished, MaxInvalid, RunSpec, ShowRows},
    read::{
        Block, BlockReader, Dialect, Piece, ReadError, ReadLimits, ReadSettings, inputs::find_one,
    },
    report::RunSetup,
    storage::{LocalStorage, open_storage},
    stream::{self, StreamSettings},
    validate::ValidateSettings,
};
use proptest::prelude::*;

use crate::support::workspace::HEADER;

/// Fragments of exports, valid and damaging.
const PIECES: [&str; 34] = [
    ",",
    ",",
    ",",
    "\n",
    "\n",
    "\r\n",
    "\r",
    "\"",
    "\"\"",
    " ",
    "\t",
    "\0",
    "\u{feff}",
    "é",
    "A-1",
    "A-2",
    "2025-03-01T10:00:00Z",
    "2025-02-30",
    "PURCHASED",
    "EUR",
    "30.60",
    "1e9",
    "-",
    "other",
    "ann@example.com",
    "{",
    "}",
    "[",
    "]",
    ":",
    "\"referenceId\":\"A-1\",",
    "\"price\":1.0,",
    "\"orderItems\":[{},1],",
    "null",
];

const GOOD_ROW: &str =
    "A-1,2025-03-01T10:00:00Z,PURCHASED,EUR,30.60,other,GEAR,Rope,30.60,1,ann@example.com,Smith\n";
const GOOD_LINE: &str = "{\"referenceId\":\"A-1\",\"orderedAt\":\"2025-03-01T10:00:00Z\",\"status\":\"PURCHASED\",\"currencyCode\":\"EUR\",\"price\":30.60,\"paymentType\":\"other\",\"orderItems\":[{\"name\":\"Rope\"}],\"guest\":{\"email\":\"ann@example.com\"}}\n";

/// Random bytes, random pieces, or a valid export with a few bytes replaced.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let noise = prop::collection::vec(any::<u8>(), 0..400);
    let pieces = prop::collection::vec(prop::sample::select(&PIECES[..]), 0..120)
        .prop_map(|pieces| pieces.concat());
    let starts = prop::sample::select(vec!["", HEADER, "{", "{\"referenceId\":\"A-1\","]);
    let of_pieces =
        (starts, pieces).prop_map(|(start, pieces)| format!("{start}{pieces}").into_bytes());
    let good = vec![format!("{HEADER}{}", GOOD_ROW.repeat(4)), GOOD_LINE.repeat(3)];
    let hits = prop::collection::vec(
        (any::<prop::sample::Index>(), prop::sample::select(&PIECES[..])),
        1..4,
    );
    let damaged = (prop::sample::select(good), hits).prop_map(|(good, hits)| {
        let mut bytes = good.into_bytes();
        for (index, piece) in hits {
            let at = index.index(bytes.len());
            bytes.splice(at..=at, piece.bytes());
        }
        bytes
    });
    prop_oneof![noise, of_pieces, damaged]
}

/// Checks a file with the minimum memory budget.
pub(crate) fn check(folder: &Path, input: &Path, profile: &str) -> Finished {
    check_with(folder, &[input], profile, &|_| {})
}

/// Checks files and reports the progress to the test.
pub(crate) fn check_with(
    folder: &Path,
    inputs: &[&Path],
    profile: &str,
    on_progress: ProgressFn<'_>,
) -> Finished {
    check_showing(folder, inputs, profile, ShowRows::Always, on_progress)
}

fn check_showing(
    folder: &Path,
    inputs: &[&Path],
    profile: &str,
    show_rows: ShowRows,
    on_progress: ProgressFn<'_>,
) -> Finished {
    let now = "2025-06-01T00:00:00Z".parse().unwrap();
    let job = RunSpec {
        joins: Vec::new(),
        sends_reused_references: false,
        changed_exit: ChangedExit::First,
        run_id: "arbitrary".into(),
        setup: RunSetup::default(),
        started_at: now,
        inputs: inputs.iter().map(|input| input.to_string_lossy().into_owned()).collect(),
        storage: open_storage(),
        profile: Profile::parse("profile", profile).unwrap(),
        accepts_unreadable: false,
        limits: ReadLimits::default(),
        memory: 1 << 20,
        folder: folder.join("run"),
        events: None,
        explain: ExplainSpec::default(),
        show_rows,
        writes_csv: false,
        validate: ValidateSettings {
            common: CommonDefaults { pos: Some("pos".into()), ..CommonDefaults::default() },
            has_quantities: true,
            total_from: TotalFrom::Given,
            price_basis: PriceBasis::Unit,
            target_price_basis: PriceBasis::Unit,
            severities: SeverityRules::default(),
            guest_attributes: GuestAttributes::default(),
            earliest_order: "2000-01-01".parse().unwrap(),
            now,
        },
        service: StreamSettings {
            target: stream::target("https://tenant.example", "key").unwrap(),
            mode: Mode::Single,
            max_url_bytes: 8192,
            confirm: ConfirmMode::Whole,
            session_timeout: Duration::from_secs(1200),
            identity_pause: Duration::from_millis(500),
            rate: None,
            tries: 5,
            first_backoff: Duration::from_millis(500),
            retry_500: false,
        },
        max_invalid: MaxInvalid::Orders(u64::MAX),
        ledger: orderferry::ledger::at_path(folder.join("ledger.db")),
        age_limit: None,
        has_target: true,
        send: None,
    };
    pipeline::run(&job, on_progress).unwrap()
}

/// The origins of the rows of a file, up to the first read error.
fn origins(mut source: BlockReader) -> Vec<RowOrigin> {
    let (mut origins, mut block) = (Vec::new(), Block::default());
    let mut next = |block: &mut Block| -> Result<bool, ReadError> {
        let is_more = source.next_block(block)?;
        let parsed =
            source.parser().parse([Piece::from(&*block)].into_iter().filter(|_| is_more))?;
        origins.extend(parsed.rows().map(|row| row.origin.clone()));
        Ok(is_more)
    };
    while next(&mut block).is_ok_and(|is_more| is_more) {}
    origins
}

/// The canonical profile.
pub(crate) fn profile_text(has_adjacent_rows: bool) -> String {
    let canonical =
        orderferry::map::BUILT_IN.iter().find(|(name, _)| *name == "canonical").unwrap().1;
    let adjacent = format!("rows_adjacent = {has_adjacent_rows}\nunknown_columns");
    canonical.replacen("unknown_columns", &adjacent, 1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Rows are in file order, do not overlap, and have their origins.
    #[test]
    fn readers_accept_arbitrary_bytes(bytes in bytes(), is_csv: bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orders");
        fs::write(&path, &bytes).unwrap();
        let input = find_one(&LocalStorage, "orders", path.clone().into()).unwrap();
        let format = if is_csv { InputFormat::Csv } else { InputFormat::Ndjson };
        let dialect = Dialect { format: Some(format), ..Dialect::default() };
        let settings = ReadSettings { storage: &LocalStorage, dialect, limits: ReadLimits::default() };
        if let Ok(source) = BlockReader::open(&input, FileId(0), &settings) {
            let (mut end, mut line) = (source.input_read().header.map_or(0, |header| header.end), 1);
            for origin in origins(source) {
                prop_assert!(origin.bytes.start >= end && origin.bytes.end >= origin.bytes.start);
                prop_assert!(origin.line >= line);
                (end, line) = (origin.bytes.end, origin.line);
            }
            prop_assert!(end <= bytes.len() as u64);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every order has one outcome and one line, and each rejected row is in the export byte for
    /// byte.
    #[test]
    fn check_accepts_arbitrary_bytes(bytes in bytes(), has_adjacent_rows: bool, name in prop::sample::select(vec!["a.csv", "a.ndjson", "a"])) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, &bytes).unwrap();
        let finished = check(folder.path(), &path, &profile_text(has_adjacent_rows));
        let summary = finished.summary;
        let n_settled: u64 = summary.orders.outcomes().map(|(_, n)| *n).sum();
        prop_assert_eq!(summary.orders.read, n_settled);
        let results = fs::read_to_string(folder.path().join("run/results.ndjson")).unwrap();
        prop_assert_eq!(results.lines().count() as u64, n_settled);
        prop_assert!([0, 1, 2].contains(&summary.exit_code));
        let rejects = fs::read(folder.path().join("run/rejects").join(name)).unwrap_or_default();
        // Every rejected line is in the export; its line break may differ.
        for line in rejects.split(|byte| matches!(byte, b'\n' | b'\r')) {
            prop_assert!(line.is_empty() || bytes.windows(line.len()).any(|window| window == line));
        }
    }
}

#[test]
fn rows_are_read_again_only_to_be_shown() {
    let bad_row = GOOD_ROW.replace("30.60,other", "x,other");
    for (show_rows, is_shown) in
        [(ShowRows::Always, true), (ShowRows::OnFailure, true), (ShowRows::Never, false)]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orders.csv");
        fs::write(&path, format!("{HEADER}{bad_row}")).unwrap();
        let profile = profile_text(false);
        let finished = check_showing(folder.path(), &[&path], &profile, show_rows, &|_| {});
        let has_excerpt = finished.diagnostics.iter().any(|found| found.excerpt.is_some());
        assert_eq!((finished.diagnostics.is_empty(), has_excerpt), (false, is_shown));
    }
}
