//! JSON as text for a reader: pretty-printed in pieces that a page can colour, and the attributes
//! of an object as text.
//!
//! Digits and escapes stay as they were sent. Called by `order_view`.

// Not the pretty printer of `serde_json`: it would write the numbers of a `Value` anew (`12.50` as
// `12.5`) and sort the attributes.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// A part of a pretty-printed text, with the class of its colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonPiece {
    /// `k` for the name of an attribute, `s` for text, `d` for a number, a boolean or null; empty
    /// for all else.
    pub(super) class: &'static str,
    pub(super) text: String,
}

/// Pretty-prints a JSON text, which was parsed before.
pub(super) fn pretty(json: &str) -> Vec<JsonPiece> {
    let mut printer = Printer::default();
    let mut rest = json.trim_start();
    while !rest.is_empty() {
        let (token, after) = rest.split_at(token_length(rest));
        rest = after.trim_start();
        printer.token(token, rest);
    }
    printer.pieces
}

/// The number of bytes of the first token: a text, a punctuation mark, or all up to the next one.
fn token_length(json: &str) -> usize {
    let bytes = json.as_bytes();
    match bytes[0] {
        b'"' => {
            let mut is_escaped = false;
            let end = bytes[1..].iter().position(|byte| {
                let is_end = *byte == b'"' && !is_escaped;
                is_escaped = *byte == b'\\' && !is_escaped;
                is_end
            });
            end.map_or(json.len(), |end| end + 2)
        }
        b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
        _ => json
            .find(|c: char| "{}[],:\"".contains(c) || c.is_ascii_whitespace())
            .unwrap_or(json.len()),
    }
}

#[derive(Default)]
struct Printer {
    pieces: Vec<JsonPiece>,
    depth: usize,
}

impl Printer {
    /// Adds a token; `rest` is what follows it.
    fn token(&mut self, token: &str, rest: &str) {
        match token {
            "{" | "[" => {
                self.depth += 1;
                self.push("", token);
                if !rest.starts_with(['}', ']']) {
                    self.new_line();
                }
            }
            "}" | "]" => {
                self.depth = self.depth.saturating_sub(1);
                let is_empty =
                    self.pieces.last().is_some_and(|piece| piece.text.ends_with(['{', '[']));
                if !is_empty {
                    self.new_line();
                }
                self.push("", token);
            }
            "," => {
                self.push("", token);
                self.new_line();
            }
            ":" => self.push("", ": "),
            text if text.starts_with('"') && rest.starts_with(':') => self.push("k", text),
            text if text.starts_with('"') => self.push("s", text),
            other => self.push("d", other),
        }
    }

    fn new_line(&mut self) {
        let line = format!("\n{}", "  ".repeat(self.depth));
        self.push("", &line);
    }

    fn push(&mut self, class: &'static str, text: &str) {
        match self.pieces.last_mut() {
            Some(last) if last.class == class => last.text.push_str(text),
            _ => self.pieces.push(JsonPiece { class, text: text.to_owned() }),
        }
    }
}

/// The attributes of a JSON object, by name.
#[derive(Debug, Default)]
pub(super) struct Attributes<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Attributes<'a> {
    /// The attributes of an object; none if the text is no object.
    pub(super) fn parse(json: &'a str) -> Self {
        Self(serde_json::from_str(json).unwrap_or_default())
    }

    /// The attributes of an object in this one.
    pub(super) fn object(&self, name: &str) -> Self {
        self.0.get(name).map(|value| Self::parse(value.get())).unwrap_or_default()
    }

    /// The objects of an array; none if it is no array.
    pub(super) fn objects(&self, name: &str) -> Vec<Self> {
        let elements: Vec<&RawValue> = self
            .0
            .get(name)
            .and_then(|value| serde_json::from_str(value.get()).ok())
            .unwrap_or_default();
        elements.into_iter().map(|element| Self::parse(element.get())).collect()
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| value_text(value))
    }

    /// All attributes but these, as text.
    pub(super) fn all_but(&self, names: &[&str]) -> Vec<(String, String)> {
        let others = self.0.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        others.map(|(name, value)| (name.clone(), value_text(value))).collect()
    }
}

/// The content of a text, any other value as it was sent.
fn value_text(value: &RawValue) -> String {
    serde_json::from_str(value.get()).unwrap_or_else(|_| value.get().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(json: &str) -> String {
        pretty(json).into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn pretty_text_keeps_digits_escapes_and_order() {
        let json =
            r#" {"z":12.50,"a":[ ],"b":{}, "c" : [1e2,{"d":"x\"{,:\\"}],"u":"\u00fc ü","n":null} "#;
        insta::assert_snapshot!(plain(json), @r#"
        {
          "z": 12.50,
          "a": [],
          "b": {},
          "c": [
            1e2,
            {
              "d": "x\"{,:\\"
            }
          ],
          "u": "\u00fc ü",
          "n": null
        }
        "#);
    }

    #[test]
    fn pieces_have_the_class_of_their_token() {
        let classes = pretty(r#"{"k":"s","l":[true]}"#)
            .into_iter()
            .filter(|piece| !piece.class.is_empty())
            .map(|piece| format!("{} {}", piece.class, piece.text));
        assert_eq!(classes.collect::<Vec<_>>(), [r#"k "k""#, r#"s "s""#, r#"k "l""#, "d true"]);
    }

    #[test]
    fn any_text_is_printed_without_a_panic() {
        for text in ["", " ", "]}", "\"", "\"\\", "{\"ü", "😀,", "[1", "::", "\"a\"\"b\"x"] {
            let n_signs = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
            assert_eq!(n_signs(&plain(text)), n_signs(text), "{text}");
        }
    }

    #[test]
    fn attributes_are_read_whatever_their_type() {
        let json = r#"{"a":12.50,"b":"x\u00fc","c":{"d":true},"e":[{"f":1},2],"g":null}"#;
        let attributes = Attributes::parse(json);
        for (name, expected) in [
            ("a", Some("12.50")),
            ("b", Some("xü")),
            ("c", Some(r#"{"d":true}"#)),
            ("g", Some("null")),
            ("h", None),
        ] {
            assert_eq!(attributes.text(name).as_deref(), expected, "{name}");
        }
        assert_eq!(attributes.object("c").text("d").as_deref(), Some("true"));
        assert_eq!(attributes.object("a").text("d"), None);
        assert_eq!(attributes.objects("e")[0].text("f").as_deref(), Some("1"));
        assert!(attributes.objects("c").is_empty());
        assert_eq!(
            attributes.all_but(&["a", "b", "c", "e"]),
            [("g".to_owned(), "null".to_owned())]
        );
    }
}
