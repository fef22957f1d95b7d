//! JSON documents: one per line (NDJSON), or where `document_scanner` found them.
//!
//! Finds where lines begin and end; `json_parser` parses the documents. Does not read files.
//! Called by
//! `row_parser`.

use std::{ops::Range, sync::Arc};

use memchr::{memchr, memchr_iter};
use serde::de::IgnoredAny;

use super::{
    block::Piece,
    dialect::ReadLimits,
    error::ReadError,
    json_parser::{self, BufferEnd, Damage, DocumentBuffer},
    position::{line_offset_text, position_after, to_u32},
    read_buffer::BOM,
};
use crate::model::{
    encoding_hint::NOT_UTF8,
    origin::{FileId, RowOrigin},
    row::{DamagePlace, Row, RowContent, RowDamage, Unreadable},
    text_encoding::TextEncoding,
};

/// What all documents of a file have in common.
#[derive(Debug, Clone)]
pub(super) struct JsonFormat {
    pub(super) name: Arc<str>,
    pub(super) file: FileId,
    /// The encoding of the file; the documents are UTF-8.
    pub(super) encoding: TextEncoding,
    /// Whether each line is a document.
    pub(super) is_ndjson: bool,
    pub(super) limits: ReadLimits,
}

/// The documents of one or more pieces, with the buffer of all of them.
#[derive(Debug, Default)]
pub(super) struct JsonDocuments<'b> {
    documents: Vec<ParsedDocument<'b>>,
    buffer: DocumentBuffer,
}

/// A document: a line, or a part of a value.
#[derive(Debug)]
struct ParsedDocument<'b> {
    line: u64,
    column: u32,
    bytes: Range<u64>,
    text: &'b str,
    /// Its end in the buffer; it begins where the document before it ends.
    end: BufferEnd,
    damage: Option<DamagedDocument>,
}

/// Why a document is unreadable.
#[derive(Debug)]
struct DamagedDocument {
    reason: String,
    at: Option<DamagePlace>,
    kind: RowDamage,
}

/// A piece, and its text if all of it is UTF-8.
struct PieceText<'b> {
    line: u64,
    column: u32,
    start: u64,
    bytes: &'b [u8],
    text: Option<&'b str>,
}

impl<'b> JsonDocuments<'b> {
    pub(super) fn len(&self) -> usize {
        self.documents.len()
    }

    /// Parses the documents of a piece.
    pub(super) fn add(&mut self, format: &JsonFormat, piece: Piece<'b>) -> Result<(), ReadError> {
        let Piece { line, column, start, bytes, documents } = piece;
        let text = simdutf8::basic::from_utf8(bytes).ok();
        let piece = PieceText { line, column, start, bytes, text };
        match documents {
            Some(documents) => self.add_documents(format, &piece, documents),
            None if format.is_ndjson => self.add_lines(format, &piece),
            None => self.push(format, &piece, (line, column), 0..bytes.len()),
        }
    }

    fn add_lines(&mut self, format: &JsonFormat, piece: &PieceText<'b>) -> Result<(), ReadError> {
        let (mut start, mut line) = (0, piece.line);
        for end in memchr_iter(b'\n', piece.bytes).chain([piece.bytes.len()]) {
            // Where two files were joined, the second one may begin with a byte order mark.
            if piece.bytes[start..end].starts_with(BOM) {
                start += BOM.len();
            }
            let bytes = &piece.bytes[start..end];
            let n_cr = bytes.iter().rev().take_while(|byte| **byte == b'\r').count();
            if !bytes.trim_ascii().is_empty() {
                self.push(format, piece, (line, 1), start..end - n_cr)?;
            }
            (start, line) = (end + 1, line + 1);
        }
        Ok(())
    }

    /// The documents that `document_scanner` found.
    fn add_documents(
        &mut self,
        format: &JsonFormat,
        piece: &PieceText<'b>,
        documents: &[Range<usize>],
    ) -> Result<(), ReadError> {
        let (mut line, mut column, mut counted) = (piece.line, piece.column, 0);
        for own in documents {
            let before = &piece.bytes[counted..own.start];
            let (n_breaks, own_column) = position_after(before, 0, column);
            line += u64::from(n_breaks);
            (column, counted) = (own_column, own.start);
            self.push(format, piece, (line, column), own.clone())?;
        }
        Ok(())
    }

