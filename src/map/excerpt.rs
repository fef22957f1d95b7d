//! Excerpt: the line of a row with the cell marked that a problem concerns, for a person to look
//! at.
//!
//! It may leave the run folder, so a value is shown only if the profile reads it and it is not
//! about a person. Changes nothing and checks nothing. Called by `shuffle`.

use std::{collections::BTreeSet, ops::Range};

use super::{
    profile::{FieldRule, Profile},
    rule::Rule,
};
use crate::model::{
    diagnostic::{EXCERPT_CHARS, Excerpt},
    document::{JsonNode, JsonValue},
    field::FieldGroup,
    problem::Problem,
    redact::redact,
    row::{Row, RowContent},
};

/// What stands for a value that is not shown.
const HIDDEN: &str = "***";

/// Returns the line of the cell that a problem of the row concerns; none if it concerns none.
#[must_use]
pub fn excerpt(profile: &Profile, row: &Row<'_>, problem: &Problem) -> Option<Excerpt> {
    let (at, names) = (problem.at, ShownNames::of(profile));
    let shown = |value: &PrintedValue<'_>, text: &str| {
        let (bare, has_address) = (text.trim_matches('"'), text.contains('@'));
        let is_personal = || has_address || problem.is_personal() || names.is_personal(value.name);
        let is_shown = !has_address && names.shown.contains(value.name);
        if matches!(text, "{" | "[") || bare.is_empty() {
            text.to_owned()
        } else if value.is_marked && is_personal() {
            redact(bare)
        } else if value.is_marked || is_shown {
            text.to_owned()
        } else {
            HIDDEN.to_owned()
        }
    };
    let line = match &row.content {
        RowContent::Record(record) => {
            let index = record.positions(&row.origin).iter().position(|cell| *cell == at)?;
            let (bytes, ranges) = record.raw_cells();
            let text = std::str::from_utf8(bytes).ok()?;
            let values = ranges.into_iter().enumerate().map(|(column, range)| PrintedValue {
                range,
                name: record.header.names.get(column).map_or("", String::as_str),
                is_marked: column == index,
            });
            shown_line(text, values, shown)?
        }
        RowContent::Document(document) => {
            let mut values = Vec::new();
            collect(document.root(), "", &mut values);
            let is_at = |node: &JsonNode<'_>| node.position(at.file, row.origin.line) == at;
            let marked = values.iter().position(|(node, _)| is_at(node))?;
            let values = values.iter().enumerate().map(|(index, (node, name))| PrintedValue {
                range: node.raw_range(),
                name,
                is_marked: index == marked,
            });
            shown_line(document.text, values, shown)?
        }
        RowContent::Unreadable(_) => return None,
    };
    let (text, mark) = line;
    Some(Excerpt::fitted(at.line, &text, mark, EXCERPT_CHARS))
}

/// A value of a row.
struct PrintedValue<'n> {
    /// Its bytes in the row.
    range: Range<usize>,
    /// The name of its column or member.
    name: &'n str,
    is_marked: bool,
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

/// The line that holds the marked value, with all values as `shown`, and the mark in it.
fn shown_line<'n>(
    row: &str,
    values: impl Iterator<Item = PrintedValue<'n>>,
    shown: impl Fn(&PrintedValue<'n>, &str) -> String,
) -> Option<(String, Range<usize>)> {
    let (mut text, mut mark, mut end) = (String::new(), None, 0);
    for value in values {
        text.push_str(row.get(end..value.range.start)?);
        let start = text.len();
        text.push_str(&shown(&value, row.get(value.range.clone())?));
        if value.is_marked {
            mark = Some(start..text.len());
        }
        end = value.range.end;
    }
    text.push_str(row.get(end..)?);
    let mark = mark?;
    let line_start = text[..mark.start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[mark.start..].find('\n').map_or(text.len(), |at| mark.start + at);
    let mark = mark.start - line_start..mark.end.min(line_end) - line_start;
    Some((text[line_start..line_end].to_owned(), mark))
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
        let is_personal = |rule: &&FieldRule| rule.target.group() == FieldGroup::Guest;
        let (personal, others): (Vec<_>, Vec<_>) = profile.all_rules().partition(is_personal);
        let key = [&profile.key];
        let mut shown: BTreeSet<_> =
            others.iter().map(|of_field| &of_field.rule).chain(key).flat_map(names_in).collect();
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

/// The columns of a rule, and the members at the ends of its paths.
fn names_in(rule: &Rule) -> impl Iterator<Item = &str> {
    let members = rule.paths.iter().map(|path| {
        let mut steps = path.rsplit('.');
        steps.find(|step| step.parse::<usize>().is_err()).unwrap_or(path)
    });
    rule.columns.iter().map(String::as_str).chain(members)
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::rows::{canonical, row},
        *,
    };
    use crate::model::{
        field::Field,
        origin::Place,
        problem::Code,
        record::{Header, Record, RecordForm},
    };

    fn excerpt_of(row: &Row<'_>, at: Place, field: &Field) -> Option<(String, String)> {
        let problem = Problem::for_field(Code::NumberUnreadable, field, at, "found");
        let Excerpt { text, mark, .. } = excerpt(&canonical(), row, &problem)?;
        let marked = text[mark].to_owned();
        Some((text, marked))
    }

    #[test]
    fn cells_about_people_and_unknown_ones_are_hidden() {
        let text = "A-1,2026-01-01,12.x,Ann,\"ann@example.com\",a note,";
        let ends = [3, 14, 19, 23, 41, 48, 49];
        let names = "referenceId,orderedAt,price,guest.firstname,guest.email,note,status";
        let header: &Header = Box::leak(Box::new(Header {
            names: names.split(',').map(str::to_owned).collect(),
            positions: Vec::new(),
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
        assert_eq!(excerpt_of(row, row.origin.position().into(), &Field::Price), None);
    }
}
