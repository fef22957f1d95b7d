//! Trace of an order: how each of its values came to be, from its draft and what is sent of it.
//!
//! It knows no rule: `map` tells the steps from the cell to the value, `validate` those from the
//! value to what is sent. Hides every value about a person, and what an excerpt hides. Called by
//! `tracer`.

use std::borrow::Cow;

use super::spec::RunSpec;
use crate::{
    map::{self, CellOwner, profile::Profile},
    model::{
        draft::{Cell, Cells, Draft, ItemDraft, ItemKind, ItemSource, PersonDraft, PersonRole},
        field::{Field, FieldGroup},
        guest::Guest,
        order::{Item, Order, OrderRecord},
        order_trace::{OrderTrace, TracedItem, TracedValue, ValueOrigin},
        origin::Place,
        pricing::{PriceBasis, TotalFrom},
        problem::Problem,
        redact::{redact_id, shown_value, without_address},
    },
    validate,
};

/// The common attributes, in the order of the events.
const COMMON: [Field; 5] = [
    Field::EventChannel,
    Field::EventLanguage,
    Field::EventCurrency,
    Field::EventPage,
    Field::EventPos,
];

/// Returns how an order came to be. `order` is `None` for an invalid order.
pub(super) fn trace_of(
    draft: &Draft<'_>,
    order: Option<&Order<'_>>,
    record: &OrderRecord,
    spec: &RunSpec<'_>,
) -> OrderTrace {
    let mut rows = record.rows.clone();
    rows.sort_by_key(|row| (row.file, row.line));
    let mut trace = OrderTrace {
        reference: without_address(&record.reference).into_owned(),
        rows,
        values: order_values(draft, order, spec),
        items: traced_items(draft, order, spec),
        // With amounts that were refunded they add up to what the order was before.
        lines_total: order
            .filter(|_| draft.refunds.is_empty())
            .and_then(|order| validate::lines_total(order, &spec.validate))
            .map(|total| total.to_string()),
        guest: guest_values(&draft.cells, CellOwner::Order, order.map(|order| &order.guest), spec),
        identifiers: order.into_iter().flat_map(identifiers).collect(),
        people: draft.people.iter().map(|person| person_values(person, order, spec)).collect(),
        events: None,
        ledger: String::new(),
        result: None,
        diagnostics: Vec::new(),
    };
    mark_errors(&mut trace, record);
    trace
}

/// Marks the values that have an error.
fn mark_errors(trace: &mut OrderTrace, record: &OrderRecord) {
    let OrderTrace { values, items, guest, people, .. } = trace;
    let of_items = items.iter_mut().flat_map(|item| &mut item.values);
    let of_people = people.iter_mut().flat_map(|(_, values)| values);
    for value in values.iter_mut().chain(guest).chain(of_items).chain(of_people) {
        let ValueOrigin::Cell(place) = &value.from else { continue };
        let is_here = |problem: &Problem| problem.is_error() && problem.at == place.position;
        if record.problems.iter().any(is_here) {
            value.steps.push("error, see below".to_owned());
        }
    }
}

/// The values of the order, then those that all its events share.
fn order_values(
    draft: &Draft<'_>,
    order: Option<&Order<'_>>,
    spec: &RunSpec<'_>,
) -> Vec<TracedValue> {
    let sent = order.map(|order| |field: &Field| validate::sent_of_order(order, field));
    let sent = sent.as_ref();
    let mut values =
        values_of_group(&draft.cells, (FieldGroup::Order, CellOwner::Order), sent, spec);
    if let Some(order) = order.filter(|_| spec.validate.total_from == TotalFrom::SumOfLines) {
        values.retain(|value| value.field != Field::Price.short_name());
        let currency = Field::CurrencyCode.short_name();
        let behind = values.iter().position(|value| value.field == currency);
        let sum = TracedValue {
            field: Field::Price.short_name(),
            value: order.price.to_string(),
            from: ValueOrigin::Order,
            text: String::new(),
            steps: vec!["the sum of the lines".to_owned()],
        };
        values.insert(behind.map_or(0, |currency| currency + 1), sum);
    }
    if order.is_some() && !draft.refunds.is_empty() {
        let price = Field::Price.short_name();
        let total = values.iter_mut().find(|value| value.field == price);
        let refunds: Vec<_> = draft.refunds.iter().map(|cell| &*cell.text).collect();
        let step = format!("less the refunds {}", refunds.join(", "));
        if let Some(total) = total {
            total.steps.push(step);
        }
    }
    let common = values_of_group(&draft.cells, (FieldGroup::Event, CellOwner::Order), sent, spec);
    values.extend(common.into_iter().map(with_event_prefix));
    let is_exported = |field: &Field| draft.cells.get(field).is_some();
    for field in COMMON.iter().filter(|field| !is_exported(field)) {
        let Some(value) = sent.and_then(|sent| sent(field)) else { continue };
        let from = validate::origin_of_default(field, &spec.validate.common);
        let (text, steps) = (String::new(), Vec::new());
        let traced = TracedValue { field: field.short_name(), value, from, text, steps };
        values.push(with_event_prefix(traced));
    }
    values
}

fn with_event_prefix(value: TracedValue) -> TracedValue {
    TracedValue { field: format!("{}{}", FieldGroup::Event.prefix(), value.field), ..value }
}

fn traced_items(
    draft: &Draft<'_>,
    order: Option<&Order<'_>>,
    spec: &RunSpec<'_>,
) -> Vec<TracedItem> {
    let sent = order.map(|order| validate::sent_items(order, draft)).unwrap_or_default();
    let sent = sent.into_iter().chain(std::iter::repeat(None));
    draft.items.iter().zip(sent).map(|(item, sent)| traced_item(item, sent, spec)).collect()
}

