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
        hasher.update(target.base_url.as_bytes()).update(b"\n").update(target.client_key.as_bytes());
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

/// The first hex digits of a target's hash, as the user types them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetPrefix(String);

impl TargetPrefix {
    /// Whether this hash begins with the digits.
    #[must_use]
    pub fn matches(&self, target: TargetHash) -> bool {
        target.to_hex().starts_with(&self.0)
    }
}

impl std::str::FromStr for TargetPrefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!(
                "invalid target {text:?}; expected the first hex digits of its hash, as ledger list shows them"
            ));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

/// Formats bytes as lower-case hex digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_prefix_matches_hash() {
        let target = TargetHash([0x1a; 32]);
        assert_eq!((target.to_string().as_str(), target.to_hex().len()), ("1a1a1a1a", 64));
        for (typed, expected) in [("1", true), ("1A1a", true), ("1a1a1a1a", true), ("1b", false)] {
            assert_eq!(typed.parse::<TargetPrefix>().unwrap().matches(target), expected, "{typed}");
        }
        for typed in ["", "xyz", "staging"] {
            assert!(typed.parse::<TargetPrefix>().is_err(), "{typed}");
        }
    }
}
