//! The program as a user meets it: what is typed, read, set and left behind, with its messages and exit codes.

mod inputs;
mod ledger;
mod mended;
mod output;
mod report;
mod settings;
