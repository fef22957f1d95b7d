//! Draft of the keys of the file: encoding, delimiter, marks of numbers, where documents are.
//!
//! Called by `drafting`.

use std::collections::BTreeSet;

use super::{
    csv_layout::{CsvLayout, is_of_totals},
    draft::{DraftSection, list, quoted},
    draft_items::PriceFindings,
    draft_values::{choice, counted},
    encoding::EncodingFinding,
    file_names::profile_name,
    order_key::KeyColumns,
    prices::Basis,
    survey::{FileLayout, Survey},
};
use crate::model::text_encoding::TextEncoding;

/// The section of the file's own keys.
pub(super) fn file_section(survey: &Survey, prices: &PriceFindings) -> DraftSection {
    let mut section = DraftSection::new("");
    section.guess("name", quoted(profile_name(&survey.name)), "of the file");
    encoding_key(&mut section, "encoding", &survey.encoding);
    match &survey.layout {
        FileLayout::Csv(layout) => csv_keys(&mut section, layout, survey),
        FileLayout::Json(layout) => {
            if let Some(path) = &layout.documents {
                section.guess(
                    "documents",
                    quoted(path),
                    "the array whose members are those of orders",
                );
            }
            if let Some(path) = &layout.items {
                let path = path.strip_suffix("[]").unwrap_or(path);
                section.guess("items", quoted(path), "the array whose members are those of items");
            }
        }
    }
    number_keys(&mut section, survey);
    symbol_keys(&mut section, survey);
    price_keys(&mut section, prices);
    section
}

/// The encoding of a file, or the question which one it is.
pub(super) fn encoding_key(section: &mut DraftSection, key: &str, encoding: &EncodingFinding) {
    match encoding {
        EncodingFinding::Certain(TextEncoding::Utf8) => {}
        EncodingFinding::Certain(encoding) => {
            section.sure(key, quoted(&encoding.to_string()), "");
        }
        EncodingFinding::Open(candidates) => {
            let choices = candidates.iter().map(|candidate| {
                choice(quoted(&candidate.encoding.to_string()), fragments(&candidate.words))
            });
            let text = "in which encoding do these words read well?";
            section.ask(key, "\"?\"", text, choices.collect());
        }
    }
}

/// The letters beyond ASCII of words, each with the letter before and behind it: whole words may be
/// names of people, and a profile is a file that is passed on.
fn fragments(words: &[String]) -> String {
    let fragment = |word: &String| {
        let letters: Vec<char> = word.chars().collect();
        let at = letters.iter().position(|letter| !letter.is_ascii()).unwrap_or_default();
        letters[at.saturating_sub(1)..letters.len().min(at + 2)].iter().collect::<String>()
    };
    words.iter().map(fragment).collect::<Vec<_>>().join(" ")
}

/// The keys that say how a CSV file is written, each with its value and why.
pub(super) fn dialect_keys(layout: &CsvLayout) -> Vec<(&'static str, String, &'static str)> {
    let mut keys = Vec::new();
    if layout.dialect.delimiter != b',' && !layout.has_separator_line {
        let delimiter = char::from(layout.dialect.delimiter).to_string();
        keys.push(("delimiter", quoted(&delimiter), "with it rows have equally many cells"));
    }
    if !layout.dialect.has_quotes {
        keys.push(("quote", quoted("none"), "quotes are within cells, so they are data"));
    }
    if layout.dialect.has_escapes {
        keys.push(("escape", quoted("\\"), "quotes within cells have a backslash"));
    }
    if layout.n_skipped_lines > 0 {
        keys.push(("skip_lines", layout.n_skipped_lines.to_string(), "lines before the header"));
    }
    keys
}

fn csv_keys(section: &mut DraftSection, layout: &CsvLayout, survey: &Survey) {
    for (key, value, note) in dialect_keys(layout) {
        section.sure(key, value, note);
    }
    if !layout.has_header {
        let names: Vec<&str> =
            survey.rows.table.columns.iter().map(super::table::ValueSource::name).collect();
        section.guess("header", list(&names), "the first row is data; give the columns names");
    }
    let is_number = |text: &str| {
        let digits = text.trim_start_matches('+');
        digits.len() > 3 && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ')
    };
    let is_guarded = |cell: &str| cell.strip_prefix('\'').is_some_and(is_number);
    let has = |is_one: &dyn Fn(&str) -> bool| {
        survey.rows.table.rows.iter().any(|row| row.iter().any(is_one))
    };
    if has(&|cell| cell.starts_with("=\"")) {
        section.sure("cells", quoted("spreadsheet"), "a spreadsheet wrote cells such as =\"123\"");
    } else if has(&is_guarded) {
        section.guess("cells", quoted("spreadsheet"), "numbers have an apostrophe before them");
    }
    let nulls = null_texts(survey);
    if !nulls.is_empty() {
        section.guess("nulls", list(&nulls), "cells that mean nothing");
    }
    if let Some(key) = &survey.key {
        row_keys(section, key, layout, survey);
    }
}

/// Texts that databases and spreadsheets write for nothing.
fn null_texts(survey: &Survey) -> Vec<&'static str> {
    const NULLS: [&str; 5] = ["NULL", "\\N", "#N/A", "(null)", "null"];
    let has = |text: &&str| {
        survey
            .rows
            .values
            .iter()
            .any(|values| values.distinct.iter().any(|(value, _)| value == *text))
    };
    NULLS.into_iter().filter(has).collect()
}

