//! What was measured.

use std::collections::HashMap;

use super::catalog::{Target, Workload};
use super::statistics::{Summary, ratio, summary};

/// The metrics of one round by their names, or why there are none.
pub(crate) type Round = Result<HashMap<String, f64>, String>;

/// All rounds, by workload and runtime.
#[derive(Debug, Default)]
pub(crate) struct Results {
    rounds: HashMap<(String, String), Vec<Round>>,
}

impl Results {
    pub(crate) fn add(&mut self, workload: &str, runtime: &str, round: Round) {
        let key = (workload.to_owned(), runtime.to_owned());
        self.rounds.entry(key).or_default().push(round);
    }

    fn rounds(&self, workload: &str, runtime: &str) -> &[Round] {
        let key = (workload.to_owned(), runtime.to_owned());
        self.rounds.get(&key).map_or(&[], Vec::as_slice)
    }

    /// A metric in each round; nothing where the round failed.
    fn values(&self, workload: &str, runtime: &str, metric: &str) -> Vec<Option<f64>> {
        let rounds = self.rounds(workload, runtime).iter();
        let of_round = |round: &Round| round.as_ref().ok()?.get(metric).copied();
        rounds.map(of_round).collect()
    }

    pub(crate) fn summary(&self, workload: &str, runtime: &str, metric: &str) -> Option<Summary> {
        let values = self.values(workload, runtime, metric);
        summary(&values.into_iter().flatten().collect::<Vec<_>>())
    }

    /// One runtime's first metric as a multiple of another's.
    pub(crate) fn ratio(&self, workload: &Workload, runtime: &str, of: &str) -> Option<f64> {
        let metric = &workload.metrics.first()?.name;
        let values = |runtime| self.values(&workload.name, runtime, metric);
        ratio(&values(runtime), &values(of))
    }

    /// What the target is about: a multiple, or a value of the first metric.
    pub(crate) fn measured(&self, workload: &Workload, target: &Target) -> Option<f64> {
        if let Some(of) = &target.of {
            return self.ratio(workload, &target.runtime, of);
        }
        let metric = &workload.metrics.first()?.name;
        let summary = self.summary(&workload.name, &target.runtime, metric)?;
        Some(summary.median)
    }

    /// Each reason why a round failed, once, and how many rounds it ended.
    pub(crate) fn failures(&self, workload: &str, runtime: &str) -> Vec<(String, usize)> {
        let mut reasons: Vec<(String, usize)> = Vec::new();
        let rounds = self.rounds(workload, runtime).iter();
        for reason in rounds.filter_map(|round| round.as_ref().err()) {
            match reasons.iter_mut().find(|(known, _)| known == reason) {
                Some((_, count)) => *count += 1,
                None => reasons.push((reason.clone(), 1)),
            }
        }
        reasons
    }
}

/// The lines that a round prints: a name and a value, with a tab between them.
pub(crate) fn parse_round(printed: &str) -> Round {
    let metric = |line: &str| {
        let (name, value) = line.split_once('\t')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    let lines = printed.lines();
    lines
        .map(|line| metric(line).ok_or_else(|| format!("not a metric: {line:?}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Results, parse_round};
    use crate::bench::catalog::{Metric, Target, Workload};

    fn round(cpu: f64) -> super::Round {
        parse_round(&format!("cpu\t{cpu}\nwall\t1"))
    }

    fn workload() -> Workload {
        Workload {
            name: "spawn".to_owned(),
            metrics: vec![Metric {
                name: "cpu".to_owned(),
                unit: "ns".to_owned(),
            }],
            ..Workload::default()
        }
    }

    #[test]
    fn a_failed_round_counts_for_nobody() {
        let mut results = Results::default();
        for (ours, theirs) in [(2.0, 1.0), (9.0, 3.0)] {
            results.add("spawn", "ours", round(ours));
            results.add("spawn", "theirs", round(theirs));
        }
        results.add("spawn", "ours", Err("it broke".to_owned()));
        results.add("spawn", "theirs", round(1000.0));
        let workload = workload();
        let spawn = |runtime, of| results.ratio(&workload, runtime, of);
        assert_eq!(spawn("ours", "theirs"), Some(2.5));
        assert_eq!(spawn("ours", "nobody's"), None);
        assert_eq!(
            results.failures("spawn", "ours"),
            [("it broke".to_owned(), 1)]
        );
        assert_eq!(results.failures("spawn", "theirs"), []);
    }

    #[test]
    fn a_target_is_a_value_or_a_multiple() {
        let mut results = Results::default();
        results.add("spawn", "ours", round(6.0));
        results.add("spawn", "theirs", round(4.0));
        let target = |of: Option<&str>| Target {
            runtime: "ours".to_owned(),
            at_most: 1.0,
            of: of.map(str::to_owned),
        };
        let measured = |of| results.measured(&workload(), &target(of));
        assert_eq!(measured(None), Some(6.0));
        assert_eq!(measured(Some("theirs")), Some(1.5));
    }

    #[test]
    fn a_round_prints_metrics_and_nothing_else() {
        let metrics = round(7.5).expect("it is well formed");
        assert_eq!(metrics["cpu"], 7.5);
        let mistake = parse_round("cpu\t7.5\npanicked").expect_err("the last line is no metric");
        assert_eq!(mistake, "not a metric: \"panicked\"");
    }
}
