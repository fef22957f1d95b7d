//! `orderferry ledger`: what the ledger holds, for people and their scripts, and what they say of orders. Sends nothing.
//! Orders go through one by one, however many there are.

mod args;
mod words;

use std::{io, path::Path, process::ExitCode};

use anyhow::{Context, ensure};

use super::{HELD, args::Format, job, print};
use crate::{
    ledger::{Book, Filter, LedgerError, References, SettleError, Settlement},
    map::read_bounded,
};
pub(super) use args::LedgerArguments;
use args::{LedgerCommand, ListArguments, SettleArguments};

/// A reference that stands for those on standard input.
const STDIN: &str = "-";

/// Some hundred thousand references, in bytes: more are settled in several goes.
const LONGEST_LIST: u64 = 16 * 1024 * 1024;

/// Does what was typed.
pub(super) fn run(arguments: &LedgerArguments) -> anyhow::Result<ExitCode> {
    let path = job::ledger_of(arguments.ledger.as_deref(), arguments.config.as_deref(), &arguments.set)?;
    let done = match &arguments.command {
        LedgerCommand::List(list) => self::list(&path, list),
        LedgerCommand::Show { reference } => show(&path, reference),
        LedgerCommand::Settle(orders) => settle(&path, orders, arguments.quiet),
        LedgerCommand::Export(filter) => export(&path, &filter.filter()),
    };
    match done {
        Err(error) if is_held(&error) => {
            print::talk(&format!("error: {error:#}"));
            Ok(ExitCode::from(HELD))
        }
        done => done.map(|()| ExitCode::SUCCESS),
    }
}

fn is_held(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(SettleError::Ledger(LedgerError::Held { .. })))
}

fn list(path: &Path, arguments: &ListArguments) -> anyhow::Result<()> {
    let book = Book::open(path)?;
    let mut header = (arguments.format == Format::Text && !arguments.references).then(words::header);
    print::stream(|out| {
        book.visit(&arguments.filter.filter(), |order| {
            if let Some(header) = header.take() {
                out.text(&header)?;
            }
            Ok(match arguments.format {
                _ if arguments.references => out.exact(&order.reference),
                Format::Text => out.text(&words::line(&order)),
                Format::Json => out.json(&words::json_line(&order)),
            }?)
        })
    })
}

fn show(path: &Path, reference: &str) -> anyhow::Result<()> {
    let filter = Filter { references: References::Is(reference.to_owned()), ..Filter::default() };
    let mut stories = Vec::new();
    Book::open(path)?.visit(&filter, |order| {
        stories.push(words::story(&order));
        Ok::<_, LedgerError>(())
    })?;
    ensure!(!stories.is_empty(), "the ledger {} has no order {reference:?}", path.display());
    print::data(stories.join("\n").trim_end()).context("standard output")
}

fn export(path: &Path, filter: &Filter) -> anyhow::Result<()> {
    let book = Book::open(path)?;
    print::stream(|out| {
        book.visit(filter, |order| {
            for sending in &order.sendings {
                out.json(&words::sending_line(&order, sending))?;
            }
            Ok(())
        })
    })
}

fn settle(path: &Path, arguments: &SettleArguments, is_quiet: bool) -> anyhow::Result<()> {
    let mut book = Book::open(path)?;
    let settled = book.settle(&Settlement {
        references: references(&arguments.references)?,
        verdict: arguments.verdict.by_hand(),
        target: arguments.target.clone(),
        ordered_at: arguments.ordered_at.clone().map(|moment| moment.0),
    })?;
    if is_quiet {
        return Ok(());
    }
    let lines = settled.iter().map(|order| words::settled(order, arguments.verdict));
    let lines: Vec<_> = lines.collect();
    print::data(&lines.join("\n")).context("the orders are settled, but standard output")
}

/// The references that are typed, and those on standard input where one of them says so.
fn references(typed: &[String]) -> anyhow::Result<Vec<String>> {
    let mut references: Vec<_> = typed.iter().filter(|reference| *reference != STDIN).cloned().collect();
    if references.len() < typed.len() {
        let read = read_bounded(io::stdin().lock(), LONGEST_LIST).context("standard input")?;
        references.extend(read.lines().filter(|line| !line.is_empty()).map(str::to_owned));
    }
    ensure!(!references.is_empty(), "standard input names no order");
    Ok(references)
}
