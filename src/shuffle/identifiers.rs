//! Shared identifiers: those under which the export has several e-mail addresses, and those that a
//! spreadsheet has respelt.
//!
//! Under one identifier the tenant keeps one guest, so strangers who share one would be merged. It
//! is a fact of the whole export, found by an external sort of one entry per order and identifier.
//! Orders whose only identifier is their e-mail address have no entry. Collected by `facts`.

use std::{collections::BTreeSet, io, path::Path};

use super::{
    error::ShuffleError,
    hash::{hash, hash_person_text},
};
use crate::{
    map::{input_settings::SharedIdentifiers, profile::SharedIdentifierRules},
    model::{
        draft::{Cell, Draft},
        field::{Field, IdentifierKind, Provider},
        id_text::{composed, is_placeholder},
        order::OrderId,
        origin::{FileId, InputNames, Position},
        plain::{PlainDraft, PlainValue},
        problem::{Code, Problem},
        record::trim_blanks,
    },
    spill::{
        batch::Batch,
        groups::{Group, Groups},
        sort_key::SortKey,
        sorter::Sorter,
    },
};

/// The hash of an identifier without a trailing `.0`, and the id of an order with it.
pub(super) type IdentifierKey = (u64, u64);

/// Maximum identifiers that are listed one by one; the others are counted.
const MAX_LISTED_IDENTIFIERS: usize = 100;

/// Maximum people of one identifier that are compared with each other.
const MAX_PEOPLE: usize = 64;

/// Maximum identifiers whose orders are invalid. With more, the column is no identifier.
const MAX_INVALID: usize = 1_000_000;

/// An order with an identifier.
struct IdentifierUse<'a> {
    evidence: Evidence,
    at: Position,
    provider: &'a str,
}

/// What an order shows about its identifier. Orders with the same evidence show nothing together.
#[derive(Clone, Copy)]
struct Evidence {
    /// Whether the identifier ends with the `.0` of a spreadsheet.
    is_float: bool,
    person: Person,
}

/// [`Evidence`] as it is encoded: in a fixed number of bytes, so that most entries are compared
/// without decoding them.
type EncodedEvidence = (u8, (u64, u64, u64));

/// An [`IdentifierUse`] as it is encoded, but for its provider: with the file, line and column of
/// its position, 0 for no column.
type EncodedNumbers = (EncodedEvidence, (u32, u64, u32));

/// Hashes of what an order says about its guest; 0 where it says nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Person {
    address: u64,
    firstname: u64,
    lastname: u64,
}

impl Person {
    fn new(address: Option<&str>, firstname: Option<&str>, lastname: Option<&str>) -> Self {
        let hash_of = |text: Option<&str>| text.map_or(0, hash_person_text);
        Self {
            address: hash_of(address),
            firstname: hash_of(firstname),
            lastname: hash_of(lastname),
        }
    }

    fn of(draft: &Draft<'_>) -> Self {
        let [address, firstname, lastname] =
            [address(draft), draft.cell(&Field::GuestFirstname), draft.cell(&Field::GuestLastname)]
                .map(|cell| cell.filter(|cell| !cell.is_unparsable).map(|cell| &*cell.text));
        Self::new(address, firstname, lastname)
    }

    fn of_plain(draft: &PlainDraft<'_>) -> Self {
        // Addresses are short: a search for many bytes at once takes longer to begin.
        let is_address = |text: &str| text.bytes().any(|byte| byte == b'@');
        let (mut email, mut identifier, mut firstname, mut lastname) = (None, None, None, None);
        for PlainValue { field, text, .. } in draft.order_values() {
            match field {
                Field::GuestEmail if is_address(text) => email = Some(*text),
                Field::GuestFirstname => firstname = Some(*text),
                Field::GuestLastname => lastname = Some(*text),
                field if is_address_field(field) && is_address(text) => {
                    identifier = identifier.or(Some(*text));
                }
                _ => {}
            }
        }
        Self::new(email.or(identifier), firstname, lastname)
    }

    /// Whether it is certainly someone else: address, first and last name all differ.
    fn differs(&self, other: &Self) -> bool {
        let differs = |one: u64, other: u64| one != 0 && other != 0 && one != other;
        differs(self.address, other.address)
            && differs(self.firstname, other.firstname)
            && differs(self.lastname, other.lastname)
    }
}

