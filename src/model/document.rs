//! JSON documents: flat and borrowed. The values of a document are in one list, each directly
//! before the values below it; the names of the members are in another. Texts are slices of the
//! export.
//!
//! Does not parse: `read` fills the lists, `map` reads them through [`JsonNode`].

use std::ops::Range;

use super::{
    origin::{Position, RowOrigin},
    side_row::JoinedRows,
};

/// A JSON object, and all that is in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Document<'a> {
    /// The document as it is in the file.
    pub text: &'a str,
    /// The strings of the document that have escapes, without them.
    pub unescaped: &'a str,
    /// The values, in the order of the text; never empty. The first is the document itself.
    pub nodes: &'a [FlatNode],
    /// The names of the members; those of an object are adjacent.
    pub names: &'a [MemberName],
    /// The [`name_digest`] of each name.
    pub digests: &'a [u32],
    /// What side files have for it, if any are joined to its file.
    pub joined: Option<&'a JoinedRows<'a>>,
}

/// A value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlatNode {
    /// What it is.
    pub kind: NodeKind,
    /// Whether it is a string that has escapes, so that its text is in `unescaped`.
    pub is_unescaped: bool,
    /// The offset in the document at which it begins.
    pub start: u32,
    /// The offset of its text: the digits of a number, or a string without its quotes. Of an object
    /// the index of its first name.
    pub text_start: u32,
    /// The bytes of its text; the number of members of an object.
    pub size: u32,
    /// The number of values below it, at any depth.
    pub n_below: u32,
}

/// The name of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberName {
    /// Whether it has escapes, so that its text is in `unescaped`.
    pub is_unescaped: bool,
    /// The offset of its text.
    pub text_start: u32,
    /// The bytes of its text.
    pub size: u32,
    /// The index of the member's value.
    pub node: u32,
}

/// The kind of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// `null`
    Null,
    /// `true`
    True,
    /// `false`
    False,
    /// A number.
    Number,
    /// A string.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// A number that is the same for equal names, and hardly ever for others.
// It depends on the first and the last bytes alone, which is cheap. Comparing the digests of an
// object, which are adjacent, finds a member some times faster than comparing its names.
#[must_use]
pub fn name_digest(name: &[u8]) -> u32 {
    let word = |bytes: [u8; 4]| u64::from(u32::from_le_bytes(bytes));
    let (start, end) =
        if let (Some(start), Some(end)) = (name.first_chunk::<8>(), name.last_chunk::<8>()) {
            (u64::from_le_bytes(*start), u64::from_le_bytes(*end))
        } else if let (Some(start), Some(end)) = (name.first_chunk::<4>(), name.last_chunk::<4>()) {
            (word(*start), word(*end))
        } else {
            (name.iter().fold(0, |start, byte| start << 8 | u64::from(*byte)), 0)
        };
    let mixed = start ^ end.rotate_left(32) ^ (name.len() as u64) << 56;
    u32::try_from(mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32).unwrap_or_default()
}

/// A value of a document: a handle, cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct JsonNode<'d> {
    document: &'d Document<'d>,
    index: u32,
}

/// A JSON value whose numbers keep the digits of the export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JsonValue<'d> {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A number, as it is written in the export.
    Number(&'d str),
    /// A string, unescaped.
    Text(&'d str),
    /// An array.
    Array,
    /// An object.
    Object,
}

/// Two handles are equal if they refer to the same place of equal documents.
impl PartialEq for JsonNode<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && self.document == other.document
    }
}

impl<'a> Document<'a> {
    /// The document as a value.
    #[must_use]
    pub fn root(&self) -> JsonNode<'_> {
        JsonNode { document: self, index: 0 }
    }

    /// The number of values, the document itself included.
    #[must_use]
    pub fn n_values(&self) -> usize {
        self.nodes.len()
    }

    /// The value at an index of [`nodes`](Self::nodes).
    #[must_use]
    pub fn value_at(&self, index: u32) -> JsonNode<'_> {
        JsonNode { document: self, index }
    }

    fn text_of(&self, is_unescaped: bool, start: u32, size: u32) -> &'a str {
        let text = if is_unescaped { self.unescaped } else { self.text };
        let start = start as usize;
        text.get(start..start + size as usize).unwrap_or_default()
    }

    /// The text of a name.
    #[must_use]
    pub fn name(&self, name: MemberName) -> &'a str {
        self.text_of(name.is_unescaped, name.text_start, name.size)
    }
}

