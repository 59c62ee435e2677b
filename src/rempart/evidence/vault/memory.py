"""Memory for plaintext and keys: outside core dumps, and overwritten when done.

What this cannot promise: Python and the libraries below copy bytes as they please, and a machine may write any page to
its swap. Turn swap off or encrypt it (docs/vault.md).
"""

from __future__ import annotations

import ctypes
import mmap
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PR_SET_DUMPABLE = 4
_ZEROES = bytes(1 << 16)


@contextmanager
def plain_memory(size: int) -> Iterator[memoryview]:
    """A writable view of `size` bytes in pages of their own, kept out of core dumps and forked children, zeroed after.

    Views taken from it must not be used after the block; the bytes are gone then.
    """
    if size == 0:
        yield memoryview(bytearray())
        return
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for advice in ("MADV_DONTDUMP", "MADV_DONTFORK"):
        with suppress(OSError, AttributeError):
            pages.madvise(getattr(mmap, advice))
    view = memoryview(pages)
    try:
        yield view
    finally:
        wipe(view)
        with suppress(BufferError):  # somebody kept a view: what it shows is zeroes
            view.release()
            pages.close()


def wipe(view: memoryview | bytearray) -> None:
    """Overwrite with zeroes, in place."""
    size = len(view)
    for start in range(0, size, len(_ZEROES)):
        end = min(size, start + len(_ZEROES))
        view[start:end] = _ZEROES[: end - start]


def refuse_core_dumps() -> bool:
    """Make the kernel write no core file of this process and let no other user's process look into it.

    Returns whether both were taken. Children that are started by `exec` are dumpable again, but the limit stays.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        return bool(libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False
