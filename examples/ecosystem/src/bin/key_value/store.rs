//! What is stored, and what each command does with it.

use std::collections::HashMap;

use crate::protocol::{Reply, number};

#[derive(Debug, Default)]
pub(crate) struct Store {
    values: HashMap<Box<[u8]>, Box<[u8]>>,
}

/// What comes after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    GoOn,
    Close,
}

impl Store {
    /// Carries a command out and appends its reply to `out`.
    pub(crate) fn execute(&mut self, command: &[&[u8]], out: &mut Vec<u8>) -> Next {
        let Some((name, words)) = command.split_first() else {
            return Next::GoOn;
        };
        let name = String::from_utf8_lossy(name).to_uppercase();
        match (name.as_str(), words) {
            ("PING", []) => Reply::Status("PONG").write(out),
            ("PING" | "ECHO", [text]) => Reply::Value(Some(text)).write(out),
            ("GET", [key]) => Reply::Value(self.values.get(*key).map(AsRef::as_ref)).write(out),
            ("SET", [key, value]) => {
                self.values.insert((*key).into(), (*value).into());
                Reply::Status("OK").write(out);
            }
            ("SET", [_, _, ..]) => Reply::Error("ERR syntax error").write(out),
            ("DEL", [_, ..]) => {
                let removed = words
                    .iter()
                    .filter(|key| self.values.remove(**key).is_some());
                count(removed.count()).write(out);
            }
            ("EXISTS", [_, ..]) => {
                let found = words.iter().filter(|key| self.values.contains_key(**key));
                count(found.count()).write(out);
            }
            ("INCR", [key]) => self.increment(key).write(out),
            ("DBSIZE", []) => count(self.values.len()).write(out),
            ("FLUSHALL", []) => {
                self.values.clear();
                Reply::Status("OK").write(out);
            }
            ("QUIT", []) => {
                Reply::Status("OK").write(out);
                return Next::Close;
            }
            (
                "PING" | "ECHO" | "GET" | "SET" | "DEL" | "EXISTS" | "INCR" | "DBSIZE" | "FLUSHALL"
                | "QUIT",
                _,
            ) => {
                let name = name.to_lowercase();
                let error = format!("ERR wrong number of arguments for '{name}' command");
                Reply::Error(&error).write(out);
            }
            _ => Reply::Error(&format!("ERR unknown command '{name}'")).write(out),
        }
        Next::GoOn
    }

    /// Nothing counts as zero.
    fn increment(&mut self, key: &[u8]) -> Reply<'static> {
        let before = match self.values.get(key) {
            None => Some(0),
            Some(value) => number(value),
        };
        let Some(before) = before else {
            return Reply::Error("ERR value is not an integer or out of range");
        };
        let Some(after) = before.checked_add(1) else {
            return Reply::Error("ERR increment or decrement would overflow");
        };
        self.values
            .insert(key.into(), after.to_string().into_bytes().into());
        Reply::Integer(after)
    }
}

fn count(count: usize) -> Reply<'static> {
    Reply::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Next, Store};

    fn run(store: &mut Store, line: &str) -> String {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let mut out = Vec::new();
        assert_eq!(store.execute(&words, &mut out), Next::GoOn);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_counted_up_and_nothing_else_is() {
        let mut store = Store::default();
        assert_eq!(run(&mut store, "INCR n"), ":1\r\n");
        assert_eq!(run(&mut store, "incr n"), ":2\r\n");
        assert_eq!(run(&mut store, "GET n"), "$1\r\n2\r\n");
        run(&mut store, "SET n 9223372036854775807");
        assert!(run(&mut store, "INCR n").contains("would overflow"));
        run(&mut store, "SET n two");
        assert!(run(&mut store, "INCR n").contains("not an integer"));
        assert_eq!(run(&mut store, "GET n"), "$3\r\ntwo\r\n");
    }

    #[test]
    fn keys_are_found_counted_and_deleted() {
        let mut store = Store::default();
        run(&mut store, "SET a 1");
        run(&mut store, "SET b 2");
        assert_eq!(run(&mut store, "EXISTS a b c a"), ":3\r\n");
        assert_eq!(run(&mut store, "DBSIZE"), ":2\r\n");
        assert_eq!(run(&mut store, "DEL a c a"), ":1\r\n");
        assert_eq!(run(&mut store, "GET a"), "$-1\r\n");
        assert_eq!(run(&mut store, "FLUSHALL"), "+OK\r\n");
        assert_eq!(run(&mut store, "DBSIZE"), ":0\r\n");
    }

    #[test]
    fn what_is_unknown_or_too_much_is_an_error_and_changes_nothing() {
        let mut store = Store::default();
        assert!(run(&mut store, "SET a 1 NX").starts_with("-ERR syntax"));
        assert!(run(&mut store, "GET").starts_with("-ERR wrong number"));
        assert!(run(&mut store, "FLY a").starts_with("-ERR unknown command 'FLY'"));
        assert_eq!(run(&mut store, "DBSIZE"), ":0\r\n");
    }
}
