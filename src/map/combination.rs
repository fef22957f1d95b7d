//! Combination: which of its sources the value of a rule is made of, and how.
//!
//! Compiled by `rule`; `combined_value` applies it to the values of a row.

use super::{
    column_table::ColumnTable,
    key_errors::{KeyError, WHOLE_RULE},
    one_or_many::OneOrMany,
    path_text::overlap,
    rule_text::RuleText,
};

/// How the values of several sources become one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Combination {
    /// The first filled one is the value.
    #[default]
    First,
    /// Numbers are added up.
    Sum(Sum),
    /// Texts are joined.
    Concat(Concat),
    /// The elements of an array are joined, with this text between two of them.
    Join(String),
    /// Texts are looked up together.
    Table(ColumnTable),
}

/// The join of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Concat {
    /// Between two texts.
    pub(super) separator: String,
    /// Whether an empty text is left out; else it makes the whole empty.
    pub(super) is_lenient: bool,
}

/// The sum of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sum {
    /// The number of sources that are added; those behind them are subtracted.
    n_added: usize,
    is_negated: bool,
}

impl Sum {
    /// Whether the number of a source, by its index, is subtracted.
    pub(super) fn subtracts(&self, index: usize) -> bool {
        (index >= self.n_added) != self.is_negated
    }
}

/// The columns and paths that a rule reads, and how.
pub(super) struct Sources {
    pub(super) columns: Vec<String>,
    pub(super) paths: Vec<String>,
    pub(super) combination: Combination,
}

impl Sources {
    /// Compiles the keys of a rule that name its sources.
    pub(super) fn new(text: &RuleText) -> Result<Self, KeyError> {
        check_keys(text)?;
        if let Some(added) = &text.sum {
            let names = added.iter().chain(&text.minus).cloned().collect();
            ensure_apart("sum", added)?;
            ensure_apart("minus", &text.minus)?;
            let sum = Sum { n_added: added.len(), is_negated: text.negate };
            return Self::combined("sum", names, Combination::Sum(sum));
        }
        if let Some(names) = &text.concat {
            let separator = text.separator.clone().unwrap_or_default();
            let concat = Concat { separator, is_lenient: text.lenient };
            return Self::combined("concat", names.clone(), Combination::Concat(concat));
        }
        if let (Some(separator), Some(path)) = (&text.join, &text.path) {
            let paths = path.clone().into_vec();
            let columns = text.column.clone().map(OneOrMany::into_vec).unwrap_or_default();
            let combination = Combination::Join(separator.clone());
            return Ok(Self { columns, paths, combination });
        }
        if text.columns.is_some() || text.paths.is_some() {
            return Self::table(text);
        }
        let names =
            |names: &Option<OneOrMany>| names.clone().map(OneOrMany::into_vec).unwrap_or_default();
        let (columns, paths) = (names(&text.column), names(&text.path));
        Ok(Self { columns, paths, combination: Combination::First })
    }

    /// The names of a table, which are columns or paths by their keys.
    fn table(text: &RuleText) -> Result<Self, KeyError> {
        let columns = text.columns.clone().unwrap_or_default();
        let paths = text.paths.clone().unwrap_or_default();
        let n_sources = columns.len().max(paths.len());
        if text.columns.is_some() && text.paths.is_some() && columns.len() != paths.len() {
            return Err((WHOLE_RULE, "has columns and paths of different numbers".into()));
        }
        if let Some(name) = repeated(&columns).or(repeated(&paths)) {
            return Err((WHOLE_RULE, format!("has {name:?} twice in its table")));
        }
        let combination = Combination::Table(ColumnTable::new(text, n_sources)?);
        Ok(Self { columns, paths, combination })
    }

    /// The names of a key, which are columns or paths by the format of the file.
    fn combined(
        key: &'static str,
        names: Vec<String>,
        combination: Combination,
    ) -> Result<Self, KeyError> {
        if names.is_empty() {
            return Err((key, "is empty, expected columns or paths".into()));
        }
        if let Some(name) = repeated(&names) {
            return Err((WHOLE_RULE, format!("has {name:?} twice in its {key}")));
        }
        Ok(Self { columns: names.clone(), paths: names, combination })
    }
}

/// Refuses keys that exclude each other, and those without effect.
fn check_keys(text: &RuleText) -> Result<(), KeyError> {
    let sources = [
        ("column or path", text.column.is_some() || text.path.is_some()),
        ("field", text.field.is_some()),
        ("sum", text.sum.is_some()),
        ("concat", text.concat.is_some()),
        ("table", text.columns.is_some() || text.paths.is_some()),
    ];
    let mut given = sources.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| *name);
    if let (Some(first), Some(second)) = (given.next(), given.next()) {
        return Err((WHOLE_RULE, format!("has a {first} and a {second}; expected one of them")));
    }
    let (no_sum, no_concat) = (text.sum.is_none(), text.concat.is_none());
    let no_columns = text.columns.is_none() && text.paths.is_none();
    let n_names = |names: &Option<OneOrMany>| match names {
        Some(OneOrMany::Many(names)) => names.len(),
        Some(OneOrMany::One(_)) => 1,
        None => 0,
    };
    for (key, names) in [("column", &text.column), ("path", &text.path)] {
        if names.is_some() && n_names(names) == 0 {
            return Err((key, "is empty, expected a name or several".into()));
        }
    }
    let has_several = n_names(&text.path) > 1 || n_names(&text.column) > 1;
    let message = match text {
        _ if text.join.is_some() && text.path.is_none() => {
            "has join, but no path of an array; columns are joined with concat"
        }
        _ if text.join.is_some() && has_several => "has join and several paths; expected one",
        _ if no_columns && text.table.is_some() => "has a table, but no columns and no paths",
        _ if !no_columns && text.table.is_none() => {
            "has columns, but no table; several columns also make a sum or a concat, and column = \
             [...] takes the first filled one"
        }
        _ if !no_columns && text.values.is_some() => "has a table and values; expected one of them",
        _ if !no_columns
            && (text.date.is_some() || text.kind.is_some() || text.max_length.is_some()) =>
        {
            "has a table, whose values are constants, and a date, kind or max_length"
        }
        _ if no_sum && !text.minus.is_empty() => "has minus, but no sum to subtract it from",
        _ if no_sum && text.negate => "has negate, but no sum; sum may have one name",
        _ if no_concat && text.separator.is_some() => "has a separator, but no concat",
        _ if no_concat && text.lenient => "has lenient, but no concat",
        _ if !no_sum && text.values.is_some() => "has a sum and values, which are no numbers",
        _ => return Ok(()),
    };
    Err((WHOLE_RULE, message.into()))
}

/// Refuses two paths that lead to one value, which would count twice.
fn ensure_apart(key: &'static str, names: &[String]) -> Result<(), KeyError> {
    for (index, other) in names.iter().enumerate() {
        let is_same = |one: &&String| *one != other && overlap(one, other);
        if let Some(one) = names[..index].iter().find(is_same) {
            let error = format!("has {one:?} and {other:?}, so that a value of both counts twice");
            return Err((key, error));
        }
    }
    Ok(())
}

fn repeated(names: &[String]) -> Option<&String> {
    names
        .iter()
        .enumerate()
        .find(|(index, name)| names[..*index].contains(name))
        .map(|(_, name)| name)
}
