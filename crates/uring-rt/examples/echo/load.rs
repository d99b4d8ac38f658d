//! The clients: they send, and check that what comes back is what they sent.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use futures_util::{AsyncReadExt, AsyncWriteExt};
use uring_rt::net::TcpStream;
use uring_rt::runtime::{Backend, Builder};
use uring_rt::task::JoinSet;

use crate::latency::Latency;

#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) clients: usize,
    pub(crate) duration: Duration,
    /// Bytes of one message.
    pub(crate) size: usize,
}

#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) round_trips: u64,
    pub(crate) elapsed: Duration,
    pub(crate) latency: Latency,
}

/// Runs the clients on a thread and a runtime of their own.
pub(crate) async fn run_on_thread(
    server: SocketAddr,
    load: Load,
    backend: Backend,
) -> io::Result<Outcome> {
    let (send, receive) = oneshot::channel();
    let clients = thread::Builder::new()
        .name("clients".into())
        .spawn(move || {
            let outcome = Builder::new()
                .backend(backend)
                .build()
                .and_then(|runtime| runtime.block_on(run(server, &load)));
            // The receiver is gone only when the server has failed, which is reported instead.
            let _ = send.send(outcome);
        })?;
    let outcome = receive.await;
    match (outcome, clients.join()) {
        (Ok(outcome), Ok(())) => outcome,
        _ => Err(io::Error::other("the clients' thread has panicked")),
    }
}

async fn run(server: SocketAddr, load: &Load) -> io::Result<Outcome> {
    let mut streams = Vec::new();
    for _ in 0..load.clients {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let start = Instant::now();
    let end = start + load.duration;
    let mut clients = JoinSet::new();
    for (id, stream) in streams.into_iter().enumerate() {
        clients.spawn(client(id, stream, load.size, end));
    }
    let mut total = Outcome {
        round_trips: 0,
        elapsed: Duration::ZERO,
        latency: Latency::new(),
    };
    while let Some(ended) = clients.join_next().await {
        let (round_trips, latency) = ended??;
        total.round_trips += round_trips;
        total.latency.add(&latency);
    }
    total.elapsed = start.elapsed();
    Ok(total)
}

async fn client(
    id: usize,
    mut stream: TcpStream,
    size: usize,
    end: Instant,
) -> io::Result<(u64, Latency)> {
    let mut latency = Latency::new();
    let mut message = vec![0; size];
    // One byte more than is expected: the read that ends a round trip is then short, which says that nothing
    // is left, and a byte too many would show.
    let mut answer = vec![0; size + 1];
    let mut round_trips = 0;
    loop {
        stamp(&mut message, id, round_trips);
        let sent_at = Instant::now();
        let received = exchange(&mut stream, &message, &mut answer).await?;
        if answer[..received] != message[..] {
            return Err(mismatch(id, round_trips, &message, &answer[..received]));
        }
        let received_at = Instant::now();
        latency.record(received_at - sent_at);
        round_trips += 1;
        if received_at >= end {
            return Ok((round_trips, latency));
        }
    }
}

/// Reads while it writes: a message that fills the buffers on the way would otherwise never get through.
async fn exchange(stream: &mut TcpStream, message: &[u8], answer: &mut [u8]) -> io::Result<usize> {
    let (mut reader, mut writer) = (&*stream, &*stream);
    let read = async {
        let mut received = 0;
        while received < message.len() {
            match reader.read(&mut answer[received..]).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => received += count,
            }
        }
        Ok(received)
    };
    if message.len() <= ALWAYS_FITS {
        writer.write_all(message).await?;
        return read.await;
    }
    let ((), received) = futures_util::future::try_join(writer.write_all(message), read).await?;
    Ok(received)
}

/// What a socket's buffers take without anybody reading.
const ALWAYS_FITS: usize = 4096;

/// Makes each message of each client another one.
fn stamp(message: &mut [u8], id: usize, round: u64) {
    let mut state =
        (id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ round.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    for chunk in message.chunks_mut(8) {
        state = state
            .wrapping_mul(0x2545_f491_4f6c_dd1d)
            .wrapping_add(0x1234_5678_9abc_def1);
        chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
    }
}

fn mismatch(id: usize, round: u64, sent: &[u8], received: &[u8]) -> io::Error {
    let at = sent
        .iter()
        .zip(received)
        .position(|(s, r)| s != r)
        .unwrap_or(sent.len().min(received.len()));
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "client {id}, round {round}: {} bytes sent, {} received, different from byte {at} on",
            sent.len(),
            received.len()
        ),
    )
}
