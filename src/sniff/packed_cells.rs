//! Packed cells: a list of items in one cell, such as `sku:M-1|qty:2;sku:K-7|qty:1` or
//! `Mug|10.99; Jug|5.00`.
//!
//! Takes only a form that all filled cells of a column have. Called by `survey`.

use std::collections::BTreeMap;

use csv::StringRecord;

use super::{
    number_forms::NumberForms,
    roles::n_fields_named,
    table::{SampleTable, ValueSource},
};

/// How a cell holds items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PackedForm {
    /// The column, by its index.
    pub(super) column: usize,
    /// What is between two items.
    pub(super) separator: &'static str,
    /// What is between two fields.
    pub(super) fields: &'static str,
    /// What is between the name of a field and its value; none if fields are known by position.
    pub(super) assign: Option<&'static str>,
    pub(super) names: Vec<String>,
}

const ITEM_SEPARATORS: [&str; 5] = [";", "\n", "||", "|", ", "];
const FIELD_SEPARATORS: [&str; 4] = ["|", ",", ";", "~"];
const ASSIGNS: [&str; 2] = [":", "="];

/// More fields are no item.
const MAX_FIELDS: usize = 20;

/// The form of the packed items of a table, and all of them; none if there are none.
pub(super) fn find_packed_items(table: &SampleTable) -> Option<(PackedForm, SampleTable)> {
    for column in 0..table.columns.len() {
        let cells: Vec<&str> = table.cells(column).filter(|cell| !cell.is_empty()).collect();
        if cells.is_empty() {
            continue;
        }
        let form = named_form(column, &cells).or_else(|| positional_form(column, &cells));
        if let Some(form) = form {
            let items = items(table, &form);
            return Some((form, items));
        }
    }
    None
}

/// The separators, without those that are a part of another one.
fn separators() -> impl Iterator<Item = (&'static str, &'static str)> {
    let pairs = ITEM_SEPARATORS
        .into_iter()
        .flat_map(|separator| FIELD_SEPARATORS.map(|fields| (separator, fields)));
    pairs.filter(|(separator, fields)| !separator.contains(fields))
}

/// A form whose fields have names, of which two at least are those of items.
fn named_form(column: usize, cells: &[&str]) -> Option<PackedForm> {
    let forms = separators()
        .flat_map(|(separator, fields)| ASSIGNS.map(|assign| (separator, fields, assign)));
    forms.into_iter().find_map(|(separator, fields, assign)| {
        let mut names: Vec<String> = Vec::new();
        for item in cells.iter().flat_map(|cell| cell.split(separator)) {
            for field in item.split(fields) {
                let (name, _) = field.split_once(assign)?;
                let name = name.trim();
                let is_name = !name.is_empty() && name.len() <= 40 && !name.contains('\n');
                if !is_name || names.len() > MAX_FIELDS {
                    return None;
                }
                if !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
        }
        let are_items = n_fields_named(names.iter().map(String::as_str), "item.") >= 2;
        let assign = Some(assign);
        are_items.then_some(PackedForm { column, separator, fields, assign, names })
    })
}

/// A form whose fields have positions: all items have equally many, one of them a number, and a cell
/// has several items.
fn positional_form(column: usize, cells: &[&str]) -> Option<PackedForm> {
    separators().find_map(|(separator, fields)| {
        let n_fields = cells.first()?.split(separator).next()?.split(fields).count();
        let mut items: Vec<Vec<&str>> = Vec::new();
        for item in cells.iter().flat_map(|cell| cell.split(separator)) {
            let item: Vec<&str> = item.split(fields).map(str::trim).collect();
            if item.len() != n_fields || !(2..=MAX_FIELDS).contains(&n_fields) {
                return None;
            }
            items.push(item);
        }
        if items.len() == cells.len() {
            return None;
        }
        let names = names_by_values(&items, n_fields)?;
        Some(PackedForm { column, separator, fields, assign: None, names })
    })
}

/// Names for fields by their values: a text is the name, a number with decimals the price, another
/// number the quantity. None without a name and a number.
fn names_by_values(items: &[Vec<&str>], n_fields: usize) -> Option<Vec<String>> {
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    let mut names = Vec::new();
    for field in 0..n_fields {
        let mut forms = NumberForms::default();
        let are_numbers = items.iter().all(|item| forms.add(item[field]));
        let name = match (are_numbers, forms.has_decimals()) {
            (false, _) => "name",
            (true, true) => "price",
            (true, false) => "quantity",
        };
        let number = used.entry(name).or_insert(0);
        *number += 1;
        names.push(if *number == 1 { name.to_owned() } else { format!("{name}{number}") });
    }
    let has = |name: &str| used.contains_key(name);
    (has("name") && (has("price") || has("quantity"))).then_some(names)
}

fn items(table: &SampleTable, form: &PackedForm) -> SampleTable {
    let (mut rows, mut parents) = (Vec::new(), Vec::new());
    for (row, cell) in table.cells(form.column).enumerate().filter(|(_, cell)| !cell.is_empty()) {
        for item in cell.split(form.separator) {
            let mut cells = vec![""; form.names.len()];
            for (position, field) in item.split(form.fields).enumerate() {
                let named = form.assign.and_then(|assign| field.split_once(assign));
                let (index, value) = match named {
                    Some((name, value)) => {
                        (form.names.iter().position(|known| known == name.trim()), value)
                    }
                    None => (Some(position), field),
                };
                if let Some(slot) = index.and_then(|index| cells.get_mut(index)) {
                    *slot = value.trim();
                }
            }
            rows.push(StringRecord::from(cells));
            parents.push(row);
        }
    }
    let columns = form.names.iter().cloned().map(ValueSource::Field).collect();
    SampleTable { columns, rows, parents }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(cells: &[&str]) -> Option<(PackedForm, SampleTable)> {
        let rows = cells.iter().map(|cell| StringRecord::from(vec!["1", *cell])).collect();
        let columns =
            ["Order", "Products"].map(|name| ValueSource::Column(name.to_owned())).to_vec();
        find_packed_items(&SampleTable { columns, rows, parents: Vec::new() })
    }

    #[test]
    fn named_fields_are_known_by_their_names() {
        let (form, items) =
            packed(&["name:Mug|sku:M-1|quantity:2;name:Jug|sku:K-7|quantity:1", ""]).unwrap();
        assert_eq!((form.separator, form.fields, form.assign), (";", "|", Some(":")));
        assert_eq!(form.names, ["name", "sku", "quantity"]);
        assert_eq!((items.rows.len(), items.cell(1, 1)), (2, "K-7"));
    }

    #[test]
    fn fields_without_names_are_known_by_their_values() {
        let (form, items) = packed(&["Mug|10.99; Jug|5.00", "Pot|7.50"]).unwrap();
        assert_eq!((form.assign, form.names), (None, vec!["name".to_owned(), "price".to_owned()]));
        assert_eq!((items.rows.len(), items.cell(1, 0)), (3, "Jug"));
    }

    #[test]
    fn other_texts_are_no_items() {
        assert!(packed(&["Main Street 1; Berlin", "Side Street 2; Ulm"]).is_none());
        assert!(packed(&["vip, new", "vip"]).is_none());
        assert!(packed(&["10:15", "11:30"]).is_none());
        assert!(packed(&["Mug", "Jug"]).is_none());
    }
}
