//! Nothing. The programs are in `cases/`; `tests/on_tokio.rs` and `tests/on_uring.rs` compile them twice, and the code of
//! the guides is compiled and run here.

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/from-tokio.md")]
struct FromTokio;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/from-smol.md")]
struct FromSmol;
