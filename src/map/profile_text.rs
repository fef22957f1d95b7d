//! TOML syntax of profiles, as serde types.
//!
//! Syntax only: `profile` and `rule` compile these types and check what they mean.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{
    date::languages,
    file_keys_text::FileKeysText,
    input_settings::{
        CellNotation, LastLineEnd, Many, MissingColumns, Quote, RaggedRows, SharedIdentifiers,
        UnknownColumns, UnreadableRows,
    },
    items_text::{ItemSource, ItemsText},
    one_or_list::{ListedTable, OneOrList},
    one_or_many::{OneOrMany, one_text, one_text_schema, some_text},
};
use crate::model::{
    guest_attributes::GuestAttributes,
    input::InputFormat,
    pricing::{PriceBasis, TotalFrom},
    problem::Code,
    route::Mode,
    severity::SeverityChoice,
};

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
    /// The column, or several of which the first filled one is taken.
    pub(super) column: Option<OneOrMany>,
    /// The path in a JSON document, or several of which the first filled one is taken.
    pub(super) path: Option<OneOrMany>,
    /// The field of an item in a list, or several of which the first filled one is taken.
    pub(super) field: Option<OneOrMany>,
    /// The columns or paths whose numbers are added up.
    pub(super) sum: Option<Vec<String>>,
    /// The columns or paths whose numbers are subtracted from the sum.
    #[serde(default)]
    pub(super) minus: Vec<String>,
    /// Whether the sum gets the other sign.
    #[serde(default)]
    pub(super) negate: bool,
    /// Which of several columns with this name is meant, from 1.
    pub(super) nth: Option<u16>,
    /// The columns or paths whose texts are joined.
    pub(super) concat: Option<Vec<String>>,
    /// What is between the joined texts.
    #[serde(default, deserialize_with = "some_text")]
    #[schemars(schema_with = "one_text_schema")]
    pub(super) separator: Option<String>,
    /// What is between the elements of an array that become one text.
    #[serde(default, deserialize_with = "some_text")]
    #[schemars(schema_with = "one_text_schema")]
    pub(super) join: Option<String>,
    /// Whether empty texts are left out of the joined one; else it is empty too.
    #[serde(default)]
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
    #[serde(default)]
    pub(super) optional: bool,
    /// Texts that count as empty, in addition to `nulls`.
    #[serde(default)]
    pub(super) empty: Vec<String>,
    /// What the texts of the export mean.
    pub(super) values: Option<BTreeMap<String, TableValue>>,
    /// What every other text means; `keep` leaves it as it is.
    pub(super) other: Option<TableValue>,
    /// Whether upper and lower case are the same in `values`.
    #[serde(default)]
    pub(super) ignore_case: bool,
    /// The number of characters after which a text is cut, with a warning.
    pub(super) max_length: Option<u16>,
    /// The format of the dates, or several: `iso8601`, `epoch`, `epoch_ms`, `epoch_us`, `excel`,
    /// or a strftime format.
    pub(super) date: Option<OneOrMany>,
    /// The time zone of dates without an offset.
    pub(super) zone: Option<ZoneText>,
    /// The time of day of dates that have none, such as 12:00.
    pub(super) time: Option<String>,
    /// The language of the names of months.
    #[serde(default)]
    #[schemars(schema_with = "locales")]
    pub(super) locale: Option<String>,
    /// A text that is removed from the start.
    #[serde(default, deserialize_with = "some_text")]
    #[schemars(schema_with = "one_text_schema")]
    pub(super) strip_prefix: Option<String>,
    /// A text that is removed from the end.
    #[serde(default, deserialize_with = "some_text")]
    #[schemars(schema_with = "one_text_schema")]
    pub(super) strip_suffix: Option<String>,
    /// Whether invisible characters around the text are removed too.
    #[serde(default)]
    pub(super) trim: bool,
    /// Where a text is split; `part` is taken.
    #[serde(default, deserialize_with = "some_text")]
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
    #[serde(default)]
    pub(super) upper: bool,
    /// Whether the text becomes lower case.
    #[serde(default)]
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
    pub(super) r#type: Option<String>,
    /// What the text is, where it has several spellings.
    pub(super) kind: Option<KindText>,
    /// The country of phone numbers without a country code, such as GB.
    pub(super) country: Option<String>,
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

/// The rules of one field, in the order in which they are tried.
pub(super) type RulesText = OneOrList<RuleText>;

