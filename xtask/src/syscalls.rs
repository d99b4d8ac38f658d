//! How many system calls the echo example makes, counted by strace: the
//! promises of the design that no test inside a process can see.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::command::{Failure, is_installed, without_settings};
use crate::examples;

const RERUN: &str = "cargo xtask syscalls";
const CLIENTS: u64 = 64;
/// Calls that belong to the start and the end, whatever the load.
const ONCE: u64 = 200;

/// The calls of one run, server and clients together.
#[derive(Debug, Default)]
struct Counts {
    calls: HashMap<String, u64>,
    round_trips: u64,
    turns: u64,
    slept: u64,
    enters_per_turn: f64,
}

pub(crate) fn run(root: &Path) -> Result<(), Failure> {
    if !is_installed("strace") {
        println!("skipped: strace is not installed");
        return Ok(());
    }
    examples::build_one("echo").run(root)?;
    for backend in ["io_uring", "epoll"] {
        let counts = trace(root, backend).map_err(failure)?;
        let complaints = counts.complaints();
        println!(
            "{backend}: {} round trips, {} turns, {:.3} enters a turn, {:?}",
            counts.round_trips, counts.turns, counts.enters_per_turn, counts.calls
        );
        if !complaints.is_empty() {
            return Err(failure(format!("on {backend}, {}", complaints.join("; "))));
        }
    }
    Ok(())
}

fn failure(reason: String) -> Failure {
    Failure {
        reason,
        rerun: RERUN.to_owned(),
    }
}

fn trace(root: &Path, backend: &str) -> Result<Counts, String> {
    let summary = examples::target_dir(root).join(format!("syscalls-{backend}.txt"));
    let output = without_settings(&mut Command::new("strace"))
        .args(["-f", "-c", "-o"])
        .arg(&summary)
        .arg(examples::program(root, "echo"))
        .args([
            "--secs",
            "1",
            "--clients",
            &CLIENTS.to_string(),
            "--backend",
            backend,
        ])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("strace could not be started: {error}"))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "the traced example ended with {}: {said}",
            output.status
        ));
    }
    let text = std::fs::read_to_string(&summary)
        .map_err(|error| format!("{}: {error}", summary.display()))?;
    Ok(Counts {
        calls: parse_summary(&text),
        round_trips: number_before(&printed, " round trips, every")
            .ok_or("no round trips printed")?,
        turns: number_before(&printed, " turns, ").ok_or("no turns printed")?,
        slept: number_before(&printed, " slept (server)").ok_or("no sleeps printed")?,
        enters_per_turn: number_before(&printed, " enters per turn").ok_or("no enters printed")?,
    })
}

/// The rows of `strace -c`: the calls are in the fourth column, the name is in
/// the last, and a column of errors may stand between them.
fn parse_summary(text: &str) -> HashMap<String, u64> {
    let rows = text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let calls = words.get(3)?.parse().ok()?;
        let name = *words.last()?;
        (words.len() >= 5 && name != "total").then(|| (name.to_owned(), calls))
    });
    rows.collect()
}

/// The word that stands directly before `phrase`.
fn number_before<T: std::str::FromStr>(text: &str, phrase: &str) -> Option<T> {
    let (before, _) = text.split_once(phrase)?;
    before.split_whitespace().next_back()?.parse().ok()
}

impl Counts {
    fn of(&self, names: &[&str]) -> u64 {
        names.iter().filter_map(|name| self.calls.get(*name)).sum()
    }

    /// What is more than was promised.
    fn complaints(&self) -> Vec<String> {
        // Each round trip has a read and a write at both ends; each connection
        // may try in vain once at its start, and see the end once.
        let transfers = 2 * self.round_trips + 4 * CLIENTS + ONCE;
        let limits = [
            (
                "recv",
                self.of(&["recvfrom", "recvmsg", "read", "readv"]),
                transfers,
            ),
            (
                "send",
                self.of(&["sendto", "sendmsg", "write", "writev"]),
                transfers,
            ),
            // An entry is made once and taken out once.
            ("epoll_ctl", self.of(&["epoll_ctl"]), 4 * CLIENTS + ONCE),
            // What short reads may have left is looked at for many of them at once.
            ("poll", self.of(&["poll"]), self.round_trips / 4 + ONCE),
            ("timerfd_settime", self.of(&["timerfd_settime"]), ONCE),
        ];
        let mut complaints: Vec<String> = limits
            .into_iter()
            .filter(|(_, calls, limit)| calls > limit)
            .map(|(name, calls, limit)| format!("{calls} {name}, at most {limit} are due"))
            .collect();
        // One for each turn, one after a sleep that finds more than one completion, one for each twenty of them, and a
        // connection that ends takes its request back with one of its own. Traced, a run has few turns.
        let more = self.slept + CLIENTS + self.round_trips / 20;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let due = 1.05 + more as f64 / self.turns as f64;
        if self.enters_per_turn > due {
            complaints.push(format!(
                "{:.3} enters a turn, at most {due:.3} are due in {} turns",
                self.enters_per_turn, self.turns
            ));
        }
        complaints
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, number_before, parse_summary};

    const SUMMARY: &str = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ------------------
 52.37    0.157324           4     33650           sendto
 35.23    0.105828           3     33838       124 recvfrom
------ ----------- ----------- --------- --------- ------------------
100.00    0.263152           3     67488       124 total
";

    #[test]
    fn calls_are_read_with_and_without_errors_beside_them() {
        let calls = parse_summary(SUMMARY);
        assert_eq!(calls.len(), 2);
        assert_eq!((calls["sendto"], calls["recvfrom"]), (33650, 33838));
    }

    #[test]
    fn numbers_are_found_before_their_phrase() {
        let text = "checked   17 round trips, every byte\nturns     1.004 enters per turn, 9 turns, 2 slept";
        assert_eq!(number_before::<u64>(text, " round trips, every"), Some(17));
        assert_eq!(number_before::<f64>(text, " enters per turn"), Some(1.004));
        assert_eq!(number_before::<u64>(text, " of nothing"), None);
    }

    #[test]
    fn a_second_receive_for_each_round_trip_is_noticed() {
        let calls = parse_summary(SUMMARY);
        let enough = Counts {
            calls: calls.clone(),
            round_trips: 16_800,
            turns: 400,
            slept: 20,
            enters_per_turn: 3.1,
        };
        assert_eq!(enough.complaints(), [""; 0]);
        let too_many = Counts {
            calls,
            round_trips: 8_400,
            turns: 4_000,
            slept: 0,
            enters_per_turn: 1.2,
        };
        assert_eq!(too_many.complaints().len(), 3);
    }
}
