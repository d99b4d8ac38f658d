//! What the attribute turns the function into.
//!
//! A function whose body needs nothing from around itself, as any `main` or
//! test, keeps its body in an `async fn` of its own. So types are inferred,
//! and mistakes explained, exactly as in the code that the user wrote:
//!
//! ```text
//! fn main() -> Output {
//!     async fn __uring_rt_main() -> Output { BODY }
//!     ::uring_rt::runtime::Builder::new()
//!         .build_or_exit()
//!         .block_on(__uring_rt_main())
//! }
//! ```
//!
//! A body that uses parameters, `self` or generics stays where it is, in an
//! `async` block. Such a block has no place for its return type, hence an
//! arm that never runs and tells the compiler.
//!
//! In a function that is not the program's `main`, the end of the first part is
//! `.build().expect("uring_rt: building the runtime failed")`.
//!
//! There is no `let` in either: a name of ours must not be visible in BODY.

use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use crate::item::{Function, Kind};
use crate::parse::{Args, Backend, CratePath, Seed};
use crate::source::{Source, respanned};

/// The function as it runs.
pub(crate) fn function(
    kind: Kind,
    args: &Args,
    args_source: &Source,
    item: &Source,
    function: &Function,
) -> TokenStream {
    let (inner, future) = if function.is_self_contained(&item.tokens) {
        let name = inner_name(item, function);
        let call = [
            TokenTree::from(name.clone()),
            group(Delimiter::Parenthesis, TokenStream::new()),
        ];
        (inner_fn(item, function, name), call.into_iter().collect())
    } else {
        (TokenStream::new(), in_place(item, function))
    };

    // A program that cannot start says so in one line; any other function must not end the process.
    let is_program = kind == Kind::Main && function.name(&item.tokens) == "main";
    let mut body = inner;
    body.extend(runtime(args, args_source, kind, is_program));
    body.extend(ours(".block_on"));
    body.extend([group(Delimiter::Parenthesis, future)]);

    let mut out = match kind {
        Kind::Main => TokenStream::new(),
        Kind::Test => ours("#[::core::prelude::v1::test]"),
    };
    out.extend(item.slice(function.prefix.clone()));
    out.extend(item.slice(function.fn_at..function.body_at));
    out.extend([group(Delimiter::Brace, body)]);
    out
}

/// The function after a mistake: its body is still checked and known to
/// editors, `main` still exists, and no second error follows from the first.
pub(crate) fn stub(item: &Source, function: &Function) -> TokenStream {
    let mut body = inner_fn(item, function, inner_name(item, function));
    body.extend(ours("loop {}"));

    let prefix = function.prefix.clone();
    let mut out = match function.second_test_attribute(&item.tokens) {
        // Left in place it would be expanded next, and complain in turn.
        Some(test) => [
            item.slice(prefix.start..test.start),
            item.slice(test.end..prefix.end),
        ]
        .into_iter()
        .collect(),
        None => item.slice(prefix),
    };
    out.extend(item.slice(function.fn_at..function.name_at + 1));
    out.extend(ours("()"));
    out.extend(item.slice(function.params_at + 1..function.bounds.start));
    out.extend([group(Delimiter::Brace, body)]);
    out
}

fn inner_fn(item: &Source, function: &Function, name: Ident) -> TokenStream {
    // The future stays on the thread that makes it, so this lint of users who
    // want all their futures to be Send has nothing to say here.
    let mut out = ours("#[allow(clippy::future_not_send)] async");
    out.extend(item.slice(function.fn_at..function.name_at));
    out.extend([TokenTree::from(name)]);
    out.extend(item.slice(function.name_at + 1..item.trees.len()));
    out
}

/// Items are not hygienic: the name must be one that nobody else uses.
fn inner_name(item: &Source, function: &Function) -> Ident {
    let name = format!("__uring_rt_{}", function.name(&item.tokens));
    Ident::new(&name, Span::call_site())
}

/// `async { if let Some(output) = None::<Output> { return output; } BODY }`
fn in_place(item: &Source, function: &Function) -> TokenStream {
    let mut block = TokenStream::new();
    if function.output_is_nameable(&item.tokens) {
        // An error that names the place where the return type was learnt must
        // point at the type, or at the function where there is none.
        let at = if function.output.is_empty() {
            function.fn_at
        } else {
            function.output.start
        };
        let span = Span::call_site().located_at(item.trees[at].span());
        let none = "if let ::core::option::Option::Some(output) = ::core::option::Option::None::<";
        block.extend(respanned(none, span));
        if function.output.is_empty() {
            block.extend(respanned("()", span));
        } else {
            block.extend(item.slice(function.output.clone()));
        }
        block.extend(respanned("> { return output; }", span));
    }
    block.extend([item.trees[function.body_at].clone()]);

    let mut out = ours("async");
    out.extend([group(Delimiter::Brace, block)]);
    out
}

/// The expression that builds the runtime. It names only what was asked for,
/// so the builder's defaults stay its own.
fn runtime(args: &Args, source: &Source, kind: Kind, is_program: bool) -> TokenStream {
    let path = crate_path(args, source);
    let mut out = path.clone();
    out.extend(ours("::runtime::Builder::new()"));
    if let Some(backend) = args.backend {
        let mut value = path;
        value.extend(ours(match backend {
            Backend::Auto => "::runtime::Backend::Auto",
            Backend::IoUring => "::runtime::Backend::IoUring",
            Backend::Epoll => "::runtime::Backend::Epoll",
        }));
        out.extend(ours(".backend"));
        out.extend([group(Delimiter::Parenthesis, value)]);
    }
    if let Some(entries) = args.entries {
        out.extend(ours(&format!(".entries({entries}u32)")));
    }
    if let Some(start_paused) = args.start_paused {
        out.extend(ours(&format!(".start_paused({start_paused})")));
    }
    if let Some(seed) = args.seed {
        out.extend(ours(&match seed {
            Seed::Number(number) => format!(".seed({number}u64)"),
            Seed::Random => ".random_seed()".to_owned(),
        }));
        if kind == Kind::Test {
            out.extend(ours(".tell_seed()"));
        }
    }
    out.extend(ours(if is_program {
        ".build_or_exit()"
    } else {
        ".build().expect(\"uring_rt: building the runtime failed\")"
    }));
    out
}

fn crate_path(args: &Args, source: &Source) -> TokenStream {
    match &args.crate_path {
        None => ours("::uring_rt"),
        Some(CratePath::Text(path, at)) => respanned(path, source.trees[*at].span()),
        Some(CratePath::Tokens(range)) => source.slice(range.clone()),
    }
}

/// Tokens that belong to the attribute: an error in them points there.
fn ours(code: &str) -> TokenStream {
    respanned(code, Span::call_site())
}

fn group(delimiter: Delimiter, inner: TokenStream) -> TokenTree {
    Group::new(delimiter, inner).into()
}
