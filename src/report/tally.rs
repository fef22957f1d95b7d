//! Counters of a run: orders and money per outcome, and problems. The outcomes partition the orders
//! read.
//!
//! Pure: no I/O, no clock. Keeps one example per problem code and no orders, so its size does not
//! grow with the run. Called by `recorder` and `partial` when an order is read and when it has a
//! result; read by `summary` and `page`.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use chrono::{DateTime, Utc};

use super::{
    exact_sum::ExactSum,
    examples::{Counted, Examples, Heading, OrderExample},
    per_outcome::PerOutcome,
};
use crate::model::{
    diagnostic::Diagnostic,
    input::InputRead,
    money::{Amount, Currency, Money},
    order::OrderRecord,
    outcome::Outcome,
    problem::{Code, Problem, Severity},
};

/// Counters of a run.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    orders: PerOutcome<u64>,
    money: MoneyTallies,
    n_without_amount: u64,
    /// The earliest and the latest time of an order.
    span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    problems: BTreeMap<Code, ProblemCount>,
    /// For each error of a field the number of orders that have it, and the first one.
    field_errors: BTreeMap<(Code, String), (u64, Problem)>,
}

/// With fewer orders, the same problem of all of them may be chance.
const MIN_COMMON_ORDERS: u64 = 20;

/// Money of one currency.
#[derive(Debug, Clone, Default)]
pub struct CurrencyTally {
    /// Orders read.
    pub n_orders: u64,
    /// Sums per outcome.
    pub sums: PerOutcome<ExactSum>,
    /// By how much the changed orders differ from what was accepted; none if no difference is
    /// known.
    pub change: Option<ExactSum>,
}

impl CurrencyTally {
    fn append(&mut self, other: &Self) {
        self.n_orders += other.n_orders;
        self.sums.append(&other.sums, ExactSum::append);
        if let Some(change) = &other.change {
            self.change.get_or_insert_default().append(change);
        }
    }
}

/// Money by currency.
#[derive(Debug, Clone, Default)]
struct MoneyTallies {
    /// In alphabetical order.
    tallies: Vec<(Currency, CurrencyTally)>,
    /// The index of the tally that was used last: each order uses one twice, and many orders of an
    /// export are in one currency.
    last: usize,
}

impl MoneyTallies {
    fn of(&mut self, currency: Currency) -> &mut CurrencyTally {
        if self.tallies.get(self.last).is_none_or(|(known, _)| *known != currency) {
            let found = self.tallies.binary_search_by_key(&currency, |(known, _)| *known);
            self.last = found.unwrap_or_else(|index| {
                self.tallies.insert(index, (currency, CurrencyTally::default()));
                index
            });
        }
        &mut self.tallies[self.last].1
    }
}

/// Counts of one problem code.
#[derive(Debug, Clone, Default)]
pub struct ProblemCount {
    /// Orders that have the problem at least once.
    pub orders: u64,
    /// Those of them that are invalid; an earlier run sent the others.
    pub n_invalid: u64,
    /// Rows that have the problem at least once.
    pub rows: u64,
    /// The severity of the first problem that was counted, if it is known.
    pub severity: Option<Severity>,
    /// The first problems of this code in the input, each of another order.
    pub examples: Examples,
}

impl ProblemCount {
    /// The severity of its problems, which are of this code.
    pub(super) fn severity_of(&self, code: Code) -> Severity {
        self.severity.unwrap_or(code.severity())
    }
}

impl Tally {
    /// Counts an order as read, with its money. Called once for each order, and followed by one
    /// [`Tally::record_outcome`] when its outcome is known.
    pub fn read(&mut self, record: &OrderRecord) {
        self.orders.read += 1;
        match &record.money {
            Some(money) => {
                let tally = self.money.of(money.currency);
                tally.n_orders += 1;
                tally.sums.read.add(money.amount);
            }
            None => self.n_without_amount += 1,
        }
        self.extend_span(record.ordered_at.map(|ordered_at| (ordered_at, ordered_at)));
    }

    fn extend_span(&mut self, other: Option<(DateTime<Utc>, DateTime<Utc>)>) {
        self.span = match (self.span, other) {
            (Some((from, to)), Some((first, last))) => Some((from.min(first), to.max(last))),
            (span, other) => span.or(other),
        };
    }

    /// Counts an order's outcome. `record_money` is the money of its record when it was read.
    pub fn record_outcome(&mut self, record_money: Option<&Money>, outcome: Outcome) {
        self.orders[outcome] += 1;
        if let Some(money) = record_money {
            let tally = self.money.of(money.currency);
            tally.sums[outcome].add(money.amount);
        }
    }

