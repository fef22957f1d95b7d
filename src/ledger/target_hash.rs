//! Target hash: identifies a target in the ledger without revealing its client key. Does no I/O.
//! Used throughout `ledger`, and by `pipeline` and `cli`.

use std::fmt;

use crate::model::target::Target;

/// The BLAKE3 hash of a target's base URL and client key. `Display` shows its first eight hex
/// digits, as in the name of the lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TargetHash(pub [u8; 32]);

impl TargetHash {
    /// Hashes a target.
    #[must_use]
    pub fn of(target: &Target) -> Self {
        let mut hasher = blake3::Hasher::new();
        // A URL contains no line break, so the two parts cannot run together.
        hasher
            .update(target.base_url.as_bytes())
            .update(b"\n")
            .update(target.client_key.as_bytes());
        Self(*hasher.finalize().as_bytes())
    }

    /// All its hex digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex(&self.0)
    }
}

impl fmt::Display for TargetHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex(&self.0[..4]))
    }
}

/// Formats bytes as lower-case hex digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
