//! RESP 2: what a client sends, and what it is answered.

use std::fmt;
use std::io::Write;

/// The most words of a command.
const MAX_WORDS: usize = 1024;
/// The longest word, in bytes.
const MAX_WORD: usize = 16 << 20;
/// The longest line: a command in one line, or the length of something.
const MAX_LINE: usize = 64 << 10;

/// The words of a command, the first of which names it. Borrowed from the bytes that came.
pub(crate) type Command<'a> = Vec<&'a [u8]>;

/// Bytes that are no command, however they go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// A line that does not end.
    LineTooLong,
    /// No number, or one out of bounds, where the count of words belongs.
    Count,
    /// The same for the length of a word.
    Length,
    /// Another byte than the `$` before a word.
    NoWord,
    /// A word that goes on where it should end.
    NoEnd,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Broken::LineTooLong => "ERR Protocol error: too big inline request",
            Broken::Count => "ERR Protocol error: invalid multibulk length",
            Broken::Length => "ERR Protocol error: invalid bulk length",
            Broken::NoWord => "ERR Protocol error: expected '$'",
            Broken::NoEnd => "ERR Protocol error: expected the end of a word",
        })
    }
}

/// The first command of `bytes` and how many bytes it is long, or `None` if it is not there as a whole. A command
/// without words is one, too: it asks for nothing.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Command<'_>, usize)>, Broken> {
    let mut rest = Rest { bytes, at: 0 };
    let Some(line) = rest.line()? else {
        return Ok(None);
    };
    let Some(count) = line.strip_prefix(b"*") else {
        // As one types it into a terminal.
        let words = line
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        return Ok(Some((words.collect(), rest.at)));
    };
    // None of none, as Redis reads a negative count.
    let count = match number(count) {
        Some(..0) => 0,
        count => within(count, MAX_WORDS).ok_or(Broken::Count)?,
    };
    // No room is set aside for what is only announced.
    let mut words = Vec::new();
    for _ in 0..count {
        match rest.word()? {
            Some(word) => words.push(word),
            None => return Ok(None),
        }
    }
    Ok(Some((words, rest.at)))
}

/// What is left to be parsed.
struct Rest<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Rest<'a> {
    /// The bytes before the next end of a line.
    fn line(&mut self) -> Result<Option<&'a [u8]>, Broken> {
        let rest = &self.bytes[self.at..];
        let seen = &rest[..rest.len().min(MAX_LINE)];
        let Some(end) = seen.iter().position(|&byte| byte == b'\n') else {
            let may_end = seen.len() < MAX_LINE;
            return if may_end {
                Ok(None)
            } else {
                Err(Broken::LineTooLong)
            };
        };
        self.at += end + 1;
        let line = &rest[..end];
        Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    /// `$length`, the word, and an end of line that does not count.
    fn word(&mut self) -> Result<Option<&'a [u8]>, Broken> {
        // Seen from its first byte, and not only when the line is complete.
        if self.bytes.get(self.at).is_some_and(|&byte| byte != b'$') {
            return Err(Broken::NoWord);
        }
        let Some(line) = self.line()? else {
            return Ok(None);
        };
        let length = within(number(&line[1..]), MAX_WORD).ok_or(Broken::Length)?;
        let rest = &self.bytes[self.at..];
        let Some(end) = rest.get(length..length + 2) else {
            return Ok(None);
        };
        if end != b"\r\n" {
            return Err(Broken::NoEnd);
        }
        self.at += length + 2;
        Ok(Some(&rest[..length]))
    }
}

/// A decimal number with at most one sign.
pub(crate) fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn within(number: Option<i64>, most: usize) -> Option<usize> {
    usize::try_from(number?)
        .ok()
        .filter(|&number| number <= most)
}

