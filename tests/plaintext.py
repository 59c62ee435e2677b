"""Looking for bytes that must not be where they are looked for: files as they come and go, and open descriptors."""

import ctypes
import os
import struct
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

_CREATED, _CLOSED_WRITE, _MOVED_IN, _MODIFIED = 0x100, 0x8, 0x80, 0x2
_EVENT = struct.Struct("iIII")


def needles_of(data: bytes, *, count: int = 40, length: int = 24) -> tuple[bytes, ...]:
    """Pieces from all over some bytes that no other bytes have by chance."""
    step = max(1, (len(data) - length) // count)
    return tuple(data[start : start + length] for start in range(0, len(data) - length, step))


def files_with(folders: Iterable[Path], needles: Sequence[bytes]) -> list[Path]:
    """Files below the folders that hold any of the needles."""
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
            try:
                data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            except OSError:
                continue  # it went while we looked
            if any(needle in data for needle in needles):
                found.append(path)
    return found


class Watch:
    """Watches folders for every file that is made or written, and processes for open files without a name.

    Use as a context manager; then `made` are the paths of files that were made in the folders, `nameless` what the
    processes had open that has no name on a disk any more (memory files apart).
    """

    def __init__(self, folders: Sequence[Path], *, process: int) -> None:
        self._folders, self._process = folders, process
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._watched: dict[int, Path] = {}
        self._stop = threading.Event()
        self.made: set[Path] = set()
        self.nameless: set[str] = set()
        self.looks = 0

    def __enter__(self) -> "Watch":
        self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self._fd >= 0
        for folder in self._folders:
            for one in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
                self._add(one)
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._events()
        os.close(self._fd)

    def _add(self, folder: Path) -> None:
        mask = _CREATED | _CLOSED_WRITE | _MOVED_IN | _MODIFIED
        number = self._libc.inotify_add_watch(self._fd, os.fsencode(folder), mask)
        if number >= 0:
            self._watched[number] = folder

    def _look(self) -> None:
        while not self._stop.is_set():
            self._events()
            self._descriptors()
            self.looks += 1
            time.sleep(0.002)

    def _events(self) -> None:
        while True:
            try:
                data = os.read(self._fd, 1 << 16)
            except BlockingIOError:
                return
            place = 0
            while place < len(data):
                number, _, _, length = _EVENT.unpack_from(data, place)
                name = data[place + _EVENT.size :][:length].rstrip(b"\0")
                place += _EVENT.size + length
                path = self._watched[number] / os.fsdecode(name)
                self.made.add(path)
                if path.is_dir():
                    self._add(path)

    def _descriptors(self) -> None:
        for process in tree(self._process):
            folder = f"/proc/{process}/fd"
            with suppress(OSError):  # it ended
                for number in os.listdir(folder):
                    with suppress(OSError):  # closed meanwhile, as this very look at the folder is
                        target = os.readlink(f"{folder}/{number}")
                        if target.endswith(" (deleted)") and not target.startswith("/memfd:"):
                            self.nameless.add(target)


def tree(process: int) -> list[int]:
    """A process and all that come from it."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        children = []
    return [process, *(one for child in children for one in tree(int(child)))]
