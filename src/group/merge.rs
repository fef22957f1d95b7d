//! Merge of the rows of one order into its draft: the first filled value of a field counts, and a
//! different one is a problem, unless the profile says otherwise.
//!
//! Does not choose the rows and does not check values. Called by `shuffle`, for a run or for
//! gathered rows.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use super::{
    ambiguity::adjacent_row_problem,
    canonical::have_same_value,
    children::OrderDocuments,
    difference::shown_values,
    gap::PossibleRows,
    refunds::{WITHOUT_ORDER, is_of_refund, keep_refunds, other_currency, other_order_item},
};
use crate::model::{
    draft::{
        AddedRow, Cell, Cells, Draft, DraftKind, KeyedRow, MappedRow, OrderItem, RowKind, ValueSkip,
    },
    field::{Field, FieldGroup},
    money::Amount,
    origin::{FileId, Place, RowOrigin},
    over_rows::OverRows,
    problem::{Code, Problem, Problems, line_beside},
    row::Row,
    side_row::JoinedRows,
    sum::{NumberInUnit, SumError, add},
};

/// Builds the draft of the order with these rows.
///
/// `map` adds what a row holds in addition to the previous row of the same file. `possible_rows`
/// have lost rows that may be part of the order.
pub fn draft<'a>(
    rows: impl ExactSizeIterator<Item = &'a KeyedRow<'a>> + Clone,
    map: impl Fn(&'a Row<'a>, Option<&'a Row<'a>>, &mut MappedRow<'a>),
    possible_rows: &[PossibleRows],
) -> Draft<'a> {
    let mut merge = Merge::new(rows.len(), skipped_whole(rows.clone()), map);
    for KeyedRow { row, kind } in rows {
        if kind.is_of_an_order() && !kind.has_no_order() {
            merge.add(row, kind);
        }
    }
    let mut draft = merge.finish();
    add_possible_rows(&mut draft, possible_rows);
    draft
}

/// The merge of the rows of one order, row by row.
struct Merge<'a, M> {
    map: M,
    /// Why the profile leaves out all rows, if it does.
    left_out: Option<&'a str>,
    draft: Draft<'a>,
    mapped: MappedRow<'a>,
    /// The items that are made of values of the order.
    order_items: Vec<OrderItem<'a>>,
    documents: OrderDocuments<'a>,
    previous: Option<&'a Row<'a>>,
    /// The rows that the profile leaves out or takes off, and those of them to be taken off.
    skipped_rows: Vec<RowOrigin>,
    refunds: Vec<&'a Row<'a>>,
    /// The fields that have values of several files, of which the first or the last one counts.
    fields_of_files: Vec<Field>,
    /// Whether a row may be none of the order, and whether each may be a refund of it.
    may_be_of_none: bool,
    may_be_refunds: bool,
}

