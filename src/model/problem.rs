//! Problems of orders: a stable code, a position, and a message.
//!
//! A problem is data and the run goes on; an error that ends the run is a type of the stage in
//! which it occurs. Recorded by `map`, `group`, `validate` and `pipeline`; written by `report`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::field::FieldGroup;
use super::{
    cut_text::{cut_values, with_values},
    origin::{FileId, InputNames, Place, Position, RowOrigin},
    redact::value_without_address,
};

// In characters.
const MAX_MESSAGE_CHARS: usize = 500;

/// Whether a problem prevents an order from being sent.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The order is not sent.
    Error,
    /// The order is sent, but the operator should look at it.
    Warning,
}

impl Severity {
    /// The name in results and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A problem of an order, or of a file where it concerns no particular order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The type of problem.
    pub code: Code,
    /// Whether it prevents the order from being sent: the code's severity, or the profile's.
    pub severity: Severity,
    /// The target field, under its name in the canonical profile, if the problem concerns one.
    pub field: Option<String>,
    /// The position of the cell or row that causes it.
    pub at: Position,
    /// The column there: its name in the header, or the path in the document.
    pub column_name: Option<String>,
    /// What was found and what was expected; lower case, no full stop, personal data redacted.
    pub message: String,
    /// The row that it concerns, to show it, where no order has that row. Of a row whose end is
    /// not known the bytes are empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Box<RowOrigin>>,
    /// The reference of the order that it concerns, where the problem is of no single order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Box<str>>,
    /// The file of another row that the message names, until it has the name of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_file: Option<FileId>,
}

/// What a message has in place of the name of another file ([`Problem::name_other_file`]).
const OTHER_FILE: &str = " of another file";

/// The line of another row than the one at `at`, as the message of a problem there names it
/// ([`Problem::beside`]).
#[must_use]
pub fn line_beside(other: Position, at: Position) -> String {
    let file = if other.file == at.file { "" } else { OTHER_FILE };
    format!("line {}{file}", other.line)
}

impl Problem {
    /// Creates a problem of a field.
    pub fn for_field(
        code: Code,
        field: impl std::fmt::Display,
        at: impl Into<Place>,
        message: impl Into<String>,
    ) -> Self {
        Self { field: Some(field.to_string()), ..Self::for_order(code, at, message) }
    }