impl<'a> IdentifierUse<'a> {
    fn push(&self, key: IdentifierKey, into: &mut Batch<IdentifierKey>) {
        into.push_with(key, |entry| self.encode(entry));
    }

    /// Appends the evidence, the position and then the provider.
    fn encode(&self, into: &mut Vec<u8>) {
        let Self { evidence: Evidence { is_float, person }, at, provider } = self;
        let evidence = (u8::from(*is_float), (person.address, person.firstname, person.lastname));
        let at = (at.file.0, at.line, at.column.unwrap_or_default());
        let numbers: EncodedNumbers = (evidence, at);
        numbers.encode(into);
        into.extend_from_slice(provider.as_bytes());
    }

    fn decode(mut entry: &'a [u8]) -> io::Result<Self> {
        let (evidence, (file, line, column)) = EncodedNumbers::decode(&mut entry);
        let (is_float, (address, firstname, lastname)) = evidence;
        let person = Person { address, firstname, lastname };
        // Columns count from 1.
        let column = (column > 0).then_some(column);
        Ok(Self {
            evidence: Evidence { is_float: is_float != 0, person },
            at: Position { file: FileId(file), line, column },
            provider: str::from_utf8(entry).map_err(io::Error::other)?,
        })
    }
}

/// The e-mail address of an order's guest, else its first identifier that is one.
fn address<'d, 'a>(draft: &'d Draft<'a>) -> Option<&'d Cell<'a>> {
    let identifiers = draft.cells.custom().filter(|cell| is_address_field(&cell.field));
    let mut addresses = draft.cell(&Field::GuestEmail).into_iter().chain(identifiers);
    addresses.find(|cell| cell.text.contains('@'))
}

/// Whether it is an identifier that is an e-mail address.
fn is_address_field(field: &Field) -> bool {
    matches!(field, Field::Identifier(provider) if provider.kind() == IdentifierKind::Email)
}

/// The identifiers of a draft that are compared with those of other orders.
fn identifiers<'d>(draft: &'d Draft<'_>) -> impl Iterator<Item = (&'d Cell<'d>, &'d Provider)> {
    let cells = draft.cells.custom().filter(|cell| !cell.is_unparsable);
    cells.filter_map(|cell| Some((cell, compared_provider(&cell.field, &cell.text)?)))
}

/// The provider of an identifier that is compared with those of other orders. E-mail addresses and
/// placeholders are not.
fn compared_provider<'f>(field: &'f Field, text: &str) -> Option<&'f Provider> {
    match field {
        Field::Identifier(provider) => {
            let is_compared = provider.kind() != IdentifierKind::Email && !is_placeholder(text);
            is_compared.then_some(provider)
        }
        _ => None,
    }
}

/// Returns the hash of an identifier without a trailing `.0`, and whether it had one.
fn identifier_hash(text: &str, provider: &Provider) -> (u64, bool) {
    let id = composed(trim_blanks(text).into());
    let plain = id.strip_suffix(".0");
    (hash(plain.unwrap_or(&id)) ^ hash(provider).rotate_left(1), plain.is_some())
}

/// Adds an identifier of an order, at a position.
fn push_use(
    text: &str,
    provider: &Provider,
    person: Person,
    (order, at): (OrderId, Position),
    into: &mut Batch<IdentifierKey>,
) {
    let (hash, is_float) = identifier_hash(text, provider);
    let evidence = Evidence { is_float, person };
    IdentifierUse { evidence, at, provider }.push((hash, order.0), into);
}

/// Bytes of a typical entry, without its key.
const ENTRY_BYTES: usize = 64;

/// No identifiers yet, with capacity for one of each order.
pub(super) fn new_batch(n_orders: usize) -> Batch<IdentifierKey> {
    Batch::with_capacity(n_orders, ENTRY_BYTES * n_orders)
}

/// Adds the identifiers of an order.
pub(super) fn observe(draft: &Draft<'_>, into: &mut Batch<IdentifierKey>) {
    let mut person = None;
    for (cell, provider) in identifiers(draft) {
        let person = *person.get_or_insert_with(|| Person::of(draft));
        let order = draft.rows.first().map_or(OrderId(0), OrderId::from_origin);
        push_use(&cell.text, provider, person, (order, cell.at.position()), into);
    }
}

