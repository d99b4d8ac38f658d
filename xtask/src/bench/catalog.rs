//! What the package `benches` has: it says so itself, so that a new workload or peer is written there only.

/// Everything that can be measured, in the order of the tables.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Catalog {
    pub(crate) workloads: Vec<Workload>,
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) title: String,
    /// The first is what is compared.
    pub(crate) metrics: Vec<Metric>,
    pub(crate) targets: Vec<Target>,
    /// Those that it is run on, in the order of the tables.
    pub(crate) runtimes: Vec<String>,
    /// Runtimes that are not asked, each with the reason.
    pub(crate) without: Vec<(String, String)>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Metric {
    pub(crate) name: String,
    pub(crate) unit: String,
}

/// The most that a runtime may need of the first metric.
#[derive(Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) runtime: String,
    pub(crate) at_most: f64,
    /// Times what this one needs; without it, the limit is in the metric's unit.
    pub(crate) of: Option<String>,
}

impl Catalog {
    /// Lines of words that are separated by tabs. What belongs to a workload follows it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut catalog = Self::default();
        for line in text.lines() {
            let words: Vec<&str> = line.split('\t').collect();
            catalog
                .take(&words)
                .ok_or_else(|| format!("not a line of a catalog: {line:?}"))?;
        }
        Ok(catalog)
    }

    fn take(&mut self, words: &[&str]) -> Option<()> {
        match *words {
            ["workload", name, group, title] => self.workloads.push(Workload {
                name: name.to_owned(),
                group: group.to_owned(),
                title: title.to_owned(),
                ..Workload::default()
            }),
            ["metric", name, unit] => self.workloads.last_mut()?.metrics.push(Metric {
                name: name.to_owned(),
                unit: unit.to_owned(),
            }),
            ["runtime", name] => {
                let runtimes = &mut self.workloads.last_mut()?.runtimes;
                runtimes.push(name.to_owned());
            }
            ["target", runtime, at_most, of] => self.workloads.last_mut()?.targets.push(Target {
                runtime: runtime.to_owned(),
                at_most: at_most.parse().ok()?,
                of: Some(of.to_owned()).filter(|of| !of.is_empty()),
            }),
            ["without", runtime, reason] => {
                let without = &mut self.workloads.last_mut()?.without;
                without.push((runtime.to_owned(), reason.to_owned()));
            }
            _ => return None,
        }
        Some(())
    }

    /// The groups, each once, in order.
    pub(crate) fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for workload in &self.workloads {
            if !groups.contains(&workload.group.as_str()) {
                groups.push(&workload.group);
            }
        }
        groups
    }

    /// The workloads of this group.
    pub(crate) fn of_group<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a Workload> {
        let is_of_it = move |workload: &&Workload| workload.group == group;
        self.workloads.iter().filter(is_of_it)
    }
}

#[cfg(test)]
mod tests {
    use super::{Catalog, Metric, Target, Workload};

    #[test]
    fn what_follows_a_workload_belongs_to_it() {
        let text = "workload\tspawn\ttasks\tspawn a task\nruntime\ta\nruntime\tb\nmetric\tcpu\tns\ntarget\ta\t30\t\n\
            workload\techo\tnet\techo it\nruntime\ta\nmetric\tcpu\tus\ntarget\ta\t0.95\tb\nwithout\tb\tno network\n";
        let catalog = Catalog::parse(text).expect("it is well formed");
        assert_eq!(catalog.workloads[0].runtimes, ["a", "b"]);
        assert_eq!(catalog.groups(), ["tasks", "net"]);
        let echo = Workload {
            name: "echo".to_owned(),
            group: "net".to_owned(),
            title: "echo it".to_owned(),
            metrics: vec![Metric {
                name: "cpu".to_owned(),
                unit: "us".to_owned(),
            }],
            targets: vec![Target {
                runtime: "a".to_owned(),
                at_most: 0.95,
                of: Some("b".to_owned()),
            }],
            runtimes: vec!["a".to_owned()],
            without: vec![("b".to_owned(), "no network".to_owned())],
        };
        assert_eq!(catalog.of_group("net").collect::<Vec<_>>(), [&echo]);
        assert_eq!(catalog.workloads[0].targets[0].of, None);
    }

    #[test]
    fn a_line_of_something_else_is_named() {
        for text in ["metric\tcpu\tns", "runtime\ta", "workload\tonly a name"] {
            let mistake = Catalog::parse(text).expect_err("it is not well formed");
            assert!(mistake.contains(&format!("{text:?}")), "{mistake}");
        }
    }
}
