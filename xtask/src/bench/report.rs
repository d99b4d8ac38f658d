//! The pages that people read: one for each group of workloads.

use std::fmt::Write;

use super::catalog::{Target, Workload};
use super::machine::Machine;
use super::results::Results;

/// What all others are compared with.
pub(crate) const REFERENCE: &str = "tokio";
/// What the targets are about.
pub(crate) const OURS: &str = "uring-rt";

/// A page. Writing to a string does not fail.
pub(crate) fn page(
    group: &str,
    workloads: &[&Workload],
    results: &Results,
    machine: &Machine,
    command: &str,
) -> String {
    let Machine {
        processor,
        kernel,
        commit,
        versions,
    } = machine;
    let versions = versions.join(", ");
    let mut out = format!(
        "# Speed: {group}\n\nWritten by `{command}` at commit {commit}, on {processor}, Linux {kernel}; {versions}. \
         [PERFORMANCE.md](../../PERFORMANCE.md) says how it is measured and what the numbers mean.\n\n"
    );
    for workload in workloads {
        let _ = writeln!(out, "- **{}**: {}", workload.name, workload.title);
    }
    let _ = writeln!(
        out,
        "\n## Medians\n\nIn brackets: as a multiple of {REFERENCE}, the median over the rounds.\n\n\
         ![{group}: shorter is better, the dashed line is {REFERENCE}]({group}.svg)\n"
    );
    out += &medians(workloads, results);
    out += "\n## Targets\n\n";
    out += &targets(workloads, results);
    out += "\n## Spread, and what else was measured\n\n";
    out += &spread(workloads, results);
    for (workload, runtime, reason) in gaps(workloads, results) {
        let _ = writeln!(out, "\n{workload} on {runtime}: {reason}.");
    }
    out
}

/// A row for each workload, a column for each runtime.
pub(crate) fn medians(workloads: &[&Workload], results: &Results) -> String {
    let mut runtimes: Vec<&str> = Vec::new();
    for name in workloads.iter().flat_map(|workload| &workload.runtimes) {
        if !runtimes.contains(&name.as_str()) {
            runtimes.push(name);
        }
    }
    let mut header = vec!["workload".to_owned(), "unit".to_owned()];
    header.extend(runtimes.iter().map(|name| (*name).to_owned()));
    let rows = workloads.iter().filter_map(|workload| {
        let metric = workload.metrics.first()?;
        let cell = |runtime: &&str| {
            let summary = results.summary(&workload.name, runtime, &metric.name);
            let Some(summary) = summary else {
                return "-".to_owned();
            };
            let median = number(summary.median);
            let ratio = results.ratio(workload, runtime, REFERENCE);
            let ratio = ratio.filter(|_| *runtime != REFERENCE);
            ratio.map_or_else(|| median.clone(), |ratio| format!("{median} ({ratio:.2})"))
        };
        let mut row = vec![workload.name.clone(), with_unit(&metric.name, &metric.unit)];
        row.extend(runtimes.iter().map(cell));
        Some(row)
    });
    table(&header, rows)
}

/// Each target, and by how much it is missed.
pub(crate) fn targets(workloads: &[&Workload], results: &Results) -> String {
    let header = ["workload", "runtime", "at most", "measured", "verdict"].map(str::to_owned);
    let rows = workloads.iter().flat_map(|workload| {
        let row = |target| target_row(workload, target, results);
        workload.targets.iter().map(row).collect::<Vec<_>>()
    });
    table(&header, rows)
}

fn target_row(workload: &Workload, target: &Target, results: &Results) -> Vec<String> {
    let unit = workload.metrics.first().map_or("", |metric| &metric.unit);
    let shown = |value: f64| match &target.of {
        Some(of) => format!("{value:.2} of {of}"),
        None => with_unit(&number(value), unit),
    };
    let measured = results.measured(workload, target);
    let verdict = measured.map(|measured| match measured / target.at_most {
        share if share <= 1.0 => "held".to_owned(),
        share => format!("**missed**, {share:.2} times the limit"),
    });
    vec![
        workload.name.clone(),
        target.runtime.clone(),
        shown(target.at_most),
        measured.map_or_else(|| "-".to_owned(), shown),
        verdict.unwrap_or_else(|| "not measured".to_owned()),
    ]
}

/// A row for each workload and runtime: quartiles of the first metric, medians of the others.
fn spread(workloads: &[&Workload], results: &Results) -> String {
    let header = ["workload", "runtime", "median", "quartiles", "also"].map(str::to_owned);
    let rows = workloads.iter().flat_map(|workload| {
        let runtimes = workload.runtimes.iter();
        let row = |name: &String| spread_row(workload, name, results);
        runtimes.filter_map(row).collect::<Vec<_>>()
    });
    table(&header, rows)
}

