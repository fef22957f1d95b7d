//! Groups: sorted entries whose keys have the same first element, one group after the other.
//!
//! Decodes no entry. Called by `shuffle`, `disposition` and `plan`.

use std::{io, mem};

use super::{sort_key::SortKey, sorter::SortedIter};

/// Groups in ascending order. `G` is the key of a group, `K` sorts its entries.
#[derive(Debug)]
pub struct Groups<G: SortKey, K: SortKey> {
    sorted: SortedIter<(G, K)>,
    /// The group that was returned last, of which entries may be unread.
    current: Option<G>,
}

impl<G: SortKey, K: SortKey> Groups<G, K> {
    /// All groups of the entries.
    #[must_use]
    pub fn new(sorted: SortedIter<(G, K)>) -> Self {
        Self { sorted, current: None }
    }

    /// The next group. Entries of the previous one that were not read are skipped.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend its groups")]
    pub fn next(&mut self) -> io::Result<Option<Group<'_, G, K>>> {
        if let Some(key) = self.current.take() {
            let mut skipped = Group { sorted: &mut self.sorted, key };
            while skipped.next()?.is_some() {}
        }
        self.current = self.sorted.peek_key()?.map(|(group, _)| group);
        Ok(self.current.map(|key| Group { sorted: &mut self.sorted, key }))
    }

    /// Reads the next groups, until they have `limits.batch_bytes` or are all. None after the last.
    pub fn next_batch(&mut self, limits: BatchLimits) -> Result<Option<GroupBatch>, BatchError> {
        let mut batch = GroupBatch::with_capacity(limits.batch_bytes);
        while batch.bytes.len() < limits.batch_bytes {
            let Some(group) = self.next()? else { break };
            if !batch.push(group, limits)? {
                return Err(BatchError::GroupTooLarge {
                    first: batch.first_of_last_group().to_vec(),
                });
            }
        }
        Ok((!batch.group_ends.is_empty()).then_some(batch))
    }
}

/// The entries of one group, in ascending order of their keys.
#[derive(Debug)]
pub struct Group<'s, G: SortKey, K: SortKey> {
    sorted: &'s mut SortedIter<(G, K)>,
    key: G,
}

impl<G: SortKey, K: SortKey> Group<'_, G, K> {
    /// The key of the group.
    #[must_use]
    pub fn key(&self) -> G {
        self.key
    }

    /// The key and the payload of the next entry; none after the last one of the group.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend its payload")]
    pub fn next(&mut self) -> io::Result<Option<(K, &[u8])>> {
        if self.sorted.peek_key()?.is_none_or(|(group, _)| group != self.key) {
            return Ok(None);
        }
        Ok(self.sorted.next()?.map(|((_, key), payload)| (key, payload)))
    }
}

/// Sizes in bytes for [`Groups::next_batch`].
#[derive(Debug, Clone, Copy)]
pub struct BatchLimits {
    /// A batch has no further group once its payloads have this size.
    pub batch_bytes: usize,
    /// Maximum size of a group of several entries. A single entry may have any size.
    pub group_bytes: usize,
    /// What an entry counts for in a group, in addition to its payload.
    pub entry_overhead: usize,
}

/// Why there is no next batch.
#[derive(Debug)]
pub enum BatchError {
    /// A file could not be read.
    Io(io::Error),
    /// A group exceeds its limit.
    GroupTooLarge {
        /// The payload of its first entry.
        first: Vec<u8>,
    },
}

impl From<io::Error> for BatchError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Whole groups in memory.
// Flat, since most groups have one or two short entries.
#[derive(Debug)]
pub struct GroupBatch {
    /// All payloads.
    bytes: Vec<u8>,
    /// The offset in `bytes` at which each entry ends.
    entry_ends: Vec<usize>,
    /// The index in `entry_ends` at which each group ends.
    group_ends: Vec<usize>,
}

impl GroupBatch {
    fn with_capacity(n_bytes: usize) -> Self {
        // The last group exceeds the size a little.
        let bytes = Vec::with_capacity(n_bytes + n_bytes / 16);
        Self { bytes, entry_ends: Vec::new(), group_ends: Vec::new() }
    }

