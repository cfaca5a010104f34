//! Parallel iterators over strings.
//!
//! The number of lines or characters is not known before a string is read. So these iterators are
//! not indexed, except the one over bytes. A text is divided near its middle, behind the next place
//! where a line, word or piece ends. All items come in order.
//!
//! ```
//! use manyhands::prelude::*;
//!
//! let text = "many\nhands\n";
//! assert_eq!(text.par_lines().count(), 2);
//! assert_eq!(text.par_chars().filter(|c| "aeiou".contains(*c)).count(), 2);
//! ```
#![deny(unsafe_code)]

mod bytes;
mod char_indices;
mod chars;
mod cut;
mod encode_utf16;
mod lines;
mod matches;
mod pattern;
mod split;
mod whitespace;

pub use self::bytes::Bytes;
pub use self::char_indices::CharIndices;
pub use self::chars::Chars;
pub use self::encode_utf16::EncodeUtf16;
pub use self::lines::Lines;
pub use self::matches::{MatchIndices, Matches};
pub use self::pattern::Pattern;
pub use self::split::{Split, SplitInclusive, SplitTerminator};
pub use self::whitespace::{SplitAsciiWhitespace, SplitWhitespace};

/// Parallel iterators over parts of a string.
pub trait ParallelString {
    /// The string itself: the methods of this trait need nothing else.
    fn as_parallel_string(&self) -> &str;

    /// Iterates over the characters.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!("hands".par_chars().max(), Some('s'));
    /// ```
    fn par_chars(&self) -> Chars<'_> {
        Chars::new(self.as_parallel_string())
    }

    /// Iterates over the lines, without their ends (` ` or `\r `), like [`str::lines`].
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let lines: Vec<&str> = "many\r\nhands\n".par_lines().collect();
    /// assert_eq!(lines, ["many", "hands"]);
    /// ```
    fn par_lines(&self) -> Lines<'_> {
        Lines::new(self.as_parallel_string())
    }

    /// Iterates over the characters, each with the place of its first byte, like
    /// [`str::char_indices`].
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<(usize, char)> = "süß".par_char_indices().collect();
    /// assert_eq!(v, [(0, 's'), (1, 'ü'), (3, 'ß')]);
    /// ```
    fn par_char_indices(&self) -> CharIndices<'_> {
        CharIndices::new(self.as_parallel_string())
    }

    /// Iterates over the bytes. The iterator is indexed: their number is known.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!("süß".par_bytes().filter(u8::is_ascii).count(), 1);
    /// ```
    fn par_bytes(&self) -> Bytes<'_> {
        Bytes::new(self.as_parallel_string())
    }

    /// Iterates over the string in UTF-16, like [`str::encode_utf16`].
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!("süß𝄞".par_encode_utf16().count(), 5);
    /// ```
    fn par_encode_utf16(&self) -> EncodeUtf16<'_> {
        EncodeUtf16::new(self.as_parallel_string())
    }

    /// Iterates over the pieces between separators, like [`str::split`]. A piece may be empty;
    /// without separators there is one piece.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<&str> = "a,b;;c".par_split([',', ';']).collect();
    /// assert_eq!(v, ["a", "b", "", "c"]);
    /// ```
    fn par_split<P: Pattern>(&self, separator: P) -> Split<'_, P> {
        Split::new(self.as_parallel_string(), separator)
    }

    /// Iterates over the pieces that end with separators, or at the end of the string, like
    /// [`str::split_inclusive`].
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<&str> = "a,b,".par_split_inclusive(',').collect();
    /// assert_eq!(v, ["a,", "b,"]);
    /// ```
    fn par_split_inclusive<P: Pattern>(&self, separator: P) -> SplitInclusive<'_, P> {
        SplitInclusive::new(self.as_parallel_string(), separator)
    }

    /// Iterates over the pieces before separators, and the rest behind the last one, unless it is
    /// empty, like [`str::split_terminator`].
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<&str> = "a;b;".par_split_terminator(';').collect();
    /// assert_eq!(v, ["a", "b"]);
    /// ```
    fn par_split_terminator<P: Pattern>(&self, terminator: P) -> SplitTerminator<'_, P> {
        SplitTerminator::new(self.as_parallel_string(), terminator)
    }

    /// Iterates over the words: the parts between white space, as Unicode defines it. No word is
    /// empty.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!(" many\n hands ".par_split_whitespace().map(str::len).max(), Some(5));
    /// ```
    fn par_split_whitespace(&self) -> SplitWhitespace<'_> {
        SplitWhitespace::new(self.as_parallel_string())
    }

    /// Iterates over the words: the parts between white space, as ASCII defines it. No word is
    /// empty.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!(" many\n hands ".par_split_ascii_whitespace().count(), 2);
    /// ```
    fn par_split_ascii_whitespace(&self) -> SplitAsciiWhitespace<'_> {
        SplitAsciiWhitespace::new(self.as_parallel_string())
    }

    /// Iterates over the parts that match, like [`str::matches`]. Each is one character long.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<&str> = "r2d2".par_matches(char::is_alphabetic).collect();
    /// assert_eq!(v, ["r", "d"]);
    /// ```
    fn par_matches<P: Pattern>(&self, pattern: P) -> Matches<'_, P> {
        Matches::new(self.as_parallel_string(), pattern)
    }

    /// Iterates over the parts that match, with their places, like [`str::match_indices`].
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<(usize, &str)> = "r2d2".par_match_indices('2').collect();
    /// assert_eq!(v, [(1, "2"), (3, "2")]);
    /// ```
    fn par_match_indices<P: Pattern>(&self, pattern: P) -> MatchIndices<'_, P> {
        MatchIndices::new(self.as_parallel_string(), pattern)
    }
}

impl ParallelString for str {
    fn as_parallel_string(&self) -> &str {
        self
    }
}
