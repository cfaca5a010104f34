//! The product of two square matrices of `i32`, by quarters: four products are forked and joined,
//! then the four that are added to them.

use super::{Program, Size};
use crate::fork_join::ForkJoin;
use crate::suite::fork::{Fork, Scope};

#[derive(Clone, Copy)]
pub struct Matmul {
    size: usize,
}

/// Sides of at most this are multiplied by three loops.
const LEAF: usize = 32;

/// Numbers that begin at a line of the cache: where they begin by chance, rows of a leaf may take
/// a third longer.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[expect(dead_code, reason = "read as numbers in a row")] [i32; 16]);

/// A matrix, row by row.
pub struct Matrix(Vec<Line>);

impl Matrix {
    fn of(value: i32, size: usize) -> Self {
        Self(vec![Line([value; 16]); size * size / 16])
    }

    fn cells(&self) -> &[i32] {
        // SAFETY: a `Line` is 16 numbers without padding (16 x 4 = 64 bytes, its alignment), so the
        // vector's lines are 16 times as many numbers in a row, borrowed as long as the result.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * 16) }
    }
}

/// The product while tasks write to parts of it.
#[derive(Clone, Copy)]
struct Product(*mut i32);

// SAFETY: the pointer is that of a matrix which outlives all tasks (`multiply` waits for them), and
// no two tasks that run at a time touch the same cell.
unsafe impl Send for Product {}
// SAFETY: as above.
unsafe impl Sync for Product {}

/// What all tasks of a multiplication share.
#[derive(Clone, Copy)]
struct Factors<'a> {
    a: &'a [i32],
    b: &'a [i32],
    /// Of a row, in numbers.
    stride: usize,
}

/// Row and column of a part of a matrix.
type Place = (usize, usize);

/// Adds the product of the parts of `size` at `at` of a, and at `bt` of b, to that at `ct` of c.
///
/// # Safety
///
/// `c` is the start of a matrix with the stride of the factors; the part is inside of all three
/// matrices, and nobody else touches that of `c` meanwhile.
unsafe fn multiply<P: ForkJoin>(
    factors: Factors<'_>,
    c: Product,
    (at, bt, ct): (Place, Place, Place),
    size: usize,
    scope: &mut P::Scope<'_>,
) {
    if size <= LEAF {
        // SAFETY: the caller's.
        unsafe { leaf(factors, c, (at, bt, ct), size) };
        return;
    }
    let half = size / 2;
    let part = |(row, column): Place, down: usize, right: usize| {
        (row + down * half, column + right * half)
    };
    for inner in 0..2 {
        let quarter = |down: usize, right: usize| {
            let places = (
                part(at, down, inner),
                part(bt, inner, right),
                part(ct, down, right),
            );
            move |scope: &mut P::Scope<'_>| {
                // SAFETY: a quarter of a part that is inside of the matrices is, too. The four that
                // are forked are different quarters of `c`, and the part is ours (the caller's).
                // The next four begin when these have ended.
                unsafe { multiply::<P>(factors, c, places, half, scope) }
            }
        };
        P::join(
            scope,
            |scope| P::join(scope, quarter(0, 0), quarter(0, 1)),
            |scope| P::join(scope, quarter(1, 0), quarter(1, 1)),
        );
    }
}

/// # Safety
///
/// As for [`multiply`].
unsafe fn leaf(
    Factors { a, b, stride }: Factors<'_>,
    c: Product,
    (at, bt, ct): (Place, Place, Place),
    size: usize,
) {
    for i in 0..size {
        let start = (ct.0 + i) * stride + ct.1;
        // SAFETY: the row is inside of the part of `c`, which nobody else touches (the caller's).
        let row = unsafe { std::slice::from_raw_parts_mut(c.0.add(start), size) };
        for k in 0..size {
            let factor = a[(at.0 + i) * stride + at.1 + k];
            let others = &b[(bt.0 + k) * stride + bt.1..][..size];
            for (cell, other) in row.iter_mut().zip(others) {
                *cell = cell.wrapping_add(factor.wrapping_mul(*other));
            }
        }
    }
}

impl Program for Matmul {
    const NAME: &'static str = "matmul";
    const TASK: &'static str = "leaves";
    /// The factors and the product.
    type State = (Matrix, Matrix, Matrix);

    fn of(size: Size) -> Self {
        Self {
            size: size.pick(2048, 128),
        }
    }

    fn label(&self) -> String {
        format!("matmul({})", self.size)
    }

    fn tasks(&self) -> u64 {
        ((self.size / LEAF) as u64).pow(3)
    }

    fn prepare(&self) -> Self::State {
        let matrix = |value| Matrix::of(value, self.size);
        (matrix(1), matrix(1), matrix(0))
    }

    fn run<W: Fork>(&self, (a, b, c): &mut Self::State, scope: &mut Scope<'_, W>) -> u64 {
        let factors = Factors {
            a: a.cells(),
            b: b.cells(),
            stride: self.size,
        };
        let product = Product(c.0.as_mut_ptr().cast());
        // SAFETY: all three are matrices of this size, and `c` is borrowed by this call alone.
        unsafe {
            multiply::<W::Library>(factors, product, ((0, 0), (0, 0), (0, 0)), self.size, scope)
        };
        0
    }

    /// Every cell of the product of matrices of ones is their size.
    fn expected(&self, (_, _, c): &Self::State) -> u64 {
        let wrong = |&&cell: &&i32| cell != self.size as i32;
        c.cells().iter().filter(wrong).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_counted() {
        assert_eq!(Matmul::of(Size::Full).tasks(), 262_144);
    }
}