    /// Parses the document that has the bytes `own` of a piece, from this line and column on.
    fn push(
        &mut self,
        format: &JsonFormat,
        piece: &PieceText<'b>,
        (line, column): (u64, u32),
        own: Range<usize>,
    ) -> Result<(), ReadError> {
        let (start, n_bytes) = (piece.start + own.start as u64, own.len() as u64);
        if n_bytes > format.limits.max_record {
            let max_bytes = format.limits.max_record;
            return Err(ReadError::record_too_long(&format.name, line, max_bytes));
        }
        let bytes = &piece.bytes[own.clone()];
        let (text, bad_byte) = match piece.text.and_then(|text| text.get(own)) {
            Some(text) => (text, None),
            None => valid_part(bytes, column, format.encoding),
        };
        let missing = if format.is_ndjson { None } else { missing_element(bytes) };
        let damage = match missing {
            Some(reason) => {
                let (reason, kind) = (reason.to_owned(), RowDamage::Other);
                Some(DamagedDocument { reason, at: None, kind })
            }
            None => self.parse(text, column, format, bad_byte),
        };
        let (bytes, end) = (start..start + n_bytes, self.buffer.end());
        self.documents.push(ParsedDocument { line, column, bytes, text, end, damage });
        Ok(())
    }

    /// Parses a document. Returns why it is unreadable, if it is; only what can be salvaged of it
    /// remains.
    fn parse(
        &mut self,
        text: &str,
        column: u32,
        format: &JsonFormat,
        bad_byte: Option<String>,
    ) -> Option<DamagedDocument> {
        let start = self.buffer.end();
        let message = if format.is_ndjson {
            "the line is not a single JSON object"
        } else {
            "the document is not a single JSON object"
        };
        let parsed = json_parser::parse(text, column, &format.limits, message, &mut self.buffer);
        let not_text = |reason| {
            let at = position_after(text.as_bytes(), 0, column);
            Damage::Syntax(reason, RowDamage::Other, Some(at))
        };
        let (reason, at, kind, is_whole) =
            match bad_byte.map(not_text).or(parsed.err().map(|damage| *damage))? {
                Damage::Syntax(reason, kind, at) => (reason, at, kind, false),
                Damage::Value(reason, at) => (reason, at, RowDamage::Other, true),
            };
        // Text after a complete object may be another order, which must not be lost: nothing is
        // salvaged. Nor where the end of a document is uncertain.
        let may_hold_others = kind == RowDamage::TextAfter || !format.is_ndjson && !is_whole;
        let members = self.buffer.document(text, start, self.buffer.end());
        if may_hold_others || members.root().is_empty() {
            self.buffer.truncate(start);
        }
        Some(DamagedDocument { reason, at, kind })
    }

    /// The document at `index`.
    pub(super) fn row(&self, index: usize, format: &JsonFormat) -> Row<'_> {
        let ParsedDocument { line, column, bytes, text, end, damage } = &self.documents[index];
        let before = index.checked_sub(1).map(|before| &self.documents[before]);
        let start = before.map_or(BufferEnd::default(), |before| before.end);
        let document = self.buffer.document(text, start, *end);
        let content = match damage {
            None => RowContent::Document(document),
            Some(DamagedDocument { reason, at, kind }) => {
                let salvaged =
                    (!document.nodes.is_empty()).then(|| Box::new(RowContent::Document(document)));
                let (reason, at, damage) = (reason.clone(), *at, *kind);
                RowContent::Unreadable(Unreadable {
                    reason,
                    at,
                    column_name: None,
                    damage,
                    salvaged,
                })
            }
        };
        let (file, bytes) = (format.file, bytes.clone());
        let origin = RowOrigin { file, line: *line, column: *column, bytes };
        Row { origin, content }
    }
}

