//! `axum_notes`.

use std::io::{Read, Write};
use std::process::Stdio;

use crate::support::{Server, for_each_backend, foreign, output};

const NOTES: &str = env!("CARGO_BIN_EXE_axum_notes");

#[test]
fn curl_pins_up_notes_and_waits_for_them() {
    for_each_backend(|backend| {
        let server = Server::start(NOTES, &[], backend);
        let curl = |args: &[&str], path: &str| {
            let mut curl = foreign("curl")?;
            curl.args(["--silent", "--show-error", "--max-time", "60"]);
            curl.args(args).arg(server.url(path));
            Some(curl)
        };
        for (option, number) in [("--http1.1", 1), ("--http2-prior-knowledge", 2)] {
            let path = format!("/notes/{number}");
            let Some(mut waiting) = curl(&[option], &path) else {
                continue;
            };
            // Whether it asks before the note is there or after: it gets it.
            let waiting = waiting.stdout(Stdio::piped()).spawn().unwrap();
            let note = format!("the note {number}");
            let format = "%{http_code} %header{location}";
            let mut pin_up =
                curl(&[option, "--data", &note, "--write-out", format], "/notes").unwrap();
            assert_eq!(output(&mut pin_up), format!("201 {path}").as_bytes());
            let waited = waiting.wait_with_output().unwrap();
            assert!(waited.status.success());
            assert_eq!(waited.stdout, note.as_bytes());
        }
        if let Some(mut list) = curl(&[], "/notes") {
            assert_eq!(output(&mut list), b"the note 1\nthe note 2\n");
            let mut wrong = curl(
                &["--request", "DELETE", "--write-out", "%{http_code}"],
                "/notes",
            )
            .unwrap();
            assert_eq!(output(&mut wrong), b"405");
        }
        server.stop();
    });
}

#[test]
fn a_note_that_does_not_come_is_given_up_in_time() {
    for_each_backend(|backend| {
        let server = Server::start(NOTES, &["0.05"], backend);
        let mut stream = server.connect();
        let request = "GET /notes/7 HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
        assert!(answer.ends_with("It did not come in time.\n"), "{answer}");
        let (_, elapsed) = answer.split_once("x-elapsed-us: ").unwrap();
        let (elapsed, _) = elapsed.split_once('\r').unwrap();
        assert!(elapsed.parse::<u64>().unwrap() >= 50_000, "{elapsed}");
        server.stop();
    });
}
