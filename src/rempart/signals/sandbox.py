"""The walls round a decode worker, put up by the worker itself: first those that imports can live with, then the rest.

Each wall is measured after it stands, by asking the kernel or by trying the forbidden thing, and the report says what
was found, not what was meant. Where a kernel offers no seccomp the other walls stand; `rempart doctor` says so.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import sys
from typing import Any

from rempart.signals import seccomp
from rempart.signals.outcome import Limits

OPEN_FILES = 16

_PR_SET_PDEATHSIG, _PR_GET_PDEATHSIG = 1, 2
_PR_GET_DUMPABLE, _PR_SET_DUMPABLE = 3, 4
_PR_GET_SECCOMP = 21
_PR_SET_NO_NEW_PRIVS, _PR_GET_NO_NEW_PRIVS = 38, 39


def _prctl(option: int, value: int = 0) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    return int(libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero))


def begin(parent: int) -> None:
    """Before anything is imported: die with the parent, leave no core, ignore the terminal's Ctrl-C.

    Ends the process at once when the parent is gone already.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    _prctl(_PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)


def close(limits: Limits) -> dict[str, Any]:
    """After all imports: limits on memory, files and their size, no new privileges, the system call filter.

    Returns the report. None of it can be undone by this process.
    """
    descriptors = _descriptors()
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    failure = seccomp.install()
    return report(descriptors=descriptors, seccomp_failure=failure)


def report(*, descriptors: list[int], seccomp_failure: str | None) -> dict[str, Any]:
    """What stands, as measured now; all values are JSON."""
    death = ctypes.c_int(0)
    ctypes.CDLL(None).prctl(_PR_GET_PDEATHSIG, ctypes.byref(death), 0, 0, 0)
    return {
        "seccomp": _prctl(_PR_GET_SECCOMP) == 2,
        "seccomp_failure": seccomp_failure,
        "no_new_privs": _prctl(_PR_GET_NO_NEW_PRIVS) == 1,
        "dumpable": _prctl(_PR_GET_DUMPABLE) != 0,
        "dies_with_parent": death.value == signal.SIGKILL,
        "core_bytes": resource.getrlimit(resource.RLIMIT_CORE)[0],
        "memory_bytes": resource.getrlimit(resource.RLIMIT_AS)[0],
        "open_files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "written_file_bytes": resource.getrlimit(resource.RLIMIT_FSIZE)[0],
        "environment": sorted(os.environ),
        "descriptors": descriptors,
        "can_open": _can(lambda: os.close(os.open(sys.executable or "/", os.O_RDONLY))),
        "can_network": _can(lambda: socket.socket().close()),
        "resident_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def _can(attempt: Any) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def _descriptors() -> list[int]:
    """The open descriptors of this process, that of the listing itself left out."""
    listed = os.listdir("/proc/self/fd")  # noqa: PTH208  a Path would open more
    return sorted(number for number in map(int, listed) if _is_open(number))


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
