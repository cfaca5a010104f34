//! `walk_tree` and its two ordered relatives: the nodes of a tree that a function unfolds.

use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::{fmt, mem};

/// Makes an iterator over the nodes of a tree, parents before their children, and children in their
/// order.
///
/// `children_of` is called once for each node. Subtrees become pieces of the loop; the memory
/// needed is that of the siblings along a path, and of the nodes that a thread has seen before it
/// found several subtrees.
///
/// ```
/// use manyhands::iter::walk_tree_prefix;
/// use manyhands::prelude::*;
///
/// // Node n has the children 2n and 2n + 1, as in a heap.
/// let heap = |n: &u32| (2 * n..2 * n + 2).filter(|n| *n < 8);
/// let v: Vec<u32> = walk_tree_prefix(1, heap).collect();
/// assert_eq!(v, [1, 2, 4, 5, 3, 6, 7]);
/// ```
pub fn walk_tree_prefix<S, B, I>(root: S, children_of: B) -> WalkTreePrefix<S, B>
where
    S: Send,
    B: Fn(&S) -> I + Send + Sync,
    I: IntoIterator<Item = S, IntoIter: DoubleEndedIterator>,
{
    WalkTreePrefix { root, children_of }
}

/// Makes an iterator over the nodes of a tree, children in their order, and parents behind their
/// children.
///
/// `children_of` is called once for each node. Subtrees become pieces of the loop; the memory
/// needed is that of the siblings along a path, and of the nodes that a thread has seen before it
/// found several subtrees.
///
/// ```
/// use manyhands::iter::walk_tree_postfix;
/// use manyhands::prelude::*;
///
/// let heap = |n: &u32| (2 * n..2 * n + 2).filter(|n| *n < 8);
/// let v: Vec<u32> = walk_tree_postfix(1, heap).collect();
/// assert_eq!(v, [4, 5, 2, 6, 7, 3, 1]);
/// ```
pub fn walk_tree_postfix<S, B, I>(root: S, children_of: B) -> WalkTreePostfix<S, B>
where
    S: Send,
    B: Fn(&S) -> I + Send + Sync,
    I: IntoIterator<Item = S>,
{
    WalkTreePostfix { root, children_of }
}

/// Makes an iterator over the nodes of a tree, in no particular order.
///
/// `children_of` is called once for each node. Use [`walk_tree_prefix`] or [`walk_tree_postfix`]
/// if the order matters.
///
/// ```
/// use manyhands::iter::walk_tree;
/// use manyhands::prelude::*;
///
/// let heap = |n: &u32| (2 * n..2 * n + 2).filter(|n| *n < 8);
/// let total: u32 = walk_tree(1, heap).sum();
/// assert_eq!(total, 28);
/// ```
pub fn walk_tree<S, B, I>(root: S, children_of: B) -> WalkTree<S, B>
where
    S: Send,
    B: Fn(&S) -> I + Send + Sync,
    I: IntoIterator<Item = S, IntoIter: DoubleEndedIterator>,
{
    WalkTree { root, children_of }
}

macro_rules! walks {
    ($($name:ident by $function:ident, $prefix:literal, $text:literal;)*) => {$(
        #[doc = $text]
        #[derive(Clone)]
        #[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
        pub struct $name<S, B> {
            root: S,
            children_of: B,
        }

        impl<S: fmt::Debug, B> fmt::Debug for $name<S, B> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("root", &self.root).finish()
            }
        }

        impl<S, B, I> ParallelIterator for $name<S, B>
        where
            S: Send,
            B: Fn(&S) -> I + Send + Sync,
            I: IntoIterator<Item = S>,
        {
            type Item = S;

            fn drive_unindexed<C: UnindexedConsumer<S>>(self, consumer: C) -> C::Result {
                let producer = WalkProducer::<$prefix, S, B>::new(self.root, &self.children_of);
                bridge_unindexed(producer, consumer)
            }
        }
    )*};
}

walks! {
    WalkTreePrefix by walk_tree_prefix, true, "Iterator returned by [`walk_tree_prefix`].";
    WalkTreePostfix by walk_tree_postfix, false, "Iterator returned by [`walk_tree_postfix`].";
    WalkTree by walk_tree, true, "Iterator returned by [`walk_tree`].";
}

/// The number of nodes in a row with one child each that a piece unfolds before it gives away what
/// it has. It doubles each time, so that a long chain is cut only a few times.
const CHAIN: usize = 1 << 10;

struct WalkProducer<'b, const PREFIX: bool, S, B> {
    /// Nodes whose children are among the subtrees, or come in other pieces. Parents come first.
    nodes: Vec<S>,
    /// Subtrees that were not entered yet; the last one is the next.
    subtrees: Vec<S>,
    /// The number of nodes that one more split may unfold.
    patience: usize,
    children_of: &'b B,
}