/// Adds the identifiers of a plain order.
pub(super) fn observe_plain(draft: &PlainDraft<'_>, into: &mut Batch<IdentifierKey>) {
    let mut person = None;
    for value in draft.order_values() {
        let provider = compared_provider(value.field, value.text);
        let (Some(provider), Some(row)) = (provider, draft.rows.first()) else { continue };
        let person = *person.get_or_insert_with(|| Person::of_plain(draft));
        let order = OrderId::from_origin(&row.origin);
        push_use(value.text, provider, person, (order, value.position(row)), into);
    }
}

/// Sorts the identifiers of all orders.
pub(super) struct IdentifierSorter(Sorter<IdentifierKey>);

/// A warning for each identifier with several e-mail addresses.
#[derive(Debug, Default, PartialEq)]
pub(super) struct IdentifierWarnings {
    /// Those of the first ones.
    pub(super) listed: Vec<Problem>,
    /// Number of the others.
    pub(super) n_omitted: u64,
}

/// The identifiers whose orders are invalid, as sorted hashes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct IdentifierFacts {
    /// Those of several people.
    shared: Vec<u64>,
    /// Those that the export has with and without a trailing `.0`.
    respelt: Vec<u64>,
}

impl IdentifierFacts {
    pub(super) fn is_empty(&self) -> bool {
        self.shared.is_empty() && self.respelt.is_empty()
    }

    /// Whether an identifier of a plain order is not one person's.
    pub(super) fn concern(&self, draft: &PlainDraft<'_>) -> bool {
        let is_found = |value: &PlainValue<'_>| {
            compared_provider(value.field, value.text).is_some_and(|provider| {
                let (hash, is_float) = identifier_hash(value.text, provider);
                self.shared.binary_search(&hash).is_ok()
                    || is_float && self.respelt.binary_search(&hash).is_ok()
            })
        };
        !self.is_empty() && draft.order_values().iter().any(is_found)
    }

    /// Adds a problem to a draft for each of its identifiers that is not one person's.
    pub(super) fn mark(&self, draft: &mut Draft<'_>) {
        if self.is_empty() {
            return;
        }
        let mut problems = Vec::new();
        for (cell, provider) in identifiers(draft) {
            let (hash, is_float) = identifier_hash(&cell.text, provider);
            let mut add = |code, message| {
                problems.push(Problem::for_field(code, &cell.field, cell.at, message));
            };
            if self.shared.binary_search(&hash).is_ok() {
                add(Code::IdentifierShared, SHARED);
            }
            if is_float && self.respelt.binary_search(&hash).is_ok() {
                add(Code::SpreadsheetNumber, RESPELT);
            }
        }
        draft.problems.extend(problems);
    }
}

const SHARED: &str = "other orders have this identifier with other e-mail addresses and names, or \
    with more addresses than max_addresses: one guest would be made of several people; \
    shared_identifiers = \"send\" in [guest] sends them";

const RESPELT: &str = "other orders have this identifier without the .0 that a spreadsheet adds; \
    strip_suffix = \".0\" in its rule removes it";

impl IdentifierSorter {
    /// None yet. What exceeds `memory` (in bytes) spills to `folder`.
    pub(super) fn new(folder: &Path, memory: usize) -> Self {
        Self(Sorter::new(folder, ".identifiers", memory))
    }

    pub(super) fn push_all(&self, identifiers: &mut Batch<IdentifierKey>) -> io::Result<()> {
        self.0.push_all(identifiers)
    }

    /// Compares the orders of each identifier. `names` are the inputs' names by `FileId`.
    pub(super) fn find(
        self,
        rules: SharedIdentifierRules,
        names: &InputNames,
    ) -> Result<(IdentifierWarnings, IdentifierFacts), ShuffleError> {
        let mut groups = Groups::new(self.0.sorted()?);
        let (mut warnings, mut facts) = (IdentifierWarnings::default(), IdentifierFacts::default());
        let mut first = Vec::new();
        // Groups come in ascending order of their hashes, so that the facts are sorted.
        while let Some(group) = groups.next()? {
            let hash = group.key();
            let Some(orders) = OrdersOfIdentifier::read(group, rules, &mut first)? else {
                continue;
            };
            if orders.has_float && orders.has_plain {
                facts.respelt.push(hash);
            }
            if orders.is_refused(rules) {
                facts.shared.push(hash);
            }
            if facts.shared.len() + facts.respelt.len() > MAX_INVALID {
                return Err(ShuffleError::TooManySharedIdentifiers(MAX_INVALID));
            }
            warnings.add(orders.warning(rules, names));
        }
        warnings.listed.sort_by_key(|problem| (problem.at.file, problem.at.line));
        Ok((warnings, facts))
    }
}

