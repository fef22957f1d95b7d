//! Scattered orders: groups the rows of an order that are at several positions, by an external sort
//! of fragments in the run folder.
//!
//! It decides nothing itself: each complete order is mapped to a draft and passed to `triage`.
//! Called by `pass`, which spills the fragments, and by the engine at the end of a pass.

use std::{io, sync::PoisonError};

use super::{
    context::Context,
    error::ShuffleError,
    facts::{Observations, hash, hash_reference},
    fragment::{Fragment, FragmentKey, contiguous_pieces},
    ordered::for_each_ordered,
};
use crate::{
    group::{self, Run},
    model::{
        draft::{Draft, KeyedRow},
        order::OrderId,
        origin::{Position, RowOrigin},
        problem::{Code, Problem},
        row::Row,
    },
    pipeline::{error::Refusal, partial::PartialReport},
    read::ParsedBlock,
    spill::{batch::Batch, sorter::SortedIter},
};

/// Bytes of rows that a core processes at once: some thousand orders, as many as a block has.
const BATCH_BYTES: usize = 256 * 1024;

/// Maximum bytes of the rows of one order.
// A key that more rows share is no order key: an event of a hundredth of that size does not fit
// into a request. It does not depend on `--memory`, so that the outcome does not either.
const MAX_ORDER_BYTES: usize = 32 * 1024 * 1024;

/// Spills a run. One without a key is an order of its own.
pub(super) fn spill_run(run: &Fragment<'_>, into: &mut Batch<FragmentKey>) -> Result<(), ShuffleError> {
    let group = if run.key.is_empty() { hash(&run.sort_key().to_string()) } else { hash_reference(&run.key) };
    Ok(into.push_with((group, run.sort_key()), |payload| run.write(payload))?)
}

/// Decides about the orders of all spilled runs. Returns how many had rows at several positions.
pub(super) fn decide_scattered(
    sorted: SortedIter<FragmentKey>,
    context: &Context<'_, '_>,
    collect: &mut (dyn FnMut(PartialReport) -> Result<(), Refusal> + Send),
) -> Result<u64, Refusal> {
    let mut n_scattered = 0;
    let work = |batch: FragmentBatch| {
        let (mut observations, mut partial) = (Observations::default(), PartialReport::default());
        let n_scattered = decide_groups(&batch.groups()?, context, &mut observations, &mut partial)?;
        Ok((partial, n_scattered))
    };
    let batches = FragmentBatches { sorted, context }.map(|batch| batch.map_err(Refusal::from));
    for_each_ordered(batches, work, |(partial, n)| {
        n_scattered += n;
        collect(partial)
    })?;
    Ok(n_scattered)
}

/// Spilled runs, grouped by the hash of their keys.
#[derive(Default)]
struct FragmentBatch {
    bytes: Vec<u8>,
    /// For each run: the offset at which it ends, and whether it is the last of its group.
    ends: Vec<(usize, bool)>,
}

impl FragmentBatch {
    fn groups(&self) -> io::Result<Vec<Vec<Fragment<'_>>>> {
        let (mut groups, mut group, mut start) = (Vec::with_capacity(self.ends.len() / 2), Vec::new(), 0);
        for (end, is_last) in &self.ends {
            group.push(Fragment::read(&self.bytes[start..*end])?);
            start = *end;
            if *is_last {
                groups.push(std::mem::take(&mut group));
            }
        }
        Ok(groups)
    }
}

/// Iterates over batches of groups.
// Only the core that asks for a batch reads it, so the fragments are decoded later, on all cores.
struct FragmentBatches<'b, 'p> {
    sorted: SortedIter<FragmentKey>,
    context: &'b Context<'p, 'b>,
}

impl FragmentBatches<'_, '_> {
    fn next_batch(&mut self) -> Result<Option<FragmentBatch>, ShuffleError> {
        if let Some(reason) = self.context.spec().stop_reason() {
            return Err(ShuffleError::Stopped(reason));
        }
        let mut batch = FragmentBatch { bytes: Vec::with_capacity(BATCH_BYTES + BATCH_BYTES / 16), ends: Vec::new() };
        let (mut start, mut n_of_group, mut n_runs) = (0, 0, 0);
        while start < BATCH_BYTES {
            let Some(((group, _), run)) = self.sorted.next()? else { break };
            let n_bytes = run.len();
            batch.bytes.extend_from_slice(run);
            let is_last = self.sorted.peek_key()?.is_none_or(|(next, _)| next != group);
            batch.ends.push((batch.bytes.len(), is_last));
            (n_of_group, n_runs) = (n_of_group + n_bytes + size_of::<RowOrigin>(), n_runs + 1);
            // The size of a single run was checked when it was read.
            if n_of_group > MAX_ORDER_BYTES && (n_runs > 1 || !is_last) {
                return Err(self.order_too_large(batch.bytes.get(start..).unwrap_or_default()));
            }
            if is_last {
                (start, n_of_group, n_runs) = (batch.bytes.len(), 0, 0);
            }
        }
        Ok((!batch.ends.is_empty()).then_some(batch))
    }

    fn order_too_large(&self, group: &[u8]) -> ShuffleError {
        match postcard::take_from_bytes::<Fragment<'_>>(group) {
            Ok((first, _)) => order_too_large(&first, self.context),
            Err(error) => io::Error::other(error).into(),
        }
    }
}

