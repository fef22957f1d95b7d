//! Sample of a file: its start, its end and blocks between, for a look at an export that no profile
//! describes yet.
//!
//! Reads bytes and decodes them; finds no rows. Called by `sniff`.

use std::{
    collections::VecDeque,
    io::{self, Read},
};

use super::{
    decompress::DecompressedSource, error::ReadError, file_encoding::certain_encoding,
    foreign_file::ForeignFile, hashed_source::HashedSource, inputs, read_buffer::BOM,
    text_decoder::TextDecoder,
};
use crate::{
    model::{input::Input, text_encoding::TextEncoding},
    storage::Storage,
};

/// How much of a file is in its sample.
#[derive(Debug, Clone, Copy)]
struct SampleSize {
    /// Bytes at the start, and at the end, of which all are in the sample.
    end_bytes: usize,
    /// Bytes of one block between them.
    block_bytes: usize,
    /// Of so many blocks one is in the sample.
    interval: usize,
}

const SAMPLE_SIZE: SampleSize =
    SampleSize { end_bytes: 8 * 1024 * 1024, block_bytes: 256 * 1024, interval: 1000 };

/// The bytes of a sample.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// The start of the file; all of it if it is short.
    pub start: Vec<u8>,
    /// Parts behind the start, in their order. Each begins at any byte of a row.
    pub parts: Vec<Vec<u8>>,
}

impl Sample {
    /// Whether it is the whole file.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.parts.is_empty()
    }

    /// The encoding that the bytes prove, if they do.
    #[must_use]
    pub fn certain_encoding(&self) -> Option<TextEncoding> {
        certain_encoding(&self.start).or_else(|| {
            let all = std::iter::once(&self.start).chain(&self.parts);
            all.into_iter().all(|bytes| is_part_of_utf8(bytes)).then_some(TextEncoding::Utf8)
        })
    }
}

/// Reads the sample of a file, whose bytes may be compressed.
///
/// # Errors
///
/// [`ReadError`], for a file that cannot be read, has changed, or is no text.
pub fn read_sample(
    storage: &dyn Storage,
    input: &Input,
    max_expansion: u64,
) -> Result<Sample, ReadError> {
    read_sample_of_size(SAMPLE_SIZE, storage, input, max_expansion)
}

fn read_sample_of_size(
    size: SampleSize,
    storage: &dyn Storage,
    input: &Input,
    max_expansion: u64,
) -> Result<Sample, ReadError> {
    let io_error = |error| inputs::io_error(input, error);
    let source = HashedSource::unhashed(inputs::open(storage, input)?);
    let mut stream = DecompressedSource::new(source, max_expansion).map_err(io_error)?;
    let mut sample = Sample::default();
    stream.append_to(&mut sample.start, size.end_bytes).map_err(io_error)?;
    if let Some(foreign) = ForeignFile::detect(&sample.start) {
        let hint = foreign.hint(&input.name, stream.compression());
        return Err(ReadError::Foreign { name: input.name.clone(), kind: foreign.kind, hint });
    }
    let parts = match stream.compression() {
        Some(_) => parts_of_stream(size, &mut stream),
        None => parts_of_file(size, storage, input),
    };
    sample.parts = parts.map_err(io_error)?;
    Ok(sample)
}

