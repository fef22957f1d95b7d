//! Many sorted chunks as one sorted sequence.
//!
//! Does not know what a record is. Called by `sorter` and `seen`.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque, binary_heap::PeekMut},
    io,
    sync::Arc,
};

use super::chunks::{Chunk, ChunkFile, ChunkWriter, Chunks, WINDOW, Window};

/// A window need not be wider: a longer read is no faster.
const WIDEST: usize = 4 * WINDOW;

/// The records of one sorted chunk, one after the other.
pub(super) trait Records {
    /// What they are sorted by.
    type Key: Copy + Ord;

    /// Goes to the next record: its key, or none after the last.
    fn advance(&mut self) -> io::Result<Option<Self::Key>>;

    /// Writes the record at hand, in as many bytes as it was read from.
    fn write(&self, key: Self::Key, into: &mut ChunkWriter<'_>) -> io::Result<()>;
}

/// Sorted records of several sources. The record at hand stays where its source has it until the next call.
#[derive(Debug)]
pub(super) struct Merge<R: Records> {
    sources: Vec<R>,
    /// The key that each source stands at, the least on top.
    keys: BinaryHeap<Reverse<(R::Key, usize)>>,
    /// The record on top was handed out.
    is_taken: bool,
}

impl<R: Records> Merge<R> {
    pub(super) fn new(mut sources: Vec<R>) -> io::Result<Self> {
        let mut keys = BinaryHeap::with_capacity(sources.len());
        for (index, source) in sources.iter_mut().enumerate() {
            keys.extend(source.advance()?.map(|key| Reverse((key, index))));
        }
        Ok(Self { sources, keys, is_taken: false })
    }

    /// The key of the record that `next` will give.
    pub(super) fn peek(&mut self) -> io::Result<Option<R::Key>> {
        self.pass_taken()?;
        Ok(self.keys.peek().map(|Reverse((key, _))| *key))
    }

    /// The next record: its key, and its source, which stands at it.
    pub(super) fn next(&mut self) -> io::Result<Option<(R::Key, &R)>> {
        self.pass_taken()?;
        let Some(&Reverse((key, index))) = self.keys.peek() else { return Ok(None) };
        self.is_taken = true;
        Ok(Some((key, &self.sources[index])))
    }

    fn pass_taken(&mut self) -> io::Result<()> {
        if !self.is_taken {
            return Ok(());
        }
        let Some(mut top) = self.keys.peek_mut() else { return Ok(()) };
        let index = top.0.1;
        if let Some(key) = self.sources[index].advance()? {
            top.0.0 = key;
        } else {
            PeekMut::pop(top);
        }
        self.is_taken = false;
        Ok(())
    }
}

/// How many chunks can be read at once.
pub(super) fn n_windows(memory: usize) -> usize {
    (memory / WINDOW).max(2)
}

/// All chunks as one sequence, read through windows that together stay within `memory`.
///
/// Chunks for which there is no window are merged into longer ones first, no more of them than necessary and the
/// shortest-lived first. What these were made of stays in the file, so that a merge on several levels takes the room of
/// the records once for each level.
pub(super) fn merged<R: Records>(chunks: Chunks, memory: usize, open: fn(Window) -> R) -> io::Result<Merge<R>> {
    let (file, written) = chunks.into_parts()?;
    let mut pending = VecDeque::from(written);
    let max_width = n_windows(memory);
    while pending.len() > max_width {
        let n_merged = max_width.min(pending.len() - max_width + 1);
        let group: Vec<_> = pending.drain(..n_merged).collect();
        pending.push_back(joined(&file, &group, memory, open)?);
    }
    opened(&file, pending.make_contiguous(), memory, open)
}

fn opened<R: Records>(
    file: &Arc<ChunkFile>,
    chunks: &[Chunk],
    memory: usize,
    open: fn(Window) -> R,
) -> io::Result<Merge<R>> {
    // Half of it, where possible: what was held before may not be back with the system yet.
    let size = (memory / 2 / chunks.len().max(1)).clamp(WINDOW, WIDEST);
    Merge::new(chunks.iter().map(|chunk| open(Window::new(file, *chunk, size))).collect())
}

/// One chunk of several.
fn joined<R: Records>(
    file: &Arc<ChunkFile>,
    chunks: &[Chunk],
    memory: usize,
    open: fn(Window) -> R,
) -> io::Result<Chunk> {
    let mut writer = file.writer(chunks.iter().map(|chunk| chunk.n_bytes()).sum());
    let mut merge = opened(file, chunks, memory, open)?;
    while let Some((key, source)) = merge.next()? {
        source.write(key, &mut writer)?;
    }
    writer.finish()
}
