//! What every task waits for, told by the runtime.

use std::future::pending;
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use rustix::process::{Signal, getpid, kill_process};
use uring_rt::io::Interest;
use uring_rt::net::UnixStream;
use uring_rt::runtime::{
    Builder, Handle, Runtime, TaskDump, TaskReport, TaskState, Wait, is_rt_shutdown_err,
};
use uring_rt::task::{self, JoinHandle, yield_now};
use uring_rt::time::{Duration, sleep};

use crate::support::{for_each_backend, paused_runtime};

/// Set in a child process that runs one test of this file again.
const CHILD: &str = "URING_RT_DUMP_CHILD";

fn report<'a, T>(dump: &'a TaskDump, task: &JoinHandle<T>) -> &'a TaskReport {
    let mut reports = dump.tasks.iter();
    let report = reports.find(|report| report.task.id == Some(task.id()));
    report.unwrap_or_else(|| panic!("not in the list: {dump}"))
}

/// The list, when all tasks have run as far as they get.
async fn settled_dump() -> TaskDump {
    for _ in 0..10 {
        yield_now().await;
    }
    Handle::current().dump_tasks().await.unwrap()
}

#[test]
fn a_task_that_reads_or_writes_is_listed_with_the_fd_and_the_direction() {
    for_each_backend(async || {
        let (mut reader, mut writer) = UnixStream::pair().unwrap();
        let reads = reader.as_raw_fd();
        let (mut full, _never_read) = UnixStream::pair().unwrap();
        let fills = full.as_raw_fd();
        let read = task::spawn(async move { reader.read(&mut [0]).await.unwrap() });
        let write = task::spawn(async move { full.write_all(&vec![0; 16 << 20]).await });
        let dump = settled_dump().await;
        let wait = |fd, interest| [Wait::Fd { fd, interest }];
        assert_eq!(
            report(&dump, &read).waits_for,
            wait(reads, Interest::READABLE)
        );
        assert_eq!(
            report(&dump, &write).waits_for,
            wait(fills, Interest::WRITABLE)
        );
        let text = report(&dump, &read).to_string();
        let expected = format!("waiting for fd {reads} to be READABLE; polled 1 time, last 0.");
        assert!(text.contains(&expected), "{text}");
        write.cancel().await.unwrap_err();
        writer.write_all(&[1]).await.unwrap();
        assert_eq!(read.await.unwrap(), 1);
    });
}

#[test]
fn a_task_that_sleeps_is_listed_with_how_far_off_its_deadline_is() {
    paused_runtime().block_on(async {
        let sleeper = task::spawn(sleep(Duration::from_secs(60)));
        yield_now().await;
        uring_rt::time::advance(Duration::from_secs(20)).await;
        let dump = Handle::current().dump_tasks().await.unwrap();
        let report = report(&dump, &sleeper);
        let due_in = Duration::from_secs(40);
        assert_eq!(report.waits_for, [Wait::Timer { due_in }]);
        assert!(
            report.to_string().contains("a timer due in 40.0s"),
            "{report}"
        );
    });
}

#[test]
fn a_task_with_a_name_that_waits_for_another_is_listed_with_both() {
    for_each_backend(async || {
        let never = task::spawn(pending::<()>());
        let never_id = never.id();
        let builder = task::Builder::new().name("waits in vain");
        let first_line = line!();
        let joiner = builder.spawn(async move { never.await.is_ok() }).unwrap();
        let dump = settled_dump().await;
        let report = report(&dump, &joiner);
        let (id, spawned_at) = (joiner.id(), report.task.spawned_at);
        assert_eq!(
            (spawned_at.file(), spawned_at.line()),
            (file!(), first_line + 1)
        );
        assert_eq!(report.task.joins, [never_id]);
        let expected = format!(
            "task {id}, \"waits in vain\", spawned at {spawned_at}: waiting for task {never_id}; polled 1 time"
        );
        assert!(report.to_string().starts_with(&expected), "{report}");
        joiner.cancel().await.unwrap_err();
    });
}

#[test]
fn what_nobody_knows_of_is_called_something_else() {
    for_each_backend(async || {
        let never = task::spawn(pending::<()>());
        let dump = settled_dump().await;
        let report = report(&dump, &never);
        assert_eq!(report.task.state, TaskState::Waiting);
        assert!(
            report.to_string().contains("waiting for something else"),
            "{report}"
        );
        never.abort();
    });
}

