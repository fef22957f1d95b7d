//! Tests of the three views of a ledger in SQLite, through their traits.

mod admin;
mod reader;
mod run;
mod settle;

use std::path::Path;

use crate::{
    ledger::{
        AttemptId, AttemptState, Consent, Ledger, LedgerError, LedgerReader, LedgerWrite,
        ReferenceHistory, at_path,
    },
    model::target::Target,
};

fn target(key: &str) -> Target {
    Target { base_url: "https://stream.example".into(), client_key: key.into() }
}

fn open(path: &Path, key: &str, run: &str) -> Result<Box<dyn Ledger>, LedgerError> {
    at_path(path.into()).open_to_write(&target(key), run, Consent::NotNeeded)
}

fn open_existing(path: &Path, key: &str) -> Result<Option<Box<dyn LedgerReader>>, LedgerError> {
    at_path(path.into()).open_to_read(&target(key))
}

fn outcome(attempt: i64, state: AttemptState) -> LedgerWrite {
    LedgerWrite::Outcome { attempt: AttemptId(attempt), state, types: Vec::new() }
}

fn history(ledger: &dyn Ledger, reference: &str) -> ReferenceHistory {
    ledger.reader().unwrap().history(&[reference]).unwrap().remove(0)
}
