//! Pass: reads the export once. Blocks are parsed, mapped, grouped and decided on all cores, and
//! their results are merged in the order of the blocks.
//!
//! A pass whose decisions are discarded still reads to the end, for the facts, unless all rows had
//! better be spilled. `blocks` reads, `group` groups, [`Decide`] decides. Called by the engine.

use std::{
    mem,
    sync::{Arc, atomic::Ordering},
};

use bumpalo::Bump;

use super::{
    block_merger::{BlockMerger, BlockResult},
    blocks::{BlockIter, NextBlock, OpenFile},
    context::{Context, Pass},
    error::ShuffleError,
    export::Export,
    facts::{FactCollector, Observations},
    fragment::{Fragment, FragmentKey},
    lost_row_hint::{ITEM_WITHOUT_KEY, lost_row_hint, refund_hint},
    ordered::for_each_ordered,
    parent_circles::BlockLinks,
    plain::PlainPath,
    scattered::{self, KeyGroup},
    side_files::ensure_found,
    sink::{Collect, Decide},
};
use crate::{
    group::{self, BlockRuns, Gap, LostRows, Run},
    map::SeenNames,
    model::{
        column_warnings::ColumnWarnings,
        draft::{KeyedRow, RowKind},
        origin::RowOrigin,
        row::Row,
    },
    read::Block,
    spill::batch::Batch,
};

/// Bytes of a typical spilled run in addition to its rows.
const FRAGMENT_OVERHEAD: usize = 64;

/// How a pass ended.
pub(super) enum PassEnd {
    /// All decisions were made with the facts known, but for those about spilled orders.
    Decided(ColumnWarnings),
    /// The export was read to its end, and these are its facts. The warnings count if no decision
    /// depends on a fact.
    Learned(Box<FactCollector>, ColumnWarnings),
    /// The pass stopped early, since most orders are scattered: all rows had better be spilled.
    MostlyScattered,
}

/// Reads all files, once. A pass that collects facts replaces the problems of no order; it adds
/// them even if it ends with an error.
pub(super) fn run<'p, D: Decide, C: Collect<D::Part, D::Error>>(
    context: &Context<'p, '_, D>,
    export: &mut Export,
    collect: &mut C,
) -> Result<PassEnd, D::Error> {
    let files = &mut export.files;
    (files.rows, files.unreadable_rows, files.bytes_read) = (0, 0, 0);
    (files.ignored_rows, files.skipped_rows, files.repeated_headers) = (0, 0, 0);
    files.joins_files = context.settings.grouping.joins_files;
    for read in &mut files.inputs {
        read.rows = 0;
        read.repeated_headers.clear();
    }
    let blocks = BlockIter::of(files.inputs.clone(), context.settings, context.open_files)
        .take_while(|_| !context.is_stopped.load(Ordering::Relaxed))
        .map(|next| next.map_err(D::Error::from));
    let mut merger = BlockMerger {
        context,
        files,
        fact_collector: context.collects_facts().then(|| FactCollector::new(context.settings)),
        warnings: ColumnWarnings::default(),
        collect,
        file_problems: Vec::new(),
        lost: LostRows::default(),
        lost_hint: None,
        seen_names: SeenNames::default(),
        all_seen_names: SeenNames::default(),
        document_files: None,
        open_run: None,
        gap: Gap::default(),
    };
    let work = |next: NextBlock<'p>| {
        let mapper = &next.file.mapper;
        let parsed = next.file.parser.parse(next.piece()).map_err(ShuffleError::from)?;
        let texts = Bump::new();
        let rows: Vec<Row<'_>> = next.rows(&parsed, &texts);
        ensure_found(context.settings.side_tables)?;
        let kind = |row| mapper.kind_in_file(row, next.block.row(&row.origin));
        let keyed: Vec<KeyedRow<'_>> =
            rows.iter().map(|row| KeyedRow { row, kind: kind(row) }).collect();
        ensure_same_header(&keyed, context)?;
        let runs = BlockRuns::of(&keyed, context.settings.grouping);
        process_runs(context, &next, &keyed, runs)
    };
    let done = for_each_ordered(blocks, work, |block_result| merger.merge(block_result));
    let lost_hint = merger.lost_hint.take();
    let mut done = done.and_then(|()| merger.close_run());
    if done.is_ok() && context.collects_facts() && !context.is_stopped.load(Ordering::Relaxed) {
        let is_csv = merger.document_files.is_none();
        let lost = ensure_lost_allowed(&merger.lost, (lost_hint, is_csv), context);
        // Without the path of their parents, all items have lost their orders.
        let paths_first = context.settings.profile.parent.is_some();
        let checked = if paths_first {
            merger.check_paths().and(lost)
        } else {
            lost.and_then(|()| merger.check_paths())
        };
        done = checked.map_err(D::Error::from);
        merger.check_side_rows();
        done = done.and_then(|()| Ok(ensure_found(context.settings.side_tables)?));
    }
    let BlockMerger { fact_collector, warnings, file_problems, lost, .. } = merger;
    let Some(fact_collector) = fact_collector else {
        return done.map(|()| PassEnd::Decided(warnings));
    };
    export.file_problems = file_problems;
    if done.is_ok() && context.is_stopped.load(Ordering::Relaxed) {
        return Ok(PassEnd::MostlyScattered);
    }
    export.files.omitted_lost_rows = lost.count - lost.listed.len() as u64;
    export.file_problems.extend(lost.listed);
    done.map(|()| PassEnd::Learned(Box::new(fact_collector), warnings))
}

