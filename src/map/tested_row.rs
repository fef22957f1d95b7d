//! Tested row: the conditions of a profile on the values of a row, a document or an element.
//!
//! Finds the values; `condition` compares them. Used by `mapper` and `field_value`.

use super::{
    bound_rule::TestedSource,
    cell_test::TestError,
    collector::Collector,
    condition::Condition,
    profile::Profile,
    spreadsheet_text::is_spreadsheet_text,
    view::{Value, View},
};
use crate::model::problem::Code;

/// Whether a condition holds; one that is not decided does not.
pub(super) fn holds<'a, V: View<'a>>(
    condition: &Condition<TestedSource<V::Source>>,
    view: V,
    profile: &Profile,
    collector: &mut Collector<'a>,
) -> bool {
    decide(condition, view, profile, collector) == Some(true)
}

/// Whether a condition holds; none if that cannot be tested, which is a problem of the order.
pub(super) fn decide<'a, V: View<'a>>(
    condition: &Condition<TestedSource<V::Source>>,
    view: V,
    profile: &Profile,
    collector: &mut Collector<'a>,
) -> Option<bool> {
    let (tested, error) = match test(condition, view, profile) {
        Ok(holds) => return Some(holds),
        Err(untestable) => untestable,
    };
    let at = match tested {
        // A profile may send orders with such texts, but not by what they hide.
        TestedSource::Guarded(source)
            if error == TestError::Lost
                && !view.lacks(source)
                && profile.severities.is_lowered(Code::SpreadsheetText) =>
        {
            collector.push_untestable(view.find(source).at, TestError::SpreadsheetText);
            return None;
        }
        // The text that hides the value, or the side row that lacks it, is a problem of its own.
        TestedSource::Value(_) | TestedSource::Guarded(_) if error == TestError::Lost => {
            return None;
        }
        TestedSource::Value(source) | TestedSource::Guarded(source) => view.find(source).at,
        TestedSource::Missing | TestedSource::Raw => view.at(),
    };
    collector.push_untestable(at, error);
    None
}

/// Whether a condition holds. An error is what cannot be tested.
pub(super) fn test<'c, 'a, V: View<'a>>(
    condition: &'c Condition<TestedSource<V::Source>>,
    view: V,
    profile: &Profile,
) -> Result<bool, (&'c TestedSource<V::Source>, TestError)> {
    condition.holds(&|tested: &TestedSource<V::Source>| tested_value(tested, view, profile))
}

/// The value that a condition tests. What a side row that the row lacks would say is not known, and
/// a text as a spreadsheet keeps it may be another one.
pub(super) fn tested_value<'a, V: View<'a>>(
    tested: &TestedSource<V::Source>,
    view: V,
    profile: &Profile,
) -> Value<'a> {
    let value = match tested {
        TestedSource::Missing => return Value::Missing,
        TestedSource::Raw => return view.raw(),
        TestedSource::Value(source) | TestedSource::Guarded(source) if view.lacks(source) => {
            return Value::Lost;
        }
        TestedSource::Value(source) | TestedSource::Guarded(source) => view.find(source).value,
    };
    match (value, value.text(), tested) {
        (_, Some(text), TestedSource::Guarded(_)) if is_spreadsheet_text(text) => Value::Lost,
        (_, Some(text), _) if profile.is_null(text) => Value::Text(""),
        // A text that counts as empty may stand for an object that is not there.
        (Value::WithinScalar { text, .. }, ..) if profile.is_null(text) => Value::Missing,
        (Value::Boolean(_), Some(text), _) => Value::Text(text),
        (value, ..) => value,
    }
}
