//! CSV parser: RFC 4180 records in UTF-8, with LF or CRLF and quoted line breaks.
//!
//! Has two paths with the same result: `csv_fast` for the records that are proved to be plain, and
//! `csv_slow` for every other. Does not read files. Called by `row_parser`, and by `block_reader`
//! for the header.

use std::{
    iter,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use memchr::memchr_iter;

use super::{
    block::Piece,
    csv_fast::FastCsvParser,
    csv_format::CsvFormat,
    csv_piece::CsvPiece,
    csv_records::{CsvRecords, UnescapedRecord},
    csv_slow::SlowCsvParser,
    error::ReadError,
    row_padding::RecordShape,
};
use crate::model::{
    raw_record::RawRecord,
    record::Header,
    row::{Row, RowContent},
};

/// Parses the records of one file.
#[derive(Debug, Clone)]
pub(super) struct CsvParser {
    pub(super) format: CsvFormat,
    /// Kept for the next block that has other records than plain ones: to build the tables of
    /// csv-core costs as much as to parse 200 plain records.
    idle: Arc<Mutex<Vec<SlowCsvParser>>>,
}

impl CsvParser {
    pub(super) fn new(format: CsvFormat) -> Self {
        Self { format, idle: Arc::default() }
    }

    /// Parses the records of pieces.
    pub(super) fn parse<'b>(
        &self,
        pieces: impl Iterator<Item = Piece<'b>> + Clone,
    ) -> Result<CsvRecords<'b>, ReadError> {
        let format = &self.format;
        let mut records = CsvRecords::with_capacity_for(pieces.clone(), format);
        let mut slow = None;
        for piece in pieces {
            let mut piece = CsvPiece::new(piece);
            let fast = FastCsvParser::new(format, &piece);
            fast.parse(&mut piece, &mut records);
            while !piece.is_at_end() {
                let slow = slow.get_or_insert_with(|| self.slow_parser());
                parse_slow_record(slow, format, &mut piece, &mut records)?;
                fast.parse(&mut piece, &mut records);
            }
        }
        self.idle().extend(slow);
        Ok(records)
    }

    fn slow_parser(&self) -> SlowCsvParser {
        let idle = self.idle().pop();
        idle.unwrap_or_else(|| SlowCsvParser::new(self.format.syntax))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<SlowCsvParser>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A header, and its byte range in the decompressed file without the line break.
pub(super) type LocatedHeader = (Header, Range<u64>);

/// Parses the header at the start of a file, which is absent where there are only blank lines. Also
/// returns the number of bytes up to and including its line break.
pub(super) fn parse_header(
    format: &CsvFormat,
    piece: Piece<'_>,
) -> Result<(Option<LocatedHeader>, usize), ReadError> {
    let bytes = piece.bytes;
    let (mut records, mut piece) =
        (CsvRecords::with_capacity_for(iter::empty(), format), CsvPiece::new(piece));
    let mut slow = SlowCsvParser::new(format.syntax);
    while records.len() == 0 && !piece.is_at_end() {
        parse_slow_record(&mut slow, format, &mut piece, &mut records)?;
    }
    if records.len() == 0 {
        return Ok((None, piece.at));
    }
    let Row { origin, content } = records.row(0);
    let record = match content {
        RowContent::Unreadable(_) if begins_as_json(bytes) => {
            return Err(ReadError::UnexpectedJson(format.name.to_string()));
        }
        RowContent::Unreadable(unreadable) => {
            return Err(ReadError::BadHeader(format.name.to_string(), unreadable.reason));
        }
        RowContent::Record(record) => record,
        RowContent::Document(_) => return Ok((None, piece.at)),
    };
    let names = (0..record.n_cells()).map(|index| record.cell(index).to_owned()).collect();
    let positions = record.positions(&origin);
    let syntax = format.syntax;
    Ok((Some((Header { names, positions, syntax }, origin.bytes)), piece.at))
}

/// Whether bytes begin with an object, or with an array of objects.
fn begins_as_json(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii_start();
    bytes.strip_prefix(b"[").map_or(bytes, <[u8]>::trim_ascii_start).starts_with(b"{")
}

/// Parses one record of any shape, or skips a line that is empty or has blanks only.
fn parse_slow_record<'b>(
    parser: &mut SlowCsvParser,
    format: &CsvFormat,
    piece: &mut CsvPiece<'b>,
    into: &mut CsvRecords<'b>,
) -> Result<(), ReadError> {
    let rest = piece.rest();
    if !matches!(rest.first(), None | Some(b'\r' | b'\n')) {
        let (text_start, first_end) = (into.cells.text.len(), into.cells.ends.len());
        let parsed = parser.parse(rest, &format.limits, &mut into.cells);
        // Line breaks after a quote that never closes may be the end of the file, not part of the
        // row.
        let raw = without_line_breaks(&rest[..parsed.n_bytes]);
        if raw.len() as u64 > format.limits.max_record {
            let max_bytes = format.limits.max_record;
            return Err(ReadError::record_too_long(&format.name, piece.line, max_bytes));
        }
        format.ensure_unambiguous(piece.line, raw)?;
        let n_breaks = memchr_iter(b'\n', &rest[..parsed.n_bytes]).count();
        let fitted = format.fitted_cells(RecordShape {
            n_cells: parsed.n_cells,
            n_filled: parsed.n_filled,
            n_breaks,
            end: piece.place().start + parsed.n_bytes as u64,
        });
        let is_blank_line =
            parsed.n_cells == 1 && raw.iter().all(|byte| matches!(byte, b' ' | b'\t'));
        let is_header = format.header.names.is_empty();
        if (is_header || fitted.is_err()) && is_blank_line {
            into.cells.set_len(0, text_start, first_end);
            piece.at += parsed.n_bytes;
            return skip_line_break(format, piece);
        }
        if let Ok(n_cells) = fitted
            && n_cells != parsed.n_cells
        {
            into.cells.set_len(n_cells, text_start, first_end);
        }
        let record = RawRecord { bytes: raw, syntax: format.syntax };
        let damage = parsed.damage.described(format, record, fitted.err(), n_breaks);
        let text = text_start..into.cells.text.len();
        into.push_unescaped(piece.place(), first_end, UnescapedRecord { raw, text, damage });
        piece.at += parsed.n_bytes;
        piece.line += n_breaks as u64;
    }
    skip_line_break(format, piece)
}

