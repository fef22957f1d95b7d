//! Conditions: tests on the cells of a row, and their combinations.
//!
//! Three-valued: a test that cannot be made, such as `less` on a text that is no number, neither
//! holds nor fails. It matters only where the other tests do not decide, whatever their order.
//! Compiled by `profile`; `mapper` finds the values.

use std::{fmt, sync::Arc};

use super::{
    cell_test::{CellTest, NumberTest, TestError, all},
    compared_texts::{ensure_end, ensure_start, ensure_trimmed},
    condition_checks::{AllCells, check_contradictions, check_list, check_nulls, check_numbers},
    condition_text::{ConditionText, NumberText},
    item_field::{ItemField, tested_field},
    key_errors::{KeyError, KeyErrors, KeyPath, WHOLE_RULE},
    one_or_many::OneOrMany,
    path_text::{ensure_named, segments, walks_arrays},
    rule::Rule,
    view::Value,
};
use crate::model::money::Amount;

/// A condition on the cells of a row. `S` is where a cell is: its names, or its column once the
/// condition is bound to a header.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition<S = CellSource> {
    /// All tests hold on one cell.
    Cell(S, Vec<CellTest>),
    /// All conditions hold.
    All(Vec<Self>),
    /// At least one condition holds.
    Any(Vec<Self>),
    /// The condition does not hold.
    Not(Box<Self>),
}

/// The names of the cell that a condition tests, one for each format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellSource {
    /// The CSV column.
    pub column: Option<String>,
    /// The JSON path.
    pub path: Option<String>,
    /// The field of an item in a list or in a group of columns, in place of both.
    pub field: Option<ItemField>,
    /// Whether the tests are made on the row as it is in the file.
    pub is_raw: bool,
    /// Whether the export may lack the column or path: it is declared optional, or tested with
    /// `exists`.
    pub is_optional: bool,
    /// Where the profile has its tests, from the condition as a whole.
    pub(super) within: KeyPath,
}

impl fmt::Display for CellSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.field, self.names().next()) {
            (Some(field), _) => field.fmt(f),
            (None, Some(name)) => write!(f, "{name:?}"),
            (None, None) => f.write_str("the row"),
        }
    }
}

impl CellSource {
    /// Its column and its path.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.column.iter().chain(&self.path)
    }

    /// Whether it is a column or a path.
    pub(super) fn has_name(&self) -> bool {
        !self.is_raw && self.field.is_none()
    }

    /// The field that an item must have, since it is tested.
    pub(super) fn needed_field(&self) -> &[ItemField] {
        if self.is_optional { &[] } else { self.field.as_slice() }
    }
}

impl Condition {
    /// Compiles a condition, or returns all of its errors.
    pub(super) fn new(text: ConditionText, cells: AllCells<'_>) -> Result<Self, KeyErrors> {
        Self::within(&[], text, cells)
    }

    /// Compiles a condition that is at a path within another one.
    fn within(path: &[&str], text: ConditionText, cells: AllCells<'_>) -> Result<Self, KeyErrors> {
        let (mut errors, mut conditions) = (KeyErrors::default(), Vec::new());
        let ConditionText { all, any, not, .. } = text.clone();
        let has_parts = all.is_some() || any.is_some() || not.is_some();
        let below = |name| [path, &[name]].concat();
        if let Some(tested) = cell_condition(path, text, cells, &mut errors) {
            conditions.push(tested);
        }
        if let Some(all) = all {
            conditions.push(Self::All(several(&below("all"), &all, cells, &mut errors)));
        }
        if let Some(any) = any {
            conditions.push(Self::Any(several(&below("any"), &any, cells, &mut errors)));
        }
        if let Some(not) = not {
            let not = errors.keep_below(&["not"], Self::within(&below("not"), *not, cells));
            conditions.extend(not.map(|not| Self::Not(Box::new(not))));
        }
        if conditions.is_empty() && !has_parts {
            errors.add(WHOLE_RULE, "has no column and no path");
        }
        errors.ensure_none()?;
        match conditions.len() {
            1 => Ok(conditions.remove(0)),
            _ => Ok(Self::All(conditions)),
        }
    }
}

