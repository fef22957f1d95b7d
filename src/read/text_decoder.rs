//! Text decoder: bytes of another encoding → UTF-8.
//!
//! A sequence that means nothing in the encoding becomes a byte that UTF-8 never has, so that the
//! parsers find and report it as they do in a file that should be UTF-8. Called by `read_buffer`
//! and `original_stream`.

use encoding_rs::{Decoder, DecoderResult, ISO_2022_JP};
use oem_cp::{code_table::DECODING_TABLE_CP_MAP, code_table_type::TableType};

use crate::model::text_encoding::TextEncoding;

/// What stands for a sequence that means nothing.
const MALFORMED: u8 = 0xFF;

/// Decodes a text from its start on.
pub(super) struct TextDecoder {
    table: LetterTable,
    /// Whether the end of the text was decoded.
    is_finished: bool,
}

/// What the bytes mean.
enum LetterTable {
    Web(Box<Decoder>),
    /// The letters of the bytes from 128 on.
    DosPage(Box<[Option<char>; 128]>),
}

impl TextDecoder {
    /// A decoder of a file from its start on; none for UTF-8, which is not decoded. A byte order
    /// mark is decoded like any other character.
    pub(super) fn new(encoding: TextEncoding) -> Option<Self> {
        let table = match encoding {
            TextEncoding::Utf8 => return None,
            TextEncoding::Web(encoding) => {
                LetterTable::Web(Box::new(encoding.new_decoder_without_bom_handling()))
            }
            TextEncoding::DosPage(number) => {
                let letters = match DECODING_TABLE_CP_MAP.get(&number)? {
                    TableType::Complete(letters) => letters.map(Some),
                    TableType::Incomplete(letters) => **letters,
                };
                LetterTable::DosPage(Box::new(letters))
            }
        };
        Some(Self { table, is_finished: false })
    }

    /// Whether sequences without a text of their own change what the bytes after them mean.
    pub(super) fn has_shifts(&self) -> bool {
        matches!(&self.table, LetterTable::Web(decoder) if decoder.encoding() == ISO_2022_JP)
    }

    /// Appends the text of the next bytes to `into`; the bytes of an incomplete character at their
    /// end wait for the next ones. `is_last`: no bytes follow; any that do are not decoded.
    pub(super) fn decode(&mut self, bytes: &[u8], is_last: bool, into: &mut Vec<u8>) {
        // A decoder that has seen the end takes nothing more.
        if self.is_finished {
            return;
        }
        self.is_finished = is_last;
        match &mut self.table {
            LetterTable::Web(decoder) => decode_web(decoder, bytes, is_last, into),
            LetterTable::DosPage(letters) => {
                into.reserve(bytes.len());
                for byte in bytes {
                    match byte.checked_sub(128).map(|at| letters[usize::from(at)]) {
                        None => into.push(*byte),
                        Some(Some(letter)) => {
                            into.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                        }
                        Some(None) => into.push(MALFORMED),
                    }
                }
            }
        }
    }
}

fn decode_web(decoder: &mut Decoder, mut bytes: &[u8], is_last: bool, into: &mut Vec<u8>) {
    loop {
        let n_before = into.len();
        // Only a length that no memory holds has none.
        let n_more = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
        into.resize(n_before + n_more.unwrap_or(bytes.len()), 0);
        let (result, n_read, n_written) =
            decoder.decode_to_utf8_without_replacement(bytes, &mut into[n_before..], is_last);
        into.truncate(n_before + n_written);
        bytes = &bytes[n_read..];
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::Malformed(..) => into.push(MALFORMED),
            DecoderResult::OutputFull => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text, decoded in parts of each size.
    fn decoded(label: &str, bytes: &[u8]) -> Vec<u8> {
        let decode = |n_bytes: usize| {
            let mut decoder = TextDecoder::new(TextEncoding::for_label(label).unwrap()).unwrap();
            let mut text = Vec::new();
            bytes.chunks(n_bytes).for_each(|part| decoder.decode(part, false, &mut text));
            decoder.decode(&[], true, &mut text);
            text
        };
        let whole = decode(bytes.len().max(1));
        (1..bytes.len()).for_each(|n_bytes| assert_eq!(decode(n_bytes), whole, "{label}"));
        whole
    }

    #[test]
    fn text_is_the_same_in_parts_of_any_size() {
        for (label, bytes, text) in [
            ("windows-1252", &b"M\xFCller \x80 5"[..], "Müller € 5"),
            ("cp850", b"M\x81ller", "Müller"),
            ("cp437", b"Caf\x82 \xE1", "Café ß"),
            ("utf-16le", b"M\0\xFC\0\r\0\n\0\x3D\xD8\x00\xDE", "Mü\r\n😀"),
            ("utf-16be", b"\0M\0\xFC", "Mü"),
            ("shift_jis", b"\x83\x65\x83\x58\x83\x67", "テスト"),
            ("iso-2022-jp", b"\x1B$B%F%9%H\x1B(B,a", "テスト,a"),
            ("gb18030", b"\xB6\xA9\xB5\xA5", "订单"),
        ] {
            assert_eq!(decoded(label, bytes), text.as_bytes(), "{label}");
        }
    }

    #[test]
    fn malformed_bytes_are_no_utf8() {
        for (label, bytes, text) in [
            ("utf-16le", &b"a\0\x00\xD8b\0"[..], &b"a\xFFb"[..]),
            ("utf-16le", b"a\0b", b"a\xFF"),
            ("shift_jis", b"a\x83,b", b"a\xFF,b"),
            ("iso-8859-6", b"a\xA1b", b"a\xFFb"),
        ] {
            assert_eq!(decoded(label, bytes), text, "{label}");
        }
        assert!(TextDecoder::new(TextEncoding::Utf8).is_none());
    }
}
