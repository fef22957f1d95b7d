//! Names of custom fields that a profile gives: whether a route takes them, whatever their values
//! are.
//!
//! Applies the same rules as the checks of orders. Called by `pipeline` before anything is read.

use super::{extension, product};
use crate::model::{
    field::Field,
    rules::{ExtensionRules, TargetRules},
};

/// Why each order with this field is invalid on a route, whatever its value is, as a message with a
/// name that the route takes; none if it is not.
#[must_use]
pub fn custom_name_error(field: &Field, rules: &TargetRules) -> Option<String> {
    match field {
        Field::Extension(key) | Field::ItemExtension(key) => {
            let error = extension::name_error(&key.name, &rules.extensions)?;
            let expected = match alphanumeric_name(&key.name, &rules.extensions) {
                Some(proposed) => format!("letters and digits, such as {proposed:?}"),
                None if rules.extensions.reserved_names.contains(&key.name.as_str()) => {
                    "another name".to_owned()
                }
                None => "letters and digits".to_owned(),
            };
            Some(format!("{error}; expected {expected}"))
        }
        Field::ItemProduct(key) => product::name_error(&key.name, rules.details.carried()?),
        _ => None,
    }
}

/// The words of a name as one: `discountCode` of `discount_code`. None where letters of a word would
/// be lost.
fn alphanumeric_name(name: &str, rules: &ExtensionRules) -> Option<String> {
    let mut proposed = String::new();
    for word in name.split(|letter: char| letter.is_ascii() && !letter.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        let first = letters.next().filter(|_| !proposed.is_empty());
        match first {
            Some(first) => proposed.extend([first.to_ascii_uppercase()].into_iter().chain(letters)),
            None => proposed.push_str(word),
        }
    }
    extension::is_valid_name(&proposed, rules).then_some(proposed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proposed_name_has_all_letters() {
        let rules = ExtensionRules { max_attributes: 1, reserved_names: &["key"] };
        let proposed = |name: &str| alphanumeric_name(name, &rules);
        for (name, expected) in [
            ("discount_code", Some("discountCode")),
            ("gift wrap", Some("giftWrap")),
            ("_SKU-2", Some("SKU2")),
            ("_key", None),
            ("größe", None),
            ("--", None),
        ] {
            assert_eq!(proposed(name).as_deref(), expected, "{name}");
        }
    }
}
