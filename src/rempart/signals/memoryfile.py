"""One memory file that goes to a worker with a picture's bytes and comes back with an answer behind them.

The worker can make no file and write into none, but it may map the one it was handed: the room for its answer lies
behind the bytes, of a size that neither side can change. What stands there afterwards came from a process that decoded
untrusted bytes: whoever reads it copies it out once and checks it.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
from functools import cache

from rempart.errors import UnavailableError

_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
_PAGE = mmap.PAGESIZE


def after(size: int) -> int:
    """Where the room begins behind so many bytes."""
    return -(-max(size, 1) // _PAGE) * _PAGE


def memory_file(data: memoryview, *, room: int) -> int:
    """A descriptor of a file that holds the bytes and then, from `after` on, so much room. The caller closes it.

    Raises UnavailableError when memory is short.
    """
    descriptor = os.memfd_create("item", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(descriptor, after(len(data)) + room)
        rest = data.cast("B")
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except OSError as err:
        os.close(descriptor)
        raise UnavailableError(f"The bytes could not be handed to a worker: {err.strerror}.") from err
    return descriptor


def first(descriptor: int, size: int) -> bytes:
    """The bytes at its start; for the worker."""
    parts, at = [], 0
    while at < size and (part := os.pread(descriptor, size - at, at)):
        parts.append(part)
        at += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def prepare() -> None:
    """Load what `write` needs, while files can still be opened."""
    _libc()


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long,
    )  # fmt: skip
    libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    return libc


def write(descriptor: int, start: int, data: bytes) -> None:
    """Put an answer into the room, at `start`: for the worker, after `prepare`.

    Into the mapped file: its size is fixed, no write call is allowed here, and Python's own mmap would copy the
    descriptor, which is not allowed either."""
    libc, size = _libc(), len(data)
    address = libc.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, descriptor, start)
    if address in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "no mapping")
    ctypes.memmove(address, data, size)
    libc.munmap(address, size)
