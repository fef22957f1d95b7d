//! `orderferry ledger`: what the ledger holds, for people and their scripts, and what they say of orders. Sends nothing.
//! Orders go through one by one, however many there are.

mod args;
mod text;

use std::{io, path::Path, process::ExitCode};

use anyhow::{Context, ensure};

use super::{EXIT_LOCKED, args::OutputFormat, config::TargetSettings, print, spec};
use crate::{
    ledger::{
        self, AdoptError, LedgerAdmin, LedgerError, LedgerLocation, OrderFilter, ReferencePattern, SettleError,
        SettleRequest,
    },
    map::read_bounded,
};
pub(super) use args::LedgerArguments;
use args::{AdoptArguments, LedgerCommand, ListArguments, SettleArguments};

/// A reference that stands for those on standard input.
const STDIN: &str = "-";

/// Some hundred thousand references, in bytes: more are settled in several goes.
const MAX_LIST_BYTES: u64 = 16 * 1024 * 1024;

/// Does what was typed.
pub(super) fn run(arguments: &LedgerArguments) -> anyhow::Result<ExitCode> {
    let location = spec::resolve_ledger(arguments.ledger.as_deref(), arguments.config.as_deref(), &arguments.set)?;
    let path = &location.path;
    let done = match &arguments.command {
        LedgerCommand::List(list) => self::list(path, list),
        LedgerCommand::Show { reference } => show(path, reference),
        LedgerCommand::Settle(orders) => settle(&location, orders, arguments.quiet),
        LedgerCommand::Export(filter) => export(path, &filter.filter()),
        LedgerCommand::Adopt(tenant) => adopt(&location, arguments, tenant),
        LedgerCommand::AcceptLoss => accept_loss(&location, arguments.quiet),
    };
    match done {
        Err(error) if is_locked(&error) => {
            print::status(&format!("error: {error:#}"));
            Ok(ExitCode::from(EXIT_LOCKED))
        }
        done => done.map(|()| ExitCode::SUCCESS),
    }
}

fn is_locked(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(SettleError::Ledger(LedgerError::Locked { .. })))
        || matches!(error.downcast_ref(), Some(AdoptError::Ledger(LedgerError::Locked { .. })))
        || matches!(error.downcast_ref(), Some(LedgerError::Locked { .. }))
}

fn list(path: &Path, arguments: &ListArguments) -> anyhow::Result<()> {
    let admin = LedgerAdmin::open(path)?;
    let mut header = (arguments.format == OutputFormat::Text && !arguments.references).then(text::header);
    print::stream(|out| {
        admin.visit(&arguments.filter.filter(), |order| {
            if let Some(header) = header.take() {
                out.text(&header)?;
            }
            Ok(match arguments.format {
                _ if arguments.references => out.raw(&order.reference),
                OutputFormat::Text => out.text(&text::line(&order)),
                OutputFormat::Json => out.json(&text::json_line(&order)),
            }?)
        })
    })
}

fn show(path: &Path, reference: &str) -> anyhow::Result<()> {
    let filter = OrderFilter { references: ReferencePattern::Exact(reference.to_owned()), ..OrderFilter::default() };
    let mut histories = Vec::new();
    LedgerAdmin::open(path)?.visit(&filter, |order| {
        histories.push(text::history_text(&order));
        Ok::<_, LedgerError>(())
    })?;
    ensure!(!histories.is_empty(), "the ledger {} has no order {reference:?}", path.display());
    print::output(histories.join("\n").trim_end()).context("standard output")
}

fn export(path: &Path, filter: &OrderFilter) -> anyhow::Result<()> {
    let admin = LedgerAdmin::open(path)?;
    print::stream(|out| {
        admin.visit(filter, |order| {
            for submission in &order.submissions {
                out.json(&text::submission_line(&order, submission))?;
            }
            Ok(())
        })
    })
}

fn settle(location: &LedgerLocation, arguments: &SettleArguments, is_quiet: bool) -> anyhow::Result<()> {
    let request = SettleRequest {
        references: references(&arguments.references)?,
        decision: arguments.decision.manual_decision(),
        target: arguments.target.clone(),
        ordered_at: arguments.ordered_at.clone().map(|range| range.0),
    };
    let settled = ledger::settle(location, &request)?;
    if is_quiet {
        return Ok(());
    }
    let lines = settled.iter().map(|order| text::settled_text(order, arguments.decision));
    let lines: Vec<_> = lines.collect();
    print::output(&lines.join("\n")).context("the orders are settled, but standard output")
}

fn adopt(location: &LedgerLocation, arguments: &LedgerArguments, tenant: &AdoptArguments) -> anyhow::Result<()> {
    let typed = TargetSettings {
        base_url: tenant.base_url.clone(),
        client_key: tenant.client_key.clone(),
        ..TargetSettings::default()
    };
    let target = spec::resolve_target(typed, tenant.to.as_deref(), arguments.config.as_deref(), &arguments.set)?;
    let adopted = ledger::adopt(location, &tenant.from, &target)?;
    if arguments.quiet {
        return Ok(());
    }
    let base_url = &target.base_url;
    print::output(&format!("adopted {adopted}\nfrom now on it is {base_url} with the given client key"))
        .context("the target is adopted, but standard output")
}

fn accept_loss(location: &LedgerLocation, is_quiet: bool) -> anyhow::Result<()> {
    ledger::accept_loss(location)?;
    if is_quiet {
        return Ok(());
    }
    let path = location.path.display();
    print::output(&format!(
        "the ledger {path} is accepted as it is; orders that it does not hold are sent by the next run that reads them"
    ))
    .context("the loss is accepted, but standard output")
}

/// The references that are typed, and those on standard input where one of them says so.
fn references(typed: &[String]) -> anyhow::Result<Vec<String>> {
    let mut references: Vec<_> = typed.iter().filter(|reference| *reference != STDIN).cloned().collect();
    if references.len() < typed.len() {
        let read = read_bounded(io::stdin().lock(), MAX_LIST_BYTES).context("standard input")?;
        references.extend(read.lines().filter(|line| !line.is_empty()).map(str::to_owned));
    }
    ensure!(!references.is_empty(), "standard input names no order");
    Ok(references)
}
