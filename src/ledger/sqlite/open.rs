//! Opening by location: which view of the ledger opens the files. Implements [`LedgerLocation`];
//! the views verify what they open.

use super::{
    admin::SqliteAdmin, location::SqliteLocation, paths::has_ledger, reader::SqliteReader,
    run::SqliteLedger,
};
use crate::{
    ledger::{
        consent::Consent,
        error::LedgerError,
        store::{Ledger, LedgerAdmin, LedgerLocation, LedgerReader},
    },
    model::target::Target,
};

impl LedgerLocation for SqliteLocation {
    fn has_ledger(&self) -> bool {
        has_ledger(&self.path)
    }

    fn open_to_write(
        &self,
        target: &Target,
        run: &str,
        consent: Consent,
    ) -> Result<Box<dyn Ledger>, LedgerError> {
        Ok(Box::new(SqliteLedger::open(self, target, run, consent)?))
    }

    fn open_to_read(&self, target: &Target) -> Result<Option<Box<dyn LedgerReader>>, LedgerError> {
        let reader = SqliteReader::open(self, target)?;
        Ok(reader.map(|reader| Box::new(reader) as Box<dyn LedgerReader>))
    }

    fn open_admin(&self) -> Box<dyn LedgerAdmin> {
        Box::new(SqliteAdmin::new(self.clone()))
    }
}
