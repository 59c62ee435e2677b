"""What this machine has, what that means, and what to do about it: formats are decoded, walls measured."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from rempart import __version__
from rempart.errors import RempartError
from rempart.index import hamming
from rempart.signals import digests, orientation, pdq
from rempart.signals.outcome import Limits
from rempart.signals.pool import WorkerPool
from rempart.signals.samples import samples

_LIBRARIES = ("numpy", "pillow", "simplejpeg", "pi-heif", "click", "rich", "jinja2", "c2pa-python")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `works` is False for what cannot be done here, None for what is only slower or
    less well walled in; `advice` says what to do about either."""

    topic: str
    name: str
    state: str
    works: bool | None = True
    advice: str = ""


def examine_machine() -> Iterator[Finding]:
    """All findings, in the order in which they are shown."""
    yield from _basics()
    yield from _kernels()
    try:
        with WorkerPool() as pool:
            report = pool.sandbox_report()
            formats = list(_formats(pool))
    except (RempartError, OSError) as err:
        yield Finding(
            topic="worker",
            name="decode worker",
            state=str(err),
            works=False,
            advice="Install Rempart's dependencies into the Python that runs it, and try again.",
        )
        return
    yield from formats
    yield from _walls(report)


def _basics() -> Iterator[Finding]:
    yield Finding(topic="machine", name="rempart", state=__version__)
    yield Finding(topic="machine", name="python", state=f"{platform.python_version()} at {sys.executable}")
    yield Finding(
        topic="machine", name="system", state=f"{platform.system()} {platform.release()}, {platform.machine()}"
    )
    usable = len(os.sched_getaffinity(0))
    yield Finding(topic="machine", name="processors", state=f"{usable} usable of {os.cpu_count()}")
    for name in _LIBRARIES:
        yield _library(name)


def _library(name: str) -> Finding:
    try:
        return Finding(topic="libraries", name=name, state=metadata.version(name))
    except metadata.PackageNotFoundError:
        advice = f"Install it: pip install {name}"
        return Finding(topic="libraries", name=name, state="not installed", works=False, advice=advice)


def _kernels() -> Iterator[Finding]:
    advice = "Install from a wheel, or with a C compiler and Python's headers at hand."
    backends = {
        "PDQ": pdq.backend(),
        "digests": digests.backend(),
        "turning upright": orientation.backend(),
        "Hamming search": hamming.backend(),
    }
    for name, backend in backends.items():
        native = backend == "c" or backend.startswith("c/")
        # OpenSSL does well without our kernel, so digests by hashlib ask for nothing.
        fine = native or name == "digests"
        state = backend if fine else f"{backend}: same results, slower"
        works = True if fine else None
        yield Finding(topic="kernels", name=name, state=state, works=works, advice="" if fine else advice)


def _formats(pool: WorkerPool) -> Iterator[Finding]:
    for media_type, data in samples().items():
        found = pool.examine(data)
        yield Finding(
            topic="formats",
            name=media_type,
            state="decodes" if found.pdq is not None else found.error or found.outcome.value,
            works=found.pdq is not None,
            advice="" if found.pdq is not None else _DECODERS.get(media_type, "Reinstall pillow from a wheel."),
        )


_DECODERS = {
    "image/heic": "Reinstall pi-heif from a wheel.",
    "image/jpeg": "Reinstall simplejpeg and pillow from wheels.",
    "image/avif": "Reinstall pillow (12.1 or later) from a wheel; some distributions build it without AVIF.",
}


def _walls(report: dict[str, Any]) -> Iterator[Finding]:
    """The sandbox in plain words, each as measured."""

    def wall(name: str, holds: bool, yes: str, no: str, advice: str) -> Finding:
        return Finding(
            topic="sandbox",
            name=name,
            state=yes if holds else no,
            works=True if holds else None,
            advice="" if holds else advice,
        )

    why = report["seccomp_failure"]
    contain = "Run it where nothing else lies open to it, for example in a container without network."
    yield wall(
        "system calls",
        report["seccomp"],
        "a decoder can only compute and answer (seccomp)",
        f"not filtered: {why or 'the kernel offers no seccomp'}",
        "Use a Linux kernel with seccomp on x86-64 or 64-bit ARM. " + contain,
    )
    yield wall("files", not report["can_open"], "a decoder cannot open any", "a decoder can open what you can", contain)
    yield wall("network", not report["can_network"], "a decoder has none", "a decoder can reach it", contain)
    yield wall("privileges", report["no_new_privs"], "cannot grow", "can grow", "Use Linux 3.5 or later.")
    yield wall("core dumps", report["core_bytes"] == 0, "none", "may be written", "Set ulimit -c 0.")
    yield wall(
        "memory reading",
        not report["dumpable"],
        "other processes of this user cannot look into it",
        "other processes of this user can look into it",
        "Run Rempart as a user of its own.",
    )
    yield wall(
        "end",
        report["dies_with_parent"],
        "it ends with its parent",
        "it may outlive its parent",
        "Use Linux, and run Rempart under a service manager.",
    )
    limits = Limits()
    yield Finding(
        topic="sandbox",
        name="limits",
        state=f"{report['memory_bytes'] >> 20} MiB of memory, {limits.seconds:g} s, {limits.pixels:,} pixels, "
        f"{limits.file_bytes >> 20} MiB of file",
    )
    resident = report["resident_bytes"] >> 20
    yield Finding(topic="sandbox", name="one idle worker", state=f"{resident} MiB of memory")
