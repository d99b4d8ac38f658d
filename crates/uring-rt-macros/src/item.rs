//! The function under the attribute.
//!
//! A function is found by its outline only: what stands before the name, the
//! parameters, the return type and the body. The tokens within go to the
//! compiler as they are, which is the better judge of them.

use std::ops::Range;

use crate::token::{Delim, Error, Token};

/// Which attribute was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Main,
    Test,
}

impl Kind {
    /// As the user wrote it, or close to it, for a message.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Main => "`#[uring_rt::main]`",
            Self::Test => "`#[uring_rt::test]`",
        }
    }
}

/// The outline of a function. All numbers are indices into the token list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// Attributes and visibility.
    pub(crate) prefix: Range<usize>,
    /// `async`, if it is there, and the other words before `fn`.
    async_at: Option<usize>,
    qualifiers: Range<usize>,
    pub(crate) fn_at: usize,
    pub(crate) name_at: usize,
    /// `<...>`, brackets included; empty when there are none.
    pub(crate) generics: Range<usize>,
    pub(crate) params_at: usize,
    /// What follows `->`; empty when the function returns `()`.
    pub(crate) output: Range<usize>,
    /// `where` and its bounds; empty when there are none.
    pub(crate) bounds: Range<usize>,
    /// The braces, or an invisible group that holds nothing else.
    pub(crate) body_at: usize,
}

/// Finds the outline of the function, or says why there is none.
pub(crate) fn outline(tokens: &[Token], kind: Kind) -> Result<Function, Error> {
    let prefix = 0..prefix_end(tokens);
    let not_a_function = || {
        let last = tokens.len().saturating_sub(1);
        let from = prefix.end.min(last);
        Error::new(
            from..last + 1,
            format!("{} goes on an `async fn`", kind.attribute()),
        )
    };

    let qualifiers = prefix.end..prefix.end + count_qualifiers(&tokens[prefix.end..]);
    let fn_at = qualifiers.end;
    if !is_ident_at(tokens, fn_at, "fn") {
        return Err(not_a_function());
    }
    let name_at = fn_at + 1;
    let generics =
        name_at + 1..name_at + 1 + generics_len(tokens.get(name_at + 1..).unwrap_or(&[]));
    let params_at = generics.end;
    if !tokens
        .get(params_at)
        .is_some_and(|token| token.is_group(Delim::Paren))
    {
        return Err(not_a_function());
    }

    let body_at = tokens.len() - 1;
    if body_at == params_at || !is_body(&tokens[body_at]) {
        return Err(Error::new(
            fn_at..tokens.len(),
            format!("{} needs a function with a body", kind.attribute()),
        ));
    }
    let bounds_at = (params_at + 1..body_at)
        .find(|&at| tokens[at].is_ident("where"))
        .unwrap_or(body_at);
    let has_arrow = tokens[params_at + 1].is_joint('-') && tokens[params_at + 2].is_punct('>');
    let output = if has_arrow {
        params_at + 3..bounds_at
    } else {
        bounds_at..bounds_at
    };

    Ok(Function {
        async_at: qualifiers.clone().find(|&at| tokens[at].is_ident("async")),
        prefix,
        qualifiers,
        fn_at,
        name_at,
        generics,
        params_at,
        output,
        bounds: bounds_at..body_at,
        body_at,
    })
}

impl Function {
    /// Whether the attribute can go on this function, and where it cannot, why.
    pub(crate) fn check(&self, tokens: &[Token], kind: Kind) -> Result<(), Error> {
        for at in self
            .qualifiers
            .clone()
            .filter(|&at| Some(at) != self.async_at)
        {
            if tokens[at].ident().is_some() {
                let message = format!(
                    "{} cannot go on a function that is `{}`",
                    kind.attribute(),
                    tokens[at]
                );
                return Err(Error::new(at..at + 1, message));
            }
        }
        if self.async_at.is_none() {
            return Err(Error::new(
                self.fn_at..self.fn_at + 1,
                "the `async` keyword is missing from the function declaration",
            ));
        }
        if kind == Kind::Test {
            self.check_single_test_attribute(tokens)?;
        }
        // Any other function may have parameters: its callers pass them.
        let role = match kind {
            Kind::Test => "test",
            Kind::Main if self.name(tokens) == "main" => "main",
            Kind::Main => return Ok(()),
        };
        if !self.generics.is_empty() {
            let message = format!("the {role} function cannot have generic parameters");
            return Err(Error::new(self.generics.clone(), message));
        }
        if self.has_params(tokens) {
            let message = format!("the {role} function cannot have parameters");
            return Err(Error::new(self.params_at..self.params_at + 1, message));
        }
        Ok(())
    }

