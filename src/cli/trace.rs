//! Traces of orders on the terminal: how each value came to be, at most 80 columns where the values
//! allow it.
//!
//! Chooses the layout and the words between the facts; the facts are in the [`OrderTrace`]. Called
//! by `run`.

use super::{
    diagnostics,
    folding::{LineWidth, MAX_COLUMNS},
};
use crate::{
    model::{
        cut_text::{cut_end, cut_start, display_width as width},
        folded::folded,
        money::Amount,
        order_trace::{ExplainedOrders, OrderTrace, TracedItem, TracedValue, ValueOrigin},
        origin::{FileId, InputNames, Place, Position, RowOrigin},
        outcome::{OrderResult, Outcome},
        printable::printable,
    },
    report::numbers::count,
};

/// The column at which the facts beside a label begin.
const LABEL: usize = 15;

/// Maximum characters of a reference, of a value, and of a name in a table.
const MAX_REFERENCE: usize = 60;
const MAX_VALUE: usize = 40;
const MAX_NAME: usize = 24;

/// Characters that a value, a name and the place of a line have in any case.
const MIN_VALUE: usize = 20;
const MIN_NAME: usize = 12;
const MAX_LINE: usize = 10;

/// Characters of a time, which is cut last.
const TIME: usize = 24;

/// Columns for what was done, as far as the others leave them, and the fewest.
const DONE: usize = 22;
const MIN_DONE: usize = 16;

/// Maximum lines of the file that are listed one by one.
const MAX_LINES: usize = 4;

/// The fields of an item that its own line shows.
const ITEM_LINE: [&str; 4] = ["productId", "name", "quantity", "price"];

/// A trace as text with styles, and the events as lines of JSON.
pub(super) struct RenderedTrace<'t> {
    pub(super) text: String,
    pub(super) events: &'t [String],
}

/// Renders the traces of all orders.
pub(super) fn render(explained: &ExplainedOrders) -> Vec<RenderedTrace<'_>> {
    let render = |trace| render_one(trace, &explained.names);
    explained.orders.iter().map(render).collect()
}

/// The messages about references that no order has.
pub(super) fn unknown(explained: &ExplainedOrders) -> impl Iterator<Item = String> {
    explained.unknown.iter().map(|(name, near)| {
        let near: Vec<_> = near.iter().map(|near| format!("{near:?}")).collect();
        let hint = match near.as_slice() {
            [] => String::new(),
            near => format!("\n  hint: did you mean {}?", near.join(" or ")),
        };
        format!("error: no order {name:?} in the export{hint}")
    })
}

fn render_one<'t>(trace: &'t OrderTrace, names: &InputNames) -> RenderedTrace<'t> {
    let table = ValueTable::of(trace, names);
    let is_sent = matches!(&trace.result, Some(result) if result.outcome == Outcome::Valid);
    let mut text = heading(trace, names) + "\n\n" + &table.heading();
    text.extend(trace.values.iter().map(|value| table.lines(value)));
    text.push('\n');
    text += &item_lines(trace, &table);
    text.push('\n');
    text += &person_lines("guest", &trace.guest, &identifiers(trace), &table);
    for of_role in trace.people.chunk_by(|(one, _), (other, _)| one == other) {
        for (index, (role, values)) in of_role.iter().enumerate() {
            text += &person_lines(&format!("{role} {}", index + 1), values, "", &table);
        }
    }
    text.push('\n');
    text += &labelled("sent as", &sent_as(trace, is_sent));
    text += &labelled("ledger", &trace.ledger);
    if !trace.diagnostics.is_empty() {
        text += "\n";
        text += &diagnostics::render(&trace.diagnostics, LineWidth::PIPE);
    }
    let events = trace.events.as_ref().filter(|_| is_sent).map(|events| events.texts.as_slice());
    if events.is_some() {
        text += "\nevents\n";
    }
    RenderedTrace { text: text.trim_end().to_owned(), events: events.unwrap_or_default() }
}

