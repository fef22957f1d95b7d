//! Errors of a run: [`RunError`] ends it without a report, [`Refusal`] keeps it from sending but
//! not from reporting.
//!
//! Errors of single orders are problems, not errors of this module. The messages reach the user
//! unchanged; `cli` maps [`RunError`] to an exit code, [`Refusal`] has its own.

use std::{io, path::PathBuf};

use super::{guards::GuardError, target::ClientError};
use crate::{
    ledger::{LedgerError, TargetHash},
    model::{diagnostic::Diagnostics, encoding_hint::likely_encoding},
    plan::PlanError,
    read::ReadError,
    report::{Remedy, ReportError},
    shuffle::ShuffleError,
    storage::StorageError,
};

/// Why a run ended without a report, before it sent anything.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The report cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A file of the run folder cannot be written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The plan cannot be written or read.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The HTTP client cannot be created.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Why nothing is sent, in a run that still writes its report.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Shuffle(#[from] ShuffleError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("{0}")]
    Plan(Box<RunError>),
    #[error(
        "the plan in {} is for the target {of_plan}, but {base_url} with this client key is the \
         target {target}; nothing was sent\n  \
         hint: resume with the target of that run, which its summary.json names, or send the \
         export to this one", .plan.display()
    )]
    OtherTarget { plan: PathBuf, of_plan: String, base_url: String, target: TargetHash },
    #[error(
        "the plan in {} was written with another ledger than {ledger}, which does not record what \
         of it was sent; nothing was sent\n  \
         hint: name the ledger of that run with --ledger, or send the export again", .plan.display()
    )]
    OtherLedger { plan: PathBuf, ledger: String },
    #[error(
        "{position}: too many orders share the reference of this one to be distinguished; nothing \
         was sent\n  \
         hint: order.referenceId of the profile may be the wrong column"
    )]
    SharedReference { position: String },
    #[error(
        "{0}; nothing was sent\n  \
         hint: the run folder needs a disk with free space; name a folder on another one with --out"
    )]
    Spill(#[from] io::Error),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Guard(#[from] GuardError),
}

impl From<PlanError> for Refusal {
    fn from(error: PlanError) -> Self {
        RunError::from(error).into()
    }
}

impl From<RunError> for Refusal {
    fn from(error: RunError) -> Self {
        Self::Plan(Box::new(error))
    }
}

impl Refusal {
    /// Returns the message without its hint, as the reason of an order that was not attempted.
    pub(super) fn first_line(&self) -> String {
        self.to_string().lines().next().unwrap_or_default().to_owned()
    }

    /// Returns the topic of the manual about what kept the run from reading the export or using it.
    pub(super) fn help_topic(&self) -> Option<&'static str> {
        match self {
            Self::Read(_)
            | Self::Shuffle(ShuffleError::Read(_) | ShuffleError::SideFile { .. }) => {
                Some("inputs")
            }
            Self::Ledger(LedgerError::Locked { .. }) | Self::Shuffle(ShuffleError::Stopped(_)) => {
                None
            }
            Self::Ledger(_) => Some("ledger"),
            Self::Shuffle(_)
            | Self::SharedReference { .. }
            | Self::Guard(GuardError::NotTheData { .. } | GuardError::NothingRead { .. }) => {
                Some("profile")
            }
            _ => None,
        }
    }

    /// Returns the change of the command line that would allow the run.
    pub(super) fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::Guard(GuardError::TooManyOld { .. }) => Some(Remedy::Backfill),
            Self::Ledger(error) => match error {
                LedgerError::NoLedger { .. } => Some(Remedy::NewLedger),
                LedgerError::NotNew { .. } => Some(Remedy::KnownLedger),
                LedgerError::UnknownTarget { .. } => Some(Remedy::NewTarget),
                LedgerError::NotNewTarget { .. } => Some(Remedy::KnownTarget),
                _ => None,
            },
            Self::Read(error) | Self::Shuffle(ShuffleError::Read(error)) => {
                let side_file = error.side_file().map(|join| Remedy::SideFile(join.to_owned()));
                side_file.or_else(|| error.encoding().map(Remedy::Encoding))
            }
            Self::Shuffle(ShuffleError::LostRow { error, .. }) => {
                likely_encoding(&error.to_string()).map(Remedy::Encoding)
            }
            _ => None,
        }
    }

    /// Returns the errors of the profile, if the run is refused because of them.
    pub(super) fn profile_errors(&self) -> Option<&Diagnostics> {
        match self {
            Self::Shuffle(ShuffleError::Map(error)) => error.diagnostics(),
            _ => None,
        }
    }

    /// Returns the exit code of the refused run.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            // Another run has the ledger: running this one again later helps, unlike for the other
            // errors.
            Self::Ledger(LedgerError::Locked { .. }) => 5,
            Self::Shuffle(ShuffleError::Stopped(_)) => 4,
            _ => 2,
        }
    }
}
