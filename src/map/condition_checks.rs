//! Checks of the tests of a condition: those that exclude each other, and texts that no value is.
//!
//! What such a test is for would silently not be done. Called by `condition` for each table of
//! tests.

use super::{
    cell_test::{CellTest, NumberTest},
    condition_text::ConditionText,
    key_errors::KeyErrors,
    number_marks::NumberMarks,
    one_or_many::OneOrMany,
    view::Value,
};
use crate::model::money::Amount;

/// What the profile says of all cells that conditions test.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AllCells<'p> {
    /// The marks of their numbers.
    pub(super) marks: NumberMarks,
    /// The texts that count as empty.
    pub(super) nulls: &'p [String],
}

impl AllCells<'_> {
    /// The same for a condition of an `any`. A text that counts as empty loses nothing beside a
    /// condition that holds for an empty value.
    pub(super) fn beside(self, text: &ConditionText, others: &[ConditionText]) -> Self {
        let is_same = |other: &&ConditionText| {
            (&other.column, &other.path, &other.field, other.part)
                == (&text.column, &text.path, &text.field, text.part)
        };
        let holds_for_nothing =
            others.iter().filter(is_same).any(|other| other.empty == Some(true));
        Self { nulls: if holds_for_nothing { &[] } else { self.nulls }, ..self }
    }
}

/// Refuses texts and numbers that no value is, since they count as empty.
pub(super) fn check_nulls(
    text: &ConditionText,
    equals: Option<Amount>,
    cells: AllCells<'_>,
    errors: &mut KeyErrors,
) {
    // The row as it is in the file has no empty cells.
    if text.raw {
        return;
    }
    for (key, texts, expected) in [("is", &text.is, true), ("is_not", &text.is_not, false)] {
        let texts = texts.clone().map(OneOrMany::into_vec).unwrap_or_default();
        for null in texts.iter().filter(|text| !text.is_empty() && cells.nulls.contains(text)) {
            let error = format!(
                "has {null:?}, which counts as empty (nulls); expected empty = {expected} for it"
            );
            errors.add(key, &error);
        }
    }
    let is_number = |null: &&String| cells.marks.parse(null) == equals;
    if let (Some(number), Some(null)) = (equals, cells.nulls.iter().find(is_number)) {
        let error = format!(
            "is the number of {null:?}, which counts as empty (nulls)\n  hint: write empty = \
             [{null:?}] in the rules of the cells that it is for, in place of nulls; or test both: any \
             = [{{ …, equals = {number} }}, {{ …, empty = true }}]"
        );
        errors.add("equals", &error);
    }
}

/// Refuses tests of one table that no value passes: each text of `is`, or nothing where nothing is
/// asked for, is asked of all other tests.
pub(super) fn check_contradictions(tests: &[CellTest], errors: &mut KeyErrors) {
    let contradiction =
        tests.iter().find_map(|asking| Some((asking.key(), contradiction(asking, tests)?)));
    if let Some((key, error)) = contradiction {
        errors.add(key, &error);
    }
}

/// The error of a test of whose values none passes all others.
fn contradiction(asking: &CellTest, tests: &[CellTest]) -> Option<String> {
    let values: Vec<Value<'_>> = match asking {
        CellTest::Is(listed) => listed.iter().map(|text| Value::Text(text)).collect(),
        CellTest::Empty(true) => vec![Value::Missing, Value::Null, Value::Text("")],
        CellTest::Exists(false) => vec![Value::Missing],
        _ => return None,
    };
    let others: Vec<_> = tests.iter().filter(|test| *test != asking).collect();
    // A text that is no number may be one after the steps of its rule.
    let fails = |test: &CellTest, value: &Value<'_>| test.holds(*value) == Ok(false);
    let passes_all = |value: &Value<'_>| !others.iter().any(|test| fails(test, value));
    if values.is_empty() || values.iter().any(passes_all) {
        return None;
    }
    let alone = others.iter().find(|test| values.iter().all(|value| fails(test, value)));
    let names: Vec<_> =
        alone.map_or(others.clone(), |test| vec![test]).into_iter().map(name).collect();
    let names = names.join(" and ");
    Some(match asking {
        CellTest::Is(_) => format!(
            "contradicts {names}, which no text of it passes; expected one of both, or any = [{{ … \
             }}, {{ … }}] if one of them is enough"
        ),
        _ => format!("contradicts {names}, which needs a value; expected one of both"),
    })
}

/// A test as messages name it.
fn name(test: &CellTest) -> String {
    match test {
        CellTest::Empty(is) | CellTest::Exists(is) => format!("{} = {is}", test.key()),
        test => test.key().to_owned(),
    }
}

/// Refuses an element of a list in a cell that has the mark between elements. One of an array of
/// JSON may have it, for which a condition has a path only.
pub(super) fn check_list(text: &ConditionText, errors: &mut KeyErrors) {
    let may_be_cell = text.path.is_none() || text.column.is_some();
    let elements = text.list_contains.clone().filter(|_| may_be_cell);
    let elements = elements.map(OneOrMany::into_vec).unwrap_or_default();
    for element in elements.iter().filter(|element| element.contains(',')) {
        let parts: Vec<_> = element.split(',').map(|part| format!("{:?}", part.trim())).collect();
        let error = format!(
            "has {element:?}, but a list in a cell is split at commas; expected [{}] for any of \
             these elements",
            parts.join(", ")
        );
        errors.add("list_contains", &error);
    }
}

/// Refuses tests of numbers that no number passes.
pub(super) fn check_numbers(tests: &[CellTest], errors: &mut KeyErrors) {
    let find = |number: fn(&CellTest) -> Option<&NumberTest>| {
        tests.iter().find_map(number).map(|test| test.number)
    };
    let equals = find(|test| if let CellTest::Equals(number) = test { Some(number) } else { None });
    let less = find(|test| if let CellTest::Less(number) = test { Some(number) } else { None });
    let greater =
        find(|test| if let CellTest::Greater(number) = test { Some(number) } else { None });
    let mut add = |key, other| {
        let error = format!(
            "contradicts {other}: no number passes both; expected any = [{{ … }}, {{ … }}] if one \
             of them is enough"
        );
        errors.add(key, &error);
    };
    if less.zip(greater).is_some_and(|(less, greater)| less.0 <= greater.0) {
        add("less", "greater");
    }
    if equals.zip(less).is_some_and(|(equals, less)| equals.0 >= less.0) {
        add("equals", "less");
    }
    if equals.zip(greater).is_some_and(|(equals, greater)| equals.0 <= greater.0) {
        add("equals", "greater");
    }
}
