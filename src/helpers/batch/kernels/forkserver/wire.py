"""Messages between a client and the fork server: a length, then JSON, with descriptors beside."""

import array
import json
import socket
import struct
from collections.abc import Sequence
from typing import Any

PROTOCOL = 1
_LENGTH = struct.Struct("!I")
_CREDENTIALS = struct.Struct("3i")
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


def send(conn: socket.socket, message: dict[str, Any], fds: Sequence[int] = ()) -> None:
    """Send a message; `fds` become open descriptors of the receiver.

    Raises:
        OSError: the other side is gone, or does not read.
    """
    body = json.dumps(message).encode("ascii")
    packet = _LENGTH.pack(len(body)) + body
    sent = socket.send_fds(conn, [packet], list(fds)) if fds else 0
    conn.sendall(packet[sent:])


def receive(conn: socket.socket, fds: int = 0) -> tuple[dict[str, Any], list[int]]:
    """Return the next message and at most `fds` descriptors that came with it.

    Raises:
        EOFError: the other side has closed.
        OSError: the other side is gone, or silent for longer than the socket's timeout.
    """
    room = socket.CMSG_SPACE(fds * array.array("i").itemsize) if fds else 0
    data, ancillary, _, _ = conn.recvmsg(_LENGTH.size, room, _CLOSE_ON_EXEC)
    got = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            got.frombytes(content[: len(content) - len(content) % got.itemsize])
    header = data + _exactly(conn, _LENGTH.size - len(data)) if data else b""
    if not header:
        raise EOFError("the other side has closed the connection")
    return json.loads(_exactly(conn, _LENGTH.unpack(header)[0])), list(got)


def _exactly(conn: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = conn.recv(min(size, 2**20))
        if not part:
            raise EOFError("the other side has closed the connection in the middle of a message")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def peer(conn: socket.socket) -> tuple[int, int]:
    """Return the process id and the user id of the other side, as the kernel vouches for them."""
    option = getattr(socket, "SO_PEERCRED", 17)
    raw = conn.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(raw)
    return pid, uid
