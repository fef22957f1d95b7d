//! NDJSON: one JSON object a line; numbers keep their text, every value knows its column.

use std::{collections::HashSet, io::BufRead};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    FileEnd, ReadError,
    inputs::Input,
    unpack::{self, Bytes},
};
use crate::model::{
    origin::{FileId, RowOrigin},
    row::{Content, Json, Node, Row, Unreadable},
};

/// Deeper than any order; a bound, so that hostile nesting cannot exhaust the stack.
const DEEPEST: usize = 64;

/// What `serde_json` says of something behind a whole value.
const TRAILING: &str = "trailing characters";

/// The lines of one file.
pub struct NdjsonRows {
    bytes: Bytes,
    input: Input,
    file: FileId,
    line: u64,
    offset: u64,
    has_crlf: bool,
    buffer: Vec<u8>,
    /// A line with something on it was read.
    is_begun: bool,
}

impl NdjsonRows {
    pub(super) fn open(mut bytes: Bytes, input: &Input, file: FileId) -> Result<Self, ReadError> {
        let offset = unpack::skip_bom(&mut bytes).map_err(|source| input.error(source))?;
        Ok(Self {
            bytes,
            input: input.clone(),
            file,
            line: 0,
            offset,
            has_crlf: false,
            buffer: Vec::new(),
            is_begun: false,
        })
    }

    pub(super) fn end(&self) -> FileEnd {
        // A document that is cut off is unreadable, so a missing line break behind a whole one means nothing.
        FileEnd { header: None, has_crlf: self.has_crlf, unfinished: None }
    }

    /// The next line without its break, or nothing at the end.
    fn next_line(&mut self) -> Result<Option<RowOrigin>, ReadError> {
        self.buffer.clear();
        let n_bytes = self.bytes.read_until(b'\n', &mut self.buffer).map_err(|source| self.input.error(source))?;
        if n_bytes == 0 {
            return Ok(None);
        }
        self.has_crlf |= self.buffer.ends_with(b"\r\n");
        let length = self.buffer.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
        self.buffer.truncate(length);
        self.line += 1;
        let bytes = self.offset..self.offset + length as u64;
        self.offset += n_bytes as u64;
        Ok(Some(RowOrigin { file: self.file, line: self.line, bytes }))
    }
}