fn heading(trace: &OrderTrace, names: &InputNames) -> String {
    let outcome = trace.result.as_ref().map_or("not decided", |result| result.outcome.as_str());
    let places = trace.rows.chunk_by(|one, other| one.file == other.file);
    let places: Vec<_> =
        places.map(|rows| printable(&lines_of_file(rows, names)).into_owned()).collect();
    let order =
        format!("order {}  {outcome}", cut_end(&printable(&trace.reference), MAX_REFERENCE));
    let line = format!("{order}  {}", places.join("; "));
    if width(&line) <= MAX_COLUMNS {
        return line;
    }
    // The end of a path is its file, and the lines.
    let places = places.iter().map(|place| cut_start(place, MAX_COLUMNS - 2));
    places.fold(order, |text, place| format!("{text}\n  {place}"))
}

fn lines_of_file(rows: &[RowOrigin], names: &InputNames) -> String {
    let lines: Vec<_> = rows.iter().map(|row| row.line.to_string()).collect();
    let file = rows.first().map_or("", |row| names.get(row.file));
    let lines = match lines.as_slice() {
        [line] => format!("line {line}"),
        [first, .., last] if lines.len() > MAX_LINES => {
            format!("{} lines from {first} to {last}", count(lines.len() as u64))
        }
        [others @ .., last] => format!("lines {} and {last}", others.join(", ")),
        [] => String::new(),
    };
    format!("{file}, {lines}")
}

/// The columns of the tables of one order.
struct ValueTable<'n> {
    names: &'n InputNames,
    /// The file of the rows, if it is one: lines of it have no name.
    only_file: Option<FileId>,
    field: usize,
    value: usize,
    from: usize,
    line: usize,
}

impl<'n> ValueTable<'n> {
    fn of(trace: &OrderTrace, names: &'n InputNames) -> Self {
        let mut files = trace.rows.iter().map(|row| row.file);
        let first = files.next();
        let only_file = first.filter(|first| files.all(|file| file == *first));
        let mut table = Self { names, only_file, field: 0, value: 0, from: 0, line: 0 };
        let items = trace.items.iter().flat_map(own_rows);
        for value in trace.values.iter().chain(items) {
            table.field = table.field.max(width(&value.field)).min(MAX_NAME);
            table.value = table.value.max(width(&value.value)).min(MAX_VALUE);
            if let ValueOrigin::Cell(place) = &value.from {
                let (column, line) = table.place(place);
                table.from = table.from.max(width(&column)).min(MAX_NAME);
                table.line = table.line.max(width(&line));
            }
        }
        table.field = table.field.max(LABEL - 3);
        // As wide as their headings.
        (table.value, table.from) = (table.value.max(5), table.from.max(4));
        table.line = table.line.clamp(1, MAX_LINE);
        table.shrink_for(DONE, |table| &mut table.from, MIN_NAME);
        table.shrink_for(MIN_DONE, |table| &mut table.value, TIME);
        table.shrink_for(MIN_DONE, |table| &mut table.field, MIN_NAME);
        table.shrink_for(MIN_DONE, |table| &mut table.value, MIN_VALUE);
        table
    }

    /// Takes columns from a width, down to a minimum, that what was done needs.
    fn shrink_for(&mut self, done: usize, of: impl Fn(&mut Self) -> &mut usize, min: usize) {
        let excess = (self.done_column() + done).saturating_sub(MAX_COLUMNS);
        let width = of(self);
        *width = width.saturating_sub(excess).max(min.min(*width));
    }

    /// Where what was done begins.
    fn done_column(&self) -> usize {
        2 + self.field + 2 + self.value + 2 + self.from + 2 + self.line + 2
    }

    fn heading(&self) -> String {
        let (field, value) = (self.field + 4, self.value + 2);
        let from = self.from + 2 + self.line + 2;
        format!("{:field$}{:value$}{:from$}what was done\n", "order", "value", "from")
    }

    fn is_of_only_file(&self, place: &Place) -> bool {
        self.only_file == Some(place.position.file)
    }

    /// The name of the column or the path of a cell, and its line.
    fn place(&self, place: &Place) -> (String, String) {
        let line = if self.is_of_only_file(place) {
            place.position.line.to_string()
        } else {
            let row = Position { column: None, ..place.position };
            self.names.locate(row)
        };
        (place.column_name.clone().unwrap_or_else(|| "-".to_owned()), line)
    }

