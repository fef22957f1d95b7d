//! Misspellings: whether a name that a profile reads and the export lacks is near one that the
//! export has and no rule uses.
//!
//! Stricter than [`suggest`](crate::model::suggest::suggest), which only finds a hint: here a match
//! ends the run, so `first_name` is not near `last_name`, nor `address1` near `address2`.

use crate::model::suggest::edits_within;

/// Words that differ by one letter and mean different things in one address.
const DISTINCT: [(&str, &str); 2] = [("country", "county"), ("county", "country")];

/// The candidate of which `name` is a misspelling, if there is one: it differs only in case,
/// separators, a typing error, a letter at the end, or by an abbreviation such as `Qty`.
pub(super) fn misspelling<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = words(name);
    candidates.into_iter().find(|candidate| is_misspelled(&wanted, &words(candidate)))
}

/// The candidate that has all words of `name` or whose words `name` has, with the same last one:
/// `unit_price` and `price`.
pub(super) fn same_noun<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = words(name);
    let is_part = |part: &[String], whole: &[String]| part.iter().all(|word| whole.contains(word));
    candidates.into_iter().find(|candidate| {
        let found = words(candidate);
        wanted.last() == found.last() && (is_part(&wanted, &found) || is_part(&found, &wanted))
    })
}

/// Why a similar name is not meant as an equal: one of the two says UTC, so that their times differ
/// by the offset of a zone. None if it may be meant.
pub(super) fn other_zone(name: &str, similar: &str) -> Option<String> {
    let says_utc = |name: &str| words(name).iter().any(|word| word == "gmt" || word == "utc");
    (says_utc(name) != says_utc(similar)).then(|| {
        format!(
            "{similar:?} is similar, but its times may be in another time zone than those of \
             {name:?}; if you take it, say in which (zone)"
        )
    })
}

fn is_misspelled(wanted: &[String], found: &[String]) -> bool {
    let (one, other) = (wanted.concat(), found.concat());
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    if one.is_empty() || digits(&one) != digits(&other) {
        return false;
    }
    let is_near = |(one, other): (&String, &String)| {
        one == other || is_typo(one, other) || is_abbreviation(one, other)
    };
    one == other
        || wanted.len() == found.len() && wanted.iter().zip(found).all(is_near)
        || wanted.len() != found.len() && is_typo(&one, &other)
        || is_longer_by_a_letter(&one, &other)
}

/// Whether one has one more letter at its end than the other: `pric` and `price`, `tag` and `tags`.
fn is_longer_by_a_letter(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    let mut rest = long.strip_prefix(short).unwrap_or_default().chars();
    let is_letter = rest.next().is_some_and(char::is_alphabetic) && rest.next().is_none();
    is_letter && short.chars().count() >= 3
}

/// One typing error in five letters or more, two in nine or more; in four only swapped letters.
fn is_typo(one: &str, other: &str) -> bool {
    let n_letters = one.chars().count().min(other.chars().count());
    let max = match n_letters {
        9.. => 2,
        4..9 => 1,
        _ => 0,
    };
    let letters = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    let is_long_enough = n_letters > 4 || letters(one) == letters(other);
    is_long_enough && edits_within(max, one, other).is_some() && !DISTINCT.contains(&(one, other))
}

/// Whether one is the other without its vowels and some letters: `qty`, `amt`.
fn is_abbreviation(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    let has_vowel = short.chars().skip(1).any(|letter| "aeiou".contains(letter));
    let mut rest = long.chars();
    let is_contained = short.chars().all(|letter| rest.any(|other| other == letter));
    short.len() >= 3 && !has_vowel && short.chars().next() == long.chars().next() && is_contained
}

/// The words of a name in lower case, split at separators and at capital letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || letter.is_uppercase() && was_lower {
            words.push(String::new());
        }
        was_lower = letter.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_time_may_be_in_another_zone() {
        for (one, other) in [
            ("date_created_gmt", "date_created"),
            ("date", "dateUTC"),
            ("created_utc", "created_at"),
        ] {
            assert!(other_zone(one, other).is_some(), "{one} {other}");
        }
        for (one, other) in [("date_utc", "date_gmt"), ("date", "dates"), ("outcry", "out")] {
            assert_eq!(other_zone(one, other), None, "{one} {other}");
        }
    }

    #[test]
    fn only_misspellings_match() {
        for (name, candidate) in [
            ("canceledAt", "cancelledAt"),
            ("first_nmae", "first_name"),
            ("Order Id", "order_id"),
            ("Sku", "sku"),
            ("orderId", "OrderID"),
            ("Quantity", "Qty"),
            ("item_qty", "Item Quantity"),
            ("refrenceId", "reference_id"),
            ("Shiping Country", "Shipping Country"),
            ("stauts", "status"),
        ] {
            assert_eq!(misspelling(name, [candidate]), Some(candidate), "{name}");
            assert_eq!(misspelling(candidate, [name]), Some(name), "{name}");
        }
        for (name, candidate) in [
            ("first_name", "last_name"),
            ("guest.state", "guest.street"),
            ("email", "phone"),
            ("address1", "address2"),
            ("country", "county"),
            ("user_id", "user_ip"),
            ("date", "rate"),
            ("name", "nickname"),
            ("billing_name", "shipping_name"),
            ("created_at", "updated_at"),
            ("state", "status"),
            ("", "-"),
        ] {
            assert_eq!(misspelling(name, [candidate]), None, "{name}");
            assert_eq!(misspelling(candidate, [name]), None, "{name}");
        }
    }

    #[test]
    fn one_letter_may_be_missing_at_the_end() {
        for (name, candidate) in
            [("$dat", "$date"), ("Pric", "Price"), ("tags", "tag"), ("order_stat", "Order State")]
        {
            assert_eq!(misspelling(name, [candidate]), Some(candidate), "{name}");
            assert_eq!(misspelling(candidate, [name]), Some(name), "{name}");
        }
        for (name, candidate) in [
            ("id", "ids"),
            ("line", "line2"),
            ("free", "fee"),
            ("date", "dated_at"),
            ("date", "rate"),
        ] {
            assert_eq!(misspelling(name, [candidate]), None, "{name}");
            assert_eq!(misspelling(candidate, [name]), None, "{name}");
        }
    }

    #[test]
    fn same_noun_needs_all_words_of_one_name() {
        assert_eq!(same_noun("unit_price", ["qty", "price"]), Some("price"));
        assert_eq!(same_noun("price", ["unitPrice"]), Some("unitPrice"));
        assert_eq!(same_noun("list_price", ["unit_price"]), None);
        assert_eq!(same_noun("order", ["order_date"]), None);
    }
}
