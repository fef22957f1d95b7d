//! Verdict: the first line of the screen, the run as a result.
//!
//! Called by `screen`.

use super::{
    super::{
        exact_sum::ExactSum,
        numbers::{count, group_digits, with_unit},
        summary::{MoneySummary, Summary},
    },
    layout::listed,
};
use crate::model::{folded::unbroken, outcome::Outcome};

/// The mark before the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Everything is as it should be.
    Good,
    /// Whether some orders arrived is unknown.
    Doubt,
    /// Some orders need attention, or the run is not complete.
    Attention,
    /// Nothing was sent, or would be.
    Refused,
}

impl Mark {
    /// The character that is shown.
    #[must_use]
    pub fn symbol(self) -> char {
        match self {
            Self::Good => '✓',
            Self::Doubt => '?',
            Self::Attention => '!',
            Self::Refused => '✗',
        }
    }
}

/// Maximum number of currencies in a verdict; the report has the others.
const MAX_CURRENCIES: usize = 8;

/// The outcomes whose orders are in Personalize.
pub(super) const ARRIVED: [Outcome; 3] =
    [Outcome::Accepted, Outcome::AlreadySent, Outcome::Changed];

/// The outcomes whose orders are in Personalize as the export has them.
const IN_AS_EXPORTED: [Outcome; 2] = [Outcome::Accepted, Outcome::AlreadySent];

/// Returns the mark and the sentences of the verdict.
pub(super) fn verdict(summary: &Summary) -> (Mark, String) {
    match summary.exit_code {
        5 => (Mark::Refused, "Nothing was sent: another run holds the ledger.".to_owned()),
        2 => (Mark::Refused, refused(summary)),
        3 => (Mark::Doubt, in_doubt(summary)),
        4 => (Mark::Attention, stopped(summary)),
        _ if summary.orders.read == 0 => (Mark::Attention, "The export has no orders.".to_owned()),
        0 if summary.orders[Outcome::Changed] > 0 => (Mark::Attention, complete(summary)),
        0 => (Mark::Good, complete(summary)),
        _ => (Mark::Attention, incomplete(summary)),
    }
}

/// Whether a verdict shows the sums of all currencies. Never with changed orders: Personalize holds
/// other sums.
pub(super) fn shows_all_money(summary: &Summary) -> bool {
    let is_complete = summary.exit_code == 0 && summary.orders[Outcome::Changed] == 0;
    is_complete && (1..=MAX_CURRENCIES).contains(&summary.money.len())
}

fn is_check(summary: &Summary) -> bool {
    summary.command == "check"
}

fn refused(summary: &Summary) -> String {
    let (n_invalid, n_read) = (summary.orders[Outcome::Invalid], summary.orders.read);
    let nothing = match (is_check(summary), summary.rows) {
        (true, 0) => "Nothing was read.",
        (true, _) => "This export would not be sent.",
        (false, 0) if summary.inputs.is_empty() => "Nothing was read or sent.",
        (false, _) => "Nothing was sent.",
    };
    match n_invalid {
        0 => nothing.to_owned(),
        1 if n_read == 1 => format!("{nothing} Its only order has errors."),
        n => format!("{nothing} {} of {} have errors.", count(n), with_unit(n_read, "order")),
    }
}

fn in_doubt(summary: &Summary) -> String {
    let n_unknown = summary.orders[Outcome::Unknown];
    let them = if n_unknown == 1 { "it" } else { "them" };
    let orders = with_unit(n_unknown, "order");
    let verdict = format!("{orders} may or may not be in. Look {them} up before the next run.");
    match n_unreached(summary) {
        0 => verdict,
        n => {
            format!("{verdict} {} more {} not sent.", count(n), if n == 1 { "was" } else { "were" })
        }
    }
}

fn stopped(summary: &Summary) -> String {
    let again = "Run it again to go on.";
    match n_unreached(summary) {
        0 => format!("Stopped early. {again}"),
        n => {
            let (were, read) = (if n == 1 { "was" } else { "were" }, summary.orders.read);
            let orders = with_unit(read, "order");
            format!("Stopped early: {} of {orders} {were} not sent. {again}", count(n))
        }
    }
}

/// Orders that the run did not come to.
fn n_unreached(summary: &Summary) -> u64 {
    summary.orders[Outcome::NotAttempted].saturating_sub(summary.needs_backfill)
}

