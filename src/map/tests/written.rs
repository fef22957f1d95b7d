//! Tests of the writer of profiles: what it writes is read as the same profile.

use std::{fs, path::PathBuf};

use crate::map::{
    BUILT_IN, profile::Profile, profile_text::ProfileText, profile_writer::written_profile,
};

/// The texts of all profiles of a folder, and of the folders in it.
fn texts(folder: &str) -> Vec<String> {
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                texts.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    texts
}

/// What rows are mapped by, without the places in the text.
fn compiled(text: &str) -> Option<String> {
    let profile = Profile::parse("p", text).ok()?;
    let Profile { key, rules, people, skips, row_skips, ignore_rows, item_rows, .. } = &profile;
    let conditions = (skips, row_skips, ignore_rows, item_rows, &profile.item_kinds);
    let files = (&profile.files, &profile.item_paths, &profile.packed_items, &profile.joins);
    Some(format!("{:?}", (key, rules, people, conditions, files)))
}

#[test]
fn written_profiles_are_read_as_the_same() {
    let built_in = BUILT_IN.iter().map(|(_, text)| (*text).to_owned());
    let help = include_str!("../../cli/help/profile.md").split("```toml\n").skip(1);
    let blocks = help.filter_map(|block| block.split("```").next()).map(str::to_owned);
    let mut n_compiled = 0;
    let folders = ["tests/it/exports", "samples/profiles"];
    for text in folders.into_iter().flat_map(texts).chain(built_in).chain(blocks) {
        let parsed: ProfileText = toml::from_str(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let written = written_profile(&parsed).unwrap();
        let again: ProfileText =
            toml::from_str(&written).unwrap_or_else(|e| panic!("{e}\n{written}"));
        assert_eq!(parsed, again, "{written}");
        if let Some(compiled_before) = compiled(&text) {
            assert_eq!(Some(compiled_before), compiled(&written), "{written}");
            n_compiled += 1;
        }
    }
    assert!(n_compiled > 90, "{n_compiled}");
}

#[test]
fn simple_forms_are_written_simply() {
    let text = "name = 'p'\nitems = 'lines[]'\nskip_blanks = false\nquote = 'none'\nnulls = ['?']
delimiter = \"\\t\"\nitem_rows = { column = 'Kind', is = 'a' }\nkey = { column = 'Id' }
duplicates = { keep = 'newest', by = 'updated_at' }
[[skip]]\nreason = 'test'\nwhen = { any = [{ path = 'a.b', empty = true }, { column = 'n', less = 0.5 }] }
[[join]]\nas = 'c'\non = [{ column = 'Customer', lower = true, to = { column = 'Id' } }]
[order]\nstatus.column = 'Status'\nstatus.values = { paid = 'PURCHASED', 'on hold' = { skip = 'x' } }
price = [{ column = 'a', split = ['?'], part = 1 }, { value = '1' }]
[order.ext]\n'gift wrap' = { column = 'Note', pairs = { separator = \"\\n\", assign = ': ' }, key = 'to' }
[[item]]\nfrom = 'order'\nname = { value = 'Fee' }\n[[item]]\next.a = { column = 'A' }\n[severity]\ncontent_repeated = 'off'";
    let parsed: ProfileText = toml::from_str(text).unwrap();
    insta::assert_snapshot!(written_profile(&parsed).unwrap(), @r#"
    name = "p"
    delimiter = "\t"
    quote = "none"
    nulls = ["?"]
    items = "lines[]"
    item_rows = { column = "Kind", is = "a" }
    key = { column = "Id" }

    [severity]
    content_repeated = "off"

    [[skip]]
    reason = "test"
    when = { any = [{ path = "a.b", empty = true }, { column = "n", less = 0.5 }] }

    [duplicates]
    keep = "newest"
    by = "updated_at"

    [order]
    status = { column = "Status", values = { paid = "PURCHASED", "on hold" = { skip = "x" } } }
    price = [{ column = "a", split = ["?"], part = 1 }, { value = "1" }]

    [order.ext]
    "gift wrap" = { column = "Note", key = "to", pairs = { separator = "\n", assign = ": " } }

    [[item]]
    from = "order"
    name = { value = "Fee" }

    [[item]]

    [item.ext]
    a = { column = "A" }

    [[join]]
    as = "c"
    on = [{ column = "Customer", lower = true, to = "Id" }]
    "#);
    assert_eq!(toml::from_str::<ProfileText>(&written_profile(&parsed).unwrap()).unwrap(), parsed);
}