/// The tests on one cell, if there are any.
fn cell_condition(
    path: &[&str],
    text: ConditionText,
    cells: AllCells<'_>,
    errors: &mut KeyErrors,
) -> Option<Condition> {
    let tests = cell_tests(&text, cells, errors);
    let field = errors.keep(tested_field(&text));
    let reads_field = text.field.is_some() || text.part.is_some();
    let has_names = text.column.is_some() || text.path.is_some();
    check_texts(&text, errors);
    // It is not known yet how texts are read as numbers.
    let of_texts: Vec<_> = tests.iter().filter(|test| !test.is_of_number()).cloned().collect();
    check_contradictions(&of_texts, errors);
    check_numbers(&tests, errors);
    let has_source = has_names || text.raw || reads_field;
    match (has_source, tests.is_empty()) {
        // A number that cannot be read is a test too.
        (true, true) if [&text.equals, &text.less, &text.greater].iter().any(|n| n.is_some()) => {}
        (true, true) => errors.add(WHOLE_RULE, &format!("has no test; expected one of {TESTS}")),
        (false, false) => errors.add(WHOLE_RULE, "has no column and no path"),
        (false, true) => return None,
        (true, false) if text.raw && (has_names || reads_field) => {
            errors.add(WHOLE_RULE, "has raw and a column or path; expected one of them");
        }
        (true, false) if has_names && reads_field => {
            errors.add(WHOLE_RULE, "has a field and a column or path; expected one of them");
        }
        (true, false) if text.raw => refuse_values(&text, errors),
        (true, false) => {}
    }
    if let Some(path) = &text.path {
        errors.keep(check_path(path));
    }
    let is_optional = text.optional || tests.iter().any(|test| matches!(test, CellTest::Exists(_)));
    let source = CellSource {
        column: text.column,
        path: text.path,
        field: field.flatten(),
        is_raw: text.raw,
        is_optional,
        within: path.iter().map(|name| (*name).to_owned()).collect(),
    };
    Some(Condition::Cell(source, tests))
}

impl Condition {
    /// The fields of items that it tests.
    pub(super) fn fields(&self) -> Vec<&ItemField> {
        self.sources().into_iter().filter_map(|source| source.field.as_ref()).collect()
    }

    /// Lets number tests read their cells as the rule does that reads the same cells, to compare
    /// them with a number. Refuses those for which there is no such rule, an error of `rule`, and
    /// those that no text of `is` passes.
    pub(super) fn read_numbers_by(
        &mut self,
        rule: &impl Fn(&CellSource, Amount) -> Result<Option<Arc<Rule>>, String>,
        errors: &mut KeyErrors,
    ) {
        match self {
            Self::All(conditions) | Self::Any(conditions) => {
                for condition in conditions {
                    condition.read_numbers_by(rule, errors);
                }
            }
            Self::Not(condition) => condition.read_numbers_by(rule, errors),
            Self::Cell(source, tests) => {
                let read = read_cell_numbers(source, tests, rule);
                let within: Vec<&str> = source.within.iter().map(String::as_str).collect();
                errors.keep_below(&within, read);
            }
        }
    }
}

/// Lets the number tests of one cell read it as its rule does.
fn read_cell_numbers(
    source: &CellSource,
    tests: &mut [CellTest],
    rule: &impl Fn(&CellSource, Amount) -> Result<Option<Arc<Rule>>, String>,
) -> Result<(), KeyErrors> {
    let mut errors = KeyErrors::default();
    for test in tests.iter_mut() {
        let key = test.key();
        let Some(number) = test.number_mut() else { continue };
        let found = rule(source, number.number).map_err(|error| (key, error));
        number.rule = errors.keep(found).flatten();
    }
    if tests.iter().any(CellTest::is_of_number) {
        check_contradictions(tests, &mut errors);
    }
    errors.ensure_none()
}

