//! File encoding: whether the start of a file has another encoding than its profile declares.
//!
//! Says only what the bytes prove; nothing is decoded by a guess. Called by `block_reader` before
//! it decodes, and by `sample`.

use encoding_rs::{UTF_16BE, UTF_16LE};

use crate::model::text_encoding::TextEncoding;

/// The encoding of a file with this start, if it is certainly not the declared one.
pub(super) fn other_encoding(start: &[u8], declared: TextEncoding) -> Option<TextEncoding> {
    // A mark that is text in the declared encoding, such as `ï»¿`, is no text of an export.
    let found = TextEncoding::of_mark(start).or_else(|| {
        if declared == TextEncoding::Utf8 {
            utf16_without_mark(start)
        } else {
            (declared.is_page_of_windows() && is_utf8_beyond_ascii(start))
                .then_some(TextEncoding::Utf8)
        }
    })?;
    (found != declared).then_some(found)
}

/// The encoding of a file with this start, if a mark or the zeros between its letters say so.
pub(super) fn certain_encoding(start: &[u8]) -> Option<TextEncoding> {
    TextEncoding::of_mark(start).or_else(|| utf16_without_mark(start))
}

/// Whether a text is UTF-8 and has letters beyond ASCII. In an encoding of one byte for each letter
/// they would be pairs such as `Ã¼`, and every one of them would be a possible pair.
fn is_utf8_beyond_ascii(start: &[u8]) -> bool {
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // The last letter is cut by the end of the block.
        Err(error) if error.error_len().is_none() => {
            return !start[..error.valid_up_to()].is_ascii();
        }
        Err(_) => return false,
    };
    !text.is_ascii()
}

/// The byte order of a text without a mark that is UTF-16: every other byte of it is zero.
fn utf16_without_mark(start: &[u8]) -> Option<TextEncoding> {
    let start = &start[..start.len().min(64)];
    let n_zero = |offset| start.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (n_zero(0), n_zero(1));
    let is_utf16 = start.len() >= 4 && even.max(odd) > start.len() / 3 && even.min(odd) == 0;
    is_utf16.then_some(TextEncoding::Web(if even > odd { UTF_16BE } else { UTF_16LE }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(start: &[u8], declared: &str) -> Option<String> {
        let declared = TextEncoding::for_label(declared).unwrap();
        other_encoding(start, declared).map(|encoding| encoding.to_string())
    }

    #[test]
    fn utf16_is_found_with_and_without_a_mark() {
        let text = "Name,Email\r\nA-1,ann@x.de\r\n";
        let (little, big): (Vec<u8>, Vec<u8>) = (
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        );
        assert_eq!(found(&little, "utf-8").as_deref(), Some("utf-16le"));
        assert_eq!(found(&big, "utf-8").as_deref(), Some("utf-16be"));
        assert_eq!(found(&[b"\xFE\xFF", &*big].concat(), "utf-16le").as_deref(), Some("utf-16be"));
        assert_eq!(found(&[b"\xFF\xFE", &*little].concat(), "utf-16le"), None);
        assert_eq!(found(&little, "utf-16le"), None);
        assert_eq!(found(text.as_bytes(), "utf-8"), None);
        assert_eq!(found(b"a,\0,b", "utf-8"), None);
    }

    #[test]
    fn utf8_is_found_where_a_page_of_windows_is_declared() {
        for start in ["Müller", "\u{feff}Muller", "5 €"] {
            assert_eq!(found(start.as_bytes(), "windows-1252").as_deref(), Some("utf-8"));
        }
        let cut = "Müller ü".as_bytes();
        assert_eq!(found(&cut[..cut.len() - 1], "iso-8859-15").as_deref(), Some("utf-8"));
        for start in [&b"M\xFCller"[..], b"Muller", b"M\xC3\xBCller \xFC", b""] {
            assert_eq!(found(start, "windows-1252"), None);
        }
    }
}
