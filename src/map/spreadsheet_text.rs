//! Spreadsheet texts: cells such as `="00123"` in a file whose profile does not say that it has
//! them.
//!
//! Their equals sign and quotes would be part of the values, and conditions would not find them.
//! Whether a cell is one is decided for the columns that the profile reads. Called by
//! `file_mapper`.

use super::{profile::Profile, rule::Rule};
use crate::model::{
    draft::CellOrigin,
    problem::{Code, Problem},
    record::{Header, Record},
    row::Row,
};

/// What a text begins with that a spreadsheet keeps as it is.
const START: &str = "=\"";

/// The columns of a file whose cells must not be such texts.
pub(super) struct SpreadsheetTexts {
    columns: Vec<u32>,
}

impl SpreadsheetTexts {
    /// `is_read` tells which columns the profile reads.
    pub(super) fn new(profile: &Profile, header: &Header, is_read: impl Fn(&str) -> bool) -> Self {
        let columns = (0..).zip(&header.names);
        let columns =
            columns.filter(|(_, name)| is_read(name) && is_guarded(name, profile, header));
        Self { columns: columns.map(|(index, _)| index).collect() }
    }

    /// Whether a record may have one.
    // Of most records the form alone tells that no cell has a quote.
    #[inline]
    pub(super) fn may_be_in(&self, record: &Record<'_>) -> bool {
        record.may_have_inner_quotes() && !self.columns.is_empty() && record.text.contains(START)
    }

    /// A problem for each one in a record.
    pub(super) fn problems(&self, row: &Row<'_>, record: &Record<'_>) -> Vec<Problem> {
        if !self.may_be_in(record) {
            return Vec::new();
        }
        let is_text = |column: &&u32| is_spreadsheet_text(record.cell(**column as usize));
        let problem = |column: &u32| {
            let at = CellOrigin::Column(row, *column);
            Problem::for_order(Code::SpreadsheetText, at, MESSAGE)
        };
        self.columns.iter().filter(is_text).map(problem).collect()
    }
}

/// Whether the cells of a column must not be such texts.
pub(super) fn is_guarded(name: &str, profile: &Profile, header: &Header) -> bool {
    let strips =
        |rule: &Rule| rule.columns.iter().any(|column| column == name) && strips_quotes(rule);
    let of_fields = profile.all_rules().map(|of_field| &of_field.rule);
    !header.syntax.unwraps_cells && !of_fields.chain(profile.row_rules()).any(strips)
}

/// Whether a spreadsheet keeps a text in this form.
#[inline]
pub(super) fn is_spreadsheet_text(text: &str) -> bool {
    text.starts_with(START)
}

const MESSAGE: &str = "the cell begins with =\", as a spreadsheet writes a text such as =\"00123\"; \
                       cells = \"spreadsheet\" in the profile unwraps such cells";

/// Whether a rule strips what such a text begins and ends with.
fn strips_quotes(rule: &Rule) -> bool {
    let Some(text_steps) = &rule.text_steps else { return false };
    let [prefix, suffix] = text_steps.affixes();
    prefix.is_some_and(|prefix| prefix.starts_with(START))
        && suffix.is_some_and(|suffix| suffix.ends_with('"'))
}
