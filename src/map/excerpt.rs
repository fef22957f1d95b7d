//! Excerpt: the line of a row with the cell marked that a problem concerns, for a person to look
//! at.
//!
//! It may leave the run folder, so a value is shown only if the profile reads it and it is not
//! about a person. Changes nothing and checks nothing. Called by `shuffle`.

use std::{collections::BTreeSet, ops::Range};

use super::{
    packed_trace::reads_cell,
    path_text::segments,
    paths::known_paths,
    profile::{FieldRule, Profile},
    rule::Rule,
    sought::Sought,
};
use crate::model::{
    cut_text::{EXCERPT_COLUMNS, with_values},
    diagnostic::Excerpt,
    document::{JsonNode, JsonValue},
    draft::{Cell, CellOrigin},
    field::FieldGroup,
    origin::Place,
    problem::Problem,
    redact::{HIDDEN, shown_value},
    row::{Row, RowContent},
};

/// Whether the value of a cell that is not about a person is shown outside the run folder: as in
/// an excerpt, but a value of a document is known by its path.
#[must_use]
pub fn is_shown(profile: &Profile, cell: &Cell<'_>) -> bool {
    match cell.at {
        _ if cell.is_default => true,
        CellOrigin::Known(_) | CellOrigin::Row(_) => true,
        CellOrigin::Node(..) => is_shown_by_path(profile, cell),
        CellOrigin::Side(_, _, row) if matches!(row.content, RowContent::Document(_)) => {
            is_shown_by_path(profile, cell)
        }
        CellOrigin::Column(..) if is_item_field(profile, cell) => true,
        CellOrigin::Column(..) | CellOrigin::Side(..) => {
            let name = cell.at.column_name();
            let shown = ShownNames::of(profile).shown;
            let rules = profile.rules_of(&cell.field).map(|of_field| &of_field.rule);
            let others = rules.filter(|rule| rule.combines()).flat_map(|rule| &rule.columns);
            name.is_some() && name.iter().chain(others).all(|name| shown.contains(name.as_str()))
        }
    }
}

/// Whether a cell is a field of an item in a list or in a group of columns. No rule of a person
/// reads such a field.
fn is_item_field(profile: &Profile, cell: &Cell<'_>) -> bool {
    profile.rules_of(&cell.field).any(|own| reads_cell(profile, &own.rule, cell))
}

/// [`is_shown`] for a value of a document, or of a joined file that a path names.
fn is_shown_by_path(profile: &Profile, cell: &Cell<'_>) -> bool {
    let is_of_person = |path: &String| {
        let mut rules = profile.all_rules().filter(|rule| is_personal(rule));
        rules.any(|of_field| of_field.rule.paths.contains(path))
    };
    let mut own = profile.rules_of(&cell.field).peekable();
    own.peek().is_some() && own.all(|own| !own.rule.paths.iter().any(is_of_person))
}