    /// The row of a value; what was done may take several lines.
    fn lines(&self, traced: &TracedValue) -> String {
        let from = match &traced.from {
            ValueOrigin::Cell(place) => {
                let (column, line) = self.place(place);
                let (column, line) = (printable(&column), cut_start(&line, self.line));
                let column = padded(&column, self.from);
                format!("{column}  {line:>lines$}", lines = self.line)
            }
            other => format!("{:w$}", origin_name(other), w = self.from + 2 + self.line),
        };
        let value = cut_end(&printable(&traced.value), self.value);
        let cells = format!("{}  {from}", padded(&value, self.value));
        // A name is never cut, since it is to be found: what follows a long one is on a new line.
        let field = beside(&format!("  {}", printable(&traced.field)), &cells, self.field + 4);
        let at = self.done_column();
        let columns = MAX_COLUMNS.saturating_sub(at).max(MIN_DONE);
        let done = folded(&printable(&done(traced, columns)), columns, "", "");
        beside(&field, &done.replace('\n', &format!("\n{:at$}", "")), at).trim_end().to_owned()
            + "\n"
    }
}

/// Text and what begins at a column beside it, or below it if the text is too long.
fn beside(text: &str, next: &str, column: usize) -> String {
    let last_line = text.rsplit('\n').next().unwrap_or_default();
    if width(last_line) + 2 > column {
        return format!("{}\n{:column$}{next}", text.trim_end(), "");
    }
    format!("{text}{:blanks$}{next}", "", blanks = column - width(last_line))
}

fn value_of<'t>(item: &'t TracedItem, field: &str) -> Option<&'t TracedValue> {
    item.values.iter().find(|value| value.field == field)
}

/// The values of an item that need a row of their own: its line does not show them, or not how they
/// came to be.
fn own_rows(item: &TracedItem) -> impl Iterator<Item = &TracedValue> {
    item.values.iter().filter(|value| {
        !ITEM_LINE.contains(&&*value.field) || !value.steps.is_empty() || !is_cell(value)
    })
}

fn is_cell(value: &TracedValue) -> bool {
    matches!(value.from, ValueOrigin::Cell(_))
}

fn origin_name(from: &ValueOrigin) -> &'static str {
    match from {
        ValueOrigin::Cell(_) => "",
        ValueOrigin::Constant => "constant",
        ValueOrigin::RuleDefault | ValueOrigin::BuiltIn => "default",
        ValueOrigin::Target => "the target's value",
        ValueOrigin::Order => "the order",
    }
}

/// What was done with the text of a cell, within this many columns if a date can be left out.
fn done(traced: &TracedValue, columns: usize) -> String {
    let steps = traced.steps.join(", ");
    let text = traced.text.as_str();
    match (text.is_empty(), steps.is_empty()) {
        (_, true) if is_cell(traced) => "as it is".to_owned(),
        (true, _) | (_, true) => steps,
        (false, false) => {
            // The date of a time beside one of the same date says nothing more.
            let time = text.split_once('T').filter(|(date, _)| traced.value.starts_with(date));
            let whole = format!("{text}, {steps}");
            match time {
                Some((_, time)) if width(&whole) > columns => format!("{time}, {steps}"),
                _ => whole,
            }
        }
    }
}

