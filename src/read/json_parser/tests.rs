//! The parser against `serde_json`: what is accepted, and every value.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::value::RawValue;

use super::*;
use crate::model::document::{JsonNode, JsonValue};

const LIMITS: ReadLimits = ReadLimits {
    max_cell: 1000,
    max_record: 1_000_000,
    max_columns: 1,
    max_values: 1000,
    max_expansion: 1,
};

/// A value that is compared.
#[derive(Debug, PartialEq)]
enum Expected {
    /// Also a number, with the digits of the document.
    Literal(String),
    Text(String),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// The members of an object in their order, also of those with equal names.
struct RawMembers<'t>(Vec<(String, &'t RawValue)>);

impl<'t> serde::Deserialize<'t> for RawMembers<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawVisitor)
    }
}

struct RawVisitor;

impl<'t> Visitor<'t> for RawVisitor {
    type Value = RawMembers<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<RawMembers<'t>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(RawMembers(members))
    }
}

/// What `serde_json` reads; none if it refuses the text, a name occurs twice or it is too deep.
fn expected(text: &str, depth: usize) -> Option<Expected> {
    if depth > MAX_DEPTH {
        return None;
    }
    match text.trim_start_matches([' ', '\n', '\t', '\r']).as_bytes().first()? {
        b'{' => {
            let RawMembers(members) = serde_json::from_str(text).ok()?;
            let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            if names.windows(2).any(|pair| pair[0] == pair[1]) {
                return None;
            }
            let member = |(name, value): (String, &RawValue)| {
                Some((name, expected(value.get(), depth + 1)?))
            };
            members.into_iter().map(member).collect::<Option<_>>().map(Expected::Object)
        }
        b'[' => {
            let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            let element = |element: &RawValue| expected(element.get(), depth + 1);
            elements.into_iter().map(element).collect::<Option<_>>().map(Expected::Array)
        }
        b'"' => serde_json::from_str(text).ok().map(Expected::Text),
        _ => serde_json::from_str::<&RawValue>(text)
            .ok()
            .map(|raw| Expected::Literal(raw.get().to_owned())),
    }
}

fn found(node: JsonNode<'_>) -> Expected {
    match node.value() {
        JsonValue::Null => Expected::Literal("null".into()),
        JsonValue::Boolean(value) => Expected::Literal(value.to_string()),
        JsonValue::Number(digits) => Expected::Literal(digits.into()),
        JsonValue::Text(text) => Expected::Text(text.into()),
        JsonValue::Array => Expected::Array(node.elements().unwrap().map(found).collect()),
        JsonValue::Object => {
            let members = node.members();
            Expected::Object(members.map(|(name, value)| (name.into(), found(value))).collect())
        }
    }
}

/// What the parser reads; none if it refuses the text.
fn parsed(text: &str) -> Option<Expected> {
    let mut buffer = DocumentBuffer::default();
    let parsed = parse(text, 1, &LIMITS, "no JSON", &mut buffer);
    let document = buffer.document(text, BufferEnd::default(), buffer.end());
    let found = found(document.root());
    // Of a refused document the members before the damage are read as well.
    parsed.is_ok().then_some(found)
}

fn expected_document(text: &str) -> Option<Expected> {
    expected(text, 0).filter(|value| matches!(value, Expected::Object(_)))
}

const SCALARS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "30.60",
    "1e5",
    "-1.2E-10",
    "1E+400",
    "12345678901234567890123",
];

const NO_SCALARS: &[&str] = &["", "01", "1.", ".5", "-", "+1", "1e", "NaN", "nul", "truee", "1 2"];

const TEXTS: &[&str] = &[
    "",
    "a",
    "id",
    "Größe",
    "\\u00fc",
    "\\u0061",
    "\\\"",
    "\\\\",
    "\\/\\b\\f\\n\\r\\t",
    "\\ud83d\\ude00",
    "😀",
    "\u{7f}",
    "\u{2028}",
    "more than sixteen bytes",
    "exactly 16 bytes",
];

const NO_TEXTS: &[&str] =
    &["\\ud83d", "\\ude00", "\\ud83d\\u0061", "\\x", "\\u12", "\\", "\t", "\0", "\""];

/// One of `these`, seldom one of `others`.
fn mostly(
    these: &'static [&'static str],
    others: &'static [&'static str],
) -> impl Strategy<Value = &'static str> {
    prop_oneof![100 => select(these), 1 => select(others)]
}

fn text() -> impl Strategy<Value = String> {
    vec(mostly(TEXTS, NO_TEXTS), 0..3).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

fn blanks() -> impl Strategy<Value = &'static str> {
    mostly(&["", "", "", " ", "\n", "\r\n\t"], &["\u{a0}"])
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let name = prop_oneof![5 => "\"[a-z]{3,9}\"", 1 => text()];
    vec((name, blanks(), value), 0..6).prop_map(|members| {
        let members = members
            .iter()
            .map(|(name, blanks, value)| format!("{blanks}{name}{blanks}:{blanks}{value}{blanks}"));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    })
}

/// Text that is nearly always JSON.
fn document() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![2 => mostly(SCALARS, NO_SCALARS).prop_map(str::to_owned), 3 => text()];
    let value = scalar.prop_recursive(5, 30, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(|elements| format!("[{}]", elements.join(","))),
            (inner.clone(), 0..70_usize).prop_map(|(value, depth)| {
                format!("{}{value}{}", "[".repeat(depth), "]".repeat(depth))
            }),
            object(inner),
        ]
    });
    object(value)
}

/// Replaces some characters of a document by others that have a meaning in JSON, or none.
fn mutated() -> impl Strategy<Value = String> {
    let replacement =
        select(vec!["", "{", "}", "[", "]", "\"", ",", ":", "\\", " ", "0", "-", "e"]);
    (document(), vec((any::<prop::sample::Index>(), replacement), 1..3)).prop_map(
        |(mut text, edits)| {
            for (index, replacement) in edits {
                let (at, character) =
                    text.char_indices().nth(index.index(text.chars().count())).unwrap();
                text.replace_range(at..at + character.len_utf8(), replacement);
                text.push(' ');
            }
            text
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn documents_are_read_as_serde_json_reads_them(text in document()) {
        prop_assert_eq!(parsed(&text), expected_document(&text));
    }

    #[test]
    fn mutated_documents_are_judged_as_by_serde_json(text in mutated()) {
        prop_assert_eq!(parsed(&text), expected_document(&text));
    }

    #[test]
    fn arbitrary_text_is_judged_as_by_serde_json(bytes in vec(any::<u8>(), 0..50)) {
        let text = format!("{{{}", String::from_utf8_lossy(&bytes));
        prop_assert_eq!(parsed(&text), expected_document(&text));
    }

    #[test]
    fn characters_of_json_are_judged_as_by_serde_json(
        text in vec(select(br#"{}[]":,\u0a1-.eE tn"#.to_vec()), 0..30)
    ) {
        let text = format!("{{\"a\":{}", String::from_utf8(text).unwrap());
        prop_assert_eq!(parsed(&text), expected_document(&text));
    }
}
