//! K-way merge: many sorted chunks as one sorted sequence, in bounded memory.
//!
//! Does not know what a record holds. Called by `sorter` and `duplicate_counter`.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque, binary_heap::PeekMut},
    io,
    sync::Arc,
};

use super::chunks::{Chunk, ChunkFile, ChunkReader, ChunkWriter, Chunks, READ_BYTES};

/// Maximum bytes per read of a chunk: longer reads are no faster.
const MAX_READ_BYTES: usize = 4 * READ_BYTES;

/// Reads the records of one sorted chunk, one after the other.
pub(super) trait RecordStream {
    /// The sort key of a record.
    type Key: Copy + Ord;

    /// Advances to the next record and returns its key; none after the last.
    fn next_key(&mut self) -> io::Result<Option<Self::Key>>;

    /// Writes the current record, in as many bytes as it was read from.
    fn write(&self, key: Self::Key, into: &mut ChunkWriter<'_>) -> io::Result<()>;
}

/// The records of several sources in the order of their keys. The current record stays in the
/// buffer of its source until the next call.
#[derive(Debug)]
pub(super) struct KWayMerge<R: RecordStream> {
    sources: Vec<R>,
    /// The current key of each source, the smallest on top.
    keys: BinaryHeap<Reverse<(R::Key, usize)>>,
    /// Whether the record on top was returned.
    is_consumed: bool,
}

impl<R: RecordStream> KWayMerge<R> {
    pub(super) fn new(mut sources: Vec<R>) -> io::Result<Self> {
        let mut keys = BinaryHeap::with_capacity(sources.len());
        for (index, source) in sources.iter_mut().enumerate() {
            keys.extend(source.next_key()?.map(|key| Reverse((key, index))));
        }
        Ok(Self { sources, keys, is_consumed: false })
    }

    /// The key of the record that `next` will return.
    pub(super) fn peek(&mut self) -> io::Result<Option<R::Key>> {
        self.advance_current()?;
        Ok(self.keys.peek().map(|Reverse((key, _))| *key))
    }

    /// The next record: its key, and its source, whose current record it is.
    pub(super) fn next(&mut self) -> io::Result<Option<(R::Key, &R)>> {
        self.advance_current()?;
        let Some(&Reverse((key, index))) = self.keys.peek() else { return Ok(None) };
        self.is_consumed = true;
        Ok(Some((key, &self.sources[index])))
    }

    fn advance_current(&mut self) -> io::Result<()> {
        if !self.is_consumed {
            return Ok(());
        }
        let Some(mut top) = self.keys.peek_mut() else { return Ok(()) };
        let index = top.0.1;
        if let Some(key) = self.sources[index].next_key()? {
            // In place, so that the heap is adjusted once instead of for a pop and a push.
            top.0.0 = key;
        } else {
            PeekMut::pop(top);
        }
        self.is_consumed = false;
        Ok(())
    }
}

/// How many chunks can be merged at once.
pub(super) fn max_merge_width(memory: usize) -> usize {
    (memory / READ_BYTES).max(2)
}

/// All chunks as one sequence, with read buffers that together stay within `memory`.
///
/// If there are more chunks than buffers, the oldest ones are merged into longer chunks first, no
/// more of them than necessary. The merged chunks stay in the file, so a merge on several levels
/// needs the disk space of the records once for each level.
pub(super) fn merge_bounded<R: RecordStream>(
    chunks: Chunks,
    memory: usize,
    open: fn(ChunkReader) -> R,
) -> io::Result<KWayMerge<R>> {
    let (file, written) = chunks.into_parts()?;
    let mut pending = VecDeque::from(written);
    let max_width = max_merge_width(memory);
    while pending.len() > max_width {
        let n_merged = max_width.min(pending.len() - max_width + 1);
        let group: Vec<_> = pending.drain(..n_merged).collect();
        pending.push_back(merge_chunks(&file, &group, memory, open)?);
    }
    open_chunks(&file, pending.make_contiguous(), memory, open)
}

fn open_chunks<R: RecordStream>(
    file: &Arc<ChunkFile>,
    chunks: &[Chunk],
    memory: usize,
    open: fn(ChunkReader) -> R,
) -> io::Result<KWayMerge<R>> {
    // Half of the memory, where possible: what was freed before may not be back with the system
    // yet.
    let size = (memory / 2 / chunks.len().max(1)).clamp(READ_BYTES, MAX_READ_BYTES);
    KWayMerge::new(chunks.iter().map(|chunk| open(ChunkReader::new(file, *chunk, size))).collect())
}

/// Merges several chunks into one.
fn merge_chunks<R: RecordStream>(
    file: &Arc<ChunkFile>,
    chunks: &[Chunk],
    memory: usize,
    open: fn(ChunkReader) -> R,
) -> io::Result<Chunk> {
    let mut writer = file.writer(chunks.iter().map(|chunk| chunk.n_bytes()).sum());
    let mut merge = open_chunks(file, chunks, memory, open)?;
    while let Some((key, source)) = merge.next()? {
        source.write(key, &mut writer)?;
    }
    writer.finish()
}
