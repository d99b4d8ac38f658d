//! Descriptors that travel with bytes: `SCM_RIGHTS` of unix(7).

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use uring_reactor::Interest;

use crate::net::UnixStream;
use crate::net::datagram::DatagramSocket;
use crate::net::kind::PacketSocket;
use crate::net::unix::SocketAddr;

/// The kernel's limit for one message, `SCM_MAX_FD`.
const MAX_FDS: usize = 253;

/// Bytes and descriptors that were received together.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let (ours, theirs) = uring_rt::net::UnixDatagram::pair()?;
/// theirs.send_fds(b"two", &[std::io::stdin(), std::io::stdin()]).await?;
/// let received = ours.recv_fds(&mut [0; 8], 1).await?; // room for one only
/// assert!(received.fds.len() == 1 && received.is_truncated);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Received {
    /// How many bytes of the buffer are filled.
    pub count: usize,
    /// The descriptors, closed on exec.
    pub fds: Vec<OwnedFd>,
    /// Whether there were more descriptors than were asked for, or than this process may open. The kernel has closed
    /// those.
    pub is_truncated: bool,
}

impl UnixStream {
    /// Sends bytes, and descriptors with the first of them: `SCM_RIGHTS` of unix(7). The receiver gets duplicates; at most
    /// 253 go with one call. Cancel safe: all of the descriptors were sent, with at least one byte, or nothing was.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for descriptors without any byte, which a stream cannot carry, and those of sendmsg(2):
    /// `InvalidInput` for too many descriptors, `ETOOMANYREFS` when too many are under way.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use std::io::{Read, Write};
    /// let (ours, theirs) = uring_rt::net::UnixStream::pair()?;
    /// let (mut reader, writer) = std::io::pipe()?;
    /// theirs.send_fds(b"a pipe", &[writer]).await?;
    /// let mut received = ours.recv_fds(&mut [0; 8], 1).await?;
    /// let mut writer = std::fs::File::from(received.fds.remove(0));
    /// writer.write_all(b"through it")?;
    /// drop(writer);
    /// let mut text = String::new();
    /// reader.read_to_string(&mut text)?;
    /// assert_eq!(text, "through it");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send_fds(&self, bytes: &[u8], fds: &[impl AsFd]) -> io::Result<usize> {
        if bytes.is_empty() && !fds.is_empty() {
            let text = "a stream carries descriptors with at least one byte only";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let fds: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
        self.fd()
            .async_io(Interest::WRITABLE, |socket| send(socket, bytes, &fds))
            .await
    }

    /// Receives bytes, and up to `max_fds` descriptors that came with them. A receive ends where descriptors were sent
    /// along, so those of two sends do not mix. An ordinary read closes them unseen. Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of recvmsg(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixStream::pair()?;
    /// theirs.send_fds(b"mine", &[std::io::stdin()]).await?;
    /// let received = ours.recv_fds(&mut [0; 8], 4).await?;
    /// assert_eq!((received.count, received.fds.len()), (4, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn recv_fds(&self, buffer: &mut [u8], max_fds: usize) -> io::Result<Received> {
        self.fd()
            .async_io(Interest::READABLE, |socket| recv(socket, buffer, max_fds))
            .await
    }
}

impl<S: PacketSocket<Address = SocketAddr>> DatagramSocket<S> {
    /// Sends a message to the connected end, with descriptors: `SCM_RIGHTS` of unix(7). Of Unix sockets only. The receiver
    /// gets duplicates; at most 253 go with one message. Cancel safe: it was sent or not.
    ///
    /// # Errors
    ///
    /// Those of sendmsg(2): `InvalidInput` for too many descriptors, `ETOOMANYREFS` when too many are under way.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// theirs.send_fds(b"", &[std::io::stdin()]).await?;
    /// assert_eq!(ours.recv_fds(&mut [], 1).await?.fds.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send_fds(&self, packet: &[u8], fds: &[impl AsFd]) -> io::Result<usize> {
        let fds: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
        self.fd()
            .async_io(Interest::WRITABLE, |socket| send(socket, packet, &fds))
            .await
    }

    /// Receives a message, and up to `max_fds` descriptors that came with it. Of Unix sockets only. An ordinary receive
    /// closes them unseen. Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of recvmsg(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// theirs.send_fds(b"mine", &[std::io::stdin()]).await?;
    /// let received = ours.recv_fds(&mut [0; 8], 4).await?;
    /// assert_eq!((received.count, received.fds.len()), (4, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn recv_fds(&self, buffer: &mut [u8], max_fds: usize) -> io::Result<Received> {
        self.fd()
            .async_io(Interest::READABLE, |socket| recv(socket, buffer, max_fds))
            .await
    }
}

/// Control messages are of the kernel's making here, so their space is what `CMSG_SPACE` says, and that of one more
/// alignment, as the buffer is one of bytes.
fn space_for(fds: usize) -> Vec<MaybeUninit<u8>> {
    vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(fds))]
}

fn send(socket: &impl AsFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = space_for(fds.len());
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
        unreachable!("the space was made for them");
    }
    let bytes = [IoSlice::new(bytes)];
    Ok(sendmsg(socket, &bytes, &mut control, SendFlags::NOSIGNAL)?)
}

fn recv(socket: &impl AsFd, buffer: &mut [u8], max_fds: usize) -> io::Result<Received> {
    let mut space = space_for(max_fds.min(MAX_FDS));
    // What stays in it is closed when it goes.
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut buffer = [IoSliceMut::new(buffer)];
    let message = recvmsg(socket, &mut buffer, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut fds = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            fds.extend(received);
        }
    }
    // CMSG_SPACE rounds up to eight bytes, which may leave the kernel room for one more than was asked for.
    let has_too_many = fds.len() > max_fds;
    fds.truncate(max_fds);
    Ok(Received {
        count: message.bytes,
        fds,
        is_truncated: has_too_many || message.flags.contains(ReturnFlags::CTRUNC),
    })
}
