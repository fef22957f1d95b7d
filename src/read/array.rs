//! Element scanner: finds where the elements of a JSON array end, and objects, without parsing
//! them.
//!
//! An element is everything between two commas outside strings and brackets, whatever it is, so no
//! byte is skipped. Does not validate it. Called by `document_scanner`.

use std::ops::Range;

use memchr::{memchr2, memchr3};

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
            b'"' => match closing_quote(bytes, at + 1) {
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

/// The element within `between`, without blanks around it. A comma or bracket without an element
/// before it is returned in the place of the element, so that it is reported; blanks at the end of
/// the bytes are no element.
pub(super) fn element_range(
    bytes: &[u8],
    between: Range<usize>,
    terminator: ElementTerminator,
) -> Option<Range<usize>> {
    let text = &bytes[between.clone()];
    let own = text.trim_ascii();
    if own.is_empty() {
        return match terminator {
            ElementTerminator::Comma | ElementTerminator::Bracket => {
                Some(between.end..between.end + 1)
            }
            ElementTerminator::EndOfBytes | ElementTerminator::Truncated => None,
        };
    }
    let start = between.start + (text.len() - text.trim_ascii_start().len());
    Some(start..start + own.len())
}

/// The end of the object or array that begins at `from`; none if the bytes end within it. An error
/// is where and why its end is not known.
pub(super) fn value_end(bytes: &[u8], from: usize) -> Result<Option<usize>, (usize, &'static str)> {
    let (mut at, mut open) = (from, Vec::new());
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => match string_end(bytes, at + 1) {
                Ok(Some(end)) => at = end,
                Ok(None) => return Ok(None),
                Err(at) => return Err((at, "a string is not closed on its line")),
            },
            b'{' | b'[' => open.push(*byte),
            // In ASCII two after the bracket that opens.
            b'}' | b']' if open.pop() != Some(byte - 2) => {
                return Err((at, "a bracket closes another kind of bracket"));
            }
            b'}' | b']' if open.is_empty() => return Ok(Some(at + 1)),
            _ => {}
        }
        at += 1;
    }
    Ok(None)
}

/// The offset of the quote that closes the string whose first character is at `from`; none if the
/// bytes end within it. An error is the offset of a line break, which no string has.
pub(super) fn string_end(bytes: &[u8], from: usize) -> Result<Option<usize>, usize> {
    let mut at = from;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr3(b'"', b'\\', b'\n', rest)) {
        at += found;
        match bytes[at] {
            b'"' => return Ok(Some(at)),
            b'\n' => return Err(at),
            _ => at += 2,
        }
    }
    Ok(None)
}

/// The same of an element, which may be damaged: with any line breaks.
fn closing_quote(bytes: &[u8], from: usize) -> Option<usize> {
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
    fn values_end_at_their_bracket() {
        let end = |text: &str| value_end(text.as_bytes(), 0);
        assert_eq!(end("{\"a\":[1,\n2]} {"), Ok(Some(12)));
        assert_eq!(end("{\"}\\\"\": {}}}"), Ok(Some(11)));
        assert_eq!(end("{\"a\":1"), Ok(None));
        assert_eq!(end("{\"a\\"), Ok(None));
        assert_eq!(end("{\"a\": [1}"), Err((8, "a bracket closes another kind of bracket")));
        assert_eq!(end("{\"a\n\": 1}"), Err((3, "a string is not closed on its line")));
    }

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
