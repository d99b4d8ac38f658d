//! `sharded_http`.

use std::io::{Read, Write};

use crate::support::{Server, for_each_backend, foreign, output};

const SERVER: &str = env!("CARGO_BIN_EXE_sharded_http");

/// The number of the shard that a new connection meets, and how many requests it has served.
fn ask(server: &Server) -> (usize, u64) {
    let mut stream = server.connect();
    let request = "GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    parse(body)
}

fn parse(body: &str) -> (usize, u64) {
    let (shard, served) = body
        .trim()
        .strip_prefix("shard ")
        .and_then(|rest| rest.split_once(" has served "))
        .unwrap();
    (shard.parse().unwrap(), served.parse().unwrap())
}

#[test]
fn each_shard_serves_its_own_connections() {
    for_each_backend(|backend| {
        let server = Server::start(SERVER, &["3"], backend);
        let mut served = [0; 3];
        for _ in 0..1000 {
            let (shard, count) = ask(&server);
            served[shard] += 1;
            // Nobody but this test asks, and no shard counts for another.
            assert_eq!(served[shard], count);
            if served.iter().all(|&count| count > 0) {
                break;
            }
        }
        assert!(served.iter().all(|&count| count > 0), "{served:?}");
        server.stop();
    });
}

#[test]
fn requests_of_one_connection_stay_where_it_came() {
    for_each_backend(|backend| {
        let server = Server::start(SERVER, &["3"], backend);
        if let Some(mut curl) = foreign("curl") {
            curl.args(["--silent", "--show-error", "--max-time", "60"]);
            curl.args(vec![server.url("/"); 10]);
            let answers = String::from_utf8(output(&mut curl)).unwrap();
            let answers: Vec<_> = answers.lines().map(parse).collect();
            let (shard, _) = answers[0];
            let expected: Vec<_> = (1..=10).map(|count| (shard, count)).collect();
            assert_eq!(answers, expected);
        }
        server.stop();
    });
}

#[test]
fn all_shards_stop_together_and_answer_what_is_under_way() {
    for_each_backend(|backend| {
        let server = Server::start(SERVER, &["3"], backend);
        server.answers_wrk();
        // Connections that are idle are closed, and not waited for.
        let mut idle: Vec<_> = (0..20).map(|_| server.connect()).collect();
        for stream in &mut idle {
            let request = "GET / HTTP/1.1\r\nhost: here\r\n\r\n";
            stream.write_all(request.as_bytes()).unwrap();
            stream.read_exact(&mut [0; 15]).unwrap();
        }
        server.terminate();
        for stream in &mut idle {
            let mut rest = String::new();
            stream.read_to_string(&mut rest).unwrap();
            assert!(rest.ends_with('\n'), "{rest}");
        }
        assert!(server.wait().success());
    });
}
