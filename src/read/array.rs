//! Where the elements of a JSON array end, without reading what they hold.
//!
//! An element is what stands between two commas outside strings and brackets: whatever it is, so nothing is passed over.
//! Does not judge it. Called by `source` to find where a block may end, and by `json` to find the elements of a block.

use memchr::memchr2;

/// Where an element ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ElementEnd {
    /// The place of what ends it.
    pub(super) at: usize,
    pub(super) terminator: ElementTerminator,
}

/// What ends an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ElementTerminator {
    Comma,
    /// The `]` of the array.
    Bracket,
    /// The bytes, with every bracket and string closed.
    EndOfBytes,
    /// The bytes, within a bracket or a string.
    Truncated,
}

/// The end of the element that begins at `from`, blanks before it included.
pub(super) fn element_end(bytes: &[u8], from: usize) -> ElementEnd {
    let (mut at, mut depth) = (from, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => match string_end(bytes, at + 1) {
                Some(end) => at = end,
                None => return ElementEnd { at: bytes.len(), terminator: ElementTerminator::Truncated },
            },
            b',' if depth == 0 => return ElementEnd { at, terminator: ElementTerminator::Comma },
            b']' if depth == 0 => return ElementEnd { at, terminator: ElementTerminator::Bracket },
            b'{' | b'[' => depth += 1,
            // A brace too many outside all brackets is part of a damaged element.
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    ElementEnd {
        at: bytes.len(),
        terminator: if depth == 0 { ElementTerminator::EndOfBytes } else { ElementTerminator::Truncated },
    }
}

/// The place of the quote that closes the string whose first character is at `from`.
fn string_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_end_outside_strings_and_brackets() {
        let end = |text: &str| {
            let end = element_end(text.as_bytes(), 0);
            (end.at, end.terminator)
        };
        assert_eq!(end("{\"a\":[1,2]},{"), (11, ElementTerminator::Comma));
        assert_eq!(end(" \"],\\\",\\\\\" ]"), (11, ElementTerminator::Bracket));
        assert_eq!(end("{}},"), (3, ElementTerminator::Comma));
        assert_eq!(end("{} "), (3, ElementTerminator::EndOfBytes));
        assert_eq!(end("{\"a\":1"), (6, ElementTerminator::Truncated));
        assert_eq!(end("\"a\\"), (3, ElementTerminator::Truncated));
    }
}
