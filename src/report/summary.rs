//! `summary.json`: the run in numbers, for scripts. `terminal` and `page` render it too.
//!
//! Its keys are a contract (see the help topic `report`). Counts nothing: `recorder` fills it.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::{
    command_line::NextStep,
    estimate::SendEstimate,
    numbers::with_unit,
    order_line::{utc_millis, utc_millis_or_null},
    per_outcome::PerOutcome,
    previous::PreviousRun,
    reasons::ReasonSummary,
    setup::TargetSummary,
    tally::{CurrencyTally, ProblemCount, Tally},
};
use crate::model::{
    input::InputRead,
    money::Currency,
    outcome::Outcome,
    problem::{Code, Severity},
    request::{PerKind, RequestKind},
};

/// The file's name in the run folder.
pub const FILE: &str = "summary.json";

/// Run in numbers. The fields are the keys of `summary.json`, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Name of the run.
    pub run_id: String,
    /// `check` or `send`.
    pub command: String,
    /// Version of the program.
    #[serde(default)]
    pub version: String,
    /// When the run began.
    #[serde(serialize_with = "utc_millis")]
    #[schemars(with = "DateTime<Utc>")]
    pub started_at: DateTime<Utc>,
    /// When the run ended.
    #[serde(serialize_with = "utc_millis")]
    #[schemars(with = "DateTime<Utc>")]
    pub finished_at: DateTime<Utc>,
    /// Exit code of the process.
    pub exit_code: u8,
    /// Target of the orders; absent for a check without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetSummary>,
    /// Point of sale of orders that have none of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pos: Option<String>,
    /// Profile, as it was named; absent for a resumed plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Profiles that it extends, the nearest first; absent if it extends none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profile_extends: Vec<String>,
    /// Settings that an option, a variable or the config file sets, by name.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Inputs of the run.
    pub inputs: Vec<InputSummary>,
    /// Files that the profile joins to the inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub side_files: Vec<InputSummary>,
    /// Rows of all inputs, without headers.
    pub rows: u64,
    /// Unreadable rows.
    pub rows_unreadable: u64,
    /// Rows that belong to no order, as the profile says (`ignore_rows`).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rows_ignored: u64,
    /// Rows that the profile leaves out of their orders (`[[skip]]` with `scope = "row"`).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rows_skipped: u64,
    /// Headers that are repeated within a file: a second export begins there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub headers_repeated: u64,
    /// Orders whose rows were not adjacent.
    pub scattered: u64,
    /// Items of the valid orders.
    pub items: u64,
    /// Guests of the valid orders.
    pub guests: u64,
    /// Orders read, and orders per outcome; the outcomes add up to `read`.
    pub orders: PerOutcome<u64>,
    /// Earliest time of an order; `null` if no time is readable.
    #[serde(default, serialize_with = "utc_millis_or_null")]
    #[schemars(with = "Option<DateTime<Utc>>")]
    pub orders_from: Option<DateTime<Utc>>,
    /// Latest time of an order.
    #[serde(default, serialize_with = "utc_millis_or_null")]
    #[schemars(with = "Option<DateTime<Utc>>")]
    pub orders_to: Option<DateTime<Utc>>,
    /// Orders whose price or currency is unreadable; no sum of `money` includes them.
    pub orders_without_amount: u64,
    /// Estimate for sending the valid orders of a check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<SendEstimate>,
    /// Requests sent.
    pub requests: RequestCounts,
    /// Seconds in which the service counted as down, so that only single requests probed it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seconds_down: u64,
    /// Carts that may not be empty when the run ends; the next run clears them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub carts_open: u64,
    /// Orders that were sent again although an earlier submission may have been processed.
    pub repeated_after: u64,
    /// Orders of outcome `not_attempted` that are too old to send without `--backfill`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub needs_backfill: u64,
    /// References of `--explain` that no order of the export has; they set the exit code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub explain_not_found: Vec<String>,
    /// Exact sums, one element per currency, in alphabetical order.
    pub money: Vec<MoneySummary>,
    /// Errors first, then by the number of orders.
    pub problems: Vec<ProblemSummary>,
    /// Why orders are unknown, refused, failed, not tried again or changed: worst outcome first,
    /// then by the number of orders.
    #[serde(default)]
    pub reasons: Vec<ReasonSummary>,
    /// Rules that left orders out, by the number of orders.
    pub skipped: Vec<SkipSummary>,
    /// Why the run ended early, if it did.
    pub stopped: Option<String>,
    /// The last run of this profile and target; `null` if none is found.
    #[serde(default)]
    pub previous: Option<PreviousRun>,
    /// What to do next, most urgent first.
    #[serde(default)]
    pub next: Vec<NextStep>,
}