    /// Adds the difference in money of an accepted order that changed.
    pub fn record_change(&mut self, was: &Money, now: &Money) {
        // One entry each, since the currency can change too.
        for (currency, amount) in
            [(now.currency, now.amount), (was.currency, Amount(-was.amount.0))]
        {
            let tally = self.money.of(currency);
            tally.change.get_or_insert_default().add(amount);
        }
    }

    /// Records this outcome for all orders that were read and have none, when they cannot be listed
    /// any more.
    pub fn record_rest(&mut self, outcome: Outcome) {
        if self.without_result() == 0 {
            return;
        }
        self.orders[outcome] += self.without_result();
        for (_, CurrencyTally { sums, .. }) in &mut self.money.tallies {
            // The orders are not known one by one; their money is what was read minus what is
            // recorded.
            let recorded: Vec<_> = sums.outcomes().map(|(_, sum)| *sum).collect();
            sums[outcome] = sums[outcome].plus_remainder(&sums.read, &recorded);
        }
    }

    /// Adds the counts of another part of the run.
    pub fn append(&mut self, other: &Self) {
        self.orders.append(&other.orders, |n, more| *n += more);
        for (currency, money) in &other.money.tallies {
            self.money.of(*currency).append(money);
        }
        self.n_without_amount += other.n_without_amount;
        self.extend_span(other.span);
        for (code, count) in &other.problems {
            let total = self.problems.entry(*code).or_default();
            total.orders += count.orders;
            total.n_invalid += count.n_invalid;
            total.rows += count.rows;
            total.severity = total.severity.or(count.severity);
            total.examples.append(&count.examples);
        }
        for ((code, field), (n_orders, first)) in &other.field_errors {
            self.count_field_error((*code, field), *n_orders, first);
        }
    }

    /// The errors that every order has that no rule skips, with their number of orders. They are
    /// more likely of the profile or the settings than of each order.
    pub fn common_errors(&self) -> impl Iterator<Item = (u64, &Problem)> {
        let n_orders = self.orders.read - self.orders[Outcome::Skipped];
        self.field_errors.values().filter_map(move |(n, first)| {
            // Few orders may have the same problem by chance, but the point of sale is nearly
            // always a setting.
            let is_telling = n_orders >= MIN_COMMON_ORDERS || first.code == Code::MissingPos;
            (*n == n_orders && is_telling).then_some((n_orders, first))
        })
    }

    fn count_field_error(&mut self, (code, field): (Code, &str), n_orders: u64, first: &Problem) {
        let (n, kept) =
            self.field_errors.entry((code, field.to_owned())).or_insert_with(|| (0, first.clone()));
        *n += n_orders;
        if first.at < kept.at {
            *kept = first.clone();
        }
    }

    /// Counts the problems of one order: each code once per order, and once per row that has it.
    pub fn count_problems(&mut self, record: &OrderRecord) {
        let problems = &record.problems;
        if problems.is_empty() {
            return;
        }
        let mut errors: Vec<_> = problems
            .iter()
            .filter(|problem| problem.is_error())
            .filter_map(|problem| Some((problem.code, problem.field.as_deref()?, problem)))
            .collect();
        errors.sort_by_key(|(code, field, _)| (*code, *field));
        errors.dedup_by_key(|(code, field, _)| (*code, *field));
        for (code, field, first) in errors {
            self.count_field_error((code, field), 1, first);
        }
        // A row that has the same problem in several cells counts once.
        let mut positions: Vec<_> = problems
            .iter()
            .map(|problem| (problem.code, problem.at.file, problem.at.line))
            .collect();
        positions.sort_unstable();
        positions.dedup();
        for same_code in positions.chunk_by(|a, b| a.0 == b.0) {
            let code = same_code[0].0;
            let count = self.problems.entry(code).or_default();
            count.orders += 1;
            count.rows += same_code.len() as u64;
            if let Some(first) = problems.iter().find(|problem| problem.code == code) {
                count.severity.get_or_insert(first.severity);
                count.examples.add(first, Some(record));
            }
        }
        // Rows beyond the listed problems of a code have only a count.
        for omitted in problems.omitted() {
            self.problems.entry(omitted.code).or_default().rows += omitted.row_count;
        }
    }