/// Returns the line of the cell that a problem of the row concerns. Where a value is missing it is
/// that of the empty cell, or the row, and the label names where the profile looks for the value.
/// Without a problem, or with one of no cell and no value, it is the first line of the row.
/// `bytes` begin with the row.
#[must_use]
pub fn excerpt(
    profile: &Profile,
    row: &Row<'_>,
    bytes: &[u8],
    problem: Option<&Problem>,
) -> Option<Excerpt> {
    let sought = problem.map(|problem| Sought::of(profile, problem, |_| true)).unwrap_or_default();
    let (text, values, mark, place) = match &row.content {
        RowContent::Record(record) => {
            let mark = problem.and_then(|problem| sought.cell(record, &row.origin, problem.at));
            let (bytes, ranges) = record.raw_cells();
            let name = |column| record.header.names.get(column).map_or("", String::as_str);
            let values: Vec<_> =
                ranges.into_iter().enumerate().map(|(at, range)| (range, name(at))).collect();
            let place = mark.map(|index| Place {
                position: record.position(&row.origin, index),
                column_name: Some(name(index).to_owned()),
            });
            (std::str::from_utf8(bytes).ok()?, values, mark, place)
        }
        RowContent::Document(document) => {
            let mut nodes = Vec::new();
            collect(document.root(), "", &mut nodes);
            let mark = problem.and_then(|problem| sought.member(&nodes, &row.origin, problem.at));
            let read = ReadPaths::of(profile);
            let values = nodes.iter().enumerate().map(|(index, (node, name))| {
                // A member of the same name elsewhere is another one.
                let is_known = mark == Some(index) || read.contain(*node);
                (node.raw_range(), if is_known { *name } else { "" })
            });
            let values = values.collect();
            let place = mark.map(|index| {
                let (node, name) = nodes[index];
                let found = sought.value_in(document.root());
                let found = found.filter(|(_, value)| value.raw_range() == node.raw_range());
                let name = found.map_or(name, |(path, _)| path);
                // An object lacks the value, and has another name.
                let column_name = Some(name.to_owned()).filter(|_| !node.is_object());
                Place { position: node.position(&row.origin), column_name }
            });
            (document.text, values, mark, place)
        }
        RowContent::Unreadable(_) => return Some(punctuation_line(row, bytes, problem)),
    };
    let names = ShownNames::of(profile);
    let shown = |name: &str, text: &str, is_marked: bool| {
        let bare = text.trim_matches('"');
        if matches!(text, "{" | "[" | "null") || bare.trim().is_empty() {
            return text.to_owned();
        }
        let is_of_person = problem.is_some_and(Problem::is_personal) || names.is_personal(name);
        let shown = match is_marked {
            true => shown_value(bare, is_of_person, true),
            // Beside the mark nothing of a person is needed, not even its first character.
            false if bare.contains('@') => HIDDEN.into(),
            false => shown_value(bare, false, names.shown.contains(name)),
        };
        // The quotes of a value that is shown whole are a part of the line.
        if *shown == *bare { text.to_owned() } else { shown.into_owned() }
    };
    let (text, mark) = shown_line(text, &values, mark, shown)?;
    let line = place.as_ref().map_or(row.origin.line, |place: &Place| place.position.line);
    let excerpt = match mark {
        Some(mark) => Excerpt::fitted(line, &text, mark, EXCERPT_COLUMNS),
        None => Excerpt::unmarked(line, &text, EXCERPT_COLUMNS),
    };
    let is_named = place.as_ref().is_some_and(|place| place.column_name.is_some())
        || problem.is_some_and(|problem| problem.column_name.is_some());
    let label = problem.map(|problem| sought.label(problem, &row.content, is_named));
    let label = label.unwrap_or_default();
    let marked = place.filter(|_| problem.is_some_and(|problem| problem.at.column.is_none()));
    Some(Excerpt { label, marked, ..excerpt })
}

/// The line of what is damaged, or else the first one, of a row whose cells are not known to be in
/// their columns, or that cannot be read: only its punctuation, since it is not known what the rest
/// of it is.
#[must_use]
pub fn punctuation_line(row: &Row<'_>, bytes: &[u8], problem: Option<&Problem>) -> Excerpt {
    let at = problem.map(|problem| problem.at).filter(|at| at.column.is_some());
    let n_above = at.map_or(0, |at| at.line.saturating_sub(row.origin.line));
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let line = lines.nth(usize::try_from(n_above).unwrap_or(usize::MAX)).unwrap_or_default();
    let line = String::from_utf8_lossy(line.trim_ascii_end());
    let first = if n_above == 0 { row.origin.column } else { 1 };
    let marked = at.and_then(|at| usize::try_from(at.column?.checked_sub(first)?).ok());
    let (mut text, mut mark) = (String::new(), None);
    for (index, c) in line.chars().enumerate() {
        let is_hidden = !c.is_ascii_punctuation() || c == '@';
        if marked == Some(index) {
            let n_shown = if is_hidden { HIDDEN.len() } else { c.len_utf8() };
            let is_within = is_hidden && text.ends_with(HIDDEN);
            let start = if is_within { text.len() - n_shown } else { text.len() };
            mark = Some(start..start + n_shown);
        }
        if !is_hidden {
            text.push(c);
        } else if !text.ends_with(HIDDEN) {
            text.push_str(HIDDEN);
        }
    }
    let label = match problem {
        // It may quote a cell.
        Some(problem) if !problem.is_of_unknown_order() => {
            with_values(&problem.message, |_| HIDDEN.into())
        }
        Some(problem) => problem.message.clone(),
        None => String::new(),
    };
    // A value that ends too early is missed behind its line.
    let mark = mark.or_else(|| marked.map(|_| text.len()..text.len()));
    let line = row.origin.line + n_above;
    let excerpt = match mark {
        Some(mark) => Excerpt::fitted(line, &text, mark, EXCERPT_COLUMNS),
        None => Excerpt::unmarked(line, &text, EXCERPT_COLUMNS),
    };
    Excerpt { label, ..excerpt }
}

