//! Group columns: the groups of columns that a header has for the items of an order.
//!
//! Called by `header_columns`, once per file.

use std::collections::BTreeMap;

use super::{misspelling::misspelling, profile::Profile, repeated_items::RepeatedItems};
use crate::model::{record::Header, suggest::suggest};

/// The columns of one item.
pub(super) struct ItemGroup<S> {
    /// Its number in the names of the columns.
    pub(super) number: u32,
    /// All of its columns, also those that no rule reads.
    pub(super) columns: Vec<S>,
    /// For each field that rules read its column; none if the group lacks it.
    pub(super) fields: Vec<Option<S>>,
}

/// The groups of a header in the order of their numbers.
///
/// # Errors
///
/// Two columns with the same number and field, by their indexes.
pub(super) fn item_groups(
    items: &RepeatedItems,
    header: &Header,
) -> Result<Vec<ItemGroup<usize>>, [usize; 2]> {
    let mut groups: BTreeMap<u32, BTreeMap<&str, usize>> = BTreeMap::new();
    for (index, name) in header.names.iter().enumerate() {
        let Some((number, field)) = items.parts(name) else { continue };
        if let Some(first) = groups.entry(number).or_default().insert(field, index) {
            return Err([first, index]);
        }
    }
    let group = |(number, columns): (u32, BTreeMap<&str, usize>)| {
        let fields = items.fields.iter().map(|field| columns.get(field.as_str()).copied());
        let fields = fields.collect();
        let mut columns: Vec<usize> = columns.into_values().collect();
        columns.sort_unstable();
        ItemGroup { number, columns, fields }
    };
    Ok(groups.into_iter().map(group).collect())
}

/// The columns that a rule requires and that the file, or one of its groups, lacks: for each the
/// name that is expected.
pub(super) fn lacking_columns(items: &RepeatedItems, groups: &[ItemGroup<usize>]) -> Vec<String> {
    let Some(first) = groups.first() else { return vec![items.pattern.clone()] };
    let mut lacking = Vec::new();
    for fields in &items.required {
        let lacks = |group: &&ItemGroup<usize>| fields.iter().all(|at| group.fields[*at].is_none());
        let is_in_none = groups.iter().all(|group| lacks(&group));
        if let Some(group) = groups.iter().find(lacks) {
            let number = if is_in_none { first.number } else { group.number };
            let name = fields.first().map_or("", |at| items.fields[*at].as_str());
            lacking.push(items.column(number, name));
        }
    }
    lacking
}

/// The columns that rules read and that a group lacks, each with the one that it probably means,
/// since the items of a misspelt column would be lost. `unknown` are the columns that no rule
/// reads.
pub(super) fn misspelt_columns<'h>(
    items: &RepeatedItems,
    groups: &[ItemGroup<usize>],
    unknown: &[&'h str],
) -> Vec<(String, &'h str)> {
    let mut misspelt = Vec::new();
    for column in unknown {
        let numbers = column.split(|letter: char| !letter.is_ascii_digit());
        for number in numbers.filter(|digits| !digits.is_empty()) {
            let of_number = |number: u32| groups.binary_search_by_key(&number, |of| of.number);
            let group = number.parse().ok().and_then(|number| of_number(number).ok());
            for (index, field) in items.fields.iter().enumerate() {
                if group.is_some_and(|group| groups[group].fields[index].is_some()) {
                    continue;
                }
                let name = items.column(number, field);
                let is_near = misspelling(&name, [*column]).is_some();
                // Where other groups have the field, a name that is less near is meant too.
                let has_field = || groups.iter().any(|of| of.fields[index].is_some());
                let in_place = || items.parts(column).filter(|_| group.is_some() && has_field());
                if is_near || in_place().is_some_and(|(_, found)| suggest(field, [found]).is_some())
                {
                    misspelt.push((name, *column));
                }
            }
        }
    }
    misspelt
}

/// Whether a profile reads a column as one of a group.
pub(super) fn reads_column(profile: &Profile, column: &str) -> bool {
    profile.repeated_items.as_ref().is_some_and(|items| items.reads(column))
}
