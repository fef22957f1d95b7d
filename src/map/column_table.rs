//! Column table: a table that is looked up by the texts of several columns, such as the state and
//! the payment of an order.
//!
//! Compiled by `combination`, looked up by `combined_value`.

use super::{
    key_errors::{KeyError, WHOLE_RULE},
    rule_text::{RuleText, TableValue},
};

/// What a row of a table has in place of a text that does not matter.
const ANY: &str = "*";

/// A table with a column for each source of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ColumnTable {
    rows: Vec<LookupRow>,
    /// What texts yield that are in no row.
    other: Option<TableValue>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct LookupRow {
    /// For each source its text; none if any text matches.
    texts: Vec<Option<String>>,
    value: TableValue,
}

impl LookupRow {
    fn new(cells: &[TableValue]) -> Option<Self> {
        let (value, texts) = cells.split_last()?;
        let text = |cell: &TableValue| match cell {
            TableValue::Text(text) => Some(Some(text.clone()).filter(|text| text != ANY)),
            TableValue::Skip { .. } => None,
        };
        let texts = texts.iter().map(text).collect::<Option<_>>()?;
        Some(Self { texts, value: value.clone() })
    }

    fn matches(&self, texts: &[&str]) -> bool {
        let mut both = self.texts.iter().zip(texts);
        both.all(|(expected, text)| expected.as_ref().is_none_or(|expected| expected == text))
    }

    /// Whether it matches all that another row matches.
    fn covers(&self, other: &Self) -> bool {
        let mut both = self.texts.iter().zip(&other.texts);
        both.all(|(expected, text)| expected.is_none() || expected == text)
    }
}

impl ColumnTable {
    /// Compiles the table of a rule with this number of sources.
    pub(super) fn new(text: &RuleText, n_sources: usize) -> Result<Self, KeyError> {
        let rows = text.table.as_deref().unwrap_or_default();
        if rows.is_empty() {
            return Err(("table", "is empty, expected rows".into()));
        }
        if matches!(&text.other, Some(TableValue::Text(other)) if other == "keep") {
            let error = "\"keep\" is for values; which of several columns to keep is not known";
            return Err(("other", error.into()));
        }
        let mut compiled: Vec<LookupRow> = Vec::new();
        for (index, cells) in rows.iter().enumerate() {
            let number = index + 1;
            let row = LookupRow::new(cells).filter(|row| row.texts.len() == n_sources);
            let row = row.ok_or_else(|| {
                let error = format!(
                    "row {number} of the table is no row of this rule; expected {n_sources} texts, \
                     one for each column, and a value or {{ skip = \"reason\" }}"
                );
                (WHOLE_RULE, error)
            })?;
            if row.texts.iter().all(|text| text.as_deref() == Some("")) {
                let error = format!(
                    "row {number} of the table is for empty cells only, which have no value; \
                     expected a default"
                );
                return Err((WHOLE_RULE, error));
            }
            if let Some(before) = compiled.iter().position(|before| before.covers(&row)) {
                let error = format!(
                    "row {number} of the table never counts: row {} matches all of it",
                    before + 1
                );
                return Err((WHOLE_RULE, error));
            }
            compiled.push(row);
        }
        Ok(Self { rows: compiled, other: text.other.clone() })
    }

    /// The texts of its rows that are not empty, each with the index of its row.
    pub(super) fn texts(&self) -> impl Iterator<Item = (usize, &str)> {
        let rows = self.rows.iter().enumerate();
        let texts = rows.flat_map(|(index, row)| row.texts.iter().map(move |text| (index, text)));
        let filled = texts.filter_map(|(index, text)| Some((index, text.as_deref()?)));
        filled.filter(|(_, text)| !text.is_empty())
    }

    /// The value of the first row that matches, with its number from 1, or that of other texts.
    pub(super) fn find(&self, texts: &[&str]) -> Option<(Option<usize>, &TableValue)> {
        let found = self.rows.iter().enumerate().find(|(_, row)| row.matches(texts));
        match found {
            Some((index, row)) => Some((Some(index + 1), &row.value)),
            None => self.other.as_ref().map(|other| (None, other)),
        }
    }
}
