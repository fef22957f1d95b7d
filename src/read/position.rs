//! Position within a record: the line below its first and the character within that line, and how a
//! message shows them.
//!
//! Offsets, lines and columns of a record have 32 bits. Does not parse. Called by `csv`,
//! `csv_slow`, `json`, `json_parser` and `block_reader`.

use memchr::{memchr_iter, memrchr};

/// Narrows an offset within a record. One that does not fit was refused before: records are limited
/// to 4 GiB.
pub(super) fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The line and column after `passed`, which begins at `line` and `column`.
pub(super) fn position_after(passed: &[u8], line: u32, column: u32) -> (u32, u32) {
    match memrchr(b'\n', passed) {
        None => (line, column.saturating_add(n_characters(passed))),
        Some(last) => {
            let n_breaks = to_u32(memchr_iter(b'\n', passed).count());
            (line.saturating_add(n_breaks), n_characters(&passed[last + 1..]).saturating_add(1))
        }
    }
}

/// The number of characters in bytes that need not be UTF-8.
pub(super) fn n_characters(bytes: &[u8]) -> u32 {
    // Continuation bytes (10xxxxxx) do not begin a character.
    to_u32(bytes.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count())
}

/// The part of a message that locates a line which is not the row's first.
pub(super) fn line_offset_text(line: u32) -> String {
    match line {
        0 => String::new(),
        1 => " (1 line below)".to_owned(),
        _ => format!(" ({line} lines below)"),
    }
}
