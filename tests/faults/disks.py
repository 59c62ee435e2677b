"""A disk that can be filled: a small file system of its own, or, without the right to mount one, a limit on files."""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from faults.stand import members

_ROOM = 64 << 20
_MODE = 0o711


A_DISK = "a file system of its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A folder on a disk; `fill` leaves no room for the processes of a group, `free` gives it back."""

    path: Path
    how: str
    fill: Callable[[int], None]
    free: Callable[[int], None]


@contextmanager
def small_disk(path: Path, *, room: int = _ROOM) -> Iterator[Disk]:
    """A disk at `path` until the block ends."""
    path.mkdir()
    mounted = os.geteuid() == 0 and _mount(path, room)
    if not mounted:
        yield Disk(path=path, how="a limit on the size of files", fill=_limit, free=_unlimit)
        return
    filler = path / "filler"
    try:
        yield Disk(
            path=path, how=A_DISK, fill=lambda _: _fill(filler), free=lambda _: filler.unlink()
        )  # fmt: skip
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def _mount(path: Path, room: int) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={room},mode={_MODE:o}", "tmpfs", str(path)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as stream:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    stream.write(b"x" * size)
            except OSError:
                continue


def _limit(group: int) -> None:
    for process in members(group):
        _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (4096, hard))


def _unlimit(group: int) -> None:
    for process in members(group):
        _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (hard, hard))