fn complete(summary: &Summary) -> String {
    let orders = &summary.orders;
    let n_in = IN_AS_EXPORTED.iter().map(|outcome| orders[*outcome]).sum();
    let (n_skipped, n_invalid) = (orders[Outcome::Skipped], orders[Outcome::Invalid]);
    let (n_done, is, outcomes): (_, _, &[_]) = if is_check(summary) {
        (orders[Outcome::Valid], "ready to send", &[Outcome::Valid])
    } else {
        (n_in, "in", &IN_AS_EXPORTED)
    };
    let mut others = Vec::new();
    if is_check(summary) && n_in > 0 {
        others.push(are(n_in, "in already"));
    }
    if n_skipped > 0 {
        others.push(are(n_skipped, "left out by the profile"));
    }
    if n_invalid > 0 {
        others.push(format!("{} known errors", has(n_invalid)));
    }
    if orders[Outcome::Changed] > 0 {
        let n = orders[Outcome::Changed];
        let is_first = n_done == 0 && others.is_empty();
        let n = if is_first { with_unit(n, "order") } else { count(n) };
        others.push(format!("{n} changed, as an earlier run reported"));
    }
    if n_done == 0 {
        return format!("There is nothing to send: {}.", listed(&others));
    }
    if !is_check(summary) && orders[Outcome::Accepted] == 0 && others.is_empty() {
        return format!("{} in already. Nothing had to be sent.", all(n_done));
    }
    let sums = sums(&summary.money, outcomes);
    let colon = if sums.is_empty() { "" } else { ": " };
    if others.is_empty() {
        let end = if sums.is_empty() { "." } else { "" };
        return format!("{} {is}{colon}{sums}{end}", all(n_done));
    }
    let done = format!("{} {} {is}", with_unit(n_done, "order"), is_or_are(n_done));
    format!("{done}{colon}{sums}. {}.", listed(&others))
}

fn incomplete(summary: &Summary) -> String {
    let orders = &summary.orders;
    let (n_done, is) = if is_check(summary) {
        (orders[Outcome::Valid], "ready to send")
    } else {
        (orders[Outcome::Accepted], "in")
    };
    let done = match n_done {
        0 if n_arrived(summary) > 0 => format!("No new order is {is}."),
        0 => format!("No order is {is}."),
        n => format!("{} {} {is}.", with_unit(n, "order"), is_or_are(n)),
    };
    let mut others = Vec::new();
    for (n, sentence) in [
        (orders[Outcome::Invalid], "have errors"),
        (orders[Outcome::Refused], "were refused"),
        (orders[Outcome::Failed], "failed"),
        (orders[Outcome::Changed], "changed after they were accepted"),
        (summary.needs_backfill, "are too old without --backfill"),
    ] {
        let sentence = match (n, sentence) {
            (0, _) => continue,
            (1, "have errors") => "has errors",
            (1, "were refused") => "was refused",
            (1, "changed after they were accepted") => "changed after it was accepted",
            (1, "are too old without --backfill") => "is too old without --backfill",
            (_, sentence) => sentence,
        };
        others.push(format!("{} {sentence}", count(n)));
    }
    if summary.rows_unreadable > 0 {
        let n = summary.rows_unreadable;
        others.push(format!("{} {} unreadable", with_unit(n, "row"), is_or_are(n)));
    }
    let is_of_errors = is_check(summary) && others.len() == 1 && orders[Outcome::Invalid] > 0;
    let behind = if is_of_errors { " and would stay behind" } else { "" };
    match listed(&others) {
        others if others.is_empty() => done,
        others => format!("{done} {others}{behind}."),
    }
}

fn n_arrived(summary: &Summary) -> u64 {
    ARRIVED.iter().map(|outcome| summary.orders[*outcome]).sum()
}

fn all(n: u64) -> String {
    if n == 1 { "The order is".to_owned() } else { format!("All {} are", with_unit(n, "order")) }
}

fn are(n: u64, what: &str) -> String {
    format!("{} {} {what}", count(n), is_or_are(n))
}

fn has(n: u64) -> String {
    format!("{} {}", count(n), if n == 1 { "has" } else { "have" })
}

fn is_or_are(n: u64) -> &'static str {
    if n == 1 { "is" } else { "are" }
}

/// The sums of some outcomes: `EUR 66,293.57, JPY 402,700`.
fn sums(money: &[MoneySummary], outcomes: &[Outcome]) -> String {
    let sum = |money: &MoneySummary| {
        let sum = ExactSum::of_texts(outcomes.iter().map(|outcome| money.sums[*outcome].as_str()));
        unbroken(&format!("{} {}", money.currency, group_digits(&sum.to_string())))
    };
    let mut sums: Vec<_> = money.iter().take(MAX_CURRENCIES).map(sum).collect();
    if let Some(n @ 1..) = money.len().checked_sub(MAX_CURRENCIES) {
        sums.push(format!("{n} more {}", if n == 1 { "currency" } else { "currencies" }));
    }
    sums.join(", ")
}
