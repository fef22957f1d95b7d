//! Plain documents: the values of orders in JSON documents that need no closer look.
//!
//! The same rules as those of `mapper`, but whatever is not plainly good is left to it: people
//! besides the guest, something else in the place of an item, a value that `plain_rule` leaves to
//! it. Called by `plain_rows`.

use super::{
    bound_rule::{ArraySource, BoundPeople, BoundRule, CustomRule},
    custom_members::{self, CustomMember, json_type},
    document_view::{DocumentView, PathSource},
    mapper::Mapper,
    plain_rule::{PlainRule, plain_text, push_converted, push_default},
    view::{Found, Value, View},
};
use crate::model::{
    document::JsonElements,
    draft::PersonRole,
    plain::PlainDraft,
    row::{Row, RowContent},
};

/// The members of the documents of a file, ready for plain orders.
pub(super) struct PlainDocuments<'m> {
    mapper: &'m Mapper<'m, PathSource>,
    items: &'m [ArraySource<'m, PathSource>],
    order: Vec<PlainMember<'m>>,
    item: Vec<PlainMember<'m>>,
}

/// A rule for members.
enum PlainMember<'m> {
    /// That of one field.
    Field(PlainRule<'m, PathSource>),
    /// That of fields that the documents name.
    Custom(&'m CustomRule<'m, PathSource>),
}

impl<'m> PlainDocuments<'m> {
    /// None if a document is not a whole order, if the items are in several arrays of a document,
    /// or if a rule needs more than its first filled value.
    pub(super) fn new(mapper: &'m Mapper<'m, PathSource>) -> Option<Self> {
        let items = mapper.items.as_ref()?;
        if mapper.packed.is_some() || items.iter().any(|array| array.walks_arrays) {
            return None;
        }
        let order = mapper.order_rules.iter().map(PlainMember::new).collect::<Option<_>>()?;
        let item = mapper.only_item_rules()?.iter().map(PlainMember::new).collect::<Option<_>>()?;
        Some(Self { mapper, items, order, item })
    }

    /// Reads the values in the document of an order; none if it needs a closer look.
    pub(super) fn read<'a>(&self, into: &mut PlainDraft<'a>) -> Option<()>
    where
        'm: 'a,
    {
        let [row] = *into.rows.as_slice() else { return None };
        let row: &'a Row<'a> = row;
        let RowContent::Document(document) = &row.content else { return None };
        let view = DocumentView::new(row, document.root(), self.mapper.profile.checkout_events);
        let is_other_event = view.event().is_some_and(|event| event.problem(row).is_some());
        let has_doubtful_key = into.key.contains(['e', 'E']) && self.mapper.has_number_key(view);
        let has_people = self.mapper.people.iter().any(|people| may_have(people, view));
        if is_other_event || has_doubtful_key || has_people || self.mapper.skips_or_doubts(view) {
            return None;
        }
        into.may_have_items = self.mapper.may_have_items;
        for member in &self.order {
            member.push_values(view, into)?;
        }
        into.end_order();
        for array in self.items {
            for element in elements(view.find(&array.source).value)?.into_iter().flatten() {
                let element = view.element(element);
                if self.mapper.may_be_item(element)? {
                    self.push_item(element, into)?;
                }
            }
        }
        Some(())
    }

    fn push_item<'a>(&self, element: DocumentView<'a>, into: &mut PlainDraft<'a>) -> Option<()>
    where
        'm: 'a,
    {
        let mut consumers =
            self.mapper.people.iter().filter(|people| people.role == PersonRole::Consumer);
        if consumers.any(|people| may_have(people, element)) {
            return None;
        }
        let mut has_exported_value = false;
        for member in &self.item {
            has_exported_value |= member.push_values(element, into)?;
        }
        into.end_item(has_exported_value);
        // Without one the order might be sent in part.
        has_exported_value.then_some(())
    }
}

impl<'m> PlainMember<'m> {
    fn new(bound: &'m BoundRule<'m, PathSource>) -> Option<Self> {
        match bound {
            BoundRule::Field(binding) => PlainRule::new(binding).map(Self::Field),
            BoundRule::Custom(custom) => custom.when.is_none().then_some(Self::Custom(custom)),
        }
    }

    /// Adds the values of an order or item. Returns whether one is of the export; none if one needs
    /// a closer look.
    fn push_values<'a>(&self, view: DocumentView<'a>, into: &mut PlainDraft<'a>) -> Option<bool>
    where
        'm: 'a,
    {
        match self {
            Self::Field(rule) => rule.push_value(view, into),
            Self::Custom(custom) => push_custom(custom, view, into),
        }
    }
}

/// Adds the values of fields that a document names.
fn push_custom<'a>(
    custom: &'a CustomRule<'a, PathSource>,
    view: DocumentView<'a>,
    into: &mut PlainDraft<'a>,
) -> Option<bool> {
    let mut has_exported_value = false;
    custom_members::visit(custom, view, |member| {
        let (field, node) = match member {
            CustomMember::Named(name, node) => {
                (custom.known_field(name, json_type(custom, node))?, node)
            }
            CustomMember::Identifier { provider, id, object } => {
                let expiry_date = Value::of(object.member("expiry_date"));
                if plain_text(expiry_date)?.is_some() {
                    return None;
                }
                (custom.known_field(provider, None)?, id)
            }
            CustomMember::Incomplete(_) | CustomMember::NoObject(..) => return None,
        };
        let value = Value::of(Some(node));
        match plain_text(value)? {
            None => push_default(field, custom.rule, into),
            Some(text) => {
                let found = Found { value, at: view.place_of(node) };
                has_exported_value |= push_converted(field, custom.rule, text, found, into)?;
            }
        }
        Some(())
    })?;
    Some(has_exported_value)
}

/// Whether a document or element may have people of a role.
fn may_have(people: &BoundPeople<'_, PathSource>, view: DocumentView<'_>) -> bool {
    people.array.as_ref().is_none_or(|array| match view.find(&array.source).value {
        Value::Missing | Value::Null => false,
        Value::Array(array) => !array.is_empty(),
        _ => true,
    })
}

/// The elements of an array; none if there is something else that needs a closer look.
#[expect(clippy::option_option, reason = "the outer one is for `?`")]
fn elements(value: Value<'_>) -> Option<Option<JsonElements<'_>>> {
    match value {
        Value::Missing | Value::Null => Some(None),
        Value::Array(array) => Some(array.elements()),
        _ => None,
    }
}
