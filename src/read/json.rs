//! JSON documents: one per line (NDJSON), or the elements of one array.
//!
//! Numbers keep their text, and every value knows its position. Does not read files. Called by
//! `row_parser`.

use std::{ops::Range, sync::Arc};

use memchr::{memchr, memchr_iter};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    array::{ElementTerminator, element_end},
    block::Piece,
    dialect::ReadLimits,
    error::ReadError,
    position::{line_offset_text, position_after, to_u32},
};
use crate::model::{
    origin::{FileId, RowOrigin},
    row::{JsonNode, JsonValue, Row, RowContent, RowDamage, Unreadable},
};

/// Maximum nesting, deeper than any order: hostile nesting must not exhaust the stack.
const MAX_DEPTH: usize = 64;

/// The error of `serde_json` for text after a complete value.
const TRAILING: &str = "trailing characters";

/// What all documents of a file have in common.
#[derive(Debug, Clone)]
pub(super) struct JsonFormat {
    pub(super) name: Arc<str>,
    pub(super) file: FileId,
    pub(super) is_array: bool,
    pub(super) limits: ReadLimits,
}

/// The byte ranges of documents.
#[derive(Debug, Default)]
pub(super) struct DocumentSpans<'b> {
    spans: Vec<DocumentSpan<'b>>,
}

/// The byte range of a document: a line, or an element of an array.
#[derive(Debug)]
struct DocumentSpan<'b> {
    line: u64,
    start: u64,
    bytes: &'b [u8],
}

impl<'b> DocumentSpans<'b> {
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Finds the documents of a piece.
    pub(super) fn add(&mut self, format: &JsonFormat, piece: Piece<'b>) -> Result<(), ReadError> {
        if format.is_array {
            self.add_elements(format, piece)
        } else {
            self.add_lines(format, piece)
        }
    }

    fn add_lines(&mut self, format: &JsonFormat, piece: Piece<'b>) -> Result<(), ReadError> {
        let mut start = 0;
        for (line, bytes) in (piece.line..).zip(piece.bytes.split_inclusive(|byte| *byte == b'\n'))
        {
            let n_own = bytes
                .iter()
                .rposition(|byte| !matches!(byte, b'\r' | b'\n'))
                .map_or(0, |last| last + 1);
            if !bytes.trim_ascii().is_empty() {
                self.push(
                    format,
                    DocumentSpan { line, start: piece.start + start, bytes: &bytes[..n_own] },
                )?;
            }
            start += bytes.len() as u64;
        }
        Ok(())
    }

    /// `block_reader` emits the bytes between the array's brackets, and an empty piece where the
    /// closing one is missing.
    fn add_elements(&mut self, format: &JsonFormat, piece: Piece<'b>) -> Result<(), ReadError> {
        if piece.bytes.is_empty() {
            return self.push(
                format,
                DocumentSpan { line: piece.line, start: piece.start, bytes: piece.bytes },
            );
        }
        let (mut from, mut line, mut counted) = (0, piece.line, 0);
        while from < piece.bytes.len() {
            let end = element_end(piece.bytes, from);
            if let Some(own) = element_range(piece.bytes, from..end.at, end.terminator) {
                line += memchr_iter(b'\n', &piece.bytes[counted..own.start]).count() as u64;
                counted = own.start;
                let start = piece.start + own.start as u64;
                self.push(format, DocumentSpan { line, start, bytes: &piece.bytes[own] })?;
            }
            from = end.at + 1;
        }
        Ok(())
    }

    fn push(&mut self, format: &JsonFormat, span: DocumentSpan<'b>) -> Result<(), ReadError> {
        if span.bytes.len() as u64 > format.limits.max_record {
            return Err(ReadError::record_too_long(
                &format.name,
                span.line,
                format.limits.max_record,
            ));
        }
        self.spans.push(span);
        Ok(())
    }

