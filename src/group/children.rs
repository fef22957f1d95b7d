//! Children: documents that belong to the document of an order, while its rows are merged.
//!
//! Finds out whether the document is there, and what is there twice. Used by `merge`; does not
//! know which documents are items.

use std::collections::BTreeMap;

use crate::model::{
    draft::{Draft, ItemDraft, ItemSource, KeyedRow, RowKind},
    origin::{Position, RowOrigin},
    problem::{Code, Problem, line_beside},
    row::Row,
};

/// The documents of one order so far. None of an order whose rows are no such documents.
#[derive(Default)]
pub(super) struct OrderDocuments<'a> {
    /// The document of the order.
    first: Option<&'a Row<'a>>,
    /// The children, each with the id that it belongs to and its own one.
    children: Vec<(&'a str, Option<&'a str>, Position)>,
    /// The lines of the items by their ids and the index of their kind.
    items: BTreeMap<(&'a str, u16), Position>,
}

impl<'a> OrderDocuments<'a> {
    /// Adds the document of an order. Returns the problem of one that is there again, which must
    /// not be mapped.
    pub(super) fn add_document(&mut self, row: &'a Row<'a>) -> Option<Problem> {
        let Some(first) = self.first else {
            self.first = Some(row);
            return None;
        };
        let (code, message) = if first.raw().is_some_and(|raw| row.raw() == Some(raw)) {
            (Code::DuplicateOrder, "the document of the order is here again; it counts once")
        } else {
            let message = "the order also appears here with different content; it is not known \
                which one counts";
            (Code::OrderInTwoFiles, message)
        };
        Some(Problem::for_order(code, row.origin.position(), message))
    }

    /// Adds a document that belongs to an order, with its item if it is one. Returns the problem
    /// of one that is there again.
    pub(super) fn add_child(
        &mut self,
        row: &Row<'_>,
        kind: &RowKind<'a>,
        item: Option<&ItemDraft<'_>>,
    ) -> Option<Problem> {
        let RowKind::ChildDocument { order, id } = *kind else { return None };
        let at = row.origin.position();
        self.children.push((order, id, at));
        let (id, item) = id.zip(item)?;
        let earlier = *self.items.entry((id, item.kind.index)).or_insert(at);
        if earlier == at {
            return None;
        }
        let message = format!(
            "the item has the id {id:?} of the one in {}; it would count twice",
            line_beside(earlier, at)
        );
        Some(Problem::for_order(Code::ItemsRepeated, at, message).beside(earlier))
    }

    /// Ends the order: its document is its first row, and children without one are problems.
    pub(super) fn finish(self, draft: &mut Draft<'_>) {
        let Some(document) = self.first else {
            let orphans = self.children.into_iter().map(|(order, id, at)| {
                if id == Some(order) {
                    let message = format!("the document {order:?} belongs to itself");
                    return Problem::for_order(Code::ParentCircle, at, message);
                }
                let message = format!("no document has the id {order:?} of the one it belongs to");
                Problem::for_order(Code::ParentMissing, at, message)
            });
            return draft.problems.extend(orphans);
        };
        let is_document = |row: &RowOrigin| *row == document.origin;
        if let Some(index) = draft.rows.iter().position(is_document) {
            draft.rows[..=index].rotate_right(1);
        }
    }
}

/// Says of documents whose order is not there that they belong to each other.
pub fn mark_circle(draft: &mut Draft<'_>) {
    let missing = draft.problems.iter_mut().filter(|one| one.code == Code::ParentMissing);
    for problem in missing {
        problem.code = Code::ParentCircle;
        problem.message = format!(
            "the document belongs to {:?}, and that one to others in a circle, so that none of them \
             is of an order",
            draft.key
        );
    }
}

/// The number of documents that belong to an order and are no items of it. Those of an order that
/// is not there are reported one by one.
#[must_use]
pub fn count_left_out<'a>(
    rows: impl Iterator<Item = &'a KeyedRow<'a>> + Clone,
    draft: &Draft<'_>,
) -> u64 {
    if !rows.clone().any(|row| matches!(row.kind, RowKind::OrderDocument(_))) {
        return 0;
    }
    let is_child = |item: &&ItemDraft<'_>| item.kind.source == ItemSource::Items;
    let n_items = draft.items.iter().filter(is_child).count();
    count_children(rows).saturating_sub(n_items as u64)
}

/// The number of documents that belong to another one.
#[must_use]
pub fn count_children<'a>(rows: impl Iterator<Item = &'a KeyedRow<'a>>) -> u64 {
    rows.filter(|row| matches!(row.kind, RowKind::ChildDocument { .. })).count() as u64
}
