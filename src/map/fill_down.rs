//! Fill down: a blank cell takes the value of the row above it, within one order.
//!
//! Of exports with merged cells, which have the values of an order on its first row only. A value
//! is never taken from a row of another order, so that the rows of an order can be read alone.
//! Which rows are of an order is decided by `file_mapper`, which passes the rows in their order; in
//! a side file those with one key of its join are.

use bumpalo::Bump;

use crate::model::{
    origin::FileId,
    record::Record,
    row::{RowContent, RowDamage, Unreadable},
};

/// The columns of a file whose blank cells take the value above.
pub(super) struct FillDown {
    columns: Vec<usize>,
    /// That of the order key, if it is one of them: a row where it is blank is of the order above.
    key: Option<usize>,
}

/// What the rows above a row of a file say of it.
#[derive(Debug, Default, Clone)]
pub struct RowsAbove {
    file: Option<FileId>,
    /// The key of their last order.
    key: Option<String>,
    /// The last value of each column in that order, as far as there is one.
    values: Vec<Option<String>>,
    order: OrderAbove,
}

/// Whether a row without a key is of the last order.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum OrderAbove {
    /// There is none.
    #[default]
    None,
    /// It is.
    Known,
    /// The row of this line may have begun another one.
    Doubtful(u64),
}

impl RowsAbove {
    /// At the start of a file, or after a header within it.
    pub(super) fn begin(&mut self, file: FileId) {
        if self.file != Some(file) {
            *self = Self { file: Some(file), ..Self::default() };
        }
    }

    /// The next row is of the order with this key; none if it is not known.
    fn enter(&mut self, key: Option<&str>, line: u64) {
        if self.key.as_deref() != key || key.is_none() {
            self.values.fill(None);
            self.key = key.map(str::to_owned);
        }
        self.order = match key {
            Some(_) => OrderAbove::Known,
            None => OrderAbove::Doubtful(line),
        };
    }
}

impl FillDown {
    /// None if no column is filled. `key` has the columns of the order key, or of that of a join.
    pub(super) fn new(columns: Vec<usize>, key: &[usize]) -> Option<Self> {
        let key = key.iter().copied().find(|key| columns.contains(key));
        (!columns.is_empty()).then_some(Self { columns, key })
    }

    /// Whether it fills the column of the key.
    pub(super) fn fills_key(&self) -> bool {
        self.key.is_some()
    }

    /// Fills the blank cells of a record on this line. `own_key` is its order key as it stands.
    pub(super) fn fill<'a>(
        &self,
        record: &Record<'a>,
        (own_key, line): (Option<&str>, u64),
        above: &mut RowsAbove,
        texts: &'a Bump,
    ) -> RowContent<'a> {
        above.values.resize(self.columns.len(), None);
        if let Some(key) = self.key.filter(|key| record.cell(*key).is_empty()) {
            let why = match above.order {
                OrderAbove::Known => None,
                OrderAbove::None => Some("no row above has a value".to_owned()),
                OrderAbove::Doubtful(line) => Some(format!(
                    "the row of line {line} above, which is unreadable or ignored, may be of \
                     another order"
                )),
            };
            if let Some(why) = why {
                return unfilled(*record, key, &why);
            }
        } else {
            above.enter(own_key, line);
        }
        for (column, value) in self.columns.iter().zip(&mut above.values) {
            let cell = record.cell(*column);
            if !cell.is_empty() {
                *value = Some(cell.to_owned());
            }
        }
        let value_of = |column: usize| {
            let index = self.columns.iter().position(|filled| *filled == column)?;
            above.values[index].as_deref()
        };
        let is_blank = |column: &&usize| record.cell(**column).is_empty();
        if !self.columns.iter().any(|column| is_blank(&column)) {
            return RowContent::Record(*record);
        }
        let filled = record.with_cells(value_of, texts);
        let mut blank = self.columns.iter().filter(is_blank);
        match blank.find(|column| value_of(**column).is_none()) {
            Some(column) => unfilled(filled, *column, "no row of its order above has a value"),
            None => RowContent::Record(filled),
        }
    }

    /// Passes a row that cannot be read, with its order key if that is certain.
    pub(super) fn pass_unreadable(
        &self,
        unreadable: &Unreadable<'_>,
        (key, line): (Option<&str>, u64),
        above: &mut RowsAbove,
    ) {
        // Otherwise each row has a key of its own.
        let Some(column) = self.key else { return };
        above.values.resize(self.columns.len(), None);
        above.enter(key, line);
        if let (Some(_), Some(RowContent::Record(record))) = (key, unreadable.salvaged.as_deref())
            && let Some(index) = self.columns.iter().position(|filled| *filled == column)
        {
            above.values[index] = Some(record.cell(column).to_owned());
        }
    }

    /// Passes a row that belongs to no order. Its values are not taken. If it has another order
    /// key, it may have begun an order, and the rows below it may be of that one.
    pub(super) fn pass_ignored(&self, content: &RowContent<'_>, line: u64, above: &mut RowsAbove) {
        let record = match content {
            RowContent::Unreadable(unreadable) => unreadable.salvaged.as_deref(),
            content => Some(content),
        };
        let (Some(RowContent::Record(record)), Some(key)) = (record, self.key) else { return };
        let index = self.columns.iter().position(|column| *column == key);
        let known = index.and_then(|index| above.values.get(index)?.as_deref());
        let text = record.cell(key);
        if !text.is_empty() && known != Some(text) {
            above.order = OrderAbove::Doubtful(line);
        }
    }
}

fn unfilled<'a>(record: Record<'a>, column: usize, why: &str) -> RowContent<'a> {
    let name = record.header.names.get(column).map_or("", String::as_str);
    RowContent::Unreadable(Unreadable {
        reason: format!("the cell of column {name:?} is blank (fill_down), and {why}"),
        at: None,
        column_name: None,
        damage: RowDamage::Other,
        salvaged: Some(Box::new(RowContent::Record(record))),
    })
}
