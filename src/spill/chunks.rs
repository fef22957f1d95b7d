//! Chunk file: sorted chunks, all in one file. Several threads write at once, each its own range,
//! and many chunks are read at once without a descriptor for each.
//!
//! Does not know what a chunk holds. Called by `sorter`, `duplicate_counter` and `kway_merge`.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Minimum bytes per system call: smaller transfers cost more in calls than in copying.
pub(super) const READ_BYTES: usize = 64 * 1024;

/// The byte range of a sorted chunk in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    start: u64,
    end: u64,
}

impl Chunk {
    pub(super) fn n_bytes(self) -> u64 {
        self.end - self.start
    }
}

/// The chunks written so far. There is no file until the first is written.
#[derive(Debug)]
pub(super) struct Chunks {
    path: PathBuf,
    file: Option<Arc<ChunkFile>>,
    written: Vec<Chunk>,
    /// Whether records are lost, so that there is no result.
    has_failed: bool,
}

impl Chunks {
    pub(super) fn new(folder: &Path, name: &str) -> Self {
        Self { path: folder.join(name), file: None, written: Vec::new(), has_failed: false }
    }

    /// Fails if an earlier write failed.
    pub(super) fn ensure_not_failed(&self) -> io::Result<()> {
        // A caller that ignored the first error must not mistake the remaining records for all.
        let path = self.path.display();
        if self.has_failed {
            Err(io::Error::other(format!("{path}: an earlier write failed")))
        } else {
            Ok(())
        }
    }

    /// The file, created if this is the first call.
    pub(super) fn file(&mut self) -> io::Result<Arc<ChunkFile>> {
        self.ensure_not_failed()?;
        if let Some(file) = &self.file {
            return Ok(Arc::clone(file));
        }
        let file = ChunkFile::create(&self.path).inspect_err(|_| self.has_failed = true)?;
        Ok(Arc::clone(self.file.insert(Arc::new(file))))
    }

    /// Adds the result of a writer.
    pub(super) fn add(&mut self, chunk: io::Result<Chunk>) -> io::Result<()> {
        self.written.push(chunk.inspect_err(|_| self.has_failed = true)?);
        Ok(())
    }

    /// Whether the file exists, that is whether a chunk was begun.
    pub(super) fn has_file(&self) -> bool {
        self.file.is_some()
    }

    pub(super) fn into_parts(mut self) -> io::Result<(Arc<ChunkFile>, Vec<Chunk>)> {
        Ok((self.file()?, self.written))
    }
}

/// The file of all chunks, removed when it is dropped.
#[derive(Debug)]
pub(super) struct ChunkFile {
    path: PathBuf,
    // On other systems each call opens its own handle, since seeking in a shared one would race.
    #[cfg(unix)]
    file: File,
    /// The offset of the next chunk.
    end: AtomicU64,
}

impl ChunkFile {
    fn create(path: &Path) -> io::Result<Self> {
        // A file of this name that a killed run left behind is replaced, never written into: its
        // permissions may allow others to read it.
        if let Err(error) = fs::remove_file(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(with_path(path, &error));
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|error| with_path(path, &error))?;
        #[cfg(not(unix))]
        drop(file);
        // Unlinked at once: the customers' data in it is gone when the process ends, however it
        // ends.
        #[cfg(unix)]
        fs::remove_file(path).map_err(|error| with_path(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            #[cfg(unix)]
            file,
            end: AtomicU64::new(0),
        })
    }

    /// Simulates a disk that loses data.
    #[cfg(test)]
    pub(super) fn truncate(&self, n_bytes: u64) {
        #[cfg(unix)]
        self.file.set_len(n_bytes).unwrap();
        #[cfg(not(unix))]
        self.handle_at(0).unwrap().set_len(n_bytes).unwrap();
    }