fn item_lines(trace: &OrderTrace, table: &ValueTable<'_>) -> String {
    if trace.items.is_empty() {
        return labelled("items", "none");
    }
    let field = |item: &TracedItem, field: &str| {
        let of_line = || if field == "price" { value_of(item, "line_price") } else { None };
        let value = value_of(item, field).or_else(of_line);
        value.map_or_else(|| "-".to_owned(), |value| value.value.clone())
    };
    let widths = ITEM_LINE.map(|name| {
        let widest = trace.items.iter().map(|item| width(&field(item, name))).max();
        widest.unwrap_or_default().min(MAX_NAME)
    });
    let [product, name, quantity, price] = widths;
    let mut text = String::new();
    for (index, item) in trace.items.iter().enumerate() {
        let [of_product, of_name, of_quantity, of_price] =
            ITEM_LINE.map(|name| cut_end(&printable(&field(item, name)), MAX_NAME));
        let (_, line) = table.place(&item.at);
        let line = if table.is_of_only_file(&item.at) { format!("line {line}") } else { line };
        let line = format!(
            "{}  {}  {of_quantity:>quantity$} x {of_price:>price$}   {line}",
            padded(&of_product, product),
            padded(&of_name, name),
        );
        let kind = if item.kind.is_empty() { String::new() } else { format!("  {}", item.kind) };
        let line = line + &kind;
        text += &labelled(&format!("item {}", index + 1), &line);
        text.extend(own_rows(item).map(|value| table.lines(value)));
    }
    let total = trace.values.iter().find(|value| value.field == "price");
    if let (Some(sum), Some(total)) = (&trace.lines_total, total) {
        text.extend(adds_up(sum, total).map(|words| labelled("", &words)));
    }
    text
}

/// Whether the lines add up to the order's price; nothing if that is their sum.
fn adds_up(sum: &str, TracedValue { value: total, from, .. }: &TracedValue) -> Option<String> {
    let amount = |text: &str| text.parse::<Amount>().ok();
    if *from == ValueOrigin::Order {
        None
    } else if amount(sum) == amount(total) {
        Some(format!("adds up to {total}, as the order says"))
    } else {
        Some(format!("adds up to {sum}, but the order says {total}"))
    }
}

fn person_lines(
    label: &str,
    values: &[TracedValue],
    identifiers: &str,
    table: &ValueTable<'_>,
) -> String {
    let shown = |value: &TracedValue| format!("{} {}", value.field, value.value);
    let widest = values.iter().map(|value| width(&shown(value))).max().unwrap_or_default();
    let lines = values.iter().map(|value| {
        let from = match &value.from {
            ValueOrigin::Cell(place) => {
                let (column, line) = table.place(place);
                format!("{column} {line}")
            }
            other => origin_name(other).to_owned(),
        };
        let how = [from, done(value, MAX_COLUMNS)];
        let how: Vec<_> = how.into_iter().filter(|text| !text.is_empty()).collect();
        format!("{}  {}", padded(&shown(value), widest), how.join(", "))
    });
    let last = Some(identifiers.to_owned()).filter(|text| !text.is_empty());
    if values.is_empty() && last.is_none() {
        return labelled(label, "none");
    }
    let mut text = String::new();
    for (index, line) in lines.chain(last).enumerate() {
        text += &labelled(if index == 0 { label } else { "" }, &line);
    }
    text
}

fn identifiers(trace: &OrderTrace) -> String {
    match trace.identifiers.as_slice() {
        [] => String::new(),
        identifiers => format!("identifiers: {}", identifiers.join(", ")),
    }
}

fn sent_as(trace: &OrderTrace, is_sent: bool) -> String {
    if let Some(events) = trace.events.as_ref().filter(|_| is_sent) {
        return format!(
            "{} requests, the longest URL has {} of {} bytes",
            count(events.n_requests),
            count(events.longest_url as u64),
            count(events.max_url_bytes as u64)
        );
    }
    match &trace.result {
        Some(OrderResult { outcome: Outcome::Skipped, reason: Some(rule), .. }) => {
            format!("nothing: left out by the profile, {rule}")
        }
        Some(result) => format!("nothing: the order is {}", result.outcome),
        None => "nothing: the run ended before".to_owned(),
    }
}

/// A line with a label, folded if it is long; control characters are escaped.
fn labelled(label: &str, text: &str) -> String {
    let (label, text) = (format!("{:LABEL$}", printable(label)), printable(text));
    if width(&text) <= MAX_COLUMNS - LABEL {
        return (label + &text).trim_end().to_owned() + "\n";
    }
    folded(&text, MAX_COLUMNS, &label, &" ".repeat(LABEL)) + "\n"
}

/// A text with blanks behind it up to a width. The formats of `std` count characters.
fn padded(text: &str, columns: usize) -> String {
    format!("{text}{:blanks$}", "", blanks = columns.saturating_sub(width(text)))
}
