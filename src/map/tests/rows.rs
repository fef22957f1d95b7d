//! Test support: rows built manually as `read` would return them, and the result of mapping a row
//! as one line of text.

use std::{fmt::Write, sync::Arc};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use crate::map::{MapError, SeenNames, file_mapper::FileMapper, profile::Profile};
use crate::model::{
    csv_syntax::CsvSyntax,
    document::of_value::document_of,
    draft::{Cell, MappedRow, RowKind},
    field::Field,
    origin::{FileId, Position, RowOrigin},
    problem::Problem,
    record::{Header, Record, RecordForm},
    row::{Row, RowContent, RowDamage, Unreadable},
};

/// The canonical profile, for rows without the columns that every order needs.
pub(in crate::map) fn canonical() -> Profile {
    let mut profile = Profile::built_in("canonical").unwrap();
    profile.rules.iter_mut().for_each(|rule| rule.rule.is_optional = true);
    profile
}

/// A profile whose order key is in `id`, with further rules as dotted keys and then tables.
pub(super) fn profile(rules: &str) -> Profile {
    parsed(rules).unwrap_or_else(|error| panic!("{error}"))
}

/// The errors of such a profile.
pub(super) fn errors(rules: &str) -> String {
    parsed(rules).unwrap_err().to_string()
}

fn parsed(rules: &str) -> Result<Profile, MapError> {
    let text =
        format!("name = 'test'\norder.referenceId = {{ column = 'id', path = 'id' }}\n{rules}");
    Profile::parse("test", &text)
}

/// A line without quotes, as `read` returns it.
pub(super) fn record(line: &str) -> Record<'static> {
    let (mut text, mut ends) = (String::new(), Vec::new());
    for cell in line.split(',') {
        let comma = if ends.is_empty() { "" } else { "," };
        text.extend([comma, cell]);
        ends.push(u32::try_from(text.len()).unwrap());
    }
    let header = Box::leak(Box::default());
    Record { header, text: text.leak(), ends: ends.leak(), form: RecordForm::Unquoted }
}

pub(super) fn header(line: &str) -> Arc<Header> {
    let record = record(line);
    let columns = 0..record.n_cells();
    let position = |index| record.position(&origin(1), index);
    Arc::new(Header {
        names: columns.clone().map(|index| record.cell(index).to_owned()).collect(),
        positions: columns.map(position).collect(),
        syntax: CsvSyntax::default(),
    })
}

fn origin(line: u64) -> RowOrigin {
    RowOrigin { file: FileId(0), line, column: 1, bytes: 0..1 }
}

/// A row that is never freed, so that tests need no lifetimes.
pub(in crate::map) fn row(line: u64, content: RowContent<'static>) -> &'static Row<'static> {
    Box::leak(Box::new(Row { origin: origin(line), content }))
}

pub(super) fn document(value: &Value) -> RowContent<'static> {
    RowContent::Document(document_of(value))
}

/// A mapped row with its role in grouping.
pub(super) struct Mapped<'a> {
    pub(super) kind: RowKind<'a>,
    pub(super) row: MappedRow<'a>,
}

impl<'a> Mapped<'a> {
    fn new(mapper: &'a FileMapper<'_>, row: &'a Row<'a>) -> Self {
        Self { kind: mapper.kind(row), row: mapped(mapper, row, None) }
    }
}

/// Maps a row; cells that repeat the previous row are omitted.
pub(super) fn mapped<'a>(
    mapper: &'a FileMapper<'_>,
    row: &'a Row<'a>,
    previous: Option<&'a Row<'a>>,
) -> MappedRow<'a> {
    let mut into = MappedRow::default();
    mapper.map(row, previous, &mut into);
    into
}

/// A mapper for the columns of a CSV file, or for documents if `columns` is `None`.
pub(super) fn bind<'a>(profile: &'a Profile, columns: Option<&str>) -> &'a FileMapper<'a> {
    let header = columns.map(header);
    Box::leak(Box::new(FileMapper::bind(profile, header.as_ref(), "orders").unwrap()))
}

/// Maps the rows of one CSV file, from line 2; returns also the warnings about unknown columns.
pub(super) fn records<'a>(
    profile: &'a Profile,
    columns: &str,
    lines: &[&str],
) -> (Vec<Mapped<'a>>, Vec<Problem>) {
    let mapper = bind(profile, Some(columns));
    let rows = (2..)
        .zip(lines)
        .map(|(line, text)| Mapped::new(mapper, row(line, RowContent::Record(record(text)))));
    (rows.collect(), mapper.unknown_names(&SeenNames::default()))
}

/// Maps the lines of one NDJSON file; returns also the warnings about unknown members.
pub(super) fn documents<'a>(
    profile: &'a Profile,
    values: &[Value],
) -> (Vec<Mapped<'a>>, Vec<Problem>) {
    let mapper = bind(profile, None);
    let rows: Vec<_> = (1..).zip(values).map(|(line, value)| row(line, document(value))).collect();
    let mut seen = SeenNames::default();
    for row in &rows {
        mapper.observe(row, &mut seen);
    }
    let all = rows.into_iter().map(|row| Mapped::new(mapper, row)).collect();
    (all, mapper.unknown_names(&seen))
}

