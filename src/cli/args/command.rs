//! Command-line arguments of all commands except `ledger`, as clap derives them.
//!
//! The doc comments of fields and variants are the help texts. Checks single values only; `spec`
//! combines the options with the settings of `config`.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, builder::FalseyValueParser};

use super::ledger::LedgerArguments;
use crate::{
    cli::values::{
        ByteSize, Deadline, InvalidLimit, OutputFormat, Rate, UnknownPolicy, deadline, duration,
        join_file, port,
    },
    model::{route::Mode, text_encoding::TextEncoding},
};

/// Sends an OMS's order exports to Sitecore Personalize: no order twice, none lost, all reported.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 120, disable_help_subcommand = true)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    pub(in crate::cli) command: Command,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Read, group and validate an export; send nothing
    Check(CheckArguments),
    /// Check an export, then send every valid order not sent before; run it again to resume
    Send(SendArguments),
    /// Look at an export and write a profile for it, with what it shows, guesses and open questions
    Init(InitArguments),
    /// List, export and settle the orders in the ledger
    Ledger(LedgerArguments),
    /// List the built-in profiles, print or check one, or print the JSON Schema of all
    Profiles(ProfilesArguments),
    /// Run a stand-in tenant on this machine that responds as the Stream API is documented to
    Sandbox(SandboxArguments),
    /// Explain a problem code and how to fix what it reports; without a code, list all
    Explain {
        /// Problem code, as in reports and results
        code: Option<String>,
    },
    /// Print a topic of the manual or the help of a command; without a name, list the topics
    Help {
        /// Topic or command
        #[arg(value_name = "TOPIC|COMMAND")]
        path: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CheckArguments {
    /// Files, folders or globs to read; - is standard input. CSV or NDJSON, also compressed (.gz,
    /// .zst)
    #[arg(required = true, value_name = "INPUT")]
    pub(in crate::cli) inputs: Vec<String>,
    /// Write the events that a send would send to this new file, one JSON object a line, in the
    /// order of sending
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) events: Option<PathBuf>,
    /// Print how the order of this reference came to be, and its events in clear; may be repeated
    #[arg(long, value_name = "REF")]
    pub(in crate::cli) explain: Vec<String>,
    /// Print the same of the first N orders
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(in crate::cli) explain_first: usize,
    #[command(flatten)]
    pub(in crate::cli) read: ReadArguments,
    #[command(flatten)]
    pub(in crate::cli) target: TargetArguments,
    #[command(flatten)]
    pub(in crate::cli) pace: PaceArguments,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct InitArguments {
    /// Files of one export, or globs: the orders, and what belongs to them, such as a file of items
    /// or customers
    #[arg(required = true, value_name = "INPUT")]
    pub(in crate::cli) inputs: Vec<String>,
    /// Write the profile to this new file [default: the name of the first input, with .toml]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Ask nothing; leave what only a person can know as open questions
    #[arg(long)]
    pub(in crate::cli) yes: bool,
    /// Read the export in this encoding, such as windows-1252 or cp850 [default: what its bytes
    /// prove, else a question]
    #[arg(long, value_name = "LABEL")]
    pub(in crate::cli) encoding: Option<TextEncoding>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a command-line flag")]
#[derive(Debug, Args)]
pub(in crate::cli) struct SendArguments {
    /// Files, folders or globs to read; - is standard input. CSV or NDJSON, also compressed (.gz,
    /// .zst)
    #[arg(required_unless_present = "resume", conflicts_with = "resume", value_name = "INPUT")]
    pub(in crate::cli) inputs: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) read: ReadArguments,
    #[command(flatten)]
    pub(in crate::cli) target: TargetArguments,
    #[command(flatten)]
    pub(in crate::cli) pace: PaceArguments,
    /// Continue with the saved plan in this run folder, without the export
    // `spec` refuses what the plan has decided.
    #[arg(long, value_name = "RUN", help_heading = "Sending")]
    pub(in crate::cli) resume: Option<PathBuf>,
    /// Create the ledger, on the first run; refused if the ledger already holds an attempt to send
    /// an order
    // A plan belongs to a ledger that exists.
    #[arg(long, conflicts_with = "resume", help_heading = "Sending")]
    pub(in crate::cli) new_ledger: bool,
    /// Send to a target that the ledger does not hold yet, in addition to those it holds: another
    /// tenant, not a new key of the same one
    #[arg(long, help_heading = "Sending")]
    pub(in crate::cli) new_target: bool,
    /// Send to a sandbox inside this process; it ends with the process
    #[arg(long, conflicts_with_all = ["to", "base_url"], help_heading = "Sending")]
    pub(in crate::cli) sandbox: bool,
    /// Inject the faults that this TOML file describes into the sandbox, such as
    /// samples/bad-night.toml
    #[arg(long, value_name = "FILE", requires = "sandbox", conflicts_with_all = ["to", "base_url"], help_heading = "Sending")]
    pub(in crate::cli) faults: Option<PathBuf>,
    /// Override a setting of the fault file, such as late=2% or seed=7; may be repeated
    #[arg(long, value_name = "KEY=VALUE", requires = "sandbox", conflicts_with_all = ["to", "base_url"], help_heading = "Sending")]
    pub(in crate::cli) fault: Vec<String>,
    /// Wait at most this long for one response [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Sending")]
    pub(in crate::cli) timeout: Option<Duration>,
    /// Stop after sending N orders
    #[arg(long, value_name = "N", help_heading = "Sending")]
    pub(in crate::cli) limit: Option<usize>,
    /// Stop starting requests after this duration, or at this local time of day, and leave the
    /// rest for the next run
    #[arg(long, value_name = "DURATION|HH:MM", value_parser = deadline, help_heading = "Sending")]
    pub(in crate::cli) deadline: Option<Deadline>,
    /// Choose what to do with orders whose outcome an earlier run left unknown
    #[arg(long, value_enum, default_value_t = UnknownPolicy::Hold, help_heading = "Sending")]
    pub(in crate::cli) unknown: UnknownPolicy,
    /// Send orders older than 30 days too, which may trigger live campaigns; without it only newer
    /// ones are sent
    #[arg(long, help_heading = "Sending")]
    pub(in crate::cli) backfill: bool,
}

/// Pace of sending. `check` takes it too: the pace decides whether an order of many events fits its
/// session.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sending")]
pub(in crate::cli) struct PaceArguments {
    // Defaults are not clap's: the config file ranks below an option and above its default.
    /// Start at most N requests in any second, such as 20/s; "unlimited" for targets on this
    /// machine only [default: 20/s]
    #[arg(long, value_name = "N/s")]
    pub(in crate::cli) rate: Option<Rate>,
    /// Keep at most N requests in flight, waiting for a response [default: 64]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) in_flight: Option<usize>,
    /// Wait this long between an accepted IDENTITY and the event that follows it [default: 500ms]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(in crate::cli) identity_pause: Option<Duration>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReadArguments {
    /// Read the export with this built-in profile or TOML file [default: canonical]
    #[arg(long, value_name = "NAME|FILE")]
    pub(in crate::cli) profile: Option<String>,
    /// Answer an open question of the profile, such as order.orderedAt.zone=Europe/Berlin; may be
    /// repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(in crate::cli) answer: Vec<String>,
    /// Read the file of a [[join]] of the profile from here, such as customer=customers.csv; may be
    /// repeated
    #[arg(long, value_name = "NAME=FILE", value_parser = join_file)]
    pub(in crate::cli) join: Vec<(String, String)>,
    /// Read the export in this encoding, such as windows-1252, utf-16le or cp850 [default: the
    /// profile's, or utf-8]
    #[arg(long, value_name = "LABEL")]
    pub(in crate::cli) encoding: Option<TextEncoding>,
    /// Read settings from this file [default: orderferry.toml in the working folder, if there is
    /// one]
    // Only options that are no settings have a variable here: `config::load` reads the others, so
    // that they override the file and are overridden by options.
    #[arg(long, value_name = "FILE", env = "ORDERFERRY_CONFIG", hide_env = true)]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Write the run folder to this path [default: orderferry-runs/<run id>]
    #[arg(long, value_name = "DIR", env = "ORDERFERRY_OUT", hide_env = true)]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Write results.csv and problems.csv next to results.ndjson, to open in a spreadsheet
    #[arg(long)]
    pub(in crate::cli) results_csv: bool,
    /// Send nothing if more orders than this (of those not skipped) are invalid [default: 10%, but
    /// at least 5 orders]
    #[arg(long, value_name = "N|P%")]
    pub(in crate::cli) max_invalid: Option<InvalidLimit>,
    /// Limit the memory for sorting and grouping to SIZE; the rest spills to the run folder
    /// [default: 256MB]
    #[arg(long, value_name = "SIZE")]
    pub(in crate::cli) memory: Option<ByteSize>,
    /// Limit request URLs to N bytes, the longest that the service accepts [default: 8192]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_url_bytes: Option<usize>,
    /// Use this ledger, the record of what was sent [default: orderferry-ledger.db next to the
    /// config file, else in ~/.local/state/orderferry]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ledger: Option<PathBuf>,
    /// Override a setting of the config file; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(in crate::cli) set: Vec<String>,
    /// Print the summary as text, or as one line of JSON and nothing else
    #[arg(long, value_enum, default_value_t = OutputFormat::Text, env = "ORDERFERRY_FORMAT", hide_env = true)]
    pub(in crate::cli) format: OutputFormat,
    /// Print no progress, and nothing on success
    // `FalseyValueParser`: ORDERFERRY_QUIET=0 and ORDERFERRY_QUIET=no mean no.
    #[arg(long, env = "ORDERFERRY_QUIET", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(in crate::cli) quiet: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Target")]
pub(in crate::cli) struct TargetArguments {
    /// Use this target of the config file
    #[arg(long, value_name = "NAME", env = "ORDERFERRY_TO", hide_env = true)]
    pub(in crate::cli) to: Option<String>,
    /// Set the target's base URL, such as <https://api-engage-eu.sitecorecloud.io>
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) base_url: Option<String>,
    /// Set the tenant's client key; better in the environment, as `ORDERFERRY_CLIENT_KEY`
    #[arg(long, value_name = "KEY")]
    pub(in crate::cli) client_key: Option<String>,
    /// Set the point of sale where the export has none; one that the tenant does not know loses
    /// orders silently
    #[arg(long)]
    pub(in crate::cli) pos: Option<String>,
    /// Set the events' channel where the export has none [default: WEB]
    #[arg(long)]
    pub(in crate::cli) channel: Option<String>,
    /// Set the events' language where the export has none [default: EN]
    #[arg(long)]
    pub(in crate::cli) language: Option<String>,
    /// Set the events' currency where the export has none [default: the order's]
    #[arg(long)]
    pub(in crate::cli) currency: Option<String>,
    /// Set the events' page where the export has none [default: oms-import]
    #[arg(long)]
    pub(in crate::cli) page: Option<String>,
    /// Send an order as one ORDER_CHECKOUT (single), assembled from several events (multi), or as
    /// one where it fits, else assembled (auto) [default: the profile's, or single]
    #[arg(long)]
    pub(in crate::cli) mode: Option<Mode>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ProfilesArguments {
    /// What to do; `None` lists the built-in profiles.
    #[command(subcommand)]
    pub(in crate::cli) command: Option<ProfilesCommand>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ProfilesCommand {
    /// Print a built-in profile
    Show {
        /// Name of the profile
        name: String,
    },
    /// Check a profile and those that it extends, without an export: print every error and every
    /// open question; the exit code is 2 if there is one
    Check {
        /// TOML file, or name of a built-in profile
        #[arg(value_name = "FILE")]
        name: String,
        /// Answer an open question, such as order.orderedAt.zone=Europe/Berlin; may be repeated
        #[arg(long, value_name = "KEY=VALUE")]
        answer: Vec<String>,
        /// Print text, or one line of JSON and nothing else
        #[arg(long, value_enum, default_value_t = OutputFormat::Text, env = "ORDERFERRY_FORMAT", hide_env = true)]
        format: OutputFormat,
    },
    /// Print the JSON Schema of profiles, for editors
    Schema,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SandboxArguments {
    // Defaults are clap's here: this command reads no config file.
    /// Listen on this port of 127.0.0.1; 0 picks a free one
    #[arg(long, value_parser = port, default_value_t = 8642)]
    pub(in crate::cli) port: u16,
    /// Accept only this client key [default: any]
    #[arg(long, value_name = "KEY")]
    pub(in crate::cli) client_key: Option<String>,
    /// Know this point of sale; may be repeated [default: any]
    #[arg(long)]
    pub(in crate::cli) pos: Vec<String>,
    /// Accept URLs of at most N bytes
    #[arg(long, value_name = "N", default_value_t = 8192)]
    pub(in crate::cli) max_url_bytes: usize,
    /// Count a cart as abandoned after its browser was silent for this long
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30min")]
    pub(in crate::cli) session_timeout: Duration,
    /// Inject the faults that this TOML file describes, such as samples/bad-night.toml
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) faults: Option<PathBuf>,
    /// Override a setting of the fault file, such as late=2% or seed=7; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(in crate::cli) fault: Vec<String>,
}
