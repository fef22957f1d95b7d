//! Why a run ends without a report, and why nothing is sent although there is one.

use std::{io, path::PathBuf, time::Duration};

use chrono::{DateTime, Utc};

use super::MaxInvalid;
use crate::{
    dispatch, group,
    ledger::LedgerError,
    map::MapError,
    plan::{PlanDigest, PlanError},
    read::ReadError,
    report::ReportError,
};

/// Why a run ended without a report: exit code 2 or, where sending had begun, 4.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The report cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The plan is damaged.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A file of the plan cannot be read.
    #[error("{}: cannot read: {error}\n  hint: send the export again", .path.display())]
    PlanFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file of the plan does not hold what was written to it: orders would be lost, or sent otherwise than planned.
    #[error(
        "{}: damaged: found {}; expected {}; nothing was sent\n  hint: send the export again",
        .path.display(), .contents.0, .contents.1
    )]
    DamagedPlan {
        /// The file.
        path: PathBuf,
        /// What it holds, and what it held.
        contents: Box<(PlanDigest, PlanDigest)>,
    },
    /// It cannot be known whether the plan is as it was written.
    #[error(
        "{}: no {manifest} beside it to compare it with, as plans of an earlier orderferry have none; nothing was sent\n  hint: send the export again",
        .plan.display()
    )]
    NoManifest {
        /// The plan.
        plan: PathBuf,
        /// What is missing beside it.
        manifest: &'static str,
    },
    /// There is nothing to go on with.
    #[error(
        "{}: no plan in it to go on with\n  hint: name the folder of a run; only one that had begun to send has a plan, else send the export again", .folder.display()
    )]
    NoPlan {
        /// The run folder.
        folder: PathBuf,
    },
    /// Orders were sent, and what became of them cannot be written down but in the ledger.
    #[error("{0}\n  hint: the ledger knows what was sent; run it again to go on")]
    AfterSending(Box<RunError>),
    /// No HTTP client.
    #[error(transparent)]
    Dispatch(#[from] dispatch::ClientError),
}

impl RunError {
    /// Whether orders may have been sent before the error.
    #[must_use]
    pub fn may_have_sent(&self) -> bool {
        matches!(self, Self::AfterSending(_))
    }

    pub(super) fn after_sending(self) -> Self {
        Self::AfterSending(Box::new(self))
    }
}

/// Why nothing is sent although the report is written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Map(#[from] MapError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("{0}")]
    Plan(Box<RunError>),
    #[error("{0}; nothing was sent")]
    Stopped(String),
    #[error(
        "the plan in {} is for another target; nothing was sent\n  hint: check it with the settings of this target, and send it from its export", .plan.display()
    )]
    OtherTarget { plan: PathBuf },
    #[error(
        "the plan in {} was written with another ledger than {}, which does not know what of it was sent; nothing was sent\n  hint: name the ledger of then with --ledger, or send the export again", .plan.display(), .ledger.display()
    )]
    OtherLedger { plan: PathBuf, ledger: PathBuf },
    #[error("{position}: {error}\n  hint: mend the row, or set unreadable_rows = \"accept\" to leave such rows out")]
    Group { position: String, error: group::GroupError },
    #[error(
        "{position}: the order that begins here has more than {} MB of rows; nothing was sent\n  hint: so many rows share its key that the profile's key may be the wrong column",
        n_bytes / 1_000_000
    )]
    OrderTooLarge { position: String, n_bytes: u64 },
    #[error(
        "{position}: the rows of the order that begins here have more than {max} values; nothing was sent\n  hint: so many rows share its key that the profile's key may be the wrong column; else raise max_values"
    )]
    TooManyValues { position: String, max: usize },
    #[error(
        "{position}: so many orders have the reference of this one that they cannot be told apart; nothing was sent\n  hint: order.referenceId of the profile may be the wrong column"
    )]
    SharedReference { position: String },
    #[error(
        "the export has more than {0} extension attributes; nothing was sent\n  hint: names that are data, such as order numbers, cannot be attributes"
    )]
    TooManyExtensions(usize),
    #[error(
        "{position}: the last row ends without a line end, expected one (last_line_end = \"required\" in the profile); nothing was sent\n  hint: the export is still being written, or was cut off; run it again when it is complete"
    )]
    NoLastLineEnd { position: String },
    #[error(
        "so many rows have no order key, or so many cells that other rows may stand in them, that it cannot be known which orders they are of; nothing was sent\n  hint: the profile's key may be the wrong column; mend the rows, see the export's first lines"
    )]
    TooAmbiguous,
    #[error(
        "the rows of scattered orders need {} of disk in the run folder, and {} are free; nothing was sent\n  hint: make room, name another disk with --out, or sort the export by order",
        bytesize::ByteSize(*wanted).display().si(), bytesize::ByteSize(*free).display().si()
    )]
    DiskFull { wanted: u64, free: u64 },
    #[error("{0}; nothing was sent\n  hint: the run folder needs a disk with some room; --out names another one")]
    Spill(#[from] io::Error),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(
        "{n_invalid} of {n_orders} orders are invalid, more than allowed ({max_invalid}); nothing was sent\n  hint: mend them, see rejects/ in the run folder, or allow more with --max-invalid"
    )]
    TooManyInvalid { n_invalid: u64, n_orders: u64, max_invalid: MaxInvalid },
    #[error(
        "{n_old} of {n_orders} orders are older than {}, more than allowed ({max_invalid}); the oldest is of {oldest}; nothing was sent\n  hint: imported history may trigger live campaigns; --backfill is the go-ahead for it, old_orders = \"skip\" leaves such orders out",
        in_days(*age)
    )]
    TooManyOld { n_old: u64, n_orders: u64, max_invalid: MaxInvalid, age: Duration, oldest: DateTime<Utc> },
}

pub(super) fn in_days(age: Duration) -> String {
    const DAY: u64 = 24 * 60 * 60;
    match (age.as_secs() / DAY, age.as_secs() % DAY) {
        (days, 0) if days > 1 => format!("{days} days"),
        _ => humantime::format_duration(age).to_string(),
    }
}

impl From<RunError> for Refusal {
    fn from(error: RunError) -> Self {
        Self::Plan(Box::new(error))
    }
}

impl Refusal {
    /// Without the hint, as the reason of an order that was not attempted.
    pub(super) fn first_line(&self) -> String {
        self.to_string().lines().next().unwrap_or_default().to_owned()
    }

    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Ledger(LedgerError::Locked { .. }) => 5,
            Self::Stopped(_) => 4,
            _ => 2,
        }
    }
}
