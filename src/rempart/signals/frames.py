"""Messages between a pool and its workers: JSON of a stated length over a socket that keeps message borders.

No pickle, no object of the other side's choosing: whoever receives checks length, form and, in `examine`, every field.
"""

from __future__ import annotations

import array
import json
import socket
from collections.abc import Mapping
from typing import Any

from rempart.errors import RempartError

MAX_FRAME = 128 << 10
_LENGTH = 4
_ROOM = MAX_FRAME + _LENGTH + 1
_ONE_DESCRIPTOR = socket.CMSG_SPACE(array.array("i").itemsize)


class FrameError(RempartError):
    """A message between pool and worker is damaged or too long."""


class Channel:
    """One end of a SOCK_SEQPACKET pair, with a buffer of its own; not for two threads at once."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._buffer = bytearray(_ROOM)

    def send(self, message: Mapping[str, Any], descriptor: int | None = None) -> None:
        """Send one message, and an open descriptor if given. FrameError if it is too long, OSError if none listens."""
        body = json.dumps(message, separators=(",", ":")).encode()
        if len(body) > MAX_FRAME:
            raise FrameError(f"A message of {len(body)} bytes is longer than {MAX_FRAME}.")
        parts = [len(body).to_bytes(_LENGTH, "big"), body]
        ancillary = []
        if descriptor is not None:
            ancillary.append((socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor])))
        self.socket.sendmsg(parts, ancillary, socket.MSG_NOSIGNAL)

    def receive(self) -> dict[str, Any] | None:
        """The next message, None at the end. Raises BlockingIOError when a non-blocking socket has none."""
        return self._parse(self.socket.recv_into(self._buffer))

    def receive_with_descriptor(self) -> tuple[dict[str, Any] | None, int | None]:
        """The next message and the descriptor that came with it."""
        count, ancillary, _, _ = self.socket.recvmsg_into([self._buffer], _ONE_DESCRIPTOR, socket.MSG_CMSG_CLOEXEC)
        descriptor: int | None = None
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                received = array.array("i")
                received.frombytes(payload[: received.itemsize])
                descriptor = received[0]
        return self._parse(count), descriptor

    def _parse(self, count: int) -> dict[str, Any] | None:
        if count == 0:
            return None
        length = int.from_bytes(self._buffer[:_LENGTH], "big")
        if count > MAX_FRAME + _LENGTH or count != length + _LENGTH:
            raise FrameError
        try:
            message = json.loads(str(self._buffer[_LENGTH:count], "utf-8"))
        except (ValueError, RecursionError) as err:
            raise FrameError from err
        if not isinstance(message, dict):
            raise FrameError
        return message

    def close(self) -> None:
        self.socket.close()


def channel_pair() -> tuple[Channel, socket.socket]:
    """A connected pair: this side's channel, and the socket to hand to the other process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return Channel(ours), theirs
