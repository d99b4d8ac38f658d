//! Any tokens as arguments of the attributes, or as the item below them: an answer, never a panic of the compiler.
//!
//! A crate of macros exports nothing else, so its parsers are compiled into this program.
#![no_main]
#![expect(dead_code, reason = "what only the macros themselves call")]

#[path = "../../crates/uring-rt-macros/src/item.rs"]
mod item;
#[path = "../../crates/uring-rt-macros/src/parse.rs"]
mod parse;
#[path = "../../crates/uring-rt-macros/src/token.rs"]
mod token;

use item::Kind;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let tokens = token::lex::lex(text);
    if let Err(error) = parse::args(&tokens) {
        assert_points_into(&error, tokens.len());
    }
    for kind in [Kind::Main, Kind::Test] {
        let outline = item::outline(&tokens, kind);
        let checked = outline.and_then(|function| {
            function.second_test_attribute(&tokens);
            function.name(&tokens);
            function.is_self_contained(&tokens);
            function.output_is_nameable(&tokens);
            function.check(&tokens, kind)
        });
        if let Err(error) = checked {
            assert_points_into(&error, tokens.len());
        }
    }
});

/// An error is shown at its tokens; none at all stands for the place of the attribute.
fn assert_points_into(error: &token::Error, count: usize) {
    assert!(!error.message.is_empty());
    assert!(error.tokens.start <= error.tokens.end && error.tokens.end <= count.max(1));
}
