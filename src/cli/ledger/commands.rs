//! Subcommands of `orderferry ledger`: list, show, export, settle and adopt.
//!
//! Sends nothing. Listing and exporting stream order by order, so memory does not grow with the
//! ledger. Called by `entry`; the texts are in `text`.

use std::{io, ops::ControlFlow, process::ExitCode};

use anyhow::{Context, ensure};

use super::text;
use crate::{
    cli::{
        args::{
            AdoptArguments, ExportArguments, LedgerArguments, LedgerCommand, ListArguments,
            SettleArguments,
        },
        config::TargetSettings,
        error_list::ErrorList,
        print,
        small_file::read_bounded,
        spec,
        values::{ExportFormat, ListFormat},
    },
    ledger::{
        AdoptError, LedgerAdmin, LedgerError, LedgerLocation, LedgerOrder, OrderFilter,
        ReferencePattern, SettleError, SettleRequest,
    },
};

/// In place of a reference: read references from standard input.
const STDIN: &str = "-";

/// Size limit of the references on standard input, in bytes: some hundred thousand. More need
/// several calls.
const MAX_LIST_BYTES: u64 = 16 * 1024 * 1024;

/// Runs the subcommand. `errors` are those of its options.
pub(in crate::cli) fn run(
    arguments: &LedgerArguments,
    errors: ErrorList,
) -> anyhow::Result<ExitCode> {
    let location = spec::resolve_ledger(
        arguments.ledger.as_deref(),
        arguments.config.as_deref(),
        &arguments.set,
        errors,
    )?;
    let admin = &*location.open_admin();
    match &arguments.command {
        LedgerCommand::List(list) => self::list(admin, list),
        LedgerCommand::Show { reference } => show(admin, reference, &*location),
        LedgerCommand::Settle(orders) => settle(admin, orders, arguments.quiet),
        LedgerCommand::Export(arguments) => export(admin, arguments),
        LedgerCommand::Adopt(tenant) => adopt(admin, arguments, tenant),
        LedgerCommand::AcceptLoss => accept_loss(admin, &*location, arguments.quiet),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Whether an error is that another run holds the ledger.
pub(in crate::cli) fn is_locked(error: &anyhow::Error) -> bool {
    // Each operation wraps the ledger's error in its own type.
    matches!(error.downcast_ref(), Some(SettleError::Ledger(LedgerError::Locked { .. })))
        || matches!(error.downcast_ref(), Some(AdoptError::Ledger(LedgerError::Locked { .. })))
        || matches!(error.downcast_ref(), Some(LedgerError::Locked { .. }))
}

/// Whether a subcommand prints JSON, and so its error too.
pub(in crate::cli) fn prints_json(command: &LedgerCommand) -> bool {
    match command {
        LedgerCommand::List(list) => list.format == ListFormat::Json && !list.references,
        LedgerCommand::Export(export) => export.format == ExportFormat::Json,
        _ => false,
    }
}

/// Visits orders until a visit fails.
fn try_visit(
    admin: &dyn LedgerAdmin,
    filter: &OrderFilter,
    mut visit: impl FnMut(LedgerOrder) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut visited = Ok(());
    admin.visit(filter, &mut |order| {
        visited = visit(order);
        if visited.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    visited
}

fn list(admin: &dyn LedgerAdmin, arguments: &ListArguments) -> anyhow::Result<()> {
    let ListArguments { format, references, .. } = *arguments;
    // Printed with the first order: a list for people has no header if there are no orders.
    let mut header = (format == ListFormat::Text && !references).then(text::header);
    print::stream(|out| {
        if format == ListFormat::Csv && !references {
            out.raw(&text::csv_header())?;
        }
        try_visit(admin, &arguments.filter.filter(), |order| {
            if let Some(header) = header.take() {
                out.text(&header)?;
            }
            Ok(match format {
                _ if references => out.raw(&order.reference),
                ListFormat::Text => out.text(&text::line(&order)),
                ListFormat::Json => out.json(&text::json_line(&order)),
                ListFormat::Csv => out.raw(&text::csv_record(&order)),
            }?)
        })
    })
}

fn show(
    admin: &dyn LedgerAdmin,
    reference: &str,
    location: &dyn LedgerLocation,
) -> anyhow::Result<()> {
    let filter = OrderFilter {
        references: ReferencePattern::Exact(reference.to_owned()),
        ..OrderFilter::default()
    };
    let mut histories = Vec::new();
    admin.visit(&filter, &mut |order| {
        histories.push(text::history_text(&order));
        ControlFlow::Continue(())
    })?;
    ensure!(!histories.is_empty(), "the ledger {location} has no order {reference:?}");
    print::output(histories.join("\n").trim_end()).context("standard output")
}

fn export(admin: &dyn LedgerAdmin, arguments: &ExportArguments) -> anyhow::Result<()> {
    print::stream(|out| {
        if arguments.format == ExportFormat::Csv {
            out.raw(&text::submission_csv_header())?;
        }
        try_visit(admin, &arguments.filter.filter(), |order| {
            for submission in &order.submissions {
                match arguments.format {
                    ExportFormat::Json => out.json(&text::submission_line(&order, submission))?,
                    ExportFormat::Csv => out.raw(&text::submission_csv(&order, submission))?,
                }
            }
            Ok(())
        })
    })
}

fn settle(
    admin: &dyn LedgerAdmin,
    arguments: &SettleArguments,
    is_quiet: bool,
) -> anyhow::Result<()> {
    let request = SettleRequest {
        references: references(&arguments.references)?,
        decision: arguments.decision.manual_decision(),
        target: arguments.target.clone(),
        run: arguments.run.clone(),
        ordered_at: arguments.ordered_at.clone().map(|range| range.0),
    };
    let settled = admin.settle(&request)?;
    if is_quiet {
        return Ok(());
    }
    let lines: Vec<_> =
        settled.iter().map(|order| text::settled_text(order, arguments.decision)).collect();
    // The ledger is written by now; an error of standard output must not look like a failed
    // settlement.
    print::output(&lines.join("\n")).context("the orders are settled, but standard output")
}

fn adopt(
    admin: &dyn LedgerAdmin,
    arguments: &LedgerArguments,
    tenant: &AdoptArguments,
) -> anyhow::Result<()> {
    let typed = TargetSettings {
        base_url: tenant.base_url.clone(),
        client_key: tenant.client_key.clone(),
        ..TargetSettings::default()
    };
    let target = spec::resolve_target(
        typed,
        tenant.to.as_deref(),
        arguments.config.as_deref(),
        &arguments.set,
    )?;
    let adopted = admin.adopt(&tenant.from, &target)?;
    if arguments.quiet {
        return Ok(());
    }
    let base_url = &target.base_url;
    print::output(&format!(
        "adopted {adopted}\nits orders now belong to {base_url} with the given client key"
    ))
    .context("the target is adopted, but standard output")
}

fn accept_loss(
    admin: &dyn LedgerAdmin,
    location: &dyn LedgerLocation,
    is_quiet: bool,
) -> anyhow::Result<()> {
    admin.accept_loss()?;
    if is_quiet {
        return Ok(());
    }
    print::output(&format!(
        "the ledger {location} is accepted as it is; the next run that reads an order it does not hold sends that order"
    ))
    .context("the loss is accepted, but standard output")
}

/// Returns the typed references, and those on standard input if one of them is `-`.
fn references(typed: &[String]) -> anyhow::Result<Vec<String>> {
    let mut references: Vec<_> =
        typed.iter().filter(|reference| *reference != STDIN).cloned().collect();
    if references.len() < typed.len() {
        let read = read_bounded(io::stdin().lock(), MAX_LIST_BYTES).context("standard input")?;
        references.extend(read.lines().filter(|line| !line.is_empty()).map(str::to_owned));
    }
    ensure!(!references.is_empty(), "standard input has no references, expected one a line");
    Ok(references)
}