    fn check_single_test_attribute(&self, tokens: &[Token]) -> Result<(), Error> {
        match self.second_test_attribute(tokens) {
            None => Ok(()),
            Some(attribute) => Err(Error::new(
                attribute,
                "second test attribute: `#[uring_rt::test]` already makes this a test, \
                 and it would run twice",
            )),
        }
    }

    /// `#[test]` in the prefix, under any of its names.
    pub(crate) fn second_test_attribute(&self, tokens: &[Token]) -> Option<Range<usize>> {
        let brackets = self.prefix.clone().find(|&at| match &tokens[at] {
            Token::Group(Delim::Bracket, inner) => is_test_attribute(inner),
            _ => false,
        })?;
        Some(brackets - 1..brackets + 1)
    }

    /// The name without the `r#` of a raw identifier.
    pub(crate) fn name<'a>(&self, tokens: &'a [Token]) -> &'a str {
        let name = tokens[self.name_at].ident().unwrap_or_default();
        name.strip_prefix("r#").unwrap_or(name)
    }

    fn has_params(&self, tokens: &[Token]) -> bool {
        matches!(&tokens[self.params_at], Token::Group(_, inner) if !inner.is_empty())
    }

    /// Whether the body means the same in a function of its own: it gets
    /// nothing from around itself, no parameter, no type, no `Self`.
    pub(crate) fn is_self_contained(&self, tokens: &[Token]) -> bool {
        self.generics.is_empty()
            && !self.has_params(tokens)
            && !tokens[self.fn_at..]
                .iter()
                .any(|token| token.mentions("Self"))
    }

    /// Whether the return type can be written in an expression.
    pub(crate) fn output_is_nameable(&self, tokens: &[Token]) -> bool {
        let output = &tokens[self.output.clone()];
        let is_never = matches!(output, [token] if token.is_punct('!'));
        !is_never && !output.iter().any(|token| token.mentions("impl"))
    }
}

/// Passes over attributes and the visibility.
fn prefix_end(tokens: &[Token]) -> usize {
    let mut at = 0;
    loop {
        at += match &tokens[at..] {
            [hash, group, ..] if hash.is_punct('#') && group.is_group(Delim::Bracket) => 2,
            [public, paren, ..] if public.is_ident("pub") && paren.is_group(Delim::Paren) => 2,
            [public, ..] if public.is_ident("pub") => 1,
            // A `$vis:vis` of macro_rules, perhaps empty.
            [group, _, ..] if group.is_group(Delim::None) => 1,
            _ => return at,
        };
    }
}

/// Counts the words, and the ABI string, that may stand between the visibility
/// and `fn`.
fn count_qualifiers(tokens: &[Token]) -> usize {
    tokens
        .iter()
        .take_while(|token| match token {
            Token::Ident(word) => {
                matches!(
                    word.as_str(),
                    "async" | "const" | "unsafe" | "safe" | "extern" | "default"
                )
            }
            Token::Literal(_) => true,
            Token::Punct { .. } | Token::Group(..) => false,
        })
        .count()
}

/// The length of `<...>`, zero when there is none. The `>` of an arrow closes
/// nothing.
fn generics_len(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        let after_dash = at > 0 && tokens[at - 1].is_joint('-');
        if token.is_punct('<') {
            depth += 1;
        } else if token.is_punct('>') && !after_dash {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            return if at == 0 { 0 } else { at + 1 };
        }
    }
    0
}

fn is_body(token: &Token) -> bool {
    match token {
        Token::Group(Delim::Brace, _) => true,
        Token::Group(Delim::None, inner) => matches!(inner.as_slice(), [token] if is_body(token)),
        _ => false,
    }
}

/// Whether the text in `#[...]` is std's `test` under any of its names, or ours.
fn is_test_attribute(tokens: &[Token]) -> bool {
    let path: String = tokens.iter().map(Token::to_string).collect();
    match path.strip_prefix("::").unwrap_or(&path) {
        "test" | "uring_rt::test" => true,
        path => ["std::prelude::", "core::prelude::"]
            .iter()
            .filter_map(|prelude| path.strip_prefix(prelude))
            .any(|rest| rest.ends_with("::test")),
    }
}

fn is_ident_at(tokens: &[Token], at: usize, text: &str) -> bool {
    tokens.get(at).is_some_and(|token| token.is_ident(text))
}

#[cfg(test)]
mod tests;
