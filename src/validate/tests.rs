//! Every problem code of this stage has a case, and so do valid values that look like a problem.

mod cases;
mod item_prices;
mod multi_route;
mod other_target;
mod refunds;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use super::ValidateSettings;
use crate::{
    disposition::{SharedReference, find_conflicts},
    model::{
        column_facts::ColumnFacts,
        decimal_mark::PointReading,
        draft::{
            Cell, Cells, Draft, DraftKind, ItemDraft, ItemKind, ItemSource, Notation, PersonDraft,
            PersonRole,
        },
        field::{ExtensionKey, ExtensionType, Field, FieldGroup, IdentifierKind, Provider},
        guest::Identifier,
        guest_attributes::GuestAttributes,
        order::{CheckedOrder, Order, Validity},
        origin::{FileId, Position, RowOrigin},
        outcome::Outcome,
        over_rows::OverRows,
        pricing::{PriceBasis, TotalFrom},
        problem::{Code, Problem},
        route::{ConfirmMode, Mode},
        rules::CommonDefaults,
        severity::{SeverityChoice, SeverityRules},
        target::Target,
    },
    pipeline::check::check,
    stream::{StreamSettings, event_json},
};
use cases::cases;
use chrono::{DateTime, Utc};

pub(crate) type Change<'a> = (Field, &'a str);

const BASE: [Change; 11] = [
    (Field::ReferenceId, "A-1"),
    (Field::OrderedAt, "2025-01-01T16:17:16.000Z"),
    (Field::Status, "PURCHASED"),
    (Field::CurrencyCode, "EUR"),
    (Field::Price, "20.00"),
    (Field::PaymentType, "Card"),
    (Field::CardType, "Visa"),
    (Field::GuestEmail, "ann@example.com"),
    (Field::ItemType, "PRODUCT"),
    (Field::ItemPrice, "10.00"),
    (Field::ItemQuantity, "2"),
];

/// The order is in line 7, its items in the line below; a cell's column is its index among the
/// cells, from 1.
pub(crate) const LINE: u64 = 7;

/// Cells as `map` builds them from records, borrowing from rows and rules that are leaked for the
/// tests.
pub(crate) fn cells(changes: &[Change], line: u64) -> Cells<'static> {
    let at = |column| Position { file: FileId(0), line, column: Some(column) };
    let filled = changes.iter().filter(|(_, text)| !text.is_empty());
    let cell = |(column, (field, text)): (u32, &Change)| Cell {
        field: Cow::Borrowed(Box::leak(Box::new(field.clone()))),
        text: Cow::Borrowed((*text).to_owned().leak()),
        time: text
            .parse()
            .ok()
            .filter(|_| matches!(field, Field::OrderedAt | Field::ItemOrderedAt)),
        at: at(column).into(),
        is_unparsable: false,
        is_default: false,
        over_rows: OverRows::Equal,
        notation: Notation::Text,
    };
    (1..).zip(filled).map(cell).collect()
}

/// A valid order of one item with some of its cells changed, added or (with an empty text)
/// removed.
pub(crate) fn order(changes: &[Change]) -> Draft<'static> {
    let mut all = BASE.to_vec();
    for (field, text) in changes {
        match all.iter_mut().find(|(known, _)| known == field) {
            Some(known) => known.1 = text,
            None => all.push((field.clone(), text)),
        }
    }
    let (item, order): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(field, _)| field.group() == FieldGroup::Item);
    let origin = RowOrigin { file: FileId(0), line: LINE, column: 1, bytes: 0..9 };
    let below = Position { line: LINE + 1, ..origin.position() };
    let items = vec![ItemDraft {
        at: below.into(),
        kind: ItemKind::default(),
        is_refund: false,
        cells: cells(&item, LINE + 1),
    }];
    let cells = cells(&order, LINE);
    Draft {
        key: "KEY".into(),
        key_is_number: false,
        rows: vec![origin],
        cells,
        items,
        added_rows: Vec::new(),
        side_rows: Vec::new(),
        may_have_items: false,
        people: Vec::new(),
        refunds: Vec::new(),
        refund_records: Vec::new(),
        kind: DraftKind::Order,
        version: None,
        skip: None,
        problems: Vec::new().into(),
    }
}

/// A valid order whose item has the attributes that ADD requires.
pub(crate) fn multi_order(changes: &[Change]) -> Draft<'static> {
    let mut all = vec![(Field::ItemName, "Tee"), (Field::ItemProductId, "T-1")];
    all.retain(|(field, _)| !changes.iter().any(|(changed, _)| changed == field));
    all.extend(changes.iter().cloned());
    order(&all)
}

pub(crate) fn multi_settings() -> TestSettings {
    TestSettings { mode: Mode::Multi, ..settings() }
}

pub(crate) fn with_people(
    draft: Draft<'static>,
    people: &[PersonDraft<'static>],
) -> Draft<'static> {
    Draft { people: people.to_vec(), ..draft }
}

fn contact(changes: &[Change]) -> PersonDraft<'static> {
    PersonDraft { role: PersonRole::Contact, item: None, cells: cells(changes, LINE) }
}

