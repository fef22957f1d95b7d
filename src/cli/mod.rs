//! Command line: parses arguments and settings, runs the command, shows progress, sets the exit
//! code.
//!
//! The only module that prints. It decides nothing about orders: `spec` turns options and settings
//! into a `RunSpec`, and `pipeline::run` does the work. It knows `pipeline`, the embedded sandbox,
//! the built-in profiles, `sniff`, the ledger's administration (`LedgerAdmin`) and the settings of the
//! stages. Called by `main.rs`.
//!
//! `entry` parses the command line and calls the command: `run` (check and send), `ledger`,
//! `init`, `sandbox`, `profiles`, `explain` or `help`. `args`, `config` and `values` say what was typed,
//! `spec` what it means.

mod args;
mod clock;
mod config;
mod diagnostics;
mod entry;
mod error_list;
mod exit;
mod explain;
mod faults;
mod folding;
mod help;
mod init;
mod init_questions;
mod ledger;
mod option_values;
mod origins;
mod preview;
mod print;
mod profile_files;
mod profiles;
mod progress;
mod progress_line;
mod progress_terminal;
mod ranges;
mod reflow;
mod run;
mod run_values;
mod sandbox;
mod setting_names;
mod setup;
mod signals;
mod small_file;
mod spec;
mod trace;
mod typed;
mod values;

pub use entry::main;
