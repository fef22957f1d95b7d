//! The limit is exact, and the fast path of the size check never accepts an order whose events are
//! too long.

use proptest::prelude::*;

use super::{SizeBound, may_exceed_limit};
use crate::{
    model::{
        draft::{PersonDraft, PersonRole},
        field::{ExtensionType, Field, FieldGroup},
        money::Amount,
        order::{Item, Order, Validity},
        pricing::{PriceBasis, TotalFrom},
        problem::Code,
        route::Mode,
        rules::CommonDefaults,
        target::Target,
    },
    stream::{event_json, multi_event, url},
    validate::tests::{
        Change, LINE, TestSettings, cells, checked, ext, found, id, item_ext, multi_order,
        multi_settings, order, product, settings, valid, with_items, with_people,
    },
};

#[test]
fn url_limit_is_exact_for_both_events() {
    let city = "x".repeat(900);
    let draft = || order(&[(Field::GuestCity, &city)]);
    let whole = valid(draft(), &settings());
    let length = |event| url::event_url_length(&settings().target, &event);
    let identity = length(event_json::identity(&whole.guest, &whole.common));
    let fitting = |max_url_bytes| found(draft(), &TestSettings { max_url_bytes, ..settings() });
    assert!(identity > length(event_json::order_checkout(&whole)));
    assert_eq!(fitting(identity), [""; 0]);
    assert_eq!(fitting(identity - 1), ["event_too_large -"]);
    assert_eq!(fitting(100), ["event_too_large -", "event_too_large -"]);
}

#[test]
fn too_large_hint_names_mode_and_confirm() {
    let message = |n_items: usize| {
        let draft =
            with_items(multi_order(&[(Field::Price, &format!("{}", n_items * 20))]), n_items);
        let problems = checked(draft, &settings()).record.problems;
        let too_large = problems.iter().find(|problem| problem.code == Code::EventTooLarge);
        too_large
            .map(|problem| problem.message.split("; ").nth(1).unwrap_or_default().to_owned())
            .unwrap_or_default()
    };
    assert_eq!(message(260), "mode auto assembles such orders from several events");
    assert_eq!(
        message(261),
        "mode auto with confirm = \"parts\" assembles such orders from several events"
    );
}

/// Characters with the longest encodings in a URL, and others.
const ANY: &str = "[\\x00-\\x1f\"\\\\&é€😀a-z]{1,30}|\\PC{1,20}";
const NUMBER: &str =
    "[1-9]{1,20}|-?[1-9]e[0-9]|1e2[0-7]|[1-9]e-2[0-8]|[0-9]\\.[0-9]{1,20}|\\+?[1-9]";

/// Fields that accept any text.
const FREE_TEXT_FIELDS: [Field; 16] = [
    Field::ReferenceId,
    Field::PaymentType,
    Field::CardType,
    Field::ItemReferenceId,
    Field::ItemProductId,
    Field::ItemName,
    Field::GuestFirstname,
    Field::GuestLastname,
    Field::GuestMobile,
    Field::GuestPhone,
    Field::GuestStreet,
    Field::GuestCity,
    Field::GuestState,
    Field::GuestPostalCode,
    Field::EventPage,
    Field::EventPos,
];

fn change() -> impl Strategy<Value = (Field, String)> {
    let free = (prop::sample::select(&FREE_TEXT_FIELDS[..]), ANY);
    let number = prop::sample::select(vec![Field::Price, Field::ItemPrice, Field::ItemQuantity]);
    let attribute = (any::<bool>(), "[a-zA-Z0-9]{1,20}").prop_map(|(is_of_item, name)| {
        if is_of_item {
            item_ext(&name, ExtensionType::Float)
        } else {
            ext(&name, ExtensionType::Float)
        }
    });
    let text = "[a-z]{1,20}[0-9]".prop_map(|name| ext(&name, ExtensionType::String));
    let address = "[\"\\\\&é%a-z]{1,30}@[aäö]{1,20}\\.[ä]{1,20}";
    prop_oneof![
        4 => free,
        1 => (number, NUMBER),
        1 => (attribute, NUMBER),
        1 => (text, ANY),
        1 => ("[^:]{1,20}".prop_map(|provider| id(&provider)), ANY),
        1 => (Just(Field::GuestEmail), address),
        // Texts that grow in lower case, or become several strings.
        1 => (Just(Field::GuestEmail), "[İȺ]{1,30}@(Ⱥ{60}\\.)?[İȺ]{1,60}\\.İ"),
        1 => (Just(id("email")), "Ⱥ{1,30}@Ⱥ{1,120}\\.Ⱥ"),
        1 => (Just(Field::GuestStreet), "(a\n){0,300}b"),
        1 => (Just(Field::ItemType), "[A-Z_]{1,30}"),
        1 => (Just(Field::ItemOrderedAt), Just("2025-01-01T00:00Z".to_owned())),
        1 => (Just(Field::GuestDob), Just("1990-02-03".to_owned())),
    ]
}