fn without_line_breaks(record: &[u8]) -> &[u8] {
    let n_breaks = record.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    &record[..record.len() - n_breaks]
}

fn skip_line_break(format: &CsvFormat, piece: &mut CsvPiece<'_>) -> Result<(), ReadError> {
    match piece.rest() {
        [b'\r', b'\n', ..] => piece.at += 2,
        // A CR at the end of the piece is a CRLF whose LF was cut off.
        [] | [b'\n', ..] | [b'\r'] => piece.at = piece.bytes.len().min(piece.at + 1),
        _ => return Err(ReadError::LoneCr(format.name.to_string(), piece.line)),
    }
    piece.line += 1;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        model::{csv_syntax::CsvSyntax, origin::FileId},
        read::dialect::ReadLimits,
    };

    fn parser(has_quotes: bool) -> CsvParser {
        let syntax = CsvSyntax { has_quotes, ..CsvSyntax::default() };
        let limits = ReadLimits { max_cell: 100, max_record: 2000, ..ReadLimits::default() };
        let names = ["k", "v", "w"].map(str::to_owned).to_vec();
        let header = Header { names, positions: Vec::new(), syntax };
        let format = CsvFormat::new("a.csv".into(), FileId(0), syntax, limits);
        CsvParser::new(format.with_header(header).unwrap())
    }

    fn piece(bytes: &[u8]) -> Piece<'_> {
        Piece::of_row((1, 1), 0, bytes)
    }

    /// The records as the slow path alone parses them.
    fn parse_slowly<'b>(parser: &CsvParser, bytes: &'b [u8]) -> Result<CsvRecords<'b>, ReadError> {
        let mut records = CsvRecords::with_capacity_for(iter::empty(), &parser.format);
        let mut piece = CsvPiece::new(piece(bytes));
        while !piece.is_at_end() {
            let slow = &mut parser.slow_parser();
            parse_slow_record(slow, &parser.format, &mut piece, &mut records)?;
        }
        Ok(records)
    }

    /// All that a stage can see of a row.
    fn described(content: &RowContent<'_>, row: &Row<'_>) -> String {
        match content {
            RowContent::Record(record) => {
                let cells = (0..record.n_cells())
                    .map(|index| (record.cell(index), record.position(&row.origin, index)));
                format!("{:?} {} {:?}", row.origin, row.n_values(), cells.collect::<Vec<_>>())
            }
            RowContent::Unreadable(bad) => {
                let salvaged = bad.salvaged.as_deref().map(|salvaged| described(salvaged, row));
                format!("{:?} {} {:?} {salvaged:?}", row.origin, bad.reason, bad.damage)
            }
            RowContent::Document(_) => unreachable!("a CSV file has records"),
        }
    }

    fn rows(records: Result<CsvRecords<'_>, ReadError>) -> Result<Vec<String>, String> {
        let records = records.map_err(|error| error.to_string())?;
        let rows = (0..records.len()).map(|index| records.row(index));
        Ok(rows.map(|row| described(&row.content, &row)).collect())
    }

    /// Bytes that resemble an export: mostly plain records, so that much of it takes the fast path,
    /// long enough to have quotes at any place of a chunk.
    fn export() -> impl Strategy<Value = Vec<u8>> {
        const PARTS: &[&str] = &[
            "a,bb,ccc\n",
            "a,\"b\",\"c\"\n",
            "\"a\",\"b \"\"c\"\"\",\"\"\r\n",
            "\"\"\"\",\"Größe \"\"S\"\"\",ü\n",
            "a",
            ",",
            "\n",
            "\r\n",
            "\"",
            "\"\"",
            "\",\"",
            "\"\n",
            ",\"",
            " ",
            "é",
            "\u{feff}",
            "\r",
            "0123456789012345678901234567890123456789",
        ];
        let part = prop_oneof![
            30 => prop::sample::select(PARTS).prop_map(|part| part.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 1..3),
        ];
        prop::collection::vec(part, 0..60).prop_map(|parts| parts.concat())
    }

    #[test]
    fn plain_rows_take_the_fast_path() {
        let parser = parser(true);
        let plain = "a,b,c\n\n\"a\",\"b \"\"c\"\" é\",\"\"\r\n\"\"\"\",é,\r\na,b,c";
        let mut piece = CsvPiece::new(piece(plain.as_bytes()));
        let mut records = CsvRecords::with_capacity_for(iter::empty(), &parser.format);
        FastCsvParser::new(&parser.format, &piece).parse(&mut piece, &mut records);
        assert_eq!((records.len(), piece.is_at_end()), (4, true));
        assert_eq!(rows(Ok(records)), rows(parse_slowly(&parser, plain.as_bytes())));
    }

    #[test]
    fn every_place_of_a_quote_in_a_chunk() {
        for record in
            ["\"b\",c,d", "\"\",c,d", "\"b\"\"\",c,d", "b\"\",c,d", "\"b\"c,c,d", "\"b\nb\",c,d"]
        {
            for n_before in 0..130 {
                let bytes = format!("a,{},c\n{record}\r\na,b,\"c\"", "b".repeat(n_before));
                let parser = parser(true);
                let expected = rows(parse_slowly(&parser, bytes.as_bytes()));
                let parsed = parser.parse(iter::once(piece(bytes.as_bytes())));
                assert_eq!(rows(parsed), expected, "{bytes}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn fast_path_equals_slow_path(bytes in export(), has_quotes in prop::bool::weighted(0.9)) {
            let parser = parser(has_quotes);
            let parsed = parser.parse(iter::once(piece(&bytes)));
            prop_assert_eq!(rows(parsed), rows(parse_slowly(&parser, &bytes)));
        }

        #[test]
        fn intact_rows_equal_those_of_the_csv_crate(bytes in export()) {
            let parser = parser(true);
            let Ok(records) = parser.parse(iter::once(piece(&bytes))) else { return Ok(()) };
            for row in (0..records.len()).map(|index| records.row(index)) {
                let RowContent::Record(record) = &row.content else { continue };
                let range = [row.origin.bytes.start, row.origin.bytes.end].map(|offset| usize::try_from(offset).unwrap());
                // The crate would skip a byte order mark at the start, but not after a record.
                let raw = [b"k\n", &bytes[range[0]..range[1]]].concat();
                let mut reader = ::csv::ReaderBuilder::new().flexible(true).from_reader(&*raw);
                let expected = reader.records().next().unwrap().unwrap();
                let expected: Vec<_> = expected.iter().map(str::trim).collect();
                prop_assert_eq!((0..record.n_cells()).map(|index| record.cell(index)).collect::<Vec<_>>(), expected);
            }
        }
    }
}
