//! What can be typed after `orderferry ledger`.

use std::{ops::Range, path::PathBuf};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use clap::{Args, Subcommand, ValueEnum, builder::FalseyValueParser};

use crate::{
    cli::args::OutputFormat,
    ledger::{ManualDecision, OrderFilter, OrderState, ReferencePattern, TargetPrefix},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct LedgerArguments {
    #[command(subcommand)]
    pub(super) command: LedgerCommand,
    /// The ledger [default: orderferry-ledger.db beside the config file, else in ~/.local/state/orderferry]
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) ledger: Option<PathBuf>,
    /// Settings [default: orderferry.toml in the working folder, if there is one]
    #[arg(long, value_name = "FILE", env = "ORDERFERRY_CONFIG", hide_env = true, global = true)]
    pub(super) config: Option<PathBuf>,
    /// Overrides any setting of the config file; may be repeated
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    pub(super) set: Vec<String>,
    /// No words on success
    #[arg(long, env = "ORDERFERRY_QUIET", hide_env = true, value_parser = FalseyValueParser::new(), global = true)]
    pub(super) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Lists orders, one a line: what is known of them, when and by which run they were last sent, and where
    ///
    /// Orders that a run is sending just now are unknown as long as no answer has come.
    List(ListArguments),
    /// Shows every sending of an order, and what was seen of it since
    Show {
        /// The order's reference
        reference: String,
    },
    /// Says by hand what became of orders, all of those named or none
    ///
    /// For the orders that may or may not have been accepted, once someone has looked for them in Personalize, and for
    /// those that were changed after they had been accepted. What a person said before can be said anew; what the
    /// service said stands.
    Settle(SettleArguments),
    /// Prints every sending of the orders, one JSON object a line
    Export(FilterArguments),
    /// Makes one target's orders those of another: the same tenant under a new client key or base URL
    ///
    /// The other one is the configured target. Without this its orders would count as never sent.
    Adopt(AdoptArguments),
    /// Lets the next run go on with a ledger that lacks its newest attempts, such as a restored backup
    ///
    /// Orders that the ledger does not hold are sent again. Find a newer copy first, or settle what can be known of the last
    /// runs.
    AcceptLoss,
}

#[derive(Debug, Args)]
pub(super) struct AdoptArguments {
    /// The target whose orders are adopted, by the first digits of its hash
    #[arg(long, value_name = "TARGET")]
    pub(super) from: TargetPrefix,
    /// The target that adopts them, a target of the config file
    #[arg(long, value_name = "NAME", env = "ORDERFERRY_TO", hide_env = true)]
    pub(super) to: Option<String>,
    /// Its base URL, such as <https://api-engage-eu.sitecorecloud.io>
    #[arg(long, value_name = "URL")]
    pub(super) base_url: Option<String>,
    /// Its client key; better in the environment, as `ORDERFERRY_CLIENT_KEY`
    #[arg(long, value_name = "KEY")]
    pub(super) client_key: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Words in columns, or one JSON object a line
    #[arg(long, value_enum, default_value_t = OutputFormat::Text, env = "ORDERFERRY_FORMAT", hide_env = true)]
    pub(super) format: OutputFormat,
    /// The references alone, one a line, as "ledger settle -" reads them; whatever the format
    #[arg(long)]
    pub(super) references: bool,
    // Last, for its heading counts for all that follows.
    #[command(flatten)]
    pub(super) filter: FilterArguments,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Which orders")]
pub(super) struct FilterArguments {
    /// What is known of them; may be repeated
    #[arg(long, value_enum, value_name = "STATE")]
    outcome: Vec<StateArgument>,
    /// Their references, by a pattern of SQLite's GLOB: *, ?, [a-z]; upper and lower case differ
    #[arg(long, value_name = "GLOB")]
    reference: Option<String>,
    /// Sent at that time or later: 2026-11-22 (a day in UTC) or 2026-11-22T06:30:00Z
    #[arg(long, value_name = "TIME", value_parser = time_range)]
    since: Option<TimeRange>,
    /// Sent at that time, on that day, or before
    #[arg(long, value_name = "TIME", value_parser = time_range)]
    until: Option<TimeRange>,
    /// Sent by this run
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Sent to the target whose hash begins with this, such as 1a2b3c4d
    #[arg(long, value_name = "HEX")]
    target: Option<TargetPrefix>,
    /// So many at most
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Debug, Args)]
pub(super) struct SettleArguments {
    /// The orders' references; - reads them from standard input, one a line
    #[arg(required = true, value_name = "REFERENCE")]
    pub(super) references: Vec<String>,
    /// What became of them
    #[arg(long = "as", value_enum, value_name = "WORD")]
    pub(super) decision: DecisionArgument,
    /// When the order was made, where its reference was used for several
    #[arg(long, value_name = "TIME", value_parser = time_range)]
    pub(super) ordered_at: Option<TimeRange>,
    /// The beginning of the target's hash, where several targets have the reference
    #[arg(long, value_name = "HEX")]
    pub(super) target: Option<TargetPrefix>,
}