/// What is said of rows: those of no order, and where the key is.
fn row_keys(section: &mut DraftSection, key: &KeyColumns, layout: &CsvLayout, survey: &Survey) {
    let number = survey.rows.source(key.columns[key.columns.len() - 1]);
    if key.fills_down {
        section.sure(
            "fill_down",
            list(&[number.name()]),
            "filled in the first row of an order only",
        );
    }
    // Other rows without a key, or with other cells, may be of an order: a run reports them.
    let without_key = key.rows_without_key.iter().filter(|_| !key.fills_down);
    let without_key = without_key.filter(|row| is_of_totals(&survey.rows.table.rows[**row]));
    let (n_without_key, n_uneven) = (without_key.count(), layout.total_rows.len());
    let mut ignored: Vec<String> = Vec::new();
    if n_without_key > 0 && n_without_key == key.rows_without_key.len() {
        ignored.push(format!("{{ column = {}, empty = true }}", quoted(number.name())));
    }
    for start in &layout.total_rows {
        let rule = format!("{{ raw = true, starts_with = {} }}", quoted(start));
        if !ignored.contains(&rule) {
            ignored.push(rule);
        }
    }
    if !ignored.is_empty() {
        let value = format!("[{}]", ignored.join(", "));
        let n_rows = counted(n_without_key + n_uneven, "row");
        section.guess("ignore_rows", value, format!("{n_rows} of totals, without an order"));
    }
}

fn number_keys(section: &mut DraftSection, survey: &Survey) {
    let FileLayout::Csv(_) = survey.layout else { return };
    let item_level = survey.item_level();
    let quantity = item_level.column("item.quantity").and_then(|it| item_level.numbers(it));
    let mut forms = survey.amount_forms().chain(quantity);
    let mut are_ambiguous = || forms.any(|forms| forms.n_ambiguous > 0);
    match survey.marks {
        Some(marks) if marks.decimal == ',' => {
            section.sure("decimal", quoted(","), "amounts such as 5,90");
        }
        None if are_ambiguous() => {
            let text = "is 1.250 (or 1,250) one and a quarter, or more than a thousand?";
            let choices = vec![
                choice(quoted("."), "the point is the decimal mark"),
                choice(quoted(","), "the comma is the decimal mark"),
            ];
            section.ask("decimal", "\"?\"", text, choices);
        }
        _ => {}
    }
    if let Some(thousands) = survey.marks.and_then(|marks| marks.thousands) {
        section.sure("thousands", quoted(&thousands.to_string()), "groups of three digits");
    }
}

/// What the symbols and codes beside amounts mean.
fn symbol_keys(section: &mut DraftSection, survey: &Survey) {
    const MEANINGS: [(&str, &str); 6] =
        [("€", "EUR"), ("£", "GBP"), ("₹", "INR"), ("zł", "PLN"), ("Kč", "CZK"), ("AU $", "AUD")];
    let symbols: BTreeSet<&String> =
        survey.amount_forms().flat_map(|forms| &forms.symbols).collect();
    let is_code = |symbol: &str| symbol.bytes().all(|byte| byte.is_ascii_uppercase());
    for symbol in symbols {
        let key = format!("currency_symbols.{}", quoted(symbol));
        if is_code(symbol) {
            section.sure(&key, quoted(symbol), "a code");
            continue;
        }
        if let Some((_, code)) = MEANINGS.iter().find(|(known, _)| known == symbol) {
            section.guess(&key, quoted(code), "");
        } else {
            let codes = match symbol.as_str() {
                "kr" | "kr." => ["SEK", "NOK", "DKK"],
                "¥" => ["JPY", "CNY", "TWD"],
                _ => ["USD", "CAD", "AUD"],
            };
            let choices = codes.map(|code| choice(quoted(code), code)).to_vec();
            section.ask(&key, "\"?\"", "which currency is it?", choices);
        }
    }
}

fn price_keys(section: &mut DraftSection, prices: &PriceFindings) {
    if prices.is_sum_of_lines {
        let choices = vec![
            choice(quoted("sum_of_lines"), "the sum of the items, without shipping"),
            choice(quoted("given"), "a column, named by price in [order]"),
        ];
        let text = "no column was found for the total of the order: what is it?";
        section.ask("order_price", "\"?\"", text, choices);
    }
    let evidence = prices.evidence.clone();
    match prices.basis {
        Some((Basis::Line, is_sure)) if !prices.has_line_price => {
            section.found(is_sure, "item_price", quoted("line"), evidence);
        }
        Some((Basis::Unit, is_sure)) if !evidence.is_empty() => {
            section.found(is_sure, "item_price", quoted("unit"), evidence);
        }
        None if prices.is_open => {
            let choices = vec![
                choice(quoted("unit"), "for one piece: quantity × price is the line"),
                choice(quoted("line"), "for all pieces of the line"),
            ];
            section.ask(
                "item_price",
                "\"?\"",
                "is the price of an item for one piece or for the line?",
                choices,
            );
        }
        _ => {}
    }
}
