//! Scattered orders: groups the rows of an order that are at several positions, by an external sort
//! of fragments in the run folder.
//!
//! It decides nothing itself: each complete order is mapped to a draft and passed to [`Decide`].
//! Called by `pass`, which spills the fragments, and by the engine at the end of a pass.

use std::{
    collections::HashMap,
    io, iter,
    sync::{Arc, PoisonError},
};

use bumpalo::Bump;

use super::{
    blocks::OpenFile,
    context::Context,
    error::ShuffleError,
    facts::Observations,
    fragment::{Fragment, FragmentKey, contiguous_pieces},
    hash::{hash, hash_reference},
    ordered::for_each_ordered,
    plain::PlainPath,
    side_files::ensure_found,
    sink::{Collect, Decide},
};
use crate::{
    group::{self, GroupError, GroupSettings, PossibleRows, Run},
    map::{RowsAbove, file_mapper::FileMapper},
    model::{
        column_warnings::ColumnWarnings,
        copy_version::CopyVersion,
        draft::{Draft, KeyedRow, RowKind},
        input::ExportRead,
        order::OrderId,
        origin::{FileId, Position, RowOrigin},
        problem::{Code, Problem},
        progress::Progress,
        row::Row,
    },
    read::ParsedBlock,
    spill::{
        batch::Batch,
        groups::{BatchError, BatchLimits, GroupBatch, Groups},
        sorter::SortedIter,
    },
};

/// Bytes of rows that a core processes at once: some thousand orders, as many as a block has.
const BATCH_BYTES: usize = 256 * 1024;

/// Maximum bytes of the rows of one order.
// A key that more rows share is no order key: an event of a hundredth of that size does not fit
// into a request. It does not depend on `--memory`, so that the outcome does not either.
const MAX_ORDER_BYTES: usize = 32 * 1024 * 1024;

/// The spilled rows of the orders whose keys have one hash, in the order of the input.
pub(super) struct KeyGroup<'a> {
    pub(super) runs: Vec<Fragment<'a>>,
    /// The ids of documents that belong to others and may have children themselves.
    pub(super) child_ids: Vec<Fragment<'a>>,
}

impl<'a> KeyGroup<'a> {
    fn read(entries: impl Iterator<Item = &'a [u8]>) -> io::Result<Self> {
        let fragments = entries.map(Fragment::read).collect::<io::Result<Vec<_>>>()?;
        let (child_ids, runs) = fragments.into_iter().partition(|one| one.is_child_id);
        Ok(Self { runs, child_ids })
    }

    /// Whether the rows belong to a document that belongs to another one, so that they are of no
    /// order.
    fn is_below_child(&self, rows: &[&KeyedRow<'_>], settings: GroupSettings) -> bool {
        let Some(first) = rows.first().filter(|_| !self.child_ids.is_empty()) else { return false };
        let file = settings.file_of(first.row.origin.file);
        let is_parent = |id: &Fragment<'_>| {
            let is_there = id.rows.iter().any(|row| settings.file_of(row.file) == file);
            is_there && first.kind.order_key().is_some_and(|key| id.is_id(key))
        };
        let is_order = |kind: &RowKind<'_>| matches!(kind, RowKind::OrderDocument(_));
        !rows.iter().any(|row| is_order(&row.kind)) && self.child_ids.iter().any(is_parent)
    }

