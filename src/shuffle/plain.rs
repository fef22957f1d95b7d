//! Fast path: decides orders whose every value is plainly good without making drafts of them.
//!
//! What an order shows about the export is collected as from its draft. An order that may have a
//! problem, or that shows how the values of a column are to be read, is left to its draft. Called
//! by `pass` and `scattered`, for the rows of one order at a time.

use std::sync::Arc;

use bumpalo::Bump;

use super::{
    context::Context,
    facts::Observations,
    sink::{CheckPlain, Decide},
};
use crate::{
    group,
    map::{PlainRows, file_mapper::FileMapper},
    model::{
        draft::{KeyedRow, RowKind},
        field::{ExtensionKey, Field},
        order::OrderRecord,
        plain::PlainDraft,
    },
};

/// The fast path for the orders of one file in one block.
pub(super) struct PlainPath<'c> {
    mapper: &'c FileMapper<'c>,
    rows: PlainRows<'c>,
    check: Box<dyn CheckPlain<'c> + 'c>,
    /// The keys of the extension attributes that the columns can have; none of documents, which
    /// name their own.
    attributes: Option<Vec<&'c Arc<ExtensionKey>>>,
    draft: PlainDraft<'c>,
}

impl<'c> PlainPath<'c> {
    /// None if no order of the file can be plain. Converted texts of the block are kept in `texts`.
    pub(super) fn new<D: Decide>(
        context: &'c Context<'_, '_, D>,
        mapper: &'c FileMapper<'c>,
        texts: &'c Bump,
    ) -> Option<Self> {
        let rows = mapper.plain_rows()?;
        let check = context.decide.plain_check(rows.fields(), context.facts)?;
        Some(Self::of(mapper, rows, check, texts))
    }

    fn of(
        mapper: &'c FileMapper<'c>,
        rows: PlainRows<'c>,
        check: Box<dyn CheckPlain<'c> + 'c>,
        texts: &'c Bump,
    ) -> Self {
        let attributes = rows.fields().map(|fields| {
            let keys = fields.into_iter().filter_map(Field::extension_key);
            keys.map(|(_, key)| key).collect()
        });
        Self { mapper, rows, check, attributes, draft: PlainDraft::new(texts) }
    }

    /// Decides about the order of these rows, if it is plain; false if it is not.
    pub(super) fn decide<D: Decide>(
        &mut self,
        rows: impl Iterator<Item = &'c KeyedRow<'c>>,
        context: &Context<'_, '_, D>,
        observations: &mut Observations,
        part: &mut D::Part,
    ) -> Result<bool, D::Error> {
        if self.read(rows).is_none() || context.needs_draft(&self.draft) {
            return Ok(false);
        }
        if !context.keeps_results() {
            context.observe_plain(&self.draft, self.attributes.as_deref(), observations);
            return Ok(true);
        }
        let Some(order) = self.check.check(&self.draft) else { return Ok(false) };
        debug_assert_eq!(*order.record, record_of_draft(&self.draft, self.mapper, context));
        context.observe_plain(&self.draft, self.attributes.as_deref(), observations);
        context.decide.decide_plain(order, context.facts, part)?;
        Ok(true)
    }

    /// Reads the order of these rows; none if it needs a closer look.
    fn read(&mut self, rows: impl Iterator<Item = &'c KeyedRow<'c>>) -> Option<()> {
        let mut key = None;
        self.draft.clear();
        for KeyedRow { row, kind } in rows {
            match kind {
                RowKind::OrderRow(row_key) | RowKind::Document(Some(row_key)) => {
                    key = key.or(Some(&**row_key));
                }
                // Lost rows next to it are its possible rows, and the others are of no order.
                kind if !kind.is_of_an_order() || kind.has_no_order() => continue,
                _ => return None,
            }
            self.draft.rows.push(row);
        }
        self.draft.key = key?;
        self.rows.read(&mut self.draft)
    }
}

/// The record that the draft of the same rows comes to.
fn record_of_draft<D: Decide>(
    plain: &PlainDraft<'_>,
    mapper: &FileMapper<'_>,
    context: &Context<'_, '_, D>,
) -> OrderRecord {
    let keyed = plain.rows.iter().map(|row| KeyedRow { row, kind: mapper.kind(row) });
    let keyed: Vec<_> = keyed.collect();
    let map = |row, before, into: &mut _| mapper.map(row, before, into);
    let mut draft = group::draft(keyed.iter(), map, &[]);
    context.mark(&mut draft);
    context.decide.check(draft, context.facts).record
}

#[cfg(test)]
mod tests;
