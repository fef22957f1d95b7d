//! Path text: the segments of a path as a profile writes it, and what its brackets select.
//!
//! Knows no document: `path` follows the segments, and `field_rules` refuses what a rule cannot
//! read.

/// What brackets behind the name of an array select of its elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selector {
    /// `[]`: each of them.
    Each,
    /// `[name=gift]`: those with this text at the path of a member.
    Where { member: String, text: String },
}

/// A segment of a path: the name of a member, and what is selected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment<'t> {
    /// Without quotes and brackets.
    pub(super) name: &'t str,
    pub(super) selector: Option<Selector>,
    /// Whether it is only a name, so that a dot before or behind it may be a part of that name.
    pub(super) is_plain: bool,
    /// Where it ends in the path, in bytes.
    pub(super) end: usize,
}

/// Splits a path at the dots outside of quotes and selectors. An error is a message.
pub(super) fn segments(path: &str) -> Result<Vec<Segment<'_>>, String> {
    let (mut segments, mut start) = (Vec::new(), 0);
    loop {
        let segment = segment(path, start)?;
        start = segment.end + 1;
        segments.push(segment);
        if start > path.len() {
            return Ok(segments);
        }
    }
}

/// Refuses segments without a name, such as that of `a..b`; a quoted one may be empty.
pub(super) fn ensure_named(path: &str, segments: &[Segment<'_>]) -> Result<(), String> {
    if segments.iter().any(|segment| segment.name.is_empty() && segment.is_plain) {
        let example = "a member without a name is written \"\"";
        return Err(format!("{path:?} has an empty name; {example}"));
    }
    Ok(())
}

/// The segment that begins at a byte of a path.
fn segment(path: &str, start: usize) -> Result<Segment<'_>, String> {
    let text = &path[start..];
    let (name, name_end) = if let Some(quoted) = text.strip_prefix('"') {
        let end = quoted.find('"').ok_or_else(|| format!("{path:?} has an open quote"))?;
        (&quoted[..end], end + 2)
    } else {
        let end = text.find(['.', '[']).unwrap_or(text.len());
        (&text[..end], end)
    };
    let (selector, len) = match text[name_end..].strip_prefix('[') {
        Some(within) => {
            let close = find_unquoted(within, ']').or_else(|| within.find(']'));
            let close = close.ok_or_else(|| format!("{path:?} has an open bracket"))?;
            (Some(selector(path, &within[..close])?), name_end + close + 2)
        }
        None => (None, name_end),
    };
    if !text[len..].is_empty() && !text[len..].starts_with('.') {
        return Err(format!("{path:?} has no dot behind a quote or bracket"));
    }
    let is_plain = selector.is_none() && name_end == name.len();
    Ok(Segment { name, selector, is_plain, end: start + len })
}

fn selector(path: &str, within: &str) -> Result<Selector, String> {
    let parts = find_unquoted(within, '=').map(|at| (&within[..at], &within[at + 1..]));
    match parts {
        None if within.is_empty() => Ok(Selector::Each),
        Some((member, text)) if !member.trim().is_empty() => {
            let member = member.trim().to_owned();
            ensure_named(path, &segments(&member)?)?;
            Ok(Selector::Where { member, text: filter_text(path, text.trim())? })
        }
        _ => Err(format!(
            "{path:?} has {within:?} in brackets; expected [], a filter such as [name=text], an index as in \
             lines.0, or quotes around a name that has brackets"
        )),
    }
}

/// The first place of a character outside of quotes, which begin a name or the text of a filter.
fn find_unquoted(text: &str, sought: char) -> Option<usize> {
    let (mut is_quoted, mut begins) = (false, true);
    text.char_indices().find_map(|(at, c)| {
        let is_found = c == sought && !is_quoted;
        is_quoted = if is_quoted { c != '"' } else { begins && c == '"' };
        begins = matches!(c, '.' | '=') || begins && c == ' ';
        is_found.then_some(at)
    })
}

