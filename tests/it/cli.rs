//! The program as a user meets it: what is typed, read, set and left behind, with its messages and exit codes.

mod assembled;
mod carts;
mod changed;
mod faults;
mod inputs;
mod ledger;
mod mended;
mod old_orders;
mod output;
mod report;
mod respelt;
mod resume;
mod settings;
mod steering;
mod types;
mod wrong_ledger;
