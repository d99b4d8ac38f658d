//! The report for a person.

use std::fmt;

use uring_rt::runtime::{Driver, Feature, Refusal};

use crate::cause;
use crate::report::Report;
use crate::surroundings::{Limit, Surroundings};

/// Shown with `{}` it is the whole report, without a newline at its end.
pub(crate) struct Table<'a>(pub(crate) &'a Report);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        writeln!(f, "{}", report.verdict())?;
        match &report.driver {
            Ok(driver) => {
                write_driver(f, driver)?;
                write_features(f, driver)?;
            }
            Err(error) => row(f, "error", error)?,
        }
        write_limits(f, &report.surroundings.limits)?;
        write_surroundings(f, &report.surroundings)?;
        if let Ok(driver) = &report.driver {
            write_refusals(f, &driver.refused, &report.surroundings)?;
        }
        write_advice(f, &report.advice())
    }
}

fn title(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "\n{text}\n")
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, value: impl fmt::Display) -> fmt::Result {
    writeln!(f, "  {name:<28} {value}")
}

fn write_driver(f: &mut fmt::Formatter<'_>, driver: &Driver) -> fmt::Result {
    title(f, "DRIVER")?;
    row(f, "backend", driver.backend())?;
    match driver.rung {
        Some(rung) => row(
            f,
            "rung",
            format!("{} (Linux {}+)", rung.name(), rung.since()),
        )?,
        None => row(f, "rung", "G (any Linux)")?,
    }
    row(f, "kernel", &driver.kernel)?;
    if driver.rung.is_some() {
        let entries = format!(
            "{} to submit, {} to complete",
            driver.sq_entries, driver.cq_entries
        );
        row(f, "entries", entries)?;
    }
    row(f, "deadlines by", driver.timer.name())
}

fn write_features(f: &mut fmt::Formatter<'_>, driver: &Driver) -> fmt::Result {
    title(f, "KERNEL FEATURES OF IO_URING")?;
    Feature::ALL.into_iter().try_for_each(|feature| {
        let used = if driver.has(feature) { "in use" } else { "-" };
        let since = format!("Linux {}+", feature.since());
        let text = format!("{used:<8} {since:<12} {}", feature.purpose());
        row(f, feature.name(), text)
    })
}

fn write_limits(f: &mut fmt::Formatter<'_>, limits: &[Limit]) -> fmt::Result {
    title(f, "LIMITS OF THIS PROCESS")?;
    limits.iter().try_for_each(|limit| {
        let number = |number: Option<u64>| number.map_or("unlimited".to_owned(), |n| n.to_string());
        let (soft, hard) = (number(limit.soft), number(limit.hard));
        let in_use = limit
            .in_use
            .map_or(String::new(), |used| format!(", {used} in use"));
        let name = format!("{} ({})", limit.name, limit.ulimit);
        row(
            f,
            &name,
            format!("{soft} {}{in_use}; at most {hard}", limit.unit),
        )?;
        row(f, "", limit.purpose)
    })
}

fn write_surroundings(f: &mut fmt::Formatter<'_>, around: &Surroundings) -> fmt::Result {
    title(f, "SURROUNDINGS")?;
    let disabled = match around.io_uring_disabled {
        None => "not there: the kernel is older than 6.6, or /proc is hidden".to_owned(),
        Some(0) => "0: everybody may make a ring".to_owned(),
        Some(1) => "1: only CAP_SYS_ADMIN and the group of kernel.io_uring_group may make a ring"
            .to_owned(),
        Some(other) => format!("{other}: nobody may make a ring"),
    };
    row(f, "kernel.io_uring_disabled", disabled)?;
    let filters = match around.seccomp_filters {
        None => "unknown: /proc is hidden".to_owned(),
        Some(0) => "none".to_owned(),
        Some(count) => {
            format!("{count}: what they refuse is listed below, if it concerns the driver")
        }
    };
    row(f, "seccomp filters", filters)?;
    let processors = around
        .processors
        .map_or("unknown".to_owned(), |n| n.to_string());
    row(f, "processors", processors)
}

fn write_refusals(
    f: &mut fmt::Formatter<'_>,
    refused: &[Refusal],
    around: &Surroundings,
) -> fmt::Result {
    if refused.is_empty() {
        return Ok(());
    }
    title(f, "REFUSED")?;
    refused.iter().try_for_each(|refusal| {
        let reason = match refusal.errno {
            Some(errno) => {
                let text = std::io::Error::from_raw_os_error(errno);
                format!("{}: {text}", cause::errno_name(errno))
            }
            None => "by choice".to_owned(),
        };
        row(f, &refusal.step, reason)?;
        if let Some(cause) = cause::of(refusal, around) {
            row(f, "  cause", cause)?;
        }
        row(f, "  remedy", refusal.remedy)
    })
}

fn write_advice(f: &mut fmt::Formatter<'_>, advice: &[String]) -> fmt::Result {
    if advice.is_empty() {
        return Ok(());
    }
    title(f, "ADVICE")?;
    advice
        .iter()
        .try_for_each(|advice| writeln!(f, "  {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_and_every_feature_is_in_the_table() {
        let report = Report::of_this_process();
        let text = Table(&report).to_string();
        let driver = report.driver.as_ref().unwrap();
        for refusal in &driver.refused {
            assert!(
                text.contains(&refusal.step) && text.contains(refusal.remedy),
                "{text}"
            );
        }
        for feature in Feature::ALL {
            let line = text
                .lines()
                .find(|line| line.trim_start().starts_with(feature.name()));
            assert_eq!(
                line.unwrap().contains(" in use "),
                driver.has(feature),
                "{text}"
            );
        }
    }
}
