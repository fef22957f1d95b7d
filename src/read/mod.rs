//! Input stage, bytes → rows: input discovery, decompression, CSV, NDJSON and other JSON.
//!
//! Reads in two steps, so that all cores can work on one file: `block_reader` reads forward and
//! splits at verified record boundaries, `row_parser` parses the pieces in any order and on any
//! thread. An unreadable row is a row too, with what is reliable of it. Each row knows its file,
//! line and byte range. Memory holds no more than a block and the largest record that is allowed.
//! Called by `shuffle`, `pipeline` and `sniff`; knows `model` and `storage`.

mod array;
mod block;
mod block_reader;
mod boundary;
mod csv;
mod csv_damage;
mod csv_fast;
mod csv_format;
mod csv_heading;
mod csv_piece;
mod csv_records;
mod csv_slow;
pub mod decompress;
mod dialect;
mod document_error;
mod document_scanner;
mod error;
mod file_encoding;
mod foreign_file;
mod hashed_source;
pub mod inputs;
mod json;
mod json_parser;
mod original_stream;
mod position;
mod read_buffer;
mod row_padding;
mod row_parser;
mod sample;
mod scanner;
mod settings;
#[cfg(test)]
mod tests;
mod text_decoder;
mod wrapped_cell;

pub use block::{Block, Piece};
pub use block_reader::BlockReader;
pub use csv_heading::named_delimiter;
pub use dialect::{Dialect, FileFormat, ReadLimits};
pub use error::ReadError;
pub use row_parser::{ParsedBlock, RowParser};
pub use sample::{Sample, SampleText, read_sample, sample_text};
pub use settings::ReadSettings;
