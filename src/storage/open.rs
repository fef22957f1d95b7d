//! The one place that chooses a storage.

use std::sync::Arc;

use super::{local::LocalStorage, source::Storage};

/// Opens the storage of a run's inputs: local files. An object storage is another arm here.
#[must_use]
pub fn open_storage() -> Arc<dyn Storage> {
    Arc::new(LocalStorage)
}
