//! The rules of the attributes that every event carries.

use std::borrow::Cow;

use super::{CommonDefaults, findings::Findings, findings::of_draft, lists, values};
use crate::model::{
    draft::{Cell, Draft},
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
    let value = |field, default: &'a Option<String>, usual: &'static str| {
        value(draft, field, Some(default.as_deref().unwrap_or(usual)))
    };
    let channel = value(&Field::EventChannel, &defaults.channel, "WEB").and_then(|cell| channel(&cell, findings));
    let language = value(&Field::EventLanguage, &defaults.language, "EN").and_then(|cell| language(&cell, findings));
    let currency = match self::value(draft, &Field::EventCurrency, defaults.currency.as_deref()) {
        Some(cell) => values::currency(&cell, findings),
        None => order_currency,
    };
    let page = value(&Field::EventPage, &defaults.page, "oms-import").map(|cell| cell.text);
    let pos = self::value(draft, &Field::EventPos, defaults.pos.as_deref()).map(|cell| cell.text);
    if pos.is_none() && draft.cell(&Field::EventPos).is_none() {
        let words = "there is no point of sale: neither in the export nor in the settings (--pos)";
        findings.absent(Code::MissingPos, &Field::EventPos, words);
    }
    Some(CommonAttributes { channel: channel?, language: language?, currency: currency?, page: page?, pos: pos? })
}

/// The export's sound cell, or the default as if it stood in the order's first row.
fn value<'a>(draft: &Draft<'a>, field: &'static Field, default: Option<&'a str>) -> Option<Cell<'a>> {
    let defaulted = || {
        let (field, text, at) = (Cow::Borrowed(field), Cow::Borrowed(default?), draft.position().into());
        Some(Cell { field, text, time: None, at, is_broken: false, is_fallback: true, first_counts: false })
    };
    of_draft(draft, field).cloned().or_else(defaulted)
}

/// "string (uppercase)"; one that is documented for other APIs may be meant.
fn channel<'a>(cell: &Cell<'a>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    let upper = values::upper_case(cell, findings)?;
    if !lists::CHANNELS.contains(&&*upper) {
        let words = format!("{upper:?} is not documented here, expected one of {}", lists::CHANNELS.join(", "));
        findings.cell(Code::UnknownChannel, cell, words);
    }
    Some(upper)
}

/// "string (uppercase ISO 639-1)"
fn language<'a>(cell: &Cell<'a>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    let expected = "an ISO 639-1 language such as EN";
    values::listed(cell, |word| lists::LANGUAGES.contains(&word), Code::UnknownLanguage, expected, findings)
}
