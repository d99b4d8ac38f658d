use crate::echo::{echo, ping};
use crate::measure::Stopwatch;
use crate::runtime::{Runtime, run};
use crate::runtimes;
use crate::workload::{MICROSECONDS, Program, Round, Sample, Workload, at_most, ours_at_most};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "unix-ping-pong",
    group: "streams",
    title: "two tasks exchange 64 B over a Unix stream, for each round trip",
    metrics: MICROSECONDS,
    targets: &[ours_at_most(6.0), at_most("uring-rt", 0.95, "tokio")],
    runtimes: &runtimes::NAMES,
    without: |_| None,
    run: |round| runtimes::run(round, &UnixPingPong),
};

const SIZE: usize = 64;

struct UnixPingPong;

impl Program for UnixPingPong {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String> {
        let round_trips = round.times(50_000);
        run::<R, _>(async move {
            let (mut here, there) = R::unix_pair().map_err(|error| error.to_string())?;
            let echo = R::spawn(async move { echo(there, SIZE).await });
            ping(&mut here, SIZE, round_trips / 10).await?;
            let watch = Stopwatch::start();
            ping(&mut here, SIZE, round_trips).await?;
            let sample = watch.microseconds_per(round_trips);
            drop(here);
            echo.await.map_err(|error| error.to_string())?;
            Ok(sample)
        })
    }
}
