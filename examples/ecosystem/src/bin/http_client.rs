//! An HTTP client with a time limit, by hyper: prints what the server answers.
//!
//! ```text
//! http_client [--http2] URL
//! ```

use std::io::{self, Write};
use std::process::ExitCode;

use ecosystem_examples::server::Failure;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::HOST;
use hyper::{Request, Response, Uri};
use uring_rt::hyper::{Executor, Timer};
use uring_rt::net::TcpStream;
use uring_rt::time::{Duration, timeout};

const USAGE: &str = "usage: http_client [--http2] URL";
/// From the look-up of the name to the last byte.
const LIMIT: Duration = Duration::from_secs(30);

#[uring_rt::main]
#[expect(clippy::print_stderr, reason = "a program reports its errors")]
async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (is_http2, url) = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [url] if !url.starts_with('-') => (false, url),
        ["--http2", url] => (true, url),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    let outcome = match timeout(LIMIT, fetch(url, is_http2)).await {
        Ok(outcome) => outcome,
        Err(elapsed) => Err(elapsed.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("http_client: {url}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn fetch(url: &str, is_http2: bool) -> Result<(), Failure> {
    let url: Uri = url.parse()?;
    if url.scheme_str() != Some("http") {
        return Err("only http:// is spoken here".into());
    }
    let host = url.host().ok_or("there is no host in it")?;
    // An IPv6 address stands in brackets in a URL, and without them in an address.
    let name = host.trim_matches(['[', ']']);
    let stream = TcpStream::connect((name, url.port_u16().unwrap_or(80))).await?;
    let response = if is_http2 {
        send_http2(stream, &url).await?
    } else {
        send_http1(stream, &url).await?
    };
    writeln!(
        io::stderr(),
        "{:?} {}",
        response.version(),
        response.status()
    )?;
    print(response).await
}

async fn send_http1(stream: TcpStream, url: &Uri) -> Result<Response<Incoming>, Failure> {
    let (mut sender, connection) = http1::handshake(stream).await?;
    // The connection is a task of its own, and ends with its last request.
    uring_rt::spawn(connection);
    let authority = url.authority().map_or("", |authority| authority.as_str());
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(HOST, authority)
        .body(Empty::<Bytes>::new())?;
    Ok(sender.send_request(request).await?)
}

async fn send_http2(stream: TcpStream, url: &Uri) -> Result<Response<Incoming>, Failure> {
    let mut builder = http2::Builder::new(Executor::new());
    let (mut sender, connection) = builder.timer(Timer::new()).handshake(stream).await?;
    uring_rt::spawn(connection);
    // Scheme and host are part of the request here.
    let request = Request::get(url).body(Empty::<Bytes>::new())?;
    Ok(sender.send_request(request).await?)
}

/// Writes the body as it comes.
async fn print(response: Response<Incoming>) -> Result<(), Failure> {
    let status = response.status();
    let mut body = response.into_body();
    let mut out = io::stdout();
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref() {
            out.write_all(data)?;
        }
    }
    out.flush()?;
    if status.is_success() {
        Ok(())
    } else {
        Err(format!("the server says {status}").into())
    }
}
