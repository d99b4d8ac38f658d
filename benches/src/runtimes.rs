//! The table of runtimes.

mod compio;
mod futures_io;
mod glommio;
mod monoio;
mod smol;
mod tokio;
mod uring_rt;

pub(crate) use self::compio::Compio;
pub(crate) use self::glommio::Glommio;
pub(crate) use self::smol::Smol;
pub(crate) use self::tokio::Tokio;
pub(crate) use self::uring_rt::{Auto, Epoll};

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

/// Them, and what else a workload is run on.
pub(crate) const fn and<const COUNT: usize>(others: &[&'static str]) -> [&'static str; COUNT] {
    assert!(COUNT == NAMES.len() + others.len(), "as many as there are");
    let mut all = [""; COUNT];
    let mut at = 0;
    while at < COUNT {
        all[at] = if at < NAMES.len() {
            NAMES[at]
        } else {
            others[at - NAMES.len()]
        };
        at += 1;
    }
    all
}

/// Something that can be done on any of them.
pub(crate) trait Visit {
    type Output;

    fn visit<R: Runtime>(self) -> Self::Output;
}

/// Does it on the runtime of this name.
pub(crate) fn visit<V: Visit>(name: &str, visitor: V) -> Result<V::Output, String> {
    Ok(match name {
        "uring-rt" => visitor.visit::<Auto>(),
        "uring-rt-epoll" => visitor.visit::<Epoll>(),
        "tokio" => visitor.visit::<Tokio>(),
        "smol" => visitor.visit::<Smol>(),
        "monoio" => visitor.visit::<monoio::Monoio>(),
        "compio" => visitor.visit::<Compio>(),
        "glommio" => visitor.visit::<Glommio>(),
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