impl<'d> JsonNode<'d> {
    /// The value itself.
    #[must_use]
    pub fn value(self) -> JsonValue<'d> {
        let node = self.node();
        match node.kind {
            NodeKind::Null => JsonValue::Null,
            NodeKind::True => JsonValue::Boolean(true),
            NodeKind::False => JsonValue::Boolean(false),
            NodeKind::Number => JsonValue::Number(self.text()),
            NodeKind::Text => JsonValue::Text(self.text()),
            NodeKind::Array => JsonValue::Array,
            NodeKind::Object => JsonValue::Object,
        }
    }

    /// The index of the value in its document ([`Document::value_at`]).
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        self.node().kind == NodeKind::Object
    }

    /// Whether it is an array.
    #[must_use]
    pub fn is_array(self) -> bool {
        self.node().kind == NodeKind::Array
    }

    /// Whether it has no element or member: an empty array or object, or a single value.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.node().n_below == 0
    }

    /// The member `name` of an object.
    #[must_use]
    pub fn member(self, name: &str) -> Option<Self> {
        self.member_by_digest(name, name_digest(name.as_bytes()))
    }

    /// The member `name`, whose [`name_digest`] is known.
    #[must_use]
    pub fn member_by_digest(self, name: &str, digest: u32) -> Option<Self> {
        let members = self.members();
        let digests = members.document.digests.get(members.range.clone())?;
        for (index, _) in digests.iter().enumerate().filter(|(_, found)| **found == digest) {
            let found = members.document.names[members.range.start + index];
            if members.document.name(found) == name {
                return Some(Self { document: self.document, index: found.node });
            }
        }
        None
    }

    /// The names and values of an object, in file order; none of another value.
    #[must_use]
    pub fn members(self) -> JsonMembers<'d> {
        let node = self.node();
        let (start, size) = match node.kind {
            NodeKind::Object => (node.text_start as usize, node.size as usize),
            _ => (0, 0),
        };
        JsonMembers { document: self.document, range: start..start + size }
    }

    /// The elements of an array; `None` of a single value.
    ///
    /// JSON converted from XML has an object instead of an array of one element. JSON from PHP has
    /// an object with numeric names instead of an array with gaps. `null` is an empty array.
    #[must_use]
    pub fn elements(self) -> Option<JsonElements<'d>> {
        match self.node().kind {
            NodeKind::Null | NodeKind::Array => {
                Some(JsonElements::Of(self.document, self.index + 1..self.next()))
            }
            NodeKind::Object if self.is_list() => Some(JsonElements::Members(self.members())),
            NodeKind::Object => Some(JsonElements::Of(self.document, self.index..self.next())),
            _ => None,
        }
    }

    /// Whether it is an object all of whose names are numbers, which stands for an array.
    #[must_use]
    pub fn is_list(self) -> bool {
        let is_index =
            |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        self.is_object() && self.members().all(|(name, _)| is_index(name))
    }

    /// The position of the value in the file; `origin` is that of the document.
    #[must_use]
    pub fn position(self, origin: &RowOrigin) -> Position {
        let before = self.document.text.get(..self.node().start as usize).unwrap_or_default();
        let (n_breaks, own_line, first) = match before.rfind('\n') {
            None => (0, before, origin.column),
            Some(last) => (before.matches('\n').count() as u64, &before[last + 1..], 1),
        };
        let n_before = u32::try_from(own_line.chars().count()).unwrap_or(u32::MAX);
        let (line, column) = (origin.line + n_breaks, first.saturating_add(n_before));
        Position { file: origin.file, line, column: Some(column) }
    }

    /// The range of a single value in the text of its document, quotes included; of an array or
    /// object that of its opening bracket.
    #[must_use]
    pub fn raw_range(self) -> Range<usize> {
        let FlatNode { kind, start, size, .. } = self.node();
        let start = start as usize;
        let n_bytes = match kind {
            NodeKind::Null | NodeKind::True => 4,
            NodeKind::False => 5,
            NodeKind::Number => size as usize,
            NodeKind::Array | NodeKind::Object => 1,
            NodeKind::Text => {
                let text = self.document.text.get(start..).unwrap_or_default();
                let mut is_escaped = true; // the opening quote
                let closing = text.bytes().position(|byte| {
                    let closes = byte == b'"' && !is_escaped;
                    is_escaped = byte == b'\\' && !is_escaped;
                    closes
                });
                closing.map_or(text.len(), |closing| closing + 1)
            }
        };
        start..start + n_bytes
    }

    /// The path of the value in the document, such as `line_items[2].quantity` (from 0); empty for
    /// the document itself.
    #[must_use]
    pub fn path(self) -> String {
        let mut path = String::new();
        let mut above = self.document.root();
        while above.index != self.index {
            let holds = |node: &Self| (node.index..node.next()).contains(&self.index);
            let below = if above.is_array() {
                let mut elements = above.elements().into_iter().flatten().enumerate();
                elements.find(|(_, node)| holds(node)).map(|(index, node)| {
                    path.extend(["[", &index.to_string(), "]"]);
                    node
                })
            } else {
                above.members().find(|(_, node)| holds(node)).map(|(name, node)| {
                    let point = if path.is_empty() { "" } else { "." };
                    path.extend([point, name]);
                    node
                })
            };
            let Some(below) = below else { break };
            above = below;
        }
        path
    }

    /// The array or object that holds the value; none of the document itself.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        let mut above = self.document.root();
        while above.index < self.index {
            let elements = above.elements().into_iter().flatten();
            let mut below = above.members().map(|(_, node)| node).chain(elements);
            let below = below.find(|node| (node.index..node.next()).contains(&self.index))?;
            if below.index == self.index {
                return Some(above);
            }
            above = below;
        }
        None
    }

    fn node(self) -> FlatNode {
        self.document.nodes[self.index as usize]
    }

    /// The text of a number or string.
    fn text(self) -> &'d str {
        let node = self.node();
        self.document.text_of(node.is_unescaped, node.text_start, node.size)
    }

    /// The index of the value after this one and all values below it.
    fn next(self) -> u32 {
        self.index + 1 + self.node().n_below
    }
}

