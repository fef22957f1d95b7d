//! Repeated headers: where a second export begins within a file.
//!
//! An export that was appended to another one repeats its header. The rows below it are an export
//! of their own, so an order has rows of one part only. Collected by `shuffle` in input order.

use crate::model::origin::Position;

/// Maximum number of repeated headers. Beyond it the file is no export, and memory must not grow
/// with their number.
pub const MAX_HEADERS: usize = 10_000;

/// The positions of the headers within files.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RepeatedHeaders(Vec<Position>);

impl RepeatedHeaders {
    /// Appends the headers of a later part of the input.
    pub fn append(&mut self, later: Vec<Position>) {
        self.0.extend(later);
    }

    /// Whether there are more headers than the limit allows.
    #[must_use]
    pub fn exceeds_limit(&self) -> bool {
        self.0.len() > MAX_HEADERS
    }

    /// The part of the input that a row is in: the number of headers before it. The first part of
    /// a joined file continues the last one of the file before.
    #[must_use]
    pub fn part_of(&self, row: Position) -> usize {
        self.0.partition_point(|header| (header.file, header.line) < (row.file, row.line))
    }

    /// Whether a header is between two rows of one file.
    #[must_use]
    pub fn separate(&self, one: Position, other: Position) -> bool {
        one.file == other.file && self.part_of(one) != self.part_of(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::origin::FileId;

    #[test]
    fn parts_begin_below_headers() {
        let at = |file, line| Position { file: FileId(file), line, column: None };
        let mut headers = RepeatedHeaders::default();
        headers.append(vec![at(0, 5)]);
        headers.append(vec![at(1, 3), at(1, 8)]);
        let part = |file, line| headers.part_of(at(file, line));
        assert_eq!([part(0, 4), part(0, 6), part(1, 2)], [0, 1, 1]);
        assert_eq!([part(1, 4), part(1, 9), part(2, 2)], [2, 3, 3]);
        assert!(headers.separate(at(0, 4), at(0, 6)) && headers.separate(at(1, 9), at(1, 4)));
        assert!(!headers.separate(at(0, 4), at(1, 9)) && !headers.separate(at(1, 9), at(1, 10)));
    }
}