/// Input of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InputSummary {
    /// Name, as in messages.
    pub file: String,
    /// Size of the file in bytes, compressed or not.
    pub bytes: u64,
    /// Rows, without the header.
    pub rows: u64,
    /// SHA-256 of the file, compressed or not, in hexadecimal digits; `null` if the run ended
    /// before the end of the file.
    #[serde(default)]
    pub sha256: Option<String>,
}

impl InputSummary {
    /// Describes an input that was read.
    #[must_use]
    pub fn of(read: &InputRead) -> Self {
        Self {
            file: read.input.name.clone(),
            bytes: read.input.version.size,
            rows: read.rows,
            sha256: read.sha256.clone(),
        }
    }
}

/// Requests sent, retries included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RequestCounts {
    /// The requests of each kind. Kinds that only assembled orders need are left out if they are
    /// zero.
    #[serde(flatten, serialize_with = "serialize_listed")]
    #[schemars(with = "PerKind<u64>")]
    pub by_kind: PerKind<u64>,
    /// All requests.
    pub total: u64,
    /// Requests that repeated an earlier one.
    pub retries: u64,
}

impl RequestCounts {
    /// Counts a request.
    pub fn add(&mut self, kind: RequestKind, is_retry: bool) {
        self.by_kind[kind] += 1;
        self.total += 1;
        self.retries += u64::from(is_retry);
    }

    /// Returns the counts by the names of the kinds. Kinds that only assembled orders need are left
    /// out if they are zero.
    pub fn by_name(&self) -> impl Iterator<Item = (&'static str, u64)> {
        listed(&self.by_kind).map(|(kind, n)| (kind.name(), n))
    }
}

fn listed(by_kind: &PerKind<u64>) -> impl Iterator<Item = (RequestKind, u64)> {
    by_kind.iter().map(|(kind, n)| (kind, *n)).filter(|(kind, n)| *n > 0 || !kind.needs_cart())
}

fn serialize_listed<S: Serializer>(
    by_kind: &PerKind<u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(listed(by_kind).map(|(kind, n)| (kind.key(), n)))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// Money of one currency, as decimal text with all digits; `0` where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MoneySummary {
    /// ISO 4217 code.
    pub currency: Currency,
    /// Orders read with a readable amount in this currency.
    #[serde(default)]
    pub orders: u64,
    /// Sums per outcome.
    #[serde(flatten)]
    pub sums: PerOutcome<String>,
    /// Changed orders: their money in the export minus what was accepted of them. Absent if not
    /// known of any order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_difference: Option<String>,
}

/// Counts of one problem code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProblemSummary {
    /// Stable code.
    pub code: Code,
    /// Whether the problem prevents an order from being sent.
    pub severity: Severity,
    /// Orders that have the problem; zero for a problem of a file.
    pub orders: u64,
    /// Those of them with the outcome `invalid`: the others were sent by an earlier run.
    #[serde(default)]
    pub invalid: u64,
    /// Rows that have the problem.
    pub rows: u64,
}

/// Rule of the profile, and the number of orders it left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkipSummary {
    /// Reason, as the profile gives it.
    pub reason: String,
    /// Number of orders.
    pub orders: u64,
}