/// Ms Cy Ek with some of her attributes changed, added or removed.
fn consumer(item: Option<usize>, changes: &[Change]) -> PersonDraft<'static> {
    let mut all = vec![
        (Field::GuestTitle, "Ms"),
        (Field::GuestFirstname, "Cy"),
        (Field::GuestLastname, "Ek"),
    ];
    all.retain(|(field, _)| !changes.iter().any(|(changed, _)| changed == field));
    all.extend(changes.iter().cloned());
    PersonDraft { role: PersonRole::Consumer, item, cells: cells(&all, LINE) }
}

/// The same item `n` times.
pub(crate) fn with_items(mut draft: Draft<'static>, n: usize) -> Draft<'static> {
    draft.items = vec![draft.items[0].clone(); n];
    draft
}

/// The draft with a cell as `map` leaves it after reporting a problem of it.
fn with_unparsable(mut draft: Draft<'static>, field: &Field) -> Draft<'static> {
    let items = draft.items.iter_mut().flat_map(|item| item.cells.iter_mut());
    let cell = draft.cells.iter_mut().chain(items).find(|cell| *cell.field == *field).unwrap();
    cell.is_unparsable = true;
    draft.problems.push(Problem::for_field(
        Code::NotAScalar,
        field,
        cell.at.position(),
        "reported by map",
    ));
    draft
}

/// The settings of validation and of the target: orders are checked by the rules of the target's
/// routes, as in a run.
#[derive(Debug, Clone)]
pub(crate) struct TestSettings {
    pub(crate) target: Target,
    pub(crate) common: CommonDefaults,
    pub(crate) max_url_bytes: usize,
    pub(crate) total_from: TotalFrom,
    pub(crate) price_basis: PriceBasis,
    pub(crate) target_price_basis: PriceBasis,
    pub(crate) mode: Mode,
    pub(crate) confirm: ConfirmMode,
    pub(crate) session_timeout: Duration,
    pub(crate) identity_pause: Duration,
    pub(crate) rate: Option<NonZeroU32>,
    pub(crate) sends_reused_references: bool,
    pub(crate) severities: SeverityRules,
    pub(crate) guest_attributes: GuestAttributes,
    pub(crate) now: DateTime<Utc>,
}

impl TestSettings {
    pub(crate) fn validate(&self) -> ValidateSettings {
        ValidateSettings {
            common: self.common.clone(),
            has_quantities: true,
            total_from: self.total_from,
            price_basis: self.price_basis,
            target_price_basis: self.target_price_basis,
            severities: self.severities.clone(),
            guest_attributes: self.guest_attributes,
            earliest_order: "2000-01-01".parse().unwrap(),
            now: self.now,
        }
    }

    pub(crate) fn stream(&self) -> StreamSettings {
        StreamSettings {
            target: self.target.clone(),
            mode: self.mode,
            max_url_bytes: self.max_url_bytes,
            confirm: self.confirm,
            session_timeout: self.session_timeout,
            identity_pause: self.identity_pause,
            rate: self.rate,
            tries: 5,
            first_backoff: Duration::from_millis(500),
            retry_500: false,
        }
    }

    fn check(&self, draft: Draft<'static>, facts: &ColumnFacts) -> CheckedOrder<'static> {
        let validate = Box::leak(Box::new(self.validate()));
        check(&draft, (validate, &self.stream()), facts).finish(draft)
    }
}

pub(crate) fn settings() -> TestSettings {
    TestSettings {
        target: Target { base_url: "https://stream.example".into(), client_key: "key".into() },
        common: CommonDefaults { pos: Some("shop".into()), ..CommonDefaults::default() },
        max_url_bytes: 8192,
        total_from: TotalFrom::Given,
        price_basis: PriceBasis::Unit,
        target_price_basis: PriceBasis::Unit,
        mode: Mode::Single,
        confirm: ConfirmMode::Whole,
        session_timeout: Duration::from_secs(20 * 60),
        identity_pause: Duration::from_millis(500),
        rate: NonZeroU32::new(20),
        sends_reused_references: false,
        severities: SeverityRules::default(),
        guest_attributes: GuestAttributes::Strict,
        now: "2025-06-01T12:00:00Z".parse().unwrap(),
    }
}

pub(crate) fn prices(price_basis: PriceBasis, target_price_basis: PriceBasis) -> TestSettings {
    TestSettings { price_basis, target_price_basis, ..settings() }
}

pub(crate) fn sum_of_lines() -> TestSettings {
    TestSettings { total_from: TotalFrom::SumOfLines, ..settings() }
}

fn without_pos() -> TestSettings {
    TestSettings { common: CommonDefaults::default(), ..settings() }
}

/// The same drafts as orders of different references.
fn numbered(drafts: impl IntoIterator<Item = Draft<'static>>) -> Vec<Draft<'static>> {
    let with_number = |(number, mut draft): (usize, Draft<'static>)| {
        draft.cells.get_mut(&Field::ReferenceId).unwrap().text = format!("A-{number}").into();
        draft
    };
    drafts.into_iter().enumerate().map(with_number).collect()
}

/// Checks drafts as the pipeline does: first it collects the extension types of all drafts, then
/// checks them one by one, and then compares the orders that share a reference. Each draft gets
/// its own byte range.
fn check_all(
    mut drafts: Vec<Draft<'static>>,
    settings: &TestSettings,
) -> Vec<CheckedOrder<'static>> {
    (0..)
        .zip(&mut drafts)
        .for_each(|(index, draft)| draft.rows[0].bytes = 10 * index..10 * index + 9);
    let mut facts = ColumnFacts::default();
    for draft in &drafts {
        facts.types.observe(draft);
    }
    let mut all: Vec<_> = drafts.into_iter().map(|draft| settings.check(draft, &facts)).collect();
    let mut by_reference: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let not_skipped = all
        .iter()
        .enumerate()
        .filter(|(_, checked)| !matches!(checked.validity, Validity::Skipped(_)));
    not_skipped.for_each(|(index, checked)| {
        by_reference.entry(checked.record.reference.clone()).or_default().push(index);
    });
    for indices in by_reference.values() {
        let dedup_hash = |checked: &CheckedOrder<'_>| match &checked.validity {
            Validity::Valid(order) => Some(crate::stream::content_hash::dedup_hash(order)),
            _ => None,
        };
        let of_reference = indices.iter().map(|index| &all[*index]);
        let of_reference: Vec<_> = of_reference
            .map(|checked| SharedReference {
                record: &checked.record,
                dedup_hash: dedup_hash(checked),
            })
            .collect();
        for (index, problem) in
            indices.iter().zip(find_conflicts(&of_reference, settings.sends_reused_references))
        {
            if let Some(problem) = problem {
                all[*index].record.problems.push(problem);
                all[*index].validity = Validity::Invalid;
            }
        }
    }
    all
}

pub(crate) fn checked(draft: Draft<'static>, settings: &TestSettings) -> CheckedOrder<'static> {
    check_all(vec![draft], settings).pop().unwrap()
}

pub(crate) fn valid(draft: Draft<'static>, settings: &TestSettings) -> Order<'static> {
    let checked = checked(draft, settings);
    match checked.validity {
        Validity::Valid(order) => *order,
        _ => panic!("{:?}", checked.record.problems),
    }
}

/// `code field` of every problem.
pub(crate) fn found(draft: Draft<'static>, settings: &TestSettings) -> Vec<String> {
    let show =
        |problem: &Problem| format!("{} {}", problem.code, problem.field.as_deref().unwrap_or("-"));
    checked(draft, settings).record.problems.iter().map(show).collect()
}

pub(crate) fn ext(name: &str, data_type: ExtensionType) -> Field {
    Field::Extension(Arc::new(ExtensionKey { name: name.into(), data_type }))
}

pub(crate) fn item_ext(name: &str, data_type: ExtensionType) -> Field {
    Field::ItemExtension(Arc::new(ExtensionKey { name: name.into(), data_type }))
}

pub(crate) fn product(name: &str, data_type: ExtensionType) -> Field {
    Field::ItemProduct(Arc::new(ExtensionKey { name: name.into(), data_type }))
}

pub(crate) fn id(provider: &str) -> Field {
    Field::Identifier(provider.into())
}

fn attributes(n: usize) -> Vec<Change<'static>> {
    (0..n).map(|index| (ext(&format!("a{index}"), ExtensionType::String), "x")).collect()
}

#[test]
fn each_case_has_its_code_field_and_message() {
    for (code, field, message, draft, settings) in cases() {
        let checked = checked(draft, &settings);
        let found = checked.record.problems.iter();
        let found: Vec<_> =
            found.map(|p| (p.code, p.field.as_deref().unwrap_or(""), p.message.as_str())).collect();
        assert_eq!(found, [(code, field, message)]);
        let outcome =
            if checked.record.problems[0].is_error() { Outcome::Invalid } else { Outcome::Valid };
        assert_eq!(checked.validity.outcome(), outcome, "{message}");
    }
}

#[test]
fn ambiguous_total_is_invalid_unless_another_one_shows_its_mark() {
    let order = || order(&[(Field::Price, "1.250"), (Field::ItemPrice, "0.625")]);
    let mut facts = ColumnFacts::default();
    let found = |facts: &ColumnFacts| {
        let problems = settings().check(order(), facts).record.problems;
        problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>()
    };
    let observe = |facts: &mut ColumnFacts, total: &Draft<'_>| {
        let cell = total.cell(&Field::Price).unwrap();
        facts.totals.observe(cell, PointReading::of(cell, Some("EUR")), || 1);
    };
    assert_eq!(found(&facts), [""; 0]);
    observe(&mut facts, &order());
    let message = "\"1.250\" can be read in two ways: 1.250 or 1250; write decimal = \".\" in the profile, or \
                   decimal = \",\" and thousands = \".\"";
    assert_eq!(found(&facts), [message]);
    observe(&mut facts, &self::order(&[(Field::Price, "12.50")]));
    assert_eq!(found(&facts), [""; 0]);
}

/// A total that was taken back may be negative.
#[test]
fn negative_total_of_a_reversal_is_valid() {
    let negative = [(Field::Price, "-20.00"), (Field::ItemPrice, "-10.00")];
    let with_status = |status| [&negative[..], &[(Field::Status, status)]].concat();
    assert_eq!(
        found(multi_order(&with_status("PURCHASED")), &multi_settings()),
        ["negative_total price"]
    );
    assert_eq!(found(multi_order(&with_status("REFUNDED")), &multi_settings()), [""; 0]);
}

/// Minor units are converted with the decimals of the item's or the order's currency.
#[test]
fn minor_units_depend_on_currency() {
    let converted = |currency: &str| {
        let mut draft = order(&[
            (Field::CurrencyCode, currency),
            (Field::Price, "2200"),
            (Field::ItemPrice, "1100"),
        ]);
        let total = draft.cells.get_mut(&Field::Price).unwrap();
        total.notation = Notation::MinorUnits;
        draft.items[0].cells.get_mut(&Field::ItemPrice).unwrap().notation = Notation::MinorUnits;
        let order = valid(draft, &settings());
        format!("{} {}", order.price, order.items[0].price.unwrap())
    };
    assert_eq!(converted("EUR"), "22.00 11.00");
    assert_eq!(converted("JPY"), "2200 1100");
    assert_eq!(converted("BHD"), "2.200 1.100");
}

/// A new code fails here until it has a case above, or belongs to another stage.
#[test]
fn every_validation_code_has_a_case() {
    #[rustfmt::skip]
    let of_other_stages = [
        // map
        Code::TimestampAmbiguous, Code::NotAScalar, Code::ValueNotInTable, Code::PartMissing, Code::PairAmbiguous, Code::TextShortened, Code::LanguageMissing,
        Code::UnknownColumn, Code::ColumnMissing,
        Code::ConditionUnreadable, Code::SpreadsheetText, Code::EventTypeUnsupported, Code::ItemEmpty, Code::ItemsRepeated, Code::ItemsGap, Code::ItemUnreadable, Code::ItemWithoutKind, Code::ItemOfTwoKinds,
        Code::PhoneImplausible, Code::PathMissing, Code::JoinUnmatched, Code::JoinAmbiguous, Code::JoinFileMissing, Code::JoinRowUnused,
        // shuffle
        Code::IdentifierShared, Code::SeveralAddresses,
        Code::ItemDecimalAmbiguous, Code::MoreDecimalsThanCurrency,
        // group
        Code::RowsDisagree, Code::FirstValueTaken, Code::LastValueTaken, Code::OrderInTwoFiles, Code::OrderRepeated, Code::RowInTwoFiles,
        Code::DuplicateOrder, Code::OlderCopy, Code::NewestCopyUnknown, Code::RefundWithoutOrder, Code::RowUnreadable,
        Code::AdjacentRowUnreadable, Code::RowWithoutKey, Code::ParentMissing, Code::ParentCircle,
        // reported by pipeline, found by read
        Code::NoFinalNewline,
        // found by pipeline in the ledger
        Code::ContentRepeated,
        // disposition
        Code::RefundMisspelt,
        // shuffle
        Code::DayMonthAmbiguous,
    ];
    // These need two orders, so their cases are separate tests.
    let of_several_orders = [
        Code::DuplicateContent,
        Code::ReferenceReused,
        Code::SpreadsheetNumber,
        Code::DecimalAmbiguous,
    ];
    let covered: BTreeSet<_> =
        cases().into_iter().map(|(code, ..)| code).chain(of_several_orders).collect();
    let expected = Code::ALL.iter().copied().filter(|code| !of_other_stages.contains(code));
    assert_eq!(covered, expected.collect());
}

#[test]
fn card_in_any_case_needs_a_card_type() {
    for payment_type in ["card", "CARD"] {
        let changes = [(Field::PaymentType, payment_type), (Field::CardType, "")];
        assert_eq!(
            found(order(&changes), &settings()),
            ["missing_card_type cardType", "unknown_payment_type paymentType"]
        );
    }
}

#[test]
fn problem_position_is_cell_or_first_row() {
    let positions = |changes: &[Change]| -> Vec<_> {
        let problems = checked(order(changes), &settings()).record.problems;
        problems.iter().map(|problem| (problem.at.line, problem.at.column)).collect()
    };
    assert_eq!(positions(&[(Field::Status, "x")]), [(LINE, Some(3))]);
    assert_eq!(positions(&[(Field::ItemQuantity, "x")]), [(LINE + 1, Some(3))]);
    assert_eq!(positions(&[(Field::Status, "")]), [(LINE, None)]);
    assert_eq!(positions(&attributes(51)), [(LINE, None)]);
}

#[test]
fn values_within_limits_are_valid() {
    let (name, fifty) = ("ü".repeat(128), attributes(50));
    let no_card = (Field::CardType, "");
    let valid_changes: &[&[Change]] = &[
        &[],
        &[(Field::ItemName, &name)],
        &fifty,
        &[(Field::ItemStatus, "PAYMENT_PENDING")],
        &[(Field::OrderedAt, "2025-06-02T12:00:00.000Z")],
        &[(Field::Price, "20")],
        &[(Field::ItemPrice, "")],
        &[(Field::PaymentType, "PayPal"), no_card.clone()],
        &[(Field::PaymentType, "voucher"), no_card.clone()],
        &[(Field::PaymentType, "other"), no_card],
        &[(Field::CardType, "American Express")],
        &[(Field::ItemType, "FLIGHT_BAG")],
        &[
            (Field::GuestTitle, "Shaikha"),
            (Field::GuestGender, "unknown"),
            (Field::GuestCountry, "GB"),
        ],
        &[
            (Field::EventLanguage, "FR"),
            (Field::EventCurrency, "JPY"),
            (Field::EventChannel, "MOBILE_APP"),
        ],
        &[(id("crm"), "17850"), (Field::GuestEmail, "")],
    ];
    for changes in valid_changes {
        assert_eq!(found(order(changes), &settings()), [""; 0], "{changes:?}");
    }
    let roomy = TestSettings { max_url_bytes: 65_534, ..settings() };
    assert_eq!(found(with_items(order(&[(Field::Price, "2000")]), 100), &roomy), [""; 0]);
    assert_eq!(found(with_items(order(&[]), 0), &settings()), [""; 0]);
}

#[test]
fn all_problems_are_collected_and_money_kept() {
    #[rustfmt::skip]
    let changes = [
        (Field::Status, "paid"), (Field::CardType, ""), (Field::GuestEmail, "ann"), (Field::ItemType, "HOTEL"),
        (Field::ItemStatus, "x"), (ext("a", ExtensionType::Integer), "b"),
    ];
    let mut draft = order(&changes);
    draft.problems.push(Problem::for_order(
        Code::RowsDisagree,
        draft.position(),
        "reported by group",
    ));
    let invalid = checked(draft, &without_pos());
    let codes: Vec<_> =
        invalid.record.problems.iter().map(|problem| problem.code.as_str()).collect();
    let expected = "rows_disagree unknown_status item_type_unsupported unknown_status missing_card_type \
                    extension_value email_implausible missing_pos";
    assert_eq!(codes.join(" "), expected);
    assert_eq!(invalid.validity.outcome(), Outcome::Invalid);
    let money = invalid.record.money.unwrap();
    assert_eq!((money.currency.as_str(), money.amount.to_string()), ("EUR", "20.00".into()));
    // Without a price or a currency there is no amount.
    for changes in [[(Field::Price, "x")], [(Field::Price, "")], [(Field::CurrencyCode, "eur")]] {
        assert_eq!(checked(order(&changes), &settings()).record.money, None, "{changes:?}");
    }
}

#[test]
fn unparsable_cell_is_reported_once() {
    #[rustfmt::skip]
    let filled = [
        Field::ItemReferenceId, Field::ItemOrderedAt, Field::ItemStatus, Field::ItemCurrencyCode, Field::ItemName,
        Field::ItemProductId, Field::GuestTitle, Field::GuestGender, Field::GuestDob, Field::GuestStreet,
        Field::GuestCountry, Field::EventChannel, Field::EventLanguage, Field::EventCurrency, Field::EventPage,
        Field::EventPos, ext("a", ExtensionType::Integer), item_ext("b", ExtensionType::Float),
    ];
    for field in BASE.iter().map(|(field, _)| field).chain(&filled) {
        let draft = with_unparsable(order(&[(field.clone(), "x")]), field);
        assert_eq!(found(draft, &settings()), [format!("not_a_scalar {field}")]);
    }
    let with_id = with_unparsable(order(&[(id("crm"), "x"), (Field::GuestEmail, "")]), &id("crm"));
    assert_eq!(found(with_id, &settings()), ["not_a_scalar guest.id.crm"]);
    let with_pos = with_unparsable(order(&[(Field::EventPos, "x")]), &Field::EventPos);
    assert_eq!(found(with_pos, &without_pos()), ["not_a_scalar event.pos"]);
}

/// A cell that `map` could not parse declares no type: one such cell must not invalidate the
/// orders of a whole run.
#[test]
fn unparsable_cell_declares_no_extension_type() {
    let a = |data_type, text| order(&[(ext("a", data_type), text)]);
    let unparsable =
        with_unparsable(a(ExtensionType::String, "an array"), &ext("a", ExtensionType::String));
    let drafts = numbered([unparsable.clone(), a(ExtensionType::Integer, "1"), unparsable]);
    let problems =
        check_all(drafts, &settings()).into_iter().map(|checked| checked.record.problems.len());
    assert_eq!(problems.collect::<Vec<_>>(), [1, 0, 1]);
}

#[test]
fn prices_convert_between_unit_and_line() {
    use PriceBasis::{Line, Unit};
    // Exported price, quantity, basis of the export, basis of the target, sent price, total of the
    // line.
    let cases = [
        ("10.00", "2", Unit, Unit, "10.00", "20.00"),
        ("10.00", "2", Unit, Line, "20.00", "20.00"),
        ("20.00", "2", Line, Line, "20.00", "20.00"),
        ("20.50", "2", Line, Unit, "10.25", "20.50"),
        ("0.10", "3", Unit, Line, "0.30", "0.30"),
        ("9.99", "", Unit, Line, "9.99", "9.99"),
        ("9.99", "", Line, Unit, "9.99", "9.99"),
        ("9.99", "0", Unit, Unit, "9.99", "0"),
        ("9.99", "0", Line, Line, "9.99", "9.99"),
        ("9.99", "-2", Unit, Line, "-19.98", "-19.98"),
        ("-19.98", "-2", Line, Unit, "9.99", "-19.98"),
        ("1.5", "0.25", Unit, Line, "0.375", "0.375"),
        ("0.000007", "7", Line, Unit, "0.000001", "0.000007"),
    ];
    for (price, quantity, from, to, sent, line) in cases {
        let severities = [(Code::NegativeTotal, SeverityChoice::Warning)].into();
        let settings = TestSettings {
            total_from: TotalFrom::SumOfLines,
            severities: SeverityRules::new(severities).unwrap(),
            ..prices(from, to)
        };
        let order =
            valid(order(&[(Field::ItemPrice, price), (Field::ItemQuantity, quantity)]), &settings);
        let found = (order.items[0].price.unwrap().to_string(), order.price.to_string());
        assert_eq!(found, (sent.into(), line.into()), "{price} x {quantity} {from:?} -> {to:?}");
    }
}

#[test]
fn sum_of_lines_replaces_exported_price() {
    let items = with_items(order(&[(Field::ItemPrice, "0.1"), (Field::Price, "99")]), 3);
    assert_eq!(valid(items, &sum_of_lines()).price.to_string(), "0.6");
    // A rounded unit price leaves the total exact.
    let rounded = with_items(order(&[(Field::ItemPrice, "10"), (Field::ItemQuantity, "3")]), 3);
    let rounded = valid(rounded, &TestSettings { price_basis: PriceBasis::Line, ..sum_of_lines() });
    assert_eq!(
        (rounded.items[0].price.unwrap().to_string(), rounded.price.to_string()),
        ("3.333333".into(), "30".into())
    );
    let invalid = checked(order(&[(Field::ItemPrice, "x")]), &sum_of_lines());
    assert_eq!((invalid.record.money, invalid.record.problems.len()), (None, 1));
}

/// Rows that are there twice double a total that is their sum.
#[test]
fn repetition_of_all_items_is_a_warning() {
    let mug = |changes: &[Change]| {
        order(&[&[(Field::ItemName, "Mug")], changes].concat()).items.pop().unwrap()
    };
    let jug = || mug(&[(Field::ItemPrice, "9.00")]);
    let numbered = |number| mug(&[(Field::ItemReferenceId, number)]);
    let shipping =
        || ItemDraft { kind: ItemKind { index: 1, source: ItemSource::Order }, ..mug(&[]) };
    let of = |items: Vec<ItemDraft<'static>>, settings: &TestSettings| {
        found(Draft { items, ..order(&[]) }, settings).join("\n")
    };
    let warning = "items_duplicated -";
    for items in [
        vec![mug(&[]), mug(&[])],
        vec![mug(&[]), jug(), mug(&[]), jug()],
        vec![mug(&[]), mug(&[]), jug(), jug(), jug(), mug(&[])],
        vec![numbered("1"), numbered("2")],
        vec![mug(&[]), mug(&[]), shipping()],
    ] {
        assert_eq!(of(items, &sum_of_lines()), warning);
    }
    for items in [
        vec![mug(&[])],
        vec![mug(&[]), jug()],
        vec![mug(&[]), mug(&[]), jug()],
        vec![jug(), mug(&[]), mug(&[])],
        vec![mug(&[]), mug(&[]), jug(), jug(), jug()],
        vec![mug(&[]), shipping()],
    ] {
        assert_eq!(of(items, &sum_of_lines()), "");
    }
    let twice = Draft { items: vec![mug(&[]); 2], ..order(&[(Field::Price, "40.00")]) };
    assert_eq!(found(twice, &settings()), Vec::<String>::new());
}

/// An invalid order lists its problems, and an order whose items are missing must not be sent with
/// a total of 0.
#[test]
fn missing_line_prices_prevent_sum() {
    let without_price = order(&[(Field::ItemPrice, "")]);
    assert_eq!(found(without_price, &sum_of_lines()), ["missing_attribute item.price"]);
    let without_items = with_items(order(&[]), 0);
    assert_eq!(checked(without_items, &sum_of_lines()).validity.outcome(), Outcome::Invalid);
}

/// The value of `ext.a` in each of several orders, or the code of the order's problem.
fn extension_values(values: &[(ExtensionType, &str)]) -> Vec<String> {
    let drafts =
        numbered(values.iter().map(|(data_type, text)| order(&[(ext("a", *data_type), text)])));
    let show = |checked: CheckedOrder<'_>| match checked.validity {
        Validity::Valid(order) => {
            let (_, value) = order.extension.iter().find(|(name, _)| *name == "a").unwrap();
            serde_json::to_string(value).unwrap()
        }
        _ => checked.record.problems[0].code.to_string(),
    };
    check_all(drafts, &settings()).into_iter().map(show).collect()
}

