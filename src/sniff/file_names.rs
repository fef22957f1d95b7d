//! Names of files, and the names that profiles and joins have after them.

/// The name of a file without its folder.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The name of the profile of a file: `orders` for `exports/orders.csv.gz`.
#[must_use]
pub fn profile_name(path: &str) -> &str {
    match stem(path) {
        "" | "-" => "export",
        stem => stem,
    }
}

/// The name of the join of a file: letters and digits of its name.
pub(super) fn join_name(path: &str) -> String {
    let is_word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let name: String = stem(path).chars().filter(is_word).collect();
    if name.is_empty() { "side".to_owned() } else { name.to_lowercase() }
}

/// What is before the first point of a file's name.
fn stem(path: &str) -> &str {
    file_name(path).split('.').next().unwrap_or_default()
}
