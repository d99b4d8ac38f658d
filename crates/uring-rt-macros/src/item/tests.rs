use super::{Function, Kind, outline};
use crate::token::Token;
use crate::token::lex::lex;

fn found(text: &str) -> (Vec<Token>, Function) {
    let tokens = lex(text);
    let function = outline(&tokens, Kind::Main).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    (tokens, function)
}

fn spelled(tokens: &[Token]) -> String {
    tokens
        .iter()
        .map(Token::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

#[track_caller]
fn rejects(kind: Kind, text: &str, message: &str, underlined: &str) {
    let tokens = lex(text);
    let error = outline(&tokens, kind)
        .and_then(|function| function.check(&tokens, kind))
        .expect_err(text);
    assert!(error.message.contains(message), "{text}: {}", error.message);
    assert_eq!(spelled(&tokens[error.tokens]), underlined, "{text}");
}

#[track_caller]
fn accepts(kind: Kind, text: &str) {
    let tokens = lex(text);
    outline(&tokens, kind)
        .and_then(|function| function.check(&tokens, kind))
        .unwrap_or_else(|error| panic!("{text}: {error:?}"));
}

#[test]
fn every_part_of_the_outline_is_found() {
    let (tokens, function) = found(
        "#[a] #[b = 1] pub(crate) async fn f<T: Fn() -> u8, const N: usize>(t: T) \
         -> Result<[u8; N], E> where T: Copy { body }",
    );
    assert_eq!(spelled(&tokens[function.prefix.clone()]), "# [ # [ pub (");
    assert_eq!(function.name(&tokens), "f");
    assert_eq!(
        spelled(&tokens[function.generics.clone()]),
        "< T : Fn ( - > u8 , const N : usize >"
    );
    assert_eq!(
        spelled(&tokens[function.output.clone()]),
        "Result < [ , E >"
    );
    assert_eq!(spelled(&tokens[function.bounds.clone()]), "where T : Copy");
    assert_eq!(function.body_at, tokens.len() - 1);
    assert!(!function.is_self_contained(&tokens));
}

#[test]
fn a_function_without_the_optional_parts_has_empty_ranges() {
    let (tokens, function) = found("async fn main() {}");
    assert!(function.prefix.is_empty());
    assert!(function.generics.is_empty());
    assert!(function.output.is_empty());
    assert!(function.bounds.is_empty());
    assert!(function.is_self_contained(&tokens));
}

#[test]
fn the_invisible_groups_of_macro_rules_are_seen_through() {
    let (tokens, function) = found("⟦pub⟧ async fn f() ⟦{ body }⟧");
    assert_eq!(function.name(&tokens), "f");
    accepts(Kind::Test, "⟦⟧ async fn f() -> ⟦u8⟧ ⟦{ body }⟧");
}

#[test]
fn a_body_that_mentions_self_is_not_self_contained() {
    for text in [
        "async fn f() -> Self { x }",
        "async fn f() { g(Self::X) }",
        "async fn f(self) {}",
    ] {
        let (tokens, function) = found(text);
        assert!(!function.is_self_contained(&tokens), "{text}");
    }
}

#[test]
fn never_and_impl_types_have_no_name() {
    for (text, nameable) in [
        ("async fn f(x: u8) {}", true),
        ("async fn f(x: u8) -> Option<u8> {}", true),
        ("async fn f(x: u8) -> ! {}", false),
        ("async fn f(x: u8) -> impl Copy {}", false),
        ("async fn f(x: u8) -> Option<(u8, impl Copy)> {}", false),
    ] {
        let (tokens, function) = found(text);
        assert_eq!(function.output_is_nameable(&tokens), nameable, "{text}");
    }
}

#[test]
fn what_is_not_a_function_is_underlined_whole() {
    let message = "`#[uring_rt::main]` goes on an `async fn`";
    rejects(
        Kind::Main,
        "#[a] pub struct S { x: u8 }",
        message,
        "struct S {",
    );
    rejects(Kind::Main, "impl S {}", message, "impl S {");
    rejects(
        Kind::Main,
        "const X: u8 = 1;",
        message,
        "const X : u8 = 1 ;",
    );
    rejects(Kind::Main, "fn", message, "fn");
    rejects(Kind::Main, "#[a]", message, "[");
}

#[test]
fn a_method_without_a_body_is_told_so() {
    for text in ["async fn f();", "async fn f() -> u8;"] {
        let all = spelled(&lex(text)[1..]);
        rejects(Kind::Main, text, "needs a function with a body", &all);
    }
}

#[test]
fn a_function_that_is_not_async_is_underlined_at_fn() {
    rejects(
        Kind::Main,
        "pub fn main() {}",
        "`async` keyword is missing",
        "fn",
    );
    rejects(
        Kind::Test,
        "fn a_test() {}",
        "`async` keyword is missing",
        "fn",
    );
}

#[test]
fn other_qualifiers_are_refused_by_name() {
    rejects(
        Kind::Main,
        "async unsafe fn f() {}",
        "that is `unsafe`",
        "unsafe",
    );
    rejects(
        Kind::Main,
        "const async fn f() {}",
        "that is `const`",
        "const",
    );
    rejects(
        Kind::Test,
        "async extern \"C\" fn f() {}",
        "that is `extern`",
        "extern",
    );
}

#[test]
fn parameters_belong_to_functions_that_somebody_calls() {
    rejects(
        Kind::Main,
        "async fn main(x: u8) {}",
        "main function cannot have parameters",
        "(",
    );
    rejects(
        Kind::Test,
        "async fn a(x: u8) {}",
        "test function cannot have parameters",
        "(",
    );
    rejects(
        Kind::Main,
        "async fn main<T>() {}",
        "cannot have generic parameters",
        "< T >",
    );
    rejects(
        Kind::Test,
        "async fn a<'x>() {}",
        "cannot have generic parameters",
        "< ' x >",
    );
    accepts(Kind::Main, "async fn run<T: Copy>(self, x: &T) {}");
}

#[test]
fn a_second_test_attribute_is_underlined_under_all_its_names() {
    for attribute in [
        "test",
        "core::prelude::v1::test",
        "::std::prelude::rust_2024::test",
        "uring_rt::test",
    ] {
        let text = format!("#[ignore] #[{attribute}] async fn a() {{}}");
        rejects(Kind::Test, &text, "second test attribute", "# [");
    }
    accepts(
        Kind::Test,
        "#[ignore] #[cfg(test)] #[my::test] #[should_panic] async fn a() {}",
    );
    accepts(Kind::Main, "#[test] async fn a() {}");
}

/// The compiler hands over whatever parses as an item in some edition.
#[test]
fn no_token_soup_panics_or_points_outside() {
    let words = [
        "#", "[a]", "[test]", "pub", "(x)", "async", "const", "fn", "fn", "f", "<", ">", "->",
        "where", "{}", ";", "⟦⟧", "⟦{}⟧", "()", "'", "\"C\"",
    ];
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..40_000 {
        let mut text = String::new();
        for _ in 0..round % 12 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let pick = usize::try_from(seed >> 40).expect("24 bits") % words.len();
            text.push_str(words[pick]);
            text.push(' ');
        }
        let tokens = lex(&text);
        for kind in [Kind::Main, Kind::Test] {
            let verdict = outline(&tokens, kind).and_then(|function| function.check(&tokens, kind));
            if let Err(error) = verdict {
                assert!(error.tokens.start < error.tokens.end, "{text}: {error:?}");
                assert!(error.tokens.end <= tokens.len().max(1), "{text}: {error:?}");
            }
        }
    }
}
