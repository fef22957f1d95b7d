//! Storage and source: the traits through which inputs and saved plans are read.
//!
//! They know bytes only. `local` implements them; `open` chooses a storage.

use std::io::{self, BufRead, Read};

use crate::model::input::{Location, Version};

/// Where bytes can be read from. Errors are those of the system, without a name: the caller knows
/// how the user named the input.
pub trait Storage: Send + Sync {
    /// What a name that the user typed means.
    fn list(&self, name: &str) -> io::Result<Listing>;

    /// The present version of what is at a location.
    fn version(&self, location: &Location) -> io::Result<Version>;

    /// Like [`version`](Self::version), but such that every later change yields another version.
    fn stable_version(&self, location: &Location) -> io::Result<Version>;

    /// Opens what is at a location, to read it from byte `start` on.
    fn open(&self, location: &Location, start: u64) -> io::Result<Box<dyn Source>>;
}

/// What a name means.
#[derive(Debug)]
pub enum Listing {
    /// The thing itself, which need not exist.
    One(StorageEntry),
    /// A folder, with what is directly in it, in the order of the names.
    Folder(Vec<StorageEntry>),
    /// A pattern, with what matches it, in the order of the names.
    Pattern(Vec<StorageEntry>),
}

/// Something that can be opened.
#[derive(Debug)]
pub struct StorageEntry {
    /// Its name, in the way in which the user named it.
    pub name: String,
    /// Where it is.
    pub location: Location,
    /// The same for all names of one file.
    pub canonical: Location,
    /// Whether it can be read only once, such as a pipe.
    pub is_stream: bool,
}

/// Bytes that are read forward.
pub trait ByteStream: BufRead + Send {
    /// Skips bytes, without reading them where that is possible.
    fn skip(&mut self, n_bytes: u64) -> io::Result<()>;

    /// Reads the next `n_bytes`, or fewer at the end, and appends them to `into` as they are in the
    /// file: of a text that is decoded as it is read, the bytes that it was decoded from. Returns
    /// how many of the `n_bytes` there were.
    fn read_original(&mut self, n_bytes: u64, into: &mut Vec<u8>) -> io::Result<u64> {
        Ok(Read::take(&mut *self, n_bytes).read_to_end(into)? as u64)
    }
}

/// The bytes of what was opened, whatever its location names by now.
pub trait Source: ByteStream {
    /// The present version of what was opened.
    fn version(&self) -> io::Result<Version>;

    /// The offset up to which it was read, including bytes that are only buffered.
    fn position(&self) -> io::Result<u64>;
}