/// Refuses texts that decide nothing: none of a list, one that no value has, one that all have.
fn check_texts(text: &ConditionText, errors: &mut KeyErrors) {
    type Check = fn(&str) -> Result<(), String>;
    let checks: [(&str, &Option<OneOrMany>, Check); 6] = [
        ("is", &text.is, ensure_trimmed),
        ("is_not", &text.is_not, ensure_trimmed),
        ("starts_with", &text.starts_with, |text| ensure_filled(text).and(ensure_start(text))),
        ("ends_with", &text.ends_with, |text| ensure_filled(text).and(ensure_end(text))),
        ("contains", &text.contains, ensure_filled),
        ("list_contains", &text.list_contains, ensure_trimmed),
    ];
    for (key, texts, check) in checks {
        let Some(texts) = texts.clone().map(OneOrMany::into_vec) else { continue };
        if texts.is_empty() {
            errors.add(key, "is empty, expected texts");
        }
        // A row as it is in the file may have blanks at its ends.
        let check: Check = if text.raw { |_| Ok(()) } else { check };
        for error in texts.iter().filter_map(|text| check(text).err()) {
            errors.add(key, &error);
        }
    }
    check_list(text, errors);
}

fn ensure_filled(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("has an empty text, which every value has; expected empty = false".to_owned());
    }
    Ok(())
}

/// Refuses tests on a value, which a row as it is in the file is not.
fn refuse_values(text: &ConditionText, errors: &mut KeyErrors) {
    let tests = [
        ("empty", text.empty.is_some()),
        ("exists", text.exists.is_some()),
        ("equals", text.equals.is_some()),
        ("less", text.less.is_some()),
        ("greater", text.greater.is_some()),
    ];
    for (key, _) in tests.into_iter().filter(|(_, is_set)| *is_set) {
        let error = "is no test of a whole row; expected is, starts_with, ends_with or contains";
        errors.add(key, error);
    }
}

/// Refuses a path that is not well formed, or that reads several values.
fn check_path(path: &str) -> Result<(), KeyError> {
    segments(path)
        .and_then(|segments| ensure_named(path, &segments))
        .map_err(|error| ("path", error))?;
    if walks_arrays(path) {
        let error = format!(
            "the condition tests one value, but {path:?} has that of each element; expected an index or a filter"
        );
        return Err((WHOLE_RULE, error));
    }
    Ok(())
}

/// The tests, as a message lists them.
const TESTS: &str = "is, is_not, starts_with, ends_with, contains, list_contains, empty, exists, \
                     equals, less, greater";

/// Compiles the conditions of a list at a path.
fn several(
    path: &[&str],
    texts: &[ConditionText],
    cells: AllCells<'_>,
    errors: &mut KeyErrors,
) -> Vec<Condition> {
    let name = path.last().copied().unwrap_or_default();
    if texts.is_empty() {
        errors.add(name, "is empty, expected conditions");
    }
    let compile = |(index, text): (usize, &ConditionText)| {
        let cells = if name == "any" { cells.beside(text, texts) } else { cells };
        let index = index.to_string();
        let condition = Condition::within(&[path, &[&index]].concat(), text.clone(), cells);
        errors.keep_below(&[name, &index], condition)
    };
    texts.iter().enumerate().filter_map(compile).collect()
}

fn cell_tests(text: &ConditionText, cells: AllCells<'_>, errors: &mut KeyErrors) -> Vec<CellTest> {
    let many = |texts: &Option<OneOrMany>| texts.clone().map(OneOrMany::into_vec);
    let mut number = |key, text: &Option<NumberText>| {
        let number = parse_number(text.as_ref()?).map_err(|error| (key, error));
        let number = errors.keep(number)?;
        Some(NumberTest { number, marks: cells.marks, rule: None })
    };
    let equals = number("equals", &text.equals);
    let tests = [
        many(&text.is).map(CellTest::Is),
        many(&text.is_not).map(CellTest::IsNot),
        many(&text.starts_with).map(CellTest::StartsWith),
        many(&text.ends_with).map(CellTest::EndsWith),
        many(&text.contains).map(CellTest::Contains),
        many(&text.list_contains).map(CellTest::ListContains),
        text.empty.map(CellTest::Empty),
        text.exists.map(CellTest::Exists),
        equals.clone().map(CellTest::Equals),
        number("less", &text.less).map(CellTest::Less),
        number("greater", &text.greater).map(CellTest::Greater),
    ];
    check_nulls(text, equals.map(|test| test.number), cells, errors);
    tests.into_iter().flatten().collect()
}

fn parse_number(number: &NumberText) -> Result<Amount, String> {
    let text = match number {
        NumberText::Integer(number) => number.to_string(),
        NumberText::Float(number) => number.to_string(),
        NumberText::Text(text) => text.clone(),
    };
    text.parse().map_err(|error| format!("invalid number {text:?}: {error}"))
}

