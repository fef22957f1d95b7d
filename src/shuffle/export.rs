//! Export: what is known of an export's files while it is read.
//!
//! It holds no orders; those go to [`Collect`](super::Collect). Filled by `pass` and the engine.

use crate::model::{input::ExportRead, problem::Problem};

/// What was read of an export.
pub struct Export {
    /// The inputs, and the counts over all of them.
    pub files: ExportRead,
    /// Problems of no order.
    pub file_problems: Vec<Problem>,
}

impl Export {
    /// An export of which nothing is read yet.
    #[must_use]
    pub fn new(files: ExportRead) -> Self {
        Self { files, file_problems: Vec::new() }
    }
}