fn spread_row(workload: &Workload, runtime: &str, results: &Results) -> Option<Vec<String>> {
    let (first, others) = workload.metrics.split_first()?;
    let summary = |metric| results.summary(&workload.name, runtime, metric);
    let of_first = summary(&first.name)?;
    let (lower, upper) = of_first.quartiles;
    let also = others.iter().filter_map(|metric| {
        let median = number(summary(&metric.name)?.median);
        Some(format!(
            "{} {}",
            metric.name,
            with_unit(&median, &metric.unit)
        ))
    });
    Some(vec![
        workload.name.clone(),
        runtime.to_owned(),
        with_unit(
            &format!("{} {}", first.name, number(of_first.median)),
            &first.unit,
        ),
        format!("{} to {}", number(lower), number(upper)),
        also.collect::<Vec<_>>().join(", "),
    ])
}

/// Why a cell is empty, or is of fewer rounds than the others.
fn gaps<'a>(workloads: &[&'a Workload], results: &Results) -> Vec<(&'a str, &'a str, String)> {
    let mut gaps = Vec::new();
    for workload in workloads {
        for (runtime, reason) in &workload.without {
            gaps.push((&*workload.name, &**runtime, reason.clone()));
        }
        for runtime in &workload.runtimes {
            for (reason, count) in results.failures(&workload.name, runtime) {
                let rounds = if count == 1 { "round" } else { "rounds" };
                let text = format!("{count} {rounds} failed, {}", reason.trim_end_matches('.'));
                gaps.push((&workload.name, runtime, text));
            }
        }
    }
    gaps
}

fn table(header: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut out = line(header) + &"|---".repeat(header.len()) + "|\n";
    out.extend(rows.map(|row| line(&row)));
    out
}

/// A count has no unit.
pub(crate) fn with_unit(what: &str, unit: &str) -> String {
    format!("{what} {unit}").trim_end().to_owned()
}

/// With three digits that matter.
pub(crate) fn number(value: f64) -> String {
    let digits = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::{number, page};
    use crate::bench::catalog::Catalog;
    use crate::bench::machine::Machine;
    use crate::bench::results::{Results, parse_round};

    const CATALOG: &str = "workload\tspawn\ttasks\tspawn a task\nmetric\tcpu\tns\nmetric\twall\tus\n\
        target\turing-rt\t5\t\ntarget\turing-rt\t0.5\ttokio\nruntime\turing-rt\nruntime\ttokio\n\
        without\tsmol\tit has none\n";

    #[test]
    fn a_page_has_medians_targets_spread_and_reasons() {
        let catalog = Catalog::parse(CATALOG).expect("it is well formed");
        let workloads: Vec<_> = catalog.of_group("tasks").collect();
        let mut results = Results::default();
        for (ours, theirs) in [(5.0, 20.0), (6.0, 20.0), (7.0, 20.0)] {
            let round = |cpu: f64| parse_round(&format!("cpu\t{cpu}\nwall\t150"));
            results.add("spawn", "uring-rt", round(ours));
            results.add("spawn", "tokio", round(theirs));
        }
        results.add("spawn", "tokio", Err("it ended with 1".to_owned()));
        let machine = Machine {
            processor: "a processor".to_owned(),
            kernel: "6.1".to_owned(),
            commit: "abc".to_owned(),
            versions: vec!["tokio 1.0".to_owned()],
        };
        let page = page("tasks", &workloads, &results, &machine, "cargo xtask bench");
        for line in [
            "Written by `cargo xtask bench` at commit abc, on a processor, Linux 6.1; tokio 1.0.",
            "- **spawn**: spawn a task\n",
            "| workload | unit | uring-rt | tokio |\n|---|---|---|---|\n| spawn | cpu ns | 6.00 (0.30) | 20.0 |\n",
            "| spawn | uring-rt | 5.00 ns | 6.00 ns | **missed**, 1.20 times the limit |\n",
            "| spawn | uring-rt | 0.50 of tokio | 0.30 of tokio | held |\n",
            "| spawn | uring-rt | cpu 6.00 ns | 5.50 to 6.50 | wall 150 us |\n",
            "spawn on smol: it has none.\n",
            "spawn on tokio: 1 round failed, it ended with 1.\n",
        ] {
            assert!(page.contains(line), "{line}\nis not in:\n{page}");
        }
    }

    #[test]
    fn numbers_have_three_digits_that_matter() {
        let shown = [1234.5, 123.45, 12.345, 1.2345, 0.12345].map(number);
        assert_eq!(shown, ["1234", "123", "12.3", "1.23", "0.123"]);
    }
}
