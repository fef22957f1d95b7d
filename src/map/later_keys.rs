//! Keys of the profile language that this version does not know, with what to do instead.
//!
//! A profile for a later version is refused as any unknown key is, but says how to go on. Used by
//! `serde_message`.

/// What is in every list of keys of a profile, a rule or a condition, and in no other.
const KEYS_OF_PROFILES: [&str; 2] = ["delimiter", "column"];

/// What to do in place of each key.
const INSTEAD: &[(&[&str], &str)] = &[
    (&["encoding"], "convert the export: iconv -f windows-1252 -t utf-8 orders.csv > utf-8.csv"),
    (&["skip_lines"], "remove the lines above the header: tail -n +4 orders.csv > fixed.csv"),
    (&["header"], "write the header into the first line of the export"),
    (&["ragged_rows"], "write each row of the export with as many cells as its header"),
    (&["fill_down"], "repeat the order key in each row of the export"),
    (&["cells"], "export the cells as text, without =\"…\" or an apostrophe"),
    (&["escape"], "double a quote within a quoted cell of the export"),
    (&["skip_blanks"], "export the cells without blanks before their quotes"),
    (
        &["extends", "unset"],
        "copy the profile and change the copy: orderferry profiles show NAME > shop.toml",
    ),
    (
        &["currency_symbols"],
        "remove a symbol from amounts with strip_prefix or strip_suffix, and translate one that is \
         a cell of its own with values",
    ),
    (&["join"], "join the files before: each row needs the columns of its order"),
    (&["duplicates"], "export each order once"),
    (&["documents", "parent"], "write one document for each order, with its items in an array"),
    (&["refunds"], "leave refunds out with [[skip]] or ignore_rows"),
    (
        &["sum", "minus", "negate", "over_rows", "discount", "line_price"],
        "add the amounts up in a column of the export",
    ),
    (&["concat", "separator", "lenient"], "join the cells in a column of the export"),
    (&["columns", "table", "paths"], "bring the cells together in a column of the export"),
    (
        &[
            "nth",
            "split",
            "part",
            "max_length",
            "pairs",
            "trim",
            "upper",
            "lower",
            "pad_left",
            "decode",
            "language",
            "ignore_case",
            "time",
            "locale",
            "when",
        ],
        "write the value into a column of the export as it is meant",
    ),
];

/// What to do in place of an unknown key, if a later version knows it; `known` are the keys that
/// this one knows there.
pub(super) fn instead_of(key: &str, known: &[String]) -> Option<&'static str> {
    let is_of_profile = known.iter().any(|known| KEYS_OF_PROFILES.contains(&known.as_str()));
    let mut entries = INSTEAD.iter().filter(|_| is_of_profile);
    entries.find(|(keys, _)| keys.contains(&key)).map(|(_, instead)| *instead)
}
