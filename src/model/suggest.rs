//! The nearest of the known names: for messages about a name that nobody knows.

/// Names further apart than this (Jaro-Winkler, 0 to 1) are no help to a reader who mistyped one.
const MIN_SIMILARITY: f64 = 0.75;

/// The known name that is most like `name`, if any is like it at all. Case, blanks, `_`, `-` and `.` do not count.
#[must_use]
pub fn suggest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = normalize(name);
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&wanted, &normalize(candidate)), candidate))
        .filter(|(similarity, _)| *similarity >= MIN_SIMILARITY)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// The line that a message about an unknown name ends with, if there is a nearest one.
#[must_use]
pub fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("\n  hint: did you mean {name:?}?"))
}

fn normalize(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '.')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::suggest;

    #[test]
    fn similar_name_is_suggested() {
        let known = ["referenceId", "orderedAt", "status"];
        assert_eq!(suggest("reference_id", known), Some("referenceId"));
        assert_eq!(suggest("Status", known), Some("status"));
        assert_eq!(suggest("zzz", known), None);
    }
}