/// What is known of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StateArgument {
    /// The service accepted it
    Accepted,
    /// It was sent, and nobody knows what came of it
    Unknown,
    /// The service surely did not take it
    Failed,
    /// Accepted, and seen since with other content that nobody acknowledged
    Changed,
}

/// What a person says of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DecisionArgument {
    /// It is there, and is not sent again
    Accepted,
    /// It is not there, and the next run sends it again
    Failed,
    /// It is there with other content, which is known and not reported any more
    Acknowledged,
}

impl DecisionArgument {
    pub(super) fn manual_decision(self) -> ManualDecision {
        match self {
            Self::Accepted => ManualDecision::Accepted,
            Self::Failed => ManualDecision::Failed,
            Self::Acknowledged => ManualDecision::Acknowledged,
        }
    }
}

impl FilterArguments {
    pub(super) fn filter(&self) -> OrderFilter {
        let state = |state: &StateArgument| match state {
            StateArgument::Accepted => OrderState::Accepted,
            StateArgument::Unknown => OrderState::Unknown,
            StateArgument::Failed => OrderState::Failed,
            StateArgument::Changed => OrderState::Changed,
        };
        OrderFilter {
            references: self.reference.clone().map_or(ReferencePattern::Any, ReferencePattern::Glob),
            states: self.outcome.iter().map(state).collect(),
            target: self.target.clone(),
            run: self.run.clone(),
            since: self.since.as_ref().map(|range| range.0.start),
            until: self.until.as_ref().map(|range| range.0.end),
            ordered_at: None,
            limit: self.limit,
        }
    }
}

/// A time as exactly as it was typed: a day, a second or a millisecond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TimeRange(pub(super) Range<DateTime<Utc>>);

/// A time as it is typed. Days are those of UTC, as times are shown.
fn time_range(text: &str) -> Result<TimeRange, String> {
    let invalid = || format!("{text:?} is no time, expected such as 2026-11-22 or 2026-11-22T06:30:00Z");
    if let Ok(day) = text.parse::<NaiveDate>() {
        let start = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
        let next = day.checked_add_days(Days::new(1)).ok_or_else(invalid)?;
        return Ok(TimeRange(start(day)..start(next)));
    }
    let start = DateTime::parse_from_rfc3339(text).map_err(|_| invalid())?.to_utc();
    let length = if text.contains('.') { TimeDelta::milliseconds(1) } else { TimeDelta::seconds(1) };
    Ok(TimeRange(start..start.checked_add_signed(length).ok_or_else(invalid)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_range_has_the_typed_precision() {
        let range_text =
            |text| time_range(text).map(|TimeRange(span)| format!("{:?} {}", span.start, span.end - span.start));
        assert_eq!(range_text("2026-11-22").unwrap(), "2026-11-22T00:00:00Z PT86400S");
        assert_eq!(range_text("2026-11-22T06:30:00+01:00").unwrap(), "2026-11-22T05:30:00Z PT1S");
        assert_eq!(range_text("2026-11-22T06:30:00.5Z").unwrap(), "2026-11-22T06:30:00.500Z PT0.001S");
        for text in ["", "yesterday", "2026-11-31", "06:30"] {
            assert!(range_text(text).is_err(), "{text}");
        }
    }
}
