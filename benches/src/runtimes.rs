//! The table of runtimes.

mod compio;
mod futures_io;
mod glommio;
mod monoio;
mod smol;
mod tokio;
mod uring_rt;

use crate::workload::{Program, Round, Sample};

/// Their names, in the order of the tables.
pub(crate) const NAMES: [&str; 7] = [
    "uring-rt",
    "uring-rt-epoll",
    "tokio",
    "smol",
    "monoio",
    "compio",
    "glommio",
];

/// Runs the program on the runtime of the round.
pub(crate) fn run<P: Program>(round: &Round, program: &P) -> Result<Sample, String> {
    match round.runtime.as_str() {
        "uring-rt" => program.run::<uring_rt::Auto>(round),
        "uring-rt-epoll" => program.run::<uring_rt::Epoll>(round),
        "tokio" => program.run::<tokio::Tokio>(round),
        "smol" => program.run::<smol::Smol>(round),
        "monoio" => program.run::<monoio::Monoio>(round),
        "compio" => program.run::<compio::Compio>(round),
        "glommio" => program.run::<glommio::Glommio>(round),
        name => Err(format!("there is no runtime `{name}`")),
    }
}
