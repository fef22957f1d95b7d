//! Document error: why the documents of a JSON file cannot all be found.
//!
//! Not for damage within one document, which is an unreadable row. Made by `document_scanner`,
//! shown as a part of `error`.

/// What is wrong around the documents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// A character that no JSON has there.
    #[error("found {}, expected {expected}", shown(*.found))]
    Unexpected {
        /// Its first byte.
        found: u8,
        /// What may be there.
        expected: &'static str,
    },
    /// A string of several lines.
    #[error("a string is not closed on its line, expected \\n for a line break within a string")]
    LineBreakInString,
    /// A document whose end is not known.
    #[error(
        "the document that begins here is damaged, so that its end is not known: {reason} at line \
         {damage_line}"
    )]
    NoEnd {
        /// What is wrong.
        reason: &'static str,
        /// Where.
        damage_line: u64,
    },
    /// A value without documents.
    #[error("the value that begins at line {from_line} has no documents at {}", named(.forms))]
    None {
        /// Where they may be.
        forms: Vec<String>,
        /// The line of its first bracket.
        from_line: u64,
    },
    /// An element without documents, of an array whose elements have some.
    #[error(
        "element {number} of an array in the value that begins at line {from_line} has no document \
         at {}",
        named(.forms)
    )]
    NoneInElement {
        /// Where they may be.
        forms: Vec<String>,
        /// The number of the element, from 1.
        number: u64,
        /// The line of the value's first bracket.
        from_line: u64,
    },
    /// A value with documents in two places.
    #[error("the value that begins here has documents at {}", forms.clone().map(|form| format!("{form:?}")).join(" and at "))]
    TwoForms {
        /// The places.
        forms: [String; 2],
    },
    /// A member on the way to documents that its object has twice.
    #[error("the member {name:?} occurs twice in one object")]
    Twice {
        /// Its name.
        name: String,
    },
    /// A file that ends before the last bracket.
    #[error(
        "the file ends within the value that begins at line {from_line}; if it was truncated, \
         orders are missing"
    )]
    Unclosed {
        /// The line of its first bracket.
        from_line: u64,
    },
}

impl DocumentError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unexpected { found: b',', expected } if expected.starts_with("\"{\"") => {
                "documents follow each other without commas, or stand in one array: [ before the \
                 first one and ] after the last one"
            }
            Self::Unexpected { .. } | Self::LineBreakInString | Self::NoEnd { .. } => {
                "fix the file there, or export it again; what follows damage cannot be read safely"
            }
            Self::None { .. } => {
                "name where the documents are: documents = \"orders[]\" in the profile, or several \
                 places in a list; \".\" is the whole value"
            }
            Self::NoneInElement { .. } => {
                "each element needs a document there: remove an empty one from the file, or name \
                 another place in documents of the profile"
            }
            Self::TwoForms { .. } => {
                "name in documents of the profile only the place that has the orders"
            }
            Self::Twice { .. } => "fix the file: which of the two counts is not known",
            Self::Unclosed { .. } => "export the file again",
        }
    }
}

fn shown(byte: u8) -> String {
    match byte {
        b'"' => "a quote".to_owned(),
        _ if byte.is_ascii_graphic() => format!("\"{}\"", char::from(byte)),
        _ => "text".to_owned(),
    }
}

fn named(forms: &[String]) -> String {
    let quoted: Vec<_> = forms.iter().map(|form| format!("{form:?}")).collect();
    quoted.join(" or ")
}
