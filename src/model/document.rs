//! JSON documents: flat and borrowed. The nodes of a document are in one list, each value directly
//! before the values below it; texts are slices of the export.
//!
//! Does not parse: `read` fills the list, `map` reads it through [`JsonNode`].

use super::origin::{FileId, Position};

/// A JSON object, and all that is in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Document<'a> {
    /// The document as it is in the file.
    pub text: &'a str,
    /// The strings of the document that have escapes, without them.
    pub unescaped: &'a str,
    /// The values and the names of members, in the order of the text; never empty. The first is the
    /// document itself.
    pub nodes: &'a [FlatNode],
}

/// A value, or the name of a member, whose value follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlatNode {
    /// What it is.
    pub kind: NodeKind,
    /// Whether it is a string that has escapes, so that its text is in `unescaped`.
    pub is_unescaped: bool,
    /// The offset in the document at which it begins.
    pub start: u32,
    /// The offset of its text: the digits of a number, or a string without its quotes.
    pub text_start: u32,
    /// The bytes of its text; of an array or object the number of nodes below it.
    pub size: u32,
}

/// The kind of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// The name of a member.
    Name,
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

impl FlatNode {
    /// The number of nodes below it: in an array or object.
    #[must_use]
    pub fn n_below(self) -> u32 {
        match self.kind {
            NodeKind::Array | NodeKind::Object => self.size,
            _ => 0,
        }
    }
}

/// A value of a document: a handle, cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct JsonNode<'d> {
    document: &'d Document<'d>,
    index: u32,
}

/// A JSON value whose numbers keep the digits of the export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        self.nodes.iter().filter(|node| node.kind != NodeKind::Name).count()
    }

    /// The text of a number, string or name.
    #[must_use]
    pub fn text_of(&self, node: FlatNode) -> &'a str {
        let text = if node.is_unescaped { self.unescaped } else { self.text };
        let start = node.text_start as usize;
        text.get(start..start + node.size as usize).unwrap_or_default()
    }

    /// The index of the node after the one at `index` and all nodes below it.
    fn next(&self, index: u32) -> u32 {
        index + 1 + self.nodes[index as usize].n_below()
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
            NodeKind::Number => JsonValue::Number(self.document.text_of(node)),
            NodeKind::Text | NodeKind::Name => JsonValue::Text(self.document.text_of(node)),
            NodeKind::Array => JsonValue::Array,
            NodeKind::Object => JsonValue::Object,
        }
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
        self.node().n_below() == 0
    }

    /// The member `name` of an object.
    #[must_use]
    pub fn member(self, name: &str) -> Option<Self> {
        let NodeRange { document, mut index, end } = self.below(NodeKind::Object);
        while index + 1 < end {
            let key = document.nodes[index as usize];
            // Most names differ in their length.
            if key.size as usize == name.len() && document.text_of(key) == name {
                return Some(Self { document, index: index + 1 });
            }
            index = document.next(index + 1);
        }
        None
    }

    /// The names and values of an object, in file order; none of another value.
    #[must_use]
    pub fn members(self) -> JsonMembers<'d> {
        JsonMembers(self.below(NodeKind::Object))
    }

    /// The elements of an array; `None` of a single value.
    ///
    /// JSON converted from XML has an object instead of an array of one element. JSON from PHP has
    /// an object with numeric names instead of an array with gaps. `null` is an empty array.
    #[must_use]
    pub fn elements(self) -> Option<JsonElements<'d>> {
        let (nodes, has_names) = match self.node().kind {
            NodeKind::Null | NodeKind::Array => (self.below(NodeKind::Array), false),
            NodeKind::Object if self.is_list() => (self.below(NodeKind::Object), true),
            NodeKind::Object => {
                let (document, index) = (self.document, self.index);
                (NodeRange { document, index, end: document.next(index) }, false)
            }
            _ => return None,
        };
        Some(JsonElements { nodes, has_names })
    }

    /// Whether it is an object all of whose names are numbers, which stands for an array.
    #[must_use]
    pub fn is_list(self) -> bool {
        let is_index =
            |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        self.is_object() && self.members().all(|(name, _)| is_index(name))
    }

    /// The position of the value in the file; `line` is the first line of the document.
    ///
    /// On that line the column counts from the beginning of the document, which is that of the line
    /// unless the document is an element of an array.
    #[must_use]
    pub fn position(self, file: FileId, line: u64) -> Position {
        let before = self.document.text.get(..self.node().start as usize).unwrap_or_default();
        let own_line = before.rfind('\n').map_or(before, |last| &before[last + 1..]);
        let n_breaks = before.bytes().filter(|byte| *byte == b'\n').count() as u64;
        let column = u32::try_from(own_line.chars().count() + 1).unwrap_or(u32::MAX);
        Position { file, line: line + n_breaks, column: Some(column) }
    }

    fn node(self) -> FlatNode {
        self.document.nodes[self.index as usize]
    }

    /// The nodes below a value of this kind; none of another kind.
    fn below(self, kind: NodeKind) -> NodeRange<'d> {
        let Self { document, index } = self;
        let is_of_kind = self.node().kind == kind;
        let end = if is_of_kind { document.next(index) } else { index + 1 };
        NodeRange { document, index: index + 1, end }
    }
}

