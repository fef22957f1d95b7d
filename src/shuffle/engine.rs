//! Engine: which passes over the export are made, and whether the disk has space for them.
//!
//! It parses and decides nothing itself. `pass` reads the export, `scattered` groups spilled rows,
//! [`Decide`] decides. Called by the pipeline.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU32},
};

use super::{
    blocks::{self, OpenFiles},
    context::{Context, Pass},
    error::ShuffleError,
    export::Export,
    facts::{CollectedFacts, ExportFacts},
    fragment::FragmentKey,
    observe::Observer,
    parent_circles::ParentLinks,
    pass::{self, PassEnd},
    scattered,
    settings::ShuffleSettings,
    side_files::repeated_headers,
    sink::{Collect, Decide},
};
use chrono::DateTime;

use crate::{
    model::{
        column_warnings::ColumnWarnings,
        input::ExportRead,
        origin::InputNames,
        problem::Problem,
        progress::{Progress, ProgressFn, ScatteredRows},
    },
    read::inputs,
    spill::{
        disk,
        sorter::{Sorter, disk_needed},
    },
};

/// Reads the whole export. `decide` receives every order, and `collect` what it comes to. After an
/// error, `export` has what was read until then, and the collected parts are incomplete.
pub fn run<D: Decide, C: Collect<D::Part, D::Error>>(
    settings: &ShuffleSettings<'_>,
    export: &mut Export,
    decide: &D,
    collect: &mut C,
    emit: ProgressFn<'_>,
) -> Result<(), D::Error> {
    let defaulted = blocks::ensure_columns(&export.files.inputs(), settings)?;
    let (input_names, n_files_warned) = (export.files.names(), AtomicU32::new(0));
    let open_files = OpenFiles::default();
    let engine = Engine {
        settings,
        input_names: &input_names,
        decide,
        n_files_warned: &n_files_warned,
        defaulted,
        emit,
    };
    emit(Progress::Reading { bytes: bytes_on_disk(settings, &export.files) });
    let (mut pass, mut facts) =
        (Pass::Learn { may_stop: true }, engine.with_tenant_types(ExportFacts::default()));
    let (spilled, links, mut warnings) = loop {
        let spilled = Sorter::new(settings.folder, ".rows", settings.memory.rows);
        // The memory of the keys is free where runs are spilled.
        let links = ParentLinks::new(settings.folder, settings.memory.keys);
        let into = Some((&spilled, &links));
        let context = engine.context(pass, &open_files, &export.files, &facts, into);
        let end = pass::run(&context, export, collect)?;
        ensure_unchanged(settings, &export.files)?;
        match end {
            PassEnd::MostlyScattered => {
                pass = engine.pass_after_stop(&export.files);
                collect.restart()?;
            }
            PassEnd::Learned(collector, warnings) => {
                collector.ensure_unambiguous(&input_names)?;
                let rules = settings.profile.shared_identifiers;
                let (shared, collected) = collector.finish(rules, &input_names)?;
                export.file_problems.extend(shared.listed);
                export.files.omitted_shared_identifiers = shared.n_omitted;
                if pass == Pass::Spill {
                    // The scattered keys need not be known: the sort groups all rows by key.
                    facts = engine.with_tenant_types(collected.facts);
                    break (spilled, links, ColumnWarnings::default());
                }
                if !collected.concern_orders {
                    engine.warn(&warnings, export);
                    return Ok(());
                }
                collect.restart()?;
                engine.ensure_disk(&export.files, &collected)?;
                emit(Progress::SecondPass { bytes: Some(export.files.bytes_read) });
                (pass, facts) = (Pass::Decide, engine.with_tenant_types(collected.facts));
            }
            PassEnd::Decided(warnings) => break (spilled, links, warnings),
        }
    };
    facts.circles = links.find().map_err(ShuffleError::from)?;
    let sorted = spilled.sorted().map_err(ShuffleError::from)?;
    let context = engine.context(Pass::Decide, &open_files, &export.files, &facts, None);
    scattered::decide_scattered(sorted, &context, collect, &mut warnings, &mut export.files)?;
    engine.warn(&warnings, export);
    Ok(ensure_unchanged(settings, &export.files)?)
}

/// What all passes share.
struct Engine<'r, D> {
    settings: &'r ShuffleSettings<'r>,
    input_names: &'r InputNames,
    decide: &'r D,
    /// Number of files whose unknown columns were reported.
    n_files_warned: &'r AtomicU32,
    /// Warnings for columns that all of several joined files lack.
    defaulted: Vec<Problem>,
    emit: ProgressFn<'r>,
}

