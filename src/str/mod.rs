//! Parallel iterators over strings.
//!
//! How many lines or characters a string has is not known before it is read, so these iterators
//! are not indexed.
//!
//! ```
//! use manyhands::prelude::*;
//!
//! let text = "many\nhands\n";
//! assert_eq!(text.par_lines().count(), 2);
//! assert_eq!(text.par_chars().filter(|c| "aeiou".contains(*c)).count(), 2);
//! ```
#![deny(unsafe_code)]

mod chars;
mod lines;

pub use self::chars::Chars;
pub use self::lines::Lines;

/// Parallel iterators over parts of a string.
pub trait ParallelString {
    /// The string itself: the methods of this trait need nothing else.
    fn as_parallel_string(&self) -> &str;

    /// Goes through the characters.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!("hands".par_chars().max(), Some('s'));
    /// ```
    fn par_chars(&self) -> Chars<'_> {
        Chars::new(self.as_parallel_string())
    }

    /// Goes through the lines, without their ends (`\n` or `\r\n`), like [`str::lines`].
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
}

impl ParallelString for str {
    fn as_parallel_string(&self) -> &str {
        self
    }
}

/// A place between two characters near the middle.
fn middle(text: &str) -> usize {
    let middle = text.len() / 2;
    // A character has at most four bytes, and the beginning is always a place.
    (0..=middle)
        .rev()
        .find(|&place| text.is_char_boundary(place))
        .unwrap_or(0)
}
