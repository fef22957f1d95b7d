//! JSON parser: the text of one document → a flat list of nodes, in one pass.
//!
//! Numbers keep their digits, and texts are slices of the document. `serde_json` decides what is
//! wrong with a document that this parser refuses, and unescapes strings. Called by `json`.

use std::{fmt, iter};

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use wide::u8x16;

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

/// In place of a byte of the document at its end; it is none of JSON.
const END: u8 = 0;

/// The nodes of documents, and their unescaped strings.
#[derive(Debug, Default)]
pub(super) struct NodeBuffer {
    pub(super) nodes: Vec<FlatNode>,
    pub(super) unescaped: String,
    /// Digests of the names in the objects that are being parsed.
    name_digests: Vec<u64>,
}

/// Why a document is unreadable.
#[derive(Debug)]
pub(super) enum Damage {
    /// It is not complete JSON.
    Syntax(String, RowDamage),
    /// It is complete JSON, but has a value that is not accepted.
    Value(String),
}

/// Boxed, so that the result of every value fits into a register.
type Parsed = Result<(), Box<Damage>>;

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
) -> Parsed {
    let parser = JsonParser {
        text,
        bytes: text.as_bytes(),
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
    bytes: &'p [u8],
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
    fn document(mut self) -> Parsed {
        let document = self.push(NodeKind::Object, 0);
        let parsed = self.expect(b'{').and_then(|()| self.members(0)).and_then(|()| {
            self.token();
            if self.at == self.bytes.len() { Ok(()) } else { Err(self.not_json()) }
        });
        self.end_object(document, 0, parsed)
    }

    fn value(&mut self, depth: usize) -> Parsed {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        self.count_value()?;
        match self.token() {
            b'"' => self.string(NodeKind::Text),
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b't' => self.literal(NodeKind::True, "true"),
            b'f' => self.literal(NodeKind::False, "false"),
            b'n' => self.literal(NodeKind::Null, "null"),
            _ => self.number(),
        }
    }

    fn count_value(&mut self) -> Parsed {
        // A limit in bytes is not enough: a value has 16 bytes in memory and more in a draft, and
        // may have two in the file. Without this one a line of 16 MB with a million items took
        // 1.8 GB.
        let Some(n_left) = self.n_values_left.checked_sub(1) else {
            return Err(self.too_many_values());
        };
        self.n_values_left = n_left;
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Parsed {
        let (object, first_name) = (self.push(NodeKind::Object, self.at), self.n_names());
        self.at += 1;
        let parsed = self.members(depth);
        self.end_object(object, first_name, parsed)
    }

    /// Parses what follows the opening brace of an object.
    fn members(&mut self, depth: usize) -> Parsed {
        if self.token() == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.token() != b'"' {
                return Err(self.not_json());
            }
            self.string(NodeKind::Name)?;
            self.expect(b':')?;
            let value = self.into.nodes.len();
            if let Err(damage) = self.value(depth + 1) {
                // A name without a value is that of the damaged member.
                self.into.nodes.truncate(value);
                return Err(damage);
            }
            match self.token() {
                b',' => self.at += 1,
                b'}' => break,
                _ => return Err(self.not_json()),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Parsed {
        let array = self.push(NodeKind::Array, self.at);
        self.at += 1;
        if self.token() == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            match self.token() {
                b',' => self.at += 1,
                b']' => break,
                _ => return Err(self.not_json()),
            }
        }
        self.at += 1;
        self.set_size(array);
        Ok(())
    }

    /// Parses a string, at whose opening quote the parser is: a value or the name of a member.
    fn string(&mut self, kind: NodeKind) -> Parsed {
        let start = self.at + 1;
        let end = start + n_plain_bytes(&self.bytes[start..]);
        if self.bytes.get(end) != Some(&b'"') {
            return self.string_with_escapes(kind, end);
        }
        self.at = end + 1;
        if kind == NodeKind::Name {
            self.into.name_digests.push(digest(&self.bytes[start..end]));
        } else {
            self.ensure_fits(start - 1)?;
        }
        self.into.nodes.push(FlatNode {
            kind,
            is_unescaped: false,
            start: to_u32(start - 1),
            text_start: to_u32(start),
            size: to_u32(end - start),
        });
        Ok(())
    }

    /// Parses a string that has a backslash at `escape`, or no end.
    fn string_with_escapes(&mut self, kind: NodeKind, escape: usize) -> Parsed {
        let (start, mut end) = (self.at, escape);
        // What is escaped neither closes the string nor escapes another byte.
        while self.bytes.get(end) == Some(&b'\\') {
            end += 2;
            end += n_plain_bytes(self.bytes.get(end..).unwrap_or_default());
        }
        if self.bytes.get(end) != Some(&b'"') {
            return Err(self.not_json());
        }
        self.at = end + 1;
        if kind == NodeKind::Text {
            self.ensure_fits(start)?;
        }
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        let unescaped: String = serde_json::from_str(quoted)
            .map_err(|error| Box::new(self.syntax_error(start, &error)))?;
        if kind == NodeKind::Name {
            self.into.name_digests.push(digest(unescaped.as_bytes()));
        }
        let text_start = self.into.unescaped.len() - self.unescaped_start;
        self.into.unescaped.push_str(&unescaped);
        self.into.nodes.push(FlatNode {
            kind,
            is_unescaped: true,
            start: to_u32(start),
            text_start: to_u32(text_start),
            size: to_u32(unescaped.len()),
        });
        Ok(())
    }

    fn number(&mut self) -> Parsed {
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
        self.ensure_fits(start)?;
        let number = self.push(NodeKind::Number, start);
        self.into.nodes[number].size = to_u32(self.at - start);
        Ok(())
    }

    /// Skips at least one digit.
    fn digits(&mut self) -> Parsed {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.not_json()) } else { Ok(()) }
    }

    fn literal(&mut self, kind: NodeKind, literal: &str) -> Parsed {
        if !self.bytes[self.at..].starts_with(literal.as_bytes()) {
            return Err(self.not_json());
        }
        self.push(kind, self.at);
        self.at += literal.len();
        Ok(())
    }

    /// Checks the length of a string or number that begins at `start` and was just parsed.
    fn ensure_fits(&self, start: usize) -> Parsed {
        let n_bytes = (self.at - start) as u64;
        if n_bytes <= self.limits.max_cell { Ok(()) } else { Err(self.too_long(start)) }
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
        self.bytes.get(self.at).copied()
    }

    fn skip(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Skips blanks. Returns the byte after them, or [`END`].
    #[inline]
    fn token(&mut self) -> u8 {
        loop {
            match self.peek() {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                Some(byte) => return byte,
                None => return END,
            }
        }
    }

    /// Skips a byte after blanks.
    fn expect(&mut self, byte: u8) -> Parsed {
        if self.token() == byte {
            self.at += 1;
            Ok(())
        } else {
            Err(self.not_json())
        }
    }

    fn n_names(&self) -> usize {
        self.into.name_digests.len()
    }

    /// Completes an object whose names have the digests from `first_name` on.
    fn end_object(&mut self, object: usize, first_name: usize, parsed: Parsed) -> Parsed {
        self.set_size(object);
        let may_repeat_name = has_duplicates(&mut self.into.name_digests[first_name..]);
        self.into.name_digests.truncate(first_name);
        if parsed.is_ok() && !may_repeat_name {
            return Ok(());
        }
        self.find_damage(object, parsed)
    }
}

/// What is wrong with a document. None of it runs for a sound one.
impl JsonParser<'_> {
    /// The text is not JSON; [`Self::damage_of_object`] adds what `serde_json` finds.
    #[cold]
    fn not_json(&self) -> Box<Damage> {
        Box::new(Damage::Syntax(self.syntax_message.to_owned(), RowDamage::Other))
    }

    #[cold]
    fn too_many_values(&self) -> Box<Damage> {
        let max_values = self.limits.max_values;
        Box::new(Damage::Value(format!(
            "the document has more than {max_values} values, the limit set by max_values"
        )))
    }

    #[cold]
    fn too_long(&self, start: usize) -> Box<Damage> {
        let (n_bytes, max_bytes) = (self.at - start, self.limits.max_cell);
        let (line, column) = self.position(start);
        let below = line_offset_text(line);
        let found = format!("the value at column {column}{below} has {n_bytes} bytes");
        let reason = format!("{found}, expected at most {max_bytes} (max_cell)");
        Box::new(Damage::Value(reason))
    }

    /// Finds the first member of an object that cannot be used, if there is one.
    #[cold]
    fn find_damage(&mut self, object: usize, parsed: Parsed) -> Parsed {
        let (failed, damage) = match (self.duplicate_member(object), parsed) {
            (None, Ok(())) => return Ok(()),
            // Parsers differ in which of two equal names they use (RFC 8259, section 4): an order
            // must not depend on that.
            (Some(index), _) => {
                let name = self.name_at(self.names(object)[index]);
                (index, Damage::Value(format!("the member {name:?} occurs twice")))
            }
            (None, Err(damage)) => (self.n_members(object), *damage),
        };
        Err(Box::new(self.damage_of_object(object, failed, damage)))
    }

    /// What is wrong with an object of which the member at `failed` cannot be used: that, or that
    /// the object ends before.
    fn damage_of_object(&mut self, object: usize, failed: usize, damage: Damage) -> Damage {
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
        let names = self.names(object).into_iter().map(|name| self.name_at(name));
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

    fn name_at(&self, index: usize) -> &str {
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
        position_after(&self.bytes[..offset], 0, 1)
    }
}

#[cold]
fn too_deep() -> Box<Damage> {
    Box::new(Damage::Value(format!("nested deeper than {MAX_DEPTH} levels")))
}

/// The number of bytes before the first quote, backslash or control character.
fn n_plain_bytes(bytes: &[u8]) -> usize {
    let (chunks, rest) = bytes.as_chunks::<16>();
    for (index, chunk) in chunks.iter().enumerate() {
        let lanes = u8x16::new(*chunk);
        let is_control = lanes.min(u8x16::splat(0x1F)).simd_eq(lanes);
        let is_special =
            is_control | lanes.simd_eq(u8x16::splat(b'"')) | lanes.simd_eq(u8x16::splat(b'\\'));
        let mask = is_special.to_bitmask();
        if mask != 0 {
            return index * 16 + mask.trailing_zeros() as usize;
        }
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    bytes.len() - rest.len() + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// A number that is the same for equal names, and hardly ever for others.
fn digest(name: &[u8]) -> u64 {
    let word = |bytes: [u8; 4]| u64::from(u32::from_le_bytes(bytes));
    let (start, end) = if let (Some(start), Some(end)) = (name.first_chunk(), name.last_chunk()) {
        (u64::from_le_bytes(*start), u64::from_le_bytes(*end))
    } else if let (Some(start), Some(end)) = (name.first_chunk(), name.last_chunk()) {
        (word(*start), word(*end))
    } else {
        name.iter().fold((0, 0), |(start, end), byte| (start << 8 | u64::from(*byte), end))
    };
    start ^ end.rotate_left(32) ^ (name.len() as u64) << 56
}

fn has_duplicates(digests: &mut [u64]) -> bool {
    // Few are compared faster than sorted.
    if digests.len() > 32 {
        digests.sort_unstable();
        return digests.windows(2).any(|pair| pair[0] == pair[1]);
    }
    (1..digests.len()).any(|index| digests[..index].contains(&digests[index]))
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

#[cfg(test)]
mod tests;
