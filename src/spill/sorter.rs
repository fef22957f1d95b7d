//! External sorter: sorts entries of a key and a payload, more of them than memory holds.
//!
//! Does not sort by payload: entries of equal keys are returned in any order, which may differ from
//! one run to the next, so their order must not matter, or the key must distinguish them. Called by
//! `shuffle`, `disposition`, `plan` and `report`.

use std::{
    io, mem,
    num::NonZero,
    path::Path,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use super::{
    batch::{Batch, SortedRun},
    chunks::Chunks,
    kway_merge::{self, KWayMerge},
    sort_key::SortKey,
};

/// Minimum number of parts in which memory is filled. A part is sorted and written as one chunk.
//
// With more parts, more threads sort at once and less memory waits for the disk; with fewer, the
// chunks are longer.
const MIN_PARTS: usize = 16;

/// Maximum size of a part.
//
// A part that grows is moved, and meanwhile takes its memory twice: that must not be much of the
// whole.
const MAX_PART_BYTES: usize = 16 << 20;

/// Accepts entries from several threads at once.
///
/// Holds entries in at most seven eighths of `memory` (in bytes), including their keys and the
/// entries that are being written; the last eighth is for unused capacity of the parts. In addition
/// to `memory` it uses 64 KiB for each thread that writes, and holds any single entry that is
/// longer than `memory`.
#[derive(Debug)]
pub struct Sorter<K> {
    memory: usize,
    /// The memory that all entries may use.
    max_bytes: usize,
    /// The memory that the entries of one part may use.
    part_bytes: usize,
    state: Mutex<SorterState<K>>,
    /// Signalled when memory became free or a write failed.
    has_changed: Condvar,
}

#[derive(Debug)]
struct SorterState<K> {
    current: Batch<K>,
    sealed: Vec<Batch<K>>,
    /// Parts that are written and cleared, whose memory is reused.
    free_parts: Vec<Batch<K>>,
    /// The memory of all entries: in the current part, in sealed ones, and being written.
    memory_used: usize,
    chunks: Chunks,
}

impl<K: SortKey> SorterState<K> {
    fn close_part(&mut self) {
        if !self.current.is_empty() {
            let next = self.free_parts.pop().unwrap_or_else(|| self.current.with_same_capacity());
            self.sealed.push(mem::replace(&mut self.current, next));
        }
    }

    /// A sealed part; the current one only if it holds all memory that is in use.
    fn next_to_write(&mut self) -> Option<Batch<K>> {
        if self.sealed.is_empty() && self.memory_used == self.current.memory_used() {
            self.close_part();
        }
        self.sealed.pop()
    }
}

impl<K: SortKey + Send> Sorter<K> {
    /// An empty sorter. Nothing is written until the entries no longer fit into `memory`. The file
    /// is then created in `folder` under `name`, readable by its user only, and replaces any file
    /// of this name; it is removed when the sorter or its [`SortedIter`] is dropped.
    #[must_use]
    pub fn new(folder: &Path, name: &str, memory: usize) -> Self {
        let state = SorterState {
            current: Batch::default(),
            sealed: Vec::new(),
            free_parts: Vec::new(),
            memory_used: 0,
            chunks: Chunks::new(folder, name),
        };
        let max_bytes = memory - memory / 8;
        Self {
            memory,
            max_bytes,
            part_bytes: max_part_bytes(max_bytes),
            state: Mutex::new(state),
            has_changed: Condvar::new(),
        }
    }

    /// Adds an entry. An error names the file; after one there is no result.
    pub fn push(&self, key: K, payload: &[u8]) -> io::Result<()> {
        let entry_bytes = Batch::<K>::memory_for_entry(payload);
        let mut state = self.lock_with_capacity(entry_bytes)?;
        state.current.push(key, payload);
        state.memory_used += entry_bytes;
        drop(state);
        Ok(())
    }

    /// Moves all entries of a batch here; the batch keeps its memory. Cheapest for a batch of less
    /// than a twentieth of the memory and less than 16 MiB.
    pub fn push_all(&self, batch: &mut Batch<K>) -> io::Result<()> {
        let batch_bytes = batch.memory_used();
        if batch_bytes > self.part_bytes {
            batch.iter().try_for_each(|(key, payload)| self.push(key, payload))?;
            batch.clear();
            return Ok(());
        }
        let mut state = self.lock_with_capacity(batch_bytes)?;
        state.current.append(batch);
        state.memory_used += batch_bytes;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, SorterState<K>> {
        // Poisoning is ignored: the state is consistent at each point where a thread could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, or writes parts, until `n_more` bytes fit into the current part. An empty sorter
    /// accepts any number.
    fn lock_with_capacity(&self, n_more: usize) -> io::Result<MutexGuard<'_, SorterState<K>>> {
        let mut state = self.lock();
        loop {
            state.chunks.ensure_not_failed()?;
            if state.current.memory_used() + n_more > self.part_bytes {
                state.close_part();
            }
            if state.memory_used == 0 || state.memory_used + n_more <= self.max_bytes {
                return Ok(state);
            }
            // Without a part to write, other threads are writing: they signal when memory is free.
            state = match state.next_to_write() {
                Some(entries) => self.write_part(state, entries)?,
                None => self.has_changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Sorts and writes a part. Other threads continue meanwhile.
    fn write_part<'a>(
        &'a self,
        mut state: MutexGuard<'a, SorterState<K>>,
        mut part: Batch<K>,
    ) -> io::Result<MutexGuard<'a, SorterState<K>>> {
        let file = state.chunks.file();
        drop(state);
        part.sort();
        let chunk = file.and_then(|file| part.write(&file));
        let mut state = self.lock();
        state.memory_used -= part.memory_used();
        part.clear();
        part.shrink_to(self.part_bytes);
        state.free_parts.push(part);
        let added = state.chunks.add(chunk);
        self.has_changed.notify_all();
        added.map(|()| state)
    }

    /// All entries, in ascending order of their keys.
    pub fn sorted(self) -> io::Result<SortedIter<K>> {
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.chunks.ensure_not_failed()?;
        state.close_part();
        let (mut parts, mut chunks) = (state.sealed, state.chunks);
        sort_all(&mut parts);
        if !chunks.has_file() {
            let sources = parts.into_iter().map(SortedRun::in_memory).collect();
            return Ok(SortedIter { merge: KWayMerge::new(sources)? });
        }
        // The merge needs the memory for its read buffers.
        drop(state.free_parts);
        let file = chunks.file()?;
        for part in parts {
            chunks.add(part.write(&file))?;
        }
        Ok(SortedIter {
            merge: kway_merge::merge_bounded(chunks, self.memory, SortedRun::on_disk)?,
        })
    }
}

/// The approximate disk space for entries of `n_bytes` that do not fit into `memory`: their
/// size once as they are written, and once more for each level of the merge; 0 if they fit.
#[must_use]
pub fn disk_needed(n_bytes: u64, memory: usize) -> u64 {
    let max_bytes = memory - memory / 8;
    // An entry uses some bytes in addition to its own.
    if n_bytes.saturating_mul(2) <= max_bytes as u64 {
        return 0;
    }
    let part_bytes = max_part_bytes(max_bytes).max(1);
    let (mut n_chunks, mut n_levels) = (n_bytes.div_ceil(part_bytes as u64), 1);
    while n_chunks > kway_merge::max_merge_width(memory) as u64 {
        n_chunks = n_chunks.div_ceil(kway_merge::max_merge_width(memory) as u64);
        n_levels += 1;
    }
    n_bytes.saturating_mul(n_levels)
}

fn max_part_bytes(max_bytes: usize) -> usize {
    (max_bytes / MIN_PARTS).min(MAX_PART_BYTES)
}

/// Sorts all parts, on all cores.
fn sort_all<K: SortKey + Send>(parts: &mut [Batch<K>]) {
    let n_threads = thread::available_parallelism().map_or(1, NonZero::get);
    let share = parts.len().div_ceil(n_threads).max(1);
    thread::scope(|scope| {
        for parts in parts.chunks_mut(share) {
            scope.spawn(|| parts.iter_mut().for_each(Batch::sort));
        }
    });
}

/// Entries in ascending order of their keys.
#[derive(Debug)]
pub struct SortedIter<K: SortKey> {
    merge: KWayMerge<SortedRun<K>>,
}

impl<K: SortKey> SortedIter<K> {
    /// The next entry. An error names the file.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend its payload")]
    pub fn next(&mut self) -> io::Result<Option<(K, &[u8])>> {
        Ok(self.merge.next()?.map(|(key, source)| (key, source.payload())))
    }

    /// The key of the entry that `next` will return.
    pub fn peek_key(&mut self) -> io::Result<Option<K>> {
        self.merge.peek()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    type Pairs = Vec<((u64, u64), Vec<u8>)>;

    fn all<K: SortKey>(mut sorted: SortedIter<K>) -> Vec<(K, Vec<u8>)> {
        let mut found = Vec::new();
        while let Some(key) = sorted.peek_key().unwrap() {
            let (same, payload) = sorted.next().unwrap().unwrap();
            assert_eq!(key, same);
            found.push((key, payload.to_vec()));
        }
        assert!(sorted.next().unwrap().is_none());
        found
    }

    /// Checks that the keys are in order, and sorts by key and payload.
    fn in_order(mut found: Pairs) -> Pairs {
        assert!(found.is_sorted_by_key(|(key, _)| *key));
        found.sort();
        found
    }

    fn pairs() -> impl Strategy<Value = Pairs> {
        let key = prop_oneof![any::<(u64, u64)>(), (0..1_u64, 0..20_u64), (0..3_u64, 0..1_u64)];
        vec((key, vec(any::<u8>(), 0..40)), 0..400)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_number_of_entries_is_sorted(pairs in pairs(), memory in 0..20_000_usize, batch in 1..60_usize) {
            let folder = tempfile::tempdir().unwrap();
            let sorter = Sorter::new(folder.path(), "s", memory);
            for (number, chunk) in pairs.chunks(batch).enumerate() {
                let mut entries = Batch::default();
                for (key, payload) in chunk {
                    if number % 2 == 0 { entries.push(*key, payload) } else { sorter.push(*key, payload).unwrap() }
                }
                sorter.push_all(&mut entries).unwrap();
                prop_assert!(entries.is_empty());
            }
            let n_held: usize = pairs.iter().map(|(_, payload)| Batch::<(u64, u64)>::memory_for_entry(payload)).sum();
            if n_held <= memory - memory / 8 {
                prop_assert!(!folder.path().join("s").exists());
            }
            let found = in_order(all(sorter.sorted().unwrap()));
            let mut expected = pairs;
            expected.sort();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }

    /// Keys in no order, without a random source.
    fn key(number: u64) -> (u64, u64) {
        (number.wrapping_mul(0x9E37_79B9_7F4A_7C15), 0)
    }

    #[test]
    fn concurrent_pushes_stay_within_memory() {
        let folder = tempfile::tempdir().unwrap();
        let sorter = Sorter::new(folder.path(), "s", 10_000);
        thread::scope(|scope| {
            for thread in 0..12 {
                let sorter = &sorter;
                scope.spawn(move || {
                    for number in thread * 1000..(thread + 1) * 1000 {
                        sorter.push(key(number), &number.to_le_bytes()).unwrap();
                        let state = sorter.lock();
                        assert!(
                            state.memory_used <= sorter.max_bytes,
                            "{} bytes in use",
                            state.memory_used
                        );
                    }
                });
            }
        });
        let mut expected: Pairs =
            (0..12_000).map(|n: u64| (key(n), n.to_le_bytes().to_vec())).collect();
        expected.sort();
        assert_eq!(all(sorter.sorted().unwrap()), expected);
    }

    #[test]
    fn empty_and_oversized_payloads_are_sorted() {
        let folder = tempfile::tempdir().unwrap();
        let sorter = Sorter::new(folder.path(), "s", 1000);
        let long = vec![7; 300_000];
        for number in [5_u64, 3, 4, 1, 2] {
            sorter.push(number, if number % 2 == 1 { &long } else { b"" }).unwrap();
        }
        let lengths: Vec<_> = all(sorter.sorted().unwrap())
            .iter()
            .map(|(key, payload)| (*key, payload.len()))
            .collect();
        assert_eq!(lengths, [(1, 300_000), (2, 0), (3, 300_000), (4, 0), (5, 300_000)]);
    }

    #[test]
    fn empty_sorter_yields_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(all(Sorter::<u64>::new(folder.path(), "s", 0).sorted().unwrap()), []);
    }

    #[test]
    fn spill_file_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let filled = || {
            let sorter = Sorter::new(folder.path(), "s", 100);
            (0..100_u64).for_each(|key| sorter.push(key, b"payload").unwrap());
            sorter
        };
        drop(filled());
        let mut sorted = filled().sorted().unwrap();
        assert!(sorted.next().unwrap().is_some());
        drop(sorted);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn no_result_after_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let sorter = Sorter::new(&folder.path().join("absent"), "s", 100);
        let error = (0..100_u64).find_map(|key| sorter.push(key, b"payload").err()).unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        for error in [sorter.push(1, b"").unwrap_err(), sorter.sorted().unwrap_err()] {
            assert!(error.to_string().ends_with(": an earlier write failed"), "{error}");
        }
    }

    #[test]
    fn truncated_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let sorter = Sorter::new(folder.path(), "s", 100);
        (0..100_u64).for_each(|key| sorter.push(key, b"payload").unwrap());
        sorter.state.lock().unwrap().chunks.file().unwrap().truncate(50);
        let error = sorter.sorted().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().starts_with(&*folder.path().to_string_lossy()), "{error}");
    }
}
