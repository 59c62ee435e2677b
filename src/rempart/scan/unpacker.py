"""The process behind `unpack`: reads archives through descriptors that it is handed, and can open nothing itself."""

from __future__ import annotations

import io
import json
import os
import socket
import sys
import tarfile
from typing import IO, cast

from rempart.scan.archives import ArchiveLimitError, ArchiveLimits, Member, MemberError, members
from rempart.scan.unpack import FRAME, LONGEST, MEMORY_BYTES
from rempart.signals import sandbox
from rempart.signals.outcome import Limits

_CHUNK = 1 << 18


def serve(channel: socket.socket) -> None:
    """Answer requests until the other side closes."""
    while True:
        head, fds, _, _ = socket.recv_fds(channel, FRAME.size, 1)
        if len(head) < FRAME.size or not fds:
            return
        _, length = FRAME.unpack(head)
        body = json.loads(_receive(channel, min(length, LONGEST)))
        with io.FileIO(fds[0], "r") as archive:
            _answer(channel, io.BufferedReader(archive, 1 << 16), body["size"], ArchiveLimits(**body["limits"]))


def _answer(channel: socket.socket, archive: IO[bytes], size: int, limits: ArchiveLimits) -> None:
    inside = members(archive, size=size, limits=limits)
    error: str | None = None
    try:
        member = next(inside)
        while True:
            failure = _send_member(channel, member)
            member = next(inside) if failure is None else inside.throw(failure)
    except StopIteration as end:
        error = cast("str | None", end.value)
    except MemoryError:
        error = "not read to its end: over the limit of memory"
    except RecursionError:
        error = "not read to its end: nested too deep"
    _send(channel, b"X", json.dumps({"error": error}).encode("ascii"))


def _send_member(channel: socket.socket, member: Member) -> MemberError | ArchiveLimitError | None:
    """Send one member; returns what broke its bytes off, to be thrown back to where they come from."""
    told = {
        "names": [name[:4096] for name in member.names], "at": member.at, "error": member.error,
        "link": member.link, "data": member.data is not None,
    }  # fmt: skip
    _send(channel, b"M", json.dumps(told).encode("ascii"))
    if member.data is None:
        return None
    try:
        while data := member.data.read(_CHUNK):
            _send(channel, b"D", data)
    except (MemberError, ArchiveLimitError) as err:
        _send(channel, b"A", b"")
        return err
    _send(channel, b"E", b"")
    return None


def _send(channel: socket.socket, kind: bytes, payload: bytes) -> None:
    channel.sendall(FRAME.pack(kind, len(payload)) + payload)


def _receive(channel: socket.socket, length: int) -> bytes:
    parts = []
    while length > 0 and (data := channel.recv(length)):
        parts.append(data)
        length -= len(data)
    return b"".join(parts)


def main() -> None:
    """Put up the walls of a decode worker, then serve the socket. Arguments: its number, the parent's process id."""
    sandbox.begin(int(sys.argv[2]))
    channel = socket.socket(fileno=int(sys.argv[1]))
    _warm_up()
    sandbox.close(Limits(memory_bytes=MEMORY_BYTES))
    try:
        serve(channel)
    except (BrokenPipeError, ConnectionResetError):
        os._exit(0)


def _warm_up() -> None:
    """Use once whatever imports on first use: afterwards nothing can be opened."""
    b"\x80".decode("cp437")  # zip names
    for kind in ("w:gz", "w:bz2", "w:xz"):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode=kind) as archive:
            archive.addfile(tarfile.TarInfo("warm"), io.BytesIO())
        size = packed.tell()
        packed.seek(0)
        for _ in members(packed, size=size, limits=ArchiveLimits()):
            pass


if __name__ == "__main__":
    main()