/// Adjacent nodes of a document, without those below them.
#[derive(Debug, Clone)]
struct NodeRange<'d> {
    document: &'d Document<'d>,
    index: u32,
    end: u32,
}

impl<'d> Iterator for NodeRange<'d> {
    type Item = JsonNode<'d>;

    #[inline]
    fn next(&mut self) -> Option<JsonNode<'d>> {
        let Self { document, index, end } = *self;
        (index < end).then(|| {
            self.index = document.next(index);
            JsonNode { document, index }
        })
    }
}

/// The members of an object.
#[derive(Debug, Clone)]
pub struct JsonMembers<'d>(NodeRange<'d>);

impl<'d> Iterator for JsonMembers<'d> {
    type Item = (&'d str, JsonNode<'d>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let name = self.0.next()?;
        Some((name.document.text_of(name.node()), self.0.next()?))
    }
}

/// The elements of an array, or of what stands for one.
#[derive(Debug, Clone)]
pub struct JsonElements<'d> {
    nodes: NodeRange<'d>,
    has_names: bool,
}

impl<'d> Iterator for JsonElements<'d> {
    type Item = JsonNode<'d>;

    #[inline]
    fn next(&mut self) -> Option<JsonNode<'d>> {
        if self.has_names {
            self.nodes.next()?;
        }
        self.nodes.next()
    }
}

#[cfg(test)]
pub(crate) mod of_value {
    use serde_json::Value;

    use super::{Document, FlatNode, NodeKind};

    /// Columns of the text before the texts of the values.
    const N_COLUMNS: usize = 1000;

    /// Returns a document that is never freed, so that tests need no lifetimes.
    ///
    /// The column of a value is its ordinal. A string such as `#30.60` becomes a number with these
    /// digits, which `Value` would not keep.
    pub(crate) fn document_of(value: &Value) -> Document<'static> {
        let (mut text, mut nodes, mut column) = (" ".repeat(N_COLUMNS), Vec::new(), 0);
        add(value, &mut text, &mut nodes, &mut column);
        Document { text: text.leak(), unescaped: "", nodes: nodes.leak() }
    }

    fn add(value: &Value, text: &mut String, nodes: &mut Vec<FlatNode>, column: &mut usize) {
        let index = nodes.len();
        let (kind, own_text) = match value {
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
        push(kind, *column, &own_text, text, nodes);
        *column += 1;
        match value {
            Value::Array(elements) => {
                for element in elements {
                    add(element, text, nodes, column);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    push(NodeKind::Name, *column, name, text, nodes);
                    add(member, text, nodes, column);
                }
            }
            _ => return,
        }
        nodes[index].size = u32::try_from(nodes.len() - index - 1).unwrap();
    }

    fn push(
        kind: NodeKind,
        column: usize,
        own_text: &str,
        text: &mut String,
        nodes: &mut Vec<FlatNode>,
    ) {
        let to_u32 = |number: usize| u32::try_from(number).unwrap();
        nodes.push(FlatNode {
            kind,
            is_unescaped: false,
            start: to_u32(column),
            text_start: to_u32(text.len()),
            size: to_u32(own_text.len()),
        });
        text.push_str(own_text);
    }
}
