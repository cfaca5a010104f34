//! Patterns: the characters that separate pieces, or that are looked for.

use crate::iter::plumbing::Folder;

/// A pattern, as `par_split` and its relatives take it: a character, several (`&[char]`,
/// `[char; N]`, `&[char; N]`), or a condition (`Fn(char) -> bool`). Sealed.
pub trait Pattern: Sealed {}

pub(super) use self::sealed::Sealed;

mod sealed {
    use super::Folder;

    /// What loops need of a pattern. Each match is one character long.
    pub trait Sealed: Sync + Send {
        fn matches(&self, c: char) -> bool;
        fn split<'ch, F: Folder<&'ch str>>(&self, text: &'ch str, folder: F) -> F;
        fn split_inclusive<'ch, F: Folder<&'ch str>>(&self, text: &'ch str, folder: F) -> F;
        fn split_terminator<'ch, F: Folder<&'ch str>>(&self, text: &'ch str, folder: F) -> F;
        fn all<'ch, F: Folder<&'ch str>>(&self, text: &'ch str, folder: F) -> F;

        /// Like [`all`](Self::all), with places; that of the text itself is `start`.
        fn all_indices<'ch, F>(&self, start: usize, text: &'ch str, folder: F) -> F
        where
            F: Folder<(usize, &'ch str)>;
    }
}

/// Implements patterns by those of std, which has the fastest search for each kind.
macro_rules! patterns {
    ($({$($params:tt)*} $pattern:ty, |$this:ident| $std:expr, |$that:ident, $c:ident| $is:expr;)*) => {$(
        impl<$($params)*> Pattern for $pattern {}

        impl<$($params)*> Sealed for $pattern {
            fn matches(&self, $c: char) -> bool {
                let $that = self;
                $is
            }

            fn split<'ch, F: Folder<&'ch str>>(&self, text: &'ch str, folder: F) -> F {
                let $this = self;
                folder.consume_iter(text.split($std))
            }

            fn split_inclusive<'ch, F: Folder<&'ch str>>(&self, text: &'ch str, folder: F) -> F {
                let $this = self;
                folder.consume_iter(text.split_inclusive($std))
            }

            fn split_terminator<'ch, F: Folder<&'ch str>>(&self, text: &'ch str, folder: F) -> F {
                let $this = self;
                folder.consume_iter(text.split_terminator($std))
            }

            fn all<'ch, F: Folder<&'ch str>>(&self, text: &'ch str, folder: F) -> F {
                let $this = self;
                folder.consume_iter(text.matches($std))
            }

            fn all_indices<'ch, F>(&self, start: usize, text: &'ch str, folder: F) -> F
            where
                F: Folder<(usize, &'ch str)>,
            {
                let $this = self;
                let found = text.match_indices($std);
                folder.consume_iter(found.map(|(place, c)| (start + place, c)))
            }
        }
    )*};
}

patterns! {
    {} char, |this| *this, |this, c| *this == c;
    {} &[char], |this| *this, |this, c| this.contains(&c);
    {const N: usize} [char; N], |this| *this, |this, c| this.contains(&c);
    {const N: usize} &[char; N], |this| *this, |this, c| this.contains(&c);
    {P: Fn(char) -> bool + Sync + Send} P, |this| this, |this, c| this(c);
}
