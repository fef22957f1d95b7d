//! JSON parser: the text of one document → a flat list of nodes, in one pass.
//!
//! Numbers keep their digits, and texts are slices of the document. `serde_json` decides what is
//! wrong with a document that this parser refuses, and unescapes strings. Called by `json`.

use std::{borrow::Cow, fmt};

use memchr::memchr_iter;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use wide::u8x16;

use super::{
    dialect::ReadLimits,
    position::{line_offset_text, position_after, to_u32},
};
use crate::model::{
    document::{Document, FlatNode, MemberName, NodeKind, name_digest},
    row::{DamagePlace, RowDamage},
};

/// Maximum nesting, deeper than any order: hostile nesting must not exhaust the stack.
const MAX_DEPTH: usize = 64;

/// The error of `serde_json` for text after a complete value.
const TRAILING: &str = "trailing characters";

/// In place of a byte of the document at its end; JSON does not have this byte.
const END: u8 = 0;

/// The parts of documents, one document after the other.
#[derive(Debug, Default)]
pub(super) struct DocumentBuffer {
    nodes: Vec<FlatNode>,
    names: Vec<MemberName>,
    digests: Vec<u32>,
    unescaped: String,
    /// The names in the objects that are being parsed, and their digests.
    open_names: Vec<MemberName>,
    open_digests: Vec<u32>,
}

/// The lengths of a [`DocumentBuffer`], between two of its documents.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BufferEnd {
    nodes: usize,
    names: usize,
    unescaped: usize,
}

impl DocumentBuffer {
    pub(super) fn end(&self) -> BufferEnd {
        let (nodes, names) = (self.nodes.len(), self.names.len());
        BufferEnd { nodes, names, unescaped: self.unescaped.len() }
    }

    /// Removes what is after `end`.
    pub(super) fn truncate(&mut self, end: BufferEnd) {
        self.nodes.truncate(end.nodes);
        self.names.truncate(end.names);
        self.digests.truncate(end.names);
        self.unescaped.truncate(end.unescaped);
    }

    /// The document between `start` and `end`.
    pub(super) fn document<'b>(
        &'b self,
        text: &'b str,
        start: BufferEnd,
        end: BufferEnd,
    ) -> Document<'b> {
        Document {
            text,
            unescaped: &self.unescaped[start.unescaped..end.unescaped],
            nodes: &self.nodes[start.nodes..end.nodes],
            names: &self.names[start.names..end.names],
            digests: &self.digests[start.names..end.names],
            joined: None,
        }
    }
}

/// Why a document is unreadable.
#[derive(Debug)]
pub(super) enum Damage {
    /// It is not complete JSON.
    Syntax(String, RowDamage, Option<DamagePlace>),
    /// It is complete JSON, but has a value that is not accepted.
    Value(String, Option<DamagePlace>),
}

/// Boxed, so that the result of every value fits into a register.
type Parsed = Result<(), Box<Damage>>;

/// Parses a document, and appends it. `column` is the character of its line at which it begins;
/// `syntax_message` is the start of the message for a syntax error.
///
/// # Errors
///
/// Why it is unreadable. The members before the damage are appended.
pub(super) fn parse(
    text: &str,
    column: u32,
    limits: &ReadLimits,
    syntax_message: &'static str,
    into: &mut DocumentBuffer,
) -> Parsed {
    let parser = JsonParser {
        text,
        column,
        bytes: text.as_bytes(),
        at: 0,
        limits,
        n_values_left: limits.max_values,
        syntax_message,
        start: into.end(),
        into,
    };
    parser.document()
}

struct JsonParser<'p> {
    text: &'p str,
    /// The character of its line at which the document begins.
    column: u32,
    bytes: &'p [u8],
    /// The offset of the next byte.
    at: usize,
    limits: &'p ReadLimits,
    /// The number of values that the document may still have.
    n_values_left: usize,
    syntax_message: &'static str,
    /// Where the document begins in the buffer.
    start: BufferEnd,
    into: &'p mut DocumentBuffer,
}

/// A string that was parsed.
struct ParsedString {
    is_unescaped: bool,
    text_start: u32,
    size: u32,
}

