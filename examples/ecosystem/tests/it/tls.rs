//! `tls_echo_futures` and `tls_echo_tokio`.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::thread;

use ecosystem_examples::tls::{Identity, client_config, roots};
use futures_rustls::pki_types::ServerName;
use futures_rustls::rustls::CertificateError::BadSignature;
use futures_rustls::rustls::Error::InvalidCertificate;
use futures_util::join;
use uring_rt::net::TcpStream;
use uring_rt::runtime::{Backend, Builder};

use crate::support::{Server, for_each_backend, foreign, pattern};

const FUTURES: &str = env!("CARGO_BIN_EXE_tls_echo_futures");
const TOKIO: &str = env!("CARGO_BIN_EXE_tls_echo_tokio");

/// Runs `test` with each server on each backend, and with the certificate that the server has written.
fn for_each_server(test: impl Fn(&Server, &Path)) {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("certificate.pem");
    for_each_backend(|backend| {
        for program in [FUTURES, TOKIO] {
            let server = Server::start(program, &[certificate.to_str().unwrap()], backend);
            test(&server, &certificate);
            server.stop();
        }
    });
}

#[test]
fn openssl_gets_back_what_it_has_sent() {
    let sent = pattern(1_000_000);
    for_each_server(|server, certificate| {
        for version in ["-tls1_2", "-tls1_3"] {
            let Some(mut openssl) = foreign("openssl") else {
                continue;
            };
            let address = server.address.to_string();
            openssl.args(["s_client", "-connect", &address, version, "-quiet"]);
            openssl.args([
                "-verify_return_error",
                "-verify_hostname",
                "localhost",
                "-CAfile",
            ]);
            openssl.arg(certificate);
            openssl.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = openssl.stderr(Stdio::null()).spawn().unwrap();
            let (mut stdin, mut stdout) =
                (child.stdin.take().unwrap(), child.stdout.take().unwrap());
            let mut received = vec![0; sent.len()];
            thread::scope(|scope| {
                scope.spawn(|| stdin.write_all(&sent).unwrap());
                stdout.read_exact(&mut received).unwrap();
            });
            assert!(received == sent, "{version}");
            // It would stay for as long as the server does.
            child.kill().unwrap();
            child.wait().unwrap();
        }
    });
}

#[test]
fn openssl_is_told_that_the_server_stops() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("certificate.pem");
    for_each_backend(|backend| {
        for program in [FUTURES, TOKIO] {
            let Some(mut openssl) = foreign("openssl") else {
                continue;
            };
            let server = Server::start(program, &[certificate.to_str().unwrap()], backend);
            let address = server.address.to_string();
            openssl.args(["s_client", "-connect", &address, "-quiet", "-CAfile"]);
            openssl.arg(&certificate);
            openssl.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = openssl.stderr(Stdio::null()).spawn().unwrap();
            let mut stdout = child.stdout.take().unwrap();
            child.stdin.as_mut().unwrap().write_all(b"here\n").unwrap();
            let mut answer = [0; 5];
            stdout.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"here\n");

            server.stop();
            // By an alert, and not by an end that might be an attacker's: that would be an error here.
            assert_eq!(stdout.read_to_end(&mut Vec::new()).unwrap(), 0);
            assert!(child.wait().unwrap().success());
        }
    });
}

#[test]
fn clients_of_both_crates_get_back_what_they_have_sent() {
    let sent = pattern(2_000_000);
    let name = ServerName::try_from("localhost").unwrap();
    for_each_server(|server, certificate| {
        let pem = fs::read_to_string(certificate).unwrap();
        let config = Arc::new(client_config(roots(&pem).unwrap()).unwrap());
        let runtime = Builder::new().backend(Backend::Auto).build().unwrap();
        runtime.block_on(async {
            let stream = TcpStream::connect(server.address).await.unwrap();
            let connector = futures_rustls::TlsConnector::from(Arc::clone(&config));
            let stream = connector.connect(name.clone(), stream).await.unwrap();
            let mut received = vec![0; sent.len()];
            {
                use futures_util::{AsyncReadExt, AsyncWriteExt};
                let (mut read, mut write) = stream.split();
                let write = async {
                    write.write_all(&sent).await?;
                    write.flush().await
                };
                let (written, read) = join!(write, read.read_exact(&mut received));
                written.unwrap();
                read.unwrap();
            }
            assert!(received == sent);
        });
        runtime.block_on(async {
            let stream = TcpStream::connect(server.address).await.unwrap();
            let connector = tokio_rustls::TlsConnector::from(Arc::clone(&config));
            let mut stream = connector.connect(name.clone(), stream).await.unwrap();
            use uring_rt::io::{AsyncReadExt, AsyncWriteExt};
            for piece in sent.chunks(100_000) {
                let mut received = vec![0; piece.len()];
                stream.write_all(piece).await.unwrap();
                stream.flush().await.unwrap();
                stream.read_exact(&mut received).await.unwrap();
                assert!(received == piece);
            }
            stream.shutdown().await.unwrap();
            // The server says goodbye as well, or this would be an error.
            assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        });
    });
}

#[test]
fn a_certificate_that_is_not_trusted_is_refused() {
    for_each_server(|server, _| {
        let other = Identity::generate().unwrap();
        let config = client_config(roots(&other.pem).unwrap()).unwrap();
        let runtime = Builder::new().build().unwrap();
        let error = runtime.block_on(async {
            let stream = TcpStream::connect(server.address).await.unwrap();
            let connector = futures_rustls::TlsConnector::from(Arc::new(config));
            let name = ServerName::try_from("localhost").unwrap();
            connector.connect(name, stream).await.unwrap_err()
        });
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        let cause = error.get_ref().unwrap().downcast_ref();
        // The name is the one that is trusted, the key is not.
        let is_forged = matches!(cause, Some(InvalidCertificate(BadSignature)));
        assert!(is_forged, "{error}");
    });
}
