//! Rules of the Stream API's two routes, each with its manual page.
//!
//! Tables only: `validate` applies them, and `route` chooses between them. Lists of ISO codes are
//! no rules of the target; `validate` has them.

use crate::model::{
    field::Field,
    route::Route,
    rules::{
        Carries, DetailRules, Details, ExtensionRules, ItemRules, NotTaken, SessionItems,
        TargetRules,
    },
};

/// One ORDER_CHECKOUT.
pub static SINGLE: TargetRules = TargetRules {
    route: Route::Single,
    carrier: "a single event",
    // "ORDER_CHECKOUT event", `order`.
    carries: Carries { payment: true, total: true, extensions: true },
    // "ORDER_CHECKOUT event", `order.status` and `orderItems.status`.
    statuses: &["PURCHASED", "PAYMENT_PENDING"],
    unfinished_statuses: UNFINISHED_STATUSES,
    // Only an order assembled from several events can have these statuses.
    reversal_statuses: &[],
    // "CHECKOUT event", `status`.
    other_statuses: NotTaken {
        values: &["CONFIRMED", "REFUNDED", "CANCELLED"],
        reason: "mode multi sends orders with this status",
    },
    channels: CHANNELS,
    payment_types: PAYMENT_TYPES,
    card_payment_type: CARD,
    card_types: CARD_TYPES,
    titles: TITLES,
    genders: GENDERS,
    items: ItemRules {
        max_name_chars: MAX_NAME_CHARS,
        barred_types: NotTaken {
            values: &[
                // "ORDER_CHECKOUT event", `orderItems.type`: "The following values are not
                // supported".
                "FLIGHT",
                "HOTEL",
                "MORTGAGE",
                "MORTGAGE_APPLICATION",
                "LOAN_APPLICATION",
                "PERSONAL_LOAN",
                "RAIL",
            ],
            reason: "cannot be sent with ORDER_CHECKOUT; \
                     mode multi or auto assembles such orders from several events",
        },
        // "ORDER_CHECKOUT event", `orderItems`: all attributes are optional.
        is_required: false,
        required_fields: &[],
        required_when: "",
        // "ORDER_CHECKOUT event", `orderItems`: of more than 100 items the others are not kept.
        max_kept: Some(100),
        max_in_session: None,
    },
    extensions: EXTENSIONS,
    // "ADD event", `product`; "ADD_CONTACTS event"; "ADD_CONSUMERS event".
    details: Details::Dropped { hint: "mode multi can" },
};

/// ADD per item, ADD_CONTACTS, ADD_CONSUMERS, CONFIRM and CHECKOUT.
pub static MULTI: TargetRules = TargetRules {
    route: Route::Multi,
    carrier: "an order assembled from several events",
    // "CHECKOUT event": a reference and a status, no payment, date, total or extensions.
    carries: Carries { payment: false, total: false, extensions: false },
    // "CHECKOUT event", `status`. The items of such an order may have the same statuses.
    statuses: &["PURCHASED", "PAYMENT_PENDING", "CONFIRMED", "REFUNDED", "CANCELLED"],
    unfinished_statuses: UNFINISHED_STATUSES,
    reversal_statuses: &["REFUNDED", "CANCELLED"],
    other_statuses: NotTaken::NONE,
    channels: CHANNELS,
    // Not sent, but an unknown value is a hint that the profile maps the wrong column.
    payment_types: PAYMENT_TYPES,
    card_payment_type: CARD,
    card_types: CARD_TYPES,
    titles: TITLES,
    genders: GENDERS,
    items: ItemRules {
        max_name_chars: MAX_NAME_CHARS,
        barred_types: NotTaken::NONE,
        // "Sending orders", "using multiple events": one ADD per item.
        is_required: true,
        // "ADD event", `product`. The item's date, currency and reference default to the order's.
        required_fields: &[
            Field::ItemType,
            Field::ItemName,
            Field::ItemQuantity,
            Field::ItemPrice,
            Field::ItemProductId,
        ],
        required_when: "an order is assembled from several events",
        max_kept: None,
        // "Personalize keeps 100 events of a session", and an order needs some besides the ADDs.
        max_in_session: Some(SessionItems { events: 100, items: 95 }),
    },
    extensions: EXTENSIONS,
    details: Details::Carried(DetailRules {
        // "ADD event", `product`: the members that every ADD has.
        reserved_names: &[
            "type",
            "item_id",
            "name",
            "orderedAt",
            "quantity",
            "price",
            "productId",
            "currency",
            "referenceId",
        ],
        reserved_by: "every ADD",
        // "ADD event", flight: origin and destination are IATA codes.
        flight_type: "FLIGHT",
        airports: &["origin", "destination"],
    }),
};

/// "Sending orders": the Stream API cannot update an order.
const UNFINISHED_STATUSES: &[&str] = &["PAYMENT_PENDING"];

/// "ORDER_CHECKOUT event", `channel`.
const CHANNELS: &[&str] = &["WEB", "MOBILE_WEB", "MOBILE_APP"];

/// "ORDER_CHECKOUT event", `order.paymentType`.
const PAYMENT_TYPES: &[&str] = &[CARD, "PayPal", "voucher", "other"];

/// "ORDER_CHECKOUT event", `order.cardType`: "Required if paymentType is Card".
const CARD: &str = "Card";

/// "ORDER_CHECKOUT event", `order.cardType`.
const CARD_TYPES: &[&str] = &["Mastercard", "Visa", "Diners", "American Express"];

/// "ORDER_CHECKOUT event", `orderItems.name`: "Max limit: 128".
const MAX_NAME_CHARS: usize = 128;

/// "ORDER_CHECKOUT event", `extensions`: one object of at most 50 attributes, beside its name and
/// key.
const EXTENSIONS: ExtensionRules =
    ExtensionRules { max_attributes: 50, reserved_names: &["name", "key"] };

/// "IDENTITY event", `gender`.
const GENDERS: &[&str] = &["male", "female", "unknown"];

/// "IDENTITY event", `title`.
#[rustfmt::skip]
const TITLES: &[&str] = &[
    "Br", "Brigadier", "Capt", "Colonel", "Dame", "Dr", "Elder", "Fr", "General", "Hon", "Judge",
    "Lord", "Master", "Miss", "Mr", "Mrs", "Ms", "Mstr", "Prof", "Rabbi", "Rev", "Shaikha",
    "Sheikh", "Sir", "Sister", "Sr",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A status that one event does not take is either invalid or named in the hint to use several.
    #[test]
    fn single_names_statuses_that_only_multi_takes() {
        let single = SINGLE.statuses.iter().chain(SINGLE.other_statuses.values);
        assert!(single.eq(MULTI.statuses), "{:?}", MULTI.statuses);
    }
}
