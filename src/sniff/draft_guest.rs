//! Draft of the guest: address, identifiers, and the orders without either.
//!
//! Called by `drafting`.

use super::{
    draft::{DraftSection, list, quoted},
    draft_values::{by_name, counted, rule, rule_keys},
    survey::Survey,
    values::{TextKind, Values},
};

/// Attributes of a guest that are read as they are.
const ATTRIBUTES: [&str; 9] = [
    "firstname",
    "lastname",
    "phone",
    "mobile",
    "street",
    "city",
    "state",
    "country",
    "postal_code",
];

/// Texts that systems write for a customer without an account.
const NOBODY: [&str; 4] = ["0", "-", "guest", "Guest"];

/// The rules that leave orders out, and the sections of the guest.
pub(super) fn guest_sections(survey: &Survey) -> (Vec<DraftSection>, Vec<DraftSection>) {
    let level = &survey.rows;
    let mut guest = DraftSection::new("[guest]");
    let mut identifiers = DraftSection::new("[guest.id]");
    let email = level.column("guest.email");
    let customer = level.column("guest.id.customer");
    if let Some(column) = email {
        let are_all = level.values[column].are(TextKind::Emails);
        let values = if are_all { "its values" } else { "most of its values" };
        let note = format!("{values} are e-mail addresses");
        guest.found(are_all, "email", rule(level.source(column)), note);
    }
    for attribute in ATTRIBUTES {
        if let Some(column) = level.column(&format!("guest.{attribute}")) {
            by_name(&mut guest, attribute, rule(level.source(column)));
        }
    }
    if email.is_none_or(|column| !level.values[column].are_filled(100)) {
        match customer {
            Some(column) => customer_rule(&mut identifiers, survey, column),
            None if email.is_none() => ask_for_identifier(&mut identifiers, survey),
            None => {}
        }
    }
    let sources: Vec<usize> = email.into_iter().chain(customer).collect();
    let skips = no_identity(survey, &sources);
    (skips, vec![guest, identifiers])
}

fn customer_rule(section: &mut DraftSection, survey: &Survey, column: usize) {
    let values = &survey.rows.values[column];
    let nobody = nobody(values);
    let empty =
        if nobody.is_empty() { String::new() } else { format!(", empty = {}", list(&nobody)) };
    let strip = if values.are(TextKind::FloatIds) { ", strip_suffix = \".0\"" } else { "" };
    let source = survey.rows.source(column);
    by_name(section, "customer", format!("{{ {}{strip}{empty} }}", rule_keys(source)));
}

fn ask_for_identifier(section: &mut DraftSection, survey: &Survey) {
    let key = survey.layout.source_key();
    let text = "which column says who the guest is? An order needs an e-mail address or a number of \
                the customer";
    section.ask("customer", format!("{{ {key} = \"?\" }}"), text, Vec::new());
}

/// Leaves orders out that have no identifier, where the sample has such rows.
fn no_identity(survey: &Survey, columns: &[usize]) -> Vec<DraftSection> {
    let level = &survey.rows;
    let is_anonymous = |row: usize| {
        columns.iter().all(|column| {
            let cell = level.table.cell(row, *column);
            cell.is_empty() || NOBODY.contains(&cell)
        })
    };
    let first_rows: Vec<usize> = match &survey.key {
        Some(key) => key.orders.iter().filter_map(|rows| rows.first().copied()).collect(),
        None => (0..level.table.rows.len()).collect(),
    };
    let n_anonymous = first_rows.iter().filter(|row| is_anonymous(**row)).count();
    if columns.is_empty() || n_anonymous == 0 {
        return Vec::new();
    }
    let tests: Vec<_> = columns.iter().map(|column| empty_test(survey, *column)).collect();
    let when = match tests.as_slice() {
        [test] => test.clone(),
        tests => format!("{{ all = [{}] }}", tests.join(", ")),
    };
    let mut section = DraftSection::new("[[skip]]");
    section.guess(
        "reason",
        quoted("no identity"),
        format!("{} of the sample without one", counted(n_anonymous, "order")),
    );
    section.guess("when", when, "");
    vec![section]
}

/// The texts for a customer without an account that a column has.
fn nobody(values: &Values) -> Vec<&'static str> {
    let is_used = |text: &&str| values.distinct.iter().any(|(value, _)| value == *text);
    NOBODY.into_iter().filter(is_used).collect()
}

fn empty_test(survey: &Survey, column: usize) -> String {
    let nobody = nobody(&survey.rows.values[column]);
    let keys = rule_keys(survey.rows.source(column));
    if nobody.is_empty() {
        return format!("{{ {keys}, empty = true }}");
    }
    let is = format!("{{ {keys}, is = {} }}", list(&nobody));
    format!("{{ any = [{{ {keys}, empty = true }}, {is}] }}")
}
