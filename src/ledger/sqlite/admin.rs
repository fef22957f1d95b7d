//! SQLite admin view: the operator's view of the ledger. Implements [`LedgerAdmin`]; each operation
//! opens the database anew. Opened by `open`.

use std::ops::ControlFlow;

use super::{adopt, file, location::SqliteLocation, orders::visit_orders, settle};
use crate::{
    ledger::{
        adopt::AdoptError,
        error::LedgerError,
        known_target::KnownTarget,
        order::LedgerOrder,
        query::{OrderFilter, TargetPrefix},
        settle::{SettleError, SettleRequest, SettledOrder},
        store::LedgerAdmin,
    },
    model::target::Target,
};

/// A ledger of all runs to all targets, by its location.
pub(super) struct SqliteAdmin {
    location: SqliteLocation,
}

impl SqliteAdmin {
    pub(super) fn new(location: SqliteLocation) -> Self {
        Self { location }
    }
}

impl LedgerAdmin for SqliteAdmin {
    fn visit(
        &self,
        filter: &OrderFilter,
        visit: &mut dyn FnMut(LedgerOrder) -> ControlFlow<()>,
    ) -> Result<(), LedgerError> {
        let path = &self.location.path;
        let connection = file::open_to_read(path)?
            .ok_or_else(|| LedgerError::NotFound { location: self.location.to_string() })?;
        Ok(visit_orders(&connection, filter, visit)?)
    }

    fn settle(&self, request: &SettleRequest) -> Result<Vec<SettledOrder>, SettleError> {
        settle::settle(&self.location, request)
    }

    fn adopt(&self, from: &TargetPrefix, to: &Target) -> Result<KnownTarget, AdoptError> {
        adopt::adopt(&self.location, from, to)
    }

    fn accept_loss(&self) -> Result<(), LedgerError> {
        adopt::accept_loss(&self.location)
    }
}
