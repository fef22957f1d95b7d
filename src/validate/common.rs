//! The rules of the attributes that every event carries.

use std::borrow::Cow;

use super::{CommonDefaults, findings::Findings, findings::of_draft, lists, values};
use crate::model::{
    draft::{Cell, Draft, Place},
    field::Field,
    money::Currency,
    order::CommonAttributes,
    problem::Code,
};

/// The common attributes: the export's, or the target's, or the usual ones.
pub(super) fn checked<'a>(
    draft: &Draft<'a>,
    defaults: &'a CommonDefaults,
    order_currency: Option<Currency>,
    findings: &mut Findings,
) -> Option<CommonAttributes<'a>> {
    let channel = value(draft, &Field::EventChannel, defaults.channel.as_deref(), Some("WEB"));
    let channel = channel.and_then(|value| checked_by(value, draft, is_plain_channel, channel_of, findings));
    let language = value(draft, &Field::EventLanguage, defaults.language.as_deref(), Some("EN"));
    let is_language = |text: &str| lists::LANGUAGES.contain(text);
    let language = language.and_then(|value| checked_by(value, draft, is_language, language_of, findings));
    let currency = match value(draft, &Field::EventCurrency, defaults.currency.as_deref(), None) {
        Some(value) => values::currency(&value.cell(draft), findings),
        None => order_currency,
    };
    let page = value(draft, &Field::EventPage, defaults.page.as_deref(), Some("oms-import")).map(|given| given.text);
    let pos = value(draft, &Field::EventPos, defaults.pos.as_deref(), None).map(|value| value.text);
    if pos.is_none() && draft.cell(&Field::EventPos).is_none() {
        let message = "there is no point of sale: neither in the export nor in the settings (--pos)";
        findings.absent(Code::MissingPos, &Field::EventPos, message);
    }
    Some(CommonAttributes { channel: channel?, language: language?, currency: currency?, page: page?, pos: pos? })
}

/// The export's sound cell, or a default.
struct Given<'a> {
    field: &'static Field,
    text: Cow<'a, str>,
    /// Where it stands, if it is the export's.
    at: Option<Place<'a>>,
}

fn value<'a>(
    draft: &Draft<'a>,
    field: &'static Field,
    default: Option<&'a str>,
    usual: Option<&'static str>,
) -> Option<Given<'a>> {
    match of_draft(draft, field) {
        Some(cell) => Some(Given { field, text: cell.text.clone(), at: Some(cell.at) }),
        None => default.or(usual).map(|text| Given { field, text: Cow::Borrowed(text), at: None }),
    }
}

impl<'a> Given<'a> {
    /// As a cell; a default stands in the order's first row.
    fn cell(&self, draft: &Draft<'a>) -> Cell<'a> {
        let (field, text, is_default) = (Cow::Borrowed(self.field), self.text.clone(), self.at.is_none());
        let at = self.at.unwrap_or_else(|| draft.position().into());
        Cell { field, text, time: None, at, is_broken: false, is_fallback: is_default, first_counts: false }
    }
}

/// A text that is plainly good, or what a closer look says.
fn checked_by<'a>(
    given: Given<'a>,
    draft: &Draft<'a>,
    is_plainly_good: impl Fn(&str) -> bool,
    look: impl Fn(&Cell<'a>, &mut Findings) -> Option<Cow<'a, str>>,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    if is_plainly_good(&given.text) { Some(given.text) } else { look(&given.cell(draft), findings) }
}

fn is_plain_channel(text: &str) -> bool {
    lists::CHANNELS.contains(&text)
}

/// "string (uppercase)"; one that is documented for other APIs may be meant.
fn channel_of<'a>(cell: &Cell<'a>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    let upper = values::upper_case(cell, findings)?;
    if !is_plain_channel(&upper) {
        let message = format!("{upper:?} is not documented here, expected one of {}", lists::CHANNELS.join(", "));
        findings.cell(Code::UnknownChannel, cell, message);
    }
    Some(upper)
}

/// "string (uppercase ISO 639-1)"
fn language_of<'a>(cell: &Cell<'a>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    let expected = "an ISO 639-1 language such as EN";
    values::listed(cell, |word| lists::LANGUAGES.contain(word), Code::UnknownLanguage, expected, findings)
}
