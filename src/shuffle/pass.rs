//! Pass: reads the export once. Blocks are parsed, mapped, grouped and decided on all cores, and
//! their results are merged in the order of the blocks.
//!
//! A pass whose decisions are discarded still reads to the end, for the facts, unless all rows had
//! better be spilled. `blocks` reads, `group` groups, [`Decide`] decides. Called by the engine.

use std::sync::{Arc, atomic::Ordering};

use super::{
    block_merger::{BlockMerger, BlockResult},
    blocks::{BlockIter, NextBlock, OpenFile},
    context::{Context, Pass},
    error::ShuffleError,
    facts::{FactCollector, Observations},
    fragment::Fragment,
    ordered::for_each_ordered,
    scattered,
    sink::{Collect, Decide},
};
use crate::{
    group::{self, BlockRuns, LostRows},
    map::UnknownNames,
    model::{
        draft::{KeyedRow, RowKind},
        input::ExportRead,
        problem::Problem,
        row::Row,
    },
    read::Piece,
    spill::batch::Batch,
};

/// Bytes of a typical spilled run in addition to its rows.
const FRAGMENT_OVERHEAD: usize = 64;

/// What a pass has found, even if it ends with an error.
pub(super) struct PassResult<E> {
    /// Problems of no order.
    pub(super) file_problems: Vec<Problem>,
    pub(super) lost: LostRows,
    pub(super) done: Result<(), E>,
}

/// Reads all files.
pub(super) fn run<D: Decide, C: Collect<D::Part, D::Error>>(
    context: &Context<'_, '_, D>,
    files: &mut ExportRead,
    fact_collector: Option<&mut FactCollector>,
    collect: &mut C,
) -> PassResult<D::Error> {
    (files.rows, files.unreadable_rows, files.bytes_read) = (0, 0, 0);
    files.inputs.iter_mut().for_each(|read| read.rows = 0);
    let blocks = BlockIter::of(context.inputs.clone(), context.settings, context.open_files)
        .take_while(|_| !context.is_stopped.load(Ordering::Relaxed))
        .map(|next| next.map_err(D::Error::from));
    let mut merger = BlockMerger {
        context,
        files,
        fact_collector,
        collect,
        file_problems: Vec::new(),
        lost: LostRows::default(),
        unknown_names: UnknownNames::default(),
        open_run: None,
        last_lost: None,
    };
    let done = for_each_ordered(blocks, |next| process_block(context, next), |block_result| merger.merge(block_result));
    let done = done.and_then(|()| merger.close_run());
    PassResult { file_problems: merger.file_problems, lost: merger.lost, done }
}

/// Processes a block. Its first and its last run are not decided here, since they may continue
/// in the adjacent blocks.
fn process_block<'p, D: Decide>(
    context: &Context<'p, '_, D>,
    next: NextBlock<'p>,
) -> Result<BlockResult<'p, D::Part>, D::Error> {
    let mut block_result = BlockResult { end: next.end, ..BlockResult::new(Arc::clone(&next.file)) };
    let file = &next.file;
    // The end of a file is not parsed as a block: in an array, it would be read as the end of a
    // truncated one.
    let block = Some(Piece::from(&next.block)).filter(|_| block_result.end.is_none());
    let parsed = file.parser.parse(block).map_err(ShuffleError::from)?;
    let rows: Vec<Row<'_>> = parsed.rows().collect();
    let keyed: Vec<KeyedRow<'_>> = rows.iter().map(|row| KeyedRow { row, kind: file.mapper.kind(row) }).collect();
    for row in &rows {
        file.mapper.observe(row, &mut block_result.unknown_names);
    }
    let mut runs = BlockRuns::of(&keyed, context.settings.grouping);
    (block_result.n_rows, block_result.n_unreadable) = (runs.row_count, runs.unreadable_count);
    block_result.n_bytes = next.block.bytes.len() as u64;
    block_result.lost_before = std::mem::take(&mut runs.lost_before);
    block_result.lost_after = runs.lost_after;
    block_result.lost = std::mem::take(&mut runs.lost);
    observe_ambiguities(context, &keyed, file, &mut block_result.observations);
    let n_runs = runs.runs.len();
    let mut scattered = if context.pass == Pass::Spill {
        Batch::with_capacity(n_runs, next.block.bytes.len() + FRAGMENT_OVERHEAD * n_runs)
    } else {
        Batch::default()
    };
    for (index, run) in runs.runs.into_iter().enumerate() {
        scattered::ensure_run_fits(&run, context)?;
        // The merger owns these two runs, as the block is dropped before they are complete.
        if index == 0 {
            block_result.first_run = Some(Fragment::of(&run, &next.block).owned());
        } else if index + 1 == n_runs {
            block_result.last_run = Some(Fragment::of(&run, &next.block).owned());
        } else if context.is_spilled(run.key()) {
            scattered::spill_run(&Fragment::of(&run, &next.block), &mut scattered)?;
        } else if context.is_decided_now(run.key(), &mut block_result.observations) {
            let draft = group::draft(
                run.rows.iter(),
                |row, before, into| file.mapper.map(row, before, into),
                &run.possible_rows,
            );
            context.decide(draft, &mut block_result.observations, &mut block_result.part)?;
        }
    }
    context.spill_runs(&mut scattered)?;
    context.finish_block(&mut block_result.part)?;
    Ok(block_result)
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
            RowKind::WithoutKey(Some(ordered_at)) => observations.ambiguities.add_row_without_key(*ordered_at, at),
            RowKind::Unreadable { key: Some(_), .. } => {
                let keys = file.mapper.possible_keys(row).into_iter();
                keys.for_each(|key| observations.ambiguities.add_merged_row(&key, at, context.settings.grouping));
            }
            _ => {}
        }
    }
}
