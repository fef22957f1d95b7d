//! Hashed source: a source whose bytes are hashed as they are read.
//!
//! The hash is of the file as it is in its storage: compressed, where it is. Made by `decompress`.

use std::io::{self, Read};

use ring::digest::{Context, SHA256};

use crate::storage::Source;

/// A source, and the hash of what was read of it so far.
// `ring` is there for TLS; its code for processors without SHA instructions takes half the
// instructions of the crate `sha2`.
pub(super) struct HashedSource {
    source: Box<dyn Source>,
    /// None if no hash is wanted.
    sha256: Option<Context>,
}

impl HashedSource {
    /// A source that was not read yet. Its bytes are not hashed.
    pub(super) fn unhashed(source: Box<dyn Source>) -> Self {
        Self { source, sha256: None }
    }

    /// A source that was not read yet.
    pub(super) fn new(source: Box<dyn Source>) -> Self {
        Self { source, sha256: Some(Context::new(&SHA256)) }
    }

    /// The source itself; reading from it would miss bytes of the hash.
    pub(super) fn source(&self) -> &dyn Source {
        &*self.source
    }

    /// The source itself, to read it without a hash.
    pub(super) fn into_source(self) -> Box<dyn Source> {
        self.source
    }

    /// Looks at the first bytes, without consuming them.
    pub(super) fn peek(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    /// Appends the next `n_bytes` to `bytes`, or fewer at the end. Returns how many.
    // Not through `Read::read`, which would have the bytes filled with zeros first.
    pub(super) fn append_to(&mut self, bytes: &mut Vec<u8>, n_bytes: u64) -> io::Result<usize> {
        let start = bytes.len();
        let n_read = (&mut *self.source).take(n_bytes).read_to_end(bytes)?;
        self.update(&bytes[start..]);
        Ok(n_read)
    }

    /// SHA-256 of the bytes that were read, in hexadecimal digits; none if it is not wanted.
    pub(super) fn sha256(&self) -> Option<String> {
        let digest = self.sha256.clone()?.finish();
        Some(hex(digest.as_ref()))
    }

    fn update(&mut self, bytes: &[u8]) {
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
    }
}

/// The hexadecimal digits of bytes.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])).collect()
}

impl Read for HashedSource {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n_read = self.source.read(into)?;
        self.update(&into[..n_read]);
        Ok(n_read)
    }
}
