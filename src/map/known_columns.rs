//! Known columns: the names of the columns that a profile reads, of the export and of side files.
//!
//! Knows no header. Used by `header_columns` and `side_table`.

use super::{group_columns::reads_column, join::Join, profile::Profile, rule::Rule};

/// The columns that a profile reads.
pub(super) struct KnownColumns<'p> {
    profile: &'p Profile,
    /// Their names; one that ends with `*` is the start of several.
    pub(super) names: Vec<&'p str>,
}

impl<'p> KnownColumns<'p> {
    pub(super) fn of(profile: &'p Profile) -> Self {
        let rules = profile.all_rules().map(|rule| &rule.rule).chain(profile.row_rules());
        let of_rules = profile.conditional_rules().map(|(_, condition)| condition);
        let conditions =
            profile.order_conditions().chain(profile.item_conditions()).chain(of_rules);
        let tested = conditions.flat_map(|condition| condition.sources());
        let names = rules
            .flat_map(Rule::readers)
            .flat_map(|rule| rule.columns.iter().map(String::as_str))
            .chain(tested.filter_map(|source| source.column.as_deref()))
            .chain(profile.files.fill_down.iter().map(String::as_str))
            .chain(profile.packed_items.iter().filter_map(|packed| packed.column.as_deref()))
            .chain(profile.joins.iter().flat_map(Join::columns).map(String::as_str))
            .collect();
        Self { profile, names }
    }

    /// Whether the profile reads a column of this name.
    pub(super) fn contain(&self, name: &str) -> bool {
        let is_of_item = reads_column(self.profile, name);
        is_of_item
            || self.names.iter().any(|column| match column.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix) && name.len() > prefix.len(),
                None => *column == name,
            })
    }
}
