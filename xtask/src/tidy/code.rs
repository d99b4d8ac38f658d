//! Source text without what the compiler skips or takes as data.

/// The text with comments, strings and character literals blanked out. Lines
/// and columns stay where they are.
pub(crate) fn code_only(text: &str) -> String {
    let mut scanner = Scanner {
        chars: text.chars().collect(),
        at: 0,
        out: String::new(),
    };
    while let Some(ch) = scanner.peek(0) {
        match (ch, scanner.peek(1)) {
            ('/', Some('/')) => scanner.line_comment(),
            ('/', Some('*')) => scanner.block_comment(),
            ('"', _) => scanner.string(),
            ('r', _) if scanner.raw_string_hashes().is_some() => scanner.raw_string(),
            ('\'', _) => scanner.quote(),
            _ => scanner.keep(),
        }
    }
    scanner.out
}

struct Scanner {
    chars: Vec<char>,
    at: usize,
    out: String,
}

impl Scanner {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn keep(&mut self) {
        self.out.extend(self.peek(0));
        self.at += 1;
    }

    fn blank(&mut self, count: usize) {
        for _ in 0..count {
            match self.peek(0) {
                Some('\n') => self.out.push('\n'),
                Some(_) => self.out.push(' '),
                None => return,
            }
            self.at += 1;
        }
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|ch| ch != '\n') {
            self.blank(1);
        }
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(ch) = self.peek(0) {
            match (ch, self.peek(1)) {
                ('/', Some('*')) => {
                    depth += 1;
                    self.blank(2);
                }
                ('*', Some('/')) => {
                    depth -= 1;
                    self.blank(2);
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.blank(1),
            }
        }
    }

    fn string(&mut self) {
        self.blank(1);
        while let Some(ch) = self.peek(0) {
            self.blank(if ch == '\\' { 2 } else { 1 });
            if ch == '"' {
                return;
            }
        }
    }

    /// For `r"`, `r#"`, ... the number of `#`; a raw identifier has no quote,
    /// and in `br"` and `cr"` the first letter has been kept before.
    fn raw_string_hashes(&self) -> Option<usize> {
        let before = self.at.checked_sub(1).map(|at| self.chars[at]);
        let before_that = self.at.checked_sub(2).map(|at| self.chars[at]);
        let starts_word = match before {
            Some('b' | 'c') => !before_that.is_some_and(is_word),
            before => !before.is_some_and(is_word),
        };
        let hashes = self.chars[self.at + 1..]
            .iter()
            .take_while(|&&ch| ch == '#')
            .count();
        (starts_word && self.peek(1 + hashes) == Some('"')).then_some(hashes)
    }

    fn raw_string(&mut self) {
        let hashes = self.raw_string_hashes().unwrap_or(0);
        self.blank(2 + hashes);
        while let Some(ch) = self.peek(0) {
            let closes = ch == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#'));
            self.blank(if closes { 1 + hashes } else { 1 });
            if closes {
                return;
            }
        }
    }

    /// A character literal is blanked, the tick of a lifetime stays.
    fn quote(&mut self) {
        match (self.peek(1), self.peek(2)) {
            (Some('\\'), _) => {
                self.blank(3);
                while self.peek(0).is_some_and(|ch| ch != '\'' && ch != '\n') {
                    self.blank(1);
                }
                self.blank(1);
            }
            (Some(_), Some('\'')) => self.blank(3),
            _ => self.keep(),
        }
    }
}

/// Whether the character can be part of an identifier.
pub(crate) fn is_word(ch: char) -> bool {
    ch == '_' || ch.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::code_only;

    #[track_caller]
    fn keeps(text: &str, kept: &str) {
        let got = code_only(text);
        assert_eq!(
            got.chars().count(),
            text.chars().count(),
            "{text}: the columns moved"
        );
        assert_eq!(
            got.lines().count(),
            text.lines().count(),
            "{text}: the lines moved"
        );
        assert_eq!(
            got.split_whitespace().collect::<Vec<_>>().join(" "),
            kept,
            "{text}"
        );
    }

    #[test]
    fn comments_are_blanked() {
        keeps("a // x\nb", "a b");
        keeps("/// x\n//! y\na", "a");
        keeps("a /* x /* y */ z */ b", "a b");
        keeps("a /* x\n y */ b", "a b");
        keeps("a / b", "a / b");
    }

    #[test]
    fn strings_are_blanked_whatever_they_contain() {
        keeps(r#"a "x // y" b"#, "a b");
        keeps(r#"a "x \" y" b"#, "a b");
        keeps(r#"a "\\" b "x" c"#, "a b c");
        keeps(r##"a r"x\" b r#"y "z" y"# c"##, "a b c");
        keeps(r##"br#"x"# cr"y" b"z""##, "b c b");
        keeps("\"x\ny\" a", "a");
    }

    #[test]
    fn characters_are_blanked_and_lifetimes_are_not() {
        keeps("a '\"' b", "a b");
        keeps(r"a '\'' b '\\' c '\u{41}' d", "a b c d");
        keeps("&'a str, 'b: loop {}", "&'a str, 'b: loop {}");
        keeps("r#type for \"x\"", "r#type for");
    }

    #[test]
    fn text_that_ends_too_early_ends_the_scan() {
        for text in ["/* x", "\"x", "r#\"x", "'\\", "'", "x\\", "\"\\"] {
            assert_eq!(
                code_only(text).chars().count(),
                text.chars().count(),
                "{text}"
            );
        }
    }
}