#[test]
fn the_future_of_block_on_is_listed_first_with_the_line_of_the_call() {
    let runtime = Builder::new().name("main").build().unwrap();
    let line = line!() + 1;
    let dump = runtime.block_on(async { Handle::current().dump_tasks().await.unwrap() });
    assert_eq!(dump.tasks.len(), 1);
    let root = &dump.tasks[0].task;
    assert_eq!((root.id, root.state), (None, TaskState::Running));
    assert_eq!(
        (root.spawned_at.file(), root.spawned_at.line()),
        (file!(), line)
    );
    let text = dump.to_string();
    let id = runtime.handle().id();
    assert!(
        text.starts_with(&format!("runtime {id}, \"main\": 0 tasks\n")),
        "{text}"
    );
    assert!(text.contains("the future of `block_on` at"), "{text}");
}

#[test]
fn another_thread_is_told_the_same_without_what_was_spawned_for_it() {
    for_each_backend(async || {
        let (mut reader, mut writer) = UnixStream::pair().unwrap();
        let fd = reader.as_raw_fd();
        let read = task::spawn(async move { reader.read(&mut [0]).await.unwrap() });
        yield_now().await;
        let handle = Handle::current();
        let (tell, told) = mpsc::channel();
        let asker = thread::spawn(move || {
            let own = Runtime::new().unwrap();
            tell.send(own.block_on(is_send(handle.dump_tasks())))
                .unwrap();
        });
        let dump = loop {
            match told.try_recv() {
                Ok(dump) => break dump.unwrap(),
                Err(_) => yield_now().await,
            }
        };
        asker.join().unwrap();
        let ids: Vec<_> = dump.tasks.iter().map(|report| report.task.id).collect();
        assert_eq!(ids, [None, Some(read.id())]);
        let interest = Interest::READABLE;
        assert_eq!(report(&dump, &read).waits_for, [Wait::Fd { fd, interest }]);
        writer.write_all(&[1]).await.unwrap();
        read.await.unwrap();
    });
}

fn is_send<F: Future + Send>(future: F) -> F {
    future
}

#[test]
fn a_runtime_that_is_gone_is_an_error_here_and_elsewhere() {
    let runtime = Runtime::new().unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    let other = Runtime::new().unwrap();
    let here = other.block_on(handle.dump_tasks()).unwrap_err();
    assert!(is_rt_shutdown_err(&here), "{here}");
    let ask = move || Runtime::new().unwrap().block_on(handle.dump_tasks());
    let elsewhere = thread::spawn(ask).join().unwrap().unwrap_err();
    assert!(is_rt_shutdown_err(&elsewhere), "{elsewhere}");
}

/// In the child: sends itself a SIGQUIT, and goes on until it is killed, or is too late.
fn quit_and_wait() {
    let runtime = Builder::new()
        .name("quit")
        .dump_on_sigquit(true)
        .build()
        .unwrap();
    let metrics = runtime.metrics();
    assert_eq!(metrics.num_alive_tasks(), 1, "the one that listens");
    runtime.block_on(async {
        let sleeper = task::Builder::new().name("sleeper");
        let sleeper = sleeper.spawn(sleep(Duration::from_secs(20))).unwrap();
        yield_now().await;
        for _ in 0..2 {
            kill_process(getpid(), Signal::QUIT).unwrap();
            sleep(Duration::from_millis(50)).await;
        }
        sleeper.await.unwrap();
    });
}

#[test]
fn a_sigquit_has_the_list_written_when_the_builder_was_asked_and_the_process_goes_on() {
    if std::env::var_os(CHILD).is_some() {
        return quit_and_wait();
    }
    let name =
        "dump::a_sigquit_has_the_list_written_when_the_builder_was_asked_and_the_process_goes_on";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut lines = lines.map(|line| line.unwrap());
    for _ in 0..2 {
        let heading = lines
            .by_ref()
            .find(|line| line.starts_with("uring-rt: runtime"));
        let heading = heading.expect("a list, and not the end of the process");
        assert!(heading.ends_with(", \"quit\": 1 task"), "{heading}");
        let root = lines.next().unwrap();
        assert!(root.starts_with("the future of `block_on` at "), "{root}");
        let sleeper = lines.next().unwrap();
        assert!(sleeper.contains("\"sleeper\", spawned at "), "{sleeper}");
        assert!(
            sleeper.contains(": waiting for a timer due in "),
            "{sleeper}"
        );
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
