//! What must be known of the whole export before any of its orders can be believed.
//!
//! A first pass knows nothing and believes what it sees. What it learns that could have made a difference is known to a
//! second pass, which is made only then. Nothing more can be learned by it: the facts are those of the rows alone.

use std::io;

use xxhash_rust::xxh3::xxh3_64;

use super::super::Refusal;
use crate::{
    group::Ambiguities,
    model::reference::trim_reference,
    spill::{bloom::BloomFilter, duplicate_counter::DuplicateCounter},
    validate::{ExtensionTypes, MAX_EXTENSION_NAMES},
};

/// The hash by which keys and references are known again. Two of the same hash only look as if they came again: what
/// they belong to is looked at more closely, and found to be two.
pub(in crate::pipeline) fn hash(text: &str) -> u64 {
    xxh3_64(text.as_bytes())
}

/// The hash of a key or a reference that is the same however a spreadsheet spells it: orders whose references may be one are
/// looked at together.
pub(in crate::pipeline) fn hash_reference(reference: &str) -> u64 {
    const MAX_BYTES: usize = 64;
    let bare = trim_reference(reference);
    // In a buffer of a fixed size, which is compared and changed many bytes at once.
    let mut buffer = [0; MAX_BYTES];
    if let Some(start) = buffer.get_mut(..bare.len()) {
        start.copy_from_slice(bare.as_bytes());
        if buffer.is_ascii() {
            buffer.make_ascii_lowercase();
            return xxh3_64(&buffer[..bare.len()]);
        }
    }
    xxh3_64(bare.to_lowercase().as_bytes())
}

/// What is known.
#[derive(Default)]
pub(in crate::pipeline) struct ExportFacts {
    /// Keys that stand in more than one place, or are spelt in more than one way; some others too.
    pub(in crate::pipeline) scattered: Option<BloomFilter>,
    /// References that orders of different keys share, however they are spelt; some others too.
    pub(in crate::pipeline) shared: Option<BloomFilter>,
    pub(in crate::pipeline) ambiguities: Ambiguities,
    pub(in crate::pipeline) types: ExtensionTypes,
}

impl ExportFacts {
    pub(in crate::pipeline) fn may_be_scattered(&self, key: &str) -> bool {
        self.scattered.as_ref().is_some_and(|scattered| scattered.may_contain(hash_reference(key)))
    }

    pub(in crate::pipeline) fn may_be_shared(&self, reference: &str) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.may_contain(hash_reference(reference)))
    }
}

/// What one part of the export tells, in the order of the input.
#[derive(Default)]
pub(in crate::pipeline) struct Observations {
    /// Hashes of the orders' keys.
    pub(in crate::pipeline) keys: Vec<u64>,
    /// Of orders whose references are not their keys, the hashes of key and reference together, and of the reference.
    pub(in crate::pipeline) references: Vec<(u64, u64)>,
    pub(in crate::pipeline) ambiguities: Ambiguities,
    pub(in crate::pipeline) types: ExtensionTypes,
}

/// Learns the facts of the whole export.
pub(in crate::pipeline) struct FactCollector {
    keys: DuplicateCounter,
    /// Keys and references together: an order of several runs tells its reference several times.
    pairs: DuplicateCounter,
    references: DuplicateCounter,
    ambiguities: Ambiguities,
    types: ExtensionTypes,
    filter_bytes: usize,
    n_keys: u64,
    /// Keys and references that came again.
    repeated: u64,
}

/// Of fewer keys nothing is concluded: so few are read twice in no time.
const MIN_KEYS_TO_JUDGE: u64 = 20_000;

/// With one key in so many coming back all over the export, it is cheaper to bring all rows together through files, and to
/// read the export once less. That way takes three times as long as believing what is seen, and one more reading in
/// vain half as long.
const SCATTERED_RATIO: u64 = 20;

