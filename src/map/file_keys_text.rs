//! TOML syntax of the keys that say how a file is written: of the export, and of files beside it.
//!
//! Syntax only: `file_syntax` compiles them. A part of `profile_text`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    input_settings::{CellNotation, LastLineEnd, Quote, RaggedRows},
    one_or_many::OneOrMany,
    only_table::read_from_one_table,
    written_text::is_default,
};
use crate::model::input::InputFormat;

/// How a file is written.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, remote = "Self")]
pub(super) struct FileKeysText {
    /// The format of the file; else it is found by its content.
    pub(super) format: Option<InputFormat>,
    /// The paths at which the values of a JSON file have their documents.
    pub(super) documents: Option<OneOrMany>,
    /// The encoding of the text, such as windows-1252; default utf-8.
    pub(super) encoding: Option<String>,
    /// The character between two cells; default a comma.
    pub(super) delimiter: Option<char>,
    /// The number of lines before the header, blank ones included.
    pub(super) skip_lines: Option<usize>,
    /// The names of the columns of a file without a header.
    pub(super) header: Option<Vec<String>>,
    /// What quotes mean.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) quote: Quote,
    /// The character before a quote within a cell; default: the quote is doubled.
    pub(super) escape: Option<String>,
    /// Whether blanks behind a delimiter and before a quote are skipped.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) skip_blanks: bool,
    /// How texts in cells are written, besides quotes.
    pub(super) cells: Option<CellNotation>,
    /// How rows with more or fewer cells than the header are handled.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) ragged_rows: RaggedRows,
    /// The columns whose blank cells take the value above.
    pub(super) fill_down: Option<Vec<String>>,
    /// Whether a file must end with a line end.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) last_line_end: LastLineEnd,
}

read_from_one_table!(FileKeysText);
