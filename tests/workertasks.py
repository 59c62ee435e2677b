"""Tasks that a decode worker is given in tests: some misbehave on purpose."""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from rempart.signals.examine import Examination, examine_in_worker
from rempart.signals.outcome import Limits, Outcome

Progress = Callable[[], None]


def attempts(descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Progress) -> dict[str, Any]:
    """Try what a decoder that was taken over would try; `error` tells what was got away with, by name."""
    tried: dict[str, Callable[[], object]] = {
        "open": lambda: os.open("/etc/hostname", os.O_RDONLY),
        "create": lambda: os.open("/tmp/rempart-escape", os.O_CREAT | os.O_WRONLY),
        "stat": lambda: os.stat("/etc/hostname"),
        "list": lambda: os.listdir("/"),
        "remove": lambda: os.unlink("/tmp/rempart-escape"),
        "tcp": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "unix": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
        "pair": socket.socketpair,
        "pipe": os.pipe,
        "fork": os.fork,
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "run": lambda: subprocess.run(["/bin/true"], check=True),
        "kill": lambda: os.kill(os.getppid(), 0),
        "limits": lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)),
        "memory file": lambda: os.memfd_create("x"),
        "control": lambda: fcntl.ioctl(descriptor, 0x5401, bytes(64)),
        "duplicate": lambda: os.dup(descriptor),
        "truncate": lambda: os.ftruncate(descriptor, 0),
        "mode": lambda: os.fchmod(descriptor, 0o777),
        "write": lambda: os.write(descriptor, b"changed"),
        "trace": lambda: _library("ptrace", 0, 0, 0, 0),
        "code": lambda: _executable_memory(),
        "namespace": lambda: _library("unshare", 0x10000000),
        "dumpable": lambda: _library("prctl", 4, 1, 0, 0, 0),
    }
    return _said(",".join(name for name, attempt in tried.items() if _works(attempt)))


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    return True


def _library(function: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*(ctypes.c_long(argument) for argument in arguments)) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def _executable_memory() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


def _said(text: str) -> dict[str, Any]:
    return Examination(outcome=Outcome.UNREADABLE, error=text[:290]).to_wire()


def descriptors(descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Progress) -> dict[str, Any]:
    """Which descriptors are open, found by asking for the flags of each number."""
    found = []
    for number in range(1024):
        try:
            fcntl.fcntl(number, fcntl.F_GETFD)
            found.append(number)
        except OSError:
            continue
    return _said(",".join(map(str, [*found, "job", descriptor])))


def environment(descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Progress) -> dict[str, Any]:
    return _said(",".join(f"{name}={value}" for name, value in os.environ.items() if name != "PYTHONPATH"))


def thread(descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Progress) -> dict[str, Any]:
    """A decoder's own thread may run."""
    done: list[int] = []
    runner = threading.Thread(target=lambda: done.append(1))
    runner.start()
    runner.join()
    return _said(f"{len(done)} done")


def misbehave(descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Progress) -> dict[str, Any]:
    """Do what the file's first word says; anything else is examined as usual."""
    word = os.pread(descriptor, 16, 0).split(b" ")[0].decode(errors="replace")
    if plan.get("probe_set") is None or word not in _DEEDS:
        return examine_in_worker(descriptor, plan, limits, progress)
    return _DEEDS[word](progress)


def _crash(progress: Progress) -> Any:
    ctypes.string_at(0)


def _hang(progress: Progress) -> Any:
    while True:
        time.sleep(1)


def _hang_but_talk(progress: Progress) -> Any:
    while True:
        progress()
        time.sleep(0.1)


def _grow(progress: Progress) -> Any:
    held = []
    while True:
        held.append(bytearray(64 << 20))


def _is_socket(number: int) -> bool:
    try:
        return socket.socket(fileno=number).detach() == number
    except OSError:
        return False


def _leave(progress: Progress) -> Any:
    """Close the socket and live on."""
    os.closerange(3, 1024)
    _hang(progress)


def _raise(progress: Progress) -> Any:
    raise RuntimeError("a bug in the task")


_DEEDS: dict[str, Callable[[Progress], Any]] = {
    "crash": _crash,
    "exit": lambda progress: os._exit(3),
    "hang": _hang,
    "hang-but-talk": _hang_but_talk,
    "grow": _grow,
    "leave": _leave,
    "raise": _raise,
    "lie": lambda progress: {"outcome": "ok", "pdq": "no hash"},
    "lie-type": lambda progress: ["ok"],
    "garble": lambda progress: [os.write(number, b"garbage") for number in (3, 4) if _is_socket(number)],
    "shout": lambda progress: {"outcome": "ok" * 200_000},
}


def broken(descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Progress) -> dict[str, Any]:
    raise AssertionError("never called")


def prepare_worker() -> None:
    from rempart.signals.examine import prepare_worker as prepare

    if "REMPART_TEST_BROKEN" in os.environ or "--broken" in sys.argv:
        raise RuntimeError("cannot prepare")
    prepare()


def slow(descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Progress) -> dict[str, Any]:
    """As usual, after 0.6 seconds."""
    time.sleep(0.6)
    return examine_in_worker(descriptor, plan, limits, progress)


def misdraw(descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Progress) -> dict[str, Any]:
    """As `misbehave`, where something is to be drawn."""
    word = os.pread(descriptor, 16, 0).split(b" ")[0].decode(errors="replace")
    return Examination(outcome=Outcome.OK).to_wire() if "step" not in plan else _DEEDS[word](progress)
