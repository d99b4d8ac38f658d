//! A picture for each group of workloads: bars, by hand, in the colours of the reader's page.

use std::fmt::Write;

use super::catalog::Workload;
use super::report::{OURS, REFERENCE, number, with_unit};
use super::results::Results;

const WIDTH: f64 = 760.0;
const ROW: f64 = 18.0;
/// Where the bars begin, behind the names.
const LEFT: f64 = 180.0;
/// The longest bar; a value stands behind it.
const LONGEST: f64 = 420.0;
/// Longer bars are cut: one slow runtime must not make those of the others too short to compare.
const CUT_AT: f64 = 2.5;

const STYLE: &str = "\
    text { font: 12px system-ui, sans-serif; fill: #1f2328; }\n\
    .title { font-weight: 600; }\n\
    .value { fill: #59636e; }\n\
    .name { text-anchor: end; }\n\
    .bar { fill: #9aa4b0; }\n\
    .ours { fill: #0969da; }\n\
    .one { stroke: #59636e; stroke-dasharray: 3 3; }\n\
    @media (prefers-color-scheme: dark) {\n\
    text { fill: #f0f6fc; }\n\
    .value { fill: #9198a1; }\n\
    .bar { fill: #5b6570; }\n\
    .ours { fill: #4493f8; }\n\
    .one { stroke: #9198a1; }\n\
    }\n";

/// One bar: a runtime, its value, and the value as a multiple of the reference's.
#[derive(Debug)]
struct Bar<'a> {
    runtime: &'a str,
    value: f64,
    share: f64,
}

/// An SVG file. Writing to a string does not fail.
pub(crate) fn picture(group: &str, workloads: &[&Workload], results: &Results) -> String {
    let mut body = String::new();
    let mut top = ROW;
    for workload in workloads {
        let Some(metric) = workload.metrics.first() else {
            continue;
        };
        let bars = bars(workload, results);
        if bars.is_empty() {
            continue;
        }
        let title = escape(&format!("{}: {}", workload.name, metric.name));
        let _ = writeln!(
            body,
            "<text class=\"title\" x=\"8\" y=\"{top}\">{title}</text>"
        );
        // Below the bars and the values.
        let one = LEFT + LONGEST / CUT_AT;
        let (first, rows) = (top + ROW / 2.0, ROW * bars.iter().map(|_| 1.0).sum::<f64>());
        let _ = writeln!(
            body,
            "<line class=\"one\" x1=\"{one}\" x2=\"{one}\" y1=\"{first}\" y2=\"{}\"/>",
            top + rows + ROW / 3.0
        );
        for bar in &bars {
            top += ROW;
            draw(&mut body, bar, top, &metric.unit);
        }
        top += ROW * 1.75;
    }
    let label = escape(group);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {top}\" width=\"{WIDTH}\" role=\"img\" \
         aria-label=\"{label}: shorter is better, the dashed line is {REFERENCE}\">\n<style>\n{STYLE}</style>\n{body}</svg>\n"
    )
}

/// Of each runtime that has a value. Without a value of the reference there is nothing to compare.
fn bars<'a>(workload: &'a Workload, results: &Results) -> Vec<Bar<'a>> {
    let bar = |runtime: &'a String| {
        let metric = &workload.metrics.first()?.name;
        let value = results.summary(&workload.name, runtime, metric)?.median;
        let share = results.ratio(workload, runtime, REFERENCE)?;
        Some(Bar {
            runtime,
            value,
            share,
        })
    };
    workload.runtimes.iter().filter_map(bar).collect()
}

fn draw(body: &mut String, bar: &Bar<'_>, base: f64, unit: &str) {
    let length = (bar.share.clamp(0.0, CUT_AT) / CUT_AT * LONGEST).max(1.0);
    let class = if bar.runtime.starts_with(OURS) {
        "bar ours"
    } else {
        "bar"
    };
    let cut = if bar.share > CUT_AT { "… " } else { "" };
    let value = with_unit(&number(bar.value), unit);
    let text = escape(&format!("{cut}{value} ({:.2})", bar.share));
    let (top, height) = (base - 11.0, ROW - 4.0);
    let _ = writeln!(
        body,
        "<text class=\"name\" x=\"{}\" y=\"{base}\">{}</text>\
         <rect class=\"{class}\" x=\"{LEFT}\" y=\"{top}\" width=\"{length:.1}\" height=\"{height}\"/>\
         <text class=\"value\" x=\"{:.1}\" y=\"{base}\">{text}</text>",
        LEFT - 8.0,
        escape(bar.runtime),
        LEFT + length + 6.0
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{CUT_AT, LEFT, LONGEST, escape, picture};
    use crate::bench::catalog::Catalog;
    use crate::bench::results::{Results, parse_round};

    const CATALOG: &str = "workload\tspawn\ttasks\tspawn a task\nmetric\tcpu\tns\n\
        runtime\turing-rt\nruntime\ttokio\nruntime\tslow\nruntime\tabsent\n";

    #[test]
    fn a_bar_is_as_long_as_its_share_and_a_long_one_is_cut() {
        let catalog = Catalog::parse(CATALOG).expect("it is well formed");
        let workloads: Vec<_> = catalog.of_group("tasks").collect();
        let mut results = Results::default();
        for (runtime, cpu) in [("uring-rt", 5), ("tokio", 10), ("slow", 1000)] {
            results.add("spawn", runtime, parse_round(&format!("cpu\t{cpu}")));
        }
        let svg = picture("tasks", &workloads, &results);
        let half = LONGEST / CUT_AT / 2.0;
        for part in [
            format!("class=\"bar ours\" x=\"{LEFT}\" y=\"25\" width=\"{half:.1}\""),
            format!(
                "class=\"bar\" x=\"{LEFT}\" y=\"43\" width=\"{:.1}\"",
                half * 2.0
            ),
            format!("class=\"bar\" x=\"{LEFT}\" y=\"61\" width=\"{LONGEST:.1}\""),
            "… 1000 ns (100.00)".to_owned(),
            "prefers-color-scheme: dark".to_owned(),
        ] {
            assert!(svg.contains(&part), "{part}\nis not in:\n{svg}");
        }
        assert!(!svg.contains("absent"), "{svg}");
    }

    #[test]
    fn text_is_no_markup() {
        assert_eq!(escape("a<b> & \"c\""), "a&lt;b&gt; &amp; &quot;c&quot;");
    }
}
