//! JSON Schemas of what scripts read, generated from their types.
//!
//! They describe what is written, and allow members that a later version adds. `samples/schemas/`
//! holds them; a test keeps those files up to date.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};

use super::{error_line::ErrorLine, rejects::ReasonLine, results::ResultLine, summary::Summary};

/// The schemas by the names of their files, without the extension.
#[must_use]
pub fn schemas() -> [(&'static str, Schema); 4] {
    [
        ("summary", schema::<Summary>()),
        ("result", schema::<ResultLine<'_>>()),
        ("reject-reason", schema::<ReasonLine<'_>>()),
        ("error", schema::<ErrorLine>()),
    ]
}

/// The schema of what a type is written as.
#[must_use]
pub fn schema<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}
