//! `http_hello` and `http_client`.

use std::io::{Read, Write};
use std::process::Command;

use crate::support::{Server, for_each_backend, foreign, output, output_for, pattern};

const HELLO: &str = env!("CARGO_BIN_EXE_http_hello");
const CLIENT: &str = env!("CARGO_BIN_EXE_http_client");

#[test]
fn curl_speaks_both_versions() {
    for_each_backend(|backend| {
        let server = Server::start(HELLO, &[], backend);
        // curl before 8.0 cannot use a connection of HTTP/2 without TLS twice (curl/curl#10634), and Debian 12 has 7.88.
        for (option, version, requests) in
            [("--http1.1", "1.1", 3), ("--http2-prior-knowledge", "2", 1)]
        {
            let Some(mut curl) = foreign("curl") else {
                continue;
            };
            curl.args(["--silent", "--show-error", "--max-time", "60", option]);
            curl.args([
                "--write-out",
                "%{http_version} %{http_code} %{num_connects}\n",
            ]);
            curl.args(vec![server.url("/"); requests]);
            // One connection for all.
            let expected: String = (0..requests)
                .map(|at| format!("Hello, world!\n{version} 200 {}\n", u8::from(at == 0)))
                .collect();
            assert_eq!(String::from_utf8(output(&mut curl)).unwrap(), expected);
        }
        server.stop();
    });
}

#[test]
fn curl_gets_back_what_it_has_sent() {
    for_each_backend(|backend| {
        let server = Server::start(HELLO, &[], backend);
        let sent = pattern(3_000_000);
        for option in ["--http1.1", "--http2-prior-knowledge"] {
            let Some(mut curl) = foreign("curl") else {
                continue;
            };
            curl.args(["--silent", "--show-error", "--max-time", "60", option]);
            curl.args(["--data-binary", "@-", &server.url("/echo")]);
            assert!(output_for(&mut curl, &sent) == sent, "{option}");
        }
        server.stop();
    });
}

#[test]
fn wrk_finds_no_error_under_load() {
    for_each_backend(|backend| {
        let server = Server::start(HELLO, &[], backend);
        server.answers_wrk();
        server.stop();
    });
}

#[test]
fn h2load_finds_every_stream_answered() {
    for_each_backend(|backend| {
        let server = Server::start(HELLO, &[], backend);
        if let Some(mut h2load) = foreign("h2load") {
            // Many connections, each with many streams at once.
            h2load.args(["-n", "4000", "-c", "20", "-m", "10", &server.url("/")]);
            let report = String::from_utf8(output(&mut h2load)).unwrap();
            let all = "4000 total, 4000 started, 4000 done, 4000 succeeded, 0 failed";
            assert!(report.contains(all), "{report}");
            assert!(report.contains("status codes: 4000 2xx"), "{report}");
        }
        server.stop();
    });
}

#[test]
fn the_client_prints_what_the_server_says() {
    for_each_backend(|backend| {
        let server = Server::start(HELLO, &[], backend);
        for options in [&[][..], &["--http2"]] {
            let mut client = Command::new(CLIENT);
            client.args(options).arg(server.url("/"));
            client.env("URING_RT_BACKEND", backend);
            assert_eq!(output(&mut client), b"Hello, world!\n");

            let mut client = Command::new(CLIENT);
            client.args(options).arg(server.url("/nowhere"));
            let refused = client.output().unwrap();
            assert_eq!(refused.status.code(), Some(1));
            assert_eq!(refused.stdout, b"There is nothing here.\n");
            let error = String::from_utf8(refused.stderr).unwrap();
            assert!(error.contains("the server says 404 Not Found"), "{error}");
        }
        server.stop();
    });
}

#[test]
fn a_server_that_is_told_to_stop_answers_the_request_under_way() {
    for_each_backend(|backend| {
        let server = Server::start(HELLO, &[], backend);
        let mut stream = server.connect();
        let request = "POST /echo HTTP/1.1\r\nhost: here\r\ncontent-length: 8\r\n\r\nthe";
        stream.write_all(request.as_bytes()).unwrap();
        // The answer has begun, and its end is that of the request.
        let mut begin = [0; 17];
        stream.read_exact(&mut begin).unwrap();
        assert_eq!(&begin, b"HTTP/1.1 200 OK\r\n");

        server.terminate();
        server.await_refusal();
        stream.write_all(b" last").unwrap();
        let mut answer = String::new();
        // To the end: the server closes, and does not wait for another request.
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("\r\n\r\nthe last"), "{answer}");
        assert!(server.wait().success());
    });
}
