//! JSON parser: the text of one document → a flat list of nodes, in one pass.
//!
//! Numbers keep their digits, and texts are slices of the document. `serde_json` decides what is
//! wrong with a document that this parser refuses, and unescapes strings. Called by `json`.

use std::{fmt, iter};

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::{
    dialect::ReadLimits,
    position::{line_offset_text, position_after, to_u32},
};
use crate::model::{
    document::{Document, FlatNode, NodeKind},
    row::RowDamage,
};

/// Maximum nesting, deeper than any order: hostile nesting must not exhaust the stack.
const MAX_DEPTH: usize = 64;

/// The error of `serde_json` for text after a complete value.
const TRAILING: &str = "trailing characters";

/// The nodes of documents, and their unescaped strings.
#[derive(Debug, Default)]
pub(super) struct NodeBuffer {
    pub(super) nodes: Vec<FlatNode>,
    pub(super) unescaped: String,
}

/// Why a document is unreadable.
#[derive(Debug)]
pub(super) enum Damage {
    /// It is not complete JSON.
    Syntax(String, RowDamage),
    /// It is complete JSON, but has a value that is not accepted.
    Value(String),
}

/// Parses a document, and appends its nodes. `syntax_message` is the start of the message for a
/// syntax error.
///
/// # Errors
///
/// Why it is unreadable. The nodes of the members before the damage are appended.
pub(super) fn parse(
    text: &str,
    limits: &ReadLimits,
    syntax_message: &'static str,
    into: &mut NodeBuffer,
) -> Result<(), Damage> {
    let parser = JsonParser {
        text,
        at: 0,
        limits,
        n_values_left: limits.max_values,
        syntax_message,
        unescaped_start: into.unescaped.len(),
        into,
    };
    parser.document()
}

struct JsonParser<'p> {
    text: &'p str,
    /// The offset of the next byte.
    at: usize,
    limits: &'p ReadLimits,
    /// The number of values that the document may still have.
    n_values_left: usize,
    syntax_message: &'static str,
    /// Where the unescaped strings of the document begin.
    unescaped_start: usize,
    into: &'p mut NodeBuffer,
}