fn traced_item(item: &ItemDraft<'_>, sent: Option<&Item<'_>>, spec: &RunSpec<'_>) -> TracedItem {
    let has_price = item.cell(&Field::ItemPrice).is_some();
    let sent = sent.map(|sent| {
        move |field: &Field| match field {
            // It is sent as the price that the item lacks.
            Field::ItemLinePrice if !has_price => validate::sent_of_item(sent, &Field::ItemPrice),
            field => validate::sent_of_item(sent, field),
        }
    });
    let owner = CellOwner::Item(item);
    let mut values = values_of_group(&item.cells, (FieldGroup::Item, owner), sent.as_ref(), spec);
    if item.cell(&Field::ItemDiscount).is_some() {
        less_the_discount(&mut values, spec.validate.target_price_basis);
    }
    let kind = match item.kind {
        _ if item.is_refund => "refund, taken off the order".to_owned(),
        _ if spec.profile.item_kinds.len() == 1 => String::new(),
        ItemKind { index, source: ItemSource::Items } => format!("kind {}", index + 1),
        ItemKind { index, source: ItemSource::Order } => {
            format!("kind {}, of the order", index + 1)
        }
        ItemKind { index, source: ItemSource::Join } => {
            format!("kind {}, of a joined file", index + 1)
        }
    };
    TracedItem { at: Place::from(item.at), kind, values }
}

/// Says what made a price another one, where the item has a discount.
fn less_the_discount(values: &mut [TracedValue], sent: PriceBasis) {
    let prices = [Field::ItemPrice, Field::ItemLinePrice].map(|field| field.short_name());
    let is_changed = |price: &&mut TracedValue| {
        prices.contains(&price.field) && !price.text.is_empty() && price.text != price.value
    };
    if let Some(price) = values.iter_mut().find(is_changed) {
        // The same number is multiplied and divided again.
        if sent == PriceBasis::Unit {
            price.steps.retain(|step| step != validate::TIMES_QUANTITY);
        }
        price.steps.push("less the discount".to_owned());
    }
}

fn person_values(
    person: &PersonDraft<'_>,
    order: Option<&Order<'_>>,
    spec: &RunSpec<'_>,
) -> (&'static str, Vec<TracedValue>) {
    let is_sent = order.is_none_or(|order| match person.role {
        PersonRole::Contact => !order.contacts.is_empty(),
        PersonRole::Consumer => !order.consumers.is_empty(),
    });
    let mut values = guest_values(&person.cells, CellOwner::Person(person.role), None, spec);
    if !is_sent {
        for value in &mut values {
            value.steps.push("not sent".to_owned());
        }
    }
    (person.role.name(), values)
}

/// The values of a person, hidden.
fn guest_values(
    cells: &Cells<'_>,
    owner: CellOwner<'_>,
    sent: Option<&Guest<'_>>,
    spec: &RunSpec<'_>,
) -> Vec<TracedValue> {
    let sent = sent.map(|guest| |field: &Field| validate::sent_of_guest(guest, field));
    values_of_group(cells, (FieldGroup::Guest, owner), sent.as_ref(), spec)
}

/// The values of the cells of one group, those of named fields first. `sent` returns what is sent
/// of a field; none if the order is not valid.
fn values_of_group(
    cells: &Cells<'_>,
    (group, owner): (FieldGroup, CellOwner<'_>),
    sent: Option<&impl Fn(&Field) -> Option<String>>,
    spec: &RunSpec<'_>,
) -> Vec<TracedValue> {
    let mut of_group: Vec<&Cell<'_>> =
        cells.iter().filter(|cell| cell.field.group() == group).collect();
    of_group.sort_by_key(|cell| cell.field.index().unwrap_or(usize::MAX));
    of_group.into_iter().map(|cell| traced_value(cell, owner, sent, spec)).collect()
}

fn traced_value(
    cell: &Cell<'_>,
    owner: CellOwner<'_>,
    sent: Option<&impl Fn(&Field) -> Option<String>>,
    spec: &RunSpec<'_>,
) -> TracedValue {
    let mut traced = map::trace(&spec.profile, owner, cell);
    if let Some(sent) = sent.map(|sent| sent(&cell.field)) {
        let step = validate::sending_step(cell, sent.as_deref(), &spec.validate);
        traced.steps.extend(step);
        traced.value = sent.unwrap_or(traced.value);
    }
    if traced.text == traced.value {
        traced.text.clear();
    } else if !traced.text.is_empty() && traced.steps.is_empty() {
        traced.steps.push("rewritten".to_owned());
    }
    hidden(traced, cell, &spec.profile)
}

/// Hides personal data: texts about a person, addresses anywhere, and what an excerpt hides.
fn hidden(traced: TracedValue, cell: &Cell<'_>, profile: &Profile) -> TracedValue {
    let value = if let Field::Identifier(_) = &*cell.field {
        redact_id(&traced.value)
    } else {
        let is_personal = cell.field.is_personal() || traced.text.contains('@');
        let is_known = map::is_shown(profile, cell);
        match shown_value(&traced.value, is_personal, is_known) {
            Cow::Borrowed(_) if is_known => return traced,
            shown => shown.into_owned(),
        }
    };
    TracedValue { value, text: String::new(), ..traced }
}

/// The names of the providers whose identifiers are sent.
fn identifiers<'o>(order: &'o Order<'_>) -> impl Iterator<Item = String> + use<'o> {
    order.guest.identifiers.iter().map(|identifier| {
        let provider = identifier.provider.to_string();
        let is_address = order.guest.email.as_deref() == Some(&*identifier.id);
        if is_address { provider } else { format!("{provider} {}", redact_id(&identifier.id)) }
    })
}
