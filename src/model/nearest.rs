//! The nearest of the known names: for messages about a name that nobody knows.

/// Names further apart than this (Jaro-Winkler, 0 to 1) are no help to a reader who mistyped one.
const LEAST_LIKENESS: f64 = 0.75;

/// The known name that is most like `name`, if any is like it at all. Case, blanks, `_`, `-` and `.` do not count.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = folded(name);
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&wanted, &folded(candidate)), candidate))
        .filter(|(similarity, _)| *similarity >= LEAST_LIKENESS)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// The line that a message about an unknown name ends with, if there is a nearest one.
#[must_use]
pub fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("\n  hint: did you mean {name:?}?"))
}

fn folded(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '.')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_the_name_that_was_meant() {
        let known = ["referenceId", "orderedAt", "status"];
        assert_eq!(nearest("reference_id", known), Some("referenceId"));
        assert_eq!(nearest("Status", known), Some("status"));
        assert_eq!(nearest("zzz", known), None);
    }
}
