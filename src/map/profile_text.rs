//! TOML syntax of profiles, as serde types.
//!
//! Syntax only: `profile_keys` compiles these types and checks what they mean. Parts of it are
//! in `rule_text`, `condition_text`, `items_text`, `join_text` and `file_keys_text`.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use toml::value::Datetime;

use super::{
    condition_text::ConditionText,
    copies_text::DuplicatesText,
    file_keys_text::FileKeysText,
    input_settings::{
        CellNotation, LastLineEnd, MissingColumns, Quote, RaggedRows, RefundMode,
        SharedIdentifiers, UnknownColumns, UnreadableRows,
    },
    items_text::{ItemsFrom, ItemsText},
    join_text::JoinText,
    one_or_list::{ListedTable, OneOrList},
    one_or_many::OneOrMany,
    only_table::read_from_one_table,
    parent_text::ParentText,
    rule_text::{RuleText, RulesText},
    written_text::is_default,
};
use crate::model::{
    guest_attributes::GuestAttributes,
    input::InputFormat,
    pricing::{PriceBasis, TotalFrom},
    problem::Code,
    route::Mode,
    severity::SeverityChoice,
};

/// What a rule leaves out where its condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "lowercase")]
pub(super) enum SkipScope {
    /// The order of the row.
    #[default]
    Order,
    /// The row; its order only if no row is left.
    Row,
}

/// A rule that skips orders, or rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct SkipText {
    /// The reason, under which the orders are counted and reported.
    pub(super) reason: String,
    /// What is left out where the condition holds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) scope: SkipScope,
    /// Which orders or rows are left out.
    pub(super) when: ConditionText,
}

read_from_one_table!(SkipText);

/// What becomes of refunds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct RefundsText {
    /// The rows or documents that are refunds.
    pub(super) rows: Option<ConditionText>,
    /// Whether they are left out, kept as all other rows, or taken off their orders.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) mode: RefundMode,
    /// The key of the order of a refund, which is a record of its own then.
    pub(super) order: Option<RuleText>,
    /// The amount of a refund, in place of its items.
    pub(super) amount: Option<RuleText>,
}

read_from_one_table!(RefundsText);

