//! Canonical values of cells, by which rows and drafts are compared.
//!
//! Called by `merge`, `duplicates` and `repeated_rows`.

use crate::model::{draft::Cell, field::Field, money::Amount};

/// The text by which values are compared: numbers and times by value, so that `30.6` and `30.60`
/// do not conflict; everything else as it is.
pub(super) fn canonical_text(cell: &Cell<'_>) -> String {
    if let Some(time) = cell.time {
        return time.to_rfc3339();
    }
    match cell.text.parse::<Amount>() {
        Ok(amount) if cell.field.is_number() => amount.0.normalize().to_string(),
        _ => cell.text.to_string(),
    }
}

/// The cells of a set by their canonical texts, sorted: equal sets have equal values.
pub(super) fn canonical_values<'a>(
    cells: impl Iterator<Item = &'a Cell<'a>>,
) -> Vec<(Field, String)> {
    let mut values: Vec<_> =
        cells.map(|cell| (cell.field.clone().into_owned(), canonical_text(cell))).collect();
    values.sort_unstable();
    values
}
