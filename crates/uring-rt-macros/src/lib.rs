//! `#[uring_rt::main]` and `#[uring_rt::test]`.
//!
//! Applications depend on the crate `uring-rt`, which re-exports these
//! attributes, and not on this one:
//!
//! ```
//! use std::time::Duration;
//!
//! #[uring_rt::main]
//! async fn main() -> std::io::Result<()> {
//!     uring_rt::time::sleep(Duration::from_millis(1)).await;
//!     Ok(())
//! }
//!
//! #[uring_rt::test(start_paused = true)]
//! async fn an_hour_takes_no_time() {
//!     uring_rt::time::sleep(Duration::from_secs(3600)).await;
//! }
//! ```
//!
//! The arguments are those of [`main`](macro@main). A mistake in them, or in
//! the function, is reported at the place where it was made.
//!
//! The crate has no dependency: the grammar is a handful of arguments and the outline
//! of a function, and a runtime should not make its users build a Rust parser
//! (docs/decisions/0001-macros-without-syn.md).

#![forbid(unsafe_code)]

mod expand;
mod item;
mod parse;
mod source;
mod token;

use item::Kind;
use proc_macro::TokenStream;
use source::Source;

/// Each call of the function builds a runtime, and runs the body on it.
///
/// Usually it is `main`. Any other function may have it too, with parameters,
/// generics or `self`; it must not be called within another runtime. The
/// function may return whatever it could return without the attribute.
///
/// Corresponds to [`tokio::main`] with `flavor = "current_thread"`; that
/// argument is accepted and changes nothing.
///
/// # Arguments
///
/// All are optional; the builder's defaults hold otherwise.
///
/// | Argument | Value | Meaning |
/// |---|---|---|
/// | `backend` | `"auto"`, `"io_uring"`, `"epoll"` | `Builder::backend` |
/// | `entries` | `1` to `32768` | `Builder::entries`: submission queue entries |
/// | `start_paused` | `true`, `false` | `Builder::start_paused`: time stands still |
/// | `seed` | an integer, `"random"` | `Builder::seed`: the order of ready tasks |
/// | `crate` | `a::b` or `"a::b"` | where `uring_rt` is found, if it was renamed or re-exported |
///
/// # Errors and panics
///
/// If the runtime cannot be built, `main` writes the error of the operating
/// system to stderr, in one line, and the process exits with code 1. A function
/// of any other name panics with that error.
///
/// An example that runs is at `uring_rt::main`, since that crate depends on this one.
///
/// [`tokio::main`]: https://docs.rs/tokio/latest/tokio/attr.main.html
#[proc_macro_attribute]
pub fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    attribute(Kind::Main, args, item)
}

/// The test builds a runtime, and runs the body on it.
///
/// `#[ignore]`, `#[should_panic]` and all other attributes keep their meaning;
/// `#[test]` itself must not be added. The function has no parameters and may
/// return whatever a test may return.
///
/// Corresponds to [`tokio::test`]. The arguments are those of
/// [`main`](macro@main). With `seed`, the test says its seed at the start, which
/// is shown when it fails.
///
/// An example that runs is at `uring_rt::test`, since that crate depends on this one.
///
/// [`tokio::test`]: https://docs.rs/tokio/latest/tokio/attr.test.html
#[proc_macro_attribute]
pub fn test(args: TokenStream, item: TokenStream) -> TokenStream {
    attribute(Kind::Test, args, item)
}

/// Reports a mistake in the arguments and one in the function together.
fn attribute(kind: Kind, args: TokenStream, item: TokenStream) -> TokenStream {
    let args_source = Source::new_flat(args);
    let args = parse::args(&args_source.tokens);
    let args_error = args
        .as_ref()
        .err()
        .map(|error| args_source.compile_error(error));

    let source = Source::new(item.clone());
    let function = match item::outline(&source.tokens, kind) {
        Ok(function) => function,
        Err(error) => {
            return args_error
                .into_iter()
                .chain([source.compile_error(&error), item])
                .collect();
        }
    };
    let item_error = function
        .check(&source.tokens, kind)
        .err()
        .map(|error| source.compile_error(&error));

    match args {
        Ok(args) if item_error.is_none() => {
            expand::function(kind, &args, &args_source, &source, &function)
        }
        _ => args_error
            .into_iter()
            .chain(item_error)
            .chain([expand::stub(&source, &function)])
            .collect(),
    }
}
