"""The list of system calls a worker may still make, as a BPF program of our own, for x86-64 and 64-bit ARM.

Everything that is not on the list fails with EPERM: opening or naming a file, sockets, starting a program or a
process, tracing, signals to others. A library that meets such a refusal can say so; code that was taken over gains
nothing by going on. Numbers are the kernel's (asm/unistd_64.h, asm-generic/unistd.h); the program form is that of
linux/filter.h and seccomp(2).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_ERRNO = 0x00050000
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_X32 = 0x40000000

_PROT_EXEC = 4
_F_GETFD = 1
# Threads of this very process, and nothing that makes a namespace or a process of its own.
_THREAD = 0x00010000 | 0x00000800 | 0x00000100  # CLONE_THREAD | CLONE_SIGHAND | CLONE_VM
_NAMESPACES = 0x7E020000 | 0x00002000  # CLONE_NEW*, CLONE_PTRACE
# PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_SECCOMP, PR_GET_NO_NEW_PRIVS
_PRCTL_HARMLESS = (2, 3, 15, 21, 39)

_SET_MODE_FILTER, _FILTER_TSYNC = 1, 1
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What differs between processors."""

    architecture: int
    seccomp: int
    allowed: dict[str, int]
    checked: dict[str, int]


_X86_64 = Machine(
    architecture=0xC000003E,
    seccomp=317,
    allowed={
        "read": 0, "write": 1, "close": 3, "fstat": 5, "poll": 7, "lseek": 8, "munmap": 11, "brk": 12,
        "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "pread64": 17, "readv": 19, "writev": 20,
        "sched_yield": 24, "mremap": 25, "madvise": 28, "nanosleep": 35, "getpid": 39, "sendto": 44, "recvfrom": 45,
        "sendmsg": 46, "recvmsg": 47, "exit": 60, "gettimeofday": 96, "getrusage": 98, "sigaltstack": 131,
        "gettid": 186, "futex": 202, "sched_getaffinity": 204, "restart_syscall": 219, "clock_gettime": 228,
        "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231, "set_robust_list": 273, "preadv": 295,
        "getrandom": 318, "membarrier": 324, "rseq": 334,
    },
    checked={
        "clone": 56, "clone3": 435, "mmap": 9, "mprotect": 10, "fcntl": 72, "prctl": 157, "prlimit64": 302,
        "tgkill": 234,
    },
)  # fmt: skip
_AARCH64 = Machine(
    architecture=0xC00000B7,
    seccomp=277,
    allowed={
        "read": 63, "write": 64, "close": 57, "fstat": 80, "ppoll": 73, "lseek": 62, "munmap": 215, "brk": 214,
        "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "pread64": 67, "readv": 65, "writev": 66,
        "sched_yield": 124, "mremap": 216, "madvise": 233, "nanosleep": 101, "getpid": 172, "sendto": 206,
        "recvfrom": 207, "sendmsg": 211, "recvmsg": 212, "exit": 93, "gettimeofday": 169, "getrusage": 165,
        "sigaltstack": 132, "gettid": 178, "futex": 98, "sched_getaffinity": 123, "restart_syscall": 128,
        "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115, "exit_group": 94, "set_robust_list": 99,
        "preadv": 69, "getrandom": 278, "membarrier": 283, "rseq": 293,
    },
    checked={
        "clone": 220, "clone3": 435, "mmap": 222, "mprotect": 226, "fcntl": 25, "prctl": 167, "prlimit64": 261,
        "tgkill": 131,
    },
)  # fmt: skip
MACHINES = {"x86_64": _X86_64, "aarch64": _AARCH64}


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)


def _load_argument(index: int, *, high: bool = False) -> bytes:
    return _step(_LOAD, _ARGUMENTS_AT + 8 * index + (4 if high else 0))


def _refuse(number: int = errno.EPERM) -> bytes:
    return _step(_RETURN, _ERRNO | number)


_PASS = _step(_RETURN, _ALLOW)


def _one_of(index: int, values: tuple[int, ...]) -> list[bytes]:
    """Allow when an argument is one of these values."""
    tests = [part for value in values for part in (_step(_EQUAL, value, 0, 1), _PASS)]
    return [_load_argument(index), *tests, _refuse()]


def _without_bits(index: int, bits: int) -> list[bytes]:
    return [_load_argument(index), _step(_AND, bits), _step(_EQUAL, 0, 0, 1), _PASS, _refuse()]


def _checks(process: int) -> dict[str, list[bytes]]:
    """The calls that depend on their arguments, each as steps that end in a verdict."""
    return {
        "clone": [
            _load_argument(0),
            _step(_AND, _THREAD | _NAMESPACES),
            _step(_EQUAL, _THREAD, 0, 1),
            _PASS,
            _refuse(),
        ],
        # Its flags lie in memory, out of a filter's reach; the C library then takes clone.
        "clone3": [_refuse(errno.ENOSYS)],
        "mmap": _without_bits(2, _PROT_EXEC),
        "mprotect": _without_bits(2, _PROT_EXEC),
        "fcntl": _one_of(1, (_F_GETFD,)),
        "prctl": _one_of(0, _PRCTL_HARMLESS),
        # Reading limits, not setting them: the new value's address is null.
        "prlimit64": [
            _load_argument(2),
            _step(_EQUAL, 0, 0, 3),
            _load_argument(2, high=True),
            _step(_EQUAL, 0, 0, 1),
            _PASS,
            _refuse(),
        ],
        # abort() signals its own thread.
        "tgkill": _one_of(0, (process,)),
    }


def _program(machine: Machine, process: int) -> Iterator[bytes]:
    yield _step(_LOAD, _ARCHITECTURE_AT)
    yield _step(_EQUAL, machine.architecture, 1, 0)
    yield _step(_RETURN, _KILL)
    yield _step(_LOAD, _NUMBER_AT)
    # The x32 calls of x86-64 are another table over the same architecture word.
    yield _step(_AT_LEAST, _X32, 0, 1)
    yield _step(_RETURN, _KILL)
    for number in machine.allowed.values():
        yield _step(_EQUAL, number, 0, 1)
        yield _PASS
    for name, steps in _checks(process).items():
        yield _step(_EQUAL, machine.checked[name], 0, len(steps))
        yield from steps
    yield _refuse()


def program(machine: Machine, process: int) -> bytes:
    """The filter for a process of this id, as an array of struct sock_filter."""
    return b"".join(_program(machine, process))


def install() -> str | None:
    """Put the filter over every thread of this process, for good; needs PR_SET_NO_NEW_PRIVS before.

    Returns None when it is in place, else in a few words why not.
    """
    machine = MACHINES.get(platform.machine())
    if machine is None or struct.calcsize("P") != 8:
        return f"no list of system calls for {platform.machine()}"
    steps = program(machine, os.getpid())
    memory = ctypes.create_string_buffer(steps, len(steps))
    header = struct.pack("@HP", len(steps) // 8, ctypes.addressof(memory))
    pointer = ctypes.create_string_buffer(header, len(header))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(
        ctypes.c_long(machine.seccomp),
        ctypes.c_ulong(_SET_MODE_FILTER),
        ctypes.c_ulong(_FILTER_TSYNC),
        ctypes.byref(pointer),
    ):
        return os.strerror(ctypes.get_errno())
    return None
