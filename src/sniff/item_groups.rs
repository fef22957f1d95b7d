//! Item groups: items in numbered groups of columns, such as `Item 1 Name`, `Item 1 Price`, `Item 2
//! Name`.
//!
//! Called by `survey`.

use std::collections::{BTreeMap, BTreeSet};

use csv::StringRecord;

use super::{
    roles::n_fields_named,
    table::{SampleTable, ValueSource},
};

/// The longest name of a column in a group, in bytes.
const MAX_NAME: usize = 100;

/// The columns of one pattern.
struct ColumnGroups {
    pattern: String,
    /// The names of the fields, in the order of the first group.
    fields: Vec<String>,
    /// The column of each field of each group, by the number of the group.
    columns: BTreeMap<u32, BTreeMap<String, usize>>,
}

/// The pattern of the columns of items, and the items of all rows; none if there are none.
pub(super) fn find_item_groups(table: &SampleTable) -> Option<(String, SampleTable)> {
    let mut by_pattern: BTreeMap<String, ColumnGroups> = BTreeMap::new();
    for (column, source) in table.columns.iter().enumerate() {
        for (pattern, number, field) in readings(source.name()) {
            let groups = by_pattern.entry(pattern.clone()).or_insert_with(|| ColumnGroups {
                pattern,
                fields: Vec::new(),
                columns: BTreeMap::new(),
            });
            if !groups.fields.iter().any(|known| known == field) {
                groups.fields.push(field.to_owned());
            }
            groups.columns.entry(number).or_default().insert(field.to_owned(), column);
        }
    }
    let scored = by_pattern.into_values().filter_map(|groups| {
        let groups = groups.without_rare_fields();
        let n_fields = n_fields_named(groups.fields.iter().map(String::as_str), "item.");
        (n_fields >= 2 && groups.columns.len() >= 2).then_some((n_fields, groups))
    });
    let (_, groups) = scored.max_by_key(|(n_fields, _)| *n_fields)?;
    let items = groups.items(table);
    Some((groups.pattern, items))
}

/// The ways to read a name as one of a group: `Item 2 Price` is the field `Price` of group 2 of the
/// pattern `Item {n} *`.
fn readings(name: &str) -> Vec<(String, u32, &str)> {
    let mut found = Vec::new();
    // A pattern has braces and a star of its own. A long name has too many readings.
    if name.len() > MAX_NAME || name.contains(['{', '}', '*']) {
        return found;
    }
    let mut at = 0;
    while let Some(start) = name[at..].find(|c: char| c.is_ascii_digit()).map(|start| at + start) {
        let digits = name[start..].find(|c: char| !c.is_ascii_digit());
        let end = digits.map_or(name.len(), |n_digits| start + n_digits);
        at = end;
        let (before, after) = (&name[..start], &name[end..]);
        let field = after.trim_start_matches([' ', '_', '-', '.', ':']);
        let separator = &after[..after.len() - field.len()];
        let is_apart = !separator.is_empty() && !before.trim().is_empty() && !field.is_empty();
        if let (true, Ok(number)) = (is_apart, name[start..end].parse()) {
            found.push((format!("{before}{{n}}{separator}*"), number, field));
        }
    }
    found
}

impl ColumnGroups {
    /// Without the fields that most groups lack: their names are of something else.
    fn without_rare_fields(mut self) -> Self {
        let n_groups = self.columns.len();
        let columns = &self.columns;
        self.fields.retain(|field| {
            let n_with = columns.values().filter(|group| group.contains_key(field)).count();
            n_with * 2 >= n_groups
        });
        self
    }

    fn items(&self, table: &SampleTable) -> SampleTable {
        let columns = self.fields.iter().cloned().map(ValueSource::Field).collect();
        let (mut rows, mut parents) = (Vec::new(), Vec::new());
        for row in 0..table.rows.len() {
            for of_group in self.columns.values() {
                let cell =
                    |field| of_group.get(field).map_or("", |column| table.cell(row, *column));
                let cells: Vec<&str> = self.fields.iter().map(cell).collect();
                if cells.iter().any(|cell| !cell.is_empty()) {
                    rows.push(StringRecord::from(cells));
                    parents.push(row);
                }
            }
        }
        SampleTable { columns, rows, parents }
    }
}

/// The columns of the groups of a pattern, which are no values of the order.
pub(super) fn columns_of_pattern(table: &SampleTable, pattern: &str) -> BTreeSet<usize> {
    let is_one = |name: &str| readings(name).iter().any(|(found, ..)| found == pattern);
    let columns = table.columns.iter().enumerate();
    columns.filter(|(_, source)| is_one(source.name())).map(|(column, _)| column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_columns_are_items() {
        let names = ["Order", "Item 1 Name", "Item 1 Qty", "Item 2 Name", "Item 2 Qty", "Line 1"];
        let columns = names.iter().map(|name| ValueSource::Column((*name).to_owned())).collect();
        let rows = [["A", "Mug", "2", "Jug", "1", "x"], ["B", "Pot", "1", "", "", "y"]];
        let rows = rows.iter().map(|row| StringRecord::from(row.to_vec())).collect();
        let table = SampleTable { columns, rows, parents: Vec::new() };
        let (pattern, items) = find_item_groups(&table).unwrap();
        assert_eq!(pattern, "Item {n} *");
        assert_eq!(items.parents, [0, 0, 1]);
        assert_eq!(items.columns[1], ValueSource::Field("Qty".to_owned()));
        assert_eq!(columns_of_pattern(&table, &pattern), BTreeSet::from([1, 2, 3, 4]));
    }
}
