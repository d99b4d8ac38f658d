//! Nothing. The programs of the guide and of the READMEs are compiled, and run where they end, as this crate's
//! documentation tests: `cargo test -p guide --doc`. `tests/it` looks after the pages.

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../../crates/uring-rt/README.md")]
struct ReadmeOfUringRt;

#[cfg(doctest)]
#[doc = include_str!("../../../crates/uring-sys/README.md")]
struct ReadmeOfUringSys;

#[cfg(doctest)]
#[doc = include_str!("../../../crates/reactor/README.md")]
struct ReadmeOfReactor;

#[cfg(doctest)]
#[doc = include_str!("../../../crates/executor/README.md")]
struct ReadmeOfExecutor;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/start.md")]
struct Start;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/timers.md")]
struct Timers;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/async-fd.md")]
struct AsyncFd;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/networking.md")]
struct Networking;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/ecosystem.md")]
struct Ecosystem;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/processes.md")]
struct Processes;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/testing.md")]
struct Testing;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/from-tokio.md")]
struct FromTokio;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/from-smol.md")]
struct FromSmol;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/forking.md")]
struct Forking;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/containers.md")]
struct Containers;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/embedding.md")]
struct Embedding;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/metrics.md")]
struct Metrics;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/many-cores.md")]
struct ManyCores;
