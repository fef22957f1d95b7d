//! Roles of columns: which column or path is likely which field, by its name and its values.
//!
//! A role is a guess. Each column has at most one. Called by `survey`.

use std::collections::HashSet;

use super::{
    table::{SampleTable, ValueSource},
    values::{TextKind, Values},
    vocabulary::{FIELDS, FieldNames, WordsOfName},
};

/// A column in a table, as a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Role {
    pub(super) field: &'static str,
    pub(super) column: usize,
    /// How likely, at most 100.
    pub(super) score: usize,
}

/// The least score of a role.
const MIN_SCORE: usize = 40;

/// The roles of the columns of a table, for the fields that `is_wanted` takes.
pub(super) fn find_roles(
    table: &SampleTable,
    values: &[Values],
    is_wanted: impl Fn(&str) -> bool,
) -> Vec<Role> {
    let mut candidates = Vec::new();
    let repeated = repeated_columns(table);
    for (column, (source, values)) in table.columns.iter().zip(values).enumerate() {
        if !can_be_named(source) || repeated.contains(source) {
            continue;
        }
        let words = WordsOfName::new(source.name());
        let wanted = FIELDS.iter().filter(|names| is_wanted(names.field));
        candidates.extend(wanted.filter_map(|names| {
            let score = score(&words, names, values)?;
            (score >= MIN_SCORE).then_some(Role { field: names.field, column, score })
        }));
    }
    // Of equal scores the first column.
    candidates.sort_by_key(|role| (std::cmp::Reverse(role.score), role.column));
    let mut roles: Vec<Role> = Vec::new();
    for candidate in candidates {
        let is_taken =
            |role: &Role| role.field == candidate.field || role.column == candidate.column;
        if !roles.iter().any(is_taken) {
            roles.push(candidate);
        }
    }
    // A name alone is rather that of the guest.
    let n_item_fields = roles.iter().filter(|role| role.field.starts_with("item.")).count();
    roles.retain(|role| n_item_fields > 1 || role.field != "item.name");
    roles
}

/// Whether a rule can name a column: `?` is a question.
fn can_be_named(source: &ValueSource) -> bool {
    !matches!(source.name(), "" | "?")
}

/// The columns of equal names, of which a person must choose one.
fn repeated_columns(table: &SampleTable) -> HashSet<&ValueSource> {
    let mut known = HashSet::new();
    table.columns.iter().filter(|source| !known.insert(*source)).collect()
}

/// How many fields of an order, or of an item, have a column with a name of theirs.
pub(super) fn n_fields_named<'n>(names: impl Iterator<Item = &'n str>, prefix: &str) -> usize {
    let words: Vec<_> = names.map(WordsOfName::new).collect();
    let fields = FIELDS.iter().filter(|names| names.field.starts_with(prefix));
    let is_named = |names: &&FieldNames| words.iter().any(|words| words.score(names) >= 60);
    fields.filter(is_named).count()
}

/// How likely a column is a field; none if its values cannot be those of the field.
fn score(words: &WordsOfName, names: &FieldNames, values: &Values) -> Option<usize> {
    let by_name = words.score(names);
    let are_numbers = values.numbers.is_some();
    let are_plain = !are_numbers && !values.are(TextKind::Emails) && values.dates.is_empty();
    let fits = match names.field {
        "order.referenceId" => {
            values.are_identifiers() && (values.distinct.len() > 1 || values.n_rows <= 2)
        }
        "order.orderedAt" => !values.dates.is_empty(),
        "order.status" => {
            values.are_words() && !values.are(TextKind::Currencies) && !values.are(TextKind::States)
        }
        "order.currencyCode" => values.are(TextKind::Currencies),
        "order.price" | "item.price" | "item.line_price" | "item.quantity" => are_numbers,
        "order.paymentType" => values.are_words(),
        "item.name" | "guest.name" | "guest.firstname" | "guest.lastname" | "guest.city" => {
            are_plain
        }
        "item.productId" | "guest.id.customer" => values.are_identifiers(),
        "guest.email" => values.are(TextKind::MostlyEmails),
        "guest.postal_code" => values.max_length <= 20,
        "time of day" => is_time_of_day(values),
        _ => !values.are(TextKind::Emails),
    };
    // The values alone say that they are addresses or currencies.
    let by_values = match names.field {
        "guest.email" if values.are(TextKind::Emails) => 60,
        "order.currencyCode" => 60,
        _ => 0,
    };
    (fits && values.n_filled > 0).then(|| by_name.max(by_values))
}

fn is_time_of_day(values: &Values) -> bool {
    let is_time = |text: &str| {
        let text = text.trim_end_matches([' ', 'A', 'P', 'M', 'a', 'p', 'm']);
        let digits = text.split(':').all(|part| part.len() <= 2 && part.parse::<u8>().is_ok());
        digits && (2..=3).contains(&text.split(':').count())
    };
    !values.distinct.is_empty() && values.distinct.iter().all(|(text, _)| is_time(text))
}