impl Summary {
    /// Returns what the exit code means, for people (see the help topic `outcomes`).
    #[must_use]
    pub fn exit_message(&self) -> &'static str {
        let is_check = self.command == "check";
        match self.exit_code {
            // A change has exit code 0 only if an earlier run has reported it.
            0 if self.orders[Outcome::Changed] > 0 => {
                "every order is accepted, already sent, skipped, or changed as an earlier run \
                 reported"
            }
            0 if is_check => "every order is valid or skipped",
            0 => "every order is accepted, already sent or skipped",
            1 if self.rows_unreadable > 0 => "finished, but some orders or rows need attention",
            1 => "finished, but some orders need attention",
            2 if is_check => "this export would not be sent",
            2 => "nothing was sent",
            3 => "the outcome of some orders is unknown",
            4 => "stopped early; run it again to go on",
            5 => "nothing was sent: another run holds the ledger",
            _ => "ended with an undocumented exit code",
        }
    }

    /// Returns what to do about orders that are too old; `None` if there are none.
    #[must_use]
    pub fn old_orders_hint(&self) -> Option<String> {
        let orders = with_unit(Some(self.needs_backfill).filter(|n| *n > 0)?, "order");
        Some(format!(
            "{orders} too old to send without --backfill (needs_backfill); old_orders = \"skip\" \
             leaves them out"
        ))
    }

    /// Returns the duration of the run: if the clock was set back meanwhile, at least the time that
    /// the service counted as down, which is measured without it.
    #[must_use]
    pub fn duration(&self) -> Duration {
        let by_clock = (self.finished_at - self.started_at).to_std().unwrap_or_default();
        by_clock.max(Duration::from_secs(self.seconds_down))
    }
}

pub(super) fn money_summaries(tally: &Tally) -> Vec<MoneySummary> {
    let summarize = |(currency, money): (Currency, &CurrencyTally)| MoneySummary {
        currency,
        orders: money.n_orders,
        sums: money.sums.map(ToString::to_string),
        changed_difference: money.change.as_ref().map(ToString::to_string),
    };
    tally.money().map(summarize).collect()
}

pub(super) fn problem_summaries(tally: &Tally) -> Vec<ProblemSummary> {
    let summarize = |(code, count): (Code, &ProblemCount)| ProblemSummary {
        code,
        severity: count.severity_of(code),
        orders: count.orders,
        invalid: count.n_invalid,
        rows: count.rows,
    };
    tally.worst_problems().into_iter().map(summarize).collect()
}

pub(super) fn skip_summaries(skipped: &BTreeMap<String, u64>) -> Vec<SkipSummary> {
    let summarize =
        |(reason, orders): (&String, &u64)| SkipSummary { reason: reason.clone(), orders: *orders };
    let mut summaries: Vec<_> = skipped.iter().map(summarize).collect();
    // Ties stay sorted by reason.
    summaries.sort_by_key(|summary| std::cmp::Reverse(summary.orders));
    summaries
}

