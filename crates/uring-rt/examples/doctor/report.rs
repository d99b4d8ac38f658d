//! Everything the doctor has found out, and what follows from it.

use std::io;

use uring_rt::runtime::Driver;

use crate::surroundings::{Limit, Surroundings};

/// Fewer descriptors than these are used up by a server of some size.
const FEW_FILES: u64 = 4096;

#[derive(Debug)]
pub(crate) struct Report {
    /// What a runtime would run on; the error of those where none can be built.
    pub(crate) driver: io::Result<Driver>,
    pub(crate) surroundings: Surroundings,
}

impl Report {
    pub(crate) fn of_this_process() -> Report {
        // Looked at first, so that the runtime that is tried out takes nothing of what is counted.
        let surroundings = Surroundings::look();
        Report {
            driver: uring_rt::probe(),
            surroundings,
        }
    }

    /// What one may want to change, although nothing was refused.
    pub(crate) fn advice(&self) -> Vec<String> {
        let limits = self.surroundings.limits.iter();
        let few = |limit: &&Limit| {
            limit.name == "open files" && limit.soft.is_some_and(|soft| soft < FEW_FILES)
        };
        let mut advice: Vec<String> = limits.filter(few).map(more_files).collect();
        if let Some(variable) = ["URING_RT_BACKEND", "URING_RT_RUNG"]
            .into_iter()
            .find(|name| std::env::var_os(name).is_some())
        {
            advice.push(format!(
                "{variable} is set and decides what runs: unset it to see what this machine allows"
            ));
        }
        advice
    }

    /// The whole of it, in one sentence.
    pub(crate) fn verdict(&self) -> String {
        match &self.driver {
            Err(_) => "no runtime can be built here".to_owned(),
            Ok(driver) => {
                let by_choice = driver.refused.iter().all(|refusal| refusal.errno.is_none());
                let text = match driver.rung {
                    Some(_) if driver.refused.is_empty() => "io_uring runs at its best",
                    Some(_) if by_choice => "io_uring runs, on a lower rung by choice",
                    Some(_) => "io_uring runs; a better rung was refused, see below",
                    None if by_choice => "everything works on epoll, by choice",
                    None => "everything works on epoll; io_uring was refused, see below",
                };
                text.to_owned()
            }
        }
    }
}

fn more_files(limit: &Limit) -> String {
    let soft = limit.soft.unwrap_or(u64::MAX);
    let how = match limit.hard {
        Some(hard) if hard <= soft => {
            "it can be raised only from outside: by limits.conf(5), LimitNOFILE= of systemd, or the container's \
             settings"
                .to_owned()
        }
        Some(hard) => format!("`{} {hard}` raises it as far as this process may", limit.ulimit),
        None => format!("`{} unlimited` raises it", limit.ulimit),
    };
    format!(
        "the limit of {soft} open files is too low for a server with as many connections; {how}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_raised_by_the_shell_only_where_that_is_allowed() {
        let limit = |hard| Limit {
            name: "open files",
            ulimit: "ulimit -n",
            unit: "descriptors",
            soft: Some(1024),
            hard,
            in_use: None,
            purpose: "",
        };
        assert!(more_files(&limit(Some(4096))).contains("`ulimit -n 4096`"));
        assert!(more_files(&limit(None)).contains("`ulimit -n unlimited`"));
        let at_the_top = more_files(&limit(Some(1024)));
        assert!(!at_the_top.contains("ulimit") && at_the_top.contains("LimitNOFILE"));
    }
}
