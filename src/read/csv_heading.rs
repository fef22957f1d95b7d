//! CSV heading: the lines of a file before its header.
//!
//! Finds their end; does not read. Called by `block_reader` and `sniff`.

use memchr::{memchr, memchr_iter};

/// The delimiter that the first line names for Excel: `sep=;`. None if it is another line.
#[must_use]
pub fn named_delimiter(bytes: &[u8]) -> Option<u8> {
    let line = &bytes[..memchr(b'\n', bytes)?];
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(line);
    let (name, value) = line.split_at_checked(4)?;
    match value {
        [delimiter] if name.eq_ignore_ascii_case(b"sep=") => {
            Some(*delimiter).filter(|byte| byte.is_ascii_punctuation() || *byte == b'\t')
        }
        _ => None,
    }
}

/// The offset after the first `n_lines` lines, or how many complete ones there are.
pub(super) fn end_of_lines(bytes: &[u8], n_lines: usize) -> Result<usize, usize> {
    let Some(last) = n_lines.checked_sub(1) else { return Ok(0) };
    let mut breaks = memchr_iter(b'\n', bytes);
    let nth = breaks.nth(last).map(|at| at + 1);
    nth.ok_or_else(|| memchr_iter(b'\n', bytes).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiter_is_named_by_a_line_for_excel() {
        for (text, delimiter) in [
            ("sep=;\nA;B\n", Some(b';')),
            ("SEP=\t\r\n", Some(b'\t')),
            ("\"sep=,\"\n", Some(b',')),
            ("sep=;", None),
            ("sep=a\n", None),
            ("sep=\n", None),
            ("sep=;;\n", None),
            ("sep,a\n", None),
            ("a\n", None),
            ("", None),
        ] {
            assert_eq!(named_delimiter(text.as_bytes()), delimiter, "{text:?}");
        }
    }

    #[test]
    fn blank_lines_are_lines() {
        assert_eq!(end_of_lines(b"a\n\r\nb\n", 0), Ok(0));
        assert_eq!(end_of_lines(b"a\n\r\nb\n", 2), Ok(4));
        assert_eq!(end_of_lines(b"a\nb", 2), Err(1));
    }
}
