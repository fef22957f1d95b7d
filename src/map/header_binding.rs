//! Binding of a profile to the columns of a header.
//!
//! Finds the columns of each rule once per file (`header_columns`, `header_rules`), and reports
//! columns that no rule uses. Does not look at rows. Called by `file_mapper`.

use std::sync::Arc;

use super::{
    error::MapError, fill_down::FillDown, header_columns::HeaderColumns, mapper::Mapper,
    missing_name::MissingName, profile::Profile, record_view::HeaderNames, side_table::SideTable,
    spreadsheet_text::SpreadsheetTexts,
};
use crate::model::{problem::Problem, record::Header};

/// A profile bound to the columns of a file.
pub(super) struct HeaderBinding<'p> {
    pub(super) mapper: Mapper<'p, usize>,
    /// The columns of the file, and behind them those of side files.
    pub(super) header: Arc<Header>,
    /// The columns of the file.
    pub(super) own_header: Arc<Header>,
    pub(super) names: HeaderNames,
    /// The column of the order key, if it alone says what a row is: the key is its text, and the
    /// profile neither ignores nor leaves out rows.
    pub(super) key_column: Option<usize>,
    /// A warning for each column that the profile does not use.
    pub(super) unknown: Vec<Problem>,
    /// The columns that the file lacks; of joined files another one may have them.
    pub(super) missing: Vec<MissingName>,
    /// The columns whose blank cells take the value above.
    pub(super) fill_down: Option<FillDown>,
    /// The columns whose cells are not to be texts as a spreadsheet writes them.
    pub(super) spreadsheet_texts: SpreadsheetTexts,
}

impl<'p> HeaderBinding<'p> {
    /// Binds a profile to a header. `file` is the file's name in messages.
    pub(super) fn new(
        profile: &'p Profile,
        header: &Arc<Header>,
        file: &str,
        sides: &'p [SideTable],
    ) -> Result<Self, MapError> {
        if profile.key.columns.is_empty() {
            let field = "the order's reference";
            return Err(MapError::other_format(file, false, field));
        }
        profile.ensure_conditions_apply(file, false, |source| source.column.as_ref())?;
        let (own_header, header) = (header, with_side_columns(header, sides, false));
        // The columns of items are behind the cells of a record, as fields of items are.
        let all = with_side_columns(&header, sides, true);
        let mut columns = HeaderColumns::new(profile, (&all, own_header), file, sides);
        let joins = columns.bind_joins()?;
        let key = columns.find_all(&profile.key, "referenceId", true)?;
        // Of an order key of several columns each file needs all of them.
        let lacks_key = if profile.key.combines() {
            key.iter().any(Option::is_none)
        } else {
            key.iter().all(Option::is_none)
        };
        let key: Vec<usize> = key.into_iter().flatten().collect();
        let mapper = columns.bind_mapper(key, joins)?;
        let filled = columns.find_filled()?;
        if profile.joins_files && !lacks_key {
            columns.ensure_complete_part(&mapper)?;
        } else {
            columns.ensure_complete()?;
        }
        let unknown = columns.unknown_columns();
        let names = HeaderNames::new(own_header);
        let fill_down = FillDown::new(filled, &mapper.key);
        let spreadsheet_texts =
            SpreadsheetTexts::new(profile, &header, |name| columns.is_known(name));
        let missing = columns.missing;
        Ok(Self {
            own_header: Arc::clone(own_header),
            header,
            names,
            key_column: key_column(&mapper),
            mapper,
            unknown,
            missing,
            fill_down,
            spreadsheet_texts,
        })
    }
}

/// The column of the order key, if it alone says what a row is.
fn key_column(mapper: &Mapper<'_, usize>) -> Option<usize> {
    let has_row_rules =
        !mapper.ignore_rows.is_empty() || !mapper.row_skips.is_empty() || mapper.refunds.is_some();
    let is_key_text = mapper.is_key_verbatim && !mapper.profile.key.combines();
    match mapper.key.as_slice() {
        [column] if is_key_text && !has_row_rules => Some(*column),
        _ => None,
    }
}

/// A header, and behind its columns those of side files that are read: of files with items or of
/// the others.
fn with_side_columns(header: &Arc<Header>, sides: &[SideTable], have_items: bool) -> Arc<Header> {
    let mut sides = sides.iter().filter(|side| side.has_items == have_items).peekable();
    if sides.peek().is_none() {
        return Arc::clone(header);
    }
    let mut all = Header::clone(header);
    for column in sides.flat_map(|side| &side.columns) {
        all.names.push(column.clone());
        // A place of the file, which messages name with the column.
        all.positions.extend(header.positions.first());
    }
    Arc::new(all)
}