impl ListedTable for RuleText {
    const EXPECTED: &str = EXPECTED_RULE;
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
        let name = json_schema!({ "type": "string", "examples": ["Europe/Berlin", "UTC"] });
        json_schema!({ "anyOf": [name, rule] })
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
    /// What is between two pairs.
    #[serde(deserialize_with = "one_text")]
    #[schemars(schema_with = "one_text_schema")]
    pub(super) separator: String,
    /// What is between a key and its value.
    #[serde(deserialize_with = "one_text")]
    #[schemars(schema_with = "one_text_schema")]
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
    /// The number of characters of a padded text.
    pub(super) length: u16,
    /// The character that fills it up.
    #[serde(deserialize_with = "one_text")]
    #[schemars(schema_with = "one_text_schema")]
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
    /// The name of the member beside the number.
    pub(super) beside: String,
    /// The minor unit of numbers without that member.
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
    /// The column that is tested.
    pub(super) column: Option<String>,
    /// The path that is tested in a JSON document.
    pub(super) path: Option<String>,
    /// The field of an item in a list or in a group of columns that is tested.
    pub(super) field: Option<String>,
    /// The position of a field of an item in a list that is tested, from 1.
    pub(super) part: Option<i16>,
    /// Whether the row is tested as it is in the file.
    #[serde(default)]
    pub(super) raw: bool,
    /// Whether the export may lack the column or path.
    #[serde(default)]
    pub(super) optional: bool,
    /// The value is this text, or one of these.
    pub(super) is: Option<OneOrMany>,
    /// There is a value, and it is none of these texts.
    pub(super) is_not: Option<OneOrMany>,
    /// The value starts with this text, or one of these.
    pub(super) starts_with: Option<OneOrMany>,
    /// The value ends with this text, or one of these.
    pub(super) ends_with: Option<OneOrMany>,
    /// The value contains this text, or one of these.
    pub(super) contains: Option<OneOrMany>,
    /// An element of the array, or of the text split at commas, is this text.
    pub(super) list_contains: Option<OneOrMany>,
    /// Whether there is no value.
    pub(super) empty: Option<bool>,
    /// Whether the column or member is there.
    pub(super) exists: Option<bool>,
    /// The value is this number.
    pub(super) equals: Option<NumberText>,
    /// The value is a smaller number.
    pub(super) less: Option<NumberText>,
    /// The value is a greater number.
    pub(super) greater: Option<NumberText>,
    /// All of these conditions hold.
    pub(super) all: Option<Vec<Self>>,
    /// One of these conditions holds.
    pub(super) any: Option<Vec<Self>>,
    /// This condition does not hold.
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
    /// The reason, under which the orders are counted and reported.
    pub(super) reason: String,
    /// What is left out where the condition holds.
    #[serde(default)]
    pub(super) scope: SkipScope,
    /// Which orders or rows are left out.
    pub(super) when: ConditionText,
}

