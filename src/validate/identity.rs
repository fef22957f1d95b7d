//! Rules of what identifies a person: identifiers, and the e-mail address, which is the identifier
//! of a guest without any other.
//!
//! Called by `guest`, for the guest of an order and for contacts and consumers.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use super::{findings::Findings, references};
use crate::model::{
    draft::{Cell, Cells, Draft},
    field::{Field, IdentifierKind, Provider},
    guest::Identifier,
    id_text::{composed, is_invisible, is_placeholder, is_placeholder_address},
    problem::Code,
    redact::redact,
};

/// The provider of an e-mail address that is sent as an identifier.
pub(super) const EMAIL_PROVIDER: &str = "email";

/// The identifiers of the export.
pub(super) fn identifiers<'a>(cells: &Cells<'a>, findings: &mut Findings) -> Vec<Identifier<'a>> {
    let mut identifiers = Vec::with_capacity(1);
    for cell in cells.custom().filter(|cell| !cell.is_unparsable) {
        match &*cell.field {
            Field::Identifier(provider) => {
                let id = identifier(cell, provider.kind(), findings);
                identifiers.push(Identifier::new(provider_name(cell, provider), id));
            }
            Field::IdentifierExpiry(provider) => {
                let of_provider =
                    |identifier: &&mut Identifier<'_>| *identifier.provider == **provider;
                if let Some(identifier) = identifiers.iter_mut().rev().find(of_provider) {
                    identifier.expiry_date = expiry_date(cell, findings);
                }
            }
            _ => {}
        }
    }
    identifiers
}

/// An identifier that identifies one person, in the form in which it is sent and compared.
fn identifier<'a>(cell: &Cell<'a>, kind: IdentifierKind, findings: &mut Findings) -> Cow<'a, str> {
    if is_plain_identifier(&cell.text, kind) {
        return composed(cell.text.clone());
    }
    if is_placeholder(&cell.text) {
        let message = format!(
            "{:?} is a placeholder and identifies nobody; empty = [{:?}] in its rule, or nulls in \
             the profile, makes it count as empty",
            cell.text, cell.text
        );
        findings.on_cell(Code::PlaceholderIdentifier, cell, message);
        return cell.text.clone();
    }
    if kind == IdentifierKind::Email {
        check_address(cell, findings);
        return email(cell, findings);
    }
    references::check_id(cell, findings);
    composed(cell.text.clone())
}

/// Fast path: whether a text identifies one person, and is sent as it is but for its Unicode form.
pub(super) fn is_plain_identifier(text: &str, kind: IdentifierKind) -> bool {
    let is_id = match kind {
        IdentifierKind::Email => is_simple_email(text.as_bytes()) && identifies(text),
        IdentifierKind::Text => references::is_id(text),
    };
    is_id && !is_placeholder(text)
}

/// Whether an address identifies somebody.
pub(super) fn identifies(address: &str) -> bool {
    !is_placeholder_address(address)
}

/// Reports an address that identifies nobody. Where it is only an attribute, it does no harm.
fn check_address(cell: &Cell<'_>, findings: &mut Findings) {
    if !identifies(&cell.text) {
        let message = "the address is a placeholder and identifies nobody; empty = [...] with it \
                       in its rule, or nulls in the profile, makes it count as empty";
        findings.on_cell(Code::PlaceholderIdentifier, cell, message);
    }
}

/// The name of an identifier's provider, borrowed if the field is.
fn provider_name<'a>(cell: &Cell<'a>, provider: &Provider) -> Cow<'a, str> {
    match &cell.field {
        Cow::Borrowed(Field::Identifier(provider)) => Cow::Borrowed(provider),
        _ => Cow::Owned(provider.to_string()),
    }
}

/// `expiry_date` of an identifier; its format is not documented, so an ISO 8601 date or time is
/// sent as it is.
fn expiry_date<'a>(cell: &Cell<'a>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    let (text, formats) = (&*cell.text, ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f"]);
    let local = text.strip_suffix('Z').unwrap_or(text);
    let is_valid = NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
        || formats.iter().any(|format| NaiveDateTime::parse_from_str(local, format).is_ok())
        || DateTime::parse_from_rfc3339(text).is_ok();
    if !is_valid {
        let message = "invalid expiry date, which is left out; expected for example 2030-12-31";
        findings.on_cell(Code::ExpiryDateLeftOut, cell, message);
    }
    is_valid.then(|| cell.text.clone())
}

/// "yes, not empty": the identifiers of the export; if there are none, the e-mail address.
pub(super) fn email_as_identifier<'a>(
    mut identifiers: Vec<Identifier<'a>>,
    draft: &Draft<'a>,
    email: Option<&Cow<'a, str>>,
    findings: &mut Findings,
) -> Vec<Identifier<'a>> {
    // An invalid identifier is a problem, not a reason to identify the guest by the e-mail address
    // instead.
    let has_identifier_cells = !identifiers.is_empty()
        || draft.cells.custom().any(|cell| matches!(*cell.field, Field::Identifier(_)));
    if !has_identifier_cells {
        identifiers.extend(email.map(|email| Identifier::new(EMAIL_PROVIDER, email.clone())));
    }
    match draft.cell(&Field::GuestEmail) {
        _ if has_identifier_cells => {}
        Some(cell) => check_address(cell, findings),
        None => {
            let message =
                "the guest cannot be identified: there is no identifier and no e-mail address";
            findings.on_missing(Code::MissingIdentifier, &Field::GuestEmail, message);
        }
    }
    identifiers
}

