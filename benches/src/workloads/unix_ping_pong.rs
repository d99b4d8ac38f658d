use crate::measure::Stopwatch;
use crate::runtime::{Runtime, Stream, run};
use crate::runtimes;
use crate::workload::{MICROSECONDS, Program, Round, Sample, Workload, ours_at_most};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "unix-ping-pong",
    group: "streams",
    title: "two tasks exchange 64 B over a Unix stream, for each round trip",
    metrics: MICROSECONDS,
    targets: &[ours_at_most(6.0)],
    runtimes: &runtimes::NAMES,
    without: &[],
    run: |round| runtimes::run(round, &UnixPingPong),
};

const SIZE: usize = 64;

struct UnixPingPong;

impl Program for UnixPingPong {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String> {
        let round_trips = round.times(50_000);
        run::<R, _>(async move {
            let (mut here, mut there) = R::unix_pair().map_err(|error| error.to_string())?;
            let echo = R::spawn(async move { echo(&mut there).await });
            ping(&mut here, round_trips / 10).await?;
            let watch = Stopwatch::start();
            ping(&mut here, round_trips).await?;
            let sample = watch.microseconds_per(round_trips);
            drop(here);
            echo.await?;
            Ok(sample)
        })
    }
}

/// Sends a message and receives it, so many times.
async fn ping<S: Stream>(stream: &mut S, round_trips: usize) -> Result<(), String> {
    let mut buffer = vec![b'x'; SIZE];
    for _ in 0..round_trips {
        let (sent, back) = stream.write_all(buffer, SIZE).await;
        sent.map_err(|error| error.to_string())?;
        let (received, back) = receive(stream, back).await?;
        if received == 0 || back[..SIZE] != [b'x'; SIZE] {
            return Err("the message did not come back".to_owned());
        }
        buffer = back;
    }
    Ok(())
}

/// Sends everything back until the other end closes.
async fn echo<S: Stream>(stream: &mut S) -> Result<(), String> {
    let mut buffer = vec![0; SIZE];
    loop {
        let (received, back) = receive(stream, buffer).await?;
        if received == 0 {
            return Ok(());
        }
        let (sent, back) = stream.write_all(back, received).await;
        sent.map_err(|error| error.to_string())?;
        buffer = back;
    }
}

/// One whole message, or nothing at the end.
async fn receive<S: Stream>(stream: &mut S, buffer: Vec<u8>) -> Result<(usize, Vec<u8>), String> {
    // A Unix stream of one writer does not tear a message of this size.
    let (received, buffer) = stream.read(buffer).await;
    match received {
        Ok(count) if count == 0 || count == SIZE => Ok((count, buffer)),
        Ok(count) => Err(format!("{count} bytes of {SIZE}")),
        Err(error) => Err(error.to_string()),
    }
}
