//! Look-up of orders under any spelling of their references.
//!
//! It decides nothing about an order and knows no database. Called by `disposition`, for the orders
//! of an export and for those of a saved plan.

use chrono::{DateTime, Utc};

use super::{error::LedgerError, history::ReferenceHistory, store::LedgerReader};
use crate::model::reference::normalize_reference;

/// Returns the history of each order, which is given by its reference and its time. If there is
/// none near its time under its reference, returns that of an order with exactly the same time
/// whose reference differs only in spelling, as spreadsheets change it. An order without a time has
/// only its own spelling.
// The callers give no time that is only a date, which too many orders share to identify one.
pub fn look_up(
    orders: &[(&str, Option<DateTime<Utc>>)],
    ledger: &dyn LedgerReader,
) -> Result<Vec<ReferenceHistory>, LedgerError> {
    let references: Vec<_> = orders.iter().map(|(reference, _)| *reference).collect();
    let mut histories = ensure_all_answered(ledger.history(&references)?, orders.len())?;
    let mut missing = Vec::new();
    for ((reference, ordered_at), history) in orders.iter().zip(&mut histories) {
        let Some(ordered_at) = ordered_at.filter(|_| !reference.is_empty()) else { continue };
        if !history.has_order_near(ordered_at) {
            missing.push((*reference, ordered_at, history));
        }
    }
    let times: Vec<_> = missing.iter().map(|(_, ordered_at, _)| *ordered_at).collect();
    let references_by_time = ensure_all_answered(ledger.references_by_time(&times)?, times.len())?;
    for ((reference, ordered_at, history), others) in missing.into_iter().zip(references_by_time) {
        let normalized = normalize_reference(reference);
        let Some(other) = others.iter().find(|other| normalize_reference(other) == normalized)
        else {
            continue;
        };
        for mut respelled in ensure_all_answered(ledger.history(&[other])?, 1)? {
            respelled.attempts.retain(|entry| entry.order.ordered_at == ordered_at);
            *history = respelled;
        }
    }
    Ok(histories)
}

/// Refuses answers to look-ups that are fewer than asked.
pub fn ensure_all_answered<T>(answers: Vec<T>, asked: usize) -> Result<Vec<T>, LedgerError> {
    match answers.len() {
        found if found < asked => Err(LedgerError::MissingAnswers { found, asked }),
        _ => Ok(answers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_answer_is_an_error() {
        assert_eq!(ensure_all_answered(vec![1, 2], 2).unwrap(), [1, 2]);
        assert!(matches!(
            ensure_all_answered(vec![1], 2),
            Err(LedgerError::MissingAnswers { found: 1, asked: 2 })
        ));
    }
}
