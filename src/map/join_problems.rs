//! Problems of a row to which not exactly one row of a side file belongs.
//!
//! Part of `row_joins`.

use std::borrow::Cow;

use super::{
    input_settings::Many,
    join::KeyText,
    pick::PickError,
    row_joins::{InvalidKey, RowJoin, filled},
    view::View,
};
use crate::model::{
    input::InputFormat,
    origin::Position,
    problem::{Code, Problem},
    redact::{looks_personal, redact},
    side_row::{SideFound, SideRow},
};

impl<S> RowJoin<'_, S> {
    /// The problem of what was found for a row, if it is one.
    pub(super) fn problem<'v, V: View<'v, Source = S>>(
        &self,
        found: SideFound<'_>,
        view: V,
    ) -> Option<Problem> {
        if found == SideFound::InvalidKey {
            let InvalidKey { at, error: (code, message) } = self.key(view).err()?;
            let message = format!("{message}, which is the key of the join {:?}", self.join.name);
            return Some(Problem::for_order(code, at, message));
        }
        let what = match self.table.format {
            InputFormat::Csv => "row",
            InputFormat::Ndjson => "document",
        };
        let (code, fact, reason) = match found {
            SideFound::None => {
                let fact = format!("no {what} of {} has", self.table.file_names());
                (Code::JoinUnmatched, fact, String::new())
            }
            SideFound::Skipped(at) => {
                let reason =
                    "; the profile passes that line over as a header (skip_lines and header)";
                let fact = format!("{} has", self.place(at));
                (Code::JoinUnmatched, fact, reason.to_owned())
            }
            SideFound::Several(rows) => {
                let fact = format!("several {what}s, {}, have", self.places(rows));
                (Code::JoinAmbiguous, fact, self.reason(rows))
            }
            _ => return None,
        };
        let first = self.keys.first();
        let first = first.and_then(|(sources, rule)| Some(filled(view, sources, rule)?.at));
        let at = first.unwrap_or(view.at());
        Some(Problem::for_order(code, at, format!("{fact} {}{reason}", self.shown_key(view))))
    }

    /// The key of a row in a message, each part with the name that it has in the file.
    fn shown_key<'v, V: View<'v, Source = S>>(&self, view: V) -> String {
        let parts = self.keys.iter().zip(&self.join.keys).map(|((sources, rule), key)| {
            let text = filled(view, sources, rule).and_then(|found| found.value.text());
            let text = text.and_then(|text| KeyText::default().push(rule, text).ok()?);
            format!("{} {:?}", key.name(), shown(&text.unwrap_or_default()))
        });
        parts.collect::<Vec<_>>().join(", ")
    }

    /// Why none of several rows counts.
    fn reason(&self, rows: &[SideRow<'_>]) -> String {
        let (Some(Err(error)), Some(pick)) = (self.pick(rows), &self.join.pick) else {
            if self.join.has_items && self.join.many == Many::All {
                return "; they are equal, so their items would count twice".to_owned();
            }
            let other = if self.join.has_items { "all" } else { "first" };
            return format!("; expected one, or many = \"{other}\" in the join");
        };
        let column = self.table.picked_by.unwrap_or_default();
        let value = |row: &SideRow<'_>| {
            format!("{:?} at {}", shown(row.cell(column)), self.place(row.position(column)))
        };
        let taken = format!("; pick takes the {} {:?}, but", pick.name(), pick.column);
        match error {
            PickError::NotComparable(row) => {
                format!("{taken} {} is no number and no date such as 2026-10-31", value(row))
            }
            PickError::OtherKind([one, other]) => format!(
                "{taken} {} and {} are of different kinds, such as a number and a date",
                value(one),
                value(other)
            ),
            PickError::TwoReadings(row) => {
                format!("{taken} {} can be read in two ways; declare decimal", value(row))
            }
            PickError::Tie([one, other]) => {
                format!(
                    "{taken} {} and {} are equal, and the rows differ",
                    value(one),
                    value(other)
                )
            }
        }
    }

    /// The places of the first two of several side rows, as messages name them. Two documents may
    /// begin on one line.
    fn places(&self, rows: &[SideRow<'_>]) -> String {
        let places: Vec<_> = rows.iter().take(2).map(|row| self.place(row.start())).collect();
        match places.as_slice() {
            [one, other] if one == other => format!("both in {one}"),
            _ => places.join(" and "),
        }
    }

    fn place(&self, Position { file, line, column }: Position) -> String {
        let column = column.map_or_else(String::new, |column| format!(":{column}"));
        format!("{}:{line}{column}", self.table.file_name(file))
    }
}

/// A text in a message: it may be a phone number; an address is redacted in every message.
fn shown(text: &str) -> Cow<'_, str> {
    if looks_personal(text) { redact(text).into() } else { text.into() }
}
