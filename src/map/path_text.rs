//! Path text: the segments of a path as a profile writes it, and what its brackets select.
//!
//! Knows no document: `path` follows the segments, and `field_rules` refuses what a rule cannot
//! read.

/// What brackets behind the name of an array select of its elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selector {
    /// `[]`: each of them.
    Each,
    /// `[name=gift]`: those whose member has this text.
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
            let close = within.find(']').ok_or_else(|| format!("{path:?} has an open bracket"))?;
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
    match within.split_once('=') {
        None if within.is_empty() => Ok(Selector::Each),
        Some((member, text)) if !member.trim().is_empty() => {
            let (member, text) = (member.trim().to_owned(), text.trim().to_owned());
            Ok(Selector::Where { member, text })
        }
        _ => Err(format!(
            "{path:?} has {within:?} in brackets; expected [], a filter such as [name=text], an index as in \
             lines.0, or quotes around a name that has brackets"
        )),
    }
}

/// Whether a path may have several values.
pub(super) fn walks_arrays(path: &str) -> bool {
    let selects_each = |segment: &Segment<'_>| segment.selector == Some(Selector::Each);
    segments(path).is_ok_and(|segments| segments.iter().any(selects_each))
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
    filters.map(|(array, member)| format!("{array}.{member}")).collect()
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
    }
}
