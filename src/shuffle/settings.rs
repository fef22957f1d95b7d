//! Settings of the shuffle: how an export is read and grouped, and what it may use of the machine.
//!
//! They are the caller's choices for one run; nothing in them depends on the export.

use std::{path::Path, sync::Arc};

use crate::{
    group::GroupSettings,
    map::{SideTable, file_syntax::FileSyntax, profile::Profile},
    model::field::AttributeTypes,
    read::{Dialect, ReadSettings},
};

/// How an export is read and grouped.
pub struct ShuffleSettings<'a> {
    /// What the inputs look like, and what their cells mean.
    pub profile: &'a Profile,
    /// How the inputs are read.
    pub read: ReadSettings<'a>,
    /// The rows of side files, by the joins of the profile.
    pub side_tables: &'a [SideTable],
    /// Which rows may be of one order.
    pub grouping: GroupSettings,
    /// The types of extension attributes that earlier runs sent to the tenant.
    pub tenant_types: Arc<AttributeTypes>,
    /// Folder for what does not fit into memory.
    pub folder: &'a Path,
    /// The memory for it.
    pub memory: ShuffleMemory,
    /// Bytes of an order's results, which the caller sorts in the same folder.
    // Counted when the disk space is checked, since the rows are still there meanwhile.
    pub result_bytes: u64,
    /// Returns the reason once the shuffle has to stop early.
    pub stop_reason: Box<dyn Fn() -> Option<String> + Sync + 'a>,
}

/// The memory of the shuffle, in bytes. More spills to disk.
#[derive(Debug, Clone, Copy)]
pub struct ShuffleMemory {
    /// Hashes of the keys and references that were read.
    pub keys: usize,
    /// Each Bloom filter of repeated keys. A false positive only costs time.
    pub filter: usize,
    /// Identifiers of the orders' guests.
    pub identifiers: usize,
    /// Rows of scattered orders.
    pub rows: usize,
    /// The caller's results.
    pub results: usize,
}

/// How files are read that are written in this way.
#[must_use]
pub fn dialect(files: &FileSyntax) -> Dialect<'_> {
    Dialect {
        format: files.format,
        documents: files.documents.as_deref(),
        encoding: files.encoding,
        csv_syntax: files.csv_syntax,
        declares_delimiter: files.declares_delimiter,
        skip_lines: files.skip_lines,
        padded_beside: files.padded_beside.as_deref(),
        column_names: files.header.as_deref(),
    }
}