/// Whether bytes begin with a JSON value over several lines, or with several values on one line;
/// none if more bytes are needed, which a complete file does not have. A damaged line is not the
/// first of several: the next one, and what follows that, must go on with its value.
pub(super) fn begins_several_lines(bytes: &[u8], is_complete: bool) -> Option<bool> {
    let line_end = |from: usize| {
        let found = memchr(b'\n', &bytes[from..]).map(|length| from + length);
        found.or(is_complete.then_some(bytes.len()))
    };
    let first_line = &bytes[..line_end(0)?];
    match first_value_end(first_line) {
        Ok(end) => {
            let rest = first_line[end..].trim_ascii_start();
            Some(rest.starts_with(b"{") || rest.starts_with(b"["))
        }
        Err(error) if error.is_eof() => {
            let text_from = |from: usize| bytes.len() - bytes[from..].trim_ascii_start().len();
            let next = text_from(line_end(text_from(first_line.len()))?);
            let has_next = next < bytes.len();
            if !has_next && !is_complete {
                return None;
            }
            let goes_on = match first_value_end(&bytes[..bytes.len().min(next + 1)]) {
                Ok(_) => true,
                Err(error) => error.is_eof() && has_next,
            };
            Some(goes_on)
        }
        Err(_) => Some(false),
    }
}

/// The end of the value with which a text begins.
fn first_value_end(text: &[u8]) -> Result<usize, serde_json::Error> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    values.next().transpose()?;
    Ok(values.byte_offset())
}

/// What is wrong where an array has no element.
fn missing_element(element: &[u8]) -> Option<&'static str> {
    match element {
        b"" => Some(
            "the file ends before the \"]\" that closes its array; if it was truncated, orders \
             are missing",
        ),
        b"," => Some("no element before the comma, expected a JSON object"),
        b"]" => Some(
            "no element between the last comma and the end of the array, expected a JSON object",
        ),
        _ => None,
    }
}

/// The text of a document before its first byte that is not UTF-8, and the message for that byte.
fn valid_part(bytes: &[u8], column: u32, encoding: TextEncoding) -> (&str, Option<String>) {
    match str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let valid = &bytes[..error.valid_up_to()];
            let message = if encoding == TextEncoding::Utf8 {
                not_utf8(valid, column)
            } else {
                format!("the document has bytes that are not {encoding}")
            };
            (str::from_utf8(valid).unwrap_or_default(), Some(message))
        }
    }
}

