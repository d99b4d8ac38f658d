//! Tokens as plain data.
//!
//! `proc_macro` types exist only while the compiler runs a macro. The parsers
//! therefore read this enum, which tests and fuzzers can build anywhere, and
//! speak of a token by its index. Only [`crate::source`] knows the spans.

use std::fmt;
use std::ops::Range;

/// One token, or one bracketed group of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// An identifier or a keyword; a raw one keeps its `r#`.
    Ident(String),
    /// One punctuation character. `joint` says that the next one touches it,
    /// which is what tells `->` from `- >`.
    Punct { ch: char, joint: bool },
    /// A literal as it is spelled in the source, quotes and suffix included.
    Literal(String),
    /// Tokens between a pair of delimiters.
    Group(Delim, Vec<Token>),
}

/// What encloses a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delim {
    Paren,
    Bracket,
    Brace,
    /// An invisible pair: what `macro_rules` puts around a `$body:block` or a
    /// `$vis:vis` when it hands them on.
    None,
}

/// A mistake of the user, and the tokens to underline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    pub(crate) message: String,
    /// Indices into the token list that was parsed. When something is missing
    /// at its end, the last token.
    pub(crate) tokens: Range<usize>,
}

impl Error {
    pub(crate) fn new(tokens: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            tokens,
        }
    }
}

impl Token {
    /// The identifier's text; `None` for any other token.
    pub(crate) fn ident(&self) -> Option<&str> {
        match self {
            Self::Ident(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_ident(&self, text: &str) -> bool {
        self.ident() == Some(text)
    }

    pub(crate) fn is_punct(&self, wanted: char) -> bool {
        matches!(self, Self::Punct { ch, .. } if *ch == wanted)
    }

    /// Whether this character and the next one form a single operator.
    pub(crate) fn is_joint(&self, wanted: char) -> bool {
        matches!(self, Self::Punct { ch, joint: true } if *ch == wanted)
    }

    pub(crate) fn is_group(&self, wanted: Delim) -> bool {
        matches!(self, Self::Group(delim, _) if *delim == wanted)
    }

    /// Whether the identifier occurs here, inside of groups too.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        match self {
            Self::Ident(text) => text == name,
            Self::Group(_, inner) => inner.iter().any(|token| token.mentions(name)),
            Self::Punct { .. } | Self::Literal(_) => false,
        }
    }
}

/// Spelled as in an error message: a group is named by its first delimiter.
impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ident(text) | Self::Literal(text) => f.write_str(text),
            Self::Punct { ch, .. } => write!(f, "{ch}"),
            Self::Group(Delim::Paren, _) => f.write_str("("),
            Self::Group(Delim::Bracket, _) => f.write_str("["),
            Self::Group(Delim::Brace, _) => f.write_str("{"),
            Self::Group(Delim::None, inner) => match inner.first() {
                Some(token) => token.fmt(f),
                None => Ok(()),
            },
        }
    }
}

// The fuzz target names this file by its path, and a file named so looks for its modules beside it.
#[cfg(any(test, fuzzing))]
#[cfg_attr(fuzzing, path = "token/lex.rs")]
pub(crate) mod lex;