impl JsonParser<'_> {
    fn document(mut self) -> Parsed {
        let document = self.push(NodeKind::Object, 0);
        let parsed = self.expect(b'{').and_then(|()| self.members(0)).and_then(|()| {
            self.token();
            if self.at == self.bytes.len() { Ok(()) } else { self.not_json() }
        });
        self.end_object(document, 0, parsed)
    }

    fn value(&mut self, depth: usize) -> Parsed {
        if depth > MAX_DEPTH {
            return too_deep();
        }
        self.count_value()?;
        match self.token() {
            b'"' => self.text(),
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
            return self.too_many_values();
        };
        self.n_values_left = n_left;
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Parsed {
        let (object, first_name) =
            (self.push(NodeKind::Object, self.at), self.into.open_names.len());
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
                return self.not_json();
            }
            self.name()?;
            self.expect(b':')?;
            let value = self.into.nodes.len();
            if let Err(damage) = self.value(depth + 1) {
                // The last name remains without a value.
                self.into.nodes.truncate(value);
                return Err(damage);
            }
            match self.token() {
                b',' => self.at += 1,
                b'}' => break,
                _ => return self.not_json(),
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
                _ => return self.not_json(),
            }
        }
        self.at += 1;
        self.set_n_below(array);
        Ok(())
    }

    fn name(&mut self) -> Parsed {
        let ParsedString { is_unescaped, text_start, size } = self.string(None)?;
        let node = to_u32(self.into.nodes.len() - self.start.nodes);
        let name = MemberName { is_unescaped, text_start, size, node };
        let digest = if is_unescaped {
            name_digest(self.text_of(name).as_bytes())
        } else {
            name_digest(&self.bytes[text_start as usize..(text_start + size) as usize])
        };
        self.into.open_names.push(name);
        self.into.open_digests.push(digest);
        Ok(())
    }

    fn text(&mut self) -> Parsed {
        let start = self.at;
        let ParsedString { is_unescaped, text_start, size } =
            self.string(Some(self.limits.max_cell))?;
        let (kind, start) = (NodeKind::Text, to_u32(start));
        self.into.nodes.push(FlatNode { kind, is_unescaped, start, text_start, size, n_below: 0 });
        Ok(())
    }

    /// Parses a string, at whose opening quote the parser is.
    #[inline]
    fn string(&mut self, max_bytes: Option<u64>) -> Result<ParsedString, Box<Damage>> {
        let start = self.at + 1;
        let end = start + n_plain_bytes(&self.bytes[start..]);
        if self.bytes.get(end) != Some(&b'"') {
            return self.string_with_escapes(end, max_bytes);
        }
        self.at = end + 1;
        self.ensure_fits(start - 1, max_bytes)?;
        let (text_start, size) = (to_u32(start), to_u32(end - start));
        Ok(ParsedString { is_unescaped: false, text_start, size })
    }

    /// Parses a string that has a backslash at `escape`, or no end.
    fn string_with_escapes(
        &mut self,
        escape: usize,
        max_bytes: Option<u64>,
    ) -> Result<ParsedString, Box<Damage>> {
        let (start, mut end) = (self.at, escape);
        // What is escaped neither closes the string nor escapes another byte.
        while self.bytes.get(end) == Some(&b'\\') {
            end += 2;
            end += n_plain_bytes(self.bytes.get(end..).unwrap_or_default());
        }
        if self.bytes.get(end) != Some(&b'"') {
            return self.not_json();
        }
        self.at = end + 1;
        self.ensure_fits(start, max_bytes)?;
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        let unescaped: String = serde_json::from_str(quoted)
            .map_err(|error| Box::new(self.syntax_error(start, &error)))?;
        let text_start = to_u32(self.into.unescaped.len() - self.start.unescaped);
        self.into.unescaped.push_str(&unescaped);
        Ok(ParsedString { is_unescaped: true, text_start, size: to_u32(unescaped.len()) })
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
        self.ensure_fits(start, Some(self.limits.max_cell))?;
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
        if self.at == start { self.not_json() } else { Ok(()) }
    }

    fn literal(&mut self, kind: NodeKind, literal: &str) -> Parsed {
        if !self.bytes[self.at..].starts_with(literal.as_bytes()) {
            return self.not_json();
        }
        self.push(kind, self.at);
        self.at += literal.len();
        Ok(())
    }

    /// Checks the length of a string or number that begins at `start` and was just parsed.
    fn ensure_fits(&self, start: usize, max_bytes: Option<u64>) -> Parsed {
        let n_bytes = (self.at - start) as u64;
        if max_bytes.is_none_or(|max| n_bytes <= max) { Ok(()) } else { self.too_long(start) }
    }

    fn push(&mut self, kind: NodeKind, start: usize) -> usize {
        let start = to_u32(start);
        let (is_unescaped, text_start) = (false, start);
        let node = FlatNode { kind, is_unescaped, start, text_start, size: 0, n_below: 0 };
        self.into.nodes.push(node);
        self.into.nodes.len() - 1
    }

    /// Completes an array or object whose values are all parsed.
    fn set_n_below(&mut self, index: usize) {
        self.into.nodes[index].n_below = to_u32(self.into.nodes.len() - index - 1);
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
            self.not_json()
        }
    }

    /// Completes an object that has the open names from `first_name` on.
    fn end_object(&mut self, object: usize, first_name: usize, parsed: Parsed) -> Parsed {
        let may_repeat_name = has_duplicates(&self.into.open_digests[first_name..]);
        if parsed.is_err() || may_repeat_name {
            let damage = self.damage_of_object(object, first_name, parsed);
            self.close_names(object, first_name);
            return damage;
        }
        self.close_names(object, first_name);
        Ok(())
    }

    /// Makes the open names from `first_name` on the names of an object.
    fn close_names(&mut self, object: usize, first_name: usize) {
        self.set_n_below(object);
        let DocumentBuffer { nodes, names, digests, open_names, open_digests, .. } =
            &mut *self.into;
        nodes[object].text_start = to_u32(names.len() - self.start.names);
        nodes[object].size = to_u32(open_names.len() - first_name);
        names.extend_from_slice(&open_names[first_name..]);
        digests.extend_from_slice(&open_digests[first_name..]);
        open_names.truncate(first_name);
        open_digests.truncate(first_name);
    }
}

