//! Lists of rules: the rules of one field, of which the first that yields a value counts.
//!
//! Checks what they say together; each is compiled as a rule of its own. Called by `field_rules`.

use super::{
    key_errors::{KeyErrors, WHOLE_RULE},
    rule_text::RuleText,
};

/// Returns all errors of a list, and gives the type that one of its rules declares to all.
pub(super) fn check(rules: &mut [RuleText], is_wildcard: bool) -> Result<(), KeyErrors> {
    let mut errors = KeyErrors::default();
    if is_wildcard {
        errors.add(WHOLE_RULE, "is a wildcard and has a list; expected one rule");
    }
    if rules.is_empty() {
        errors.add(WHOLE_RULE, "is an empty list; expected rules");
    }
    let last = rules.len().saturating_sub(1);
    let declared_type = rules.iter().find_map(|rule| rule.r#type.clone());
    let (disagree, over_rows) =
        rules.first().map(|first| (first.disagree, first.over_rows)).unwrap_or_default();
    for (index, rule) in rules.iter_mut().enumerate() {
        let at = index.to_string();
        if let Some(key) = always_yields(rule).filter(|_| index < last) {
            let error = "is for the last rule of a list: those behind it would never count";
            errors.add_at(&[&at, key], error);
        }
        for (key, differs) in [
            ("type", rule.r#type.is_some() && rule.r#type != declared_type),
            ("disagree", rule.disagree != disagree),
            ("over_rows", rule.over_rows != over_rows),
        ] {
            if differs {
                let error = "is another one than that of an earlier rule; expected the same in \
                             all rules of a list";
                errors.add_at(&[&at, key], error);
            }
        }
        rule.r#type.clone_from(&declared_type);
    }
    errors.ensure_none()
}

/// The key by which a rule yields a value whatever the export has.
fn always_yields(rule: &RuleText) -> Option<&'static str> {
    if rule.default.is_some() {
        return Some("default");
    }
    (rule.value.is_some() && rule.when.is_none()).then_some("value")
}