/// Returns an error if a header within the file has its columns in another order.
fn ensure_same_header<D>(
    rows: &[KeyedRow<'_>],
    context: &Context<'_, '_, D>,
) -> Result<(), ShuffleError> {
    let exchanged = rows.iter().find(|row| matches!(row.kind, RowKind::ExchangedHeader));
    exchanged.map_or(Ok(()), |header| {
        let position = context.input_names.locate(header.row.origin.position());
        Err(ShuffleError::ExchangedHeader { position })
    })
}

/// Returns an error if lost rows are not allowed.
fn ensure_lost_allowed<D>(
    lost: &LostRows,
    (first_hint, is_csv): (Option<String>, bool),
    context: &Context<'_, '_, D>,
) -> Result<(), ShuffleError> {
    let grouping = context.settings.grouping;
    lost.ensure_allowed(grouping).map_err(|error| ShuffleError::LostRow {
        position: context.input_names.locate(error.at),
        hint: refund_hint(&error.reason, is_csv)
            // Where unreadable rows are accepted, only those and the items of an order end the run.
            .or(first_hint.filter(|_| !grouping.accepts_unreadable))
            .unwrap_or_else(|| ITEM_WITHOUT_KEY.to_owned()),
        error,
    })
}

/// Returns the hint for the first lost row of a block.
fn first_lost_hint<D>(
    next: &NextBlock<'_>,
    rows: &[KeyedRow<'_>],
    lost: &LostRows,
    context: &Context<'_, '_, D>,
) -> Option<String> {
    let first = lost.listed.first()?;
    let row = rows.iter().find(|row| Some(&row.row.origin) == first.row.as_deref())?;
    let file = (context.input_names.get(first.at.file), next.file.parser.file_format());
    Some(lost_row_hint(row, &next.block, file, context.settings.profile))
}

/// Decides or spills the runs of a block. Its first and its last run are only kept, since they may
/// continue in the adjacent blocks.
fn process_runs<'p, D: Decide>(
    context: &Context<'p, '_, D>,
    next: &NextBlock<'p>,
    rows: &[KeyedRow<'_>],
    mut runs: BlockRuns<'_>,
) -> Result<BlockResult<'p, D::Part>, D::Error> {
    let NextBlock { file, block, end, .. } = next;
    let mut block_result = BlockResult { end: end.clone(), ..BlockResult::new(Arc::clone(file)) };
    // Only documents have names of their own.
    if file.mapper.has_documents() {
        for KeyedRow { row, .. } in rows.iter().filter(|row| row.kind.is_of_an_order()) {
            file.mapper.observe(row, &mut block_result.seen_names);
        }
        for KeyedRow { row, .. } in rows.iter().filter(|row| matches!(row.kind, RowKind::Ignored)) {
            file.mapper.observe_ignored(row, &mut block_result.seen_names);
        }
    }
    // What is filled order by order would be moved several times while it grows.
    let n_runs = runs.runs.len();
    if context.collects_facts() {
        block_result.observations = Observations::with_capacity(n_runs);
    }
    if context.keeps_results() {
        block_result.part = context.decide.new_part(n_runs);
    }
    block_result.counts = runs.counts;
    (block_result.starts_export, block_result.ends_export) = (runs.starts_export, runs.ends_export);
    block_result.observations.headers = runs.headers.iter().map(RowOrigin::position).collect();
    block_result.headers = mem::take(&mut runs.headers);
    block_result.n_bytes = block.bytes.len() as u64;
    block_result.gap_before = mem::take(&mut runs.gap_before);
    block_result.gap_after = mem::take(&mut runs.gap_after);
    block_result.lost_hint = first_lost_hint(next, rows, &runs.lost, context);
    block_result.lost = mem::take(&mut runs.lost);
    observe_ambiguities(context, rows, file, &mut block_result.observations);
    let mut scattered = if context.pass == Pass::Spill {
        Batch::with_capacity(n_runs, block.bytes.len() + FRAGMENT_OVERHEAD * n_runs)
    } else {
        Batch::default()
    };
    process_children(context, rows, file, &mut block_result.observations, &mut scattered)?;
    let texts = Bump::new();
    let mut plain = PlainPath::new(context, &file.mapper, &texts);
    for (index, run) in runs.runs.into_iter().enumerate() {
        scattered::ensure_run_fits(&run, context)?;
        // The merger owns these two runs, as the block is dropped before they are complete.
        if index == 0 {
            block_result.first_run = Some(Fragment::of(&run, block).owned());
        } else if index + 1 == n_runs {
            block_result.last_run = Some(Fragment::of(&run, block).owned());
        } else {
            let is_spilled = context.is_spilled(run.key());
            if is_spilled {
                scattered::spill_run(&Fragment::of(&run, block), &mut scattered);
            }
            if context.is_mapped(run.key(), is_spilled, &mut block_result.observations) {
                decide_run(&run, (file, block), plain.as_mut(), context, &mut block_result)?;
            }
        }
    }
    context.spill_runs(&mut scattered)?;
    context.finish_block(&mut block_result.part)?;
    Ok(block_result)
}

/// Decides about the order of a run, as long as decisions are kept, and observes it.
fn decide_run<'c, D: Decide>(
    run: &Run<'c>,
    (file, block): (&'c OpenFile<'_>, &Block),
    plain: Option<&mut PlainPath<'c>>,
    context: &Context<'_, '_, D>,
    into: &mut BlockResult<'_, D::Part>,
) -> Result<(), D::Error> {
    let (observations, part) = (&mut into.observations, &mut into.part);
    if let Some(plain) = plain.filter(|_| run.possible_rows.is_empty())
        && plain.decide(run.rows.iter(), context, observations, part)?
    {
        return Ok(());
    }
    if has_copies(run, file) {
        let copies = [KeyGroup { runs: vec![Fragment::of(run, block)], child_ids: Vec::new() }];
        return scattered::decide_groups(&copies, context, observations, part).map(drop);
    }
    let map = |row, before, into: &mut _| file.mapper.map(row, before, into);
    let draft = group::draft(run.rows.iter(), map, &run.possible_rows);
    context.count_left_out(run.rows.iter(), &draft, observations);
    context.decide(draft, observations, part)
}

