//! Decompression: the bytes of a plain, gzip or zstd file.
//!
//! Detects the compression by the first bytes of a file, not by its name. Does not interpret the
//! content. Called by `block_reader` and `inputs`.

use std::io::{self, BufReader, Read};

use super::hashed_source::HashedSource;
use crate::{
    model::input::Location,
    storage::{ByteStream, Storage},
};

/// Bytes per read from the disk or the decompressor; more gains nothing measurable.
const BUFFER: usize = 128 * 1024;

/// Decompressed bytes that are allowed whatever the compressed size, since small files of similar
/// rows compress very well.
const UNCHECKED_BYTES: u64 = 64 * 1024 * 1024;

/// The decompressed bytes of an input that was read before, from its start. Applies no limit.
pub fn reopen(storage: &dyn Storage, location: &Location) -> io::Result<Box<dyn ByteStream>> {
    let source = HashedSource::unhashed(storage.open(location, 0)?);
    Ok(match DecompressedSource::new(source, u64::MAX)? {
        // Skipped bytes of a plain file are not read.
        DecompressedSource::Plain(source) => source.into_source(),
        DecompressedSource::Gzip(bytes) => Box::new(BufReader::with_capacity(BUFFER, *bytes)),
        DecompressedSource::Zstd(bytes) => Box::new(BufReader::with_capacity(BUFFER, bytes)),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Zstd,
}

/// Detects the compression of a source that was not read yet, without consuming its first bytes.
pub(super) fn detect_compression(source: &mut HashedSource) -> io::Result<Option<Compression>> {
    Ok(match source.peek()? {
        [0x1F, 0x8B, ..] => Some(Compression::Gzip),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Compression::Zstd),
        _ => None,
    })
}

/// A compressed source, buffered for a decoder.
type CompressedSource = BufReader<HashedSource>;

/// A source whose bytes are decompressed, for reads of the caller's size.
pub(super) enum DecompressedSource {
    Plain(HashedSource),
    /// Boxed, since a decoder is many times as large as the other variants.
    Gzip(Box<LimitedReader<flate2::bufread::MultiGzDecoder<CompressedSource>>>),
    Zstd(LimitedReader<zstd::Decoder<'static, CompressedSource>>),
}

impl DecompressedSource {
    /// Plain, gzip (several members too) or zstd bytes. Reading ends in an error where they
    /// decompress to more than `max_expansion` times their size.
    pub(super) fn new(mut source: HashedSource, max_expansion: u64) -> io::Result<Self> {
        let Some(compression) = detect_compression(&mut source)? else {
            return Ok(Self::Plain(source));
        };
        // A small archive may decompress to more than any disk holds.
        let remaining =
            source.source().version()?.size.saturating_mul(max_expansion).max(UNCHECKED_BYTES);
        let compressed = BufReader::with_capacity(BUFFER, source);
        Ok(match compression {
            Compression::Gzip => {
                let inner = flate2::bufread::MultiGzDecoder::new(compressed);
                Self::Gzip(Box::new(LimitedReader { inner, remaining, max_expansion }))
            }
            Compression::Zstd => {
                let inner = zstd::Decoder::with_buffer(compressed)?;
                Self::Zstd(LimitedReader { inner, remaining, max_expansion })
            }
        })
    }

    /// How its bytes were compressed, if they were.
    pub(super) fn compression(&self) -> Option<Compression> {
        match self {
            Self::Plain(_) => None,
            Self::Gzip(_) => Some(Compression::Gzip),
            Self::Zstd(_) => Some(Compression::Zstd),
        }
    }

    /// The source itself, with its hash.
    pub(super) fn source(&self) -> &HashedSource {
        match self {
            Self::Plain(source) => source,
            Self::Gzip(bytes) => bytes.inner.get_ref().get_ref(),
            Self::Zstd(bytes) => bytes.inner.get_ref().get_ref(),
        }
    }

    /// Appends the next `n_bytes` to `bytes`, or fewer at the end. Returns how many.
    // One `match` for a whole block. `Read` for this type could not forward `Read::read_buf`, and
    // the block would be filled with zeros before it is read.
    pub(super) fn append_to(&mut self, bytes: &mut Vec<u8>, n_bytes: usize) -> io::Result<usize> {
        let n_bytes = n_bytes as u64;
        match self {
            Self::Plain(source) => source.append_to(bytes, n_bytes),
            Self::Gzip(decompressed) => decompressed.take(n_bytes).read_to_end(bytes),
            Self::Zstd(decompressed) => decompressed.take(n_bytes).read_to_end(bytes),
        }
    }
}

impl<R: Read + Send> ByteStream for BufReader<LimitedReader<R>> {
    fn skip(&mut self, n_bytes: u64) -> io::Result<()> {
        io::copy(&mut self.take(n_bytes), &mut io::sink()).map(drop)
    }
}

/// Decompressed bytes, up to a limit.
pub(super) struct LimitedReader<R> {
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
                "the file decompresses to more than {expansion} times its size\n  hint: raise \
                 max_expansion if the file is correct"
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
    use crate::storage::LocalStorage;

    fn decompressed(compressed: &[u8]) -> io::Result<String> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(compressed)?;
        let mut text = String::new();
        reopen(&LocalStorage, &file.path().into())?.read_to_string(&mut text)?;
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
        file.write_all(&zstd::encode_all(io::repeat(b'a').take(UNCHECKED_BYTES + 1), 1).unwrap())
            .unwrap();
        let read = |expansion| {
            let source = HashedSource::unhashed(LocalStorage.open(&file.path().into(), 0).unwrap());
            let mut decompressed = DecompressedSource::new(source, expansion).unwrap();
            decompressed.append_to(&mut Vec::new(), usize::MAX)
        };
        assert_eq!(read(1_000_000).unwrap() as u64, UNCHECKED_BYTES + 1);
        assert!(read(2).unwrap_err().to_string().contains("more than 2 times its size"));
    }
}