    /// Parses the document at `index`.
    pub(super) fn row(&self, index: usize, format: &JsonFormat) -> Row<'_> {
        let span = &self.spans[index];
        let bytes = span.start..span.start + span.bytes.len() as u64;
        let content = if format.is_array {
            element_content(span.bytes, &format.limits)
        } else {
            line_content(span.bytes, &format.limits)
        };
        Row { origin: RowOrigin { file: format.file, line: span.line, bytes }, content }
    }
}

/// The element within `between`, without blanks around it. A comma or bracket without an element
/// before it is returned in the place of the element, so that it is reported; blanks at the end of
/// a piece are no element.
fn element_range(
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

/// Parses an element of an array. The end of a damaged element is uncertain, so nothing of it is
/// salvaged unless it is complete JSON.
fn element_content(element: &[u8], limits: &ReadLimits) -> RowContent<'static> {
    let reason = match element {
        b"" => {
            "the file ends before the \"]\" that closes its array; if it was truncated, orders \
             are missing"
        }
        b"," => "no element before the comma, expected a JSON object",
        b"]" => {
            "no element between the last comma and the end of the array, expected a JSON object"
        }
        _ => {
            return object_content(
                element,
                limits,
                "the array element is not a single JSON object",
                false,
            );
        }
    };
    RowContent::Unreadable(Unreadable {
        reason: reason.to_owned(),
        damage: RowDamage::Other,
        salvaged: None,
    })
}

fn line_content(line: &[u8], limits: &ReadLimits) -> RowContent<'static> {
    object_content(line, limits, "the line is not a single JSON object", true)
}

fn object_content(
    bytes: &[u8],
    limits: &ReadLimits,
    syntax_message: &'static str,
    has_known_end: bool,
) -> RowContent<'static> {
    let (text, bad_byte) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let valid = &bytes[..error.valid_up_to()];
            (std::str::from_utf8(valid).unwrap_or_default(), Some(not_utf8(valid)))
        }
    };
    let mut parser = JsonParser {
        text,
        limits,
        n_values_left: limits.max_values,
        syntax_message,
        counted_bytes: 0,
        line: 0,
        column: 1,
    };
    let mut members = Vec::new();
    let parsed = parser.object(text, 0, &mut members);
    let object =
        |members| JsonNode { line_offset: 0, column: 1, value: JsonValue::Object(members) };
    let not_text = |reason| Damage::Syntax(reason, RowDamage::Other);
    let damage = bad_byte.map(not_text).or_else(|| parsed.err());
    let Some(damage) = damage else { return RowContent::Document(object(members)) };
    let (reason, damage, is_whole) = match damage {
        Damage::Syntax(reason, damage) => (reason, damage, false),
        Damage::Value(reason) => (reason, RowDamage::Other, true),
    };
    // Text after a complete object may be another order, which must not be lost: nothing is
    // salvaged.
    let may_hold_others = damage == RowDamage::TextAfter || !(has_known_end || is_whole);
    let salvaged = (!members.is_empty() && !may_hold_others)
        .then(|| Box::new(RowContent::Document(object(members))));
    RowContent::Unreadable(Unreadable { reason, damage, salvaged })
}

fn not_utf8(valid: &[u8]) -> String {
    match valid.iter().rposition(|byte| *byte == b'\n') {
        None => format!("byte {} of the line is not UTF-8", valid.len() + 1),
        Some(last) => {
            let n_below = to_u32(memchr_iter(b'\n', valid).count());
            format!(
                "byte {} of the line{} is not UTF-8",
                valid.len() - last,
                line_offset_text(n_below)
            )
        }
    }
}

/// Why a document is unreadable.
enum Damage {
    /// It is not complete JSON.
    Syntax(String, RowDamage),
    /// It is complete JSON, but has a value that is not accepted.
    Value(String),
}

/// Parses the values of one document, and counts lines and characters as it advances.
struct JsonParser<'text> {
    text: &'text str,
    limits: &'text ReadLimits,
    /// The number of values that the document may still have.
    n_values_left: usize,
    /// The start of the message for a syntax error.
    syntax_message: &'static str,
    counted_bytes: usize,
    line: u32,
    column: u32,
}

