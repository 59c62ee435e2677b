"""Which process on which machine this is, so that a neighbour's death is seen at once."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")


def own_place() -> str:
    """Machine since its last start and process namespace, process number, and that process's start, by colons."""
    return f"{_machine()}:{os.getpid()}:{_started(os.getpid())}"


def surely_gone(place: str) -> bool:
    """True when `place` was on this very machine and namespace and its process no longer runs; False when unsure."""
    machine, _, rest = place.partition(":")
    number, _, started = rest.partition(":")
    if not machine or machine != _machine() or not number.isdigit():
        return False
    return _started(int(number)) != started


def _machine() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').readlink()}".replace(":", "")
    except OSError:
        return ""


def _started(pid: int) -> str:
    """The start of a process in clock ticks since the machine's; "" when there is none, or only its remains."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in ("Z", "X") else fields[19]
