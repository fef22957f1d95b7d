//! Compilation of packed items: `[items.packed]`, and what the rules of `[item]` read of them.
//!
//! Called by `profile_compiler` and `field_rules`.

use super::{
    condition::CellSource,
    item_field::{ItemField, indexes_of},
    items_text::{EscapeText, FieldsText, PackedText},
    key_errors::{KeyError, KeyErrors, WHOLE_RULE},
    one_or_many::OneOrMany,
    packed_items::{NamedFields, PackedFields, PackedItems},
    path_text::{segments, walks_arrays},
    profile::FieldRule,
    rule_text::DecodeText,
};

impl PackedItems {
    /// Compiles the keys, or returns all of their errors.
    pub(super) fn new(text: PackedText) -> Result<Self, KeyErrors> {
        let PackedText { column, path, separator, starts_with, escape, fields } = text;
        let mut errors = KeyErrors::default();
        if column.is_none() && path.is_none() {
            errors
                .add(WHOLE_RULE, "has no column and no path; expected where the list of items is");
        }
        errors.keep(path.as_deref().map_or(Ok(()), check_path));
        if separator.as_ref().is_some_and(String::is_empty) {
            errors.add("separator", "is empty");
        }
        let has_starts = starts_with.is_some();
        let starts = starts_with.map(OneOrMany::into_vec).unwrap_or_default();
        if has_starts && (starts.is_empty() || starts.iter().any(String::is_empty)) {
            errors.add("starts_with", "is empty");
        }
        if separator.is_none() && !has_starts {
            let error = "has no separator and no starts_with; expected what is between two items, \
                         such as separator = \";\"";
            errors.add(WHOLE_RULE, error);
        }
        if escape.is_some() && separator.is_none() && fields.is_none() {
            errors.add("escape", "has no effect without a separator of items or of fields");
        }
        let fields = match fields {
            Some(fields) => errors.keep_below(&["fields"], compile_fields(fields)),
            None => Some(PackedFields::Whole),
        };
        if let (Some(separator), Some(of_fields)) =
            (&separator, fields.as_ref().and_then(PackedFields::separator))
            && !has_starts
            && !separator.is_empty()
            && of_fields.contains(separator.as_str())
        {
            let error = format!("{of_fields:?} contains the separator of items, {separator:?}");
            errors.add_at(&["fields", "separator"], &error);
        }
        errors.ensure_none()?;
        let fields = fields.unwrap_or(PackedFields::Whole);
        let escape = escape.map(|EscapeText::Backslash| DecodeText::Backslash);
        Ok(Self { column, path, separator, starts, escape, fields })
    }

