//! Sort key: what a sorter sorts by, and how it is encoded in a chunk.
//!
//! Integers and tuples of keys are keys: the first element of a tuple sorts first. Implemented by
//! `plan` for a key of its own. Called by `batch`.

use std::{cmp::Reverse, fmt};

/// A key of few bytes that is encoded in a fixed number of them.
pub trait SortKey: Copy + Ord + fmt::Debug {
    /// The size of an encoded key in bytes.
    const ENCODED_BYTES: usize;

    /// A number that sorts as the key does, but that different keys may share.
    fn leading_bits(self) -> u64;

    /// Appends the encoded key. Encoded keys need not sort as keys do: they are decoded first.
    fn encode(self, into: &mut Vec<u8>) {
        // At once, since a tuple may have many integers.
        let start = into.len();
        into.resize(start + Self::ENCODED_BYTES, 0);
        self.write(&mut into[start..]);
    }

    /// Encodes the key into as many bytes as it takes.
    fn write(self, into: &mut [u8]);

    /// Decodes a key from the front of `bytes`, and removes what it read.
    fn decode(bytes: &mut &[u8]) -> Self;
}

macro_rules! integer_keys {
    ($($integer:ty: $leading_bits:expr),*) => {$(
        impl SortKey for $integer {
            const ENCODED_BYTES: usize = size_of::<Self>();

            fn leading_bits(self) -> u64 {
                $leading_bits(self)
            }

            fn write(self, into: &mut [u8]) {
                into.copy_from_slice(&self.to_le_bytes());
            }

            fn decode(bytes: &mut &[u8]) -> Self {
                let (encoded, rest) = bytes.split_first_chunk().expect("a chunk has whole keys");
                *bytes = rest;
                Self::from_le_bytes(*encoded)
            }
        }
    )*};
}

integer_keys!(u8: u64::from, u32: u64::from, u64: u64::from, i64: from_signed);

/// Negative numbers come first.
fn from_signed(number: i64) -> u64 {
    number.cast_unsigned() ^ (1 << 63)
}

/// The key of entries that need no order.
impl SortKey for () {
    const ENCODED_BYTES: usize = 0;

    fn leading_bits(self) -> u64 {
        0
    }

    fn write(self, _: &mut [u8]) {}

    fn decode(_: &mut &[u8]) -> Self {}
}

impl<A: SortKey, B: SortKey> SortKey for (A, B) {
    const ENCODED_BYTES: usize = A::ENCODED_BYTES + B::ENCODED_BYTES;

    fn leading_bits(self) -> u64 {
        self.0.leading_bits()
    }

    fn write(self, into: &mut [u8]) {
        let (first, second) = into.split_at_mut(A::ENCODED_BYTES);
        self.0.write(first);
        self.1.write(second);
    }

    fn decode(bytes: &mut &[u8]) -> Self {
        (A::decode(bytes), B::decode(bytes))
    }
}

impl<A: SortKey, B: SortKey, C: SortKey> SortKey for (A, B, C) {
    const ENCODED_BYTES: usize = A::ENCODED_BYTES + B::ENCODED_BYTES + C::ENCODED_BYTES;

    fn leading_bits(self) -> u64 {
        self.0.leading_bits()
    }

    fn write(self, into: &mut [u8]) {
        let (first, rest) = into.split_at_mut(A::ENCODED_BYTES);
        self.0.write(first);
        (self.1, self.2).write(rest);
    }

    fn decode(bytes: &mut &[u8]) -> Self {
        (A::decode(bytes), B::decode(bytes), C::decode(bytes))
    }
}

/// Sorts in descending order.
impl<K: SortKey> SortKey for Reverse<K> {
    const ENCODED_BYTES: usize = K::ENCODED_BYTES;

    fn leading_bits(self) -> u64 {
        !self.0.leading_bits()
    }

    fn write(self, into: &mut [u8]) {
        self.0.write(into);
    }

    fn decode(bytes: &mut &[u8]) -> Self {
        Self(K::decode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Key = ((u8, u32, u64), (Reverse<i64>, ()));

    fn sort_alike<K: SortKey>(one: K, other: K) -> bool {
        one.min(other).leading_bits() <= one.max(other).leading_bits()
    }

    proptest! {
        #[test]
        fn leading_bits_sort_as_keys(one in any::<(i64, u32)>(), other in any::<(i64, u32)>()) {
            prop_assert!(sort_alike(one, other));
            prop_assert!(sort_alike(Reverse(one), Reverse(other)));
            prop_assert!(sort_alike((one.1, Reverse(one.0), ()), (other.1, Reverse(other.0), ())));
        }

        #[test]
        fn encoded_keys_round_trip(head in any::<(u8, u32, u64)>(), time in any::<i64>()) {
            let (key, mut encoded): (Key, _) = ((head, (Reverse(time), ())), Vec::new());
            key.encode(&mut encoded);
            prop_assert_eq!(encoded.len(), Key::ENCODED_BYTES);
            prop_assert_eq!(Key::decode(&mut &encoded[..]), key);
        }
    }
}
