//! A target that `validate` has never seen brings a table and nothing else.

use super::*;
use crate::{
    model::{
        route::Route,
        rules::{Carries, Details, ExtensionRules, ItemRules, NotTaken, TargetRules},
    },
    validate::check,
};

/// An invented target that takes orders as records of a file.
static RECORDS: TargetRules = TargetRules {
    route: Route::Single,
    carrier: "a record",
    carries: Carries { payment: false, total: true, extensions: false },
    statuses: &["OPEN", "PAID", "CLOSED"],
    unfinished_statuses: &[],
    reversal_statuses: &[],
    other_statuses: NotTaken { values: &["PURCHASED"], reason: "the Stream API takes it" },
    channels: &["OFFLINE"],
    payment_types: &["Transfer"],
    card_payment_type: "Credit",
    card_types: &["Visa"],
    titles: &["Mx"],
    genders: &["x"],
    items: ItemRules {
        max_name_chars: 3,
        barred_types: NotTaken { values: &["GIFT"], reason: "cannot be in a record" },
        is_required: true,
        required_fields: &[Field::ItemProductId],
        required_when: "orders are records",
        max_kept: Some(1),
        max_in_session: None,
    },
    extensions: ExtensionRules { max_attributes: 1, reserved_names: &["ext"] },
    details: Details::Dropped { hint: "a table can" },
};

fn messages(draft: Draft<'static>) -> String {
    let settings = Box::leak(Box::new(settings().validate()));
    let problems =
        check(&draft, &RECORDS, settings, &ColumnFacts::default()).finish(draft).record.problems;
    problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn another_target_needs_only_its_table() {
    let changes = [
        (Field::PaymentType, ""),
        (Field::CardType, "Amex"),
        (Field::GuestTitle, "Mr"),
        (Field::GuestGender, "male"),
        (Field::EventChannel, "WEB"),
        (Field::ItemType, "gift"),
        (Field::ItemName, "Coat"),
        (ext("ext", ExtensionType::String), "x"),
        (ext("a", ExtensionType::String), "x"),
        (ext("b", ExtensionType::String), "x"),
    ];
    insta::assert_snapshot!(messages(order(&changes)), @r#"
    unknown value "PURCHASED"; expected OPEN, PAID or CLOSED; the Stream API takes it
    "gift" cannot be in a record
    the name has 4 characters, at most 3 are allowed
    undocumented value "Amex"; the manual lists Visa
    "ext" is reserved by the extension object itself
    2 extension attributes, at most 1 are allowed
    unknown value "M***"; expected one of Mx
    unknown value "m***"; expected x
    undocumented channel "WEB"; expected one of OFFLINE
    item.productId is required when orders are records
    a record carries no extensions; not sent: ext.a, ext.b, ext.ext
    "#);
    let paid = order(&[
        (Field::Status, "PAID"),
        (Field::Price, "40"),
        (Field::PaymentType, "Transfer"),
        (Field::EventChannel, "OFFLINE"),
        (Field::ItemProductId, "T-1"),
    ]);
    let paid = with_items(with_people(paid, &[contact(&[])]), 2);
    insta::assert_snapshot!(messages(paid), @r"
    2 items, but the tenant keeps only 1
    a record cannot carry 1 contact; a table can
    ");
}
