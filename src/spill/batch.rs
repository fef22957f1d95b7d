//! Keys with payloads: a batch in memory, and the same in a sorted chunk.
//!
//! Called by whoever makes batches for a `Sorter`, and by `sorter` itself.

use std::io;

use super::{
    chunks::{Chunk, ChunkFile, ChunkReader, ChunkWriter},
    kway_merge::RecordStream,
};

/// A payload's length stands before it, here as in a chunk.
const LENGTH_BYTES: usize = size_of::<u64>();

/// Where an entry stands. The key is two halves because one u128 would align this to 32 bytes.
#[derive(Debug, Clone, Copy)]
struct EntryIndex {
    high: u64,
    low: u64,
    /// Where the length begins.
    offset: usize,
}

impl EntryIndex {
    fn key(self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low)
    }
}

/// A batch of entries, made by one thread.
#[derive(Debug, Default)]
pub struct Batch {
    index: Vec<EntryIndex>,
    bytes: Vec<u8>,
}

impl Batch {
    /// None yet, with room for so many with so many bytes together.
    #[must_use]
    pub fn with_capacity(n_entries: usize, n_bytes: usize) -> Self {
        let (places, bytes) = (Vec::with_capacity(n_entries), Vec::with_capacity(n_bytes + LENGTH_BYTES * n_entries));
        Self { index: places, bytes }
    }

    /// Adds an entry.
    pub fn push(&mut self, key: u128, payload: &[u8]) {
        let start = self.start_entry(key);
        self.bytes.extend_from_slice(payload);
        self.end_entry(start);
    }

    /// Adds an entry whose payload `write` puts behind what is there.
    pub fn push_with(&mut self, key: u128, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<()> {
        let start = self.start_entry(key);
        write(&mut self.bytes)?;
        self.end_entry(start);
        Ok(())
    }

    /// Gives where the payload begins.
    fn start_entry(&mut self, key: u128) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "the halves of a key")]
        let (high, low) = ((key >> 64) as u64, key as u64);
        self.index.push(EntryIndex { high, low, offset: self.bytes.len() });
        self.bytes.extend_from_slice(&[0; LENGTH_BYTES]);
        self.bytes.len()
    }

    fn end_entry(&mut self, start: usize) {
        let length = ((self.bytes.len() - start) as u64).to_le_bytes();
        self.bytes[start - LENGTH_BYTES..start].copy_from_slice(&length);
    }

    /// Whether it has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// How many bytes its payloads have.
    #[must_use]
    pub fn payload_bytes(&self) -> usize {
        self.bytes.len() - LENGTH_BYTES * self.index.len()
    }

    /// How much memory it takes.
    pub(super) fn memory_used(&self) -> usize {
        self.bytes.len() + size_of::<EntryIndex>() * self.index.len()
    }

    /// How much memory one entry takes.
    pub(super) fn memory_for_entry(payload: &[u8]) -> usize {
        size_of::<EntryIndex>() + LENGTH_BYTES + payload.len()
    }

    /// An empty batch in which as many entries as here, and a few more, find room: one that grows is moved, and while
    /// it is, its memory is needed twice.
    pub(super) fn with_same_capacity(&self) -> Self {
        let with_more = |n: usize| n + n / 32;
        Self {
            index: Vec::with_capacity(with_more(self.index.len())),
            bytes: Vec::with_capacity(with_more(self.bytes.len())),
        }
    }

    /// Moves all entries of `other` here.
    pub(super) fn append(&mut self, other: &mut Self) {
        let start = self.bytes.len();
        self.index.extend(other.index.iter().map(|entry| EntryIndex { offset: start + entry.offset, ..*entry }));
        self.bytes.extend_from_slice(&other.bytes);
        other.clear();
    }

    /// The memory stays for the next entries.
    pub(super) fn clear(&mut self) {
        self.index.clear();
        self.bytes.clear();
    }

    /// Gives back the memory that a rare long payload took.
    pub(super) fn shrink_to(&mut self, max_bytes: usize) {
        self.bytes.shrink_to(max_bytes);
    }

    pub(super) fn sort(&mut self) {
        self.index.sort_unstable_by_key(|entry| entry.key());
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, &[u8])> {
        self.index.iter().map(|entry| (entry.key(), self.payload(*entry)))
    }

    fn payload(&self, entry: EntryIndex) -> &[u8] {
        let length = self.bytes[entry.offset..].first_chunk().expect("a length stands before each payload");
        let start = entry.offset + LENGTH_BYTES;
        // What was a slice has a length that fits.
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        &self.bytes[start..start + length]
    }

    /// Writes its entries, which are sorted, as a chunk.
    pub(super) fn write(&self, file: &ChunkFile) -> io::Result<Chunk> {
        let n_bytes = self.bytes.len() + size_of::<u128>() * self.index.len();
        let mut writer = file.writer(n_bytes as u64);
        for (key, payload) in self.iter() {
            write_entry(key, payload, &mut writer)?;
        }
        writer.finish()
    }
}

fn write_entry(key: u128, payload: &[u8], into: &mut ChunkWriter<'_>) -> io::Result<()> {
    into.write(&key.to_le_bytes())?;
    into.write(&(payload.len() as u64).to_le_bytes())?;
    into.write(payload)
}

/// Sorted entries, one after the other.
#[derive(Debug)]
pub(super) enum SortedRun {
    /// In memory; the next one is the one of this number.
    InMemory(Batch, usize),
    /// In a chunk; the payload at hand has so many bytes.
    OnDisk(ChunkReader, usize),
}

impl SortedRun {
    pub(super) fn in_memory(entries: Batch) -> Self {
        Self::InMemory(entries, 0)
    }

    pub(super) fn on_disk(reader: ChunkReader) -> Self {
        Self::OnDisk(reader, 0)
    }

    /// That of the entry at hand.
    pub(super) fn payload(&self) -> &[u8] {
        match self {
            Self::InMemory(entries, next) => entries.payload(entries.index[next - 1]),
            Self::OnDisk(reader, n_bytes) => reader.last_read(*n_bytes),
        }
    }
}

impl RecordStream for SortedRun {
    type Key = u128;

    fn next_key(&mut self) -> io::Result<Option<u128>> {
        match self {
            Self::InMemory(entries, next) => {
                let entry = entries.index.get(*next);
                *next += 1;
                Ok(entry.map(|entry| entry.key()))
            }
            Self::OnDisk(reader, _) if reader.is_at_end() => Ok(None),
            Self::OnDisk(reader, n_bytes) => {
                let key = u128::from_le_bytes(reader.read_array()?);
                let length = u64::from_le_bytes(reader.read_array()?);
                *n_bytes = reader.read(length)?;
                Ok(Some(key))
            }
        }
    }

    fn write(&self, key: u128, into: &mut ChunkWriter<'_>) -> io::Result<()> {
        write_entry(key, self.payload(), into)
    }
}
