//! Duplicate counter: finds which 64-bit hashes occur more than once, exactly and in bounded
//! memory.
//!
//! Stores nothing but the hashes, and reports the repeated ones only at the end. Called by
//! `shuffle`.

use std::{io, path::Path};

use super::{
    chunks::{ChunkReader, ChunkWriter, Chunks},
    kway_merge::{self, RecordStream},
};

/// Marks a free slot; the hash 0 is counted separately.
const EMPTY: u64 = 0;

/// The first table has more slots than this, but fewer than eight times as many: up to 64 KiB, so
/// that a small run stays small.
const FIRST_SLOTS: usize = 1024;

/// Growth factor of a table.
//
// While a table grows, the old one is held too, which with a factor of 8 takes little of the
// memory.
const GROWTH: usize = 8;

/// Counts hashes, which must be well mixed.
///
/// A table holds them until it is full; then its hashes are written as a generation, and the table
/// is cleared. `memory` (in bytes) bounds the table and afterwards the merge.
#[derive(Debug)]
pub struct DuplicateCounter {
    memory: usize,
    table: HashTable,
    n_zeros: u64,
    chunks: Chunks,
}

impl DuplicateCounter {
    /// A counter without hashes. Nothing is written until the table that fits into `memory` is
    /// full. The file is then created in `folder` under `name`, readable by its user only, and
    /// replaces any file of this name; it is removed when the counter is dropped or finished.
    #[must_use]
    pub fn new(folder: &Path, name: &str, memory: usize) -> Self {
        Self { memory, table: HashTable::default(), n_zeros: 0, chunks: Chunks::new(folder, name) }
    }

    /// Adds a hash, and returns whether this generation holds it already. A hash that is new to
    /// this generation may repeat one of an older generation. An error names the file; after one
    /// there is no result.
    #[inline]
    pub fn insert(&mut self, hash: u64) -> io::Result<bool> {
        if hash == EMPTY {
            self.n_zeros += 1;
            return Ok(self.n_zeros > 1);
        }
        if self.table.is_full() {
            self.grow_or_spill()?;
        }
        Ok(self.table.insert(hash))
    }

    /// Calls `on_repeated` once for each hash that occurred more than once, in ascending order.
    /// Returns the number of distinct hashes.
    pub fn for_each_duplicate(mut self, mut on_repeated: impl FnMut(u64)) -> io::Result<u64> {
        self.chunks.ensure_not_failed()?;
        if self.n_zeros > 1 {
            on_repeated(0);
        }
        let n_zeros = self.n_zeros.min(1);
        if self.chunks.has_file() {
            self.spill_table()?;
            drop(self.table);
            return Ok(n_zeros + count_distinct(self.chunks, self.memory, on_repeated)?);
        }
        let n_used = self.table.n_used as u64;
        let repeated = self.table.move_repeated_first();
        repeated.sort_unstable();
        repeated.iter().copied().for_each(on_repeated);
        Ok(n_zeros + n_used)
    }

    #[cold]
    fn grow_or_spill(&mut self) -> io::Result<()> {
        // A slot takes 8 bytes and a bit, and growing takes an eighth more for the old table: 7
        // slots in 64 bytes.
        let max_slots = (self.memory / 64 * 7).max(16);
        if self.table.slots.len() < max_slots {
            self.table.grow(next_size(self.table.slots.len(), max_slots));
            return Ok(());
        }
        self.spill_table()
    }

    fn spill_table(&mut self) -> io::Result<()> {
        // Two chunks, one of the repeated hashes and one of all: a repeated hash is in the file
        // more than once, so records need no flag.
        let repeated = self.table.move_repeated_first();
        write_chunk(repeated, &mut self.chunks)?;
        let n_used = self.table.n_used;
        write_chunk(&mut self.table.slots[..n_used], &mut self.chunks)?;
        self.table.clear();
        Ok(())
    }
}

/// The size to which a table of `n_slots` grows.
fn next_size(n_slots: usize, max_slots: usize) -> usize {
    // Sizes are `max_slots` divided by powers of the growth factor, instead of multiples of the
    // first size: so the last step is as long as the others, and the old table never more than an
    // eighth of the new one.
    let mut next = max_slots;
    while next / GROWTH > n_slots.max(FIRST_SLOTS) {
        next /= GROWTH;
    }
    next
}

