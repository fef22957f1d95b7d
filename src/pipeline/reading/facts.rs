//! What must be known of the whole export before any of its orders can be believed.
//!
//! A first pass knows nothing and believes what it sees. What it learns that could have made a difference is known to a
//! second pass, which is made only then. Nothing more can be learned by it: the facts are those of the rows alone.

use std::io;

use xxhash_rust::xxh3::xxh3_64;

use super::super::Refusal;
use crate::{
    group::Doubts,
    model::reference::without_ends,
    spill::{filter::Filter, seen::Seen},
    validate::{ExtensionKinds, MOST_NAMES},
};

/// The hash by which keys and references are known again. Two of the same hash only look as if they came again: what
/// they belong to is looked at more closely, and found to be two.
pub(in crate::pipeline) fn hash(text: &str) -> u64 {
    xxh3_64(text.as_bytes())
}

/// The hash of a key or a reference that is the same however a spreadsheet spells it: orders whose references may be one are
/// looked at together.
pub(in crate::pipeline) fn hash_of_bare(reference: &str) -> u64 {
    const LONGEST: usize = 64;
    let bare = without_ends(reference);
    // In a buffer of a fixed size, which is compared and changed many bytes at once.
    let mut buffer = [0; LONGEST];
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
pub(in crate::pipeline) struct Facts {
    /// Keys that stand in more than one place, or are spelt in more than one way; some others too.
    pub(in crate::pipeline) scattered: Option<Filter>,
    /// References that orders of different keys share, however they are spelt; some others too.
    pub(in crate::pipeline) shared: Option<Filter>,
    pub(in crate::pipeline) doubts: Doubts,
    pub(in crate::pipeline) kinds: ExtensionKinds,
}

impl Facts {
    pub(in crate::pipeline) fn may_be_scattered(&self, key: &str) -> bool {
        self.scattered.as_ref().is_some_and(|scattered| scattered.may_contain(hash_of_bare(key)))
    }

    pub(in crate::pipeline) fn may_be_shared(&self, reference: &str) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.may_contain(hash_of_bare(reference)))
    }
}

/// What one part of the export tells, in the order of the input.
#[derive(Default)]
pub(in crate::pipeline) struct Told {
    /// Hashes of the orders' keys.
    pub(in crate::pipeline) keys: Vec<u64>,
    /// Of orders whose references are not their keys, the hashes of key and reference together, and of the reference.
    pub(in crate::pipeline) references: Vec<(u64, u64)>,
    pub(in crate::pipeline) doubts: Doubts,
    pub(in crate::pipeline) kinds: ExtensionKinds,
}

/// Learns the facts of the whole export.
pub(in crate::pipeline) struct Learner {
    keys: Seen,
    /// Keys and references together: an order of several runs tells its reference several times.
    pairs: Seen,
    references: Seen,
    doubts: Doubts,
    kinds: ExtensionKinds,
    filter_bytes: usize,
    n_keys: u64,
    /// Keys and references that came again.
    n_again: u64,
}

/// Of fewer keys nothing is concluded: so few are read twice in no time.
const FEW_KEYS: u64 = 20_000;

/// With one key in so many coming back all over the export, it is cheaper to bring all rows together through files, and to
/// read the export once less. That way takes three times as long as believing what is seen, and one more reading in
/// vain half as long.
const SCATTERED: u64 = 20;

/// What was learned.
pub(in crate::pipeline) struct Learned {
    pub(in crate::pipeline) facts: Facts,
    /// How many keys stand in more than one place, and how many keys there are.
    pub(in crate::pipeline) n_scattered: u64,
    pub(in crate::pipeline) n_keys: u64,
}

impl Learner {
    pub(in crate::pipeline) fn new(keys: Seen, pairs: Seen, references: Seen, filter_bytes: usize) -> Self {
        Self {
            keys,
            pairs,
            references,
            doubts: Doubts::default(),
            kinds: ExtensionKinds::default(),
            filter_bytes,
            n_keys: 0,
            n_again: 0,
        }
    }

    /// Takes what the next part tells.
    pub(in crate::pipeline) fn learn(&mut self, told: Told) -> io::Result<()> {
        self.n_keys += told.keys.len() as u64;
        for hash in told.keys {
            self.n_again += u64::from(self.keys.insert(hash)?);
        }
        for (pair, reference) in told.references {
            if !self.pairs.insert(pair)? {
                self.n_again += u64::from(self.references.insert(reference)?);
            }
        }
        self.doubts.append(told.doubts);
        self.kinds.append(told.kinds);
        Ok(())
    }

    /// Whether it is sure already that what is believed without the facts will not do.
    pub(in crate::pipeline) fn has_learned(&self) -> bool {
        self.n_again > 0 || !self.doubts.is_empty() || !self.kinds.agree()
    }

    /// Whether so many keys came back that the rows of most orders must be thought to stand anywhere.
    pub(in crate::pipeline) fn are_keys_scattered(&self) -> bool {
        self.n_keys >= FEW_KEYS && self.n_again >= self.n_keys / SCATTERED
    }

    /// Why the export cannot be understood, if there is more to learn than makes sense.
    pub(in crate::pipeline) fn judge(&self) -> Result<(), Refusal> {
        if self.doubts.are_too_many() {
            return Err(Refusal::Doubts);
        }
        if self.kinds.are_too_many() { Err(Refusal::Extensions(MOST_NAMES)) } else { Ok(()) }
    }

    /// The facts of an export of which all rows were put aside.
    pub(in crate::pipeline) fn finish_without_keys(self) -> Facts {
        Facts { doubts: self.doubts, kinds: self.kinds, ..Facts::default() }
    }

    /// The facts, if there are any that make a difference.
    pub(in crate::pipeline) fn finish(self) -> io::Result<Option<Learned>> {
        let mut has_facts = !self.doubts.is_empty() || !self.kinds.agree();
        let mut repeated = |seen: Seen| {
            let (mut filter, mut n_repeated) = (None, 0);
            let n_distinct = seen.finish(|hash| {
                n_repeated += 1;
                filter.get_or_insert_with(|| Filter::with_bytes(self.filter_bytes)).insert(hash);
            })?;
            has_facts |= filter.is_some();
            io::Result::Ok((filter, n_repeated, n_distinct))
        };
        let (scattered, n_scattered, n_keys) = repeated(self.keys)?;
        let (shared, _, _) = repeated(self.references)?;
        let facts = Facts { scattered, shared, doubts: self.doubts, kinds: self.kinds };
        Ok(has_facts.then_some(Learned { facts, n_scattered, n_keys }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reference::bare;

    #[test]
    fn the_hash_is_that_of_the_bare_reference() {
        let long = format!("0{}", "Ab".repeat(40));
        for reference in ["000001001", "1001.0", "#SO-1", "so-1", "\u{c9}T\u{c9}-1", "", "0", &long] {
            assert_eq!(hash_of_bare(reference), hash(&bare(reference)), "{reference}");
        }
    }
}
