//! Seeded random numbers of the simulation (`SplitMix64`), equal on every machine.

use std::time::Duration;

/// A stream of pseudo-random numbers.
#[derive(Debug, Clone)]
pub(super) struct SimulationRng(u64);

impl SimulationRng {
    /// The stream of a seed for one purpose, independent of its other streams.
    pub(super) fn stream(seed: u64, purpose: &[u64]) -> Self {
        let stream =
            purpose.iter().fold(Self(seed).next(), |mixed, part| Self(mixed ^ part).next());
        Self(stream)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound` - 1.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        // The bias of the modulo towards small numbers, about 2⁻⁵⁰, is irrelevant here.
        self.next() % bound
    }

    /// A number from `min` to `max`, both included.
    pub(super) fn between(&mut self, min: u64, max: u64) -> u64 {
        min + self.below(max - min + 1)
    }

    /// The same as [`Self::between`] for settings.
    pub(super) fn small(&mut self, min: u32, max: u32) -> u32 {
        u32::try_from(self.between(min.into(), max.into())).unwrap()
    }

    /// The same as [`Self::between`] for counts.
    pub(super) fn count(&mut self, min: usize, max: usize) -> usize {
        let (min, max) = (u64::try_from(min).unwrap(), u64::try_from(max).unwrap());
        usize::try_from(self.between(min, max)).unwrap()
    }

    /// A duration in whole milliseconds, the resolution of tokio's timers.
    pub(super) fn millis(&mut self, min: u64, max: u64) -> Duration {
        Duration::from_millis(self.between(min, max))
    }

    pub(super) fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    pub(super) fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.count(0, values.len() - 1)]
    }
}
