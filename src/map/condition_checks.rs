//! Checks of the tests of a condition: those that exclude each other, and texts that no value is.
//!
//! What such a test is for would silently not be done. Called by `condition` for each table of
//! tests.

use super::{
    cell_test::{CellTest, NumberTest},
    condition_text::ConditionText,
    key_errors::KeyErrors,
    number::NumberMarks,
    one_or_many::OneOrMany,
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

/// Refuses tests of which one fails wherever another one holds.
pub(super) fn check_contradictions(text: &ConditionText, errors: &mut KeyErrors) {
    let texts = |texts: &Option<OneOrMany>| texts.clone().map(OneOrMany::into_vec);
    let is_filled = |texts: &Option<Vec<String>>| {
        texts.as_ref().is_some_and(|texts| texts.iter().all(|text| !text.is_empty()))
    };
    let of_value = [
        ("is", is_filled(&texts(&text.is))),
        ("starts_with", text.starts_with.is_some()),
        ("ends_with", text.ends_with.is_some()),
        ("contains", text.contains.is_some()),
        ("list_contains", is_filled(&texts(&text.list_contains))),
        ("equals", text.equals.is_some()),
        ("less", text.less.is_some()),
        ("greater", text.greater.is_some()),
    ];
    let of_member = [
        ("is", text.is.is_some()),
        ("is_not", text.is_not.is_some()),
        ("empty = false", text.empty == Some(false)),
    ];
    let find = |tests: &[(&'static str, bool)]| {
        tests.iter().find(|(_, is_set)| *is_set).map(|(test, _)| *test)
    };
    let error = |test| format!("contradicts {test}, which needs a value; expected one of both");
    if let Some(test) = find(&of_value).filter(|_| text.empty == Some(true)) {
        errors.add("empty", &error(test));
    }
    let needs_member = find(&of_member).or_else(|| find(&of_value));
    if let Some(test) = needs_member.filter(|_| text.exists == Some(false)) {
        errors.add("exists", &error(test));
    }
}

/// Refuses an element of a list in a cell that has the mark between elements. One of an array of
/// JSON may have it.
pub(super) fn check_list(text: &ConditionText, errors: &mut KeyErrors) {
    let elements = text.list_contains.clone().filter(|_| text.path.is_none());
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

/// Refuses texts of `is` of which none passes the other tests of texts.
pub(super) fn check_listed_texts(tests: &[CellTest], errors: &mut KeyErrors) {
    let listed = tests.iter().find_map(|test| match test {
        CellTest::Is(listed) => Some(listed),
        _ => None,
    });
    let Some(listed) = listed.filter(|listed| !listed.is_empty()) else { return };
    // The others have checks of their own.
    let others = tests.iter().filter_map(|test| match test {
        CellTest::StartsWith(_) => Some((test, "starts_with")),
        CellTest::EndsWith(_) => Some((test, "ends_with")),
        CellTest::Contains(_) => Some((test, "contains")),
        CellTest::ListContains(_) => Some((test, "list_contains")),
        CellTest::Empty(false) => Some((test, "empty = false")),
        _ => None,
    });
    for (other, name) in others {
        if !listed.iter().any(|text| other.holds_for_text(text)) {
            let error = format!(
                "contradicts {name}, which no text of it passes; expected one of both, or any = \
                 [{{ … }}, {{ … }}] if one of them is enough"
            );
            errors.add("is", &error);
        }
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
