//! JSON documents: one a line, or the elements of one array; numbers keep their text, every value knows its place.
//!
//! Does not read files. Called by `reader`.

use std::ops::Range;

use memchr::{memchr, memchr_iter};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    Bounds, ReadError,
    array::{End, element_end},
    cells::{narrow, place_behind},
    csv::lines_below,
    reader::{JsonForm, Piece},
};
use crate::model::{
    origin::RowOrigin,
    row::{Content, Json, Node, Row, Unreadable},
};

/// Deeper than any order; a bound, so that hostile nesting cannot exhaust the stack.
const DEEPEST: usize = 64;

/// What `serde_json` says of something behind a whole value.
const TRAILING: &str = "trailing characters";

/// Where documents stand.
#[derive(Debug, Default)]
pub(super) struct Places<'b> {
    places: Vec<Place<'b>>,
}

/// Where a document stands: a line, or an element of an array.
#[derive(Debug)]
struct Place<'b> {
    line: u64,
    start: u64,
    bytes: &'b [u8],
}

impl<'b> Places<'b> {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Finds the documents of a piece.
    pub(super) fn add(&mut self, format: &JsonForm, piece: Piece<'b>) -> Result<(), ReadError> {
        if format.is_array { self.add_elements(format, piece) } else { self.add_lines(format, piece) }
    }

    fn add_lines(&mut self, format: &JsonForm, piece: Piece<'b>) -> Result<(), ReadError> {
        let mut start = 0;
        for (line, bytes) in (piece.line..).zip(piece.bytes.split_inclusive(|byte| *byte == b'\n')) {
            let n_own = bytes.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
            if !bytes.trim_ascii().is_empty() {
                self.push(format, Place { line, start: piece.start + start, bytes: &bytes[..n_own] })?;
            }
            start += bytes.len() as u64;
        }
        Ok(())
    }

    /// `source` gives the bytes between the array's brackets, and an empty piece where the closing one is missing.
    fn add_elements(&mut self, format: &JsonForm, piece: Piece<'b>) -> Result<(), ReadError> {
        if piece.bytes.is_empty() {
            return self.push(format, Place { line: piece.line, start: piece.start, bytes: piece.bytes });
        }
        let (mut from, mut line, mut counted) = (0, piece.line, 0);
        while from < piece.bytes.len() {
            let end = element_end(piece.bytes, from);
            if let Some(own) = element(piece.bytes, from..end.at, end.by) {
                line += memchr_iter(b'\n', &piece.bytes[counted..own.start]).count() as u64;
                counted = own.start;
                let start = piece.start + own.start as u64;
                self.push(format, Place { line, start, bytes: &piece.bytes[own] })?;
            }
            from = end.at + 1;
        }
        Ok(())
    }

    fn push(&mut self, format: &JsonForm, span: Place<'b>) -> Result<(), ReadError> {
        if span.bytes.len() as u64 > format.bounds.record {
            return Err(ReadError::record_too_long(&format.name, span.line, format.bounds.record));
        }
        self.places.push(span);
        Ok(())
    }

    /// Reads the document at a place.
    pub(super) fn row(&self, index: usize, format: &JsonForm) -> Row<'_> {
        let span = &self.places[index];
        let bytes = span.start..span.start + span.bytes.len() as u64;
        let content = if format.is_array {
            element_content(span.bytes, &format.bounds)
        } else {
            line_content(span.bytes, &format.bounds)
        };
        Row { origin: RowOrigin { file: format.file, line: span.line, bytes }, content }
    }
}

/// The element within `between`, without blanks around it. Where nothing stands before a comma or the end, that comma
/// or end stands for it, so that it is told; blanks at the end of a piece are nothing.
fn element(bytes: &[u8], between: Range<usize>, terminator: End) -> Option<Range<usize>> {
    let text = &bytes[between.clone()];
    let own = text.trim_ascii();
    if own.is_empty() {
        return matches!(terminator, End::Comma | End::Close).then_some(between.end..between.end + 1);
    }
    let start = between.start + (text.len() - text.trim_ascii_start().len());
    Some(start..start + own.len())
}