#[test]
fn extension_attribute_has_one_type_per_run() {
    use ExtensionType::{Boolean, Float, Integer, String};
    assert_eq!(extension_values(&[(Integer, "10"), (Integer, "-007")]), ["10", "-7"]);
    assert_eq!(extension_values(&[(Integer, "10"), (Float, "2.50")]), ["10.0", "2.50"]);
    assert_eq!(extension_values(&[(Float, "10"), (Integer, "2")]), ["10.0", "2.0"]);
    assert_eq!(
        extension_values(&[(String, "10"), (Integer, "10")]),
        ["\"10\"", "extension_type_conflict"]
    );
    assert_eq!(
        extension_values(&[(Boolean, "TRUE"), (Float, "1")]),
        ["true", "extension_type_conflict"]
    );
    assert_eq!(extension_values(&[(String, "a \"b\"")]), [r#""a \"b\"""#]);
    // An item's attribute is a different one from the order's.
    let both = order(&[(ext("a", String), "x"), (item_ext("a", Integer), "1")]);
    assert_eq!(found(both, &settings()), [""; 0]);
}

#[test]
fn skipped_order_declares_no_extension_type() {
    let mut skipped = order(&[(ext("a", ExtensionType::String), "x")]);
    skipped.skip = Some("test order".into());
    let drafts = vec![skipped, order(&[(ext("a", ExtensionType::Integer), "1")])];
    let outcomes: Vec<_> =
        check_all(drafts, &settings()).iter().map(|c| c.validity.outcome()).collect();
    assert_eq!(outcomes, [Outcome::Skipped, Outcome::Valid]);
}

#[test]
fn common_attributes_fall_back_to_defaults() {
    let shown = |changes: &[Change], common: CommonDefaults| {
        let common = valid(order(changes), &TestSettings { common, ..settings() }).common;
        [
            common.channel,
            common.language,
            common.currency.to_string().into(),
            common.page,
            common.pos,
        ]
        .join(" ")
    };
    let some = |text: &str| Some(text.to_owned());
    let target = CommonDefaults {
        channel: some("MOBILE_WEB"),
        language: some("DE"),
        currency: some("CHF"),
        page: some("till"),
        pos: some("shop"),
    };
    let only_pos = CommonDefaults { pos: some("shop"), ..CommonDefaults::default() };
    assert_eq!(shown(&[], only_pos.clone()), "WEB EN EUR oms-import shop");
    assert_eq!(shown(&[], target.clone()), "MOBILE_WEB DE CHF till shop");
    let all = [
        (Field::EventChannel, "MOBILE_APP"),
        (Field::EventLanguage, "FR"),
        (Field::EventCurrency, "USD"),
        (Field::EventPage, "home"),
        (Field::EventPos, "shop/ie"),
    ];
    assert_eq!(shown(&all, target), "MOBILE_APP FR USD home shop/ie");
    assert_eq!(shown(&[(Field::CurrencyCode, "GBP")], only_pos), "WEB EN GBP oms-import shop");
}

#[test]
fn email_is_identifier_only_without_others() {
    let ids = |changes: &[Change]| -> Vec<String> {
        let ids = valid(order(changes), &settings()).guest.identifiers;
        ids.into_iter().map(|Identifier { provider, id, .. }| format!("{provider}={id}")).collect()
    };
    let email = (Field::GuestEmail, "Ann@Example.COM");
    assert_eq!(ids(std::slice::from_ref(&email)), ["email=ann@example.com"]);
    assert_eq!(
        ids(&[email, (id("crm"), "Ab1"), (id("EMAIL"), "X@y.de")]),
        ["crm=Ab1", "EMAIL=x@y.de"]
    );
    assert_eq!(ids(&[(id("email"), "Bob@Example.com")]), ["email=bob@example.com"]);
}

#[test]
fn identifiers_follow_their_kind() {
    let id_of = |field: Field, text: &str| {
        valid(order(&[(field, text)]), &settings()).guest.identifiers[0].id.clone().into_owned()
    };
    let of_kind = |name, kind| Field::Identifier(Provider::new(name, Some(kind)));
    let address = " Rene\u{301}@Example.com";
    assert_eq!(id_of(of_kind("crm_mail", IdentifierKind::Email), address), "ren\u{e9}@example.com");
    assert_eq!(id_of(of_kind("email", IdentifierKind::Text), "Ann-7"), "Ann-7");
    assert_eq!(id_of(id("Email"), "Ann@Example.com"), "ann@example.com");
    assert_eq!(id_of(id("crm"), "Rene\u{301}"), "Ren\u{e9}");
}

#[test]
fn expiry_date_belongs_to_its_identifier() {
    let changes = [
        (id("crm"), "7"),
        (Field::IdentifierExpiry("crm".into()), "2030-12-31T23:59:59Z"),
        (id("card"), "8"),
        (id("phone"), "+491701234567"),
        (Field::IdentifierExpiry("phone".into()), "2031-01-01"),
    ];
    let identifiers = valid(order(&changes), &settings()).guest.identifiers;
    let dates: Vec<_> = identifiers.iter().map(|found| found.expiry_date.as_deref()).collect();
    assert_eq!(dates, [Some("2030-12-31T23:59:59Z"), None, Some("2031-01-01")]);
}

#[test]
fn guest_attributes_are_normalized() {
    let guest = |field, text: &str| valid(order(&[(field, text)]), &settings()).guest;
    assert_eq!(
        guest(Field::GuestEmail, "Ann@Example.COM").email.as_deref(),
        Some("ann@example.com")
    );
    assert_eq!(guest(Field::GuestDob, "1990-02-03").dob.as_deref(), Some("1990-02-03T00:00"));
    assert_eq!(guest(Field::GuestDob, "1990-02-03T04:05").dob.as_deref(), Some("1990-02-03T04:05"));
    assert_eq!(
        guest(Field::GuestStreet, "House 1\n\n 2 High St ").street,
        ["House 1", "2 High St"]
    );
}

#[test]
fn skipped_order_has_no_problems() {
    let mut draft =
        with_unparsable(order(&[(Field::Status, "x"), (Field::GuestEmail, "")]), &Field::Price);
    draft.skip = Some("cancelled".into());
    let checked = checked(draft, &settings());
    assert!(checked.record.problems.is_empty());
    assert!(matches!(checked.validity, Validity::Skipped(reason) if &*reason == "cancelled"));
}

#[test]
fn order_ids_sort_in_input_order() {
    let id = |file, start: u64| {
        let mut draft = order(&[]);
        let first = RowOrigin { file: FileId(file), line: 1, column: 1, bytes: start..start + 1 };
        let second = RowOrigin { file: FileId(0), line: 1, column: 1, bytes: 0..1 };
        draft.rows = vec![first, second];
        settings().check(draft, &ColumnFacts::default()).record.id
    };
    let ids = [id(0, 0), id(0, 1), id(0, 1 << 40), id(1, 0), id(1, 7), id(70_000, 0)];
    assert!(ids.is_sorted() && ids.iter().collect::<BTreeSet<_>>().len() == ids.len(), "{ids:?}");
}

/// A value that was computed, not borrowed from a row, gives the same events.
#[test]
fn owned_and_borrowed_cells_are_equivalent() {
    let changes = [
        (Field::GuestStreet, "House 1\n2 High St"),
        (Field::GuestEmail, "Ann@Example.COM"),
        (id("crm"), "17"),
        (ext("a", ExtensionType::Float), "1"),
        (item_ext("b", ExtensionType::String), "x"),
    ];
    let mut owned = order(&changes);
    let items = owned.items.iter_mut().flat_map(|item| item.cells.iter_mut());
    for cell in owned.cells.iter_mut().chain(items) {
        cell.text = Cow::Owned(cell.text.to_string());
        cell.field = Cow::Owned(cell.field.clone().into_owned());
    }
    let events = |draft| {
        let order = valid(draft, &settings());
        (event_json::order_checkout(&order), event_json::identity(&order.guest, &order.common))
    };
    assert_eq!(events(owned), events(order(&changes)));
}

/// A constant of the profile has no time parsed by `map`.
#[test]
fn constant_can_be_timestamp() {
    let mut draft = order(&[(Field::OrderedAt, "2025-01-01T17:17:16+01:00")]);
    let with_time = valid(draft.clone(), &settings()).ordered_at;
    draft.cells.get_mut(&Field::OrderedAt).unwrap().time = None;
    assert_eq!(valid(draft.clone(), &settings()).ordered_at, with_time);
    draft.cells.get_mut(&Field::OrderedAt).unwrap().text = "today".into();
    assert_eq!(found(draft, &settings()), ["timestamp_unreadable orderedAt"]);
}

#[test]
fn record_falls_back_to_order_key() {
    let record = |changes: &[Change]| checked(order(changes), &settings()).record;
    assert_eq!(record(&[]).reference, "A-1");
    assert_eq!(record(&[(Field::ReferenceId, "")]).reference, "KEY");
    assert_eq!(record(&[(Field::OrderedAt, "x")]).ordered_at, None);
    assert_eq!((record(&[]).item_count, record(&[]).source.line), (1, LINE));
    // An unparsable cell holds a description such as "an array", not a reference.
    let unparsable = checked(with_unparsable(order(&[]), &Field::ReferenceId), &settings());
    assert_eq!(unparsable.record.reference, "KEY");
}

/// `code line` of the problems of orders that share a reference, ordered in these hours of January
/// 2025.
fn of_one_reference(hours: &[u32], settings: &TestSettings) -> Vec<String> {
    let draft = |(line, hour): (u64, &u32)| {
        let time = format!("2025-01-{:02}T{:02}:00:00.000Z", 1 + hour / 24, hour % 24);
        let mut draft = order(&[(Field::OrderedAt, &time)]);
        draft.rows[0].line = line;
        draft
    };
    let results = check_all((1..).zip(hours).map(draft).collect(), settings);
    let show = |checked: &CheckedOrder<'_>| {
        let problems = checked
            .record
            .problems
            .iter()
            .map(|problem| format!("{} {}", problem.code, problem.at.line));
        problems.collect::<Vec<_>>().join(" ")
    };
    results.iter().map(show).collect()
}

#[test]
fn shared_reference_invalidates_both_orders() {
    let reused = |line| format!("reference_reused {line}");
    assert_eq!(of_one_reference(&[0, 0], &settings()), [reused(1), reused(2)]);
    assert_eq!(of_one_reference(&[0, 480], &settings()), [reused(1), reused(2)]);
    let sending = TestSettings { sends_reused_references: true, ..settings() };
    assert_eq!(of_one_reference(&[0, 48], &sending), ["", ""]);
    assert_eq!(of_one_reference(&[0, 47], &sending), [reused(1), reused(2)]);
    assert_eq!(of_one_reference(&[0, 480, 47], &sending), [reused(1), String::new(), reused(3)]);
}

/// The invalid order may be the other half of the same order.
#[test]
fn invalid_order_conflicts_by_reference_too() {
    let results = check_all(vec![order(&[]), order(&[(Field::Status, "x")])], &settings());
    assert_eq!(results[0].validity.outcome(), Outcome::Invalid);
}
