//! The mode of a descriptor, and sockets without waiting.

use std::io::{ErrorKind, Read};
use std::os::unix::net::UnixStream;

use uring_sys::descriptor::{is_nonblocking, receive_now, send_now, set_nonblocking};

#[test]
fn the_mode_is_that_of_the_open_file() {
    let (reader, writer) = std::io::pipe().unwrap();
    let twin = reader.try_clone().unwrap();
    set_nonblocking(&reader, true).unwrap();
    assert!(is_nonblocking(&twin).unwrap(), "the same open file");
    assert!(!is_nonblocking(&writer).unwrap(), "another one");
    assert_eq!(
        (&reader).read(&mut [0]).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    set_nonblocking(&twin, false).unwrap();
    assert!(!is_nonblocking(&reader).unwrap());
}

#[test]
fn a_socket_in_blocking_mode_is_used_without_waiting() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut buffer = [0; 8];
    let nothing = receive_now(&ours, &mut buffer).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    assert_eq!(send_now(&theirs, b"four").unwrap(), 4);
    assert_eq!(receive_now(&ours, &mut buffer).unwrap(), 4);
    assert_eq!(&buffer[..4], b"four");
    let full = loop {
        if let Err(error) = send_now(&theirs, &[0; 4096]) {
            break error;
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    assert!(!is_nonblocking(&ours).unwrap(), "its mode is as it was");
    drop(theirs);
    let mut rest = 0;
    loop {
        match receive_now(&ours, &mut buffer).unwrap() {
            0 => break,
            count => rest += count,
        }
    }
    assert!(rest > 0, "what was sent comes before the end");
}