impl IdentifierWarnings {
    fn add(&mut self, warning: Option<Problem>) {
        if warning.is_some() && self.listed.len() == MAX_LISTED_IDENTIFIERS {
            self.n_omitted += 1;
        } else {
            self.listed.extend(warning);
        }
    }
}

/// What the orders of one identifier say about their guest.
struct OrdersOfIdentifier {
    provider: String,
    first: Position,
    /// The first order with another address than the one before.
    other: Option<Position>,
    /// The distinct addresses; one more than allowed at most.
    addresses: BTreeSet<u64>,
    /// The distinct people with an address.
    people: Vec<Person>,
    has_strangers: bool,
    has_float: bool,
    has_plain: bool,
}

impl OrdersOfIdentifier {
    /// Reads the orders of a group; none if all have the same evidence, as those of nearly every
    /// identifier. `first` is a buffer for its first entry.
    fn read(
        mut group: Group<'_, u64, u64>,
        rules: SharedIdentifierRules,
        first: &mut Vec<u8>,
    ) -> io::Result<Option<Self>> {
        const N_BYTES: usize = EncodedEvidence::ENCODED_BYTES;
        first.clear();
        let mut orders: Option<Self> = None;
        while let Some((_, entry)) = group.next()? {
            if first.is_empty() {
                first.extend_from_slice(entry);
            } else if let Some(orders) = &mut orders {
                orders.add(&IdentifierUse::decode(entry)?, rules);
            } else if entry[..N_BYTES] != first[..N_BYTES] {
                let first = IdentifierUse::decode(first)?;
                let orders = orders.insert(Self::new(&first));
                orders.add(&first, rules);
                orders.add(&IdentifierUse::decode(entry)?, rules);
            }
        }
        Ok(orders)
    }

    fn new(order: &IdentifierUse<'_>) -> Self {
        Self {
            provider: order.provider.to_owned(),
            first: order.at,
            other: None,
            addresses: BTreeSet::new(),
            people: Vec::new(),
            has_strangers: false,
            has_float: false,
            has_plain: false,
        }
    }

    fn add(&mut self, order: &IdentifierUse<'_>, rules: SharedIdentifierRules) {
        let Evidence { is_float, person } = order.evidence;
        self.has_float |= is_float;
        self.has_plain |= !is_float;
        if person.address == 0 || self.people.contains(&person) {
            return;
        }
        if self.addresses.len() <= usize::from(rules.max_addresses)
            && self.addresses.insert(person.address)
            && self.addresses.len() == 2
        {
            self.other = Some(order.at);
        }
        if self.people.len() < MAX_PEOPLE {
            self.has_strangers |= self.people.iter().any(|other| other.differs(&person));
            self.people.push(person);
        }
    }

    /// Whether its orders are invalid.
    fn is_refused(&self, rules: SharedIdentifierRules) -> bool {
        rules.choice == SharedIdentifiers::Invalid
            && (self.has_strangers || self.addresses.len() > usize::from(rules.max_addresses))
    }

    /// The warning of an identifier with several addresses.
    fn warning(&self, rules: SharedIdentifierRules, names: &InputNames) -> Option<Problem> {
        let other = names.locate(self.other?);
        let n_addresses = self.addresses.len().min(usize::from(rules.max_addresses));
        let more = if self.addresses.len() > n_addresses { "more than " } else { "" };
        let message = format!(
            "orders with this identifier have {more}{n_addresses} e-mail addresses, another one \
             at {other}: people who share it become one guest"
        );
        let field = Field::Identifier(self.provider.as_str().into());
        Some(Problem::for_field(Code::SeveralAddresses, field, self.first, message))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    const RULES: SharedIdentifierRules =
        SharedIdentifierRules { choice: SharedIdentifiers::Invalid, max_addresses: 3 };

    /// An order with this identifier: its address, first name and last name as numbers.
    type TestOrder<'a> = (&'a str, [u64; 3]);