impl Iterator for NdjsonRows {
    type Item = Result<Row, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_line() {
                Ok(None) => return None,
                Ok(Some(_)) if self.buffer.trim_ascii().is_empty() => {}
                Ok(Some(_)) if !self.is_begun && self.buffer.trim_ascii_start().starts_with(b"[") => {
                    return Some(Err(ReadError::JsonArray(self.input.name.clone())));
                }
                Ok(Some(origin)) => {
                    self.is_begun = true;
                    return Some(Ok(Row { origin, content: content(&self.buffer) }));
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

fn content(line: &[u8]) -> Content {
    let (text, encoding_error) = match std::str::from_utf8(line) {
        Ok(text) => (text, None),
        Err(error) => {
            let good = &line[..error.valid_up_to()];
            let reason = format!("byte {} of the line is not UTF-8", good.len() + 1);
            (std::str::from_utf8(good).unwrap_or_default(), Some(reason))
        }
    };
    let mut reader = Reader { line: text, counted_bytes: 0, counted_characters: 0 };
    let mut members = Vec::new();
    let parsed = reader.object(text, 0, &mut members);
    let object = |members| Node { column: 1, value: Json::Object(members) };
    match encoding_error.or_else(|| parsed.err()) {
        None => Content::Document(object(members)),
        Some(reason) => {
            // What trails behind a whole object is a second one, whose order would be lost.
            let may_hold_others = reason.contains(TRAILING);
            let remains =
                (!members.is_empty() && !may_hold_others).then(|| Box::new(Content::Document(object(members))));
            Content::Unreadable(Unreadable { reason, remains })
        }
    }
}

/// Reads values out of one line, counting characters as it goes forward.
struct Reader<'line> {
    line: &'line str,
    counted_bytes: usize,
    counted_characters: usize,
}

impl<'line> Reader<'line> {
    /// Fills `into` with the members, so that those before the damage are there when the object is damaged.
    fn object(&mut self, json: &'line str, depth: usize, into: &mut Vec<(String, Node)>) -> Result<(), String> {
        let mut raw = Vec::new();
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let parsed = Members(&mut raw).deserialize(&mut deserializer).and_then(|()| deserializer.end());
        let mut seen = HashSet::new();
        for (name, value) in raw {
            // Parsers differ in which of two they take: an order must not depend on that.
            if !seen.insert(name.clone()) {
                return Err(format!("the member {name:?} stands there twice"));
            }
            into.push((name, self.node(value, depth + 1)?));
        }
        parsed.map_err(|error| no_json(1, &error))
    }

    fn node(&mut self, raw: &'line RawValue, depth: usize) -> Result<Node, String> {
        if depth > DEEPEST {
            return Err(format!("nested deeper than {DEEPEST} levels"));
        }
        let text = raw.get();
        let column = self.column(text);
        let value = match text.as_bytes().first() {
            Some(b'{') => {
                let mut members = Vec::new();
                self.object(text, depth, &mut members)?;
                Json::Object(members)
            }
            Some(b'[') => Json::Array(self.array(text, depth)?),
            Some(b'"') => Json::Text(serde_json::from_str(text).map_err(|error| no_json(column, &error))?),
            Some(b't') => Json::Boolean(true),
            Some(b'f') => Json::Boolean(false),
            Some(b'n') => Json::Null,
            _ => Json::Number(text.to_owned()),
        };
        Ok(Node { column, value })
    }

    fn array(&mut self, text: &'line str, depth: usize) -> Result<Vec<Node>, String> {
        let elements: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| no_json(1, &error))?;
        elements.into_iter().map(|element| self.node(element, depth + 1)).collect()
    }

    fn column(&mut self, value: &str) -> u32 {
        let offset = value.as_ptr().addr() - self.line.as_ptr().addr();
        if offset < self.counted_bytes {
            (self.counted_bytes, self.counted_characters) = (0, 0);
        }
        self.counted_characters += self.line[self.counted_bytes..offset].chars().count();
        self.counted_bytes = offset;
        u32::try_from(self.counted_characters + 1).unwrap_or(u32::MAX)
    }
}

/// What is wrong with a value that begins at `column` of its line.
fn no_json(column: u32, error: &serde_json::Error) -> String {
    let what = error.to_string();
    let what = what.split(" at line ").next().unwrap_or_default();
    let column = column as usize + error.column().max(1) - 1;
    format!("no whole JSON object on the line: {what} at column {column}")
}

/// Collects an object's members as they come.
struct Members<'into, 'line>(&'into mut Vec<(String, &'line RawValue)>);

impl<'line> DeserializeSeed<'line> for Members<'_, 'line> {
    type Value = ();

    fn deserialize<D: Deserializer<'line>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'line> Visitor<'line> for Members<'_, 'line> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("one whole JSON object on the line")
    }

    fn visit_map<A: MapAccess<'line>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(entry) = map.next_entry()? {
            self.0.push(entry);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(line: &str) -> Node {
        match content(line.as_bytes()) {
            Content::Document(node) => node,
            other => panic!("{other:?}"),
        }
    }

    fn damaged(line: &[u8]) -> (String, Option<Box<Content>>) {
        match content(line) {
            Content::Unreadable(bad) => (bad.reason, bad.remains),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_keep_their_text_and_column() {
        let order = document(r#"{"é": "x", "price": 30.60, "items": [{"sku": 12345678901234567890}]}"#);
        assert_eq!(order.at("price"), Some(&Node { column: 21, value: Json::Number("30.60".into()) }));
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
        let (reason, remains) = damaged(br#"{"id": "A-1", "price": 3"#);
        assert_eq!(reason, "no whole JSON object on the line: EOF while parsing an object at column 24");
        let Some(Content::Document(node)) = remains.as_deref() else { panic!() };
        assert_eq!(node.at("id").unwrap().value, Json::Text("A-1".into()));
        assert_eq!(damaged(b"{\"id\": \"\xFF\"}").0, "byte 9 of the line is not UTF-8");
        assert_eq!(damaged(b"[1]").1, None);
        assert_eq!(damaged(b"{\"id\": 1, \"id\": 2}").0, "the member \"id\" stands there twice");
        let (reason, _) = damaged(b"{\"id\": \"A\", \"name\": \"\\u12\"}");
        assert_eq!(reason, "no whole JSON object on the line: invalid escape at column 27");
        let (reason, remains) = damaged(b"{\"id\": \"A\"}{\"id\": \"B\"}");
        assert!(reason.contains("trailing characters") && remains.is_none());
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(
            damaged(deep.as_bytes()).0.contains("nested deeper") || damaged(deep.as_bytes()).0.contains("recursion")
        );
    }
}
