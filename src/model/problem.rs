//! What is wrong with an order: a stable code, a place, and words for a person.

use serde::{Deserialize, Serialize};

use super::origin::{FileId, Position};

/// In characters: a cell of megabytes is not repeated in every report.
const MAX_MESSAGE_CHARS: usize = 500;

/// Whether a problem keeps an order from being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The order is not sent.
    Error,
    /// The order is sent; someone should look.
    Warning,
}

/// Something that is wrong with an order, or with a file where no order is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind of problem.
    pub code: Code,
    /// The target field, as the canonical profile names it, if one is meant.
    pub field: Option<String>,
    /// Where to look.
    pub at: Position,
    /// What was found and what was expected; lower case, no full stop, no personal data but the value itself masked.
    pub message: String,
}

impl Problem {
    /// A problem of a field.
    pub fn for_field(code: Code, field: impl std::fmt::Display, at: Position, message: impl Into<String>) -> Self {
        Self { field: Some(field.to_string()), ..Self::for_order(code, at, message) }
    }

    /// A problem of an order as a whole.
    pub fn for_order(code: Code, at: Position, message: impl Into<String>) -> Self {
        let mut message: String = message.into();
        if let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE_CHARS) {
            message.truncate(end);
            message.push('…');
        }
        Self { code, field: None, at, message }
    }

    /// Whether it keeps the order from being sent.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.code.severity() == Severity::Error
    }

    /// Whether it is one of what only several events can carry: contacts, consumers, further attributes of products.
    #[must_use]
    pub fn is_multi_only(&self) -> bool {
        let is_listed_name = |field: &str| {
            MULTI_ONLY.contains(&field) || field.split_once('.').is_some_and(|(prefix, _)| MULTI_ONLY.contains(&prefix))
        };
        self.field.as_deref().is_some_and(|field| is_listed_name(field) || field.starts_with("item.product."))
    }
}

/// What only several events can carry, each by the names that it has in problems.
const MULTI_ONLY: [&str; 5] = ["item.product", "contact", "contacts", "consumer", "consumers"];

/// Problems of one code that an order keeps: a thousand would tell nobody more than these.
const MAX_PER_CODE: usize = 100;

/// The problems of one order: all are counted, the first of each code are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Problems {
    problems: Vec<Problem>,
    /// Of codes with more than are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    omitted: Vec<Omitted>,
}

/// Problems that are only counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omitted {
    /// Of this code.
    pub code: Code,
    /// The rows that have one and stand behind those that are told.
    pub row_count: u64,
    /// Whether they are of what only several events can carry; those are counted apart, since they may be forgotten.
    #[serde(skip)]
    is_multi_only: bool,
    /// The last of them.
    #[serde(skip)]
    last_row: Option<(FileId, u64)>,
}

impl Problems {
    /// Adds a problem.
    pub fn push(&mut self, problem: Problem) {
        // Few orders have as many as that altogether.
        let is_same_kind =
            |listed: &&Problem| listed.code == problem.code && listed.is_multi_only() == problem.is_multi_only();
        let is_full =
            self.problems.len() >= MAX_PER_CODE && self.problems.iter().filter(is_same_kind).count() >= MAX_PER_CODE;
        if is_full { self.count_omitted(&problem) } else { self.problems.push(problem) }
    }

    fn count_omitted(&mut self, problem: &Problem) {
        let row = Some((problem.at.file, problem.at.line));
        let is_listed = self.problems.iter().rev().any(|listed| {
            listed.code == problem.code && (listed.at.file, listed.at.line) == (problem.at.file, problem.at.line)
        });
        let is_multi_only = problem.is_multi_only();
        let is_same_kind = |omitted: &Omitted| omitted.code == problem.code && omitted.is_multi_only == is_multi_only;
        let index = self.omitted.iter().position(is_same_kind).unwrap_or_else(|| {
            self.omitted.push(Omitted { code: problem.code, row_count: 0, is_multi_only, last_row: None });
            self.omitted.len() - 1
        });
        let omitted = &mut self.omitted[index];
        omitted.row_count += u64::from(!is_listed && omitted.last_row != row);
        omitted.last_row = row;
    }