fn write_chunk(hashes: &mut [u64], chunks: &mut Chunks) -> io::Result<()> {
    if hashes.is_empty() {
        return Ok(());
    }
    hashes.sort_unstable();
    let file = chunks.file()?;
    let mut writer = file.writer(size_of_val(hashes) as u64);
    let written = hashes.iter().try_for_each(|hash| writer.write(&hash.to_le_bytes()));
    chunks.add(written.and_then(|()| writer.finish()))
}

/// The number of distinct hashes in the chunks.
fn count_distinct(
    chunks: Chunks,
    memory: usize,
    mut on_repeated: impl FnMut(u64),
) -> io::Result<u64> {
    let mut merge = kway_merge::merge_bounded(chunks, memory, HashStream)?;
    let (mut n_distinct, mut last, mut n_same) = (0, EMPTY, 0_u64);
    while let Some((hash, _)) = merge.next()? {
        if hash == last {
            n_same += 1;
        } else {
            (n_distinct, last, n_same) = (n_distinct + 1, hash, 1);
        }
        if n_same == 2 {
            on_repeated(hash);
        }
    }
    Ok(n_distinct)
}

/// The hashes of a chunk.
struct HashStream(ChunkReader);

impl RecordStream for HashStream {
    type Key = u64;

    fn next_key(&mut self) -> io::Result<Option<u64>> {
        if self.0.is_at_end() {
            Ok(None)
        } else {
            Ok(Some(u64::from_le_bytes(self.0.read_array()?)))
        }
    }

    fn write(&self, hash: u64, into: &mut ChunkWriter<'_>) -> io::Result<()> {
        into.write(&hash.to_le_bytes())
    }
}

/// Hash table with linear probing. The slot of a hash is proportional to its value.
// Not `hashbrown`, which holds half as many hashes in the same memory or fewer: its size is a power
// of two, and its hashes must be copied to be sorted. 8 million hashes took 223 MB instead of 98,
// and no less time.
#[derive(Debug, Default)]
struct HashTable {
    slots: Vec<u64>,
    /// A bit for each slot: its hash occurred more than once.
    repeated: Vec<u64>,
    n_used: usize,
}

impl HashTable {
    fn is_full(&self) -> bool {
        // Beyond 13 of 16 slots the search for a free one becomes long.
        self.n_used >= self.slots.len() / 16 * 13
    }

    fn slot(&self, hash: u64) -> usize {
        // The number of slots times `hash` / 2^64: no division, and the number need not be a power
        // of two.
        #[expect(clippy::cast_possible_truncation, reason = "less than the number of slots")]
        let slot = ((u128::from(hash) * self.slots.len() as u128) >> 64) as usize;
        slot
    }

    /// Adds a hash, and returns whether it was present. The table must have a free slot.
    #[inline]
    fn insert(&mut self, hash: u64) -> bool {
        let mut at = self.slot(hash);
        loop {
            let stored = self.slots[at];
            if stored == hash {
                self.repeated[at / 64] |= 1 << (at % 64);
                return true;
            }
            if stored == EMPTY {
                self.slots[at] = hash;
                self.n_used += 1;
                return false;
            }
            at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
        }
    }

    fn is_repeated(&self, at: usize) -> bool {
        self.repeated[at / 64] >> (at % 64) & 1 == 1
    }

    fn grow(&mut self, n_slots: usize) {
        let old = std::mem::replace(
            self,
            Self {
                slots: vec![EMPTY; n_slots],
                repeated: vec![0; n_slots.div_ceil(64)],
                n_used: 0,
            },
        );
        for (at, hash) in old.slots.iter().enumerate().filter(|(_, hash)| **hash != EMPTY) {
            self.insert(*hash);
            if old.is_repeated(at) {
                self.insert(*hash);
            }
        }
    }

