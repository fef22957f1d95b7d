//! Facts about the whole export that the decision about a single order depends on: scattered keys,
//! shared references, ambiguities, extension types.
//!
//! A first pass has no facts and decides without them, while it collects them. Only if a fact could
//! have changed a decision, a second pass decides again with all of them. A third pass is never
//! needed, since the facts depend on the rows alone. Collected by `pass`.

use std::io;

use fastbloom::BloomFilter;

use super::{
    error::ShuffleError,
    hash::hash_reference,
    identifiers::{self, IdentifierFacts, IdentifierKey, IdentifierSorter, IdentifierWarnings},
    parent_circles::ParentCircles,
    settings::ShuffleSettings,
};
use crate::{
    group::{Ambiguities, RepeatedHeaders},
    map::profile::SharedIdentifierRules,
    model::{
        column_facts::ColumnFacts,
        column_warnings::ColumnWarnings,
        date_readings::FormatOverlap,
        extension_types::MAX_EXTENSION_NAMES,
        origin::{InputNames, Position},
    },
    spill::{batch::Batch, duplicate_counter::DuplicateCounter},
};

/// What is known about the whole export. The filters have false positives, which cost time only.
#[derive(Default)]
pub struct ExportFacts {
    /// Keys at more than one position, or with more than one spelling.
    pub(super) scattered: Option<BloomFilter>,
    /// References that orders with different keys share, in any spelling.
    pub(super) shared: Option<BloomFilter>,
    pub(super) ambiguities: Ambiguities,
    pub(super) headers: RepeatedHeaders,
    /// Identifiers of several people, or respelt.
    pub(super) identifiers: IdentifierFacts,
    /// Documents that belong to each other, once all are spilled.
    pub(super) circles: ParentCircles,
    pub(super) columns: ColumnFacts,
}

impl ExportFacts {
    pub(super) fn may_be_scattered(&self, key: &str) -> bool {
        self.scattered
            .as_ref()
            .is_some_and(|scattered| scattered.contains_hash(hash_reference(key)))
    }

    /// Whether orders with different keys may share this reference, in any spelling.
    #[must_use]
    pub fn may_be_shared(&self, reference: &str) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.contains_hash(hash_reference(reference)))
    }

    /// Returns what the values of each column show.
    #[must_use]
    pub fn columns(&self) -> &ColumnFacts {
        &self.columns
    }
}

/// Observations from one part of the export. They are collected in the order of the input.
#[derive(Default)]
pub(super) struct Observations {
    /// Hashes of the orders' keys, independent of their spelling.
    pub(super) keys: Vec<u64>,
    /// The same of the ids of documents that belong to others, by which their own are found.
    pub(super) child_ids: Vec<u64>,
    /// For orders whose reference is not their key: the hash of key and reference together, and
    /// that of the reference.
    pub(super) references: Vec<(u64, u64)>,
    pub(super) identifiers: Batch<IdentifierKey>,
    pub(super) ambiguities: Ambiguities,
    /// The positions of headers within files.
    pub(super) headers: Vec<Position>,
    pub(super) columns: ColumnFacts,
    pub(super) warnings: ColumnWarnings,
    /// The number of documents that belong to others and are left out; only of decided orders.
    pub(super) n_left_out: u64,
}

impl Observations {
    /// None yet, with capacity for those of this number of orders.
    pub(super) fn with_capacity(n_orders: usize) -> Self {
        Self {
            keys: Vec::with_capacity(n_orders),
            identifiers: identifiers::new_batch(n_orders),
            ..Self::default()
        }
    }
}

/// Collects the facts of the whole export during a pass.
pub(super) struct FactCollector {
    keys: DuplicateCounter,
    /// The keys again, if others of them may be ids of documents that belong to others.
    order_keys: Option<DuplicateCounter>,
    /// Keys and references together, since an order of several runs reports its reference several
    /// times.
    pairs: DuplicateCounter,
    references: DuplicateCounter,
    identifiers: IdentifierSorter,
    ambiguities: Ambiguities,
    headers: RepeatedHeaders,
    columns: ColumnFacts,
    filter_bytes: usize,
    n_keys: u64,
    /// Repeated keys and references.
    repeated: u64,
}

/// Minimum keys before an export is considered mostly scattered.
// With fewer, reading the export twice takes little time.
const MIN_KEYS_TO_JUDGE: u64 = 20_000;

/// With one repeated key in this many, all rows are spilled and grouped by an external sort.
// That saves one reading of the export. It takes three times as long as deciding without facts, and
// a discarded pass takes half as long as one that counts.
const SCATTERED_RATIO: u64 = 20;

/// The facts of a completed pass.
pub(super) struct CollectedFacts {
    pub(super) facts: ExportFacts,
    /// Whether the decision about an order may depend on one of them.
    pub(super) concern_orders: bool,
    /// Number of keys at more than one position, and of those that are no ids of documents that
    /// belong to others, and of all keys.
    pub(super) n_repeated: u64,
    pub(super) n_scattered: u64,
    pub(super) n_keys: u64,
}

impl FactCollector {
    pub(super) fn new(settings: &ShuffleSettings<'_>) -> Self {
        let (memory, has_parents) = (settings.memory, settings.profile.parent.is_some());
        let counter = |name, memory| DuplicateCounter::new(settings.folder, name, memory);
        Self {
            keys: counter(".keys", memory.keys),
            order_keys: has_parents.then(|| counter(".order-keys", memory.keys / 2)),
            pairs: counter(".pairs", memory.keys / 2),
            references: counter(".references", memory.keys / 2),
            identifiers: IdentifierSorter::new(settings.folder, memory.identifiers),
            ambiguities: Ambiguities::default(),
            headers: RepeatedHeaders::default(),
            columns: ColumnFacts::default(),
            filter_bytes: memory.filter,
            n_keys: 0,
            repeated: 0,
        }
    }

