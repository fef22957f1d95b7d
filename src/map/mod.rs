//! Mapping of rows to fields by profiles, which declare the meaning of each column or JSON path.
//!
//! A profile is a TOML text; the canonical one is built in. Reads no file. Checks only what the
//! profile itself declares (a date has this format, a value is in this table); `validate` checks
//! the rest. Called by `shuffle`; depends on `model` only.

mod answers;
mod birth_date;
mod bound_rule;
mod checkout_event;
mod collector;
mod column_table;
mod combination;
mod combined_value;
mod condition;
mod condition_compiler;
mod currency_symbols;
mod custom_members;
pub mod date;
mod date_keys;
mod document_binding;
mod document_view;
mod error;
mod excerpt;
mod extends;
mod field_rules;
mod field_value;
pub mod file_mapper;
mod file_syntax;
mod fill_down;
mod header_binding;
mod header_hint;
mod html;
pub mod input_settings;
mod key_errors;
mod key_path;
mod known_fields;
mod later_keys;
mod mapper;
mod max_length;
mod missing_in_all;
mod missing_name;
mod misspelling;
mod number;
mod open_questions;
mod path;
mod path_text;
mod paths;
mod phone;
mod plain_columns;
mod plain_documents;
mod plain_rows;
mod plain_rule;
pub mod profile;
mod profile_compiler;
mod profile_schema;
mod profile_text;
mod profile_texts;
mod record_view;
pub mod rule;
mod rule_application;
mod rule_checks;
mod rule_list;
mod rule_result;
mod rule_trace;
mod rule_values;
mod seen_names;
mod serde_message;
mod steps;
mod tested_row;
mod text_pair;
mod text_part;
mod text_steps;
mod toml_document;
mod trace;
mod unchanged_words;
mod value_kind;
mod view;
mod wildcard;
mod words;
mod zone_rule;

#[cfg(test)]
mod tests;

pub use answers::key_and_value;
pub use error::{MapError, PROFILE};
pub use excerpt::{excerpt, is_shown};
pub use fill_down::RowsAbove;
pub use missing_in_all::MissingInAll;
pub use paths::missing_paths;
pub use plain_rows::PlainRows;
pub use profile_schema::profile_schema;
pub use profile_texts::{BUILT_IN, NamedText, ProfileTexts, no_profile};
pub use seen_names::SeenNames;
pub use serde_message::toml_error_text;
pub use toml_document::{TomlDocument, TomlError, TomlText};
pub use trace::trace;
pub use words::ProfileWord;
