//! The other end of a server, in a process and on a core of its own.

mod clients;
mod hog;
mod server;

pub(crate) use clients::Clients;
pub(crate) use hog::Hog;
pub(crate) use server::{Server, ourselves};

use std::io::{self, Write};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Writes all of it, also where the socket takes less at once. As few messages are on their way at a time, that is rare
/// enough for a `poll` in between.
pub(crate) fn write_fully<S>(stream: &mut S, mut bytes: &[u8]) -> io::Result<()>
where
    S: Write + AsFd + ?Sized,
{
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let mut fds = [PollFd::new(stream.as_fd(), PollFlags::POLLOUT)];
                poll(&mut fds, PollTimeout::NONE)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