    /// Adds those of another part of the same order.
    pub fn append(&mut self, others: Self) {
        self.extend(others.problems);
        for omitted in others.omitted {
            let is_same_kind =
                |known: &&mut Omitted| (known.code, known.is_multi_only) == (omitted.code, omitted.is_multi_only);
            match self.omitted.iter_mut().find(is_same_kind) {
                Some(known) => known.row_count += omitted.row_count,
                None => self.omitted.push(omitted),
            }
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets those of what only several events can carry, told or not.
    pub fn drop_multi_only(&mut self) {
        self.problems.retain(|problem| !problem.is_multi_only());
        self.omitted.retain(|omitted| !omitted.is_multi_only);
    }

    /// Those that are only counted.
    #[must_use]
    pub fn omitted(&self) -> &[Omitted] {
        &self.omitted
    }
}

impl Extend<Problem> for Problems {
    fn extend<I: IntoIterator<Item = Problem>>(&mut self, problems: I) {
        problems.into_iter().for_each(|problem| self.push(problem));
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(problems: Vec<Problem>) -> Self {
        let mut all = Self::default();
        all.extend(problems);
        all
    }
}

impl std::ops::Deref for Problems {
    type Target = [Problem];

    fn deref(&self) -> &[Problem] {
        &self.problems
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $name:literal $severity:ident,)*) => {
        /// The kinds of problems. Their names are a contract: scripts match on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Code {
            /// All codes, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in results and reports.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Whether it keeps an order from being sent.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    /// A required attribute has no value.
    MissingAttribute "missing_attribute" Error,
    /// `cardType` is required when `paymentType` is `Card`.
    MissingCardType "missing_card_type" Error,
    /// IDENTITY needs at least one identifier.
    MissingIdentifier "missing_identifier" Error,
    /// No point of sale: neither in the export nor in the settings.
    MissingPos "missing_pos" Error,
    /// A value that must be written in upper case.
    NotUpperCase "not_upper_case" Error,
    /// A currency that ISO 4217 does not list.
    UnknownCurrency "unknown_currency" Error,
    /// A language that ISO 639-1 does not list.
    UnknownLanguage "unknown_language" Error,
    /// A country that ISO 3166-1 does not list.
    UnknownCountry "unknown_country" Error,
    /// A status that the event does not know.
    UnknownStatus "unknown_status" Error,
    /// A title that IDENTITY does not know.
    UnknownTitle "unknown_title" Error,
    /// A gender that IDENTITY does not know.
    UnknownGender "unknown_gender" Error,
    /// A date of birth in another form than `YYYY-MM-DDThh:mm`.
    DobUnreadable "dob_unreadable" Error,
    /// A timestamp that does not have the profile's format.
    TimestampUnreadable "timestamp_unreadable" Error,
    /// A local time that the clocks skipped or passed twice.
    TimestampAmbiguous "timestamp_ambiguous" Warning,
    /// A timestamp after the run.
    TimestampInFuture "timestamp_in_future" Warning,
    /// A number that is none, or has more digits than can be kept.
    NumberUnreadable "number_unreadable" Error,
    /// A unit price that had to be rounded when a line total was divided by the quantity.
    PriceRounded "price_rounded" Warning,
    /// An array or object where a single value belongs.
    NotAScalar "not_a_scalar" Error,
    /// A value that the profile's table does not list.
    ValueNotInTable "value_not_in_table" Error,
    /// An e-mail address that cannot be one.
    EmailImplausible "email_implausible" Error,
    /// An item type that a single event cannot carry.
    ItemTypeUnsupported "item_type_unsupported" Error,
    /// An item name of more than 128 characters.
    NameTooLong "name_too_long" Error,
    /// More items than the tenant keeps.
    TooManyItems "too_many_items" Warning,
    /// No items, of which an order of several events is made.
    NoItems "no_items" Error,
    /// A leg of a journey that is none.
    UnknownLeg "unknown_leg" Error,
    /// An airport that is no IATA code.
    AirportImplausible "airport_implausible" Warning,
    /// A further attribute of a product whose name cannot be one, or whose value is not of its declared type.
    ProductAttribute "product_attribute" Error,
    /// A consumer without what the manual requires of one.
    ConsumerIncomplete "consumer_incomplete" Warning,
    /// Extensions, which an order of several events cannot carry.
    ExtensionLeftOut "extension_left_out" Warning,
    /// Contacts, consumers or further attributes of products, which a single event cannot carry.
    DetailLeftOut "detail_left_out" Warning,
    /// An extension attribute whose name is not alphanumeric, or is taken.
    ExtensionName "extension_name" Error,
    /// An extension attribute declared with a type that does not exist.
    ExtensionTypeUnknown "extension_type_unknown" Error,
    /// An extension value that is not of its declared type.
    ExtensionValue "extension_value" Error,
    /// More than 50 extension attributes.
    TooManyExtensions "too_many_extensions" Error,
    /// One extension attribute with two types, in one run or in an earlier one.
    ExtensionTypeConflict "extension_type_conflict" Error,
    /// An event that is longer than one request may be.
    EventTooLarge "event_too_large" Error,
    /// More events than can be sent while a session lasts.
    SequenceTooSlow "sequence_too_slow" Error,
    /// Rows of one order with different values for the same field.
    RowsDisagree "rows_disagree" Error,
    /// The same, where the profile lets the first value count.
    FirstValueTaken "first_value_taken" Warning,
    /// The same order in a second file or document, with other content.
    OrderInTwoFiles "order_in_two_files" Error,
    /// The same order in a second file or document, with equal content.
    DuplicateOrder "order_copied" Warning,
    /// An order that differs from another one, of this run or an earlier one, only by how its reference is spelt.
    DuplicateContent "duplicate_content" Error,
    /// An order with the guest, time and content of one that an earlier run sent under another reference.
    ContentRepeated "content_repeated" Warning,
    /// The reference of an accepted order, used again two or more days apart.
    ReferenceReused "reference_reused" Error,
    /// A row of the order cannot be read.
    RowUnreadable "row_unreadable" Error,
    /// A row next to the order cannot be read and may belong to it.
    AdjacentRowUnreadable "neighbour_unreadable" Error,
    /// A row without a key that may belong to the order.
    RowWithoutKey "row_without_key" Error,
    /// The items do not add up to the order's price.
    TotalDiffers "total_differs" Warning,
    /// Items in another currency than the order whose price they add up to.
    MixedCurrencies "mixed_currencies" Error,
    /// A payment type that the manual does not list.
    UnknownPaymentType "unknown_payment_type" Warning,
    /// A card type that the manual does not list.
    UnknownCardType "unknown_card_type" Warning,
    /// A channel that the manual lists for other APIs, or not at all.
    UnknownChannel "unknown_channel" Warning,
    /// The file's last row ends without a line break; it may have been cut off.
    NoFinalNewline "no_final_newline" Warning,
    /// A column that the profile does not know.
    UnknownColumn "unknown_column" Warning,
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_per_code_are_capped_and_counted() {
        let at = |line| Position { file: FileId(0), line, column: None };
        let mut problems = Problems::default();
        for line in (0..3 * MAX_PER_CODE as u64).flat_map(|row| [row, row]) {
            problems.push(Problem::for_order(Code::NumberUnreadable, at(line), "no number"));
        }
        problems.push(Problem::for_order(Code::NameTooLong, at(7), "too long"));
        assert_eq!(problems.len(), MAX_PER_CODE + 1);
        assert_eq!(problems.omitted().iter().map(|omitted| omitted.row_count).collect::<Vec<_>>(), [250]);
        let again: Problems = serde_json::from_str(&serde_json::to_string(&problems).unwrap()).unwrap();
        assert_eq!((again.len(), again.omitted()[0].row_count), (101, 250));
    }

    #[test]
    fn drop_multi_only_keeps_other_problems() {
        let at = |line| Position { file: FileId(0), line, column: None };
        let of = |field: &str, line| Problem::for_field(Code::NotAScalar, field, at(line), "an array");
        let mut problems = Problems::default();
        for line in 0..2 * MAX_PER_CODE as u64 {
            problems.push(of("item.product.fare", line));
        }
        for field in ["contacts", "consumer", "consumer.id.crm", "item.product", "item.productId", "item.price"] {
            problems.push(of(field, 7));
        }
        problems.drop_multi_only();
        let fields: Vec<_> = problems.iter().filter_map(|problem| problem.field.as_deref()).collect();
        assert_eq!((fields, problems.omitted().len()), (vec!["item.productId", "item.price"], 0));
    }
}
