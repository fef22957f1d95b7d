//! Arguments of `orderferry ledger`, as clap derives them.
//!
//! The doc comments of fields and variants are the help texts. Opens no ledger; `cli::ledger` does.

use std::{ops::Range, path::PathBuf};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use clap::{Args, Subcommand, ValueEnum, builder::FalseyValueParser};

use crate::{
    cli::values::{ExportFormat, ListFormat},
    ledger::{ManualDecision, OrderFilter, OrderState, ReferencePattern, TargetPrefix},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct LedgerArguments {
    #[command(subcommand)]
    pub(in crate::cli) command: LedgerCommand,
    /// Use this ledger [default: orderferry-ledger.db next to the config file, else in
    /// ~/.local/state/orderferry]
    #[arg(long, value_name = "FILE", global = true)]
    pub(in crate::cli) ledger: Option<PathBuf>,
    /// Read settings from this file [default: orderferry.toml in the working folder, if there is
    /// one]
    #[arg(long, value_name = "FILE", env = "ORDERFERRY_CONFIG", hide_env = true, global = true)]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Override a setting of the config file; may be repeated
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    pub(in crate::cli) set: Vec<String>,
    /// Print nothing on success
    #[arg(long, env = "ORDERFERRY_QUIET", hide_env = true, value_parser = FalseyValueParser::new(), global = true)]
    pub(in crate::cli) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum LedgerCommand {
    /// List orders, one a line: state, reference, last submission (time and run), target
    ///
    /// Orders that a run is sending at the moment are unknown until a response has arrived.
    List(ListArguments),
    /// Show every submission of an order, and the changes observed since
    Show {
        /// Reference of the order
        reference: String,
    },
    /// Set the outcome of orders manually: of all named orders, or of none
    ///
    /// For orders that may or may not have been accepted, once an operator has looked for them in
    /// Personalize, and for orders that changed after they had been accepted. A manual outcome
    /// can be changed again; an outcome that the service reported is final.
    Settle(SettleArguments),
    /// Print every submission of the orders, one JSON object a line or as CSV
    Export(ExportArguments),
    /// Move one target's orders to another: the same tenant under a new client key or base URL
    ///
    /// The other one is the configured target. Without this the orders would count as never sent
    /// there.
    Adopt(AdoptArguments),
    /// Let the next run continue with a ledger that lacks its newest attempts, such as a restored
    /// backup
    ///
    /// Orders that the ledger does not hold are sent again. Look for a newer copy first, or settle
    /// the orders of the last runs as far as they are known.
    AcceptLoss,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AdoptArguments {
    /// Adopt the orders of this target, named by the first digits of its hash
    #[arg(long, value_name = "TARGET")]
    pub(in crate::cli) from: TargetPrefix,
    /// Adopt them for this target of the config file
    #[arg(long, value_name = "NAME", env = "ORDERFERRY_TO", hide_env = true)]
    pub(in crate::cli) to: Option<String>,
    /// Adopt them for this base URL, such as <https://api-engage-eu.sitecorecloud.io>
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) base_url: Option<String>,
    /// Adopt them for this client key; better in the environment, as `ORDERFERRY_CLIENT_KEY`
    #[arg(long, value_name = "KEY")]
    pub(in crate::cli) client_key: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArguments {
    /// Print columns of text, one JSON object a line, or CSV
    #[arg(long, value_enum, default_value_t = ListFormat::Text, env = "ORDERFERRY_FORMAT", hide_env = true)]
    pub(in crate::cli) format: ListFormat,
    /// Print only the references, one a line, as "ledger settle -" reads them; --format is ignored
    #[arg(long)]
    pub(in crate::cli) references: bool,
    // Last, since its help heading applies to every argument that follows.
    #[command(flatten)]
    pub(in crate::cli) filter: FilterArguments,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArguments {
    /// Print one JSON object a line, or CSV
    // Without a variable: a program reads the output, whatever format a person prefers elsewhere.
    #[arg(long, value_enum, default_value_t = ExportFormat::Json)]
    pub(in crate::cli) format: ExportFormat,
    // Last, since its help heading applies to every argument that follows.
    #[command(flatten)]
    pub(in crate::cli) filter: FilterArguments,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Which orders")]
pub(in crate::cli) struct FilterArguments {
    /// Select orders in this state; may be repeated
    #[arg(long, value_enum, value_name = "STATE")]
    outcome: Vec<StateArgument>,
    /// Select references by a case-sensitive pattern: * is any text, ? one character, [a-z] one of
    /// these
    #[arg(long, value_name = "GLOB")]
    reference: Option<String>,
    /// Select orders sent at this time or later: 2026-11-22 (a day in UTC) or 2026-11-22T06:30:00Z
    #[arg(long, value_name = "TIME", value_parser = time_range)]
    since: Option<TimeRange>,
    /// Select orders sent at this time, on this day, or earlier
    #[arg(long, value_name = "TIME", value_parser = time_range)]
    until: Option<TimeRange>,
    /// Select orders sent by this run
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Select orders sent to the target whose hash begins with these digits, such as 1a2b3c4d
    #[arg(long, value_name = "HEX")]
    target: Option<TargetPrefix>,
    /// Stop after N orders
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SettleArguments {
    /// References of the orders; - reads them from standard input, one a line
    #[arg(required = true, value_name = "REFERENCE")]
    pub(in crate::cli) references: Vec<String>,
    /// Set this outcome
    #[arg(long = "as", value_enum, value_name = "OUTCOME")]
    pub(in crate::cli) decision: DecisionArgument,
    /// Select the order whose orderedAt is this time, if its reference was used for several orders
    #[arg(long, value_name = "TIME", value_parser = time_range)]
    pub(in crate::cli) ordered_at: Option<TimeRange>,
    /// Select the target whose hash begins with these digits, if several targets have the
    /// reference
    #[arg(long, value_name = "HEX")]
    pub(in crate::cli) target: Option<TargetPrefix>,
    /// Settle only what this run sent: its attempts, and no open one of another run
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) run: Option<String>,
}

/// State of an order in the ledger, as `--outcome` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StateArgument {
    /// The service accepted the order
    Accepted,
    /// The order was sent and its outcome is not known
    Unknown,
    /// The service definitely did not accept the order
    Failed,
    /// The order was accepted, and a later run read it with other content that is not acknowledged
    Changed,
}

/// Manual outcome of an order, as `--as` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DecisionArgument {
    /// The service has the order; it is not sent again
    Accepted,
    /// The service does not have the order; the next run sends it again
    Failed,
    /// The service has the order with other content; the change is not reported any more
    Acknowledged,
}

impl DecisionArgument {
    pub(in crate::cli) fn manual_decision(self) -> ManualDecision {
        match self {
            Self::Accepted => ManualDecision::Accepted,
            Self::Failed => ManualDecision::Failed,
            Self::Acknowledged => ManualDecision::Acknowledged,
        }
    }
}

impl FilterArguments {
    pub(in crate::cli) fn filter(&self) -> OrderFilter {
        let state = |state: &StateArgument| match state {
            StateArgument::Accepted => OrderState::Accepted,
            StateArgument::Unknown => OrderState::Unknown,
            StateArgument::Failed => OrderState::Failed,
            StateArgument::Changed => OrderState::Changed,
        };
        OrderFilter {
            references: self
                .reference
                .clone()
                .map_or(ReferencePattern::Any, ReferencePattern::Glob),
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

/// Time range of the typed precision: one day, one second or one millisecond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct TimeRange(pub(in crate::cli) Range<DateTime<Utc>>);

/// Parses a typed time. A day is one of UTC, since times are shown in UTC.
fn time_range(text: &str) -> Result<TimeRange, String> {
    let invalid = || {
        format!("invalid time {text:?}; expected for example 2026-11-22 or 2026-11-22T06:30:00Z")
    };
    if let Ok(day) = text.parse::<NaiveDate>() {
        let start = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
        let next = day.checked_add_days(Days::new(1)).ok_or_else(invalid)?;
        return Ok(TimeRange(start(day)..start(next)));
    }
    let start = DateTime::parse_from_rfc3339(text).map_err(|_| invalid())?.to_utc();
    // The ledger holds milliseconds, and `ledger list` shows them only where they are not zero.
    let length =
        if text.contains('.') { TimeDelta::milliseconds(1) } else { TimeDelta::seconds(1) };
    Ok(TimeRange(start..start.checked_add_signed(length).ok_or_else(invalid)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_range_has_the_typed_precision() {
        let range_text = |text| {
            time_range(text)
                .map(|TimeRange(range)| format!("{:?} {}", range.start, range.end - range.start))
        };
        assert_eq!(range_text("2026-11-22").unwrap(), "2026-11-22T00:00:00Z PT86400S");
        assert_eq!(range_text("2026-11-22T06:30:00+01:00").unwrap(), "2026-11-22T05:30:00Z PT1S");
        assert_eq!(
            range_text("2026-11-22T06:30:00.5Z").unwrap(),
            "2026-11-22T06:30:00.500Z PT0.001S"
        );
        for text in ["", "yesterday", "2026-11-31", "06:30"] {
            assert!(range_text(text).is_err(), "{text}");
        }
    }
}
