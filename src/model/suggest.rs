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
fn distance(name: &str, candidate: &str) -> Option<usize> {
    if normalize(name) == normalize(candidate) {
        return Some(0);
    }
    // Part by part: `items.sku` is near neither `items` nor `items.leg`.
    let parts = |name: &str| name.split('.').map(normalize).collect::<Vec<_>>();
    let (parts, others) = (parts(name), parts(candidate));
    let distance_of_part = |(one, other): (&String, &String)| {
        let max = one.chars().count().max(other.chars().count()) / 3;
        Some(edit_distance(one, other)).filter(|distance| *distance <= max)
    };
    let is_as_long = parts.len() == others.len();
    parts.iter().zip(&others).map(distance_of_part).sum::<Option<usize>>().filter(|_| is_as_long)
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
        .filter(|c| !matches!(c, ' ' | '_' | '-' | '.' | '*'))
        .flat_map(char::to_lowercase)
        .collect()
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
