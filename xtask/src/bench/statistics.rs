//! Few numbers for many rounds.

/// The middle of the values, and the two values that have half of them between them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) quartiles: (f64, f64),
}

/// `None` of no values.
pub(crate) fn summary(values: &[f64]) -> Option<Summary> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some(Summary {
        median: quantile(&sorted, 0.5)?,
        quartiles: (quantile(&sorted, 0.25)?, quantile(&sorted, 0.75)?),
    })
}

/// The median of the ratios of two runtimes, each taken within one round: what made a round slow has made both of its
/// numbers large. `None` marks a round that failed.
pub(crate) fn ratio(ours: &[Option<f64>], theirs: &[Option<f64>]) -> Option<f64> {
    let pairs = ours.iter().zip(theirs);
    let ratios: Vec<f64> = pairs
        .filter_map(|(ours, theirs)| Some((*ours)? / (*theirs)?))
        .filter(|ratio| ratio.is_finite())
        .collect();
    Some(summary(&ratios)?.median)
}

/// Between two values, their mean by the distance to each.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a position among few values"
)]
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let at = share * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    Some(below + (above - below) * at.fract())
}

#[cfg(test)]
mod tests {
    use super::{Summary, ratio, summary};

    #[test]
    fn half_of_the_values_are_between_the_quartiles() {
        let nine = [9.0, 1.0, 8.0, 2.0, 7.0, 3.0, 6.0, 4.0, 5.0];
        assert_eq!(
            summary(&nine),
            Some(Summary {
                median: 5.0,
                quartiles: (3.0, 7.0),
            })
        );
        let two = summary(&[1.0, 2.0]).expect("there are values");
        assert_eq!((two.median, two.quartiles), (1.5, (1.25, 1.75)));
        assert_eq!(summary(&[]), None);
    }

    #[test]
    fn a_ratio_is_taken_within_each_round() {
        // The second round was three times as slow for both; the medians alone would give 4.
        let ours = [Some(2.0), Some(12.0), Some(4.0)];
        let theirs = [Some(1.0), Some(6.0), Some(1.0)];
        assert_eq!(ratio(&ours, &theirs), Some(2.0));
        // A round that one of them did not finish does not count.
        let theirs = [None, Some(6.0), Some(1.0)];
        assert_eq!(ratio(&ours, &theirs), Some(3.0));
        assert_eq!(ratio(&ours, &[None, None, None]), None);
        assert_eq!(ratio(&[Some(1.0)], &[Some(0.0)]), None);
    }
}