/// What an element of an array holds. Where one is damaged it is not certain that it ended where it seems to, so nothing
/// of it is kept unless it is whole JSON.
fn element_content(element: &[u8], limits: &Bounds) -> Content<'static> {
    let reason = match element {
        b"" => "the file ends before the \"]\" that closes its array; if it was cut off, orders are missing",
        b"," => "nothing stands before the comma, expected a JSON object",
        b"]" => "nothing stands between the last comma and the end of the array, expected a JSON object",
        _ => return object_content(element, limits, "no whole JSON object in the array", false),
    };
    Content::Unreadable(Unreadable { reason: reason.to_owned(), remains: None })
}

fn line_content(line: &[u8], limits: &Bounds) -> Content<'static> {
    object_content(line, limits, "no whole JSON object on the line", true)
}

fn object_content(bytes: &[u8], limits: &Bounds, expected: &'static str, has_known_end: bool) -> Content<'static> {
    let (text, bad_byte) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let valid = &bytes[..error.valid_up_to()];
            (std::str::from_utf8(valid).unwrap_or_default(), Some(not_utf8(valid)))
        }
    };
    let mut parser =
        Reader { text, bounds: limits, n_values_left: limits.values, expected, counted_bytes: 0, line: 0, column: 1 };
    let mut members = Vec::new();
    let parsed = parser.object(text, 0, &mut members);
    let object = |members| Node { lines_below: 0, column: 1, value: Json::Object(members) };
    let damage = bad_byte.map(Damage::Syntax).or_else(|| parsed.err());
    let Some(damage) = damage else { return Content::Document(object(members)) };
    let (reason, is_whole) = match damage {
        Damage::Syntax(reason) => (reason, false),
        Damage::Value(reason) => (reason, true),
    };
    // Text behind a whole object may be another one: it must not be lost.
    let may_hold_others = reason.contains(TRAILING) || !(has_known_end || is_whole);
    let salvaged = (!members.is_empty() && !may_hold_others).then(|| Box::new(Content::Document(object(members))));
    Content::Unreadable(Unreadable { reason, remains: salvaged })
}

fn not_utf8(valid: &[u8]) -> String {
    match valid.iter().rposition(|byte| *byte == b'\n') {
        None => format!("byte {} of the line is not UTF-8", valid.len() + 1),
        Some(last) => {
            let n_below = memchr_iter(b'\n', valid).count();
            format!("byte {} of the line {n_below} below is not UTF-8", valid.len() - last)
        }
    }
}

/// Why a document cannot be taken.
enum Damage {
    /// It is not whole JSON.
    Syntax(String),
    /// It is, but a value of it is not to be had.
    Value(String),
}

/// Reads values out of one document, counting lines and characters as it goes forward.
struct Reader<'text> {
    text: &'text str,
    bounds: &'text Bounds,
    /// How many more values the document may have.
    n_values_left: usize,
    /// How a message begins that says what was expected.
    expected: &'static str,
    counted_bytes: usize,
    line: u32,
    column: u32,
}

impl<'text> Reader<'text> {
    /// Fills `into` with the members, so that those before the damage are there when the object is damaged.
    fn object(&mut self, json: &'text str, depth: usize, into: &mut Vec<(String, Node)>) -> Result<(), Damage> {
        let (line, column) = self.place(json);
        let mut raw = Vec::new();
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let members = Collected { into: &mut raw, n_kept: self.n_values_left + 1 };
        let parsed = deserializer.deserialize_map(members).and_then(|()| deserializer.end());
        match (self.members(raw, depth, into), parsed) {
            // Without its end the object is not whole, whatever is wrong with a value before.
            (Err(Damage::Value(reason)), Err(_)) => Err(Damage::Syntax(reason)),
            (Ok(()), Err(error)) => Err(self.no_json(line, column, &error)),
            (result, _) => result,
        }
    }

