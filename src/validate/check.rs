//! Check of a draft by the rules of one route: the order, or the problems that all rules find.
//!
//! Calls the rules in `order`; contains none itself, and chooses no route. Called by `pipeline` for
//! each draft and each route that it tries.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    findings::{Findings, draft_cell},
    order, refunds,
    settings::ValidateSettings,
    timestamps,
};
use crate::model::{
    column_facts::ColumnFacts,
    draft::{Draft, DraftKind},
    field::Field,
    lone_refunds::LoneRefunds,
    money::Money,
    order::{CheckedOrder, Order, OrderId, OrderRecord, Validity},
    problem::{Code, Problem, Problems},
    rules::TargetRules,
};

/// Why an order of which nothing is left is skipped.
const REFUNDED: &str = "refunded in full";

/// Checks a draft by the rules of one route. `facts` are those of the whole export.
#[must_use]
pub fn check<'a>(
    draft: &Draft<'a>,
    rules: &'a TargetRules,
    settings: &'a ValidateSettings,
    facts: &ColumnFacts,
) -> RouteCheck<'a> {
    let mut findings = Findings::new(draft);
    let (order, money) = order::check_order(draft, rules, settings, facts, &mut findings);
    let is_refunded = refunds::are_all(draft, money.as_ref());
    let mut problems = findings.problems;
    settings.severities.apply(&mut problems);
    RouteCheck { rules, settings, order, money, is_refunded, problems }
}

/// The result of checking a draft by the rules of one route.
pub struct RouteCheck<'a> {
    rules: &'a TargetRules,
    settings: &'a ValidateSettings,
    order: Option<Box<Order<'a>>>,
    money: Option<Money>,
    /// Whether its refunds leave nothing of the order.
    is_refunded: bool,
    /// The problems that the check found, and those that the caller adds.
    pub problems: Problems,
}

impl<'a> RouteCheck<'a> {
    /// The order, for the caller to measure; none if a required part is missing. It may still have
    /// problems: only [`finish`](Self::finish) returns a valid order.
    #[must_use]
    pub fn order(&self) -> Option<&Order<'a>> {
        self.order.as_deref()
    }

    /// Whether a problem prevents the order from being sent.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(Problem::is_error)
    }

    /// Returns the order if neither its draft nor the check has an error, with the facts for the
    /// report.
    #[must_use]
    pub fn finish(self, draft: Draft<'a>) -> CheckedOrder<'a> {
        let reference =
            draft_cell(&draft, &Field::ReferenceId).map_or(&draft.key, |cell| &cell.text);
        let mut record = OrderRecord {
            id: draft.rows.first().map_or(OrderId(0), OrderId::from_origin),
            reference: reference.to_string(),
            ordered_at: ordered_at(&draft),
            source: draft.position(),
            money: self.money,
            item_count: draft.items.len(),
            side_rows: draft.side_rows,
            rows: draft.rows,
            problems: draft.problems,
        };
        // Kept for orders that are not sent too: it is compared with the status that was accepted.
        let status = || draft.cells.get(&Field::Status).map(|cell| cell.text.to_string());
        self.settings.severities.apply(&mut record.problems);
        if draft.kind == DraftKind::Refunds {
            let takes_off = !draft.items.is_empty() || !draft.refunds.is_empty();
            let unclear = refunds::unclear_orders(&draft.refund_records);
            return finish_refunds((draft.skip, takes_off), record, (&self.problems, unclear));
        }
        // An order that the profile skips need not be valid.
        // But its cells must be readable, else its rows may not be those that the profile means.
        let prevents_skip = |problem: &Problem| problem.code == Code::SpreadsheetText;
        if let Some(reason) = draft.skip
            && !record.problems.iter().any(prevents_skip)
        {
            // But a row that may be of it takes it into the rejects.
            // And rows that are not those of the order are reported in any case.
            let kept = [Code::AdjacentRowUnreadable, Code::OlderCopy];
            record.problems.keep_codes(&kept);
            return CheckedOrder { record, status: status(), validity: Validity::Skipped(reason) };
        }
        // Details that the route does not send need not be valid either.
        if self.rules.details.carried().is_none() {
            record.problems.drop_details();
        }
        record.problems.append(self.problems);
        let has_errors = record.problems.iter().any(Problem::is_error);
        match self.order {
            // Without an error: a row that may be of it may have another line.
            Some(_) if !has_errors && self.is_refunded => {
                let validity = Validity::Skipped(Arc::from(REFUNDED));
                CheckedOrder { record, status: status(), validity }
            }
            Some(order) if !has_errors => {
                CheckedOrder { record, status: None, validity: Validity::Valid(order) }
            }
            _ => CheckedOrder { record, status: status(), validity: Validity::Invalid },
        }
    }
}

/// Refunds of an order that the export lacks are no order: what an order needs is no problem of
/// theirs. But their key says which order it is, and their date is not that of the order.
fn finish_refunds<'a>(
    (skip, takes_off): (Option<Arc<str>>, bool),
    mut record: OrderRecord,
    (problems, unclear): (&Problems, impl Iterator<Item = Problem>),
) -> CheckedOrder<'a> {
    let refunded_at = record.ordered_at.take();
    let lone_refunds = takes_off.then_some(LoneRefunds { refunded_at });
    let is_kept = |problem: &&Problem| match problem.code {
        Code::AdjacentRowUnreadable
        | Code::RefundWithoutOrder
        | Code::OlderCopy
        | Code::SpreadsheetText
        | Code::ConditionUnreadable
        | Code::JoinUnmatched
        | Code::JoinAmbiguous => true,
        Code::ScientificNotation | Code::InvisibleCharacters | Code::SpreadsheetNumber => {
            takes_off && is_of_key(problem)
        }
        _ => false,
    };
    let of_draft = std::mem::take(&mut record.problems);
    record.problems.extend(of_draft.iter().chain(problems.iter()).filter(is_kept).cloned());
    record.problems.extend(unclear);
    let is_invalid = record.problems.iter().any(Problem::is_error);
    let rule = skip.filter(|_| !is_invalid);
    CheckedOrder {
        record,
        status: None,
        validity: Validity::Refunds { rule, taken_off: lone_refunds },
    }
}

/// Whether a problem is one of the order key or of the reference.
fn is_of_key(problem: &Problem) -> bool {
    let reference = Field::ReferenceId.to_string();
    problem.field.as_ref().is_none_or(|field| *field == reference)
}

fn ordered_at(draft: &Draft<'_>) -> Option<DateTime<Utc>> {
    let cell = draft.cell(&Field::OrderedAt)?;
    timestamps::timestamp(cell.time, &cell.text)
}