impl<'b, const PREFIX: bool, S, B, I> WalkProducer<'b, PREFIX, S, B>
where
    B: Fn(&S) -> I,
    I: IntoIterator<Item = S>,
{
    fn new(root: S, children_of: &'b B) -> Self {
        Self {
            nodes: Vec::new(),
            subtrees: vec![root],
            patience: CHAIN,
            children_of,
        }
    }

    /// Enters a single subtree until there are several, or none, or patience ends.
    fn unfold(&mut self) {
        for _ in 0..self.patience {
            if self.subtrees.len() != 1 {
                return;
            }
            self.nodes.extend(self.subtrees.pop());
            if let Some(node) = self.nodes.last() {
                self.subtrees.extend((self.children_of)(node));
                self.subtrees.reverse();
            }
        }
    }

    /// A part of the tree that this piece has.
    fn part(&self, nodes: Vec<S>, subtrees: Vec<S>) -> Self {
        Self {
            nodes,
            subtrees,
            ..*self
        }
    }

    /// Gives all nodes of the subtrees, parents first.
    fn fold_prefix<F: Folder<S>>(mut self, mut folder: F) -> F {
        while let Some(root) = self.subtrees.pop() {
            let at = self.subtrees.len();
            self.subtrees.extend((self.children_of)(&root));
            self.subtrees[at..].reverse();
            folder = folder.consume(root);
            if folder.full() {
                break;
            }
        }
        folder
    }

    /// Gives all nodes of the subtrees, children first.
    fn fold_postfix<F: Folder<S>>(self, mut folder: F) -> F {
        let mut steps: Vec<_> = self.subtrees.into_iter().map(Step::Enter).collect();
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter(root) => {
                    let children = (self.children_of)(&root).into_iter();
                    steps.push(Step::Give(root));
                    let at = steps.len();
                    steps.extend(children.map(Step::Enter));
                    steps[at..].reverse();
                }
                Step::Give(node) => {
                    folder = folder.consume(node);
                    if folder.full() {
                        break;
                    }
                }
            }
        }
        folder
    }
}

/// What a walk with the parents behind their children does next.
enum Step<S> {
    /// Enters a subtree.
    Enter(S),
    /// Gives a node whose children it has given.
    Give(S),
}

/// Gives `nodes` until the folder is full.
fn fold_nodes<S, F: Folder<S>>(nodes: impl Iterator<Item = S>, folder: F) -> F {
    if folder.full() {
        return folder;
    }
    folder.consume_iter(nodes)
}

impl<'b, const PREFIX: bool, S, B, I> UnindexedProducer for WalkProducer<'b, PREFIX, S, B>
where
    S: Send,
    B: Fn(&S) -> I + Sync,
    I: IntoIterator<Item = S>,
{
    type Item = S;

    /// Gives half of the subtrees away. A single subtree is unfolded until there are several.
    ///
    /// Each node is moved a few times at most, however deep the tree is: nodes are only added to
    /// the end of their list.
    fn split(mut self) -> (Self, Option<Self>) {
        self.unfold();
        let (mut nodes, mut subtrees) = (mem::take(&mut self.nodes), mem::take(&mut self.subtrees));
        let (left, right) = match subtrees.len() {
            0 if nodes.len() < 2 => return (self.part(nodes, subtrees), None),
            0 => {
                let below = nodes.split_off(nodes.len() / 2);
                if PREFIX {
                    ((nodes, Vec::new()), (below, Vec::new()))
                } else {
                    ((below, Vec::new()), (nodes, Vec::new()))
                }
            }
            1 => {
                self.patience = self.patience.saturating_mul(2);
                if PREFIX {
                    ((nodes, Vec::new()), (Vec::new(), subtrees))
                } else {
                    ((Vec::new(), subtrees), (nodes, Vec::new()))
                }
            }
            several => {
                let first = subtrees.split_off(several / 2);
                if PREFIX {
                    ((nodes, first), (Vec::new(), subtrees))
                } else {
                    ((Vec::new(), first), (nodes, subtrees))
                }
            }
        };
        let right = self.part(right.0, right.1);
        (self.part(left.0, left.1), Some(right))
    }

    fn fold_with<F: Folder<S>>(mut self, folder: F) -> F {
        let nodes = mem::take(&mut self.nodes).into_iter();
        if PREFIX {
            let folder = fold_nodes(nodes, folder);
            if folder.full() {
                return folder;
            }
            self.fold_prefix(folder)
        } else {
            let folder = self.fold_postfix(folder);
            fold_nodes(nodes.rev(), folder)
        }
    }
}
