//! Survey of one file: its encoding and layout, and the likely roles of its columns.
//!
//! Writes nothing: `drafting` makes a profile of it. Called by `drafting`.

use super::{
    csv_layout::{CsvLayout, csv_table},
    encoding::EncodingFinding,
    item_groups::{columns_of_pattern, find_item_groups},
    json_layout::{JsonLayout, json_tables},
    number_forms::NumberForms,
    order_key::{KeyColumns, find_order_key},
    packed_cells::{PackedForm, find_packed_items},
    prices::AmountMarks,
    roles::{Role, find_roles},
    table::{SampleTable, ValueSource},
    values::Values,
};
use crate::read::{Sample, sample_text};

/// What was found in a file.
#[derive(Debug)]
pub struct Survey {
    /// The name of the file, as the user named it.
    pub name: String,
    pub(super) encoding: EncodingFinding,
    pub(super) layout: FileLayout,
    /// The rows of CSV, or the documents of JSON.
    pub(super) rows: Level,
    /// The items of JSON documents.
    pub(super) items: Option<Level>,
    /// How the items are written, if they are not rows or elements of an array.
    pub(super) cell_items: Option<CellItems>,
    pub(super) key: Option<KeyColumns>,
    /// The marks of its amounts, as far as they show.
    pub(super) marks: Option<AmountMarks>,
}

/// How a file is written.
#[derive(Debug)]
pub(super) enum FileLayout {
    Csv(CsvLayout),
    Json(JsonLayout),
}

impl FileLayout {
    /// The key of a rule that names where a value is.
    pub(super) fn source_key(&self) -> &'static str {
        match self {
            Self::Csv(_) => "column",
            Self::Json(_) => "path",
        }
    }
}

/// Items in the cells of a row.
#[derive(Debug)]
pub(super) enum CellItems {
    /// All of them in one cell.
    Packed(PackedForm),
    /// Each in a group of columns, by the pattern of their names.
    Repeated(String),
}

/// Rows of one kind with the roles of their columns.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) table: SampleTable,
    pub(super) values: Vec<Values>,
    pub(super) roles: Vec<Role>,
}

impl Level {
    fn new(table: SampleTable, is_wanted: impl Fn(&str) -> bool) -> Self {
        let n_columns = table.columns.len();
        let values: Vec<_> = (0..n_columns).map(|index| Values::of(table.cells(index))).collect();
        let roles = find_roles(&table, &values, is_wanted);
        Self { table, values, roles }
    }

    /// The column of a field.
    pub(super) fn column(&self, field: &str) -> Option<usize> {
        self.roles.iter().find(|role| role.field == field).map(|role| role.column)
    }

    pub(super) fn source(&self, column: usize) -> &ValueSource {
        &self.table.columns[column]
    }

    pub(super) fn numbers(&self, column: usize) -> Option<&NumberForms> {
        self.values[column].numbers.as_ref()
    }

    /// Gives a column another role.
    pub(super) fn assign(&mut self, field: &'static str, column: usize) {
        self.roles.retain(|role| role.field != field && role.column != column);
        self.roles.push(Role { field, column, score: 0 });
    }

    /// The columns without a role.
    pub(super) fn unused(&self) -> impl Iterator<Item = usize> {
        (0..self.table.columns.len())
            .filter(|column| !self.roles.iter().any(|role| role.column == *column))
    }
}

/// Fields whose values are amounts of money.
const AMOUNTS: [&str; 3] = ["order.price", "item.price", "item.line_price"];

/// The items in the cells of rows, if there are any.
fn cell_items(rows: &SampleTable) -> Option<(CellItems, SampleTable)> {
    let repeated = find_item_groups(rows);
    let repeated = repeated.map(|(pattern, items)| (CellItems::Repeated(pattern), items));
    repeated
        .or_else(|| find_packed_items(rows).map(|(form, items)| (CellItems::Packed(form), items)))
}