/// What was learned.
pub(in crate::pipeline) struct CollectedFacts {
    pub(in crate::pipeline) facts: ExportFacts,
    /// How many keys stand in more than one place, and how many keys there are.
    pub(in crate::pipeline) n_scattered: u64,
    pub(in crate::pipeline) n_keys: u64,
}

impl FactCollector {
    pub(in crate::pipeline) fn new(
        keys: DuplicateCounter,
        pairs: DuplicateCounter,
        references: DuplicateCounter,
        filter_bytes: usize,
    ) -> Self {
        Self {
            keys,
            pairs,
            references,
            ambiguities: Ambiguities::default(),
            types: ExtensionTypes::default(),
            filter_bytes,
            n_keys: 0,
            repeated: 0,
        }
    }

    /// Takes what the next part tells.
    pub(in crate::pipeline) fn collect(&mut self, observations: Observations) -> io::Result<()> {
        self.n_keys += observations.keys.len() as u64;
        for hash in observations.keys {
            self.repeated += u64::from(self.keys.insert(hash)?);
        }
        for (pair, reference) in observations.references {
            if !self.pairs.insert(pair)? {
                self.repeated += u64::from(self.references.insert(reference)?);
            }
        }
        self.ambiguities.append(observations.ambiguities);
        self.types.append(observations.types);
        Ok(())
    }

    /// Whether it is sure already that what is believed without the facts will not do.
    pub(in crate::pipeline) fn needs_second_pass(&self) -> bool {
        self.repeated > 0 || !self.ambiguities.is_empty() || !self.types.is_uniform()
    }

    /// Whether so many keys came back that the rows of most orders must be thought to stand anywhere.
    pub(in crate::pipeline) fn is_mostly_scattered(&self) -> bool {
        self.n_keys >= MIN_KEYS_TO_JUDGE && self.repeated >= self.n_keys / SCATTERED_RATIO
    }

    /// Why the export cannot be understood, if there is more to learn than makes sense.
    pub(in crate::pipeline) fn ensure_understood(&self) -> Result<(), Refusal> {
        if self.ambiguities.exceeds_limit() {
            return Err(Refusal::TooAmbiguous);
        }
        if self.types.exceeds_limit() { Err(Refusal::TooManyExtensions(MAX_EXTENSION_NAMES)) } else { Ok(()) }
    }

    /// The facts of an export of which all rows were put aside.
    pub(in crate::pipeline) fn finish_spilled(self) -> ExportFacts {
        ExportFacts { ambiguities: self.ambiguities, types: self.types, ..ExportFacts::default() }
    }

    /// The facts, if there are any that make a difference.
    pub(in crate::pipeline) fn finish(self) -> io::Result<Option<CollectedFacts>> {
        let mut has_facts = !self.ambiguities.is_empty() || !self.types.is_uniform();
        let mut repeated = |seen: DuplicateCounter| {
            let (mut filter, mut n_repeated) = (None, 0);
            let n_distinct = seen.for_each_duplicate(|hash| {
                n_repeated += 1;
                filter.get_or_insert_with(|| BloomFilter::with_bytes(self.filter_bytes)).insert(hash);
            })?;
            has_facts |= filter.is_some();
            io::Result::Ok((filter, n_repeated, n_distinct))
        };
        let (scattered, n_scattered, n_keys) = repeated(self.keys)?;
        let (shared, _, _) = repeated(self.references)?;
        let facts = ExportFacts { scattered, shared, ambiguities: self.ambiguities, types: self.types };
        Ok(has_facts.then_some(CollectedFacts { facts, n_scattered, n_keys }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reference::normalize_reference;

    #[test]
    fn hash_ignores_reference_spelling() {
        let long = format!("0{}", "Ab".repeat(40));
        for reference in ["000001001", "1001.0", "#SO-1", "so-1", "\u{c9}T\u{c9}-1", "", "0", &long] {
            assert_eq!(hash_reference(reference), hash(&normalize_reference(reference)), "{reference}");
        }
    }
}
