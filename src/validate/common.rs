//! Rules of the common attributes, which every event carries: channel, language, currency, page
//! and `pos`.
//!
//! Each value comes from the export, from the target's settings or from a built-in default, in
//! this order. Called by `order`.

use std::borrow::Cow;

use super::{
    findings::{Findings, draft_cell},
    iso, values,
};
use crate::model::{
    draft::{Cell, CellOrigin, Draft, Notation},
    field::Field,
    money::Currency,
    order::CommonAttributes,
    order_trace::ValueOrigin,
    origin::{FileId, Position},
    over_rows::OverRows,
    problem::{Code, Problem},
    rules::{CommonDefaults, TargetRules},
};

/// The channel of events that have none.
pub(super) const CHANNEL: &str = "WEB";

/// The language of events that have none.
pub(super) const LANGUAGE: &str = "EN";

/// The page of events that have none.
pub(super) const PAGE: &str = "oms-import";

/// The built-in default of a setting.
#[must_use]
pub fn built_in_default(name: &str) -> Option<&'static str> {
    match name {
        "channel" => Some(CHANNEL),
        "language" => Some(LANGUAGE),
        "page" => Some(PAGE),
        _ => None,
    }
}

/// Checks the common attributes; returns them if all have a value.
pub(super) fn check_common<'a>(
    draft: &Draft<'a>,
    rules: &TargetRules,
    defaults: &'a CommonDefaults,
    order_currency: Option<Currency>,
    findings: &mut Findings,
) -> Option<CommonAttributes<'a>> {
    let channel = value(draft, &Field::EventChannel, defaults.channel.as_deref(), Some(CHANNEL));
    let is_channel = |text: &str| is_channel(text, rules);
    let inspect =
        |cell: &Cell<'a>, findings: &mut Findings| check_channel(cell, rules.channels, findings);
    let channel =
        channel.and_then(|value| check_value(value, draft, is_channel, inspect, findings));
    let language =
        value(draft, &Field::EventLanguage, defaults.language.as_deref(), Some(LANGUAGE));
    let language =
        language.and_then(|value| check_value(value, draft, is_language, check_language, findings));
    let currency = match value(draft, &Field::EventCurrency, defaults.currency.as_deref(), None) {
        Some(value) => values::currency(&value.to_cell(|| draft.position()), findings),
        None => order_currency,
    };
    let page = value(draft, &Field::EventPage, defaults.page.as_deref(), Some(PAGE))
        .map(|value| value.text);
    // `pos` has no built-in default: an unknown one is answered with 201 and the event never
    // appears.
    let pos = value(draft, &Field::EventPos, defaults.pos.as_deref(), None).map(|value| value.text);
    if pos.is_none() && draft.cell(&Field::EventPos).is_none() {
        let message = "no point of sale, neither in the export nor in the settings (--pos)";
        findings.on_missing(Code::MissingPos, &Field::EventPos, message);
    }
    Some(CommonAttributes {
        channel: channel?,
        language: language?,
        currency: currency?,
        page: page?,
        pos: pos?,
    })
}

/// Returns what is wrong with the user's defaults, which would make every order invalid: the field
/// and the message of each error.
#[must_use]
pub fn default_errors(defaults: &CommonDefaults) -> Vec<(Field, String)> {
    let at = Position { file: FileId(0), line: 0, column: None };
    let mut findings = Findings::at(at);
    let cell = |field, text: &Option<String>| {
        let text = Cow::Owned(text.clone()?);
        Some(DefaultedValue { field, text, at: None }.to_cell(|| at))
    };
    if let Some(channel) = cell(&Field::EventChannel, &defaults.channel) {
        values::upper_case(&channel, &mut findings);
    }
    if let Some(language) = cell(&Field::EventLanguage, &defaults.language) {
        check_language(&language, &mut findings);
    }
    if let Some(currency) = cell(&Field::EventCurrency, &defaults.currency) {
        values::currency(&currency, &mut findings);
    }
    let errors = findings.problems.iter().filter(|problem| problem.is_error());
    let message = |problem: &Problem| {
        let is_of_field = |field: &&Field| problem.field.as_deref() == Some(&*field.to_string());
        let field = Field::NAMED.iter().find(is_of_field)?;
        Some((field.clone(), problem.message.clone()))
    };
    errors.filter_map(message).collect()
}