impl Survey {
    /// Looks at a sample, as it reads in the likeliest encoding. None if it is neither a table nor
    /// JSON.
    #[must_use]
    pub fn new(name: &str, sample: &Sample, encoding: EncodingFinding) -> Option<Self> {
        let decode = |bytes: &Vec<u8>| sample_text(bytes, encoding.likeliest()).text;
        let start = decode(&sample.start);
        let parts: Vec<String> = sample.parts.iter().map(decode).collect();
        let is_json = start.trim_start().starts_with(['{', '[']);
        let (layout, rows, items) = if is_json {
            let (layout, documents, items) = json_tables(&start, &parts)?;
            (FileLayout::Json(layout), documents, items)
        } else {
            let (layout, rows) = csv_table(&start, &parts, sample.is_whole())?;
            (FileLayout::Csv(layout), rows, SampleTable::default())
        };
        let found = items.columns.is_empty().then(|| cell_items(&rows)).flatten();
        let (cell_items, items) = match found {
            Some((form, items)) => (Some(form), items),
            None => (None, items),
        };
        let has_items = !items.columns.is_empty();
        let mut rows = Level::new(rows, |field| !has_items || !field.starts_with("item."));
        if let Some(CellItems::Repeated(pattern)) = &cell_items {
            let of_items = columns_of_pattern(&rows.table, pattern);
            rows.roles.retain(|role| !of_items.contains(&role.column));
        }
        let items = has_items.then(|| Level::new(items, |field| field.starts_with("item.")));
        let (name, key, marks) = (name.to_owned(), None, None);
        let mut survey = Self { name, encoding, layout, rows, items, cell_items, key, marks };
        survey.find_key();
        survey.find_marks();
        Some(survey)
    }

    /// Takes the rows of another file for the items; `columns` are its columns as rules name them.
    pub(super) fn set_items(&mut self, items: SampleTable, columns: Vec<ValueSource>) {
        self.rows.roles.retain(|role| !role.field.starts_with("item."));
        let mut items = Level::new(items, |field| field.starts_with("item."));
        items.table.columns = columns;
        self.items = Some(items);
        self.cell_items = None;
        self.find_marks();
    }

    /// Adds what another file says of the guests to the rows, each of which has a row of it; `columns`
    /// are its columns as rules name them.
    pub(super) fn set_guests(&mut self, guests: SampleTable, columns: Vec<ValueSource>) {
        let guests = Level::new(guests, |field| field.starts_with("guest."));
        let n_own = self.rows.table.columns.len();
        for role in guests.roles {
            if self.rows.column(role.field).is_none() {
                self.rows.roles.push(Role { column: n_own + role.column, ..role });
            }
        }
        self.rows.table.columns.extend(columns);
        self.rows.values.extend(guests.values);
        for (row, of_guest) in self.rows.table.rows.iter_mut().zip(&guests.table.rows) {
            row.extend(of_guest);
        }
    }

    /// The level that has the items.
    pub(super) fn item_level(&self) -> &Level {
        self.items.as_ref().unwrap_or(&self.rows)
    }

    /// The columns of amounts of money, of the orders and of their items.
    pub(super) fn amounts(&self) -> impl Iterator<Item = (&Level, usize)> {
        let levels = [Some(&self.rows), self.items.as_ref()].into_iter().flatten();
        levels.flat_map(|level| {
            AMOUNTS.iter().filter_map(move |field| Some((level, level.column(field)?)))
        })
    }

    /// What the numbers in these columns show.
    pub(super) fn amount_forms(&self) -> impl Iterator<Item = &NumberForms> {
        self.amounts().filter_map(|(level, column)| level.numbers(column))
    }

    /// Whether its rows are orders or parts of them: they have a number and a date.
    pub(super) fn n_order_fields(&self) -> usize {
        let fields = ["order.referenceId", "order.orderedAt", "order.status", "order.price"];
        fields.into_iter().filter(|field| self.rows.column(field).is_some()).count()
    }

    /// How many fields of items its rows have.
    pub(super) fn n_item_fields(&self) -> usize {
        self.rows.roles.iter().filter(|role| role.field.starts_with("item.")).count()
    }

    fn find_key(&mut self) {
        let Level { table, values, roles } = &self.rows;
        if self.items.is_none() {
            self.key = find_order_key(table, values, roles);
        }
        // A total that differs from row to row is one of the line.
        let total = self.rows.column("order.price");
        if let (Some(key), Some(total)) = (&self.key, total)
            && key.has_several_rows()
            && !key.is_of_order(&self.rows.table, total)
        {
            if self.rows.column("item.line_price").is_none() {
                self.rows.assign("item.line_price", total);
            } else {
                self.rows.roles.retain(|role| role.column != total);
            }
        }
    }

    fn find_marks(&mut self) {
        let forms: Vec<&NumberForms> = self.amount_forms().collect();
        self.marks = AmountMarks::of(forms.into_iter());
    }
}