    /// Begins a chunk of exactly `n_bytes`; other chunks may be written meanwhile.
    pub(super) fn writer(&self, n_bytes: u64) -> ChunkWriter<'_> {
        let start = self.end.fetch_add(n_bytes, Ordering::Relaxed);
        let chunk = Chunk { start, end: start + n_bytes };
        ChunkWriter { file: self, chunk, at: start, buffer: Vec::with_capacity(READ_BYTES) }
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.write_all_at(bytes, at).map_err(|error| with_path(&self.path, &error))
    }

    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        self.read_exact_at(bytes, at).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                self.damage_error(at, "the file ends before what was written to it")
            }
            _ => with_path(&self.path, &error),
        })
    }

    /// All bytes of a chunk.
    pub(super) fn read_chunk(&self, chunk: Chunk) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(chunk.n_bytes()).map_err(io::Error::other)?];
        self.read_at(&mut bytes, chunk.start)?;
        Ok(bytes)
    }

    /// The error of a chunk that is not as it was written.
    pub(super) fn damage_in(&self, chunk: Chunk, what: &str) -> io::Error {
        self.damage_error(chunk.start, what)
    }

    fn damage_error(&self, at: u64, what: &str) -> io::Error {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{}, byte {at}: {what}", self.path.display()),
        )
    }

    #[cfg(unix)]
    fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(&self.file, bytes, at)
    }

    #[cfg(unix)]
    fn read_exact_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, bytes, at)
    }

    #[cfg(not(unix))]
    fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        io::Write::write_all(&mut self.handle_at(at)?, bytes)
    }

    #[cfg(not(unix))]
    fn read_exact_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        io::Read::read_exact(&mut self.handle_at(at)?, bytes)
    }

    #[cfg(not(unix))]
    fn handle_at(&self, at: u64) -> io::Result<File> {
        let mut file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        io::Seek::seek(&mut file, io::SeekFrom::Start(at))?;
        Ok(file)
    }
}

#[cfg(not(unix))]
impl Drop for ChunkFile {
    fn drop(&mut self) {
        // No caller is left to receive the error, and removing the run folder removes the file too.
        let _ = fs::remove_file(&self.path);
    }
}

/// Adds the path to an error, and keeps its kind, so that a full disk is still recognized.
fn with_path(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Writes one chunk from its beginning to its end.
pub(super) struct ChunkWriter<'a> {
    file: &'a ChunkFile,
    chunk: Chunk,
    /// The file offset of the buffer.
    at: u64,
    buffer: Vec<u8>,
}

impl ChunkWriter<'_> {
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.buffer.len() + bytes.len() > READ_BYTES {
            self.flush()?;
        }
        if bytes.len() < READ_BYTES {
            self.buffer.extend_from_slice(bytes);
            return Ok(());
        }
        self.file.write_at(bytes, self.at)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Writes the `n_bytes` that `append` appends to the buffer.
    pub(super) fn write_with(
        &mut self,
        n_bytes: usize,
        append: impl FnOnce(&mut Vec<u8>),
    ) -> io::Result<()> {
        if self.buffer.len() + n_bytes > READ_BYTES {
            self.flush()?;
        }
        append(&mut self.buffer);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_at(&self.buffer, self.at)?;
        self.at += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<Chunk> {
        self.flush()?;
        debug_assert_eq!(self.at, self.chunk.end, "the chunk does not have its announced length");
        Ok(self.chunk)
    }
}

/// Reads one chunk from its beginning to its end.
#[derive(Debug)]
pub(super) struct ChunkReader {
    file: Arc<ChunkFile>,
    /// The part of the chunk that is not in the buffer yet.
    remaining: Chunk,
    /// The number of bytes per read.
    size: usize,
    buffer: Vec<u8>,
    /// The number of bytes of the buffer that are consumed.
    consumed: usize,
}

impl ChunkReader {
    pub(super) fn new(file: &Arc<ChunkFile>, chunk: Chunk, size: usize) -> Self {
        Self { file: Arc::clone(file), remaining: chunk, size, buffer: Vec::new(), consumed: 0 }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.bytes_left() == 0
    }

    /// Consumes `n` bytes, which `last_read` then returns. Fails if the chunk has fewer.
    pub(super) fn read(&mut self, n: u64) -> io::Result<usize> {
        // Checked before the buffer grows: a damaged length must not allocate any amount of memory.
        let n = match usize::try_from(n) {
            Ok(size) if n <= self.bytes_left() => size,
            _ => {
                return Err(self
                    .file
                    .damage_error(self.remaining.start, "a record is longer than its chunk"));
            }
        };
        if self.buffer.len() - self.consumed < n {
            self.refill(n)?;
        }
        self.consumed += n;
        Ok(n)
    }