    /// Moves the hashes to the front, the repeated ones first, and returns the repeated ones. The
    /// table cannot be used again until it is cleared.
    fn move_repeated_first(&mut self) -> &mut [u64] {
        // In place: a copy would exceed the memory budget, which the table fills.
        let (mut n_repeated, mut n_hashes) = (0, 0);
        for at in 0..self.slots.len() {
            let hash = self.slots[at];
            if hash == EMPTY {
                continue;
            }
            self.slots[n_hashes] = hash;
            if self.is_repeated(at) {
                self.slots.swap(n_repeated, n_hashes);
                n_repeated += 1;
            }
            n_hashes += 1;
        }
        &mut self.slots[..n_repeated]
    }

    fn clear(&mut self) {
        self.slots.fill(EMPTY);
        self.repeated.fill(0);
        self.n_used = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn finish(counter: DuplicateCounter) -> (u64, Vec<u64>) {
        let mut repeated = Vec::new();
        let n_distinct = counter.for_each_duplicate(|hash| repeated.push(hash)).unwrap();
        (n_distinct, repeated)
    }

    fn expected(hashes: &[u64]) -> (u64, Vec<u64>) {
        let mut counts = BTreeMap::new();
        for hash in hashes {
            *counts.entry(*hash).or_insert(0) += 1;
        }
        (
            counts.len() as u64,
            counts.iter().filter(|(_, count)| **count > 1).map(|(hash, _)| *hash).collect(),
        )
    }

    /// Any hash, hashes that share a slot at either end of the table, and few enough to be
    /// repeated.
    fn hashes() -> impl Strategy<Value = Vec<u64>> {
        let hash =
            prop_oneof![any::<u64>(), 0..30_u64, (0..30_u64).prop_map(|less| u64::MAX - less)];
        vec(hash, 0..2000)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn duplicates_are_exact_for_any_memory(hashes in hashes(), memory in 0..20_000_usize) {
            let folder = tempfile::tempdir().unwrap();
            let mut counter = DuplicateCounter::new(folder.path(), "h", memory);
            for hash in &hashes {
                counter.insert(*hash).unwrap();
            }
            prop_assert_eq!(finish(counter), expected(&hashes));
            prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn table_within_memory_writes_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut counter = DuplicateCounter::new(folder.path(), "h", 1 << 20);
        let hashes: Vec<u64> =
            (0..20_000_u64).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        assert!(hashes.iter().all(|hash| !counter.insert(*hash).unwrap()));
        assert!(hashes[..10].iter().all(|hash| counter.insert(*hash).unwrap()));
        assert!(!folder.path().join("h").exists());
        let (n_distinct, repeated) = finish(counter);
        assert_eq!((n_distinct, repeated.len()), (20_000, 10));
        assert!(repeated.is_sorted());
    }

    #[test]
    fn duplicates_survive_spilling() {
        let folder = tempfile::tempdir().unwrap();
        let mut counter = DuplicateCounter::new(folder.path(), "h", 0);
        assert_eq!([5 << 60, 5 << 60].map(|hash| counter.insert(hash).unwrap()), [false, true]);
        (1..100).for_each(|hash| assert!(!counter.insert(hash << 50).unwrap()));
        assert_eq!(finish(counter), (100, vec![5 << 60]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn no_result_after_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut counter = DuplicateCounter::new(&folder.path().join("absent"), "h", 0);
        let error = (1..100).find_map(|hash| counter.insert(hash << 50).err()).unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        for error in
            [counter.insert(1).unwrap_err(), counter.for_each_duplicate(|_| ()).unwrap_err()]
        {
            assert!(error.to_string().ends_with(": an earlier write failed"), "{error}");
        }
    }

    #[test]
    fn table_stays_within_memory_budget() {
        let folder = tempfile::tempdir().unwrap();
        let mut counter = DuplicateCounter::new(folder.path(), "h", 100_000);
        let mut n_before = 0;
        for n in 1..50_000_u64 {
            counter.insert(n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).unwrap();
            let n_bytes =
                size_of_val(&*counter.table.slots) + size_of_val(&*counter.table.repeated);
            let while_growing = if n_bytes == n_before { n_bytes } else { n_bytes + n_before };
            assert!(while_growing <= 100_000, "{while_growing} bytes");
            n_before = n_bytes;
        }
        assert!(n_before > 80_000, "{n_before} bytes");
        assert_eq!(finish(counter), (49_999, vec![]));
    }
}
