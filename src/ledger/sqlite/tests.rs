//! Tests of the three views of a ledger in SQLite, through their traits.

mod admin;
mod integrity;
mod reader;
mod run;
mod settle;

use std::path::Path;

use crate::{
    ledger::{
        AttemptId, AttemptState, Consent, Intent, Ledger, LedgerError, LedgerReader, LedgerWrite,
        OrderKey, ReferenceHistory, at_path,
    },
    model::{
        planned::{ContentHash, DedupHash},
        target::Target,
    },
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

fn order(reference: &str) -> OrderKey {
    let ordered_at = "2025-01-01T16:17:16.123Z".parse().unwrap();
    OrderKey { reference: reference.into(), ordered_at, content: ContentHash([1; 16]) }
}

fn intend(reference: &str) -> LedgerWrite {
    let (status, dedup_hash) = ("PURCHASED".into(), Some(DedupHash([1; 16])));
    LedgerWrite::Intent(Intent {
        order: order(reference),
        status,
        money: None,
        item_count: 1,
        dedup_hash,
    })
}