    /// Refuses fields that no item has, of a rule or a condition.
    pub(super) fn check<'f>(
        &self,
        fields: impl IntoIterator<Item = &'f ItemField>,
    ) -> Result<(), KeyError> {
        let error = |key, message: String| Err((key, message));
        for field in fields {
            match (field, &self.fields) {
                (ItemField::Part(1), PackedFields::Whole) => {}
                (_, PackedFields::Whole) => {
                    let message = "items.packed.fields is not set, so each item is one field; \
                                   expected part = 1";
                    return error(WHOLE_RULE, message.into());
                }
                (ItemField::Part(part), PackedFields::Positions { names, .. })
                    if !names.is_empty() && usize::from(*part) > names.len() =>
                {
                    let message =
                        format!("is {part}, but items.packed.fields.names has {}", names.len());
                    return error("part", message);
                }
                (ItemField::Part(_), PackedFields::Positions { .. }) => {}
                (ItemField::Part(_), PackedFields::Named(_)) => {
                    let message = "is for fields without names; expected field = \"…\"";
                    return error("part", message.into());
                }
                (ItemField::Name(_), PackedFields::Positions { names, .. }) if names.is_empty() => {
                    let message = "has a field by its name, but items.packed.fields has neither \
                                   names nor assign; expected part";
                    return error(WHOLE_RULE, message.into());
                }
                (ItemField::Name(_), PackedFields::Named(named)) if !named.are_listed => {}
                (ItemField::Name(name), _) if self.names().contains(name) => {}
                (ItemField::Name(name), _) => {
                    let message = format!("{name:?} is not in items.packed.fields.names");
                    return error("field", message);
                }
            }
        }
        Ok(())
    }

    /// Completes the fields by the rules and conditions that read them.
    pub(super) fn complete(
        &mut self,
        rules: &[FieldRule],
        tested: &[&CellSource],
        errors: &mut KeyErrors,
    ) {
        let of_rules = || rules.iter().flat_map(|rule| &rule.rule.fields);
        let of_conditions = || tested.iter().filter_map(|source| source.field.as_ref());
        let read = || of_rules().chain(of_conditions());
        if of_rules().next().is_none() && !errors.has_below(&["item"]) {
            let error = "no rule of [item] reads a field of the items; expected for example name = \
                         { field = \"name\" } or name = { part = 1 }";
            errors.add_at(&["items", "packed"], error);
        }
        match &mut self.fields {
            PackedFields::Whole => {}
            PackedFields::Positions { names, n_fields, .. } => {
                let parts = read().filter_map(|field| match field {
                    ItemField::Part(part) => Some(usize::from(*part)),
                    ItemField::Name(_) => None,
                });
                *n_fields = if names.is_empty() { parts.max().unwrap_or(0) } else { names.len() };
            }
            PackedFields::Named(named) => {
                for field in read() {
                    let ItemField::Name(name) = field else { continue };
                    if !named.are_listed && !named.names.contains(name) {
                        named.names.push(name.clone());
                    }
                }
                let of_rules = rules.iter().map(|rule| rule.rule.needed_fields());
                let needed = of_rules.chain(tested.iter().map(|source| source.needed_field()));
                named.required =
                    indexes_of(needed, |name| named.names.iter().position(|known| known == name));
            }
        }
    }

    /// The index of a field that a rule reads.
    pub(super) fn field_index(&self, field: &ItemField) -> Option<usize> {
        match field {
            ItemField::Part(part) => Some(usize::from(*part) - 1),
            ItemField::Name(name) => self.names().iter().position(|known| known == name),
        }
    }
}

fn check_path(path: &str) -> Result<(), KeyError> {
    segments(path).map_err(|error| ("path", error))?;
    if walks_arrays(path) {
        return Err((
            "path",
            format!("{path:?} has several values; expected the path of one text"),
        ));
    }
    Ok(())
}

fn compile_fields(text: FieldsText) -> Result<PackedFields, KeyErrors> {
    let FieldsText { separator, assign, names } = text;
    let mut errors = KeyErrors::default();
    if separator.is_empty() {
        errors.add("separator", "is empty; expected what is between two fields");
    }
    for (index, name) in names.iter().flatten().enumerate() {
        let earlier = &names.as_deref().unwrap_or_default()[..index];
        let error = if name.trim().is_empty() {
            "is empty; expected the name of a field".to_owned()
        } else if name.trim() != name {
            format!("{name:?} has blanks around it, which the names of fields do not keep")
        } else if earlier.contains(name) {
            format!("{name:?} is named twice")
        } else {
            continue;
        };
        errors.add_at(&["names", &index.to_string()], &error);
    }
    if names.as_ref().is_some_and(Vec::is_empty) {
        errors.add("names", "is empty; expected the names of all fields, or no names");
    }
    let is_in_other =
        |assign: &String| separator.contains(&**assign) || assign.contains(&separator);
    if assign.as_ref().is_some_and(String::is_empty) {
        errors.add("assign", "is empty; expected what is between a name and its value");
    } else if assign.as_ref().is_some_and(is_in_other) {
        errors.add(WHOLE_RULE, "has a separator and an assign of which one contains the other");
    }
    errors.ensure_none()?;
    Ok(match assign {
        None => {
            let names = names.unwrap_or_default();
            PackedFields::Positions { separator, n_fields: names.len(), names }
        }
        Some(assign) => {
            let are_listed = names.is_some();
            let (names, required) = (names.unwrap_or_default(), Vec::new());
            PackedFields::Named(NamedFields { separator, assign, names, are_listed, required })
        }
    })
}
