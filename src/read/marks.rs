//! Where four bytes stand in a stretch of bytes, found 64 at a time.
//!
//! Knows nothing of CSV. Called by `csv` and `cut`. Measured on 100 MB of 21 unquoted columns, one core of the 2 of a
//! virtual machine, SSE2: with these marks 2.0 GB/s to all cell ends, with `memchr3_iter` 1.26, the csv crate 0.49.

use wide::u8x64;

/// Bytes looked at together: one bit each in a machine word.
const LANES: usize = 64;

/// The places of the sought bytes, in order.
pub(super) struct Marks<'b> {
    ahead: &'b [u8],
    sought: [u8x64; 4],
    /// Marks of the current lanes that were not given yet, the lowest bit first.
    left: u64,
    lanes_start: usize,
    next_start: usize,
}

impl<'b> Marks<'b> {
    pub(super) fn new(bytes: &'b [u8], sought: [u8; 4]) -> Self {
        Self { ahead: bytes, sought: sought.map(u8x64::splat), left: 0, lanes_start: 0, next_start: 0 }
    }

    /// Takes the next lanes; false where nothing is left.
    fn advance(&mut self) -> bool {
        let lanes = if let Some((lanes, rest)) = self.ahead.split_first_chunk::<LANES>() {
            self.ahead = rest;
            *lanes
        } else if self.ahead.is_empty() {
            return false;
        } else {
            // What is sought is never 0.
            let mut lanes = [0; LANES];
            lanes[..self.ahead.len()].copy_from_slice(self.ahead);
            self.ahead = &[];
            lanes
        };
        self.left = self.found(u8x64::new(lanes));
        self.lanes_start = self.next_start;
        self.next_start += LANES;
        true
    }

    fn found(&self, lanes: u8x64) -> u64 {
        let [a, b, c, d] = self.sought;
        (lanes.simd_eq(a) | lanes.simd_eq(b) | lanes.simd_eq(c) | lanes.simd_eq(d)).to_bitmask()
    }
}

impl Iterator for Marks<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.left == 0 {
            if !self.advance() {
                return None;
            }
        }
        let place = self.lanes_start + self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_a_walk_finds(bytes in prop::collection::vec(prop::sample::select(b"ab,\"\r\n\0".to_vec()), 0..300)) {
            let walked: Vec<usize> = (0..bytes.len()).filter(|at| b",\"\r\n".contains(&bytes[*at])).collect();
            prop_assert_eq!(Marks::new(&bytes, *b",\"\r\n").collect::<Vec<_>>(), walked);
        }
    }
}