/// The text of a filter, which may be in quotes.
fn filter_text(path: &str, text: &str) -> Result<String, String> {
    if text.starts_with(['\'', '=']) {
        let error = format!("{path:?} has {text:?} in brackets; expected [name=text]");
        return Err(format!("{error} or [name=\"text\"]"));
    }
    let Some(quoted) = text.strip_prefix('"') else { return Ok(text.to_owned()) };
    let text = quoted.strip_suffix('"').ok_or_else(|| format!("{path:?} has an open quote"))?;
    Ok(text.trim().to_owned())
}

/// Whether two paths lead to one value in every document that has one at both.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (segments(one), segments(other)) else { return false };
    steps_overlap(&steps(&one), &steps(&other))
}

/// A step of a path: to a member or an element by its name, or to selected elements.
#[derive(PartialEq)]
enum ComparedStep<'s> {
    Name(&'s str),
    Selected(&'s Selector),
}

fn steps<'s>(segments: &'s [Segment<'_>]) -> Vec<ComparedStep<'s>> {
    let steps = segments.iter().flat_map(|Segment { name, selector, .. }| {
        [Some(ComparedStep::Name(name)), selector.as_ref().map(ComparedStep::Selected)]
    });
    steps.flatten().collect()
}

fn steps_overlap(one: &[ComparedStep<'_>], other: &[ComparedStep<'_>]) -> bool {
    use ComparedStep::{Name, Selected};
    let is_element = |step: &ComparedStep<'_>| match step {
        Name(name) => name.parse::<usize>().is_ok(),
        Selected(_) => true,
    };
    match (one, other) {
        ([], []) => true,
        ([first, one @ ..], [second, other @ ..]) if first == second => steps_overlap(one, other),
        ([Selected(Selector::Each), each @ ..], [first, rest @ ..])
        | ([first, rest @ ..], [Selected(Selector::Each), each @ ..])
            if is_element(first) =>
        {
            steps_overlap(each, rest)
        }
        // One object in the place of an array is its only element.
        ([Selected(Selector::Each), each @ ..], rest)
        | (rest, [Selected(Selector::Each), each @ ..]) => steps_overlap(each, rest),
        _ => false,
    }
}

/// Whether a path may have several values.
pub(super) fn walks_arrays(path: &str) -> bool {
    let selects_each = |segment: &Segment<'_>| segment.selector == Some(Selector::Each);
    segments(path).is_ok_and(|segments| segments.iter().any(selects_each))
}

/// Whether a path selects elements by a member of theirs.
pub(super) fn has_filter(path: &str) -> bool {
    !filter_members(path).is_empty()
}

/// The name of the first member of a path.
pub(super) fn first_name(path: &str) -> Option<&str> {
    segments(path).ok()?.first().map(|first| first.name)
}

/// The names of a path, with dots between them; the elements of an array have that of the array.
pub(super) fn dotted_names(path: &str) -> String {
    let Ok(segments) = segments(path) else { return path.to_owned() };
    segments.iter().map(|segment| segment.name).collect::<Vec<_>>().join(".")
}

/// The dotted names of the arrays of which a path selects elements.
pub(super) fn arrays_of(path: &str) -> Vec<String> {
    let segments = segments(path).unwrap_or_default();
    let arrays = segments.iter().filter(|segment| segment.selector.is_some());
    arrays.map(|segment| dotted_names(&path[..segment.end])).collect()
}

/// The dotted names of the members that a path reads besides its own: those of its filters.
pub(super) fn filter_names(path: &str) -> Vec<String> {
    let filters = filter_members(path).into_iter();
    filters.map(|(array, member)| format!("{array}.{}", dotted_names(&member))).collect()
}

/// The dotted names of the arrays of which a path selects elements by a member, each with that
/// member.
pub(super) fn filter_members(path: &str) -> Vec<(String, String)> {
    let segments = segments(path).unwrap_or_default();
    let filters = segments.iter().filter_map(|segment| match &segment.selector {
        Some(Selector::Where { member, .. }) => {
            Some((dotted_names(&path[..segment.end]), member.clone()))
        }
        _ => None,
    });
    filters.collect()
}

/// The path of a member beside the one at a path.
pub(super) fn path_beside(path: &str, name: &str) -> String {
    match path.rsplit_once('.') {
        Some((above, _)) => format!("{above}.{name}"),
        None => name.to_owned(),
    }
}

/// Whether a path is one that the profile reads, or above one.
pub(super) fn is_used(known: &[String], path: &str) -> bool {
    let is_above = |known: &str| known.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    known.iter().any(|known| covers(known, path) || is_above(known))
}

/// Whether a known path is this path, or a prefix of it with custom members.
fn covers(known: &str, path: &str) -> bool {
    match known.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => known == path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str) -> String {
        let shown = |segment: &Segment<'_>| match &segment.selector {
            None => segment.name.to_owned(),
            Some(Selector::Each) => format!("{} each", segment.name),
            Some(Selector::Where { member, text }) => format!("{} {member} {text}", segment.name),
        };
        segments(path)
            .map_or_else(|error| error, |all| all.iter().map(shown).collect::<Vec<_>>().join(" | "))
    }

    #[test]
    fn quotes_and_brackets_hold_their_dots() {
        for (path, expected) in [
            ("a.b", "a | b"),
            ("a.\"b.c\".d", "a | b.c | d"),
            ("@order-no.#text", "@order-no | #text"),
            ("a[].b", "a each | b"),
            ("a[name=v1.2].value", "a name v1.2 | value"),
            ("a.\"b.c\"[kind = refund].d[]", "a | b.c kind refund | d each"),
            ("\"form[name]\".x.0", "form[name] | x | 0"),
            ("a[name=\"v 1\"].b", "a name v 1 | b"),
            ("a[name=\"g]t\"].b", "a name g]t | b"),
            ("a[\"x=y\"=z].b", "a \"x=y\" z | b"),
            ("a[size=5\"].b[size=6\"].c", "a size 5\" | b size 6\" | c"),
            ("a[name = \"g]t\"].b", "a name g]t | b"),
            ("a[kind.name=refund].b", "a kind.name refund | b"),
            (
                "a[kind=='x']",
                "\"a[kind=='x']\" has \"='x'\" in brackets; expected [name=text] or [name=\"text\"]",
            ),
            (
                "a[kind='x']",
                "\"a[kind='x']\" has \"'x'\" in brackets; expected [name=text] or [name=\"text\"]",
            ),
            ("a[kind=\"x]", "\"a[kind=\\\"x]\" has an open quote"),
            ("a.\"b", "\"a.\\\"b\" has an open quote"),
            ("a[kind=x", "\"a[kind=x\" has an open bracket"),
            ("a[", "\"a[\" has an open bracket"),
            ("a[]b", "\"a[]b\" has no dot behind a quote or bracket"),
        ] {
            assert_eq!(shown(path), expected, "{path}");
        }
    }

    #[test]
    fn names_are_those_of_the_members_that_are_read() {
        let path = "refunds[].\"a.b\"[kind=refund].amount";
        assert_eq!(dotted_names(path), "refunds.a.b.amount");
        assert_eq!(filter_names(path), ["refunds.a.b.kind"]);
        assert!(walks_arrays(path) && !walks_arrays("a[kind=x].b"));
        assert!(has_filter(path) && !has_filter("a[].b"));
        assert_eq!(filter_names("a[\"b\".c=x]"), ["a.b.c"]);
    }

    #[test]
    fn paths_overlap_where_one_has_the_values_of_both() {
        for (one, other, expected) in [
            ("tx[].amount", "tx[kind=fee].amount", true),
            ("tx.0.amount", "tx[].amount", true),
            ("tx[].amount", "tx.amount", true),
            ("tx[kind=fee].amount", "tx[ kind = \"fee\" ].amount", true),
            ("o[].lines[]", "o.0.lines[kind=x]", true),
            ("tx[].amount", "tx[].tax", false),
            ("tx[].amount", "fees[].amount", false),
            ("tx[kind=fee].amount", "tx[kind=tax].amount", false),
            ("tx[kind=fee].amount", "tx[state=new].amount", false),
            ("tx.0.amount", "tx.1.amount", false),
            ("tx[]", "tx[].amount", false),
        ] {
            assert_eq!(overlap(one, other), expected, "{one} {other}");
            assert_eq!(overlap(other, one), expected, "{other} {one}");
        }
    }
}