/// Returns an e-mail address in lower case; an implausible one is a problem. The length limits are
/// those of RFC 5321 §4.5.3.1.
pub(super) fn email<'a>(cell: &Cell<'a>, findings: &mut Findings) -> Cow<'a, str> {
    if is_simple_email(cell.text.as_bytes()) {
        return cell.text.clone();
    }
    let address = trimmed(&cell.text);
    // The message redacts the address: it is personal data.
    if let Some(error) = email_error(&address) {
        findings.on_cell(Code::EmailImplausible, cell, format!("{:?} {error}", redact(&address)));
    }
    let is_lower = !address.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii());
    composed(if is_lower { address } else { Cow::Owned(address.to_lowercase()) })
}

fn trimmed<'a>(text: &Cow<'a, str>) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// Fast path: whether an address has the most common form and is in lower case. Any other takes
/// the slow path.
pub(super) fn is_simple_email(address: &[u8]) -> bool {
    let (mut n_ats, mut has_dot, mut has_letter) = (0, false, false);
    // Whether a label or the local part begins here, and whether it may not end here.
    let (mut is_start, mut goes_on) = (true, true);
    for byte in address {
        match byte {
            b'a'..=b'z' => (is_start, goes_on, has_letter) = (false, false, true),
            b'0'..=b'9' => (is_start, goes_on) = (false, false),
            // A domain has no `_` or `+`, and its labels neither start nor end with `-`.
            b'_' | b'+' | b'-' if n_ats == 0 && !is_start => {}
            b'-' if !is_start => goes_on = true,
            b'.' if !goes_on => {
                (has_dot, has_letter) = (n_ats == 1, false);
                (is_start, goes_on) = (true, true);
            }
            b'@' if !goes_on && n_ats == 0 => (n_ats, is_start, goes_on) = (1, true, true),
            _ => return false,
        }
    }
    // The last label of a domain is not a number.
    has_dot && !goes_on && has_letter && address.len() <= 64
}

fn email_error(address: &str) -> Option<Cow<'static, str>> {
    // The redacted address in the message does not show which character it is.
    let number = |c: char| format!("U+{:04X}", u32::from(c));
    if let Some(blank) = address.chars().find(|c| c.is_whitespace() && *c != ' ') {
        return Some(format!("contains the blank {}", number(blank)).into());
    }
    if let Some(invisible) = address.chars().find(|c| is_invisible(*c)) {
        return Some(format!("contains the invisible character {}", number(invisible)).into());
    }
    visible_error(address).map(Cow::Borrowed)
}

/// What is wrong with an address without invisible characters.
fn visible_error(address: &str) -> Option<&'static str> {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Some("has no @");
    };
    let is_label = |label: &str| {
        let is_inner = |c: char| c.is_alphanumeric() || c == '-';
        !label.is_empty()
            && label.chars().all(is_inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    if address.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("mailto:")) {
        Some("is a link; strip_prefix = \"mailto:\" makes an address of it")
    } else if address.starts_with('\'') {
        Some("begins with an apostrophe, which a spreadsheet puts before text")
    } else if address.contains(char::is_whitespace) {
        Some("contains whitespace")
    } else if address.contains(char::REPLACEMENT_CHARACTER) {
        Some("contains a character that was lost in another encoding")
    } else if address.contains("**") {
        Some("is masked")
    } else if address.contains(['"', ',', ';', '<', '>', '(', ')', '[', ']']) {
        Some("contains a character that is not allowed in an address")
    } else if local.is_empty() || local.contains('@') {
        Some("must have exactly one @ with a name before it")
    } else if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        Some("has a misplaced dot before the @")
    } else if !domain.contains('.')
        || !domain.split('.').all(is_label)
        || domain.rsplit('.').next().is_some_and(is_number)
    {
        Some("has no valid domain after the @")
    } else if local.len() > 64 || domain.len() > 255 {
        Some("is longer than 64 bytes before the @ or 255 after it")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{email_error, is_simple_email};

    proptest! {
        #[test]
        fn fast_path_accepts_only_valid_addresses(
            address in "[a-z0-9A-Zé._+ -]{0,6}@?[a-z0-9A._+-]{0,5}\\.?[a-z0-9.-]{0,3}@?",
        ) {
            if is_simple_email(address.as_bytes()) {
                prop_assert_eq!(email_error(&address), None);
                prop_assert_eq!(address.to_lowercase(), address);
            }
        }
    }

    #[test]
    fn common_addresses_take_fast_path() {
        assert!(
            ["ann@example.com", "a.b-c+d_e@x1.co.uk", "ann@t-online.de"]
                .iter()
                .all(|address| is_simple_email(address.as_bytes()))
        );
    }

    #[test]
    fn implausible_addresses_are_rejected() {
        for good in [
            "ann@example.com",
            "a.b+c@x-y.co.uk",
            "eddie@underwood-family.zzz",
            "jörg@exämple.de",
            "o'neil@x.ie",
        ] {
            assert_eq!(email_error(good), None, "{good}");
        }
        for bad in [
            "",
            "ann",
            "@x.de",
            "ann@",
            "ann@localhost",
            "rabbia al@baker-family.zzz",
            "a@b@c.de",
            "a..b@c.de",
            "a@-b.de",
            "a@b..de",
            "<a@b.de>",
            "a,b@c.de",
            "'ann@example.com",
            "\"ann\"@example.com",
            "MailTo:ann@example.com",
            "not-an-address",
            "ann\u{200b}@example.com",
            "m\u{fffd}ller@example.com",
            "a***@example.com",
            "ann@10.0.0.1",
        ] {
            assert!(email_error(bad).is_some(), "{bad}");
        }
    }
}