pub(super) fn csv(profile: &Profile, columns: &str, line: &str) -> String {
    describe(&records(profile, columns, &[line]).0[0])
}

pub(super) fn ndjson(profile: &Profile, value: Value) -> String {
    describe(&documents(profile, &[value]).0[0])
}

fn column(at: Position) -> String {
    at.column.map_or("-".into(), |column| column.to_string())
}

/// `field=text@column`, with `~` for a default and `!` for an unparsable cell; an instant in the
/// format in which it is sent.
fn cell(cell: &Cell<'_>) -> String {
    let field = match &*cell.field {
        Field::Extension(key) | Field::ItemExtension(key) | Field::ItemProduct(key) => {
            format!("{}:{}", cell.field, key.data_type.name())
        }
        field => field.to_string(),
    };
    let mark = if cell.is_unparsable { "!" } else { "=" };
    let mark = if cell.is_default { "~" } else { mark };
    let text = cell.time.map_or_else(|| cell.text.to_string(), format_time);
    format!("{field}{mark}{text}@{}", column(cell.at.position()))
}

fn format_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

pub(super) fn cells<'a>(cells: impl Iterator<Item = &'a Cell<'a>>) -> String {
    cells.map(cell).collect::<Vec<_>>().join(" ")
}

pub(super) fn problem_text(problem: &Problem) -> String {
    let field = problem.field.as_deref().unwrap_or("-");
    format!("{} {field}@{} {}", problem.code, column(problem.at), problem.message)
}

/// The role of a row in grouping.
fn kind(kind: &RowKind<'_>) -> String {
    match kind {
        RowKind::OrderRow(key) => format!("row {key}"),
        RowKind::OrderDocument(key) => format!("order {key}"),
        RowKind::ChildDocument { order, id } => {
            format!("child {} of {order}", id.unwrap_or("-"))
        }
        RowKind::Document(key) => format!("document {}", key.as_deref().unwrap_or("-")),
        RowKind::WithoutKey { ordered_at: None, .. } => "keyless".into(),
        RowKind::WithoutKey { ordered_at: Some(time), .. } => {
            format!("keyless of {}", format_time(*time))
        }
        RowKind::Unreadable { key, reason } => {
            format!("unreadable {} {reason}", key.as_deref().unwrap_or("-"))
        }
        RowKind::LostRefund { reason } => format!("lost refund {reason}"),
        RowKind::Blank => "blank".into(),
        RowKind::Skipped { key, reason } => format!("skipped {key} ({reason})"),
        RowKind::Refund { key, is_netted: false } => format!("refund left out of {key}"),
        RowKind::Refund { key, is_netted: true } => format!("refund of {key}"),
        RowKind::Ignored => "ignored".into(),
        RowKind::Header => "header".into(),
        RowKind::ExchangedHeader => "exchanged header".into(),
    }
}

/// Kind, cells, items, people, problems, skip reason.
fn describe(mapped: &Mapped<'_>) -> String {
    let row = &mapped.row;
    let cells_of_order = row.cells.iter().filter(|cell| *cell.field != Field::ReferenceId);
    let mut text = format!("{}: {}", kind(&mapped.kind), cells(cells_of_order));
    for item in &row.items {
        let _ = write!(text, " | item@{} {}", column(item.at.position()), cells(item.cells.iter()));
    }
    for person in &row.people {
        let item = person.item.map_or_else(String::new, |item| format!(" of item {item}"));
        let _ = write!(text, " | {}{item} {}", person.role.name(), cells(person.cells.iter()));
    }
    for problem in &row.problems {
        let _ = write!(text, " | {}", problem_text(problem));
    }
    let of_values = row.value_skips.iter().map(|skip| &skip.reason);
    for reason in row.skip.iter().chain(of_values) {
        let _ = write!(text, " | skip {reason}");
    }
    text
}

pub(super) fn bind_error(profile: &Profile, columns: &str) -> String {
    let error = FileMapper::bind(profile, Some(&header(columns)), "orders.csv").err();
    error.map_or_else(String::new, |error| error.to_string())
}

/// Maps an unreadable row of which `salvaged` is intact.
pub(super) fn unreadable(
    profile: &Profile,
    columns: Option<&str>,
    salvaged: Option<RowContent<'static>>,
) -> String {
    describe(&Mapped::new(bind(profile, columns), row(9, unreadable_content(salvaged))))
}

pub(super) fn unreadable_content(salvaged: Option<RowContent<'static>>) -> RowContent<'static> {
    RowContent::Unreadable(Unreadable {
        reason: "damaged".into(),
        at: None,
        column_name: None,
        damage: RowDamage::Other,
        salvaged: salvaged.map(Box::new),
    })
}
