//! Tests of the command line: arguments, inputs, settings, output files, messages and exit codes.

mod amounts;
mod broken_profiles;
mod changed_orders;
mod configuration;
mod csv_dialects;
mod csv_files;
mod dates;
mod encodings;
mod events;
mod explained_orders;
mod extension_types;
mod fault_injection;
mod fill_down;
mod headings;
mod identity;
mod inputs;
mod ledger;
mod ledger_safety;
mod leftover_carts;
mod multi_mode;
#[cfg(unix)]
mod next_steps;
mod old_orders;
mod outcome_diagnostics;
mod output;
mod profile_extension;
mod regressions;
mod repaired_rejects;
mod report;
mod respelled_references;
mod resume;
mod rows;
mod rule_choice;
mod settings;
mod severity;
mod terminal_escapes;
