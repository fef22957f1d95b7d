//! Specification of a run, and its result: what the caller of the pipeline sets and gets.
//!
//! It reads no settings itself; `cli` translates them. Used by all files of the pipeline.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{
    guards::MaxInvalid,
    memory::MemoryBudget,
    target::{IDENTIFY_REQUESTS, ServiceSettings},
};
use crate::{
    dispatch,
    disposition::{AgeLimit, BackfillGuard, ChangedExit, DispositionRules, in_days},
    group::GroupSettings,
    ledger::{Consent, Ledger, LedgerError, LedgerLocation, LedgerReader},
    map::{SideTable, profile::Profile},
    model::{
        diagnostic::{Diagnostic, Diagnostics},
        field::AttributeTypes,
        order_trace::ExplainedOrders,
        problem::Code,
        progress::{Progress, ProgressFn},
        route::Mode,
        target::Target,
    },
    read::{ReadLimits, ReadSettings, inputs},
    report::{
        RecorderSettings, RunSetup,
        estimate::{OldOrdersRule, SendNotes},
        summary::Summary,
    },
    sandbox::Sandbox,
    shuffle::{self, ShuffleSettings},
    storage::{RunFolder, Storage},
    validate,
};

/// Approximate bytes of an order's result and of its entry for repeated content.
const RESULT_BYTES: u64 = 320;

/// Specification of a run: what to read, how to check it, and whether to send it.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of the user of its own")]
pub struct RunSpec<'a> {
    /// The run's id, which the ledger stores with each attempt.
    pub run_id: String,
    /// How the run was set up, for its report.
    pub setup: RunSetup,
    /// Start of the run; the age of orders is measured from it.
    pub started_at: DateTime<Utc>,
    /// Files, folders, globs, or `-` for standard input.
    pub inputs: Vec<String>,
    /// The files of joins that the command line names, each with the name of its join.
    pub joins: Vec<(String, String)>,
    /// Where the inputs are, and the plan of an earlier run.
    pub storage: Arc<dyn Storage>,
    /// How to read the inputs.
    pub profile: Profile,
    /// Whether unreadable rows whose order is not known are only counted. Otherwise they end the
    /// run.
    pub accepts_unreadable: bool,
    /// Limits that a hostile input must not exceed.
    pub limits: ReadLimits,
    /// Memory budget in bytes for everything that grows with the export; the rest spills to the
    /// run folder.
    pub memory: u64,
    /// The run folder.
    pub folder: PathBuf,
    /// Whether `results.csv` and `problems.csv` are written too.
    pub writes_csv: bool,
    /// When rows of the export are read again, to show what is wrong in them.
    pub show_rows: ShowRows,
    /// The file of the events that a check writes; none if it writes none.
    pub events: Option<PathBuf>,
    /// The orders that a check explains.
    pub explain: ExplainSpec,
    /// The settings that the check depends on.
    pub validate: validate::ValidateSettings,
    /// The service that orders are sent to, and how it takes them.
    pub service: ServiceSettings,
    /// Maximum invalid orders; with more, nothing is sent.
    pub max_invalid: MaxInvalid,
    /// Age above which a send leaves orders out; none with `--backfill`.
    pub age_limit: Option<AgeLimit>,
    /// Whether orders of one reference are sent if they are two or more days apart.
    pub sends_reused_references: bool,
    /// Whether a changed order sets the exit code once or until it is acknowledged.
    pub changed_exit: ChangedExit,
    /// The ledger with the attempts of earlier runs.
    pub ledger: Box<dyn LedgerLocation>,
    /// Whether a target is named, to look its orders up in the ledger. A check may name none.
    pub has_target: bool,
    /// How to send valid orders; none for a check.
    pub send: Option<SendSpec<'a>>,
}

/// The orders that a check explains.
#[derive(Debug, Clone, Default)]
pub struct ExplainSpec {
    /// Their references or order keys.
    pub references: Vec<String>,
    /// The number of further orders, from the beginning of the input.
    pub first: usize,
}

impl ExplainSpec {
    /// Whether no order is to be explained.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.references.is_empty() && self.first == 0
    }
}

/// When the rows of problems are read again and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShowRows {
    /// After each run.
    Always,
    /// Unless the exit code is 0.
    OnFailure,
    /// Never.
    Never,
}

impl ShowRows {
    /// Whether a run with this exit code shows them.
    pub(super) fn applies(self, exit_code: u8) -> bool {
        match self {
            Self::Always => true,
            Self::OnFailure => exit_code != 0,
            Self::Never => false,
        }
    }
}

/// How valid orders are sent.
pub struct SendSpec<'a> {
    /// Run folder with the plan to resume, instead of the inputs.
    pub resume_from: Option<PathBuf>,
    /// Whether the run may start with a new ledger or a new target.
    pub consent: Consent,
    /// Concurrency, and the limits of an outage.
    pub dispatch: dispatch::DispatchSettings,
    /// Time to wait for one response.
    pub timeout: Duration,
    /// The runtime that executes the requests.
    pub runtime: &'a tokio::runtime::Runtime,
    /// Maximum orders to send.
    pub limit: Option<usize>,
    /// Whether to resend orders whose outcome an earlier run left unknown.
    pub resends_unknown: bool,
    /// Holds the reason once an early stop is requested.
    pub shutdown_signal: dispatch::ShutdownSignal,
    /// The embedded sandbox, if it is the target.
    pub sandbox: Option<&'a Sandbox>,
}