/// What is wrong with a document. None of it runs for a sound one.
impl JsonParser<'_> {
    /// The text is not JSON; [`Self::damage_of_object`] adds what `serde_json` finds.
    #[cold]
    fn not_json<T>(&self) -> Result<T, Box<Damage>> {
        Err(Box::new(Damage::Syntax(self.syntax_message.to_owned(), RowDamage::Other, None)))
    }

    #[cold]
    fn too_many_values(&self) -> Parsed {
        let max_values = self.limits.max_values;
        let reason =
            format!("the document has more than {max_values} values, the limit set by max_values");
        Err(Box::new(Damage::Value(reason, None)))
    }

    #[cold]
    fn too_long(&self, start: usize) -> Parsed {
        let (n_bytes, max_bytes) = (self.at - start, self.limits.max_cell);
        let (line, column) = self.position(start);
        let below = line_offset_text(line);
        let found = format!("the value at column {column}{below} has {n_bytes} bytes");
        let reason = format!("{found}, expected at most {max_bytes} (max_cell)");
        Err(Box::new(Damage::Value(reason, Some((line, column)))))
    }

    /// What is wrong with an object: with its first member that cannot be used, or that the object
    /// ends before. Only the usable members of a document remain.
    #[cold]
    fn damage_of_object(&mut self, object: usize, first_name: usize, parsed: Parsed) -> Parsed {
        let names = &self.into.open_names[first_name..];
        let (failed, damage) = match (self.duplicate_name(names), parsed) {
            (None, Ok(())) => return Ok(()),
            // Parsers differ in which of two equal names they use (RFC 8259, section 4): an order
            // must not depend on that.
            (Some(index), _) => {
                let name = self.text_of(names[index]);
                let reason = format!("the member {name:?} occurs twice");
                (index, Damage::Value(reason, self.place_of_value(names[index])))
            }
            (None, Err(damage)) => {
                let n_nodes = self.into.nodes.len() - self.start.nodes;
                let has_value = |name: &&MemberName| (name.node as usize) < n_nodes;
                (names.iter().filter(has_value).count(), *damage)
            }
        };
        let start = self.into.nodes[object].start as usize;
        let mut n_complete = 0;
        let mut deserializer = serde_json::Deserializer::from_str(&self.text[start..]);
        let mut read = deserializer.deserialize_map(MemberCounter(&mut n_complete));
        if object == self.start.nodes {
            read = read.and_then(|()| deserializer.end());
            self.truncate(failed.min(n_complete));
        }
        Err(Box::new(match (damage, read) {
            (_, Err(error)) if failed >= n_complete => self.syntax_error(start, &error),
            // Without its end the object is incomplete, whatever is wrong with a value before.
            (Damage::Value(reason, at), Err(error)) => {
                Damage::Syntax(reason, syntax_damage(&error), at)
            }
            (damage, _) => damage,
        }))
    }

    /// Leaves the first `n_members` members of the document.
    fn truncate(&mut self, n_members: usize) {
        let DocumentBuffer { nodes, open_names, open_digests, .. } = &mut *self.into;
        if let Some(name) = open_names.get(n_members) {
            nodes.truncate(self.start.nodes + name.node as usize);
        }
        open_names.truncate(n_members);
        open_digests.truncate(n_members);
    }

    /// The index of the first name that occurred before.
    fn duplicate_name(&self, names: &[MemberName]) -> Option<usize> {
        let mut sorted: Vec<(&str, usize)> =
            names.iter().map(|name| self.text_of(*name)).zip(0..).collect();
        sorted.sort_unstable();
        sorted.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1].1).min()
    }

    fn text_of(&self, name: MemberName) -> &str {
        self.into.document(self.text, self.start, self.into.end()).name(name)
    }

    /// The damage of a value that begins at `start`.
    fn syntax_error(&self, start: usize, error: &serde_json::Error) -> Damage {
        let what = error.to_string();
        let what = readable(what.split(" at line ").next().unwrap_or_default());
        // `serde_json` counts lines and bytes from the start of the value.
        let value = &self.bytes[start..];
        let own_line = match error.line().checked_sub(2) {
            None => 0,
            Some(n) => memchr_iter(b'\n', value).nth(n).map_or(value.len(), |end| end + 1),
        };
        let at = start + own_line + error.column().max(1) - 1;
        let (line, column) = self.position(at.min(self.bytes.len()));
        let below = line_offset_text(line);
        let reason = format!("{}: {what} at column {column}{below}", self.syntax_message);
        Damage::Syntax(reason, syntax_damage(error), Some((line, column)))
    }

    /// Where the value of a member begins.
    fn place_of_value(&self, name: MemberName) -> Option<DamagePlace> {
        let node = self.into.nodes.get(self.start.nodes + name.node as usize)?;
        Some(self.position(node.start as usize))
    }

    /// The line below the document's first, and the character within that line.
    fn position(&self, offset: usize) -> (u32, u32) {
        position_after(&self.bytes[..offset], 0, self.column)
    }
}

#[cold]
fn too_deep() -> Parsed {
    Err(Box::new(Damage::Value(format!("nested deeper than {MAX_DEPTH} levels"), None)))
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

fn has_duplicates(digests: &[u32]) -> bool {
    // Few are compared faster than sorted.
    if digests.len() > 32 {
        let mut sorted = digests.to_vec();
        sorted.sort_unstable();
        return sorted.windows(2).any(|pair| pair[0] == pair[1]);
    }
    (1..digests.len()).any(|index| digests[..index].contains(&digests[index]))
}

/// What an error of `serde_json` says, in words that need no knowledge of its parser.
fn readable(message: &str) -> Cow<'_, str> {
    if let Some(part) = message.strip_prefix("EOF while parsing ") {
        return match part {
            "a value" => "it ends before a value".into(),
            part => format!("it ends within {part}").into(),
        };
    }
    if let Some(found) = message.strip_prefix("invalid type: ") {
        return format!("found {}", found.replace('`', "")).into();
    }
    match message {
        TRAILING => "text after the object".into(),
        "trailing comma" => "a comma before the end".into(),
        message => message.into(),
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

#[cfg(test)]
mod tests;