    /// Returns an error if a refund, or what may be one, is to be taken off a document that belongs to
    /// another one: its order, of any file, would be sent at its full price.
    fn ensure_no_refund_of_child<D: Decide>(
        &self,
        rows: &[KeyedRow<'_>],
        may_be_netted: impl Fn(&Row<'_>) -> bool,
        context: &Context<'_, '_, D>,
    ) -> Result<(), ShuffleError> {
        for KeyedRow { row, kind } in rows.iter().filter(|_| !self.child_ids.is_empty()) {
            let (what, key) = match kind {
                RowKind::Refund { key, is_netted: true } => ("the refund", &**key),
                RowKind::ChildDocument { order, .. } if may_be_netted(row) => {
                    (MAY_BE_REFUND, *order)
                }
                _ => continue,
            };
            let is_order =
                |row: &KeyedRow<'_>| matches!(&row.kind, RowKind::OrderDocument(of) if of == key);
            if self.child_ids.iter().any(|id| id.is_id(key)) && !rows.iter().any(is_order) {
                return Err(refund_of_child(what, key, row.origin.position(), context));
            }
        }
        Ok(())
    }
}

/// Spills a run. One without a key is an order of its own.
pub(super) fn spill_run(run: &Fragment<'_>, into: &mut Batch<FragmentKey>) {
    let group = if run.key.is_empty() {
        hash(&run.sort_key().to_string())
    } else {
        hash_reference(&run.key)
    };
    into.push_with((group, run.sort_key()), |payload| run.write(payload));
}

/// Decides about the orders of all spilled runs, and adds their warnings, how many had rows at
/// several positions, and how many rows are left out.
pub(super) fn decide_scattered<D: Decide, C: Collect<D::Part, D::Error>>(
    sorted: SortedIter<FragmentKey>,
    context: &Context<'_, '_, D>,
    collect: &mut C,
    warnings: &mut ColumnWarnings,
    files: &mut ExportRead,
) -> Result<(), D::Error> {
    (context.emit)(Progress::Gathering);
    let mut groups = Groups::new(sorted);
    // Only the core that asks for a batch reads it; its fragments are decoded later, on all cores.
    let batches =
        iter::from_fn(|| next_batch(&mut groups, context).map_err(D::Error::from).transpose());
    let work = |batch: GroupBatch| {
        let (mut observations, mut part) = (Observations::default(), D::Part::default());
        let fragments = decode(&batch).map_err(ShuffleError::from)?;
        let n_scattered = decide_groups(&fragments, context, &mut observations, &mut part)?;
        context.finish_block(&mut part)?;
        Ok((part, n_scattered, observations))
    };
    files.scattered_orders = 0;
    for_each_ordered(batches, work, |(part, n_scattered, observations): (_, u64, Observations)| {
        files.scattered_orders += n_scattered;
        files.skipped_rows += observations.n_left_out;
        (context.emit)(Progress::Gathered(n_scattered));
        warnings.append(observations.warnings);
        collect.merge(part)
    })
}

/// Returns the spilled runs of the next orders, grouped by the hash of their keys.
fn next_batch<D: Decide>(
    groups: &mut Groups<u64, u64>,
    context: &Context<'_, '_, D>,
) -> Result<Option<GroupBatch>, ShuffleError> {
    context.ensure_not_stopped()?;
    // The size of a single run was checked when it was read.
    let limits = BatchLimits {
        batch_bytes: BATCH_BYTES,
        group_bytes: MAX_ORDER_BYTES,
        entry_overhead: size_of::<RowOrigin>(),
    };
    match groups.next_batch(limits) {
        Ok(batch) => Ok(batch),
        Err(BatchError::Io(error)) => Err(error.into()),
        Err(BatchError::GroupTooLarge { first }) => {
            Err(order_too_large(&Fragment::read(&first)?, context))
        }
    }
}

fn decode(batch: &GroupBatch) -> io::Result<Vec<KeyGroup<'_>>> {
    batch.groups().map(KeyGroup::read).collect()
}

/// Returns an error if the rows of one order are too many to be held in memory.
pub(super) fn ensure_order_fits<D: Decide>(
    run: &Fragment<'_>,
    context: &Context<'_, '_, D>,
) -> Result<(), ShuffleError> {
    if run.n_bytes() > MAX_ORDER_BYTES {
        return Err(order_too_large(run, context));
    }
    ensure_value_count(run.n_values(), run.position(), context)
}

fn order_too_large<D: Decide>(first: &Fragment<'_>, context: &Context<'_, '_, D>) -> ShuffleError {
    ShuffleError::OrderTooLarge {
        position: context.locate(first.position()),
        n_bytes: MAX_ORDER_BYTES as u64,
    }
}

/// Returns an error if a run has too many values.
// A value takes some hundred bytes in a draft, but may have only two in the file, so the rows of
// one key are limited by both. The program run ends, as with too many bytes: an order without some
// of its rows must not be sent as the whole order.
pub(super) fn ensure_run_fits<D: Decide>(
    run: &Run<'_>,
    context: &Context<'_, '_, D>,
) -> Result<(), ShuffleError> {
    // Each value has at least one byte, so the values of most runs need not be counted.
    if !run.may_continue() || run.n_bytes() <= context.settings.read.limits.max_values as u64 {
        return Ok(());
    }
    ensure_value_count(run.n_values(), run.position(), context)
}

fn ensure_value_count<D: Decide>(
    n_values: usize,
    first: Option<Position>,
    context: &Context<'_, '_, D>,
) -> Result<(), ShuffleError> {
    let max = context.settings.read.limits.max_values;
    if n_values > max {
        return Err(ShuffleError::TooManyValues { position: context.locate(first), max });
    }
    Ok(())
}

/// Decides about all orders in groups of runs. A group has the runs whose keys have one hash, in
/// the order of the input. Returns how many of the orders had rows at several positions.
pub(super) fn decide_groups<D: Decide>(
    groups: &[KeyGroup<'_>],
    context: &Context<'_, '_, D>,
    observations: &mut Observations,
    part: &mut D::Part,
) -> Result<u64, D::Error> {
    for KeyGroup { runs, .. } in groups {
        // Documents with the same key are separate orders, each limited when it was read.
        let n_values = runs.iter().filter(|run| run.is_partial).map(Fragment::n_values).sum();
        ensure_value_count(n_values, runs.first().and_then(Fragment::position), context)?;
    }
    let files = context.open_files.read().unwrap_or_else(PoisonError::into_inner);
    let mut parsed: Vec<ParsedBlock<'_>> = Vec::new();
    let runs = || groups.iter().flat_map(|group| &group.runs);
    for (file, pieces) in contiguous_pieces(runs()) {
        parsed.push(files[file.0 as usize].parser.parse(pieces).map_err(ShuffleError::from)?);
    }
    let mapper = |row: &Row<'_>| &files[row.origin.file.0 as usize].mapper;
    let texts = Bump::new();
    let mut parsed_rows = parsed.iter().flat_map(ParsedBlock::rows);
    let mut rows: Vec<Row<'_>> = Vec::new();
    for run in runs() {
        // The first row of a run has all values that those below it take.
        let mut above = RowsAbove::default();
        let of_run = parsed_rows.by_ref().take(run.rows.len());
        rows.extend(of_run.map(|row| {
            let mapper = mapper(&row);
            mapper.join(mapper.fill_down(row, None, &mut above, &texts), &texts)
        }));
    }
    ensure_found(context.settings.side_tables)?;
    let keyed: Vec<KeyedRow<'_>> =
        rows.iter().map(|row| KeyedRow { row, kind: mapper(row).kind(row) }).collect();
    // Each spilled row is parsed again as exactly one row, whatever its content.
    debug_assert_eq!(keyed.len(), runs().map(|run| run.rows.len()).sum::<usize>());
    let (mut remaining, mut n_scattered) = (keyed.as_slice(), 0);
    let mut plain = PlainPaths { paths: HashMap::new(), texts: &texts };
    for group @ KeyGroup { runs, .. } in groups {
        let n_rows = runs.iter().map(|run| run.rows.len()).sum::<usize>().min(remaining.len());
        let (rows, rest) = remaining.split_at(n_rows);
        remaining = rest;
        let orders =
            group::group_scattered(rows, context.settings.grouping, &context.facts.headers);
        if let [order] = orders.as_slice()
            && let Some(plain) = plain.path(runs, context, &files)
            && plain.decide(order.iter().copied(), context, observations, part)?
        {
            n_scattered += u64::from(runs.len() > 1);
            continue;
        }
        let may_be_netted = |row: &Row<'_>| mapper(row).may_be_netted(row);
        group.ensure_no_refund_of_child(rows, may_be_netted, context)?;
        let mut drafts = Vec::with_capacity(1);
        let orders = without_children_of_children(orders, group, context, observations);
        let copies = orders.into_iter().flat_map(|order| copies_of(order, &mapper, context));
        for (order, version) in copies {
            let order_fragments = fragments_of(&order, runs);
            let possible_rows: Vec<PossibleRows> =
                order_fragments.iter().flat_map(|run| run.possible_rows.iter().cloned()).collect();
            let map = |row, before, into: &mut _| mapper(row).map(row, before, into);
            let mut draft: Draft<'_> = group::draft(order.iter().copied(), map, &possible_rows);
            if order.iter().any(|row| is_in_circle(row, context)) {
                group::mark_circle(&mut draft);
            }
            context.count_left_out(order.iter().copied(), &draft, observations);
            draft.problems.extend(
                order_fragments.iter().filter_map(|run| run.unterminated).map(unterminated_row),
            );
            draft.version = version;
            n_scattered += u64::from(order_fragments.len() > 1);
            drafts.push(draft);
        }
        context.decide_group(drafts, observations, part)?;
    }
    Ok(n_scattered)
}

const MAY_BE_REFUND: &str =
    "the document may be a refund, since rows of [refunds] cannot be tested on it, and";

fn refund_of_child<D: Decide>(
    what: &str,
    key: &str,
    at: Position,
    context: &Context<'_, '_, D>,
) -> ShuffleError {
    let reason = format!("{what} belongs to {key:?}, a document that belongs to another one");
    let hint = "let parent read the id of the order itself, or leave refunds out with mode = \
                \"leave_out\" under [refunds]";
    ShuffleError::LostRow {
        position: context.locate(Some(at)),
        error: GroupError { at, reason, more_rows: 0 },
        hint: hint.to_owned(),
    }
}

/// The orders of a group without those whose documents belong to children, which are counted: no
/// order has them. Those in a circle remain, to be reported.
fn without_children_of_children<'a, D: Decide>(
    orders: Vec<Vec<&'a KeyedRow<'a>>>,
    group: &KeyGroup<'_>,
    context: &Context<'_, '_, D>,
    observations: &mut Observations,
) -> Vec<Vec<&'a KeyedRow<'a>>> {
    let is_below =
        |order: &Vec<&KeyedRow<'_>>| group.is_below_child(order, context.settings.grouping);
    let (below, mut orders): (Vec<_>, Vec<_>) = orders.into_iter().partition(is_below);
    for rows in below {
        let (of_circle, left_out): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| is_in_circle(row, context));
        observations.n_left_out += group::count_children(left_out.into_iter());
        orders.extend((!of_circle.is_empty()).then_some(of_circle));
    }
    orders
}

