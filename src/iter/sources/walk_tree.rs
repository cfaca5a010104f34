//! `walk_tree` and its two ordered relatives: the nodes of a tree that a function unfolds.

use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::fmt;

/// Makes an iterator over the nodes of a tree, parents before their children, and children in their
/// order.
///
/// `children_of` is called once for each node. Subtrees become pieces of the loop; the memory
/// needed is that of the siblings along a path.
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
/// needed is that of the siblings along a path.
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
                let producer = WalkProducer::<$prefix, S, B> {
                    steps: vec![Step::Enter(self.root)],
                    children_of: &self.children_of,
                };
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

enum Step<S> {
    /// A subtree that was not entered yet.
    Enter(S),
    /// A node whose children are steps of their own.
    Give(S),
}

struct WalkProducer<'b, const PREFIX: bool, S, B> {
    /// The steps to come; the last one is the next.
    steps: Vec<Step<S>>,
    children_of: &'b B,
}

impl<'b, const PREFIX: bool, S, B, I> WalkProducer<'b, PREFIX, S, B>
where
    B: Fn(&S) -> I,
    I: IntoIterator<Item = S>,
{
    /// Adds the steps of a subtree; they are the next ones.
    fn unfold(&mut self, root: S) {
        let children = (self.children_of)(&root).into_iter();
        let at = self.steps.len();
        if PREFIX {
            self.steps.extend(children.map(Step::Enter));
            self.steps.push(Step::Give(root));
            let last = self.steps.len() - 1;
            self.steps[at..last].reverse();
        } else {
            self.steps.push(Step::Give(root));
            self.steps.extend(children.map(Step::Enter));
            self.steps[at + 1..].reverse();
        }
    }

    /// The indices of the subtrees.
    fn subtrees(&self) -> Vec<usize> {
        let steps = self.steps.iter().enumerate();
        steps
            .filter(|(_, step)| matches!(step, Step::Enter(_)))
            .map(|(place, _)| place)
            .collect()
    }
}

impl<'b, const PREFIX: bool, S, B, I> UnindexedProducer for WalkProducer<'b, PREFIX, S, B>
where
    S: Send,
    B: Fn(&S) -> I + Sync,
    I: IntoIterator<Item = S>,
{
    type Item = S;

    /// Gives half of the subtrees away. A single subtree is unfolded until there are several.
    fn split(mut self) -> (Self, Option<Self>) {
        loop {
            match self.subtrees()[..] {
                [] => return (self, None),
                [single] => {
                    let behind = self.steps.split_off(single + 1);
                    if let Some(Step::Enter(root)) = self.steps.pop() {
                        self.unfold(root);
                    }
                    self.steps.extend(behind);
                }
                ref several => {
                    let left = Self {
                        steps: self.steps.split_off(several[several.len() / 2]),
                        children_of: self.children_of,
                    };
                    return (left, Some(self));
                }
            }
        }
    }

    fn fold_with<F: Folder<S>>(mut self, mut folder: F) -> F {
        while let Some(step) = self.steps.pop() {
            match step {
                Step::Enter(root) => self.unfold(root),
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
