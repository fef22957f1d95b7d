//! Texts of a profile: its own and those of the profiles that it extends (`extends`).
//!
//! Follows the names and finds cycles. Reads no file: `cli` does, for the texts that are not built
//! in.

use std::ops::Range;

use super::{
    error::{MapError, PROFILE},
    extends::EXTENDS,
    open_questions::ExpectedValues,
    toml_syntax::readable_table,
    written_text::QUESTION,
};
use crate::model::{source_map::SourceMap, source_text::SourceText};

/// The built-in profiles: name and TOML text.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("canonical", include_str!("profiles/canonical.toml")),
    ("shopify", include_str!("profiles/shopify.toml")),
    ("shopify-bulk", include_str!("profiles/shopify-bulk.toml")),
    ("shopify-rest", include_str!("profiles/shopify-rest.toml")),
    ("matrixify", include_str!("profiles/matrixify.toml")),
    ("woocommerce-packed", include_str!("profiles/woocommerce-packed.toml")),
    ("woocommerce-wide", include_str!("profiles/woocommerce-wide.toml")),
    ("woocommerce-rest", include_str!("profiles/woocommerce-rest.toml")),
    ("magento-grid", include_str!("profiles/magento-grid.toml")),
    ("magento-rest", include_str!("profiles/magento-rest.toml")),
    ("bigcommerce", include_str!("profiles/bigcommerce.toml")),
    ("amazon", include_str!("profiles/amazon.toml")),
    ("ebay", include_str!("profiles/ebay.toml")),
    ("etsy", include_str!("profiles/etsy.toml")),
    ("square", include_str!("profiles/square.toml")),
    ("commercetools", include_str!("profiles/commercetools.toml")),
    ("ordercloud", include_str!("profiles/ordercloud.toml")),
    ("salesforce-b2c", include_str!("profiles/salesforce-b2c.toml")),
];

/// Why `extends` cannot be an open question: the others are known with all texts only.
const NO_QUESTION: &str =
    "\"?\" cannot be answered here; expected the name of a file or of a built-in profile";

/// The TOML text of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedText {
    /// Its name in messages: a path, or that of a built-in profile.
    pub name: String,
    /// What is the same for two names of one file.
    pub id: String,
    /// The text.
    pub text: String,
    /// Whether it is of this program, not of the user.
    pub is_built_in: bool,
}

impl NamedText {
    /// The text of a built-in profile, if there is one of this name.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        let (name, text) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name)?;
        let name = built_in_name(name);
        Some(Self { id: name.clone(), name, text: (*text).to_owned(), is_built_in: true })
    }
}

/// The name of a built-in profile in messages.
pub(super) fn built_in_name(name: &str) -> String {
    format!("{name} (built-in)")
}

/// The texts of a profile, its own first.
#[derive(Debug)]
pub struct ProfileTexts {
    pub(super) sources: SourceMap,
    pub(super) is_built_in: bool,
    /// The names of the profiles that it extends, the nearest first.
    pub(super) extended: Vec<String>,
    /// Why a text is missing, and the place of its name.
    pub(super) missing: Option<(Range<usize>, String)>,
    pub(super) expected_values: ExpectedValues,
    /// The joins of which the command line names the file.
    pub(super) named_joins: Vec<String>,
}

impl ProfileTexts {
    /// The texts of a profile; `read` returns the text of a name that the profile of another name
    /// extends, or a message.
    pub fn new(first: NamedText, read: impl Fn(&str, &str) -> Result<NamedText, String>) -> Self {
        let mut texts = Self {
            sources: SourceMap::default(),
            is_built_in: first.is_built_in,
            extended: Vec::new(),
            missing: None,
            expected_values: |_| None,
            named_joins: Vec::new(),
        };
        let mut known: Vec<NamedText> = Vec::new();
        let mut next = Some(first);
        while let Some(text) = next.take() {
            if !known.is_empty() {
                texts.extended.push(text.name.clone());
            }
            let source =
                SourceText { kind: PROFILE, name: text.name.clone(), text: text.text.clone() };
            texts.sources.add_file(source);
            known.push(text);
            let Some((at, name)) = texts.extends() else { break };
            let found = match NamedText::built_in(&name) {
                _ if name == QUESTION => Err(NO_QUESTION.to_owned()),
                Some(built_in) => Ok(built_in),
                None => read(&name, &known[known.len() - 1].name),
            };
            let found = found.and_then(|text| ensure_no_cycle(&known, text));
            match found {
                Ok(text) => next = Some(text),
                Err(message) => texts.missing = Some((at, message)),
            }
        }
        texts
    }

    /// With what a target takes for fields, which open questions list.
    #[must_use]
    pub fn with_expected_values(self, expected_values: ExpectedValues) -> Self {
        Self { expected_values, ..self }
    }

    /// With the joins of which the command line names the file, so that it is no open question.
    #[must_use]
    pub fn with_named_joins(self, named_joins: Vec<String>) -> Self {
        Self { named_joins, ..self }
    }

    /// What the last text extends, and the place of the name.
    fn extends(&self) -> Option<(Range<usize>, String)> {
        let (start, source) = self.sources.files().last()?;
        let table = readable_table(&source.text)?;
        let name = table.get(EXTENDS)?;
        let at = name.span();
        Some((at.start + start..at.end + start, name.get_ref().as_str()?.to_owned()))
    }
}

/// The message about a name that is neither of a file nor of a built-in profile.
#[must_use]
pub fn no_profile(name: &str) -> MapError {
    let built_in = BUILT_IN.iter().map(|(built_in, _)| *built_in).collect();
    MapError::NoProfile { name: name.to_owned(), built_in }
}

fn ensure_no_cycle(known: &[NamedText], text: NamedText) -> Result<NamedText, String> {
    let Some(first) = known.iter().position(|known| known.id == text.id) else { return Ok(text) };
    let chain = known[first..].iter().chain([&text]).map(|text| &*text.name);
    let chain = chain.collect::<Vec<_>>().join(" → ");
    Err(format!("profiles extend each other: {chain}"))
}
