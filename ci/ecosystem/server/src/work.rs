//! What the handler computes: a parallel map over a matrix, and a product by parallel rows.

use ndarray::{Array2, Zip, par_azip};

/// A product takes some 10 to 20 ms of one core.
const SIDE: usize = 320;

/// The same number on any pool: each row is computed by one thread, and added up in order.
pub(crate) fn work(seed: u64) -> u64 {
    let number = |(row, column): (usize, usize)| {
        let bits = (seed << 32 | (row * SIDE + column) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (bits >> 40) as f64 / (1 << 24) as f64
    };
    let mut left = Array2::from_shape_fn((SIDE, SIDE), number);
    let right = left.t().to_owned();
    par_azip!((left in &mut left) *left = (1.0 + *left).ln().sqrt());
    let mut product = Array2::<f64>::zeros((SIDE, SIDE));
    Zip::from(product.rows_mut())
        .and(left.rows())
        .par_for_each(|mut row, left| row.assign(&left.dot(&right)));
    product
        .iter()
        .fold(0, |sum: u64, number| sum.rotate_left(5) ^ number.to_bits())
}
