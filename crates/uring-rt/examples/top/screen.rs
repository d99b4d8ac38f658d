//! How it looks: one picture that is drawn over, on a terminal, and lines elsewhere.

use std::fmt::Write;
use std::time::Duration;

use crate::sample::Column;

/// To a screen of its own, with no cursor; and back to the one before.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// The upper left corner; what is left of a line, and of the screen, that was drawn before.
const HOME: &str = "\x1b[H";
const END_OF_LINE: &str = "\x1b[K\n";
const END_OF_SCREEN: &str = "\x1b[J";
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

const NAME_WIDTH: usize = 22;
const WIDTH: usize = 14;

pub(crate) struct Screen {
    is_terminal: bool,
}

impl Screen {
    /// Takes over the terminal, if it is one, until the drop.
    pub(crate) fn new(is_terminal: bool) -> Screen {
        if is_terminal {
            print!("{ENTER}");
        }
        Screen { is_terminal }
    }

    pub(crate) fn picture(&self, elapsed: Duration, columns: &[Column]) -> String {
        if self.is_terminal {
            table(elapsed, columns)
        } else {
            columns.iter().map(|column| line(elapsed, column)).collect()
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.is_terminal {
            print!("{LEAVE}");
        }
    }
}

/// Writing to a `String` does not fail.
const STRING: &str = "memory";

fn table(elapsed: Duration, columns: &[Column]) -> String {
    let mut text = String::from(HOME);
    let seconds = elapsed.as_secs_f64();
    write!(
        text,
        "uring-rt top, {seconds:.1} s, Ctrl-C ends it{END_OF_LINE}{END_OF_LINE}"
    )
    .expect(STRING);
    write!(text, "{BOLD}{:NAME_WIDTH$}", "").expect(STRING);
    for column in columns {
        write!(text, "{:>WIDTH$}", column.name).expect(STRING);
    }
    write!(text, "{PLAIN}{END_OF_LINE}").expect(STRING);
    let rows = columns.first().map_or(0, |column| column.cells.len());
    // What is zero everywhere says nothing, and the picture has to fit.
    let says_something = |row: &usize| columns.iter().any(|column| column.cells[*row].1 != "0");
    for row in (0..rows).filter(says_something) {
        write!(text, "{:NAME_WIDTH$}", columns[0].cells[row].0).expect(STRING);
        for column in columns {
            write!(text, "{:>WIDTH$}", column.cells[row].1).expect(STRING);
        }
        text.push_str(END_OF_LINE);
    }
    text.push_str(END_OF_SCREEN);
    text
}

fn line(elapsed: Duration, column: &Column) -> String {
    let mut text = format!("{:.1} s  {}:", elapsed.as_secs_f64(), column.name);
    for (index, (name, value)) in column.cells.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(text, "{comma} {name} {value}").expect(STRING);
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> [Column; 2] {
        let column = |name: &str, polls: &str| Column {
            name: name.to_owned(),
            cells: vec![
                ("backend", "epoll".to_owned()),
                ("polls/s", polls.to_owned()),
                ("overflows", "0".to_owned()),
            ],
        };
        [column("one", "12"), column("two", "345")]
    }

    #[test]
    fn a_terminal_gets_one_row_for_each_counter_and_no_scrolling() {
        let picture = table(Duration::from_secs(3), &columns());
        assert!(picture.starts_with(HOME) && picture.ends_with(END_OF_SCREEN));
        let row = picture
            .lines()
            .find(|line| line.starts_with("polls/s"))
            .unwrap();
        let words: Vec<_> = row.trim_end_matches("\x1b[K").split_whitespace().collect();
        assert_eq!(words, ["polls/s", "12", "345"]);
        assert!(!picture.contains("overflows"), "zero everywhere: {picture}");
    }

    #[test]
    fn elsewhere_each_runtime_is_a_line_without_escapes() {
        let screen = Screen { is_terminal: false };
        let picture = screen.picture(Duration::from_millis(1500), &columns());
        assert_eq!(
            picture,
            "1.5 s  one: backend epoll, polls/s 12, overflows 0\n\
             1.5 s  two: backend epoll, polls/s 345, overflows 0\n"
        );
    }
}