    fn members(
        &mut self,
        raw: Vec<(String, &'text RawValue)>,
        depth: usize,
        into: &mut Vec<(String, Node)>,
    ) -> Result<(), Damage> {
        let duplicate = first_twice(&raw);
        into.reserve(raw.len());
        for (index, (name, value)) in raw.into_iter().enumerate() {
            // Parsers differ in which of two they take: an order must not depend on that.
            if duplicate == Some(index) {
                return Err(Damage::Value(format!("the member {name:?} stands there twice")));
            }
            into.push((name, self.node(value, depth + 1)?));
        }
        Ok(())
    }

    fn node(&mut self, raw: &'text RawValue, depth: usize) -> Result<Node, Damage> {
        if depth > DEEPEST {
            return Err(Damage::Value(format!("nested deeper than {DEEPEST} levels")));
        }
        self.count_value()?;
        let text = raw.get();
        let (line_offset, column) = self.place(text);
        let value = match text.as_bytes().first() {
            Some(b'{') => {
                let mut members = Vec::new();
                self.object(text, depth, &mut members)?;
                Json::Object(members)
            }
            Some(b'[') => Json::Array(self.array(text, depth)?),
            Some(b't') => Json::Boolean(true),
            Some(b'f') => Json::Boolean(false),
            Some(b'n') => Json::Null,
            _ => self.scalar(text, line_offset, column)?,
        };
        Ok(Node { lines_below: line_offset, column, value })
    }

    /// A value has some 60 bytes in memory and may have two in the file, so values are bounded beside bytes.
    fn count_value(&mut self) -> Result<(), Damage> {
        let n_left = self.n_values_left.checked_sub(1).ok_or_else(|| {
            let max_values = self.bounds.values;
            Damage::Value(format!("the document has more than {max_values} values, the limit that max_values sets"))
        });
        self.n_values_left = n_left?;
        Ok(())
    }

    fn array(&mut self, text: &'text str, depth: usize) -> Result<Vec<Node>, Damage> {
        let (line, column) = self.place(text);
        let mut elements: Vec<&RawValue> = Vec::new();
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let parsed = deserializer.deserialize_seq(Collected { into: &mut elements, n_kept: self.n_values_left + 1 });
        parsed.map_err(|error| self.no_json(line, column, &error))?;
        elements.into_iter().map(|element| self.node(element, depth + 1)).collect()
    }

    /// A number, or a string.
    fn scalar(&self, text: &str, line: u32, column: u32) -> Result<Json, Damage> {
        let (n_bytes, max_bytes) = (text.len(), self.bounds.cell);
        if n_bytes as u64 > max_bytes {
            let below = lines_below(line);
            let found = format!("the value at column {column}{below} has {n_bytes} bytes");
            return Err(Damage::Value(format!("{found}, more than the {max_bytes} that are allowed")));
        }
        if !text.starts_with('"') {
            return Ok(Json::Number(text.to_owned()));
        }
        let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        if let Some(unescaped) = quoted.filter(|text| memchr(b'\\', text.as_bytes()).is_none()) {
            return Ok(Json::Text(unescaped.to_owned()));
        }
        serde_json::from_str(text).map(Json::Text).map_err(|error| self.no_json(line, column, &error))
    }

    /// The lines below the document's first, and the character within that line, where `value` begins.
    fn place(&mut self, value: &str) -> (u32, u32) {
        let offset = value.as_ptr().addr() - self.text.as_ptr().addr();
        if offset < self.counted_bytes {
            (self.counted_bytes, self.line, self.column) = (0, 0, 1);
        }
        let passed = &self.text.as_bytes()[self.counted_bytes..offset];
        (self.line, self.column) = place_behind(passed, self.line, self.column);
        self.counted_bytes = offset;
        (self.line, self.column)
    }

    /// What is wrong with a value that begins at `line` and `column`.
    fn no_json(&self, line: u32, column: u32, error: &serde_json::Error) -> Damage {
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default();
        let n_below = error.line().saturating_sub(1);
        let before = if n_below == 0 { column as usize - 1 } else { 0 };
        let (column, below) = (before + error.column().max(1), lines_below(line.saturating_add(narrow(n_below))));
        Damage::Syntax(format!("{}: {what} at column {column}{below}", self.expected))
    }
}

/// The index of the first member whose name another one had before. Sorting finds out cheaply that there is none, which
/// is nearly always so.
fn first_twice(members: &[(String, &RawValue)]) -> Option<usize> {
    let mut sorted: Vec<(&str, usize)> =
        members.iter().zip(0..).map(|((name, _), index)| (name.as_str(), index)).collect();
    sorted.sort_unstable();
    sorted.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1].1).min()
}

/// Collects the members of an object, or the elements of an array. What comes behind the last one to keep is only read,
/// so that it is known whether the whole is JSON.
struct Collected<'into, T> {
    into: &'into mut Vec<T>,
    n_kept: usize,
}

