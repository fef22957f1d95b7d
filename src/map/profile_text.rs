//! TOML syntax of profiles, as serde types.
//!
//! Syntax only: `profile` and `rule` compile these types and check what they mean.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{
        MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

use super::input_settings::{
    CellNotation, LastLineEnd, MissingColumns, Quote, RaggedRows, SharedIdentifiers,
    UnknownColumns, UnreadableRows,
};
use crate::model::{
    guest_attributes::GuestAttributes,
    input::InputFormat,
    pricing::{PriceBasis, TotalFrom},
    problem::Code,
    route::Mode,
    severity::SeverityChoice,
};

/// One string or several.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a string or a list of strings")]
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

/// The result of a lookup in a table: another value, or a reason to skip the order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields, expecting = "expected a string or { skip = \"reason\" }")]
pub(super) enum TableValue {
    Text(String),
    Skip { skip: String },
}

/// How to handle rows or documents of one order with different values: the order is invalid, or
/// the first or the last value is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum OnConflict {
    Invalid,
    First,
    Last,
}

/// What the rows or documents of one order make of their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum OverRowsText {
    /// They are numbers, which are added up.
    Add,
}

/// What a value is, where its text has several spellings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum KindText {
    /// An e-mail address: trimmed, in lower case, checked.
    Email,
    /// A phone number, which becomes E.164.
    Phone,
    /// The currency of an amount such as `EUR 12.00`.
    Currency,
}

/// The rule of one field.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[expect(clippy::struct_excessive_bools, reason = "keys of a profile")]
pub(super) struct RuleText {
    pub(super) column: Option<OneOrMany>,
    pub(super) path: Option<OneOrMany>,
    pub(super) sum: Option<Vec<String>>,
    #[serde(default)]
    pub(super) minus: Vec<String>,
    #[serde(default)]
    pub(super) negate: bool,
    pub(super) nth: Option<u16>,
    pub(super) concat: Option<Vec<String>>,
    pub(super) separator: Option<String>,
    pub(super) join: Option<String>,
    #[serde(default)]
    pub(super) lenient: bool,
    pub(super) columns: Option<Vec<String>>,
    pub(super) paths: Option<Vec<String>>,
    pub(super) table: Option<Vec<Vec<TableValue>>>,
    pub(super) value: Option<String>,
    pub(super) default: Option<String>,
    #[serde(default)]
    pub(super) optional: bool,
    #[serde(default)]
    pub(super) empty: Vec<String>,
    pub(super) values: Option<BTreeMap<String, TableValue>>,
    pub(super) other: Option<TableValue>,
    #[serde(default)]
    pub(super) ignore_case: bool,
    pub(super) max_length: Option<u16>,
    pub(super) date: Option<OneOrMany>,
    pub(super) zone: Option<ZoneText>,
    pub(super) time: Option<String>,
    pub(super) locale: Option<String>,
    pub(super) strip_prefix: Option<String>,
    pub(super) strip_suffix: Option<String>,
    #[serde(default)]
    pub(super) trim: bool,
    pub(super) split: Option<String>,
    pub(super) part: Option<i16>,
    pub(super) pairs: Option<PairsText>,
    pub(super) key: Option<String>,
    pub(super) decode: Option<DecodeText>,
    #[serde(default)]
    pub(super) upper: bool,
    #[serde(default)]
    pub(super) lower: bool,
    pub(super) pad_left: Option<PadText>,
    pub(super) decimal: Option<String>,
    pub(super) thousands: Option<String>,
    pub(super) negative: Option<NegativeText>,
    pub(super) scale: Option<ScaleText>,
    pub(super) r#type: Option<String>,
    pub(super) kind: Option<KindText>,
    pub(super) country: Option<String>,
    pub(super) disagree: Option<OnConflict>,
    pub(super) over_rows: Option<OverRowsText>,
    pub(super) when: Option<ConditionText>,
}

impl RuleText {
    /// Whether the value comes from the export, not from the profile alone.
    pub(super) fn has_source(&self) -> bool {
        self.column.is_some()
            || self.path.is_some()
            || self.sum.is_some()
            || self.concat.is_some()
            || self.columns.is_some()
            || self.paths.is_some()
    }
}

// The derived implementation would take a list for the values of the keys, in their order.
impl<'de> Deserialize<'de> for RuleText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RuleVisitor)
    }
}

const EXPECTED_RULE: &str =
    "a rule: { column = \"Total\" }, { column = [\"Total\", \"Sum\"] } or { value = \"EUR\" }";

struct RuleVisitor;

