//! Remedies: what would let a refused run go on, where an option of the command line does it.
//!
//! `pipeline` knows the refusal and chooses; `next_steps` makes the command of it.

use crate::model::text_encoding::TextEncoding;

/// The change of a command line that would let a refused run go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Old orders are sent too.
    Backfill,
    /// The ledger is created: no order was ever sent.
    NewLedger,
    /// The ledger is no new one.
    KnownLedger,
    /// The target is added to those of the ledger.
    NewTarget,
    /// The target is in the ledger already.
    KnownTarget,
    /// The export is read in the encoding that it has.
    Encoding(TextEncoding),
    /// The file of the join of this name is named.
    SideFile(String),
}

impl Remedy {
    /// The option to add, and its value.
    pub(super) fn added(&self) -> Option<(&'static str, Option<String>)> {
        match self {
            Self::Backfill => Some(("backfill", None)),
            Self::NewLedger => Some(("new-ledger", None)),
            Self::NewTarget => Some(("new-target", None)),
            Self::Encoding(encoding) => Some(("encoding", Some(encoding.to_string()))),
            Self::SideFile(join) => Some(("join", Some(format!("{join}=FILE")))),
            Self::KnownLedger | Self::KnownTarget => None,
        }
    }

    /// The option to leave out.
    pub(super) fn left_out(&self) -> Option<&'static str> {
        match self {
            Self::KnownLedger => Some("new-ledger"),
            Self::KnownTarget => Some("new-target"),
            _ => None,
        }
    }

    /// When to do it. What only a person can know is a condition.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Backfill => "send them too, if no campaign may react".to_owned(),
            Self::NewLedger => {
                "create the ledger, if no order was ever sent and no ledger is lost".to_owned()
            }
            Self::NewTarget => "add the target, if it is another tenant, not a new key of one in \
                                the ledger (ledger adopt)"
                .to_owned(),
            Self::KnownLedger => "go on with the ledger that is there".to_owned(),
            Self::KnownTarget => "go on with the target that the ledger holds".to_owned(),
            Self::Encoding(encoding) => format!("read the export as {encoding}, if it is that"),
            Self::SideFile(join) => format!("name the file of the join {join:?}"),
        }
    }
}