impl<'text> JsonParser<'text> {
    /// Pushes the members to `into`, so that those before the damage remain when the object is
    /// damaged.
    fn object(
        &mut self,
        json: &'text str,
        depth: usize,
        into: &mut Vec<(String, JsonNode)>,
    ) -> Result<(), Damage> {
        let (line, column) = self.position(json);
        // Raw values keep the digits of a number and show where each value begins.
        let mut raw = Vec::new();
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let members = LimitedVisitor { into: &mut raw, max_kept: self.n_values_left + 1 };
        let parsed = deserializer.deserialize_map(members).and_then(|()| deserializer.end());
        match (self.members(raw, depth, into), parsed) {
            // Without its end the object is incomplete, whatever is wrong with a value before.
            (Err(Damage::Value(reason)), Err(error)) => {
                Err(Damage::Syntax(reason, syntax_damage(&error)))
            }
            (Ok(()), Err(error)) => Err(self.syntax_error(line, column, &error)),
            (result, _) => result,
        }
    }

    fn members(
        &mut self,
        raw: Vec<(String, &'text RawValue)>,
        depth: usize,
        into: &mut Vec<(String, JsonNode)>,
    ) -> Result<(), Damage> {
        let duplicate = duplicate_member(&raw);
        into.reserve(raw.len());
        for (index, (name, value)) in raw.into_iter().enumerate() {
            // Parsers differ in which of two equal names they use (RFC 8259, section 4): an order
            // must not depend on that.
            if duplicate == Some(index) {
                return Err(Damage::Value(format!("the member {name:?} occurs twice")));
            }
            into.push((name, self.node(value, depth + 1)?));
        }
        Ok(())
    }

    fn node(&mut self, raw: &'text RawValue, depth: usize) -> Result<JsonNode, Damage> {
        if depth > MAX_DEPTH {
            return Err(Damage::Value(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.count_value()?;
        let text = raw.get();
        let (line_offset, column) = self.position(text);
        let value = match text.as_bytes().first() {
            Some(b'{') => {
                let mut members = Vec::new();
                self.object(text, depth, &mut members)?;
                JsonValue::Object(members)
            }
            Some(b'[') => JsonValue::Array(self.array(text, depth)?),
            Some(b't') => JsonValue::Boolean(true),
            Some(b'f') => JsonValue::Boolean(false),
            Some(b'n') => JsonValue::Null,
            _ => self.scalar(text, line_offset, column)?,
        };
        Ok(JsonNode { line_offset, column, value })
    }

    fn count_value(&mut self) -> Result<(), Damage> {
        // A limit in bytes is not enough: a value has some 60 bytes in memory and may have two in
        // the file. Without this one a line of 16 MB with a million items took 1.8 GB.
        let Some(n_left) = self.n_values_left.checked_sub(1) else {
            let max_values = self.limits.max_values;
            return Err(Damage::Value(format!(
                "the document has more than {max_values} values, the limit set by max_values"
            )));
        };
        self.n_values_left = n_left;
        Ok(())
    }

    fn array(&mut self, text: &'text str, depth: usize) -> Result<Vec<JsonNode>, Damage> {
        let (line, column) = self.position(text);
        let mut elements: Vec<&RawValue> = Vec::new();
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let parsed = deserializer.deserialize_seq(LimitedVisitor {
            into: &mut elements,
            max_kept: self.n_values_left + 1,
        });
        parsed.map_err(|error| self.syntax_error(line, column, &error))?;
        elements.into_iter().map(|element| self.node(element, depth + 1)).collect()
    }

    /// A number, or a string.
    fn scalar(&self, text: &str, line: u32, column: u32) -> Result<JsonValue, Damage> {
        let (n_bytes, max_bytes) = (text.len(), self.limits.max_cell);
        if n_bytes as u64 > max_bytes {
            let below = line_offset_text(line);
            let found = format!("the value at column {column}{below} has {n_bytes} bytes");
            return Err(Damage::Value(format!("{found}, expected at most {max_bytes} (max_cell)")));
        }
        if !text.starts_with('"') {
            return Ok(JsonValue::Number(text.to_owned()));
        }
        // Most strings have no escapes: their text is copied without a second parse.
        let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        if let Some(unescaped) = quoted.filter(|text| memchr(b'\\', text.as_bytes()).is_none()) {
            return Ok(JsonValue::Text(unescaped.to_owned()));
        }
        serde_json::from_str(text)
            .map(JsonValue::Text)
            .map_err(|error| self.syntax_error(line, column, &error))
    }

    /// Where `value` begins: the line below the document's first, and the character within that
    /// line.
    fn position(&mut self, value: &str) -> (u32, u32) {
        let offset = value.as_ptr().addr() - self.text.as_ptr().addr();
        // Counting goes on from the last position, so that a document is counted about once.
        if offset < self.counted_bytes {
            (self.counted_bytes, self.line, self.column) = (0, 0, 1);
        }
        let passed = &self.text.as_bytes()[self.counted_bytes..offset];
        (self.line, self.column) = position_after(passed, self.line, self.column);
        self.counted_bytes = offset;
        (self.line, self.column)
    }

    /// The damage of a value that begins at `line` and `column`.
    fn syntax_error(&self, line: u32, column: u32, error: &serde_json::Error) -> Damage {
        let what = error.to_string();
        // The line and column of `serde_json` count from the start of the value, not of the
        // document.
        let what = what.split(" at line ").next().unwrap_or_default();
        let n_below = error.line().saturating_sub(1);
        let offset = if n_below == 0 { column as usize - 1 } else { 0 };
        let (column, below) = (
            offset + error.column().max(1),
            line_offset_text(line.saturating_add(to_u32(n_below))),
        );
        let reason = format!("{}: {what} at column {column}{below}", self.syntax_message);
        Damage::Syntax(reason, syntax_damage(error))
    }
}

fn syntax_damage(error: &serde_json::Error) -> RowDamage {
    if error.is_eof() {
        RowDamage::CutOff
    } else if error.to_string().starts_with(TRAILING) {
        RowDamage::TextAfter
    } else {
        RowDamage::Other
    }
}

/// The index of the first member whose name occurred before.
fn duplicate_member(members: &[(String, &RawValue)]) -> Option<usize> {
    // Nearly always there is none, which sorting finds out cheaply.
    let mut sorted: Vec<(&str, usize)> =
        members.iter().zip(0..).map(|((name, _), index)| (name.as_str(), index)).collect();
    sorted.sort_unstable();
    sorted.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1].1).min()
}

/// Collects up to `max_kept` members of an object or elements of an array. The others are only
/// parsed, to find out whether the whole is valid JSON.
struct LimitedVisitor<'into, T> {
    into: &'into mut Vec<T>,
    max_kept: usize,
}

impl<T> LimitedVisitor<'_, T> {
    fn add(&mut self, value: T) {
        if self.into.len() < self.max_kept {
            self.into.push(value);
        }
    }
}