    pub(super) fn read_array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        self.read(N as u64)?;
        Ok(*self.last_read(N).first_chunk().expect("N bytes were read"))
    }

    /// The last `n` consumed bytes; at most as many as the last `read` consumed.
    pub(super) fn last_read(&self, n: usize) -> &[u8] {
        &self.buffer[self.consumed - n..self.consumed]
    }

    fn bytes_left(&self) -> u64 {
        (self.buffer.len() - self.consumed) as u64 + self.remaining.n_bytes()
    }

    /// Reads until `n` bytes are buffered; the chunk must have them.
    fn refill(&mut self, n: usize) -> io::Result<()> {
        let kept = self.buffer.len() - self.consumed;
        self.buffer.copy_within(self.consumed.., 0);
        self.consumed = 0;
        let remaining = usize::try_from(self.remaining.n_bytes()).unwrap_or(usize::MAX);
        let full = n.max(self.size).min(kept.saturating_add(remaining));
        self.buffer.resize(full, 0);
        // A record longer than the buffer enlarges it only until the next refill.
        self.buffer.shrink_to(self.size);
        self.file.read_at(&mut self.buffer[kept..], self.remaining.start)?;
        self.remaining.start += (full - kept) as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_chunk(chunks: &mut Chunks, bytes: &[u8]) -> Chunk {
        let file = chunks.file().unwrap();
        let mut writer = file.writer(bytes.len() as u64);
        writer.write(bytes).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn chunk_round_trips() {
        let folder = tempfile::tempdir().unwrap();
        let mut chunks = Chunks::new(folder.path(), "c");
        write_chunk(&mut chunks, b"first");
        let chunk = write_chunk(&mut chunks, b"second");
        let mut reader = ChunkReader::new(&chunks.file().unwrap(), chunk, 2);
        assert_eq!(reader.read_array().unwrap(), *b"s");
        assert_eq!(reader.read_array().unwrap(), *b"econ");
        assert!(!reader.is_at_end());
        assert_eq!(reader.read_array().unwrap(), *b"d");
        assert!(reader.is_at_end());
    }

    #[test]
    fn record_cannot_exceed_its_chunk() {
        let folder = tempfile::tempdir().unwrap();
        let mut chunks = Chunks::new(folder.path(), "c");
        let chunk = write_chunk(&mut chunks, b"first");
        write_chunk(&mut chunks, b"second");
        let error =
            ChunkReader::new(&chunks.file().unwrap(), chunk, 64).read(u64::MAX).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().contains("longer than its chunk"), "{error}");
    }

    #[test]
    fn truncation_error_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut chunks = Chunks::new(folder.path(), "c");
        let chunk = write_chunk(&mut chunks, b"first");
        chunks.file().unwrap().truncate(3);
        let error = ChunkReader::new(&chunks.file().unwrap(), chunk, 64).read(5).unwrap_err();
        assert!(
            error.to_string().starts_with(&*folder.path().join("c").to_string_lossy()),
            "{error}"
        );
        assert!(
            error.to_string().ends_with("the file ends before what was written to it"),
            "{error}"
        );
    }

    #[test]
    fn create_error_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = Chunks::new(&folder.path().join("absent"), "c").file().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("absent"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn stale_file_is_replaced_with_mode_0600() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c");
        fs::write(&path, "left by a killed run").unwrap();
        let mut chunks = Chunks::new(folder.path(), "c");
        assert_eq!(
            fs::metadata(&path).unwrap().len(),
            20,
            "the file is not touched before the first chunk"
        );
        let metadata = chunks.file().unwrap().file.metadata().unwrap();
        assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (0, 0o600));
        assert!(!path.exists(), "the file is unlinked, so its data ends with the process");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn full_disk_error_keeps_path_and_kind() {
        let file = ChunkFile {
            path: "full".into(),
            file: File::create("/dev/full").unwrap(),
            end: AtomicU64::new(0),
        };
        let mut writer = file.writer(1);
        writer.write(b"x").unwrap();
        let error = writer.finish().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().starts_with("full: "), "{error}");
    }
}
