//! Document paths: where the values of JSON files have their documents (`documents` of a profile).
//!
//! Compiles and checks the key. Does not read files: `read` finds the documents.

use super::{
    key_errors::KeyError,
    one_or_many::OneOrMany,
    path_text::{Segment, Selector, segments},
};
use crate::model::document_path::{DocumentPath, MAX_PATHS, PathStep};

const DOCUMENTS: &str = "documents";

pub(super) fn document_paths(
    text: Option<OneOrMany>,
) -> Result<Option<Vec<DocumentPath>>, KeyError> {
    let Some(texts) = text.map(OneOrMany::into_vec) else { return Ok(None) };
    let paths = texts.into_iter().map(document_path).collect::<Result<Vec<_>, _>>();
    let paths = paths.and_then(checked).map_err(|error| (DOCUMENTS, error))?;
    Ok(Some(paths))
}

fn document_path(text: String) -> Result<DocumentPath, String> {
    let mut steps = Vec::new();
    if text != "." {
        for (index, Segment { name, selector, is_plain, .. }) in
            segments(&text)?.into_iter().enumerate()
        {
            let is_root_array = index == 0 && name.is_empty() && !is_plain;
            if name.is_empty() && !is_root_array {
                return Err(format!(
                    "{text:?} has an empty name; expected a path such as \"orders[]\", or \".\" \
                     for the whole value"
                ));
            }
            steps.extend((!is_root_array).then(|| PathStep::Member(name.to_owned())));
            match selector {
                None => {}
                Some(Selector::Each) => steps.push(PathStep::Elements),
                Some(Selector::Where { .. }) => {
                    return Err(format!(
                        "{text:?} has a filter; expected all elements, and [[skip]] for those that \
                         are no orders"
                    ));
                }
            }
        }
    }
    Ok(DocumentPath { text, steps })
}

/// Paths between which a value can decide.
fn checked(paths: Vec<DocumentPath>) -> Result<Vec<DocumentPath>, String> {
    if paths.is_empty() {
        return Err("no path; expected one such as \"orders[]\"".to_owned());
    }
    if paths.len() > MAX_PATHS {
        return Err(format!("{} paths; expected at most {MAX_PATHS}", paths.len()));
    }
    for (index, path) in paths.iter().enumerate() {
        let undecided = |other: &&DocumentPath| {
            let is_below = |above: &DocumentPath, path: &DocumentPath| {
                let next = path.steps.get(above.steps.len());
                !above.steps.is_empty()
                    && path.steps.starts_with(&above.steps)
                    && matches!(next, Some(PathStep::Member(_)))
            };
            other.steps == path.steps
                || is_below(other, path)
                || is_below(path, other)
                || shares_array(&other.steps, &path.steps)
        };
        if let Some(other) = paths[..index].iter().find(undecided) {
            return Err(format!(
                "{:?} and {:?} may both be in one document or array; expected places of which a \
                 value has one",
                other.text, path.text
            ));
        }
    }
    Ok(paths)
}

/// Whether two ways lead through the same array.
fn shares_array(one: &[PathStep], other: &[PathStep]) -> bool {
    let mut shared = one.iter().zip(other).take_while(|(one, other)| one == other);
    shared.any(|(step, _)| *step == PathStep::Elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_steps() {
        let steps = |text: &str| document_path(text.to_owned()).unwrap().steps;
        let member = |name: &str| PathStep::Member(name.to_owned());
        assert_eq!(steps("."), []);
        assert_eq!(steps("[]"), [PathStep::Elements]);
        assert_eq!(steps("[].order"), [PathStep::Elements, member("order")]);
        assert_eq!(
            steps("data.\"my.orders\"[].node"),
            [member("data"), member("my.orders"), PathStep::Elements, member("node")]
        );
    }

    #[test]
    fn paths_without_meaning_are_errors() {
        let error = |texts: &[&str]| {
            let texts = texts.iter().map(|text| (*text).to_owned()).collect();
            document_paths(Some(OneOrMany::Many(texts))).unwrap_err().1
        };
        let errors = [
            error(&[]),
            error(&[""]),
            error(&["a..b"]),
            error(&["orders[kind=a]"]),
            error(&["orders[]", "orders[]"]),
            error(&["order", "order.node"]),
            error(&["pages[].a[]", "pages[].b[]"]),
            error(&["a"; 17]),
        ];
        insta::assert_snapshot!(errors.join("\n"), @r#"
        no path; expected one such as "orders[]"
        "" has an empty name; expected a path such as "orders[]", or "." for the whole value
        "a..b" has an empty name; expected a path such as "orders[]", or "." for the whole value
        "orders[kind=a]" has a filter; expected all elements, and [[skip]] for those that are no orders
        "orders[]" and "orders[]" may both be in one document or array; expected places of which a value has one
        "order" and "order.node" may both be in one document or array; expected places of which a value has one
        "pages[].a[]" and "pages[].b[]" may both be in one document or array; expected places of which a value has one
        17 paths; expected at most 16
        "#);
        let allowed = ["orders[]", "orders", "data.orders[]", ".", "[]"].map(str::to_owned);
        assert!(document_paths(Some(OneOrMany::Many(allowed.to_vec()))).is_ok());
    }
}
