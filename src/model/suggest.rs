//! Suggestions for mistyped names: the most similar known name, for messages about an unknown one.
//!
//! Called wherever users type names: columns, paths, settings, profiles, table values.

// Jaro-Winkler similarity, 0 to 1. Below this value the suggestion is rarely the name that was
// meant.
const MIN_SIMILARITY: f64 = 0.75;

/// The known name most similar to `name`, if any is similar enough.
///
/// Case, blanks, `_`, `-` and `.` are ignored.
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

/// The number of letters to insert, remove, replace or swap with the next one to turn one text into
/// the other.
#[must_use]
pub fn edit_distance(one: &str, other: &str) -> usize {
    strsim::damerau_levenshtein(one, other)
}

/// The hint line at the end of a message about an unknown name; empty without a suggestion.
#[must_use]
pub fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("\n  hint: did you mean {name:?}?"))
}

fn normalize(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-' | '.'))
        .flat_map(char::to_lowercase)
        .collect()
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
