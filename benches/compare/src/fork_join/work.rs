//! The recursions.

use super::{ForkJoin, Work};

/// The sum over a complete binary tree, with a join at every node, also at the leaves (whose two
/// halves are empty): nothing but the cost of `join`, and the memory's.
pub struct Tree {
    root: Node,
}

struct Node {
    value: u64,
    left: Option<Box<Node>>,
    right: Option<Box<Node>>,
}

impl Tree {
    /// A tree of `2^levels - 1` nodes of value 1. A node is allocated after its parent and, with
    /// all that is under it, before its sibling. So a fresh heap holds the nodes in pre-order, and
    /// a walk from left to right reads memory from one end to the other.
    pub fn new(levels: u32) -> Self {
        let mut root = Node {
            value: 1,
            left: None,
            right: None,
        };
        grow(&mut root, levels - 1);
        Self { root }
    }
}

fn grow(node: &mut Node, levels: u32) {
    if levels == 0 {
        return;
    }
    for child in [&mut node.left, &mut node.right] {
        let child = child.insert(Box::new(Node {
            value: 1,
            left: None,
            right: None,
        }));
        grow(child, levels - 1);
    }
}

fn sum<P: ForkJoin>(node: &Node, scope: &mut P::Scope<'_>) -> u64 {
    let (left, right) = P::join(
        scope,
        |scope| node.left.as_deref().map_or(0, |left| sum::<P>(left, scope)),
        |scope| {
            node.right
                .as_deref()
                .map_or(0, |right| sum::<P>(right, scope))
        },
    );
    node.value + left + right
}

impl Work for Tree {
    fn run<P: ForkJoin>(&self, scope: &mut P::Scope<'_>) -> u64 {
        sum::<P>(&self.root, scope)
    }

    fn run_outside<P: ForkJoin>(&self, pool: &P::Pool) -> u64 {
        let root = &self.root;
        let (left, right) = P::join_outside(
            pool,
            |scope| root.left.as_deref().map_or(0, |left| sum::<P>(left, scope)),
            |scope| {
                root.right
                    .as_deref()
                    .map_or(0, |right| sum::<P>(right, scope))
            },
        );
        root.value + left + right
    }
}

/// Fibonacci numbers the slow way, without a cut-off.
pub struct Fib(pub u32);

impl Fib {
    /// How many calls one run makes.
    pub fn calls(n: u32) -> u64 {
        if n < 2 {
            1
        } else {
            1 + Self::calls(n - 1) + Self::calls(n - 2)
        }
    }
}

fn fib<P: ForkJoin>(n: u32, scope: &mut P::Scope<'_>) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = P::join(
        scope,
        |scope| fib::<P>(n - 1, scope),
        |scope| fib::<P>(n - 2, scope),
    );
    a + b
}

impl Work for Fib {
    fn run<P: ForkJoin>(&self, scope: &mut P::Scope<'_>) -> u64 {
        fib::<P>(self.0, scope)
    }

    fn run_outside<P: ForkJoin>(&self, pool: &P::Pool) -> u64 {
        let n = self.0;
        let (a, b) = P::join_outside(
            pool,
            |scope| fib::<P>(n - 1, scope),
            |scope| fib::<P>(n - 2, scope),
        );
        a + b
    }
}

/// The number of ways to place n queens. The columns of a row are a chain of joins: this one, and
/// all further ones. So the tree leans to the right, which is hard on waiting.
pub struct Queens(pub u32);

/// Where queens stand, as bits of columns.
#[derive(Clone, Copy)]
pub struct Board {
    /// All columns.
    pub(super) full: u32,
    pub(super) taken: u32,
    /// Columns under attack along the two diagonals.
    left: u32,
    right: u32,
}

impl Board {
    pub(super) fn new(size: u32) -> Self {
        Self {
            full: (1 << size) - 1,
            taken: 0,
            left: 0,
            right: 0,
        }
    }

    pub(super) fn free(self) -> u32 {
        self.full & !(self.taken | self.left | self.right)
    }

