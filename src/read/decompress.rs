//! Decompression: the bytes of a plain, gzip or zstd file.
//!
//! Detects the compression by the first bytes of a file, not by its name. Does not interpret the
//! content. Called by `block_reader` and `inputs`, and by `pipeline` when it copies rejected rows.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek},
    path::Path,
};

/// Bytes per read from the disk or the decompressor; more gains nothing measurable.
const BUFFER: usize = 128 * 1024;

/// Bytes per read where rows are read here and there.
const SMALL_BUFFER: usize = 16 * 1024;

/// Decompressed bytes that are allowed whatever the compressed size, since small files of similar
/// rows compress very well.
const UNCHECKED_BYTES: u64 = 64 * 1024 * 1024;

/// The decompressed bytes of a file that was read before.
pub enum Decompressed {
    /// Of a plain file: skipped bytes are not read.
    Uncompressed(BufReader<File>),
    /// Of a compressed file: skipped bytes are decompressed too.
    Compressed(BufReader<Box<dyn Read + Send>>),
}

/// Opens a plain, gzip (several members too) or zstd file. Applies no limit, since it is for files
/// that were read before.
pub fn open(path: &Path) -> io::Result<Decompressed> {
    let mut file = File::open(path)?;
    if detect_compression(&mut file)?.is_none() {
        return Ok(Decompressed::Uncompressed(BufReader::with_capacity(SMALL_BUFFER, file)));
    }
    Ok(Decompressed::Compressed(BufReader::with_capacity(BUFFER, stream(file, u64::MAX)?)))
}

impl Decompressed {
    fn inner(&mut self) -> &mut dyn BufRead {
        match self {
            Self::Uncompressed(file) => file,
            Self::Compressed(bytes) => bytes,
        }
    }

    /// Skips `n_bytes`.
    pub fn skip(&mut self, n_bytes: u64) -> io::Result<()> {
        match (self, i64::try_from(n_bytes)) {
            (Self::Uncompressed(file), Ok(n_bytes)) => file.seek_relative(n_bytes),
            (other, _) => io::copy(&mut other.inner().take(n_bytes), &mut io::sink()).map(drop),
        }
    }
}

impl Read for Decompressed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.inner().read(into)
    }
}

impl BufRead for Decompressed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner().fill_buf()
    }

    fn consume(&mut self, n_bytes: usize) {
        self.inner().consume(n_bytes);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Zstd,
}

/// Detects the compression of a file, and rewinds it to its start.
pub(super) fn detect_compression(file: &mut File) -> io::Result<Option<Compression>> {
    let mut magic = Vec::with_capacity(4);
    file.by_ref().take(4).read_to_end(&mut magic)?;
    file.rewind()?;
    Ok(match magic.as_slice() {
        [0x1F, 0x8B, ..] => Some(Compression::Gzip),
        [0x28, 0xB5, 0x2F, 0xFD] => Some(Compression::Zstd),
        _ => None,
    })
}

/// The decompressed bytes of an open file, like [`open`], for reads of the caller's size. Ends in
/// an error where the file decompresses to more than `max_expansion` times its size.
pub(super) fn stream(mut file: File, max_expansion: u64) -> io::Result<Box<dyn Read + Send>> {
    let Some(compression) = detect_compression(&mut file)? else { return Ok(Box::new(file)) };
    // A small archive may decompress to more than any disk holds.
    let remaining = file.metadata()?.len().saturating_mul(max_expansion).max(UNCHECKED_BYTES);
    let compressed = BufReader::with_capacity(BUFFER, file);
    Ok(match compression {
        Compression::Gzip => Box::new(LimitedReader {
            inner: flate2::bufread::MultiGzDecoder::new(compressed),
            remaining,
            max_expansion,
        }),
        Compression::Zstd => {
            Box::new(LimitedReader { inner: zstd::Decoder::with_buffer(compressed)?, remaining, max_expansion })
        }
    })
}

/// Decompressed bytes, up to a limit.
struct LimitedReader<R> {
    inner: R,
    remaining: u64,
    max_expansion: u64,
}

impl<R: Read> Read for LimitedReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.inner.read(into)?;
        let Some(remaining) = self.remaining.checked_sub(n_bytes as u64) else {
            let expansion = self.max_expansion;
            return Err(io::Error::other(format!(
                "the file decompresses to more than {expansion} times its size\n  hint: raise max_expansion if the file is correct"
            )));
        };
        self.remaining = remaining;
        Ok(n_bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn decompressed(compressed: &[u8]) -> io::Result<String> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(compressed)?;
        let mut text = String::new();
        open(file.path())?.read_to_string(&mut text)?;
        Ok(text)
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn detects_compression_by_content() {
        assert_eq!(decompressed(b"").unwrap(), "");
        assert_eq!(decompressed(b"ab").unwrap(), "ab");
        assert_eq!(decompressed(&[gzip("one "), gzip("two")].concat()).unwrap(), "one two");
        assert_eq!(decompressed(&zstd::encode_all(&b"three"[..], 1).unwrap()).unwrap(), "three");
    }

    #[test]
    fn truncated_archive_is_an_error() {
        let whole = gzip(&"order ".repeat(1000));
        assert!(decompressed(&whole[..whole.len() - 9]).is_err());
        let whole = zstd::encode_all("order ".repeat(1000).as_bytes(), 1).unwrap();
        assert!(decompressed(&whole[..whole.len() - 3]).is_err());
    }

    #[test]
    fn expansion_beyond_limit_is_an_error() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&zstd::encode_all(io::repeat(b'a').take(UNCHECKED_BYTES + 1), 1).unwrap()).unwrap();
        let read = |expansion| io::copy(&mut stream(file.reopen().unwrap(), expansion).unwrap(), &mut io::sink());
        assert_eq!(read(1_000_000).unwrap(), UNCHECKED_BYTES + 1);
        assert!(read(2).unwrap_err().to_string().contains("more than 2 times its size"));
    }
}