impl JsonParser<'_> {
    fn document(mut self) -> Result<(), Damage> {
        let root = self.push(NodeKind::Object, 0);
        self.skip_blanks();
        let parsed = self.expect(b'{').and_then(|()| self.members(0)).and_then(|()| {
            self.skip_blanks();
            if self.at == self.text.len() { Ok(()) } else { Err(self.not_json()) }
        });
        self.end_object(root, parsed)
    }

    fn value(&mut self, depth: usize) -> Result<(), Damage> {
        if depth > MAX_DEPTH {
            return Err(Damage::Value(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.count_value()?;
        match self.peek() {
            Some(b'"') => self.string(NodeKind::Text),
            Some(b'{') => {
                let object = self.push(NodeKind::Object, self.at);
                self.at += 1;
                let parsed = self.members(depth);
                self.end_object(object, parsed)
            }
            Some(b'[') => self.array(depth),
            Some(b't') => self.literal(NodeKind::True, "true"),
            Some(b'f') => self.literal(NodeKind::False, "false"),
            Some(b'n') => self.literal(NodeKind::Null, "null"),
            _ => self.number(),
        }
    }

    fn count_value(&mut self) -> Result<(), Damage> {
        // A limit in bytes is not enough: a value has 16 bytes in memory and more in a draft, and
        // may have two in the file. Without this one a line of 16 MB with a million items took
        // 1.8 GB.
        let Some(n_left) = self.n_values_left.checked_sub(1) else {
            let max_values = self.limits.max_values;
            return Err(Damage::Value(format!(
                "the document has more than {max_values} values, the limit set by max_values"
            )));
        };
        self.n_values_left = n_left;
        Ok(())
    }

    /// Parses what follows the opening brace of an object.
    fn members(&mut self, depth: usize) -> Result<(), Damage> {
        self.skip_blanks();
        if self.skip(b'}') {
            return Ok(());
        }
        loop {
            self.string(NodeKind::Name)?;
            self.skip_blanks();
            self.expect(b':')?;
            self.skip_blanks();
            let value = self.into.nodes.len();
            if let Err(damage) = self.value(depth + 1) {
                // A name without a value is that of the damaged member.
                self.into.nodes.truncate(value);
                return Err(damage);
            }
            self.skip_blanks();
            if self.skip(b'}') {
                return Ok(());
            }
            self.expect(b',')?;
            self.skip_blanks();
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Damage> {
        let array = self.push(NodeKind::Array, self.at);
        self.at += 1;
        self.skip_blanks();
        if self.skip(b']') {
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            self.skip_blanks();
            if self.skip(b']') {
                self.set_size(array);
                return Ok(());
            }
            self.expect(b',')?;
            self.skip_blanks();
        }
    }

    /// Parses a string: a value or the name of a member.
    fn string(&mut self, kind: NodeKind) -> Result<(), Damage> {
        let start = self.at;
        self.expect(b'"')?;
        let has_escapes = self.skip_string()?;
        let quoted = &self.text[start..self.at];
        if kind == NodeKind::Text {
            self.ensure_fits(quoted, start)?;
        }
        let (mut text_start, mut size) = (start + 1, quoted.len() - 2);
        if has_escapes {
            let unescaped: String =
                serde_json::from_str(quoted).map_err(|error| self.syntax_error(start, &error))?;
            text_start = self.into.unescaped.len() - self.unescaped_start;
            size = unescaped.len();
            self.into.unescaped.push_str(&unescaped);
        }
        self.into.nodes.push(FlatNode {
            kind,
            is_unescaped: has_escapes,
            start: to_u32(start),
            text_start: to_u32(text_start),
            size: to_u32(size),
        });
        Ok(())
    }

    /// Skips the rest of a string and its closing quote. Returns whether it has escapes.
    fn skip_string(&mut self) -> Result<bool, Damage> {
        let mut has_escapes = false;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(has_escapes);
                }
                Some(b'\\') => {
                    has_escapes = true;
                    // What is escaped neither closes the string nor escapes another byte.
                    self.at += 1;
                    match self.peek() {
                        Some(byte) if byte.is_ascii() => self.at += 1,
                        _ => return Err(self.not_json()),
                    }
                }
                Some(0x20..) => self.at += 1,
                _ => return Err(self.not_json()),
            }
        }
    }

    fn number(&mut self) -> Result<(), Damage> {
        let start = self.at;
        self.skip(b'-');
        if !self.skip(b'0') {
            self.digits()?;
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _ = self.skip(b'+') || self.skip(b'-');
            self.digits()?;
        }
        let digits = &self.text[start..self.at];
        self.ensure_fits(digits, start)?;
        let index = self.push(NodeKind::Number, start);
        self.into.nodes[index].size = to_u32(digits.len());
        Ok(())
    }

    /// Skips at least one digit.
    fn digits(&mut self) -> Result<(), Damage> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.not_json()) } else { Ok(()) }
    }

    fn literal(&mut self, kind: NodeKind, literal: &str) -> Result<(), Damage> {
        if !self.text.as_bytes()[self.at..].starts_with(literal.as_bytes()) {
            return Err(self.not_json());
        }
        self.push(kind, self.at);
        self.at += literal.len();
        Ok(())
    }

    fn ensure_fits(&self, value: &str, start: usize) -> Result<(), Damage> {
        let (n_bytes, max_bytes) = (value.len(), self.limits.max_cell);
        if n_bytes as u64 <= max_bytes {
            return Ok(());
        }
        let (line, column) = self.position(start);
        let below = line_offset_text(line);
        let found = format!("the value at column {column}{below} has {n_bytes} bytes");
        Err(Damage::Value(format!("{found}, expected at most {max_bytes} (max_cell)")))
    }

    fn push(&mut self, kind: NodeKind, start: usize) -> usize {
        let start = to_u32(start);
        let node = FlatNode { kind, is_unescaped: false, start, text_start: start, size: 0 };
        self.into.nodes.push(node);
        self.into.nodes.len() - 1
    }

    /// Sets the size of an array or object whose nodes are all parsed.
    fn set_size(&mut self, index: usize) {
        self.into.nodes[index].size = to_u32(self.into.nodes.len() - index - 1);
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), Damage> {
        if self.skip(byte) { Ok(()) } else { Err(self.not_json()) }
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// The text is not JSON; [`Self::damage_of_object`] adds what `serde_json` finds.
    fn not_json(&self) -> Damage {
        Damage::Syntax(self.syntax_message.to_owned(), RowDamage::Other)
    }

    /// Completes an object, whether it is damaged or not.
    fn end_object(&mut self, object: usize, parsed: Result<(), Damage>) -> Result<(), Damage> {
        self.set_size(object);
        let damage = match (self.duplicate_member(object), parsed) {
            (None, Ok(())) => return Ok(()),
            // Parsers differ in which of two equal names they use (RFC 8259, section 4): an order
            // must not depend on that.
            (Some(index), _) => {
                let name = self.name(self.names(object)[index]);
                (index, Damage::Value(format!("the member {name:?} occurs twice")))
            }
            (None, Err(damage)) => (self.n_members(object), damage),
        };
        Err(self.damage_of_object(object, damage))
    }

    /// What is wrong with an object of which the member at `failed` cannot be used: that, or that
    /// the object ends before.
    fn damage_of_object(&mut self, object: usize, (failed, damage): (usize, Damage)) -> Damage {
        let start = self.into.nodes[object].start as usize;
        let is_document = start == 0;
        let mut n_complete = 0;
        let mut deserializer = serde_json::Deserializer::from_str(&self.text[start..]);
        let mut parsed = deserializer.deserialize_map(MemberCounter(&mut n_complete));
        if is_document {
            parsed = parsed.and_then(|()| deserializer.end());
            self.truncate(object, failed.min(n_complete));
        }
        match (damage, parsed) {
            (_, Err(error)) if failed >= n_complete => self.syntax_error(start, &error),
            // Without its end the object is incomplete, whatever is wrong with a value before.
            (Damage::Value(reason), Err(error)) => Damage::Syntax(reason, syntax_damage(&error)),
            (damage, _) => damage,
        }
    }

    /// Leaves the first `n_members` members of the document.
    fn truncate(&mut self, document: usize, n_members: usize) {
        if let Some(name) = self.names(document).get(n_members) {
            self.into.nodes.truncate(*name);
        }
        self.set_size(document);
    }

    /// The index of the first member whose name occurred before.
    fn duplicate_member(&self, object: usize) -> Option<usize> {
        // Nearly always there is none, which sorting finds out cheaply.
        let names = self.names(object).into_iter().map(|name| self.name(name));
        let mut sorted: Vec<(&str, usize)> = names.zip(0..).collect();
        sorted.sort_unstable();
        sorted.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1].1).min()
    }

    /// The number of members that have a value.
    fn n_members(&self, object: usize) -> usize {
        let has_value = |name: &usize| name + 1 < self.into.nodes.len();
        self.names(object).into_iter().filter(has_value).count()
    }

    /// The nodes of the names in an object.
    fn names(&self, object: usize) -> Vec<usize> {
        let nodes = &self.into.nodes;
        let after = |name: &usize| {
            let value = nodes.get(name + 1)?;
            Some(name + 2 + value.n_below() as usize).filter(|next| *next < nodes.len())
        };
        let first = Some(object + 1).filter(|first| *first < nodes.len());
        iter::successors(first, after).collect()
    }

    fn name(&self, index: usize) -> &str {
        let node = self.into.nodes[index];
        let unescaped = &self.into.unescaped[self.unescaped_start..];
        Document { text: self.text, unescaped, nodes: &[] }.text_of(node)
    }

    /// The damage of a value that begins at `start`.
    fn syntax_error(&self, start: usize, error: &serde_json::Error) -> Damage {
        let (line, column) = self.position(start);
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

    /// The line below the document's first, and the character within that line.
    fn position(&self, offset: usize) -> (u32, u32) {
        position_after(&self.text.as_bytes()[..offset], 0, 1)
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

/// Counts the members of an object that are complete.
struct MemberCounter<'n>(&'n mut usize);

impl<'text> Visitor<'text> for MemberCounter<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'text>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<String, IgnoredAny>()?.is_some() {
            *self.0 += 1;
        }
        Ok(())
    }
}
