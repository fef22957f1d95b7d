//! Item sets: the kinds of the items of the export, and those of each joined file with items.
//!
//! Bound once per file of the export. Used by `mapper`.

use super::{
    bound_rule::{BoundKind, TestedSource},
    condition::Condition,
    join::Join,
    profile::Profile,
};

/// Items that come from one place, with their kinds.
pub(super) struct ItemSet<'p, S> {
    /// The index of the join whose rows they are; none of those of the export.
    pub(super) join: Option<usize>,
    /// Their kinds; none of an export whose items are in a joined file.
    pub(super) kinds: Vec<BoundKind<'p, S>>,
    /// Whether they have fields besides the values of the row.
    pub(super) have_fields: bool,
    /// The condition that says which of them are items.
    pub(super) rows: ItemRows<S>,
    /// The columns of the order's rows that rules of the items read, with their conditions and zones:
    /// rows that share the items must have equal values.
    pub(super) row_columns: Vec<S>,
}

/// Where the condition is that says which rows and elements are items.
pub(super) enum ItemRows<S> {
    /// In `item_rows` of the profile.
    OfProfile,
    /// In `item_rows` of their join, if it has one.
    OfJoin(Option<Condition<TestedSource<S>>>),
}

impl<'p, S> ItemSet<'p, S> {
    /// The items of the export, of these kinds.
    pub(super) fn of_export(kinds: Vec<BoundKind<'p, S>>, have_fields: bool) -> Self {
        Self { join: None, kinds, have_fields, rows: ItemRows::OfProfile, row_columns: Vec::new() }
    }

    /// The items of a joined file, of these kinds. `rows` is the condition of the join.
    pub(super) fn of_join(
        profile: &Profile,
        join: &Join,
        kinds: Vec<BoundKind<'p, S>>,
        rows: Option<Condition<TestedSource<S>>>,
    ) -> Self {
        let is_source = profile.names_as_source(join);
        Self {
            join: Some(join.index),
            kinds,
            have_fields: true,
            rows: if is_source { ItemRows::OfJoin(rows) } else { ItemRows::OfProfile },
            row_columns: Vec::new(),
        }
    }

    /// The key that says which of them are items, for messages.
    pub(super) fn key_of_rows(&self) -> &'static str {
        match self.rows {
            ItemRows::OfProfile => "item_rows",
            ItemRows::OfJoin(_) => "item_rows in the [[join]]",
        }
    }

    /// The sources of the values of all rules of single fields.
    pub(super) fn sources(&self) -> impl Iterator<Item = &S> {
        self.kinds.iter().flat_map(BoundKind::sources)
    }
}
