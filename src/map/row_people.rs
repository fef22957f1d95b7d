//! People of a row, a document or an element, besides the guest.
//!
//! Called by `mapper`.

use super::{
    bound_rule::BoundPeople,
    collector::Collector,
    elements::elements,
    mapper::{apply_rules, capacity},
    profile::Profile,
    view::{Value, View},
};
use crate::model::{
    draft::{Cells, PersonDraft},
    problem::{Code, Problem},
};

impl<S> BoundPeople<'_, S> {
    /// Adds the people of a row or of an element.
    pub(super) fn add<'a, V: View<'a, Source = S>>(
        &'a self,
        (view, item): (V, Option<usize>),
        profile: &Profile,
        order: &mut Collector<'a>,
        into: &mut Vec<PersonDraft<'a>>,
    ) {
        let Some(array) = &self.array else {
            return into.extend(self.person((view, item), profile, order));
        };
        for element in elements(view, array, Some(self.role), order) {
            into.extend(self.person((element, item), profile, order));
        }
    }

    /// A person, if one of its values is filled.
    fn person<'a, V: View<'a, Source = S>>(
        &'a self,
        (view, item): (V, Option<usize>),
        profile: &Profile,
        order: &mut Collector<'a>,
    ) -> Option<PersonDraft<'a>> {
        let capacity = capacity(view, &self.rules);
        let mut person = Collector::new(view.at(), Cells::with_capacity(capacity));
        let (role, value) = (self.role.name(), Value::of(view.node()));
        if !matches!(value, Value::Missing | Value::Object(_) | Value::Null) {
            let message = format!("{} where a {role} is expected", value.type_name());
            let at = view.at();
            order.problems.push(Problem::for_field(Code::NotAScalar, role, at, message));
        }
        apply_rules(&mut person, &self.rules, view, None, profile);
        person.finish_person(self.role, item, order)
    }
}
