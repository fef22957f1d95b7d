//! Shared vocabulary of all stages: origin in a file, money, order, guest, problem, outcome.
//!
//! No I/O, no clock, no async, and no dependency on another module of the crate. What two stages
//! share is data in this module: a stage imports `model`, not another stage.

pub mod column_facts;
pub mod column_warnings;
pub mod csv_syntax;
pub mod cut_text;
pub mod date_readings;
pub mod decimal_mark;
pub mod diagnostic;
pub mod document;
pub mod draft;
pub mod encoding_hint;
pub mod explanation;
pub mod extension_types;
pub mod failure;
pub mod field;
pub mod forecast;
pub mod guest;
pub mod guest_attributes;
pub mod id_text;
pub mod input;
pub mod jq;
pub mod money;
pub mod order;
pub mod order_trace;
pub mod origin;
pub mod outcome;
pub mod over_rows;
pub mod plain;
pub mod planned;
pub mod pricing;
pub mod printable;
pub mod problem;
pub mod progress;
pub mod quoted_cell;
pub mod raw_record;
pub mod record;
pub mod redact;
pub mod reference;
pub mod request;
pub mod route;
pub mod row;
pub mod rules;
pub mod service_words;
pub mod severity;
pub mod shell;
pub mod source_map;
pub mod source_text;
pub mod spreadsheet;
pub mod suggest;
pub mod sum;
pub mod target;
pub mod text_encoding;
pub mod unsendable;
