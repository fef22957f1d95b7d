//! Many sorted chunks as one sorted sequence.
//!
//! Does not know what a record is. Called by `sorter` and `seen`.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque, binary_heap::PeekMut},
    io,
    sync::Arc,
};

use super::chunks::{Chunk, ChunkFile, ChunkReader, ChunkWriter, Chunks, READ_BYTES};

/// A window need not be wider: a longer read is no faster.
const MAX_READ_BYTES: usize = 4 * READ_BYTES;

/// The records of one sorted chunk, one after the other.
pub(super) trait RecordStream {
    /// What they are sorted by.
    type Key: Copy + Ord;

    /// Goes to the next record: its key, or none after the last.
    fn next_key(&mut self) -> io::Result<Option<Self::Key>>;

    /// Writes the record at hand, in as many bytes as it was read from.
    fn write(&self, key: Self::Key, into: &mut ChunkWriter<'_>) -> io::Result<()>;
}

/// Sorted records of several sources. The record at hand stays where its source has it until the next call.
#[derive(Debug)]
pub(super) struct KWayMerge<R: RecordStream> {
    sources: Vec<R>,
    /// The key that each source stands at, the least on top.
    keys: BinaryHeap<Reverse<(R::Key, usize)>>,
    /// The record on top was handed out.
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

    /// The key of the record that `next` will give.
    pub(super) fn peek(&mut self) -> io::Result<Option<R::Key>> {
        self.advance_current()?;
        Ok(self.keys.peek().map(|Reverse((key, _))| *key))
    }

    /// The next record: its key, and its source, which stands at it.
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
            top.0.0 = key;
        } else {
            PeekMut::pop(top);
        }
        self.is_consumed = false;
        Ok(())
    }
}

/// How many chunks can be read at once.
pub(super) fn max_merge_width(memory: usize) -> usize {
    (memory / READ_BYTES).max(2)
}

/// All chunks as one sequence, read through windows that together stay within `memory`.
///
/// Chunks for which there is no window are merged into longer ones first, no more of them than necessary and the
/// shortest-lived first. What these were made of stays in the file, so that a merge on several levels takes the room of
/// the records once for each level.
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
    // Half of it, where possible: what was held before may not be back with the system yet.
    let size = (memory / 2 / chunks.len().max(1)).clamp(READ_BYTES, MAX_READ_BYTES);
    KWayMerge::new(chunks.iter().map(|chunk| open(ChunkReader::new(file, *chunk, size))).collect())
}

/// One chunk of several.
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