#[cfg(test)]
pub(super) mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::model::{
        forecast::{Forecast, RouteCost},
        money::Money,
        order::{OrderId, OrderRecord},
        origin::{FileId, Position},
        problem::Problem,
    };

    const AT: Position = Position { file: FileId(0), line: 17, column: Some(5) };

    fn record(money: Option<Money>, problems: Vec<Problem>) -> OrderRecord {
        OrderRecord {
            id: OrderId(0),
            reference: "A-1".to_owned(),
            ordered_at: None,
            source: AT,
            money,
            item_count: 1,
            side_rows: Vec::new(),
            rows: Vec::new(),
            problems: problems.into(),
        }
    }

    fn with(problem: Problem) -> OrderRecord {
        record(None, vec![problem])
    }

    fn count(tally: &mut Tally, n: usize, money: Option<(&str, &str)>, outcome: Outcome) {
        let money = money.map(|(amount, currency)| Money {
            currency: currency.parse().unwrap(),
            amount: amount.parse().unwrap(),
        });
        let record = record(money, Vec::new());
        for _ in 0..n {
            tally.read(&record);
            tally.record_outcome(record.money.as_ref(), outcome);
        }
    }

    fn summary(command: &str, exit_code: u8, tally: &Tally) -> Summary {
        Summary {
            run_id: "20261103T081500Z-7f3a".to_owned(),
            command: command.to_owned(),
            version: "1.4.0".to_owned(),
            started_at: "2026-11-03T08:15:00Z".parse().unwrap(),
            finished_at: "2026-11-03T08:18:12.345678Z".parse().unwrap(),
            exit_code,
            target: None,
            pos: Some("shop".to_owned()),
            profile: Some("canonical".to_owned()),
            profile_extends: Vec::new(),
            settings: BTreeMap::new(),
            side_files: Vec::new(),
            inputs: vec![InputSummary {
                file: "orders.csv".to_owned(),
                bytes: 1_234_567,
                rows: 4_321,
                sha256: Some("5f".repeat(32)),
            }],
            rows: 4_321,
            rows_unreadable: 0,
            rows_ignored: 0,
            rows_skipped: 0,
            headers_repeated: 0,
            scattered: 0,
            items: 4_300,
            guests: 780,
            orders: tally.orders().clone(),
            orders_from: Some("2026-10-24T00:00:00Z".parse().unwrap()),
            orders_to: Some("2026-11-02T21:40:00Z".parse().unwrap()),
            orders_without_amount: tally.orders_without_amount(),
            forecast: None,
            requests: RequestCounts::default(),
            seconds_down: 0,
            carts_open: 0,
            repeated_after: 0,
            needs_backfill: 0,
            explain_not_found: Vec::new(),
            money: money_summaries(tally),
            problems: problem_summaries(tally),
            reasons: Vec::new(),
            skipped: Vec::new(),
            stopped: None,
            previous: None,
            next: Vec::new(),
        }
    }

    pub(crate) fn clean_check() -> Summary {
        let mut tally = Tally::default();
        count(&mut tally, 1_200, Some(("10.50", "EUR")), Outcome::Valid);
        let mut summary = summary("check", 0, &tally);
        summary.finished_at = "2026-11-03T08:15:02.300Z".parse().unwrap();
        let (single, multi) = (
            RouteCost { orders: 1_150, requests: 2_690 },
            RouteCost { orders: 50, requests: 7_210 },
        );
        let forecast = Forecast { single, multi, max_order_requests: 547 };
        summary.forecast = Some(SendEstimate::at(NonZeroU32::new(20), forecast));
        summary
    }

    pub(crate) fn run_with_everything() -> (Summary, Tally) {
        let mut tally = Tally::default();
        for (n, outcome) in [900, 120, 1, 250, 40, 3, 2, 1, 80].into_iter().zip(Outcome::ALL) {
            count(&mut tally, n, Some(("1234.50", "EUR")), outcome);
        }
        count(&mut tally, 30, Some(("9.999", "BHD")), Outcome::Accepted);
        count(&mut tally, 4, None, Outcome::Invalid);
        let eur = |amount: &str| Money {
            currency: "EUR".parse().unwrap(),
            amount: amount.parse().unwrap(),
        };
        tally.record_change(&eur("1300"), &eur("1234.50"));
        let message = "found `12,50 <em>`, expected a number such as 1234.50";
        let invalid = with(Problem::for_field(Code::NumberUnreadable, "item.price", AT, message));
        for _ in 0..40 {
            tally.count_problems(&invalid);
            tally.count_invalid(&invalid);
        }
        let message = "found `ann***`, expected an address such as a***@e***.com";
        let invalid = with(Problem::for_field(Code::EmailImplausible, "guest.email", AT, message));
        tally.count_problems(&invalid);
        tally.count_invalid(&invalid);
        let message = "the items add up to 100.00, the order's price is 99.00";
        tally.count_problems(&with(Problem::for_order(Code::TotalDiffers, AT, message)));
        tally.record_file_problem(Code::UnknownColumn, 4_321);
        let mut summary = summary("send", 3, &tally);
        summary.inputs.push(InputSummary {
            file: "exports/more-orders.ndjson.gz".to_owned(),
            bytes: 9_876,
            rows: 12,
            sha256: None,
        });
        (summary.rows_unreadable, summary.rows_ignored, summary.headers_repeated) = (2, 3, 1);
        summary.scattered = 5;
        let by_kind = [
            (RequestKind::BrowserCreate, 780),
            (RequestKind::Identity, 785),
            (RequestKind::OrderCheckout, 941),
        ];
        summary.requests = request_counts(&by_kind, 12);
        (summary.repeated_after, summary.seconds_down) = (2, 110);
        summary.needs_backfill = 30;
        let skipped = [("test order".to_owned(), 10), ("cancellation".to_owned(), 240)];
        summary.skipped = skip_summaries(&skipped.into());
        let reason = |(outcome, orders, reason): (_, _, &str)| ReasonSummary {
            outcome,
            severity: Severity::Error,
            reason: reason.to_owned(),
            orders,
        };
        let reasons = [
            (Outcome::Unknown, 1, "no answer in time"),
            (Outcome::Refused, 3, "HTTP 400: no such type"),
            (Outcome::Failed, 2, "the guest could not be identified"),
            (Outcome::Changed, 1, "the amount is another now"),
        ];
        summary.reasons = reasons.map(reason).into();
        summary.stopped = Some("the deadline has passed".to_owned());
        summary.target = Some(TargetSummary {
            name: Some("production".to_owned()),
            base_url: "https://api-engage-eu.sitecorecloud.io".to_owned(),
            hash: "1a2b3c4d".to_owned(),
            sandbox: false,
        });
        summary.settings.insert("rate".to_owned(), "10/s".to_owned());
        summary.next.push(NextStep {
            why: "1 unknown: look them up in Personalize".to_owned(),
            command: "orderferry ledger list --outcome unknown --run 20261103T081500Z-7f3a"
                .to_owned(),
        });
        (summary, tally)
    }

    fn request_counts(by_kind: &[(RequestKind, u64)], retries: u64) -> RequestCounts {
        let total = by_kind.iter().map(|(_, n)| n).sum();
        let mut counts = RequestCounts { total, retries, ..RequestCounts::default() };
        for (kind, n) in by_kind {
            counts.by_kind[*kind] = *n;
        }
        counts
    }

    #[test]
    fn summary_keys_follow_the_contract() {
        let (summary, _) = run_with_everything();
        let json = serde_json::to_string(&summary).unwrap();
        insta::assert_snapshot!(json.replace("],\"", "],\n\"").replace("},\"", "},\n\""), @r#"
        {"run_id":"20261103T081500Z-7f3a","command":"send","version":"1.4.0","started_at":"2026-11-03T08:15:00.000Z","finished_at":"2026-11-03T08:18:12.345Z","exit_code":3,"target":{"name":"production","base_url":"https://api-engage-eu.sitecorecloud.io","hash":"1a2b3c4d","sandbox":false},
        "pos":"shop","profile":"canonical","settings":{"rate":"10/s"},
        "inputs":[{"file":"orders.csv","bytes":1234567,"rows":4321,"sha256":"5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f"},{"file":"exports/more-orders.ndjson.gz","bytes":9876,"rows":12,"sha256":null}],
        "rows":4321,"rows_unreadable":2,"rows_ignored":3,"headers_repeated":1,"scattered":5,"items":4300,"guests":780,"orders":{"read":1431,"accepted":930,"already_sent":120,"changed":1,"skipped":250,"invalid":44,"refused":3,"failed":2,"unknown":1,"not_attempted":80,"valid":0},
        "orders_from":"2026-10-24T00:00:00.000Z","orders_to":"2026-11-02T21:40:00.000Z","orders_without_amount":4,"requests":{"browser_create":780,"identity":785,"order_checkout":941,"total":2506,"retries":12},
        "seconds_down":110,"repeated_after":2,"needs_backfill":30,"money":[{"currency":"BHD","orders":30,"read":"299.970","accepted":"299.970","already_sent":"0","changed":"0","skipped":"0","invalid":"0","refused":"0","failed":"0","unknown":"0","not_attempted":"0","valid":"0"},{"currency":"EUR","orders":1397,"read":"1724596.50","accepted":"1111050.00","already_sent":"148140.00","changed":"1234.50","skipped":"308625.00","invalid":"49380.00","refused":"3703.50","failed":"2469.00","unknown":"1234.50","not_attempted":"98760.00","valid":"0","changed_difference":"-65.50"}],
        "problems":[{"code":"number_unreadable","severity":"error","orders":40,"invalid":40,"rows":40},{"code":"email_implausible","severity":"error","orders":1,"invalid":1,"rows":1},{"code":"total_differs","severity":"warning","orders":1,"invalid":0,"rows":1},{"code":"unknown_column","severity":"warning","orders":0,"invalid":0,"rows":4321}],
        "reasons":[{"outcome":"unknown","severity":"error","reason":"no answer in time","orders":1},{"outcome":"refused","severity":"error","reason":"HTTP 400: no such type","orders":3},{"outcome":"failed","severity":"error","reason":"the guest could not be identified","orders":2},{"outcome":"changed","severity":"error","reason":"the amount is another now","orders":1}],
        "skipped":[{"reason":"cancellation","orders":240},{"reason":"test order","orders":10}],
        "stopped":"the deadline has passed","previous":null,"next":[{"why":"1 unknown: look them up in Personalize","command":"orderferry ledger list --outcome unknown --run 20261103T081500Z-7f3a"}]}
        "#);
    }

    #[test]
    fn summary_round_trips_through_json() {
        let mut summary = run_with_everything().0;
        summary.finished_at = "2026-11-03T08:18:12.345Z".parse().unwrap();
        let text = serde_json::to_string(&summary).unwrap();
        assert_eq!(serde_json::from_str::<Summary>(&text).unwrap(), summary);
    }

    #[test]
    fn multi_request_counts_are_omitted_if_zero() {
        let counts = request_counts(&[(RequestKind::Add, 3), (RequestKind::Checkout, 1)], 0);
        insta::assert_snapshot!(serde_json::to_string(&counts).unwrap(), @r#"{"browser_create":0,"identity":0,"order_checkout":0,"add":3,"checkout":1,"total":4,"retries":0}"#);
        let names: Vec<_> = counts.by_name().map(|(name, _)| name).collect();
        assert_eq!(names, ["create browser", "IDENTITY", "ORDER_CHECKOUT", "ADD", "CHECKOUT"]);
        assert_eq!(
            serde_json::from_str::<RequestCounts>(&serde_json::to_string(&counts).unwrap())
                .unwrap(),
            counts
        );
    }

    #[test]
    fn every_exit_code_has_a_message() {
        let mut summary = clean_check();
        let mut messages = Vec::new();
        for command in ["check", "send"] {
            for exit_code in 0..=5 {
                (summary.command, summary.exit_code) = (command.to_owned(), exit_code);
                messages.push(format!("{command} {exit_code}: {}", summary.exit_message()));
            }
        }
        insta::assert_snapshot!(messages.join("\n"), @"
        check 0: every order is valid or skipped
        check 1: finished, but some orders need attention
        check 2: this export would not be sent
        check 3: the outcome of some orders is unknown
        check 4: stopped early; run it again to go on
        check 5: nothing was sent: another run holds the ledger
        send 0: every order is accepted, already sent or skipped
        send 1: finished, but some orders need attention
        send 2: nothing was sent
        send 3: the outcome of some orders is unknown
        send 4: stopped early; run it again to go on
        send 5: nothing was sent: another run holds the ledger
        ");
    }
}
