//! Document path: where a value of a JSON file has its documents, such as `orders[]`.
//!
//! Written in a profile and compiled by `map`; `read` finds the documents by it, and rejects are
//! framed by it, so that the same profile reads them again.

use std::fmt::Write;

use super::input::Framing;

/// As many ways as one profile may name.
pub const MAX_PATHS: usize = 16;

/// The way from a value of a file to its documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentPath {
    /// As a profile writes it.
    pub text: String,
    /// None where the whole value is a document.
    pub steps: Vec<PathStep>,
}

/// A step of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// To the member of an object.
    Member(String),
    /// To each element of an array.
    Elements,
}

impl DocumentPath {
    /// The forms of a file without a declared one: documents, or arrays of them.
    #[must_use]
    pub fn undeclared() -> [Self; 2] {
        let array = Self { text: "[]".to_owned(), steps: vec![PathStep::Elements] };
        [Self { text: ".".to_owned(), steps: Vec::new() }, array]
    }

    /// The text of the path to a member that has documents.
    #[must_use]
    pub fn text_of_member(name: &str, is_array: bool) -> String {
        let is_plain = !name.contains(['.', '[', ']']) && !name.is_empty();
        let name = if is_plain { name.to_owned() } else { format!("\"{name}\"") };
        if is_array { format!("{name}[]") } else { name }
    }

    /// The syntax around documents that stand on the only one of these ways that can hold several,
    /// or else on the first.
    #[must_use]
    pub fn framing(forms: &[Self]) -> Framing {
        let walks_array = |form: &&Self| form.steps.contains(&PathStep::Elements);
        let Some(form) = forms.iter().find(walks_array).or(forms.first()) else {
            return Framing::None;
        };
        let (mut opening, mut closing) = (String::new(), String::new());
        for step in &form.steps {
            opening.push_str(&step.opening());
            closing.insert(0, if *step == PathStep::Elements { ']' } else { '}' });
        }
        let array = form.steps.iter().rposition(|step| *step == PathStep::Elements);
        // Each document has the brackets below the array of its own; without an array it has all.
        let below = &form.steps[array.map_or(0, |array| array + 1)..];
        let own: String = below.iter().map(PathStep::opening).collect();
        let comma = if array.is_some() { "," } else { "" };
        let separator = format!("{}{comma}{own}", "}".repeat(below.len()));
        if !closing.is_empty() {
            closing.push('\n');
        }
        Framing::Documents { opening, separator, closing }
    }
}

/// What to do about documents that are probably at one of these paths.
#[must_use]
pub fn documents_hint(paths: &[String]) -> String {
    let keys = paths.iter().map(|path| format!("documents = {}", serde_json::Value::from(&**path)));
    let keys = keys.collect::<Vec<_>>().join(", or ");
    format!("the orders are probably within these documents; set {keys} in the profile")
}

impl PathStep {
    fn opening(&self) -> String {
        match self {
            Self::Member(name) => format!("{{{}:", ascii_json(name)),
            Self::Elements => "[\n".to_owned(),
        }
    }
}

/// A JSON text in ASCII, which every encoding of a file has.
fn ascii_json(text: &str) -> String {
    let mut ascii = String::new();
    for character in serde_json::Value::from(text).to_string().chars() {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(steps: &[&str]) -> DocumentPath {
        let step = |step: &&str| match *step {
            "[]" => PathStep::Elements,
            name => PathStep::Member(name.to_owned()),
        };
        DocumentPath { text: steps.join("."), steps: steps.iter().map(step).collect() }
    }

    #[test]
    fn documents_are_framed_by_their_path() {
        let framed = |forms: &[DocumentPath]| {
            let framing = DocumentPath::framing(forms);
            let [opening, separator, closing] =
                [framing.opening(), framing.separator(), framing.closing()]
                    .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
            format!("{opening}{{}}\n{separator}{{}}\n{closing}")
        };
        assert_eq!(framed(&[path(&["orders", "[]"])]), "{\"orders\":[\n{}\n,{}\n]}\n");
        let edges = path(&["data", "edges", "[]", "node"]);
        assert_eq!(
            framed(&[path(&[]), edges]),
            "{\"data\":{\"edges\":[\n{\"node\":{}\n},{\"node\":{}\n}]}}\n"
        );
        assert_eq!(
            framed(&[path(&["größe"])]),
            "{\"gr\\u00f6\\u00dfe\":{}\n}{\"gr\\u00f6\\u00dfe\":{}\n}\n"
        );
        assert_eq!(framed(&[path(&[])]), "{}\n{}\n");
    }
}