impl<'r, D: Decide> Engine<'r, D> {
    fn context<'p, 's>(
        &self,
        pass: Pass,
        open_files: &'p OpenFiles<'p>,
        files: &ExportRead,
        facts: &'s ExportFacts,
        spilled: Option<(&'s Sorter<FragmentKey>, &'s ParentLinks<'p>)>,
    ) -> Context<'p, 's, D>
    where
        'r: 'p,
    {
        Context {
            pass,
            settings: self.settings,
            input_names: self.input_names,
            emit: self.emit,
            n_files_warned: self.n_files_warned,
            decide: self.decide,
            observer: Observer::new(self.settings.profile),
            open_files,
            facts,
            spilled: spilled.map(|(runs, _)| runs),
            parent_links: spilled.map(|(_, links)| links),
            inputs: files.inputs(),
            side_headers: repeated_headers(self.settings.side_tables),
            drafts_matter: OnceLock::new(),
            is_discarding: AtomicBool::new(pass == Pass::Spill),
            is_stopped: AtomicBool::new(false),
        }
    }

    /// Reports the warnings that concern columns, and an export that is ignored as a whole.
    fn warn(&self, warnings: &ColumnWarnings, export: &mut Export) {
        let severities = &self.settings.profile.severities;
        let mut problems = warnings.problems();
        let exported = export.files.inputs.iter().filter_map(|read| read.input.version.modified);
        problems.extend_from_slice(&self.defaulted);
        problems.extend(warnings.day_months.problem(exported.max().map(DateTime::from)));
        problems.retain(|problem| !severities.is_off(problem.code));
        for problem in &problems {
            let position = self.input_names.locate(problem.at);
            (self.emit)(Progress::Warning(&format!("{position}: {}", problem.message)));
        }
        export.file_problems.extend(problems);
        let n_rows: u64 = export.files.inputs.iter().map(|read| read.rows).sum();
        if n_rows > 0 && export.files.ignored_rows == n_rows {
            (self.emit)(Progress::Warning(
                "the profile ignores all rows; if some are orders, correct its ignore_rows",
            ));
        }
    }

    fn with_tenant_types(&self, mut facts: ExportFacts) -> ExportFacts {
        facts.columns.types.set_tenant_types(Arc::clone(&self.settings.tenant_types));
        facts
    }

    /// Returns the pass after one that stopped early: one that spills all rows, if the disk has
    /// space for them.
    fn pass_after_stop(&self, files: &ExportRead) -> Pass {
        let n_bytes = files.inputs.iter().map(|read| read.input.version.size).sum();
        // In the worst case, each row is an order of its own.
        let (disk_needed, disk_free) = self.disk_needed(n_bytes, n_bytes / MIN_ROW_BYTES);
        if disk_needed > disk_free {
            // There may still be enough for the rows of scattered orders. A complete first pass
            // finds out which these are.
            (self.emit)(Progress::Reading { bytes: bytes_on_disk(self.settings, files) });
            return Pass::Learn { may_stop: false };
        }
        let rows = match self.settings.profile.parent {
            Some(_) => ScatteredRows::Documents,
            None => ScatteredRows::OfMostOrders,
        };
        (self.emit)(Progress::Scattered { rows, disk_needed, disk_free });
        (self.emit)(Progress::SecondPass { bytes: bytes_on_disk(self.settings, files) });
        Pass::Spill
    }

    /// Reports the disk space that the second pass needs for scattered orders. Returns an error if
    /// there is less.
    fn ensure_disk(&self, files: &ExportRead, facts: &CollectedFacts) -> Result<(), ShuffleError> {
        let CollectedFacts { n_repeated, n_scattered, n_keys, .. } = *facts;
        if n_repeated == 0 {
            return Ok(());
        }
        // Assumes that scattered orders are as large as the others.
        let share =
            u128::from(files.bytes_read) * u128::from(n_repeated) / u128::from(n_keys.max(1));
        let (wanted, free) = self.disk_needed(u64::try_from(share).unwrap_or(u64::MAX), n_keys);
        let rows = match n_scattered {
            0 => ScatteredRows::Documents,
            n_orders => ScatteredRows::OfOrders(n_orders),
        };
        (self.emit)(Progress::Scattered { rows, disk_needed: wanted, disk_free: free });
        if wanted <= free { Ok(()) } else { Err(ShuffleError::DiskFull { wanted, free }) }
    }

    /// Returns the maximum disk space needed to sort this many bytes of rows, and the free space,
    /// in bytes.
    fn disk_needed(&self, n_bytes_spilled: u64, n_orders: u64) -> (u64, u64) {
        let ShuffleSettings { memory, result_bytes, .. } = self.settings;
        // The rows, once for each time that the sort writes them.
        let rows = disk_needed(n_bytes_spilled, memory.rows);
        // The results of all orders are sorted as well. The plan of a send is not counted: a full
        // disk is found when it is written.
        let results = disk_needed(n_orders.saturating_mul(*result_bytes), memory.results);
        (rows.saturating_add(results), disk::free_space(self.settings.folder))
    }
}

/// The bytes of all files; none if one is compressed, whose decompressed size is not known.
fn bytes_on_disk(settings: &ShuffleSettings<'_>, files: &ExportRead) -> Option<u64> {
    let is_plain = |input| inputs::is_uncompressed(settings.read.storage, input);
    let inputs = files.inputs.iter().map(|read| &read.input);
    inputs.map(|input| is_plain(input).then_some(input.version.size)).sum()
}

/// Bytes of a short row.
const MIN_ROW_BYTES: u64 = 100;

/// Returns an error if a file has changed since it was found.
// A `BlockReader` compares its own file while it reads it. This comparison finds changes after
// that, while the other files were read.
fn ensure_unchanged(
    settings: &ShuffleSettings<'_>,
    files: &ExportRead,
) -> Result<(), ShuffleError> {
    files
        .all_files()
        .try_for_each(|read| Ok(inputs::ensure_unmodified(settings.read.storage, &read.input)?))
}
