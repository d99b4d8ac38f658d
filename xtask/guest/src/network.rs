//! The loopback interface, which is down in a new machine.

use std::io;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, recv, send, socket};

/// `lo` is the first interface of every network namespace.
const LOOPBACK: u32 = 1;
const RTM_NEWLINK: u16 = 16;
const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const IFF_UP: u32 = 1;

/// netlink(7) and rtnetlink(7): unlike the ioctl for it, a message of bytes
/// that safe code can write.
pub(crate) fn loopback_up() -> io::Result<()> {
    let socket = socket(
        AddressFamily::NETLINK,
        SocketType::RAW,
        None, // 0 is NETLINK_ROUTE
    )?;
    send(&socket, &request(), SendFlags::empty())?;
    let mut answer = [0; 256];
    let (filled, _) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
    match error_of(&answer[..filled]) {
        Some(0) => Ok(()),
        Some(negative) => Err(io::Error::from_raw_os_error(-negative)),
        None => Err(io::Error::other("netlink: not an acknowledgement")),
    }
}

/// A `struct nlmsghdr` and a `struct ifinfomsg`, 16 bytes each.
fn request() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(32);
    bytes.extend(32u32.to_ne_bytes());
    bytes.extend(RTM_NEWLINK.to_ne_bytes());
    bytes.extend((NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
    bytes.extend([0; 8]); // sequence, port: one message, from the kernel's point of view ours
    bytes.extend([0; 4]); // family, pad, type: unspecified
    bytes.extend(LOOPBACK.to_ne_bytes());
    bytes.extend(IFF_UP.to_ne_bytes()); // the flags
    bytes.extend(IFF_UP.to_ne_bytes()); // which of them to change
    bytes
}

/// The error of a `struct nlmsgerr`, which follows the header; 0 is success.
fn error_of(message: &[u8]) -> Option<i32> {
    let kind = message.get(4..6)?.try_into().ok()?;
    let error = message.get(16..20)?.try_into().ok()?;
    (u16::from_ne_bytes(kind) == NLMSG_ERROR).then(|| i32::from_ne_bytes(error))
}

#[cfg(test)]
mod tests {
    use super::{error_of, request};

    #[test]
    fn a_request_is_as_long_as_it_says() {
        let request = request();
        assert_eq!(request[..4], 32u32.to_ne_bytes());
        assert_eq!(request.len(), 32);
    }

    #[test]
    fn only_an_acknowledgement_has_an_error() {
        let mut message = vec![0; 36];
        assert_eq!(error_of(&message), None);
        message[4..6].copy_from_slice(&2u16.to_ne_bytes());
        message[16..20].copy_from_slice(&(-1i32).to_ne_bytes());
        assert_eq!(error_of(&message), Some(-1));
        assert_eq!(error_of(&message[..10]), None);
    }
}
