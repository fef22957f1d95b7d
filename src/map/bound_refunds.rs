//! Bound refunds: which rows of one file are refunds, and of which order.
//!
//! `group` leaves them out or gives them to their orders; `validate` takes their amounts off. Made
//! by `header_rules` and `document_binding`, used by `mapper`.

use std::borrow::Cow;

use super::{
    bound_rule::{FieldBinding, TestedSource},
    collector::Collector,
    condition::Condition,
    join_readers::RowUse,
    order_key::key_of,
    profile::Profile,
    refunds::{REFUND_AMOUNT, Refunds},
    rule::Rule,
    tested_row::test,
    view::View,
};
use crate::model::{
    draft::{Cell, Cells},
    id_text::is_placeholder,
    problem::{Code, Problem},
};

/// The rows of a file that are refunds.
pub(super) struct BoundRefunds<'p, S> {
    pub(super) refunds: &'p Refunds,
    pub(super) rows: Option<Condition<TestedSource<S>>>,
    /// The sources of the key of their orders.
    pub(super) order: Vec<S>,
    /// The indexes of those that all rows may have, since they are parts of the order key too.
    pub(super) shared_parts: Vec<usize>,
    /// The rule of their amounts.
    pub(super) amount: Option<FieldBinding<'p, S>>,
}

impl<S> BoundRefunds<'_, S> {
    /// Whether a row is a refund. One that cannot be tested is none; `mapper` reports it.
    pub(super) fn hold<'a, V: View<'a, Source = S>>(&'a self, view: V, profile: &Profile) -> bool {
        match (&self.rows, &self.refunds.order) {
            (Some(rows), _) => matches!(test(rows, view, profile), Ok(true)),
            (None, Some(_)) => matches!(self.order_key(view), Ok(Some(_))),
            (None, None) => false,
        }
    }

    /// The key of the order of a refund that is a record of its own; none of another row. An error
    /// is why it cannot be read.
    pub(super) fn order_key<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
    ) -> Result<Option<Cow<'a, str>>, &'static str> {
        let Some(rule) = &self.refunds.order else { return Ok(None) };
        match key_of(view, rule, &self.order) {
            Some(key) if is_placeholder(&key) => Err(PLACEHOLDER_ORDER),
            None => self.order_error(view, rule).map_or(Ok(None), Err),
            key => Ok(key),
        }
    }

    /// Why a row without a key of an order may be a refund all the same.
    fn order_error<'a, V: View<'a, Source = S>>(
        &self,
        view: V,
        rule: &Rule,
    ) -> Option<&'static str> {
        // Where `rows` says which rows are refunds, others may have anything.
        let is_only_sign = self.rows.is_none();
        let error = |(index, source): (usize, &S)| {
            let value = view.find(source).value;
            let leaves_nothing = value.text().is_some_and(|text| rule.leaves_nothing(text));
            let is_part = rule.key_separator().is_some() && value.text().is_some();
            if value.is_misplaced(rule) {
                return Some(NO_ORDER);
            }
            if is_only_sign && leaves_nothing {
                return Some(NOTHING_LEFT);
            }
            match value.is_filled(rule) {
                true if !is_part => Some(NO_ORDER),
                true if is_only_sign && !self.shared_parts.contains(&index) => Some(HALF_ORDER),
                _ => None,
            }
        };
        self.order.iter().enumerate().find_map(error)
    }

    /// Whether a row is a refund that is a record of its own.
    pub(super) fn is_record<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        profile: &Profile,
    ) -> bool {
        self.refunds.order.is_some() && self.hold(view, profile)
    }

    /// What is read of a refund that says nothing of its order.
    pub(super) fn row_use(&self) -> RowUse {
        if self.amount.is_some() { RowUse::Amount } else { RowUse::Items }
    }

    /// The amount of a refund. Its problems are added to `order`.
    pub(super) fn amount<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        profile: &Profile,
        order: &mut Collector<'a>,
    ) -> Option<Cell<'a>> {
        let mut found = Collector::new(view.at(), Cells::default());
        self.amount.as_ref()?.apply(&mut found, view, profile);
        let with_name = |problem| Problem { field: Some(REFUND_AMOUNT.to_owned()), ..problem };
        let is_reported = !found.problems.is_empty();
        order.problems.extend(found.problems.into_iter().map(with_name));
        let cell = found.cells.into_iter().next().filter(|cell| !cell.is_unparsable);
        if cell.is_none() && !is_reported {
            let message =
                "the refund has no amount, so it is not known what it takes off the order";
            order.problems.push(Problem::for_order(Code::RefundUnclear, view.at(), message));
        }
        cell
    }
}

/// Why the order of a refund is not known that names a placeholder: exports write it in all rows
/// that are no refunds, and each of them would be a refund of one order.
pub const PLACEHOLDER_ORDER: &str = "refunds.order reads a placeholder, such as 0, which may stand for \
                                     no order; expected the key of an order, or nothing where the \
                                     row is no refund";

/// Why the order of a refund is not known.
pub const NO_ORDER: &str = "refunds.order reads no key of an order from the value; expected a text \
                            or a number, or nothing where the row is no refund";

/// Why the order of a refund is not known whose key has no more than what is stripped.
pub const NOTHING_LEFT: &str = "refunds.order reads no key of an order from the value, of which its \
                                steps leave nothing; expected the key of an order, or nothing where \
                                the row is no refund";

/// Why the order of a refund is not known that names none.
pub const REFUND_WITHOUT_KEY: &str = "the refund has no key of its order";

/// Why the order of a refund is not known of whose key a part is missing.
pub const HALF_ORDER: &str = "refunds.order reads a part of the key of an order; expected all parts, or \
                              none where the row is no refund; or rows, the condition on the rows \
                              that are refunds";

/// Why a row without a key may be a refund.
pub const UNTESTED_WITHOUT_KEY: &str = "rows of [refunds] cannot be tested and the row has no order \
                                        key, so it may be a refund of any order";

/// Why the order of a row is not known that may be a refund of another one.
pub const UNTESTED_REFUND: &str =
    "rows of [refunds] cannot be tested, so the row may be a refund of another order";
