//! Known target: a target that a ledger holds attempts for, as messages list it. Does no I/O; read
//! by `sqlite`, shown by `error` and `cli`.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

use super::target_hash::TargetHash;

/// A target that a ledger holds attempts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTarget {
    /// The hash of its base URL and client key.
    pub target: TargetHash,
    /// Its base URL; `None` if only versions of the program that did not record it sent to it.
    pub base_url: Option<String>,
    /// The run of the newest attempt, and the time of that attempt.
    pub last_run: (String, DateTime<Utc>),
    /// The number of accepted attempts.
    pub accepted_count: i64,
    /// The number of attempts whose outcome is unknown.
    pub open_count: i64,
}

impl fmt::Display for KnownTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (run, at) = &self.last_run;
        let base_url =
            self.base_url.as_deref().unwrap_or("base URL not recorded by an earlier version");
        let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        write!(f, "target {}: {base_url}, {} orders accepted, ", self.target, self.accepted_count)?;
        if self.open_count > 0 {
            write!(f, "{} unknown, ", self.open_count)?;
        }
        write!(f, "last run {run} at {at}")
    }
}

/// Formats targets as lines below a message.
pub(super) fn format_lines(targets: &[KnownTarget]) -> String {
    targets.iter().fold(String::new(), |lines, target| format!("{lines}\n  {target}"))
}
