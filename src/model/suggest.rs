//! Suggestions for mistyped names: the nearest known name, for messages about an unknown one.
//!
//! Called wherever users type names: columns, paths, settings, profiles, table values.

/// The known name nearest to `name`, if one is near: of each of its parts between dots at most a
/// third of the characters differ. Names that differ only in case and in blanks, `_`, `-`, `.` and
/// `*` are always near.
// Edits are counted, since Jaro-Winkler similarity finds `path` near `part`, and
// `guest.postal_code` near `total`.
#[must_use]
pub fn suggest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .filter_map(|candidate| Some((distance(name, candidate)?, candidate)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The number of edits between two names, if they are near.
#[must_use]
pub fn distance(name: &str, candidate: &str) -> Option<usize> {
    if letters(name).eq(letters(candidate)) {
        return Some(0);
    }
    // Part by part: `items.sku` is near neither `items` nor `items.leg`.
    let (parts, others) = (name.split('.'), candidate.split('.'));
    if parts.clone().count() != others.clone().count() {
        return None;
    }
    let distance_of_part = |(one, other): (&str, &str)| {
        let (one, other): (String, String) = (letters(one).collect(), letters(other).collect());
        edits_within(one.chars().count().max(other.chars().count()) / 3, &one, &other)
    };
    parts.zip(others).map(distance_of_part).sum()
}

/// The number of letters to insert, remove, replace or swap with the next one to turn one text into
/// the other, if it is at most `max`.
#[must_use]
pub fn edits_within(max: usize, one: &str, other: &str) -> Option<usize> {
    // Most names differ too much in length already. Counting edits takes the product of the
    // lengths, which is much for a header of thousands of columns or with very long names.
    if one.chars().count().abs_diff(other.chars().count()) > max {
        return None;
    }
    Some(strsim::damerau_levenshtein(one, other)).filter(|edits| *edits <= max)
}

/// The number of edits between two names, near or not, to sort names by it.
#[must_use]
pub fn edits(one: &str, other: &str) -> usize {
    strsim::damerau_levenshtein(one, other)
}

/// The hint line at the end of a message about an unknown name; empty without a suggestion.
#[must_use]
pub fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("\n  hint: did you mean {name:?}?"))
}

/// The letters of a name that are compared.
fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '.' | '*')).flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::suggest;

    #[test]
    fn only_a_near_name_is_suggested() {
        for (name, known) in [
            ("reference_id", "referenceId"),
            ("reference", "referenceId"),
            ("Status", "status"),
            ("Finacial Status", "Financial Status"),
            ("colum", "column"),
            ("prise", "price"),
            ("rat", "rate"),
            ("poss", "pos"),
            ("piad", "paid"),
            ("mulit", "multi"),
            ("PURCHASD", "PURCHASED"),
            ("guest.emial", "guest.email"),
            ("ext.", "ext.*"),
            ("stauts", "status"),
        ] {
            assert_eq!(suggest(name, [known]), Some(known), "{name}");
        }
        for (name, known) in [
            ("total", "guest.postal_code"),
            ("part", "path"),
            ("zzz", "status"),
            ("tags", "status"),
            ("priceTag", "price"),
            ("orderItems.sku", "orderItems"),
            ("orderItems.sku", "orderItems.leg"),
            ("date", "order_date"),
            ("city", "country"),
            ("a", "b"),
            ("", "x"),
        ] {
            assert_eq!(suggest(name, [known]), None, "{name}");
        }
    }

    #[test]
    fn nearest_name_is_suggested() {
        assert_eq!(suggest("price", ["prices", "PRICE", "prise"]), Some("PRICE"));
        assert_eq!(suggest("prce", ["rice", "price"]), Some("price"));
    }
}