/// An answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply<'a> {
    /// A word of the protocol, such as `OK`.
    Status(&'a str),
    /// Begins with a code, such as `ERR`.
    Error(&'a str),
    Integer(i64),
    /// A value, or that there is none.
    Value(Option<&'a [u8]>),
}

impl Reply<'_> {
    /// Appends it to what goes to the client.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        let written = match self {
            Reply::Status(status) => write!(out, "+{status}\r\n"),
            Reply::Error(error) => write!(out, "-{}\r\n", error.replace(['\r', '\n'], " ")),
            Reply::Integer(number) => write!(out, ":{number}\r\n"),
            Reply::Value(None) => write!(out, "$-1\r\n"),
            Reply::Value(Some(value)) => write!(out, "${}\r\n", value.len())
                .and_then(|()| out.write_all(value))
                .and_then(|()| out.write_all(b"\r\n")),
        };
        // A vector takes what it is given.
        debug_assert!(written.is_ok());
    }
}

#[cfg(test)]
mod tests {
    use super::{Broken, MAX_LINE, MAX_WORD, MAX_WORDS, Reply, parse};

    const SET: &[u8] = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\n\r\n\r\n\r\nPING\r\n";

    #[test]
    fn a_command_is_taken_when_its_last_byte_is_there_and_not_before() {
        let length = SET.len() - b"PING\r\n".len();
        for end in 0..length {
            assert_eq!(parse(&SET[..end]), Ok(None), "{end}");
        }
        // The value is made of ends of lines.
        let words: Vec<&[u8]> = vec![b"SET", b"k", b"\r\n\r\n"];
        for end in length..=SET.len() {
            assert_eq!(parse(&SET[..end]), Ok(Some((words.clone(), length))));
        }
    }

    #[test]
    fn a_line_is_a_command() {
        let words: Vec<&[u8]> = vec![b"SET", b"k", b"v"];
        assert_eq!(parse(b"SET  k\tv \r\nGET"), Ok(Some((words.clone(), 11))));
        assert_eq!(parse(b"SET k v\n"), Ok(Some((words, 8))));
        for nothing in [&b"\r\n"[..], b"*0\r\n", b"*-1\r\n"] {
            assert_eq!(parse(nothing), Ok(Some((vec![], nothing.len()))));
        }
    }

    #[test]
    fn what_is_no_command_is_refused_as_soon_as_it_shows() {
        let cases = [
            ("*x\r\n", Broken::Count),
            ("*\r\n", Broken::Count),
            ("*9223372036854775808\r\n", Broken::Count),
            ("*1\r\n+", Broken::NoWord),
            ("*1\r\n$-1\r\n", Broken::Length),
            ("*1\r\n$\r\n", Broken::Length),
            ("*1\r\n$3\r\nSETX\r", Broken::NoEnd),
        ];
        for (bytes, broken) in cases {
            assert_eq!(parse(bytes.as_bytes()), Err(broken), "{bytes:?}");
        }
        let too_many = format!("*{}\r\n", MAX_WORDS + 1);
        assert_eq!(parse(too_many.as_bytes()), Err(Broken::Count));
        let too_long = format!("*1\r\n${}\r\n", MAX_WORD + 1);
        assert_eq!(parse(too_long.as_bytes()), Err(Broken::Length));
        assert_eq!(parse(&[b'a'; MAX_LINE - 1]), Ok(None));
        assert_eq!(parse(&[b'a'; MAX_LINE]), Err(Broken::LineTooLong));
    }

    #[test]
    fn replies_are_written_as_the_protocol_says() {
        let mut out = Vec::new();
        Reply::Status("OK").write(&mut out);
        Reply::Error("ERR two\r\nlines").write(&mut out);
        Reply::Integer(-7).write(&mut out);
        Reply::Value(None).write(&mut out);
        Reply::Value(Some(b"\r\n")).write(&mut out);
        let expected: &[u8] = b"+OK\r\n-ERR two  lines\r\n:-7\r\n$-1\r\n$2\r\n\r\n\r\n";
        assert_eq!(out, expected);
    }
}
