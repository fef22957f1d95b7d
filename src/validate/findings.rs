//! The problems of one order while it is checked.

use crate::model::{
    draft::{Cell, Draft, ItemDraft, Role},
    field::Field,
    origin::Position,
    problem::{Code, Problem, Problems},
};

/// Collects problems.
pub(super) struct Findings {
    /// Where the order's first row stands.
    at: Position,
    /// A row of the order could not be read.
    is_in_part: bool,
    /// The cells are those of someone beside the guest.
    pub(super) role: Option<Role>,
    pub(super) problems: Problems,
}

impl Findings {
    pub(super) fn new(draft: &Draft<'_>) -> Self {
        let is_partial = draft.problems.iter().any(|problem| problem.code == Code::RowUnreadable);
        Self { at: draft.position(), is_in_part: is_partial, role: None, problems: Problems::default() }
    }

    /// A problem of a cell.
    pub(super) fn cell(&mut self, code: Code, cell: &Cell<'_>, words: impl Into<String>) {
        let field = cell.field.to_string();
        let field = self.role.map_or(field.clone(), |role| role.named(&field));
        self.problems.push(Problem::of(code, field, cell.at.position(), words));
    }

    /// A problem of the order as a whole.
    pub(super) fn order(&mut self, code: Code, words: impl Into<String>) {
        self.problems.push(Problem::of_order(code, self.at, words));
    }

    /// A problem of a field that has no cell.
    /// In an order that could not be read as a whole it is no news.
    pub(super) fn absent(&mut self, code: Code, field: &Field, words: impl Into<String>) {
        if self.is_in_part {
            return;
        }
        self.problems.push(Problem::of(code, field, self.at, words));
    }

    /// The cell of a required field; that it is missing is a problem, that it is broken is one already.
    pub(super) fn required<'d, 'a>(&mut self, draft: &'d Draft<'a>, field: &Field) -> Option<&'d Cell<'a>> {
        let cell = draft.cell(field);
        if cell.is_none() {
            self.absent(Code::MissingAttribute, field, format!("{field} is required and has no value"));
        }
        cell.filter(|cell| !cell.is_broken)
    }
}

/// A cell that is there and sound.
pub(super) fn sound<'d, 'a>(cell: Option<&'d Cell<'a>>) -> Option<&'d Cell<'a>> {
    cell.filter(|cell| !cell.is_broken)
}

/// The sound cell of an item's field.
pub(super) fn of_item<'d, 'a>(item: &'d ItemDraft<'a>, field: &Field) -> Option<&'d Cell<'a>> {
    sound(item.cell(field))
}

/// The sound cell of a draft's field.
pub(super) fn of_draft<'d, 'a>(draft: &'d Draft<'a>, field: &Field) -> Option<&'d Cell<'a>> {
    sound(draft.cell(field))
}
