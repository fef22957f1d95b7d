//! Elements of the arrays of items and people.
//!
//! Called by `mapper`.

use super::{
    bound_rule::ArraySource,
    collector::Collector,
    view::{Found, Value, View},
};
use crate::model::{
    draft::PersonRole,
    problem::{Code, Problem},
};

/// The elements of an array: the people of `role`, or the items if it is `None`.
pub(super) fn elements<'a, V: View<'a>>(
    view: V,
    array: &ArraySource<'_, V::Source>,
    role: Option<PersonRole>,
    order: &mut Collector<'a>,
) -> Vec<V> {
    view.elements(&array.source).unwrap_or_else(|Found { value, at }| {
        let expected = if role.is_some() { "people" } else { "items" };
        let found = match value {
            Value::WithinArray => "goes on within an array".to_owned(),
            Value::WithinScalar { .. } => format!("goes on within {}", value.type_name()),
            Value::Several => "selects several elements".to_owned(),
            Value::Uncompared(_) => format!("filters by {}", value.type_name()),
            value => format!("is {}", value.type_name()),
        };
        let message = format!("{:?} {found}, expected an array of {expected}", array.path);
        let problem = Problem::for_order(Code::NotAScalar, at, message);
        let field = role.map(|role| format!("{}s", role.name()));
        order.problems.push(Problem { field, ..problem });
        Vec::new()
    })
}