// One struct per group with a key per field, so that serde rejects unknown keys and lists the
// known ones. A map of rules would accept any key.
macro_rules! field_group {
    ($name:ident, $($key:ident)*, $($group:ident)* $(; $($(#[$doc:meta])* $choice:ident: $type:ty)*)?) => {
        #[derive(Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default, remote = "Self")]
        #[allow(non_snake_case, reason = "the target's own names")]
        pub(super) struct $name {
            $(pub(super) $key: Option<RulesText>,)*
            $(
                #[serde(skip_serializing_if = "BTreeMap::is_empty")]
                pub(super) $group: BTreeMap<String, RulesText>,
            )*
            $($($(#[$doc])* pub(super) $choice: Option<$type>,)*)?
        }

        read_from_one_table!($name);

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
    /// Whether items are what `items` and `item_rows` say, or one is made of values of the order, or
    /// they are the rows of a join with this name.
    from: ItemsFrom);
impl ListedTable for ItemText {
    const EXPECTED: &str = "the rules of an item: [item], or an [[item]] for each kind";
}

field_group!(GuestText, email title firstname lastname gender dob mobile phone street city state country postal_code, id; shared_identifiers: SharedIdentifiers max_addresses: u16 attributes: GuestAttributes
    /// The whole name, which is split where the first or last name has no value of its own.
    name: RulesText);
field_group!(EventFieldsText, channel language currency page pos,);

/// A whole profile.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "orderferry profile", description = "How an export is read and mapped.")]
pub(super) struct ProfileText {
    /// The name of the profile.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) name: String,
    /// A description in one line.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) about: String,
    /// The profile whose keys this one has too: a built-in one, or a file beside this one.
    // No open question: which keys there are must be known before an answer is.
    #[schemars(extend("pattern" = "[^?]"))]
    pub(super) extends: Option<String>,
    /// Paths of keys of the extended profile that this one has not.
    #[serde(default, skip_serializing_if = "is_default")]
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
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) quote: Quote,
    /// The character before a quote within a cell; default: the quote is doubled.
    pub(super) escape: Option<String>,
    /// Whether blanks behind a delimiter and before a quote are skipped.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) skip_blanks: bool,
    /// How texts in cells are written, besides quotes.
    pub(super) cells: Option<CellNotation>,
    /// How rows with more or fewer cells than the header are handled.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) ragged_rows: RaggedRows,
    /// The decimal mark of all numbers.
    pub(super) decimal: Option<String>,
    /// The mark between groups of three digits of all numbers.
    pub(super) thousands: Option<String>,
    /// The symbols that amounts have, and the codes of their currencies.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) currency_symbols: BTreeMap<String, String>,
    /// Whether a file must end with a line end.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) last_line_end: LastLineEnd,
    /// The columns whose blank cells take the value above.
    pub(super) fill_down: Option<Vec<String>>,
    /// Whether the rows of an order follow each other.
    pub(super) rows_adjacent: Option<bool>,
    /// Whether the rows of an order may be in several files.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) join_files: bool,
    /// How unreadable rows of unknown orders are handled.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) unreadable_rows: UnreadableRows,
    /// How columns and members that no rule reads are handled.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) unknown_columns: UnknownColumns,
    /// How columns that the export lacks are handled.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) missing_columns: MissingColumns,
    /// The severities of problem codes, in place of their own.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(schema_with = "table_of::<Code, SeverityChoice>")]
    pub(super) severity: BTreeMap<Code, SeverityChoice>,
    /// Texts that count as empty, everywhere.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) nulls: Vec<String>,
    /// Where the price of an order comes from.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) order_price: TotalFrom,
    /// What the price of an item is for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) item_price: PriceBasis,
    /// The first day on which an order can have been made, as YYYY-MM-DD.
    #[serde(default, deserialize_with = "some_day")]
    pub(super) earliest_order: Option<String>,
    /// The mode of sending, if the target sets none.
    pub(super) mode: Option<Mode>,
    /// Where the items of a document are, which is a whole order then.
    pub(super) items: Option<ItemsText>,
    /// Whether documents may be ORDER_CHECKOUT events.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) checkout_events: bool,
    /// The path of the array of contacts.
    pub(super) contacts: Option<String>,
    /// The path of the array of consumers.
    pub(super) consumers: Option<String>,
    /// Conditions on rows that belong to no order.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) ignore_rows: Vec<ConditionText>,
    /// The condition on rows or elements that are items.
    pub(super) item_rows: Option<ConditionText>,
    /// Orders or rows that are left out, with a reason.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) skip: Vec<SkipText>,
    /// What becomes of refunds.
    pub(super) refunds: Option<RefundsText>,
    /// What becomes of several copies of an order.
    pub(super) duplicates: Option<DuplicatesText>,
    /// How lines of their own belong to the document of an order.
    pub(super) parent: Option<ParentText>,
    /// The order key, which the rows of an order share; else it is the reference.
    pub(super) key: Option<RuleText>,
    /// The rules of the order.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) order: OrderText,
    /// The rules of an item, or those of several kinds of items.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) item: OneOrList<ItemText>,
    /// The rules of the guest.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) guest: GuestText,
    /// The rules of a contact.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) contact: GuestText,
    /// The rules of a consumer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) consumer: GuestText,
    /// The rules of what all events have.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) event: EventFieldsText,
    /// Files beside the export, whose columns the rules can read too.
    #[serde(default, skip_serializing_if = "is_default")]
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
            fill_down: self.fill_down.take(),
            last_line_end: self.last_line_end,
        }
    }
}

/// A day as a text, or as a date of TOML.
fn some_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a day such as \"2000-01-01\"")]
    enum Day {
        Text(String),
        Date(Datetime),
    }
    Ok(Some(match Day::deserialize(deserializer)? {
        Day::Text(text) => text,
        Day::Date(date) => date.to_string(),
    }))
}

/// The schema of a table whose keys are the names of an enumeration.
// That of schemars for a map allows any key, since the names have descriptions.
fn table_of<K: JsonSchema, V: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let (names, values) = (generator.subschema_for::<K>(), generator.subschema_for::<V>());
    json_schema!({ "type": "object", "propertyNames": names, "additionalProperties": values })
}
