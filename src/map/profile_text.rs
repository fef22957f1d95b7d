//! A profile as it is written, and what is wrong with a TOML text.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;

use super::input_settings::{LastLineEnd, MissingColumns, ProfileFormat, UnknownColumns, UnreadableRows};
use crate::model::{
    pricing::{PriceBasis, TotalFrom},
    route::Mode,
    suggest::{did_you_mean, suggest},
};

/// One text or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

/// What a value becomes: another value, or a reason to leave the order out.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a text, or { skip = \"why\" }")]
pub(super) enum TableValue {
    Text(String),
    Skip { skip: String },
}

/// How rows or documents that disagree on a field are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub(super) enum OnConflict {
    #[default]
    Invalid,
    First,
}

/// Where one field comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleText {
    pub(super) column: Option<OneOrMany>,
    pub(super) path: Option<OneOrMany>,
    pub(super) value: Option<String>,
    pub(super) default: Option<String>,
    pub(super) values: Option<BTreeMap<String, TableValue>>,
    pub(super) other: Option<TableValue>,
    pub(super) date: Option<OneOrMany>,
    pub(super) zone: Option<String>,
    pub(super) strip_prefix: Option<String>,
    pub(super) strip_suffix: Option<String>,
    pub(super) r#type: Option<String>,
    #[serde(default)]
    pub(super) disagree: OnConflict,
}

/// When a rule about rows applies: all tests that are given must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionText {
    pub(super) column: Option<String>,
    pub(super) path: Option<String>,
    pub(super) is: Option<OneOrMany>,
    pub(super) is_not: Option<OneOrMany>,
    pub(super) starts_with: Option<OneOrMany>,
    pub(super) empty: Option<bool>,
}

/// A rule to leave an order out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SkipText {
    pub(super) reason: String,
    pub(super) when: ConditionText,
}

macro_rules! field_group {
    ($name:ident, $($key:ident)*, $($group:ident)*) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        #[allow(non_snake_case, reason = "the target's own names")]
        pub(super) struct $name {
            $($key: Option<RuleText>,)*
            $(pub(super) $group: BTreeMap<String, RuleText>,)*
        }

        impl $name {
            /// The rules by the names of their fields.
            pub(super) fn named(&mut self) -> Vec<(&'static str, RuleText)> {
                let all = [$((stringify!($key).trim_start_matches("r#"), self.$key.take()),)*];
                all.into_iter().filter_map(|(name, rule)| Some((name, rule?))).collect()
            }
        }
    };
}

field_group!(OrderText, referenceId orderedAt status currencyCode price paymentType cardType, ext);
field_group!(ItemText, r#type referenceId orderedAt status currencyCode price name productId quantity leg, ext product);
field_group!(GuestText, email title firstname lastname gender dob mobile phone street city state country postal_code, id);
field_group!(EventFieldsText, channel language currency page pos,);

/// A whole profile as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileText {
    pub(super) name: String,
    #[serde(default)]
    pub(super) about: String,
    pub(super) format: Option<ProfileFormat>,
    pub(super) delimiter: Option<char>,
    #[serde(default)]
    pub(super) last_line_end: LastLineEnd,
    #[serde(default)]
    pub(super) rows_adjacent: bool,
    #[serde(default)]
    pub(super) join_files: bool,
    #[serde(default)]
    pub(super) unreadable_rows: UnreadableRows,
    #[serde(default)]
    pub(super) unknown_columns: UnknownColumns,
    #[serde(default)]
    pub(super) missing_columns: MissingColumns,
    #[serde(default)]
    pub(super) order_price: TotalFrom,
    #[serde(default)]
    pub(super) item_price: PriceBasis,
    pub(super) mode: Option<Mode>,
    pub(super) items: Option<String>,
    pub(super) contacts: Option<String>,
    pub(super) consumers: Option<String>,
    pub(super) item_rows: Option<ConditionText>,
    #[serde(default)]
    pub(super) skip: Vec<SkipText>,
    pub(super) key: Option<RuleText>,
    #[serde(default)]
    pub(super) order: OrderText,
    #[serde(default)]
    pub(super) item: ItemText,
    #[serde(default)]
    pub(super) guest: GuestText,
    #[serde(default)]
    pub(super) contact: GuestText,
    #[serde(default)]
    pub(super) consumer: GuestText,
    #[serde(default)]
    pub(super) event: EventFieldsText,
}

/// What is wrong with a TOML text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TomlError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What was found and what was expected.
    pub message: String,
    /// The name that may be meant.
    pub suggestion: Option<String>,
}

impl fmt::Display for TomlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}{}", self.line, self.column, self.message, did_you_mean(self.suggestion.as_deref()))
    }
}

/// Describes a TOML error; an unknown name gets the nearest known one.
#[must_use]
pub fn toml_error(error: &toml::de::Error, text: &str) -> TomlError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let message = error.message().replace('\n', ", ");
    TomlError { line, column, suggestion: suggest_name(&message), message }
}

/// serde says "unknown field `x`, expected one of `y`, `z`".
fn suggest_name(message: &str) -> Option<String> {
    let mut names = message.strip_prefix("unknown ")?.split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    suggest(unknown, names).map(str::to_owned)
}
