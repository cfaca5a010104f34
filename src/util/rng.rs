//! Random numbers: where a thief starts its round of victims.

use std::cell::Cell;

/// Marsaglia's xorshift64*: good enough to spread thieves, and a step is a few instructions.
#[derive(Debug)]
pub(crate) struct Rng(Cell<u64>);

impl Rng {
    /// A generator whose sequence depends only on `seed`, and on the seed of the simulation if the
    /// calling thread is in one, so that runs can be repeated.
    pub(crate) fn new(seed: u64) -> Self {
        // Any odd start is a non-zero state, which is all that xorshift asks for.
        let seed = seed ^ crate::sim::seed();
        Self(Cell::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1))
    }

    /// A number in `0..bound`; 0 if `bound` is 0.
    pub(crate) fn below(&self, bound: usize) -> usize {
        let mut x = self.0.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.0.set(x);
        let high = (x.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as usize;
        high.checked_rem(bound).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn stays_below_the_bound_and_reaches_everything() {
        let rng = Rng::new(7);
        let mut seen = [false; 5];
        for _ in 0..200 {
            seen[rng.below(5)] = true;
        }
        assert_eq!(seen, [true; 5]);
        assert_eq!(rng.below(0), 0);
    }
}
