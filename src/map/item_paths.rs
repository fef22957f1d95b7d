//! Item paths: the paths of the arrays whose elements are the items of a document.
//!
//! Checked when a profile is compiled. Called by `profile_compiler`.

use super::{
    items_text::ItemsText,
    key_errors::KeyErrors,
    one_or_many::OneOrMany,
    path_text::{dotted_names, overlap, segments},
};

/// The paths of a profile; none if a document is a row, and empty if its items are in no array.
pub(super) fn item_paths(text: &ItemsText, errors: &mut KeyErrors) -> Option<Vec<String>> {
    let ItemsText { table, is_short } = text;
    let key: &[&str] = if *is_short { &["items"] } else { &["items", "path"] };
    let packed_path = table.packed.as_ref().and_then(|packed| packed.path.as_ref());
    if table.packed.is_some() && table.repeated.is_some() {
        errors.add("items", "has packed and repeated; expected one of them");
    }
    let path = match (&table.path, &table.packed) {
        (None, None) if table.repeated.is_some() => return None,
        (None, None) => {
            let error = "has no path, packed or repeated; expected where the items are";
            errors.add("items", error);
            return None;
        }
        (Some(_), Some(_)) if packed_path.is_some() => {
            errors.add_at(
                &["items", "packed", "path"],
                "is set beside items.path; expected one of them",
            );
            return None;
        }
        // A document with a list of items is a whole order too.
        (None, Some(_)) => return packed_path.map(|_| Vec::new()),
        (Some(path), _) => path.clone(),
    };
    let is_list = matches!(path, OneOrMany::Many(_));
    let mut paths: Vec<String> = Vec::new();
    for (index, path) in path.into_vec().into_iter().enumerate() {
        let index = index.to_string();
        let at: Vec<_> = key.iter().copied().chain(is_list.then_some(&*index)).collect();
        let names = dotted_names(&path);
        let is_known = |known: &String| dotted_names(known) == names || overlap(known, &path);
        if let Err(error) = check(&path, paths.iter().any(is_known)) {
            errors.add_at(&at, &error);
            continue;
        }
        paths.push(path);
    }
    Some(paths)
}

/// Refuses a path that is not well formed, or of an array whose elements are items already: an
/// item of two paths would count twice.
fn check(path: &str, is_known: bool) -> Result<(), String> {
    segments(path)?;
    if path.trim().is_empty() {
        return Err("is empty; expected the path of an array such as \"lines\", or items = [] \
                    for orders without items"
            .into());
    }
    if is_known {
        return Err(format!(
            "{path:?} is the path of an array that is named above; expected each array once, and \
             item_rows for which of its elements are items"
        ));
    }
    Ok(())
}
