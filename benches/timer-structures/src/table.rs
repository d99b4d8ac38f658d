//! What is printed: Markdown.

use crate::workloads::Workload;

pub(crate) fn header(names: &[&str]) -> String {
    let names = names.join(" | ");
    let line = "|---".repeat(names.split('|').count() + 1);
    format!("| | {names} |\n{line}|")
}

pub(crate) fn row(title: &str, cells: &[String]) -> String {
    format!("| {title} | {} |", cells.join(" | "))
}

/// Nanoseconds of the first with their quartiles; of the others the ratio to it in the same round, with quartiles.
pub(crate) fn times(workload: &Workload, times: &[Vec<f64>]) -> String {
    let (first, others) = times.split_first().expect("there is the reactor's");
    let mut cells = vec![spread(first, 1, " ns")];
    for other in others {
        let ratios: Vec<f64> = other.iter().zip(first).map(|(a, b)| a / b).collect();
        cells.push(spread(&ratios, 2, ""));
    }
    row(&title(workload), &cells)
}

/// Instructions of the first, and the ratios of the others.
pub(crate) fn counts(workload: &Workload, counts: &[f64]) -> String {
    let first = counts[0];
    let cell = |count: &f64| format!("{count:.0} ({:.2})", count / first);
    let cells: Vec<String> = counts.iter().map(cell).collect();
    row(&title(workload), &cells)
}

fn title(workload: &Workload) -> String {
    format!("{}: {}", workload.name, workload.title)
}

fn spread(values: &[f64], digits: usize, unit: &str) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[(share * (sorted.len() - 1) as f64).round() as usize];
    let (lower, median, upper) = (at(0.25), at(0.5), at(0.75));
    format!("{median:.digits$}{unit} ({lower:.digits$} to {upper:.digits$})")
}
