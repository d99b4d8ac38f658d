//! The arguments in the attribute's parentheses.
//!
//! ```text
//! arguments = [ argument { "," argument } [ "," ] ]
//! argument  = "backend" "=" string | "entries" "=" integer
//!           | "start_paused" "=" ( "true" | "false" )
//!           | "seed" "=" ( integer | "random" )
//!           | "crate" "=" ( string | path ) | "flavor" "=" string
//! ```

use std::ops::Range;

use crate::token::{Error, Token};

/// The largest submission queue that the kernel sets up
/// (`IORING_MAX_ENTRIES`).
const ENTRIES_MAX: u32 = 32_768;

/// What was asked for; `None` leaves the builder's default alone.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Args {
    pub(crate) backend: Option<Backend>,
    /// Within `1..=ENTRIES_MAX`.
    pub(crate) entries: Option<u32>,
    pub(crate) start_paused: Option<bool>,
    pub(crate) seed: Option<Seed>,
    /// Where the runtime's crate is found instead of `::uring_rt`.
    pub(crate) crate_path: Option<CratePath>,
    /// Tokio's `flavor`, checked and without effect: a runtime has one thread.
    flavor: Option<()>,
}

/// The values of `backend`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Auto,
    IoUring,
    Epoll,
}

/// The values of `seed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seed {
    Number(u64),
    Random,
}

/// The value of `crate`: a well-formed path in either spelling.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CratePath {
    /// In a string literal: its text, and the literal's index for the span.
    Text(String, usize),
    /// As tokens: their indices.
    Tokens(Range<usize>),
}

/// Reads the whole argument list, or names the first mistake in it.
pub(crate) fn args(tokens: &[Token]) -> Result<Args, Error> {
    let mut args = Args::default();
    let mut cursor = Cursor { tokens, at: 0 };
    while !cursor.is_at_end() {
        argument(&mut cursor, &mut args)?;
        cursor.comma()?;
    }
    Ok(args)
}

fn argument(cursor: &mut Cursor<'_>, args: &mut Args) -> Result<(), Error> {
    let key_at = cursor.at;
    let key = cursor.key()?;
    match key {
        "backend" => {
            let value = cursor.value(key)?;
            once(&mut args.backend, value.backend()?, key, key_at)
        }
        "entries" => {
            let value = cursor.value(key)?;
            once(&mut args.entries, value.entries()?, key, key_at)
        }
        "start_paused" => {
            let value = cursor.value(key)?;
            once(&mut args.start_paused, value.start_paused()?, key, key_at)
        }
        "seed" => {
            let value = cursor.value(key)?;
            once(&mut args.seed, value.seed()?, key, key_at)
        }
        "crate" => {
            let path = cursor.crate_path()?;
            once(&mut args.crate_path, path, key, key_at)
        }
        "flavor" => {
            let value = cursor.value(key)?;
            once(&mut args.flavor, value.flavor()?, key, key_at)
        }
        "worker_threads" => Err(Error::new(
            key_at..key_at + 1,
            "a runtime has one thread, so there is no `worker_threads`; \
             `uring_rt::shard` runs one runtime per core",
        )),
        _ => Err(Error::new(
            key_at..key_at + 1,
            format!(
                "unknown argument `{key}`; expected `backend`, `entries`, `start_paused`, `seed` or `crate`"
            ),
        )),
    }
}

/// Fills a slot that must still be empty.
fn once<T>(slot: &mut Option<T>, value: T, key: &str, key_at: usize) -> Result<(), Error> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new(
            key_at..key_at + 1,
            format!("argument `{key}` is given more than once"),
        )),
    }
}

struct Cursor<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// The next token, or where the list ends the one before.
    fn here(&self) -> Range<usize> {
        let at = self.at.min(self.tokens.len().saturating_sub(1));
        at..at + 1
    }

    fn key(&mut self) -> Result<&'a str, Error> {
        let Some(key) = self.peek().and_then(Token::ident) else {
            return Err(Error::new(self.here(), "expected `argument = value`"));
        };
        self.at += 1;
        Ok(key)
    }

    fn equals(&mut self, key: &str) -> Result<(), Error> {
        if !self.peek().is_some_and(|token| token.is_punct('=')) {
            return Err(Error::new(self.here(), format!("expected `{key} = value`")));
        }
        self.at += 1;
        Ok(())
    }

    /// `= value`, where the value is one token, or a minus sign and one token.
    fn value(&mut self, key: &str) -> Result<Value<'a>, Error> {
        self.equals(key)?;
        let start = self.at;
        if self.peek().is_some_and(|token| token.is_punct('-')) {
            self.at += 1;
        }
        let Some(token) = self.peek().filter(|token| !token.is_punct(',')) else {
            return Err(Error::new(self.here(), format!("expected `{key} = value`")));
        };
        self.at += 1;
        Ok(Value {
            token,
            tokens: start..self.at,
        })
    }

    /// `= "a::b"` or `= a::b`.
    fn crate_path(&mut self) -> Result<CratePath, Error> {
        self.equals("crate")?;
        let start = self.at;
        let path = match self.peek() {
            Some(Token::Literal(literal)) => {
                self.at += 1;
                string(literal)
                    .filter(|text| is_path(text))
                    .map(|text| CratePath::Text(text.to_owned(), start))
            }
            _ => self
                .path_tokens()
                .then_some(CratePath::Tokens(start..self.at)),
        };
        let first = start.min(self.tokens.len() - 1);
        path.ok_or_else(|| {
            Error::new(
                first..self.at.max(first + 1),
                "`crate` takes a path: `crate = a::b` or `crate = \"a::b\"`",
            )
        })
    }

    /// Passes over `[::] ident { :: ident }`; false when that is not there.
    fn path_tokens(&mut self) -> bool {
        self.double_colon();
        loop {
            if self.peek().and_then(Token::ident).is_none() {
                return false;
            }
            self.at += 1;
            if !self.double_colon() {
                return true;
            }
        }
    }

    fn double_colon(&mut self) -> bool {
        let found = matches!(
            self.tokens.get(self.at..),
            Some([first, second, ..]) if first.is_joint(':') && second.is_punct(':')
        );
        if found {
            self.at += 2;
        }
        found
    }

    /// The comma after an argument; the end will do for the last one.
    fn comma(&mut self) -> Result<(), Error> {
        match self.peek() {
            None => Ok(()),
            Some(token) if token.is_punct(',') => {
                self.at += 1;
                Ok(())
            }
            Some(token) => Err(Error::new(
                self.here(),
                format!("expected `,`, found `{token}`"),
            )),
        }
    }
}

