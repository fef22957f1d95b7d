//! Missing columns and paths of the files of a join, which rules and conditions read.
//!
//! Of CSV files each one is looked at, since a row has only the columns of its own file. Used by
//! `header_columns` and `document_binding` once all rows are added, and by `side_file`.

use super::{
    header_hint::{first_names, has_names, position_of},
    missing_name::MissingName,
    misspelling::misspelling,
    path_text::{dotted_names, is_used},
    side_table::SideTable,
};
use crate::model::{diagnostic::Note, input::InputFormat, record::Header, suggest::suggest};

/// What a file beside the export lacks of names of which one is enough; one that is probably
/// misspelt comes first. None if all files of a join have one of them.
pub(super) fn missing_in_sides(
    sides: &[SideTable],
    names: &[&str],
    purpose: &str,
    is_required: bool,
) -> Option<MissingName> {
    let of_sides = sides.iter().filter(|side| names.iter().any(|name| side.has_name(name)));
    let mut missing = Vec::new();
    for side in of_sides {
        let of_side = side.missing(names, purpose, is_required);
        if of_side.is_empty() {
            return None;
        }
        missing.extend(of_side);
    }
    let first = missing.iter().position(|name| name.near.is_some()).unwrap_or_default();
    (!missing.is_empty()).then(|| missing.swap_remove(first))
}

impl SideTable {
    /// Whether rules that read this name read it of its files.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.own_name(name).is_some()
    }

    /// What each file that has none of some columns lacks, or all files without any of some paths.
    fn missing(&self, names: &[&str], purpose: &str, is_required: bool) -> Vec<MissingName> {
        let own: Vec<_> = names.iter().copied().filter(|name| self.has_name(name)).collect();
        let missing = |file: Option<(&Header, &str)>| {
            let header = file.map(|(header, _)| header);
            let near = own.iter().find(|name| self.near(name, header).is_some());
            let near = near.or(own.first());
            near.map(|name| self.missing_column(name, purpose, is_required, file))
        };
        match self.format {
            InputFormat::Ndjson if own.iter().any(|name| self.index_of_path(name).is_some()) => {
                Vec::new()
            }
            InputFormat::Ndjson => missing(None).into_iter().collect(),
            InputFormat::Csv => {
                let lacks = |header: &Header| !own.iter().any(|name| self.is_in(name, header));
                let files = self.headers.iter().zip(&self.files);
                let lacking = files.filter(|(header, _)| lacks(header));
                lacking.filter_map(|(header, (_, file))| missing(Some((header, file)))).collect()
            }
        }
    }

    /// Whether a header has a column, which rules of documents name by a path.
    fn is_in(&self, name: &str, header: &Header) -> bool {
        let own_name = self.own_name(name).unwrap_or_default();
        let of_path = dotted_names(own_name);
        header.names.iter().any(|column| column == own_name || *column == of_path)
    }

    /// A column or path that a file lacks. Its header and its name in messages are in `file`; none
    /// of documents.
    pub(super) fn missing_column(
        &self,
        column: &str,
        purpose: &str,
        is_required: bool,
        file: Option<(&Header, &str)>,
    ) -> MissingName {
        let first = || self.files.first().map_or("", |(_, name)| name);
        let (header, file) =
            file.map_or_else(|| (None, first()), |(header, file)| (Some(header), file));
        let members = self.seen_names.beside("").1;
        let members: Vec<String> = members.into_iter().map(|(path, _)| path).collect();
        let names = header.map_or(&members, |header| &header.names);
        let similar = || {
            let own_name = dotted_names(self.own_name(column).unwrap_or(column));
            suggest(&own_name, names.iter().map(String::as_str)).map(str::to_owned)
        };
        // A similar name is shown only where the column is required.
        let near = self.near(column, header).or_else(|| similar().filter(|_| is_required));
        let fact = near.as_ref().map(|name| {
            let place = header.and_then(|header| position_of(name, header, file));
            place.unwrap_or_else(|| format!("{file} has {name:?}"))
        });
        let has_names = || match header {
            Some(header) => has_names(header, file),
            None => format!("{file} has {}", first_names(names, "members")),
        };
        MissingName {
            file: file.to_owned(),
            name: column.to_owned(),
            named_by: None,
            purpose: format!("the profile needs it for {purpose}"),
            is_path: false,
            side_format: Some(self.format),
            is_of_part: false,
            is_required,
            near,
            default_value: None,
            notes: vec![Note::Fact(fact.unwrap_or_else(has_names))],
        }
    }

    /// The name that nothing reads and that a missing one probably means: a column of this header, or
    /// a member of documents.
    fn near(&self, name: &str, header: Option<&Header>) -> Option<String> {
        let own_name = dotted_names(self.own_name(name)?);
        if let Some(header) = header {
            let names = header.names.iter().map(String::as_str);
            let unused = names.filter(|name| !self.known.iter().any(|known| known == name));
            return misspelling(&own_name, unused).map(str::to_owned);
        }
        let path = self.path_in_document(&own_name);
        let (segment, beside) = self.seen_names.beside(&path);
        let unused = beside.iter().filter(|(path, _)| !is_used(&self.known, path));
        misspelling(segment, unused.map(|(_, name)| *name)).map(str::to_owned)
    }
}
