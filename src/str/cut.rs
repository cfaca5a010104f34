//! Cuts: places where a text can be cut in two.

/// A place between two characters near the middle; 0 if there is only the beginning.
pub(super) fn middle(text: &str) -> usize {
    let middle = text.len() / 2;
    // A character has at most four bytes, and the beginning is always a place.
    (0..=middle)
        .rev()
        .find(|&place| text.is_char_boundary(place))
        .unwrap_or(0)
}

/// Cuts a text between two characters near the middle.
pub(super) fn in_half(text: &str) -> Option<(&str, &str)> {
    match middle(text) {
        0 => None,
        place => Some(text.split_at(place)),
    }
}

/// A character of the wanted kind near the middle, with its place: the first one in the right
/// half, or else the last one in the left half.
pub(super) fn place_of(text: &str, is_wanted: impl Fn(char) -> bool) -> Option<(usize, char)> {
    let middle = middle(text);
    let (left, right) = text.split_at(middle);
    let mut behind = right.char_indices().map(|(place, c)| (middle + place, c));
    behind
        .find(|(_, c)| is_wanted(*c))
        .or_else(|| left.char_indices().rev().find(|(_, c)| is_wanted(*c)))
}

/// Cuts a text behind a character of the wanted kind.
pub(super) fn cut_behind(text: &str, is_wanted: impl Fn(char) -> bool) -> Option<(&str, &str)> {
    let (place, c) = place_of(text, is_wanted)?;
    Some(text.split_at(place + c.len_utf8()))
}
