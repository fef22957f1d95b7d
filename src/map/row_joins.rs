//! Joins of a row: finds the rows of side files that belong to a row of the export.
//!
//! Each row is looked up by itself, so that nothing depends on the rows around it. Used by
//! `file_mapper`.

use bumpalo::Bump;

use super::{
    input_settings::Many,
    join::{Join, KeyText},
    join_readers::{JoinReaders, RowUse},
    pick::PickError,
    rule::Rule,
    side_table::SideTable,
    text_part::TextError,
    view::{Found, Value, View},
};
use crate::model::{
    draft::CellOrigin,
    problem::{Code, Problem},
    side_row::{JoinedRows, SideFound, SideItems, SideMatch, SideRow},
};

/// The joins of a profile, bound to a file of the export. `S` is where the file has a key: a column
/// or a path.
pub(super) struct RowJoins<'p, S>(pub(super) Vec<RowJoin<'p, S>>);

/// A join, bound to a file of the export.
pub(super) struct RowJoin<'p, S> {
    pub(super) join: &'p Join,
    pub(super) table: &'p SideTable,
    /// The sources of each part of the key, of which the first filled one counts.
    pub(super) keys: Vec<(Vec<S>, &'p Rule)>,
    pub(super) readers: JoinReaders,
    /// The index of the file's first column among those of all files with items.
    pub(super) first_field: usize,
}

impl<S> RowJoins<'_, S> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the side files have for a row. Items are those of the order that the row says, so that
    /// a document that belongs to another one has none.
    pub(super) fn find<'a, 'v, V: View<'v, Source = S>>(
        &'a self,
        view: V,
        is_child: bool,
        texts: &'a Bump,
    ) -> JoinedRows<'a> {
        let find = |join: &'a RowJoin<'_, S>| {
            if join.join.has_items && is_child {
                SideMatch { n_columns: 0, found: SideFound::NoKey }
            } else {
                join.find(view, texts)
            }
        };
        let matches: Vec<SideMatch<'a>> = self.0.iter().map(find).collect();
        JoinedRows { matches: texts.alloc_slice_copy(&matches) }
    }

    /// The problems of a row without a side row that it should have. `row_use` says what is read of
    /// a row.
    pub(super) fn problems<'v, V: View<'v, Source = S>>(
        &self,
        view: V,
        previous: Option<V>,
        row_use: impl Fn(V) -> RowUse,
    ) -> Vec<Problem> {
        let Some(joined) = view.joined() else { return Vec::new() };
        if !joined.matches.iter().any(|side| side.found.is_a_problem()) {
            return Vec::new();
        }
        let joins = self.0.iter().zip(joined.matches);
        let (own_use, previous) =
            (row_use(view), previous.map(|previous| (previous, row_use(previous))));
        // The rows of an order repeat its keys: the previous one has the problem already, if the
        // file is read for it.
        let is_reported = |join: &RowJoin<'_, S>| {
            previous.is_some_and(|(previous, previous_use)| {
                join.readers.read_for(previous_use) && join.repeats(view, previous)
            })
        };
        joins
            .filter(|(join, _)| join.readers.read_for(own_use) && !is_reported(join))
            .filter_map(|(join, side)| join.problem(side.found, view))
            .collect()
    }
}

