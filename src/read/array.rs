//! Element scanner: finds where the elements of a JSON array end, without parsing them.
//!
//! An element is everything between two commas outside strings and brackets, whatever it is, so no
//! byte is skipped. Does not validate it. Called by `boundary` to find where a block may end, and
//! by `json` to find the elements of a block.

use memchr::memchr2;

/// The end of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ElementEnd {
    /// The offset of what ends it.
    pub(super) at: usize,
    pub(super) terminator: ElementTerminator,
}

/// What ends an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ElementTerminator {
    Comma,
    /// The `]` of the array.
    Bracket,
    /// The end of the bytes, with every bracket and string closed.
    EndOfBytes,
    /// The end of the bytes, within a bracket or a string.
    Truncated,
}

/// The end of the element that begins at `from`, which may be a blank before it.
pub(super) fn element_end(bytes: &[u8], from: usize) -> ElementEnd {
    let (mut at, mut depth) = (from, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => match string_end(bytes, at + 1) {
                Some(end) => at = end,
                None => {
                    return ElementEnd {
                        at: bytes.len(),
                        terminator: ElementTerminator::Truncated,
                    };
                }
            },
            b',' if depth == 0 => return ElementEnd { at, terminator: ElementTerminator::Comma },
            b']' if depth == 0 => return ElementEnd { at, terminator: ElementTerminator::Bracket },
            b'{' | b'[' => depth += 1,
            // A surplus closing brace outside all brackets is part of a damaged element.
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    ElementEnd {
        at: bytes.len(),
        terminator: if depth == 0 {
            ElementTerminator::EndOfBytes
        } else {
            ElementTerminator::Truncated
        },
    }
}

/// The offset of the quote that closes the string whose first character is at `from`.
fn string_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        // Whatever a backslash escapes, its next byte neither closes the string nor escapes
        // another.
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