    /// Creates a problem of an order as a whole.
    pub fn for_order(code: Code, at: impl Into<Place>, message: impl Into<String>) -> Self {
        let Place { position, column_name } = at.into();
        // In every message: a wrong column or a shifted row puts an address in any field.
        let mut message = message.into();
        if message.contains('@') {
            message = with_values(&message, value_without_address);
        }
        let mut message = cut_values(message);
        if let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE_CHARS) {
            message.truncate(end);
            message.push('…');
        }
        Self {
            code,
            severity: code.severity(),
            field: None,
            at: position,
            column_name,
            message,
            row: None,
            reference: None,
            other_file: None,
        }
    }

    /// The same, with the place of the row that its message names ([`line_beside`]).
    #[must_use]
    pub fn beside(self, other: Position) -> Self {
        Self { other_file: Some(other.file).filter(|file| *file != self.at.file), ..self }
    }

    /// Gives its message the name of the other file that it is about.
    pub fn name_other_file(&mut self, names: &InputNames) {
        if let Some(file) = self.other_file.take() {
            let name = format!(" of {}", names.get(file));
            self.message = self.message.replacen(OTHER_FILE, &name, 1);
        }
    }

    /// Creates a problem of a row that no order has, or whose order is not at hand.
    pub fn for_row(code: Code, row: RowOrigin, message: impl Into<String>) -> Self {
        let problem = Self::for_order(code, row.position(), message);
        Self { row: Some(Box::new(row)), ..problem }
    }

    /// Whether the problem prevents the order from being sent.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Whether it says that the order of a row is not known. The key of such a row is no longer in
    /// its column, and so the name of a person may be in a column that the profile reads as
    /// something else.
    #[must_use]
    pub fn is_of_unknown_order(&self) -> bool {
        matches!(self.code, Code::RowUnreadable | Code::RowWithoutKey | Code::AdjacentRowUnreadable)
    }

    /// Whether it concerns the order key, and no field that has the same value.
    #[must_use]
    pub fn is_of_key(&self) -> bool {
        let is_of_text = matches!(self.code, Code::ScientificNotation | Code::InvisibleCharacters);
        self.code == Code::RowWithoutKey || is_of_text && self.field.is_none()
    }

    /// Whether it concerns the order's reference as another order has it.
    #[must_use]
    pub fn is_of_reference(&self) -> bool {
        let is_of_orders = matches!(
            self.code,
            Code::DuplicateContent | Code::ReferenceReused | Code::SpreadsheetNumber
        );
        is_of_orders && self.field.is_none()
    }

    /// Whether it may hide items of the order, so that a lack of them is no problem of its own.
    #[must_use]
    pub fn hides_items(&self) -> bool {
        matches!(
            self.code,
            Code::ConditionUnreadable
                | Code::ItemUnreadable
                | Code::ItemsGap
                | Code::ItemEmpty
                | Code::ItemWithoutKind
                | Code::ItemOfTwoKinds
                | Code::JoinUnmatched
                | Code::JoinAmbiguous
                | Code::ParentMissing
                | Code::ParentCircle
        ) || self.code == Code::NotAScalar && self.field.is_none()
    }

    /// Whether the problem concerns a value about a person.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        let field = self.field.as_deref().unwrap_or_default();
        let roles = [FieldGroup::Guest.prefix(), "contact", "consumer"];
        roles.iter().any(|role| field.starts_with(role))
    }

    /// Whether the problem concerns a detail, which not every route carries (see
    /// [`Details`](super::rules::Details)).
    #[must_use]
    pub fn is_of_detail(&self) -> bool {
        let field = self.field.as_deref().unwrap_or_default();
        DETAILS.iter().any(|detail| {
            let rest = field.strip_prefix(detail);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

/// The names of details in problems; the names of their parts follow after a point.
const DETAILS: [&str; 5] = ["item.product", "contact", "contacts", "consumer", "consumers"];

// A thousand problems of one code would not help the reader more than the first hundred.
const MAX_PER_CODE: usize = 100;

/// The problems of one order: the first 100 of each code are listed, all are counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Problems {
    problems: Vec<Problem>,
    /// The counts of the problems that are not listed, by code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    omitted: Vec<Omitted>,
}

/// Problems of one code that are counted and not listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omitted {
    /// The code.
    pub code: Code,
    /// The number of rows with such a problem, not counting rows with a listed one.
    pub row_count: u64,
    // Counted apart, since `drop_details` may remove them.
    #[serde(skip)]
    is_of_detail: bool,
    // Problems arrive row by row, so comparing with the last row counts each row once.
    #[serde(skip)]
    last_row: Option<(FileId, u64)>,
}

impl Problems {
    /// Records a problem: lists it, or only counts it if the list of its code is full.
    pub fn push(&mut self, problem: Problem) {
        // The total is checked first: few orders reach it, and counting one code scans the list.
        let is_same_kind = |listed: &&Problem| {
            listed.code == problem.code && listed.is_of_detail() == problem.is_of_detail()
        };
        let is_full = self.problems.len() >= MAX_PER_CODE
            && self.problems.iter().filter(is_same_kind).count() >= MAX_PER_CODE;
        if is_full { self.count_omitted(&problem) } else { self.problems.push(problem) }
    }

    fn count_omitted(&mut self, problem: &Problem) {
        let row = Some((problem.at.file, problem.at.line));
        // A row is counted only if it has no listed problem of the code, where readers find it
        // already.
        let is_listed = self.problems.iter().rev().any(|listed| {
            listed.code == problem.code
                && (listed.at.file, listed.at.line) == (problem.at.file, problem.at.line)
        });
        let is_of_detail = problem.is_of_detail();
        let is_same_kind = |omitted: &Omitted| {
            omitted.code == problem.code && omitted.is_of_detail == is_of_detail
        };
        let index = self.omitted.iter().position(is_same_kind).unwrap_or_else(|| {
            self.omitted.push(Omitted {
                code: problem.code,
                row_count: 0,
                is_of_detail,
                last_row: None,
            });
            self.omitted.len() - 1
        });
        let omitted = &mut self.omitted[index];
        omitted.row_count += u64::from(!is_listed && omitted.last_row != row);
        omitted.last_row = row;
    }

    /// Adds the problems of another part of the same order.
    pub fn append(&mut self, others: Self) {
        self.extend(others.problems);
        for omitted in others.omitted {
            let is_same_kind = |known: &&mut Omitted| {
                (known.code, known.is_of_detail) == (omitted.code, omitted.is_of_detail)
            };
            match self.omitted.iter_mut().find(is_same_kind) {
                Some(known) => known.row_count += omitted.row_count,
                None => self.omitted.push(omitted),
            }
        }
    }

    /// Removes the problems of details, listed or counted, for a route that carries none.
    pub fn drop_details(&mut self) {
        self.problems.retain(|problem| !problem.is_of_detail());
        self.omitted.retain(|omitted| !omitted.is_of_detail);
    }

    /// Keeps the problems of these codes only.
    pub fn keep_codes(&mut self, codes: &[Code]) {
        self.retain_codes(|code| codes.contains(&code));
    }

    /// Removes the problems of a code, which others have caused.
    pub fn drop_code(&mut self, dropped: Code) {
        self.retain_codes(|code| code != dropped);
    }

    /// Keeps the listed problems that are to be kept, and those that are only counted.
    pub(crate) fn retain(&mut self, is_kept: impl Fn(&Problem) -> bool) {
        self.problems.retain(is_kept);
    }

    /// Keeps the problems, listed or counted, of which the code is to be kept.
    pub(super) fn retain_codes(&mut self, is_kept: impl Fn(Code) -> bool) {
        self.problems.retain(|problem| is_kept(problem.code));
        self.omitted.retain(|omitted| is_kept(omitted.code));
    }

    /// The listed problems, mutable.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Problem> {
        self.problems.iter_mut()
    }

    /// The counts of the problems that are not listed, by code.
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
    ($(#[doc = $title:literal] $variant:ident $name:literal $severity:ident,)*) => {
        /// The problem codes. Their names are a contract: scripts match on them. The comment of each
        /// is its title; `explanations.md` has the rest.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        pub enum Code {
            $(#[doc = $title] #[serde(rename = $name)] $variant,)*
        }

        impl Code {
            /// All codes, in the order in which they are documented.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in results and reports.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What the code means, in one sentence of at most 49 characters.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title.trim_ascii_start(),)* }
            }

            /// Whether a problem with this code prevents an order from being sent, unless the
            /// profile says otherwise.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    /// A required value is missing.
    MissingAttribute "missing_attribute" Error,
    /// A payment by card has no card type.
    MissingCardType "missing_card_type" Error,
    /// The guest has no identifier or e-mail address.
    MissingIdentifier "missing_identifier" Error,
    /// The order has no point of sale.
    MissingPos "missing_pos" Error,
    /// A value is not in upper case.
    NotUpperCase "not_upper_case" Error,
    /// A currency is not in ISO 4217.
    UnknownCurrency "unknown_currency" Error,
    /// An amount has the symbol of another currency.
    CurrencyContradicted "currency_contradicted" Error,
    /// A language is not in ISO 639-1.
    UnknownLanguage "unknown_language" Error,
    /// A country is not in ISO 3166-1.
    UnknownCountry "unknown_country" Error,
    /// The event does not take the status.
    UnknownStatus "unknown_status" Error,
    /// The payment is pending and would stay so.
    PaymentPending "payment_pending" Warning,
    /// IDENTITY does not take the title.
    UnknownTitle "unknown_title" Error,
    /// IDENTITY does not take the gender.
    UnknownGender "unknown_gender" Error,
    /// A date of birth cannot be read.
    DobUnreadable "dob_unreadable" Error,
    /// An optional value of a person is left out.
    GuestAttributeLeftOut "guest_attribute_left_out" Warning,
    /// A time cannot be read.
    TimestampUnreadable "timestamp_unreadable" Error,
    /// A clock change skips or repeats a local time.
    TimestampAmbiguous "timestamp_ambiguous" Warning,
    /// The time of an order is in the future.
    TimestampInFuture "timestamp_in_future" Error,
    /// Day and month of the dates may be exchanged.
    DayMonthAmbiguous "day_month_ambiguous" Warning,
    /// The time of an order is implausibly early.
    TimestampTooEarly "timestamp_too_early" Error,
    /// The time of an item is implausible.
    ItemTimestampImplausible "item_timestamp_implausible" Warning,
    /// A number cannot be read.
    NumberUnreadable "number_unreadable" Error,
    /// The point of a total can be read in two ways.
    DecimalAmbiguous "decimal_ambiguous" Error,
    /// The point of a column's numbers has two readings.
    ItemDecimalAmbiguous "item_decimal_ambiguous" Warning,
    /// An amount has more decimals than its currency.
    MoreDecimalsThanCurrency "more_decimals_than_currency" Warning,
    /// A unit price is rounded.
    PriceRounded "price_rounded" Warning,
    /// A value, array or object is in the wrong place.
    NotAScalar "not_a_scalar" Error,
    /// An event is not an ORDER_CHECKOUT.
    EventTypeUnsupported "event_type_unsupported" Error,
    /// A condition of the profile cannot be tested.
    ConditionUnreadable "condition_unreadable" Error,
    /// A value is not in the profile's table.
    ValueNotInTable "value_not_in_table" Error,
    /// A text has fewer parts than the profile expects.
    PartMissing "part_missing" Error,
    /// The value of a key can be read in two ways.
    PairAmbiguous "pair_ambiguous" Error,
    /// A text is cut to the maximum of its rule.
    TextShortened "text_shortened" Warning,
    /// A text is in none of the wanted languages.
    LanguageMissing "language_missing" Warning,
    /// A text cannot be an e-mail address.
    EmailImplausible "email_implausible" Error,
    /// A spreadsheet has removed digits of a number.
    ScientificNotation "scientific_notation" Error,
    /// References or ids differ only by a final .0.
    SpreadsheetNumber "spreadsheet_number" Error,
    /// A cell is a text as a spreadsheet writes it.
    SpreadsheetText "spreadsheet_text" Error,
    /// A reference or id has invisible characters.
    InvisibleCharacters "invisible_characters" Error,
    /// A name has invisible characters.
    InvisibleInText "invisible_in_text" Warning,
    /// An identifier is a placeholder for none.
    PlaceholderIdentifier "placeholder_identifier" Error,
    /// Several people have the same identifier.
    IdentifierShared "identifier_shared" Error,
    /// One identifier has several e-mail addresses.
    SeveralAddresses "several_addresses" Warning,
    /// An expiry date cannot be read and is left out.
    ExpiryDateLeftOut "expiry_date_left_out" Warning,
    /// A text cannot be a phone number.
    PhoneImplausible "phone_implausible" Error,
    /// One event cannot carry the type of an item.
    ItemTypeUnsupported "item_type_unsupported" Error,
    /// The name of an item is too long.
    NameTooLong "name_too_long" Error,
    /// The tenant does not keep all items.
    TooManyItems "too_many_items" Warning,
    /// An order of several events has no items.
    NoItems "no_items" Error,
    /// An item has no value that the profile reads.
    ItemEmpty "item_empty" Error,
    /// Rows of an order repeat its items.
    ItemsRepeated "items_repeated" Error,
    /// Each item of an order is there several times.
    ItemsDuplicated "items_duplicated" Warning,
    /// An item is filled behind an empty one.
    ItemsGap "items_gap" Error,
    /// A list of items in a cell cannot be read.
    ItemUnreadable "item_unreadable" Error,
    /// An item meets no condition of a kind.
    ItemWithoutKind "item_without_kind" Error,
    /// An item meets the conditions of two kinds.
    ItemOfTwoKinds "item_of_two_kinds" Error,
    /// An order has no items, where some are expected.
    OrderWithoutItems "order_without_items" Warning,
    /// A value is not a leg of a journey.
    UnknownLeg "unknown_leg" Error,
    /// An airport is not an IATA code.
    AirportImplausible "airport_implausible" Warning,
    /// A further attribute of a product is invalid.
    ProductAttribute "product_attribute" Error,
    /// A consumer lacks title, firstname or lastname.
    ConsumerIncomplete "consumer_incomplete" Warning,
    /// The extensions of an order are left out.
    ExtensionLeftOut "extension_left_out" Warning,
    /// People or product attributes are left out.
    DetailLeftOut "detail_left_out" Warning,
    /// An extension attribute has an invalid name.
    ExtensionName "extension_name" Error,
    /// An extension attribute has an unknown type.
    ExtensionTypeUnknown "extension_type_unknown" Error,
    /// An extension value is not of its type.
    ExtensionValue "extension_value" Error,
    /// There are too many extension attributes.
    TooManyExtensions "too_many_extensions" Error,
    /// An extension attribute has changed its type.
    ExtensionTypeConflict "extension_type_conflict" Error,
    /// An event is too long for one request.
    EventTooLarge "event_too_large" Error,
    /// The events do not fit into one session.
    SequenceTooSlow "sequence_too_slow" Error,
    /// Rows of one order have different values.
    RowsDisagree "rows_disagree" Error,
    /// Rows disagree, and the first value is used.
    FirstValueTaken "first_value_taken" Warning,
    /// Rows disagree, and the last value is used.
    LastValueTaken "last_value_taken" Warning,
    /// An order comes twice, with different content.
    OrderInTwoFiles "order_in_two_files" Error,
    /// An order is below two headers of one file.
    OrderRepeated "order_repeated" Error,
    /// Two exports have an equal row of one order.
    RowInTwoFiles "row_in_two_files" Error,
    /// A document belongs to one that is not there.
    ParentMissing "parent_missing" Error,
    /// Documents belong to each other in a circle.
    ParentCircle "parent_circle" Error,
    /// Another file lacks the row that a row names.
    JoinUnmatched "join_unmatched" Error,
    /// Another file has several rows with one key.
    JoinAmbiguous "join_ambiguous" Error,
    /// There is no file of a join.
    JoinFileMissing "join_file_missing" Warning,
    /// Rows of a joined file belong to no order.
    JoinRowUnused "join_row_unused" Warning,
    /// An order comes twice, with equal content.
    DuplicateOrder "order_copied" Warning,
    /// An older copy of an order is left out.
    OlderCopy "older_copy" Warning,
    /// It is not known which copy of an order is newest.
    NewestCopyUnknown "newest_copy_unknown" Error,
    /// An order has two spellings of its reference.
    DuplicateContent "duplicate_content" Error,
    /// Two orders have the same content.
    ContentRepeated "content_repeated" Warning,
    /// Two orders have the same reference.
    ReferenceReused "reference_reused" Error,
    /// A refund is of no order of the export.
    RefundWithoutOrder "refund_without_order" Warning,
    /// What a refund takes off its order is not known.
    RefundUnclear "refund_unclear" Error,
    /// A refund is there twice.
    RefundRepeated "refund_repeated" Error,
    /// A refund and an order differ in spelling only.
    RefundMisspelt "refund_misspelt" Error,
    /// The tenant cannot take a refunded amount off.
    RefundUnsupported "refund_unsupported" Error,
    /// The refunds are more than the order.
    RefundTooLarge "refund_too_large" Error,
    /// A row cannot be read.
    RowUnreadable "row_unreadable" Error,
    /// An adjacent row cannot be read.
    AdjacentRowUnreadable "neighbour_unreadable" Error,
    /// A row or document has no order key.
    RowWithoutKey "row_without_key" Error,
    /// The items do not add up to the total.
    TotalDiffers "total_differs" Warning,
    /// A purchase has a negative total.
    NegativeTotal "negative_total" Error,
    /// A purchase has a total of 0.
    ZeroTotal "zero_total" Warning,
    /// The quantity of an item is 0 or negative.
    QuantityNotPositive "quantity_not_positive" Warning,
    /// An item with a price has no quantity.
    QuantityMissing "quantity_missing" Warning,
    /// An item has no price, and others have one.
    ItemPriceMissing "item_price_missing" Warning,
    /// A discount is negative, or more than the line.
    DiscountOutOfRange "discount_out_of_range" Error,
    /// An item has another currency than its order.
    ItemCurrencyDiffers "item_currency_differs" Warning,
    /// Items in several currencies cannot be added up.
    MixedCurrencies "mixed_currencies" Error,
    /// The manual does not list the payment type.
    UnknownPaymentType "unknown_payment_type" Warning,
    /// The manual does not list the card type.
    UnknownCardType "unknown_card_type" Warning,
    /// The manual does not list the channel.
    UnknownChannel "unknown_channel" Warning,
    /// The last row has no line end.
    NoFinalNewline "no_final_newline" Warning,
    /// No document has a path that the profile reads.
    PathMissing "path_missing" Warning,
    /// The export lacks a column that has a default.
    ColumnMissing "column_missing" Warning,
    /// The profile does not use a column.
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
        assert_eq!(
            problems.omitted().iter().map(|omitted| omitted.row_count).collect::<Vec<_>>(),
            [250]
        );
        let again: Problems =
            serde_json::from_str(&serde_json::to_string(&problems).unwrap()).unwrap();
        assert_eq!((again.len(), again.omitted()[0].row_count), (101, 250));
    }

    /// A plan and what is spilled have no other place of it.
    #[test]
    fn stored_problem_keeps_its_row_and_order() {
        let row = RowOrigin { file: FileId(0), line: 7, column: 1, bytes: 30..60 };
        let problem = Problem {
            reference: Some("A-1".into()),
            ..Problem::for_row(Code::RowWithoutKey, row, "no key")
        };
        let stored = serde_json::to_string(&problem).unwrap();
        assert_eq!(serde_json::from_str::<Problem>(&stored).unwrap(), problem);
        let without_row = Problem::for_order(Code::NoItems, problem.at, "no items");
        let stored = serde_json::to_string(&without_row).unwrap();
        assert!(!stored.contains("\"row\"") && !stored.contains("reference"), "{stored}");
    }

    #[test]
    fn drop_details_keeps_other_problems() {
        let at = |line| Position { file: FileId(0), line, column: None };
        let of =
            |field: &str, line| Problem::for_field(Code::NotAScalar, field, at(line), "an array");
        let mut problems = Problems::default();
        for line in 0..2 * MAX_PER_CODE as u64 {
            problems.push(of("item.product.fare", line));
        }
        for field in [
            "contacts",
            "consumer",
            "consumer.id.crm",
            "item.product",
            "item.productId",
            "item.price",
        ] {
            problems.push(of(field, 7));
        }
        problems.drop_details();
        let fields: Vec<_> =
            problems.iter().filter_map(|problem| problem.field.as_deref()).collect();
        assert_eq!((fields, problems.omitted().len()), (vec!["item.productId", "item.price"], 0));
    }
}
