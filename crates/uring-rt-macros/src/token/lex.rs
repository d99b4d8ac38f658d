//! Source text to tokens, as far as the parsers' tests need it: identifiers,
//! numbers, plain strings, punctuation and groups. `⟦ ⟧` stand for the
//! invisible pair. Total: any text gives some token list.

use super::{Delim, Token};

pub(crate) fn lex(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    group(&chars, &mut at)
}

fn group(chars: &[char], at: &mut usize) -> Vec<Token> {
    let mut out = Vec::new();
    while let Some(&ch) = chars.get(*at) {
        *at += 1;
        match ch {
            '(' => out.push(Token::Group(Delim::Paren, group(chars, at))),
            '[' => out.push(Token::Group(Delim::Bracket, group(chars, at))),
            '{' => out.push(Token::Group(Delim::Brace, group(chars, at))),
            '⟦' => out.push(Token::Group(Delim::None, group(chars, at))),
            ')' | ']' | '}' | '⟧' => return out,
            '"' => out.push(Token::Literal(string(chars, at))),
            _ if is_word(ch) => out.push(word(chars, at)),
            _ if ch.is_whitespace() => {}
            _ => {
                let joint = chars
                    .get(*at)
                    .is_some_and(|&next| is_operator(next) || ch == '\'');
                out.push(Token::Punct { ch, joint });
            }
        }
    }
    out
}

fn string(chars: &[char], at: &mut usize) -> String {
    let start = *at - 1;
    while let Some(&ch) = chars.get(*at) {
        *at += if ch == '\\' { 2 } else { 1 };
        if ch == '"' {
            break;
        }
    }
    *at = (*at).min(chars.len());
    chars[start..*at].iter().collect()
}

fn word(chars: &[char], at: &mut usize) -> Token {
    let start = *at - 1;
    while chars.get(*at).is_some_and(|&ch| is_word(ch)) {
        *at += 1;
    }
    let text: String = chars[start..*at].iter().collect();
    if text.starts_with(|ch: char| ch.is_ascii_digit()) {
        Token::Literal(text)
    } else {
        Token::Ident(text)
    }
}

fn is_word(ch: char) -> bool {
    ch == '_' || ch.is_alphanumeric()
}

fn is_operator(ch: char) -> bool {
    !is_word(ch) && !ch.is_whitespace() && !"()[]{}⟦⟧\"".contains(ch)
}

#[test]
fn an_arrow_is_two_joined_characters() {
    assert_eq!(
        lex("-> (a)"),
        [
            Token::Punct {
                ch: '-',
                joint: true
            },
            Token::Punct {
                ch: '>',
                joint: false
            },
            Token::Group(Delim::Paren, vec![Token::Ident("a".into())]),
        ]
    );
}

#[test]
fn a_string_keeps_its_quotes() {
    assert_eq!(lex(r#" "a\"b" "#), [Token::Literal(r#""a\"b""#.into())]);
}