impl<'a, M: Fn(&'a Row<'a>, Option<&'a Row<'a>>, &mut MappedRow<'a>)> Merge<'a, M> {
    fn new(n_rows: usize, left_out: Option<&'a str>, map: M) -> Self {
        let of_refunds = left_out == Some(WITHOUT_ORDER);
        let kind = if of_refunds { DraftKind::Refunds } else { DraftKind::Order };
        let rows = Vec::with_capacity(n_rows);
        Self {
            map,
            left_out,
            draft: Draft { rows, kind, ..Draft::default() },
            mapped: MappedRow { items: Vec::with_capacity(n_rows), ..MappedRow::default() },
            order_items: Vec::new(),
            documents: OrderDocuments::default(),
            previous: None,
            skipped_rows: Vec::new(),
            refunds: Vec::new(),
            fields_of_files: Vec::new(),
            may_be_of_none: false,
            may_be_refunds: true,
        }
    }

    /// Adds a row that is part of an order, with what the profile says of it.
    fn add(&mut self, row: &'a Row<'a>, kind: &'a RowKind<'a>) {
        if let RowKind::Skipped { .. } | RowKind::Refund { .. } = kind
            && self.left_out.is_none()
        {
            self.skipped_rows.push(row.origin.clone());
            let is_netted = matches!(kind, RowKind::Refund { is_netted: true, .. });
            self.refunds.extend(is_netted.then_some(row));
            return;
        }
        record_row_kind(&mut self.draft, row, kind);
        if matches!(kind, RowKind::OrderDocument(_))
            && let Some(repeated) = self.documents.add_document(row)
        {
            self.draft.problems.push(repeated);
            self.draft.rows.push(row.origin.clone());
            return;
        }
        self.draft.side_rows.extend(row.joined().into_iter().flat_map(JoinedRows::starts));
        self.add_values(row, kind);
    }

    /// Adds what a row holds.
    fn add_values(&mut self, row: &'a Row<'a>, kind: &'a RowKind<'a>) {
        let Self { draft, mapped, fields_of_files, .. } = self;
        // Rows of different files may have different columns, so only rows of one file are
        // compared.
        let previous = self.previous.replace(row);
        let previous = previous.filter(|previous| previous.origin.file == row.origin.file);
        let n_items = mapped.items.len();
        (self.map)(row, previous, mapped);
        self.may_be_of_none |= std::mem::take(&mut mapped.may_be_of_none);
        self.may_be_refunds &= std::mem::take(&mut mapped.may_be_refund);
        draft.problems.extend(self.documents.add_child(row, kind, mapped.items.get(n_items)));
        if mapped.items.len() == n_items {
            draft.added_rows.extend(added_row(row, mapped));
        }
        if row.joined().is_some() {
            draft.added_rows.extend(added_side_rows(mapped));
        }
        for item in mapped.order_items.drain(..) {
            add_order_item(&mut self.order_items, item, draft, fields_of_files);
        }
        add_row(draft, row, mapped, fields_of_files);
    }

    /// Ends the order.
    fn finish(mut self) -> Draft<'a> {
        let draft = &mut self.draft;
        if self.may_be_refunds && !draft.rows.is_empty() {
            draft.kind = DraftKind::PossibleRefunds;
        }
        // Rows with one key share them.
        draft.side_rows.sort_unstable();
        draft.side_rows.dedup();
        if self.may_be_of_none {
            // Rows of other orders, and refunds, have other values.
            draft.problems.drop_code(Code::RowsDisagree);
        } else {
            refuse_choices(&mut draft.problems, &self.fields_of_files);
        }
        for row in std::mem::take(&mut self.refunds) {
            self.add_refund(row);
        }
        let Self { mut draft, mapped, .. } = self;
        self.documents.finish(&mut draft);
        draft.rows.append(&mut self.skipped_rows);
        let skip = draft.skip.take().or_else(|| skip_of_value(&draft, mapped.value_skips));
        draft.skip = self.left_out.map(Arc::from).or(skip);
        (draft.items, draft.people) = (mapped.items, mapped.people);
        let mut order_items = self.order_items;
        order_items.sort_by_key(|order_item| order_item.item.kind.index);
        let filled = order_items.into_iter().filter(|order_item| order_item.is_filled);
        draft.items.extend(filled.map(|order_item| order_item.item));
        (draft.refunds, draft.refund_records) = (mapped.refunds, mapped.refund_records);
        draft.may_have_items = mapped.may_have_items;
        draft.key_is_number = mapped.key_is_number;
        if draft.kind == DraftKind::Refunds {
            keep_refunds(&mut draft);
        }
        draft
    }

    /// Adds what a row takes off its order, and nothing else of it: its date is not that of the
    /// order.
    fn add_refund(&mut self, row: &'a Row<'a>) {
        let mut refund = MappedRow::default();
        (self.map)(row, None, &mut refund);
        let Self { draft, mapped, order_items, .. } = self;
        draft.problems.extend(other_currency(&draft.cells, &refund.cells));
        for OrderItem { item, .. } in refund.order_items.iter().filter(|item| item.is_filled) {
            let known = order_items.iter().find(|known| known.item.kind == item.kind);
            draft.problems.extend(other_order_item(known.map(|known| &known.item), item));
        }
        mapped.items.extend(refund.items);
        mapped.refunds.extend(refund.refunds);
        mapped.refund_records.extend(refund.refund_records);
        draft.problems.extend(refund.problems.into_iter().filter(is_of_refund));
    }
}

