//! The problems of one order while it is checked.

use crate::model::{
    draft::{Cell, Draft, ItemDraft, PersonRole},
    field::Field,
    origin::Position,
    problem::{Code, Problem, Problems},
};

/// Collects problems.
pub(super) struct Findings {
    /// Where the order's first row stands.
    at: Position,
    /// A row of the order could not be read.
    is_partial: bool,
    /// The cells are those of someone beside the guest.
    pub(super) role: Option<PersonRole>,
    pub(super) problems: Problems,
}

impl Findings {
    pub(super) fn new(draft: &Draft<'_>) -> Self {
        let is_partial = draft.problems.iter().any(|problem| problem.code == Code::RowUnreadable);
        Self { at: draft.position(), is_partial, role: None, problems: Problems::default() }
    }

    /// A problem of a cell.
    pub(super) fn on_cell(&mut self, code: Code, cell: &Cell<'_>, message: impl Into<String>) {
        let field = cell.field.to_string();
        let field = self.role.map_or(field.clone(), |role| role.field_name(&field));
        self.problems.push(Problem::for_field(code, field, cell.at.position(), message));
    }

    /// A problem of the order as a whole.
    pub(super) fn on_order(&mut self, code: Code, message: impl Into<String>) {
        self.problems.push(Problem::for_order(code, self.at, message));
    }

    /// A problem of a field that has no cell.
    /// In an order that could not be read as a whole it is no news.
    pub(super) fn on_missing(&mut self, code: Code, field: &Field, message: impl Into<String>) {
        if self.is_partial {
            return;
        }
        self.problems.push(Problem::for_field(code, field, self.at, message));
    }

    /// The cell of a required field; that it is missing is a problem, that it is broken is one already.
    pub(super) fn required<'d, 'a>(&mut self, draft: &'d Draft<'a>, field: &Field) -> Option<&'d Cell<'a>> {
        let cell = draft.cell(field);
        if cell.is_none() {
            self.on_missing(Code::MissingAttribute, field, format!("{field} is required and has no value"));
        }
        cell.filter(|cell| !cell.is_unparsable)
    }
}

/// A cell that is there and sound.
pub(super) fn parsable<'d, 'a>(cell: Option<&'d Cell<'a>>) -> Option<&'d Cell<'a>> {
    cell.filter(|cell| !cell.is_unparsable)
}

/// The sound cell of an item's field.
pub(super) fn item_cell<'d, 'a>(item: &'d ItemDraft<'a>, field: &Field) -> Option<&'d Cell<'a>> {
    parsable(item.cell(field))
}

/// The sound cell of a draft's field.
pub(super) fn draft_cell<'d, 'a>(draft: &'d Draft<'a>, field: &Field) -> Option<&'d Cell<'a>> {
    parsable(draft.cell(field))
}