/// The value of one argument, and the tokens to underline when it is bad.
struct Value<'a> {
    token: &'a Token,
    tokens: Range<usize>,
}

impl Value<'_> {
    fn backend(&self) -> Result<Backend, Error> {
        match self.string() {
            Some("auto") => Ok(Backend::Auto),
            Some("io_uring") => Ok(Backend::IoUring),
            Some("epoll") => Ok(Backend::Epoll),
            _ => Err(self.bad("`backend` takes \"auto\", \"io_uring\" or \"epoll\"")),
        }
    }

    fn entries(&self) -> Result<u32, Error> {
        self.literal()
            .and_then(|literal| integer(literal, "u32"))
            .and_then(|entries| u32::try_from(entries).ok())
            .filter(|entries| (1..=ENTRIES_MAX).contains(entries))
            .ok_or_else(|| {
                self.bad(format!(
                    "`entries` takes an integer literal from 1 to {ENTRIES_MAX}"
                ))
            })
    }

    fn start_paused(&self) -> Result<bool, Error> {
        match self.token.ident() {
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            _ => Err(self.bad("`start_paused` takes `true` or `false`")),
        }
    }

    fn seed(&self) -> Result<Seed, Error> {
        if self.string() == Some("random") {
            return Ok(Seed::Random);
        }
        self.literal()
            .and_then(|literal| integer(literal, "u64"))
            .map(Seed::Number)
            .ok_or_else(|| {
                self.bad(format!(
                    "`seed` takes an integer literal from 0 to {}, or \"random\"",
                    u64::MAX
                ))
            })
    }

    fn flavor(&self) -> Result<(), Error> {
        match self.string() {
            Some("current_thread" | "local") => Ok(()),
            _ => Err(self.bad(
                "a runtime has one thread: `flavor` may be left out, or be \"current_thread\"",
            )),
        }
    }

    fn string(&self) -> Option<&str> {
        self.literal().and_then(string)
    }

    /// The literal, unless a minus sign stands before it.
    fn literal(&self) -> Option<&str> {
        match self.token {
            Token::Literal(text) if self.tokens.len() == 1 => Some(text),
            _ => None,
        }
    }

    fn bad(&self, message: impl Into<String>) -> Error {
        Error::new(self.tokens.clone(), message)
    }
}

/// What a string literal stands for. Escapes are not needed in any value, so a
/// literal that has one counts as a bad value.
fn string(literal: &str) -> Option<&str> {
    let (quoted, raw) = match literal.strip_prefix('r') {
        Some(raw) => (raw.trim_matches('#'), true),
        None => (literal, false),
    };
    let text = quoted.strip_prefix('"')?.strip_suffix('"')?;
    (raw || !text.contains('\\')).then_some(text)
}

/// What an integer literal stands for: any base, underscores, the suffix of
/// its type.
fn integer(literal: &str, suffix: &str) -> Option<u64> {
    let digits = literal.replace('_', "");
    let digits = digits.strip_suffix(suffix).unwrap_or(&digits);
    let (digits, radix) = match digits.get(..2) {
        Some("0x") => (&digits[2..], 16),
        Some("0o") => (&digits[2..], 8),
        Some("0b") => (&digits[2..], 2),
        _ => (digits, 10),
    };
    // `from_str_radix` would take a sign, a literal has none.
    if digits.starts_with('+') {
        None
    } else {
        u64::from_str_radix(digits, radix).ok()
    }
}

/// Whether the text is a path of ASCII names. A path of other names can be
/// written as tokens, where the compiler knows which letters are allowed.
fn is_path(text: &str) -> bool {
    text.strip_prefix("::")
        .unwrap_or(text)
        .split("::")
        .all(|segment| {
            let name = segment.strip_prefix("r#").unwrap_or(segment);
            name.starts_with(|ch: char| ch == '_' || ch.is_ascii_alphabetic())
                && name
                    .chars()
                    .all(|ch| ch == '_' || ch.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests;
