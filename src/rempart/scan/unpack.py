"""Archives are unfolded in a process of their own, sandboxed as the decode workers are; members come back as bytes.

The protocol over one socket pair: a request is a frame `R` (JSON: size, limits) that carries the archive's read-only
descriptor; the answer is a run of frames: `M` (JSON: one member), then `D` chunks and `E` where it has bytes, or `A`
where its bytes broke off and another `M` for the same member follows; `X` (JSON: why it was not read to its end, or
null) closes it. A frame is one letter, a little-endian u32 length and the payload.
"""

from __future__ import annotations

import contextlib
import io
import json
import operator
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, cast

from rempart.scan.archives import ArchiveLimits, Readable

FRAME = struct.Struct("<cI")
LONGEST = 4 << 20
MEMORY_BYTES = 1 << 30
_SILENCE_SECONDS = 120.0


class BrokeOffError(Exception):
    """The member's bytes ended early; the same member follows with its reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """One member as the scan sees it. `stream` is read before the next member is asked for, or not at all."""

    names: tuple[str, ...]
    at: tuple[int, ...]
    stream: Readable | None
    error: str | None
    link: bool


class Unpacker:
    """Unfolds one archive at a time; its process is started on first use and again when it died.

    A context manager; not thread-safe.
    """

    def __init__(self, *, limits: ArchiveLimits, silence_seconds: float = _SILENCE_SECONDS) -> None:
        self._limits, self._silence = limits, silence_seconds
        self._starter: ThreadPoolExecutor | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._reader: io.BufferedReader | None = None
        self._left = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process. Members that were not read are lost."""
        self._stop()
        if self._starter is not None:
            self._starter.shutdown()
            self._starter = None

    def _stop(self) -> None:
        if self._reader is not None:
            self._reader.close()
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._socket = self._reader = None

    def members(self, fd: int, *, size: int) -> Generator[Unpacked, None, str | None]:
        """The members of the archive behind a descriptor (which stays the caller's).

        Returns, as the generator's value, None when everything was read, else why not. A process that dies or is
        silent for too long ends this archive with such a reason; it never raises for what an archive holds.
        """
        done = False
        self._left = self._limits.frames(size)
        try:
            self._request(fd, size)
            while True:
                kind, payload = self._frame()
                if kind == b"X":
                    done = True
                    return _text(json.loads(payload)["error"])
                if kind == b"M":
                    yield from self._member(json.loads(payload))
        except TimeoutError:
            return "not read to its end: unfolding it took too long"
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            return "not read to its end: the unpacker stopped"
        finally:
            if not done:
                self._stop()

    def _member(self, told: dict[str, Any]) -> Generator[Unpacked, None, None]:
        stream = _MemberStream(self._frame) if told["data"] else None
        yield Unpacked(
            names=tuple(map(_name, told["names"])), at=tuple(map(operator.index, told["at"])), stream=stream,
            error=_text(told["error"]), link=bool(told["link"]),
        )  # fmt: skip
        if stream is not None:
            stream.skip_rest()

    def _request(self, fd: int, size: int) -> None:
        if self._socket is None:
            self._start()
        assert self._socket is not None
        body = json.dumps({"size": size, "limits": asdict(self._limits)}).encode("ascii")
        socket.send_fds(self._socket, [FRAME.pack(b"R", len(body)) + body], [fd])

    def _start(self) -> None:
        if self._starter is None:
            # The kernel ends the process with the *thread* that started it, and a scan may be passed between threads.
            self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rempart-unpacker")
        ours, theirs = socket.socketpair()
        try:
            self._process = self._starter.submit(_spawn, theirs).result()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.settimeout(self._silence)
        self._socket, self._reader = (
            ours,
            io.BufferedReader(cast(io.RawIOBase, ours.makefile("rb", buffering=0)), 1 << 20),
        )

    def _frame(self) -> tuple[bytes, bytes]:
        assert self._reader is not None
        head = self._reader.read(FRAME.size)
        if len(head) < FRAME.size:
            raise EOFError
        kind, length = FRAME.unpack(head)
        self._left -= 1
        if length > LONGEST or self._left < 0:
            # The unpacker keeps the limits itself; one that was taken over might not.
            raise ValueError("a frame too long, or one too many")
        payload = self._reader.read(length)
        if len(payload) < length:
            raise EOFError
        return kind, payload


def _spawn(theirs: socket.socket) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  our own interpreter and module
        [sys.executable, "-P", "-m", "rempart.scan.unpacker", str(theirs.fileno()), str(os.getpid())],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()], process_group=0, cwd="/", env=_environment(),
    )  # fmt: skip


def _environment() -> dict[str, str]:
    """What the process needs to find its code, and nothing else."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *(path for path in sys.path if path and os.pathsep not in path)]
    return {"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)), "MALLOC_ARENA_MAX": "2"}


class _MemberStream(io.RawIOBase):
    """The chunks of one member; `read` returns at least a byte until the end. Raises BrokeOffError."""

    def __init__(self, frame: Any) -> None:
        self._frame, self._left, self._ended = frame, b"", False
        self._failure: Exception | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        while not self._left and not self._ended:
            try:
                kind, payload = self._frame()
            except (OSError, EOFError, ValueError) as err:
                # The process is gone: whoever reads learns that here, `members` from `skip_rest`.
                self._ended, self._failure = True, err
                raise BrokeOffError from err
            if kind == b"D":
                self._left = payload
            else:
                self._ended = True
                if kind == b"A":
                    raise BrokeOffError
        data, self._left = self._left[:size], self._left[size:]
        return data

    def skip_rest(self) -> None:
        """Pass over what was not read. Raises what ended the process's answers, if they ended."""
        with contextlib.suppress(BrokeOffError):
            while self.read(1 << 20):
                pass
        if self._failure is not None:
            raise self._failure


def _name(value: object) -> str:
    """A name as told: text that can be written as bytes, whatever the archive says."""
    name = str(value)
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        name = name.encode("utf-8", "backslashreplace").decode("utf-8")
    return name


def _text(value: object) -> str | None:
    return None if value is None else str(value)
