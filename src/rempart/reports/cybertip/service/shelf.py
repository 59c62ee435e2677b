"""What a rehearsal server knows of its reports: numbers, times, digests and sizes, and nothing of what they say.

`Memory` is gone with its process. `Folder` has a file for each report, so that several processes see the same, and one
that is killed loses nothing.
"""

from __future__ import annotations

import fcntl
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from rempart.clock import iso
from rempart.errors import CorruptFileError

_FIRST = 1_000_001


class Stage(StrEnum):
    """Where a report is at the service."""

    OPEN = "open"
    FINISHED = "finished"
    RETRACTED = "retracted"


@dataclass(slots=True, kw_only=True)
class HeldFile:
    """One file: its digest and size as they arrived, and whether it was described."""

    md5: str
    size: int
    described: bool = False


@dataclass(slots=True, kw_only=True)
class Held:
    """One report. `touched` is when the last file, or what is said of one, arrived."""

    number: str
    opened: datetime
    digest: str
    batched: bool = False
    touched: datetime | None = None
    stage: Stage = Stage.OPEN
    files: dict[str, HeldFile] = field(default_factory=dict)


class Shelf(Protocol):
    """Where reports are between two calls."""

    def locked(self) -> Any:
        """A context manager in which nobody else reads or writes."""

    def number(self) -> str:
        """The next report's number."""

    def find(self, number: str) -> Held | None:
        """A report, of which changes are kept by `put` only."""

    def put(self, held: Held) -> None:
        """Keep a report as it is now."""

    def all(self) -> tuple[Held, ...]:
        """Every report, by number."""


class Memory:
    """Reports in this process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._held: dict[str, Held] = {}

    def locked(self) -> Any:
        """The lock."""
        return self._lock

    def number(self) -> str:
        """The next number."""
        return str(_FIRST + len(self._held))

    def find(self, number: str) -> Held | None:
        """A report."""
        return self._held.get(number)

    def put(self, held: Held) -> None:
        """Keep it."""
        self._held[held.number] = held

    def all(self) -> tuple[Held, ...]:
        """Every report."""
        return tuple(self._held.values())


class Folder:
    """Reports in a folder, one file each, replaced whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inside = threading.RLock()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else, in this process or another."""
        with self._inside, (self._path / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def number(self) -> str:
        """The next number."""
        return str(max((int(one.stem) for one in self._files()), default=_FIRST - 1) + 1)

    def find(self, number: str) -> Held | None:
        """A report. Raises CorruptFileError."""
        try:
            return _held(json.loads((self._path / f"{int(number)}.json").read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as err:
            raise CorruptFileError(f"The rehearsal's report {number} cannot be read.", hint="Remove the file.") from err

    def put(self, held: Held) -> None:
        """Keep it."""
        told = asdict(held) | {"opened": iso(held.opened), "touched": iso(held.touched) if held.touched else None}
        place = self._path / f"{held.number}.json"
        new = self._path / f".{secrets.token_hex(8)}"
        new.write_text(json.dumps(told), "utf-8")
        new.replace(place)

    def all(self) -> tuple[Held, ...]:
        """Every report."""
        numbers = sorted((one.stem for one in self._files()), key=int)
        return tuple(held for one in numbers if (held := self.find(one)))

    def _files(self) -> Iterator[Path]:
        return (one for one in self._path.glob("*.json") if one.stem.isdecimal())


def _held(told: dict[str, Any]) -> Held:
    touched = told["touched"]
    return Held(
        number=str(told["number"]), opened=datetime.fromisoformat(told["opened"]), digest=str(told["digest"]),
        batched=bool(told["batched"]), touched=datetime.fromisoformat(touched) if touched else None,
        stage=Stage(told["stage"]), files={name: HeldFile(**one) for name, one in told["files"].items()},
    )  # fmt: skip
