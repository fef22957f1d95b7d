//! Order key of a row, and whether it can be relied on.
//!
//! Part of `mapper`; `order_key` joins the parts of a key.

use std::{borrow::Cow, slice};

use super::{
    bound_refunds::BoundRefunds,
    collector::Collector,
    mapper::Mapper,
    order_key::joined_key,
    view::{Found, Value, View},
};
use crate::model::{
    id_text::ROUNDED,
    problem::{Code, Problem},
    reference::{HIDDEN_FLOAT, hides_float},
};

impl<S> Mapper<'_, S> {
    /// The order key of a readable row.
    pub(super) fn order_key<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
    ) -> Option<Cow<'a, str>> {
        match self.profile.key.key_separator() {
            Some(separator) => joined_key(view, &self.profile.key, &self.key, separator),
            None => self.key_at(view, &self.key),
        }
    }

    /// The key of an unreadable row, if it is reliable.
    ///
    /// A fallback does not replace the first source, whose value may be damaged.
    pub(super) fn reliable_key<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
    ) -> Option<Cow<'a, str>> {
        if let Some(parent) = &self.parent {
            return Self::reliable_parent(view, parent);
        }
        // What is damaged may be a refund of any order.
        let is_of_own_key =
            |of: &BoundRefunds<'_, S>| of.refunds.order.is_none() || !of.refunds.are_netted;
        if !self.refunds.as_ref().is_none_or(is_of_own_key) {
            return None;
        }
        if let Some(separator) = self.profile.key.key_separator() {
            let are_certain = self.key.iter().all(|source| view.is_certain_key(source));
            let key = joined_key(view, &self.profile.key, &self.key, separator);
            return key.filter(|_| are_certain);
        }
        let first = self.key.first().filter(|source| view.is_certain_key(source))?;
        self.key_at(view, slice::from_ref(first))
    }

    fn key_at<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        sources: &[S],
    ) -> Option<Cow<'a, str>> {
        let text = self.key_value(view, sources)?.text()?;
        // The keys of nearly all exports.
        if self.is_key_verbatim { Some(Cow::Borrowed(text)) } else { self.profile.key_of(text) }
    }

    pub(super) fn key_value<'a, V: View<'a, Source = S>>(
        &self,
        view: V,
        sources: &[S],
    ) -> Option<Value<'a>> {
        let mut values = sources.iter().map(|source| view.find(source).value);
        values.find(|value| value.is_filled(&self.profile.key))
    }

    /// Whether the key is a number of JSON.
    pub(super) fn has_number_key<'a, V: View<'a, Source = S>>(&self, view: V) -> bool {
        !self.profile.key.has_constants()
            && !self.profile.key.combines()
            && matches!(self.key_value(view, &self.key), Some(Value::Number(_)))
            && !self.is_child(view)
    }

    /// Adds a problem for each part of the order key that is a rounded number, which other orders
    /// may have too, or has the `.0` of a spreadsheet: the joined key hides it from the checks of
    /// whole references.
    pub(super) fn check_key_parts<'a, V: View<'a, Source = S>>(
        &self,
        view: V,
        order: &mut Collector<'a>,
    ) {
        let separator = self.profile.key.key_separator().unwrap_or_default();
        for (index, source) in self.key.iter().enumerate() {
            let Found { value, at } = view.find(source);
            let Some(text) = value.text() else { continue };
            let is_last = index + 1 == self.key.len();
            let (code, problem) = if value.notation().is_rounded(text) {
                (Code::ScientificNotation, ROUNDED)
            } else if !is_last && hides_float(text, separator) {
                (Code::SpreadsheetNumber, HIDDEN_FLOAT)
            } else {
                continue;
            };
            let message = format!("order key {text:?}: {problem}");
            order.problems.push(Problem::for_order(code, at, message));
        }
    }
}
