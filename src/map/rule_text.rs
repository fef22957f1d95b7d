//! TOML syntax of the rule of a field, as serde types.
//!
//! Syntax only: `rule`, `field_rules` and the files of its keys compile it. A part of
//! `profile_text`.

use std::{borrow::Cow, collections::BTreeMap, num::NonZeroU8};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    condition_text::ConditionText,
    date::languages,
    one_or_list::{ListedTable, OneOrList},
    one_or_many::{OneOrMany, one_text, one_text_schema, some_text},
    only_table::read_from_one_table,
    phone::NumberingPlan,
    short_or_table::{ShortOrTable, short_or_table},
    written_text::{is_default, written_text, written_text_if_any},
};
use crate::model::field::ExtensionType;

/// The result of a lookup in a table: another value, or a reason to skip the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub(super) enum TableValue {
    Text(String),
    Skip { skip: String },
}

/// The keys of a reason in place of a value.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SkipTable {
    skip: String,
}

impl ShortOrTable for TableValue {
    type Table = SkipTable;

    const EXPECTED: &str = "a string or { skip = \"reason\" }";

    fn of_short(short: OneOrMany) -> Option<Self> {
        match short {
            OneOrMany::One(text) => Some(Self::Text(text)),
            OneOrMany::Many(_) => None,
        }
    }

    fn of_table(SkipTable { skip }: SkipTable) -> Self {
        Self::Skip { skip }
    }
}

impl<'de> Deserialize<'de> for TableValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        short_or_table(deserializer)
    }
}

/// How to handle rows or documents of one order with different values: the order is invalid, or
/// the first or the last value is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum OnConflict {
    Invalid,
    First,
    Last,
}

/// What the rows or documents of one order make of their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum OverRowsText {
    /// They are numbers, which are added up.
    Add,
}

/// What a value is, where its text has several spellings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum KindText {
    /// An e-mail address: trimmed, in lower case, checked.
    Email,
    /// A phone number, which becomes E.164.
    Phone,
    /// The currency of an amount such as `EUR 12.00`.
    Currency,
    /// A country by a code or its English name, which becomes the code with two letters.
    Country,
}

/// Which word of a whole name is the last name; the other words are the first name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SplitNameText {
    /// The last one, as in Ann Smith.
    LastWord,
    /// The first one, as in Nagy Anna.
    FirstWord,
}

