//! Original stream: an input that is decoded as it is read, and the bytes that it has in the file.
//!
//! Offsets of rows are those of the decoded text. Rejects are copied from the file as it is, so
//! each part of the text is traced to its bytes. Made by `inputs`.

use std::io::{self, BufRead, Read};

use super::text_decoder::TextDecoder;
use crate::storage::ByteStream;

/// Bytes that are decoded at once where the text need not be traced to them.
const CHUNK_BYTES: usize = 16 * 1024;

/// The first byte of a sequence by which ISO-2022-JP changes between ASCII and other letters, and
/// the length of one.
const ESCAPE: u8 = 0x1B;
const SHIFT_BYTES: usize = 3;

/// At most this many bytes of UTF-8 come of one byte of any encoding.
const MAX_GROWTH: u64 = 4;

/// The decoded text of a stream, from its start on.
pub(super) struct OriginalStream {
    bytes: Box<dyn ByteStream>,
    decoder: TextDecoder,
    /// Text that is decoded and not yet read.
    text: Vec<u8>,
    /// How much of `text` is read.
    at: usize,
}

impl OriginalStream {
    pub(super) fn new(bytes: Box<dyn ByteStream>, decoder: TextDecoder) -> Self {
        Self { bytes, decoder, text: Vec::new(), at: 0 }
    }

    fn n_waiting(&self) -> u64 {
        (self.text.len() - self.at) as u64
    }

    /// Passes over the next `n_bytes` of text, or fewer at the end, and passes their bytes in the
    /// file to `original`. Returns how many of the text there were.
    fn advance(&mut self, n_bytes: u64, mut original: impl FnMut(&[u8])) -> io::Result<u64> {
        let mut n_left = n_bytes;
        loop {
            let n_taken = n_left.min(self.n_waiting());
            self.consume(usize::try_from(n_taken).unwrap_or(usize::MAX));
            n_left -= n_taken;
            if n_left == 0 {
                break;
            }
            // Near its end one byte at a time: the next row begins exactly there.
            let is_far = n_left >= CHUNK_BYTES as u64 * MAX_GROWTH;
            let max_bytes = if is_far { CHUNK_BYTES } else { 1 };
            let is_at_end = self.decode(max_bytes, &mut original)? == 0;
            if is_at_end && self.n_waiting() == 0 {
                break;
            }
        }
        // A return to ASCII belongs to the letters before it, though it is no part of the text.
        let ends_shifted = self.text[..self.at].last().is_some_and(|byte| !byte.is_ascii());
        let has_shifts = ends_shifted && self.decoder.has_shifts();
        if has_shifts && self.bytes.fill_buf()?.first() == Some(&ESCAPE) {
            for _ in 0..SHIFT_BYTES {
                self.decode(1, &mut original)?;
            }
        }
        Ok(n_bytes - n_left)
    }

    /// Decodes at most `max_bytes` more, and passes them to `original`. Returns how many there
    /// were; none at the end of the file.
    fn decode(&mut self, max_bytes: usize, original: &mut impl FnMut(&[u8])) -> io::Result<usize> {
        if self.at == self.text.len() {
            self.text.clear();
            self.at = 0;
        }
        let bytes = self.bytes.fill_buf()?;
        let bytes = &bytes[..bytes.len().min(max_bytes)];
        self.decoder.decode(bytes, bytes.is_empty(), &mut self.text);
        original(bytes);
        let n_bytes = bytes.len();
        self.bytes.consume(n_bytes);
        Ok(n_bytes)
    }
}

impl Read for OriginalStream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n_read = self.fill_buf()?.read(into)?;
        self.consume(n_read);
        Ok(n_read)
    }
}

impl BufRead for OriginalStream {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.n_waiting() == 0 && self.decode(CHUNK_BYTES, &mut |_| {})? > 0 {}
        Ok(&self.text[self.at..])
    }

    fn consume(&mut self, n_bytes: usize) {
        self.at += n_bytes;
    }
}

impl ByteStream for OriginalStream {
    fn skip(&mut self, n_bytes: u64) -> io::Result<()> {
        self.advance(n_bytes, |_| {}).map(drop)
    }

    /// Text that was read or looked at before is lost to it.
    fn read_original(&mut self, n_bytes: u64, into: &mut Vec<u8>) -> io::Result<u64> {
        self.advance(n_bytes, |bytes| into.extend_from_slice(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text_encoding::TextEncoding;

    /// Lines of a text, and their bytes in the file.
    fn lines(label: &str, bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
        let encoding = TextEncoding::for_label(label).unwrap();
        let open = || {
            let bytes = Box::new(io::Cursor::new(bytes.to_vec()));
            OriginalStream::new(bytes, TextDecoder::new(encoding).unwrap())
        };
        let mut text = String::new();
        open().read_to_string(&mut text).unwrap();
        let mut stream = open();
        let lines = text.split_inclusive('\n').map(|line| {
            let mut original = Vec::new();
            let n_read = stream.read_original(line.len() as u64, &mut original).unwrap();
            assert_eq!(n_read, line.len() as u64, "{label}");
            (line.to_owned(), original)
        });
        lines.collect()
    }

    #[test]
    fn each_line_has_its_own_bytes() {
        for label in ["windows-1252", "cp850", "utf-16le", "shift_jis", "gb18030", "iso-2022-jp"] {
            let encoding = TextEncoding::for_label(label).unwrap();
            let line_break = encoding.encode_ascii(b"\n");
            let word: &[u8] = match label {
                "windows-1252" => b"M\xFCller",
                "cp850" => b"M\x81ller",
                "utf-16le" => b"M\0\xFC\0",
                "iso-2022-jp" => b"\x1B$B%F%9%H\x1B(B",
                _ => b"\x83\x65\x83\x58",
            };
            let comma = encoding.encode_ascii(b",");
            let line = |n: usize| [&vec![word; n].join(&*comma), &*line_break].concat();
            let expected: Vec<_> = [0, 1, 3, 1000, 2].map(line).into();
            let found = lines(label, &expected.concat());
            let found: Vec<_> = found.into_iter().map(|(_, bytes)| bytes).collect();
            assert!(found == expected, "{label}");
        }
    }

    #[test]
    fn skipped_text_is_followed_by_the_rest() {
        let bytes = [&b"\xFC".repeat(100_000)[..], b"a\xE4b"].concat();
        let encoding = TextEncoding::for_label("windows-1252").unwrap();
        let decoder = TextDecoder::new(encoding).unwrap();
        let mut stream = OriginalStream::new(Box::new(io::Cursor::new(bytes)), decoder);
        stream.skip(200_000).unwrap();
        let mut original = Vec::new();
        assert_eq!(stream.read_original(3, &mut original).unwrap(), 3);
        assert_eq!(original, b"a\xE4");
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert_eq!(text, "b");
        assert_eq!(stream.read_original(9, &mut original).unwrap(), 0);
    }
}
