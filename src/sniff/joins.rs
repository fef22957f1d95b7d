//! Joins: which column of one file names the rows of another one, by the values they share.
//!
//! The rows of the second file become columns or items of the first one, as in a run. Called by
//! `drafting`.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use super::{
    csv_layout::CsvLayout,
    encoding::EncodingFinding,
    file_names::{file_name, join_name},
    survey::{FileLayout, Survey},
    table::{SampleTable, ValueSource},
    values::TextKind,
    vocabulary::same_words,
};
use csv::StringRecord;

/// A file beside the export.
#[derive(Debug)]
pub(super) struct JoinedFile {
    /// The name of the join.
    pub(super) name: String,
    /// The name of the file, without its folder.
    pub(super) file: String,
    pub(super) encoding: EncodingFinding,
    pub(super) layout: Option<CsvLayout>,
    /// The columns of the key, each with that of the file.
    pub(super) on: Vec<(ValueSource, String)>,
    /// Whether its rows are the items.
    pub(super) has_items: bool,
    /// Whether the names of the columns, or many keys, say that it is the right key.
    pub(super) is_sure: bool,
    /// Of so many keys of the export so many are in the file.
    pub(super) n_keys: usize,
    pub(super) n_matched: usize,
}

/// The least share of keys, in percent, that both files have.
const MIN_MATCHED: usize = 80;

/// With so many keys two columns do not share them by chance.
const MIN_SURE_KEYS: usize = 50;

/// Pairs of columns that are tried, and rows of each file: the work grows with their squares.
const MAX_PAIRS: usize = 16;
const MAX_ROWS: usize = 5000;

/// A pair of columns that may be a part of the key.
struct Pair {
    main: usize,
    side: usize,
    is_same_name: bool,
}

/// Joins a file to an export, whose columns or items get those of the file. None if they share no
/// key.
pub(super) fn join(main: &mut Survey, side: &Survey) -> Option<JoinedFile> {
    let (on, has_items) = find_key(&main.rows.table, &side.rows.table, &pairs(main, side))?;
    // A file of several rows for each order that has no items, such as payments, is not joined.
    if has_items && (side.n_item_fields() < 2 || main.items.is_some()) {
        return None;
    }
    let name = if has_items { "lines".to_owned() } else { join_name(&side.name) };
    let own_and_other = |pair: &Pair| {
        (main.rows.source(pair.main).clone(), side.rows.source(pair.side).name().to_owned())
    };
    let of_key: Vec<(ValueSource, String)> = on.iter().map(own_and_other).collect();
    let matches = Matches::of(main, side, &on);
    let (n_keys, n_matched) = (matches.n_keys, matches.n_matched);
    let is_sure = on.iter().all(|pair| pair.is_same_name) || n_keys >= MIN_SURE_KEYS;
    let columns = joined_columns(main, side, &name);
    let rows = &side.rows.table.rows;
    let own_columns = side.rows.table.columns.clone();
    if has_items {
        let of_rows = matches.rows.iter().enumerate().flat_map(|(row, of_side)| {
            of_side.iter().map(move |of_side| (row, rows[*of_side].clone()))
        });
        let (parents, rows): (Vec<_>, Vec<_>) = of_rows.unzip();
        main.set_items(SampleTable { columns: own_columns, rows, parents }, columns);
    } else {
        let blank = StringRecord::from(vec![""; columns.len()]);
        let first = |of_side: &Vec<usize>| of_side.first().map_or(&blank, |row| &rows[*row]);
        let rows = matches.rows.iter().map(|of_side| first(of_side).clone()).collect();
        main.set_guests(SampleTable { columns: own_columns, rows, parents: Vec::new() }, columns);
    }
    let layout = match &side.layout {
        FileLayout::Csv(layout) => Some(layout.clone()),
        FileLayout::Json(_) => None,
    };
    Some(JoinedFile {
        name,
        file: file_name(&side.name).to_owned(),
        encoding: side.encoding.clone(),
        layout,
        on: of_key,
        has_items,
        is_sure,
        n_keys,
        n_matched,
    })
}

/// The columns of a joined file, as the rules of the export name them.
fn joined_columns(main: &Survey, side: &Survey, join: &str) -> Vec<ValueSource> {
    let as_source = match main.layout {
        FileLayout::Csv(_) => ValueSource::Column,
        FileLayout::Json(_) => ValueSource::Path,
    };
    let columns = side.rows.table.columns.iter();
    columns.map(|source| as_source(format!("{join}.{}", source.name()))).collect()
}

/// The rows of a joined file that have the keys of the export.
struct Matches {
    /// For each row of the export those of the file.
    rows: Vec<Vec<usize>>,
    n_keys: usize,
    n_matched: usize,
}