// One struct per group with a key per field, so that serde rejects unknown keys and lists the
// known ones. A map of rules would accept any key.
macro_rules! field_group {
    ($name:ident, $($key:ident)*, $($group:ident)* $(; $($(#[$doc:meta])* $choice:ident: $type:ty)*)?) => {
        #[derive(Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        #[allow(non_snake_case, reason = "the target's own names")]
        pub(super) struct $name {
            $($key: Option<RulesText>,)*
            $(pub(super) $group: BTreeMap<String, RulesText>,)*
            $($($(#[$doc])* pub(super) $choice: Option<$type>,)*)?
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
field_group!(ItemText, r#type referenceId orderedAt status currencyCode price name productId quantity leg line_price discount, ext product;
    /// Which items are of this kind; for each item one of several kinds.
    when: ConditionText
    /// Whether items are what `items` and `item_rows` say, or one is made of values of the order.
    from: ItemSource);
impl ListedTable for ItemText {
    const EXPECTED: &str = "the rules of an item: [item], or an [[item]] for each kind";
}

field_group!(GuestText, email title firstname lastname gender dob mobile phone street city state country postal_code, id; shared_identifiers: SharedIdentifiers max_addresses: u16 attributes: GuestAttributes);
field_group!(EventFieldsText, channel language currency page pos,);

/// A file beside the export, whose rows belong to those of the export by their keys.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JoinText {
    /// The name before its columns, such as `customer` in `customer.email`.
    pub(super) r#as: String,
    /// The file or a pattern such as `items-*.csv`, beside the export; else `--join` names it.
    pub(super) file: Option<String>,
    /// How it is written.
    #[serde(default)]
    pub(super) profile: FileKeysText,
    /// The columns of the export and of the file that have equal values where a row belongs to
    /// another.
    pub(super) on: Vec<JoinKeyText>,
    /// What several rows with the key of one row of the export mean.
    pub(super) many: Option<Many>,
    /// Whether its rows are the items of the orders.
    #[serde(default)]
    pub(super) items: bool,
}

/// A part of the key: the rule of the export's column, and in `to` that of the file's.
#[derive(Debug, Clone)]
pub(super) struct JoinKeyText {
    /// Where the export has it.
    pub(super) from: RuleText,
    /// Where the file has it.
    pub(super) to: RuleText,
}

const EXPECTED_KEY: &str = "a part of the key: { column = \"customer_id\", to = \"id\" }";

impl<'de> Deserialize<'de> for JoinKeyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(JoinKeyVisitor)
    }
}

impl JsonSchema for JoinKeyText {
    fn schema_name() -> Cow<'static, str> {
        "JoinKeyText".into()
    }

    /// The keys of a rule, and `to`.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let rule = generator.subschema_for::<RuleText>();
        let mut schema = RuleText::json_schema(generator);
        let to = json_schema!({
            "description": "The column of the file that has the same value, or a rule of it.",
            "anyOf": [{ "type": "string" }, rule]
        });
        if let Some(keys) = schema.get_mut("properties").and_then(|keys| keys.as_object_mut()) {
            keys.insert("to".to_owned(), to.into());
        }
        schema.insert("required".to_owned(), ["to"].as_slice().into());
        schema
    }
}

struct JoinKeyVisitor;

impl<'de> Visitor<'de> for JoinKeyVisitor {
    type Value = JoinKeyText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED_KEY)
    }

    // The keys of a rule are read by its own type, which knows no `to`.
    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<JoinKeyText, M::Error> {
        let mut table = toml::Table::deserialize(MapAccessDeserializer::new(map))?;
        let Some(to) = table.remove("to") else {
            let message = format!("the key \"to\" is missing; expected {EXPECTED_KEY}");
            return Err(M::Error::custom(message));
        };
        let to = match to {
            toml::Value::String(name) => toml::Table::from_iter([("column".into(), name.into())]),
            toml::Value::Table(rule) => rule,
            _ => {
                let message = "\"to\" is no column; expected \"id\" or { column = \"id\" }";
                return Err(M::Error::custom(message));
            }
        };
        let rule = |table| RuleText::deserialize(toml::Value::Table(table));
        let [from, to] = [table, to].map(|table| rule(table).map_err(M::Error::custom));
        Ok(JoinKeyText { from: from?, to: to? })
    }
}

/// A whole profile.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "orderferry profile", description = "How an export is read and mapped.")]
pub(super) struct ProfileText {
    /// The name of the profile.
    #[serde(default)]
    pub(super) name: String,
    /// A description in one line.
    #[serde(default)]
    pub(super) about: String,
    /// The profile whose keys this one has too: a built-in one, or a file beside this one.
    #[expect(dead_code, reason = "followed before the keys are read, since it adds some")]
    pub(super) extends: Option<String>,
    /// Paths of keys of the extended profile that this one has not.
    #[serde(default)]
    #[expect(dead_code, reason = "applied before the keys are read, since it removes some")]
    pub(super) unset: Vec<String>,
    /// The format of the files; else it is found by their content.
    pub(super) format: Option<InputFormat>,
    /// The paths at which the values of JSON files have their documents, such as `orders[]`; `.`
    /// is the whole value. Else a document is a line, or a value over several lines.
    pub(super) documents: Option<OneOrMany>,
    /// The encoding of the text, such as windows-1252; default utf-8.
    pub(super) encoding: Option<String>,
    /// The character between two cells; default a comma.
    pub(super) delimiter: Option<char>,
    /// The number of lines before the header, blank ones included.
    pub(super) skip_lines: Option<usize>,
    /// The names of the columns of a file without a header.
    pub(super) header: Option<Vec<String>>,
    /// What quotes mean.
    #[serde(default)]
    pub(super) quote: Quote,
    /// The character before a quote within a cell; default: the quote is doubled.
    pub(super) escape: Option<String>,
    /// Whether blanks behind a delimiter and before a quote are skipped.
    #[serde(default)]
    pub(super) skip_blanks: bool,
    /// How texts in cells are written, besides quotes.
    pub(super) cells: Option<CellNotation>,
    /// How rows with more or fewer cells than the header are handled.
    #[serde(default)]
    pub(super) ragged_rows: RaggedRows,
    /// The decimal mark of all numbers.
    pub(super) decimal: Option<String>,
    /// The mark between groups of three digits of all numbers.
    pub(super) thousands: Option<String>,
    /// The symbols that amounts have, and the codes of their currencies.
    #[serde(default)]
    pub(super) currency_symbols: BTreeMap<String, String>,
    /// Whether a file must end with a line end.
    #[serde(default)]
    pub(super) last_line_end: LastLineEnd,
    /// The columns whose blank cells take the value above.
    pub(super) fill_down: Option<Vec<String>>,
    /// Whether the rows of an order follow each other.
    pub(super) rows_adjacent: Option<bool>,
    /// Whether the rows of an order may be in several files.
    #[serde(default)]
    pub(super) join_files: bool,
    /// How unreadable rows of unknown orders are handled.
    #[serde(default)]
    pub(super) unreadable_rows: UnreadableRows,
    /// How columns and members that no rule reads are handled.
    #[serde(default)]
    pub(super) unknown_columns: UnknownColumns,
    /// How columns that the export lacks are handled.
    #[serde(default)]
    pub(super) missing_columns: MissingColumns,
    /// The severities of problem codes, in place of their own.
    #[serde(default)]
    #[schemars(schema_with = "table_of::<Code, SeverityChoice>")]
    pub(super) severity: BTreeMap<Code, SeverityChoice>,
    /// Texts that count as empty, everywhere.
    #[serde(default)]
    pub(super) nulls: Vec<String>,
    /// Where the price of an order comes from.
    #[serde(default)]
    pub(super) order_price: TotalFrom,
    /// What the price of an item is for.
    #[serde(default)]
    pub(super) item_price: PriceBasis,
    /// The first day on which an order can have been made, as YYYY-MM-DD.
    pub(super) earliest_order: Option<String>,
    /// The mode of sending, if the target sets none.
    pub(super) mode: Option<Mode>,
    /// Where the items of a document are, which is a whole order then.
    pub(super) items: Option<ItemsText>,
    /// Whether documents may be ORDER_CHECKOUT events.
    #[serde(default)]
    pub(super) checkout_events: bool,
    /// The path of the array of contacts.
    pub(super) contacts: Option<String>,
    /// The path of the array of consumers.
    pub(super) consumers: Option<String>,
    /// Conditions on rows that belong to no order.
    #[serde(default)]
    pub(super) ignore_rows: Vec<ConditionText>,
    /// The condition on rows or elements that are items.
    pub(super) item_rows: Option<ConditionText>,
    /// Orders or rows that are left out, with a reason.
    #[serde(default)]
    pub(super) skip: Vec<SkipText>,
    /// The order key, which the rows of an order share; else it is the reference.
    pub(super) key: Option<RuleText>,
    /// The rules of the order.
    #[serde(default)]
    pub(super) order: OrderText,
    /// The rules of an item, or those of several kinds of items.
    #[serde(default)]
    pub(super) item: OneOrList<ItemText>,
    /// The rules of the guest.
    #[serde(default)]
    pub(super) guest: GuestText,
    /// The rules of a contact.
    #[serde(default)]
    pub(super) contact: GuestText,
    /// The rules of a consumer.
    #[serde(default)]
    pub(super) consumer: GuestText,
    /// The rules of what all events have.
    #[serde(default)]
    pub(super) event: EventFieldsText,
    /// Files beside the export, whose columns the rules can read too.
    #[serde(default)]
    pub(super) join: Vec<JoinText>,
}

impl ProfileText {
    /// Takes the keys out that say how the files of the export are written.
    pub(super) fn file_keys(&mut self) -> FileKeysText {
        FileKeysText {
            format: self.format,
            documents: self.documents.take(),
            encoding: self.encoding.take(),
            delimiter: self.delimiter,
            skip_lines: self.skip_lines,
            header: self.header.take(),
            quote: self.quote,
            escape: self.escape.take(),
            skip_blanks: self.skip_blanks,
            cells: self.cells,
            ragged_rows: self.ragged_rows,
            last_line_end: self.last_line_end,
        }
    }
}

/// The schema of a table whose keys are the names of an enumeration.
// That of schemars for a map allows any key, since the names have descriptions.
fn table_of<K: JsonSchema, V: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let (names, values) = (generator.subschema_for::<K>(), generator.subschema_for::<V>());
    json_schema!({ "type": "object", "propertyNames": names, "additionalProperties": values })
}

fn locales(_: &mut SchemaGenerator) -> Schema {
    let languages: Vec<_> = languages().collect();
    json_schema!({ "type": "string", "enum": languages })
}
