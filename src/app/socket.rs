//! The sockets: the one that listens, and what is set on each connection.

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
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
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Sends events as they come, and sees to it that a peer that is gone is noticed. A socket that refuses is served all the same.
pub(super) fn watch(connection: &actix_web::rt::net::TcpStream) {
    let socket = SockRef::from(connection);
    let keepalive = TcpKeepalive::new().with_time(GONE).with_interval(GONE).with_retries(2);
    let _ = socket.set_tcp_nodelay(true);
    let _ = socket.set_tcp_keepalive(&keepalive);
    let _ = socket.set_tcp_user_timeout(Some(GONE));
}
