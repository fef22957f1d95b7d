//! What must hold for any bytes, however they come in.

use std::io::{self, BufReader, Read};

use proptest::prelude::*;

use super::{csv::CsvRows, inputs::Input, ndjson::NdjsonRows, unpack::Bytes};
use crate::model::{
    origin::FileId,
    row::{Content, Row},
};

/// Gives a few bytes at a time, as a pipe or an unpacker may.
struct Trickle {
    bytes: Vec<u8>,
    read: usize,
    sizes: Vec<usize>,
    n_reads: usize,
}

impl Read for Trickle {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.n_reads % self.sizes.len()].min(into.len());
        self.n_reads += 1;
        let n_bytes = size.min(self.bytes.len() - self.read);
        into[..n_bytes].copy_from_slice(&self.bytes[self.read..self.read + n_bytes]);
        self.read += n_bytes;
        Ok(n_bytes)
    }
}

fn trickling(bytes: &[u8], sizes: &[usize]) -> Bytes {
    let trickle = Trickle { bytes: bytes.to_vec(), read: 0, sizes: sizes.to_vec(), n_reads: 0 };
    // At least a byte order mark must fit, which is looked for at once.
    BufReader::with_capacity(16, Box::new(trickle))
}

fn input() -> Input {
    Input { name: "orders".into(), path: "orders".into(), bytes: 0, modified: None }
}

fn csv_rows(bytes: &[u8], sizes: &[usize]) -> Vec<Row> {
    let rows = CsvRows::open(trickling(bytes, sizes), &input(), FileId(0), b',');
    // A carriage return alone ends the file early, the same way however its bytes come in.
    rows.map(|rows| rows.map_while(Result::ok).collect()).unwrap_or_default()
}

fn ndjson_rows(bytes: &[u8], sizes: &[usize]) -> Vec<Row> {
    let rows = NdjsonRows::open(trickling(bytes, sizes), &input(), FileId(0));
    rows.map(|rows| rows.map_while(Result::ok).collect()).unwrap_or_default()
}

/// Bytes that look like an export often enough to reach every branch.
fn export() -> impl Strategy<Value = Vec<u8>> {
    let pieces =
        ["a", "\"", ",", "\n", "\r\n", "\r", "\"\"", "é", "{\"a\":", "}", "[1,", "null", "\u{feff}", " ", "\\"];
    let piece = prop_oneof![
        8 => prop::sample::select(pieces.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..3),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn rows_do_not_depend_on_how_the_bytes_come_in(bytes in export(), sizes in prop::collection::vec(1_usize..9, 1..5)) {
        // A whole file at once, or a few bytes at a time; but never so few that a mark at its start is torn.
        let sizes: Vec<usize> = std::iter::once(8).chain(sizes).collect();
        prop_assert_eq!(csv_rows(&bytes, &[1 << 20]), csv_rows(&bytes, &sizes));
        prop_assert_eq!(ndjson_rows(&bytes, &[1 << 20]), ndjson_rows(&bytes, &sizes));
    }

    #[test]
    fn byte_ranges_are_in_order_and_hold_their_rows(bytes in export()) {
        for rows in [csv_rows(&bytes, &[1 << 20]), ndjson_rows(&bytes, &[1 << 20])] {
            let mut end = 0;
            for row in rows {
                prop_assert!(row.origin.bytes.start >= end && row.origin.bytes.end <= bytes.len() as u64);
                end = row.origin.bytes.end;
                let own = &bytes[usize::try_from(row.origin.bytes.start).unwrap()..usize::try_from(end).unwrap()];
                if let Content::Record(record) = &row.content {
                    for index in 0..record.ends.len() {
                        let words: Vec<&str> = record.cell(index).split('"').collect();
                        let own = String::from_utf8_lossy(own);
                        prop_assert!(words.iter().all(|word| own.contains(word)), "{own:?} {words:?}");
                    }
                }
            }
        }
    }
}