/// Why the profile leaves out all rows of an order, if it does.
fn skipped_whole<'a>(rows: impl Iterator<Item = &'a KeyedRow<'a>>) -> Option<&'a str> {
    let mut first = None;
    for KeyedRow { kind, .. } in rows {
        match kind {
            // A row that is skipped tells more.
            RowKind::Refund { .. } => _ = first.get_or_insert(WITHOUT_ORDER),
            RowKind::Skipped { reason, .. } if first.is_none_or(|first| first == WITHOUT_ORDER) => {
                first = Some(*reason);
            }
            RowKind::Skipped { .. } => {}
            kind if !kind.is_of_an_order() || kind.has_no_order() => {}
            _ => return None,
        }
    }
    first
}

fn record_row_kind<'a>(draft: &mut Draft<'a>, row: &Row<'_>, kind: &'a RowKind<'a>) {
    let at = row.origin.position();
    if let RowKind::Unreadable { reason, .. } = kind {
        let damage = row.damage_place();
        draft.problems.push(Problem::for_order(Code::RowUnreadable, damage, *reason));
    }
    if draft.rows.is_empty() {
        draft.key = match kind {
            RowKind::Document(Some(key)) => Cow::Borrowed(key),
            kind => Cow::Borrowed(kind.order_key().unwrap_or_default()),
        };
    }
    if draft.key.is_empty() {
        let message = "there is no order key, so it is not known which order this is";
        draft.problems.push(Problem::for_order(Code::RowWithoutKey, at, message));
    }
}

/// What a row adds up, if it does.
fn added_row<'a>(row: &Row<'_>, mapped: &MappedRow<'a>) -> Option<AddedRow<'a>> {
    let file = row.origin.file;
    let is_added = |cell: &&Cell<'_>| {
        cell.over_rows.is_sum() && !cell.is_default && cell.at.position().file == file
    };
    let of_items = mapped.order_items.iter().flat_map(|order_item| order_item.item.cells.iter());
    let cells: Vec<_> = mapped.cells.iter().chain(of_items).filter(is_added).cloned().collect();
    (!cells.is_empty()).then(|| AddedRow { at: row.origin.position(), digest: None, cells })
}

/// What the rows of side files add up.
fn added_side_rows<'a>(mapped: &MappedRow<'a>) -> impl Iterator<Item = AddedRow<'a>> + use<'a> {
    let mut rows: BTreeMap<(FileId, u64), AddedRow<'a>> = BTreeMap::new();
    for cell in mapped.cells.iter().filter(|cell| cell.over_rows.is_sum() && !cell.is_default) {
        if let Some(side) = cell.at.side_row() {
            let added =
                || AddedRow { at: side.start(), digest: Some(side.digest), cells: Vec::new() };
            let added = rows.entry((side.file, side.number)).or_insert_with(added);
            added.cells.push(cell.clone());
        }
    }
    rows.into_values()
}

/// Adds a row. `fields_of_files` are the fields that have values of several files, of which the
/// first or the last one counts.
fn add_row<'a>(
    draft: &mut Draft<'a>,
    row: &Row<'_>,
    mapped: &mut MappedRow<'a>,
    fields_of_files: &mut Vec<Field>,
) {
    let cells = std::mem::take(&mut mapped.cells);
    if draft.rows.is_empty() && !mapped.has_several_numbers {
        draft.cells = cells;
    } else {
        let (mut taken, mut passed) = (Vec::new(), Vec::new());
        for cell in cells {
            if is_choice_of_files(&draft.cells, &cell) {
                fields_of_files.push(cell.field.clone().into_owned());
            }
            if let Some(counts) = counts_in_place_of_others(&draft.cells, &cell) {
                let fields = if counts { &mut taken } else { &mut passed };
                fields.push(cell.field.to_string());
            }
            let problem = add_cell(&mut draft.cells, cell);
            if let Some(problem) = problem.filter(|problem| !is_reported(draft, problem)) {
                draft.problems.push(problem);
            }
        }
        let of_row = &mut mapped.problems;
        drop_errors_of_passed_values(&mut draft.problems, of_row, [&taken, &passed]);
    }
    draft.rows.push(row.origin.clone());
    for problem in mapped.problems.drain(..) {
        if !is_reported(draft, &problem) {
            draft.problems.push(problem);
        }
    }
    draft.skip = draft.skip.take().or(mapped.skip.take());
}

