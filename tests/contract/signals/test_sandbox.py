"""What a decoder that was taken over can do: nothing."""

from __future__ import annotations

import errno
import os
import platform
import re
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rempart.signals import seccomp
from rempart.signals.pool import WorkerPool, sandbox_report

HAS_SECCOMP = platform.machine() in seccomp.MACHINES and Path("/proc/self/status").read_text().count("Seccomp")
needs_seccomp = pytest.mark.skipif(not HAS_SECCOMP, reason="this kernel or processor has no seccomp filter")


def ask(task: str, source: bytes = b"x") -> str:
    with WorkerPool(task=f"workertasks:{task}") as pool:
        return pool.examine(source).error or ""


@needs_seccomp
def test_worker_cannot_open_connect_start_or_signal_anything() -> None:
    assert ask("attempts") == ""
    assert not Path("/tmp/rempart-escape").exists()


@needs_seccomp
def test_decoders_may_still_use_threads() -> None:
    assert ask("thread") == "1 done"


def test_worker_holds_no_descriptor_but_its_socket_and_the_file() -> None:
    with open(__file__, "rb") as held:
        os.set_inheritable(held.fileno(), True)
        listed, _, job = ask("descriptors").partition(",job,")
    numbers = [int(number) for number in listed.split(",")]
    assert len(numbers) == 5
    assert numbers[:3] == [0, 1, 2]
    assert int(job) in numbers


def test_worker_sees_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMPART_VAULT_KEY", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    seen = ask("environment")
    assert "secret" not in seen
    assert "HOME=" not in seen


def test_report_is_measured_in_a_live_worker() -> None:
    report = sandbox_report()
    assert report["no_new_privs"] is True
    assert report["dumpable"] is False
    assert report["dies_with_parent"] is True
    assert report["core_bytes"] == 0
    assert report["written_file_bytes"] == 0
    assert report["memory_bytes"] == 2 << 30
    assert len(report["descriptors"]) == 4
    assert report["seccomp"] is bool(HAS_SECCOMP)
    assert report["can_open"] is not report["seccomp"]
    assert report["can_network"] is not report["seccomp"]


def test_report_says_when_there_is_no_filter_and_work_goes_on() -> None:
    with WorkerPool(task="unfiltered:examine_in_worker") as pool:
        report = pool.sandbox_report()
        assert report["seccomp"] is False
        assert report["seccomp_failure"] == "no list of system calls for pdp11"
        assert report["can_open"] is True
        assert report["no_new_privs"] is True
        assert pool.examine(b"hello").sha256 is not None


def test_worker_ends_when_its_parent_is_killed() -> None:
    script = (
        "from rempart.signals.pool import WorkerPool\n"
        "import time, sys\n"
        "pool = WorkerPool(workers=2)\n"
        "pool.__enter__(); pool.sandbox_report()\n"
        "print(*(lane.pid for lane in pool._lanes), flush=True)\n"
        "time.sleep(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        workers = [int(number) for number in parent.stdout.readline().split()]
        assert len(workers) == 2
        assert all(_alive(pid) for pid in workers)
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in workers)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS


def run_filter(program: bytes, number: int, architecture: int, *arguments: int) -> int:
    """What the kernel would answer: an interpreter of the few BPF instructions that are used (linux/filter.h)."""
    words = struct.pack("<IIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    steps = list(struct.iter_unpack("<HBBI", program))
    value, at = 0, 0
    while True:
        code, if_true, if_false, operand = steps[at]
        at += 1
        if code == 0x20:
            (value,) = struct.unpack_from("<I", words, operand)
        elif code == 0x54:
            value &= operand
        elif code == 0x06:
            return operand
        else:
            assert code in (0x15, 0x35)
            held = value == operand if code == 0x15 else value >= operand
            at += if_true if held else if_false


@pytest.fixture(params=sorted(seccomp.MACHINES))
def machine(request: pytest.FixtureRequest) -> seccomp.Machine:
    return seccomp.MACHINES[request.param]


def test_filter_allows_the_list_and_nothing_else(machine: seccomp.Machine) -> None:
    program = seccomp.program(machine, 4321)
    for number in range(1024):
        verdict = run_filter(program, number, machine.architecture, 0, 0xFFFF, 0xFFFF)
        if number in machine.allowed.values():
            assert verdict == ALLOW
        elif number == machine.checked["clone3"]:
            assert verdict == ENOSYS
        else:
            assert verdict == EPERM


def test_filter_looks_at_arguments(machine: seccomp.Machine) -> None:
    program = seccomp.program(machine, 4321)

    def call(name: str, *arguments: int) -> int:
        return run_filter(program, machine.checked[name], machine.architecture, *arguments)

    thread = 0x3D0F00  # what pthread_create asks for
    assert call("clone", thread) == ALLOW
    assert call("clone", 0x1200011) == EPERM  # fork
    assert call("clone", thread | 0x10000000) == EPERM  # with a namespace of its own
    assert call("mmap", 0, 4096, 3) == ALLOW
    assert call("mmap", 0, 4096, 7) == EPERM
    assert call("mprotect", 0, 4096, 1) == ALLOW
    assert call("mprotect", 0, 4096, 5) == EPERM
    assert call("prlimit64", 0, 7, 0, 1) == ALLOW
    assert call("prlimit64", 0, 7, 1 << 40, 0) == EPERM
    assert call("tgkill", 4321, 4321, 6) == ALLOW
    assert call("tgkill", 1, 1, 9) == EPERM
    assert call("prctl", 22) == EPERM
    assert call("fcntl", 3, 4) == EPERM


def test_filter_kills_calls_of_another_architecture(machine: seccomp.Machine) -> None:
    program = seccomp.program(machine, 1)
    assert run_filter(program, 0, 0x40000003) == KILL
    assert run_filter(program, 0x40000000, machine.architecture) == KILL


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("x86_64", ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h",)),
        ("aarch64", ("/usr/include/asm-generic/unistd.h", "/usr/include/aarch64-linux-gnu/asm/unistd_64.h")),
    ],
)
def test_numbers_are_those_of_the_kernel_headers(name: str, headers: tuple[str, ...]) -> None:
    found = [Path(header) for header in headers if Path(header).exists()]
    if not found:
        pytest.skip("no kernel headers of this processor here")
    text = found[0].read_text()
    numbers = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text))
    for call, number in {**seccomp.MACHINES[name].allowed, **seccomp.MACHINES[name].checked}.items():
        assert int(numbers[call]) == number, call