    /// Finds what the orders of a file come to, if they are read in blocks of this many.
    fn find(
        orders: &[TestOrder<'_>],
        n_per_block: usize,
        rules: SharedIdentifierRules,
    ) -> (IdentifierWarnings, IdentifierFacts) {
        let folder = tempfile::tempdir().unwrap();
        let sorter = IdentifierSorter::new(folder.path(), 1 << 16);
        for block in (0..).zip(orders).collect::<Vec<_>>().chunks(n_per_block) {
            let mut batch = Batch::default();
            for (line, (id, [address, firstname, lastname])) in block {
                let person =
                    Person { address: *address, firstname: *firstname, lastname: *lastname };
                let plain = id.strip_suffix(".0");
                let at = Position { file: FileId(0), line: *line, column: None };
                let evidence = Evidence { is_float: plain.is_some(), person };
                let found = IdentifierUse { evidence, at, provider: "crm" };
                found.push((hash(plain.unwrap_or(id)), *line), &mut batch);
            }
            sorter.push_all(&mut batch).unwrap();
        }
        sorter.find(rules, &["orders.csv"].into_iter().collect()).unwrap()
    }

    /// The numbers of warnings, of shared and of respelt identifiers.
    fn counts(orders: &[TestOrder<'_>], rules: SharedIdentifierRules) -> [usize; 3] {
        let (warnings, facts) = find(orders, 1, rules);
        [warnings.listed.len(), facts.shared.len(), facts.respelt.len()]
    }

    #[test]
    fn several_people_share_an_identifier() {
        let sent = SharedIdentifierRules { choice: SharedIdentifiers::Send, ..RULES };
        let one = ("C-1", [1, 1, 1]);
        // The same address or no other one; another address; another last name only; others.
        assert_eq!(counts(&[one, one, ("C-1", [0, 2, 2]), ("C-2", [9, 9, 9])], RULES), [0, 0, 0]);
        assert_eq!(counts(&[one, ("C-1", [2, 1, 1])], RULES), [1, 0, 0]);
        assert_eq!(counts(&[one, ("C-1", [2, 1, 2])], RULES), [1, 0, 0]);
        assert_eq!(counts(&[one, ("C-1", [2, 0, 2])], RULES), [1, 0, 0]);
        assert_eq!(counts(&[one, ("C-1", [2, 2, 2])], RULES), [1, 1, 0]);
        assert_eq!(counts(&[one, ("C-1", [2, 2, 2])], sent), [1, 0, 0]);
        let many: Vec<_> = (1..=4).map(|address| ("C-1", [address, 0, 0])).collect();
        assert_eq!(counts(&many[..3], RULES), [1, 0, 0]);
        assert_eq!(counts(&many, RULES), [1, 1, 0]);
        assert_eq!(counts(&many, SharedIdentifierRules { max_addresses: 4, ..RULES }), [1, 0, 0]);
    }

    #[test]
    fn respelt_identifier_needs_both_spellings() {
        let orders = [("17.0", [0; 3]), ("18.0", [0; 3]), ("18", [0; 3]), ("19", [0; 3])];
        assert_eq!(counts(&orders, RULES), [0, 0, 1]);
        assert_eq!(counts(&orders[..2], RULES), [0, 0, 0]);
    }

    #[test]
    fn warning_names_two_orders() {
        let (found, _) =
            find(&[("C-1", [1, 1, 1]), ("C-2", [5, 5, 5]), ("C-1", [2, 1, 1])], 2, RULES);
        insta::assert_snapshot!(found.listed[0].message, @"orders with this identifier have 2 e-mail addresses, another one at orders.csv:2: people who share it become one guest");
        assert_eq!(found.listed[0].field.as_deref(), Some("guest.id.crm"));
    }

    proptest! {
        #[test]
        fn blocks_change_nothing(
            orders in prop::collection::vec(
                (prop::sample::select(vec!["1", "1.0", "2", "3"]), [0..6u64, 0..3u64, 0..3u64]),
                0..40,
            ),
            n_per_block in 1..20usize,
        ) {
            prop_assert_eq!(find(&orders, n_per_block, RULES), find(&orders, 1000, RULES));
        }
    }
}