impl Matches {
    fn of(main: &Survey, side: &Survey, on: &[Pair]) -> Self {
        let of_side: Vec<usize> = on.iter().map(|pair| pair.side).collect();
        let of_main: Vec<usize> = on.iter().map(|pair| pair.main).collect();
        let rows_of_key = rows_by_key(&side.rows.table, &of_side, usize::MAX);
        let keys = rows_by_key(&main.rows.table, &of_main, usize::MAX);
        let mut rows = vec![Vec::new(); main.rows.table.rows.len()];
        let mut n_matched = 0;
        for (key, of_main) in &keys {
            let Some(of_side) = rows_of_key.get(key) else { continue };
            n_matched += 1;
            for row in of_main {
                rows[*row].clone_from(of_side);
            }
        }
        Self { rows, n_keys: keys.len(), n_matched }
    }
}

/// The pairs of columns that share most of their values.
fn pairs(main: &Survey, side: &Survey) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (column, values) in side.rows.values.iter().enumerate() {
        if !(values.are_identifiers() || values.are(TextKind::Emails)) || values.distinct.len() < 2
        {
            continue;
        }
        let texts: HashSet<&str> = values.distinct.iter().map(|(text, _)| text.as_str()).collect();
        for (main_column, of_main) in main.rows.values.iter().enumerate() {
            let n_shared =
                of_main.distinct.iter().filter(|(text, _)| texts.contains(text.as_str())).count();
            let n_least = of_main.distinct.len().min(texts.len());
            let are_identifiers = of_main.are_identifiers() || of_main.are(TextKind::Emails);
            if are_identifiers && n_least >= 2 && n_shared * 100 >= n_least * MIN_MATCHED {
                let names = [main.rows.source(main_column), side.rows.source(column)];
                let is_same_name = same_words(names[0].name(), names[1].name());
                let pair = Pair { main: main_column, side: column, is_same_name };
                pairs.push((is_same_name, n_least, pair));
            }
        }
    }
    pairs.sort_by_key(|(is_same_name, n_least, _)| Reverse((*is_same_name, *n_least)));
    pairs.into_iter().map(|(.., pair)| pair).take(MAX_PAIRS).collect()
}

/// The key, of one pair or of two, and whether the file has items: several rows for an order.
fn find_key(main: &SampleTable, side: &SampleTable, pairs: &[Pair]) -> Option<(Vec<Pair>, bool)> {
    let single = pairs.iter().map(|pair| vec![pair]);
    let double = pairs.iter().enumerate().flat_map(|(index, first)| {
        let others = pairs[index + 1..].iter();
        let others = others.filter(|other| other.main != first.main && other.side != first.side);
        others.map(move |other| vec![first, other])
    });
    let scored = single.chain(double).filter_map(|on| {
        let quality = quality(main, side, &on)?;
        Some((quality, on))
    });
    let (quality, on) = scored.max_by_key(|(quality, _)| (quality.rank, quality.n_same_names))?;
    let copy =
        |pair: &Pair| Pair { main: pair.main, side: pair.side, is_same_name: pair.is_same_name };
    Some((on.into_iter().map(copy).collect(), quality.has_items))
}

/// How good a key is.
struct Quality {
    /// The keys in a thousand that name exactly one row of the file that has one row for each; then
    /// fewer columns, since a further one that changes nothing is no part of the key.
    rank: (usize, Reverse<usize>),
    n_same_names: usize,
    has_items: bool,
}

fn quality(main: &SampleTable, side: &SampleTable, on: &[&Pair]) -> Option<Quality> {
    let columns =
        |of: fn(&Pair) -> usize| -> Vec<usize> { on.iter().map(|pair| of(pair)).collect() };
    let of_main = rows_by_key(main, &columns(|pair| pair.main), MAX_ROWS);
    let of_side = rows_by_key(side, &columns(|pair| pair.side), usize::MAX);
    let n_shared = of_main.keys().filter(|key| of_side.contains_key(*key)).count();
    let n_least = of_main.len().min(of_side.len());
    if n_least < 2 || n_shared * 100 < n_least * MIN_MATCHED {
        return None;
    }
    let unique = |rows: &HashMap<Vec<&str>, Vec<usize>>| {
        rows.values().filter(|rows| rows.len() == 1).count() * 1000 / rows.len()
    };
    let (main_unique, side_unique) = (unique(&of_main), unique(&of_side));
    let has_items = main_unique > side_unique;
    let n_same_names = on.iter().filter(|pair| pair.is_same_name).count();
    let rank = (main_unique.max(side_unique) / 10, Reverse(on.len()));
    Some(Quality { rank, n_same_names, has_items })
}

fn rows_by_key<'t>(
    table: &'t SampleTable,
    columns: &[usize],
    n_rows: usize,
) -> HashMap<Vec<&'t str>, Vec<usize>> {
    let mut rows: HashMap<Vec<&str>, Vec<usize>> = HashMap::new();
    for row in 0..table.rows.len().min(n_rows) {
        let key = key_of(table, row, columns);
        if is_filled(&key) {
            rows.entry(key).or_default().push(row);
        }
    }
    rows
}

fn key_of<'t>(table: &'t SampleTable, row: usize, columns: &[usize]) -> Vec<&'t str> {
    columns.iter().map(|column| table.cell(row, *column)).collect()
}

fn is_filled(key: &[&str]) -> bool {
    key.iter().all(|part| !part.is_empty())
}
