//! Command-line arguments, as clap derives them: those of `ledger` in `ledger`, all others in
//! `command`.
//!
//! Checks single values only and runs nothing. Read by `entry`, `spec` and the commands.

mod command;
mod ledger;

pub(super) use command::{
    Arguments, CheckArguments, Command, InitArguments, PaceArguments, ProfilesCommand,
    ReadArguments, SandboxArguments, SendArguments, TargetArguments,
};
pub(super) use ledger::{
    AdoptArguments, DecisionArgument, ExportArguments, LedgerArguments, LedgerCommand,
    ListArguments, SettleArguments,
};
