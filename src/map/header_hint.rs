//! Hints about a header that lacks the columns of a profile: what it has, and what the file may be.
//!
//! Called by `header_columns` and `side_table`.

use super::{
    known_format::{KnownFormat, known_header},
    profile::Profile,
};
use crate::model::{
    cut_text::{EXCERPT_COLUMNS, cut_end},
    record::Header,
    redact::{looks_personal, redact, without_address},
};

/// Names of a header that a message shows.
const SHOWN_NAMES: usize = 5;

/// Characters that separate cells in exports.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// Where a header has a name: `orders.csv has "Status", its 3rd column of 79`.
pub(super) fn position_of(name: &str, header: &Header, file: &str) -> Option<String> {
    let index = header.names.iter().position(|other| other == name)?;
    let n_columns = header.names.len();
    let shown = quoted(name, &header.names);
    Some(format!("{file} has {shown}, its {} column of {n_columns}", ordinal(index + 1)))
}

/// The first names of a header.
pub(super) fn has_names(header: &Header, file: &str) -> String {
    format!("{file} has {}", first_names(&header.names, "columns"))
}

/// The first of the names of columns or members, with their number if there are more.
pub(super) fn first_names(names: &[String], unit: &str) -> String {
    let shown: Vec<String> =
        names.iter().take(SHOWN_NAMES).map(|name| quoted(name, names)).collect();
    let n_names = names.len();
    let more =
        if n_names > SHOWN_NAMES { format!(", …, {n_names} {unit}") } else { String::new() };
    shown.join(", ") + &more
}

/// A name as messages show it, among those beside it.
// In a file without a header the first row takes its place, and any of its cells may be a name.
fn quoted(name: &str, names: &[String]) -> String {
    let is_row = names.iter().any(|name| looks_personal(name));
    let shown = if is_row { redact(name).into() } else { without_address(name) };
    // With the line breaks that a profile has to write.
    let escaped = format!("{shown:?}");
    format!("\"{}\"", cut_end(&escaped[1..escaped.len() - 1], EXCERPT_COLUMNS))
}

fn ordinal(number: usize) -> String {
    let suffix = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

/// What the file is, if its first line is no header in the profile's form, and what to type.
pub(super) fn header_hint(
    profile: &Profile,
    header: &Header,
    is_known: impl Fn(&str) -> bool,
) -> Option<String> {
    if is_json(header) {
        let form = if profile.key.paths.is_empty() {
            ", and give the profile a path beside each column"
        } else {
            ""
        };
        return Some(format!(
            "the file is JSON; give it a name that ends in .json or .ndjson{form}"
        ));
    }
    // A profile of the user's own that has names of the file is one for it.
    let is_of_user = !profile.name_places.is_of_built_in();
    let fits = is_of_user && header.names.iter().any(|name| is_known(name));
    let format = known_format(header).filter(|format| !fits && !format.is_read_by(profile));
    if let Some(format) = format {
        return Some(format.hint());
    }
    let found = other_delimiter(header, is_known)?;
    Some(format!("the cells are separated by {found:?}; {}", set_delimiter(profile, found)))
}

/// The known format of a header, with whatever delimiter.
fn known_format(header: &Header) -> Option<&'static KnownFormat> {
    let delimiter = char::from(header.syntax.delimiter);
    known_header(header.names.iter().map(String::as_str)).or_else(|| {
        let line = header.names.join(&delimiter.to_string());
        let names = |other: char| line.split(other).map(|name| name.trim_matches('"'));
        DELIMITERS.into_iter().find_map(|other| known_header(names(other)))
    })
}

/// What a header without any of the profile's columns may be, and what to do.
pub(super) fn no_known_column_hint(profile: &Profile, header: &Header) -> String {
    if profile.name_places.is_of_built_in() {
        let name = &profile.name;
        return format!(
            "the profile {name} has columns of its own; describe those of this export in a profile \
             (orderferry help profile) and name it with --profile"
        );
    }
    let line = match header.positions.first().map(|at| at.line) {
        Some(line) if line > 1 => format!("line {line}"),
        _ => "the first line".to_owned(),
    };
    format!(
        "{line} was taken for the header, and has none of the profile's columns; if lines are above \
         the header, set skip_lines in the profile, for example skip_lines = 2; if the file has \
         none, name the columns: header = [\"Order\", …]"
    )
}

/// What a file of a join is, if its first line is no header in the join's form, and what to type.
pub(super) fn side_header_hint(
    join: &str,
    header: &Header,
    is_known: impl Fn(&str) -> bool,
) -> Option<String> {
    if is_json(header) {
        return Some(format!("the file is JSON; {}", set_in_join(join, "format = \"json\"")));
    }
    let found = other_delimiter(header, is_known)?;
    let key = format!("delimiter = {:?}", found.to_string());
    Some(format!("the cells are separated by {found:?}; {}", set_in_join(join, &key)))
}

/// Whether the first line is rather JSON than a header.
fn is_json(header: &Header) -> bool {
    header.names.first().is_some_and(|first| first.starts_with(['[', '{']))
}

/// How a key of the files of a join is set.
#[must_use]
pub fn set_in_join(join: &str, key: &str) -> String {
    format!("set profile = {{ {key} }} in the [[join]] with as = {join:?}")
}

/// The character that separates the cells of a header, if it is not that of its dialect.
fn other_delimiter(header: &Header, is_known: impl Fn(&str) -> bool) -> Option<char> {
    let delimiter = char::from(header.syntax.delimiter);
    let line = header.names.join(&delimiter.to_string());
    let others = DELIMITERS.into_iter().filter(|other| *other != delimiter);
    let n_known =
        |other: &char| line.split(*other).filter(|name| is_known(name.trim_matches('"'))).count();
    let has_known = header.names.iter().any(|name| is_known(name));
    let found = others
        .filter(|other| line.contains(*other))
        .max_by_key(|other| (n_known(other), line.matches(*other).count()));
    // A title may have one such character.
    let is_only = |other| header.names.len() == 1 && line.matches(other).count() > 1;
    found.filter(|other| !has_known && (is_only(*other) || n_known(other) > 0))
}

fn set_delimiter(profile: &Profile, delimiter: char) -> String {
    let delimiter = delimiter.to_string();
    if profile.name_places.is_of_built_in() {
        let name = &profile.name;
        format!(
            "copy the profile (orderferry profiles show {name} > shop.toml) and write delimiter = \
             {delimiter:?} in it"
        )
    } else {
        format!("write delimiter = {delimiter:?} in the profile")
    }
}