    /// Counts the errors of an invalid order, whose problems were counted.
    pub fn count_invalid(&mut self, record: &OrderRecord) {
        let errors = record.problems.iter().filter(|problem| problem.is_error());
        let codes: BTreeSet<_> = errors.map(|problem| problem.code).collect();
        for code in codes {
            self.problems.entry(code).or_default().n_invalid += 1;
        }
    }

    /// Counts the rows of a problem that belongs to no order, such as an unknown column.
    pub fn record_file_problem(&mut self, code: Code, n_rows: u64) {
        self.problems.entry(code).or_default().rows += n_rows;
    }

    /// Counts orders with a problem that is not among their own problems, one row each.
    pub fn record_orders_with_problem(&mut self, code: Code, n_orders: u64) {
        self.record_file_problem(code, n_orders);
        self.problems.entry(code).or_default().orders += n_orders;
    }

    /// Keeps a problem of no single order as an example of its code, if it is one of the first in
    /// the input. Counts nothing; needed only in addition to [`Tally::record_file_problem`].
    pub fn keep_example(&mut self, problem: &Problem) {
        let ProblemCount { examples, severity, .. } =
            self.problems.entry(problem.code).or_default();
        severity.get_or_insert(problem.severity);
        examples.add(problem, None);
    }

    /// Orders read, and orders per outcome, so far.
    #[must_use]
    pub fn orders(&self) -> &PerOutcome<u64> {
        &self.orders
    }

    /// Number of orders that were read and have no outcome yet; zero at the end of a run.
    #[must_use]
    pub fn without_result(&self) -> u64 {
        self.orders.read.saturating_sub(self.orders.with_result())
    }

    /// Number of orders whose price or currency is unreadable; no sum includes them.
    #[must_use]
    pub fn orders_without_amount(&self) -> u64 {
        self.n_without_amount
    }

    /// The earliest and the latest time of an order; none if no time is readable.
    #[must_use]
    pub fn span(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        self.span
    }

    /// Money by currency, in alphabetical order.
    pub fn money(&self) -> impl Iterator<Item = (Currency, &CurrencyTally)> {
        self.money.tallies.iter().map(|(currency, money)| (*currency, money))
    }

    /// Counts by problem code, in the order of the catalogue.
    pub fn problem_counts(&self) -> impl Iterator<Item = (Code, &ProblemCount)> {
        self.problems.iter().map(|(code, count)| (*code, count))
    }

    /// Counts by problem code: errors first, since they keep orders from being sent, then by the
    /// number of orders and rows.
    pub(super) fn worst_problems(&self) -> Vec<(Code, &ProblemCount)> {
        let mut counts: Vec<_> = self.problem_counts().collect();
        counts.sort_by_key(|(code, count)| {
            (count.severity_of(*code), Reverse((count.orders, count.rows)))
        });
        counts
    }

    /// The problems that are shown with their rows.
    pub(super) fn examples_mut(&mut self) -> impl Iterator<Item = &mut OrderExample> {
        self.problems.values_mut().flat_map(|count| count.examples.iter_mut())
    }

