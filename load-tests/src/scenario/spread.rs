//! Ratios of several pairs, told together.

use crate::report::Report;

/// Median, smallest and largest.
pub(super) fn spread(report: &mut Report, name: &str, mut values: Vec<f64>, goal: &'static str) {
    values.sort_unstable_by(f64::total_cmp);
    report.goal(format!("{name}_median"), median(&values), goal);
    report.figure(format!("{name}_min"), values.first().copied().unwrap_or(f64::NAN));
    report.figure(format!("{name}_max"), values.last().copied().unwrap_or(f64::NAN));
}

/// Of sorted values; between the two in the middle where there are two.
fn median(sorted: &[f64]) -> f64 {
    match sorted.get(sorted.len() / 2) {
        None => f64::NAN,
        Some(upper) if sorted.len() % 2 == 1 => *upper,
        Some(upper) => f64::midpoint(sorted[sorted.len() / 2 - 1], *upper),
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    #[expect(clippy::float_cmp, reason = "these are exact")]
    fn the_median_lies_in_the_middle() {
        assert_eq!(median(&[1.0, 2.0, 9.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), 3.0);
        assert!(median(&[]).is_nan());
    }
}
