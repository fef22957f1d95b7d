//! Field value: what the rules of one field make of a row, a document or an element.
//!
//! Several rules are tried in order, each only where its condition holds; the first that yields a
//! value counts. Called by `mapper`, and by `trace` to tell which rule counted.

use std::{borrow::Cow, mem};

use super::{
    bound_rule::FieldBinding,
    collector::{Collector, RawValue},
    combined_value::{CombinedValue, Part, combine},
    profile::Profile,
    rule::Rule,
    rule_result::RuleResult,
    tested_row::decide,
    value_kind::ValueKind,
    view::{Found, Value, View},
};
use crate::model::{
    draft::{AddedSideRows, Cells, Notation},
    problem::Code,
};

impl<S> FieldBinding<'_, S> {
    /// Whether the previous row of the order has the same values in all sources, so that this row
    /// says nothing new.
    pub(super) fn is_repeated<'a, V: View<'a, Source = S>>(&self, view: V, previous: V) -> bool {
        let mut sources = self.sources.iter().chain(&self.tested);
        !self.counts_each_row
            && sources.all(|source| view.repeats(previous, source))
            && self.otherwise.as_ref().is_none_or(|next| next.is_repeated(view, previous))
    }

    /// Adds the value of the first rule that yields one.
    pub(super) fn apply<'a, V: View<'a, Source = S>>(
        &'a self,
        collector: &mut Collector<'a>,
        view: V,
        profile: &Profile,
    ) {
        let mut next = Some(self);
        while let Some(binding) = next {
            let n_cells = collector.cells.len();
            let join = binding.added_join;
            let rows = join.map_or(&[][..], |join| view.side_rows(join));
            let added = join.zip(rows.first());
            let added = added.map(|(join, first)| AddedSideRows { join, first: first.number });
            match added {
                None => binding.apply_alone(collector, view, profile),
                Some(added) if collector.added_side_rows.contains(&added) => return,
                Some(_) => {
                    for index in 0..rows.len() {
                        binding.apply_alone(collector, view.with_side_row(index), profile);
                    }
                    collector.has_several_numbers |= rows.len() > 1;
                }
            }
            if mem::take(&mut collector.has_read_nothing) || collector.cells.len() > n_cells {
                return;
            }
            next = binding.otherwise.as_deref();
        }
        collector.problems.extend(self.other_languages(view, profile));
    }

    /// Adds the value of this rule: that of the first filled source, or the default.
    pub(super) fn apply_alone<'a, V: View<'a, Source = S>>(
        &'a self,
        collector: &mut Collector<'a>,
        view: V,
        profile: &Profile,
    ) {
        let field = Cow::Borrowed(&self.field);
        let when = self.when.as_ref();
        let Some(counts) = when.map_or(Some(true), |when| decide(when, view, profile, collector))
        else {
            return collector.push_unknown(field, self.rule, view.at());
        };
        match (self.when.is_some(), self.rule.has_source()) {
            // The default is the last step, whatever left the value out.
            (true, true) if !counts => collector.push_value(field, self.rule, None),
            (true, false) if counts => collector.push_conditional_constant(field, self.rule),
            (true, false) => {}
            _ => match &self.companion {
                Some(companion) => self.apply_with(companion, collector, view, profile),
                None => self.apply_sources(collector, view, profile, None),
            },
        }
    }

    /// Adds the value of a date or a phone number, whose zone or country the row has too.
    fn apply_with<'a, V: View<'a, Source = S>>(
        &'a self,
        companion: &'a Self,
        collector: &mut Collector<'a>,
        view: V,
        profile: &Profile,
    ) {
        let said = companion.said_to(self.rule, view, profile);
        let mut value = Collector::new(view.at(), Cells::default());
        self.apply_sources(&mut value, view, profile, said.as_ref().ok().copied());
        // A date with an offset needs no zone, an international number no country, an empty value
        // none of them.
        let is_unreadable = value.cells.first().is_some_and(|cell| cell.is_unparsable);
        if let Err(unknown) = said
            && is_unreadable
        {
            value.replace_problems(*unknown);
        }
        collector.append(value);
    }

    /// What a companion says of a row to the rule that it belongs to: the name of a zone, or the
    /// code of a country. An error has the problem.
    pub(super) fn said_to<'a, V: View<'a, Source = S>>(
        &'a self,
        rule: &Rule,
        view: V,
        profile: &Profile,
    ) -> Result<&'static str, Box<Collector<'a>>> {
        let companion = rule.companion_kind();
        let mut found = Collector::new(view.at(), Cells::default());
        self.apply_alone(&mut found, view, profile);
        let (at, message) = match found.cells.first() {
            Some(cell) if cell.is_unparsable => return Err(Box::new(found)),
            Some(cell) => match companion.read(&cell.text) {
                Ok(said) => return Ok(said),
                Err(message) => (cell.at, message),
            },
            None => {
                let first = self.sources.first().map(|source| view.find(source).at);
                (first.unwrap_or(view.at()), companion.missing().to_owned())
            }
        };
        let phone_code = rule.kind.and_then(ValueKind::phone_code);
        let result = RuleResult::Invalid(phone_code.unwrap_or(Code::TimestampUnreadable), message);
        let (field, text) = (Cow::Borrowed(&self.field), Cow::Borrowed(""));
        found.push_result(field, self.rule, result, text, (at, Notation::Text));
        Err(Box::new(found))
    }

    /// Adds the value of the sources, or the default.
    fn apply_sources<'a, V>(
        &'a self,
        collector: &mut Collector<'a>,
        view: V,
        profile: &Profile,
        companion: Option<&'static str>,
    ) where
        V: View<'a, Source = S>,
    {
        if self.rule.combines() {
            self.apply_combined(collector, view, companion);
        } else {
            self.apply_first(collector, view, profile, companion);
        }
    }

    /// Adds the value of the first filled source, or the default.
    fn apply_first<'a, V>(
        &'a self,
        collector: &mut Collector<'a>,
        view: V,
        profile: &Profile,
        companion: Option<&'static str>,
    ) where
        V: View<'a, Source = S>,
    {
        let field = Cow::Borrowed(&self.field);
        let mut misplaced = None;
        for (index, source) in self.sources.iter().enumerate() {
            let found = view.find(source);
            let found = match self.in_language(found, view, profile.checkout_events) {
                Ok(found) => found,
                Err(Found { value, at }) => {
                    return collector.push_not_a_scalar(field, at, value.type_name());
                }
            };
            if found.value.is_filled(self.rule) {
                let beside =
                    self.beside.get(index).and_then(|beside| view.find(beside).value.text());
                let beside = beside.filter(|text| !self.rule.is_empty(text));
                return self.push(collector, found, companion.or(beside));
            }
            if found.value.is_misplaced(self.rule) {
                misplaced.get_or_insert(found);
            }
        }
        match misplaced {
            Some(Found { value: Value::WithinArray, at }) => {
                collector.push_not_a_scalar(field, at, "an array");
            }
            Some(Found { value: value @ Value::WithinScalar { .. }, at }) => {
                collector.push_not_an_object(field, at, value);
            }
            Some(Found { value, at }) => {
                collector.push_not_a_scalar(field, at, value.type_name());
            }
            None => self.push_nothing(collector, view),
        }
    }

    /// Adds what there is without a filled source: the default; or that the value is not known,
    /// since the row lacks the side row that has it.
    fn push_nothing<'a, V>(&'a self, collector: &mut Collector<'a>, view: V)
    where
        V: View<'a, Source = S>,
    {
        let field = Cow::Borrowed(&self.field);
        match self.sources.iter().find(|source| view.lacks(source)) {
            Some(lacking) => collector.push_unknown(field, self.rule, view.find(lacking).at),
            None => collector.push_value(field, self.rule, None),
        }
    }

    /// The values of all sources of a rule that combines them.
    pub(super) fn parts_in<'a, V: View<'a, Source = S>>(&self, view: V) -> Vec<Part<'a>> {
        let mut parts = Vec::new();
        for (source, index) in self.parts.iter().enumerate() {
            if let Some(index) = index {
                let part = |found| parts.push(Part { source, found });
                view.visit(&self.sources[*index], &mut { part });
            }
        }
        parts
    }

    /// Adds the value that the rule makes of all of its sources, or the default.
    fn apply_combined<'a, V>(
        &'a self,
        collector: &mut Collector<'a>,
        view: V,
        companion: Option<&'static str>,
    ) where
        V: View<'a, Source = S>,
    {
        let field = Cow::Borrowed(&self.field);
        match combine(&self.field, self.rule, &self.parts_in(view), companion, &mut ()) {
            Some(CombinedValue { result, text, at, notation }) => {
                collector.push_result(field, self.rule, result, Cow::Owned(text), (at, notation));
            }
            None => self.push_nothing(collector, view),
        }
    }

    fn push<'a>(
        &'a self,
        collector: &mut Collector<'a>,
        Found { value, at }: Found<'a>,
        beside: Option<&'a str>,
    ) {
        let field = Cow::Borrowed(&self.field);
        let Some(text) = value.text() else {
            return collector.push_nested(field, self.rule, Found { value, at });
        };
        let found = RawValue { text, at, notation: value.notation(), beside };
        if self.is_verbatim {
            collector.push_verbatim(self, found);
        } else {
            collector.push_value(field, self.rule, Some(found));
        }
    }
}
