//! Order key: which columns say of which order a row is.
//!
//! Judges a key by the rows that share it: what is of the order, such as its date, is equal in all
//! of them. Called by `survey`.

use std::collections::HashMap;

use super::{roles::Role, table::SampleTable, values::Values};

/// The columns of the key, and how the rows of an order are placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyColumns {
    /// The first is the number of the order; others tell orders of one number apart.
    pub(super) columns: Vec<usize>,
    /// The orders of the sample, each with the indexes of its rows.
    pub(super) orders: Vec<Vec<usize>>,
    /// Whether the key is filled in the first row of an order only.
    pub(super) fills_down: bool,
    /// Rows without a key, which belong to no order.
    pub(super) rows_without_key: Vec<usize>,
}

/// In so many of a thousand orders with several rows the values of the order may differ.
const MAX_DIFFERENT: usize = 20;

/// Fewer orders show nothing.
const MIN_DIFFERENT: usize = 3;

/// Columns that may tell orders of one number apart have few values.
const MAX_BRANCHES: usize = 200;

/// Finds the key of the rows of a table.
pub(super) fn find_order_key(
    table: &SampleTable,
    values: &[Values],
    roles: &[Role],
) -> Option<KeyColumns> {
    let of = |field: &str| roles.iter().find(|role| role.field == field).map(|role| role.column);
    let number = of("order.referenceId")?;
    let of_first_row: Vec<usize> =
        ["order.orderedAt", "guest.email"].into_iter().filter_map(of).collect();
    let fills_down = is_on_first_row_only(table, &values[number], number, &of_first_row);
    let key = |columns: Vec<usize>| grouped(table, columns, fills_down);
    // Rows of an order may have dates of their own, so those of guests tell more.
    let of_guest: Vec<usize> =
        ["guest.email", "guest.id.customer"].into_iter().filter_map(of).collect();
    let of_order =
        if of_guest.is_empty() { of("order.orderedAt").into_iter().collect() } else { of_guest };
    let alone = key(vec![number]);
    let limit = |key: &KeyColumns| key.orders.len() * MAX_DIFFERENT / 1000;
    let n_alone = n_different(table, &alone, &of_order);
    if fills_down || n_alone < MIN_DIFFERENT || n_alone <= limit(&alone) {
        return Some(alone);
    }
    let is_known = |column: usize| {
        roles.iter().any(|role| role.column == column && role.field != "order.status")
    };
    let branches = (0..table.columns.len()).filter(|column| {
        let values = &values[*column];
        !is_known(*column)
            && values.are_filled(99)
            && !are_line_numbers(table, &alone, *column)
            && (2..=MAX_BRANCHES).contains(&values.distinct.len())
            && values.are_identifiers()
    });
    let composite = branches
        .map(|branch| key(vec![branch, number]))
        .map(|key| (n_different(table, &key, &of_order), key))
        .min_by_key(|(different, key)| (*different, key.orders.len()));
    let composite = composite.filter(|(different, key)| *different <= limit(key));
    Some(composite.map_or(alone, |(_, composite)| composite))
}

/// Whether a column has the numbers of the rows within each order: 1, 2, 3.
fn are_line_numbers(table: &SampleTable, key: &KeyColumns, column: usize) -> bool {
    key.orders.iter().all(|rows| {
        let numbers = rows.iter().map(|row| table.cell(*row, column).parse::<usize>().ok());
        numbers.zip(1..).all(|(number, expected)| number == Some(expected))
    })
}

/// Whether rows without a key are between rows with one, and filled otherwise, but for what the first
/// row of an order says: `of_first_row`.
fn is_on_first_row_only(
    table: &SampleTable,
    values: &Values,
    number: usize,
    of_first_row: &[usize],
) -> bool {
    let n_blank = values.n_rows - values.n_filled;
    let starts_with_key = !table.cell(0, number).is_empty();
    let n_repeated = values.n_filled - values.distinct.len().min(values.n_filled);
    let is_filled = |row: &usize| {
        let n_filled = table.rows[*row].iter().filter(|cell| !cell.is_empty()).count();
        let is_of_above = |column: &usize| {
            let cell = table.cell(*row, *column);
            cell.is_empty() || *row > 0 && cell == table.cell(*row - 1, *column)
        };
        n_filled > 1 && of_first_row.iter().all(is_of_above)
    };
    let blank = (0..table.rows.len()).filter(|row| table.cell(*row, number).is_empty());
    let n_items = blank.filter(is_filled).count();
    starts_with_key && n_repeated == 0 && n_blank * 5 > values.n_filled && n_items == n_blank
}

fn grouped(table: &SampleTable, columns: Vec<usize>, fills_down: bool) -> KeyColumns {
    let mut index: HashMap<Vec<&str>, usize> = HashMap::new();
    let (mut orders, mut rows_without_key): (Vec<Vec<usize>>, Vec<usize>) =
        (Vec::new(), Vec::new());
    let mut above = Vec::new();
    for row in 0..table.rows.len() {
        let mut key: Vec<&str> = columns.iter().map(|column| table.cell(row, *column)).collect();
        if fills_down && key.iter().all(|part| part.is_empty()) {
            key.clone_from(&above);
        }
        if key.is_empty() || key.iter().any(|part| part.is_empty()) {
            rows_without_key.push(row);
            continue;
        }
        above.clone_from(&key);
        let order = *index.entry(key).or_insert_with(|| {
            orders.push(Vec::new());
            orders.len() - 1
        });
        orders[order].push(row);
    }
    KeyColumns { columns, orders, fills_down, rows_without_key }
}

/// The orders whose rows have different values of what is of the order.
fn n_different(table: &SampleTable, key: &KeyColumns, of_order: &[usize]) -> usize {
    let differs = |rows: &[usize], column: usize| {
        let mut filled = rows.iter().map(|row| table.cell(*row, column));
        let first = filled.by_ref().find(|cell| !cell.is_empty());
        first.is_some_and(|first| filled.any(|cell| !cell.is_empty() && cell != first))
    };
    let is_different = |rows: &&Vec<usize>| of_order.iter().any(|column| differs(rows, *column));
    key.orders.iter().filter(is_different).count()
}

impl KeyColumns {
    /// Whether a column has one value in each order, as far as rows have any.
    pub(super) fn is_of_order(&self, table: &SampleTable, column: usize) -> bool {
        let n_different = n_different(table, self, &[column]);
        n_different * 1000 <= self.orders.len() * MAX_DIFFERENT
    }

    /// Whether orders have several rows.
    pub(super) fn has_several_rows(&self) -> bool {
        self.orders.iter().any(|rows| rows.len() > 1)
    }
}