/// The rule of one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[expect(clippy::struct_excessive_bools, reason = "keys of a profile")]
pub(super) struct RuleText {
    /// The column, or several of which the first filled one is taken.
    pub(super) column: Option<OneOrMany>,
    /// The path in a JSON document, or several of which the first filled one is taken.
    pub(super) path: Option<OneOrMany>,
    /// The field of an item in a list, or several of which the first filled one is taken.
    pub(super) field: Option<OneOrMany>,
    /// The columns or paths whose numbers are added up.
    pub(super) sum: Option<Vec<String>>,
    /// The columns or paths whose numbers are subtracted from the sum.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) minus: Vec<String>,
    /// Whether the sum gets the other sign.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) negate: bool,
    /// Which of several columns with this name is meant, from 1.
    pub(super) nth: Option<u16>,
    /// The columns or paths whose texts are joined.
    pub(super) concat: Option<Vec<String>>,
    /// What is between the joined texts.
    #[serde(default, deserialize_with = "some_text", serialize_with = "written_text_if_any")]
    #[schemars(schema_with = "one_text_schema")]
    pub(super) separator: Option<String>,
    /// What is between the elements of an array that become one text.
    #[serde(default, deserialize_with = "some_text", serialize_with = "written_text_if_any")]
    #[schemars(schema_with = "one_text_schema")]
    pub(super) join: Option<String>,
    /// Which text of an object is taken whose names are languages.
    pub(super) language: Option<LanguageText>,
    /// Whether empty texts are left out of the joined one; else it is empty too.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) lenient: bool,
    /// The columns whose texts are looked up in the table.
    pub(super) columns: Option<Vec<String>>,
    /// The paths whose texts are looked up in the table.
    pub(super) paths: Option<Vec<String>>,
    /// Rows of one text for each column, `*` for any, and the value; the first that fits counts.
    pub(super) table: Option<Vec<Vec<TableValue>>>,
    /// A constant.
    pub(super) value: Option<String>,
    /// The value where the export has none.
    pub(super) default: Option<String>,
    /// Whether the export may lack the column or path.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) optional: bool,
    /// Texts that count as empty, in addition to `nulls`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) empty: Vec<String>,
    /// What the texts of the export mean.
    pub(super) values: Option<BTreeMap<String, TableValue>>,
    /// What every other text means; `keep` leaves it as it is.
    pub(super) other: Option<TableValue>,
    /// Whether upper and lower case are the same in `values`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) ignore_case: bool,
    /// The number of characters after which a text is cut, with a warning.
    pub(super) max_length: Option<u16>,
    /// The format of the dates, or several: `iso8601`, `epoch`, `epoch_ms`, `epoch_us`, `excel`,
    /// or a strftime format.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) date: Option<OneOrMany>,
    /// The time zone of dates without an offset.
    pub(super) zone: Option<ZoneText>,
    /// The time of day of dates that have none, such as 12:00.
    pub(super) time: Option<String>,
    /// The language of the names of months.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(schema_with = "locales")]
    pub(super) locale: Option<String>,
    /// A text that is removed from the start.
    #[serde(default, deserialize_with = "some_text", serialize_with = "written_text_if_any")]
    #[schemars(schema_with = "one_text_schema")]
    pub(super) strip_prefix: Option<String>,
    /// A text that is removed from the end.
    #[serde(default, deserialize_with = "some_text", serialize_with = "written_text_if_any")]
    #[schemars(schema_with = "one_text_schema")]
    pub(super) strip_suffix: Option<String>,
    /// Whether invisible characters around the text are removed too.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) trim: bool,
    /// Where a text is split; `part` is taken.
    #[serde(default, deserialize_with = "some_text", serialize_with = "written_text_if_any")]
    #[schemars(schema_with = "one_text_schema")]
    pub(super) split: Option<String>,
    /// Which part of a split text is taken, from 1; from the end if it is negative. In a rule
    /// without a column or path the position of a field of an item in a list.
    pub(super) part: Option<i16>,
    /// How a text has pairs of a key and a value; that of `key` is taken.
    pub(super) pairs: Option<PairsText>,
    /// The key of the pair whose value is taken.
    pub(super) key: Option<String>,
    /// How the text is encoded.
    pub(super) decode: Option<DecodeText>,
    /// Whether the text becomes upper case.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) upper: bool,
    /// Whether the text becomes lower case.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) lower: bool,
    /// What a shorter text is filled up with at its start.
    pub(super) pad_left: Option<PadText>,
    /// The decimal mark of the numbers.
    pub(super) decimal: Option<String>,
    /// The mark between groups of three digits.
    pub(super) thousands: Option<String>,
    /// How negative numbers are written, besides with a minus before them.
    pub(super) negative: Option<NegativeText>,
    /// The number of decimals of the minor unit that the numbers are in.
    pub(super) scale: Option<ScaleText>,
    /// The type of an extension attribute: string, boolean, integer or float.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(schema_with = "types")]
    pub(super) r#type: Option<String>,
    /// What the text is, where it has several spellings.
    pub(super) kind: Option<KindText>,
    /// The country of phone numbers without a country code, such as GB.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) country: Option<CountryText>,
    /// Which word of a whole name is the last name.
    pub(super) split_name: Option<SplitNameText>,
    /// Which value counts where the rows of an order have different ones.
    pub(super) disagree: Option<OnConflict>,
    /// What the rows of an order make of their values.
    pub(super) over_rows: Option<OverRowsText>,
    /// Where the rule counts.
    pub(super) when: Option<ConditionText>,
}

impl RuleText {
    /// Whether the value comes from the export, not from the profile alone.
    pub(super) fn has_source(&self) -> bool {
        self.has_names() || self.field.is_some() || self.reads_part()
    }

    /// Whether the value is that of a field by its position.
    pub(super) fn reads_part(&self) -> bool {
        let is_alone = self.split.is_none() && self.value.is_none() && self.field.is_none();
        self.part.is_some() && is_alone && !self.has_names()
    }

    /// Whether it names columns or paths.
    fn has_names(&self) -> bool {
        self.column.is_some()
            || self.path.is_some()
            || self.sum.is_some()
            || self.concat.is_some()
            || self.columns.is_some()
            || self.paths.is_some()
    }
}

read_from_one_table!(RuleText, EXPECTED_RULE);

const EXPECTED_RULE: &str =
    "a rule: { column = \"Total\" }, { column = [\"Total\", \"Sum\"] } or { value = \"EUR\" }";

/// The rules of one field, in the order in which they are tried.
pub(super) type RulesText = OneOrList<RuleText>;

impl ListedTable for RuleText {
    const EXPECTED: &str = EXPECTED_RULE;
}

/// The zone of local times: a name, or the rule of a column or path that has one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum ZoneText {
    Name(String),
    Rule(Box<RuleText>),
}

