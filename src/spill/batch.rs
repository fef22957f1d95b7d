//! Batch: keys with payloads, in memory or in a sorted chunk.
//!
//! Does not merge batches. Called by `sorter`, and by the stages that fill batches for a
//! `Sorter` on many cores.

use std::io;

use super::{
    bucket_sort,
    chunks::{Chunk, ChunkFile, ChunkReader, ChunkWriter},
    kway_merge::RecordStream,
    sort_key::SortKey,
};

/// Each payload is preceded by its length, in memory as in a chunk.
const LENGTH_BYTES: usize = size_of::<u64>();

/// What precedes a payload in a chunk: its key and its length.
type EntryHead<K> = (K, u64);

/// The key and the offset of an entry.
#[derive(Debug, Clone, Copy)]
struct EntryIndex<K> {
    key: K,
    /// The offset of the length.
    offset: usize,
}

/// A batch of entries, filled by one thread.
#[derive(Debug)]
pub struct Batch<K> {
    index: Vec<EntryIndex<K>>,
    bytes: Vec<u8>,
}

impl<K> Default for Batch<K> {
    fn default() -> Self {
        Self { index: Vec::new(), bytes: Vec::new() }
    }
}

impl<K: SortKey> Batch<K> {
    /// An empty batch with capacity for `n_entries` entries of `n_bytes` bytes in total.
    #[must_use]
    pub fn with_capacity(n_entries: usize, n_bytes: usize) -> Self {
        let (index, bytes) =
            (Vec::with_capacity(n_entries), Vec::with_capacity(n_bytes + LENGTH_BYTES * n_entries));
        Self { index, bytes }
    }

    /// Adds an entry.
    pub fn push(&mut self, key: K, payload: &[u8]) {
        let start = self.start_entry(key);
        self.bytes.extend_from_slice(payload);
        self.end_entry(start);
    }

    /// Adds an entry whose payload `write` appends to the buffer.
    pub fn push_with(&mut self, key: K, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.start_entry(key);
        write(&mut self.bytes);
        self.end_entry(start);
    }

    /// Begins an entry, and returns the offset of its payload.
    fn start_entry(&mut self, key: K) -> usize {
        self.index.push(EntryIndex { key, offset: self.bytes.len() });
        self.bytes.extend_from_slice(&[0; LENGTH_BYTES]);
        self.bytes.len()
    }

    fn end_entry(&mut self, start: usize) {
        let length = ((self.bytes.len() - start) as u64).to_le_bytes();
        self.bytes[start - LENGTH_BYTES..start].copy_from_slice(&length);
    }

    /// Whether the batch has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The size of all payloads in bytes.
    #[must_use]
    pub fn payload_bytes(&self) -> usize {
        self.bytes.len() - LENGTH_BYTES * self.index.len()
    }

    /// The memory that the entries use, in bytes.
    pub(super) fn memory_used(&self) -> usize {
        self.bytes.len() + size_of::<EntryIndex<K>>() * self.index.len()
    }

    /// The memory that one entry uses, in bytes.
    pub(super) fn memory_for_entry(payload: &[u8]) -> usize {
        size_of::<EntryIndex<K>>() + LENGTH_BYTES + payload.len()
    }

    /// An empty batch with capacity for as many entries as here, and a few more.
    pub(super) fn with_same_capacity(&self) -> Self {
        // A batch that grows is moved, and needs its memory twice meanwhile.
        let with_more = |n: usize| n + n / 32;
        Self {
            index: Vec::with_capacity(with_more(self.index.len())),
            bytes: Vec::with_capacity(with_more(self.bytes.len())),
        }
    }

    /// Moves all entries of `other` here.
    pub(super) fn append(&mut self, other: &mut Self) {
        let start = self.bytes.len();
        self.index.extend(
            other.index.iter().map(|entry| EntryIndex { offset: start + entry.offset, ..*entry }),
        );
        self.bytes.extend_from_slice(&other.bytes);
        other.clear();
    }

    /// Removes all entries, and keeps the memory for the next ones.
    pub(super) fn clear(&mut self) {
        self.index.clear();
        self.bytes.clear();
    }

    /// Releases the memory beyond `max_bytes`, which a rare long payload needed.
    pub(super) fn shrink_to(&mut self, max_bytes: usize) {
        self.bytes.shrink_to(max_bytes);
    }

    pub(super) fn sort(&mut self) {
        bucket_sort::sort_by_key(&mut self.index, |entry| entry.key);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (K, &[u8])> {
        self.index.iter().map(|entry| (entry.key, self.payload(*entry)))
    }

    fn payload(&self, entry: EntryIndex<K>) -> &[u8] {
        let length = self.bytes[entry.offset..]
            .first_chunk()
            .expect("each payload is preceded by its length");
        let start = entry.offset + LENGTH_BYTES;
        // The payload was a slice, so its length fits.
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        &self.bytes[start..start + length]
    }

    /// Writes the entries, which must be sorted, as a chunk.
    pub(super) fn write(&self, file: &ChunkFile) -> io::Result<Chunk> {
        let n_bytes = self.bytes.len() + K::ENCODED_BYTES * self.index.len();
        let mut writer = file.writer(n_bytes as u64);
        for (key, payload) in self.iter() {
            write_entry(key, payload, &mut writer)?;
        }
        writer.finish()
    }
}

fn write_entry<K: SortKey>(key: K, payload: &[u8], into: &mut ChunkWriter<'_>) -> io::Result<()> {
    let head: EntryHead<K> = (key, payload.len() as u64);
    into.write_with(EntryHead::<K>::ENCODED_BYTES, |buffer| head.encode(buffer))?;
    into.write(payload)
}

/// Sorted entries, read one after the other.
#[derive(Debug)]
pub(super) enum SortedRun<K> {
    /// In memory, with the index of the next entry.
    InMemory(Batch<K>, usize),
    /// In a chunk, with the size of the current payload in bytes.
    OnDisk(ChunkReader, usize),
}

impl<K: SortKey> SortedRun<K> {
    pub(super) fn in_memory(entries: Batch<K>) -> Self {
        Self::InMemory(entries, 0)
    }

    pub(super) fn on_disk(reader: ChunkReader) -> Self {
        Self::OnDisk(reader, 0)
    }

    /// The payload of the current entry.
    pub(super) fn payload(&self) -> &[u8] {
        match self {
            Self::InMemory(entries, next) => entries.payload(entries.index[next - 1]),
            Self::OnDisk(reader, n_bytes) => reader.last_read(*n_bytes),
        }
    }
}

impl<K: SortKey> RecordStream for SortedRun<K> {
    type Key = K;

    fn next_key(&mut self) -> io::Result<Option<K>> {
        match self {
            Self::InMemory(entries, next) => {
                let entry = entries.index.get(*next);
                *next += 1;
                Ok(entry.map(|entry| entry.key))
            }
            Self::OnDisk(reader, _) if reader.is_at_end() => Ok(None),
            Self::OnDisk(reader, n_bytes) => {
                let n_head = reader.read(EntryHead::<K>::ENCODED_BYTES as u64)?;
                let (key, length) = EntryHead::<K>::decode(&mut reader.last_read(n_head));
                *n_bytes = reader.read(length)?;
                Ok(Some(key))
            }
        }
    }

    fn write(&self, key: K, into: &mut ChunkWriter<'_>) -> io::Result<()> {
        write_entry(key, self.payload(), into)
    }
}
