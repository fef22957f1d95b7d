//! Findings: collector of the problems of one order while it is checked, with their positions.
//!
//! Does not decide what a problem is; the rules do, and all of them share one collector per order.

use crate::model::{
    draft::{Cell, Draft, ItemDraft, PersonRole},
    field::Field,
    origin::Position,
    problem::{Code, Problem, Problems},
};

/// The problems found so far in one order.
pub(super) struct Findings {
    /// The position of the order's first row.
    at: Position,
    /// Whether a row of the order could not be read, or its document is not there.
    is_partial: bool,
    /// Set while the cells are those of a contact or consumer instead of the guest.
    pub(super) role: Option<PersonRole>,
    pub(super) problems: Problems,
}

impl Findings {
    pub(super) fn new(draft: &Draft<'_>) -> Self {
        let is_lost = |problem: &Problem| {
            matches!(problem.code, Code::RowUnreadable | Code::ParentMissing | Code::ParentCircle)
        };
        let is_partial = draft.problems.iter().any(is_lost);
        Self { is_partial, ..Self::at(draft.position()) }
    }

    /// No findings yet, of values that belong to no order.
    pub(super) fn at(at: Position) -> Self {
        Self { at, is_partial: false, role: None, problems: Problems::default() }
    }

    /// Records a problem of a cell.
    pub(super) fn on_cell(&mut self, code: Code, cell: &Cell<'_>, message: impl Into<String>) {
        let field = cell.field.to_string();
        let field = self.role.map_or(field.clone(), |role| role.field_name(&field));
        self.problems.push(Problem::for_field(code, field, cell.at, message));
    }

    /// Records a problem of the order as a whole.
    pub(super) fn on_order(&mut self, code: Code, message: impl Into<String>) {
        self.problems.push(Problem::for_order(code, self.at, message));
    }

    /// Records a problem of a field that has no cell.
    pub(super) fn on_missing(&mut self, code: Code, field: &Field, message: impl Into<String>) {
        // The missing value may be in the row or document that is reported already.
        if self.is_partial {
            return;
        }
        self.problems.push(Problem::for_field(code, field, self.at, message));
    }

    /// Returns the parsable cell of a required field. A missing cell is a problem; an unparsable
    /// one was reported by `map`.
    pub(super) fn required<'d, 'a>(
        &mut self,
        draft: &'d Draft<'a>,
        field: &Field,
    ) -> Option<&'d Cell<'a>> {
        let cell = draft.cell(field);
        if cell.is_none() {
            self.on_missing(
                Code::MissingAttribute,
                field,
                format!("{field} is required and has no value"),
            );
        }
        cell.filter(|cell| !cell.is_unparsable)
    }
}

/// Returns the cell if it is present and parsable.
pub(super) fn parsable<'d, 'a>(cell: Option<&'d Cell<'a>>) -> Option<&'d Cell<'a>> {
    cell.filter(|cell| !cell.is_unparsable)
}

/// Returns the parsable cell of an item's field.
pub(super) fn item_cell<'d, 'a>(item: &'d ItemDraft<'a>, field: &Field) -> Option<&'d Cell<'a>> {
    parsable(item.cell(field))
}

/// Returns the parsable cell of a draft's field.
pub(super) fn draft_cell<'d, 'a>(draft: &'d Draft<'a>, field: &Field) -> Option<&'d Cell<'a>> {
    parsable(draft.cell(field))
}

/// The cell of an item's price: that of its line counts where there is none.
pub(super) fn exported_price<'d, 'a>(item: &'d ItemDraft<'a>) -> Option<&'d Cell<'a>> {
    item.cell(&Field::ItemPrice).or_else(|| item.cell(&Field::ItemLinePrice))
}
