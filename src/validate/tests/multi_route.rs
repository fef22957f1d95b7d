//! Orders that are assembled from several events.

use super::*;

/// The draft with these items, distinguished by their names.
fn with_named(draft: &Draft<'static>, items: &[&[Change]]) -> Draft<'static> {
    let item = |changes: &&[Change]| {
        let mut all: Vec<Change> = vec![
            (Field::ItemType, "FLIGHT"),
            (Field::ItemProductId, "x"),
            (Field::ItemPrice, "1"),
            (Field::ItemQuantity, "1"),
        ];
        all.extend(changes.iter().cloned());
        ItemDraft { cells: cells(&all, LINE + 1), ..draft.items[0].clone() }
    };
    Draft { items: items.iter().map(item).collect(), ..draft.clone() }
}

fn names(order: &Order<'_>) -> String {
    order.items.iter().map(|item| item.name.as_deref().unwrap_or("-")).collect::<Vec<_>>().join(" ")
}

#[test]
fn multi_route_accepts_more_statuses() {
    for status in ["CONFIRMED", "REFUNDED", "CANCELLED", "PURCHASED", "PAYMENT_PENDING"] {
        assert_eq!(
            valid(multi_order(&[(Field::Status, status)]), &multi_settings()).status,
            status
        );
    }
    assert_eq!(
        found(
            multi_order(&[(Field::Status, "CANCELLED")]),
            &TestSettings { mode: Mode::Auto, ..settings() }
        ),
        ["unknown_status status"]
    );
    let problems =
        checked(multi_order(&[(Field::Status, "REFUNDED")]), &settings()).record.problems;
    insta::assert_snapshot!(problems[0].message, @r#"unknown value "REFUNDED"; expected PURCHASED or PAYMENT_PENDING; mode multi sends orders with this status"#);
}

#[test]
fn multi_route_needs_no_payment_type() {
    let unpaid = || multi_order(&[(Field::PaymentType, ""), (Field::CardType, "")]);
    assert_eq!(found(unpaid(), &settings()), ["missing_attribute paymentType"]);
    assert_eq!(found(unpaid(), &multi_settings()), [""; 0]);
    assert_eq!(valid(unpaid(), &multi_settings()).payment_type, "");
    let cardless = || multi_order(&[(Field::CardType, "")]);
    assert_eq!(found(cardless(), &settings()), ["missing_card_type cardType"]);
    assert_eq!(found(cardless(), &multi_settings()), [""; 0]);
}

#[test]
fn multi_route_prices_are_per_unit() {
    use PriceBasis::{Line, Unit};
    for (price, from, to, sent, unit) in [
        ("10.00", Unit, Unit, "10.00", "10.00"),
        ("10.00", Unit, Line, "20.00", "10.00"),
        ("20.00", Line, Line, "20.00", "10.00"),
        ("20.00", Line, Unit, "10.00", "10.00"),
    ] {
        let settings = TestSettings { mode: Mode::Multi, ..prices(from, to) };
        let order = valid(multi_order(&[(Field::ItemPrice, price)]), &settings);
        let item = &order.items[0];
        let unit_price = item.product.as_ref().unwrap().unit_price.unwrap();
        assert_eq!(
            (item.price.unwrap().to_string(), unit_price.to_string()),
            (sent.into(), unit.into())
        );
    }
    // The lines add up, the rounded prices do not.
    let settings = TestSettings { mode: Mode::Multi, price_basis: Line, ..sum_of_lines() };
    let rounded =
        multi_order(&[(Field::ItemPrice, "10"), (Field::ItemQuantity, "3"), (Field::Price, "")]);
    assert_eq!(found(rounded, &settings), ["price_rounded item.price", "total_differs -"]);
}

#[test]
fn items_are_sorted_by_leg() {
    let leg = |name, leg| -> Vec<Change> { vec![(Field::ItemName, name), (Field::ItemLeg, leg)] };
    let draft = |items: &[(&'static str, &'static str)]| {
        let items: Vec<_> = items.iter().map(|(name, at)| leg(*name, *at)).collect();
        with_named(
            &order(&[(Field::Price, "5")]),
            &items.iter().map(Vec::as_slice).collect::<Vec<_>>(),
        )
    };
    let all = [("fee", ""), ("back", "return"), ("seat", ""), ("out", "outbound"), ("bag", "")];
    assert_eq!(names(&valid(draft(&all), &multi_settings())), "fee out bag back seat");
    let numbered = [("c", "10"), ("b", "2"), ("a", "1"), ("a2", "1"), ("c2", "10")];
    assert_eq!(names(&valid(draft(&numbered), &multi_settings())), "a a2 b c c2");
    let without_legs = [("x", ""), ("y", ""), ("z", ""), ("w", ""), ("v", "")];
    assert_eq!(names(&valid(draft(&without_legs), &multi_settings())), "x y z w v");
    // A single event ignores legs.
    let unsorted = multi_order(&[(Field::ItemLeg, "back")]);
    assert_eq!(found(unsorted, &settings()), [""; 0]);
}

#[test]
fn people_are_deduplicated_and_items_renumbered() {
    let flights: &[&[Change]] = &[
        &[(Field::ItemName, "back"), (Field::ItemLeg, "return")],
        &[(Field::ItemName, "out"), (Field::ItemLeg, "outbound")],
    ];
    let draft = with_named(&order(&[(Field::Price, "2")]), flights);
    let bob: &[Change] = &[(Field::GuestFirstname, "Bob"), (id("crm"), "7")];
    let people = [
        contact(bob),
        contact(&[(Field::GuestEmail, "ann@example.com")]),
        contact(bob),
        consumer(Some(0), &[]),
        consumer(Some(1), &[]),
        consumer(Some(1), &[]),
        consumer(Some(0), &[(Field::GuestFirstname, "Di")]),
        consumer(None, &[(Field::GuestFirstname, "Ed")]),
    ];
    let order = valid(with_people(draft, &people), &multi_settings());
    let contacts: Vec<_> =
        order.contacts.iter().map(|contact| contact.firstname.as_deref().unwrap()).collect();
    assert_eq!(contacts, ["Bob"]);
    let consumers = order.consumers.iter();
    let consumers: Vec<_> =
        consumers.map(|c| (c.person.firstname.as_deref().unwrap(), c.items.as_slice())).collect();
    assert_eq!(consumers, [("Cy", &[0, 1][..]), ("Di", &[1]), ("Ed", &[])]);
}

#[test]
fn single_route_ignores_product_attributes() {
    let draft = |text| multi_order(&[(product("stops", ExtensionType::Integer), text)]);
    assert_eq!(found(draft("none"), &settings()), ["detail_left_out -"]);
    let hash = |draft, settings: TestSettings| {
        crate::stream::content_hash::content_hash(&valid(draft, &settings))
    };
    assert_eq!(hash(draft("1"), settings()), hash(draft("2"), settings()));
    assert_ne!(hash(draft("1"), multi_settings()), hash(draft("2"), multi_settings()));
    assert_eq!(hash(multi_order(&[]), settings()), hash(multi_order(&[]), multi_settings()));
}

#[test]
fn dropped_extension_list_is_truncated() {
    let attributes = attributes(13);
    let settings = multi_settings();
    let problems = checked(multi_order(&attributes), &settings).record.problems;
    insta::assert_snapshot!(problems[0].message, @"an order assembled from several events carries no extensions; not sent: ext.a0, ext.a1, ext.a10, ext.a11, ext.a12, ext.a2, ext.a3, ext.a4, ext.a5, ext.a6 and 3 more");
}
