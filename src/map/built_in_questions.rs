//! Open questions of the built-in profiles, for profiles that extend them.
//!
//! Called by `sniff`.

use super::{
    error::PROFILE,
    key_path::shown_value_path,
    open_questions::{OpenQuestion, comment_at, open_questions},
    profile_texts::NamedText,
    toml_document::TomlDocument,
    toml_syntax::readable_table,
};
use crate::model::{source_map::SourceMap, source_text::SourceText};

/// What a built-in profile says of itself.
#[must_use]
pub fn built_in_about(name: &str) -> Option<String> {
    let NamedText { text, .. } = NamedText::built_in(name)?;
    readable_table(&text)?.get(ABOUT)?.get_ref().as_str().map(str::to_owned)
}

/// The key of what a profile says of itself.
const ABOUT: &str = "about";

/// An open question of a built-in profile, for a profile that extends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltInQuestion {
    /// The key, as `--answer` names it.
    pub key: String,
    /// Whether an extending profile can answer it: its key is in no list.
    pub is_key: bool,
    /// What is asked: the comment of the profile.
    pub text: String,
    /// What answers it, such as `"Europe/Berlin"`; empty if nothing is known.
    pub examples: Vec<String>,
}

/// The open questions of a built-in profile, in its order.
#[must_use]
pub fn built_in_questions(name: &str) -> Vec<BuiltInQuestion> {
    let Some(NamedText { name, text, .. }) = NamedText::built_in(name) else { return Vec::new() };
    let sources = SourceMap::from(SourceText { kind: PROFILE, name, text });
    let document = TomlDocument::parse(&sources);
    let question = |OpenQuestion { path, at, key_type }: OpenQuestion| BuiltInQuestion {
        key: shown_value_path(&document.root, &path),
        is_key: !path.iter().any(|name| name.bytes().all(|byte| byte.is_ascii_digit())),
        text: comment_at(&sources, &at).unwrap_or_default(),
        examples: if key_type.choices.is_empty() { key_type.examples } else { key_type.choices },
    };
    open_questions(&document).into_iter().map(question).collect()
}
