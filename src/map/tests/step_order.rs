//! Tests of the order of the steps of a rule, one for each pair of neighbours whose exchange would
//! change a value.

use super::rows::{csv, profile};

/// What a rule of a text makes of a cell.
fn text(keys: &str, cell: &str) -> String {
    let rules = profile(&format!("order.ext.a = {{ column = 'a', {keys} }}"));
    of(&csv(&rules, "id,a,b", &format!("A,{cell},second")), "ext.a:string")
}

/// The same of another field.
fn value(field: &str, keys: &str, cell: &str) -> String {
    let rules = profile(&format!("{field} = {{ column = 'a', {keys} }}"));
    let name = field.strip_prefix("order.").unwrap_or(field);
    of(&csv(&rules, "id,a,b", &format!("A,{cell},second")), name)
}

/// The value of a field in a mapped row; the whole text if the field has none.
fn of(mapped: &str, field: &str) -> String {
    let found = mapped.split(' ').find_map(|cell| cell.strip_prefix(field));
    let text = found.and_then(|cell| cell.split('@').next());
    text.map_or_else(|| mapped.trim().to_owned(), |text| text[1..].to_owned())
}

const NOTHING: &str = "row A:";

#[test]
fn source_is_the_first_that_does_not_count_as_empty() {
    let rules = profile("nulls = ['N/A']\norder.ext.a = { column = ['a', 'b'], empty = ['-'] }");
    for cell in ["N/A", "-", ""] {
        let mapped = csv(&rules, "id,a,b", &format!("A,{cell},second"));
        assert_eq!(of(&mapped, "ext.a:string"), "second", "{cell}");
    }
}

#[test]
fn empty_texts_count_before_stripping() {
    assert_eq!(text("empty = ['N/A'], strip_prefix = 'N/'", "N/A"), NOTHING);
}

#[test]
fn affixes_are_stripped_before_trimming() {
    assert_eq!(text("strip_prefix = '#', trim = true", "\u{200b}#1"), "#1");
}

#[test]
fn text_is_trimmed_before_it_is_split() {
    assert_eq!(text("trim = true, split = '/', part = 2", "a/\u{200b}b"), "\u{200b}b");
}

#[test]
fn text_is_split_before_its_pairs() {
    let keys = "split = '|', part = 2, pairs = { separator = ';', assign = '=' }, key = 'k'";
    assert_eq!(text(keys, "k=1|k=2"), "2");
}

#[test]
fn pairs_are_found_before_decoding() {
    let keys = "pairs = { separator = '|', assign = '=' }, key = 'k', decode = 'html'";
    assert_eq!(text(keys, "k=a&#124;b"), "a|b");
}

#[test]
fn entities_are_decoded_before_the_case_changes() {
    assert_eq!(text("decode = 'html', upper = true", "&auml;"), "\u{c4}");
}

#[test]
fn empty_texts_count_again_after_the_text_steps() {
    for (keys, cell) in [
        ("strip_prefix = '#'", "#-"),
        ("trim = true", "\u{200b}-"),
        ("split = '/', part = 2", "a/-"),
        ("pairs = { separator = ';', assign = '=' }, key = 'k'", "k=-"),
        ("decode = 'html'", "&#45;"),
    ] {
        assert_eq!(text(&format!("empty = ['-'], {keys}"), cell), NOTHING, "{keys}");
    }
    assert_eq!(text("empty = ['NONE'], upper = true", "none"), NOTHING);
}

#[test]
fn what_counts_as_empty_is_not_padded() {
    let keys = "empty = ['0'], strip_prefix = '#', pad_left = { length = 3, with = '0' }";
    assert_eq!(text(keys, "#0"), NOTHING);
    assert_eq!(text(keys, "#7"), "007");
}

#[test]
fn what_counts_as_empty_is_not_looked_up() {
    assert_eq!(
        text("empty = ['-'], strip_prefix = '#', values = { a = 'y' }, other = 'x'", "#-"),
        NOTHING
    );
}

#[test]
fn changed_text_is_looked_up() {
    let keys = "lower = true, pad_left = { length = 3, with = '0' }, values = { '00a' = 'x' }";
    assert_eq!(text(keys, "A"), "x");
    let table = "order.ext.a = { columns = ['a', 'b'], strip_prefix = '#', \
                 table = [['1', 'second', 'x']] }";
    assert_eq!(of(&csv(&profile(table), "id,a,b", "A,#1,second"), "ext.a:string"), "x");
}

#[test]
fn values_are_looked_up_before_dates() {
    let keys = "values = { new = '2025-01-01T00:00:00Z' }, other = 'keep', date = '%d.%m.%Y', \
                zone = 'UTC'";
    let of = |cell| value("order.orderedAt", keys, cell);
    // As a constant it needs no format.
    assert_eq!(of("new"), "2025-01-01T00:00:00Z");
    assert_eq!(of("02.01.2025"), "2025-01-02T00:00:00.000Z");
}

#[test]
fn values_are_looked_up_before_kinds() {
    let keys = "values = { '030 1' = '+44 20 7946 0958' }, other = 'keep', kind = 'phone', \
                country = 'DE'";
    assert_eq!(value("guest.phone", keys, "030 1"), "+442079460958");
    assert_eq!(value("guest.phone", keys, "030 1234567"), "+49301234567");
}

#[test]
fn values_are_looked_up_before_numbers() {
    let keys = "values = { '(5)' = '1' }, other = 'keep', negative = 'parentheses', scale = 2";
    assert_eq!(value("order.price", keys, "(5)"), "1");
    assert_eq!(value("order.price", keys, "(600)"), "-6.00");
}

#[test]
fn values_are_looked_up_before_they_are_cut() {
    let keys = "values = { abcdef = 'x', abc = 'y' }, other = 'keep', max_length = 3";
    assert_eq!(text(keys, "abcdef"), "x");
    assert_eq!(text("values = { a = 'abcdef' }, max_length = 3", "a"), "abc");
}

/// It is neither looked up nor changed, and a longer one than `max_length` is refused.
#[test]
fn default_is_the_last_step() {
    let keys = "values = { ABC = 'b' }, upper = true, max_length = 3, default = 'abc'";
    assert_eq!(text(keys, ""), "abc");
    assert_eq!(text("values = { a = 'b', x = '' }, default = 'a'", "x"), "a");
    assert_eq!(
        text("strip_prefix = '#', pad_left = { length = 3, with = '0' }, default = '#'", "#"),
        "#"
    );
}
