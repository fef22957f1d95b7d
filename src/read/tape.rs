//! Keeps the bytes that went by until they are no longer wanted, so that a record's own bytes can be looked at after
//! the csv crate has parsed it.

use std::io::{self, Read};

/// Bytes given back at once; moving the rest to the front after every record would be quadratic in small records.
const SLACK: usize = 256 * 1024;

pub(super) struct Tape<R> {
    inner: R,
    kept: Vec<u8>,
    /// The offset of `kept[0]` in the unpacked file.
    start: u64,
    wanted_from: usize,
}

impl<R> Tape<R> {
    pub(super) fn new(inner: R, start: u64) -> Self {
        Self { inner, kept: Vec::new(), start, wanted_from: 0 }
    }

    /// The bytes from `from` up to `to`, as offsets in the unpacked file. Both must still be kept.
    pub(super) fn between(&self, from: u64, to: u64) -> &[u8] {
        let index = |offset: u64| usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        self.kept.get(index(from)..index(to)).expect("bytes are asked for before they are forgotten")
    }

    /// Bytes before this offset will not be asked for again.
    pub(super) fn forget_before(&mut self, offset: u64) {
        self.wanted_from = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        if self.wanted_from >= SLACK {
            let unwanted = self.wanted_from.min(self.kept.len());
            self.kept.drain(..unwanted);
            self.start += unwanted as u64;
            self.wanted_from -= unwanted;
        }
    }
}

impl<R: Read> Read for Tape<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.inner.read(buffer)?;
        self.kept.extend_from_slice(&buffer[..n_bytes]);
        Ok(n_bytes)
    }
}
