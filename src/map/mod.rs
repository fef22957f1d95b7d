//! Mapping of rows to fields by profiles, which declare the meaning of each column or JSON path.
//!
//! A profile is a TOML file; the canonical one is built in. Checks only what the profile itself
//! declares (a date has this format, a value is in this table); `validate` checks the rest. Called
//! by `shuffle`; depends on `model` only.

mod binding;
mod collector;
pub mod date;
mod document_mapper;
mod error;
mod file;
pub mod file_mapper;
pub mod input_settings;
pub mod profile;
mod profile_text;
mod record_mapper;
pub mod rule;
mod unknown_names;

#[cfg(test)]
mod tests;

pub use error::{MapError, TomlError, toml_error};
pub use file::{read_bounded, read_small_file};
pub use unknown_names::UnknownNames;
