//! What can be typed.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::FalseyValueParser};

use super::{
    config::{ByteSize, InvalidLimit, Rate, duration},
    faults,
    ledger::LedgerArguments,
    signals::{Deadline, deadline},
};
use crate::{model::route::Mode, sandbox};

/// Ferries an OMS's order exports into Sitecore Personalize: never twice, never lost, always told.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 120)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Reads, groups and validates an export; sends nothing
    Check(CheckArguments),
    /// Checks an export, then sends every valid order that was not sent before. Run again, it goes on
    Send(SendArguments),
    /// Lists, exports and settles what the ledger holds
    Ledger(LedgerArguments),
    /// Lists the built-in profiles, or prints one
    Profiles(ProfilesArguments),
    /// Runs a stand-in tenant on this machine that answers as the Stream API is documented to
    Sandbox(SandboxArguments),
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// Files, folders or globs; - is standard input. CSV or NDJSON, .gz and .zst too
    #[arg(required = true, value_name = "INPUT")]
    pub(super) inputs: Vec<String>,
    #[command(flatten)]
    pub(super) read: ReadArguments,
    #[command(flatten)]
    pub(super) target: TargetArguments,
    #[command(flatten)]
    pub(super) pace: PaceArguments,
}

#[expect(clippy::struct_excessive_bools, reason = "each is an option that is there or not")]
#[derive(Debug, Args)]
pub(super) struct SendArguments {
    /// Files, folders or globs; - is standard input. CSV or NDJSON, .gz and .zst too
    #[arg(required_unless_present = "resume", conflicts_with = "resume", value_name = "INPUT")]
    pub(super) inputs: Vec<String>,
    #[command(flatten)]
    pub(super) read: ReadArguments,
    #[command(flatten)]
    pub(super) target: TargetArguments,
    #[command(flatten)]
    pub(super) pace: PaceArguments,
    /// Go on with the plan in that run's folder, without the export
    #[arg(long, value_name = "RUN", conflicts_with_all = ["profile", "max_invalid", "mode"], help_heading = "Sending")]
    pub(super) resume: Option<PathBuf>,
    /// Make the ledger: this is the first run. Refused where the ledger holds an attempt to send an order
    #[arg(long, conflicts_with = "resume", help_heading = "Sending")]
    pub(super) new_ledger: bool,
    /// Send to a target that the ledger does not hold beside those that it holds: another tenant, not a new key of the same
    #[arg(long, help_heading = "Sending")]
    pub(super) new_target: bool,
    /// Send to a sandbox inside this process, which ends with it
    #[arg(long, conflicts_with_all = ["to", "base_url"], help_heading = "Sending")]
    pub(super) sandbox: bool,
    /// A TOML file of faults that the sandbox has, such as samples/bad-night.toml
    #[arg(long, value_name = "FILE", requires = "sandbox", conflicts_with_all = ["to", "base_url"], help_heading = "Sending")]
    pub(super) faults: Option<PathBuf>,
    /// Overrides any setting of the faults' file, such as late=2% or seed=7; may be repeated
    #[arg(long, value_name = "KEY=VALUE", requires = "sandbox", conflicts_with_all = ["to", "base_url"], help_heading = "Sending")]
    pub(super) fault: Vec<String>,
    /// How long to wait for one answer [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Sending")]
    pub(super) timeout: Option<Duration>,
    /// Settle at most so many orders in this run
    #[arg(long, value_name = "N", help_heading = "Sending")]
    pub(super) limit: Option<usize>,
    /// Stop starting requests after this time, or at this time of day, and leave the rest for the next run
    #[arg(long, value_name = "DURATION|HH:MM", value_parser = deadline, help_heading = "Sending")]
    pub(super) deadline: Option<Deadline>,
    /// What to do with orders whose outcome an earlier run left unknown
    #[arg(long, value_enum, default_value_t = UnknownPolicy::Hold, help_heading = "Sending")]
    pub(super) unknown: UnknownPolicy,
    /// Send orders older than 30 days too, which may trigger live campaigns; without it only the others are sent
    #[arg(long, help_heading = "Sending")]
    pub(super) backfill: bool,
}

/// How fast orders are sent, which says too whether one of many events can make it in time.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sending")]
pub(super) struct PaceArguments {
    /// The most requests started in any second, such as 20/s; "unlimited" for targets on this machine only [default: 20/s]
    #[arg(long, value_name = "N/s")]
    pub(super) rate: Option<Rate>,
    /// The most requests waiting for an answer [default: 64]
    #[arg(long, value_name = "N")]
    pub(super) in_flight: Option<usize>,
    /// How long to wait between an accepted IDENTITY and the event that follows it [default: 500ms]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) identity_pause: Option<Duration>,
}