impl<'line> Visitor<'line> for LimitedVisitor<'_, (String, &'line RawValue)> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'line>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(member) = map.next_entry()? {
            self.add(member);
        }
        Ok(())
    }
}

impl<'line> Visitor<'line> for LimitedVisitor<'_, &'line RawValue> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'line>>(mut self, mut array: A) -> Result<(), A::Error> {
        while let Some(element) = array.next_element()? {
            self.add(element);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ReadLimits = ReadLimits {
        max_cell: 50,
        max_record: 1_000_000,
        max_columns: 1,
        max_values: 100,
        max_expansion: 1,
    };

    fn document(line: &str) -> JsonNode {
        match line_content(line.as_bytes(), &LIMITS) {
            RowContent::Document(node) => node,
            other => panic!("{other:?}"),
        }
    }

    fn damaged(line: &[u8]) -> (String, Option<Box<RowContent<'static>>>) {
        damaged_within(&LIMITS, line)
    }

    fn damaged_within(
        limits: &ReadLimits,
        line: &[u8],
    ) -> (String, Option<Box<RowContent<'static>>>) {
        match line_content(line, limits) {
            RowContent::Unreadable(bad) => (bad.reason, bad.salvaged),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_keep_their_text_and_column() {
        let order =
            document(r#"{"é": "x", "price": 30.60, "items": [{"sku": 12345678901234567890}]}"#);
        assert_eq!(
            order.at("price"),
            Some(&JsonNode {
                line_offset: 0,
                column: 21,
                value: JsonValue::Number("30.60".into())
            })
        );
        assert_eq!(
            order.at("items.0.sku").unwrap().value,
            JsonValue::Number("12345678901234567890".into())
        );
        assert_eq!(order.at("items.1.sku"), None);
    }

    #[test]
    fn dotted_member_name_takes_precedence() {
        let order = document(r#"{"guest.email": "a", "guest": {"email": "b", "id.crm": "c"}}"#);
        assert_eq!(order.at("guest.email").unwrap().value, JsonValue::Text("a".into()));
        assert_eq!(order.at("guest.id.crm").unwrap().value, JsonValue::Text("c".into()));
    }

    #[test]
    fn damage_has_position_and_keeps_earlier_members() {
        let (reason, salvaged) = damaged(br#"{"id": "A-1", "price": 3"#);
        assert_eq!(
            reason,
            "the line is not a single JSON object: EOF while parsing an object at column 24"
        );
        let Some(RowContent::Document(node)) = salvaged.as_deref() else { panic!() };
        assert_eq!(node.at("id").unwrap().value, JsonValue::Text("A-1".into()));
        assert_eq!(damaged(b"{\"id\": \"\xFF\"}").0, "byte 9 of the line is not UTF-8");
        assert_eq!(damaged(b"[1]").1, None);
        assert_eq!(damaged(b"{\"id\": 1, \"id\": 2}").0, "the member \"id\" occurs twice");
        let (reason, _) = damaged(b"{\"id\": \"A\", \"name\": \"\\u12\"}");
        assert_eq!(reason, "the line is not a single JSON object: invalid escape at column 27");
        let (reason, salvaged) = damaged(b"{\"id\": \"A\"}{\"id\": \"B\"}");
        assert!(reason.contains("trailing characters") && salvaged.is_none());
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
        assert_eq!(document(r#"{"id": "A-1", "a": [1, {"b": 2}]}"#).n_values(), 6);
        let many = "7,".repeat(100_000);
        for (line, n_kept) in [
            (r#"{"id": "A-1", "a": [1, 2, 3, 4, 5]}"#.to_owned(), 1),
            (r#"{"id": "A-1", "a": {"b": 1, "c": 2, "d": [3], "e": 4}}"#.to_owned(), 1),
            (r#"{"id": "A-1", "b": 1, "c": 2, "d": 3, "e": 4, "f": 5, "g": 6}"#.to_owned(), 6),
            (format!(r#"{{"id": "A-1", "a": [{many}7]}}"#), 1),
        ] {
            let (reason, salvaged) = damaged(&line);
            assert_eq!(reason, "the document has more than 6 values, the limit set by max_values");
            let Some(RowContent::Document(node)) = salvaged.as_deref() else { panic!("{line}") };
            assert_eq!(node.at("id").unwrap().value, JsonValue::Text("A-1".into()));
            assert_eq!(node.n_values(), 1 + n_kept);
        }
        // A syntax error after the last kept value is still found.
        let reason = damaged(&format!(r#"{{"id": "A-1", "a": [{many}7, {{"b": 1 2}}, 3]}}"#)).0;
        assert!(reason.starts_with("the line is not a single JSON object"), "{reason}");
    }
}
