//! Tested row: the conditions of a profile on the values of a row, a document or an element.
//!
//! Finds the values; `condition` compares them. Used by `mapper` and `field_value`.

use super::{
    bound_rule::TestedSource,
    collector::Collector,
    condition::{Condition, TestError},
    profile::Profile,
    spreadsheet_text::is_spreadsheet_text,
    view::{Value, View},
};

/// Whether a condition holds; one that cannot be tested is a problem of the order.
pub(super) fn holds<'a, V: View<'a>>(
    condition: &Condition<TestedSource<V::Source>>,
    view: V,
    profile: &Profile,
    collector: &mut Collector<'a>,
) -> bool {
    test(condition, view, profile).unwrap_or_else(|(tested, error)| {
        let at = match tested {
            // The text that hides the value is a problem of its own.
            TestedSource::Guarded(_) if error == TestError::Lost => return false,
            TestedSource::Value(source) | TestedSource::Guarded(source) => view.find(source).at,
            TestedSource::Missing | TestedSource::Raw => view.at(),
        };
        collector.push_untestable(at, error);
        false
    })
}

/// Whether a condition holds. An error is what cannot be tested.
pub(super) fn test<'c, 'a, V: View<'a>>(
    condition: &'c Condition<TestedSource<V::Source>>,
    view: V,
    profile: &Profile,
) -> Result<bool, (&'c TestedSource<V::Source>, TestError)> {
    condition.holds(&|tested: &TestedSource<V::Source>| match tested {
        TestedSource::Value(source) => tested_value(view.find(source).value, profile),
        TestedSource::Guarded(source) => guarded_value(view.find(source).value, profile),
        TestedSource::Missing => Value::Missing,
        TestedSource::Raw => view.raw(),
    })
}

/// The same of a guarded cell: a text as a spreadsheet keeps it may be another one.
pub(super) fn guarded_value<'a>(value: Value<'a>, profile: &Profile) -> Value<'a> {
    match value.text() {
        Some(text) if is_spreadsheet_text(text) => Value::Lost,
        _ => tested_value(value, profile),
    }
}

/// What a condition tests of a value: nothing, where it counts as empty.
pub(super) fn tested_value<'a>(value: Value<'a>, profile: &Profile) -> Value<'a> {
    match (value, value.text()) {
        (_, Some(text)) if profile.is_null(text) => Value::Text(""),
        (Value::Boolean(_), Some(text)) => Value::Text(text),
        (value, _) => value,
    }
}
