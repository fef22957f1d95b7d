//! Tests of the three views of a ledger in SQLite, through their traits.

mod admin;
mod reader;
mod run;
mod settle;

use std::path::Path;

use crate::{
    ledger::{
        Consent, Ledger, LedgerError, LedgerLocation, LedgerReader, ReferenceHistory, open_to_read, open_to_write,
    },
    model::target::Target,
};

fn target(key: &str) -> Target {
    Target { base_url: "https://stream.example".into(), client_key: key.into() }
}

fn open(path: &Path, key: &str, run: &str) -> Result<Box<dyn Ledger>, LedgerError> {
    open_to_write(&LedgerLocation::at(path.into()), &target(key), run, Consent::NotNeeded)
}

fn open_existing(path: &Path, key: &str) -> Result<Option<Box<dyn LedgerReader>>, LedgerError> {
    open_to_read(&LedgerLocation::at(path.into()), &target(key))
}

fn history(ledger: &dyn Ledger, reference: &str) -> ReferenceHistory {
    ledger.reader().unwrap().history(&[reference]).unwrap().remove(0)
}
