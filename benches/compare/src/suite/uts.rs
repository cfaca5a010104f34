//! Unbalanced Tree Search: trees whose shape nobody can guess. The state of a child is the SHA-1
//! hash of its parent's state and its own number.

use super::{Program, Size};
use crate::fork_join::ForkJoin;
use crate::suite::fork::{Fork, Scope};
use sha1::{Digest, Sha1};

type State = [u8; 20];

#[derive(Clone, Copy)]
enum Shape {
    /// The root has `root` children. Others have `many` with this chance, and otherwise none.
    Binomial { root: u32, chance: f64, many: u32 },
    /// Nodes above a depth have a number of children that is `mean` on average.
    Geometric { depth: u32, mean: f64 },
}

#[derive(Clone, Copy)]
pub struct Tree {
    label: &'static str,
    shape: Shape,
    seed: u32,
    nodes: u64,
}

// Out of line, so that the hash keeps its buffers out of the frames of the recursion.
#[inline(never)]
fn child(parent: &State, number: u32) -> State {
    let hash = Sha1::new().chain_update(parent);
    hash.chain_update(number.to_be_bytes()).finalize().into()
}

fn root(seed: u32) -> State {
    let mut state = [0; 20];
    state[16..].copy_from_slice(&seed.to_be_bytes());
    Sha1::digest(state).into()
}

/// A number from 0 to below 1.
fn chance(state: &State) -> f64 {
    let [.., a, b, c, d] = *state;
    f64::from(u32::from_be_bytes([a, b, c, d]) & 0x7fff_ffff) / f64::from(1_u32 << 31)
}

impl Shape {
    fn children(&self, state: &State, depth: u32) -> u32 {
        /// The root of a binomial tree may have more.
        const MOST: u32 = 100;
        match *self {
            Self::Binomial { root, .. } if depth == 0 => root,
            Self::Binomial {
                chance: below,
                many,
                ..
            } => {
                if chance(state) < below {
                    many
                } else {
                    0
                }
            }
            Self::Geometric { depth: end, .. } if depth >= end => 0,
            Self::Geometric { mean, .. } => {
                let stop = 1.0 / (1.0 + mean);
                let count = (1.0 - chance(state)).ln() / (1.0 - stop).ln();
                (count as u32).min(MOST)
            }
        }
    }
}

/// A node, in the frame of the call that visits it. The frames below refer to it, since the deepest
/// tree needs as many frames as a stack can hold.
struct Node<'a> {
    shape: &'a Shape,
    state: State,
    depth: u32,
}

impl Node<'_> {
    /// The nodes at and below this one.
    fn visit<P: ForkJoin>(&self, scope: &mut P::Scope<'_>) -> u64 {
        let count = self.shape.children(&self.state, self.depth);
        1 + self.below::<P>(0, count, scope)
    }

    /// The nodes at and below the children from a number to another.
    fn below<P: ForkJoin>(&self, from: u32, to: u32, scope: &mut P::Scope<'_>) -> u64 {
        match to - from {
            0 => 0,
            1 => {
                let child = Node {
                    shape: self.shape,
                    state: child(&self.state, from),
                    depth: self.depth + 1,
                };
                child.visit::<P>(scope)
            }
            count => {
                let middle = from + count / 2;
                let (low, high) = P::join(
                    scope,
                    move |scope| self.below::<P>(from, middle, scope),
                    move |scope| self.below::<P>(middle, to, scope),
                );
                low + high
            }
        }
    }
}

impl Tree {
    fn label(&self) -> String {
        format!("UTS {}", self.label)
    }

    fn walk<P: ForkJoin>(&self, scope: &mut P::Scope<'_>) -> u64 {
        let root = Node {
            shape: &self.shape,
            state: root(self.seed),
            depth: 0,
        };
        root.visit::<P>(scope)
    }
}

macro_rules! program {
    ($(#[$about:meta])* $program:ident, $name:literal, $full:expr, $quick:expr $(,)?) => {
        $(#[$about])*
        #[derive(Clone, Copy)]
        pub struct $program(Tree);

        impl Program for $program {
            const NAME: &'static str = $name;
            const TASK: &'static str = "nodes";
            type State = ();

            fn of(size: Size) -> Self {
                Self(size.pick($full, $quick))
            }

            fn label(&self) -> String {
                self.0.label()
            }

            fn tasks(&self) -> u64 {
                self.0.nodes
            }

            fn prepare(&self) {}

            fn run<W: Fork>(&self, (): &mut (), scope: &mut Scope<'_, W>) -> u64 {
                self.0.walk::<W::Library>(scope)
            }

            fn expected(&self, (): &()) -> u64 {
                self.0.nodes
            }
        }
    };
}

const fn geometric(label: &'static str, depth: u32, nodes: u64) -> Tree {
    Tree {
        label,
        shape: Shape::Geometric { depth, mean: 4.0 },
        seed: 19,
        nodes,
    }
}

const fn binomial(
    label: &'static str,
    root: u32,
    chance: f64,
    many: u32,
    seed: u32,
    nodes: u64,
) -> Tree {
    Tree {
        label,
        shape: Shape::Binomial { root, chance, many },
        seed,
        nodes,
    }
}

program!(
    /// Wide: ten levels.
    T1,
    "uts-t1",
    geometric("T1", 10, 4_130_071),
    geometric("T1 of depth 6", 6, 16_000),
);

program!(
    /// Deep: 1572 levels.
    T3,
    "uts-t3",
    binomial("T3", 2000, 0.124_875, 8, 42, 4_112_897),
    binomial("T3 of 20", 20, 0.124_875, 8, 42, 6213),
);

program!(
    /// Deeper than most stacks: 17,844 levels.
    T3L,
    "uts-t3l",
    binomial("T3L", 2000, 0.200_014, 5, 7, 111_345_631),
    binomial("T3L of 100", 100, 0.200_014, 5, 7, 2931),
);