/// Whether a value counts, if another row has one too and `disagree` chooses; none otherwise.
fn counts_in_place_of_others(cells: &Cells<'_>, cell: &Cell<'_>) -> Option<bool> {
    let is_chosen = matches!(cell.over_rows, OverRows::First | OverRows::Last);
    let known = if is_chosen && !cell.is_default { cells.get(&cell.field)? } else { return None };
    (!known.is_default).then_some(cell.over_rows == OverRows::Last)
}

/// Drops what is wrong with values that do not count, as `disagree` says: those of the row in
/// `passed` fields, and those of earlier rows in `taken` ones.
fn drop_errors_of_passed_values(
    problems: &mut Problems,
    of_row: &mut Vec<Problem>,
    [taken, passed]: [&[String]; 2],
) {
    let is_of = |problem: &Problem, fields: &[String]| {
        problem.is_error() && problem.field.as_ref().is_some_and(|field| fields.contains(field))
    };
    if !taken.is_empty() {
        problems.retain(|problem| !is_of(problem, taken));
    }
    if !passed.is_empty() {
        of_row.retain(|problem| !is_of(problem, passed));
    }
}

/// Whether a value is of another file than the one so far, and the first or the last one counts.
fn is_choice_of_files(cells: &Cells<'_>, cell: &Cell<'_>) -> bool {
    matches!(cell.over_rows, OverRows::First | OverRows::Last)
        && !cell.is_default
        && cells.get(&cell.field).is_some_and(|known| {
            !known.is_default && known.at.position().file != cell.at.position().file
        })
}

/// Adds an error for a choice between values of several files: their order is that of the command,
/// which does not tell which value is the first or the last one.
fn refuse_choices(problems: &mut Problems, fields_of_files: &[Field]) {
    if fields_of_files.is_empty() {
        return;
    }
    let names: Vec<_> = fields_of_files.iter().map(ToString::to_string).collect();
    let refused = |problem: &Problem| {
        let is_choice = matches!(problem.code, Code::FirstValueTaken | Code::LastValueTaken);
        let field = problem.field.as_ref().filter(|field| is_choice && names.contains(field))?;
        let place = Place { position: problem.at, column_name: problem.column_name.clone() };
        let message = format!(
            "{}; the order has values of several files, whose order does not tell which one counts",
            problem.message
        );
        let refused = Problem::for_field(Code::RowsDisagree, field, place, message);
        Some(Problem { other_file: problem.other_file, ..refused })
    };
    let refused: Vec<_> = problems.iter().filter_map(refused).collect();
    problems.extend(refused);
}

/// The reason of the first value that skips the order and is the one that counts. Of rows that
/// disagree, none does.
fn skip_of_value(draft: &Draft<'_>, skips: Vec<ValueSkip>) -> Option<Arc<str>> {
    let counts = |skip: &ValueSkip| {
        let name = skip.field.to_string();
        let disagrees = |problem: &Problem| {
            problem.code == Code::RowsDisagree && problem.field.as_ref() == Some(&name)
        };
        draft.cells.get(&skip.field).is_some_and(|cell| cell.at.position() == skip.at)
            && !draft.problems.iter().any(disagrees)
    };
    skips.into_iter().find(counts).map(|skip| skip.reason)
}

/// Adds the rows of gaps next to the order, one problem for each gap. They are rejected with it.
fn add_possible_rows(draft: &mut Draft<'_>, possible_rows: &[PossibleRows]) {
    let mut possible_rows = possible_rows.to_vec();
    possible_rows.sort_unstable_by_key(|gap| (gap.rows.file, gap.rows.line));
    possible_rows.dedup();
    for PossibleRows { rows, first_lost } in possible_rows {
        let problem = adjacent_row_problem(first_lost.position());
        draft.problems.push(Problem { row: Some(Box::new(first_lost)), ..problem });
        draft.rows.push(rows);
    }
}