/// The members of an object.
#[derive(Debug, Clone)]
pub struct JsonMembers<'d> {
    document: &'d Document<'d>,
    range: Range<usize>,
}

impl<'d> Iterator for JsonMembers<'d> {
    type Item = (&'d str, JsonNode<'d>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (document, name) = (self.document, self.document.names[self.range.next()?]);
        Some((document.name(name), JsonNode { document, index: name.node }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

/// The elements of an array, or of what stands for one.
#[derive(Debug, Clone)]
pub enum JsonElements<'d> {
    /// The values in this range, without those below them.
    Of(&'d Document<'d>, Range<u32>),
    /// The members of an object.
    Members(JsonMembers<'d>),
}

impl<'d> Iterator for JsonElements<'d> {
    type Item = JsonNode<'d>;

    #[inline]
    fn next(&mut self) -> Option<JsonNode<'d>> {
        match self {
            Self::Members(members) => members.next().map(|(_, member)| member),
            Self::Of(_, range) if range.start >= range.end => None,
            Self::Of(document, range) => {
                let node = JsonNode { document, index: range.start };
                range.start = node.next();
                Some(node)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::of_value::document_of;

    #[test]
    fn path_names_members_and_elements() {
        let document = document_of(&json!({
            "id": "1",
            "lines": [{"sku": "a"}, {"tax": {"rates": [["x"], ["y", "z"]]}}],
            "0": {"1": {}},
        }));
        let node = |path: &[&str]| {
            path.iter().fold(document.root(), |node, step| match step.parse::<usize>() {
                Ok(index) if node.is_array() => node.elements().unwrap().nth(index).unwrap(),
                _ => node.member(step).unwrap(),
            })
        };
        for (steps, path) in [
            (&[][..], ""),
            (&["id"], "id"),
            (&["lines", "0", "sku"], "lines[0].sku"),
            (&["lines", "1"], "lines[1]"),
            (&["lines", "1", "tax", "rates", "1", "1"], "lines[1].tax.rates[1][1]"),
            (&["0", "1"], "0.1"),
        ] {
            assert_eq!(node(steps).path(), path);
        }
    }
}

#[cfg(test)]
pub(crate) mod of_value {
    use serde_json::{Map, Value};

    use super::{Document, FlatNode, MemberName, NodeKind, name_digest};

    /// Columns of the text before the texts of the values.
    const N_COLUMNS: usize = 1000;

    /// Returns a document that is never freed, so that tests need no lifetimes.
    ///
    /// The column of a value is its ordinal. A string such as `#30.60` becomes a number with these
    /// digits, which `Value` would not keep.
    pub(crate) fn document_of(value: &Value) -> Document<'static> {
        let mut builder = Builder { text: " ".repeat(N_COLUMNS), ..Builder::default() };
        builder.add(value);
        let Builder { text, nodes, names, digests } = builder;
        let (nodes, names, digests) = (nodes.leak(), names.leak(), digests.leak());
        Document { text: text.leak(), unescaped: "", nodes, names, digests, joined: None }
    }

    #[derive(Default)]
    struct Builder {
        text: String,
        nodes: Vec<FlatNode>,
        names: Vec<MemberName>,
        digests: Vec<u32>,
    }

    impl Builder {
        fn add(&mut self, value: &Value) -> u32 {
            let index = self.nodes.len();
            let (kind, text) = match value {
                Value::Null => (NodeKind::Null, String::new()),
                Value::Bool(true) => (NodeKind::True, String::new()),
                Value::Bool(false) => (NodeKind::False, String::new()),
                Value::Number(number) => (NodeKind::Number, number.to_string()),
                Value::String(text) => match text.strip_prefix('#') {
                    Some(digits) => (NodeKind::Number, digits.to_owned()),
                    None => (NodeKind::Text, text.clone()),
                },
                Value::Array(_) => (NodeKind::Array, String::new()),
                Value::Object(_) => (NodeKind::Object, String::new()),
            };
            let (start, (text_start, size)) = (to_u32(index), self.push_text(&text));
            let is_unescaped = false;
            let node = FlatNode { kind, is_unescaped, start, text_start, size, n_below: 0 };
            self.nodes.push(node);
            match value {
                Value::Array(elements) => elements.iter().for_each(|element| {
                    self.add(element);
                }),
                Value::Object(members) => self.add_members(index, members),
                _ => {}
            }
            self.nodes[index].n_below = to_u32(self.nodes.len() - index - 1);
            start
        }

        fn add_members(&mut self, object: usize, members: &Map<String, Value>) {
            let add = |(name, member): (&String, &Value)| {
                let (text_start, size) = self.push_text(name);
                MemberName { is_unescaped: false, text_start, size, node: self.add(member) }
            };
            let names: Vec<MemberName> = members.iter().map(add).collect();
            self.nodes[object].text_start = to_u32(self.names.len());
            self.nodes[object].size = to_u32(names.len());
            self.names.extend(names);
            self.digests.extend(members.keys().map(|name| name_digest(name.as_bytes())));
        }

        fn push_text(&mut self, text: &str) -> (u32, u32) {
            let start = self.text.len();
            self.text.push_str(text);
            (to_u32(start), to_u32(text.len()))
        }
    }

    fn to_u32(number: usize) -> u32 {
        u32::try_from(number).unwrap()
    }
}
