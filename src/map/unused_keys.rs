//! Unused keys: keys of a profile that have no effect beside its others.
//!
//! The keys of one rule are checked by `rule_checks`, those of files by `file_syntax`. Called by
//! `profile_keys`.

use super::{
    input_settings::Many,
    join_checks::all_columns,
    key_errors::KeyErrors,
    one_or_list::OneOrList,
    profile::{FieldRule, ItemKindRules, Profile},
    profile_text::ItemText,
};
use crate::model::field::Field;

/// Refuses keys that have no effect. `items` are the tables of the kinds of items.
pub(super) fn check_unused_keys(
    profile: &Profile,
    items: &OneOrList<ItemText>,
    errors: &mut KeyErrors,
) {
    check_item_rows(profile, errors);
    check_line_prices(profile, items, errors);
    check_unread_joins(profile, errors);
}

/// Refuses a condition on the rows of items where no rule makes one. Beside `parent` it refuses
/// documents without one.
fn check_item_rows(profile: &Profile, errors: &mut KeyErrors) {
    let has_items = profile.maps_items() || errors.has_below(&["item"]);
    if profile.item_rows.is_some() && !has_items && profile.parent.is_none() {
        errors.add("item_rows", "without effect: no rule of [item] reads the export");
    }
}

/// Refuses the prices of lines that would count only where a price is empty that never is.
fn check_line_prices(profile: &Profile, items: &OneOrList<ItemText>, errors: &mut KeyErrors) {
    let has_value = |rule: &&FieldRule| {
        rule.fills(&Field::ItemPrice) && rule.when.is_none() && rule.rule.default_value.is_some()
    };
    let fills_line_price = |rule: &&FieldRule| rule.fills(&Field::ItemLinePrice);
    for ItemKindRules { kind, .. } in &profile.item_kinds {
        let mut rules = profile.rules.iter().filter(|rule| rule.kind == *kind);
        if rules.clone().any(|rule| has_value(&rule)) && rules.any(|rule| fills_line_price(&rule)) {
            let index = kind.index.to_string();
            let path = [&items.path_of(&["item"], &index)[..], &["line_price"]].concat();
            let error = "without effect: it counts where price is empty, which has a value or a \
                         default";
            errors.add_at(&path, error);
        }
    }
}

/// Refuses to take all rows of joined files that nothing reads.
fn check_unread_joins(profile: &Profile, errors: &mut KeyErrors) {
    // A rule with an error may be the one that reads the file.
    if errors.paths().next().is_some() {
        return;
    }
    let takes_all = profile.joins.iter().filter(|join| join.many == Many::All && !join.has_items);
    for join in takes_all {
        if !all_columns(profile).any(|name| join.has_column(name)) {
            let error = "without effect: no rule and no condition reads the file";
            errors.add_at(&["join", &join.index.to_string(), "many"], error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors_of(text: &str) -> String {
        Profile::parse("p", &format!("name = 'p'\n{text}"))
            .map_or_else(|error| error.to_string(), |_| String::new())
    }

    const CSV: &str = "order.referenceId = { column = 'id' }\n";
    const JSON: &str = "order.referenceId = { path = 'id' }\n";
    const BOTH: &str = "order.referenceId = { column = 'id', path = 'id' }\n";

    #[test]
    fn keys_of_the_other_format_are_refused() {
        let keys = "documents = 'orders[]'\ndelimiter = ';'\n";
        insta::assert_snapshot!(errors_of(&format!("{keys}{CSV}")), @"p:2:13: documents: without effect: the order key has a column only, as in CSV");
        insta::assert_snapshot!(errors_of(&format!("{keys}{JSON}")), @"p:3:13: delimiter: without effect: the order key has a path only, as in JSON");
        insta::assert_snapshot!(errors_of(&format!("{keys}{BOTH}")), @"");
        // The extended profile has items of documents.
        insta::assert_snapshot!(errors_of(&format!("extends = 'canonical'\n{CSV}")), @"");
    }

    #[test]
    fn condition_on_items_needs_an_item() {
        let rows = "item_rows = { column = 'kind', path = 'kind', is = 'line' }\n";
        insta::assert_snapshot!(errors_of(&format!("{rows}{BOTH}")), @"p:2:1: item_rows: without effect: no rule of [item] reads the export");
        let name = "item.name = { column = 'name', path = 'name' }";
        insta::assert_snapshot!(errors_of(&format!("{rows}{BOTH}{name}")), @"");
    }

    #[test]
    fn price_of_a_line_needs_an_empty_price() {
        let with = |price: &str| {
            let line = "line_price = { column = 'total' }";
            errors_of(&format!("{CSV}[item]\nname = {{ column = 'n' }}\nprice = {price}\n{line}"))
        };
        insta::assert_snapshot!(with("{ value = '5' }"), @"p:6:1: item.line_price: without effect: it counts where price is empty, which has a value or a default");
        insta::assert_snapshot!(with("[{ column = 'a' }, { column = 'b', default = '0' }]"), @"p:6:1: item.line_price: without effect: it counts where price is empty, which has a value or a default");
        let conditional = "{ value = '5', when = { column = 'a', is = 'b' } }";
        insta::assert_snapshot!(with(conditional), @"");
        let kinds = "[[item]]\nwhen = { column = 'k', is = 'a' }\nprice = { value = '5' }
            name = { column = 'n' }\n[[item]]\nwhen = { column = 'k', is = 'b' }
            price = { value = '5' }\nline_price = { column = 'total' }\n";
        insta::assert_snapshot!(errors_of(&format!("{CSV}{kinds}")), @"p:10:1: item[2].line_price: without effect: it counts where price is empty, which has a value or a default");
    }

    #[test]
    fn all_rows_of_a_join_are_of_use_to_a_rule() {
        let join = "[[join]]\nas = 'pay'\nmany = 'all'\non = [{ column = 'id', to = 'id' }]\n";
        let price = "order.price = { column = 'pay.value', over_rows = 'add' }\n";
        insta::assert_snapshot!(errors_of(&format!("{CSV}{join}")), @"p:5:8: join.many: without effect: no rule and no condition reads the file");
        insta::assert_snapshot!(errors_of(&format!("{CSV}{price}{join}")), @"");
    }
}