impl ShortOrTable for ZoneText {
    type Table = RuleText;

    const EXPECTED: &str = "a zone such as \"Europe/London\", or { column = \"Time Zone\" }";

    fn of_short(short: OneOrMany) -> Option<Self> {
        match short {
            OneOrMany::One(name) => Some(Self::Name(name)),
            OneOrMany::Many(_) => None,
        }
    }

    fn of_table(rule: RuleText) -> Self {
        Self::Rule(Box::new(rule))
    }
}

impl<'de> Deserialize<'de> for ZoneText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        short_or_table(deserializer)
    }
}

impl JsonSchema for ZoneText {
    fn schema_name() -> Cow<'static, str> {
        "ZoneText".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let rule = generator.subschema_for::<RuleText>();
        let name = json_schema!({ "type": "string" });
        json_schema!({ "anyOf": [name, rule] })
    }
}

/// The country of phone numbers: a code, or the rule of a column or path that has one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum CountryText {
    Code(String),
    Rule(Box<RuleText>),
}

impl ShortOrTable for CountryText {
    type Table = RuleText;

    const EXPECTED: &str = "a country such as \"GB\", or { column = \"Billing Country\" }";

    fn of_short(short: OneOrMany) -> Option<Self> {
        match short {
            OneOrMany::One(code) => Some(Self::Code(code)),
            OneOrMany::Many(_) => None,
        }
    }

    fn of_table(rule: RuleText) -> Self {
        Self::Rule(Box::new(rule))
    }
}

impl<'de> Deserialize<'de> for CountryText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        short_or_table(deserializer)
    }
}

impl JsonSchema for CountryText {
    fn schema_name() -> Cow<'static, str> {
        "CountryText".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let rule = generator.subschema_for::<RuleText>();
        let countries: Vec<_> = NumberingPlan::countries().collect();
        let code = json_schema!({ "type": "string", "enum": countries });
        json_schema!({ "anyOf": [code, rule] })
    }
}

/// Which text of an object is taken whose names are languages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct LanguageText {
    /// The path of the wanted language, or several of which the first filled one is taken.
    pub(super) path: Option<OneOrMany>,
    /// The languages that are taken where the wanted one has no text, in this order; `*` is any.
    pub(super) fallback: Option<OneOrMany>,
}

read_from_one_table!(
    LanguageText,
    "a language: { path = \"locale\", fallback = [\"en\", \"*\"] } or { fallback = \"en\" }"
);

/// How a text holds pairs of a key and a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct PairsText {
    /// What is between two pairs.
    #[serde(deserialize_with = "one_text", serialize_with = "written_text")]
    #[schemars(schema_with = "one_text_schema")]
    pub(super) separator: String,
    /// What is between a key and its value.
    #[serde(deserialize_with = "one_text", serialize_with = "written_text")]
    #[schemars(schema_with = "one_text_schema")]
    pub(super) assign: String,
}

read_from_one_table!(PairsText);

/// How a text is encoded within its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum DecodeText {
    /// With the entities of HTML.
    Html,
    /// With a backslash before characters that would separate fields or items.
    Backslash,
}

/// Characters that fill a text up to a length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct PadText {
    /// The number of characters of a padded text.
    pub(super) length: NonZeroU8,
    /// The character that fills it up.
    #[serde(deserialize_with = "one_text", serialize_with = "written_text")]
    #[schemars(schema_with = "one_text_schema")]
    pub(super) with: String,
}

read_from_one_table!(PadText);

/// How a negative number is written, besides with a leading minus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum NegativeText {
    Parentheses,
    TrailingMinus,
}

/// The minor unit that numbers are in: its number of decimals, that of their currency, or one that
/// a member beside each number has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct ScaleBeside {
    /// The name of the member beside the number.
    pub(super) beside: String,
    /// The minor unit of numbers without that member.
    pub(super) default: Option<ScaleDefault>,
}

read_from_one_table!(ScaleBeside);

/// A minor unit that does not depend on a member beside a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number of decimals or \"currency\"")]
pub(super) enum ScaleDefault {
    Decimals(u32),
    Currency(CurrencyScale),
}

/// The word `currency`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum CurrencyScale {
    Currency,
}

fn types(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<_> = ExtensionType::NAMES.iter().map(|(name, _)| *name).collect();
    json_schema!({ "type": "string", "enum": names })
}

fn locales(_: &mut SchemaGenerator) -> Schema {
    let languages: Vec<_> = languages().collect();
    json_schema!({ "type": "string", "enum": languages })
}