impl<'de> Visitor<'de> for RuleVisitor {
    type Value = RuleText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED_RULE)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<RuleText, M::Error> {
        RuleText::deserialize(MapAccessDeserializer::new(map))
    }
}

/// The rules of one field.
#[derive(Debug, Clone)]
pub(super) struct RulesText {
    /// In the order in which they are tried.
    pub(super) rules: Vec<RuleText>,
    /// Whether they are written as a list.
    pub(super) is_list: bool,
}

impl<'de> Deserialize<'de> for RulesText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RulesVisitor)
    }
}

impl JsonSchema for RulesText {
    fn schema_name() -> Cow<'static, str> {
        "RulesText".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let rule = generator.subschema_for::<RuleText>();
        json_schema!({ "anyOf": [rule, { "type": "array", "items": rule }] })
    }
}

struct RulesVisitor;

impl<'de> Visitor<'de> for RulesVisitor {
    type Value = RulesText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED_RULE)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<RulesText, M::Error> {
        Ok(RulesText { rules: vec![RuleVisitor.visit_map(map)?], is_list: false })
    }

    fn visit_seq<S: SeqAccess<'de>>(self, list: S) -> Result<RulesText, S::Error> {
        let rules = Vec::deserialize(SeqAccessDeserializer::new(list))?;
        Ok(RulesText { rules, is_list: true })
    }
}

/// The zone of local times: a name, or the rule of a column or path that has one.
#[derive(Debug, Clone)]
pub(super) enum ZoneText {
    Name(String),
    Rule(Box<RuleText>),
}

impl<'de> Deserialize<'de> for ZoneText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ZoneVisitor)
    }
}

impl JsonSchema for ZoneText {
    fn schema_name() -> Cow<'static, str> {
        "ZoneText".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let rule = generator.subschema_for::<RuleText>();
        json_schema!({ "anyOf": [{ "type": "string" }, rule] })
    }
}

struct ZoneVisitor;

impl<'de> Visitor<'de> for ZoneVisitor {
    type Value = ZoneText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a zone such as \"Europe/London\", or { column = \"Time Zone\" }")
    }

    fn visit_str<E>(self, name: &str) -> Result<ZoneText, E> {
        Ok(ZoneText::Name(name.to_owned()))
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<ZoneText, M::Error> {
        Ok(ZoneText::Rule(Box::new(RuleVisitor.visit_map(map)?)))
    }
}

/// How a text holds pairs of a key and a value.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PairsText {
    pub(super) separator: String,
    pub(super) assign: String,
}

/// How a text is encoded within its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum DecodeText {
    /// With the entities of HTML.
    Html,
}

/// Characters that fill a text up to a length.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PadText {
    pub(super) length: u16,
    pub(super) with: String,
}

/// How a negative number is written, besides with a leading minus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum NegativeText {
    Parentheses,
    TrailingMinus,
}

/// The minor unit that numbers are in: its number of decimals, that of their currency, or one that
/// a member beside each number has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected a number of decimals, \"currency\" or { beside = \"…\", default = … }"
)]
pub(super) enum ScaleText {
    Decimals(u32),
    Currency(CurrencyScale),
    Beside(ScaleBeside),
}

/// A member beside a number that has its number of decimals.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScaleBeside {
    pub(super) beside: String,
    pub(super) default: Option<ScaleDefault>,
}

/// A minor unit that does not depend on a member beside a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number of decimals or \"currency\"")]
pub(super) enum ScaleDefault {
    Decimals(u32),
    Currency(CurrencyScale),
}

/// The word `currency`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum CurrencyScale {
    Currency,
}

/// A number: `0`, `0.5`, or a text, which keeps all digits.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number")]
pub(super) enum NumberText {
    Integer(i64),
    Float(f64),
    Text(String),
}

/// A condition on rows: all tests that are set must hold.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionText {
    pub(super) column: Option<String>,
    pub(super) path: Option<String>,
    #[serde(default)]
    pub(super) raw: bool,
    #[serde(default)]
    pub(super) optional: bool,
    pub(super) is: Option<OneOrMany>,
    pub(super) is_not: Option<OneOrMany>,
    pub(super) starts_with: Option<OneOrMany>,
    pub(super) ends_with: Option<OneOrMany>,
    pub(super) contains: Option<OneOrMany>,
    pub(super) list_contains: Option<OneOrMany>,
    pub(super) empty: Option<bool>,
    pub(super) exists: Option<bool>,
    pub(super) equals: Option<NumberText>,
    pub(super) less: Option<NumberText>,
    pub(super) greater: Option<NumberText>,
    pub(super) all: Option<Vec<Self>>,
    pub(super) any: Option<Vec<Self>>,
    pub(super) not: Option<Box<Self>>,
}

