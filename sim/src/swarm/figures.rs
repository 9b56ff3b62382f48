//! What is measured of runs, and what many of them come to.

use super::Outcome;

/// Something that is measured of a run, and what it is called.
pub type Figure = (&'static str, fn(&Outcome) -> f64);

/// Something that is counted in a run, and what it is called.
pub type Count = (&'static str, fn(&Outcome) -> u64);

/// What is measured of each run.
pub const RATIOS: [Figure; 7] = [
    ("last_over_fluid", |outcome| outcome.last_over_fluid),
    ("last_over_chunked", |outcome| outcome.last_over_chunked),
    ("p99_over_p50", |outcome| outcome.p99_over_p50),
    ("mean_over_bound", |outcome| outcome.mean_over_bound),
    ("seeder_copies", |outcome| outcome.seeder_copies),
    ("duplicate_ratio", |outcome| outcome.duplicate_ratio),
    ("control_bytes_ratio", |outcome| outcome.control_bytes_ratio),
];

/// What is counted in each run.
pub const COUNTS: [Count; 6] = [
    ("stranded", |outcome| outcome.stranded as u64),
    ("bad_chunks", |outcome| outcome.bad_chunks),
    ("bad_per_pair", |outcome| outcome.bad_per_pair),
    ("crashed", |outcome| outcome.crashed as u64),
    ("left", |outcome| outcome.left as u64),
    ("events", |outcome| outcome.events),
];

/// The middle one, or the mean of the two in the middle.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let half = figures.len() / 2;
    let middle = figures.get(figures.len().saturating_sub(1) / 2..=half).unwrap_or_default();
    middle.iter().sum::<f64>() / middle.len().max(1) as f64
}

/// The largest.
pub fn max(figures: Vec<f64>) -> f64 {
    figures.into_iter().fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!((max(vec![4.0, 1.0]) - 4.0).abs() < 1e-9);
    }
}