    pub(super) fn place(self, column: u32) -> Self {
        Self {
            full: self.full,
            taken: self.taken | column,
            left: (self.left | column) << 1,
            right: (self.right | column) >> 1,
        }
    }
}

impl Queens {
    /// How many queens one run places.
    pub fn placed(size: u32) -> u64 {
        fn placed(board: Board) -> u64 {
            let mut free = board.free();
            let mut count = 0;
            while free != 0 {
                let column = free & free.wrapping_neg();
                free ^= column;
                count += 1 + placed(board.place(column));
            }
            count
        }
        placed(Board::new(size))
    }
}

fn solve<P: ForkJoin>(board: Board, scope: &mut P::Scope<'_>) -> u64 {
    if board.taken == board.full {
        return 1;
    }
    columns::<P>(board, board.free(), scope)
}

fn columns<P: ForkJoin>(board: Board, free: u32, scope: &mut P::Scope<'_>) -> u64 {
    if free == 0 {
        return 0;
    }
    let column = free & free.wrapping_neg();
    let others = free ^ column;
    if others == 0 {
        return solve::<P>(board.place(column), scope);
    }
    let (this, others) = P::join(
        scope,
        |scope| solve::<P>(board.place(column), scope),
        |scope| columns::<P>(board, others, scope),
    );
    this + others
}

impl Work for Queens {
    fn run<P: ForkJoin>(&self, scope: &mut P::Scope<'_>) -> u64 {
        solve::<P>(Board::new(self.0), scope)
    }

    fn run_outside<P: ForkJoin>(&self, pool: &P::Pool) -> u64 {
        let board = Board::new(self.0);
        let (this, others) = P::join_outside(
            pool,
            |scope| solve::<P>(board.place(1), scope),
            |scope| columns::<P>(board, board.free() ^ 1, scope),
        );
        this + others
    }
}

/// A tree whose shape nobody can guess, after the idea of the Unbalanced Tree Search benchmark:
/// each node but the root has, by a hash, five children with a probability of 0.199, or none. So
/// a subtree has 200 nodes on average, most have one and some have thousands.
#[derive(Clone, Copy)]
pub struct Unbalanced {
    /// Of the root.
    pub children: u64,
    pub seed: u64,
}

impl Unbalanced {
    pub fn nodes(self) -> u64 {
        fn nodes(hash: u64) -> u64 {
            1 + (0..children(hash))
                .map(|nth| nodes(child(hash, nth)))
                .sum::<u64>()
        }
        1 + (0..self.children)
            .map(|nth| nodes(child(self.seed, nth)))
            .sum::<u64>()
    }
}

fn children(hash: u64) -> u64 {
    if hash >> 32 < (0.199 * (1_u64 << 32) as f64) as u64 {
        5
    } else {
        0
    }
}

/// A round of splitmix64.
fn child(hash: u64, nth: u64) -> u64 {
    let mut z = hash.wrapping_add((nth + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn visit<P: ForkJoin>(hash: u64, scope: &mut P::Scope<'_>) -> u64 {
    1 + visit_children::<P>(hash, 0, children(hash), scope)
}

fn visit_children<P: ForkJoin>(hash: u64, from: u64, to: u64, scope: &mut P::Scope<'_>) -> u64 {
    match to - from {
        0 => 0,
        1 => visit::<P>(child(hash, from), scope),
        count => {
            let middle = from + count / 2;
            let (low, high) = P::join(
                scope,
                |scope| visit_children::<P>(hash, from, middle, scope),
                |scope| visit_children::<P>(hash, middle, to, scope),
            );
            low + high
        }
    }
}

impl Work for Unbalanced {
    fn run<P: ForkJoin>(&self, scope: &mut P::Scope<'_>) -> u64 {
        1 + visit_children::<P>(self.seed, 0, self.children, scope)
    }

    fn run_outside<P: ForkJoin>(&self, pool: &P::Pool) -> u64 {
        let middle = self.children / 2;
        let (low, high) = P::join_outside(
            pool,
            |scope| visit_children::<P>(self.seed, 0, middle, scope),
            |scope| visit_children::<P>(self.seed, middle, self.children, scope),
        );
        1 + low + high
    }
}
