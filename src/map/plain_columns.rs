//! Plain columns: the values of orders in a CSV file whose rows need no closer look.
//!
//! The same rules as those of `mapper`, but whatever is not plainly good is left to it: rows that
//! differ, a condition that holds, a row of a side file that is missing, a value that `plain_rule`
//! leaves to it. Called by `plain_rows`.

use super::{
    bound_rule::{BoundRule, FieldBinding},
    date::DateRule,
    header_binding::HeaderBinding,
    plain_rule::PlainRule,
    record_view::RecordView,
    view::View,
};
use crate::model::{
    field::Field,
    plain::PlainDraft,
    row::{Row, RowContent},
};

/// The columns of a file, ready for plain orders.
pub(super) struct PlainColumns<'m> {
    binding: &'m HeaderBinding<'m>,
    order: Vec<PlainColumn<'m>>,
    item: Vec<PlainColumn<'m>>,
}

/// The rule of one field, bound to its columns.
struct PlainColumn<'m> {
    rule: PlainRule<'m, usize>,
    /// The column whose filled cells are values as they are, if the rule converts nothing.
    verbatim: Option<u32>,
    /// What nearly all other values come from.
    first: Option<FirstColumn<'m>>,
}

/// The first column of a rule that does nothing but parse dates, or nothing at all, with a text
/// that does not count as empty.
#[derive(Clone, Copy)]
struct FirstColumn<'m> {
    index: u32,
    date: Option<&'m DateRule>,
    /// Texts that count as empty.
    empty: &'m [String],
    /// Whether an empty cell leaves the field without a value.
    is_only: bool,
}

impl<'m> PlainColumn<'m> {
    /// None for the rule of fields that documents name.
    fn new(bound: &'m BoundRule<'_, usize>) -> Option<Self> {
        let BoundRule::Field(binding) = bound else { return None };
        let plain = PlainRule::new(binding)?;
        let FieldBinding { rule, is_verbatim, sources, .. } = binding;
        let (date, empty) = (rule.only_date(), rule.empty_texts());
        let index = sources.first().filter(|_| *is_verbatim || date.is_some());
        let index = index.and_then(|index| u32::try_from(*index).ok());
        let is_only = plain.has_no_other();
        let verbatim = index.filter(|_| *is_verbatim && empty.is_empty());
        let first = index.map(|index| FirstColumn { index, date, empty, is_only });
        Some(Self { rule: plain, verbatim, first })
    }

    /// Adds the values of a record, or the defaults. Returns whether one is of the export; none if
    /// one needs a closer look.
    fn push_all<'a>(
        columns: &[Self],
        view: RecordView<'a>,
        into: &mut PlainDraft<'a>,
    ) -> Option<bool>
    where
        'm: 'a,
    {
        let mut is_exported = false;
        for column in columns {
            if let Some(index) = column.verbatim {
                let text = view.cell(index as usize);
                if !text.is_empty() {
                    into.push(column.rule.cell_value(index, text, None));
                    is_exported = true;
                    continue;
                }
            }
            is_exported |= column.push(view, into)?;
        }
        Some(is_exported)
    }

    /// The same for one value that is not taken as it is.
    // Inlined, it would take the registers of the others.
    #[inline(never)]
    fn push<'a>(&self, view: RecordView<'a>, into: &mut PlainDraft<'a>) -> Option<bool>
    where
        'm: 'a,
    {
        let Some(FirstColumn { index, date, empty, is_only }) = self.first else {
            return self.rule.push_value(view, into);
        };
        let text = view.cell(index as usize);
        if text.is_empty() || empty.iter().any(|empty| empty == text) {
            return if is_only { Some(false) } else { self.rule.push_value(view, into) };
        }
        let time = match date {
            Some(date) => Some(date.parse(text).filter(|parsed| !parsed.is_ambiguous)?.time),
            None => None,
        };
        into.push(self.rule.cell_value(index, text, time));
        Some(true)
    }

    /// Whether a row has the same value as the first one, or none.
    fn repeats(&self, row: RecordView<'_>, first: RecordView<'_>) -> bool {
        let columns = self.rule.sources();
        columns.iter().all(|column| row.cell(*column) == first.cell(*column))
            || columns.iter().all(|column| row.cell(*column).is_empty())
    }
}

impl<'m> PlainColumns<'m> {
    /// None if a profile needs more than the columns of one guest, one order and its items.
    pub(super) fn new(binding: &'m HeaderBinding<'m>) -> Option<Self> {
        let mapper = &binding.mapper;
        if !mapper.people.is_empty() || mapper.has_item_fields() {
            return None;
        }
        let order = mapper.order_rules.iter().map(PlainColumn::new).collect::<Option<_>>()?;
        let item = mapper.only_item_rules()?.iter().map(PlainColumn::new).collect::<Option<_>>()?;
        Some(Self { binding, order, item })
    }

    /// The fields of the order and of its items.
    pub(super) fn fields(&self) -> impl Iterator<Item = &'m Field> {
        self.order.iter().chain(&self.item).map(|column| column.rule.field())
    }

    /// Reads the values in the rows of an order, which are of this file; none if it needs a closer
    /// look.
    pub(super) fn read<'a>(&self, into: &mut PlainDraft<'a>) -> Option<()>
    where
        'm: 'a,
    {
        let mapper = &self.binding.mapper;
        into.may_have_items = mapper.may_have_items;
        let mut first: Option<RecordView<'_>> = None;
        for index in 0..into.rows.len() {
            let row: &'a Row<'a> = into.rows[index];
            let RowContent::Record(record) = &row.content else { return None };
            if row.joined().is_some_and(|joined| !joined.are_plain()) {
                return None;
            }
            if self.binding.spreadsheet_texts.may_be_in(record) {
                return None;
            }
            let view = RecordView::new(row, record, &self.binding.header, &self.binding.own_header);
            match first {
                None => {
                    first = Some(view);
                    PlainColumn::push_all(&self.order, view, into)?;
                    into.end_order();
                }
                Some(first) => {
                    let is_repeated = view.repeats_columns(first, &mapper.order_columns)
                        || self.order.iter().all(|column| column.repeats(view, first));
                    is_repeated.then_some(())?;
                }
            }
            if mapper.skips_or_doubts(view) {
                return None;
            }
            if mapper.may_be_item(view)? {
                let has_exported_value = PlainColumn::push_all(&self.item, view, into)?;
                into.end_item(has_exported_value);
            }
        }
        Some(())
    }
}
