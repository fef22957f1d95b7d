//! Draft of the items: their name, product, quantity and price.
//!
//! Called by `drafting`.

use super::{
    draft::{DraftSection, list, quoted},
    draft_order::amount,
    draft_values::{by_name, rule},
    prices::{AmountMarks, Basis, ItemAmounts, Sums},
    survey::{CellItems, Level, Survey},
};

/// What the prices of items are, by the orders of the sample.
#[derive(Debug, Clone, Default)]
pub(super) struct PriceFindings {
    /// What they are for, and whether the sums of the orders show it.
    pub(super) basis: Option<(Basis, bool)>,
    /// Whether nothing says what they are for.
    pub(super) is_open: bool,
    pub(super) has_line_price: bool,
    /// Whether the order has no total of its own.
    pub(super) is_sum_of_lines: bool,
    /// How often the sums are right, in words.
    pub(super) evidence: String,
}

/// The fields that an item has in most exports.
const FIELDS: [&str; 5] =
    ["item.name", "item.productId", "item.quantity", "item.price", "item.line_price"];

impl PriceFindings {
    pub(super) fn of(survey: &Survey) -> Self {
        let level = survey.item_level();
        let (unit_price, line_price) =
            (level.column("item.price"), level.column("item.line_price"));
        let has_price = unit_price.is_some() || line_price.is_some();
        let is_sum_of_lines = survey.rows.column("order.price").is_none() && has_price;
        let mut prices =
            Self { is_sum_of_lines, has_line_price: line_price.is_some(), ..Self::default() };
        let Some(column) = unit_price else { return prices };
        // Whole numbers have no marks.
        let marks = survey.marks.unwrap_or(AmountMarks { decimal: '.', thousands: None });
        let sums = sums(survey, column, marks);
        let says_unit = level.roles.iter().any(|role| role.column == column && role.score > 75);
        let quantity = level.column("item.quantity");
        let is_always_one = quantity.is_none_or(|quantity| {
            level.values[quantity].distinct.iter().all(|(text, _)| is_one(text))
        });
        prices.basis = match sums.basis() {
            Some(basis) => Some((basis, sums.are_sure())),
            None if says_unit || is_always_one => Some((Basis::Unit, false)),
            None => None,
        };
        prices.is_open = prices.basis.is_none();
        prices.evidence = evidence(&sums);
        prices
    }
}

fn is_one(text: &str) -> bool {
    text.trim_end_matches(['0', '.', ',']) == "1" || text == "1"
}

/// How often the sums are right, in words; empty if no order shows it.
fn evidence(sums: &Sums) -> String {
    if sums.telling == 0 {
        return String::new();
    }
    let (n_right, how) = match sums.basis() {
        Some(Basis::Line) => (sums.right_by_line, "prices add up"),
        _ => (sums.right_by_unit, "quantity × price adds up"),
    };
    format!("{how} to the total in {n_right} of {} orders that show it", sums.telling)
}

/// How the prices of a column add up to the totals of the orders.
fn sums(survey: &Survey, price: usize, marks: AmountMarks) -> Sums {
    let level = survey.item_level();
    let mut sums = Sums::default();
    let columns = survey.rows.column("order.price").zip(level.column("item.quantity"));
    let Some((total, quantity)) = columns else { return sums };
    for (order, items) in orders(survey) {
        let mut totals = order.iter().map(|row| survey.rows.table.cell(*row, total));
        let Some(total) = totals.find(|text| !text.is_empty()) else { continue };
        let amounts = items.iter().map(|row| ItemAmounts {
            quantity: level.table.cell(*row, quantity),
            price: level.table.cell(*row, price),
        });
        let amounts: Vec<_> = amounts.filter(|item| !item.price.is_empty()).collect();
        if !amounts.is_empty() {
            sums.add(total, &amounts, marks);
        }
    }
    sums
}

/// The rows of each order, and the rows of its items.
fn orders(survey: &Survey) -> Vec<(Vec<usize>, Vec<usize>)> {
    if let Some(items) = &survey.items {
        let mut of_document: Vec<(Vec<usize>, Vec<usize>)> =
            (0..survey.rows.table.rows.len()).map(|row| (vec![row], Vec::new())).collect();
        for (item, document) in items.table.parents.iter().enumerate() {
            of_document[*document].1.push(item);
        }
        return of_document;
    }
    let orders = survey.key.iter().flat_map(|key| &key.orders);
    orders.map(|rows| (rows.clone(), rows.clone())).collect()
}

/// Whether the export has values of items.
pub(super) fn has_items(survey: &Survey) -> bool {
    let level = survey.item_level();
    FIELDS.iter().any(|field| level.column(field).is_some())
}

/// The sections of the items, if the export has any.
pub(super) fn item_sections(survey: &Survey, prices: &PriceFindings) -> Vec<DraftSection> {
    let level = survey.item_level();
    if !has_items(survey) {
        return Vec::new();
    }
    let mut sections: Vec<_> =
        survey.cell_items.iter().map(|items| cell_section(items, survey)).collect();
    sections.push(fields_section(level, prices));
    sections
}

/// How the items are written in the cells of a row.
fn cell_section(items: &CellItems, survey: &Survey) -> DraftSection {
    match items {
        CellItems::Repeated(pattern) => {
            let mut section = DraftSection::new("[items.repeated]");
            section.sure("columns", quoted(pattern), "the columns are numbered so");
            section
        }
        CellItems::Packed(form) => {
            let mut section = DraftSection::new("[items.packed]");
            let source = survey.rows.source(form.column);
            section.sure(source.key(), quoted(source.name()), "each cell is a list of items");
            section.sure("separator", quoted(form.separator), "");
            let assign = form.assign.map(|assign| format!("assign = {}, ", quoted(assign)));
            let names: Vec<&str> = form.names.iter().map(String::as_str).collect();
            let fields = format!(
                "{{ separator = {}, {}names = {} }}",
                quoted(form.fields),
                assign.unwrap_or_default(),
                list(&names)
            );
            let has_names = form.assign.is_some();
            let note = if has_names { "" } else { "named by what is in them" };
            section.found(has_names, "fields", fields, note);
            section
        }
    }
}

fn fields_section(level: &Level, prices: &PriceFindings) -> DraftSection {
    let mut section = DraftSection::new("[item]");
    plain_rule(&mut section, level, "item.name", "name");
    plain_rule(&mut section, level, "item.productId", "productId");
    plain_rule(&mut section, level, "item.quantity", "quantity");
    // Of both prices the one that the sums confirm is enough.
    if let Some(column) = level.column("item.price") {
        amount(&mut section, "price", level, column);
    }
    if let Some(column) =
        level.column("item.line_price").filter(|_| prices.basis.is_none_or(|(_, is_sure)| !is_sure))
    {
        amount(&mut section, "line_price", level, column);
    }
    section
}

fn plain_rule(section: &mut DraftSection, level: &Level, field: &str, key: &str) {
    if let Some(column) = level.column(field) {
        by_name(section, key, rule(level.source(column)));
    }
}