/// What a rule leaves out where its condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "lowercase")]
pub(super) enum SkipScope {
    /// The order of the row.
    #[default]
    Order,
    /// The row; its order only if no row is left.
    Row,
}

/// A rule that skips orders, or rows.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SkipText {
    pub(super) reason: String,
    #[serde(default)]
    pub(super) scope: SkipScope,
    pub(super) when: ConditionText,
}

// One struct per group with a key per field, so that serde rejects unknown keys and lists the
// known ones. A map of rules would accept any key.
macro_rules! field_group {
    ($name:ident, $($key:ident)*, $($group:ident)* $(; $($choice:ident: $type:ty)*)?) => {
        #[derive(Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        #[allow(non_snake_case, reason = "the target's own names")]
        pub(super) struct $name {
            $($key: Option<RulesText>,)*
            $(pub(super) $group: BTreeMap<String, RulesText>,)*
            $($(pub(super) $choice: Option<$type>,)*)?
        }

        impl $name {
            /// Takes the rules out, with the short names of their fields.
            pub(super) fn named(&mut self) -> Vec<(&'static str, RulesText)> {
                let all = [$((stringify!($key).trim_start_matches("r#"), self.$key.take()),)*];
                all.into_iter().filter_map(|(name, rules)| Some((name, rules?))).collect()
            }
        }
    };
}

field_group!(OrderText, referenceId orderedAt status currencyCode price paymentType cardType, ext);
field_group!(ItemText, r#type referenceId orderedAt status currencyCode price name productId quantity leg, ext product);
field_group!(GuestText, email title firstname lastname gender dob mobile phone street city state country postal_code, id; shared_identifiers: SharedIdentifiers max_addresses: u16 attributes: GuestAttributes);
field_group!(EventFieldsText, channel language currency page pos,);

/// A whole profile.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "orderferry profile", description = "How an export is read and mapped.")]
pub(super) struct ProfileText {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) about: String,
    #[expect(dead_code, reason = "followed before the keys are read, since it adds some")]
    pub(super) extends: Option<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "applied before the keys are read, since it removes some")]
    pub(super) unset: Vec<String>,
    pub(super) format: Option<InputFormat>,
    pub(super) encoding: Option<String>,
    pub(super) delimiter: Option<char>,
    pub(super) skip_lines: Option<usize>,
    pub(super) header: Option<Vec<String>>,
    #[serde(default)]
    pub(super) quote: Quote,
    pub(super) escape: Option<String>,
    #[serde(default)]
    pub(super) skip_blanks: bool,
    pub(super) cells: Option<CellNotation>,
    #[serde(default)]
    pub(super) ragged_rows: RaggedRows,
    pub(super) decimal: Option<String>,
    pub(super) thousands: Option<String>,
    #[serde(default)]
    pub(super) currency_symbols: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) last_line_end: LastLineEnd,
    pub(super) fill_down: Option<Vec<String>>,
    pub(super) rows_adjacent: Option<bool>,
    #[serde(default)]
    pub(super) join_files: bool,
    #[serde(default)]
    pub(super) unreadable_rows: UnreadableRows,
    #[serde(default)]
    pub(super) unknown_columns: UnknownColumns,
    #[serde(default)]
    pub(super) missing_columns: MissingColumns,
    #[serde(default)]
    #[schemars(schema_with = "table_of::<Code, SeverityChoice>")]
    pub(super) severity: BTreeMap<Code, SeverityChoice>,
    #[serde(default)]
    pub(super) nulls: Vec<String>,
    #[serde(default)]
    pub(super) order_price: TotalFrom,
    #[serde(default)]
    pub(super) item_price: PriceBasis,
    pub(super) earliest_order: Option<String>,
    pub(super) mode: Option<Mode>,
    pub(super) items: Option<String>,
    #[serde(default)]
    pub(super) checkout_events: bool,
    pub(super) contacts: Option<String>,
    pub(super) consumers: Option<String>,
    #[serde(default)]
    pub(super) ignore_rows: Vec<ConditionText>,
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

/// The schema of a table whose keys are the names of an enumeration.
// That of schemars for a map allows any key, since the names have descriptions.
fn table_of<K: JsonSchema, V: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let (names, values) = (generator.subschema_for::<K>(), generator.subschema_for::<V>());
    json_schema!({ "type": "object", "propertyNames": names, "additionalProperties": values })
}