fn not_utf8(valid: &[u8], column: u32) -> String {
    match valid.iter().rposition(|byte| *byte == b'\n') {
        // The bytes before it on its line may be in another block.
        None if column > 1 => format!("byte {} of the document {NOT_UTF8}", valid.len() + 1),
        None => format!("byte {} of the line {NOT_UTF8}", valid.len() + 1),
        Some(last) => {
            let n_below = to_u32(memchr_iter(b'\n', valid).count());
            format!(
                "byte {} of the line{} {NOT_UTF8}",
                valid.len() - last,
                line_offset_text(n_below)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::document::{Document, JsonNode, JsonValue};

    const LIMITS: ReadLimits = ReadLimits {
        max_cell: 50,
        max_record: 1_000_000,
        max_columns: 1,
        max_values: 100,
        max_expansion: 1,
    };

    /// The content of a line, which is never freed, so that tests need no lifetimes.
    fn content(limits: &ReadLimits, line: &[u8]) -> &'static RowContent<'static> {
        let (name, file, limits) = ("orders".into(), FileId(0), *limits);
        let format =
            JsonFormat { name, file, encoding: TextEncoding::Utf8, is_ndjson: true, limits };
        let documents = Box::leak(Box::<JsonDocuments<'_>>::default());
        let piece = Piece::of_row((1, 1), 0, line.to_vec().leak());
        documents.add(&format, piece).unwrap();
        Box::leak(Box::new(documents.row(0, &format).content))
    }

    fn document(line: &str) -> JsonNode<'static> {
        match content(&LIMITS, line.as_bytes()) {
            RowContent::Document(document) => document.root(),
            other => panic!("{other:?}"),
        }
    }

    fn damaged(line: &[u8]) -> (&'static str, Option<&'static Document<'static>>) {
        damaged_within(&LIMITS, line)
    }

    fn damaged_within(
        limits: &ReadLimits,
        line: &[u8],
    ) -> (&'static str, Option<&'static Document<'static>>) {
        let RowContent::Unreadable(bad) = content(limits, line) else { panic!("{line:?}") };
        let salvaged = bad.salvaged.as_deref().map(|salvaged| match salvaged {
            RowContent::Document(document) => document,
            other => panic!("{other:?}"),
        });
        (&bad.reason, salvaged)
    }

    #[test]
    fn values_keep_their_text_and_column() {
        let order =
            document(r#"{"é": "x", "price": 30.60, "items": [{"sku": 12345678901234567890}]}"#);
        let price = order.member("price").unwrap();
        assert_eq!(price.value(), JsonValue::Number("30.60"));
        let row = RowOrigin { file: FileId(0), line: 1, column: 1, bytes: 0..1 };
        let at = price.position(&row);
        assert_eq!((at.line, at.column), (1, Some(21)));
        let mut items = order.member("items").unwrap().elements().unwrap();
        let sku = items.next().unwrap().member("sku").unwrap();
        assert_eq!(sku.value(), JsonValue::Number("12345678901234567890"));
        assert_eq!(items.next(), None);
    }

    #[test]
    fn damage_has_position_and_keeps_earlier_members() {
        let (reason, salvaged) = damaged(br#"{"id": "A-1", "price": 3"#);
        assert_eq!(
            reason,
            "the line is not a single JSON object: it ends within an object at column 24"
        );
        let id = salvaged.unwrap().root().member("id").unwrap();
        assert_eq!(id.value(), JsonValue::Text("A-1"));
        assert_eq!(damaged(b"{\"id\": \"\xFF\"}").0, "byte 9 of the line is not UTF-8");
        assert_eq!(damaged(b"[1]").1, None);
        assert_eq!(damaged(b"{\"id\": 1, \"id\": 2}").0, "the member \"id\" occurs twice");
        let (reason, _) = damaged(b"{\"id\": \"A\", \"name\": \"\\u12\"}");
        assert_eq!(reason, "the line is not a single JSON object: invalid escape at column 27");
        let (reason, salvaged) = damaged(b"{\"id\": \"A\"}{\"id\": \"B\"}");
        assert!(reason.contains("text after the object") && salvaged.is_none());
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(
            damaged(deep.as_bytes()).0.contains("nested deeper")
                || damaged(deep.as_bytes()).0.contains("recursion")
        );
    }

    #[test]
    fn too_many_values_make_document_unreadable() {
        let limits = ReadLimits { max_values: 6, ..LIMITS };
        let damaged = |line: &str| damaged_within(&limits, line.as_bytes());
        let whole = content(&limits, br#"{"id": "A-1", "a": [1, {"b": 2}]}"#);
        let RowContent::Document(whole) = whole else { panic!("{whole:?}") };
        assert_eq!(whole.n_values(), 6);
        let many = "7,".repeat(100_000);
        for (line, n_kept) in [
            (r#"{"id": "A-1", "a": [1, 2, 3, 4, 5]}"#.to_owned(), 1),
            (r#"{"id": "A-1", "a": {"b": 1, "c": 2, "d": [3], "e": 4}}"#.to_owned(), 1),
            (r#"{"id": "A-1", "b": 1, "c": 2, "d": 3, "e": 4, "f": 5, "g": 6}"#.to_owned(), 6),
            (format!(r#"{{"id": "A-1", "a": [{many}7]}}"#), 1),
        ] {
            let (reason, salvaged) = damaged(&line);
            assert_eq!(reason, "the document has more than 6 values, the limit set by max_values");
            let salvaged = salvaged.unwrap_or_else(|| panic!("{line}"));
            assert_eq!(salvaged.root().member("id").unwrap().value(), JsonValue::Text("A-1"));
            assert_eq!(salvaged.n_values(), 1 + n_kept);
        }
        // A syntax error after the last kept value is still found.
        let reason = damaged(&format!(r#"{{"id": "A-1", "a": [{many}7, {{"b": 1 2}}, 3]}}"#)).0;
        assert!(reason.starts_with("the line is not a single JSON object"), "{reason}");
    }
}
