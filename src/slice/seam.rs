//! Where a loop over pieces of unknown lengths can be cut in two.

/// A place where one piece ends and the next one begins: of a separator, or of the first item of
/// the next piece.
pub(super) struct Seam {
    pub(super) place: usize,
    /// How much of the part before the seam may have further seams in it.
    pub(super) unread_before: usize,
    /// How much of the part behind the place may have, counted from the item after it.
    pub(super) unread_after: usize,
}

impl Seam {
    /// Looks for a seam, starting in the middle: to the right up to `unread`, from where on there
    /// are none, then to the left.
    pub(super) fn find(len: usize, unread: usize, is_seam: impl Fn(usize) -> bool) -> Option<Self> {
        let unread = unread.min(len);
        let middle = unread / 2;
        if let Some(place) = (middle..unread).find(|&place| is_seam(place)) {
            return Some(Self {
                place,
                unread_before: middle,
                unread_after: unread - place - 1,
            });
        }
        let place = (0..middle).rev().find(|&place| is_seam(place))?;
        Some(Self {
            place,
            unread_before: place,
            unread_after: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Seam;

    #[test]
    fn nothing_is_read_twice_for_long() {
        let seam = Seam::find(10, 10, |place| place == 8).unwrap();
        assert_eq!(
            (seam.place, seam.unread_before, seam.unread_after),
            (8, 5, 1)
        );
        let seam = Seam::find(10, 10, |place| place == 2).unwrap();
        assert_eq!(
            (seam.place, seam.unread_before, seam.unread_after),
            (2, 2, 0)
        );
        assert!(Seam::find(10, 8, |place| place == 8).is_none());
        assert!(Seam::find(0, 0, |_| true).is_none());
    }
}
