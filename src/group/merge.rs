//! Adds a row to its draft: the first filled value of a field counts, and another one is a problem.

use crate::model::{
    draft::{Cell, Draft, MappedRow},
    field::Part,
    mask::masked,
    money::Amount,
    problem::{Code, Problem},
};

pub(super) fn add_row(draft: &mut Draft, row: MappedRow) {
    for (place, cell) in row.cells.into_iter().enumerate() {
        add_cell(draft, place, cell);
    }
    draft.rows.push(row.origin);
    draft.items.extend(row.items);
    for problem in row.problems {
        if !is_told(draft, &problem) {
            draft.problems.push(problem);
        }
    }
    draft.skip = draft.skip.take().or(row.skip);
}

/// `place` is the cell's in its row, where it stands in the draft too if the rows are alike.
fn add_cell(draft: &mut Draft, place: usize, cell: Cell) {
    let is_there = draft.cells.get(place).is_some_and(|known| known.field == cell.field);
    let place = if is_there { Some(place) } else { draft.cells.iter().position(|known| known.field == cell.field) };
    let Some(known) = place.and_then(|place| draft.cells.get_mut(place)) else {
        return draft.cells.push(cell);
    };
    if known.is_fallback && !cell.is_fallback {
        *known = cell;
    } else if !cell.is_fallback && !is_same(known, &cell) {
        let problem = disagreement(known, &cell);
        if !is_told(draft, &problem) {
            draft.problems.push(problem);
        }
    }
}

/// One problem for each field of the order says it; a long order would say it on every row.
fn is_told(draft: &Draft, problem: &Problem) -> bool {
    let is_of_item = problem.field.as_ref().is_none_or(|field| field.starts_with(Part::Item.prefix()));
    let is_same = |told: &Problem| told.code == problem.code && told.field == problem.field;
    !is_of_item && draft.problems.iter().any(is_same)
}

fn is_same(known: &Cell, cell: &Cell) -> bool {
    known.text == cell.text || comparable(known) == comparable(cell)
}

/// A number by its value, so that `30.6` and `30.60` are no disagreement; everything else by its text.
pub(super) fn comparable(cell: &Cell) -> String {
    match cell.text.parse::<Amount>() {
        Ok(amount) if cell.field.is_number() => amount.0.normalize().to_string(),
        _ => cell.text.to_string(),
    }
}

fn disagreement(known: &Cell, cell: &Cell) -> Problem {
    let code = if known.first_counts { Code::FirstValueTaken } else { Code::RowsDisagree };
    let shown = |cell: &Cell| if cell.field.is_personal() { masked(&cell.text) } else { cell.text.to_string() };
    let words = format!("{:?} here, but {:?} in line {}", shown(cell), shown(known), known.at.line);
    Problem::of(code, &cell.field, cell.at, words)
}