/// The values of a document in the order of its text, with the names of their members. Of arrays
/// and objects only the brackets are values.
fn collect<'d>(node: JsonNode<'d>, name: &'d str, into: &mut Vec<(JsonNode<'d>, &'d str)>) {
    into.push((node, name));
    match node.value() {
        JsonValue::Object => node.members().for_each(|(name, node)| collect(node, name, into)),
        JsonValue::Array => {
            node.elements().into_iter().flatten().for_each(|node| collect(node, name, into));
        }
        _ => {}
    }
}

/// The line that holds the marked value, or the first one, with all values as `shown`, and the mark
/// in it. A value is its bytes in the row and the name of its column or member.
fn shown_line(
    row: &str,
    values: &[(Range<usize>, &str)],
    marked: Option<usize>,
    shown: impl Fn(&str, &str, bool) -> String,
) -> Option<(String, Option<Range<usize>>)> {
    let (mut text, mut mark, mut end) = (String::new(), None, 0);
    for (index, (range, name)) in values.iter().enumerate() {
        text.push_str(row.get(end..range.start)?);
        let start = text.len();
        let is_marked = marked == Some(index);
        text.push_str(&shown(name, row.get(range.clone())?, is_marked));
        if is_marked {
            mark = Some(start..text.len());
        }
        end = range.end;
    }
    text.push_str(row.get(end..)?);
    let at = mark.as_ref().map_or(0, |mark| mark.start);
    let line_start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    let mark = mark.map(|mark| mark.start - line_start..mark.end.min(line_end) - line_start);
    Some((text[line_start..line_end].to_owned(), mark))
}

/// The paths that a profile reads in a document, without the indexes and filters of arrays.
struct ReadPaths(Vec<String>);

impl ReadPaths {
    fn of(profile: &Profile) -> Self {
        Self(known_paths(profile).iter().map(|path| without_brackets(path)).collect())
    }

    fn contain(&self, node: JsonNode<'_>) -> bool {
        let path = without_brackets(&node.path());
        self.0.iter().any(|read| match read.strip_suffix('*') {
            Some(start) => path.starts_with(start),
            None => *read == path,
        })
    }
}

fn without_brackets(path: &str) -> String {
    let mut depth = 0;
    let is_outside = |c: &char| {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => return depth == 0,
        }
        false
    };
    path.chars().filter(is_outside).collect()
}

/// The columns and members that a profile reads.
struct ShownNames<'p> {
    /// Those that are not about a person.
    shown: BTreeSet<&'p str>,
    /// Those that are.
    personal: BTreeSet<&'p str>,
}

impl<'p> ShownNames<'p> {
    fn of(profile: &'p Profile) -> Self {
        let (personal, others): (Vec<_>, Vec<_>) =
            profile.all_rules().partition(|rule| is_personal(rule));
        let mut shown: BTreeSet<_> = others
            .iter()
            .map(|of_field| &of_field.rule)
            .chain(profile.row_rules())
            .flat_map(names_in)
            .collect();
        let personal: BTreeSet<_> =
            personal.iter().flat_map(|of_field| names_in(&of_field.rule)).collect();
        // A member of that name may be elsewhere in a document.
        shown.retain(|name| !personal.contains(name));
        Self { shown, personal }
    }

