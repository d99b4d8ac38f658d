//! What a workload is.

use std::time::Duration;

use crate::runtime::Runtime;

/// What is measured, and how the tables show it. A new one is a file in `workloads/` with one of these, and a line in
/// the table of `workloads.rs`.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// The table that it belongs to.
    pub(crate) group: &'static str,
    /// One line for a reader who sees nothing but the table.
    pub(crate) title: &'static str,
    /// Of its values, their units. The first is what is compared.
    pub(crate) metrics: &'static [Metric],
    pub(crate) targets: &'static [Target],
    /// What it is run on: nearly always [`NAMES`](crate::runtimes::NAMES).
    pub(crate) runtimes: &'static [&'static str],
    /// Why one of these cannot do it, on this machine or at all.
    pub(crate) without: fn(runtime: &str) -> Option<&'static str>,
    /// One round. At a scale of 1 it takes some tenths of a second.
    pub(crate) run: fn(&Round) -> Result<Sample, String>,
}

pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
}

/// Wall clock beside processor time: the second is what other processes of the machine disturb less.
pub(crate) const NANOSECONDS: &[Metric] = &[
    Metric {
        name: "cpu",
        unit: "ns",
    },
    Metric {
        name: "wall",
        unit: "ns",
    },
];

/// As [`NANOSECONDS`].
pub(crate) const MICROSECONDS: &[Metric] = &[
    Metric {
        name: "cpu",
        unit: "us",
    },
    Metric {
        name: "wall",
        unit: "us",
    },
];

/// Of a server, for each message: its processor time, how many there were, and what our runtime counts of itself.
pub(crate) const SERVED: &[Metric] = &[
    Metric {
        name: "cpu",
        unit: "us",
    },
    Metric {
        name: "rate",
        unit: "thousands/s",
    },
    Metric {
        name: "enters",
        unit: "",
    },
    Metric {
        name: "arms",
        unit: "",
    },
    Metric {
        name: "looks",
        unit: "",
    },
];

/// What a runtime may need at most, of the first metric.
pub(crate) struct Target {
    pub(crate) runtime: &'static str,
    pub(crate) at_most: f64,
    /// Times what this one needs, or else in the metric's unit.
    pub(crate) of: Option<&'static str>,
}

/// For a workload whose target is a multiple of what another one needs.
pub(crate) const fn at_most(runtime: &'static str, factor: f64, of: &'static str) -> Target {
    Target {
        runtime,
        at_most: factor,
        of: Some(of),
    }
}

/// For a workload whose target is a number.
pub(crate) const fn ours_at_most(at_most: f64) -> Target {
    Target {
        runtime: "uring-rt",
        at_most,
        of: None,
    }
}

/// The text of a workload, the same for every runtime.
pub(crate) trait Program {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String>;
}

/// What one round has measured: a value for each metric, by its name.
pub(crate) struct Sample {
    pub(crate) values: Vec<(String, f64)>,
}

impl Sample {
    pub(crate) fn new<const N: usize>(values: [(&'static str, f64); N]) -> Self {
        Self {
            values: values.map(|(name, value)| (name.to_owned(), value)).into(),
        }
    }

    /// Each value so many times larger.
    pub(crate) fn scaled(mut self, factor: f64) -> Self {
        for (_, value) in &mut self.values {
            *value *= factor;
        }
        self
    }
}

/// What the command line says of a round.
pub(crate) struct Round {
    pub(crate) runtime: String,
    /// How long it is: see [`Workload::run`].
    pub(crate) scale: f64,
    /// For the process that makes the load, where there is one.
    pub(crate) load_core: usize,
}

impl Round {
    /// How often a loop is run, if it is run `full` times at a scale of 1.
    pub(crate) fn times(&self, full: usize) -> usize {
        ((full as f64 * self.scale) as usize).max(1)
    }

    /// As [`Self::times`], for what is run for a time.
    pub(crate) fn lasting(&self, full: Duration) -> Duration {
        full.mul_f64(self.scale)
    }
}
