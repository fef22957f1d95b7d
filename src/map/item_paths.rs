//! Item paths: the paths of the arrays whose elements are the items of a document.
//!
//! Checked when a profile is compiled. Called by `profile_compiler`.

use super::{
    items_text::ItemsText,
    key_errors::KeyErrors,
    one_or_many::OneOrMany,
    path_text::{dotted_names, segments},
};

/// The paths of a profile; none if a document is a row, and empty if orders have no items.
pub(super) fn item_paths(text: Option<ItemsText>, errors: &mut KeyErrors) -> Option<Vec<String>> {
    let ItemsText { table, is_short } = text?;
    let key: &[&str] = if is_short { &["items"] } else { &["items", "path"] };
    let is_list = matches!(table.path, OneOrMany::Many(_));
    let (mut paths, mut names): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for (index, path) in table.path.into_vec().into_iter().enumerate() {
        let index = index.to_string();
        let at: Vec<_> = key.iter().copied().chain(is_list.then_some(&*index)).collect();
        let name = dotted_names(&path);
        if let Err(error) = check(&path, names.contains(&name)) {
            errors.add_at(&at, &error);
            continue;
        }
        names.push(name);
        paths.push(path);
    }
    Some(paths)
}

/// Refuses a path that is not well formed, or of an array whose elements are items already: an item
/// of two paths would count twice.
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
