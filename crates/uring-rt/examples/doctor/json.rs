//! The report for machines. Its keys are only ever added to.

use serde_json::{Value, json};
use uring_rt::runtime::{Driver, Feature, Refusal};

use crate::cause;
use crate::report::Report;
use crate::surroundings::{Limit, Surroundings};

pub(crate) fn of(report: &Report) -> Value {
    let around = &report.surroundings;
    json!({
        "verdict": report.verdict(),
        "driver": report.driver.as_ref().ok().map(|driver| driver_value(driver, around)),
        "error": report.driver.as_ref().err().map(ToString::to_string),
        "limits": around.limits.iter().map(limit_value).collect::<Vec<_>>(),
        "io_uring_disabled": around.io_uring_disabled,
        "seccomp_filters": around.seccomp_filters,
        "processors": around.processors,
        "advice": report.advice(),
    })
}

fn driver_value(driver: &Driver, around: &Surroundings) -> Value {
    let features = Feature::ALL.into_iter().map(|feature| {
        json!({
            "name": feature.name(),
            "in_use": driver.has(feature),
            "since": feature.since(),
            "purpose": feature.purpose(),
        })
    });
    let refused = driver
        .refused
        .iter()
        .map(|refusal| refusal_value(refusal, around));
    json!({
        "backend": driver.backend(),
        "rung": driver.rung.map(|rung| rung.name()),
        "kernel": driver.kernel,
        "sq_entries": driver.sq_entries,
        "cq_entries": driver.cq_entries,
        "timer": driver.timer.name(),
        "features": features.collect::<Vec<_>>(),
        "refused": refused.collect::<Vec<_>>(),
    })
}

fn refusal_value(refusal: &Refusal, around: &Surroundings) -> Value {
    json!({
        "step": refusal.step,
        "errno": refusal.errno,
        "errno_name": refusal.errno.map(cause::errno_name),
        "cause": cause::of(refusal, around),
        "remedy": refusal.remedy,
    })
}

fn limit_value(limit: &Limit) -> Value {
    json!({
        "name": limit.name,
        "ulimit": limit.ulimit,
        "unit": limit.unit,
        "soft": limit.soft,
        "hard": limit.hard,
        "in_use": limit.in_use,
        "purpose": limit.purpose,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_told_the_same_driver_as_the_program() {
        let report = Report::of_this_process();
        let text = of(&report).to_string();
        let value: Value = serde_json::from_str(&text).unwrap();
        let driver = report.driver.as_ref().unwrap();
        assert_eq!(value["driver"]["backend"], driver.backend());
        assert_eq!(value["error"], Value::Null);
        let refused = value["driver"]["refused"].as_array().unwrap();
        assert_eq!(refused.len(), driver.refused.len());
        let in_use = value["driver"]["features"].as_array().unwrap().iter();
        let in_use: Vec<_> = in_use.filter(|feature| feature["in_use"] == true).collect();
        assert_eq!(in_use.len(), driver.features.len());
    }

    #[test]
    fn an_open_end_is_null_and_a_number_a_number() {
        let limit = Limit {
            name: "threads",
            ulimit: "ulimit -u",
            unit: "threads",
            soft: Some(7),
            hard: None,
            in_use: None,
            purpose: "",
        };
        let value = limit_value(&limit);
        assert_eq!((&value["soft"], &value["hard"]), (&json!(7), &Value::Null));
    }
}