impl<T> Collected<'_, T> {
    fn add(&mut self, value: T) {
        if self.into.len() < self.n_kept {
            self.into.push(value);
        }
    }
}

impl<'line> Visitor<'line> for Collected<'_, (String, &'line RawValue)> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("one whole JSON object on the line")
    }

    fn visit_map<A: MapAccess<'line>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(member) = map.next_entry()? {
            self.add(member);
        }
        Ok(())
    }
}

impl<'line> Visitor<'line> for Collected<'_, &'line RawValue> {
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

    const BOUNDS: Bounds = Bounds { cell: 50, record: 1_000_000, columns: 1, values: 100, expansion: 1 };

    fn document(line: &str) -> Node {
        match line_content(line.as_bytes(), &BOUNDS) {
            Content::Document(node) => node,
            other => panic!("{other:?}"),
        }
    }

    fn damaged(line: &[u8]) -> (String, Option<Box<Content<'static>>>) {
        damaged_within(&BOUNDS, line)
    }

    fn damaged_within(limits: &Bounds, line: &[u8]) -> (String, Option<Box<Content<'static>>>) {
        match line_content(line, limits) {
            Content::Unreadable(bad) => (bad.reason, bad.remains),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_keep_their_text_and_column() {
        let order = document(r#"{"é": "x", "price": 30.60, "items": [{"sku": 12345678901234567890}]}"#);
        assert_eq!(order.at("price"), Some(&Node { lines_below: 0, column: 21, value: Json::Number("30.60".into()) }));
        assert_eq!(order.at("items.0.sku").unwrap().value, Json::Number("12345678901234567890".into()));
        assert_eq!(order.at("items.1.sku"), None);
    }

    #[test]
    fn a_member_whose_name_has_dots_counts_first() {
        let order = document(r#"{"guest.email": "a", "guest": {"email": "b", "id.crm": "c"}}"#);
        assert_eq!(order.at("guest.email").unwrap().value, Json::Text("a".into()));
        assert_eq!(order.at("guest.id.crm").unwrap().value, Json::Text("c".into()));
    }

    #[test]
    fn damage_says_where_and_keeps_what_stood_before() {
        let (reason, salvaged) = damaged(br#"{"id": "A-1", "price": 3"#);
        assert_eq!(reason, "no whole JSON object on the line: EOF while parsing an object at column 24");
        let Some(Content::Document(node)) = salvaged.as_deref() else { panic!() };
        assert_eq!(node.at("id").unwrap().value, Json::Text("A-1".into()));
        assert_eq!(damaged(b"{\"id\": \"\xFF\"}").0, "byte 9 of the line is not UTF-8");
        assert_eq!(damaged(b"[1]").1, None);
        assert_eq!(damaged(b"{\"id\": 1, \"id\": 2}").0, "the member \"id\" stands there twice");
        let (reason, _) = damaged(b"{\"id\": \"A\", \"name\": \"\\u12\"}");
        assert_eq!(reason, "no whole JSON object on the line: invalid escape at column 27");
        let (reason, salvaged) = damaged(b"{\"id\": \"A\"}{\"id\": \"B\"}");
        assert!(reason.contains("trailing characters") && salvaged.is_none());
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(
            damaged(deep.as_bytes()).0.contains("nested deeper") || damaged(deep.as_bytes()).0.contains("recursion")
        );
    }

    #[test]
    fn a_document_of_too_many_values_is_unreadable_and_keeps_what_stood_before() {
        let limits = Bounds { values: 6, ..BOUNDS };
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
            assert_eq!(reason, "the document has more than 6 values, the limit that max_values sets");
            let Some(Content::Document(node)) = salvaged.as_deref() else { panic!("{line}") };
            assert_eq!(node.at("id").unwrap().value, Json::Text("A-1".into()));
            assert_eq!(node.n_values(), 1 + n_kept);
        }
        // What is no JSON behind the last value that is kept is still found.
        let reason = damaged(&format!(r#"{{"id": "A-1", "a": [{many}7, {{"b": 1 2}}, 3]}}"#)).0;
        assert!(reason.starts_with("no whole JSON object on the line"), "{reason}");
    }
}
