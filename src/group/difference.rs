//! Difference of two drafts of one order: the first value that differs, as a message about both
//! names it.
//!
//! Decides nothing. Called by `duplicates`; `merge` shows the values of rows in the same way.

use std::collections::HashMap;

use chrono::SecondsFormat;

use super::canonical::{ItemValues, have_same_value, item_values};
use crate::model::{
    draft::{Cell, Cells, Draft, ItemDraft},
    origin::{InputNames, Place, Position},
    problem::{Code, Problem},
    redact::redact,
};

/// Why an order that is there with other content is not sent.
const UNDECIDED: &str = "it is not known which one counts";

/// The problem of a draft whose order is another draft too, at what differs first. `is_compared`
/// chooses the compared cells of an order.
pub(super) fn difference(
    code: Code,
    (here, there): (&Draft<'_>, &Draft<'_>),
    is_compared: impl Fn(&Cell<'_>) -> bool,
    names: &InputNames,
) -> Problem {
    let drafts = Drafts { code, here: here.position(), there: there.position(), names };
    let order = drafts.of_cells(here.position(), (&here.cells, &there.cells), is_compared);
    order.or_else(|| drafts.of_items(here, there)).unwrap_or_else(|| {
        let place = names.locate(there.position());
        let message = format!("the order is also at {place}, with other content; {UNDECIDED}");
        Problem::for_order(code, here.position(), message)
    })
}

/// Two drafts of one order.
struct Drafts<'n> {
    code: Code,
    here: Position,
    there: Position,
    names: &'n InputNames,
}

impl Drafts<'_> {
    /// The problem of the first value that differs of the same thing, which is at `at` here.
    fn of_cells(
        &self,
        at: Position,
        (here, there): (&Cells<'_>, &Cells<'_>),
        is_compared: impl Fn(&Cell<'_>) -> bool,
    ) -> Option<Problem> {
        let differs = |cell: &&Cell<'_>| {
            let other = there.get(&cell.field);
            is_compared(cell) && other.is_none_or(|other| !have_same_value(cell, other))
        };
        if let Some(cell) = here.iter().find(differs) {
            let found = match there.get(&cell.field) {
                Some(other) => {
                    let [own, others] = shown_values(cell, other);
                    format!("{own} here, but {others} at {}", self.place_there(other))
                }
                None => {
                    format!(
                        "{} here, but no {} at {}",
                        shown(cell),
                        cell.field,
                        self.locate_there()
                    )
                }
            };
            return Some(self.of_field(cell, cell.at.into(), &found));
        }
        let is_missing = |cell: &&Cell<'_>| is_compared(cell) && here.get(&cell.field).is_none();
        let other = there.iter().find(is_missing)?;
        let (field, place) = (&other.field, self.place_there(other));
        let found = format!("no {field} here, but {} at {place}", shown(other));
        Some(self.of_field(other, at.into(), &found))
    }

    /// The problem of the first item that only one of both has.
    fn of_items(&self, here: &Draft<'_>, there: &Draft<'_>) -> Option<Problem> {
        match (first_not_in(here, there), first_not_in(there, here)) {
            (Some(own), Some(other)) => {
                self.of_cells(own.at.position(), (&own.cells, &other.cells), |_| true)
            }
            (Some(own), None) => {
                let found = format!("this item is not in the order at {}", self.locate_there());
                Some(self.of_order(own.at.into(), &found))
            }
            (None, Some(other)) => {
                let item = self.names.locate(other.at.position());
                let found = format!("the item at {item} is not in the order here");
                Some(self.of_order(self.here.into(), &found))
            }
            (None, None) => None,
        }
    }

    fn of_field(&self, cell: &Cell<'_>, at: Place, found: &str) -> Problem {
        Problem::for_field(self.code, &cell.field, at, format!("{found}; {UNDECIDED}"))
    }

    fn of_order(&self, at: Place, found: &str) -> Problem {
        Problem::for_order(self.code, at, format!("{found}; {UNDECIDED}"))
    }

    /// Where a cell of the other draft is, or the draft if it is in a side file.
    fn place_there(&self, cell: &Cell<'_>) -> String {
        let at = cell.at.position();
        self.names.locate(if at.file == self.there.file { at } else { self.there })
    }

    fn locate_there(&self) -> String {
        self.names.locate(self.there)
    }
}

/// The first item of a draft that another one lacks, or has less often.
fn first_not_in<'d, 'a>(draft: &'d Draft<'a>, other: &Draft<'_>) -> Option<&'d ItemDraft<'a>> {
    let mut counts: HashMap<ItemValues, usize> = HashMap::new();
    for item in &other.items {
        *counts.entry(item_values(item, other)).or_default() += 1;
    }
    draft.items.iter().find(|item| match counts.get_mut(&item_values(item, draft)) {
        Some(n_left @ 1..) => {
            *n_left -= 1;
            false
        }
        _ => true,
    })
}

/// The values of two cells of one field, each with its reading where their texts do not differ.
pub(super) fn shown_values(one: &Cell<'_>, other: &Cell<'_>) -> [String; 2] {
    let shows_time = one.text == other.text && !one.field.is_personal();
    let shows_unit = one.notation.unit() != other.notation.unit();
    [one, other].map(|cell| {
        let time = cell.time.filter(|_| shows_time);
        let time = time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        let reading = time.or_else(|| cell.notation.unit().filter(|_| shows_unit));
        let text = shown(cell);
        reading.map_or_else(|| text.clone(), |reading| format!("{text} ({reading})"))
    })
}

/// The value of a cell, redacted if it is about a person.
fn shown(cell: &Cell<'_>) -> String {
    if cell.field.is_personal() {
        format!("{:?}", redact(&cell.text))
    } else {
        format!("{:?}", cell.text)
    }
}
