//! Bucket sort: sorts entries in place by distributing them over buckets, each of which is then
//! sorted by comparison.
//!
//! Nearly all keys are hashes, times or positions: they are spread evenly, so that a bucket has a
//! few entries. Whatever the keys are, it takes little longer than the comparison sort alone.
//! Called by `batch`.

use std::mem;

use super::sort_key::SortKey;

/// The mean number of entries of a bucket.
const MEAN_ENTRIES: usize = 8;

/// Maximum number of buckets: their offsets stay in the cache of a core.
const MAX_BUCKETS: usize = 1 << 11;

/// Sorts entries by their keys. Entries of equal keys end in any order.
pub(super) fn sort_by_key<T: Copy, K: SortKey>(entries: &mut [T], key: impl Fn(&T) -> K) {
    let Some(bits @ 1..) = (entries.len() / MEAN_ENTRIES).min(MAX_BUCKETS).checked_ilog2() else {
        return entries.sort_unstable_by_key(key);
    };
    let leading = |entry: &T| key(entry).leading_bits();
    let least = entries.iter().map(leading).min().unwrap_or_default();
    let greatest = entries.iter().map(leading).max().unwrap_or_default();
    let shift = (u64::BITS - (greatest - least).leading_zeros()).saturating_sub(bits);
    #[expect(clippy::cast_possible_truncation, reason = "less than the number of buckets")]
    let bucket = |entry: &T| ((leading(entry) - least) >> shift) as usize;
    let mut start = 0;
    for end in distribute(entries, 1 << bits, bucket) {
        entries[start..end].sort_unstable_by_key(&key);
        start = end;
    }
}

/// Brings the entries of each bucket together, in the order of the buckets. Returns where each
/// bucket ends.
fn distribute<T: Copy>(
    entries: &mut [T],
    n_buckets: usize,
    bucket: impl Fn(&T) -> usize,
) -> Vec<usize> {
    let mut ends = vec![0; n_buckets];
    for entry in &*entries {
        ends[bucket(entry)] += 1;
    }
    let (mut next, mut end) = (Vec::with_capacity(n_buckets), 0);
    for n_entries in &mut ends {
        next.push(end);
        end += *n_entries;
        *n_entries = end;
    }
    for home in 0..n_buckets {
        while next[home] < ends[home] {
            // Each entry goes to its bucket, and the one that was there goes on.
            let mut entry = entries[next[home]];
            let mut target = bucket(&entry);
            while target != home {
                mem::swap(&mut entry, &mut entries[next[target]]);
                next[target] += 1;
                target = bucket(&entry);
            }
            entries[next[home]] = entry;
            next[home] += 1;
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn is_sorted<K: SortKey>(mut keys: Vec<K>) -> bool {
        let mut expected = keys.clone();
        expected.sort_unstable();
        sort_by_key(&mut keys, |key| *key);
        keys == expected
    }

    /// Numbers that are spread over all values, or over few.
    fn numbers() -> impl Strategy<Value = Vec<u64>> {
        (prop_oneof![vec(any::<u64>(), 0..40), vec(any::<u64>(), 0..2000)], 0_u32..64)
            .prop_map(|(numbers, shift)| numbers.into_iter().map(|n| n >> shift).collect())
    }

    proptest! {
        #[test]
        fn keys_of_any_type_are_sorted(numbers in numbers()) {
            prop_assert!(is_sorted(numbers.clone()));
            prop_assert!(is_sorted(numbers.iter().map(|n| (n / 7, Reverse(n % 7))).collect()));
            prop_assert!(is_sorted(numbers.iter().map(|n| (Reverse(n.cast_signed()), ())).collect()));
        }
    }

    #[test]
    fn more_entries_than_buckets_are_sorted() {
        let spread = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let n_entries = 20 * MAX_BUCKETS as u64;
        assert!(is_sorted((0..n_entries).map(spread).collect()));
        assert!(is_sorted((0..n_entries).rev().collect()));
        assert!(is_sorted(vec![u64::MAX; MAX_BUCKETS]));
    }
}