fn is_in_circle<D: Decide>(row: &KeyedRow<'_>, context: &Context<'_, '_, D>) -> bool {
    context.facts.circles.contain(row, context.settings.grouping)
}

/// The copies of an order, each with its version; the order itself if there can be only one.
fn copies_of<'a, 'p: 'a, D: Decide>(
    order: Vec<&'a KeyedRow<'a>>,
    mapper: &impl Fn(&Row<'_>) -> &'a FileMapper<'p>,
    context: &Context<'_, '_, D>,
) -> Vec<(Vec<&'a KeyedRow<'a>>, Option<CopyVersion>)> {
    if context.settings.profile.duplicates.is_none() {
        return vec![(order, None)];
    }
    let version =
        |row: &KeyedRow<'a>| mapper(row.row).copy_version(row.row).unwrap_or(CopyVersion::Unknown);
    let copies = group::split_copies(order, version);
    copies.into_iter().map(|(rows, version)| (rows, Some(version))).collect()
}

/// The fast paths for the orders of each file.
struct PlainPaths<'c> {
    paths: HashMap<FileId, Option<PlainPath<'c>>>,
    texts: &'c Bump,
}

impl<'c> PlainPaths<'c> {
    /// Returns the fast path for the order of these runs, if they are of one file and complete.
    fn path<D: Decide>(
        &mut self,
        runs: &[Fragment<'_>],
        context: &'c Context<'_, '_, D>,
        files: &'c [Arc<OpenFile<'_>>],
    ) -> Option<&mut PlainPath<'c>> {
        let file = runs.first()?.position()?.file;
        let is_whole = |run: &Fragment<'_>| {
            let rows_are_certain = run.possible_rows.is_empty() && run.unterminated.is_none();
            rows_are_certain && run.rows.iter().all(|row| row.file == file)
        };
        if !runs.iter().all(is_whole) {
            return None;
        }
        let new = || PlainPath::new(context, &files[file.0 as usize].mapper, self.texts);
        self.paths.entry(file).or_insert_with(new).as_mut()
    }
}

/// Returns the runs that contain the rows of an order.
fn fragments_of<'r, 'f>(rows: &[&KeyedRow<'_>], runs: &'r [Fragment<'f>]) -> Vec<&'r Fragment<'f>> {
    let mut indexes: Vec<usize> = rows
        .iter()
        .map(|row| {
            runs.partition_point(|run| run.sort_key() <= OrderId::from_origin(&row.row.origin).0)
                .saturating_sub(1)
        })
        .collect();
    indexes.dedup();
    indexes.into_iter().map(|index| &runs[index]).collect()
}

/// Returns the warning of a last row that may be truncated.
pub(super) fn unterminated_row(at: Position) -> Problem {
    let message = "the file's last row ends without a line break; if the file was cut off, a \
        value is cut off too";
    Problem::for_order(Code::NoFinalNewline, at, message)
}
