//! What is said of many figures.

/// The figure below which so large a part of all figures lies, interpolated between the two
/// nearest.
///
/// # Panics
///
/// If there are no figures.
pub fn quantile(sorted: &[f64], part: f64) -> f64 {
    let place = part * (sorted.len() - 1) as f64;
    let below = sorted[place.floor() as usize];
    let above = sorted[place.ceil() as usize];
    below + (above - below) * place.fract()
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quartiles {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

pub fn quartiles(figures: &[f64]) -> Quartiles {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    Quartiles {
        low: quantile(&sorted, 0.25),
        median: quantile(&sorted, 0.5),
        high: quantile(&sorted, 0.75),
    }
}

/// None if there are none.
pub fn mean(figures: &[f64]) -> Option<f64> {
    let sum: f64 = figures.iter().sum();
    (!figures.is_empty()).then(|| sum / figures.len() as f64)
}

/// The mean of ratios: twice as long in one row and half as long in another is 1. None if there
/// are none.
pub fn geometric_mean(ratios: &[f64]) -> Option<f64> {
    if ratios.is_empty() {
        return None;
    }
    let logarithms: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    Some((logarithms / ratios.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_interpolated() {
        let found = quartiles(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!((found.low, found.median, found.high), (1.75, 2.5, 3.25));
        let found = quartiles(&[7.0]);
        assert_eq!((found.low, found.median, found.high), (7.0, 7.0, 7.0));
    }

    #[test]
    fn a_quantile_lies_between_the_ends() {
        let figures: Vec<f64> = (0..=100).map(f64::from).collect();
        assert_eq!(quantile(&figures, 0.0), 0.0);
        assert_eq!(quantile(&figures, 0.9), 90.0);
        assert_eq!(quantile(&figures, 1.0), 100.0);
    }

    #[test]
    fn a_mean_has_figures() {
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[1.0, 4.0]), Some(2.5));
    }

    #[test]
    fn the_geometric_mean_treats_both_sides_alike() {
        assert_eq!(geometric_mean(&[]), None);
        assert!((geometric_mean(&[2.0, 0.5]).unwrap() - 1.0).abs() < 1e-12);
        assert!((geometric_mean(&[1.0, 10.0, 100.0]).unwrap() - 10.0).abs() < 1e-12);
    }
}