    /// The diagnostics of the examples, the worst problems first.
    pub(super) fn diagnostics(&self, inputs: &[InputRead]) -> Vec<Diagnostic> {
        let is_printed_before =
            |code| matches!(code, Code::UnknownColumn | Code::ColumnMissing | Code::PathMissing);
        // Names of columns and paths are printed while the export is read.
        let counts =
            self.worst_problems().into_iter().filter(|(code, _)| !is_printed_before(*code));
        let diagnostics = |(code, count): (Code, &ProblemCount)| {
            let heading = Heading::of_code(code, count.severity_of(code));
            // Rows of no known order are counted one by one.
            let n = if count.orders > 0 {
                Counted::Orders(count.orders)
            } else {
                Counted::Rows(count.rows)
            };
            count.examples.diagnostics(&heading, n, inputs)
        };
        counts.flat_map(diagnostics).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::*;
    use crate::model::{
        order::OrderId,
        origin::{FileId, Position},
    };

    fn record(money: Option<Money>) -> OrderRecord {
        OrderRecord {
            id: OrderId(0),
            reference: "A-1".to_owned(),
            ordered_at: None,
            source: Position { file: FileId(0), line: 2, column: None },
            money,
            item_count: 1,
            side_rows: Vec::new(),
            rows: Vec::new(),
            problems: Vec::new().into(),
        }
    }

    fn with(problems: Vec<Problem>) -> OrderRecord {
        OrderRecord { problems: problems.into(), ..record(None) }
    }

    fn problem(code: Code, line: u64, column: u32) -> Problem {
        let at = Position { file: FileId(0), line, column: Some(column) };
        Problem::for_field(code, "price", at, format!("found at {line}:{column}"))
    }

    #[test]
    fn problem_code_counts_once_per_order_and_row() {
        let mut tally = Tally::default();
        let (missing, number) = (Code::MissingAttribute, Code::NumberUnreadable);
        tally.count_problems(&with(vec![
            problem(missing, 3, 1),
            problem(number, 3, 9),
            problem(missing, 3, 5),
            problem(missing, 4, 1),
        ]));
        tally.count_problems(&with(vec![problem(missing, 7, 1)]));
        tally.record_file_problem(Code::UnknownColumn, 20);
        let counted: Vec<_> =
            tally.problem_counts().map(|(code, count)| (code, count.orders, count.rows)).collect();
        assert_eq!(counted, [(missing, 2, 3), (number, 1, 1), (Code::UnknownColumn, 0, 20)]);
        let (_, first) = tally.problem_counts().next().unwrap();
        assert_eq!(first.examples.first(), Some(&problem(missing, 3, 1)));
    }

    #[test]
    fn common_errors_are_those_of_every_order() {
        let of = |n_orders: u64, code: Code| {
            let mut tally = Tally::default();
            for line in 0..n_orders {
                let mut part = Tally::default();
                part.read(&record(None));
                part.record_outcome(None, Outcome::Invalid);
                // The problem is counted once per order, and others are only in some.
                let mut problems = vec![problem(code, line, 2), problem(code, line, 1)];
                problems.extend((line > 3).then(|| problem(Code::UnknownStatus, line, 3)));
                part.count_problems(&with(problems));
                tally.append(&part);
            }
            tally.read(&record(None));
            tally.record_outcome(None, Outcome::Skipped);
            let common = tally.common_errors().map(|(n, first)| (n, first.code, first.at.line));
            common.collect::<Vec<_>>()
        };
        assert_eq!(of(20, Code::UnknownLanguage), [(20, Code::UnknownLanguage, 0)]);
        assert_eq!(of(19, Code::UnknownLanguage), []);
        assert_eq!(of(1, Code::MissingPos), [(1, Code::MissingPos, 0)]);
        assert_eq!(of(20, Code::TotalDiffers), [], "a warning");
        assert_eq!(of(0, Code::MissingPos), []);
    }

    #[test]
    fn order_has_no_result_until_recorded() {
        let mut tally = Tally::default();
        tally.read(&record(None));
        tally.read(&record(None));
        tally.record_outcome(None, Outcome::Accepted);
        assert_eq!((tally.without_result(), tally.orders_without_amount()), (1, 2));
        tally.record_outcome(None, Outcome::Invalid);
        assert_eq!(tally.without_result(), 0);
    }

    fn any_money() -> impl Strategy<Value = Option<Money>> {
        let currency = prop::sample::select(vec!["EUR", "GBP", "JPY"]);
        let amount = (-1_000_000_i64..1_000_000, 0_u32..5);
        prop::option::of((currency, amount).prop_map(|(currency, (n, scale))| Money {
            currency: currency.parse().unwrap(),
            amount: Amount(Decimal::new(n, scale)),
        }))
    }

    fn value(sum: &ExactSum) -> Decimal {
        sum.to_string().parse().unwrap()
    }

    proptest! {
        #[test]
        fn outcomes_partition_orders(orders in prop::collection::vec((any_money(), prop::sample::select(Outcome::ALL.to_vec())), 0..200)) {
            let mut tally = Tally::default();
            for (money, _) in &orders {
                tally.read(&record(money.clone()));
            }
            for (money, outcome) in orders.iter().rev() {
                tally.record_outcome(money.as_ref(), *outcome);
            }

            prop_assert_eq!(tally.orders().read, orders.len() as u64);
            prop_assert_eq!(tally.orders().with_result(), tally.orders().read);
            prop_assert_eq!(tally.without_result(), 0);
            for (currency, CurrencyTally { sums, .. }) in tally.money() {
                let recorded: Decimal = sums.outcomes().map(|(_, sum)| value(sum)).sum();
                let read: Decimal = orders.iter().filter_map(|(money, _)| money.as_ref())
                    .filter(|money| money.currency == currency).map(|money| money.amount.0).sum();
                prop_assert_eq!(value(&sums.read), read);
                prop_assert_eq!(recorded, read);
            }
        }
    }
}
