//! The sockets that listen, and what is set on each connection.

use socket2::{Domain, Protocol, SockFilter, SockRef, Socket, TcpKeepalive, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// Connections that may wait to be accepted; Linux cuts it to `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

/// How long a peer may leave what we sent unacknowledged, and how long it may be silent before it
/// is asked whether it is there: a phone that lost its network says nothing.
const GONE: Duration = Duration::from_secs(10);

/// A socket that listens; port 0 is any free one.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for the last run's connections to be forgotten.
    socket.set_reuse_address(true)?;
    watch(&socket);
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Lets nobody new connect, while who has connected can still be accepted: a socket that closes resets
/// those who wait, and a proxy may not send elsewhere what it has written to them. Who asks meanwhile is
/// not heard, asks again after a second (RFC 6298 §2), and is refused by then.
///
/// # Errors
///
/// The system's, where it knows no filters.
pub(super) fn admit_no_more(listener: &TcpListener) -> io::Result<()> {
    // Classic BPF over TCP's head (RFC 9293 §3.1): the flags are byte 13, and SYN is 2 of them.
    SockRef::from(listener).attach_filter(&[
        // ldb [13]
        SockFilter::new(0x30, 0, 0, 13),
        // jset #2: the next, or the one after
        SockFilter::new(0x45, 0, 1, 2),
        // ret: nothing is kept of it, or all
        SockFilter::new(0x06, 0, 0, 0),
        SockFilter::new(0x06, 0, 0, u32::MAX),
    ])
}

/// Has each connection send events as they come, and notice a peer that is gone. Said once of the socket
/// that listens: those it accepts are as it is, which spares each of them six calls. A system that
/// refuses is served all the same.
fn watch(socket: &Socket) {
    let keepalive = TcpKeepalive::new().with_time(GONE).with_interval(GONE).with_retries(2);
    let _ = socket.set_tcp_nodelay(true);
    let _ = socket.set_tcp_keepalive(&keepalive);
    let _ = socket.set_tcp_user_timeout(Some(GONE));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    #[test]
    fn a_connection_is_watched_as_the_listening_socket_says() {
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        listener.set_nonblocking(false).unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();

        let (connection, _) = listener.accept().unwrap();

        let socket = SockRef::from(&connection);
        assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), GONE);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), GONE);
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 2);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(GONE));
    }

    #[test]
    fn who_has_connected_is_accepted_when_nobody_else_is_admitted() {
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let mut early = TcpStream::connect(address).unwrap();

        admit_no_more(&listener).unwrap();

        let late = TcpStream::connect_timeout(&address, Duration::from_millis(100));
        assert_eq!(late.unwrap_err().kind(), io::ErrorKind::TimedOut);
        early.write_all(b"heard").unwrap();
        let (mut accepted, _) = listener.accept().unwrap();
        accepted.set_nonblocking(false).unwrap();
        let mut heard = [0; 5];
        accepted.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"heard");
    }
}
