//! Plan digest: the numbers of guests, orders and bytes of a plan file, and its checksum, which
//! reveal damage.
//!
//! Does not parse the lines. Called by `folder` and `unplanned`, when they write a file and before
//! a run sends from one.

use std::{
    fmt,
    io::{self, BufWriter, Write},
};

use serde::{Deserialize, Serialize};

use crate::storage::RunFile;

/// Characters of the checksum that messages show.
const SHOWN_CHARS: usize = 16;

/// The digest of a plan file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanDigest {
    /// The number of lines `{"guest":…`.
    pub guests: u64,
    /// The number of lines `{"order":…`.
    pub orders: u64,
    /// The size in bytes.
    pub bytes: u64,
    /// The BLAKE3 hash of all bytes, in hexadecimal.
    pub checksum: String,
}

impl fmt::Display for PlanDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { guests, orders, bytes, checksum } = self;
        let shown = checksum.get(..SHOWN_CHARS).unwrap_or(checksum);
        write!(f, "guests {guests}, orders {orders}, bytes {bytes}, checksum {shown}")
    }
}

/// Writes through to another writer, and computes the [`PlanDigest`] of the file.
pub(super) struct DigestWriter<W> {
    inner: W,
    hasher: blake3::Hasher,
    n_guests: u64,
    n_orders: u64,
    n_bytes: u64,
    /// Bytes of the current line so far.
    line_bytes: usize,
}

impl<W: Write> DigestWriter<W> {
    /// A writer on top of `inner`.
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: blake3::Hasher::new(),
            n_guests: 0,
            n_orders: 0,
            n_bytes: 0,
            line_bytes: 0,
        }
    }

    /// Returns the inner writer and the digest of all bytes written.
    pub(super) fn finish(self) -> (W, PlanDigest) {
        let checksum = self.hasher.finalize().to_hex().to_string();
        (
            self.inner,
            PlanDigest {
                guests: self.n_guests,
                orders: self.n_orders,
                bytes: self.n_bytes,
                checksum,
            },
        )
    }

    fn add(&mut self, bytes: &[u8]) {
        self.n_bytes += bytes.len() as u64;
        self.hasher.update(bytes);
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            // `{"guest":` and `{"order":` differ in the third byte, which may be in a later write
            // than the start of its line.
            match 2_usize.checked_sub(self.line_bytes).and_then(|third| part.get(third)) {
                Some(b'g') => self.n_guests += 1,
                Some(b'o') => self.n_orders += 1,
                _ => {}
            }
            self.line_bytes = if part.ends_with(b"\n") { 0 } else { self.line_bytes + part.len() };
        }
    }
}

impl DigestWriter<BufWriter<RunFile>> {
    /// Writes the rest to disk, so that the file survives a power cut, and returns its digest.
    pub(super) fn sync(self) -> io::Result<PlanDigest> {
        let (file, digest) = self.finish();
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync()?;
        Ok(digest)
    }
}

impl<W: Write> Write for DigestWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The inner writer may accept fewer bytes; the rest is written, and counted, by another
        // call.
        let n_written = self.inner.write(bytes)?;
        self.add(&bytes[..n_written]);
        Ok(n_written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_independent_of_write_sizes() {
        let text = "{\"head\":1}\n{\"guest\":\"go\"}\n{\"order\":{}}\n{\"order\":\"\"}\n";
        for n_bytes in 1..text.len() {
            let mut writer = DigestWriter::new(Vec::new());
            text.as_bytes().chunks(n_bytes).for_each(|chunk| writer.write_all(chunk).unwrap());
            let (written, digest) = writer.finish();
            let checksum = blake3::hash(text.as_bytes()).to_hex().to_string();
            assert_eq!(
                digest,
                PlanDigest { guests: 1, orders: 2, bytes: text.len() as u64, checksum }
            );
            assert_eq!(written, text.as_bytes());
        }
    }
}