/// Adds what a row says of an item that is made of values of the order.
fn add_order_item<'a>(
    items: &mut Vec<OrderItem<'a>>,
    added: OrderItem<'a>,
    draft: &mut Draft<'a>,
    fields_of_files: &mut Vec<Field>,
) {
    let is_same = |known: &&mut OrderItem<'_>| known.item.kind == added.item.kind;
    let Some(known) = items.iter_mut().find(is_same) else { return items.push(added) };
    known.is_filled |= added.is_filled;
    for cell in added.item.cells {
        if is_choice_of_files(&known.item.cells, &cell) {
            fields_of_files.push(cell.field.clone().into_owned());
        }
        let problem = add_cell(&mut known.item.cells, cell);
        // Kinds have the same fields, of other columns.
        let is_reported = |problem: &Problem| {
            let mut reported = draft.problems.iter();
            reported.any(|one| {
                (one.code, &one.field, &one.column_name)
                    == (problem.code, &problem.field, &problem.column_name)
            })
        };
        if let Some(problem) = problem.filter(|problem| !is_reported(problem)) {
            draft.problems.push(problem);
        }
    }
}

/// Adds a cell of another row; returns the problem of its value and the one so far, if any.
fn add_cell<'a>(cells: &mut Cells<'a>, cell: Cell<'a>) -> Option<Problem> {
    let Some(known) = cells.get_mut(&cell.field) else {
        cells.push(cell);
        return None;
    };
    if cell.is_default {
        return None;
    }
    if known.is_default {
        *known = cell;
        return None;
    }
    merge_values(known, cell)
}

/// Merges the value of another row into the one so far; returns the problem of both, if any.
fn merge_values<'a>(known: &mut Cell<'a>, cell: Cell<'a>) -> Option<Problem> {
    let code = match known.over_rows {
        OverRows::Equal => Code::RowsDisagree,
        OverRows::First => Code::FirstValueTaken,
        OverRows::Last => Code::LastValueTaken,
        OverRows::Sum { n_rows } => return add_row_value(known, &cell, n_rows),
    };
    let is_same = have_same_value(known, &cell);
    let problem = (!is_same).then(|| conflict(known, &cell, code));
    let replaces = match (known.notation.currency(), cell.notation.currency()) {
        // Of equal amounts, the one with a currency shows whether that is the order's.
        (None, Some(_)) if is_same => true,
        (Some(_), None) if is_same => false,
        _ => known.over_rows == OverRows::Last,
    };
    if replaces {
        *known = cell;
    }
    problem
}

/// Adds the number of another row.
fn add_row_value<'a>(known: &mut Cell<'a>, cell: &Cell<'a>, n_rows: u32) -> Option<Problem> {
    known.is_unparsable |= cell.is_unparsable;
    // What cannot be read is a problem already.
    if known.is_unparsable {
        return None;
    }
    known.over_rows = OverRows::Sum { n_rows: n_rows + 1 };
    match sum(known, cell) {
        Ok((Amount(sum), notation)) => {
            known.text = Cow::Owned(sum.to_string());
            known.notation = notation;
            None
        }
        Err(message) => {
            known.is_unparsable = true;
            Some(Problem::for_field(Code::NumberUnreadable, &cell.field, cell.at, message))
        }
    }
}

/// The sum of two numbers, which `map` has read. An error is a message.
fn sum(one: &Cell<'_>, other: &Cell<'_>) -> Result<NumberInUnit, &'static str> {
    let number = |cell: &Cell<'_>| {
        let number = cell.text.parse().map_err(|_| SumError::TooManyDigits)?;
        Ok((number, cell.notation))
    };
    let sum = number(one).and_then(|one| add(one, number(other)?));
    sum.map_err(|error| match error {
        SumError::OtherUnit => "in another unit than the rows of the order before it",
        SumError::TooManyDigits => "the sum of the rows has more digits than can be kept exactly",
    })
}

/// Whether the same problem of an order field is already recorded. Otherwise a long order would
/// report it on every row.
fn is_reported(draft: &Draft<'_>, problem: &Problem) -> bool {
    let is_of_item =
        problem.field.as_ref().is_none_or(|field| field.starts_with(FieldGroup::Item.prefix()));
    let is_same =
        |reported: &Problem| reported.code == problem.code && reported.field == problem.field;
    // Problems of items are kept for each row, since each row has its own items.
    !is_of_item && draft.problems.iter().any(is_same)
}

fn conflict(known: &Cell<'_>, cell: &Cell<'_>, code: Code) -> Problem {
    let [own, known_value] = shown_values(cell, known);
    let (at, known_at) = (cell.at.position(), known.at.position());
    let line = line_beside(known_at, at);
    let message = format!("{own} here, but {known_value} in {line}");
    Problem::for_field(code, &cell.field, cell.at, message).beside(known_at)
}
