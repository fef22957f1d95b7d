//! Rules of texts that tell orders or people apart: order keys, references, identifiers.
//!
//! A spreadsheet that rounds a long number, or an invisible character, makes another order or
//! person of one. Names get a warning only. Called by `order`, `identity` and `attributes`.

use super::findings::Findings;
use crate::model::{
    draft::{Cell, Draft, Notation},
    field::Field,
    id_text::{ROUNDED, find_invisible, find_stray},
    problem::Code,
};

/// Checks the reference of an order, and its key if that is another text.
pub(super) fn check_reference(
    reference: Option<&Cell<'_>>,
    draft: &Draft<'_>,
    findings: &mut Findings,
) {
    if let Some(cell) = reference {
        check_id(cell, findings);
    }
    let is_key = |cell: &Cell<'_>| {
        let is_number = cell.notation == Notation::JsonNumber;
        cell.text == draft.key && is_number == draft.key_is_number
    };
    let notation = if draft.key_is_number { Notation::JsonNumber } else { Notation::Text };
    if !draft.cell(&Field::ReferenceId).is_some_and(is_key)
        && let Some((code, message)) = id_problem(&draft.key, notation)
    {
        findings.on_order(code, format!("order key {:?}: {message}", draft.key));
    }
}

/// Checks a text that must differ from those of other orders or people.
pub(super) fn check_id(cell: &Cell<'_>, findings: &mut Findings) {
    let Some((code, message)) = id_problem(&cell.text, cell.notation) else { return };
    // The message quotes no personal data.
    let message =
        if cell.field.is_personal() { message } else { format!("{:?}: {message}", cell.text) };
    findings.on_cell(code, cell, message);
}

/// Warns about invisible characters in names, which do not belong there. They are sent.
pub(super) fn warn_invisible_text(draft: &Draft<'_>, findings: &mut Findings) {
    let mut warn = |cell: Option<&Cell<'_>>| {
        if let Some(cell) = cell
            && let Some(stray) = find_stray(&cell.text)
        {
            let message = format!("contains the invisible character U+{:04X}", u32::from(stray));
            findings.on_cell(Code::InvisibleInText, cell, message);
        }
    };
    warn(draft.cell(&Field::GuestFirstname));
    warn(draft.cell(&Field::GuestLastname));
    for item in &draft.items {
        warn(item.cell(&Field::ItemName));
        warn(item.cell(&Field::ItemProductId));
        warn(item.cell(&Field::ItemReferenceId));
    }
}

/// Whether a text of a CSV file can tell orders or people apart.
pub(super) fn is_id(text: &str) -> bool {
    id_problem(text, Notation::Text).is_none()
}

fn id_problem(text: &str, notation: Notation) -> Option<(Code, String)> {
    if notation.is_rounded(text) {
        return Some((Code::ScientificNotation, ROUNDED.to_owned()));
    }
    let invisible = find_invisible(text)?;
    let message = format!("contains the invisible character U+{:04X}", u32::from(invisible));
    Some((Code::InvisibleCharacters, message))
}
