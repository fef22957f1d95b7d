//! Rows made by hand, as `read` would give them, and what a profile makes of them in one line of text.

use std::{fmt::Write, sync::Arc};

use serde_json::Value;

use crate::map::{bind::FileMapper, profile::Profile};
use crate::model::{
    draft::{Cell, MappedRow, RowKind},
    field::Field,
    origin::{FileId, Position, RowOrigin},
    problem::Problem,
    row::{Content, Header, Json, Layout, Node, Record, Row, Unreadable},
};

pub(super) fn canonical() -> Profile {
    Profile::load("canonical").unwrap()
}

/// A profile whose orders have their key in `id`, with more rules as dotted keys and then tables.
pub(super) fn profile(rules: &str) -> Profile {
    let text = format!("name = 'test'\norder.referenceId = {{ column = 'id', path = 'id' }}\n{rules}");
    Profile::parse("test", &text).unwrap_or_else(|error| panic!("{error}"))
}

/// A line without quotes as `read` gives it.
pub(super) fn record(header: &Arc<Header>, line: &str) -> Record {
    let (mut text, mut ends) = (String::new(), Vec::new());
    for cell in line.split(',') {
        text.push_str(cell);
        ends.push(text.len());
    }
    Record { header: Arc::clone(header), text, ends, layout: Layout::Plain }
}

pub(super) fn header(line: &str) -> Arc<Header> {
    let empty = Arc::new(Header { names: Vec::new(), positions: Vec::new() });
    let record = record(&empty, line);
    let columns = 0..record.ends.len();
    let position = |index| record.position(&origin(1), index);
    Arc::new(Header {
        names: columns.clone().map(|index| record.cell(index).to_owned()).collect(),
        positions: columns.map(position).collect(),
    })
}

/// A JSON value as `read` gives it, but that its column counts the values of the line. A text such as `#30.60` is a
/// number with these digits, which `Value` would not keep.
fn node(value: &Value, column: &mut u32) -> Node {
    *column += 1;
    let own = *column;
    let value = match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Boolean(*value),
        Value::Number(number) => Json::Number(number.to_string()),
        Value::String(text) => match text.strip_prefix('#') {
            Some(digits) => Json::Number(digits.to_owned()),
            None => Json::Text(text.clone()),
        },
        Value::Array(elements) => Json::Array(elements.iter().map(|element| node(element, column)).collect()),
        Value::Object(members) => {
            Json::Object(members.iter().map(|(name, member)| (name.clone(), node(member, column))).collect())
        }
    };
    Node { column: own, value }
}

fn origin(line: u64) -> RowOrigin {
    RowOrigin { file: FileId(0), line, bytes: 0..1 }
}

fn row(line: u64, content: Content) -> Row {
    Row { origin: origin(line), content }
}

pub(super) fn document(value: &Value) -> Content {
    Content::Document(node(value, &mut 0))
}

/// What a profile makes of the rows of one CSV file, from line 2, and the columns that it does not know.
pub(super) fn records(profile: &Profile, columns: &str, lines: &[&str]) -> (Vec<MappedRow>, Vec<Problem>) {
    let header = header(columns);
    let mut mapper = FileMapper::bind(profile, Some(&header), "orders.csv").unwrap();
    let rows = (2..).zip(lines).map(|(line, text)| mapper.map(row(line, Content::Record(record(&header, text)))));
    (rows.collect(), mapper.unknown_columns().to_vec())
}

/// The same of the lines of one NDJSON file.
pub(super) fn documents(profile: &Profile, values: &[Value]) -> (Vec<MappedRow>, Vec<Problem>) {
    let mut mapper = FileMapper::bind(profile, None, "orders.ndjson").unwrap();
    let rows = (1..).zip(values).map(|(line, value)| mapper.map(row(line, document(value))));
    (rows.collect(), mapper.unknown_columns().to_vec())
}

pub(super) fn csv(profile: &Profile, columns: &str, line: &str) -> String {
    shown(&records(profile, columns, &[line]).0[0])
}

pub(super) fn ndjson(profile: &Profile, value: Value) -> String {
    shown(&documents(profile, &[value]).0[0])
}

fn column(at: Position) -> String {
    at.column.map_or("-".into(), |column| column.to_string())
}

/// `field=text@column`, with `~` for a fallback and `!` for a broken cell.
fn cell(cell: &Cell) -> String {
    let field = match &cell.field {
        Field::Extension(key) | Field::ItemExtension(key) => format!("{}:{}", cell.field, key.kind.name()),
        field => field.to_string(),
    };
    let mark = if cell.is_broken { "!" } else { "=" };
    let mark = if cell.is_fallback { "~" } else { mark };
    format!("{field}{mark}{}@{}", cell.text, column(cell.at))
}

fn cells(cells: &[Cell]) -> String {
    cells.iter().map(cell).collect::<Vec<_>>().join(" ")
}

pub(super) fn told(problem: &Problem) -> String {
    let field = problem.field.as_deref().unwrap_or("-");
    format!("{} {field}@{} {}", problem.code, column(problem.at), problem.message)
}

/// Kind, cells, items, the reason to skip, problems.
fn shown(row: &MappedRow) -> String {
    let mut text = match &row.kind {
        RowKind::Part(key) => format!("part {key}"),
        RowKind::Whole(key) => format!("whole {}", key.as_deref().unwrap_or("-")),
        RowKind::Keyless => "keyless".into(),
        RowKind::Unreadable { key, reason, .. } => format!("unreadable {} {reason}", key.as_deref().unwrap_or("-")),
        RowKind::Blank => "blank".into(),
    };
    let cells_of_order = row.cells.iter().filter(|cell| cell.field != Field::ReferenceId).cloned();
    let _ = write!(text, ": {}", cells(&cells_of_order.collect::<Vec<_>>()));
    for item in &row.items {
        let _ = write!(text, " | item@{} {}", column(item.at), cells(&item.cells));
    }
    for problem in &row.problems {
        let _ = write!(text, " | {}", told(problem));
    }
    if let Some(reason) = &row.skip {
        let _ = write!(text, " | skip {reason}");
    }
    text
}

pub(super) fn fault(profile: &Profile, columns: &str) -> String {
    let error = FileMapper::bind(profile, Some(&header(columns)), "orders.csv").err();
    error.map_or_else(String::new, |error| error.to_string())
}

/// What a row that cannot be read becomes, when this much of it is certain.
pub(super) fn unreadable(profile: &Profile, columns: Option<&str>, remains: Option<Content>) -> String {
    let header = columns.map(header);
    let mut mapper = FileMapper::bind(profile, header.as_ref(), "orders").unwrap();
    let content = Unreadable { reason: "broken".into(), remains: remains.map(Box::new) };
    shown(&mapper.map(row(9, Content::Unreadable(content))))
}