    /// Whether a value of this name may be about a person: a name with a wildcard covers many.
    fn is_personal(&self, name: &str) -> bool {
        let covers = |known: &&str| match known.strip_suffix('*') {
            // `*` alone is the end of a path, whose members are known by their problems only.
            Some("") => false,
            Some(start) => name.starts_with(start),
            None => *known == name,
        };
        self.personal.iter().any(covers)
    }
}

fn is_personal(rule: &FieldRule) -> bool {
    rule.target.group() == FieldGroup::Guest
}

/// The columns of a rule, and the members at the ends of its paths.
fn names_in(rule: &Rule) -> impl Iterator<Item = &str> {
    let paths = rule.readers().flat_map(|rule| &rule.paths);
    let members = paths.filter_map(|path| {
        let mut names = segments(path).ok()?.into_iter().map(|segment| segment.name).rev();
        names.find(|name| name.parse::<usize>().is_err())
    });
    let columns = rule.readers().flat_map(|rule| &rule.columns);
    columns.map(String::as_str).chain(members)
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::rows::{canonical, row},
        *,
    };
    use crate::model::{
        csv_syntax::CsvSyntax,
        field::Field,
        origin::{Place, Position},
        problem::Code,
        record::{Header, Record, RecordForm},
        row::{RowDamage, Unreadable},
    };

    // The cell is marked; `none` if none is.
    fn excerpt_of(row: &Row<'_>, at: Place, field: &Field) -> Option<(String, String)> {
        let problem = Problem::for_field(Code::NumberUnreadable, field, at, "found");
        let Excerpt { text, mark, .. } = excerpt(&canonical(), row, b"", Some(&problem))?;
        let marked = mark.map_or_else(|| "none".to_owned(), |mark| text[mark].to_owned());
        Some((text, marked))
    }

    #[test]
    fn no_address_phone_number_or_name_is_shown() {
        let names = ["referenceId", "guest.email", "guest.phone", "guest.lastname", "note"];
        let header = Header {
            names: names.map(str::to_owned).into(),
            positions: Vec::new(),
            syntax: CsvSyntax::default(),
        };
        let header: &Header = Box::leak(Box::new(header));
        let personal = ["ann.lee@example.com", "+49 30 1234567", "Leewood"];
        for note in personal {
            let cells = ["A-1", personal[0], personal[1], personal[2], note];
            let text: &str = cells.join(",").leak();
            let ends = text.match_indices(',').map(|(at, _)| at).chain([text.len()]);
            let ends: Vec<u32> = ends.map(|end| u32::try_from(end).unwrap()).collect();
            let record = Record { header, text, ends: ends.leak(), form: RecordForm::Unquoted };
            let row = row(7, RowContent::Record(record));
            for (column, field) in
                [(1, Field::GuestEmail), (2, Field::GuestPhone), (3, Field::GuestLastname)]
            {
                let (line, _) = excerpt_of(row, row.position(column).into(), &field).unwrap();
                assert!(personal.iter().all(|value| !line.contains(value)), "{line}");
            }
            let line = excerpt(&canonical(), row, b"", None).unwrap().text;
            assert_eq!(line, "A-1,***,***,***,***");
        }
    }

    #[test]
    fn cells_about_people_and_unknown_ones_are_hidden() {
        let text = "A-1,2026-01-01,12.x,Ann,\"ann@example.com\",a note,";
        let ends = [3, 14, 19, 23, 41, 48, 49];
        let names = "referenceId,orderedAt,price,guest.firstname,guest.email,note,status";
        let header: &Header = Box::leak(Box::new(Header {
            names: names.split(',').map(str::to_owned).collect(),
            positions: Vec::new(),
            syntax: CsvSyntax::default(),
        }));
        let ends: &[u32] = Vec::from(ends).leak();
        let record = Record { header, text, ends, form: RecordForm::Quoted };
        let row = row(7, RowContent::Record(record));
        let of = |column, field: &Field| excerpt_of(row, row.position(column).into(), field);
        assert_eq!(
            of(2, &Field::Price),
            Some(("A-1,2026-01-01,12.x,***,***,***,".to_owned(), "12.x".to_owned()))
        );
        assert_eq!(
            of(4, &Field::GuestEmail),
            Some(("A-1,2026-01-01,12.x,***,a***@e***.com,***,".to_owned(), "a***@e***.com".into()))
        );
        let of_row = |field: &Field| excerpt_of(row, row.origin.position().into(), field);
        let whole = "A-1,2026-01-01,12.x,***,***,***,";
        assert_eq!(of_row(&Field::Status), Some((whole.to_owned(), String::new())));
        assert_eq!(of_row(&Field::CurrencyCode), Some((whole.to_owned(), "none".to_owned())));
        let of_order =
            Problem::for_order(Code::NoItems, row.origin.position(), "the order has no items");
        for (problem, label) in [(Some(&of_order), "the order has no items"), (None, "")] {
            let first = excerpt(&canonical(), row, b"", problem).unwrap();
            assert_eq!((&*first.text, first.mark, &*first.label), (whole, None, label));
        }
    }

    /// One cell too few at its start and one too many at its end: no number of cells shows it.
    #[test]
    fn shifted_row_without_key_shows_no_name() {
        let text = ",Ann,12.50";
        let names = ["referenceId", "status", "price"];
        let header: &Header = Box::leak(Box::new(Header {
            names: names.map(str::to_owned).into(),
            positions: Vec::new(),
            syntax: CsvSyntax::default(),
        }));
        let record = Record { header, text, ends: &[0, 4, 10], form: RecordForm::Unquoted };
        let row = row(7, RowContent::Record(record));
        for code in [Code::RowUnreadable, Code::RowWithoutKey, Code::AdjacentRowUnreadable] {
            let problem = Problem::for_row(code, row.origin.clone(), "no key");
            let shown = punctuation_line(row, text.as_bytes(), Some(&problem));
            assert_eq!((&*shown.text, &*shown.label), (",***,***.***", "no key"));
        }
        let at = row.position(1);
        let problem = Problem::for_field(Code::UnknownStatus, &Field::Status, at, "\"Ann\" found");
        let shown = punctuation_line(row, text.as_bytes(), Some(&problem));
        assert_eq!((&*shown.text, &*shown.label), (",***,***.***", "\"***\" found"));
    }

    #[test]
    fn damage_is_marked_in_its_line() {
        let content = RowContent::Unreadable(Unreadable {
            reason: "damaged".to_owned(),
            at: Some((1, 5)),
            column_name: None,
            damage: RowDamage::Quotes,
            salvaged: None,
        });
        let row = row(7, content);
        let marked = |column| {
            let at = Position { column: Some(column), ..row.damage_place().position };
            let problem = Problem::for_order(Code::RowUnreadable, at, "damaged");
            let shown = punctuation_line(row, b"A-1,\"Ann\nLee\" x,5\nA-2", Some(&problem));
            (shown.line, shown.text[shown.mark.unwrap()].to_owned(), shown.text)
        };
        let text = "***\"***,***";
        assert_eq!(marked(4), (8, "\"".to_owned(), text.to_owned()));
        // The blank and the letter are hidden as one.
        for column in [5, 6] {
            assert_eq!(marked(column), (8, HIDDEN.to_owned(), text.to_owned()));
        }
        assert_eq!(marked(9), (8, String::new(), text.to_owned()));
    }

    #[test]
    fn unreadable_row_shows_its_punctuation() {
        let shown = |text: &str| {
            let content = RowContent::Unreadable(Unreadable {
                reason: "damaged".to_owned(),
                at: None,
                column_name: None,
                damage: RowDamage::Other,
                salvaged: None,
            });
            let row = row(7, content);
            let at = row.origin.position();
            let problem = Problem::for_order(Code::RowUnreadable, at, "has 2 cells");
            let excerpt = excerpt(&canonical(), row, text.as_bytes(), Some(&problem)).unwrap();
            assert_eq!((excerpt.line, excerpt.mark, &*excerpt.label), (7, None, "has 2 cells"));
            excerpt.text
        };
        assert_eq!(shown("A-1,Ann Lee,ann@example.com\r\nA-2,x"), "***-***,***,***.***");
        assert_eq!(shown("# exported by Ann"), "#***");
        assert_eq!(shown(r#"{"id": "A-1", "to"#), r#"{"***":***"***-***",***"***"#);
    }
}
