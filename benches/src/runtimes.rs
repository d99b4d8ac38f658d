//! The table of runtimes.

mod compio;
mod futures_io;
mod glommio;
mod monoio;
mod smol;
mod tokio;
mod uring_rt;

use crate::runtime::Runtime;
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

/// Something that can be done on any of them.
pub(crate) trait Visit {
    type Output;

    fn visit<R: Runtime>(self) -> Self::Output;
}

/// Does it on the runtime of this name.
pub(crate) fn visit<V: Visit>(name: &str, visitor: V) -> Result<V::Output, String> {
    Ok(match name {
        "uring-rt" => visitor.visit::<uring_rt::Auto>(),
        "uring-rt-epoll" => visitor.visit::<uring_rt::Epoll>(),
        "tokio" => visitor.visit::<tokio::Tokio>(),
        "smol" => visitor.visit::<smol::Smol>(),
        "monoio" => visitor.visit::<monoio::Monoio>(),
        "compio" => visitor.visit::<compio::Compio>(),
        "glommio" => visitor.visit::<glommio::Glommio>(),
        _ => return Err(format!("there is no runtime `{name}`")),
    })
}

/// Runs the program on the runtime of the round.
pub(crate) fn run<P: Program>(round: &Round, program: &P) -> Result<Sample, String> {
    struct Run<'a, P>(&'a Round, &'a P);

    impl<P: Program> Visit for Run<'_, P> {
        type Output = Result<Sample, String>;

        fn visit<R: Runtime>(self) -> Self::Output {
            self.1.run::<R>(self.0)
        }
    }

    visit(&round.runtime, Run(round, program))?
}