    /// Adds a group, and returns whether it is within its limit.
    fn push<G: SortKey, K: SortKey>(
        &mut self,
        mut group: Group<'_, G, K>,
        limits: BatchLimits,
    ) -> io::Result<bool> {
        let (first, mut n_bytes) = (self.entry_ends.len(), 0);
        while let Some((_, payload)) = group.next()? {
            n_bytes += payload.len() + limits.entry_overhead;
            self.bytes.extend_from_slice(payload);
            self.entry_ends.push(self.bytes.len());
            if n_bytes > limits.group_bytes && self.entry_ends.len() - first > 1 {
                return Ok(false);
            }
        }
        self.group_ends.push(self.entry_ends.len());
        Ok(true)
    }

    fn first_of_last_group(&self) -> &[u8] {
        self.entry(self.group_ends.last().copied().unwrap_or(0))
    }

    fn entry(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |previous| self.entry_ends[previous]);
        &self.bytes[start..self.entry_ends[index]]
    }

    /// The groups, each with the payloads of its entries.
    pub fn groups(&self) -> impl Iterator<Item = impl ExactSizeIterator<Item = &[u8]>> {
        let mut start = 0;
        self.group_ends
            .iter()
            .map(move |end| (mem::replace(&mut start, *end)..*end).map(|index| self.entry(index)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{collection::vec, prelude::*};

    use super::{super::sorter::Sorter, *};

    type Entries = Vec<((u64, u64), Vec<u8>)>;

    fn groups(entries: &Entries) -> (tempfile::TempDir, Groups<u64, u64>) {
        let folder = tempfile::tempdir().unwrap();
        let sorter = Sorter::new(folder.path(), "s", 1000);
        for (key, payload) in entries {
            sorter.push(*key, payload).unwrap();
        }
        let groups = Groups::new(sorter.sorted().unwrap());
        (folder, groups)
    }

    fn limits(batch_bytes: usize, group_bytes: usize) -> BatchLimits {
        BatchLimits { batch_bytes, group_bytes, entry_overhead: 0 }
    }

    /// Entries of a few groups, no two of them with the same key.
    fn entries() -> impl Strategy<Value = Entries> {
        let payload = vec(any::<u8>(), 0..30);
        vec((0..10_u64, payload), 0..100).prop_map(|entries| {
            (0..).zip(entries).map(|(n, (group, payload))| ((group, n), payload)).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn batches_hold_each_group_once(entries in entries(), batch_bytes in 1..2000_usize) {
            let (_folder, mut groups) = groups(&entries);
            let mut found: Vec<Vec<Vec<u8>>> = Vec::new();
            while let Some(batch) = groups.next_batch(limits(batch_bytes, usize::MAX)).unwrap() {
                found.extend(batch.groups().map(|group| group.map(<[u8]>::to_vec).collect()));
            }
            let mut expected: BTreeMap<u64, Vec<Vec<u8>>> = BTreeMap::new();
            for ((group, _), payload) in entries {
                expected.entry(group).or_default().push(payload);
            }
            prop_assert_eq!(found, expected.into_values().collect::<Vec<_>>());
        }
    }

    #[test]
    fn unread_entries_of_a_group_are_skipped() {
        let entry = |key| (key, Vec::new());
        let (_folder, mut groups) =
            groups(&[(1, 0), (1, 1), (2, 5), (3, 7), (3, 8)].map(entry).to_vec());
        let mut first_keys = Vec::new();
        while let Some(mut group) = groups.next().unwrap() {
            first_keys.push(group.next().unwrap().unwrap().0);
        }
        assert_eq!(first_keys, [0, 5, 7]);
    }

    #[test]
    fn only_a_group_of_several_entries_is_limited() {
        let entry = |key, n_bytes| (key, vec![b'x'; n_bytes]);
        let (_folder, mut single) = groups(&vec![entry((1, 0), 5000), entry((2, 0), 1)]);
        assert_eq!(single.next_batch(limits(10_000, 100)).unwrap().unwrap().groups().count(), 2);
        let (_folder, mut several) =
            groups(&vec![entry((1, 0), 1), entry((2, 0), 60), entry((2, 1), 41)]);
        match several.next_batch(limits(10_000, 100)) {
            Err(BatchError::GroupTooLarge { first }) => assert_eq!(first.len(), 60),
            other => panic!("{other:?}"),
        }
    }
}
