use crate::{
    model::{
        draft::Draft,
        field::Field,
        request::RequestKind,
        route::{ConfirmMode, Mode, Route},
    },
    stream::multi_event::sequence,
    validate::tests::{
        TestSettings, checked, found, multi_order, multi_settings, order, settings, valid,
        with_items,
    },
};

fn auto() -> TestSettings {
    TestSettings { mode: Mode::Auto, ..settings() }
}

fn route(draft: Draft<'static>, settings: &TestSettings) -> Route {
    valid(draft, settings).route
}

fn order_of_80() -> Draft<'static> {
    order(&[(Field::Price, "1600"), (Field::ItemReferenceId, "0123456789-0123456789")])
}

#[test]
fn auto_mode_uses_multi_route_when_needed() {
    assert_eq!(route(multi_order(&[]), &auto()), Route::Single);
    assert_eq!(route(multi_order(&[]), &multi_settings()), Route::Multi);
    for item_type in ["FLIGHT", "HOTEL", "RAIL", "LOAN_APPLICATION"] {
        let draft = || multi_order(&[(Field::ItemType, item_type)]);
        assert_eq!(found(draft(), &settings()), ["item_type_unsupported item.type"]);
        assert_eq!(route(draft(), &auto()), Route::Multi);
    }
    for item_type in ["SEAT", "BAG", "MEAL", "INSURANCE", "CAR"] {
        assert_eq!(route(multi_order(&[(Field::ItemType, item_type)]), &auto()), Route::Single);
    }
    let large = || with_items(multi_order(&[(Field::Price, "1600")]), 80);
    assert_eq!(found(large(), &settings()), ["event_too_large -"]);
    assert_eq!(route(large(), &auto()), Route::Multi);
    let roomy = TestSettings { max_url_bytes: 65_534, ..auto() };
    assert_eq!(route(large(), &roomy), Route::Single);
}

#[test]
fn order_fitting_no_route_reports_both_reasons() {
    let large = with_items(multi_order(&[(Field::Price, "6000")]), 300);
    let problems = checked(large.clone(), &auto()).record.problems;
    let errors: Vec<_> =
        problems.iter().filter(|problem| problem.is_error()).map(|p| p.message.as_str()).collect();
    insta::assert_snapshot!(errors.join("\n"), @r#"
    CONFIRM with 300 items makes a URL of 9193 bytes, more than the limit of 8192; confirm = "parts" splits it into several
    ORDER_CHECKOUT with 300 items makes a URL of 34434 bytes, more than the limit of 8192
    "#);
    let parts = TestSettings { confirm: ConfirmMode::Parts, ..auto() };
    assert_eq!(found(large.clone(), &parts), ["too_many_items -"]);
    let order = valid(large, &parts);
    let events = sequence(&order, parts.stream().url_limits()).events;
    assert_eq!(events.iter().filter(|event| event.0 == RequestKind::Confirm).count(), 2);
    // Attributes that ADD requires and ORDER_CHECKOUT does not.
    let nameless = with_items(order_of_80(), 80);
    assert_eq!(
        found(nameless, &auto())[..2],
        ["missing_attribute item.name", "missing_attribute item.productId"]
    );
    assert_eq!(found(with_items(order_of_80(), 80), &auto()).last().unwrap(), "event_too_large -");
}
