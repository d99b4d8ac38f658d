//! The one place where the compiler's tokens become ours and ours become
//! theirs: spans are looked up here.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use std::ops::Range;

use crate::token::{Delim, Error, Token};

/// A token list in both forms. The same index means the same token.
pub(crate) struct Source {
    pub(crate) trees: Vec<TokenTree>,
    pub(crate) tokens: Vec<Token>,
}

impl Source {
    pub(crate) fn new(stream: TokenStream) -> Self {
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        Self {
            tokens: trees.iter().map(token).collect(),
            trees,
        }
    }

    /// Also unpacks the invisible groups, so that a `$n:literal` of a
    /// surrounding `macro_rules` reads like a literal.
    pub(crate) fn new_flat(stream: TokenStream) -> Self {
        fn flatten(stream: TokenStream, into: &mut Vec<TokenTree>) {
            for tree in stream {
                match tree {
                    TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                        flatten(group.stream(), into);
                    }
                    tree => into.push(tree),
                }
            }
        }
        let mut trees = Vec::new();
        flatten(stream, &mut trees);
        Self {
            tokens: trees.iter().map(token).collect(),
            trees,
        }
    }

    pub(crate) fn slice(&self, range: Range<usize>) -> TokenStream {
        self.trees[range].iter().cloned().collect()
    }

    /// `compile_error!` with the tokens of the mistake underlined.
    ///
    /// Stable Rust cannot join two spans, but the compiler does so itself for
    /// a macro call: from the path's first token to the closing brace.
    pub(crate) fn compile_error(&self, error: &Error) -> TokenStream {
        let span_at = |at: usize| {
            self.trees
                .get(at)
                .map_or_else(Span::call_site, TokenTree::span)
        };
        let start = span_at(error.tokens.start);
        let end = span_at(error.tokens.end.saturating_sub(1));

        let mut message = Literal::string(&error.message);
        message.set_span(end);
        let mut bang = Punct::new('!', Spacing::Alone);
        bang.set_span(end);
        let mut braces = Group::new(Delimiter::Brace, TokenTree::from(message).into());
        braces.set_span(end);

        let mut out = respanned("::core::", start);
        out.extend([
            TokenTree::from(Ident::new("compile_error", start)),
            bang.into(),
            braces.into(),
        ]);
        out
    }
}

/// Our own source text as tokens, all with the given span.
pub(crate) fn respanned(code: &str, span: Span) -> TokenStream {
    let stream: TokenStream = code.parse().expect("our own text is made of tokens");
    stream.into_iter().map(|tree| respan(tree, span)).collect()
}

fn respan(mut tree: TokenTree, span: Span) -> TokenTree {
    if let TokenTree::Group(group) = &tree {
        let inner = group
            .stream()
            .into_iter()
            .map(|tree| respan(tree, span))
            .collect();
        tree = Group::new(group.delimiter(), inner).into();
    }
    tree.set_span(span);
    tree
}

fn token(tree: &TokenTree) -> Token {
    match tree {
        TokenTree::Ident(ident) => Token::Ident(ident.to_string()),
        TokenTree::Literal(literal) => Token::Literal(literal.to_string()),
        TokenTree::Punct(punct) => Token::Punct {
            ch: punct.as_char(),
            joint: punct.spacing() == Spacing::Joint,
        },
        TokenTree::Group(group) => {
            let delim = match group.delimiter() {
                Delimiter::Parenthesis => Delim::Paren,
                Delimiter::Bracket => Delim::Bracket,
                Delimiter::Brace => Delim::Brace,
                Delimiter::None => Delim::None,
            };
            let inner = group.stream().into_iter().collect::<Vec<_>>();
            Token::Group(delim, inner.iter().map(token).collect())
        }
    }
}