impl RunSpec<'_> {
    /// Whether the valid orders are planned: to be sent, or to show their events.
    pub(super) fn plans(&self) -> bool {
        self.send.is_some() || self.events.is_some()
    }

    /// Returns the reason of a requested stop.
    fn stop_reason(&self) -> Option<String> {
        self.send.as_ref()?.shutdown_signal.borrow().clone()
    }

    /// The tenant that orders are sent to, by which the ledger knows them.
    pub(super) fn target(&self) -> &Target {
        &self.service.target
    }

    /// How the shuffle reads and groups the export.
    pub(super) fn shuffle_settings<'s>(
        &'s self,
        folder: &'s Path,
        side_tables: &'s [SideTable],
        tenant_types: AttributeTypes,
    ) -> ShuffleSettings<'s> {
        ShuffleSettings {
            profile: &self.profile,
            side_tables,
            read: self.read_settings(),
            grouping: GroupSettings {
                joins_files: self.profile.joins_files,
                has_adjacent_rows: self.profile.has_adjacent_rows,
                nets_refunds: self.profile.nets_refunds(),
                accepts_unreadable: self.accepts_unreadable,
            },
            tenant_types: Arc::new(tenant_types),
            folder,
            memory: MemoryBudget::split(self.memory).shuffle,
            result_bytes: RESULT_BYTES,
            stop_reason: Box::new(|| self.stop_reason()),
        }
    }

    /// The facts of this run that its report shows, and the memory that the report may use.
    pub(super) fn recorder_settings(&self) -> RecorderSettings {
        let storage = Arc::clone(&self.storage);
        let memory = MemoryBudget::split(self.memory);
        RecorderSettings {
            run_id: self.run_id.clone(),
            started_at: self.started_at,
            setup: self.setup.clone(),
            is_check: self.send.is_none(),
            rate: self.service.rate,
            identify_requests: IDENTIFY_REQUESTS,
            // A check without history counts each valid order as sent, and as a single event.
            identifies_all: !self.has_target && self.service.mode == Mode::Single,
            guests_memory: memory.guests,
            results_memory: memory.shuffle.results,
            rejects_memory: memory.rejects,
            writes_csv: self.writes_csv,
            reopen: Box::new(move |input| inputs::reopen(&*storage, input)),
        }
    }

    /// What a send after this check needs for its ledger, of which `reader` is the present one.
    pub(super) fn ledger_notes(&self, reader: Option<&dyn LedgerReader>) -> SendNotes {
        SendNotes {
            needs_new_ledger: self.has_target && reader.is_none(),
            needs_new_target: reader.is_some_and(LedgerReader::needs_new_target),
            ..SendNotes::default()
        }
    }

    /// Adds to the notes what a send does with old orders: `n_old` of the `n_orders` that no rule
    /// leaves out.
    pub(super) fn send_notes(&self, mut notes: SendNotes, n_old: u64, n_orders: u64) -> SendNotes {
        if let Some(AgeLimit { max_age, skips_older }) = self.age_limit {
            notes.old_orders = OldOrdersRule { age: in_days(max_age), are_skipped: skips_older };
        }
        notes.needs_backfill =
            !notes.old_orders.are_skipped && self.max_invalid.is_exceeded(n_old, n_orders);
        notes
    }

    /// The options that decide about orders of earlier runs.
    pub(super) fn disposition_rules(&self) -> DispositionRules {
        DispositionRules {
            is_sending: self.send.is_some(),
            resends_unknown: self.send.as_ref().is_some_and(|send_spec| send_spec.resends_unknown),
            sends_reused_references: self.sends_reused_references,
            changed_exit: self.changed_exit,
            warns_of_repeated_content: !self.validate.severities.is_off(Code::ContentRepeated),
        }
    }

    /// The guard against old orders.
    pub(super) fn backfill_guard(&self) -> BackfillGuard {
        BackfillGuard::new(self.age_limit, self.started_at)
    }

    /// How the inputs are read: in the dialect that the profile declares.
    pub(super) fn read_settings(&self) -> ReadSettings<'_> {
        let dialect = shuffle::dialect(&self.profile.files);
        ReadSettings { storage: &*self.storage, dialect, limits: self.limits }
    }

    /// Opens the ledger for writing and locks it for this run.
    pub(super) fn ledger_to_write(
        &self,
        send_spec: &SendSpec<'_>,
        emit: ProgressFn<'_>,
    ) -> Result<Box<dyn Ledger>, LedgerError> {
        let ledger = self.ledger.open_to_write(self.target(), &self.run_id, send_spec.consent)?;
        ledger.warnings().iter().for_each(|note| emit(Progress::Warning(note)));
        Ok(ledger)
    }
}

/// The result of a finished run.
#[derive(Debug)]
pub struct Finished {
    /// The summary, with the exit code.
    pub summary: Summary,
    /// What is wrong with the orders: the first ones of each problem code.
    pub diagnostics: Vec<Diagnostic>,
    /// Message for the user if nothing was sent or the run ended early.
    pub error: Option<String>,
    /// The errors of the profile, if the error consists of them.
    pub profile_errors: Option<Diagnostics>,
    /// The orders to explain.
    pub explained: ExplainedOrders,
    /// The run folder.
    pub folder: RunFolder,
    /// Whether the report is in it; a run that sent orders ends in any case.
    pub has_report: bool,
}

impl Finished {
    /// A run with a report, without diagnostics and explained orders.
    pub(super) fn new(summary: Summary, error: Option<String>, folder: RunFolder) -> Self {
        Self {
            summary,
            diagnostics: Vec::new(),
            error,
            profile_errors: None,
            explained: ExplainedOrders::default(),
            folder,
            has_report: true,
        }
    }
}