    /// Collects the observations of the next part of the export.
    pub(super) fn collect(&mut self, mut observations: Observations) -> io::Result<()> {
        self.n_keys += (observations.keys.len() + observations.child_ids.len()) as u64;
        if let Some(order_keys) = &mut self.order_keys {
            observations.keys.iter().try_for_each(|hash| order_keys.insert(*hash).map(drop))?;
        }
        for hash in observations.keys.into_iter().chain(observations.child_ids) {
            self.repeated += u64::from(self.keys.insert(hash)?);
        }
        for (pair, reference) in observations.references {
            if !self.pairs.insert(pair)? {
                self.repeated += u64::from(self.references.insert(reference)?);
            }
        }
        self.identifiers.push_all(&mut observations.identifiers)?;
        self.ambiguities.append(observations.ambiguities);
        self.headers.append(observations.headers);
        self.columns.append(observations.columns);
        Ok(())
    }

    /// Whether it is already known that decisions without the facts may be wrong.
    pub(super) fn needs_second_pass(&self) -> bool {
        self.repeated > 0 || !self.ambiguities.is_empty() || !self.columns.types.is_uniform()
    }

    /// Whether enough keys are repeated to assume that the rows of most orders are scattered.
    pub(super) fn is_mostly_scattered(&self) -> bool {
        self.n_keys >= MIN_KEYS_TO_JUDGE && self.repeated >= self.n_keys / SCATTERED_RATIO
    }

    /// Returns an error if there are more ambiguities or extension names than a real export has.
    pub(super) fn ensure_understood(&self) -> Result<(), ShuffleError> {
        if self.ambiguities.exceeds_limit() {
            return Err(ShuffleError::TooAmbiguous);
        }
        if self.headers.exceeds_limit() {
            return Err(ShuffleError::TooManyHeaders);
        }
        if self.columns.types.exceeds_limit() {
            Err(ShuffleError::TooManyExtensions(MAX_EXTENSION_NAMES))
        } else {
            Ok(())
        }
    }

    /// Returns an error if the values of a column can be read in two ways throughout the export.
    /// Only the whole export shows it.
    pub(super) fn ensure_unambiguous(&self, names: &InputNames) -> Result<(), ShuffleError> {
        if let Some(date) = self.columns.dates.iter().find_map(FormatOverlap::ambiguous) {
            return Err(ShuffleError::AmbiguousDates {
                position: names.locate(date.at.position),
                text: date.text.clone(),
            });
        }
        let totals = &self.columns.totals;
        match totals.ambiguous() {
            Some(example) if totals.is_ambiguous_throughout() => {
                Err(ShuffleError::AmbiguousTotals {
                    position: names.locate(example.at.position),
                    text: example.text.clone(),
                    without_point: example.without_point(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Returns the warnings about identifiers, and the facts. `names` are the inputs' names by
    /// `FileId`.
    pub(super) fn finish(
        self,
        rules: SharedIdentifierRules,
        names: &InputNames,
    ) -> Result<(IdentifierWarnings, CollectedFacts), ShuffleError> {
        let (warnings, identifiers) = self.identifiers.find(rules, names)?;
        let mut concern_orders = !self.ambiguities.is_empty()
            || self.columns.concern_orders()
            || !identifiers.is_empty();
        let mut repeated = |counter: DuplicateCounter| {
            let (mut filter, mut n_repeated) = (None, 0);
            let n_distinct = counter.for_each_duplicate(|hash| {
                n_repeated += 1;
                filter.get_or_insert_with(|| new_filter(self.filter_bytes)).insert_hash(hash);
            })?;
            concern_orders |= filter.is_some();
            io::Result::Ok((filter, n_repeated, n_distinct))
        };
        let (scattered, n_repeated, n_keys) = repeated(self.keys)?;
        let (shared, _, _) = repeated(self.references)?;
        let mut n_scattered = n_repeated;
        if let Some(order_keys) = self.order_keys {
            n_scattered = 0;
            order_keys.for_each_duplicate(|_| n_scattered += 1)?;
        }
        let Self { ambiguities, headers, columns, .. } = self;
        let facts = ExportFacts {
            scattered,
            shared,
            ambiguities,
            headers,
            identifiers,
            circles: ParentCircles::default(),
            columns,
        };
        let facts = CollectedFacts { facts, concern_orders, n_repeated, n_scattered, n_keys };
        Ok((warnings, facts))
    }
}

/// Returns a Bloom filter without hashes, which takes `n_bytes`. Its false positive rate is about 1
/// in 120 with 10 bits per hash, and 1 in 1800 with 16.
fn new_filter(n_bytes: usize) -> BloomFilter {
    BloomFilter::with_num_bits(n_bytes.max(8) * 8).hashes(8)
}

#[cfg(test)]
mod tests {
    use super::{super::hash::hash, *};

    #[test]
    fn false_positive_rate_is_as_documented() {
        for (n_bits, max_share) in [(10, 1.0 / 100.0), (16, 1.0 / 1500.0)] {
            let mut filter = new_filter(100_000 * n_bits / 8);
            (0..100_000).for_each(|number: u32| _ = filter.insert_hash(hash(&number.to_string())));
            let is_found = |number: &u32| filter.contains_hash(hash(&number.to_string()));
            assert!((0..100_000).all(|number| is_found(&number)));
            let n_wrong = (100_000..300_000).filter(is_found).count();
            let share = f64::from(u32::try_from(n_wrong).unwrap()) / 200_000.0;
            assert!(share < max_share, "{share} with {n_bits} bits");
        }
    }
}