impl<S> Condition<S> {
    /// Whether the condition holds for the values that `value` finds.
    ///
    /// # Errors
    ///
    /// The first test that cannot be made, if the others do not decide without it.
    pub(super) fn holds<'a, 's>(
        &'s self,
        value: &impl Fn(&S) -> Value<'a>,
    ) -> Result<bool, (&'s S, TestError)> {
        match self {
            Self::Cell(source, tests) => {
                let value = value(source);
                all(tests.iter().map(|test| test.holds(value).map_err(|error| (source, error))))
            }
            Self::All(conditions) => all(conditions.iter().map(|one| one.holds(value))),
            Self::Any(conditions) => {
                let fails = |one: &'s Self| one.holds(value).map(|holds| !holds);
                all(conditions.iter().map(fails)).map(|fail| !fail)
            }
            Self::Not(condition) => condition.holds(value).map(|holds| !holds),
        }
    }

    /// The same condition with other sources.
    pub(super) fn bind<'s, T, E>(
        &'s self,
        source: &mut impl FnMut(&'s S) -> Result<T, E>,
    ) -> Result<Condition<T>, E> {
        let mut several = |conditions: &'s [Self]| -> Result<Vec<Condition<T>>, E> {
            conditions.iter().map(|one| one.bind(source)).collect()
        };
        Ok(match self {
            Self::All(conditions) => Condition::All(several(conditions)?),
            Self::Any(conditions) => Condition::Any(several(conditions)?),
            Self::Not(condition) => Condition::Not(Box::new(condition.bind(source)?)),
            Self::Cell(names, tests) => Condition::Cell(source(names)?, tests.clone()),
        })
    }

    /// All cells that the condition tests.
    pub(super) fn sources(&self) -> Vec<&S> {
        match self {
            Self::Cell(source, _) => vec![source],
            Self::All(conditions) | Self::Any(conditions) => {
                conditions.iter().flat_map(Self::sources).collect()
            }
            Self::Not(condition) => condition.sources(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::number_marks::NumberMarks, *};
    use crate::model::document::of_value::document_of;

    fn condition(toml: &str) -> Result<Condition, String> {
        let compile = || {
            let mut condition = Condition::new(toml::from_str(toml).unwrap(), AllCells::default())?;
            let mut errors = KeyErrors::default();
            condition.read_numbers_by(&|_, _| Ok(None), &mut errors);
            errors.ensure_none().map(|()| condition)
        };
        compile().map_err(|errors| errors.to_string())
    }

    /// Tests a condition on the cells `c` and `d`.
    fn holds_for(toml: &str, c: Value<'_>, d: Value<'_>) -> Result<bool, TestError> {
        let condition = condition(toml).unwrap();
        let value = |source: &CellSource| if source.column.as_deref() == Some("d") { d } else { c };
        condition.holds(&value).map_err(|(_, error)| error)
    }

    fn holds(tests: &str, text: &str) -> Result<bool, TestError> {
        holds_for(&format!("column = 'c'\n{tests}"), Value::Text(text), Value::Null)
    }

    #[test]
    fn text_tests_compare_the_text() {
        for (tests, text, expected) in [
            ("is = ['a', 'b']", "b", true),
            ("is = 'a'", "A", false),
            ("is_not = ['a', 'b']", "b", false),
            ("is_not = 'a'", "", true),
            ("starts_with = 'C'", "C536379", true),
            ("starts_with = 'C'\nis_not = 'C1'", "C1", false),
            ("ends_with = ['-R', '-S']", "17-S", true),
            ("contains = 'record(s)'", "3 record(s) found", true),
            ("list_contains = 'test'", "vip, test", true),
            ("list_contains = 'test'", "vip, tested", false),
            ("empty = true", "", true),
            ("empty = false", "", false),
            ("exists = false", "", false),
        ] {
            assert_eq!(holds(tests, text), Ok(expected), "{tests} on {text:?}");
        }
    }

    #[test]
    fn numbers_compare_by_value() {
        for (tests, text, expected) in [
            ("equals = '0'", "0.00", Ok(true)),
            ("equals = 0", "-0", Ok(true)),
            ("less = 0", "-0.01", Ok(true)),
            ("less = 0", "0", Ok(false)),
            ("greater = 0.1", "0.10", Ok(false)),
            ("greater = 0.1", "1e2", Ok(true)),
            ("less = 0", "", Ok(false)),
            ("less = 0", "free", Err(TestError::NotANumber)),
            ("less = 0\nis_not = 'free'", "free", Ok(false)),
        ] {
            assert_eq!(holds(tests, text), expected, "{tests} on {text:?}");
        }
    }

    #[test]
    fn numbers_are_read_by_the_marks_of_the_profile() {
        let marks = NumberMarks::new(Some(","), Some(".")).unwrap();
        let cells = AllCells { marks, nulls: &[] };
        let less_than_ten = toml::from_str("column = 'c'\nless = 10").unwrap();
        let less_than_ten = Condition::new(less_than_ten, cells).unwrap();
        let holds = |value| less_than_ten.holds(&|_| value).map_err(|(_, error)| error);
        assert_eq!(holds(Value::Text("1.250")), Ok(false));
        assert_eq!(holds(Value::Text("-1.250,50")), Ok(true));
        assert_eq!(holds(Value::Text("9.99")), Err(TestError::NotANumber));
        assert_eq!(holds(Value::Number("9.99")), Ok(true));
    }

    #[test]
    fn nothing_holds_only_where_it_is_asked_for() {
        for nothing in [Value::Missing, Value::Null] {
            for test in ["is = ''", "is_not = 'x'", "contains = 'x'", "less = 1", "empty = false"] {
                let holds = holds_for(&format!("path = 'c'\n{test}"), nothing, nothing);
                assert_eq!(holds, Ok(false), "{test}");
            }
            assert_eq!(holds_for("path = 'c'\nempty = true", nothing, nothing), Ok(true));
        }
        let exists = |value| holds_for("path = 'c'\nexists = true", value, Value::Null);
        assert_eq!((exists(Value::Missing), exists(Value::Null)), (Ok(false), Ok(true)));
    }

    /// Objects and filled arrays were once taken for empty, so that a cancelled order was sent.
    #[test]
    fn objects_and_filled_arrays_are_not_empty() {
        let nested = Err(TestError::NotAScalar);
        for (test, value, expected) in [
            ("empty = false", "{\"$date\": 1}", Ok(true)),
            ("empty = false", "{}", Ok(true)),
            ("empty = false", "[{}]", Ok(true)),
            ("empty = false", "[]", Ok(false)),
            ("is = 'x'", "[\"x\"]", nested),
            ("is_not = 'x'", "{}", nested),
            ("starts_with = 'x'", "{}", nested),
            ("less = 1", "[1]", nested),
            ("list_contains = 'x'", "[\"y\", \" x \"]", Ok(true)),
            ("list_contains = '7'", "[8, null, 7]", Ok(true)),
            ("list_contains = 'x'", "[]", Ok(false)),
            ("list_contains = 'x'", "[\"y\", {}]", nested),
        ] {
            let document = document_of(&serde_json::from_str(value).unwrap());
            let value_of = Value::of(Some(document.root()));
            let holds = holds_for(&format!("path = 'c'\n{test}"), value_of, Value::Null);
            assert_eq!(holds, expected, "{test} on {value}");
        }
    }

    /// A cancelled order was sent whose `status` was a text, not the object of the path.
    #[test]
    fn member_of_a_single_value_is_not_tested() {
        let within = |value: &str| {
            let document = document_of(&serde_json::from_str(value).unwrap());
            let document = Box::leak(Box::new(document));
            Value::within(document.root())
        };
        for value in ["\"CANCELLED\"", "7", "true"] {
            let exists = holds_for("path = 'c'\nexists = true", within(value), Value::Null);
            assert_eq!(exists, Ok(false), "{value}");
            for test in ["is = 'x'", "is_not = 'x'", "empty = true", "less = 1"] {
                let holds = holds_for(&format!("path = 'c'\n{test}"), within(value), Value::Null);
                assert_eq!(holds, Err(TestError::WithinScalar), "{test} on {value}");
            }
        }
    }

    #[test]
    fn conditions_nest_and_ignore_tests_that_do_not_matter() {
        let free = Value::Text("free");
        let (is_free, less) = ("{ column = 'c', is = 'free' }", "{ column = 'c', less = 0 }");
        let not_a_number = Err(TestError::NotANumber);
        for (toml, expected) in [
            (format!("any = [{less}, {is_free}]"), Ok(true)),
            (format!("any = [{is_free}, {less}]"), Ok(true)),
            (format!("all = [{less}, {is_free}]"), not_a_number),
            (format!("all = [{less}, {{ not = {is_free} }}]"), Ok(false)),
            (format!("not = {less}"), not_a_number),
            (format!("column = 'd'\nis = 'x'\nall = [{is_free}]"), Ok(true)),
            (format!("column = 'd'\nis = 'y'\nall = [{is_free}]"), Ok(false)),
        ] {
            assert_eq!(holds_for(&toml, free, Value::Text("x")), expected, "{toml}");
        }
        let lost = holds_for("column = 'c'\nempty = true", Value::Lost, Value::Null);
        assert_eq!(lost, Err(TestError::Lost));
    }

    /// Its rows were once sent, or all were left out, without a word.
    #[test]
    fn texts_that_decide_nothing_are_refused() {
        for (test, expected) in [
            ("is = []", "is: is empty, expected texts"),
            (
                "is_not = ['a', ' b']",
                "is_not: has \" b\", but values have no blanks around them; expected \"b\"",
            ),
            (
                "list_contains = 'a '",
                "list_contains: has \"a \", but values have no blanks around them; expected \"a\"",
            ),
            (
                "starts_with = ' a '",
                "starts_with: has \" a \", but values have no blanks around them; expected \"a \"",
            ),
            (
                "ends_with = ' a '",
                "ends_with: has \" a \", but values have no blanks around them; expected \" a\"",
            ),
            (
                "contains = ''",
                "contains: has an empty text, which every value has; expected empty = false",
            ),
        ] {
            assert_eq!(condition(&format!("column = 'c'\n{test}")).unwrap_err(), expected);
        }
        for fits in [
            "is = ''",
            "contains = ' '",
            "starts_with = 'a '",
            "ends_with = ' a'",
            "is = ['a', 'b']\nis_not = 'b'",
        ] {
            condition(&format!("path = 'c'\n{fits}")).unwrap();
        }
        condition("raw = true\nstarts_with = ' '\nis = ' '").unwrap();
    }

    /// The orders that they name were sent.
    #[test]
    fn tests_that_exclude_each_other_are_refused() {
        for (tests, expected) in [
            (
                "empty = true\nstarts_with = 'a'",
                "empty: contradicts starts_with, which needs a value; expected one of both",
            ),
            (
                "empty = true\nis_not = ''",
                "empty: contradicts is_not, which needs a value; expected one of both",
            ),
            (
                "empty = true\nless = 5",
                "empty: contradicts less, which needs a value; expected one of both",
            ),
            (
                "exists = false\nempty = false",
                "exists: contradicts empty = false, which needs a value; expected one of both",
            ),
        ] {
            assert_eq!(condition(&format!("path = 'c'\n{tests}")).unwrap_err(), expected);
        }
        for (tests, expected) in [
            (
                "is = ['b', 'c']\nstarts_with = 'a'",
                "is: contradicts starts_with, which no text of it passes; expected one of both, or \
                 any = [{ … }, { … }] if one of them is enough",
            ),
            (
                "empty = true\nis = 'a'",
                "is: contradicts empty = true, which no text of it passes; expected one of both, \
                 or any = [{ … }, { … }] if one of them is enough",
            ),
            (
                "is = 'a'\nis_not = ['a', 'b']",
                "is: contradicts is_not, which no text of it passes; expected one of both, or any \
                 = [{ … }, { … }] if one of them is enough",
            ),
            (
                "is = ['ab', 'ca']\nstarts_with = 'a'\nends_with = 'a'",
                "is: contradicts starts_with and ends_with, which no text of it passes; expected \
                 one of both, or any = [{ … }, { … }] if one of them is enough",
            ),
            (
                "is = '5'\nequals = 6",
                "is: contradicts equals, which no text of it passes; expected one of both, or any \
                 = [{ … }, { … }] if one of them is enough",
            ),
            (
                "is = ['5', '7']\nless = 3",
                "is: contradicts less, which no text of it passes; expected one of both, or any = \
                 [{ … }, { … }] if one of them is enough",
            ),
            (
                "is = ''\nempty = false",
                "is: contradicts empty = false, which no text of it passes; expected one of both, \
                 or any = [{ … }, { … }] if one of them is enough",
            ),
            (
                "less = 1\ngreater = 100",
                "less: contradicts greater: no number passes both; expected any = [{ … }, { … }] \
                 if one of them is enough",
            ),
            (
                "equals = 5\nless = '5.0'",
                "equals: contradicts less: no number passes both; expected any = [{ … }, { … }] if \
                 one of them is enough",
            ),
        ] {
            assert_eq!(condition(&format!("path = 'c'\n{tests}")).unwrap_err(), expected);
        }
        insta::assert_snapshot!(
            condition("column = 'c'\nlist_contains = ['a', 'vip, test']").unwrap_err(),
            @r#"list_contains: has "vip, test", but a list in a cell is split at commas; expected ["vip", "test"] for any of these elements"#
        );
        condition("column = 'c'\npath = 'c'\nlist_contains = 'vip, test'").unwrap_err();
        for fits in [
            "is = ['ab', 'c']\nstarts_with = 'a'",
            "is = ['', 'a']\nempty = false",
            "less = 1\ngreater = 0",
            "equals = 5\nless = 6\ngreater = 4",
            "list_contains = 'vip, test'",
            "empty = true\nis = ''",
            "empty = true\nis_not = 'a'",
            "empty = true\nexists = true",
            "exists = false\nempty = true",
            "empty = false\nless = 5",
            "is = ['5', '7']\nless = 6",
            "is = 'EUR 5'\nequals = 5",
        ] {
            condition(&format!("path = 'c'\n{fits}")).unwrap();
        }
    }

    #[test]
    fn texts_that_count_as_empty_are_no_values() {
        let nulls = ["NULL".to_owned(), "0".to_owned()];
        let cells = AllCells { nulls: &nulls, ..AllCells::default() };
        let compile = |toml: &str| {
            let condition = Condition::new(toml::from_str(toml).unwrap(), cells);
            condition.map_err(|errors| errors.to_string())
        };
        insta::assert_snapshot!(compile("column = 'c'\nis = ['a', 'NULL']").unwrap_err(), @r#"is: has "NULL", which counts as empty (nulls); expected empty = true for it"#);
        insta::assert_snapshot!(compile("any = [{ path = 'c', is_not = 'NULL' }]").unwrap_err(), @r#"any.0.is_not: has "NULL", which counts as empty (nulls); expected empty = false for it"#);
        insta::assert_snapshot!(compile("column = 'c'\nequals = 0.00").unwrap_err(), @r#"
        equals: is the number of "0", which counts as empty (nulls)
          hint: write empty = ["0"] in the rules of the cells that it is for, in place of nulls; or test both: any = [{ …, equals = 0 }, { …, empty = true }]
        "#);
        for fits in [
            "column = 'c'\nstarts_with = 'NULL'\nless = 1",
            "column = 'c'\nequals = 10",
            "raw = true\nis = 'NULL'",
            "any = [{ path = 'c', equals = 0 }, { path = 'c', empty = true }]",
        ] {
            compile(fits).unwrap();
        }
        compile("any = [{ path = 'c', equals = 0 }, { path = 'd', empty = true }]").unwrap_err();
    }

    #[test]
    fn invalid_condition_is_refused() {
        let error = |toml: &str| condition(toml).unwrap_err();
        assert_eq!(
            error("any = [{ column = 'c' , less = 'x' }, { is = 'y' }]\nnot = {}"),
            "any.0.less: invalid number \"x\": not a decimal number such as 1234.50\n\
             any.1: has no column and no path\nnot: has no column and no path"
        );
        assert_eq!(error("is = 'x'"), "has no column and no path");
        assert_eq!(error(""), "has no column and no path");
        assert!(error("column = 'c'").starts_with("has no test; expected one of is, is_not"));
        assert_eq!(error("any = []"), "any: is empty, expected conditions");
        assert_eq!(
            error("raw = true\nless = 1"),
            "less: is no test of a whole row; expected is, \
            starts_with, ends_with or contains"
        );
        assert!(error("column = 'c'\nless = 'x'").contains("invalid number \"x\""));
        assert!(error("raw = true\ncolumn = 'c'\nis = 'x'").contains("expected one of them"));
    }
}