/// Where the value of a common attribute comes from that the export does not have.
#[must_use]
pub fn origin_of_default(field: &Field, defaults: &CommonDefaults) -> ValueOrigin {
    let setting = match field {
        Field::EventChannel => &defaults.channel,
        Field::EventLanguage => &defaults.language,
        Field::EventPage => &defaults.page,
        Field::EventPos => &defaults.pos,
        _ => &defaults.currency,
    };
    match setting {
        Some(_) => ValueOrigin::Target,
        None if *field == Field::EventCurrency => ValueOrigin::Order,
        None => ValueOrigin::BuiltIn,
    }
}

/// A parsable cell of the export, or a default.
struct DefaultedValue<'a> {
    field: &'static Field,
    text: Cow<'a, str>,
    /// The position of the cell; none for a default.
    at: Option<CellOrigin<'a>>,
}

fn value<'a>(
    draft: &Draft<'a>,
    field: &'static Field,
    default: Option<&'a str>,
    built_in: Option<&'static str>,
) -> Option<DefaultedValue<'a>> {
    match draft_cell(draft, field) {
        Some(cell) => Some(DefaultedValue { field, text: cell.text.clone(), at: Some(cell.at) }),
        None => default.or(built_in).map(|text| DefaultedValue {
            field,
            text: Cow::Borrowed(text),
            at: None,
        }),
    }
}

impl<'a> DefaultedValue<'a> {
    /// Converts the value to a cell; a default gets the position of the order's first row.
    fn to_cell(&self, order: impl FnOnce() -> Position) -> Cell<'a> {
        let (field, text, is_default) =
            (Cow::Borrowed(self.field), self.text.clone(), self.at.is_none());
        let at = self.at.unwrap_or_else(|| order().into());
        Cell {
            field,
            text,
            time: None,
            at,
            is_unparsable: false,
            is_default,
            over_rows: OverRows::Equal,
            notation: Notation::Text,
        }
    }
}

/// Returns a value that passes the fast path as it is; any other goes through the slow path
/// `inspect`.
fn check_value<'a>(
    value: DefaultedValue<'a>,
    draft: &Draft<'a>,
    passes_fast_path: impl Fn(&str) -> bool,
    inspect: impl Fn(&Cell<'a>, &mut Findings) -> Option<Cow<'a, str>>,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    if passes_fast_path(&value.text) {
        Some(value.text)
    } else {
        inspect(&value.to_cell(|| draft.position()), findings)
    }
}

/// "string (uppercase)". A channel that is documented only for other APIs is accepted with a
/// warning.
fn check_channel<'a>(
    cell: &Cell<'a>,
    documented: &[&str],
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    let upper = values::upper_case(cell, findings)?;
    if !documented.contains(&&*upper) {
        let message =
            format!("undocumented channel {upper:?}; expected one of {}", documented.join(", "));
        findings.on_cell(Code::UnknownChannel, cell, message);
    }
    Some(upper)
}

/// Whether a channel is documented.
pub(super) fn is_channel(text: &str, rules: &TargetRules) -> bool {
    rules.channels.contains(&text)
}

/// Whether a text is a language of ISO 639-1.
pub(super) fn is_language(text: &str) -> bool {
    iso::LANGUAGES.contains(text)
}

/// "string (uppercase ISO 639-1)"
pub(super) fn check_language<'a>(cell: &Cell<'a>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    let expected = || "an ISO 639-1 language such as EN".to_owned();
    values::one_of(cell, is_language, Code::UnknownLanguage, expected, findings)
}