/// The parts behind the start of a file that is not compressed. What is between them is not read.
fn parts_of_file(
    size: SampleSize,
    storage: &dyn Storage,
    input: &Input,
) -> io::Result<Vec<Vec<u8>>> {
    let SampleSize { end_bytes, block_bytes, interval } = size;
    let (file_bytes, end_bytes) = (input.version.size, end_bytes as u64);
    if file_bytes <= end_bytes {
        return Ok(Vec::new());
    }
    let tail = (file_bytes - end_bytes).max(end_bytes);
    let blocks = (end_bytes..tail).step_by(block_bytes * interval).skip(1);
    let blocks = blocks.map(|at| (at, block_bytes as u64)).chain([(tail, end_bytes)]);
    let read = |(at, n_bytes): (u64, u64)| {
        let mut bytes = Vec::new();
        storage.open(&input.location, at)?.take(n_bytes).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    blocks.map(read).collect()
}

/// The parts behind the start of a compressed file, all of which must be read.
fn parts_of_stream(size: SampleSize, stream: &mut DecompressedSource) -> io::Result<Vec<Vec<u8>>> {
    let n_last = size.end_bytes / size.block_bytes;
    let (mut parts, mut last_blocks) = (Vec::new(), VecDeque::new());
    for number in 1.. {
        let mut block = Vec::new();
        if stream.append_to(&mut block, size.block_bytes)? == 0 {
            break;
        }
        last_blocks.push_back(block);
        if last_blocks.len() > n_last {
            let is_in_sample = (number - n_last).is_multiple_of(size.interval);
            parts.extend(last_blocks.pop_front().filter(|_| is_in_sample));
        }
    }
    let tail: Vec<u8> = last_blocks.into_iter().flatten().collect();
    parts.extend(Some(tail).filter(|tail| !tail.is_empty()));
    Ok(parts)
}

/// The text of bytes of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct SampleText {
    /// The text, without a byte order mark.
    pub text: String,
    /// Sequences that mean nothing in the encoding.
    pub n_malformed: usize,
}

/// Decodes bytes of a sample. A character that is cut at their start or end is malformed.
#[must_use]
pub fn sample_text(bytes: &[u8], encoding: TextEncoding) -> SampleText {
    let mut decoded = Vec::new();
    let bytes = match TextDecoder::new(encoding) {
        Some(mut table) => {
            table.decode(bytes, true, &mut decoded);
            &decoded
        }
        None => bytes,
    };
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let n_malformed = bytes.utf8_chunks().filter(|chunk| !chunk.invalid().is_empty()).count();
    SampleText { text: String::from_utf8_lossy(bytes).into_owned(), n_malformed }
}

/// Whether bytes are UTF-8, apart from characters that are cut at their ends.
fn is_part_of_utf8(bytes: &[u8]) -> bool {
    let is_continuation = |byte: &&u8| **byte & 0xC0 == 0x80;
    let n_cut = bytes.iter().take(3).take_while(is_continuation).count();
    match std::str::from_utf8(&bytes[n_cut..]) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::storage::LocalStorage;

    const SMALL: SampleSize = SampleSize { end_bytes: 80, block_bytes: 10, interval: 10 };

    fn sample_of(bytes: &[u8]) -> Sample {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let input = inputs::find_one(&LocalStorage, "orders.csv", file.path().into()).unwrap();
        read_sample_of_size(SMALL, &LocalStorage, &input, 1_000_000).unwrap()
    }

    #[test]
    fn sample_has_the_start_the_end_and_blocks_between() {
        let bytes: Vec<u8> = (0..100u32).flat_map(u32::to_le_bytes).collect();
        let sample = sample_of(&bytes);
        assert_eq!(sample.start, bytes[..80]);
        assert_eq!(sample.parts, [&bytes[180..190], &bytes[280..290], &bytes[320..]]);
        let compressed = sample_of(&zstd::encode_all(&*bytes, 1).unwrap());
        assert_eq!(compressed.start, sample.start);
        assert_eq!(compressed.parts, [&bytes[170..180], &bytes[270..280], &bytes[320..]]);
    }

    #[test]
    fn short_file_is_its_sample() {
        assert!(sample_of(b"").is_whole());
        assert!(sample_of(&[b'a'; 80]).is_whole());
        let sample = sample_of(&[b'a'; 90]);
        assert_eq!((sample.start.len(), sample.parts), (80, vec![vec![b'a'; 10]]));
    }

    #[test]
    fn encoding_is_certain_where_bytes_prove_it() {
        let encoding = |bytes: &[u8]| sample_of(bytes).certain_encoding().map(|e| e.to_string());
        assert_eq!(encoding(b"Name\nM\xC3\xBCller").as_deref(), Some("utf-8"));
        assert_eq!(encoding(b"\xFF\xFEN\0a\0").as_deref(), Some("utf-16le"));
        assert_eq!(encoding(b"Name\nM\xFCller"), None);
    }
}
