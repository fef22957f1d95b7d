//! Columns that the profile reads and that none of several joined files has.
//!
//! Files of documents have no header, so with one of them among the files it is not known before
//! the end. Called by `shuffle` before it reads.

use super::{
    error::MapError,
    file_mapper::FileMapper,
    missing_name::{MissingName, distinct, refused_names},
    profile::Profile,
};
use crate::model::{diagnostic::Note, origin::Position, problem::Problem};

/// Collects the columns that each of several joined files lacks.
#[derive(Debug, Default)]
pub struct MissingInAll {
    /// The columns that all files so far lack; none before the first file.
    missing: Option<Vec<MissingName>>,
}

impl MissingInAll {
    /// Adds a file.
    pub fn add(&mut self, mapper: &FileMapper<'_>) {
        let of_file = mapper.missing_names();
        self.missing = Some(match self.missing.take() {
            None => of_file.to_vec(),
            Some(of_all) => {
                of_all.into_iter().filter_map(|missing| missing.and_in(of_file)).collect()
            }
        });
    }

    /// Returns a warning for each column that all files lack and whose default takes its place.
    /// `at` is their position.
    ///
    /// # Errors
    ///
    /// [`MapError::Profile`] with all columns that one of the files must have, or that are misspelt.
    pub fn ensure_none(self, profile: &Profile, at: Position) -> Result<Vec<Problem>, MapError> {
        let all = self.missing.unwrap_or_default();
        let mut missing = refused_names(&all);
        for missing in missing.iter_mut().filter(|missing| missing.notes.is_empty()) {
            missing.notes.push(Note::Fact(format!("it is in none of {}", missing.file)));
        }
        if !missing.is_empty() {
            return Err(profile.name_places.error(&missing));
        }
        Ok(distinct(&all).iter().filter_map(|missing| missing.default_warning(at)).collect())
    }
}