impl<S> RowJoin<'_, S> {
    /// What belongs to a row.
    fn find<'a, 'v, V: View<'v, Source = S>>(&'a self, view: V, texts: &'a Bump) -> SideMatch<'a> {
        let n_columns = if self.join.has_items { 0 } else { self.table.columns.len() };
        let found = match self.key(view) {
            _ if self.table.absent.is_some() => SideFound::NoKey,
            Ok(None) => SideFound::NoKey,
            Err(_) => SideFound::InvalidKey,
            Ok(Some(key)) => self.rows(&key, texts),
        };
        SideMatch { n_columns, found }
    }

    fn rows<'a>(&'a self, key: &KeyText, texts: &'a Bump) -> SideFound<'a> {
        if let Some(skipped) = self.table.skipped_row(key.as_str()) {
            return SideFound::Skipped(skipped);
        }
        let rows = self.table.find(key.as_str(), texts);
        if self.join.has_items {
            return self.items(rows, texts);
        }
        let Some(rows) = rows else { return self.unmatched() };
        match self.join.many {
            Many::First => rows.first().map_or(SideFound::None, |first| SideFound::Row(*first)),
            Many::Refuse | Many::All => self.choose(texts.alloc_slice_copy(&rows)),
        }
    }

    /// What a row has whose key the file lacks.
    fn unmatched<'a>(&self) -> SideFound<'a> {
        if self.join.is_optional { SideFound::NoKey } else { SideFound::None }
    }

    /// Rows that are items, unless several documents have those of one key: one may be a copy of
    /// the other. With `many = "all"` it is one if it equals the other; equal items in two files
    /// are found by `group`.
    fn items<'a>(&self, rows: Option<Vec<SideRow<'a>>>, texts: &'a Bump) -> SideFound<'a> {
        let Some(rows) = rows else { return self.unmatched() };
        if self.join.item_path.is_some() {
            let first_ones = rows.iter().filter(|row| row.starts_document).copied();
            let mut documents: Vec<_> = first_ones.collect();
            if self.join.many == Many::All {
                let content = |document: &SideRow<'_>| (document.file, document.digest);
                documents.sort_by_key(|document| (content(document), document.number));
                let mut pairs = documents.windows(2);
                let copy = pairs.find(|pair| content(&pair[0]) == content(&pair[1]));
                documents = copy.unwrap_or_default().to_vec();
            }
            if documents.len() > 1 {
                return SideFound::Several(texts.alloc_slice_copy(&documents));
            }
        }
        let first_field = self.first_field;
        SideFound::Items(SideItems { rows: texts.alloc_slice_copy(&rows), first_field })
    }

    /// What counts of all rows with a key.
    fn choose<'a>(&self, rows: &'a [SideRow<'a>]) -> SideFound<'a> {
        match rows {
            rows if self.join.adds_rows() => SideFound::Rows(rows),
            [only] => SideFound::Row(*only),
            rows => match self.pick(rows) {
                Some(Ok(row)) => SideFound::Row(*row),
                _ => SideFound::Several(rows),
            },
        }
    }

    /// The row that is picked of several; none if none is to be picked.
    pub(super) fn pick<'a>(
        &self,
        rows: &'a [SideRow<'a>],
    ) -> Option<Result<&'a SideRow<'a>, PickError<'a>>> {
        let (pick, column) = self.join.pick.as_ref().zip(self.table.picked_by)?;
        Some(pick.choose(rows, column))
    }

    /// The key of a row; none if a part of it is empty. An error is a value that is none.
    pub(super) fn key<'v, V: View<'v, Source = S>>(
        &self,
        view: V,
    ) -> Result<Option<KeyText>, InvalidKey<'v>> {
        let (mut key, mut is_whole) = (KeyText::default(), true);
        for (sources, rule) in &self.keys {
            let Some(found) = filled(view, sources, rule) else {
                is_whole = false;
                continue;
            };
            let Some(text) = found.value.text() else {
                return Err(InvalidKey { at: found.at, error: not_a_scalar(found.value) });
            };
            let part = key.push(rule, text);
            is_whole &= part.map_err(|error| InvalidKey { at: found.at, error })?.is_some();
        }
        Ok(Some(key).filter(|_| is_whole))
    }

    /// Whether the previous row of the order has the same key.
    fn repeats<'v, V: View<'v, Source = S>>(&self, view: V, previous: V) -> bool {
        let mut sources = self.keys.iter().flat_map(|(sources, _)| sources);
        sources.all(|source| view.repeats(previous, source))
    }
}

/// A value of a key that is none, and why.
pub(super) struct InvalidKey<'v> {
    pub(super) at: CellOrigin<'v>,
    pub(super) error: TextError,
}

fn not_a_scalar(value: Value<'_>) -> TextError {
    (Code::NotAScalar, value.unexpected("a single value"))
}

/// The first filled one of some sources; without one, the first whose path does not fit.
pub(super) fn filled<'v, V: View<'v>>(
    view: V,
    sources: &[V::Source],
    rule: &Rule,
) -> Option<Found<'v>> {
    let found = || sources.iter().map(|source| view.find(source));
    let is_filled = |found: &Found<'v>| found.value.is_filled_unless(|text| rule.is_empty(text));
    found().find(is_filled).or_else(|| found().find(|found| found.value.is_misplaced(rule)))
}