/// Whether the rows of a run are of several copies of an order.
fn has_copies(run: &Run<'_>, file: &OpenFile<'_>) -> bool {
    let mut versions = run.rows_of_order().map_while(|row| file.mapper.copy_version(row));
    versions.next().is_some_and(|first| versions.any(|version| version != first))
}

/// Collects the ids of documents that belong to others, and spills those that may have children of
/// their own, since these belong to no order.
fn process_children<D: Decide>(
    context: &Context<'_, '_, D>,
    rows: &[KeyedRow<'_>],
    file: &OpenFile<'_>,
    observations: &mut Observations,
    scattered: &mut Batch<FragmentKey>,
) -> Result<(), ShuffleError> {
    if !file.mapper.has_parents() {
        return Ok(());
    }
    let mut links = BlockLinks::default();
    let file_of = |row: &Row<'_>| context.settings.grouping.file_of(row.origin.file);
    for KeyedRow { row, kind } in rows.iter().filter(|row| row.kind.is_of_an_order()) {
        if let RowKind::OrderDocument(key) = kind
            && context.is_spilled(key)
        {
            links.add_order(file_of(row), key);
        }
        let Some((id, parent)) = file.mapper.child_and_parent(row) else { continue };
        context.observe_child_id(id, observations);
        if context.is_spilled(id) {
            scattered::spill_run(&Fragment::of_child_id(id, &row.origin), scattered);
            links.add_child(file_of(row), id, parent);
        }
    }
    Ok(context.parent_links.map_or(Ok(()), |all| all.push_all(links))?)
}

fn observe_ambiguities<D: Decide>(
    context: &Context<'_, '_, D>,
    rows: &[KeyedRow<'_>],
    file: &OpenFile<'_>,
    observations: &mut Observations,
) {
    if !context.collects_facts() {
        return;
    }
    for KeyedRow { row, kind } in rows {
        let at = row.origin.position();
        match kind {
            RowKind::WithoutKey { ordered_at: Some(ordered_at), .. } => {
                let row = row.origin.clone();
                observations.ambiguities.add_row_without_key(*ordered_at, row);
            }
            RowKind::Unreadable { key: Some(_), .. } => {
                let keys = file.mapper.possible_keys(row).into_iter();
                keys.for_each(|key| {
                    observations.ambiguities.add_merged_row(&key, at, context.settings.grouping);
                });
            }
            _ => {}
        }
    }
}