fn any_settings() -> impl Strategy<Value = TestSettings> {
    let per = || prop::sample::select(vec![PriceBasis::Unit, PriceBasis::Line]);
    let total_from = prop::sample::select(vec![TotalFrom::Given, TotalFrom::SumOfLines]);
    let common =
        (prop::option::of(ANY), prop::option::of(ANY), prop::option::of(Just("CHF".to_owned())));
    (common, "[ -~é]{0,30}", total_from, per(), per()).prop_map(
        |(common, client_key, total_from, price_basis, target)| {
            let (page, pos, currency) = common;
            let pos = pos.or_else(|| Some("shop".into()));
            TestSettings {
                target: Target { client_key, ..settings().target },
                common: CommonDefaults { currency, page, pos, ..CommonDefaults::default() },
                max_url_bytes: usize::MAX,
                total_from,
                price_basis,
                target_price_basis: target,
                ..settings()
            }
        },
    )
}

fn largest_event(order: &Order<'_>, settings: &TestSettings) -> usize {
    let events =
        [event_json::order_checkout(order), event_json::identity(&order.guest, &order.common)];
    events.iter().map(|event| url::event_url_length(&settings.target, event)).max().unwrap_or(0)
}

proptest! {
    #[test]
    fn single_size_bound_is_never_too_low(
        changes in prop::collection::vec(change(), 0..12),
        settings in any_settings(),
        n_items in 0_usize..4,
    ) {
        let changes: Vec<Change> = changes.iter().map(|(field, text)| (field.clone(), text.as_str())).collect();
        let draft = with_items(order(&changes), n_items);
        let Validity::Valid(order) = checked(draft.clone(), &settings).validity else { return Ok(()) };
        for item in &order.items {
            let json = event_json::to_json(&event_json::ItemObject::of(item));
            // With the comma behind it.
            let n_bytes = url::percent_encoded_length(&json) + 1;
            prop_assert!(SizeBound(url::encoded_json_length).item(item) >= n_bytes, "{json}");
        }
        let max_url_bytes = largest_event(&order, &settings) - 1;
        let too_small = TestSettings { max_url_bytes, ..settings };
        prop_assert!(may_exceed_limit(&order, &too_small.stream()));
    }
}

fn largest_multi_event(order: &Order<'_>, settings: &TestSettings) -> usize {
    let sequence = multi_event::sequence(order, settings.stream().url_limits());
    let identity = event_json::identity(&order.guest, &order.common);
    let events = sequence.events.iter().map(|event| &event.1).chain([&identity]);
    events.map(|event| url::event_url_length(&settings.target, event)).max().unwrap_or(0)
}

fn person() -> impl Strategy<Value = (PersonRole, Option<usize>, Vec<(Field, String)>)> {
    let role = prop::sample::select(vec![PersonRole::Contact, PersonRole::Consumer]);
    let of_guest =
        change().prop_filter("of a guest", |(field, _)| field.group() == FieldGroup::Guest);
    (role, prop::option::of(0_usize..3), prop::collection::vec(of_guest, 1..5))
}

proptest! {
    #[test]
    fn multi_size_bound_is_never_too_low(
        changes in prop::collection::vec(change(), 0..12),
        attributes in prop::collection::vec(("[a-z_]{1,20}[0-9]", ANY), 0..4),
        people in prop::collection::vec(person(), 0..4),
        settings in any_settings(),
        n_items in 1_usize..40,
    ) {
        let attributes: Vec<_> =
            attributes.iter().map(|(name, text)| (product(name, ExtensionType::String), text.as_str())).collect();
        let changes: Vec<Change> = changes.iter().map(|(field, text)| (field.clone(), text.as_str())).collect();
        let people: Vec<_> = people.iter().map(|(role, item, changes)| {
            let changes: Vec<Change> = changes.iter().map(|(field, text)| (field.clone(), text.as_str())).collect();
            PersonDraft { role: *role, item: *item, cells: cells(&changes, LINE) }
        }).collect();
        let draft = with_people(with_items(multi_order(&[changes, attributes].concat()), n_items), &people);
        let settings = TestSettings { mode: Mode::Multi, rate: None, ..settings };
        let Validity::Valid(order) = checked(draft.clone(), &settings).validity else { return Ok(()) };
        let max_url_bytes = largest_multi_event(&order, &settings) - 1;
        let too_small = TestSettings { max_url_bytes, ..settings };
        prop_assert!(may_exceed_limit(&order, &too_small.stream()));
    }
}

#[test]
fn numbers_of_items_are_bounded() {
    for number in ["-0.123456789", "999999999", "-999999999", "0.1234567891", "1234567890", "0"] {
        let number = Amount(number.parse().unwrap());
        let item = Item { quantity: Some(number), price: Some(number), ..Item::default() };
        let json = event_json::to_json(&event_json::ItemObject::of(&item));
        let bound = SizeBound(url::encoded_json_length).item(&item);
        assert!(bound > url::percent_encoded_length(&json), "{json}");
    }
}

/// Otherwise the fast path would be of no use.
#[test]
fn typical_order_takes_fast_path() {
    let small = valid(with_items(order(&[(Field::Price, "60")]), 3), &settings());
    assert!(!may_exceed_limit(&small, &settings().stream()));
    let order = valid(with_items(order(&[(Field::Price, "800")]), 40), &settings());
    assert!(!may_exceed_limit(&order, &settings().stream()));
    let order = valid(with_items(multi_order(&[(Field::Price, "1200")]), 60), &multi_settings());
    assert!(!may_exceed_limit(&order, &multi_settings().stream()));
}
