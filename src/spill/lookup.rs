//! Lookup: entries on disk that are found by their keys, more of them than memory holds.
//!
//! Written once, of sorted entries, in blocks; memory holds the first key of each block. Several
//! threads look up at once. Called by `shuffle`.

use std::{io, path::Path, sync::Arc};

use super::{
    chunks::{Chunk, ChunkFile, Chunks},
    sort_key::SortKey,
    sorter::SortedIter,
};

/// Bytes of a block, of which each look-up reads one as a rule: a page, since it wants one entry.
const BLOCK_BYTES: usize = 4 * 1024;

/// Bytes of the key and the length before each payload.
const HEAD_BYTES: usize = 12;

/// Entries by their keys. Those of equal keys are in the order in which they were sorted.
#[derive(Debug)]
pub struct Lookup {
    file: Arc<ChunkFile>,
    blocks: Vec<LookupBlock>,
}

#[derive(Debug)]
struct LookupBlock {
    first_key: u64,
    chunk: Chunk,
}

impl Lookup {
    /// Writes sorted entries into a file of this name, which is removed when the lookup is dropped.
    /// The first element of their keys is the key of the lookup.
    ///
    /// # Errors
    ///
    /// An error names the file.
    pub fn write<K: SortKey>(
        folder: &Path,
        name: &str,
        mut sorted: SortedIter<(u64, K)>,
    ) -> io::Result<Self> {
        let file = Chunks::new(folder, name).file()?;
        let mut lookup = Self { file, blocks: Vec::new() };
        let (mut bytes, mut first_key) = (Vec::with_capacity(BLOCK_BYTES), 0);
        while let Some(((key, _), payload)) = sorted.next()? {
            if bytes.len() + HEAD_BYTES + payload.len() > BLOCK_BYTES {
                lookup.write_block(first_key, &mut bytes)?;
            }
            if bytes.is_empty() {
                first_key = key;
            }
            let n_bytes = u32::try_from(payload.len()).map_err(io::Error::other)?;
            bytes.extend_from_slice(&key.to_le_bytes());
            bytes.extend_from_slice(&n_bytes.to_le_bytes());
            bytes.extend_from_slice(payload);
        }
        lookup.write_block(first_key, &mut bytes)?;
        Ok(lookup)
    }

    fn write_block(&mut self, first_key: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
        if !bytes.is_empty() {
            let mut writer = self.file.writer(bytes.len() as u64);
            writer.write(bytes)?;
            self.blocks.push(LookupBlock { first_key, chunk: writer.finish()? });
            bytes.clear();
        }
        Ok(())
    }

    /// Visits the payloads of a key.
    ///
    /// # Errors
    ///
    /// An error names the file.
    pub fn find(&self, key: u64, mut visit: impl FnMut(&[u8])) -> io::Result<()> {
        // The block before the first one that begins with the key may end with it.
        let first = self.blocks.partition_point(|block| block.first_key < key).saturating_sub(1);
        let blocks = self.blocks[first..].iter().take_while(|block| block.first_key <= key);
        for block in blocks {
            self.visit_block(block, |found, payload| {
                if found == key {
                    visit(payload);
                }
            })?;
        }
        Ok(())
    }

    /// Visits all payloads.
    ///
    /// # Errors
    ///
    /// An error names the file.
    pub fn for_each(&self, mut visit: impl FnMut(&[u8])) -> io::Result<()> {
        self.blocks
            .iter()
            .try_for_each(|block| self.visit_block(block, |_, payload| visit(payload)))
    }

    fn visit_block(
        &self,
        block: &LookupBlock,
        mut visit: impl FnMut(u64, &[u8]),
    ) -> io::Result<()> {
        let bytes = self.file.read_chunk(block.chunk)?;
        let mut rest = bytes.as_slice();
        while let Some((key, after)) = rest.split_first_chunk() {
            let (n_bytes, after) = after
                .split_first_chunk()
                .ok_or_else(|| self.file.damage_in(block.chunk, "an entry is cut off"))?;
            let (payload, after) = after
                .split_at_checked(u32::from_le_bytes(*n_bytes) as usize)
                .ok_or_else(|| self.file.damage_in(block.chunk, "an entry is cut off"))?;
            visit(u64::from_le_bytes(*key), payload);
            rest = after;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::{super::sorter::Sorter, *};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn all_entries_of_a_key_are_found(
            entries in vec((0..40_u64, vec(any::<u8>(), 0..2000)), 0..200),
            memory in 0..20_000_usize,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let sorter = Sorter::new(folder.path(), "s", memory);
            for (number, (key, payload)) in entries.iter().enumerate() {
                sorter.push((*key, number as u64), payload).unwrap();
            }
            let lookup = Lookup::write(folder.path(), "l", sorter.sorted().unwrap()).unwrap();
            for key in 0..41 {
                let mut found = Vec::new();
                lookup.find(key, |payload| found.push(payload.to_vec())).unwrap();
                let of_key = entries.iter().filter(|(other, _)| *other == key);
                prop_assert_eq!(found, of_key.map(|(_, payload)| payload.clone()).collect::<Vec<_>>());
            }
            let mut n_entries = 0;
            lookup.for_each(|_| n_entries += 1).unwrap();
            prop_assert_eq!(n_entries, entries.len());
        }
    }

    #[test]
    fn lost_bytes_are_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let sorter = Sorter::new(folder.path(), "s", 1000);
        sorter.push((7, 0_u64), b"payload").unwrap();
        let lookup = Lookup::write(folder.path(), "l", sorter.sorted().unwrap()).unwrap();
        lookup.file.truncate(10);
        let error = lookup.find(7, |_| {}).unwrap_err().to_string();
        assert!(error.contains("the file ends before what was written to it"), "{error}");
    }
}
