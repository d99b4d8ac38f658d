//! `key_value`.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

use crate::support::{Server, for_each_backend, foreign, output, output_for};

const SERVER: &str = env!("CARGO_BIN_EXE_key_value");

/// A client's arguments for the server's address.
fn port(server: &Server) -> [String; 4] {
    let address = server.address;
    [
        "-h".into(),
        address.ip().to_string(),
        "-p".into(),
        address.port().to_string(),
    ]
}

/// All that is answered to `sent`, until the server closes or has answered everything.
fn answers(server: &Server, sent: &[u8]) -> String {
    let mut stream = server.connect();
    stream.write_all(sent).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    answers
}

#[test]
fn redis_cli_sets_gets_counts_and_deletes() {
    for_each_backend(|backend| {
        let server = Server::start(SERVER, &[], backend);
        let dialogue = [
            (&["PING"][..], "PONG\n"),
            (&["SET", "greeting", "hello there"], "OK\n"),
            (&["GET", "greeting"], "hello there\n"),
            (&["INCR", "count"], "1\n"),
            (&["INCR", "count"], "2\n"),
            (&["DEL", "greeting", "count", "nothing"], "2\n"),
            (&["GET", "greeting"], "\n"),
            (&["FLY"], "ERR unknown command 'FLY'\n\n"),
        ];
        for (words, said) in dialogue {
            if let Some(mut client) = foreign("redis-cli") {
                client.args(port(&server)).args(words);
                assert_eq!(String::from_utf8(output(&mut client)).unwrap(), said);
            }
        }
        server.stop();
    });
}

#[test]
fn redis_cli_loads_commands_in_bulk() {
    const COUNT: usize = 20_000;
    for_each_backend(|backend| {
        let server = Server::start(SERVER, &[], backend);
        if let Some(mut client) = foreign("redis-cli") {
            client.args(port(&server)).arg("--pipe");
            let commands: String = (0..COUNT)
                .map(|n| format!("SET key{n} value{n}\r\n"))
                .collect();
            let report = String::from_utf8(output_for(&mut client, commands.as_bytes())).unwrap();
            assert!(
                report.contains(&format!("errors: 0, replies: {COUNT}")),
                "{report}"
            );
            assert_eq!(answers(&server, b"DBSIZE\r\n"), format!(":{COUNT}\r\n"));
        }
        server.stop();
    });
}

#[test]
fn redis_benchmark_is_answered() {
    for_each_backend(|backend| {
        let server = Server::start(SERVER, &[], backend);
        for pipelined in ["1", "16"] {
            if let Some(mut benchmark) = foreign("redis-benchmark") {
                benchmark.args(port(&server));
                benchmark.args(["-t", "ping,set,get,incr", "-c", "20", "-n", "5000"]);
                benchmark.args(["-r", "1000", "-P", pipelined, "--csv"]);
                // A line for each test; it stops at an error.
                let report = String::from_utf8(output(&mut benchmark)).unwrap();
                for test in ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR"] {
                    assert!(report.contains(&format!("\"{test}\"")), "{report}");
                }
            }
        }
        server.stop();
    });
}

#[test]
fn commands_are_the_same_however_they_are_cut() {
    const COUNT: usize = 400;
    let commands = b"*2\r\n$4\r\nINCR\r\n$1\r\nn\r\nPING\r\n".repeat(COUNT);
    let expected = |first: usize| -> String {
        (first..first + COUNT)
            .map(|n| format!(":{n}\r\n+PONG\r\n"))
            .collect()
    };
    for_each_backend(|backend| {
        let server = Server::start(SERVER, &[], backend);
        for (at, piece) in [1, 7, 1000, commands.len()].into_iter().enumerate() {
            let mut stream = server.connect();
            stream.set_nodelay(true).unwrap();
            let mut received = vec![0; expected(1 + at * COUNT).len()];
            let mut reader = stream.try_clone().unwrap();
            thread::scope(|scope| {
                scope.spawn(|| {
                    for piece in commands.chunks(piece) {
                        stream.write_all(piece).unwrap();
                    }
                });
                reader.read_exact(&mut received).unwrap();
            });
            assert_eq!(
                String::from_utf8(received).unwrap(),
                expected(1 + at * COUNT)
            );
        }
        server.stop();
    });
}

#[test]
fn a_client_that_breaks_the_protocol_is_told_and_left() {
    for_each_backend(|backend| {
        let server = Server::start(SERVER, &[], backend);
        assert_eq!(
            answers(&server, b"PING\r\n*1\r\n+PING\r\nPING\r\n"),
            "+PONG\r\n-ERR Protocol error: expected '$'\r\n"
        );
        assert_eq!(answers(&server, b"QUIT\r\nPING\r\n"), "+OK\r\n");
        assert_eq!(answers(&server, b"PI"), "");
        server.stop();
    });
}

#[test]
fn a_client_that_does_not_read_keeps_nobody_waiting() {
    for_each_backend(|backend| {
        let server = Server::start(SERVER, &[], backend);
        let value = "v".repeat(1 << 20);
        let setting = format!(
            "*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n${}\r\n{value}\r\n",
            value.len()
        );
        assert_eq!(answers(&server, setting.as_bytes()), "+OK\r\n");
        let mut greedy: TcpStream = server.connect();
        greedy.write_all(&b"GET large\r\n".repeat(200)).unwrap();
        for _ in 0..20 {
            assert_eq!(answers(&server, b"PING\r\n"), "+PONG\r\n");
        }
        drop(greedy);
        server.stop();
    });
}
