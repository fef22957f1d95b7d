//! Keys with payloads: a batch in memory, and the same in a sorted chunk.
//!
//! Called by whoever makes batches for a `Sorter`, and by `sorter` itself.

use std::io;

use super::{
    chunks::{Chunk, ChunkFile, ChunkWriter, Window},
    merge::Records,
};

/// A payload's length stands before it, here as in a chunk.
const LENGTH: usize = size_of::<u64>();

/// Where an entry stands. The key is two halves because one u128 would align this to 32 bytes.
#[derive(Debug, Clone, Copy)]
struct Place {
    high: u64,
    low: u64,
    /// Where the length begins.
    at: usize,
}

impl Place {
    fn key(self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low)
    }
}

/// A batch of entries, made by one thread.
#[derive(Debug, Default)]
pub struct Entries {
    places: Vec<Place>,
    bytes: Vec<u8>,
}

impl Entries {
    /// None yet, with room for so many with so many bytes together.
    #[must_use]
    pub fn with_room(n_entries: usize, n_bytes: usize) -> Self {
        let (places, bytes) = (Vec::with_capacity(n_entries), Vec::with_capacity(n_bytes + LENGTH * n_entries));
        Self { places, bytes }
    }

    /// Adds an entry.
    pub fn push(&mut self, key: u128, payload: &[u8]) {
        let start = self.begin(key);
        self.bytes.extend_from_slice(payload);
        self.end(start);
    }

    /// Adds an entry whose payload `write` puts behind what is there.
    pub fn push_written(&mut self, key: u128, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<()> {
        let start = self.begin(key);
        write(&mut self.bytes)?;
        self.end(start);
        Ok(())
    }

    /// Gives where the payload begins.
    fn begin(&mut self, key: u128) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "the halves of a key")]
        let (high, low) = ((key >> 64) as u64, key as u64);
        self.places.push(Place { high, low, at: self.bytes.len() });
        self.bytes.extend_from_slice(&[0; LENGTH]);
        self.bytes.len()
    }

    fn end(&mut self, start: usize) {
        let length = ((self.bytes.len() - start) as u64).to_le_bytes();
        self.bytes[start - LENGTH..start].copy_from_slice(&length);
    }

    /// Whether it has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// How many bytes its payloads have.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.bytes.len() - LENGTH * self.places.len()
    }

    /// How much memory it takes.
    pub(super) fn n_held(&self) -> usize {
        self.bytes.len() + size_of::<Place>() * self.places.len()
    }

    /// How much memory one entry takes.
    pub(super) fn n_held_by(payload: &[u8]) -> usize {
        size_of::<Place>() + LENGTH + payload.len()
    }

    /// An empty batch in which as many entries as here, and a few more, find room: one that grows is moved, and while
    /// it is, its memory is needed twice.
    pub(super) fn room_for_as_many(&self) -> Self {
        let with_more = |n: usize| n + n / 32;
        Self {
            places: Vec::with_capacity(with_more(self.places.len())),
            bytes: Vec::with_capacity(with_more(self.bytes.len())),
        }
    }

    /// Moves all entries of `other` here.
    pub(super) fn append(&mut self, other: &mut Self) {
        let start = self.bytes.len();
        self.places.extend(other.places.iter().map(|entry| Place { at: start + entry.at, ..*entry }));
        self.bytes.extend_from_slice(&other.bytes);
        other.clear();
    }

    /// The memory stays for the next entries.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.bytes.clear();
    }

    /// Gives back the memory that a rare long payload took.
    pub(super) fn shrink_to(&mut self, max_bytes: usize) {
        self.bytes.shrink_to(max_bytes);
    }

    pub(super) fn sort(&mut self) {
        self.places.sort_unstable_by_key(|entry| entry.key());
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, &[u8])> {
        self.places.iter().map(|entry| (entry.key(), self.payload(*entry)))
    }

    fn payload(&self, entry: Place) -> &[u8] {
        let length = self.bytes[entry.at..].first_chunk().expect("a length stands before each payload");
        let start = entry.at + LENGTH;
        // What was a slice has a length that fits.
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        &self.bytes[start..start + length]
    }

    /// Writes its entries, which are sorted, as a chunk.
    pub(super) fn write(&self, file: &ChunkFile) -> io::Result<Chunk> {
        let n_bytes = self.bytes.len() + size_of::<u128>() * self.places.len();
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
pub(super) enum SortedEntries {
    /// In memory; the next one is the one of this number.
    Held(Entries, usize),
    /// In a chunk; the payload at hand has so many bytes.
    Stored(Window, usize),
}

impl SortedEntries {
    pub(super) fn held(entries: Entries) -> Self {
        Self::Held(entries, 0)
    }

    pub(super) fn stored(reader: Window) -> Self {
        Self::Stored(reader, 0)
    }

    /// That of the entry at hand.
    pub(super) fn payload(&self) -> &[u8] {
        match self {
            Self::Held(entries, next) => entries.payload(entries.places[next - 1]),
            Self::Stored(reader, n_bytes) => reader.last(*n_bytes),
        }
    }
}

impl Records for SortedEntries {
    type Key = u128;

    fn advance(&mut self) -> io::Result<Option<u128>> {
        match self {
            Self::Held(entries, next) => {
                let entry = entries.places.get(*next);
                *next += 1;
                Ok(entry.map(|entry| entry.key()))
            }
            Self::Stored(reader, _) if reader.is_at_end() => Ok(None),
            Self::Stored(reader, n_bytes) => {
                let key = u128::from_le_bytes(reader.take_array()?);
                let length = u64::from_le_bytes(reader.take_array()?);
                *n_bytes = reader.take(length)?;
                Ok(Some(key))
            }
        }
    }

    fn write(&self, key: u128, into: &mut ChunkWriter<'_>) -> io::Result<()> {
        write_entry(key, self.payload(), into)
    }
}