#[derive(Debug, Args)]
pub(super) struct ReadArguments {
    /// How to read the export: a built-in profile or a TOML file [default: canonical]
    #[arg(long, value_name = "NAME|FILE")]
    pub(super) profile: Option<String>,
    /// Settings [default: orderferry.toml in the working folder, if there is one]
    #[arg(long, value_name = "FILE", env = "ORDERFERRY_CONFIG", hide_env = true)]
    pub(super) config: Option<PathBuf>,
    /// The run folder [default: orderferry-runs/<run id>]
    #[arg(long, value_name = "DIR", env = "ORDERFERRY_OUT", hide_env = true)]
    pub(super) out: Option<PathBuf>,
    /// More invalid orders than this (of those not skipped) and nothing is sent [default: 10%, but at least 5 orders]
    #[arg(long, value_name = "N|P%")]
    pub(super) max_invalid: Option<InvalidLimit>,
    /// What grows with the export may hold so much in memory; the rest of it goes to the run folder [default: 256MB]
    #[arg(long, value_name = "SIZE")]
    pub(super) memory: Option<ByteSize>,
    /// The longest URL that the service takes, in bytes [default: 8192]
    #[arg(long, value_name = "N")]
    pub(super) max_url_bytes: Option<usize>,
    /// What was sent before [default: orderferry-ledger.db beside the config file, else in ~/.local/state/orderferry]
    #[arg(long, value_name = "FILE")]
    pub(super) ledger: Option<PathBuf>,
    /// Overrides any setting of the config file; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// The summary in words, or as one line of JSON and nothing else
    #[arg(long, value_enum, default_value_t = OutputFormat::Text, env = "ORDERFERRY_FORMAT", hide_env = true)]
    pub(super) format: OutputFormat,
    /// No progress, no words on success
    #[arg(long, env = "ORDERFERRY_QUIET", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Target")]
pub(super) struct TargetArguments {
    /// A target of the config file
    #[arg(long, value_name = "NAME", env = "ORDERFERRY_TO", hide_env = true)]
    pub(super) to: Option<String>,
    /// Such as <https://api-engage-eu.sitecorecloud.io>
    #[arg(long, value_name = "URL")]
    pub(super) base_url: Option<String>,
    /// The tenant's key; better in the environment, as `ORDERFERRY_CLIENT_KEY`
    #[arg(long, value_name = "KEY")]
    pub(super) client_key: Option<String>,
    /// The point of sale, where the export has none; one that the tenant does not know loses orders silently
    #[arg(long)]
    pub(super) pos: Option<String>,
    /// The events' channel, where the export has none [default: WEB]
    #[arg(long)]
    pub(super) channel: Option<String>,
    /// The events' language, where the export has none [default: EN]
    #[arg(long)]
    pub(super) language: Option<String>,
    /// The events' currency, where the export has none [default: the order's]
    #[arg(long)]
    pub(super) currency: Option<String>,
    /// The events' page, where the export has none [default: oms-import]
    #[arg(long)]
    pub(super) page: Option<String>,
    /// How an order is sent: as one ORDER_CHECKOUT, assembled from several events, or whichever can carry it: single,
    /// multi or auto [default: the profile's, or single]
    #[arg(long)]
    pub(super) mode: Option<Mode>,
}

/// What is done with orders of which nobody knows whether the service has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum UnknownPolicy {
    /// Nothing, until someone has looked
    Hold,
    /// They are sent again, though they may be there
    Resend,
}

/// The form of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// Words
    Text,
    /// One line of JSON
    Json,
}

#[derive(Debug, Args)]
pub(super) struct ProfilesArguments {
    #[command(subcommand)]
    show: Option<Show>,
}

#[derive(Debug, Subcommand)]
enum Show {
    /// Prints a built-in profile
    Show {
        /// Its name
        name: String,
    },
}

impl ProfilesArguments {
    /// The profile to print, or none to list them.
    pub(super) fn show(&self) -> Option<&str> {
        self.show.as_ref().map(|Show::Show { name }| name.as_str())
    }
}

#[derive(Debug, Args)]
pub(super) struct SandboxArguments {
    /// The port on 127.0.0.1; 0 for any
    #[arg(long, default_value_t = 8642)]
    port: u16,
    /// The only client key that it takes [default: any]
    #[arg(long, value_name = "KEY")]
    client_key: Option<String>,
    /// A point of sale that it knows; may be repeated [default: any]
    #[arg(long)]
    pos: Vec<String>,
    /// The longest URL that it takes, in bytes
    #[arg(long, value_name = "N", default_value_t = 8192)]
    max_url_bytes: usize,
    /// How long a browser may be silent before its cart counts as abandoned
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30min")]
    session_timeout: Duration,
    /// A TOML file of faults that it has, such as samples/bad-night.toml
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Overrides any setting of the faults' file, such as late=2% or seed=7; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    fault: Vec<String>,
}

impl SandboxArguments {
    pub(super) fn settings(&self) -> anyhow::Result<sandbox::SandboxSettings> {
        Ok(sandbox::SandboxSettings {
            port: self.port,
            client_key: self.client_key.clone(),
            pos: self.pos.clone(),
            max_url_bytes: self.max_url_bytes,
            session_timeout: self.session_timeout,
            faults: faults::load(self.faults.as_deref(), &self.fault)?,
        })
    }
}
