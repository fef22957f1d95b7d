//! Ledger state: how many transactions a ledger holds, and the line with which a companion records
//! it. Does no I/O. Used by `lock`, `companions`, `file` and `run`.

use xxhash_rust::xxh3::xxh3_64;

/// The state of a ledger that a companion records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LedgerState {
    /// The ledger's random id, as hex digits.
    pub(super) id: String,
    /// The number of transactions that it held.
    pub(super) commits: u64,
}

impl LedgerState {
    /// Formats the state as one line with a checksum.
    pub(super) fn to_line(&self) -> String {
        // Another process may read the line while it is written: the checksum detects a torn one.
        // The fixed width makes each write replace the previous line completely.
        let state = format!("{}, commit {:020}", self.id, self.commits);
        format!("ledger {state}, checksum {:016x}\n", xxh3_64(state.as_bytes()))
    }

    /// Finds and parses the line in the text of a companion.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| line.strip_prefix("ledger "))?;
        let (state, checksum) = line.split_once(", checksum ")?;
        let (id, commits) = state.split_once(", commit ")?;
        let is_valid = u64::from_str_radix(checksum, 16) == Ok(xxh3_64(state.as_bytes()));
        is_valid.then_some(Self { id: id.to_owned(), commits: commits.parse().ok()? })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::ledger::sqlite) fn state(commits: u64) -> LedgerState {
        LedgerState { id: "ab12".into(), commits }
    }

    #[test]
    fn state_line_round_trips() {
        let text = format!("run 7, process 12\n{}", state(42).to_line());
        assert_eq!(LedgerState::parse(&text), Some(state(42)));
        assert_eq!(state(1).to_line().len(), state(u64::MAX).to_line().len());
        let torn = state(42).to_line().replace("42", "43");
        for text in
            ["", "run 7", "ledger ab12", "ledger ab12, commit many, checksum 0\n", "\0\0\0", &torn]
        {
            assert_eq!(LedgerState::parse(text), None, "{text:?}");
        }
    }
}