impl Iterator for FragmentBatches<'_, '_> {
    type Item = Result<FragmentBatch, ShuffleError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

/// Returns an error if the rows of one order are too many to be held in memory.
pub(super) fn ensure_order_fits(run: &Fragment<'_>, context: &Context<'_, '_>) -> Result<(), ShuffleError> {
    if run.n_bytes() > MAX_ORDER_BYTES {
        return Err(order_too_large(run, context));
    }
    ensure_value_count(run.n_values(), run.position(), context)
}

fn order_too_large(first: &Fragment<'_>, context: &Context<'_, '_>) -> ShuffleError {
    let position = first.position().map_or_else(String::new, |at| context.triage.input_names.locate(at));
    ShuffleError::OrderTooLarge { position, n_bytes: MAX_ORDER_BYTES as u64 }
}

/// Returns an error if a run has too many values.
// A value takes some hundred bytes in a draft, but may have only two in the file, so the rows of
// one key are limited by both. The program run ends, as with too many bytes: an order without some
// of its rows must not be sent as the whole order.
pub(super) fn ensure_run_fits(run: &Run<'_>, context: &Context<'_, '_>) -> Result<(), ShuffleError> {
    // Each value has at least one byte, so the values of most runs need not be counted.
    if !run.may_continue() || run.n_bytes() <= context.spec().limits.max_values as u64 {
        return Ok(());
    }
    ensure_value_count(run.n_values(), run.position(), context)
}

fn ensure_value_count(n_values: usize, first: Option<Position>, context: &Context<'_, '_>) -> Result<(), ShuffleError> {
    let max = context.spec().limits.max_values;
    if n_values > max {
        let position = first.map_or_else(String::new, |at| context.triage.input_names.locate(at));
        return Err(ShuffleError::TooManyValues { position, max });
    }
    Ok(())
}

/// Decides about all orders in groups of runs. A group has the runs whose keys have one hash, in
/// the order of the input. Returns how many of the orders had rows at several positions.
pub(super) fn decide_groups(
    groups: &[Vec<Fragment<'_>>],
    context: &Context<'_, '_>,
    observations: &mut Observations,
    partial: &mut PartialReport,
) -> Result<u64, Refusal> {
    for runs in groups {
        // Documents with the same key are separate orders, each limited when it was read.
        let n_values = runs.iter().filter(|run| run.is_partial).map(Fragment::n_values).sum();
        ensure_value_count(n_values, runs.first().and_then(Fragment::position), context)?;
    }
    let files = context.open_files.read().unwrap_or_else(PoisonError::into_inner);
    let mut parsed: Vec<ParsedBlock<'_>> = Vec::new();
    for (file, pieces) in contiguous_pieces(groups.iter().flatten()) {
        parsed.push(files[file.0 as usize].parser.parse(pieces)?);
    }
    let mapper = |row: &Row<'_>| &files[row.origin.file.0 as usize].mapper;
    let rows: Vec<Row<'_>> = parsed.iter().flat_map(ParsedBlock::rows).collect();
    let keyed: Vec<KeyedRow<'_>> = rows.iter().map(|row| KeyedRow { row, kind: mapper(row).kind(row) }).collect();
    // Each spilled row is parsed again as exactly one row, whatever its content.
    debug_assert_eq!(keyed.len(), groups.iter().flatten().map(|run| run.rows.len()).sum::<usize>());
    let (mut remaining, mut n_scattered) = (keyed.as_slice(), 0);
    for runs in groups {
        let n_rows = runs.iter().map(|run| run.rows.len()).sum::<usize>().min(remaining.len());
        let (rows, rest) = remaining.split_at(n_rows);
        remaining = rest;
        let mut drafts = Vec::with_capacity(1);
        for order in group::group_scattered(rows, context.spec().grouping()) {
            let order_fragments = fragments_of(&order, runs);
            let possible_rows: Vec<Position> =
                order_fragments.iter().flat_map(|run| run.possible_rows.iter().copied()).collect();
            let map = |row, before, into: &mut _| mapper(row).map(row, before, into);
            let mut draft: Draft<'_> = group::draft(order.into_iter(), map, &possible_rows);
            draft.problems.extend(order_fragments.iter().filter_map(|run| run.unterminated).map(unterminated_row));
            n_scattered += u64::from(order_fragments.len() > 1);
            drafts.push(draft);
        }
        context.decide_group(drafts, observations, partial)?;
    }
    Ok(n_scattered)
}

/// Returns the runs that contain the rows of an order.
fn fragments_of<'r, 'f>(rows: &[&KeyedRow<'_>], runs: &'r [Fragment<'f>]) -> Vec<&'r Fragment<'f>> {
    let mut indexes: Vec<usize> = rows
        .iter()
        .map(|row| {
            runs.partition_point(|run| run.sort_key() <= OrderId::from_origin(&row.row.origin).0).saturating_sub(1)
        })
        .collect();
    indexes.dedup();
    indexes.into_iter().map(|index| &runs[index]).collect()
}

/// Returns the warning of a last row that may be truncated.
fn unterminated_row(at: Position) -> Problem {
    let message = "the file's last row ends without a line break; if the file was cut off, a value is cut off too";
    Problem::for_order(Code::NoFinalNewline, at, message)
}
